"""Figures of the leadership page: revenue bridge, forecast fan, experiments, retention, buyers, contracts, cohorts."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from helpers.experiments import payoffs
from helpers.reporting import fan_plot, formatting, kpi_history, plots
from helpers.reporting.html import Exhibit
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import churn_attributes as churn_attributes_text
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.translation import message, translatable
from helpers.stats.disclosure_control import LEAST_PEOPLE, is_hidden, people_text
from helpers.value.weekly_sales import QUARTER_WEEKS

BASE = "results/customer_base"

MOST_EXPERIMENTS, MOST_COHORTS, ON_FIRST_SCREEN = 3, 6, 3

LINE_HEIGHT = 240

SHIP, HOLD = "ship", "hold"  # what is asked of an experiment


def leadership_figures(results: RunResults, monthly: pd.DataFrame, history: pd.DataFrame, weekly: pd.DataFrame,
                       grades: pd.DataFrame, target: float | None = None) -> tuple[Exhibit, ...]:
    """Return the figures that this run has data for, each under its finding; the first three are the first screen's.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    monthly : DataFrame
        Grain month, none left out: month_on, n_customers.
    history : DataFrame
        ``results/kpi_history``.
    weekly : DataFrame
        Grain week, as `helpers.value.weekly_sales.weekly_sales` gives it.
    grades : DataFrame
        ``results/forecast_grades``.
    target : float, optional
        What the study wants of customers who buy again in the next quarter [share].
    """
    return (*_revenue(results), *_fan(results, weekly, grades), *_experiments(results), *_ended_contracts(results),
            *_bought_again(history, target), *_buyers(monthly), *_cohorts(results))


def _fan(results: RunResults, weekly: pd.DataFrame, grades: pd.DataFrame) -> Iterator[Exhibit]:
    """Yield net sales by 13 weeks with what earlier reports forecast, and the fan of the next 13 weeks."""
    table = results.frame("results/sales_forecast")
    ahead = table[table["period"].eq("quarter") & table["measure"].eq("net_sales")] if len(table) else table
    happened = sales_by_13_weeks(weekly)
    if ahead.empty or len(happened) < 2:
        return
    earlier = earlier_forecasts(grades, happened)
    said = (translatable("net sales in 13 weeks; dashed: forecast before") if len(earlier) else
            translatable("net sales in 13 weeks"))
    yield fan_plot.fan_plot(happened, earlier, fan_ahead(ahead, happened), fan_title(ahead, results.currency), said,
                            note="", height=LINE_HEIGHT)


def sales_by_13_weeks(weekly: pd.DataFrame) -> pd.DataFrame:
    """Return net sales of known customers by 13 weeks, back from the last week: ``on``, their last day, and ``value``.

    Parameters
    ----------
    weekly : DataFrame
        Grain week, oldest first, none left out: week_on, net_sales.
    """
    whole = weekly.tail(len(weekly) // QUARTER_WEEKS * QUARTER_WEEKS)
    blocks = whole.groupby(np.arange(len(whole)) // QUARTER_WEEKS)
    return pd.DataFrame({"on": blocks["week_on"].last(), "value": blocks["net_sales"].sum()})


def fan_ahead(ahead: pd.DataFrame, happened: pd.DataFrame) -> pd.DataFrame:
    """Return the fan that opens from what happened last: ``on``, ``quantile``, ``value``.

    Parameters
    ----------
    ahead : DataFrame
        The quarter of ``results/sales_forecast``, a row a quantile.
    happened : DataFrame
        From `sales_by_13_weeks`.
    """
    due = pd.DataFrame({"on": pd.to_datetime(ahead["due_on"]), "quantile": ahead["quantile"], "value": ahead["value"]})
    last = happened.iloc[-1]
    return pd.concat([due.assign(on=last["on"], value=last["value"]), due], ignore_index=True)


def earlier_forecasts(grades: pd.DataFrame, happened: pd.DataFrame) -> pd.DataFrame:
    """Return what earlier reports forecast of net sales, each as a line from the day it was made: on, value, part.

    Parameters
    ----------
    grades : DataFrame
        ``results/forecast_grades``.
    happened : DataFrame
        From `sales_by_13_weeks`: where each line begins.
    """
    made = grades[grades["quantity"].eq("quarter_net_sales") & grades["segment"].eq("all")] if len(grades) else grades
    first = happened["on"].min()
    days = (happened["on"] - first).dt.days
    rows = []
    for row in made.to_dict("records"):
        start = pd.Timestamp(row["made_as_of_on"])
        rows += [(start, float(np.interp((start - first).days, days, happened["value"])), row["run"]),
                 (pd.Timestamp(row["due_on"]), row["value"], row["run"])]
    return pd.DataFrame(rows, columns=["on", "value", "part"])


def fan_title(ahead: pd.DataFrame, currency: str) -> str:
    """Return the finding of the fan: net sales of the next 13 weeks with their range."""
    by = ahead.set_index("quantile")["value"]
    form = formatting.unit_format("money", currency)
    said = message("Next 13 weeks: {amount}",
                   amount=f"{form(by[0.5])} {formatting.interval(by[0.025], by[0.975], form)}")
    plan, chance = ahead[["plan_value", "plan_chance"]].iloc[0] if "plan_value" in ahead else (np.nan, np.nan)
    if np.isnan(plan) or np.isnan(chance):
        return said
    return message("{forecast}; plan {plan}, chance {share}", forecast=said, plan=form(plan),
                   share=formatting.share(chance))


def _revenue(results: RunResults) -> Iterator[Exhibit]:
    named = [(name.removesuffix(" together"), amount) for name, amount in
             leadership_findings_text.revenue_parts(results)]
    parts = pd.DataFrame(named, columns=["customers", "change"])
    if results.struck("results/value_gates", "change in revenue") or parts.empty:
        return
    yield plots.bar_plot(parts, "customers", "change", revenue_title(results), results.currency or "money",
                         told=[f"+{told}" if part > 0 else told for part, told in zip(
                             parts["change"], leadership_findings_text.revenue_amounts(results)[1], strict=True)])


def _buyers(monthly: pd.DataFrame) -> Iterator[Exhibit]:
    """Yield customers who bought by month, beside the year before where it is on record."""
    both = buyers_by_year(monthly)
    if len(both):
        yield plots.line_plot(both, "month_on", "n_customers", monthly_buyers_title(monthly),
                              "customers who bought", series="series" if both["series"].any() else None,
                              height=LINE_HEIGHT, starts_at_zero=True)


def _cohorts(results: RunResults) -> Iterator[Exhibit]:
    """Yield which share of the customers won in a quarter was active in each quarter after it, as a heat map."""
    found = cohort_retention(results.frame(BASE))
    if len(found) > 1:
        yield plots.heat_map(found, cohorts_title(found), "share")


def cohort_retention(base: pd.DataFrame) -> pd.DataFrame:
    """Return active shares of the latest cohorts: a row a cohort, a column a quarter after the one it was won in.

    Parameters
    ----------
    base : DataFrame
        ``results/customer_base``.
    """
    known = base[base["quantity"].eq("cohort_active") & base["status"].eq("ok")] if len(base) else base
    if known.empty:
        return pd.DataFrame()
    parts = known["segment"].str.split(" + ", regex=False, expand=True)
    told = known.assign(cohort=parts[0], age=parts[1].astype(int)).query("age > 0")
    wide = told.pivot_table("value", "cohort", "age").tail(MOST_COHORTS)
    return wide[wide.columns[:MOST_COHORTS]].dropna(axis=1, how="all").rename_axis(
        index="won in", columns="quarters after")


def _bought_again(history: pd.DataFrame, target: float | None) -> Iterator[Exhibit]:
    """Yield which share of a quarter's customers bought again in the next, beside the year before and the target."""
    again = history[history["figure"].eq(kpi_history.AGAIN)] if len(history) else history
    if len(again) > 1:
        both = kpi_history.retention_by_year(again, target)
        yield plots.line_plot(both, "on", "value", bought_again_title(again), "share", band=("low", "high"),
                              series="series", height=LINE_HEIGHT)


