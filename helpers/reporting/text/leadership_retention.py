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
    1: translatable("We keep more customers than a year before"),
    0: translatable("Whether we keep more customers than a year before is open"),
    -1: translatable("We keep fewer customers than a year before"),
}

BY_MONEY_TOO = {1: translatable("by money more"), 0: translatable("by money it is open"),
                -1: translatable("by money less")}

SHOWN = {  # by whether the part that is neither season nor mix is told from chance by count, and by money
    (True, True): translatable("the rest is shown by count and by money"),
    (True, False): translatable("the rest is shown by count alone"),
    (False, True): translatable("the rest is shown by money alone"),
    (False, False): translatable("the rest may be chance"),
}


def retention_answer(
    results: RunResults, kpis: pd.DataFrame, history: pd.DataFrame, doubt: str = ""
) -> tuple[str | pd.DataFrame, ...]:
    """Return whether customers are kept: a verdict, the rates in a table, and what they leave out.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    kpis : DataFrame
        Key figures with what changed.
    history : DataFrame
        ``results/kpi_history``.
    doubt : str
        What of the part that is neither season nor mix buyers without a customer may be, for the end of the verdict.
    """
    by_count = results.estimate(BASE, BY_COUNT)
    struck = results.struck(VALUE_GATES, "retention")
    if struck or by_count.status is not Status.OK:
        return (_without_orders(results, kpis, struck, by_count),)
    card = _rate_of_the_card(results, kpis, by_count)
    if not (compared := year_comparison(results)):
        return (_verdict_without_year(results, by_count), rates_table(results, message("period before")),
                " ".join((card, _without_year_before(results, history))))
    if compared[-1] not in leadership_findings_text.YEAR_DAYS:
        lower = _why_lower(results, compared) if by_count.value < compared[2].value else ""
        card = " ".join(filter(None, (card, lower, message("Its year before would take records of three years."))))
    return (_verdict(results, compared, doubt), rates_table(results, message("year before")),
            " ".join(filter(None, (_how_counted(results, compared), _paused(results)))), card)


def _verdict(results: RunResults, compared: tuple[Estimate, Estimate, Estimate, int], doubt: str) -> str:
    """Return the verdict on the same season a year apart: by count, by money, what is mix, and what is left."""
    change, before, after, _ = compared
    said = message("{verdict}, {after} against {before} ({change})", verdict=VERDICTS[side(change)],
                   after=formatting.share(after.value), before=formatting.share(before.value),
                   change=formatting.share_change_text(change))
    money, money_before, money_after, money_same = (results.estimate(BASE, f"{quantity}{retention_mix.BY_MONEY}")
                                                    for quantity in (retention_mix.CHANGE, retention_mix.RATE_BEFORE,
                                                                     retention_mix.RATE_AFTER, retention_mix.WITHIN))
    is_paid = all(e.status is Status.OK for e in (money, money_before, money_after))
    if is_paid:
        said = message("{sentence}; {verdict}, {after} against {before}", sentence=said,
                       verdict=BY_MONEY_TOO[side(money)], after=formatting.share(money_after.value),
                       before=formatting.share(money_before.value))
    mix, same = (results.estimate(BASE, quantity) for quantity in (retention_mix.BY_MIX, retention_mix.WITHIN))
    if not side(change) or any(e.status is not Status.OK for e in (mix, same)):
        return message("{sentence}.", sentence=said)
    is_shown = (side(same) != 0, is_paid and money_same.status is Status.OK and side(money_same) != 0)
    return message("{sentence}. It is not seasonal; {mix} are mix; {rest}{doubt}.", sentence=said,
                   mix=formatting.percentage_points(100 * mix.value), rest=SHOWN[is_shown],
                   doubt=doubt if any(is_shown) else "")


def _verdict_without_year(results: RunResults, by_count: Estimate) -> str:
    """Return how many are kept where no year before is on record: that change and season cannot be told."""
    by_money = results.estimate(BASE, BY_MONEY)
    kept = message("{share} of customers bought again in the {period}", share=results.said(by_count),
                   period=leadership_findings_text.period_text(results.estimate(BASE, "period_length")))
    if by_money.status is Status.OK:
        kept = message("{sentence}, {share} by money", sentence=kept, share=results.said(by_money))
    return message("{sentence}. Whether that is more than a year before, or season, cannot be said: that year is not "
                   "on record.", sentence=kept)


