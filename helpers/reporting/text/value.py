"""Text of the customer value page: revenue bridge, retention, concentration, tiers."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Gate, Level, Status
from helpers.reporting import decimal_places, formatting
from helpers.stats.disclosure_control import is_hidden, people_text, share_text_if_enough
from helpers.stats.suppressed_tables import suppressed_rows
from helpers.value.revenue_bridge import BRIDGE_SEGMENTS, NO_MONEY, REFUNDED_ONLY, BridgePart, RevenueBridge
from helpers.value.subscriptions import ContractBase
from helpers.value.tiers import TierShares

SEASON = {"whole year": "{1} days are not a year, so season is part of it",
          "open to new customers": "the records follow one cohort, to which nobody is added"}

RANKED = {"sales without a customer": "{0} of the money has no customer", "customers ranked": "few customers",
          "unit costs": "at a margin rate assumed where no cost is known"}

REST = Decimal("0.005")  # of the largest part, below which the rest is lost in rounding

HOLDS = {"margin": "margin to date", "monthly_fee": "monthly fees", "expected_value": "expected margin"}


def value_answer(base: RevenueBridge, pyramid: TierShares, contracts: ContractBase, gates: tuple[Gate, ...] = (),
           currency: str = "") -> tuple[str, ...]:
    """Return the answer of the page: what made revenue move, how much the best hold."""
    if base.parts and not base.has_money:
        return (f"{revenue_change(base, currency)}.",)
    if not pyramid.n_customers and not contracts.n_contracts:
        return ("Nobody can say yet what customers are worth: there are no transactions and no contracts. Either "
                "would give the customer base; transactions would give value by customer as well.",)
    touched = value_gate_caveat(gates, RANKED) if pyramid.top_share.status is Status.OK else ""
    struck = [g.sentence for g in gates if g.is_crossed and g.level in (Level.STRIKE, Level.BLOCK)]
    if contracts.n_contracts and pyramid.by == "monthly_fee":
        held = (f"{top_share_sentence(pyramid)}{touched}.",) if pyramid.n_customers else ()
        return (contract_base_sentence(contracts, currency), *held)
    said = ((f"The change in revenue cannot be split: {struck[0][:1].lower()}{struck[0][1:]}",) if struck
            else (f"{revenue_change(base, currency)}{value_gate_caveat(gates, SEASON)}.",))
    return (*said, f"{top_share_sentence(pyramid)}{touched}.")


def revenue_change(base: RevenueBridge, currency: str = "") -> str:
    """Return which customers made revenue move."""
    if base.periods is None:
        return f"The change in revenue cannot be split: {base.reason}"
    if not base.has_money:
        return f"{formatting.sentence_case(NO_MONEY)}, so that customers are counted only{_retained_by_count(base)}"
    moved = "did not change" if not base.change else (
        f"{'rose' if base.change > 0 else 'fell'} by {formatting.money(abs(base.change), currency)}")
    named = [p for p in _told(base) if p.segment in BRIDGE_SEGMENTS]
    parts = [f"{p.segment} customers {_signed(p.change, currency)}" for p in named if p.change]
    together, hidden = _withheld_together(base)
    parts += [f"{together} {_signed(hidden, currency)}"] if together and hidden else []
    rest = base.change - hidden - sum((p.change for p in named), Decimal(0))
    is_told = abs(rest) > REST * max((abs(p.change) for p in named), default=0)
    parts += [f"the rest {_signed(rest, currency)}"] if is_told else []
    whole = formatting.join_words(parts, none="no class of customers moved")
    n_days = formatting.count_text(base.periods.after.n_days, "day", "days")
    until = formatting.date_text(base.periods.after.last_on)
    return f"Net sales {moved} in the {n_days} up to {until}, against those before: {whole}"


def revenue_change_title(base: RevenueBridge, currency: str = "") -> str:
    """Return the title of the figure on the change in revenue: the class of customers that moved it most."""
    named = {f"{p.segment} customers" if p.segment in BRIDGE_SEGMENTS else f"sales {p.segment}": p.change
             for p in _told(base)}
    together, hidden = _withheld_together(base)
    changes = named | ({together: hidden} if together else {})
    if base.parts and not base.has_money:
        return "Customers by class; no money is recorded with the orders"
    if not any(changes.values()):
        return "No class of customers moved net sales" if base.periods else "Change in net sales by class of customers"
    most = max(changes, key=lambda name: abs(changes[name]))
    return f"What moved net sales most: {most}, {_signed(changes[most], currency)}"


def _retained_by_count(base: RevenueBridge) -> str:
    """Return how many of the earlier period's customers bought again, where that is told; begins with a colon."""
    kept, _ = base.retention()
    if kept.status is not Status.OK or base.periods is None or base.withheld() & {"retained", "churned"}:
        return ""
    n_days = formatting.count_text(base.periods.after.n_days, "day", "days")
    return (f": of those of the period before, {formatting.share(kept.value)} [{formatting.share(kept.low)}, "
            f"{formatting.share(kept.high)}] bought again in the {n_days} up to "
            f"{formatting.date_text(base.periods.after.last_on)}")


