"""Who could be contacted: every customer with a tier or a risk, side by side, and who must not be."""

from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.methods import disclosure_control

NO_TIER, NOT_SCORED = "no tier", "not scored"
FEWEST = 10
RISKS = ("high", "medium", "low", NOT_SCORED)


def candidates(value: pd.DataFrame, scores: pd.DataFrame, unwilling: pd.DataFrame) -> pd.DataFrame:
    """Return one row per customer with a tier or a risk, sorted by customer.

    Parameters
    ----------
    value : DataFrame
        ``results/customer_value``: customer_id, tier, tier_rank. May be empty.
    scores : DataFrame
        ``results/churn_scores``: customer_id, risk, p_lost, due_on, value_if_kept, monthly_fee. May be empty.
    unwilling : DataFrame
        Customers who must not be contacted: customer_id.

    Returns
    -------
    DataFrame
        customer_id, tier, tier_rank (rank below the lowest where there is no tier), risk, p_lost, value_if_kept,
        value_at_stake, priority, is_unwilling. A risk without a date is no probability within the horizon: it puts no
        sum at stake, and its priority is the probability × the month's fee.
    """
    joined = pd.merge(value[["customer_id", "tier", "tier_rank"]], scores[list(_SCORED)], on="customer_id",
                      how="outer", sort=True)
    p_lost, is_dated = joined["p_lost"].astype("float64"), joined["due_on"].notna()
    kept = joined["value_if_kept"].astype("float64").where(is_dated)
    at_stake = p_lost * kept
    lowest = int(joined["tier_rank"].max()) if joined["tier_rank"].notna().any() else 0
    return pd.DataFrame({
        "customer_id": joined["customer_id"].astype("str"),
        "tier": joined["tier"].astype("object").where(joined["tier"].notna(), NO_TIER).astype("str"),
        "tier_rank": joined["tier_rank"].astype("float64").fillna(lowest + 1).astype("int64"),
        "risk": joined["risk"].astype("object").where(joined["risk"].notna(), NOT_SCORED).astype("str"),
        "p_lost": p_lost, "value_if_kept": kept, "value_at_stake": at_stake,
        "priority": at_stake.where(is_dated, p_lost * joined["monthly_fee"].astype("float64")),
        "is_unwilling": joined["customer_id"].isin(unwilling["customer_id"]).astype("bool"),
    })


_SCORED = ("customer_id", "risk", "p_lost", "due_on", "value_if_kept", "monthly_fee")


def unwilling(contacts: ir.Table, as_of: date) -> ir.Table:
    """Return the customers who opted out of a contact by a day: customer_id, once each.

    Parameters
    ----------
    contacts : Table
        ``canonical/contacts``.
    as_of : date
        The day of the plan.
    """
    return contacts.filter(contacts["opted_out_at"].date() <= ibis.literal(as_of)).select("customer_id").distinct()


def matrix(customers: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Return tiers × bands of risk, the top tier and the highest risk first; cells of one to nine people are empty.

    Parameters
    ----------
    customers : DataFrame
        As `candidates` gives it.
    quantity : str
        ``"customers"`` counts them; ``"value_at_stake"`` sums money, empty where none is known.
    """
    cells = customers.groupby(["tier_rank", "tier", "risk"])["value_at_stake"]
    columns = [risk for risk in RISKS if risk in set(customers["risk"])]
    n = cells.size().unstack("risk").reindex(columns=columns).fillna(0).astype("float64")
    table = n if quantity == "customers" else cells.sum(min_count=1).unstack("risk").reindex(columns=columns)
    table = table.mask(disclosure_control.withheld(n))
    table.index = pd.Index(table.index.get_level_values("tier"), name="tier")
    return table.rename_axis(columns="risk")
