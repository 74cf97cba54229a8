"""What customers say: one attitude from 0 to 100 a person, and how exactly it is measured."""

from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from helpers.loyalty.assumptions import Assumptions
from helpers.methods import scales
from helpers.methods.reliability import Reliability, reliability


@dataclass(frozen=True, slots=True)
class Attitudes:
    """Attitudes of the people who answered.

    Parameters
    ----------
    people : DataFrame
        Grain person, sorted: ``person, customer_id`` (empty where anonymous)``, responded_at, attitude`` [0–100]``,
        n_items``.
    items : tuple of str
        The questions, one column each in the reliability.
    reliability : Reliability
        Of the mean of the items.
    """

    people: pd.DataFrame
    items: tuple[str, ...]
    reliability: Reliability


def attitudes(answers: ir.Table, known: pd.DataFrame, assumed: Assumptions) -> Attitudes:
    """Return each person's attitude by the latest response that has any of its questions.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`.
    assumed : Assumptions
        Which roles make up the attitude.
    """
    items = tuple(known.loc[known["role"].isin(assumed.attitude_roles), "item"])
    wide = scales.latest_of(scales.wide(answers, items), items)
    people = wide.index.to_frame(index=False)[["person", "customer_id", "responded_at"]]
    people = people.assign(attitude=wide.mean(axis=1).to_numpy(), n_items=wide.notna().sum(axis=1).to_numpy())
    return Attitudes(people, items, reliability(wide.to_numpy()))
