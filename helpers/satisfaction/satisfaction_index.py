"""Satisfaction score, index, shares of the four levels, by wave and by segment."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.schema import SATISFACTION_LEVELS
from helpers.stats.common_items import QUESTION, ItemAnswers, item_answers
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, estimate_if_enough, too_few
from helpers.stats.survey_scales import CUT_COLUMNS, NOT_APPLICABLE, SCALE_TOLERANCE
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample, weighted_difference

SCORE_FORMULA = (
    "answer = 100 × (score − lowest) / (highest − lowest), and 100 less that where a high answer is a bad one; "
    "person = mean of the answers to the satisfaction questions; index = mean of the people, each by the latest answer"
)


def satisfaction_scores(answers: ir.Table, assumed: SatisfactionConfig, is_binary: bool = False) -> pd.DataFrame:
    """Return one row for each completed survey with enough satisfaction answers, sorted by response.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    assumed : SatisfactionConfig
        Default cut points, and the least share of applicable questions that must be answered; one to which ten or
        more of a wave have no answer, and nobody has, was not asked in it.
    is_binary : bool
        Whether the one satisfaction question has two answers: a level needs an ordered scale, so nobody has one then.

    Returns
    -------
    DataFrame
        ``response_id, customer_id, person, responded_at, wave, weight, satisfaction`` (mean of the answers, 0–100)``,
        n_items, level``. Where questions have different cut points, the level is by their mean.
    """
    asked = answers.filter((answers.role == "satisfaction") & (answers.state != NOT_APPLICABLE))
    by_wave = asked.group_by("item", "wave").aggregate(n=asked.count(), n_given=asked.percent.count())
    asked = asked.anti_join(by_wave.filter(by_wave.n >= LEAST_PEOPLE, by_wave.n_given == 0), ["item", "wave"])
    given = asked.percent.notnull()
    cuts = {name: ibis.coalesce(asked[name], default).mean(where=given)
            for name, default in zip(CUT_COLUMNS, assumed.cuts, strict=True)}
    table = asked.group_by("response_id", "customer_id", "person", "responded_at", "wave", "weight").aggregate(
        satisfaction=asked.percent.mean(), n_items=given.ifelse(1, 0).sum().cast("int64"),
        n_asked=asked.count(), **cuts)
    table = table.filter((table.n_items > 0) & (table.n_items >= assumed.share_answered * table.n_asked))
    level = ibis.null("string") if is_binary else _level_of_score(table)
    table = table.mutate(level=level).drop("n_asked", *CUT_COLUMNS)
    return table.to_pyarrow().to_pandas().sort_values("response_id", ignore_index=True)


LEVEL_ASSUMPTIONS = ("dissatisfied_up_to", "neutral_up_to", "fairly_up_to")


def levels_cuts(known: pd.DataFrame, assumed: SatisfactionConfig) -> tuple[float, ...]:
    """Return the cut points of the levels [0–100] of somebody who answered every satisfaction question.

    Parameters
    ----------
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    assumed : SatisfactionConfig
        Default cut points, of questions that have none of their own.
    """
    asked = known[known["role"] == "satisfaction"]
    return tuple(float(asked[name].fillna(default).mean())
                 for name, default in zip(CUT_COLUMNS, assumed.cuts, strict=True)) if len(asked) else assumed.cuts


def unused_assumptions(known: pd.DataFrame) -> tuple[str, ...]:
    """Return the assumptions on levels where every satisfaction question has cut points of its own; else none."""
    asked = known[known["role"] == "satisfaction"]
    return LEVEL_ASSUMPTIONS if len(asked) and asked[list(CUT_COLUMNS)].notna().all(axis=None) else ()


def by_item(answers: ir.Table, assumed: SatisfactionConfig) -> ItemAnswers:
    """Return the answers behind the scores, so that groups can be compared by the questions that both were asked.

    Parameters
    ----------
    answers, assumed
        As in `scores`.
    """
    return item_answers(answers, ["satisfaction"], assumed.share_answered)


def _level_of_score(table: ir.Table) -> ir.StringValue:
    below = [
        (table.satisfaction <= table[cut] + SCALE_TOLERANCE, level)
        for cut, level in zip(CUT_COLUMNS, SATISFACTION_LEVELS, strict=False)
    ]
    return ibis.cases(*below, else_=SATISFACTION_LEVELS[-1])


SATISFACTION_LABEL = "satisfaction"

SATISFACTION_CHANGE = "change of satisfaction"

SATISFACTION_YEAR_CHANGE = "change of satisfaction in a year"

NEAR_A_YEAR_DAYS = 45  # so that a quarterly wave of the same season is found though it was sent a little later

ALL_WAVES = "all waves, latest answers"

SHARE_OF_ANSWER = "share answering: "

LEVEL_SHARES = tuple(f"share {level}" for level in SATISFACTION_LEVELS)


def wave_segment(wave: str) -> str:
    """Return the name of a wave's segment."""
    return f"wave {wave}"


