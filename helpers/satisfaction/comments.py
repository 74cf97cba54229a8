"""What people write: which words go with low and with high scores, in any language, and a sample to be audited.

Nobody is quoted: only single words that ten people or more use are shown.

References
----------
Monroe, Colaresi & Quinn (2008), Fightin' words, *Political Analysis* 16, 372–403.
"""

import re

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError
from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods.disclosure_control import LEAST_PEOPLE, published
from helpers.methods.weighing import Replicas, Rows

WORD = re.compile(r"[^\W\d_]{2,}")
BLAME_UP_TO, PRAISE_FROM = 50.0, 75.0
PRIOR, AUDITED = 0.5, 50
POLARITIES = ("blame", "mixed", "praise")
ACCURACY = "polarity as people read it"


def comments(responses: ir.Table, answers: ir.Table) -> pd.DataFrame:
    """Return written answers beside the score: ``response_id, item, person, comment, percent, weight, polarity``.

    Parameters
    ----------
    responses : Table
        ``canonical/responses``, with masked comments.
    answers : Table
        From `helpers.methods.scales.answers`.

    Notes
    -----
    Polarity is not read from the words: it is that of the score given with them: blame up to 50, praise from 75 on.
    """
    written = responses.filter(responses.comment.notnull() & (responses.comment.strip() != ""))
    scored = answers.filter(answers.percent.notnull()).select("response_id", "item", "person", "percent", "weight")
    rows = written.select("response_id", "item", "comment").inner_join(scored, ["response_id", "item"])
    frame = rows.select("response_id", "item", "person", "comment", "percent", "weight").to_pyarrow().to_pandas()
    is_blame, is_praise = frame["percent"] <= BLAME_UP_TO, frame["percent"] >= PRAISE_FROM
    polarity = np.select([is_blame, is_praise], ["blame", "praise"], "mixed")
    return frame.assign(polarity=polarity).sort_values(["response_id", "item"], ignore_index=True)


def shares(written: pd.DataFrame, scored: pd.DataFrame, replicas: Replicas | None = None) -> list[Estimate]:
    """Return how many of the completed surveys hold a comment, and how many of these are in blame and in praise.

    Parameters
    ----------
    written : DataFrame
        From `comments`.
    scored : DataFrame
        From `helpers.satisfaction.scores.scores`.
    replicas : Replicas, optional
        Of the weights.
    """
    if written.empty:
        return [without_value("share who write", Status.NOT_APPLICABLE, "no comments are recorded", unit="share")]
    first = written.drop_duplicates("response_id")
    who = rows_of(scored, replicas).share(scored["response_id"].isin(first["response_id"]).to_numpy())
    return [published("share who write", who, len(scored), unit="share"),
            *(published(f"share of comments in {kind}", rows_of(first, replicas).share(
                (first["polarity"] == kind).to_numpy()), len(first), unit="share") for kind in ("blame", "praise"))]


def rows_of(frame: pd.DataFrame, replicas: Replicas | None) -> Rows:
    """Return the people of a frame with their weights."""
    return Rows(frame["person"].to_numpy(), frame["weight"].to_numpy(float), replicas)


def words_of(written: pd.DataFrame, limit: int = 10) -> pd.DataFrame:
    """Return the words that set blame and praise apart, each used by ten people or more.

    Parameters
    ----------
    written : DataFrame
        From `comments`.
    limit : int
        Words of each kind.

    Returns
    -------
    DataFrame
        ``word, goes_with, people, z``: log odds ratio over its standard error with a flat prior, 1.96 and beyond only.
    """
    rows = [(word, r.polarity, r.person) for r in written.itertuples() if r.polarity != "mixed"
            for word in set(WORD.findall(r.comment.lower()))]
    used = pd.DataFrame(rows, columns=["word", "polarity", "person"])
    people = used.groupby("word")["person"].nunique()
    kept = people[people >= LEAST_PEOPLE].index
    counts = used[used["word"].isin(kept)].groupby(["word", "polarity"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=["blame", "praise"], fill_value=0)
    total = written.loc[written["polarity"] != "mixed", "polarity"].value_counts().reindex(counts.columns, fill_value=0)
    own, rest = counts + PRIOR, total - counts + PRIOR
    log_odds = np.log(own / rest)
    z = (log_odds["praise"] - log_odds["blame"]) / np.sqrt((1 / own).sum(axis=1))
    table = pd.DataFrame({"word": counts.index, "goes_with": np.where(z > 0, "praise", "blame"),
                          "people": people.reindex(counts.index).to_numpy(), "z": z.abs().to_numpy()})
    table = table[table["z"] >= 1.96].sort_values(["goes_with", "z", "word"], ascending=[True, False, True])
    return table.groupby("goes_with").head(limit).reset_index(drop=True)


def accuracy(written: pd.DataFrame, filled: pd.DataFrame, replicas: Replicas | None = None) -> list[Estimate]:
    """Return how often people read the polarity in a comment that the score gave it, or that nobody has yet.

    Parameters
    ----------
    written : DataFrame
        From `comments`.
    filled : DataFrame
        ``response_id, item, audited_polarity`` as people filled it in; empty text where nobody has.
    replicas : Replicas, optional
        Of the weights.

    Raises
    ------
    InputError
        If a reading is none of blame, mixed and praise.
    """
    read = filled[filled["audited_polarity"].str.strip() != ""]
    read = read.assign(audited_polarity=read["audited_polarity"].str.strip().str.lower())
    odd = read.loc[~read["audited_polarity"].isin(POLARITIES), "audited_polarity"]
    if len(odd):
        raise InputError("audits of satisfaction_comments.audited_polarity",
                         f"{len(odd)} of {len(read)} readings are not known, the first is '{odd.iloc[0]}'",
                         ", ".join(POLARITIES))
    both = read.drop(columns="polarity", errors="ignore").merge(
        written[["response_id", "item", "person", "weight", "polarity"]], on=["response_id", "item"])
    if both.empty:
        reason = "nobody has read the sample yet: data/audits/<source>/satisfaction_comments.csv, audited_polarity"
        return [without_value(ACCURACY, Status.INSUFFICIENT, reason, unit="share")]
    parts = {"all": both, **{f"comments taken for {k}": both[both["polarity"] == k] for k in POLARITIES}}
    return [published(ACCURACY, rows_of(part, replicas).share(
        (part["audited_polarity"] == part["polarity"]).to_numpy()), len(part), unit="share", segment=name)
        for name, part in parts.items() if len(part)]


def audit_sample(written: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return a random sample for people to check: ``response_id, item, polarity`` and an empty ``audited_polarity``.

    Parameters
    ----------
    written : DataFrame
        From `comments`.
    seed : int
        Of the draw, over sorted ids.
    """
    drawn = written.sample(min(AUDITED, len(written)), random_state=np.random.default_rng(seed)).sort_index()
    return drawn[["response_id", "item", "polarity"]].assign(audited_polarity="").reset_index(drop=True)
