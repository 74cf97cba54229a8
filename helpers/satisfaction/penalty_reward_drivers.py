"""Penalty–reward analysis of drivers, ordinal odds ratios, moderated paths.

References
----------
Mikulić & Prebežac (2008), Prioritizing improvement of service attributes using
impact range-performance analysis, *Managing Service Quality* 18, 559–576.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from helpers.foundation.errors import InputError
from helpers.foundation.results import Estimate, Status, no_estimate, strike
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.ecsi_model import SATISFACTION_CONSTRUCT, CompleteAnswers, NoPathModel
from helpers.stats import ordinal_logit, penalty_reward
from helpers.stats.bootstrap import percentile_interval, replicate_moments
from helpers.stats.confidence_intervals import Interval
from helpers.stats.pls_sem import pls_evaluation

LOW_SCORE, HIGH_SCORE = "low score against the middle", "high score against the middle"

DRIVER_ODDS_RATIO, MODERATION_LABEL = "odds of a higher answer, one standard deviation", "moderation"

BASIC_FACTOR, EXCITEMENT_FACTOR, PERFORMANCE_FACTOR, NEITHER_FACTOR = "basic", "excitement", "performance", "neither"

U_SHAPED, INVERTED_U, REVERSED, LOW_ABOVE, HIGH_BELOW = BENT_FORMS = (
    "U-shaped", "inverted U", "reversed", "low above", "high below")

UNSETTLED_FORM, FEW_AT_AN_END = "unsettled", "too few at an end"

ONLY_OTHERS_EQUAL = "{shape} only with the other drivers equal"

ONE_END_ALONE = "one end is shown by its own interval, not that the other counts less"

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
        Below zero and above it where it matters; without a value where too few people give such a score.
    kind : str
        *basic*: only the penalty counts, *excitement*: only the reward, *performance*: both, or *neither*; *U-shaped*
        and *inverted U*: both ends lie above, or below, the middle; *reversed*: the low end is above it, the high one
        below, *low above* and *high below*: that end alone; *unsettled*: one of these five, but another with no other
        driver held equal; *too few at an end*: a low or a high score is too rare; empty where the driver has no effect
        of its own.
    why : str
        Why the form is unsettled.
    """

    driver: str
    penalty: Estimate
    reward: Estimate
    kind: str
    why: str = ""


