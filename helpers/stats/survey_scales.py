"""Survey scales: answers from 0 to 100 in the good direction, not-applicable codes, latest answers."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, cast

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

ANSWER_GIVEN, NOT_APPLICABLE, MISSING, OFF_SCALE = "given", "not applicable", "missing", "off the scale"

CUT_COLUMNS = ("cut_1", "cut_2", "cut_3")

SCALE_TOLERANCE = 1e-9

PERSON_COLUMNS = ("person", "customer_id", "weight", "responded_at", "response_id")

CATALOGUE_SCHEMA = ibis.schema({
    "item": "string", "text": "string", "role": "string", "construct": "string", "scale_low": "float64",
    "scale_high": "float64", "is_reversed": "boolean", "is_agreement": "boolean", "codes": "string", "pair": "string",
    "answer_labels": "string",
    **dict.fromkeys(CUT_COLUMNS, "float64"),
})


def item_catalogue(items: ir.Table) -> pd.DataFrame:
    """Return the survey items that speak of ourselves, read for computing; grain item, sorted.

    Parameters
    ----------
    items : Table
        ``canonical/items``.

    Returns
    -------
    DataFrame
        ``item, text, role, construct`` (the role where none is named)``, scale_low, scale_high, is_reversed,
        is_agreement, codes`` (codes that mean 'does not apply', ``|`` around each)``, pair, answer_labels`` and the
        upper limits ``cut_1 … cut_3`` of the levels [0–100], NaN where the catalogue has none.

    Raises
    ------
    InputError
        If a scale has no length, or cut points are not three rising numbers.

    Notes
    -----
    Cut points are read on the item's own scale; for a reversed item from its good end: upper limits of badness.
    """
    own = items.filter(items.subject.isnull() | (items.subject == ""))
    frame = own.to_pyarrow().to_pandas().sort_values("item", ignore_index=True)
    flat = frame.loc[frame["scale_high"] <= frame["scale_low"], "item"]
    if len(flat):
        raise InputError(f"items.{flat.iloc[0]}", "scale_high is not above scale_low", "a scale with a length")
    for flag in ("is_reversed", "is_agreement"):
        frame[flag] = frame[flag].fillna(False).astype(bool)
    frame["construct"] = frame["construct"].where(frame["construct"].fillna("") != "", frame["role"])
    frame["codes"] = "|" + frame["not_applicable"].fillna("").str.replace(" ", "") + "|"
    frame[list(CUT_COLUMNS)] = [_cut_points(row) for row in frame.itertuples()] or np.empty((0, len(CUT_COLUMNS)))
    return frame[list(CATALOGUE_SCHEMA.names)]


def binary_answer_labels(known: pd.DataFrame, role: str = "satisfaction") -> tuple[str, str] | None:
    """Return the names of no and yes where a role has a single question with two answers; None elsewhere.

    Parameters
    ----------
    known : DataFrame
        From `item_catalogue`.
    role : str
        Whose questions.

    Examples
    --------
    >>> known = pd.DataFrame({"role": ["satisfaction"], "scale_low": [0], "scale_high": [1], "answer_labels": [None]})
    >>> binary_answer_labels(known)
    ('not satisfied', 'satisfied')
    """
    asked = known[known["role"] == role]
    if len(asked) != 1 or asked["scale_high"].iloc[0] - asked["scale_low"].iloc[0] != 1:
        return None
    labels = asked["answer_labels"].fillna("").iloc[0]
    low, _, high = (part.strip() for part in labels.partition("|"))
    return (low, high) if low and high else ("not satisfied", "satisfied")


def percent_of_scale(score: float, low: float, high: float, is_reversed: bool) -> float:
    """Return an answer from 0 (worst) to 100 (best).

    Examples
    --------
    >>> percent_of_scale(4, 1, 5, False), percent_of_scale(2, 1, 5, True)
    (75.0, 75.0)
    """
    position = 100 * (score - low) / (high - low)
    return 100 - position if is_reversed else position


def _cut_points(row: Any) -> list[float]:
    text = row.cut_points
    if not isinstance(text, str) or not text.strip():
        return [np.nan] * len(CUT_COLUMNS)
    try:
        cuts = [
            percent_of_scale(float(part), row.scale_low, row.scale_high, row.is_reversed) for part in text.split("|")
        ]
    except ValueError:
        cuts = []
    if len(cuts) != len(CUT_COLUMNS) or sorted(set(cuts)) != cuts:
        allowed = "three numbers separated by |, from the bad end of the scale to the good one"
        raise InputError(f"items.{row.item}", f"cut points '{text}' cannot be read", allowed)
    return cuts


def scaled_answers(responses: ir.Table, respondents: ir.Table, known: pd.DataFrame, as_of: date) -> ir.Table:
    """Return every answer on the common scale, lazily; grain response × item.

    Parameters
    ----------
    responses, respondents : Table
        ``canonical/responses``, ``canonical/respondents``.
    known : DataFrame
        From `item_catalogue`; answers to other items are left out.
    as_of : date
        Later answers are left out; answers without a date stay.

    Returns
    -------
    Table
        ``response_id, item, role, construct, score`` (as given), ``percent`` (0–100, empty unless given), ``state``
        (given, not applicable, missing, off the scale), ``customer_id, person`` (the customer, or the response where
        it is anonymous), ``responded_at, wave`` (as named, else the calendar quarter), ``weight`` (1 where none) and
        the cuts.
    """
    lent = ibis.memtable(known, schema=CATALOGUE_SCHEMA)
    table = responses.select("response_id", "item", "score", "is_not_applicable").inner_join(lent, "item")
    table = table.left_join(survey_people(respondents), "response_id").drop("response_id_right")
    table = table.mutate(person=ibis.coalesce(table.customer_id, ibis.literal("response ") + table.response_id),
                         wave=table.wave.fill_null("undated"), weight=table.weight.fill_null(1.0))
    table = table.filter(table.responded_at.isnull() | (table.responded_at < as_of + timedelta(days=1)))
    return _is_on_scale(table)


def survey_people(respondents: ir.Table) -> ir.Table:
    """Return who answered and when: ``response_id, customer_id, responded_at, wave, weight``."""
    when = respondents.responded_at
    quarter = when.year().cast("string") + "-Q" + when.quarter().cast("string")
    return respondents.select(
        "response_id", "customer_id", responded_at=when, wave=ibis.coalesce(respondents.wave.nullif(""), quarter),
        weight=respondents.weight)


def _is_on_scale(table: ir.Table) -> ir.Table:
    score = table.score
    code = ibis.literal("|") + score.cast("int64").cast("string") + "|"
    is_code = (score == score.floor()) & table.codes.contains(code)
    state = ibis.cases(
        (table.is_not_applicable.fill_null(False), NOT_APPLICABLE), (score.isnull(), MISSING),
        (is_code, NOT_APPLICABLE),
        ((score < table.scale_low) | (score > table.scale_high), OFF_SCALE), else_=ANSWER_GIVEN)
    position = 100 * (score - table.scale_low) / (table.scale_high - table.scale_low)
    good = table.is_reversed.ifelse(100 - position, position)
    table = table.mutate(state=state)
    return table.mutate(percent=(table.state == ANSWER_GIVEN).ifelse(good, ibis.null("float64"))).drop(
        "text", "codes", "is_not_applicable", "pair", "answer_labels", "scale_low", "scale_high", "is_reversed",
        "is_agreement")


def latest_rows(table: ir.Table, by: Sequence[str]) -> ir.Table:
    """Return each group's latest row: of equal times the highest response id; rows without a time come first."""
    when = ibis.coalesce(table.responded_at, ibis.timestamp("1677-01-01 00:00:00"))
    newest = ibis.row_number().over(
        ibis.window(group_by=list(by), order_by=[when.desc(), table.response_id.desc()]))
    return table.mutate(newest=newest).filter(lambda t: t.newest == 0).drop("newest")


