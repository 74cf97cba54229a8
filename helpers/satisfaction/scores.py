"""One satisfaction score from 0 to 100 for each completed survey, and the level it lies on."""

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.methods.common_items import ItemAnswers, item_answers
from helpers.methods.disclosure_control import LEAST_PEOPLE
from helpers.methods.scales import CUTS, LEVELS, NOT_APPLICABLE, TOLERANCE
from helpers.satisfaction.assumptions import Assumptions

FORMULA = (
    "answer = 100 × (score − lowest) / (highest − lowest), and 100 less that where a high answer is a bad one; "
    "person = mean of the answers to the satisfaction questions; index = mean of the people, each by the latest answer"
)


def scores(answers: ir.Table, assumed: Assumptions) -> pd.DataFrame:
    """Return one row for each completed survey with enough satisfaction answers, sorted by response.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    assumed : Assumptions
        Default cut points, and the least share of applicable questions that must be answered; one to which ten or
        more of a wave have no answer, and nobody has, was not asked in it.

    Returns
    -------
    DataFrame
        ``response_id, customer_id, person, responded_at, wave, weight, satisfaction`` (mean of the answers, 0–100)``,
        n_items, level``. Where questions have different cut points, the level is by their mean.
    """
    asked = answers.filter((answers.role == "satisfaction") & (answers.state != NOT_APPLICABLE))
    by_wave = asked.group_by("item", "wave").aggregate(n=asked.count(), n_given=asked.percent.count())
    asked = asked.anti_join(by_wave.filter(by_wave.n >= LEAST_PEOPLE, by_wave.n_given == 0), ["item", "wave"])
    given = asked.percent.notnull()
    cuts = {name: ibis.coalesce(asked[name], default).mean(where=given)
            for name, default in zip(CUTS, assumed.cuts, strict=True)}
    table = asked.group_by("response_id", "customer_id", "person", "responded_at", "wave", "weight").aggregate(
        satisfaction=asked.percent.mean(), n_items=given.ifelse(1, 0).sum().cast("int64"),
        n_asked=asked.count(), **cuts)
    table = table.filter((table.n_items > 0) & (table.n_items >= assumed.share_answered * table.n_asked))
    table = table.mutate(level=_level(table)).drop("n_asked", *CUTS)
    return table.to_pyarrow().to_pandas().sort_values("response_id", ignore_index=True)


def by_item(answers: ir.Table, assumed: Assumptions) -> ItemAnswers:
    """Return the answers behind the scores, so that groups can be compared by the questions that both were asked.

    Parameters
    ----------
    answers, assumed
        As in `scores`.
    """
    return item_answers(answers, ["satisfaction"], assumed.share_answered)


def _level(table: ir.Table) -> ir.StringValue:
    below = [(table.satisfaction <= table[cut] + TOLERANCE, level) for cut, level in zip(CUTS, LEVELS, strict=False)]
    return ibis.cases(*below, else_=LEVELS[-1])
