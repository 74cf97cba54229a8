"""Quality gates of customer value: history, period length, coverage of ids and unit costs."""

from datetime import date
from decimal import Decimal

import ibis.expr.types as ir
import pandas as pd

from helpers.customers import features
from helpers.customers.contract_status import ContractStatus
from helpers.foundation.engine import Engine
from helpers.foundation.results import NOBODYS_SALES, Gate, Level
from helpers.stats.disclosure_control import people_text
from helpers.value import revenue_bridge
from helpers.value.btyd import frequency_recency
from helpers.value.revenue_bridge import MIN_PERIOD_DAYS, NO_TRANSACTIONS, RevenueBridge

DAYS_PER_YEAR = 365

MAX_ANONYMOUS_SHARE, MIN_COSTED_SHARE = 0.05, 0.5

MIN_UNFLAGGED_CUSTOMERS = 30

CLOSED_COHORT_SHARE = 0.5  # of the records' days, at their end, without anybody new


def value_gates(
    engine: Engine, transactions: ir.Table, as_of_on: date, base: RevenueBridge, n_ranked: int, margin_rate: float
) -> tuple[Gate, ...]:
    """Return the gates of the value wing.

    Parameters
    ----------
    engine : Engine
        Counts what the gates need.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen.
    base : RevenueBridge
        The customer-base audit.
    n_ranked : int
        Customers in the pyramid.
    margin_rate : float
        Margin where no cost is known [share of sales].
    """
    if not n_ranked:
        return ()
    few = Gate(
        "customers ranked",
        n_ranked,
        MIN_UNFLAGGED_CUSTOMERS,
        n_ranked < MIN_UNFLAGGED_CUSTOMERS,
        Level.QUALIFY,
        "tiers",
        f"{n_ranked:,} {'customer is' if n_ranked == 1 else 'customers are'} ranked; "
        f"under {MIN_UNFLAGGED_CUSTOMERS} the shares of tiers are rough.",
    )
    history = [] if base.reason == NO_TRANSACTIONS else [_history(base)]
    return (*history, *_periods(engine, transactions, base), *_closed_cohort(engine, transactions, as_of_on),
            *_coverage(engine, transactions, as_of_on, margin_rate), few)


def contract_gates(status: ContractStatus) -> tuple[Gate, ...]:
    """Return what the dates of contracts cross: ends without a date, or before the start; nothing without either."""
    stock = (Gate("dated ends", status.n_ended_anytime, 0, True, Level.QUALIFY, "contracts, churn rate",
                  f"{people_text(status.n_ended_anytime, 'ended contract has', 'ended contracts have')} no date of the "
                  "end, so that over what time they left is not known: the share that has ended is no churn rate of a "
                  "period, and survival by age holds if the table keeps all who ever left; where it keeps the latest "
                  "alone, contracts end sooner."),) if status.n_ended_anytime else ()
    if not status.n_rejected:
        return stock
    parts = [f"{n} {what}" for n, what in ((status.n_undated_end, "ended on no known day"),
                                           (status.n_end_before_start, "ended before they began")) if n]
    said = f"Of the contracts {' and '.join(parts)}: they are left out."
    return (Gate("contract dates", status.n_rejected, 0, True, Level.QUALIFY, "contracts, churn rate", said), *stock)


def _closed_cohort(engine: Engine, transactions: ir.Table, as_of_on: date) -> list[Gate]:
    """Return whether the records follow customers won long ago and nobody since."""
    history = features.recorded_window(engine, transactions, as_of_on)
    buyers = frequency_recency.cached_buyer_history(engine, transactions, as_of_on)
    row = engine.first_row(buyers.aggregate(n=buyers.count(), newest=buyers.first_on.max()))
    if history is None or not row["n"]:
        return []
    newest = pd.Timestamp(row["newest"]).date()
    share = (history.last_on - newest).days / history.n_days
    is_closed = row["n"] >= MIN_UNFLAGGED_CUSTOMERS and share > CLOSED_COHORT_SHARE
    day = f"{newest.day} {newest:%B %Y}"
    said = (f"Nobody is new after {day}, so that the records follow one cohort: its sales fall as it ages, which is no "
            "decline of the company." if is_closed else f"The newest customer is of {day}.")
    return [Gate("open to new customers", share, CLOSED_COHORT_SHARE, is_closed, Level.QUALIFY,
                 "change in revenue, retention", said)]


def _history(base: RevenueBridge) -> Gate:
    n_days = base.periods.after.n_days if base.periods else float("nan")
    said = (f"Two periods of {n_days} days are compared: {base.periods.before}, then {base.periods.after}."
            if base.periods else f"{base.reason[:1].upper()}{base.reason[1:]}.")
    return Gate("history for two periods", n_days, MIN_PERIOD_DAYS, base.periods is None, Level.STRIKE,
                "change in revenue, retention", said)


def _periods(engine: Engine, transactions: ir.Table, base: RevenueBridge) -> list[Gate]:
    if base.periods is None:
        return []
    before, after = ((revenue_bridge.net_sales_between(engine, transactions, w.first_on, w.last_on))
                     for w in (base.periods.before, base.periods.after))
    apart: Decimal = abs(after - before - base.change)
    n_days = base.periods.after.n_days
    season = "so that both hold every season" if n_days >= DAYS_PER_YEAR else "so that season is part of any change"
    n_earlier, all_new = base.n_earlier_days, base.n_earlier_days < n_days
    days = "day is" if n_earlier == 1 else "days are"
    earlier = f"{n_earlier} {days} on record" if n_earlier else "nothing is on record"
    less = ", less than a period" if n_earlier else ""
    counted = f"{less}: who came back from before is counted as new" if all_new else ""
    return [
        Gate("parts add up", float(apart), 0, apart != 0, Level.BLOCK, "change in revenue",
             f"The classes of customers differ from the change in revenue, counted apart, by {apart:,.2f}."),
        Gate("whole year", n_days, DAYS_PER_YEAR, n_days < DAYS_PER_YEAR, Level.QUALIFY, "change in revenue, retention",
             f"Each period has {n_days} of the {DAYS_PER_YEAR} days of a year, {season}."),
        Gate("earlier history", n_earlier, n_days, all_new, Level.NOTE, "new and reactivated customers",
             f"Before the first period {earlier}{counted}.")]


def _coverage(engine: Engine, transactions: ir.Table, as_of_on: date, margin_rate: float) -> list[Gate]:
    lines = features.lines_until(transactions, as_of_on)
    money = lines.amount.cast("float64").abs()
    row = engine.first_row(lines.aggregate(
        total=money.sum(), anonymous=lines.customer_id.isnull().ifelse(money, 0.0).sum(),
        costed=(lines.unit_cost.notnull() & lines.quantity.notnull()).ifelse(money, 0.0).sum()))
    if not row["total"]:
        return []
    anonymous, costed = row["anonymous"] / row["total"], row["costed"] / row["total"]
    return [
        Gate(NOBODYS_SALES, anonymous, MAX_ANONYMOUS_SHARE, anonymous > MAX_ANONYMOUS_SHARE, Level.QUALIFY,
             "every number by customer", f"{100 * anonymous:.1f} % of the money in sales and refunds has no customer; "
             f"up to {100 * MAX_ANONYMOUS_SHARE:.0f} % is tolerated."),
        Gate("unit costs", costed, MIN_COSTED_SHARE, costed < MIN_COSTED_SHARE, Level.QUALIFY, "margin",
             f"{100 * costed:.1f} % of the money has a unit cost; for the rest margin is {100 * margin_rate:.3g} % of "
             "sales, as the study assumes.")]
