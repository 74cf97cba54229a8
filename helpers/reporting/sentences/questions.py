"""Ten questions that leadership asks, each answered in a sentence, or *cannot say*, with the reason."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from helpers.churn import outlook
from helpers.foundation.estimates import Estimate, Status
from helpers.reporting import words
from helpers.reporting.results import Results
from helpers.reporting.sentences import churn as of_churn
from helpers.reporting.sentences import findings, leadership
from helpers.reporting.sentences import satisfaction as of_satisfaction

AUDIT, BASE, FORECASTS, SCORES = ("results/intake_audit", "results/customer_base", "results/forecasts",
                                  "results/churn_scores")
VALUE_GATES, CHURN_GATES = "results/value_gates", "results/churn_gates"
ACTION = "action plan of "  # begins the name of each experiment that an action list draws
NEUTRAL = 50.0  # middle of the satisfaction scale


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the questions are answered from.

    Parameters
    ----------
    results : Results
        What the wings found.
    gates, kpis, grades : DataFrame
        ``results/gates``, the key figures with what changed, ``results/forecast_grades``.
    redefined : str
        What was redefined since the last run, in a sentence.
    """

    results: Results
    gates: pd.DataFrame
    kpis: pd.DataFrame
    grades: pd.DataFrame
    redefined: str = ""


def cannot(reason: str) -> str:
    """Return that something cannot be said, and why."""
    return f"Cannot say, because {reason}."


def kept(known: Evidence) -> str:
    """Return the answer to: are we keeping customers, by count and by money, and is the change real."""
    if struck := known.results.struck(VALUE_GATES, "retention"):
        return cannot(struck)
    by_count, by_money = (known.results.estimate(BASE, f"retention_by_{by}") for by in ("count", "money"))
    if by_count.status is not Status.OK:
        ended = known.results.estimate(BASE, "share_ended")
        if ended.status is Status.OK:
            return (f"{known.results.said(ended)} of contracts have ended; whether that is more than before, or season "
                    "or mix, cannot be said, because contracts are seen at one moment only.")
        return cannot(_lacking(by_count, "no orders and no contracts are recorded"))
    money = f", {known.results.said(by_money)} by money" if by_money.status is Status.OK else ""
    return (f"{known.results.said(by_count)} of customers were kept by count{money}; {_real(known)}, "
            f"{_seasonal(known)}, and mix is not told apart here.")


def _real(known: Evidence) -> str:
    row = known.kpis[known.kpis["quantity"] == "retention_by_count"]
    if row.empty or words.is_missing(row["change"].iloc[0]):
        why = row["change_words"].iloc[0] if len(row) else leadership.NO_EARLIER
        return f"whether that is a change cannot be said ({why})"
    return f"by count {row['change_words'].iloc[0]} since {words.day(row['previous_as_of_on'].iloc[0])}"


def _seasonal(known: Evidence) -> str:
    gate = known.gates[known.gates["gate"] == "whole year"]
    if gate.empty:
        return "season is not told apart"
    return ("season may be part of it, since the periods are shorter than a year" if gate["is_crossed"].iloc[0]
            else "season is even, since whole years are compared")


def moved(known: Evidence) -> str:
    """Return the answer to: which customers made revenue move."""
    if struck := known.results.struck(VALUE_GATES, "change in revenue"):
        return cannot(struck)
    whole = known.results.estimate(BASE, "net_sales_change")
    return findings.base(known.results) if whole.status is Status.OK else cannot(
        _lacking(whole, "no orders are recorded"))


def at_risk(known: Evidence) -> str:
    """Return the answer to: how much margin is at risk, by when, and how much is savable."""
    scores = known.results.frame(SCORES)
    if scores.empty:
        return cannot("nobody could be scored: it takes orders or contracts, over more than one period")
    if struck := known.results.struck(CHURN_GATES, "every forecast of churn"):
        return cannot(struck)
    stake = outlook.stake(scores, known.results.frame(FORECASTS))
    unknown = "how much of it can be saved cannot be said until an action is tried on customers drawn at random"
    if stake.status is not Status.OK:
        return cannot(f"{stake.reason}; {unknown}")
    due = known.results.frame(FORECASTS)["due_on"].max() if known.results.has(FORECASTS) else None
    by = f" by {words.day(due)}" if not words.is_missing(due) else ""
    caveat = known.results.caveat(CHURN_GATES, "every forecast of churn", "value at stake")
    return f"{known.results.said(stake)} of margin is at stake{by}{caveat}; {unknown}."


def ahead(known: Evidence) -> str:
    """Return the answer to: if we do nothing, what happens next, in what range."""
    if not known.results.has(FORECASTS):
        return cannot("no forecast could be made: it takes orders over more than one period")
    if struck := known.results.struck(CHURN_GATES, "every forecast of churn"):
        return cannot(struck)
    caveat = known.results.caveat(CHURN_GATES, "every forecast of churn")
    return f"{of_churn.lost(known.results.frame(FORECASTS)).rstrip('.')}{caveat}."


