"""Outcomes of customer lists that earlier runs drew: repurchase, margin, contracts, satisfaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.customers.random_assignment import ALERT, CONTROL_GROUP, EXPERIMENT_PREFIXES
from helpers.experiments.config import ExperimentPlan, ExperimentsConfig
from helpers.foundation.engine import Engine
from helpers.foundation.labels import readable_id

CONTRACT_RETAINED, REPURCHASED, CONTACTED = "kept", "repurchased", "contacted"

METRIC_LABELS = {CONTRACT_RETAINED: "Contract retention rate", REPURCHASED: "Repurchase rate", "net_sales": "Net sales",
                 "margin": "Margin", "satisfaction": "Satisfaction score", CONTACTED: "Contact rate"}


@dataclass(frozen=True, slots=True)
class OutcomeTables:
    """What outcomes are computed from, all lazy canonical tables.

    Parameters
    ----------
    transactions, subscriptions, responses, respondents, items, contacts : Table
        Canonical tables; absent ones are empty.
    margin_rate : float
        Share of net sales that is margin where no unit cost is known.
    """

    transactions: ir.Table
    subscriptions: ir.Table
    responses: ir.Table
    respondents: ir.Table
    items: ir.Table
    contacts: ir.Table
    margin_rate: float


def past_action_lists(lists: Iterable[pd.DataFrame], as_of: date, *, is_whole: bool = False) -> pd.DataFrame:
    """Return every list that earlier runs drew before a day, each as the last run that drew it has it.

    Who keeps the arm of a draw of an earlier day is left out: that arm has had its effect on who is on the list, so
    that the list is not measured by them. No experiment are alerts, which lists answer that are measured themselves,
    and a list of which nobody was held out.

    Parameters
    ----------
    lists : iterable of DataFrame
        ``results/assignments_drawn`` of earlier runs, oldest first.
    as_of : date
        The day of this look.
    is_whole : bool
        Whether they are given all the same, for who carries the lists out.

    Returns
    -------
    DataFrame
        experiment, unit_id, variant, probability, stratum (units of one chance), assigned_on; sorted.
    """
    columns = ["experiment", "unit_id", "variant", "probability", "stratum", "assigned_on"]
    last = {name: rows if is_whole or "kept_from" not in rows else rows[rows["kept_from"].isna()]
            for one in lists for name, rows in one.groupby("experiment")}
    parts = [rows.assign(stratum=_chance_to_be_held_out(rows))[columns] for name, rows in sorted(last.items())
             if len(rows) and pd.Timestamp(rows["assigned_on"].iloc[0]).date() < as_of
             and (is_whole or _is_experiment(str(name), rows))]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts).sort_values(columns[:2], ignore_index=True)


def _is_experiment(name: str, rows: pd.DataFrame) -> bool:
    return not name.startswith(EXPERIMENT_PREFIXES[ALERT]) and bool(rows["variant"].eq(CONTROL_GROUP).any())


def _chance_to_be_held_out(rows: pd.DataFrame) -> pd.Series:
    """Return the stratum of each unit: those of one chance, whose arms can be compared as they are."""
    chance = rows["probability"].where(rows["variant"].eq(CONTROL_GROUP), 1 - rows["probability"])
    return "chance " + chance.map("{:.4f}".format)


def outcome_due_on(drawn: pd.DataFrame, window_days: int) -> dict[str, date]:
    """Return the last day of each list's outcome window, by experiment."""
    first = drawn.groupby("experiment")["assigned_on"].min() if len(drawn) else {}
    return {str(name): pd.Timestamp(on).date() + timedelta(days=window_days) for name, on in dict(first).items()}


def with_list_plans(assumptions: ExperimentsConfig, drawn: pd.DataFrame, has_contracts: bool) -> ExperimentsConfig:
    """Return the assumptions with a plan for each drawn list that has none: what was decided by drawing it.

    Parameters
    ----------
    assumptions : ExperimentsConfig
        Section ``[experiments]``.
    drawn : DataFrame
        As `drawn` gives it.
    has_contracts : bool
        Whether customers are known by contracts, not by purchases, so that keeping one is the outcome; else it is
        buying again.
    """
    made = {
        name: ExperimentPlan(
            label=name[:1].upper() + readable_id(name)[1:],
            hypothesis="who is contacted stays more often than the random control group",
            control=CONTROL_GROUP,
            primary_metric=CONTRACT_RETAINED if has_contracts else REPURCHASED,
            assigned="customer",
            received=CONTACTED,
            ends_on=on,
            metric_labels=METRIC_LABELS,
        )
        for name, on in outcome_due_on(drawn, assumptions.window_days).items()
    }
    return assumptions.model_copy(update={"plans": {**made, **assumptions.plans}})


