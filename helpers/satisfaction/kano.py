"""Kano's pairs: how people would feel if a property were there, and if it were not; counted, not scaled.

References
----------
Kano, Seraku, Takahashi & Tsuji (1984), Attractive quality and must-be quality, *Hinshitsu* 14 (2), 39–48; Berger et al.
(1993), Kano's methods for understanding customer-defined quality, *Center for Quality of Management Journal* 2 (4),
3–36 (evaluation table, better and worse); Fong (1996), Using the self-stated importance questionnaire to interpret Kano
questionnaire results, *ibid.* 5 (3), 21–23 (when two categories tie).
"""

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import scales
from helpers.methods.disclosure_control import published
from helpers.methods.intervals import Interval, effective_n, normal_quantile
from helpers.methods.weighing import Replicas, Rows

CATEGORIES = ("must-be", "one-dimensional", "attractive", "indifferent", "reverse", "questionable")
MUST, ONE, ATTRACTS, NOTHING, REVERSE, DOUBTFUL = range(6)
FELT = ("like it", "expect it", "feel nothing", "can live with it", "dislike it")
EVALUATION = np.array([
    [DOUBTFUL, ATTRACTS, ATTRACTS, ATTRACTS, ONE],
    [REVERSE, NOTHING, NOTHING, NOTHING, MUST],
    [REVERSE, NOTHING, NOTHING, NOTHING, MUST],
    [REVERSE, NOTHING, NOTHING, NOTHING, MUST],
    [REVERSE, REVERSE, REVERSE, REVERSE, DOUBTFUL],
])  # row: how people feel with the property, column: without it, both in the order of `FELT`
BETTER, WORSE, CATEGORY = "better: satisfaction with it", "worse: dissatisfaction without it", "Kano category"
TIE_LEVEL = 0.90


def pairs(known: pd.DataFrame) -> pd.DataFrame:
    """Return Kano's pairs of questions: ``pair, text, functional, dysfunctional``, sorted by pair.

    Parameters
    ----------
    known : DataFrame
        From `helpers.methods.scales.catalogue`; five answers from 1, *like it*, to 5, *dislike it*.
    """
    asked = known[known["role"].isin(["functional", "dysfunctional"]) & (known["pair"].fillna("") != "")
                  & (known["scale_low"] == 1) & (known["scale_high"] == 5) & ~known["is_reversed"]]
    sides = [asked.loc[asked["role"] == role, ["pair", "text", "item"]].rename(columns={"item": role}) for role in
             ("functional", "dysfunctional")]
    joined = sides[0].merge(sides[1][["pair", "dysfunctional"]], on="pair").drop_duplicates("pair")
    return joined.sort_values("pair", ignore_index=True).assign(text=lambda f: _stems(f["text"].fillna("")))


def _stems(texts: pd.Series) -> list[str]:
    """Return the wordings without the words that all of them begin with."""
    words = [text.split() for text in texts]
    n = 0
    while len(words) > 1 and all(len(w) > n + 1 for w in words) and len({w[n] for w in words}) == 1:
        n += 1
    return [" ".join(w[n:]) for w in words]


def evaluated(answers: ir.Table, asked: pd.DataFrame, replicas: Replicas | None = None) -> pd.DataFrame:
    """Return the evaluation table: one row a pair, how many people see it as what, and what follows.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    asked : DataFrame
        From `pairs`.
    replicas : Replicas, optional
        Of the weights.

    Returns
    -------
    DataFrame
        ``pair, property, n``, a count for each of `CATEGORIES`, ``category`` (the commonest), ``tied_with`` (categories
        that it does not exceed beyond noise, by Fong's rule at 90 %), ``better, better_low, better_high, worse,
        worse_low, worse_high``: (A + O) / (A + O + M + I) and −(O + M) / (A + O + M + I) with the adjusted Wald
        interval. A person counts once, by the latest answer to the pair; survey weights enter these and the category,
        as shares of the effective number of people, not the counts.
    """
    items = [*asked["functional"], *asked["dysfunctional"]]
    given = scales.wide(answers, items) if items else pd.DataFrame()
    rows = [_row(r, scales.latest_of(given, [r.functional, r.dysfunctional]).dropna(), replicas)
            for r in asked.itertuples()]
    columns = ["pair", "property", "n", *CATEGORIES, "category", "tied_with", "better", "better_low", "better_high",
               "worse", "worse_low", "worse_high"]
    return pd.DataFrame(rows, columns=columns)


