"""What the models say of today's customers: scores, how many will be lost, and the value at stake."""

from datetime import date

import numpy as np
import pandas as pd

from helpers.churn import models
from helpers.churn.assumptions import Assumptions
from helpers.churn.cases import CONTRACTS, PURCHASES, Basis
from helpers.churn.labels import ALL, ONE_TIME, REPEAT
from helpers.churn.models import LATER, Trial
from helpers.churn.tables import CHURN_SCORES, FORECASTS
from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import classification, intervals

LEVEL, DAYS_A_MONTH = 0.95, 30.4375
LEAST_RANKED = 100  # customers, so that a tenth of them are people enough to be told of


def scores(basis: Basis, trial: Trial, chosen: str, assumptions: Assumptions) -> pd.DataFrame:
    """Return today's scores, as ``results/churn_scores`` is declared, sorted by customer.

    Parameters
    ----------
    basis : Basis
        Training and scoring cases. The models are fitted anew, one step later: the recipe that was tried. Contracts
        without dates keep the probability of the fold in which they were held out.
    trial : Trial
        The trial of the models.
    chosen : str
        Model that ``p_lost`` comes from.
    assumptions : Assumptions
        Section ``[churn]``, for the bands of risk and the value of who is lost.
    """
    about = basis.scoring.about
    if not basis.training or about.empty:
        return pd.DataFrame(columns=list(CHURN_SCORES.names))
    p_lost, p_rule = (_stated(basis, trial, name) for name in (chosen, basis.rule))
    found = pd.DataFrame({
        "customer_id": about["customer_id"].to_numpy(), "model": chosen, "p_lost": p_lost,
        "basis": PURCHASES if basis.kind == PURCHASES else CONTRACTS,
        "p_baseline": p_rule, "risk": _bands(p_lost, assumptions), "due_on": pd.Timestamp(basis.due_on),
        "value_if_kept": value_if_kept(basis), "value_if_lost": assumptions.value_if_lost})
    carried = {c: about[c].to_numpy() for c in ("monthly_fee", "recency_days", "silence", "is_one_time") if c in about}
    found = found.assign(**carried)
    found = found.assign(value_at_stake=p_lost * (found["value_if_kept"] - found["value_if_lost"]))
    if basis.kind != PURCHASES:
        return _by_customer(found.drop(columns="is_one_time"))
    return found.reindex(columns=list(CHURN_SCORES.names))


def _stated(basis: Basis, trial: Trial, name: str) -> np.ndarray:
    if basis.kind == CONTRACTS:
        return trial.stated[name][basis.newest.is_lost == 0]
    return models.final(basis, name).stated(models.seen_by(name, basis.rule, basis.scoring))


def _by_customer(contracts: pd.DataFrame) -> pd.DataFrame:
    """Return one row a customer: the contract most at risk, and the fees and values of all."""
    money = ["monthly_fee", "value_if_kept", "value_at_stake"]
    sums = contracts.groupby("customer_id")[money].sum(min_count=1)
    worst = contracts.sort_values(["customer_id", "p_lost"]).drop_duplicates("customer_id", keep="last")
    summed = worst.assign(**{c: worst["customer_id"].map(sums[c]) for c in money})
    return summed.reindex(columns=list(CHURN_SCORES.names)).reset_index(drop=True)


def _bands(p: np.ndarray, assumptions: Assumptions) -> np.ndarray:
    return np.select([p >= assumptions.high_risk_from, p >= assumptions.medium_risk_from], ["high", "medium"], "low")


def value_if_kept(basis: Basis) -> np.ndarray:
    """Return margin within the horizon of those scored, shape (n,); NaN where it is not known [money].

    Notes
    -----
    Of customers at their past rate, where a history shorter than the horizon counts as one horizon; of contracts with
    dates their fee; contracts without dates have no horizon.
    """
    about = basis.scoring.about
    if "margin" in about:
        lived = np.maximum(about["age_days"].to_numpy("float64") + 1, basis.horizon_days)
        return about["margin"].to_numpy("float64") * basis.horizon_days / lived
    if "margin_a_month" in about and basis.horizon_days:
        return about["margin_a_month"].to_numpy("float64") * basis.horizon_days / DAYS_A_MONTH
    return np.full(len(about), np.nan)


def lost_forecast(p: np.ndarray, level_error: float = 0.0, segment: str = ALL) -> Estimate:
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
    half = intervals.normal_quantile(LEVEL) * float(np.sqrt(v + (level_error * v) ** 2))
    value = float(np.sum(p))
    return Estimate("customers_lost", value, max(value - half, 0.0), min(value + half, float(n)), unit="customers",
                    n=n, segment=segment)


def level_error(trial: Trial, chosen: str) -> float:
    """Return by how many logits the chosen model's level was off in later periods (root mean square); 0: none tried."""
    if trial.design != LATER:
        return 0.0
    found = classification.calibration_intercept(trial.is_lost, trial.stated[chosen])
    by_origin = [classification.calibration_intercept(trial.is_lost[rows], trial.stated[chosen][rows])
                 for day in trial.origins for rows in [trial.origin == day]]
    known = [e.value for e in (found, *by_origin) if e.status is Status.OK]
    return float(np.sqrt(np.mean(np.square(known[1:] or known)))) if known else 0.0


