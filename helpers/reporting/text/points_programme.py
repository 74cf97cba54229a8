"""Text on the points programme, its tiers and partners."""

from collections.abc import Sequence

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.money import currency_text
from helpers.foundation.results import Status
from helpers.loyalty import (
    coalition_points,
    points_ledger,
    points_liability,
    programme_tiers,
    redemption_cohorts,
)
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.programme_tiers import TierMoves
from helpers.reporting import formatting
from helpers.reporting.text.loyalty import Row, is_reported, quantity_row
from helpers.stats.disclosure_control import is_hidden, parts_text_if_enough, people_text


def programme_answer(owed: pd.DataFrame, currency: str, assumed: LoyaltyConfig) -> str:
    """Return what the programme owes, or why it cannot be said; empty without a programme.

    Parameters
    ----------
    owed : DataFrame
        ``results/programme_liability``.
    currency : str
        Of the liability.
    assumed : LoyaltyConfig
        From `helpers.loyalty.points_ledger.with_point_cost`.
    """
    change = quantity_row(owed, points_ledger.NET_CHANGE)
    if not is_reported(change):
        return ""
    liability, ultimate = (quantity_row(owed, q) for q in (
        points_liability.PROGRAMME_LIABILITY, points_liability.ULTIMATE_REDEMPTION))
    if not is_reported(ultimate):
        why = str(ultimate["reason"]).removeprefix(points_ledger.NOT_IDENTIFIABLE).split("; ")[0]
        return f"{_net(change, ultimate)}What the programme owes cannot be said: {why}."
    in_the_end = f"{formatting.estimate_text(ultimate)} of the points issued are redeemed in the end"
    if not is_reported(liability):
        expected = quantity_row(owed, points_liability.POINTS_TO_BE_REDEEMED)
        return (f"The programme still owes {formatting.number(expected['value'])} points "
                f"{formatting.interval(expected['low'], expected['high'])}: {in_the_end}; {liability['reason']}.")
    return (f"The programme owes {formatting.estimate_text(liability, currency=currency)}"
            f"{_point_cost(assumed, currency)}: {in_the_end}.")


COST_SET_BY = {"profile": "set by the profile, not in the ledger", "study": "set by the study, not in the ledger",
               "ledger": "as the ledger records on average"}


def _point_cost(assumed: LoyaltyConfig, currency: str) -> str:
    if assumed.point_cost is None:
        return ""
    amount = currency_text(formatting.number(assumed.point_cost), currency)
    return f" at {amount} a point ({COST_SET_BY[assumed.set_by('point_cost')]})"


def _net(change: Row, ultimate: Row) -> str:
    if ultimate["status"] == Status.NOT_APPLICABLE and "net change" in str(ultimate["reason"]):
        return f"The net change of all balances of points is {formatting.whole(change['value'])}. "
    return ""


def points_identity(owed: pd.DataFrame) -> str:
    """Return the books as an identity, each side with its points; empty without a programme.

    Opening balances stand in it where the closing balance is known: a net change leaves them out.
    """
    change = quantity_row(owed, points_ledger.NET_CHANGE)
    if not is_reported(change):
        return ""
    known = {
        kind: quantity_row(owed, f"points {points_ledger.ENTRY_KIND_LABELS[kind]}")["value"]
        for kind in points_ledger.ENTRY_KINDS
    }
    closing = quantity_row(owed, points_ledger.CLOSING_BALANCE)
    always = ("opening", "earn") if is_reported(closing) else ("earn",)
    left = [f"{formatting.whole(known[k])} {points_ledger.ENTRY_KIND_LABELS[k]}"
            for k in (*always, "adjust", "transfer") if known[k] or k in always]
    right = [f"{formatting.whole(-known[k])} {points_ledger.ENTRY_KIND_LABELS[k]}"
             for k in ("redeem", "expire") if known[k] or k == "redeem"]
    if not is_reported(closing):
        return (f"{' + '.join(left)} = {' + '.join(right)} + {formatting.whole(change['value'])} net change: the "
                "closing balance is not known, since opening balances are missing from the ledger.")
    return f"{' + '.join(left)} = {' + '.join(right)} + {formatting.whole(closing['value'])} closing balance."


def assumed_lots_sentence(owed: pd.DataFrame) -> str:
    """Return that which points go first is an assumption; empty where lots are named, or without a liability."""
    found = owed[(owed["quantity"] == points_liability.PROGRAMME_LIABILITY) & (owed["status"] == "ok")]
    is_assumed = (found["segment"] == redemption_cohorts.LIFO_LOTS).any()
    return "Lots are not named: which points go first is an assumption." if is_assumed else ""


