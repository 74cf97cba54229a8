"""Text of the churn page: risk, models, calibration, forecast."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from helpers.churn import scoring
from helpers.churn.backtest import CROSS_VALIDATED, NO_BACKTEST, OUT_OF_TIME, Backtest
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.dataset import BASELINE_RULES, ONE_TIME_BUYERS, PURCHASE_DATASET, UNDATED_CONTRACTS, Dataset
from helpers.churn.model_selection import ModelSelection, PairedComparison, origin_segment
from helpers.churn.quality_gates import RANKING
from helpers.foundation.results import Estimate, Gate, Status
from helpers.reporting import decimal_places, formatting
from helpers.stats import classifier_metrics
from helpers.stats.disclosure_control import (
    LEAST_PEOPLE,
    is_hidden,
    people_text,
    share_text_if_enough,
    value_text_if_enough,
)
from helpers.stats.suppressed_tables import suppressed_rows

LATE = {"out-of-time test": "not yet tested out of time"}

OFF = {"calibrated": "probabilities were off by {0} on average in the backtest"}


def churn_answer(basis: Dataset, verdict: ModelSelection, scores: pd.DataFrame, forecasts: pd.DataFrame,
           gates: tuple[Gate, ...] = (), currency: str = "") -> tuple[str, ...]:
    """Return the answer of the page: expected churn, the margin at risk, and whether the model earns its keep."""
    if basis.reason:
        return (f"Who is leaving cannot be said: {basis.reason}.",)
    if basis.kind == UNDATED_CONTRACTS:
        return (*ranking_struck(gates), *contract_churn(scores, currency), model_comparison(verdict))
    if forecasts.empty:
        nobody = (
            "has bought recently enough" if basis.kind == PURCHASE_DATASET else "holds a contract that runs and is left"
        )
        return (f"Nobody {nobody} to churn by {formatting.date_text(basis.due_on)}.", model_comparison(verdict))
    stake = margin_at_risk(scoring.margin_at_risk(scores, forecasts), currency)
    return (
        *ranking_struck(gates),
        f"{expected_churn(forecasts)}{churn_gate_caveat(gates, LATE)}.",
        f"{stake}{churn_gate_caveat(gates, OFF)}.",
        model_comparison(verdict),
    )


def ranking_struck(gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Return why customers are not ranked by risk; nothing where they are."""
    return tuple(g.sentence for g in gates if g.is_crossed and g.gate == RANKING)


def churn_gate_caveat(gates: tuple[Gate, ...], phrases: Mapping[str, str]) -> str:
    """Return the caveats of crossed gates in brackets, for the end of the sentence that they touch."""
    said = [phrases[g.gate].format(formatting.share(g.statistic)) for g in gates if g.is_crossed and g.gate in phrases]
    return f" ({'; '.join(said)})" if said else ""


def expected_churn(forecasts: pd.DataFrame) -> str:
    """Return how many are expected to churn within the horizon."""
    row = scoring.forecasts_of_lost(forecasts).iloc[0]
    days = formatting.whole((row["due_on"] - row["made_as_of_on"]).days)
    return (
        f"Expected churn, next {days} days (to {formatting.date_text(row['due_on'])}): "
        f"{formatting.whole(row['value'])} "
        f"{formatting.interval(row['low'], row['high'], formatting.whole)} of {_eligible(row)}, "
        f"{formatting.share(row['value'] / row['n'])}"
    )


def _is_contract(row: Mapping[str, Any]) -> bool:
    return row.get("basis") == UNDATED_CONTRACTS


def _eligible(row: Mapping[str, Any]) -> str:
    return (
        formatting.count_text(row["n"], "customer with a contract", "customers with a contract")
        if _is_contract(row)
        else formatting.count_text(row["n"], "eligible customer", "eligible customers")
    )


def _churn_verb(row: Mapping[str, Any]) -> str:
    return "cancel" if _is_contract(row) else "buy nothing"


def margin_at_risk(stake: Estimate, currency: str = "") -> str:
    """Return the margin at risk."""
    if stake.status is not Status.OK:
        return f"Margin at risk cannot be stated: {stake.reason}"
    return (
        f"Margin at risk until then is {formatting.estimate_text(stake, currency=currency)}: the probability of having "
        "left for good times the margin that would come by then if the customer stayed, summed over customers"
    )


