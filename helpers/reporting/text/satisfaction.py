"""Text of the satisfaction page: index, levels, NPS, CSAT, waves."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.satisfaction.nps_csat_ces import CES, CSAT, NPS, TOP_MINUS_BOTTOM, TOP_TWO_AGREEMENT
from helpers.satisfaction.satisfaction_index import (
    LEVEL_SHARES,
    SATISFACTION_CHANGE,
    SATISFACTION_LABEL,
    SATISFACTION_YEAR_CHANGE,
    SCORE_FORMULA,
    SHARE_OF_ANSWER,
    is_apart,
    wave_segment,
)
from helpers.satisfaction.schema import SATISFACTION_LEVELS
from helpers.stats.confidence_intervals import ties_with_largest
from helpers.stats.disclosure_control import share_text_if_enough

Row = Mapping[str, Any]

CLAIM = "satisfaction index and levels"

MOST_CHANGES = 4

FROM_WAVE, FROM_YEAR, WHETHER_WAVE = "From wave ", "Against ", "Whether wave "

AGREEMENT_LEVELS = dict(zip(SATISFACTION_LEVELS, (
    "disagree or strongly disagree", "neither agree nor disagree", "agree", "strongly agree"), strict=True))

OWN_QUESTIONS = "Waves were asked different questions: their values are not comparable."

NO_RECOMMENDATION = "Whether customers recommend us: insufficient data."

NEEDED = "A survey with a question on satisfaction, answered by ten people or more, is needed."


def with_agreement_levels(index: pd.DataFrame) -> pd.DataFrame:
    """Return the long table with levels of agreement where the questions state satisfaction, to be agreed with or not.

    Whoever disagrees with being very satisfied is not shown to be dissatisfied.
    """
    if not index["quantity"].eq(TOP_TWO_AGREEMENT).any():
        return index
    named = {f"share {level}": f"share {name}" for level, name in AGREEMENT_LEVELS.items()}
    return index.assign(quantity=index["quantity"].replace(named))


def quantity_rows(table: pd.DataFrame, quantity: str, segment: str = "all") -> list[Row]:
    """Return the rows of a long table that hold a quantity, or one of its questions, for a segment."""
    of_segment = table[table["segment"] == segment].to_dict("records")
    return [r for r in of_segment if r["quantity"] == quantity or r["quantity"].startswith(f"{quantity} (")]


def is_reported(row: Row) -> bool:
    """Return whether a row has a value that may be relied on."""
    return row["status"] == Status.OK


def satisfaction_answer(index: pd.DataFrame, gates: pd.DataFrame, waves: Sequence[str]) -> tuple[str, ...]:
    """Return the answer of the page: the index, the levels or the measure that stands in for them, the change.

    Parameters
    ----------
    index : DataFrame
        ``results/satisfaction_index``.
    gates : DataFrame
        ``results/satisfaction_gates``.
    waves : sequence of str
        Waves, oldest first.
    """
    found = quantity_rows(index, SATISFACTION_LABEL)
    answers = answer_shares(index)
    if answers and is_reported(answers[-1]):
        return tuple(filter(None, (_share_satisfied(answers, gates), wave_change(index, waves))))
    if not found or not is_reported(found[0]):
        return (_no_index(found), *(s for s in (recommendation_sentence(index),) if s != NO_RECOMMENDATION))
    wave = _headline_wave(found[0])
    until = waves[: waves.index(wave) + 1] if wave in waves else waves
    return tuple(filter(None, (_index(found[0], gates, waves), satisfaction_levels(index), wave_change(index, until),
                               year_change(index, until))))


def satisfaction_opening(index: pd.DataFrame, gates: pd.DataFrame, waves: Sequence[str]) -> str:
    """Return the index of the wave that heads the page, with its change from the wave before."""
    first, *rest = satisfaction_answer(index, gates, waves)
    change = [sentence for sentence in rest if sentence.startswith((FROM_WAVE, FROM_YEAR, WHETHER_WAVE))]
    return " ".join([first, *change])


def _headline_wave(row: Row) -> str:
    """Return the wave that the index speaks of; empty where it speaks of everybody's latest answer."""
    return str(row["reason"]).removeprefix(wave_segment(""))


def _in_wave(index: pd.DataFrame) -> str:
    """Return of which wave the values for everybody are; empty where they are of everybody's latest answer."""
    wave = next((_headline_wave(row) for row in quantity_rows(index, SATISFACTION_LABEL)), "")
    return f", {wave_segment(wave)}" if wave in waves_of(index) else ""