def _ended_contracts(results: RunResults) -> Iterator[Exhibit]:
    """Yield the shares of contracts that have ended by the attributes by which they differ most."""
    for name, rows in churn_attributes_text.ended_rates(results):
        yield plots.interval_plot(rows, "of", "value", "low", "high", ended_title(name, rows), "share")


def _experiments(results: RunResults) -> Iterator[Exhibit]:
    effects = results.frame("results/experiment_effects")
    if effects.empty:
        return
    is_list = experiment_decisions_text.is_action_list(effects)
    known = effects if is_list.all() else effects[~is_list]  # what lists have earned is told apart
    primary = known[known["is_primary"] & known["verdict"].ne("invalid") & known["value"].notna()]
    if len(primary):
        place = primary["verdict"].map(experiments_text.ORDER).sort_values(kind="stable")  # to be decided first
        chosen = primary.loc[place.index].head(MOST_EXPERIMENTS)
        asked = experiment_decisions_text.kinds_of_experiments(known, experiment_decisions_text.days_until(
            results.as_of, leadership_text.review_on(results)))
        yield plots.interval_panels(effect_panels(chosen, asked), experiments_title(
            chosen, known["experiment"].nunique(), asked), results.currency)


def experiments_title(drawn: pd.DataFrame, n_all: int, asked: Mapping[str, str]) -> str:
    """Return the finding of the figure of experiments: what is asked of those that are drawn.

    Parameters
    ----------
    drawn : DataFrame
        Their rows of ``results/experiment_effects``.
    n_all : int
        Experiments, drawn or not, those whose result is invalid among them.
    asked : mapping of str to str
        What is asked of each, by experiment.
    """
    names = list(drawn["experiment"].unique())
    if len(names) == n_all:
        return experiments_text.primary_effects_title(drawn)
    n_ship = sum(asked.get(name) == SHIP for name in names)
    if n_ship in (0, len(names)):
        return message(translatable("Experiments: ship all {n}") if n_ship else
                       translatable("Experiments: ship none of {n}"), n=len(names))
    return message("Experiments: ship {n}, not {n_others}", n=n_ship, n_others=len(names) - n_ship)