def _withheld_together(base: RevenueBridge) -> tuple[str, Decimal]:
    """Return what the classes that are withheld are called together, and what they changed; nothing of one alone."""
    hidden = [p for p in base.parts if p.segment in base.withheld()]
    if len(hidden) < 2:
        return "", Decimal(0)
    names = ["fully refunded" if p.segment == REFUNDED_ONLY else p.segment for p in hidden]
    return f"{formatting.join_words(names)} customers together", sum((p.change for p in hidden), Decimal(0))


def _told(base: RevenueBridge) -> list[BridgePart]:
    """Return the classes that may be named: without those that are withheld."""
    hidden = base.withheld()
    return [p for p in base.parts if p.segment not in hidden]


def revenue_change_absent(base: RevenueBridge) -> str:
    """Return why there is no change in revenue to show; nothing where nobody buys."""
    if base.status is Status.NOT_APPLICABLE:
        return ""
    return f"{revenue_change(base)}." if base.periods is None or not base.has_money else (
        "No class of customers moved net sales.")


def bridge_periods_caption(base: RevenueBridge) -> str:
    """Return the caption of the audit: the periods compared."""
    if base.periods is None:
        return "Net sales by class of customers"
    windows = (base.periods.before, base.periods.after)
    before, after = (f"{formatting.date_text(w.first_on)} to {formatting.date_text(w.last_on)}" for w in windows)
    return f"{'Net sales' if base.has_money else 'Customers'} from {before}, and from {after}"


def tiers_caption(pyramid: TierShares) -> str:
    """Return the caption of the tiers: what ranks the customers."""
    return f"Tiers of {formatting.count_text(pyramid.n_customers, 'customer', 'customers')} by {HOLDS[pyramid.by]}"


def tiers_headings(pyramid: TierShares) -> dict[str, str]:
    """Return the headings of the tiers: what the money is that ranks the customers."""
    return {"money": formatting.sentence_case(HOLDS[pyramid.by]), "mean": "A customer", "share_held": "Share of it"}


def concentration_title(pyramid: TierShares) -> str:
    """Return the title of the concentration curve."""
    top = pyramid.top_share
    if top.status is not Status.OK:
        return f"Share of {HOLDS[pyramid.by]} held by the best customers"
    return f"The {top.segment} hold {formatting.share(top.value)} of {HOLDS[pyramid.by]}"


def value_headline(base: RevenueBridge, pyramid: TierShares) -> tuple[str, ...]:
    """Return the numbers that the hand-off prints, to two digits."""
    by_count, by_money = base.retention()
    return (f"retention by count {_two(by_count.value)}, by money {_two(by_money.value)}",
            f"share held by the {pyramid.top_share.segment} {_two(pyramid.top_share.value)}")


def value_gate_caveat(gates: tuple[Gate, ...], phrases: Mapping[str, str]) -> str:
    """Return the caveats of crossed gates in brackets, for the end of the sentence that they touch."""
    said = [phrases[g.gate].format(formatting.share(g.statistic), formatting.whole(g.statistic)) for g in gates
            if g.is_crossed and g.gate in phrases]
    return f" ({'; '.join(said)})" if said else ""


def retention_sentence(base: RevenueBridge) -> str:
    """Return who stayed, by count and by money."""
    by_count, by_money = base.retention()
    if by_count.status is not Status.OK:
        return f"Retention is not known: {by_count.reason}."
    if by_count.n == 1:
        return "One customer bought in the first period."
    who = f"Of the {formatting.count_text(by_count.n, 'customer', 'customers')} who bought in the first period"
    if is_hidden(base.part("retained").n_customers):
        return f"{who} fewer than ten bought in the second."
    if is_hidden(base.part("churned").n_customers):
        return f"{who} all but fewer than ten bought in the second."
    if base.withheld() & {"retained", "churned"}:
        return f"{who} how many bought in the second is not told: it would tell of fewer than ten others."
    days = f", {formatting.count_text(base.periods.after.n_days, 'day', 'days')}" if base.periods else ""
    return (
        f"Customer retention rate{days}: {formatting.estimate_text(by_count)} of "
        f"{formatting.count_text(by_count.n, 'customer', 'customers')}; weighted by net sales "
        f"{formatting.estimate_text(by_money)}."
    )


def top_share_sentence(pyramid: TierShares) -> str:
    """Return how much the best customers hold."""
    top, what = pyramid.top_share, HOLDS[pyramid.by]
    if top.status is not Status.OK:
        return f"How unequal customers are in {what} cannot be said: {top.reason}"
    of = formatting.count_text(pyramid.n_customers, "customer", "customers")
    return f"The {top.segment} of {of} hold {formatting.estimate_text(top)} of {what}"