def earned(known: Evidence) -> str:
    """Return the answer to: what did the last actions earn against people we left alone."""
    effects = known.results.frame("results/experiment_effects")
    drawn = effects[effects["experiment"].str.startswith(ACTION)] if len(effects) else effects
    judged = drawn[drawn["is_primary"] & (drawn["status"] == "ok")] if len(drawn) else drawn
    if judged.empty:
        return cannot("no action list with people left alone has both been carried out and come back with outcomes")
    tables = dict(known.results.tables) | {"results/experiment_effects": drawn}
    return " ".join(findings.experiments(Results(tables, known.results.currency)))


def asked(known: Evidence) -> str:
    """Return the answer to: which decision is asked for today."""
    decisions = known.results.frame("results/decisions")
    if decisions.empty:
        return "None: there is no list of customers to act on."
    first, currency = decisions.iloc[0], known.results.currency
    more = f" ({words.count(len(decisions) - 1, 'more is', 'more are')} asked for)" if len(decisions) > 1 else ""
    return (f"{_stopped(first['decision'])} Expected cost {words.money(first['cost'], currency)}, at worst "
            f"{words.money(first['worst_case'], currency)} lost; expected gain: {first['gain'].rstrip('.')}; owner "
            f"{first['owner']}; it stops on {words.day(first['stop_on'])}{more}.")


def causes(known: Evidence) -> str:
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


def unseen(known: Evidence) -> str:
    """Return the answer to: who is not in these data, and could they reverse it."""
    said = " ".join(filter(None, (_anonymous(known.results), _silent(known.results))))
    return said or cannot("neither anonymous sales nor the share of customers who were surveyed are known")


def _anonymous(results: Results) -> str:
    lines, money = ([results.estimate(AUDIT, quantity, segment) for segment in ("accepted", "rejected")]
                    for quantity in ("anonymous order lines", "anonymous money"))
    if all(e.status is not Status.OK for e in lines):
        return ""
    n, total = (sum(e.value for e in part if e.status is Status.OK) for part in (lines, money))
    if not n:
        return "Every order line belongs to a known customer."
    sold = words.money(total, results.currency)
    who = f"Sales without a customer: {words.count(n, 'order line', 'order lines')}, {sold}"
    change = results.estimate(BASE, "net_sales_change")
    if change.status is not Status.OK:
        return f"{who}."
    could = "could" if abs(total) >= abs(change.value) else "could not"
    return f"{who}; by their size they {could} reverse the change in revenue."


def _silent(results: Results) -> str:
    heard = results.estimate(AUDIT, "share of customers", "with surveys")
    if heard.status is not Status.OK or not results.has("results/satisfaction_index"):
        return ""
    return of_satisfaction.silence(results.frame("results/satisfaction_index"), heard, NEUTRAL)


def right(known: Evidence) -> str:
    """Return the answer to: were the last forecasts right, and would a simple rule have done as well."""
    if known.grades.empty:
        return cannot("no forecast of an earlier run is due yet")
    return " ".join((*leadership.graded(known.grades), _rule(known.results)))


def _rule(results: Results) -> str:
    """Return how a simple rule does beside the model on customers that neither has seen."""
    frame = results.frame("results/churn_models")
    better = frame[frame["quantity"] == "brier_difference"] if len(frame) else frame
    if better.empty or better["status"].iloc[0] != "ok":
        return "Whether a simple rule would have done as well cannot be said."
    row = better.iloc[0]
    tie = "as well as" if row["low"] <= 0 <= row["high"] else "better than" if row["value"] < 0 else "worse than"
    model, rule = str(row["segment"]).split(" less ")
    return f"On customers that neither had seen the {model} did {tie} the {rule} (Brier score {results.said(row)})."


def ties(known: Evidence) -> str:
    """Return the answer to: does it tie to finance, and what was redefined."""
    return " ".join(filter(None, (leadership.finance(known.results), known.redefined)))


QUESTIONS: tuple[tuple[str, Callable[[Evidence], str]], ...] = (
    ("Are we keeping customers, by count and by money, and is the change real, seasonal or mix?", kept),
    ("Which customers made revenue move: new, kept, regained, lost?", moved),
    ("How much margin is at risk, by when, and how much is savable?", at_risk),
    ("If we do nothing, what happens next quarter, in what range?", ahead),
    ("What did last quarter's actions earn against people we left alone?", earned),
    ("Which decision is asked for today: cost, expected gain, worst case, owner, stop date?", asked),
    ("Does satisfaction cause this, or move with it?", causes),
    ("Who is not in these data, and could they reverse it?", unseen),
    ("Were the last forecasts right, and would a simple rule have done as well?", right),
    ("Does it tie to finance, and what was redefined?", ties),
)


def answers(known: Evidence) -> tuple[tuple[str, str], ...]:
    """Return each question with its answer, in order."""
    return tuple((question, answer(known)) for question, answer in QUESTIONS)


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _lacking(estimate: Estimate, otherwise: str) -> str:
    return estimate.reason if estimate.status is not Status.NOT_APPLICABLE else otherwise
