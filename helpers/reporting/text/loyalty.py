"""Text of the loyalty page: attitude by behaviour."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.foundation.results import Status
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import BEHAVIOUR_RECORDS, SECOND_DAY_SHARE, SECOND_ORDER_SHARE, unclassified_groups
from helpers.loyalty.dick_basu_uncertainty import (
    ATTITUDE_BEHAVIOUR_CORRELATION,
    KIND_SHARES,
    MEAN_ACTIVE_PERIODS,
    MEAN_ATTITUDE,
    SATISFACTION_ALONE,
)
from helpers.loyalty.quality_gates import KINDS_CLAIM
from helpers.loyalty.schema import (
    ANSWERED_TOO_EARLY,
    ATTITUDE_ONLY,
    BEHAVIOUR_ONLY,
    LOYALTY_KINDS,
    NOT_SEPARATED,
    TOO_EARLY,
    UNCLASSIFIED_KINDS,
)
from helpers.reporting import formatting
from helpers.stats.confidence_intervals import ties_with_largest
from helpers.stats.disclosure_control import (
    LEAST_PEOPLE,
    SOME,
    is_hidden,
    parts_text_if_enough,
    people_text,
    share_text_if_enough,
)
from helpers.stats.suppressed_tables import suppressed_rows

Row = Mapping[str, Any]

CALLED = {"true": "true loyalty", "latent": "latent loyalty", "spurious": "spurious loyalty", "none": "no loyalty"}

MEANING = {"latent": " (strong attitude, few purchases)", "spurious": " (repeat buying without a strong attitude)"}

OFTEN, RARELY = "customers who buy regularly", "customers who rarely or never buy again"

SATISFIED = {"true": f"satisfied {OFTEN}", "latent": f"satisfied {RARELY}", "spurious": f"other {OFTEN}",
             "none": f"other {RARELY}"}

ASKED = {"recommend": "recommendation"}


SAMPLING_ERROR = "intervals hold sampling error alone"

EMPTY = f"Cells of one to {LEAST_PEOPLE - 1} people are empty."


def quantity_row(table: pd.DataFrame, quantity: str) -> Row:
    """Return the row of a long table that holds a quantity for everybody."""
    return table[(table["quantity"] == quantity) & (table["segment"] == "all")].iloc[0].to_dict()


def is_reported(found: Row) -> bool:
    """Return whether a row has a value that may be relied on."""
    return found["status"] == Status.OK


def reported_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a long table that have a value, without shares that stand for one to nine people."""
    found = table[(table["status"] == Status.OK) & ~suppressed_rows(table)]
    return found[~((found["unit"] == "share") & (found["value"] * found["n"]).map(is_hidden))]


def share_text(found: Row) -> str:
    """Return a share of people with its interval; a part of one to nine people is not named."""
    return share_text_if_enough(formatting.estimate_text(found), found["value"], found["n"])


def shares_said(found: Sequence[Row]) -> list[str]:
    """Return shares that divide the same people, each with its interval; none of one to nine people can be told."""
    return parts_text_if_enough([formatting.estimate_text(r) for r in found], [r["value"] * r["n"] for r in found])


def is_satisfaction_alone(matrix: pd.DataFrame) -> bool:
    """Return whether nobody was asked about attachment, so that the four kinds are none of loyalty."""
    return bool((matrix["quantity"].eq(MEAN_ATTITUDE) & matrix["reason"].eq(SATISFACTION_ALONE)).any())


PURCHASE_DAY = "A day counts if its sales exceed what was refunded of them."

def kind_names(is_alone: bool) -> Mapping[str, str]:
    """Return what the four kinds are called: kinds of loyalty, or of satisfied customers where that alone was asked."""
    return SATISFIED if is_alone else CALLED


