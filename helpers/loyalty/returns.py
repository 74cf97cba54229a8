"""Who bought again after having said how satisfied they were: what came later, never what was known before."""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis.expr.types as ir
import pandas as pd

from helpers.methods import scales

ROLES = ("satisfaction",)


def returns(answers: ir.Table, occasions: ir.Table, subscriptions: ir.Table, as_of_on: date, horizon_days: int,
            roles: Sequence[str] = ROLES) -> pd.DataFrame:
    """Return each customer's latest satisfaction whose horizon is complete, and whether he came back; sorted.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    occasions : Table
        From `helpers.customers.purchases.occasions`.
    subscriptions : Table
        ``canonical/subscriptions``.
    as_of_on : date
        Last day that is seen; answers within `horizon_days` of it are left out, since their outcome is still open.
    horizon_days : int
        Days after the day of the answer in which coming back counts [days].
    roles : sequence of str
        Roles of the questions averaged to the satisfaction.

    Returns
    -------
    DataFrame
        Grain customer with a dated answer and any orders or contract: ``customer_id, responded_at, satisfaction``
        [0–100]``, n_before`` (purchase occasions up to the day of the answer)``, n_after`` (within the horizon)``,
        returned``: an occasion within the horizon, or a contract that ran on the day of the answer and still runs at
        the horizon's end.
    """
    given = answers.filter(answers.role.isin(list(roles)), answers.percent.notnull(), answers.customer_id.notnull(),
                           answers.responded_at < as_of_on - timedelta(horizon_days - 1))
    each = given.group_by("customer_id", "responded_at", "response_id").aggregate(satisfaction=given.percent.mean())
    asked = scales.latest(each, ["customer_id"]).mutate(said_on=lambda t: t.responded_at.date())
    bought = _bought(asked, occasions, horizon_days)
    held = _held(asked, subscriptions, horizon_days)
    table = asked.left_join(bought, "customer_id").drop("customer_id_right").left_join(held, "customer_id")
    found = table.select("customer_id", "responded_at", "satisfaction", "n_before", "n_after", "is_held").to_pyarrow()
    frame = found.to_pandas().sort_values("customer_id", ignore_index=True)
    frame = frame[frame["n_before"].notna() | frame["is_held"].notna()].reset_index(drop=True)
    counts = {c: frame[c].fillna(0).astype("int64") for c in ("n_before", "n_after")}
    is_held = frame["is_held"].astype("boolean").fillna(False).astype(bool)
    return frame.drop(columns="is_held").assign(**counts, returned=(counts["n_after"] > 0) | is_held)


def _bought(asked: ir.Table, occasions: ir.Table, horizon_days: int) -> ir.Table:
    table = occasions.select("customer_id", "on").inner_join(asked.select("customer_id", "said_on"), "customer_id")
    offset = table.on.delta(table.said_on, unit="day").cast("int64")
    return table.group_by("customer_id").aggregate(
        n_before=(offset <= 0).ifelse(1, 0).sum().cast("int64"),
        n_after=((offset > 0) & (offset <= horizon_days)).ifelse(1, 0).sum().cast("int64"))


def _held(asked: ir.Table, subscriptions: ir.Table, horizon_days: int) -> ir.Table:
    table = subscriptions.select("customer_id", "started_on", "ended_on", "has_ended").inner_join(
        asked.select("customer_id", "said_on"), "customer_id")
    ran = (table.started_on.isnull() | (table.started_on <= table.said_on)) & (
        ~table.has_ended | (table.ended_on > table.said_on))
    table = table.filter(ran)
    stays = ~table.has_ended | (table.ended_on.delta(table.said_on, unit="day").cast("int64") > horizon_days)
    return table.group_by("customer_id").aggregate(is_held=stays.any())


