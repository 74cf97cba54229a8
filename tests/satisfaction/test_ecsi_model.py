from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from helpers.foundation.errors import InputError
from helpers.foundation.results import Estimate, Status, estimate_table, strike, struck_values
from helpers.reporting.text import satisfaction_context
from helpers.satisfaction import drivers, ecsi_model, multigroup, penalty_reward_drivers
from helpers.satisfaction.config import SatisfactionConfig
from helpers.stats.bootstrap import replicate_moments
from helpers.stats.confidence_intervals import Interval
from helpers.stats.pls_sem import measurement_model, pls_evaluation
from helpers.stats.pls_sem.path_model import PathModel, fit_path_model

ROLES = {"i1": "image", "i2": "image", "q1": "performance", "q2": "performance", "s1": "satisfaction",
         "s2": "satisfaction", "l1": "intention", "l2": "recommend"}
FEW = SatisfactionConfig(resamples=200)


def items(**extra):
    return [{"item": item, "role": role, "scale_high": 100.0, **extra} for item, role in ROLES.items()]


def felt(n=200, seed=1, twin=False):
    """Return answers: quality moves satisfaction, image hardly; `twin` makes image the same thing as quality."""
    rng = np.random.default_rng(seed)
    quality, image = rng.normal(size=(2, n))
    image = quality if twin else image
    satisfied = 0.8 * quality + 0.2 * image * (not twin) + 0.5 * rng.normal(size=n)
    loyal = 0.6 * satisfied + 0.8 * rng.normal(size=n)
    latent = {"i": image, "q": quality, "s": satisfied, "l": loyal}
    return {item: np.clip(50 + 12 * (latent[item[0]] + 0.45 * rng.normal(size=n)), 0, 100) for item in ROLES}


def rows(answers):
    return [(f"r{i:03}", item, float(score)) for item, scores in answers.items() for i, score in enumerate(scores)]


@pytest.fixture
def panelled(catalogued, surveyed):
    def make(answers, assumed=FEW, **extra):
        known = catalogued(*items(**extra))
        return ecsi_model.complete_answers(
            surveyed(known, rows(answers)), ecsi_model.satisfaction_path_model(known, assumed), assumed, 1
        )
    return make


def measured(panel):
    found = ecsi_model.fit_satisfaction_model(panel, "path")
    return found, ecsi_model.satisfaction_model_validity(panel, found)


def reported_paths(panel, fitted, valid):
    return estimate_table(drivers.path_estimates(drivers.path_values(panel, fitted, 1), fitted, valid))


def test_constructs_follow_the_roles_and_arrows_the_european_index(catalogued):
    model = ecsi_model.satisfaction_path_model(catalogued(*items()), SatisfactionConfig())
    assert model.names == ("Image", "Quality", "Satisfaction", "Loyalty")
    assert model.arrows == [("Image", "Satisfaction"), ("Quality", "Satisfaction"), ("Image", "Loyalty"),
                            ("Satisfaction", "Loyalty")]


def test_questions_on_performance_stand_by_their_constructs_where_there_are_several(catalogued):
    known = catalogued({"item": "a", "role": "performance", "construct": "food"},
                       {"item": "b", "role": "performance", "construct": "seat"}, {"item": "s"})
    model = ecsi_model.satisfaction_path_model(known, SatisfactionConfig())
    assert model.names == ("Food", "Seat", "Satisfaction")
    assert ("Food", "Satisfaction") in model.arrows


def test_a_recommendation_that_is_counted_to_satisfaction_is_no_loyalty(catalogued):
    known = catalogued({"item": "q", "role": "performance"}, {"item": "s", "construct": "satisfaction"},
                       {"item": "r", "role": "recommend", "construct": "satisfaction"})
    assert ecsi_model.satisfaction_path_model(known, SatisfactionConfig()).names == ("Quality", "Satisfaction")


def test_a_study_names_constructs_and_arrows_and_its_slips_are_told(catalogued):
    known = catalogued(*items())
    blocks = {"Q": ["q1", "q2"], "Satisfaction": ["s1"]}
    assert ecsi_model.satisfaction_path_model(
        known, SatisfactionConfig(constructs=blocks, arrows=["Q > Satisfaction"])
    ).arrows == [("Q", "Satisfaction")]
    with pytest.raises(InputError, match="there is no question 'q9'"):
        ecsi_model.satisfaction_path_model(known, SatisfactionConfig(constructs={"Q": ["q9"], "Satisfaction": ["s1"]}))
    with pytest.raises(InputError, match="'Q Satisfaction' cannot be read"):
        ecsi_model.satisfaction_path_model(known, SatisfactionConfig(constructs=blocks, arrows=["Q Satisfaction"]))