def tiers_sentence(pyramid: TierShares, currency: str = "") -> str:
    """Return the finding on the tiers: the mean of the top one beside the lowest one."""
    table = pyramid.reading()
    if not pyramid.total > 0:
        return "No money is recorded by which customers could be ranked; the tiers say nothing."
    if len(table) < 2:
        return "There are too few customers for more than one tier."
    table = table[~suppressed_rows(table)]
    if len(table) < 2:
        return "Fewer than two tiers have customers enough to be told beside each other."
    first, last = table.iloc[0], table.iloc[-1]
    money = partial(formatting.money, currency=currency)
    if not last["mean"] > 0:
        return (f"A customer of the tier {readable_id(first['tier'])} stands for {money(first['mean'])} on average; "
                f"the tier {readable_id(last['tier'])} brings no money.")
    times = first["mean"] / last["mean"]
    unit = " a month" if pyramid.by == "monthly_fee" else ""
    return (
        f"A customer of the tier {readable_id(first['tier'])} stands for {money(first['mean'])}{unit} on "
        f"average, one of the tier {readable_id(last['tier'])} for {money(last['mean'])}: "
        f"{formatting.number(times)} times as much."
    )


def contract_base_sentence(contracts: ContractBase, currency: str = "") -> str:
    """Return what runs and what has ended."""
    if not contracts.n_contracts:
        return "No contracts are recorded."
    by_count, by_fee = contracts.ended()
    held = formatting.count_text(contracts.n_contracts, "contract", "contracts")
    have = "has" if contracts.n_contracts == 1 else "have"
    said = (
        f"Of {held} {share_text_if_enough(formatting.estimate_text(by_count), by_count.value, by_count.n)} {have} ended"
    )
    if is_hidden(by_count.value * by_count.n):
        return f"{said}."
    if by_fee.status is not Status.OK:
        return f"{said}; their money cannot be said: {by_fee.reason}."
    fee = formatting.money(contracts.fee_active, currency)
    unknown = unknown_fees_text(contracts.n_fee_unknown, contracts.n_contracts)
    return (f"{said}, with {formatting.estimate_text(by_fee)} of monthly fees; contracts worth {fee} a month run"
            f"{unknown}.")


def new_contracts_sentence(by_age: Sequence[Estimate]) -> str:
    """Return how many contracts that run are new, by age; empty where that is not told."""
    if not by_age:
        return ""
    told = formatting.join_words([f"{formatting.whole(e.value)} of {e.segment}" for e in by_age])
    return f"New by age, of {formatting.count_text(by_age[0].n, 'contract', 'contracts')} that run: {told}."


def unknown_fees_text(n_unknown: int, n_contracts: int) -> str:
    """Return of how many contracts the fee is unknown, to follow a sentence on money; empty where all are known."""
    if not n_unknown:
        return ""
    held = formatting.count_text(n_contracts, "contract", "contracts")
    return f"; monthly fee unknown for {people_text(n_unknown, of=n_contracts)} of {held}, left out of the money"


def rfm_title(n_customers: int, n_one_time: int) -> str:
    """Return the title of the figure on the scores: how many bought once, since they share one frequency score."""
    if not n_customers:
        return "Share of net sales by recency and frequency score"
    if not n_one_time:
        return "Every customer has bought more than once"
    if is_hidden(n_one_time) or is_hidden(n_customers - n_one_time):
        few = "Fewer than ten" if is_hidden(n_one_time) else "All but fewer than ten"
        return f"{few} of {formatting.count_text(n_customers, 'customer', 'customers')} have bought once"
    return (f"{formatting.whole(n_one_time)} of {formatting.count_text(n_customers, 'customer', 'customers')} "
            f"({formatting.share(n_one_time / n_customers)}) have bought once and share one frequency score")


def value_caveats(base: RevenueBridge, pyramid: TierShares) -> tuple[str, ...]:
    """Return what would change our mind, computed where it can be."""
    known = ("Past margin says what customers have been worth, not what they will be: the best of one period are "
             "often average in the next.")
    draws = "Intervals see customers as independent draws; one event that hits many at once is not in them."
    if base.periods is None:
        return known, draws
    churned = base.part("churned").n_customers
    is_told = "churned" not in base.withheld() or is_hidden(churned)
    who = formatting.sentence_case(people_text(churned if is_told else float("nan"), "customer", "customers"))
    late = (f"{who} count as churned for not buying within "
            f"{base.periods.after.n_days} days; some buy more rarely than that and have not left.")
    return (known, late, draws) if churned and pyramid.n_customers else (known, draws)


def _two(x: float) -> str:
    return formatting.MISSING if decimal_places.is_missing(x) else f"{x:.2f}"


def _signed(change: Any, currency: str) -> str:
    return f"{formatting.money(abs(change), currency)} {'more' if change > 0 else 'less'}"
