"""Text of the leadership page's decisions: what is asked for today, and on what terms."""

import re
from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import Any

import pandas as pd

from helpers.reporting import decimal_places, formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import actions as actions_text
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_contracts as leadership_contracts_text
from helpers.reporting.text import leadership_planned as leadership_planned_text
from helpers.reporting.text.leadership_planned import NO_NET, NOT_KNOWN
from helpers.reporting.translation import message, plural

EFFECTS = "results/experiment_effects"


MOST_AT_A_GLANCE = 4  # decisions that a first screen has room for

TERMS = ("decision", "cost", "expected_gain", "net", "worst_case", "confidence", "owner", "stop_on")

BRIEF_TERMS = tuple(term for term in TERMS if term != "confidence")

Asked = tuple[dict[str, str], dict[str, Any]]  # a decision in full, as text, and in brief

UNNAMED = frozenset({"not named", "not recorded", "nobody yet", ""})  # what stands where no owner is declared


def decision_rows(results: RunResults) -> pd.DataFrame:
    """Return the decisions asked for as text, the first column what is asked: the plan's, then one an experiment."""
    rows = [full for full, _ in results.once(_asked)]
    return pd.DataFrame([dict.fromkeys(TERMS, "") | row | {"owner": _owner(row["owner"])} for row in rows],
                        columns=list(TERMS))


def _asked(results: RunResults) -> list[Asked]:
    """Return decisions in full and in brief; where there are many, small ones and those that only end something as one.

    In brief each has what it costs and loses at worst [money], and whether its gain is known and it is over.
    """
    decisions, review_on = leadership_text.asked_decisions(results), leadership_text.review_on(results)
    records = _records(results)
    pairs = list(zip(records, leadership_contracts_text.brief_records_asked(records, _review_day(results)),
                     strict=True))
    planned = [_planned(results, row, decision) for row, decision in zip(
        actions_text.decision_rows(decisions, results.currency).to_dict("records"), decisions.to_dict("records"),
        strict=True)]
    effects = results.frame(EFFECTS)
    calls = experiment_decisions_text.experiment_calls(
        effects, experiment_decisions_text.days_until(results.as_of, review_on))
    tried = [(row, row | experiment_decisions_text.brief_terms(call, results.currency, results.as_of, review_on)
              | {"amounts": [call.amounts], "net_value": call.payoff.net[0] if call.payoff else 0.0,
                 "is_known": call.kind == "ship", "is_over": call.is_over,
                 "is_undeclared": bool(call.kind == "ship" and call.payoff and call.payoff.is_cost_open)})
             for row, call in zip(_tried(results), calls, strict=True)]
    again, small, over = _repeats(results), [], []
    if len(pairs) + len(planned) + len(tried) + len(again) > MOST_AT_A_GLANCE:
        is_small = [not _is_known(brief) and not brief["is_on_list"] for _, brief in planned]
        planned, small = _together(planned, is_small, message("Small tests and duties"), results.currency)
        tried, over = _together(tried, [call.is_over for call in calls], message("End what does not pay"),
                                results.currency)
    return [*pairs, *planned, *tried, *small, *over, *again]


def _planned(
    results: RunResults, row: dict[str, str], decision: Mapping[str, Any]
) -> Asked:
    """Return a decision of the plan in full and in brief."""
    full = dict.fromkeys(TERMS, "") | row | leadership_planned_text.in_money(results, decision)
    return full, full | leadership_planned_text.in_brief(results, decision) | {
        "amounts": [(float(decision["cost"]), float(decision["worst_case"]))],
        "is_on_list": leadership_planned_text.is_on_list(results, decision)}


def _is_known(brief: Mapping[str, Any]) -> bool:
    """Return whether the net gain of a decision is known."""
    return bool(brief.get("is_known", brief["net"] not in (NO_NET, NOT_KNOWN)))


