"""Recurring revenue: fees of the next quarter if nothing is done, by survival, beside a naive rule; new contracts."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate
from helpers.stats import forecast_evaluation
from helpers.stats.disclosure_control import is_hidden
from helpers.value.historical_value import VALUE_FORECAST_WINDOW
from helpers.value.subscriptions import DAYS_PER_MONTH, MIN_ENDED_CONTRACTS

QUARTER_DAYS, MONTHS_AHEAD = 91, 3

MIN_QUARTERS, MAX_QUARTERS, MIN_HISTORY_DAYS = 3, 8, 365  # past quarters tried, and days known before the first of them

MIN_DATED_SHARE = 0.95  # of contracts, and of ended ones

LEVEL = 0.95

NEW_MONTHS = (3, 12)  # limits of the age of contracts that run, told apart as new [months]

QUANTITY, BY_RULE = "quarter_recurring_revenue", "quarter_recurring_revenue_by_rule"

NO_CONTRACTS = "there are no contracts"

MODEL, RULE = "survival of contracts", "fees of the last quarter again"


@dataclass(frozen=True, slots=True, eq=False)
class RecurringRevenue:
    """Fees of the next quarter, and how past quarters were forecast in the same way.

    Parameters
    ----------
    as_of_on : date
        Last day that was seen.
    value, rule : float
        Fees expected in the 91 days ahead: by survival with new contracts as they came; those of the last quarter
        [money].
    n_running : int
        Contracts that run and whose fee is known.
    past : DataFrame
        Grain past quarter, 0 the latest: ``forecast``, ``rule``, ``actual`` [money].
    reason : str
        Why there is no forecast; empty where there is one.
    """

    as_of_on: date
    value: float = float("nan")
    rule: float = float("nan")
    n_running: int = 0
    past: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["forecast", "rule", "actual"]))
    reason: str = ""

    @property
    def due_on(self) -> date:
        """Last day of the quarter ahead."""
        return self.as_of_on + timedelta(QUARTER_DAYS)

    def error(self, by: str = "forecast") -> float:
        """Return the root mean square of relative errors in past quarters of the forecast or the ``rule`` [share]."""
        return float(np.sqrt(((self.past["actual"] / self.past[by] - 1) ** 2).mean()))

    def interval(self, value: float, by: str = "forecast") -> tuple[float, float]:
        """Return value × (1 ± t s), s the error in past quarters and t with as many degrees of freedom [money]."""
        half = float(stats.t.ppf((1 + LEVEL) / 2, len(self.past))) * self.error(by)
        return max(value * (1 - half), 0.0), value * (1 + half)

    def forecasts(self, others: pd.DataFrame) -> pd.DataFrame:
        """Return ``results/value_forecasts``: other forecasts, and the fees of the quarter, the rule beside them."""
        if self.reason:
            return others
        told, rows = ((QUANTITY, self.value, "forecast", MODEL), (BY_RULE, self.rule, "rule", RULE)), []
        for quantity, value, by, model in told:
            low, high = self.interval(value, by)
            rows.append({"quantity": quantity, "segment": "all", "made_as_of_on": pd.Timestamp(self.as_of_on),
                         "due_on": pd.Timestamp(self.due_on), "value": value, "low": low, "high": high, "level": LEVEL,
                         "model": model, "unit": "money", "n": self.n_running})
        own = pd.DataFrame(rows)
        return pd.concat([others, own], ignore_index=True) if len(others) else own


def forecast_recurring_revenue(engine: Engine, subscriptions: ir.Table, as_of_on: date) -> RecurringRevenue:
    """Return the fees that contracts bring in the next quarter if nothing is done.

    Parameters
    ----------
    engine : Engine
        Hands over the contracts.
    subscriptions : ir.Table
        ``canonical/subscriptions`` of contracts begun by the day, as `helpers.customers.contract_status` gives them.
    as_of_on : date
        Last day that is seen.

    Notes
    -----
    Each contract's fee for the days that it is expected to run, by monthly hazards of its plan and age (Kaplan & Meier
    1958), and what contracts new in the last quarter paid in it once more. Fees stay what they are.
    """
    contracts, reason = _dated_contracts(engine, subscriptions)
    if reason:
        return RecurringRevenue(as_of_on, reason=reason)
    today, first = pd.Timestamp(as_of_on), contracts["started_on"].min()
    n_past = min((today - first).days // QUARTER_DAYS - -(-MIN_HISTORY_DAYS // QUARTER_DAYS), MAX_QUARTERS)
    if n_past < MIN_QUARTERS:
        return RecurringRevenue(as_of_on, reason="contracts are on record for too short a time to try a forecast of a "
                                                 f"quarter on {MIN_QUARTERS} past ones")
    rows = []
    for back in range(1, n_past + 1):
        cutoff = today - pd.Timedelta(QUARTER_DAYS * back, "D")
        actual = fees_between(contracts, cutoff, cutoff + pd.Timedelta(QUARTER_DAYS, "D"))
        rows.append({"forecast": _expected_fees(contracts, cutoff), "rule": _last_quarter(contracts, cutoff),
                     "actual": actual})
    runs = contracts["ended_on"].isna() | (contracts["ended_on"] > today)
    return RecurringRevenue(as_of_on, _expected_fees(contracts, today), _last_quarter(contracts, today),
                            int(runs.sum()), pd.DataFrame(rows))


def _dated_contracts(engine: Engine, subscriptions: ir.Table) -> tuple[pd.DataFrame, str]:
    """Return contracts with a start and a fee, and why no quarter can be told."""
    frame = engine.frame(subscriptions, "canonical/subscriptions")
    frame = frame.assign(fee=frame["monthly_fee"].astype("float64"), plan=frame["plan"].astype("object").fillna("all"),
                         **{c: frame[c].astype("datetime64[us]") for c in ("started_on", "ended_on")})
    ended = frame[frame["has_ended"].astype(bool)]
    if frame.empty:
        return frame, NO_CONTRACTS
    if frame["started_on"].notna().mean() < MIN_DATED_SHARE or (
            len(ended) and ended["ended_on"].notna().mean() < MIN_DATED_SHARE):
        return frame, "contracts have no dates, so that what they paid in a quarter is not known"
    if len(ended) < MIN_ENDED_CONTRACTS:
        return frame, f"{len(ended)} contracts have ended, {MIN_ENDED_CONTRACTS} are needed"
    known = frame[frame["fee"].notna() & frame["started_on"].notna()]
    return known, "" if known["fee"].sum() > 0 else "no monthly fees are recorded"


def fees_between(contracts: pd.DataFrame, after: pd.Timestamp, until: pd.Timestamp) -> float:
    """Return the fees of the days after one day up to another, each contract paying while it runs [money]."""
    start = contracts["started_on"].clip(lower=after)
    end = contracts["ended_on"].fillna(until).clip(upper=until)
    return float((contracts["fee"] * (end - start).dt.days.clip(lower=0)).sum() / DAYS_PER_MONTH)


def _last_quarter(contracts: pd.DataFrame, cutoff: pd.Timestamp) -> float:
    return fees_between(contracts, cutoff - pd.Timedelta(QUARTER_DAYS, "D"), cutoff)


def _expected_fees(contracts: pd.DataFrame, cutoff: pd.Timestamp) -> float:
    """Return the fees expected in the quarter after a cut-off from what was known on it [money]."""
    known = contracts[contracts["started_on"] <= cutoff]
    has_ended = known["ended_on"] <= cutoff
    age = ((known["ended_on"].where(has_ended, cutoff) - known["started_on"]).dt.days // DAYS_PER_MONTH).astype("int64")
    known = known.assign(has_ended=has_ended, age=age)
    large = known.groupby("plan")["has_ended"].transform("sum") >= MIN_ENDED_CONTRACTS
    paid = [_fees_of_running(group) for _, group in known.groupby(known["plan"].where(large, ""))]
    recent = known[known["started_on"] > cutoff - pd.Timedelta(QUARTER_DAYS, "D")]
    return sum(paid) + _last_quarter(recent, cutoff)


def _fees_of_running(group: pd.DataFrame) -> float:
    """Return the fees of the contracts of a plan that run, over the months ahead, by the hazards of its ages."""
    oldest = int(group["age"].max())
    ended = np.bincount(group["age"], group["has_ended"], oldest + 1)
    at_risk = np.bincount(group["age"])[::-1].cumsum()[::-1]
    late = slice(max(oldest - 11, 0), oldest + 1)
    tail = np.full(MONTHS_AHEAD + 1, ended[late].sum() / at_risk[late].sum())
    hazards = np.append(ended / at_risk, tail)
    running = group[~group["has_ended"]]
    months = running["age"].to_numpy()[:, None] + np.arange(MONTHS_AHEAD)
    left = np.cumprod(1 - hazards[months], axis=1)
    begun = np.column_stack([np.ones(len(running)), left[:, :-1]])
    share = QUARTER_DAYS / (MONTHS_AHEAD * DAYS_PER_MONTH)
    return float(running["fee"].to_numpy() @ ((begun + left) / 2).sum(axis=1)) * share


def realised_recurring_revenue(engine: Engine, subscriptions: ir.Table, due: pd.DataFrame) -> pd.Series:
    """Return the fees of the quarter of each forecast, of old and new contracts, by the index of `due` [money].

    Parameters
    ----------
    engine, subscriptions : Engine, ir.Table
        Today's ``canonical/subscriptions``, which must reach to every ``due_on``.
    due : DataFrame
        Grain forecast: the columns of ``results/value_forecasts``.

    Returns
    -------
    Series of float
        NaN for any other quantity, and where contracts have no dates.
    """
    is_known = due["quantity"].isin((QUANTITY, BY_RULE))

    def paid(made_on: datetime, due_on: datetime) -> dict[str, float]:
        contracts, reason = _dated_contracts(engine, subscriptions)
        return {} if reason else dict.fromkeys(
            (QUANTITY, BY_RULE), fees_between(contracts, pd.Timestamp(made_on), pd.Timestamp(due_on)))

    return forecast_evaluation.outcomes_since_forecast(due, is_known, VALUE_FORECAST_WINDOW, "quantity", paid)


def running_by_age(engine: Engine, contracts: ir.Table, as_of_on: date) -> list[Estimate]:
    """Return how many contracts that run are so many months old at most; nothing that would tell of fewer than ten.

    Parameters
    ----------
    engine : Engine
        Counts.
    contracts : ir.Table
        Contracts as they stand on the day.
    as_of_on : date
        Last day that is seen.
    """
    runs = contracts.filter(~contracts.has_ended)
    since = ibis.literal(as_of_on).delta(runs.started_on.cast("date"), unit="day") / DAYS_PER_MONTH
    months = ibis.coalesce(since, runs.tenure_months)
    row = engine.first_row(runs.aggregate(n=months.count(), **{f"n_{most}": (months <= most).ifelse(1, 0).sum()
                                                               for most in NEW_MONTHS}))
    n, counts = int(row["n"] or 0), [int(row[f"n_{most}"] or 0) for most in NEW_MONTHS]
    if any(is_hidden(part) for part in (*counts, counts[1] - counts[0], n - counts[1])) or not n:
        return []
    return [Estimate("contracts_by_age", count, unit="contracts", n=n, segment=f"{most} months at most")
            for count, most in zip(counts, NEW_MONTHS, strict=True)]
