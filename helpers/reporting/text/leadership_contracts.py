"""Text of the leadership page on contracts whose ends have no day: bounds of what has no date, and what is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.churn.churn_features import CONTRACT_AGE
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import customer_value as customer_value_text
from helpers.reporting.text.leadership_findings import UNDATED
from helpers.reporting.translation import message, translatable
from helpers.stats.disclosure_control import is_hidden
from helpers.value.subscriptions import (
    CONTRACT_MARGIN_RATE,
    CONTRACTS_KEPT_QUARTER,
    QUARTER_MONTHS,
    SubscriptionSurvival,
)

BASE, BY_ATTRIBUTE, VALUE_GATES = "results/customer_base", "results/churn_by_attribute", "results/value_gates"

BY_FEE = "share_ended_by_fee"


def is_undated(results: RunResults) -> bool:
    """Return whether contracts have ended without a day."""
    return results.has_crossed(VALUE_GATES, UNDATED)


def new_contracts(results: RunResults) -> str:
    """Return how many of the contracts that run are of the youngest class of age; empty where that is not known.

    Those that run are the contracts of a class less those of it that have ended.
    """
    table, runs = results.frame(BY_ATTRIBUTE), results.estimate(BASE, "contracts", "active")
    is_aged = table["segment"].str.startswith(f"{CONTRACT_AGE}: ") & table["status"].eq("ok") if len(table) else []
    rows = table[is_aged] if len(table) else table
    if rows.empty or runs.status is not Status.OK:
        return ""
    ends = rows["segment"].str.extract(r": ([\d.]+) to ([\d.]+)$").astype("float64")
    if ends.isna().any(axis=None):
        return ""
    row, months = rows.loc[ends[0].idxmin()], ends.loc[ends[0].idxmin(), 1]
    n = round(float(row["n"]) * (1 - float(row["value"])))
    if is_hidden(n):
        return ""
    return message("Of the {n_all} contracts that run {n} are at most {months} months old: no more than these are new, "
                   "the others were held before.", n_all=formatting.whole(runs.value), n=formatting.whole(n),
                   months=formatting.number(months))


def contracts_ahead(results: RunResults) -> str:
    """Return what contracts that run are expected to bring, as the page on value says it; empty where it does not."""
    equity, kept, horizon = (results.estimate(BASE, quantity) for quantity in (
        "contract_equity", "contracts_kept", "contract_horizon"))
    if Status.OK not in (equity.status, kept.status) or horizon.status is not Status.OK:
        return ""
    reason = "" if equity.status is Status.OK else equity.reason
    assumed = results.estimate(BASE, CONTRACT_MARGIN_RATE).value
    signed = SubscriptionSurvival(int(horizon.value), pd.DataFrame(), pd.DataFrame(), equity, kept, horizon.n, reason,
                                  assumed, results.estimate(BASE, CONTRACTS_KEPT_QUARTER))
    said = customer_value_text.subscription_value_sentence(signed, results.currency)
    if not is_undated(results):
        return said
    return message("{sentence} That holds if the records keep all who ever left; if they keep the latest alone, "
                   "contracts end sooner and less will come.", sentence=said)


def _margin_a_month(results: RunResults) -> Estimate | None:
    """Return what running contracts bring a month at the assumed margin [money]; None where it is not known."""
    fee, rate = results.estimate(BASE, "monthly_fee", "active"), results.estimate(BASE, CONTRACT_MARGIN_RATE)
    if fee.status is not Status.OK or rate.status is not Status.OK or not fee.n:
        return None
    return Estimate("margin_a_month", fee.value * rate.value, unit="money", n=fee.n)


def _worst_kept(results: RunResults, months: int, ended: str = "share_ended") -> float:
    """Return the share of running contracts, or of their fees, kept if all that ended were those of a single month."""
    return (1 - results.estimate(BASE, ended).value) ** months


def retention_bounds(results: RunResults) -> str:
    """Return between which bounds the contracts kept over a quarter lie, and what would tell; empty where not known."""
    kept = results.estimate(BASE, CONTRACTS_KEPT_QUARTER)
    if kept.status is not Status.OK:
        return ""
    return message("Bounded: of the contracts that run {kept} are kept over {n} months if the records keep all who "
                   "ever left, and {least} if all that ended left within one month. The day on which each ended would "
                   "tell.", kept=results.said(kept), n=QUARTER_MONTHS,
                   least=formatting.share(_worst_kept(results, QUARTER_MONTHS)))


def margin_at_risk_bounds(results: RunResults) -> str:
    """Return between which bounds the margin of a month lost within a quarter lies; empty where they are not known."""
    margin, kept = _margin_a_month(results), results.estimate(BASE, CONTRACTS_KEPT_QUARTER)
    if margin is None or kept.status is not Status.OK:
        return ""
    form = formatting.unit_format("money", results.currency)
    worst = _worst_kept(results, QUARTER_MONTHS, BY_FEE)
    lost = [margin.value * (1 - x) for x in (kept.value, kept.high, kept.low, worst)]
    rate = results.estimate(BASE, CONTRACT_MARGIN_RATE)
    return message("It can only be bounded: of {margin} of margin a month ({share} of fees, assumed) {least} {range} "
                   "are lost within {n} months if the records keep all who ever left, and {most} if all that ended "
                   "left within one month.", margin=form(margin.value), share=formatting.share(rate.value),
                   least=form(lost[0]), range=formatting.interval(lost[1], lost[2], form), most=form(lost[3]),
                   n=QUARTER_MONTHS)


def quarter_bounds(results: RunResults) -> str:
    """Return between which bounds the fees of a month lie after a quarter; empty where they are not known."""
    fee, kept = results.estimate(BASE, "monthly_fee", "active"), results.estimate(BASE, CONTRACTS_KEPT_QUARTER)
    if fee.status is not Status.OK or kept.status is not Status.OK or not fee.n:
        return ""
    form = formatting.unit_format("money", results.currency)
    after = [fee.value * x for x in (kept.value, kept.low, kept.high, _worst_kept(results, QUARTER_MONTHS, BY_FEE))]
    return message("Of {now} of fees a month, {kept} {range} are left after {n} months if the records keep all who "
                   "ever left, and {least} if all that ended left within one month; new contracts are not in it. The "
                   "simple rule, nobody leaves, says {now}.", now=form(fee.value), kept=form(after[0]),
                   range=formatting.interval(after[1], after[2], form), n=QUARTER_MONTHS, least=form(after[3]))


def year_bounds(results: RunResults) -> str:
    """Return what a year brings if nobody leaves, and if all that ended left within a month; empty where not known."""
    margin, horizon = _margin_a_month(results), results.estimate(BASE, "contract_horizon")
    if margin is None or horizon.status is not Status.OK:
        return ""
    form, months = formatting.unit_format("money", results.currency), int(horizon.value)
    least = margin.value * sum(_worst_kept(results, month, BY_FEE) for month in range(1, months + 1))
    return message("Were nobody to leave it would be {most}; had all that ended left within one month, {least}, both "
                   "not discounted.", most=form(margin.value * months), least=form(least))


def months_to_break_even(results: RunResults, cost: float) -> str:
    """Return for how many months contracts have to be kept for a cost to be earned back; empty where not known."""
    margin = _margin_a_month(results)
    if margin is None or not is_undated(results) or not margin.value > 0:
        return ""
    each = margin.value / margin.n
    return message("not yet measured; it pays from {n} months kept over all contracts together, at the mean margin "
                   "of {amount} a month, as assumed", n=formatting.whole(-(-cost // each)),
                   amount=formatting.money(each, results.currency))


def records_asked(results: RunResults, review_on: str) -> list[dict[str, str]]:
    """Return the decision to record the days on which contracts end, as text; nothing where they are on record."""
    if not is_undated(results):
        return []
    return [{"decision": message("Record the day on which each contract ends, and ask billing for those of the past "
                                 "and whether the table keeps all who ever left"),
             "cost": message("not estimated"),
             "expected_gain": message("questions 1 to 4 can be answered by date"), "net": translatable("not known"),
             "worst_case": message("its cost"),
             "confidence": message("sure: these days are what the figures lack"), "owner": "",
             "stop_on": message("looked at again on {date}", date=review_on)}]


def brief_records_asked(rows: Sequence[Mapping[str, Any]], review_on: str) -> list[dict[str, Any]]:
    """Return the same in as few words as a first screen has room for."""
    return [{**row, "decision": message("Record the day each contract ends"), "net": "–", "stop_on": review_on,
             "amounts": [(0.0, 0.0)], "is_known": False, "is_over": False} for row in rows]


def with_listed_risks(decision: str, listed: pd.DataFrame) -> str:
    """Return a decision with how many of a list and its control group have which risk, unless that is of few people.

    Parameters
    ----------
    decision : str
        What is asked.
    listed : DataFrame
        Rows of ``results/actions``: risk, variant.
    """
    known = listed[listed["variant"].notna()] if {"risk", "variant"} <= set(listed) else listed.head(0)
    counts = known["risk"].value_counts() if len(known) else pd.Series(dtype="int64")
    if counts.empty or any(is_hidden(n) for n in counts):
        return decision
    parts = [message("{n} of {risk} risk", n=formatting.whole(n), risk=risk) for risk, n in counts.items()]
    return message("{decision} (of all {n}: {parts})", decision=decision, n=formatting.whole(counts.sum()),
                   parts=parts)
