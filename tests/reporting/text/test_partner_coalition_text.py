import numpy as np
import pandas as pd
import pytest

from helpers.actions import partners
from helpers.actions.config import PartnersConfig
from helpers.reporting import partner_sections
from helpers.reporting.text import partner_coalition
from helpers.stats.coalition_game import CoalitionGame

SETS = pd.DataFrame({"partners": [("own shop",), ("own shop", "Atlas"), ("Atlas",)], "n_customers": [60, 30, 10],
                     "margin": [600.0, 400.0, 100.0], "margin_squared": [100.0, 100.0, 100.0]})


def measured(means, variance):
    arms = pd.DataFrame({"variant": ["none", "A", "B", "A + B"], "n": 100, "mean": means, "variance": variance})
    return partners.measured_game(arms, "none")


def game(worth):
    return CoalitionGame(("a", "b", "c"), np.eye(8), np.array(worth, "float64"), np.zeros(8), True, 100)


def test_the_coverage_game_is_called_descriptive_and_its_division_is_in_the_core():
    said = partner_coalition.coverage_sentence(partners.coverage_game(SETS), "EUR")
    assert said.startswith("By whom each serves, €1,100 of margin divides by Shapley into own shop €800")
    assert "it does not say what customers would do without a partner" in said
    assert said.endswith("No coalition would do better alone: the division is in the core.")
    assert partner_coalition.in_common_sentence(SETS, 365) == (
        "Of 100 customers of the last 365 days 30 were served by more than one of us and our partners.")


def test_of_many_partners_the_largest_are_named_and_the_others_counted_with_their_sum():
    sets = pd.DataFrame({"partners": [(f"shop {k}",) for k in range(9)], "n_customers": 20,
                         "margin": [100.0 * (k + 1) for k in range(9)], "margin_squared": 1000.0})
    said = partner_coalition.coverage_sentence(partners.coverage_game(sets), "EUR")
    assert said.index("shop 8 €900") < said.index("shop 4 €500")
    assert "4 others €1,000 together" in said
    assert "shop 3" not in said.split("This describes")[0]


@pytest.mark.parametrize(("means", "variance", "words"), [
    ([10, 12, 13, 20], 1.0, "(synergy)"), ([10, 12, 13, 11], 1.0, "(rivalry)"),
    ([10, 12, 13, 15.2], 100.0, "(not beyond chance)")])
def test_a_synergy_is_named_by_its_sign_only_where_it_is_beyond_chance(means, variance, words):
    assert words in partner_coalition.measured_sentence(measured(means, variance), "joint", "EUR")


def test_whether_a_coalition_would_do_better_alone_is_told_as_far_as_it_is_known():
    empty, other = game([0, 0, 0, 1, 0, 1, 1, 1]), game([0, 0, 0, 6, 0, 6, 0, 6])
    assert "the core is empty" in partner_coalition.core_sentence(empty)
    assert "Another division would satisfy every coalition" in partner_coalition.core_sentence(other)
    assert "though chance leaves that open" in partner_coalition.core_sentence(measured([10, 12, 13, 16], 400.0))
    assert "cannot be said" in partner_coalition.core_sentence(measured([10, 12, 13, 14], 400.0))
    assert partner_coalition.core_sentence(measured([10, 12, 13, 20], 0.01)).endswith("in the core.")


def test_terms_tell_what_is_left_over_and_at_which_price_points_balance():
    points = pd.DataFrame({"partner": ["own shop", "Atlas"], "issued": [100.0, 300.0], "redeemed": [150.0, 50.0]})
    assumed = PartnersConfig(price_issued=0.01, price_redeemed=0.01, running_cost=10.0)
    terms = partners.programme_terms(points, partners.coverage_game(SETS).shares(), assumed)
    said = partner_coalition.terms_sentence(terms, partners.balancing_price(points, assumed), assumed, "EUR")
    assert "the joint programme's terms leave €2.00 over" in said
    assert "They balance where a point taken is paid EUR 0.02." in said


def test_without_partners_and_without_an_experiment_nothing_is_shown():
    nothing = partner_sections.partners_overview(SETS.head(0), None, pd.DataFrame(), PartnersConfig(), "EUR")
    assert not nothing.html
