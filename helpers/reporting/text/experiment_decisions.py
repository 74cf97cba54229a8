"""Text of the decisions that verdicts of experiments ask for: what, gain, worst case, who acts."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.customers.random_assignment import EXPERIMENT_PREFIXES
from helpers.reporting import decimal_places, formatting
from helpers.reporting.text.experiments import (
    MOST_NAMED,
    arm_name,
    difference_forms,
    difference_words,
    effect_sentence,
    experiment_name,
    metric_name,
)
from helpers.reporting.translation import message

MOST_ASKED, MOST_BRIEF = 3, 1

MONEY_METRICS = ("margin", "net_sales", "sales")  # the first that an experiment has is told beside what decides

NOT_RECORDED = "not recorded"


def experiment_decision(effects: pd.DataFrame, gates: pd.DataFrame, currency: str = "") -> dict[str, str]:
    """Return the decision that verdicts ask for, as text: which arms to ship and to stop; empty where none is due.

    Lists that runs drew are left to the action plan, which pools their rounds.

    Parameters
    ----------
    effects, gates : DataFrame
        ``results/experiment_effects`` and ``results/experiment_gates``.
    currency : str
        Of differences in money.
    """
    if (due := _due(effects)).empty:
        return {}
    ship, stop = (due[due["verdict"] == verdict].to_dict("records") for verdict in ("ship", "stop"))
    asked = [f"{verb} {formatting.join_words(_named(rows))}" for verb, rows in (("ship", ship), ("stop", stop)) if rows]
    named = _by_row(due)
    gains = [f"{named(row)} {effect_sentence(row, currency).removeprefix('it ')}{_in_money(effects, row, currency)}"
             f"{_worth(row, currency)}" for row in ship[:MOST_NAMED]]
    none = [f"{named(row)} {difference_words(row, currency)}" for row in stop[:MOST_NAMED]]
    own = tuple(f"{experiment_name(row)}: " for row in due.to_dict("records"))
    touched = gates[gates["is_crossed"].astype(bool) & gates["level"].ne("note")]
    crossed = [str(gate) for gate in touched["gate"] if str(gate).startswith(own)]
    return {"decision": formatting.sentence_case("; ".join(asked)), "cost": _costs(ship[:MOST_NAMED], named, currency),
            "expected_gain": "; ".join([formatting.join_words(gains, "none: no arm is better by its plan"), *none]),
            "worst_case": _worse_ends(ship[:MOST_NAMED], named, currency),
            "confidence": f"assigned at random, {_crossed(crossed)}"
            + ("; not all were planned" if due["is_exploratory"].any() else ""), "owner": _owners(due)}


def _due(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose verdict asks for a decision; lists that runs drew are left out."""
    if effects.empty:
        return effects
    is_list = effects["experiment"].str.startswith(tuple(EXPERIMENT_PREFIXES.values()))
    return effects[effects["verdict"].isin(["ship", "stop"]) & ~is_list]


def brief_terms(effects: pd.DataFrame, currency: str = "") -> dict[str, str]:
    """Return the terms of the decision in as few words as a first screen has room for; empty without one.

    What is shipped first stands for itself, further arms and owners are counted.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    currency : str
        Of differences in money.
    """
    due = _due(effects)
    shipped, stopped = (due[due["verdict"] == verdict].to_dict("records") if len(due) else []
                        for verdict in ("ship", "stop"))
    rows = sorted(shipped, key=lambda row: (experiment_name(row), arm_name(row["variant"])))[:MOST_BRIEF]  # as named
    if not rows:
        return {}
    asked = [f"ship {_first(_named(shipped))}",
             *([f"stop {formatting.count_text(len(stopped), 'arm', 'arms')}"] if stopped else [])]
    told = [_money_row(effects, row) or row for row in rows]
    gains = [message("{metric} {amount}", metric=metric_name(row).removeprefix("the "), amount=_size(row, currency))
             for row in told]
    costs = [f"{formatting.money(float(row['treatment_cost']), currency)} a unit" for row in rows
             if not decimal_places.is_missing(row.get("treatment_cost"))]
    return {"decision": formatting.sentence_case("; ".join(asked)), "cost": "; ".join(costs) or NOT_RECORDED,
            "expected_gain": "; ".join(gains), "owner": _first(_known_owners(due) or [NOT_RECORDED]),
            "worst_case": "; ".join(_worse_end(row, currency) for row in told)}


