"""Expectations: disconfirmation (performance less expectation), response surface, updating.

References
----------
Parasuraman, Zeithaml & Berry (1988), SERVQUAL, *Journal of Retailing* 64, 12–40; Cronin & Taylor (1992), Measuring
service quality, *Journal of Marketing* 56, 55–68; Edwards (2002), Alternatives to difference scores.

References
----------
Boulding et al. (1993), A dynamic process model of service quality, *Journal of Marketing Research* 30, 7–27; Fuller
(1987), *Measurement Error Models*, section 1.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.satisfaction.config import SatisfactionConfig
from helpers.stats import scale_reliability, survey_scales
from helpers.stats.bootstrap import ReplicateMoments, percentile_interval
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import FEW_PEOPLE, people_text
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

PERFORMANCE_RATIO, PERFORMANCE_RATIO_FROM_ZERO = (
    "performance over expectation, as coded",
    "performance over expectation, from zero",
)

MEAN_EXPECTATION, MEAN_PERFORMANCE = "expectation, as coded", "performance, as coded"

DISCONFIRMATION, DISCONFIRMATION_RELIABILITY, SURFACE_R2 = (
    "performance less expectation",
    "reliability of the difference",
    "variance explained",
)

PERFORMANCE_CORRELATION, GAP_CORRELATION, RATIO_CORRELATION = (
    "correlation with satisfaction: performance alone",
    "correlation with satisfaction: gap",
    "correlation with satisfaction: ratio",
)

RESPONSE_SURFACE = ("slope where both rise together", "bend where both rise together", "slope where they part",
           "bend where they part")


@dataclass(frozen=True, slots=True)
class ExpectationPerformance:
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
    rows : WeightedSample
        The people with their survey weights.
    """

    expected: np.ndarray
    performed: np.ndarray
    satisfied: np.ndarray
    low: float
    width: float
    dimensions: dict[str, np.ndarray]
    rows: WeightedSample


def expectation_performance(
    answers: ir.Table, known: pd.DataFrame, replicas: ReplicateWeights | None = None
) -> ExpectationPerformance | str:
    """Return people who answered all questions on expectation, performance and satisfaction, or why there are none."""
    items = {role: list(known.loc[known["role"] == role, "item"])
             for role in ("expectation", "performance", "satisfaction")}
    matched = paired_items(known)
    if len(matched):  # like is held against like: questions without a counterpart stay out
        items |= {"expectation": list(matched["item_y"]), "performance": list(matched["item_x"])}
    lacking = [role for role, found in items.items() if not found and role != "satisfaction"]
    if lacking:
        return f"no question asks for {lacking[0]}"
    wanted = [item for found in items.values() for item in found]
    rows = survey_scales.latest_by_person(survey_scales.answers_wide(answers, wanted), wanted).dropna()
    if len(rows) < FEW_PEOPLE:
        few = people_text(len(rows))
        return f"{few} people answered every question on expectation and performance, {FEW_PEOPLE} are needed"
    of_both = known[known["item"].isin([*items["expectation"], *items["performance"]])]
    is_one = of_both[["scale_low", "scale_high"]].nunique().max() == 1 and not of_both["is_reversed"].any()
    low, high = (of_both[c].iloc[0] for c in ("scale_low", "scale_high"))
    satisfied = rows[items["satisfaction"]].mean(axis=1).to_numpy()
    return ExpectationPerformance(
        rows[items["expectation"]].to_numpy(),
        rows[items["performance"]].to_numpy(),
        satisfied,
        low if is_one else np.nan,
        high - low if is_one else np.nan,
        _pair_dimensions(rows, matched),
        survey_scales.weighted_sample(rows, replicas),
    )


def paired_items(known: pd.DataFrame) -> pd.DataFrame:
    """Return performance questions beside the expectation question that each is paired with."""
    paired = known[known["pair"].fillna("") != ""]
    return paired[paired["role"] == "performance"].merge(paired[paired["role"] == "expectation"], on="pair")


