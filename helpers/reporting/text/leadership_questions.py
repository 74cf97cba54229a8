"""Ten questions that leadership asks, each answered in a sentence, or *cannot say*, with the reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.actions import measured_response
from helpers.churn import scoring
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.model_selection import ModelSelection, PairedComparison
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting
from helpers.reporting.run_results import COUNTS, RunResults
from helpers.reporting.text import churn as churn_text
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_finance as leadership_finance_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import survey_checks as survey_checks_text

AUDIT, BASE, FORECASTS, SCORES = ("results/intake_audit", "results/customer_base", "results/forecasts",
                                  "results/churn_scores")

VALUE_GATES, CHURN_GATES = "results/value_gates", "results/churn_gates"

EFFECTS, MODELS = "results/experiment_effects", "results/churn_models"

EVERYBODY = "every number by customer"

MONEY = ("margin", "net_sales")  # outcomes of action lists that are money, the first at hand counts

LEARNERS = (LOGISTIC, BOOSTING)

APART = "and season and mix are not told apart"

NEUTRAL = 50.0  # middle of the satisfaction scale


@dataclass(frozen=True, slots=True)
class QuestionInputs:
    """What the questions are answered from.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    gates, kpis, grades : DataFrame
        ``results/gates``, the key figures with what changed, ``results/forecast_grades``.
    redefined : str
        What was redefined since the last run, in a sentence.
    ledger : str
        What the ledger says beside the records, in sentences.
    """

    results: RunResults
    gates: pd.DataFrame
    kpis: pd.DataFrame
    grades: pd.DataFrame
    redefined: str = ""
    ledger: str = ""


def cannot(reason: str) -> str:
    """Return that something cannot be said, and why."""
    return f"Cannot say, because {formatting.within_sentence(reason)}."


def customer_retention(known: QuestionInputs) -> str:
    """Return the answer to: are we keeping customers, by count and by money, and is the change real."""
    by_count, by_money = (known.results.estimate(BASE, f"retention_by_{by}") for by in ("count", "money"))
    struck = known.results.struck(VALUE_GATES, "retention")
    if struck or by_count.status is not Status.OK:
        signed = leadership_findings_text.contracts(known.results)
        reason = struck or _lacking(by_count, "no orders and no contracts are recorded")
        return f"{signed.rstrip('.')}; {_real(known, 'share_ended')}, {APART}." if signed else cannot(reason)
    money = f", weighted by net sales {known.results.said(by_money)}" if by_money.status is Status.OK else ""
    caveat = known.results.caveat(VALUE_GATES, "retention", EVERYBODY, *COUNTS)
    return (f"Customer retention rate {known.results.said(by_count)}{money}{caveat}; "
            f"{_real(known, 'retention_by_count')}, {_seasonal(known)}, and mix is not told apart here.")


def _real(known: QuestionInputs, quantity: str) -> str:
    row = known.kpis[known.kpis["quantity"] == quantity]
    if row.empty or decimal_places.is_missing(row["change"].iloc[0]):
        why = row["change_words"].iloc[0] if len(row) else leadership_text.NO_EARLIER
        return f"whether that is a change cannot be said ({why})"
    return f"by count {row['change_words'].iloc[0]} since {formatting.date_text(row['previous_as_of_on'].iloc[0])}"


def _seasonal(known: QuestionInputs) -> str:
    gate = known.gates[known.gates["gate"] == "whole year"]
    if gate.empty:
        return "season is not told apart"
    return ("season may be part of it, since the periods are shorter than a year" if gate["is_crossed"].iloc[0]
            else "season is even, since whole years are compared")


def revenue_movement(known: QuestionInputs) -> str:
    """Return the answer to: which customers made revenue move."""
    struck = known.results.struck(VALUE_GATES, "change in revenue")
    whole = known.results.estimate(BASE, "net_sales_change")
    if whole.status is Status.OK and not struck:
        return leadership_findings_text.revenue_finding(known.results)
    cannot_say = cannot(struck or _lacking(whole, "no orders are recorded"))
    fees = [known.results.estimate(BASE, "monthly_fee", segment) for segment in ("ended", "active")]
    if any(e.status is not Status.OK for e in fees):
        return cannot_say
    lost, runs = (formatting.money(e.value, known.results.currency) for e in fees)
    return (f"{cannot_say} Of contracts, those that have ended paid {lost} a month and those that run pay {runs}; "
            "which of them are new or reactivated is not told apart.")


def margin_at_risk(known: QuestionInputs) -> str:
    """Return the answer to: how much margin is at risk, by when, and how much is savable."""
    scores = known.results.frame(SCORES)
    if scores.empty:
        return cannot("nobody could be scored: it takes orders or contracts, over more than one period")
    if struck := known.results.struck(CHURN_GATES, "every forecast of churn"):
        return cannot(struck)
    stake = scoring.margin_at_risk(scores, known.results.frame(FORECASTS))
    savable = _savable(known.results, stake)
    if stake.status is not Status.OK:
        said = [cannot(stake.reason)] if known.results.has(FORECASTS) else [cannot(stake.reason),
                                                                            leadership_findings_text.churn_finding(known.results)]
        return " ".join((*said, formatting.sentence_case(savable)))
    due = known.results.frame(FORECASTS)["due_on"].max() if known.results.has(FORECASTS) else None
    by = f" by {formatting.date_text(due)}" if not decimal_places.is_missing(due) else ""
    caveat = known.results.caveat(CHURN_GATES, "every forecast of churn", "margin at risk", *COUNTS)
    return f"{known.results.said(stake)} of margin is at risk{by}{caveat}; {savable}"


def _savable(results: RunResults, stake: Estimate) -> str:
    """Return how much of the margin at risk contact can save, by what earlier lists have measured."""
    measured = measured_response.pooled_response(results.frame(EFFECTS))
    if not measured.is_measured:
        return "how much of it can be saved cannot be said until an action is tried on customers drawn at random."
    found = f"contact {measured_response.response_sentence(measured)} ({measured_response.response_people(measured)})"
    gone = measured.reduction
    if stake.status is not Status.OK or gone.status is not Status.OK:
        return f"{found}."
    low, value, high = sorted(x * stake.value for x in (gone.low, gone.value, gone.high))
    form = formatting.unit_format("money", results.currency)
    return (f"{found}; were everybody at risk contacted and did they respond alike, {form(value)} "
            f"{formatting.interval(low, high, form)} of it would be saved.")


def next_quarter(known: QuestionInputs) -> str:
    """Return the answer to: if we do nothing, what happens next, in what range."""
    if struck := known.results.struck(CHURN_GATES, "every forecast of churn"):
        return " ".join(filter(None, (cannot(struck), leadership_findings_text.contracts_ahead(known.results))))
    if known.results.has(FORECASTS):
        caveat = known.results.caveat(CHURN_GATES, "every forecast of churn", "probabilities", *COUNTS)
        return f"{churn_text.expected_churn(known.results.frame(FORECASTS)).rstrip('.')}{caveat}."
    if signed := leadership_findings_text.contracts_ahead(known.results):
        return f"By the end of a quarter it cannot be said, since contracts without dates give no horizon. {signed}"
    return cannot("no forecast could be made: it takes orders over more than one period")


def action_earnings(known: QuestionInputs) -> str:
    """Return the answer to: what did the last actions earn against people we left alone."""
    effects = known.results.frame(EFFECTS)
    is_list = effects["experiment"].str.startswith(measured_response.NAMED) if len(effects) else pd.Series(dtype=bool)
    judged = measured_response.action_rounds(effects)
    if judged.empty:
        return " ".join((cannot(_unjudged(effects[is_list])), *_otherwise(known.results, effects[~is_list]))
                        if len(effects) else (cannot(_unjudged(effects)),))
    newest = judged[judged["experiment"] == judged["experiment"].iloc[-1]]
    money = [row for metric in MONEY for row in newest[newest["metric"] == metric].to_dict("records")]
    said = [_earning(known.results, money[0])] if money else []
    tables = dict(known.results.tables) | {EFFECTS: effects[is_list]}
    return " ".join((*said, *leadership_findings_text.experiments_finding(RunResults(tables, known.results.currency))))


def _unjudged(lists: pd.DataFrame) -> str:
    """Return why no list can be judged."""
    if lists.empty:
        return "no action list with a random control group has been both carried out and measured"
    last = lists[lists["experiment"] == lists["experiment"].max()].iloc[0]
    return (
        f"the {readable_id(str(last['experiment']))} has no outcome that can be judged: "
        f"{str(last['reason']).rstrip('.')}")


def _otherwise(results: RunResults, others: pd.DataFrame) -> tuple[str, ...]:
    """Return what was found in experiments that no action list drew."""
    if others.empty:
        return ()
    found = leadership_findings_text.experiments_finding(
        RunResults(dict(results.tables) | {EFFECTS: others}, results.currency)
    )
    return (f"Tried otherwise, with units assigned at random: {found[0]}",)


def _earning(results: RunResults, row: Mapping[str, Any]) -> str:
    """Return what all drawn to be contacted have brought beside the control group, and one of them."""
    form, limits = formatting.unit_format("money", results.currency), (float(row["low"]), float(row["high"]))
    value, n = float(row["value"]), int(row["n_variant"])
    what = experiments_text.metric_name(row).removeprefix("the ")
    clear = "" if limits[0] > 0 or limits[1] < 0 else ", an interval that includes no difference"
    caveats = experiments_text.caveats(row, results.gates("results/experiment_gates"))
    care = f" (caution: {formatting.join_words(caveats)})" if caveats else ""
    every, one = (f"{form(k * value)} {formatting.interval(k * limits[0], k * limits[1], form)}" for k in (n, 1))
    name = formatting.within_sentence(experiments_text.experiment_name(row))
    return (f"The {formatting.whole(n)} drawn for contact by the {name} brought {every} of {what} beside the control "
            f"group, {one} each{clear}, before the cost of contact{care}.")


def decision_today(known: QuestionInputs) -> str:
    """Return the answer to: which decision is asked for today."""
    decisions, tried = known.results.frame("results/decisions"), leadership_text.experiment_decision(known.results)
    said = [_planned(decisions, known.results.currency)] if len(decisions) else []
    if tried:
        opening = "Also asked for: " if said else ""
        said.append(f"{opening}{_stopped(tried['decision'])} Expected gain: {tried['expected_gain']}; worst case: "
                    f"{tried['worst_case'] or 'none'}; confidence: {tried['confidence']}; cost {tried['cost']}; owner "
                    f"{tried['owner']}; the days of the looks stand on page 06.")
    if said:
        return " ".join(said)
    no_verdict = ", and no verdict on an experiment asks for one" if known.results.has(EFFECTS) else ""
    return f"None: there is no list of customers to act on{no_verdict}."


def _planned(decisions: pd.DataFrame, currency: str) -> str:
    first = decisions.iloc[0]
    more = (
        f" ({formatting.count_text(len(decisions) - 1, 'more is', 'more are')} asked for)" if len(decisions) > 1 else ""
    )
    return (
        f"{_stopped(first['decision'])} Expected cost {formatting.money(first['cost'], currency)}, at worst "
        f"a loss of {formatting.money(first['worst_case'], currency)}; expected gain: {first['gain'].rstrip('.')}; "
        f"owner {first['owner']}; it stops on {formatting.date_text(first['stop_on'])}{more}."
    )


def satisfaction_causality(known: QuestionInputs) -> str:
    """Return the answer to: does satisfaction cause this, or move with it."""
    if not known.results.has("results/satisfaction_index"):
        return cannot("no survey is recorded")
    found = known.results.estimate("results/loyalty_matrix", "rank correlation of attitude and behaviour")
    if found.status is not Status.OK:
        apart = "no answers can be joined with orders of the same customers"
        return cannot(found.reason if found.n else apart)
    side = ("does not clearly move with" if found.low <= 0 <= found.high
            else "moves with" if found.value > 0 else "moves against")
    return (f"What customers say {side} what they buy (rank correlation {known.results.said(found)}); that it causes "
            "it cannot be said, because nobody was made more satisfied at random.")


def missing_customers(known: QuestionInputs) -> str:
    """Return the answer to: who is not in these data, and could they reverse it."""
    said = " ".join(filter(None, (_anonymous(known.results), _silent(known.results))))
    return said or cannot("neither anonymous sales nor the share of customers who were surveyed are known")


def _anonymous(results: RunResults) -> str:
    lines, money = ([results.estimate(AUDIT, quantity, segment) for segment in ("accepted", "rejected")]
                    for quantity in ("anonymous order lines", "anonymous money"))
    if all(e.status is not Status.OK for e in lines):
        runs = results.estimate(BASE, "contracts", "active")
        return "Every contract belongs to a known customer." if runs.status is Status.OK else ""
    n, total = (sum(e.value for e in part if e.status is Status.OK) for part in (lines, money))
    if not n:
        return "Every order line belongs to a known customer."
    sold = formatting.money(total, results.currency)
    who = f"Sales without a customer: {formatting.count_text(n, 'order line', 'order lines')}, {sold}"
    change = results.estimate(BASE, "net_sales_change")
    if change.status is not Status.OK:
        return f"{who}."
    could = "could" if abs(total) >= abs(change.value) else "could not"
    return f"{who}; by their size they {could} reverse the change in revenue."


def _silent(results: RunResults) -> str:
    heard = results.estimate(AUDIT, "share of customers", "with surveys")
    if heard.status is not Status.OK or not results.has("results/satisfaction_index"):
        return ""
    return survey_checks_text.non_response_sentence(results.frame("results/satisfaction_index"), heard, NEUTRAL)


def forecast_accuracy(known: QuestionInputs) -> str:
    """Return the answer to: were the last forecasts right, and would a simple rule have done as well."""
    rule = _rule(known.results)
    if not known.grades.empty:
        whole = leadership_text.forecast_accuracy(known.grades, known.results.currency)
        said = (*whole, leadership_text.parts_graded(known.grades),
                rule or "Whether a simple rule would have done as well cannot be said.")
        return " ".join(filter(None, said))
    return " ".join(filter(None, (cannot("no forecast of an earlier run is due yet"), rule)))


def _rule(results: RunResults) -> str:
    """Return how the model in use does beside the simple rule, as the page on churn says it; empty where it does not.

    The simple rule is the one of the two that is neither the regression nor boosting.
    """
    models, scores = results.frame(MODELS), results.frame(SCORES)
    if models.empty or scores.empty:
        return ""
    pairs = [str(s).split(" less ") for s in models.loc[models["quantity"] == "brier_difference", "segment"]]
    duels = sorted((_duel(results, model, other) for model, other in pairs if other not in LEARNERS),
                   key=lambda duel: duel.model != LOGISTIC)
    if not any(duel.auc.status is Status.OK for duel in duels):
        return ""
    return churn_text.model_comparison(ModelSelection(str(scores["model"].iloc[0]), tuple(duels)))


def _duel(results: RunResults, model: str, other: str) -> PairedComparison:
    auc, brier = (results.estimate(MODELS, f"{what}_difference", f"{model} less {other}") for what in ("auc", "brier"))
    return PairedComparison(model, other, auc, brier)


def finance_reconciliation(known: QuestionInputs) -> str:
    """Return the answer to: does it tie to finance, and what was redefined."""
    finance, signed = (
        leadership_finance_text.finance_sentence(known.results), leadership_finance_text.contracts(known.results)
    )
    beside = f"Beside them {signed}." if signed and signed not in finance else ""
    controls = leadership_finance_text.controls(known.results)
    return " ".join(filter(None, (finance, beside, known.ledger, controls, known.redefined)))


QUESTIONS: tuple[tuple[str, Callable[[QuestionInputs], str]], ...] = (
    ("Are we keeping customers, by count and by money, and is the change real, seasonal or mix?", customer_retention),
    ("Which customers made revenue move: new, retained, reactivated, churned?", revenue_movement),
    ("How much margin is at risk, by when, and how much of it can be saved?", margin_at_risk),
    ("If we do nothing, what happens next quarter, in what range?", next_quarter),
    ("What did last quarter's actions earn against their random control group?", action_earnings),
    ("Which decision is asked for today: cost, expected gain, worst case, owner, stop date?", decision_today),
    ("Does satisfaction cause this, or move with it?", satisfaction_causality),
    ("Who is not in these data, and could they reverse it?", missing_customers),
    ("Were the last forecasts right, and would a simple rule have done as well?", forecast_accuracy),
    ("Does it reconcile with finance, and what was redefined?", finance_reconciliation),
)


def question_answers(known: QuestionInputs) -> tuple[tuple[str, str], ...]:
    """Return each question with its answer, in order."""
    return tuple((question, answer(known)) for question, answer in QUESTIONS)


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _lacking(estimate: Estimate, otherwise: str) -> str:
    return estimate.reason if estimate.status is not Status.NOT_APPLICABLE else otherwise