def matrix_rows(matrix: pd.DataFrame) -> pd.DataFrame:
    """Return the reported rows of the matrix; kinds that are none of loyalty by what they are.

    Without the numbers of those who are not classified where nobody is, or where one of them would follow, and without
    the number of those whom a failed check leaves unclassified where none has failed.
    """
    named = {f"{of} {kind}": f"{of}{'' if of.endswith(':') else ' of'} {name}"
             for of in ("share", "expected share", "people:") for kind, name in SATISFIED.items()}
    alone = {f"people: {kinds[0]}" for kinds, n in unclassified_groups(_unclassified_counts(matrix)) if len(kinds) == 1}
    found = reported_rows(matrix)
    withheld = {f"people: {kind}" for kind in UNCLASSIFIED_KINDS} - alone
    is_idle = (found["quantity"] == f"people: {NOT_SEPARATED}") & (found["value"] == 0)
    found = found[~found["quantity"].isin(withheld) & ~is_idle]
    return found.assign(quantity=found["quantity"].replace(named)) if is_satisfaction_alone(matrix) else found


def loyalty_count(matrix: pd.DataFrame, kind: str) -> float:
    """Return how many people are of a kind, NaN where that is withheld; none where nobody could be sorted."""
    found = quantity_row(matrix, f"people: {kind}")
    return 0.0 if found["status"] == Status.INSUFFICIENT else float(found["value"])


def loyalty_answer(matrix: pd.DataFrame, gates: pd.DataFrame) -> tuple[str, ...]:
    """Return the answer of the page: the four kinds, or why they cannot be told, and who is not in them.

    Parameters
    ----------
    matrix : DataFrame
        ``results/loyalty_matrix``.
    gates : DataFrame
        ``results/loyalty_gates``.
    """
    found = [quantity_row(matrix, quantity) for quantity in KIND_SHARES]
    if not any(is_reported(f) for f in found):
        return tuple(filter(None, (attitude_or_behaviour_only(matrix, gates), _no_kinds(matrix, found[0]),
                                   repeat_buyers(matrix), outside_groups(matrix))))
    shares = _kind_shares(matrix, found)
    who = formatting.count_text(next(f["n"] for f in found if is_reported(f)), "customer", "customers")
    notes = _in_brackets(_caveat(gates), SAMPLING_ERROR)
    return tuple(filter(None, (f"Of {who} who answered and could have bought again, {shares[0]}{notes}.",
                               f"Of the same, {formatting.join_words(shares[1:])}." if shares[1:] else "",
                               outside_groups(matrix))))


def _kind_shares(matrix: pd.DataFrame, found: Sequence[Row]) -> list[str]:
    """Return the share of each kind; those too small to be told alone are told together, in the place of the first."""
    is_alone = is_satisfaction_alone(matrix)
    verb, named = ("are", SATISFIED) if is_alone else ("show", CALLED)
    said = dict(zip(LOYALTY_KINDS, shares_said(found), strict=True))
    small = [kind for kind in LOYALTY_KINDS if said[kind] == SOME]
    n = sum(r["value"] * r["n"] for kind, r in zip(LOYALTY_KINDS, found, strict=True) if kind in small)
    of_small = (f"{people_text(n)} {verb} {' or '.join(named[kind] for kind in small)}, too few of one kind to tell "
                "them apart")
    meaning = {} if is_alone else MEANING
    parts = {kind: of_small if kind in small else f"{said[kind]} {verb} {named[kind]}{meaning.get(kind, '')}"
             for kind in LOYALTY_KINDS if kind not in small[1:]}
    if not is_alone:
        return list(parts.values())
    size: dict[str, float] = dict(zip(LOYALTY_KINDS, (r["value"] for r in found), strict=True))
    return [parts[kind] for kind in sorted(parts, key=lambda kind: -size[kind])]


def loyalty_groups(matrix: pd.DataFrame, gates: pd.DataFrame) -> str:
    """Return the answer on the four kinds as one text, without who is not among them.

    Parameters
    ----------
    matrix, gates : DataFrame
        As for `answer`.
    """
    return " ".join(sentence for sentence in loyalty_answer(matrix, gates) if sentence != outside_groups(matrix))


