"""Driver drift: how the weights of the drivers move over the survey's waves, which dimensions appear and disappear.

References
----------
Cochran (1954), The combination of estimates from different experiments, *Biometrics* 10, 101–129; Bai & Perron (1998),
Estimating and testing linear models with multiple structural changes, *Econometrica* 66, 47–78.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.satisfaction.ecsi_model import SATISFACTION_CONSTRUCT, NoPathModel
from helpers.stats import survey_scales
from helpers.stats.bootstrap import replicate_moments
from helpers.stats.confidence_intervals import normal_quantile
from helpers.stats.disclosure_control import FEW_PEOPLE
from helpers.stats.multiple_testing import holm
from helpers.stats.pls_sem.path_model import PathModel
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

MIN_WAVES = 8

MIN_WAVES_AT_END, MAX_WAVES_AT_END = 2, 4

APPEARS, DISAPPEARS = "dimension appears", "dimension disappears"

ASKED_IN_SOME_WAVES = "dimension asked in some waves only"

STEADY_DRIFT, GRADUAL_DRIFT, ABRUPT_DRIFT = "steady", "gradual", "abrupt"


@dataclass(frozen=True, slots=True)
class WeightDrift:
    """How one dimension's weight moves over the waves.

    Parameters
    ----------
    dimension : str
        Which.
    kind : str
        ``steady``, ``gradual`` (a straight line) or ``abrupt`` (one step), by Bayes' information criterion.
    p_value : float
        Of equal weights in every wave, adjusted over the dimensions (Holm).
    moved : float
        Last less first value of the fitted course.
    since : tuple of str
        Waves that may be the first after the step (95 % set); empty unless abrupt.
    """

    dimension: str
    kind: str
    p_value: float
    moved: float
    since: tuple[str, ...] = ()


def weight_drifts(
    dimensions: Sequence[str], waves: Sequence[str], weight: np.ndarray, error: np.ndarray
) -> tuple[WeightDrift, ...]:
    """Return the drift of each dimension's weight.

    Parameters
    ----------
    dimensions, waves : sequence of str
        Columns and rows of the weights; eight waves or more.
    weight, error : ndarray, shape (n_waves, n_dimensions)
        Estimates and their standard errors.
    """
    precision = 1 / error**2
    centre = (weight * precision).sum(axis=0) / precision.sum(axis=0)
    spread = ((weight - centre) ** 2 * precision).sum(axis=0)
    p = holm(stats.chi2.sf(spread, len(waves) - 1))
    return tuple(
        _weight_drift(name, waves, weight[:, j], precision[:, j], float(p[j])) for j, name in enumerate(dimensions)
    )


def _weight_drift(name: str, waves: Sequence[str], weight: np.ndarray, precision: np.ndarray, p: float) -> WeightDrift:
    n = len(waves)
    step = np.arange(n) >= np.arange(1, n)[:, None]
    courses = np.array([np.arange(n, dtype=float), *step.astype(float)])
    losses, slopes = _line_fits(weight, precision, courses)
    best = int(np.argmin(losses[1:])) + 1
    if p >= 0.05:
        return WeightDrift(name, STEADY_DRIFT, p, 0.0)
    is_abrupt = losses[best] + np.log(n) < losses[0]  # a break's place is one parameter more than a line has
    if not is_abrupt:
        return WeightDrift(name, GRADUAL_DRIFT, p, float(slopes[0] * (n - 1)))
    near = losses[1:] <= losses[best] + stats.chi2.ppf(0.95, 1)
    return WeightDrift(
        name,
        ABRUPT_DRIFT,
        p,
        float(slopes[best]),
        tuple(w for w, is_near in zip(waves[1:], near, strict=True) if is_near),
    )


def _line_fits(y: np.ndarray, precision: np.ndarray, courses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted squared error and the slope of y on each course, with an intercept."""
    total = precision.sum()
    x = courses - (courses @ precision / total)[:, None]
    z = y - y @ precision / total
    slope = (x * z) @ precision / (x**2 @ precision)
    return ((z - slope[:, None] * x) ** 2) @ precision, slope


