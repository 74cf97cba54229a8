"""The planted curve from observed satisfaction to buying again, moderated by switching cost.

Who buys again follows from the purchases alone, so that they keep their law. The answers are then drawn given who
bought again: with P(S, C | bought) ∝ p(S, C) g(S, C) and P(S, C | did not) ∝ p(S, C) (1 − g(S, C)), Bayes' rule gives
P(bought | S, C) the logit of g plus a constant, which is exactly the planted curve. Within both groups the order of
what people feel is kept.
"""

import numpy as np
from scipy.special import expit

from helpers.intake.simulation.planted import Curve
from helpers.intake.simulation.purchases import Orders
from helpers.intake.simulation.world import DAY

STEPS = 60


def logit(curve: Curve, satisfaction: np.ndarray, switching: np.ndarray) -> np.ndarray:
    """Return the planted logit of buying again but for its constant.

    Parameters
    ----------
    curve : Curve
        Knots, slopes, moderation.
    satisfaction, switching : ndarray
        Observed scores [0–100], of one shape or broadcast.
    """
    low, high = curve.knots
    parts = (np.minimum(satisfaction, low), np.clip(satisfaction - low, 0, high - low),
             np.maximum(satisfaction - high, 0))
    locked = switching / 100 - 0.5
    return (sum(slope * part for slope, part in zip(curve.slopes, parts, strict=True))
            + curve.switching * locked + curve.gamma * locked * (satisfaction - curve.pivot))


def constant(logits: np.ndarray, share: float) -> float:
    """Return what is to be added to logits so that their mean probability is a share."""
    low, high = -50.0, 50.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(middle + logits).mean() < share else (low, middle)
    return (low + high) / 2


def bought_again(curve: Curve, made: Orders, who: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return who ordered within the horizon after a moment, the day itself not counted.

    Parameters
    ----------
    curve : Curve
        For the horizon.
    made : Orders
        Orders of the block.
    who, at : ndarray, shape (n,)
        Row of the customer, and seconds since the first day's midnight.
    """
    span = 1 << 20
    key = np.sort(made.who * span + made.at // DAY)
    start = who * span + at // DAY
    following = np.append(key, np.iinfo("int64").max)[np.searchsorted(key, start, side="right")]
    return following <= start + curve.horizon_days


def coupled(rng: np.random.Generator, group: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return uniform draws that, within each group, stand in the order of a key."""
    draws = rng.random(len(key))
    found = np.empty(len(key))
    found[np.lexsort((key, group))] = draws[np.lexsort((draws, group))]
    return found


def satisfied(rng: np.random.Generator, score: np.ndarray, chance: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Return for each answer the answer whose score it takes over, so that who bought again follows the curve.

    Parameters
    ----------
    rng : Generator
        Draws.
    score : ndarray, shape (n,)
        Scores as felt; their distribution is kept.
    chance : ndarray, shape (n,)
        Planted chance of buying again at each score.
    again : ndarray of bool, shape (n,)
        Who did.
    """
    order = np.lexsort((rng.random(len(score)), score))
    found = np.empty(len(score), "int64")
    for group, weight in ((True, chance), (False, 1 - chance)):
        members = order[again[order] == group]
        rising = np.cumsum(weight[order])
        place = np.searchsorted(rising / rising[-1], np.sort(rng.random(len(members)))) if len(members) else members
        found[members] = order[np.minimum(place, len(order) - 1)]
    return found


def chosen(u: np.ndarray, prior: np.ndarray, chance: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Return the level that each uniform draw picks, of levels with a prior and a planted chance each.

    Parameters
    ----------
    u : ndarray, shape (n,)
        Uniform draws.
    prior : ndarray, shape (n_levels,)
        Distribution of the levels.
    chance : ndarray, shape (n, n_levels)
        Planted chance of buying again at each level.
    again : ndarray of bool, shape (n,)
        Who did.
    """
    weight = np.cumsum(prior * np.where(again[:, None], chance, 1 - chance), axis=1)
    return np.minimum((weight < u[:, None] * weight[:, -1:]).sum(axis=1), len(prior) - 1)
