"""Penalty–reward analysis of drivers, ordinal odds ratios, moderated paths.

References
----------
Mikulić & Prebežac (2008), Prioritizing improvement of service attributes using
impact range-performance analysis, *Managing Service Quality* 18, 559–576.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from helpers.foundation.errors import InputError
from helpers.foundation.results import Estimate, Status, no_estimate, strike
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.ecsi_model import SATISFACTION_CONSTRUCT, CompleteAnswers, NoPathModel
from helpers.stats import ordinal_logit, penalty_reward
from helpers.stats.bootstrap import percentile_interval, replicate_moments
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import FEW_PEOPLE
from helpers.stats.pls_sem import pls_evaluation

LOWEST_THIRD, HIGHEST_THIRD = "lowest third against the middle", "highest third against the middle"

DRIVER_ODDS_RATIO, MODERATION_LABEL = "odds of a higher answer, one standard deviation", "moderation"

BASIC_FACTOR, EXCITEMENT_FACTOR, PERFORMANCE_FACTOR, NEITHER_FACTOR = "basic", "excitement", "performance", "neither"

U_SHAPED, INVERTED_U, REVERSED, LOW_ABOVE, HIGH_BELOW = BENT_FORMS = (
    "U-shaped", "inverted U", "reversed", "low above", "high below")

UNSETTLED_FORM = "unsettled"

KIND_OF_SIGNS = {(-1, 1): PERFORMANCE_FACTOR, (-1, 0): BASIC_FACTOR, (0, 1): EXCITEMENT_FACTOR, (0, 0): NEITHER_FACTOR,
                 (1, 1): U_SHAPED, (-1, -1): INVERTED_U, (1, -1): REVERSED, (1, 0): LOW_ABOVE, (0, -1): HIGH_BELOW}

MAX_ANSWER_VALUES = 11

OF_ONE_QUESTION, UNEVEN_ODDS = "of one question, ", "odds differ between answers"


@dataclass(frozen=True, slots=True)
class PenaltyReward:
    """What a low and what a high score of one driver go with, against a middle one [points of satisfaction].

    Parameters
    ----------
    driver : str
        Which.
    penalty, reward : Estimate
        Below zero and above it where it matters.
    kind : str
        *basic*: only the penalty counts, *excitement*: only the reward, *performance*: both, or *neither*; *U-shaped*
        and *inverted U*: both ends lie above, or below, the middle; *reversed*: the low end is above it, the high one
        below, *low above* and *high below*: that end alone; *unsettled*: one of these five, but another with no other
        driver held equal; empty where the driver has no effect of its own.
    """

    driver: str
    penalty: Estimate
    reward: Estimate
    kind: str


def _driver_means(known: CompleteAnswers) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the constructs that point to satisfaction, and their means, shape (n, k)."""
    names = tuple(start for start, end in known.model.arrows if end == SATISFACTION_CONSTRUCT)
    return names, np.array([_construct_mean(known, name) for name in names]).reshape(len(names), len(known.columns)).T


def _construct_mean(known: CompleteAnswers, name: str) -> np.ndarray:
    return known.columns[:, known.model.items_of(known.model.names.index(name))].mean(axis=1)


def penalty_reward_contrasts(
    known: CompleteAnswers | NoPathModel, draws: int, seed: int
) -> list[PenaltyReward] | NoPathModel:
    """Return the penalty–reward contrast of each driver: the lowest and highest third against the middle one.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `helpers.satisfaction.ecsi_model.complete_answers`.
    draws, seed : int
        Of the bootstrap.

    Notes
    -----
    One regression of satisfaction on a low and a high mark of every driver; equal scores stay in one third, and a
    driver whose thirds cannot be told apart is left out. Percentile intervals; they hold that the thirds are estimates.
    """
    if isinstance(known, NoPathModel):
        return known
    names, means = _driver_means(known)
    if not names:
        return NoPathModel("nothing points to satisfaction", known.n)
    cuts = penalty_reward.tertile_cuts(means, known.rows.weights)
    marked = penalty_reward.tertile_indicators(means, cuts)
    counts = marked.sum(axis=0).reshape(2, -1)
    kept = (counts >= FEW_PEOPLE).all(axis=0) & (known.n - counts.sum(axis=0) >= FEW_PEOPLE)
    if not kept.any():
        return NoPathModel("no driver has thirty people in each third", known.n)
    beta = penalty_reward.tertile_contrasts(
        means[:, kept], _construct_mean(known, SATISFACTION_CONSTRUCT), known.rows, draws, seed
    )
    k = int(kept.sum())
    thirds = [_thirds_in_words(lower, upper, means[:, j].min()) for j, (lower, upper) in enumerate(cuts.T)]
    found = [_penalty_reward(names[place], beta[:, j], beta[:, k + j], known.n, thirds[place])
             for j, place in enumerate(np.flatnonzero(kept))]
    return [_settled(c, known, means[:, [j]], draws, seed) for c, j in zip(found, np.flatnonzero(kept), strict=True)]


