"""Response bias: response rate, straight-lining, floor and ceiling, weights raked to all customers."""

from collections.abc import Sequence
from dataclasses import replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.survey_quality import ROLES_OUTSIDE_SCALES
from helpers.stats import raking, survey_scales
from helpers.stats.bootstrap import bootstrap_counts
from helpers.stats.confidence_intervals import clustered_share, share_interval
from helpers.stats.disclosure_control import FEW_PEOPLE, estimate_if_enough
from helpers.stats.survey_weights import ReplicateWeights

STRAIGHT_LINING, FLOOR_SHARE, CEILING_SHARE = (
    "share who give one answer to everything",
    "share at the floor",
    "share at the ceiling",
)

MAX_STRAIGHT_LINING, MAX_SHARE_AT_END, MIN_ITEMS, MAX_NAMED_ITEMS = 0.10, 0.50, 5, 5


def response_funnel(invitations: ir.Table, scored: pd.DataFrame) -> list[Estimate]:
    """Return how many invitations went to how many people, which were answered, and which can be scored.

    Parameters
    ----------
    invitations : Table
        ``canonical/invitations``.
    scored : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.

    Returns
    -------
    list of Estimate
        Counts of invitations and of people; the response rates are shares of the invitations, with intervals that
        hold that invitations of one person go together, and the share of the people who ever answered.
    """
    sent = invitations.select("customer_id", "response_id").to_pyarrow().to_pandas()
    if sent.empty:
        return [no_estimate("response rate", Status.NOT_APPLICABLE, "no invitations are recorded", unit="share")]
    is_answered = sent["response_id"].notna()
    is_usable = is_answered & sent["response_id"].isin(set(scored["response_id"]))
    by_person = is_answered.groupby(sent["customer_id"]).any()
    people = len(by_person)
    return [
        Estimate("invitations", float(len(sent)), unit="invitations", n=len(sent)),
        Estimate("people invited", float(people), unit="people", n=people),
        estimate_if_enough("response rate", clustered_share(is_answered, sent["customer_id"]), len(sent), unit="share"),
        estimate_if_enough("usable response rate", clustered_share(is_usable, sent["customer_id"]), len(sent),
                           unit="share"),
        estimate_if_enough("people who answered at least once", share_interval(float(by_person.mean()), people), people,
                           unit="share"),
    ]


def response_styles(answers: ir.Table, known: pd.DataFrame, replicas: ReplicateWeights | None = None) -> list[Estimate]:
    """Return straight-lining, and the shares of answers at both ends of each question with more than two answers.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    replicas : ReplicateWeights, optional
        Of the weights.

    Notes
    -----
    Straight-lining is the same position on the paper, so scores are counted as they were given, before turning.
    """
    stated = known["role"] == "importance"  # at the end of Kano's answers or of a sum there is nothing wrong
    known = known[~known["role"].isin(ROLES_OUTSIDE_SCALES) | stated]
    items = list(known["item"])
    rows = (
        survey_scales.latest_by_person(survey_scales.answers_wide(answers, items), items) if items else pd.DataFrame()
    )
    if rows.empty:
        return [no_estimate(STRAIGHT_LINING, Status.INSUFFICIENT, "no survey answers", unit="share")]
    paper = _answers_as_ticked(rows, known[known["role"] != "importance"])
    enough = paper[paper.notna().sum(axis=1) >= MIN_ITEMS]
    made = [_straight_lining(enough, replicas)]
    has_middle = known["scale_high"] - known["scale_low"] > 1
    for item in known.loc[has_middle, "item"]:  # of two answers one always has half
        given = rows[item].dropna()
        of = survey_scales.weighted_sample(given, replicas)
        made += [estimate_if_enough(q, of.share((given == end).to_numpy()), len(given), unit="share", segment=item)
                 for q, end in ((FLOOR_SHARE, 0.0), (CEILING_SHARE, 100.0))]
    return made


