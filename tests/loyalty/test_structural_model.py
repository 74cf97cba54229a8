import numpy as np
import pytest

from helpers.foundation.results import Status, struck_values
from helpers.loyalty import structural_model
from helpers.loyalty.structural_model import EXPLAINED_VARIANCE, TOTAL_EFFECT_ON_LOYALTY
from helpers.satisfaction import ecsi_model
from helpers.satisfaction.config import SatisfactionConfig

ROLES = {"p": "performance", "v": "value", "s": "satisfaction", "i": "intention"}


def estimates(answers, known, draws=100):
    model = structural_model.fit_structural_model(answers, known, 1, draws)
    values = structural_model.structural_values(model)
    return structural_model.structural_estimates(values, model), values


def asked(catalogued, surveyed, n=300, weights=None):
    """Return a catalogue and answers of a survey of four distinct constructs; value moves loyalty in its first half."""
    rng = np.random.default_rng(4)
    p, v, s, i = rng.normal(size=(4, n))
    s = 0.5 * p + 0.4 * v + 0.7 * s
    i = 0.5 * s + np.where(np.arange(n) < n // 2, 0.8, 0.0) * v + 0.6 * i
    latent = {"p": p, "v": v, "s": s, "i": i}
    known = catalogued(*({"item": f"{c}{k}", "role": role, "scale_high": 100.0}
                         for c, role in ROLES.items() for k in (1, 2)))
    rows = [(f"r{j:03}", item, float(np.clip(50 + 12 * (latent[item[0]][j] + 0.4 * rng.normal()), 1, 100)))
            for item in known["item"] for j in range(n)]
    who = [{"response_id": f"r{j:03}", "weight": 1.0 if weights is None else weights[j]} for j in range(n)]
    return known, surveyed(known, rows, who)


@pytest.mark.real_data
def test_what_fails_the_checks_on_the_survey_of_a_mobile_operator_is_struck_and_can_be_seen(mobi):
    known, answers = mobi
    rows, values = estimates(answers, known)
    table = {(e.quantity, e.segment): e for e in rows}
    assert table[TOTAL_EFFECT_ON_LOYALTY, "satisfaction"].status is Status.STRUCK
    assert "→ loyalty is not reported" in table[TOTAL_EFFECT_ON_LOYALTY, "quality"].reason
    assert table[EXPLAINED_VARIANCE, "all"].status is Status.STRUCK
    assert table[EXPLAINED_VARIANCE, "all"].reason == "satisfaction is not shown to be distinct from loyalty"
    assert structural_model.strongest_effects(rows) == []
    model = structural_model.fit_structural_model(answers, known, 1, 9)
    assert structural_model.strength_differences(rows, model) == []
    assert {e.segment for e in structural_model.strongest_effects(values)[:2]} == {"quality", "satisfaction"}
    seen = {(e.quantity, e.segment): e for e in struck_values(values, rows)}
    assert seen[TOTAL_EFFECT_ON_LOYALTY, "satisfaction"].low > 0


def test_constructs_that_can_be_told_apart_keep_their_effects(catalogued, surveyed):
    known, answers = asked(catalogued, surveyed)
    rows, _ = estimates(answers, known)
    assert {e.status for e in rows} == {Status.OK}
    assert set(structural_model.total_effects_frame(rows)["construct"]) == {"quality", "value", "satisfaction"}
    first, *others = structural_model.strongest_effects(rows)
    model = structural_model.fit_structural_model(answers, known, 1, 100)
    apart = {e.segment: e for e in structural_model.strength_differences(rows, model)}
    assert {name: (e.value, e.level) for name, e in apart.items()} == {
        f"{first.segment} less {e.segment}": (pytest.approx(abs(first.value) - abs(e.value)), 0.975) for e in others}
    assert all(e.low < e.value < e.high for e in apart.values())
    assert {e.reason for e in apart.values()} == {structural_model.ADJUSTED}, "no level stands beside it"


def test_a_weakly_measured_construct_keeps_its_effects_with_a_caution(catalogued, surveyed):
    rng = np.random.default_rng(5)
    known = catalogued(*({"item": f"{c}{k}", "role": role, "scale_high": 100.0}
                         for c, role in ROLES.items() for k in (1, 2)),
                       {"item": "whole", "role": "overall_quality", "scale_high": 100.0})
    latent = dict(zip("pvsi", rng.normal(size=(4, 300)), strict=True))
    latent["s"] += 0.8 * latent["p"]
    latent["i"] += 0.8 * latent["s"]
    noise = {"p": 1.05} | dict.fromkeys("vsi", 0.4)
    rows = [(f"r{j:03}", item, float(np.clip(50 + 12 * (latent[item[0]][j] + noise[item[0]] * rng.normal()), 1, 100)))
            for item in known["item"] if item != "whole" for j in range(300)]
    answers = surveyed(known, rows, [{"response_id": f"r{j:03}"} for j in range(300)])
    assert "whole" not in structural_model.loyalty_path_model(known).items, "a judgement of the whole is no performance"
    told = [e for e in estimates(answers, known)[0] if e.status is Status.OK]
    reasons = {e.segment: e.reason for e in told if e.quantity == TOTAL_EFFECT_ON_LOYALTY}
    assert reasons["quality"].startswith("caution: reliability of quality in the path model")
    assert not reasons["satisfaction"]
    whole = next(e.reason for e in told if e.quantity == structural_model.EXPLAINED_VARIANCE)
    assert whole == "caution on what explains it: quality"


def test_survey_weights_reach_the_structural_model(catalogued, surveyed):
    def of_value(answers, known):
        return next(e for e in estimates(answers, known)[0]
                    if (e.quantity, e.segment) == (structural_model.PATH_TO_LOYALTY, "value")).value

    known, even = asked(catalogued, surveyed)
    _, heavy = asked(catalogued, surveyed, weights=np.where(np.arange(300) < 150, 9.0, 1.0))
    assert of_value(heavy, known) > of_value(even, known) + 0.1


def test_a_survey_without_questions_on_loyalty_has_no_model(catalogued, surveyed):
    known = catalogued({"item": "happy"}, {"item": "good", "role": "performance"})
    rows, _ = estimates(surveyed(known, [("r", "happy", 4)]), known)
    assert {(e.status, e.reason) for e in rows} == {(Status.NOT_APPLICABLE, "loyalty was not asked")}
    known = catalogued({"item": "stay", "role": "intention"})
    rows, _ = estimates(surveyed(known, [("r", "stay", 4)]), known)
    assert {e.reason for e in rows} == {"nothing that points to loyalty was asked"}
    assert structural_model.loyalty_path_model(catalogued()) is None


def test_too_few_complete_answers_are_insufficient(catalogued, surveyed):
    known = catalogued({"item": "happy"}, {"item": "again", "role": "intention"})
    rows, _ = estimates(surveyed(known, [("r", "happy", 4), ("r", "again", 4), ("s", "happy", 1)]), known)
    assert rows[0].reason == "fewer than 10 people answered every question of the model; 100 are needed"
    assert structural_model.strongest_effects(rows) == []


def test_what_page_02_tells_of_the_same_answers_has_the_same_interval(catalogued, surveyed):
    known, answers = asked(catalogued, surveyed)
    assumed = SatisfactionConfig(resamples=200)
    complete = ecsi_model.complete_answers(answers, ecsi_model.satisfaction_path_model(known, assumed), assumed, 1)
    measured = ecsi_model.satisfaction_model_validity(complete, ecsi_model.fit_satisfaction_model(complete, "path"))
    here = structural_model.fit_structural_model(answers, known, 1, assumed.resamples).validity
    (there,) = (i for pair, i in measured.ratio.items() if set(pair) == {"Quality", "Satisfaction"})
    assert here.ratio["quality", "satisfaction"] == there
    fewer = structural_model.fit_structural_model(answers, known, 1, 100).validity
    assert fewer.ratio["quality", "satisfaction"] != there
