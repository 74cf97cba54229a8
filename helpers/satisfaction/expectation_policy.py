"""Expectation policy: sales won, satisfaction and repeat purchase by how much people expected, channel and campaign.

Promising little is said to make content but few customers, promising much to make sales and no repeat purchase. Groups
are not assigned at random, and what was promised is not recorded: expectation is what people state when asked.
"""

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate, strike
from helpers.satisfaction.survey_quality import MeasuredScale
from helpers.stats.confidence_intervals import Interval, share_interval
from helpers.stats.disclosure_control import FEW_PEOPLE, estimate_if_enough, people_text
from helpers.stats.survey_weights import (
    ReplicateWeights,
    WeightedSample,
    student_interval,
    weighted_quantile_groups,
)

EXPECTATION_TERTILES = ("lowest expectations", "middle expectations", "highest expectations")

EXPECTATION_RAISED, FIRST_ORDER = "expectation stated", "sales won, first order"

SATISFACTION, SPEND, BOUGHT_AGAIN = "satisfaction", "spend after answering", "share who bought again"

CAMPAIGN_SALES, CAMPAIGN_BUYERS = "sales in 30 days after the contact", "share who bought in 30 days after the contact"

CHANNEL_PREFIX, CAMPAIGN_PREFIX = "won through ", "campaign "

CAMPAIGN_DAYS, MEMORY_DAYS = 30, 180  # days of sales after a contact; days a contact is remembered when answering


def first_expectations(answers: ir.Table) -> pd.DataFrame:
    """Return what each customer expected at the first answer: ``customer_id, expectation`` [0–100]``, expected_at``."""
    asked = answers.filter((answers.role == "expectation") & answers.percent.notnull() & answers.customer_id.notnull())
    rows = asked.group_by("customer_id", "response_id", expected_at=asked.responded_at).aggregate(
        expectation=asked.percent.mean())
    frame = rows.to_pyarrow().to_pandas().sort_values(["expected_at", "response_id"], na_position="last")
    return frame.drop_duplicates("customer_id").sort_values("customer_id", ignore_index=True)[
        ["customer_id", "expectation", "expected_at"]]


def with_promises(expected: pd.DataFrame, transactions: ir.Table, contacts: ir.Table) -> pd.DataFrame:
    """Return the expectations with the first order's value and the campaign that reached the customer last before.

    Parameters
    ----------
    expected : DataFrame
        From `first_expectations`.
    transactions, contacts : Table
        Canonical tables.

    Returns
    -------
    DataFrame
        Its columns, ``first_order`` [money; NaN without one] and ``campaign`` (empty without one in half a year).
    """
    made = expected.merge(_first_orders(transactions), on="customer_id", how="left")
    if expected.empty:
        return made.assign(campaign="")
    named = contacts.filter(contacts.campaign.notnull()).select("customer_id", "sent_at", "campaign")
    joined = named.inner_join(ibis.memtable(expected[["customer_id", "expected_at"]]), "customer_id")
    near = joined.filter((joined.sent_at <= joined.expected_at) & (
        joined.sent_at > joined.expected_at - ibis.interval(days=MEMORY_DAYS)))
    last = near.to_pyarrow().to_pandas().sort_values(["sent_at", "campaign"]).drop_duplicates(
        "customer_id", keep="last")
    made = made.merge(last[["customer_id", "campaign"]], on="customer_id", how="left")
    return made.assign(campaign=made["campaign"].fillna(""))


def _first_orders(transactions: ir.Table) -> pd.DataFrame:
    sold = transactions.filter((transactions.kind == "sale") & transactions.customer_id.notnull())
    orders = sold.group_by("customer_id", "order_id").aggregate(
        at=sold.ordered_at.min(), first_order=sold.amount.sum().cast("float64"))
    rank = ibis.row_number().over(ibis.window(group_by="customer_id", order_by=[orders.at, orders.order_id]))
    first = orders.mutate(rank=rank).filter(lambda t: t["rank"] == 0)
    return first.select("customer_id", "first_order").to_pyarrow().to_pandas()


