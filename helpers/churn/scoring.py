"""Churn scores, expected churn and margin at risk with intervals."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from helpers.churn import backtest, purchase_rate
from helpers.churn.backtest import Backtest
from helpers.churn.config import ChurnConfig
from helpers.churn.dataset import (
    ALL_CUSTOMERS,
    ONE_TIME_BUYERS,
    PURCHASE_DATASET,
    REPEAT_BUYERS,
    UNDATED_CONTRACTS,
    Dataset,
)
from helpers.churn.schema import CHURN_FORECASTS, CHURN_SCORES
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import confidence_intervals, forecast_evaluation

INTERVAL_LEVEL, MIN_RANKED_CUSTOMERS = 0.95, 100  # customers, so that a tenth of them are people enough to be told of

CUSTOMERS_LOST, MARGIN_AT_RISK = "customers_lost", "margin_at_risk"
TOO_WIDE = ("past periods, forecast in the same way, were off in the level of churn by so much that the range would "
            "begin at nothing")
BY_RULE, SAME_RATE = "_by_rule", "churn rate of the period before"  # ends a quantity; what the simple rule expects


def churn_scores(basis: Dataset, trial: Backtest, chosen: str, assumptions: ChurnConfig) -> pd.DataFrame:
    """Return today's scores, as ``results/churn_scores`` is declared, sorted by customer.

    Parameters
    ----------
    basis : Dataset
        Training and scoring cases. The models are fitted anew, one step later: the recipe that was tried. Contracts
        without dates keep the probability of the fold in which they were held out.
    trial : Backtest
        The trial of the models.
    chosen : str
        Model that ``churn_probability`` comes from.
    assumptions : ChurnConfig
        Section ``[churn]``, for the bands of risk and the value of who is lost.

    Notes
    -----
    No margin at risk is told of anybody where the error in level makes as much of the sum as there is.
    """
    about = basis.scoring.about
    if not basis.training or about.empty:
        return pd.DataFrame(columns=list(CHURN_SCORES.names))
    churn_probability, p_rule = (_predicted(basis, trial, name) for name in (chosen, basis.rule))
    if_kept = purchase_rate.retained_value(basis)
    found = pd.DataFrame({
        "customer_id": about["customer_id"].to_numpy(), "model": chosen, "churn_probability": churn_probability,
        "basis": PURCHASE_DATASET if basis.kind == PURCHASE_DATASET else UNDATED_CONTRACTS,
        "p_baseline": p_rule, "risk": _risk_bands(churn_probability, assumptions), "due_on": pd.Timestamp(basis.due_on),
        "no_order_if_kept": np.minimum(if_kept.no_order, churn_probability),
        "value_if_kept": if_kept.value, "value_if_kept_sd": if_kept.sd,
        "value_if_lost": np.minimum(assumptions.value_if_lost, if_kept.value)})  # nobody brings more for having left
    names = ("monthly_fee", "recency_days", "inactivity_percentile", "is_one_time")
    found = found.assign(**{c: about[c].to_numpy() for c in names if c in about})
    left = purchase_rate.dropout_probability(churn_probability, found["no_order_if_kept"].to_numpy())
    found = found.assign(margin_at_risk=left * (found["value_if_kept"] - found["value_if_lost"]))
    off, known = backtest.calibration_error_logits(trial, chosen), found.dropna(subset=["margin_at_risk"])
    if len(known) and expected_losses(known).is_within_level_error(off, INTERVAL_LEVEL):
        found["margin_at_risk"] = np.nan
    if basis.kind != PURCHASE_DATASET:
        return _by_customer(found.drop(columns="is_one_time"))
    return found.reindex(columns=list(CHURN_SCORES.names))


def _predicted(basis: Dataset, trial: Backtest, name: str) -> np.ndarray:
    if basis.kind == UNDATED_CONTRACTS:
        return trial.stated[name][basis.newest.is_lost == 0]
    return backtest.final_model(basis, name).stated(backtest.model_inputs(name, basis.rule, basis.scoring))


def _by_customer(contracts: pd.DataFrame) -> pd.DataFrame:
    """Return one row a customer: the contract most at risk, and the fees and values of all."""
    money = ["monthly_fee", "value_if_kept", "margin_at_risk"]
    sums = contracts.groupby("customer_id")[money].sum(min_count=1)
    worst = contracts.sort_values(["customer_id", "churn_probability"]).drop_duplicates("customer_id", keep="last")
    summed = worst.assign(**{c: worst["customer_id"].map(sums[c]) for c in money})
    return summed.reindex(columns=list(CHURN_SCORES.names)).reset_index(drop=True)


def _risk_bands(p: np.ndarray, assumptions: ChurnConfig) -> np.ndarray:
    return np.select([p >= assumptions.high_risk_from, p >= assumptions.medium_risk_from], ["high", "medium"], "low")


def expected_churn(p: np.ndarray, level_error: float = 0.0, segment: str = ALL_CUSTOMERS) -> Estimate:
    """Return how many will be lost, with a predictive interval.

    Parameters
    ----------
    p : ndarray, shape (n,)
        Probability of being lost.
    level_error : float
        By how many logits the level of all probabilities was off in the trial; the next period may be off as much.
    segment : str
        For whom.

    Notes
    -----
    A sum of independent draws has variance Σ p (1 − p) (Poisson binomial). A shift of all logits by δ moves it by
    about δ Σ p (1 − p). Both are added: sd² = V + (δ V)², V = Σ p (1 − p); normal limits, cut at 0 and n.
    """
    v, n = float(np.sum(p * (1 - p))), len(p)
    half = confidence_intervals.normal_quantile(INTERVAL_LEVEL) * float(np.sqrt(v + (level_error * v) ** 2))
    value = float(np.sum(p))
    return Estimate(CUSTOMERS_LOST, value, max(value - half, 0.0), min(value + half, float(n)), unit="customers",
                    n=n, segment=segment)


def churn_forecasts(scores: pd.DataFrame, trial: Backtest, made_as_of_on: date, eligible_days: int) -> pd.DataFrame:
    """Return the forecasts of customers lost, for all and by one-time and repeat buyers, and of the margin at risk.

    Each can be graded once its day has come.

    Parameters
    ----------
    scores : DataFrame
        As `scores` gives them; contracts without dates have no horizon and no forecast.
    trial : Backtest
        Tells how far the level was off before.
    made_as_of_on : date
        Last day that was seen.
    eligible_days : int
        The rule of eligibility, which grading needs.

    Returns
    -------
    DataFrame
        As ``results/forecasts`` is declared.
    """
    dated = scores[scores["due_on"].notna()]
    if dated.empty:
        return pd.DataFrame(columns=list(CHURN_FORECASTS.names))
    model = dated["model"].iloc[0]
    p, off = dated["churn_probability"].to_numpy("float64"), backtest.calibration_error_logits(trial, model)
    money = margin_at_risk_interval(dated, off)
    made = [*(expected_churn(p[chosen], off, segment) for segment, chosen in _segments(dated).items()),
            *([money] if money.status is Status.OK else ())]
    return _forecast_rows(made, dated, model, made_as_of_on, eligible_days)


def _segments(dated: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return for whom customers lost are forecast, with a mask of them; buyers apart by whether they bought once."""
    everybody, once = np.ones(len(dated), bool), dated["is_one_time"].eq(True).to_numpy(dtype=bool)
    parts = {ONE_TIME_BUYERS: once, REPEAT_BUYERS: ~once} if dated["basis"].iloc[0] == PURCHASE_DATASET else {}
    return {ALL_CUSTOMERS: everybody, **parts}


