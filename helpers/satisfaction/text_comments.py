"""Text comments: polarity by score, words of praise and blame, topics (NMF), audit sample.

Nobody is quoted: only single words that ten people or more use are shown.

References
----------
Monroe, Colaresi & Quinn (2008), Fightin' words, *Political Analysis* 16, 372–403.

References
----------
Lee & Seung (1999), Learning the parts of objects by non-negative matrix factorization, *Nature* 401, 788–791;
Cichocki & Phan (2009), Fast local algorithms for large scale nonnegative matrix and tensor factorizations, *IEICE
Transactions* E92-A, 708–721.
"""

import unicodedata
from collections.abc import Mapping, Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.satisfaction.comment_words import WORD_PATTERN, CommentWords, is_unspaced
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import LEAST_PEOPLE, estimate_if_enough, is_hidden
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

MIDDLE_SCORE, MIN_PRAISE_SCORE = 50.0, 75.0

WORD_PRIOR, AUDIT_SAMPLE_SIZE = 0.5, 50

WITH_COMMENT = "share of questionnaires with a comment"

COMMENT_SHARES = {"blame": "share of comments with a score below 50",
                  "mixed": "share of comments with a score between 50 and 75",
                  "praise": "share of comments with a score of 75 or more"}

COMMENT_POLARITIES = tuple(COMMENT_SHARES)

POLARITY_ACCURACY = "polarity as people read it"


def recorded_languages(respondents: ir.Table) -> list[str]:
    """Return the languages of the completed surveys, as recorded."""
    named = respondents.filter(respondents.language.notnull()).select("language").distinct()
    return sorted(named.to_pyarrow().column("language").to_pylist())


def scored_comments(responses: ir.Table, answers: ir.Table) -> pd.DataFrame:
    """Return written answers beside the score: ``response_id, item, person, comment, percent, weight, polarity``.

    Parameters
    ----------
    responses : Table
        ``canonical/responses``, with masked comments.
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.

    Notes
    -----
    Polarity is not read from the words: it is that of the score given with them: blame below the middle of the
    scale, praise from 75 on, mixed between them: three of five stars are neither.
    """
    written = responses.filter(responses.comment.notnull() & (responses.comment.strip() != ""))
    scored = answers.filter(answers.percent.notnull()).select("response_id", "item", "person", "percent", "weight")
    rows = written.select("response_id", "item", "comment").inner_join(scored, ["response_id", "item"])
    frame = rows.select("response_id", "item", "person", "comment", "percent", "weight").to_pyarrow().to_pandas()
    is_blame, is_praise = frame["percent"] < MIDDLE_SCORE, frame["percent"] >= MIN_PRAISE_SCORE
    polarity = np.select([is_blame, is_praise], ["blame", "praise"], "mixed")
    return frame.assign(polarity=polarity).sort_values(["response_id", "item"], ignore_index=True)


