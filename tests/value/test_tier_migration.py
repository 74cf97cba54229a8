from datetime import date

import numpy as np
import pytest

from helpers.customers import features
from helpers.customers.windows import latest_comparison
from helpers.value import tier_migration
from helpers.value.config import ValueConfig

TIERS = ValueConfig().tiers

OLD = {"customer_id": "old", "ordered_at": "2023-12-01", "amount": 1}  # so that either period is a year


@pytest.mark.real_data
def test_of_the_top_tier_of_cdnow_37_9_per_cent_are_top_again(session_engine, cdnow_master):
    # recomputed from the published master file, first nine months and the next nine
    history = features.recorded_window(session_engine, cdnow_master, date(1998, 6, 30))
    found = tier_migration.migrate_tiers(session_engine, cdnow_master, latest_comparison(history), TIERS, 0.3)
    stayed = found.share_in_same_tier("top")
    assert (round(stayed.value, 3), stayed.n) == (0.379, 235)
    assert found.regression_to_mean().iloc[0]["ratio"] < 1
    assert found.counts.sum().sum() == 23500


@pytest.fixture
def moved(session_engine, transactions):
    def make(rows, tiers=TIERS):
        table = transactions(rows)
        periods = latest_comparison(features.recorded_window(session_engine, table, date(2025, 12, 31)))
        return tier_migration.migrate_tiers(session_engine, table, periods, tiers, 1.0, "too short")
    return make


def test_everybody_of_the_first_period_is_followed_once(moved):
    rows = [{"customer_id": f"c{i:02}", "ordered_at": "2024-03-01", "amount": 100 + i} for i in range(40)]
    rows += [{"customer_id": f"c{i:02}", "ordered_at": "2025-03-01", "amount": 100 + i} for i in range(20)]
    rows += [{"customer_id": "new", "ordered_at": "2025-04-01", "amount": 900}, OLD]
    found = moved(rows, {"upper": 0.5, "lower": 0.5})
    assert found.counts.to_numpy().tolist() == [[0, 0, 20], [20, 0, 0]]
    assert found.shares().to_numpy().sum() == pytest.approx(2)
    table = found.table()
    assert table.query("segment == 'upper → bought nothing'")["value"].tolist() == [1]
    assert table.query("segment == 'upper' and quantity == 'mean_margin_after'")["value"].tolist() == [0]


def test_the_fall_of_the_best_is_the_expected_one_where_only_luck_changes(moved):
    rng = np.random.default_rng(2)
    usual = rng.gamma(2, 50, 4000)
    rows = [{"customer_id": f"c{i:04}", "ordered_at": day, "amount": round(usual[i] * rng.gamma(2, 0.5), 2) + 0.01}
            for day in ("2024-03-01", "2025-03-01") for i in range(4000)] + [OLD]
    found = moved(rows, {"upper": 0.2, "lower": 0.8}).regression_to_mean().set_index("tier")
    assert found.loc["upper", "ratio"] < 0.8
    assert found.loc["lower", "ratio"] > 1.2
    assert found["expected_ratio"].to_numpy() == pytest.approx(found["ratio"].to_numpy(), rel=0.12)


def test_a_fall_beyond_luck_is_larger_than_the_expected_one(moved):
    rng = np.random.default_rng(3)
    usual = rng.gamma(2, 50, 600)
    fell = np.where(usual > np.quantile(usual, 0.8), 0.5, 1.0)  # the best were treated badly in between
    rows = [{"customer_id": f"c{i:03}", "ordered_at": day, "amount": round(usual[i] * part[i] * rng.gamma(8, 1 / 8), 2)}
            for day, part in (("2024-03-01", np.ones(600)), ("2025-03-01", fell)) for i in range(600)] + [OLD]
    found = moved(rows, {"upper": 0.2, "lower": 0.8}).regression_to_mean().set_index("tier")
    assert found.loc["upper", "ratio"] < found.loc["upper", "expected_ratio"] - 0.15


def test_few_customers_are_not_published(moved):
    rows = [{"customer_id": "a", "ordered_at": day, "amount": 5} for day in ("2023-11-01", "2024-05-01", "2025-05-01")]
    found = moved(rows)
    assert found.share_in_same_tier("top").reason == "fewer than 10 customers"
    assert found.shares().empty


def test_without_two_periods_the_reason_stands(session_engine, transactions):
    found = tier_migration.migrate_tiers(
        session_engine, transactions([]), None, TIERS, 1.0, "no transactions are recorded"
    )
    assert found.table()["reason"].tolist() == ["no transactions are recorded"]
    assert found.regression_to_mean().empty
