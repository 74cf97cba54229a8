"""What the loyalty page says of the points programme, of prices by tenure, and of promises and visits."""

import pandas as pd

from helpers.foundation.estimates import Status
from helpers.loyalty import ledger, lots, online, penalty, programme, tiers
from helpers.loyalty.accounts import Accounts
from helpers.loyalty.tiers import Tiers
from helpers.methods.disclosure_control import LEAST_PEOPLE, is_hidden, parts_told, told
from helpers.reporting import words
from helpers.reporting.sentences.loyalty import is_ok, row, share_said


def answer(owed: pd.DataFrame, currency: str) -> str:
    """Return what the programme owes, or why it cannot be said; empty without a programme.

    Parameters
    ----------
    owed : DataFrame
        ``results/programme_liability``.
    currency : str
        Of the liability.
    """
    change = row(owed, ledger.CHANGE)
    if not is_ok(change):
        return ""
    liability, ultimate = row(owed, programme.LIABILITY), row(owed, programme.ULTIMATE)
    if not is_ok(ultimate):
        return f"What the programme owes cannot be said: {ultimate['reason']}{_net(change, ultimate)}."
    in_the_end = f"{words.estimate(ultimate)} of the points issued are redeemed in the end"
    if not is_ok(liability):
        expected = row(owed, programme.EXPECTED)
        return (f"The programme still owes {words.number(expected['value'])} points "
                f"{words.interval(expected['low'], expected['high'])}: {in_the_end}; {liability['reason']}.")
    return f"The programme owes {words.estimate(liability, currency=currency)}: {in_the_end}."


def _net(change: dict, ultimate: dict) -> str:
    if ultimate["status"] == Status.NOT_APPLICABLE and "net change" in str(ultimate["reason"]):
        return f". The net change of all balances is {words.whole(change['value'])} points"
    return ""


def identity(owed: pd.DataFrame) -> str:
    """Return the books as an identity, each side with its points; empty without a programme."""
    change = row(owed, ledger.CHANGE)
    if not is_ok(change):
        return ""
    known = {kind: row(owed, f"points {ledger.CALLED[kind]}")["value"] for kind in ledger.KINDS}
    left = [f"{words.whole(known[k])} {ledger.CALLED[k]}" for k in ("opening", "earn", "adjust", "transfer")
            if known[k] or k in ("opening", "earn")]
    right = [f"{words.whole(-known[k])} {ledger.CALLED[k]}" for k in ("redeem", "expire") if known[k] or k == "redeem"]
    closing = row(owed, ledger.CLOSING)
    if not is_ok(closing):
        return (f"{' + '.join(left)} = {' + '.join(right)} + {words.whole(change['value'])} net change: the closing "
                "balance is not known, since the opening balances are not in the ledger.")
    return f"{' + '.join(left)} = {' + '.join(right)} + {words.whole(closing['value'])} closing balance."


def methods(owed: pd.DataFrame, currency: str) -> str:
    """Return how far the methods of carrying the cohorts to their end lie apart; empty without a liability."""
    found = owed[(owed["quantity"] == programme.LIABILITY) & (owed["status"] == "ok")]
    if len(found) < 2:
        return ""
    low, high = found.loc[found["value"].idxmin()], found.loc[found["value"].idxmax()]
    named = {"all": programme.CHAIN}
    text = (f"By method the liability lies between {words.money(low['value'], currency)} "
            f"({named.get(low['segment'], low['segment'])}) and {words.money(high['value'], currency)} "
            f"({named.get(high['segment'], high['segment'])}).")
    if (found["segment"] == lots.LIFO).any():
        text += " Lots are not named: which points go first is an assumption."
    return text


def triangle_title(found: programme.Programme) -> str:
    """Return the finding above the cohort triangle."""
    if found.reason:
        return f"Redemption by cohort: {found.reason}"
    rate = float(found.ultimates[programme.CHAIN].sum() / found.issued.sum())
    return f"Of the points issued {words.share(rate)} are redeemed in the end, by the chain ladder"


