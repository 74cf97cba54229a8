"""SPSS and Stata files: codes and labels land, missing codes are empty, questions come with their wording and scale."""

import tomllib
from decimal import Decimal

import pandas as pd
import pyreadstat
import pytest

from helpers.foundation.errors import InputError
from helpers.intake import infer_profile

LABELS = {"overall": {1: "very bad", 7: "very good"}, "region": {1: "north", 2: "south", 3: "east", 4: "west"},
          "food": {1: "strongly disagree", 2: "disagree", 3: "neutral", 4: "agree", 5: "strongly agree", 9: "refused"}}
WORDING = {"overall": "How satisfied are you overall?", "food": "The food is good", "region": "Where you live"}


@pytest.fixture
def survey(small):
    """Write sixty answers as SPSS and as Stata file; every tenth about the food is refused, code 9 or missing."""
    table = pd.DataFrame({"person": range(1, 61), "overall": [i % 7 + 1 for i in range(60)],
                          "food": [9 if i % 10 == 0 else i % 5 + 1 for i in range(60)],
                          "price": [i % 3 + 2 for i in range(60)], "region": [i % 4 + 1 for i in range(60)]})
    pyreadstat.write_sav(table, str(small.folder / "panel.sav"), column_labels=WORDING, variable_value_labels=LABELS,
                         missing_ranges={"food": [9]})
    table["food"] = table["food"].where(table["food"] < 9)
    pyreadstat.write_dta(table, str(small.folder / "panel.dta"), column_labels=WORDING, variable_value_labels=LABELS)
    return small


def drafted(survey, name):
    return tomllib.loads(infer_profile.draft_profile([survey.folder / name]), parse_float=Decimal)


def test_questions_of_a_labelled_file_have_its_wording_and_the_ends_of_its_labels(survey):
    rows = {row["item"]: row for row in drafted(survey, "panel.sav")["tables"]["items"]["rows"]}
    assert rows.keys() == {"overall", "food", "price"}
    assert rows["overall"] == {"item": "overall", "role": "satisfaction", "text": "How satisfied are you overall?",
                               "answer_labels": "very bad|very good", "scale_low": 1, "scale_high": 7}
    assert rows["food"]["text"] == "The food is good"


@pytest.mark.parametrize("name", ["panel.sav", "panel.dta"])
def test_codes_that_a_file_declares_missing_are_no_answers_and_labels_tell_who_people_are(survey, name):
    delivery = survey.delivery(**drafted(survey, name), as_of="2025-01-31")
    answers = delivery.tables["canonical/responses"]
    people = delivery.tables["canonical/respondents"]
    assert len(survey.rows(answers.filter(answers.item == "food", answers.score.notnull()))) == 54
    assert {r["demographic_region_label"] for r in survey.rows(people)} == {"north", "south", "east", "west"}
    assert survey.rejected(delivery) == []


@pytest.mark.parametrize(("name", "system"), [("panel.sav", "SPSS"), ("panel.dta", "STATA")])
def test_a_file_that_is_none_is_refused_in_one_sentence(small, name, system):
    small.file(name, b"person,overall" + bytes(2000))
    with pytest.raises(InputError, match=f"{name}: it cannot be read as {system}"):
        infer_profile.draft_profile([small.folder / name])
