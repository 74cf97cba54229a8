"""What is said about churn: every sentence assembled from numbers."""

import pandas as pd

from helpers.churn.cases import CONTRACTS, Basis
from helpers.churn.labels import ALL, ONE_TIME
from helpers.churn.models import FOLDED, LATER, LOGISTIC, NONE, Trial, Verdict
from helpers.foundation.estimates import Estimate, Gate, Status
from helpers.methods import classification
from helpers.reporting import words


def answer(basis: Basis, verdict: Verdict, forecasts: pd.DataFrame, stake: Estimate, scores: pd.DataFrame,
           currency: str = "") -> tuple[str, ...]:
    """Return the answer of the page: how many will be lost, what is at stake, and whether the model earns its keep."""
    if basis.reason:
        return (f"Who is leaving cannot be said: {basis.reason}.",)
    if basis.kind == CONTRACTS:
        return (*contracts(scores, currency), model(verdict))
    if forecasts.empty:
        return (f"Nobody has bought recently enough to be lost by {words.day(basis.due_on)}.", model(verdict))
    return lost(forecasts), at_stake(stake, currency), model(verdict)


def lost(forecasts: pd.DataFrame) -> str:
    """Return how many are expected to be lost by when."""
    row = forecasts[forecasts["segment"] == ALL].iloc[0]
    return (f"About {words.whole(row['value'])} {words.interval(row['low'], row['high'], words.whole)} of "
            f"{words.count(row['n'], 'eligible customer', 'eligible customers')} are expected to buy nothing up to "
            f"{words.day(row['due_on'])}.")


def at_stake(stake: Estimate, currency: str = "") -> str:
    """Return the value at stake."""
    if stake.status is not Status.OK:
        return f"The value at stake cannot be said: {stake.reason}."
    return (f"Margin at stake until then is {words.estimate(stake, currency=currency)}: the chance that each is lost "
            "times the margin that the past rate would bring.")


