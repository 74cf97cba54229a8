"""NPS, CSAT and CES with intervals, where a question has the scale for it; else why not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.satisfaction.satisfaction_index import scale_of, wave_segment
from helpers.stats.common_items import QUESTION
from helpers.stats.confidence_intervals import Interval, mean_interval_from_counts, net_share_interval, share_interval
from helpers.stats.disclosure_control import estimate_if_enough
from helpers.stats.survey_scales import SCALE_TOLERANCE, latest_rows
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample, student_interval

NPS, TOP_MINUS_BOTTOM, CSAT, CES = "NPS", "top minus bottom share, not NPS", "CSAT", "CES"

TOP_TWO_AGREEMENT = "share who agree, top two of five, not CSAT"

MIN_PROMOTER_PERCENT, MAX_DETRACTOR_PERCENT, MIN_SATISFIED_PERCENT = 85.0, 65.0, 75.0

WHY_NO_MEASURE = {
    NPS: "no question asks for recommendation from 0 to 10",
    CSAT: "no question asks how satisfied one is on five points",
    CES: "no question asks for effort from 1 to 7",
}


def answer_distribution(
    answers: ir.Table, known: pd.DataFrame, waves: Sequence[str], headline: str = "",
    replicas: ReplicateWeights | None = None,
) -> pd.DataFrame:
    """Return how many people gave each answer to the questions that have a measure, by item and segment.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    waves : sequence of str
        All waves; a single one gets no segment of its own.
    headline : str
        Wave that segment *all* speaks of, empty for everybody's latest answers.
    replicas : ReplicateWeights, optional
        Of the weights; a wave that has weights of its own is weighted by them.

    Returns
    -------
    DataFrame
        ``item, segment, score, percent, n_people, weight, weight_squared``, sorted; a person counts once an item and
        segment, by the latest answer.
    """
    table = _latest_answers(answers, known, waves, headline, replicas)
    counted = table.group_by("item", "segment", "score", "percent").aggregate(
        n_people=table.count(), weight=table.weight.sum(), weight_squared=(table.weight * table.weight).sum())
    return counted.to_pyarrow().to_pandas().sort_values(["item", "segment", "score"], ignore_index=True)


def _latest_answers(
    answers: ir.Table, known: pd.DataFrame, waves: Sequence[str], headline: str, replicas: ReplicateWeights | None
) -> ir.Table:
    """Return the answers that count: each person's latest to each question, for everybody and in each wave."""
    items = [row.item for row in known.itertuples() if measure_of_item(row)]
    given = answers.filter(answers.percent.notnull() & answers.item.isin(items))
    in_wave = _with_wave_weights(given, replicas)
    of_all = in_wave.filter(in_wave.wave == headline) if headline else given
    everybody = latest_rows(of_all, ["person", "item"]).mutate(segment=ibis.literal("all"))
    if len(waves) < 2:
        return everybody
    by_wave = latest_rows(in_wave, ["person", "item", "wave"])
    return ibis.union(everybody, by_wave.mutate(segment=ibis.literal("wave ") + by_wave.wave))


def _with_wave_weights(given: ir.Table, replicas: ReplicateWeights | None) -> ir.Table:
    """Return answers with the weights of their waves, where these have weights of their own."""
    if replicas is None or not replicas.waves:
        return given
    lent = ibis.memtable(pd.concat([
        pd.DataFrame({"person": own.people, "wave": wave, "own": own.weights[0]})
        for wave, own in replicas.waves.items()], ignore_index=True))
    joined = given.left_join(lent, ["person", "wave"])
    return joined.mutate(weight=ibis.coalesce(joined.own, joined.weight))[given.columns]