def _first(names: Sequence[str]) -> str:
    """Return the first of several names, and how many more there are."""
    return names[0] if len(names) == 1 else f"{names[0]} and {formatting.whole(len(names) - 1)} more"


def _costs(ship: Sequence[Mapping[str, Any]], named: Callable[[Mapping[str, Any]], str], currency: str) -> str:
    """Return what treating a unit costs in each arm that is shipped, as its plan declares it."""
    known = [row for row in ship if not decimal_places.is_missing(row.get("treatment_cost"))]
    told = [f"{named(row)} {formatting.money(float(row['treatment_cost']), currency)} a unit treated" for row in known]
    return formatting.join_words(told, NOT_RECORDED)


def _worth(row: Mapping[str, Any], currency: str) -> str:
    """Return what an improvement is worth a unit where its plan says so, to go on within a sentence."""
    if decimal_places.is_missing(row.get("unit_value")):
        return ""
    worth = float(row["unit_value"]) * (1 if row["value"] > 0 else -1)
    low, value, high = sorted(float(row[c]) * worth for c in ("low", "value", "high"))
    limits = formatting.interval(low, high, lambda x: formatting.money(x, currency))
    return f", worth {formatting.money(value, currency)} {limits} a unit"


def _in_money(effects: pd.DataFrame, row: Mapping[str, Any], currency: str) -> str:
    """Return what an arm did to the first outcome that is money, to go on within a sentence; empty without one."""
    found = _money_row(effects, row)
    return f", {metric_name(found)} by {difference_words(found, currency)}" if found else ""


def _money_row(effects: pd.DataFrame, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an arm did to the first outcome that is money; empty where none is measured beside what decides."""
    same = effects[effects["experiment"].eq(row["experiment"]) & effects["variant"].eq(row["variant"])
                   & effects["status"].eq("ok") & effects["metric"].ne(row["metric"])]
    found = [other for metric in MONEY_METRICS for other in same[same["metric"] == metric].to_dict("records")]
    return {**found[0], "unit": "money"} if found else {}


def _worse_ends(ship: Sequence[Mapping[str, Any]], named: Callable[[Mapping[str, Any]], str], currency: str) -> str:
    """Return, of each arm that is shipped, the end of its interval at which the improvement is smallest."""
    parts = [f"{named(row)} {_worse_end(row, currency)}" for row in ship]
    return f"{formatting.join_words(parts)} (worse ends of the intervals)" if parts else ""


def _size(row: Mapping[str, Any], currency: str) -> str:
    """Return a difference without its interval, whose worse end stands as the worst case."""
    scale, form, _ = difference_forms(row, currency)
    return form(scale * float(row["value"]))


def _worse_end(row: Mapping[str, Any], currency: str) -> str:
    scale, form, _ = difference_forms(row, currency)
    return form(scale * float(row["low" if row["value"] > 0 else "high"]))


def _owners(due: pd.DataFrame) -> str:
    return formatting.join_words(_known_owners(due), NOT_RECORDED)


def _known_owners(due: pd.DataFrame) -> list[str]:
    told = due.get("owner", pd.Series(dtype="str"))  # the table of an earlier run has none
    return list(dict.fromkeys(owner for owner in told if owner and not decimal_places.is_missing(owner)))


def _by_row(due: pd.DataFrame) -> Callable[[Mapping[str, Any]], str]:
    """Return what names a row: its experiment, with the arm where several are due."""
    n_arms = due.groupby("experiment")["variant"].nunique()
    return lambda row: (experiment_name(row) if n_arms[row["experiment"]] == 1 else
                        f"{arm_name(row['variant'])} of {experiment_name(row)}")


def _crossed(names: Sequence[str]) -> str:
    if not names:
        return "no check failed"
    rest = len(names) - MOST_NAMED
    more = [f"{formatting.whole(rest)} more"] if rest > 0 else []
    return (
        f"{formatting.count_text(len(names), 'check', 'checks')} failed "
        f"({formatting.join_words([*names[:MOST_NAMED], *more])})"
    )


def _named(rows: list[dict[str, Any]]) -> list[str]:
    arms = {(experiment_name(row), arm_name(row["variant"])) for row in rows}
    alone = Counter(experiment for experiment, _ in arms)
    names = [experiment if alone[experiment] == 1 else f"{arm} of {experiment}" for experiment, arm in sorted(arms)]
    rest = len(names) - MOST_ASKED
    return [*names[:MOST_ASKED], *([f"{formatting.whole(rest)} more"] if rest > 0 else [])]