def expectation_policy_estimates(
    expected: pd.DataFrame, found: pd.DataFrame, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return sales won, satisfaction and repeat purchase by thirds of the expectation stated, channel and campaign.

    Parameters
    ----------
    expected : DataFrame
        From `with_promises`.
    found : DataFrame
        From `helpers.satisfaction.satisfaction_vs_behaviour.behaviour_after_answer`.
    replicas : ReplicateWeights, optional
        Of the weights.

    Notes
    -----
    Thirds by weight, cut between answers: people who expected the same are of one third.
    """
    rows = found.merge(expected, on="customer_id").dropna(subset=["expectation", "orders"])
    if len(rows) < 3 * FEW_PEOPLE:
        reason = f"{people_text(len(rows))} customers with expectation and behaviour, {3 * FEW_PEOPLE} are needed"
        return [no_estimate("expectation policy", Status.INSUFFICIENT, reason, n=len(rows))]
    third = weighted_quantile_groups(rows["expectation"].to_numpy(float), rows["weight"].to_numpy(float),
                                     len(EXPECTATION_TERTILES))
    groups = [(name, rows[third == i]) for i, name in enumerate(EXPECTATION_TERTILES) if (third == i).any()]
    for column, prefix in (("channel", CHANNEL_PREFIX), ("campaign", CAMPAIGN_PREFIX)):
        enough = [(f"{prefix}{name}", g) for name, g in rows.groupby(column) if name and len(g) >= FEW_PEOPLE]
        groups += enough if len(enough) > 1 else []
    return [e for name, group in groups for e in _group_estimates(group, name, replicas)]


def struck_expectation(measured: Sequence[MeasuredScale], known: pd.DataFrame) -> str:
    """Return why the mean of all expectations is not reported; empty where it stands.

    Parameters
    ----------
    measured : sequence of MeasuredScale
        From `helpers.satisfaction.survey_quality.measure_scales`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`. Constructs of expectation need not go together: their mean
        falls with half of them.
    """
    asked = set(known.loc[known["role"] == "expectation", "item"])
    scales = [s for s in measured if set(s.items) <= asked]
    struck = [s for s in scales if s.struck]
    return "; ".join(f"{s.struck} for {s.name}" for s in struck) if 2 * len(struck) >= len(scales) else ""


def reported_policy(rows: Sequence[Estimate], expectation: str = "", satisfaction: str = "") -> list[Estimate]:
    """Return what of an expectation policy may be reported.

    Parameters
    ----------
    rows : sequence of Estimate
        From `expectation_policy_estimates`.
    expectation, satisfaction : str
        Why the mean expectation, or the satisfaction score, is not reported; empty where it stands. The thirds are made
        of expectation and fall with it; channels and campaigns keep what they won.
    """
    made = []
    for e in rows:
        of_expectation = e.segment in EXPECTATION_TERTILES or e.quantity == EXPECTATION_RAISED
        reason = expectation if of_expectation and expectation else satisfaction if e.quantity == SATISFACTION else ""
        made += strike([e], {e.segment: reason} if reason else {})
    return made


def _group_estimates(group: pd.DataFrame, name: str, replicas: ReplicateWeights | None) -> list[Estimate]:
    of = {EXPECTATION_RAISED: ("expectation", "points"), SATISFACTION: ("satisfaction", "points"),
          FIRST_ORDER: ("first_order", "money"), SPEND: ("spend", "money")}
    made = []
    for quantity, (column, unit) in of.items():
        known = group.dropna(subset=column)
        mean = _sample(known, replicas).mean(known[column].to_numpy(float))
        mean = _not_below_zero(mean) if unit == "money" else mean
        made.append(estimate_if_enough(quantity, mean, len(known), unit=unit, segment=name))
    again = _sample(group, replicas).share((group["orders"] > 0).to_numpy())
    return [*made, estimate_if_enough(BOUGHT_AGAIN, again, len(group), unit="share", segment=name)]


def _not_below_zero(mean: Interval) -> Interval:
    """Return an interval of mean sales, none of which is below zero."""
    return Interval(mean.value, max(mean.low, 0.0), mean.high)


def _sample(group: pd.DataFrame, replicas: ReplicateWeights | None) -> WeightedSample:
    return WeightedSample(group["customer_id"].to_numpy(), group["weight"].to_numpy(float), replicas)


def campaign_estimates(contacts: ir.Table, transactions: ir.Table, as_of: date) -> list[Estimate]:
    """Return the sales that followed each campaign, by customer whom it reached; without a control, no effect.

    Parameters
    ----------
    contacts, transactions : Table
        Canonical tables.
    as_of : date
        Customers whose days after the contact are not over are left out.
    """
    reached = contacts.filter(contacts.campaign.notnull()).group_by("campaign", "customer_id").aggregate(
        sent_at=contacts.sent_at.min())
    until = pd.Timestamp(as_of) + pd.Timedelta(days=1 - CAMPAIGN_DAYS)
    reached = reached.filter(reached.sent_at < until)
    sold = transactions.filter(transactions.kind == "sale").select("customer_id", "ordered_at", "amount")
    joined = reached.inner_join(sold, "customer_id")
    near = joined.filter((joined.ordered_at > joined.sent_at) & (
        joined.ordered_at <= joined.sent_at + ibis.interval(days=CAMPAIGN_DAYS)))
    sales = near.group_by("campaign", "customer_id").aggregate(amount=near.amount.sum().cast("float64"))
    each = reached.left_join(sales, ["campaign", "customer_id"])
    table = each.group_by("campaign").aggregate(
        n=each.count(), k=each.amount.count(), mean=each.amount.fill_null(0.0).mean(),
        spread=each.amount.fill_null(0.0).std())
    frame = table.to_pyarrow().to_pandas().query("n >= @FEW_PEOPLE").sort_values("campaign")
    return [e for row in frame.to_dict("records") for e in _campaign_rows(row)] if len(frame) > 1 else []


def _campaign_rows(row: dict) -> list[Estimate]:
    n, name = int(row["n"]), f"{CAMPAIGN_PREFIX}{row['campaign']}"
    mean = _not_below_zero(student_interval(float(row["mean"]), float(row["spread"]) / np.sqrt(n), n))
    return [estimate_if_enough(CAMPAIGN_SALES, mean, n, unit="money", segment=name),
            estimate_if_enough(CAMPAIGN_BUYERS, share_interval(row["k"] / n, n), n, unit="share", segment=name)]
