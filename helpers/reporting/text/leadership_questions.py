"""Ten questions that leadership asks, each answered in a sentence, or *cannot say*, with the reason."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from helpers.actions import measured_response
from helpers.churn import scoring
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.model_selection import ModelSelection, PairedComparison
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, forecast_tracking, formatting, kpi_history
from helpers.reporting.run_results import COUNTS, RunResults
from helpers.reporting.schema import HISTORY
from helpers.reporting.text import churn as churn_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_decisions as leadership_decisions_text
from helpers.reporting.text import leadership_finance as leadership_finance_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import next_quarter as next_quarter_text
from helpers.reporting.text import survey_checks as survey_checks_text
from helpers.reporting.text.leadership import cannot
from helpers.reporting.translation import message, plural, translatable
from helpers.value import retention_mix

AUDIT, BASE, FORECASTS, SCORES = ("results/intake_audit", "results/customer_base", "results/forecasts",
                                  "results/churn_scores")

VALUE_GATES, CHURN_GATES = "results/value_gates", "results/churn_gates"

EFFECTS, MODELS = "results/experiment_effects", "results/churn_models"

EVERYBODY = "every number by customer"

LEARNERS = (LOGISTIC, BOOSTING)

NEUTRAL = 50.0  # middle of the satisfaction scale

MOVES = {  # by the sign of a rank correlation, 0 where its interval includes zero
    0: translatable("What customers say does not clearly move with what they buy (rank correlation {correlation}); "
                    "that it causes it cannot be said, because nobody was made more satisfied at random."),
    1: translatable("What customers say moves with what they buy (rank correlation {correlation}); that it causes it "
                    "cannot be said, because nobody was made more satisfied at random."),
    -1: translatable("What customers say moves against what they buy (rank correlation {correlation}); that it causes "
                     "it cannot be said, because nobody was made more satisfied at random."),
}


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
    """

    results: RunResults
    gates: pd.DataFrame
    kpis: pd.DataFrame
    grades: pd.DataFrame
    redefined: str = ""
    ledger: str = ""
    history: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(HISTORY.names)))


def customer_retention(known: QuestionInputs) -> str:
    """Return the answer to: are we keeping customers, by count and by money, and is the change real."""
    by_count, by_money = (known.results.estimate(BASE, f"retention_by_{by}") for by in ("count", "money"))
    struck = known.results.struck(VALUE_GATES, "retention")
    if struck or by_count.status is not Status.OK:
        signed = leadership_findings_text.contracts(known.results)
        reason = struck or _lacking(by_count, translatable("no orders and no contracts are recorded"))
        return message("{contracts}; {change}, and season and mix are not told apart.",
                       contracts=signed.rstrip(".。"), change=_real(known, "share_ended")) if signed else cannot(reason)
    said = message("Customer retention rate {share}", share=known.results.said(by_count))
    if by_money.status is Status.OK:
        said = message("{sentence}, weighted by net sales {share}", sentence=said, share=known.results.said(by_money))
    rate = message("{rate}{caveat}; {change}.", rate=said, change=_real(known, "retention_by_count"),
                   caveat=known.results.caveat(VALUE_GATES, "retention", EVERYBODY, *COUNTS))
    return " ".join(filter(None, (rate, _mix(known.results), _same_season(known.history))))


def _real(known: QuestionInputs, quantity: str) -> str:
    row = known.kpis[known.kpis["quantity"] == quantity]
    if row.empty or decimal_places.is_missing(row["change"].iloc[0]):
        why = row["change_words"].iloc[0] if len(row) else leadership_text.NO_EARLIER
        return message("whether that is a change cannot be said ({reason})", reason=why)
    return message("by count {change} since {date}", change=row["change_words"].iloc[0],
                   date=formatting.date_text(row["previous_as_of_on"].iloc[0]))


def _mix(results: RunResults) -> str:
    """Return both rates of the last two periods, and what of the change is mix; that it is not told where it is not."""
    whole, by_mix, within, before, after, days = (results.estimate(BASE, quantity) for quantity in (
        retention_mix.CHANGE, retention_mix.BY_MIX, retention_mix.WITHIN, retention_mix.RATE_BEFORE,
        retention_mix.RATE_AFTER, retention_mix.PERIOD))
    if any(e.status is not Status.OK for e in (whole, by_mix, within, before, after, days)):
        return message("Mix is not told apart here.")
    change, mix, same = (formatting.share_change_text(e) for e in (whole, by_mix, within))
    is_year = days.value in leadership_findings_text.YEAR_DAYS
    season = (translatable("whole years, in which seasons weigh alike") if is_year else
              translatable("no whole years, so that season may be part of it"))
    return message("Over the last two periods of {n} days ({season}) the rate went from {before} to {after}, by "
                   "{change}: {mix} by mix, {same} among customers with as many orders.",
                   n=formatting.whole(days.value), season=season, before=results.said(before),
                   after=results.said(after), change=change, mix=mix, same=same)


