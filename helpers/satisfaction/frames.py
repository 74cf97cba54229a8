"""Questions rolled up by the frames that the catalogue tags them with; and delivered value, gains less sacrifices."""

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import scales
from helpers.methods.disclosure_control import FEW_PEOPLE, published, told
from helpers.methods.resampling import percentiles
from helpers.methods.weighing import Replicas

PREFIX, DELIVERED = "frame_", "frame_delivered"
KINDS = {"frame_satisfaction": ("cognitive", "affective"), "frame_scope": ("transaction", "cumulative")}
GAINS, SACRIFICES = ("product", "service", "personnel", "image"), ("money", "time", "mental effort", "physical effort")


def tags(items: ir.Table) -> pd.DataFrame:
    """Return which frame tags each item with what: ``item, frame, tag``; several tags of one frame separated by |."""
    names = [c for c in items.columns if c.startswith(PREFIX)]
    frame = items.select("item", *names).to_pyarrow().to_pandas()
    rows = [(r["item"], name, tag.strip()) for r in frame.to_dict("records") for name in names
            for tag in str(r[name] or "").split("|") if tag.strip() and tag.strip().lower() != "nan"]
    return pd.DataFrame(sorted(rows), columns=["item", "frame", "tag"])


def rolled_up(answers: ir.Table, tagged: pd.DataFrame, replicas: Replicas | None = None) -> list[Estimate]:
    """Return the mean [0–100] of each tag's questions, each person counted once.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    tagged : DataFrame
        From `tags`.
    replicas : Replicas, optional
        Of the weights.
    """
    if tagged.empty:
        return [without_value("score by frame", Status.NOT_APPLICABLE, "the catalogue tags no question with a frame")]
    made = []
    wide = scales.wide(answers, sorted(set(tagged["item"])))
    for (frame, tag), group in tagged.groupby(["frame", "tag"]):
        rows = scales.latest_of(wide, list(group["item"]))
        i = scales.rows_of(rows, replicas).mean(rows.mean(axis=1).to_numpy())
        made.append(published(f"score by {frame.removeprefix(PREFIX)}", i, len(rows), unit="points", segment=tag))
    return made


def kinds(answers: ir.Table, tagged: pd.DataFrame, seed: int, replicas: Replicas | None = None) -> list[Estimate]:
    """Return cognitive beside affective satisfaction, and that with one transaction beside the cumulative one.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    tagged : DataFrame
        From `tags`: frames ``satisfaction`` (cognitive, affective) and ``scope`` (transaction, cumulative).
    seed : int
        Of the bootstrap.
    replicas : Replicas, optional
        Of the weights.

    Returns
    -------
    list of Estimate
        For people with both: each mean [0–100], the first less the second, and their correlation.
    """
    return [e for frame, pair in KINDS.items() for e in _kinds(answers, tagged, (frame, pair), seed, replicas)]


def _kinds(
    answers: ir.Table, tagged: pd.DataFrame, of: tuple[str, tuple[str, str]], seed: int, replicas: Replicas | None
) -> list[Estimate]:
    frame, pair = of
    rows = tagged[tagged["frame"] == frame]
    items = [sorted(rows.loc[rows["tag"] == tag, "item"]) for tag in pair]
    name = f"{pair[0]} and {pair[1]} satisfaction"
    if not all(items):
        reason = f"the catalogue does not tag questions as {pair[0]} and as {pair[1]} ({frame})"
        return [without_value(name, Status.NOT_APPLICABLE, reason)]
    people = scales.latest_of(scales.wide(answers, sorted({i for part in items for i in part})),
                              sorted({i for part in items for i in part}))
    means = pd.DataFrame({tag: people[part].mean(axis=1) for tag, part in zip(pair, items, strict=True)}).dropna()
    if len(means) < FEW_PEOPLE:
        reason = f"{told(len(means))} people answered both, {FEW_PEOPLE} are needed"
        return [without_value(name, Status.INSUFFICIENT, reason, n=len(means))]
    of_rows = scales.rows_of(means, replicas)
    among = of_rows.moments(means.to_numpy(), 1000, seed).correlation[:, 0, 1]
    made = [published(f"{tag} satisfaction", of_rows.mean(means[tag].to_numpy()), len(means), unit="points")
            for tag in pair]
    gap, r = of_rows.mean((means[pair[0]] - means[pair[1]]).to_numpy()), percentiles(float(among[0]), among[1:])
    return [*made, published(f"{pair[0]} less {pair[1]} satisfaction", gap, len(means), unit="points"),
            Estimate(f"{name}: correlation", r.value, r.low, r.high, "correlation", len(means))]


def delivered_value(
    answers: ir.Table, known: pd.DataFrame, tagged: pd.DataFrame, seed: int, replicas: Replicas | None = None
) -> list[Estimate]:
    """Return the estimated weights of gains and sacrifices in the value that people say they get.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`; the outcome is the questions of the role value, else satisfaction.
    tagged : DataFrame
        From `tags`; parts are the tags of the frame ``delivered``.
    seed : int
        Of the bootstrap.
    replicas : Replicas, optional
        Of the weights.
    """
    parts = {tag: list(g["item"]) for tag, g in tagged[tagged["frame"] == DELIVERED].groupby("tag")}
    goal = next((items for role in ("value", "satisfaction")
                 if (items := sorted(set(known.loc[known["role"] == role, "item"]) - {i for p in parts.values()
                                                                                      for i in p}))), [])
    gains, sacrifices = ([t for t in wanted if t in parts] for wanted in (GAINS, SACRIFICES))
    if not (gains and sacrifices and goal):
        reason = "no questions are tagged as gains and as sacrifices (frame_delivered)"
        return [without_value("delivered value", Status.NOT_APPLICABLE, reason)]
    items = sorted({i for t in (*gains, *sacrifices) for i in parts[t]} | set(goal))
    rows = scales.latest_of(scales.wide(answers, items), items).dropna()
    if len(rows) < FEW_PEOPLE:
        reason = f"{told(len(rows))} people answered all its questions, {FEW_PEOPLE} are needed"
        return [without_value("delivered value", Status.INSUFFICIENT, reason, n=len(rows))]
    names = [*gains, *sacrifices]
    columns = np.column_stack([*(rows[parts[t]].mean(axis=1) for t in names), rows[goal].mean(axis=1)])
    among = scales.rows_of(rows, replicas).moments(columns, 1000, seed).covariance
    beta = np.linalg.solve(among[:, :-1, :-1], among[:, :-1, -1:])[:, :, 0]
    made = [percentiles(beta[0, j], beta[1:, j]) for j in range(len(names))]
    return [Estimate("weight in delivered value", i.value, i.low, i.high, "points per point", len(rows),
                     f"{'gain' if t in gains else 'sacrifice'}: {t}") for t, i in zip(names, made, strict=True)]
