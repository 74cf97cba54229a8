"""What loosens or tightens the tie of satisfaction and coming back: competition, switching cost, programme, quality."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import logistic
from helpers.methods.disclosure_control import told
from helpers.methods.intervals import Interval
from helpers.methods.logistic import Logistic

COMPETITION, SWITCHING, PROGRAMME, QUALITY = MODERATORS = (
    "competition", "switching cost", "programme", "sensitivity to quality")
COLUMNS: Mapping[str, str] = {COMPETITION: "alternatives", SWITCHING: "switching_cost", PROGRAMME: "is_member",
                              QUALITY: "quality"}
GAMMA = "interaction with satisfaction"
DIRECT, WEAK, STRONG, CHANGE = ("effect of the moderator itself", "effect of ten points of satisfaction, moderator low",
                                "effect of ten points of satisfaction, moderator high",
                                "difference of the two effects")
LEAST_PEOPLE, LEAST_EVENTS = 200, 40
STEP = 10.0
PIVOT = 60.0


def moderators(came: pd.DataFrame, said: pd.DataFrame) -> list[Estimate]:
    """Return, for each moderator, its interaction with satisfaction and what it changes, as average marginal effects.

    Parameters
    ----------
    came : DataFrame
        From `helpers.loyalty.returns.returns`.
    said : DataFrame
        Grain customer: ``customer_id, alternatives, switching_cost, quality`` [0–100]``, is_member``; NaN where not
        known.

    Returns
    -------
    list of Estimate
        Segment: the moderator. ``interaction``: change of the logit's slope for ten points of satisfaction between a
        moderator at 0 and at 100 (not a member and a member) — γ for switching cost. Effects are differences in the
        share who come back, in points: of satisfaction ten points higher, at the moderator's lower and upper quartile,
        and their difference; of the moderator itself between its quartiles. All are associations.

    Notes
    -----
    Logistic regression on satisfaction (to the third power, so that a bend is not taken for an interaction), moderator
    and their product, one moderator at a time; delta method.
    """
    table = came.merge(said, on="customer_id", how="left")
    return [row for name in MODERATORS for row in _moderated(table, name)]


def _moderated(table: pd.DataFrame, name: str) -> list[Estimate]:
    known = table[table[COLUMNS[name]].notna()]
    score, moderator = known["satisfaction"].to_numpy(float), known[COLUMNS[name]].to_numpy(float)
    y = known["returned"].to_numpy(float)
    scaled = moderator if name == PROGRAMME else moderator / 100
    quarters = (0.0, 1.0) if name == PROGRAMME else tuple(np.quantile(scaled, [0.25, 0.75])) if len(scaled) else (0, 0)
    reason = _lacks(y, scaled, quarters)
    fit = None if reason else logistic.fitted(_design(score, scaled), y)
    if fit is None:
        reason = reason or "the outcome is told entirely"
        units = {GAMMA: "logits", **dict.fromkeys((DIRECT, WEAK, STRONG, CHANGE), "points")}
        return [without_value(q, Status.INSUFFICIENT, reason, unit=unit, n=len(y), segment=name)
                for q, unit in units.items()]
    found = {q: i.times(100) for q, i in _effects(fit, score, scaled, quarters).items()}
    gamma = fit.interval(5).times(STEP)
    rows = [Estimate(GAMMA, gamma.value, gamma.low, gamma.high, "logits", len(y), name)]
    return rows + [Estimate(q, i.value, i.low, i.high, "points", len(y), name) for q, i in found.items()]


def _lacks(y: np.ndarray, scaled: np.ndarray, quarters: tuple[float, float]) -> str:
    if not len(y):
        return "it was not asked, or is not recorded"
    if len(y) < LEAST_PEOPLE:
        return f"{told(len(y))} people; {LEAST_PEOPLE} are needed"
    if min(y.sum(), len(y) - y.sum()) < LEAST_EVENTS:
        return f"fewer than {LEAST_EVENTS} people came back, or stayed away"
    return "it is the same for nearly all" if quarters[0] == quarters[1] or np.ptp(scaled) == 0 else ""


def _design(score: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    s = (score - PIVOT) / 25
    return np.column_stack([np.ones(len(s)), s, s**2, s**3, scaled, scaled * (score - PIVOT)])


def _effects(fit: Logistic, score: np.ndarray, scaled: np.ndarray,
             quarters: tuple[float, float]) -> dict[str, Interval]:
    more = np.minimum(score + STEP, 100)
    less = more - STEP
    low, high = (np.full(len(score), q) for q in quarters)
    at = {(s, q): _design(v, m) for s, v in (("less", less), ("more", more)) for q, m in (("low", low), ("high", high))}
    ends = [(-1.0, _design(score, low)), (1.0, _design(score, high))]
    pairs = {q: [(-1.0, at["less", q]), (1.0, at["more", q])] for q in ("low", "high")}
    return {DIRECT: fit.margins(ends), WEAK: fit.margins(pairs["low"]), STRONG: fit.margins(pairs["high"]),
            CHANGE: fit.margins([*((-w, d) for w, d in pairs["low"]), *pairs["high"]])}


def shown(rows: list[Estimate]) -> pd.DataFrame:
    """Return what changes the tie, one row a moderator that is known: ``moderator, value, low, high`` [points]."""
    kept = [e for e in rows if e.quantity == CHANGE and e.status is Status.OK]
    return pd.DataFrame([{"moderator": e.segment, "value": e.value, "low": e.low, "high": e.high} for e in kept],
                        columns=["moderator", "value", "low", "high"])
