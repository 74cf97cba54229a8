import numpy as np
import pytest

from helpers.value.btyd import covariates, fitting
from helpers.value.btyd.bg_nbd import BG_NBD, MBG_NBD
from helpers.value.btyd.frequency_recency import FrequencyRecency, collapse_equal_customers
from helpers.value.btyd.pareto_nbd import PARETO_NBD

MODELS = pytest.mark.parametrize("model", [BG_NBD, MBG_NBD, PARETO_NBD], ids=lambda m: m.name)


def group(n, seed, alpha=9.0, beta=20.0):
    """Return customers by the assumptions of Pareto/NBD with r = 1 and s = .8."""
    rng = np.random.default_rng(seed)
    age = rng.integers(140, 540, n) / 7
    stays = np.minimum(rng.exponential(1 / rng.gamma(0.8, 1 / beta, n)), age)
    x = rng.poisson(rng.gamma(1, 1 / alpha, n) * stays)
    return collapse_equal_customers(x, np.where(x > 0, np.rint(7 * stays * rng.beta(np.maximum(x, 1), 1)) / 7, 0), age)


@pytest.fixture(scope="module")
def planted():
    groups = {"search": group(2500, 1), "friends": group(1500, 2, alpha=9 / 1.6), "street": group(1200, 3, beta=10.0)}
    return covariates.fit_by_group(PARETO_NBD, groups)


def test_planted_ratios_of_rates_are_found_again(planted):
    found = {(e.quantity, e.segment): e for e in planted.estimates()}
    for quantity, group, truth in [("rate_of_buying", "friends", 1.6), ("rate_of_buying", "street", 1.0),
                                   ("rate_of_leaving", "friends", 1.0), ("rate_of_leaving", "street", 2.0)]:
        e = found[quantity, f"Pareto/NBD: {group}"]
        assert e.low < truth < e.high
        assert e.high / e.low < 1.6
    assert planted.p_value < 1e-12
    assert planted.groups == ("search", "friends", "street")


def test_the_parameters_of_a_group_scale_and_a_group_that_is_not_known_has_the_first_ones(planted):
    base, friends = planted.values("search"), planted.values("friends")
    assert friends[[0, 2]] == pytest.approx(base[[0, 2]])
    assert base[1] / friends[1] == pytest.approx(np.exp(planted.at[4]))
    assert planted.values("nobody") == pytest.approx(base)


@MODELS
def test_groups_that_are_alike_do_not_differ(model):
    found = covariates.fit_by_group(model, {"a": group(1500, 5), "b": group(1500, 6)})
    assert found.reason == ""
    assert found.p_value > 0.01
    assert found.ratio >= 0


@MODELS
def test_the_gradient_is_the_slope_of_the_likelihood(model):
    negative = covariates._negative(model, [group(40, 1), group(30, 2)])
    at = np.array([-0.2, 1.9, -0.1, 1.2, 0.3, -0.4])
    slopes = [(negative(at + h)[0] - negative(at - h)[0]) / 2e-6 for h in 1e-6 * np.eye(6)]
    assert negative(at)[1] == pytest.approx(slopes, rel=1e-5, abs=1e-4)


def test_leaving_sooner_is_above_one_in_every_model():
    groups = {"stay": group(2500, 1, beta=40.0), "go": group(2500, 2, beta=8.0)}
    for model in (BG_NBD, MBG_NBD, PARETO_NBD):
        ratio = next(e for e in covariates.fit_by_group(model, groups).estimates() if e.quantity == "rate_of_leaving")
        assert (ratio.low > 1) == (ratio.segment.endswith("go"))


def test_small_groups_count_with_the_largest_one():
    found = covariates.fit_by_group(MBG_NBD, {"a": group(900, 1), "b": group(800, 2), "tiny": group(20, 3)})
    assert (found.groups, found.n) == (("a", "b"), (920, 800))


@pytest.mark.parametrize("groups", [{"a": group(900, 1)}, {"a": group(900, 1), "tiny": group(20, 3)}, {}], ids=len)
def test_one_group_alone_says_why_there_is_nothing_to_compare(groups):
    empty = FrequencyRecency(*(np.empty(0),) * 4)
    found = covariates.fit_by_group(MBG_NBD, groups or {"a": empty})
    assert found.reason
    assert found.table()["status"].tolist() == ["insufficient"]
    assert fitting.fit_btyd(MBG_NBD, empty).reason == "no repeat buyers"
