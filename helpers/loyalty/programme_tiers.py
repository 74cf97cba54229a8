"""Programme tiers: transition matrix, current tiers, other thresholds, a shared profit pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.results import Gate, Level
from helpers.stats import disclosure_control
from helpers.stats.confidence_intervals import share_interval

LEFT_PROGRAMME, NOT_YET_MEMBER = "left", "joined"

DECLARED_THRESHOLD, IMPUTED_THRESHOLD = "declared", "imputed, not stated"

DAYS_PER_YEAR = 365

MAX_DAYS_OF_CHANGE = 4  # on which tiers change within a year, to be told one by one

LEAST_AGREEMENT = 0.95  # of members whom imputed thresholds have to put into the tier that they hold

TIER_MOVE_COLUMNS = ["tier_before", "tier_after", "n", "share", "low", "high"]


@dataclass(frozen=True, slots=True)
class TierMoves:
    """Tiers of members at two days.

    Parameters
    ----------
    moves : DataFrame
        Grain tier before × tier after: ``n``, and of those who were in the tier before ``share`` with ``low`` and
        ``high``; *joined* and *left* stand for not being a member.
    from_on, to_on : date
        The two days.
    n_members : int
        Members on the second day.
    n_double : int
        Members who are in more than one tier, or twice in one, on either day; the latest spell counts.
    is_monthly : bool
        Whether only months are recorded: the two days are then the first of two months, and stand for their ends.
    changed_on : tuple of date
        The days on which tiers changed between the two; empty where they are more than four, or of one to nine members.
    """

    moves: pd.DataFrame
    from_on: date
    to_on: date
    n_members: int
    n_double: int
    is_monthly: bool = False
    changed_on: tuple[date, ...] = ()

    @property
    def names(self) -> list[str]:
        """Tiers that anybody is in, by name."""
        return sorted(({*self.moves["tier_before"]} | {*self.moves["tier_after"]}) - {LEFT_PROGRAMME, NOT_YET_MEMBER})

    @property
    def are_given(self) -> bool:
        """Whether of ten members or more nobody is recorded in another tier: given for good, or no change is kept."""
        stayed = self.moves[self.moves["tier_before"].ne(NOT_YET_MEMBER) & self.moves["tier_after"].ne(LEFT_PROGRAMME)]
        is_same = stayed["tier_before"] == stayed["tier_after"]
        return int(stayed["n"].sum()) >= disclosure_control.LEAST_PEOPLE and bool(is_same.all())


def tier_moves(engine: Engine, memberships: ir.Table, as_of_on: date, days: int = DAYS_PER_YEAR) -> TierMoves:
    """Return who was in which tier some days ago and is in which now.

    Parameters
    ----------
    engine : Engine
        Looks up.
    memberships : Table
        ``canonical/memberships``.
    as_of_on : date
        The second day.
    days : int
        How long before it the first one lies; half of what is recorded where that is less [days].

    Notes
    -----
    Where every spell begins and ends on the first day of a month, months are recorded, no days: who left in a month
    is no member at its end, as who joined in it is one.
    """
    known, first, is_monthly = _spells_known(engine, memberships, as_of_on)
    if first is not None and (as_of_on - first).days < 2 * days:
        days = max((as_of_on - first).days // 2, 1)
    from_on = as_of_on - timedelta(days)
    if is_monthly:
        from_on, as_of_on = from_on.replace(day=1), as_of_on.replace(day=1)
    then, now = (_tier_on_day(known, day) for day in (from_on, as_of_on))
    both = then.outer_join(now, "customer_id").mutate(
        tier_before=lambda t: t.tier.fill_null(NOT_YET_MEMBER),
        tier_after=lambda t: t.tier_right.fill_null(LEFT_PROGRAMME),
    )
    moves = both.group_by("tier_before", "tier_after").aggregate(
        n=both.count(), n_double=((both.n_spells > 1).fill_null(False) | (both.n_spells_right > 1).fill_null(False))
        .ifelse(1, 0).sum())
    frame = engine.arrow(moves).to_pandas().sort_values(["tier_before", "tier_after"], ignore_index=True)
    members = int(frame.loc[frame["tier_after"] != LEFT_PROGRAMME, "n"].sum())
    changed_on = () if is_monthly else _days_of_change(engine, known, from_on, as_of_on)
    return TierMoves(_move_shares(frame), from_on, as_of_on, members, int(frame["n_double"].sum()),
                     is_monthly, changed_on)


def _days_of_change(engine: Engine, known: ir.Table, from_on: date, to_on: date) -> tuple[date, ...]:
    """Return the days after the first up to the second on which spells in another tier begin, where they are few."""
    spells = ibis.window(group_by="customer_id", order_by=["valid_from", "tier"])
    begun = known.mutate(tier_before=known.tier.lag().over(spells)).filter(
        lambda t: (t.tier_before != t.tier) & (t.valid_from > from_on) & (t.valid_from <= to_on))
    days = engine.arrow(begun.group_by("valid_from").aggregate(n=begun.count())).to_pandas()
    if len(days) > MAX_DAYS_OF_CHANGE or (days["n"] < disclosure_control.LEAST_PEOPLE).any():
        return ()
    return tuple(pd.Timestamp(day).date() for day in days["valid_from"].sort_values())


def _spells_known(engine: Engine, memberships: ir.Table, as_of_on: date) -> tuple[ir.Table, date | None, bool]:
    """Return the spells begun by a day, the first day of all, and whether they tell months, no days."""
    known = memberships.filter(memberships.valid_from <= as_of_on)
    is_first = (known.valid_from.day() == 1) & (known.valid_to.isnull() | (known.valid_to.day() == 1))
    found = engine.first_row(known.aggregate(
        first=known.valid_from.min(), n=known.count(), n_first=is_first.ifelse(1, 0).sum(),
        n_ended=known.valid_to.count()))
    if not found["n_ended"] or found["n_first"] != found["n"]:
        return known, found["first"], False
    return known.mutate(valid_to=known.valid_to - ibis.interval(days=1)), found["first"], True


def holds_day(spells: ir.Table, day: ir.DateValue) -> ir.BooleanValue:
    """Return whether each membership spell holds a day: the last day of a spell is a day in it."""
    return (spells.valid_from <= day) & (spells.valid_to.isnull() | (spells.valid_to >= day))


def _tier_on_day(known: ir.Table, day: date) -> ir.Table:
    """Return each member's tier on a day, by the latest spell that holds it, and how many hold it."""
    held = known.filter(holds_day(known, ibis.literal(day)))
    newest = ibis.row_number().over(ibis.window(
        group_by="customer_id", order_by=[held.valid_from.desc(), held.tier]))
    n_spells = held.count().over(ibis.window(group_by="customer_id"))
    ranked = held.mutate(newest=newest, n_spells=n_spells)
    return ranked.filter(ranked.newest == 0).select("customer_id", "tier", "n_spells")


