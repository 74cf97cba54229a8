"""Whether the questionnaire can be trusted: reliability of its scales, what was answered, and the gates on both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Gate, Level, Status, without_value
from helpers.methods import scales
from helpers.methods.common_items import ItemAnswers, WaveItems, wave_items
from helpers.methods.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, published, told
from helpers.methods.intervals import Interval
from helpers.methods.reliability import STRIKE, Reliability, alpha_gate, alpha_value, item_rest, reliability
from helpers.methods.resampling import moments, percentiles
from helpers.methods.validity import alpha
from helpers.methods.weighing import Replicas, Rows

SCORE = "satisfaction score"
APART = ("importance", "category_spend", "functional", "dysfunctional", "brand_attribute")
OFF_SCALE_LIMIT = 0.01


@dataclass(frozen=True, slots=True)
class Scale:
    """Items that are read as one thing, and the people who answered them.

    Parameters
    ----------
    name : str
        The construct, or `SCORE` for the satisfaction questions.
    items : tuple of str
        Its items.
    reliability : Reliability
        Of the mean of the items.
    mean : Interval
        Mean of the people's means, by the latest answer [0–100].
    n : int
        People who answered at least half of the items.
    """

    name: str
    items: tuple[str, ...]
    reliability: Reliability
    mean: Interval
    n: int

    @property
    def struck(self) -> str:
        """Why a score of these items is struck; empty where it stands."""
        alpha = alpha_value("alpha", self.name, self.reliability, self.reliability.raw)
        return f"Cronbach's α {alpha.value:.3f} is under {STRIKE:.2f}" if alpha.value < STRIKE else ""


def measured_scales(
    answers: ir.Table, known: pd.DataFrame, replicas: Replicas | None = None
) -> tuple[Scale, ...]:
    """Return the satisfaction score and every construct, measured.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`.
    replicas : Replicas, optional
        Of the weights; alpha and item-rest correlations are weighted then, with percentile intervals instead of
        Feldt's and Fisher's.

    Returns
    -------
    tuple of Scale
        The satisfaction questions first, where there are any, then constructs by name. Weights of importance, paired
        Kano questions, brand attributes and amounts of spending are no attitudes and left out.
    """
    groups: dict[str, tuple[str, ...]] = {}
    satisfied = tuple(known.loc[known["role"] == "satisfaction", "item"])
    if satisfied:
        groups[SCORE] = satisfied
    attitudes = known[~known["role"].isin(APART)]
    groups |= {str(name): tuple(items) for name, items in attitudes.groupby("construct")["item"]}
    answered_ = scales.wide(answers, sorted({item for items in groups.values() for item in items}))
    return tuple(_scale(name, items, answered_, replicas) for name, items in groups.items())


def _scale(name: str, items: tuple[str, ...], answered_: pd.DataFrame, replicas: Replicas | None) -> Scale:
    people = scales.latest_of(answered_, items)
    enough = people[people.notna().mean(axis=1) >= 0.5]
    centre = scales.rows_of(enough, replicas).mean(enough.mean(axis=1).to_numpy())
    found = reliability(people.to_numpy())
    if replicas is not None and not np.isnan(found.raw.value):
        found = _weighted(found, people.dropna().to_numpy(), scales.rows_of(people.dropna(), replicas))
    return Scale(name, items, found, centre, len(enough))


def _weighted(found: Reliability, scores: np.ndarray, rows: Rows) -> Reliability:
    known = moments(scores, rows.draws())
    draws = [alpha(matrix) for matrix in (known.covariance, known.correlation)]
    raw, standardised, *rest = (percentiles(float(d[0]), d[1:]) for d in (*draws, *item_rest(known.covariance).T))
    return replace(found, raw=raw, standardised=standardised, item_rest=tuple(rest))


def construct_scores(measured: Sequence[Scale]) -> list[Estimate]:
    """Return the mean of each construct [0–100], struck where its items do not hold together."""
    return [without_value(f"score of {s.name}", Status.STRUCK, s.struck, unit="points", n=s.n) if s.struck
            else published(f"score of {s.name}", s.mean, s.n, unit="points")
            for s in measured if s.name != SCORE]


def answered(answers: ir.Table) -> pd.DataFrame:
    """Return how many answers each item has in each state; grain item × state, sorted."""
    table = answers.group_by("item", "construct", "state").aggregate(n_answers=answers.count())
    return table.to_pyarrow().to_pandas().sort_values(["item", "state"], ignore_index=True)


def survey_quality(measured: Sequence[Scale], states: pd.DataFrame) -> list[Estimate]:
    """Return alphas and item-rest correlations with intervals, and what became of the answers (counts: no interval).

    Parameters
    ----------
    measured : sequence of Scale
        From `measured_scales`.
    states : DataFrame
        From `answered`.
    """
    found = []
    for scale in measured:
        found += [alpha_value("Cronbach's alpha", scale.name, scale.reliability, scale.reliability.raw),
                  alpha_value("standardised alpha", scale.name, scale.reliability, scale.reliability.standardised)]
        if scale.name == SCORE:
            found += _item_rest(scale)
    totals = states.groupby("item")["n_answers"].sum()
    for item, total in totals.items():
        counts = states[states["item"] == item].set_index("state")["n_answers"]
        found += [_part(f"share {state}", str(item), int(counts.get(state, 0)), int(total))
                  for state in (scales.GIVEN, scales.NOT_APPLICABLE, scales.MISSING, scales.OFF_SCALE)]
    return found or [without_value("Cronbach's alpha", Status.INSUFFICIENT, "no survey answers")]


def heard(scored: pd.DataFrame, customers: ir.Table, transactions: ir.Table) -> Estimate:
    """Return the share of the known customers who have a satisfaction score; a count of the records, no interval.

    Parameters
    ----------
    scored : DataFrame
        From `helpers.satisfaction.scores.scores`.
    customers, transactions : Table
        Canonical tables that know customers; without either nobody but the respondents is known.
    """
    bought = transactions.filter(transactions.customer_id.notnull())
    known = set(customers.select("customer_id").union(bought.select("customer_id")).distinct()
                .to_pyarrow().column("customer_id").to_pylist())
    if not known:
        reason = "no customers but the respondents are known"
        return without_value("share of customers heard", Status.NOT_APPLICABLE, reason, unit="share")
    n = len(known & set(scored["customer_id"].dropna()))
    return Estimate("share of customers heard", n / len(known), unit="share", n=len(known))


def _part(quantity: str, item: str, count: int, total: int) -> Estimate:
    return Estimate(quantity, count / total, unit="share", n=total, segment=item)


def _item_rest(scale: Scale) -> list[Estimate]:
    n = scale.reliability.n
    pairs = zip(scale.items, scale.reliability.item_rest, strict=False)
    return [published("item-rest correlation", r, n, unit="correlation", segment=item) for item, r in pairs]


def satisfaction_gates(
    measured: Sequence[Scale], scores: pd.DataFrame, states: pd.DataFrame, given: ItemAnswers | None = None
) -> list[Gate]:
    """Return the gates of this step; a construct of one question has no scale to be gated.

    Parameters
    ----------
    measured : sequence of Scale
        From `measured_scales`.
    scores : DataFrame
        From `helpers.satisfaction.scores.scores`, in memory.
    states : DataFrame
        From `answered`.
    given : ItemAnswers, optional
        Answers to the satisfaction questions, to tell whether every wave was asked the same.
    """
    claims: Mapping[str, str] = {SCORE: "satisfaction index and levels"}
    gates = [_people_gate(scores), _wave_gate(scores), _question_gate(scores, given), _scale_gate(states)]
    return [g for g in gates if g] + [
        alpha_gate(s.name, s.reliability, claims.get(s.name, f"score of {s.name}"))
        for s in told_apart(measured) if len(s.items) > 1 or s.name == SCORE]


def told_apart(measured: Sequence[Scale]) -> list[Scale]:
    """Return the scales without a construct that has the very questions of the satisfaction score."""
    of_score = next((s.items for s in measured if s.name == SCORE), ())
    return [s for s in measured if s.name == SCORE or s.items != of_score]


def agreement(measured: Sequence[Scale]) -> pd.DataFrame:
    """Return both alphas of each scale of two or more questions; one row a scale, NaN where they are not known."""
    rows = [{"scale": s.name, "questions": s.reliability.n_items, "alpha": s.reliability.raw.value,
             "low": s.reliability.raw.low, "high": s.reliability.raw.high,
             "standardised": s.reliability.standardised.value, "people": s.reliability.n}
            for s in told_apart(measured) if len(s.items) > 1 and s.reliability.n >= LEAST_PEOPLE]
    return pd.DataFrame(rows, columns=["scale", "questions", "alpha", "low", "high", "standardised", "people"])


def _people_gate(scores: pd.DataFrame) -> Gate:
    n = scores["person"].nunique()
    limit = LEAST_PEOPLE if n < LEAST_PEOPLE else FEW_PEOPLE
    level = Level.STRIKE if n < LEAST_PEOPLE else Level.QUALIFY
    found = f"{told(n)} people have a satisfaction score"
    return Gate("people with a satisfaction score", n, limit, n < limit, level, "satisfaction index and levels",
                f"{found}; at least {limit} are asked for.")


def _wave_gate(scores: pd.DataFrame) -> Gate | None:
    people = scores.groupby("wave")["person"].nunique()
    if len(people) < 2:
        return None
    small = people[people < FEW_PEOPLE]
    named = f"{len(small)} of {len(people)} waves have fewer than {FEW_PEOPLE} people"
    return Gate("people in the smallest wave", int(people.min()), FEW_PEOPLE, bool(len(small)), Level.QUALIFY,
                "values of single waves and changes between them",
                f"{named}." if len(small) else f"Every wave has {FEW_PEOPLE} people or more.")


def _question_gate(scores: pd.DataFrame, given: ItemAnswers | None) -> Gate | None:
    waves = WaveItems() if given is None else wave_items(given, scores.set_index("response_id")["wave"])
    if waves.n < 2:
        return None
    said = (f"{waves.n_apart:,} of {waves.n:,} waves were not asked the same questions on satisfaction as the others; "
            "the index mixes them." if waves.n_apart else "Every wave was asked the same questions on satisfaction.")
    return Gate("waves that were asked other questions", waves.n_apart, 0, waves.n_apart > 0, Level.QUALIFY,
                "satisfaction index and levels", said)


def _scale_gate(states: pd.DataFrame) -> Gate | None:
    total = int(states["n_answers"].sum())
    if not total:
        return None
    off = int(states.loc[states["state"] == scales.OFF_SCALE, "n_answers"].sum())
    return Gate("answers off their scale", off / total, OFF_SCALE_LIMIT, off / total > OFF_SCALE_LIMIT, Level.QUALIFY,
                "every measure", f"{off:,} of {total:,} answers lie off their question's scale and are not counted; "
                f"the limit is {100 * OFF_SCALE_LIMIT:g} %.")


def silent_mean(value: float, share_heard: float, target: float) -> float:
    """Return what the people not heard would have to average for everybody together to average `target`.

    Parameters
    ----------
    value, target : float
        Mean of those heard, and the mean in question [0–100].
    share_heard : float
        Share of the people that were heard.

    Examples
    --------
    >>> silent_mean(70, 0.5, 50)
    30.0
    """
    return (target - share_heard * value) / (1 - share_heard) if share_heard < 1 else np.nan
