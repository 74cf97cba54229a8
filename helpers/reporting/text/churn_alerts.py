"""Text on churn timing, notice given, the simple rule, reasons, alerts, control charts, the profit of a campaign."""

import math
import re
from collections.abc import Sequence

import pandas as pd

from helpers.churn import purchase_rate, scoring
from helpers.churn.churn_features import feature_label
from helpers.churn.dataset import ALL_CUSTOMERS, Dataset
from helpers.churn.explanations import Explanations
from helpers.customers.contract_status import ContractStatus
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting
from helpers.stats.control_charts.spc_charts import ChartSet
from helpers.stats.disclosure_control import (
    LEAST_PEOPLE,
    is_hidden,
    parts_text_if_enough,
    people_text,
    share_text_if_enough,
    value_text_if_enough,
)

INTENTION_TO_TREAT = "Whoever was drawn counts, whether anybody answered the alert or not (intention to treat)."

COUNTED = re.compile(r"^(?:recent )?(?:days|months|purchases|visits)\b")  # of which there are fewer, not less


def churn_by_rule_sentence(forecasts: pd.DataFrame, currency: str = "") -> str:
    """Return what the churn rate of the period before, once more, makes of expected churn; empty where none is known.

    Parameters
    ----------
    forecasts : DataFrame
        ``results/forecasts``.
    currency : str
        Of the money.
    """
    everybody = forecasts[forecasts["segment"] == ALL_CUSTOMERS].set_index("quantity")
    lost, money = (f"{q}{scoring.BY_RULE}" for q in (scoring.CUSTOMERS_LOST, scoring.MARGIN_AT_RISK))
    if lost not in everybody.index:
        return ""
    row = everybody.loc[lost]
    n = formatting.count_text(float(row["value"]), "customer", "customers")
    stake = (f", and the share of margin that left then {formatting.money(everybody.at[money, 'value'], currency)} of "
             "margin at risk" if money in everybody.index else "")
    return (f"The simple rule, the churn rate of the period before ({formatting.share(row['value'] / row['n'])}) once "
            f"more, says {n}{stake}; a later run grades it beside the forecast.")


def notice_given_sentence(status: ContractStatus, n_running: int) -> str:
    """Return how many contracts that run have given notice; empty without contracts.

    Parameters
    ----------
    status : ContractStatus
        As of the day.
    n_running : int
        Contracts that run.
    """
    if not n_running:
        return ""
    contracts = formatting.count_text(n_running, "contract", "contracts")
    if not status.n_notice_given:
        return f"No notice is on record of the {contracts} that run."
    n = people_text(status.n_notice_given, of=n_running)
    return f"Of the {contracts} that run notice has been given of {n}: they run on until their end."


def refunded_beyond_sales_sentence(basis: Dataset, stake: Estimate) -> str:
    """Return of how many refunds exceed sales, so that they have no margin to lose; empty where none is stated."""
    n = purchase_rate.n_refunded_beyond_sales(basis) if stake.status is Status.OK else 0
    return (f"Of {people_text(n, 'customer', 'customers')} refunds exceed what is on record as bought: they have no "
            "margin to lose and count as nothing in margin at risk.") if n else ""


def churn_reasons(found: Explanations) -> tuple[str, ...]:
    """Return which feature groups the risk rests on, and how stable that is."""
    if found.table.empty:
        return (f"Why customers are at risk cannot be said: {found.reason or 'no model could be trained'}.",)
    top = found.table.head(3)
    said = formatting.join_words([f"{row.feature_group} ({_plain(row.raises)})" for row in top.itertuples()])
    first = (f"By the model churn risk depends most on {said}.",)
    if decimal_places.is_missing(found.stability):
        return first
    return (
        *first,
        f"In models of resampled customers the first reason of a customer stays the same in "
        f"{formatting.share(found.stability)} of cases; a reason says what the number depends on, not what would "
        "retain the customer.",
    )