def rates_table(results: RunResults, earlier: str) -> pd.DataFrame:
    """Return retention rates now and earlier, the change and its parts, a row each way of counting.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    earlier : str
        Heading of the earlier rate: that of the year before, or of the period before.
    """
    days = results.estimate(BASE, retention_mix.PERIOD)
    ways = [(message("by count, {n} days", n=formatting.whole(days.value)), "", "all"),
            (message("by money, {n} days", n=formatting.whole(days.value)), retention_mix.BY_MONEY, "all")] if (
        days.status is Status.OK) else []
    if year_comparison(results):
        ways.append((message("by count, a quarter"), "", retention_mix.QUARTER))
    kept, now, change, mix, same = (message("Retention rate"), message("latest"), message("change, percentage points"),
                                    message("of it mix"), message("of it same kind"))
    rows = []
    for name, by, segment in ways:
        found = [results.estimate(BASE, f"{quantity}{by}", segment) for quantity in (
            retention_mix.RATE_AFTER, retention_mix.RATE_BEFORE, retention_mix.CHANGE, retention_mix.BY_MIX,
            retention_mix.WITHIN)]
        if all(e.status is Status.OK for e in found):
            told = [*map(results.said, found[:2]), *map(_bare_points, found[2:])]
            rows.append(dict(zip((kept, now, earlier, change, mix, same), (name, *told), strict=True)))
    period = leadership_findings_text.brief_period_text(results.estimate(BASE, "period_length"))
    for said, quantity in ((message("by count, {period}", period=period), BY_COUNT),
                           (message("by money, {period}", period=period), BY_MONEY)):
        if (e := results.estimate(BASE, quantity)).status is Status.OK:
            rows.append({kept: said, now: results.said(e)})
    return pd.DataFrame(rows).dropna(axis=1, how="all")


def _bare_points(e: Estimate) -> str:
    """Return a change of a share in percentage points without the word, with its interval."""
    return formatting.share_change_text(e).replace(" percentage points", "").replace(" percentage point", "")


def _how_counted(results: RunResults, compared: tuple[Estimate, Estimate, Estimate, int]) -> str:
    """Return what the rates of a year apart count, and what mix is."""
    _, before, after, days = compared
    return message("In {n} days: of {n_after} customers of the {n} days before, {n_before} a year before. Mix is other "
                   "kinds of customers by number of orders and time as a customer.", n=days,
                   n_after=formatting.whole(after.n), n_before=formatting.whole(before.n))


def _why_lower(results: RunResults, compared: tuple[Estimate, Estimate, Estimate, int]) -> str:
    """Return why the rate of a longer period lies below that of a shorter one; empty where it is not longer."""
    length, days = results.estimate(BASE, "period_length"), compared[-1]
    if length.status is not Status.OK or length.value <= days:
        return ""
    return message("It is below the rate of {n} days, since its base also holds who bought only early in the period "
                   "before.", n=days)


def _paused(results: RunResults) -> str:
    """Return that a quarter leaves out who comes back after a pause, and how many do; empty where it is not known."""
    before, after = (results.estimate(BASE, quantity) for quantity in (
        retention_mix.PAUSED_BEFORE, retention_mix.PAUSED_AFTER))
    if any(e.status is not Status.OK for e in (before, after)):
        return ""
    return message("A quarter leaves out who comes back after a pause, as {after} of those did who had paused, "
                   "{before} a year before.", after=results.said(after), before=results.said(before))


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
    """Return the base of the rate of the card, its target and what changed since the previous report."""
    period = leadership_findings_text.period_text(results.estimate(BASE, "period_length"))
    return message("In the {period}: of the {n} customers of the period before{target}{caveat}; {change}.",
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


def _without_year_before(results: RunResults, history: pd.DataFrame) -> str:
    """Return what is on record where no year before is: the same quarter of it, else what the table compares."""
    days = results.estimate(BASE, retention_mix.PERIOD)
    if any(results.estimate(BASE, quantity).status is not Status.OK for quantity in (
            retention_mix.PERIOD, retention_mix.CHANGE, retention_mix.BY_MIX, retention_mix.WITHIN)):
        periods = message("Mix is not told apart here.")
    else:
        periods = message("The last three periods that the records hold have {n} days each: the table compares these, "
                          "season included. Mix is other kinds of customers by number of orders and time as a "
                          "customer.", n=formatting.whole(days.value))
    return " ".join(filter(None, (_quarters(history), periods)))


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
                   date=formatting.date_text(last["on"]),
                   range=formatting.interval(low, high, formatting.points),
                   change=formatting.change_text(moved, low, high, formatting.percentage_points))


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
