import numpy as np
import pytest
import statsmodels.api as sm

from helpers.stats import bootstrap, linearity, relative_importance


def rated(n=600, k=3, seed=1, step=0.0):
    rng = np.random.default_rng(seed)
    x = rng.choice([0.0, 25.0, 50.0, 75.0, 100.0], (n, k))
    y = x @ np.linspace(0.3, 0.1, k) + step * (x[:, 0] == 100) + rng.normal(0, 10, n)
    return x, y, rng.uniform(0.5, 2.0, n)


def test_the_robust_fit_and_its_test_are_those_of_statsmodels():
    x, y, weights = rated(step=10)
    lines, marks = np.column_stack([np.ones(len(x)), x]), linearity.category_marks(x[:, 0])
    fit = sm.WLS(y, np.column_stack([lines, marks]), weights=weights).fit(cov_type="HC3", use_t=True)
    beta, covariance = linearity.robust_fit(np.column_stack([lines, marks]), y, weights)
    np.testing.assert_allclose(beta, fit.params, rtol=1e-9)
    np.testing.assert_allclose(covariance, fit.cov_params(), rtol=1e-9)
    expected = float(fit.f_test(np.eye(7)[4:]).pvalue)
    assert linearity.robust_f_test(lines, marks, y, weights) == pytest.approx(expected, rel=1e-6)


def test_a_step_fails_the_test_and_straight_lines_keep_its_level():
    x, y, weights = rated(step=30)
    found = linearity.linearity_test(x, y, weights)
    assert found.fails.tolist() == [True, False, False]
    assert found.gains[0] > 0.05
    lines = [rated(n=250, seed=seed) for seed in range(200)]
    rejected = [np.nanmin([1.0, *linearity.linearity_test(*one).p_values]) < 0.05 for one in lines]
    assert np.mean(rejected) <= 0.08


def test_a_bend_that_hardly_matters_stays_a_line_however_many_people_there_are():
    x, y, weights = rated(n=60_000, step=2)
    found = linearity.linearity_test(x, y, weights)
    assert 0.0005 < found.gains[0] < linearity.LEAST_GAIN
    marks = linearity.category_marks(x[:, 0])
    assert linearity.robust_f_test(np.column_stack([np.ones(len(x)), x]), marks, y, weights) < 1e-10
    assert not found.fails.any()


def test_a_column_that_goes_with_one_that_bends_is_a_line():
    rng = np.random.default_rng(3)
    wifi = rng.choice([0.0, 25.0, 50.0, 75.0, 100.0], 3000)
    booking = np.clip(wifi + rng.choice([-25.0, 0.0, 0.0, 0.0, 25.0], 3000), 0, 100)
    y = 80.0 * (wifi == 100) + rng.normal(0, 10, 3000)
    alone = linearity.linearity_test(booking[:, None], y, np.ones(3000))
    assert alone.fails.all()
    both = linearity.linearity_test(np.column_stack([booking, wifi]), y, np.ones(3000))
    assert both.fails.tolist() == [False, True]


def test_a_column_that_bends_where_another_is_left_out_is_found_and_straight_ones_stay_lines():
    """Shares of R² average over regressions on every part of the columns: there, one stands for the other's bend."""
    rng = np.random.default_rng(3)
    wifi = rng.choice([0.0, 25.0, 50.0, 75.0, 100.0], 3000)
    booking = np.clip(wifi + rng.choice([-25.0, 0.0, 0.0, 0.0, 25.0], 3000), 0, 100)
    seats = rng.choice([0.0, 25.0, 50.0, 75.0, 100.0], 3000)
    x, y, alike = np.column_stack([booking, wifi, seats]), 80.0 * (wifi == 100), np.ones(3000)
    y = y + 0.2 * seats + rng.normal(0, 10, 3000)
    fails = linearity.linearity_test(x, y, alike).fails
    assert linearity.bent_in_parts(x, y, alike, fails).tolist() == [True, True, False]
    assert not linearity.bent_in_parts(x, 0.5 * wifi + rng.normal(0, 10, 3000), alike, np.zeros(3, dtype=bool)).any()

    def shares(bends):
        blocks = [np.column_stack([c, linearity.category_marks(c)]) if b else c[:, None]
                  for c, b in zip(x.T, bends, strict=True)]
        moments = bootstrap.replicate_moments(np.column_stack([*blocks, y]), alike[None])
        found = relative_importance.lmg_shares(moments.correlation, [b.shape[1] for b in blocks])[0]
        return found / found.sum()

    of_one, of_both, of_all = shares(fails), shares([True, True, False]), shares([True] * 3)
    assert of_one[0] < of_all[0] - 0.05, "the line of the one gives its share to the other"
    assert of_both == pytest.approx(of_all, abs=0.002)


def test_rare_answers_join_the_next_and_many_values_make_five_groups():
    rare = np.repeat([0.0, 25.0, 50.0, 75.0, 100.0], [40, 3, 60, 70, 5])
    assert [np.unique(rare[linearity.column_categories(rare) == c]).tolist() for c in range(3)] == [
        [0.0], [25.0, 50.0], [75.0, 100.0]]
    many = np.random.default_rng(1).normal(size=1000)
    assert set(np.bincount(linearity.column_categories(many))) == {200}
    assert linearity.category_marks(np.ones(50)).shape == (50, 0)
    assert np.isnan(linearity.robust_f_test(np.ones((50, 1)), np.empty((50, 0)), np.ones(50), np.ones(50)))


def test_categories_of_a_driver_enter_the_shares_together():
    x, y, weights = rated(step=40)
    marks = linearity.category_marks(x[:, 0])
    columns = np.column_stack([x[:, 0], marks, x[:, 1:], y])
    moments = bootstrap.replicate_moments(columns, weights[None])
    sizes = [4, 1, 1]
    subsets = relative_importance.subset_r2(moments.correlation, sizes)[0]
    design = sm.add_constant(np.column_stack([x[:, 0], marks, x[:, 2]]))  # drivers 0 and 2
    assert subsets[0b101] == pytest.approx(sm.WLS(y, design, weights=weights).fit().rsquared, abs=1e-10)
    shares = relative_importance.lmg_shares(moments.correlation, sizes)[0]
    assert shares.shape == (3,)
    assert shares.sum() == pytest.approx(subsets[-1], abs=1e-12)
    lines = bootstrap.replicate_moments(np.column_stack([x, y]), weights[None])
    assert shares[0] > relative_importance.lmg_shares(lines.correlation)[0, 0] + 0.02


@pytest.mark.real_data
def test_wifi_goes_with_the_satisfaction_of_private_travellers_at_its_best_answer_alone(real_data):
    import zipfile

    import pandas as pd

    with zipfile.ZipFile(real_data / "airline_satisfaction" / "airline_passenger_satisfaction.zip") as box:
        flown = pd.read_csv(box.open("airline_passenger_satisfaction.csv"))
    own = flown[(flown["Type of Travel"] == "Personal") & (flown["In-flight Wifi Service"] > 0)]
    wifi = 25.0 * (own["In-flight Wifi Service"].to_numpy() - 1)
    step = linearity.largest_step(wifi, 100.0 * (own["Satisfaction"] == "Satisfied").to_numpy(), np.ones(len(own)))
    assert (step.start, step.above) == (100.0, 100.0)
    assert step.below < 5
