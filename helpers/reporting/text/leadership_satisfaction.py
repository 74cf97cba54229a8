"""Text of the leadership page on satisfaction: whether what customers do moves with it, and what would show a cause."""

import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from helpers.actions.campaigns import SMALL_DIFFERENCE
from helpers.experiments import power
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import leadership_retention as leadership_retention_text
from helpers.reporting.text import satisfaction as satisfaction_text
from helpers.reporting.text.leadership import cannot
from helpers.reporting.translation import localised, message, translatable

VERDICTS = {  # by the sign of what customers do beside what they say, 0 where it is not clear
    1: translatable("It moves with it between customers"), 0: translatable("It does not clearly move with it"),
    -1: translatable("It moves against it between customers"),
}

MOVES = {  # by the sign of a rank correlation, 0 where its interval includes zero
    0: translatable("does not clearly move with"), 1: translatable("moves with"), -1: translatable("moves against"),
}

STRENGTHS = ((0.1, translatable("very weakly")), (0.3, translatable("weakly")), (0.5, translatable("moderately")),
             (math.inf, translatable("strongly")))  # size of a correlation below which a word holds (Cohen 1988)

HOLDS = "holds"  # verdict on a claim

CAME_BACK = re.compile(r"Within (?P<n>[\d,]+) days (?P<share>.+) of the (?P<which>least|most) satisfied 15 % "
                       r"repurchased, (?P<middle>.+) of the middle 70 %\.")

BASE = leadership_retention_text.BASE


def satisfaction_answer(results: RunResults) -> str | tuple[str, ...]:
    """Return whether satisfaction causes what customers do or moves with it, the year, and what would show a cause."""
    if not results.has("results/satisfaction_index"):
        return " ".join((cannot(translatable("no survey is recorded")), message(
            "It takes a survey of customers known by their id, whose answers stand beside their purchases; that it "
            "causes anything would take customers made more satisfied at random.")))
    found = results.estimate("results/loyalty_matrix", "rank correlation of attitude and behaviour")
    if found.status is not Status.OK:
        apart = translatable("no answers can be joined with orders of the same customers")
        return cannot(found.reason if found.n else apart)
    side = leadership_retention_text.side(found)
    strength = next(word for limit, word in STRENGTHS if abs(found.value) < limit)
    moves = message("How much customers buy {moves} their attitude, what they say of us, {strength} (rank correlation "
                    "{correlation}, {n} customers).", moves=MOVES[side], strength=strength,
                    correlation=results.said(found), n=formatting.whole(found.n))
    returned = _returned(results)
    apart = message("Whether they come back and how much they buy are two things.") if len(returned) else ""
    said = " ".join(filter(None, (*_came_back(returned), moves, apart)))
    sign = _verdict_side(side, returned)
    verdict = message("{verdict}; that it causes it cannot be said, because nobody was made more satisfied at random.",
                      verdict=VERDICTS[sign])
    year = _over_the_year(results, sign)
    verdict = " ".join(filter(None, (verdict, year[0])))
    return tuple(filter(None, (verdict, " ".join(filter(None, (said, year[1]))), _trial(results))))


def _came_back(returned: pd.DataFrame) -> tuple[str, ...]:
    """Return how many of the least, the middle and the most satisfied came back, in one sentence where both tell it."""
    told = [str(text) for text in returned.get("sentence", ())]
    parts = [found for text in told if (found := CAME_BACK.fullmatch(text))]
    if len(told) != 2 or len(parts) != 2 or len({(part["n"], part["middle"]) for part in parts}) > 1:
        return tuple(localised(text) for text in told)
    by = {part["which"]: part["share"] for part in parts}
    return (message("Within {n} days {least} of the least satisfied 15 % repurchased, {middle} of the middle 70 % "
                    "and {most} of the most satisfied 15 %.", n=parts[0]["n"], middle=parts[0]["middle"],
                    least=by.get("least", ""), most=by.get("most", "")),)


