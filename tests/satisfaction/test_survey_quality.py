import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.results import Estimate, Level, Status
from helpers.satisfaction import satisfaction_index, survey_quality
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.expectations import DISCONFIRMATION, GAP_CORRELATION, PERFORMANCE_CORRELATION

PUBLISHED = {"Image": 0.723, "Expectation": 0.452, "Quality": 0.877, "Value": 0.824, "Satisfaction": 0.779,
             "Loyalty": 0.472}


def drawn(rng, n, items, loading):
    """Answers 1–5 to items that share a construct."""
    felt = rng.normal(size=(n, 1))
    scores_ = np.clip(np.rint(3 + loading * felt + rng.normal(size=(n, len(items)))), 1, 5)
    return [(f"r{i:03}", item, s) for i, row in enumerate(scores_) for item, s in zip(items, row, strict=True)]


@pytest.mark.real_data
def test_alphas_of_the_ecsi_mobile_survey_are_the_published_ones_and_strike_two_constructs(mobi):
    known, answers = mobi
    measured = survey_quality.measure_scales(answers, known)
    table = survey_quality.survey_quality_estimates(measured, survey_quality.answer_states(answers))
    found = {e.segment: e.value for e in table if e.quantity == "standardised alpha" and e.status is Status.OK}
    assert {name: round(found[name], 3) for name in PUBLISHED} == PUBLISHED
    struck = {e.quantity for e in survey_quality.construct_means(measured) if e.status is Status.STRUCK}
    assert struck == {"score of Expectation", "score of Loyalty"}


@pytest.mark.real_data
def test_the_index_of_the_ecsi_mobile_survey_is_the_mean_of_its_three_questions(mobi, real_data):
    frame = pd.read_csv(real_data / "ecsi_mobi" / "mobi.csv")[["CUSA1", "CUSA2", "CUSA3"]]
    scored = satisfaction_index.satisfaction_scores(mobi[1], SatisfactionConfig())
    found = next(e for e in satisfaction_index.index_estimates(scored, ["undated"]) if e.quantity == "satisfaction")
    assert found.value == pytest.approx((100 * (frame - 1) / 9).mean(axis=1).mean())
    assert found.n == 250


def test_a_construct_asked_in_several_roles_has_a_score_for_each_but_loyalty_is_one(catalogued, surveyed):
    roles = {"e": "expectation", "p": "performance", "a": "attribute_satisfaction"}
    known = catalogued(*({"item": f"{c}{i}", "role": role, "construct": "Control"} for c, role in roles.items()
                         for i in (1, 2)),
                       *({"item": role, "role": role, "construct": "Loyalty"} for role in ("intention", "recommend")))
    scores = {"e": 5.0, "p": 3.0, "a": 1.0, "i": 4.0, "r": 2.0}
    answers = surveyed(known, [(f"r{i:02}", item, scores[item[0]]) for i in range(12) for item in known["item"]])
    means = {e.quantity: e.value for e in survey_quality.construct_means(survey_quality.measure_scales(answers, known))}
    assert means == {"score of Control: expectation": 100, "score of Control: performance": 50,
                     "score of Control: attribute satisfaction": 0, "score of Loyalty": 50}


def test_the_score_of_a_scale_whose_questions_agree_just_well_enough_says_so(catalogued, surveyed):
    known = catalogued(*({"item": f"t{i}", "role": "trust"} for i in range(3)))
    answers = surveyed(known, drawn(np.random.default_rng(6), 400, ["t0", "t1", "t2"], 0.85))
    [trust] = survey_quality.construct_means(survey_quality.measure_scales(answers, known))
    assert trust.status is Status.OK
    assert trust.reason.startswith("caution: Cronbach's α 0.6")
    assert trust.reason.endswith("is under 0.70")


def test_a_scale_whose_questions_disagree_is_struck_and_one_whose_agree_stands(catalogued, surveyed):
    rng = np.random.default_rng(6)
    known = catalogued(*({"item": f"s{i}"} for i in range(3)), *({"item": f"t{i}", "role": "trust"} for i in range(3)))
    rows = drawn(rng, 300, ["s0", "s1", "s2"], 1.5) + drawn(rng, 300, ["t0", "t1", "t2"], 0.0)
    answers = surveyed(known, rows)
    measured = survey_quality.measure_scales(answers, known)
    assert [s.name for s in measured] == [survey_quality.SATISFACTION_SCALE, "satisfaction", "trust"]
    assert [bool(s.struck) for s in measured] == [False, False, True]
    states = {e.quantity: e.status for e in survey_quality.construct_means(measured)}
    assert states == {"score of trust": Status.STRUCK}  # the satisfaction questions have their index
    gates = survey_quality.satisfaction_gates(
        measured,
        satisfaction_index.satisfaction_scores(answers, SatisfactionConfig()),
        survey_quality.answer_states(answers),
    )
    by_name = {g.gate: g for g in gates}
    assert (by_name["alpha of trust"].is_crossed, by_name["alpha of trust"].level) == (True, Level.STRIKE)
    assert "alpha of satisfaction" not in by_name
    assert not by_name["alpha of satisfaction score"].is_crossed
    assert by_name["alpha of satisfaction score"].claims == "satisfaction index and levels"


