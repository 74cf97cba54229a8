"""Headings: what pages call columns and quantities of tables."""

from helpers.foundation.labels import readable_id
from helpers.reporting import formatting

SHORT = {"id": "ID", "nps": "NPS", "csat": "CSAT", "ces": "CES", "auc": "AUC", "rfm": "RFM", "psi": "PSI", "p": "p",
         "n": "n"}

COLUMNS = {
    "break_even_reduction": "Break-even cut in churn",
    "cost_expected": "Expected cost",
    "cost_worst": "Cost at worst",
    "cut": "Threshold",
    "delay_periods": "Delay, weeks",
    "expected_lost": "Expected churn",
    "hazard": "Share a day",
    "mean_abs_contribution": "Mean absolute contribution",
    "n_control": "Control units",
    "n_held_out": "Control group",
    "n_variant": "Treated units",
    "net_at_last": "Margin less CAC so far",
    "p_adjusted": "p, adjusted",
    "value_if_kept": "Value if retained",
}

QUANTITIES = {
    "acquisition_cost": "customer acquisition cost (CAC)",
    "auc": "AUC",
    "auc_difference": "difference in AUC",
    "brier": "Brier score",
    "brier_difference": "difference in Brier score",
    "contracts_kept_quarter": "contracts retained, three months",
    "contract_margin_rate": "share of fees assumed to be margin",
    "contract_equity": "customer lifetime value of running contracts",
    "contracts_kept": "contracts retained",
    "customer_equity": "customer lifetime value of all customers",
    "customers_after": "active customers, latest period",
    "customers_before": "active customers, period before", "reactivated_customers": "customers reactivated",
    "customers_lost": "churned customers",
    "holdout_error": "error of all orders in the hold-out, model behind the values",
    "customers_lost_by_rule": "churned customers, simple rule",
    "empc": "expected maximum profit a customer",
    "empc_share_contacted": "best share to contact",
    "kept_margin_change": "change in margin of retained customers",
    "kept_sales_change": "change in net sales of retained customers",
    "margin_ahead": "expected margin of all customers",
    "n_control": "Control units",
    "n_held_out": "Control group",
    "n_variant": "Treated units",
    "net_at_last": "margin less CAC so far",
    "net_first_month": "margin less CAC after the first month",
    "net_sales_after": "net sales, latest period",
    "net_sales_before": "net sales, period before",
    "orders_ahead": "expected orders of all customers",
    "margin_at_risk_by_rule": "margin at risk, simple rule",
    "payback_month": "CAC payback",
    "quarter_error": "error of the forecast of a quarter", "quarters_tried": "past quarters tried",
    "quarters_needed": "past quarters that a range takes", "quarter_by_rule": "the quarter by a simple rule",
    "periods_tried": "past periods tried", "contracts_by_age": "contracts that run, by age",
    "quarter_margin": "margin of the quarter",
    "quarter_margin_by_other_rule": "margin of the quarter, the other simple rule",
    "quarter_margin_by_rule": "margin of the quarter, simple rule",
    "quarter_net_sales": "net sales of 13 weeks, known customers",
    "quarter_net_sales_by_other_rule": "net sales of 13 weeks, known customers, the other simple rule",
    "quarter_net_sales_by_rule": "net sales of 13 weeks, known customers, simple rule",
    "quarter_orders": "orders of the quarter",
    "quarter_orders_by_other_rule": "orders of the quarter, the other simple rule",
    "quarter_orders_by_rule": "orders of the quarter, simple rule",
    "quarter_recurring_revenue": "recurring revenue of the quarter",
    "quarter_recurring_revenue_by_rule": "recurring revenue of the quarter, simple rule",
    "retention_by_count": "customer retention rate",
    "retention_by_money": "customer retention rate, weighted by net sales",
    "share_lost": "churn rate",
    "value_of_a_new_customer": "customer lifetime value of a new customer",
}


def heading(name: str) -> str:
    """Return a column name as a heading.

    Examples
    --------
    >>> heading("share_active"), heading("customer_id"), heading("n_orders"), heading("n")
    ('Share active', 'Customer ID', 'Orders', 'n')
    """
    if name in SHORT:
        return SHORT[name]
    if name in COLUMNS:
        return COLUMNS[name]
    parts = name.removeprefix("n_").removeprefix("is_").split("_")
    return formatting.sentence_case(" ".join(SHORT.get(part, part) if len(part) > 1 else part for part in parts))


def quantity_label(quantity: str) -> str:
    """Return what people call a quantity of a long table.

    Examples
    --------
    >>> quantity_label("retention_by_count"), quantity_label("calibration_error")
    ('customer retention rate', 'calibration error')
    """
    return QUANTITIES.get(quantity) or readable_id(quantity)
