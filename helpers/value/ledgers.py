"""Ledgers of money, service and feeling: what is put into customers and what comes back, by tier and by stage."""

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate
from helpers.stats import confidence_intervals, disclosure_control
from helpers.value.schema import LIFE_CYCLE_STAGES

COST_SIDE, RETURN_SIDE, NET_SIDE = "put in", "comes back", "left"

TRANSACTIONAL, SERVICE, EMOTIONAL = "transactional", "service", "emotional"

# ledger, side, item, unit, numerator, denominator; "n" is the number of customers
LEDGER_ITEMS = (
    (TRANSACTIONAL, RETURN_SIDE, "sales at list price", "money a customer", "list_sales", "n"),
    (TRANSACTIONAL, COST_SIDE, "discounts", "money a customer", "discounts", "n"),
    (TRANSACTIONAL, COST_SIDE, "goods at cost", "money a customer", "goods", "n"),
    (TRANSACTIONAL, COST_SIDE, "contacts", "money a customer", "contact_cost", "n"),
    (TRANSACTIONAL, COST_SIDE, "service cases", "money a customer", "case_cost", "n"),
    (TRANSACTIONAL, COST_SIDE, "rewards redeemed", "money a customer", "reward_cost", "n"),
    (TRANSACTIONAL, NET_SIDE, "profit", "money a customer", "profit", "n"),
    (SERVICE, COST_SIDE, "cases opened", "cases a customer", "n_cases", "n"),
    (SERVICE, COST_SIDE, "people's time", "hours a customer", "people_hours", "n"),
    (SERVICE, COST_SIDE, "wait until a case is done", "days", "handled_days", "n_handled"),
    (SERVICE, COST_SIDE, "deliveries later than promised", "share of deliveries", "n_late", "n_promised"),
    (SERVICE, RETURN_SIDE, "cases resolved", "share of cases", "n_resolved", "n_cases"),
    (SERVICE, RETURN_SIDE, "margin", "money an hour of people's time", "margin", "people_hours"),
    (SERVICE, RETURN_SIDE, "purchase occasions", "occasions a customer", "n_occasions", "n"),
    (EMOTIONAL, COST_SIDE, "contacts sent", "contacts a customer", "n_contacts", "n"),
    (EMOTIONAL, COST_SIDE, "cases fed back", "share of cases", "n_fed_back", "n_cases"),
    (EMOTIONAL, RETURN_SIDE, "replies to contacts", "share of contacts", "n_replies", "n_contacts"),
    (EMOTIONAL, RETURN_SIDE, "attitude", "0 to 100", "attitude", "n_attitude"),
    (EMOTIONAL, RETURN_SIDE, "customers brought by recommendation", "customers a customer", "n_brought", "n"),
    (EMOTIONAL, RETURN_SIDE, "years as a customer", "years", "tenure_years", "n_tenure"),
)

COST_COLUMNS = ("discounts", "contact_cost", "case_cost", "reward_cost")  # without any of them there is nothing to net

LEDGER_COLUMNS = tuple(dict.fromkeys(c for *_, a, b in LEDGER_ITEMS for c in (a, b) if c != "n"))

PEOPLES_TIME, HOURLY_MARGIN = "people's time", "margin"

# what customers of value should not get less of than others: 1 where more of it is worse service, -1 where better
SERVICE_QUALITY = {
    (SERVICE, "wait until a case is done"): 1, (SERVICE, "deliveries later than promised"): 1,
    (SERVICE, "cases resolved"): -1, (EMOTIONAL, "cases fed back"): -1, (EMOTIONAL, "attitude"): -1,
}

ENTRY_COLUMNS = ["by", "segment", "ledger", "side", "item", "unit", "value", "low", "high", "n"]


