"""Effort allocation: money, people and tools by tier, where a further unit of money brings most margin.

Where earlier lists have not measured that, effort goes to margin at risk, for testing, and no gain is claimed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy.optimize import LinearConstraint, brentq, minimize

from helpers.actions.config import ActionsConfig
from helpers.actions.response_curves import ResponseCurves
from helpers.customers.random_assignment import TREATMENT
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine

MEASURED, FOR_TESTING = "measured response", "margin at risk, for testing"

RESOURCES = ("money", "people", "tools")

LEAST_SPENDING = 1e-6  # of the most that was measured; less is nothing


@dataclass(frozen=True, slots=True)
class ResourceLimit:
    """What all tiers share: a unit of money spent in tier t takes ``use[t]`` of it, in all at most ``limit``."""

    name: str
    use: np.ndarray
    limit: float


def best_spending(curves: ResponseCurves, n_customers: pd.Series, limits: Sequence[ResourceLimit]) -> pd.Series:
    """Return what to spend on a customer of each tier so that margin kept less spending is largest within limits.

    A concave problem: at its solution a further unit brings the same in every tier that has neither nothing nor the
    most that was measured (water filling).

    Parameters
    ----------
    curves : ResponseCurves
        Tiers that it does not know get nothing.
    n_customers : Series
        Customers by tier.
    limits : sequence of ResourceLimit
        In the order of `n_customers`.

    Returns
    -------
    Series
        Spending by tier [money a customer].

    References
    ----------
    Luss, H. and Gupta, S. K. (1975). Allocation of effort resources among competing activities. Operations Research
    23, 360–366.
    """
    n = n_customers.to_numpy("float64")
    top = np.array([max(curves.top[curves.tiers.index(t)], 0.0) if t in curves.tiers else 0.0
                    for t in n_customers.index])
    unit = max(float((n * top).sum()), 1e-12)  # the solver's tolerance is one of numbers near 1

    def lost(share: np.ndarray) -> float:
        spend = share * curves.most
        return float((n * (spend - top * -np.expm1(-spend / curves.scale))).sum()) / unit

    def slope(share: np.ndarray) -> np.ndarray:
        return n * (1 - top / curves.scale * np.exp(-share * curves.most / curves.scale)) * curves.most / unit

    rows = [LinearConstraint((one.use * n * curves.most / max(one.limit, 1e-12))[None, :], -np.inf, 1.0)
            for one in limits]
    found = minimize(lost, np.zeros(len(n)), jac=slope, bounds=[(0.0, 1.0)] * len(n), constraints=rows, method="SLSQP",
                     options={"ftol": 1e-12, "maxiter": 500})
    share = np.where(found.x < LEAST_SPENDING, 0.0, np.clip(found.x, 0.0, 1.0))  # what the solver leaves of nothing
    return pd.Series(share * curves.most, n_customers.index)


def proportional_split(total: float, stake: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Return a total split in proportion to what is at stake, none above its limit, shape (n_tiers,).

    Parameters
    ----------
    total : float
        What is split; less is, where the limits leave no more room.
    stake, most : ndarray of shape (n_tiers,)
        What a part is given for, and the most that it takes.

    Examples
    --------
    >>> proportional_split(10, np.array([8.0, 1.0, 1.0]), np.array([4.0, 9.0, 9.0])).tolist()
    [4.0, 3.0, 3.0]
    """
    room = most[stake > 0].sum()
    if total <= 0 or room <= 0:
        return np.zeros(len(stake))
    if total >= room:
        return np.where(stake > 0, most, 0.0)
    highest = float((most[stake > 0] / stake[stake > 0]).max())
    level = brentq(lambda x: np.minimum(x * stake, most).sum() - total, 0.0, highest, xtol=1e-12 * highest)
    return np.minimum(float(level) * stake, most)


