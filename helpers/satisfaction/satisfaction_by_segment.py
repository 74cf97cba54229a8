"""Satisfaction by segment: survey, channel, language, stratum, customer attributes, kinds; adjusted for many."""

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers.customer_kinds import CUSTOMER_KINDS
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.stats.common_items import CommonItems, ItemAnswers
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, estimate_if_enough, people_text
from helpers.stats.multiple_testing import holm
from helpers.stats.raking import categories_of
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample, weighted_difference

SEGMENT_SATISFACTION = "satisfaction of a segment"


NO_SEGMENTS = ("response_id", "customer_id", "wave", "responded_at", "duration_seconds", "weight")


MAX_GROUPS = 20


def segment_members(respondents: ir.Table, customers: ir.Table) -> pd.DataFrame:
    """Return which segments each response belongs to: ``response_id`` and one column of text a variable.

    Parameters
    ----------
    respondents, customers : Table
        Canonical tables: every column of the respondents but `NO_SEGMENTS`, so what a profile keeps of them too; kind,
        channel of acquisition and demographic columns of the customers where respondents lack them. Numbers of more
        than 12 values stand in fifths; columns with more than 20 values, or with one, make no segments.
    """
    own = [c for c in respondents.columns if c not in NO_SEGMENTS]
    theirs = [c for c in customers.columns if c not in own and (
        c in ("kind", "acquired_channel") or c.startswith("demographic_"))]
    rows = respondents.select("response_id", "customer_id", *own).left_join(
        customers.select("customer_id", *theirs), "customer_id")
    frame = rows.select("response_id", *own, *theirs).to_pyarrow().to_pandas().sort_values(
        "response_id", ignore_index=True)
    texts = {c: frame[c].astype(object).where(frame[c].notna(), "") for c in (*own, *theirs)}
    made = {c: categories_of(text, text)[0] for c, text in texts.items()}
    kept = {c: x for c, x in made.items() if 2 <= x[x != ""].nunique() <= MAX_GROUPS}
    return frame[["response_id"]].assign(**kept)


def segment_label(column: str) -> str:
    """Return a variable's name for people.

    Examples
    --------
    >>> segment_label("demographic_customer_type"), segment_label("acquired_channel")
    ('customer type', 'acquired channel')
    """
    return column.removeprefix("demographic_").replace("_", " ")


def segment_comparisons(
    scored: pd.DataFrame, of: pd.DataFrame, replicas: ReplicateWeights | None = None, given: ItemAnswers | None = None
) -> pd.DataFrame:
    """Return each segment's satisfaction and its difference from everybody else.

    Parameters
    ----------
    scored : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`; a person counts once, by the latest answer.
    of : DataFrame
        From `segment_members`.
    replicas : ReplicateWeights, optional
        Of the weights.
    given : ItemAnswers, optional
        Answers to the satisfaction questions, so that those who were asked different ones are compared by the ones
        that both were asked, or not at all.

    Returns
    -------
    DataFrame
        ``segment, people, value, low, high, difference, p_adjusted, compared, is_counterpart`` [points]; p-values
        adjusted over all comparisons (Holm), lowest first. Under 30 people on either side: no difference; under ten: no
        value. ``compared`` says by which questions, or why not; empty where everybody was asked the same. Both values
        of a column that has two are one comparison: the second is the counterpart.
    """
    rows = scored.merge(of, on="response_id").sort_values(["responded_at", "response_id"], na_position="first")
    rows = rows.drop_duplicates("person", keep="last").sort_values("person", ignore_index=True)
    values = {c: sorted(set(rows[c]) - {""}) for c in of.columns.drop("response_id")}
    found = [_segment_row(rows, c, value, replicas, given) for c, named in values.items() for value in named]
    columns = ["segment", "people", "value", "low", "high", "difference", "p", "compared"]
    table = pd.DataFrame(found, columns=columns)
    is_counterpart = np.array([len(of_one) == 2 and value == of_one[1] for of_one in values.values()
                               for value in of_one], bool)
    adjusted = pd.Series(holm(table.pop("p").where(~is_counterpart).to_numpy(float)))
    table.insert(6, "p_adjusted", adjusted.where(~is_counterpart, adjusted.shift()))
    table["is_counterpart"] = is_counterpart
    return table.sort_values(["p_adjusted", "people", "segment"], ascending=[True, False, True], ignore_index=True)


