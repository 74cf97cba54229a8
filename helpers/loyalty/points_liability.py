"""Points liability and breakage: ultimate redemption by chain ladder; all programme records."""

from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.loyalty import points_ledger, programme_tiers, redemption_cohorts
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.points_ledger import LIABILITY_CLAIM, POINTS_UNIT, PointsLedger
from helpers.loyalty.programme_tiers import TierMoves
from helpers.stats import chain_ladder

BY_CHAIN_LADDER, BY_BORNHUETTER_FERGUSON, BY_BENKTANDER = "chain ladder", "Bornhuetter–Ferguson", "Benktander"

LIABILITY_METHODS = (BY_CHAIN_LADDER, BY_BORNHUETTER_FERGUSON, BY_BENKTANDER)

ULTIMATE_REDEMPTION, POINTS_TO_BE_REDEEMED = "ultimate redemption of issued points", "points still to be redeemed"

PROGRAMME_LIABILITY, POINTS_BREAKAGE = "programme liability", "breakage of issued points"

MIN_COHORTS = 3


@dataclass(frozen=True, slots=True)
class PointsProgramme:
    """Cohorts of issued points, what has come of them, and what will.

    Parameters
    ----------
    ledger : PointsLedger
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

    ledger: PointsLedger
    matched: str
    period_days: int
    triangle: np.ndarray
    issued: np.ndarray
    ladder: chain_ladder.ChainLadder
    ultimates: dict[str, np.ndarray]
    unit_cost: float
    opening_left: float = 0.0
    reason: str = ""

    def still(self, method: str) -> float:
        """Return the points that are still to be redeemed, those of opening balances at the rate of all cohorts."""
        rate = float(self.ultimates[method].sum() / self.issued.sum())
        return float((self.ultimates[method] - self.ladder.current).sum()) + rate * self.opening_left


def match_redemptions(books: PointsLedger) -> str:
    """Return how uses are matched to lots: as the ledger names them, else first in, first out."""
    return (
        redemption_cohorts.LEDGER_LOTS
        if books.share_of_lots >= redemption_cohorts.MIN_SHARE_OF_LOTS
        else redemption_cohorts.FIFO_LOTS
    )


def project_redemptions(
    books: PointsLedger, used: pd.DataFrame, matched: str, period_days: int, assumed: LoyaltyConfig
) -> PointsProgramme:
    """Return the programme's cohorts carried to their end.

    Parameters
    ----------
    books : PointsLedger
        From `helpers.loyalty.points_ledger.summarise_ledger`.
    used : DataFrame
        From `helpers.loyalty.redemption_cohorts.redemption_by_cohort`.
    matched : str
        How it was matched.
    period_days : int
        Length of a cohort [days].
    assumed : LoyaltyConfig
        Expected redemption and cost of a point, where the study gives them.
    """
    triangle, issued = redemption_cohorts.redemption_triangle(used)
    triangle, issued = _from_first_issue(triangle, issued)
    cost = assumed.point_cost if assumed.point_cost is not None else books.unit_cost
    reason = _why_no_projection(books, issued)
    if reason:
        empty = np.empty(0)
        return PointsProgramme(books, matched, period_days, triangle, issued,
                         chain_ladder.ChainLadder(empty, empty, empty, empty, np.nan, np.nan), {}, cost, 0.0, reason)
    ladder = chain_ladder.fit_chain_ladder(triangle)
    rate = assumed.expected_redemption or chain_ladder.cape_cod_rate(ladder.current, ladder.developed, issued)
    prior = min(rate, 1.0) * issued
    found = {
        BY_CHAIN_LADDER: ladder.ultimate,
        BY_BORNHUETTER_FERGUSON: chain_ladder.bornhuetter_ferguson_ultimate(ladder.current, ladder.developed, prior),
        BY_BENKTANDER: chain_ladder.benktander_ultimate(ladder.current, ladder.developed, prior),
    }
    capped = {name: np.maximum(np.minimum(u, issued), ladder.current) for name, u in found.items()}
    return PointsProgramme(
        books,
        matched,
        period_days,
        triangle,
        issued,
        ladder,
        capped,
        cost,
        redemption_cohorts.opening_points_left(used),
    )


def _from_first_issue(triangle: np.ndarray, issued: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return triangle and issues from the oldest cohort that issued anything."""
    start = int(np.flatnonzero(issued > 0)[0]) if (issued > 0).any() else len(issued)
    kept = len(issued) - start
    return triangle[start:, :kept], issued[start:]


