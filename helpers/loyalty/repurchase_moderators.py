"""Moderators of the association of satisfaction and repurchase: competition, switching cost, programme, quality."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.results import PERCENTAGE_POINTS, Estimate, Status, no_estimate, strike
from helpers.loyalty.monotone_logistic import effective_weights
from helpers.stats import logistic_regression, multiple_testing
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import people_text
from helpers.stats.logistic_regression import LogisticFit

COMPETITION_MODERATOR, SWITCHING_MODERATOR, PROGRAMME_MODERATOR, QUALITY_MODERATOR = LINK_MODERATORS = (
    "competition", "switching cost", "programme", "perceived quality")

MODERATOR_COLUMNS: Mapping[str, str] = {
    COMPETITION_MODERATOR: "alternatives",
    SWITCHING_MODERATOR: "switching_cost",
    PROGRAMME_MODERATOR: "is_member",
    QUALITY_MODERATOR: "quality",
}

INTERACTION = "interaction with satisfaction"

MODERATOR_EFFECT, EFFECT_AT_LOW, EFFECT_AT_HIGH, EFFECT_CHANGE = (
    "association of the moderator itself",
    "association of ten points of satisfaction, moderator low",
    "association of ten points of satisfaction, moderator high",
    "difference of the two associations",
)

NO_REPURCHASE = "no repurchase of those who answered is recorded"

ADJUSTED_P = "p of the difference, adjusted"

MIN_PEOPLE_PER_MODERATOR, MIN_EVENTS_PER_MODERATOR = 200, 40

SATISFACTION_STEP = 10.0

SATISFACTION_PIVOT = 60.0


def moderator_estimates(came: pd.DataFrame, said: pd.DataFrame, struck: str = "") -> list[Estimate]:
    """Return, for each moderator, its interaction with satisfaction and what it changes, as average marginal effects.

    Parameters
    ----------
    came : DataFrame
        From `helpers.loyalty.satisfaction_loyalty_link.repurchase_after_answer`.
    said : DataFrame
        Grain customer: ``customer_id, alternatives, switching_cost, quality`` [0–100]``, is_member``; NaN where not
        known.
    struck : str
        Why the satisfaction score itself is not reported; empty where it stands.

    Returns
    -------
    list of Estimate
        Segment: the moderator. ``interaction``: change of the logit's slope for ten points of satisfaction between a
        moderator at 0 and at 100 (not a member and a member) — γ for switching cost. Effects are differences in the
        share who come back, in points: of satisfaction ten points higher, at the moderator's lower and upper quartile,
        and their difference, with its p-value adjusted over the moderators (Holm); of the moderator itself between its
        quartiles. All are associations.

    Notes
    -----
    Logistic regression on satisfaction (to the third power, so that a bend is not taken for an interaction), moderator
    and their product, one moderator at a time; delta method.
    """
    table = came.merge(said, on="customer_id", how="left")
    rows = [row for name in LINK_MODERATORS for row in _moderator_estimates(table, name)]
    rows += _adjusted_p_values([row for row in rows if row.quantity == EFFECT_CHANGE and row.status is Status.OK])
    return strike(rows, dict.fromkeys(LINK_MODERATORS, struck) if struck else {})


def _moderator_estimates(table: pd.DataFrame, name: str) -> list[Estimate]:
    known = table[table[MODERATOR_COLUMNS[name]].notna()]
    score, moderator = known["satisfaction"].to_numpy(float), known[MODERATOR_COLUMNS[name]].to_numpy(float)
    y = known["returned"].to_numpy(float)
    scaled = moderator if name == PROGRAMME_MODERATOR else moderator / 100
    quarters = (
        (0.0, 1.0)
        if name == PROGRAMME_MODERATOR
        else tuple(np.quantile(scaled, [0.25, 0.75]))
        if len(scaled)
        else (0, 0)
    )
    reason = _why_not_moderated(len(table), y, scaled, quarters)
    weights = effective_weights(known["weight"].to_numpy(float))
    fit = None if reason else logistic_regression.fit_logistic_regression(
        _interaction_design(score, scaled), y, weights)
    if fit is None:
        reason = reason or "the outcome is told entirely"
        units = {
            INTERACTION: "logits",
            **dict.fromkeys((MODERATOR_EFFECT, EFFECT_AT_LOW, EFFECT_AT_HIGH, EFFECT_CHANGE), PERCENTAGE_POINTS),
        }
        return [no_estimate(q, Status.INSUFFICIENT, reason, unit=unit, n=len(y), segment=name)
                for q, unit in units.items()]
    found = {q: i.times(100) for q, i in _marginal_effects(fit, score, scaled, quarters, weights).items()}
    gamma = fit.interval(5).times(SATISFACTION_STEP)
    rows = [Estimate(INTERACTION, gamma.value, gamma.low, gamma.high, "logits", len(y), name)]
    return rows + [Estimate(q, i.value, i.low, i.high, PERCENTAGE_POINTS, len(y), name) for q, i in found.items()]


def _adjusted_p_values(differences: Sequence[Estimate]) -> list[Estimate]:
    """Return the p-values of normal differences, adjusted by Holm."""
    spread = np.array([row.high - row.low for row in differences]) / (2 * stats.norm.ppf(0.975))
    p = 2 * stats.norm.sf(np.abs([row.value for row in differences]) / spread)
    return [Estimate(ADJUSTED_P, float(q), unit="p", n=row.n, segment=row.segment)
            for row, q in zip(differences, multiple_testing.holm(p), strict=True)]


def _why_not_moderated(n_followed: int, y: np.ndarray, scaled: np.ndarray, quarters: tuple[float, float]) -> str:
    if not n_followed:
        return NO_REPURCHASE
    if not len(y):
        return "it was not asked, or is not recorded"
    if len(y) < MIN_PEOPLE_PER_MODERATOR:
        return f"{people_text(len(y))} people; {MIN_PEOPLE_PER_MODERATOR} are needed"
    if min(y.sum(), len(y) - y.sum()) < MIN_EVENTS_PER_MODERATOR:
        return f"fewer than {MIN_EVENTS_PER_MODERATOR} people came back, or stayed away"
    return "it is the same for nearly all" if quarters[0] == quarters[1] or np.ptp(scaled) == 0 else ""


def _interaction_design(score: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    s = (score - SATISFACTION_PIVOT) / 25
    return np.column_stack([np.ones(len(s)), s, s**2, s**3, scaled, scaled * (score - SATISFACTION_PIVOT)])


def _marginal_effects(fit: LogisticFit, score: np.ndarray, scaled: np.ndarray, quarters: tuple[float, float],
                      weights: np.ndarray) -> dict[str, Interval]:
    more = np.minimum(score + SATISFACTION_STEP, 100)
    less = more - SATISFACTION_STEP
    low, high = (np.full(len(score), q) for q in quarters)
    at = {
        (s, q): _interaction_design(v, m)
        for s, v in (("less", less), ("more", more))
        for q, m in (("low", low), ("high", high))
    }
    ends = [(-1.0, _interaction_design(score, low)), (1.0, _interaction_design(score, high))]
    pairs = {q: [(-1.0, at["less", q]), (1.0, at["more", q])] for q in ("low", "high")}
    return {
        MODERATOR_EFFECT: fit.margins(ends, weights),
        EFFECT_AT_LOW: fit.margins(pairs["low"], weights),
        EFFECT_AT_HIGH: fit.margins(pairs["high"], weights),
        EFFECT_CHANGE: fit.margins([*((-w, d) for w, d in pairs["low"]), *pairs["high"]], weights),
    }
