"""What is said about churn: every sentence assembled from numbers."""

from collections.abc import Mapping

import pandas as pd

from helpers.churn import outlook
from helpers.churn.cases import CONTRACTS, RULES, Basis
from helpers.churn.labels import ALL, ONE_TIME
from helpers.churn.models import FOLDED, LATER, LOGISTIC, NONE, Trial, Verdict
from helpers.foundation.estimates import Estimate, Gate, Status
from helpers.methods import classification
from helpers.reporting import words

LATE = {"tried on a later period": "not yet tried on a later period"}
OFF = {"calibrated": "probabilities were off by {0} on average in the trial"}


def answer(basis: Basis, verdict: Verdict, scores: pd.DataFrame, forecasts: pd.DataFrame,
           gates: tuple[Gate, ...] = (), currency: str = "") -> tuple[str, ...]:
    """Return the answer of the page: how many will be lost, what is at stake, and whether the model earns its keep."""
    if basis.reason:
        return (f"Who is leaving cannot be said: {basis.reason}.",)
    if basis.kind == CONTRACTS:
        return (*contracts(scores, currency), model(verdict))
    if forecasts.empty:
        return (f"Nobody has bought recently enough to be lost by {words.day(basis.due_on)}.", model(verdict))
    stake = at_stake(outlook.value_at_stake(scores, outlook.stated_error(scores, forecasts)), currency)
    return f"{lost(forecasts)}{caveat(gates, LATE)}.", f"{stake}{caveat(gates, OFF)}.", model(verdict)


def caveat(gates: tuple[Gate, ...], phrases: Mapping[str, str]) -> str:
    """Return the caveats of crossed gates in brackets, for the end of the sentence that they touch."""
    said = [phrases[g.gate].format(words.share(g.statistic)) for g in gates if g.is_crossed and g.gate in phrases]
    return f" ({'; '.join(said)})" if said else ""


def lost(forecasts: pd.DataFrame) -> str:
    """Return how many are expected to be lost by when."""
    row = forecasts[forecasts["segment"] == ALL].iloc[0]
    return (f"About {words.whole(row['value'])} {words.interval(row['low'], row['high'], words.whole)} of "
            f"{words.count(row['n'], 'eligible customer', 'eligible customers')} are expected to buy nothing up to "
            f"{words.day(row['due_on'])}")


def at_stake(stake: Estimate, currency: str = "") -> str:
    """Return the value at stake."""
    if stake.status is not Status.OK:
        return f"The value at stake cannot be said: {stake.reason}"
    return (f"Margin at stake until then is {words.estimate(stake, currency=currency)}: the chance that each is lost "
            "times the margin that the past rate would bring")


