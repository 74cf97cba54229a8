"""Whether what satisfies differs between two groups: first whether they may be compared, then the paths.

References
----------
Henseler, Ringle & Sarstedt (2016), Testing measurement invariance of composites using partial least squares,
*International Marketing Review* 33, 405–431; Chin & Dibbern (2010), permutation test of multi-group differences.
"""

import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError, nearest
from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods.cells import FEW_PEOPLE
from helpers.methods.prediction import Invariance, invariance
from helpers.methods.weighing import holm
from helpers.satisfaction.assumptions import Assumptions
from helpers.satisfaction.segments import name_of
from helpers.satisfaction.structure import Absent, Panel

ALIKE, APART = "composed alike: correlation of the scores", "difference of the path"
MOST_CELLS, LEAST_DRAWS, MOST_DRAWS = 2 * 10**7, 199, 999


def compared(
    known: Panel | Absent, scored: pd.DataFrame, of: pd.DataFrame, assumed: Assumptions, seed: int
) -> list[Estimate]:
    """Return whether two groups may be compared and, only if so, how their paths differ.

    Parameters
    ----------
    known : Panel or Absent
        From `helpers.satisfaction.structure.panel`.
    scored : DataFrame
        From `helpers.satisfaction.scores.scores`: which person gave which response.
    of : DataFrame
        From `helpers.satisfaction.segments.members`.
    assumed : Assumptions
        Column whose two largest groups are compared.
    seed : int
        Of the permutations.

    Returns
    -------
    list of Estimate
        Invariance of each construct with its permutation p-value as the reason, then differences of the paths, p-values
        adjusted over all arrows (Holm); *blocked* where a construct is not composed alike.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if isinstance(known, Absent):
        return [without_value(APART, Status.INSUFFICIENT, known.reason, n=known.n)]
    if not assumed.compare_by:
        return [without_value(APART, Status.NOT_APPLICABLE, "the study names no column to compare by", n=known.n)]
    if assumed.compare_by not in of.columns:
        raise InputError("satisfaction.compare_by", f"no column '{assumed.compare_by}' makes segments",
                         nearest(assumed.compare_by, [c for c in of.columns if c != "response_id"]))
    group = _groups(known, scored, of, assumed.compare_by)
    counts = group[group != ""].value_counts().sort_index()
    largest = counts.sort_values(ascending=False, kind="stable").head(2)
    least = max(FEW_PEOPLE, len(known.model.items) + 1)
    if len(largest) < 2 or largest.min() < least:
        reason = f"fewer than two groups of {least} people by {name_of(assumed.compare_by)}"
        return [without_value(APART, Status.INSUFFICIENT, reason, n=known.n)]
    first, second = largest.index
    rows = group.isin([first, second]).to_numpy()
    draws = min(MOST_DRAWS, max(LEAST_DRAWS, MOST_CELLS // int(rows.sum())))
    found = invariance(known.model, known.columns[rows], (group[rows] == first).to_numpy(), draws, seed,
                       known.rows.weights[rows])
    return _table(known, found, f"{first} against {second}", int(rows.sum()))


def _groups(known: Panel, scored: pd.DataFrame, of: pd.DataFrame, column: str) -> pd.Series:
    """Return the group of each person of the panel, by the latest response; empty where it is not known."""
    rows = scored.merge(of[["response_id", column]], on="response_id")
    rows = rows.sort_values(["responded_at", "response_id"], na_position="first").drop_duplicates("person", keep="last")
    return rows.set_index("person")[column].reindex(known.rows.people).fillna("")


def _table(known: Panel, found: Invariance, which: str, n: int) -> list[Estimate]:
    names, several = known.model.names, [len(items) > 1 for items in known.model.blocks.values()]
    p = holm(np.where(several, found.composition_p, np.nan))
    made = [Estimate(ALIKE, float(found.composition[j]), unit="correlation", n=n, segment=name,
                     reason=f"adjusted p {p[j]:.2g}, {which}") for j, name in enumerate(names) if several[j]]
    if not found.holds:
        reason = f"not composed alike: {', '.join(n for j, n in enumerate(names) if p[j] < 0.05)} ({which})"
        return [*made, without_value(APART, Status.BLOCKED, reason, unit="standard deviations", n=n)]
    place = [(names.index(s), names.index(e)) for s, e in known.model.arrows]
    adjusted = holm(np.array([found.p_value[at] for at in place]))
    return made + [Estimate(APART, float(found.difference[at]), unit="standard deviations", n=n,
                            segment=" → ".join(arrow), reason=f"adjusted p {q:.2g}, {which}")
                   for arrow, at, q in zip(known.model.arrows, place, adjusted, strict=True)]
