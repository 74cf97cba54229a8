import pandas as pd

from helpers.foundation.estimates import Status
from helpers.loyalty import claims
from helpers.loyalty.assumptions import Assumptions


def people(repeat_promote, other_promote, n=400, true=0.15, dislike=0.15):
    rows = [{"is_repeating": True, "recommend": 95.0 if i < repeat_promote * n else 50.0} for i in range(n)]
    rows += [{"is_repeating": False, "recommend": 95.0 if i < other_promote * n else 50.0} for i in range(n)]
    frame = pd.DataFrame(rows)
    at = frame.index / len(frame)
    return frame.assign(is_repeating=frame["is_repeating"].astype("boolean"),
                        kind=["true" if a < true else "none" for a in at],
                        attitude=[20.0 if a < dislike else 80.0 for a in at])


def verdicts(frame):
    own = claims.recommending(frame), claims.searching(frame, Assumptions()), claims.loyal(frame)
    return {c.claim: c.verdict for c in claims.claims(own, ("", "", ""))}


def test_claims_that_hold_hold():
    assert set(verdicts(people(0.8, 0.2)).values()) == {"holds"}


def test_claims_that_do_not_hold_are_said_not_to():
    found = verdicts(people(0.5, 0.5, true=0.5, dislike=0.0))
    assert found == {claims.RECOMMEND: "does not hold", claims.SEARCH: "does not hold", claims.LOYAL: "does not hold"}


def test_without_a_survey_nothing_can_be_said():
    nobody = people(0.5, 0.5).head(4)
    assert set(verdicts(nobody).values()) == {"cannot say"}
    assert claims.recommending(people(0.5, 0.0)).reason == "nobody would recommend"
    assert claims.recommending(nobody).status is Status.INSUFFICIENT
