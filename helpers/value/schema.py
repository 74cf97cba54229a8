"""Declared result tables of customer value: customer_value, customer_segments, value_forecasts."""

from helpers.customers.kmeans_segments import SEGMENT_BASES
from helpers.foundation.schema import Column, Table, claims_schema, forecasts_schema, gates_schema, summary_schema

LIFE_CYCLE_STAGES = ("new", "growing", "mature", "declining", "dormant", "lapsed")

_SCORE = "score from 1 to 5 by quintiles of customers, 5 best; equal values share their score [1 to 5]"

CUSTOMER_VALUE = Table(
    "results/customer_value",
    "customer",
    ("customer_id",),
    (
        Column("customer_id", "text", "the customer", True),
        Column(
            "basis",
            "text",
            "what the tier is based on: the margin expected within the horizon where models apply, else "
            "the margin to date, else the monthly fee of running contracts",
            True,
            ("expected margin", "margin", "monthly fee"),
        ),
        Column("first_on", "date", "first purchase occasion, or start of the first contract"),
        Column("last_on", "date", "last purchase occasion, or end of the last contract once all have ended"),
        Column("n_occasions", "integer", "purchase occasions; empty without transactions [occasions]", low=0),
        Column("recency_days", "integer", "days since the last purchase occasion [days]", low=0),
        Column("age_days", "integer", "days since the first purchase occasion or contract start [days]", low=0),
        Column("net_sales", "money", "sales less refunds up to the run's date [money]"),
        Column("margin", "money", "margin of these sales: by unit cost where recorded, else the study's rate [money]"),
        Column("mean_spend", "number", "mean net sales of a purchase occasion [money]"),
        Column(
            "monthly_fee",
            "money",
            "fee a month of contracts that run; those whose fee is unknown are left out [money]",
        ),
        Column("recency_score", "integer", f"days since the last purchase: {_SCORE}", low=1, high=5),
        Column("frequency_score", "integer", f"purchase occasions: {_SCORE}", low=1, high=5),
        Column("money_score", "integer", f"net sales: {_SCORE}", low=1, high=5),
        Column(
            "p_alive",
            "number",
            "probability of still being a customer, by the model chosen in the hold-out [share]",
            low=0,
            high=1,
        ),
        Column("expected_orders", "number", "orders expected within the study's horizon [orders]", low=0),
        Column(
            "expected_value",
            "number",
            "margin expected within the horizon, discounted; of contracts that run too [money]",
        ),
        Column("expected_value_low", "number", "lower limit, 95 %, of what is expected: parameters [money]"),
        Column("expected_value_high", "number", "upper limit, 95 %, of what is expected: parameters [money]"),
        Column(
            "realised_low",
            "number",
            "lower limit, 95 %, of the margin that will come: parameters, purchases, spend; "
            "empty above 100,000 customers [money]",
        ),
        Column("realised_high", "number", "upper limit, 95 %, of the margin that will come [money]"),
        Column(
            "yearly_orders_if_kept",
            "number",
            "orders of a year in which the customer stays: the purchase rate while a customer, by the same model "
            "[orders]",
            low=0,
        ),
        Column(
            "yearly_value_if_kept",
            "number",
            "margin of such a year, neither discounted nor weighed by p_alive; no shorter time and no chance of having "
            "left brings more [money]",
        ),
        Column("yearly_value_if_kept_sd", "number", "standard deviation of that margin: rate, orders [money]", low=0),
        Column("tier", "text", "tier of the pyramid; empty for customers whose contracts have all ended"),
        Column("tier_rank", "integer", "rank of the tier, 1 the top", low=1),
        Column(
            "stage",
            "text",
            "stage of the life cycle; empty for who never bought, or where a pause cannot be told from a loss",
            allowed=LIFE_CYCLE_STAGES,
        ),
    ),
)

CUSTOMER_SEGMENTS = Table("results/customer_segments", "customer", ("customer_id",), (
    Column("customer_id", "text", "the customer", True),
    *(Column(base, "text", f"segment on the {base} base, its number and what marks it; empty where nothing is recorded")
      for base in SEGMENT_BASES),
))

VALUE_FORECASTS = forecasts_schema(
    "results/value_forecasts", quantity="what is forecast: orders or margin of the buyers of made_as_of_on",
    segment="for whom; 'all' for everybody who had bought", n="customers")

SALES_FORECAST = Table("results/sales_forecast", "measure × period × quantile",
                       ("measure", "period", "from_on", "quantile"), (
    Column("measure", "text", "what is forecast, of customers known by an id, today's and new ones, if nothing is "
           "done; margin is not discounted", True, ("orders", "net_sales", "margin", "recurring_revenue")),
    Column("period", "text", "a week, a month of contracts, or the whole quarter: 13 weeks, or 3 months of contracts",
           True, ("week", "month", "quarter")),
    Column("from_on", "date", "first day of the period", True),
    Column("due_on", "date", "last day of the period", True),
    Column("quantile", "number", "chance that no more than `value` comes; .5 is what is expected, .025 and .975 are "
           "the limits of the 95 % prediction interval [share]", True, low=0, high=1),
    Column("value", "number", "orders or money that comes with this chance at most, in `unit`", True),
    Column("rule_value", "number", "what the simple rule says that was nearer in past quarters"),
    Column("rule", "text", "which: the seasonal-naive rule (same weeks of the year before), or the last quarter again"),
    Column("other_rule_value", "number", "what the other of these rules says; empty under a year on record"),
    Column("plan_value", "number", "what the study plans for the period, by days of calendar quarters; empty without"),
    Column("plan_chance", "number", "chance that the plan is reached, by the distribution of the forecast [share]",
           low=0, high=1),
    Column("anonymous_value", "number", "net sales of the last 13 weeks without a customer, which finance counts; no "
           "part of value, rules and plan [money]"),
    Column("unit", "text", "unit of value, rule_value and plan_value", True),
    Column("model", "text", "what the orders of today's customers come from", True),
    Column("n", "integer", "customers, or contracts that run, on the day of the forecast", True, low=0),
))

TABLES: tuple[Table, ...] = (
    CUSTOMER_VALUE,
    VALUE_FORECASTS,
    SALES_FORECAST,
    summary_schema("results/value_models", "quantity × model: totals, then parameters"),
    summary_schema("results/value_holdout", "measure × model or rule, on days that no model has seen"),
    summary_schema("results/customer_base", "quantity × class of customers (new, retained, reactivated, churned …)"),
    summary_schema("results/value_tiers", "quantity × tier"),
    summary_schema("results/tier_migration", "quantity × tier before → tier after"),
    summary_schema("results/value_economics", "quantity × channel, horizon or group: winning, keeping, recommending"),
    summary_schema("results/life_cycle", "quantity × stage, or stage before → stage now"),
    summary_schema("results/value_balance", "entry of a ledger × tier or stage"),
    summary_schema("results/value_indices", "index × tier or stage"),
    CUSTOMER_SEGMENTS,
    summary_schema("results/segment_summary", "quantity × base, segment"),
    summary_schema("results/positioning", "quantity × brand, attribute, point of the map"),
    claims_schema("results/value_claims"),
    gates_schema("results/value_gates"),
)
