"""Text of the decisions that verdicts of experiments ask for: what, gain, worst case, who acts, stop date."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from helpers.customers.random_assignment import EXPERIMENT_PREFIXES
from helpers.experiments import payoffs
from helpers.reporting import decimal_places, formatting
from helpers.reporting.text.experiments import (
    MOST_NAMED,
    arm_name,
    difference_forms,
    difference_words,
    effect_sentence,
    experiment_name,
    metric_name,
    verdict_of,
)
from helpers.reporting.translation import message, plural, translatable

MOST_ASKED = 3

SHIP, TEST, STOP, WEAKER = (
    translatable("ship {arms}"), translatable("test further, since the cost may exceed the gain, {arms}"),
    translatable("stop {arms}"), translatable("leave out the weaker {arms}"),
)

COUNTED = {"ship": translatable("{n} to ship"), "test": translatable("{n} to test further, as the cost may exceed the "
           "gain"), "stop": translatable("{n} to stop"), "keep running": translatable("{n} to keep running"),
           "invalid": translatable("{n} invalid")}

NOT_RECORDED = "not recorded"

BRIEF = ("cost", "net", "worst_case")  # terms in money that a first screen has room for


def experiment_decision(
    effects: pd.DataFrame, gates: pd.DataFrame, currency: str = "", as_of: date | None = None,
    review_on: date | None = None,
) -> dict[str, str]:
    """Return the decision that verdicts ask for, as text: which arms to ship and to stop; empty where none is due.

    Lists that runs drew are left to the action plan, which pools their rounds. An arm that is better by its plan, but
    whose net gain in money may be none, is not asked to be shipped; it is named as one to be tested further.

    Parameters
    ----------
    effects, gates : DataFrame
        ``results/experiment_effects`` and ``results/experiment_gates``.
    currency : str
        Of differences in money.
    as_of : date, optional
        Day of the decision: a test whose planned end has passed is to be decided now.
    review_on : date, optional
        Day on which what is decided now is looked at again.
    """
    if (due := _due(effects)).empty:
        return {}
    ship, wait, stop = _sorted_out(effects)
    alone, weaker = _stopped(stop, ship + wait)
    asked = [message(said, arms=_named(rows, ship + wait + stop)) for said, rows in (
        (SHIP, ship), (TEST, wait), (STOP, alone), (WEAKER, weaker)) if rows]
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
    named_rows = [*better[:MOST_NAMED], *stop[:MOST_NAMED]]
    return {"decision": formatting.sentence_case(message("; ").join(asked)),
            "cost": money.get("cost", "") or _costs(better[:MOST_NAMED], named, currency),
            "expected_gain": message("{total}: {because}", total=money["expected_gain"], because=because) if money
            else because,
            "net": money.get("net", ""),
            "worst_case": money.get("worst_in_words") or _worse_ends(better[:MOST_NAMED], named, currency),
            "confidence": f"assigned at random, {_crossed(crossed)}"
            + ("; not all were planned" if due["is_exploratory"].any() else ""), "owner": _owners(due),
            "stop_on": _stop_and_review(named_rows, named, as_of, review_on)}


def _stop_and_review(
    rows: Sequence[Mapping[str, Any]], named: Callable[[Mapping[str, Any]], str], as_of: date | None,
    review_on: date | None,
) -> str:
    """Return the days of the planned looks, and where these have passed the day on which the decision is reviewed."""
    stop_on = _stop_days(rows, named, as_of)
    if not review_on or not _has_ended(rows, as_of):
        return stop_on
    return message("{ended}; review on {date}", ended=stop_on, date=formatting.date_text(review_on))


def _sorted_out(effects: pd.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows to ship, those better by their plan that may not pay, and those to stop; as they are named."""
    due = sorted(_due(effects).to_dict("records"), key=lambda row: (experiment_name(row), arm_name(row["variant"])))
    better = [(row, payoffs.arm_payoff(effects, row).pays) for row in due if row["verdict"] == "ship"]
    return ([row for row, pays in better if pays], [row for row, pays in better if not pays],
            [row for row in due if row["verdict"] == "stop"])


