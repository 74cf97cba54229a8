"""Text of the decisions that verdicts of experiments ask for: one an experiment, with its terms and its one owner."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from helpers.customers.random_assignment import EXPERIMENT_PREFIXES
from helpers.experiments import payoffs
from helpers.experiments.payoffs import Payoff
from helpers.reporting import decimal_places, formatting
from helpers.reporting.text import experiment_payoffs as experiment_payoffs_text
from helpers.reporting.text.experiments import (
    MOST_NAMED,
    arm_name,
    difference_words,
    effect_sentence,
    experiment_name,
    metric_name,
    verdict_of,
)
from helpers.reporting.translation import message, plural, translatable

COUNTED = {"ship": translatable("{n} to ship"), "hold": translatable("{n} not to ship, as the cost may exceed the "
           "gain"), "stop": translatable("{n} to stop"), "keep running": translatable("{n} to keep running"),
           "invalid": translatable("{n} invalid")}

NOT_RECORDED = "not recorded"

MOST_TIMES = 10  # as many units as took part, up to which a further test is asked for

NONE = translatable("none")


@dataclass(frozen=True, slots=True)
class ExperimentCall:
    """What is asked of one experiment.

    Parameters
    ----------
    kind : str
        ship; hold where the arm is better by its plan, but its net gain in money may be none; or stop.
    arms : tuple of mapping
        Rows of ``results/experiment_effects``: those better by their plan, else those to stop.
    weaker : tuple of mapping
        Arms to leave out beside better ones.
    payoff : Payoff, optional
        What shipping the first arm brings in money, where that is known.
    """

    kind: str
    arms: tuple[Mapping[str, Any], ...]
    weaker: tuple[Mapping[str, Any], ...] = ()
    payoff: Payoff | None = None

    @property
    def is_testable(self) -> bool:
        """Whether a test of at most `MOST_TIMES` as many units would show that the arm pays."""
        return (self.payoff is not None and self.payoff.net[0] > 0
                and payoffs.times_as_many(self.payoff) <= MOST_TIMES)

    @property
    def is_over(self) -> bool:
        """Whether nothing goes on that would have to be stopped later."""
        return self.kind == "stop" or (self.kind == "hold" and not self.is_testable)

    @property
    def amounts(self) -> tuple[float, float]:
        """What doing as asked costs and loses at worst [money]; nothing where that is not known or nothing is done."""
        if self.kind != "ship" or self.payoff is None:
            return 0.0, 0.0
        return 0.0 if math.isnan(self.payoff.cost) else self.payoff.cost, max(-self.payoff.worst, 0.0)


def experiment_calls(effects: pd.DataFrame, days: int = 0) -> list[ExperimentCall]:
    """Return what verdicts ask for, one an experiment: those to ship by their net gain, to hold, to stop.

    Lists that runs drew are left to the action plan, which pools their rounds.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    days : int
        Days for which what is shipped is counted, up to its review; 0 for as long as the test [days].
    """
    due = effects[effects["verdict"].isin(["ship", "stop"]) & ~is_action_list(effects)] if len(effects) else effects
    calls = [_call(effects, rows.to_dict("records"), days) for _, rows in due.groupby("experiment")] if len(due) else []
    order = list(COUNTED)
    return sorted(calls, key=lambda call: (order.index(call.kind), -call.payoff.net[0] if call.payoff else 0.0,
                                           experiment_name(call.arms[0])))


def _call(effects: pd.DataFrame, rows: Sequence[Mapping[str, Any]], days: int) -> ExperimentCall:
    """Return what is asked of the experiment whose rows with a verdict these are."""
    better, stopped = ([row for row in rows if row["verdict"] == verdict] for verdict in ("ship", "stop"))
    if not better:
        return ExperimentCall("stop", tuple(stopped))
    paid = [(row, payoffs.arm_payoff(effects, row, days)) for row in better]
    pays = [(row, payoff) for row, payoff in paid if payoff.pays]
    # what is not shipped has no review, but for the one up to which a cost is declared
    chosen = pays or [(row, payoffs.arm_payoff(effects, row, days if payoff.fixed_cost >= 0 else 0))
                      for row, payoff in paid]
    first = chosen[0][1]
    return ExperimentCall("ship" if pays else "hold", tuple(row for row, _ in chosen), tuple(stopped),
                          first if first.is_known and len(chosen) == 1 else None)


def experiment_decisions(
    effects: pd.DataFrame, gates: pd.DataFrame, currency: str = "", as_of: date | None = None,
    review_on: date | None = None,
) -> list[dict[str, str]]:
    """Return the decisions that verdicts ask for, as text: one an experiment; empty where none is due.

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
    return [{"decision": _asked(call), **_money_terms(effects, call, currency, as_of),
             "confidence": _confidence(call, gates), "owner": _owner(call), "stop_on": _stop_on(call, as_of, review_on)}
            for call in experiment_calls(effects, days_until(as_of, review_on))]


