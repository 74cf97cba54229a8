"""What is planted in the simulated company is found again: knots, γ, kinds, redemption."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.customers import purchases
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine
from helpers.loyalty import (
    dick_basu,
    loyalty_type_evidence,
    loyalty_types,
    points_ledger,
    points_liability,
    repurchase_moderators,
    satisfaction_loyalty_link,
)
from helpers.loyalty.config import LoyaltyConfig
from helpers.simulation.company import simulate_company
from helpers.stats import survey_scales

AS_OF = date(2025, 12, 31)
ASSUMED = LoyaltyConfig(attitude_cut=65.0)


@dataclass
class Planted:
    truth: object
    came: pd.DataFrame
    said: pd.DataFrame
    people: pd.DataFrame
    books: points_liability.ProgrammeRecords


@pytest.fixture(scope="module")
def planted():
    made, engine = simulate_company(customers=8000, seed=5), Engine()
    tables = {
        t.name.split("/")[1]: engine.kept(
            t.conformed(engine.lazy(made.tables[t.name] if t.name in made.tables else t.empty()))
        )
        for t in canonical_schema.CANONICAL_TABLES
    }
    days = engine.kept(purchases.purchase_occasions(tables["transactions"], AS_OF))
    answers = engine.kept(survey_scales.scaled_answers(tables["responses"], tables["respondents"],
                                         known := survey_scales.item_catalogue(tables["items"]), AS_OF))
    said = dick_basu.measure_attitudes(answers, known, ASSUMED)
    people = dick_basu.classify_loyalty(said, dick_basu.repeat_purchase(days, AS_OF, ASSUMED),
                         dick_basu.running_contracts(tables["subscriptions"], AS_OF, ASSUMED), ASSUMED)
    acted = loyalty_type_evidence.observed_evidence(
        engine, tables["transactions"], tables["points"], tables["contacts"], AS_OF, ASSUMED
    )
    people = loyalty_types.classify_motives(
        people, loyalty_type_evidence.stated_evidence(engine, answers), acted, ASSUMED
    )
    came = satisfaction_loyalty_link.repurchase_after_answer(
        answers, days, tables["subscriptions"], AS_OF, ASSUMED.horizon_days
    )
    joined = points_ledger.first_joining_days(tables["customers"], tables["memberships"], tables["subscriptions"])
    return Planted(
        made.truth,
        came,
        loyalty_type_evidence.moderator_values(engine, answers, tables["memberships"], came),
        people,
        points_liability.programme_records(engine, tables["points"], tables["memberships"], joined, AS_OF, ASSUMED),
    )


def test_the_planted_knots_lie_in_their_intervals_and_the_threshold_is_believed(planted):
    found = satisfaction_loyalty_link.estimate_threshold(planted.came, 3, 199)
    assert found.is_believed
    for knot, truth in zip((found.located.lower, found.located.upper), planted.truth.world.curve.knots, strict=True):
        assert knot.low <= truth <= knot.high
    table = {e.quantity: e for e in satisfaction_loyalty_link.threshold_estimates(found)}
    below, between, above = (table[zone] for zone in satisfaction_loyalty_link.SLOPE_LABELS)
    assert between.low > max(below.value, above.value)
    assert between.value == pytest.approx(10 * planted.truth.world.curve.slopes[1], abs=0.3)


def test_the_planted_gamma_of_switching_cost_lies_in_its_interval(planted):
    table = {(e.quantity, e.segment): e for e in repurchase_moderators.moderator_estimates(planted.came, planted.said)}
    gamma = table[repurchase_moderators.INTERACTION, repurchase_moderators.SWITCHING_MODERATOR]
    assert gamma.low <= 10 * planted.truth.world.curve.gamma <= gamma.high < 0.1
    assert table[repurchase_moderators.MODERATOR_EFFECT, repurchase_moderators.SWITCHING_MODERATOR].low > 0


def test_the_confusion_matrix_of_kinds_is_heavy_on_its_diagonal(planted):
    truth = planted.truth.customers.set_index("customer_id")["loyalty_kind"]
    known = planted.people[planted.people["motive"].notna() & planted.people["attitude"].notna()]
    counts = pd.crosstab(known["customer_id"].map(truth), known["motive"])
    shares = counts.div(counts.sum(axis=1), axis=0)
    assert min(shares.loc[m, m] for m in loyalty_types.LOYALTY_MOTIVES) > 0.5
    right = sum(counts.loc[m, m] for m in loyalty_types.LOYALTY_MOTIVES) + counts.loc["none", loyalty_types.NO_EVIDENCE]
    assert right / counts.to_numpy().sum() > 0.75
    assert (
        shares.loc[list(loyalty_types.LOYALTY_MOTIVES)]
        .drop(columns=[loyalty_types.TIED_MOTIVES, loyalty_types.NO_EVIDENCE])
        .idxmax(axis=1)
        == list(loyalty_types.LOYALTY_MOTIVES)
    ).all()


def test_planted_redemption_lies_in_the_interval_of_the_chain_ladder(planted):
    lots = planted.truth["lots"]
    issued = lots[lots["issued_at"].between(planted.truth.world.programme.opened_on, "2026-01-01", inclusive="left")]
    table = {(e.quantity, e.segment): e for e in planted.books.estimates}
    weight = issued["points"] if "points" in issued else np.ones(len(issued))
    truth = float(np.average(issued["is_redeemed"], weights=weight))
    for segment in (points_liability.BY_BORNHUETTER_FERGUSON, points_liability.BY_BENKTANDER):
        assert table[points_liability.ULTIMATE_REDEMPTION, segment].value == pytest.approx(truth, abs=0.03)
    ultimate = table[points_liability.ULTIMATE_REDEMPTION, "all"]
    assert ultimate.low <= truth <= ultimate.high
    assert planted.books.ledger.unidentified == ""
