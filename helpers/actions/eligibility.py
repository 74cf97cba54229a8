"""Eligibility for contact: candidates with a tier or a risk, opt-outs, consents by purpose and channel."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers.membership import is_among
from helpers.customers.random_assignment import is_global_control
from helpers.foundation.engine import Engine
from helpers.stats import disclosure_control

NO_TIER, NOT_SCORED = "no tier", "not scored"

RISK_BANDS = ("high", "medium", "low", NOT_SCORED)

IN_GLOBAL_CONTROL, OPTED_OUT, NO_CONSENT = "in the global control group", "has opted out", "no consent to"

KEY_ACCOUNT = "key account "  # begins the reason of who is spoken with by the owner of an account


def contact_candidates(
    value: pd.DataFrame, scores: pd.DataFrame, unwilling: pd.DataFrame, global_share: float = 0.0,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return one row per customer with a tier or a risk, sorted by customer.

    Parameters
    ----------
    value : DataFrame
        ``results/customer_value``: customer_id, tier, tier_rank. May be empty.
    scores : DataFrame
        ``results/churn_scores``: customer_id, risk, churn_probability, due_on, value_if_kept, value_if_kept_sd,
        no_order_if_kept, margin_at_risk, monthly_fee. May be empty.
    unwilling : DataFrame
        Customers who must not be contacted: customer_id.
    global_share : float
        Share of all customers in the global control group.
    known : DataFrame, optional
        What else is known of customers, by customer_id: our_owner, n_recent_contacts; absent columns are empty.

    Returns
    -------
    DataFrame
        customer_id, our_owner, n_recent_contacts, tier, tier_rank (rank below the lowest where there is no tier), risk,
        churn_probability, value_if_kept, value_if_kept_sd, no_order_if_kept, margin_at_risk, priority, is_unwilling,
        is_global_control, key_account (whose people are left to its owner, with him: none yet), campaign (on whose list
        the customer is: none yet), is_unsettled (a complaint of his is not settled: not known yet), last_channel (of
        the latest order: not known yet). A risk without a date is no probability within the horizon: it puts no sum at
        stake, and its priority is the probability × the month's fee; where the margin at risk is not told, × the value
        if kept.
    """
    joined = pd.merge(value[["customer_id", "tier", "tier_rank"]], scores[list(_SCORED)], on="customer_id",
                      how="outer", sort=True)
    churn_probability, is_dated = joined["churn_probability"].astype("float64"), joined["due_on"].notna()
    kept, at_stake = (joined[c].astype("float64").where(is_dated) for c in ("value_if_kept", "margin_at_risk"))
    untold = churn_probability * kept.where(is_dated, joined["monthly_fee"].astype("float64"))
    lowest = int(joined["tier_rank"].max()) if joined["tier_rank"].notna().any() else 0
    more = (_NOBODY_KNOWN if known is None else known).set_index("customer_id").reindex(joined["customer_id"])
    return pd.DataFrame({
        "customer_id": joined["customer_id"].astype("str"),
        "our_owner": more["our_owner"].fillna("").astype("object").to_numpy(),
        "n_recent_contacts": more["n_recent_contacts"].fillna(0).astype("int64").to_numpy(),
        "tier": joined["tier"].astype("object").where(joined["tier"].notna(), NO_TIER).astype("str"),
        "tier_rank": joined["tier_rank"].astype("float64").fillna(lowest + 1).astype("int64"),
        "risk": joined["risk"].astype("object").where(joined["risk"].notna(), NOT_SCORED).astype("str"),
        "churn_probability": churn_probability, "value_if_kept": kept,
        "value_if_kept_sd": joined["value_if_kept_sd"].astype("float64").where(is_dated),
        "no_order_if_kept": joined["no_order_if_kept"].astype("float64"), "margin_at_risk": at_stake,
        "priority": at_stake.where(at_stake.notna(), untold),
        "is_unwilling": is_among(joined["customer_id"], unwilling["customer_id"]),
        "is_global_control": is_global_control(joined["customer_id"], global_share),
        "key_account": "", "campaign": "", "is_unsettled": False, "last_channel": "",
    })


_NOBODY_KNOWN = pd.DataFrame({"customer_id": [], "our_owner": [], "n_recent_contacts": []}, dtype="object")

_SCORED = ("customer_id", "risk", "churn_probability", "due_on", "value_if_kept", "value_if_kept_sd",
           "no_order_if_kept", "margin_at_risk", "monthly_fee")


def contact_barriers(customers: pd.DataFrame, max_contacts: int | None, contact_days: int) -> np.ndarray:
    """Return why no list may contact a customer, whatever the channel; empty where any may, shape (n_customers,).

    Parameters
    ----------
    customers : DataFrame
        As `contact_candidates` gives it.
    max_contacts : int, optional
        Contacts within ``contact_days`` from which on nobody is contacted again; none for no cap.
    contact_days : int
        Days for which contacts count as recent [days].
    """
    most = np.inf if max_contacts is None else max_contacts
    reasons = [IN_GLOBAL_CONTROL, KEY_ACCOUNT + customers["key_account"], OPTED_OUT,
               f"contacted {most:g} times or more within {contact_days} days"]
    barriers = [customers["is_global_control"], customers["key_account"] != "", customers["is_unwilling"],
                customers["n_recent_contacts"] >= most]
    return np.select(barriers, reasons, "").astype(object)


def opted_out_customers(contacts: ir.Table, as_of: date) -> ir.Table:
    """Return the customers who opted out of a contact by a day: customer_id, once each.

    Parameters
    ----------
    contacts : Table
        ``canonical/contacts``.
    as_of : date
        The day of the plan.
    """
    return contacts.filter(contacts["opted_out_at"].date() <= ibis.literal(as_of)).select("customer_id").distinct()


