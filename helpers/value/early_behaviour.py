"""Early behaviour and tenure: what the first 90 days, and years, as a customer foretell of the margin that follows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers import features, purchases
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import people_text

if TYPE_CHECKING:
    from statsmodels.genmod.generalized_linear_model import GLMResults

EARLY_DAYS, RECENT_DAYS = 90, 180

MIN_OUTCOME_DAYS, MAX_OUTCOME_DAYS = 90, 365

MIN_CUSTOMERS, MAX_CUSTOMERS = 200, 50_000

MIN_LEVEL_CUSTOMERS, MIN_ANSWERS = 30, 50

SHARE_FITTED = 2 / 3  # the customers with the older first purchases; the others are forecast

OTHER_LEVEL, LEVEL_NOT_KNOWN = "others", "not known"

EFFECT_UNITS = {  # what each effect is the ratio for
    "orders": "twice as many orders", "spend": "twice the spend an order", "categories": "one more category",
    "satisfaction": "10 points of satisfaction", "channel": "against the most frequent channel",
    "recency": "twice the days since the last order", "tenure": "one more year as a customer",
}

NO_PURCHASES = "no purchases are recorded"

ALL_PREDICTORS, SIMPLE_RULE = "all predictors", "simple rule"


@dataclass(frozen=True, slots=True)
class ValuePredictors:
    """What foretells the margin that follows, and by how much better than less does.

    Parameters
    ----------
    effects : tuple of Estimate
        Ratio of the later margin by predictor, all others equal; of channels against the largest.
    gains : tuple of Estimate
        Out of sample, parts of the deviance around the mean: ``share_foretold`` by all predictors together and by the
        simple rule; ``gain`` of all over the rule, and of each predictor over all others [share].
    n_fitted, n_tested : int
        Customers whom models were fitted to, and whom they forecast.
    outcome_days : int
        Days in which the later margin counts [days].
    reason : str
        Why there is nothing to say; empty where there is.
    """

    effects: tuple[Estimate, ...] = ()
    gains: tuple[Estimate, ...] = ()
    n_fitted: int = 0
    n_tested: int = 0
    outcome_days: int = 0
    reason: str = ""

    def gain(self, segment: str, quantity: str = "gain") -> Estimate | None:
        """Return one figure out of sample; None where it was not tried."""
        return next((e for e in self.gains if (e.quantity, e.segment) == (quantity, segment)), None)

    def foretelling(self) -> tuple[str, ...]:
        """Return the predictors that make the forecast of new customers better beyond noise, the best first."""
        told = [e for e in self.gains if e.quantity == "gain" and e.segment != ALL_PREDICTORS and e.low > 0]
        return tuple(e.segment for e in sorted(told, key=lambda e: -e.value))

    def table(self, name: str) -> pd.DataFrame:
        """Return effects and gains as a long summary table, quantities beginning with a name."""
        if self.reason:
            return no_estimate(f"{name}_share_foretold", Status.INSUFFICIENT, self.reason, unit="share",
                               n=self.n_fitted + self.n_tested).table()
        rows = estimate_table([*self.effects, *self.gains])
        return rows.assign(quantity=f"{name}_" + rows["quantity"])

    def reading(self) -> pd.DataFrame:
        """Return predictors as a table for reading: ratio of the later margin with limits, gain out of sample."""
        gains = {e.segment: e for e in self.gains if e.quantity == "gain"}
        rows = []
        for e in self.effects:
            gain = gains.get(e.segment.split(":")[0])
            rows.append({"predictor": e.segment, "ratio": e.value, "low": e.low, "high": e.high, "for": e.unit,
                         "gain_out_of_sample": gain.value if gain else np.nan,
                         "gain_low": gain.low if gain else np.nan, "gain_high": gain.high if gain else np.nan})
        return pd.DataFrame(rows, columns=["predictor", "ratio", "low", "high", "for", "gain_out_of_sample", "gain_low",
                                           "gain_high"])


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


def fit_value_predictors(predictors: Mapping[str, np.ndarray], simple: Mapping[str, np.ndarray], later: np.ndarray,
                         is_fitted: np.ndarray, days: int) -> ValuePredictors:
    """Return effects, and how much better the outcome of customers not fitted to is forecast.

    Parameters
    ----------
    predictors, simple : mapping of str to ndarray, shape (n_customers, k)
        Columns by predictor, the levels of one under names with a colon; and those of the simple rule.
    later : ndarray, shape (n_customers,)
        Margin that followed [money].
    is_fitted : ndarray of bool, shape (n_customers,)
        Whom models are fitted to; the others are forecast.
    days : int
        Days of the outcome [days].
    """
    gained = np.maximum(later, 0.0)
    n_fitted, n_tested = int(is_fitted.sum()), int((~is_fitted).sum())
    size = ValuePredictors(n_fitted=n_fitted, n_tested=n_tested, outcome_days=days)
    if len(later) < MIN_CUSTOMERS:
        return replace(size, reason=f"{people_text(len(later))} customers have been seen for long enough, "
                                    f"{MIN_CUSTOMERS} are needed")
    if min((gained[part] > 0).sum() for part in (is_fitted, ~is_fitted)) < MIN_LEVEL_CUSTOMERS:
        return replace(size, reason=f"fewer than {MIN_LEVEL_CUSTOMERS} customers brought a margin afterwards")
    scaled = gained / gained[is_fitted].mean()
    whole = _poisson_fit(predictors, scaled, is_fitted)
    misses = {name: _deviances(columns, scaled, is_fitted)
              for name, columns in ((ALL_PREDICTORS, predictors), (SIMPLE_RULE, simple))}
    groups = dict.fromkeys(name.split(":")[0] for name in predictors)
    for group in groups:
        others = {name: x for name, x in predictors.items() if name.split(":")[0] != group}
        misses[group] = _deviances(others, scaled, is_fitted)
    gains = _gains(misses, _deviances({}, scaled, is_fitted), tuple(groups))
    return replace(size, effects=_effects(whole, predictors, n_fitted), gains=gains)


def _poisson_fit(predictors: Mapping[str, np.ndarray], outcome: np.ndarray, is_fitted: np.ndarray) -> "GLMResults":
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    design = _design(predictors, len(outcome))[is_fitted]
    return GLM(outcome[is_fitted], design, family=Poisson()).fit()


def _design(predictors: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    return np.column_stack([np.ones(n), *predictors.values()])


def _deviances(predictors: Mapping[str, np.ndarray], outcome: np.ndarray, is_fitted: np.ndarray) -> np.ndarray:
    """Return the Poisson deviance of each customer not fitted to, shape (n_tested,)."""
    from scipy.special import xlogy

    fit = _poisson_fit(predictors, outcome, is_fitted)
    y = outcome[~is_fitted]
    expected = np.maximum(fit.predict(_design(predictors, len(outcome))[~is_fitted]), 1e-9)
    return 2 * (xlogy(y, y / expected) - (y - expected))


def _gains(misses: Mapping[str, np.ndarray], around_mean: np.ndarray, groups: tuple[str, ...]) -> tuple[Estimate, ...]:
    """Return shares of the deviance around the mean, each with the linearised interval over customers."""
    n, whole = len(around_mean), misses[ALL_PREDICTORS]
    found = [("share_foretold", name, around_mean - misses[name]) for name in (ALL_PREDICTORS, SIMPLE_RULE)]
    found.append(("gain", ALL_PREDICTORS, misses[SIMPLE_RULE] - whole))
    found += [("gain", group, misses[group] - whole) for group in groups]
    return tuple(Estimate(quantity, i.value, i.low, i.high, unit="share", n=n, segment=name)
                 for quantity, name, less in found if (i := _ratio_interval(less, around_mean)))


def _ratio_interval(top: np.ndarray, below: np.ndarray) -> Interval:
    ratio = float(top.sum() / below.sum())
    n = len(top)
    error = float(np.sqrt(n / (n - 1) * ((top - ratio * below) ** 2).sum())) / float(below.sum())
    half = confidence_intervals.normal_quantile(0.95) * error
    return Interval(ratio, ratio - half, ratio + half)


def _robust_errors(fit: "GLMResults") -> np.ndarray:
    """Return standard errors of a Poisson fit, shape (d,), with squared residuals over (1 − leverage)² (HC3).

    Own: statsmodels' GLM gives HC0 under every name, whose intervals are too narrow with a few hundred customers.
    """
    x, mean = fit.model.exog, fit.fittedvalues
    inverse = np.linalg.inv((x * mean[:, None]).T @ x)
    leverage = mean * np.einsum("ij,jk,ik->i", x, inverse, x)
    scores = x * ((fit.model.endog - mean) / (1 - leverage))[:, None]
    return np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse))


def _effects(fit: "GLMResults", predictors: Mapping[str, np.ndarray], n: int) -> tuple[Estimate, ...]:
    half = confidence_intervals.normal_quantile(0.95) * _robust_errors(fit)
    limits, at, found = np.column_stack([fit.params - half, fit.params + half]), 1, []
    for name, columns in predictors.items():
        group = name.split(":")[0]
        unit = EFFECT_UNITS[group]
        found.append(Estimate("margin_ratio", *(float(np.exp(v)) for v in (fit.params[at], *limits[at])), unit=unit,
                              n=n, segment=name))
        at += columns.shape[1]
    return tuple(found)
