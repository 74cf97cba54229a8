"""PLS path model (PLS-SEM): blocks, paths, loadings, R², total effects, consistent PLS.

References
----------
Wold (1982), Soft modelling; Tenenhaus et al. (2005), PLS path modeling, *Computational Statistics & Data Analysis* 48,
159–205; Dijkstra & Henseler (2015), Consistent partial least squares path modeling, *MIS Quarterly* 39, 297–316.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from helpers.foundation.errors import InputError, spelling_hint
from helpers.stats.pls_sem import outer_weights

WEIGHTING_SCHEMES = ("path", "centroid", "factorial")


@dataclass(frozen=True, slots=True)
class PathModel:
    """Constructs, the items that each is made of, and which construct points to which.

    Parameters
    ----------
    blocks : mapping of str to sequence of str
        Construct to its items, in order.
    arrows : sequence of pairs of str
        From construct, to construct; without a circle.
    formative : sequence of str
        Constructs whose weights are regression weights (mode B); the others have correlation weights (mode A).

    Raises
    ------
    InputError
        Naming an empty construct, an item that stands in two, an unknown construct, or a circle.
    """

    blocks: Mapping[str, Sequence[str]]
    arrows: Sequence[tuple[str, str]]
    formative: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check the model."""
        for name in [*(end for arrow in self.arrows for end in arrow), *self.formative]:
            if name not in self.blocks:
                raise InputError(
                    "path model", f"there is no construct '{name}'", spelling_hint(name, list(self.blocks))
                )
        empty = [name for name, items in self.blocks.items() if not items]
        double = [i for i in self.items if self.items.count(i) > 1]
        if empty or double:
            fault = f"'{empty[0]}' has no item" if empty else f"item '{double[0]}' stands in two constructs"
            raise InputError("path model", fault, "one construct or more, each with items of its own")
        if np.linalg.matrix_power(self.adjacency, max(len(self.names), 1)).any():
            raise InputError("path model", "the arrows run in a circle", "arrows that never lead back")

    @property
    def names(self) -> tuple[str, ...]:
        """Constructs, in order."""
        return tuple(self.blocks)

    @property
    def items(self) -> tuple[str, ...]:
        """All items, block after block."""
        return tuple(item for items in self.blocks.values() for item in items)

    @property
    def starts(self) -> np.ndarray:
        """Where each block begins among `items`."""
        return np.concatenate([[0], np.cumsum([len(b) for b in self.blocks.values()])[:-1]]).astype(int)

    @property
    def block_of(self) -> np.ndarray:
        """Which construct each item belongs to, shape (p,)."""
        return np.repeat(np.arange(len(self.names)), [len(b) for b in self.blocks.values()])

    @property
    def adjacency(self) -> np.ndarray:
        """1 where the row's construct points to the column's, shape (J, J)."""
        made = np.zeros((len(self.names), len(self.names)), dtype=int)
        for start, end in self.arrows:
            made[self.names.index(start), self.names.index(end)] = 1
        return made

    def reachable(self) -> np.ndarray:
        """Return whether the row's construct leads to the column's by any arrows, itself included, shape (J, J)."""
        return np.linalg.inv(np.eye(len(self.names)) - self.adjacency * 1.0) > 0.5

    def items_of(self, construct: int) -> slice:
        """Return where a construct's items stand among `items`."""
        start = int(self.starts[construct])
        return slice(start, start + len(self.blocks[self.names[construct]]))

    def of_unknown_error(self, end: str) -> tuple[list[str], bool]:
        """Return the constructs of an equation of whose error nothing is known, and whether that of another is.

        One question has no error to go by, and weights of regression (mode B) assume none.
        """
        of = (end, *(start for start, to in self.arrows if to == end))
        known = [name for name in of if len(self.blocks[name]) > 1 and name not in self.formative]
        return [name for name in of if name not in known], bool(known)


@dataclass(frozen=True, slots=True)
class PathFit:
    """Estimates of a path model in each of B replicates.

    Parameters
    ----------
    model : PathModel
        What was estimated.
    weights, loadings : ndarray, shape (B, p)
        Outer weights for standardised items (scores have variance one), and correlations with the own construct.
    correlation : ndarray, shape (B, J, J)
        Among the construct scores.
    paths : ndarray, shape (B, J, J)
        Standardised coefficients: row points to column.
    explained : ndarray, shape (B, J)
        R² of each construct; NaN for one to which nothing points.
    rho : ndarray, shape (B, J)
        Reliability ρA of the scores; 1 for single items and formative constructs.
    is_converged : ndarray of bool, shape (B,)
        Whether the weights settled.
    """

    model: PathModel
    weights: np.ndarray
    loadings: np.ndarray
    correlation: np.ndarray
    paths: np.ndarray
    explained: np.ndarray
    rho: np.ndarray
    is_converged: np.ndarray

    @property
    def total_effects(self) -> np.ndarray:
        """Direct and indirect effects together, shape (B, J, J)."""
        one = np.eye(self.paths.shape[1])
        return np.linalg.inv(one - self.paths) - one

    def consistent(self) -> "PathFit":
        """Return the fit with correlations freed from measurement error (PLSc), for reflective constructs.

        References
        ----------
        Dijkstra & Henseler (2015), equations 4–6: correlations over √(ρA ρA).
        """
        with np.errstate(invalid="ignore"):
            root = np.sqrt(self.rho)
        free = self.correlation / (root[:, :, None] * root[:, None, :])
        free = np.where(np.eye(free.shape[1], dtype=bool), 1.0, free)
        paths, explained = structural_coefficients(free, self.model.adjacency)
        loadings = _consistent_loadings(self, root)
        return PathFit(self.model, self.weights, loadings, free, paths, explained, self.rho, self.is_converged)


