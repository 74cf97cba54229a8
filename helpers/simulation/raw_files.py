"""Raw files as the simulated company would deliver them: own column names and date forms."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from helpers.simulation import questionnaire
from helpers.simulation.company import Block
from helpers.simulation.dirty_records import rows_to_spoil, spoilt_copies, with_dirty_records
from helpers.simulation.planted_truth import DAY, FIRST_DAY, N_DAYS
from helpers.simulation.questionnaire import NAMES

YEARS = ("2023", "2024", "2025")

SHARE_SAME_PERSON = 0.01


@dataclass(frozen=True, slots=True)
class RawDelivery:
    """One block's share of every file.

    Parameters
    ----------
    files : dict of str to pa.Table
        Records by file name, each column as it is written.
    dirt : dict of str to int
        Records that were added and are to be rejected, by file and reason; those of orders by reason alone.
    n_same_person : int
        Customers who share their e-mail address with an earlier one.
    """

    files: dict[str, pa.Table]
    dirt: dict[str, int]
    n_same_person: int


def raw_delivery(part: Block) -> RawDelivery:
    """Return one block of customers as files."""
    orders, dirt = _order_files(part)
    is_same = part.rng.random(len(part.block)) < SHARE_SAME_PERSON
    is_same[0] = False
    clean = {
        "customers.csv": _customers(part, is_same),
        "survey.csv": _survey(part),
        "ties.csv": part.tables["canonical/ties"].rename_columns(["From", "To", "Strength"]),
        **{name: make(part.tables[f"canonical/{table}"]) for name, (table, make) in FILES.items()},
    }
    files = dict(orders)
    for name, table in clean.items():
        files[name], added = with_dirty_records(part.rng, name, table)
        dirt |= added
    files["contacts.csv"] = pa.concat_tables([files["contacts.csv"], *map(_contacts, part.response.contacts)])
    return RawDelivery(files, dirt, int(is_same.sum()))


def _orders(table: pa.Table) -> pa.Table:
    day, clock = _days_and_seconds(table["ordered_at"])
    kinds = pc.replace_substring_regex(table["kind"], "^(.).*", r"\1")
    return pa.table({
        "Order": table["order_id"], "Pos": table["line"], "Customer": table["customer_id"],
        "Date": _slashed(day), "Time": _clock(clock), "Type": pc.utf8_upper(kinds),
        "SKU": table["product_id"], "Group": table["category"], "Shop": table["channel"],
        "Partner": table["partner_id"],
        "Qty": pc.cast(table["quantity"], pa.int64()), "Price": table["list_price"], "Rebate": table["discount"],
        "Amount": pc.cast(table["amount"], pa.string()), "Cost": table["unit_cost"],
        "Promo": pc.if_else(table["is_promotion"], "Y", "N"), "RefundOf": table["refunds_order_id"],
        "Promised": _iso(table["promised_on"]), "Delivered": _iso(table["delivered_on"]),
    })


def _order_files(part: Block) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """Return a file a year, and how many copies of lines were added that must be rejected, by reason.

    Each kind of dirt has its declared share of the sale lines, and each spoilt copy one reason.
    """
    table = part.whole["canonical/transactions"]
    lines, at = _orders(table), table["ordered_at"].to_numpy()
    sold = np.flatnonzero(pc.equal(lines["Type"], "S").to_numpy())
    # what drawn lists brought stands last: which lines are spoilt is the same with it and without
    usual = sold[sold < len(part.tables["canonical/transactions"])]
    by_reason = rows_to_spoil(part.rng, "orders", usual)
    spoilt, rows = spoilt_copies(lines, by_reason), np.concatenate(list(by_reason.values()))
    moments = np.concatenate([at, at[rows]])
    by_time = np.argsort(moments, kind="stable")
    whole = pa.concat_tables([lines, *spoilt]).take(by_time)
    starts = np.searchsorted(moments[by_time], np.array(YEARS, "datetime64[Y]").astype(at.dtype))
    stops = [*starts[1:], len(whole)]
    files = {f"orders/orders-{year}.csv": whole.slice(start, stop - start)
             for year, start, stop in zip(YEARS, starts, stops, strict=True)}
    return files, {reason: len(found) for reason, found in by_reason.items()}


def _customers(part: Block, is_same: np.ndarray) -> pa.Table:
    table = part.tables["canonical/customers"]
    # somebody who registered twice: the address of the customer before
    address = np.arange(len(table)) - is_same
    names = pc.utf8_lower(table["customer_id"].take(pa.array(address)))
    return pa.table({
        "No": table["customer_id"],
        "E-mail": pc.binary_join_element_wise(names, "example.org", "@"),
        "Joined": _slashed(part.block.joined.astype("int64")),
        "Source": table["acquired_channel"],
        "Campaign": table["acquired_campaign"],
        "Cost": table["acquisition_cost"],
        "Recommended by": table["referred_by"],
        "Company": table["account_id"], "Role": table["role"], "Weight": table["decision_weight"],
        "Attitude": table["attitude"], "Our contact": table["our_owner"], "Last spoken": _iso(table["last_contact_on"]),
        "Age": table["demographic_age"], "Region": table["demographic_region"],
        "Price focus": table["psychographic_price_focus"], "Love of new": table["psychographic_love_of_new"],
        "Style": table["psychographic_style"],
    })


def _survey(part: Block) -> pa.Table:
    table, scores = part.answers.respondents, part.answers.scores
    answers = {name: pa.array(np.nan_to_num(scores[:, k]).astype("int64"), mask=np.isnan(scores[:, k]))
               for k, name in enumerate(NAMES)}
    asked = np.full(len(table), -1)
    asked[part.answers.is_last] = np.arange(len(part.answers.fits))
    named = {name: pa.array(part.answers.fits[:, k].astype("int64")).take(pa.array(asked, mask=asked < 0))
             for k, name in enumerate(questionnaire.BRAND_ITEM_NAMES)}
    return pa.table({
        "Response": table["response_id"], "Customer": table["customer_id"], "Wave": table["wave"],
        "Answered": _stamp(table["responded_at"]), "Asked by": table["channel"],
        "Seconds": pc.cast(table["duration_seconds"], pa.int64()), **answers, **named,
        "Comment": part.answers.comments,
    })


def _invitations(table: pa.Table) -> pa.Table:
    return pa.table({
        "Invitation": table["invitation_id"], "Customer": table["customer_id"], "Sent": _stamp(table["sent_at"]),
        "Response": table["response_id"],
    })


def _contracts(table: pa.Table) -> pa.Table:
    return pa.table({
        "Contract": table["subscription_id"], "Customer": table["customer_id"], "Start": _iso(table["started_on"]),
        "End": _iso(table["ended_on"]), "Ended by": table["end_kind"], "Reason": table["end_reason"],
        "Term": _iso(table["term_ends_on"]), "Plan": table["plan"], "Fee": table["monthly_fee"],
        "Payment": table["attribute_payment"], "Box": table["attribute_box"],
    })


def _members(table: pa.Table) -> pa.Table:
    return pa.table({
        "Member": table["customer_id"], "Tier": table["tier"], "From": _iso(table["valid_from"]),
        "To": _iso(table["valid_to"]),
    })


def _visits(table: pa.Table) -> pa.Table:
    return pa.table({
        "Customer": table["customer_id"], "Seen": _stamp(table["occurred_at"]), "What": table["kind"],
        "Where": table["channel"], "Shelf": table["object_id"],
    })


def _consents(table: pa.Table) -> pa.Table:
    return pa.table({
        "Customer": table["customer_id"], "Purpose": table["purpose"], "Means": table["channel"],
        "From": _iso(table["from_on"]), "To": _iso(table["to_on"]),
    })


def _opportunities(table: pa.Table) -> pa.Table:
    return pa.table({
        "Chance": table["opportunity_id"], "Company": table["account_id"], "Stage": table["stage"],
        "Opened": _iso(table["opened_on"]), "Decided": _iso(table["closed_on"]), "Value": table["value"],
        "Won": pc.if_else(table["is_won"], "yes", "no"), "What": table["product"], "Owner": table["owner"],
    })


def _cases(table: pa.Table) -> pa.Table:
    return pa.table({
        "Case": table["case_id"], "Customer": table["customer_id"], "Kind": table["kind"],
        "Opened": _stamp(table["opened_at"]), "Taken up": _stamp(table["handled_at"]),
        "Reviewed": _stamp(table["reviewed_at"]), "Closed": _stamp(table["closed_at"]),
        "Told": _stamp(table["fed_back_at"]), "Resolved": pc.if_else(table["is_resolved"], "yes", "no"),
        "Corrected": _stamp(table["corrective_action_at"]), "Corrected by": table["corrective_action_by"],
        "Cause": table["cause"], "Team": table["team"], "Cost": table["cost"],
        "Score": pc.cast(table["score"], pa.int64()),
    })


def _contacts(table: pa.Table) -> pa.Table:
    return pa.table({
        "Message": table["contact_id"], "Customer": table["customer_id"], "Campaign": table["campaign"],
        "Means": table["channel"], "Offer": table["offer_id"], "Cost": table["cost"], "Sent": _stamp(table["sent_at"]),
        "Opened": _stamp(table["opened_at"]), "Clicked": _stamp(table["clicked_at"]),
        "Unsubscribed": _stamp(table["opted_out_at"]),
    })


def _points(table: pa.Table) -> pa.Table:
    by_time = table.sort_by([("entered_at", "ascending"), ("lot_id", "ascending")])
    return pa.table({
        "Member": by_time["customer_id"], "Booked": _stamp(by_time["entered_at"]), "Entry": by_time["kind"],
        "Points": pc.cast(by_time["points"], pa.int64()), "Lot": by_time["lot_id"],
        "Valid until": _stamp(by_time["expires_at"]), "Order": by_time["order_id"],
        "Partner": by_time["partner_id"],
    })


def _experiments(table: pa.Table) -> pa.Table:
    return pa.table({
        "Experiment": table["experiment"], "Unit": table["unit_id"], "Arm": table["variant"],
        "Share": table["probability"], "Assigned": _stamp(table["assigned_at"]),
        "Ordered": pc.cast(table["metric_ordered"], pa.int64()), "Margin": table["metric_margin"],
        "Margin before": table["covariate_margin_before"],
        "Came back": pc.cast(table["metric_repurchased"], pa.int64()),
        "Read": pc.cast(table["metric_opened"], pa.int64()), "Sales": table["metric_sales"],
        "Sales before": table["covariate_sales_before"],
    })


# --- how moments are written ---------------------------------------------------------------------------------------


def _days_and_seconds(times: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    offset = (times.to_numpy().astype("datetime64[s]") - FIRST_DAY.astype("datetime64[s]")).astype("int64")
    return np.divmod(offset, DAY)


def _slashed(day: np.ndarray) -> pa.Array:
    names = pc.strftime(pa.array(FIRST_DAY + np.arange(N_DAYS)), format="%d/%m/%Y")
    return names.take(pa.array(day))


def _clock(second: np.ndarray) -> pa.Array:
    midnight = np.datetime64("2000-01-01T00:00:00")
    return pc.strftime(pa.array(midnight + np.arange(DAY)), format="%H:%M:%S").take(pa.array(second))


def _iso(dates: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(dates, pa.string())


def _stamp(times: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(times.cast(pa.timestamp("s")), pa.string())


FILES = {
    "invitations.csv": ("invitations", _invitations), "contracts.csv": ("subscriptions", _contracts),
    "visits.csv": ("events", _visits), "consents.csv": ("consents", _consents),
    "opportunities.csv": ("opportunities", _opportunities), "members.csv": ("memberships", _members),
    "cases.csv": ("cases", _cases), "contacts.csv": ("contacts", _contacts), "points.csv": ("points", _points),
    "experiments.csv": ("assignments", _experiments),
}
