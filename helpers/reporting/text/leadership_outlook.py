"""Text of the leadership page on what is ahead: who is gone for good, simple rules, sales that cannot be forecast."""

import math
from datetime import timedelta

import pandas as pd

from helpers.churn import model_selection, scoring
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting, kpi_history
from helpers.reporting.run_results import RunResults
from helpers.reporting.text.forecast_grades import SALES_BY
from helpers.reporting.translation import message, translatable
from helpers.stats.disclosure_control import LEAST_PEOPLE
from helpers.value.sales_forecast import QUARTER_BY_RULE
from helpers.value.weekly_sales import BY_RULE, LAST_QUARTER, QUARTER_WEEKS, QUARTERS_NEEDED, RULES

FORECASTS, HOLDOUT, MODELS, SALES_FORECAST = ("results/forecasts", "results/value_holdout", "results/churn_models",
                                              "results/sales_forecast")

NEAR_DAYS = 13  # at most, between two days that a reader takes for one


def gone_for_good(scores: pd.DataFrame) -> str:
    """Return how many of those expected to buy nothing are expected to be gone for good; empty where not known."""
    lost = scores["value_if_kept"] - (scores["value_if_lost"].fillna(0) if "value_if_lost" in scores else 0)
    is_priced = scores["margin_at_risk"].notna() & lost.gt(0) & scores["due_on"].notna()
    if not is_priced.any():
        return ""
    n_silent = scores.loc[is_priced, "churn_probability"].sum()
    n_gone = (scores["margin_at_risk"] / lost)[is_priced].sum()
    if n_gone >= n_silent:
        return ""
    return message("Of the {n} who are expected to buy nothing until then about {n_gone} would be gone for good; the "
                   "others pause.", n=formatting.whole(n_silent), n_gone=formatting.whole(n_gone))


def at_risk_by_rule(results: RunResults) -> str:
    """Return the margin at risk by the simple rule, the churn rate of the period before; empty where not known."""
    made = results.frame(FORECASTS)
    rows = made[made["quantity"].eq(f"margin_at_risk{BY_RULE}") & made["low"].notna()] if len(made) else made
    if rows.empty:
        return ""
    form, row = formatting.unit_format("money", results.currency), rows.iloc[0]
    return message("The simple rule, the churn rate of the period before again, says {amount} at risk.",
                   amount=f"{form(row['value'])} {formatting.interval(row['low'], row['high'], form)}")


def sales_on_record(results: RunResults, history: pd.DataFrame) -> tuple[str, ...]:
    """Return why no sales are forecast, and what whole quarters on record brought; nothing without sales."""
    whole = kpi_history.sales_by_quarter(history)
    if whole.empty:
        return ()
    form = formatting.unit_format("money", results.currency)
    tried, needed = (results.estimate(HOLDOUT, quantity) for quantity in ("quarter_error", QUARTERS_NEEDED))
    reason = tried.reason or translatable("the records are too short")
    cannot = message("Net sales of the next quarter cannot be forecast: {reason}.",
                     reason=formatting.within_sentence(reason.rstrip(".")))
    more = (message("With errors as large it would take {n} past quarters.", n=formatting.whole(needed.value))
            if needed.status is Status.OK else
            message("With errors as large no number of past quarters would do.") if _sales_by_rule(results) else "")
    scale = message("For scale: whole quarters on record brought {least} to {most}, the latest, to {date}, {last}; "
                    "season is in them.", least=form(whole["value"].min()), most=form(whole["value"].max()),
                    last=form(whole["value"].iloc[-1]), date=formatting.date_text(whole["on"].iloc[-1]))
    return (" ".join(filter(None, (cannot, more, _sales_by_rule(results), scale, _year_before(results, whole)))),)


def _year_before(results: RunResults, whole: pd.DataFrame) -> str:
    """Return what the whole quarter brought in which, a year before, the 13 weeks ahead end; empty if not on record."""
    if results.as_of is None:
        return ""
    ends = pd.Timestamp(results.as_of + timedelta(7 * QUARTER_WEEKS - 365))
    rows = whole[pd.PeriodIndex(whole["on"], freq="Q") == pd.Period(ends, "Q")]
    return "" if rows.empty else message(
        "The quarter of a year before, to {date}, brought {amount}.", date=formatting.date_text(rows["on"].iloc[0]),
        amount=formatting.money(float(rows["value"].iloc[0]), results.currency))