def redemption_triangle_title(found: points_liability.PointsProgramme) -> str:
    """Return the finding above the cohort triangle."""
    if found.reason:
        return f"Redemption by cohort: {found.reason}"
    rate = float(found.ultimates[points_liability.BY_CHAIN_LADDER].sum() / found.issued.sum())
    return f"Of the points issued {formatting.share(rate)} are redeemed in the end, by the chain ladder"


def tier_migration_sentence(found: TierMoves, tiers: Sequence[str] = ()) -> str:
    """Return who moved between tiers, named from the lowest, which way, or why there is nothing to move between."""
    if found.moves.empty:
        return "No tiers are recorded."
    members = formatting.count_text(found.n_members, "member", "members")
    if len(found.names) == 1:
        return (f"All {members} are in one tier, {readable_id(found.names[0])}: there is nothing to move between."
                if found.n_members != 1 else f"The only member is in the only tier, {readable_id(found.names[0])}.")
    stays = found.moves[found.moves["tier_before"] != programme_tiers.NOT_YET_MEMBER]
    n, kept = stays["n"].sum(), stays.loc[stays["tier_before"] == stays["tier_after"], "n"].sum()
    left = stays.loc[stays["tier_after"] == programme_tiers.LEFT_PROGRAMME, "n"].sum()
    joined = found.moves.loc[found.moves["tier_before"] == programme_tiers.NOT_YET_MEMBER, "n"].sum()
    days = [formatting.date_text(on) for on in (found.from_on, found.to_on)]
    month_ends = [f"the end of {day.partition(' ')[2]}" for day in days]
    text = ("From {} to {} (dates stand for whole months), ".format(*month_ends) if found.is_monthly else
            "From {} to {}, ".format(*days))
    if not n:
        return f"{text}{people_text(joined, 'member', 'members')} joined and stayed; nobody was in a tier before."
    change = n - kept - left
    if found.are_given:
        still, gone = parts_text_if_enough([formatting.share(k / n) for k in (kept, left)], (kept, left))
        return (f"{text}{still} of {formatting.count_text(n, 'member', 'members')} stayed and {gone} left; "
                f"{people_text(joined)} have joined since and are members still. No change of tier is recorded: tiers "
                "are given for good, or their history is not kept.")
    shares = parts_text_if_enough([formatting.share(k / n) for k in (kept, change, left)], (kept, change, left))
    said = (
        f"{shares[0]} of {formatting.count_text(n, 'member', 'members')} stayed in their tier, {shares[1]} changed "
        f"it{_ways(stays, tiers)} and {shares[2]} left; {people_text(joined)} have joined since and are members still."
    )
    days = formatting.join_words([formatting.date_text(on) for on in found.changed_on], none="")
    return f"{text}{said} Tiers changed on {days} alone." if days else text + said


def _ways(moves: pd.DataFrame, tiers: Sequence[str]) -> str:
    """Return how many rose and how many fell; empty where the order is not known, or either are one to nine."""
    height = {tier: i for i, tier in enumerate(tiers)}
    steps = moves["tier_after"].map(height) - moves["tier_before"].map(height)
    up, down = (int(moves.loc[is_so, "n"].sum()) for is_so in (steps > 0, steps < 0))
    if not up + down or is_hidden(up) or is_hidden(down):
        return ""
    return f" ({people_text(up)} to a higher one, {people_text(down)} to a lower one)"


def tier_threshold_sentence(table: pd.DataFrame, are_given: bool = False, agreement: float = 1.0) -> str:
    """Return what other thresholds would mean for the highest tier, and whether the thresholds are the programme's.

    Parameters
    ----------
    table : DataFrame
        From `helpers.loyalty.programme_tiers.other_tier_thresholds`.
    are_given : bool
        Whether no change of tier is recorded.
    agreement : float
        From `helpers.loyalty.programme_tiers.imputed_agreement`.
    """
    if are_given:
        return "What other thresholds would mean cannot be said: no change of tier is recorded."
    if table.empty and agreement < programme_tiers.LEAST_AGREEMENT:
        return ("What other thresholds would mean cannot be said: no thresholds are declared, and by the points of the "
                f"last year only {formatting.share(agreement)} of the members would hold the tier that they hold.")
    if table.empty:
        return "What other thresholds would mean cannot be said: it takes two tiers, and points of the last year."
    top = table["tier"].iloc[-1]
    rows = table[(table["tier"] == top) & (table["change"] != 0)]
    said = [
        f"{'raised' if r['change'] > 0 else 'lowered'} by {formatting.share(abs(r['change']))}, {people_text(r['n'])}"
        for r in rows.to_dict("records")
    ]
    now = people_text(rows["n_now"].iloc[0], "member", "members")
    is_imputed = table["origin"].iloc[0] == programme_tiers.IMPUTED_THRESHOLD
    by_points = people_text(table.loc[(table["tier"] == top) & (table["change"] == 0), "n"].iloc[0])
    start = (f"Thresholds are imputed from the sizes of the tiers, not stated; {readable_id(top)} holds {now}"
             if is_imputed else
             f"By the declared thresholds {readable_id(top)} would hold {by_points} of the members by the points of a "
             f"year, against {now} now")
    return f"{start}; with every threshold {formatting.join_words(said)}. Nobody is assumed to behave differently."