def known_customers(engine: Engine, customers: ir.Table, contacts: ir.Table, as_of: date, days: int) -> pd.DataFrame:
    """Return who looks after customers and how often they were contacted lately, where either is known.

    Parameters
    ----------
    engine : Engine
        Where the tables are.
    customers, contacts : Table
        ``canonical/customers`` and ``canonical/contacts``.
    as_of : date
        The day of the plan; contacts of its last ``days`` days count, that day included.
    days : int
        For how long contacts count as recent [days].

    Returns
    -------
    DataFrame
        customer_id, our_owner, n_recent_contacts.
    """
    sent_on = contacts["sent_at"].date()
    is_recent = (sent_on <= ibis.literal(as_of)) & (sent_on > ibis.literal(as_of - timedelta(days=days)))
    recent = contacts.filter(is_recent).group_by("customer_id").aggregate(n_recent_contacts=ibis._.count())
    looked_after = customers.filter(customers["our_owner"].notnull()).select("customer_id", "our_owner")
    both = looked_after.outer_join(recent, "customer_id").select(
        "our_owner", "n_recent_contacts", customer_id=ibis.coalesce(ibis._["customer_id"], ibis._["customer_id_right"]))
    return engine.frame(both, "canonical/contacts")[["customer_id", "our_owner", "n_recent_contacts"]]


def with_customers(engine: Engine, known: pd.DataFrame, customers: ir.Table) -> pd.DataFrame:
    """Return every customer on record, with what `known_customers` knows: customer_id, n_recent_contacts."""
    ids = engine.frame(customers.select("customer_id").distinct(), "canonical/customers").sort_values("customer_id")
    every = pd.concat([known[["customer_id", "n_recent_contacts"]], ids], ignore_index=True)
    return every.drop_duplicates("customer_id", ignore_index=True)


def tier_risk_matrix(customers: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Return tiers × bands of risk, the top tier and the highest risk first; cells of one to nine people are empty.

    No rows where no risk is known: there is nothing to compare.

    Parameters
    ----------
    customers : DataFrame
        As `candidates` gives it.
    quantity : str
        ``"customers"`` counts them; ``"margin_at_risk"`` sums money, empty where none is known.
    """
    if customers["risk"].eq(NOT_SCORED).all():
        return pd.DataFrame()
    cells = customers.groupby(["tier_rank", "tier", "risk"])["margin_at_risk"]
    columns = [risk for risk in RISK_BANDS if risk in set(customers["risk"])]
    n = cells.size().unstack("risk").reindex(columns=columns).fillna(0).astype("float64")
    table = n if quantity == "customers" else cells.sum(min_count=1).unstack("risk").reindex(columns=columns)
    table = table.mask(disclosure_control.suppress_two_way(n))
    table.index = pd.Index(table.index.get_level_values("tier"), name="tier")
    return table.rename_axis(columns="risk")


MAX_NAMED_PURPOSES = 5

ANY_CHANNEL = "any"  # by which who consents to none is not contacted


@dataclass(frozen=True, slots=True)
class ContactConsent:
    """Consents for one purpose on one day.

    Parameters
    ----------
    purpose : str
        What the contact is for.
    recorded : tuple of str
        Every purpose that anybody ever consented to; empty where no consents are recorded at all.
    in_force : DataFrame
        customer_id, channel (as `plain` gives it): who consents to the purpose, by which channel.
    """

    purpose: str
    recorded: tuple[str, ...]
    in_force: pd.DataFrame

    @property
    def is_known(self) -> bool:
        """Whether consents are recorded for anybody."""
        return bool(self.recorded)

    def allows(self, customers: pd.Series, channel: str) -> np.ndarray:
        """Return whether each customer may be contacted by a channel, shape (n_customers,); by any where it is empty.

        Where no consents are recorded nothing is known against a contact, and the gate says so.
        """
        if not self.is_known:
            return np.ones(len(customers), dtype=bool)
        rows = self.in_force if not channel else self.in_force[self.in_force["channel"] == normalised_name(channel)]
        return is_among(customers, rows["customer_id"])

    def missing(self, channel: str) -> str:
        """Return the reason for not contacting who does not consent to a channel, or to any where it is empty."""
        return f"{NO_CONSENT} {self.purpose}" + (f" by {channel}" if channel else "")


def consents_in_force(engine: Engine, consents: ir.Table, purpose: str, as_of: date) -> ContactConsent:
    """Return who may be contacted for a purpose on a day.

    Parameters
    ----------
    engine : Engine
        Where the consents are.
    consents : Table
        ``canonical/consents``: one row a customer × purpose × channel and first day.
    purpose : str
        Compared without case, blanks and dashes.
    as_of : date
        The day; consent is in force from its first day to its last, both included.
    """
    day = ibis.literal(as_of)
    is_in_force = (consents["from_on"] <= day) & (consents["to_on"].isnull() | (consents["to_on"] >= day))
    rows = consents.filter(is_in_force, _plain(consents["purpose"]) == normalised_name(purpose))
    rows = rows.select("customer_id", channel=_plain(rows["channel"])).distinct()
    recorded = engine.frame(consents.select("purpose").distinct(), "canonical/consents")["purpose"]
    return ContactConsent(purpose, tuple(sorted(recorded)), engine.frame(rows, "canonical/consents"))


def normalised_name(name: str) -> str:
    """Return a purpose or channel as it is compared.

    Examples
    --------
    >>> normalised_name("E-Mail"), normalised_name("e mail")
    ('email', 'email')
    """
    return "".join(c for c in name.lower() if c not in " -_")


def _plain(name: ir.StringValue) -> ir.StringValue:
    return name.lower().re_replace("[ _-]", "")