def fit_path_model(model: PathModel, correlation: np.ndarray, scheme: str = "path") -> PathFit:
    """Return a path model estimated in every replicate.

    Parameters
    ----------
    model : PathModel
        Constructs, items, arrows.
    correlation : ndarray, shape (B, p, p)
        Correlations of the items in the order of `PathModel.items`, one matrix a replicate.
    scheme : str
        Inner weights: ``path`` (coefficients of what points to a construct, correlations with what it points to),
        ``centroid`` (signs of correlations) or ``factorial`` (correlations).

    Returns
    -------
    PathFit
        A replicate in which an item does not vary is NaN throughout and has not converged.

    Raises
    ------
    InputError
        If there is no such scheme.
    """
    if scheme not in WEIGHTING_SCHEMES:
        raise InputError("scheme", f"there is no scheme '{scheme}'", ", ".join(WEIGHTING_SCHEMES))
    usable: np.ndarray = np.asarray(np.isfinite(correlation).all(axis=(1, 2)))
    if not usable.all():
        correlation = np.where(usable[:, None, None], correlation, 0.5 + 0.5 * np.eye(correlation.shape[1]))
    made = _path_fit(model, correlation, usable, scheme)
    return made if usable.all() else _unusable_as_nan(made, usable)


def _path_fit(model: PathModel, correlation: np.ndarray, usable: np.ndarray, scheme: str) -> PathFit:
    parts = [model.items_of(j) for j in range(len(model.names))]
    blocks = outer_weights.ItemBlocks(
        parts, model.adjacency, [model.names.index(name) for name in model.formative], scheme
    )
    weights, products, settled = outer_weights.estimate_outer_weights(blocks, np.moveaxis(correlation, 0, -1))
    among = outer_weights.score_correlations(blocks, weights, products)
    paths, explained = outer_weights.replicate_regressions(among, model.adjacency)
    loadings = products[np.arange(len(model.items)), model.block_of]
    weights_, loadings_, among_, paths_, explained_ = (
        np.moveaxis(x, -1, 0) for x in (weights, loadings, among, paths, explained))
    return PathFit(model, weights_, loadings_, among_, paths_, explained_, _rho_a(model, correlation, weights.T),
                   settled & usable)


def structural_coefficients(correlation: np.ndarray, adjacency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return regression coefficients, shape (B, J, J), and R², shape (B, J), of each construct on what points to it."""
    paths, explained = outer_weights.replicate_regressions(np.moveaxis(correlation, 0, -1), adjacency)
    return np.moveaxis(paths, -1, 0), explained.T


def _rho_a(model: PathModel, correlation: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return Dijkstra's ρA: (w'w)² · w'(S − diag S)w / w'(ww' − diag ww')w."""
    rho = np.ones((len(weights), len(model.names)))
    for j, name in enumerate(model.names):
        part = model.items_of(j)
        own = weights[:, part]
        if own.shape[1] == 1 or name in model.formative:
            continue
        squares = (own**2).sum(axis=1)
        apart = np.einsum("bi,bij,bj->b", own, correlation[:, part, part], own) - squares
        with np.errstate(divide="ignore", invalid="ignore"):
            rho[:, j] = squares**2 * apart / (squares**2 - (own**4).sum(axis=1))
    return rho


def _consistent_loadings(found: PathFit, root: np.ndarray) -> np.ndarray:
    made = found.loadings.copy()
    for j, name in enumerate(found.model.names):
        part = found.model.items_of(j)
        own = found.weights[:, part]
        if own.shape[1] > 1 and name not in found.model.formative:
            made[:, part] = own * (root[:, j] / (own**2).sum(axis=1))[:, None]
    return made


def _unusable_as_nan(found: PathFit, usable: np.ndarray) -> PathFit:
    flat = {name: np.where(usable.reshape(-1, *[1] * (getattr(found, name).ndim - 1)), getattr(found, name), np.nan)
            for name in ("weights", "loadings", "correlation", "paths", "explained", "rho")}
    return PathFit(found.model, **flat, is_converged=found.is_converged)