def test_a_construct_without_an_arrow_is_left_out_and_satisfaction_needs_one(catalogued):
    known = catalogued(*items())
    model = ecsi_model.satisfaction_path_model(known, SatisfactionConfig(arrows=["Quality > Satisfaction"]))
    assert model.names == ("Quality", "Satisfaction")
    absent = ecsi_model.satisfaction_path_model(known, SatisfactionConfig(arrows=["Image > Quality"]))
    assert absent.reason == "no arrow leads to or from satisfaction"


def test_the_planted_driver_leads_and_its_share_has_an_interval(panelled):
    panel = panelled(felt())
    _, valid = measured(panel)
    found = drivers.driver_importance(panel, valid, 1)
    assert not found.struck
    assert found.share["Quality"].low > 0.5 > found.share["Image"].high
    assert sum(i.value for i in found.share.values()) == pytest.approx(1)
    assert found.leads["Quality"] == 1
    assert list(drivers.importance_performance_map(found)["driver"]) == ["Quality", "Image"]


def test_two_names_for_one_thing_are_struck_together(panelled):
    panel = panelled(felt(twin=True))
    fitted, valid = measured(panel)
    assert ("Image", "Quality") in valid.confused
    found = drivers.driver_importance(panel, valid, 1)
    assert set(found.struck) == {"Image", "Quality"}
    assert found.joint["Image + Quality"].value == pytest.approx(1)
    table = reported_paths(panel, fitted, valid).set_index(["quantity", "segment"])
    for arrow in ("Image → Satisfaction", "Quality → Satisfaction"):
        assert table.loc[("path", arrow), "status"] == Status.STRUCK
        assert np.isnan(table.loc[("path", arrow), "value"])
    assert table.loc[("path", "Satisfaction → Loyalty"), "status"] == Status.OK
    gates = [g for g in measurement_model.validity_gates(valid) if "HTMT of Image and Quality" in g.gate]
    assert gates[0].is_crossed
    assert gates[0].level == "strike"


def test_constructs_that_can_be_told_apart_pass_their_gate_and_keep_every_effect(panelled):
    panel = panelled(felt())
    fitted, valid = measured(panel)
    assert not valid.confused
    assert not [g for g in measurement_model.validity_gates(valid) if g.level == "strike" and g.is_crossed]
    table = reported_paths(panel, fitted, valid)
    is_freed = table["quantity"] == drivers.CONSISTENT_PATH
    assert set(table.loc[~is_freed, "status"]) == {"ok"}
    assert table.loc[is_freed, "reason"].str.contains("reliability outside 0 to 1").all(), "Image goes with nothing"


def test_a_caution_on_a_construct_stands_at_every_value_that_speaks_of_it(panelled):
    answers = felt()
    answers["l2"] = 0.6 * answers["l2"] + np.random.default_rng(9).uniform(0, 40, 200)
    panel = panelled(answers)
    fitted, valid = measured(panel)
    cautions = measurement_model.construct_cautions(valid)
    table = reported_paths(panel, fitted, valid).set_index(["quantity", "segment"])["reason"]
    assert set(cautions) == {"Loyalty"}
    assert table["path", "Satisfaction → Loyalty"] == cautions["Loyalty"]
    assert table["path", "Quality → Satisfaction"] == ""
    odds = [Estimate("odds", 1.2, segment="Quality", reason="of one question")]
    assert measurement_model.with_cautions(odds, valid, ("Loyalty",))[0].reason == (
        f"of one question; {cautions['Loyalty']}")
    assert measurement_model.with_cautions(odds, None) == odds
    explained = [Estimate(drivers.PATH_R2, 0.3, segment="Complaints"), Estimate(drivers.PATH_R2, 0.4, segment="Value")]
    into = [("Loyalty", "Complaints"), ("Quality", "Value")]
    assert [e.reason for e in measurement_model.with_cautions(explained, valid, arrows=into)] == [
        "caution on what explains it: Loyalty", ""]


