"""Sales pipeline: opportunities won, lost and open; win rates, time to a decision, expected closings, whitespace.

Win rates are of decided opportunities. What is open is forecast by what opportunities of the same age became.
"""

import itertools
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency
from statsmodels.duration.survfunc import CumIncidenceRight
from statsmodels.stats.proportion import proportion_confint

from helpers.actions.config import NOT_NAMED, ActionsConfig
from helpers.actions.schema import DECISIONS
from helpers.actions.working_days import WorkingDays
from helpers.foundation.money import currency_text
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import confidence_intervals

MIN_DECIDED = 10  # opportunities from which a rate is told

WON, LOST, OPEN = 1, 2, 0

EACH_OWNER = "the owner of each opportunity"

LEVEL = 0.95

MAX_ENUMERATED = 12  # opportunities whose outcomes are all counted; of more the sum is nearly normal


def with_outcome(opportunities: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return opportunities as they stand on a day.

    Parameters
    ----------
    opportunities : DataFrame
        ``canonical/opportunities``.
    as_of : date
        The day; what is closed later is still open.

    Returns
    -------
    DataFrame
        With ``outcome`` (0 open, 1 won, 2 lost), ``days`` from opening to the decision or the day, NaN where no opening
        is recorded, and ``value`` as float.
    """
    closed, day = pd.to_datetime(opportunities["closed_on"]), pd.Timestamp(as_of)
    is_won = opportunities["is_won"].astype("object")
    is_decided = is_won.notna() & ~(closed > day)
    end = closed.where(is_decided, day).fillna(day)
    return opportunities.assign(
        outcome=np.select([is_decided & is_won.eq(True), is_decided], [WON, LOST], OPEN),
        days=(end - pd.to_datetime(opportunities["opened_on"])).dt.days.astype("float64"),
        value=opportunities["value"].astype("float64"))


def pipeline_totals(outcomes: pd.DataFrame) -> dict[str, float]:
    """Return what there is: opportunities, accounts, won, lost, open, value won [money], and share won of decided.

    Parameters
    ----------
    outcomes : DataFrame
        As `with_outcome` gives them; of the open ones those of no account are counted too.
    """
    won = outcomes["outcome"].eq(WON)
    n_won, n_lost = int(won.sum()), int(outcomes["outcome"].eq(LOST).sum())
    return {"n_opportunities": len(outcomes), "n_accounts": int(outcomes["account_id"].nunique()), "n_won": n_won,
            "n_lost": n_lost, "n_open": len(outcomes) - n_won - n_lost,
            "n_without_account": int(outcomes["account_id"].isna().sum()),
            "n_open_without_account": int((outcomes["outcome"].eq(OPEN) & outcomes["account_id"].isna()).sum()),
            "value_won": float(outcomes.loc[won, "value"].sum()),
            "win_rate": n_won / (n_won + n_lost) if n_won + n_lost else np.nan}


def open_by_stage(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return open opportunities by stage, most first: stage, n_open, n_dated, and days open (median, quartiles)."""
    rows = outcomes[outcomes["outcome"].eq(OPEN)].groupby("stage")["days"]
    table = pd.DataFrame({"n_open": rows.size(), "n_dated": rows.count(), "days_median": rows.median(),
                          "days_lower_quartile": rows.quantile(0.25), "days_upper_quartile": rows.quantile(0.75)})
    return table.reset_index().sort_values(["n_open", "stage"], ascending=[False, True], ignore_index=True)


def win_rates(outcomes: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the share won of decided opportunities by group, most decided first.

    Parameters
    ----------
    outcomes : DataFrame
        As `with_outcome` gives them.
    by : str
        Column: account_id, owner, product.

    Returns
    -------
    DataFrame
        The group, n_decided, n_won, value_won, win_rate with limits; rates are empty under `MIN_DECIDED`.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209–212.
    """
    decided = outcomes[outcomes["outcome"].ne(OPEN) & outcomes[by].notna()]
    won = decided["outcome"].eq(WON)
    table = pd.DataFrame({"n_decided": won.groupby(decided[by]).size(), "n_won": won.groupby(decided[by]).sum(),
                          "value_won": decided["value"].where(won, 0.0).groupby(decided[by]).sum()}).reset_index()
    low, high = proportion_confint(table["n_won"], table["n_decided"].clip(lower=1), 1 - LEVEL, "wilson")
    rates = pd.DataFrame({"win_rate": table["n_won"] / table["n_decided"], "low": low, "high": high})
    table = pd.concat([table, rates.mask(table["n_decided"] < MIN_DECIDED)], axis=1)
    return table.sort_values(["n_decided", by], ascending=[False, True], ignore_index=True)


def win_rates_differ_p(rates: pd.DataFrame) -> float:
    """Return the p-value of the hypothesis that all groups win at one rate; NaN where fewer than two have a rate.

    Parameters
    ----------
    rates : DataFrame
        As `win_rates` gives them; groups without a rate are left out.

    Notes
    -----
    Pearson's chi-squared test. The highest of many rates is high by chance alone, so no two of them are compared.
    """
    known = rates.dropna(subset=["win_rate"])
    table = np.column_stack([known["n_won"], known["n_decided"] - known["n_won"]])
    if len(known) < 2 or not table.sum(axis=0).all():
        return float("nan")
    return float(chi2_contingency(table, correction=False).pvalue)


def days_to_decision(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return how long decisions took: outcome, n, days (median, quartiles, longest)."""
    decided = outcomes[outcomes["outcome"].ne(OPEN) & outcomes["days"].notna()]
    rows = decided["days"].groupby(decided["outcome"].map({WON: "won", LOST: "lost"}))
    return pd.DataFrame({"n": rows.size(), "days_median": rows.median(), "days_lower_quartile": rows.quantile(0.25),
                         "days_upper_quartile": rows.quantile(0.75), "days_longest": rows.max()}).rename_axis(
        "outcome").reset_index()


@dataclass(frozen=True, slots=True)
class PipelineForecast:
    """What is expected to be won of what is open.

    Parameters
    ----------
    by_opportunity : DataFrame
        Grain open opportunity with a date: opportunity_id, account_id, product, owner, stage, days, value, chance
        (of being won within the horizon), expected (chance × value) [money].
    n_won, value_won : Estimate
        Opportunities and value expected to be won within the horizon.
    n_undated, n_beyond : int
        Open ones without an opening day; open for as long as any decision ever took or longer. Neither is forecast.
    """

    by_opportunity: pd.DataFrame
    n_won: Estimate
    value_won: Estimate
    n_undated: int
    n_beyond: int


def expected_closings(outcomes: pd.DataFrame, horizon_days: int) -> PipelineForecast:
    """Return what is expected to be won within a horizon of what is open today.

    The chance to be won between age a and a + h of an opportunity that is open at age a is (F(a + h) − F(a)) / S(a): F
    is the cumulative incidence of winning, S the share still open, from the opportunities with an opening day. An open
    one without a value is taken at the mean won value of its product.

    Parameters
    ----------
    outcomes : DataFrame
        As `with_outcome` gives them.
    horizon_days : int
        Days ahead [days].

    Notes
    -----
    The interval is of what comes true by chance, each opportunity on its own; curves are taken as known.

    References
    ----------
    Aalen, O. O. and Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains based on
    censored observations. Scandinavian Journal of Statistics 5, 141–150.
    """
    dated = outcomes[outcomes["days"].ge(0)]
    is_open = outcomes["outcome"].eq(OPEN)
    n_undated, decided = int((is_open & ~outcomes["days"].ge(0)).sum()), dated["outcome"].ne(OPEN)
    if decided.sum() < MIN_DECIDED or not dated["outcome"].eq(WON).any() or not dated["outcome"].eq(LOST).any():
        why = f"fewer than {MIN_DECIDED} opportunities with an opening day are decided, or none won or lost"
        none = no_estimate("closings", Status.INSUFFICIENT, why)
        return PipelineForecast(_forecast_rows(outcomes.head(0), np.zeros((0, 2))), none, none, n_undated, 0)
    waiting = dated[dated["outcome"].eq(OPEN)]
    chances = _chances(dated, waiting["days"].to_numpy("float64"), horizon_days)
    is_known = chances[:, 1] > 0
    rows = _forecast_rows(with_value(outcomes, waiting)[is_known], chances[is_known])
    p, worth = rows["chance"].to_numpy("float64"), rows["value"].to_numpy("float64")
    known = worth[~np.isnan(worth)]
    return PipelineForecast(
        rows, _sum_estimate("opportunities won", p, np.ones(len(p)), "opportunities"),
        _sum_estimate("value won", p[~np.isnan(worth)], known, "money"), n_undated, int((~is_known).sum()))


def _chances(dated: pd.DataFrame, ages: np.ndarray, horizon_days: int) -> np.ndarray:
    """Return for each age the chance to be won within the horizon, and whether decisions came as late: (n_open, 2)."""
    with np.errstate(divide="ignore", invalid="ignore"):  # of standard errors that are not used
        curve = CumIncidenceRight(dated["days"].to_numpy("float64") + 0.5, dated["outcome"].to_numpy())
    times = np.asarray(curve.times)
    won, lost = (np.r_[0.0, np.asarray(c)] for c in curve.cinc)
    at = np.searchsorted(times, ages + 0.5, side="right")
    then = np.searchsorted(times, ages + horizon_days + 0.5, side="right")
    still = 1 - won[at] - lost[at]
    is_known = (still > 1e-9) & (ages < dated.loc[dated["outcome"].ne(OPEN), "days"].max())
    chance = np.divide(won[then] - won[at], still, out=np.zeros(len(ages)), where=is_known)
    return np.column_stack([chance, is_known.astype("float64")])


def with_value(outcomes: pd.DataFrame, waiting: pd.DataFrame) -> pd.DataFrame:
    """Return open opportunities with a value: their own, else the mean won value of their product, else of all.

    Parameters
    ----------
    outcomes : DataFrame
        As `with_outcome` gives them, for what was won.
    waiting : DataFrame
        Those that are open.
    """
    won = outcomes[outcomes["outcome"].eq(WON)]
    by_product = won.groupby("product")["value"].mean()
    guess = waiting["product"].map(by_product).astype("float64").fillna(float(won["value"].mean()))
    return waiting.assign(value=waiting["value"].fillna(guess))


def _forecast_rows(waiting: pd.DataFrame, chances: np.ndarray) -> pd.DataFrame:
    rows = waiting[["opportunity_id", "account_id", "product", "owner", "stage", "days", "value"]].assign(
        chance=chances[:, 0])
    rows = rows.assign(expected=rows["chance"] * rows["value"])
    return rows.sort_values(["expected", "opportunity_id"], ascending=[False, True], ignore_index=True)


def _sum_estimate(quantity: str, p: np.ndarray, worth: np.ndarray, unit: str) -> Estimate:
    """Return the expected sum of what is won, with the limits between which chance leaves it."""
    if not len(p):
        return no_estimate(quantity, Status.INSUFFICIENT, "nothing that is open can be forecast", unit=unit)
    value = float((p * worth).sum())
    low, high = _outcome_limits(p, worth) if len(p) <= MAX_ENUMERATED else _normal_limits(p, worth, value)
    return Estimate(quantity, value, low, high, unit, len(p), "all")


def _outcome_limits(p: np.ndarray, worth: np.ndarray) -> tuple[float, float]:
    """Return the limits of a sum of few opportunities, from all their outcomes: sums that can come about."""
    is_won = np.array(list(itertools.product((False, True), repeat=len(p))))
    chance, total = np.where(is_won, p, 1 - p).prod(axis=1), (is_won * worth).sum(axis=1)
    order = np.argsort(total, kind="stable")
    at = np.searchsorted(np.cumsum(chance[order]), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = total[order][np.minimum(at, len(total) - 1)]
    return float(low), float(high)


def _normal_limits(p: np.ndarray, worth: np.ndarray, value: float) -> tuple[float, float]:
    half = confidence_intervals.normal_quantile(LEVEL) * float(np.sqrt((p * (1 - p) * worth**2).sum()))
    return max(value - half, 0.0), min(value + half, float(worth.sum()))


def whitespace(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return products that an account has neither bought nor on offer, most worth first.

    Parameters
    ----------
    outcomes : DataFrame
        As `with_outcome` gives them.

    Returns
    -------
    DataFrame
        account_id, product, n_lost (offers lost so far), share_of_accounts that bought it, win_rate of the product,
        mean_value [money] of what was won. Descriptive: that others bought it does not say that this account will.
    """
    known = outcomes.dropna(subset=["account_id", "product"])
    won, counts = known[known["outcome"].eq(WON)], known.groupby(["account_id", "product", "outcome"]).size()
    table = counts.unstack(fill_value=0).reindex(columns=[OPEN, WON, LOST], fill_value=0)
    every = pd.MultiIndex.from_product([sorted(known["account_id"].unique()), sorted(known["product"].unique())],
                                       names=["account_id", "product"])
    gaps = table.reindex(every, fill_value=0)
    gaps = gaps[(gaps[WON] == 0) & (gaps[OPEN] == 0)].reset_index()
    rates = win_rates(known, "product").set_index("product")["win_rate"]
    bought = won.groupby("product")["account_id"].nunique() / max(known["account_id"].nunique(), 1)
    found = pd.DataFrame({
        "account_id": gaps["account_id"], "product": gaps["product"], "n_lost": gaps[LOST],
        "share_of_accounts": gaps["product"].map(bought).fillna(0.0).astype("float64"),
        "win_rate": gaps["product"].map(rates).astype("float64"),
        "mean_value": gaps["product"].map(won.groupby("product")["value"].mean()).astype("float64")})
    return found.assign(weight=found["share_of_accounts"] * found["mean_value"].fillna(0.0)).sort_values(
        ["weight", "account_id"], ascending=[False, True], ignore_index=True).drop(columns="weight")


def most_won_by(outcomes: pd.DataFrame) -> pd.Series:
    """Return who won most value at each account, by account; accounts where nothing was won are absent."""
    won = outcomes[outcomes["outcome"].eq(WON)].groupby(["account_id", "owner"])["value"].sum().reset_index()
    ordered = won.sort_values(["account_id", "value", "owner"], ascending=[True, False, True])
    return ordered.drop_duplicates("account_id").set_index("account_id")["owner"]


def value_beyond(outcomes: pd.DataFrame) -> float:
    """Return what open opportunities are worth, if won, that are open as long as any decision took or longer [money].

    An upper bound of what closing them could lose, of which nothing was ever won so late.
    """
    waiting = outcomes[outcomes["outcome"].eq(OPEN)]
    longest = outcomes.loc[outcomes["outcome"].ne(OPEN), "days"].max()
    return float(with_value(outcomes, waiting)["value"].where(waiting["days"] >= longest).sum())


def with_pipeline_decision(
    decisions: pd.DataFrame, forecast: PipelineForecast, outcomes: pd.DataFrame, assumptions: ActionsConfig,
    days: WorkingDays, currency: str = "",
) -> pd.DataFrame:
    """Return ``results/decisions`` with the one that opportunities ask for which are open longer than decisions took.

    Parameters
    ----------
    decisions : DataFrame
        What the plan asks for.
    forecast : PipelineForecast
        Of what is open.
    outcomes : DataFrame
        As `with_outcome` gives them, for what is at stake.
    assumptions : ActionsConfig
        For the owner, and the days within which accounts are dealt with.
    days : WorkingDays
        Working days after the plan.
    currency : str
        Of the money.
    """
    if not forecast.n_beyond:
        return decisions
    worth = currency_text(f"{float(f'{value_beyond(outcomes):.3g}'):,.0f}", currency)
    many = f"{forecast.n_beyond:,} open opportunit{'y' if forecast.n_beyond == 1 else 'ies'}"
    asked = pd.DataFrame([{
        "decision": f"Ask about {many} and close what nobody confirms", "cost": 0.0,
        "gain": "not in money: what is forecast is then what is alive", "worst_case": 0.0,
        "confidence": "as recorded: none was ever decided later; it takes the owners' time; worst case, if only those "
                      f"are closed that nobody confirms: nothing, of the {worth} that all would be worth if won",
        "owner": EACH_OWNER if assumptions.owner == NOT_NAMED else assumptions.owner,
        "stop_on": pd.Timestamp(days.due(assumptions.account_days)), "status": "asked for"}])
    return pd.concat([part for part in (decisions, asked) if len(part)], ignore_index=True)[list(DECISIONS.names)]