def ledger_entries(engine: Engine, whole: ir.Table, by: str, rank: str | None) -> pd.DataFrame:
    """Return what is put in and what comes back, a customer of each segment.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    whole : ir.Table
        Grain customer: the segment, and numerators and denominators of `LEDGER_ITEMS`, where nothing is recorded zero.
    by : str
        Column of segments, ``tier`` or ``stage``.
    rank : str or None
        Column by which segments are ordered; None: stages of the life cycle.

    Returns
    -------
    DataFrame
        Grain segment × item: ``by``, ``segment``, ``ledger``, ``side``, ``item``, ``unit``, ``value`` with ``low`` and
        ``high``, ``n`` customers. Values without a denominator, items that are not recorded, ledgers of which nothing
        is put in, and segments of few are left out.

    Notes
    -----
    A value is a ratio of sums over customers, who come and go together with their cases: the linearised interval
    (Cochran 1977, *Sampling Techniques*, section 6.4).
    """
    known = whole.filter(whole[by].notnull()).mutate(n=1.0)
    columns = {c: known[c].cast("float64") for c in (*LEDGER_COLUMNS, "n")}
    sums = {c: x.sum().fill_null(0.0) for c, x in columns.items()}
    pairs = {(a, b) for *_, top, below in LEDGER_ITEMS for a, b in ((top, top), (top, below), (below, below))}
    sums |= {f"{a} × {b}": (columns[a] * columns[b]).sum().fill_null(0.0) for a, b in sorted(pairs)}
    order = known[rank].min() if rank else known.count()
    rows = engine.arrow(known.group_by(segment=known[by]).aggregate(place=order, **sums)).to_pandas()
    stages = {stage: i for i, stage in enumerate(LIFE_CYCLE_STAGES)}
    rows = rows.assign(place=rows["place"] if rank else rows["segment"].map(stages)).sort_values(
        "place", ignore_index=True)
    hidden = disclosure_control.suppress_cells(rows["n"], [range(len(rows))])
    there = {c: rows[c].abs().sum() > 0 for c in (*LEDGER_COLUMNS, "n")}
    found = [_entry(r, by, item) for r, is_hidden in zip(rows.to_dict("records"), hidden, strict=True) if not is_hidden
             for item in LEDGER_ITEMS if r[item[-1]] > 0 and _is_recorded(there, item)]
    told = {row["ledger"] for row in found if row["side"] == COST_SIDE}  # what comes back for nothing is no ledger
    return pd.DataFrame([row for row in found if row["ledger"] in told], columns=ENTRY_COLUMNS)


def _entry(sums: dict[str, float], by: str, item: tuple[str, ...]) -> dict[str, object]:
    ledger, side, name, unit, top, below = item
    n, ratio = sums["n"], sums[top] / sums[below]
    squares = sums[f"{top} × {top}"] - 2 * ratio * sums[f"{top} × {below}"] + ratio**2 * sums[f"{below} × {below}"]
    error = np.sqrt(max(squares, 0.0) * n / (n - 1)) / sums[below] if n > 1 else np.nan
    half = confidence_intervals.normal_quantile(0.95) * error
    return {"by": by, "segment": sums["segment"], "ledger": ledger, "side": side, "item": name, "unit": unit,
            "value": ratio, "low": ratio - half, "high": ratio + half, "n": int(n)}


def _is_recorded(there: dict[str, bool], item: tuple[str, ...]) -> bool:
    """Return whether an item is recorded at all; a share that is zero for everybody is still told by its whole."""
    ledger, *_, top, below = item
    if ledger == TRANSACTIONAL and not any(there[c] for c in COST_COLUMNS):
        return False
    return there[below] and (there[top] or top in {"n_resolved", "n_late"})


def best_against_lowest(entries: pd.DataFrame) -> tuple[Estimate, ...]:
    """Return, of what service and feeling should not be short of, the best tier's value less the lowest tier's.

    Parameters
    ----------
    entries : DataFrame
        As `ledger_entries` gives them.
    """
    tiers = entries[entries["by"] == "tier"]
    found = []
    for (ledger, item), rows in tiers.groupby(["ledger", "item"], sort=False):
        if (ledger, item) in SERVICE_QUALITY and len(rows) > 1:
            best, lowest = rows.iloc[0], rows.iloc[-1]
            gap = best["value"] - lowest["value"]
            half = np.hypot(*((row["high"] - row["low"]) / 2 for row in (best, lowest)))
            found.append(Estimate("best_less_lowest_tier", gap, gap - half, gap + half, best["unit"],
                                  int(best["n"] + lowest["n"]), f"{ledger}: {item}"))
    return tuple(found)


def short_changed(entries: pd.DataFrame) -> tuple[Estimate, ...]:
    """Return in what the best tier is served worse than the lowest with statistical significance."""
    signs = {f"{ledger}: {item}": sign for (ledger, item), sign in SERVICE_QUALITY.items()}
    return tuple(e for e in best_against_lowest(entries)
                 if (e.low > 0 and signs[e.segment] > 0) or (e.high < 0 and signs[e.segment] < 0))
