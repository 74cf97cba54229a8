"""Text on the results of earlier lists: what contact brought in money beside the control group, cost and net."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from helpers.actions import measured_response
from helpers.experiments.action_outcomes import CONTACTED
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Status
from helpers.reporting import decimal_places, formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text.leadership import cannot
from helpers.reporting.translation import message, plural, translatable
from helpers.stats.disclosure_control import people_text

EFFECTS = "results/experiment_effects"

MONEY = ("margin", "net_sales")  # outcomes of lists that are money, the first at hand counts

LEAST_CONTACTED = 0.5  # of a list more than of its control group, below which its result is none of contact

UNEVEN = 1.5  # times as far as the nearer end, from which a range is called uneven

UNMEASURED = 2  # rank of a list without money that can be judged

DAY = r"(\d{4}-\d{2}-\d{2})$"  # ends the name of a list

VERDICTS = {0: translatable("no difference beyond chance"),
            -1: translatable("less than the control group, beyond chance")}


def action_earnings(results: RunResults, costs: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """Return the answer to: what did the last actions earn against their control groups; a sentence a list.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    costs : mapping of str to pair of float
        What each list was to cost, by its name: as expected, and if every offer is taken up [money].
    """
    effects = results.frame(EFFECTS)
    is_list = experiment_decisions_text.is_action_list(effects) if len(effects) else pd.Series(dtype=bool)
    lists = newest_lists(effects[is_list]) if len(effects) else effects
    if lists.empty:
        return (" ".join(filter(None, (
            cannot(translatable("no action list with a random control group has been both carried out and measured")),
            _first_result(results)))), *_otherwise(results, effects[~is_list] if len(effects) else effects))
    rows = [_list_row(name, rows) for name, rows in lists.groupby("experiment")]
    for row in rows:
        row["is_contacted"] = _contact_rate(results, row["primary"]) >= LEAST_CONTACTED
    rows.sort(key=lambda row: (row["rank"], row["name"]))
    told = [_list_sentence(results, row, costs.get(row["name"])) for row in rows if row["rank"] < UNMEASURED]
    verdict = " ".join((_overview(rows), *_best(rows, costs, results.currency)))
    return (verdict, *told, *_too_few(rows, costs, results.currency), *_in_doubt(results, rows),
            *_costs_note(rows, costs))


def margin_by_contact(results: RunResults) -> tuple[float, float, float] | None:
    """Return margin that the newest list brought by contact, with its limits [money]; None where none did clearly."""
    effects = results.frame(EFFECTS)
    is_list = experiment_decisions_text.is_action_list(effects) if len(effects) else pd.Series(dtype=bool)
    rows = [_list_row(name, rows) for name, rows in newest_lists(effects[is_list]).groupby("experiment")] if (
        is_list.any()) else []
    clear = [row["money"] for row in rows if row["rank"] == 0 and row["money"]["metric"] == measured_response.MARGIN
             and _contact_rate(results, row["primary"]) >= LEAST_CONTACTED]
    if len(clear) != 1 or _side(clear[0]) <= 0:
        return None
    value, low, high = (int(clear[0]["n_variant"]) * float(clear[0][c]) for c in ("value", "low", "high"))
    return value, low, high


def _first_result(results: RunResults) -> str:
    """Return when the list asked for today could be the first result; empty where no list has a control group."""
    listed, planned = results.frame("results/actions"), results.frame("results/decisions")
    days = planned["stop_on"].dropna() if len(planned) else planned
    if not len(days) or "variant" not in listed or not listed["variant"].eq("held out").any():
        return ""
    return message("The list asked for today would be the first: who is contacted, once recorded, is compared with its "
                   "control group after {date}.", date=formatting.date_text(days.max()))


def newest_lists(lists: pd.DataFrame) -> pd.DataFrame:
    """Return the lists of the latest day on which any was drawn.

    Parameters
    ----------
    lists : DataFrame
        Rows of ``results/experiment_effects`` of lists that runs drew.
    """
    days = lists["experiment"].str.extract(DAY)[0]
    return lists[days.eq(days.max())]


def _list_row(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Return of a list what decides, what it did in money, and its rank: clear in money, measured, else unmeasured."""
    known = rows[rows["status"].eq(Status.OK.value) & rows["value"].notna()]
    money = [row for metric in MONEY for row in known[known["metric"] == metric].to_dict("records")]
    primary = rows[rows["is_primary"].astype(bool)].to_dict("records")
    first = money[0] if money else None
    rank = UNMEASURED if first is None else 1 if first["low"] <= 0 <= first["high"] else 0
    return {"name": name, "money": first, "primary": primary[0] if primary else rows.to_dict("records")[0],
            "rank": rank}


