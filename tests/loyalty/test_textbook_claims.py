import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Status
from helpers.loyalty import textbook_claims
from helpers.loyalty.textbook_claims import CLAIM_BOTTOM_SEARCHES, CLAIM_LOYAL_RECOMMEND, CLAIM_TOP_LOYAL
from helpers.reporting.text import loyalty_motives


def people(repeat_promote, other_promote, n=400):
    rows = [{"is_repeating": True, "recommend": 95.0 if i < repeat_promote * n else 50.0} for i in range(n)]
    rows += [{"is_repeating": False, "recommend": 95.0 if i < other_promote * n else 50.0} for i in range(n)]
    frame = pd.DataFrame(rows)
    return frame.assign(is_repeating=frame["is_repeating"].astype("boolean"), weight=1.0)


def answered(bottom, middle, top, n=2000):
    """Return people in the order of their satisfaction with the share of each group that returns, as in the records."""
    at = (np.arange(n) + 0.5) / n
    chance = np.select([at < 0.15, at < 0.85], [bottom, middle], top)
    is_back = np.random.default_rng(3).random(n) < chance
    return pd.DataFrame({"customer_id": [f"c{i:04}" for i in range(n)], "satisfaction": 100 * at, "weight": 1.0,
                         "returned": is_back})


def verdicts(frame, more=None):
    returns = textbook_claims.returns_by_satisfaction(frame, 180)
    claims = textbook_claims.loyalty_claims(more or textbook_claims.recommendation_gain(people(0.8, 0.2)), returns,
                                            ("", "", ""))
    return {c.claim: c.verdict for c in claims}


def test_claims_on_the_least_and_most_satisfied_are_about_what_they_did_afterwards():
    found = verdicts(answered(0.08, 0.46, 0.77))
    assert found[CLAIM_TOP_LOYAL] == "holds"
    assert found[CLAIM_BOTTOM_SEARCHES] == "cannot say", "who does not return need not look elsewhere"
    found = textbook_claims.returns_by_satisfaction(answered(0.08, 0.46, 0.77), 180).shares
    assert [e.value for e in found] == pytest.approx([0.08, 0.46, 0.77], abs=0.05)
    assert [e.n for e in found] == [300, 1400, 300]


def test_a_company_to_which_hardly_anybody_returns_does_not_bear_the_claim_on_the_dissatisfied():
    assert verdicts(answered(0.03, 0.03, 0.03))[CLAIM_BOTTOM_SEARCHES] == "does not hold"
    assert verdicts(answered(0.03, 0.03, 0.03))[CLAIM_TOP_LOYAL] == "does not hold"


def test_a_dissatisfied_minority_that_leaves_does_not_make_the_claim_hold():
    found = verdicts(answered(0.7, 0.9, 0.95), textbook_claims.recommendation_gain(people(0.5, 0.5)))
    assert found == {CLAIM_LOYAL_RECOMMEND: "does not hold", CLAIM_BOTTOM_SEARCHES: "does not hold",
                     CLAIM_TOP_LOYAL: "holds"}


def test_of_equal_answers_at_the_edge_everybody_counts_by_the_part_that_belongs_to_the_group():
    fine = answered(0.2, 0.2, 0.9)
    place = fine["satisfaction"].rank(pct=True)
    coarse = fine.assign(satisfaction=np.ceil(4 * place))
    bottom, middle, _ = textbook_claims.returns_by_satisfaction(coarse, 180).shares
    assert bottom.value == pytest.approx(coarse.loc[coarse["satisfaction"] == 1, "returned"].mean())
    assert (bottom.n, middle.n) == (300, 1400)
    two = textbook_claims.returns_by_satisfaction(fine.assign(satisfaction=(place > 0.4) * 100.0), 180)
    assert {e.reason for e in two.shares} == {"40.0 % are equally least satisfied: no 15 % of them stand out"}


def test_where_hardly_anybody_returned_the_ends_are_not_compared():
    rare = answered(0.2, 0.2, 0.9).assign(returned=lambda t: t.index < 12)
    found = textbook_claims.returns_by_satisfaction(rare, 180)
    assert {e.reason for e in found.shares} == {"of 2,000 people 12 repurchased; at least 20 are asked for"}
    assert set(verdicts(rare).values()) <= {"cannot say", "holds"}


def test_survey_weights_decide_who_is_the_least_satisfied_and_what_share_returned():
    frame = answered(0.0, 0.5, 1.0).assign(weight=lambda t: np.where(t.index < 150, 3.0, 1.0))
    heavy = textbook_claims.returns_by_satisfaction(frame, 180)
    assert heavy.shares[0].value == 0.0
    even = textbook_claims.returns_by_satisfaction(frame.assign(weight=1.0), 180)
    assert heavy.shares[1].value < even.shares[1].value


def test_without_enough_people_nothing_can_be_said():
    assert set(verdicts(answered(0.1, 0.5, 0.9, n=60), textbook_claims.recommendation_gain(people(0.5, 0.5).head(4)))
               .values()) == {"cannot say"}
    assert set(verdicts(answered(0.1, 0.5, 0.9).head(0)).values()) == {"cannot say", "holds"}
    assert textbook_claims.recommendation_gain(people(0.5, 0.0)).reason == "nobody would recommend"
    assert textbook_claims.recommendation_gain(people(0.5, 0.5).head(4)).status is Status.INSUFFICIENT


def test_claims_are_said_with_the_behaviour_of_the_groups_or_why_there_is_none():
    more = textbook_claims.recommendation_gain(people(0.8, 0.2))
    said = loyalty_motives.textbook_claim_sentences(
        more, textbook_claims.returns_by_satisfaction(answered(0.08, 0.46, 0.77), 180))
    assert "of the least satisfied 15 % repurchased" in said[1]
    assert "of the most satisfied 15 % repurchased" in said[2]
    few = textbook_claims.returns_by_satisfaction(answered(0.1, 0.5, 0.9, n=60), 180)
    assert loyalty_motives.textbook_claim_sentences(more, few)[1] == (
        "Cannot say: fewer than 10 customers are the least satisfied 15 % with a complete horizon; 30 are needed.")
    assert loyalty_motives.textbook_claim_sentences(more, few)[2] == (
        "Cannot say: fewer than 10 customers are the most satisfied 15 % with a complete horizon; 30 are needed.")
    claims = textbook_claims.loyalty_claims(more, few, said)
    assert all(claim.operationalisation for claim in claims)
