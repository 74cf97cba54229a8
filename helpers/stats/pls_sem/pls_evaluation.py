"""Evaluation of PLS models: index, Q² out of sample, invariance (MICOM), moderation, improper solutions.

References
----------
Fornell et al. (1996), The American Customer Satisfaction Index, *Journal of Marketing* 60, 7–18; Shmueli et al. (2016),
The elephant in the room: predictive performance of PLS models, *Journal of Business Research* 69, 4552–4564; Henseler,
Ringle & Sarstedt (2016), Testing measurement invariance of composites, *International Marketing Review* 33, 405–431.

References
----------
Henseler & Fassott (2010), Testing moderating effects in PLS path models, in *Handbook of Partial Least Squares*,
713–735 (two-stage approach); Aiken & West (1991), *Multiple Regression*, chapter 2 (simple slopes).
"""

from dataclasses import dataclass

import numpy as np

from helpers.foundation.results import Gate, Level
from helpers.stats.bootstrap import bootstrap_counts, replicate_moments
from helpers.stats.multiple_testing import holm
from helpers.stats.pls_sem.path_model import PathFit, PathModel, fit_path_model


def construct_index(found: PathFit, mean: np.ndarray, covariance: np.ndarray, construct: str) -> np.ndarray:
    """Return a construct's mean in the items' own unit, shape (B,), by its unstandardised weights summing to one.

    Parameters
    ----------
    found : PathFit
        The fit.
    mean : ndarray, shape (B, p)
        Of the items, in one unit.
    covariance : ndarray, shape (B, p, p)
        Of the items.
    construct : str
        Which.
    """
    part = found.model.items_of(found.model.names.index(construct))
    raw = found.weights[:, part] / np.sqrt(np.einsum("bii->bi", covariance)[:, part])
    return (raw * mean[:, part]).sum(axis=1) / raw.sum(axis=1)


def q2_predictive_relevance(
    model: PathModel, columns: np.ndarray, construct: str, folds: int = 10, seed: int = 0, scheme: str = "path",
    weights: np.ndarray | None = None,
) -> float:
    """Return Q² of a construct's items, predicted out of sample from the constructs that point to it.

    Parameters
    ----------
    model : PathModel
        The model.
    columns : ndarray, shape (n, p)
        Answers in the order of `PathModel.items`.
    construct : str
        An endogenous construct.
    folds, seed : int
        Every row is held out once, in one of the folds.
    scheme : str
        As in `helpers.stats.pls_sem.path_model.fit_path_model`.
    weights : ndarray, shape (n,), optional
        Survey weights.

    Returns
    -------
    float
        1 − squared error / squared error of the training mean, over all items: above 0 the model predicts.
    """
    n, weights = len(columns), np.ones(len(columns)) if weights is None else weights
    fold = np.random.default_rng(seed).permutation(np.arange(n) % folds)
    is_held = fold == np.arange(folds)[:, None]
    known = replicate_moments(columns, ~is_held * weights)
    found = fit_path_model(model, known.correlation, scheme)
    spread = np.sqrt(np.einsum("bii->bi", known.covariance))
    end = model.names.index(construct)
    part = model.items_of(end)
    own = found.weights * found.paths[:, model.block_of, end]
    scaled = (columns - known.mean[fold]) / spread[fold]
    predicted = (scaled * own[fold]).sum(axis=1)[:, None] * found.loadings[fold][:, part]
    errors = ((scaled[:, part] - predicted) * spread[fold][:, part]) ** 2
    naive = (scaled[:, part] * spread[fold][:, part]) ** 2
    return float(1 - (weights @ errors).sum() / (weights @ naive).sum())


@dataclass(frozen=True, slots=True)
class MeasurementInvariance:
    """Whether two groups may be compared, and how their paths differ.

    Parameters
    ----------
    composition : ndarray, shape (J,)
        Correlation of the scores by the one group's weights with those by the other's.
    composition_p : ndarray, shape (J,)
        How often a permutation of the groups gives as low a correlation; 1 for single items.
    difference : ndarray, shape (J, J)
        Paths of the first group less those of the second.
    p_value : ndarray, shape (J, J)
        Two-sided, by permutation.
    """

    composition: np.ndarray
    composition_p: np.ndarray
    difference: np.ndarray
    p_value: np.ndarray

    @property
    def holds(self) -> bool:
        """Whether every construct is composed alike (tests counted together, Holm), so that paths may be compared."""
        return bool(np.all(holm(self.composition_p) >= 0.05))