def effect_panels(effects: pd.DataFrame, asked: Mapping[str, str] | None = None) -> list[tuple[str, pd.DataFrame]]:
    """Return differences by unit and metrics, each with label and limits: of shares in percentage points, money apart.

    Parameters
    ----------
    effects : DataFrame
        Rows of ``results/experiment_effects`` with a difference, in the order in which they are to be drawn.
    asked : mapping of str to str, optional
        What is asked of each, by experiment; those that may not pay are marked.
    """
    labels = experiments_text.comparison_labels(effects, has_metrics=False)
    is_held = effects["experiment"].map(asked or {}).eq(HOLD)
    rows = effects.assign(label=labels.where(~is_held, labels.map(lambda name: message("{name}: may not pay",
                                                                                      name=name))),
                          heading=[experiments_text.metric_heading(row) for row in effects.to_dict("records")])
    is_share, is_money = rows["unit"].eq("share"), rows["metric"].isin(payoffs.MONEY_METRICS)
    parts = ((formatting.PERCENTAGE_POINTS, rows[is_share], 100), ("money", rows[is_money & ~is_share], 1),
             ("units", rows[~is_money & ~is_share], 1))
    return [(unit, part[["label", "heading"]].assign(
        **{c: scale * part[c].astype("float64") for c in ("value", "low", "high")})) for unit, part, scale in parts
        if len(part)]


