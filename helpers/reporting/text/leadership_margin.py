"""Text of the leadership page on margin at risk: how much, by when, and how much of it contact can save."""

from dataclasses import replace

import pandas as pd

from helpers.actions import measured_response
from helpers.churn import scoring
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting
from helpers.reporting.run_results import COUNTS, RunResults
from helpers.reporting.text import leadership_contracts as leadership_contracts_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import leadership_outlook as leadership_outlook_text
from helpers.reporting.text import leadership_planned as leadership_planned_text
from helpers.reporting.text.leadership import cannot
from helpers.reporting.text.next_quarter import is_margin_forecast
from helpers.reporting.translation import message, translatable
from helpers.stats.disclosure_control import LEAST_PEOPLE

EFFECTS, FORECASTS, SCORES = "results/experiment_effects", "results/forecasts", "results/churn_scores"

HOLDOUT, CLV = "results/value_holdout", "customer lifetime value"

VALUE_GATES, CHURN_GATES = "results/value_gates", "results/churn_gates"


def margin_answer(results: RunResults, before: str) -> tuple[str, ...]:
    """Return how much margin is at risk, by when, and how much of it can be saved: a verdict, then how it follows.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    before : str
        How the last such forecast did, in a sentence.
    """
    scores = results.frame(SCORES)
    if scores.empty:
        nobody = translatable("nobody could be scored: it takes orders or contracts, over more than one period")
        return (cannot(nobody),)
    if struck := results.struck(CHURN_GATES, "every forecast of churn"):
        return (cannot(struck),)
    stake = scoring.margin_at_risk(scores, results.frame(FORECASTS))
    if stake.status is not Status.OK:
        return _untold(results, stake)
    due = results.frame(FORECASTS)["due_on"].max() if results.has(FORECASTS) else None
    places = {"amount": results.said(stake),
              "caveat": results.caveat(CHURN_GATES, "every forecast of churn", "margin at risk", *COUNTS)}
    verdict = (message("{amount} of margin is at risk{caveat}.", **places) if decimal_places.is_missing(due) else
               message("{amount} of margin is at risk by {date}{caveat}.", **places, date=formatting.date_text(due)))
    gone = leadership_outlook_text.gone_for_good(scores)
    came = message("What came is the margin of those who bought nothing by then, less a part for those who pause.") if (
        before and gone) else ""
    what = message("At risk is the chance of each customer to be gone for good times the margin that would else come "
                   "until then.")
    apart = message("The margin of question 4 is already without it.") if is_margin_forecast(results) else ""
    return tuple(filter(None, (
        f"{verdict} {saved_verdict(results, stake)}".strip(),
        " ".join(filter(None, (what, apart, gone, _model_in_doubt(results)))),
        _how_saved(results, stake),
        " ".join(filter(None, (leadership_outlook_text.at_risk_by_rule(results), before, came,
                               results.qualified_by(VALUE_GATES, "margin")))))))


def _model_in_doubt(results: RunResults) -> str:
    """Return which way the error of the model of purchases moves the margin at risk, where a check on it failed.

    What customers bring who stay is that model's, unless a check has taken its values away.
    """
    gates, off = results.gates(VALUE_GATES), results.estimate(HOLDOUT, "holdout_error")
    has_failed = (gates["gate"].eq("hold-out total") & gates["is_crossed"].astype(bool)).any()
    of_purchases = results.has(FORECASTS) and results.frame(FORECASTS).get("basis", pd.Series()).eq("purchases").any()
    if not has_failed or not of_purchases or off.status is not Status.OK or results.struck(VALUE_GATES, CLV):
        return ""
    said = (translatable("What each would bring is of the model that forecast {share} too few orders (question 9): by "
                         "that the figure is too low.") if off.value < 0 else
            translatable("What each would bring is of the model that forecast {share} too many orders (question 9): by "
                         "that the figure is too high."))
    return message(said, share=f"{formatting.whole(100 * abs(off.value))} %")


def _untold(results: RunResults, stake: Estimate) -> tuple[str, ...]:
    """Return why the margin at risk cannot be told, between which bounds it lies, and whether it could be saved."""
    if results.has(FORECASTS):
        between = leadership_outlook_text.untold_margin(results, results.frame(SCORES))
        verdict = between or cannot(stake.reason)
        others = [message("Who only pauses is not at risk, and how many of those who buy nothing do is not known well "
                          "enough.") if between else "", results.qualified_by(VALUE_GATES, "margin")]
    else:
        bounds = leadership_contracts_text.margin_at_risk_bounds(results)
        verdict = bounds or cannot(stake.reason)
        others = [leadership_findings_text.churn_finding(results)]
    return tuple(filter(None, (verdict, " ".join(filter(None, (
        saved_verdict(results, stake), _how_saved(results, stake), *others))))))


