"""Evidence for types of loyalty: answers on switching and price, promotions, redemptions."""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.loyalty import programme_tiers
from helpers.loyalty.config import LoyaltyConfig
from helpers.stats import survey_scales

STATED_EVIDENCE_ROLES = ("alternatives", "switching_cost", "price_tolerance", "category_spend", "recommend", "trust")

OBSERVED_EVIDENCE_COLUMNS = ("share_promotion", "share_redeemed", "share_contacted", "share_days_covered")


def stated_evidence(engine: Engine, answers: ir.Table) -> pd.DataFrame:
    """Return each person's latest answers by role; sorted.

    Parameters
    ----------
    engine : Engine
        Adds up.
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.

    Returns
    -------
    DataFrame
        Grain person (the customer, or the response where it is anonymous): ``person`` and a column for each of
        `STATED_EVIDENCE_ROLES` [0–100], NaN where it was not answered.
    """
    given = answers.filter(answers.role.isin(list(STATED_EVIDENCE_ROLES)), answers.percent.notnull())
    each = given.group_by("person", "role", "responded_at", "response_id").aggregate(percent=given.percent.mean())
    latest = survey_scales.latest_rows(each, ["person", "role"])
    wide = latest.group_by("person").aggregate(
        **{role: latest.percent.max(where=latest.role == role) for role in STATED_EVIDENCE_ROLES})
    frame = engine.arrow(wide).to_pandas().sort_values("person", ignore_index=True)
    return frame.astype(dict.fromkeys(STATED_EVIDENCE_ROLES, "float64"))


def moderator_values(engine: Engine, answers: ir.Table, memberships: ir.Table, came: pd.DataFrame) -> pd.DataFrame:
    """Return what may loosen or tighten the tie of satisfaction and coming back, as known on the day of the answer.

    Parameters
    ----------
    engine : Engine
        Adds up.
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    memberships : Table
        ``canonical/memberships``.
    came : DataFrame
        From `helpers.loyalty.satisfaction_loyalty_link.repurchase_after_answer`.

    Returns
    -------
    DataFrame
        Grain customer of `came`: ``alternatives, switching_cost, quality`` [0–100, of the same response]``, is_member``
        (1 where a spell held the day; NaN where the company has no programme).
    """
    given = answers.filter(answers.role.isin(["alternatives", "switching_cost", "performance"]),
                           answers.percent.notnull(), answers.customer_id.notnull())
    each = given.group_by("customer_id", "responded_at").aggregate(
        alternatives=given.percent.mean(where=given.role == "alternatives"),
        switching_cost=given.percent.mean(where=given.role == "switching_cost"),
        quality=given.percent.mean(where=given.role == "performance"))
    who = engine.lazy(came[["customer_id", "responded_at"]].astype({"customer_id": "str"}))
    known = who.left_join(each, ["customer_id", "responded_at"]).drop("customer_id_right", "responded_at_right")
    spells = memberships.select("customer_id", "valid_from", "valid_to").inner_join(who, "customer_id")
    held = spells.filter(programme_tiers.holds_day(spells, spells.responded_at.date()))
    member = held.select("customer_id").distinct().mutate(is_member=1.0)
    table = known.left_join(member, "customer_id").drop("customer_id_right")
    frame = engine.arrow(table).to_pandas().sort_values("customer_id", ignore_index=True)
    columns = ["alternatives", "switching_cost", "quality", "is_member"]
    frame = frame[["customer_id", *columns]].astype(dict.fromkeys(columns, "float64"))
    return frame.assign(is_member=frame["is_member"].fillna(0.0) if _has_rows(engine, memberships) else np.nan)


