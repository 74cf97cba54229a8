"""Kinds of customer: consumer, intermediary, internal, public interest; what each may and may not be asked.

Colleagues are not free to leave, and the public buys nothing: loyalty, price and repurchase are no questions to them,
and their answers are no answers of customers who do buy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.stats.disclosure_control import LEAST_PEOPLE, estimate_if_enough, people_text
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

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


def estimates_by_kind(
    people: pd.DataFrame, kinds: pd.DataFrame, quantity: str, column: str, roles: tuple[str, ...],
    replicates: ReplicateWeights | None = None,
) -> list[Estimate]:
    """Return the mean of a score by kind of customer, or that the kind may not be asked for it.

    Parameters
    ----------
    people : DataFrame
        ``customer_id, person, weight`` and the score [0–100]; of several answers of a person the latest counts.
    kinds : DataFrame
        From `kinds_of_customers`.
    quantity, column : str
        What it is called, and its column.
    roles : tuple of str
        Roles of the questions that the score is made of.
    replicates : ReplicateWeights, optional
        Of the weights.
    """
    rows = people.dropna(subset=["customer_id", column]).merge(kinds, on="customer_id", suffixes=("_score", ""))
    if order := [c for c in ("responded_at", "response_id") if c in rows]:
        rows = rows.sort_values(order, na_position="first")
    rows = rows.drop_duplicates("person", keep="last")
    made = []
    for kind in kinds["kind"].unique():
        known, group = CUSTOMER_KINDS[kind], rows[rows["kind"] == kind].sort_values("person")
        if set(roles) & set(known.excluded_roles):
            made.append(no_estimate(quantity, Status.NOT_APPLICABLE, f"not asked: {known.may_not}", unit="points",
                                    segment=known.label))
            continue
        sample = WeightedSample(group["person"].to_numpy(), group["weight"].to_numpy(float), replicates)
        mean = sample.mean(group[column].to_numpy(float))
        made.append(estimate_if_enough(quantity, mean, len(group), unit="points", segment=known.label))
    return sorted(made, key=lambda e: e.segment)


def kind_questions_gate(engine: Engine, answers: ir.Table, kinds: pd.DataFrame) -> list[Gate]:
    """Return whether some kind of customer answered questions that it may not be asked; nothing without kinds.

    Parameters
    ----------
    engine : Engine
        Counts.
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    kinds : DataFrame
        From `kinds_of_customers`.
    """
    if kinds.empty:
        return []
    given = answers.filter(answers.percent.notnull() & answers.customer_id.notnull())
    asked = engine.arrow(given.select("customer_id", "role").distinct()).to_pandas().merge(kinds, on="customer_id")
    excluded = {(kind, role) for kind, known in CUSTOMER_KINDS.items() for role in known.excluded_roles}
    is_wrong = np.array([pair in excluded for pair in zip(asked["kind"], asked["role"], strict=True)], bool)
    wrong = asked[is_wrong]
    n = int(wrong["customer_id"].nunique())
    who = " and ".join(CUSTOMER_KINDS[kind].label for kind in sorted(wrong["kind"].unique()))
    said = (f"{people_text(n)} people who are {who} answered questions that their kind may not be asked "
            f"({', '.join(sorted(wrong['role'].unique()))}); none is tolerated." if n
            else "No kind of customer was asked what it may not be asked.")
    return [Gate("questions by kind of customer", n if n >= LEAST_PEOPLE or not n else float("nan"), 0, n > 0,
                 Level.NOTE, "answers of the kinds named", said)]
