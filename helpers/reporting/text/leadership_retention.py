"""Text of the leadership page on retention: the rate that counts, the year before it, season and mix, by money."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from helpers.churn import scoring
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting, kpi_history
from helpers.reporting.run_results import COUNTS, RunResults
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text.leadership import NO_EARLIER, cannot
from helpers.reporting.translation import message, translatable
from helpers.stats.disclosure_control import is_hidden
from helpers.value import retention_mix

BASE, VALUE_GATES, BY_COUNT, BY_MONEY = ("results/customer_base", "results/value_gates", "retention_by_count",
                                         "retention_by_money")

EVERYBODY = "every number by customer"

VERDICTS = {  # by the sign of the change on the year before, 0 where its interval includes zero
    1: translatable("Yes, more than a year before"),
    0: translatable("About as many as a year before"),
    -1: translatable("No, fewer than a year before"),
}

BEYOND = {True: translatable("more than chance would make"), False: translatable("within what chance would make")}


def retention_answer(results: RunResults, kpis: pd.DataFrame, history: pd.DataFrame) -> tuple[str, ...]:
    """Return whether customers are kept: the same season a year apart, by money, by quarters, and the rate of the card.

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
    card = " ".join(filter(None, (_rate_of_the_card(results, kpis, by_count), _by_money(results, by_count))))
    compared = year_comparison(results)
    if not compared:
        return card, _without_year_before(results, history)
    if compared[-1] not in leadership_findings_text.YEAR_DAYS:
        card = " ".join((card, message("Its year before would take records of three years.")))
    return tuple(filter(None, (_compared(results, compared), _compared_by_money(results),
                               _compared_by_quarters(results), card)))


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


