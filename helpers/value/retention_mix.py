"""Retention mix: how much of a change in the retention rate comes from which customers there were."""

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.stats.disclosure_control import is_hidden

MIN_PERIOD_DAYS, MIN_CUSTOMERS = 28, 30  # of a period; who bought in each of the two first periods

N_DRAWS = 2_000

CHANGE, BY_MIX, WITHIN = "retention_change", "retention_change_by_mix", "retention_change_within"

RATE_BEFORE, RATE_AFTER, PERIOD, LAG = ("retention_rate_before", "retention_rate_after", "retention_change_period",
                                        "retention_change_lag")

YEAR_DAYS, SHORTER_PERIODS = 365, (182, 91)  # periods [days] whose year before is on record before three years are

CLASSES = ("one order", "two or three orders", "four orders or more")  # who is new is not seen where records begin


@dataclass(frozen=True, slots=True, eq=False)
class RetentionMix:
    """A change in the retention rate, split into mix and what changed within classes of customers.

    Parameters
    ----------
    n_days : int
        Length of each period [days].
    counts : DataFrame
        Grain class of customers, by what they did in the period that they are followed from: ``n_before``,
        ``kept_before`` (to the period after it), ``n_after``, ``kept_after`` (the same, later).
    seed : int
        Of the draws behind the intervals.
    reason : str
        Why nothing can be compared; empty where it can.
    lag_days : int
        Days from the one rate to the other; 0 stands for the length of a period, since one follows the other.
    """

    n_days: int
    counts: pd.DataFrame
    seed: int = 0
    reason: str = ""
    lag_days: int = 0

    @property
    def is_same_season(self) -> bool:
        """Whether whole years lie between both rates, so that they are of the same season."""
        return (self.lag_days or self.n_days) % YEAR_DAYS == 0

    @property
    def is_one_cohort(self) -> bool:
        """Whether nobody came in the second period: those followed from it are those who had stayed."""
        return not self.reason and int(self.counts["n_after"].sum()) == int(self.counts["kept_before"].sum())

    def estimates(self) -> tuple[Estimate, ...]:
        """Return the change in the retention rate, its part by mix and its part within classes, with their intervals.

        Notes
        -----
        Kitagawa's split with the means of both as weights: Σ Δshare · mean rate and Σ mean share · Δrate add up to the
        change. Percentile intervals of multinomial draws of both groups of customers.

        References
        ----------
        Kitagawa (1955), *Journal of the American Statistical Association* 50, 1168–1194.
        """
        names = (CHANGE, BY_MIX, WITHIN)
        if self.reason:
            return tuple(no_estimate(q, Status.INSUFFICIENT, self.reason, unit="share") for q in names)
        pairs = [self.counts[[n, kept]].to_numpy("float64") for n, kept in
                 (("n_before", "kept_before"), ("n_after", "kept_after"))]
        rng = np.random.default_rng(self.seed)
        value = kitagawa_split(*(pair[None] for pair in pairs))[:, 0]
        drawn = kitagawa_split(*(_drawn(pair, rng) for pair in pairs))
        low, high = np.quantile(drawn, [0.025, 0.975], axis=1)
        n = int(self.counts[["n_before", "n_after"]].to_numpy().sum())
        return tuple(Estimate(q, float(v), float(lower), float(upper), unit="share", n=n)
                     for q, v, lower, upper in zip(names, value, low, high, strict=True))

    def rates(self) -> tuple[Estimate, ...]:
        """Return both retention rates that are compared, the length of the periods and the days between the rates.

        Nothing where one of them would tell of fewer than ten who stayed or left.
        """
        sums = self.counts.sum()
        pairs = ((RATE_BEFORE, sums["n_before"], sums["kept_before"]),
                 (RATE_AFTER, sums["n_after"], sums["kept_after"]))
        if self.reason or any(is_hidden(kept) or is_hidden(n - kept) for _, n, kept in pairs):
            return ()
        shares = [(q, int(n), confidence_intervals.share_interval(kept / n, n)) for q, n, kept in pairs]
        return (*(Estimate(q, share.value, share.low, share.high, unit="share", n=n) for q, n, share in shares),
                *(Estimate(q, days, unit="days", n=int(sums["n_after"]))
                  for q, days in ((PERIOD, self.n_days), (LAG, self.lag_days or self.n_days))))

    def table(self) -> pd.DataFrame:
        """Return the split, both rates, the length of the periods and what lies between as a long summary table."""
        return estimate_table([*self.estimates(), *self.rates()])