def contracts(scores: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return how many contracts that run look like ended ones."""
    if scores.empty:
        return ("No contract runs any more, so there is nobody to score.",)
    high = scores[scores["risk"] == "high"]
    fee = high["monthly_fee"].sum(min_count=1)
    money = "" if words.is_missing(fee) else f", with {words.money(fee, currency)} of monthly fees"
    verb = "resembles" if len(high) < 2 else "resemble"
    n, money = (words.whole(len(high)), money) if len(high) else ("none", "")
    return (f"Of {words.count(len(scores), 'customer', 'customers')} with a contract that runs {n} strongly {verb} those "
            f"who left{money}.",
            "By when they might leave cannot be said, since contracts are seen at one moment only.")


def model(verdict: Verdict) -> str:
    """Return whether the logistic regression beats the simple rule; a tie is called a tie."""
    if verdict.auc.status is not Status.OK:
        return f"Whether a model beats the simple rule cannot be said: {verdict.auc.reason}."
    by = f"AUC {_difference(verdict.auc)}, Brier score {_difference(verdict.brier)}"
    if verdict.is_tie:
        return f"The logistic regression and the {verdict.chosen} tie ({by}), so the simple rule is used."
    if verdict.chosen == LOGISTIC:
        return f"The logistic regression does better than the simple rule on customers it had not seen ({by})."
    return f"The logistic regression does not do better on every count ({by}), so the {verdict.chosen} is used."


def trial(trial: Trial) -> str:
    """Return how the models were tried."""
    n = words.count(len(trial.is_lost), "customer", "customers")
    if trial.design == LATER:
        return (f"Both models were fitted on what was known on {words.day(trial.trained_on)} and tried on {n} as known "
                f"on {words.day(trial.tested_on)}, whose outcome they had not seen.")
    if trial.design == FOLDED:
        return f"Both models were tried on {n}, each tenth judged by models that had not seen it."
    return f"No model was tried: {trial.reason}."


def calibration(trial: Trial, chosen: str) -> str:
    """Return how far the chosen model's probabilities can be taken at their word."""
    if trial.design == NONE:
        return f"Calibration is not known: {trial.reason}."
    slope = classification.calibration_slope(trial.is_lost, trial.probabilities()[chosen])
    level = classification.calibration_intercept(trial.is_lost, trial.probabilities()[chosen])
    if Status.INSUFFICIENT in (slope.status, level.status):
        return f"Calibration of the {chosen} is not known: {slope.reason or level.reason}."
    spread = ("are neither too bold nor too timid" if slope.low <= 1 <= slope.high
              else "are too bold" if slope.value < 1 else "are too timid")
    height = ("right in level" if level.low <= 0 <= level.high else "too low" if level.value > 0 else "too high")
    return (f"Probabilities of the {chosen} {spread} (slope {words.estimate(slope)}, 1 is right) and {height} "
            f"(intercept {words.estimate(level)}, 0 is right).")


def one_time(trial: Trial, forecasts: pd.DataFrame) -> str:
    """Return what is said of one-time buyers, a class of their own."""
    if trial.design == NONE:
        return "One-time buyers could not be looked at apart."
    once = trial.is_one_time
    if not once.any():
        return "Nobody among those tried had bought once only."
    observed = words.share(float(trial.is_lost[once].mean()))
    rest = f", of repeat buyers {words.share(float(trial.is_lost[~once].mean()))}" if (~once).any() else ""
    ahead = forecasts[forecasts["segment"] == ONE_TIME]
    next_ = "" if ahead.empty or not ahead["n"].iloc[0] else (
        f" Of today's {words.count(ahead['n'].iloc[0], 'one-time buyer', 'one-time buyers')} about "
        f"{words.whole(ahead['value'].iloc[0])} are expected to buy nothing.")
    return f"Of customers who had bought once {observed} were lost in the trial{rest}.{next_}"


def risks(bands: pd.DataFrame, currency: str = "") -> str:
    """Return how value at stake spreads over the bands of risk: risk alone is not where the money is."""
    priced = bands[bands["value_at_stake"] > 0]
    if priced.empty:
        return "No value at stake can be laid out by risk."
    top = priced.sort_values("value_at_stake", ascending=False).iloc[0]
    part = top["value_at_stake"] / priced["value_at_stake"].sum()
    return (f"The most value at stake, {words.money(top['value_at_stake'], currency)} ({words.share(part)}), lies with "
            f"{words.count(top['n_customers'], 'customer', 'customers')} at {top['risk']} risk.")


def doubt(basis: Basis, gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Return what would change our mind."""
    crossed = [g.sentence for g in gates if g.is_crossed]
    always = ("A risk is not an effect: who is likely to leave is not by that token easy to keep.",)
    if basis.kind == CONTRACTS:
        return (*crossed, *always)
    lost = f"Lost means no purchase within {words.count(basis.horizon_days, 'day', 'days')}"
    return (*crossed, f"{lost}; some who buy more rarely will come back later.",
            "The value at stake assumes that the past rate would go on.", *always)




def bins_title(trial: Trial, chosen: str) -> str:
    """Return the title of the calibration figure."""
    if trial.design == NONE:
        return "Stated and observed share of customers lost"
    found = classification.calibration_intercept(trial.is_lost, trial.probabilities()[chosen])
    if found.status is not Status.OK or found.low <= 0 <= found.high:
        return f"Where the {chosen} states a share, about that share is lost"
    return f"More are lost than the {chosen} states" if found.value > 0 else f"Fewer are lost than the {chosen} states"


def risks_title(bands: pd.DataFrame) -> str:
    """Return the title of the figure on risk."""
    if bands.empty:
        return "Customers by risk"
    top = bands.sort_values("n_customers", ascending=False).iloc[0]
    return f"{words.share(top['n_customers'] / bands['n_customers'].sum())} of those scored are at {top['risk']} risk"


def headline(verdict: Verdict, forecasts: pd.DataFrame) -> tuple[str, ...]:
    """Return the numbers that the hand-off prints, to two digits."""
    auc = words.MISSING if words.is_missing(verdict.auc.value) else f"{verdict.auc.value:+.2f}"
    ahead = forecasts[forecasts["segment"] == ALL]
    lost = words.MISSING if ahead.empty else f"{ahead['value'].iloc[0]:.2g}".replace("e+0", "e")
    return f"model {verdict.chosen}, AUC {auc} against the simple rule", f"customers expected lost {lost}"


def _difference(e: Estimate) -> str:
    sign = "+" if e.value > 0 else ""
    return f"{sign}{words.number(e.value)} {words.interval(e.low, e.high)}"
