import numpy as np
import pytest

from helpers.foundation.results import Status
from helpers.reporting.text.satisfaction_drivers import driver_drift_sentence
from helpers.satisfaction import driver_drift, ecsi_model, expectations
from helpers.satisfaction.config import SatisfactionConfig
from helpers.stats.survey_weights import WeightedSample


def planted(n=6000, step=0.30, seed=2):
    rng = np.random.default_rng(seed)
    experience = rng.normal(size=n)
    a = rng.normal(size=n) + 0.3 * experience
    b = experience + 0.7 * rng.normal(size=n)
    after = a + step * (b - a) + 0.3 * rng.normal(size=n)
    asked = [x[:, None] + 0.8 * rng.normal(size=(n, 3)) for x in (a, b, after)]
    return expectations.ExpectationSteps(np.arange(n), *asked)


def test_errors_in_variables_find_the_planted_step_that_plain_regression_overstates():
    corrected, plain = expectations.expectation_updating_estimates(planted(), "", 1, 200)
    assert corrected.value == pytest.approx(0.30, abs=0.02)
    assert corrected.low < 0.30 < corrected.high
    assert plain.low > 0.32
    assert "biased upward" in plain.quantity


def test_without_identification_the_reason_is_given_and_with_few_people_too():
    (missing,) = expectations.expectation_updating_estimates(None, "one wave", 1)
    assert (missing.status, missing.reason) == (Status.NOT_APPLICABLE, "not identified: one wave")
    (few,) = expectations.expectation_updating_estimates(planted(12), "", 1)
    assert few.status is Status.INSUFFICIENT
    assert few.reason == "12 people with steps between waves, 30 are needed"


def courses(kind, n=12):
    weight = np.full(n, 0.3)
    if kind == driver_drift.GRADUAL_DRIFT:
        weight = np.linspace(0.2, 0.6, n)
    if kind == driver_drift.ABRUPT_DRIFT:
        weight = np.where(np.arange(n) >= 7, 0.6, 0.2)
    noise = np.random.default_rng(5).normal(0, 0.02, n)
    return (weight + noise)[:, None], np.full((n, 1), 0.02)


@pytest.mark.parametrize("kind", [driver_drift.STEADY_DRIFT, driver_drift.GRADUAL_DRIFT, driver_drift.ABRUPT_DRIFT])
def test_the_planted_course_of_a_weight_is_recognised(kind):
    waves = [f"w{i:02}" for i in range(12)]
    (found,) = driver_drift.weight_drifts(["Quality"], waves, *courses(kind))
    assert found.kind == kind
    assert ("w07" in found.since) == (kind == driver_drift.ABRUPT_DRIFT)


def test_two_hundred_waves_are_no_trouble():
    waves = [str(i) for i in range(200)]
    (found,) = driver_drift.weight_drifts(["Quality"], waves, *courses(driver_drift.GRADUAL_DRIFT, 200))
    assert found.kind == driver_drift.GRADUAL_DRIFT
    assert found.moved == pytest.approx(0.4, abs=0.03)


def test_a_wave_in_which_a_driver_does_not_vary_or_follows_from_another_has_no_weights():
    columns = np.random.default_rng(4).normal(size=(60, 3))
    rows = WeightedSample(np.arange(60), np.ones(60), None)
    beta, error = driver_drift._wave_regression(columns, rows)
    assert (beta.shape, error.shape) == ((2,), (2,))
    constant, doubled = columns.copy(), columns.copy()
    constant[:, 0], doubled[:, 0] = 3.0, 2 * columns[:, 1]
    assert driver_drift._wave_regression(constant, rows) is None
    assert driver_drift._wave_regression(doubled, rows) is None


def ends(first, last, n=12):
    """Return weights of two drivers by wave, the first steady; the second's in the first half and in the second."""
    moved = np.where(np.arange(n) < n // 2, first, last)
    noise = np.random.default_rng(3).normal(0, 0.03, (n, 2))
    return np.column_stack([np.full(n, 0.4), moved]) + noise, np.full((n, 2), 0.03)


@pytest.mark.parametrize(("first", "last", "said"), [
    (0.0, 0.35, "Service has come to count ("), (0.35, 0.0, "Service no longer counts ("), (0.3, 0.3, ""),
    (0.2, 0.5, "")])
def test_a_dimension_that_appears_or_disappears_is_a_change_of_kind_and_said(first, last, said):
    waves = [f"w{i:02}" for i in range(12)]
    found = driver_drift.dimension_changes(["Product", "Service"], waves, *ends(first, last))
    assert driver_drift_sentence(found).startswith(said)
    assert bool(found) == bool(said)
    assert {e.segment for e in found} <= {"Service"}


def test_fewer_than_four_waves_show_no_dimension_that_appears():
    assert driver_drift.dimension_changes(["Product", "Service"], ["a", "b", "c"], *ends(0.0, 0.9, 3)) == []


def test_a_dimension_that_was_asked_in_some_waves_only_is_the_questionnaires_change(catalogued, surveyed):
    known = catalogued({"item": "p", "role": "performance", "construct": "product"},
                       {"item": "q", "role": "performance", "construct": "service"}, {"item": "s"})
    rows = [(f"r{w}{i}", item, 3.0) for w in range(4) for i in range(5) for item in "pqs" if item != "q" or w > 1]
    who = [{"response_id": f"r{w}{i}", "wave": f"w{w}"} for w in range(4) for i in range(5)]
    model = ecsi_model.satisfaction_path_model(known, SatisfactionConfig())
    found = driver_drift.driver_drift_estimates(surveyed(known, rows, who), model, [f"w{i}" for i in range(4)])
    asked = [e for e in found if e.quantity == driver_drift.ASKED_IN_SOME_WAVES]
    assert [(e.segment, e.value, e.n, e.reason) for e in asked] == [("Service", 2, 4, "from wave w2 to wave w3")]
    assert driver_drift_sentence(found) == "Service was asked in some waves only (from wave w2 to wave w3)."
