"""Signatures of well-known exports: the headers by which each is known, and what its columns mean.

Sources
-------
Column names as the systems' own documentation of their CSV exports gives them (Shopify *Order CSV*, Stripe *Export
payments*, WooCommerce *Customer/Order CSV export*, Magento *Orders grid*, Salesforce *Opportunity report*, HubSpot
*Export records*, Mailchimp *About the audience export*, Google Analytics 4 *BigQuery export schema*, Qualtrics
*Understanding your dataset*, SurveyMonkey *Exporting individual responses*).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helpers.intake import infer_semantics
from helpers.intake.infer_types import InferredColumn


@dataclass(frozen=True, slots=True)
class ExportSignature:
    """One kind of export.

    Parameters
    ----------
    system : str
        What it is an export of, in words.
    headers : tuple of str
        Names that all have to be there; upper and lower case are not told apart.
    meanings : dict of str to str
        Meaning → name of the column; a column that is not there is passed over.
    """

    system: str
    headers: tuple[str, ...]
    meanings: Mapping[str, str]


SIGNATURES = (
    ExportSignature("Shopify orders", ("Name", "Financial Status", "Lineitem name", "Lineitem quantity"), {
        "order_id": "Name", "customer_id": "Email", "ordered_at": "Created at", "quantity": "Lineitem quantity",
        "price": "Lineitem price", "product_id": "Lineitem name", "channel": "Source"}),
    ExportSignature("Stripe payments", ("id", "Amount", "Amount Refunded", "Currency", "Status", "Customer ID"), {
        "order_id": "id", "customer_id": "Customer ID", "ordered_at": "Created (UTC)", "amount": "Amount",
        "state": "Status"}),
    ExportSignature("Stripe subscriptions", ("id", "Customer ID", "Plan", "Status", "Start (UTC)"), {
        "customer_id": "Customer ID", "plan": "Plan", "started_on": "Start (UTC)", "ended_on": "Ended At (UTC)"}),
    ExportSignature("WooCommerce orders", ("Order Number", "Order Status", "Order Date", "Order Total Amount"), {
        "order_id": "Order Number", "customer_id": "Customer User ID", "ordered_at": "Order Date",
        "amount": "Order Total Amount", "state": "Order Status", "quantity": "Quantity (- Refund)",
        "price": "Item Cost"}),
    ExportSignature("Magento orders", ("ID", "Purchase Point", "Purchase Date", "Grand Total (Base)", "Status"), {
        "order_id": "ID", "customer_id": "Customer Email", "ordered_at": "Purchase Date",
        "amount": "Grand Total (Base)", "channel": "Purchase Point", "state": "Status"}),
    ExportSignature("Salesforce opportunities", ("Opportunity Name", "Stage", "Close Date", "Account Name"), {
        "opportunity_id": "Opportunity ID", "stage": "Stage", "closed_on": "Close Date", "opened_on": "Created Date",
        "amount": "Amount", "customer_id": "Account Name", "owner": "Opportunity Owner"}),
    ExportSignature("HubSpot deals", ("Record ID", "Deal Name", "Deal Stage", "Close Date"), {
        "opportunity_id": "Record ID", "stage": "Deal Stage", "closed_on": "Close Date", "opened_on": "Create Date",
        "amount": "Amount", "customer_id": "Associated Company", "owner": "Deal owner"}),
    ExportSignature("HubSpot contacts", ("Record ID", "First Name", "Last Name", "Lifecycle Stage"), {
        "customer_id": "Record ID", "joined_on": "Create Date"}),
    ExportSignature("Mailchimp audience", ("Email Address", "MEMBER_RATING", "OPTIN_TIME", "LEID"), {
        "customer_id": "LEID", "joined_on": "OPTIN_TIME"}),
    ExportSignature("Google Analytics 4 events", ("event_timestamp", "event_name", "user_pseudo_id"), {
        "customer_id": "user_pseudo_id", "ordered_at": "event_timestamp", "sort": "event_name"}),
    ExportSignature("Qualtrics responses", ("StartDate", "EndDate", "RecordedDate", "ResponseId"), {
        "response_id": "ResponseId", "answered_at": "RecordedDate", "customer_id": "ExternalReference",
        "survey_duration_seconds": "Duration (in seconds)", "survey_language": "UserLanguage",
        "survey_channel": "DistributionChannel"}),
    ExportSignature("SurveyMonkey responses", ("Respondent ID", "Collector ID", "Start Date", "End Date"), {
        "response_id": "Respondent ID", "answered_at": "End Date"}),
    ExportSignature("SurveyMonkey responses", ("Respondent ID", "Collector ID", "Date Created", "Date Modified"), {
        "response_id": "Respondent ID", "answered_at": "Date Modified"}),
)


def signature_of(columns: Sequence[InferredColumn]) -> ExportSignature | None:
    """Return the export that a file's headers are known to be of, the one with most of them; None where none fits.

    Parameters
    ----------
    columns : sequence of InferredColumn
        Of one file.
    """
    there = {c.name.strip().lower() for c in columns}
    fitting = [s for s in SIGNATURES if there.issuperset(h.lower() for h in s.headers)]
    return max(fitting, key=lambda s: len(s.headers), default=None)


def with_signature(
    columns: Sequence[InferredColumn], known: Mapping[str, InferredColumn]
) -> dict[str, InferredColumn]:
    """Return what a file's columns mean, by the export that it is of before what was inferred from it alone.

    Parameters
    ----------
    columns : sequence of InferredColumn
        Of one file.
    known : dict of str to InferredColumn
        What was inferred: the column of each meaning.
    """
    signature = signature_of(columns)
    if signature is None:
        return dict(known)
    named = {c.name.strip().lower(): c for c in columns}
    told = {meaning: named[name.lower()] for meaning, name in signature.meanings.items() if name.lower() in named}
    told = {meaning: c for meaning, c in told.items() if infer_semantics.is_kind_of(meaning, c)}
    return {m: c for m, c in known.items() if c not in told.values()} | told