def contracts(scores: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return how many contracts that run look like ended ones."""
    if scores.empty:
        return ("No contract runs any more, so there is nobody to score.",)
    high = scores[scores["risk"] == "high"]
    fee = high["monthly_fee"].sum(min_count=1)
    money = "" if words.is_missing(fee) else f", with {words.money(fee, currency)} of monthly fees"
    verb = "resembles" if len(high) < 2 else "resemble"
    n, money = (words.whole(len(high)), money) if len(high) else ("none", "")
    of = words.count(len(scores), "customer", "customers")
    return (f"Of {of} with a contract that runs {n} strongly {verb} those who left{money}.",
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
    who = "contract" if trial.rule == RULES[CONTRACTS] else "customer"
    n = words.count(len(trial.is_lost), who, f"{who}s")
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
        return f"One-time buyers could not be looked at apart: {trial.reason}."
    if trial.rule == RULES[CONTRACTS]:
        return "Contracts know no one-time buyers, and without dates there is no forecast to be graded."
    once = trial.is_one_time
    if not once.any():
        return "Nobody among those tried had bought once only."
    observed = words.share(float(trial.is_lost[once].mean()))
    rest = f", of repeat buyers {words.share(float(trial.is_lost[~once].mean()))}" if (~once).any() else ""
    ahead = forecasts[forecasts["segment"] == ONE_TIME]
    next_ = "" if ahead.empty or not ahead["n"].iloc[0] else (
        f" Of today's {words.count(ahead['n'].iloc[0], 'one-time buyer', 'one-time buyers')} "
        f"{words.number(ahead['value'].iloc[0])} are expected to buy nothing.")
    return f"Of customers who had bought once {observed} were lost in the trial{rest}.{next_}"


def risks(bands: pd.DataFrame, currency: str = "") -> str:
    """Return how money spreads over the bands of risk: the likeliest to leave are not always the most to lose."""
    priced = "value_at_stake" if bands["value_at_stake"].notna().any() else "monthly_fee"
    money = bands[priced].fillna(0)
    if not money.sum() > 0:
        return "No money can be laid out by risk."
    top = bands.loc[money.idxmax()]
    who = words.count(top["n_customers"], "customer", "customers")
    what = "of the value at stake" if priced == "value_at_stake" else "of monthly fees"
    part = words.share(top[priced] / money.sum())
    most = f"{words.money(top[priced], currency)} ({part} {what})"
    return f"The most, {most}, lies with {who} at {top['risk']} risk."


def doubt(basis: Basis, gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Return what would change our mind."""
    crossed = [g.sentence for g in gates if g.is_crossed]
    always = ("A risk is not an effect: who is likely to leave is not by that token easy to keep.",)
    if basis.kind == CONTRACTS:
        return (*crossed, *always)
    lost = f"Lost means no purchase within {words.count(basis.horizon_days, 'day', 'days')}"
    return (*crossed, f"{lost}; some who buy more rarely will come back later.",
            "The value at stake assumes that the past rate would go on.", *always)




MEASURES = {
    "auc": "AUC", "brier": "Brier score", "calibration_slope": "Calibration slope, 1 is right",
    "calibration_intercept": "Calibration intercept, 0 is right", "calibration_error": "Calibration error in ten bins",
    "calibration_error_if_perfect": "The same if the model were perfect"}


def comparison(measures: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Return the measures of both models side by side in words, each with its interval."""
    columns = {rule.capitalize(): rule, LOGISTIC.capitalize(): LOGISTIC}
    rows = measures.set_index(["quantity", "segment"])
    known = [q for q in MEASURES if (q, rule) in rows.index and rows.loc[(q, rule), "status"] == Status.OK]
    return pd.DataFrame({"measure": [MEASURES[q] for q in known]} | {
        heading: [words.estimate(rows.loc[(q, model)].to_dict(), _form(q)) for q in known]
        for heading, model in columns.items()})


def _form(quantity: str) -> words.Form:
    return words.share if quantity.startswith("calibration_error") else _thousandths


def bins_title(trial: Trial, chosen: str) -> str:
    """Return the title of the calibration figure."""
    if trial.design == NONE:
        return "Stated and observed share of customers lost"
    found = classification.calibration_intercept(trial.is_lost, trial.probabilities()[chosen])
    if found.status is not Status.OK or found.low <= 0 <= found.high:
        return f"Where the {chosen} states a share, about that share is lost"
    return f"More are lost than the {chosen} states" if found.value > 0 else f"Fewer are lost than the {chosen} states"


def forecast_title(forecasts: pd.DataFrame) -> str:
    """Return the title of the figure on the forecast."""
    ahead = forecasts[forecasts["segment"] == ALL]
    if ahead.empty or not ahead["n"].iloc[0]:
        return "Share of eligible customers expected to be lost"
    row = ahead.iloc[0]
    part = words.share(row["value"] / row["n"])
    return f"{part} of eligible customers are expected to buy nothing up to {words.day(row['due_on'])}"


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
    lost = words.MISSING if ahead.empty else f"about {words.number(float(ahead['value'].iloc[0]), 2)}"
    return f"model {verdict.chosen}, AUC {auc} against the simple rule", f"customers expected lost {lost}"


def _difference(e: Estimate) -> str:
    return f"{'+' if e.value > 0 else ''}{_thousandths(e.value)} {words.interval(e.low, e.high, _thousandths)}"


def _thousandths(x: float) -> str:
    return f"{round(x, 3) + 0:.3f}".replace("-", "−")
