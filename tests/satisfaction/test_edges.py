"""Surveys at their edges, from the door to the sentence: each gets its right answer or says what is missing."""

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.engine import Engine
from helpers.foundation.results import estimate_table, gate_table
from helpers.intake import delivery, profiles
from helpers.reporting.text import satisfaction as satisfaction_text
from helpers.reporting.text import satisfaction_drivers as satisfaction_drivers_text
from helpers.satisfaction import (
    drivers,
    ecsi_model,
    nps_csat_ces,
    satisfaction_index,
    survey_quality,
)
from helpers.satisfaction.config import SatisfactionConfig
from helpers.stats import survey_scales

ITEMS = ({"item": "s1"}, {"item": "s2"}, {"item": "p1", "role": "performance", "construct": "goods"},
         {"item": "p2", "role": "performance", "construct": "people"})
FEW = SatisfactionConfig(resamples=200)


def felt(n=60, seed=1):
    """Return answers 1–5 by item: goods move satisfaction."""
    rng = np.random.default_rng(seed)
    goods, people = rng.normal(size=(2, n))
    happy = 0.9 * goods + 0.2 * people + 0.4 * rng.normal(size=n)
    latent = {"s1": happy, "s2": happy + 0.3 * rng.normal(size=n), "p1": goods, "p2": people}
    return {item: np.clip(np.rint(3 + x), 1, 5) for item, x in latent.items()}


def rows(answers):
    return [(f"r{i:03}", item, float(x)) for item, values in answers.items() for i, x in enumerate(values)]


@pytest.fixture
def page(catalogued, surveyed):
    """Return what the page would say: index, gates, waves, and what to improve first."""
    def make(answers, items=ITEMS, who=()):
        known = catalogued(*items)
        given = surveyed(known, answers, who)
        scored, waves = satisfaction_index.satisfaction_scores(given, FEW), survey_scales.wave_names(given)
        measured, states = survey_quality.measure_scales(given, known), survey_quality.answer_states(given)
        gates = gate_table("02", survey_quality.satisfaction_gates(measured, scored, states))
        found = estimate_table(
            [
                *satisfaction_index.index_estimates(scored, waves),
                *nps_csat_ces.nps_csat_ces_estimates(
                    known, nps_csat_ces.answer_distribution(given, known, waves), waves
                ),
            ]
        )
        panel = ecsi_model.complete_answers(given, ecsi_model.satisfaction_path_model(known, FEW), FEW, 1)
        fit = ecsi_model.fit_satisfaction_model(panel, "path")
        driven = drivers.driver_importance(panel, ecsi_model.satisfaction_model_validity(panel, fit), 1)
        return (
            found,
            gates,
            waves,
            satisfaction_text.satisfaction_answer(found, gates, waves)[0],
            satisfaction_drivers_text.first_driver(driven),
        )
    return make


def test_a_sound_survey_has_its_answer(page):
    *_, answer, first = page(rows(felt()))
    assert answer.startswith("Satisfaction stands at")
    assert first.startswith("Look first at Goods")


def test_a_constant_question_is_named_and_the_index_stands(page):
    _, gates, _, answer, first = page(rows({**felt(), "p1": np.full(60, 4.0)}))
    assert answer.startswith("Satisfaction stands at")
    assert first == ("What to improve first is not known: insufficient data, everybody answers question p1 alike.")
    _, gates, *_ = page(rows({**felt(), "s1": np.full(60, 4.0)}))
    sentence = gates.loc[gates["gate"] == "alpha of satisfaction score", "sentence"].iloc[0]
    assert sentence == "Reliability of satisfaction score is not known: a question that everybody answers alike."


def test_two_respondents_are_not_published(page):
    *_, answer, first = page(rows(felt(2)))
    assert answer.startswith("Satisfaction cannot be estimated: insufficient data, fewer than 10 people.")
    assert first.endswith("some of 2 people answered every question of the path model; 30 are needed.")


def test_answers_that_are_all_missing_say_so(page):
    found, _, waves, answer, _ = page(rows({item: np.full(40, np.nan) for item in felt()}))
    assert answer.startswith("Satisfaction cannot be estimated: insufficient data, nobody to speak of.")
    assert waves == []
    assert not (found["status"] == "ok").any()


def test_scores_outside_their_scale_are_counted_and_left_out(page):
    answers = felt()
    answers["s1"][:6] = 9.0
    found, _, _, answer, _ = page(rows(answers))
    assert ("caution: 6 of 240 answers lie off their question's scale and are not counted") in answer
    inside = found[(found["quantity"] == "satisfaction") & (found["segment"] == "all")]["value"].iloc[0]
    clean = felt()
    clean["s1"][:6] = np.nan
    assert inside == page(rows(clean))[0]["value"].iloc[0]


def test_a_reversed_question_gives_what_the_turned_one_gives(page):
    answers = felt()
    items = ({"item": "s1"}, {"item": "s2", "is_reversed": True}, *ITEMS[2:])
    turned = page(rows({**answers, "s2": 6 - answers["s2"]}), items)
    straight = page(rows(answers))
    assert turned[3:] == straight[3:]


def test_one_wave_says_nothing_of_change(page):
    found, _, waves, *_ = page(rows(felt()), who=[{"response_id": f"r{i:03}", "wave": "spring"} for i in range(60)])
    assert satisfaction_text.wave_changes(found, waves) == (
        "Nothing can be said about change: fewer than two waves are recorded.",
    )
    assert (
        satisfaction_text.waves_title(found, waves) == "Satisfaction by wave: fewer than two waves that can be compared"
    )


def test_two_hundred_waves_are_said_in_one_title(page):
    n, waves = 2400, 200
    answers = {item: np.tile(x, 40) for item, x in felt().items()}
    who = [{"response_id": f"r{i:03}", "wave": f"w{i % waves:03}",
            "responded_at": pd.Timestamp("2006-01-01") + pd.Timedelta(days=30 * (i % waves))} for i in range(n)]
    found, _, named, *_ = page(rows(answers), who=who)
    assert len(named) == waves
    assert satisfaction_text.wave_changes(found, named) == (), "every step can be compared: the figure says the rest"
    assert len(satisfaction_text.waves_title(found, named)) < 200


PROFILE = {
    "name": "small", "title": "A small survey", "as_of": "2025-01-31", "files": {"survey": {"path": "survey.csv"}},
    "tables": {
        "responses": {"from": "survey", "unpivot": {"columns": ["s1", "s2"]},
                      "columns": {"response_id": "id", "item": "item", "score": "answer"}},
        "items": {"rows": [{"item": item, "role": "satisfaction", "scale_low": 1, "scale_high": 5}
                           for item in ("s1", "s2")]}}}


def test_a_response_id_that_comes_twice_is_refused_at_the_door_with_its_line(tmp_path):
    (tmp_path / "survey.csv").write_text("id,s1,s2\nr1,4,5\nr2,3,3\nr1,1,1\n", encoding="utf-8")
    engine = Engine()
    made = delivery.read_delivery(profiles.parse_profile(PROFILE), engine, str(tmp_path), "")
    responses = engine.arrow(made.tables["canonical/responses"]).to_pylist()
    kept = {(r["response_id"], r["item"]): r["score"] for r in responses}
    refused = engine.arrow(made.outcome.rejected).to_pylist()
    assert {r["record"] for r in refused} == {3}
    assert all("earlier" in r["reasons"] or "repeat" in r["reasons"] for r in refused)
    assert kept["r1", "s1"] == 4
