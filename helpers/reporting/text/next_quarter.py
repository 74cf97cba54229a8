"""Text on the sales forecast: what the next quarter brings if nothing is done, how well that is known, the plan."""

import math
from collections.abc import Mapping

import pandas as pd

from helpers.reporting import decimal_places, formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.translation import message, translatable
from helpers.value.recurring_revenue import BY_RULE, NO_CONTRACTS, QUANTITY, RecurringRevenue
from helpers.value.sales_forecast import MEASURES, RECENT_AVERAGE, SalesForecast
from helpers.value.weekly_sales import LAST_QUARTER, QUARTER_WEEKS, RULES, SEASONAL_NAIVE

SALES_FORECAST, DECISIONS = "results/sales_forecast", "results/decisions"

RULE_WORDS = {RULES[LAST_QUARTER]: translatable("the last quarter again"),
              RULES[SEASONAL_NAIVE]: translatable("the same quarter a year before")}

MEASURE_WORDS = {"orders": "orders", "net_sales": "net sales", "margin": "margin"}


def sales_forecast_title(found: SalesForecast, currency: str = "") -> str:
    """Return the title of the fan: net sales of the quarter ahead."""
    if "net_sales" not in found.measures:
        return "Net sales of the next quarter"
    return f"Next {QUARTER_WEEKS} weeks if nothing is done: {_expected(found, 'net_sales', currency)} of net sales"


def _expected(found: SalesForecast, measure: str, currency: str) -> str:
    value = found.expected(measure)
    limits = found.quantiles(measure, value)
    form = formatting.unit_format(MEASURES[measure], currency)
    return f"{form(value)} {formatting.interval(limits[0], limits[-1], form)}"


def sales_forecast_sentences(found: SalesForecast, plan: Mapping[str, float], currency: str = "") -> tuple[str, ...]:
    """Return the finding: what is expected, from whom, against the plan, and how past quarters were forecast.

    Parameters
    ----------
    found : SalesForecast
        The forecast.
    plan : mapping of str to float
        What is planned for the quarter, by measure; NaN where nothing is.
    currency : str
        Of the money.
    """
    if found.reason:
        return (f"What comes if nothing is done cannot be stated: {formatting.within_sentence(found.reason)}",)
    told = [f"{_expected(found, m, currency)} {'orders' if m == 'orders' else f'of {MEASURE_WORDS[m]}'}"
            for m in found.measures]
    new = float(found.ahead["new"].sum() / max(found.expected("orders"), 1e-9))
    return (
        f"If all goes on as in the last quarter, the {QUARTER_WEEKS} weeks up to {formatting.date_text(found.due_on)} "
        f"bring {formatting.join_words(told, 'nothing')} from customers known by an id (95 % prediction intervals). "
        f"{formatting.share(new)} of these orders are expected from customers who are still to come.",
        *_plan_sentences(found, plan, currency),
        *_without_customer(found, currency),
        _tested(found),
    )


def _without_customer(found: SalesForecast, currency: str) -> tuple[str, ...]:
    """Return what finance counts beyond the customers who are forecast; nothing where there is none of it."""
    if "net_sales" not in found.measures or math.isnan(found.anonymous) or not abs(found.anonymous) >= 0.005:
        return ()
    return (f"Net sales without a customer, which finance counts, are part of none of these figures nor of the plan: "
            f"{formatting.money(found.anonymous, currency)} in the last {QUARTER_WEEKS} weeks.",)