def micom_invariance(
    model: PathModel, columns: np.ndarray, is_first: np.ndarray, draws: int = 999, seed: int = 0,
    weights: np.ndarray | None = None,
) -> MeasurementInvariance:
    """Return whether a path model is composed alike in two groups, and the differences of its paths.

    Parameters
    ----------
    model : PathModel
        The model.
    columns : ndarray, shape (n, p)
        Answers in the order of `PathModel.items`.
    is_first : ndarray of bool, shape (n,)
        Who belongs to the first group.
    draws, seed : int
        Permutations of the membership.
    weights : ndarray, shape (n,), optional
        Survey weights.
    """
    rng, own = np.random.default_rng(seed), np.ones(len(columns)) if weights is None else weights
    member = np.concatenate([is_first[None, :], rng.permuted(np.tile(is_first, (draws, 1)), axis=1)]).astype(float)
    fits = [fit_path_model(model, replicate_moments(columns, m * own).correlation) for m in (member, 1 - member)]
    whole = replicate_moments(columns, own[None]).correlation[0]
    alike = _composition_correlation(model, fits[0].weights, fits[1].weights, whole)
    apart = fits[0].paths - fits[1].paths
    exceeds = (np.abs(apart[1:]) >= np.abs(apart[0]) - 1e-12).sum(axis=0)
    lower = (alike[1:] <= alike[0] + 1e-12).sum(axis=0)
    return MeasurementInvariance(alike[0], (1 + lower) / (1 + draws), apart[0], (1 + exceeds) / (1 + draws))


def _composition_correlation(model: PathModel, first: np.ndarray, second: np.ndarray, whole: np.ndarray) -> np.ndarray:
    made = np.ones((len(first), len(model.names)))
    for j in range(len(model.names)):
        part = model.items_of(j)
        block, a, b = whole[part, part], first[:, part], second[:, part]
        cross, own, other = (np.einsum("bi,ij,bj->b", x, block, y) for x, y in ((a, b), (a, a), (b, b)))
        made[:, j] = cross / np.sqrt(own * other)
    return made


MAX_CELLS, MIN_DRAWS, CHUNK_SIZE = 2 * 10**7, 200, 2 * 10**6


@dataclass(frozen=True, slots=True)
class ModerationEffect:
    """Coefficients in standard deviations, shape (1 + B,) each: of the sample, then of its replicates.

    Parameters
    ----------
    product : ndarray
        How much the path changes with one standard deviation of the moderator.
    where_low, where_high : ndarray
        The path one standard deviation of the moderator below and above its mean.
    """

    product: np.ndarray
    where_low: np.ndarray
    where_high: np.ndarray


