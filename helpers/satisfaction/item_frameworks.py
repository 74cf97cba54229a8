"""Item frameworks: means by frame tags, cognitive and affective items, customer delivered value."""

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import survey_scales
from helpers.stats.bootstrap import percentile_interval
from helpers.stats.disclosure_control import FEW_PEOPLE, estimate_if_enough, people_text
from helpers.stats.survey_weights import ReplicateWeights

FRAME_PREFIX, DELIVERED_VALUE_FRAME = "frame_", "frame_delivered"

FRAMES_COMPARED = {"frame_satisfaction": ("cognitive", "affective"), "frame_scope": ("transaction", "cumulative")}

GAINS, SACRIFICES = ("product", "service", "personnel", "image"), ("money", "time", "mental effort", "physical effort")


def item_tags(items: ir.Table) -> pd.DataFrame:
    """Return which frame tags each item with what: ``item, frame, tag``; several tags of one frame separated by |."""
    names = [c for c in items.columns if c.startswith(FRAME_PREFIX)]
    frame = items.select("item", *names).to_pyarrow().to_pandas()
    rows = [(r["item"], name, tag.strip()) for r in frame.to_dict("records") for name in names
            for tag in str(r[name] or "").split("|") if tag.strip() and tag.strip().lower() != "nan"]
    return pd.DataFrame(sorted(rows), columns=["item", "frame", "tag"])


def tag_means(answers: ir.Table, tagged: pd.DataFrame, replicas: ReplicateWeights | None = None) -> list[Estimate]:
    """Return the mean [0–100] of each tag's questions, each person counted once.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    tagged : DataFrame
        From `tags`.
    replicas : ReplicateWeights, optional
        Of the weights.
    """
    if tagged.empty:
        return [no_estimate("score by frame", Status.NOT_APPLICABLE, "the catalogue tags no question with a frame")]
    made = []
    wide = survey_scales.answers_wide(answers, sorted(set(tagged["item"])))
    for (frame, tag), group in tagged.groupby(["frame", "tag"]):
        rows = survey_scales.latest_by_person(wide, list(group["item"]))
        i = survey_scales.weighted_sample(rows, replicas).mean(rows.mean(axis=1).to_numpy())
        made.append(
            estimate_if_enough(f"score by {frame.removeprefix(FRAME_PREFIX)}", i, len(rows), unit="points", segment=tag)
        )
    return made


def cognitive_affective_means(
    answers: ir.Table, tagged: pd.DataFrame, seed: int, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return cognitive beside affective satisfaction, and that with one transaction beside the cumulative one.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    tagged : DataFrame
        From `tags`: frames ``satisfaction`` (cognitive, affective) and ``scope`` (transaction, cumulative).
    seed : int
        Of the bootstrap.
    replicas : ReplicateWeights, optional
        Of the weights.

    Returns
    -------
    list of Estimate
        For people with both: each mean [0–100], the first less the second, and their correlation.
    """
    return [
        e
        for frame, pair in FRAMES_COMPARED.items()
        for e in _compare_tags(answers, tagged, (frame, pair), seed, replicas)
    ]


def _compare_tags(
    answers: ir.Table,
    tagged: pd.DataFrame,
    of: tuple[str, tuple[str, str]],
    seed: int,
    replicas: ReplicateWeights | None,
) -> list[Estimate]:
    frame, pair = of
    rows = tagged[tagged["frame"] == frame]
    items = [sorted(rows.loc[rows["tag"] == tag, "item"]) for tag in pair]
    name = f"{pair[0]} and {pair[1]} satisfaction"
    if not all(items):
        reason = f"the catalogue does not tag questions as {pair[0]} and as {pair[1]} ({frame})"
        return [no_estimate(name, Status.NOT_APPLICABLE, reason)]
    people = survey_scales.latest_by_person(
        survey_scales.answers_wide(answers, sorted({i for part in items for i in part})),
        sorted({i for part in items for i in part}),
    )
    means = pd.DataFrame({tag: people[part].mean(axis=1) for tag, part in zip(pair, items, strict=True)}).dropna()
    if len(means) < FEW_PEOPLE:
        reason = f"{people_text(len(means))} people answered both, {FEW_PEOPLE} are needed"
        return [no_estimate(name, Status.INSUFFICIENT, reason, n=len(means))]
    of_rows = survey_scales.weighted_sample(means, replicas)
    among = of_rows.moments(means.to_numpy(), 1000, seed).correlation[:, 0, 1]
    made = [estimate_if_enough(f"{tag} satisfaction", of_rows.mean(means[tag].to_numpy()), len(means), unit="points")
            for tag in pair]
    gap, r = of_rows.mean((means[pair[0]] - means[pair[1]]).to_numpy()), percentile_interval(float(among[0]), among[1:])
    return [*made, estimate_if_enough(f"{pair[0]} less {pair[1]} satisfaction", gap, len(means), unit="points"),
            Estimate(f"{name}: correlation", r.value, r.low, r.high, "correlation", len(means))]


def delivered_value_weights(
    answers: ir.Table, known: pd.DataFrame, tagged: pd.DataFrame, seed: int, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return the estimated weights of gains and sacrifices in the value that people say they get.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`; the outcome is the questions of the role value,
        else satisfaction.
    tagged : DataFrame
        From `tags`; parts are the tags of the frame ``delivered``.
    seed : int
        Of the bootstrap.
    replicas : ReplicateWeights, optional
        Of the weights.
    """
    parts = {tag: list(g["item"]) for tag, g in tagged[tagged["frame"] == DELIVERED_VALUE_FRAME].groupby("tag")}
    goal = next((items for role in ("value", "satisfaction")
                 if (items := sorted(set(known.loc[known["role"] == role, "item"]) - {i for p in parts.values()
                                                                                      for i in p}))), [])
    gains, sacrifices = ([t for t in wanted if t in parts] for wanted in (GAINS, SACRIFICES))
    if not (gains and sacrifices and goal):
        reason = "no questions are tagged as gains and as sacrifices (frame_delivered)"
        return [no_estimate("delivered value", Status.NOT_APPLICABLE, reason)]
    items = sorted({i for t in (*gains, *sacrifices) for i in parts[t]} | set(goal))
    rows = survey_scales.latest_by_person(survey_scales.answers_wide(answers, items), items).dropna()
    if len(rows) < FEW_PEOPLE:
        reason = f"{people_text(len(rows))} people answered all its questions, {FEW_PEOPLE} are needed"
        return [no_estimate("delivered value", Status.INSUFFICIENT, reason, n=len(rows))]
    names = [*gains, *sacrifices]
    columns = np.column_stack([*(rows[parts[t]].mean(axis=1) for t in names), rows[goal].mean(axis=1)])
    among = survey_scales.weighted_sample(rows, replicas).moments(columns, 1000, seed).covariance
    beta = np.linalg.solve(among[:, :-1, :-1], among[:, :-1, -1:])[:, :, 0]
    made = [percentile_interval(beta[0, j], beta[1:, j]) for j in range(len(names))]
    return [Estimate("weight in delivered value", i.value, i.low, i.high, "points per point", len(rows),
                     f"{'gain' if t in gains else 'sacrifice'}: {t}") for t, i in zip(names, made, strict=True)]