def _together(
    pairs: Sequence[Asked], is_small: Sequence[bool], name: str, currency: str
) -> tuple[list[Asked], list[Asked]]:
    """Return the decisions that stand alone, and the small ones, where several, as one with letters."""
    small = [pair for pair, is_part in zip(pairs, is_small, strict=True) if is_part]
    if len(small) < 2:
        return list(pairs), []
    small = [(row | {"owner": _owner(row["owner"])}, brief) for row, brief in small]
    full = {term: message("; ").join(
        message("({letter}) {said}", letter=letter, said=row[term]) for letter, (row, _) in zip(ascii_lowercase, small,
                                                                                              strict=False))
        for term in TERMS}
    full |= {term: small[0][0][term] for term in ("net", "owner", "stop_on") if len(
        {row[term] for row, _ in small}) == 1}
    owners = {row["owner"] for row, _ in small}
    amounts = [amount for _, brief in small for amount in brief["amounts"]]
    cost, worst = (leadership_text.total_as_shown([x * a[i] for a in amounts], currency) for i, x in ((0, 1), (1, -1)))
    full["decision"] = message("{name}: {decisions}", name=name, decisions=full["decision"])
    if any(cost for cost, _ in amounts):
        full |= {"cost": message("{total} in all: {parts}", total=cost, parts=full["cost"]),
                 "worst_case": message("{total} in all: {parts}", total=worst, parts=full["worst_case"])}
    days = {brief["stop_on"] for _, brief in small}
    brief = {"decision": name, "cost": cost, "expected_gain": NOT_KNOWN, "net": NO_NET, "worst_case": worst,
             "owner": next(iter(owners)) if len(owners) == 1 else message("several"),
             "stop_on": next(iter(days)) if len(days) == 1 else message("see below"), "amounts": amounts,
             "is_known": False, "is_over": all(brief.get("is_over", False) for _, brief in small),
             "parts": [brief["decision"] for _, brief in small]}
    return [pair for pair, is_part in zip(pairs, is_small, strict=True) if not is_part], [(full, brief)]


def _repeats(results: RunResults) -> list[Asked]:
    """Return that invalid experiments are to be repeated, in full and in brief; lists that runs drew are not."""
    effects = results.frame(EFFECTS)
    if effects.empty:
        return []
    own = effects[effects["verdict"].eq("invalid") & ~experiment_decisions_text.is_action_list(effects)]
    return [_repeat(results, rows.to_dict("records")[0]) for _, rows in own.groupby("experiment", sort=False)]


def _repeat(results: RunResults, row: Mapping[str, Any]) -> Asked:
    """Return that an invalid experiment is to be repeated, in full and in brief."""
    cost = row.get("treatment_cost")
    paid = message("not declared: asked of its owner") if cost is None or decimal_places.is_missing(cost) else message(
        "{amount} a unit treated, as its plan declares; mending it is not counted",
        amount=formatting.money(float(cost), results.currency))
    owner = row.get("owner")
    full = {"decision": message("Repeat {experiment} with a mended assignment, once its cost is declared",
                                experiment=experiments_text.experiment_name(row)),
            "cost": paid, "expected_gain": message("whether it does anything can be told then"), "net": NOT_KNOWN,
            "worst_case": message("its cost, to be declared, and nothing is learnt"),
            "confidence": message("none: the result at hand is invalid"),
            "owner": "" if decimal_places.is_missing(owner) else str(owner), "stop_on": _review_day(results)}
    return full, full | {"decision": message("Repeat {experiment}", experiment=experiments_text.experiment_name(row)),
                         "cost": NO_NET, "net": NO_NET, "worst_case": NO_NET, "amounts": [(0.0, 0.0)],
                         "is_known": False, "is_over": False, "is_undeclared": True}


def _records(results: RunResults) -> list[dict[str, str]]:
    """Return the decision on records that are missing, first of all: without them the others cannot be judged."""
    return leadership_contracts_text.records_asked(results, _review_day(results))


def _review_day(results: RunResults) -> str:
    review_on = leadership_text.review_on(results)
    return formatting.date_text(review_on) if review_on else experiment_decisions_text.NOT_RECORDED


