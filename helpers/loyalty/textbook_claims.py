"""Textbook claims on loyalty (recommendation; behaviour of the least and most satisfied 15 %), tested on own data."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import confint_proportions_2indep

from helpers.foundation.results import Claim, Estimate, Status, claim_verdict, no_estimate
from helpers.stats.confidence_intervals import effective_n
from helpers.stats.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, estimate_if_enough, people_text, too_few
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample, weighted_difference

CLAIM_LOYAL_RECOMMEND = "Loyal customers recommend 50 % more"

CLAIM_BOTTOM_SEARCHES = "The least satisfied 15 % of customers look for another supplier"

CLAIM_TOP_LOYAL = "The most satisfied 15 % of customers are loyal"

MIN_PROMOTER_SCORE = 85.0  # nine of ten and above

TAIL_SHARE, MAJORITY, NEGLIGIBLE_DIFFERENCE = 0.15, 0.5, 0.05

MIN_EVENTS, MAX_TIED_SHARE = 20, 2 * TAIL_SHARE  # who returned or did not; answers that are equal at an end

RETURN_SHARE = "share who repurchased"

EDGE = "people with equal answers at the edge of a group count in part"

BOTTOM, MIDDLE, TOP = SATISFACTION_GROUPS = ("least satisfied 15 %", "middle 70 %", "most satisfied 15 %")


@dataclass(frozen=True, slots=True)
class ReturnsBySatisfaction:
    """Who returned after an answer, by the place of the answer among all.

    Parameters
    ----------
    shares : tuple of Estimate
        Share who returned within the horizon among the bottom 15 %, the middle 70 % and the top 15 % by satisfaction.
    below, above : Estimate
        Share of the middle less that of the bottom, and share of the top less that of the middle.
    horizon_days : int
        Days after the answer [days].
    """

    shares: tuple[Estimate, Estimate, Estimate]
    below: Estimate
    above: Estimate
    horizon_days: int


def returns_by_satisfaction(
    repurchase: pd.DataFrame, horizon_days: int, replicas: ReplicateWeights | None = None
) -> ReturnsBySatisfaction:
    """Return who returned among the least satisfied 15 % of the customers, the middle, and the most satisfied 15 %.

    Parameters
    ----------
    repurchase : DataFrame
        From `helpers.loyalty.satisfaction_loyalty_link.repurchase_after_answer`.
    horizon_days : int
        Days after the answer in which returning counts [days].
    replicas : ReplicateWeights, optional
        Of the survey weights.

    Notes
    -----
    Of customers with equal answers at the edge of a group each counts by the part of them that belongs to it, so that
    every group has its share of the customers whatever the scale.
    """
    score, weight = repurchase["satisfaction"].to_numpy(float), repurchase["weight"].to_numpy(float)
    is_bottom, is_top = (share_at_end(values, weight, TAIL_SHARE) for values in (score, -score))
    parts = (is_bottom, 1 - is_bottom - is_top, is_top)
    returned, who = repurchase["returned"].to_numpy(float), repurchase["customer_id"].to_numpy()
    samples = [(who[part > 0], (weight * part)[part > 0], returned[part > 0]) for part in parts]
    groups = [(WeightedSample(people, own, replicas), came) for people, own, came in samples]
    n = [round(float(part.sum())) for part in parts]
    lacks = _why_not_told(score, weight, returned)
    shares = [_share_returned(name, group, k, lacks)
              for name, group, k in zip(SATISFACTION_GROUPS, groups, n, strict=True)]
    gaps = [_difference_of_shares(a, b, min(n), lacks) for a, b in (groups[:2], groups[1:])]
    return ReturnsBySatisfaction((shares[0], shares[1], shares[2]), gaps[0], gaps[1], horizon_days)


def _why_not_told(score: np.ndarray, weight: np.ndarray, returned: np.ndarray) -> str:
    """Return why the ends cannot be compared with the middle; empty where they can."""
    n, k = len(returned), int((returned > 0).sum())
    if n >= FEW_PEOPLE and min(k, n - k) < MIN_EVENTS:
        word, few = ("repurchased", k) if k <= n - k else ("stayed away", n - k)
        return f"of {n:,} people {people_text(few)} {word}; at least {MIN_EVENTS} are asked for"
    if not n:
        return ""
    share = pd.Series(weight).groupby(score).sum() / weight.sum()
    for end, tied in (("least", share.iloc[0]), ("most", share.iloc[-1])):
        if tied > MAX_TIED_SHARE:
            return f"{100 * tied:.1f} % are equally {end} satisfied: no {100 * TAIL_SHARE:.0f} % of them stand out"
    return ""


def share_at_end(values: np.ndarray, weights: np.ndarray, share: float) -> np.ndarray:
    """Return the part of each row that belongs to the lowest values that make up a share of all weight.

    Examples
    --------
    >>> share_at_end(np.array([1.0, 2.0, 2.0, 3.0]), np.ones(4), 0.5).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    sums = pd.Series(weights).groupby(values).sum()
    part = ((share * weights.sum() - (sums.cumsum() - sums)) / sums.where(sums > 0)).clip(0, 1).fillna(0)
    return pd.Series(values).map(part).to_numpy(float)


