"""The same people and the same questions over waves: steps of expectation, and what satisfies in each wave."""

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import scales
from helpers.methods.disclosure_control import FEW_PEOPLE
from helpers.methods.paths import PathModel
from helpers.methods.resampling import moments
from helpers.methods.weighing import Replicas, Rows
from helpers.satisfaction import confirmation
from helpers.satisfaction.assumptions import Assumptions
from helpers.satisfaction.drift import LEAST_WAVES, STEADY, drifts
from helpers.satisfaction.structure import SATISFACTION, Absent
from helpers.satisfaction.updating import LEAST_WAVES as LEAST_OF_PERSON
from helpers.satisfaction.updating import Steps

DRIFT = "drift of the weight"


def steps(
    answers: ir.Table, known: pd.DataFrame, waves: Sequence[str], assumed: Assumptions
) -> tuple[Steps | None, str]:
    """Return steps of people who answered three waves or more, or why expectation updating is not identified.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`.
    waves : sequence of str
        Oldest first.
    assumed : Assumptions
        Whether expectations are asked before use.
    """
    joined = confirmation.joined(known)  # like follows like: questions without a counterpart stay out
    items = {role: list(joined[side]) if len(joined) else list(known.loc[known["role"] == role, "item"])
             for role, side in (("expectation", "item_y"), ("performance", "item_x"))}
    for role, found in items.items():
        if len(found) < 2:
            return None, f"two questions or more on {role} are needed to know their error"
    if not assumed.expectation_before_use:
        return None, "the study does not say that expectations are asked before use"
    if len(waves) < LEAST_OF_PERSON:
        return None, f"{len(waves)} waves, fewer than {LEAST_OF_PERSON}"
    wanted = [*items["expectation"], *items["performance"]]
    rows = scales.wide(answers, wanted).dropna()
    waves_of = answers.select("response_id", "wave").distinct().to_pyarrow().to_pandas()
    named = dict(zip(waves_of["response_id"], waves_of["wave"], strict=True))
    people = rows.index.get_level_values("person").to_numpy()
    place = np.array([list(waves).index(named[r]) for r in rows.index.get_level_values("response_id")])
    weight = rows.index.get_level_values("weight").to_numpy(float)
    frame = rows.reset_index(drop=True).assign(person=people, place=place, weight=weight)
    frame = frame.drop_duplicates(["person", "place"], keep="last").sort_values(["person", "place"])
    frame = frame[frame.groupby("person")["place"].transform("size") >= LEAST_OF_PERSON]
    if frame.empty:
        return None, f"nobody answered {LEAST_OF_PERSON} waves or more"
    follows = (frame["person"].eq(frame["person"].shift(-1)) & frame["place"].add(1).eq(frame["place"].shift(-1)))
    before, after = frame[follows.to_numpy()], frame[follows.shift(1, fill_value=False).to_numpy()]
    return Steps(before["person"].to_numpy(), before[items["expectation"]].to_numpy(),
                 before[items["performance"]].to_numpy(), after[items["expectation"]].to_numpy(),
                 before["weight"].to_numpy()), ""


def drift(
    answers: ir.Table, model: PathModel | Absent, waves: Sequence[str], replicas: Replicas | None = None
) -> list[Estimate]:
    """Return how the drivers' weights move over eight waves or more, or why that cannot be said.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    model : PathModel or Absent
        Whose arrows into satisfaction name the drivers.
    waves : sequence of str
        Oldest first; those with fewer than 30 people are left out.
    replicas : Replicas, optional
        Of the survey weights; the weights' errors are theirs then.
    """
    if isinstance(model, Absent):
        return [without_value(DRIFT, Status.INSUFFICIENT, model.reason)]
    names = [start for start, end in model.arrows if end == SATISFACTION]
    found = _weights(answers, model, waves, replicas) if len(waves) >= LEAST_WAVES else ([], [], [])
    if len(found[0]) < LEAST_WAVES:
        reason = f"{len(found[0] or waves)} waves that can be used, fewer than {LEAST_WAVES}"
        return [without_value(DRIFT, Status.INSUFFICIENT, reason)]
    made = []
    for d in drifts(names, found[0], np.array(found[1]), np.array(found[2])):
        where = f" between waves {d.since[0]} and {d.since[-1]}" if d.since else ""
        made.append(Estimate(f"{DRIFT}: {d.kind}{where}", d.moved, unit="standard deviations of the waves",
                             n=len(found[0]), segment=d.dimension,
                             reason="" if d.kind == STEADY else f"adjusted p {d.p_value:.3g}"))
    return made


def _weights(
    answers: ir.Table, model: PathModel, waves: Sequence[str], replicas: Replicas | None
) -> tuple[list[str], list[np.ndarray], list[np.ndarray]]:
    """Return standardised regression weights of satisfaction in each wave, and their standard errors."""
    kept, weights, errors = [], [], []
    names = [start for start, end in model.arrows if end == SATISFACTION]
    rows = scales.wide(answers, model.items).dropna()
    waves_of = answers.select("response_id", "wave").distinct().to_pyarrow().to_pandas()
    wave = rows.index.get_level_values("response_id").map(dict(zip(waves_of["response_id"], waves_of["wave"],
                                                                  strict=True)))
    means = pd.DataFrame({name: rows[list(items)].mean(axis=1) for name, items in model.blocks.items()})
    among = moments(means.to_numpy(), rows.index.get_level_values("weight").to_numpy(float)[None])
    scaled = (means - among.mean[0]) / np.sqrt(np.diag(among.covariance[0]))
    for name in waves:
        part = scaled[wave == name]
        if len(part) < max(FEW_PEOPLE, 3 * len(names)):
            continue
        beta, error = _regression(part[[*names, SATISFACTION]].to_numpy(), scales.rows_of(part, replicas))
        kept.append(name)
        weights.append(beta)
        errors.append(error)
    return kept, weights, errors


def _regression(columns: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients of the last column on the others and their standard errors, by replicates where there are."""
    if rows.replicas is not None:
        among = moments(columns, rows.draws()).covariance
        known = np.isfinite(among).all(axis=(1, 2))
        beta = (np.linalg.pinv(among[known, :-1, :-1]) @ among[known, :-1, -1:])[:, :, 0]
        return beta[0], beta[1:].std(axis=0, ddof=1)
    x, y = np.column_stack([columns[:, :-1], np.ones(len(columns))]), columns[:, -1]
    inverse = np.linalg.pinv(x.T @ x)
    beta = inverse @ (x.T @ y)
    spread = ((y - x @ beta) ** 2).sum() / (len(y) - x.shape[1])
    return beta[:-1], np.sqrt(spread * np.diag(inverse))[:-1]