def headline_wave(scores: pd.DataFrame, waves: Sequence[str]) -> str:
    """Return the newest wave of thirty people or more, which heads the page; empty where there is one wave, or none.

    Parameters
    ----------
    scores : DataFrame
        From `satisfaction_scores`.
    waves : sequence of str
        Waves, oldest first.
    """
    if len(waves) < 2:
        return ""
    n = scores.groupby("wave")["person"].nunique()
    return next((wave for wave in reversed(waves) if n.get(wave, 0) >= FEW_PEOPLE), "")


def index_estimates(
    scores: pd.DataFrame, waves: Sequence[str], struck: str = "", replicas: ReplicateWeights | None = None,
    given: ItemAnswers | None = None, labels: tuple[str, str] | None = None,
) -> list[Estimate]:
    """Return the index, the shares of the four levels (or of two answers) and the changes between waves.

    Parameters
    ----------
    scores : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`, in memory.
    waves : sequence of str
        Waves, oldest first; a single wave is the same as everybody and gets no rows of its own.
    struck : str
        Why the claims are struck; empty where they stand.
    replicas : ReplicateWeights, optional
        Of the weights; a wave that has weights of its own is weighted by them.
    given : ItemAnswers, optional
        Answers to the satisfaction questions: waves that were asked different ones are compared by those that both
        were asked, as the reason says, and not at all (*blocked*) where there are none. None: all were asked the same.
    labels : pair of str, optional
        Names of the two answers of a binary question: shares of both then, instead of levels.

    Returns
    -------
    list of Estimate
        Index by Student's interval [0–100], shares by the adjusted Wald interval. In each segment a person counts
        once, by the latest answer; survey weights enter the values, and the intervals through their replicates or,
        where they have none, through linearisation (means) and the effective number of people (shares). Segment *all*
        is `headline_wave` beside `ALL_WAVES`, everybody's latest answer, or that where every wave is small. Intervals
        of changes from wave to wave hold for all that can be told together: their level is 1 − .05 / changes
        (Bonferroni); that of the change in a year, of the newest wave alone, is .95.
    """
    newest = headline_wave(scores, waves)
    pooled = _segment_index(_latest_scores(scores), ALL_WAVES if newest else "all", replicas, labels)
    head = _segment_index(_wave_scores(scores, newest, replicas), "all", _of_wave(replicas, newest), labels) if newest \
        else []
    estimates = [*(replace(e, reason=e.reason or wave_segment(newest)) for e in head), *pooled]
    groups = [_wave_scores(scores, wave, replicas) for wave in waves] if len(waves) > 1 else []
    for wave, group in zip(waves, groups, strict=False):
        estimates += _segment_index(group, wave_segment(wave), _of_wave(replicas, wave), labels)
    estimates += _wave_changes(waves, groups, scores, replicas, given)
    if struck:
        return [no_estimate(e.quantity, Status.STRUCK, struck, unit=e.unit, n=e.n, segment=e.segment)
                for e in estimates]
    return estimates


