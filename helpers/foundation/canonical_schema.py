"""Schemas of the canonical tables: customers, transactions, responses, cases, points and others."""

import re
from typing import Literal, get_args

from helpers.foundation.schema import Column, Table

STATIC_WITH_ALL = "static, as all attributes are declared"  # of a column of which the source says nothing else

WORDS_OF_AN_END = (  # names of attributes with one of these tell of an end or a verdict on it
    "churn", "cancel", "reason", "status", "score", "clv", "cltv", "satisf", "lifetime", "left", "lost", "ended",
    "termination", "winback", "outcome")

TRAITS_ALL_THE_SAME = (  # words before *status* and *score* that speak of the person and not of the contract
    r"(marital|civil|family|employment|work|job|credit|fico|housing|home|residen\w*|smok\w*|insurance|immigration|tax)"
    r"[\W_]*(status|score)")


def tells_of_an_end(name: str) -> bool:
    """Return whether a column's name tells of an end or of somebody's verdict on it.

    Examples
    --------
    >>> [tells_of_an_end(n) for n in ("churn_score", "Customer Status", "CreditScore", "marital_status", "plan")]
    [True, True, False, False, False]
    """
    rest = re.sub(TRAITS_ALL_THE_SAME, "", name.lower())
    return any(word in rest for word in WORDS_OF_AN_END)

_column = Column


def _canonical_table(
    name: str, grain: str, key: tuple[str, ...], *columns: Column, prefixes: tuple[str, ...] = ()
) -> Table:
    return Table(f"canonical/{name}", grain, key, columns, prefixes, takes_extras=True)


CUSTOMERS = _canonical_table(
    "customers", "customer", ("customer_id",),
    _column("customer_id", "text", "the customer", True),
    _column("kind", "text", "consumer, intermediary, internal or public",
       allowed=("consumer", "intermediary", "internal", "public")),
    _column("joined_on", "date", "first day as a customer"),
    _column("acquired_channel", "text", "channel that won the customer"),
    _column("acquired_campaign", "text", "campaign that won the customer; empty where none did"),
    _column("acquisition_cost", "money", "cost of acquiring the customer [money]", low=0),
    _column("referred_by", "text", "customer who recommended us"),
    _column("account_id", "text", "account that the person belongs to"),
    _column("role", "text", "role in the buying centre"),
    _column("decision_weight", "number", "weight in the decision [share]", low=0, high=1),
    _column("attitude", "number", "attitude towards us [-1 to 1]", low=-1, high=1),
    _column("our_owner", "text", "who looks after the customer"),
    _column("last_contact_on", "date", "last contact by us"),
    prefixes=("demographic_", "psychographic_"),
)

TRANSACTIONS = _canonical_table(
    "transactions", "order line", ("order_id", "line"),
    _column("order_id", "text", "the order", True),
    _column("line", "integer", "line within the order", True),
    _column("customer_id", "text", "who bought; empty for anonymous sales"),
    _column("ordered_at", "time", "when, in the study's time zone", True),
    _column("kind", "text", "sale, refund, fee or adjustment", True, ("sale", "refund", "fee", "adjustment")),
    _column("amount", "money", "signed value of the line; refunds are negative [money]", True, may_be_absent=True),
    _column("quantity", "number", "units [units]"),
    _column("unit_cost", "money", "cost of one unit [money]"),
    _column("list_price", "money", "price before discounts [money]"),
    _column("discount", "money", "discount on the line [money]"),
    _column("is_promotion", "flag", "bought under a promotion"),
    _column("product_id", "text", "the product"),
    _column("category", "text", "product category"),
    _column("channel", "text", "sales channel"),
    _column("partner_id", "text", "partner who served the sale"),
    _column("refunds_order_id", "text", "order that a refund takes back"),
    _column("promised_on", "date", "day on which delivery was promised"),
    _column("delivered_on", "date", "day of delivery"),
)

SUBSCRIPTIONS = _canonical_table(
    "subscriptions", "contract", ("subscription_id",),
    _column("subscription_id", "text", "the contract", True),
    _column("customer_id", "text", "who holds it", True),
    _column("started_on", "date", "first day"),
    _column("tenure_months", "number", "age of the contract where its start is not known [months]", low=0),
    _column("has_ended", "flag", "whether it has ended", True),
    _column("notice_on", "date", "day on which notice was given; the contract runs until its end"),
    _column("ended_on", "date", "last day"),
    _column("end_kind", "text", "voluntary, payment or other", allowed=("voluntary", "payment", "other")),
    _column("end_reason", "text", "reason stated"),
    _column("term_ends_on", "date", "end of the current term"),
    _column("plan", "text", "what is subscribed to"),
    _column("monthly_fee", "money", "fee a month [money]"),
    prefixes=("attribute_",),
)

