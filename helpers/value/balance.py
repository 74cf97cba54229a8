"""Balance: three ledgers of what is put into customers and what comes back, by tier and by stage of the life cycle.

The transactional ledger nets to money. The service and the emotional ledger do not: they are never added to it, nor to
each other.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate, Status, summary, without_value
from helpers.methods import disclosure_control, intervals
from helpers.value.stages import STAGES

FEWEST = 10
FAR = 0.95  # share of a normal residual's distribution above which a cost is far above the fitted one
IN, BACK, NET = "put in", "comes back", "left"
TRANSACTIONAL, SERVICE, EMOTIONAL = "transactional", "service", "emotional"

# ledger, side, item, unit, numerator, denominator; "n" is the number of customers
ITEMS = (
    (TRANSACTIONAL, BACK, "sales at list price", "money a customer", "list_sales", "n"),
    (TRANSACTIONAL, IN, "discounts", "money a customer", "discounts", "n"),
    (TRANSACTIONAL, IN, "goods at cost", "money a customer", "goods", "n"),
    (TRANSACTIONAL, IN, "contacts", "money a customer", "contact_cost", "n"),
    (TRANSACTIONAL, IN, "service cases", "money a customer", "case_cost", "n"),
    (TRANSACTIONAL, IN, "rewards redeemed", "money a customer", "reward_cost", "n"),
    (TRANSACTIONAL, NET, "profit", "money a customer", "profit", "n"),
    (SERVICE, IN, "cases opened", "cases a customer", "n_cases", "n"),
    (SERVICE, IN, "wait until a case is done", "days", "handled_days", "n_handled"),
    (SERVICE, IN, "deliveries later than promised", "share of deliveries", "n_late", "n_promised"),
    (SERVICE, BACK, "cases resolved", "share of cases", "n_resolved", "n_cases"),
    (SERVICE, BACK, "purchase occasions", "occasions a customer", "n_occasions", "n"),
    (EMOTIONAL, IN, "contacts sent", "contacts a customer", "n_contacts", "n"),
    (EMOTIONAL, IN, "cases fed back", "share of cases", "n_fed_back", "n_cases"),
    (EMOTIONAL, BACK, "replies to contacts", "share of contacts", "n_replies", "n_contacts"),
    (EMOTIONAL, BACK, "attitude", "0 to 100", "attitude", "n_attitude"),
    (EMOTIONAL, BACK, "customers brought by recommendation", "customers a customer", "n_brought", "n"),
    (EMOTIONAL, BACK, "years as a customer", "years", "tenure_years", "n_tenure"),
)
SPENT = ("discounts", "contact_cost", "case_cost", "reward_cost")  # without any of them there is nothing to net
COLUMNS = tuple(dict.fromkeys(c for *_, a, b in ITEMS for c in (a, b) if c != "n"))


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """The ledgers, and who is served beyond what others at equal expected margin are.

    Parameters
    ----------
    entries : DataFrame
        Grain segment × item: ``by`` (tier or stage), ``segment``, ``ledger``, ``side``, ``item``, ``unit``, ``value``,
        ``n`` customers; values without a denominator are left out.
    over : DataFrame
        Grain tier: ``tier``, ``n_customers``, ``n_over`` far above the fitted cost, ``money_over`` above it by those,
        ``cost_to_serve`` in all [money].
    reason : str
        Why nobody is called over-served; empty where it could be fitted.
    """

    entries: pd.DataFrame
    over: pd.DataFrame
    reason: str = ""

    def ledger(self, ledger: str, by: str = "tier") -> pd.DataFrame:
        """Return one ledger as a table for reading: side, item, unit, a column a segment."""
        part = self.entries[(self.entries["ledger"] == ledger) & (self.entries["by"] == by)]
        if part.empty:
            return pd.DataFrame()
        wide = part.pivot(index=["side", "item", "unit"], columns="segment", values="value")
        order = [(side, item, unit) for of, side, item, unit, *_ in ITEMS if of == ledger]
        return wide.reindex([key for key in order if key in wide.index])[
            list(dict.fromkeys(part["segment"]))].reset_index()

    def over_served(self) -> Estimate:
        """Return how many customers cost far more to serve than others of their tier at equal expected margin."""
        if self.reason:
            return without_value("over_served", Status.INSUFFICIENT, self.reason, unit="customers")
        return Estimate("over_served", float(self.over["n_over"].sum()), unit="customers",
                        n=int(self.over["n_customers"].sum()))

    def table(self) -> pd.DataFrame:
        """Return ``results/value_balance``: every entry, and the over-served by tier."""
        rows = [Estimate(f"{e['ledger']}, {e['side']}: {e['item']}", e["value"], unit=e["unit"], n=int(e["n"]),
                         segment=f"{e['by']} {e['segment']}") for e in self.entries.to_dict("records")]
        over = [Estimate(q, float(r[c]), unit=u, n=int(r[of]), segment=f"tier {r['tier']}")
                for r in self.over.to_dict("records")
                for q, c, u, of in (("over_served", "n_over", "customers", "n_customers"),
                                    ("over_served_cost", "money_over", "money", "n_over"))]
        return summary([*rows, self.over_served(), *over])


def balance(engine: Engine, served: ir.Table, profile: ir.Table) -> Balance:
    """Return the ledgers by tier and stage.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    served : ir.Table
        As `serving.served` gives it.
    profile : ir.Table
        Grain customer: ``customer_id``, ``tier``, ``tier_rank``, ``stage``, ``expected_value``, ``attitude`` [0–100],
        ``n_brought``, ``age_days``; empty where something is not known. Who has neither tier nor stage does not count.
    """
    known = profile.filter(profile.tier.notnull() | profile.stage.notnull())
    known = known.drop([c for c in known.columns if c in served.columns and c != "customer_id"])
    both = known.left_join(served, "customer_id").drop("customer_id_right")
    zeros = {c: both[c].fill_null(0.0) for c in served.columns if c != "customer_id"}
    whole = engine.kept(both.mutate(**zeros).mutate(
        list_sales=lambda t: t.net_sales + t.discounts, goods=lambda t: t.net_sales - t.margin,
        n_attitude=lambda t: t.attitude.notnull().ifelse(1.0, 0.0), n_brought=lambda t: t.n_brought.fill_null(0),
        tenure_years=lambda t: t.age_days / 365.25, n_tenure=lambda t: t.age_days.notnull().ifelse(1.0, 0.0),
        ))
    entries = [_entries(engine, whole, "tier", "tier_rank"), _entries(engine, whole, "stage", None)]
    over, reason = _over(engine, whole)
    return Balance(pd.concat(entries, ignore_index=True), over, reason)


def _entries(engine: Engine, whole: ir.Table, by: str, rank: str | None) -> pd.DataFrame:
    known = whole.filter(whole[by].notnull())
    sums = {c: known[c].cast("float64").sum().fill_null(0.0) for c in COLUMNS}
    order = known[rank].min() if rank else known.count()
    rows = engine.arrow(known.group_by(segment=known[by]).aggregate(n=known.count(), place=order, **sums)).to_pandas()
    known_order = {stage: i for i, stage in enumerate(STAGES)}
    rows = rows.assign(place=rows["place"] if rank else rows["segment"].map(known_order)).sort_values(
        "place", ignore_index=True)
    hidden = disclosure_control.suppressed(rows["n"], [range(len(rows))])
    there = {c: rows[c].abs().sum() > 0 for c in COLUMNS} | {"n": True}
    found = [{"by": by, "segment": r["segment"], "ledger": ledger, "side": side, "item": item, "unit": unit,
              "value": r[top] / r[below], "n": int(r["n"])}
             for r, is_hidden in zip(rows.to_dict("records"), hidden, strict=True) if not is_hidden
             for ledger, side, item, unit, top, below in ITEMS if r[below] > 0 and _is_told(there, top)
             and (ledger != TRANSACTIONAL or any(there[c] for c in SPENT))]
    told = {row["ledger"] for row in found if row["side"] == IN}  # what comes back for nothing is no ledger
    return pd.DataFrame([row for row in found if row["ledger"] in told],
                        columns=["by", "segment", "ledger", "side", "item", "unit", "value", "n"])


def _is_told(there: dict[str, bool], column: str) -> bool:
    """Return whether an item is recorded at all; a share that is zero for everybody is still told by its whole."""
    return there[column] or column in {"n_resolved", "n_late"}


def _over(engine: Engine, whole: ir.Table) -> tuple[pd.DataFrame, str]:
    columns = ["tier", "n_customers", "n_over", "money_over", "cost_to_serve"]
    known = whole.filter(whole.expected_value.notnull(), whole.tier.notnull())
    row = engine.first_row(known.aggregate(n=known.count(), cost=known.cost_to_serve.sum().fill_null(0.0)))
    if row["n"] < FEWEST or not row["cost"] > 0:
        reason = ("no cost of contacts, cases or rewards is recorded" if row["n"] >= FEWEST else
                  "what customers will bring is not known, so that none can be held against others of equal worth")
        return pd.DataFrame(columns=columns), reason
    x, y = known.expected_value.cast("float64"), known.cost_to_serve
    of = ibis.window(group_by="tier")
    slope = x.cov(y, how="pop").over(of) / x.var(how="pop").over(of).nullif(0.0)
    fitted = known.mutate(far=y - y.mean().over(of) - slope.fill_null(0.0) * (x - x.mean().over(of)),
                          n_tier=known.count().over(of))
    limit = intervals.normal_quantile(2 * FAR - 1) * fitted.far.std(how="sample").over(of)
    is_over = (fitted.far > limit) & (fitted.far > 1e-9) & (fitted.n_tier >= FEWEST)
    rows = engine.arrow(fitted.mutate(is_over=is_over).group_by("tier_rank", "tier").aggregate(
        n_customers=ibis._.count(), n_over=ibis._.is_over.fill_null(False).ifelse(1, 0).sum(),
        money_over=ibis._.is_over.fill_null(False).ifelse(ibis._.far, 0.0).sum(),
        cost_to_serve=ibis._.cost_to_serve.sum()).order_by("tier_rank")).to_pandas()
    return rows[columns], ""
