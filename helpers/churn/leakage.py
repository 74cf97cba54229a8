"""Leakage checks: attributes known in time, suspicious names, single-feature AUC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from helpers.foundation.canonical_schema import STATIC_WITH_ALL, tells_of_an_end

STATIC_ATTRIBUTE = "static"

UNDATED_ATTRIBUTE = "neither static nor dated: excluded pending a vouch"

MAX_PLAUSIBLE_AUC = 0.95


@dataclass(frozen=True, slots=True)
class LeakageReport:
    """Attributes and what became of them.

    Parameters
    ----------
    table : DataFrame
        Grain attribute: ``attribute``, ``is_used``, ``reason`` (``static``, ``known since …``, ``vouched for``, or why
        it is not used) and ``is_telling``: whether its name tells of an end.
    """

    table: pd.DataFrame

    @property
    def used(self) -> list[str]:
        """Attributes that may be used."""
        return self.table.loc[self.table["is_used"], "attribute"].tolist()

    @property
    def excluded(self) -> pd.DataFrame:
        """Attributes that are not used, with the reason."""
        return self.table[~self.table["is_used"]].reset_index(drop=True)


def check_leakage(attributes: Sequence[str], known_from: Mapping[str, str], vouched: Sequence[str]) -> LeakageReport:
    """Return which attributes may be used.

    Parameters
    ----------
    attributes : sequence of str
        Columns of the contracts.
    known_from : mapping
        Column → ``static`` or the date column from which on it was known, as the source declares it.
    vouched : sequence of str
        Columns that the study vouches for.
    """
    rows = []
    for name in attributes:
        is_telling = bool(suspicious_names([name]))
        since = known_from.get(name, "")
        since = "" if is_telling and since == STATIC_WITH_ALL else since  # one decision for all is none on this one
        said = (since if since in (STATIC_ATTRIBUTE, STATIC_WITH_ALL) else f"known since {since}" if since else
                "vouched for by the study" if name in vouched else
                UNDATED_ATTRIBUTE + (", and its name tells of an end or a verdict on it" if is_telling else ""))
        rows.append((name, bool(since) or name in vouched, said, is_telling))
    table = pd.DataFrame(rows, columns=["attribute", "is_used", "reason", "is_telling"])
    return LeakageReport(table.astype({"is_used": "bool", "is_telling": "bool"}))


def suspicious_names(names: Sequence[str]) -> list[str]:
    """Return names that tell of an end, or of somebody's verdict on it.

    Examples
    --------
    >>> suspicious_names(["attribute_churn_score", "attribute_payment_method"])
    ['attribute_churn_score']
    """
    return [name for name in names if tells_of_an_end(name)]


def suspicious_features(features: pd.DataFrame, is_lost: np.ndarray) -> pd.DataFrame:
    """Return features that alone know the outcome too well, and attributes whose name asks for a look at that.

    Parameters
    ----------
    features : DataFrame, shape (n, n_features)
        Numbers, and texts as categories.
    is_lost : ndarray, shape (n,)
        Outcome, 0 or 1.

    Returns
    -------
    DataFrame
        Grain feature: ``feature``, ``auc`` of it alone, ``question``; ``is_evidence``, which a name is not.
    """
    rows = []
    for name in features:
        found = single_feature_auc(features[name], is_lost)
        is_evidence = found >= MAX_PLAUSIBLE_AUC
        if is_evidence:
            rows.append((name, found, f"When was {name} recorded? Alone it reaches an AUC of {found:.2f}.", True))
        elif name.startswith("attribute_") and suspicious_names([name]):
            said = f"By its name {name} might be recorded after the end; its own AUC of {found:.2f} does not say so."
            rows.append((name, found, said, False))
    return pd.DataFrame(rows, columns=["feature", "auc", "question", "is_evidence"])


def single_feature_auc(column: pd.Series, is_lost: np.ndarray) -> float:
    """Return the AUC of one feature alone, in whichever direction it sorts; texts by their share lost."""
    lost = is_lost.astype(bool)
    if lost.all() or not lost.any():
        return float("nan")
    numbers = (column.astype("float64").to_numpy() if pd.api.types.is_numeric_dtype(column) else
               column.astype("object").map(pd.Series(is_lost).groupby(column.astype("object").to_numpy()).mean())
               .astype("float64").to_numpy())
    filled = np.where(np.isnan(numbers), np.nanmin(numbers) - 1 if np.isfinite(numbers).any() else 0, numbers)
    found = float(roc_auc_score(lost, filled))
    return max(found, 1 - found)