def moved(found: Tiers) -> str:
    """Return who moved between tiers, or why there is nothing to move between."""
    if found.moves.empty:
        return "No tiers are recorded."
    members = words.count(found.n_members, "member", "members")
    if len(found.names) == 1:
        return (f"All {members} are in one tier, {found.names[0]}: there is nothing to move between."
                if found.n_members != 1 else f"The only member is in the only tier, {found.names[0]}.")
    stays = found.moves[found.moves["tier_before"] != tiers.BEFORE]
    n, kept = stays["n"].sum(), stays.loc[stays["tier_before"] == stays["tier_after"], "n"].sum()
    left = stays.loc[stays["tier_after"] == tiers.OUT, "n"].sum()
    joined = found.moves.loc[found.moves["tier_before"] == tiers.BEFORE, "n"].sum()
    text = f"From {words.day(found.from_on)} to {words.day(found.to_on)}, "
    if not n:
        return f"{text}{told(joined, 'member', 'members')} joined; nobody was in a tier before."
    change = n - kept - left
    shares = parts_told([words.share(k / n) for k in (kept, change, left)], (kept, change, left))
    said = (f"{shares[0]} of {words.count(n, 'member', 'members')} stayed in their tier, {shares[1]} changed it and "
            f"{shares[2]} left; {told(joined)} joined.")
    return text + said + (" Nobody changed tier: tiers are given, not earned." if not change and n > 1 else "")


def shifted(table: pd.DataFrame) -> str:
    """Return what other thresholds would mean for the highest tier."""
    if table.empty:
        return "What other thresholds would mean cannot be said: it takes two tiers, and points of the last year."
    top = table["tier"].iloc[-1]
    rows = table[(table["tier"] == top) & (table["change"] != 0)]
    said = [f"{'raised' if r['change'] > 0 else 'lowered'} by {words.share(abs(r['change']))}, {told(r['n'])}"
            for r in rows.to_dict("records")]
    now = told(rows["n_now"].iloc[0], "member", "members")
    return (f"If the points of a year decided alone, {top} would hold {now} as "
            f"now; with every threshold {words.joined(said)}. Nobody is assumed to behave differently.")


def shared(table: pd.DataFrame, currency: str) -> str:
    """Return what a shared profit would pay a member."""
    if table.empty:
        return "What a shared profit would pay cannot be said: it takes tiers, points and margin of the last year."
    totals = table.groupby("share_of_margin", sort=True)[["paid", "n"]].sum()
    said = [f"{words.share(s)} of margin pays {words.money(r['paid'], currency)}, "
            f"{words.money(r['paid'] / r['n'], currency)} a member" for s, r in totals.iterrows()]
    return f"Of the last year's margin, shared by points: {words.joined(said)}."


def penalised(service: pd.DataFrame) -> str:
    """Return whether old customers pay more or get less than new ones for the same; empty where it is not known.

    Parameters
    ----------
    service : DataFrame
        ``results/loyalty_service``.
    """
    price, off = row(service, penalty.PRICE), row(service, penalty.DISCOUNT)
    if not is_ok(price):
        return ""
    if price["low"] <= 0 <= price["high"]:
        text = ("Old customers pay what new ones pay for the same product in the same month, within noise: the "
                f"difference is {words.estimate(price)}.")
    elif price["value"] > 0:
        text = (f"There is a loyalty penalty: for the same product in the same month old customers pay "
                f"{words.estimate(price)} more than new ones.")
    else:
        text = (f"For the same product in the same month old customers pay less than new ones: "
                f"{words.estimate(price)}.")
    if not is_ok(off):
        return text
    more, sign = ("more", 1) if off["value"] > 0 else ("less", -1)
    limits = sorted([sign * off["low"], sign * off["high"]])
    return (f"{text} Of the list price they are let off {words.share(abs(off['value']))} "
            f"{words.interval(*limits, words.share)} {more} than new ones.")


