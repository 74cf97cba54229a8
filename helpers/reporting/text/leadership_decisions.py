"""Text of the leadership page's decisions: what is asked for today, and on what terms."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from helpers.actions import measured_response
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import actions as actions_text
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_contracts as leadership_contracts_text
from helpers.reporting.text import leadership_outlook as leadership_outlook_text
from helpers.reporting.translation import message, plural, translatable
from helpers.stats.disclosure_control import LEAST_PEOPLE, people_text

EFFECTS, SCORES = "results/experiment_effects", "results/churn_scores"

CENT = 0.01
LISTED = "the list of customers to contact"  # what checks of the plan call its list

TEST_END = ", as a test"  # of decisions that ask for a test by themselves

MOST_AT_A_GLANCE = 4  # decisions that a first screen has room for

TERMS = ("decision", "cost", "expected_gain", "net", "worst_case", "confidence", "owner", "stop_on")

BRIEF_TERMS = tuple(term for term in TERMS if term != "confidence")

NO_NET = "–"
UNNAMED = frozenset({"not named", "not recorded", "nobody yet", ""})  # what stands where no owner is declared

AS_TEST, ON_TRIAL, NOT_KNOWN = (translatable("{decision}, as a test"),
                                translatable("{decision}, on trial without a control group"),
                                translatable("not known"))

OWED = "owed to"  # in the gain of what is done for those whom the company failed, neither tested nor tried

NO_CONTROL = "no control group"  # what a decision without one says


def decision_rows(results: RunResults) -> pd.DataFrame:
    """Return the decisions asked for as text, the first column what is asked: the plan's, then one an experiment."""
    decisions = leadership_text.asked_decisions(results)
    planned = actions_text.decision_rows(decisions, results.currency).to_dict("records")
    planned = [row | _in_money(results, decision)
               for row, decision in zip(planned, decisions.to_dict("records"), strict=True)]
    rows = [dict.fromkeys(TERMS, "") | row for row in [*_records(results), *planned, *_tried(results)]]
    return pd.DataFrame([row | {"owner": _owner(row["owner"])} for row in rows], columns=list(TERMS))


def _records(results: RunResults) -> list[dict[str, str]]:
    """Return the decision on records that are missing, first of all: without them the others cannot be judged."""
    return leadership_contracts_text.records_asked(results, _review_day(results))


def _review_day(results: RunResults) -> str:
    review_on = _review_on(results)
    return formatting.date_text(review_on) if review_on else experiment_decisions_text.NOT_RECORDED


def _tried(results: RunResults) -> list[dict[str, str]]:
    """Return the decisions that verdicts of experiments ask for."""
    return experiment_decisions_text.experiment_decisions(
        results.frame(EFFECTS), results.gates("results/experiment_gates"), results.currency, results.as_of,
        _review_on(results))


def _review_on(results: RunResults) -> date | None:
    """Return the day on which what experiments ask for is looked at again: that on which the plan stops."""
    planned = results.frame("results/decisions")
    days = planned["stop_on"].dropna() if len(planned) else planned
    return days.max().date() if len(days) else None


def _owner(name: str) -> str:
    """Return who answers for a decision; where nobody is named, that this is asked for too."""
    return message("nobody is named yet: name one today") if name in UNNAMED else name


def brief_decision_rows(results: RunResults) -> pd.DataFrame:
    """Return decisions asked for in as few words as a first screen has room for: at most `MOST_AT_A_GLANCE` rows.

    Where there are more, those whose net gain is known come first, and the last row has what the others cost together,
    so that all are counted. Of the list it says how many are contacted and kept as control, of money the net; how
    these follow stands in the rows in full. A day to stop on that all have in common is told in the heading.
    """
    rows = _in_few_rows(_rows_in_brief(results), results.currency)
    brief = pd.DataFrame(rows, columns=list(BRIEF_TERMS))
    brief = brief.assign(net=brief["net"].where(brief["net"].ne(""), brief["expected_gain"])).drop(
        columns="expected_gain")
    days = brief["stop_on"].unique()
    if len(days) != 1 or not days[0]:
        return brief
    return brief.drop(columns="stop_on").rename(columns={"owner": message("owner, until {date}", date=days[0])})