def _plain(raises: str) -> str:
    """Return in words which feature raises the risk, and in which direction, or which of its values does."""
    direction, _, feature = raises.partition(" ")
    if direction not in ("more", "less", "uneven"):
        return readable_id(raises).replace(" = ", " is ")
    name = feature_label(feature)
    if direction == "uneven":
        return f"{name}, in no steady direction"
    if name.startswith(("share of ", "spend ", "recent spend")):
        return f"{'lower' if direction == 'less' else 'higher'} {name}"
    is_count = feature.startswith("n_") or COUNTED.search(name)
    return f"{'fewer' if is_count and direction == 'less' else direction} {name}"


def feature_group_table(found: Explanations) -> pd.DataFrame:
    """Return the feature groups as text: contribution, what goes with it, how many customers' first it is."""
    if found.table.empty:
        return pd.DataFrame(columns=["feature_group", "mean_abs_contribution", "higher_with", "first_reason_of"])
    parts = parts_text_if_enough(
        [formatting.share(share) for share in found.table["share_first"]], found.table["n_first"]
    )
    return pd.DataFrame([{
        "feature_group": row.feature_group, "mean_abs_contribution": f"{formatting.number(row.mean_abs_contribution)} "
        f"{formatting.interval(row.mean_abs_contribution_low, row.mean_abs_contribution_high)}".strip(),
        "higher_with": _plain(row.raises) if row.mean_abs_contribution > 0 else "–", "first_reason_of": first}
        for row, first in zip(found.table.itertuples(), parts, strict=True)],
        columns=["feature_group", "mean_abs_contribution", "higher_with", "first_reason_of"])


def churn_reasons_title(found: Explanations) -> str:
    """Return the title of the figure of feature groups."""
    if found.table.empty:
        return "Main drivers of churn risk"
    return f"Churn risk depends most on {found.table['feature_group'].iloc[0]}"


def undated_ends_sentence(status: ContractStatus) -> str:
    """Return what survival by age rests on where ended contracts have no date of the end; empty where they have one."""
    if not status.n_ended_anytime:
        return ""
    return ("Ended contracts have no date: this holds if the records keep all who ever left; if they keep the latest "
            "alone, contracts end sooner.")


def churn_timing(summary: pd.DataFrame, at: float, unit: str) -> str:
    """Return what is left of each group after some time, and which loses most."""
    known = summary.dropna(subset=["share_left"])
    if known.empty:
        return "When customers churn cannot be said: no group has 30 members whose time is known."
    after = f"{formatting.number(at)} {unit}"
    what = "still run" if unit == "months" else "have not come back"
    row = known.loc[known["share_left"].idxmin() if unit == "months" else known["share_left"].idxmax()]
    said = f"{formatting.share(row['share_left'])} {formatting.interval(row['low'], row['high'], formatting.share)}"
    lead = f"After {after} {said} of “{row['group']}” {what}"
    if len(known) == 1:
        return f"{lead}."
    other = known.loc[known["share_left"].idxmax() if unit == "months" else known["share_left"].idxmin()]
    return (f"{lead}, of “{other['group']}” {formatting.share(other['share_left'])} "
            f"{formatting.interval(other['low'], other['high'], formatting.share)}.")


def churn_timing_title(summary: pd.DataFrame, unit: str) -> str:
    """Return the title of the survival figure: a group stands in it whose interval is apart from all others."""
    known = summary.dropna(subset=["share_left", "low", "high"]).sort_values("share_left")
    soon, late = (("Contracts end soonest in", "Contracts last longest in") if unit == "months" else
                  ("Soonest back after a purchase", "Slowest to come back after a purchase"))
    if len(known) > 1 and known["low"].iloc[-1] > known["high"].iloc[:-1].max():
        return f"{late}: {known['group'].iloc[-1]}"
    if len(known) > 1 and known["high"].iloc[0] < known["low"].iloc[1:].min():
        return f"{soon}: {known['group'].iloc[0]}"
    return "How long contracts last" if unit == "months" else "How long customers stay away after a purchase"


def _distinct_people(rows: pd.DataFrame) -> float:
    """Return how many people rows of rules name; NaN where their counts by rule would tell a few by the difference."""
    n = rows["customer_id"].nunique()
    return math.nan if is_hidden(len(rows) - n) else n


