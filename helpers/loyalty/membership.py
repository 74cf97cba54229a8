"""How sure a kind of loyalty is: both sides are measured with error, so every customer is of each kind to a degree."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.loyalty.assumptions import Assumptions
from helpers.loyalty.attitude import Attitudes
from helpers.loyalty.kinds import KINDS
from helpers.methods.disclosure_control import published
from helpers.methods.intervals import mean

COLUMNS = tuple(f"p_{kind}" for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Rates:
    """How purchase rates are spread over customers: Beta(a, b) of the share of periods with a purchase."""

    a: float
    b: float

    def above(self, cut: float, n: np.ndarray, k: np.ndarray) -> np.ndarray:
        """Return the chance that a customer's rate is at least `cut`, given k of n periods with a purchase."""
        return special.betaincc(self.a + k, self.b + n - k, cut)


def rates(n: np.ndarray, k: np.ndarray) -> Rates:
    """Return the spread of purchase rates by maximum likelihood of the beta-binomial.

    Parameters
    ----------
    n, k : ndarray, shape (n_customers,)
        Periods elapsed and periods with a purchase.
    """
    pairs, counts = np.unique(np.asarray(n, "int64") * 100_000 + np.asarray(k, "int64"), return_counts=True)
    n, k = pairs // 100_000, pairs % 100_000

    def loss(log: np.ndarray) -> float:
        a, b = np.exp(log)
        return -float(counts @ (special.betaln(a + k, b + n - k) - special.betaln(a, b)))

    found = optimize.minimize(loss, np.zeros(2), bounds=[(-4, 5)] * 2)
    return Rates(*map(float, np.exp(found.x)))


def strong(attitude: np.ndarray, said: Attitudes, cut: float) -> np.ndarray:
    """Return the chance that the attitude behind an answer is at least `cut`, shape (n,).

    Parameters
    ----------
    attitude : ndarray, shape (n,)
        Observed [0–100]; NaN stays.
    said : Attitudes
        Their reliability. A single question, whose error is not known, is taken at its word.
    cut : float
        From which an attitude is strong.

    References
    ----------
    Kelley (1927), *Interpretation of Educational Measurements*: the true score is expected at mean + α (observed −
    mean), with standard error SD √(α (1 − α)).
    """
    alpha = said.reliability.raw.value
    if not 0 < alpha < 1:
        return np.where(np.isnan(attitude), np.nan, (attitude >= cut - 1e-9) * 1.0)
    observed = said.people["attitude"].to_numpy(float)
    centre, spread = float(np.mean(observed)), float(np.std(observed, ddof=1)) if len(observed) > 1 else 0.0
    error = max(spread * np.sqrt(alpha * (1 - alpha)), 1e-9)
    return stats.norm.sf(cut, centre + alpha * (attitude - centre), error)


def memberships(people: pd.DataFrame, said: Attitudes, assumed: Assumptions) -> pd.DataFrame:
    """Return people with the probability of each of the four kinds; NaN where a side is not known.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.kinds.kinds`.
    said : Attitudes
        From `helpers.loyalty.attitude.attitudes`.
    assumed : Assumptions
        The cuts.

    Returns
    -------
    DataFrame
        The same rows with ``p_true, p_latent, p_spurious, p_none``; they sum to one. The errors of the two sides are
        taken as independent of each other. A running contract repeats for certain; one that ended does not.
    """
    n, k = (people[c].to_numpy("float64", na_value=np.nan) for c in ("n_periods", "n_active_periods"))
    judged = np.isfinite(n) & (n >= assumed.least_periods)
    repeats = np.full(len(people), np.nan)
    if judged.any():
        found = rates(n[judged], k[judged])
        repeats[judged] = found.above(assumed.share_active_cut, n[judged], k[judged])
    contract = people["is_repeating"].astype("boolean")
    runs = people["has_contract"].astype("boolean").fillna(False).to_numpy(bool)
    known = contract.notna().to_numpy(bool)
    repeats = np.where(runs & known, 1.0, np.where(known & np.isnan(repeats), 0.0, repeats))
    likes = strong(people["attitude"].to_numpy(float), said, assumed.attitude_cut)
    parts = (likes * repeats, likes * (1 - repeats), (1 - likes) * repeats, (1 - likes) * (1 - repeats))
    told = people["kind"].isin(KINDS).to_numpy()
    return people.assign(**{c: np.where(told, p, np.nan) for c, p in zip(COLUMNS, parts, strict=True)})


def estimates(people: pd.DataFrame) -> list[Estimate]:
    """Return the expected share of each kind, measurement error taken into account, with Student's interval.

    Parameters
    ----------
    people : DataFrame
        From `memberships`.
    """
    both = people[people["kind"].isin(KINDS)]
    return [published(f"expected share {kind}", mean(both[c].to_numpy(float)), len(both), unit="share")
            for kind, c in zip(KINDS, COLUMNS, strict=True)] + [_sure(both)]


def _sure(both: pd.DataFrame) -> Estimate:
    if not len(both):
        return without_value("certainty of the kind", Status.INSUFFICIENT, "nobody to speak of", unit="share")
    top = both[list(COLUMNS)].to_numpy(float).max(axis=1)
    return published("certainty of the kind", mean(top), len(both), unit="share")
