"""What the loyalty page says of why customers keep buying, and how loyalty forms."""

import pandas as pd

from helpers.loyalty import claims, classes, motives
from helpers.loyalty.membership import COLUMNS
from helpers.methods.disclosure_control import is_hidden, told, value_told
from helpers.methods.intervals import tied
from helpers.methods.latentclass import Classes
from helpers.reporting import words
from helpers.reporting.sentences.loyalty import is_ok, row, share_said, shares_said
from helpers.reporting.sentences.returning import part

CALLED = {motives.MONOPOLY: "for lack of an alternative", motives.INERTIA: "out of inertia",
          motives.PRICE: "for the price", motives.INCENTIVE: "when rewarded", motives.TRUST: "out of trust",
          motives.TIED: "for two reasons or more that tie", motives.UNKNOWN: "for reasons that nothing tells"}


def kept(kinds: pd.DataFrame) -> str:
    """Return why repeating customers keep buying, most frequent first; kinds that tie are named together.

    Parameters
    ----------
    kinds : DataFrame
        ``results/loyalty_kinds``.
    """
    found = {m: part(kinds, motives.SHARE, m) for m in motives.ALL_MOTIVES}
    if not is_ok(found[motives.TRUST]):
        return (f"Why customers keep buying cannot be said: of those who repeat and answered, "
                f"{found[motives.TRUST]['reason']}{_by_orders(kinds)}.")
    n = words.count(found[motives.TRUST]["n"], "repeating customer", "repeating customers") + " who answered"
    named = sorted(((m, found[m]) for m in motives.MOTIVES), key=lambda pair: -pair[1]["value"])
    bare = {m: found[m] | {"low": None, "high": None} for m in (motives.TIED, motives.UNKNOWN)}
    whole = dict(named) | bare
    shares = dict(zip(whole, shares_said(list(whole.values())), strict=True))
    said = [f"{shares[m]} keep buying {CALLED[m]}" for m, r in named if r["value"] > 0]
    rest = [f"{shares[m]} {CALLED[m]}" for m in bare if found[m]["value"] > 0]
    if not said:
        return f"Of {n}, the evidence tells for nobody why he keeps buying."
    close = f"; {words.joined(rest)}" if rest else ""
    return f"Of {n}, {words.joined(said)}{close}."


def _by_orders(kinds: pd.DataFrame) -> str:
    """Return what orders alone tell; empty where they tell nothing."""
    counts = {m: part(kinds, motives.COUNT, m)["value"] for m in (motives.PRICE, motives.INCENTIVE)}
    said = [f"{told(n)} buy {CALLED[m]}" for m, n in counts.items() if n]
    return f"; by their orders {words.joined(said)}" if said else ""


def title(kinds: pd.DataFrame) -> str:
    """Return the finding above the figure of the kinds."""
    found = {m: part(kinds, motives.SHARE, m) for m in motives.MOTIVES}
    if not is_ok(found[motives.TRUST]):
        return f"Why customers keep buying: {found[motives.TRUST]['reason']}"
    order = sorted(found.items(), key=lambda pair: -pair[1]["value"])
    (top, most), others = order[0], order[1:]
    ties = tied(most["value"], [r["value"] for _, r in others], most["n"])
    near = [m for (m, _), is_tied in zip(others, ties, strict=True) if is_tied]
    if near:
        return f"Most keep buying {words.joined([CALLED[m] for m in (top, *near)])}: which is more is within noise"
    share = value_told(f": {words.share(most['value'])}", most["value"] * most["n"])
    return f"Most of those whose reasons show keep buying {CALLED[top]}{share}"


def hostages(kinds: pd.DataFrame) -> str:
    """Return how many stay and dislike us."""
    found = row(kinds, motives.HOSTAGES)
    if not is_ok(found):
        return f"How many are hostages cannot be said: {found['reason']}."
    if not found["value"]:
        return f"Nobody among {words.count(found['n'], 'repeating customer', 'repeating customers')} stays in dislike."
    return (f"{words.sentence_case(share_said(found))} of the repeating customers who answered are hostages: they stay "
            "and dislike us, and would go if they could.")


