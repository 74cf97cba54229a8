"""Three shapes of the curve from satisfaction to loyalty, tried on people whom they have not seen."""

import numpy as np
import pandas as pd
from scipy import interpolate, special

from helpers.loyalty import curve, knots
from helpers.loyalty.curve import Counts
from helpers.methods.intervals import Interval, counted_mean

LINE, KNOTS, SMOOTH = "straight line", "line with two knots", "smooth curve"
SHAPES = (LINE, KNOTS, SMOOTH)
FOLDS = 10
DEGREE = 3


def smooth(score: np.ndarray) -> np.ndarray:
    """Return the design of a smooth rising curve, shape (J, 6): one, and I-splines with knots at each third.

    References
    ----------
    Ramsay (1988), Monotone regression splines in action, *Statistical Science* 3, 425–441.
    """
    inner = np.array([100 / 3, 200 / 3])
    at = np.concatenate([np.zeros(DEGREE + 1), inner, np.full(DEGREE + 1, 100.0)])
    basis = interpolate.BSpline.design_matrix(score, at, DEGREE).toarray()
    return np.column_stack([np.ones(len(score)), np.cumsum(basis[:, ::-1], axis=1)[:, ::-1][:, 1:]])


def design(shape: str, score: np.ndarray, counts: Counts) -> np.ndarray | None:
    """Return the design of a shape at some scores, its knots placed by what the counts say; None where none can be."""
    if shape == KNOTS:
        found = knots.located(counts, knots.COARSE)
        return None if found is None else curve.broken(score, np.array([[found.lower.value, found.upper.value]]))[0]
    return curve.straight(score) if shape == LINE else smooth(score)


def shares(shape: str, score: np.ndarray, counts: Counts) -> np.ndarray:
    """Return the share that the shape expects at some scores, fitted to the counts, shape (len(score),)."""
    own = design(shape, counts.score, counts)
    if own is None:
        return np.full(len(score), np.nan)
    beta = curve.fitted(own, counts.n, counts.k).coefficients[0]
    return special.expit(design(shape, score, counts) @ beta)


def compared(score: np.ndarray, is_loyal: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return how well each shape foresees people in folds that it was not fitted on.

    Parameters
    ----------
    score, is_loyal : ndarray, shape (n,)
        Satisfaction and whether each bought again, in the order of ids.
    rng : Generator
        Draws the ten folds.

    Returns
    -------
    DataFrame
        Grain shape: ``shape, log_loss`` a person, ``gain`` (log loss of the straight line less its own, above zero is
        better) with ``low`` and ``high``, ``n``. Empty where a fold would hold only one outcome.
    """
    fold = rng.permutation(np.arange(len(score)) % FOLDS)
    whole = curve.counted(score, is_loyal)
    at = np.searchsorted(whole.score, curve.rounded(score) - 1e-9)
    shape = (FOLDS, len(whole.score))
    n, k = (np.bincount(fold * shape[1] + at, w, minlength=shape[0] * shape[1]).reshape(shape)
            for w in (np.ones(len(score)), np.asarray(is_loyal, float)))
    if min(k.sum(axis=1).min(), (n - k).sum(axis=1).min()) < 1:
        return nothing()
    losses = {name: _losses(name, whole, n, k) for name in SHAPES}
    rows = [{"shape": name, "log_loss": _mean(loss, n, k).value, **_gain(losses[LINE], loss, n, k), "n": len(score)}
            for name, loss in losses.items() if loss is not None]
    return pd.DataFrame(rows)


def nothing() -> pd.DataFrame:
    """Return a comparison without rows."""
    return pd.DataFrame(columns=["shape", "log_loss", "gain", "low", "high", "n"])


def _losses(name: str, whole: Counts, n: np.ndarray, k: np.ndarray) -> np.ndarray | None:
    """Return the log loss of either outcome at each score and fold, shape (FOLDS, J, 2); None where no knots can be."""
    stated = []
    for held in range(FOLDS):
        rest = n.sum(axis=0) - n[held]
        seen = rest > 0
        known = Counts(whole.score[seen], rest[seen], (k.sum(axis=0) - k[held])[seen])
        stated.append(shares(name, whole.score, known))
    p = np.clip(np.array(stated), 1e-9, 1 - 1e-9)
    return None if np.isnan(p).any() else np.stack([-np.log1p(-p), -np.log(p)], axis=-1)


def _mean(loss: np.ndarray, n: np.ndarray, k: np.ndarray) -> Interval:
    weights = np.stack([n - k, k], axis=-1).ravel()
    return counted_mean(loss.ravel(), int(n.sum()), weights, weights)


def _gain(line: np.ndarray, loss: np.ndarray, n: np.ndarray, k: np.ndarray) -> dict[str, float]:
    found = _mean(line - loss, n, k)
    return {"gain": found.value, "low": found.low, "high": found.high}
