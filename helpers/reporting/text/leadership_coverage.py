"""Text of the leadership page on coverage: who is not in the data, and whether they could reverse what it says."""

import pandas as pd

from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import survey_checks as survey_checks_text
from helpers.reporting.text.leadership import cannot
from helpers.reporting.text.leadership_findings import UNDATED
from helpers.reporting.text.satisfaction import is_reported, quantity_rows
from helpers.reporting.translation import message, plural, translatable
from helpers.satisfaction.satisfaction_index import ALL_WAVES, SATISFACTION_LABEL
from helpers.satisfaction.survey_quality import nonrespondent_mean
from helpers.stats.disclosure_control import is_hidden, people_text

AUDIT, BASE, VALUE_GATES = "results/intake_audit", "results/customer_base", "results/value_gates"

NEUTRAL = 50.0  # middle of the satisfaction scale


def missing_customers(results: RunResults, target: float | None) -> tuple[str, ...]:
    """Return who is not in the data, and whether they could reverse it; a paragraph each, or why nothing is known.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    target : float, optional
        What the study wants of satisfaction [points]; without one the middle of the scale is asked for.
    """
    unnamed = " ".join(filter(None, (_anonymous(results), _perhaps_anonymous(results))))
    said = tuple(filter(None, (unnamed, _silent(results, target), _not_counted(results))))
    unknown = translatable("neither anonymous sales nor the share of customers who were surveyed are known")
    return said or (cannot(unknown),)


def _anonymous(results: RunResults) -> str:
    lines, money = ([results.estimate(AUDIT, quantity, segment) for segment in ("accepted", "rejected")]
                    for quantity in ("anonymous order lines", "anonymous money"))
    if all(e.status is not Status.OK for e in lines):
        runs = results.estimate(BASE, "contracts", "active")
        if runs.status is not Status.OK:
            return ""
        earlier = (message("Whether those who left earlier are in the records is not known; if they are not, more have "
                           "left and contracts end sooner, which could reverse what is said of them.")
                   if results.has_crossed(VALUE_GATES, UNDATED) else "")
        return " ".join(filter(None, (message("Every contract belongs to a known customer."), earlier)))
    n, total = (sum(e.value for e in part if e.status is Status.OK) for part in (lines, money))
    if not n:
        return message("Every order line belongs to a known customer.")
    if all(e.status is not Status.OK for e in money):  # orders of which no amounts are recorded
        who = plural("Sales without a customer: {n} order line", "Sales without a customer: {n} order lines", n,
                     n=formatting.whole(n))
    else:
        who = plural("Sales without a customer: {n} order line, {amount} over the whole history",
                     "Sales without a customer: {n} order lines, {amount} over the whole history", n,
                     n=formatting.whole(n), amount=formatting.money(total, results.currency))
    change = results.estimate(BASE, "net_sales_change")
    if change.status is not Status.OK:
        return message("{sentence}.", sentence=who)
    if abs(total) >= abs(change.value):
        return message("{sales}; by their size they could reverse the change in revenue.", sales=who)
    return message("{sales}; by their size they could not reverse the change in revenue.", sales=who)


def _perhaps_anonymous(results: RunResults) -> str:
    """Return how many customers counted as churned could be among the buyers of anonymous sales, at most."""
    known = [results.estimate(AUDIT, "anonymous order lines", segment) for segment in ("accepted", "rejected")]
    n_lines = sum(e.value for e in known if e.status is Status.OK)
    kept = results.estimate(BASE, "retention_by_count")
    if not n_lines or kept.status is not Status.OK:
        return ""
    n_lost = round(kept.n * (1 - kept.value))
    if is_hidden(n_lost):
        return ""
    if n_lines >= n_lost:
        return message("How many of the {n_lost} customers counted as churned bought among them is not known; it could "
                       "be all, so that retention may be higher than told.", n_lost=formatting.whole(n_lost))
    return message("At most {n} of the {n_lost} customers counted as churned can have bought among them.",
                   n=formatting.whole(n_lines), n_lost=formatting.whole(n_lost))


def _silent(results: RunResults, target: float | None) -> str:
    """Return how many did not answer, and how different they would have to be to reverse what the survey says."""
    heard, asked = (results.estimate(AUDIT, quantity, segment) for quantity, segment in (
        ("share of customers", "with surveys"), ("share of invitations", "answered")))
    if heard.status is not Status.OK or not results.has("results/satisfaction_index"):
        return ""
    rate = message("{share} of {n} invitations to the survey were answered.", share=formatting.share(asked.value),
                   n=formatting.whole(asked.n)) if asked.status is Status.OK else ""
    bound = _reversal(results.frame("results/satisfaction_index"), heard, target)
    return " ".join(filter(None, (rate, bound)))


def _reversal(index: pd.DataFrame, heard: Estimate, target: float | None) -> str:
    """Return what the mean of those not heard would have to be for everybody to reach the target, or the middle."""
    found = quantity_rows(index, SATISFACTION_LABEL, ALL_WAVES) or quantity_rows(index, SATISFACTION_LABEL)
    if not found or not is_reported(found[0]) or not 0 < heard.value < 1:
        return survey_checks_text.non_response_sentence(index, heard, NEUTRAL)
    mean, goal = float(found[0]["value"]), NEUTRAL if target is None else target
    needed = nonrespondent_mean(mean, heard.value, goal)
    places = {"share": formatting.share(heard.value), "n": formatting.whole(heard.n), "mean": formatting.number(mean),
              "goal": formatting.number(goal)}
    if not 0 <= needed <= 100:
        return message("{share} of {n} known customers have a satisfaction score, {mean} on average; whatever the "
                       "others would say, all together stay on the same side of {goal}.", **places)
    return message("{share} of {n} known customers have a satisfaction score, {mean} on average; all together would "
                   "reach {goal} if the others averaged {needed}, {gap} points apart from those heard, which cannot be "
                   "excluded.", **places, needed=formatting.number(needed),
                   gap=formatting.number(abs(needed - mean)))


def _not_counted(results: RunResults) -> str:
    """Return who else stands in none of these figures: customers without an order, and rejected records."""
    everyone, buyers, rejected = (results.estimate(AUDIT, quantity) for quantity in (
        "customers", "customers with orders", "rejected"))
    anonymous = results.estimate(AUDIT, "anonymous order lines", "rejected")
    n_rejected = (rejected.value if rejected.status is Status.OK else 0) - (
        anonymous.value if anonymous.status is Status.OK else 0)
    n_none = everyone.value - buyers.value if everyone.status is buyers.status is Status.OK else 0
    parts = [*([message("{n} customers without an order", n=people_text(int(n_none)))] if n_none > 0 else []),
             *([message("{n} records rejected for other reasons", n=formatting.whole(n_rejected))]
               if n_rejected > 0 else [])]
    return message("In none of these figures: {who}.", who=parts) if parts else ""