def promised(service: pd.DataFrame) -> str:
    """Return how many promises of delivery are kept, and what goes with it; empty where none is recorded."""
    kept, gap = row(service, online.KEPT), row(service, online.APART)
    if not is_ok(kept):
        return ""
    text = f"{words.estimate(kept)} of the promised deliveries came by the day."
    if not is_ok(gap):
        return f"{text} Whether broken promises go with fewer returns cannot be said: {gap['reason']}."
    late, good = row(service, online.LATE), row(service, online.PUNCTUAL)
    parts = [share_said(r | {"low": None, "high": None}) for r in (late, good)]
    both = f"{parts[0]} came back after a broken promise, {parts[1]} after a kept one"
    if any(is_hidden(r["value"] * r["n"]) for r in (late, good)):
        return f"{text} {words.sentence_case(both)}."
    if gap["low"] <= 0 <= gap["high"]:
        return f"{text} {both}: no difference beyond noise ({words.estimate(gap)})."
    fewer, sign = ("fewer", -1) if gap["value"] < 0 else ("more", 1)
    limits = sorted([sign * gap["low"], sign * gap["high"]])
    return (f"{text} {both}, {fewer} by {words.points(abs(gap['value']))} {words.interval(*limits, words.points)}: an "
            "association.")


def visited(service: pd.DataFrame) -> str:
    """Return how often customers visit, how far they look, how long they take to choose; empty without visits."""
    often, deep, choose = (row(service, q) for q in (online.FREQUENCY, online.DEPTH, online.CHOOSING))
    if not is_ok(often):
        return ""
    text = (f"A customer who visits comes on {words.estimate(often)} days a month and looks at {words.estimate(deep)} "
            "things a day")
    wait = f"; from first look to purchase half take {words.estimate(choose)} days or less" if is_ok(choose) else ""
    return f"{text}{wait}."


def compared(table: pd.DataFrame) -> str:
    """Return how members who joined by different ways differ, without saying why.

    Parameters
    ----------
    table : DataFrame
        From `helpers.loyalty.joiners.joiners`.
    """
    if len(table) < 2:
        return "Members are not told apart by the way they joined."
    said = [f"{r['channel']}: {told(r['n'], 'member', 'members')}, {_left(r['share_left'])} had left, "
            f"{words.number(r['points_month'])} points earned a month" for r in table.to_dict("records")]
    first, last = (words.day(pd.Timestamp(table[c].iloc[0])) for c in ("first_on", "last_on"))
    days = words.count(table["followed_days"].iloc[0], "day", "days")
    return (f"Of those who joined from {first} to {last}, each followed for {days}: {'; '.join(said)}. They were not "
            "assigned by lot: a difference may lie in who came, and when.")


def _left(share: float) -> str:
    return f"fewer than {LEAST_PEOPLE}" if words.is_missing(share) else words.share(share)


def by_method(owed: pd.DataFrame, currency: str) -> pd.DataFrame:
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
    shown = {programme.ULTIMATE: "redeemed in the end", programme.BREAKAGE: "never redeemed",
             programme.EXPECTED: "points still to be redeemed", programme.LIABILITY: "liability"}
    rows = {}
    for r in owed[(owed["status"] == "ok") & owed["quantity"].isin(list(shown))].to_dict("records"):
        method = METHODS.get(r["segment"], r["segment"])
        rows.setdefault(method, {})[shown[r["quantity"]]] = words.estimate(r, currency=currency)
    return pd.DataFrame([{"method": method, **dict.fromkeys(shown.values(), "not known"), **cells}
                         for method, cells in rows.items()], columns=["method", *shown.values()])


COHORT_HEADINGS = {"cohort": "Steps ago", "ultimate_chain_ladder": "End by chain ladder",
                   "ultimate_bornhuetter": "End by Bornhuetter–Ferguson", "ultimate_benktander": "End by Benktander"}
METHODS = {"all": "chain ladder", lots.LIFO: "chain ladder, newest points used first"}


def used(accounts: Accounts) -> str:
    """Return how uses were matched to lots."""
    if accounts.programme.reason:
        return ""
    how = {lots.OWN: "as the ledger names them", lots.FIFO: "first in, first out, an assumption"}
    return f"Lots are used {how[accounts.programme.matched]}."
