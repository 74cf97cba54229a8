"""Declared result tables of the action plan: whom it lists, what it drew, decisions, key accounts, partners."""

from helpers.customers.random_assignment import CAMPAIGNS, EXPERIMENT_PREFIXES
from helpers.foundation.schema import Column, Table, gates_schema, summary_schema

ACTION_LIST = Table(
    "results/actions",
    "customer",
    ("customer_id",),
    (
        Column("customer_id", "text", "the customer", True),
        Column("tier", "text", "tier of the pyramid, or 'no tier'", True),
        Column("tier_rank", "integer", "rank of the tier, 1 the top", True, low=1),
        Column(
            "risk",
            "text",
            "band of the churn probability, or 'not scored'",
            True,
            ("high", "medium", "low", "not scored"),
        ),
        Column("churn_probability", "number", "churn probability within the horizon [share]", low=0, high=1),
        Column("value_if_kept", "number", "margin within the horizon if retained [money]"),
        Column("value_if_kept_sd", "number", "standard deviation of that margin [money]"),
        Column("no_order_if_kept", "number", "chance of no purchase within the horizon though retained [share]",
               low=0, high=1),
        Column("margin_at_risk", "number", "probability of having left for good × (value if retained − value if "
               "churned, which is 0) [money]"),
        Column(
            "priority",
            "number",
            "what ranks the list: margin at risk; churn_probability × the month's fee where the "
            "risk has no date [money]",
        ),
        Column("action", "text", "what is planned, by the study's rules", True),
        Column("channel", "text", "by which it is done; empty for any"),
        Column("offer", "text", "offer that is made; empty for none"),
        Column("owner", "text", "who carries it out; empty for who is not on the list"),
        Column("assumed_gain", "number", "relative cut in churn, assumed or measured, × margin at risk, less expected "
               "cost and the price of fatigue; empty where no cut is assumed [money]"),
        Column("n_recent_contacts", "integer", "contacts within the study's days [contacts]", low=0),
        Column("rank", "integer", "rank on the list, by priority; empty for who is not on it", low=1),
        Column(
            "variant",
            "text",
            "treated or held out at random; empty for who is not on the list",
            allowed=("treated", "held out"),
        ),
        Column("draw", "text", "draw that decided the arm: this plan's, or one that is still open"),
        Column("probability", "number", "chance of the customer's arm in that draw [share]", low=0, high=1),
        Column("stratum", "text", "action and tier, in proportion to which the plan draws"),
        Column("cost_expected", "number", "cost of the action at the assumed uptake [money]", low=0),
        Column("cost_worst", "number", "cost of the action if the offer is taken up [money]", low=0),
        Column("break_even_reduction", "number", "relative cut in churn at which the action pays [share]", low=0),
        Column("reason", "text", "why nothing is planned; empty for who is on the list"),
    ),
)

ASSIGNMENTS_DRAWN = Table("results/assignments_drawn", "experiment × unit", ("experiment", "unit_id"), (
    Column("experiment", "text", "the draw, with its day", True),
    Column("purpose", "text", "what for", True, tuple(EXPERIMENT_PREFIXES)),
    Column("unit_id", "text", "customer; keeps the arm for every purpose until the window ends", True),
    Column("variant", "text", "arm", True, ("treated", "held out")),
    Column("probability", "number", "chance of the customer's arm [share]", low=0, high=1),
    Column("stratum", "text", "stratum in proportion to which the draw was made"),
    Column("kept_from", "text", "draw of an earlier day whose arm the customer keeps, so that this one is not measured "
           "by the customer; empty for who was drawn on the day"),
    Column("assigned_on", "date", "day of the draw", True),
    Column("ends_on", "date", "last day of the outcome window"),
    Column("seed", "integer", "seed of the draw, used with the day", True),
))

