"""Churn features up to a cut-off: recency, orders, cases, contacts, events, points, survey scores.

Each expression sees only rows from the cut-off or before, and of a row only what was known by then: that a case was
closed counts from the day it was closed, a late delivery from the day it arrived or was due.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta

import ibis
import ibis.expr.types as ir

from helpers.customers import features
from helpers.foundation.engine import Engine
from helpers.foundation.labels import readable_id

FEATURE_GROUPS = {
    "inactivity": ("log_recency_days", "log_inactivity_by_own_gap", "log_recency_if_one_time", "gap_improbability",
                   "log_days_since_event"),
    "purchase frequency": ("log_occasions", "log_recent_occasions", "log_before_occasions", "change_of_pace",
                           "is_one_time", "n_recent_events", "n_before_events"),
    "tenure": ("log_age_days", "log_tenure_months", "tenure_months"),
    "spend": ("log_mean_spend", "log_recent_spend", "n_categories", "share_online", "monthly_fee"),
    "price": ("share_promotion", "share_discount"),
    "delivery and returns": ("share_late", "share_refunded"),
    "complaints and cases": ("n_recent_complaints", "n_recent_cases", "n_past_complaints", "n_open_cases",
                             "share_unresolved"),
    "contact": ("n_recent_contacts", "share_opened", "has_opted_out"),
    "satisfaction": ("satisfaction",),
    "programme": ("n_recent_redemptions", "points_earned", "points_before"),
    "plan": ("plan",),
}

CONTRACT_AGE = "months as a customer"

FEATURE_LABELS = {
    "change_of_pace": "rise in purchase frequency",
    "has_opted_out": "opt-out from contact",
    "is_one_time": "one purchase only",
    "log_age_days": "days as a customer",
    "log_before_occasions": "purchases before the recent ones",
    "log_days_since_event": "days since the last visit or event",
    "log_mean_spend": "spend per purchase",
    "log_occasions": "purchases",
    "log_recency_days": "days since the last purchase",
    "log_recency_if_one_time": "days since the only purchase",
    "log_recent_occasions": "recent purchases",
    "log_recent_spend": "recent spend",
    "log_inactivity_by_own_gap": "inactivity against the own rhythm",
    "log_tenure_months": CONTRACT_AGE,
    "n_before_events": "visits and events before the recent ones",
    "n_categories": "product categories bought",
    "n_recent_events": "recent visits and events",
    "points_before": "points held before",
    "share_discount": "share of discounts",
    "share_late": "share of late deliveries",
    "share_online": "share of online orders",
    "share_opened": "share of contacts opened",
    "share_promotion": "share of orders on promotion",
    "share_refunded": "share refunded",
    "share_unresolved": "share of unresolved cases",
    "gap_improbability": "inactivity beyond the usual gap",
    "tenure_months": CONTRACT_AGE,
}

FEATURES_OF_BEFORE = {  # of the time before the recent past: the table that records it, the day of a row there
    ("transactions", "ordered_at"): ("log_before_occasions", "change_of_pace"),
    ("events", "occurred_at"): ("n_before_events",), ("points", "entered_at"): ("points_before",)}

GROUP_OF_FEATURE = {feature: group for group, names in FEATURE_GROUPS.items() for feature in names}


@dataclass(frozen=True, slots=True, eq=False)
class ChurnTables:
    """The canonical tables that customers leave traces in; absent ones are empty."""

    transactions: ir.Table
    subscriptions: ir.Table
    cases: ir.Table | None = None
    contacts: ir.Table | None = None
    events: ir.Table | None = None
    points: ir.Table | None = None
    answers: ir.Table | None = None


CHURN_TABLE_NAMES = tuple(f.name for f in fields(ChurnTables) if f.name != "answers")


def feature_group(feature: str) -> str:
    """Return the group that a feature belongs to; of attributes their own name in words.

    Examples
    --------
    >>> feature_group("n_recent_complaints"), feature_group("attribute_tech_support")
    ('complaints and cases', 'tech support')
    """
    return GROUP_OF_FEATURE.get(feature) or readable_id(feature)


def feature_label(feature: str) -> str:
    """Return what people call a feature, logarithm or not.

    Examples
    --------
    >>> feature_label("log_recency_days"), feature_label("n_open_cases")
    ('days since the last purchase', 'open cases')
    """
    return FEATURE_LABELS.get(feature) or readable_id(feature.removeprefix("n_"))


def customer_features(records: ChurnTables, customers: ir.Table, cutoff_on: date, recent_days: int) -> ir.Table:
    """Return customers with what every table says of them up to the cut-off.

    Parameters
    ----------
    records : ChurnTables
        Canonical tables.
    customers : ir.Table
        Grain customer: ``customer_id`` and whatever is to be kept.
    cutoff_on : date
        Last day that is seen.
    recent_days : int
        Length of the recent past, and of the time before it that it is compared with [days].
    """
    moment = _Moment(cutoff_on, recent_days)
    parts = [_orders(records.transactions, moment), _days(records.transactions, moment)]
    for table, of in ((records.cases, _cases), (records.contacts, _contacts), (records.events, _events),
                      (records.points, _points), (records.answers, _answers)):
        if table is not None:
            parts.append(of(table, moment))
    for part in parts:
        customers = customers.left_join(part, "customer_id").drop("customer_id_right")
    return customers


def contract_features(records: ChurnTables, contracts: ir.Table, cutoff_on: date, recent_days: int) -> ir.Table:
    """Return contracts with what cases, contacts, events, points and answers say of their holders up to the cut-off."""
    moment = _Moment(cutoff_on, recent_days)
    for table, of in ((records.cases, _cases), (records.contacts, _contacts), (records.events, _events),
                      (records.points, _points), (records.answers, _answers)):
        if table is not None:
            contracts = contracts.left_join(of(table, moment), "customer_id").drop("customer_id_right")
    return contracts


def features_by_record_start(engine: Engine, records: ChurnTables) -> tuple[tuple[date, tuple[str, ...]], ...]:
    """Return the first day of each table of `FEATURES_OF_BEFORE` that has rows, with these features."""
    found = []
    for (name, day), names in FEATURES_OF_BEFORE.items():
        if (table := getattr(records, name)) is not None:
            first_at = engine.first_row(table.aggregate(first_at=table[day].min()))["first_at"]
            found += [] if first_at is None else [(first_at.date(), names)]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Moment:
    on: date
    days: int

    @property
    def end(self) -> datetime:
        return datetime.combine(self.on + timedelta(1), time())

    def is_recent(self, at: ir.TimestampValue) -> ir.BooleanValue:
        return at >= self.end - timedelta(self.days)

    def is_before(self, at: ir.TimestampValue) -> ir.BooleanValue:
        return (at >= self.end - timedelta(2 * self.days)) & (at < self.end - timedelta(self.days))


def _count(flag: ir.BooleanValue) -> ir.FloatingValue:
    return flag.fill_null(False).ifelse(1.0, 0.0).sum()


def _orders(transactions: ir.Table, moment: _Moment) -> ir.Table:
    t = features.lines_until(transactions, moment.on).filter(lambda t: t.customer_id.notnull())
    is_sale, amount = t.kind == "sale", t.amount.cast("float64")
    sales = is_sale.ifelse(amount, 0.0).sum()
    late = is_sale & (t.promised_on < ibis.coalesce(t.delivered_on, ibis.literal(moment.on))) & moment.is_recent(
        t.ordered_at) & (t.promised_on <= moment.on)
    due = is_sale & moment.is_recent(t.ordered_at) & (t.promised_on <= moment.on)
    known = t.group_by("customer_id").aggregate(
        n_sales=_count(is_sale), sales=sales, refunded=is_sale.ifelse(0.0, -amount).sum(),
        promoted=_count(is_sale & t.is_promotion), discount=is_sale.ifelse(t.discount.cast("float64"), 0.0).sum(),
        n_categories=t.category.nunique().cast("float64"), n_late=_count(late), n_due=_count(due),
        recent=(is_sale & moment.is_recent(t.ordered_at)).ifelse(amount, 0.0).sum())
    return known.select(
        "customer_id", "n_categories", log_recent_spend=(known.recent + 1).ln(),
        share_promotion=known.promoted / known.n_sales.nullif(0), share_refunded=known.refunded / known.sales.nullif(0),
        share_discount=known.discount.fill_null(0) / (known.sales + known.discount.fill_null(0)).nullif(0),
        share_late=known.n_late / known.n_due.nullif(0))


def _days(transactions: ir.Table, moment: _Moment) -> ir.Table:
    spent = features.customer_days(transactions, moment.on)
    at = spent.on.cast("timestamp")
    before = spent.group_by("customer_id").aggregate(n=_count(features.is_occasion(spent) & moment.is_before(at)))
    return before.select("customer_id", log_before_occasions=(before.n + 1).ln())


def _cases(cases: ir.Table, moment: _Moment) -> ir.Table:
    c = cases.filter(cases.opened_at < moment.end, cases.customer_id.notnull())
    is_complaint, recent = c.kind == "complaint", moment.is_recent(c.opened_at)
    is_closed = (c.closed_at < moment.end).fill_null(False)
    known = c.group_by("customer_id").aggregate(
        n_recent_complaints=_count(is_complaint & recent), n_recent_cases=_count(recent),
        n_past_complaints=_count(is_complaint), n_open_cases=_count(~is_closed),
        unresolved=_count(is_closed & ~c.is_resolved.fill_null(True)), closed=_count(is_closed))
    return known.mutate(share_unresolved=known.unresolved / known.closed.nullif(0)).drop("unresolved", "closed")


def _contacts(contacts: ir.Table, moment: _Moment) -> ir.Table:
    c = contacts.filter(contacts.sent_at < moment.end)
    known = c.group_by("customer_id").aggregate(
        n_recent_contacts=_count(moment.is_recent(c.sent_at)), opened=_count(c.opened_at < moment.end),
        sent=_count(c.sent_at.notnull()), has_opted_out=(_count(c.opted_out_at < moment.end) > 0).cast("float64"))
    return known.mutate(share_opened=known.opened / known.sent.nullif(0)).drop("opened", "sent")


def _events(events: ir.Table, moment: _Moment) -> ir.Table:
    e = events.filter(events.occurred_at < moment.end)
    last = e.occurred_at.max().date()
    return e.group_by("customer_id").aggregate(
        n_recent_events=_count(moment.is_recent(e.occurred_at)),
        n_before_events=_count(moment.is_before(e.occurred_at)),
        log_days_since_event=(ibis.literal(moment.on).delta(last, unit="day").cast("float64") + 1).ln())


def _points(points: ir.Table, moment: _Moment) -> ir.Table:
    p = points.filter(points.entered_at < moment.end)
    earned = (p.kind == "earn").ifelse(p.points, 0.0)
    return p.group_by("customer_id").aggregate(
        points_earned=moment.is_recent(p.entered_at).ifelse(earned, 0.0).sum(),
        points_before=moment.is_before(p.entered_at).ifelse(earned, 0.0).sum(),
        n_recent_redemptions=_count((p.kind == "redeem") & moment.is_recent(p.entered_at)))


def _answers(answers: ir.Table, moment: _Moment) -> ir.Table:
    a = answers.filter(answers.responded_at < moment.end, answers.customer_id.notnull(), answers.percent.notnull(),
                       answers.role.isin(["satisfaction", "recommend"]))
    newest = a.responded_at == a.responded_at.max().over(ibis.window(group_by="customer_id"))
    latest = a.filter(newest)
    return latest.group_by("customer_id").aggregate(satisfaction=latest.percent.mean())
