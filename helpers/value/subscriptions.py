"""Subscriptions: survival by plan (Kaplan-Meier), contract CLV, running and ended contracts."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals, kaplan_meier
from helpers.value.revenue_bridge import RevenueBridge

DAYS_PER_MONTH = 30.4375

DAYS_PER_YEAR = 365.25

MIN_ENDED_CONTRACTS = 30  # a plan with fewer contracts that have ended is taken together with the others like it

N_HAZARD_DRAWS = 400

HAZARD_TAIL_MONTHS = 12  # months at the end of what was seen over which the hazard that goes on is pooled

OTHER_PLANS = "other plans"

NO_FEES = "no monthly fees are recorded"

CONTRACT_MARGIN_RATE, CONTRACTS_KEPT_QUARTER = "contract_margin_rate", "contracts_kept_quarter"

QUARTER_MONTHS = 3


@dataclass(frozen=True, slots=True, eq=False)
class SubscriptionSurvival:
    """How long contracts last and what they bring.

    Parameters
    ----------
    months : int
        Length of the horizon [months].
    curves : DataFrame
        Grain plan × age: ``plan``, ``age_months``, ``n_at_risk``, ``share_running``, ``low``, ``high``.
    values : DataFrame
        Grain contract that runs and has a known fee: ``subscription_id``, ``customer_id``, ``expected_value`` with
        limits, ``realised_low`` and ``realised_high`` [money], ``p_kept``.
    equity, kept : Estimate
        Expected margin of the contracts that run and have a known fee, and the share of all that run that still do at
        the end.
    reason : str
        Why there is no value; empty where there is.
    margin_rate : float
        Share of fees that the study takes for margin: no part of the intervals, which tell how long contracts last
        [share]; NaN where there is no value.
    kept_quarter : Estimate, optional
        The share of those that run that still do after three months, where the horizon is longer.
    """

    months: int
    curves: pd.DataFrame
    values: pd.DataFrame
    equity: Estimate
    kept: Estimate
    n_running: int
    reason: str = ""
    margin_rate: float = float("nan")
    kept_quarter: Estimate | None = None

    @property
    def n_fee_unknown(self) -> int:
        """Contracts that run and have no part in the money, since their monthly fee is unknown."""
        return 0 if self.reason else self.n_running - self.equity.n

    @property
    def plan_with_lowest_retention(self) -> str:
        """The plan of which least is left at the horizon's age; empty where there is only one."""
        at = self.curves[self.curves["age_months"] <= self.months]
        last = at.groupby("plan")["share_running"].min() if len(at) else pd.Series(dtype="float64")
        return str(last.idxmin()) if len(last) > 1 else ""

    def table(self) -> pd.DataFrame:
        """Return the totals and their horizon as a long summary table; empty without contracts."""
        horizon = Estimate("contract_horizon", self.months, unit="months", n=self.n_running)
        assumed = Estimate(CONTRACT_MARGIN_RATE, self.margin_rate, unit="share", n=self.n_running)
        told = [self.equity, self.kept, horizon, *([] if np.isnan(self.margin_rate) else [assumed]),
                *([self.kept_quarter] if self.kept_quarter else [])]
        return estimate_table(told if self.n_running else [])