def satisfaction_as_attitude(matrix: pd.DataFrame) -> str:
    """Return what the kinds mean where nobody was asked about attachment; empty where somebody was, or none is told."""
    found = [quantity_row(matrix, quantity) for quantity in KIND_SHARES]
    if not is_satisfaction_alone(matrix) or not any(is_reported(f) for f in found):
        return ""
    return "Nobody was asked about attachment: this is satisfaction, no type of loyalty."


def _no_kinds(matrix: pd.DataFrame, found: Row) -> str:
    if found["status"] == Status.STRUCK:
        of_scale = str(found["reason"]).startswith("Cronbach")
        what, then = ("", ", so the questions on attitude do not measure one thing") if of_scale else (
            " and repeat purchase", "")
        return f"Types of loyalty{what} are not reported (failed check): {found['reason']}{then}."
    said = (
        loyalty_count(matrix, ATTITUDE_ONLY)
        + loyalty_count(matrix, ANSWERED_TOO_EARLY)
        + loyalty_count(matrix, NOT_SEPARATED)
        + sum(loyalty_count(matrix, kind) for kind in LOYALTY_KINDS)
    )
    bought = loyalty_count(matrix, BEHAVIOUR_ONLY) + loyalty_count(matrix, TOO_EARLY)
    lacks = found["reason"] if found["n"] else "no customer has both survey and order data" if said else (
        "nobody was asked about attachment")
    survey = "survey of the same customers on intention, recommendation, commitment or trust"
    need = ("orders of the same customers, over more than one period, would tell" if said else
            f"a {survey} would tell" if bought else f"orders, and a {survey}, would tell")
    return f"Types of loyalty cannot be estimated: insufficient data, {lacks}; {need}."


def _caveat(gates: pd.DataFrame) -> str:
    crossed = gates[gates["is_crossed"] & (gates["level"] == "qualify") & (gates["claims"] == KINDS_CLAIM)]
    caveats = [sentence.split(";")[0].split(" over ")[0].rstrip(".") for sentence in crossed["sentence"]]
    return f"caution: {'; '.join(caveats)}" if caveats else ""


def _in_brackets(*notes: str) -> str:
    said = "; ".join(filter(None, notes))
    return f" ({said})" if said else ""


def attitude_or_behaviour_only(matrix: pd.DataFrame, gates: pd.DataFrame) -> str:
    """Return what is known of attitude or of behaviour where the two cannot be crossed; empty where neither is."""
    attitude, behaviour = quantity_row(matrix, MEAN_ATTITUDE), quantity_row(matrix, MEAN_ACTIVE_PERIODS)
    parts = []
    if is_reported(attitude):
        of = "satisfaction" if is_satisfaction_alone(matrix) else "attitude"
        parts.append(f"the {of} of {formatting.count_text(attitude['n'], 'person', 'people')} averages "
                     f"{formatting.estimate_text(attitude)} of 100{_in_brackets(_caveat(gates))}")
    if is_reported(behaviour):
        parts.append(
            f"{formatting.count_text(behaviour['n'], 'customer', 'customers')} bought in "
            f"{formatting.estimate_text(behaviour)} of "
            "the periods that they could have"
        )
    return formatting.sentence_case(f"{formatting.join_words(parts)}.") if parts else ""


def outside_groups(matrix: pd.DataFrame, records: str = BEHAVIOUR_RECORDS) -> str:
    """Return who is not among the four kinds; empty where everybody is, and where a failed check leaves them empty.

    Parameters
    ----------
    matrix : DataFrame
        ``results/loyalty_matrix``.
    records : str
        From `helpers.loyalty.dick_basu.behaviour_records`.
    """
    if quantity_row(matrix, KIND_SHARES[0])["status"] == Status.STRUCK:
        return ""
    counts = _unclassified_counts(matrix)
    said = {BEHAVIOUR_ONLY: f"with {records} data only",
            ATTITUDE_ONLY: "who answered and have no order that counts",
            ANSWERED_TOO_EARLY: "who answered and began too recently to be judged",
            TOO_EARLY: "who did not answer and began too recently to be judged"}
    parts = [f"{people_text(n)} people {' or '.join(said[kind] for kind in kinds)}"
             for kinds, n in unclassified_groups(counts)]
    return f"Not classified: {formatting.join_words(parts)}." if parts else ""


