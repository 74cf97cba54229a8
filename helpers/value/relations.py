"""All that 04 says of relationships beside purchases: winning, stages, ledgers, indices, segments, positioning."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.customers.windows import Window
from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate, Status
from helpers.foundation.study import Economics
from helpers.value import (
    balance,
    claims,
    concentration,
    indices,
    payback,
    positioning,
    profile,
    referrals,
    retention,
    segments,
    serving,
    stages,
    survival,
)
from helpers.value.assumptions import Assumptions
from helpers.value.audit import BaseChange
from helpers.value.balance import Balance
from helpers.value.concentration import Concentration
from helpers.value.contracts import ContractBase
from helpers.value.indices import Indices
from helpers.value.migration import Migration
from helpers.value.payback import Payback
from helpers.value.positioning import Positioning
from helpers.value.referrals import Referrals
from helpers.value.retention import RetentionEconomics
from helpers.value.segments import Segments
from helpers.value.stages import LifeCycle
from helpers.value.survival import Survival

CANONICAL = ("customers", "transactions", "cases", "contacts", "points", "responses", "respondents", "items")
RESULTS = ("satisfaction_scores", "loyalty_customers")
READS = (*(f"canonical/{name}" for name in CANONICAL), *(f"results/{name}" for name in RESULTS))


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at, and under which assumptions.

    Parameters
    ----------
    as_of_on : date
        Last day that is seen.
    assumed : Assumptions
        Section ``[value]``.
    economics : Economics
        Section ``[economics]``.
    seed : int
        Of every draw.
    """

    as_of_on: date
    assumed: Assumptions
    economics: Economics
    seed: int

    @property
    def window(self) -> Window:
        """The days that ledgers look at."""
        return Window(self.as_of_on - timedelta(self.assumed.period_days - 1), self.as_of_on)


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """Relationships with customers; every part says for itself where it cannot be known."""

    paid: Payback
    brought: Referrals
    cycle: LifeCycle
    ledgers: Balance
    indices: Indices
    segments: Segments
    positions: Positioning
    to_date: Concentration
    profit: Concentration
    top: Estimate
    saves: Estimate
    staged: ir.Table

    def economics_table(self, keeping: RetentionEconomics, finer: pd.DataFrame) -> pd.DataFrame:
        """Return ``results/value_economics``: winning, recommending, inequality, keeping; finer models if given."""
        parts = [self.paid.table(), self.brought.table(), self.to_date.table(), self.profit.table(), keeping.table(),
                 finer]
        return pd.concat([p for p in parts if len(p)], ignore_index=True)


def relations(engine: Engine, tables: Mapping[str, ir.Table], valued: ir.Table, scope: Scope) -> Relations:
    """Return what is known of relationships with customers.

    Parameters
    ----------
    engine : Engine
        Computes.
    tables : mapping of str to ir.Table
        Every table of `READS` by name; any of them may be empty.
    valued : ir.Table
        Grain customer, ranked, with what is expected where models apply.
    scope : Scope
        Date, assumptions, seed.
    """
    t = {name.split("/")[1]: table for name, table in tables.items()}
    as_of_on, assumed, rate = scope.as_of_on, scope.assumed, scope.economics.margin_rate
    bought = t["transactions"]
    cycle, stage = stages.life_cycle(engine, bought, _with_margin(valued), as_of_on, assumed.window_days)
    said = profile.Attitudes(t["satisfaction_scores"], t["loyalty_customers"], t["responses"], t["respondents"],
                             t["items"])
    known = profile.profile(engine, valued, stage, t["customers"], said, as_of_on)
    sources = serving.Sources(bought, t["cases"], t["contacts"], t["points"])
    prices = serving.Prices(rate, scope.economics.contact_cost, assumed.case_cost)
    served = engine.kept(serving.served(engine, sources, scope.window, prices))
    return Relations(
        payback.payback(engine, bought, t["customers"], as_of_on, rate),
        referrals.referrals(engine, bought, t["customers"], as_of_on, rate), cycle,
        balance.balance(engine, served, known), indices.indices(engine, known),
        segments.segmented(engine, known, t["customers"], served, scope.seed),
        positioning.positioning(engine, t["responses"], t["items"], scope.seed, _tiers(t["respondents"], known)),
        concentration.concentration(engine, _with_margin(valued), "margin", "margin to date"),
        concentration.concentration(engine, served, "profit", "profit of the last period"),
        claims.top_share(engine, valued), claims.keeping_saves(engine, t["customers"], served, known), stage)


def _tiers(respondents: ir.Table, known: ir.Table) -> ir.Table:
    """Return the tier of those who answered."""
    return respondents.select("response_id", "customer_id").inner_join(
        known.select("customer_id", "tier", "tier_rank"), "customer_id")


def _with_margin(valued: ir.Table) -> ir.Table:
    return valued if "margin" in valued.columns else valued.mutate(margin=ibis.null("float64"))


def with_stage(engine: Engine, valued: ir.Table, found: Relations) -> ir.Table:
    """Return customers with their stage of the life cycle, as ``results/customer_value`` holds it."""
    return engine.kept(valued.left_join(found.staged, "customer_id").drop("customer_id_right"))


def keeping(base: BaseChange, moves: Migration, signed: ContractBase, lasting: Survival,
            scope: Scope) -> RetentionEconomics:
    """Return what a higher retention would bring.

    Parameters
    ----------
    base, moves : BaseChange, Migration
        The audit's retention by count, and the first period's mean margin.
    signed, lasting : ContractBase, Survival
        Where nobody buys: the share of contracts expected to be left at the end of the horizon, and their
        fees.
    scope : Scope
        Assumptions on discounting and costs.
    """
    if base.status is Status.NOT_APPLICABLE and not lasting.reason:
        margin = lasting.months * scope.economics.margin_rate * signed.fee_active / max(signed.n_active, 1)
        return _keeping(lasting.kept, margin, round(lasting.months * survival.DAYS_A_MONTH), scope)
    some, n_days = moves.money, base.periods.after.n_days if base.periods else 0
    margin = float(some["before"].sum()) / float(some["n"].sum()) if len(some) else float("nan")
    return _keeping(base.retention()[0], margin, n_days, scope)


def _keeping(base: Estimate, margin: float, period_days: int, scope: Scope) -> RetentionEconomics:
    costs = retention.Costs(scope.economics.contact_cost, scope.economics.offer_cost, scope.economics.offer_uptake)
    return retention.economics(base, margin, period_days, discount_rate=scope.economics.discount_rate,
                               step=scope.assumed.retention_step, costs=costs)