def test_a_question_that_does_not_belong_is_named(panelled):
    answers = felt()
    answers["l2"] = np.random.default_rng(9).uniform(0, 100, 200)
    _, valid = measured(panelled(answers))
    assert valid.strangers == ("l2",)
    assert any(g.gate == "loading of l2" and "does not belong to Loyalty" in g.sentence
               for g in measurement_model.validity_gates(valid))


def test_values_that_fail_a_check_can_be_seen_with_the_check_that_they_failed(panelled):
    panel = panelled(felt(twin=True))
    fitted, valid = measured(panel)
    values = drivers.path_values(panel, fitted, 1)
    seen = struck_values(values, drivers.path_estimates(values, fitted, valid))
    of = {(e.quantity, e.segment): e for e in seen}
    assert np.isfinite(of["path", "Quality → Satisfaction"].value)
    assert of["path", "Quality → Satisfaction"].reason == "failed check: Image and Quality are not shown to be distinct"
    assert ("path", "Satisfaction → Loyalty") not in of


def test_a_path_freed_of_error_beyond_one_strikes_its_whole_equation():
    model = PathModel({"a": ["a1", "a2"], "b": ["b1", "b2"], "c": ["c1", "c2"]}, [("a", "c"), ("b", "c"), ("a", "b")])
    rng = np.random.default_rng(2)
    a = rng.normal(size=400)
    b = 0.9 * a + 0.44 * rng.normal(size=400)
    c = 0.95 * a + 0.3 * rng.normal(size=400)
    latent = np.column_stack([a, a, b, b, c, c])
    columns = 50 + 10 * (latent + np.array([1.1, 1.1, 0.5, 0.5, 0.5, 0.5]) * rng.normal(size=(400, 6)))
    fit = fit_path_model(model, replicate_moments(columns).correlation)
    improper = pls_evaluation.improper_equations(fit.consistent())
    assert list(improper) == ["c"]
    assert improper["c"].startswith("improper solution: a → c would be 1.")
    values = [Estimate(q, 0.4, segment=f"{s} → {e}") for q in (drivers.PATH_COEFFICIENT, drivers.CONSISTENT_PATH)
              for s, e in model.arrows]
    kept = drivers.path_estimates(values, fit, None)
    assert [(e.quantity, e.segment) for e in kept if e.status is Status.STRUCK] == [
        (drivers.CONSISTENT_PATH, "a → c"), (drivers.CONSISTENT_PATH, "b → c")]
    [gate] = pls_evaluation.improper_gates(fit)
    assert (gate.claims, gate.level, gate.is_crossed) == ("paths to c, freed from measurement error", "strike", True)
    assert pls_evaluation.improper_gates(None) == []


def test_an_equation_that_is_improper_in_many_resamples_is_struck_too():
    model = PathModel({"a": ["a1"], "b": ["b1"], "c": ["c1"]}, [("a", "c"), ("b", "c"), ("a", "b")])
    columns = 50 + 10 * np.random.default_rng(1).normal(size=(100, 3))
    fit = fit_path_model(model, replicate_moments(columns, np.ones((21, 100))).correlation)
    assert pls_evaluation.improper_equations(fit) == {}
    paths = fit.paths.copy()
    paths[1:4, 0, 2] = 2.5
    assert pls_evaluation.improper_equations(replace(fit, paths=paths)) == {
        "c": "improper solution in 15 % of the resamples (a path or R² beyond one, or a reliability "
             "outside 0 to 1; at most 5 % may be)"}
    rho = fit.rho.copy()
    rho[1:4, 0] = 1.2
    assert {*pls_evaluation.improper_equations(replace(fit, rho=rho))} == {"b", "c"}


def test_paths_of_single_questions_are_not_shown_as_freed_from_an_error_that_is_not_known(panelled):
    blocks = {"Image": ["i1"], "Quality": ["q1"], "Satisfaction": ["s1"], "Loyalty": ["l1", "l2"]}
    arrows = ["Image > Satisfaction", "Quality > Satisfaction", "Satisfaction > Loyalty"]
    panel = panelled(felt(), FEW.model_copy(update={"constructs": blocks, "arrows": arrows}))
    values = drivers.path_values(panel, measured(panel)[0], 1)
    assert [e.segment for e in values if e.quantity == drivers.CONSISTENT_PATH] == ["Satisfaction → Loyalty"]