def _thirds_in_words(lower: float, upper: float, least: float) -> tuple[str, str]:
    """Return which scores of a driver its lowest and its highest third hold [0–100]."""
    return f"scores {'below' if lower > least else 'of'} {lower:.4g}", f"scores above {upper:.4g}"


def _settled(
    found: PenaltyReward, known: CompleteAnswers, alone: np.ndarray, draws: int, seed: int
) -> PenaltyReward:
    """Return a contrast, its form unsettled where it is bent only as long as the other drivers are held equal."""
    if found.kind not in BENT_FORMS:
        return found
    outcome = _construct_mean(known, SATISFACTION_CONSTRUCT)
    low, high = penalty_reward.tertile_contrasts(alone, outcome, known.rows, draws, seed).T
    is_same = _penalty_reward(found.driver, low, high, known.n).kind == found.kind
    return found if is_same else replace(found, kind=UNSETTLED_FORM)


def _penalty_reward(
    name: str, low: np.ndarray, high: np.ndarray, n: int, thirds: tuple[str, str] = ("", "")
) -> PenaltyReward:
    penalty, reward = (percentile_interval(float(b[0]), b[1:]) for b in (low, high))
    kind = KIND_OF_SIGNS[_sign(penalty), _sign(reward)]
    is_one_sided = _sign(percentile_interval(float(low[0] + high[0]), low[1:] + high[1:])) != 0
    if kind in (BASIC_FACTOR, EXCITEMENT_FACTOR) and not is_one_sided:  # that an end is not shown makes it no less
        kind = UNSETTLED_FORM
    below = Estimate(LOWEST_THIRD, penalty.value, penalty.low, penalty.high, "points", n, name, reason=thirds[0])
    above = Estimate(HIGHEST_THIRD, reward.value, reward.low, reward.high, "points", n, name, reason=thirds[1])
    return PenaltyReward(name, below, above, kind)


def _sign(i: Interval) -> int:
    """Return the sign of an interval, 0 where it holds both."""
    return int(i.low > 0) - int(i.high < 0)


def strike_contrasts(found: list[PenaltyReward] | NoPathModel, struck: Mapping[str, str]) -> (
        list[PenaltyReward] | NoPathModel):
    """Return the contrasts without the values of the drivers that have no effect of their own.

    Parameters
    ----------
    found : list of PenaltyReward or NoPathModel
        From `penalty_reward_contrasts`.
    struck : mapping of str to str
        Drivers, each with its reason.
    """
    if isinstance(found, NoPathModel):
        return found
    made = []
    for c in found:
        penalty, reward = strike((c.penalty, c.reward), struck)
        made.append(PenaltyReward(c.driver, penalty, reward, "" if c.driver in struck else c.kind))
    return made


def penalty_reward_estimates(found: list[PenaltyReward] | NoPathModel) -> list[Estimate]:
    """Return penalties and rewards as rows of a long table."""
    if isinstance(found, NoPathModel):
        return [no_estimate(LOWEST_THIRD, Status.INSUFFICIENT, found.reason, unit="points", n=found.n)]
    return [e for c in found for e in (c.penalty, c.reward)]