def _row(asked: tuple, rows: pd.DataFrame, replicas: Replicas | None) -> list[object]:
    codes = np.rint(rows.to_numpy() / 25).astype(int)  # answers stand on 0–100
    seen = EVALUATION[codes[:, 0], codes[:, 1]]
    counts = np.bincount(seen, minlength=len(CATEGORIES))
    weight = rows.index.get_level_values("weight").to_numpy(float)
    top, ties = commonest(_effective(counts, seen, weight))
    valid = seen < REVERSE
    better, worse = coefficients(seen[valid], scales.rows_of(rows[valid], replicas))
    return [asked.pair, asked.text or asked.pair, len(rows), *counts.tolist(), top, ", ".join(ties), better.value,
            better.low, better.high, worse.value, worse.low, worse.high]


def _effective(counts: np.ndarray, seen: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return weighted counts that sum to the effective number of people; the counts where nobody's weight differs."""
    if not len(weight) or np.ptp(weight) == 0:
        return counts
    return np.bincount(seen, weight, len(CATEGORIES)) * effective_n(weight) / weight.sum()


def commonest(counts: np.ndarray) -> tuple[str, list[str]]:
    """Return the commonest category and those that it does not exceed beyond noise.

    Parameters
    ----------
    counts : ndarray, shape (6,)
        People in each of `CATEGORIES`, or effective numbers of them.

    Notes
    -----
    Fong (1996): two categories of a and b people of n tie where |a − b| < z √((a + b)(2 n − a − b) / 2 n), z at 90 %.
    """
    n = float(counts.sum())
    if not n:
        return "", []
    top = int(np.argmax(counts))
    both = counts[top] + counts
    limit = normal_quantile(TIE_LEVEL) * np.sqrt(both * (2 * n - both) / (2 * n))
    near = [j for j in range(len(counts)) if j != top and counts[j] and counts[top] - counts[j] < limit[j]]
    return CATEGORIES[top], [CATEGORIES[j] for j in sorted(near, key=lambda j: -counts[j])]


def coefficients(seen: np.ndarray, rows: Rows) -> tuple[Interval, Interval]:
    """Return how much is gained with a property and lost without it: shares of those to whom it matters or not.

    Parameters
    ----------
    seen : ndarray, shape (n,)
        Place in `CATEGORIES` for each person; reverse and questionable answers are left out before.
    rows : Rows
        These people.
    """
    lost = rows.share(np.isin(seen, [ONE, MUST]))
    return rows.share(np.isin(seen, [ATTRACTS, ONE])), Interval(-lost.value, -lost.high, -lost.low)


def kano(table: pd.DataFrame) -> list[Estimate]:
    """Return better and worse of each property as rows of a long table, with its category as the reason.

    Parameters
    ----------
    table : DataFrame
        From `evaluated`.
    """
    if table.empty:
        return [without_value(CATEGORY, Status.NOT_APPLICABLE, "no pairs of functional and dysfunctional questions")]
    made = []
    for r in table.itertuples():
        valid = int(r.n - r.reverse - r.questionable)
        for quantity, i in ((BETTER, Interval(r.better, r.better_low, r.better_high)),
                            (WORSE, Interval(r.worse, r.worse_low, r.worse_high))):
            made.append(published(quantity, i, valid, unit="share", segment=r.property))
    return made


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the properties that may be published, first those whose absence costs most; ties named.

    Parameters
    ----------
    table : DataFrame
        From `evaluated`.
    """
    kept = table[table["n"] >= 10].sort_values(["worse", "better"], ascending=[True, False], ignore_index=True)
    said = [c + (f" (tied with {t})" if t else "") for c, t in zip(kept["category"], kept["tied_with"], strict=True)]
    return kept.assign(category=said).drop(columns=["pair", "tied_with"])
