import numpy as np
import pytest

from helpers.foundation.results import Level, Status
from helpers.stats import scale_reliability

PUBLISHED = {  # Cronbach's alpha of the ECSI mobile survey, standardised (from correlations)
    "Image": (["IMAG1", "IMAG2", "IMAG3", "IMAG4", "IMAG5"], 0.723),
    "Expectation": (["CUEX1", "CUEX2", "CUEX3"], 0.452),
    "Quality": ([f"PERQ{i}" for i in range(1, 8)], 0.877), "Value": (["PERV1", "PERV2"], 0.824),
    "Satisfaction": (["CUSA1", "CUSA2", "CUSA3"], 0.779), "Loyalty": (["CUSL1", "CUSL2", "CUSL3"], 0.472)}
PUBLISHED_RAW = {"Expectation": 0.433, "Quality": 0.872}


@pytest.mark.real_data
@pytest.mark.parametrize("construct", PUBLISHED)
def test_alpha_matches_the_published_ones_of_the_ecsi_mobile_survey(real_data, construct):
    import pandas as pd

    items, expected = PUBLISHED[construct]
    found = scale_reliability.measure_reliability(
        pd.read_csv(real_data / "ecsi_mobi" / "mobi.csv")[items].to_numpy(float)
    )
    assert round(found.standardised.value, 3) == pytest.approx(expected, abs=1e-9)
    assert round(found.raw.value, 3) == pytest.approx(PUBLISHED_RAW.get(construct, round(found.raw.value, 3)), abs=1e-9)
    assert found.raw.low < found.raw.value < found.raw.high
    assert found.n == 250


def parallel(rng, n, k, loading=1.0):
    return loading * rng.normal(size=(n, 1)) + rng.normal(size=(n, k))


def test_feldts_interval_holds_the_true_alpha_of_parallel_items_in_95_of_100_samples():
    rng = np.random.default_rng(11)
    truth = 4 / 5  # four items, each half true score: k ρ / (1 + (k − 1) ρ)
    found = [scale_reliability.measure_reliability(parallel(rng, 40, 4)).raw for _ in range(1500)]
    assert np.mean([f.low <= truth <= f.high for f in found]) == pytest.approx(0.95, abs=0.015)


def test_feldts_interval_gets_narrower_with_people_and_holds_the_sample_value():
    small, large = (
        scale_reliability.feldt_alpha_interval(0.8, 30, 4),
        scale_reliability.feldt_alpha_interval(0.8, 3000, 4),
    )
    assert small[0] < large[0] < 0.8 < large[1] < small[1]


def test_standard_error_of_measurement_is_the_spread_of_the_error_in_the_mean():
    rng = np.random.default_rng(2)
    assert scale_reliability.measure_reliability(parallel(rng, 20_000, 4)).measurement_error == pytest.approx(
        0.5, abs=0.01
    )


def test_item_rest_correlation_is_that_of_an_item_with_the_sum_of_the_others():
    scores = parallel(np.random.default_rng(4), 100, 3)
    found = scale_reliability.measure_reliability(scores).item_rest
    assert found[0].value == pytest.approx(np.corrcoef(scores[:, 0], scores[:, 1:].sum(axis=1))[0, 1])
    assert found[0].low < found[0].value < found[0].high


def test_people_with_a_missing_answer_are_left_out():
    scores = parallel(np.random.default_rng(4), 100, 3)
    holed = np.vstack([scores, [np.nan, 1, 1]])
    assert scale_reliability.measure_reliability(holed) == scale_reliability.measure_reliability(scores)


@pytest.mark.parametrize("scores", [np.zeros((20, 3)), np.arange(20.0)[:, None], np.array([[1.0, 2], [2, 1]]),
                                    np.empty((0, 0))])
def test_constant_single_and_few_answers_have_no_alpha(scores):
    found = scale_reliability.measure_reliability(scores)
    assert np.isnan([found.raw.value, found.standardised.value, found.measurement_error]).all()


def test_opposed_items_have_a_negative_alpha_said_with_a_real_minus_sign():
    x = np.random.default_rng(1).normal(size=50)
    noise = np.random.default_rng(2).normal(size=50)
    gate = scale_reliability.alpha_quality_gate(
        "mood", scale_reliability.measure_reliability(np.column_stack([x, noise - x])), "claim", ["a", "b"]
    )
    assert gate.statistic < 0
    assert "−" in gate.sentence
    assert gate.level is Level.STRIKE


@pytest.mark.parametrize(("loading", "level", "is_crossed", "threshold"), [
    (2.0, Level.QUALIFY, False, 0.70), (0.72, Level.QUALIFY, True, 0.70), (0.3, Level.STRIKE, True, 0.60)])
def test_alpha_under_60_strikes_and_under_70_qualifies(loading, level, is_crossed, threshold):
    found = scale_reliability.measure_reliability(parallel(np.random.default_rng(8), 4000, 4, loading))
    gate = scale_reliability.alpha_quality_gate("mood", found, "score of mood", ["a", "b", "c", "d"])
    assert "over 4 questions (a, b, c, d);" in gate.sentence, "the same name may stand for other questions elsewhere"
    assert (gate.level, gate.is_crossed, gate.threshold, gate.claims) == (level, is_crossed, threshold, "score of mood")


def test_alpha_that_cannot_be_computed_is_noted_with_its_reason():
    single = scale_reliability.alpha_quality_gate(
        "mood", scale_reliability.measure_reliability(np.arange(20.0)[:, None]), "claim", ["a"]
    )
    assert (single.level, single.is_crossed) == (Level.NOTE, True)
    assert single.sentence == "Reliability of mood is not known: a single question."
    few = scale_reliability.measure_reliability(parallel(np.random.default_rng(8), 5, 4))
    assert scale_reliability.alpha_estimate("a", "mood", few, few.raw).reason == "fewer than 10 people"
    alike = scale_reliability.measure_reliability(np.ones((20, 2)))
    assert (
        scale_reliability.alpha_estimate("a", "mood", alike, alike.raw).reason
        == "a question that everybody answers alike"
    )
    nothing = scale_reliability.measure_reliability(np.empty((0, 0)))
    assert scale_reliability.alpha_estimate("a", "mood", nothing, nothing.raw).status is Status.INSUFFICIENT
