"""Ten questions that leadership asks, each answered in a sentence, or *cannot say*, with the reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.model_selection import PairedComparison
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting
from helpers.reporting.leadership_page import Answer
from helpers.reporting.run_results import COUNTS, RunResults
from helpers.reporting.schema import HISTORY
from helpers.reporting.text import action_results as action_results_text
from helpers.reporting.text import churn as churn_text
from helpers.reporting.text import forecast_grades as forecast_grades_text
from helpers.reporting.text import forecast_tries as forecast_tries_text
from helpers.reporting.text import leadership_contracts as leadership_contracts_text
from helpers.reporting.text import leadership_coverage as leadership_coverage_text
from helpers.reporting.text import leadership_decisions as leadership_decisions_text
from helpers.reporting.text import leadership_finance as leadership_finance_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import leadership_margin as leadership_margin_text
from helpers.reporting.text import leadership_outlook as leadership_outlook_text
from helpers.reporting.text import leadership_retention as leadership_retention_text
from helpers.reporting.text import leadership_revenue as leadership_revenue_text
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
    ledger : str, DataFrame or sequence of both
        What the ledger says beside the records: whether they tie, the figures, and why they differ.
    history : DataFrame
        ``results/kpi_history``.
    list_costs : mapping of str to pair of float
        What lists that earlier runs drew were to cost, by their names: as expected, and at most [money].
    moved : str
        Which figures of a day both the last run and this one tell otherwise, in a sentence.
    """

    results: RunResults
    gates: pd.DataFrame
    kpis: pd.DataFrame
    grades: pd.DataFrame
    redefined: str = ""
    ledger: Answer = ""
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(HISTORY.names)))
    list_costs: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    moved: str = ""


def customer_retention(known: QuestionInputs) -> Answer:
    """Return the answer to: are we keeping customers, by count and by money, and is the change real."""
    first, *others = leadership_retention_text.retention_answer(
        known.results, known.kpis, known.history, leadership_coverage_text.retention_doubt(known.results))
    if leadership_contracts_text.is_undated(known.results):
        return first, leadership_contracts_text.retention_bounds(known.results), *others
    between = leadership_coverage_text.retention_between(known.results)
    return f"{first} {between}".strip(), *others