def alert_counts(found: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return how many have an alert, how many are in the control group, and margin at risk."""
    if found.empty:
        return ("No rule of the study warns of anybody today.",)
    people = _distinct_people(found)
    held, new = (_distinct_people(found[found[column]]) for column in ("is_control", "is_new"))
    stake = found.drop_duplicates("customer_id")["margin_at_risk"].sum(min_count=1)
    money = (
        ""
        if decimal_places.is_missing(stake)
        else value_text_if_enough(f", with {formatting.money(stake, currency)} of margin at risk", people)
    )
    who = formatting.sentence_case(people_text(people, "customer has", "customers have"))
    first = f"{who} an open alert{money}; {people_text(new)} of them new."
    if not held:
        return first, "There is no control group, so that these alerts can never be graded: contaminated by action."
    return first, (
        f"Random control group: {people_text(held, 'customer', 'customers')}, whose alerts nobody answers, so that a "
        "later run can tell what being drawn for an alert changes."
    )


def alert_accuracy(grades: pd.DataFrame) -> tuple[str, ...]:
    """Return how earlier alerts have done: precision on the hold-out, effect of the draw, or why it cannot be said."""
    if grades.empty:
        return ("No alert of an earlier run is due yet.",)
    said = []
    for segment, own in grades.groupby("segment", sort=True):
        rows, called = own.set_index("quantity"), _alerts_called(str(segment))
        if "alert_effect" not in rows.index or rows.loc["alert_precision", "status"] != Status.OK:
            said.append(f"{called} cannot be graded: {rows['reason'].iloc[0]}.")
            continue
        hit, effect = (rows.loc[q].to_dict() for q in ("alert_precision", "alert_effect"))
        share = share_text_if_enough(formatting.estimate_text(hit, formatting.share), hit["value"], hit["n"])
        lead = (f"{called}: in the random control group {share} churned; "
                f"{formatting.share(rows.loc['alert_stated', 'value'])} had been predicted.")
        said.append(f"{lead} {_effect(effect)}")
    is_told = ((grades["quantity"] == "alert_effect") & (grades["status"] == Status.OK)).any()
    return (*said, INTENTION_TO_TREAT) if is_told else tuple(said)


def _alerts_called(segment: str) -> str:
    """Return alerts of a run and rule in words, by the day that the run spoke for.

    Examples
    --------
    >>> _alerts_called("2025-09-30-1: high risk")
    'Alerts of 30 September 2025 (high risk)'
    """
    run, _, rule = segment.partition(": ")
    return f"Alerts of {formatting.date_text(run.rpartition('-')[0])} ({readable_id(rule)})"


def _effect(effect: dict) -> str:
    if effect["status"] != Status.OK:
        return f"What being drawn for an alert changed cannot be said: {effect['reason']}."
    value, low, high = (100 * effect[c] for c in ("value", "low", "high"))
    by = f"{formatting.percentage_points(value)} {formatting.interval(low, high, formatting.percentage_points)}"
    if effect["low"] <= 0 <= effect["high"]:
        return f"Being drawn for an alert made no statistically significant difference ({by})."
    moved = "lowered" if effect["value"] < 0 else "raised"
    return f"Being drawn for an alert {moved} the churn rate against random control ({by})."


def control_chart_sentence(found: ChartSet) -> tuple[str, ...]:
    """Return what the charts have alarmed for, and how many false alarms that allows for."""
    live = [c for c in found.charts if not c.reason]
    if not found.charts:
        return ("No figure can be watched: nothing was recorded for half a year and one week.",)
    silent = [f"{c.course.name} ({c.reason})" for c in found.charts if c.reason]
    rate = found.false_alarms_a_year
    said = [
        (
            f"{formatting.sentence_case(formatting.count_text(len(live), 'figure is', 'figures are'))} watched "
            "week by week; while "
            f"nothing happens the control charts together give {formatting.number(rate, 2)} false "
            f"alarm{'' if round(rate, 1) == 1 else 's'} a year."
        )
        if live
        else "No figure can raise an alarm at present."
    ]
    if silent:
        said.append(f"Not watched: {formatting.join_words(silent)}.")
    alarms = found.alarms
    if alarms.empty:
        return (*said, "No alarm was raised in the time that is watched.")
    told = [
        f"{row.chart} {_alarm(row.kind, row.direction)}; it "
        f"began about {formatting.date_text(row.began_on)} and was told on {formatting.date_text(row.on)}"
        for row in alarms.itertuples()
    ]
    return (
        *said,
        f"{formatting.sentence_case(formatting.count_text(len(told), 'alarm', 'alarms'))}: {'; '.join(told)}.",
    )


def _alarm(kind: str, direction: str) -> str:
    """Return what an alarm tells: one week beyond the limits, or another level, which later weeks are held against."""
    if kind == "spike":
        return f"went {direction} its limits in one week"
    return f"shifted to a {'higher' if direction == 'above' else 'lower'} level, against which later weeks are judged"


def control_chart_title(found: ChartSet) -> str:
    """Return the title of the figure of charts."""
    alarms = found.alarms
    if alarms.empty:
        return "No figure went beyond its limits"
    last = alarms.iloc[-1]
    return f"Last alarm, told on {formatting.date_text(last['on'])}: {last['chart']} {last['direction']} the limits"


def profit_curve_sentence(best: pd.Series | None, within: pd.Series | None, currency: str = "") -> str:
    """Return which share to contact for the most profit, and what a capacity costs."""
    if best is None:
        return "What a campaign would earn cannot be said: no value of a customer is known."
    if best["profit"] <= 0 or not best["n_contacted"]:
        return "Under the assumed costs and uptake contacting nobody pays best."
    if is_hidden(best["n_contacted"]):
        return "Under the assumed costs and uptake contacting fewer than ten customers pays best."
    lead = (
        f"Under the assumed costs and uptake contacting the likeliest {formatting.share(best['share_contacted'])} "
        "would "
        f"have earned most: {formatting.money(best['profit'], currency)} "
        f"{formatting.interval(best['low'], best['high'], formatting.unit_format('money', currency))} from those tried."
    )
    if within is None or within["n_contacted"] >= best["n_contacted"] or is_hidden(within["n_contacted"]):
        return lead
    return (f"{lead} A capacity of {formatting.whole(within['n_contacted'])} contacts leaves "
            f"{formatting.money(within['profit'], currency)}.")


def profit_curve_title(earned: pd.DataFrame, chosen: str) -> str:
    """Return the title of the profit curves."""
    own = earned[earned["series"] == chosen]
    if own.empty or own["profit"].max() <= 0:
        return "Profit by share contacted"
    top = own.loc[own["profit"].idxmax(), "share_contacted"]
    return f"Contacting the likeliest {formatting.share(top)} earns most under the assumed uptake"


def chart_unit(found: ChartSet) -> str:
    """Return the unit of the chart that is shown."""
    alarms = found.alarms
    name = alarms["chart"].iloc[-1] if len(alarms) else ""
    return next((c.course.unit for c in found.charts if c.course.name == name or not name), "share")


def drift_sentence(table: pd.DataFrame) -> str:
    """Return whether those scored still look like those learnt from."""
    if table.empty:
        return "Drift cannot be told: there is no earlier snapshot to compare with."
    gone = table[table["reading"] != "stable"]
    if gone.empty:
        return "No feature of those scored has drifted from the training data."
    return (
        f"{formatting.sentence_case(formatting.count_text(len(gone), 'feature has', 'features have'))} drifted "
        "since what was "
        f"learnt from, most {gone['feature'].iloc[0]} (stability index {formatting.number(gone['psi'].iloc[0], 2)})."
    )


def stated_churn_reasons(table: pd.DataFrame) -> str:
    """Return what leavers said themselves."""
    known = table[table["end_reason"] != "none stated"]
    said = known[known["n_customers"] >= LEAST_PEOPLE]
    if said.empty:
        return f"No reason was stated by {LEAST_PEOPLE} leavers or more."
    top: Sequence = [f"{row.end_reason} ({formatting.share(row.share)})" for row in said.head(3).itertuples()]
    return f"Leavers themselves named most: {formatting.join_words(top)}."
