"""Text on loyalty types and their evidence."""

from dataclasses import asdict

import pandas as pd

from helpers.foundation.results import Estimate, Status
from helpers.loyalty import (
    loyalty_dimensions,
    loyalty_types,
)
from helpers.loyalty.dick_basu_uncertainty import KIND_CERTAINTY, PROBABILITY_COLUMNS
from helpers.loyalty.textbook_claims import ReturnsBySatisfaction
from helpers.reporting import formatting
from helpers.reporting.text.loyalty import (
    Row,
    is_reported,
    is_satisfaction_alone,
    kind_names,
    quantity_row,
    share_text,
    shares_said,
)
from helpers.reporting.text.repurchase import segment_row
from helpers.stats.confidence_intervals import ties_with_largest
from helpers.stats.disclosure_control import is_hidden, people_text, value_text_if_enough
from helpers.stats.latent_class import LatentClasses

CALLED = {
    loyalty_types.MONOPOLY_MOTIVE: "lack of an alternative",
    loyalty_types.INERTIA_MOTIVE: "inertia",
    loyalty_types.PRICE_MOTIVE: "the price",
    loyalty_types.INCENTIVE_MOTIVE: "rewards",
    loyalty_types.TRUST_MOTIVE: "trust",
    loyalty_types.TIED_MOTIVES: "two or more reasons equally",
    loyalty_types.NO_EVIDENCE: "none",
}

BY_ORDERS = {loyalty_types.PRICE_MOTIVE: "mostly under promotions",
             loyalty_types.INCENTIVE_MOTIVE: "mostly when rewarded or just contacted"}


def loyalty_types_finding(kinds: pd.DataFrame) -> str:
    """Return for which reasons of repeat purchase the evidence speaks, most frequent first.

    Parameters
    ----------
    kinds : DataFrame
        ``results/loyalty_kinds``.
    """
    found = {m: segment_row(kinds, loyalty_types.MOTIVE_SHARE, m) for m in loyalty_types.ALL_LOYALTY_MOTIVES}
    known = [m for m in loyalty_types.LOYALTY_MOTIVES if is_reported(found[m])]
    if not known:
        return (f"Reasons for repeat purchase are not known: of those who repeat and answered, "
                f"{found[loyalty_types.TRUST_MOTIVE]['reason']}{_by_orders(kinds)}.")
    n = formatting.count_text(found[known[0]]["n"], "repeating customer", "repeating customers") + " who answered"
    named = sorted(((m, found[m]) for m in known), key=lambda pair: -pair[1]["value"])
    bare = {m: {**found[m], "low": None, "high": None} for m in (loyalty_types.TIED_MOTIVES, loyalty_types.NO_EVIDENCE)}
    whole = dict(named) | bare
    shares = dict(zip(whole, shares_said(list(whole.values())), strict=True))
    said = [f"{CALLED[m]} {shares[m]}" for m, r in named if r["value"] > 0]
    rest = [f"{CALLED[m]} {shares[m]}" for m in bare if found[m]["value"] > 0]
    unknown = [m for m in loyalty_types.LOYALTY_MOTIVES if m not in known]
    also = f" Not asked and not recorded: {formatting.join_words(unknown)}." if unknown else ""
    if not said:
        return f"Of {n}, the evidence shows no reason for repeat purchase.{also}"
    close = f"; {formatting.join_words(rest)}" if rest else ""
    return f"Strongest evidence of a reason among {n}: {formatting.join_words(said)}{close}.{also}"


def _by_orders(kinds: pd.DataFrame) -> str:
    """Return what orders alone tell; empty where they tell nothing."""
    counts = {
        m: segment_row(kinds, loyalty_types.MOTIVE_COUNT, m)["value"]
        for m in BY_ORDERS
    }
    said = [f"{people_text(n)} buy {BY_ORDERS[m]}" for m, n in counts.items() if n]
    return f"; by their orders {formatting.join_words(said)}" if said else ""


