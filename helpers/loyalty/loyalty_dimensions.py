"""Dimensions of loyalty: attachment, repeat purchase, share of category, price tolerance, advocacy; how far apart."""

import math

import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import ATTACHMENT, INTENTION
from helpers.loyalty.dick_basu_uncertainty import hidden_kinds
from helpers.loyalty.schema import LOYALTY_KINDS
from helpers.stats.confidence_intervals import Interval, mean_interval
from helpers.stats.disclosure_control import estimate_if_enough, too_few

REPEAT_DIMENSION = "repeat purchase"

DIMENSION_COLUMNS = {ATTACHMENT: "attachment", REPEAT_DIMENSION: "share_active",
                     "share of category": "category_spend", "price tolerance": "price_tolerance",
                     "advocacy": "recommend"}

SATISFACTION_DIMENSION = "satisfaction"

DIMENSIONS = (*DIMENSION_COLUMNS, INTENTION, SATISFACTION_DIMENSION)

NOT_COMPARED = (REPEAT_DIMENSION, "share of category", "price tolerance")  # shares and prices, no scale of attitudes

DIMENSION_DIFFERENCE = "highest less lowest attitude"


def loyalty_dimensions(
    people: pd.DataFrame, assumed: LoyaltyConfig, kinds: tuple[str, ...] = ("true", "spurious"), name: str = ATTACHMENT
) -> list[Estimate]:
    """Return the dimensions of loyalty [0–100]: of everybody, and of some kinds of the crossing; and how far apart.

    The highest and the lowest of the attitudes are compared within the people who told both (`DIMENSION_DIFFERENCE`),
    at a level that allows for every pair that might have been the farthest apart (Bonferroni). What people do is a
    share and stands on no scale of answers, so it is compared with none.

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
    """
    rows = []
    first = (name, ATTACHMENT) if assumed.asks_attachment else (SATISFACTION_DIMENSION, "attitude")
    columns = dict([first, *((of, column) for of, column in DIMENSION_COLUMNS.items() if of != ATTACHMENT)])
    withheld = hidden_kinds(people[people["kind"].isin(LOYALTY_KINDS)])
    for segment in ("all", *(kind for kind in kinds if not withheld[kind])):
        part = people if segment == "all" else people[people["kind"] == segment]
        for dimension, column in columns.items():
            known = part[part[column].notna()]
            values = known[column].to_numpy(float) * (100 if column == "share_active" else 1)
            weights = None if column == "share_active" else known["weight"].fillna(1.0).to_numpy(float)
            if segment == "all" and not len(values):
                reason = "no such question was asked" if column != "share_active" else too_few(0)
                rows.append(no_estimate(dimension, Status.INSUFFICIENT, reason, unit="points", segment=segment))
            else:
                mean = mean_interval(values, weights)
                within = Interval(mean.value, max(mean.low, 0.0), min(mean.high, 100.0))
                rows.append(estimate_if_enough(dimension, within, len(values), unit="points", segment=segment))
    return [*rows, *_dimension_difference(people, rows, columns)]


def _dimension_difference(people: pd.DataFrame, rows: list[Estimate], columns: dict[str, str]) -> list[Estimate]:
    known = [r for r in rows if r.segment == "all" and r.status is Status.OK and r.quantity not in NOT_COMPARED]
    if len(known) < 2:
        return []
    high, low = (columns[f(known, key=lambda r: r.value).quantity] for f in (max, min))
    both = people[people[high].notna() & people[low].notna()]
    apart = (both[high] - both[low]).to_numpy(float)
    level = 1 - 0.05 / math.comb(len(known), 2)
    found = mean_interval(apart, both["weight"].fillna(1.0).to_numpy(float), level)
    return [estimate_if_enough(DIMENSION_DIFFERENCE, found, len(apart), unit="points")]