def tied_said(ties: pd.DataFrame) -> str:
    """Return which kinds tie most often."""
    if ties.empty:
        return "No two kinds tie for anybody."
    first, n = ties.iloc[0], ties["n"].sum()
    often = "" if is_hidden(first["n"]) else f", most often {first['kinds']} ({told(first['n'])})"
    return f"Ties: {told(n, 'customer', 'customers')}{often}."


def certain(matrix: pd.DataFrame) -> str:
    """Return how sure the four kinds are once measurement error is considered."""
    found = [row(matrix, f"expected share {c.removeprefix('p_')}") for c in COLUMNS]
    sure = row(matrix, "certainty of the kind")
    if not is_ok(found[0]) or not is_ok(sure):
        return f"How sure the kinds are cannot be said: {found[0]['reason'] or sure['reason']}."
    shares = words.joined([f"{words.share(r['value'])} {r['quantity'].removeprefix('expected share ')}" for r in found])
    return (f"With the error of attitude and of few periods considered, {shares} are expected; on average a customer "
            f"is of the likeliest kind with a probability of {words.share(sure['value'])}.")


def profiled(kinds: pd.DataFrame) -> str:
    """Return the strongest and the weakest side of loyalty."""
    rows = [part(kinds, side, "all") for side in motives.PROFILE]
    known = sorted((r for r in rows if is_ok(r)), key=lambda r: -r["value"])
    if not known:
        return "Loyalty has no side that is known."
    lacks = [r["quantity"] for r in rows if not is_ok(r)]
    first = f"{known[0]['quantity']}, {words.estimate(known[0])} of 100"
    text = f"Only one side of loyalty is known: {first}" if len(known) == 1 else (
        f"Strongest side: {first}; weakest: {known[-1]['quantity']}, {words.estimate(known[-1])}")
    return f"{text}." + (f" Not asked: {words.joined(lacks)}." if lacks else "")


def formed(periods: pd.DataFrame) -> str:
    """Return how loyalty in deed forms over the periods after the first purchase.

    Parameters
    ----------
    periods : DataFrame
        From `helpers.loyalty.formation.by_period`.
    """
    again = periods.dropna(subset=["share_again", "share_active"])
    if len(again) < 2:
        return "How loyalty forms cannot be said: in fewer than two periods did ten customers or more buy again."
    first, last = again.iloc[0], again.iloc[-1]
    rises = ("rises" if last["again_low"] > first["again_high"] else
             "falls" if last["again_high"] < first["again_low"] else "stays, within noise,")
    return (f"Of those who bought in one period, the share who bought in the next {rises} from "
            f"{words.share(first['share_again'])} in period {int(first['period'])} to "
            f"{words.share(last['share_again'])} in period {int(last['period'])}; of all customers "
            f"{words.share(first['share_active'])} bought in the first of these and "
            f"{words.share(last['share_active'])} in the last. Who is left has been sorted by leaving: this is no "
            "proof that time makes faithful.")


def grouped(fits: list[Classes]) -> str:
    """Return how many groups the data fall into by themselves."""
    chosen = classes.best(fits)
    if chosen is None:
        return "Latent classes need two hundred repeating customers with three signs or more."
    n = len(chosen.shares)
    if n == 1:
        return "By BIC the signs fall into one class only: the declared kinds cut a continuum."
    at_end = " (the most that were tried)" if n == len(fits) else ""
    return (f"By BIC the signs fall into {n} classes{at_end}, the largest with "
            f"{words.share(float(chosen.shares[0]))} of the repeating customers who answered.")


def claimed(kind: str, found: object) -> str:
    """Return what own data say of a textbook claim.

    Parameters
    ----------
    kind : str
        The claim.
    found : Estimate
        The own figure.
    """
    said = {claims.RECOMMEND: "Repeating customers would recommend more often than others by {}",
            claims.SEARCH: "{} of those who answered dislike us and may be searching",
            claims.LOYAL: "{} of those with attitude and behaviour are truly loyal"}
    if not is_ok({"status": found.status}):
        return f"Cannot say: {found.reason}."
    part = words.estimate(found) if kind == claims.RECOMMEND else share_said(
        {"status": found.status, "value": found.value, "low": found.low, "high": found.high, "unit": found.unit,
         "n": found.n})
    return f"{words.sentence_case(said[kind].format(part))}."
