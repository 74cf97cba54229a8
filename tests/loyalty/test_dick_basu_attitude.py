import numpy as np
import pytest

from helpers.foundation.errors import InputError
from helpers.foundation.study_config import Study
from helpers.loyalty import quality_gates
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import measure_attitudes


def test_attitude_is_the_mean_of_the_latest_answers_of_the_declared_roles(catalogued, surveyed):
    known = catalogued({"item": "intend", "role": "intention"}, {"item": "trust", "role": "trust"}, {"item": "happy"})
    who = [{"response_id": "r1", "customer_id": "c", "responded_at": "2026-01-01"},
           {"response_id": "r2", "customer_id": "c", "responded_at": "2026-02-01"},
           {"response_id": "r3", "customer_id": "c", "responded_at": "2026-03-01"}]
    rows = [("r1", "intend", 1), ("r2", "intend", 5), ("r2", "trust", 4), ("r3", "happy", 1)]
    found = measure_attitudes(surveyed(known, rows, who), known, LoyaltyConfig())
    assert found.people[["person", "customer_id", "attitude", "n_items"]].to_numpy().tolist() == [["c", "c", 87.5, 2]]
    assert found.items == ("intend", "trust")


def test_attachment_is_the_attitude_without_recommendation(catalogued, surveyed):
    known = catalogued({"item": "intend", "role": "intention"}, {"item": "tell", "role": "recommend"})
    answers = surveyed(known, [("r1", "intend", 5), ("r1", "tell", 1), ("r2", "tell", 5)])
    told = measure_attitudes(answers, known, LoyaltyConfig())
    assert told.attachment_name == "intention", "neither commitment nor trust was asked"
    felt = catalogued({"item": "intend", "role": "intention"}, {"item": "tell", "role": "trust"})
    assert measure_attitudes(answers, felt, LoyaltyConfig()).attachment_name == "attachment"
    found = told.people
    assert found["attitude"].to_list() == [50, 100]
    np.testing.assert_equal(found["attachment"].to_numpy(), [100, np.nan])


def test_which_roles_count_is_for_the_study_to_say(catalogued, surveyed):
    known = catalogued({"item": "intend", "role": "intention"}, {"item": "happy"})
    answers = surveyed(known, [("r", "intend", 1), ("r", "happy", 5)])
    assumed = Study(sections={"loyalty": {"attitude_roles": ["satisfaction"]}}).section("loyalty", LoyaltyConfig)
    assert measure_attitudes(answers, known, assumed).people["attitude"].to_list() == [100.0]


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="attitude_roles"):
        Study(sections={"loyalty": {"attitude_roles": ["loyalty"]}}).section("loyalty", LoyaltyConfig)


def test_without_a_survey_there_are_no_attitudes_and_no_reliability(catalogued, surveyed):
    known = catalogued()
    found = measure_attitudes(surveyed(known, []), known, LoyaltyConfig())
    assert found.people.empty
    assert np.isnan(found.reliability.raw.value)


def test_that_satisfaction_is_one_question_is_noted_on_the_page_of_loyalty_too(catalogued, surveyed):
    known = catalogued({"item": "happy", "role": "satisfaction"}, {"item": "trust", "role": "trust"})
    answers = surveyed(known, [(f"r{i}", "happy", 1 + i % 5) for i in range(40)])
    scale = quality_gates.satisfaction_scale(answers, known, LoyaltyConfig())
    [gate] = quality_gates.satisfaction_scale_gates(scale, quality_gates.satisfaction_items(known, LoyaltyConfig()))
    assert (gate.level, gate.is_crossed) == ("note", True)
    assert gate.sentence == "Reliability of satisfaction score is not known: a single question."
    assert quality_gates.satisfaction_scale_gates(scale, []) == [], "no question, nothing to note"
