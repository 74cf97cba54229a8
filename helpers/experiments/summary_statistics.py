"""Summary statistics as units of analysis: counts, means and variances by arm, for the whole or by period."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.experiments.aggregates import ARM_KEYS, ArmAggregates
from helpers.experiments.design import ExperimentDesign
from helpers.foundation.results import Gate, Level

WHOLE = "all"  # period of a row that is of the whole experiment

METRIC_KEYS = ["experiment", "metric", "variant"]

LOOKS = [*METRIC_KEYS, "look", "period", "ended_on", "n", "mean", "variance", "is_share"]


OUTCOMES = [*ARM_KEYS, "metric", "n", "n_missing", "mean", "variance", "low", "high", "is_share", "is_money"]

USABLE = ["experiment", "n_rows", "n_unusable", "n_added"]


@dataclass(frozen=True, slots=True)
class ExperimentSummaries:
    """What ``canonical/experiment_aggregates`` holds, of experiments without single units.

    Parameters
    ----------
    periods : DataFrame
        `LOOKS`, one row an arm, metric and period: what was measured in the period alone; look counts periods in time.
    looks : DataFrame
        The same, of everything from the start to the period's end.
    counted : ArmAggregates
        Arms and outcomes as of the end.
    usable : DataFrame
        One row an experiment: experiment, n_rows, n_unusable (neither successes nor a mean with its variance),
        n_added (periods that had to be added up).
    """

    periods: pd.DataFrame
    looks: pd.DataFrame
    counted: ArmAggregates
    usable: pd.DataFrame


NO_SUMMARIES = ExperimentSummaries(
    pd.DataFrame(columns=LOOKS), pd.DataFrame(columns=LOOKS),
    ArmAggregates(pd.DataFrame(columns=ARM_KEYS), pd.DataFrame(columns=OUTCOMES)), pd.DataFrame(columns=USABLE))


def read_summaries(rows: pd.DataFrame, without: frozenset[str] = frozenset()) -> ExperimentSummaries:
    """Return counts and summaries of arms as the moments that comparisons are made from.

    A row of the whole experiment counts before periods; of cumulative periods the last; others are added up.

    Parameters
    ----------
    rows : DataFrame
        ``canonical/experiment_aggregates``.
    without : frozenset of str
        Experiments whose units are recorded one by one: these are read instead.
    """
    own = rows[~rows["experiment"].isin(without)]
    known = _moments(own)
    of_periods = known[known["period"] != WHOLE]
    looks = pd.concat([of_periods[of_periods["is_cumulative"]], added_up(of_periods[~of_periods["is_cumulative"]])])
    periods = pd.concat([of_periods[~of_periods["is_cumulative"]], _within_periods(of_periods)])
    last = looks.sort_values("look").drop_duplicates(METRIC_KEYS, keep="last")
    whole = known[known["period"] == WHOLE]
    final = pd.concat([whole, last]).drop_duplicates(METRIC_KEYS)
    n_added = looks[~looks["is_cumulative"]].merge(whole[METRIC_KEYS], how="left", indicator=True).query(
        "_merge == 'left_only'").groupby("experiment")["look"].max()
    n_rows, n_known = own.groupby("experiment").size(), known.groupby("experiment").size()
    usable = pd.DataFrame({"n_rows": n_rows, "n_unusable": n_rows.sub(n_known, fill_value=0), "n_added": n_added})
    first, second = (frame.sort_values([*METRIC_KEYS, "look"], ignore_index=True)[LOOKS] for frame in (periods, looks))
    return ExperimentSummaries(first, second, _counted(final, known),
                               usable.fillna(0).astype("int64").rename_axis("experiment").reset_index())


def _moments(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the usable rows with mean, variance, whether a share, and the place of the period in time."""
    n, successes = rows["n"].astype("float64"), rows["successes"].astype("float64")
    has_count = successes.between(0, n) & (n > 0)
    has_mean = rows["mean"].notna() & rows["variance"].ge(0) & (n > 1)
    p = successes / n.where(n > 0)
    found = rows.assign(
        n=n, mean=np.where(has_count, p, rows["mean"].astype("float64")),
        variance=np.where(has_count, p * (1 - p), rows["variance"].astype("float64")), is_share=has_count,
        is_cumulative=rows["is_cumulative"].astype("boolean").fillna(False).astype(bool),
        ended_on=pd.to_datetime(rows["period_ended_on"]), at=rows["elapsed"].astype("float64"))
    found["is_share"] = found.groupby(["experiment", "metric"])["is_share"].transform("all")
    found = found[(has_count | has_mean).to_numpy()].reset_index(drop=True)
    in_time = found.sort_values(["ended_on", "at", "period"], kind="stable")
    place = in_time.groupby(["experiment", "period"], sort=False).ngroup()
    found["look"] = place.groupby(in_time["experiment"]).rank(method="dense").astype("int64").reindex(found.index)
    return found


