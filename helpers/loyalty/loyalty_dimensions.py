"""Dimensions of loyalty: attachment, repeat purchase, share of category, price tolerance, advocacy; how far apart."""

import math

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import ATTACHMENT, INTENTION
from helpers.loyalty.dick_basu_uncertainty import hidden_kinds
from helpers.loyalty.schema import LOYALTY_KINDS
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import estimate_if_enough, too_few
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

REPEAT_DIMENSION = "repeat purchase"

DIMENSION_COLUMNS = {ATTACHMENT: "attachment", REPEAT_DIMENSION: "share_active",
                     "share of category": "category_spend", "price tolerance": "price_tolerance",
                     "advocacy": "recommend"}

SATISFACTION_DIMENSION = "satisfaction"

DIMENSIONS = (*DIMENSION_COLUMNS, INTENTION, SATISFACTION_DIMENSION)

NOT_COMPARED = (REPEAT_DIMENSION, "share of category", "price tolerance")  # shares and prices, no scale of attitudes

DIMENSION_DIFFERENCE = "highest less lowest attitude"


def loyalty_dimensions(
    people: pd.DataFrame, assumed: LoyaltyConfig, kinds: tuple[str, ...] = ("true", "spurious"), name: str = ATTACHMENT,
    replicates: ReplicateWeights | None = None,
) -> list[Estimate]:
    """Return the dimensions of loyalty, of everybody and of some kinds of the crossing; and how far apart.

    The highest and the lowest of the attitudes are compared within the people who told both (`DIMENSION_DIFFERENCE`),
    at a level that allows for every pair that might have been the farthest apart (Bonferroni). What people do is a
    share and stands on no scale of answers [0–100], so it is compared with none.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.loyalty_types.classify_motives`; attachment is the attitude without recommendation, which
        is advocacy: a dimension is not compared with a part of itself.
    assumed : LoyaltyConfig
        Section ``[loyalty]``: where nobody was asked about attachment, the first dimension is
        `SATISFACTION_DIMENSION`.
    kinds : tuple of str
        Segments beside everybody; one whose size is withheld has no row.
    name : str
        Of the first dimension, from `helpers.loyalty.dick_basu.measure_attitudes`.
    replicates : ReplicateWeights, optional
        Of the survey weights: intervals of answers are those of page 02.
    """
    rows = []
    first = (name, ATTACHMENT) if assumed.asks_attachment else (SATISFACTION_DIMENSION, "attitude")
    columns = dict([first, *((of, column) for of, column in DIMENSION_COLUMNS.items() if of != ATTACHMENT)])
    withheld = hidden_kinds(people[people["kind"].isin(LOYALTY_KINDS)])
    for segment in ("all", *(kind for kind in kinds if not withheld[kind])):
        part = people if segment == "all" else people[people["kind"] == segment]
        for dimension, column in columns.items():
            known = part[part[column].notna()]
            unit, most = ("share", 1.0) if column == "share_active" else ("points", 100.0)
            if segment == "all" and known.empty:
                reason = "no such question was asked" if unit == "points" else too_few(0)
                rows.append(no_estimate(dimension, Status.INSUFFICIENT, reason, unit=unit, segment=segment))
            else:
                mean = _sample(known, replicates if unit == "points" else None, unit == "points").mean(
                    known[column].to_numpy(float))
                within = Interval(mean.value, max(mean.low, 0.0), min(mean.high, most))
                rows.append(estimate_if_enough(dimension, within, len(known), unit=unit, segment=segment))
    return [*rows, *_dimension_difference(people, rows, columns, replicates)]


def _sample(rows: pd.DataFrame, replicates: ReplicateWeights | None, is_answer: bool = True) -> WeightedSample:
    """Return people with their survey weights, and replicates where everybody has a weight; acts weigh one each."""
    weights = rows["weight"].to_numpy(float) if is_answer else np.ones(len(rows))
    is_weighted = not np.isnan(weights).any()
    return WeightedSample(rows["person"].to_numpy(), np.nan_to_num(weights, nan=1.0),
                          replicates if is_weighted else None)


def _dimension_difference(
    people: pd.DataFrame, rows: list[Estimate], columns: dict[str, str], replicates: ReplicateWeights | None
) -> list[Estimate]:
    known = [r for r in rows if r.segment == "all" and r.status is Status.OK and r.quantity not in NOT_COMPARED]
    if len(known) < 2:
        return []
    high, low = (columns[f(known, key=lambda r: r.value).quantity] for f in (max, min))
    both = people[people[high].notna() & people[low].notna()]
    apart = (both[high] - both[low]).to_numpy(float)
    level = 1 - 0.05 / math.comb(len(known), 2)
    found = _sample(both, replicates).mean(apart, level)
    return [estimate_if_enough(DIMENSION_DIFFERENCE, found, len(apart), unit="points")]
