"""Text of the leadership page: run state, KPIs, changes, forecasts graded, caveats."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from helpers.actions import alert_answers
from helpers.foundation import money
from helpers.foundation.results import ORDERS_REACH, Status, taken_over
from helpers.reporting import change_since_last_run, decimal_places, formatting
from helpers.reporting.change_since_last_run import RunIdentity
from helpers.reporting.run_results import INTAKE_GATES, RunResults
from helpers.reporting.text import forecast_grades as forecast_grades_text
from helpers.reporting.translation import message, plural, translatable

NO_EARLIER, NOT_AGAIN = translatable("no earlier comparable run"), translatable("not measured again")

SURVEY = "results/satisfaction_index"  # of a wave, and not of a day

CHANCE, USUAL = 0.05, forecast_grades_text.USUAL

MOST_STRUCK, QUARTER_DAYS = 2, 91

STATES = {"finished": ("finished", "taken"), "absent": ("not_applicable",), "left out": ("left_out",)}

WITHOUT = {translatable("a survey"): "results/satisfaction_index",
           translatable("orders or contracts"): "results/customer_base",
           translatable("experiments"): "results/experiment_effects"}


def cannot(reason: str) -> str:
    """Return that something cannot be said, and why."""
    return message("Cannot say, because {reason}.", reason=formatting.within_sentence(reason))


def value_text(row: Mapping[str, Any], currency: str = "") -> str:
    """Return a figure with its unit, unless its name says it; or the word for why it has no value."""
    if row["status"] != Status.OK:
        return formatting.SAID[Status(row["status"])]
    unit = str(row["unit"])
    is_said = unit in {"share", "points", formatting.PERCENTAGE_POINTS, "money", ""} or unit in str(
        row.get("name", "")).lower()
    return forecast_grades_text.figure_form(unit, currency)(row["value"]) + ("" if is_said else f" {unit}")


def interval_text(row: Mapping[str, Any], currency: str = "") -> str:
    """Return a figure's interval, with its level where that is not the usual one; points as bare numbers."""
    range_ = formatting.interval(row["low"], row["high"], forecast_grades_text.figure_form(str(row["unit"]), currency))
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
    if row["change"] == 0 and not decimal_places.is_missing(row["change_low"]):
        return NOT_AGAIN if row.get("table") == SURVEY else message("unchanged")
    is_share = row["unit"] == "share"
    form = formatting.percentage_points if is_share else forecast_grades_text.figure_form(str(row["unit"]), currency)
    moved = [float(row[c]) * (100 if is_share else 1) for c in ("change", "change_low", "change_high")]
    if decimal_places.is_missing(moved[1]) and moved[0]:
        since = formatting.date_text(row["previous_as_of_on"])
        up, down = translatable("up {amount} since {date}"), translatable("down {amount} since {date}")
        return (up if moved[0] > 0 else down).format(amount=form(abs(moved[0])), date=since)
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
    on = formatting.date_text(as_of)
    if not steps:
        return message("As of {date}: tables put together by hand, not by a run.", date=on)
    told = {how: [n for n, state in steps.items() if state in states] for how, states in STATES.items()}
    told["unfinished"] = [n for n in steps if not any(n in numbers for numbers in told.values())]
    opening = plural("As of {date}: {n_done} of {n} step before this page finished",
                     "As of {date}: {n_done} of {n} steps before this page finished", len(steps), date=on,
                     n_done=len(told["finished"]), n=len(steps))
    others = ((told["absent"], message("{steps} without their tables", steps=told["absent"])),
              (told["left out"], message("{steps} left out", steps=told["left out"])),
              (told["unfinished"], message("{steps} did not finish", steps=told["unfinished"])))
    parts = [opening, *(said for steps, said in others if steps)]
    return message("{sentence}.", sentence=message("; ").join(parts))


def unreported_claims(gates: pd.DataFrame) -> tuple[str, ...]:
    """Return what gates struck or blocked, one sentence for each; empty where every claim stands.

    A claim for which nobody was counted at all is absent rather than struck, and is not named.
    """
    is_absent = (gates["level"] == "strike") & ~(gates["statistic"].abs() > 0)
    crossed = gates[gates["is_crossed"] & gates["level"].isin(["strike", "block"]) & ~is_absent]
    return tuple(_lost_claim(g.level, g.claims, _bare(g.sentence).rstrip(".")) for g in crossed.itertuples())


