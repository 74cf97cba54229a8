"""Satisfaction to money: what follows an answer, purchases before it being equal, and what could null it.

Outcomes lie after the answer and adjustments before it. The association is no effect: how strong an unmeasured common
cause would have to be to bring it to nothing is told beside it.
"""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from helpers.customers.features import customer_days, is_occasion
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, no_estimate

POINTS = 10.0  # of satisfaction that are compared [points]

PRIOR_DAYS = 365

MIN_ANSWERS = 100

BOUGHT, MARGIN = "bought again", "margin"

EVERYBODY = "all"

ANSWER_COLUMNS = ("customer_id", "wave", "satisfaction", "margin_after", "bought_after", "margin_before", "n_before",
                  "days_since")

BEFORE = {"first": "no purchase in the year before", "few": "one or two purchases in the year before",
          "many": "three purchases or more in the year before"}


@dataclass(frozen=True, slots=True)
class SatisfactionEffect:
    """What goes with more satisfaction, for one outcome and segment.

    Parameters
    ----------
    outcome : str
        `BOUGHT` or `MARGIN`.
    crude, adjusted : Estimate
        By `POINTS` more satisfaction: as it is, and with prior purchases equal [share or money].
    robustness_value : float
        Share of what is left of both satisfaction and the outcome that a common cause would have to explain to bring
        the estimate to nothing [share].
    robustness_value_limit : float
        The same, to bring the nearer limit to nothing; 0 where the interval includes nothing [share].
    e_value : float
        Risk ratio by which a common cause would have to go with both; NaN for money.
    """

    outcome: str
    crude: Estimate
    adjusted: Estimate
    robustness_value: float = float("nan")
    robustness_value_limit: float = float("nan")
    e_value: float = float("nan")


def answers_with_outcomes(
    engine: Engine, scores: pd.DataFrame, transactions: ir.Table, margin_rate: float, as_of: date, horizon_days: int
) -> pd.DataFrame:
    """Return each answer whose horizon has passed, with what its customer bought before and after it.

    Parameters
    ----------
    engine : Engine
        Where the transactions are.
    scores : DataFrame
        ``results/satisfaction_scores``.
    transactions : Table
        ``canonical/transactions``.
    margin_rate : float
        Share of net sales that is margin where no unit cost is known.
    as_of : date
        The last day that is seen.
    horizon_days : int
        Days after the answer in which outcomes count, its own day not among them [days].

    Returns
    -------
    DataFrame
        Grain answer: customer_id, wave, satisfaction, margin_after [money], bought_after (0 or 1), margin_before,
        n_before (occasions of `PRIOR_DAYS` up to the day of the answer), days_since (the last of them; `PRIOR_DAYS`
        where there is none).
    """
    columns = ["response_id", "customer_id", "responded_at", "wave", "satisfaction"]
    known = scores.loc[scores["customer_id"].notna(), columns]
    known = known.assign(on=pd.to_datetime(known["responded_at"]).dt.normalize())
    known = known[known["on"] + pd.Timedelta(days=horizon_days) <= pd.Timestamp(as_of)]
    if known.empty:
        return pd.DataFrame(columns=list(ANSWER_COLUMNS))
    answers = engine.lazy(known[["response_id", "customer_id", "on"]].rename(columns={"on": "asked_at"}))
    days = customer_days(transactions, as_of)
    days = days.select("customer_id", "on", is_occasion=is_occasion(days).cast("int64"),
                       margin=days.costed_margin.cast("float64") + margin_rate * days.uncosted_sales.cast("float64"))
    both = answers.inner_join(days, "customer_id").mutate(
        after=ibis._.on.delta(ibis._.asked_at.date(), unit="day"))
    is_after = (both.after > 0) & (both.after <= horizon_days)
    is_before = (both.after <= 0) & (both.after > -PRIOR_DAYS)
    sums = both.group_by("response_id").aggregate(
        margin_after=both.margin.sum(where=is_after), n_after=both.is_occasion.sum(where=is_after),
        margin_before=both.margin.sum(where=is_before), n_before=both.is_occasion.sum(where=is_before),
        last=both.after.max(where=is_before & (both.is_occasion == 1)))
    found = known.merge(engine.frame(sums, "canonical/transactions"), on="response_id", how="left")
    numbers = ["margin_after", "n_after", "margin_before", "n_before"]
    found[numbers] = found[numbers].astype("float64").fillna(0.0)
    found = found.assign(bought_after=(found["n_after"] > 0).astype("float64"),
                         days_since=(-found["last"].astype("float64")).fillna(float(PRIOR_DAYS)))
    return found.sort_values("response_id", ignore_index=True)[list(ANSWER_COLUMNS)]


