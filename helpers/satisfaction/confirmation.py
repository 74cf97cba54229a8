"""Was what was expected confirmed: performance over expectation, the gap between them, performance alone.

References
----------
Parasuraman, Zeithaml & Berry (1988), SERVQUAL, *Journal of Retailing* 64, 12–40; Cronin & Taylor (1992), Measuring
service quality, *Journal of Marketing* 56, 55–68; Edwards (2002), Alternatives to difference scores.
"""

from dataclasses import dataclass
from itertools import pairwise

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import scales, validity
from helpers.methods.disclosure_control import FEW_PEOPLE, told
from helpers.methods.intervals import Interval
from helpers.methods.resampling import Moments, percentiles
from helpers.methods.weighing import Replicas, Rows

RATIO, RATIO_ZERO = "performance over expectation, as coded", "performance over expectation, from zero"
EXPECTED, PERFORMED = "expectation, as coded", "performance, as coded"
GAP, RELIABILITY, EXPLAINED = "performance less expectation", "reliability of the difference", "variance explained"
ALONE, BY_GAP, BY_RATIO = ("correlation with satisfaction: performance alone", "correlation with satisfaction: gap",
                           "correlation with satisfaction: ratio")
SURFACE = ("slope where both rise together", "bend where both rise together", "slope where they part",
           "bend where they part")


@dataclass(frozen=True, slots=True)
class Pair:
    """Expectation and performance of the same people.

    Parameters
    ----------
    expected, performed : ndarray, shape (n, k), (n, m)
        Items [0–100].
    satisfied : ndarray, shape (n,)
        Mean of the satisfaction questions [0–100]; NaN for nobody.
    low, width : float
        Lowest answer and length of the scale, NaN where the questions have different scales.
    dimensions : mapping of str to ndarray
        Gap of the paired questions by dimension, shape (n,) each.
    rows : Rows
        The people with their survey weights.
    """

    expected: np.ndarray
    performed: np.ndarray
    satisfied: np.ndarray
    low: float
    width: float
    dimensions: dict[str, np.ndarray]
    rows: Rows


def pair(answers: ir.Table, known: pd.DataFrame, replicas: Replicas | None = None) -> Pair | str:
    """Return people who answered all questions on expectation, performance and satisfaction, or why there are none."""
    items = {role: list(known.loc[known["role"] == role, "item"])
             for role in ("expectation", "performance", "satisfaction")}
    matched = joined(known)
    if len(matched):  # like is held against like: questions without a counterpart stay out
        items |= {"expectation": list(matched["item_y"]), "performance": list(matched["item_x"])}
    lacking = [role for role, found in items.items() if not found and role != "satisfaction"]
    if lacking:
        return f"no question asks for {lacking[0]}"
    wanted = [item for found in items.values() for item in found]
    rows = scales.latest_of(scales.wide(answers, wanted), wanted).dropna()
    if len(rows) < FEW_PEOPLE:
        few = told(len(rows))
        return f"{few} people answered every question on expectation and performance, {FEW_PEOPLE} are needed"
    of_both = known[known["item"].isin([*items["expectation"], *items["performance"]])]
    is_one = of_both[["scale_low", "scale_high"]].nunique().max() == 1 and not of_both["is_reversed"].any()
    low, high = (of_both[c].iloc[0] for c in ("scale_low", "scale_high"))
    satisfied = rows[items["satisfaction"]].mean(axis=1).to_numpy()
    return Pair(rows[items["expectation"]].to_numpy(), rows[items["performance"]].to_numpy(), satisfied,
                low if is_one else np.nan, high - low if is_one else np.nan, _dimensions(rows, matched),
                scales.rows_of(rows, replicas))


def joined(known: pd.DataFrame) -> pd.DataFrame:
    """Return performance questions beside the expectation question that each is paired with."""
    paired = known[known["pair"].fillna("") != ""]
    return paired[paired["role"] == "performance"].merge(paired[paired["role"] == "expectation"], on="pair")


def _dimensions(rows: pd.DataFrame, joined: pd.DataFrame) -> dict[str, np.ndarray]:
    return {str(name): (rows[list(g["item_x"])].to_numpy() - rows[list(g["item_y"])].to_numpy()).mean(axis=1)
            for name, g in joined.groupby("construct_x")}


