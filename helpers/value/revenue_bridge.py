"""Revenue bridge: change in revenue by new, retained, reactivated and churned customers; retention rate."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.customers.windows import PeriodComparison, latest_comparison
from helpers.foundation import money
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals, disclosure_control

BRIDGE_SEGMENTS = ("new", "retained", "reactivated", "churned")

REFUNDED_ONLY = "refunded only"

KNOWN_TOTALS = (("retained", "churned"), ("new", "retained", "reactivated"))  # customers of each period

FIRST_IN_PERIOD = ("new", "reactivated")  # bought in the second period, not in the first

ANONYMOUS_SALES = "without a customer"

NO_TRANSACTIONS = "no transactions are recorded"

NO_MONEY = "no money is recorded with the orders"

MIN_PERIOD_DAYS = 28


@dataclass(frozen=True, slots=True)
class BridgePart:
    """One class of customers: how many, and their net sales in both periods [money].

    ``squares_before`` is the sum of their squared net sales in the first period, for the interval of retention.
    """

    segment: str
    n_customers: int
    before: Decimal
    after: Decimal
    squares_before: float = 0.0

    @property
    def change(self) -> Decimal:
        """What the class adds to the change in revenue, exactly [money]."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class RevenueBridge:
    """The customer base in two periods.

    Parameters
    ----------
    periods : PeriodComparison or None
        The periods compared; None where the history is too short.
    parts : tuple of BridgePart
        New, retained, reactivated, churned; then, where there are any, customers whose purchases were all refunded and
        sales without a customer. Their changes add up to the change in revenue exactly.
    n_earlier_days : int
        Days on record before the first period, without which reactivated customers look new [days].
    reason : str
        Why there are no periods; empty where there are.
    """

    periods: PeriodComparison | None
    parts: tuple[BridgePart, ...] = ()
    n_earlier_days: int = 0
    reason: str = ""

    @property
    def change(self) -> Decimal:
        """Change in revenue, exactly [money]."""
        return sum((p.change for p in self.parts), Decimal(0))

    @property
    def has_money(self) -> bool:
        """Whether any money is recorded with the orders; without, customers are counted only."""
        return any(p.before or p.after or p.squares_before for p in self.parts)

    @property
    def money_periods(self) -> PeriodComparison | None:
        """The periods, where money is recorded with their orders."""
        return self.periods if self.has_money else None

    @property
    def money_reason(self) -> str:
        """Why there are no periods with money; empty where there are."""
        return self.reason or ("" if self.has_money else NO_MONEY)

    @property
    def status(self) -> Status:
        """What a value that is missing is: not applicable without transactions, else insufficient."""
        return Status.NOT_APPLICABLE if self.reason == NO_TRANSACTIONS else Status.INSUFFICIENT

    def part(self, segment: str) -> BridgePart:
        """Return one class; an absent one has nobody and no money."""
        return next((p for p in self.parts if p.segment == segment), BridgePart(segment, 0, Decimal(0), Decimal(0)))

    def retention(self) -> tuple[Estimate, Estimate]:
        """Return the share of the first period's customers, and of their money, active in the second.

        Notes
        -----
        The interval by money treats customers as independent draws: linearised ratio Σ retained / Σ all.
        """
        retained, churned = self.part("retained"), self.part("churned")
        n, before = retained.n_customers + churned.n_customers, float(retained.before + churned.before)
        if n < 2:
            reason = self.reason or "fewer than two customers bought in the first period"
            return (no_estimate("retention_by_count", self.status, reason, unit="share", n=n),
                    no_estimate("retention_by_money", self.status, reason, unit="share", n=n))
        share = confidence_intervals.share_interval(retained.n_customers / n, n)
        counted = Estimate("retention_by_count", share.value, share.low, share.high, unit="share", n=n)
        if before <= 0:
            reason = "net sales of the first period are not above zero" if self.has_money else NO_MONEY
            return counted, no_estimate("retention_by_money", Status.INSUFFICIENT, reason, unit="share", n=n)
        r = float(retained.before) / before
        spread = np.sqrt((1 - r) ** 2 * retained.squares_before + r**2 * churned.squares_before) / before
        half = confidence_intervals.normal_quantile(0.95) * float(spread * np.sqrt(n / (n - 1)))
        return counted, Estimate("retention_by_money", r, max(r - half, 0.0), min(r + half, 1.0), unit="share", n=n)

    def table(self) -> pd.DataFrame:
        """Return the audit as a long summary table."""
        if self.periods is None:
            missing = [no_estimate(q, self.status, self.reason, unit="money")
                       for q in ("net_sales_before", "net_sales_after", "net_sales_change")]
            return estimate_table([*missing, *self.retention()])
        hidden, after = self.withheld(), sum(self.part(s).n_customers for s in ("new", "retained", "reactivated"))
        before = sum(self.part(s).n_customers for s in KNOWN_TOTALS[0])
        people = (after if self.tells_total_after else before) if hidden else sum(p.n_customers for p in self.parts)
        whole = BridgePart("all", people, sum((p.before for p in self.parts), Decimal(0)),
                     sum((p.after for p in self.parts), Decimal(0)))
        rows = [self._net_sales(p, when) for p in (*self.parts, whole) for when in ("before", "after", "change")]
        counts = [Estimate("customers", p.n_customers, unit="customers", n=p.n_customers, segment=p.segment)
                  for p in self.parts if p.segment != ANONYMOUS_SALES]
        found = estimate_table([*counts, *self._active(), *self._few_reactivated(), *rows, *self.retention(),
                         Estimate("period_length", self.periods.after.n_days, unit="days", n=whole.n_customers)])
        is_rate = found["quantity"].isin(["retention_by_count", "retention_by_money"])
        is_told = not hidden & {"retained", "churned"}
        is_total = found["quantity"].eq("customers_after") & (not self.tells_total_after)
        return found.assign(is_withheld=found["segment"].isin(hidden) | (is_rate & (not is_told)) | is_total)

    def _net_sales(self, part: BridgePart, when: str) -> Estimate:
        about = {"unit": "money", "n": part.n_customers, "segment": part.segment}
        return Estimate(f"net_sales_{when}", float(getattr(part, when)), **about) if self.has_money else no_estimate(
            f"net_sales_{when}", Status.NOT_APPLICABLE, NO_MONEY, **about)

    def withheld(self) -> frozenset[str]:
        """Return the classes that are not told: one to nine customers, or what would tell them beside known totals.

        Those who bought in the first period and, unless it is withheld too, in the second are known; how many all are
        together is not told where a class is not, since with all three totals every class would follow.
        """
        return self._hidden(KNOWN_TOTALS if self.tells_total_after else KNOWN_TOTALS[:1])

    @property
    def tells_total_after(self) -> bool:
        """Whether the customers of the second period are told: not where that would cost the retained and churned."""
        return not (self._hidden(KNOWN_TOTALS) - self._hidden(KNOWN_TOTALS[:1])) & {"retained", "churned"}

    def _hidden(self, totals: tuple[tuple[str, ...], ...]) -> frozenset[str]:
        """Return the classes that must be withheld where some totals are known."""
        named = [p.segment for p in self.parts if p.segment != ANONYMOUS_SALES]
        lines = [[named.index(s) for s in line if s in named] for line in totals]
        hidden = disclosure_control.suppress_cells([self.part(s).n_customers for s in named], lines)
        return frozenset(s for s, is_hidden in zip(named, hidden, strict=True) if is_hidden)

    def table_of_parts(self) -> pd.DataFrame:
        """Return `split` with everybody below; how many all are is not told where a class is not."""
        parts = self.split()
        if parts.empty:
            return parts
        whole = parts[["n_customers", "before", "after", "change"]].sum(min_count=1)
        whole["n_customers"] = None if self.withheld() else whole["n_customers"]
        return pd.concat([parts, pd.DataFrame([{"class": "all", **whole}]).astype({"n_customers": "Int64"})],
                         ignore_index=True)

    def split(self) -> pd.DataFrame:
        """Return the classes as a table for reading: class, customers, net sales before and after, change [money].

        Classes that are withheld stand together as one: their sum follows from the totals of the periods anyway. How
        many they are is not told where the retained are among them, since that would tell how many all are together.
        """
        hidden = self.withheld()
        rows = [self._row(p.segment, [p], p.segment in hidden) for p in self.parts
                if p.segment not in hidden or len(hidden) == 1]
        if len(hidden) > 1:
            parts = [p for p in self.parts if p.segment in hidden]
            names = ["fully refunded" if p.segment == REFUNDED_ONLY else p.segment for p in parts]
            together = self._row(f"{', '.join(names[:-1])} and {names[-1]} together", parts, False)
            rows.append(together | ({"n_customers": None} if "retained" in hidden else {}))
        money = ["before", "after", "change"]
        table = pd.DataFrame(rows, columns=["class", "n_customers", *money, "is_withheld"]).astype(
            {"n_customers": "Int64", "is_withheld": "bool"})
        return table if self.has_money else table.assign(**dict.fromkeys(money, np.nan))

    @staticmethod
    def _row(name: str, parts: list[BridgePart], is_withheld: bool) -> dict[str, object]:
        n = None if name == ANONYMOUS_SALES else sum(p.n_customers for p in parts)
        money = {c: float(sum((getattr(p, c) for p in parts), Decimal(0))) for c in ("before", "after", "change")}
        return {"class": name, "n_customers": n, **money, "is_withheld": is_withheld}

    def _few_reactivated(self) -> list[Estimate]:
        """Return below how many of the new and reactivated were reactivated, where these are too few to be told.

        Nothing where the number of both together is not told, or is itself small.
        """
        n = sum(self.part(s).n_customers for s in FIRST_IN_PERIOD)
        are_few = disclosure_control.is_hidden(self.part("reactivated").n_customers)
        is_told = self.tells_total_after and set(FIRST_IN_PERIOD) <= self.withheld()
        if not (are_few and is_told and n >= disclosure_control.FEW_PEOPLE):
            return []
        return [Estimate("reactivated_below", disclosure_control.LEAST_PEOPLE, unit="customers", n=n)]

    def _active(self) -> list[Estimate]:
        n = {s: self.part(s).n_customers for s in BRIDGE_SEGMENTS}
        sums = {"customers_before": n["retained"] + n["churned"],
                "customers_after": n["new"] + n["retained"] + n["reactivated"]}
        return [Estimate(quantity, value, unit="customers", n=value) for quantity, value in sums.items()]


