"""Text on the frames of questions: levels of satisfaction, around the purchase, antecedents, delivered value, Kano."""

from collections.abc import Sequence

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Status, estimate_table
from helpers.reporting import formatting
from helpers.satisfaction.item_frameworks import (
    CORRELATION_BY,
    DELIVERED_VALUE_WEIGHT,
    DIFFERENCE_BY,
    GAINS,
    IMPORTANCE_ROLE,
    SACRIFICES,
    SCORE_BY,
)
from helpers.satisfaction.kano import KANO_CATEGORIES, REVERSE
from helpers.stats.disclosure_control import is_hidden
from helpers.stats.multiple_testing import may_be_lowest

MOST_MISSED = 3  # Kano properties by name

ANTECEDENT, DELIVERED = "antecedent", "delivered"

FRAMES = {"level": "Material, social, spiritual", "horizontal": "Sides of the offer", "phase": "Around the purchase",
          "value": "Kinds of value", "means": "Means and ends", "importance": "Importance as stated"}


def frame_caption(frame: str, label: str) -> str:
    """Return the caption of a frame's scores; those of unlike questions say that no reliability is asked of them.

    Examples
    --------
    >>> frame_caption("importance", "Importance as stated")
    'Importance as stated: scores, and their correlation with satisfaction'
    """
    unlike = "" if frame == IMPORTANCE_ROLE else "; the questions of a tag need not agree, no α is asked for"
    return f"{label}: scores, and their correlation with satisfaction{unlike}"


def frame_sentence(rows: Sequence[Estimate], frame: str, mixed: str = "") -> str:
    """Return a frame's lowest and highest score and what satisfaction goes with; empty with fewer than two tags.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.item_frameworks`: scores, differences and correlations.
    frame : str
        Of `FRAMES`.
    mixed : str
        What the groups are told apart by whose drivers differ: what satisfaction goes with is then told of none.
    """
    if len(_rows(rows, SCORE_BY, frame)) < 2:
        return ""
    return " ".join(part for part in (_difference(rows, frame), "" if mixed else _association(rows, frame))
                    if part)


def _rows(rows: Sequence[Estimate], quantity: str, frame: str) -> list[Estimate]:
    return [e for e in rows if e.quantity == f"{quantity}{frame}" and e.status is Status.OK]


def _difference(rows: Sequence[Estimate], frame: str) -> str:
    scores, gap = _rows(rows, SCORE_BY, frame), _rows(rows, DIFFERENCE_BY, frame)
    low, high = min(scores, key=lambda e: e.value), max(scores, key=lambda e: e.value)
    if not gap or gap[0].low <= 0 <= gap[0].high:
        names = formatting.join_words([e.segment for e in scores])
        return f"{FRAMES[frame]}: the scores of {names} show no statistically significant difference."
    apart = f"{formatting.points(-gap[0].value)} {formatting.interval(-gap[0].high, -gap[0].low, formatting.points)}"
    said = [f"{e.segment} is {name}" for e, name, of in (
        (low, "lowest", may_be_lowest(*_limits(scores))), (high, "highest", _may_be_highest(scores))) if sum(of) == 1]
    order = "" if len(scores) == 2 else f"; {formatting.join_words(said)}" if said else "; no other order is shown"
    adjusted = "" if len(scores) == 2 else " (adjusted for all pairs)"
    return (f"{FRAMES[frame]}: {high.segment} stands {apart}{adjusted} above {low.segment} for those who answered both"
            f"{order}.")


def _limits(rows: Sequence[Estimate]) -> tuple[list[float], list[float], list[float]]:
    return [e.value for e in rows], [e.low for e in rows], [e.high for e in rows]


def _may_be_highest(rows: Sequence[Estimate]) -> list[bool]:
    return may_be_lowest([-e.value for e in rows], [-e.high for e in rows], [-e.low for e in rows])


def _association(rows: Sequence[Estimate], frame: str) -> str:
    """Return which tags go most with satisfaction; empty where fewer than two are known, or all may go as much."""
    found = sorted(_rows(rows, CORRELATION_BY, frame), key=lambda e: (-e.value, e.segment))
    if len(found) < 2:
        return ""
    first = [e for e, is_near in zip(found, _may_be_highest(found), strict=True) if is_near]
    said = formatting.join_words([f"{e.segment} ({formatting.estimate_text(e)})" for e in first])
    if len(first) == len(found):
        return ""
    return f"Most closely correlated with satisfaction: {said}."


