"""Item frameworks: scores by frame tags, antecedents of satisfaction, customer delivered value.

References
----------
Oliver (2010), *Satisfaction: a behavioral perspective on the consumer*, 2nd ed.: fairness (equity), attribution and
emotion as antecedents of satisfaction beside performance and expectation.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import comb

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import scale_reliability, survey_scales
from helpers.stats.bootstrap import percentile_interval
from helpers.stats.confidence_intervals import Interval, pearson_interval
from helpers.stats.disclosure_control import FEW_PEOPLE, estimate_if_enough, people_text
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

FRAME_PREFIX, DELIVERED_VALUE_FRAME = "frame_", "frame_delivered"

SCORE_BY, DIFFERENCE_BY, CORRELATION_BY = "score by ", "difference of scores by ", "correlation with satisfaction by "

BRAND_ROLE = "brand_attribute"

IMPORTANCE_FRAME, IMPORTANCE_ROLE = "frame_importance", "importance"

ANTECEDENT_FRAME, ANTECEDENT_ROLES = "frame_antecedent", ("fairness", "attribution", "emotion")

DELIVERED_VALUE_WEIGHT = "weight in delivered value"

BOOTSTRAP_DRAWS, OF_ALL_PAIRS = 1000, "interval adjusted for all pairs"

FRAMES_COMPARED = {"frame_satisfaction": ("cognitive", "affective"), "frame_scope": ("transaction", "cumulative")}

GAINS, SACRIFICES = ("product", "service", "personnel", "image"), ("money", "time", "mental effort", "physical effort")


def item_tags(items: ir.Table) -> pd.DataFrame:
    """Return which frame tags each item with what: ``item, frame, tag``; several tags of one frame separated by |.

    Questions on fairness, attribution and emotion have these roles; they make up a frame of their own, and so do those
    on importance, by construct. What fits which brand is no answer on our own performance.
    """
    names = [c for c in items.columns if c.startswith(FRAME_PREFIX)]
    own = items.filter(items.role != BRAND_ROLE)
    frame = own.select("item", "role", "construct", *names).to_pyarrow().to_pandas()
    rows = [(r["item"], name, tag.strip()) for r in frame.to_dict("records") for name in names
            for tag in str(r[name] or "").split("|") if tag.strip() and tag.strip().lower() != "nan"]
    rows += [(r["item"], ANTECEDENT_FRAME, r["role"]) for r in frame.to_dict("records")
             if r["role"] in ANTECEDENT_ROLES]
    stated = frame[frame["role"] == IMPORTANCE_ROLE].fillna({"construct": "all"})
    rows += [(r["item"], IMPORTANCE_FRAME, r["construct"]) for r in stated.to_dict("records")]
    return pd.DataFrame(sorted(rows), columns=["item", "frame", "tag"])


def framework_estimates(
    answers: ir.Table, known: pd.DataFrame, tagged: pd.DataFrame, seed: int, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return everything by frames: scores, differences, correlations, pairs of tags, weights in delivered value.

    Parameters
    ----------
    answers, known : Table, DataFrame
        From `helpers.stats.survey_scales`: scaled answers, item catalogue.
    tagged : DataFrame
        From `item_tags`.
    seed : int
        Of the bootstrap.
    replicas : ReplicateWeights, optional
        Of the weights.
    """
    own = _without_satisfaction(tagged, known)
    scores = tag_means(answers, own, replicas)
    struck = {(f"{FRAME_PREFIX}{e.quantity.removeprefix(SCORE_BY)}", e.segment) for e in scores
              if e.status is Status.STRUCK}
    kept = own[np.array([pair not in struck for pair in zip(own["frame"], own["tag"], strict=True)], dtype=bool)]
    return [*scores, *tag_differences(answers, kept, scores, replicas),
            *tag_correlations(answers, known, kept, seed, replicas),
            *cognitive_affective_means(answers, tagged, seed, replicas),
            *delivered_value_weights(answers, known, tagged, seed, replicas)]


