"""What is planted in the simulated company is found again: knots, γ, kinds, redemption."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.customers import purchases
from helpers.foundation import canonical
from helpers.foundation.engine import Engine
from helpers.intake.simulation import company
from helpers.loyalty import (
    accounts,
    attitude,
    behaviour,
    evidence,
    kinds,
    ledger,
    moderators,
    motives,
    programme,
    returns,
    threshold,
)
from helpers.loyalty.assumptions import Assumptions
from helpers.methods import scales

AS_OF = date(2025, 12, 31)
ASSUMED = Assumptions(attitude_cut=65.0)


@dataclass
class Planted:
    truth: object
    came: pd.DataFrame
    said: pd.DataFrame
    people: pd.DataFrame
    books: accounts.Accounts


@pytest.fixture(scope="module")
def planted():
    made, engine = company(customers=8000, seed=5), Engine()
    tables = {t.name.split("/")[1]: engine.kept(t.conformed(engine.lazy(made.tables[t.name] if t.name in made.tables
                                                                          else t.empty()))) for t in canonical.TABLES}
    days = engine.kept(purchases.occasions(tables["transactions"], AS_OF))
    answers = engine.kept(scales.answers(tables["responses"], tables["respondents"],
                                         known := scales.catalogue(tables["items"]), AS_OF))
    said = attitude.attitudes(answers, known, ASSUMED)
    people = kinds.kinds(said, behaviour.purchases(days, AS_OF, ASSUMED),
                         behaviour.contracts(tables["subscriptions"], AS_OF, ASSUMED), ASSUMED)
    acted = evidence.acted(engine, tables["transactions"], tables["points"], tables["contacts"], AS_OF, ASSUMED)
    people = motives.motives(people, evidence.answered(engine, answers), acted, ASSUMED)
    came = returns.returns(answers, days, tables["subscriptions"], AS_OF, ASSUMED.horizon_days)
    joined = ledger.joining(tables["customers"], tables["memberships"], tables["subscriptions"])
    return Planted(made.truth, came, evidence.moderating(engine, answers, tables["memberships"], came), people,
                   accounts.accounts(engine, tables["points"], tables["memberships"], joined, AS_OF, ASSUMED))


def test_the_planted_knots_lie_in_their_intervals_and_the_threshold_is_believed(planted):
    found = threshold.threshold(planted.came, 3, 199)
    assert found.is_believed
    for knot, truth in zip((found.located.lower, found.located.upper), planted.truth.world.curve.knots, strict=True):
        assert knot.low <= truth <= knot.high
    table = {e.quantity: e for e in threshold.estimates(found)}
    below, between, above = (table[zone] for zone in threshold.ZONES)
    assert between.low > max(below.value, above.value)
    assert between.value == pytest.approx(10 * planted.truth.world.curve.slopes[1], abs=0.3)


def test_the_planted_gamma_of_switching_cost_lies_in_its_interval(planted):
    table = {(e.quantity, e.segment): e for e in moderators.moderators(planted.came, planted.said)}
    gamma = table[moderators.GAMMA, moderators.SWITCHING]
    assert gamma.low <= 10 * planted.truth.world.curve.gamma <= gamma.high < 0.1
    assert table[moderators.DIRECT, moderators.SWITCHING].low > 0


def test_the_confusion_matrix_of_kinds_is_heavy_on_its_diagonal(planted):
    truth = planted.truth.customers.set_index("customer_id")["loyalty_kind"]
    known = planted.people[planted.people["motive"].notna() & planted.people["attitude"].notna()]
    counts = pd.crosstab(known["customer_id"].map(truth), known["motive"])
    shares = counts.div(counts.sum(axis=1), axis=0)
    assert min(shares.loc[m, m] for m in motives.MOTIVES) > 0.5
    right = sum(counts.loc[m, m] for m in motives.MOTIVES) + counts.loc["none", motives.UNKNOWN]
    assert right / counts.to_numpy().sum() > 0.75
    assert (shares.loc[list(motives.MOTIVES)].drop(columns=[motives.TIED, motives.UNKNOWN]).idxmax(axis=1)
            == list(motives.MOTIVES)).all()


def test_planted_redemption_lies_in_the_interval_of_the_chain_ladder(planted):
    lots = planted.truth["lots"]
    issued = lots[lots["issued_at"].between(planted.truth.world.programme.opened_on, "2026-01-01", inclusive="left")]
    table = {(e.quantity, e.segment): e for e in planted.books.estimates}
    weight = issued["points"] if "points" in issued else np.ones(len(issued))
    truth = float(np.average(issued["is_redeemed"], weights=weight))
    for segment in (programme.BORNHUETTER, programme.BENKTANDER):
        assert table[programme.ULTIMATE, segment].value == pytest.approx(truth, abs=0.03)
    ultimate = table[programme.ULTIMATE, "all"]
    assert ultimate.low <= truth <= ultimate.high
    assert planted.books.ledger.unidentified == ""
