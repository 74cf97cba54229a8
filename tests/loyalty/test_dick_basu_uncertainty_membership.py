import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Status
from helpers.loyalty import dick_basu_uncertainty
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import classify_loyalty


def test_the_spread_of_rates_is_recovered():
    rng = np.random.default_rng(1)
    n = rng.integers(2, 12, 20_000)
    found = dick_basu_uncertainty.fit_purchase_rates(n, rng.binomial(n, rng.beta(1.5, 4.0, 20_000)))
    assert (found.a, found.b) == pytest.approx((1.5, 4.0), rel=0.1)


def test_more_periods_make_the_same_share_surer():
    found = dick_basu_uncertainty.PurchaseRates(1.0, 1.0)
    few, many = found.above(0.5, np.array([4, 40]), np.array([3, 30]))
    assert 0.5 < few < many


def test_far_from_the_cut_the_kind_is_sure_and_near_it_it_is_not(said, bought, signed):
    attitudes = said({f"c{i:02}": v for i, v in enumerate(np.linspace(20, 100, 40))})
    frame = bought(dict.fromkeys(attitudes.people["customer_id"], 1.0)).assign(n_periods=40, n_active_periods=40)
    people = dick_basu_uncertainty.kind_probabilities(
        classify_loyalty(attitudes, frame, signed(), LoyaltyConfig()), attitudes, LoyaltyConfig()
    )
    chance = people["p_true"].to_numpy()
    assert (np.diff(chance) > 0).all()
    assert chance[0] < 0.05
    assert chance[-1] > 0.95
    assert people[list(dick_basu_uncertainty.PROBABILITY_COLUMNS)].sum(axis=1).to_numpy() == pytest.approx(np.ones(40))


def test_planted_kinds_are_counted_better_by_expectation_than_by_the_cut(said, bought, signed):
    rng = np.random.default_rng(2)
    true = rng.normal(75, 12, 4000)
    answers = true + rng.normal(0, 9, 4000)
    attitudes = said({f"c{i:04}": a for i, a in enumerate(answers)})
    alpha = 12**2 / (12**2 + 9**2)
    attitudes = type(attitudes)(attitudes.people, attitudes.items, type(attitudes.reliability)(
        type(attitudes.reliability.raw)(alpha, alpha, alpha), attitudes.reliability.standardised, 400, 4, 9.0))
    frame = bought(dict.fromkeys(attitudes.people["customer_id"], 1.0)).assign(n_periods=40, n_active_periods=40)
    assumed = LoyaltyConfig(attitude_cut=85.0)
    people = dick_basu_uncertainty.kind_probabilities(
        classify_loyalty(attitudes, frame, signed(), assumed), attitudes, assumed
    )
    truth = (true >= 85).mean()
    assert abs(people["p_true"].mean() - truth) < 0.02 < abs((people["kind"] == "true").mean() - truth)


def test_a_single_question_whose_error_is_not_known_and_one_side_alone_have_no_probability(said, bought, signed):
    attitudes = said({"a": 90, "b": 10, "s": 90}, n_items=1)
    people = dick_basu_uncertainty.kind_probabilities(
        classify_loyalty(
            attitudes, bought({"a": None, "x": 0.9}), signed({"a": (True, False), "b": (False, False)}), LoyaltyConfig()
        ),
        attitudes,
        LoyaltyConfig(),
    ).set_index("person")
    assert people.loc["a", "kind"] == "true"
    assert people[list(dick_basu_uncertainty.PROBABILITY_COLUMNS)].isna().all(axis=None)
    reasons = {e.reason for e in dick_basu_uncertainty.expected_kind_shares(people)}
    assert reasons == {"the measurement error of the attitude is not known"}


def test_expected_shares_and_certainty_are_insufficient_for_nobody():
    nobody = pd.DataFrame(columns=["kind", "person", "weight", *dick_basu_uncertainty.PROBABILITY_COLUMNS])
    assert {e.status for e in dick_basu_uncertainty.expected_kind_shares(nobody)} == {Status.INSUFFICIENT}
