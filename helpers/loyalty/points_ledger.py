"""Points ledger: opening + earned + adjusted = redeemed + expired + closing; quality gates."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.loyalty.config import LoyaltyConfig
from helpers.stats.disclosure_control import people_text

ENTRY_KINDS = ("opening", "earn", "adjust", "transfer", "redeem", "expire")

ENTRY_KIND_LABELS = {"opening": "opening balance", "earn": "earned", "adjust": "adjusted", "transfer": "transferred",
          "redeem": "redeemed", "expire": "expired"}

NET_CHANGE, CLOSING_BALANCE = "net change of all balances", "closing balance"

NOT_IDENTIFIABLE = "liability not identifiable, net change only: "

POINTS_UNIT = "loyalty points"

MAX_WRONG_SHARE = 0.01

POINTS_TOLERANCE = 1e-6

LIABILITY_CLAIM, JOINING_CLAIM = "programme liability", "members by channel of joining"


@dataclass(frozen=True, slots=True)
class PointsLedger:
    """The programme's entries up to a day, added up.

    Parameters
    ----------
    sums : dict of str to float
        Signed points by kind; the sum of all is the closing balance if the ledger opens with every balance.
    n_members, n_entries : int
        Accounts with any entry, and entries.
    first_on, last_on : date or None
        Days of the first and last entry.
    n_early : int
        Accounts opened before the first entry of the ledger without an opening balance in it.
    n_below_zero, n_unearned : int
        Accounts without an opening balance whose running balance falls below zero, and those that used points and
        never earned any.
    n_lots, n_expired_early : int
        Lots with a day of expiry, and those of them that expire before they were issued.
    n_wrong_sign : int
        Entries that earn a negative or use a positive number of points.
    n_before_joining : int
        Entries of points dated before the day on which their member joined, opening balances aside.
    share_of_lots : float
        Share of the earned and used points that name their lot.
    unit_cost : float
        Cost of a redeemed point, else of an earned one [money]; NaN where none is recorded.
    is_monthly : bool
        Whether every entry stands on the first day of a month.
    """

    sums: dict[str, float]
    n_members: int
    n_entries: int
    first_on: date | None
    last_on: date | None
    n_early: int
    n_below_zero: int
    n_early_below_zero: int
    n_unearned: int
    n_lots: int
    n_expired_early: int
    n_wrong_sign: int
    n_before_joining: int
    share_of_lots: float
    unit_cost: float
    is_monthly: bool = False

    @property
    def closing(self) -> float:
        """Sum of all entries [points]."""
        return sum(self.sums.values())

    @property
    def unidentified(self) -> str:
        """Why the sum of the entries is not what is owed; empty where it is."""
        parts = []
        if self.n_early > MAX_WRONG_SHARE * self.n_members:
            early = f"{people_text(self.n_early, of=self.n_members)} of {self.n_members:,} members"
            parts.append(f"{early} joined before the ledger begins and have no opening balance in it")
        if self.n_below_zero > MAX_WRONG_SHARE * self.n_members:
            early = people_text(self.n_early_below_zero, of=self.n_below_zero)
            rest = self.n_below_zero - self.n_early_below_zero
            lacks = ": no opening balance explains the others, entries lack or are booked too early" if rest else ""
            parts.append(f"{people_text(self.n_below_zero, 'balance falls', 'balances fall')} below zero, {early} of "
                         f"them of members who joined before{lacks}")
        return "; ".join(parts)


def ledger_entries(points: ir.Table, as_of_on: date) -> ir.Table:
    """Return the entries up to the end of a day."""
    return points.filter(points.entered_at < ibis.literal(pd.Timestamp(as_of_on + timedelta(1))))


def summarise_ledger(engine: Engine, points: ir.Table, joined: ir.Table, as_of_on: date) -> PointsLedger:
    """Return the programme's books.

    Parameters
    ----------
    engine : Engine
        Adds up.
    points : Table
        ``canonical/points``.
    joined : Table
        ``customer_id, joined_on`` from `joining`.
    as_of_on : date
        Last day that is seen.
    """
    known = ledger_entries(points, as_of_on)
    by_kind = engine.arrow(known.group_by("kind").aggregate(points=known.points.sum(), n=known.count())).to_pandas()
    sums: dict[str, float] = dict.fromkeys(ENTRY_KINDS, 0.0)
    sums |= dict(zip(by_kind["kind"], by_kind["points"].astype(float), strict=True))
    bounds = engine.first_row(known.aggregate(first=known.entered_at.min(), last=known.entered_at.max(),
                                              latest_day=known.entered_at.day().max(),
                                              n_wrong=_has_wrong_sign(known).ifelse(1, 0).sum(), **_lot_facts(known)))
    first_on, last_on = (bounds[c].date() if bounds[c] else None for c in ("first", "last"))
    accounts = engine.first_row(_account_facts(known, joined, first_on or as_of_on))
    lots, before = engine.first_row(_expiry_facts(known)), engine.first_row(_entries_before_joining(known, joined))
    return PointsLedger(
        sums, int(accounts["n"]), int(by_kind["n"].sum()), first_on, last_on,
        **{c: int(accounts[c] or 0) for c in ("n_early", "n_below_zero", "n_early_below_zero", "n_unearned")},
        n_lots=int(lots["n"]), n_expired_early=int(lots["n_early"] or 0), n_wrong_sign=int(bounds["n_wrong"] or 0),
        n_before_joining=int(before["n"]), share_of_lots=float(bounds["share_of_lots"] or 0.0),
        unit_cost=_point_cost(bounds), is_monthly=bounds["latest_day"] == 1 and first_on != last_on)


def first_joining_days(customers: ir.Table, memberships: ir.Table, subscriptions: ir.Table) -> ir.Table:
    """Return the day on which each customer joined the programme: ``customer_id, joined_on``.

    Where no membership is recorded, the first day on which he is known to have joined the company.
    """
    others = customers.select("customer_id", on=customers.joined_on).union(
        subscriptions.select("customer_id", on=subscriptions.started_on)).anti_join(memberships, "customer_id")
    every = others.union(memberships.select("customer_id", on=memberships.valid_from))
    return every.group_by("customer_id").aggregate(joined_on=every.on.min())


def _has_wrong_sign(known: ir.Table) -> ir.BooleanValue:
    return ((known.kind == "earn") & (known.points < 0)) | (known.kind.isin(["redeem", "expire"]) & (known.points > 0))


def _lot_facts(known: ir.Table) -> dict[str, ir.Value]:
    size, cost = known.points.abs(), known.unit_cost.cast("float64")
    counted = known.kind.isin(["earn", "redeem", "expire"])
    found = {"share_of_lots": size.sum(where=counted & known.lot_id.notnull()) / size.sum(where=counted).nullif(0)}
    for kind in ("redeem", "earn"):
        costed = (known.kind == kind) & known.unit_cost.notnull()
        found[f"cost_{kind}"] = (size * cost).sum(where=costed) / size.sum(where=costed).nullif(0)
    return found


def _point_cost(bounds: dict[str, Any]) -> float:
    known = [bounds[f"cost_{kind}"] for kind in ("redeem", "earn") if bounds[f"cost_{kind}"] is not None]
    return float(known[0]) if known else float("nan")


def _account_facts(known: ir.Table, joined: ir.Table, first_on: date) -> ir.Table:
    """Return one row: accounts, and those of them whose balance before the ledger is missing."""
    moved = known.group_by("customer_id", "entered_at").aggregate(
        points=known.points.sum(), earned=known.points.sum(where=known.points > 0),
        used=known.points.sum(where=known.points < 0), is_opening=(known.kind == "opening").any())
    running = ibis.cumulative_window(group_by="customer_id", order_by="entered_at")
    moved = moved.mutate(balance=moved.points.sum().over(running))
    each = moved.group_by("customer_id").aggregate(
        least=moved.balance.min(), earned=moved.earned.sum(), used=moved.used.sum(), has_opening=moved.is_opening.any())
    each = each.left_join(joined, "customer_id").drop("customer_id_right")
    lacks = ~each.has_opening
    is_early, is_below = lacks & (each.joined_on < first_on), lacks & (each.least < -POINTS_TOLERANCE)

    def counted(which: ir.BooleanValue) -> ir.Value:
        return which.fill_null(False).ifelse(1, 0).sum()

    return each.aggregate(
        n=each.count(), n_early=counted(is_early), n_below_zero=counted(is_below),
        n_early_below_zero=counted(is_early & is_below),
        n_unearned=counted((each.used < 0) & (each.earned.fill_null(0) <= 0)))


def _entries_before_joining(known: ir.Table, joined: ir.Table) -> ir.Table:
    moved = known.filter(known.points != 0, known.kind != "opening").inner_join(joined, "customer_id")
    return moved.filter(moved.entered_at.date() < moved.joined_on.cast("date")).aggregate(n=lambda t: t.count())


def _expiry_facts(known: ir.Table) -> ir.Table:
    dated = known.filter(known.kind == "earn", known.expires_at.notnull())
    return dated.aggregate(n=dated.count(), n_early=(dated.expires_at < dated.entered_at).ifelse(1, 0).sum())


def ledger_estimates(found: PointsLedger) -> list[Estimate]:
    """Return the books: points by kind, their net change, and the closing balance where it is known.

    Parameters
    ----------
    found : PointsLedger
        From `summarise_ledger`.
    """
    if not found.n_entries:
        reason = "no points programme is recorded"
        return [no_estimate(q, Status.NOT_APPLICABLE, reason, unit=POINTS_UNIT) for q in (NET_CHANGE, CLOSING_BALANCE)]
    rows = [
        Estimate(f"points {ENTRY_KIND_LABELS[kind]}", found.sums[kind], unit=POINTS_UNIT, n=found.n_entries)
        for kind in ENTRY_KINDS
    ]
    if found.unidentified and not found.sums["opening"]:  # not recorded is not zero
        reason = "no opening balance is in the ledger"
        rows[0] = no_estimate(rows[0].quantity, Status.INSUFFICIENT, reason, unit=POINTS_UNIT, n=found.n_entries)
    rows.append(Estimate(NET_CHANGE, found.closing - found.sums["opening"], unit=POINTS_UNIT, n=found.n_members))
    if found.unidentified:
        reason = f"{NOT_IDENTIFIABLE}{found.unidentified}"
        return [*rows, no_estimate(CLOSING_BALANCE, Status.NOT_APPLICABLE, reason, unit=POINTS_UNIT, n=found.n_members)]
    return [*rows, Estimate(CLOSING_BALANCE, found.closing, unit=POINTS_UNIT, n=found.n_members)]


def with_point_cost(assumed: LoyaltyConfig, found: PointsLedger, is_constant: bool) -> LoyaltyConfig:
    """Return the section with the cost of a point that is counted with, and what sets it.

    Parameters
    ----------
    assumed : LoyaltyConfig
        The study's.
    found : PointsLedger
        From `summarise_ledger`.
    is_constant : bool
        Whether the source profile sets the cost, rather than an entry of the ledger.
    """
    if assumed.point_cost is not None or math.isnan(found.unit_cost):
        return assumed
    cost = float(f"{found.unit_cost:.6g}")  # a mean of equal costs is not exactly theirs
    return assumed.with_values({"point_cost": cost}, "profile" if is_constant else "ledger")


def ledger_gates(found: PointsLedger) -> list[Gate]:
    """Return the gates of the programme: opening balances, points without earnings, expiry, signs, days of joining.

    Parameters
    ----------
    found : PointsLedger
        From `summarise_ledger`.
    """
    if not found.n_entries:
        return []
    early = max(found.n_early, found.n_below_zero) / max(found.n_members, 1)
    opening = found.unidentified or "The ledger holds every balance from its beginning"
    return [
        Gate("opening balances", early, MAX_WRONG_SHARE, bool(found.unidentified), Level.STRIKE, LIABILITY_CLAIM,
             f"{opening[:1].upper()}{opening[1:]}; at most {100 * MAX_WRONG_SHARE:.0f} % of members may lack one."),
        _count_gate("points used without earnings", found.n_unearned,
                 ("No member used points without having earned any in the ledger",
                  "member used points and never earned any in the ledger",
                  "members used points and never earned any in the ledger")),
        *([_count_gate("expiry before issue", found.n_expired_early, (
            "No lot expires before it was issued", "lot expires before it was issued, and is taken as booked",
            "lots expire before they were issued, and are taken as booked"))] if found.n_lots else []),
        *([Gate("days of entries", 1.0, 0.0, True, Level.NOTE, LIABILITY_CLAIM,
                "Every entry stands on the first day of its month: points of the whole month "
                f"{found.last_on:%Y-%m} are counted.")] if found.is_monthly else []),
        _count_gate("entries of the wrong sign", found.n_wrong_sign,
                 ("Every entry that earns adds points, every one that uses takes some",
                  "entry earns a negative or uses a positive number of points, and is counted as booked",
                  "entries earn a negative or use a positive number of points, and are counted as booked")),
        _count_gate("entries before joining", found.n_before_joining,
                 ("No points are entered before their member joined",
                  "entry of points is dated before its member joined, and is counted as booked",
                  "entries of points are dated before their member joined, and are counted as booked: days of joining, "
                  "or of entries, are wrong, or a member joined again"),
                 f"{LIABILITY_CLAIM}, {JOINING_CLAIM}"),
    ]


def _count_gate(name: str, n: int, said: tuple[str, str, str], claims: str = LIABILITY_CLAIM) -> Gate:
    """Return a gate that counts; said of none, of one and of many."""
    text = f"{n:,} {said[min(n, 2)]}." if n else f"{said[0]}."
    return Gate(name, n, 0, n > 0, Level.QUALIFY, claims, text)
