"""What is said about churn: every sentence assembled from numbers."""

from collections.abc import Mapping

import pandas as pd

from helpers.churn import outlook
from helpers.churn.cases import CONTRACTS, PURCHASES, RULES, Basis
from helpers.churn.labels import ALL, ONE_TIME
from helpers.churn.learners import BOOSTING, LOGISTIC
from helpers.churn.models import FOLDED, LATER, NONE, Trial
from helpers.churn.verdicts import Duel, Verdict
from helpers.foundation.estimates import Estimate, Gate, Status
from helpers.methods import classification
from helpers.methods.disclosure_control import LEAST_PEOPLE, is_hidden, rows_withheld, share_told, told, value_told
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
        nobody = "has bought recently enough" if basis.kind == PURCHASES else "holds a contract that runs and is left"
        return (f"Nobody {nobody} to be lost by {words.day(basis.due_on)}.", model(verdict))
    stake = at_stake(outlook.stake(scores, forecasts), currency)
    return f"{lost(forecasts)}{caveat(gates, LATE)}.", f"{stake}{caveat(gates, OFF)}.", model(verdict)


def caveat(gates: tuple[Gate, ...], phrases: Mapping[str, str]) -> str:
    """Return the caveats of crossed gates in brackets, for the end of the sentence that they touch."""
    said = [phrases[g.gate].format(words.share(g.statistic)) for g in gates if g.is_crossed and g.gate in phrases]
    return f" ({'; '.join(said)})" if said else ""


def lost(forecasts: pd.DataFrame) -> str:
    """Return how many are expected to be lost by when."""
    row = forecasts[forecasts["segment"] == ALL].iloc[0]
    return (f"About {words.whole(row['value'])} {words.interval(row['low'], row['high'], words.whole)} of "
            f"{_eligible(row)} are expected to {_what_is_lost(row)} up to {words.day(row['due_on'])}")


def _is_contract(row: Mapping[str, object]) -> bool:
    return row.get("basis") == CONTRACTS


def _eligible(row: Mapping[str, object]) -> str:
    return (words.count(row["n"], "customer with a contract", "customers with a contract") if _is_contract(row) else
            words.count(row["n"], "eligible customer", "eligible customers"))


def _what_is_lost(row: Mapping[str, object]) -> str:
    return "cancel" if _is_contract(row) else "buy nothing"


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
    n = share_told(words.whole(len(high)), len(high) / len(scores), len(scores)) if len(high) else "none"
    money = value_told(money, len(high)) if len(high) else ""
    verb = "resemble" if len(high) else "resembles"
    of = words.count(len(scores), "customer", "customers")
    return (f"Of {of} with a contract that runs {n} strongly {verb} those who left{money}.",
            "By when they might leave cannot be said, since contracts are seen at one moment only.")


def model(verdict: Verdict) -> str:
    """Return whether a model beats the simple rule; a tie is called a tie."""
    duel = verdict.first
    if duel.auc.status is not Status.OK:
        return f"Whether a model beats the simple rule cannot be said: {duel.auc.reason}."
    by, name = _by(duel), duel.model
    if duel.is_tie:
        return f"The {name} and the {duel.other} tie ({by}), so the simple rule is used."
    if verdict.chosen == name:
        return f"The {name} does better than the simple rule on customers it had not seen ({by})."
    if duel.auc.high < 0:
        return f"The {duel.other} is not beaten: the {name} does worse ({by})."
    return f"The {name} does not do better on every count ({by}), so the {duel.other} is used."


def boosting(verdict: Verdict, currency: str = "") -> str:
    """Return how gradient boosting compares with the regression."""
    duel = next((d for d in verdict.duels if (d.model, d.other) == (BOOSTING, LOGISTIC)), None)
    if duel is None or duel.auc.status is not Status.OK:
        return "Gradient boosting could not be compared with the regression."
    by = _by(duel)
    if duel.is_tie:
        return f"Gradient boosting and logistic regression tie ({by}); of models that tie the simpler one is used."
    if duel.is_immaterial:
        return (f"Gradient boosting and logistic regression differ ({by}), but their expected profit by "
                f"{words.money(duel.money, currency)} only, below the materiality of "
                f"{words.money(duel.materiality, currency)}: a tie, and the simpler model is used.")
    if duel.is_won:
        return f"Gradient boosting does better than logistic regression ({by})."
    return f"Gradient boosting does not do better than logistic regression on every count ({by})."


def _by(duel: Duel) -> str:
    return f"AUC {_difference(duel.auc)}, Brier score {_difference(duel.brier)}"


def trial(trial: Trial) -> str:
    """Return how the models were tried."""
    who = "customer" if trial.rule == RULES[PURCHASES] else "contract"
    n = words.count(len(trial.is_lost), who, f"{who}s")
    if trial.design == LATER:
        days = trial.origins
        at = (f"on {words.day(days[0])}" if len(days) == 1 else
              f"at {len(days)} origins from {words.day(days[0])} to {words.day(days[-1])}")
        between = ", calibrated on a snapshot in between," if trial.is_calibrated else ""
        treated = words.sentence_case(told(trial.n_treated, who, f"{who}s"))
        left = (f" {treated} that earlier alerts had acted on were left out of training." if trial.n_treated else "")
        judged = f"{words.whole(len(trial.is_lost))} judgements of {who}s" if len(days) > 1 else n
        return (f"All models were fitted on an earlier snapshot{between} and tried on {judged} as known {at}, whose "
                f"outcome they had not seen.{left}")
    if trial.design == FOLDED:
        return f"All models were tried on {n}, each tenth judged by models that had not seen it."
    return f"No model was tried: {trial.reason}."