def waves_of(index: pd.DataFrame) -> list[str]:
    """Return the waves that ``results/satisfaction_index`` has rows of, in its order, oldest first."""
    segments = index["segment"][index["segment"].str.startswith(wave_segment(""))]
    return [segment.removeprefix(wave_segment("")) for segment in segments.unique()]


def answer_shares(index: pd.DataFrame, segment: str = "all") -> list[Row]:
    """Return the shares of the two answers of a binary question, yes last; none where the scale has more answers."""
    rows = index[index["quantity"].str.startswith(SHARE_OF_ANSWER) & (index["segment"] == segment)].to_dict("records")
    return [{**row, "quantity": row["quantity"].removeprefix(SHARE_OF_ANSWER)} for row in rows]


def _share_satisfied(answers: Sequence[Row], gates: pd.DataFrame) -> str:
    no, yes = answers
    people = formatting.count_text(yes["n"], "person", "people")
    return (f"{share_text_if_enough(formatting.estimate_text(yes), yes['value'], yes['n'])} of {people} are "
            f"{yes['quantity']}, the others {no['quantity']}{_caveat(gates)}.")


def _caveat(gates: pd.DataFrame) -> str:
    """Return what qualifies the index and the levels, to stand in the same sentence; empty where nothing does."""
    crossed = gates[gates["is_crossed"] & (gates["level"] == "qualify")]
    touching = crossed.loc[crossed["claims"].isin([CLAIM, "every measure"]), "sentence"]
    caveats = [sentence.split(";")[0].rstrip(".") for sentence in touching]
    return f" (caution: {'; '.join(caveats)})" if caveats else ""


def _index(row: Row, gates: pd.DataFrame, waves: Sequence[str]) -> str:
    people = formatting.count_text(row["n"], "person", "people")
    pooled = "each by the latest answer"
    if len(waves) > 1 and not row["reason"]:
        pooled += " of any wave, since no wave has the thirty people to stand alone"
    wave = _headline_wave(row)
    which = f" in wave {wave}, the newest wave with thirty people or more: the mean of {people}" if wave else (
        f", the mean of {people}, {pooled}")
    return f"Satisfaction stands at {score_text(row)} of 100{which}{_caveat(gates)}."


def _no_index(found: Sequence[Row]) -> str:
    if not found:
        return f"Satisfaction cannot be estimated: insufficient data. {NEEDED}"
    if found[0]["status"] == Status.STRUCK:
        return (
            f"The satisfaction index is not reported (failed check): {found[0]['reason']}, so its questions do not "
            "measure one thing."
        )
    return f"Satisfaction cannot be estimated: insufficient data, {found[0]['reason']}. {NEEDED}"


def score_text(row: Row) -> str:
    """Return a score in points with its range, the unit said once."""
    return (
        f"{formatting.points(row['value'])} {formatting.interval(row['low'], row['high'], formatting.points)}".strip()
    )


def satisfaction_levels(index: pd.DataFrame) -> str:
    """Return who is highly satisfied and who is not; empty where it cannot be said."""
    index = with_agreement_levels(index)
    high, low = quantity_rows(index, "share highly satisfied"), quantity_rows(index, "share dissatisfied")
    if not (high and low and is_reported(high[0]) and is_reported(low[0])):
        return ""
    said = [
        formatting.sentence_case(share_text_if_enough(formatting.estimate_text(r), r["value"], r["n"]))
        for r in (high[0], low[0])
    ]
    return f"{said[0]} are highly satisfied, {said[1][:1].lower()}{said[1][1:]} dissatisfied."


def wave_change(index: pd.DataFrame, waves: Sequence[str]) -> str:
    """Return how the newest wave differs from the one before; empty where there is but one wave."""
    if len(waves) < 2:
        return ""
    before, newest = waves[-2:]
    row = next(iter(quantity_rows(index, SATISFACTION_CHANGE, wave_segment(newest))), None)
    if row is None or not is_reported(row):
        reason = row["reason"] if row else "nobody to speak of"
        return f"{WHETHER_WAVE}{newest} differs from wave {before} is not known: {reason}."
    moved = formatting.change_text(row["value"], row["low"], row["high"], formatting.points)
    how = formatting.interval(row["low"], row["high"], formatting.points) if _is_beyond(row) else f"({score_text(row)})"
    many = int((index["quantity"].eq(SATISFACTION_CHANGE) & index["status"].eq(Status.OK)).sum())
    notes = [f"interval for all {formatting.whole(many)} changes"] * (many > 1) + [row["reason"]] * bool(row["reason"])
    return f"{FROM_WAVE}{before} to wave {newest}: {', '.join([f'{moved} {how}', *notes])}."