def build_revenue_bridge(
    engine: Engine, transactions: ir.Table, as_of_on: date, period_days: int = 365
) -> RevenueBridge:
    """Return the change in revenue between two periods, split into the customers who made it.

    Parameters
    ----------
    engine : Engine
        Computes the sums, in decimal.
    transactions : ir.Table
        ``canonical/transactions``; revenue is sales less refunds, each on its own day; fees are left out.
    as_of_on : date
        Last day of the second period.
    period_days : int
        Length of both periods; where the history is shorter its halves are compared [days].

    Notes
    -----
    A customer is *active* in a period with a purchase occasion in it. New: active in the second period and never
    before. Reactivated: active in the second, not in the first, but before it. Retained: in both. Churned: in the
    first only.
    """
    history = features.recorded_window(engine, transactions, as_of_on)
    if history is None:
        return RevenueBridge(None, reason=NO_TRANSACTIONS)
    periods = latest_comparison(history, period_days, least_days=MIN_PERIOD_DAYS)
    if periods is None:
        days = f"{history.n_days} day{'' if history.n_days == 1 else 's'}"
        return RevenueBridge(
            None, reason=f"the history has {days}, and {2 * MIN_PERIOD_DAYS} are needed for two periods"
        )
    rows = engine.arrow(_by_class(purchases.cached_customer_days(engine, transactions, as_of_on), periods)).to_pylist()
    found = {row["segment"]: BridgePart(**row) for row in rows}
    anonymous = _anonymous(engine, transactions, periods)
    rest = [found[REFUNDED_ONLY]] if REFUNDED_ONLY in found else []
    rest += [anonymous] if anonymous.before or anonymous.after else []
    classes = [found.get(s, BridgePart(s, 0, Decimal(0), Decimal(0))) for s in BRIDGE_SEGMENTS]
    return RevenueBridge(periods, (*classes, *rest), (periods.before.first_on - history.first_on).days)


