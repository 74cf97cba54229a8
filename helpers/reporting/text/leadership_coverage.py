"""Text of the leadership page on coverage: who is not in the data, and whether they could reverse what it says."""

import math

import pandas as pd

from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import leadership_retention as leadership_retention_text
from helpers.reporting.text import survey_checks as survey_checks_text
from helpers.reporting.text.leadership import cannot
from helpers.reporting.text.leadership_findings import UNDATED
from helpers.reporting.text.satisfaction import is_reported, quantity_rows
from helpers.reporting.translation import message, plural, translatable
from helpers.satisfaction.satisfaction_index import ALL_WAVES, SATISFACTION_LABEL
from helpers.satisfaction.survey_quality import nonrespondent_mean
from helpers.stats.disclosure_control import is_hidden, people_text
from helpers.value import retention_mix
from helpers.value.revenue_bridge import ANONYMOUS_SALES

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
    perhaps = _perhaps_anonymous(results)
    alone = (message("Churn, margin at risk and the decisions are of known customers alone.")
             if perhaps and results.has("results/churn_scores") else "")
    unnamed = " ".join(filter(None, (_anonymous(results), perhaps, undone_retention(results), alone)))
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
        known = message("Every contract belongs to a known customer.")
        return " ".join(filter(None, (known, _left_earlier(results))))
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
    return message("{sales}. Were all of them of one of the two periods, the change in revenue would be at most "
                   "{share} smaller: they could not reverse it.", sales=who,
                   share=formatting.share(abs(total / change.value)))


def _left_earlier(results: RunResults) -> str:
    """Return what would follow if the records kept the latest leavers alone; empty where ends have their days."""
    if not results.has_crossed(VALUE_GATES, UNDATED):
        return ""
    unknown = message("Whether those who left earlier are in the records is not known.")
    ended, kept, horizon = (results.estimate(BASE, quantity) for quantity in (
        "share_ended", "contracts_kept", "contract_horizon"))
    if any(e.status is not Status.OK for e in (ended, kept, horizon)):
        return unknown
    left = (1 - ended.value) ** horizon.value
    return message("{sentence} Were all that ended those of one month, {share} would leave a month. Of the contracts "
                   "that run as few as {left} would then run after {n} months instead of {kept}, more where some leave "
                   "less often than others: that would reverse what is said.", sentence=unknown,
                   share=formatting.share(ended.value), left=formatting.share(left),
                   n=formatting.whole(horizon.value), kept=formatting.share(kept.value))


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
    if n_lines < n_lost:
        return message("At most {n} of the {n_lost} customers counted as churned can have bought among them.",
                       n=formatting.whole(n_lines), n_lost=formatting.whole(n_lost))
    told = message("How many of the {n_lost} customers counted as churned bought among them is not known.",
                   n_lost=formatting.whole(n_lost))
    each, sales = _mean_spend(results, "after"), _anonymous_sales(results, "after")
    if not each or math.isnan(sales):
        return told
    worth = min(max(sales, 0.0) / each, n_lost)
    return message("{sentence} At what a retained customer spends, those of the latest period, at most {amount}, "
                   "are worth {n} customers: retention may be {points} higher than told.", sentence=told,
                   amount=formatting.money(sales, results.currency), n=formatting.whole(round(worth)),
                   points=formatting.points(100 * worth / kept.n)) + _lower_retention(results, kept)


def _lower_retention(results: RunResults, kept: Estimate) -> str:
    """Return the retention rate if buyers without a customer of the period before were others, who did not return."""
    before, known = (results.estimate(BASE, q) for q in ("net_sales_before", "customers_before"))
    sales = _anonymous_sales(results, "before")
    if before.status is not Status.OK or known.status is not Status.OK or not known.value or math.isnan(sales):
        return ""
    own = results.estimate(BASE, "net_sales_before", ANONYMOUS_SALES)
    each = (before.value - (own.value if own.status is Status.OK else 0.0)) / known.value
    if not each > 0 or not sales > 0:
        return ""
    return " " + message("Were those of the period before, at most {amount}, others who did not return, it would be "
                         "{share}.", amount=formatting.money(sales, results.currency),
                         share=formatting.share(kept.n * kept.value / (kept.n + sales / each)))


def _anonymous_sales(results: RunResults, side: str) -> float:
    """Return net sales without a customer in a period, at most all on record [money]; NaN if unknown."""
    sales = results.estimate(BASE, f"net_sales_{side}", ANONYMOUS_SALES)
    if sales.status is Status.OK:
        return sales.value
    known = [results.estimate(AUDIT, "anonymous money", segment) for segment in ("accepted", "rejected")]
    told = [e.value for e in known if e.status is Status.OK]
    return sum(told) if told else math.nan


