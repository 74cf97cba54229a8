from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.customers import features
from helpers.foundation.errors import InputError
from helpers.value.btyd import baselines, validation
from helpers.value.btyd.bg_nbd import BG_NBD, MBG_NBD
from helpers.value.btyd.pareto_nbd import PARETO_NBD

MODELS = (BG_NBD, MBG_NBD, PARETO_NBD)


@pytest.fixture(scope="module")
def published(session_engine, cdnow_sample):
    history = features.recorded_window(session_engine, cdnow_sample, date(1998, 6, 30))
    return validation.backtest_btyd(session_engine, cdnow_sample, history, MODELS, np.random.default_rng(1))


@pytest.mark.real_data
def test_cdnow_is_held_out_from_the_published_day_on(published):
    # 4,339 repeat orders = 2,457 calibration + 1,882 hold-out: Fader, Hardie & Lee (2005)
    assert (str(published.calibration), published.hold_out.n_days) == ("1997-01-01 to 1997-09-30", 273)
    assert (published.counts.n_repeats, published.happened) == (2457, 1882)
    actual = published.tracking.query("series == 'happened'")
    assert (len(actual), actual["orders"].iloc[-1], actual["orders"].iloc[38]) == (78, 4339, 2457)


@pytest.mark.real_data
@pytest.mark.parametrize(("model", "conditional", "cumulative"), [("BG/NBD", 1653.4, 4160.6),
                                                                   ("Pareto/NBD", 1665.5, 4270.1)])
def test_both_models_forecast_twelve_per_cent_too_few_orders(published, model, conditional, cumulative):
    # eight people without a paid order are no customers here, so that the last digit may differ from the published one
    assert published.total(model).value == pytest.approx(conditional, abs=0.5)
    assert published.error(model) == pytest.approx(-0.12, abs=0.005)
    last = published.tracking.query("series == @model")["orders"].iloc[-1]
    assert last == pytest.approx(cumulative, abs=0.6)


@pytest.mark.real_data
def test_the_figure_of_the_hold_out_ends_where_the_forecast_and_the_orders_do(published):
    last = published.ahead.groupby("series").last()["orders"]
    assert last["happened"] == published.happened
    for model in MODELS:
        assert last[model.name] == pytest.approx(published.total(model.name).value)
    assert published.ahead.groupby("series").size().tolist() == [39] * 4


@pytest.mark.real_data
def test_models_beat_plain_rules_on_cdnow_and_are_not_beaten_by_the_learner(published):
    for model in MODELS:
        assert [
            published.verdict(model.name, rule) for rule in (baselines.PAST_RATE_RULE, baselines.OVERALL_MEAN_RULE)
        ] == ["better"] * 2
        assert published.verdict(model.name, baselines.GBM_BASELINE) != "worse"
    assert published.selected_model() == "Pareto/NBD"


@pytest.mark.real_data
def test_frequency_classes_and_deciles_hold_everybody(published):
    for frame in (published.by_frequency(), published.by_decile()):
        assert frame["n_customers"].sum() == published.counts.n_customers
        assert frame["n_customers"] @ frame["happened"] == pytest.approx(1882)
    table = published.table()
    assert not table.duplicated(["quantity", "segment"]).any()
    assert table.query("quantity == 'orders_forecast' and segment == 'BG/NBD'")["low"].notna().all()
    error = table.set_index(["quantity", "segment"]).at[(validation.HOLDOUT_ERROR, "all"), "value"]
    assert error == pytest.approx(1_665.12 / 1_882 - 1, abs=1e-4)  # Pareto/NBD


def test_ranks_of_counted_customers_equal_those_of_single_ones():
    from scipy import stats

    rng = np.random.default_rng(2)
    a, b, n = rng.integers(0, 5, 40) * 1.0, rng.integers(0, 4, 40) * 1.0, rng.integers(1, 4, 40)
    expected = stats.spearmanr(np.repeat(a, n), np.repeat(b, n)).statistic
    assert baselines.spearman_correlation(a, b, n) == pytest.approx(expected)
    assert baselines.normalised_gini(b, b, n) == pytest.approx(1)
    assert baselines.normalised_gini(-b, b, n) == pytest.approx(-1)
    assert np.isnan(baselines.spearman_correlation(np.ones(40), b, n))
    assert np.isnan(baselines.normalised_gini(a, np.zeros(40), n))


def test_a_tie_is_a_paired_interval_that_holds_zero(trial):
    assert trial([1.0, 1, 1, 1], [1.2, 0.8, 1.2, 0.8]).verdict("one", "other") == "tie"
    assert trial([1.0, 1, 1, 1], [3.0, 3.1, 3, 3]).verdict("one", "other") == "better"
    assert trial([3.0, 3.1, 3, 3], [1.0, 1, 1, 1]).verdict("one", "other") == "worse"


@pytest.fixture
def trial():
    def make(one, other):
        from helpers.customers.windows import TimeWindow
        from helpers.value.btyd.frequency_recency import FrequencyRecency

        week = TimeWindow(date(2024, 1, 1), date(2024, 2, 1))
        counts = FrequencyRecency(*np.array([[0.0, 1, 2, 3], [0, 1, 2, 3], [5, 5, 5, 5], [1, 1, 1, 1]]))
        return validation.Backtest(week, week, counts, np.array([1.1, 0.9, 1.1, 0.9]), (),
                             {"one": np.array(one), "other": np.array(other)}, {}, pd.DataFrame(), pd.DataFrame())
    return make


def test_a_hold_out_in_which_nobody_bought_is_said_to_have_no_error(session_engine, transactions):
    rows = [{"customer_id": f"c{i % 60}", "ordered_at": f"2024-01-{1 + i % 28:02}", "amount": 10} for i in range(300)]
    table = transactions([*rows, {"customer_id": "late", "ordered_at": "2024-04-30", "amount": 5}])
    history = features.recorded_window(session_engine, table, date(2024, 4, 30))
    found = validation.backtest_btyd(session_engine, table, history, MODELS, np.random.default_rng(1))
    assert found.happened == 0
    assert np.isnan(found.error(baselines.OVERALL_MEAN_RULE))
    assert "nothing varies" in set(found.table()["reason"])


def test_eight_weeks_are_the_least_that_bears_a_hold_out():
    from helpers.customers.windows import TimeWindow

    assert validation.calibration_cutoff(TimeWindow(date(2024, 1, 1), date(2024, 2, 24))) is None
    assert validation.calibration_cutoff(TimeWindow(date(2024, 1, 1), date(2024, 2, 25))) == date(2024, 1, 28)
    assert validation.calibration_cutoff(TimeWindow(date(1824, 1, 1), date(2024, 12, 31))) == date(2024, 1, 1)


def test_a_history_that_bears_no_hold_out_is_not_back_tested(session_engine, transactions):
    table = transactions([{"customer_id": "a", "ordered_at": "2024-01-01", "amount": 5}])
    history = features.recorded_window(session_engine, table, date(2024, 2, 24))
    with pytest.raises(InputError, match="55 days bear no hold-out"):
        validation.backtest_btyd(session_engine, table, history, MODELS, np.random.default_rng(1))


@pytest.mark.real_data
def test_the_error_of_the_hold_out_that_chance_does_not_explain_widens_what_will_come(published):
    off = published.model_error("Pareto/NBD")
    by_chance = published.spread["Pareto/NBD"] / published.happened
    assert off**2 + by_chance**2 == pytest.approx(published.error("Pareto/NBD") ** 2)
    assert 0.08 < off < 0.12
    assert published.model_error("no such model") == 0