def saved_verdict(results: RunResults, stake: Estimate) -> str:
    """Return how much of the margin at risk contact can save, and what is left of it; or what would tell."""
    measured = measured_response.pooled_response(results.frame(EFFECTS), results.currency)
    if not measured.is_measured:
        return message("How much of it can be saved cannot be said until an action is tried on customers drawn at "
                       "random.")
    if not (saved := _saved(results, stake)):
        return ""
    amount = leadership_planned_text.money_range(saved, results.currency)
    if not (cost := _cost_of_all(results)):
        return message("Contacting everybody would save {amount} of it before cost.", amount=amount)
    today = _by_the_list(results)
    net = [x - cost for x in saved]
    verdict = (translatable("it pays") if net[1] > 0 else translatable("it costs more than it saves") if net[2] < 0
               else translatable("whether it pays is open"))
    all_ = message("Contacting everybody would save {amount} of it, {net} after cost: {verdict}.", amount=amount,
                   net=leadership_planned_text.money_range(net, results.currency), verdict=verdict)
    return " ".join(filter(None, (today, all_)))


def _saved(results: RunResults, stake: Estimate) -> tuple[float, float, float] | None:
    """Return what is saved of the margin at risk if everybody responds as was measured [money], with its limits."""
    gone = measured_response.pooled_response(results.frame(EFFECTS)).reduction
    if stake.status is not Status.OK or gone.status is not Status.OK:
        return None
    return leadership_outlook_text.product_interval(gone, stake)


def _cost_of_all(results: RunResults) -> float:
    """Return what contacting everybody costs at the mean cost of the list [money]; 0 without a list."""
    listed, scores = leadership_planned_text.treated(results), results.frame(SCORES)
    if len(listed) < LEAST_PEOPLE:
        return 0.0
    return int(scores["churn_probability"].notna().sum()) * float(listed["cost_expected"].mean())


def _how_saved(results: RunResults, stake: Estimate) -> str:
    """Return what earlier lists measured, what contacting all costs, and what today's list is to save."""
    measured = measured_response.pooled_response(results.frame(EFFECTS), results.currency)
    if not measured.is_measured:
        return ""
    gone = message("That is churn of who bought nothing after a list; who is gone for good is taken to be cut by as "
                   "much.") if measured.metric == "repurchased" else ""
    found = message("Contact {response} ({people}).", people=measured_response.response_people(measured),
                    response=measured_response.response_sentence(replace(measured, margin=measured_response.NO_MARGIN)))
    if not _saved(results, stake):
        return found
    n = int(results.frame(SCORES)["churn_probability"].notna().sum())
    cost = _cost_of_all(results)
    form = formatting.unit_format("money", results.currency)
    all_ = message("Contacting all {n}, as if all might be and responded alike, costs {each} a customer, {cost}.",
                   n=formatting.whole(n), each=form(cost / n), cost=form(cost)) if cost else ""
    return " ".join(filter(None, (found, gone, all_, _beside_the_list(results))))


def _by_the_list(results: RunResults) -> str:
    """Return what today's list is to save; empty without a list."""
    listed = leadership_planned_text.treated(results)
    if len(listed) < LEAST_PEOPLE or not (gain := leadership_planned_text.saved_margin(results)):
        return ""
    return message("The list asked for today, of {n}, is to save {amount} of it.", n=formatting.whole(len(listed)),
                   amount=leadership_planned_text.money_range(gain, results.currency))


def _beside_the_list(results: RunResults) -> str:
    """Return what today's list is to save a customer, where more was measured before; else nothing."""
    listed = leadership_planned_text.treated(results)
    if len(listed) < LEAST_PEOPLE or not (gain := leadership_planned_text.saved_margin(results)):
        return ""
    form = formatting.unit_format("money", results.currency)
    each = measured_response.pooled_response(results.frame(EFFECTS), results.currency).margin
    if each.status is not Status.OK or gain[0] / len(listed) >= each.value:
        return ""
    return message("The list is to save {each} a customer; earlier ones brought {earned}, which includes what those "
                   "bought more who would have stayed.", each=form(gain[0] / len(listed)), earned=form(each.value))
