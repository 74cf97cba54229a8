"""Ten questions that leadership asks, each answered in a sentence, or *cannot say*, with the reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from helpers.churn import scoring
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.model_selection import PairedComparison
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting, kpi_history
from helpers.reporting.run_results import COUNTS, RunResults
from helpers.reporting.schema import HISTORY
from helpers.reporting.text import action_results as action_results_text
from helpers.reporting.text import churn as churn_text
from helpers.reporting.text import forecast_grades as forecast_grades_text
from helpers.reporting.text import leadership_contracts as leadership_contracts_text
from helpers.reporting.text import leadership_coverage as leadership_coverage_text
from helpers.reporting.text import leadership_decisions as leadership_decisions_text
from helpers.reporting.text import leadership_finance as leadership_finance_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import leadership_outlook as leadership_outlook_text
from helpers.reporting.text import leadership_retention as leadership_retention_text
from helpers.reporting.text import leadership_satisfaction as leadership_satisfaction_text
from helpers.reporting.text import next_quarter as next_quarter_text
from helpers.reporting.text.leadership import cannot
from helpers.reporting.translation import message, translatable

AUDIT, BASE, FORECASTS, SCORES = ("results/intake_audit", "results/customer_base", "results/forecasts",
                                  "results/churn_scores")

VALUE_GATES, CHURN_GATES = "results/value_gates", "results/churn_gates"

EFFECTS, MODELS, HOLDOUT = "results/experiment_effects", "results/churn_models", "results/value_holdout"

LEARNERS = (LOGISTIC, BOOSTING)


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
    history : DataFrame
        ``results/kpi_history``.
    list_costs : mapping of str to pair of float
        What lists that earlier runs drew were to cost, by their names: as expected, and at most [money].
    """

    results: RunResults
    gates: pd.DataFrame
    kpis: pd.DataFrame
    grades: pd.DataFrame
    redefined: str = ""
    ledger: str = ""
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(HISTORY.names)))
    list_costs: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def customer_retention(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: are we keeping customers, by count and by money, and is the change real."""
    first, *others = leadership_retention_text.retention_answer(known.results, known.kpis, known.history)
    if leadership_contracts_text.is_undated(known.results):
        return " ".join(filter(None, (first, leadership_contracts_text.retention_bounds(known.results)))), *others
    if not leadership_coverage_text.undone_retention(known.results):
        return first, *others
    where = message("How much of it can be buyers whom the records did not recognise stands under question 8.")
    return f"{first} {where}", *others


def revenue_movement(known: QuestionInputs) -> str | tuple[str, ...]:
    """Return the answer to: which customers made revenue move."""
    struck = known.results.struck(VALUE_GATES, "change in revenue")
    whole = known.results.estimate(BASE, "net_sales_change")
    if whole.status is Status.OK and not struck:
        moved = " ".join(filter(None, (said(known.results) for said in (
            leadership_findings_text.revenue_finding, leadership_findings_text.revenue_people,
            leadership_retention_text.retained_customers_change, leadership_retention_text.earlier_history))))
        return tuple(filter(None, (moved, kpi_history.quarter_growth_sentence(known.history, known.results.currency))))
    undated = known.results.has_crossed(VALUE_GATES, leadership_findings_text.UNDATED)
    lacking = (translatable("contracts are seen at one moment, without the days on which they ended") if undated else
               _lacking(whole, translatable("no orders are recorded")))
    cannot_say = " ".join(filter(None, (cannot(struck or lacking),
                                        leadership_contracts_text.new_contracts(known.results) if undated else "")))
    fees = [known.results.estimate(BASE, "monthly_fee", segment) for segment in ("ended", "active")]
    if any(e.status is not Status.OK for e in fees):
        return cannot_say
    lost, runs = (formatting.money(e.value, known.results.currency) for e in fees)
    paid = message("Of contracts, those that have ended paid {lost} a month and those that run pay {running}; who was "
                   "reactivated is not on record.", lost=lost, running=runs)
    return f"{cannot_say} {paid}"


def margin_at_risk(known: QuestionInputs) -> str:
    """Return the answer to: how much margin is at risk, by when, and how much is savable."""
    scores = known.results.frame(SCORES)
    if scores.empty:
        return cannot(translatable("nobody could be scored: it takes orders or contracts, over more than one period"))
    if struck := known.results.struck(CHURN_GATES, "every forecast of churn"):
        return cannot(struck)
    stake = scoring.margin_at_risk(scores, known.results.frame(FORECASTS))
    savable = leadership_decisions_text.savable(known.results, stake)
    before = forecast_grades_text.last_time(known.grades, "margin_at_risk", known.results.currency)
    if stake.status is not Status.OK:
        said = [cannot(stake.reason), leadership_outlook_text.untold_margin(known.results, scores),
                known.results.qualified_by(VALUE_GATES, "margin")] if known.results.has(FORECASTS) else [
            cannot(stake.reason), leadership_contracts_text.margin_at_risk_bounds(known.results),
            leadership_findings_text.churn_finding(known.results)]
        said = [sentence for sentence in said if sentence]
        return " ".join((*said, formatting.sentence_case(savable)))
    due = known.results.frame(FORECASTS)["due_on"].max() if known.results.has(FORECASTS) else None
    places = {"amount": known.results.said(stake), "savable": formatting.sentence_case(savable),
              "caveat": known.results.caveat(CHURN_GATES, "every forecast of churn", "margin at risk", *COUNTS)}
    said = (message("{amount} of margin is at risk{caveat}. {savable}", **places) if decimal_places.is_missing(due) else
            message("{amount} of margin is at risk by {date}, the chance of each customer to be gone for good times "
                    "the margin that would else come until then{caveat}. {savable}", **places,
                    date=formatting.date_text(due)))
    return " ".join(filter(None, (
        said, leadership_outlook_text.gone_for_good(scores), leadership_outlook_text.at_risk_by_rule(known.results),
        known.results.qualified_by(VALUE_GATES, "margin"), before)))


def next_quarter(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: if we do nothing, what happens next, in what range."""
    money = [said for said in (next_quarter_text.quarter_ahead_sentence(known.results),
                               next_quarter_text.recurring_revenue_ahead(known.results)) if said]
    signed = leadership_contracts_text.contracts_ahead(known.results)
    if struck := known.results.struck(CHURN_GATES, "every forecast of churn"):
        left = message("How many customers leave cannot be said, because {reason}.",
                       reason=formatting.within_sentence(struck)) if money else cannot(struck)
        return tuple(filter(None, (*money, left, signed)))
    if known.results.has(FORECASTS):
        apart = action_results_text.without_contact(known.results) or message(
            "These hold if contact goes on as in the past; what would come without any takes a random control group.")
        money = money or [*leadership_outlook_text.sales_on_record(known.results, known.history)]
        return *money, _churn_ahead(known), apart
    if money:
        return tuple(filter(None, (*money, signed)))
    if signed and leadership_contracts_text.is_undated(known.results):
        return tuple(filter(None, (leadership_contracts_text.quarter_bounds(known.results), " ".join(filter(None, (
            signed, leadership_contracts_text.year_bounds(known.results)))))))
    if signed:
        return (signed,)
    return (cannot(translatable("no forecast could be made: it takes orders over more than one period")),)


def _churn_ahead(known: QuestionInputs) -> str:
    """Return how many are expected to leave, which, what the simple rule says, and how the last such forecast did."""
    caveat = known.results.caveat(CHURN_GATES, "every forecast of churn", "probabilities", *COUNTS)
    made = known.results.frame(FORECASTS)
    churn = message("{sentence}{caveat}.", caveat=caveat, sentence=churn_text.expected_churn(made).rstrip("."))
    return " ".join(filter(None, (churn, leadership_outlook_text.churn_of_parts(made),
                                  leadership_outlook_text.churn_by_rule(made),
                                  forecast_grades_text.churn_range_reason(known.results),
                                  forecast_grades_text.last_time(known.grades, "customers_lost"))))


def action_earnings(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: what did the last actions earn against people we left alone."""
    return action_results_text.action_earnings(known.results, known.list_costs)


def decision_today(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: which decision is asked for today."""
    return leadership_decisions_text.decision_today(known.results)


def satisfaction_causality(known: QuestionInputs) -> str | tuple[str, ...]:
    """Return the answer to: does satisfaction cause this, or move with it."""
    return leadership_satisfaction_text.satisfaction_answer(known.results)


def missing_customers(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: who is not in these data, and could they reverse it."""
    rows: list[dict[str, Any]] = known.kpis[known.kpis["quantity"].eq("satisfaction")].to_dict("records")
    target = rows[0].get("target") if rows else None
    return leadership_coverage_text.missing_customers(
        known.results, None if target is None or decimal_places.is_missing(target) else float(target))


def forecast_accuracy(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: were the last forecasts right, and would a simple rule have done as well."""
    rule, past = _rule(known.results), " ".join(filter(None, (
        forecast_grades_text.past_quarters(known.results.frame(HOLDOUT)),
        forecast_grades_text.past_churn_levels(known.results))))
    if known.grades.empty:
        due = known.results.frame(FORECASTS)["due_on"].dropna() if known.results.has(FORECASTS) else []
        first = (message("The first, of this report, is due on {date}.", date=formatting.date_text(max(due)))
                 if len(due) else
                 message("None of this report falls due, since contracts without dates give no horizon.")
                 if leadership_contracts_text.is_undated(known.results) else "")
        none_due = " ".join(filter(None, (cannot(translatable("no earlier report has made a forecast that is due")),
                                          first)))
        return tuple(filter(None, (none_due, past, rule)))
    outcomes = (*forecast_grades_text.forecast_accuracy(known.grades, known.results.currency),
                forecast_grades_text.missed(known.grades, known.results.currency),
                forecast_grades_text.parts_graded(known.grades),
                forecast_grades_text.running_calibration(known.grades))
    rules = (forecast_grades_text.nearer_than_rule(known.grades, known.results.currency), past,
             rule or message("Whether a simple rule would have done as well cannot be said."))
    return tuple(" ".join(filter(None, part)) for part in (outcomes, rules, (_holdout_failed(known.results),)) if any(
        part))


def _holdout_failed(results: RunResults) -> str:
    """Return by how much the model of purchases missed orders that it had not seen, where the check on it failed."""
    gates = results.gates(VALUE_GATES)
    failed = gates[gates["gate"].eq("hold-out total") & gates["is_crossed"].astype(bool)]
    return message("A check on the values of customers found: {finding}.", finding=formatting.within_sentence(
        str(failed["sentence"].iloc[0]).rstrip("."))) if len(failed) else ""


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
    levels = [results.estimate(MODELS, "auc", name) for name in (duels[0].model, duels[0].other)]
    return forecast_grades_text.simple_rule_verdict(duels[0].auc, duels[0].other, *levels)


def _duel(results: RunResults, model: str, other: str) -> PairedComparison:
    auc, brier = (results.estimate(MODELS, f"{what}_difference", f"{model} less {other}") for what in ("auc", "brier"))
    return PairedComparison(model, other, auc, brier)


def finance_reconciliation(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: does it tie to finance, and what was redefined."""
    finance, signed = (
        leadership_finance_text.finance_sentence(known.results), leadership_finance_text.contracts(known.results)
    )
    beside = message("Beside them {contracts}.", contracts=signed) if signed and signed not in finance else ""
    counted = (leadership_finance_text.files_to_figures(known.results), finance, beside, *(
        said(known.results) for said in (leadership_finance_text.accounts, leadership_finance_text.controls)))
    return tuple(filter(None, (known.ledger, " ".join(filter(None, counted)), known.redefined)))


QUESTIONS: tuple[tuple[str, Callable[[QuestionInputs], str | tuple[str, ...]]], ...] = (
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


def question_answers(known: QuestionInputs) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    """Return each question with its answer, in order: a paragraph, or several."""
    return tuple((question, answer(known)) for question, answer in QUESTIONS)


def _lacking(estimate: Estimate, otherwise: str) -> str:
    return estimate.reason if estimate.status is not Status.NOT_APPLICABLE else otherwise
