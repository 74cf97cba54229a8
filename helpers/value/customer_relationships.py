"""Façade over acquisition, life cycle, profitability, segments for notebook 04; to be dissolved."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate
from helpers.value import (
    acquisition,
    concentration,
    config,
    customer_indices,
    customer_profitability,
    historical_value,
    life_cycle,
    perceptual_map,
    referrals,
    segmentation,
    textbook_claims,
)
from helpers.value.acquisition import AcquisitionPayback
from helpers.value.concentration import Concentration
from helpers.value.customer_indices import CustomerIndices
from helpers.value.customer_profitability import CustomerProfitability
from helpers.value.life_cycle import LifeCycle
from helpers.value.perceptual_map import PerceptualMap
from helpers.value.referrals import ReferralValue
from helpers.value.retention_economics import RetentionEconomics
from helpers.value.segmentation import CustomerSegments

CANONICAL_TABLES = ("customers", "transactions", "cases", "contacts", "points", "responses", "respondents", "items")

RESULT_TABLES = ("satisfaction_scores", "loyalty_customers")

REQUIRED_TABLES = (*(f"canonical/{name}" for name in CANONICAL_TABLES), *(f"results/{name}" for name in RESULT_TABLES))


@dataclass(frozen=True, slots=True, eq=False)
class CustomerRelationships:
    """Relationships with customers; every part says for itself where it cannot be known."""

    paid: AcquisitionPayback
    brought: ReferralValue
    cycle: LifeCycle
    ledgers: CustomerProfitability
    indices: CustomerIndices
    segments: CustomerSegments
    positions: PerceptualMap
    to_date: Concentration
    profit: Concentration
    top: Estimate
    retention_cost_saving: Estimate
    staged: ir.Table

    def economics_table(self, keeping: RetentionEconomics, finer: pd.DataFrame) -> pd.DataFrame:
        """Return ``results/value_economics``: winning, recommending, inequality, keeping; finer models if given."""
        parts = [self.paid.table(), self.brought.table(), self.to_date.table(), self.profit.table(), keeping.table(),
                 finer]
        return pd.concat([p for p in parts if len(p)], ignore_index=True)


def summarise_relationships(
    engine: Engine, tables: Mapping[str, ir.Table], valued: ir.Table, scope: config.ValueScope
) -> CustomerRelationships:
    """Return what is known of relationships with customers.

    Parameters
    ----------
    engine : Engine
        Computes.
    tables : mapping of str to ir.Table
        Every table of `READS` by name; any of them may be empty.
    valued : ir.Table
        Grain customer, ranked, with what is expected where models apply.
    scope : ValueScope
        Date, assumptions, seed.
    """
    t = {name.split("/")[1]: table for name, table in tables.items()}
    as_of_on, assumed, rate = scope.as_of_on, scope.assumed, scope.economics.margin_rate
    bought = t["transactions"]
    cycle, stage = life_cycle.life_cycle_stages(
        engine, bought, historical_value.with_margin_column(valued), as_of_on, assumed.window_days
    )
    said = customer_indices.SurveyTables(
        t["satisfaction_scores"], t["loyalty_customers"], t["responses"], t["respondents"], t["items"]
    )
    known = customer_indices.customer_profile(engine, valued, stage, t["customers"], said, as_of_on)
    sources = customer_profitability.CostToServeTables(bought, t["cases"], t["contacts"], t["points"])
    prices = customer_profitability.UnitCosts(rate, scope.economics.contact_cost, assumed.case_cost)
    served = engine.kept(customer_profitability.cost_to_serve(engine, sources, scope.window, prices))
    return CustomerRelationships(
        acquisition.acquisition_payback(engine, bought, t["customers"], as_of_on, rate),
        referrals.referral_value(engine, bought, t["customers"], as_of_on, rate),
        cycle,
        customer_profitability.measure_profitability(engine, served, known),
        customer_indices.index_scores(engine, known),
        segmentation.segment_customers(engine, known, t["customers"], served, scope.seed),
        perceptual_map.map_positioning(
            engine, t["responses"], t["items"], scope.seed, customer_indices.respondent_tiers(t["respondents"], known)
        ),
        concentration.measure_concentration(
            engine, historical_value.with_margin_column(valued), "margin", "margin to date"
        ),
        concentration.measure_concentration(engine, served, "profit", "profit of the last period"),
        textbook_claims.top_quintile_share(engine, valued),
        textbook_claims.retention_cost_saving(engine, t["customers"], served, known),
        stage,
    )


def with_life_cycle_stage(engine: Engine, valued: ir.Table, found: CustomerRelationships) -> ir.Table:
    """Return customers with their stage of the life cycle, as ``results/customer_value`` holds it."""
    return engine.kept(valued.left_join(found.staged, "customer_id").drop("customer_id_right"))