INVITATIONS = _canonical_table(
    "invitations", "survey invitation", ("invitation_id",),
    _column("invitation_id", "text", "the invitation", True),
    _column("customer_id", "text", "who was invited", True),
    _column("survey", "text", "which survey", True),
    _column("sent_at", "time", "when", True),
    _column("response_id", "text", "the completed survey, empty where there was none"),
)

RESPONDENTS = _canonical_table(
    "respondents", "completed survey", ("response_id",),
    _column("response_id", "text", "the completed survey", True),
    _column("customer_id", "text", "who answered, empty where anonymous"),
    _column("survey", "text", "which survey"),
    _column("wave", "text", "wave of the survey"),
    _column("responded_at", "time", "when"),
    _column("channel", "text", "how it was asked"),
    _column("language", "text", "language of the survey"),
    _column("duration_seconds", "number", "time taken [seconds]", low=0),
    _column("weight", "number", "survey weight", low=0),
    _column("stratum", "text", "sampling stratum"),
    prefixes=("demographic_",),
)

ItemRole = Literal[
    "expectation", "performance", "importance", "satisfaction", "attribute_satisfaction", "recommend", "intention",
    "effort", "image", "value", "overall_quality", "delivered_value", "fairness", "attribution", "emotion",
    "complaint_handling", "commitment", "trust", "alternatives", "switching_cost", "price_tolerance", "category_spend",
    "functional", "dysfunctional", "brand_attribute",
]

ITEM_ROLES: tuple[str, ...] = get_args(ItemRole)

ITEMS = _canonical_table(
    "items", "survey item", ("item",),
    _column("item", "text", "the item", True),
    _column("text", "text", "its wording"),
    _column("role", "text", "what it asks for", True, ITEM_ROLES),
    _column("construct", "text", "construct that it measures"),
    _column("pair", "text", "joins an expectation and a performance item, or a functional and a dysfunctional one"),
    _column("subject", "text", "brand that the item speaks of, empty for our own"),
    _column("answer_labels", "text", "names of the lowest and the highest answer, separated by |"),
    _column("scale_low", "number", "lowest answer", True),
    _column("scale_high", "number", "highest answer", True),
    _column("is_reversed", "flag", "whether a high answer is a bad one"),
    _column("is_agreement", "flag", "whether answers say how far one agrees with the text, not how satisfied one is"),
    _column("not_applicable", "text", "answers that mean 'does not apply', separated by |"),
    _column("cut_points", "text", "upper limits of dissatisfied, neutral and fairly satisfied, separated by |"),
    prefixes=("frame_",),
)

RESPONSES = _canonical_table(
    "responses", "respondent × item", ("response_id", "item"),
    _column("response_id", "text", "the completed survey", True),
    _column("item", "text", "the item", True),
    _column("score", "number", "the answer on the item's scale; empty where not given or not applicable"),
    _column("is_not_applicable", "flag", "whether the answer was that the item does not apply"),
    _column("comment", "text", "what was written, masked"),
)

CASES = _canonical_table(
    "cases", "service case", ("case_id",),
    _column("case_id", "text", "the case", True),
    _column("customer_id", "text", "whose case"),
    _column("kind", "text", "complaint, inquiry, suggestion or repair", True,
       ("complaint", "inquiry", "suggestion", "repair")),
    _column("opened_at", "time", "when it was reported", True),
    _column("handled_at", "time", "when somebody took it up"),
    _column("reviewed_at", "time", "when it was reviewed"),
    _column("closed_at", "time", "when it was closed"),
    _column("fed_back_at", "time", "when the customer heard back"),
    _column("corrective_action_at", "time", "when design, production or operations got it as a corrective action"),
    _column("corrective_action_by", "text", "who got it: design, production or operations"),
    _column("is_resolved", "flag", "whether it was resolved"),
    _column("cause", "text", "cause"),
    _column("team", "text", "team in charge"),
    _column("cost", "money", "cost of the case [money]"),
    _column("score", "number", "satisfaction with the handling"),
)

EVENTS = _canonical_table(
    "events", "behaviour event", (),
    _column("customer_id", "text", "who", True),
    _column("occurred_at", "time", "when", True),
    _column("kind", "text", "what happened", True),
    _column("channel", "text", "where"),
    _column("object_id", "text", "with what"),
)

CONTACTS = _canonical_table(
    "contacts", "outbound contact", ("contact_id",),
    _column("contact_id", "text", "the contact", True),
    _column("customer_id", "text", "who was contacted", True),
    _column("sent_at", "time", "when", True),
    _column("channel", "text", "how"),
    _column("campaign", "text", "campaign"),
    _column("offer_id", "text", "offer made"),
    _column("cost", "money", "cost of the contact [money]"),
    _column("opened_at", "time", "when opened"),
    _column("clicked_at", "time", "when clicked"),
    _column("replied_at", "time", "when replied to"),
    _column("opted_out_at", "time", "when the customer opted out"),
)