def _pair_dimensions(rows: pd.DataFrame, joined: pd.DataFrame) -> dict[str, np.ndarray]:
    return {str(name): (rows[list(g["item_x"])].to_numpy() - rows[list(g["item_y"])].to_numpy()).mean(axis=1)
            for name, g in joined.groupby("construct_x")}


def disconfirmation_estimates(found: ExpectationPerformance | str, seed: int, draws: int = 1000) -> list[Estimate]:
    """Return ratio, gap, correlations, reliability of the difference and response surface, with intervals.

    Parameters
    ----------
    found : ExpectationPerformance or str
        From `expectation_performance`.
    seed, draws : int
        Of the bootstrap.
    """
    if isinstance(found, str):
        return [
            no_estimate(q, Status.NOT_APPLICABLE, found)
            for q in (PERFORMANCE_RATIO, DISCONFIRMATION, PERFORMANCE_CORRELATION)
        ]
    a, b = found.expected.mean(axis=1), found.performed.mean(axis=1)
    ends = np.cumsum([0, found.expected.shape[1], found.performed.shape[1]])
    columns = np.column_stack([found.expected, found.performed, *found.dimensions.values()])
    known = found.rows.moments(columns, draws, seed)
    mean_a, mean_b = (known.mean[:, s:e].mean(axis=1) for s, e in pairwise(ends))
    raw = found.low + found.width / 100 * np.array([mean_a, mean_b])
    n, kind = (
        len(a),
        no_estimate(PERFORMANCE_RATIO, Status.NOT_APPLICABLE, "the questions have different scales", n=len(a)),
    )
    coded = [] if np.isnan(found.low) else [_draws_estimate(q, x, f"on {found.low:g}–{found.low + found.width:g}", n)
                                            for q, x in zip((MEAN_EXPECTATION, MEAN_PERFORMANCE), raw, strict=True)]
    made = [
        kind if np.isnan(found.low) else _draws_estimate(PERFORMANCE_RATIO, raw[1] / raw[0], "ratio", n),
        *coded,
        _draws_estimate(PERFORMANCE_RATIO_FROM_ZERO, mean_b / mean_a, "ratio", n),
        _draws_estimate(DISCONFIRMATION, mean_b - mean_a, "points", n),
    ]
    made += [
        _draws_estimate(DISCONFIRMATION, known.mean[:, ends[-1] + i], "points", n, name)
        for i, name in enumerate(found.dimensions)
    ]
    made.append(_draws_estimate(DISCONFIRMATION_RELIABILITY, _gap_reliability(known, ends), "reliability", n))
    return made + _satisfaction_correlations(found, a, b, seed, draws)


def _draws_estimate(quantity: str, draws: np.ndarray, unit: str, n: int, segment: str = "all") -> Estimate:
    i: Interval = percentile_interval(float(draws[0]), draws[1:])
    return Estimate(quantity, i.value, i.low, i.high, unit, n, segment)


def _gap_reliability(known: ReplicateMoments, ends: np.ndarray) -> np.ndarray:
    parts = [slice(s, e) for s, e in pairwise(ends)]
    first, second = (known.covariance[:, p, p] for p in parts)
    spread = np.sqrt(first.mean(axis=(1, 2))), np.sqrt(second.mean(axis=(1, 2)))
    shared = known.covariance[:, parts[0], parts[1]].mean(axis=(1, 2)) / (spread[0] * spread[1])
    alphas = scale_reliability.cronbach_alpha(first), scale_reliability.cronbach_alpha(second)
    return scale_reliability.difference_score_reliability(spread, alphas, shared)