def _side(row: Mapping[str, Any]) -> int:
    return 1 if row["low"] > 0 else -1 if row["high"] < 0 else 0


def _overview(rows: list[dict[str, Any]]) -> str:
    """Return how many lists of the day earned more than their control groups, and how many cannot tell in money."""
    day = formatting.date_text(rows[0]["name"][-len("2026-06-30"):])
    n_more = sum(row["rank"] < UNMEASURED and row["is_contacted"] and _side(row["money"]) > 0 for row in rows)
    n_none = sum(row["rank"] == UNMEASURED for row in rows)
    n_idle = sum(row["rank"] < UNMEASURED and not row["is_contacted"] for row in rows)
    n_same = sum(row["rank"] < UNMEASURED and row["is_contacted"] and not _side(row["money"]) for row in rows)
    lists = plural("{n} list", "{n} lists", len(rows), n=len(rows))
    said = plural("Of {lists} drawn on {date} {n_more} earned more than its control group, beyond chance",
                  "Of {lists} drawn on {date} {n_more} earned more than their control groups, beyond chance",
                  n_more, lists=lists, date=day, n_more=n_more)
    if n_idle:
        said = plural("{sentence}; {n} was not carried out", "{sentence}; {n} were not carried out", n_idle, n=n_idle,
                      sentence=said)
    if n_same:
        said = plural("{sentence}; {n} shows no difference beyond chance",
                      "{sentence}; {n} show no difference beyond chance", n_same, n=n_same, sentence=said)
    told = plural("{sentence}; {n} was too small to tell in money", "{sentence}; {n} were too small to tell in money",
                  n_none, n=n_none, sentence=said) if n_none else said
    return message("{sentence}.", sentence=told)


def _best(rows: list[dict[str, Any]], costs: Mapping[str, tuple[float, float]], currency: str) -> list[str]:
    """Return of the lists that earned more than their control groups what each brought, and what is left of it."""
    form, said = formatting.unit_format("money", currency), []
    for row in rows:
        money = row["money"]
        if money is None or not row["is_contacted"] or _side(money) <= 0:
            continue
        name = formatting.sentence_case(experiments_text.experiment_name(money).partition(" of ")[0])
        brought = [int(money["n_variant"]) * float(money[c]) for c in ("value", "low", "high")]
        places = {"list": name, "amount": _range(brought, form),
                  "metric": experiments_text.metric_name(money).removeprefix("the ").lower()}
        if row["name"] not in costs or money["metric"] != measured_response.MARGIN:
            said.append(message("{list}: {amount} of {metric}.", **places))
            continue
        net = [x - costs[row["name"]][0] for x in brought]
        said.append(message("{list}: {amount} of {metric}, {net} after planned cost.", **places,
                            net=_range(net, form)))
    return said


