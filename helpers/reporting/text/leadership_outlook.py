"""Text of the leadership page on what is ahead: who is gone for good, simple rules, sales that cannot be forecast."""

import math

import pandas as pd

from helpers.churn import scoring
from helpers.foundation.results import Estimate
from helpers.reporting import formatting, kpi_history
from helpers.reporting.run_results import RunResults
from helpers.reporting.translation import message, translatable
from helpers.stats.disclosure_control import LEAST_PEOPLE
from helpers.value.weekly_sales import BY_RULE

FORECASTS, HOLDOUT = "results/forecasts", "results/value_holdout"


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
    tried = results.estimate(HOLDOUT, "quarter_error")
    reason = tried.reason or translatable("the records are too short")
    return (message("Net sales of the next quarter cannot be forecast: {reason}. For scale: whole quarters on record "
                    "brought {least} to {most}, the latest, to {date}, {last}; season is in them.",
                    reason=formatting.within_sentence(reason.rstrip(".")), least=form(whole["value"].min()),
                    most=form(whole["value"].max()), last=form(whole["value"].iloc[-1]),
                    date=formatting.date_text(whole["on"].iloc[-1])),)


def churn_of_parts(made: pd.DataFrame) -> str:
    """Return how many of each part of the customers are expected to leave; empty where none is forecast apart."""
    parts = made[made["quantity"].eq(scoring.CUSTOMERS_LOST) & made["segment"].ne("all")]
    told = [message("{n} {range} expected of {n_all} {customers}", n=formatting.whole(row["value"]),
                    range=formatting.interval(row["low"], row["high"], formatting.whole),
                    n_all=formatting.whole(row["n"]), customers=row["segment"])
            for row in parts.to_dict("records") if row["n"] >= LEAST_PEOPLE]
    return message("Of these: {parts}.", parts=told) if told else ""


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
