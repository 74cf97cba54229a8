from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.foundation.errors import InputError
from helpers.foundation.results import Status
from helpers.foundation.study_config import validate_model
from helpers.value import historical_value, rfm, tiers
from helpers.value.config import ValueConfig

END = date(2026, 3, 31)
CUTS = {"top": 0.01, "upper": 0.04, "middle": 0.15, "base": 0.8}


@pytest.fixture
def valued(session_engine, transactions, subscriptions):
    def make(rows, contracts=()):
        return historical_value.historical_customer_value(
            session_engine,
            transactions(rows),
            subscriptions(contracts),
            END,
            margin_rate=1.0,
            assumptions=ValueConfig(),
        )
    return make


@pytest.fixture
def ranked(session_engine):
    def make(money, cuts=CUTS):
        frame = pd.DataFrame({"customer_id": [f"{i:05d}" for i in range(len(money))], "margin": money}).astype(
            {"customer_id": "str", "margin": "float64"})
        table = session_engine.lazy(frame).cast({"margin": "decimal(18,4)"})
        return session_engine.kept(tiers.assign_tiers(table, "margin", cuts))
    return make


def sizes(engine, table):
    counts = table.group_by("tier_rank", "tier").aggregate(n=table.count())
    return engine.arrow(counts.order_by("tier_rank"))["n"].to_pylist()


@pytest.mark.parametrize(("n", "expected"), [(1000, [10, 40, 150, 800]), (100, [1, 4, 15, 80]), (5, [1, 4]), (1, [1]),
                                             (0, []), (23570, [236, 943, 3535, 18856])])
def test_tiers_have_the_declared_shares_and_a_started_customer_counts_whole(session_engine, ranked, n, expected):
    assert sizes(session_engine, ranked(np.arange(n, 0, -1.0))) == expected


def test_the_best_are_on_top_and_equal_money_is_ranked_by_id(session_engine, ranked):
    table = ranked([1.0, 5.0, 5.0, 9.0], {"top": 0.5, "base": 0.5})
    rows = session_engine.arrow(table.order_by("position")).to_pylist()
    assert [r["customer_id"] for r in rows] == ["00003", "00001", "00002", "00000"]
    assert [r["tier"] for r in rows] == ["top", "top", "base", "base"]


def test_one_tier_holds_everybody(session_engine, ranked):
    assert sizes(session_engine, ranked([1.0, 2.0, 3.0], {"all": 1.0})) == [3]


def test_shares_held_add_up_and_match_their_definition(session_engine, ranked):
    money = np.random.default_rng(1).lognormal(3, 1, 2000).round(2)
    found = tiers.tier_shares(session_engine, ranked(money), 0.2)
    ordered = np.sort(money)[::-1]
    assert sum(e.value for e in found.shares[:-1]) == pytest.approx(1)
    assert found.top_share.value == pytest.approx(ordered[:400].sum() / money.sum())
    assert found.shares[1].value == pytest.approx(ordered[20:100].sum() / money.sum())
    assert found.curve["share_held"].iloc[[0, -1]].tolist() == pytest.approx([0, 1])


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_intervals_of_shares_are_those_of_a_bootstrap(session_engine, ranked, sigma):
    rng = np.random.default_rng(11)
    money = rng.lognormal(3, sigma, 1500).round(2)
    found = tiers.tier_shares(session_engine, ranked(money), 0.2).shares
    again = -np.sort(-money[rng.integers(0, 1500, (1000, 1500))], axis=1)
    bands = [(15, 75), (75, 300), (300, 1500), (0, 300)]
    for estimate, (first, last) in zip(found[1:], bands, strict=True):
        errors = (again[:, first:last].sum(axis=1) / again.sum(axis=1)).std()
        assert (estimate.high - estimate.low) / 2 / 1.96 == pytest.approx(errors, rel=0.15)


def test_intervals_cover_the_true_share(session_engine, ranked):
    truth = 1 - stats.norm.cdf(stats.norm.ppf(0.8) - 0.7)
    hits = 0
    for seed in range(30):
        money = np.random.default_rng(seed).lognormal(3, 0.7, 800)
        held = tiers.shares_by_position(session_engine, ranked(money), "margin", {"best": (0.0, 0.2)})[0]
        hits += held.low <= truth <= held.high
    assert hits >= 26


@pytest.mark.parametrize(("money", "reason"), [
    ([], "no customers"), ([5.0], "one customer only"), ([1.0, -3.0], "nothing is held in total"),
    ([3.0, 2.0, 1.0], "fewer than 10 customers")])
def test_too_few_customers_or_no_money_have_no_share(session_engine, ranked, money, reason):
    found = tiers.tier_shares(session_engine, ranked(money), 0.2)
    assert found.top_share.status is Status.INSUFFICIENT
    assert found.top_share.reason == reason
    assert len(found.reading()) == len(found.tiers)
    assert not found.table().duplicated(["quantity", "segment"]).any()


def test_the_money_of_nobody_is_not_zero_but_unknown(session_engine, ranked):
    told = tiers.tier_shares(session_engine, ranked([])).table().set_index("quantity")
    assert set(told.loc[told["unit"] == "money", "status"]) == {"insufficient"}
    assert told.loc[told["unit"] == "money", "value"].isna().all()


def test_customers_at_a_loss_take_from_the_total(session_engine, ranked):
    money = np.concatenate([np.full(20, 10.0), np.full(80, -1.0)])
    found = tiers.tier_shares(session_engine, ranked(money), 0.2)
    assert found.top_share.value == pytest.approx(200 / 120)