def comment_shares(
    written: pd.DataFrame, scored: pd.DataFrame, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return how many of the completed surveys hold a comment, and how many of these stand beside which score.

    Parameters
    ----------
    written : DataFrame
        From `comments`.
    scored : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.
    replicas : ReplicateWeights, optional
        Of the weights.
    """
    if written.empty:
        return [no_estimate(WITH_COMMENT, Status.NOT_APPLICABLE, "no comments are recorded", unit="share")]
    first = written.drop_duplicates("response_id")
    who = weighted_writers(scored, replicas).share(scored["response_id"].isin(first["response_id"]).to_numpy())
    return [estimate_if_enough(WITH_COMMENT, who, len(scored), unit="share"),
            *(estimate_if_enough(quantity, weighted_writers(first, replicas).share(
                (first["polarity"] == kind).to_numpy()), len(first), unit="share")
              for kind, quantity in COMMENT_SHARES.items())]


def weighted_writers(frame: pd.DataFrame, replicas: ReplicateWeights | None) -> WeightedSample:
    """Return the people of a frame with their weights."""
    return WeightedSample(frame["person"].to_numpy(), frame["weight"].to_numpy(float), replicas)


def polarity_words(written: pd.DataFrame, spoken: CommentWords, limit: int = 10) -> pd.DataFrame:
    """Return the words that set low and high scores apart, each used by ten people or more.

    Parameters
    ----------
    written : DataFrame
        From `scored_comments`.
    spoken : CommentWords
        Their words, in the same order.
    limit : int
        Words of each kind.

    Returns
    -------
    DataFrame
        ``word, goes_with, people`` (who use it, whatever their score)``, z``: log odds ratio over its standard error
        with a flat prior, 1.96 and beyond only.
    """
    rows = [(word, r.polarity, r.person) for r, words in zip(written.itertuples(), spoken.words, strict=True)
            if r.polarity != "mixed" for word in words]
    used = pd.DataFrame(rows, columns=["word", "polarity", "person"])
    people = used.groupby("word")["person"].nunique()
    kept = people[people >= LEAST_PEOPLE].index
    counts = used[used["word"].isin(kept)].groupby(["word", "polarity"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["blame", "praise"], fill_value=0)
    total = written.loc[written["polarity"] != "mixed", "polarity"].value_counts().reindex(counts.columns, fill_value=0)
    own, rest = counts + WORD_PRIOR, total - counts + WORD_PRIOR
    log_odds = np.log(own / rest)
    z = (log_odds["praise"] - log_odds["blame"]) / np.sqrt((1 / own).sum(axis=1))
    table = pd.DataFrame({"word": counts.index, "goes_with": np.where(z > 0, "high scores", "low scores"),
                          "people": people.reindex(counts.index).to_numpy(), "z": z.abs().to_numpy()})
    table = table[table["z"] >= 1.96].sort_values(["goes_with", "z", "word"], ascending=[False, False, True])
    return table.groupby("goes_with").head(limit).reset_index(drop=True)


def polarity_accuracy(
    written: pd.DataFrame, filled: pd.DataFrame, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return how often people read the polarity in a comment that the score gave it, or that nobody has yet.

    Parameters
    ----------
    written : DataFrame
        From `comments`.
    filled : DataFrame
        ``response_id, item, audited_polarity`` as people filled it in; empty text where nobody has.
    replicas : ReplicateWeights, optional
        Of the weights.

    Raises
    ------
    InputError
        If a reading is none of blame, mixed and praise.
    """
    read = filled[filled["audited_polarity"].str.strip() != ""]
    read = read.assign(audited_polarity=read["audited_polarity"].str.strip().str.lower())
    odd = read.loc[~read["audited_polarity"].isin(COMMENT_POLARITIES), "audited_polarity"]
    if len(odd):
        raise InputError("audits of satisfaction_comments.audited_polarity",
                         f"{len(odd)} of {len(read)} readings are not known, the first is '{odd.iloc[0]}'",
                         ", ".join(COMMENT_POLARITIES))
    both = read.drop(columns="polarity", errors="ignore").merge(
        written[["response_id", "item", "person", "weight", "polarity"]], on=["response_id", "item"])
    if both.empty:
        reason = (
            "nobody has read the sample yet"
        )
        return [no_estimate(POLARITY_ACCURACY, Status.INSUFFICIENT, reason, unit="share")]
    parts = {"all": both, **{f"comments taken for {k}": both[both["polarity"] == k] for k in COMMENT_POLARITIES}}
    return [estimate_if_enough(POLARITY_ACCURACY, weighted_writers(part, replicas).share(
        (part["audited_polarity"] == part["polarity"]).to_numpy()), len(part), unit="share", segment=name)
        for name, part in parts.items() if len(part)]


def comment_audit_sample(written: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return a random sample for people to check: ``response_id, item, polarity`` and an empty ``audited_polarity``.

    Parameters
    ----------
    written : DataFrame
        From `comments`.
    seed : int
        Of the draw, over sorted ids.
    """
    drawn = written.sample(min(AUDIT_SAMPLE_SIZE, len(written)), random_state=np.random.default_rng(seed)).sort_index()
    return drawn[["response_id", "item", "polarity"]].assign(audited_polarity="").reset_index(drop=True)


MAX_TOPICS, WORDS_PER_TOPIC, MAX_WORDS, MAX_WORD_SHARE = 6, 4, 400, 0.25

MAX_NMF_STEPS, MIN_COMMENTS, MIN_WORD_LENGTH = 60, 100, 4

WEIGHT_DIGITS = 6  # equal weights differ in their last digits; the commoner word, the earlier topic comes first

TOPIC_SATISFACTION = "satisfaction where the comment speaks of"

TOPIC_COLUMNS = ["topic", "people", "share", "satisfaction", "low", "high", "blame"]


def comment_topics(
    written: pd.DataFrame, spoken: CommentWords, declared: Mapping[str, Sequence[str]],
    replicas: ReplicateWeights | None = None,
) -> pd.DataFrame:
    """Return the topics of comments, the most frequent first; topics of fewer than ten people are left out.

    Parameters
    ----------
    written : DataFrame
        From `helpers.satisfaction.text_comments.scored_comments`.
    spoken : CommentWords
        Their words, in the same order.
    declared : mapping of str to sequence of str
        Topic to the beginnings of the words that speak of it, in scripts without spaces to any part of the text;
        empty: topics are found, each named by its words.
    replicas : ReplicateWeights, optional
        Of the weights, which enter shares and scores.

    Returns
    -------
    DataFrame
        ``topic, people, share`` (of comments)``, satisfaction, low, high`` [0–100, the score given with it]``, blame``
        (share of its comments with a low score; empty where one to nine people wrote them). A comment may speak of
        several declared topics, or of none.
    """
    if written.empty:
        return pd.DataFrame(columns=TOPIC_COLUMNS)
    member = _declared_topics(written["comment"], declared) if declared else _nmf_topics(written, spoken.words)
    total = float(written["weight"].sum())
    rows = [_topic_row(name, written[is_in], total, replicas) for name, is_in in member.items() if is_in.any()]
    table = pd.DataFrame([r for r in rows if r[1] >= LEAST_PEOPLE], columns=TOPIC_COLUMNS)
    return table.sort_values(["people", "topic"], ascending=[False, True], ignore_index=True)


def _topic_row(name: str, rows: pd.DataFrame, total: float, replicas: ReplicateWeights | None) -> tuple:
    by_person = rows.groupby("person", as_index=False)[["percent", "weight"]].mean()
    i, own = (
        weighted_writers(by_person, replicas).mean(by_person["percent"].to_numpy(float)),
        float(rows["weight"].sum()),
    )
    low = rows[rows["polarity"] == "blame"]
    is_known = own > 0 and not is_hidden(low["person"].nunique())
    blame = float(low["weight"].sum()) / own if is_known else np.nan
    return name, len(by_person), own / total if total else np.nan, i.value, i.low, i.high, blame


def _declared_topics(comments: pd.Series, declared: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    texts, made = [text.lower() for text in comments], {}
    spoken = [WORD_PATTERN.findall(text) for text in texts]
    for name, beginnings in declared.items():
        starts = tuple(word.lower() for word in beginnings)
        parts = [start for start in starts if is_unspaced(start)]
        made[name] = np.array([any(w.startswith(starts) for w in words) or any(part in text for part in parts)
                               for words, text in zip(spoken, texts, strict=True)])
    return made


def _nmf_topics(written: pd.DataFrame, spoken: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """Return topics by non-negative factors of which words stand in which comment; each comment in its largest."""
    if len(written) < MIN_COMMENTS:
        return {}
    names, matrix = _word_matrix(written["person"].to_numpy(), spoken)
    k = min(MAX_TOPICS, len(names) // WORDS_PER_TOPIC)
    if k < 2:
        return {}
    weights, words = (np.round(x, WEIGHT_DIGITS) for x in nmf_factors(matrix, k))
    best, any_ = weights.argmax(axis=1), weights.max(axis=1) > 0
    said = [", ".join(names[i] for i in np.argsort(-row, kind="stable")[:WORDS_PER_TOPIC]) for row in words]
    return {name: any_ & (best == j) for j, name in enumerate(said)}


def _word_matrix(people: np.ndarray, spoken: Sequence[Sequence[str]]) -> tuple[list[str], np.ndarray]:
    """Return words that ten people or more use, but not in every fourth comment, and the weighted table (n, words).

    Words of under four letters say little in alphabets, and much where a sign is a syllable or a word.
    """
    pairs = pd.DataFrame([(i, w) for i, words in enumerate(spoken) for w in words if len(w) >= MIN_WORD_LENGTH
                          or is_unspaced(w) or unicodedata.east_asian_width(w[0]) in "WF"], columns=["row", "word"])
    pairs = pairs.assign(person=people[pairs["row"].to_numpy(int)])
    use = pairs.groupby("word").agg(people=("person", "nunique"), n=("row", "size")).reset_index()
    use = use[(use["people"] >= LEAST_PEOPLE) & (use["n"] <= MAX_WORD_SHARE * len(spoken))]
    names = use.sort_values(["n", "word"], ascending=[False, True])["word"].head(MAX_WORDS).to_list()
    kept = pairs[pairs["word"].isin(names)]
    made = np.zeros((len(spoken), len(names)))
    made[kept["row"].to_numpy(int), kept["word"].map({w: j for j, w in enumerate(names)}).to_numpy(int)] = 1.0
    made *= np.log(len(spoken) / np.maximum(made.sum(axis=0), 1))
    length = np.linalg.norm(made, axis=1, keepdims=True)
    return names, np.divide(made, length, out=np.zeros_like(made), where=length > 0)


def nmf_factors(matrix: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return non-negative factors of a non-negative matrix, shapes (n, k) and (k, p), by scikit-learn's NMF.

    Parameters
    ----------
    matrix : ndarray, shape (n, p)
        Not negative.
    k : int
        Factors.

    Returns
    -------
    tuple of ndarray
        Weights of the factors in each row, and the factors, of length one each: else the weights of two factors could
        not be compared, since a factor twice as long with half the weight is the same.
    """
    from sklearn.decomposition import NMF

    # no tolerance, so that the steps are as many on every machine
    model = NMF(k, init="nndsvd", tol=0, max_iter=MAX_NMF_STEPS, random_state=0)
    weights, length = model.fit_transform(matrix), np.linalg.norm(model.components_, axis=1)
    return weights * length, model.components_ / np.maximum(length, 1e-12)[:, None]


def topic_estimates(table: pd.DataFrame) -> list[Estimate]:
    """Return each topic's score as rows of a long table.

    Parameters
    ----------
    table : DataFrame
        From `comment_topics`.
    """
    if table.empty:
        return [no_estimate(TOPIC_SATISFACTION, Status.INSUFFICIENT, "no topic has ten people or more", unit="points")]
    return [
        estimate_if_enough(
            f"{TOPIC_SATISFACTION} {r.topic}", Interval(r.satisfaction, r.low, r.high), r.people, unit="points"
        )
        for r in table.itertuples()
    ]