def _without_satisfaction(tagged: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the tags without the questions on satisfaction, unless a tag has no other.

    What a tag scores and how it goes with satisfaction are then of the same questions.
    """
    is_satisfied = tagged["item"].isin(known.loc[known["role"] == "satisfaction", "item"])
    has_other = (~is_satisfied).groupby([tagged["frame"], tagged["tag"]]).transform("any")
    return tagged[~(is_satisfied & has_other)]


def frame_estimates(
    answers: ir.Table, items: ir.Table, frame: str, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return the scores of one frame's tags and the lowest less the highest; empty where no question has it.

    Parameters
    ----------
    answers, items : Table
        Scaled answers; ``canonical/items``.
    frame : str
        Its name without prefix, as ``trust``.
    replicas : ReplicateWeights, optional
        Of the weights.
    """
    tagged = item_tags(items)
    tagged = tagged[tagged["frame"] == f"{FRAME_PREFIX}{frame}"]
    scores = tag_means(answers, tagged, replicas) if len(tagged) else []
    return [*scores, *tag_differences(answers, tagged, scores, replicas)] if scores else []


def tag_means(answers: ir.Table, tagged: pd.DataFrame, replicas: ReplicateWeights | None = None) -> list[Estimate]:
    """Return the mean [0–100] of each tag's questions, each person counted once; the reason says which they are.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    tagged : DataFrame
        From `item_tags`.
    replicas : ReplicateWeights, optional
        Of the weights.
    """
    if tagged.empty:
        return [no_estimate(f"{SCORE_BY}frame", Status.NOT_APPLICABLE, "the catalogue tags no question with a frame")]
    made = []
    wide = survey_scales.answers_wide(answers, sorted(set(tagged["item"])))
    for (frame, tag), group in tagged.groupby(["frame", "tag"]):
        rows = survey_scales.latest_by_person(wide, list(group["item"]))
        i = survey_scales.weighted_sample(rows, replicas).mean(rows.mean(axis=1).to_numpy())
        name = frame.removeprefix(FRAME_PREFIX)
        found = estimate_if_enough(f"{SCORE_BY}{name}", i, len(rows), unit="points", segment=tag)
        if frame == IMPORTANCE_FRAME and len(group) > 1:
            found = _checked_scale(found, rows.to_numpy(float))
        made.append(found if found.status is not Status.OK else replace(
            found, reason="; ".join(filter(None, (f"questions: {', '.join(sorted(group['item']))}", found.reason)))))
    return made


def _checked_scale(found: Estimate, answers: np.ndarray) -> Estimate:
    """Return the score of a scale as the gate on α lets it stand: struck, with a caution, or as it is.

    Stated importance is asked by construct, so its questions make a scale; tags of the other frames are sums of unlike
    questions.
    """
    alpha = scale_reliability.measure_reliability(answers).raw.value
    reason = scale_reliability.reliability_reason(alpha)
    if found.status is not Status.OK or not reason:
        return found
    if alpha < scale_reliability.RELIABILITY_STRIKE:
        return no_estimate(
            found.quantity, Status.STRUCK, reason, unit=found.unit, n=found.n, segment=found.segment)
    return replace(found, reason=reason)


def tag_differences(
    answers: ir.Table, tagged: pd.DataFrame, scores: Sequence[Estimate], replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return, for each frame, the lowest score of a tag less the highest, of the people who answered both.

    Antecedents, parts of delivered value and pairs of tags are no alternatives: their scores are not compared here.

    Parameters
    ----------
    answers, tagged, replicas : Table, DataFrame, ReplicateWeights
        As in `tag_means`.
    scores : sequence of Estimate
        From `tag_means`.

    Notes
    -----
    The two are picked from all pairs of the frame's tags: the interval has the level 1 − .05 / pairs (Bonferroni).
    """
    made, wide = [], survey_scales.answers_wide(answers, sorted(set(tagged["item"])))
    alternatives = tagged[~tagged["frame"].isin([ANTECEDENT_FRAME, DELIVERED_VALUE_FRAME, *FRAMES_COMPARED])]
    for frame, rows in alternatives.groupby("frame"):
        name = str(frame).removeprefix(FRAME_PREFIX)
        known = sorted((e.value, e.segment) for e in scores
                       if e.quantity == f"{SCORE_BY}{name}" and e.status is Status.OK)
        if len(known) < 2:
            continue
        pair = (known[0][1], known[-1][1])
        means = _tag_scores(wide, [sorted(rows.loc[rows["tag"] == tag, "item"]) for tag in pair])
        level = 1 - 0.05 / comb(len(known), 2)
        gap = survey_scales.weighted_sample(means, replicas).mean((means[0] - means[1]).to_numpy(), level)
        found = estimate_if_enough(
            f"{DIFFERENCE_BY}{name}", gap, len(means), unit="points", segment=" less ".join(pair))
        is_told = found.status is Status.OK and len(known) > 2
        made.append(replace(found, reason=OF_ALL_PAIRS) if is_told else found)
    return made


def tag_correlations(
    answers: ir.Table, known: pd.DataFrame, tagged: pd.DataFrame, seed: int, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return the correlation of each tag's score with satisfaction, whose own questions count to no tag here.

    Parameters
    ----------
    answers, tagged, replicas : Table, DataFrame, ReplicateWeights
        As in `tag_means`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    seed : int
        Of the bootstrap.
    """
    satisfied = sorted(known.loc[known["role"] == "satisfaction", "item"])
    others = tagged[~tagged["item"].isin(satisfied)]
    made, wide = [], survey_scales.answers_wide(answers, sorted({*others["item"], *satisfied}))
    for (frame, tag), group in others.groupby(["frame", "tag"]) if satisfied else ():
        means = _tag_scores(wide, [sorted(group["item"]), satisfied])
        if len(means) < FEW_PEOPLE or (np.ptp(means.to_numpy(), axis=0) == 0).any():
            continue
        r = _correlation(survey_scales.weighted_sample(means, replicas), means.to_numpy(), seed)
        made.append(Estimate(f"{CORRELATION_BY}{frame.removeprefix(FRAME_PREFIX)}", r.value, r.low, r.high,
                             "correlation", len(means), tag))
    return made


def _tag_scores(wide: pd.DataFrame, parts: Sequence[list[str]]) -> pd.DataFrame:
    """Return the mean of each part's questions by each person's latest answer, for those with every part."""
    people = survey_scales.latest_by_person(wide, sorted({item for part in parts for item in part}))
    return pd.DataFrame({k: people[part].mean(axis=1) for k, part in enumerate(parts)}).dropna()


def _correlation(rows: WeightedSample, columns: np.ndarray, seed: int) -> Interval:
    if rows.replicas is None and np.ptp(rows.weights) == 0:
        return pearson_interval(float(np.corrcoef(columns.T)[0, 1]), len(columns))
    among = rows.moments(columns, BOOTSTRAP_DRAWS, seed).correlation[:, 0, 1]
    return percentile_interval(float(among[0]), among[1:])


def cognitive_affective_means(
    answers: ir.Table, tagged: pd.DataFrame, seed: int, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return cognitive beside affective satisfaction, and that with one transaction beside the cumulative one.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    tagged : DataFrame
        From `item_tags`: frames ``satisfaction`` (cognitive, affective) and ``scope`` (transaction, cumulative).
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
    wide = survey_scales.answers_wide(answers, sorted({item for part in items for item in part}))
    means = _tag_scores(wide, items).set_axis(pair, axis=1)
    if len(means) < FEW_PEOPLE:
        reason = f"{people_text(len(means))} people answered both, {FEW_PEOPLE} are needed"
        return [no_estimate(name, Status.INSUFFICIENT, reason, n=len(means))]
    of_rows = survey_scales.weighted_sample(means, replicas)
    made = [estimate_if_enough(f"{tag} satisfaction", of_rows.mean(means[tag].to_numpy()), len(means), unit="points")
            for tag in pair]
    gap = of_rows.mean((means[pair[0]] - means[pair[1]]).to_numpy())
    r = _correlation(of_rows, means.to_numpy(), seed)
    return [*made, estimate_if_enough(f"{pair[0]} less {pair[1]} satisfaction", gap, len(means), unit="points"),
            Estimate(f"{name}: correlation", r.value, r.low, r.high, "correlation", len(means))]


def delivered_value_weights(
    answers: ir.Table, known: pd.DataFrame, tagged: pd.DataFrame, seed: int, replicas: ReplicateWeights | None = None
) -> list[Estimate]:
    """Return the estimated weights of gains and sacrifices in the value that people say they get.

    Sacrifices are scored in the good direction as everything is: 100 is the least time, effort or money.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`; the outcome is the questions of the role delivered value,
        else value, else satisfaction, that are no part.
    tagged : DataFrame
        From `item_tags`; parts are the tags of the frame ``delivered``.
    seed : int
        Of the bootstrap.
    replicas : ReplicateWeights, optional
        Of the weights.
    """
    parts = {tag: list(g["item"]) for tag, g in tagged[tagged["frame"] == DELIVERED_VALUE_FRAME].groupby("tag")}
    goal = next((items for role in ("delivered_value", "value", "satisfaction")
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
    made = value_weights(survey_scales.weighted_sample(rows, replicas), columns, BOOTSTRAP_DRAWS, seed)
    return [Estimate(DELIVERED_VALUE_WEIGHT, i.value, i.low, i.high, "points per point", len(rows),
                     f"{'gain' if t in gains else 'sacrifice'}: {t}") for t, i in zip(names, made, strict=True)]


def value_weights(rows: WeightedSample, columns: np.ndarray, draws: int, seed: int) -> list[Interval]:
    """Return the least-squares weights of all columns but the last in the last, with bootstrap percentile intervals.

    Parameters
    ----------
    rows : WeightedSample
        The people.
    columns : ndarray, shape (n, p + 1)
        Scores of the parts, and of the whole.
    draws, seed : int
        Of the bootstrap, where the weights have no replicates.
    """
    among = rows.moments(columns, draws, seed).covariance
    beta = np.linalg.solve(among[:, :-1, :-1], among[:, :-1, -1:])[:, :, 0]
    return [percentile_interval(beta[0, j], beta[1:, j]) for j in range(columns.shape[1] - 1)]