def revenue_movement(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: which customers made revenue move."""
    struck = known.results.struck(VALUE_GATES, "change in revenue")
    whole = known.results.estimate(BASE, "net_sales_change")
    if whole.status is Status.OK and not struck:
        return leadership_revenue_text.revenue_answer(known.results, known.history)
    undated = known.results.has_crossed(VALUE_GATES, leadership_findings_text.UNDATED)
    lacking = (translatable("contracts are seen at one moment, without the days on which they ended") if undated else
               _lacking(whole, translatable("no orders are recorded")))
    cannot_say = cannot(struck or lacking)
    fees = [known.results.estimate(BASE, "monthly_fee", segment) for segment in ("ended", "active")]
    if any(e.status is not Status.OK for e in fees):
        return (cannot_say,)
    lost, runs = (formatting.money(e.value, known.results.currency) for e in fees)
    paid = message("Of contracts, those that have ended paid {lost} a month and those that run pay {running}; who was "
                   "reactivated is not on record.", lost=lost, running=runs)
    young = leadership_contracts_text.new_contracts(known.results) if undated else ""
    return cannot_say, " ".join(filter(None, (young, paid)))


def margin_at_risk(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: how much margin is at risk, by when, and how much is savable."""
    return leadership_margin_text.margin_answer(known.results, forecast_grades_text.last_time(
        known.grades, "margin_at_risk", known.results.currency))


def next_quarter(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: if we do nothing, what happens next, in what range."""
    results, by_contact = known.results, action_results_text.margin_by_contact(known.results)
    verdict, fees = (next_quarter_text.quarter_verdict(results, by_contact),
                     next_quarter_text.recurring_revenue_ahead(results))
    money = [said for said in (verdict, next_quarter_text.beside_the_forecast(results, by_contact), fees) if said]
    signed = leadership_contracts_text.contracts_ahead(results)
    if struck := results.struck(CHURN_GATES, "every forecast of churn"):
        left = message("How many customers leave cannot be said, because {reason}.",
                       reason=formatting.within_sentence(struck)) if money else cannot(struck)
        return tuple(filter(None, (*money, left, signed)))
    if results.has(FORECASTS):
        apart = "" if by_contact else message("What would come without any contact takes a random control group.")
        ahead = " ".join(filter(None, (_churn_ahead(known), apart)))
        if money:
            return *money, f"{_churn_expected(known)} {ahead}".strip()
        sales = leadership_outlook_text.sales_on_record(results, known.history)
        untold = message("Net sales of the quarter cannot be forecast.") if sales else ""
        return tuple(filter(None, (f"{_churn_expected(known)} {untold}".strip(), *sales, ahead)))
    if money:
        return tuple(filter(None, (*money, signed)))
    if signed and leadership_contracts_text.is_undated(results):
        return tuple(filter(None, (leadership_contracts_text.quarter_bounds(results), " ".join(filter(None, (
            signed, leadership_contracts_text.year_bounds(results)))))))
    if signed:
        return (signed,)
    return (cannot(translatable("no forecast could be made: it takes orders over more than one period")),)


def _churn_expected(known: QuestionInputs) -> str:
    """Return how many are expected to leave, beside the simple rule, with what the checks doubt of it."""
    caveat = known.results.caveat(CHURN_GATES, "every forecast of churn", "probabilities", *COUNTS)
    made = known.results.frame(FORECASTS)
    churn = message("{sentence}{caveat}.", caveat=caveat, sentence=churn_text.expected_churn(made).rstrip("."))
    return " ".join(filter(None, (churn, leadership_outlook_text.churn_by_rule(made))))


def _churn_ahead(known: QuestionInputs) -> str:
    """Return which customers are expected to leave, why the range is wide, and how the last such forecast did."""
    return " ".join(filter(None, (leadership_outlook_text.churn_of_parts(known.results.frame(FORECASTS)),
                                  forecast_grades_text.churn_range_reason(known.results),
                                  forecast_grades_text.last_time(known.grades, "customers_lost"),
                                  leadership_outlook_text.churn_if_no_list_acts(known.results),
                                  leadership_outlook_text.two_dates(known.results))))


def action_earnings(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: what did the last actions earn against people we left alone."""
    return action_results_text.action_earnings(known.results, known.list_costs)


def decision_today(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: which decision is asked for today."""
    return leadership_decisions_text.decision_today(known.results)


def satisfaction_causality(known: QuestionInputs) -> str | tuple[str, ...]:
    """Return the answer to: does satisfaction cause this, or move with it."""
    return leadership_satisfaction_text.satisfaction_answer(known.results)


def missing_customers(known: QuestionInputs) -> Answer:
    """Return the answer to: who is not in these data, and could they reverse it."""
    rows: list[dict[str, Any]] = known.kpis[known.kpis["quantity"].eq("satisfaction")].to_dict("records")
    target = rows[0].get("target") if rows else None
    return leadership_coverage_text.missing_customers(
        known.results, None if target is None or decimal_places.is_missing(target) else float(target))


def forecast_accuracy(known: QuestionInputs) -> tuple[str, ...]:
    """Return the answer to: were the last forecasts right, and would a simple rule have done as well."""
    tried, rule = forecast_tries_text.tried_verdict(known.results), _rule(known.results)
    past = " ".join(filter(None, (forecast_tries_text.past_quarters(known.results.frame(HOLDOUT)),
                                  forecast_tries_text.past_churn_levels(known.results))))
    if known.grades.empty:
        none_due = cannot(translatable("no earlier report has made a forecast that is due"))
        parts = (" ".join(filter(None, (none_due, tried))), " ".join(filter(None, (_first_due(known), past))), rule)
        return tuple(filter(None, parts))
    currency = known.results.currency
    first, *others = forecast_grades_text.forecast_accuracy(known.grades, currency)
    nearer, details = forecast_grades_text.nearer_than_rule(known.grades, currency)
    verdict = (first, nearer, forecast_grades_text.running_calibration(known.grades))
    outcomes = (*others, forecast_grades_text.missed(known.grades, currency),
                forecast_grades_text.parts_graded(known.grades), details)
    rules = (past, rule or message("Whether a simple rule would have done as well cannot be said."))
    return tuple(" ".join(filter(None, part)) for part in (verdict, outcomes, rules, (_holdout_failed(known.results),))
                 if any(part))


def _first_due(known: QuestionInputs) -> str:
    """Return when the first forecast falls due, where no earlier report has made one; empty where none is made."""
    due = known.results.frame(FORECASTS)["due_on"].dropna() if known.results.has(FORECASTS) else []
    if len(due):
        return message("The first, of this report, is due on {date}.", date=formatting.date_text(max(due)))
    return (message("None of this report falls due, since contracts without dates give no horizon.")
            if leadership_contracts_text.is_undated(known.results) else "")


def _holdout_failed(results: RunResults) -> str:
    """Return by how much the model of purchases missed orders that it had not seen, where the check on it failed."""
    gates = results.gates(VALUE_GATES)
    failed = gates[gates["gate"].eq("hold-out total") & gates["is_crossed"].astype(bool)]
    if failed.empty:
        return ""
    return message("A check on the values of customers found: {finding}. It touches {claims}.",
                   finding=formatting.within_sentence(str(failed["sentence"].iloc[0]).rstrip(".")),
                   claims=failed["claims"].iloc[0])


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


def finance_reconciliation(known: QuestionInputs) -> Answer:
    """Return the answer to: does it tie to finance, and what was redefined."""
    first, *others = (known.ledger if isinstance(known.ledger, tuple) else (known.ledger,))
    finance, signed = (
        leadership_finance_text.finance_sentence(known.results), leadership_finance_text.contracts(known.results)
    )
    beside = message("Contract fees are not in net sales, and no figure of the ledger is declared for them: "
                     "{contracts}.", contracts=signed) if signed and signed not in finance else ""
    counted = (leadership_finance_text.files_to_figures(known.results), finance, *(
        said(known.results) for said in (leadership_finance_text.accounts, leadership_finance_text.controls)))
    verdict = " ".join(filter(None, (str(first), known.redefined)))
    return tuple(part for part in (verdict, *others, beside, " ".join(filter(None, counted)), known.moved)
                 if isinstance(part, pd.DataFrame) or part)


QUESTIONS: tuple[tuple[str, Callable[[QuestionInputs], Answer]], ...] = (
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


def question_answers(known: QuestionInputs) -> tuple[tuple[str, Answer], ...]:
    """Return each question with its answer, in order: a paragraph, or several."""
    return tuple((question, answer(known)) for question, answer in QUESTIONS)


def _lacking(estimate: Estimate, otherwise: str) -> str:
    return estimate.reason if estimate.status is not Status.NOT_APPLICABLE else otherwise
