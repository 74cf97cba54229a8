"""Types of loyalty: monopoly, inertia, price, incentive, trust; hostages; latent classes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.schema import (
    ALL_LOYALTY_MOTIVES,
    INCENTIVE_MOTIVE,
    INERTIA_MOTIVE,
    LOYALTY_MOTIVES,
    MONOPOLY_MOTIVE,
    NO_EVIDENCE,
    PRICE_MOTIVE,
    TIED_MOTIVES,
    TRUST_MOTIVE,
)
from helpers.stats import disclosure_control, latent_class
from helpers.stats.confidence_intervals import share_interval
from helpers.stats.disclosure_control import LEAST_PEOPLE, estimate_if_enough, is_hidden
from helpers.stats.latent_class import LatentClasses

MOTIVE_SHARE, MOTIVE_COUNT = "share of repeating customers who answered", "repeating customers"

HOSTAGE_SHARE = "hostages: stay and dislike"

MIN_CONTACT_LIFT = 2.0  # times the share of days that follow a contact anyway


@dataclass(frozen=True, slots=True)
class MotiveRule:
    """One piece of evidence for a motive.

    Parameters
    ----------
    motive : str
        What it speaks for; where it is known and does not hold it speaks against it.
    sign : str
        Column of evidence.
    is_high : bool
        Whether a value from the cut on speaks for it, else one below.
    cut : float
        In the column's unit.
    weight : float
        What it counts: 2 for evidence of one motive only, 1 for evidence that others share.
    words : str
        For people.
    """

    motive: str
    sign: str
    is_high: bool
    cut: float
    weight: float
    words: str

    def holds(self, value: np.ndarray) -> np.ndarray:
        """Return whether values speak for it."""
        return value >= self.cut - 1e-9 if self.is_high else value < self.cut - 1e-9


def motive_rules(assumed: LoyaltyConfig) -> tuple[MotiveRule, ...]:
    """Return the declared rules, with the study's cuts; where nobody was asked about attachment, none rests on it.

    Trust speaks by the question on trust alone: the attitude, cut where true loyalty begins, would name every truly
    loyal customer's reason by definition.
    """
    low, high, attached = assumed.answer_low, assumed.answer_high, assumed.attitude_cut
    rules = (
        MotiveRule(MONOPOLY_MOTIVE, "alternatives", False, low, 2, "sees no good alternative"),
        MotiveRule(INERTIA_MOTIVE, "switching_cost", True, high, 1, "finds it costly to leave"),
        MotiveRule(INERTIA_MOTIVE, "attitude", False, attached, 1, "is not attached"),
        MotiveRule(
            PRICE_MOTIVE, "share_promotion", True, assumed.share_promotion_cut, 2, "buys mostly under promotions"
        ),
        MotiveRule(PRICE_MOTIVE, "price_tolerance", False, low, 1, "would leave at a higher price"),
        MotiveRule(
            INCENTIVE_MOTIVE,
            "share_rewarded",
            True,
            assumed.share_rewarded_cut,
            2,
            "buys mostly when redeeming points or just contacted",
        ),
        MotiveRule(TRUST_MOTIVE, "trust", True, high, 1, "trusts the company"),
    )
    return rules if assumed.asks_attachment else tuple(rule for rule in rules if rule.sign != "attitude")


def classify_motives(
    people: pd.DataFrame, asked: pd.DataFrame, acted: pd.DataFrame, assumed: LoyaltyConfig
) -> pd.DataFrame:
    """Return people with the evidence, the motive of those who repeat, ties and hostages.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.dick_basu.classify_loyalty`.
    asked, acted : DataFrame
        From `helpers.loyalty.loyalty_type_evidence`.
    assumed : LoyaltyConfig
        The cuts.

    Returns
    -------
    DataFrame
        The same rows with the evidence, ``motive`` (empty for those who do not repeat), ``motives_tied`` (joined by
        `` & ``; empty where there is no tie), ``is_hostage`` (repeats with an attitude below the study's cut of
        dislike; empty where the attitude is not known). The motive is the one with most evidence for it, less
        evidence against it, and more for than against; equals are tied.
    """
    known = people.merge(asked, on="person", how="left").merge(acted, on="customer_id", how="left")
    known = known.assign(share_rewarded=_share_rewarded(known))
    balance = np.zeros((len(known), len(LOYALTY_MOTIVES)))
    for rule in motive_rules(assumed):
        value = known[rule.sign].to_numpy(float)
        signed = np.where(rule.holds(value), rule.weight, -rule.weight)
        balance[:, LOYALTY_MOTIVES.index(rule.motive)] += np.where(np.isnan(value), 0.0, signed)
    repeats = known["is_repeating"].astype("boolean").fillna(False).to_numpy(bool)
    motive, tied = _strongest_motive(balance)
    attitude = known["attitude"].astype("float64")
    hostage = (repeats & (attitude < assumed.dislike_cut).to_numpy()).astype("bool")
    return known.assign(
        motive=pd.Series(motive, known.index, dtype="str").where(repeats),
        motives_tied=pd.Series(tied, known.index, dtype="str").where(repeats & (tied != "")),
        is_hostage=pd.Series(hostage, known.index).astype("boolean").mask(attitude.isna()))


def _share_rewarded(known: pd.DataFrame) -> np.ndarray:
    """Return the share of orders that redeemed points, or followed a contact more often than by chance."""
    redeemed, contacted, covered = (known[c].to_numpy(float) for c in (
        "share_redeemed", "share_contacted", "share_days_covered"))
    beyond = np.where(contacted >= MIN_CONTACT_LIFT * covered, contacted, 0.0)
    return np.fmax(redeemed, np.where(np.isnan(contacted), np.nan, beyond))


def _strongest_motive(balance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    top = balance.max(axis=1, initial=0)
    is_top = (balance >= top[:, None] - 1e-9) & (top > 0)[:, None]
    n = is_top.sum(axis=1)
    codes = is_top @ (1 << np.arange(len(LOYALTY_MOTIVES)))
    names = np.array(
        [
            " & ".join(m for i, m in enumerate(LOYALTY_MOTIVES) if code >> i & 1)
            for code in range(2 ** len(LOYALTY_MOTIVES))
        ],
        dtype=object,
    )
    motive = np.where(n == 0, NO_EVIDENCE, np.where(n > 1, TIED_MOTIVES, names[codes]))
    return motive, np.where(n > 1, names[codes], "")


NOT_RECORDED = "nothing that would show it was asked or recorded"


def motive_estimates(people: pd.DataFrame, assumed: LoyaltyConfig) -> list[Estimate]:
    """Return counts of the motives among those who repeat, and shares among those of them who answered.

    Parameters
    ----------
    people : DataFrame
        From `classify_motives`.
    assumed : LoyaltyConfig
        The cuts.

    Returns
    -------
    list of Estimate
        Who never answered shows by his orders alone, for the price or a reward: he is counted, but in no share. A
        motive for which none of them has any evidence, for or against, has no share: it is not known, not zero.
    """
    repeating = people[people["motive"].notna()]
    answered = repeating[repeating["attitude"].notna()]
    seen = {rule.motive for rule in motive_rules(assumed) if answered[rule.sign].notna().any()}
    shown = {*seen, TIED_MOTIVES, NO_EVIDENCE} if seen or answered.empty else set()
    rows = [_motive_share_estimate(m, answered) if m in shown or answered.empty else no_estimate(
        MOTIVE_SHARE, Status.INSUFFICIENT, NOT_RECORDED, unit="share", segment=m) for m in ALL_LOYALTY_MOTIVES]
    known = repeating["is_hostage"].dropna().astype(bool)
    rows.append(
        estimate_if_enough(
            HOSTAGE_SHARE,
            share_interval(float(known.mean()) if len(known) else np.nan, len(known)),
            len(known),
            unit="share",
        )
    )
    counts = repeating["motive"].value_counts()
    rows += [Estimate(MOTIVE_COUNT, float(counts.get(m, 0)), unit="people", n=len(repeating), segment=m)
             for m in ALL_LOYALTY_MOTIVES]
    return rows


def _motive_share_estimate(motive: str, answered: pd.DataFrame) -> Estimate:
    n = len(answered)
    share = float((answered["motive"] == motive).mean()) if n else np.nan
    return estimate_if_enough(MOTIVE_SHARE, share_interval(share, n), n, unit="share", segment=motive)


def motive_evidence_table(people: pd.DataFrame, assumed: LoyaltyConfig) -> pd.DataFrame:
    """Return each rule: for how many repeating customers who answered it is known, and for which share it holds.

    A share of one to nine people is empty; ``unit`` is that of the threshold, ``cut``.

    Parameters
    ----------
    people : DataFrame
        From `classify_motives`.
    assumed : LoyaltyConfig
        The cuts.
    """
    repeating = people[people["motive"].notna() & people["attitude"].notna()]
    rows = []
    for rule in motive_rules(assumed):
        value = repeating[rule.sign].dropna().to_numpy(float)
        rows.append({"kind": rule.motive, "evidence": rule.words, "cut": rule.cut,
                     "unit": "share" if rule.sign.startswith("share_") else "points", "weight": rule.weight,
                     "n_known": len(value),
                     "share_holds": _motive_share(int(rule.holds(value).sum()), len(value))})
    return pd.DataFrame(rows)


def _motive_share(k: int, n: int) -> float:
    return np.nan if n < LEAST_PEOPLE or is_hidden(k) else k / n


def motive_ties(people: pd.DataFrame) -> pd.DataFrame:
    """Return the ties among the repeating customers who answered, most frequent first: ``kinds, n``."""
    counts = people.loc[people["attitude"].notna(), "motives_tied"].dropna().value_counts()
    frame = pd.DataFrame({"kinds": counts.index.astype("str"), "n": counts.to_numpy("int64")})
    return frame.sort_values(["n", "kinds"], ascending=[False, True], ignore_index=True)


MAX_CLASSES = 5

MIN_PEOPLE_FOR_CLASSES = 200

MIN_KNOWN_SHARE = 0.1

MAX_PEOPLE_FOR_CLASSES = 20_000


def class_indicators(people: pd.DataFrame, assumed: LoyaltyConfig) -> pd.DataFrame:
    """Return the signs of repeating customers with an attitude, one column a rule that is known of enough people.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.loyalty_types.classify_motives`.
    assumed : LoyaltyConfig
        The cuts.

    Returns
    -------
    DataFrame
        Index that of `people`; 1, 0 or NaN; columns in words; at most 20,000 people, the first by id.
    """
    kept = people[people["motive"].notna() & people["attitude"].notna()].head(MAX_PEOPLE_FOR_CLASSES)
    made = {}
    for rule in motive_rules(assumed):
        value = kept[rule.sign].to_numpy(float)
        if rule.words not in made and np.isfinite(value).mean() > MIN_KNOWN_SHARE if len(value) else False:
            made[rule.words] = np.where(np.isnan(value), np.nan, rule.holds(value) * 1.0)
    return pd.DataFrame(made, index=kept.index)


def latent_class_fits(found: pd.DataFrame, seed: int) -> list[LatentClasses]:
    """Return the fits with one class, two, and so on; empty where too few people or signs are known."""
    if len(found) < MIN_PEOPLE_FOR_CLASSES or found.shape[1] < 3:
        return []
    most = min(MAX_CLASSES, 2 ** (found.shape[1] - 2))
    return latent_class.fit_up_to(found.to_numpy(float), most, np.random.default_rng(seed))


def lowest_bic(fits: list[LatentClasses]) -> LatentClasses | None:
    """Return the fit with the least BIC; None where there is none."""
    return min(fits, key=lambda one: one.bic) if fits else None


def latent_class_table(fits: list[LatentClasses], found: pd.DataFrame) -> pd.DataFrame:
    """Return the preferred classes: ``class, share`` and the chance of every sign."""
    chosen = lowest_bic(fits)
    if chosen is None:
        return pd.DataFrame(columns=["class", "share"])
    frame = pd.DataFrame(chosen.chances, columns=list(found.columns))
    frame.insert(0, "share", chosen.shares)
    frame.insert(0, "class", [f"class {i + 1}" for i in range(len(frame))])
    return frame


def latent_classes_by_kind(fits: list[LatentClasses], found: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each class (columns) among the customers of each declared kind (rows), by likeliest class."""
    chosen = lowest_bic(fits)
    if chosen is None:
        return pd.DataFrame()
    likeliest = chosen.memberships(found.to_numpy(float)).argmax(axis=1)
    kinds = people.loc[found.index, "motive"].to_numpy(str)
    counts = pd.crosstab(kinds, np.array([f"class {i + 1}" for i in likeliest]))
    return (
        disclosure_control.row_shares_suppressed(counts)
        .rename_axis("declared kind")
        .rename_axis("likeliest class", axis=1)
    )