def test_people_whom_a_missing_answer_leaves_out_are_compared_with_those_included(panelled):
    panel = panelled(felt())
    scored = pd.DataFrame({"response_id": [f"r{i:03}" for i in range(260)], "responded_at": pd.NaT, "weight": 1.0,
                           "satisfaction": np.r_[np.linspace(40, 60, 200), np.linspace(65, 75, 60)]})
    scored = scored.assign(person="response " + scored["response_id"])
    gap = ecsi_model.left_out_difference(panel, scored)
    assert (gap.value, gap.n, gap.segment) == (pytest.approx(20), 60, "all")
    assert 17 < gap.low < 20 < gap.high < 23
    few = ecsi_model.left_out_difference(panel, scored.head(210))
    assert (few.status, few.reason) == (Status.INSUFFICIENT, "10 people are left out, 30 are needed")
    absent = ecsi_model.left_out_difference(ecsi_model.NoPathModel("nothing was asked but satisfaction"), scored)
    assert absent.reason == "nothing was asked but satisfaction"


def test_two_parts_left_out_that_differ_in_opposite_ways_are_told_apart(panelled):
    panel = panelled(felt())
    score = np.r_[np.linspace(40, 60, 200), np.linspace(85, 95, 60), np.linspace(15, 25, 40)]
    scored = pd.DataFrame({"response_id": [f"r{i:03}" for i in range(300)], "responded_at": pd.NaT, "weight": 1.0,
                           "satisfaction": score})
    scored = scored.assign(person="response " + scored["response_id"])
    who = scored["person"].to_numpy()
    panel = replace(panel, unanswered={"wifi": who[200:260], "food": who[200:202], "gate": who[255:300]})
    wifi, others = ecsi_model.opposite_parts_left_out(panel, scored)
    assert (wifi.segment, wifi.n, others.segment, others.n) == ("wifi", 60, ecsi_model.OTHERS_LEFT_OUT, 40)
    assert (wifi.value, others.value) == (pytest.approx(90), pytest.approx(20))
    assert ecsi_model.opposite_parts_left_out(panel, scored.head(260)) == ()  # one part alone
    alike = replace(panel, unanswered={"gate": who[200:300]})
    assert ecsi_model.opposite_parts_left_out(alike, scored) == ()
    assert ecsi_model.opposite_parts_left_out(ecsi_model.NoPathModel("none"), scored) == ()


def test_what_no_driver_shows_alone_stands_in_no_other_analysis_of_drivers(panelled):
    panel = panelled(felt(twin=True))
    fitted, valid = measured(panel)
    struck = drivers.struck_drivers(drivers.driver_importance(panel, valid, 1))
    contrasts = penalty_reward_drivers.strike_contrasts(
        penalty_reward_drivers.penalty_reward_contrasts(panel, 200, 1), struck)
    assert {c.penalty.status for c in contrasts} == {Status.STRUCK}
    assert satisfaction_context.penalty_reward_sentence(contrasts) == (
        "The penalty–reward analysis is not reported (failed check): Image and Quality are not shown to be distinct.")
    sure = "adjusted p 0.01, men against women"
    apart = [Estimate(multigroup.PATH_DIFFERENCE, 0.5, 0.1, 0.9, segment=arrow, reason=sure)
             for arrow in ("Quality → Satisfaction", "Satisfaction → Loyalty")]
    said = satisfaction_context.multigroup_sentence(strike(apart, drivers.struck_arrows(fitted, valid)))
    assert said == "Paths that differ (men against women): Satisfaction → Loyalty."


def test_a_gate_without_an_interval_says_the_value_alone():
    owner = dict.fromkeys(("l1", "l2"), "Loyalty")
    known = measurement_model.MeasurementValidity(
        {"Loyalty": Interval(0.5, np.nan, np.nan)}, {}, (), {}, {}, owner, 100)
    assert [g.sentence for g in measurement_model.validity_gates(known)] == [
        "McDonald's ω of Loyalty is 0.500 in the path model, over 2 questions (l1, l2); 0.60 is asked for."]


