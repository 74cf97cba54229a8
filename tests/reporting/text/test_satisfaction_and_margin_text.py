import pytest

from helpers.actions.satisfaction_to_money import BOUGHT, EVERYBODY, MARGIN, SatisfactionEffect
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.reporting.text import satisfaction_and_margin as text


def effect(outcome, value, low, high, limit=0.05):
    unit = "share" if outcome == BOUGHT else "money"
    found = Estimate(outcome, value, low, high, unit, 1497, EVERYBODY)
    return SatisfactionEffect(outcome, found, found, 0.117, limit, 1.6)


def test_the_sentence_can_be_repeated_and_claims_an_association_alone():
    said, strength = text.satisfaction_sentence(
        [effect(BOUGHT, 0.077, 0.066, 0.088), effect(MARGIN, 3.66, 2.16, 5.15)], 90, "EUR")
    assert said.startswith("Within 90 days of an answer, customers who are 10 points more satisfied are 7.7 percentage "
                           "points [6.6, 8.8] more likely to buy again and bring €3.66 [€2.16, €5.15] more margin")
    assert said.endswith("an association, not an effect.")
    assert "an unmeasured common cause would have to explain 11.7" in strength


@pytest.mark.parametrize(("value", "low", "high", "words"), [
    (-3.0, -5.0, -1.0, "less margin"), (0.5, -1.0, 2.0, "do not bring significantly more or less margin")])
def test_less_and_no_difference_are_said_as_such(value, low, high, words):
    said, strength = text.satisfaction_sentence(
        [effect(BOUGHT, 0.0, -0.1, 0.1, 0.0), effect(MARGIN, value, low, high, 0.05 * (low * high > 0))], 1, "")
    assert words in said
    assert said.startswith("Within 1 day of an answer")
    assert "are not significantly more or less likely to buy again" in said
    assert strength.startswith("The interval includes no difference") == (low * high < 0)


def test_too_few_answers_say_why_and_have_no_rows():
    none = no_estimate(MARGIN, Status.INSUFFICIENT, "fewer than 100 answers", segment=EVERYBODY)
    effects = [SatisfactionEffect(outcome, none, none) for outcome in (BOUGHT, MARGIN)]
    assert text.satisfaction_sentence(effects, 90) == (
        "What satisfaction goes with in money cannot be said: fewer than 100 answers.",)
    assert text.effect_rows(effects, MARGIN).empty
