"""Text of satisfaction to money: what goes with ten points more satisfaction, and what could null it."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from helpers.actions.satisfaction_to_money import BOUGHT, EVERYBODY, MARGIN, POINTS, SatisfactionEffect
from helpers.foundation.results import Status
from helpers.reporting import formatting


def satisfaction_sentence(
    effects: Sequence[SatisfactionEffect], horizon_days: int, currency: str = ""
) -> tuple[str, ...]:
    """Return what a director can repeat, and how strong a common cause would have to be; or why nothing can be said.

    Parameters
    ----------
    effects : sequence of SatisfactionEffect
        As `satisfaction_effects` gives them.
    horizon_days : int
        Days after the answer [days].
    currency : str
        Of every amount.
    """
    by_outcome = {e.outcome: e for e in effects if e.adjusted.segment == EVERYBODY}
    bought, money = by_outcome[BOUGHT], by_outcome[MARGIN]
    if Status.OK not in (bought.adjusted.status, money.adjusted.status):
        return (f"What satisfaction goes with in money cannot be said: {money.adjusted.reason}.",)
    within = formatting.count_text(horizon_days, "day", "days")
    parts = [text for text in (_bought(bought), _margin(money, currency)) if text]
    return (f"Within {within} of an answer, customers who are {POINTS:g} points more satisfied "
            f"{formatting.join_words(parts)}, purchases before the answer being equal: an association, not an effect.",
            _strength(money if money.adjusted.status is Status.OK else bought))


def _bought(effect: SatisfactionEffect) -> str:
    found = effect.adjusted
    if found.status is not Status.OK:
        return ""
    low, high = (formatting.number(100 * x, 2) for x in (found.low, found.high))
    if found.low <= 0 <= found.high:
        return f"are not significantly more or less likely to buy again [{low}, {high}] percentage points"
    more = "more" if found.value > 0 else "less"
    return f"are {formatting.percentage_points(100 * abs(found.value))} [{low}, {high}] {more} likely to buy again"


def _margin(effect: SatisfactionEffect, currency: str) -> str:
    found, form = effect.adjusted, partial(formatting.money, currency=currency)
    if found.status is not Status.OK:
        return ""
    span = formatting.interval(found.low, found.high, form)
    if found.low <= 0 <= found.high:
        return f"do not bring significantly more or less margin {span}"
    return f"bring {form(abs(found.value))} {span} {'more' if found.value > 0 else 'less'} margin"


def _strength(effect: SatisfactionEffect) -> str:
    what = "margin" if effect.outcome == MARGIN else "buying again"
    if not effect.robustness_value_limit > 0:
        return "The interval includes no difference, so chance alone may explain it."
    return (f"To bring it to nothing, an unmeasured common cause would have to explain "
            f"{formatting.share(effect.robustness_value)} of what is left of both satisfaction and {what}; "
            f"{formatting.share(effect.robustness_value_limit)} would do to bring it within chance.")


def effect_rows(effects: Sequence[SatisfactionEffect], outcome: str) -> pd.DataFrame:
    """Return one outcome's effects by segment: segment, answers, crude, adjusted with limits, what could null it.

    Parameters
    ----------
    effects : sequence of SatisfactionEffect
        As `satisfaction_effects` gives them.
    outcome : str
        `BOUGHT` or `MARGIN`.
    """
    return pd.DataFrame([
        {"segment": e.adjusted.segment, "n": e.adjusted.n, "crude": e.crude.value, "adjusted": e.adjusted.value,
         "low": e.adjusted.low, "high": e.adjusted.high, "robustness_value": e.robustness_value,
         "robustness_value_limit": e.robustness_value_limit, "e_value": e.e_value}
        for e in effects if e.outcome == outcome and e.adjusted.status is Status.OK])
