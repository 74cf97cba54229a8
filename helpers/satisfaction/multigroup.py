"""Multi-group analysis: invariance of the path model between two groups, differences of paths.

References
----------
Henseler, Ringle & Sarstedt (2016), Testing measurement invariance of composites using partial least squares,
*International Marketing Review* 33, 405–431; Chin & Dibbern (2010), permutation test of multi-group differences.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.ecsi_model import CompleteAnswers, NoPathModel
from helpers.satisfaction.satisfaction_by_segment import segment_label
from helpers.stats.bootstrap import percentile_interval
from helpers.stats.disclosure_control import FEW_PEOPLE
from helpers.stats.multiple_testing import holm
from helpers.stats.pls_sem.path_model import fit_path_model
from helpers.stats.pls_sem.pls_evaluation import MeasurementInvariance, micom_invariance
from helpers.stats.survey_weights import WeightedSample

COMPOSITION_CORRELATION, PATH_DIFFERENCE = "composed alike: correlation of the scores", "difference of the path"

MIN_COMPOSITION = 0.95  # under it scores of two groups are other mixtures of their questions, shown so or not

MAX_PERMUTATION_CELLS, MIN_PERMUTATIONS, MAX_PERMUTATIONS = 2 * 10**7, 199, 4999


def multigroup_estimates(
    known: CompleteAnswers | NoPathModel, scored: pd.DataFrame, of: pd.DataFrame, assumed: SatisfactionConfig, seed: int
) -> list[Estimate]:
    """Return whether two groups may be compared and, only if so, how their paths differ.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `helpers.satisfaction.ecsi_model.complete_answers`.
    scored : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`: which person gave which response.
    of : DataFrame
        From `helpers.satisfaction.satisfaction_by_segment.segment_members`.
    assumed : SatisfactionConfig
        Column whose two largest groups are compared.
    seed : int
        Of the permutations.

    Returns
    -------
    list of Estimate
        Invariance of each construct with its permutation p-value as the reason, then differences of the paths between
        constructs whose scores correlate at `MIN_COMPOSITION` or more, with percentile intervals (people drawn within
        each group, or the weights' replicates) and p-values by permutation, adjusted over these arrows (Holm);
        *blocked* where a construct is shown not to be composed alike, or none is left.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if isinstance(known, NoPathModel):
        return [no_estimate(PATH_DIFFERENCE, Status.INSUFFICIENT, known.reason, n=known.n)]
    if not assumed.compare_by:
        return [
            no_estimate(PATH_DIFFERENCE, Status.NOT_APPLICABLE, "the study names no column to compare by", n=known.n)
        ]
    if assumed.compare_by not in of.columns:
        raise InputError("satisfaction.compare_by", f"no column '{assumed.compare_by}' makes segments",
                         spelling_hint(assumed.compare_by, [c for c in of.columns if c != "response_id"]))
    group = _group_of_person(known, scored, of, assumed.compare_by)
    counts = group[group != ""].value_counts().sort_index()
    largest = counts.sort_values(ascending=False, kind="stable").head(2)
    least = max(FEW_PEOPLE, len(known.model.items) + 1)
    if len(largest) < 2 or largest.min() < least:
        reason = f"fewer than two groups of {least} people by {segment_label(assumed.compare_by)}"
        return [no_estimate(PATH_DIFFERENCE, Status.INSUFFICIENT, reason, n=known.n)]
    parts = [(group == name).to_numpy() for name in largest.index]
    return _invariance_test(known, parts, f"{largest.index[0]} against {largest.index[1]}", assumed.resamples, seed)


def _invariance_test(
    known: CompleteAnswers, parts: Sequence[np.ndarray], which: str, resamples: int, seed: int
) -> list[Estimate]:
    rows = parts[0] | parts[1]
    draws = min(MAX_PERMUTATIONS, max(MIN_PERMUTATIONS, MAX_PERMUTATION_CELLS // int(rows.sum())))
    found = micom_invariance(known.model, known.columns[rows], parts[0][rows], draws, seed, known.rows.weights[rows])
    p = holm(np.where([len(items) > 1 for items in known.model.blocks.values()], found.composition_p, np.nan))
    made = [
        Estimate(
            COMPOSITION_CORRELATION,
            float(found.composition[j]),
            unit="correlation",
            n=int(rows.sum()),
            segment=name,
            reason=f"adjusted p {p[j]:.2g}, {which}",
        )
        for j, name in enumerate(known.model.names)
        if not np.isnan(p[j])
    ]
    if not found.holds:
        unlike = [name for name, q in zip(known.model.names, p, strict=True) if q < 0.05]
        reason = f"shown not to be composed alike: {', '.join(unlike)}"
        return [*made, no_estimate(PATH_DIFFERENCE, Status.BLOCKED, f"{reason} ({which})", unit="standard deviations",
                                     n=int(rows.sum()))]
    return made + _path_rows(known, found, _path_differences(known, parts, resamples, seed), which, int(rows.sum()))


def _path_differences(known: CompleteAnswers, parts: Sequence[np.ndarray], draws: int, seed: int) -> np.ndarray:
    """Return each path of the first group less that of the second in each replicate, shape (B, J, J)."""
    of = [WeightedSample(known.rows.people[part], known.rows.weights[part], known.rows.replicas) for part in parts]
    fits = [fit_path_model(known.model, rows.moments(known.columns[part], draws, seed + i).correlation)
            for i, (rows, part) in enumerate(zip(of, parts, strict=True))]
    return (fits[0].paths - fits[1].paths)[1:]


def _group_of_person(known: CompleteAnswers, scored: pd.DataFrame, of: pd.DataFrame, column: str) -> pd.Series:
    """Return the group of each person of the panel, by the latest response; empty where it is not known."""
    rows = scored.merge(of[["response_id", column]], on="response_id")
    rows = rows.sort_values(["responded_at", "response_id"], na_position="first").drop_duplicates("person", keep="last")
    return rows.set_index("person")[column].reindex(known.rows.people).fillna("")


def _path_rows(
    known: CompleteAnswers, found: MeasurementInvariance, apart: np.ndarray, which: str, n: int
) -> list[Estimate]:
    unlike = {name for name, c in zip(known.model.names, found.composition, strict=True) if c < MIN_COMPOSITION}
    arrows = [arrow for arrow in known.model.arrows if not unlike & {*arrow}]
    place = [(known.model.names.index(s), known.model.names.index(e)) for s, e in arrows]
    adjusted = holm(np.array([found.p_value[at] for at in place]))
    limits = [percentile_interval(float(found.difference[at]), apart[:, at[0], at[1]]) for at in place]
    made = [Estimate(PATH_DIFFERENCE, i.value, i.low, i.high, "standard deviations", n, " → ".join(arrow),
                     reason=f"adjusted p {q:.2g}, {which}")
            for arrow, i, q in zip(arrows, limits, adjusted, strict=True)]
    reason = f"composed alike is not shown: {', '.join(sorted(unlike))} ({which})"
    return made or [no_estimate(PATH_DIFFERENCE, Status.BLOCKED, reason, unit="standard deviations", n=n)]