def satisfaction_effects(answers: pd.DataFrame) -> list[SatisfactionEffect]:
    """Return what goes with more satisfaction, for everybody and by purchases before the answer.

    Least squares with errors clustered by customer. Adjusted for the wave, and of the year before the answer for
    occasions, margin (logarithm) and days since the last.

    Parameters
    ----------
    answers : DataFrame
        As `answers_with_outcomes` gives them.

    Notes
    -----
    Of 2,000 planted companies of 300 answers each the interval for everybody held the planted margin in 95.1 % and the
    planted share who bought again in 94.2 % (``bench/actions.py --of satisfaction``).

    References
    ----------
    Cinelli, C. and Hazlett, C. (2020). Making sense of sensitivity: extending omitted variable bias. Journal of the
    Royal Statistical Society B 82, 39–67, equation (13). VanderWeele, T. J. and Ding, P. (2017). Sensitivity analysis
    in observational research: introducing the E-value. Annals of Internal Medicine 167, 268–274.
    """
    groups = {EVERYBODY: answers} | {name: answers[is_so] for name, is_so in {
        BEFORE["first"]: answers["n_before"] == 0, BEFORE["few"]: answers["n_before"].between(1, 2),
        BEFORE["many"]: answers["n_before"] >= 3}.items()}
    return [_effect(rows, outcome, segment) for outcome in (BOUGHT, MARGIN) for segment, rows in groups.items()]


def _effect(rows: pd.DataFrame, outcome: str, segment: str) -> SatisfactionEffect:
    column, unit = ("bought_after", "share") if outcome == BOUGHT else ("margin_after", "money")
    n, y = len(rows), rows[column].astype("float64")
    if n < MIN_ANSWERS or rows["satisfaction"].nunique() < 3 or y.nunique() < 2:
        why = f"fewer than {MIN_ANSWERS} answers whose horizon has passed, or they do not differ"
        none = no_estimate(outcome, Status.INSUFFICIENT, why, n=n, unit=unit, segment=segment)
        return SatisfactionEffect(outcome, none, none)
    fits = [_fitted(y, x, rows["customer_id"]) for x in (_crude(rows), _adjusted(rows))]
    crude, adjusted = (_estimate(fit, outcome, unit, segment) for fit in fits)
    t, df = float(fits[1].tvalues.iloc[1]), float(fits[1].df_resid)
    mean = float(y.mean())
    ratio = (mean + adjusted.value) / mean if outcome == BOUGHT and mean + adjusted.value > 0 else float("nan")
    return SatisfactionEffect(outcome, crude, adjusted, robustness_value(t, df), robustness_value(t, df, alpha=0.05),
                              e_value(ratio))


def _crude(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"constant": 1.0, "satisfaction": rows["satisfaction"].astype("float64") / POINTS})


def _adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    waves = pd.get_dummies(rows["wave"], prefix="wave", drop_first=True, dtype="float64")
    before = rows[["n_before", "days_since"]].astype("float64").assign(
        log_margin=np.log1p(rows["margin_before"].astype("float64").clip(lower=0)))
    return _independent(_crude(rows).join(before).join(waves))


def _independent(x: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that do not follow from those before them."""
    scaled = (x / x.abs().max().replace(0.0, 1.0)).to_numpy("float64")
    kept: list[int] = []
    for i in range(x.shape[1]):
        if np.linalg.matrix_rank(scaled[:, [*kept, i]]) > len(kept):
            kept.append(i)
    return x.iloc[:, kept]


def _fitted(y: pd.Series, x: pd.DataFrame, customer: pd.Series) -> "sm.regression.linear_model.RegressionResults":
    return sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(customer)[0]})


def _estimate(fit: "sm.regression.linear_model.RegressionResults", outcome: str, unit: str, segment: str) -> Estimate:
    low, high = fit.conf_int().iloc[1]
    return Estimate(outcome, float(fit.params.iloc[1]), float(low), float(high), unit, int(fit.nobs), segment)


def robustness_value(t: float, df: float, alpha: float | None = None) -> float:
    """Return how much of both a common cause would have to explain to bring an estimate to nothing [share].

    Parameters
    ----------
    t : float
        Estimate over its standard error.
    df : float
        Residual degrees of freedom.
    alpha : float, optional
        To bring it to insignificance at this level instead.

    Examples
    --------
    >>> round(robustness_value(4.184, 783), 3), round(robustness_value(4.184, 783, alpha=0.05), 3)
    (0.139, 0.076)
    """
    limit = 0.0 if alpha is None else float(stats.t.ppf(1 - alpha / 2, df - 1)) / np.sqrt(df - 1)
    f = abs(t) / np.sqrt(df) - limit
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2) if f > 0 else 0.0


def e_value(ratio: float) -> float:
    """Return the risk ratio by which a common cause would have to go with both to explain a risk ratio.

    Examples
    --------
    >>> round(e_value(3.9), 2), round(e_value(1 / 3.9), 2)
    (7.26, 7.26)
    """
    if not ratio > 0:
        return float("nan")
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))