def _tried(results: RunResults) -> list[dict[str, str]]:
    """Return the decisions that verdicts of experiments ask for."""
    return experiment_decisions_text.experiment_decisions(
        results.frame(EFFECTS), results.gates("results/experiment_gates"), results.currency, results.as_of,
        leadership_text.review_on(results))


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
    cost, worst = _totals(others, currency)
    owners = {name for row in others for name in re.split(", | and ", row["owner"])}
    days = {row["stop_on"] for row in others if not row["is_over"]}
    return [*alone, {
        "decision": message("{n} others", n=len(others)),
        "cost": message("≥ {amount}", amount=cost) if any(row.get("is_undeclared", False) for row in others) else cost,
        "expected_gain": NOT_KNOWN, "net": NO_NET, "worst_case": worst,
        "owner": next(iter(owners)) if len(owners) == 1 else NO_NET,
        "stop_on": next(iter(days)) if len(days) == 1 else message("see below")}]


def _totals(rows: Sequence[Mapping[str, Any]], currency: str) -> tuple[str, str]:
    """Return what decisions cost, and what they change at worst, as they add up in print."""
    amounts = [amount for row in rows for amount in row["amounts"]]
    cost, worst = (leadership_text.total_as_shown([x * amount[i] for amount in amounts], currency)
                   for i, x in ((0, 1), (1, -1)))
    return cost, worst


def _rows_in_brief(results: RunResults) -> list[dict[str, Any]]:
    """Return all decisions in brief, each with whether its gain is known, and with cost and loss at worst [money]."""
    return [{"is_over": False} | brief | {"owner": _owner(brief["owner"]), "is_known": _is_known(brief)}
            for _, brief in results.once(_asked)]


def decision_today(results: RunResults) -> tuple[str, ...]:
    """Return the answer to: which decision is asked for today; what each asks for stands in full above."""
    rows = _rows_in_brief(results)
    if not rows:
        if results.has(EFFECTS):
            return (message("None: there is no list of customers to act on, and no verdict on an experiment asks for "
                            "one."),)
        return (message("None: there is no list of customers to act on."),)
    cost, worst = _totals(rows, results.currency)
    opening = plural("{n} decision is asked for: it is expected to cost {cost} and loses {worst} at worst.",
                     "{n} decisions are asked for: together they are expected to cost {cost} and lose {worst} at "
                     "worst.", len(rows), n=len(rows), cost=cost, worst=worst.removeprefix("−"))
    if undeclared := [row["decision"] for row in rows if row.get("is_undeclared", False)]:
        opening = " ".join((opening, message("Not in it, as not declared: what {decisions} costs.",
                                             decisions=undeclared)))
    if _records(results):
        opening = " ".join((opening, message("What recording the days of ends costs is not estimated and not in it.")))
    known = [message("{decision} (net {net})", decision=row["decision"], net=row["net"] or row["expected_gain"])
             for row in rows if row["is_known"] and not row["is_over"]]
    first = message("Most is expected of {decision}.", decision=known.pop(_largest(rows))) if known else (
        plural("What it gains is not known yet.", "What they gain is not known yet.", len(rows)))
    unknown = [row["decision"] for row in rows if not row["is_known"] and not row["is_over"]]
    over = [part for row in rows if row["is_over"] for part in row.get("parts", [row["decision"]])]
    said = (*([message("Known too is the gain of: {decisions}.", decisions=known)] if known else []),
            *([message("With a gain that is not known yet: {decisions}.", decisions=unknown)] if unknown else []),
            *([message("To be ended, at no cost: {decisions}.", decisions=over)] if over else []),
            *leadership_text.not_asked(results),
            message("Cost, expected gain, worst case, owner and stop date of each stand under “Decisions asked for, in "
                    "full”."))
    return f"{opening} {first}", " ".join(said)


def _largest(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return which of the decisions whose gain is known has the largest net gain: the first without an amount."""
    known = [row for row in rows if row["is_known"] and not row["is_over"]]
    return max(range(len(known)), key=lambda i: known[i].get("net_value", 0.0))