def _move_shares(frame: pd.DataFrame) -> pd.DataFrame:
    n, total = frame["n"].to_numpy(int), frame.groupby("tier_before")["n"].transform("sum").to_numpy(int)
    ranges = [share_interval(k / m, m) for k, m in zip(n, total, strict=True)]
    is_new = (frame["tier_before"] == NOT_YET_MEMBER).to_numpy()
    values = {c: np.where(is_new, np.nan, [getattr(r, a) for r in ranges]) if len(frame) else np.empty(0)
              for c, a in (("share", "value"), ("low", "low"), ("high", "high"))}
    return frame.assign(n=n, **values)[TIER_MOVE_COLUMNS]


def tier_gates(found: TierMoves) -> list[Gate]:
    """Return the gate on members who are in more than one tier at once; none without members."""
    if found.moves.empty:
        return []
    who = disclosure_control.people_text(found.n_double, "member is", "members are")
    said = (f"{who[:1].upper()}{who[1:]} in more than one tier at once, or twice in one; the latest spell counts."
            if found.n_double else "No member is in two tiers at once.")
    return [Gate("members twice in a tier", found.n_double, 0, found.n_double > 0, Level.NOTE, "tiers", said)]


def tier_transition_matrix(found: TierMoves, order: Sequence[str] = ()) -> pd.DataFrame:
    """Return the share of each tier (rows) that is in each tier afterwards (columns), in an order where one is given.

    Tiers that have no share to show, since few people moved, have no row.
    """
    counts = found.moves.pivot(index="tier_before", columns="tier_after", values="n").fillna(0)
    shares = disclosure_control.row_shares_suppressed(counts).drop(index=NOT_YET_MEMBER, errors="ignore")
    places = {tier: place for place, tier in enumerate(order)} | {LEFT_PROGRAMME: len(order)}
    shares = shares.sort_index(axis=1).sort_index(axis=1, key=lambda tiers: tiers.map(places), kind="stable")
    shares = shares.sort_index(key=lambda tiers: tiers.map(places), kind="stable")
    shares = shares[(shares > 0).any(axis=1)]
    on = "at the end of the month of" if found.is_monthly else "on"
    return shares.rename_axis(f"tier {on} {found.from_on}").rename_axis(f"tier {on} {found.to_on}", axis=1)


