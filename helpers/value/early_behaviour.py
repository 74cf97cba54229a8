"""Early behaviour and tenure: what the first 90 days, and years, as a customer foretell of the margin that follows."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.value.value_predictors import (
    MIN_LEVEL_CUSTOMERS,
    ValuePredictors,
    fit_value_predictors,
)

EARLY_DAYS, RECENT_DAYS = 90, 180

MIN_OUTCOME_DAYS, MAX_OUTCOME_DAYS = 90, 365

MAX_CUSTOMERS, MIN_ANSWERS = 50_000, 50

SHARE_FITTED = 2 / 3  # the customers with the older first purchases; the others are forecast

OTHER_LEVEL, LEVEL_NOT_KNOWN = "others", "not known"

NO_PURCHASES = "no purchases are recorded"


def early_value_predictors(engine: Engine, transactions: ir.Table, scores: ir.Table, history: TimeWindow | None,
                           margin_rate: float) -> ValuePredictors:
    """Return what the first 90 days as a customer foretell of the margin of the days after them.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    transactions, scores : ir.Table
        ``canonical/transactions`` and ``results/satisfaction_scores``.
    history : TimeWindow or None
        Days on record; None without transactions.
    margin_rate : float
        Share of net sales that is margin where no unit cost is recorded.

    Notes
    -----
    Life begins with the first purchase on record. Predictors are orders, spend an order, categories, sales channel of
    the first day and the latest satisfaction, all of the first 90 days; the outcome is the margin of up to a year
    after them, losses counted as zero. Poisson pseudo-maximum likelihood with robust standard errors (HC3): it asks no
    more than that the mean be exponential. Fitted to the two thirds of the customers who came first, tried on the last.

    References
    ----------
    Santos Silva & Tenreyro (2006), The log of gravity, *Review of Economics and Statistics* 88, 641–658. Cameron &
    Windmeijer (1996), *Journal of Business & Economic Statistics* 14, 209–220: share of the deviance explained.
    """
    if history is None:
        return ValuePredictors(reason=NO_PURCHASES)
    if not (days := outcome_days(history, EARLY_DAYS)):
        return ValuePredictors(reason=f"records are shorter than {EARLY_DAYS + 2 * MIN_OUTCOME_DAYS} days")
    rows = _early_rows(engine, transactions, scores, history.last_on, days, margin_rate)
    predictors = early_predictors(rows)
    simple = {"net sales": _log_money(rows["net_sales"].to_numpy("float64"))}
    is_fitted = np.arange(len(rows)) < SHARE_FITTED * len(rows)
    return fit_value_predictors(predictors, simple, rows["later_margin"].to_numpy("float64"), is_fitted, days)


def tenure_value_predictors(engine: Engine, transactions: ir.Table, history: TimeWindow | None,
                            margin_rate: float) -> ValuePredictors:
    """Return what years as a customer foretell of the margin to come, at equal orders lately and recency.

    Parameters
    ----------
    engine, transactions, history, margin_rate
        As of `early_value_predictors`.

    Notes
    -----
    Customers of at least 180 days are followed from a day on for up to a year: with younger ones the same orders came
    in less time. The simple rule knows the orders of the 180 days before it and the days since the last one; every
    third customer, in the order of the ids, is held out.
    """
    if history is None:
        return ValuePredictors(reason=NO_PURCHASES)
    if not (days := outcome_days(history, 0)):
        return ValuePredictors(reason=f"records are shorter than {2 * MIN_OUTCOME_DAYS} days")
    cutoff_on = history.last_on - timedelta(days)
    known = features.customer_summary(transactions, cutoff_on, margin_rate=margin_rate, recent_days=RECENT_DAYS)
    spent = purchases.cached_customer_days(engine, transactions, history.last_on)
    later = spent.filter(spent.on > cutoff_on)
    margin = later.group_by("customer_id").aggregate(
        later_margin=features.margin_with_assumed_rate(later, margin_rate).sum().cast("float64"))
    base = known.filter(known.age_days >= RECENT_DAYS).left_join(margin, "customer_id")
    rows = _at_most(engine, base.select("customer_id", "n_recent_occasions", "recency_days", "age_days",
                                        later_margin=base.later_margin.fill_null(0.0)))
    low, high = rows["age_days"].quantile([0.05, 0.95])
    if high - low < RECENT_DAYS:  # what a year brings would be read from days
        return ValuePredictors(reason=f"nine in ten have been customers for {low:.0f} to {high:.0f} days, too alike")
    simple = {"orders": np.log2(1 + rows[["n_recent_occasions"]].to_numpy("float64")),
              "recency": np.log2(1 + rows[["recency_days"]].to_numpy("float64"))}
    predictors = simple | {"tenure": rows[["age_days"]].to_numpy("float64") / 365.25}
    is_fitted = np.arange(len(rows)) % 3 != 2
    return fit_value_predictors(predictors, simple, rows["later_margin"].to_numpy("float64"), is_fitted, days)


def outcome_days(history: TimeWindow, early_days: int) -> int:
    """Return the days in which later margin counts: half of what is left beyond the early ones, 0 where too few.

    Examples
    --------
    >>> outcome_days(TimeWindow(date(2025, 1, 1), date(2025, 12, 31)), 90)
    137
    """
    days = min((history.n_days - early_days) // 2, MAX_OUTCOME_DAYS)
    return days if days >= MIN_OUTCOME_DAYS else 0


def _early_rows(engine: Engine, transactions: ir.Table, scores: ir.Table, as_of_on: date, days: int,
                margin_rate: float) -> pd.DataFrame:
    """Return customers whose early days and outcome are over, by first purchase: what they did early, and the margin.

    Columns: customer_id, n_orders, net_sales, n_categories, channel, satisfaction, later_margin.
    """
    spent = purchases.cached_customer_days(engine, transactions, as_of_on)
    first = purchases.occasions_from_days(spent).group_by("customer_id").aggregate(first_on=ibis._.on.min())
    known = first.filter(first.first_on <= as_of_on - timedelta(EARLY_DAYS + days - 1))
    lines = spent.inner_join(known, "customer_id")
    since = lines.on.delta(lines.first_on, unit="day")
    is_early, is_later = (since >= 0) & (since < EARLY_DAYS), (since >= EARLY_DAYS) & (since < EARLY_DAYS + days)
    money = features.margin_with_assumed_rate(lines, margin_rate)
    sums = lines.group_by("customer_id", "first_on").aggregate(
        n_orders=(is_early & features.is_occasion(lines)).ifelse(1, 0).sum(),
        net_sales=is_early.ifelse(lines.net_sales, None).sum().cast("float64"),
        later_margin=is_later.ifelse(money, None).sum().cast("float64").fill_null(0.0))
    kinds, answered = _first_sales(transactions, known), _early_satisfaction(scores, known)
    whole = sums.left_join(kinds, "customer_id").drop("customer_id_right").left_join(answered, "customer_id")
    return _at_most(engine, whole.drop("customer_id_right"), "first_on")


def _first_sales(transactions: ir.Table, known: ir.Table) -> ir.Table:
    """Return categories bought early, and the sales channel of the first day, by customer."""
    sold = transactions.filter(transactions.kind == "sale").inner_join(known, "customer_id")
    age = sold.ordered_at.date().delta(sold.first_on, unit="day")
    early = sold.filter((age >= 0) & (age < EARLY_DAYS)).mutate(is_first_day=age == 0)
    return early.group_by("customer_id").aggregate(
        n_categories=early.category.nunique(), channel=early.is_first_day.ifelse(early.channel, None).min())


def _early_satisfaction(scores: ir.Table, known: ir.Table) -> ir.Table:
    """Return the latest satisfaction answered early, by customer."""
    said = scores.filter(scores.customer_id.notnull()).inner_join(known, "customer_id")
    wait = said.responded_at.date().delta(said.first_on, unit="day")
    return said.filter((wait >= 0) & (wait < EARLY_DAYS)).group_by("customer_id").aggregate(
        satisfaction=ibis._.satisfaction.argmax(ibis._.responded_at))


def _at_most(engine: Engine, table: ir.Table, *order: str) -> pd.DataFrame:
    """Return a table's rows in an order and by customer; of more than 50,000 every so-many-th."""
    step = -(-engine.first_row(table.aggregate(n=table.count()))["n"] // MAX_CUSTOMERS)
    ordered = table.mutate(place=ibis.row_number().over(order_by=[*order, "customer_id"]))
    return engine.arrow(ordered.filter(ordered.place % max(step, 1) == 0).order_by("place")).to_pandas()


def early_predictors(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the columns of each predictor, shape (n_customers, k); what does not vary, or is known of few, is none.

    Parameters
    ----------
    rows : DataFrame
        Grain customer: ``n_orders``, ``net_sales``, ``n_categories``, ``channel``, ``satisfaction`` of the early days.
    """
    n_orders = rows["n_orders"].to_numpy("float64")
    spend = _log_money(rows["net_sales"].to_numpy("float64") / np.maximum(n_orders, 1))
    found = {"orders": np.log2(np.maximum(n_orders, 1))[:, None], "spend": spend}
    categories = rows["n_categories"].fillna(0).to_numpy("float64")[:, None]
    channels = _level_columns(rows["channel"])
    said = rows["satisfaction"].to_numpy("float64")
    answers = np.isfinite(said)
    if answers.sum() >= MIN_ANSWERS:
        centred = np.where(answers, (said - said[answers].mean()) / 10, 0.0)
        found["satisfaction"] = np.column_stack([centred, *([answers] if not answers.all() else [])]).astype("float64")
    found |= {"categories": categories} | {f"channel: {name}": column for name, column in channels.items()}
    return {name: columns for name, columns in found.items() if len(columns) and np.ptp(columns[:, 0]) > 0}


def _log_money(money: np.ndarray) -> np.ndarray:
    """Return the logarithm of money to the base 2 as a column; what was refunded counts a hundredth of the median."""
    typical = float(np.median(money)) if len(money) else 0.0
    return np.log2(np.maximum(money, typical / 100 if typical > 0 else 1.0))[:, None]


def _level_columns(levels: pd.Series) -> dict[str, np.ndarray]:
    """Return a column of 0 and 1 for each level but the largest; those under 30 customers are taken together."""
    named = levels.astype("object").fillna(LEVEL_NOT_KNOWN)
    sizes = named.map(named.value_counts())
    merged = named.where(sizes >= MIN_LEVEL_CUSTOMERS, OTHER_LEVEL)
    counts = merged.value_counts()
    return {str(c): (merged == c).to_numpy("float64")[:, None] for c in counts.index[1:]
            if counts[c] >= MIN_LEVEL_CUSTOMERS}