def contract_churn(scores: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return how many contracts that run look like ended ones."""
    if scores.empty:
        return ("No contract runs any more, so there is nobody to score.",)
    high = scores[scores["risk"] == "high"]
    fee = high["monthly_fee"].sum(min_count=1)
    money = "" if decimal_places.is_missing(fee) else f", with {formatting.money(fee, currency)} of monthly fees"
    n = share_text_if_enough(formatting.whole(len(high)), len(high) / len(scores), len(scores)) if len(high) else "none"
    money = value_text_if_enough(money, len(high)) if len(high) else ""
    verb = "resemble" if len(high) else "resembles"
    of = formatting.count_text(len(scores), "customer", "customers")
    return (f"Of {of} with a contract that runs {n} strongly {verb} those who left{money}.",
            "By when they might leave cannot be said, since contracts are seen at one moment only.")


def model_comparison(verdict: ModelSelection) -> str:
    """Return whether a model beats the baseline rule, or is no better."""
    duel = verdict.first
    if duel.auc.status is not Status.OK:
        return f"Whether a model beats the baseline cannot be said: {duel.auc.reason}."
    by, name = _by(duel), duel.model
    if duel.is_tie:
        return f"The {name} is no better than the baseline, the {duel.other} ({by}), so the baseline is used."
    if verdict.chosen == name:
        return f"The {name} does better than the baseline out of sample ({by})."
    if duel.auc.high < 0:
        return f"The {duel.other} is not beaten: the {name} does worse ({by})."
    return f"The {name} does not do better on every count ({by}), so the {duel.other} is used."


def boosting_comparison(verdict: ModelSelection, currency: str = "") -> str:
    """Return how gradient boosting compares with the regression."""
    duel = next((d for d in verdict.comparisons if (d.model, d.other) == (BOOSTING, LOGISTIC)), None)
    if duel is None or duel.auc.status is not Status.OK:
        return "Gradient boosting could not be compared with the regression."
    by = _by(duel)
    if duel.is_tie:
        return f"Gradient boosting is no better than logistic regression ({by}), so the simpler model is used."
    if duel.is_immaterial:
        return (f"Gradient boosting and logistic regression differ ({by}), but their expected profit by "
                f"{formatting.money(duel.money, currency)} only, below the materiality of "
                f"{formatting.money(duel.materiality, currency)}, so the simpler model is used.")
    if duel.is_better:
        return f"Gradient boosting does better than logistic regression ({by})."
    return f"Gradient boosting does not do better than logistic regression on every count ({by})."


def _by(duel: PairedComparison) -> str:
    return f"AUC {_difference(duel.auc)}, Brier score {_difference(duel.brier)}"


def backtest_caption(trial: Backtest) -> str:
    """Return how the models were tried."""
    who = "customer" if trial.rule == BASELINE_RULES[PURCHASE_DATASET] else "contract"
    n = formatting.count_text(len(trial.is_lost), who, f"{who}s")
    if trial.design == OUT_OF_TIME:
        days = trial.origins
        at = (f"on {formatting.date_text(days[0])}" if len(days) == 1 else
              f"at {len(days)} origins from {formatting.date_text(days[0])} to {formatting.date_text(days[-1])}")
        between = ", calibrated on a snapshot in between," if trial.is_calibrated else ""
        treated = formatting.sentence_case(people_text(trial.n_treated, who, f"{who}s"))
        left = (f" {treated} whom lists or alerts of earlier runs had drawn are "
                "left out of training, where their control groups stand for them." if trial.n_treated else "")
        judged = f"{formatting.whole(len(trial.is_lost))} judgements of {who}s" if len(days) > 1 else n
        return (f"All models were fitted on an earlier snapshot{between} and tried on {judged} as known {at}, whose "
                f"outcome they had not seen.{left}")
    if trial.design == CROSS_VALIDATED:
        return f"All models were tried on {n}, each tenth judged by models that had not seen it."
    return f"No model was tried: {trial.reason}."


def ranking_where_treated(trial: Backtest, measures: pd.DataFrame, chosen: str) -> str:
    """Return how the chosen model ranks where lists or alerts drew last, as seen and with their control groups."""
    if not trial.treated_origins:
        return ""
    day = trial.treated_origins[-1]
    rows = measures.set_index(["quantity", "segment"]).loc["auc"]
    seen = rows.loc[origin_segment(chosen, day) if len(trial.origins) > 1 else chosen].to_dict()
    free = rows.loc[origin_segment(chosen, day, is_untreated=True)].to_dict()
    is_treated = trial.stands_for[trial.origin == day] == 0
    if is_hidden(is_treated.sum()) or Status.INSUFFICIENT in (seen["status"], free["status"]):
        return ""
    on, share = formatting.date_text(day), formatting.share(is_treated.mean())
    return (f"After {on} lists or alerts of earlier runs had drawn {share} of those judged: there the AUC of the "
            f"{chosen} is {formatting.estimate_text(seen, _thousandths)}, and "
            f"{formatting.estimate_text(free, _thousandths)} with random control groups for those drawn. Today's "
            "forecast is learnt with these groups in their place: it is of what comes if no list acts.")


def calibration_sentence(trial: Backtest, chosen: str) -> str:
    """Return how far the chosen model's probabilities can be taken at their word."""
    if trial.design == NO_BACKTEST:
        return f"Calibration is not known: {trial.reason}."
    slope = classifier_metrics.calibration_slope(trial.is_lost, trial.stated[chosen])
    level = classifier_metrics.calibration_intercept(trial.is_lost, trial.stated[chosen])
    if Status.INSUFFICIENT in (slope.status, level.status):
        return f"Calibration of the {chosen} is not known: {slope.reason or level.reason}."
    spread = ("are neither too extreme nor too cautious" if slope.low <= 1 <= slope.high
              else "are too extreme" if slope.value < 1 else "are not extreme enough")
    height = ("right in level" if level.low <= 0 <= level.high else "too low" if level.value > 0 else "too high")
    return (
        f"Probabilities of the {chosen} {spread} (slope {formatting.estimate_text(slope, _thousandths)}, 1 is right) "
        f"and {height} (intercept {formatting.estimate_text(level, _thousandths)}, 0 is right)."
    )


def one_time_buyers(trial: Backtest, forecasts: pd.DataFrame) -> str:
    """Return what is said of one-time buyers, a class of their own."""
    if trial.design == NO_BACKTEST:
        return f"One-time buyers could not be looked at apart: {trial.reason}."
    if trial.rule != BASELINE_RULES[PURCHASE_DATASET]:
        return "" if len(forecasts) else "No number can be given: contracts are seen at one moment only."
    once = trial.is_one_time
    if not once.any():
        return "Nobody among those tried had bought once only."
    n_once, n_rest = int(once.sum()), int((~once).sum())
    if is_hidden(n_once):
        return f"{formatting.sentence_case(people_text(n_once))} of those tried had bought once only."
    observed = formatting.share(float(trial.is_lost[once].mean()))
    rest = f", of repeat buyers {formatting.share(float(trial.is_lost[~once].mean()))}" if n_rest else ""
    rest = value_text_if_enough(rest, n_rest)
    ahead = scoring.forecasts_of_lost(forecasts, ONE_TIME_BUYERS)
    next_ = "" if ahead.empty or ahead["n"].iloc[0] < LEAST_PEOPLE else (
        f" Of today's {formatting.count_text(ahead['n'].iloc[0], 'one-time buyer', 'one-time buyers')} "
        f"{formatting.whole(ahead['value'].iloc[0])} are expected to buy nothing.")
    return f"Of customers who had bought once {observed} churned within the horizon of the backtest{rest}.{next_}"


def risk_bands(bands: pd.DataFrame, currency: str = "", first_tenth: float = float("nan"),
               gates: tuple[Gate, ...] = ()) -> tuple[str, ...]:
    """Return where the money lies: by risk, and with the tenth of customers who have the most margin at risk."""
    if unranked := ranking_struck(gates):
        return unranked
    priced = "margin_at_risk" if bands["margin_at_risk"].notna().any() else "monthly_fee"
    money = bands[priced].fillna(0)
    if not money.sum() > 0:
        return ("No margin at risk is told, so that none is laid out by risk.",)
    known = money[~suppressed_rows(bands)]
    if known.empty:
        return ("No band of risk has customers enough for its money to be told.",)
    top = bands.loc[known.idxmax()]
    what = "of the margin at risk" if priced == "margin_at_risk" else "of monthly fees"
    people = formatting.share(top["n_customers"] / bands["n_customers"].sum())
    first = (f"The most, {formatting.money(top[priced], currency)}, lies with those at {top['risk']} risk: {people} of "
             f"customers hold {formatting.share(top[priced] / money.sum())} {what}.")
    if decimal_places.is_missing(first_tenth) or is_hidden(bands["n_customers"].sum() / 10):
        return (first,)
    return first, (f"Sorted by margin at risk instead of by risk, the first tenth of customers hold "
                   f"{formatting.share(first_tenth)} of it.")


def churn_caveats(basis: Dataset, stake: Estimate) -> tuple[str, ...]:
    """Return what would change our mind, beside the checks that failed; of margin at risk where it can be stated."""
    always = ("A risk is not an effect: who is likely to leave is not by that token easy to keep.",)
    if basis.kind != PURCHASE_DATASET:
        return always
    n_drawn, n_buyers = map(formatting.whole, basis.drawn)
    told = f"Models learn from the past of {n_drawn} of {n_buyers} buyers, drawn at random."
    basis_of_margin = f"{_value_if_kept_basis(basis)}; what who left would have brought is never seen."
    days = formatting.count_text(basis.horizon_days, "day", "days")
    return (f"Churned means no purchase within {days}; some who buy more rarely will come back later.",
            *((told,) if any(basis.drawn) else ()), *((basis_of_margin,) if stake.status is Status.OK else ()), *always)


def _value_if_kept_basis(basis: Dataset) -> str:
    if basis.has_purchase_model:
        return ("Margin at risk takes each customer's rate of orders and margin an order from the model behind "
                "customer lifetime value, and counts as left only what a pause at that rate does not explain")
    return ("No purchase model applies, so that margin at risk takes repeat purchases to date as the rate, the time "
            "after a customer left included: it is on the low side, since a pause then explains more")


MEASURES = {
    "auc": "AUC", "average_precision": "Average precision", "lift_in_the_top_tenth": "Lift in the top tenth",
    "brier": "Brier score", "calibration_slope": "Calibration slope, 1 is right",
    "calibration_intercept": "Calibration intercept, 0 is right", "calibration_error": "Calibration error in ten bins",
    "calibration_error_if_perfect": "The same if the model were perfect", "empc": "Expected maximum profit a customer",
    "empc_share_contacted": "Best share to contact, the uptake being uncertain"}


def model_table(measures: pd.DataFrame, rule: str, currency: str = "") -> pd.DataFrame:
    """Return the measures of all models side by side in words, each with its interval."""
    columns = {name.capitalize(): name for name in (rule, LOGISTIC, BOOSTING)}
    rows = measures.set_index(["quantity", "segment"])
    known = [q for q in MEASURES if (q, rule) in rows.index and rows.loc[(q, rule), "status"] == Status.OK]
    return pd.DataFrame({"measure": [MEASURES[q] for q in known]} | {
        heading: [_measure(rows.loc[(q, model)], q, currency) for q in known] for heading, model in columns.items()})


def _measure(row: pd.Series, quantity: str, currency: str) -> str:
    if quantity.startswith("calibration_error") and row["status"] == Status.OK:  # a difference of shares
        return formatting.share_change_text(row.to_dict())
    return formatting.estimate_text(row.to_dict(), _form(quantity, currency))


def _form(quantity: str, currency: str = "") -> formatting.Form:
    if quantity == "empc":
        return formatting.unit_format("money", currency)
    if quantity.startswith(("empc_share", "average")):
        return formatting.share
    return formatting.number if quantity.startswith("lift") else _thousandths


def calibration_title(trial: Backtest, chosen: str) -> str:
    """Return the title of the calibration figure."""
    if trial.design == NO_BACKTEST:
        return "Predicted and observed churn probability (calibration)"
    found = classifier_metrics.calibration_intercept(trial.is_lost, trial.stated[chosen])
    if found.status is not Status.OK or found.low <= 0 <= found.high:
        return f"Churn predicted by the {chosen} matches observed churn"
    return f"{'More' if found.value > 0 else 'Fewer'} customers churn than the {chosen} predicts"


def forecast_title(forecasts: pd.DataFrame) -> str:
    """Return the title of the figure on the forecast."""
    ahead = scoring.forecasts_of_lost(forecasts)
    if ahead.empty or not ahead["n"].iloc[0]:
        return "Expected churn rate of eligible customers"
    row = ahead.iloc[0]
    part = formatting.share(row["value"] / row["n"])
    who = "customers with a contract" if _is_contract(row) else "eligible customers"
    return f"{part} of {who} are expected to {_churn_verb(row)} up to {formatting.date_text(row['due_on'])}"


def risk_bands_title(bands: pd.DataFrame) -> str:
    """Return the title of the figure on risk."""
    if bands.empty:
        return "Customers by risk"
    known = bands[~suppressed_rows(bands)]
    if known.empty:
        return "Customers by risk"
    top = known.sort_values("n_customers", ascending=False).iloc[0]
    part = formatting.share(top["n_customers"] / bands["n_customers"].sum())
    return f"{part} of those scored are at {top['risk']} risk"


def churn_headline(verdict: ModelSelection, forecasts: pd.DataFrame) -> tuple[str, ...]:
    """Return the numbers that the hand-off prints, to two digits."""
    auc = formatting.MISSING if decimal_places.is_missing(verdict.auc.value) else f"{verdict.auc.value:+.2f}"
    ahead = scoring.forecasts_of_lost(forecasts)
    lost = formatting.MISSING if ahead.empty else f"about {formatting.number(float(ahead['value'].iloc[0]), 2)}"
    return f"model {verdict.chosen}, AUC {auc} against the baseline", f"expected churn {lost}"


def _difference(e: Estimate) -> str:
    return f"{'+' if e.value > 0 else ''}{_thousandths(e.value)} {formatting.interval(e.low, e.high, _thousandths)}"


def _thousandths(x: float) -> str:
    return f"{round(x, 3) + 0:.3f}".replace("-", "−")
