"""What the points programme owes: redemption to its end by issue cohort, liability, and breakage."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Gate, Level, Status, without_value
from helpers.loyalty import lots
from helpers.loyalty.assumptions import Assumptions
from helpers.loyalty.ledger import CLAIM, UNIT, Ledger
from helpers.methods import reserving

CHAIN, BORNHUETTER, BENKTANDER = "chain ladder", "Bornhuetter–Ferguson", "Benktander"
METHODS = (CHAIN, BORNHUETTER, BENKTANDER)
ULTIMATE, EXPECTED = "ultimate redemption of issued points", "points still to be redeemed"
LIABILITY, BREAKAGE = "programme liability", "breakage of issued points"
LEAST_COHORTS = 3


@dataclass(frozen=True, slots=True)
class Programme:
    """Cohorts of issued points, what has come of them, and what will.

    Parameters
    ----------
    ledger : Ledger
        The books.
    matched : str
        How uses were matched to lots.
    period_days : int
        Length of a cohort and of a step of age [days].
    triangle : ndarray, shape (m, m)
        Cumulative redeemed points, cohort × age, oldest first; NaN where the future lies.
    issued : ndarray, shape (m,)
        Points issued by cohort.
    ladder : Ladder
        The triangle carried to its end.
    ultimates : dict of str to ndarray, shape (m,)
        By method: points of each cohort redeemed in the end, never more than issued.
    unit_cost : float
        Cost of a point [money]; NaN where it is not known.
    opening_left : float
        Points of opening balances that are still open.
    reason : str
        Why there are no ultimates; empty where there are.
    """

    ledger: Ledger
    matched: str
    period_days: int
    triangle: np.ndarray
    issued: np.ndarray
    ladder: reserving.Ladder
    ultimates: dict[str, np.ndarray]
    unit_cost: float
    opening_left: float = 0.0
    reason: str = ""

    def still(self, method: str) -> float:
        """Return the points that are still to be redeemed, those of opening balances at the rate of all cohorts."""
        rate = float(self.ultimates[method].sum() / self.issued.sum())
        return float((self.ultimates[method] - self.ladder.current).sum()) + rate * self.opening_left


def matching(books: Ledger) -> str:
    """Return how uses are matched to lots: as the ledger names them, else first in, first out."""
    return lots.OWN if books.share_of_lots >= lots.NEARLY_ALL else lots.FIFO


def programme(books: Ledger, used: pd.DataFrame, matched: str, period_days: int, assumed: Assumptions) -> Programme:
    """Return the programme's cohorts carried to their end.

    Parameters
    ----------
    books : Ledger
        From `helpers.loyalty.ledger.ledger`.
    used : DataFrame
        From `helpers.loyalty.lots.usage`.
    matched : str
        How it was matched.
    period_days : int
        Length of a cohort [days].
    assumed : Assumptions
        Expected redemption and cost of a point, where the study gives them.
    """
    triangle, issued = lots.triangle(used)
    triangle, issued = _from_first_issue(triangle, issued)
    cost = assumed.point_cost if assumed.point_cost is not None else books.unit_cost
    reason = _lacks(books, issued)
    if reason:
        empty = np.empty(0)
        return Programme(books, matched, period_days, triangle, issued,
                         reserving.Ladder(empty, empty, empty, empty, np.nan, np.nan), {}, cost, 0.0, reason)
    ladder = reserving.chain_ladder(triangle)
    rate = assumed.expected_redemption or reserving.cape_cod(ladder.current, ladder.developed, issued)
    prior = min(rate, 1.0) * issued
    found = {CHAIN: ladder.ultimate,
             BORNHUETTER: reserving.bornhuetter_ferguson(ladder.current, ladder.developed, prior),
             BENKTANDER: reserving.benktander(ladder.current, ladder.developed, prior)}
    capped = {name: np.maximum(np.minimum(u, issued), ladder.current) for name, u in found.items()}
    return Programme(books, matched, period_days, triangle, issued, ladder, capped, cost, lots.opening_left(used))


def _from_first_issue(triangle: np.ndarray, issued: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return triangle and issues from the oldest cohort that issued anything."""
    start = int(np.flatnonzero(issued > 0)[0]) if (issued > 0).any() else len(issued)
    kept = len(issued) - start
    return triangle[start:, :kept], issued[start:]


def _lacks(books: Ledger, issued: np.ndarray) -> str:
    if not books.n_entries:
        return "no points programme is recorded"
    if books.unidentified:
        return f"liability not identifiable, net change only: {books.unidentified}"
    if not (issued > 0).any():
        return "points were used, but none were ever earned"
    if len(issued) < LEAST_COHORTS:
        return f"{len(issued)} cohorts of issued points, fewer than {LEAST_COHORTS}"
    return ""


