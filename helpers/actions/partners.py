"""Partners and alliances: customers in common, the value of coalitions, terms of a joint programme."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.actions.config import PartnersConfig
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.results import Estimate
from helpers.stats.coalition_game import TOGETHER, CoalitionGame
from helpers.stats.disclosure_control import LEAST_PEOPLE, suppress_two_way

OWN_SHOP, OTHERS = "own shop", "other partners"

MAX_PARTNERS = 8  # beside ourselves; the smaller ones count as one


def customer_sets(engine: Engine, transactions: ir.Table, as_of: date, days: int, margin_rate: float) -> pd.DataFrame:
    """Return the customers by the set of partners who served them.

    Parameters
    ----------
    engine : Engine
        Where the transactions are.
    transactions : Table
        ``canonical/transactions``; lines without a partner are our own shop's, anonymous ones have no set.
    as_of : date
        Last day that counts.
    days : int
        Days that count [days].
    margin_rate : float
        Share of net sales that is margin where no unit cost is known [share].

    Returns
    -------
    DataFrame
        Grain set: partners (a tuple, sorted, `OWN_SHOP` first), n_customers, margin and sum of squared margins of
        customers [money, money²]. Empty where no line names a partner.
    """
    on = transactions["ordered_at"].date()
    lines = transactions.filter(transactions["customer_id"].notnull(), transactions["kind"].isin(["sale", "refund"]),
                                on <= as_of, on > as_of - timedelta(days=days))
    amount, cost = lines["amount"].cast("float64"), lines["unit_cost"].cast("float64") * lines["quantity"]
    lines = lines.mutate(partner=ibis.coalesce(lines["partner_id"], OWN_SHOP), margin=ibis.ifelse(
        cost.notnull(), amount - cost, amount * margin_rate))
    totals = engine.frame(lines.group_by("partner").aggregate(
        margin=lines["margin"].sum(), n_customers=lines["customer_id"].nunique()), "partners")
    names = _players(totals)
    if len(names) < 2:
        return pd.DataFrame(columns=["partners", "n_customers", "margin", "margin_squared"])
    bit = ibis.cases(*((lines["partner"] == name, 1 << j) for j, name in enumerate(names)), else_=1 << len(names) - 1)
    own = lines.mutate(bit=bit).group_by("customer_id", "bit").aggregate(margin=lambda t: t["margin"].sum())
    own = own.group_by("customer_id").aggregate(mask=own["bit"].sum(), margin=own["margin"].sum())
    rows = engine.frame(own.group_by("mask").aggregate(
        n_customers=own.count(), margin=own["margin"].sum(), margin_squared=(own["margin"] * own["margin"]).sum()),
        "customers by partners")
    sets = [tuple(name for j, name in enumerate(names) if int(mask) >> j & 1) for mask in rows["mask"]]
    return rows.drop(columns="mask").assign(partners=sets).sort_values("margin", ascending=False, ignore_index=True)


def _players(totals: pd.DataFrame) -> list[str]:
    """Return ourselves and the partners, the largest first; the last stands for those of few customers or beyond."""
    ordered = totals[totals["partner"] != OWN_SHOP].sort_values(["margin", "partner"], ascending=[False, True])
    names = [str(name) for name in ordered.loc[ordered["n_customers"] >= LEAST_PEOPLE, "partner"]]
    kept = names if len(names) <= MAX_PARTNERS else names[:MAX_PARTNERS - 1]
    return [OWN_SHOP, *kept, *([OTHERS] if len(kept) < len(ordered) else [])]


def coverage_game(sets: pd.DataFrame) -> CoalitionGame:
    """Return the game in which a coalition is worth the margin of the customers whom its members alone serve.

    It describes whom partners serve today, not what customers would do without one of them.

    Parameters
    ----------
    sets : DataFrame
        As `customer_sets` gives them.

    Notes
    -----
    Each customer's margin is split evenly among those who serve him, so that the Shapley value is in the core where no
    margin is negative. Intervals take the customers as a sample.
    """
    players = _players_of(sets)
    masks = np.array([sum(1 << players.index(name) for name in names) for names in sets["partners"]])
    coalition = np.arange(2 ** len(players))
    is_inside = (masks & ~coalition[:, None]) == 0
    return CoalitionGame(players, is_inside.astype("float64"), sets["margin"].to_numpy("float64"),
                         sets["margin_squared"].to_numpy("float64"), False, int(sets["n_customers"].sum()))


def _players_of(sets: pd.DataFrame) -> tuple[str, ...]:
    """Return ourselves and the partners of customer sets, sorted by name."""
    return tuple(sorted({name for names in sets["partners"] for name in names}, key=lambda p: (p != OWN_SHOP, p)))


def arm_means(engine: Engine, assignments: ir.Table, assumptions: PartnersConfig,
              planned: Collection[str] = ()) -> pd.DataFrame:
    """Return the arms of the experiment that measures a coalition: variant, n, mean, variance; empty without one.

    Parameters
    ----------
    engine : Engine
        Where the assignments are.
    assignments : Table
        ``canonical/assignments``.
    assumptions : PartnersConfig
        The experiment and its metric.
    planned : collection of str
        Experiments whose plans the study holds: one of them that the records do not hold has not begun.

    Raises
    ------
    InputError
        If the experiment is named and neither recorded nor planned, or recorded without its metric.
    """
    none = pd.DataFrame(columns=["variant", "n", "mean", "variance"])
    if not assumptions.experiment:
        return none
    own = assignments.filter(assignments["experiment"] == assumptions.experiment)
    if not engine.first_row(own.aggregate(n=own.count()))["n"]:
        if assumptions.experiment in planned:
            return none
        raise InputError("[partners] experiment", f"the records hold no experiment '{assumptions.experiment}'",
                         "one of canonical/assignments, or one that the study plans")
    if assumptions.metric not in assignments.columns:
        raise InputError("[partners] metric", f"the assignments have no column '{assumptions.metric}'",
                         ", ".join(c for c in assignments.columns if c.startswith("metric_")))
    value = own[assumptions.metric].cast("float64")
    rows = own.filter(value.notnull()).group_by("variant").aggregate(
        n=value.count(), mean=value.mean(), variance=value.var(how="sample"))
    return engine.frame(rows, "canonical/assignments").sort_values("variant", ignore_index=True)


def measured_game(arms: pd.DataFrame, control: str) -> CoalitionGame:
    """Return the game in which a coalition is worth what its arm brought a customer above the arm without partners.

    Parameters
    ----------
    arms : DataFrame
        As `arm_means` gives them; an arm's name joins those of its partners by `TOGETHER`.
    control : str
        The arm without partners.

    Raises
    ------
    InputError
        If not every coalition has an arm.
    """
    masks, players = _arm_masks(arms["variant"].tolist(), control)
    missing = [TOGETHER.join(p for j, p in enumerate(players) if s >> j & 1) or control
               for s in range(2 ** len(players)) if s not in masks]
    if missing or not players:
        raise InputError("[partners] experiment", f"these coalitions have no arm: {', '.join(missing) or 'all'}",
                         f"one arm each, named as '{TOGETHER.join(['one', 'other'])}', and '{control}'")
    order = [masks.index(s) for s in range(2 ** len(players))]
    own = arms.iloc[order]
    design = np.eye(len(own))
    design[:, 0] -= 1.0
    return CoalitionGame(players, design, own["mean"].to_numpy("float64"),
                         (own["variance"] / own["n"]).to_numpy("float64"), True, int(own["n"].sum()))


def _arm_masks(variants: Sequence[str], control: str) -> tuple[list[int], tuple[str, ...]]:
    """Return the coalition of each arm as bits, and the players."""
    members = [() if name == control else tuple(name.split(TOGETHER)) for name in variants]
    players = tuple(sorted({name for names in members for name in names}))
    return [sum(1 << players.index(name) for name in set(names)) for names in members], players


def customers_in_common(sets: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers each two partners have in common, each alone on the diagonal: partners × partners."""
    players = _players_of(sets)
    is_in = np.array([[name in names for name in players] for names in sets["partners"]], dtype="float64")
    counts = is_in.T @ (is_in * sets["n_customers"].to_numpy("float64")[:, None])
    return pd.DataFrame(counts, pd.Index(players, name="partner"), pd.Index(players, name="and"))


