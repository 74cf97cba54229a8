"""Why customers keep buying: monopoly, inertia, price, incentive or trust, by declared rules; hostages flagged."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.loyalty.assumptions import Assumptions
from helpers.methods.disclosure_control import LEAST_PEOPLE, is_hidden, published, too_few
from helpers.methods.intervals import mean, share

MONOPOLY, INERTIA, PRICE, INCENTIVE, TRUST = MOTIVES = ("monopoly", "inertia", "price", "incentive", "trust")
TIED, UNKNOWN = "tied", "no evidence"
ALL_MOTIVES = (*MOTIVES, TIED, UNKNOWN)
SHARE, COUNT = "share of repeating customers who answered", "repeating customers"
HOSTAGES = "hostages: stay and dislike"
LIFT = 2.0  # times the share of days that follow a contact anyway


@dataclass(frozen=True, slots=True)
class Rule:
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


def rules(assumed: Assumptions) -> tuple[Rule, ...]:
    """Return the declared rules, with the study's cuts."""
    low, high, attached = assumed.answer_low, assumed.answer_high, assumed.attitude_cut
    return (
        Rule(MONOPOLY, "alternatives", False, low, 2, "sees no good alternative"),
        Rule(INERTIA, "switching_cost", True, high, 1, "finds it costly to leave"),
        Rule(INERTIA, "attitude", False, attached, 1, "is not attached"),
        Rule(PRICE, "share_promotion", True, assumed.share_promotion_cut, 2, "buys mostly under promotions"),
        Rule(PRICE, "price_tolerance", False, low, 1, "would leave at a higher price"),
        Rule(INCENTIVE, "share_rewarded", True, assumed.share_rewarded_cut, 2,
             "buys mostly when redeeming points or just contacted"),
        Rule(TRUST, "attitude", True, attached, 1, "is attached"),
    )


def motives(people: pd.DataFrame, asked: pd.DataFrame, acted: pd.DataFrame, assumed: Assumptions) -> pd.DataFrame:
    """Return people with the evidence, the motive of those who repeat, ties and hostages.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.kinds.kinds`.
    asked, acted : DataFrame
        From `helpers.loyalty.evidence`.
    assumed : Assumptions
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
    known = known.assign(share_rewarded=_rewarded(known))
    balance = np.zeros((len(known), len(MOTIVES)))
    for rule in rules(assumed):
        value = known[rule.sign].to_numpy(float)
        signed = np.where(rule.holds(value), rule.weight, -rule.weight)
        balance[:, MOTIVES.index(rule.motive)] += np.where(np.isnan(value), 0.0, signed)
    repeats = known["is_repeating"].astype("boolean").fillna(False).to_numpy(bool)
    motive, tied = _decided(balance)
    attitude = known["attitude"].astype("float64")
    hostage = (repeats & (attitude < assumed.dislike_cut).to_numpy()).astype("bool")
    return known.assign(
        motive=pd.array(np.where(repeats, motive, None), dtype="str"),
        motives_tied=pd.array(np.where(repeats & (tied != ""), tied, None), dtype="str"),
        is_hostage=pd.Series(hostage, known.index).astype("boolean").mask(attitude.isna()))


def _rewarded(known: pd.DataFrame) -> np.ndarray:
    """Return the share of orders that redeemed points, or followed a contact more often than by chance."""
    redeemed, contacted, covered = (known[c].to_numpy(float) for c in (
        "share_redeemed", "share_contacted", "share_days_covered"))
    beyond = np.where(contacted >= LIFT * covered, contacted, 0.0)
    return np.fmax(redeemed, np.where(np.isnan(contacted), np.nan, beyond))


def _decided(balance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    top = balance.max(axis=1, initial=0)
    is_top = (balance >= top[:, None] - 1e-9) & (top > 0)[:, None]
    n = is_top.sum(axis=1)
    codes = is_top @ (1 << np.arange(len(MOTIVES)))
    names = np.array([" & ".join(m for i, m in enumerate(MOTIVES) if code >> i & 1) for code in range(2**len(MOTIVES))],
                     dtype=object)
    motive = np.where(n == 0, UNKNOWN, np.where(n > 1, TIED, names[codes]))
    return motive, np.where(n > 1, names[codes], "")


def estimates(people: pd.DataFrame) -> list[Estimate]:
    """Return counts of the motives among those who repeat, and shares among those of them who answered.

    Parameters
    ----------
    people : DataFrame
        From `motives`.

    Returns
    -------
    list of Estimate
        Who never answered shows by his orders alone, for the price or a reward: he is counted, but in no share.
    """
    repeating = people[people["motive"].notna()]
    answered = repeating[repeating["attitude"].notna()]
    n = len(answered)
    rows = [published(SHARE, share(float((answered["motive"] == m).mean()) if n else np.nan, n), n, unit="share",
                      segment=m) for m in ALL_MOTIVES]
    known = repeating["is_hostage"].dropna().astype(bool)
    rows.append(published(HOSTAGES, share(float(known.mean()) if len(known) else np.nan, len(known)), len(known),
                          unit="share"))
    counts = repeating["motive"].value_counts()
    rows += [Estimate(COUNT, float(counts.get(m, 0)), unit="people", n=len(repeating), segment=m)
             for m in ALL_MOTIVES]
    return rows


def evidence_table(people: pd.DataFrame, assumed: Assumptions) -> pd.DataFrame:
    """Return each rule: for how many of the repeating customers it is known, and for which share of them it holds.

    A share of one to nine people is empty.

    Parameters
    ----------
    people : DataFrame
        From `motives`.
    assumed : Assumptions
        The cuts.
    """
    repeating = people[people["motive"].notna()]
    rows = []
    for rule in rules(assumed):
        value = repeating[rule.sign].dropna().to_numpy(float)
        rows.append({"kind": rule.motive, "evidence": rule.words, "cut": rule.cut, "weight": rule.weight,
                     "n_known": len(value),
                     "share_holds": _share(int(rule.holds(value).sum()), len(value))})
    return pd.DataFrame(rows)


def _share(k: int, n: int) -> float:
    return np.nan if n < LEAST_PEOPLE or is_hidden(k) else k / n


def ties(people: pd.DataFrame) -> pd.DataFrame:
    """Return the ties among the repeating customers, most frequent first: ``kinds, n``."""
    counts = people["motives_tied"].dropna().value_counts()
    frame = pd.DataFrame({"kinds": counts.index.astype("str"), "n": counts.to_numpy("int64")})
    return frame.sort_values(["n", "kinds"], ascending=[False, True], ignore_index=True)


PROFILE = {"attachment": "attitude", "repeat purchase": "share_active", "share of category": "category_spend",
           "price tolerance": "price_tolerance", "advocacy": "recommend"}


def profile(people: pd.DataFrame, kinds: tuple[str, ...] = ("true", "spurious")) -> list[Estimate]:
    """Return the five sides of loyalty [0–100]: of everybody, and of some kinds of the crossing.

    Parameters
    ----------
    people : DataFrame
        From `motives`.
    kinds : tuple of str
        Segments beside everybody.
    """
    rows = []
    for segment in ("all", *kinds):
        part = people if segment == "all" else people[people["kind"] == segment]
        for side, column in PROFILE.items():
            values = part[column].dropna().to_numpy(float) * (100 if column == "share_active" else 1)
            if segment == "all" and not len(values):
                reason = "no such question was asked" if column != "share_active" else too_few(0)
                rows.append(without_value(side, Status.INSUFFICIENT, reason, unit="points", segment=segment))
            else:
                rows.append(published(side, mean(values), len(values), unit="points", segment=segment))
    return rows
