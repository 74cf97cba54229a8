"""Text of the leadership page on retention: the rate that counts, the year before it, season and mix, by money."""

from typing import Any

import pandas as pd

from helpers.churn import scoring
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting, kpi_history
from helpers.reporting.run_results import COUNTS, RunResults
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text.leadership import NO_EARLIER, cannot
from helpers.reporting.translation import message, translatable
from helpers.value import retention_mix

BASE, VALUE_GATES, BY_COUNT, BY_MONEY = ("results/customer_base", "results/value_gates", "retention_by_count",
                                         "retention_by_money")

EVERYBODY = "every number by customer"

VERDICTS = {  # by the sign of the change on the year before, 0 where its interval includes zero
    1: translatable("Yes, better than a year before, by more than chance would make."),
    0: translatable("About as a year before: the change is within what chance would make."),
    -1: translatable("Less than a year before, by more than chance would make."),
}


BEYOND = {True: translatable("more than chance would make"), False: translatable("within what chance would make")}


def retention_answer(results: RunResults, kpis: pd.DataFrame, history: pd.DataFrame) -> tuple[str, ...]:
    """Return whether customers are kept: the verdict, the rate that counts, the year before, by money.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    kpis : DataFrame
        Key figures with what changed.
    history : DataFrame
        ``results/kpi_history``.
    """
    by_count = results.estimate(BASE, BY_COUNT)
    struck = results.struck(VALUE_GATES, "retention")
    if struck or by_count.status is not Status.OK:
        return (_without_orders(results, kpis, struck, by_count),)
    compared = year_comparison(results)
    verdict = " ".join(filter(None, (message(VERDICTS[side(compared[0])]), _only_longer(results, compared),
                                     _without_mix(results)))) if compared else ""
    by_money = " ".join(filter(None, (_by_money(results, kpis, by_count), _compared_by_money(results))))
    return tuple(filter(None, (verdict, _rate_that_counts(results, kpis, by_count), _compared(results, history),
                               _compared_by_quarters(results), by_money, _looking_ahead(kpis))))


def _looking_ahead(kpis: pd.DataFrame) -> str:
    """Return what expected churn did since the previous report, which may differ; empty where that is unknown."""
    rows = kpis[kpis["quantity"].eq("expected_churn_rate")]
    if rows.empty or decimal_places.is_missing(rows["change"].iloc[0]):
        return ""
    row = rows.to_dict("records")[0]
    return message("Expected churn, which looks ahead, is {now} after {before} in the report before ({change}); the "
                   "season of these months and the mix of newer customers are in it.", change=row["change_words"],
                   now=formatting.share(row["value"]), before=formatting.share(row["previous"]))



def _without_mix(results: RunResults) -> str:
    """Return the verdict by money, and both without the mix of customers; empty where either is not known."""
    by_money, same, same_by_money = (results.estimate(BASE, quantity) for quantity in (
        f"{retention_mix.CHANGE}{retention_mix.BY_MONEY}", retention_mix.WITHIN,
        f"{retention_mix.WITHIN}{retention_mix.BY_MONEY}"))
    if any(e.status is not Status.OK for e in (by_money, same, same_by_money)):
        return ""
    return message("By money the change is {by_money}. Among customers of the same kind it is {same} by customers, "
                   "{same_by_money} by money.", by_money=BEYOND[side(by_money) != 0], same=BEYOND[side(same) != 0],
                   same_by_money=BEYOND[side(same_by_money) != 0])


def _only_longer(results: RunResults, compared: tuple[Estimate, Estimate, Estimate, int]) -> str:
    """Return that a change is one of the longer periods alone, where it is within chance by quarters; else nothing."""
    by_quarter = results.estimate(BASE, retention_mix.CHANGE, retention_mix.QUARTER)
    if by_quarter.status is not Status.OK or side(by_quarter) or not side(compared[0]):
        return ""
    return message("That holds over {n} days; by quarters it is within what chance would make.", n=compared[3])


def side(change: Estimate) -> int:
    """Return the sign of a change, 0 where its interval includes zero."""
    return 0 if change.low <= 0 <= change.high else 1 if change.value > 0 else -1


def year_comparison(results: RunResults) -> tuple[Estimate, Estimate, Estimate, int] | None:
    """Return the change in the retention rate on the year before, both rates and the length of their periods [days].

    None where no two rates of the same season are on record.
    """
    change, before, after, days, lag = (results.estimate(BASE, quantity) for quantity in (
        retention_mix.CHANGE, retention_mix.RATE_BEFORE, retention_mix.RATE_AFTER, retention_mix.PERIOD,
        retention_mix.LAG))
    if any(e.status is not Status.OK for e in (change, before, after, days, lag)) or (
            lag.value not in leadership_findings_text.YEAR_DAYS):
        return None
    return change, before, after, int(days.value)