def _why_no_projection(books: PointsLedger, issued: np.ndarray) -> str:
    if not books.n_entries:
        return "no points programme is recorded"
    if books.unidentified:
        return f"{points_ledger.NOT_IDENTIFIABLE}{books.unidentified}"
    if not (issued > 0).any():
        return "points were used, but none were ever earned"
    if len(issued) < MIN_COHORTS:
        return f"{len(issued)} cohorts of issued points, fewer than {MIN_COHORTS}"
    return ""


def liability_estimates(found: PointsProgramme, sensitivity: PointsProgramme | None = None) -> list[Estimate]:
    """Return ultimate redemption, points still to be redeemed, liability and breakage, by method.

    Parameters
    ----------
    found : PointsProgramme
        From `programme`.
    sensitivity : PointsProgramme, optional
        The same with uses matched last in, first out.

    Returns
    -------
    list of Estimate
        Segment ``all`` is the chain ladder with Mack's error and Student's t, cut at what is outstanding; further
        segments are the other methods, which have no interval.
    """
    if found.reason:
        status = Status.INSUFFICIENT if found.reason[0].isdigit() else Status.NOT_APPLICABLE
        units = {
            ULTIMATE_REDEMPTION: "share",
            POINTS_TO_BE_REDEEMED: POINTS_UNIT,
            PROGRAMME_LIABILITY: "money",
            POINTS_BREAKAGE: "share",
        }
        return [no_estimate(q, status, found.reason, unit=unit) for q, unit in units.items()]
    rows = _liability_estimate(found, BY_CHAIN_LADDER, "all", found.ladder.half_width())
    for method in LIABILITY_METHODS[1:]:
        rows += _liability_estimate(found, method, method, np.nan)
    if sensitivity is not None and not sensitivity.reason:
        rows += _liability_estimate(sensitivity, BY_CHAIN_LADDER, redemption_cohorts.LIFO_LOTS, np.nan)
    return rows


def _liability_estimate(found: PointsProgramme, method: str, segment: str, half: float) -> list[Estimate]:
    n, issued, still = found.ledger.n_members, float(found.issued.sum()), found.still(method)
    current = float(found.ladder.current.sum())
    extra = still - float(found.ultimates[method].sum() - current)  # of opening balances, which no cohort issued
    low, high = max(still - half, 0.0), min(still + half, max(issued - current, 0.0) + found.opening_left)
    share, least, most = (min((current + x - extra) / issued, 1.0) for x in (still, low, high))
    rows = [
        Estimate(ULTIMATE_REDEMPTION, share, least, most, "share", n, segment),
        Estimate(POINTS_TO_BE_REDEEMED, still, low, high, POINTS_UNIT, n, segment),
        Estimate(POINTS_BREAKAGE, 1 - share, 1 - most, 1 - least, "share", n, segment),
    ]
    if np.isnan(found.unit_cost):
        reason = "the cost of a point is not recorded: name it as point_cost in section [loyalty] of the study"
        return [
            *rows,
            no_estimate(PROGRAMME_LIABILITY, Status.INSUFFICIENT, reason, unit="money", n=n, segment=segment),
        ]
    money, least, most = (found.unit_cost * x for x in (still, low, high))
    return [*rows, Estimate(PROGRAMME_LIABILITY, money, least, most, "money", n, segment)]


def liability_gates(found: PointsProgramme) -> list[Gate]:
    """Return the gates on the liability: uses matched by assumption, and cohorts that have not run their course.

    Parameters
    ----------
    found : PointsProgramme
        From `programme`.
    """
    if found.reason:
        return []
    last = float(found.ladder.factors[-1]) - 1
    grows = found.ledger.n_lots == 0 and last > 0.01
    return [
        Gate(
            "lots by assumption",
            found.ledger.share_of_lots,
            redemption_cohorts.MIN_SHARE_OF_LOTS,
            found.matched != redemption_cohorts.LEDGER_LOTS,
            Level.QUALIFY,
            LIABILITY_CLAIM,
            f"{100 * found.ledger.share_of_lots:.0f} % of the points name their lot; at least "
            f"{100 * redemption_cohorts.MIN_SHARE_OF_LOTS:.0f} % are asked for, else uses are taken first in, "
            "first out.",
        ),
        Gate(
            "cohorts still in use at the end",
            last,
            0.01,
            grows,
            Level.QUALIFY,
            LIABILITY_CLAIM,
            f"At the greatest age that is seen, redemption still grew by {100 * last:.1f} % in a step; what comes "
            "later is not counted unless points expire.",
        ),
    ]


