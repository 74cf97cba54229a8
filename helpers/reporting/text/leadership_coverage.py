"""Text of the leadership page on coverage: who is not in the data, and whether they could reverse what it says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from helpers.churn.scoring import CUSTOMERS_LOST
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.leadership_page import Answer
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import leadership_retention as leadership_retention_text
from helpers.reporting.text import survey_checks as survey_checks_text
from helpers.reporting.text.leadership import cannot
from helpers.reporting.text.leadership_findings import UNDATED, brief_period_text
from helpers.reporting.text.satisfaction import is_reported, quantity_rows
from helpers.reporting.translation import message, plural, translatable
from helpers.satisfaction.satisfaction_index import ALL_WAVES, SATISFACTION_LABEL
from helpers.satisfaction.survey_quality import nonrespondent_mean
from helpers.stats.disclosure_control import is_hidden, people_text
from helpers.value import retention_mix
from helpers.value.revenue_bridge import ANONYMOUS_SALES

AUDIT, BASE, VALUE_GATES = "results/intake_audit", "results/customer_base", "results/value_gates"

NEUTRAL = 50.0  # middle of the satisfaction scale


@dataclass(frozen=True, slots=True)
class Gap:
    """Who is missing beside something that the page says.

    Parameters
    ----------
    said : str
        What the page says.
    missing : str
        Who is not in it.
    could : str
        Whether they could reverse it, and by how much.
    verdict : str
        The same within a sentence; empty where it needs no saying.
    """

    said: str
    missing: str
    could: str
    verdict: str = ""


def missing_customers(results: RunResults, target: float | None) -> Answer:
    """Return who is not in the data, and whether they could reverse it: a verdict and a table, or why nothing is known.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    target : float, optional
        What the study wants of satisfaction [points]; without one the middle of the scale is asked for.
    """
    gaps = [gap for gap in (*_anonymous_gaps(results), _silent(results, target)) if gap]
    others = _not_counted(results)
    if gaps:
        return (_verdict(gaps), pd.DataFrame({message("What the page says"): [gap.said for gap in gaps],
                                              message("who is missing"): [gap.missing for gap in gaps],
                                              message("could they reverse it?"): [gap.could for gap in gaps]}),
                " ".join(filter(None, (_what_would_tell(gaps), others))))
    known = _everybody_known(results)
    unknown = translatable("neither anonymous sales nor the share of customers who were surveyed are known")
    return tuple(filter(None, (*known, others))) or (cannot(unknown),)


def _verdict(gaps: Sequence[Gap]) -> str:
    """Return what of the page those who are missing could reverse, and what not."""
    told = [gap.verdict for gap in gaps if gap.verdict]
    if not told:
        return message("Whether those who are missing could reverse what is said is not known.")
    return message("{sentence}.", sentence=formatting.sentence_case(message("; ").join(told)))


def _what_would_tell(gaps: Sequence[Gap]) -> str:
    """Return what would settle whether those who are missing reverse what is said."""
    is_silent = gaps[-1].said == message("Satisfaction")
    matched = message("match sales without a number by address or e-mail") if len(gaps) > is_silent else ""
    asked = message("ask a random part of those without a score") if is_silent else ""
    return message("What would tell: {ways}.", ways=[way for way in (matched, asked) if way])


def _everybody_known(results: RunResults) -> tuple[str, ...]:
    """Return that every order or contract belongs to a known customer; nothing where neither is recorded."""
    if results.estimate(BASE, "contracts", "active").status is Status.OK and not _lines(results):
        if not results.has_crossed(VALUE_GATES, UNDATED):
            return (message("Every contract belongs to a known customer."),)
        return (message("Every contract belongs to a known customer. Whether those who left earlier are in the records "
                        "is not known, and it would reverse what is said."), _left_earlier(results))
    lines = [results.estimate(AUDIT, "anonymous order lines", segment) for segment in ("accepted", "rejected")]
    return (message("Every order line belongs to a known customer."),) if any(
        e.status is Status.OK for e in lines) and not _lines(results) else ()


def _lines(results: RunResults) -> float:
    """Return how many order lines have no customer."""
    known = [results.estimate(AUDIT, "anonymous order lines", segment) for segment in ("accepted", "rejected")]
    return sum(e.value for e in known if e.status is Status.OK)


def _anonymous_gaps(results: RunResults) -> list[Gap]:
    """Return what the page says of sales and customers beside buyers without a customer; nothing without such sales."""
    if not (n := _lines(results)):
        return []
    money = [results.estimate(AUDIT, "anonymous money", segment) for segment in ("accepted", "rejected")]
    paid = [e.value for e in money if e.status is Status.OK]
    total = sum(paid) if paid else math.nan
    who = plural("{n} order line without a customer", "{n} order lines without a customer", n, n=formatting.whole(n))
    if paid:
        who = message("{lines}, {amount} over the whole history", lines=who,
                      amount=formatting.money(total, results.currency))
    return [gap for gap in (_of_net_sales(results, who, total), _of_retention(results), _of_its_change(results),
                            _of_churn(results)) if gap] or [
        Gap(message("Sales"), who, message("not known: no change in net sales is told"))]


def _of_net_sales(results: RunResults, who: str, total: float) -> Gap | None:
    """Return whether sales without a customer could reverse the change in net sales."""
    change = results.estimate(BASE, "net_sales_change")
    if change.status is not Status.OK or math.isnan(total):
        return None
    said = message("Change in net sales")
    ends = [results.estimate(BASE, f"net_sales_{when}", ANONYMOUS_SALES) for when in ("after", "before")]
    if all(e.status is Status.OK for e in ends):
        after, before = (formatting.money(e.value, results.currency) for e in ends)
        return Gap(said, who, message("no: they are counted, {after} in the latest period, {before} in the one before",
                                      after=after, before=before),
                   message("buyers without a customer number cannot reverse the change in net sales"))
    if abs(total) >= abs(change.value):
        return Gap(said, who, message("yes: by their size they could"),
                   message("buyers without a customer number could reverse the change in net sales"))
    return Gap(said, who, message("no: were all of them of one of the two periods, it would be at most {share} smaller",
                                  share=formatting.share(abs(total / change.value))),
               message("buyers without a customer number cannot reverse the change in net sales"))


def _of_retention(results: RunResults) -> Gap | None:
    """Return between which ends the retention rate lies, if buyers without a customer returned or were others."""
    kept = results.estimate(BASE, "retention_by_count")
    n_lost = round(kept.n * (1 - kept.value)) if kept.status is Status.OK else 0
    if kept.status is not Status.OK or is_hidden(n_lost):
        return None
    said = message("Retention rate, {period}", period=brief_period_text(results.estimate(BASE, "period_length")))
    who = message("who of {n_lost} counted as churned bought without a number", n_lost=formatting.whole(n_lost))
    if math.isnan(worth := worth_in_customers(results)):
        most = min(_lines(results), n_lost)
        return Gap(said, who, message("it may be up to {share} instead of {kept}", kept=formatting.share(kept.value),
                                      share=formatting.share(kept.value + most / kept.n)))
    high = kept.value + min(worth, n_lost) / kept.n
    low = _lower_retention(results, kept)
    places = {"low": formatting.share(low), "high": formatting.share(high), "kept": formatting.share(kept.value)}
    if kept.low <= low and high <= kept.high:
        return Gap(said, who, message("hardly: between {low} and {high} instead of {kept}, within its range", **places))
    return Gap(said, who, message("yes: it may be between {low} and {high} instead of {kept}", **places),
               message("retention may be between {low} and {high}", **places))


def retention_between(results: RunResults) -> str:
    """Return between which ends retention may lie by sales without a customer; empty where within its own range."""
    gap = _of_retention(results) if _lines(results) else None
    return message("By sales without a customer {verdict} (question 8).", verdict=gap.verdict) if (
        gap and gap.verdict) else ""


def worth_in_customers(results: RunResults) -> float:
    """Return how many retained customers spend what was bought without a customer in the latest period, at most."""
    each, sales = _mean_spend(results, "after"), _anonymous_sales(results, "after")
    return max(sales, 0.0) / each if each and not math.isnan(sales) else math.nan


def _of_its_change(results: RunResults) -> Gap | None:
    """Return how much of the change in retention on the year before buyers not recognised can be."""
    if not (could := undone_retention(results)):
        return None
    days = formatting.whole(results.estimate(BASE, retention_mix.PERIOD).value)
    doubted = (message("they could account for so much of the change in retention that the rest is within chance")
               if _is_undone(results) else "")
    return Gap(message("Its change on the year before, {n} days", n=days),
               message("buyers not recognised in one of the two years"), could, doubted)


def _of_churn(results: RunResults) -> Gap | None:
    """Return whether buyers without a customer could reverse what is expected of churn."""
    made = results.frame("results/forecasts")
    lost = made[made["quantity"].eq(CUSTOMERS_LOST) & made["segment"].eq("all")] if len(made) else made
    worth = worth_in_customers(results)
    if lost.empty or math.isnan(worth):
        return None
    row = lost.iloc[0]
    said = message("Expected churn, next {n} days", n=(row["due_on"] - row["made_as_of_on"]).days)
    who = message("who of {n_lost} will buy without a number", n_lost=formatting.whole(row["value"]))
    places = {"n": formatting.whole(min(worth, row["value"]))}
    if worth <= row["value"] - row["low"]:
        return Gap(said, who, message("hardly: what is bought so is worth {n} customers, within its range", **places))
    return Gap(said, who, message("yes: what is bought so is worth {n} customers", **places),
               message("expected churn may be lower by {n} customers", **places))


def _left_earlier(results: RunResults) -> str:
    """Return what would follow if the records kept the latest leavers alone; empty where it is not known."""
    ended, kept, horizon = (results.estimate(BASE, quantity) for quantity in (
        "share_ended", "contracts_kept", "contract_horizon"))
    if any(e.status is not Status.OK for e in (ended, kept, horizon)):
        return ""
    left = (1 - ended.value) ** horizon.value
    return message("Were all that ended those of one month, {share} would leave a month. Of the contracts that run as "
                   "few as {left} would then run after {n} months instead of {kept}, more where some leave less often "
                   "than others.", share=formatting.share(ended.value), left=formatting.share(left),
                   n=formatting.whole(horizon.value), kept=formatting.share(kept.value))


def _lower_retention(results: RunResults, kept: Estimate) -> float:
    """Return the retention rate if buyers without a customer of the period before were others, who did not return."""
    before, known = (results.estimate(BASE, q) for q in ("net_sales_before", "customers_before"))
    sales = _anonymous_sales(results, "before")
    if before.status is not Status.OK or known.status is not Status.OK or not known.value or math.isnan(sales):
        return kept.value
    own = results.estimate(BASE, "net_sales_before", ANONYMOUS_SALES)
    each = (before.value - (own.value if own.status is Status.OK else 0.0)) / known.value
    return kept.n * kept.value / (kept.n + sales / each) if each > 0 and sales > 0 else kept.value


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


def unrecognised_share(results: RunResults) -> tuple[float, float, float, int] | None:
    """Return how much of the change in retention on the year before buyers not recognised can be at most [share].

    With the anonymous sales that undoing all of it would take, those at hand [money], and the days of the period. They
    would have to return in the period of the lower rate, and nobody in the other. None where no change is clear.
    """
    compared = leadership_retention_text.year_comparison(results)
    if not compared or not (side := leadership_retention_text.side(compared[0])):
        return None
    change, before, after, days = compared
    lower, period = (before, "before") if side > 0 else (after, "after")
    each, sales = _mean_spend(results, period), results.estimate(BASE, f"net_sales_{period}", ANONYMOUS_SALES)
    length = results.estimate(BASE, "period_length")
    if not each or sales.status is not Status.OK or length.status is not Status.OK:
        return None
    part = days / length.value
    needed, at_hand = abs(change.value) * lower.n * each * part, sales.value * part
    most = abs(change.value) * min(at_hand / needed, 1.0)
    return (most, needed, at_hand, days) if at_hand > 0 else None


def _is_undone(results: RunResults) -> bool:
    """Return whether buyers not recognised could leave of the change in retention no more than chance would make."""
    found, change = unrecognised_share(results), results.estimate(BASE, retention_mix.CHANGE)
    return found is not None and found[0] >= min(abs(change.low), abs(change.high))


def retention_doubt(results: RunResults) -> str:
    """Return, for the end of a verdict on retention, that buyers not recognised may make it; empty where they do not.

    What has neither to do with season nor with mix is doubted where they may be as much, or leave the rest to chance.
    """
    found, same = unrecognised_share(results), results.estimate(BASE, retention_mix.WITHIN)
    is_same = found is not None and same.status is Status.OK and found[0] >= min(abs(same.low), abs(same.high))
    if not is_same and not _is_undone(results):
        return ""
    return (message(". If buyers without a customer number returned, it may be no more than chance (question 8)")
            if _is_undone(results) else
            message(". If buyers without a customer number returned, this rest may be theirs (question 8)"))


def undone_retention(results: RunResults) -> str:
    """Return whether anonymous sales could undo the change in retention on the year before; empty without a change."""
    if not (found := unrecognised_share(results)):
        return ""
    most, needed, at_hand, days = found
    change = results.estimate(BASE, retention_mix.CHANGE).value
    if needed <= at_hand:
        return message("yes: undoing it takes {needed} of anonymous sales in {n} days, and there were {sales}", n=days,
                       needed=formatting.money(needed, results.currency),
                       sales=formatting.money(at_hand, results.currency))
    left = (translatable("the rest is within chance") if _is_undone(results) else
            translatable("the rest is more than chance would make"))
    part = message("at most {points} of {change} can be buyers not recognised; {left}",
                   points=formatting.number(round(100 * most, 1)),
                   change=formatting.percentage_points(100 * abs(change)), left=left)
    return message("yes: {part}", part=part) if _is_undone(results) else message("in part: {part}", part=part)


def _silent(results: RunResults, target: float | None) -> Gap | None:
    """Return how many did not answer, and how different they would have to be to reverse what the survey says."""
    heard, asked = (results.estimate(AUDIT, quantity, segment) for quantity, segment in (
        ("share of customers", "with surveys"), ("share of invitations", "answered")))
    if heard.status is not Status.OK or not results.has("results/satisfaction_index"):
        return None
    who = message("{share} of {n} known customers have no score", share=formatting.share(1 - heard.value),
                  n=formatting.whole(heard.n))
    if asked.status is Status.OK:
        who = message("{sentence}; {share} of {n} invitations were answered", sentence=who,
                      share=formatting.share(asked.value), n=formatting.whole(asked.n))
    index = results.frame("results/satisfaction_index")
    found = quantity_rows(index, SATISFACTION_LABEL, ALL_WAVES) or quantity_rows(index, SATISFACTION_LABEL)
    said = message("Satisfaction")
    if not found or not is_reported(found[0]) or not 0 < heard.value < 1:
        return Gap(said, who, survey_checks_text.non_response_sentence(index, heard, NEUTRAL))
    mean, goal = float(found[0]["value"]), NEUTRAL if target is None else target
    needed = nonrespondent_mean(mean, heard.value, goal)
    places = {"mean": formatting.number(mean), "goal": formatting.number(goal)}
    if not 0 <= needed <= 100:
        return Gap(said, who, message("no: whatever the others would say, all together stay on the same side of {goal}",
                                      **places))
    return Gap(said, who, message("cannot be excluded: all reach {goal} if the others average {needed}, {gap} points "
                                  "from the {mean} of those heard over all waves", **places,
                                  needed=formatting.number(needed), gap=formatting.number(abs(needed - mean))),
               message("that all customers reach a satisfaction of {goal} cannot be excluded", **places))


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
