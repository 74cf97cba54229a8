"""Declared result tables of churn: churn_scores, forecasts, alerts, churn_charts, churn_reasons."""

from helpers.foundation.schema import (
    Cells,
    Column,
    Table,
    claims_schema,
    forecasts_schema,
    gates_schema,
    summary_schema,
)

CHURN_SCORES = Table(
    "results/churn_scores",
    "eligible customer",
    ("customer_id",),
    (
        Column("customer_id", "text", "the customer", True),
        Column(
            "basis", "text", "purchases, or contracts where there are no purchases", True, ("purchases", "contracts")
        ),
        Column("model", "text", "model that churn_probability comes from", True),
        Column(
            "churn_probability",
            "number",
            "probability of no purchase occasion up to due_on; for contracts without "
            "dates the share of such contracts that have ended [share]",
            True,
            low=0,
            high=1,
        ),
        Column(
            "p_baseline",
            "number",
            "the same by the simple rule: recency, or tenure for contracts [share]",
            True,
            low=0,
            high=1,
        ),
        Column("risk", "text", "band of churn_probability by the study's limits", True, ("low", "medium", "high")),
        Column("is_one_time", "flag", "whether the customer has bought once only; empty for contracts"),
        Column("recency_days", "integer", "days since the last purchase occasion [days]", low=0),
        Column("due_on", "date", "last day of the outcome; empty for contracts without dates"),
        Column(
            "value_if_kept",
            "number",
            "margin within the horizon if retained: orders while a customer × margin an order by the purchase model of "
            "customer_value, else repeat purchases to date; or the fee [money]",
        ),
        Column("value_if_kept_sd", "number", "standard deviation of that margin: how much a retained one buys [money]"),
        Column("no_order_if_kept", "number", "chance q of no purchase up to due_on though retained, up to "
               "churn_probability; 0 for contracts [share]", low=0, high=1),
        Column("margin_at_risk", "number", "probability of having left for good, (churn_probability − q) / (1 − q), × "
               "(value if retained − value if churned, which is 0) [money]"),
        Column("monthly_fee", "number", "fee a month of the contracts that run [money]"),
        Column("value_if_lost", "number", "margin within the horizon of a churned customer, as the study says [money]"),
        Column(
            "inactivity_percentile",
            "number",
            "share of this very customer's gaps between purchases that are shorter "
            "than the present one; near 1: out of rhythm [share]",
            low=0,
            high=1,
        ),
        Column("reason", "text", "feature group that adds most to the risk, by the model"),
    ),
)

CHURN_FORECASTS = forecasts_schema(
    "results/forecasts",
    Column("eligible_days", "integer", "eligible were customers who had bought within so many days up to made_as_of_on "
           "[days]", True, low=1),
    Column("basis", "text", "purchases, or contracts", allowed=("purchases", "contracts")),
    quantity="what is forecast", segment="for whom; 'all' for everybody eligible", n="eligible customers")

CHURN_ALERTS = Table("results/alerts", "customer × cause", ("customer_id", "cause"), (
    Column("customer_id", "text", "the customer", True),
    Column("cause", "text", "what is wrong, in words; one alert a customer and cause", True),
    Column("rule", "text", "rule of the study that raised it", True),
    Column("signal", "text", "what the rule looks at", True),
    Column("signal_value", "number", "its value; share, count or money by signal", True),
    Column("is_new", "flag", "whether it was not open in the last comparable run", True),
    Column("raised_on", "date", "day on which it was raised first", True),
    Column("made_as_of_on", "date", "day that this run speaks for", True),
    Column("respond_by_on", "date", "day by which the response is due", True),
    Column("outcome_due_on", "date", "day on which it can be graded; empty for contracts without dates"),
    Column("owner", "text", "who answers for the response", True),
    Column("response", "text", "what is to be done", True),
    Column("is_control", "flag", "random control group, so that the others' effect can be measured", True),
    Column("draw", "text", "draw that decided who is in the control group: this run's, or one that is still open"),
    Column("probability", "number", "chance of the customer's arm in that draw [share]", low=0, high=1),
    Column("is_within_capacity", "flag", "among those to be acted on now", True),
    Column("churn_probability", "number", "probability stated then [share]", low=0, high=1),
    Column("margin_at_risk", "number", "probability of having left for good × (value if retained − value if churned) "
           "[money]"),
))

CHURN_CHARTS = Table("results/churn_charts", "figure × week", ("chart", "on"), (
    Column("chart", "text", "the figure that is watched", True),
    Column("unit", "text", "its unit"),
    Column("on", "date", "Monday of the week", True),
    Column("value", "number", "the figure; empty where there is none"),
    Column("centre", "number", "what was expected"),
    Column("low", "number", "lower control limit"),
    Column("high", "number", "upper control limit"),
    Column("is_baseline", "flag", "whether the week was learnt from", True),
    Column("is_live", "flag", "whether an alarm could be raised", True),
    Column("alarm", "text", "spike, shift or empty", allowed=("", "spike", "shift")),
))

CHURN_REASONS = Table("results/churn_reasons", "feature group", ("feature_group",), (
    Column("feature_group", "text", "features that belong together", True),
    Column("mean_abs_contribution", "number", "mean absolute contribution to the risk [logits]", True, low=0),
    Column("mean_abs_contribution_low", "number", "lower limit over resampled customers [logits]"),
    Column("mean_abs_contribution_high", "number", "upper limit over resampled customers [logits]"),
    Column("share_first", "number", "customers whose risk it raises most [share]", low=0, high=1),
    Column("n_first", "integer", "customers whose risk it raises most [customers]", low=0),
    Column("raises", "text", "the feature in it that weighs most, and in which direction"),
), cells=Cells(("n_first",), ("share_first",), ("feature_group",)))

TABLES: tuple[Table, ...] = (
    CHURN_ALERTS, CHURN_CHARTS, CHURN_REASONS,
    summary_schema("results/alert_grades", "measure × run and rule, of alerts of earlier runs"),
    summary_schema("results/churn_by_attribute", "churn rate × attribute: level"),
    summary_schema("results/crisis_recovery", "orders after against before a crisis × first day: group"),
    claims_schema("results/churn_claims"),
    summary_schema("results/churn_models", "measure × model, on customers whom the model has not seen"),
    CHURN_SCORES,
    CHURN_FORECASTS,
    gates_schema("results/churn_gates"),
)