def quarter_verdict(results: RunResults, by_contact: tuple[float, float, float] | None) -> str:
    """Return what the next quarter brings as now and without contact, and the chance of the plan; empty if not known.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    by_contact : tuple of float, optional
        Margin that contact brings, with its limits [money].
    """
    whole = _quarter(results)
    if whole.empty:
        return ""
    quarter, form = whole.set_index(["measure", "quantile"])["value"], formatting.unit_format("money", results.currency)
    date = formatting.date_text(whole.iloc[0]["due_on"])
    measures = set(whole["measure"])
    if "margin" not in measures:
        said = message("Going on as now brings {sales} of net sales in the 13 weeks to {date}", date=date,
                       sales=_range(quarter, "net_sales", results.currency))
        return message("{sentence}{plan}.", sentence=said, plan=_chance_of_plan(whole, results.currency))
    said = message("Going on as now brings {sales} of net sales and {margin} of margin in the 13 weeks to {date}",
                   date=date, **{name: _range(quarter, measure, results.currency)
                      for name, measure in (("sales", "net_sales"), ("margin", "margin"))})
    if by_contact:
        low, value, high = (float(quarter["margin", q]) for q in (0.025, 0.5, 0.975))
        less, least, most = by_contact
        ends = (value - less - math.hypot(value - low, most - less), value - less + math.hypot(high - value,
                                                                                              less - least))
        said = message("{sentence}; without any contact {margin} of margin", sentence=said,
                       margin=f"{form(value - less)} {formatting.interval(*ends, form)}")
    return message("{sentence}{plan}.", sentence=said, plan=_chance_of_plan(whole, results.currency))


def _quarter(results: RunResults) -> pd.DataFrame:
    """Return the rows of the sales forecast on net sales and margin of the quarter; empty without net sales."""
    table = results.frame(SALES_FORECAST)
    if table.empty:
        return table
    whole = table[table["period"].eq("quarter") & table["measure"].isin(["net_sales", "margin"])]
    return whole if whole["measure"].eq("net_sales").any() else whole.head(0)


def is_margin_forecast(results: RunResults) -> bool:
    """Return whether margin of the next quarter is forecast."""
    return "margin" in set(_quarter(results).get("measure", ()))


def _chance_of_plan(whole: pd.DataFrame, currency: str) -> str:
    """Return, for the end of a sentence, the chance that the plan of net sales is reached; empty without a plan."""
    row = whole[whole["measure"] == "net_sales"].iloc[0]
    if decimal_places.is_missing(row["plan_value"]):
        return ""
    plan = formatting.money(float(row["plan_value"]), currency)
    limits = whole[whole["measure"] == "net_sales"].set_index("quantile")["value"]
    if row["plan_value"] > limits[0.975]:
        return message("; the plan of {amount} lies above that range", amount=plan)
    if row["plan_value"] < limits[0.025]:
        return message("; the plan of {amount} lies below that range", amount=plan)
    if decimal_places.is_missing(row["plan_chance"]):
        return message("; the plan of {amount} lies within that range", amount=plan)
    return message("; the plan of {amount} has a chance of {share}", amount=plan,
                   share=formatting.share(row["plan_chance"]))


def beside_the_forecast(results: RunResults, by_contact: tuple[float, float, float] | None = None) -> str:
    """Return what the simple rules say of the quarter, what half of such forecasts bring, and whose sales are in it.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    by_contact : tuple of float, optional
        As `quarter_verdict` takes it.
    """
    whole = _quarter(results)
    if whole.empty:
        return ""
    rows = whole[whole["measure"] == "net_sales"]
    row, limits = rows.iloc[0], rows.set_index("quantile")["value"]
    form = formatting.unit_format("money", results.currency)
    wide = message("That range is wider than what is expected, since past quarters forecast in the same way were off "
                   "by as much.") if limits[0.975] - limits[0.025] >= limits[0.5] else ""
    half = message("Half of such forecasts bring {range} of net sales.",
                   range=formatting.interval(limits[0.25], limits[0.75], form))
    without = message("Without contact: if it does as much as the last list that question 5 measures.") if (
        by_contact and is_margin_forecast(results)) else ""
    asked = "" if not results.has(DECISIONS) else (
        message("Contact goes on in it as in the last quarter; the other decisions of today are not in it.")
        if by_contact else message("None of today's decisions is in it."))
    return " ".join(filter(None, (asked, without, wide, half, *_by_rules(row, results.currency))))