def test_on_clean_survey_data_the_gates_falsely_strike_at_most_twice_in_a_hundred():
    from helpers.stats.scale_reliability import measure_reliability

    rng = np.random.default_rng(9)
    struck = 0
    for _ in range(300):
        answers = np.clip(np.rint(3 + rng.normal(size=(100, 1)) + 0.8 * rng.normal(size=(100, 3))), 1, 5)
        struck += (
            survey_quality.MeasuredScale("x", ("a", "b", "c"), measure_reliability(answers), None, 100).struck != ""
        )
    assert struck <= 6


def test_a_construct_with_the_very_questions_of_the_score_is_not_listed_twice(catalogued, surveyed):
    rng = np.random.default_rng(6)
    known = catalogued(*({"item": f"s{i}"} for i in range(3)), {"item": "t0", "role": "trust"})
    measured = survey_quality.measure_scales(surveyed(known, drawn(rng, 50, ["s0", "s1", "s2", "t0"], 1.5)), known)
    assert [s.name for s in survey_quality.distinct_scales(measured)] == [survey_quality.SATISFACTION_SCALE, "trust"]
    table = survey_quality.alphas_by_scale(measured)
    assert table[["scale", "questions", "people"]].to_numpy().tolist() == [[survey_quality.SATISFACTION_SCALE, 3, 50]]
    assert survey_quality.alphas_by_scale(()).empty


def test_questions_of_importance_and_kano_pairs_make_no_score(catalogued, surveyed):
    known = catalogued({"item": "a", "role": "importance"}, {"item": "b", "role": "functional"})
    assert survey_quality.measure_scales(surveyed(known, [("r", "a", 1)]), known) == ()


def test_stated_importance_is_a_scale_that_is_checked_and_kept_from_the_scores(catalogued, surveyed):
    known = catalogued(*({"item": item, "role": "importance", "construct": "Design"} for item in "ab"))
    rng = np.random.default_rng(4)
    answers = surveyed(known, [(f"r{i}", item, float(rng.integers(1, 6))) for i in range(60) for item in "ab"])
    [found] = survey_quality.importance_scales(answers, known)
    assert (found.name, found.items) == ("Design: importance", ("a", "b"))
    assert found.struck
    gates = survey_quality.satisfaction_gates([found], pd.DataFrame({"person": [], "wave": []}),
                                              survey_quality.answer_states(answers))
    assert ("alpha of Design: importance", "strike") in [(g.gate, g.level) for g in gates if g.is_crossed]


def test_answers_are_counted_by_what_became_of_them(catalogued, surveyed):
    known = catalogued({"item": "a", "not_applicable": "9"})
    states = survey_quality.answer_states(
        surveyed(known, [("r1", "a", 5), ("r2", "a", 9), ("r3", "a", None), ("r4", "a", 7)])
    )
    found = {e.quantity: (e.value, e.n) for e in survey_quality.survey_quality_estimates((), states)}
    assert found == {f"share {s}": (0.25, 4) for s in ("given", "not applicable", "missing", "off the scale")}


def test_who_left_everything_out_was_not_asked_and_lacks_no_answer(catalogued, surveyed):
    known = catalogued({"item": "a"}, {"item": "b"})
    states = survey_quality.answer_states(surveyed(
        known, [("r1", "a", 5), ("r1", "b", None), ("r2", "a", None), ("r2", "b", None)]))
    assert states[["item", "state", "n_answers"]].to_numpy().tolist() == [["a", "given", 1], ["b", "missing", 1]]


def test_answers_off_their_scale_above_one_per_cent_qualify_every_measure(catalogued, surveyed):
    known = catalogued({"item": "a"})
    empty = [(f"r{i}", "a", None) for i in range(50, 90)]  # what was not answered is no answer to count among
    answers = surveyed(known, [(f"r{i}", "a", 5 if i else 6) for i in range(50)] + empty)
    gates = survey_quality.satisfaction_gates(
        (), satisfaction_index.satisfaction_scores(answers, SatisfactionConfig()), survey_quality.answer_states(answers)
    )
    off = next(g for g in gates if g.gate == "answers off their scale")
    assert (off.statistic, off.is_crossed, off.claims) == (0.02, True, "every measure")
    assert off.sentence == "1 of 50 answers lie off their question's scale and are not counted; the limit is 1 %."