def days_until(as_of: date | None, review_on: date | None) -> int:
    """Return the days from a decision to its review; 0 where either is unknown."""
    return max((review_on - as_of).days, 0) if as_of and review_on else 0


def _asked(call: ExperimentCall, *, is_brief: bool = False) -> str:
    """Return what is asked, with the arm where there are several; in brief without arms."""
    name = experiment_name(call.arms[0])
    if call.kind == "hold":
        said = (translatable("Do not ship {experiment} yet: the cost may exceed the gain") if call.is_testable else
                translatable("Do not ship {experiment}: the cost may exceed the gain"))
        return message(said, experiment=name)
    if call.kind == "stop":
        return message("Stop {experiment}", experiment=name)
    if is_brief or (not call.weaker and len(call.arms) == 1):
        return message("Ship {experiment}", experiment=name)
    arms = _arms(call.arms)
    if not call.weaker:
        return message("Ship {experiment}: {arms}", experiment=name, arms=arms)
    return message("Ship {experiment}: {arms}, rather than the weaker {others}", experiment=name, arms=arms,
                   others=_arms(call.weaker))


def brief_terms(
    call: ExperimentCall, currency: str = "", as_of: date | None = None, review_on: date | None = None
) -> dict[str, str]:
    """Return the terms of a decision in as few words as a first screen has room for, what is money with its range.

    Parameters
    ----------
    call : ExperimentCall
        What is asked.
    currency : str
        Of differences in money.
    as_of, review_on : date, optional
        As `experiment_decisions` takes them.
    """
    brief = {"decision": _asked(call, is_brief=True), "stop_on": _stop_on(call, as_of, review_on, is_brief=True)}
    if call.kind == "stop":
        return brief
    if not call.payoff:
        row = call.arms[0]
        return brief | {"expected_gain": message("{metric} {amount}", amount=difference_words(row, currency),
                                                 metric=metric_name(row).removeprefix("the "))}
    test_days = payoffs.days_of_test(call.arms[0])
    amounts = experiment_payoffs_text.brief_payoff_terms(call.payoff, test_days, currency, as_of)
    if call.kind == "ship":
        return brief | amounts
    return brief | {name: message("if shipped, {terms}", terms=said) for name, said in amounts.items()}