def questions(
    scores: pd.DataFrame, given: ItemAnswers, known: pd.DataFrame, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return the mean of each question that the index rests on, so that runs with other questions can be told.

    Parameters
    ----------
    scores : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.
    given : ItemAnswers
        From `helpers.satisfaction.satisfaction_index.by_item`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    replicas : ReplicateWeights, optional
        Of the weights.

    Returns
    -------
    list of Estimate
        Mean of each person's latest answer [0–100] by item, the ends of its scale as the reason.
    """
    latest, ends, made = _latest_scores(scores), known.set_index("item"), []
    for item in given.percent.columns:
        percent = given.percent[item].reindex(latest["response_id"]).to_numpy()
        people = latest[~np.isnan(percent)]
        mean = _sample_of_scores(people, replicas).mean(percent[~np.isnan(percent)])
        made.append(
            estimate_if_enough(f"{QUESTION}{SATISFACTION_LABEL}", mean, len(people), unit="points", segment=str(item))
        )
    return [replace(e, reason=scale_of(ends.loc[e.segment])) for e in made if e.status is Status.OK]


def scale_of(item: Any) -> str:
    """Return the ends of an item's scale, in words."""
    return f"from {item.scale_low:g} to {item.scale_high:g}"


def is_apart(table: pd.DataFrame) -> bool:
    """Return whether waves that follow each other were asked different questions, from the long table of the index."""
    of = table[table["quantity"] == SATISFACTION_CHANGE]
    return bool((of["status"].eq(Status.BLOCKED) | (of["status"].eq(Status.OK) & of["reason"].fillna("").ne(""))).any())


def _latest_scores(scores: pd.DataFrame) -> pd.DataFrame:
    ordered = scores.sort_values(["responded_at", "response_id"], na_position="first")
    return ordered.drop_duplicates("person", keep="last").sort_values("person", ignore_index=True)


def _wave_scores(scores: pd.DataFrame, wave: str, replicas: ReplicateWeights | None) -> pd.DataFrame:
    """Return each person's latest score in a wave, with the wave's own weights where it has some."""
    group = _latest_scores(scores[scores["wave"] == wave])
    if replicas is None or wave not in replicas.waves:
        return group
    return group.assign(weight=replicas.waves[wave].of(group["person"].to_numpy())[0])


def _of_wave(replicas: ReplicateWeights | None, wave: str) -> ReplicateWeights | None:
    return None if replicas is None else replicas.of_wave(wave)


def _sample_of_scores(group: pd.DataFrame, replicas: ReplicateWeights | None) -> WeightedSample:
    return WeightedSample(group["person"].to_numpy(), group["weight"].to_numpy(float), replicas)


def _segment_index(group: pd.DataFrame, segment: str, replicas: ReplicateWeights | None,
                   labels: tuple[str, str] | None) -> list[Estimate]:
    n, rows = len(group), _sample_of_scores(group, replicas)
    levels = zip(LEVEL_SHARES, SATISFACTION_LEVELS, strict=True)
    is_in = {quantity: group["level"] == level for quantity, level in levels} if labels is None else {
        f"{SHARE_OF_ANSWER}{label}": group["satisfaction"] == score
        for label, score in zip(labels, (0.0, 100.0), strict=True)}
    found = [
        estimate_if_enough(
            SATISFACTION_LABEL, rows.mean(group["satisfaction"].to_numpy(float)), n, unit="points", segment=segment
        )
    ]
    return found + [
        estimate_if_enough(quantity, rows.share(is_so.to_numpy()), n, unit="share", segment=segment)
        for quantity, is_so in is_in.items()
    ]


def _wave_changes(
    waves: Sequence[str], groups: Sequence[pd.DataFrame], scores: pd.DataFrame, replicas: ReplicateWeights | None,
    given: ItemAnswers | None,
) -> Iterator[Estimate]:
    """Return the change of each wave from the one before, and of the newest of thirty from that a year before."""
    steps = list(pairwise(groups))
    level = 1 - 0.05 / max(sum(_is_comparable(step, given) for step in steps), 1)
    pairs = [(SATISFACTION_CHANGE, i, i + 1, level) for i in range(len(steps))]
    newest = max((i for i, group in enumerate(groups) if len(group) >= FEW_PEOPLE), default=len(groups) - 1)
    year = _a_year_before(groups[: newest + 1])
    pairs += [(SATISFACTION_YEAR_CHANGE, year, newest, 0.95)] if 0 <= year < newest - 1 else []
    for quantity, first, last, at in pairs:
        names, pair = (waves[first], waves[last]), (groups[first], groups[last])
        found = _change_of(names, pair, scores, replicas, given, at)
        year_of = f"since {wave_segment(names[0])}" if quantity == SATISFACTION_YEAR_CHANGE else ""
        yield replace(found, quantity=quantity, reason="; ".join(filter(None, (year_of, found.reason))))


def _is_comparable(pair: Sequence[pd.DataFrame], given: ItemAnswers | None) -> bool:
    return _least(pair) >= LEAST_PEOPLE and (
        given is None or bool(given.common(*(g["response_id"] for g in pair)).items))


def _change_of(
    names: tuple[str, str], pair: Sequence[pd.DataFrame], scores: pd.DataFrame, replicas: ReplicateWeights | None,
    given: ItemAnswers | None, level: float,
) -> Estimate:
    segment, note = wave_segment(names[1]), ""
    if given is not None and _least(pair) >= LEAST_PEOPLE:
        common = given.common(*(g["response_id"] for g in pair))
        note = common.note
        if not common.items:
            return no_estimate(
                SATISFACTION_CHANGE, Status.BLOCKED, note, unit="points", n=_least(pair), segment=segment)
        if note:
            pair = [_wave_scores(given.rescored(scores[scores["wave"] == w], common.items), w, replicas) for w in names]
    if _least(pair) < LEAST_PEOPLE:
        reason = f"{too_few(_least(pair))}, in one of the waves {names[0]} and {names[1]}"
        return no_estimate(
            SATISFACTION_CHANGE, Status.INSUFFICIENT, reason, unit="points", n=_least(pair), segment=segment)
    before, after = (g["satisfaction"].to_numpy(float) for g in pair)
    samples = (_sample_of_scores(pair[0], _of_wave(replicas, names[0])),
               _sample_of_scores(pair[1], _of_wave(replicas, names[1])))
    change: Interval = weighted_difference((before, after), samples, level)[0]
    return Estimate(SATISFACTION_CHANGE, change.value, change.low, change.high, "points", _least(pair), segment, level,
                    reason=note)


def _a_year_before(groups: Sequence[pd.DataFrame]) -> int:
    """Return the place of the wave whose middle answer lies nearest to a year before the newest's, −1 without one."""
    middle = [pd.to_datetime(group["responded_at"]).median() for group in groups]
    if len(middle) < 2 or any(pd.isna(day) for day in middle):
        return -1
    away = [abs((middle[-1] - day).days - 365) for day in middle[:-1]]
    return away.index(min(away)) if min(away) <= NEAR_A_YEAR_DAYS else -1


def _least(groups: Sequence[pd.DataFrame]) -> int:
    return min(map(len, groups))