def confirmation(found: Pair | str, seed: int, draws: int = 1000) -> list[Estimate]:
    """Return ratio, gap, correlations, reliability of the difference and response surface, with intervals.

    Parameters
    ----------
    found : Pair or str
        From `pair`.
    seed, draws : int
        Of the bootstrap.
    """
    if isinstance(found, str):
        return [without_value(q, Status.NOT_APPLICABLE, found) for q in (RATIO, GAP, ALONE)]
    a, b = found.expected.mean(axis=1), found.performed.mean(axis=1)
    ends = np.cumsum([0, found.expected.shape[1], found.performed.shape[1]])
    columns = np.column_stack([found.expected, found.performed, *found.dimensions.values()])
    known = found.rows.moments(columns, draws, seed)
    mean_a, mean_b = (known.mean[:, s:e].mean(axis=1) for s, e in pairwise(ends))
    raw = found.low + found.width / 100 * np.array([mean_a, mean_b])
    n, kind = len(a), without_value(RATIO, Status.NOT_APPLICABLE, "the questions have different scales", n=len(a))
    coded = [] if np.isnan(found.low) else [_row(q, x, f"on {found.low:g}–{found.low + found.width:g}", n)
                                            for q, x in zip((EXPECTED, PERFORMED), raw, strict=True)]
    made = [kind if np.isnan(found.low) else _row(RATIO, raw[1] / raw[0], "ratio", n), *coded,
            _row(RATIO_ZERO, mean_b / mean_a, "ratio", n), _row(GAP, mean_b - mean_a, "points", n)]
    made += [_row(GAP, known.mean[:, ends[-1] + i], "points", n, name) for i, name in enumerate(found.dimensions)]
    made.append(_row(RELIABILITY, _reliability(known, ends), "reliability", n))
    return made + _against_satisfaction(found, a, b, seed, draws)


def _row(quantity: str, draws: np.ndarray, unit: str, n: int, segment: str = "all") -> Estimate:
    i: Interval = percentiles(float(draws[0]), draws[1:])
    return Estimate(quantity, i.value, i.low, i.high, unit, n, segment)


def _reliability(known: Moments, ends: np.ndarray) -> np.ndarray:
    parts = [slice(s, e) for s, e in pairwise(ends)]
    blocks = [known.covariance[:, p, p] for p in parts]
    spread = tuple(np.sqrt(block.mean(axis=(1, 2))) for block in blocks)
    shared = known.covariance[:, parts[0], parts[1]].mean(axis=(1, 2)) / (spread[0] * spread[1])
    return validity.difference_reliability(spread, tuple(validity.alpha(block) for block in blocks), shared)


def _against_satisfaction(found: Pair, a: np.ndarray, b: np.ndarray, seed: int, draws: int) -> list[Estimate]:
    if np.isnan(found.satisfied).any() or np.ptp(found.satisfied) == 0:
        reason = "no question on satisfaction that people answer differently"
        return [without_value(ALONE, Status.NOT_APPLICABLE, reason, n=len(a))]
    offset, unit = (0.0, 1.0) if np.isnan(found.low) else (found.low, found.width / 100)
    raw_a, raw_b = offset + unit * a, offset + unit * b
    ratio = raw_b / np.maximum(raw_a, 1e-9)
    x, y = (a - 50) / 50, (b - 50) / 50
    columns = np.column_stack([x, y, x**2, x * y, y**2, raw_b, raw_b - raw_a, ratio, found.satisfied])
    known = found.rows.moments(columns, draws, seed)
    among = known.correlation[:, :, -1]
    made = [_row(q, among[:, 5 + i], "correlation", len(a)) for i, q in enumerate((ALONE, BY_GAP, BY_RATIO))]
    return made + _surface(known, len(a))


def _surface(known: Moments, n: int) -> list[Estimate]:
    """Return the response surface: satisfaction on a, b, a², ab, b², each from −1 to 1 [points of 100]."""
    left, right = known.covariance[:, :5, :5], known.covariance[:, :5, -1]
    if np.linalg.matrix_rank(left[0]) < 5:
        return [without_value(SURFACE[0], Status.INSUFFICIENT, "too few different answers for a surface", n=n)]
    e, p, ee, ep, pp = np.linalg.solve(left, right[:, :, None])[:, :, 0].T
    shapes = e + p, ee + ep + pp, p - e, ee - ep + pp
    return [_row(q, shape, "points of satisfaction", n) for q, shape in zip(SURFACE, shapes, strict=True)]