def measure_outcomes(
    engine: Engine, drawn: pd.DataFrame, records: OutcomeTables, window_days: int, as_of: date
) -> ir.Table:
    """Return drawn lists as assignments with their outcomes over the window; lists not yet due have none.

    Parameters
    ----------
    engine : Engine
        The engine session.
    drawn : DataFrame
        As `drawn` gives it; unit_id is the customer.
    records : OutcomeTables
        What outcomes are computed from.
    window_days : int
        Days after the draw over which outcomes are counted, and before it over which the past is.
    as_of : date
        The day of this look.

    Returns
    -------
    Table
        As `outcomes_of_units` gives it.
    """
    frame = drawn.assign(assigned_at=pd.to_datetime(drawn["assigned_on"]).astype("datetime64[us]"))
    return outcomes_of_units(engine.lazy(frame.drop(columns="assigned_on")), records, window_days, as_of)


def outcomes_of_units(t: ir.Table, records: OutcomeTables, window_days: int, as_of: date) -> ir.Table:
    """Return the outcomes of customers over the window that follows the day on which each was assigned.

    Parameters
    ----------
    t : Table
        experiment, unit_id (the customer), variant, probability, stratum, assigned_at; one row an experiment and unit.
    records, window_days, as_of : OutcomeTables, int, date
        As in `measure_outcomes`.

    Returns
    -------
    Table
        Grain experiment × unit: experiment, unit_id, variant, probability, stratum, assigned_at,
        ``metric_repurchased`` (a purchase in the window), ``metric_net_sales`` and ``metric_margin`` [money],
        ``metric_kept`` (a contract held to the end of the window, of those who held one at the draw),
        ``metric_satisfaction`` (mean answer in the window, 0–100), ``metric_contacted`` (whether a contact was sent in
        the window), ``covariate_net_sales_before`` [money].
    """
    ends = t["assigned_at"] + ibis.interval(days=window_days + 1)
    t = t.mutate(ends_at=ends, starts_at=t["assigned_at"] + ibis.interval(days=1),
                 before_at=t["assigned_at"] - ibis.interval(days=window_days),
                 is_due=ends <= ibis.literal(pd.Timestamp(as_of) + pd.Timedelta(days=1)))
    key = ["experiment", "unit_id"]
    for part in (_bought(t, records), _contracts(t, records), _answers(t, records), _contacts(t, records)):
        t = t.left_join(part, key).drop(*(f"{k}_right" for k in key))
    sales, has = t["net_sales"].fill_null(0.0), records.transactions.count().as_scalar() > 0
    is_known = t["is_due"] & has
    nothing = ibis.null("float64")
    return t.select(
        *key, "variant", "probability", "stratum", "assigned_at",
        metric_repurchased=ibis.ifelse(is_known, (t["best_day"].fill_null(0.0) > 0).cast("float64"), nothing),
        metric_net_sales=ibis.ifelse(is_known, sales, nothing),
        metric_margin=ibis.ifelse(is_known, t["margin"].fill_null(0.0), nothing),
        metric_kept=ibis.ifelse(t["is_due"], t["is_kept"], nothing),
        metric_satisfaction=ibis.ifelse(t["is_due"], t["satisfaction"], nothing),
        metric_contacted=ibis.ifelse(t["is_due"] & (_last_contact(records) >= t["starts_at"]),
                                     t["contacted"].fill_null(0.0), nothing),
        covariate_net_sales_before=ibis.ifelse(has, t["before"].fill_null(0.0), nothing))


def with_measured_lists(assignments: ir.Table, measured: ir.Table) -> ir.Table:
    """Return recorded assignments and measured lists as one table, with the columns of both.

    A list that the records hold under the same name is taken from them.
    """
    measured = measured.anti_join(assignments.select("experiment").distinct(), "experiment")

    def widened(t: ir.Table, other: ir.Table) -> ir.Table:
        schema = {**other.schema(), **assignments.schema()}
        return t.select(**{c: (t[c] if c in t.columns else ibis.null()).cast(kind) for c, kind in schema.items()})

    schema = {**measured.schema(), **assignments.schema()}
    one, two = widened(assignments, measured), widened(measured, measured)
    order = sorted(schema)
    return one.select(*order).union(two.select(*order))