def _list_sentence(results: RunResults, row: Mapping[str, Any], costs: tuple[float, float] | None) -> str:
    """Return what a list brought beside its control group, what it cost and what is left."""
    money, form = row["money"], formatting.unit_format("money", results.currency)
    if not row["is_contacted"]:
        return _not_carried_out(results, money)
    n, ends = int(money["n_variant"]), tuple(float(money[c]) for c in ("value", "low", "high"))
    caveats = [*experiments_text.caveats(money, results.gates("results/experiment_gates")), *_uneven(money)]
    name = formatting.sentence_case(experiments_text.experiment_name(money).partition(" of ")[0])
    name = _contacted_share(name, *_contact_shares(results, money))
    groups = message("{list}: {n} drawn for contact, {n_control} in the control group", list=name, n=people_text(n),
                     n_control=people_text(int(money["n_control"])))
    caveat = f" (caution: {formatting.join_words(caveats)})" if caveats else ""
    said = (message("{list}{caveat}", list=groups, caveat=caveat) if _side(money) > 0 else
            message("{list}: {metric} {amount}, {verdict}{caveat}", list=groups, caveat=caveat,
                    metric=experiments_text.metric_name(money).removeprefix("the ").lower(),
                    amount=_range([n * x for x in ends], form), verdict=VERDICTS[_side(money)]))
    if costs is None:
        return message("{sentence}; its cost is not recorded, so that the net is not known.", sentence=said)
    cost, most = costs
    if money["metric"] != measured_response.MARGIN:
        return message("{sentence}; cost {cost}.", sentence=said, cost=form(cost))
    net = [n * x - cost for x in ends]
    sure = (translatable("at that cost it paid") if net[1] > 0 else translatable("at that cost it lost money")
            if net[2] < 0 else translatable("whether it paid is open"))
    told = (message("{sentence}; planned cost {cost}: {verdict}.", sentence=said, cost=form(cost), verdict=sure)
            if _side(money) > 0 else
            message("{sentence}; planned cost {cost}, net {amount}: {verdict}.", sentence=said, cost=form(cost),
                    amount=_range(net, form), verdict=sure))
    if most <= cost:
        return told
    least = message("Had every offer been taken up, it cost {cost}, and net {amount} is left.", cost=form(most),
                    amount=_range([n * x - most for x in ends], form))
    return f"{told} {least}"


def _not_carried_out(results: RunResults, money: Mapping[str, Any]) -> str:
    """Return that a list was not carried out, so that what its customers bought is no earning of it."""
    name = formatting.sentence_case(experiments_text.experiment_name(money).partition(" of ")[0])
    return message("{list}: not carried out as drawn. Of {n} drawn for contact only {share} more were contacted than "
                   "of {n_control} in the control group, so it earned nothing, and no cost counts.", list=name,
                   n=people_text(int(money["n_variant"])), n_control=people_text(int(money["n_control"])),
                   share=formatting.share(_contact_rate(results, money)))


def _contact_rate(results: RunResults, money: Mapping[str, Any]) -> float:
    """Return by how much more of a list were contacted than of its control group [share]; 1 where nothing is told."""
    gates = results.gates("results/experiment_gates")
    own = gates.loc[gates["gate"].eq(f"{experiments_text.experiment_name(money)}: carried out"), "statistic"].dropna()
    return float(own.iloc[0]) if len(own) else 1.0


def _uneven(money: Mapping[str, Any]) -> list[str]:
    """Return why a range lies unevenly about its value; nothing where it does not, or where no reason is recorded."""
    below, above = (abs(float(money[end]) - float(money["value"])) for end in ("low", "high"))
    if not money.get("note") or max(below, above) <= UNEVEN * min(below, above):
        return []
    return [message("the range is uneven, since few of the control group have any {metric}",
                    metric=experiments_text.metric_name(money).removeprefix("the ").lower())]


