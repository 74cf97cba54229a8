"""Text of the leadership page: run state, KPIs, changes, forecasts graded, caveats."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.foundation.results import ORDERS_REACH, Status, taken_over
from helpers.reporting import change_since_last_run, decimal_places, formatting
from helpers.reporting.change_since_last_run import RunIdentity
from helpers.reporting.headings import quantity_label
from helpers.reporting.run_results import INTAKE_GATES, RunResults
from helpers.reporting.text import actions as actions_text
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import leadership_finance as leadership_finance_text

NO_EARLIER = "no earlier comparable run"

CHANCE, USUAL = 0.05, 0.95

RANGES = f"Ranges in brackets are {formatting.whole(100 * USUAL)} % intervals where nothing else is said."

COUNTED = frozenset({"customers", "people", "contracts", "orders"})

MOST_STRUCK = 2

QUARTER_DAYS = 91

STATES = {"finished": ("finished", "taken"), "without their tables": ("not_applicable",), "left out": ("left_out",)}

FOLLOWS = {"block": "blocked a verdict", "strike": "took figures out of the report", "qualify": "called for caution",
           "note": "noted"}

WITHOUT = {"a survey": "results/satisfaction_index", "orders or contracts": "results/customer_base",
           "experiments": "results/experiment_effects"}


def value_text(row: Mapping[str, Any], currency: str = "") -> str:
    """Return a figure with its unit, unless its name says it; or the word for why it has no value."""
    if row["status"] != Status.OK:
        return formatting.SAID[Status(row["status"])]
    unit = str(row["unit"])
    is_said = unit in ("share", "points", "money", "") or unit in str(row.get("name", "")).lower()
    return _form(unit, currency)(row["value"]) + ("" if is_said else f" {unit}")


def interval_text(row: Mapping[str, Any], currency: str = "") -> str:
    """Return a figure's interval, with its level where that is not the usual one; points as bare numbers."""
    range_ = formatting.interval(row["low"], row["high"], _form(str(row["unit"]), currency))
    return f"{range_} at {formatting.share(row['level'])}" if range_ and row["level"] != USUAL else range_


def change_text(row: Mapping[str, Any], currency: str = "") -> str:
    """Return what changed in a figure since the last comparable run, or why that cannot be said.

    Parameters
    ----------
    row : mapping
        A figure with the columns of `helpers.reporting.change_since_last_run.changes_table`.
    currency : str
        The run's currency.
    """
    if decimal_places.is_missing(row["change"]):
        return NO_EARLIER if str(row["comparison"]).startswith("no ") and not row["previous_run"] else row["comparison"]
    is_share = row["unit"] == "share"
    form = formatting.points if is_share else _form(str(row["unit"]), currency)
    moved = [float(row[c]) * (100 if is_share else 1) for c in ("change", "change_low", "change_high")]
    if decimal_places.is_missing(moved[1]) and moved[0]:
        since = formatting.date_text(row["previous_as_of_on"])
        return f"{'up' if moved[0] > 0 else 'down'} {form(abs(moved[0]))} since {since}"
    by = f", {row['comparison']}" if str(row["comparison"]).startswith("by ") else ""
    return formatting.change_text(moved[0], moved[1], moved[2], form) + by


def run_state(as_of: str, steps: Mapping[str, str]) -> str:
    """Return as-of date and the run's state.

    Parameters
    ----------
    as_of : str
        ISO date.
    steps : mapping of str to str
        Two-digit step to its state in the run; empty outside a run.
    """
    opening = f"As of {formatting.date_text(as_of)}: "
    if not steps:
        return opening + "tables put together by hand, not by a run."
    told = {how: [n for n, state in steps.items() if state in states] for how, states in STATES.items()}
    known = {n for numbers in told.values() for n in numbers}
    told["did not finish"] = [n for n in steps if n not in known]
    n_done = len(told.pop("finished"))
    parts = [f"{n_done} of {formatting.count_text(len(steps), 'step', 'steps')} before this page finished"]
    parts += [f"{formatting.join_words(numbers)} {how}" for how, numbers in told.items() if numbers]
    return opening + "; ".join(parts) + "."


def unreported_claims(gates: pd.DataFrame) -> tuple[str, ...]:
    """Return what gates struck or blocked, one sentence for each; empty where every claim stands.

    A claim for which nobody was counted at all is absent rather than struck, and is not named.
    """
    is_absent = (gates["level"] == "strike") & ~(gates["statistic"].abs() > 0)
    crossed = gates[gates["is_crossed"] & gates["level"].isin(["strike", "block"]) & ~is_absent]
    lost = {"strike": "Not reported (failed check)", "block": "No verdict (failed check)"}
    return tuple(f"{_opening(lost[g.level], g.claims)}{_stopped(_bare(g.sentence))}" for g in crossed.itertuples())


def _opening(lost: str, claims: str) -> str:
    """Return how a failed check is introduced: a verdict that cannot be given by what it would be on."""
    subject = claims.removeprefix("every verdict on ")
    return f"{lost}: {claims} — " if subject == claims else f"No verdict on {subject} — "