def partner_estimates(sets: pd.DataFrame, measured: CoalitionGame | None, terms: pd.DataFrame) -> list[Estimate]:
    """Return ``results/partners``: customers in common, coalition values, synergies, what coalitions gain alone, terms.

    Parameters
    ----------
    sets : DataFrame
        As `customer_sets` gives them; may be empty.
    measured : CoalitionGame or None
        As `measured_game` gives it, if an experiment measured one.
    terms : DataFrame
        As `programme_terms` gives them; may be empty.

    Returns
    -------
    list of Estimate
        What is measured is money a customer, what describes is money in all. Counts of one to nine customers, and what
        would give them away, are left out.
    """
    found: list[Estimate] = []
    if measured is not None:
        found += [replace(e, quantity=f"{e.quantity}, measured", unit="money a customer")
                  for e in (*measured.shares(), *measured.synergies(), *measured.excesses())]
    if len(sets):
        game, common = coverage_game(sets), customers_in_common(sets)
        shown = common.mask(suppress_two_way(common))
        found += [replace(e, quantity=f"{e.quantity}, by whom each serves") for e in (*game.shares(), *game.excesses())]
        found += [Estimate("customers in common", float(shown.loc[one, other]), unit="customers", n=game.n,
                           segment=TOGETHER.join(dict.fromkeys((str(one), str(other)))))
                  for i, one in enumerate(shown) for other in shown.columns[i:] if pd.notna(shown.loc[one, other])]
    return found + [
        Estimate(f"terms: {name}", float(row[name]), unit="points" if name in ("issued", "redeemed") else "money",
                 segment=str(row["partner"]))
        for row in terms.to_dict("records") for name in ("issued", "redeemed", "pays", "receives", "net")]


