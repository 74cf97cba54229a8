"""Everything of 04 beside purchases on data that bear nothing, on contracts alone, and on planted cases."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.schema import schemas_by_name
from helpers.foundation.study_config import Economics
from helpers.loyalty import schema as loyalty_schema
from helpers.satisfaction import schema as satisfaction_schema
from helpers.stats.suppressed_tables import suppress_small_cells
from helpers.value import (
    acquisition,
    config,
    customer_indices,
    customer_profitability,
    historical_value,
    life_cycle,
    perceptual_map,
    referrals,
    retention_economics,
    revenue_bridge,
    segmentation,
    textbook_claims,
    tier_migration,
)
from helpers.value import schema as value_schema
from helpers.value import subscriptions as subscriptions_module
from helpers.value.config import ValueConfig
from helpers.value.subscriptions import count_contracts

END = date(2025, 12, 31)
DECLARED = schemas_by_name(
    [*canonical_schema.CANONICAL_TABLES, *satisfaction_schema.TABLES, *loyalty_schema.TABLES, *value_schema.TABLES]
)
EDGES = {
    "nothing": [],
    "one customer": [{"customer_id": "ann", "ordered_at": "2025-05-01", "amount": 12.5}],
    "no repeat buyer": [{"customer_id": f"c{i}", "ordered_at": "2024-05-01", "amount": 9} for i in range(120)],
    "all alike": [{"customer_id": f"c{i:03}", "ordered_at": day, "amount": 10} for i in range(120)
                  for day in ("2024-02-01", "2024-05-01", "2025-03-01")],
    "zero spend": [{"customer_id": f"c{i}", "ordered_at": "2025-01-01", "amount": 0.0} for i in range(20)],
    "one day": [{"customer_id": f"c{i}", "ordered_at": "2025-12-31", "amount": 3.0} for i in range(150)],
    "two hundred years": [{"customer_id": "old", "ordered_at": "1825-01-01", "amount": 9.0},
                          *({"customer_id": f"c{i}", "ordered_at": "2025-06-01", "amount": 9.0} for i in range(5))],
    "all refunded": [row for i in range(12) for row in (
        {"customer_id": f"c{i}", "ordered_at": "2025-01-01", "amount": 9.0, "order_id": f"y{i}"},
        {"customer_id": f"c{i}", "ordered_at": "2025-01-09", "amount": -9.0, "kind": "refund", "order_id": f"z{i}",
         "refunds_order_id": f"y{i}"})],
}


READ = (*(f"canonical/{name}" for name in ("customers", "transactions", "cases", "contacts", "points", "responses",
                                           "respondents", "items")),
        "results/satisfaction_scores", "results/loyalty_customers")


def related(engine, tables, ranked, scope):
    """Return every part of 04 on relationships with customers, by name."""
    bought, people, rate = tables["canonical/transactions"], tables["canonical/customers"], scope.economics.margin_rate
    cycle, stages = life_cycle.life_cycle_stages(
        engine, bought, historical_value.with_margin_column(ranked), END, scope.assumed.window_days)
    surveys = customer_indices.SurveyTables.of(tables)
    profile = customer_indices.customer_profile(engine, ranked, stages, people, surveys, END)
    served = customer_profitability.cost_to_serve(
        engine, customer_profitability.CostToServeTables.of(tables), scope.window,
        customer_profitability.UnitCosts(rate, scope.economics.contact_cost, scope.assumed.case_cost))
    paid = acquisition.acquisition_payback(engine, bought, people, END, rate)
    brought = referrals.referral_value(engine, bought, people, END, rate)
    return SimpleNamespace(
        cycle=cycle, stages=stages, paid=paid, brought=brought, economics=(paid.table(), brought.table()),
        ledgers=customer_profitability.measure_profitability(engine, served, profile),
        indices=customer_indices.index_scores(engine, profile),
        segments=segmentation.segment_customers(engine, profile, people, served, scope.seed),
        positions=perceptual_map.map_positioning(
            engine, surveys.responses, surveys.items, scope.seed,
            customer_indices.respondent_tiers(surveys.respondents, profile)),
        acquisition_saving=textbook_claims.acquisition_cost_saving(engine, people))


@pytest.fixture
def known(session_engine, transactions, subscriptions):
    """Return relations, retention economics and customers of tables of which most are empty."""
    def make(rows, contracts=(), **more):
        held = {name: session_engine.lazy(DECLARED[name].empty()) for name in READ}
        held |= {f"canonical/{name}": session_engine.kept(DECLARED[f"canonical/{name}"].conformed(
            session_engine.lazy(pd.DataFrame(frame)))) for name, frame in more.items()}
        held["canonical/transactions"] = transactions(rows)
        bought, assumed, scope = held["canonical/transactions"], ValueConfig(), config.ValueScope(
            END, ValueConfig(), Economics(), 1)
        base = revenue_bridge.build_revenue_bridge(session_engine, bought, END)
        ranked = historical_value.historical_customer_value(
            session_engine, bought, subscriptions(contracts), END, margin_rate=0.3, assumptions=assumed
        )
        moves = tier_migration.migrate_tiers(session_engine, bought, base.periods, assumed.tiers, 0.3, base.reason)
        found = related(session_engine, held, ranked, scope)
        held_by = subscriptions(contracts)
        signed = count_contracts(session_engine, held_by)
        lasting = subscriptions_module.survival_by_plan(
            session_engine, held_by, END, horizon_days=365, margin_rate=0.3, discount_rate=0.1, seed=1
        )
        return found, retention_economics.estimate_retention_economics(base, moves, signed, lasting, scope), ranked
    return make


def assert_declared(engine, name, table):
    conformed = DECLARED[name].conformed(engine.lazy(suppress_small_cells(table, DECLARED[name])))
    assert DECLARED[name].problems(engine.row(DECLARED[name].counts(engine.view(conformed)))) == []


@pytest.mark.parametrize("edge", EDGES)
def test_data_that_bear_little_give_tables_that_say_so(session_engine, known, edge):
    found, keeping, ranked = known(EDGES[edge])
    tables = {
        "value_economics": retention_economics.value_economics_table(*found.economics, keeping.table(), pd.DataFrame()),
        "life_cycle": found.cycle.table(),
        "value_balance": found.ledgers.table(),
        "value_indices": found.indices.table(),
        "segment_summary": found.segments.table(),
        "positioning": found.positions.table(),
        "customer_segments": found.segments.assigned,
        "customer_value": life_cycle.with_life_cycle_stage(session_engine, ranked, found.stages).drop("position"),
    }
    for name, table in tables.items():
        assert_declared(session_engine, f"results/{name}", table)
    for name in ("value_economics", "life_cycle", "positioning"):
        table = tables[name]
        assert (table["status"].ne("ok") == table["reason"].ne("")).all()
        assert np.isfinite(table.loc[table["status"] == "ok", "value"]).all()
    assert found.cycle.reason or edge == "all alike"
    assert found.positions.map is None
    assert found.ledgers.reason
    assert found.paid.reason == "no customer acquisition cost is recorded"
    assert keeping.reason


def test_contracts_alone_have_neither_stages_nor_a_contribution(session_engine, known):
    contracts = [{"tenure_months": float(i % 30), "has_ended": i % 3 == 0, "monthly_fee": 20.0} for i in range(150)]
    found, keeping, ranked = known([], contracts)
    assert found.cycle.reason
    assert keeping.margin == pytest.approx(12 * 0.3 * 20)
    assert 0 < keeping.gain(5).value < 1
    assert found.indices.of("contribution") is None  # nobody is known to bring anything
    assert (
        session_engine.frame(life_cycle.with_life_cycle_stage(session_engine, ranked, found.stages))["stage"]
        .isna()
        .all()
    )


def test_everything_recorded_is_taken_into_account(session_engine, known):
    rng = np.random.default_rng(5)
    names = [f"c{i:03}" for i in range(200)]
    rows = [{"customer_id": c, "ordered_at": str(np.datetime64("2024-01-01") + int(day)), "amount": 20.0}
            for c in names for day in np.sort(rng.choice(700, rng.integers(1, 8), replace=False))]
    people = {"customer_id": names, "joined_on": [date(2024, 1, 1)] * 200, "acquisition_cost": [15.0] * 200,
              "acquired_channel": ["search", "friends"] * 100, "referred_by": [None, "c000"] * 100,
              "demographic_age": ["young", "old"] * 100}
    cases = {"case_id": names, "customer_id": names, "kind": ["complaint"] * 200, "is_resolved": [True, False] * 100,
             "opened_at": pd.to_datetime(["2025-06-01"] * 200)}
    found, keeping, ranked = known(rows, customers=people, cases=cases)
    assert found.paid.month().status == "ok"
    assert (found.brought.n_referrers, found.brought.n_referred) == (1, 100)
    assert found.cycle.worth["n_customers"].sum() == 200
    assert found.cycle.flows.to_numpy().sum() == 200
    assert found.ledgers.ledger("transactional")["item"].tolist() == [
        "sales at list price", "goods at cost", "service cases", "profit"]
    assert found.segments.on("demographic").reason == ""
    assert (found.acquisition_saving.value, found.acquisition_saving.n) == (0.0, 200)  # the referred cost as much
    assert keeping.gain(5).status == "ok"
    economics = retention_economics.value_economics_table(*found.economics, keeping.table(), pd.DataFrame())
    for name, table in {"value_economics": economics,
                        "value_balance": found.ledgers.table(), "segment_summary": found.segments.table(),
                        "customer_segments": found.segments.assigned}.items():
        assert_declared(session_engine, f"results/{name}", table)
    staged = life_cycle.with_life_cycle_stage(session_engine, ranked, found.stages).drop("position")
    assert_declared(session_engine, "results/customer_value", staged)