def cohort_share_triangle(found: PointsProgramme) -> pd.DataFrame:
    """Return the cohort triangle as shares of the points issued, cohort (rows) by age in periods (columns)."""
    m = len(found.issued)
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = found.triangle / found.issued[:, None]
    rows = [f"{m - 1 - i} ago" if i < m - 1 else "newest" for i in range(m)]
    frame = pd.DataFrame(np.where(np.isfinite(cells), cells, np.nan), rows, [str(j) for j in range(m)])
    return frame.rename_axis("cohort").rename_axis(f"age in steps of {found.period_days} days", axis=1)


def programme_cohort_table(
    found: PointsProgramme, names: tuple[str, ...] = ("cohort", "issued", "redeemed")
) -> pd.DataFrame:
    """Return each cohort: issued and redeemed so far, share developed, and its end by every method [points]."""
    columns = [*names, "share_developed", *(f"ultimate_{m}" for m in ("chain_ladder", "bornhuetter", "benktander"))]
    if found.reason:
        return pd.DataFrame(columns=columns, dtype="float64").astype({"cohort": "int64"})
    m = len(found.issued)
    data = [np.arange(m - 1, -1, -1), found.issued, found.ladder.current, found.ladder.developed,
            *(found.ultimates[method] for method in LIABILITY_METHODS)]
    return pd.DataFrame(dict(zip(columns, data, strict=True)))


@dataclass(frozen=True, slots=True)
class ProgrammeRecords:
    """What the programme's records say.

    Parameters
    ----------
    ledger : PointsLedger
        The books.
    programme : PointsProgramme
        Cohorts of issued points carried to their end.
    sensitivity : PointsProgramme or None
        The same with the newest points used first, where lots are an assumption.
    tiers : TierMoves
        Who moved between tiers.
    standing : DataFrame
        Each member's tier now and the points of the last year.
    """

    ledger: PointsLedger
    programme: PointsProgramme
    sensitivity: PointsProgramme | None
    tiers: TierMoves
    standing: pd.DataFrame

    @property
    def estimates(self) -> list[Estimate]:
        """The books, then what is still owed."""
        return [*points_ledger.ledger_estimates(self.ledger), *liability_estimates(self.programme, self.sensitivity)]

    @property
    def gates(self) -> list[Gate]:
        """Gates of the books, of the cohorts, and of the tiers."""
        return [
            *points_ledger.ledger_gates(self.ledger),
            *liability_gates(self.programme),
            *programme_tiers.tier_gates(self.tiers),
        ]


def programme_records(engine: Engine, points: ir.Table, memberships: ir.Table, joined: ir.Table, as_of_on: date,
             assumed: LoyaltyConfig) -> ProgrammeRecords:
    """Return what the programme's records say.

    Parameters
    ----------
    engine : Engine
        Adds up.
    points, memberships : Table
        Canonical tables.
    joined : Table
        From `helpers.loyalty.points_ledger.first_joining_days`.
    as_of_on : date
        Last day that is seen.
    assumed : LoyaltyConfig
        Length of cohorts, expected redemption, cost of a point.
    """
    books = points_ledger.summarise_ledger(engine, points, joined, as_of_on)
    days = redemption_cohorts.cohort_period_days(books.first_on, as_of_on, assumed.cohort_days)
    how = match_redemptions(books)
    is_known = bool(books.n_entries) and not books.unidentified
    seen = points if is_known else points.limit(0)
    main = project_redemptions(
        books, redemption_cohorts.redemption_by_cohort(engine, seen, as_of_on, days, how), how, days, assumed
    )
    other = None
    if is_known and how != redemption_cohorts.LEDGER_LOTS:
        last = redemption_cohorts.redemption_by_cohort(engine, points, as_of_on, days, redemption_cohorts.LIFO_LOTS)
        other = project_redemptions(books, last, redemption_cohorts.LIFO_LOTS, days, assumed)
    return ProgrammeRecords(books, main, other, programme_tiers.tier_moves(engine, memberships, as_of_on),
                    programme_tiers.current_tiers(engine, memberships, points, as_of_on))