def _stopped(
    stop: list[dict[str, Any]], better: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows to stop of experiments of which no arm is better, and the weaker arms of the others."""
    names = {row["experiment"] for row in better}
    alone = [row for row in stop if row["experiment"] not in names]
    return alone, [row for row in stop if row["experiment"] in names]


def decision_counts(effects: pd.DataFrame) -> str:
    """Return how many experiments there are and what is asked of each, as the decision counts them.

    An arm that is better by its plan, but may not pay, makes its experiment one to be tested further.
    """
    ship, wait, _ = _sorted_out(effects)
    shipped, waiting = ({row["experiment"] for row in rows} for rows in (ship, wait))
    kinds = Counter("ship" if name in shipped else "test" if name in waiting else verdict_of(rows)
                    for name, rows in effects.groupby("experiment"))
    parts = [message(said, n=formatting.whole(kinds[kind])) for kind, said in COUNTED.items() if kind in kinds]
    n = sum(kinds.values())
    return plural("{n} experiment: {counts}.", "{n} experiments: {counts}.", n, n=formatting.whole(n), counts=parts)


def _money_terms(effects: pd.DataFrame, ship: Sequence[Mapping[str, Any]], currency: str) -> dict[str, str]:
    """Return cost, gain, net gain and worst case of shipping, of the arms that tell money; empty where none does."""
    known = [payoff for payoff in (payoffs.arm_payoff(effects, row) for row in ship) if payoff.is_known]
    if not known:
        return {}
    form = formatting.unit_format("money", currency)
    (value, low, high), worst = payoffs.added_up(known)
    costs = [payoff.cost for payoff in known]
    cost, is_declared = sum(c for c in costs if not math.isnan(c)), not any(map(math.isnan, costs))
    gain = tuple(x + cost for x in (value, low, high))
    n_units = sum(payoff.n for payoff in known)
    n = plural("for the {n} unit that took part", "for as many units as took part, {n}, in as long a time", n_units,
               n=formatting.whole(n_units))
    lower = message("{amount}: the lower ends of all ranges at once", amount=form(worst))
    nothing = message("{amount}, the cost, if nothing comes of it; {lower}", amount=form(-cost), lower=lower)
    return {"cost": form(cost) if is_declared else message("not declared"),
            "expected_gain": f"{form(gain[0])} {formatting.interval(gain[1], gain[2], form)} {n}",
            "net": f"{form(value)} {formatting.interval(low, high, form)}",
            "worst_case": form(min(-cost, worst) if is_declared else worst),
            "worst_in_words": nothing if is_declared and -cost < worst else lower}


def _due(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose verdict asks for a decision; lists that runs drew are left out."""
    if effects.empty:
        return effects
    return effects[effects["verdict"].isin(["ship", "stop"]) & ~is_action_list(effects)]


def is_action_list(effects: pd.DataFrame) -> pd.Series:
    """Return which rows of ``results/experiment_effects`` are of lists that runs drew, shape (n_rows,)."""
    return effects["experiment"].str.startswith(tuple(EXPERIMENT_PREFIXES.values()))


def brief_terms(effects: pd.DataFrame, currency: str = "", as_of: date | None = None) -> dict[str, str]:
    """Return the terms of the decision in as few words as a first screen has room for; empty without one.

    Two arms to ship stand for themselves, further ones, those to stop and further owners are counted.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    currency : str
        Of differences in money.
    as_of : date, optional
        Day of the decision.
    """
    ship, wait, stop = _sorted_out(effects) if len(effects) else ([], [], [])
    if not (better := ship or wait):
        return {}
    alone, _ = _stopped(stop, ship + wait)
    asked = [*([message(SHIP, arms=[_short_name(row) for row in ship[:MOST_NAMED]] + _more(ship))] if ship else []),
             *([message("test {n}", n=len(wait))] if wait else []),
             *([message("stop {n}", n=len(alone))] if alone else [])]
    terms = {"decision": formatting.sentence_case(message("; ").join(asked)),
             "owner": _owner_in_brief(_known_owners(_due(effects)) or [NOT_RECORDED]),
             "stop_on": message("now") if _has_ended(better[:MOST_NAMED], as_of) else
             _stop_days(better[:MOST_NAMED], experiment_name, as_of)}
    if money := _money_terms(effects, better, currency):
        gain = money["expected_gain"].partition(" [")[0]
        return terms | {name: money[name] for name in BRIEF} | {"expected_gain": gain}
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


def _owner_in_brief(names: Sequence[str]) -> str:
    """Return the one name, or how many there are."""
    return names[0] if len(names) == 1 else message("{n} owners", n=len(names))


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
    found = payoffs.money_row(effects, row)
    return f", {metric_name(found)} by {difference_words(found, currency)}" if found else ""


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


def _stop_days(
    rows: Sequence[Mapping[str, Any]], named: Callable[[Mapping[str, Any]], str], as_of: date | None
) -> str:
    """Return the days of the planned looks, each with what it is of where they differ; of those that have passed: now.

    A day that has passed is no day to stop on: what is left to do is to decide.
    """
    known = {named(row): day for row, day in _days(rows)}
    if _has_ended(rows, as_of):
        return message("now: tests ended by {date}", date=formatting.date_text(max(known.values())))
    days = {name: formatting.date_text(day) for name, day in known.items()}
    if len(set(days.values())) == 1 and len(days) == len({named(row) for row in rows}):
        return next(iter(days.values()))
    return formatting.join_words([f"{name} {day}" for name, day in days.items()], NOT_RECORDED)


def _days(rows: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], pd.Timestamp]]:
    """Return the rows of which the day of the planned look is known, with it; a table of an earlier run has none."""
    return [(row, pd.Timestamp(row["stop_on"])) for row in rows if not decimal_places.is_missing(row.get("stop_on"))]


def _has_ended(rows: Sequence[Mapping[str, Any]], as_of: date | None) -> bool:
    """Return whether all known days of planned looks have passed."""
    days = [day for _, day in _days(rows)]
    return as_of is not None and bool(days) and all(day <= pd.Timestamp(as_of) for day in days)


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


def _named(rows: list[dict[str, Any]], due: list[dict[str, Any]]) -> list[str]:
    """Return the names of up to `MOST_ASKED` rows, with the arm where several of their experiment are due."""
    arms, every = ({(experiment_name(row), arm_name(row["variant"])) for row in part} for part in (rows, due))
    alone = Counter(experiment for experiment, _ in every)
    names = [experiment if alone[experiment] == 1 else f"{arm} of {experiment}" for experiment, arm in sorted(arms)]
    rest = len(names) - MOST_ASKED
    return [*names[:MOST_ASKED], *([f"{formatting.whole(rest)} more"] if rest > 0 else [])]
