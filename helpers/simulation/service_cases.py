"""Simulated service cases: complaints, their handling, and a week in which complaints burst."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from helpers.simulation import arrow_columns
from helpers.simulation.customer_traits import CustomerBlock
from helpers.simulation.planted_truth import DAY, END, World, day_offset

HOUR = 3600

CASES_A_WEEK = 0.012

KINDS = ("complaint", "inquiry", "suggestion", "repair")

CAUSES = ("delivery", "product", "invoice", "website")

CAUSE_SHARES = (0.4, 0.3, 0.15, 0.15)

CRISIS_CAUSE = "delivery"

TEAMS = ("service", "logistics")

DEPARTMENTS, DEPARTMENT_SHARES = ("design", "production", "operations"), (0.2, 0.3, 0.5)


def simulate_cases(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Table:
    """Return ``canonical/cases``: the dissatisfied report more often, and more of theirs are complaints."""
    usual, burst = rng.spawn(2)
    return pa.concat_tables([_usual(world, usual, block), _burst(world, burst, block)])


def _usual(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Table:
    felt, trouble = block.satisfaction, block.character.trouble
    rate = CASES_A_WEEK * np.exp(world.complaint_slope * felt + world.complaint_trouble * trouble) * block.is_buyer
    who = np.repeat(np.arange(len(block)), rng.poisson(rate * block.active_weeks))
    start = block.joined[who] + 7 * block.active_weeks[who] * rng.random(len(who))
    opened = np.minimum((DAY * start).astype("int64"), END - 1)
    is_complaint = rng.random(len(who)) < 1 / (1 + np.exp(0.2 - world.complaint_slope * felt[who]))
    kind = np.where(is_complaint, 0, 1 + rng.choice(3, len(who), p=(0.8, 0.08, 0.12)))
    cause = rng.choice(len(CAUSES), len(who), p=CAUSE_SHARES)
    return _cases(rng, block, "K", _Reported(who, opened, kind, cause))


def _burst(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Table:
    """Return the complaints of the crisis week above the usual ones, all with one cause."""
    monday = day_offset(world.turns.crisis_on)
    is_there = block.is_buyer & (block.joined < monday) & (block.joined + 7 * block.life_weeks > monday)
    who = np.repeat(np.arange(len(block)), rng.poisson(world.turns.crisis_complaints * is_there))
    opened = monday * DAY + rng.integers(7 * DAY, size=len(who))
    return _cases(rng, block, "X", _Reported(
        who, opened, np.zeros(len(who), "int64"), np.full(len(who), CAUSES.index(CRISIS_CAUSE))))


@dataclass(frozen=True, slots=True)
class _Reported:
    """Cases as they are reported: by whom, when, of which kind, with which cause."""

    who: np.ndarray
    opened: np.ndarray
    kind: np.ndarray
    cause: np.ndarray


def _cases(rng: np.random.Generator, block: CustomerBlock, prefix: str, reported: _Reported) -> pa.Table:
    n = len(reported.who)
    corrections = rng.spawn(1)[0]  # a stream of its own
    return pa.table({
        "case_id": arrow_columns.id_column(prefix, block.block, np.arange(n) + 1),
        "customer_id": arrow_columns.customer_ids(block.first + reported.who),
        "kind": arrow_columns.label_column(KINDS, reported.kind),
        "opened_at": arrow_columns.time_column(reported.opened),
        **_course(rng, corrections, reported.opened),
        "cause": arrow_columns.label_column(CAUSES, reported.cause),
        "team": arrow_columns.label_column(TEAMS, (rng.random(n) < 0.3).astype("int64")),
        "cost": arrow_columns.money_column(np.rint(rng.gamma(4, 200, n))),
    })


def _course(rng: np.random.Generator, corrections: np.random.Generator, opened: np.ndarray) -> dict[str, pa.Array]:
    n = len(opened)
    handled, is_handled = later_moments(rng, opened, np.full(n, 0.97), 10 * HOUR)
    reviewed, is_reviewed = later_moments(rng, handled, 0.6 * is_handled, 24 * HOUR)
    closed, is_closed = later_moments(rng, np.maximum(handled, reviewed), 0.95 * is_handled, 48 * HOUR)
    told, is_told = later_moments(rng, closed, 0.7 * is_closed, 12 * HOUR)
    corrected, is_corrected = later_moments(corrections, reviewed, 0.5 * is_reviewed, 72 * HOUR)
    department = corrections.choice(len(DEPARTMENTS), n, p=DEPARTMENT_SHARES)
    slow = (closed - opened) / DAY
    is_resolved = rng.random(n) < 1 / (1 + np.exp(-2 + 0.15 * slow))
    score = np.clip(np.rint(2 + 2 * is_resolved + rng.normal(0, 0.9, n)), 1, 5)
    return {
        "handled_at": arrow_columns.time_column(handled, is_handled),
        "reviewed_at": arrow_columns.time_column(reviewed, is_reviewed),
        "closed_at": arrow_columns.time_column(closed, is_closed),
        "fed_back_at": arrow_columns.time_column(told, is_told),
        "corrective_action_at": arrow_columns.time_column(corrected, is_corrected),
        "corrective_action_by": arrow_columns.label_column(DEPARTMENTS, department, is_corrected),
        "is_resolved": pa.array(is_resolved, mask=~is_closed),
        "score": pa.array(score, mask=~(is_told & (rng.random(n) < 0.4))),
    }


def later_moments(
    rng: np.random.Generator, start: np.ndarray, share: np.ndarray, mean_seconds: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a later moment for each start, and whether it came about within the history."""
    at = start + 60 + rng.exponential(mean_seconds, len(start)).astype("int64")
    happens = (rng.random(len(start)) < share) & (at < END)
    return np.where(happens, at, start), happens