def _lost_claim(level: str, claims: str, reason: str) -> str:
    """Return what a failed check has taken away: a verdict that cannot be given by what it would be on."""
    subject = claims.removeprefix("every verdict on ")
    if subject != claims:
        return message("No verdict on {subject} — {reason}.", subject=subject, reason=reason)
    if level == "strike":
        return message("Not reported (failed check): {claims} — {reason}.", claims=claims, reason=reason)
    return message("No verdict (failed check): {claims} — {reason}.", claims=claims, reason=reason)


def struck_findings(gates: pd.DataFrame) -> tuple[str, ...]:
    """Return what gates struck or blocked as findings: two of them and how many more there are, else nothing."""
    lost = unreported_claims(gates)
    rest = len(lost) - MOST_STRUCK
    more = plural("{n} more figure is not reported (failed checks), see below.",
                  "{n} more figures are not reported (failed checks), see below.", rest, n=rest)
    return (*lost[:MOST_STRUCK], *([more] if rest > 0 else []))


def gate_counts(gates: pd.DataFrame) -> str:
    """Return how many gates were checked and what became of those that were crossed."""
    if gates.empty:
        return message("No check was made.")
    crossed, n = gates[gates["is_crossed"]], formatting.whole(len(gates))
    if crossed.empty:
        return plural("{n} check was made and passed.", "{n} checks were made and passed.", len(gates), n=n)
    by_level = crossed["level"].value_counts()
    follows = {"block": translatable("{n} blocked a verdict"), "strike": translatable("{n} took figures out of the "
               "report"), "qualify": translatable("{n} called for caution"), "note": translatable("{n} noted")}
    counts = [message(said, n=formatting.whole(by_level[level])) for level, said in follows.items()
              if level in by_level]
    return plural("{n} check was made, {n_found} found something: {counts}.",
                  "{n} checks were made, {n_found} found something: {counts}.", len(gates), n=n,
                  n_found=formatting.whole(len(crossed)), counts=counts)


def significant_changes(kpis: pd.DataFrame) -> str:
    """Return which key figures changed with statistical significance, with how many would by chance alone."""
    compared = kpis[kpis["is_beyond_noise"].notna() & kpis["change_words"].ne(NOT_AGAIN)]
    if compared.empty:
        return message("Cannot say: {reasons}.", reasons=_why_not(kpis))
    beyond = compared[compared["is_beyond_noise"].astype(bool)]
    since = sorted({formatting.date_text(on) for on in compared["previous_as_of_on"]})
    n, chance = len(compared), formatting.number(CHANCE * len(compared))
    if beyond.empty:
        return plural("Since {dates} none of {n} figure with an interval shows a statistically significant change.",
                      "Since {dates} none of {n} figures with an interval shows a statistically significant change.",
                      n, dates=since, n=n)
    named = [message("{figure} {change}", figure=row.name,
                     change=row.change_words.removesuffix(", statistically significant"))
             for row in beyond.itertuples(index=False)]
    return plural("Since {dates} statistically significant changes in {n_changed} of {n} figure with an interval (by "
                  "chance alone about {n_chance} would): {changes}.",
                  "Since {dates} statistically significant changes in {n_changed} of {n} figures with an interval (by "
                  "chance alone about {n_chance} would): {changes}.",
                  n, dates=since, n_changed=len(beyond), n=n, n_chance=chance, changes=named)


def _why_not(kpis: pd.DataFrame) -> list[str]:
    if kpis.empty:
        return [translatable("there is no key figure")]
    compared = kpis[kpis["table"] != ""]
    reasons = [reason for reason in (kpis if compared.empty else compared)["comparison"].unique() if reason]
    return reasons or [NO_EARLIER]


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
    first = latest[latest["alarm"].fillna("") != ""].groupby("chart", sort=False)["on"].min()
    weeks = QUARTER_DAYS // 7
    if len(first):
        named = [message("{chart} (first on {date})", chart=name, date=formatting.date_text(on))
                 for name, on in first.items()]
        return (message("Beyond control limits in the last {n} weeks: {charts}.", n=weeks, charts=named),)
    return (message("No control chart alarmed in the last {n} weeks.", n=weeks),)


def redefinitions(now: RunIdentity, before: RunIdentity | None, moved: str = "") -> str:
    """Return which definitions were changed since the last run: profile, study, currency or parameters; what moved."""
    if before is None:
        return message("No earlier run to compare definitions with.")
    changes, since = change_since_last_run.redefinitions(now, before), formatting.date_text(before.as_of)
    told = (message("Since {date} {changes}.", date=since, changes=changes) if changes else
            message("No definition was changed since {date}.", date=since))
    return " ".join(filter(None, (told, moved)))