def year_change(index: pd.DataFrame, waves: Sequence[str]) -> str:
    """Return how the newest wave differs from that a year before; empty where none was near that day."""
    if not (row := _year_change_row(index, waves)):
        return ""
    since, _, note = str(row["reason"]).removeprefix("since ").partition("; ")
    moved = formatting.change_text(row["value"], row["low"], row["high"], formatting.points)
    how = formatting.interval(row["low"], row["high"], formatting.points) if _is_beyond(row) else f"({score_text(row)})"
    return f"{FROM_YEAR}{since}, a year before: {moved} {how}{f', {note}' if note else ''}."


def _year_change_row(index: pd.DataFrame, waves: Sequence[str]) -> Row | None:
    """Return the row that tells how the newest of some waves differs from that a year before; None without one."""
    row = next(iter(quantity_rows(index, SATISFACTION_YEAR_CHANGE, wave_segment(waves[-1]))), None) if waves else None
    return row if row is not None and is_reported(row) else None


def year_change_row(index: pd.DataFrame) -> Row | None:
    """Return the row of the change on the year before of the wave that heads the page; None where there is none."""
    found, waves = quantity_rows(index, SATISFACTION_LABEL), waves_of(index)
    wave = _headline_wave(found[0]) if found else ""
    return _year_change_row(index, waves[: waves.index(wave) + 1] if wave in waves else waves)


def recommendation_sentence(index: pd.DataFrame) -> str:
    """Return what the recommendation questions say, by the name that their scale allows."""
    found = [r for q in (NPS, TOP_MINUS_BOTTOM) for r in quantity_rows(index, q) if is_reported(r)]
    if not found:
        return NO_RECOMMENDATION
    said = [
        f"{r['quantity']} is {score_text(r)}, from {formatting.count_text(r['n'], 'person', 'people')}" for r in found
    ]
    return f"{formatting.sentence_case(formatting.join_words(said))}."


def common_measures(index: pd.DataFrame) -> str:
    """Return which of the three common measures the survey allows."""
    has = [q for q in (NPS, CSAT, CES) if any(is_reported(r) for r in quantity_rows(index, q))]
    lacks = [q for q in (NPS, CSAT, CES) if q not in has]
    if not has:
        instead = [q for q in (TOP_MINUS_BOTTOM, TOP_TWO_AGREEMENT) if any(map(is_reported, quantity_rows(index, q)))]
        rest = f"; {formatting.join_words(instead)}, {'stands' if len(instead) == 1 else 'stand'} in" if instead else ""
        return (
            f"None of {formatting.join_words(lacks)} can be given: each belongs to one kind of question on one "
            f"scale{rest}."
        )
    rest = (
        f"; {formatting.join_words(lacks)} cannot be given, for lack of such a question or of answers" if lacks else ""
    )
    return f"The survey allows {formatting.join_words(has)}{_in_wave(index)}{rest}."


def index_formula() -> str:
    """Return the formula of the index in words."""
    return f"{formatting.sentence_case(SCORE_FORMULA)}."


def levels_title(index: pd.DataFrame, design_effect: float = 1.0) -> str:
    """Return the finding above the figure of the levels; ties are judged by the effective number of people."""
    if answers := [r for r in answer_shares(index) if is_reported(r)]:
        return formatting.sentence_case(formatting.join_words(
            [f"{formatting.share(r['value'])} are {r['quantity']}" for r in reversed(answers)])) + _in_wave(index)
    index = with_agreement_levels(index)
    found = [r for level in (*SATISFACTION_LEVELS, *AGREEMENT_LEVELS.values())
             for r in quantity_rows(index, f"share {level}") if is_reported(r)]
    if not found:
        return "Shares of the levels of satisfaction: insufficient data"
    found = sorted(found, key=lambda r: -r["value"])
    names = [str(r["quantity"]).removeprefix("share ") for r in found]
    ties = ties_with_largest(found[0]["value"], [r["value"] for r in found[1:]], found[0]["n"] / design_effect)
    near = [name for name, is_tied in zip(names[1:], ties, strict=True) if is_tied]
    one, many = ("commonest answer is", "commonest answers are") if names[0] in AGREEMENT_LEVELS.values() else (
        "largest group is", "largest groups are")
    if near:
        return (f"The {many} {formatting.join_words([names[0], *near])}{_in_wave(index)}: the difference is not "
                "statistically significant")
    return f"The {one} {names[0]}: {formatting.share(found[0]['value'])}{_in_wave(index)}"


