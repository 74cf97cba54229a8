"""Textbook claims on word of mouth (promoters tell 12, of whom 10 come; detractors 20), tested on own data."""

import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.results import Claim, Estimate, Status, claim_verdict, no_estimate
from helpers.satisfaction.nps_csat_ces import MAX_DETRACTOR_PERCENT, MIN_PROMOTER_PERCENT, NPS, measure_of_item
from helpers.stats import survey_scales
from helpers.stats.disclosure_control import FEW_PEOPLE, people_text
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

CLAIM_TELL = "A satisfied customer tells 12 people, a dissatisfied one 20"

CLAIM_COME = "Of the 12 people whom a satisfied customer tells, 10 come"

MEASURED_BY_QUESTION = "a question on how many people a customer told, promoters and detractors apart; none is known"

MEASURED_BY_REFERRALS = (
    "new customers that name a promoter (9–10 of 10) as who recommended us, for each promoter; holds from 10. As every "
    "customer comes once, all customers divided by promoters is the most that it can be"
)

NAMED_A_PROMOTER = "new customers that name a promoter as who recommended us"

CLAIMED_TO_COME = 10.0

WHY_NOT_ASKED = "No question asks how many people customers told"


def word_of_mouth_claims(
    answers: ir.Table, known: pd.DataFrame, customers: ir.Table, replicas: ReplicateWeights | None = None
) -> tuple[Claim, Claim]:
    """Return the claims on word of mouth: what people tell is not asked; who comes is bounded by referrals on record.

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
    unasked = no_estimate("people told", Status.NOT_APPLICABLE, WHY_NOT_ASKED, unit="people")
    tell = Claim(CLAIM_TELL, unasked, "cannot say", f"{WHY_NOT_ASKED}.", MEASURED_BY_QUESTION)
    items = [row.item for row in known.itertuples() if measure_of_item(row) == NPS]
    named = customers.filter(customers.referred_by.notnull()).select("referred_by").to_pyarrow().to_pandas()
    if not items or named.empty:
        reason = "no question asks for recommendation from 0 to 10" if not items else "no customer names a recommender"
        return tell, _unknown_claim(no_estimate(NAMED_A_PROMOTER, Status.NOT_APPLICABLE, reason, unit="customers"))
    rows = survey_scales.latest_by_person(survey_scales.answers_wide(answers, items[:1]), items[:1]).reset_index()
    rows = rows[rows["customer_id"].notna()].rename(columns={items[0]: "score"})
    return tell, _referral_claim(rows.assign(named=rows["customer_id"].map(named["referred_by"].value_counts())
                                             .fillna(0.0)), replicas)


def _unknown_claim(own: Estimate) -> Claim:
    return Claim(CLAIM_COME, own, "cannot say", f"Cannot say: {own.reason}.", MEASURED_BY_REFERRALS)


def _referral_claim(rows: pd.DataFrame, replicas: ReplicateWeights | None) -> Claim:
    """Return the claim on who comes, from people with ``score`` and how many new customers name them (``named``)."""
    promoters, detractors = (rows[is_in] for is_in in (rows["score"] >= MIN_PROMOTER_PERCENT,
                                                       rows["score"] <= MAX_DETRACTOR_PERCENT))
    if min(len(promoters), len(detractors)) < FEW_PEOPLE:
        n = [people_text(len(part)) for part in (promoters, detractors)]
        reason = f"{n[0]} promoters and {n[1]} detractors, {FEW_PEOPLE} of each are needed"
        return _unknown_claim(no_estimate(NAMED_A_PROMOTER, Status.INSUFFICIENT, reason, unit="customers"))
    ours, theirs = (WeightedSample(part["person"].to_numpy(), part["weight"].to_numpy(float), replicas).mean(
        part["named"].to_numpy(float)) for part in (promoters, detractors))
    most = rows["weight"].sum() / promoters["weight"].sum()
    own = Estimate(NAMED_A_PROMOTER, ours.value, ours.low, ours.high, "customers", len(promoters))
    verdict = claim_verdict(own, CLAIMED_TO_COME) if most < CLAIMED_TO_COME or ours.value >= CLAIMED_TO_COME else (
        "cannot say")
    return Claim(CLAIM_COME, own, verdict,
                 f"{ours.value:.3f} new customers name each promoter as who recommended us, {theirs.value:.3f} each "
                 f"detractor; with promoters {100 / most:.0f} % of all customers, as among those who answered, it is "
                 f"{most:.1f} at most, even if every customer had come through one.",
                 MEASURED_BY_REFERRALS)