def _arms(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    rest = len(rows) - MOST_NAMED
    return [*(arm_name(row["variant"]) for row in rows[:MOST_NAMED]), *([message("{n} more", n=rest)] if rest > 0
                                                                        else [])]


def _money_terms(
    effects: pd.DataFrame, call: ExperimentCall, currency: str, as_of: date | None = None
) -> dict[str, str]:
    """Return cost, expected gain, net and worst case of what is asked; of one to hold those of shipping it."""
    if call.kind == "stop":
        lost = [message("{metric} {amount}", metric=metric_name(row).removeprefix("the "),
                        amount=difference_words(row, currency)) for row in call.arms[:MOST_NAMED]]
        return {"cost": NONE, "expected_gain": message("none: {differences}", differences=lost), "net": NONE,
                "worst_case": message("the better end of that range is given up")}
    first, *others = call.arms
    done = [(f"{arm_name(row['variant'])}: " if others else "") + _effect(effects, row, currency)
            for row in call.arms[:MOST_NAMED]]
    if not call.payoff:
        return {"cost": _unit_costs(call, currency), "expected_gain": formatting.join_words(done), "net": "",
                "worst_case": message("the worse end of that range")}
    terms = experiment_payoffs_text.payoff_terms(call.payoff, payoffs.days_of_test(first), done[0], currency, as_of)
    if call.kind == "ship":
        return terms
    held = {name: message("if shipped, {terms}", terms=said) for name, said in terms.items()}
    if call.payoff.net[2] <= 0 or call.payoff.is_cost_open:
        return held
    forgone = formatting.money(call.payoff.net[2], currency)
    return held | {"worst_case": message("not shipped, up to {amount} net is forgone", amount=forgone)}


def _effect(effects: pd.DataFrame, row: Mapping[str, Any], currency: str) -> str:
    """Return what an arm did: to what decides, to the first outcome that is money, and what a unit of it is worth."""
    money = payoffs.money_row(effects, row)
    beside = f", {metric_name(money)} by {difference_words(money, currency)}" if money else ""
    return f"{effect_sentence(row, currency)}{beside}{_worth(row, currency)}"


def _confidence(call: ExperimentCall, gates: pd.DataFrame) -> str:
    """Return how far a decision may be relied on, and which size would tell whether what is not shipped yet pays."""
    own = f"{experiment_name(call.arms[0])}: "
    touched = gates[gates["is_crossed"].astype(bool) & gates["level"].ne("note")]
    crossed = [str(gate) for gate in touched["gate"] if str(gate).startswith(own)]
    planned = "; not all were planned" if any(row["is_exploratory"] for row in call.arms) else ""
    said = f"assigned at random, {_crossed(crossed)}{planned}"
    if call.kind != "hold" or not call.payoff or call.payoff.net[0] <= 0:
        return said
    size = (translatable("{sentence}; about {n} would have to take part in a test to show whether it pays")
            if call.is_testable else
            translatable("{sentence}; whether it pays would only show in a test of about {n}, too many to ask for"))
    return message(size, sentence=said,
                   n=formatting.number(call.payoff.n * payoffs.times_as_many(call.payoff), 2))


def _stop_on(call: ExperimentCall, as_of: date | None, review_on: date | None, *, is_brief: bool = False) -> str:
    """Return the day on which a decision ends: that of the planned look; where it has passed, that of the review.

    A day that has passed is no day to stop on: what is shipped after it stays until the review, on a rule.
    """
    days = [pd.Timestamp(row["stop_on"]) for row in call.arms if not decimal_places.is_missing(row.get("stop_on"))]
    if not days:
        return NOT_RECORDED
    if as_of is None or max(days) > pd.Timestamp(as_of):
        return formatting.date_text(max(days))
    if call.is_over or not review_on:
        return message("now") if is_brief else message("now: the test ended by {date}",
                                                       date=formatting.date_text(max(days)))
    review = formatting.date_text(review_on)
    if is_brief:
        return review
    if call.kind == "hold":
        return message("{date}: dropped then, unless a larger test has been planned", date=review)
    return message("{date}: withdrawn then, unless the control group kept back shows the gain again", date=review)


def _owner(call: ExperimentCall) -> str:
    told = [row.get("owner") for row in call.arms]  # the table of an earlier run has none
    return next((str(name) for name in told if name and not decimal_places.is_missing(name)), NOT_RECORDED)


def kinds_of_experiments(effects: pd.DataFrame, days: int = 0) -> dict[str, str]:
    """Return what is asked of each experiment for these days: ship, hold, stop, keep running or invalid."""
    asked = {call.arms[0]["experiment"]: call.kind for call in experiment_calls(effects, days)}
    return {str(name): asked.get(name, verdict_of(rows)) for name, rows in effects.groupby("experiment")}


def decision_counts(effects: pd.DataFrame, days: int = 0) -> str:
    """Return how many experiments there are and what is asked of each, as the decisions for these days count them."""
    kinds = Counter(kinds_of_experiments(effects, days).values())
    parts = [message(said, n=formatting.whole(kinds[kind])) for kind, said in COUNTED.items() if kind in kinds]
    n = sum(kinds.values())
    return plural("{n} experiment: {counts}.", "{n} experiments: {counts}.", n, n=formatting.whole(n), counts=parts)


def is_action_list(effects: pd.DataFrame) -> pd.Series:
    """Return which rows of ``results/experiment_effects`` are of lists that runs drew, shape (n_rows,)."""
    return effects["experiment"].str.startswith(tuple(EXPERIMENT_PREFIXES.values()))


def _unit_costs(call: ExperimentCall, currency: str) -> str:
    """Return what treating a unit costs in each arm that is shipped, and building it, as its plan declares it."""
    known = [row for row in call.arms[:MOST_NAMED] if not decimal_places.is_missing(row.get("treatment_cost"))]
    told = [f"{formatting.money(float(row['treatment_cost']), currency)} a unit treated" for row in known]
    fixed = [message("{amount} to build and run it", amount=formatting.money(float(row["fixed_cost"]), currency))
             for row in call.arms[:1] if not decimal_places.is_missing(row.get("fixed_cost"))]
    return formatting.join_words([*dict.fromkeys(told), *fixed], NOT_RECORDED)


def _worth(row: Mapping[str, Any], currency: str) -> str:
    """Return what an improvement is worth a unit where its plan says so, to go on within a sentence."""
    if decimal_places.is_missing(row.get("unit_value")):
        return ""
    worth = float(row["unit_value"]) * (1 if row["value"] > 0 else -1)
    low, value, high = sorted(float(row[c]) * worth for c in ("low", "value", "high"))
    limits = formatting.interval(low, high, lambda x: formatting.money(x, currency))
    return f", worth {formatting.money(value, currency)} {limits} a unit"


def _crossed(names: Sequence[str]) -> str:
    if not names:
        return "no check failed"
    rest = len(names) - MOST_NAMED
    more = [f"{formatting.whole(rest)} more"] if rest > 0 else []
    return (
        f"{formatting.count_text(len(names), 'check', 'checks')} failed "
        f"({formatting.join_words([*names[:MOST_NAMED], *more])})"
    )
