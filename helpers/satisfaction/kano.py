"""Kano model: categories of properties, better and worse coefficients.

References
----------
Kano, Seraku, Takahashi & Tsuji (1984), Attractive quality and must-be quality, *Hinshitsu* 14 (2), 39–48; Berger et al.
(1993), Kano's methods for understanding customer-defined quality, *Center for Quality of Management Journal* 2 (4),
3–36 (evaluation table, better and worse); McNemar (1947), Note on the sampling error of the difference between
correlated proportions, *Psychometrika* 12, 153–157 (when two categories tie).
"""

from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import survey_scales
from helpers.stats.confidence_intervals import Interval, effective_n, normal_quantile
from helpers.stats.disclosure_control import estimate_if_enough
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

KANO_CATEGORIES = ("must-be", "one-dimensional", "attractive", "indifferent", "reverse", "questionable")

MUST_BE, ONE_DIMENSIONAL, ATTRACTIVE, INDIFFERENT, REVERSE, QUESTIONABLE = range(6)

EVALUATION_TABLE = np.array([
    [QUESTIONABLE, ATTRACTIVE, ATTRACTIVE, ATTRACTIVE, ONE_DIMENSIONAL],
    [REVERSE, INDIFFERENT, INDIFFERENT, INDIFFERENT, MUST_BE],
    [REVERSE, INDIFFERENT, INDIFFERENT, INDIFFERENT, MUST_BE],
    [REVERSE, INDIFFERENT, INDIFFERENT, INDIFFERENT, MUST_BE],
    [REVERSE, REVERSE, REVERSE, REVERSE, QUESTIONABLE],
])  # row: how people feel with the property, column: without it, both in the order of `FELT`

KANO_BETTER, KANO_WORSE, KANO_CATEGORY = (
    "better: satisfaction with it",
    "worse: dissatisfaction without it",
    "Kano category",
)

KANO_TIE_LEVEL = 0.95


def kano_pairs(known: pd.DataFrame) -> pd.DataFrame:
    """Return Kano's pairs of questions: ``pair, text, functional, dysfunctional``, sorted by pair.

    Parameters
    ----------
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`; five answers from 1, *like it*, to 5, *dislike it*.
    """
    asked = known[known["role"].isin(["functional", "dysfunctional"]) & (known["pair"].fillna("") != "")
                  & (known["scale_low"] == 1) & (known["scale_high"] == 5) & ~known["is_reversed"]]
    sides = [asked.loc[asked["role"] == role, ["pair", "text", "item"]].rename(columns={"item": role}) for role in
             ("functional", "dysfunctional")]
    joined = sides[0].merge(sides[1][["pair", "dysfunctional"]], on="pair").drop_duplicates("pair")
    return joined.sort_values("pair", ignore_index=True).assign(text=lambda f: _question_stems(f["text"].fillna("")))


def _question_stems(texts: pd.Series) -> list[str]:
    """Return the wordings without the words that all of them begin with."""
    words = [text.split() for text in texts]
    n = 0
    while len(words) > 1 and all(len(w) > n + 1 for w in words) and len({w[n] for w in words}) == 1:
        n += 1
    return [" ".join(w[n:]) for w in words]


def kano_evaluation(answers: ir.Table, asked: pd.DataFrame, replicas: ReplicateWeights | None = None) -> pd.DataFrame:
    """Return the evaluation table: one row a pair, how many people see it as what, and what follows.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    asked : DataFrame
        From `kano_pairs`.
    replicas : ReplicateWeights, optional
        Of the weights.

    Returns
    -------
    DataFrame
        ``pair, property, n``, a count for each of `KANO_CATEGORIES`, ``category`` (the commonest), ``tied_with``
        (categories that it does not exceed beyond noise), ``better, better_low, better_high,
        worse, worse_low, worse_high``: (A + O) / (A + O + M + I) and −(O + M) / (A + O + M + I) with the adjusted Wald
        interval. A person counts once, by the latest answer to the pair; survey weights enter these and the category,
        as shares of the effective number of people, not the counts.
    """
    items = [*asked["functional"], *asked["dysfunctional"]]
    given = survey_scales.answers_wide(answers, items) if items else pd.DataFrame()
    rows = [_kano_row(r, survey_scales.latest_by_person(given, [r.functional, r.dysfunctional]).dropna(), replicas)
            for r in asked.itertuples()]
    columns = [
        "pair",
        "property",
        "n",
        *KANO_CATEGORIES,
        "category",
        "tied_with",
        "better",
        "better_low",
        "better_high",
        "worse",
        "worse_low",
        "worse_high",
    ]
    return pd.DataFrame(rows, columns=columns)