def test_a_construct_whose_questions_share_less_variance_than_error_takes_carries_a_caution():
    shares = {"Quality": Interval(0.49, 0.41, 0.57), "Value": Interval(0.55, 0.4, 0.6)}
    gates = measurement_model.validity_gates(measurement_model.MeasurementValidity({}, shares, (), {}, {}, {}, 100))
    assert [(g.gate, g.level, g.claims) for g in gates if g.is_crossed] == [
        ("convergent validity of Quality", "qualify", "effects of Quality")]
    assert "average variance extracted is 0.490 [0.410, 0.570]; 0.50 is asked for." in gates[0].sentence


def test_a_pair_whose_limit_may_reach_one_with_more_resamples_is_struck_and_says_so():
    pair, ratio = ("Image", "Quality"), Interval(0.93, 0.85, 0.999)
    made = [measurement_model.MeasurementValidity({}, {}, (), {pair: ratio}, {}, {}, 100, ratio_bound={pair: bound})
            for bound in (0.9995, 1.003)]
    assert [m.confused for m in made] == [(), (pair,)]
    assert [m.near for m in made] == [(pair,), ()]
    [near], [struck] = (measurement_model.validity_gates(m) for m in made)
    assert (near.level, struck.level) == ("qualify", "strike")
    assert struck.sentence.endswith("its upper limit may reach, with more resamples, 1.")
    assert struck.statistic == 1.003, "what crosses the limit"


def test_a_path_freed_from_error_says_which_construct_counts_as_measured_without(panelled):
    answers = felt()
    panel = panelled(answers)
    fitted, _ = measured(panel)
    rows = {(e.quantity, e.segment): e for e in drivers.path_values(panel, fitted, 1)}
    single = [name for name, items in panel.model.blocks.items() if len(items) == 1]
    for (quantity, segment), row in rows.items():
        if quantity == drivers.CONSISTENT_PATH and row.status is Status.OK:
            end = segment.split(" → ")[1]
            of = {end, *(s for s, e in panel.model.arrows if e == end)}
            assert row.reason.endswith("as if measured without error") == bool(of & {*single})
    assert {len(items) for items in panel.model.blocks.values()} >= {2}


def test_an_unreliable_construct_has_no_explained_variance(panelled):
    answers = felt()
    answers["l2"] = np.random.default_rng(9).uniform(0, 100, 200)
    panel = panelled(answers)
    fitted, valid = measured(panel)
    assert "Loyalty" in measurement_model.unreliable_constructs(valid)
    rows = {(e.quantity, e.segment): e for e in drivers.path_estimates(
        drivers.path_values(panel, fitted, 1), fitted, valid)}
    for quantity in (drivers.PATH_R2, drivers.PATH_Q2):
        assert rows[quantity, "Loyalty"].status is Status.STRUCK
        assert rows[quantity, "Satisfaction"].status is Status.OK


@pytest.mark.parametrize(("pairs", "said"), [
    ({("Image", "Loyalty"): Interval(0.54, 0.42, 0.66)}, "Image and Loyalty can be told apart: HTMT is 0.540 "
                                                         "[0.420, 0.660]."),
    ({("Image", "Loyalty"): Interval(0.54, 0.42, 0.66), ("Image", "Value"): Interval(0.3, 0.2, 0.4)},
     "Every two constructs of several questions can be told apart: HTMT is 0.540 [0.420, 0.660] at most."),
])
def test_what_can_be_told_apart_names_the_only_pair_and_speaks_of_constructs_of_several_questions(pairs, said):
    known = measurement_model.MeasurementValidity({}, {}, (), pairs, {}, {}, 100)
    assert [g.sentence for g in measurement_model.validity_gates(known)] == [said]


def test_a_reversed_question_is_turned_before_it_is_used(panelled, catalogued, surveyed):
    answers = felt()
    known = catalogued(*[{**row, "is_reversed": row["item"] == "q2"} for row in items()])
    turned = {**answers, "q2": 101 - answers["q2"]}  # the scale is 1–100
    panel = ecsi_model.complete_answers(
        surveyed(known, rows(turned)), ecsi_model.satisfaction_path_model(known, FEW), FEW, 1
    )
    np.testing.assert_allclose(panel.columns, panelled(answers).columns)


def test_a_constant_question_leaves_no_path_model_and_says_so(panelled):
    answers = felt()
    answers["q2"] = np.full(200, 70.0)
    assert panelled(answers).reason == "everybody answers question q2 alike"


