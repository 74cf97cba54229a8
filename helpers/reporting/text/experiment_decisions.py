"""Text of the decisions that verdicts of experiments ask for: what, gain, worst case, who acts, stop date."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from helpers.reporting.translation import message, plural, translatable

MOST_ASKED = 3

SHIP, TEST, STOP = (translatable("ship {arms}"), translatable("test further, since their cost may exceed their gain, "
                                                              "{arms}"), translatable("stop {arms}"))

MARGIN, ENDS = "margin", ("value", "low", "high")

MONEY_METRICS = ("margin", "net_sales", "sales")  # the first that an experiment has is told beside what decides

NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class Payoff:
    """What shipping an arm brings in money, were all units that took part treated.

    Parameters
    ----------
    n : int
        Units that took part, in all arms.
    gain : tuple of float
        Value, low and high [money]; NaN where no outcome is money and the plan says no worth.
    cost : float
        Of treating as many [money]; NaN where no plan declares it.
    """

    n: int
    gain: tuple[float, float, float]
    cost: float

    @property
    def is_known(self) -> bool:
        """Whether the gain is money."""
        return not math.isnan(self.gain[0])

    @property
    def net(self) -> tuple[float, float, float]:
        """Gain less the cost that is known [money]."""
        cost = 0.0 if math.isnan(self.cost) else self.cost
        return self.gain[0] - cost, self.gain[1] - cost, self.gain[2] - cost

    @property
    def pays(self) -> bool:
        """Whether the whole interval of the net gain is at or above zero, or the gain is no money."""
        return not self.is_known or self.net[1] >= 0


def arm_payoff(effects: pd.DataFrame, row: Mapping[str, Any]) -> Payoff:
    """Return what shipping the arm of a row brings, were all units that took part in its experiment treated.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    row : mapping
        The row of it that decides.
    """
    arms = effects[effects["experiment"].eq(row["experiment"]) & effects["metric"].eq(row["metric"])]
    n = int(arms["n_control"].max() + arms.drop_duplicates("variant")["n_variant"].sum())
    cost = math.nan if decimal_places.is_missing(row.get("treatment_cost")) else n * float(row["treatment_cost"])
    gain = tuple(n * x for x in _unit_gain(effects, row))
    return Payoff(n, (gain[0], gain[1], gain[2]), cost)


def _unit_gain(effects: pd.DataFrame, row: Mapping[str, Any]) -> tuple[float, ...]:
    """Return what an arm brings a unit in money, value, low and high: as margin, else by the plan's worth of a unit."""
    if row["metric"] == MARGIN:
        return tuple(float(row[c]) for c in ENDS)
    if (found := _money_row(effects, row)) and found["metric"] == MARGIN:
        return tuple(float(found[c]) for c in ENDS)
    if decimal_places.is_missing(row.get("unit_value")):
        return math.nan, math.nan, math.nan
    worth = float(row["unit_value"]) * (1 if row["value"] > 0 else -1)
    low, value, high = sorted(float(row[c]) * worth for c in ENDS)
    return value, low, high


def _together(payoffs: Sequence[Payoff]) -> tuple[tuple[float, float, float], float]:
    """Return net gains of independent experiments added up, value, low and high, and the sum of the lower ends."""
    value = sum(p.net[0] for p in payoffs)
    below, above = (math.sqrt(sum((p.net[0] - p.net[i]) ** 2 for p in payoffs)) for i in (1, 2))
    return (value, value - below, value + above), sum(p.net[1] for p in payoffs)


def experiment_decision(effects: pd.DataFrame, gates: pd.DataFrame, currency: str = "") -> dict[str, str]:
    """Return the decision that verdicts ask for, as text: which arms to ship and to stop; empty where none is due.

    Lists that runs drew are left to the action plan, which pools their rounds. An arm that is better by its plan, but
    whose net gain in money may be none, is not asked to be shipped; it is named as one to be tested further.

    Parameters
    ----------
    effects, gates : DataFrame
        ``results/experiment_effects`` and ``results/experiment_gates``.
    currency : str
        Of differences in money.
    """
    if (due := _due(effects)).empty:
        return {}
    ship, wait, stop = _sorted_out(effects)
    asked = [message(said, arms=_named(rows)) for said, rows in ((SHIP, ship), (TEST, wait), (STOP, stop)) if rows]
    named = _by_row(due)
    gains = [f"{named(row)} {effect_sentence(row, currency).removeprefix('it ')}{_in_money(effects, row, currency)}"
             f"{_worth(row, currency)}" for row in (ship + wait)[:MOST_NAMED]]
    none = [f"{named(row)} {difference_words(row, currency)}" for row in stop[:MOST_NAMED]]
    own = tuple(f"{experiment_name(row)}: " for row in due.to_dict("records"))
    touched = gates[gates["is_crossed"].astype(bool) & gates["level"].ne("note")]
    crossed = [str(gate) for gate in touched["gate"] if str(gate).startswith(own)]
    better = ship or wait
    money, because = _money_terms(effects, better, currency), "; ".join([formatting.join_words(
        gains, translatable("none: no arm is better by its plan")), *none])
    return {"decision": formatting.sentence_case(message("; ").join(asked)),
            "cost": money.get("cost", "") or _costs(better[:MOST_NAMED], named, currency),
            "expected_gain": message("{total}: {because}", total=money["expected_gain"], because=because) if money
            else because,
            "net": money.get("net", ""),
            "worst_case": money.get("worst_case") or _worse_ends(better[:MOST_NAMED], named, currency),
            "confidence": f"assigned at random, {_crossed(crossed)}"
            + ("; not all were planned" if due["is_exploratory"].any() else ""), "owner": _owners(due),
            "stop_on": _stop_days([*better[:MOST_NAMED], *stop[:MOST_NAMED]], named)}