def struck_findings(gates: pd.DataFrame) -> tuple[str, ...]:
    """Return what gates struck or blocked as findings: two of them and how many more there are, else nothing."""
    lost = unreported_claims(gates)
    rest = len(lost) - MOST_STRUCK
    more = (
        (
            f"{formatting.sentence_case(formatting.count_text(rest, 'more figure is', 'more figures are'))} "
            "not reported (failed checks), see "
            "below.",
        )
        if rest > 0
        else ()
    )
    return (*lost[:MOST_STRUCK], *more)


def gate_counts(gates: pd.DataFrame) -> str:
    """Return how many gates were checked and what became of those that were crossed."""
    if gates.empty:
        return "No check was made."
    crossed = gates[gates["is_crossed"]]
    if crossed.empty:
        return (
            f"{formatting.sentence_case(formatting.count_text(len(gates), 'check was', 'checks were'))} made, "
            "none failed."
        )
    by_level = crossed["level"].value_counts()
    counts = [f"{formatting.whole(by_level[level])} {FOLLOWS[level]}" for level in FOLLOWS if level in by_level]
    return (f"{formatting.sentence_case(formatting.count_text(len(gates), 'check was', 'checks were'))} made, "
            f"{formatting.whole(len(crossed))} failed: {formatting.join_words(counts)}.")


def significant_changes(kpis: pd.DataFrame) -> str:
    """Return which key figures changed with statistical significance, with how many would by chance alone."""
    compared = kpis[kpis["is_beyond_noise"].notna()]
    if compared.empty:
        return f"Cannot say: {_why_not(kpis)}."
    beyond = compared[compared["is_beyond_noise"].astype(bool)]
    since = (
        f"Since {formatting.join_words(sorted({formatting.date_text(on) for on in compared['previous_as_of_on']}))} "
    )
    n, chance = formatting.count_text(len(compared), "figure", "figures"), formatting.number(CHANCE * len(compared))
    if beyond.empty:
        return f"{since}none of {n} with an interval shows a statistically significant change."
    named = [f"{row.name} {row.change_words.removesuffix(', statistically significant')}"
             for row in beyond.itertuples(index=False)]
    return (f"{since}statistically significant changes in {len(beyond)} of {n} with an interval (by chance alone "
            f"about {chance} "
            f"would): {formatting.join_words(named)}.")


def _why_not(kpis: pd.DataFrame) -> str:
    if kpis.empty:
        return "there is no key figure"
    compared = kpis[kpis["table"] != ""]
    reasons = [reason for reason in (kpis if compared.empty else compared)["comparison"].unique() if reason]
    return formatting.join_words(reasons, NO_EARLIER)