def cuts_sentence(cuts: Sequence[float], levels: pd.DataFrame, declared: Sequence[float] = ()) -> str:
    """Return where the levels end; empty where none is shown, or where they end as the assumptions say.

    Parameters
    ----------
    cuts : sequence of float
        From `helpers.satisfaction.satisfaction_index.levels_cuts`.
    levels : DataFrame
        From `level_shares`.
    declared : sequence of float
        The default cut points, which stand among the assumptions.
    """
    names = levels.loc[levels["quantity"].isin(SATISFACTION_LEVELS) & (levels["status"] == Status.OK), "quantity"]
    told = formatting.join_words([f"{cut:.1f}" for cut in cuts])
    return f"Levels end at {told} points, means over the questions on satisfaction." if (
        len(names) and tuple(cuts) != tuple(declared)) else ""


def waves_title(index: pd.DataFrame, waves: Sequence[str]) -> str:
    """Return the finding above the figure of the waves."""
    found = [
        r for wave in waves for r in quantity_rows(index, SATISFACTION_CHANGE, wave_segment(wave)) if is_reported(r)
    ]
    if not found:
        return "Satisfaction by wave: fewer than two waves that can be compared" if not is_apart(index) else \
            "Each wave was asked questions of its own, so satisfaction is not compared over waves"
    beyond = [r for r in found if _is_beyond(r)]
    if not beyond:
        return "Satisfaction shows no statistically significant change from any wave to the next"
    moves = [f"{'rises' if r['value'] > 0 else 'falls'} in {r['segment']}" for r in beyond]
    rest = len(moves) - MOST_CHANGES
    more = f" (and in {formatting.count_text(rest, 'earlier wave', 'earlier waves')})" if rest > 0 else ""
    return f"Satisfaction significantly {formatting.join_words(moves[-MOST_CHANGES:])}{more}"


def wave_changes(index: pd.DataFrame, waves: Sequence[str]) -> tuple[str, ...]:
    """Return why waves cannot be compared: there is one only, or steps lack questions or people; empty: all can."""
    if len(waves) < 2:
        return ("Nothing can be said about change: fewer than two waves are recorded.",)
    steps = [next(iter(quantity_rows(index, SATISFACTION_CHANGE, wave_segment(wave))), None) for wave in waves[1:]]
    unknown = sum(row is None or not is_reported(row) for row in steps)
    gone = f"{formatting.sentence_case(formatting.count_text(unknown, 'step', 'steps'))} cannot be compared."
    return (*([gone] if unknown else []), *([OWN_QUESTIONS] if is_apart(index) else []))


def _is_beyond(row: Row) -> bool:
    return row["low"] > 0 or row["high"] < 0


def single_item_measures(index: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the measures that belong to one question and have a value, for everybody."""
    names = (NPS, TOP_MINUS_BOTTOM, CSAT, TOP_TWO_AGREEMENT, CES)
    of_all = index[(index["segment"] == "all") & ~index["status"].eq(Status.NOT_APPLICABLE)]
    is_single = of_all["quantity"].isin(names) | of_all["quantity"].str.startswith(tuple(f"{n} (" for n in names))
    return of_all[is_single.astype(bool)]


def construct_scores(index: pd.DataFrame) -> pd.DataFrame:
    """Return the constructs' scores that stand, their names alone as the quantity."""
    found = index[index["quantity"].str.startswith("score of ") & (index["status"] == Status.OK)]
    return found.assign(quantity=found["quantity"].str.removeprefix("score of ").map(readable_id))


def level_shares(index: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of the levels for everybody, or of the two answers, the level alone as the quantity."""
    if answers := answer_shares(index):
        return pd.DataFrame(answers, columns=index.columns)
    found = with_agreement_levels(index[index["quantity"].isin([*LEVEL_SHARES, TOP_TWO_AGREEMENT])
                                        & (index["segment"] == "all")])
    found = found[found["quantity"] != TOP_TWO_AGREEMENT]
    return found.assign(quantity=found["quantity"].str.removeprefix("share "))


def satisfaction_headline(index: pd.DataFrame) -> tuple[str, ...]:
    """Return the numbers handed on, to two digits."""
    kept = [r for q in (SATISFACTION_LABEL, "share highly satisfied", NPS) for r in quantity_rows(index, q)]
    return tuple(
        f"{r['quantity']}: {r['value']:.2g}" if is_reported(r) else f"{r['quantity']}: {formatting.estimate_text(r)}"
        for r in kept
    )
