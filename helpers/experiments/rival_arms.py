"""Rival arms: arms that may each be shipped, compared with each other; the best arm."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from helpers.experiments import method_selection
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.experiment_data import ExperimentData
from helpers.experiments.mean_difference import Difference
from helpers.stats import multiple_testing

BEATEN_BY = " is better than it by "


def compare_rivals(
    design: ExperimentDesign, outcome: str, rivals: Sequence[str], evidence: ExperimentData
) -> dict[tuple[str, str], Difference]:
    """Return every rival less every other one, by (rival, other), p adjusted for the number of pairs (Holm).

    Each pair is compared by the method that applies to it; pairs without one are left out.

    Parameters
    ----------
    design : ExperimentDesign
        How the experiment is read.
    outcome : str
        The outcome that decides.
    rivals : sequence of str
        Arms that may each be shipped.
    evidence : ExperimentData
        What there is to compare.
    """
    every = evidence.counted.outcomes
    metric = method_selection.metric_of_outcome(design, outcome)
    rows = every[(every["experiment"] == design.experiment) & (every["metric"] == metric)].set_index("variant")
    found: dict[tuple[str, str], Difference] = {}
    for one, other in combinations(rivals, 2):
        pair = replace(design, control=other, arms=(other, one))
        result = method_selection.analyse_outcome(pair, outcome, one, evidence, rows)
        if result.difference is not None:
            found[(one, other)] = result.difference
    p = multiple_testing.holm(np.array([d.p for d in found.values()], dtype=float))
    adjusted = {key: replace(d, p=float(x)) for (key, d), x in zip(found.items(), p, strict=True)}
    return adjusted | {(b, a): Difference(-d.value, -d.high, -d.low, d.error, d.p) for (a, b), d in adjusted.items()}


def judge_rivals(
    rows: Sequence[Mapping[str, Any]], compared: Mapping[tuple[str, str], Difference], error_rate: float, *,
    is_lower_better: bool,
) -> dict[str, tuple[bool, str]]:
    """Return by rival whether another one is better beyond chance, and how it stands to the best in a sentence.

    Parameters
    ----------
    rows : sequence of mapping
        The rivals' rows of ``results/experiment_effects``, of one outcome.
    compared : mapping of (str, str) to Difference
        As `compare_rivals` gives it.
    error_rate : float
        Of all pairs together.
    is_lower_better : bool
        Whether a fall is the improvement.
    """
    sign = -1 if is_lower_better else 1
    best = str(max(rows, key=lambda row: sign * row["value"])["variant"])
    found: dict[str, tuple[bool, str]] = {}
    for row in rows:
        arm, d = str(row["variant"]), compared.get((best, str(row["variant"])))
        if arm == best or d is None:
            continue
        is_beaten, text = d.p < error_rate, _difference_text(d, str(row["unit"]))
        found[arm] = (is_beaten, f"{best}{BEATEN_BY}{text}" if is_beaten else
                      f"it is not told apart from {best}, which differs by {text}")
    alike = [arm for arm, (is_beaten, _) in found.items() if not is_beaten]
    if found:
        found[best] = (False, f"it is not told apart from {' and '.join(alike)}" if alike else
                       "it is the best arm, beyond chance")
    return found


def _difference_text(d: Difference, unit: str) -> str:
    scale, end = (100.0, " percentage points") if unit == "share" else (1.0, "")
    value, low, high = (f"{scale * x:.3g}".replace("-", "−") for x in (d.value, d.low, d.high))
    return f"{value} [{low}, {high}]{end}"