def _forecast_rows(
    made: list[Estimate], dated: pd.DataFrame, model: str, made_as_of_on: date, eligible_days: int, suffix: str = ""
) -> pd.DataFrame:
    return pd.DataFrame([{
        "quantity": f"{e.quantity}{suffix}", "segment": e.segment, "made_as_of_on": pd.Timestamp(made_as_of_on),
        "due_on": dated["due_on"].iloc[0], "value": e.value, "low": e.low, "high": e.high, "level": e.level,
        "model": model, "unit": e.unit, "n": e.n, "basis": dated["basis"].iloc[0],
        "eligible_days": eligible_days} for e in made])


def churn_forecasts_by_rule(
    scores: pd.DataFrame, basis: Dataset, made_as_of_on: date, eligible_days: int
) -> pd.DataFrame:
    """Return what the simple rule says beside `churn_forecasts`: the churn rate of the period before, once more.

    Of the margin at risk, where one is told, it says the share of the value that left in the period before, by repeat
    purchases to date.

    Parameters
    ----------
    scores, made_as_of_on, eligible_days
        As `churn_forecasts` takes them.
    basis : Dataset
        Whose newest snapshots have the rates.

    Notes
    -----
    The intervals allow for the change of rate and share from one period to the next (root mean square).
    """
    dated = scores[scores["due_on"].notna()]
    by_day = {day: snapshot for day, snapshot in basis.snapshots.items() if day and len(snapshot.is_lost)}
    known, days = list(by_day.values()), list(by_day)
    apart = [(at, days.index(day - timedelta(basis.horizon_days))) for at, day in enumerate(days)
             if day - timedelta(basis.horizon_days) in by_day] or list(pairwise(range(len(days))))
    if dated.empty or not known:
        return pd.DataFrame(columns=list(CHURN_FORECASTS.names))
    rates = np.array([(snapshot.is_lost.sum() + 0.5) / (len(snapshot.is_lost) + 1) for snapshot in known])
    off = _root_mean_square_change(special.logit(rates), apart)
    newest, made = known[0], []
    before = _segments(newest.about.assign(basis=dated["basis"].iloc[0]))
    made += [expected_churn(np.full(int(chosen.sum()), newest.is_lost[before[segment]].mean()), off, segment)
             for segment, chosen in _segments(dated).items() if before[segment].any()]
    shares, errors = np.array([purchase_rate.margin_lost_share(snapshot, basis.horizon_days) for snapshot in known]).T
    total = float((dated["value_if_kept"] - dated["value_if_lost"]).sum())
    if shares[0] * total > 0 and dated["margin_at_risk"].notna().any():
        sd = total * float(np.hypot(errors[0], _root_mean_square_change(shares, apart)))
        half, value = confidence_intervals.normal_quantile(INTERVAL_LEVEL) * sd, shares[0] * total
        made.append(Estimate(MARGIN_AT_RISK, value, max(value - half, 0.0), value + half, unit="money", n=len(dated)))
    return _forecast_rows(made, dated, SAME_RATE, made_as_of_on, eligible_days, BY_RULE)


