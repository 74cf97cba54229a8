"""Survey quality: reliability of scales, answer states, coverage, quality gates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate, strike
from helpers.satisfaction import expectations
from helpers.stats import scale_reliability, survey_scales
from helpers.stats.common_items import ItemAnswers, WaveItems, wave_items
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, estimate_if_enough, people_text
from helpers.stats.survey_weights import ReplicateWeights

SATISFACTION_SCALE = "satisfaction score"

ROLES_OUTSIDE_SCALES = ("importance", "category_spend", "functional", "dysfunctional", "brand_attribute")

LOYALTY_ROLES = ("intention", "recommend", "price_tolerance")

MAX_OFF_SCALE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class MeasuredScale:
    """Items that are read as one thing, and the people who answered them.

    Parameters
    ----------
    name : str
        The construct, or `SCORE` for the satisfaction questions.
    items : tuple of str
        Its items.
    reliability : scale_reliability.Reliability
        Of the mean of the items.
    mean : Interval
        Mean of the people's means, by the latest answer [0–100].
    n : int
        People who answered at least half of the items.
    """

    name: str
    items: tuple[str, ...]
    reliability: scale_reliability.Reliability
    mean: Interval
    n: int

    @property
    def reason(self) -> str:
        """Why a score of these items is struck or carries a caution; empty where it stands."""
        alpha = scale_reliability.alpha_estimate("alpha", self.name, self.reliability, self.reliability.raw)
        return scale_reliability.reliability_reason(alpha.value)

    @property
    def struck(self) -> str:
        """Why a score of these items is struck; empty where it stands."""
        return "" if self.reason.startswith(scale_reliability.CAUTION) else self.reason


def measure_scales(
    answers: ir.Table, known: pd.DataFrame, replicas: ReplicateWeights | None = None
) -> tuple[MeasuredScale, ...]:
    """Return the satisfaction score and every construct, measured.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    replicas : ReplicateWeights, optional
        Of the weights; alpha and item-rest correlations are weighted then, with percentile intervals instead of
        Feldt's and Fisher's.

    Returns
    -------
    tuple of Scale
        The satisfaction questions first, where there are any, then constructs by name. A construct that was asked in
        several roles, such as expectation and performance, has a scale for each: they measure different things, except
        intention, recommendation and price tolerance, which make up loyalty. Weights of importance, paired Kano
        questions, brand attributes and amounts of spending are no attitudes and left out.
    """
    groups: dict[str, tuple[str, ...]] = {}
    satisfied = tuple(known.loc[known["role"] == "satisfaction", "item"])
    if satisfied:
        groups[SATISFACTION_SCALE] = satisfied
    groups |= _constructs_by_role(known[~known["role"].isin(ROLES_OUTSIDE_SCALES)])
    return _measure_groups(answers, groups, replicas)


def importance_scales(
    answers: ir.Table, known: pd.DataFrame, replicas: ReplicateWeights | None = None
) -> tuple[MeasuredScale, ...]:
    """Return the scales of stated importance, one a construct; parameters as of `measure_scales`."""
    stated = known[known["role"] == "importance"].groupby("construct")["item"]
    return _measure_groups(answers, {f"{name}: importance": tuple(items) for name, items in stated}, replicas)


def _measure_groups(
    answers: ir.Table, groups: Mapping[str, tuple[str, ...]], replicas: ReplicateWeights | None
) -> tuple[MeasuredScale, ...]:
    answered_ = survey_scales.answers_wide(answers, sorted({item for items in groups.values() for item in items}))
    return tuple(_measure_scale(name, items, answered_, replicas) for name, items in groups.items())


def _constructs_by_role(attitudes: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    loyal = attitudes["role"].isin(LOYALTY_ROLES)
    several = attitudes["role"].groupby([attitudes["construct"], loyal]).transform("nunique") > 1
    family = attitudes["role"].where(~(loyal & several), "loyalty")  # one role alone keeps its name
    n_families = family.groupby(attitudes["construct"]).transform("nunique")
    named = attitudes["construct"].where(n_families == 1, attitudes["construct"] + ": " + family.str.replace("_", " "))
    return {str(name): tuple(items) for name, items in attitudes["item"].groupby(named)}


def _measure_scale(
    name: str, items: tuple[str, ...], answered_: pd.DataFrame, replicas: ReplicateWeights | None
) -> MeasuredScale:
    people = survey_scales.latest_by_person(answered_, items)
    enough = people[people.notna().mean(axis=1) >= 0.5]
    centre = survey_scales.weighted_sample(enough, replicas).mean(enough.mean(axis=1).to_numpy())
    found = scale_reliability.measure_reliability(people.to_numpy())
    if replicas is not None and not np.isnan(found.raw.value):
        found = scale_reliability.weighted_reliability(
            found, people.dropna().to_numpy(), survey_scales.weighted_sample(people.dropna(), replicas)
        )
    return MeasuredScale(name, items, found, centre, len(enough))


def struck_gaps(answers: ir.Table, known: pd.DataFrame, replicas: ReplicateWeights | None = None) -> dict[str, str]:
    """Return why performance less expectation is not reported, overall (*all*) and by dimension; none where it stands.

    Parameters
    ----------
    answers, known, replicas
        As in `measure_scales`: a gap stands on two scores, and falls with either, measured by the gap's own questions.
        Over several dimensions, which need not go together, the overall one falls with half of them.
    """
    matched, groups = expectations.paired_items(known), {}
    dimensions = matched["construct_x"].nunique() if len(matched) else 1
    for role, side in (("performance", "item_x"), ("expectation", "item_y")):  # what performance lacks, all lacks
        groups[f"all: {role}"] = tuple(matched[side] if len(matched) else known.loc[known["role"] == role, "item"])
        groups |= {f"{name}: {role}": tuple(of[side]) for name, of in matched.groupby("construct_x")}
    if not all(groups.values()):
        return {}
    struck = {}
    for scale in _measure_groups(answers, groups, replicas):
        segment, _, role = scale.name.rpartition(": ")
        if scale.struck and (segment != "all" or dimensions == 1):
            struck.setdefault(segment, f"{scale.struck} for the questions on {role}")
    if dimensions > 1 and 2 * len(struck) >= dimensions:
        struck["all"] = "; ".join(f"{name}: {why}" for name, why in struck.items())
    return struck


def reported_gaps(values: Sequence[Estimate], struck: Mapping[str, str]) -> list[Estimate]:
    """Return what may be reported of expectations met, by `struck_gaps`; performance alone falls with its own scale."""
    alone = (expectations.PERFORMANCE_CORRELATION, expectations.MEAN_PERFORMANCE)
    return [e if e.quantity in alone and not struck.get(e.segment, "").endswith("performance")
            else strike([e], struck)[0] for e in values]


def construct_means(measured: Sequence[MeasuredScale]) -> list[Estimate]:
    """Return the mean of each construct [0–100], struck or with a caution where its items do not hold together."""
    made = []
    for s in distinct_scales(measured):
        found = estimate_if_enough(f"score of {s.name}", s.mean, s.n, unit="points")
        if s.struck:
            found = no_estimate(found.quantity, Status.STRUCK, s.struck, unit="points", n=s.n)
        elif found.status is Status.OK:
            found = replace(found, reason=s.reason)
        made += [found] * (s.name != SATISFACTION_SCALE)
    return made


def answer_states(answers: ir.Table) -> pd.DataFrame:
    """Return how many answers each item has in each state; grain item × state, sorted.

    Who left all of several questions out was not asked them.
    """
    by = answers.group_by("response_id")
    blank = by.having((answers.count() > 1) & (answers.state == survey_scales.MISSING).all())
    rows = answers.anti_join(blank.aggregate(n=answers.count()), "response_id")
    table = rows.group_by("item", "construct", "state").aggregate(n_answers=rows.count())
    return table.to_pyarrow().to_pandas().sort_values(["item", "state"], ignore_index=True)


def survey_quality_estimates(measured: Sequence[MeasuredScale], states: pd.DataFrame) -> list[Estimate]:
    """Return alphas and item-rest correlations with intervals, and what became of the answers (counts: no interval).

    Parameters
    ----------
    measured : sequence of MeasuredScale
        From `measure_scales`.
    states : DataFrame
        From `answer_states`.
    """
    found = []
    for scale in measured:
        of = scale.reliability
        found += [scale_reliability.alpha_estimate("Cronbach's alpha", scale.name, of, of.raw),
                  scale_reliability.alpha_estimate("standardised alpha", scale.name, of, of.standardised)]
        if scale.name == SATISFACTION_SCALE:
            found += _item_rest_estimates(scale)
    totals = states.groupby("item")["n_answers"].sum()
    for item, total in totals.items():
        counts = states[states["item"] == item].set_index("state")["n_answers"]
        found += [_share_of_answers(f"share {state}", str(item), int(counts.get(state, 0)), int(total))
                  for state in (survey_scales.ANSWER_GIVEN, survey_scales.NOT_APPLICABLE, survey_scales.MISSING,
                                survey_scales.OFF_SCALE)]
    return found or [no_estimate("Cronbach's alpha", Status.INSUFFICIENT, "no survey answers")]


def survey_coverage(scored: pd.DataFrame, customers: ir.Table, transactions: ir.Table) -> Estimate:
    """Return the share of the known customers who have a satisfaction score; a count of the records, no interval.

    Parameters
    ----------
    scored : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.
    customers, transactions : Table
        Canonical tables that know customers; without either nobody but the respondents is known.
    """
    bought = transactions.filter(transactions.customer_id.notnull())
    known = set(customers.select("customer_id").union(bought.select("customer_id")).distinct()
                .to_pyarrow().column("customer_id").to_pylist())
    if not known:
        reason = "no customers but the respondents are known"
        return no_estimate("share of customers heard", Status.NOT_APPLICABLE, reason, unit="share")
    n = len(known & set(scored["customer_id"].dropna()))
    return Estimate("share of customers heard", n / len(known), unit="share", n=len(known))


def _share_of_answers(quantity: str, item: str, count: int, total: int) -> Estimate:
    return Estimate(quantity, count / total, unit="share", n=total, segment=item)


def _item_rest_estimates(scale: MeasuredScale) -> list[Estimate]:
    n = scale.reliability.n
    pairs = zip(scale.items, scale.reliability.item_rest, strict=False)
    return [estimate_if_enough("item-rest correlation", r, n, unit="correlation", segment=item) for item, r in pairs]


def satisfaction_gates(
    measured: Sequence[MeasuredScale], scores: pd.DataFrame, states: pd.DataFrame, given: ItemAnswers | None = None
) -> list[Gate]:
    """Return the gates of this step; a construct of one question has no scale to be gated.

    Parameters
    ----------
    measured : sequence of MeasuredScale
        From `measure_scales`.
    scores : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`, in memory.
    states : DataFrame
        From `answer_states`.
    given : ItemAnswers, optional
        Answers to the satisfaction questions, to tell whether every wave was asked the same.
    """
    claims: Mapping[str, str] = {SATISFACTION_SCALE: "satisfaction index and levels"}
    gates = [_people_gate(scores), _wave_gate(scores), _question_gate(scores, given), _scale_gate(states)]
    return [g for g in gates if g] + [
        scale_reliability.alpha_quality_gate(s.name, s.reliability, claims.get(s.name, f"score of {s.name}"), s.items)
        for s in distinct_scales(measured) if len(s.items) > 1 or s.name == SATISFACTION_SCALE]


def distinct_scales(measured: Sequence[MeasuredScale]) -> list[MeasuredScale]:
    """Return the scales without a construct that has the very questions of the satisfaction score."""
    of_score = next((s.items for s in measured if s.name == SATISFACTION_SCALE), ())
    return [s for s in measured if s.name == SATISFACTION_SCALE or s.items != of_score]


def alphas_by_scale(measured: Sequence[MeasuredScale]) -> pd.DataFrame:
    """Return both alphas of each scale of two or more questions; one row a scale, NaN where they are not known."""
    rows = [{"scale": s.name, "questions": s.reliability.n_items, "alpha": s.reliability.raw.value,
             "low": s.reliability.raw.low, "high": s.reliability.raw.high,
             "standardised": s.reliability.standardised.value, "people": s.reliability.n}
            for s in distinct_scales(measured) if len(s.items) > 1 and s.reliability.n >= LEAST_PEOPLE]
    return pd.DataFrame(rows, columns=["scale", "questions", "alpha", "low", "high", "standardised", "people"])


def _people_gate(scores: pd.DataFrame) -> Gate:
    n = scores["person"].nunique()
    limit = LEAST_PEOPLE if n < LEAST_PEOPLE else FEW_PEOPLE
    level = Level.STRIKE if n < LEAST_PEOPLE else Level.QUALIFY
    found = f"{people_text(n)} people have a satisfaction score"
    return Gate("people with a satisfaction score", n, limit, n < limit, level, "satisfaction index and levels",
                f"{found}; at least {limit} are asked for.")


def _wave_gate(scores: pd.DataFrame) -> Gate | None:
    people = scores.groupby("wave")["person"].nunique()
    if len(people) < 2:
        return None
    small = people[people < FEW_PEOPLE]
    verb = "has" if len(small) == 1 else "have"
    named = f"{len(small)} of {len(people)} waves {verb} fewer than {FEW_PEOPLE} people"
    return Gate("people in the smallest wave", int(people.min()), FEW_PEOPLE, bool(len(small)), Level.QUALIFY,
                "values of single waves and changes between them",
                f"{named}." if len(small) else f"Every wave has {FEW_PEOPLE} people or more.")


def _question_gate(scores: pd.DataFrame, given: ItemAnswers | None) -> Gate | None:
    waves = WaveItems() if given is None else wave_items(given, scores.set_index("response_id")["wave"])
    if waves.n < 2:
        return None
    said = (f"{waves.n_apart:,} of {waves.n:,} waves were not asked the same questions on satisfaction as the others; "
            "their values are not comparable." if waves.n_apart else
            "Every wave was asked the same questions on satisfaction.")
    return Gate("waves that were asked other questions", waves.n_apart, 0, waves.n_apart > 0, Level.QUALIFY,
                "satisfaction index and levels", said)


def _scale_gate(states: pd.DataFrame) -> Gate | None:
    given, off = (int(states.loc[states["state"] == state, "n_answers"].sum())
                  for state in (survey_scales.ANSWER_GIVEN, survey_scales.OFF_SCALE))
    total = given + off
    if not total:
        return None
    return Gate(
        "answers off their scale",
        off / total,
        MAX_OFF_SCALE_SHARE,
        off / total > MAX_OFF_SCALE_SHARE,
        Level.QUALIFY,
        "every measure",
        f"{off:,} of {total:,} answers lie off their question's scale and are not counted; "
        f"the limit is {100 * MAX_OFF_SCALE_SHARE:g} %.",
    )


def nonrespondent_mean(value: float, share_heard: float, target: float) -> float:
    """Return what the people not heard would have to average for everybody together to average `target`.

    Parameters
    ----------
    value, target : float
        Mean of those heard, and the mean in question [0–100].
    share_heard : float
        Share of the people that were heard.

    Examples
    --------
    >>> nonrespondent_mean(70, 0.5, 50)
    30.0
    """
    return (target - share_heard * value) / (1 - share_heard) if share_heard < 1 else np.nan