def programme_terms(points: pd.DataFrame, shares: Sequence[Estimate], assumptions: PartnersConfig) -> pd.DataFrame:
    """Return what the terms of a joint programme would cost and bring each partner: a what-if.

    Parameters
    ----------
    points : DataFrame
        partner, issued, redeemed [points].
    shares : sequence of Estimate
        Coalition value of each partner, by which the running cost is shared.
    assumptions : PartnersConfig
        The terms.

    Returns
    -------
    DataFrame
        partner, issued, redeemed [points], pays (for points issued, and its share of the running cost), receives (for
        points taken), net, coalition_value [money], and break_even: by how much the coalition value must rise so that
        the terms pay for the partner [share]; 0 where they do.
    """
    value = pd.Series({e.segment: e.value for e in shares}, dtype="float64")
    table = points.assign(coalition_value=points["partner"].map(value).astype("float64"))
    weight = table["coalition_value"].clip(lower=0).fillna(0.0)
    cost = assumptions.running_cost * weight / (weight.sum() or 1.0)
    table = table.assign(pays=table["issued"] * assumptions.price_issued + cost,
                         receives=table["redeemed"] * assumptions.price_redeemed)
    table["net"] = table["receives"] - table["pays"]
    rise = (-table["net"]).clip(lower=0) / table["coalition_value"].where(table["coalition_value"] > 0)
    return table.assign(break_even=rise).sort_values("partner", ignore_index=True)


def balancing_price(points: pd.DataFrame, assumptions: PartnersConfig) -> float:
    """Return what the programme could pay for a point taken so that it breaks even; NaN where none was [money a point].

    Parameters
    ----------
    points : DataFrame
        As in `programme_terms`.
    assumptions : PartnersConfig
        The terms; the running cost is shared on top.
    """
    redeemed = float(points["redeemed"].sum())
    return float(points["issued"].sum()) * assumptions.price_issued / redeemed if redeemed > 0 else float("nan")