def calibration(trial: Trial, chosen: str) -> str:
    """Return how far the chosen model's probabilities can be taken at their word."""
    if trial.design == NONE:
        return f"Calibration is not known: {trial.reason}."
    slope = classification.calibration_slope(trial.is_lost, trial.stated[chosen])
    level = classification.calibration_intercept(trial.is_lost, trial.stated[chosen])
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
    if trial.rule != RULES[PURCHASES]:
        return "Contracts know no one-time buyers."
    once = trial.is_one_time
    if not once.any():
        return "Nobody among those tried had bought once only."
    n_once, n_rest = int(once.sum()), int((~once).sum())
    if is_hidden(n_once):
        return f"{words.sentence_case(told(n_once))} of those tried had bought once only."
    observed = words.share(float(trial.is_lost[once].mean()))
    rest = f", of repeat buyers {words.share(float(trial.is_lost[~once].mean()))}" if n_rest else ""
    rest = value_told(rest, n_rest)
    ahead = forecasts[forecasts["segment"] == ONE_TIME]
    next_ = "" if ahead.empty or ahead["n"].iloc[0] < LEAST_PEOPLE else (
        f" Of today's {words.count(ahead['n'].iloc[0], 'one-time buyer', 'one-time buyers')} "
        f"{words.number(ahead['value'].iloc[0])} are expected to buy nothing.")
    return f"Of customers who had bought once {observed} were lost in the trial{rest}.{next_}"


def risks(bands: pd.DataFrame, currency: str = "", first_tenth: float = float("nan")) -> tuple[str, ...]:
    """Return where the money lies: by risk, and with the tenth of customers who have the most at stake."""
    priced = "value_at_stake" if bands["value_at_stake"].notna().any() else "monthly_fee"
    money = bands[priced].fillna(0)
    if not money.sum() > 0:
        return ("No money can be laid out by risk.",)
    known = money[~rows_withheld(bands)]
    if known.empty:
        return ("No band of risk has customers enough for its money to be told.",)
    top = bands.loc[known.idxmax()]
    what = "of the value at stake" if priced == "value_at_stake" else "of monthly fees"
    people = words.share(top["n_customers"] / bands["n_customers"].sum())
    first = (f"The most, {words.money(top[priced], currency)}, lies with those at {top['risk']} risk: {people} of "
             f"customers hold {words.share(top[priced] / money.sum())} {what}.")
    if words.is_missing(first_tenth) or is_hidden(bands["n_customers"].sum() / 10):
        return (first,)
    return first, (f"Sorted by value at stake instead of by risk, the first tenth of customers hold "
                   f"{words.share(first_tenth)} of it.")


def doubt(basis: Basis, gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Return what would change our mind."""
    crossed = [g.sentence for g in gates if g.is_crossed]
    always = ("A risk is not an effect: who is likely to leave is not by that token easy to keep.",)
    if basis.kind != PURCHASES:
        return (*crossed, *always)
    lost = f"Lost means no purchase within {words.count(basis.horizon_days, 'day', 'days')}"
    return (*crossed, f"{lost}; some who buy more rarely will come back later.",
            "The value at stake assumes that the past rate would go on.", *always)


MEASURES = {
    "auc": "AUC", "average_precision": "Average precision", "lift_in_the_top_tenth": "Lift in the top tenth",
    "brier": "Brier score", "calibration_slope": "Calibration slope, 1 is right",
    "calibration_intercept": "Calibration intercept, 0 is right", "calibration_error": "Calibration error in ten bins",
    "calibration_error_if_perfect": "The same if the model were perfect",
    "empc": "Expected maximum profit a customer",
    "empc_share_contacted": "Best share to contact, the uptake being uncertain"}


def comparison(measures: pd.DataFrame, rule: str, currency: str = "") -> pd.DataFrame:
    """Return the measures of all models side by side in words, each with its interval."""
    columns = {name.capitalize(): name for name in (rule, LOGISTIC, BOOSTING)}
    rows = measures.set_index(["quantity", "segment"])
    known = [q for q in MEASURES if (q, rule) in rows.index and rows.loc[(q, rule), "status"] == Status.OK]
    return pd.DataFrame({"measure": [MEASURES[q] for q in known]} | {
        heading: [words.estimate(rows.loc[(q, model)].to_dict(), _form(q, currency)) for q in known]
        for heading, model in columns.items()})


def _form(quantity: str, currency: str = "") -> words.Form:
    if quantity == "empc":
        return words.form_of("money", currency)
    if quantity.startswith(("calibration_error", "empc_share", "average")):
        return words.share
    return words.number if quantity.startswith("lift") else _thousandths


def bins_title(trial: Trial, chosen: str) -> str:
    """Return the title of the calibration figure."""
    if trial.design == NONE:
        return "Stated and observed share of customers lost"
    found = classification.calibration_intercept(trial.is_lost, trial.stated[chosen])
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
    who = "customers with a contract" if _is_contract(row) else "eligible customers"
    return f"{part} of {who} are expected to {_what_is_lost(row)} up to {words.day(row['due_on'])}"


def risks_title(bands: pd.DataFrame) -> str:
    """Return the title of the figure on risk."""
    if bands.empty:
        return "Customers by risk"
    known = bands[~rows_withheld(bands)]
    if known.empty:
        return "Customers by risk"
    top = known.sort_values("n_customers", ascending=False).iloc[0]
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