def moderation_effect(
    model: PathModel, columns: np.ndarray, names: tuple[str, str, str], draws: int, seed: int,
    weights: np.ndarray | None = None,
) -> ModerationEffect:
    """Return how a moderator bends the arrow from one construct to another.

    Parameters
    ----------
    model : PathModel
        The model; whatever points to the end is held equal.
    columns : ndarray, shape (n, p)
        Answers in the order of `PathModel.items`.
    names : tuple of str
        Moderator, start and end of the arrow.
    draws, seed : int
        Of the bootstrap; so many fewer as memory asks for, 200 at least.
    weights : ndarray, shape (1 + B, n), optional
        Survey weights and their replicates, in place of the bootstrap.

    Notes
    -----
    Scores are those of the model without the product; each replicate estimates them anew. The squares of moderator and
    start stand beside the product.
    """
    n = len(columns)
    if weights is None:
        kept = min(draws, max(MIN_DRAWS, MAX_CELLS // n))
        weights = np.concatenate([np.ones((1, n)), bootstrap_counts(n, kept, seed)])
    each = max(1, CHUNK_SIZE // n)
    parts = [_moderated_slopes(model, columns, names, weights[s:s + each]) for s in range(0, len(weights), each)]
    slope, product = (np.concatenate(part) for part in zip(*parts, strict=True))
    return ModerationEffect(product, slope - product, slope + product)


def _moderated_slopes(
    model: PathModel, columns: np.ndarray, names: tuple[str, str, str], weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the slope at the moderator's mean and the product's coefficient in each replicate."""
    moderator, start, end = (model.names.index(name) for name in names)
    known = replicate_moments(columns, weights)
    found = fit_path_model(model, known.correlation)
    spread = np.sqrt(np.einsum("bii->bi", known.covariance))
    into = list(dict.fromkeys([start, moderator, *np.flatnonzero(model.adjacency[:, end]).tolist()]))
    scores = {
        j: _construct_scores(columns, known.mean, found.weights / spread, model.items_of(j)) for j in (*into, end)
    }
    squares = [scores[j] ** 2 for j in (start, moderator)]  # so that a bend is not taken for an interaction
    x = np.stack([scores[start] * scores[moderator], *(scores[j] for j in into), *squares], axis=2)
    share = weights / weights.sum(axis=1, keepdims=True)
    x = x - np.einsum("bn,bnk->bk", share, x)[:, None, :]
    y = scores[end] - np.einsum("bn,bn->b", share, scores[end])[:, None]
    weighed = x * share[:, :, None]
    inverse = np.linalg.pinv(weighed.swapaxes(1, 2) @ x, rcond=1e-10, hermitian=True)  # of two answers no square
    beta = (inverse @ (weighed.swapaxes(1, 2) @ y[:, :, None]))[:, :, 0]
    return beta[:, 1], beta[:, 0]


def _construct_scores(columns: np.ndarray, mean: np.ndarray, weights: np.ndarray, part: slice) -> np.ndarray:
    """Return a construct's scores, shape (B, n), mean 0 and variance one in each replicate."""
    return weights[:, part] @ columns[:, part].T - (weights[:, part] * mean[:, part]).sum(axis=1)[:, None]


MAX_IMPROPER_RESAMPLES = 0.05


def improper_equations(consistent: PathFit) -> dict[str, str]:
    """Return the constructs whose equation, freed from error, is improper.

    A path or R² is beyond one or, in many resamples, a reliability (ρA) of its constructs is not between 0 and 1.

    Parameters
    ----------
    consistent : PathFit
        From `helpers.stats.pls_sem.path_model.PathFit.consistent`.

    Notes
    -----
    An equation that is proper in the sample but not in one of twenty resamples is improper too: its intervals would
    hold values that no standardised path can take.
    """
    made: dict[str, str] = {}
    for start, end in consistent.model.arrows:
        value = float(consistent.paths[0, consistent.model.names.index(start), consistent.model.names.index(end)])
        if abs(value) > 1:
            made.setdefault(end, f"improper solution: {start} → {end} would be {value:.3f}".replace("-", "−"))
    for name, explained in zip(consistent.model.names, consistent.explained[0], strict=True):
        if explained > 1:
            made.setdefault(name, f"improper solution: R² of {name} would be {explained:.3f}")
    for j, share in enumerate(_improper_resamples(consistent)):
        if share > MAX_IMPROPER_RESAMPLES:
            made.setdefault(consistent.model.names[j], f"improper solution in {100 * share:.0f} % of the resamples (a "
                            "path or R² beyond one, or a reliability outside 0 to 1; at most "
                            f"{100 * MAX_IMPROPER_RESAMPLES:.0f} % may be)")
    return made


def _improper_resamples(consistent: PathFit) -> np.ndarray:
    """Return the share of the resamples in which an equation is improper, by the construct explained, shape (J,)."""
    adjacency = consistent.model.adjacency
    if len(consistent.paths) < 2:
        return np.zeros(len(adjacency))
    is_unreliable = ~((consistent.rho[1:] > 0) & (consistent.rho[1:] <= 1 + 1e-9))
    of_equation = (is_unreliable @ (adjacency + np.eye(len(adjacency))) > 0) & (adjacency.sum(axis=0) > 0)
    is_beyond = (np.abs(consistent.paths[1:]) > 1).any(axis=1) | (consistent.explained[1:] > 1) | of_equation
    return is_beyond.mean(axis=0)


def improper_gates(found: PathFit | None) -> list[Gate]:
    """Return the check on each equation that, freed from measurement error, is improper; none without a model."""
    reasons = {} if found is None else improper_equations(found.consistent())
    return [Gate(f"paths to {name}, freed from measurement error", np.nan, 1.0, True, Level.STRIKE,
                 f"paths to {name}, freed from measurement error",
                 f"What {name} is explained by, freed from measurement error, is an {reason}.")
            for name, reason in reasons.items()]