WEIGHT_DRIFT, NORMAL_95 = "drift of the weight", normal_quantile(0.95)


def driver_drift_estimates(
    answers: ir.Table, model: PathModel | NoPathModel, waves: Sequence[str], replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return how the drivers' weights move over eight waves or more, or why that cannot be said.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    model : PathModel or NoPathModel
        Whose arrows into satisfaction name the drivers.
    waves : sequence of str
        Oldest first; those with fewer than 30 people, or a driver that does not vary, are left out.
    replicas : ReplicateWeights, optional
        Of the survey weights; the weights' errors are theirs then.
    """
    if isinstance(model, NoPathModel):
        return [no_estimate(WEIGHT_DRIFT, Status.INSUFFICIENT, model.reason)]
    names = [start for start, end in model.arrows if end == SATISFACTION_CONSTRUCT]
    known = len(waves) >= 2 * MIN_WAVES_AT_END
    found = _weights_by_wave(answers, model, waves, replicas) if known else ([], [], [])
    changes = [*_asked_in_some_waves(answers, model, names, waves), *dimension_changes(names, *found)]
    return [*_drift_estimates(names, found, waves), *changes]


def _drift_estimates(
    names: Sequence[str], found: tuple[list[str], list[np.ndarray], list[np.ndarray]], waves: Sequence[str]
) -> list[Estimate]:
    if len(found[0]) < MIN_WAVES:
        n = len(found[0] or waves)
        reason = f"{n} {'wave' if n == 1 else 'waves'} that can be used, fewer than {MIN_WAVES}"
        return [no_estimate(WEIGHT_DRIFT, Status.INSUFFICIENT, reason)]
    made = []
    for d in weight_drifts(names, found[0], np.array(found[1]), np.array(found[2])):
        where = f" between waves {d.since[0]} and {d.since[-1]}" if d.since else ""
        made.append(Estimate(f"{WEIGHT_DRIFT}: {d.kind}{where}", d.moved, unit="standard deviations of the waves",
                             n=len(found[0]), segment=d.dimension,
                             reason="" if d.kind == STEADY_DRIFT else f"adjusted p {d.p_value:.3g}"))
    return made


def dimension_changes(
    names: Sequence[str], waves: Sequence[str], weight: Sequence[np.ndarray], error: Sequence[np.ndarray]
) -> list[Estimate]:
    """Return the dimensions that count in the last waves and did not in the first ones, or the other way round.

    Parameters
    ----------
    names, waves : sequence of str
        Drivers, and the waves that can be used, oldest first; none are told apart in fewer than four.
    weight, error : sequence of ndarray, shape (n_drivers,)
        Of each wave.

    Returns
    -------
    list of Estimate
        Change of the weight from the first to the last waves (a third of them, two to four) with its interval; the
        reason says both weights. A change of kind, not of degree: one end's interval holds no weight above zero, the
        other's does, and the change is beyond chance over all dimensions (Holm).
    """
    if len(waves) < 2 * MIN_WAVES_AT_END:
        return []
    k = min(max(len(waves) // 3, MIN_WAVES_AT_END), MAX_WAVES_AT_END)
    ends = [_pooled_weights(np.array(weight)[part], np.array(error)[part]) for part in (slice(k), slice(-k, None))]
    (first, first_error), (last, last_error) = ends
    moved, spread = last - first, np.hypot(first_error, last_error)
    p = holm(2 * stats.norm.sf(np.abs(moved) / spread))
    made = []
    for j, name in enumerate(names):
        counts = [float(value[j] - NORMAL_95 * its_error[j]) > 0 for value, its_error in ends]
        if p[j] < 0.05 and counts[0] != counts[1] and (moved[j] > 0) == counts[1]:
            said = f"{first[j]:.2f} in waves {waves[0]} to {waves[k - 1]}, {last[j]:.2f} in {waves[-k]} to {waves[-1]}"
            half = NORMAL_95 * float(spread[j])
            made.append(Estimate(APPEARS if counts[1] else DISAPPEARS, float(moved[j]), float(moved[j]) - half,
                                 float(moved[j]) + half, "standard deviations of the waves", len(waves), name,
                                 reason=said.replace("-0.", "−0.")))
    return made


def _pooled_weights(weight: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the inverse-variance mean over some waves and its standard error, each of shape (n_drivers,)."""
    precision = 1 / error**2
    return (weight * precision).sum(axis=0) / precision.sum(axis=0), precision.sum(axis=0) ** -0.5


def _asked_in_some_waves(
    answers: ir.Table, model: PathModel, names: Sequence[str], waves: Sequence[str]
) -> list[Estimate]:
    """Return the drivers whose questions were asked in some waves only: the questionnaire's change, not customers'."""
    given = answers.filter(answers.percent.notnull()).select("item", "wave").distinct().to_pyarrow().to_pandas()
    made = []
    for name in names:
        asked = [w for w in waves if w in set(given.loc[given["item"].isin(list(model.blocks[name])), "wave"])]
        if asked and len(asked) < len(waves):
            made.append(Estimate(ASKED_IN_SOME_WAVES, float(len(asked)), unit="waves", n=len(waves), segment=name,
                                 reason=f"from wave {asked[0]} to wave {asked[-1]}"))
    return made


def _weights_by_wave(
    answers: ir.Table, model: PathModel, waves: Sequence[str], replicas: ReplicateWeights | None
) -> tuple[list[str], list[np.ndarray], list[np.ndarray]]:
    """Return standardised regression weights of satisfaction in each wave, and their standard errors."""
    kept, weights, errors = [], [], []
    names = [start for start, end in model.arrows if end == SATISFACTION_CONSTRUCT]
    rows = survey_scales.answers_wide(answers, model.items).dropna()
    waves_of = answers.select("response_id", "wave").distinct().to_pyarrow().to_pandas()
    wave = rows.index.get_level_values("response_id").map(dict(zip(waves_of["response_id"], waves_of["wave"],
                                                                  strict=True)))
    means = pd.DataFrame({name: rows[list(items)].mean(axis=1) for name, items in model.blocks.items()})
    among = replicate_moments(means.to_numpy(), rows.index.get_level_values("weight").to_numpy(float)[None])
    scaled = (means - among.mean[0]) / np.sqrt(np.diag(among.covariance[0]))
    for name in waves:
        part = scaled[wave == name]
        if len(part) < max(FEW_PEOPLE, 3 * len(names)):
            continue
        found = _wave_regression(
            part[[*names, SATISFACTION_CONSTRUCT]].to_numpy(), survey_scales.weighted_sample(part, replicas)
        )
        if found is not None:
            kept.append(name)
            weights.append(found[0])
            errors.append(found[1])
    return kept, weights, errors


def _wave_regression(columns: np.ndarray, rows: WeightedSample) -> tuple[np.ndarray, np.ndarray] | None:
    """Return coefficients of the last column on the others and their standard errors, by replicates where there are.

    None where a driver does not vary or follows from the others.
    """
    if rows.replicas is not None:
        among = replicate_moments(columns, rows.draws()).covariance
        known = np.isfinite(among).all(axis=(1, 2))
        beta = (np.linalg.pinv(among[known, :-1, :-1]) @ among[known, :-1, -1:])[:, :, 0]
        return beta[0], beta[1:].std(axis=0, ddof=1)
    design = np.column_stack([columns[:, :-1], np.ones(len(columns))])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    found = OLS(columns[:, -1], design).fit()
    return found.params[:-1], found.bse[:-1]