CAMPAIGN_LISTS = Table("results/campaigns", "customer whom a campaign is for", ("customer_id",), (
    Column("customer_id", "text", "the customer; in one campaign, the first whose audience holds him", True),
    Column("campaign", "text", "what for", True, CAMPAIGNS),
    Column("tier", "text", "tier of the pyramid, or 'no tier'", True),
    Column("why", "text", "why the campaign is for this customer", True),
    Column("value", "number", "what ranks the list: value of asking where it is known, else margin within the horizon "
           "if retained [money]"),
    Column("value_of_asking", "number", "expected value of asking under the assumed uptake; of a win-back [money]"),
    Column("rank", "integer", "rank on the list; empty for who is not on it", low=1),
    Column("variant", "text", "treated or held out at random; empty for who is not on the list",
           allowed=("treated", "held out")),
    Column("draw", "text", "draw that decided the arm: this campaign's, or one that is still open"),
    Column("probability", "number", "chance of the customer's arm in that draw [share]", low=0, high=1),
    Column("stratum", "text", "tier, in proportion to which the campaign draws"),
    Column("channel", "text", "by which contact is made; empty for any"),
    Column("owner", "text", "who carries it out; empty for who is not on the list"),
    Column("cost_expected", "number", "cost of the contact and of the offer at the assumed uptake [money]", low=0),
    Column("cost_worst", "number", "cost if the offer is taken up [money]", low=0),
    Column("reason", "text", "why nobody contacts the customer; empty for who is on the list"),
))

ANSWERS = ("contact list", "account owner", "service case", "contact of its own", "no contact")  # to an alert

ALERT_ANSWERS = Table("results/alert_answers", "customer warned of, in no control group", ("customer_id",), (
    Column("customer_id", "text", "the customer", True),
    Column("cause", "text", "what is warned of", True),
    Column("rule", "text", "rule of the alert that counts", True),
    Column("answer", "text", "how it is answered", True, ANSWERS),
    Column("told", "text", "by whom it is answered, or why nobody does; empty for a contact of its own"),
    Column("owner", "text", "who makes a contact of its own"),
    Column("channel", "text", "by which it is made; empty for any"),
    Column("script", "text", "what is said or written first"),
    Column("respond_by_on", "date", "day by which the rule asks for a response", True),
    Column("churn_probability", "number", "churn probability within the horizon [share]", low=0, high=1),
    Column("margin_at_risk", "number", "margin at risk [money]"),
    Column("cost_expected", "number", "cost of the contact that answers, by a list or of its own, at the assumed "
           "uptake [money]", True, low=0),
    Column("cost_worst", "number", "cost of that contact if an offer is taken up [money]", True, low=0),
    Column("draw", "text", "draw that decided that the alert is answered"),
))

DECISIONS = Table("results/decisions", "decision asked for", ("decision",), (
    Column("decision", "text", "what is asked for", True),
    Column("cost", "number", "expected cost [money]", True, low=0),
    Column("gain", "text", "expected gain, or why none is stated", True),
    Column("worst_case", "number", "most that can be lost [money]", True, low=0),
    Column("confidence", "text", "how sure the gain is", True),
    Column("owner", "text", "who carries it out", True),
    Column("stop_on", "date", "day on which it ends and is measured", True),
    Column("status", "text", "asked for: it waits for a yes or a no", True, ("asked for",)),
))

KEY_ACCOUNTS = Table("results/key_accounts", "account", ("account_id",), (
    Column("account_id", "text", "the account", True),
    Column("n_people", "integer", "people of its buying centre on record [customers]", low=0),
    Column("n_covered", "integer", "of them looked after and contacted within half a year [customers]", low=0),
    Column("share_weight_covered", "number", "decision weight of the covered, of all known [share]", low=0, high=1),
    Column("support", "number", "attitude weighted by decision weight [-1 to 1]", low=-1, high=1),
    Column("is_single_threaded", "flag", "people are known and at most one is covered"),
    Column("n_open", "integer", "open opportunities [opportunities]", low=0),
    Column("expected", "number", "value expected to be won within the horizon of what is open [money]"),
    Column("n_decided", "integer", "opportunities won or lost [opportunities]", low=0),
    Column("n_won", "integer", "of them won [opportunities]", low=0),
    Column("value_won", "number", "value of what was won [money]"),
    Column("win_rate", "number", "share won of decided; empty under ten decided [share]", low=0, high=1),
    Column("low", "number", "lower limit, 95 %, of the win rate [share]", low=0, high=1),
    Column("high", "number", "upper limit, 95 %, of the win rate [share]", low=0, high=1),
))

PARTNERS = summary_schema(
    "results/partners", "quantity × partner or coalition: values, synergies, gains alone, customers in common, terms")

TABLES: tuple[Table, ...] = (
    ACTION_LIST, CAMPAIGN_LISTS, ALERT_ANSWERS, ASSIGNMENTS_DRAWN, DECISIONS, KEY_ACCOUNTS, PARTNERS,
    gates_schema("results/action_gates"))