def _kano_row(asked: Any, rows: pd.DataFrame, replicas: ReplicateWeights | None) -> list[Any]:
    codes = np.rint(rows.to_numpy() / 25).astype(int)  # answers stand on 0–100
    seen = EVALUATION_TABLE[codes[:, 0], codes[:, 1]]
    counts = np.bincount(seen, minlength=len(KANO_CATEGORIES))
    weight = rows.index.get_level_values("weight").to_numpy(float)
    top, ties = commonest_category(_effective_counts(counts, seen, weight))
    valid = seen < REVERSE
    better, worse = better_worse_coefficients(seen[valid], survey_scales.weighted_sample(rows[valid], replicas))
    return [asked.pair, asked.text or asked.pair, len(rows), *counts.tolist(), top, ", ".join(ties), better.value,
            better.low, better.high, worse.value, worse.low, worse.high]


def _effective_counts(counts: np.ndarray, seen: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return weighted counts that sum to the effective number of people; the counts where nobody's weight differs."""
    if not len(weight) or np.ptp(weight) == 0:
        return counts
    return np.bincount(seen, weight, len(KANO_CATEGORIES)) * effective_n(weight) / weight.sum()


def commonest_category(counts: np.ndarray) -> tuple[str, list[str]]:
    """Return the commonest category and those that it does not exceed beyond noise.

    Parameters
    ----------
    counts : ndarray, shape (6,)
        People in each of `KANO_CATEGORIES`, or effective numbers of them.

    Notes
    -----
    McNemar (1947): two categories of a and b people tie where |a − b| < z √(a + b). The rule of Fong (1996), usual in
    this field, z √((a + b)(2 n − a − b) / 2 n), is narrower: it tells equal categories apart in one sample of eight
    (``bench/coverage_satisfaction.py``).
    """
    if not counts.sum():
        return "", []
    top = int(np.argmax(counts))
    limit = normal_quantile(KANO_TIE_LEVEL) * np.sqrt(counts[top] + counts)
    near = [j for j in range(len(counts)) if j != top and counts[j] and counts[top] - counts[j] < limit[j]]
    return KANO_CATEGORIES[top], [KANO_CATEGORIES[j] for j in sorted(near, key=lambda j: -counts[j])]


def better_worse_coefficients(seen: np.ndarray, rows: WeightedSample) -> tuple[Interval, Interval]:
    """Return how much is gained with a property and lost without it: shares of those to whom it matters or not.

    Parameters
    ----------
    seen : ndarray, shape (n,)
        Place in `KANO_CATEGORIES` for each person; reverse and questionable answers are left out before.
    rows : WeightedSample
        These people.
    """
    lost = rows.share(np.isin(seen, [ONE_DIMENSIONAL, MUST_BE]))
    return rows.share(np.isin(seen, [ATTRACTIVE, ONE_DIMENSIONAL])), Interval(-lost.value, -lost.high, -lost.low)


def kano_estimates(table: pd.DataFrame) -> list[Estimate]:
    """Return better and worse of each property as rows of a long table, with its category as the reason.

    Parameters
    ----------
    table : DataFrame
        From `kano_evaluation`.
    """
    if table.empty:
        return [no_estimate(KANO_CATEGORY, Status.NOT_APPLICABLE, "no pairs of functional and dysfunctional questions")]
    made = []
    for r in table.itertuples():
        valid = int(r.n - r.reverse - r.questionable)
        for quantity, i in ((KANO_BETTER, Interval(r.better, r.better_low, r.better_high)),
                            (KANO_WORSE, Interval(r.worse, r.worse_low, r.worse_high))):
            made.append(estimate_if_enough(quantity, i, valid, unit="share", segment=r.property))
    return made


def kano_properties(table: pd.DataFrame) -> pd.DataFrame:
    """Return the properties that may be published, first those whose absence costs most; ties named.

    Parameters
    ----------
    table : DataFrame
        From `kano_evaluation`.
    """
    kept = table[table["n"] >= 10].sort_values(["worse", "better"], ascending=[True, False], ignore_index=True)
    said = [c + (f" (tied with {t})" if t else "") for c, t in zip(kept["category"], kept["tied_with"], strict=True)]
    return kept.assign(category=said).drop(columns=["pair", "tied_with"])
