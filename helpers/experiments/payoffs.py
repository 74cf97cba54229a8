"""Payoffs: what shipping an arm brings in money, and what it costs, were all units that took part treated."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

MARGIN, ENDS = "margin", ("value", "low", "high")

MONEY_METRICS = ("margin", "net_sales", "sales")  # the first that an experiment has is told beside what decides


@dataclass(frozen=True, slots=True)
class Payoff:
    """What shipping an arm brings in money, were all units that took part treated.

    Parameters
    ----------
    n : int
        Units that took part, in all arms.
    gain : tuple of float
        Value, low and high [money]; NaN where no outcome is money and the plan says no worth.
    cost : float
        Of treating as many [money]; NaN where no plan declares it.
    """

    n: int
    gain: tuple[float, float, float]
    cost: float

    @property
    def is_known(self) -> bool:
        """Whether the gain is money."""
        return not math.isnan(self.gain[0])

    @property
    def net(self) -> tuple[float, float, float]:
        """Gain less the cost that is known [money]."""
        cost = 0.0 if math.isnan(self.cost) else self.cost
        return self.gain[0] - cost, self.gain[1] - cost, self.gain[2] - cost

    @property
    def pays(self) -> bool:
        """Whether the whole interval of the net gain is at or above zero, or the gain is no money."""
        return not self.is_known or self.net[1] >= 0


def arm_payoff(effects: pd.DataFrame, row: Mapping[str, Any]) -> Payoff:
    """Return what shipping the arm of a row brings, were all units that took part in its experiment treated.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    row : mapping
        The row of it that decides.
    """
    arms = effects[effects["experiment"].eq(row["experiment"]) & effects["metric"].eq(row["metric"])]
    n = int(arms["n_control"].max() + arms.drop_duplicates("variant")["n_variant"].sum())
    cost = math.nan if pd.isna(row.get("treatment_cost")) else n * float(row["treatment_cost"])
    gain = tuple(n * x for x in _unit_gain(effects, row))
    return Payoff(n, (gain[0], gain[1], gain[2]), cost)


def _unit_gain(effects: pd.DataFrame, row: Mapping[str, Any]) -> tuple[float, ...]:
    """Return what an arm brings a unit in money, value, low and high: as margin, else by the plan's worth of a unit."""
    if row["metric"] == MARGIN:
        return tuple(float(row[c]) for c in ENDS)
    if (found := money_row(effects, row)) and found["metric"] == MARGIN:
        return tuple(float(found[c]) for c in ENDS)
    if pd.isna(row.get("unit_value")):
        return math.nan, math.nan, math.nan
    worth = float(row["unit_value"]) * (1 if row["value"] > 0 else -1)
    low, value, high = sorted(float(row[c]) * worth for c in ENDS)
    return value, low, high


def times_as_many(payoff: Payoff) -> float:
    """Return how many times as many units a test would take for the interval of a net gain above zero to end there.

    The width of an interval goes with one over the root of the number of units.
    """
    return ((payoff.net[0] - payoff.net[1]) / payoff.net[0]) ** 2


def money_row(effects: pd.DataFrame, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an arm did to the first outcome that is money; empty where none is measured beside what decides."""
    same = effects[effects["experiment"].eq(row["experiment"]) & effects["variant"].eq(row["variant"])
                   & effects["status"].eq("ok") & effects["metric"].ne(row["metric"])]
    found = [other for metric in MONEY_METRICS for other in same[same["metric"] == metric].to_dict("records")]
    return {**found[0], "unit": "money"} if found else {}