def added_up(periods: pd.DataFrame) -> pd.DataFrame:
    """Return the moments from the start to the end of each period, from those of single periods.

    Parameters
    ----------
    periods : DataFrame
        `LOOKS` and more, of single periods; a unit is taken to be in one of them.
    """
    ordered = periods.sort_values([*METRIC_KEYS, "look"], ignore_index=True)
    keys = [ordered[k] for k in METRIC_KEYS]
    # about the first mean: sums about 0 would lose the spread of values that lie far from it
    origin = ordered.groupby(METRIC_KEYS)["mean"].transform("first")
    apart = ordered["mean"] - origin
    within = ordered["variance"] * (ordered["n"] - ~ordered["is_share"])
    n = ordered["n"].groupby(keys).cumsum()
    total = (ordered["n"] * apart).groupby(keys).cumsum()
    squares = (within + ordered["n"] * apart**2).groupby(keys).cumsum()
    spread = (squares - total**2 / n).clip(lower=0) / (n - ~ordered["is_share"]).where(lambda d: d > 0)
    return ordered.assign(n=n, mean=origin + total / n, variance=spread)


def _within_periods(of_periods: pd.DataFrame) -> pd.DataFrame:
    """Return the moments of single periods from cumulative ones; periods that add no unit are left out."""
    ordered = of_periods[of_periods["is_cumulative"]].sort_values([*METRIC_KEYS, "look"], ignore_index=True)
    total = ordered["n"] * ordered["mean"]
    squares = ordered["variance"] * (ordered["n"] - ~ordered["is_share"]) + total * ordered["mean"]
    parts = pd.DataFrame({"n": ordered["n"], "total": total, "squares": squares})
    own = parts - parts.groupby([ordered[k] for k in METRIC_KEYS]).shift(fill_value=0.0)
    n = own["n"].where(own["n"] > 1)
    mean = own["total"] / n
    spread = (own["squares"] - n * mean**2).clip(lower=0) / (n - ~ordered["is_share"])
    return ordered.assign(n=n, mean=mean, variance=spread).dropna(subset=["n"])


def _counted(final: pd.DataFrame, rows: pd.DataFrame) -> ArmAggregates:
    """Return arms and outcomes; an arm has as many units as the metric measured on most of them."""
    by_arm = rows.groupby(ARM_KEYS)
    arms = final.groupby(ARM_KEYS)["n"].max().rename("n_units").astype("int64").to_frame().join(pd.DataFrame({
        "probability_low": by_arm["probability"].min(), "probability_high": by_arm["probability"].max(),
        "is_planned": by_arm["probability"].count().gt(0), "first_at": by_arm["ended_on"].min(),
        "last_at": by_arm["ended_on"].max()})).reset_index()
    arms["n_planned"] = arms["n_units"].where(arms.pop("is_planned").astype(bool), 0)
    arms = arms.assign(n_clustered=0, n_clusters=0, n_periods=0, n_early=0)
    outcomes = final.merge(arms[[*ARM_KEYS, "n_units"]], on=ARM_KEYS).assign(
        n=lambda d: d["n"].astype("int64"), n_missing=lambda d: d["n_units"] - d["n"], low=np.nan, high=np.nan,
        is_money=False)
    return ArmAggregates(arms, outcomes[OUTCOMES])


def with_summaries(counted: ArmAggregates, summaries: ExperimentSummaries) -> ArmAggregates:
    """Return what the engine counted of single units together with what summaries hold of other experiments."""
    more = summaries.counted
    if more.arms.empty:
        return counted
    if counted.arms.empty:
        return replace(counted, arms=more.arms, outcomes=more.outcomes)
    return replace(counted, arms=pd.concat([counted.arms, more.arms[counted.arms.columns]], ignore_index=True),
                   outcomes=pd.concat([counted.outcomes, more.outcomes[counted.outcomes.columns]], ignore_index=True))


def summary_gates(design: ExperimentDesign, summaries: ExperimentSummaries) -> tuple[Gate, ...]:
    """Return what the summaries of an experiment leave open; none where its units are recorded one by one.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    summaries : ExperimentSummaries
        As `read_summaries` gives them.
    """
    own = summaries.usable[summaries.usable["experiment"] == design.experiment]
    if own.empty:
        return ()
    row, claims = own.iloc[0], f"every verdict on {design.label}"
    gates = [Gate(f"{design.label}: single units", 0.0, 0.0, True, Level.QUALIFY, claims,
                  "only counts and summaries of the arms are recorded: skewness, balance, units in two arms and units "
                  "that lack a value are not tested")]
    if row["n_unusable"]:
        sentence = (f"{row['n_unusable']:,} of {row['n_rows']:,} rows have neither successes of 0 to n nor a mean with "
                    "its variance, and are left out")
        gates.append(Gate(f"{design.label}: usable rows", row["n_unusable"] / row["n_rows"], 0.0, True, Level.QUALIFY,
                          claims, sentence))
    if row["n_added"] > 1:
        gates.append(Gate(f"{design.label}: periods added", float(row["n_added"]), 1.0, True, Level.QUALIFY, claims,
                          f"{row['n_added']:,} periods are added up as if no unit were in two of them"))
    return tuple(gates)