def _rate_of_the_card(results: RunResults, kpis: pd.DataFrame, by_count: Estimate) -> str:
    """Return the rate of the card, with its base, its target and what changed since the previous report."""
    period = leadership_findings_text.period_text(results.estimate(BASE, "period_length"))
    return message("The rate of the card: {share} of the {n} customers of the period before bought again in the "
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


def _compared(results: RunResults, compared: tuple[Estimate, Estimate, Estimate, int]) -> str:
    """Return the verdict on the same season a year apart, with what of the change is mix."""
    change, before, after, days = compared
    by_mix, within = (results.estimate(BASE, quantity) for quantity in (retention_mix.BY_MIX, retention_mix.WITHIN))
    said = message("{verdict}: of the {n_after} customers of {n} days {after} bought in the {n} days after, {before} "
                   "of {n_before} a year before: {change}, {beyond}. As the season is the same it is not seasonal.",
                   verdict=VERDICTS[side(change)], n=days, after=results.said(after), before=results.said(before),
                   n_after=formatting.whole(after.n), n_before=formatting.whole(before.n),
                   change=formatting.share_change_text(change), beyond=BEYOND[side(change) != 0])
    if any(e.status is not Status.OK for e in (by_mix, within)):
        return said
    split = message("Of it {mix} are mix, other kinds of customers by number of orders and time as a customer; "
                    "{within} are customers of the same kind, {beyond}.", mix=formatting.share_change_text(by_mix),
                    within=formatting.share_change_text(within), beyond=BEYOND[side(within) != 0])
    return f"{said} {split}"


def _compared_by_money(results: RunResults) -> str:
    """Return the same season a year apart with each customer counted by net sales; or why that cannot be said."""
    change, by_mix, within, before, after = (results.estimate(BASE, f"{quantity}{retention_mix.BY_MONEY}")
                                             for quantity in (retention_mix.CHANGE, retention_mix.BY_MIX,
                                                              retention_mix.WITHIN, retention_mix.RATE_BEFORE,
                                                              retention_mix.RATE_AFTER))
    if any(e.status is not Status.OK for e in (change, by_mix, within, before, after)):
        return message("By money the year before cannot be said: {reason}.",
                       reason=formatting.within_sentence(change.reason or "it was not counted"))
    return message("By money, each customer counted by net sales: {after}, {before} a year before: {change}, {beyond}. "
                   "{mix} are mix, {within} customers of the same kind, {beyond_same}.", after=results.said(after),
                   before=results.said(before), change=formatting.share_change_text(change),
                   beyond=BEYOND[side(change) != 0], mix=formatting.share_change_text(by_mix),
                   within=formatting.share_change_text(within), beyond_same=BEYOND[side(within) != 0])


def _compared_by_quarters(results: RunResults) -> str:
    """Return the change by quarters beside that of longer periods, and why the two differ; empty where there is none.

    A quarter leaves out who comes back after a pause; longer periods count them.
    """
    change, within, before, after = (results.estimate(BASE, quantity, retention_mix.QUARTER) for quantity in (
        retention_mix.CHANGE, retention_mix.WITHIN, retention_mix.RATE_BEFORE, retention_mix.RATE_AFTER))
    if any(e.status is not Status.OK for e in (change, within, before, after)):
        return ""
    said = message("By quarters: {after}, {before} a year before: {change}, {verdict}; {within} of it are customers of "
                   "the same kind.", after=results.said(after), before=results.said(before),
                   change=formatting.share_change_text(change), within=formatting.share_change_text(within),
                   verdict=BEYOND[side(change) != 0])
    paused_before, paused_after = (results.estimate(BASE, quantity) for quantity in (
        retention_mix.PAUSED_BEFORE, retention_mix.PAUSED_AFTER))
    if paused_before.status is not Status.OK or paused_after.status is not Status.OK:
        return said
    paused = message("A quarter leaves out who comes back after a pause, as {after} of those did who had paused, "
                     "{before} a year before.", after=results.said(paused_after), before=results.said(paused_before))
    return f"{said} {paused}"


def _without_year_before(results: RunResults, history: pd.DataFrame) -> str:
    """Return that no year before is on record, with what is: the same quarter of it, else the last two periods."""
    return " ".join(filter(None, (message("What the rate was a year before is not on record, so that real and seasonal "
                                          "change cannot be told apart."), _quarters(history), _mix_alone(results))))


def _mix_alone(results: RunResults) -> str:
    """Return what of the last change is mix where no year before is on record; that season may be part of it."""
    by_count, by_money = ([results.estimate(BASE, f"{quantity}{by}") for quantity in (
        retention_mix.CHANGE, retention_mix.BY_MIX, retention_mix.WITHIN, retention_mix.RATE_BEFORE,
        retention_mix.RATE_AFTER)] for by in ("", retention_mix.BY_MONEY))
    days = results.estimate(BASE, retention_mix.PERIOD)
    if any(e.status is not Status.OK for e in (*by_count, days)):
        return message("Mix is not told apart here.")
    said = message("The last three periods that the records hold have {n} days each; between them, season included, "
                   "the rate went from {before} to {after}: {change}, {mix} by mix, {same} among customers of the same "
                   "kind.", n=formatting.whole(days.value), **_ends(results, by_count))
    if any(e.status is not Status.OK for e in by_money):
        return said
    money = message("By money it went from {before} to {after}: {change}, {mix} by mix, {same} among customers of the "
                    "same kind.", **_ends(results, by_money))
    return f"{said} {money}"


def _ends(results: RunResults, split: Sequence[Estimate]) -> dict[str, str]:
    """Return a change in the rate with its parts and both its ends, in words."""
    change, mix, same = (formatting.share_change_text(e) for e in split[:3])
    before, after = (results.said(e) for e in split[3:])
    return {"change": change, "mix": mix, "same": same, "before": before, "after": after}


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


def _by_money(results: RunResults, by_count: Estimate) -> str:
    """Return the rate by money beside the one by count, and whether who spends more is kept better."""
    by_money = results.estimate(BASE, BY_MONEY)
    if by_money.status is not Status.OK:
        return ""
    better = (message(": who spends more is kept better") if by_money.low > by_count.high else
              message(": who spends more is kept less") if by_money.high < by_count.low else "")
    return message("By money it is {share}{better}.", share=results.said(by_money), better=better)


def retained_customers_change(results: RunResults) -> str:
    """Return what of the change among retained customers is orders, and what money an order; empty where not known."""
    orders, value = (results.estimate(BASE, "kept_sales_change", segment) for segment in (
        "frequency", "value per order"))
    if orders.status is not Status.OK or value.status is not Status.OK or is_hidden(orders.n):
        return ""
    _, parts = formatting.money_of_parts([orders.value, value.value], results.currency)
    by_orders, by_value = (f"+{told}" if e.value > 0 else told for e, told in zip((orders, value), parts, strict=True))
    return message("Of the change of those retained {orders} are by orders a customer, {amount} by money an order.",
                   orders=by_orders, amount=by_value)


def earlier_history(results: RunResults) -> str:
    """Return that who came back from before the records began counts as new, where the check found so; else nothing."""
    gates = results.gates("results/value_gates")
    found = gates[gates["gate"].eq("earlier history")]
    if not results.has_crossed("results/value_gates", "earlier history"):
        return ""
    new = results.estimate(BASE, "net_sales_change", "new")
    if new.status is Status.OK and not is_hidden(new.n):
        return message("More may have been reactivated, at most the {n} counted as new; earlier records would tell: "
                       "{reason}.", n=formatting.whole(new.n),
                       reason=formatting.within_sentence(str(found["sentence"].iloc[0]).rstrip(".")))
    return message("More may have been reactivated, and fewer new: {reason}.",
                   reason=formatting.within_sentence(str(found["sentence"].iloc[0]).rstrip(".")))


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
