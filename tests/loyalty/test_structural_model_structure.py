import pytest

from helpers.foundation.results import Status
from helpers.loyalty import structural_model


@pytest.mark.real_data
def test_what_loyalty_goes_with_on_the_survey_of_a_mobile_operator(mobi):
    known, answers = mobi
    rows = structural_model.structural_estimates(answers, known, 1, 100)
    table = {(e.quantity, e.segment): e for e in rows}
    assert {e.segment for e in structural_model.strongest_effects(rows)[:2]} == {"quality", "satisfaction"}
    assert table[structural_model.TOTAL_EFFECT_ON_LOYALTY, "satisfaction"].low > 0
    assert 0.3 < table[structural_model.EXPLAINED_VARIANCE, "all"].value < 0.7
    assert set(structural_model.total_effects_frame(rows)["construct"]) == {"quality", "value", "satisfaction"}


def test_a_survey_without_questions_on_loyalty_has_no_model(catalogued, surveyed):
    known = catalogued({"item": "happy"}, {"item": "good", "role": "performance"})
    rows = structural_model.structural_estimates(surveyed(known, [("r", "happy", 4)]), known, 1)
    assert {e.status for e in rows} == {Status.NOT_APPLICABLE}
    assert structural_model.loyalty_path_model(catalogued()) is None


def test_too_few_complete_answers_are_insufficient(catalogued, surveyed):
    known = catalogued({"item": "happy"}, {"item": "again", "role": "intention"})
    rows = structural_model.structural_estimates(
        surveyed(known, [("r", "happy", 4), ("r", "again", 4), ("s", "happy", 1)]), known, 1
    )
    assert rows[0].reason == "fewer than 10 people answered every question of the model; 100 are needed"
    assert structural_model.strongest_effects(rows) == []