def _bought(t: ir.Table, records: OutcomeTables) -> ir.Table:
    """Return net sales, margin and the best day of the window, and net sales before, by experiment and unit."""
    lines = records.transactions
    cost = lines["unit_cost"].cast("float64") * lines["quantity"]
    amount = lines["amount"].cast("float64")
    sale = lines.filter(lines["kind"].isin(["sale", "refund"]) & lines["customer_id"].notnull()).select(
        unit_id="customer_id", at="ordered_at", amount=amount,
        margin=ibis.ifelse(cost.notnull(), amount - cost, amount * records.margin_rate))
    own = t.inner_join(sale, "unit_id").filter(lambda j: (j["at"] >= j["before_at"]) & (j["at"] < j["ends_at"]))
    own = own.filter(own["at"] < own["assigned_at"]).select(
        "experiment", "unit_id", "amount", "margin", day=own["at"].date(), is_after=False).union(
        own.filter(own["at"] >= own["starts_at"]).select(
            "experiment", "unit_id", "amount", "margin", day=own["at"].date(), is_after=True))
    days = own.group_by("experiment", "unit_id", "is_after", "day").aggregate(
        sales=own["amount"].sum(), margin=own["margin"].sum())
    return days.group_by("experiment", "unit_id").aggregate(
        net_sales=days["sales"].sum(where=days["is_after"]), margin=days["margin"].sum(where=days["is_after"]),
        best_day=days["sales"].max(where=days["is_after"]), before=days["sales"].sum(where=~days["is_after"]))


def _last_contact(records: OutcomeTables) -> ir.Scalar:
    return records.contacts["sent_at"].max().as_scalar()


def _contacts(t: ir.Table, records: OutcomeTables) -> ir.Table:
    """Return whether a contact was sent in the window, by experiment and unit.

    Contacts of a campaign that is called as the list are counted; where none is, all of them: what else reached both
    arms alike then stands in both.
    """
    sent = records.contacts.select(unit_id="customer_id", at="sent_at", campaign="campaign")
    own = t.inner_join(sent, "unit_id").filter(lambda j: (j["at"] >= j["starts_at"]) & (j["at"] < j["ends_at"]))
    is_of_list = (own["campaign"] == own["experiment"]).fill_null(False)
    own = own.mutate(is_of_list=is_of_list)
    named = own.group_by("experiment").aggregate(is_named=own["is_of_list"].any())
    own = own.inner_join(named, "experiment").filter(lambda j: j["is_of_list"] | ~j["is_named"])
    return own.group_by("experiment", "unit_id").aggregate(contacted=own["is_of_list"].count().sign().cast("float64"))


def _contracts(t: ir.Table, records: OutcomeTables) -> ir.Table:
    """Return whether a contract held at the draw still stood at the end of the window, by experiment and unit."""
    s = records.subscriptions.select(unit_id="customer_id", started_on="started_on", has_ended="has_ended",
                                     ended_on="ended_on")
    own = t.inner_join(s, "unit_id")
    draw, end = own["assigned_at"].date(), own["ends_at"].date()
    # an end without a day cannot be placed before or after the draw
    own = own.filter((own["started_on"].isnull() | (own["started_on"] <= draw))
                     & (~own["has_ended"] | (own["ended_on"] > draw)))
    stands = ~own["has_ended"] | (own["ended_on"] >= end)
    return own.mutate(stands=stands.cast("float64")).group_by("experiment", "unit_id").aggregate(
        is_kept=lambda o: o["stands"].max())


def _answers(t: ir.Table, records: OutcomeTables) -> ir.Table:
    """Return the mean satisfaction answered in the window, 0–100, by experiment and unit."""
    known = records.items.filter(records.items["role"] == "satisfaction").select(
        "item", "scale_low", "scale_high", "is_reversed")
    who = records.respondents.select("response_id", unit_id="customer_id", at="responded_at")
    given = records.responses.select("response_id", "item", "score").inner_join(known, "item").inner_join(
        who, "response_id")
    level = 100 * (given["score"] - given["scale_low"]) / (given["scale_high"] - given["scale_low"]).nullif(0)
    level = ibis.ifelse(given["is_reversed"].fill_null(False), 100 - level, level)
    given = given.mutate(level=level).select("unit_id", "at", "level")
    own = t.inner_join(given, "unit_id").filter(lambda j: (j["at"] >= j["starts_at"]) & (j["at"] < j["ends_at"]))
    return own.group_by("experiment", "unit_id").aggregate(satisfaction=own["level"].mean())