def test_two_people_leave_no_path_model_and_say_so(panelled):
    absent = panelled(felt(n=2))
    assert absent.reason == "some of 2 people answered every question of the path model; 30 are needed"
    assert isinstance(drivers.driver_importance(absent, None, 1), ecsi_model.NoPathModel)
    table = estimate_table([*drivers.path_values(absent, None, 1), *drivers.driver_estimates(absent)])
    assert set(table["status"]) == {"insufficient"}


def test_answers_that_are_all_missing_leave_no_path_model(panelled):
    absent = panelled({item: np.full(40, np.nan) for item in ROLES})
    assert absent.reason == "0 of 0 people answered every question of the path model; 30 are needed"


def test_people_who_left_out_a_question_are_left_out_and_counted(panelled):
    answers = felt()
    answers["q1"][:20] = np.nan
    panel = panelled(answers)
    assert (panel.n, panel.n_people) == (180, 200)


def test_an_answer_off_its_scale_does_not_enter(panelled):
    answers = felt()
    answers["q1"][0] = 400.0
    assert panelled(answers).n == 199


def test_equal_seeds_give_equal_intervals(panelled):
    one, other = (drivers.driver_importance(panelled(felt()), None, 1) for _ in range(2))
    assert one.share == other.share


@pytest.mark.real_data
def test_the_mobile_operators_survey_fails_discriminant_validity(real_data, catalogued, surveyed):
    import tomllib

    from helpers.foundation.folders import CHECKOUT_FOLDER

    profile = tomllib.loads((CHECKOUT_FOLDER / "data" / "sources" / "ecsi_mobi.toml").read_text(encoding="utf-8"))
    declared = profile["tables"]["items"]
    scale = {k: float(v) if k.startswith("scale_") else v for k, v in declared["defaults"].items()}
    known = catalogued(*[{**scale, **row} for row in declared["rows"]])
    mobi = pd.read_csv(real_data / "ecsi_mobi" / "mobi.csv")
    answers = surveyed(known, rows({c: mobi[c].to_numpy(float) for c in mobi}))
    panel = ecsi_model.complete_answers(
        answers, ecsi_model.satisfaction_path_model(known, SatisfactionConfig()), SatisfactionConfig(), 20261121
    )
    assert panel.expectations == ("Expectation",)
    fitted, valid = measured(panel)
    assert valid.ratio["Satisfaction", "Loyalty"].value == pytest.approx(0.957, abs=5e-4)
    assert {("Satisfaction", "Loyalty"), ("Quality", "Satisfaction")} <= set(valid.confused)
    assert valid.strangers == ("CUSL2",)
    paths = reported_paths(panel, fitted, valid)
    struck = set(paths.loc[paths["status"] == "struck", "segment"])
    assert struck >= {"Satisfaction → Loyalty", "Quality → Satisfaction"}
    assert list(paths.loc[(paths["quantity"] == "path") & (paths["status"] == "ok"), "segment"]) == [
        "Satisfaction → Complaint handling"]  # α of Loyalty is .442, and Quality is not distinct from Satisfaction
    of_satisfaction = paths[paths["segment"].eq("Satisfaction") & paths["quantity"].isin([drivers.PATH_R2,
                                                                                          drivers.PATH_Q2])]
    assert len(of_satisfaction) == 2
    assert set(of_satisfaction["status"]) == {"struck"}, "what explains it is in part itself"
    known_drivers = drivers.driver_importance(panel, valid, 1)
    assert set(known_drivers.struck) == {"Image", "Expectation", "Quality", "Value"}
    assert known_drivers.circular == "Expectation and Quality are not shown to be distinct from Satisfaction"
    assert not known_drivers.joint
    assert drivers.driver_estimates(known_drivers)[0].status is Status.STRUCK
    assert known_drivers.explained.value == pytest.approx(0.66944, abs=5e-6), "as published, for whoever reproduces it"


def test_least_squares_on_the_means_of_constructs_explains_what_the_drivers_share(panelled):
    panel = panelled(felt())
    found = drivers.driver_importance(panel, None, 1)
    means = ecsi_model.construct_means(panel)
    fit = sm.WLS(means["Satisfaction"], sm.add_constant(means[[*found.names]]), means["weight"]).fit()
    assert fit.rsquared == pytest.approx(found.explained.value, abs=1e-12)
    assert list(means.columns) == [*panel.model.names, "weight"]