def driver_odds_ratios(known: CompleteAnswers | NoPathModel) -> list[Estimate]:
    """Return, by ordinal logit, how the odds of a higher answer to one satisfaction question go with each driver.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `helpers.satisfaction.ecsi_model.complete_answers`; the question is the satisfaction one
        with the fewest answers.
    """
    if isinstance(known, NoPathModel):
        return [no_estimate(DRIVER_ODDS_RATIO, Status.INSUFFICIENT, known.reason, unit="times", n=known.n)]
    names, means = _driver_means(known)
    part = known.columns[:, known.model.items_of(known.model.names.index(SATISFACTION_CONSTRUCT))]
    counts = [len(np.unique(column)) for column in part.T]
    asked = known.model.blocks[SATISFACTION_CONSTRUCT][int(np.argmin(counts))]
    answers = part[:, int(np.argmin(counts))]
    if min(counts) > MAX_ANSWER_VALUES or not names:
        reason = f"{min(counts)} different answers: not an ordinal question" if names else "nothing points to it"
        return [no_estimate(DRIVER_ODDS_RATIO, Status.NOT_APPLICABLE, reason, unit="times", n=known.n)]
    weights = known.rows.weights
    among = replicate_moments(means, weights[None])
    scaled = (means - among.mean[0]) / np.sqrt(np.diag(among.covariance[0]) * (1 - 1 / known.n))
    replicas = known.rows.draws()[1:] if known.rows.replicas is not None else None
    found = ordinal_logit.fit_ordinal_logit(scaled, answers, weights, replicas)
    if not found.is_settled:
        return [no_estimate(DRIVER_ODDS_RATIO, Status.INSUFFICIENT, "a driver parts the answers perfectly", n=known.n)]
    against = ordinal_logit.proportional_odds_p_value(scaled, answers, weights, replicas)
    notes = [f"{OF_ONE_QUESTION}{asked}"] * (part.shape[1] > 1)
    notes += [f"{UNEVEN_ODDS} (p {against:.2g})"] * (against < 0.01)
    made = [found.odds_ratio(j) for j in range(len(names))]
    return [Estimate(DRIVER_ODDS_RATIO, i.value, i.low, i.high, "times", known.n, name, reason="; ".join(notes))
            for name, i in zip(names, made, strict=True)]


def moderated_paths(known: CompleteAnswers | NoPathModel, assumed: SatisfactionConfig, seed: int) -> list[Estimate]:
    """Return how much each declared moderator bends an arrow of the path model.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `helpers.satisfaction.ecsi_model.complete_answers`.
    assumed : SatisfactionConfig
        Moderations as ``Image * Satisfaction > Loyalty``; resamples.
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        If a moderation cannot be read or names an unknown construct.
    """
    if isinstance(known, NoPathModel):
        return [no_estimate(MODERATION_LABEL, Status.INSUFFICIENT, known.reason, n=known.n)]
    if not assumed.moderations:
        return [no_estimate(MODERATION_LABEL, Status.NOT_APPLICABLE, "the study declares no moderation", n=known.n)]
    made = []
    for text in assumed.moderations:
        names = parse_moderation(text, known.model.names)
        weights = None if known.rows.replicas is None else known.rows.draws()
        found = pls_evaluation.moderation_effect(known.model, known.columns, names, assumed.resamples, seed, weights)
        made += _moderated_path(names, found, known.n)
    return made


def _moderated_path(names: tuple[str, str, str], found: pls_evaluation.ModerationEffect, n: int) -> list[Estimate]:
    moderator, start, end = names
    rows = {
        f"{MODERATION_LABEL} by {moderator}": found.product,
        f"path where {moderator} is low (−1 SD)": found.where_low,
        f"path where {moderator} is high (+1 SD)": found.where_high,
    }
    of = {q: percentile_interval(float(x[0]), x[1:]) for q, x in rows.items()}
    return [Estimate(q, i.value, i.low, i.high, "standard deviations", n, f"{start} → {end}") for q, i in of.items()]


def parse_moderation(text: str, constructs: tuple[str, ...]) -> tuple[str, str, str]:
    """Return moderator, start and end of ``Image * Satisfaction > Loyalty``.

    Raises
    ------
    InputError
        If it cannot be read.

    Examples
    --------
    >>> parse_moderation("Image * Satisfaction > Loyalty", ("Image", "Satisfaction", "Loyalty"))
    ('Image', 'Satisfaction', 'Loyalty')
    """
    moderator, star, rest = text.partition("*")
    start, arrow, end = rest.partition(">")
    names = moderator.strip(), start.strip(), end.strip()
    if not (star and arrow) or len(set(names)) < 3 or not set(names) <= set(constructs):
        raise InputError("satisfaction.moderations", f"'{text}' cannot be read", "'Image * Satisfaction > Loyalty', of "
                         "the constructs " + ", ".join(constructs))
    return names
