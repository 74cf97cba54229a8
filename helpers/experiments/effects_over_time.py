"""Effects over time: always-valid intervals at every look, and novelty, the trend of the effect by period."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import WLS

from helpers.experiments import mean_difference, proportions, sequential
from helpers.experiments.aggregates import METRIC_PREFIX, ArmMoments
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.mean_difference import Difference
from helpers.experiments.summary_statistics import LOOKS, ExperimentSummaries, added_up
from helpers.foundation.engine import Engine
from helpers.stats import multiple_testing

MOST_PERIODS = 14

LEAST_PERIODS = 4  # fewer show no trend

LEAST_UNITS = 30  # an arm and period

COLUMNS = ["experiment", "metric", "variant", "look", "period", "n_control", "n_variant", "value", "low", "high"]

TRENDS = ["experiment", "metric", "variant", "n_periods", "first", "last", "change", "low", "high", "p", "p_adjusted"]


class ComparedPeriod(NamedTuple):
    """Two arms in one period."""

    metric: str
    variant: str
    look: int
    period: str
    control: ArmMoments
    treated: ArmMoments
    is_share: bool

    @property
    def difference(self) -> Difference:
        """Variant less control: by the score test for shares, by Welch's for means."""
        compared = proportions.proportion_difference if self.is_share else mean_difference.welch_difference
        return compared(self.control, self.treated)


def unit_periods(engine: Engine, assignments: ir.Table, designs: Iterable[ExperimentDesign]) -> pd.DataFrame:
    """Return the deciding outcomes of experiments whose units came over time, by arm and period of assignment.

    Periods are days, or where there are more than `MOST_PERIODS` as many equal stretches of days. Experiments of
    clusters or blocks are left out, since their arms are not compared unit by unit.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``.
    designs : iterable of ExperimentDesign
        How each experiment is read.

    Returns
    -------
    DataFrame
        `LOOKS`, one row an arm, metric and period.
    """
    read = [d for d in designs if not (d.by or d.block) and METRIC_PREFIX + d.primary_metric in assignments.columns]
    by_metric = {d.primary_metric: [o.experiment for o in read if o.primary_metric == d.primary_metric] for d in read}
    found = [part for metric, names in sorted(by_metric.items())
             if len(part := _periods_of_metric(engine, assignments, metric, names))]
    return pd.concat(found, ignore_index=True)[LOOKS] if found else pd.DataFrame(columns=LOOKS)


def _periods_of_metric(engine: Engine, assignments: ir.Table, metric: str, experiments: list[str]) -> pd.DataFrame:
    value = assignments[METRIC_PREFIX + metric].cast("float64")
    is_in = assignments["experiment"].isin(experiments) & assignments["assigned_at"].notnull() & value.notnull()
    t = assignments.mutate(value=value, day=assignments["assigned_at"].date()).filter(is_in)
    span = t.group_by("experiment").aggregate(first=t["day"].min(), final=t["day"].max())
    t = t.select("experiment", "variant", "value", "day").inner_join(span, "experiment")
    days = t["final"].delta(t["first"], unit="day").cast("float64") + 1
    width = (days / MOST_PERIODS).ceil()
    t = t.mutate(look=(t["day"].delta(t["first"], unit="day").cast("float64") / width).floor().cast("int64") + 1)
    found = engine.frame(t.group_by("experiment", "variant", "look").aggregate(
        n=t.count(), mean=t["value"].mean(), variance=t["value"].var(), ended_on=t["day"].max(),
        is_share=t["value"].isin([0.0, 1.0]).all()))
    found["ended_on"] = pd.to_datetime(found.groupby(["experiment", "look"])["ended_on"].transform("max"))
    found["is_share"] = found.groupby("experiment")["is_share"].transform("all").astype(bool)
    share = found["mean"] * (1 - found["mean"])
    variance = found["variance"].astype("float64").fillna(0.0).where(~found["is_share"], share)
    return found.assign(metric=metric, variance=variance, period=found["ended_on"].dt.strftime("%Y-%m-%d"))


def _pairs(design: ExperimentDesign, moments: pd.DataFrame) -> Iterator[ComparedPeriod]:
    """Yield each arm beside the control in every period that both have, of the outcomes that decide, in time."""
    own = moments[moments["experiment"] == design.experiment]
    own = own[own["metric"].astype(str).map(design.is_primary).astype(bool)]  # a list of none would name no columns
    both = own[own["variant"].isin(design.variants)].merge(
        own[own["variant"] == design.control], on=["metric", "look"], suffixes=("", "_control"))
    for r in both.sort_values(["metric", "variant", "look"]).to_dict("records"):
        a, b = (ArmMoments(int(r[f"n{end}"]), float(r[f"mean{end}"]), float(r[f"variance{end}"]))
                for end in ("_control", ""))
        yield ComparedPeriod(str(r["metric"]), str(r["variant"]), int(r["look"]), str(r["period"]), a, b,
                             bool(r["is_share"] and r["is_share_control"]))


