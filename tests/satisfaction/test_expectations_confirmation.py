import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Status
from helpers.satisfaction import expectations
from helpers.satisfaction.expectations import ExpectationPerformance
from helpers.stats.survey_weights import WeightedSample


def found(estimates, quantity, segment="all"):
    return next(e for e in estimates if (e.quantity, e.segment) == (quantity, segment))


def everybody(n):
    return WeightedSample(np.arange(n), np.ones(n))


def pair_of(expected, performed, satisfied, low=1.0, width=9.0):
    """Return a pair from answers as coded."""
    expected, performed = (100 * (np.asarray(x, float) - low) / width for x in (expected, performed))
    return ExpectationPerformance(
        expected, performed, np.asarray(satisfied, float), low, width, {}, everybody(len(expected))
    )


@pytest.mark.real_data
def test_confirmation_matches_the_reference_figures(real_data):
    mobi = pd.read_csv(real_data / "ecsi_mobi" / "mobi.csv")
    parts = [mobi.filter(like=name) for name in ("CUEX", "PERQ", "CUSA")]
    made = expectations.disconfirmation_estimates(pair_of(parts[0], parts[1], parts[2].mean(axis=1)), 1, 500)
    ratio = found(made, expectations.PERFORMANCE_RATIO)
    assert ratio.value == pytest.approx(1.0268, abs=5e-5)
    assert ratio.low < 1.0268 < ratio.high
    for quantity, printed in (
        (expectations.PERFORMANCE_CORRELATION, 0.788),
        (expectations.GAP_CORRELATION, 0.303),
        (expectations.RATIO_CORRELATION, 0.266),
        (expectations.DISCONFIRMATION_RELIABILITY, 0.234),
    ):
        assert found(made, quantity).value == pytest.approx(printed, abs=5e-4), quantity


def test_the_ratio_depends_on_the_coding_and_the_gap_does_not():
    rng = np.random.default_rng(1)
    expected, performed = rng.uniform(4, 8, (60, 2)), rng.uniform(5, 9, (60, 2))
    made = expectations.disconfirmation_estimates(pair_of(expected, performed, rng.normal(size=60)), 1, 200)
    assert found(made, expectations.PERFORMANCE_RATIO).value == pytest.approx(performed.mean() / expected.mean())
    zero = found(made, expectations.PERFORMANCE_RATIO_FROM_ZERO).value
    assert zero == pytest.approx((performed.mean() - 1) / (expected.mean() - 1))
    assert found(made, expectations.DISCONFIRMATION).value == pytest.approx(
        100 / 9 * (performed.mean() - expected.mean())
    )


def test_the_surface_recovers_planted_slopes():
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0, 100, (2, 20_000, 2))
    x, y = (a.mean(axis=1) - 50) / 50, (b.mean(axis=1) - 50) / 50
    satisfied = 50 + 5 * x + 20 * y - 10 * (y - x) ** 2
    known = ExpectationPerformance(a, b, satisfied, np.nan, np.nan, {}, everybody(len(a)))
    made = expectations.disconfirmation_estimates(known, 1, 200)
    values = [found(made, q).value for q in expectations.RESPONSE_SURFACE]
    assert values == pytest.approx([25, 0, 15, -40], abs=1e-6)
    assert found(made, expectations.PERFORMANCE_RATIO).status is Status.NOT_APPLICABLE


def test_gaps_stand_by_the_dimension_of_the_paired_questions(catalogued, surveyed):
    known = catalogued(
        {"item": "e1", "role": "expectation", "pair": "1", "construct": "before"},
        {"item": "p1", "role": "performance", "pair": "1", "construct": "food"},
        {"item": "e2", "role": "expectation", "pair": "2", "construct": "before"},
        {"item": "p2", "role": "performance", "pair": "2", "construct": "seat"},
        {"item": "p3", "role": "performance", "construct": "seat"}, {"item": "s"})
    rows = [(f"r{i:02}", item, float(1 + (i + j) % 5)) for i in range(40) for j, item in enumerate(
        ("e1", "p1", "e2", "p2", "p3", "s"))]
    known_pair = expectations.expectation_performance(surveyed(known, rows), known)
    assert set(known_pair.dimensions) == {"food", "seat"}
    assert known_pair.performed.shape == (40, 2)
    made = expectations.disconfirmation_estimates(known_pair, 1, 200)
    assert found(made, expectations.DISCONFIRMATION, "food").n == 40


def test_without_expectations_it_is_not_applicable_and_with_few_people_too(catalogued, surveyed):
    known = catalogued({"item": "p", "role": "performance"}, {"item": "s"})
    assert (
        expectations.expectation_performance(surveyed(known, [("r", "p", 3)]), known)
        == "no question asks for expectation"
    )
    both = catalogued({"item": "e", "role": "expectation"}, {"item": "p", "role": "performance"}, {"item": "s"})
    reason = expectations.expectation_performance(surveyed(both, [("r", i, 3) for i in "eps"]), both)
    assert reason == "fewer than 10 people answered every question on expectation and performance, 30 are needed"
    assert {e.status for e in expectations.disconfirmation_estimates(reason, 1)} == {Status.NOT_APPLICABLE}


def test_expectation_and_performance_stand_as_they_were_coded():
    rng = np.random.default_rng(1)
    expected, performed = rng.uniform(4, 8, (60, 2)), rng.uniform(5, 9, (60, 2))
    made = expectations.disconfirmation_estimates(pair_of(expected, performed, rng.normal(size=60)), 1, 200)
    assert found(made, expectations.MEAN_EXPECTATION).value == pytest.approx(expected.mean())
    assert found(made, expectations.MEAN_PERFORMANCE).unit == "on 1–10"