def anonymous_sales(results: RunResults) -> float:
    """Return net sales of the last 13 weeks without a customer, which no forecast and no plan has [money], or NaN."""
    table = results.frame(SALES_FORECAST)
    rows = table[table["period"].eq("quarter") & table["measure"].eq("net_sales")] if len(table) else table
    return math.nan if rows.empty else float(rows["anonymous_value"].iloc[0])


def _by_rules(row: pd.Series, currency: str) -> list[str]:
    """Return what the simple rules say of net sales, the nearer first, and whose sales the figures are."""
    said = []
    if not decimal_places.is_missing(row["rule_value"]):
        said.append(message("The simple rule that was nearer in past quarters, {rule}, says {amount}.",
                            rule=RULE_WORDS[row["rule"]],
                            amount=formatting.money(row["rule_value"], currency)))
    if not decimal_places.is_missing(row["other_rule_value"]):
        other = next(words for rule, words in RULE_WORDS.items() if rule != row["rule"])
        said.append(message("The other, {rule}, says {amount}.", rule=other,
                            amount=formatting.money(row["other_rule_value"], currency)))
    if not decimal_places.is_missing(row["anonymous_value"]) and abs(row["anonymous_value"]) >= 0.005:
        said.append(message("Customers won during the quarter are counted in it and in the plan; sales without a "
                            "customer number, {amount} in the last 13 weeks, in neither.",
                            amount=formatting.money(row["anonymous_value"], currency)))
    return said


def _range(quarter: pd.Series, measure: str, currency: str) -> str:
    """Return a measure's expected value with the limits of its prediction interval."""
    low, value, high = (float(quarter[measure, quantile]) for quantile in (0.025, 0.5, 0.975))
    form = formatting.unit_format("money", currency)
    return f"{form(value)} {formatting.interval(low, high, form)}"


def recurring_revenue_sentences(found: RecurringRevenue, currency: str = "") -> tuple[str, ...]:
    """Return what fees contracts bring in the next quarter, and how past quarters were forecast; none without any."""
    if found.reason:
        return () if found.reason == NO_CONTRACTS else (
            f"Recurring revenue of the next quarter cannot be stated: {found.reason}.",)
    money = formatting.unit_format("money", currency)
    n = formatting.count_text(len(found.past), "past quarter", "past quarters")
    last, limits = formatting.date_text(found.due_on), found.interval(found.value)
    return (
        f"If contracts end as they did and new ones come as in the last quarter, recurring revenue up to {last} is "
        f"{money(found.value)} {formatting.interval(*limits, money)} (95 % prediction interval).",
        f"In {n} the same method was off by {formatting.share(found.error())} (root mean square), the last quarter's "
        f"fees again by {formatting.share(found.error('rule'))}.",
    )


def recurring_revenue_ahead(results: RunResults) -> str:
    """Return the fees that contracts bring in the next quarter, beside the naive rule; empty without a forecast."""
    table = results.frame("results/value_forecasts")
    rows = table.set_index("quantity") if len(table) else table
    if not {QUANTITY, BY_RULE} <= set(rows.index):
        return ""
    form = formatting.unit_format("money", results.currency)
    fees, rule = rows.loc[QUANTITY], float(rows.at[BY_RULE, "value"])
    amount = f"{form(float(fees['value']))} {formatting.interval(fees['low'], fees['high'], form)}"
    return message("Contract fees, which are not net sales: {fees} in the quarter to {date}; the simple rule, the 13 "
                   "weeks to {today} again, says {rule}.",
                   today=formatting.date_text(fees["made_as_of_on"]), date=formatting.date_text(fees["due_on"]),
                   rule=form(rule), fees=amount)