def forecasts(scores: pd.DataFrame, trial: Trial, made_as_of_on: date, eligible_days: int) -> pd.DataFrame:
    """Return the forecast of customers lost, for all and by one-time and repeat buyers, so that it can be graded.

    Parameters
    ----------
    scores : DataFrame
        As `scores` gives them; contracts without dates have no horizon and no forecast.
    trial : Trial
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
        return pd.DataFrame(columns=list(FORECASTS.names))
    once, model = dated["is_one_time"].eq(True).to_numpy(dtype=bool), dated["model"].iloc[0]
    p, off = dated["p_lost"].to_numpy("float64"), level_error(trial, model)
    rows = {ALL: np.ones(len(p), bool), ONE_TIME: once, REPEAT: ~once}
    rows = rows if dated["basis"].iloc[0] == PURCHASES else {ALL: rows[ALL]}
    made = [lost_forecast(p[chosen], off, segment) for segment, chosen in rows.items()]
    return pd.DataFrame([{
        "quantity": e.quantity, "segment": e.segment, "made_as_of_on": pd.Timestamp(made_as_of_on),
        "due_on": dated["due_on"].iloc[0], "value": e.value, "low": e.low, "high": e.high, "level": e.level,
        "model": model, "unit": e.unit, "n": e.n, "basis": dated["basis"].iloc[0],
        "eligible_days": eligible_days} for e in made])


def stated_error(scores: pd.DataFrame, forecasts: pd.DataFrame) -> float:
    """Return the error in level that a forecast of customers lost has allowed for, read from its interval [logits]."""
    if forecasts.empty:
        return 0.0
    made = forecasts[(forecasts["quantity"] == "customers_lost") & (forecasts["segment"] == ALL)]
    v = float(np.sum(scores["p_lost"] * (1 - scores["p_lost"])))
    if made.empty or not v:
        return 0.0
    row = made.iloc[0]
    half = max(row["high"] - row["value"], row["value"] - row["low"]) / intervals.normal_quantile(LEVEL)
    return float(np.sqrt(max(half**2 - v, 0.0))) / v


def value_at_stake(scores: pd.DataFrame, off: float = 0.0) -> Estimate:
    """Return Σ P(lost) × (value if kept − value if lost) with a predictive interval [money].

    Parameters
    ----------
    scores : DataFrame
        As `scores` gives them.
    off : float
        Error in level of all probabilities, as `level_error` or `stated_error` gives it [logits].

    Notes
    -----
    As for the number lost: sd² = Σ p (1 − p) v² + (δ Σ p (1 − p) v)². That the past rate goes on is an assumption,
    not part of the interval.
    """
    priced = scores[scores["value_at_stake"].notna()]
    if priced.empty:
        status = Status.NOT_APPLICABLE if len(scores) else Status.INSUFFICIENT
        dated = "no money is recorded" if scores["due_on"].notna().any() else "contracts without dates give no horizon"
        reason = dated if len(scores) else "nobody could be scored"
        return without_value("value_at_stake", status, reason, unit="money")
    p = priced["p_lost"].to_numpy("float64")
    value = priced["value_at_stake"].to_numpy("float64") / np.maximum(p, 1e-12)
    total = float(np.sum(p * value))
    spread = np.sqrt(np.sum(p * (1 - p) * value**2) + (off * np.sum(p * (1 - p) * value)) ** 2)
    half = intervals.normal_quantile(LEVEL) * float(spread)
    return Estimate("value_at_stake", total, total - half, total + half, unit="money", n=len(p))


def stake(scores: pd.DataFrame, forecasts: pd.DataFrame) -> Estimate:
    """Return the value at stake with the error in level that the forecasts made with these scores allow for [money]."""
    return value_at_stake(scores, stated_error(scores, forecasts))


def by_risk(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the bands of risk: customers, expected lost where there is a due date, and money [customers, money]."""
    bands = scores.assign(risk=pd.Categorical(scores["risk"], ["high", "medium", "low"], ordered=True))
    grouped = bands.groupby("risk", observed=True)
    money = grouped[["value_if_kept", "value_at_stake", "monthly_fee"]].sum(min_count=1)
    counts = grouped.agg(n_customers=("p_lost", "size"), expected_lost=("p_lost", "sum"))
    if scores["due_on"].isna().all():
        counts = counts.drop(columns="expected_lost")
    return counts.join(money).reset_index()


def share_of_first_tenth(scores: pd.DataFrame) -> float:
    """Return the share of all value at stake that the tenth of customers with the most of it hold; NaN below 100."""
    stakes = scores["value_at_stake"].dropna().sort_values(ascending=False)
    if len(stakes) < LEAST_RANKED or not stakes.sum() > 0:
        return float("nan")
    return float(stakes.head(len(stakes) // 10).sum() / stakes.sum())


def shares(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts of customers lost as shares of those eligible; segments without anybody are left out."""
    some = forecasts[forecasts["n"] > 0]
    return some.assign(unit="share", **{c: some[c] / some["n"] for c in ("value", "low", "high")})
