"""Result tables of this wing."""

from helpers.foundation.tables import Column, Table, gates_table, summary_table
from helpers.loyalty.kinds import ALL_KINDS

CUSTOMERS = Table("results/loyalty_customers", "customer who answered, bought or signed", ("customer_id",), (
    Column("customer_id", "text", "the customer", True),
    Column("responded_at", "time", "latest answer on attitude"),
    Column("attitude", "number", "mean of the attitude answers of the latest response [0–100]", low=0, high=100),
    Column("n_items", "integer", "attitude questions answered", low=0),
    Column("is_near_cut", "flag", "whether the attitude lies within one standard error of measurement of its cut"),
    Column("first_on", "date", "first purchase"),
    Column("n_orders", "integer", "purchase occasions: days with net sales above zero", low=0),
    Column("n_periods", "integer", "whole periods elapsed since the first purchase [periods]", low=0),
    Column("n_active_periods", "integer", "of these, periods with a purchase [periods]", low=0),
    Column("share_active", "number", "periods with a purchase among the elapsed; empty where it is too early",
           low=0, high=1),
    Column("has_contract", "flag", "whether a contract runs; empty where there never was one"),
    Column("is_repeating", "flag", "whether behaviour counts as loyal; empty where nothing can be said yet"),
    Column("kind", "text", "kind of loyalty by attitude and behaviour", True, ALL_KINDS),
))

TABLES: tuple[Table, ...] = (
    CUSTOMERS,
    summary_table("results/loyalty_matrix", "measure of loyalty × everybody"),
    gates_table("results/loyalty_gates"),
)