def _same_season(history: pd.DataFrame) -> str:
    """Return who bought again in the latest quarter beside the same quarter of the year before; empty without both."""
    found = kpi_history.bought_again_change(history)
    if not found:
        return ""
    last, before, change = found
    moved, low, high = (100 * x for x in change)
    shares = [formatting.estimate_text({**row, "status": Status.OK}, formatting.share) for row in (last, before)]
    return message("In the same season: {share} of the customers of the quarter before bought again in that to {date}, "
                   "{before} a year earlier ({change}, difference {range}).", share=shares[0], before=shares[1],
                   date=formatting.date_text(last["on"]), range=formatting.interval(low, high, formatting.points),
                   change=formatting.change_text(moved, low, high, formatting.points))


def revenue_movement(known: QuestionInputs) -> str:
    """Return the answer to: which customers made revenue move."""
    struck = known.results.struck(VALUE_GATES, "change in revenue")
    whole = known.results.estimate(BASE, "net_sales_change")
    if whole.status is Status.OK and not struck:
        return leadership_findings_text.revenue_finding(known.results)
    cannot_say = cannot(struck or _lacking(whole, translatable("no orders are recorded")))
    fees = [known.results.estimate(BASE, "monthly_fee", segment) for segment in ("ended", "active")]
    if any(e.status is not Status.OK for e in fees):
        return cannot_say
    lost, runs = (formatting.money(e.value, known.results.currency) for e in fees)
    paid = message("Of contracts, those that have ended paid {lost} a month and those that run pay {running}; which of "
                   "them are new or reactivated is not told apart.", lost=lost, running=runs)
    return f"{cannot_say} {paid}"


def margin_at_risk(known: QuestionInputs) -> str:
    """Return the answer to: how much margin is at risk, by when, and how much is savable."""
    scores = known.results.frame(SCORES)
    if scores.empty:
        return cannot(translatable("nobody could be scored: it takes orders or contracts, over more than one period"))
    if struck := known.results.struck(CHURN_GATES, "every forecast of churn"):
        return cannot(struck)
    stake = scoring.margin_at_risk(scores, known.results.frame(FORECASTS))
    savable = _savable(known.results, stake)
    if stake.status is not Status.OK:
        said = [cannot(stake.reason)] if known.results.has(FORECASTS) else [cannot(stake.reason),
                                                                            leadership_findings_text.churn_finding(known.results)]
        return " ".join((*said, formatting.sentence_case(savable)))
    due = known.results.frame(FORECASTS)["due_on"].max() if known.results.has(FORECASTS) else None
    places = {"amount": known.results.said(stake), "savable": savable,
              "caveat": known.results.caveat(CHURN_GATES, "every forecast of churn", "margin at risk", *COUNTS)}
    if decimal_places.is_missing(due):
        return message("{amount} of margin is at risk{caveat}; {savable}", **places)
    return message("{amount} of margin is at risk by {date}{caveat}; {savable}", **places,
                   date=formatting.date_text(due))


def _savable(results: RunResults, stake: Estimate) -> str:
    """Return how much of the margin at risk contact can save, by what earlier lists have measured."""
    measured = measured_response.pooled_response(results.frame(EFFECTS), results.currency)
    if not measured.is_measured:
        return message("how much of it can be saved cannot be said until an action is tried on customers drawn at "
                       "random.")
    found = message("contact {response} ({people})", response=measured_response.response_sentence(measured),
                    people=measured_response.response_people(measured))
    gone = measured.reduction
    if stake.status is not Status.OK or gone.status is not Status.OK:
        return message("{sentence}.", sentence=found)
    low, value, high = sorted(x * stake.value for x in (gone.low, gone.value, gone.high))
    form = formatting.unit_format("money", results.currency)
    return message("{response}; were everybody at risk contacted and did they respond alike, {amount} of it would be "
                   "saved.", response=found, amount=f"{form(value)} {formatting.interval(low, high, form)}")


