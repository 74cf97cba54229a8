from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Status
from helpers.loyalty import points_ledger, points_liability, redemption_cohorts
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.points_ledger import PointsLedger

PATTERN, RATE = np.array([0.5, 0.3, 0.2]), 0.6  # share of the redeemed points by age, share of issued ever redeemed


def books(**changes):
    known = {"sums": {"earn": 1.0}, "n_members": 1000, "n_entries": 9000, "first_on": date(2024, 1, 1),
             "last_on": date(2026, 1, 1), "n_early": 0, "n_below_zero": 0, "n_early_below_zero": 0, "n_unearned": 0,
             "n_lots": 10,
             "n_expired_early": 0, "n_wrong_sign": 0, "n_before_joining": 0, "share_of_lots": 1.0, "unit_cost": 0.01}
    return PointsLedger(**known | changes)


def cohorts(m=6, issued=1000.0, noise=0.0, seed=1):
    rng = np.random.default_rng(seed)
    rows = []
    for cohort in range(m):
        rows.append({"cohort": cohort, "age": -1, "issued": issued, "redeemed": 0.0, "expired": 0.0})
        rows += [{"cohort": cohort, "age": age, "issued": 0.0, "expired": 0.0,
                  "redeemed": RATE * issued * p * (1 + noise * rng.standard_normal())}
                 for age, p in enumerate(PATTERN) if age <= cohort]
    return pd.DataFrame(rows)


def made(used, matched=redemption_cohorts.LEDGER_LOTS, assumed=None, **changes):
    return points_liability.project_redemptions(books(**changes), used, matched, 91, assumed or LoyaltyConfig())


def by_name(found, **more):
    return {(e.quantity, e.segment): e for e in points_liability.liability_estimates(found, **more)}


def test_planted_redemption_is_recovered_by_every_method():
    found = made(cohorts())
    table = by_name(found)
    still = RATE * 1000 * (PATTERN[2] + PATTERN[1] + PATTERN[2])
    for segment in ("all", points_liability.BY_BORNHUETTER_FERGUSON, points_liability.BY_BENKTANDER):
        assert table[points_liability.ULTIMATE_REDEMPTION, segment].value == pytest.approx(RATE)
        assert table[points_liability.POINTS_TO_BE_REDEEMED, segment].value == pytest.approx(still)
    assert table[points_liability.PROGRAMME_LIABILITY, "all"].value == pytest.approx(0.01 * still)
    assert table[points_liability.POINTS_BREAKAGE, "all"].value == pytest.approx(1 - RATE)


def test_noise_gives_an_interval_that_holds_the_truth():
    expected = by_name(made(cohorts(10, noise=0.05)))[points_liability.POINTS_TO_BE_REDEEMED, "all"]
    assert expected.low < RATE * 1000 * (PATTERN[2] + PATTERN[1] + PATTERN[2]) < expected.high


def test_no_more_is_redeemed_than_was_issued():
    used = cohorts()
    used.loc[(used["cohort"] == 0) & (used["age"] == 0), "redeemed"] = 950.0
    found = made(used)
    assert all((u <= found.issued).all() for u in found.ultimates.values())


def test_a_ledger_without_opening_balances_has_no_liability_and_says_why():
    found = made(cohorts(), n_early=400, n_below_zero=333, n_early_below_zero=300)
    liability = by_name(found)[points_liability.PROGRAMME_LIABILITY, "all"]
    assert liability.status is Status.NOT_APPLICABLE
    assert "net change only: 400 of 1,000 members joined before" in liability.reason
    assert "333 balances fall below zero, 300 of them of members who joined before" in liability.reason
    assert points_liability.programme_cohort_table(found).empty


@pytest.mark.parametrize(("used", "reason"), [
    (cohorts(1).iloc[:0], "none were ever earned"),
    (cohorts(2), "2 cohorts of issued points, fewer than 3")])
def test_too_little_gives_its_reason(used, reason):
    assert reason in by_name(made(used))[points_liability.ULTIMATE_REDEMPTION, "all"].reason


def test_a_point_without_a_cost_leaves_the_liability_in_points():
    table = by_name(made(cohorts(), unit_cost=float("nan")))
    assert "point_cost" in table[points_liability.PROGRAMME_LIABILITY, "all"].reason
    assert table[points_liability.POINTS_TO_BE_REDEEMED, "all"].status is Status.OK
    priced = made(cohorts(), assumed=LoyaltyConfig(point_cost=0.02), unit_cost=float("nan"))
    assert by_name(priced)[points_liability.PROGRAMME_LIABILITY, "all"].status is Status.OK


def test_what_is_expected_beforehand_moves_bornhuetter_ferguson_alone():
    table = by_name(made(cohorts(), assumed=LoyaltyConfig(expected_redemption=0.9)))
    assert table[points_liability.ULTIMATE_REDEMPTION, "all"].value == pytest.approx(RATE)
    other, between = (
        table[points_liability.ULTIMATE_REDEMPTION, m].value
        for m in (points_liability.BY_BORNHUETTER_FERGUSON, points_liability.BY_BENKTANDER)
    )
    assert other > between > RATE


def test_first_in_first_out_is_qualified_and_last_in_first_out_stands_beside():
    found = made(cohorts(), redemption_cohorts.FIFO_LOTS, share_of_lots=0.2)
    assert {g.gate for g in points_liability.liability_gates(found) if g.is_crossed} == {"lots by assumption"}
    assert points_liability.liability_gates(made(cohorts()))[0].is_crossed is False
    beside = by_name(found, sensitivity=made(cohorts(noise=0.1), redemption_cohorts.LIFO_LOTS))
    assert beside[points_liability.PROGRAMME_LIABILITY, redemption_cohorts.LIFO_LOTS].status is Status.OK


def test_redemption_that_still_grows_at_the_last_age_is_qualified_where_points_do_not_expire():
    used = cohorts(3)
    gates = {g.gate: g for g in points_liability.liability_gates(made(used, n_lots=0))}
    assert gates["cohorts still in use at the end"].is_crossed
    assert not {g.gate: g for g in points_liability.liability_gates(made(used))}[
        "cohorts still in use at the end"
    ].is_crossed


def test_the_triangle_is_shown_as_shares_and_the_table_holds_every_cohort():
    found = made(cohorts())
    shown = points_liability.cohort_share_triangle(found)
    assert shown.iloc[0].to_list() == pytest.approx([0.3, 0.48, 0.6, 0.6, 0.6, 0.6])
    assert np.isnan(shown.iloc[-1, 1])
    assert points_liability.programme_cohort_table(found)["issued"].sum() == 6000


@pytest.mark.parametrize(("assumed", "cost", "is_constant", "counted"), [
    (LoyaltyConfig(), 0.010000000000000037, True, (0.01, "profile")),
    (LoyaltyConfig(), 0.01, False, (0.01, "ledger")),
    (LoyaltyConfig(point_cost=0.02), 0.01, True, (0.02, "study")),
    (LoyaltyConfig(), float("nan"), False, (None, "default")),
])
def test_the_cost_of_a_point_that_is_counted_with_says_what_sets_it(assumed, cost, is_constant, counted):
    found = points_ledger.with_point_cost(assumed, books(unit_cost=cost), is_constant)
    assert (found.point_cost, found.set_by("point_cost")) == counted
    assert found.table().set_index("assumption").loc["point_cost", "set_by"] == counted[1]