def _root_mean_square_change(of_periods: np.ndarray, apart: Sequence[tuple[int, int]]) -> float:
    """Return the change from one period to the next (root mean square); 0 where no two are known.

    Before anybody had bought again nothing was at risk to lose: no share is known then.
    """
    found = np.array([of_periods[now] - of_periods[before] for now, before in apart])
    found = found[np.isfinite(found)]
    return float(np.sqrt(np.mean(found**2))) if len(found) else 0.0


def level_error_share(row: Mapping[str, Any], v: float) -> float:
    """Return the error in level that a forecast of customers lost has allowed for [share of the customers].

    Parameters
    ----------
    row : mapping
        A row of ``results/forecasts``.
    v : float
        Variance of how many leave by chance among customers alone.
    """
    half = max(row["high"] - row["value"], row["value"] - row["low"]) / confidence_intervals.normal_quantile(
        INTERVAL_LEVEL
    )
    return float(np.sqrt(max(half**2 - v, 0.0))) / row["n"]


def most_margin_at_risk(scores: pd.DataFrame, forecasts: pd.DataFrame) -> float:
    """Return the upper end of a margin at risk whose range would begin at nothing [money]; NaN without values."""
    if_lost = scores["value_if_lost"].fillna(0) if "value_if_lost" in scores else 0.0
    left = purchase_rate.dropout_probability(*(scores[c].to_numpy("float64") for c in (
        "churn_probability", "no_order_if_kept")))
    priced = scores.assign(margin_at_risk=left * (scores["value_if_kept"] - if_lost)).dropna(subset=["margin_at_risk"])
    return expected_losses(priced).interval(forecast_error_logits(scores, forecasts)).high if len(priced) else math.nan


def forecast_error_logits(scores: pd.DataFrame, forecasts: pd.DataFrame) -> float:
    """Return the error in level that a forecast of customers lost has allowed for, read from its interval [logits]."""
    if forecasts.empty:
        return 0.0
    made = forecasts_of_lost(forecasts)
    v = float(np.sum(scores["churn_probability"] * (1 - scores["churn_probability"])))
    if made.empty or not v:
        return 0.0
    row = made.iloc[0]
    return level_error_share(row, v) * row["n"] / v


