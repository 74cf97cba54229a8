import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.simulation import customer_traits
from helpers.simulation.planted_truth import LAST_DAY
from tests.simulation.simulated import WORLD, logistic, orders, sales, table, within


def channel(company):
    """Return the code of the channel that won each customer."""
    return table(company, "customers")["acquired_channel"].map(customer_traits.SOURCES.index).to_numpy()


def test_purchase_rates_follow_the_planted_gamma_scaled_by_channel(large):
    truth, won = large.truth.customers, channel(large)
    rates = truth["weekly_orders"] / np.exp(np.array(WORLD.channel_rate)[won])
    assert stats.kstest(rates, stats.gamma(WORLD.r, scale=1 / WORLD.alpha).cdf).pvalue > 0.001
    losses = truth["weekly_loss"] / np.exp(np.array(WORLD.channel_loss)[won])
    assert stats.kstest(losses, stats.gamma(WORLD.s, scale=1 / WORLD.beta).cdf).pvalue > 0.001


def test_friends_bring_customers_who_buy_more_and_stay_longer(large):
    truth, won = large.truth.customers, channel(large)
    means = truth.groupby(won)[["weekly_orders", "weekly_loss"]].mean()
    found = np.log(means / means.loc[0])
    assert found["weekly_orders"].to_numpy() == pytest.approx(WORLD.channel_rate, abs=0.07)
    assert found["weekly_loss"].to_numpy() == pytest.approx(WORLD.channel_loss, abs=0.09)


def test_the_catalogue_wins_customers_who_buy_more_often_as_planted(large):
    truth, campaign = large.truth.customers, table(large, "customers")["acquired_campaign"]
    rates = np.log(truth["weekly_orders"]) - np.array(WORLD.channel_rate)[channel(large)]
    often = ((rates - rates.mean()) / rates.std()).to_numpy()
    is_won = campaign.notna().to_numpy()
    beta, error, _ = logistic(np.column_stack([np.ones(is_won.sum()), often[is_won]]),
                              (campaign[is_won] == "autumn catalogue").to_numpy("float64"))
    assert is_won.mean() == pytest.approx(WORLD.share_campaign, abs=0.015)
    assert within(beta[1], WORLD.campaign_pull, error[1])


def test_share_alive_is_that_of_the_pareto_nbd(large):
    joined = table(large, "customers")["joined_on"]
    weeks = (pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=12) - joined) / pd.Timedelta(days=7)
    beta = WORLD.beta * np.exp(-np.array(WORLD.channel_loss)[channel(large)])
    expected = (beta / (beta + weeks)) ** WORLD.s
    found = large.truth.customers["is_alive"]
    assert within(found.mean(), expected.mean(), np.sqrt((expected * (1 - expected)).mean() / len(found)))


def test_repeat_orders_are_those_of_the_pareto_nbd(large):
    truth = large.truth.customers[large.truth.customers["is_buyer"]].set_index("customer_id")
    joined = table(large, "customers").set_index("customer_id")["joined_on"][truth.index]
    weeks = (pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=12) - joined) / pd.Timedelta(days=7)
    won = channel(large)[large.truth.customers["is_buyer"].to_numpy()]
    r, alpha = WORLD.r, WORLD.alpha * np.exp(-np.array(WORLD.channel_rate)[won])
    s, beta = WORLD.s, WORLD.beta * np.exp(-np.array(WORLD.channel_loss)[won])
    # Schmittlein, Morrison & Colombo 1987, equation 17: expected orders of a new customer
    expected = r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + weeks)) ** (s - 1))
    usual = orders(large).drop(large.truth["enrolment_orders"]["order_id"])
    repeats = usual.groupby("customer_id").size()[truth.index] - 1
    assert within(repeats.mean(), expected.mean(), (repeats - expected).std() / np.sqrt(len(repeats)))


def test_orders_stop_when_the_customer_is_lost(default):
    truth = default.truth.customers.set_index("customer_id")
    joined = table(default, "customers").set_index("customer_id")["joined_on"]
    lost = joined + pd.to_timedelta(np.minimum(7 * truth["life_weeks"], 4000) + 1, unit="D")
    last = orders(default).groupby("customer_id")["at"].max()
    assert (last.dt.normalize() <= lost[last.index]).all()


def test_mean_order_value_is_that_of_the_gamma_gamma_model(large):
    values = orders(large).groupby("customer_id")["value"].mean()
    assert within(values.mean(), WORLD.mean_order_value, values.std() / np.sqrt(len(values)))
    known = large.truth.customers.set_index("customer_id")["mean_order_value"][values.index]
    assert np.corrcoef(np.log(values), np.log(known))[0, 1] > 0.8


def test_drivers_of_loss_are_tied_to_it_as_planted(large):
    truth = large.truth.customers
    losses = truth["weekly_loss"] / np.exp(np.array(WORLD.channel_loss)[channel(large)])
    normal = stats.norm.ppf(stats.gamma(WORLD.s, scale=1 / WORLD.beta).cdf(losses))
    planted = WORLD.drivers
    for name, rho in (("satisfaction", planted.satisfaction), ("trouble", planted.trouble),
                      ("price_sensitivity", planted.price)):
        assert np.corrcoef(truth[name], normal)[0, 1] == pytest.approx(rho, abs=0.025), name


def test_drivers_of_loss_show_in_what_is_recorded(large):
    truth = large.truth.customers[large.truth.customers["is_buyer"]].set_index("customer_id")
    joined = table(large, "customers").set_index("customer_id")["joined_on"]
    early = truth[(joined[truth.index] < "2024-07-01").to_numpy()]
    before = orders(large)[lambda o: o["at"] < "2025-01-01"]
    cases = table(large, "cases")[lambda c: c["opened_at"] < "2025-01-01"].groupby("customer_id").size()
    seen = before.groupby("customer_id").agg(promoted=("is_promotion", "mean"), n=("at", "size"), last=("at", "max"))
    seen = seen[seen.index.isin(early.index) & (seen["last"] >= "2024-07-01")]
    is_lost = ~seen.index.isin(orders(large)[lambda o: o["at"] >= "2025-01-01"]["customer_id"])
    x = np.column_stack([np.ones(len(seen)), np.log(seen["n"]), seen["promoted"],
                         cases.reindex(seen.index).fillna(0), truth["satisfaction"][seen.index]]).astype(float)
    beta, error, _ = logistic(x, is_lost.astype(float))
    assert (np.abs(beta / error)[2:] > 2.5).all()
    assert (np.sign(beta[2:]) == [1, 1, -1]).all()


def test_amounts_are_quantity_times_price_less_discount_to_the_cent(default):
    lines = sales(default)
    made = (100 * (lines["quantity"] * lines["list_price"] - lines["discount"])).round()
    assert (made == (100 * lines["amount"]).round()).all()
    lines = table(default, "transactions")
    assert (lines.loc[lines["kind"] == "refund", "amount"] < 0).all()
