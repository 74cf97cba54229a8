from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.errors import InputError
from helpers.stats import survey_scales


def frame(table):
    return table.to_pyarrow().to_pandas().sort_values(["response_id", "item"], ignore_index=True)


def people(answers, items):
    return survey_scales.latest_by_person(survey_scales.answers_wide(answers, items), items)


def test_answers_go_from_0_to_100_and_reversed_ones_from_their_good_end(catalogued, surveyed):
    known = catalogued({"item": "good"}, {"item": "bad", "is_reversed": True}, {"item": "ten", "scale_low": 0.0,
                                                                                "scale_high": 10.0})
    found = frame(surveyed(known, [("r", "good", 4), ("r", "bad", 2), ("r", "ten", 9)]))
    assert dict(zip(found["item"], found["percent"], strict=True)) == {"good": 75.0, "bad": 75.0, "ten": 90.0}


def test_codes_that_mean_not_applicable_are_not_answers_even_on_the_scale(catalogued, surveyed):
    known = catalogued({"item": "a", "scale_low": 0.0, "not_applicable": "0 | 99"})
    rows = [("r1", "a", 0), ("r2", "a", 99), ("r3", "a", 9), ("r4", "a", None), ("r5", "a", 5), ("r6", "a", 0.5)]
    found = frame(surveyed(known, rows))
    assert found["state"].to_list() == [
        "not applicable", "not applicable", "off the scale", "missing", "given", "given"]
    assert found["percent"].to_list()[4:] == [100.0, 10.0]
    assert found["percent"].iloc[:4].isna().all()


def test_an_answer_that_intake_found_not_applicable_is_not_a_missing_one(session_engine, catalogued):
    given = pd.DataFrame({"response_id": ["r1", "r2", "r3"], "item": ["a"] * 3, "score": [np.nan, np.nan, 4.0],
                          "is_not_applicable": [True, False, None]})
    who = canonical_schema.RESPONDENTS.conformed(session_engine.lazy(pd.DataFrame({"response_id": ["r1", "r2", "r3"]})))
    answers = survey_scales.scaled_answers(canonical_schema.RESPONSES.conformed(session_engine.lazy(given)), who,
                                           catalogued({"item": "a"}), date(2026, 6, 30))
    assert frame(answers)["state"].to_list() == ["not applicable", "missing", "given"]


def test_a_missing_answer_is_never_zero(catalogued, surveyed):
    known = catalogued({"item": "a"}, {"item": "b"})
    wide = people(surveyed(known, [("r", "a", 5), ("r", "b", None)]), ["a", "b"])
    assert wide["a"].to_list() == [100.0]
    assert wide["b"].isna().all()


def test_items_about_another_brand_and_unknown_items_are_left_out(catalogued, surveyed):
    known = catalogued({"item": "us"}, {"item": "them", "subject": "rival"})
    assert known["item"].to_list() == ["us"]
    assert frame(surveyed(known, [("r", "us", 1), ("r", "them", 1), ("r", "stray", 1)]))["item"].to_list() == ["us"]


def test_a_wave_without_a_name_is_its_calendar_quarter_and_without_a_date_undated(catalogued, surveyed):
    known = catalogued({"item": "a"})
    who = [{"response_id": "r1", "wave": "spring", "responded_at": "2026-04-01"},
           {"response_id": "r2", "wave": None, "responded_at": "2026-05-01"},
           {"response_id": "r3", "wave": None, "responded_at": None}]
    answers = surveyed(known, [("r1", "a", 1), ("r2", "a", 1), ("r3", "a", 1), ("r4", "a", 1)], who)
    assert frame(answers)["wave"].to_list() == ["spring", "2026-Q2", "undated", "undated"]
    assert survey_scales.wave_names(answers) == ["undated", "spring", "2026-Q2"]


def test_answers_after_the_date_of_the_run_are_not_seen(catalogued, surveyed):
    known = catalogued({"item": "a"})
    who = [{"response_id": "r1", "responded_at": "2026-06-30 23:59"},
           {"response_id": "r2", "responded_at": "2026-07-01"}]
    assert frame(surveyed(known, [("r1", "a", 1), ("r2", "a", 1)], who))["response_id"].to_list() == ["r1"]


