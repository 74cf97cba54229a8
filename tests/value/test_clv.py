from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.value import clv
from helpers.value.btyd import fitting, frequency_recency, gamma_gamma
from helpers.value.btyd.bg_nbd import MBG_NBD
from helpers.value.btyd.pareto_nbd import PARETO_NBD

END = date(2025, 12, 31)


@pytest.fixture(scope="module")
def bought():
    """Lines of 600 customers by the assumptions of the models: MBG/NBD and gamma-gamma."""
    rng = np.random.default_rng(8)
    rows = []
    for i in range(600):
        first = rng.integers(0, 300)
        rate, leaves, unit = rng.gamma(0.9, 1 / 60), rng.beta(1.0, 4.0), rng.gamma(4.0, 1 / 12)
        day = first
        while day <= 730:
            rows.append((f"c{i:04d}", day, round(rng.gamma(5.0) / unit, 2) + 0.01))
            day += max(1, round(rng.exponential(1 / rate)))
            if rng.random() < leaves:
                break
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return frame.assign(ordered_at=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["day"], "D")).drop(columns="day")


@pytest.fixture
def buyers(session_engine, transactions, bought):
    return session_engine.kept(frequency_recency.buyer_history(transactions(bought), END))


@pytest.fixture(params=[MBG_NBD, PARETO_NBD], ids=lambda m: m.name)
def view(request, session_engine, buyers):
    base = frequency_recency.count_buyers(session_engine, buyers)
    return clv.forecast_clv(
        base,
        fitting.fit_btyd(request.param, base.counts),
        gamma_gamma.fit_gamma_gamma(*frequency_recency.repeat_spend(session_engine, buyers)),
        margin_share=0.4,
        horizon_days=365,
        discount_rate=0.1,
    )


def test_summaries_count_every_buyer_and_all_repeat_spend(session_engine, buyers, bought):
    base = frequency_recency.count_buyers(session_engine, buyers)
    assert base.counts.n_customers == bought["customer_id"].nunique()
    days = bought.groupby(["customer_id", bought["ordered_at"]])["amount"].sum().reset_index()
    again = days[days.duplicated("customer_id")]
    assert base.repeat_spend.sum() == pytest.approx(again["amount"].sum())
    assert base.counts.n_repeats == len(again)


def test_values_in_the_engine_equal_values_row_by_row(session_engine, buyers, view):
    found = session_engine.frame(clv.clv_by_customer(session_engine, buyers, view).order_by("customer_id"))
    who = session_engine.frame(buyers.order_by("customer_id"))
    x, last, age = (who[c].to_numpy("float64") for c in frequency_recency.FREQUENCY_RECENCY_KEY)
    one = frequency_recency.FrequencyRecency(x, last / 7, age / 7, np.ones(len(who)))
    fit = view.fit
    assert found["p_alive"].to_numpy() == pytest.approx(fit.model.p_alive(one, fit.values), abs=1e-12)
    orders = fit.model.p_alive(one, fit.values) * fit.model.expected_if_alive(one, fit.values, 365 / 7)
    assert found["expected_orders"].to_numpy() == pytest.approx(orders, rel=1e-9)
    money = view.spend.expected(one.x, who["repeat_spend"].to_numpy())
    assert (found["expected_value"] < 0.4 * orders * money).all()
    assert (found["expected_value"] > 0.4 * orders * money / 1.1).all()
    assert ((found["expected_value_low"] < found["expected_value"])
            & (found["expected_value"] < found["expected_value_high"])).all()


def test_no_value_within_the_horizon_is_above_that_of_a_year_in_which_the_customer_stays(session_engine, buyers, view):
    found = session_engine.frame(clv.clv_by_customer(session_engine, buyers, view))
    assert (found["expected_value"] <= found["yearly_value_if_kept"]).all()
    assert (found["expected_orders"] <= found["yearly_orders_if_kept"]).all()
    assert (found["yearly_value_if_kept_sd"] ** 2 * found["yearly_orders_if_kept"]
            > found["yearly_value_if_kept"] ** 2).all()  # more than chance alone: the rate is not known either


def test_a_rate_of_another_model_leaves_nobody_with_less_than_is_expected(session_engine, buyers, view):
    pareto = fitting.fit_btyd(PARETO_NBD, view.base.counts)
    found = session_engine.frame(clv.clv_by_customer(session_engine, buyers, replace(view, rate_fit=pareto)))
    assert (found["expected_orders"] <= found["yearly_orders_if_kept"]).all()
    assert (found["expected_value"] <= found["yearly_value_if_kept"]).all()
    mean, _ = PARETO_NBD.rate_moments(view.base.counts, pareto.values)
    assert found["yearly_orders_if_kept"].sum() == pytest.approx(view.base.counts.n @ mean * 365.25 / 7, rel=0.02)


def test_equity_is_the_sum_of_values_and_its_intervals_nest(session_engine, buyers, view):
    sums = clv.clv_totals(session_engine, buyers, view, np.random.default_rng(2))
    values = session_engine.frame(clv.clv_by_customer(session_engine, buyers, view))["expected_value"]
    assert sums.equity.value == pytest.approx(values.sum())
    assert sums.realised.low < sums.equity.low < sums.equity.value < sums.equity.high < sums.realised.high
    assert sums.orders.low < sums.orders.value < sums.orders.high
    assert len(sums.limits) == len(values)
    assert (sums.limits["realised_low"] <= sums.limits["realised_high"]).all()


def test_equal_seeds_give_equal_limits_and_others_do_not(session_engine, buyers, view):
    first, again, other = (clv.clv_totals(session_engine, buyers, view, np.random.default_rng(s)) for s in (2, 2, 3))
    pd.testing.assert_frame_equal(first.limits, again.limits)
    assert not first.limits.equals(other.limits)


def test_more_customers_than_are_drawn_have_totals_but_no_limits(session_engine, buyers, view, monkeypatch):
    whole = clv.clv_totals(session_engine, buyers, view, np.random.default_rng(2))
    monkeypatch.setattr(clv, "MAX_SIMULATED", 300)
    part = clv.clv_totals(session_engine, buyers, view, np.random.default_rng(2))
    assert part.limits.empty
    width = [t.realised.high - t.realised.low for t in (whole, part)]
    assert width[1] == pytest.approx(width[0], rel=0.4)


def test_discounting_lowers_value_and_nothing_else(session_engine, buyers, view):
    base = view.base
    plain = clv.forecast_clv(base, view.fit, view.spend, margin_share=0.4, horizon_days=365, discount_rate=0.0)
    assert plain.present == pytest.approx(plain.orders)
    assert (view.present < plain.present).all()
    assert plain.p_alive == pytest.approx(view.p_alive)