def antecedent_sentence(rows: Sequence[Estimate]) -> str:
    """Return how fairness, attribution and emotion go with satisfaction; empty where none was asked for.

    Parameters
    ----------
    rows : sequence of Estimate
        As in `frame_sentence`.
    """
    found = sorted(_rows(rows, CORRELATION_BY, ANTECEDENT), key=lambda e: (-e.value, e.segment))
    if not found:
        return ""
    said = formatting.join_words([f"{e.segment} {formatting.estimate_text(e)}" for e in found])
    first = f"; {_first_words(found)}" if len(found) > 1 else ""
    return f"Correlation of satisfaction with {said}{first}: associations only."


def _first_words(found: Sequence[Estimate]) -> str:
    if found[0].low > found[1].high:
        return f"{found[0].segment} comes first"
    return f"the intervals of {found[0].segment} and {found[1].segment} overlap"


def delivered_value_sentence(rows: Sequence[Estimate]) -> str:
    """Return which gains and sacrifices weigh in the value delivered; empty where they were not asked for.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.item_frameworks.delivered_value_weights`.
    """
    found = [e for e in rows if e.quantity == DELIVERED_VALUE_WEIGHT and e.status is Status.OK]
    if not found:
        return ""
    heavy = sorted((e for e in found if e.low > 0), key=lambda e: -e.value)
    light = [part_label(e.segment) for e in found if e.low <= 0 <= e.high]
    said = [f"{part_label(e.segment)} {formatting.number(e.value)} {formatting.interval(e.low, e.high)}" for e in heavy]
    much = (f"Weights in the value delivered, points for a point more of each, from {formatting.whole(found[0].n)} "
            f"people whose newest answer has all its parts: {formatting.join_words(said)}." if said
            else "No gain or sacrifice has a weight in the value delivered that differs from nothing.")
    little = f" Not statistically significant: {formatting.join_words(light)}." if light and said else ""
    asked = "" if len(found) == len((*GAINS, *SACRIFICES)) else (
        f" Asked were {len(found)} of its {len((*GAINS, *SACRIFICES))} parts.")
    return f"{much}{little}{asked}"


def delivered_value_title(rows: Sequence[Estimate]) -> str:
    """Return the finding above the figure of the weights."""
    found = sorted((e for e in rows if e.quantity == DELIVERED_VALUE_WEIGHT and e.status is Status.OK),
                   key=lambda e: -e.value)
    if len(found) < 2 or found[0].low <= found[1].high:
        return "No part of the value delivered can be told to weigh most"
    return f"Of the value delivered, {part_label(found[0].segment)} weighs most"


def delivered_value_parts(rows: Sequence[Estimate]) -> pd.DataFrame:
    """Return the weights in the value delivered, the heaviest first: ``part, value, low, high``."""
    found = [(part_label(e.segment), e.value, e.low, e.high) for e in rows
             if e.quantity == DELIVERED_VALUE_WEIGHT and e.status is Status.OK]
    made = pd.DataFrame(found, columns=["part", "value", "low", "high"])
    return made.sort_values("value", ascending=False, ignore_index=True)


def pairs_of_tags(rows: Sequence[Estimate]) -> pd.DataFrame:
    """Return cognitive beside affective, transaction beside cumulative satisfaction.

    Parameters
    ----------
    rows : sequence of Estimate
        As in `frame_sentence`.
    """
    apart = (SCORE_BY, DIFFERENCE_BY, CORRELATION_BY, DELIVERED_VALUE_WEIGHT)
    return estimate_table([e for e in rows if e.status is Status.OK and not e.quantity.startswith(apart)])


def part_label(segment: str) -> str:
    """Return a part of delivered value without its kind.

    Examples
    --------
    >>> part_label("sacrifice: time")
    'time'
    """
    return segment.partition(": ")[2] or segment


