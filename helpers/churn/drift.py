"""Feature drift between training and scoring data: population stability index (PSI)."""

import numpy as np
import pandas as pd

from helpers.churn.churn_features import feature_label
from helpers.churn.classifiers import is_numeric
from helpers.churn.dataset import Dataset

MODERATE_PSI, LARGE_PSI = 0.1, 0.25  # Siddiqi (2006), *Credit Risk Scorecards*, ch. 8

N_BINS = 10


def population_stability_index(before: pd.Series, now: pd.Series) -> float:
    """Return Σ (q − p) ln(q / p) over ten classes of the first sample, or over texts; missing is a class.

    Notes
    -----
    Half a unit is added to each class, so that an empty one does not make it infinite. Two samples of m and n from the
    same distribution have an index of about (classes − 1) (1 / m + 1 / n), Yurdakul & Naranjo (2020).
    """
    if is_numeric(before):
        edges = np.unique(np.nanquantile(before.astype("float64"), np.linspace(0, 1, N_BINS + 1)[1:-1])) if (
            before.notna().any()) else np.empty(0)
        classes = [np.where(s.isna(), -1, np.searchsorted(edges, s.astype("float64").fillna(0), side="right"))
                   for s in (before, now)]
    else:
        classes = [s.astype("object").fillna("missing").astype("str").to_numpy() for s in (before, now)]
    names = np.unique(np.concatenate(classes))
    p, q = (np.array([(c == name).sum() + 0.5 for name in names]) / (len(c) + 0.5 * len(names)) for c in classes)
    return float(((q - p) * np.log(q / p)).sum())


def drift_table(basis: Dataset) -> pd.DataFrame:
    """Return how far each feature has drifted from the newest snapshot learnt from to those scored.

    Returns
    -------
    DataFrame
        Grain feature, the most drifted first: ``feature`` (its label), ``psi``, ``by_chance`` (without drift),
        ``reading``.
    """
    columns = ["feature", "psi", "by_chance", "reading"]
    if not basis.training or basis.scoring.about.empty or basis.scoring.seen_on is None:
        return pd.DataFrame(columns=columns)
    old, new = basis.newest.features, basis.scoring.features
    chance = (N_BINS - 1) * (1 / len(old) + 1 / len(new))
    both = [c for c in old if c in new]
    rows = [(feature_label(c), population_stability_index(old[c], new[c]), chance) for c in both]
    words = ["drifted" if v > max(LARGE_PSI, 2 * b) else "some drift" if v > max(MODERATE_PSI, 2 * b) else "stable"
             for _, v, b in rows]
    found = pd.DataFrame([(*row, word) for row, word in zip(rows, words, strict=True)], columns=columns)
    return found.sort_values(["psi", "feature"], ascending=[False, True], ignore_index=True)