def current_tiers(engine: Engine, memberships: ir.Table, points: ir.Table, as_of_on: date) -> pd.DataFrame:
    """Return each member's tier now and the points earned in the last year; sorted.

    Returns
    -------
    DataFrame
        Grain member with a tier: ``customer_id, tier, points_year``.
    """
    known, _, is_monthly = _spells_known(engine, memberships, as_of_on)
    now = _tier_on_day(known, as_of_on.replace(day=1) if is_monthly else as_of_on)
    since = pd.Timestamp(as_of_on - timedelta(DAYS_PER_YEAR - 1))
    until = pd.Timestamp(as_of_on + timedelta(1))
    recent = points.filter(points.kind == "earn", points.entered_at >= since, points.entered_at < until)
    earned = recent.group_by("customer_id").aggregate(points_year=recent.points.sum())
    both = now.left_join(earned, "customer_id")
    frame = engine.arrow(both.select("customer_id", "tier", points_year=both.points_year.fill_null(0.0))).to_pandas()
    return frame.sort_values("customer_id", ignore_index=True)


def margin_of_members(
    engine: Engine, transactions: ir.Table, memberships: ir.Table, as_of_on: date, margin_rate: float
) -> float:
    """Return the margin of the last year from those who are members now, of sales less refunds [money].

    Parameters
    ----------
    engine : Engine
        Adds up.
    transactions, memberships : Table
        Canonical tables.
    as_of_on : date
        Last day of the year.
    margin_rate : float
        Share of net sales that is margin where a line has no unit cost.
    """
    known, _, is_monthly = _spells_known(engine, memberships, as_of_on)
    now = _tier_on_day(known, as_of_on.replace(day=1) if is_monthly else as_of_on)
    spent = features.customer_days(transactions, as_of_on).semi_join(now, "customer_id")
    year = spent.filter(spent.on > as_of_on - timedelta(DAYS_PER_YEAR))
    found = engine.first_row(year.aggregate(costed=year.costed_margin.sum(), plain=year.uncosted_sales.sum()))
    return float(found["costed"] or 0) + margin_rate * float(found["plain"] or 0)


def tier_order(stands: pd.DataFrame, declared: Mapping[str, float]) -> list[str]:
    """Return tiers from the lowest: by declared threshold, else by their members' mean points of the last year."""
    if declared:
        return sorted(declared, key=lambda tier: declared[tier])
    return list(stands.groupby("tier")["points_year"].mean().sort_values(kind="stable").index)


