"""Customer life cycle: stages from new to lapsed, moves between stages, value by stage."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals, disclosure_control
from helpers.value.schema import LIFE_CYCLE_STAGES

NOT_YET_CUSTOMER = "not yet a customer"

MIN_INTER_PURCHASE_TIMES = 50

MIN_STAGE_CUSTOMERS = 10

DORMANCY_QUANTILE = 0.9  # share of waits between purchases that are over by the time a customer is called dormant

SPEND_CHANGE_THRESHOLD = 0.2  # change in spend below which a customer is mature [share]


@dataclass(frozen=True, slots=True, eq=False)
class LifeCycle:
    """Customers by stage, now and one window of days earlier.

    Parameters
    ----------
    window_days : int
        Days by which growth is judged, and over which flows are counted [days].
    silent_days : int
        Days without a purchase after which a customer is dormant, after twice as many lapsed [days].
    worth : DataFrame
        Grain stage: ``stage``, ``n_customers``, ``margin`` to date, ``expected_value`` (empty without one) [money].
    flows : DataFrame
        Stage before × stage now: customers; who was not yet a customer is the last row. Empty without a past.
    reason : str
        Why there are no stages; empty where there are.
    """

    window_days: int
    silent_days: int
    worth: pd.DataFrame
    flows: pd.DataFrame
    reason: str = ""

    def shares(self) -> pd.DataFrame:
        """Return the share of each stage's customers by where they are now, for the figure; under ten left out."""
        if self.flows.empty:
            return self.flows.rename_axis(index="stage before", columns="stage now")
        some = disclosure_control.row_shares_suppressed(self.flows)[self.flows.sum(axis=1) >= MIN_STAGE_CUSTOMERS]
        return some.rename_axis(index="stage before", columns="stage now")

    def moved(self, before: str, after: tuple[str, ...]) -> Estimate:
        """Return the share of a stage's customers who are in one of some stages now."""
        n = int(self.flows.loc[before].sum()) if before in self.flows.index else 0
        segment = f"{before} → {' or '.join(after)}"
        if n < MIN_STAGE_CUSTOMERS:
            return no_estimate(
                "share_moved",
                Status.INSUFFICIENT,
                self.reason or f"fewer than {MIN_STAGE_CUSTOMERS} customers",
                unit="share",
                n=n,
                segment=segment,
            )
        found = confidence_intervals.share_interval(int(self.flows.loc[before, list(after)].sum()) / n, n)
        return Estimate("share_moved", found.value, found.low, found.high, unit="share", n=n, segment=segment)

    def table(self) -> pd.DataFrame:
        """Return ``results/life_cycle``: customers and money by stage, shares by stage before and now."""
        if self.reason:
            return no_estimate("customers", Status.INSUFFICIENT, self.reason, unit="customers").table()
        rows = [Estimate(quantity, float(row[column]), unit=unit, n=int(row["n_customers"]), segment=row["stage"])
                for row in self.worth.to_dict("records")
                for quantity, column, unit in (("customers", "n_customers", "customers"), ("margin", "margin", "money"),
                                               ("expected_value", "expected_value", "money"))
                if not np.isnan(row[column])]
        flows = [self.moved(str(before), (after,)) for before in self.shares().index for after in LIFE_CYCLE_STAGES]
        hidden = [
            bool(self.hidden().loc[before, after]) for before in self.shares().index for after in LIFE_CYCLE_STAGES
        ]
        days = [Estimate("silent_days", self.silent_days, unit="days"),
                Estimate("window_days", self.window_days, unit="days")]
        marks = [*[None] * len(rows), *hidden, *[None] * len(days)]
        return estimate_table([*rows, *flows, *days]).assign(is_withheld=pd.Series(marks, dtype="object"))

    def hidden(self) -> pd.DataFrame:
        """Return which flows are withheld, the stages' sizes before and now being known."""
        return disclosure_control.suppress_two_way(self.flows)

    def reading(self) -> pd.DataFrame:
        """Return stages as a table for reading: customers, share, margin to date, expected value in all and a head."""
        n, expected = self.worth["n_customers"], self.worth["expected_value"]
        found = self.worth.assign(share=n / max(n.sum(), 1), expected_a_head=expected / n)
        columns = ["stage", "n_customers", "share", "margin", "expected_value", "expected_a_head"]
        return found[columns] if expected.notna().any() else found[columns[:4]]


def dormancy_threshold(engine: Engine, transactions: ir.Table, as_of_on: date) -> tuple[int, int]:
    """Return how many days nine in ten waits between purchases do not exceed, and how many waits there are."""
    bought = purchases.occasions_from_days(purchases.cached_customer_days(engine, transactions, as_of_on))
    previous = bought.on.lag().over(ibis.window(group_by="customer_id", order_by="on"))
    waits = bought.mutate(wait=bought.on.delta(previous, unit="day")).filter(lambda t: t.wait.notnull())
    rows = engine.arrow(waits.group_by("wait").aggregate(n=ibis._.count()).order_by("wait"))
    wait, n = (np.asarray(rows[c].to_numpy(), "float64") for c in ("wait", "n"))
    if not len(n):
        return 0, 0
    return int(np.quantile(wait, DORMANCY_QUANTILE, weights=n, method="inverted_cdf")), int(n.sum())


