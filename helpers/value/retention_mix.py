"""Retention mix: how much of a change in the retention rate comes from which customers there were."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.customers import features, purchases
from helpers.customers.windows import TimeWindow, last_whole_period
from helpers.foundation import money
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import bootstrap, confidence_intervals
from helpers.stats.disclosure_control import is_hidden

MIN_PERIOD_DAYS, MIN_CUSTOMERS = 28, 30  # of a period; who bought in each of the two first periods

N_DRAWS = 2_000
MIN_START_P = 0.01  # of as many first orders in the first quarter on record as in the next

CHANGE, BY_MIX, WITHIN = "retention_change", "retention_change_by_mix", "retention_change_within"

RATE_BEFORE, RATE_AFTER, PERIOD, LAG = ("retention_rate_before", "retention_rate_after", "retention_change_period",
                                        "retention_change_lag")

BY_MONEY = "_by_money"  # ends a quantity of which each customer counts by net sales of the period followed from
PAUSED_BEFORE, PAUSED_AFTER = "retention_rate_of_paused_before", "retention_rate_of_paused_after"
QUARTER = "quarters"  # segment of the same comparison by quarters, beside the longer periods of everybody

YEAR_DAYS, SHORTER_PERIODS = 365, (182, 91)  # periods [days] whose year before is on record before three years are

ORDER_CLASSES = ("one order", "two or three orders", "four orders or more")
TENURE_DAYS = (91, 182, 365)  # limits of classes by days since the first order, at the end of the period [days]

UNKNOWN_TENURE = -1  # class of everybody where the first order on record need not be the first

FOLLOWED = ("n", "kept", "money", "money_kept", "squares", "squares_kept")  # money and its squares, summed


@dataclass(frozen=True, slots=True, eq=False)
class RetentionMix:
    """A change in the retention rate, split into mix and what changed within classes of customers.

    Parameters
    ----------
    n_days : int
        Length of each period [days].
    counts : DataFrame
        Grain class of customers: ``orders`` in the period that they are followed from, ``tenure`` at its end, whether
        ``paused`` in its later half. `FOLLOWED` of each, those who bought again in the period after it as ``…kept``:
        with ``_before`` and, later, ``_after`` [customers, money].
    seed : int
        Of the draws behind the intervals.
    reason : str
        Why nothing can be compared; empty where it can.
    lag_days : int
        Days from the one rate to the other; 0 stands for the length of a period, since one follows the other.
    quarter : RetentionMix, optional
        The same by the last two calendar quarters, where the periods are longer and of the same season.
    """

    n_days: int
    counts: pd.DataFrame
    seed: int = 0
    reason: str = ""
    lag_days: int = 0
    quarter: "RetentionMix | None" = field(default=None)

    @property
    def is_same_season(self) -> bool:
        """Whether whole years lie between both rates, so that they are of the same season."""
        return (self.lag_days or self.n_days) % YEAR_DAYS == 0

    @property
    def is_one_cohort(self) -> bool:
        """Whether nobody came in the second period: those followed from it are those who had stayed."""
        return not self.reason and int(self.counts["n_after"].sum()) == int(self.counts["kept_before"].sum())

    @property
    def has_tenure(self) -> bool:
        """Whether customers are told apart by tenure."""
        tenure = self.counts.index.unique("tenure") if "tenure" in self.counts.index.names else [UNKNOWN_TENURE]
        return UNKNOWN_TENURE not in tenure

    @property
    def has_money(self) -> bool:
        """Whether money is recorded in both periods that customers are followed from."""
        columns = ("money_before", "money_after")
        return set(columns) <= set(self.counts) and all(self.counts[c].sum() > 0 for c in columns)

    def estimates(self, by: str = "") -> tuple[Estimate, ...]:
        """Return the change in the retention rate, its part by mix and its part within classes, with their intervals.

        Parameters
        ----------
        by : str
            `BY_MONEY` where each customer counts by net sales; else all count alike.

        Notes
        -----
        Kitagawa's split with the means of both as weights: Σ Δshare · mean rate and Σ mean share · Δrate add up to the
        change. Percentile intervals of multinomial draws of customers; by money of gamma draws of sums, with the mean
        Σ m and the variance Σ m² that a Poisson number of each customer gives.

        References
        ----------
        Kitagawa (1955), *Journal of the American Statistical Association* 50, 1168–1194.
        """
        names = tuple(f"{q}{by}" for q in (CHANGE, BY_MIX, WITHIN))
        if why := self.reason or ("" if self.has_money or not by else "no money is recorded with the orders"):
            return tuple(no_estimate(q, Status.INSUFFICIENT, why, unit="share") for q in names)
        sides, rng = self._sides(by), np.random.default_rng(self.seed)
        value = kitagawa_split(*(pair[None] for pair, _ in sides))[:, 0]
        drawn = kitagawa_split(*(_drawn_money(*side, rng) if by else _drawn(side[0], rng) for side in sides))
        low, high = np.quantile(drawn, [0.025, 0.975], axis=1)
        n = int(self.counts[["n_before", "n_after"]].to_numpy().sum())
        return tuple(Estimate(q, float(v), float(lower), float(upper), unit="share", n=n)
                     for q, v, lower, upper in zip(names, value, low, high, strict=True))

    def _sides(self, by: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return all and retained by class before and after, and squares, each of shape ``(n_classes, 2)``."""
        levels = [name for name in ("orders", "tenure") if name in self.counts.index.names]
        classes = self.counts.groupby(level=levels).sum() if levels else self.counts
        what = ("money", "money_kept") if by else ("n", "kept")
        squares = ("squares", "squares_kept") if by else what
        return [tuple(classes[[f"{c}_{when}" for c in columns]].to_numpy("float64").clip(min=0)
                      for columns in (what, squares)) for when in ("before", "after")]

    def rates(self) -> tuple[Estimate, ...]:
        """Return both rates that are compared, and their periods; nothing where one would tell of fewer than ten."""
        sums = self.counts.sum()
        pairs = ((RATE_BEFORE, sums["n_before"], sums["kept_before"]),
                 (RATE_AFTER, sums["n_after"], sums["kept_after"]))
        if self.reason or _tells_few(pairs):
            return ()
        paused = self._paused()
        shown = (*pairs, *(() if _tells_few(paused) else paused))
        return (*(_share(q, kept, n) for q, n, kept in shown), *self._rates_by_money(),
                *(Estimate(q, days, unit="days", n=int(sums["n_after"]))
                  for q, days in ((PERIOD, self.n_days), (LAG, self.lag_days or self.n_days))))

    def _paused(self) -> tuple[tuple[str, int, int], ...]:
        """Return who did not buy in the later half of a period, and who of them came back; nothing without quarters."""
        if not self.quarter:
            return ()
        sums = self.counts[self.counts.index.get_level_values("paused")].sum()
        return ((PAUSED_BEFORE, sums["n_before"], sums["kept_before"]),
                (PAUSED_AFTER, sums["n_after"], sums["kept_after"]))

    def _rates_by_money(self) -> tuple[Estimate, ...]:
        if not self.has_money:
            return ()
        rng, names = np.random.default_rng(self.seed), (RATE_BEFORE + BY_MONEY, RATE_AFTER + BY_MONEY)
        found = []
        for name, side, n in zip(names, self._sides(BY_MONEY), self.counts[["n_before", "n_after"]].sum(),
                                 strict=True):
            everybody, kept = side[0].sum(axis=0)
            drawn = _drawn_money(*side, rng).sum(axis=1)
            low, high = np.quantile(drawn[:, 1] / drawn[:, 0], [0.025, 0.975])
            found.append(Estimate(name, float(kept / everybody), float(low), float(high), unit="share", n=int(n)))
        return tuple(found)

    def table(self) -> pd.DataFrame:
        """Return the split by customers and by money, rates and periods as a long summary table; then by quarters."""
        own = [*self.estimates(), *(self.estimates(BY_MONEY) if self.has_money else ()), *self.rates()]
        by_quarter = self.quarter.table().assign(segment=QUARTER) if self.quarter else None
        return pd.concat([estimate_table(own), by_quarter], ignore_index=True)


