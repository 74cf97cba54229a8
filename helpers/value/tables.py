"""Result tables of this wing."""

from helpers.foundation.tables import Column, Table, gates_table, summary_table

_SCORE = "score from 1 to 5 by fifths of customers, 5 best; equal values share their score [1 to 5]"

CUSTOMER_VALUE = Table("results/customer_value", "customer", ("customer_id",), (
    Column("customer_id", "text", "the customer", True),
    Column("basis", "text", "what the tier rests on: recorded margin, or the monthly fee of running contracts", True,
           ("margin", "monthly fee")),
    Column("first_on", "date", "first purchase occasion, or start of the first contract"),
    Column("last_on", "date", "last purchase occasion, or end of the last contract once all have ended"),
    Column("n_occasions", "integer", "purchase occasions; empty without transactions [occasions]", low=0),
    Column("recency_days", "integer", "days since the last purchase occasion [days]", low=0),
    Column("age_days", "integer", "days since the first purchase occasion or contract start [days]", low=0),
    Column("net_sales", "money", "sales less refunds up to the run's date [money]"),
    Column("margin", "money", "margin of these sales: by unit cost where recorded, else the study's rate [money]"),
    Column("mean_spend", "number", "mean net sales of a purchase occasion [money]"),
    Column("monthly_fee", "money", "fee a month of contracts that run [money]"),
    Column("recency_score", "integer", f"days since the last purchase: {_SCORE}", low=1, high=5),
    Column("frequency_score", "integer", f"purchase occasions: {_SCORE}", low=1, high=5),
    Column("money_score", "integer", f"net sales: {_SCORE}", low=1, high=5),
    Column("tier", "text", "tier of the pyramid; empty for customers whose contracts have all ended"),
    Column("tier_rank", "integer", "rank of the tier, 1 the top", low=1),
))

TABLES: tuple[Table, ...] = (
    CUSTOMER_VALUE,
    summary_table("results/customer_base", "quantity × class of customers (new, kept, regained, lost …)"),
    summary_table("results/value_tiers", "quantity × tier"),
    gates_table("results/value_gates"),
)