def short_lines(results: RunResults, *, state: str, defined: str = "") -> dict[str, Sequence[str]]:
    """Return the short lines below the questions, by name: what no answer holds."""
    ended = taken_over(results.gates(INTAKE_GATES), ORDERS_REACH)
    alarms = () if ended else control_chart_alarms(results.frame("results/churn_charts"))
    lines = {translatable("This run"): (state,), translatable("Control charts"): alarms,
             translatable("Retention and churn"): (defined,)}
    return {name: said for name, said in lines.items() if any(said)}


def textbook_claim_counts(claims: pd.DataFrame) -> str:
    """Return how many textbook claims hold here, do not, or cannot be judged."""
    if claims.empty:
        return message("No textbook claim could be held against these data.")
    counts = claims["verdict"].value_counts()
    n = {verdict: int(counts.get(verdict, 0)) for verdict in ("holds", "does not hold", "cannot say")}
    parts = [n["holds"] and plural("{n} holds", "{n} hold", n["holds"], n=n["holds"]),
             n["does not hold"] and plural("{n} does not", "{n} do not", n["does not hold"], n=n["does not hold"]),
             n["cannot say"] and message("{n} cannot be judged", n=n["cannot say"])]
    return plural("{n} textbook claim: {counts}.", "{n} textbook claims: {counts}.", len(claims), n=len(claims),
                  counts=[part for part in parts if part])


def leadership_caveats(kpis: pd.DataFrame, results: RunResults) -> tuple[str, ...]:
    """Return what would change our mind about this page."""
    absent = [name for name, table in WITHOUT.items() if not results.has(table)]
    missing = message("Without {tables} this page is silent on them, not reassuring.", tables=absent)
    noise = message("Changes are judged as if two runs were independent; they share customers, so a change that is not "
                    "statistically significant may be real.")
    return (*([missing] if absent else []), *([noise] if kpis["is_beyond_noise"].notna().any() else []),
            *([message("The days on which contracts ended, kept from now on, would answer most of what cannot be said "
                       "here.")] if results.has_crossed("results/value_gates", "dated ends") else []),
            message("Nothing here shows what caused what, except where units were assigned at random."))


def leadership_headline(kpis: pd.DataFrame, gates: pd.DataFrame) -> str:
    """Return the numbers handed on: key figures to two digits, gates held and crossed."""
    known = kpis[kpis["status"] == "ok"].head(2)
    values = [f"{row.name}: {row.value:.2g}" for row in known.itertuples(index=False)]
    return "; ".join([f"key figures: {len(kpis)}", *values,
                      f"checks: {len(gates)}, failed {int(gates['is_crossed'].sum())}"])


def _bare(sentence: str) -> str:
    """Return a sentence without the figures in brackets at its end; the table of gates has them."""
    return re.sub(r" \([^()]*\)\.?$", "", sentence)


def asked_decisions(results: RunResults) -> pd.DataFrame:
    """Return ``results/decisions`` without contacts of which nothing will tell what they did: these are no decision."""
    planned = results.frame("results/decisions")
    return planned[planned["confidence"].ne(alert_answers.UNTOLD)].reset_index(drop=True) if len(planned) else planned


def review_on(results: RunResults) -> date | None:
    """Return the day on which what experiments ask for is looked at again: that on which the plan stops."""
    planned = results.frame("results/decisions")
    days = planned["stop_on"].dropna() if len(planned) else planned
    return days.max().date() if len(days) else None


def not_asked(results: RunResults) -> tuple[str, ...]:
    """Return what is planned and not asked for, since nothing would tell what it did, with its cost."""
    planned = results.frame("results/decisions")
    untold = planned[planned["confidence"].eq(alert_answers.UNTOLD)] if len(planned) else planned
    return tuple(message("Not asked for, since nothing would tell what it did: {decision} ({cost}).",
                         decision=formatting.within_sentence(str(row["decision"])),
                         cost=formatting.money(row["cost"], results.currency)) for row in untold.to_dict("records"))


def total_as_shown(amounts: Sequence[float], currency: str = "") -> str:
    """Return the sum of amounts as `formatting.money` shows each of them, so that they add up as they are printed.

    Examples
    --------
    >>> total_as_shown([-3655.0, -90.0], "GBP"), total_as_shown([0.5, 0.25], "EUR"), total_as_shown([], "EUR")
    ('−£3,750', '€0.75', '€0')
    """
    total = sum(round(float(x), 2) if abs(x) < 99.995 else float(f"{float(x):.3g}") for x in amounts)
    if abs(total) < 99.995:
        return formatting.money(total, currency)
    told = f"{abs(total):,.{0 if float(total).is_integer() else 2}f}"
    return decimal_places.with_minus_sign(total, money.currency_text(told, currency))