@pytest.mark.parametrize(("n", "level", "is_crossed"), [(0, Level.STRIKE, True), (1, Level.STRIKE, True),
                                                        (29, Level.QUALIFY, True), (30, Level.QUALIFY, False)])
def test_fewer_than_ten_people_strike_the_index_and_fewer_than_thirty_qualify_it(
        catalogued, surveyed, n, level, is_crossed):
    known = catalogued({"item": "a"})
    answers = surveyed(known, [(f"r{i}", "a", 5) for i in range(n)])
    gate = survey_quality.satisfaction_gates(
        (), satisfaction_index.satisfaction_scores(answers, SatisfactionConfig()), survey_quality.answer_states(answers)
    )[0]
    assert (gate.statistic, gate.level, gate.is_crossed) == (n, level, is_crossed)


def test_a_wave_of_fewer_than_thirty_qualifies_what_is_said_of_waves(catalogued, surveyed):
    known = catalogued({"item": "a"})
    who = [{"response_id": f"r{i}", "wave": "w1" if i < 29 else "w2"} for i in range(60)]
    answers = surveyed(known, [(f"r{i}", "a", 5) for i in range(60)], who)
    gates = survey_quality.satisfaction_gates(
        (), satisfaction_index.satisfaction_scores(answers, SatisfactionConfig()), survey_quality.answer_states(answers)
    )
    wave = next(g for g in gates if g.gate == "people in the smallest wave")
    assert (wave.statistic, wave.is_crossed) == (29, True)
    assert wave.sentence == "1 of 2 waves has fewer than 30 people."


def test_who_was_heard_is_counted_against_every_known_customer(session_engine):
    lazy = session_engine.lazy
    customers = canonical_schema.CUSTOMERS.conformed(lazy(pd.DataFrame({"customer_id": ["a", "b"]})))
    bought = canonical_schema.TRANSACTIONS.conformed(
        lazy(pd.DataFrame({"customer_id": ["b", "c", "d", None]}).astype("str"))
    )
    scored = pd.DataFrame({"customer_id": ["a", None, "stranger"]})
    heard = survey_quality.survey_coverage(scored, customers, bought)
    assert (heard.value, heard.n) == (0.25, 4)
    nobody = survey_quality.survey_coverage(scored, customers.limit(0), bought.limit(0))
    assert (nobody.status, nobody.reason) == (Status.NOT_APPLICABLE, "no customers but the respondents are known")


def test_the_silent_mean_is_what_closes_the_gap_and_missing_when_everybody_was_heard():
    assert 0.4 * 70 + 0.6 * survey_quality.nonrespondent_mean(70, 0.4, 50) == pytest.approx(50)
    assert np.isnan(survey_quality.nonrespondent_mean(70, 1.0, 50))


def test_a_gap_is_struck_with_the_expectation_or_the_performance_that_is_not_reliable(catalogued, surveyed):
    rng = np.random.default_rng(3)
    known = catalogued(*({"item": f"{role[0]}_{dimension}{j}", "role": role, "construct": dimension,
                          "pair": f"{dimension}{j}"}
                         for role in ("expectation", "performance") for dimension in ("food", "seat") for j in "12"))
    felt = {name: rng.integers(1, 6, 200) for name in ("e_food", "p_food", "p_seat")}
    rows = [(f"r{i}", item, float(felt[item[:-1]][i] if item[:-1] in felt else rng.integers(1, 6)))
            for i in range(200) for item in known["item"]]
    struck = survey_quality.struck_gaps(surveyed(known, rows), known)
    assert set(struck) == {"all", "seat"}  # one of two dimensions: nobody's two expectations of the seat agree
    assert struck["seat"].startswith("Cronbach's α ")
    assert struck["seat"].endswith(" is under 0.60 for the questions on expectation")
    assert survey_quality.struck_gaps(surveyed(known, rows), known[known["role"] == "performance"]) == {}


def test_performance_alone_is_reported_beside_a_gap_that_falls_with_its_expectation():
    values = [Estimate(q, 0.5) for q in (DISCONFIRMATION, PERFORMANCE_CORRELATION, GAP_CORRELATION)]
    for role, stands in (("expectation", [False, True, False]), ("performance", [False] * 3)):
        kept = survey_quality.reported_gaps(values, {"all": f"Cronbach's α 0.433 is under 0.60 for its {role}"})
        assert [e.status is Status.OK for e in kept] == stands
    assert survey_quality.reported_gaps(values, {}) == values


@pytest.mark.real_data
def test_the_expectations_of_the_mobile_operators_customers_carry_no_gap(mobi):
    known, answers = mobi
    assert survey_quality.struck_gaps(answers, known) == {
        "all": "Cronbach's α 0.433 is under 0.60 for the questions on expectation"}
