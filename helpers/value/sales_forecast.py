"""Sales forecast: orders, net sales and margin of the next quarter if nothing is done, as a fan of quantiles.

Today's customers by a model of purchases, new ones as they came lately, times the season; as wide as the same recipe
was off in quarters that it had not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from helpers.customers import purchases
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.foundation.study_config import Economics
from helpers.value.btyd import frequency_recency
from helpers.value.btyd.fitting import BtydFit
from helpers.value.btyd.frequency_recency import FrequencyRecency
from helpers.value.revenue_bridge import net_sales_between
from helpers.value.schema import SALES_FORECAST
from helpers.value.seasonality import QUARTER_WEEKS, YEAR_WEEKS, counts_in_seasonal_time, seasonal_index
from helpers.value.weekly_sales import (
    BY_OTHER_RULE,
    BY_RULE,
    LAST_QUARTER,
    MEASURES,
    MIN_QUARTERS,
    NO_PAST_QUARTERS,
    RULES,
    CountsAt,
    by_simple_rule,
    estimate_error,
    expected_weeks,
    fit_to_some,
    past_quarters,
    quarters_needed,
    quarters_with_season,
    too_short,
    weekly_sales,
)

QUANTILES, LEVEL = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975), 0.95
RECENT_AVERAGE, QUARTERS_TRIED = "average of the last quarter", "quarters_tried"
QUARTER_BY_RULE = "quarter_by_rule"  # told where the forecast is not
TOO_WIDE = "Past quarters, forecast in the same way, were off by so much that the range would begin at nothing."
MAX_DISPERSION = 4.0  # by chance: in planted companies, whose customers come and go by themselves, 1.5 to 2.2


@dataclass(frozen=True, slots=True, eq=False)
class SalesForecast:
    """What the next quarter brings if nothing is done, and how past quarters were forecast in the same way.

    Parameters
    ----------
    as_of_on : date
        Last day that was seen.
    model : str
        What the orders of today's customers come from: a model of purchases, or their recent average.
    n_customers : int
        Customers who had bought by then.
    history : DataFrame
        Grain week, oldest first, as `weekly_sales` gives it.
    ahead : DataFrame
        Grain week ahead: ``today`` and ``new``, orders of today's and of new customers; `MEASURES`.
    past : DataFrame
        Grain past quarter × week × measure, as `weekly_sales.past_quarters` gives it.
    estimate_error : float
        Of the orders ahead, as `helpers.value.weekly_sales.estimate_error` gives it.
    has_season, reason : bool, str
        Whether a season is seen in the orders; why there is no forecast, a sentence.
    anonymous : float
        Net sales without a customer in the last 13 weeks, no part of any figure here [money]; NaN where not counted.
    """

    as_of_on: date
    model: str
    n_customers: int
    history: pd.DataFrame
    ahead: pd.DataFrame
    past: pd.DataFrame
    estimate_error: float = 0.0
    has_season: bool = False
    reason: str = ""
    anonymous: float = float("nan")

    @property
    def n_quarters(self) -> int:
        """Past quarters that were forecast in the same way."""
        return int(self.past["quarter"].nunique())

    @property
    def due_on(self) -> date:
        """Last day of the quarter ahead."""
        return self.as_of_on + timedelta(7 * QUARTER_WEEKS)

    @property
    def window(self) -> TimeWindow:
        """The days of the quarter ahead."""
        return TimeWindow(self.as_of_on + timedelta(1), self.due_on)

    def quarters(self) -> pd.DataFrame:
        """Return past quarters: ``due_on``, ``measure``, ``forecast``, ``low``, ``high``, `RULES`, ``actual``.

        The interval is that of the recipe's error in the other past quarters, which the quarter itself had no part in.
        """
        sums = self.past.groupby(["quarter", "measure"], as_index=False)[["forecast", *RULES, "actual"]].sum()
        off = sums["actual"] / sums["forecast"].where(sums["forecast"] > 0) - 1
        n_others = sums.groupby("measure")["quarter"].transform("size") - 1
        squares = off.pow(2).groupby(sums["measure"]).transform("sum") - off.pow(2)
        spread = np.sqrt(squares / n_others) * stats.t.ppf((1 + LEVEL) / 2, n_others)
        due = pd.Timestamp(self.as_of_on) - pd.to_timedelta(7 * QUARTER_WEEKS * sums["quarter"], "D")
        return sums.assign(due_on=due, low=(sums["forecast"] * (1 - spread)).clip(lower=0),
                           high=sums["forecast"] * (1 + spread))

    def spread(self, measure: str, by: str = "forecast", *, is_week: bool = False) -> float:
        """Return the root mean square of relative errors in past quarters, or in weeks of them [share].

        Parameters
        ----------
        measure : str
            Of `MEASURES`.
        by : str
            ``forecast``, or one of `RULES`.
        is_week : bool
            Whether errors of single weeks are told.
        """
        of = self.past[self.past["measure"] == measure]
        sums = of if is_week else of.groupby("quarter")[[by, "actual"]].sum()
        made = sums[by].where(sums[by] > 0)
        return float(np.sqrt(((sums["actual"] / made - 1) ** 2).mean()))

    @property
    def measures(self) -> dict[str, str]:
        """The measures that can be told, and units: some is expected and was before, and the range begins above 0."""
        told = () if self.reason else MEASURES.items()
        return {m: unit for m, unit in told if self.expected(m) > 0 and np.isfinite(self.spread(m))
                and self._deviations(np.array(QUANTILES[-1:]), m)[0] < 1}

    def expected(self, measure: str) -> float:
        """Return what is expected of the quarter."""
        return float(self.ahead[measure].sum())

    def _deviations(self, shares: np.ndarray, measure: str, by: str = "forecast", is_week: bool = False) -> np.ndarray:
        """Return how far off a forecast may be at shares of its distribution, of the shape of `shares` [share].

        Notes
        -----
        t √v, t with as many degrees of freedom as there were quarters; v = φ (1 / n + u) for n orders ahead, u their
        `estimate_error`: who has grown is known better than before the first quarters that are tried. φ, the mean of
        (a / f − 1)² / (1 / f + u) in past quarters, is the dispersion of orders: above 1, as a customer's come together
        (McCullagh & Nelder 1989, *Generalized Linear Models*, section 6.2). What lies beyond `MAX_DISPERSION` is a
        change of the company and stays the same share of any number of orders. The 95 % interval is never narrower than
        the chance of n independent orders. Of 2,000 planted companies each (bench/coverage_value.py; 78 weeks × 15 new
        customers, 117 × 15, 117 × 60, 130 × 60 with a season) it holds orders in .960, .951, .947, .975, the 50 %
        interval in .525, .494, .479, .533: with a season too wide, as that was known less well before past quarters.
        """
        keys = ["quarter", "week"] if is_week else ["quarter"]
        of = self.past[self.past["measure"] == measure].groupby(keys)[[by, "actual"]].sum()
        counted = self.past[self.past["measure"] == "orders"].groupby(keys).agg(
            orders=("forecast", "sum"), estimate_error=("estimate_error", "first"))
        squares = (of["actual"] / of[by].where(of[by] > 0) - 1).pow(2).dropna()
        by_chance = (1 / counted["orders"].clip(lower=1.0) + counted["estimate_error"])[squares.index]
        dispersion = float((squares / by_chance).mean())
        beyond = float((squares - MAX_DISPERSION * by_chance).mean()) if dispersion > MAX_DISPERSION else 0.0
        df, tail = self.n_quarters, (1 + LEVEL) / 2
        least = float((stats.norm.ppf(tail) / stats.t.ppf(tail, df)) ** 2)
        alone = 1 / max(self.expected("orders") / (QUARTER_WEEKS if is_week else 1), 1.0)
        now = max(min(dispersion, MAX_DISPERSION) * (alone + self.estimate_error), least * alone)
        return stats.t.ppf(shares, df) * np.sqrt(now + max(beyond, 0.0))

    def quantiles(self, measure: str, value: float | np.ndarray, *, is_week: bool = False,
                  by: str = "forecast") -> np.ndarray:
        """Return `QUANTILES` of the quarter, a week or weeks (a column) as expected, shape ``(…, n_quantiles)``."""
        found = value * (1 + self._deviations(np.array(QUANTILES), measure, by, is_week))
        return found if measure == "margin" else np.maximum(found, 0.0)

    def share_of_chance(self, measure: str, target: float) -> float:
        """Return the chance that the quarter brings a target or more [share]."""
        value = self.expected(measure)
        if not value > 0:
            return float("nan")
        shares = np.linspace(0.0005, 0.9995, 1_999)
        return float(1 - np.interp(target / value - 1, self._deviations(shares, measure), shares))

    def rules(self, measure: str) -> tuple[str, ...]:
        """Return the simple rules that can be told of a measure, the one that was nearer in past quarters first.

        The seasonal-naive rule is told where a past quarter had a year before it, which tried it.
        """
        known = RULES if len(self.history) >= YEAR_WEEKS + QUARTER_WEEKS else (LAST_QUARTER,)
        errors = {rule: self.spread(measure, rule) for rule in known}
        return tuple(sorted((r for r in known if np.isfinite(errors[r])), key=errors.__getitem__))

    def by_rule(self, measure: str, rule: str) -> np.ndarray:
        """Return the weeks ahead by one of `RULES`, shape ``(13,)``."""
        return by_simple_rule(rule, self.history[measure].to_numpy())

    def n_nearer(self, measure: str) -> int:
        """Return in how many past quarters the forecast came nearer to what happened than the nearer of the rules."""
        rule = next(iter(self.rules(measure)), LAST_QUARTER)
        of = self.past[self.past["measure"] == measure].groupby("quarter")[["forecast", rule, "actual"]].sum()
        off, by_rule = ((of[c] - of["actual"]).abs() for c in ("forecast", rule))
        return int((off < (1 - 1e-9) * by_rule).sum())  # sums of one rule may differ in their last digit

    def weeks(self, measure: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the latest year by week, ``on``, ``value``, and what had been forecast in it, with the ``part``."""
        last = self.history.tail(YEAR_WEEKS)
        happened = pd.DataFrame({"on": last["week_on"], "value": last[measure]})
        of = self.past[(self.past["measure"] == measure) & (self.past["quarter"] < YEAR_WEEKS // QUARTER_WEEKS)]
        back = QUARTER_WEEKS * (of["quarter"] + 1) - 1 - of["week"]
        return happened, pd.DataFrame({"on": pd.Timestamp(self.as_of_on) - pd.to_timedelta(7 * back, "D"),
                                       "value": of["forecast"], "part": of["quarter"]})

    def fan(self, measure: str) -> pd.DataFrame:
        """Return the weeks ahead at each quantile: ``on``, ``quantile``, ``value``; empty without a forecast."""
        rows = self.table()
        chosen = rows[(rows["measure"] == measure) & (rows["period"] == "week")]
        return chosen.rename(columns={"due_on": "on"})[["on", "quantile", "value"]]

    def table(self, plan: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Return ``results/sales_forecast``: weeks and the quarter, each measure at each quantile.

        Parameters
        ----------
        plan : mapping of str to float, optional
            What the study plans for the quarter, by measure.
        """
        parts = [self._measure_table(measure, (plan or {}).get(measure, np.nan)) for measure in self.measures]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(SALES_FORECAST.names))

    def _measure_table(self, measure: str, plan: float) -> pd.DataFrame:
        """Return the weeks and the quarter of one measure, each at each quantile."""
        weeks, whole = self.ahead[measure].to_numpy(), self.expected(measure)
        values = np.vstack([self.quantiles(measure, weeks[:, None], is_week=True), self.quantiles(measure, whole)])
        start, days = pd.Timestamp(self.as_of_on), 7 * np.arange(len(weeks) + 1)
        first, last, is_week = np.append(days[:-1], 0), np.append(days[1:], days[-1]), np.arange(len(days)) < len(weeks)
        rules = self.rules(measure)
        by_rule, by_other = ([*(made := self.by_rule(measure, rules[at])), made.sum()] if at < len(rules) else np.nan
                             for at in (0, 1))
        chance = self.share_of_chance(measure, plan) if np.isfinite(plan) else np.nan
        spans = pd.DataFrame({
            "measure": measure, "period": np.where(is_week, "week", "quarter"),
            "from_on": start + pd.to_timedelta(first + 1, "D"), "due_on": start + pd.to_timedelta(last, "D"),
            "rule_value": by_rule, "rule": RULES[rules[0]] if rules else None, "other_rule_value": by_other,
            "plan_value": np.where(is_week, np.nan, plan), "plan_chance": np.where(is_week, np.nan, chance),
            "anonymous_value": np.where(is_week | (measure != "net_sales"), np.nan, self.anonymous),
            "unit": MEASURES[measure], "model": self.model, "n": self.n_customers})
        long = spans.loc[spans.index.repeat(len(QUANTILES))].reset_index(drop=True)
        return long.assign(quantile=np.tile(QUANTILES, len(spans)), value=values.ravel())[list(SALES_FORECAST.names)]

    def forecasts(self, others: pd.DataFrame) -> pd.DataFrame:
        """Return ``results/value_forecasts``: other forecasts, and the quarter's, the rules beside each of these."""
        if self.reason:
            return others
        made, due = pd.Timestamp(self.as_of_on), pd.Timestamp(self.due_on)
        rows = []
        for measure, unit in self.measures.items():
            told = [("", self.expected(measure), "forecast", self.model),
                    *((suffix, float(self.by_rule(measure, rule).sum()), rule, RULES[rule])
                      for suffix, rule in zip((BY_RULE, BY_OTHER_RULE), self.rules(measure), strict=False))]
            for suffix, value, by, model in told:
                limits = self.quantiles(measure, value, by=by)
                rows.append({"quantity": f"quarter_{measure}{suffix}", "segment": "all", "made_as_of_on": made,
                             "due_on": due, "value": value, "low": limits[0], "high": limits[-1], "level": LEVEL,
                             "model": model, "unit": unit, "n": self.n_customers})
        own = pd.DataFrame(rows)
        return pd.concat([others, own], ignore_index=True) if len(others) else own

    def errors(self) -> pd.DataFrame:
        """Return how far forecast and rules were off in past quarters; beside the reason of none what a rule says."""
        if self.past.empty:
            return no_estimate("quarter_error", Status.INSUFFICIENT, self.reason, unit="share").table()
        untold = [no_estimate("quarter_error", Status.INSUFFICIENT, self.reason, unit="share"),
                  *quarters_needed(self._deviations(np.array(QUANTILES[-1:]), "net_sales")[0], self.n_quarters),
                  *(Estimate(QUARTER_BY_RULE, float(self.by_rule(measure, rule).sum()), unit=unit, n=self.n_customers,
                             segment=f"{measure} by {RULES[rule]}")
                    for measure, unit in MEASURES.items() for rule in self.rules(measure)[:1])] if self.reason else []
        known = [(m, by) for m in MEASURES for by in ("forecast", *self.rules(m)) if np.isfinite(self.spread(m, by))]
        return estimate_table([
            *untold, Estimate(QUARTERS_TRIED, self.n_quarters, unit="quarters", n=self.n_customers), *(Estimate(
                "quarter_error", self.spread(m, by), unit="share", n=self.n_customers,
                segment=f"{m} by {RULES.get(by, self.model)}") for m, by in known)])


def forecast_sales(
    engine: Engine, transactions: ir.Table, as_of_on: date, economics: Economics, fit: BtydFit | None) -> SalesForecast:
    """Return what the next quarter brings if nothing is done.

    Parameters
    ----------
    engine : Engine
        Counts.
    transactions : ir.Table
        ``canonical/transactions``.
    as_of_on : date
        Last day that is seen.
    economics : Economics
        Margin where no cost is known.
    fit : BtydFit or None
        Model of purchases fitted to everything that is seen; without one repeat orders go on as in the last quarter.
    """
    history = weekly_sales(engine, transactions, as_of_on, economics.margin_rate)
    days = purchases.cached_customer_days(engine, transactions, as_of_on)

    def counts_at(n_weeks_back: int) -> FrequencyRecency:
        cutoff_on = as_of_on - timedelta(7 * n_weeks_back)
        known = frequency_recency.buyer_history_from_days(days.filter(days.on <= cutoff_on), cutoff_on)
        return frequency_recency.count_buyers(engine, known).counts

    last_quarter = TimeWindow(as_of_on - timedelta(7 * QUARTER_WEEKS - 1), as_of_on)
    everybody = float(net_sales_between(engine, transactions, last_quarter.first_on, last_quarter.last_on))
    of_known = float(history["net_sales"].tail(QUARTER_WEEKS).sum())
    return replace(forecast_from_weeks(history, counts_at, fit, as_of_on), anonymous=everybody - of_known)


def forecast_from_weeks(history: pd.DataFrame, counts_at: CountsAt, fit: BtydFit | None,
                        as_of_on: date) -> SalesForecast:
    """Return the forecast from weekly sales and customers counted at the end of today and of past quarters.

    Parameters
    ----------
    history : DataFrame
        From `weekly_sales`.
    counts_at : callable
        Gives customers counted by what they did until so many weeks back.
    fit : BtydFit or None
        Model of purchases fitted to today's counts.
    as_of_on : date
        Last day that is seen.
    """
    if reason := too_short(history):
        return SalesForecast(as_of_on, RECENT_AVERAGE, 0, history, pd.DataFrame(), NO_PAST_QUARTERS, reason=reason)
    past = past_quarters(history, counts_at, fit.model if fit else None)
    if fit and past["quarter"].nunique() < MIN_QUARTERS:  # the model could not be fitted to what was known then
        fit, past = None, past_quarters(history, counts_at, None)
    season = seasonal_index(history["orders"].to_numpy())
    today, has_season = counts_in_seasonal_time(counts_at(0), season, len(history)), bool(np.ptp(season) > 0)
    if fit and has_season and (timed := fit_to_some(fit.model, today)).is_identified:
        fit = timed
    past = quarters_with_season(past, len(history)) if has_season else past
    found = SalesForecast(as_of_on, fit.model.name if fit else RECENT_AVERAGE, today.n_customers, history,
                          expected_weeks(history, today, fit, season), past,
                          estimate_error(history, today, fit, season), has_season)
    return found if found.measures else replace(found, reason=TOO_WIDE)