def survival_by_plan(engine: Engine, subscriptions: ir.Table, as_of_on: date, *, horizon_days: int, margin_rate: float,
             discount_rate: float, seed: int) -> SubscriptionSurvival:
    """Return how long contracts last and what those that run are expected to bring.

    Parameters
    ----------
    engine : Engine
        Counts.
    subscriptions : ir.Table
        ``canonical/subscriptions``; age is ``tenure_months``, else from start to end or to `as_of_on`.
    as_of_on : date
        Last day that is seen.
    horizon_days : int
        How far to look, in whole months [days].
    margin_rate : float
        Share of the fee that is margin [share].
    discount_rate : float
        By the year [share a year].
    seed : int
        Of the draws of hazards.

    Notes
    -----
    Monthly hazards by plan and age, h = ended / at risk (Kaplan & Meier 1958), for the intervals of values drawn anew
    as shares of binomial counts, whose variance is Greenwood's; curves as `helpers.stats.kaplan_meier` gives them.
    Beyond the oldest contract seen the hazard of the last twelve months goes on. Contracts that run are right-censored
    at their age; that hazards stay what they were is assumed.
    """
    months = max(round(horizon_days / DAYS_PER_MONTH), 1)
    contracts = _contracts(engine, subscriptions, as_of_on)
    running = contracts[~contracts["has_ended"]]
    reason = _reason(contracts, running)
    if reason and reason != NO_FEES:
        equity, kept = (no_estimate(q, Status.INSUFFICIENT, reason, unit=u, n=len(running))
                        for q, u in (("contract_equity", "money"), ("contracts_kept", "share")))
        return SubscriptionSurvival(months, _no_curves(), _no_values(), equity, kept, len(running), reason)
    rng = np.random.default_rng(seed)
    hazards = {plan: _hazards(group, months, rng) for plan, group in contracts.groupby("plan")}
    curves = pd.concat([_curve(plan, group) for plan, group in contracts.groupby("plan")])
    rates = margin_rate * (1 + discount_rate) ** (-(np.arange(months) + 0.5) / 12)
    left = np.sum([_still_running(group, hazards[plan], months) for plan, group in running.groupby("plan")], axis=0)
    lasting = _percentile_interval("contracts_kept", left / len(running), "share", len(running))
    soon = None if months <= QUARTER_MONTHS else _percentile_interval(CONTRACTS_KEPT_QUARTER, np.sum(
        [_still_running(group, hazards[plan], QUARTER_MONTHS) for plan, group in running.groupby("plan")],
        axis=0) / len(running), "share", len(running))
    curves = curves.reset_index(drop=True)
    if reason:
        equity = no_estimate("contract_equity", Status.INSUFFICIENT, reason, unit="money", n=len(running))
        return SubscriptionSurvival(months, curves, _no_values(), equity, lasting, len(running), reason,
                                    kept_quarter=soon)
    priced = running[running["fee"].notna()]
    valued = [_contract_values(group, hazards[plan], rates) for plan, group in priced.groupby("plan")]
    values = pd.concat([v for v, _ in valued]).sort_values("subscription_id", ignore_index=True)
    equity = _percentile_interval("contract_equity", np.sum([total for _, total in valued], axis=0), "money",
                                  len(priced))
    return SubscriptionSurvival(months, curves, values, equity, lasting, len(running), margin_rate=margin_rate,
                                kept_quarter=soon)


def _contracts(engine: Engine, subscriptions: ir.Table, as_of_on: date) -> pd.DataFrame:
    s = subscriptions
    until = s.has_ended.ifelse(s.ended_on, ibis.literal(as_of_on))
    dated = (until.delta(s.started_on, unit="day") / DAYS_PER_MONTH).cast("float64")
    rows = engine.arrow(s.select(
        "subscription_id", "customer_id", "has_ended", plan=s.plan.fill_null("all"),
        age=ibis.coalesce(s.tenure_months, dated), fee=s.monthly_fee.cast("float64")).order_by("subscription_id"))
    frame = rows.to_pandas().dropna(subset=["age"])
    ended = frame.groupby("plan")["has_ended"].transform("sum")
    return frame.assign(
        age=np.floor(frame["age"].clip(lower=0)).astype("int64"),
        plan=frame["plan"].where(ended >= MIN_ENDED_CONTRACTS, OTHER_PLANS),
    )


def _reason(contracts: pd.DataFrame, running: pd.DataFrame) -> str:
    if running.empty:
        return "no contract runs"
    if contracts["has_ended"].sum() < MIN_ENDED_CONTRACTS:
        return f"{contracts['has_ended'].sum()} contracts have ended, {MIN_ENDED_CONTRACTS} are needed"
    return "" if running["fee"].sum() > 0 else NO_FEES


def _hazards(contracts: pd.DataFrame, months: int, rng: np.random.Generator) -> np.ndarray:
    """Return monthly hazards by age, the estimate first and then draws, shape ``(1 + n_draws, n_ages + months)``."""
    ages = int(contracts["age"].max()) + 1
    at_risk = np.bincount(contracts["age"], minlength=ages)[::-1].cumsum()[::-1]
    ended = np.bincount(contracts["age"], contracts["has_ended"], ages)
    drawn = rng.binomial(at_risk, ended / at_risk, (N_HAZARD_DRAWS, ages)) / at_risk
    last = slice(max(ages - HAZARD_TAIL_MONTHS, 0), ages)
    late, risk = ended[last].sum(), at_risk[last].sum()
    tail = np.append(late / risk, rng.binomial(risk, late / risk, N_HAZARD_DRAWS) / risk)
    return np.hstack([np.vstack([ended / at_risk, drawn]), np.repeat(tail[:, None], months + 1, axis=1)])


