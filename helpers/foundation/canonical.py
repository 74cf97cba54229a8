"""The canonical tables: what every company's records become. A company may have any subset of them."""

from helpers.foundation.tables import Column, Table

_C = Column


def _canonical(name: str, grain: str, key: tuple[str, ...], *columns: Column, prefixes: tuple[str, ...] = ()) -> Table:
    return Table(f"canonical/{name}", grain, key, columns, prefixes, takes_extras=True)


CUSTOMERS = _canonical(
    "customers", "customer", ("customer_id",),
    _C("customer_id", "text", "the customer", True),
    _C("kind", "text", "consumer, intermediary, internal or public",
       allowed=("consumer", "intermediary", "internal", "public")),
    _C("joined_on", "date", "first day as a customer"),
    _C("acquired_channel", "text", "channel that won the customer"),
    _C("acquisition_cost", "money", "cost of winning the customer [money]", low=0),
    _C("referred_by", "text", "customer who recommended us"),
    _C("account_id", "text", "account that the person belongs to"),
    _C("role", "text", "role in the buying centre"),
    _C("decision_weight", "number", "weight in the decision [share]", low=0, high=1),
    _C("attitude", "number", "attitude towards us [-1 to 1]", low=-1, high=1),
    _C("our_owner", "text", "who looks after the customer"),
    _C("last_contact_on", "date", "last contact by us"),
    prefixes=("demographic_", "psychographic_"),
)

TRANSACTIONS = _canonical(
    "transactions", "order line", ("order_id", "line"),
    _C("order_id", "text", "the order", True),
    _C("line", "integer", "line within the order", True),
    _C("customer_id", "text", "who bought; empty for anonymous sales"),
    _C("ordered_at", "time", "when, in the study's time zone", True),
    _C("kind", "text", "sale, refund, fee or adjustment", True, ("sale", "refund", "fee", "adjustment")),
    _C("amount", "money", "signed value of the line; refunds are negative [money]", True),
    _C("quantity", "number", "units [units]"),
    _C("unit_cost", "money", "cost of one unit [money]"),
    _C("list_price", "money", "price before discounts [money]"),
    _C("discount", "money", "discount on the line [money]"),
    _C("is_promotion", "flag", "bought under a promotion"),
    _C("product_id", "text", "the product"),
    _C("category", "text", "product category"),
    _C("channel", "text", "sales channel"),
    _C("partner_id", "text", "partner who served the sale"),
    _C("refunds_order_id", "text", "order that a refund takes back"),
    _C("promised_on", "date", "day on which delivery was promised"),
    _C("delivered_on", "date", "day of delivery"),
)

SUBSCRIPTIONS = _canonical(
    "subscriptions", "contract", ("subscription_id",),
    _C("subscription_id", "text", "the contract", True),
    _C("customer_id", "text", "who holds it", True),
    _C("started_on", "date", "first day"),
    _C("tenure_months", "number", "age of the contract where its start is not known [months]", low=0),
    _C("has_ended", "flag", "whether it has ended", True),
    _C("ended_on", "date", "last day"),
    _C("end_kind", "text", "voluntary, payment or other", allowed=("voluntary", "payment", "other")),
    _C("end_reason", "text", "reason stated"),
    _C("term_ends_on", "date", "end of the current term"),
    _C("plan", "text", "what is subscribed to"),
    _C("monthly_fee", "money", "fee a month [money]"),
    prefixes=("attribute_",),
)

INVITATIONS = _canonical(
    "invitations", "survey invitation", ("invitation_id",),
    _C("invitation_id", "text", "the invitation", True),
    _C("customer_id", "text", "who was invited", True),
    _C("survey", "text", "which survey", True),
    _C("sent_at", "time", "when", True),
    _C("response_id", "text", "the completed survey, empty where there was none"),
)

RESPONDENTS = _canonical(
    "respondents", "completed survey", ("response_id",),
    _C("response_id", "text", "the completed survey", True),
    _C("customer_id", "text", "who answered, empty where anonymous"),
    _C("survey", "text", "which survey"),
    _C("wave", "text", "wave of the survey"),
    _C("responded_at", "time", "when"),
    _C("channel", "text", "how it was asked"),
    _C("language", "text", "language of the survey"),
    _C("duration_seconds", "number", "time taken [seconds]", low=0),
    _C("weight", "number", "survey weight", low=0),
    _C("stratum", "text", "sampling stratum"),
    prefixes=("demographic_",),
)

ROLES = (
    "expectation", "performance", "importance", "satisfaction", "recommend", "intention", "effort", "image", "value",
    "complaint_handling", "commitment", "trust", "alternatives", "switching_cost", "price_tolerance",
    "category_spend", "functional", "dysfunctional", "brand_attribute",
)

ITEMS = _canonical(
    "items", "survey item", ("item",),
    _C("item", "text", "the item", True),
    _C("text", "text", "its wording"),
    _C("role", "text", "what it asks for", True, ROLES),
    _C("construct", "text", "construct that it measures"),
    _C("pair", "text", "joins an expectation and a performance item, or a functional and a dysfunctional one"),
    _C("subject", "text", "brand that the item speaks of, empty for our own"),
    _C("scale_low", "number", "lowest answer", True),
    _C("scale_high", "number", "highest answer", True),
    _C("is_reversed", "flag", "whether a high answer is a bad one"),
    _C("not_applicable", "text", "answers that mean 'does not apply', separated by |"),
    _C("cut_points", "text", "upper limits of dissatisfied, neutral and fairly satisfied, separated by |"),
    prefixes=("frame_",),
)