def _segment_row(
    rows: pd.DataFrame, column: str, value: str, replicas: ReplicateWeights | None, given: ItemAnswers | None
) -> tuple:
    is_in, is_known = rows[column] == value, rows[column] != ""
    parts = [rows[is_known & ~is_in], rows[is_in]]
    own = _of(parts[1], replicas).mean(parts[1]["satisfaction"].to_numpy(float))
    n, common, gap, p = len(parts[1]), CommonItems((), 0), np.nan, np.nan
    if given is not None and min(map(len, parts)) >= FEW_PEOPLE:
        common = given.common(*(part["response_id"] for part in parts))
        parts = parts if common.is_whole else [given.rescored(part, common.items) for part in parts]
    if min(map(len, parts)) >= FEW_PEOPLE:
        rest, own_scores = (part["satisfaction"].to_numpy(float) for part in parts)
        made, p = weighted_difference((rest, own_scores), (_of(parts[0], replicas), _of(parts[1], replicas)))
        gap = made.value
    return f"{segment_label(column)} {value}", n, own.value, own.low, own.high, gap, p, common.note


def _of(part: pd.DataFrame, replicas: ReplicateWeights | None) -> WeightedSample:
    return WeightedSample(part["person"].to_numpy(), part["weight"].to_numpy(float), replicas)


def segment_estimates(table: pd.DataFrame) -> list[Estimate]:
    """Return the satisfaction of each segment as rows of a long table.

    Parameters
    ----------
    table : DataFrame
        From `segment_table`.
    """
    made = [
        estimate_if_enough(
            SEGMENT_SATISFACTION, Interval(r.value, r.low, r.high), r.people, unit="points", segment=r.segment
        )
        for r in table.sort_values("segment").itertuples()
    ]
    reason = "no column of the respondents or customers makes segments"
    return made or [no_estimate(SEGMENT_SATISFACTION, Status.NOT_APPLICABLE, reason, unit="points")]


def segment_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return the segments that may be published, those that differ most surely first.

    Parameters
    ----------
    table : DataFrame
        From `segment_table`.
    """
    return table[table["people"] >= LEAST_PEOPLE].reset_index(drop=True)


def estimates_by_kind(
    people: pd.DataFrame, kinds: pd.DataFrame, quantity: str, column: str, roles: tuple[str, ...],
    replicates: ReplicateWeights | None = None,
) -> list[Estimate]:
    """Return the mean of a score by kind of customer, or that the kind may not be asked for it.

    Parameters
    ----------
    people : DataFrame
        ``customer_id, person, weight`` and the score [0–100]; of several answers of a person the latest counts.
    kinds : DataFrame
        From `helpers.customers.customer_kinds.kinds_of_customers`.
    quantity, column : str
        What it is called, and its column.
    roles : tuple of str
        Roles of the questions that the score is made of.
    replicates : ReplicateWeights, optional
        Of the weights.
    """
    rows = people.dropna(subset=["customer_id", column]).merge(kinds, on="customer_id", suffixes=("_score", ""))
    if order := [c for c in ("responded_at", "response_id") if c in rows]:
        rows = rows.sort_values(order, na_position="first")
    rows = rows.drop_duplicates("person", keep="last")
    made = []
    for kind in kinds["kind"].unique():
        known, group = CUSTOMER_KINDS[kind], rows[rows["kind"] == kind].sort_values("person")
        if set(roles) & set(known.excluded_roles):
            made.append(no_estimate(quantity, Status.NOT_APPLICABLE, f"not asked: {known.may_not}", unit="points",
                                    segment=known.label))
            continue
        sample = WeightedSample(group["person"].to_numpy(), group["weight"].to_numpy(float), replicates)
        mean = sample.mean(group[column].to_numpy(float))
        made.append(estimate_if_enough(quantity, mean, len(group), unit="points", segment=known.label))
    return sorted(made, key=lambda e: e.segment)


def kind_questions_gate(engine: Engine, answers: ir.Table, kinds: pd.DataFrame) -> list[Gate]:
    """Return whether some kind of customer answered questions that it may not be asked; nothing without kinds.

    Parameters
    ----------
    engine : Engine
        Counts.
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    kinds : DataFrame
        From `helpers.customers.customer_kinds.kinds_of_customers`.
    """
    if kinds.empty:
        return []
    excluded = pd.DataFrame([(kind, role) for kind, known in CUSTOMER_KINDS.items() for role in known.excluded_roles],
                            columns=["kind", "role"])
    given = answers.filter(answers.percent.notnull() & answers.customer_id.notnull(),
                           answers.role.isin(sorted(set(excluded["role"]))))
    asked = engine.arrow(given.select("customer_id", "role").distinct()).to_pandas().merge(kinds, on="customer_id")
    wrong = asked.merge(excluded, on=["kind", "role"])
    n = int(wrong["customer_id"].nunique())
    who = " and ".join(CUSTOMER_KINDS[kind].label for kind in sorted(wrong["kind"].unique()))
    said = (f"{people_text(n)} people who are {who} answered questions that their kind may not be asked "
            f"({', '.join(sorted(wrong['role'].unique()))}); none is tolerated." if n
            else "No kind of customer was asked what it may not be asked.")
    return [Gate("questions by kind of customer", n if n >= LEAST_PEOPLE or not n else float("nan"), 0, n > 0,
                 Level.NOTE, "answers of the kinds named", said)]