def _answers_as_ticked(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return answers as ticked, 0–100 from the lowest, of the questions on the commonest scale."""
    scale = known[["scale_low", "scale_high"]].apply(tuple, axis=1)
    same = known[scale == scale.mode().iloc[0]]
    turned = dict(zip(same["item"], same["is_reversed"], strict=True))
    return pd.DataFrame({item: 100 - rows[item] if is_turned else rows[item] for item, is_turned in turned.items()})


def _straight_lining(paper: pd.DataFrame, replicas: ReplicateWeights | None) -> Estimate:
    if paper.empty:
        reason = f"nobody answered {MIN_ITEMS} questions on one scale"
        return no_estimate(STRAIGHT_LINING, Status.NOT_APPLICABLE, reason, unit="share")
    is_straight = (paper.max(axis=1) - paper.min(axis=1)) == 0
    given = survey_scales.weighted_sample(paper, replicas).share(is_straight.to_numpy())
    return estimate_if_enough(STRAIGHT_LINING, given, len(paper), unit="share")


def response_style_gates(found: Sequence[Estimate]) -> list[Gate]:
    """Return the gates on straight-lining and on questions that most people answer at one end."""
    of = [e for e in found if e.status is Status.OK]
    made = [
        Gate(
            "straight-lining",
            e.value,
            MAX_STRAIGHT_LINING,
            e.value > MAX_STRAIGHT_LINING,
            Level.QUALIFY,
            "every measure",
            f"{_share_in_words(e.value)} give one answer to everything; the limit is {100 * MAX_STRAIGHT_LINING:g} %.",
        )
        for e in of
        if e.quantity == STRAIGHT_LINING
    ]
    ends = sorted(
        (e for e in of if e.quantity in (FLOOR_SHARE, CEILING_SHARE) and e.value > MAX_SHARE_AT_END),
        key=lambda e: -e.value,
    )
    return made + ([_end_gate(ends)] if ends else [])


def _share_in_words(share: float) -> str:
    """Return a share with one digit; one that would read as nobody is told as below 0.1 %."""
    return "<0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def _end_gate(ends: Sequence[Estimate]) -> Gate:
    """Return one gate for all questions that most people answer at one end, named by the worst."""
    shares = [f"{100 * e.value:.1f}".removesuffix(".0") for e in ends]
    said = ", ".join(f"{e.segment} ({share} % at its {e.quantity.removeprefix('share at the ')})"
                     for e, share in zip(ends[:MAX_NAMED_ITEMS], shares, strict=False))
    more = f" and {len(ends) - MAX_NAMED_ITEMS} more" if len(ends) > MAX_NAMED_ITEMS else ""
    one = len(ends) == 1
    return Gate("questions answered at one end", ends[0].value, MAX_SHARE_AT_END, True, Level.NOTE,
                "differences in these questions",
                f"{len(ends)} question{'' if one else 's'} {'has' if one else 'have'} more than half of the answers at "
                f"one end: {said}{more}; people at that end are not told apart.")


DESIGN_EFFECT, EFFECTIVE_PEOPLE = "design effect", "effective number of people"

MAX_REPLICATE_CELLS, MIN_REPLICATES = 2 * 10**7, 200

MAX_MARGIN_GAP, MAX_DESIGN_EFFECT, MIN_MEAN_WEIGHT = 0.02, 3.0, 1e-12


def weight_respondents(
    respondents: ir.Table, customers: ir.Table, assumed: SatisfactionConfig, seed: int
) -> tuple[ir.Table, raking.RakedWeights | None, ReplicateWeights | None]:
    """Return respondents with their weights, raked to all customers if so declared, how that went, and replicates.

    Parameters
    ----------
    respondents, customers : Table
        Canonical tables.
    assumed : SatisfactionConfig
        Columns of customers to match on; resamples.
    seed : int
        Of the resamples: people are drawn, and the draw is raked anew.

    Returns
    -------
    tuple of Table, Raked, Replicas
        Weights in the records are where raking starts; without columns to match, or with under 30 people, they stand as
        recorded, and their replicates are those of people drawn. None twice where nobody's weight differs. Of several
        waves, each of thirty people or more is raked on its own, to the customers of its time.

    Raises
    ------
    InputError
        If customers have no such column.
    """
    names = list(assumed.rake_on)
    unknown = [name for name in names if name not in customers.columns]
    if unknown and customers.count().execute():
        raise InputError("satisfaction.rake_on", f"customers have no column '{unknown[0]}'",
                         spelling_hint(unknown[0], list(customers.columns)))
    sample = _person_weights(respondents).sort_values("person", ignore_index=True)
    is_raked = bool(names) and not unknown and len(sample) >= FEW_PEOPLE
    if not is_raked and (sample["weight"].nunique() < 2 or len(sample) < 2):
        return respondents, None, None
    counts = bootstrap_counts(len(sample), _n_replicates(len(sample), assumed.resamples), seed)
    base = np.concatenate([np.ones((1, len(sample))), counts]) * sample["weight"].to_numpy()
    if not is_raked:
        recorded = base / base.mean(axis=1, keepdims=True).clip(min=MIN_MEAN_WEIGHT)
        return respondents, raking.RakedWeights(recorded, np.nan, 0), ReplicateWeights(pd.Index(sample["person"]), base)
    population = customers.select("customer_id", *{"joined_on", *names} & {*customers.columns}).to_pyarrow().to_pandas()
    sample = sample.merge(population, on="customer_id", how="left")
    made = raking.rake_weights(base, raking.population_margins(sample[names], population[names]))
    people, waves = pd.Index(sample["person"]), _rake_waves(respondents, sample, base, population, names)
    known = ReplicateWeights(people, made.weights, {
        wave: ReplicateWeights(people[place], raked.weights) for wave, (place, raked) in waves.items()})
    made = replace(made, waves={wave: raked for wave, (_, raked) in waves.items()})
    return _with_weights(respondents, sample["person"], made.weights[0]), made, known


def _rake_waves(
    respondents: ir.Table, sample: pd.DataFrame, base: np.ndarray, population: pd.DataFrame, names: list[str]
) -> dict[str, tuple[np.ndarray, raking.RakedWeights]]:
    """Return which people answered in each of several waves, by place in the sample, and their weights, raked anew.

    The margins are those of the customers who had joined by the wave's last answer, so that a wave stays as it was
    when others join; where a respondent joined later by the records, the day cannot be trusted: everybody's.
    """
    table = survey_scales.survey_people(respondents)
    person = ibis.coalesce(table.customer_id, ibis.literal("response ") + table.response_id)
    rows = table.select("responded_at", person=person, wave=table.wave.fill_null("undated")).to_pyarrow().to_pandas()
    made: dict[str, tuple[np.ndarray, raking.RakedWeights]] = {}
    for wave, of in rows.groupby("wave") if rows["wave"].nunique() > 1 else ():
        place = np.flatnonzero(sample["person"].isin(of["person"]))
        if len(place) < FEW_PEOPLE:
            continue
        own, last = sample.iloc[place], pd.Timestamp(of["responded_at"].max())
        is_late = [pd.to_datetime(frame["joined_on"]) > last if "joined_on" in frame else np.zeros(len(frame), bool)
                   for frame in (own, population)]
        then = population if is_late[0].any() else population[~is_late[1]]
        made[str(wave)] = place, raking.rake_weights(base[:, place], raking.population_margins(own[names], then[names]))
    return made


def _n_replicates(n: int, wanted: int) -> int:
    """Return how many replicates of n people are kept, so that their weights fit into memory."""
    return min(wanted, max(MIN_REPLICATES, MAX_REPLICATE_CELLS // n))


def _person_weights(respondents: ir.Table) -> pd.DataFrame:
    """Return one row a person: ``person, customer_id, weight``, the largest weight recorded, 1 where there is none."""
    person = ibis.coalesce(respondents.customer_id, ibis.literal("response ") + respondents.response_id)
    rows = respondents.group_by(person=person).aggregate(
        customer_id=respondents.customer_id.max(), weight=ibis.coalesce(respondents.weight.max(), 1.0))
    return rows.to_pyarrow().to_pandas()


def _with_weights(respondents: ir.Table, person: pd.Series, raked: np.ndarray) -> ir.Table:
    lent = ibis.memtable(pd.DataFrame({"person": person, "raked": raked}))
    table = respondents.mutate(
        person=ibis.coalesce(respondents.customer_id, ibis.literal("response ") + respondents.response_id))
    joined = table.left_join(lent, "person").drop("person_right")
    return joined.mutate(weight=ibis.coalesce(joined.raked, joined.weight, 1.0)).drop("raked", "person")


def weight_estimates(made: raking.RakedWeights | None) -> list[Estimate]:
    """Return design effect and effective number of people behind the weights, or that none are used."""
    if made is None:
        reason = "no columns to weight by are declared, and no weights are recorded"
        return [no_estimate(DESIGN_EFFECT, Status.NOT_APPLICABLE, reason)]
    n = made.weights.shape[1]
    found = [Estimate(DESIGN_EFFECT, made.design_effect, unit="times the variance", n=n),
             Estimate(EFFECTIVE_PEOPLE, made.effective_n, unit="people", n=n)]
    if np.isnan(made.largest_gap):
        return found
    return [*found, Estimate("people whose weight is trimmed", float(made.n_trimmed), unit="people", n=n),
            Estimate("largest gap in the columns weighted by", round(made.largest_gap, 9), unit="share", n=n)]


def design_effect_of(made: raking.RakedWeights | None, wave: str = "") -> float:
    """Return how many times larger the weights, of a wave where it has its own, make variances; 1 without weights."""
    return 1.0 if made is None else made.waves.get(wave, made).design_effect


def weight_quality_gates(made: raking.RakedWeights | None) -> list[Gate]:
    """Return the gates on the weights: margins that are not met, and a design effect that leaves few people."""
    if made is None:
        return []
    is_apart, is_thin = made.largest_gap > MAX_MARGIN_GAP, made.design_effect > MAX_DESIGN_EFFECT
    met = [] if np.isnan(made.largest_gap) else [
        Gate("weights meet the customers' shares", made.largest_gap, MAX_MARGIN_GAP, is_apart, Level.QUALIFY,
             "every measure", f"{_margins_missed(made)}; the limit is {100 * MAX_MARGIN_GAP:g}, {made.n_trimmed:,} "
             "weights were trimmed.")]
    worst = max(made.waves, key=lambda wave: made.waves[wave].largest_gap, default="")
    by_wave = [] if not worst else [_wave_weights_gate(worst, made.waves[worst])]
    return [*met, *by_wave, Gate(
        "design effect", made.design_effect, MAX_DESIGN_EFFECT, is_thin, Level.QUALIFY, "every measure",
        f"Weights make variances {made.design_effect:.2f} times as large: the {made.weights.shape[1]:,} people count "
        f"like {made.effective_n:,.0f} of equal weight; the limit is {MAX_DESIGN_EFFECT:g}.")]


def _wave_weights_gate(wave: str, made: raking.RakedWeights) -> Gate:
    """Return the gate on the weights of the wave that lies the farthest from the customers of its time."""
    missed = _margins_missed(made)
    return Gate("weights of waves meet the customers' shares", made.largest_gap, MAX_MARGIN_GAP,
                made.largest_gap > MAX_MARGIN_GAP, Level.QUALIFY, "values of single waves and their changes",
                f"Each wave of {FEW_PEOPLE} people or more is weighted to the customers of its time; in wave {wave}, "
                f"the farthest from them, {missed[0].lower()}{missed[1:]}; the limit is {100 * MAX_MARGIN_GAP:g}.")


def _margins_missed(made: raking.RakedWeights) -> str:
    """Return how far the weighted shares lie from the customers', and where nobody answered."""
    names = " and ".join(readable_id(name.removeprefix("demographic_")) for name in made.names)
    of = f" of {names}" if names else ""
    gap = f"fter weighting, shares{of} differ from the customers' by {100 * made.largest_gap:.1f} points at most"
    if not made.empty:
        return f"A{gap}"
    nobody = ", ".join(f"{readable_id(name.removeprefix('demographic_'))} ({100 * share:.1f} % of the customers)"
                       for name, share in made.empty.items())
    return f"Nobody answered of {nobody}, so that a{gap}"