def wave_names(given: ir.Table) -> list[str]:
    """Return the names of the waves in which anything was answered, oldest first; undated ones first, by name."""
    given = given.filter(given.percent.notnull())
    first = given.group_by("wave").aggregate(first_at=given.responded_at.min())
    return first.to_pyarrow().to_pandas().sort_values(["first_at", "wave"], na_position="first")["wave"].to_list()


def answers_wide(given: ir.Table, items: Sequence[str]) -> pd.DataFrame:
    """Return answers as a frame, one row a response with any of the items, the latest last.

    Parameters
    ----------
    given : Table
        From `scaled_answers`.
    items : sequence of str
        The columns, in order; NaN [0–100] where an item was not answered.

    Returns
    -------
    DataFrame
        Index ``person, customer_id, weight, responded_at, response_id``; rows without a time come first.
    """
    given = given.filter(given.item.isin(list(items)) & given.percent.notnull())
    rows = given.group_by(*PERSON_COLUMNS).aggregate(
        **{f"item_{i}": given.percent.max(where=given.item == item) for i, item in enumerate(items)})
    frame = rows.to_pyarrow().to_pandas().sort_values(["responded_at", "response_id"], na_position="first")
    indexed = frame.set_index(list(PERSON_COLUMNS))[[f"item_{i}" for i in range(len(items))]]
    return indexed.astype("float64").set_axis(list(items), axis=1)


def weighted_sample(people: pd.DataFrame, replicas: ReplicateWeights | None = None) -> WeightedSample:
    """Return the people of a frame from `wide` with their weights, and the weights' replicates where there are any."""
    return WeightedSample(people.index.get_level_values("person").to_numpy(),
                people.index.get_level_values("weight").to_numpy(float), replicas)


def latest_by_person(answered: pd.DataFrame, items: Sequence[str]) -> pd.DataFrame:
    """Return some columns of a frame from `wide`: each person's latest response with any of them, by person."""
    chosen = answered[list(items)]
    chosen = chosen[chosen.notna().any(axis=1)]
    index = cast(pd.MultiIndex, chosen.index)
    code = np.asarray(index.codes[index.names.index("person")])  # in the order of names, as levels are sorted
    newest = np.flatnonzero(~pd.Series(code).duplicated(keep="last"))
    return chosen.iloc[newest[np.argsort(code[newest], kind="stable")]]