def _sorted_out(effects: pd.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows to ship, those better by their plan that may not pay, and those to stop; as they are named."""
    due = sorted(_due(effects).to_dict("records"), key=lambda row: (experiment_name(row), arm_name(row["variant"])))
    better = [(row, arm_payoff(effects, row).pays) for row in due if row["verdict"] == "ship"]
    return ([row for row, pays in better if pays], [row for row, pays in better if not pays],
            [row for row in due if row["verdict"] == "stop"])


def _money_terms(effects: pd.DataFrame, ship: Sequence[Mapping[str, Any]], currency: str) -> dict[str, str]:
    """Return cost, gain, net gain and worst case of shipping, of the arms that tell money; empty where none does."""
    known = [payoff for payoff in (arm_payoff(effects, row) for row in ship) if payoff.is_known]
    if not known:
        return {}
    form = formatting.unit_format("money", currency)
    (value, low, high), worst = _together(known)
    costs = [payoff.cost for payoff in known]
    cost, is_declared = sum(c for c in costs if not math.isnan(c)), not any(map(math.isnan, costs))
    gain = tuple(x + cost for x in (value, low, high))
    n = plural("for the {n} unit that took part", "for as many units as took part, {n}", sum(p.n for p in known),
               n=formatting.whole(sum(p.n for p in known)))
    return {"cost": form(cost) if is_declared else message("not declared"),
            "expected_gain": f"{form(gain[0])} {formatting.interval(gain[1], gain[2], form)} {n}",
            "net": f"{form(value)} {formatting.interval(low, high, form)}", "worst_case": form(worst)}


def _due(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose verdict asks for a decision; lists that runs drew are left out."""
    if effects.empty:
        return effects
    return effects[effects["verdict"].isin(["ship", "stop"]) & ~is_action_list(effects)]


def is_action_list(effects: pd.DataFrame) -> pd.Series:
    """Return which rows of ``results/experiment_effects`` are of lists that runs drew, shape (n_rows,)."""
    return effects["experiment"].str.startswith(tuple(EXPERIMENT_PREFIXES.values()))


def brief_terms(effects: pd.DataFrame, currency: str = "") -> dict[str, str]:
    """Return the terms of the decision in as few words as a first screen has room for; empty without one.

    Two arms to ship stand for themselves, further ones, those to stop and further owners are counted.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    currency : str
        Of differences in money.
    """
    ship, wait, stop = _sorted_out(effects) if len(effects) else ([], [], [])
    if not (better := ship or wait):
        return {}
    asked = [*([message(SHIP, arms=[_short_name(row) for row in ship[:MOST_NAMED]] + _more(ship))] if ship else []),
             *([message("test {n} further", n=len(wait))] if wait else []),
             *([message("stop {n}", n=len(stop))] if stop else [])]
    terms = {"decision": formatting.sentence_case(message("; ").join(asked)),
             "owner": _first(_known_owners(_due(effects)) or [NOT_RECORDED]),
             "stop_on": _stop_days(better[:1], experiment_name)}
    if money := _money_terms(effects, better, currency):
        return terms | money | {"expected_gain": money["expected_gain"].partition(" [")[0]}
    row = better[0]
    gain = message("{metric} {amount}", metric=metric_name(row).removeprefix("the "), amount=_size(row, currency))
    return terms | {"cost": _costs(better[:1], lambda _: "", currency).strip(), "expected_gain": gain, "net": "",
                    "worst_case": _worse_end(row, currency)}


def _short_name(row: Mapping[str, Any]) -> str:
    """Return an experiment's name, with the arm where it is no mere treatment."""
    name = experiment_name(row)
    return name if row["variant"] == "treatment" else message("{experiment} ({arm})", experiment=name,
                                                              arm=arm_name(row["variant"]))


def _more(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    rest = len(rows) - MOST_NAMED
    return [message("{n} more", n=rest)] if rest > 0 else []


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


def _stop_days(rows: Sequence[Mapping[str, Any]], named: Callable[[Mapping[str, Any]], str]) -> str:
    """Return the days of the planned looks, each with what it is of where they differ."""
    days = {named(row): formatting.date_text(row["stop_on"]) for row in rows  # the table of an earlier run has none
            if not decimal_places.is_missing(row.get("stop_on"))}
    if len(set(days.values())) == 1 and len(days) == len({named(row) for row in rows}):
        return next(iter(days.values()))
    return formatting.join_words([f"{name} {day}" for name, day in days.items()], NOT_RECORDED)


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
