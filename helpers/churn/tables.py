"""Result tables of this wing."""

from helpers.foundation.tables import Column, Table, gates_table, summary_table

CHURN_SCORES = Table("results/churn_scores", "eligible customer", ("customer_id",), (
    Column("customer_id", "text", "the customer", True),
    Column("basis", "text", "purchases, or contracts where there are no purchases", True, ("purchases", "contracts")),
    Column("model", "text", "model that p_lost comes from", True),
    Column("p_lost", "number", "probability of no purchase occasion up to due_on; for contracts without dates the "
           "share of such contracts that have ended [share]", True, low=0, high=1),
    Column("p_baseline", "number", "the same by the simple rule: recency, or tenure for contracts [share]", True,
           low=0, high=1),
    Column("risk", "text", "band of p_lost by the study's limits", True, ("low", "medium", "high")),
    Column("is_one_time", "flag", "whether the customer has bought once only; empty for contracts"),
    Column("recency_days", "integer", "days since the last purchase occasion [days]", low=0),
    Column("due_on", "date", "last day of the outcome; empty for contracts without dates"),
    Column("value_if_kept", "number", "margin within the horizon at the customer's past rate [money]"),
    Column("value_at_stake", "number", "p_lost × (value if kept − value if lost, which is 0) [money]"),
    Column("monthly_fee", "number", "fee a month of the contracts that run [money]"),
    Column("value_if_lost", "number", "margin within the horizon of a customer who is lost, as the study says [money]"),
    Column("silence", "number", "chance that a gap between purchases of this very customer lasts longer than the "
           "present one; small: out of rhythm [share]", low=0, high=1),
    Column("reason", "text", "lever that adds most to the risk, by the model"),
))

FORECASTS = Table("results/forecasts", "quantity × segment × due date", ("quantity", "segment", "due_on"), (
    Column("quantity", "text", "what is forecast", True),
    Column("segment", "text", "for whom; 'all' for everybody eligible", True),
    Column("made_as_of_on", "date", "last day that was seen", True),
    Column("due_on", "date", "day on which it can be graded", True),
    Column("value", "number", "expected value", True),
    Column("low", "number", "lower predictive limit", True),
    Column("high", "number", "upper predictive limit", True),
    Column("level", "number", "level of the predictive interval", True, low=0, high=1),
    Column("model", "text", "model that made it", True),
    Column("unit", "text", "unit of value, low and high", True),
    Column("n", "integer", "eligible customers", True, low=0),
    Column("eligible_days", "integer", "eligible were customers who had bought within so many days up to made_as_of_on "
           "[days]", True, low=1),
    Column("basis", "text", "purchases, or contracts", allowed=("purchases", "contracts")),
))

TABLES: tuple[Table, ...] = (
    summary_table("results/churn_models", "measure × model, on customers whom the model has not seen"),
    CHURN_SCORES,
    FORECASTS,
    gates_table("results/churn_gates"),
)
