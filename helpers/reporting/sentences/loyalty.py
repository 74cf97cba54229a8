"""What the loyalty page says, from its own result tables."""

from collections.abc import Mapping, Sequence

import pandas as pd

from helpers.foundation.estimates import Status
from helpers.loyalty.assumptions import Assumptions
from helpers.loyalty.behaviour import BOUGHT_AGAIN, ORDERED_AGAIN
from helpers.loyalty.kinds import ATTITUDE_ONLY, BEHAVIOUR_ONLY, KINDS, STRUCK, TOO_EARLY
from helpers.loyalty.matrix import ATTITUDE, BEHAVIOUR, CLAIM, CORRELATION, NEAR, SHARES, SURVEYED
from helpers.methods.disclosure_control import (
    LEAST_PEOPLE,
    is_hidden,
    parts_told,
    rows_withheld,
    share_told,
    told,
)
from helpers.methods.intervals import tied
from helpers.reporting import words

Row = Mapping[str, object]
CALLED = {"true": "truly loyal", "latent": "latently loyal", "spurious": "spuriously loyal", "none": "not loyal"}
EMPTY = f"Cells of one to {LEAST_PEOPLE - 1} people are empty."


def row(table: pd.DataFrame, quantity: str) -> Row:
    """Return the row of a long table that holds a quantity for everybody."""
    return table[(table["quantity"] == quantity) & (table["segment"] == "all")].iloc[0].to_dict()


def is_ok(found: Row) -> bool:
    """Return whether a row has a value that may be relied on."""
    return found["status"] == Status.OK