def _unclassified_counts(matrix: pd.DataFrame) -> dict[str, float]:
    return {kind: loyalty_count(matrix, kind) for kind in UNCLASSIFIED_KINDS}


def loyalty_groups_title(matrix: pd.DataFrame) -> str:
    """Return the finding above the figure of the four kinds; groups that tie are named together."""
    found = [(kind, quantity_row(matrix, f"share {kind}")) for kind in LOYALTY_KINDS]
    if not is_reported(found[0][1]):
        return f"Attitude by behaviour is not available: {_why(found[0][1])}"
    found = sorted(found, key=lambda pair: -pair[1]["value"])
    most = found[0][1]
    ties = ties_with_largest(most["value"], [f["value"] for _, f in found[1:]], most["n"])
    named = kind_names(is_satisfaction_alone(matrix))
    near_ = [named[kind] for (kind, _), is_tied in zip(found[1:], ties, strict=True) if is_tied]
    if near_:
        largest = formatting.join_words([named[found[0][0]], *near_])
        return f"The largest groups are {largest}: the difference is not statistically significant"
    return f"The largest group is {named[found[0][0]]}: {formatting.share(most['value'])}"


def repeat_buyers(matrix: pd.DataFrame) -> str:
    """Return how many customers bought on a second day, and how many ordered again at all; empty where not reported."""
    said = []
    for quantity, did in ((SECOND_DAY_SHARE, "bought on a second day, at any time"),
                          (SECOND_ORDER_SHARE, "placed a second order, same-day and cancelled ones included")):
        found = quantity_row(matrix, quantity)
        if is_reported(found):
            again, who = found["value"] * found["n"], formatting.count_text(found["n"], "customer", "customers")
            share = "" if is_hidden(again) else f" ({formatting.estimate_text(found)})"
            said.append(f"{people_text(again)} of {who}{share} {did}")
    return f"{formatting.sentence_case('; '.join(said))}. {PURCHASE_DAY}" if said else ""


def loyalty_definition(assumed: LoyaltyConfig, people: pd.DataFrame) -> str:
    """Return what counts as strong attitude and as repeating, with the assumptions in it; contracts where they count.

    Parameters
    ----------
    assumed : LoyaltyConfig
        The thresholds.
    people : DataFrame
        From `helpers.loyalty.dick_basu.classify_loyalty`.
    """
    holds = people["has_contract"].astype("boolean").fillna(False)
    is_classified = people["kind"].isin(LOYALTY_KINDS)
    days = assumed.least_periods * assumed.period_days
    contract = f", or holds an active contract that began {days} or more days ago" * bool(holds[is_classified].any())
    outside = "" if contract or not holds.any() else " No customer with an active contract is among those classified."
    asked = formatting.join_words([ASKED.get(role, role.replace("_", " ")) for role in assumed.attitude_roles])
    return (
        f"Attitude is the answers on {asked}, strong from {formatting.number(assumed.attitude_cut)} of 100. Repeat "
        f"purchase means that a customer bought in at least {formatting.share(assumed.share_active_cut)} of the whole "
        f"periods of {assumed.period_days} days after the first purchase, which does not count itself, once "
        f"{formatting.count_text(assumed.least_periods, 'period has', 'periods have')} passed{contract}.{outside}"
    )


def loyalty_headline(matrix: pd.DataFrame) -> tuple[str, ...]:
    """Return the numbers handed on, to two digits."""
    told = matrix[~suppressed_rows(matrix)]
    named = (*KIND_SHARES[:2], ATTITUDE_BEHAVIOUR_CORRELATION)
    found = [quantity_row(told, q) for q in named if (told["quantity"] == q).any()]
    return tuple(
        f"{r['quantity']}: {r['value']:.2g}" if is_reported(r) else f"{r['quantity']}: {formatting.estimate_text(r)}"
        for r in found
    )


def _why(found: Row) -> str:
    return str(found["reason"])
