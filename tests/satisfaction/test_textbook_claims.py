import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.results import Status, claim_table
from helpers.satisfaction import textbook_claims


@pytest.fixture
def customers(session_engine):
    def make(recommended=()):
        frame = pd.DataFrame({"customer_id": [f"n{i}" for i in range(len(recommended))], "referred_by": recommended})
        return canonical_schema.CUSTOMERS.conformed(
            session_engine.lazy(frame if len(frame) else canonical_schema.CUSTOMERS.empty())
        )
    return make


def test_what_people_tell_cannot_be_said_and_who_comes_is_bounded_by_referrals(catalogued, surveyed, customers):
    known = catalogued({"item": "n", "role": "recommend", "scale_low": 0.0, "scale_high": 10.0})
    who = [{"response_id": f"r{i:02}", "customer_id": f"c{i:02}"} for i in range(80)]
    answers = surveyed(known, [(f"r{i:02}", "n", 10.0 if i < 40 else 3.0) for i in range(80)], who)
    told, came = textbook_claims.word_of_mouth_claims(
        answers, known, customers([f"c{i:02}" for i in range(20)] + ["c50"]))
    assert (told.own.status, told.verdict) == (Status.NOT_APPLICABLE, "cannot say")
    assert (came.own.value, came.own.n, came.verdict) == (0.5, 40, "does not hold")
    assert came.sentence == (
        "0.500 new customers name each promoter as who recommended us, 0.025 each detractor; with promoters 50 % of "
        "all customers, as among those who answered, it is 2.0 at most, even if every customer had come through one.")
    assert claim_table("02", [told, came])["n"].tolist() == [0, 40]
    assert all(claim.operationalisation for claim in (told, came))


def test_without_the_question_or_recommenders_or_enough_of_both_the_reason_is_given(catalogued, surveyed, customers):
    known = catalogued({"item": "s"})
    answers = surveyed(known, [("r", "s", 3.0)])
    made = textbook_claims.word_of_mouth_claims(answers, known, customers(["c"]))[1]
    assert (made.own.status, made.verdict) == (Status.NOT_APPLICABLE, "cannot say")
    assert made.sentence == "Cannot say: no question asks for recommendation from 0 to 10."
    asked = catalogued({"item": "n", "role": "recommend", "scale_low": 0.0, "scale_high": 10.0})
    few = surveyed(asked, [("r", "n", 10.0)], [{"response_id": "r", "customer_id": "c"}])
    assert textbook_claims.word_of_mouth_claims(few, asked, customers())[1].sentence.endswith(
        "no customer names a recommender."
    )
    assert (
        "fewer than 10 promoters and 0 detractors"
        in textbook_claims.word_of_mouth_claims(few, asked, customers(["c"]))[1].sentence
    )