def next_quarter(known: QuestionInputs) -> str:
    """Return the answer to: if we do nothing, what happens next, in what range."""
    money = [next_quarter_text.quarter_ahead_sentence(known.results),
             next_quarter_text.recurring_revenue_ahead(known.results)]
    signed = leadership_findings_text.contracts_ahead(known.results)
    if struck := known.results.struck(CHURN_GATES, "every forecast of churn"):
        left = message("How many customers leave cannot be said, because {reason}.",
                       reason=formatting.within_sentence(struck)) if any(money) else cannot(struck)
        return " ".join(filter(None, (*money, left, signed)))
    if known.results.has(FORECASTS):
        caveat = known.results.caveat(CHURN_GATES, "every forecast of churn", "probabilities", *COUNTS)
        churn = message("{sentence}{caveat}.", caveat=caveat,
                        sentence=churn_text.expected_churn(known.results.frame(FORECASTS)).rstrip("."))
        return " ".join(filter(None, (*money, churn, leadership_findings_text.churn_range_reason(known.results))))
    if any(money):
        return " ".join(filter(None, (*money, signed)))
    if signed:
        why = message("By the end of a quarter it cannot be said, since contracts without dates give no horizon.")
        return f"{why} {signed}"
    return cannot(translatable("no forecast could be made: it takes orders over more than one period"))


def action_earnings(known: QuestionInputs) -> str:
    """Return the answer to: what did the last actions earn against people we left alone."""
    return leadership_decisions_text.action_earnings(known.results)


def decision_today(known: QuestionInputs) -> str:
    """Return the answer to: which decision is asked for today."""
    return leadership_decisions_text.decision_today(known.results)


def satisfaction_causality(known: QuestionInputs) -> str:
    """Return the answer to: does satisfaction cause this, or move with it."""
    if not known.results.has("results/satisfaction_index"):
        return cannot(translatable("no survey is recorded"))
    found = known.results.estimate("results/loyalty_matrix", "rank correlation of attitude and behaviour")
    if found.status is not Status.OK:
        apart = translatable("no answers can be joined with orders of the same customers")
        return cannot(found.reason if found.n else apart)
    side = 0 if found.low <= 0 <= found.high else 1 if found.value > 0 else -1
    return message(MOVES[side], correlation=known.results.said(found))


def missing_customers(known: QuestionInputs) -> str:
    """Return the answer to: who is not in these data, and could they reverse it."""
    said = " ".join(filter(None, (_anonymous(known.results), _silent(known.results))))
    unknown = translatable("neither anonymous sales nor the share of customers who were surveyed are known")
    return said or cannot(unknown)


def _anonymous(results: RunResults) -> str:
    lines, money = ([results.estimate(AUDIT, quantity, segment) for segment in ("accepted", "rejected")]
                    for quantity in ("anonymous order lines", "anonymous money"))
    if all(e.status is not Status.OK for e in lines):
        runs = results.estimate(BASE, "contracts", "active")
        return message("Every contract belongs to a known customer.") if runs.status is Status.OK else ""
    n, total = (sum(e.value for e in part if e.status is Status.OK) for part in (lines, money))
    if not n:
        return message("Every order line belongs to a known customer.")
    if all(e.status is not Status.OK for e in money):  # orders of which no amounts are recorded
        who = plural("Sales without a customer: {n} order line", "Sales without a customer: {n} order lines", n,
                     n=formatting.whole(n))
    else:
        who = plural("Sales without a customer: {n} order line, {amount}", "Sales without a customer: {n} order lines, "
                     "{amount}", n, n=formatting.whole(n), amount=formatting.money(total, results.currency))
    change = results.estimate(BASE, "net_sales_change")
    if change.status is not Status.OK:
        return message("{sentence}.", sentence=who)
    if abs(total) >= abs(change.value):
        return message("{sales}; by their size they could reverse the change in revenue.", sales=who)
    return message("{sales}; by their size they could not reverse the change in revenue.", sales=who)


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
        said = (*whole, leadership_text.parts_graded(known.grades), leadership_text.running_calibration(known.grades),
                forecast_tracking.nearer_than_rule(known.grades),
                rule or message("Whether a simple rule would have done as well cannot be said."))
        return " ".join(filter(None, said))
    return " ".join(filter(None, (cannot(translatable("no forecast of an earlier run is due yet")), rule)))


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
    beside = message("Beside them {contracts}.", contracts=signed) if signed and signed not in finance else ""
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


def _lacking(estimate: Estimate, otherwise: str) -> str:
    return estimate.reason if estimate.status is not Status.NOT_APPLICABLE else otherwise
