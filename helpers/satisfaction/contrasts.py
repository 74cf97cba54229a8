"""Other ways to look at the drivers: penalty and reward, odds of a higher answer, moderation; each beside their shares.

References
----------
Mikulić & Prebežac (2008), Prioritizing improvement of service attributes using
impact range-performance analysis, *Managing Service Quality* 18, 559–576.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError
from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import moderation, ordinal, thirds
from helpers.methods.disclosure_control import FEW_PEOPLE
from helpers.methods.resampling import moments, percentiles
from helpers.satisfaction.assumptions import Assumptions
from helpers.satisfaction.structure import SATISFACTION, Absent, Panel

PENALTY, REWARD = "penalty of a low score", "reward of a high score"
ODDS, MODERATED = "odds of a higher answer, one standard deviation", "moderation"
BASIC, EXCITES, BOTH, NEITHER = "basic", "excitement", "performance", "neither"
MOST_ANSWERS = 11


@dataclass(frozen=True, slots=True)
class Contrast:
    """What a low and what a high score of one driver go with, against a middle one [points of satisfaction].

    Parameters
    ----------
    driver : str
        Which.
    penalty, reward : Estimate
        Below zero and above it where it matters.
    kind : str
        *basic*: only the penalty counts, *excitement*: only the reward, *performance*: both, or *neither*.
    """

    driver: str
    penalty: Estimate
    reward: Estimate
    kind: str


def _drivers(known: Panel) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the constructs that point to satisfaction, and their means, shape (n, k)."""
    names = tuple(start for start, end in known.model.arrows if end == SATISFACTION)
    return names, np.array([_mean_of(known, name) for name in names]).reshape(len(names), len(known.columns)).T


def _mean_of(known: Panel, name: str) -> np.ndarray:
    return known.columns[:, known.model.items_of(known.model.names.index(name))].mean(axis=1)


def penalty_reward(known: Panel | Absent, draws: int, seed: int) -> list[Contrast] | Absent:
    """Return the penalty–reward contrast of each driver: the lowest and highest third against the middle one.

    Parameters
    ----------
    known : Panel or Absent
        From `helpers.satisfaction.structure.panel`.
    draws, seed : int
        Of the bootstrap.

    Notes
    -----
    One regression of satisfaction on a low and a high mark of every driver; equal scores stay in one third, and a
    driver whose thirds cannot be told apart is left out. Percentile intervals; they hold that the thirds are estimates.
    """
    if isinstance(known, Absent):
        return known
    names, means = _drivers(known)
    if not names:
        return Absent("nothing points to satisfaction", known.n)
    marked = thirds.marks(means, thirds.cuts(means, known.rows.weights))
    counts = marked.sum(axis=0).reshape(2, -1)
    kept = (counts >= FEW_PEOPLE).all(axis=0) & (known.n - counts.sum(axis=0) >= FEW_PEOPLE)
    if not kept.any():
        return Absent("no driver has thirty people in each third", known.n)
    beta = thirds.contrasts(means[:, kept], _mean_of(known, SATISFACTION), known.rows, draws, seed)
    k = int(kept.sum())
    return [_contrast(name, beta[:, j], beta[:, k + j], known.n)
            for j, name in enumerate(np.array(names, dtype=object)[kept])]


def _contrast(name: str, low: np.ndarray, high: np.ndarray, n: int) -> Contrast:
    penalty, reward = (percentiles(float(b[0]), b[1:]) for b in (low, high))
    kind = {(True, True): BOTH, (True, False): BASIC, (False, True): EXCITES, (False, False): NEITHER}[
        penalty.high < 0, reward.low > 0]
    made = [Estimate(q, i.value, i.low, i.high, "points", n, name) for q, i in ((PENALTY, penalty), (REWARD, reward))]
    return Contrast(name, *made, kind)


def contrast_table(found: list[Contrast] | Absent) -> list[Estimate]:
    """Return penalties and rewards as rows of a long table."""
    if isinstance(found, Absent):
        return [without_value(PENALTY, Status.INSUFFICIENT, found.reason, unit="points", n=found.n)]
    return [e for c in found for e in (c.penalty, c.reward)]