def measure_standard_errors(
    answers: ir.Table, known: pd.DataFrame, waves: Sequence[str], replicas: ReplicateWeights | None,
    headline: str = "",
) -> dict[tuple[str, str], float]:
    """Return the standard error of each measure by the weights' replicates, by item and segment; empty without them.

    Parameters
    ----------
    answers, known, waves, headline
        As in `answer_distribution`.
    replicas : ReplicateWeights or None
        Of the weights.
    """
    if replicas is None:
        return {}
    given = _latest_answers(answers, known, waves, headline, replicas)
    rows = given.select("item", "segment", "person", "weight", "score", "percent")
    frame = rows.to_pyarrow().to_pandas().sort_values(["item", "segment", "person"])
    named = {row.item: measure_of_item(row) for row in known.itertuples()}
    wave_of = {"all": headline, **{wave_segment(wave): wave for wave in waves}}
    return {key: WeightedSample(group["person"].to_numpy(), group["weight"].to_numpy(float),
                                replicas.of_wave(wave_of[key[1]])).error(_contributions(named[key[0]], group))
            for key, group in frame.groupby(["item", "segment"]) if len(group) > 1}


def _contributions(measure: str, rows: pd.DataFrame) -> np.ndarray:
    """Return what each answer adds to a measure's mean."""
    if measure == CES:
        return rows["score"].to_numpy(float)
    if measure in (CSAT, TOP_TWO_AGREEMENT):
        return (rows["percent"] >= MIN_SATISFIED_PERCENT - SCALE_TOLERANCE).to_numpy(float)
    top, bottom = (
        rows["percent"] >= MIN_PROMOTER_PERCENT - SCALE_TOLERANCE,
        rows["percent"] <= MAX_DETRACTOR_PERCENT + SCALE_TOLERANCE,
    )
    return top.to_numpy(float) - bottom.to_numpy(float)


def nps_csat_ces_estimates(
    known: pd.DataFrame, counted: pd.DataFrame, waves: Sequence[str],
    error: Mapping[tuple[str, str], float] | None = None, headline: str = "",
) -> list[Estimate]:
    """Return each measure that the survey's scales allow, and why the others do not apply.

    Parameters
    ----------
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    counted : DataFrame
        From `answer_distribution`.
    waves : sequence of str
        Waves, oldest first.
    error : mapping of (item, segment) to float, optional
        From `measure_standard_errors`.
    headline : str
        The wave that stands for everybody, as in `answer_distribution`: the reason names it.

    Returns
    -------
    list of Estimate
        NPS (0–10 recommend question; points) and the same rule on any other scale, *top minus bottom share, not NPS*:
        upper 15 % of the scale's length less its lower 65 %, which on 0–10 is 9–10 less 0–6. CSAT (five-point
        satisfaction question): share of the two best answers, *not CSAT* where a statement is to be agreed with. CES
        (1–7 effort question): mean on the scale, its good end in the unit. Behind them each question by its name,
        where a measure rests on one.
    """
    segments = ["all", *(wave_segment(wave) for wave in waves)] if len(waves) > 1 else ["all"]
    named = [(quantity, row) for row in known.itertuples() if (quantity := measure_of_item(row))]
    several = {q for q, _ in named if sum(q == other for other, _ in named) > 1}
    found = []
    for quantity, row in named:
        label = f"{quantity} ({row.item})" if quantity in several else quantity
        rows = counted[counted["item"] == row.item]
        found += [
            _measure_estimate(quantity, label, row, rows[rows["segment"] == s], (s, (error or {}).get((row.item, s))))
            for s in segments
        ]
    found += [replace(e, quantity=f"{QUESTION}{quantity}", segment=row.item, reason=scale_of(row))
              for quantity, row in named if quantity not in several
              for e in found if (e.quantity, e.segment, e.status) == (quantity, "all", Status.OK)]
    found = [_named_wave(e, headline) for e in found]
    present = {quantity for quantity, _ in named}
    found += [no_estimate(q, Status.NOT_APPLICABLE, reason) for q, reason in WHY_NO_MEASURE.items() if q not in present]
    return found


