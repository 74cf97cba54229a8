"""Text on loyalty online: promises of delivery, visits, channels, trust."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Status
from helpers.loyalty import web_behaviour
from helpers.reporting import formatting
from helpers.reporting.text.loyalty import is_reported, quantity_row, reported_rows, share_text
from helpers.satisfaction.item_frameworks import DIFFERENCE_BY, SCORE_BY
from helpers.stats.disclosure_control import FEW_PEOPLE, is_hidden

TRUST_FRAME = "trust"

MOST_MONTHS = 3  # that a sentence names one by one

NO_LIMITS = {"low": None, "high": None}


def promises_by_quarter(service: pd.DataFrame, covered_on: date) -> pd.DataFrame:
    """Return the share of promises kept of each quarter that can be told, in order of time, with its name in words.

    Parameters
    ----------
    service : DataFrame
        ``results/loyalty_service``.
    covered_on : date
        Last day of which orders tell: the quarter that runs then says up to when it is known.
    """
    rows = reported_rows(service[service["quantity"] == web_behaviour.PROMISES_BY_QUARTER])
    running = pd.Period(covered_on, "Q")
    is_part = (rows["segment"] == _quarter_name(running)) & (covered_on < running.end_time.date())
    upto = f" (to {formatting.date_text(covered_on)})"
    return rows.assign(quarter=rows["segment"].where(~is_part, rows["segment"] + upto))


def _quarter_name(quarter: pd.Period) -> str:
    return f"{quarter.year}-Q{quarter.quarter}"


def newest_promises(service: pd.DataFrame, covered_on: date, with_interval: bool = True) -> str:
    """Return the share of promises kept in the newest quarter that can be told, and a year before.

    Parameters
    ----------
    service, covered_on
        As in `promises_by_quarter`.
    with_interval : bool
        Whether the shares have their intervals.

    Returns
    -------
    str
        Empty where neither the quarter that runs nor the one before can be told.
    """
    known = {r["segment"]: r for r in promises_by_quarter(service, covered_on).to_dict("records")}
    running = pd.Period(covered_on, "Q")
    newest = next((quarter for quarter in (running, running - 1) if _quarter_name(quarter) in known), None)
    if newest is None:
        return ""
    rows = [known.get(_quarter_name(quarter)) for quarter in (newest, newest - 4)]
    now, *before = [f"in {r['quarter']} {formatting.estimate_text(r if with_interval else {**r, **NO_LIMITS})}"
                    for r in rows if r is not None]
    return ", ".join([f"{formatting.sentence_case(now)} of the promised deliveries came by the day", *before])


UNDELIVERED = ("A sale due without a day of delivery counts as late; orders cancelled or never available are no "
               "sales.")


def _promises_kept(service: pd.DataFrame, covered_on: date) -> str:
    """Return the share of promises kept over all the time, or why there is none, the largest step, the lowest month."""
    kept = quantity_row(service, web_behaviour.PROMISES_KEPT)
    due = formatting.count_text(kept["n"], "promised delivery", "promised deliveries")
    if is_reported(kept):
        return f"{formatting.estimate_text(kept)} of {due} came by the day, over all the time on record. {UNDELIVERED}"
    if kept["status"] != Status.STRUCK:
        return ""
    rows = promises_by_quarter(service, covered_on).to_dict("records")
    pair = max(pairwise(rows), key=lambda two: abs(two[1]["value"] - two[0]["value"]), default=())
    step = ", the largest change on record is from " + " to ".join(
        f"{formatting.share(r['value'])} in {r['quarter']}" for r in pair) if pair else ""
    p = formatting.p_value_sentence(quantity_row(service, web_behaviour.PROMISES_TEST)["value"])
    newest = newest_promises(service, covered_on)
    return (f"{newest}{'. ' if newest else ''}No share of all {due} is told: quarters differ ({p}){step}."
            f"{_lowest_months(service)} {UNDELIVERED}")


def _lowest_months(service: pd.DataFrame) -> str:
    months = service[service["quantity"] == web_behaviour.LOWEST_MONTH]
    rows = months.to_dict("records")
    if months.empty or reported_rows(months.head(1)).empty:  # no other is the lowest because its few are not told
        return ""
    names = [formatting.date_text(pd.Timestamp(r["segment"])).partition(" ")[2] for r in rows]
    said = (f" Lowest on record of the months with {FEW_PEOPLE} promised deliveries or more: "
            f"{formatting.share(rows[0]['value'])} of {formatting.whole(rows[0]['n'])} in {names[0]}")
    others = formatting.join_words(names[1:]) if len(names) <= 1 + MOST_MONTHS else f"{len(names) - 1} others of them"
    return f"{said}{f'; not significantly different (Holm): {others}' if names[1:] else ''}."


def delivery_promise_sentence(service: pd.DataFrame, covered_on: date) -> str:
    """Return how many promises of delivery are kept, and what goes with it; empty where none is recorded.

    Parameters
    ----------
    service : DataFrame
        ``results/loyalty_service``.
    covered_on : date
        Last day of which orders tell.
    """
    gap, text = quantity_row(service, web_behaviour.RETURN_DIFFERENCE), _promises_kept(service, covered_on)
    if not text:
        return ""
    if not is_reported(gap):
        return f"{text} Whether fewer come back after broken promises cannot be said: {gap['reason']}."
    late, good = (
        quantity_row(service, web_behaviour.RETURN_AFTER_BROKEN_PROMISE),
        quantity_row(service, web_behaviour.RETURN_AFTER_KEPT_PROMISE),
    )
    parts = [share_text({**r, **NO_LIMITS}) for r in (late, good)]
    both = (f"By each customer's first promised order, {parts[0]} came back{_window(late)} after a broken promise, "
            f"{parts[1]} after a kept promise")
    if any(is_hidden(r["value"] * r["n"]) for r in (late, good)):
        return f"{text} {both}."
    if gap["low"] <= 0 <= gap["high"]:
        return f"{text} {both}: no statistically significant difference ({formatting.estimate_text(gap)})."
    fewer, sign = ("fewer", -1) if gap["value"] < 0 else ("more", 1)
    low, high = sorted([sign * gap["low"], sign * gap["high"]])
    return (
        f"{text} {both}, {fewer} by {formatting.percentage_points(abs(gap['value']))} "
        f"{formatting.interval(low, high, formatting.percentage_points)}: an "
        "association."
    )


def visit_sentence(service: pd.DataFrame) -> str:
    """Return how often customers visit, how far they look, how long they take to choose; empty without visits."""
    often, deep, choose = (
        quantity_row(service, q)
        for q in (web_behaviour.VISIT_FREQUENCY, web_behaviour.VISIT_DEPTH, web_behaviour.DAYS_TO_PURCHASE)
    )
    if not is_reported(often):
        return ""
    text = (
        f"From the first visit on (a month at least) a customer who visits comes on {formatting.estimate_text(often)} "
        f"days a month and looks at {formatting.estimate_text(deep)} things a day"
    )
    wait = (
        f"; from first look to purchase half take {formatting.estimate_text(choose)} days or less"
        if is_reported(choose)
        else ""
    )
    return f"{text}{wait}."


def _window(row: Mapping[str, Any]) -> str:
    return f" {row['reason']}" if str(row["reason"]).startswith("within ") else ""


def channel_sentence(service: pd.DataFrame) -> str:
    """Return how many customers of each channel buy again, and whether they differ; empty with fewer than two channels.

    Parameters
    ----------
    service : DataFrame
        ``results/loyalty_service``.
    """
    rows = service[service["quantity"] == web_behaviour.RETURN_BY_CHANNEL].to_dict("records")
    known = [r for r in rows if is_reported(r)]
    if len(known) < 2:
        return ""
    each = [f"{readable_id(r['segment'])} {formatting.estimate_text(r)}"
            for r in sorted(known, key=lambda r: -r["value"])]
    start = (f"Customers who bought again{_window(known[0])}, by the channel of their first purchase: "
             f"{formatting.join_words(each)}")
    test = next((r for r in service[service["quantity"] == web_behaviour.CHANNEL_TEST].to_dict("records")), None)
    if test is None or not is_reported(test):
        return f"{start}."
    differ = "" if test["value"] < web_behaviour.ALIKE_LEVEL else "no "
    return f"{start}; {differ}statistically significant difference ({formatting.p_value_sentence(test['value'])})."


def trust_sentence(service: pd.DataFrame) -> str:
    """Return how far customers trust security, payment and reputation; empty where these were not asked for.

    Parameters
    ----------
    service : DataFrame
        ``results/loyalty_service``.
    """
    scores = service[(service["quantity"] == f"{SCORE_BY}{TRUST_FRAME}") & (service["status"] == Status.OK)]
    known = scores.sort_values("value").to_dict("records")
    if not known:
        return ""
    said = formatting.join_words([f"{r['segment']} {formatting.estimate_text(r)}" for r in known])
    gap = service[service["quantity"] == f"{DIFFERENCE_BY}{TRUST_FRAME}"].to_dict("records")
    if not gap:
        return f"Trust: {said}."
    is_noise = gap[0]["low"] <= 0 <= gap[0]["high"]
    lowest = "no statistically significant difference" if is_noise else f"lowest for {known[0]['segment']}"
    return f"Trust, {lowest}: {said}."