def _curve(plan: str, contracts: pd.DataFrame) -> pd.DataFrame:
    """Return the curve of one plan at every month of age; a contract that ends in a month has run to its end."""
    age = contracts["age"].to_numpy()
    found = kaplan_meier.kaplan_meier_curve(age + 1.0, contracts["has_ended"].to_numpy(), plan).set_index("time")
    each = found.reindex(np.arange(1.0, age.max() + 2), method="ffill")
    at_risk = np.bincount(age)[::-1].cumsum()[::-1]
    return pd.DataFrame({"plan": plan, "age_months": np.arange(age.max() + 1), "n_at_risk": at_risk,
                         "share_running": each["share_left"].to_numpy(), "low": each["low"].to_numpy(),
                         "high": each["high"].to_numpy()})


def _contract_values(running: pd.DataFrame, hazards: np.ndarray,
            rates: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Return contracts with their value, and draws (the estimate first) of the total."""
    ages, place = np.unique(running["age"].to_numpy(), return_inverse=True)
    fee, left = running["fee"].to_numpy(), _survival_from(ages, hazards, len(rates))
    worth = left @ rates  # (n_ages, 1 + n_draws)
    low, high = np.quantile(worth[:, 1:], [0.025, 0.975], axis=1)
    paid = np.concatenate([[0.0], np.cumsum(rates)])
    ends = _months_within_horizon(left[:, 0, :])
    frame = pd.DataFrame({
        "subscription_id": running["subscription_id"].to_numpy(), "customer_id": running["customer_id"].to_numpy(),
        "expected_value": fee * worth[place, 0], "expected_value_low": fee * low[place],
        "expected_value_high": fee * high[place], "realised_low": fee * paid[ends[0]][place],
        "realised_high": fee * paid[ends[1]][place], "p_kept": left[place, 0, -1]})
    return frame, np.bincount(place, fee, len(ages)) @ worth


def _still_running(running: pd.DataFrame, hazards: np.ndarray, months: int) -> np.ndarray:
    """Return draws (the estimate first) of how many contracts are left at the end of the horizon."""
    ages, counts = np.unique(running["age"].to_numpy(), return_counts=True)
    return counts @ _survival_from(ages, hazards, months)[:, :, -1]


def _survival_from(ages: np.ndarray, hazards: np.ndarray, months: int) -> np.ndarray:
    """Return the share left of contracts of each age after each month, ``(n_ages, 1 + n_draws, months)``."""
    # a contract seen at the end of month `age` may end in the months after it
    return np.stack([np.cumprod(1 - hazards[:, age + 1:age + 1 + months], axis=1) for age in ages])


def _months_within_horizon(left: np.ndarray) -> np.ndarray:
    """Return the months that a contract lasts within the horizon, 2.5 % and 97.5 % of its distribution, ``(2, n)``."""
    gone = 1 - left
    return np.stack([(gone < share).sum(axis=1) for share in (0.025, 0.975)])


def _percentile_interval(quantity: str, draws: np.ndarray, unit: str, n: int) -> Estimate:
    low, high = np.quantile(draws[1:], [0.025, 0.975])
    return Estimate(quantity, float(draws[0]), float(low), float(high), unit=unit, n=n)


def _no_curves() -> pd.DataFrame:
    return pd.DataFrame(columns=["plan", "age_months", "n_at_risk", "share_running", "low", "high"])


def _no_values() -> pd.DataFrame:
    return pd.DataFrame(columns=["subscription_id", "customer_id", "expected_value", "expected_value_low",
                                 "expected_value_high", "realised_low", "realised_high", "p_kept"])


def contract_value_by_customer(engine: Engine, found: SubscriptionSurvival) -> ir.Table:
    """Return what contracts are worth by customer; limits of several contracts are added, which is on the wide side."""
    money = ["expected_value", "expected_value_low", "expected_value_high", "realised_low", "realised_high"]
    sums = found.values.groupby("customer_id", as_index=False)[money].sum()
    return engine.lazy(sums.astype({"customer_id": "str"} | dict.fromkeys(money, "float64")))


@dataclass(frozen=True, slots=True)
class ContractBase:
    """Contracts that run and that have ended.

    Parameters
    ----------
    n_active, n_ended : int
        Contracts.
    fee_active, fee_ended : float
        Their monthly fees; NaN where no contract has one [money a month].
    squares_active, squares_ended : float
        Sums of squared fees, for the interval.
    unknown_active, unknown_ended : int
        Contracts whose fee is unknown: they have no part in any money.
    """

    n_active: int
    n_ended: int
    fee_active: float
    fee_ended: float
    squares_active: float
    squares_ended: float
    unknown_active: int = 0
    unknown_ended: int = 0

    @property
    def n_contracts(self) -> int:
        """All contracts."""
        return self.n_active + self.n_ended

    @property
    def n_fee_unknown(self) -> int:
        """Contracts whose monthly fee is unknown."""
        return self.unknown_active + self.unknown_ended

    def ended(self) -> tuple[Estimate, Estimate]:
        """Return the share of contracts that have ended, by count and by monthly fee, each with its interval."""
        n, fees = self.n_contracts, self.fee_active + self.fee_ended
        counted = confidence_intervals.share_interval(self.n_ended / max(n, 1), n)
        by_count = Estimate("share_ended", counted.value, counted.low, counted.high, unit="share", n=n)
        n_paid = n - self.n_fee_unknown
        if n < 2 or n_paid < 2 or not fees > 0:
            few = "one monthly fee only is recorded" if n_paid == 1 else NO_FEES
            reason = "no contracts" if not n else few if n > 1 else "one contract only"
            by_fee = no_estimate("share_ended_by_fee", Status.INSUFFICIENT, reason, unit="share", n=n)
            return (by_count if n else no_estimate("share_ended", Status.INSUFFICIENT, reason, unit="share")), by_fee
        r = self.fee_ended / fees
        half = confidence_intervals.normal_quantile(0.95) * float(np.sqrt(
            ((1 - r) ** 2 * self.squares_ended + r**2 * self.squares_active) * n_paid / (n_paid - 1))) / fees
        return by_count, Estimate("share_ended_by_fee", r, max(r - half, 0.0), min(r + half, 1.0), unit="share",
                                  n=n_paid)

    def table(self) -> pd.DataFrame:
        """Return the base as a long summary table; empty where there are no contracts."""
        if not self.n_contracts:
            return estimate_table([])
        rows = [("active", self.n_active, self.fee_active), ("ended", self.n_ended, self.fee_ended)]
        counts = [Estimate("contracts", n, unit="contracts", n=n, segment=s) for s, n, _ in rows]
        unknown = {"active": self.unknown_active, "ended": self.unknown_ended}
        fees = [Estimate("monthly_fee", fee, unit="money", n=n - unknown[s], segment=s) for s, n, fee in rows
                if not np.isnan(fee)]
        return estimate_table([*counts, *fees, *self.ended()])

    def split(self) -> pd.DataFrame:
        """Return what runs and what has ended as a table for reading [contracts, money a month]."""
        rows = [("active", self.n_active, self.fee_active), ("ended", self.n_ended, self.fee_ended)]
        return pd.DataFrame(rows if self.n_contracts else [], columns=["state", "n_contracts", "monthly_fee"])


def count_contracts(engine: Engine, subscriptions: ir.Table) -> ContractBase:
    """Return the contract base of ``canonical/subscriptions``."""
    fee = subscriptions.monthly_fee
    sums = {}
    for name, chosen in (("active", ~subscriptions.has_ended), ("ended", subscriptions.has_ended)):
        sums |= {f"n_{name}": chosen.ifelse(1, 0).sum().fill_null(0),
                 f"unknown_{name}": (chosen & fee.isnull()).ifelse(1, 0).sum().fill_null(0),
                 f"fee_{name}": chosen.ifelse(fee, None).sum().cast("float64"),
                 f"squares_{name}": chosen.ifelse(fee.cast("float64") ** 2, None).sum()}
    row = engine.first_row(subscriptions.aggregate(**sums, n_fees=fee.count()))
    n_fees = row.pop("n_fees")
    absent = {name: 0.0 if n_fees and not row[f"n_{name}"] else float("nan") for name in ("active", "ended")}
    known: dict[str, Any] = {k: absent[k.split("_")[1]] if v is None else v for k, v in row.items()}
    return ContractBase(**known)


def customer_base_table(base: RevenueBridge, contracts: ContractBase, *more: pd.DataFrame) -> pd.DataFrame:
    """Return ``results/customer_base``: the audit of purchases, contracts where there are any, and what is added."""
    parts = [base.table(), contracts.table(), *more]
    found = pd.concat([p for p in parts if len(p)], ignore_index=True)
    if "retained" in base.withheld():
        found.loc[found["quantity"].str.startswith("kept_"), "is_withheld"] = True
    return found