def _drawn(pair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of customers and retained ones by class, shape ``(n_draws, n_classes, 2)``."""
    n, kept = pair.T
    cells = np.concatenate([kept, n - kept])
    made = rng.multinomial(int(cells.sum()), cells / cells.sum(), N_DRAWS)
    kept_drawn, gone = made[:, :len(n)], made[:, len(n):]
    return np.stack([kept_drawn + gone, kept_drawn], axis=2).astype("float64")


def kitagawa_split(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the change in a rate, its part by mix and its part within classes, shape ``(3, n_draws)``.

    Parameters
    ----------
    before, after : ndarray, shape (n_draws, n_classes, 2)
        People, and those of them who have the property.

    Examples
    --------
    >>> old, new = np.array([[[100, 20], [100, 80]]]), np.array([[[150, 30], [50, 40]]])
    >>> kitagawa_split(old, new)[:, 0].round(3).tolist()
    [-0.15, -0.15, 0.0]
    """
    shares = [part[..., 0] / part[..., 0].sum(axis=1, keepdims=True) for part in (before, after)]
    rates = [part[..., 1] / np.maximum(part[..., 0], 1) for part in (before, after)]
    # a class that one of the two does not have has the other's rate, so that its people are mix alone
    known = [np.where(part[..., 0] > 0, rate, other) for part, rate, other in
             zip((before, after), rates, rates[::-1], strict=True)]
    mix = ((shares[1] - shares[0]) * (known[0] + known[1]) / 2).sum(axis=1)
    within = ((known[1] - known[0]) * (shares[0] + shares[1]) / 2).sum(axis=1)
    return np.stack([mix + within, mix, within])


def split_retention_change(
    engine: Engine, transactions: ir.Table, as_of_on: date, period_days: int, seed: int
) -> RetentionMix:
    """Return the change between two retention rates, split into mix and what changed within classes.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day of the latest period.
    period_days : int
        Length of each period, if three of them are on record [days].
    seed : int
        Of the draws behind the intervals.

    Notes
    -----
    A shorter history bears no three years. It is then asked for half-years or quarters of which the same of the year
    before are on record, so that the season is the same in both rates, and for its thirds only where it has none.
    """
    history = features.recorded_window(engine, transactions, as_of_on)
    n_days, lag_days = _compared_periods(period_days, history.n_days if history else 0)
    empty = pd.DataFrame(columns=["n_before", "kept_before", "n_after", "kept_after"])
    if n_days < MIN_PERIOD_DAYS:
        return RetentionMix(n_days, empty, seed, "the history does not bear three periods")
    bought = purchases.occasions_from_days(purchases.cached_customer_days(engine, transactions, as_of_on))
    sides = [_counted(engine, bought, *_two_periods(as_of_on - timedelta(back), n_days)).add_suffix(f"_{when}")
             for back, when in ((lag_days, "before"), (0, "after"))]
    counts = pd.concat(sides, axis=1).reindex(list(CLASSES)).fillna(0).astype("int64").rename_axis("class")
    few = counts[["n_before", "n_after"]].sum().min() < MIN_CUSTOMERS
    why = f"fewer than {MIN_CUSTOMERS} customers bought in a period" if few else ""
    return RetentionMix(n_days, counts, seed, why, lag_days)


def _compared_periods(period_days: int, history_days: int) -> tuple[int, int]:
    """Return how long the periods are that a history bears, and how many days lie between both rates.

    Examples
    --------
    >>> _compared_periods(365, 1_200), _compared_periods(365, 900), _compared_periods(365, 600)
    ((365, 365), (182, 365), (91, 365))
    >>> _compared_periods(365, 300)
    (100, 100)
    """
    if 3 * period_days <= history_days:
        return period_days, period_days
    a_year_apart = (n for n in SHORTER_PERIODS if n < period_days and YEAR_DAYS + 2 * n <= history_days)
    if n_days := next(a_year_apart, 0):
        return n_days, YEAR_DAYS
    return history_days // 3, history_days // 3


def _two_periods(last_on: date, n_days: int) -> tuple[TimeWindow, TimeWindow]:
    """Return the period before the one that ends on a day, and that one."""
    before = last_on - timedelta(n_days)
    return TimeWindow(before - timedelta(n_days - 1), before), TimeWindow(last_on - timedelta(n_days - 1), last_on)


def _counted(engine: Engine, bought: ir.Table, base: TimeWindow, later: TimeWindow) -> pd.DataFrame:
    """Return customers of a period by class, and how many of them bought in the next: ``n``, ``kept``."""
    by = bought.group_by("customer_id").aggregate(
        n_base=base.holds(bought.on).ifelse(1, 0).sum(),
        n_later=later.holds(bought.on).ifelse(1, 0).sum()).filter(ibis._.n_base > 0)
    names = (by.n_base == 1).ifelse(CLASSES[0], (by.n_base <= 3).ifelse(CLASSES[1], CLASSES[2]))
    rows = engine.arrow(by.mutate(name=names).group_by("name").aggregate(
        n=ibis._.count(), kept=(ibis._.n_later > 0).ifelse(1, 0).sum())).to_pandas()
    return rows.set_index("name").astype("int64")