def margin_at_risk_interval(scores: pd.DataFrame, off: float = 0.0) -> Estimate:
    """Return Σ P(left for good) × (value if retained − value if churned) with a predictive interval [money].

    Parameters
    ----------
    scores : DataFrame
        As `scores` gives them.
    off : float
        Error in level of all probabilities, as `level_error` or `stated_error` gives it [logits].

    Notes
    -----
    As `helpers.stats.forecast_evaluation.ExpectedLosses` gives it: what is seen later is who bought nothing,
    and a customer who stays may do that too. What one who left would have brought is never seen: grades hold who bought
    nothing against it, the value if kept stays as it was stated.
    """
    priced = scores[scores["margin_at_risk"].notna()]
    if priced.empty:
        dated = TOO_WIDE if scores["value_if_kept"].notna().any() else "no money is recorded"
        known = dated if scores["due_on"].notna().any() else "contracts without dates give no horizon"
        reason = known if len(scores) else "nobody could be scored"
        status = Status.INSUFFICIENT if reason in (TOO_WIDE, "nobody could be scored") else Status.NOT_APPLICABLE
        return no_estimate(MARGIN_AT_RISK, status, reason, unit="money")
    found = expected_losses(priced).interval(off, INTERVAL_LEVEL)
    return Estimate(MARGIN_AT_RISK, found.value, found.low, found.high, unit="money", n=len(priced))


def expected_losses(priced: pd.DataFrame) -> forecast_evaluation.ExpectedLosses:
    """Return the losses of customers whose margin at risk is known, from rows of `churn_scores`."""
    if_lost = priced["value_if_lost"].to_numpy("float64") if "value_if_lost" in priced else 0.0
    p, kept, sd, lost = (priced[c].to_numpy("float64") for c in (
        "churn_probability", "value_if_kept", "value_if_kept_sd", "margin_at_risk"))
    # runs of long ago took every customer without an order for lost
    pause = priced["no_order_if_kept"].fillna(0).to_numpy("float64") if "no_order_if_kept" in priced else 0.0 * p
    return forecast_evaluation.ExpectedLosses(p, pause, kept - if_lost, sd, lost)


def margin_at_risk(scores: pd.DataFrame, forecasts: pd.DataFrame) -> Estimate:
    """Return the margin at risk with the error in level that the forecasts made with these scores allow for [money]."""
    return margin_at_risk_interval(scores, forecast_error_logits(scores, forecasts))


def risk_band_summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the bands of risk: customers, expected lost where there is a due date, and money [customers, money]."""
    bands = scores.assign(risk=pd.Categorical(scores["risk"], ["high", "medium", "low"], ordered=True))
    grouped = bands.groupby("risk", observed=True)
    money = grouped[["value_if_kept", "margin_at_risk", "monthly_fee"]].sum(min_count=1)
    counts = grouped.agg(n_customers=("churn_probability", "size"), expected_lost=("churn_probability", "sum"))
    if scores["due_on"].isna().all():
        counts = counts.drop(columns="expected_lost")
    return counts.join(money).reset_index()


def top_decile_share(scores: pd.DataFrame) -> float:
    """Return the share of all margin at risk that the tenth of customers with the most of it hold; NaN below 100."""
    stakes = scores["margin_at_risk"].dropna().sort_values(ascending=False)
    if len(stakes) < MIN_RANKED_CUSTOMERS or not stakes.sum() > 0:
        return float("nan")
    return float(stakes.head(len(stakes) // 10).sum() / stakes.sum())


def forecasts_of_lost(forecasts: pd.DataFrame, segment: str = ALL_CUSTOMERS) -> pd.DataFrame:
    """Return the forecasts of customers lost of one segment, from ``results/forecasts``."""
    return forecasts[(forecasts["quantity"] == CUSTOMERS_LOST) & (forecasts["segment"] == segment)]


def churn_rate_forecasts(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts of customers lost as shares of those eligible; segments without anybody are left out."""
    some = forecasts[(forecasts["quantity"] == CUSTOMERS_LOST) & (forecasts["n"] > 0)]
    return some.assign(unit="share", **{c: some[c] / some["n"] for c in ("value", "low", "high")})
