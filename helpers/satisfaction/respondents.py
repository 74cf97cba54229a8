"""How people answered: from invitation to answer, straight-lining, floor and ceiling."""

from collections.abc import Sequence

import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.estimates import Estimate, Gate, Level, Status, without_value
from helpers.methods import scales
from helpers.methods.disclosure_control import published
from helpers.methods.intervals import share
from helpers.methods.weighing import Replicas
from helpers.satisfaction.quality import APART

STRAIGHT, FLOOR, CEILING = "share who give one answer to everything", "share at the floor", "share at the ceiling"
STRAIGHT_LIMIT, END_LIMIT, LEAST_ITEMS, MOST_NAMED = 0.10, 0.50, 5, 5


def chain(invitations: ir.Table, scored: pd.DataFrame) -> list[Estimate]:
    """Return how many were invited, answered and can be scored; as shares of the invited.

    Parameters
    ----------
    invitations : Table
        ``canonical/invitations``.
    scored : DataFrame
        From `helpers.satisfaction.scores.scores`.
    """
    sent = invitations.select("response_id").to_pyarrow().to_pandas()["response_id"]
    if sent.empty:
        return [without_value("response rate", Status.NOT_APPLICABLE, "no invitations are recorded", unit="share")]
    answered = sent.dropna()
    usable = int(answered.isin(set(scored["response_id"])).sum())
    return [Estimate("invited", float(len(sent)), unit="people", n=len(sent)),
            published("response rate", share(len(answered) / len(sent), len(sent)), len(sent), unit="share"),
            published("usable response rate", share(usable / len(sent), len(sent)), len(sent), unit="share")]


def habits(answers: ir.Table, known: pd.DataFrame, replicas: Replicas | None = None) -> list[Estimate]:
    """Return straight-lining, and each question's share of answers at the lowest and at the highest end.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`.
    replicas : Replicas, optional
        Of the weights.

    Notes
    -----
    Straight-lining is the same position on the paper, so scores are counted as they were given, before turning.
    """
    known = known[~known["role"].isin(APART)]  # at the end of a weight or of Kano's answers there is nothing wrong
    items = list(known["item"])
    rows = scales.latest_of(scales.wide(answers, items), items) if items else pd.DataFrame()
    if rows.empty:
        return [without_value(STRAIGHT, Status.INSUFFICIENT, "no survey answers", unit="share")]
    paper = _paper(rows, known)
    enough = paper[paper.notna().sum(axis=1) >= LEAST_ITEMS]
    made = [_straight(enough, replicas)]
    for item in items:
        given = rows[item].dropna()
        of = scales.rows_of(given, replicas)
        made += [published(q, of.share((given == end).to_numpy()), len(given), unit="share", segment=item)
                 for q, end in ((FLOOR, 0.0), (CEILING, 100.0))]
    return made


def _paper(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return answers as ticked, 0–100 from the lowest, of the questions on the commonest scale."""
    scale = known[["scale_low", "scale_high"]].apply(tuple, axis=1)
    same = known[scale == scale.mode().iloc[0]]
    turned = dict(zip(same["item"], same["is_reversed"], strict=True))
    return pd.DataFrame({item: 100 - rows[item] if is_turned else rows[item] for item, is_turned in turned.items()})


def _straight(paper: pd.DataFrame, replicas: Replicas | None) -> Estimate:
    if paper.empty:
        reason = f"nobody answered {LEAST_ITEMS} questions on one scale"
        return without_value(STRAIGHT, Status.NOT_APPLICABLE, reason, unit="share")
    is_straight = (paper.max(axis=1) - paper.min(axis=1)) == 0
    given = scales.rows_of(paper, replicas).share(is_straight.to_numpy())
    return published(STRAIGHT, given, len(paper), unit="share")


def habit_gates(found: Sequence[Estimate]) -> list[Gate]:
    """Return the gates on straight-lining and on questions that most people answer at one end."""
    of = [e for e in found if e.status is Status.OK]
    made = [Gate("straight-lining", e.value, STRAIGHT_LIMIT, e.value > STRAIGHT_LIMIT, Level.QUALIFY, "every measure",
                 f"{100 * e.value:.1f} % give one answer to everything; the limit is {100 * STRAIGHT_LIMIT:g} %.")
            for e in of if e.quantity == STRAIGHT]
    ends = sorted((e for e in of if e.quantity in (FLOOR, CEILING) and e.value > END_LIMIT), key=lambda e: -e.value)
    return made + ([_end_gate(ends)] if ends else [])


def _end_gate(ends: Sequence[Estimate]) -> Gate:
    """Return one gate for all questions that most people answer at one end, named by the worst."""
    said = ", ".join(f"{e.segment} ({100 * e.value:.0f} % at its {e.quantity.removeprefix('share at the ')})"
                     for e in ends[:MOST_NAMED])
    more = f" and {len(ends) - MOST_NAMED} more" if len(ends) > MOST_NAMED else ""
    one = len(ends) == 1
    return Gate("questions answered at one end", ends[0].value, END_LIMIT, True, Level.NOTE,
                "differences in these questions",
                f"{len(ends)} question{'' if one else 's'} {'has' if one else 'have'} more than half of the answers at "
                f"one end: {said}{more}; {'it' if one else 'they'} can hardly tell people apart.")