def frame_table(rows: Sequence[Estimate], frame: str) -> pd.DataFrame:
    """Return one row a tag of a frame: ``tag, questions, score, people, correlation, people_of_both``, values in words.

    Values have their intervals; who answered the tag's questions and those on satisfaction at once is of both.

    Where a check speaks against a score, ``why`` says so.

    Parameters
    ----------
    rows : sequence of Estimate
        As in `frame_sentence`.
    frame : str
        Its name.
    """
    correlations = {e.segment: e for e in _rows(rows, CORRELATION_BY, frame)}
    made = []
    for e in rows:
        if e.quantity == f"{SCORE_BY}{frame}" and e.status in (Status.OK, Status.STRUCK):
            questions, _, why = e.reason.partition("; ") if e.status is Status.OK else ("", "", e.reason)
            score = formatting.estimate_text(e) if e.status is Status.OK else "not reported (failed check)"
            names = [readable_id(name) for name in questions.removeprefix("questions: ").split(", ")]
            r = correlations.get(e.segment)
            correlation = ("", pd.NA) if r is None else (formatting.estimate_text(r), r.n)
            made.append((e.segment, ", ".join(names), score, e.n, *correlation, why))
    columns = ["tag", "questions", "score", "people", "correlation", "people_of_both", "why"]
    table = pd.DataFrame(made, columns=columns).astype({"people_of_both": "Int64"})
    return table if table["why"].any() else table.drop(columns="why")


def kano_sentence(shown: pd.DataFrame) -> str:
    """Return how many properties are clearly of each category, and how many are between several.

    Parameters
    ----------
    shown : DataFrame
        From `helpers.satisfaction.kano.kano_properties`.
    """
    if shown.empty:
        return "There are no Kano pairs that ten people or more answered."
    ties = int(shown["category"].str.contains("tied with").sum())
    parts = []
    for kind, said in (("must-be", "taken for granted"), ("one-dimensional", "wanted the more the better"),
                       ("attractive", "a pleasant surprise"), ("indifferent", "a matter of indifference"),
                       ("reverse", "not wanted"), ("questionable", "answered inconsistently")):
        n = int((shown["category"] == kind).sum())
        parts += [f"{formatting.whole(n)} {'is' if n == 1 else 'are'} clearly {said} ({kind})"] if n else []
    parts += [f"{formatting.whole(ties)} {'is' if ties == 1 else 'are'} between two categories or more"] if ties else []
    rule = (" Clearly: seen so by more people than any other way, beyond chance, each property by itself (McNemar)."
            if ties < len(shown) else "")
    return (f"Of {formatting.count_text(len(shown), 'property', 'properties')}, {formatting.join_words(parts)}.{rule} "
            f"{_missed_most(shown)}")


def _missed_most(shown: pd.DataFrame) -> str:
    """Return the property whose lack costs most, with those not told apart from it; that it is one of many."""
    near = shown[may_be_lowest(shown["worse"], shown["worse_low"], shown["worse_high"])]
    if len(near) > MOST_MISSED:
        return "No single property is shown to be missed most where it lacks."
    said = [f"“{r['property']}” ({formatting.number(r['worse'])})" for r in near.to_dict("records")]
    return f"What is missed most where it lacks: {formatting.join_words(said)}."


def kano_table(shown: pd.DataFrame) -> pd.DataFrame:
    """Return category, better and worse of each property, with intervals in words.

    Neither are counts of categories there, from which with the coefficients those of one to nine people would follow,
    nor coefficients that such a count makes up.

    Parameters
    ----------
    shown : DataFrame
        From `helpers.satisfaction.kano.kano_properties`.
    """
    made = shown[["property", "category"]].copy()
    valid = shown[list(KANO_CATEGORIES[:REVERSE])].sum(axis=1)
    for c in ("better", "worse"):
        told = [not is_hidden(abs(v) * n) and not is_hidden((1 - abs(v)) * n)
                for v, n in zip(shown[c], valid, strict=True)]
        made[c] = shown[c].where(told)
        made[f"{c} interval"] = [formatting.interval(low, high) if is_told else "" for low, high, is_told in zip(
            shown[f"{c}_low"], shown[f"{c}_high"], told, strict=True)]
    return made