def _verdict_side(side: int, returned: pd.DataFrame) -> int:
    """Return the sign of what customers do beside what they say: how much they buy, and whether they come back."""
    signs = {side} | ({1} if len(returned) and returned["verdict"].eq(HOLDS).any() else set())
    return 0 if signs >= {1, -1} else sum(signs)


def _over_the_year(results: RunResults, side: int) -> tuple[str, str]:
    """Return whether satisfaction and retention went apart within a year, and by how much each; empty without a wave.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    side : int
        Sign of what customers do beside what they say.
    """
    if not (row := satisfaction_text.year_change_row(results.frame("results/satisfaction_index"))):
        return "", ""
    since = str(row["reason"]).removeprefix("since wave ").partition("; ")[0]
    amount = f"{formatting.points(row['value'])} {formatting.interval(row['low'], row['high'], formatting.points)}"
    compared = leadership_retention_text.year_comparison(results)
    is_clear = not row["low"] <= 0 <= row["high"]
    if not (compared and is_clear and (kept := leadership_retention_text.side(compared[0]))):
        return "", message("Satisfaction itself changed by {amount} since wave {wave}, a year before.", wave=since,
                           amount=amount)
    change = compared[0]
    told = message("Over the year satisfaction {satisfaction} since wave {wave}, retention {retention}.", wave=since,
                   satisfaction=_moved(row["value"], amount.removeprefix("−"), row),
                   retention=_moved(change.value, formatting.share_change_text(change).removeprefix("−"),
                                    {"low": 100 * change.low, "high": 100 * change.high}))
    if kept * row["value"] > 0:
        return message("Over the year both went the same way, which shows no cause."), told
    if side != 1:
        return message("Over the year they went apart."), told
    return (message("Over the year they went apart, so satisfaction does not explain the rise in retention.")
            if kept > 0 else
            message("Over the year they went apart, so satisfaction does not explain the fall in retention.")), told


def _moved(value: float, amount: str, ends: Mapping[str, Any]) -> str:
    """Return a change that its interval tells from none, with its direction and its size."""
    if value > 0:
        return message("rose by {amount}", amount=amount)
    size = amount.partition(" [")[0]
    return message("fell by {amount}",
                   amount=f"{size} {formatting.interval(-ends['high'], -ends['low'], formatting.points)}")


def _trial(results: RunResults) -> str:
    """Return what trial would show a cause; of about how many customers, where it is known how many buy again.

    By a small difference: that between the most and the least satisfied is not what better service could bring.
    """
    kept, days = results.estimate(BASE, leadership_retention_text.BY_COUNT), results.estimate(BASE, "period_length")
    if kept.status is not Status.OK or days.status is not Status.OK or not 0 < kept.value < 1:
        return message("What would show it: serve customers drawn at random better, and compare how many of them and "
                       "of the others buy again.")
    n = power.required_sample_size(SMALL_DIFFERENCE, math.sqrt(kept.value * (1 - kept.value)))
    return message("What would show it: serve a random half of about {n} customers better, and compare how many buy "
                   "again within {period}. So many show a difference of {difference} with {power} power.",
                   n=formatting.whole(10 * math.ceil(n / 10)),
                   period=formatting.count_text(int(days.value), "day", "days"),
                   difference=formatting.percentage_points(100 * SMALL_DIFFERENCE),
                   power=f"{100 * power.TARGET_POWER:.0f} %")


def _returned(results: RunResults) -> pd.DataFrame:
    """Return how many of the least and of the most satisfied came back, where that is counted; else nothing.

    That the least satisfied look elsewhere cannot be told from their purchases; how many came back can.
    """
    claims = results.frame("results/loyalty_claims")
    if claims.empty:
        return claims
    return claims[claims["claim"].str.contains("satisfied 15 %") & claims["sentence"].str.contains("repurchased")]
