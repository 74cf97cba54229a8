"""Customer satisfaction path model (ECSI) by the questions' roles, and the people who answered it whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.satisfaction.config import SatisfactionConfig
from helpers.stats import survey_scales
from helpers.stats.bootstrap import ReplicateMoments
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import FEW_PEOPLE, people_text
from helpers.stats.pls_sem.measurement_model import MeasurementValidity, measurement_validity
from helpers.stats.pls_sem.path_model import PathFit, PathModel, fit_path_model
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample, weighted_difference

SATISFACTION_CONSTRUCT = "Satisfaction"

LEFT_OUT_DIFFERENCE = "satisfaction of those left out less that of those who answered every question of the path model"

LEFT_OUT_PART, OTHERS_LEFT_OUT = "satisfaction of a part of those left out", "the others left out"

CONSTRUCT_OF_ROLE = {"image": "Image", "expectation": "Expectation", "performance": "Quality", "value": "Value",
         "satisfaction": SATISFACTION_CONSTRUCT, "complaint_handling": "Complaint handling", "intention": "Loyalty",
         "recommend": "Loyalty", "price_tolerance": "Loyalty"}


@dataclass(frozen=True, slots=True)
class CompleteAnswers:
    """The people who answered every question of a path model, with everything that is estimated from them.

    Parameters
    ----------
    model : PathModel
        Constructs, items, arrows.
    columns : ndarray, shape (n, p)
        Answers [0–100] in the order of the model's items.
    rows : WeightedSample
        These people with their survey weights.
    moments : ReplicateMoments
        The first row is the sample, the others its bootstrap replicates.
    n_people : int
        People who answered any of the questions.
    expectations : tuple of str
        Constructs whose questions all ask for what people expect: nothing is improved by raising them.
    unanswered : mapping of str to ndarray
        People without an answer to a question, of those who answered any.
    """

    model: PathModel
    columns: np.ndarray
    rows: WeightedSample
    moments: ReplicateMoments
    n_people: int
    expectations: tuple[str, ...] = ()
    unanswered: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """People who answered everything."""
        return len(self.columns)

    def means(self) -> ReplicateMoments:
        """Return the moments of the constructs' unweighted means, in the model's order."""
        member = self.model.block_of[:, None] == np.arange(len(self.model.names))
        made = member / member.sum(axis=0)
        return ReplicateMoments(self.moments.mean @ made, made.T @ self.moments.covariance @ made)


@dataclass(frozen=True, slots=True)
class NoPathModel:
    """Why there is no panel."""

    reason: str
    n: int = 0


def satisfaction_path_model(known: pd.DataFrame, assumed: SatisfactionConfig) -> PathModel | NoPathModel:
    """Return the path model: as the study declares it, else ECSI by the questions' roles.

    Parameters
    ----------
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    assumed : SatisfactionConfig
        Constructs and arrows, if any.

    Raises
    ------
    InputError
        If the study names a question or a construct that is not there, or an arrow that cannot be read.
    """
    blocks = _declared_blocks(known, assumed) if assumed.constructs else _blocks_by_role(known)
    if SATISFACTION_CONSTRUCT not in blocks or len(blocks) < 2:
        return NoPathModel("no question on satisfaction" if SATISFACTION_CONSTRUCT not in blocks
                      else "nothing was asked but satisfaction")
    arrows = [_parse_arrow(text, blocks) for text in assumed.arrows] or _ecsi_arrows(blocks, known)
    linked = {name: items for name, items in blocks.items() if any(name in arrow for arrow in arrows)}
    if SATISFACTION_CONSTRUCT not in linked:
        return NoPathModel("no arrow leads to or from satisfaction")
    return PathModel(linked, arrows, tuple(name for name in assumed.formative if name in linked))


def _declared_blocks(known: pd.DataFrame, assumed: SatisfactionConfig) -> dict[str, list[str]]:
    names = set(known["item"])
    for construct, items in assumed.constructs.items():
        for item in items:
            if item not in names:
                raise InputError(f"satisfaction.constructs.{construct}", f"there is no question '{item}'",
                                 spelling_hint(item, sorted(names)))
    return {name: list(items) for name, items in assumed.constructs.items()}


def _parse_arrow(text: str, blocks: dict[str, list[str]]) -> tuple[str, str]:
    start, mark, end = (part.strip() for part in text.partition(">"))
    if not mark or start not in blocks or end not in blocks:
        raise InputError("satisfaction.arrows", f"'{text}' cannot be read", "'Image > Satisfaction', of the constructs "
                         + ", ".join(blocks))
    return start, end


def _blocks_by_role(known: pd.DataFrame) -> dict[str, list[str]]:
    """Return constructs by role; questions on performance by their own construct where they have several.

    A question that the catalogue counts to satisfaction's own construct does not measure loyalty beside it.
    """
    of_satisfaction = set(known.loc[known["role"] == "satisfaction", "construct"])
    is_loyal = known["role"].map(CONSTRUCT_OF_ROLE).eq("Loyalty") & known["construct"].isin(of_satisfaction)
    asked = known[known["role"].isin(CONSTRUCT_OF_ROLE.keys()) & ~is_loyal]
    of_performance = asked.loc[asked["role"] == "performance", "construct"].nunique()
    blocks: dict[str, list[str]] = {
        name: [] for role in CONSTRUCT_OF_ROLE for name in _construct_names(asked, role, of_performance)
    }
    for row in asked.itertuples():
        blocks[_construct_name(row.role, row.construct, of_performance)].append(row.item)
    return blocks


def _construct_names(asked: pd.DataFrame, role: str, several: int) -> list[str]:
    rows = asked[asked["role"] == role]
    return list(dict.fromkeys(_construct_name(role, construct, several) for construct in rows["construct"]))


def _construct_name(role: str, construct: str, several: int) -> str:
    return construct[:1].upper() + construct[1:] if role == "performance" and several > 1 else CONSTRUCT_OF_ROLE[role]


def _ecsi_arrows(blocks: dict[str, list[str]], known: pd.DataFrame) -> list[tuple[str, str]]:
    fixed = set(CONSTRUCT_OF_ROLE.values()) - {"Quality"}
    quality = [name for name in blocks if name not in fixed]
    wanted = [
        ("Image", "Expectation"),
        *(("Expectation", q) for q in quality),
        ("Expectation", "Value"),
        *((q, "Value") for q in quality),
        *((name, SATISFACTION_CONSTRUCT) for name in ("Image", "Expectation", *quality, "Value")),
        (SATISFACTION_CONSTRUCT, "Complaint handling"),
        ("Image", "Loyalty"),
        (SATISFACTION_CONSTRUCT, "Loyalty"),
        ("Complaint handling", "Loyalty"),
    ]
    return [(a, b) for a, b in wanted if a in blocks and b in blocks]


def complete_answers(
    answers: ir.Table,
    model: PathModel | NoPathModel,
    assumed: SatisfactionConfig,
    seed: int,
    replicas: ReplicateWeights | None = None,
) -> CompleteAnswers | NoPathModel:
    """Return the people who answered every question of the model, by each person's latest answers.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    model : PathModel or NoPathModel
        From `satisfaction_path_model`.
    assumed : SatisfactionConfig
        Resamples.
    seed : int
        Of the bootstrap.
    replicas : ReplicateWeights, optional
        Of the weights; they are the bootstrap then.
    """
    if isinstance(model, NoPathModel):
        return model
    rows = survey_scales.latest_by_person(survey_scales.answers_wide(answers, model.items), model.items)
    complete = rows[rows.notna().all(axis=1)]
    columns = complete.to_numpy(float)
    least = max(FEW_PEOPLE, len(model.items) + 1)
    if len(columns) < least:
        some = (f"{people_text(len(columns), of=len(rows))} of {len(rows)} people answered every question of the path "
                "model")
        return NoPathModel(f"{some}; {least} are needed", len(columns))
    flat = [item for item, spread in zip(model.items, np.ptp(columns, axis=0), strict=True) if spread == 0]
    if flat:
        return NoPathModel(f"everybody answers question {flat[0]} alike", len(columns))
    of = survey_scales.weighted_sample(complete, replicas)
    return CompleteAnswers(model, columns, of, of.moments(columns, assumed.resamples, seed), len(rows),
                           _expectations(answers, model), _people_without_answer(rows))


def _people_without_answer(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    people = rows.index.get_level_values("person").to_numpy()
    return {str(item): people[lacks] for item, lacks in rows.isna().items() if lacks.any()}


def _expectations(answers: ir.Table, model: PathModel) -> tuple[str, ...]:
    asked = answers.filter(answers.role == "expectation").select("item").distinct().to_pyarrow().to_pandas()["item"]
    return tuple(name for name, items in model.blocks.items() if {*items} <= {*asked})


def fit_satisfaction_model(known: CompleteAnswers | NoPathModel, scheme: str) -> PathFit | None:
    """Return the path model's fit in the sample (first replicate) and its resamples; None without complete answers."""
    return None if isinstance(known, NoPathModel) else fit_path_model(known.model, known.moments.correlation, scheme)