@dataclass(frozen=True, slots=True, eq=False)
class EffortPlan:
    """Money, people and tools by tier, today and proposed.

    Parameters
    ----------
    table : DataFrame
        Grain tier, the top first: tier, n_customers, margin_at_risk; ``money_today``, ``people_today``,
        ``tools_today`` and the same ``_proposed`` [money, contacts]; ``kept_today`` and ``kept_proposed`` with
        ``_low`` and ``_high`` [money], empty where the response is not measured.
    basis : str
        `MEASURED` or `FOR_TESTING`.
    today : str
        What today's effort is taken from.
    reason : str
        Why the response is not measured; empty where it is.
    """

    table: pd.DataFrame
    basis: str
    today: str
    reason: str = ""

    def amounts(self) -> pd.DataFrame:
        """Return money in and the margin that it is for, kept where that is measured, else at risk, for the figure.

        Returns
        -------
        DataFrame
            tier, n_customers, series, amount with low and high, which are empty where none is known [money]; series
            of nothing are left out, and tiers of which an amount is not known.
        """
        margin = {"margin_at_risk": "margin at risk"} if self.basis == FOR_TESTING else {
            "kept_today": "margin kept, today", "kept_proposed": "margin kept, proposed"}
        names = {"money_today": "money in, today", "money_proposed": "money in, proposed", **margin}
        columns, nan = ["tier", "n_customers", "series", "amount", "low", "high"], pd.Series(np.nan, self.table.index)
        parts = [self.table.assign(series=name, amount=self.table[column], low=self.table.get(f"{column}_low", nan),
                                   high=self.table.get(f"{column}_high", nan))[columns]
                 for column, name in names.items() if self.table[column].fillna(0).ne(0).any()]
        whole = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
        return whole.dropna(subset="amount").reset_index(drop=True)


def effort_today(engine: Engine, contacts: ir.Table, window: TimeWindow, personal: Sequence[str],
                 contact_cost: float) -> pd.DataFrame:
    """Return contacts within a window by customer: customer_id, money [money], people and tools [contacts].

    Parameters
    ----------
    engine : Engine
        Where the contacts are.
    contacts : Table
        ``canonical/contacts``.
    window : TimeWindow
        Days that count.
    personal : sequence of str
        Channels of contacts that people make.
    contact_cost : float
        Cost of a contact where none is recorded [money].
    """
    within = contacts.filter(window.holds(contacts.sent_at.date()))
    is_personal = within.channel.lower().isin([name.lower() for name in personal]).fill_null(False).ifelse(1.0, 0.0)
    return engine.frame(within.group_by("customer_id").aggregate(
        money=within.cost.cast("float64").fill_null(contact_cost).sum(), people=is_personal.sum(),
        tools=(1.0 - is_personal).sum()), "canonical/contacts")


def effort_or_plan(
    recent: pd.DataFrame, actions: pd.DataFrame, personal: Sequence[str]
) -> tuple[pd.DataFrame, str]:
    """Return today's effort and what it is taken from: contacts on record; this round's list where none are.

    Parameters
    ----------
    recent : DataFrame
        As `effort_today` gives it.
    actions : DataFrame
        ``results/actions``.
    personal : sequence of str
        Channels of contacts that people make.
    """
    if len(recent):
        return recent, "contacts on record, without offers"
    treated = actions[actions["variant"].eq(TREATMENT)]
    is_personal = treated["channel"].astype("object").isin(list(personal)).astype("float64")
    return pd.DataFrame({"customer_id": treated["customer_id"], "money": treated["cost_expected"],
                         "people": is_personal, "tools": 1.0 - is_personal}), "this round's list"