def _sales_by_rule(results: RunResults) -> str:
    """Return net sales of the 13 weeks ahead by the simple rule that was nearer; empty where none could be tried."""
    rows = results.frame(HOLDOUT)
    rows = rows[rows["quantity"].eq(QUARTER_BY_RULE) & rows["segment"].str.startswith(SALES_BY)] if len(rows) else rows
    if rows.empty or results.as_of is None:
        return ""
    rule, value = str(rows["segment"].iloc[0]).removeprefix(SALES_BY), float(rows["value"].iloc[0])
    said = (translatable("The simple rule, the 13 weeks to {date} again, says {amount} for the 13 weeks to {due}, "
                         "season not counted; how far off it was before stands under question 9.")
            if rule == RULES[LAST_QUARTER] else
            translatable("The simple rule, the same quarter a year before, says {amount} for the 13 weeks to {due}; "
                         "how far off it was before stands under question 9."))
    return message(said, date=formatting.date_text(results.as_of),
                   due=formatting.date_text(results.as_of + timedelta(7 * QUARTER_WEEKS)),
                   amount=formatting.money(value, results.currency))


def untold_margin(results: RunResults, scores: pd.DataFrame) -> str:
    """Return between which ends a margin at risk lies that begins at nothing, and why; empty where it is not known."""
    made = results.frame(FORECASTS)
    lost = scoring.forecasts_of_lost(made) if len(made) else made
    most = scoring.most_margin_at_risk(scores, made)
    if lost.empty or decimal_places.is_missing(most):
        return ""
    row, p = lost.iloc[0], scores["churn_probability"]
    off = scoring.level_error_share(row, float((p * (1 - p)).sum()))
    return message("Between nothing and {amount} of margin is at risk by {date}: past periods, forecast in the same "
                   "way, were off by {off} of the customers.", amount=formatting.money(most, results.currency),
                   date=formatting.date_text(row["due_on"]), off=formatting.share(off))


def churn_of_parts(made: pd.DataFrame) -> str:
    """Return how many of each part of the customers are expected to leave; empty where none is forecast apart."""
    parts = made[made["quantity"].eq(scoring.CUSTOMERS_LOST) & made["segment"].ne("all")]
    told = [message("{n} {range} expected of {n_all} {customers}", n=formatting.whole(row["value"]),
                    range=formatting.interval(row["low"], row["high"], formatting.whole),
                    n_all=formatting.whole(row["n"]), customers=row["segment"])
            for row in parts.to_dict("records") if row["n"] >= LEAST_PEOPLE]
    return message("Of these: {parts}.", parts=told) if told else ""


def churn_if_no_list_acts(results: RunResults) -> str:
    """Return that expected churn is of what comes if no list acts, where earlier lists acted; else nothing."""
    models = results.frame(MODELS)
    if models.empty or not models["segment"].str.endswith(model_selection.UNTREATED).any():
        return ""
    return message("Expected churn is of what comes if no list acts.")


def two_dates(results: RunResults) -> str:
    """Return why forecasts of sales and of churn end on days that lie near each other; empty where they do not."""
    made, sales = results.frame(FORECASTS), results.frame(SALES_FORECAST)
    lost = scoring.forecasts_of_lost(made) if len(made) else made
    if lost.empty or sales.empty:
        return ""
    row, ends = lost.iloc[0], pd.Timestamp(sales["due_on"].max())
    if not 0 < abs((ends - row["due_on"]).days) <= NEAR_DAYS:
        return ""
    return message("Sales are forecast by {n_weeks} whole weeks, churn by {n} days: hence two dates.",
                   n_weeks=QUARTER_WEEKS, n=(row["due_on"] - row["made_as_of_on"]).days)


def churn_by_rule(made: pd.DataFrame) -> str:
    """Return how many leave by the simple rule, the churn rate of the period before; empty where it is not known."""
    rows = made[made["quantity"].eq(f"{scoring.CUSTOMERS_LOST}{BY_RULE}") & made["segment"].eq("all")]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return message("The simple rule, the churn rate of the period before again, says {n} {range}.",
                   n=formatting.whole(row["value"]),
                   range=formatting.interval(row["low"], row["high"], formatting.whole))


def product_interval(one: Estimate, other: Estimate) -> tuple[float, float, float]:
    """Return the product of two independent estimates with its limits.

    Notes
    -----
    Each limit is off the product by the root of the squared distances that either estimate alone would make.
    """
    value = one.value * other.value
    ends = [[(a.value - a.low) * b.value, (a.high - a.value) * b.value] for a, b in ((one, other), (other, one))]
    below, above = (math.hypot(*(pair[i] for pair in ends)) for i in (0, 1))
    return value, value - below, value + above