def _plan_sentences(found: SalesForecast, plan: Mapping[str, float], currency: str) -> list[str]:
    said = []
    for measure, target in plan.items():
        if measure not in found.measures or math.isnan(target):
            continue
        form = formatting.unit_format(MEASURES[measure], currency)
        chance, short = found.share_of_chance(measure, target), target - found.expected(measure)
        against = f"{form(abs(short))} {'less' if short > 0 else 'more'} than planned"
        said.append(f"Planned are {form(target)} of {MEASURE_WORDS[measure]}: without action {against} is expected and "
                    f"the plan is reached with a chance of {formatting.share(chance)}.")
    return said


def _tested(found: SalesForecast) -> str:
    """Return how past quarters would have been forecast, by the same method and by simple rules, the nearer first."""
    by = "net_sales" if "net_sales" in found.measures else "orders"
    own, nearer = found.spread(by), found.n_nearer(by)
    rules = [f"{RULE_WORDS[RULES[r]]} by {formatting.share(found.spread(by, r))}" for r in found.rules(by)]
    n = found.n_quarters
    source = ("repeat orders as in the last quarter" if found.model == RECENT_AVERAGE
              else f"repeat orders by {found.model}")
    season = "times the season" if found.has_season else "without a season, since none can be told from the records"
    against = f"; of simple rules {formatting.join_words(rules, 'none')}" if rules else ""
    nearest = "the first of them" if len(rules) > 1 else "the rule"
    verdict = (f"; the forecast was nearer to what happened than {nearest} in {nearer} of "
               f"{formatting.count_text(n, 'quarter', 'quarters')}") if rules else ""
    if found.model == RECENT_AVERAGE and not found.has_season:
        verdict = "; without a model or a season the forecast is the last quarter again"
    few = " So few quarters leave the range wide." if n < 4 else ""
    few += " The season was known less well before them, which widens it further." if n < 4 and found.has_season else ""
    tried = formatting.sentence_case(MEASURE_WORDS[by])
    return (f"Method: {source}, new customers as they came lately, {season}. {tried} of {n} past quarters, forecast "
            f"from what was known before each, were off by {formatting.share(own)} (root mean square)"
            f"{against}{verdict}.{few}")


def sales_forecast_table(found: SalesForecast, plan: Mapping[str, float]) -> pd.DataFrame:
    """Return the quarter ahead as a table for reading: expected, limits, the rule, the plan; empty without a forecast.

    Parameters
    ----------
    found : SalesForecast
        The forecast.
    plan : mapping of str to float
        What is planned for the quarter, by measure; NaN where nothing is.
    """
    rows = []
    for measure in found.measures:
        value = found.expected(measure)
        low, _, lower, _, upper, _, high = found.quantiles(measure, value)
        rules = {rule: float(found.by_rule(measure, rule).sum()) for rule in found.rules(measure)}
        rows.append({"measure": MEASURE_WORDS[measure], "expected": value, "half_from": lower, "half_to": upper,
                     "low": low, "high": high, **dict.fromkeys(RULES, math.nan), **rules,
                     "plan": plan.get(measure, math.nan)})
    return pd.DataFrame(rows).dropna(axis=1, how="all")


def sales_forecast_headings() -> dict[str, str]:
    """Return the headings of `sales_forecast_table`."""
    return {"half_from": "50 % from", "half_to": "50 % to", "low": "95 % from", "high": "95 % to",
            SEASONAL_NAIVE: "Same quarter, year before", LAST_QUARTER: "Last quarter again"}


def past_quarters_table(found: SalesForecast) -> pd.DataFrame:
    """Return past quarters as a table for reading, the latest first: forecast, range, rules, what happened."""
    rows = found.quarters() if not found.reason else pd.DataFrame()
    if rows.empty:
        return rows
    shown = rows[(rows["measure"] == "net_sales") & ("net_sales" in found.measures)].sort_values("quarter")
    return shown.assign(due_on=[formatting.date_text(day) for day in shown["due_on"]])[
        ["due_on", "forecast", "low", "high", *RULES, "actual"]]
