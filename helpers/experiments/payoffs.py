"""Payoffs: what shipping an arm brings in money and costs up to a day, with a random control group kept back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.stats import norm

from helpers.stats.confidence_intervals import normal_quantile

MARGIN, ENDS = "margin", ("value", "low", "high")

MONEY_METRICS = ("margin", "net_sales", "sales")  # the first that an experiment has is told beside what decides


CUSTOMER = "customer"  # as plans call what is assigned

LEAST_KEPT, MOST_KEPT = 0.1, 0.5  # of the units that are not treated, so that the gain can be shown again

POWER, LEVEL = 0.8, 0.95


@dataclass(frozen=True, slots=True)
class Payoff:
    """What shipping an arm brings in money.

    Parameters
    ----------
    n : int
        Units that took part in the test, in all arms.
    gain : tuple of float
        Of those treated, value, low and high [money]; NaN where no outcome is money and the plan says no worth.
    unit_cost : float
        Of treating them [money]; NaN where no plan declares it.
    fixed_cost : float
        Of building and running it up to that day, whatever the number treated [money]; NaN where no plan declares it.
    days : int
        Days that are counted, at the pace of the test; 0 for as long as the test, whatever that was.
    is_once : bool
        Whether each customer who took part is counted once within these days, whatever their number.
    share_kept : float
        Units kept back at random as control group [share].
    forgone : float
        Net gain that keeping them back forgoes [money]; 0 where nobody is.
    """

    n: int
    gain: tuple[float, float, float]
    unit_cost: float
    fixed_cost: float = math.nan
    days: int = 0
    is_once: bool = False
    share_kept: float = 0.0
    forgone: float = 0.0

    @property
    def is_known(self) -> bool:
        """Whether the gain is money."""
        return not math.isnan(self.gain[0])

    @property
    def cost(self) -> float:
        """What is declared of its cost [money]; NaN where nothing is."""
        known = [cost for cost in (self.unit_cost, self.fixed_cost) if not math.isnan(cost)]
        return sum(known) if known else math.nan

    @property
    def is_cost_open(self) -> bool:
        """Whether only what building and running it cost can matter, and no plan declares that."""
        return math.isnan(self.fixed_cost) and not self.unit_cost > 0

    @property
    def net(self) -> tuple[float, float, float]:
        """Gain less the cost that is known [money]; where that is open, what building and running it may cost."""
        cost = 0.0 if math.isnan(self.cost) else self.cost
        return self.gain[0] - cost, self.gain[1] - cost, self.gain[2] - cost

    @property
    def worst(self) -> float:
        """Worst case [money]: the cost is lost, or the lower end of the range where that is lower."""
        return self.net[1] if math.isnan(self.cost) else min(-self.cost, self.net[1])

    @property
    def pays(self) -> bool:
        """Whether the whole interval of the net gain is at or above zero, or the gain is no money."""
        return not self.is_known or self.net[1] >= 0


def arm_payoff(effects: pd.DataFrame, row: Mapping[str, Any], days: int = 0) -> Payoff:
    """Return what shipping the arm of a row brings, were all units treated that took part in its experiment.

    With a number of days it is counted for these, with as many units a day as in the test, and less a control group.
    Customers are no more than there are, and that an effect comes again was not measured: each is counted once. Kept
    back is a tenth of the units, or as many more, up to a half, as show the net gain again with 80 % power.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    row : mapping
        The row of it that decides.
    days : int
        Days to be counted, 0 for as long as the test [days].
    """
    arms = effects[effects["experiment"].eq(row["experiment"]) & effects["metric"].eq(row["metric"])]
    n = int(arms["n_control"].max() + arms.drop_duplicates("variant")["n_variant"].sum())
    each, fixed = (math.nan if pd.isna(row.get(name)) else float(row[name])
                   for name in ("treatment_cost", "fixed_cost"))
    unit, test_days = _unit_gain(effects, row), days_of_test(row)
    if not days or not test_days or math.isnan(unit[0]):
        return Payoff(n, (n * unit[0], n * unit[1], n * unit[2]), n * each, fixed)
    is_once = row.get("assigned") == CUSTOMER
    n_units = n if is_once else n * days / test_days
    net = unit[0] - (0.0 if math.isnan(each) else each)
    share = _share_kept(row, net, (unit[2] - unit[1]) / 2, n_units)
    treated = (1 - share) * n_units
    return Payoff(n, (treated * unit[0], treated * unit[1], treated * unit[2]), treated * each, fixed, days,
                  is_once, share, share * n_units * net)


def days_of_test(row: Mapping[str, Any]) -> int:
    """Return for how many days a test ran, from its first assignment to its planned look; 0 where that is unknown."""
    ends = [row.get(name) for name in ("started_on", "stop_on")]
    return 0 if any(pd.isna(day) for day in ends) else max((pd.Timestamp(ends[1]) - pd.Timestamp(ends[0])).days, 0)


def _share_kept(row: Mapping[str, Any], net: float, half: float, n_units: float) -> float:
    """Return the share to be kept back: its variance times two normal quantiles is the square of the net gain.

    A difference of means with shares c and 1 − c of N units has the variance σ² / (c (1 − c) N); σ² follows from the
    interval of the test.
    """
    z, shown = normal_quantile(LEVEL), float(norm.ppf(POWER))
    spread = (half / z) ** 2 / (1 / float(row["n_control"]) + 1 / float(row["n_variant"]))
    needed = spread * ((z + shown) / net) ** 2 / n_units if net > 0 else 1.0
    share = 0.5 - math.sqrt(max(0.25 - needed, 0.0))
    return min(max(share, LEAST_KEPT), MOST_KEPT)


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