def _satisfaction_correlations(
    found: ExpectationPerformance, a: np.ndarray, b: np.ndarray, seed: int, draws: int
) -> list[Estimate]:
    if np.isnan(found.satisfied).any() or np.ptp(found.satisfied) == 0:
        reason = "no question on satisfaction that people answer differently"
        return [no_estimate(PERFORMANCE_CORRELATION, Status.NOT_APPLICABLE, reason, n=len(a))]
    offset, unit = (0.0, 1.0) if np.isnan(found.low) else (found.low, found.width / 100)
    raw_a, raw_b = offset + unit * a, offset + unit * b
    ratio = raw_b / np.maximum(raw_a, 1e-9)
    x, y = (a - 50) / 50, (b - 50) / 50
    columns = np.column_stack([x, y, x**2, x * y, y**2, raw_b, raw_b - raw_a, ratio, found.satisfied])
    known = found.rows.moments(columns, draws, seed)
    among = known.correlation[:, :, -1]
    made = [
        _draws_estimate(q, among[:, 5 + i], "correlation", len(a))
        for i, q in enumerate((PERFORMANCE_CORRELATION, GAP_CORRELATION, RATIO_CORRELATION))
    ]
    return made + _response_surface(known, len(a))


def _response_surface(known: ReplicateMoments, n: int) -> list[Estimate]:
    """Return the response surface: satisfaction on a, b, a², ab, b², each from −1 to 1 [points of 100]."""
    left, right = known.covariance[:, :5, :5], known.covariance[:, :5, -1]
    if np.linalg.matrix_rank(left[0]) < 5:
        return [no_estimate(RESPONSE_SURFACE[0], Status.INSUFFICIENT, "too few different answers for a surface", n=n)]
    e, p, ee, ep, pp = np.linalg.solve(left, right[:, :, None])[:, :, 0].T
    shapes = e + p, ee + ep + pp, p - e, ee - ep + pp
    return [
        _draws_estimate(q, shape, "points for 50 points from the middle", n)
        for q, shape in zip(RESPONSE_SURFACE, shapes, strict=True)
    ]


UPDATING_LAMBDA, PLAIN_LAMBDA = "expectation updating λ", "expectation updating, plain regression (biased upward)"

MIN_WAVES_PER_PERSON = 3


@dataclass(frozen=True, slots=True)
class ExpectationSteps:
    """Steps of people from one wave to the next.

    Parameters
    ----------
    person : ndarray, shape (n,)
        Whose step.
    expected, experienced : ndarray, shape (n, k), (n, m)
        Items of expectation and of performance in the earlier wave, in one unit.
    expected_next : ndarray, shape (n, k)
        Items of expectation in the later wave.
    weight : ndarray of shape (n,), optional
        Survey weights; none: everybody counts once.
    """

    person: np.ndarray
    expected: np.ndarray
    experienced: np.ndarray
    expected_next: np.ndarray
    weight: np.ndarray | None = None


