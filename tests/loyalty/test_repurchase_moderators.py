import numpy as np
import pandas as pd
import pytest
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from helpers.foundation.results import Status
from helpers.loyalty import repurchase_moderators

GAMMA = -0.04


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(6)
    n = 6000
    said = pd.DataFrame({"customer_id": [f"c{i:04}" for i in range(n)], "alternatives": np.nan,
                         "switching_cost": rng.integers(0, 7, n) * 100 / 6, "quality": rng.uniform(0, 100, n),
                         "is_member": (rng.random(n) < 0.5) * 1.0})
    score = np.clip(rng.normal(60, 18, n), 0, 100)
    locked = said["switching_cost"] / 100
    logit = -0.4 + 0.05 * (score - 60) + 0.8 * locked + GAMMA * locked * (score - 60)
    came = pd.DataFrame({"customer_id": said["customer_id"], "satisfaction": score, "weight": 1.0,
                         "returned": rng.random(n) < special.expit(logit)})
    return came, said


def found(came, said):
    return {(e.quantity, e.segment): e for e in repurchase_moderators.moderator_estimates(came, said)}


def test_the_planted_interaction_with_switching_cost_is_recovered(customers):
    table = found(*customers)
    gamma = table[repurchase_moderators.INTERACTION, repurchase_moderators.SWITCHING_MODERATOR]
    assert gamma.low < 10 * GAMMA < gamma.high < 0
    change = table[repurchase_moderators.EFFECT_CHANGE, repurchase_moderators.SWITCHING_MODERATOR]
    assert change.high < 0
    weak, strong = (
        table[q, repurchase_moderators.SWITCHING_MODERATOR]
        for q in (repurchase_moderators.EFFECT_AT_LOW, repurchase_moderators.EFFECT_AT_HIGH)
    )
    assert strong.value - weak.value == pytest.approx(change.value)
    assert {weak.unit, strong.unit, change.unit} == {"percentage points"}


def test_what_does_not_moderate_is_within_noise_and_what_is_not_asked_is_said(customers):
    table = found(*customers)
    for name in (repurchase_moderators.PROGRAMME_MODERATOR, repurchase_moderators.QUALITY_MODERATOR):
        change = table[repurchase_moderators.EFFECT_CHANGE, name]
        assert change.low < 0 < change.high
    alternatives = table[repurchase_moderators.EFFECT_CHANGE, repurchase_moderators.COMPETITION_MODERATOR]
    assert (alternatives.status, alternatives.reason) == (Status.INSUFFICIENT, "it was not asked, or is not recorded")
    rows = [e for e in table.values() if e.quantity == repurchase_moderators.EFFECT_CHANGE]
    assert [e.segment for e in rows if e.status is Status.OK] == [
        "switching cost",
        "programme",
        "perceived quality",
    ]


def test_p_values_of_the_differences_are_adjusted_over_the_moderators(customers):
    table = found(*customers)
    changes = [e for e in table.values() if e.quantity == repurchase_moderators.EFFECT_CHANGE and e.status is Status.OK]
    raw = [2 * stats.norm.sf(abs(e.value) / ((e.high - e.low) / 3.919928)) for e in changes]
    adjusted = [table[repurchase_moderators.ADJUSTED_P, e.segment].value for e in changes]
    assert adjusted == pytest.approx(multipletests(raw, method="holm")[1], rel=1e-4)
    assert (repurchase_moderators.ADJUSTED_P, repurchase_moderators.COMPETITION_MODERATOR) not in table


def test_where_nobody_could_be_followed_that_is_what_lacks(customers):
    came, said = customers
    rows = repurchase_moderators.moderator_estimates(came.head(0), said.head(0))
    assert {e.reason for e in rows} == {repurchase_moderators.NO_REPURCHASE}


def test_everybody_a_member_or_too_few_people_give_their_reasons(customers):
    came, said = customers
    table = found(came, said.assign(is_member=1.0))
    assert (
        table[repurchase_moderators.INTERACTION, repurchase_moderators.PROGRAMME_MODERATOR].reason
        == "it is the same for nearly all"
    )
    few = found(came.head(150), said)
    assert few[repurchase_moderators.INTERACTION, repurchase_moderators.SWITCHING_MODERATOR].reason == (
        "150 people; 200 are needed")
    gone = found(came.assign(returned=False), said)
    assert (
        "fewer than 40 people came back"
        in gone[repurchase_moderators.INTERACTION, repurchase_moderators.SWITCHING_MODERATOR].reason
    )
