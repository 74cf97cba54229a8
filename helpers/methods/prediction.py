"""What a path model is worth: a construct's mean, how well it predicts answers it has not seen, who differs from whom.

References
----------
Fornell et al. (1996), The American Customer Satisfaction Index, *Journal of Marketing* 60, 7–18; Shmueli et al. (2016),
The elephant in the room: predictive performance of PLS models, *Journal of Business Research* 69, 4552–4564; Henseler,
Ringle & Sarstedt (2016), Testing measurement invariance of composites, *International Marketing Review* 33, 405–431.
"""

from dataclasses import dataclass

import numpy as np

from helpers.methods.paths import PathFit, PathModel, fit
from helpers.methods.resampling import moments
from helpers.methods.weighing import holm


def index(found: PathFit, mean: np.ndarray, covariance: np.ndarray, construct: str) -> np.ndarray:
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


def predictive_relevance(
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
        As in `helpers.methods.paths.fit`.
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
    known = moments(columns, ~is_held * weights)
    found = fit(model, known.correlation, scheme)
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
class Invariance:
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


def invariance(
    model: PathModel, columns: np.ndarray, is_first: np.ndarray, draws: int = 999, seed: int = 0,
    weights: np.ndarray | None = None,
) -> Invariance:
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
    fits = [fit(model, moments(columns, m * own).correlation) for m in (member, 1 - member)]
    whole = moments(columns, own[None]).correlation[0]
    alike = _composition(model, fits[0].weights, fits[1].weights, whole)
    apart = fits[0].paths - fits[1].paths
    exceeds = (np.abs(apart[1:]) >= np.abs(apart[0]) - 1e-12).sum(axis=0)
    lower = (alike[1:] <= alike[0] + 1e-12).sum(axis=0)
    return Invariance(alike[0], (1 + lower) / (1 + draws), apart[0], (1 + exceeds) / (1 + draws))


def _composition(model: PathModel, first: np.ndarray, second: np.ndarray, whole: np.ndarray) -> np.ndarray:
    made = np.ones((len(first), len(model.names)))
    for j in range(len(model.names)):
        part = model.items_of(j)
        block, a, b = whole[part, part], first[:, part], second[:, part]
        cross, own, other = (np.einsum("bi,ij,bj->b", x, block, y) for x, y in ((a, b), (a, a), (b, b)))
        made[:, j] = cross / np.sqrt(own * other)
    return made
