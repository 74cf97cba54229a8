"""Textbook claims about loyalty, held against own figures."""

import numpy as np
import pandas as pd

from helpers.foundation.estimates import Claim, Estimate, Status, held_against, without_value
from helpers.loyalty.assumptions import Assumptions
from helpers.loyalty.kinds import KINDS
from helpers.methods.disclosure_control import LEAST_PEOPLE, published, too_few
from helpers.methods.intervals import normal_quantile, share

RECOMMEND = "Loyal customers recommend 50 % more"
SEARCH = "The bottom 15 % of customers search for another supplier"
LOYAL = "The top 15 % of customers are loyal"
PROMOTER = 85.0  # nine of ten and above


def recommending(people: pd.DataFrame) -> Estimate:
    """Return by how much larger a share of the repeating customers would recommend than of the others.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.motives.motives`; who answers nine or ten of ten would.

    Notes
    -----
    Ratio of two shares less one, interval on the logarithm (Katz et al. 1978, *Biometrics* 34, 469–474).
    """
    known = people[people["recommend"].notna() & people["is_repeating"].notna()]
    promotes = (known["recommend"] >= PROMOTER).to_numpy()
    repeats = known["is_repeating"].astype(bool).to_numpy()
    (a, n), (b, m) = ((int(promotes[w].sum()), int(w.sum())) for w in (repeats, ~repeats))
    if min(n, m) < LEAST_PEOPLE or min(a, b) < 1:
        reason = f"in one of the groups {too_few(min(n, m))}" if min(n, m) < LEAST_PEOPLE else "nobody would recommend"
        return without_value("recommend_more", Status.INSUFFICIENT, reason, unit="share", n=min(n, m))
    half = normal_quantile(0.95) * np.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    ratio = (a / n) / (b / m)
    low, high = (float(ratio * np.exp(sign * half)) - 1 for sign in (-1, 1))
    return Estimate("recommend_more", ratio - 1, low, high, "share", n + m)


def searching(people: pd.DataFrame, assumed: Assumptions) -> Estimate:
    """Return the share of those who answered whose attitude is one of dislike."""
    attitude = people["attitude"].dropna()
    n = len(attitude)
    return published("share_disliking", share(float((attitude < assumed.dislike_cut).mean()) if n else np.nan, n), n,
                     unit="share")


def loyal(people: pd.DataFrame) -> Estimate:
    """Return the share of those with attitude and behaviour who are truly loyal."""
    both = people[people["kind"].isin(KINDS)]
    n = len(both)
    return published("share_truly_loyal", share(float((both["kind"] == "true").mean()) if n else np.nan, n), n,
                     unit="share")


def claims(own: tuple[Estimate, Estimate, Estimate], said: tuple[str, str, str]) -> tuple[Claim, ...]:
    """Return the claims of this wing with a verdict each.

    Parameters
    ----------
    own : tuple of Estimate
        From `recommending`, `searching` and `loyal`; a share of 15 % holds where its interval lies within 10 to 20 %.
    said : tuple of str
        A sentence for each, for people.
    """
    limits = ((0.5, float("inf")), (0.10, 0.20), (0.10, 0.20))
    return tuple(Claim(name, e, held_against(e, *limit), text) for name, e, limit, text in
                 zip((RECOMMEND, SEARCH, LOYAL), own, limits, said, strict=True))