def _tells_few(pairs: tuple[tuple[str, int, int], ...]) -> bool:
    """Return whether a share of customers would tell of fewer than ten who stayed or left."""
    return any(is_hidden(kept) or is_hidden(n - kept) for _, n, kept in pairs)


def _share(quantity: str, kept: int, n: int) -> Estimate:
    share = confidence_intervals.share_interval(kept / n, n)
    return Estimate(quantity, share.value, share.low, share.high, unit="share", n=int(n))


def _drawn(pair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of customers and retained ones by class, shape ``(n_draws, n_classes, 2)``."""
    n, kept = pair.T
    cells = np.concatenate([kept, n - kept])
    made = rng.multinomial(int(cells.sum()), cells / cells.sum(), N_DRAWS)
    kept_drawn, gone = made[:, :len(n)], made[:, len(n):]
    return np.stack([kept_drawn + gone, kept_drawn], axis=2).astype("float64")


def _drawn_money(pair: np.ndarray, squares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws of the money of customers and of retained ones by class, shape ``(n_draws, n_classes, 2)``."""
    pair, squares = (bootstrap.to_twelve_digits(sums) for sums in (pair, squares))
    sums = np.stack([pair[:, 0] - pair[:, 1], pair[:, 1]]).clip(min=0)
    variance = np.stack([squares[:, 0] - squares[:, 1], squares[:, 1]])
    is_some = (sums > 0) & (variance > 0)
    scale = np.divide(variance, sums, out=np.ones_like(sums), where=is_some)
    gone, kept = np.moveaxis(rng.gamma(np.where(is_some, sums / scale, 0.0), scale, (N_DRAWS, *sums.shape)), 1, 0)
    return np.stack([gone + kept, kept], axis=2)


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
    rates = [part[..., 1] / np.where(part[..., 0] > 0, part[..., 0], 1) for part in (before, after)]
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

    Classes are orders in the period by tenure at its end: the customers of a young company grow older, and who has been
    one for longer stays more often. Where records begin later than the company, tenure is unknown and left out.
    """
    history = features.recorded_window(engine, transactions, as_of_on)
    n_days, lag_days = _compared_periods(period_days, history.n_days if history else 0)
    if history is None or n_days < MIN_PERIOD_DAYS:
        return RetentionMix(n_days, pd.DataFrame(columns=["n_before", "kept_before", "n_after", "kept_after"]), seed,
                            "the history does not bear three periods")
    days = purchases.cached_customer_days(engine, transactions, as_of_on)
    has_tenure = _is_seen_from_the_start(engine, days, history)

    def compared(length: int, lag: int, windows: list[tuple[TimeWindow, TimeWindow]],
                 quarter: RetentionMix | None = None) -> RetentionMix:
        sides = [_counted(engine, days, *pair, has_tenure=has_tenure).add_suffix(f"_{when}")
                 for when, pair in zip(("before", "after"), windows, strict=True)]
        counts = pd.concat(sides, axis=1).fillna(0).sort_index()
        few = counts[["n_before", "n_after"]].sum().min() < MIN_CUSTOMERS
        why = f"fewer than {MIN_CUSTOMERS} customers bought in a period" if few else ""
        return RetentionMix(length, counts, seed, why, lag, quarter)

    quarter, quarters = None, _quarters_a_year_apart(as_of_on)
    if n_days > SHORTER_PERIODS[-1] and lag_days % YEAR_DAYS == 0 and quarters[0][0].first_on >= history.first_on:
        quarter = compared(SHORTER_PERIODS[-1], YEAR_DAYS, quarters)
    return compared(n_days, lag_days, [_two_periods(as_of_on - timedelta(back), n_days) for back in (lag_days, 0)],
                    None if quarter is None or quarter.reason else quarter)


def _quarters_a_year_apart(as_of_on: date) -> list[tuple[TimeWindow, TimeWindow]]:
    """Return the last two whole calendar quarters, after the same two of the year before.

    Examples
    --------
    >>> print(*_quarters_a_year_apart(date(2025, 12, 31))[0])
    2024-07-01 to 2024-09-30 2024-10-01 to 2024-12-31
    """
    last = last_whole_period(as_of_on, "Q")
    before, after, earlier, later = (TimeWindow(q.start_time.date(), q.end_time.date()) for q in (
        last - 5, last - 4, last - 1, last))
    return [(before, after), (earlier, later)]


def _is_seen_from_the_start(engine: Engine, days: ir.Table, history: TimeWindow) -> bool:
    """Return whether the first order on record is a customer's first: records do not begin amid old customers.

    Old customers all look new in the first quarter on record, which then has more first orders than the next, beyond
    chance (one-sided binomial test).
    """
    bought = purchases.occasions_from_days(days)
    first = bought.group_by("customer_id").aggregate(on=bought.on.min())
    quarter, start = SHORTER_PERIODS[-1], history.first_on
    windows = [TimeWindow(start + timedelta(at), start + timedelta(at + quarter - 1)) for at in (0, quarter)]
    row = engine.first_row(first.aggregate(n=windows[0].holds(first.on).ifelse(1, 0).sum(),
                                           n_next=windows[1].holds(first.on).ifelse(1, 0).sum()))
    n, n_next = int(row["n"] or 0), int(row["n_next"] or 0)
    return n + n_next > 0 and stats.binomtest(n, n + n_next, 0.5, alternative="greater").pvalue >= MIN_START_P


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


def _counted(engine: Engine, days: ir.Table, base: TimeWindow, later: TimeWindow, *, has_tenure: bool) -> pd.DataFrame:
    """Return customers of a period by class, their money, and how many of them bought in the next: `FOLLOWED`."""
    bought = features.is_occasion(days)
    in_base, in_half = base.holds(days.on), days.on > base.last_on - timedelta(base.n_days // 2)
    zero = money.zero_money()
    by = days.group_by("customer_id").aggregate(
        n_base=(bought & in_base).ifelse(1, 0).sum(), n_half=(bought & in_base & in_half).ifelse(1, 0).sum(),
        n_later=(bought & later.holds(days.on)).ifelse(1, 0).sum(),
        first_on=bought.ifelse(days.on, ibis.null("date")).min(),
        net=in_base.ifelse(days.net_sales, zero).sum().cast("float64").fill_null(0.0)).filter(ibis._.n_base > 0)
    orders = (by.n_base == 1).ifelse(ORDER_CLASSES[0], (by.n_base <= 3).ifelse(ORDER_CLASSES[1], ORDER_CLASSES[2]))
    age = ibis.literal(base.last_on).delta(by.first_on, unit="day")
    tenure = sum((age > limit).ifelse(1, 0) for limit in TENURE_DAYS) if has_tenure else ibis.literal(UNKNOWN_TENURE)
    kept, net = (by.n_later > 0).ifelse(1, 0), by.net
    rows = engine.arrow(by.mutate(orders=orders, tenure=tenure, paused=by.n_half == 0, kept=kept).group_by(
        "orders", "tenure", "paused").aggregate(
            n=ibis._.count(), kept=ibis._.kept.sum(), money=net.sum(), money_kept=(net * kept).sum(),
            squares=(net * net).sum(), squares_kept=(net * net * kept).sum())).to_pandas()
    return rows.set_index(["orders", "tenure", "paused"])[list(FOLLOWED)].astype("float64")