def estimates(found: Programme, sensitivity: Programme | None = None) -> list[Estimate]:
    """Return ultimate redemption, points still to be redeemed, liability and breakage, by method.

    Parameters
    ----------
    found : Programme
        From `programme`.
    sensitivity : Programme, optional
        The same with uses matched last in, first out.

    Returns
    -------
    list of Estimate
        Segment ``all`` is the chain ladder with Mack's error and Student's t, cut at what is outstanding; further
        segments are the other methods, which have no interval.
    """
    if found.reason:
        status = Status.INSUFFICIENT if found.reason[0].isdigit() else Status.NOT_APPLICABLE
        units = {ULTIMATE: "share", EXPECTED: UNIT, LIABILITY: "money", BREAKAGE: "share"}
        return [without_value(q, status, found.reason, unit=unit) for q, unit in units.items()]
    rows = _valued(found, CHAIN, "all", found.ladder.half_width())
    for method in METHODS[1:]:
        rows += _valued(found, method, method, np.nan)
    if sensitivity is not None and not sensitivity.reason:
        rows += _valued(sensitivity, CHAIN, lots.LIFO, np.nan)
    return rows


def _valued(found: Programme, method: str, segment: str, half: float) -> list[Estimate]:
    n, issued, still = found.ledger.n_members, float(found.issued.sum()), found.still(method)
    current = float(found.ladder.current.sum())
    extra = still - float(found.ultimates[method].sum() - current)  # of opening balances, which no cohort issued
    low, high = max(still - half, 0.0), min(still + half, max(issued - current, 0.0) + found.opening_left)
    share = [min((current + x - extra) / issued, 1.0) for x in (still, low, high)]
    rows = [Estimate(ULTIMATE, *share, "share", n, segment), Estimate(EXPECTED, still, low, high, UNIT, n, segment),
            Estimate(BREAKAGE, 1 - share[0], 1 - share[2], 1 - share[1], "share", n, segment)]
    if np.isnan(found.unit_cost):
        reason = "the cost of a point is not recorded: name it as point_cost in section [loyalty] of the study"
        return [*rows, without_value(LIABILITY, Status.INSUFFICIENT, reason, unit="money", n=n, segment=segment)]
    money = [found.unit_cost * x for x in (still, low, high)]
    return [*rows, Estimate(LIABILITY, *money, "money", n, segment)]


def gates(found: Programme) -> list[Gate]:
    """Return the gates on the liability: uses matched by assumption, and cohorts that have not run their course.

    Parameters
    ----------
    found : Programme
        From `programme`.
    """
    if found.reason:
        return []
    last = float(found.ladder.factors[-1]) - 1
    grows = found.ledger.n_lots == 0 and last > 0.01
    return [
        Gate("lots by assumption", found.ledger.share_of_lots, lots.NEARLY_ALL, found.matched != lots.OWN,
             Level.QUALIFY, CLAIM, f"{100 * found.ledger.share_of_lots:.0f} % of the points name their lot; at least "
             f"{100 * lots.NEARLY_ALL:.0f} % are asked for, else uses are taken first in, first out."),
        Gate("cohorts still in use at the end", last, 0.01, grows, Level.QUALIFY, CLAIM,
             f"At the greatest age that is seen, redemption still grew by {100 * last:.1f} % in a step; what comes "
             "later is not counted unless points expire."),
    ]


def shown(found: Programme) -> pd.DataFrame:
    """Return the cohort triangle as shares of the points issued, cohort (rows) by age in periods (columns)."""
    m = len(found.issued)
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = found.triangle / found.issued[:, None]
    rows = [f"{m - 1 - i} ago" if i < m - 1 else "newest" for i in range(m)]
    frame = pd.DataFrame(np.where(np.isfinite(cells), cells, np.nan), rows, [str(j) for j in range(m)])
    return frame.rename_axis("cohort").rename_axis(f"age in steps of {found.period_days} days", axis=1)


def table(found: Programme, names: tuple[str, ...] = ("cohort", "issued", "redeemed")) -> pd.DataFrame:
    """Return each cohort: issued and redeemed so far, share developed, and its end by every method [points]."""
    columns = [*names, "share_developed", *(f"ultimate_{m}" for m in ("chain_ladder", "bornhuetter", "benktander"))]
    if found.reason:
        return pd.DataFrame(columns=columns, dtype="float64").astype({"cohort": "int64"})
    m = len(found.issued)
    data = [np.arange(m - 1, -1, -1), found.issued, found.ladder.current, found.ladder.developed,
            *(found.ultimates[method] for method in METHODS)]
    return pd.DataFrame(dict(zip(columns, data, strict=True)))