def test_equal_values_share_their_score_whatever_the_order(session_engine, valued):
    rows = [{"customer_id": c, "ordered_at": f"2026-01-{d:02d}", "amount": a}
            for c, d, a in [("a", 1, 1), ("b", 1, 1), ("c", 1, 1), ("d", 1, 1), ("e", 2, 9), ("e", 3, 9)]]
    found = [{r["customer_id"]: (r["recency_score"], r["frequency_score"], r["money_score"])
              for r in session_engine.arrow(valued(given)).to_pylist()} for given in (rows, rows[::-1])]
    assert found[0] == found[1]
    assert {found[0][c] for c in "abcd"} == {(3, 3, 3)}
    assert found[0]["e"] == (5, 5, 5)


def test_five_different_customers_have_the_scores_one_to_five(session_engine, valued):
    rows = [{"customer_id": str(i), "ordered_at": f"2026-01-{i:02d}", "amount": i} for i in range(1, 6)]
    table = session_engine.arrow(valued(rows)).to_pandas().sort_values("customer_id")
    assert table["recency_score"].tolist() == table["money_score"].tolist() == [1, 2, 3, 4, 5]
    assert rfm.count_one_time_buyers(session_engine, valued(rows)) == (5, 5)


def test_the_grid_holds_all_net_sales(session_engine, valued):
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"customer_id": rng.integers(0, 90, 400).astype(str), "amount": rng.integers(1, 99, 400) / 1.0,
                         "ordered_at": pd.Timestamp(2026, 1, 1) + pd.to_timedelta(rng.integers(0, 80, 400), "D")})
    many = pd.concat([rows.assign(customer_id=f"{i}-" + rows["customer_id"]) for i in range(10)])
    grid = rfm.recency_frequency_grid(session_engine, valued(many))
    assert grid.sum().sum() == pytest.approx(1)
    assert grid.index.tolist() == [5, 4, 3, 2, 1]


def test_cells_of_the_grid_with_one_to_nine_customers_are_left_empty(session_engine, valued):
    rows = [{"customer_id": f"{n}-{i}", "ordered_at": f"2026-01-{n:02d}", "amount": n} for n in (2, 6, 20, 30)
            for i in range(n)]
    assert rfm.recency_frequency_grid(session_engine, valued(rows)).notna().sum().sum() == 1


def test_a_customer_with_refunds_only_is_ranked_but_not_scored(session_engine, valued):
    rows = [{"customer_id": "a", "ordered_at": "2026-01-01", "amount": 5},
            {"customer_id": "b", "ordered_at": "2026-01-01", "amount": -5, "kind": "refund"}]
    found = {r["customer_id"]: r for r in session_engine.arrow(valued(rows)).to_pylist()}
    assert found["b"]["recency_score"] is None
    assert found["b"]["tier"] is not None


def test_contracts_rank_customers_where_there_are_no_purchases(session_engine, valued):
    contracts = [{"customer_id": "a", "has_ended": False, "monthly_fee": 10.0, "started_on": date(2025, 3, 31)},
                 {"customer_id": "a", "has_ended": False, "started_on": date(2026, 1, 1)},
                 {"customer_id": "d", "has_ended": False, "started_on": date(2026, 1, 1)},
                 {"customer_id": "a", "has_ended": False, "monthly_fee": 5.5, "started_on": date(2026, 1, 1)},
                 {"customer_id": "b", "has_ended": False, "monthly_fee": 9.0, "started_on": date(2026, 1, 1)},
                 {"customer_id": "c", "has_ended": True, "monthly_fee": 99.0, "started_on": date(2020, 1, 1),
                  "ended_on": date(2025, 1, 1)}]
    found = {r["customer_id"]: r for r in session_engine.arrow(valued([], contracts)).to_pylist()}
    assert (float(found["a"]["monthly_fee"]), found["a"]["position"], found["a"]["age_days"]) == (15.5, 1, 365)
    assert (found["d"]["monthly_fee"], found["d"]["tier"]) == (None, None)
    assert (found["c"]["tier"], found["c"]["last_on"]) == (None, date(2025, 1, 1))
    assert {r["basis"] for r in found.values()} == {"monthly fee"}
    assert tiers.tier_shares(session_engine, valued([], contracts)).total == 24.5


def test_nothing_at_all_gives_an_empty_pyramid(session_engine, valued):
    found = tiers.tier_shares(session_engine, valued([]))
    assert found.n_customers == 0
    assert found.curve.empty
    assert rfm.recency_frequency_grid(session_engine, valued([])).empty
    assert rfm.count_one_time_buyers(session_engine, valued([])) == (0, 0)


@pytest.mark.parametrize("tiers", [{"top": 0.3, "base": 0.6}, {"top": 0.0, "base": 1.0}, {}])
def test_tiers_that_do_not_fill_the_pyramid_are_refused(tiers):
    with pytest.raises(InputError, match="add up to 1"):
        validate_model(ValueConfig, {"tiers": tiers}, "study [value]")


@pytest.mark.real_data
def test_cdnow_master_tiers_hold_the_published_shares(session_engine, valued, cdnow_master, subscriptions):
    # recomputed from the published file: 1/4/15/80 % hold 15.9 / 20.8 / 31.1 / 32.2 % of sales, the top 20 % 67.8 %
    table = historical_value.historical_customer_value(
        session_engine, cdnow_master, subscriptions(), date(1998, 6, 30), margin_rate=0.3, assumptions=ValueConfig()
    )
    found = tiers.tier_shares(session_engine, table)
    assert [round(100 * e.value, 1) for e in found.shares] == [15.9, 20.8, 31.1, 32.2, 67.8]
    assert found.n_customers == 23_570
    assert found.tiers["net_sales"].sum() == pytest.approx(2_500_315.63)
