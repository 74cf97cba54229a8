"""The satisfaction index and the shares of the levels: for everybody, by wave, and from wave to wave."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods.common_items import QUESTION, ItemAnswers
from helpers.methods.disclosure_control import LEAST_PEOPLE, published, too_few
from helpers.methods.intervals import Interval
from helpers.methods.scales import LEVELS
from helpers.methods.weighing import Replicas, Rows, difference

INDEX = "satisfaction"
CHANGE = "change of satisfaction"
SHARES = tuple(f"share {level}" for level in LEVELS)


def segment_of(wave: str) -> str:
    """Return the name of a wave's segment."""
    return f"wave {wave}"


def index(
    scores: pd.DataFrame, waves: Sequence[str], struck: str = "", replicas: Replicas | None = None,
    given: ItemAnswers | None = None,
) -> list[Estimate]:
    """Return the index, the shares of the four levels and the changes between waves.

    Parameters
    ----------
    scores : DataFrame
        From `helpers.satisfaction.scores.scores`, in memory.
    waves : sequence of str
        Waves, oldest first; a single wave is the same as everybody and gets no rows of its own.
    struck : str
        Why the claims are struck; empty where they stand.
    replicas : Replicas, optional
        Of the weights.
    given : ItemAnswers, optional
        Answers to the satisfaction questions: waves that were asked different ones are compared by those that both
        were asked, as the reason says, and not at all (*blocked*) where there are none. None: all were asked the same.

    Returns
    -------
    list of Estimate
        Index by Student's interval [0–100], shares by the adjusted Wald interval. In each segment a person counts
        once, by the latest answer; survey weights enter the values, and the intervals through their replicates or,
        where they have none, through linearisation (means) and the effective number of people (shares). Intervals of
        changes hold for all changes together: their level is 1 − .05 / changes (Bonferroni).
    """
    estimates = _segment(_latest(scores), "all", replicas)
    groups = [_latest(scores[scores["wave"] == wave]) for wave in waves] if len(waves) > 1 else []
    for wave, group in zip(waves, groups, strict=False):
        estimates += _segment(group, segment_of(wave), replicas)
    estimates += _changes(waves, groups, scores, replicas, given)
    if struck:
        return [without_value(e.quantity, Status.STRUCK, struck, unit=e.unit, n=e.n, segment=e.segment)
                for e in estimates]
    return estimates


def questions(
    scores: pd.DataFrame, given: ItemAnswers, known: pd.DataFrame, replicas: Replicas | None = None
) -> list[Estimate]:
    """Return the mean of each question that the index rests on, so that runs with other questions can be told.

    Parameters
    ----------
    scores : DataFrame
        From `helpers.satisfaction.scores.scores`.
    given : ItemAnswers
        From `helpers.satisfaction.scores.by_item`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`.
    replicas : Replicas, optional
        Of the weights.

    Returns
    -------
    list of Estimate
        Mean of each person's latest answer [0–100] by item, the ends of its scale as the reason.
    """
    latest, ends, made = _latest(scores), known.set_index("item"), []
    for item in given.percent.columns:
        percent = given.percent[item].reindex(latest["response_id"]).to_numpy()
        people = latest[~np.isnan(percent)]
        mean = _rows(people, replicas).mean(percent[~np.isnan(percent)])
        made.append(published(f"{QUESTION}{INDEX}", mean, len(people), unit="points", segment=str(item)))
    return [replace(e, reason=scale_of(ends.loc[e.segment])) for e in made if e.status is Status.OK]


def scale_of(item: pd.Series | tuple) -> str:
    """Return the ends of an item's scale, in words."""
    return f"from {item.scale_low:g} to {item.scale_high:g}"


def is_apart(table: pd.DataFrame) -> bool:
    """Return whether waves that follow each other were asked different questions, from the long table of the index."""
    of = table[table["quantity"] == CHANGE]
    return bool((of["status"].eq(Status.BLOCKED) | (of["status"].eq(Status.OK) & of["reason"].fillna("").ne(""))).any())


def _latest(scores: pd.DataFrame) -> pd.DataFrame:
    ordered = scores.sort_values(["responded_at", "response_id"], na_position="first")
    return ordered.drop_duplicates("person", keep="last").sort_values("person", ignore_index=True)


def _rows(group: pd.DataFrame, replicas: Replicas | None) -> Rows:
    return Rows(group["person"].to_numpy(), group["weight"].to_numpy(float), replicas)


def _segment(group: pd.DataFrame, segment: str, replicas: Replicas | None) -> list[Estimate]:
    n, rows = len(group), _rows(group, replicas)
    found = [published(INDEX, rows.mean(group["satisfaction"].to_numpy(float)), n, unit="points", segment=segment)]
    return found + [published(quantity, rows.share((group["level"] == level).to_numpy()), n, unit="share",
                              segment=segment) for level, quantity in zip(LEVELS, SHARES, strict=True)]


def _changes(
    waves: Sequence[str], groups: Sequence[pd.DataFrame], scores: pd.DataFrame, replicas: Replicas | None,
    given: ItemAnswers | None,
) -> Iterator[Estimate]:
    level = 1 - 0.05 / max(len(groups) - 1, 1)
    for i in range(1, len(groups)):
        names, pair, note = waves[i - 1:i + 1], groups[i - 1:i + 1], ""
        segment = segment_of(waves[i])
        if given is not None and _least(pair) >= LEAST_PEOPLE:
            common = given.common(*(g["response_id"] for g in pair))
            note = common.note
            if not common.items:
                yield without_value(CHANGE, Status.BLOCKED, note, unit="points", n=_least(pair), segment=segment)
                continue
            if note:
                pair = [_latest(given.rescored(scores[scores["wave"] == w], common.items)) for w in names]
        if _least(pair) < LEAST_PEOPLE:
            reason = f"{too_few(_least(pair))}, in one of the waves {names[0]} and {names[1]}"
            yield without_value(CHANGE, Status.INSUFFICIENT, reason, unit="points", n=_least(pair), segment=segment)
            continue
        values = tuple(g["satisfaction"].to_numpy(float) for g in pair)
        change: Interval = difference(values, tuple(_rows(g, replicas) for g in pair), level)[0]
        yield Estimate(CHANGE, change.value, change.low, change.high, "points", _least(pair), segment, level,
                       reason=note)


def _least(groups: Sequence[pd.DataFrame]) -> int:
    return min(map(len, groups))