def odds(known: Panel | Absent) -> list[Estimate]:
    """Return, by ordinal logit, how the odds of a higher answer to one satisfaction question go with each driver.

    Parameters
    ----------
    known : Panel or Absent
        From `helpers.satisfaction.structure.panel`; the question is the satisfaction one with the fewest answers.
    """
    if isinstance(known, Absent):
        return [without_value(ODDS, Status.INSUFFICIENT, known.reason, unit="times", n=known.n)]
    names, means = _drivers(known)
    part = known.columns[:, known.model.items_of(known.model.names.index(SATISFACTION))]
    counts = [len(np.unique(column)) for column in part.T]
    answers = part[:, int(np.argmin(counts))]
    if min(counts) > MOST_ANSWERS or not names:
        reason = f"{min(counts)} different answers: not an ordinal question" if names else "nothing points to it"
        return [without_value(ODDS, Status.NOT_APPLICABLE, reason, unit="times", n=known.n)]
    weights = known.rows.weights
    among = moments(means, weights[None])
    scaled = (means - among.mean[0]) / np.sqrt(np.diag(among.covariance[0]) * (1 - 1 / known.n))
    replicas = known.rows.draws()[1:] if known.rows.replicas is not None else None
    found = ordinal.fit(scaled, answers, weights, replicas)
    if not found.is_settled:
        return [without_value(ODDS, Status.INSUFFICIENT, "a driver parts the answers perfectly", n=known.n)]
    against = ordinal.proportional(scaled, answers, weights, replicas)
    note = f"odds differ between answers (p {against:.2g})" if against < 0.01 else ""
    made = [found.odds_ratio(j) for j in range(len(names))]
    return [Estimate(ODDS, i.value, i.low, i.high, "times", known.n, name, reason=note)
            for name, i in zip(names, made, strict=True)]


def moderated(known: Panel | Absent, assumed: Assumptions, seed: int) -> list[Estimate]:
    """Return how much each declared moderator bends an arrow of the path model.

    Parameters
    ----------
    known : Panel or Absent
        From `helpers.satisfaction.structure.panel`.
    assumed : Assumptions
        Moderations as ``Image * Satisfaction > Loyalty``; resamples.
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        If a moderation cannot be read or names an unknown construct.
    """
    if isinstance(known, Absent):
        return [without_value(MODERATED, Status.INSUFFICIENT, known.reason, n=known.n)]
    if not assumed.moderations:
        return [without_value(MODERATED, Status.NOT_APPLICABLE, "the study declares no moderation", n=known.n)]
    made = []
    for text in assumed.moderations:
        names = read(text, known.model.names)
        weights = None if known.rows.replicas is None else known.rows.draws()
        found = moderation.interaction(known.model, known.columns, names, assumed.resamples, seed, weights)
        made += _moderated(names, found, known.n)
    return made


def _moderated(names: tuple[str, str, str], found: moderation.Moderation, n: int) -> list[Estimate]:
    moderator, start, end = names
    rows = {f"{MODERATED} by {moderator}": found.product, f"path where {moderator} is low (−1 SD)": found.where_low,
            f"path where {moderator} is high (+1 SD)": found.where_high}
    of = {q: percentiles(float(x[0]), x[1:]) for q, x in rows.items()}
    return [Estimate(q, i.value, i.low, i.high, "standard deviations", n, f"{start} → {end}") for q, i in of.items()]


def read(text: str, constructs: tuple[str, ...]) -> tuple[str, str, str]:
    """Return moderator, start and end of ``Image * Satisfaction > Loyalty``.

    Raises
    ------
    InputError
        If it cannot be read.

    Examples
    --------
    >>> read("Image * Satisfaction > Loyalty", ("Image", "Satisfaction", "Loyalty"))
    ('Image', 'Satisfaction', 'Loyalty')
    """
    moderator, star, rest = text.partition("*")
    start, arrow, end = rest.partition(">")
    names = moderator.strip(), start.strip(), end.strip()
    if not (star and arrow) or len(set(names)) < 3 or not set(names) <= set(constructs):
        raise InputError("satisfaction.moderations", f"'{text}' cannot be read", "'Image * Satisfaction > Loyalty', of "
                         "the constructs " + ", ".join(constructs))
    return names


def shown(found: list[Contrast] | Absent) -> pd.DataFrame:
    """Return the contrasts as a table: ``driver, penalty, …_low, …_high, reward, …, kind``, largest penalty first."""
    if isinstance(found, Absent):
        return pd.DataFrame(columns=["driver", "penalty", "reward", "kind"])
    rows = [{"driver": c.driver, "penalty": c.penalty.value, "penalty_low": c.penalty.low,
             "penalty_high": c.penalty.high, "reward": c.reward.value, "reward_low": c.reward.low,
             "reward_high": c.reward.high, "kind": c.kind} for c in found]
    return pd.DataFrame(rows).sort_values("penalty", ignore_index=True)