CONSENTS = _canonical_table(
    "consents", "customer × purpose × channel", ("customer_id", "purpose", "channel", "from_on"),
    _column("customer_id", "text", "who consented", True),
    _column("purpose", "text", "to what", True),
    _column("channel", "text", "by which channel", True),
    _column("from_on", "date", "first day of consent", True),
    _column("to_on", "date", "last day of consent, empty while it lasts"),
)

OFFERS = _canonical_table(
    "offers", "offer", ("offer_id",),
    _column("offer_id", "text", "the offer", True),
    _column("cost", "money", "cost when taken up [money]", True, low=0),
    _column("margin", "money", "margin gained when taken up [money]"),
    _column("capacity", "integer", "how many can be made [offers]", low=0),
    _column("eligibility", "text", "who may get it"),
)

ASSIGNMENTS = _canonical_table(
    "assignments", "experiment × unit × arm × observation", ("experiment", "unit_id", "variant", "observation"),
    _column("experiment", "text", "the experiment", True),
    _column("unit_id", "text", "customer, visit or cluster that was assigned", True),
    _column("variant", "text", "arm assigned; a unit in two arms has a row for each", True),
    _column("observation", "integer", "record of the unit in the arm, counted from 1", True),
    _column("served", "text", "arm that was served, where that is recorded"),
    _column("probability", "number", "planned share of the arm [share]", low=0, high=1),
    _column("stratum", "text", "stratum of the draw"),
    _column("cluster_id", "text", "cluster of the unit"),
    _column("period", "text", "period of a switchback"),
    _column("assigned_at", "time", "when assigned"),
    _column("first_exposed_at", "time", "when first exposed"),
    _column("offer_id", "text", "offer under test"),
    prefixes=("metric_", "covariate_"),
)

EXPERIMENT_AGGREGATES = _canonical_table(
    "experiment_aggregates", "experiment × arm × metric × period", ("experiment", "variant", "metric", "period"),
    _column("experiment", "text", "the experiment", True),
    _column("variant", "text", "the arm", True),
    _column("metric", "text", "what was measured", True),
    _column("period", "text", "stretch of time that the row is of; 'all' for the whole experiment", True),
    _column("period_ended_on", "date", "last day of the period, where it is told"),
    _column("elapsed", "number", "time since the start at the period's end, in the source's unit, where it is told",
       low=0),
    _column("is_cumulative", "flag", "whether the row is of everything since the start; empty: of its period alone"),
    _column("n", "integer", "units measured [units]", True, low=0),
    _column("successes", "integer", "units with a success, of a metric that is a share [units]", low=0),
    _column("mean", "number", "mean of the metric over units, of a metric that is a mean"),
    _column("variance", "number", "variance of the metric over units, with n − 1", low=0),
    _column("probability", "number", "planned share of the arm [share]", low=0, high=1),
)

POINTS = _canonical_table(
    "points", "programme ledger entry", (),
    _column("customer_id", "text", "whose account", True),
    _column("entered_at", "time", "when", True),
    _column("kind", "text", "opening, earn, redeem, expire, adjust or transfer", True,
       ("opening", "earn", "redeem", "expire", "adjust", "transfer")),
    _column("points", "number", "signed points [points]", True),
    _column("lot_id", "text", "lot that was earned together"),
    _column("expires_at", "time", "when the lot expires"),
    _column("unit_cost", "money", "cost of one point [money]"),
    _column("order_id", "text", "order that earned or used them"),
    _column("partner_id", "text", "partner who issued or took them"),
)

MEMBERSHIPS = _canonical_table(
    "memberships", "customer × tier spell", ("customer_id", "valid_from"),
    _column("customer_id", "text", "the member", True),
    _column("tier", "text", "programme tier", True),
    _column("valid_from", "date", "first day in the tier", True),
    _column("valid_to", "date", "last day in the tier, empty while it lasts"),
)

OPPORTUNITIES = _canonical_table(
    "opportunities", "sales opportunity", ("opportunity_id",),
    _column("opportunity_id", "text", "the opportunity", True),
    _column("account_id", "text", "account"),
    _column("stage", "text", "stage of the pipeline", True),
    _column("opened_on", "date", "first day"),
    _column("closed_on", "date", "day it was decided"),
    _column("value", "money", "value when closed [money]"),
    _column("is_won", "flag", "whether it was won; empty while open"),
    _column("product", "text", "what was offered"),
    _column("owner", "text", "who is in charge"),
)

TIES = _canonical_table(
    "ties", "who influences whom", ("from_customer", "to_customer"),
    _column("from_customer", "text", "who influences", True),
    _column("to_customer", "text", "who is influenced", True),
    _column("strength", "number", "strength of the tie", low=0),
)

CANONICAL_TABLES = (
    CUSTOMERS, TRANSACTIONS, SUBSCRIPTIONS, INVITATIONS, RESPONDENTS, ITEMS, RESPONSES, CASES, EVENTS, CONTACTS,
    CONSENTS, OFFERS, ASSIGNMENTS, EXPERIMENT_AGGREGATES, POINTS, MEMBERSHIPS, OPPORTUNITIES, TIES,
)