def _by_class(spent: ir.Table, periods: PeriodComparison) -> ir.Table:
    zero = money.zero_money()
    in_before, in_after = periods.before.holds(spent.on), periods.after.holds(spent.on)
    bought = features.is_occasion(spent)
    by_customer = spent.group_by("customer_id").aggregate(
        before=in_before.ifelse(spent.net_sales, zero).sum(), after=in_after.ifelse(spent.net_sales, zero).sum(),
        was_active=(bought & in_before).any(), is_active=(bought & in_after).any(),
        was_known=(bought & (spent.on < periods.before.first_on)).any())
    customer = by_customer.filter((by_customer.before != 0) | (by_customer.after != 0)
                                  | by_customer.was_active | by_customer.is_active)
    classed = customer.mutate(segment=ibis.cases(
        (customer.was_active & customer.is_active, "retained"), (customer.was_active, "churned"),
        (customer.is_active & customer.was_known, "reactivated"), (customer.is_active, "new"), else_=REFUNDED_ONLY))
    return classed.group_by("segment").aggregate(
        n_customers=classed.count(), before=classed.before.sum().cast(MONEY),
        after=classed.after.sum().cast(MONEY), squares_before=(classed.before.cast("float64") ** 2).sum())


def reactivated_within(engine: Engine, transactions: ir.Table, as_of_on: date, n_days: int) -> Estimate | None:
    """Return how many customers of the latest days had bought before, but not in as many days before these [customers].

    None where that would tell of fewer than ten people.

    Parameters
    ----------
    engine, transactions, as_of_on
        As `build_revenue_bridge` takes them.
    n_days : int
        Length of either period [days].
    """
    days = purchases.cached_customer_days(engine, transactions, as_of_on)
    back, bought = ibis.literal(as_of_on).delta(days.on, unit="day"), features.is_occasion(days)
    by_customer = days.group_by("customer_id").aggregate(
        is_active=(bought & (back < n_days)).any(), was_active=(bought & (back >= n_days) & (back < 2 * n_days)).any(),
        was_known=(bought & (back >= 2 * n_days)).any())
    active = by_customer.filter(by_customer.is_active)
    row = engine.first_row(active.aggregate(
        n=active.count(), n_back=(active.was_known & ~active.was_active).ifelse(1, 0).sum().fill_null(0)))
    n, n_back = int(row["n"]), int(row["n_back"])
    if disclosure_control.is_hidden(n_back) or disclosure_control.is_hidden(n - n_back):
        return None
    return Estimate("reactivated_customers", n_back, unit="customers", n=n, segment=f"latest {n_days} days")


def _anonymous(engine: Engine, transactions: ir.Table, periods: PeriodComparison) -> BridgePart:
    lines = features.lines_until(transactions, periods.after.last_on).filter(lambda t: t.customer_id.isnull())
    day, zero = lines.ordered_at.date(), money.zero_money()
    row = engine.first_row(lines.aggregate(
        **{name: window.holds(day).ifelse(lines.amount, zero).sum().fill_null(zero).cast(MONEY)
           for name, window in (("before", periods.before), ("after", periods.after))}))
    return BridgePart(ANONYMOUS_SALES, 0, row["before"], row["after"])


def net_sales_between(engine: Engine, transactions: ir.Table, first_on: date, last_on: date) -> Decimal:
    """Return sales less refunds of all lines from the first to the last day, exactly [money]."""
    lines = features.lines_until(transactions, last_on).filter(lambda t: t.ordered_at.date() >= first_on)
    return engine.first_row(lines.aggregate(total=lines.amount.sum().cast(MONEY)))["total"] or Decimal(0)
