"""Kinds of customer: consumer, intermediary, internal, public interest; what each may and may not be asked.

Colleagues are not free to leave, and the public buys nothing: loyalty, price and repurchase are no questions to them,
and their answers are no answers of customers who do buy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine

BUYER_ROLES = ("intention", "recommend", "commitment", "alternatives", "switching_cost", "price_tolerance",
               "category_spend")

USER_ROLES = ("expectation", "performance", "attribute_satisfaction", "value", "delivered_value", "complaint_handling")


@dataclass(frozen=True, slots=True)
class CustomerKind:
    """One kind of customer.

    Parameters
    ----------
    label : str
        Its name for people.
    may, may_not : str
        What it may be asked about, and what not and why.
    excluded_roles : tuple of str
        Roles of questions that it may not be asked.
    """

    label: str
    may: str
    may_not: str
    excluded_roles: tuple[str, ...] = ()


CUSTOMER_KINDS: Mapping[str, CustomerKind] = {
    "consumer": CustomerKind(
        "consumers", "expectation, use, value, satisfaction, loyalty, price", "what they neither buy nor use"),
    "intermediary": CustomerKind(
        "intermediaries", "supply, terms, support, cooperation, satisfaction, loyalty",
        "what their own customers feel in using the products"),
    "internal": CustomerKind(
        "internal customers", "the service of one department to another, effort, fairness, trust, anonymously",
        "loyalty, price and repurchase: they are not free to leave", BUYER_ROLES),
    "public": CustomerKind(
        "public interest", "name, conduct, fairness, trust",
        "use, value, loyalty and repurchase: they buy nothing", (*BUYER_ROLES, *USER_ROLES, "satisfaction")),
}


def kinds_of_customers(engine: Engine, customers: ir.Table) -> pd.DataFrame:
    """Return each customer's kind, sorted: ``customer_id, kind``; no rows where fewer than two kinds are recorded.

    Parameters
    ----------
    engine : Engine
        Reads the table.
    customers : Table
        ``canonical/customers``.
    """
    known = customers.filter(customers.kind.notnull()).select("customer_id", "kind")
    frame = engine.arrow(known).to_pandas().sort_values("customer_id", ignore_index=True)
    return frame if frame["kind"].nunique() > 1 else frame.head(0)
