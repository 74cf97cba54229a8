import numpy as np
import pytest

from helpers.foundation.estimates import Status
from helpers.satisfaction import drift, updating


def planted(n=6000, step=0.30, seed=2):
    rng = np.random.default_rng(seed)
    experience = rng.normal(size=n)
    a = rng.normal(size=n) + 0.3 * experience
    b = experience + 0.7 * rng.normal(size=n)
    after = a + step * (b - a) + 0.3 * rng.normal(size=n)
    asked = [x[:, None] + 0.8 * rng.normal(size=(n, 3)) for x in (a, b, after)]
    return updating.Steps(np.arange(n), *asked)


def test_errors_in_variables_find_the_planted_step_that_plain_regression_overstates():
    corrected, plain = updating.expectation_updating(planted(), "", 1, 200)
    assert corrected.value == pytest.approx(0.30, abs=0.02)
    assert corrected.low < 0.30 < corrected.high
    assert plain.low > 0.32
    assert "biased upward" in plain.quantity


def test_without_identification_the_reason_is_given_and_with_few_people_too():
    (missing,) = updating.expectation_updating(None, "one wave", 1)
    assert (missing.status, missing.reason) == (Status.NOT_APPLICABLE, "not identified: one wave")
    (few,) = updating.expectation_updating(planted(12), "", 1)
    assert few.status is Status.INSUFFICIENT
    assert few.reason == "12 people with steps between waves, 30 are needed"


def courses(kind, n=12):
    weight = np.full(n, 0.3)
    if kind == drift.GRADUAL:
        weight = np.linspace(0.2, 0.6, n)
    if kind == drift.ABRUPT:
        weight = np.where(np.arange(n) >= 7, 0.6, 0.2)
    noise = np.random.default_rng(5).normal(0, 0.02, n)
    return (weight + noise)[:, None], np.full((n, 1), 0.02)


@pytest.mark.parametrize("kind", [drift.STEADY, drift.GRADUAL, drift.ABRUPT])
def test_the_planted_course_of_a_weight_is_recognised(kind):
    waves = [f"w{i:02}" for i in range(12)]
    (found,) = drift.drifts(["Quality"], waves, *courses(kind))
    assert found.kind == kind
    assert ("w07" in found.since) == (kind == drift.ABRUPT)


def test_two_hundred_waves_are_no_trouble():
    waves = [str(i) for i in range(200)]
    (found,) = drift.drifts(["Quality"], waves, *courses(drift.GRADUAL, 200))
    assert found.kind == drift.GRADUAL
    assert found.moved == pytest.approx(0.4, abs=0.03)
