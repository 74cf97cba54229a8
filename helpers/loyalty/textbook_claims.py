"""Textbook claims on loyalty (recommendation, search, top 15 %), tested on own data."""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import confint_proportions_2indep

from helpers.foundation.results import Claim, Estimate, Status, claim_verdict, no_estimate
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import LOYALTY_KINDS
from helpers.stats.confidence_intervals import share_interval
from helpers.stats.disclosure_control import LEAST_PEOPLE, estimate_if_enough, too_few

CLAIM_LOYAL_RECOMMEND = "Loyal customers recommend 50 % more"

CLAIM_BOTTOM_SEARCHES = "The bottom 15 % of customers search for another supplier"

CLAIM_TOP_LOYAL = "The top 15 % of customers are loyal"

MIN_PROMOTER_SCORE = 85.0  # nine of ten and above


def recommendation_gain(people: pd.DataFrame) -> Estimate:
    """Return by how much larger a share of the repeating customers would recommend than of the others.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.loyalty_types.classify_motives`; who answers nine or ten of ten would.

    Notes
    -----
    Ratio of two shares less one, interval on the logarithm (Katz et al. 1978, *Biometrics* 34, 469–474).
    """
    known = people[people["recommend"].notna() & people["is_repeating"].notna()]
    promotes = (known["recommend"] >= MIN_PROMOTER_SCORE).to_numpy()
    repeats = known["is_repeating"].astype(bool).to_numpy()
    (a, n), (b, m) = ((int(promotes[w].sum()), int(w.sum())) for w in (repeats, ~repeats))
    if min(n, m) < LEAST_PEOPLE or min(a, b) < 1:
        reason = f"in one of the groups {too_few(min(n, m))}" if min(n, m) < LEAST_PEOPLE else "nobody would recommend"
        return no_estimate("recommend_more", Status.INSUFFICIENT, reason, unit="share", n=min(n, m))
    low, high = confint_proportions_2indep(a, n, b, m, method="log", compare="ratio")
    return Estimate("recommend_more", (a / n) / (b / m) - 1, float(low) - 1, float(high) - 1, "share", n + m)


def share_searching(people: pd.DataFrame, assumed: LoyaltyConfig) -> Estimate:
    """Return the share of those who answered whose attitude is one of dislike."""
    attitude = people["attitude"].dropna()
    n = len(attitude)
    return estimate_if_enough(
        "share_disliking",
        share_interval(float((attitude < assumed.dislike_cut).mean()) if n else np.nan, n),
        n,
        unit="share",
    )


def share_truly_loyal(people: pd.DataFrame) -> Estimate:
    """Return the share of those with attitude and behaviour who are truly loyal."""
    both = people[people["kind"].isin(LOYALTY_KINDS)]
    n = len(both)
    return estimate_if_enough(
        "share_truly_loyal", share_interval(float((both["kind"] == "true").mean()) if n else np.nan, n), n, unit="share"
    )


def loyalty_claims(own: tuple[Estimate, Estimate, Estimate], said: tuple[str, str, str]) -> tuple[Claim, ...]:
    """Return the claims of this wing with a verdict each.

    Parameters
    ----------
    own : tuple of Estimate
        From `recommending`, `searching` and `loyal`; a share of 15 % holds where its interval lies within 10 to 20 %.
    said : tuple of str
        A sentence for each, for people.
    """
    limits = ((0.5, float("inf")), (0.10, 0.20), (0.10, 0.20))
    return tuple(Claim(name, e, claim_verdict(e, *limit), text) for name, e, limit, text in
                 zip((CLAIM_LOYAL_RECOMMEND, CLAIM_BOTTOM_SEARCHES, CLAIM_TOP_LOYAL), own, limits, said, strict=True))
