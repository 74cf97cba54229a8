import pandas as pd
import pytest

from helpers.foundation.estimates import Estimate, Status, summary, without_value
from helpers.reporting.sentences import expecting
from helpers.satisfaction import signs
from helpers.satisfaction.confirmation import ALONE, BY_GAP, BY_RATIO, GAP, RATIO


def gap(value, low, high, parts=()):
    rows = [Estimate(GAP, value, low, high, "points", 90)]
    return summary([*rows, *(Estimate(GAP, v, v - 1, v + 1, "points", 90, name) for name, v in parts)])


def test_missed_and_exceeded_expectations_name_where_most_and_single_ones_are_not_spoken_of():
    parts = (("staff", -3.0), ("price", -7.0))
    assert expecting.expectations(gap(-5, -6, -4, parts)) == (
        "Expectations are missed by 5 points of 100 [−6, −4], most in price (−7 points).")
    exceeded = expecting.expectations(gap(5, 4, 6, (("staff", 5.0),)))
    assert exceeded == "Expectations are exceeded by 5 points of 100 [4, 6]."
    assert expecting.expectations(gap(0.5, -1, 2, parts)).startswith("Expectations are met within noise: performance")
    assert expecting.expectations(gap(-5, -6, -4)) == ""
    assert expecting.gaps(gap(-5, -6, -4, parts))["segment"].tolist() == ["price", "staff"]
    assert expecting.gaps_title(gap(-5, -6, -4, parts)).endswith("expectation in price and staff")
    assert expecting.gaps_title(gap(1, 0, 2, (("staff", -3.0), ("price", 4.0)))).endswith("expectation in staff")
    four = tuple((name, -3.0) for name in "abcd")
    assert "in 4 of 5 dimensions, most in a" in expecting.gaps_title(gap(-3, -4, -2, (*four, ("price", 4.0))))
    assert "everywhere" in expecting.gaps_title(gap(-3, -4, -2, four))
    assert "in no dimension" in expecting.gaps_title(gap(1, 0, 2, (("price", 4.0),)))


def promised(much=70.0, shops=65.0):
    made = []
    for segment, value in ((signs.POLICY[0], 60.0), (signs.POLICY[-1], much)):
        made += [Estimate("satisfaction", value, value - 2, value + 2, "points", 90, segment),
                 Estimate("spend after answering", 100.0, 80.0, 120.0, "money", 90, segment)]
    return made + [Estimate("expectation raised", v, v - 2, v + 2, "points", 90, f"won through {c}")
                   for c, v in (("shops", shops), ("friends", 64.0))]


def test_what_goes_with_promising_much_is_said_with_what_is_noise():
    assert expecting.policy(promised(), "EUR") == (
        "Promised much against promised little: satisfaction 70 points against 60 points and spend after answering "
        "€100 against €100 (within noise). Channels do not differ beyond noise in the expectation that they raise.")
    assert expecting.policy(promised(shops=75.0), "EUR").endswith(
        "People won through shops expect most (75 points), those won through friends least (64 points).")
    assert "64" not in expecting.policy(promised()[:4], "EUR")
    assert expecting.policy([], "EUR") == ""


@pytest.mark.parametrize(("low", "high", "word"), [(1.01, 1.1, "exceeded"), (0.8, 0.9, "missed"),
                                                   (0.9, 1.1, "met within noise")])
def test_confirmation_is_said_with_its_interval(low, high, word):
    table = summary([Estimate(RATIO, (low + high) / 2, low, high), Estimate(ALONE, 0.8), Estimate(BY_GAP, 0.3),
                     Estimate(BY_RATIO, 0.2)])
    said = expecting.confirmed(table)
    assert f"Expectations are {word}" in said
    assert "Performance alone goes most with satisfaction (correlations: performance alone 0.8, the gap 0.3" in said


def test_confirmation_that_cannot_be_said_has_its_reason():
    table = summary([without_value(RATIO, Status.NOT_APPLICABLE, "no question asks for expectation"),
                     without_value(ALONE, Status.NOT_APPLICABLE, "no question asks for expectation")])
    assert expecting.confirmed(table) == (
        "Whether expectations are confirmed cannot be said: no question asks for expectation.")
    assert "cannot be said" in expecting.confirmed(pd.DataFrame(columns=table.columns))


def test_a_survey_with_different_scales_still_says_which_score_goes_most_with_satisfaction():
    table = summary([without_value(RATIO, Status.NOT_APPLICABLE, "scales differ"), Estimate(ALONE, 0.2),
                     Estimate(BY_GAP, 0.5)])
    assert expecting.confirmed(table).startswith("The gap goes most with satisfaction")
