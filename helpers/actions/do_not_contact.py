"""Do not contact: who must not be approached, by whom, by which channel and until when; every customer counted once."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from helpers.actions.config import ActionsConfig
from helpers.actions.eligibility import (
    ANY_CHANNEL,
    IN_GLOBAL_CONTROL,
    KEY_ACCOUNT,
    OPTED_OUT,
    ContactConsent,
    contact_barriers,
)
from helpers.actions.planner import UNSETTLED
from helpers.customers.membership import is_among
from helpers.customers.random_assignment import is_global_control

IN_CONTROL = "in a random control group"

CONTACTED, BARRED, NOT_CHOSEN = "contacted by a list", "not to be contacted", "may be contacted, not chosen"

EVERY_CHANNEL, SOME_CHANNELS = "every channel", "the channels named"  # what a ban is of

NO_PURCHASE = "no tier and no risk is known"


def all_customers(candidates: pd.DataFrame, known: pd.DataFrame, unwilling: pd.DataFrame,
                  global_share: float) -> pd.DataFrame:
    """Return candidates and, below them, every other customer on record, with what may bar a contact.

    Parameters
    ----------
    candidates : DataFrame
        As `eligibility.contact_candidates` gives them.
    known : DataFrame
        Customers on record: customer_id, n_recent_contacts (empty for none).
    unwilling, global_share
        As `eligibility.contact_candidates` takes them.
    """
    others = known[~is_among(known["customer_id"], candidates["customer_id"])].drop_duplicates("customer_id")
    ids = others["customer_id"].astype("str")
    more = pd.DataFrame({
        "customer_id": ids, "key_account": "", "is_unsettled": False,
        "is_unwilling": is_among(ids, unwilling["customer_id"]),
        "is_global_control": is_global_control(ids, global_share),
        "n_recent_contacts": others["n_recent_contacts"].fillna(0).astype("int64")})
    return pd.concat([candidates[list(more.columns)], more], ignore_index=True)


def barred_customers(customers: pd.DataFrame, held_out: Collection[str]) -> dict[str, str]:
    """Return who must not be approached by anybody, list or no list, with the reason, by customer.

    Parameters
    ----------
    customers : DataFrame
        As `eligibility.contact_candidates` gives it.
    held_out : collection of str
        Customers of control groups, as `random_assignment.held_out_customers` gives them.
    """
    ids = customers["customer_id"]
    return {**dict.fromkeys(ids[customers["is_unwilling"]], OPTED_OUT),
            **dict.fromkeys(ids[customers["is_global_control"]], IN_GLOBAL_CONTROL),
            **dict.fromkeys(map(str, held_out), IN_CONTROL)}


def people_apart(
    customers: pd.DataFrame, unwilling: pd.Series, until: pd.Series, assumptions: ActionsConfig,
    permitted: ContactConsent, in_service: Collection[str], contacted: Collection[str] = (),
) -> pd.DataFrame:
    """Return everybody whom not to contact, with the reason: for the tools that must leave them out.

    Parameters
    ----------
    customers : DataFrame
        As `all_customers` gives it.
    unwilling : Series of str
        Who has opted out, candidate or not.
    until : Series of datetime
        Last day for whom a control group holds out, by customer, as `random_assignment.held_out_until` gives it.
    assumptions : ActionsConfig
        Cap on contacts, and the channels by which lists contact.
    permitted : ContactConsent
        Who consents to the purpose, by which channel.
    in_service : collection of str
        Who has a case to be dealt with: that is done all the same, as the row says of who is contacted by no channel.
    contacted : collection of str
        Whom a list of this round contacts, by a channel that is permitted.

    Returns
    -------
    DataFrame
        Grain customer: customer_id, reason, also (what stands against it besides), ban (`EVERY_CHANNEL` or
        `SOME_CHANNELS`), not_by (channels, or *any*), no_contact_until (that day included; empty where no
        day ends it), open_case; by reason, in the order in which one takes precedence.
    """
    ids = customers["customer_id"]
    barriers = contact_barriers(customers, assumptions.max_contacts, assumptions.contact_days)
    refused = channels_without_consent(ids, assumptions, permitted)
    held = pd.DataFrame({"reason": IN_CONTROL, "not_by": ANY_CHANNEL, "no_contact_until": until})
    parts = [held.rename_axis("customer_id").reset_index(),
             pd.DataFrame({"customer_id": unwilling.astype("str"), "reason": OPTED_OUT, "not_by": ANY_CHANNEL}),
             pd.DataFrame({"customer_id": ids, "reason": barriers, "not_by": ANY_CHANNEL})[barriers != ""],
             pd.DataFrame({"customer_id": ids, "reason": permitted.missing(""), "not_by": refused})[
                 refused.eq(ANY_CHANNEL)],
             pd.DataFrame({"customer_id": ids, "reason": UNSETTLED, "not_by": ANY_CHANNEL})[
                 customers["is_unsettled"] & ~is_among(ids, contacted)],
             pd.DataFrame({"customer_id": ids, "reason": permitted.missing(""), "not_by": refused})[refused.ne("")]]
    every = pd.concat(parts, ignore_index=True).drop_duplicates(["customer_id", "reason"])
    rows = every.drop_duplicates("customer_id", ignore_index=True)
    rows["also"] = rows["customer_id"].map(_joined(every[every["customer_id"].duplicated()])).fillna("")
    for_good = pd.concat([unwilling.astype("str"), ids[refused.eq(ANY_CHANNEL)]])
    until_day = rows["no_contact_until"].mask(is_among(rows["customer_id"], for_good))
    is_case = is_among(rows["customer_id"], in_service) & rows["not_by"].eq(ANY_CHANNEL)
    case = np.where(is_case, "settle it, no extra contact", "")
    ban = np.where(rows["not_by"].eq(ANY_CHANNEL), EVERY_CHANNEL, SOME_CHANNELS)
    return rows.assign(open_case=case, ban=ban, no_contact_until=until_day)[
        ["customer_id", "reason", "also", "ban", "not_by", "no_contact_until", "open_case"]]


def _joined(others: pd.DataFrame) -> pd.Series:
    """Return the reasons that stand beside the first, by customer, in one text."""
    is_one = ~others["customer_id"].duplicated(keep=False)
    several = others[~is_one].groupby("customer_id")["reason"].agg("; ".join)
    return pd.concat([others[is_one].set_index("customer_id")["reason"], several])


def channels_without_consent(ids: pd.Series, assumptions: ActionsConfig, permitted: ContactConsent) -> pd.Series:
    """Return by which channels of the lists each customer does not consent to be contacted, in words.

    *any* where there is none left, empty where all may be used.

    Parameters
    ----------
    ids : Series of str
        Customers.
    assumptions : ActionsConfig
        The channels by which lists contact.
    permitted : ContactConsent
        Who consents to the purpose, by which channel.
    """
    named, is_any = pd.Series("", ids.index, dtype="object"), np.full(len(ids), bool(assumptions.channels))
    for channel in assumptions.channels:
        is_missing = ~permitted.allows(ids, channel)
        is_any &= is_missing
        named = named + np.where(is_missing, np.where(named.eq(""), "", ", ") + channel, "")
    return named.mask(is_any, ANY_CHANNEL)


def customers_accounted_for(
    customers: pd.Series, contacted: Collection[str], apart: pd.DataFrame, reasons: pd.DataFrame
) -> pd.DataFrame:
    """Return every customer on record once: contacted, not to be contacted, or not chosen, and why.

    Parameters
    ----------
    customers : Series of str
        Everybody, as `all_customers` gives them.
    contacted : collection of str
        Whom a list of this round contacts.
    apart : DataFrame
        As `people_apart` gives it; who may be reached by another channel is not barred.
    reasons : DataFrame
        ``results/actions``: customer_id, reason, margin_at_risk.

    Returns
    -------
    DataFrame
        group (`CONTACTED`, `BARRED`, `NOT_CHOSEN`), why, n_customers, margin_at_risk [money] (empty where none is
        known); most customers first within a group.
    """
    barred = apart[apart["not_by"].eq(ANY_CHANNEL)].set_index("customer_id")["reason"]
    barred = barred.mask(barred.str.startswith(KEY_ACCOUNT), "key account: its lead speaks with them")
    why = customers.map(barred).fillna("").astype("object")
    is_contacted, is_barred = is_among(customers, contacted), why.ne("")
    known = reasons.set_index("customer_id")
    planned = customers.map(known["reason"]).fillna(NO_PURCHASE)
    group = np.select([is_contacted, is_barred], [CONTACTED, BARRED], NOT_CHOSEN)
    rows = pd.DataFrame({"group": group, "why": np.select([is_contacted, is_barred], ["", why], planned),
                         "margin_at_risk": customers.map(known["margin_at_risk"]).to_numpy()})
    by = rows.groupby(["group", "why"])["margin_at_risk"]
    table = pd.DataFrame({"n_customers": by.size(), "margin_at_risk": by.sum(min_count=1)}).reset_index()
    order = table["group"].map({name: i for i, name in enumerate((CONTACTED, BARRED, NOT_CHOSEN))})
    return table.assign(order=order).sort_values(["order", "n_customers", "why"], ascending=[True, False, True],
                                                 ignore_index=True).drop(columns="order")