def observed_evidence(engine: Engine, transactions: ir.Table, points: ir.Table, contacts: ir.Table, as_of_on: date,
          assumed: LoyaltyConfig) -> pd.DataFrame:
    """Return what a customer's orders followed: promotions, redeemed points, contacts; sorted.

    Parameters
    ----------
    engine : Engine
        Adds up.
    transactions, points, contacts : Table
        Canonical tables.
    as_of_on : date
        Last day that is seen.
    assumed : LoyaltyConfig
        Days in which an order follows a contact.

    Returns
    -------
    DataFrame
        Grain customer with a sale: ``customer_id`` and of the days with a sale ``share_promotion`` (any line under a
        promotion), ``share_redeemed`` (points redeemed on it), ``share_contacted`` (within the days after a contact);
        ``share_days_covered``: of all days since the first sale, those that follow a contact, at most one. NaN where
        the company records none of the kind.
    """
    seen = transactions.filter(transactions.kind == "sale", transactions.customer_id.notnull(), transactions.amount > 0)
    seen = seen.mutate(on=seen.ordered_at.date()).filter(lambda t: t.on <= as_of_on)
    days = engine.kept(seen.group_by("customer_id", "on").aggregate(
        promoted=seen.is_promotion.any(), is_told=seen.is_promotion.notnull().any()))
    redeemed = points.filter(points.kind == "redeem").select("customer_id", on=points.entered_at.date()).distinct()
    sent = contacts.select("customer_id", sent_on=contacts.sent_at.date()).filter(lambda t: t.sent_on <= as_of_on)
    table = _order_shares(days, redeemed, sent, assumed.contact_days)
    first = days.group_by("customer_id").aggregate(first_on=days.on.min())
    covered = sent.inner_join(first, "customer_id").filter(lambda t: t.sent_on >= t.first_on).group_by(
        "customer_id").aggregate(n_contacts=ibis._.count())
    by_customer = table.left_join(first, "customer_id").drop("customer_id_right").left_join(covered, "customer_id")
    age = ibis.literal(as_of_on).delta(by_customer.first_on, unit="day").cast("float64") + 1
    share = ibis.least(by_customer.n_contacts.fill_null(0) * assumed.contact_days / age, 1.0)
    frame = engine.arrow(
        by_customer.select("customer_id", *OBSERVED_EVIDENCE_COLUMNS[:3], share_days_covered=share)
    ).to_pandas()
    engine.forget(days)
    has = {"share_redeemed": _has_rows(engine, redeemed), "share_contacted": _has_rows(engine, sent),
           "share_days_covered": _has_rows(engine, sent)}
    frame = frame.astype(dict.fromkeys(OBSERVED_EVIDENCE_COLUMNS, "float64")).sort_values(
        "customer_id", ignore_index=True
    )
    return frame.assign(**{c: np.nan for c, known in has.items() if not known})


def _order_shares(days: ir.Table, redeemed: ir.Table, sent: ir.Table, contact_days: int) -> ir.Table:
    """Return by customer the share of days with a sale that were under a promotion, redeemed, or followed a contact."""
    rewarded = redeemed.mutate(is_redeemed=True)
    table = days.left_join(rewarded, ["customer_id", "on"]).select(
        "customer_id", "on", "promoted", "is_told", is_redeemed=rewarded.is_redeemed.fill_null(False))
    after = sent.inner_join(days.select("customer_id", "on"), "customer_id")
    lag = after.on.delta(after.sent_on, unit="day").cast("int64")
    near = after.filter((lag >= 0) & (lag <= contact_days)).select("customer_id", "on").distinct().mutate(is_near=True)
    table = table.left_join(near, ["customer_id", "on"]).select(
        "customer_id", "promoted", "is_told", "is_redeemed", is_near=near.is_near.fill_null(False))

    def mean(flag: ir.BooleanValue) -> ir.FloatingValue:
        return flag.ifelse(1.0, 0.0).mean()

    promoted = table.promoted.fill_null(False).ifelse(1.0, 0.0).mean(where=table.is_told.fill_null(False))
    return table.group_by("customer_id").aggregate(
        share_promotion=promoted, share_redeemed=mean(table.is_redeemed), share_contacted=mean(table.is_near))


def _has_rows(engine: Engine, table: ir.Table) -> bool:
    return bool(engine.first_row(table.limit(1).aggregate(n=lambda t: t.count()))["n"])
