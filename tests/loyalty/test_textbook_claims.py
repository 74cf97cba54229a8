import pandas as pd

from helpers.foundation.results import Status
from helpers.loyalty import textbook_claims
from helpers.loyalty.config import LoyaltyConfig


def people(repeat_promote, other_promote, n=400, true=0.15, dislike=0.15):
    rows = [{"is_repeating": True, "recommend": 95.0 if i < repeat_promote * n else 50.0} for i in range(n)]
    rows += [{"is_repeating": False, "recommend": 95.0 if i < other_promote * n else 50.0} for i in range(n)]
    frame = pd.DataFrame(rows)
    at = frame.index / len(frame)
    return frame.assign(is_repeating=frame["is_repeating"].astype("boolean"),
                        kind=["true" if a < true else "none" for a in at],
                        attitude=[20.0 if a < dislike else 80.0 for a in at])


def verdicts(frame):
    own = (
        textbook_claims.recommendation_gain(frame),
        textbook_claims.share_searching(frame, LoyaltyConfig()),
        textbook_claims.share_truly_loyal(frame),
    )
    return {c.claim: c.verdict for c in textbook_claims.loyalty_claims(own, ("", "", ""))}


def test_claims_that_hold_hold():
    assert set(verdicts(people(0.8, 0.2)).values()) == {"holds"}


def test_claims_that_do_not_hold_are_said_not_to():
    found = verdicts(people(0.5, 0.5, true=0.5, dislike=0.0))
    assert found == {
        textbook_claims.CLAIM_LOYAL_RECOMMEND: "does not hold",
        textbook_claims.CLAIM_BOTTOM_SEARCHES: "does not hold",
        textbook_claims.CLAIM_TOP_LOYAL: "does not hold",
    }


def test_without_a_survey_nothing_can_be_said():
    nobody = people(0.5, 0.5).head(4)
    assert set(verdicts(nobody).values()) == {"cannot say"}
    assert textbook_claims.recommendation_gain(people(0.5, 0.0)).reason == "nobody would recommend"
    assert textbook_claims.recommendation_gain(nobody).status is Status.INSUFFICIENT