def year_before_words(results: RunResults) -> str:
    """Return in a few words what the retention rate was a year before, for a card; empty where that is not known."""
    compared = year_comparison(results)
    if not compared:
        return ""
    _, before, after, days = compared
    if days in leadership_findings_text.YEAR_DAYS:
        return message("year before: {share}", share=formatting.share(before.value))
    return message("{n} days: {share}, year before {before}", n=days, share=formatting.share(after.value),
                   before=formatting.share(before.value))


def _without_orders(results: RunResults, kpis: pd.DataFrame, struck: str, by_count: Estimate) -> str:
    """Return what contracts tell, or why nothing can be said."""
    signed = leadership_findings_text.contracts(results)
    if not signed:
        unknown = translatable("no orders and no contracts are recorded")
        return cannot(struck or (by_count.reason if by_count.status is not Status.NOT_APPLICABLE else unknown))
    told = message("{contracts}; {change}, and season and mix are not told apart.", contracts=signed.rstrip(".。"),
                   change=since_last_report(kpis, "share_ended"))
    if not results.has_crossed(VALUE_GATES, leadership_findings_text.UNDATED):
        return told
    return " ".join((message("Whether customers are kept cannot be said, because the ends of contracts have no date; "
                             "nor can season and mix."), signed))


def _rate_that_counts(results: RunResults, kpis: pd.DataFrame, by_count: Estimate) -> str:
    """Return the rate of the card, with its base, its target and what it was a year before or why that is unknown."""
    period = leadership_findings_text.period_text(results.estimate(BASE, "period_length"))
    return message("The rate that counts: {share} of the {n} customers of the period before bought again in the "
                   "{period}{target}{caveat}; {change}.", share=results.said(by_count),
                   n=formatting.whole(by_count.n), period=period, target=_target(kpis),
                   change=since_last_report(kpis, BY_COUNT),
                   caveat=results.caveat(VALUE_GATES, "retention", EVERYBODY, *COUNTS))


def _target(kpis: pd.DataFrame) -> str:
    rows = kpis[kpis["quantity"].eq(BY_COUNT)] if "target_words" in kpis else kpis.head(0)
    words = str(rows["target_words"].iloc[0]) if len(rows) else ""
    return message(" (target {target})", target=words) if words else ""


def since_last_report(kpis: pd.DataFrame, quantity: str) -> str:
    """Return what changed in a figure since the previous report, within a sentence; or why that cannot be said."""
    rows = kpis[kpis["quantity"] == quantity]
    row: dict[str, Any] = rows.to_dict("records")[0] if len(rows) else {}
    if not row or decimal_places.is_missing(row["change"]):
        return message("what changed since the previous report cannot be said ({reason})",
                       reason=row.get("change_words", NO_EARLIER))
    return message("{change} since {date}", change=row["change_words"],
                   date=formatting.date_text(row["previous_as_of_on"]))


def _compared(results: RunResults, history: pd.DataFrame) -> str:
    """Return the same season a year apart with what of the change is mix; else the latest quarters, else why not."""
    compared = year_comparison(results)
    if not compared:
        return " ".join(filter(None, (message("What the rate was a year before is not on record, so that real "
                                              "and seasonal change cannot be told apart."),
                                      _quarters(history), _mix_alone(results))))
    change, before, after, days = compared
    by_mix, within = (results.estimate(BASE, quantity) for quantity in (retention_mix.BY_MIX, retention_mix.WITHIN))
    unknown = ("" if days in leadership_findings_text.YEAR_DAYS else message(
        "Twelve months cannot be held against the year before, for which records would have to go back three years, so "
        "shorter periods of the same season are: "))
    return unknown + message(
        "of the customers of {n} days {after} bought in the {n} days after, {before} a year before: {change}. As the "
        "season is the same it is not seasonal. Of it {mix} are mix, other kinds of customers by number of orders and "
        "time as a customer; {within} are customers of the same kind.", n=days, after=results.said(after),
        before=results.said(before), change=formatting.share_change_text(change),
        mix=formatting.share_change_text(by_mix), within=formatting.share_change_text(within))