def buyers_by_year(monthly: pd.DataFrame) -> pd.DataFrame:
    """Return customers who bought by month, the last twelve months beside the same months of the year before.

    Parameters
    ----------
    monthly : DataFrame
        Grain month, none left out: month_on, n_customers.

    Returns
    -------
    DataFrame
        Grain month × series: month_on (that of the last twelve), n_customers, series; months of which fewer than ten
        customers would be told are left out. Where fewer than two months have a year before them, all months in one
        series without a name; empty where these are fewer than two.
    """
    last, before = monthly.tail(12), monthly.iloc[:-12].tail(12)
    if len(before) < 2:
        told = monthly[monthly["n_customers"] >= LEAST_PEOPLE]
        return (told if len(told) > 1 else told.head(0)).assign(series="")
    moved = before.assign(month_on=before["month_on"] + pd.DateOffset(years=1))
    both = pd.concat([last.assign(series=translatable("last 12 months")),
                      moved.assign(series=translatable("year before"))])
    return both[both["n_customers"] >= LEAST_PEOPLE]


def revenue_title(results: RunResults) -> str:
    """Return the finding of the figure of what each class of customers added to the change in net sales."""
    change = results.estimate(BASE, "net_sales_change").value
    amount, _ = leadership_findings_text.revenue_amounts(results)
    if not change:
        return message("Net sales did not change")
    return message("Net sales {amount}", amount=f"{'+' if change > 0 else '−'}{amount}")


def monthly_buyers_title(monthly: pd.DataFrame) -> str:
    """Return the finding of the figure of customers who bought by month: the last one, and the same a year before.

    Parameters
    ----------
    monthly : DataFrame
        Grain month, none left out: month_on, n_customers.
    """
    if monthly.empty:
        return message("No whole month is recorded")
    last, n = monthly["month_on"].iloc[-1], monthly["n_customers"].iloc[-1]
    who = formatting.sentence_case(people_text(n, "customer", "customers"))
    before = monthly["n_customers"].iloc[-13] if len(monthly) > 12 else float("nan")
    if not before >= LEAST_PEOPLE or is_hidden(n):
        return message("{customers} bought in {month}", customers=who, month=f"{last:%B %Y}")
    return message("{customers} bought in {month}, {n_before} a year earlier", customers=who,
                   month=f"{last:%B %Y}", n_before=people_text(before))


def cohorts_title(shares: pd.DataFrame) -> str:
    """Return the finding of the heat map of cohorts: the oldest one in its latest quarter shown.

    Parameters
    ----------
    shares : DataFrame
        Active shares: a row a cohort, a column a quarter after the one it was won in.
    """
    oldest = shares.iloc[0].dropna()
    return message("Of customers won in {cohort} {share} were active {n} quarters later", cohort=shares.index[0],
                   share=formatting.share(oldest.iloc[-1]), n=oldest.index[-1])


def bought_again_title(again: pd.DataFrame) -> str:
    """Return the finding of the figure of who bought again: the latest quarter, and the same of the year before.

    Parameters
    ----------
    again : DataFrame
        Grain quarter: on, value [share].
    """
    last = again.iloc[-1]
    before = again[again["on"] == last["on"] - pd.DateOffset(years=1) + pd.offsets.MonthEnd(0)]
    places = {"share": formatting.share(last["value"]), "date": formatting.date_text(last["on"])}
    if before.empty:
        return message("{share} of the customers of the quarter before bought again in that to {date}", **places)
    return message("{share} of the customers of the quarter before bought again in that to {date}, {before} a year "
                   "earlier", **places, before=formatting.share(before["value"].iloc[0]))


def ended_title(attribute: str, rates: pd.DataFrame) -> str:
    """Return the finding of the figure of contracts ended by an attribute: where most and where fewest have.

    Parameters
    ----------
    attribute : str
        In words.
    rates : DataFrame
        Grain level: of, value [share].
    """
    most, least = (rates.loc[at] for at in (rates["value"].idxmax(), rates["value"].idxmin()))
    return message("Contracts ended by {attribute}: {most} of {level}, {least} of {other_level}", attribute=attribute,
                   most=formatting.share(most["value"]), level=most["of"],
                   least=formatting.share(least["value"]), other_level=least["of"])