def known(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a long table that have a value, without shares that stand for one to nine people."""
    found = table[(table["status"] == Status.OK) & ~rows_withheld(table)]
    return found[~((found["unit"] == "share") & (found["value"] * found["n"]).map(is_hidden))]


def share_said(found: Row) -> str:
    """Return a share of people with its interval; a part of one to nine people is not named."""
    return share_told(words.estimate(found), found["value"], found["n"])


def shares_said(found: Sequence[Row]) -> list[str]:
    """Return shares that divide the same people, each with its interval; none of one to nine people can be told."""
    return parts_told([words.estimate(r) for r in found], [r["value"] * r["n"] for r in found])


def people(matrix: pd.DataFrame, kind: str) -> float:
    """Return how many people are of a kind, NaN where that is withheld."""
    return float(row(matrix, f"people: {kind}")["value"])


def answer(matrix: pd.DataFrame, gates: pd.DataFrame) -> tuple[str, ...]:
    """Return the answer of the page: the four kinds, or why they cannot be told, and who is not in them.

    Parameters
    ----------
    matrix : DataFrame
        ``results/loyalty_matrix``.
    gates : DataFrame
        ``results/loyalty_gates``.
    """
    found = [row(matrix, quantity) for quantity in SHARES]
    if not any(is_ok(f) for f in found):
        return tuple(filter(None, (_no_kinds(matrix, found[0]), one_side(matrix, gates), repeated(matrix),
                                   others(matrix))))
    shares = [f"{said} are {CALLED[kind]}" for kind, said in zip(KINDS, shares_said(found), strict=True)]
    who = words.count(next(f["n"] for f in found if is_ok(f)), "customer", "customers")
    return tuple(filter(None, (f"Of {who} who answered and could have bought again, {shares[0]}{_caveat(gates)}.",
                               f"Of the same, {words.joined(shares[1:])}.", others(matrix))))


def kinds(matrix: pd.DataFrame, gates: pd.DataFrame) -> str:
    """Return the answer on the four kinds as one text, without who is not among them.

    Parameters
    ----------
    matrix, gates : DataFrame
        As for `answer`.
    """
    return " ".join(sentence for sentence in answer(matrix, gates) if sentence != others(matrix))


def _no_kinds(matrix: pd.DataFrame, found: Row) -> str:
    if found["status"] == Status.STRUCK:
        return f"Kinds of loyalty are struck: {found['reason']}, so the questions on attitude do not measure one thing."
    said = people(matrix, ATTITUDE_ONLY) + people(matrix, STRUCK) + sum(people(matrix, kind) for kind in KINDS)
    lacks = "nobody has both an attitude and enough behaviour" if not found["n"] else found["reason"]
    need = ("orders of the same customers, over more than one period, would tell" if said
            else "a survey of the same customers on intention, recommendation, commitment or trust would tell")
    return f"Who is loyal, and of which kind, cannot be said: insufficient data, {lacks}; {need}."


def _caveat(gates: pd.DataFrame) -> str:
    crossed = gates[gates["is_crossed"] & (gates["level"] == "qualify") & (gates["claims"] == CLAIM)]
    caveats = [sentence.split(";")[0].rstrip(".") for sentence in crossed["sentence"]]
    return f" (with care: {'; '.join(caveats)})" if caveats else ""


def one_side(matrix: pd.DataFrame, gates: pd.DataFrame) -> str:
    """Return what is known of attitude or of behaviour where the two cannot be crossed; empty where neither is."""
    attitude, behaviour = row(matrix, ATTITUDE), row(matrix, BEHAVIOUR)
    parts = []
    if is_ok(attitude):
        parts.append(f"the attitude of {words.count(attitude['n'], 'person', 'people')} averages "
                     f"{words.estimate(attitude)} of 100{_caveat(gates)}")
    if is_ok(behaviour):
        parts.append(f"{words.count(behaviour['n'], 'customer', 'customers')} bought in {words.estimate(behaviour)} of "
                     "the periods that they could have")
    return f"What is known: {words.joined(parts)}." if parts else ""


def others(matrix: pd.DataFrame) -> str:
    """Return who is not among the four kinds; empty where everybody is."""
    counts = {kind: people(matrix, kind) for kind in (BEHAVIOUR_ONLY, ATTITUDE_ONLY, TOO_EARLY)}
    said = {BEHAVIOUR_ONLY: "known by behaviour only", ATTITUDE_ONLY: "by attitude only",
            TOO_EARLY: "bought too recently to be judged and did not answer"}
    parts = [f"{told(n)} people {said[kind]}" for kind, n in counts.items() if n]
    return f"Not among them: {words.joined(parts)}." if parts else ""


def matrix_title(matrix: pd.DataFrame) -> str:
    """Return the finding above the figure of the four kinds; groups that tie are named together."""
    found = [(kind, row(matrix, f"share {kind}")) for kind in KINDS]
    if not is_ok(found[0][1]):
        return f"Attitude by behaviour cannot be shown: {_why(found[0][1])}"
    found = sorted(found, key=lambda pair: -pair[1]["value"])
    most = found[0][1]
    ties = tied(most["value"], [f["value"] for _, f in found[1:]], most["n"])
    near_ = [CALLED[kind] for (kind, _), is_tied in zip(found[1:], ties, strict=True) if is_tied]
    if near_:
        largest = words.joined([CALLED[found[0][0]], *near_])
        return f"The largest groups are the {largest}: which is larger is within noise"
    return f"The largest group are the {CALLED[found[0][0]]}: {words.share(most['value'])}"


def together(matrix: pd.DataFrame) -> str:
    """Return whether attitude and behaviour go together."""
    found = row(matrix, CORRELATION)
    if not is_ok(found):
        return f"Whether attitude and behaviour go together cannot be said: {_why(found)}."
    if not words.is_missing(found["low"]) and found["low"] <= 0 <= found["high"]:
        verdict = "no association of attitude with behaviour beyond noise"
    else:
        verdict = f"the stronger the attitude, the {'more' if found['value'] > 0 else 'less'} often people buy"
    return (f"Among {words.count(found['n'], 'customer', 'customers')} with both, {verdict}: "
            f"rank correlation {words.estimate(found)}.")


def near(matrix: pd.DataFrame) -> str:
    """Return how many customers are too near the cut of attitude to be sure of their kind."""
    found = row(matrix, NEAR)
    if not is_ok(found):
        return f"How many customers lie too near the cut to be sure of their kind cannot be said: {_why(found)}."
    error = row(matrix, "standard error of measurement of attitude")
    return (f"{share_said(found)} lie within one standard error of measurement ({words.points(error['value'])}) "
            "of the cut of attitude: their kind could as well be its neighbour.")


def repeated(matrix: pd.DataFrame) -> str:
    """Return how many customers ever came back, by orders and by days; empty where too few ever ordered."""
    orders, days = row(matrix, ORDERED_AGAIN), row(matrix, BOUGHT_AGAIN)
    if not is_ok(orders):
        return ""
    again, who = orders["value"] * orders["n"], words.count(orders["n"], "customer", "customers")
    if is_hidden(again):
        return f"{words.sentence_case(told(again))} of {who} ever placed a second order."
    text = f"{told(again)} of {who} ({words.estimate(orders)}) ever placed a second order"
    on_days = days["value"] * days["n"] if is_ok(days) else 0
    if is_hidden(on_days) or not on_days or (round(on_days), days["n"]) == (round(again), orders["n"]):
        return f"{text}."
    return (f"{text}, same-day and cancelled ones included; {told(on_days)} of {words.whole(days['n'])} "
            f"({words.estimate(days)}) bought on a second day.")


def surveyed(matrix: pd.DataFrame) -> str:
    """Return whether those who answered buy differently from those who did not."""
    found = row(matrix, SURVEYED)
    if not is_ok(found):
        return f"Whether those who answered buy like the others cannot be said: {_why(found)}."
    range_ = words.interval(found["low"], found["high"], words.points)
    if found["low"] <= 0 <= found["high"]:
        return f"Those who answered buy as often as the others, within noise ({words.points(found['value'])} {range_})."
    more = "more" if found["value"] > 0 else "fewer"
    return (f"Those who answered buy in {more} periods than the others, by {words.points(found['value'])} "
            f"{range_}: the shares above do not speak for everybody.")


def moved(table: pd.DataFrame) -> str:
    """Return how far the share of the truly loyal moves under other cuts and periods.

    Parameters
    ----------
    table : DataFrame
        From `helpers.loyalty.matrix.sensitivity`.
    """
    table = table.dropna(subset="true")
    if len(table) < 2:
        return "How the kinds move with the cuts cannot be said: insufficient data."
    low, high = table.loc[table["true"].idxmin()], table.loc[table["true"].idxmax()]
    if low["true"] == high["true"]:
        return f"The share of the truly loyal stays {words.share(low['true'])} under every other cut and period tried."
    return (f"The share of the truly loyal is {words.share(low['true'])} with {low['setting']} and "
            f"{words.share(high['true'])} with {high['setting']}: it is a choice of cuts as much as a finding.")


def definition(assumed: Assumptions) -> str:
    """Return what counts as strong attitude and as repeating, with the assumptions in it."""
    return (f"Attitude is strong from {words.number(assumed.attitude_cut)} of 100. A customer repeats who bought in at "
            f"least {words.share(assumed.share_active_cut)} of the whole periods of {assumed.period_days} days since "
            f"the first purchase, once {words.count(assumed.least_periods, 'period has', 'periods have')} passed, or "
            "who holds a running contract.")


def headline(matrix: pd.DataFrame) -> tuple[str, ...]:
    """Return the numbers handed on, to two digits."""
    found = [row(matrix, q) for q in (*SHARES[:2], CORRELATION)]
    return tuple(f"{r['quantity']}: {r['value']:.2g}" if is_ok(r) else f"{r['quantity']}: {words.estimate(r)}"
                 for r in found)


def _why(found: Row) -> str:
    return str(found["reason"])