def _compared_by_quarters(results: RunResults) -> str:
    """Return the change by quarters beside that of longer periods, and why the two differ; empty where there is none.

    A quarter leaves out who comes back after a pause; longer periods count them.
    """
    compared = year_comparison(results)
    change, within, days = (results.estimate(BASE, quantity, retention_mix.QUARTER) for quantity in (
        retention_mix.CHANGE, retention_mix.WITHIN, retention_mix.PERIOD))
    if not compared or any(e.status is not Status.OK for e in (change, within, days)):
        return ""
    said = message("By quarters the change is {change}, {verdict}; {within} of it are customers of the same kind.",
                   change=formatting.share_change_text(change), within=formatting.share_change_text(within),
                   verdict=BEYOND[side(change) != 0])
    why = message("A quarter counts who comes back within {n} days, {n_longer} days count who comes back after a pause "
                  "too.", n=formatting.whole(days.value), n_longer=compared[3])
    before, after = (results.estimate(BASE, quantity) for quantity in (
        retention_mix.PAUSED_BEFORE, retention_mix.PAUSED_AFTER))
    if before.status is not Status.OK or after.status is not Status.OK:
        return f"{said} {why}"
    paused = message("Of those who paused {after} came back, {before} a year before.", after=results.said(after),
                     before=results.said(before))
    return f"{said} {why} {paused}"


def _compared_by_money(results: RunResults) -> str:
    """Return the same season a year apart with each customer counted by net sales; or why that cannot be said."""
    if not year_comparison(results):
        return ""
    change, by_mix, within, before, after = (results.estimate(BASE, f"{quantity}{retention_mix.BY_MONEY}")
                                             for quantity in (retention_mix.CHANGE, retention_mix.BY_MIX,
                                                              retention_mix.WITHIN, retention_mix.RATE_BEFORE,
                                                              retention_mix.RATE_AFTER))
    if any(e.status is not Status.OK for e in (change, by_mix, within, before, after)):
        return message("By money the year before cannot be said: {reason}.",
                       reason=formatting.within_sentence(change.reason or "it was not counted"))
    return message("By money over the same days: {after}, {before} a year before, {change}. Of it {mix} are mix, "
                   "{within} are customers of the same kind.", after=results.said(after), before=results.said(before),
                   change=formatting.share_change_text(change), mix=formatting.share_change_text(by_mix),
                   within=formatting.share_change_text(within))


def _mix_alone(results: RunResults) -> str:
    """Return what of the last change is mix where no year before is on record; that season may be part of it."""
    whole, by_mix, within, days = (results.estimate(BASE, quantity) for quantity in (
        retention_mix.CHANGE, retention_mix.BY_MIX, retention_mix.WITHIN, retention_mix.PERIOD))
    if any(e.status is not Status.OK for e in (whole, by_mix, within, days)):
        return message("Mix is not told apart here.")
    change, mix, same = (formatting.share_change_text(e) for e in (whole, by_mix, within))
    before, after = (results.estimate(BASE, quantity) for quantity in (
        retention_mix.RATE_BEFORE, retention_mix.RATE_AFTER))
    ends = (message(", from {before} to {after}", before=results.said(before), after=results.said(after))
            if before.status is after.status is Status.OK else "")
    return message("Over the last two periods of {n} days, in which season may be a part, the rate changed by "
                   "{change}{ends}: {mix} by mix, {same} among customers of the same kind.", ends=ends,
                   n=formatting.whole(days.value), change=change, mix=mix, same=same)


def _quarters(history: pd.DataFrame) -> str:
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


def _by_money(results: RunResults, kpis: pd.DataFrame, by_count: Estimate) -> str:
    """Return the rate by money beside the one by count, and whether who spends more is kept better."""
    by_money = results.estimate(BASE, BY_MONEY)
    if by_money.status is not Status.OK:
        return ""
    rows = kpis[kpis["quantity"].eq(BY_MONEY)]
    is_moved = len(rows) > 0 and not decimal_places.is_missing(rows["change"].iloc[0])
    moved = since_last_report(kpis, BY_MONEY) if is_moved else message("how it changed was not counted")
    better = (message(": who spends more is kept better") if by_money.low > by_count.high else
              message(": who spends more is kept less") if by_money.high < by_count.low else "")
    return message("By money, each customer counted by net sales, it is {share}{better}; {change}.",
                   share=results.said(by_money), better=better, change=moved)


def retention_beside_churn(results: RunResults) -> str:
    """Return what tells the retention rate from expected churn; empty where the page has one of them or none."""
    made = results.frame("results/forecasts")
    if made.empty or results.estimate(BASE, "retention_by_count").status is not Status.OK:
        return ""
    row = scoring.forecasts_of_lost(made).iloc[0]
    days = (row["due_on"] - row["made_as_of_on"]).days
    return message("The retention rate looks back: of the customers of the period before, those who bought again in "
                   "the {period}. Expected churn looks ahead: of customers who bought in the last {n_eligible} days, "
                   "those expected to buy nothing in the next {n} days. The two do not add up to 100 %.",
                   period=leadership_findings_text.period_text(results.estimate(BASE, "period_length")), n=days,
                   n_eligible=formatting.whole(row["eligible_days"]))
