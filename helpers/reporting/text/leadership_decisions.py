"""Text of the leadership page's decisions: what is asked for today, and what the last actions have earned."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.actions import measured_response
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import actions as actions_text
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.translation import message, translatable
from helpers.stats.disclosure_control import LEAST_PEOPLE

EFFECTS = "results/experiment_effects"

CENT = 0.01

TEST_END = ", as a test"  # of decisions that ask for a test by themselves

MOST_AT_A_GLANCE = 3  # decisions that a first screen has room for

TERMS = ("decision", "cost", "expected_gain", "net", "worst_case", "confidence", "owner", "stop_on")

MONEY = ("margin", "net_sales")  # outcomes of action lists that are money, the first at hand counts

CLEAR_EARNING, UNCLEAR_EARNING = (
    translatable("The {n} drawn for contact by the {list} brought {total} of {metric} beside the control group, {each} "
                 "each, before the cost of contact{caveat}."),
    translatable("The {n} drawn for contact by the {list} brought {total} of {metric} beside the control group, {each} "
                 "each, an interval that includes no difference, before the cost of contact{caveat}."),
)

ASKED = translatable("{decision}. Cost {cost}; expected gain: {gain}; net: {net}; worst case: {worst}; confidence: "
                     "{confidence}; owner {owner}; stop date: {stop_on}.")

AS_TEST, NOT_KNOWN = translatable("{decision}, as a test"), translatable("not known")


def decision_rows(results: RunResults) -> pd.DataFrame:
    """Return the decisions asked for as text, the first column what is asked: the plan's, then the experiments'."""
    decisions = results.frame("results/decisions")
    planned = actions_text.decision_rows(decisions, results.currency).to_dict("records")
    planned = [row | _in_money(results, decision)
               for row, decision in zip(planned, decisions.to_dict("records"), strict=True)]
    tried = experiment_decision(results)
    asked = [*planned, *([tried] if tried else [])]
    return pd.DataFrame([dict.fromkeys(TERMS, "") | row for row in asked], columns=list(TERMS))


def brief_decision_rows(results: RunResults) -> pd.DataFrame:
    """Return decisions asked for in as few words as a first screen has room for: at most `MOST_AT_A_GLANCE`.

    The planned ones come first, as `decision_rows` orders them; that on experiments is never the one without room. Of
    the list it says how many are contacted and kept as control, of money the amounts; how these follow stands in the
    rows in full. How many stand below alone is told in the heading, as is a day to stop on that all have in common.
    """
    full = decision_rows(results).drop(columns="confidence")
    listed = results.frame("results/actions")
    n = listed["variant"].value_counts() if len(listed) else pd.Series(dtype="int64")
    rows = [row | _in_brief(results, decision, n) for row, decision in zip(
        full.to_dict("records"), results.frame("results/decisions").to_dict("records"), strict=False)]
    tried = experiment_decisions_text.brief_terms(results.frame(EFFECTS), results.currency)
    others = [row | tried for row in full.iloc[len(rows):].to_dict("records")]
    brief = pd.DataFrame([*rows[:MOST_AT_A_GLANCE - len(others)], *others], columns=full.columns)
    if len(brief) < len(full):
        brief = brief.rename(columns={"decision": message("decision ({n} of {n_all})", n=len(brief), n_all=len(full))})
    days = brief["stop_on"].unique()
    if len(days) != 1 or not days[0]:
        return brief
    return brief.drop(columns="stop_on").rename(columns={"owner": message("owner, until {date}", date=days[0])})


def _in_brief(results: RunResults, decision: Mapping[str, Any], n: pd.Series) -> dict[str, str]:
    """Return the terms of a planned decision without how they follow."""
    brief = {"worst_case": formatting.money(-float(decision["worst_case"]), results.currency),
             "decision": _test_in_brief(_headword(decision["decision"])), "expected_gain": NOT_KNOWN,
             "net": "–"}
    if not _is_on_list(results, decision):
        return brief
    if gain := _saved_margin(results):
        net = [x - float(decision["cost"]) for x in gain]
        brief |= {"expected_gain": formatting.money(gain[0], results.currency),
                  "net": _money_range(net, results.currency)}
    if "held out" in n:
        said = message("Contact {n} customers, {n_control} as control", n=formatting.whole(n["treated"]),
                       n_control=formatting.whole(n["held out"]))
        brief["decision"] = said if gain and gain[0] >= float(decision["cost"]) else _test_in_brief(said)
    return brief


def _test_in_brief(decision: str) -> str:
    """Return a decision on a test in a word and what is tested."""
    return message("Test: {decision}", decision=formatting.within_sentence(decision.removesuffix(TEST_END)))


def _as_test(decision: str) -> str:
    """Return a decision as one that asks for a test alone, since its gain is not known or below its cost."""
    return decision if decision.endswith(TEST_END) else message(AS_TEST, decision=decision)


def _headword(text: str) -> str:
    """Return what stands before the first explanation in a text: a bracket, a colon, a semicolon.

    Examples
    --------
    >>> _headword("Run the campaigns (win-back, customer club): contact 121 customers")
    'Run the campaigns'
    """
    return re.split(r" \(|: |; ", text, maxsplit=1)[0]


def _treated(results: RunResults) -> pd.DataFrame:
    listed = results.frame("results/actions")
    return listed[listed["variant"] == "treated"] if len(listed) else listed


def _is_on_list(results: RunResults, decision: Mapping[str, Any]) -> bool:
    """Return whether a row of ``results/decisions`` asks for the list: its worst case is what all its offers cost."""
    treated = _treated(results)
    return len(treated) >= LEAST_PEOPLE and abs(treated["cost_worst"].sum() - float(decision["worst_case"])) <= CENT


def _saved_margin(results: RunResults) -> tuple[float, float, float] | None:
    """Return what the listed save if they respond as was measured, value, low and high; None where nothing was."""
    gone = measured_response.pooled_response(results.frame(EFFECTS)).reduction
    if gone.status is not Status.OK:
        return None
    at_risk = float(_treated(results)["margin_at_risk"].sum())
    return gone.value * at_risk, gone.low * at_risk, gone.high * at_risk


def _money_range(ends: Sequence[float], currency: str) -> str:
    """Return a value with its limits in money."""
    form = formatting.unit_format("money", currency)
    return f"{form(ends[0])} {formatting.interval(ends[1], ends[2], form)}"


def _in_money(results: RunResults, decision: Mapping[str, Any]) -> dict[str, str]:
    """Return what a planned decision brings in money, gain and net, and how the worst case of the list follows.

    One without a measured gain, or with one below its cost, is a test.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    decision : mapping
        A row of ``results/decisions``.
    """
    test = {"decision": _as_test(str(decision["decision"])), "net": NOT_KNOWN}
    if not _is_on_list(results, decision):
        return test
    worst = formatting.money(-float(decision["worst_case"]), results.currency)
    said = {"worst_case": message("{amount}: every offer is taken up and nobody stays for it", amount=worst)}
    if not (gain := _saved_margin(results)):
        return test | said
    cost = float(decision["cost"])
    net = {"net": _money_range([x - cost for x in gain], results.currency)}
    if gain[0] < cost:
        net["decision"] = message("{decision}: the expected gain is below the cost",
                                  decision=_as_test(str(decision["decision"])))
    return said | net | {"expected_gain": _gain_in_words(results, gain, cost)}


def _gain_in_words(results: RunResults, gain: Sequence[float], cost: float) -> str:
    """Return what the list saves, from which cut in churn it pays, and what the margin measured would make of it."""
    treated, response = _treated(results), measured_response.pooled_response(results.frame(EFFECTS))
    at_risk, gone = float(treated["margin_at_risk"].sum()), response.reduction
    said = message(
        "{amount} of margin, before the cost: churn of the {n} contacted cut by {share}, as measured; it pays from a "
        "cut of {break_even}", amount=_money_range(gain, results.currency), n=formatting.whole(len(treated)),
        break_even=formatting.share(cost / at_risk) if at_risk else formatting.MISSING,
        share=f"{formatting.share(gone.value)} {formatting.interval(gone.low, gone.high, formatting.share)}")
    each = response.margin
    if each.status is not Status.OK:
        return said
    total = [len(treated) * x for x in (each.value, each.low, each.high)]
    return message("{gain}; by the margin measured in earlier rounds, {each} a customer, it would be {amount}, "
                   "which also counts what those buy more who stay anyway", gain=said,
                   each=_money_range((each.value, each.low, each.high), results.currency),
                   amount=_money_range(total, results.currency))


def experiment_decision(results: RunResults) -> dict[str, str]:
    """Return the decision that verdicts of experiments ask for, as text; empty where none is due."""
    return experiment_decisions_text.experiment_decision(results.frame("results/experiment_effects"),
                                   results.gates("results/experiment_gates"), results.currency)


def action_earnings(results: RunResults) -> str:
    """Return the answer to: what did the last actions earn against people we left alone."""
    effects = results.frame(EFFECTS)
    is_list = effects["experiment"].str.startswith(measured_response.NAMED) if len(effects) else pd.Series(dtype=bool)
    judged = measured_response.action_rounds(effects)
    if judged.empty:
        return " ".join((leadership_text.cannot(_unjudged(effects[is_list])), *_otherwise(results, effects[~is_list]))
                        if len(effects) else (leadership_text.cannot(_unjudged(effects)),))
    newest = judged[judged["experiment"] == judged["experiment"].iloc[-1]]
    money = [row for metric in MONEY for row in newest[newest["metric"] == metric].to_dict("records")]
    said = [_earning(results, money[0])] if money else []
    tables = dict(results.tables) | {EFFECTS: effects[is_list]}
    return " ".join((*said, *leadership_findings_text.experiments_finding(RunResults(tables, results.currency))))


def _unjudged(lists: pd.DataFrame) -> str:
    """Return why no list can be judged."""
    if lists.empty:
        return translatable("no action list with a random control group has been both carried out and measured")
    last = lists[lists["experiment"] == lists["experiment"].max()].iloc[0]
    return message("the {list} has no outcome that can be judged: {reason}",
                   list=readable_id(str(last["experiment"])), reason=str(last["reason"]).rstrip("."))


def _otherwise(results: RunResults, others: pd.DataFrame) -> tuple[str, ...]:
    """Return what was found in experiments that no action list drew."""
    if others.empty:
        return ()
    found = leadership_findings_text.experiments_finding(
        RunResults(dict(results.tables) | {EFFECTS: others}, results.currency)
    )
    return (message("Tried otherwise, with units assigned at random: {finding}", finding=found[0]),)


def _earning(results: RunResults, row: Mapping[str, Any]) -> str:
    """Return what all drawn to be contacted have brought beside the control group, and one of them."""
    form, limits = formatting.unit_format("money", results.currency), (float(row["low"]), float(row["high"]))
    value, n = float(row["value"]), int(row["n_variant"])
    what = experiments_text.metric_name(row).removeprefix("the ")
    caveats = experiments_text.caveats(row, results.gates("results/experiment_gates"))
    every, one = (f"{form(k * value)} {formatting.interval(k * limits[0], k * limits[1], form)}" for k in (n, 1))
    said = CLEAR_EARNING if limits[0] > 0 or limits[1] < 0 else UNCLEAR_EARNING
    return message(said, n=formatting.whole(n), metric=what, total=every, each=one,
                   list=formatting.within_sentence(experiments_text.experiment_name(row)),
                   caveat=f" (caution: {formatting.join_words(caveats)})" if caveats else "")


def decision_today(results: RunResults) -> str:
    """Return the answer to: which decision is asked for today; with the terms that the list of decisions has."""
    rows = decision_rows(results).to_dict("records")
    if rows:
        return " ".join(_asked(row) for row in rows)
    if results.has(EFFECTS):
        return message("None: there is no list of customers to act on, and no verdict on an experiment asks for one.")
    return message("None: there is no list of customers to act on.")


def _asked(row: Mapping[str, str]) -> str:
    """Return one decision with its terms."""
    places = {name: str(row[name]).rstrip(".") for name in ("decision", "cost", "owner", "confidence", "stop_on")}
    places |= {"gain": row["expected_gain"].rstrip("."), "worst": row["worst_case"] or translatable("none"),
               "net": row["net"] or NOT_KNOWN}
    return message(ASKED, **places)
