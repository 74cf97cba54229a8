"""What people write about: topics as the study declares them, else as words that stand together; each with its score.

References
----------
Lee & Seung (1999), Learning the parts of objects by non-negative matrix factorization, *Nature* 401, 788–791;
Cichocki & Phan (2009), Fast local algorithms for large scale nonnegative matrix and tensor factorizations, *IEICE
Transactions* E92-A, 708–721.
"""

import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods.disclosure_control import LEAST_PEOPLE, published
from helpers.methods.intervals import Interval
from helpers.methods.weighing import Replicas
from helpers.satisfaction.comments import WORD, rows_of

MOST_TOPICS, WORDS_A_TOPIC, MOST_WORDS, TOO_COMMON = 6, 4, 400, 0.25
ROUNDS, LEAST_COMMENTS, SHORTEST = 60, 100, 4
SCORE = "satisfaction where the comment speaks of"
COLUMNS = ["topic", "people", "share", "satisfaction", "low", "high", "blame"]


def topics(
    written: pd.DataFrame, declared: Mapping[str, Sequence[str]], replicas: Replicas | None = None
) -> pd.DataFrame:
    """Return the topics of comments, the most frequent first; topics of fewer than ten people are left out.

    Parameters
    ----------
    written : DataFrame
        From `helpers.satisfaction.comments.comments`.
    declared : mapping of str to sequence of str
        Topic to the beginnings of the words that speak of it; empty: topics are found, each named by its words.
    replicas : Replicas, optional
        Of the weights, which enter shares and scores.

    Returns
    -------
    DataFrame
        ``topic, people, share`` (of comments)``, satisfaction, low, high`` [0–100, the score given with it]``, blame``
        (share of its comments with a low score). A comment may speak of several declared topics, or of none.
    """
    if written.empty:
        return pd.DataFrame(columns=COLUMNS)
    spoken = [sorted(set(WORD.findall(text.lower()))) for text in written["comment"]]
    member = _declared(spoken, declared) if declared else _found(written, spoken)
    total = float(written["weight"].sum())
    rows = [_row(name, written[is_in], total, replicas) for name, is_in in member.items() if is_in.any()]
    table = pd.DataFrame([r for r in rows if r[1] >= LEAST_PEOPLE], columns=COLUMNS)
    return table.sort_values(["people", "topic"], ascending=[False, True], ignore_index=True)


def _row(name: str, rows: pd.DataFrame, total: float, replicas: Replicas | None) -> tuple:
    by_person = rows.groupby("person", as_index=False)[["percent", "weight"]].mean()
    i, own = rows_of(by_person, replicas).mean(by_person["percent"].to_numpy(float)), float(rows["weight"].sum())
    blame = float(rows.loc[rows["polarity"] == "blame", "weight"].sum()) / own if own else np.nan
    return name, len(by_person), own / total if total else np.nan, i.value, i.low, i.high, blame


def _declared(spoken: Sequence[Sequence[str]], declared: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    starts = {name: tuple(word.lower() for word in words) for name, words in declared.items()}
    return {name: np.array([any(w.startswith(start) for w in words) for words in spoken])
            for name, start in starts.items()}


def _found(written: pd.DataFrame, spoken: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """Return topics by non-negative factors of which words stand in which comment; each comment in its largest."""
    if len(written) < LEAST_COMMENTS:
        return {}
    names, matrix = _matrix(written["person"].to_numpy(), spoken)
    k = min(MOST_TOPICS, len(names) // WORDS_A_TOPIC)
    if k < 2:
        return {}
    weights, words = factors(matrix, k)
    best, any_ = weights.argmax(axis=1), weights.max(axis=1) > 0
    said = [", ".join(names[i] for i in np.argsort(-row, kind="stable")[:WORDS_A_TOPIC]) for row in words]
    return {name: any_ & (best == j) for j, name in enumerate(said)}


def _matrix(people: np.ndarray, spoken: Sequence[Sequence[str]]) -> tuple[list[str], np.ndarray]:
    """Return words that ten people or more use, but not in every fourth comment, and the weighted table (n, words).

    Words of under four letters say little in alphabets, and much where a sign is a syllable or a word.
    """
    pairs = pd.DataFrame([(i, w) for i, words in enumerate(spoken) for w in words if len(w) >= SHORTEST
                          or unicodedata.east_asian_width(w[0]) in "WF"], columns=["row", "word"])
    pairs = pairs.assign(person=people[pairs["row"].to_numpy(int)])
    use = pairs.groupby("word").agg(people=("person", "nunique"), n=("row", "size")).reset_index()
    use = use[(use["people"] >= LEAST_PEOPLE) & (use["n"] <= TOO_COMMON * len(spoken))]
    names = use.sort_values(["n", "word"], ascending=[False, True])["word"].head(MOST_WORDS).to_list()
    kept = pairs[pairs["word"].isin(names)]
    made = np.zeros((len(spoken), len(names)))
    made[kept["row"].to_numpy(int), kept["word"].map({w: j for j, w in enumerate(names)}).to_numpy(int)] = 1.0
    made *= np.log(len(spoken) / np.maximum(made.sum(axis=0), 1))
    length = np.linalg.norm(made, axis=1, keepdims=True)
    return names, np.divide(made, length, out=np.zeros_like(made), where=length > 0)


def factors(matrix: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return non-negative factors of a non-negative matrix, shapes (n, k) and (k, p), by alternating column steps.

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
        Not negative.
    k : int
        Factors.
    """
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    words = np.abs(vectors[:, ::-1][:, :k].T) * np.sqrt(np.maximum(values[::-1][:k], 1e-12))[:, None] + 1e-6
    weights = np.maximum(matrix @ np.linalg.pinv(words), 1e-6)
    for _ in range(ROUNDS):
        weights = _step(weights, words @ words.T, matrix @ words.T)
        words = _step(words.T, weights.T @ weights, matrix.T @ weights).T
    return weights, words


def _step(factor: np.ndarray, among: np.ndarray, right: np.ndarray) -> np.ndarray:
    made = factor.copy()
    for j in range(made.shape[1]):
        made[:, j] = np.maximum(made[:, j] + (right[:, j] - made @ among[:, j]) / max(among[j, j], 1e-12), 0.0)
    return made


def topic_table(table: pd.DataFrame) -> list[Estimate]:
    """Return each topic's score as rows of a long table.

    Parameters
    ----------
    table : DataFrame
        From `topics`.
    """
    if table.empty:
        return [without_value(SCORE, Status.INSUFFICIENT, "no topic has ten people or more", unit="points")]
    return [published(f"{SCORE} {r.topic}", Interval(r.satisfaction, r.low, r.high), r.people, unit="points")
            for r in table.itertuples()]