def _driver_means(known: CompleteAnswers) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the constructs that point to satisfaction, and their means, shape (n, k)."""
    names = tuple(start for start, end in known.model.arrows if end == SATISFACTION_CONSTRUCT)
    return names, np.array([_construct_mean(known, name) for name in names]).reshape(len(names), len(known.columns)).T


def _construct_mean(known: CompleteAnswers, name: str) -> np.ndarray:
    return known.columns[:, known.model.items_of(known.model.names.index(name))].mean(axis=1)


def penalty_reward_contrasts(
    known: CompleteAnswers | NoPathModel, draws: int, seed: int
) -> list[PenaltyReward] | NoPathModel:
    """Return the penalty–reward contrast of each driver: low and high scores against those between them.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `helpers.satisfaction.ecsi_model.complete_answers`.
    draws, seed : int
        Of the bootstrap.

    Notes
    -----
    One regression of satisfaction on a low and a high mark of every driver (`helpers.stats.penalty_reward`): the lowest
    and the highest ratings where a score takes few values, else thirds. An end with too few people has no value.
    Percentile intervals; they hold that thirds are estimates.
    """
    if isinstance(known, NoPathModel):
        return known
    names, means = _driver_means(known)
    if not names:
        return NoPathModel("nothing points to satisfaction", known.n)
    ends = penalty_reward.score_ends(means, known.rows.weights)
    if not ends.held.any():
        return NoPathModel("of no driver have low or high scores, and those between, people enough", known.n)
    beta = penalty_reward.end_contrasts(
        means, _construct_mean(known, SATISFACTION_CONSTRUCT), known.rows, ends, draws, seed)
    k = len(names)
    found = [_penalty_reward(name, (beta[:, j], beta[:, k + j]), known.n, _ends_in_words(means[:, j], ends.of(j)))
             for j, name in enumerate(names)]
    return [_settled(c, known, (means[:, [j]], ends.of(j)), draws, seed) for j, c in enumerate(found)]


def _ends_in_words(mean: np.ndarray, ends: penalty_reward.ScoreEnds) -> list[str]:
    """Return which scores of a driver are low and which high [0–100], and what an end lacks."""
    low, high = penalty_reward.end_indicators(mean[:, None], ends.cuts).T
    if not ends.are_ratings[0]:
        below, above = (f"{cut:.4g}" for cut in ends.cuts[:, 0])
        said = [f"scores below {below}, {int(low.sum()):,} people", f"scores above {above}, {int(high.sum()):,} people"]
    else:
        said = [f"ratings {_range_in_words(mean[part])}" if part.any() else "no such rating" for part in (low, high)]
    lacks = "people are too few there or between the ends"
    return [words if held else f"{words}: {lacks}" for words, held in zip(said, ends.held, strict=True)]


def _range_in_words(values: np.ndarray) -> str:
    least, most = f"{values.min():.4g}", f"{values.max():.4g}"
    return f"of {least}" if least == most else f"from {least} to {most}"


def _settled(
    found: PenaltyReward, known: CompleteAnswers, alone: tuple[np.ndarray, penalty_reward.ScoreEnds], draws: int,
    seed: int,
) -> PenaltyReward:
    """Return a contrast, its form unsettled where it is bent only as long as the other drivers are held equal."""
    if found.kind not in BENT_FORMS:
        return found
    outcome = _construct_mean(known, SATISFACTION_CONSTRUCT)
    low, high = penalty_reward.end_contrasts(alone[0], outcome, known.rows, alone[1], draws, seed).T
    is_same = _penalty_reward(found.driver, (low, high), known.n).kind == found.kind
    return found if is_same else replace(
        found, kind=UNSETTLED_FORM, why=ONLY_OTHERS_EQUAL.format(shape=found.kind))


def _penalty_reward(
    name: str, drawn: tuple[np.ndarray, np.ndarray], n: int, ends: Sequence[str] = ("", "")
) -> PenaltyReward:
    """Return the contrast of one driver from the coefficients of its two ends, which are NaN where one is not held."""
    made, signs = [], []
    for quantity, b, said in zip((LOW_SCORE, HIGH_SCORE), drawn, ends, strict=True):
        if np.isnan(b[0]):
            made.append(no_estimate(quantity, Status.INSUFFICIENT, said, unit="points", n=n, segment=name))
            continue
        i = percentile_interval(float(b[0]), b[1:])
        signs.append(_sign(i))
        made.append(Estimate(quantity, i.value, i.low, i.high, "points", n, name, reason=said))
    penalty, reward = made
    if len(signs) < len(made):
        return PenaltyReward(name, penalty, reward, FEW_AT_AN_END)
    kind, both = KIND_OF_SIGNS[signs[0], signs[1]], drawn[0] + drawn[1]
    if kind in (BASIC_FACTOR, EXCITEMENT_FACTOR) and not _sign(percentile_interval(float(both[0]), both[1:])):
        return PenaltyReward(name, penalty, reward, UNSETTLED_FORM, ONE_END_ALONE)  # not shown is not less
    return PenaltyReward(name, penalty, reward, kind)


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
        made.append(replace(c, penalty=penalty, reward=reward, kind="" if c.driver in struck else c.kind))
    return made


def penalty_reward_estimates(found: list[PenaltyReward] | NoPathModel) -> list[Estimate]:
    """Return penalties and rewards as rows of a long table."""
    if isinstance(found, NoPathModel):
        return [no_estimate(LOW_SCORE, Status.INSUFFICIENT, found.reason, unit="points", n=found.n)]
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
