"""Textbook claim on word of mouth (promoters tell 12, detractors 20), tested on own data."""

import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.results import Claim, Estimate, Status, no_estimate
from helpers.satisfaction.nps_csat_ces import MAX_DETRACTOR_PERCENT, MIN_PROMOTER_PERCENT, NPS, measure_of_item
from helpers.stats import survey_scales
from helpers.stats.disclosure_control import FEW_PEOPLE, people_text
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

CLAIM_WORD_OF_MOUTH = "A promoter tells 12 people, a detractor 20"

NAMED_A_PROMOTER = "new customers that name a promoter as who recommended us"

WHY_NOT_ASKED = "No question asks how many people customers told"


def word_of_mouth_claim(
    answers: ir.Table, known: pd.DataFrame, customers: ir.Table, replicas: ReplicateWeights | None = None
) -> Claim:
    """Return the claim on what people tell others: nobody is asked, so it cannot be said; what is known stands by.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`; promoters and detractors by a 0–10 recommend question only.
    customers : Table
        ``canonical/customers``: ``referred_by``.
    replicas : ReplicateWeights, optional
        Of the survey weights.
    """
    items = [row.item for row in known.itertuples() if measure_of_item(row) == NPS]
    named = customers.filter(customers.referred_by.notnull()).select("referred_by").to_pyarrow().to_pandas()
    if not items or named.empty:
        reason = "no question asks for recommendation from 0 to 10" if not items else "no customer names a recommender"
        return Claim(
            CLAIM_WORD_OF_MOUTH,
            no_estimate(NAMED_A_PROMOTER, Status.NOT_APPLICABLE, reason, unit="customers"),
            "cannot say",
            f"{WHY_NOT_ASKED}, and {reason}.",
        )
    rows = survey_scales.latest_by_person(survey_scales.answers_wide(answers, items[:1]), items[:1]).reset_index()
    rows = rows[rows["customer_id"].notna()]
    named_by = rows["customer_id"].map(named["referred_by"].value_counts()).fillna(0).to_numpy(float)
    member = [(rows[items[0]] >= MIN_PROMOTER_PERCENT).to_numpy(), (rows[items[0]] <= MAX_DETRACTOR_PERCENT).to_numpy()]
    parts = [named_by[is_in] for is_in in member]
    if min(map(len, parts)) < FEW_PEOPLE:
        both = [people_text(len(part)) for part in parts]
        reason = f"{both[0]} promoters and {both[1]} detractors, {FEW_PEOPLE} of each are needed"
        return Claim(
            CLAIM_WORD_OF_MOUTH,
            no_estimate(NAMED_A_PROMOTER, Status.INSUFFICIENT, reason, unit="customers"),
            "cannot say",
            f"{WHY_NOT_ASKED}, and there are {reason}.",
        )
    people, weight = rows["person"].to_numpy(), rows["weight"].to_numpy(float)
    ours, theirs = (WeightedSample(people[is_in], weight[is_in], replicas).mean(named_by[is_in]) for is_in in member)
    return Claim(
        CLAIM_WORD_OF_MOUTH,
        Estimate(NAMED_A_PROMOTER, ours.value, ours.low, ours.high, "customers", len(parts[0])),
        "cannot say",
        f"{WHY_NOT_ASKED}; {ours.value:.3f} new customers name each promoter as who recommended us, "
        f"{theirs.value:.3f} each detractor.",
    )
