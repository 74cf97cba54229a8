"""A textbook claim about churn, held against own figures."""

import numpy as np
import pandas as pd

from helpers.churn.cases import Basis
from helpers.foundation.estimates import Claim, Estimate, Status, held_against, without_value

TIES = "Emotional ties cut churn by 60 %"
LOW, HIGH, LEAST = 0.5, 0.7, 30
ROLES = ("commitment", "trust")


def ties(basis: Basis, answers: pd.DataFrame) -> Estimate:
    """Return by how much less the attached third was lost than the least attached third, in the newest known period.

    Parameters
    ----------
    basis : Basis
        Cases; the newest snapshot with a known outcome counts.
    answers : DataFrame
        Answers on commitment and trust: ``customer_id``, ``responded_at``, ``percent``; only those up to the cut-off.

    Notes
    -----
    1 − share lost of the upper third / share lost of the lower third; limits of the log ratio of two shares (Katz et
    al. 1978). It is an association: the attached differ in other ways too.
    """
    def missing(reason: str) -> Estimate:
        return without_value("less_lost", Status.INSUFFICIENT, reason, unit="share")

    if not basis.training:
        return missing(basis.reason)
    newest = basis.newest
    known = answers[answers["responded_at"] < pd.Timestamp(newest.seen_on) + pd.Timedelta(days=1)] if (
        newest.seen_on is not None and len(answers)) else answers.head(0)
    tied = known.groupby("customer_id")["percent"].mean()
    cases = pd.DataFrame({"tie": newest.about["customer_id"].map(tied).to_numpy("float64"), "is_lost": newest.is_lost})
    cases = cases.dropna()
    if len(cases) < 3 * LEAST:
        return missing(f"{len(cases)} of those observed had said how attached they are, {3 * LEAST} are needed")
    low, high = cases["tie"].quantile([1 / 3, 2 / 3])
    weak, strong = cases[cases["tie"] <= low]["is_lost"], cases[cases["tie"] >= high]["is_lost"]
    if min(weak.sum(), strong.sum()) < 1:
        return missing("nobody was lost in one of the groups")
    ratio = strong.mean() / weak.mean()
    half = 1.959964 * np.sqrt((1 - strong.mean()) / strong.sum() + (1 - weak.mean()) / weak.sum())
    return Estimate("less_lost", float(1 - ratio), float(1 - ratio * np.exp(half)), float(1 - ratio * np.exp(-half)),
                    "share", len(weak) + len(strong))


def claims(basis: Basis, answers: pd.DataFrame) -> tuple[Claim, ...]:
    """Return the claim with its verdict; it holds where the own figure surely lies within ten points of 60 %."""
    own = ties(basis, answers)
    if own.status is not Status.OK:
        return (Claim(TIES, own, "cannot say", f"Cannot be said: {own.reason}."),)
    said = (f"The third most attached was lost {100 * own.value:.0f} % less often than the least attached one "
            f"[{100 * own.low:.0f} %, {100 * own.high:.0f} %]; an association.")
    return (Claim(TIES, own, held_against(own, LOW, HIGH), said.replace("-", "−")),)
