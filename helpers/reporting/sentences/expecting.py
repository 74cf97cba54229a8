"""What the satisfaction page says of expectations: whether they are met, where missed, what promising brings."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from helpers.foundation.estimates import Estimate, Status
from helpers.reporting import words
from helpers.satisfaction.confirmation import ALONE, BY_GAP, BY_RATIO, GAP, RATIO
from helpers.satisfaction.signs import POLICY

MOST_NAMED = 3


def confirmed(table: pd.DataFrame) -> str:
    """Return whether expectations are met, and which of the three scores goes most with satisfaction."""
    rows = {r["quantity"]: r for r in table[table["segment"] == "all"].to_dict("records")}
    ratio = rows.get(RATIO)
    if ratio is None or ratio["status"] not in (Status.OK, Status.NOT_APPLICABLE) or not _known(rows, ALONE):
        reason = (ratio or {}).get("reason") or (rows.get(ALONE) or {}).get("reason") or "nothing was asked"
        return f"Whether expectations are confirmed cannot be said: {reason}."
    scores = {name: rows[q]["value"] for name, q in (("performance alone", ALONE), ("the gap", BY_GAP),
                                                     ("the ratio", BY_RATIO)) if _known(rows, q)}
    best = max(scores, key=scores.get)
    listed = words.joined([f"{name} {words.number(value)}" for name, value in scores.items()])
    said = f"{words.sentence_case(best)} goes most with satisfaction (correlations: {listed})."
    return f"{_met(ratio)} {said}" if ratio["status"] == Status.OK else said


def expectations(table: pd.DataFrame) -> str:
    """Return by how much expectations are missed or exceeded and where most; empty where questions are not paired."""
    gaps = table[(table["quantity"] == GAP) & (table["status"] == Status.OK)]
    of_all, parts = gaps[gaps["segment"] == "all"].to_dict("records"), gaps[gaps["segment"] != "all"]
    if not of_all or parts.empty:
        return ""
    gap, limits = of_all[0], words.interval(of_all[0]["low"], of_all[0]["high"], words.points)
    if gap["low"] <= 0 <= gap["high"]:
        return f"Expectations are met within noise: performance is {words.points(gap['value'])} {limits} from them."
    way, worst = ("missed", parts["value"].idxmin()) if gap["value"] < 0 else ("exceeded", parts["value"].idxmax())
    where = parts.loc[worst]
    most = f", most in {where['segment']} ({words.points(where['value'])})" if len(parts) > 1 else ""
    return f"Expectations are {way} by {words.points(abs(gap['value']))} of 100 {limits}{most}."


def gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Return performance less expectation of each dimension, the lowest first."""
    found = table[(table["quantity"] == GAP) & (table["segment"] != "all") & (table["status"] == Status.OK)]
    return found.sort_values("value", ignore_index=True)


def gaps_title(table: pd.DataFrame) -> str:
    """Return the finding above the figure of the gaps."""
    found = gaps(table)
    missed = list(found.loc[found["high"] < 0, "segment"])
    if not missed:
        return "Performance falls short of expectation in no dimension beyond noise"
    if len(missed) > MOST_NAMED:
        where = "everywhere" if len(missed) == len(found) else f"in {len(missed)} of {len(found)} dimensions"
        return f"Performance falls short of expectation {where}, most in {missed[0]}"
    return f"Performance falls short of expectation in {words.joined(missed)}"


def _known(rows: dict, quantity: str) -> bool:
    return quantity in rows and rows[quantity]["status"] == Status.OK


def _met(ratio: dict) -> str:
    value = f"{words.number(ratio['value'])} {words.interval(ratio['low'], ratio['high'])}"
    how = "exceeded" if ratio["low"] > 1 else "missed" if ratio["high"] < 1 else "met within noise"
    return f"Expectations are {how}: performance is {value} times what was expected."


def policy(rows: Sequence[Estimate], currency: str) -> str:
    """Return what goes with promising much instead of little, and which channels promise most; empty without it.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.signs.expectation_policy`.
    currency : str
        Of spend.
    """
    known = {(e.quantity, e.segment): e for e in rows if e.status is Status.OK}
    much, little = POLICY[-1], POLICY[0]
    pairs = [(q, known[q, much], known[q, little]) for q in ("satisfaction", "spend after answering",
                                                             "share who bought again") if (q, much) in known]
    if not pairs:
        return ""
    said = [f"{q} {_worded(a, currency)} against {_worded(b, currency)}{'' if _differ(a, b) else ' (within noise)'}"
            for q, a, b in pairs]
    return f"{words.sentence_case(much)} against {little}: {words.joined(said)}. {_channels(known)}".strip()


def _channels(known: Mapping[tuple[str, str], Estimate]) -> str:
    won = [e for (q, s), e in known.items() if q == "expectation raised" and s not in POLICY]
    if len(won) < 2:
        return ""
    most, least = max(won, key=lambda e: e.value), min(won, key=lambda e: e.value)
    if not _differ(most, least):
        return "Channels do not differ beyond noise in the expectation that they raise."
    return (f"People {most.segment} expect most ({_worded(most, '')}), those {least.segment} least "
            f"({_worded(least, '')}).")


def _worded(e: Estimate, currency: str) -> str:
    return words.money(e.value, currency) if e.unit == "money" else words.form_of(e.unit)(e.value)


def _differ(a: Estimate, b: Estimate) -> bool:
    """Return whether two groups of different people differ beyond noise, by their intervals' half widths."""
    return abs(a.value - b.value) > math.hypot(a.high - a.low, b.high - b.low) / 2
