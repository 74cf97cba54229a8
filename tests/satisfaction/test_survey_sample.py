import ibis
import numpy as np
import pandas as pd
import pytest

from helpers.reporting.text import survey_checks
from helpers.satisfaction import survey_sample


@pytest.fixture
def survey(table):
    """A hundred customers with two responses each, and fifty anonymous responses; three answers a response."""
    who = [{"response_id": f"r{i:03}-{k}", "customer_id": f"c{i:03}"} for i in range(100) for k in range(2)]
    who += [{"response_id": f"a{i:03}", "customer_id": None} for i in range(50)]
    answers = [{"response_id": row["response_id"], "item": item, "score": 7.0} for row in who for item in "xyz"]
    return table("respondents", who), table("responses", answers)


def test_a_survey_of_usual_size_is_taken_whole(survey):
    sample = survey_sample.draw_survey_sample(*survey, 1)
    assert (sample.respondents, sample.responses) == survey
    assert not sample.is_drawn
    assert survey_checks.drawn_people_sentence(sample) == ""


def test_of_a_very_large_survey_people_are_drawn_with_all_their_responses(survey, monkeypatch):
    monkeypatch.setattr(survey_sample, "MAX_ANSWERS", 250)
    sample = survey_sample.draw_survey_sample(*survey, 1)
    who, answers = (t.to_pyarrow().to_pandas() for t in (sample.respondents, sample.responses))
    assert (sample.n_drawn, sample.n_people) == (50, 150)  # a third of 750 answers
    person = who["customer_id"].fillna(who["response_id"])
    assert person.nunique() == 50
    assert set(who.groupby(person)["response_id"].nunique()[lambda n: n.index.str.startswith("c")]) == {2}
    assert sorted(answers["response_id"].unique()) == sorted(who["response_id"])
    assert len(answers) == 3 * len(who)
    assert sample.everybody == survey[::-1]
    said = survey_checks.drawn_people_sentence(sample)
    assert said == "Of 150 people who answered, 50 drawn at random stand for all."


def test_everybody_is_as_likely_to_be_drawn_and_the_draw_is_the_seeds(survey, monkeypatch):
    monkeypatch.setattr(survey_sample, "MAX_ANSWERS", 250)
    draws = [survey_sample.draw_survey_sample(*survey, seed).respondents.to_pyarrow().to_pandas()
             for seed in (*range(40), 0)]
    counts = pd.concat(draws[:40])["response_id"].value_counts().reindex(
        survey[0].to_pyarrow().to_pandas()["response_id"], fill_value=0)
    known = counts.index.str.startswith("r")
    assert np.abs([counts[known].mean() / 40 - 1 / 3, counts[~known].mean() / 40 - 1 / 3]).max() < 0.06
    assert counts.min() > 0
    assert sorted(draws[0]["response_id"]) == sorted(draws[40]["response_id"])


def test_who_was_not_drawn_keeps_a_row_among_everybody_and_is_left_out_of_what_is_counted(survey, monkeypatch):
    monkeypatch.setattr(survey_sample, "MAX_ANSWERS", 250)
    sample = survey_sample.draw_survey_sample(*survey, 1)
    raked = sample.respondents.mutate(weight=ibis.literal(2.5))
    responses, respondents = sample.everybody_weighted(raked)
    assert responses.count().to_pyarrow().as_py() == 750
    rows = respondents.to_pyarrow().to_pandas()
    drawn = set(sample.respondents.response_id.to_pyarrow().to_pylist())
    assert len(rows) == 250
    assert rows.loc[rows["response_id"].isin(drawn), "weight"].eq(2.5).all()
    assert rows.loc[~rows["response_id"].isin(drawn), "weight"].isna().all()
    who = rows["customer_id"].fillna("response " + rows["response_id"]).unique()
    counted = sample.counted(pd.DataFrame({"person": [*who, "silent"]}))["person"]
    assert len(counted) == 51
    assert "silent" in set(counted)  # who never answered counts


def test_of_a_survey_taken_whole_everybody_counts(survey):
    people = pd.DataFrame({"person": ["c001", "c002"]})
    assert survey_sample.draw_survey_sample(*survey, 1).counted(people) is people