def updating_lambda(steps: ExpectationSteps, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return λ corrected for measurement error, and by plain regression, in each replicate; each of shape (B,).

    Parameters
    ----------
    steps : ExpectationSteps
        Two items or more on each side.
    counts : ndarray, shape (B, n)
        Replicate weights of the steps.

    Notes
    -----
    The change of expectation and the disappointment hold the same error of the earlier expectation with opposite
    signs, so that plain regression overstates λ. The errors' variances come from the items' disagreement.
    """
    a, b, after = (x.mean(axis=1) for x in (steps.expected, steps.experienced, steps.expected_next))
    error_a, error_b = (_error_variance(x, counts) for x in (steps.expected, steps.experienced))
    gap, change = b - a, after - a
    covariance, variance = _shared_moments(change, gap, counts), _shared_moments(gap, gap, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (covariance - error_a) / (variance - error_a - error_b), covariance / variance


def _shared_moments(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    total = counts.sum(axis=1)
    x, y = x - x.mean(), y - y.mean()
    return (counts @ (x * y)) / total - (counts @ x) * (counts @ y) / total**2


def _error_variance(items: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the error variance of the mean of k items: (mean variance − mean covariance) / k."""
    k = items.shape[1]
    own = sum(_shared_moments(items[:, j], items[:, j], counts) for j in range(k)) / k
    total = _shared_moments(items.sum(axis=1), items.sum(axis=1), counts)
    between = (total - k * own) / (k * (k - 1))
    return (own - between) / k


def expectation_updating_estimates(
    steps: ExpectationSteps | None, reason: str, seed: int, draws: int = 1000, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return λ with its interval by resampling people, the plain regression beside it; or why it is not identified.

    Parameters
    ----------
    steps : ExpectationSteps or None
        None where the data do not identify λ.
    reason : str
        Why not.
    seed, draws : int
        Of the bootstrap of people.
    replicas : ReplicateWeights, optional
        Of the weights; they are the bootstrap then.
    """
    if steps is None:
        return [
            no_estimate(UPDATING_LAMBDA, Status.NOT_APPLICABLE, f"not identified: {reason}", unit="share of the gap")
        ]
    people = len(np.unique(steps.person))
    if people < FEW_PEOPLE:
        reason = f"{people_text(people)} people with steps between waves, {FEW_PEOPLE} are needed"
        return [no_estimate(UPDATING_LAMBDA, Status.INSUFFICIENT, reason, unit="share of the gap", n=people)]
    weight = np.ones(len(steps.person)) if steps.weight is None else steps.weight
    counts = WeightedSample(steps.person, weight, replicas).resampled(draws, seed)
    found = [percentile_interval(values[0], values[1:]) for values in updating_lambda(steps, counts)]
    return [Estimate(name, i.value, i.low, i.high, "share of the gap", people)
            for name, i in zip((UPDATING_LAMBDA, PLAIN_LAMBDA), found, strict=True)]


def expectation_steps(
    answers: ir.Table, known: pd.DataFrame, waves: Sequence[str], assumed: SatisfactionConfig
) -> tuple[ExpectationSteps | None, str]:
    """Return steps of people who answered three waves or more, or why expectation updating is not identified.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    waves : sequence of str
        Oldest first.
    assumed : SatisfactionConfig
        Whether expectations are asked before use.
    """
    joined = paired_items(known)  # like follows like: questions without a counterpart stay out
    items = {role: list(joined[side]) if len(joined) else list(known.loc[known["role"] == role, "item"])
             for role, side in (("expectation", "item_y"), ("performance", "item_x"))}
    for role, found in items.items():
        if len(found) < 2:
            return None, f"two questions or more on {role} are needed to know their error"
    if not assumed.expectation_before_use:
        return None, "the study does not say that expectations are asked before use"
    if len(waves) < MIN_WAVES_PER_PERSON:
        return None, f"{len(waves)} waves, fewer than {MIN_WAVES_PER_PERSON}"
    wanted = [*items["expectation"], *items["performance"]]
    rows = survey_scales.answers_wide(answers, wanted).dropna()
    waves_of = answers.select("response_id", "wave").distinct().to_pyarrow().to_pandas()
    named = dict(zip(waves_of["response_id"], waves_of["wave"], strict=True))
    people = rows.index.get_level_values("person").to_numpy()
    place = np.array([list(waves).index(named[r]) for r in rows.index.get_level_values("response_id")])
    weight = rows.index.get_level_values("weight").to_numpy(float)
    frame = rows.reset_index(drop=True).assign(person=people, place=place, weight=weight)
    frame = frame.drop_duplicates(["person", "place"], keep="last").sort_values(["person", "place"])
    frame = frame[frame.groupby("person")["place"].transform("size") >= MIN_WAVES_PER_PERSON]
    if frame.empty:
        return None, f"nobody answered {MIN_WAVES_PER_PERSON} waves or more"
    follows = (frame["person"].eq(frame["person"].shift(-1)) & frame["place"].add(1).eq(frame["place"].shift(-1)))
    before, after = frame[follows.to_numpy()], frame[follows.shift(1, fill_value=False).to_numpy()]
    return ExpectationSteps(before["person"].to_numpy(), before[items["expectation"]].to_numpy(),
                 before[items["performance"]].to_numpy(), after[items["expectation"]].to_numpy(),
                 before["weight"].to_numpy()), ""
