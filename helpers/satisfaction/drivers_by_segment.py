"""Drivers by segment: whether what satisfaction goes with differs between groups, and each group's own drivers.

References
----------
Cochran (1954), The combination of estimates from different experiments, *Biometrics* 10, 101–129, for vectors: Becker &
Wu (2007), The synthesis of regression slopes in meta-analysis, *Statistical Science* 22, 414–429.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.satisfaction import drivers
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.driver_linearity import DriverColumns, driver_columns, driver_means
from helpers.satisfaction.drivers import SatisfactionDrivers
from helpers.satisfaction.ecsi_model import CompleteAnswers, NoPathModel, left_out_difference
from helpers.satisfaction.satisfaction_by_segment import segment_label
from helpers.stats.bootstrap import replicate_moments
from helpers.stats.confidence_intervals import Interval
from helpers.stats.linearity import LEAST_GAIN, robust_fit
from helpers.stats.multiple_testing import holm
from helpers.stats.pls_sem.measurement_model import MeasurementValidity
from helpers.stats.relative_importance import lmg_shares
from helpers.stats.survey_weights import WeightedSample

SEGMENT_SHARE, HETEROGENEITY = "share of explained variance in the segment", "test of equal effects of the drivers"

MIN_SEGMENT_PEOPLE, MAX_SEGMENTS, HETEROGENEITY_LEVEL, SURE_LEAD = 100, 6, 0.01, 0.95

MAX_PERMUTED, N_PERMUTATIONS = 5000, 999


@dataclass(frozen=True, slots=True)
class SegmentDrivers:
    """Drivers of satisfaction in the groups of the column in which they differ most.

    Parameters
    ----------
    label : str
        Name of the column, for people.
    groups : tuple of pairs
        Name of each group and its drivers, the largest group first.
    satisfaction : tuple of Interval
        Mean satisfaction of the people of each group who answered every question [0–100].
    p_value : float
        Of the test that the drivers' effects are equal in all groups, adjusted over the columns (Holm).
    is_binary : bool
        Whether satisfaction has two answers only, so that its mean is the percentage of the satisfied.
    left_out : tuple of Estimate
        From `left_out_difference`, of each group.
    """

    label: str
    groups: tuple[tuple[str, SatisfactionDrivers], ...]
    satisfaction: tuple[Interval, ...]
    p_value: float
    is_binary: bool = False
    left_out: tuple[Estimate, ...] = ()

    @property
    def leaders_differ(self) -> bool:
        """Whether some group has another driver to improve first than another group, each beyond doubt."""
        first = {max(of.leads, key=of.leads.__getitem__) for _, of in self.groups
                 if not of.struck and max(of.leads.values()) >= SURE_LEAD}
        return len(first) > 1


def drivers_by_segment(
    known: CompleteAnswers | NoPathModel, valid: MeasurementValidity | None, scored: pd.DataFrame, of: pd.DataFrame,
    assumed: SatisfactionConfig, seed: int,
) -> SegmentDrivers | NoPathModel:
    """Return the drivers of each group of the column in which their effects differ most, or why there are none.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `helpers.satisfaction.ecsi_model.complete_answers`.
    valid : MeasurementValidity or None
        Of the path model, over everybody.
    scored, of : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores` and
        `helpers.satisfaction.satisfaction_by_segment.segment_members`.
    assumed : SatisfactionConfig
        The column, if one is declared; else every column with two to six groups of 100 people or more is tried.
    seed : int
        Of the bootstrap and the permutations.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if isinstance(known, NoPathModel):
        return known
    found = _groups_by_column(known, scored, of, assumed)
    if not found:
        return NoPathModel(f"no column has two groups of {MIN_SEGMENT_PEOPLE} people who answered every question of "
                           "the path model",
                           known.n)
    columns = driver_columns(known)[0]
    tests = np.array([_heterogeneity_p_value(columns, known.rows.weights, parts, seed) for parts in found.values()])
    p = dict(zip(found, holm(tests), strict=True))
    differing = [column for column in found if p[column] < HETEROGENEITY_LEVEL]
    if not differing:
        names = ", ".join(segment_label(column) for column in found)
        return NoPathModel(f"effects of the drivers do not differ significantly by {names}", known.n)
    best = max(differing, key=lambda column: _spread_of_shares(known, found[column]))
    groups = _with_drivers(known, valid, found[best], assumed.resamples, seed)
    if not groups:
        return NoPathModel("the drivers of the groups cannot be estimated", known.n)
    return SegmentDrivers(segment_label(best), tuple((name, of) for name, of, _ in groups),
                          tuple(mean for *_, mean in groups), float(p[best]), columns.is_binary,
                          _left_out_by_group(known, scored.merge(of, on="response_id"), best, [*found[best]]))


def _left_out_by_group(
    known: CompleteAnswers, scored: pd.DataFrame, column: str, names: list[str]
) -> tuple[Estimate, ...]:
    return tuple(left_out_difference(known, scored[scored[column] == name], f"{segment_label(column)} {name}")
                 for name in names)


def _groups_by_column(known: CompleteAnswers, scored: pd.DataFrame, of: pd.DataFrame, assumed: SatisfactionConfig) -> (
        dict[str, dict[str, np.ndarray]]):
    """Return the groups of each column that can be compared, the largest first, each as who belongs to it."""
    columns = [c for c in of.columns if c != "response_id"]
    if assumed.drivers_by and assumed.drivers_by not in columns:
        raise InputError("satisfaction.drivers_by", f"no column '{assumed.drivers_by}' makes segments",
                         spelling_hint(assumed.drivers_by, columns))
    rows = scored.merge(of, on="response_id").sort_values(["responded_at", "response_id"], na_position="first")
    rows = rows.drop_duplicates("person", keep="last").set_index("person").reindex(known.rows.people)
    least, made = max(MIN_SEGMENT_PEOPLE, 10 * len(known.model.names)), {}
    for column in [assumed.drivers_by] if assumed.drivers_by else columns:
        counts = rows[column].fillna("").value_counts()
        large = counts[(counts >= least) & (counts.index != "")]
        if 2 <= len(large) <= MAX_SEGMENTS:
            made[column] = {str(name): (rows[column] == name).to_numpy() for name in large.index}
    return made


def _heterogeneity_p_value(columns: DriverColumns, weights: np.ndarray, parts: dict[str, np.ndarray], seed: int
                           ) -> float:
    """Return the p-value of equal effects in all groups, by Cochran's Q of their least-squares estimates.

    Drivers that bend have their categories in it, so that one curve with other answers is no other effect;
    where a group lacks some category, lines. With few people the estimated errors make Q too large, so a small p-value
    is replaced by that of random groups: answers, less their group's means, are dealt out anew to groups of the same
    sizes.
    """
    group = np.arange(1, len(parts) + 1) @ np.array([*parts.values()], dtype=int)  # 0: in none of them
    rows = np.flatnonzero(group)
    for x in (np.column_stack(columns.of_shares), columns.means):
        centred = np.column_stack([x, columns.outcome])[rows]
        for part in parts.values():
            centred[part[rows]] -= np.average(centred[part[rows]], axis=0, weights=weights[rows][part[rows]])
        found = _cochran_q(centred, weights[rows], group[rows])
        if np.isfinite(found):
            break
    p = float(stats.chi2.sf(found, (len(parts) - 1) * x.shape[1]))
    if not p < HETEROGENEITY_LEVEL or len(rows) > MAX_PERMUTED:
        return p
    rng = np.random.default_rng(seed)
    drawn = [_cochran_q(centred, weights[rows], rng.permutation(group[rows])) for _ in range(N_PERMUTATIONS)]
    return float((1 + np.sum(np.array(drawn) >= found)) / (1 + N_PERMUTATIONS))


def _cochran_q(columns: np.ndarray, weights: np.ndarray, group: np.ndarray) -> float:
    """Return the weighted squared distance of the groups' slopes from their common one; NaN where one has none."""
    slopes, precisions = [], []
    for i in np.unique(group):
        own = columns[group == i]
        fit = robust_fit(np.column_stack([np.ones(len(own)), own[:, :-1]]), own[:, -1], weights[group == i])
        if fit is None or not np.ptp(own[:, -1]):
            return np.nan
        slopes.append(fit[0][1:])
        precisions.append(np.linalg.pinv(fit[1][1:, 1:]))
    common = np.linalg.solve(np.sum(precisions, axis=0), sum(w @ b for w, b in zip(precisions, slopes, strict=True)))
    return float(sum((b - common) @ w @ (b - common) for w, b in zip(precisions, slopes, strict=True)))


def _with_drivers(
    known: CompleteAnswers, valid: MeasurementValidity | None, parts: dict[str, np.ndarray], resamples: int, seed: int
) -> list[tuple[str, SatisfactionDrivers, Interval]]:
    """Return name, drivers and mean satisfaction of each group; empty where one has none."""
    made = []
    for name, part in parts.items():
        rows = WeightedSample(known.rows.people[part], known.rows.weights[part], known.rows.replicas)
        own = CompleteAnswers(known.model, known.columns[part], rows,
                              rows.moments(known.columns[part], resamples, seed), int(part.sum()),
                              known.expectations)
        found = drivers.driver_importance(own, valid, seed)
        if isinstance(found, NoPathModel) or not found.share or not np.isfinite(found.explained.value):
            return []
        made.append((name, found, rows.mean(driver_means(own)[2])))
    return made


def _spread_of_shares(known: CompleteAnswers, parts: dict[str, np.ndarray]) -> float:
    """Return how far the groups' shares lie from each other: mean total variation distance from their mean."""
    _, x, y = driver_means(known)
    shares = []
    for part in parts.values():
        moments = replicate_moments(np.column_stack([x[part], y[part]]), known.rows.weights[part][None])
        lmg = lmg_shares(moments.correlation)[0]
        shares.append(lmg / lmg.sum())
    n = np.array([part.sum() for part in parts.values()], dtype=float)
    return float(n @ np.abs(np.array(shares) - n @ np.array(shares) / n.sum()).sum(axis=1) / n.sum() / 2)


def segment_driver_table(found: SegmentDrivers | NoPathModel) -> pd.DataFrame:
    """Return each driver's share of the explained variance in each group (columns); no rows where nothing differs.

    Empty where a driver has no association of its own there, the others equal, or goes with less satisfaction
    where rated higher.
    """
    if isinstance(found, NoPathModel):
        return pd.DataFrame()
    frame = pd.DataFrame({name: {driver: i.value if driver in of.own and driver not in of.negative else np.nan
                                 for driver, i in of.share.items()} for name, of in found.groups}).dropna(how="all")
    order = frame.max(axis=1).sort_values(ascending=False, kind="stable").index
    return frame.loc[order].rename_axis("driver").rename_axis(found.label, axis=1)


def segment_driver_estimates(found: SegmentDrivers | NoPathModel) -> list[Estimate]:
    """Return the drivers of each group as rows of a long table, and the test of their equality."""
    if isinstance(found, NoPathModel):
        return [no_estimate(SEGMENT_SHARE, Status.NOT_APPLICABLE, found.reason, unit="share", n=found.n)]
    test = Estimate(HETEROGENEITY, found.p_value, unit="p", n=sum(of.n for _, of in found.groups), segment=found.label)
    shares = [Estimate(SEGMENT_SHARE, i.value, i.low, i.high, "share", of.n, f"{found.label} {name}: {driver}")
              for name, of in found.groups for driver, i in of.share.items()]
    return [test, *found.left_out, *shares]


def linearity_gate(
    importance: SatisfactionDrivers | NoPathModel, by_segment: SegmentDrivers | NoPathModel
) -> list[Gate]:
    """Return the check on straight lines: where no line fits a driver, what rests on lines carries a caution.

    Parameters
    ----------
    importance : SatisfactionDrivers or NoPathModel
        From `helpers.satisfaction.drivers.driver_importance`, of everybody.
    by_segment : SegmentDrivers or NoPathModel
        From `drivers_by_segment`.
    """
    if isinstance(importance, NoPathModel):
        return []
    groups = {"everybody": importance, **dict(getattr(by_segment, "groups", ()))}
    bent = {name: of for name, of in groups.items() if of.nonlinear}
    told = "; ".join(f"{', '.join(of.nonlinear)} ({name}; R² of all drivers {100 * of.of_lines:.1f} % by lines, "
                     f"{100 * of.explained.value:.1f} % as shares count them)" for name, of in bent.items())
    sentence = (f"No straight line fits {told}. Shares count these, and drivers that bend where others are left out, "
                "by their answers; paths, slopes and odds of all drivers do not." if bent else
                "No driver's categories (single answers; five groups of more than eleven), added in turn, raise R² "
                "significantly and by a point or more.")
    most = max((of.explained.value - of.of_lines for of in bent.values()), default=0.0)
    return [Gate("straight lines of the drivers", most, LEAST_GAIN, bool(bent), Level.QUALIFY,
                 "paths, slopes and odds of all drivers", sentence)]
