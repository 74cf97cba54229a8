import pytest

from helpers.foundation.results import Status
from helpers.satisfaction import nps_csat_ces
from helpers.stats import confidence_intervals


def measured(known, answers, waves=("w",)):
    return {
        (e.quantity, e.segment): e
        for e in nps_csat_ces.nps_csat_ces_estimates(
            known, nps_csat_ces.answer_distribution(answers, known, waves), waves
        )
    }


def rows(item, scores):
    return [(f"r{i:02}", item, score) for i, score in enumerate(scores)]


def test_nps_is_9_and_10_less_0_to_6_of_a_0_to_10_question_in_points(catalogued, surveyed):
    known = catalogued({"item": "a", "role": "recommend", "scale_low": 0.0, "scale_high": 10.0})
    nps = measured(known, surveyed(known, rows("a", [10, 9, 9, 9, 9, 8, 7, 7, 6, 0])))["NPS", "all"]
    expected = confidence_intervals.net_share_interval(0.5, 0.2, 10)
    assert (nps.value, nps.low, nps.high) == pytest.approx((30, 100 * expected.low, 100 * expected.high))
    assert (nps.unit, nps.n) == ("points", 10)


@pytest.mark.parametrize(("low", "high", "top", "bottom"), [(1, 10, 9, 6), (1, 5, 5, 3), (1, 7, 7, 4)])
def test_on_any_other_scale_the_same_rule_is_not_called_nps(catalogued, surveyed, low, high, top, bottom):
    known = catalogued({"item": "a", "role": "recommend", "scale_low": float(low), "scale_high": float(high)})
    found = measured(known, surveyed(known, rows("a", [top] * 5 + [bottom] * 3 + [bottom + 1] * 2)))
    assert found["top minus bottom share, not NPS", "all"].value == pytest.approx(20)
    assert found["top minus bottom share, not NPS", "all"].reason.startswith("answers ")
    assert found["NPS", "all"].status is Status.NOT_APPLICABLE
    assert found["NPS", "all"].reason == "no question asks for recommendation from 0 to 10"


def test_a_reversed_0_to_10_question_is_not_called_nps(catalogued, surveyed):
    known = catalogued({"item": "a", "role": "recommend", "scale_low": 0.0, "scale_high": 10.0, "is_reversed": True})
    assert measured(known, surveyed(known, rows("a", [0] * 10)))["top minus bottom share, not NPS", "all"].value == 100


def test_csat_is_the_two_best_answers_of_five(catalogued, surveyed):
    known = catalogued({"item": "a"})
    csat = measured(known, surveyed(known, rows("a", [5, 5, 4, 4, 4, 3, 3, 2, 1, 1])))["CSAT", "all"]
    assert (csat.value, csat.unit) == (0.5, "share")
    assert csat.low == pytest.approx(confidence_intervals.share_interval(0.5, 10).low)


def test_a_statement_of_satisfaction_to_agree_with_is_not_called_csat(catalogued, surveyed):
    known = catalogued({"item": "a", "is_agreement": True})
    found = measured(known, surveyed(known, rows("a", [5, 5, 4, 4, 4, 3, 3, 2, 1, 1])))
    assert found["CSAT", "all"].status is Status.NOT_APPLICABLE
    agree = found["share who agree, top two of five, not CSAT", "all"]
    assert (agree.value, agree.unit, agree.n) == (0.5, "share", 10)


def test_csat_does_not_apply_to_ten_points(catalogued, surveyed):
    known = catalogued({"item": "a", "scale_high": 10.0})
    assert measured(known, surveyed(known, rows("a", [9] * 20)))["CSAT", "all"].status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(("is_reversed", "unit"), [
    (False, "on 1–7, 7 is least effort"), (True, "on 1–7, 1 is least effort")])
def test_ces_is_the_mean_as_asked_and_says_its_good_end(catalogued, surveyed, is_reversed, unit):
    known = catalogued({"item": "a", "role": "effort", "scale_high": 7.0, "is_reversed": is_reversed})
    ces = measured(known, surveyed(known, rows("a", [2, 3, 4, 5, 6] * 2)))["CES", "all"]
    assert (ces.value, ces.unit) == (4.0, unit)
    assert ces.low < 4 < ces.high


def test_several_questions_of_a_measure_are_told_apart_by_their_item(catalogued, surveyed):
    known = catalogued({"item": "a"}, {"item": "b"})
    answers = surveyed(known, rows("a", [5] * 10) + rows("b", [1] * 10))
    found = measured(known, answers)
    assert [found[f"CSAT ({i})", "all"].value for i in "ab"] == [1, 0]


def test_a_measure_is_given_by_wave_and_a_small_wave_is_not_published(catalogued, surveyed):
    known = catalogued({"item": "a"})
    who = [{"response_id": f"r{i:02}", "customer_id": f"c{i}", "wave": "w1" if i < 5 else "w2"} for i in range(20)]
    found = measured(known, surveyed(known, rows("a", [5] * 20), who), ("w1", "w2"))
    assert found["CSAT", "wave w1"].reason == "fewer than 10 people"
    assert (found["CSAT", "wave w2"].value, found["CSAT", "wave w2"].n, found["CSAT", "all"].n) == (1, 15, 20)


def test_weights_enter_the_value_and_widen_the_interval(catalogued, surveyed):
    known = catalogued({"item": "a"})
    who = [{"response_id": f"r{i:02}", "weight": 9.0 if i < 5 else 1.0} for i in range(20)]
    weighted = measured(known, surveyed(known, rows("a", [5] * 10 + [1] * 10), who))["CSAT", "all"]
    plain = measured(known, surveyed(known, rows("a", [5] * 10 + [1] * 10)))["CSAT", "all"]
    assert weighted.value == pytest.approx(50 / 60)
    assert weighted.high - weighted.low > plain.high - plain.low


def test_without_a_survey_each_measure_says_why_not(catalogued, surveyed):
    known = catalogued()
    found = measured(known, surveyed(known, []), ())
    assert {e.status for e in found.values()} == {Status.NOT_APPLICABLE}
    assert {q for q, _ in found} == {"NPS", "CSAT", "CES"}