def loyalty_types_title(kinds: pd.DataFrame) -> str:
    """Return the finding above the figure of the kinds."""
    found = {m: segment_row(kinds, loyalty_types.MOTIVE_SHARE, m) for m in loyalty_types.LOYALTY_MOTIVES}
    order = sorted(((m, r) for m, r in found.items() if is_reported(r)), key=lambda pair: -pair[1]["value"])
    if not order:
        return f"Why customers keep buying: {found[loyalty_types.TRUST_MOTIVE]['reason']}"
    (top, most), others = order[0], order[1:]
    if not most["value"]:
        return "The evidence shows no reason for repeat purchase"
    ties = ties_with_largest(most["value"], [r["value"] for _, r in others], most["n"])
    near = [m for (m, _), is_tied in zip(others, ties, strict=True) if is_tied]
    if near:
        return (f"The evidence speaks most often for {formatting.join_words([CALLED[m] for m in (top, *near)])}: the "
                "difference is not statistically significant")
    count = most["value"] * most["n"]
    share = value_text_if_enough(f": {formatting.share(most['value'])}", count, most["n"] - count)
    return f"The evidence speaks most often for {CALLED[top]}{share}"


def hostages_sentence(kinds: pd.DataFrame) -> str:
    """Return how many stay and dislike us."""
    found = quantity_row(kinds, loyalty_types.HOSTAGE_SHARE)
    if not is_reported(found):
        return f"The number of hostages is not known: {found['reason']}."
    if not found["value"]:
        return (
            f"Nobody among {formatting.count_text(found['n'], 'repeating customer', 'repeating customers')} stays "
            "in dislike."
        )
    return (f"{formatting.sentence_case(share_text(found))} of the repeating customers who answered are hostages: they "
            "keep buying though their answers tell dislike.")


REASON_RULE = ("In each customer a sign that holds adds its weight to its reason, and one that is known and does not "
               "hold takes it away; the largest sum above zero names the reason.")


def loyalty_type_ties(ties: pd.DataFrame) -> str:
    """Return which kinds tie most often."""
    if ties.empty:
        return "Nobody shows equal evidence for two reasons."
    first, n = ties.iloc[0], ties["n"].sum()
    often = "" if is_hidden(first["n"]) else f", most often {first['kinds']} ({people_text(first['n'])})"
    return f"Equal evidence for two or more reasons: {people_text(n, 'customer', 'customers')}{often}."


def membership_certainty(matrix: pd.DataFrame) -> str:
    """Return how sure the four kinds are once measurement error is considered; empty where nobody is classified."""
    found = [quantity_row(matrix, f"expected share {c.removeprefix('p_')}") for c in PROBABILITY_COLUMNS]
    sure = quantity_row(matrix, KIND_CERTAINTY)
    if not is_reported(found[0]) or not is_reported(sure):
        return ""
    named = kind_names(is_satisfaction_alone(matrix))
    shares = formatting.join_words(
        [f"{formatting.share(r['value'])} {named[r['quantity'].removeprefix('expected share ')]}" for r in found]
    )
    return (f"With the error of attitude and of few periods considered, {shares} are expected; on average a customer "
            f"is of the likeliest kind with a probability of {formatting.share(sure['value'])}.")


def loyalty_dimensions_sentence(motives: pd.DataFrame) -> str:
    """Return the highest and the lowest attitude and whether they differ, and what was not asked."""
    of_all = motives[motives["quantity"].isin(loyalty_dimensions.DIMENSIONS) & motives["segment"].eq("all")]
    rows = of_all.to_dict("records")
    known = [r for r in rows if is_reported(r)]
    if not known:
        return "No dimension of loyalty is known."
    attitudes = sorted((r for r in known if r["quantity"] not in loyalty_dimensions.NOT_COMPARED),
                       key=lambda r: -r["value"])
    said = _attitudes_apart(motives, attitudes) if len(attitudes) > 1 else (
        f"Of attitudes only {attitudes[0]['quantity']} is known." if attitudes else "")
    lacks = formatting.join_words([r["quantity"] for r in rows if not is_reported(r)], none="")
    return " ".join(filter(None, (said, f"Not known: {lacks}." if lacks else "")))


