"""Text on loyalty online: promises of delivery, visits, channels, trust."""

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Status
from helpers.loyalty import web_behaviour
from helpers.reporting import formatting
from helpers.reporting.text.loyalty import is_reported, quantity_row, share_text
from helpers.satisfaction.item_frameworks import DIFFERENCE_BY, SCORE_BY
from helpers.stats.disclosure_control import is_hidden

TRUST_FRAME = "trust"

ALIKE_LEVEL = 0.05


def delivery_promise_sentence(service: pd.DataFrame) -> str:
    """Return how many promises of delivery are kept, and what goes with it; empty where none is recorded."""
    kept, gap = (
        quantity_row(service, web_behaviour.PROMISES_KEPT),
        quantity_row(service, web_behaviour.RETURN_DIFFERENCE),
    )
    if not is_reported(kept):
        return ""
    due = formatting.count_text(kept["n"], "promised delivery", "promised deliveries")
    text = f"{formatting.estimate_text(kept)} of {due} came by the day, over all the time on record."
    if not is_reported(gap):
        return f"{text} Whether broken promises go with fewer returns cannot be said: {gap['reason']}."
    late, good = (
        quantity_row(service, web_behaviour.RETURN_AFTER_BROKEN_PROMISE),
        quantity_row(service, web_behaviour.RETURN_AFTER_KEPT_PROMISE),
    )
    parts = [share_text({**r, "low": None, "high": None}) for r in (late, good)]
    both = f"{parts[0]} came back after a broken promise, {parts[1]} after a kept promise"
    if any(is_hidden(r["value"] * r["n"]) for r in (late, good)):
        return f"{text} {formatting.sentence_case(both)}."
    if gap["low"] <= 0 <= gap["high"]:
        return f"{text} {both}: no statistically significant difference ({formatting.estimate_text(gap)})."
    fewer, sign = ("fewer", -1) if gap["value"] < 0 else ("more", 1)
    low, high = sorted([sign * gap["low"], sign * gap["high"]])
    return (
        f"{text} {both}, {fewer} by {formatting.points(abs(gap['value']))} "
        f"{formatting.interval(low, high, formatting.points)}: an "
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
        f"A customer who visits comes on {formatting.estimate_text(often)} days a month and looks at "
        f"{formatting.estimate_text(deep)} "
        "things a day"
    )
    wait = (
        f"; from first look to purchase half take {formatting.estimate_text(choose)} days or less"
        if is_reported(choose)
        else ""
    )
    return f"{text}{wait}."


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
    start = f"Customers who bought again, by the channel of their first order: {formatting.join_words(each)}"
    test = next((r for r in service[service["quantity"] == web_behaviour.CHANNEL_TEST].to_dict("records")), None)
    if test is None or not is_reported(test):
        return f"{start}."
    differ = "" if test["value"] < ALIKE_LEVEL else "no "
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