def _mean_spend(results: RunResults, side: str) -> float:
    """Return what a retained customer spent in the period before or after [money]; 0 where that is not known."""
    spent = results.estimate(BASE, f"net_sales_{side}", "retained")
    return spent.value / spent.n if spent.status is Status.OK and spent.n and not is_hidden(spent.n) else 0.0


def undone_retention(results: RunResults) -> str:
    """Return whether anonymous sales could undo the change in retention on the year before; empty where none is clear.

    Who returned unrecognised would have to do so in the period of the lower rate, and nobody in the other.
    """
    compared = leadership_retention_text.year_comparison(results)
    if not compared or not (side := leadership_retention_text.side(compared[0])):
        return ""
    change, before, after, days = compared
    lower, period = (before, "before") if side > 0 else (after, "after")
    each, sales = _mean_spend(results, period), results.estimate(BASE, f"net_sales_{period}", ANONYMOUS_SALES)
    length = results.estimate(BASE, "period_length")
    if not each or sales.status is not Status.OK or length.status is not Status.OK:
        return ""
    n, part = abs(change.value) * lower.n, days / length.value
    needed, at_hand = n * each * part, sales.value * part
    if needed <= at_hand or at_hand <= 0:
        return message("That buyers whom the records did not recognise undo the change in retention cannot be "
                       "excluded: for it {needed} of anonymous sales in {days} days are needed, and there were "
                       "{sales}.", days=days,
                       needed=formatting.money(needed, results.currency),
                       sales=formatting.money(at_hand, results.currency)) if at_hand > 0 else ""
    most = change.value * at_hand / needed
    same = results.estimate(BASE, retention_mix.WITHIN)
    left = (message("the rest would be within what chance would make")
            if abs(most) >= min(abs(change.low), abs(change.high)) else
            message("as much as changed among customers of the same kind")
            if same.status is Status.OK and abs(most) >= abs(same.value) else
            message("the rest would be more than chance would make"))
    return message("Of the change in retention of {change} at most {points} can be buyers whom the records did not "
                   "recognise, by the size of anonymous sales: {left}.", points=formatting.points(100 * abs(most)),
                   change=formatting.points(100 * change.value), left=left)


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
    newest = quantity_rows(index, SATISFACTION_LABEL)
    waves = (message(" over all waves ({newest} in the newest)", newest=formatting.number(float(newest[0]["value"])))
             if found[0] != newest[0] and is_reported(newest[0]) else "")
    places = {"share": formatting.share(heard.value), "n": formatting.whole(heard.n), "waves": waves,
              "mean": formatting.number(mean), "goal": formatting.number(goal)}
    if not 0 <= needed <= 100:
        return message("{share} of {n} known customers have a satisfaction score, {mean} on average{waves}. Whatever "
                       "the others would say, all together stay on the same side of {goal}.", **places)
    return message("{share} of {n} known customers have a satisfaction score, {mean} on average{waves}. All together "
                   "would reach {goal} if the others averaged {needed}, {gap} points apart from those heard, which "
                   "cannot be excluded.", **places, needed=formatting.number(needed),
                   gap=formatting.number(abs(needed - mean)))


def _not_counted(results: RunResults) -> str:
    """Return who else is missing: known customers without an order, second accounts, and rejected records."""
    everyone, buyers, twice, rejected = (results.estimate(AUDIT, quantity) for quantity in (
        "customers", "customers with orders", "customers known twice", "rejected"))
    anonymous = results.estimate(AUDIT, "anonymous order lines", "rejected")
    n_none = everyone.value - buyers.value if everyone.status is buyers.status is Status.OK else 0
    n_rejected, n_unnamed = (e.value if e.status is Status.OK else 0 for e in (rejected, anonymous))
    of_them = message(" ({n} of them for want of a customer)", n=formatting.whole(n_unnamed)) if n_unnamed else ""
    return " ".join(filter(None, (
        message("Of {n_all} known customers {n} have no order and stand in no figure of purchases.",
                n_all=formatting.whole(everyone.value), n=people_text(int(n_none))) if n_none > 0 else "",
        message("{n} accounts are second ones of the same person.", n=people_text(int(twice.value)))
        if twice.status is Status.OK and twice.value else "",
        message("{n} records were rejected{of_them} and stand in no figure; page 01 has the reasons.",
                n=formatting.whole(n_rejected), of_them=of_them) if n_rejected > 0 else
        message("No record was rejected.") if rejected.status is Status.OK else "")))