def satisfaction_model_validity(
    known: CompleteAnswers | NoPathModel, found: PathFit | None
) -> MeasurementValidity | None:
    """Return what is known about the measurement of the path model; None without one."""
    if isinstance(known, NoPathModel) or found is None:
        return None
    return measurement_validity(found, known.moments, known.n)


def construct_means(known: CompleteAnswers | NoPathModel) -> pd.DataFrame:
    """Return each construct's mean for everybody who answered every question, for a regression of one's own.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `complete_answers`.

    Returns
    -------
    DataFrame
        Grain person, in the order of the rows: a column a construct [0–100], and ``weight``, the survey weight; no
        rows and no construct where there is no path model.

    Examples
    --------
    >>> construct_means(NoPathModel("nobody was asked")).shape
    (0, 1)
    """
    if isinstance(known, NoPathModel):
        return pd.DataFrame({"weight": np.empty(0)})
    means = pd.DataFrame(known.columns).T.groupby(known.model.block_of).mean().T
    return means.set_axis(known.model.names, axis=1).assign(weight=known.rows.weights)


def left_out_difference(known: CompleteAnswers | NoPathModel, scored: pd.DataFrame, segment: str = "all") -> Estimate:
    """Return how much more satisfied the people are whom a missing answer leaves out than those of the path model.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `complete_answers`.
    scored : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`; everybody's latest score counts.
    segment : str
        Whose scores they are.

    Returns
    -------
    Estimate
        Difference of the means, *left out* less *included* [points of 100], with the number of those left out.
    """
    if isinstance(known, NoPathModel):
        return no_estimate(LEFT_OUT_DIFFERENCE, Status.INSUFFICIENT, known.reason, unit="points", segment=segment)
    rows = _latest_scores(scored)
    is_in = rows["person"].isin(known.rows.people)
    parts = [rows[is_in], rows[~is_in]]
    if min(map(len, parts)) < FEW_PEOPLE:
        reason = f"{people_text(len(parts[1]))} people are left out, {FEW_PEOPLE} are needed"
        return no_estimate(LEFT_OUT_DIFFERENCE, Status.INSUFFICIENT, reason, unit="points", n=len(parts[1]),
                           segment=segment)
    i = _score_difference(known, parts[0], parts[1])
    return Estimate(LEFT_OUT_DIFFERENCE, i.value, i.low, i.high, "points", len(parts[1]), segment)