def _attitudes_apart(motives: pd.DataFrame, attitudes: list[Row]) -> str:
    first, last = attitudes[0]["quantity"], attitudes[-1]["quantity"]
    apart = quantity_row(motives, loyalty_dimensions.DIMENSION_DIFFERENCE)
    if not is_reported(apart):
        return f"Too few people told both {first} and {last} to compare them."
    size = f"{formatting.points(apart['value'])} {formatting.interval(apart['low'], apart['high'], formatting.points)}"
    of = formatting.join_words([r["quantity"] for r in attitudes])
    if apart["low"] <= 0:
        return f"Of {of} none is shown to be higher: {first} and {last} are {size} apart for the same people."
    if len(attitudes) == 2:
        return f"{formatting.sentence_case(first)} is higher than {last}: by {size} for the same people."
    return f"Of {of} the highest is {first}, the lowest {last}: {size} apart for the same people."


LEAST_BUYERS = 100  # of whom a period's repeat purchase is told to within ten points


def loyalty_formation(periods: pd.DataFrame) -> str:
    """Return how loyalty in deed forms over the periods after the first purchase.

    Parameters
    ----------
    periods : DataFrame
        From `helpers.loyalty.loyalty_by_tenure.purchases_by_period`.
    """
    again = periods.dropna(subset=["share_again", "share_active"])
    again = again[again["n_before"] >= LEAST_BUYERS]
    if len(again) < 2:
        return (f"How repeat purchase develops is not known: it takes {LEAST_BUYERS} customers who had bought in the "
                "period before, in two periods or more.")
    first, last = again.iloc[0], again.iloc[-1]
    rises = ("rises" if last["again_low"] > first["again_high"] else
             "falls" if last["again_high"] < first["again_low"] else "is not shown to move beyond its intervals,")
    return (
        f"Of those who bought in one period, the share who bought in the next {rises} from "
        f"{formatting.share(first['share_again'])} of {people_text(first['n_before'])} in period "
        f"{int(first['period'])} to {formatting.share(last['share_again'])} of {people_text(last['n_before'])} in "
        f"period {int(last['period'])}, the last of {LEAST_BUYERS} or more; of all customers "
        f"{formatting.share(first['share_active'])} bought in the first of these and "
        f"{formatting.share(last['share_active'])} in the last. Those who remain are a selection (survivorship): "
        "this is no proof that tenure makes customers loyal."
    )


def latent_class_sentence(fits: list[LatentClasses]) -> str:
    """Return how many groups the data fall into by themselves."""
    chosen = loyalty_types.lowest_bic(fits)
    if chosen is None:
        return "Latent classes need two hundred repeating customers with three signs or more."
    n = len(chosen.shares)
    if n == 1:
        return "By BIC the signs fall into one class only: the declared kinds cut a continuum."
    at_end = " (the most that were tried)" if n == len(fits) else ""
    return (f"By BIC the signs fall into {n} classes{at_end}, the largest with "
            f"{formatting.share(float(chosen.shares[0]))} of the repeating customers who answered.")


def textbook_claim_sentences(more: Estimate, returns: ReturnsBySatisfaction) -> tuple[str, str, str]:
    """Return what own data say of each textbook claim on loyalty.

    Parameters
    ----------
    more : Estimate
        From `helpers.loyalty.textbook_claims.recommendation_gain`.
    returns : ReturnsBySatisfaction
        From `helpers.loyalty.textbook_claims.returns_by_satisfaction`.
    """
    recommends = (f"Repeating customers would recommend more often than others by {formatting.estimate_text(more)}."
                  if more.status is Status.OK else f"Cannot say: {more.reason}.")
    return recommends, _end_returned(returns, 0, "least"), _end_returned(returns, 2, "most")


def _end_returned(returns: ReturnsBySatisfaction, end: int, name: str) -> str:
    """Return how many of one end by satisfaction repurchased beside the middle, or what of the two is not known."""
    own, middle = returns.shares[end], returns.shares[1]
    if lacking := next((e.reason for e in (own, middle) if e.status is not Status.OK), ""):
        return f"Cannot say: {lacking}."
    own_text, middle_text = (share_text(asdict(e)) for e in (own, middle))
    return (f"Within {returns.horizon_days} days {own_text} of the {name} satisfied 15 % repurchased, "
            f"{middle_text} of the middle 70 %.")