def profit_sharing_sentence(table: pd.DataFrame, currency: str) -> str:
    """Return what a shared profit would pay a member."""
    if table.empty:
        return "What a shared profit would pay cannot be said: it takes tiers, points and margin of the last year."
    totals = table.groupby("share_of_margin", sort=True)[["paid", "n"]].sum()
    said = [f"{formatting.share(s)} of margin pays {formatting.money(r['paid'], currency)}, "
            f"{formatting.money(r['paid'] / r['n'], currency)} a member" for s, r in totals.iterrows()]
    return ("Of the last year's margin from today's members, also from before they joined, shared by points: "
            f"{formatting.join_words(said)}.")


def coalition_sentence(service: pd.DataFrame) -> str:
    """Return which partner redeems more than its part of the points issued, and which less; empty without partners."""
    shares = {}
    for quantity in (coalition_points.POINTS_ISSUED, coalition_points.POINTS_REDEEMED):
        of = service[(service["quantity"] == quantity) & (service["status"] == "ok")].set_index("segment")["value"]
        shares[quantity] = of / of.sum() if of.sum() else of
    issued, redeemed = shares.values()
    if len(issued) < 2:
        return ""
    excess = (redeemed - issued).sort_values()
    said = [f"{readable_id(name)} redeems {formatting.share(redeemed[name])} of the points and issues "
            f"{formatting.share(issued[name])}" for name in (excess.index[-1], excess.index[0])]
    return f"Farthest apart: {said[0]}; {said[1]}."


PARTNER_COLUMNS = {coalition_points.POINTS_ISSUED: "issued, points",
                   coalition_points.POINTS_REDEEMED: "redeemed, points",
                   coalition_points.NET_OF_PARTNER: "issued less redeemed, points",
                   coalition_points.CROSS_REDEMPTION: "members who redeem and never earn there"}


def coalition_table(service: pd.DataFrame) -> pd.DataFrame:
    """Return one row a partner, in words: points issued, redeemed, the difference, who redeems but never earns."""
    rows: dict[str, dict[str, str]] = {}
    for r in service[service["quantity"].isin(list(PARTNER_COLUMNS))].to_dict("records"):
        text = formatting.whole(r["value"]) if r["unit"] == points_ledger.POINTS_UNIT else formatting.estimate_text(r)
        rows.setdefault(r["segment"], {})[PARTNER_COLUMNS[r["quantity"]]] = text
    return pd.DataFrame([{"partner": name, **cells} for name, cells in rows.items()],
                        columns=["partner", *PARTNER_COLUMNS.values()])


def reserving_table(owed: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Return what becomes of the issued points by every method, in words: one row a method, intervals where known.

    Parameters
    ----------
    owed : DataFrame
        ``results/programme_liability``.
    currency : str
        Of the liability.

    Returns
    -------
    DataFrame
        ``method, redeemed in the end, never redeemed, points still to be redeemed, liability``; empty without an end.
    """
    shown = {
        points_liability.ULTIMATE_REDEMPTION: "redeemed in the end",
        points_liability.POINTS_BREAKAGE: "never redeemed",
        points_liability.POINTS_TO_BE_REDEEMED: "points still to be redeemed",
        points_liability.PROGRAMME_LIABILITY: "liability",
    }
    rows = {}
    for r in owed[(owed["status"] == "ok") & owed["quantity"].isin(list(shown))].to_dict("records"):
        method = METHODS.get(r["segment"], r["segment"])
        rows.setdefault(method, {})[shown[r["quantity"]]] = formatting.estimate_text(r, currency=currency)
    return pd.DataFrame([{"method": method, **dict.fromkeys(shown.values(), "not known"), **cells}
                         for method, cells in rows.items()], columns=["method", *shown.values()])


COHORT_HEADINGS = {"issued": "Issued, points", "redeemed": "Redeemed, points",
                   "ultimate_chain_ladder": "End by chain ladder, points",
                   "ultimate_bornhuetter": "End by Bornhuetter–Ferguson, points",
                   "ultimate_benktander": "End by Benktander, points"}

METHODS = {"all": "chain ladder", redemption_cohorts.LIFO_LOTS: "chain ladder, newest points used first"}
