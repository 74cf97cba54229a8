"""Text of the terms of a planned decision: what the list is to save, what a test or a trial costs, what is owed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.actions import measured_response
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import leadership_contracts as leadership_contracts_text
from helpers.reporting.translation import message, translatable
from helpers.stats.disclosure_control import LEAST_PEOPLE, people_text

EFFECTS = "results/experiment_effects"

CENT = 0.01

LISTED = "the list of customers to contact"  # what checks of the plan call its list

TEST_END = ", as a test"  # of decisions that ask for a test by themselves

NO_NET = "–"

AS_TEST, ON_TRIAL, NOT_KNOWN = (translatable("{decision}, as a test"),
                                translatable("{decision}, on trial without a control group"),
                                translatable("not known"))

OWED = "owed to"  # in the gain of what is done for those whom the company failed, neither tested nor tried

NO_CONTROL = "no control group"  # what a decision without one says


def in_brief(results: RunResults, decision: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of a planned decision without how they follow."""
    n = results.frame("results/actions").get("variant", pd.Series(dtype="str")).value_counts()
    brief: dict[str, Any] = {
        "worst_case": formatting.money(-float(decision["worst_case"]), results.currency),
        "decision": _test_in_brief(_headword(decision["decision"]), is_trial=_is_trial(decision),
                                   is_owed=OWED in str(decision["gain"])),
        "expected_gain": NOT_KNOWN, "net": NO_NET}
    if not is_on_list(results, decision):
        return brief
    if gain := saved_margin(results):
        net = [x - float(decision["cost"]) for x in gain]
        brief |= {"expected_gain": message("{amount} up to {date}", amount=money_range(gain, results.currency),
                                           date=formatting.date_text(decision["stop_on"])),
                  "net": money_range(net, results.currency), "net_value": net[0]}
    if "held out" in n:
        said = (translatable("Contact {n}, {n_control} control")
                if gain and gain[0] >= float(decision["cost"]) else
                translatable("Test of the action plan: contact {n}, {n_control} control"))
        brief["decision"] = message(said, n=formatting.whole(n["treated"]), n_control=people_text(n["held out"]))
    return brief


def _test_in_brief(decision: str, *, is_trial: bool = False, is_owed: bool = False) -> str:
    """Return a decision on a test in a word and what is tested; without a control group it is a trial, or is owed."""
    if is_owed:
        return decision
    said = formatting.within_sentence(decision.removesuffix(TEST_END))
    return message("Trial: {decision}", decision=said) if is_trial else message("Test: {decision}", decision=said)


def _as_test(decision: Mapping[str, Any]) -> str:
    """Return what is asked as a test alone, since its gain is not known or below its cost; on trial without control."""
    asked = str(decision["decision"])
    if asked.endswith(TEST_END) or OWED in str(decision["gain"]):
        return asked
    return message(ON_TRIAL if _is_trial(decision) else AS_TEST, decision=asked)


def _is_trial(decision: Mapping[str, Any]) -> bool:
    """Return whether nothing will be compared with a control group, as its gain or the confidence in it says."""
    return any(NO_CONTROL in str(decision[name]) for name in ("gain", "confidence"))


def _headword(text: str) -> str:
    """Return what stands before the first explanation in a text: a bracket, a colon, a semicolon."""
    return re.split(r" \(|: |; ", text, maxsplit=1)[0]


def treated(results: RunResults) -> pd.DataFrame:
    """Return who of the plan's list is contacted."""
    listed = results.frame("results/actions")
    return listed[listed["variant"] == "treated"] if len(listed) else listed


def is_on_list(results: RunResults, decision: Mapping[str, Any]) -> bool:
    """Return whether a row of ``results/decisions`` asks for the list: its worst case is what all its offers cost."""
    listed = treated(results)
    return len(listed) >= LEAST_PEOPLE and abs(listed["cost_worst"].sum() - float(decision["worst_case"])) <= CENT


def saved_margin(results: RunResults) -> tuple[float, float, float] | None:
    """Return what the listed save if they respond as was measured, value, low and high; None where nothing was."""
    gone = measured_response.pooled_response(results.frame(EFFECTS)).reduction
    if gone.status is not Status.OK or treated(results)["margin_at_risk"].isna().all():
        return None
    at_risk = float(treated(results)["margin_at_risk"].sum())
    return gone.value * at_risk, gone.low * at_risk, gone.high * at_risk


def money_range(ends: Sequence[float], currency: str) -> str:
    """Return a value with its limits in money."""
    form = formatting.unit_format("money", currency)
    return f"{form(ends[0])} {formatting.interval(ends[1], ends[2], form)}"


def in_money(results: RunResults, decision: Mapping[str, Any]) -> dict[str, str]:
    """Return what a planned decision brings in money, gain and net, and how the worst case of the list follows.

    One without a measured gain, or with one below its cost, is a test.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    decision : mapping
        A row of ``results/decisions``.
    """
    doubted = _with_doubt(results, decision)
    test = {"decision": _as_test(decision), "net": NOT_KNOWN} | doubted
    if not is_on_list(results, decision):
        return test
    test["decision"] = leadership_contracts_text.with_listed_risks(test["decision"], results.frame("results/actions"))
    if months := leadership_contracts_text.months_to_break_even(results, float(decision["cost"])):
        test["expected_gain"] = months
    worst = formatting.money(-float(decision["worst_case"]), results.currency)
    said = {"worst_case": message("{amount}: every offer is taken up and nobody stays for it", amount=worst)}
    said |= doubted
    if not (gain := saved_margin(results)):
        return test | said
    cost, until = float(decision["cost"]), formatting.date_text(decision["stop_on"])
    net = {"net": money_range([x - cost for x in gain], results.currency)}
    if gain[0] < cost:
        net["decision"] = message("{decision}: the expected gain is below the cost",
                                  decision=_as_test(decision))
    return said | net | {"expected_gain": _gain_in_words(results, gain, cost, until)}


def _with_doubt(results: RunResults, decision: Mapping[str, Any]) -> dict[str, str]:
    """Return the confidence in a decision that contacts people with what checks doubt of whom it may contact."""
    doubt = results.qualified_by("results/action_gates", LISTED)
    if not doubt or NO_CONTROL in str(decision["confidence"]):
        return {}
    return {"confidence": message("{confidence}; {doubt}", confidence=str(decision["confidence"]).rstrip("."),
                                  doubt=formatting.within_sentence(doubt).rstrip("."))}


def _gain_in_words(results: RunResults, gain: Sequence[float], cost: float, until: str) -> str:
    """Return what the list saves until when, and from which cut in churn it pays."""
    listed, response = treated(results), measured_response.pooled_response(results.frame(EFFECTS))
    at_risk, gone = float(listed["margin_at_risk"].sum()), response.reduction
    return message(
        "{amount} of margin to {date}, before the cost: churn of the {n} contacted cut by {share}, as measured; it "
        "pays from a cut of {break_even}", amount=money_range(gain, results.currency),
        n=formatting.whole(len(listed)), date=until,
        break_even=formatting.share(cost / at_risk) if at_risk else formatting.MISSING,
        share=f"{formatting.share(gone.value)} {formatting.interval(gone.low, gone.high, formatting.share)}")