def plan_effort(
    actions: pd.DataFrame, today: tuple[pd.DataFrame, str], assumptions: ActionsConfig, curves: ResponseCurves,
    horizon_days: int,
) -> EffortPlan:
    """Return money, people and tools by tier, allocated by marginal response where it is measured.

    Else in proportion to margin at risk, for testing, and none proposed where that is not known; nobody then gets more
    contacts than the study's cap, one in ``contact_days`` where it has none. In both cases what is proposed is no more
    in all than today, nor more than the study's budget.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    today : (DataFrame, str)
        As `effort_or_plan` gives it.
    assumptions : ActionsConfig
        Budget, cap on contacts.
    curves : ResponseCurves
        As `response_curves.fit_response` gives them.
    horizon_days : int
        Days for which effort is planned [days].
    """
    effort, source = today
    whole = actions.merge(effort, on="customer_id", how="left").fillna(dict.fromkeys(RESOURCES, 0.0))
    by = whole.groupby(["tier_rank", "tier"])
    table = by.agg(n_customers=("customer_id", "size"),
                   margin_at_risk=("margin_at_risk", lambda at_risk: at_risk.sum(min_count=1)),
                   **{f"{name}_today": (name, "sum") for name in RESOURCES}).reset_index()
    totals = {name: float(table[f"{name}_today"].sum()) for name in RESOURCES}
    if assumptions.budget is not None:
        totals["money"] = min(totals["money"], assumptions.budget)
    if curves.is_measured and totals["money"] > 0:
        return EffortPlan(_by_response(table, totals, curves), MEASURED, source)
    caps = table["n_customers"].to_numpy("float64") * (assumptions.max_contacts or 1) * max(
        horizon_days / assumptions.contact_days, 1.0)
    stake = table["margin_at_risk"].clip(lower=0).fillna(0.0).to_numpy("float64")
    is_known = bool(table["margin_at_risk"].notna().any())
    most = {"money": np.full(len(table), np.inf), "people": caps, "tools": caps}
    split = {f"{name}_proposed": proportional_split(
        totals[name], stake, np.minimum(most[name], max(totals[name], 1.0))) if is_known else np.nan
        for name in RESOURCES}
    kept = dict.fromkeys([f"kept_{when}{end}" for when in ("today", "proposed") for end in ("", "_low", "_high")],
                         np.nan)
    return EffortPlan(table.assign(**split, **kept), FOR_TESTING, source,
                      curves.reason or "no money was spent on contacts")


def _by_response(table: pd.DataFrame, totals: dict[str, float], curves: ResponseCurves) -> pd.DataFrame:
    """Return the plan by marginal response; what a tier's money buys of people and tools stays as it is today.

    Tiers whose response is not measured keep their share of the money: not measured is not nothing.
    """
    n, money = table["n_customers"].to_numpy("float64"), table["money_today"].to_numpy("float64")
    overall = {name: totals[name] / money.sum() for name in RESOURCES[1:]}
    use = {"money": np.ones(len(n)), **{
        name: np.where(money > 0, table[f"{name}_today"] / np.where(money > 0, money, 1.0), overall[name])
        for name in RESOURCES[1:]}}
    is_known = table["tier"].isin(curves.tiers).to_numpy()
    proposed = np.where(is_known, 0.0, money * min(totals["money"] / money.sum(), 1.0))
    limits = [ResourceLimit(name, use[name][is_known], max(totals[name] - float((proposed * use[name]).sum()), 0.0))
              for name in RESOURCES if totals[name] > 0]
    found = best_spending(curves, pd.Series(n[is_known], table.loc[is_known, "tier"]), limits)
    proposed[is_known] = found.to_numpy() * n[is_known]
    return _with_margin_kept(table.assign(**{f"{name}_proposed": proposed * use[name] for name in RESOURCES}), curves)


def _with_margin_kept(table: pd.DataFrame, curves: ResponseCurves) -> pd.DataFrame:
    """Return the plan with the margin that today's and the proposed money keep, empty where that is not measured."""
    n, found = table["n_customers"].to_numpy("float64"), table
    for when in ("today", "proposed"):
        each = np.minimum(table[f"money_{when}"].to_numpy("float64") / n, curves.most)
        gains = [curves.gain(t, x) if t in curves.tiers else None for t, x in zip(table["tier"], each, strict=True)]
        found = found.assign(**{f"kept_{when}{end}": [np.nan if g is None else k * getattr(g, part)
                                                      for g, k in zip(gains, n, strict=True)]
                                for end, part in (("", "value"), ("_low", "low"), ("_high", "high"))})
    return found