def assign_stage(bought: ir.Table, on: date, *, silent_days: int, window_days: int) -> ir.Table:
    """Return the stage of every buyer at the end of a day.

    Parameters
    ----------
    bought : ir.Table
        Purchase occasions up to the day.
    on : date
        The day.
    silent_days : int
        Days without a purchase after which a customer is dormant, after twice as many lapsed.
    window_days : int
        Bought first within so many days, or once only: new. Else spend in the latest such window against the one
        before it: more by a fifth is growing, less by a fifth declining, the rest mature.

    Returns
    -------
    ir.Table
        Grain buyer: ``customer_id``, ``stage``.
    """
    age = ibis.literal(on).delta(bought.on, unit="day")
    amount, zero = bought.amount.cast("float64"), 0.0
    by = bought.group_by("customer_id").aggregate(
        n=bought.count(), silent=age.min(), known=age.max(), late=(age < window_days).ifelse(amount, zero).sum(),
        early=((age >= window_days) & (age < 2 * window_days)).ifelse(amount, zero).sum())
    stage = ibis.cases(
        (by.silent > 2 * silent_days, "lapsed"),
        (by.silent > silent_days, "dormant"),
        ((by.known < window_days) | (by.n == 1), "new"),
        (by.late > (1 + SPEND_CHANGE_THRESHOLD) * by.early, "growing"),
        (by.late < (1 - SPEND_CHANGE_THRESHOLD) * by.early, "declining"),
        else_="mature",
    )
    return by.select("customer_id", stage=stage)


def life_cycle_stages(engine: Engine, transactions: ir.Table, valued: ir.Table, as_of_on: date,
               window_days: int) -> tuple[LifeCycle, ir.Table]:
    """Return the life cycle, and the stage of every buyer, kept in the engine.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    valued : ir.Table
        Grain customer: ``customer_id``, ``margin``; ``expected_value`` if it is known.
    as_of_on : date
        Last day that is seen.
    window_days : int
        Days by which growth is judged, and over which flows are counted [days].
    """
    limit, n_waits = dormancy_threshold(engine, transactions, as_of_on)
    history = features.recorded_window(engine, transactions, as_of_on)
    empty = engine.lazy(pd.DataFrame({"customer_id": pd.Series(dtype="str"), "stage": pd.Series(dtype="str")}))
    columns = ["stage", "n_customers", "margin", "expected_value"]
    if n_waits < MIN_INTER_PURCHASE_TIMES:
        reason = (
            f"{n_waits} waits between two purchases are on record, {MIN_INTER_PURCHASE_TIMES} are needed to tell a "
            "pause from "
            "a loss"
        )
        return LifeCycle(window_days, 0, pd.DataFrame(columns=columns), pd.DataFrame(), reason), empty
    if history is not None and history.n_days < 2 * window_days:
        reason = (f"the records hold {history.n_days} days, and growth is told from two windows of {window_days}: "
                  "spend before the records is not known, which is not nothing")
        return LifeCycle(window_days, 0, pd.DataFrame(columns=columns), pd.DataFrame(), reason), empty
    rules = {"silent_days": max(limit, 1), "window_days": window_days}
    now = engine.kept(
        assign_stage(
            purchases.occasions_from_days(purchases.cached_customer_days(engine, transactions, as_of_on)),
            as_of_on,
            **rules,
        )
    )
    worth = _worth(engine, now, valued)[columns]
    before_on = as_of_on - timedelta(window_days)
    if history is None or before_on <= history.first_on:
        return LifeCycle(window_days, rules["silent_days"], worth, pd.DataFrame()), now
    was = assign_stage(purchases.purchase_occasions(transactions, before_on), before_on, **rules).select(
        "customer_id", before="stage"
    )
    rows = engine.arrow(now.left_join(was, "customer_id").group_by(
        before=ibis._.before.fill_null(NOT_YET_CUSTOMER), after=ibis._.stage).aggregate(n=ibis._.count())).to_pandas()
    flows = rows.pivot(index="before", columns="after", values="n")
    known = [s for s in (*LIFE_CYCLE_STAGES, NOT_YET_CUSTOMER) if s in flows.index]
    flows = flows.reindex(index=known, columns=list(LIFE_CYCLE_STAGES)).fillna(0).astype("int64")
    return LifeCycle(window_days, rules["silent_days"], worth, flows), now


def with_life_cycle_stage(engine: Engine, customers: ir.Table, stages: ir.Table) -> ir.Table:
    """Return customers with their stage of the life cycle, as ``results/customer_value`` holds it."""
    return engine.kept(customers.left_join(stages, "customer_id").drop("customer_id_right"))


def _worth(engine: Engine, now: ir.Table, valued: ir.Table) -> pd.DataFrame:
    expected = valued.expected_value if "expected_value" in valued.columns else ibis.null("float64")
    money = valued.select("customer_id", margin=valued.margin.cast("float64"), expected_value=expected)
    found = engine.arrow(now.left_join(money, "customer_id").group_by("stage").aggregate(
        n_customers=ibis._.count(), margin=ibis._.margin.sum(), expected_value=ibis._.expected_value.sum())).to_pandas()
    found = found.set_index("stage").reindex([s for s in LIFE_CYCLE_STAGES if s in set(found["stage"])]).reset_index()
    return found.astype({"margin": "float64", "expected_value": "float64"})
