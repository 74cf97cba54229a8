import numpy as np
import pandas as pd
import pytest

from helpers.churn import profit_curve
from helpers.churn.profit_curve import CampaignCosts

OUTCOME = np.array([0, 1, 0, 1, 0, 1, 0, 1.0])
SCORE = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])


def test_empc_of_the_unit_example_matches_to_twelve_digits():
    # Verbraken, Verbeke & Baesens 2013 with their defaults; value of the reference implementation
    assert profit_curve.expected_maximum_profit(OUTCOME, SCORE).profit_per_customer == pytest.approx(
        23.875593418348124, abs=1e-12
    )


def by_integration(outcome, score, terms, n=20_000):
    """Return the expected maximum profit from its definition: the best cut-off at each γ, averaged over γ."""
    from scipy import stats

    gammas = (np.arange(n) + 0.5) / n
    cuts = np.concatenate([[np.inf], np.unique(score)[::-1]])
    lost = np.array([(outcome[score >= c] == 1).sum() for c in cuts]) / len(outcome)
    kept = np.array([(outcome[score >= c] == 0).sum() for c in cuts]) / len(outcome)
    gain = gammas[:, None] * (terms.value - terms.offer_cost) - terms.contact_cost
    money = gain * lost - (terms.offer_cost + terms.contact_cost) * kept
    return float((money.max(axis=1) * stats.beta(terms.alpha, terms.beta).pdf(gammas)).mean())


@pytest.mark.parametrize("terms", [CampaignCosts(), CampaignCosts(50, 8, 0.5, 4, 16), CampaignCosts(30, 20, 2, 10, 10)])
def test_empc_equals_its_definition_with_ties_among_the_scores(terms):
    rng = np.random.default_rng(3)
    score = np.round(rng.beta(1, 2, 500), 2)
    outcome = (rng.random(500) < score).astype(float)
    found = profit_curve.expected_maximum_profit(outcome, score, terms).profit_per_customer
    assert found == pytest.approx(by_integration(outcome, score, terms), abs=2e-4)


def test_empc_does_not_depend_on_the_order_of_rows():
    order = np.random.default_rng(1).permutation(8)
    assert profit_curve.expected_maximum_profit(OUTCOME[order], SCORE[order]) == profit_curve.expected_maximum_profit(
        OUTCOME, SCORE
    )


def test_an_offer_dearer_than_the_customer_is_never_made():
    assert profit_curve.expected_maximum_profit(
        OUTCOME, SCORE, CampaignCosts(value=9.0, offer_cost=10.0)
    ) == profit_curve.MaximumProfit(0.0, 0.0)


def test_the_profit_curve_counts_what_those_contacted_bring_and_cost():
    curve = profit_curve.profit_curve_points(OUTCOME, SCORE, CampaignCosts(), 9)
    assert curve["n_contacted"].tolist() == list(range(9))
    assert curve["profit"].iloc[0] == 0
    # the best scored is lost: .3 × 190 − 1; the second would have stayed: −11
    assert curve["profit"].iloc[1:3].tolist() == pytest.approx([56.0, 45.0])
    assert profit_curve.best_share_to_contact(curve)["n_contacted"] in (3, 5, 7)
    assert profit_curve.best_share_to_contact(curve, capacity=1)["n_contacted"] == 1
    assert profit_curve.best_share_to_contact(curve.head(0)) is None


def test_curves_stand_beside_contacting_at_random_and_are_absent_without_a_value():
    found = profit_curve.profit_curves(OUTCOME, {"model": SCORE}, CampaignCosts())
    assert sorted(found["series"].unique()) == ["at random", "model"]
    ends = found.groupby("series")["profit"].last()
    assert ends["model"] == pytest.approx(ends["at random"])
    assert profit_curve.profit_curves(OUTCOME, {"model": SCORE}, None).empty
    assert isinstance(found, pd.DataFrame)