def looks_table(designs: Iterable[ExperimentDesign], looks: pd.DataFrame) -> pd.DataFrame:
    """Return the deciding comparisons at every look, with the interval that holds at all of them together.

    Parameters
    ----------
    designs : iterable of ExperimentDesign
        How each experiment is read.
    looks : DataFrame
        `LOOKS`, each of everything from the start to the end of its period.

    Returns
    -------
    DataFrame
        `COLUMNS`; looks with fewer than `sequential.MIN_UNITS_PER_ARM` units an arm are left out, and comparisons that
        were looked at once.
    """
    rows = []
    for design in designs:
        tuned_for = design.plan.tuned_for if design.plan else sequential.TUNED_FOR
        for pair in _pairs(design, looks):
            if min(pair.control.n, pair.treated.n) < sequential.MIN_UNITS_PER_ARM:
                continue
            n = pair.control.n + pair.treated.n
            found = sequential.always_valid_difference(pair.difference, n, tuned_for)
            rows.append((design.experiment, pair.metric, pair.variant, pair.look, pair.period, pair.control.n,
                         pair.treated.n, found.value, found.low, found.high))
    found = pd.DataFrame(rows, columns=COLUMNS)
    return found[found.duplicated(COLUMNS[:3], keep=False)].reset_index(drop=True)


def novelty_table(designs: Iterable[ExperimentDesign], periods: pd.DataFrame) -> pd.DataFrame:
    """Return how the effect of each deciding comparison changed from its first to its last period.

    A line is fitted through the effects of the periods, weighted by their known errors. A fall may be the wearing off
    of what was new, or that later units are others: both are a reason not to carry the effect forward.

    Parameters
    ----------
    designs : iterable of ExperimentDesign
        How each experiment is read.
    periods : DataFrame
        `LOOKS`, each of its period alone.

    Returns
    -------
    DataFrame
        `TRENDS`: effect at the start and at the end by the line, its change over the whole time with a 95 % interval
        and p, also after Holm's adjustment over all of them; comparisons with `LEAST_PERIODS` periods of `LEAST_UNITS`
        units an arm.
    """
    rows = []
    for design in designs:
        pairs = [p for p in _pairs(design, periods) if min(p.control.n, p.treated.n) >= LEAST_UNITS]
        of_arm: dict[tuple[str, str], list[ComparedPeriod]] = {}
        for pair in pairs:
            of_arm.setdefault((pair.metric, pair.variant), []).append(pair)
        rows += [(design.experiment, *key, len(found), *line) for key, found in of_arm.items()
                 if (line := _line(found)) is not None]
    found = pd.DataFrame(rows, columns=TRENDS[:-1])
    return found.assign(p_adjusted=multiple_testing.holm(found["p"]))


def _line(found: list[ComparedPeriod]) -> tuple[float, float, float, float, float, float] | None:
    squared = np.array([_error_squared(p) for p in found])
    at = np.array([p.look for p in found], dtype=float)
    if len(found) < LEAST_PERIODS or not (squared > 0).all():
        return None
    place = (at - at[0]) / (at[-1] - at[0])
    x, effect = np.column_stack([np.ones(len(found)), place]), [p.treated.mean - p.control.mean for p in found]
    fitted = WLS(effect, x, weights=1 / squared).fit(cov_type="fixed scale")
    (low, high), (start, change) = fitted.conf_int()[1], fitted.params
    return float(start), float(start + change), float(change), float(low), float(high), float(fitted.pvalues[1])


def _error_squared(pair: ComparedPeriod) -> float:
    """Return the squared error of one period's effect; of shares from the share of both arms, which is never 0 alone.

    An arm without a success would have no error of its own, and all the weight.
    """
    a, b = pair.control, pair.treated
    if not pair.is_share:
        return a.error_squared + b.error_squared
    together = (a.n * a.mean + b.n * b.mean) / (a.n + b.n)
    return together * (1 - together) * (1 / a.n + 1 / b.n)


def periods_and_looks(
    engine: Engine, assignments: ir.Table, designs: tuple[ExperimentDesign, ...], summaries: ExperimentSummaries
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the moments of single periods, and of everything up to the end of each, of units and of summaries alike.

    Parameters
    ----------
    engine : Engine
        The engine that counts.
    assignments : Table
        ``canonical/assignments``.
    designs : tuple of ExperimentDesign
        How each experiment is read.
    summaries : ExperimentSummaries
        Of the experiments without single units.

    Returns
    -------
    tuple of DataFrame
        `LOOKS` both.
    """
    of_units = unit_periods(engine, assignments, designs)
    parts = ((of_units, summaries.periods), (added_up(of_units) if len(of_units) else of_units, summaries.looks))
    first, second = (pd.concat([p for p in pair if len(p)] or [pair[0]], ignore_index=True)[LOOKS] for pair in parts)
    return first, second
