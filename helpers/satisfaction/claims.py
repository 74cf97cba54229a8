"""The textbook claim about word of mouth, held against what the records can say."""

import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.estimates import Claim, Estimate, Status, without_value
from helpers.methods import scales
from helpers.methods.disclosure_control import FEW_PEOPLE, told
from helpers.methods.weighing import Replicas, Rows
from helpers.satisfaction.measures import DETRACTORS_TO, NPS, PROMOTERS_FROM, measure_of

TOLD = "A promoter tells 12 people, a detractor 20"
NAMED = "new customers that name a promoter as who recommended us"
UNASKED = "No question asks how many people customers told"


def word_of_mouth(
    answers: ir.Table, known: pd.DataFrame, customers: ir.Table, replicas: Replicas | None = None
) -> Claim:
    """Return the claim on what people tell others: nobody is asked, so it cannot be said; what is known stands by.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`; promoters and detractors by a 0–10 recommend question only.
    customers : Table
        ``canonical/customers``: ``referred_by``.
    replicas : Replicas, optional
        Of the survey weights.
    """
    items = [row.item for row in known.itertuples() if measure_of(row) == NPS]
    named = customers.filter(customers.referred_by.notnull()).select("referred_by").to_pyarrow().to_pandas()
    if not items or named.empty:
        reason = "no question asks for recommendation from 0 to 10" if not items else "no customer names a recommender"
        return Claim(TOLD, without_value(NAMED, Status.NOT_APPLICABLE, reason, unit="customers"), "cannot say",
                     f"{UNASKED}, and {reason}.")
    rows = scales.latest_of(scales.wide(answers, items[:1]), items[:1]).reset_index()
    rows = rows[rows["customer_id"].notna()]
    named_by = rows["customer_id"].map(named["referred_by"].value_counts()).fillna(0).to_numpy(float)
    member = [(rows[items[0]] >= PROMOTERS_FROM).to_numpy(), (rows[items[0]] <= DETRACTORS_TO).to_numpy()]
    parts = [named_by[is_in] for is_in in member]
    if min(map(len, parts)) < FEW_PEOPLE:
        both = [told(len(part)) for part in parts]
        reason = f"{both[0]} promoters and {both[1]} detractors, {FEW_PEOPLE} of each are needed"
        return Claim(TOLD, without_value(NAMED, Status.INSUFFICIENT, reason, unit="customers"), "cannot say",
                     f"{UNASKED}, and there are {reason}.")
    people, weight = rows["person"].to_numpy(), rows["weight"].to_numpy(float)
    ours, theirs = (Rows(people[is_in], weight[is_in], replicas).mean(named_by[is_in]) for is_in in member)
    return Claim(TOLD, Estimate(NAMED, ours.value, ours.low, ours.high, "customers", len(parts[0])), "cannot say",
                 f"{UNASKED}; {ours.value:.3f} new customers name each promoter as who recommended us, "
                 f"{theirs.value:.3f} each detractor.")