RESPONSES = _canonical(
    "responses", "respondent × item", ("response_id", "item"),
    _C("response_id", "text", "the completed survey", True),
    _C("item", "text", "the item", True),
    _C("score", "number", "the answer on the item's scale; empty where not given or not applicable"),
    _C("comment", "text", "what was written, masked"),
)

CASES = _canonical(
    "cases", "service case", ("case_id",),
    _C("case_id", "text", "the case", True),
    _C("customer_id", "text", "whose case"),
    _C("kind", "text", "complaint, inquiry, suggestion or repair", True,
       ("complaint", "inquiry", "suggestion", "repair")),
    _C("opened_at", "time", "when it was reported", True),
    _C("handled_at", "time", "when somebody took it up"),
    _C("reviewed_at", "time", "when it was reviewed"),
    _C("closed_at", "time", "when it was closed"),
    _C("fed_back_at", "time", "when the customer heard back"),
    _C("is_resolved", "flag", "whether it was resolved"),
    _C("cause", "text", "cause"),
    _C("team", "text", "team in charge"),
    _C("cost", "money", "cost of the case [money]"),
    _C("score", "number", "satisfaction with the handling"),
)

EVENTS = _canonical(
    "events", "behaviour event", (),
    _C("customer_id", "text", "who", True),
    _C("occurred_at", "time", "when", True),
    _C("kind", "text", "what happened", True),
    _C("channel", "text", "where"),
    _C("object_id", "text", "with what"),
)

CONTACTS = _canonical(
    "contacts", "outbound contact", ("contact_id",),
    _C("contact_id", "text", "the contact", True),
    _C("customer_id", "text", "who was contacted", True),
    _C("sent_at", "time", "when", True),
    _C("channel", "text", "how"),
    _C("campaign", "text", "campaign"),
    _C("offer_id", "text", "offer made"),
    _C("cost", "money", "cost of the contact [money]"),
    _C("opened_at", "time", "when opened"),
    _C("clicked_at", "time", "when clicked"),
    _C("replied_at", "time", "when replied to"),
    _C("opted_out_at", "time", "when the customer opted out"),
)

CONSENTS = _canonical(
    "consents", "customer × purpose × channel", ("customer_id", "purpose", "channel", "from_on"),
    _C("customer_id", "text", "who consented", True),
    _C("purpose", "text", "to what", True),
    _C("channel", "text", "by which channel", True),
    _C("from_on", "date", "first day of consent", True),
    _C("to_on", "date", "last day of consent, empty while it lasts"),
)

OFFERS = _canonical(
    "offers", "offer", ("offer_id",),
    _C("offer_id", "text", "the offer", True),
    _C("cost", "money", "cost when taken up [money]", True, low=0),
    _C("margin", "money", "margin gained when taken up [money]"),
    _C("capacity", "integer", "how many can be made [offers]", low=0),
    _C("eligibility", "text", "who may get it"),
)

ASSIGNMENTS = _canonical(
    "assignments", "experiment × unit", ("experiment", "unit_id"),
    _C("experiment", "text", "the experiment", True),
    _C("unit_id", "text", "customer, visit or cluster that was assigned", True),
    _C("variant", "text", "arm", True),
    _C("probability", "number", "planned share of the arm [share]", low=0, high=1),
    _C("stratum", "text", "stratum of the draw"),
    _C("cluster_id", "text", "cluster of the unit"),
    _C("period", "text", "period of a switchback"),
    _C("assigned_at", "time", "when assigned"),
    _C("first_exposed_at", "time", "when first exposed"),
    _C("offer_id", "text", "offer under test"),
    prefixes=("metric_", "covariate_"),
)

POINTS = _canonical(
    "points", "programme ledger entry", (),
    _C("customer_id", "text", "whose account", True),
    _C("entered_at", "time", "when", True),
    _C("kind", "text", "opening, earn, redeem, expire, adjust or transfer", True,
       ("opening", "earn", "redeem", "expire", "adjust", "transfer")),
    _C("points", "number", "signed points [points]", True),
    _C("lot_id", "text", "lot that was earned together"),
    _C("expires_at", "time", "when the lot expires"),
    _C("unit_cost", "money", "cost of one point [money]"),
    _C("order_id", "text", "order that earned or used them"),
    _C("partner_id", "text", "partner who issued or took them"),
)

MEMBERSHIPS = _canonical(
    "memberships", "customer × tier spell", ("customer_id", "valid_from"),
    _C("customer_id", "text", "the member", True),
    _C("tier", "text", "programme tier", True),
    _C("valid_from", "date", "first day in the tier", True),
    _C("valid_to", "date", "last day in the tier, empty while it lasts"),
)

OPPORTUNITIES = _canonical(
    "opportunities", "sales opportunity", ("opportunity_id",),
    _C("opportunity_id", "text", "the opportunity", True),
    _C("account_id", "text", "account"),
    _C("stage", "text", "stage of the pipeline", True),
    _C("opened_on", "date", "first day"),
    _C("closed_on", "date", "day it was decided"),
    _C("value", "money", "value when closed [money]"),
    _C("is_won", "flag", "whether it was won; empty while open"),
    _C("product", "text", "what was offered"),
    _C("owner", "text", "who is in charge"),
)

TIES = _canonical(
    "ties", "who influences whom", ("from_customer", "to_customer"),
    _C("from_customer", "text", "who influences", True),
    _C("to_customer", "text", "who is influenced", True),
    _C("strength", "number", "strength of the tie", low=0),
)

TABLES = (
    CUSTOMERS, TRANSACTIONS, SUBSCRIPTIONS, INVITATIONS, RESPONDENTS, ITEMS, RESPONSES, CASES, EVENTS, CONTACTS,
    CONSENTS, OFFERS, ASSIGNMENTS, POINTS, MEMBERSHIPS, OPPORTUNITIES, TIES,
)