def control_chart_alarms(charts: pd.DataFrame) -> tuple[str, ...]:
    """Return which watched figures have left their control limits in the latest quarter; nothing without charts.

    Parameters
    ----------
    charts : DataFrame
        ``results/churn_charts``: every week of every figure.
    """
    live = charts[charts["is_live"]] if len(charts) else charts
    if live.empty:
        return ()
    latest = live[live["on"] > charts["on"].max() - pd.Timedelta(days=QUARTER_DAYS)]
    names = latest.loc[latest["alarm"].fillna("") != "", "chart"].unique()
    weeks = formatting.count_text(QUARTER_DAYS // 7, "week", "weeks")
    return (f"Beyond control limits in the last {weeks}: {formatting.join_words(names)}." if len(names) else
            f"No control chart alarmed in the last {weeks}.",)


def forecast_accuracy(grades: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return how the forecasts that are due have done, and the latest of them; those for everybody before others."""
    if grades.empty:
        return ("Nothing due yet.",)
    known = grades[grades["status"] == "ok"]
    if known.empty:
        return (f"Nothing can be graded: {formatting.join_words(grades['reason'].unique())}.",)
    parts, known = _apart(known)
    judged = known[known["is_inside"].notna()]
    last = known.sort_values(["due_on", "quantity", "segment", "model"]).iloc[-1]
    if judged.empty:
        return (_grade(last, currency),)
    return (_inside_range(judged, " for all customers" if len(parts) else ""), _grade(last, currency))


def parts_graded(grades: pd.DataFrame) -> str:
    """Return how the forecasts for a part of the customers have done; empty where there is none beside everybody's."""
    known = grades[grades["status"] == "ok"] if len(grades) else grades
    parts = _apart(known)[0] if len(known) else known
    judged = parts[parts["is_inside"].notna()] if len(parts) else parts
    if judged.empty:
        return ""
    return _inside_range(judged, " for a part of the customers")


def _apart(known: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the forecasts for a part of the customers, and those for everybody; all where none is for everybody."""
    is_whole = known["segment"] == "all"
    return (known[~is_whole], known[is_whole]) if is_whole.any() else (known.head(0), known)


def _inside_range(judged: pd.DataFrame, whose: str) -> str:
    """Return how many outcomes fell inside the range that their forecast stated."""
    inside, n = int(judged["is_inside"].astype(bool).sum()), len(judged)
    if n == 1:
        return f"The outcome{whose} fell {'inside' if inside else 'outside'} the stated range."
    of = f"{formatting.whole(inside) if inside else 'None'} of {formatting.whole(n)}"
    return f"{of} outcomes{whose} fell inside the stated range."


def _grade(row: Mapping[str, Any], currency: str) -> str:
    form = _form(str(row["unit"]), currency)
    side = {True: "inside", False: "outside"}.get(row["is_inside"], "without")
    range_ = formatting.interval(row["low"], row["high"], form)
    what = formatting.sentence_case(quantity_label(str(row["quantity"])))
    who = "" if row["segment"] == "all" else f", {row['segment']}"
    care = "; our last campaign may have changed it" if row["has_action_list"] else ""
    happened = f"{form(row['actual'])} against {form(row['value'])} forecast"
    return (f"{what}{who}, due {formatting.date_text(row['due_on'])}: {happened}, "
            f"{side} {f'the interval {range_}' if range_ else 'an interval'}{care}.")


def redefinitions(now: RunIdentity, before: RunIdentity | None) -> str:
    """Return what was redefined since the last run: profile, study, currency, parameters or code."""
    if before is None:
        return "No earlier run to compare definitions with."
    changes, since = change_since_last_run.redefinitions(now, before), formatting.date_text(before.as_of)
    return f"Since {since} {formatting.join_words(changes)}." if changes else f"Nothing was redefined since {since}."


def short_lines(
    kpis: pd.DataFrame, grades: pd.DataFrame, results: RunResults, *, state: str, redefined: str, ledger: str = ""
) -> dict[str, Sequence[str]]:
    """Return the short lines below the findings, by name."""
    ended = taken_over(results.gates(INTAKE_GATES), ORDERS_REACH)
    moved = (significant_changes(kpis), *(() if ended else control_chart_alarms(results.frame("results/churn_charts"))))
    graded = forecast_accuracy(grades, results.currency)
    return {"This run": (state, RANGES), "Forecasts graded": graded, "What changed": moved,
            "Finance": (leadership_finance_text.finance_sentence(results), ledger), "Definitions": (redefined,)}


def decision_rows(results: RunResults) -> pd.DataFrame:
    """Return the decisions asked for as text, the first column what is asked: the plan's, then the experiments'."""
    planned = actions_text.decision_rows(results.frame("results/decisions"), results.currency)
    tried = experiment_decision(results)
    asked = [*planned.to_dict("records"), *([tried] if tried else [])]
    return pd.DataFrame(
        [dict.fromkeys(actions_text.ASKED, "") | row for row in asked], columns=list(actions_text.ASKED)
    )


def experiment_decision(results: RunResults) -> dict[str, str]:
    """Return the decision that verdicts of experiments ask for, as text; empty where none is due."""
    return experiment_decisions_text.experiment_decision(results.frame("results/experiment_effects"),
                                   results.gates("results/experiment_gates"), results.currency)


def textbook_claim_counts(claims: pd.DataFrame) -> str:
    """Return how many textbook claims hold here, do not, or cannot be judged."""
    if claims.empty:
        return "No textbook claim could be held against these data."
    counts = claims["verdict"].value_counts()
    forms = {
        "holds": ("holds", "hold"),
        "does not hold": ("does not", "do not"),
        "cannot say": ("cannot be judged",) * 2,
    }
    parts = [formatting.count_text(counts[v], *form) for v, form in forms.items() if v in counts]
    named = formatting.sentence_case(formatting.count_text(len(claims), "textbook claim", "textbook claims"))
    return f"{named}: {formatting.join_words(parts)}."


def leadership_caveats(kpis: pd.DataFrame, results: RunResults) -> tuple[str, ...]:
    """Return what would change our mind about this page."""
    absent = [name for name, table in WITHOUT.items() if not results.has(table)]
    missing = (
        (f"Without {formatting.join_words(absent)} this page is silent on them, not reassuring.",) if absent else ()
    )
    compared = int(kpis["is_beyond_noise"].notna().sum())
    noise = ("Changes are judged as if two runs were independent; they share customers, so a change that is not "
             "statistically significant may be real.",) if compared else ()
    return (*missing, *noise, "Nothing here shows what caused what, except where units were assigned at random.")


def leadership_headline(kpis: pd.DataFrame, gates: pd.DataFrame) -> str:
    """Return the numbers handed on: key figures to two digits, gates held and crossed."""
    known = kpis[kpis["status"] == "ok"].head(2)
    values = [f"{row.name}: {row.value:.2g}" for row in known.itertuples(index=False)]
    return "; ".join([f"key figures: {len(kpis)}", *values,
                      f"checks: {len(gates)}, failed {int(gates['is_crossed'].sum())}"])


def _form(unit: str, currency: str) -> formatting.Form:
    return formatting.whole if unit in COUNTED else formatting.unit_format(unit, currency)


def _bare(sentence: str) -> str:
    """Return a sentence without the figures in brackets at its end; the table of gates has them."""
    return re.sub(r" \([^()]*\)\.?$", "", sentence)


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