def _in_doubt(results: RunResults, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return of which lists without a result in money it is in doubt whether all drawn for contact were contacted."""
    gates = results.gates("results/experiment_gates")
    crossed = set(gates.loc[gates["is_crossed"].astype(bool), "gate"])
    doubted = [row for row in rows if row["rank"] == UNMEASURED
               and f"{experiments_text.experiment_name(row['primary'])}: carried out" in crossed]
    named = [_contacted_share(readable_id(row["name"]).partition(" of ")[0], *_contact_shares(results, row["primary"]))
             for row in doubted]
    return (message("Not all that were drawn were contacted, or it is not recorded: {lists}.", lists=named),
            ) if named else ()


def _contact_shares(results: RunResults, money: Mapping[str, Any]) -> tuple[float, float]:
    """Return which share of a list and of its control group were contacted; of the control group NaN if not told."""
    effects = results.frame(EFFECTS)
    rows = effects[effects["experiment"].eq(money["experiment"]) & effects["metric"].eq(CONTACTED)]
    both = rows[["mean_variant", "mean_control"]].dropna()
    if len(both):
        return float(both["mean_variant"].iloc[0]), float(both["mean_control"].iloc[0])
    return _contact_rate(results, money), math.nan


def _contacted_share(name: str, share: float, of_control: float) -> str:
    """Return a list with the share contacted beside that of its control group, where it is recorded."""
    if share >= 1 and not of_control > 0:
        return name
    places = {"list": name, "share": formatting.share(share)}
    if math.isnan(of_control):
        return message("{list} ({share} more contacted than of the control group)", **places)
    if not of_control:
        return message("{list} ({share} of those drawn were contacted, none of the control group)", **places)
    return message("{list} ({share} of those drawn were contacted, {share_control} of the control group)", **places,
                   share_control=formatting.share(of_control))


def _range(ends: list[float], form: formatting.Form) -> str:
    return f"{form(ends[0])} {formatting.interval(ends[1], ends[2], form)}"


def _too_few(
    rows: list[dict[str, Any]], costs: Mapping[str, tuple[float, float]], currency: str
) -> tuple[str, ...]:
    """Return which lists cannot tell what they brought, with how many people they had; or why one alone cannot."""
    left = [row for row in rows if row["rank"] == UNMEASURED]
    if not left:
        return ()
    reasons = {str(row["primary"]["reason"]).rstrip(".") for row in left}
    if len(left) == 1 and len(rows) == 1:
        return (message("The {list} has no outcome in money that can be judged: {reason}.",
                        list=readable_id(left[0]["name"]), reason=next(iter(reasons))),)
    named = [message("{list} ({n} drawn for contact, {n_control} in the control group)",
                     list=readable_id(row["name"]).partition(" of ")[0],
                     n=people_text(int(row["primary"]["n_variant"])),
                     n_control=people_text(int(row["primary"]["n_control"]))) for row in left]
    lost = [costs[row["name"]][1] for row in left if row["name"] in costs]
    bound = (message("At worst they cost {cost} for nothing.", cost=formatting.money(sum(lost), currency))
             if len(lost) == len(left) else "")
    return (" ".join(filter(None, (message("Too few to tell what they brought: {lists}.", lists=named), bound))),)


def _costs_note(rows: list[dict[str, Any]], costs: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """Return what costs stand for, and that lists are not added up, where any is told."""
    n_told, first = sum(row["rank"] < UNMEASURED for row in rows), rows[0]["primary"]
    days = [first.get(name) for name in ("started_on", "stop_on")]
    counted = [] if any(map(decimal_places.is_missing, days)) else [
        message("Counted from the day after the draw to {date}.", date=formatting.date_text(days[1]))]
    is_costed = any(row["name"] in costs for row in rows if row["rank"] < UNMEASURED)
    costs_are = [message("Costs are those planned when the lists were drawn, at the uptake assumed then; what was paid "
                         "is not on record.")] if is_costed else []
    apart = [message("Lists are not added up, since a customer may stand on two.")] if n_told > 1 else []
    return (*counted, *costs_are, *apart)


def _otherwise(results: RunResults, others: pd.DataFrame) -> tuple[str, ...]:
    """Return what was found in experiments that no action list drew."""
    if others.empty:
        return ()
    found = leadership_findings_text.experiments_finding(
        RunResults(dict(results.tables) | {EFFECTS: others}, results.currency))
    return (message("Tried otherwise, with units assigned at random: {finding}", finding=found[0]),)
