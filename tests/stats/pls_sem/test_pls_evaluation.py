import numpy as np
import pytest

from helpers.stats import bootstrap
from helpers.stats.confidence_intervals import Interval
from helpers.stats.pls_sem import pls_evaluation
from helpers.stats.pls_sem.measurement_model import MeasurementValidity, validity_gates
from helpers.stats.pls_sem.path_model import PathModel

MODEL = PathModel({"m": ["m1", "m2"], "s": ["s1", "s2"], "l": ["l1", "l2"]}, [("s", "l"), ("m", "l")])


def answers(bend, n=600, seed=1):
    rng = np.random.default_rng(seed)
    m, s = rng.normal(size=(2, n))
    loyal = 0.5 * s + 0.2 * m + bend * m * s + 0.6 * rng.normal(size=n)
    return np.column_stack([x + 0.2 * rng.normal(size=n) for x in (m, m, s, s, loyal, loyal)])


@pytest.mark.parametrize("bend", [0.3, 0.0])
def test_a_planted_product_is_found_and_none_where_there_is_none(bend):
    found = pls_evaluation.moderation_effect(MODEL, answers(bend), ("m", "s", "l"), 300, 1)
    i = bootstrap.percentile_interval(found.product[0], found.product[1:])
    scale = np.sqrt(0.25 + 0.04 + bend**2 + 0.36)  # coefficients are in standard deviations of the end
    assert i.low < bend / scale < i.high
    assert (i.low > 0) == (bend > 0)
    np.testing.assert_allclose(found.where_high - found.where_low, 2 * found.product)


def test_a_bend_is_not_taken_for_a_moderation_by_what_goes_with_it():
    """Loyalty bends with satisfaction, with which the moderator goes: their product alone would tell both."""
    rng = np.random.default_rng(2)
    s = rng.normal(size=800)
    m = 0.7 * s + 0.7 * rng.normal(size=800)
    loyal = 0.5 * s + 0.3 * s**2 + 0.2 * m + 0.6 * rng.normal(size=800)
    columns = np.column_stack([x + 0.2 * rng.normal(size=800) for x in (m, m, s, s, loyal, loyal)])
    found = pls_evaluation.moderation_effect(MODEL, columns, ("m", "s", "l"), 300, 1)
    i = bootstrap.percentile_interval(found.product[0], found.product[1:])
    assert i.low < 0 < i.high
    assert abs(i.value) < 0.1


def test_a_moderator_of_two_answers_has_no_square_of_its_own():
    columns = answers(0.3)
    columns[:, :2] = (columns[:, :1] > 0) * 1.0
    found = pls_evaluation.moderation_effect(MODEL, columns, ("m", "s", "l"), 200, 1)
    assert np.isfinite(found.product).all()
    assert bootstrap.percentile_interval(found.product[0], found.product[1:]).low > 0


def test_blocks_of_replicates_and_weights_of_ones_change_nothing(monkeypatch):
    columns = answers(0.3, 100)
    whole = pls_evaluation.moderation_effect(MODEL, columns, ("m", "s", "l"), 50, 1)
    counts = np.concatenate([np.ones((1, 100)), bootstrap.bootstrap_counts(100, 50, 1)])
    monkeypatch.setattr(pls_evaluation, "CHUNK_SIZE", 700)
    parts = pls_evaluation.moderation_effect(MODEL, columns, ("m", "s", "l"), 50, 9, counts)
    np.testing.assert_allclose(parts.product, whole.product, rtol=1e-6)


@pytest.mark.parametrize(("unsure", "is_told"), [(1, False), (2, True)])
def test_a_construct_of_which_more_than_a_third_of_the_loadings_may_be_nothing_is_told(unsure, is_told):
    items = [f"i{k}" for k in range(4)]
    loading = {item: Interval(0.6, -0.1 if k < unsure else 0.3, 0.8) for k, item in enumerate(items)}
    known = MeasurementValidity({}, {}, (), {}, loading, dict.fromkeys(items, "Image"), 100)
    told = [g.sentence for g in validity_gates(known) if g.gate == "loadings of Image"]
    assert told == ["2 of 4 loadings of Image are not shown to differ from zero; at most 33 % may be."] * is_told