def _in_few_rows(rows: Sequence[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
    """Return decisions in brief: where there are many, those whose gain is known first, and the others together."""
    if len(rows) <= MOST_AT_A_GLANCE:
        return list(rows)
    by_use = sorted(rows, key=lambda row: not row["is_known"])  # stable: otherwise as they stand in full
    alone, others = by_use[:MOST_AT_A_GLANCE - 1], by_use[MOST_AT_A_GLANCE - 1:]
    cost, worst = (leadership_text.total_as_shown([x * r["amounts"][i] for r in others], currency)
                   for i, x in ((0, 1), (1, -1)))
    owners = {name for row in others for name in re.split(", | and ", row["owner"])}
    days = {row["stop_on"] for row in others if not row["is_over"]}
    return [*alone, {
        "decision": message("{n} others", n=len(others)), "cost": cost,
        "expected_gain": NOT_KNOWN, "net": NO_NET, "worst_case": worst,
        "owner": next(iter(owners)) if len(owners) == 1 else message("several"),
        "stop_on": next(iter(days)) if len(days) == 1 else message("see below")}]


def _rows_in_brief(results: RunResults) -> list[dict[str, Any]]:
    """Return all decisions in brief, each with whether its gain is known, and with cost and loss at worst [money]."""
    full = decision_rows(results)[list(BRIEF_TERMS)].to_dict("records")
    planned, effects = leadership_text.asked_decisions(results).to_dict("records"), results.frame(EFFECTS)
    n_records = len(_records(results))
    records = leadership_contracts_text.brief_records_asked(full[:n_records], _review_day(results))
    full = full[n_records:]
    rows = [row | _in_brief(results, decision) | {"amounts": (float(decision["cost"]), float(decision["worst_case"]))}
            for row, decision in zip(full, planned, strict=False)]
    review_on = _review_on(results)
    days = experiment_decisions_text.days_until(results.as_of, review_on)
    tried = zip(full[len(rows):], experiment_decisions_text.experiment_calls(effects, days), strict=True)
    rows += [row | experiment_decisions_text.brief_terms(call, results.currency, results.as_of, review_on)
             | {"amounts": call.amounts, "is_known": call.kind == "ship", "is_over": call.is_over}
             for row, call in tried]
    return [{"is_known": row["net"] not in (NO_NET, NOT_KNOWN), "is_over": False} | row for row in [*records, *rows]]


def _in_brief(results: RunResults, decision: Mapping[str, Any]) -> dict[str, str]:
    """Return the terms of a planned decision without how they follow."""
    n = results.frame("results/actions").get("variant", pd.Series(dtype="str")).value_counts()
    brief = {"worst_case": formatting.money(-float(decision["worst_case"]), results.currency),
             "decision": _test_in_brief(_headword(decision["decision"]),
                                       is_trial=_is_trial(decision),
                                       is_owed=OWED in str(decision["gain"])), "expected_gain": NOT_KNOWN,
             "net": NO_NET}
    if not _is_on_list(results, decision):
        return brief
    if gain := saved_margin(results):
        net = [x - float(decision["cost"]) for x in gain]
        brief |= {"expected_gain": message("{amount} up to {date}", amount=_money_range(gain, results.currency),
                                           date=formatting.date_text(decision["stop_on"])),
                  "net": _money_range(net, results.currency)}
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


def _is_on_list(results: RunResults, decision: Mapping[str, Any]) -> bool:
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
    doubted = _with_doubt(results, decision)
    test = {"decision": _as_test(decision), "net": NOT_KNOWN} | doubted
    if not _is_on_list(results, decision):
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
    net = {"net": _money_range([x - cost for x in gain], results.currency)}
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
        "pays from a cut of {break_even}", amount=_money_range(gain, results.currency),
        n=formatting.whole(len(listed)), date=until,
        break_even=formatting.share(cost / at_risk) if at_risk else formatting.MISSING,
        share=f"{formatting.share(gone.value)} {formatting.interval(gone.low, gone.high, formatting.share)}")


def savable(results: RunResults, stake: Estimate) -> str:
    """Return how much of the margin at risk contact can save, by what earlier lists have measured."""
    measured = measured_response.pooled_response(results.frame(EFFECTS), results.currency)
    if not measured.is_measured:
        return message("how much of it can be saved cannot be said until an action is tried on customers drawn at "
                       "random.")
    found = message("contact {response} ({people})", people=measured_response.response_people(measured),
                    response=measured_response.response_sentence(replace(measured, margin=measured_response.NO_MARGIN)))
    gone = measured.reduction
    if stake.status is not Status.OK or gone.status is not Status.OK:
        return message("{sentence}.", sentence=found)
    form = formatting.unit_format("money", results.currency)
    value, low, high = leadership_outlook_text.product_interval(gone, stake)
    saved = message("{response}. Were everybody at risk contacted and did they respond alike, {amount} of it would be "
                    "saved, before the cost of contact.", response=found,
                    amount=f"{form(value)} {formatting.interval(low, high, form)}")
    return " ".join(filter(None, (saved, _net_of_contact(results, (value, low, high)), _beside_the_list(results))))


def _beside_the_list(results: RunResults) -> str:
    """Return what today's list is to save; empty without a list."""
    listed = treated(results)
    if len(listed) < LEAST_PEOPLE or not (gain := saved_margin(results)):
        return ""
    form = formatting.unit_format("money", results.currency)
    said = message("Of it the list asked for today, of {n} customers who may be contacted, is to save {amount}.",
                   n=formatting.whole(len(listed)),
                   amount=f"{form(gain[0])} {formatting.interval(gain[1], gain[2], form)}")
    each = measured_response.pooled_response(results.frame(EFFECTS), results.currency).margin
    if each.status is not Status.OK or gain[0] / len(listed) >= each.value:
        return said
    why = message("That is {each} a customer, against {earned} measured before: what those buy more who stay is not "
                  "counted.", each=form(gain[0] / len(listed)), earned=form(each.value))
    return f"{said} {why}"


def _net_of_contact(results: RunResults, saved: tuple[float, float, float]) -> str:
    """Return what is left of the margin saved once everybody at risk is contacted at the cost of the list's customers.

    Empty without a list.
    """
    listed, scores = treated(results), results.frame(SCORES)
    if len(listed) < LEAST_PEOPLE:
        return ""
    n, each = int(scores["churn_probability"].notna().sum()), float(listed["cost_expected"].mean())
    form = formatting.unit_format("money", results.currency)
    net = [x - n * each for x in saved]
    verdict = (translatable("it pays") if net[1] > 0 else translatable("it costs more than it saves") if net[2] < 0
               else translatable("whether it pays is open"))
    return message("At the list's {each} a customer, contacting all {n}, as if all might be, costs {cost}, and "
                   "net {net} is left: "
                   "{verdict}.", each=form(each), n=formatting.whole(n), cost=form(n * each), verdict=verdict,
                   net=f"{form(net[0])} {formatting.interval(net[1], net[2], form)}")


def decision_today(results: RunResults) -> tuple[str, ...]:
    """Return the answer to: which decision is asked for today; what each asks for stands in full above."""
    rows = _rows_in_brief(results)
    if not rows:
        if results.has(EFFECTS):
            return (message("None: there is no list of customers to act on, and no verdict on an experiment asks for "
                            "one."),)
        return (message("None: there is no list of customers to act on."),)
    cost, worst = (leadership_text.total_as_shown([row["amounts"][i] for row in rows], results.currency)
                   for i in (0, 1))
    opening = plural("{n} decision is asked for: it is expected to cost {cost} and loses {worst} at worst.",
                     "{n} decisions are asked for: together they are expected to cost {cost} and lose {worst} at "
                     "worst.", len(rows), n=len(rows), cost=cost, worst=worst)
    if _records(results):
        opening = " ".join((opening, message("What recording the days of ends costs is not estimated and not in it.")))
    known = [message("{decision} (net {net})", decision=row["decision"], net=row["net"] or row["expected_gain"])
             for row in rows if row["is_known"] and not row["is_over"]]
    unknown = [row["decision"] for row in rows if not row["is_known"] and not row["is_over"]]
    over = [row["decision"] for row in rows if row["is_over"]]
    said = (opening, *([message("With a known gain: {decisions}.", decisions=known)] if known else []),
            *([message("With a gain that is not known yet: {decisions}.", decisions=unknown)] if unknown else []),
            *([message("To be ended, at no cost: {decisions}.", decisions=over)] if over else []),
            *leadership_text.not_asked(results), *leadership_text.to_repeat(results.frame(EFFECTS)),
            message("Cost, expected gain, worst case, owner and stop date of each stand under “Decisions asked for, in "
                    "full”."))
    return (" ".join(said),)