def _named_wave(e: Estimate, headline: str) -> Estimate:
    """Return an estimate of everybody, or of a question, that says of which wave it is."""
    is_of_wave = headline and e.status is Status.OK and not e.segment.startswith(wave_segment(""))
    return replace(e, reason="; ".join(filter(None, (wave_segment(headline), e.reason)))) if is_of_wave else e


def measure_of_item(row: Any) -> str:
    """Return which measure an item of the catalogue allows, empty for none."""
    scale = row.scale_low, row.scale_high
    if row.role == "recommend":
        return NPS if scale == (0, 10) and not row.is_reversed else TOP_MINUS_BOTTOM
    if row.role == "satisfaction" and row.scale_high - row.scale_low == 4:
        return TOP_TWO_AGREEMENT if row.is_agreement else CSAT
    return CES if row.role == "effort" and scale == (1, 7) else ""


def _measure_estimate(
    quantity: str, label: str, row: Any, rows: pd.DataFrame, of: tuple[str, float | None]
) -> Estimate:
    n, (segment, error) = int(rows["n_people"].sum()), of
    way = {CES: _ces, CSAT: _csat, TOP_TWO_AGREEMENT: _csat}.get(quantity, _nps)
    interval = way(rows, n, error)
    units = {CES: f"on 1–7, {1 if row.is_reversed else 7} is least effort", CSAT: "share",
             TOP_TWO_AGREEMENT: "share"}
    found = estimate_if_enough(label, interval, n, unit=units.get(quantity, "points"), segment=segment)
    is_told = quantity == TOP_MINUS_BOTTOM and found.status is Status.OK
    return replace(found, reason=_top_and_bottom(row)) if is_told else found


def _top_and_bottom(row: Any) -> str:
    """Return which answers are the top and the bottom of a question's scale, whichever end is the good one."""
    answers = np.arange(row.scale_low, row.scale_high + 1)
    percent = 100 * (answers - row.scale_low) / (row.scale_high - row.scale_low)
    percent = 100 - percent if row.is_reversed else percent
    top, bottom = answers[percent >= MIN_PROMOTER_PERCENT - SCALE_TOLERANCE], answers[
        percent <= MAX_DETRACTOR_PERCENT + SCALE_TOLERANCE]
    said = [f"{of.min():g}" if len(of) == 1 else f"{of.min():g} to {of.max():g}" for of in (top, bottom)]
    return f"answers {said[0]} less answers {said[1]}"


def _share_in(rows: pd.DataFrame, is_in: pd.Series) -> float:
    return float(rows.loc[is_in, "weight"].sum() / rows["weight"].sum()) if len(rows) else np.nan


def _effective_people(rows: pd.DataFrame, spread: float, error: float | None) -> float:
    """Return the effective number of people: by the replicates' error, else Kish's."""
    if error and spread > 0:
        return min(spread / error**2, float(rows["n_people"].sum()))
    squared = float(rows["weight_squared"].sum())
    return float(rows["weight"].sum()) ** 2 / squared if squared else 0.0


def _ces(rows: pd.DataFrame, n: int, error: float | None) -> Interval:
    score, weight, squared = (rows[c].to_numpy(float) for c in ("score", "weight", "weight_squared"))
    if error:
        return student_interval(float(np.average(score, weights=weight)), error, n)
    return mean_interval_from_counts(score, n, weight, squared)


def _nps(rows: pd.DataFrame, _: int, error: float | None) -> Interval:
    top = _share_in(rows, rows["percent"] >= MIN_PROMOTER_PERCENT - SCALE_TOLERANCE)
    bottom = _share_in(rows, rows["percent"] <= MAX_DETRACTOR_PERCENT + SCALE_TOLERANCE)
    return net_share_interval(top, bottom, _effective_people(rows, top + bottom - (top - bottom) ** 2, error)).times(
        100
    )


def _csat(rows: pd.DataFrame, _: int, error: float | None) -> Interval:
    p = _share_in(rows, rows["percent"] >= MIN_SATISFIED_PERCENT - SCALE_TOLERANCE)
    return share_interval(p, _effective_people(rows, p * (1 - p), error))