def _latest_scores(scored: pd.DataFrame) -> pd.DataFrame:
    dated = scored.sort_values(["responded_at", "response_id"], na_position="first")
    return dated.drop_duplicates("person", keep="last")


def _score_difference(known: CompleteAnswers, inside: pd.DataFrame, outside: pd.DataFrame, tests: int = 1) -> Interval:
    """Return mean satisfaction outside less inside, with an interval that holds for so many tests at once."""
    samples = [WeightedSample(part["person"].to_numpy(), part["weight"].to_numpy(float), known.rows.replicas)
               for part in (inside, outside)]
    values = (inside["satisfaction"].to_numpy(float), outside["satisfaction"].to_numpy(float))
    return weighted_difference(values, (samples[0], samples[1]), 1 - 0.05 / tests)[0]


def opposite_parts_left_out(known: CompleteAnswers | NoPathModel, scored: pd.DataFrame) -> tuple[Estimate, ...]:
    """Return the mean satisfaction of two parts of those left out that differ in opposite ways from those included.

    Parameters
    ----------
    known, scored
        As `left_out_difference` takes them.

    Returns
    -------
    tuple of Estimate
        Of those without an answer to the one question where they differ most, its segment, and of the others left out
        [points of 100]; both parts are shown to differ from those included, all questions tried. Empty where there is
        no such question: the difference of all those left out tells it then.
    """
    if isinstance(known, NoPathModel):
        return ()
    rows = _latest_scores(scored)
    is_in, found = rows["person"].isin(known.rows.people).to_numpy(), {}
    for question, people in known.unanswered.items():
        lacks = rows["person"].isin(people).to_numpy() & ~is_in
        parts = rows[lacks], rows[~lacks & ~is_in]
        if min(map(len, parts)) < FEW_PEOPLE or is_in.sum() < FEW_PEOPLE:
            continue
        apart = [_score_difference(known, rows[is_in], part, 2 * len(known.unanswered)) for part in parts]
        signs = [int(i.low > 0) - int(i.high < 0) for i in apart]
        if signs[0] * signs[1] < 0:
            found[question] = abs(apart[0].value), parts
    if not found:
        return ()
    question, (_, parts) = max(found.items(), key=lambda pair: pair[1][0])
    return tuple(Estimate(LEFT_OUT_PART, float(np.average(part["satisfaction"], weights=part["weight"])),
                          unit="points", n=len(part), segment=name)
                 for name, part in zip((question, OTHERS_LEFT_OUT), parts, strict=True))


def joint_name(names: Sequence[str]) -> str:
    """Return several constructs as one segment."""
    return " + ".join(names)