def other_tier_thresholds(
    stands: pd.DataFrame, changes: Sequence[float], declared: Mapping[str, float], are_given: bool = False
) -> pd.DataFrame:
    """Return what other thresholds would mean: members by tier if the points of a year decided alone.

    Parameters
    ----------
    stands : DataFrame
        From `current_tiers`.
    changes : sequence of float
        By how much every threshold moves, such as −0.2.
    declared : mapping of str to float
        Threshold of each tier [points a year]; without any those that give every tier its present size are *imputed*.
    are_given : bool
        Whether no change of tier is recorded: nothing tells which points decide then.

    Returns
    -------
    DataFrame
        Grain change × tier, tiers from the lowest: ``change, tier, threshold`` [points a year]``, n, n_now, origin``
        (*declared*, or *imputed, not stated*). Empty with fewer than two tiers, without points, with given tiers, or
        where imputed thresholds put too few members into their tier (`imputed_agreement`).

    Raises
    ------
    InputError
        If thresholds are declared, but not of a tier that members are in.
    """
    columns = ["change", "tier", "threshold", "n", "n_now", "origin"]
    if are_given or stands["tier"].nunique() < 2 or not stands["points_year"].any():
        return pd.DataFrame(columns=columns)
    if not declared and imputed_agreement(stands) < LEAST_AGREEMENT:
        return pd.DataFrame(columns=columns)
    earned, tiers = np.sort(stands["points_year"].to_numpy(float)), tier_order(stands, declared)
    cuts = _declared_cuts(stands["tier"], tiers, declared) if declared else _imputed_cuts(stands, tiers, earned)
    sizes, origin = stands["tier"].value_counts(), DECLARED_THRESHOLD if declared else IMPUTED_THRESHOLD
    rows = []
    for change in (0.0, *changes):
        edges = np.searchsorted(earned, cuts * (1 + change), side="left")
        n = np.diff(np.concatenate([[0], edges, [len(earned)]]))
        rows += [{"change": change, "tier": tier, "threshold": t, "n": int(k), "n_now": int(sizes.get(tier, 0)),
                  "origin": origin}
                 for tier, t, k in zip(tiers, (0.0, *(cuts * (1 + change))), n, strict=True)]
    return pd.DataFrame(rows, columns=columns)


def imputed_agreement(stands: pd.DataFrame) -> float:
    """Return the share of members whom thresholds imputed from the tiers' sizes put into the tier that they hold."""
    if stands["tier"].nunique() < 2:
        return 1.0
    earned, tiers = np.sort(stands["points_year"].to_numpy(float)), tier_order(stands, {})
    place = np.searchsorted(_imputed_cuts(stands, tiers, earned), stands["points_year"].to_numpy(float), side="right")
    return float((np.array(tiers)[place] == stands["tier"].to_numpy(str)).mean())


def _imputed_cuts(stands: pd.DataFrame, tiers: Sequence[str], earned: np.ndarray) -> np.ndarray:
    """Return the thresholds of all tiers but the lowest that give every tier its present size."""
    sizes = stands["tier"].value_counts().reindex(tiers).to_numpy()
    return earned[np.minimum(np.cumsum(sizes)[:-1], len(earned) - 1)]


def _declared_cuts(held: pd.Series, tiers: Sequence[str], declared: Mapping[str, float]) -> np.ndarray:
    unknown = [tier for tier in sorted(held.unique()) if tier not in declared]
    if unknown:
        raise InputError("loyalty.tiers", f"members are in tier '{unknown[0]}', which has no threshold",
                         "a threshold of every tier")
    return np.array([declared[tier] for tier in tiers[1:]])


def shared_profit(
    stands: pd.DataFrame, margin: float, shares: Sequence[float], declared: Mapping[str, float]
) -> pd.DataFrame:
    """Return what a shared profit would pay: a share of margin, divided by the points of the last year.

    Parameters
    ----------
    stands : DataFrame
        From `current_tiers`.
    margin : float
        Margin of the last year from members [money].
    shares : sequence of float
        Shares of the margin that are paid out.
    declared : mapping of str to float
        Threshold of each tier, by which they are in order.

    Returns
    -------
    DataFrame
        Grain share × tier, tiers from the lowest: ``share_of_margin, tier, n, paid, paid_a_member`` [money]. Empty
        without points or margin.
    """
    columns = ["share_of_margin", "tier", "n", "paid", "paid_a_member"]
    total = float(stands["points_year"].sum())
    if not total > 0 or not margin > 0:
        return pd.DataFrame(columns=columns)
    by_tier = stands.groupby("tier")["points_year"].agg(["size", "sum"])
    by_tier = by_tier.loc[[tier for tier in tier_order(stands, declared) if tier in by_tier.index]]
    rows = [{"share_of_margin": s, "tier": tier, "n": int(row["size"]), "paid": s * margin * row["sum"] / total,
             "paid_a_member": s * margin * row["sum"] / total / row["size"]}
            for s in shares for tier, row in by_tier.iterrows()]
    return pd.DataFrame(rows, columns=columns)