def test_a_person_counts_once_by_the_latest_response_and_anonymous_ones_each_for_themselves(catalogued, surveyed):
    known = catalogued({"item": "a"})
    who = [{"response_id": "r1", "customer_id": "c", "responded_at": "2026-01-01"},
           {"response_id": "r2", "customer_id": "c", "responded_at": "2026-02-01"},
           {"response_id": "r3", "customer_id": None, "responded_at": "2026-01-01"},
           {"response_id": "r4", "customer_id": None, "responded_at": "2026-01-01"}]
    rows = [("r1", "a", 1), ("r2", "a", 5), ("r3", "a", 2), ("r4", "a", 3)]
    wide = people(surveyed(known, rows, who), ["a"])
    ids = wide.index.get_level_values("person")
    assert dict(zip(ids, wide["a"], strict=True)) == {"c": 100.0, "response r3": 25.0, "response r4": 50.0}


def test_of_two_responses_at_the_same_moment_the_higher_id_counts(catalogued, surveyed):
    known = catalogued({"item": "a"})
    who = [{"response_id": r, "customer_id": "c", "responded_at": "2026-01-01"} for r in ("r1", "r2")]
    assert people(surveyed(known, [("r2", "a", 5), ("r1", "a", 1)], who), ["a"])["a"].to_list() == [100.0]


def test_cut_points_are_read_on_the_items_scale_and_for_reversed_items_from_the_bad_end(catalogued):
    known = catalogued({"item": "a", "cut_points": "2|3|4"}, {"item": "b", "cut_points": "4|3|2", "is_reversed": True},
                       {"item": "c"})
    assert known[list(survey_scales.CUT_COLUMNS)].to_numpy()[:2].tolist() == [[25.0, 50.0, 75.0]] * 2
    assert np.isnan(known[list(survey_scales.CUT_COLUMNS)].to_numpy()[2].astype(float)).all()


@pytest.mark.parametrize("text", ["2|3", "4|3|2", "2|x|4", "2|2|4"])
def test_cut_points_that_are_not_three_rising_numbers_are_refused_by_item(catalogued, text):
    with pytest.raises(InputError, match=r"items\.a: cut points .* cannot be read"):
        catalogued({"item": "a", "cut_points": text})


def test_a_scale_without_length_is_refused(catalogued):
    with pytest.raises(InputError, match=r"items\.a: scale_high is not above scale_low"):
        catalogued({"item": "a", "scale_high": 1.0})


def test_an_empty_catalogue_gives_empty_answers(catalogued, surveyed):
    answers = surveyed(catalogued(), [])
    assert len(frame(answers)) == 0
    assert survey_scales.wave_names(answers) == []
    assert people(answers, []).shape == (0, 0)


def test_the_latest_response_is_the_latest_with_any_of_the_items_asked_for(catalogued, surveyed):
    known = catalogued({"item": "a"}, {"item": "b"})
    who = [{"response_id": r, "customer_id": "c", "responded_at": on} for r, on in
           (("r1", "2026-01-01"), ("r2", "2026-02-01"), ("r3", None))]
    answered = survey_scales.answers_wide(
        surveyed(known, [("r1", "a", 1), ("r2", "b", 5), ("r3", "a", 5)], who), ["a", "b"]
    )
    assert survey_scales.latest_by_person(answered, ["a"])["a"].to_list() == [0.0]
    assert survey_scales.latest_by_person(answered, ["b"])["b"].to_list() == [100.0]
    assert len(survey_scales.latest_by_person(answered, ["a", "b"])) == 1


def test_a_construct_without_a_name_is_its_role(catalogued):
    assert catalogued({"item": "a", "construct": ""})["construct"].to_list() == ["satisfaction"]


def test_answers_do_not_change_the_catalogue(catalogued, surveyed):
    known = catalogued({"item": "a"})
    before = known.copy()
    surveyed(known, [("r", "a", 1)])
    pd.testing.assert_frame_equal(known, before)
