"""What customers say: one attitude from 0 to 100 a person, and how exactly it is measured."""

from dataclasses import dataclass, field

import ibis.expr.types as ir
import pandas as pd

from helpers.loyalty.assumptions import Assumptions
from helpers.methods import scales
from helpers.methods.common_items import WaveItems, item_answers, wave_items
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
    waves : WaveItems
        How many waves were not asked the same of these questions.
    """

    people: pd.DataFrame
    items: tuple[str, ...]
    reliability: Reliability
    waves: WaveItems = field(default_factory=WaveItems)


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
    return Attitudes(people, items, reliability(wide.to_numpy()), _waves(answers, assumed))


def _waves(answers: ir.Table, assumed: Assumptions) -> WaveItems:
    given = answers.filter(answers.role.isin(assumed.attitude_roles), answers.percent.notnull())
    named = given.select("response_id", "wave").distinct().to_pyarrow().to_pandas().set_index("response_id")["wave"]
    return wave_items(item_answers(answers, assumed.attitude_roles, 0.0), named.sort_index())
