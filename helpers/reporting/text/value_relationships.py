"""Text on acquisition cost, payback, referrals, retention economics, life cycle, profitability."""

from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.stats.disclosure_control import (
    is_hidden,
    parts_text_if_enough,
    people_text,
    share_text_if_enough,
    suppress_cells,
)
from helpers.stats.suppressed_tables import suppressed_rows
from helpers.value import ledgers
from helpers.value.acquisition import ALL_CHANNELS, AcquisitionPayback
from helpers.value.concentration import Concentration
from helpers.value.customer_profitability import CustomerProfitability
from helpers.value.life_cycle import LifeCycle
from helpers.value.perceptual_map import PerceptualMap
from helpers.value.referrals import ReferralValue
from helpers.value.retention_economics import CLAIMED_YEARS, RetentionEconomics
from helpers.value.revenue_bridge import RevenueBridge
from helpers.value.segmentation import CustomerSegments
from helpers.value.value_predictors import ValuePredictors


def _reason(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


# --- winning ---------------------------------------------------------------------------------------------------------


def payback_title(found: AcquisitionPayback) -> str:
    """Return the title of the figure on payback: first the loss, then the month from which there is profit."""
    month = found.month()
    if found.reason or month.status is not Status.OK:
        return "Margin less customer acquisition cost (CAC), by month of a customer's life"
    return f"Customer acquisition cost (CAC) is paid back by month {formatting.whole(month.value)}"


def payback_sentence(found: AcquisitionPayback, currency: str = "") -> str:
    """Return when the cost of winning customers has come back, and by which channel soonest and latest."""
    month = found.month()
    if found.reason:
        return f"When a customer pays back the acquisition cost (CAC) cannot be said: {found.reason}."
    whole = found.costs.set_index("channel").loc[ALL_CHANNELS]
    cost = formatting.money(whole["cost"], currency)
    said = f"Customer acquisition cost (CAC) is {cost}, those who never bought included"
    if month.status is not Status.OK:
        return f"{said}; {_reason(month.reason)}."
    said += f"; the margin has passed it by {_months(month)}."
    known = [m for c in found.channels if c != ALL_CHANNELS and (m := found.month(c)).status is Status.OK]
    if len(known) > 1:
        soon, late = (pick(known, key=lambda m: m.value) for pick in (min, max))
        said += (
            f" By channel it takes from {formatting.whole(soon.value)} ({readable_id(soon.segment)}) to "
            f"{formatting.whole(late.value)} "
            f"months ({readable_id(late.segment)})."
            if soon.value < late.value
            else f" Every channel takes {formatting.count_text(soon.value, 'month', 'months')}."
        )
    never = [readable_id(c) for c in found.channels
             if c != ALL_CHANNELS and len(found.curve(c)) > 1 and found.month(c).status is not Status.OK]
    return said + (f" Not yet back: {formatting.join_words(never)}." if never else "")


def _months(month: Estimate) -> str:
    if month.low == month.high:
        return f"month {formatting.whole(month.value)}"
    high = "later than was seen" if np.isinf(month.high) else formatting.whole(month.high)
    return f"month {formatting.whole(month.value)} [{formatting.whole(month.low)}, {high}]"


def referral_sentence(found: ReferralValue, currency: str = "") -> str:
    """Return what customers who recommend us have brought."""
    if not found.n_referred:
        return "Nobody is recorded as brought by another customer."
    rows = {e.quantity: e for e in found.estimates() if e.segment == "all" or e.quantity == "margin_brought_a_head"}
    referred = rows["share_referred"]
    share = formatting.sentence_case(
        share_text_if_enough(formatting.estimate_text(referred), referred.value, referred.n)
    )
    few = people_text(found.n_unknown, "customer", "customers")
    unknown = f" The referrers of {few} are not on record." if found.n_unknown else ""
    if not found.n_referrers or is_hidden(found.n_referrers):
        return f"{share} of customers were brought by another.{unknown}"
    a_head = formatting.money(rows["margin_brought_a_head"].value, currency)
    means = [found.mean(group) for group in ("referred", "others")]
    compared = ""
    if all(m.status is Status.OK for m in means):
        compared = (
            f" To date a referred customer has brought {formatting.estimate_text(means[0], currency=currency)}, one of "
            f"the others {formatting.estimate_text(means[1], currency=currency)}, which depends on how long each has "
            "been one."
        )
    who = formatting.count_text(found.n_referrers, "customer has", "customers have")
    return (
        f"{share} of customers were brought by another. {formatting.sentence_case(who)} recommended us, and those whom "
        f"they brought are worth {a_head} of margin a referrer so far.{compared}{unknown}"
    )


# --- keeping ---------------------------------------------------------------------------------------------------------


def retention_gain_text(gain: Estimate) -> str:
    """Return what more retention adds; in words, where it is the same over the whole range of the retention rate."""
    value, low, high = (formatting.share(v) for v in (gain.value, gain.low, gain.high))
    return f"{value} (the same wherever in its range the retention rate lies)" if low == value == high else (
        formatting.estimate_text(gain))


def retention_economics_sentence(found: RetentionEconomics, currency: str = "") -> str:
    """Return what a few points more retention are worth, and up to which cost."""
    if found.reason:
        return f"What a higher retention is worth cannot be said: {_reason(found.reason)}."
    gain, net = found.gain(CLAIMED_YEARS), found.gain(CLAIMED_YEARS, found.costs.cost_per_customer)
    most = found.maximum_spend(CLAIMED_YEARS)
    money = partial(formatting.money, currency=currency)
    more, cost = formatting.percentage_points(100 * found.step), money(found.costs.cost_per_customer)
    period = f"period of {formatting.count_text(found.period_days, 'day', 'days')}"
    after = (f"still {formatting.share(net.value)}" if net.value > 0 else f"a loss of {formatting.share(-net.value)}")
    return (
        f"{more} more retention, {formatting.share(found.base.value + found.step)} instead of "
        f"{formatting.estimate_text(found.base)} from one {period} to the next, would raise the margin of "
        f"{CLAIMED_YEARS} "
        f"years by {retention_gain_text(gain)}. It pays as long as it costs less than {money(most.value)} an "
        "active "
        f"customer in each period; if everybody were approached at the assumed {cost}, {after} would be left. "
        "Whether it can be achieved is for an experiment to say."
    )


# --- stages ----------------------------------------------------------------------------------------------------------


def life_cycle_title(found: LifeCycle) -> str:
    """Return the title of the figure of the life cycle: what became of the customers who were new."""
    gone = found.moved("new", ("dormant", "lapsed"))
    if found.reason or gone.status is not Status.OK or is_hidden(gone.value * gone.n):
        return "Stage of the life cycle before and now"
    return f"{formatting.share(gone.value)} of the new customers of {found.window_days} days ago are dormant or lapsed"


def life_cycle_sentence(found: LifeCycle, currency: str = "") -> str:
    """Return the finding on the life cycle: where the expected margin is, and what came back."""
    if found.reason:
        return f"In which stage of life customers are cannot be said: {found.reason}."
    table = found.worth.set_index("stage")
    n, expected = table["n_customers"], table["expected_value"]
    texts = parts_text_if_enough([formatting.share(k / n.sum()) for k in n], n)
    parts = dict.fromkeys(("dormant", "lapsed"), formatting.share(0.0)) | dict(zip(n.index, texts, strict=True))
    said = (
        f"After {formatting.count_text(found.silent_days, 'day', 'days')} without a purchase, longer than nine in "
        "ten waits, "
        f"a customer counts as dormant, after twice as many as lapsed: {parts['dormant']} are dormant and "
        f"{parts['lapsed']} lapsed."
    )
    large = ~suppressed_rows(found.worth).to_numpy()
    if expected.notna().any() and expected.sum() > 0 and large[expected.fillna(0).argmax()]:
        most = expected.idxmax()
        said += (
            f" The largest part of what is expected comes from those who are {most}: "
            f"{formatting.money(expected[most], currency)}, "
            f"{formatting.share(expected[most] / expected.sum())} of the total."
        )
    back = found.moved("dormant", ("growing", "mature", "declining"))
    if back.status is Status.OK and not is_hidden(back.value * back.n):
        said += (
            f" Of those who were dormant {found.window_days} days ago {formatting.estimate_text(back)} are active "
            "again."
        )
    return said


# --- ledgers ---------------------------------------------------------------------------------------------------------


def over_served_sentence(found: CustomerProfitability, currency: str = "") -> str:
    """Return who is served beyond what others of the tier at equal expected margin are."""
    if found.reason:
        return f"Who is over-served cannot be said: {found.reason}."
    n, money, cost = (float(found.over[c].sum()) for c in ("n_over", "money_over", "cost_to_serve"))
    if not n:
        return "Nobody costs far more to serve than others of the tier at equal expected margin."
    if is_hidden(n):
        return "Fewer than ten customers cost far more to serve than others of their tier at equal expected margin."
    who = formatting.count_text(n, "customer costs", "customers cost")
    said = (
        f"{formatting.sentence_case(who)} far more to serve than others of their tier at equal expected margin, "
        f"together {formatting.money(money, currency)} above it of {formatting.money(cost, currency)} spent on serving."
    )
    most = found.over.sort_values("money_over", ascending=False).iloc[0]
    where = f" Most of it, {formatting.money(most['money_over'], currency)}, in the tier {readable_id(most['tier'])}."
    hidden = dict(zip(found.over["tier"], suppress_cells(found.over["n_over"], [range(len(found.over))]), strict=True))
    return said if hidden[most["tier"]] else f"{said}{where}"


def customer_profitability_title(found: CustomerProfitability, currency: str = "") -> str:
    """Return the caption of the transactional ledger: what a customer of each tier leaves."""
    entries = found.entries
    profit = entries[(entries["item"] == "profit") & (entries["by"] == "tier")] if len(entries) else entries
    if profit.empty:
        return f"What is put into a customer and what comes back, in money{_uncosted_points(found)}"
    first, last = profit.iloc[0], profit.iloc[-1]
    return (
        f"A customer of the tier {readable_id(first['segment'])} brought "
        f"{formatting.money(first['value'], currency)} in the last period, "
        f"one of the tier {readable_id(last['segment'])} {formatting.money(last['value'], currency)}"
        f"{_uncosted_points(found)}"
    )


def peoples_time_sentence(found: CustomerProfitability, currency: str = "") -> str:
    """Return which tier takes people's time, and what an hour of it goes with; empty where no time is told."""
    tiers = found.entries[(found.entries["by"] == "tier") & (found.entries["ledger"] == ledgers.SERVICE)]
    hours, margins = (tiers[tiers["item"] == item].set_index("segment")
                      for item in (ledgers.PEOPLES_TIME, ledgers.HOURLY_MARGIN))
    spent = hours["value"] * hours["n"]
    if len(hours) < 2 or not spent.sum() > 0:
        return ""
    most = spent.idxmax()
    part = formatting.share(spent[most] / spent.sum())
    said = ("People's time, by assumed minutes of contacts by a person and of cases, is "
            f"{formatting.whole(spent.sum())} hours of the last period; {part} of it goes to the tier "
            f"{readable_id(most)}")
    if len(margins) < 2:
        return f"{said}."
    texts = [f"{_entry_text(margins.loc[tier], currency)} in the tier {readable_id(tier)}"
             for tier in (margins.index[0], margins.index[-1])]
    return f"{said}. An hour of it goes with a margin of {texts[0]} and {texts[1]}."


def service_ledgers_sentence(found: CustomerProfitability) -> str:
    """Return in what the best tier is served worse than the lowest; empty where no quality of service is recorded."""
    compared = ledgers.best_against_lowest(found.entries)
    if not compared:
        return ""
    worse = ledgers.short_changed(found.entries)
    named = [f"{e.segment.split(': ')[1]} ({_difference(e)})" for e in worse]
    tiers = found.entries[found.entries["by"] == "tier"]["segment"]
    best, lowest = (readable_id(str(tiers.iloc[i])) for i in (0, -1))
    if not worse:
        items = formatting.join_words([e.segment.split(": ")[1] for e in compared])
        return (f"In {items} the tier {best} is served no worse than the tier {lowest} with statistical significance; "
                "the ledgers of service and feeling stand in the appendix.")
    return (f"The tier {best} gets less than the tier {lowest} where it should not: {formatting.join_words(named)}. "
            "Serve it first.")


def _difference(e: Estimate) -> str:
    if e.unit.startswith("share"):
        return formatting.share_change_text(e)
    return f"{formatting.estimate_text(e, formatting.number)} {e.unit}"


def _entry_text(entry: Any, currency: str) -> str:
    return formatting.estimate_text({**entry[["value", "low", "high"]], "unit": "money"}, currency=currency)


def _uncosted_points(found: CustomerProfitability) -> str:
    """Return how many points have no part in the costs, to follow a sentence; empty where all have a unit cost."""
    if not found.points_without_cost:
        return ""
    return (f"; unit cost unknown for {formatting.whole(found.points_without_cost)} of "
            f"{formatting.count_text(found.points_redeemed, 'point', 'points')} redeemed, which are left out")


# --- inequality ------------------------------------------------------------------------------------------------------


def whale_title(found: Concentration) -> str:
    """Return the title of the whale curve: how high profit would stand without the customers who bring a loss."""
    loss = found.share_unprofitable
    if loss.status is not Status.OK:
        return "Profit so far, the most profitable customers first"
    if not loss.value:
        return "No customer brings a loss"
    if is_hidden(loss.value * loss.n):
        return "Fewer than ten customers brought a loss"
    return (f"{formatting.share(loss.value)} of customers brought a loss; without them profit would stand at "
            f"{formatting.share(found.peak.value)}")


def concentration_sentence(to_date: Concentration, profit: Concentration) -> str:
    """Return how unequal customers are."""
    if to_date.gini.status is not Status.OK:
        return f"How unequal customers are cannot be said: {to_date.gini.reason}."
    said = (
        f"The Gini coefficient of {to_date.of} is {formatting.estimate_text(to_date.gini, formatting.number)}: 0 "
        "where all bring "
        "the same, towards 1 where one brings everything."
    )
    loss = profit.share_unprofitable
    if loss.status is Status.OK and loss.value and not is_hidden(loss.value * loss.n):
        said += (
            " Once contacts, cases and rewards are taken off, "
            f"{formatting.estimate_text(profit.share_unprofitable)} of the "
            "customers served in the last period brought a loss."
        )
    return said


# --- what is missing -------------------------------------------------------------------------------------------------


def missing_value_parts(*known: Any) -> str:
    """Return what cannot be said, each with its reason, of all parts of the page; empty where all of it can."""
    reasons = ((what, why(part)) for kind, (what, why) in MISSING_PARTS.items() for part in known
               if isinstance(part, kind))
    said = [f"{what} ({_reason(reason)})" for what, reason in reasons if reason]
    return f"These data cannot say {formatting.join_words(said)}." if said else ""


def _why_no_segments(found: CustomerSegments) -> str:
    return "" if any(not s.reason for s in found.found) else found.found[0].reason


def _why_no_positions(found: PerceptualMap) -> str:
    return "" if found.strengths() else found.reason or "no other brand was asked about"


MISSING_PARTS = {  # kind of part: what it would say, and why it cannot
    RevenueBridge: ("which customers made revenue move",
                    lambda base: base.reason if base.status is Status.NOT_APPLICABLE else ""),
    AcquisitionPayback: ("when winning a customer pays", attrgetter("reason")),
    ValuePredictors: ("what early behaviour foretells of later margin", attrgetter("reason")),
    ReferralValue: ("what recommendations bring",
                    lambda brought: "" if brought.n_referred else "nobody is recorded as brought by another"),
    LifeCycle: ("in which stage of life customers are", attrgetter("reason")),
    RetentionEconomics: ("what more retention would bring", attrgetter("reason")),
    CustomerProfitability: ("who is over-served", attrgetter("reason")),
    CustomerSegments: ("whom to treat alike", _why_no_segments),
    PerceptualMap: ("how customers see us beside others", _why_no_positions),
}