def _share_returned(name: str, group: tuple[WeightedSample, np.ndarray], n: int, lacks: str) -> Estimate:
    if lacks:
        return no_estimate(RETURN_SHARE, Status.INSUFFICIENT, lacks, unit="share", n=n, segment=name)
    if n < FEW_PEOPLE:
        reason = f"{people_text(n)} customers are the {name} with a complete horizon; {FEW_PEOPLE} are needed"
        return no_estimate(RETURN_SHARE, Status.INSUFFICIENT, reason, unit="share", n=n, segment=name)
    sample, returned = group
    return estimate_if_enough(RETURN_SHARE, sample.share(returned > 0), n, unit="share", segment=name)


def _difference_of_shares(
    first: tuple[WeightedSample, np.ndarray], second: tuple[WeightedSample, np.ndarray], n: int, lacks: str
) -> Estimate:
    if lacks or n < FEW_PEOPLE:
        return no_estimate("difference of shares", Status.INSUFFICIENT, lacks or too_few(n), unit="share", n=n)
    gap, _ = weighted_difference((first[1], second[1]), (first[0], second[0]))
    return Estimate("difference of shares", gap.value, gap.low, gap.high, "share", n)


def recommendation_gain(people: pd.DataFrame) -> Estimate:
    """Return by how much larger a share of the repeating customers would recommend than of the others.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.loyalty_types.classify_motives`; who answers nine or ten of ten would.
        Survey weights enter the shares, and the interval through the effective number of people.

    Notes
    -----
    Ratio of two shares less one, interval on the logarithm (Katz et al. 1978, *Biometrics* 34, 469–474).
    """
    known = people[people["recommend"].notna() & people["is_repeating"].notna()]
    promotes = (known["recommend"] >= MIN_PROMOTER_SCORE).to_numpy()
    repeats = known["is_repeating"].astype(bool).to_numpy()
    n = min(int(repeats.sum()), int((~repeats).sum()))
    if n < LEAST_PEOPLE or not (promotes & repeats).any() or not (promotes & ~repeats).any():
        reason = f"in one of the groups {too_few(n)}" if n < LEAST_PEOPLE else "nobody would recommend"
        return no_estimate("recommend_more", Status.INSUFFICIENT, reason, unit="share", n=n)
    weights = known["weight"].to_numpy(float)
    (a, p), (b, q) = ((effective_n(weights[w]), float(np.average(promotes[w], weights=weights[w])))
                      for w in (repeats, ~repeats))
    low, high = confint_proportions_2indep(p * a, a, q * b, b, method="log", compare="ratio")
    return Estimate("recommend_more", p / q - 1, float(low) - 1, float(high) - 1, "share", len(known))


def loyalty_claims(more: Estimate, returns: ReturnsBySatisfaction, said: tuple[str, str, str]) -> tuple[Claim, ...]:
    """Return the claims of this wing with a verdict each.

    Parameters
    ----------
    more : Estimate
        From `recommendation_gain`.
    returns : ReturnsBySatisfaction
        From `returns_by_satisfaction`.
    said : tuple of str
        A sentence for each, for people.
    """
    bottom, _, top = returns.shares
    away = _complement(bottom)
    after = f"within {returns.horizon_days} days after the latest answer ({EDGE})"
    rule, left = f"holds where it is the majority, and more than of the {MIDDLE}", _tail_verdict(away, returns.below)
    return (
        Claim(CLAIM_LOYAL_RECOMMEND, more, claim_verdict(more, 0.5), said[0],
              "share who would recommend (nine or ten of ten) among repeat buyers against other customers; holds from "
              "half as much again"),
        Claim(CLAIM_BOTTOM_SEARCHES, away, "cannot say" if left == "holds" else left, said[1],
              f"share of the {BOTTOM} without a purchase or a running contract {after}; does not hold unless it is the "
              f"majority, and more than of the {MIDDLE}, and else cannot be said: a search is not recorded"),
        Claim(CLAIM_TOP_LOYAL, top, _tail_verdict(top, returns.above), said[2],
              f"share of the {TOP} with a purchase or a running contract {after}; {rule}"))


def _complement(e: Estimate) -> Estimate:
    if e.status is not Status.OK:
        return e
    return Estimate("share who did not repurchase", 1 - e.value, 1 - e.high, 1 - e.low, e.unit, e.n, e.segment)


def _tail_verdict(own: Estimate, difference: Estimate) -> str:
    """Return whether a group behaves as is claimed: most of it, and more of it than of the middle."""
    verdicts = {claim_verdict(own, MAJORITY), claim_verdict(difference, 0.0)}
    if difference.status is Status.OK and difference.high < NEGLIGIBLE_DIFFERENCE:
        return "does not hold"
    return next(v for v in ("does not hold", "cannot say", "holds") if v in verdicts)
