"""Quality gates of loyalty: how many customers are near the loyalty threshold, and how many answered and bought."""

from collections.abc import Iterable, Mapping, Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import (
    BEHAVIOUR_RECORDS,
    SECOND_DAY_SHARE,
    SECOND_ORDER_SHARE,
    Attitudes,
    unclassified_groups,
)
from helpers.loyalty.dick_basu_uncertainty import (
    ATTITUDE_BEHAVIOUR_CORRELATION,
    KIND_CERTAINTY,
    KIND_SHARES,
    MEAN_ACTIVE_PERIODS,
    MEAN_ATTITUDE,
    SHARE_NEAR_CUT,
    SURVEYED_DIFFERENCE,
    near_cut_estimate,
)
from helpers.loyalty.loyalty_dimensions import REPEAT_DIMENSION
from helpers.loyalty.loyalty_penalty import OLD_LESS_NEW_DISCOUNT, OLD_TO_NEW_PRICE
from helpers.loyalty.schema import (
    ANSWERED_TOO_EARLY,
    ATTITUDE_ONLY,
    BEHAVIOUR_ONLY,
    LOYALTY_KINDS,
    NOT_SEPARATED,
    TOO_EARLY,
    UNCLASSIFIED_KINDS,
)
from helpers.loyalty.web_behaviour import (
    CHANNEL_TEST,
    RETURN_AFTER_BROKEN_PROMISE,
    RETURN_AFTER_KEPT_PROMISE,
    RETURN_BY_CHANNEL,
    RETURN_DIFFERENCE,
)
from helpers.stats import survey_scales
from helpers.stats.disclosure_control import (
    FEW_PEOPLE,
    LEAST_PEOPLE,
    people_text,
)
from helpers.stats.scale_reliability import (
    RELIABILITY_STRIKE,
    Reliability,
    alpha_estimate,
    alpha_quality_gate,
    measure_reliability,
    weighted_reliability,
)
from helpers.stats.survey_weights import ReplicateWeights

MAX_SHARE_NEAR_CUT = 0.25

KINDS_CLAIM = "types of loyalty"


def dick_basu_gates(people: pd.DataFrame, said: Attitudes, records: str = BEHAVIOUR_RECORDS) -> list[Gate]:
    """Return the gates of this step.

    Parameters
    ----------
    people, said : DataFrame, Attitudes
        As for `matrix`.
    records : str
        From `helpers.loyalty.dick_basu.behaviour_records`.
    """
    gates = [_people_gate(people, records)]
    if said.items:
        gates.append(alpha_quality_gate(MEAN_ATTITUDE, said.reliability, KINDS_CLAIM, said.items))
    if said.waves.n > 1:
        apart = said.waves.n_apart
        gates.append(Gate(
            "waves that were asked other questions on the attitude", apart, 0, apart > 0, Level.QUALIFY, KINDS_CLAIM,
            f"{apart:,} of {said.waves.n:,} waves were not asked the same questions on the attitude as the others; the "
            "types mix them." if apart else "Every wave was asked the same questions on the attitude."))
    near = near_cut_estimate(people[people["kind"].isin(LOYALTY_KINDS)])
    if near.status is Status.OK:
        gates.append(
            Gate(
                "people near the loyalty threshold",
                near.value,
                MAX_SHARE_NEAR_CUT,
                near.value > MAX_SHARE_NEAR_CUT,
                Level.QUALIFY,
                KINDS_CLAIM,
                f"{100 * near.value:.0f} % lie within one standard error of measurement of the loyalty "
                f"threshold and may belong on its other side; the limit is {100 * MAX_SHARE_NEAR_CUT:.0f} %.",
            )
        )
    return gates


REPEAT_QUANTITIES = (
    *KIND_SHARES, *(f"people: {kind}" for kind in LOYALTY_KINDS), *(f"expected share {kind}" for kind in LOYALTY_KINDS),
    KIND_CERTAINTY, MEAN_ACTIVE_PERIODS, ATTITUDE_BEHAVIOUR_CORRELATION, SURVEYED_DIFFERENCE, SHARE_NEAR_CUT,
    SECOND_ORDER_SHARE, SECOND_DAY_SHARE, REPEAT_DIMENSION, RETURN_AFTER_BROKEN_PROMISE, RETURN_AFTER_KEPT_PROMISE,
    RETURN_DIFFERENCE, RETURN_BY_CHANNEL, CHANNEL_TEST, OLD_TO_NEW_PRICE, OLD_LESS_NEW_DISCOUNT)


ORDER_SAMPLE = "the records are a sample of orders, and other orders of the same people are missing"


def why_repeat_not_reported(assumed: LoyaltyConfig) -> str:
    """Return why nothing that tells of repeat purchase is reported; empty where it is."""
    return ORDER_SAMPLE if assumed.is_order_sample else ""


def strike_repeat(estimates: Iterable[Estimate], assumed: LoyaltyConfig) -> list[Estimate]:
    """Return estimates without those of repeat purchase, where the records are a sample of orders."""
    reason = why_repeat_not_reported(assumed)
    return [no_estimate(e.quantity, Status.STRUCK, reason, unit=e.unit, n=e.n, segment=e.segment)
            if reason and e.quantity in REPEAT_QUANTITIES and e.status in (Status.OK, Status.INSUFFICIENT) else e
            for e in estimates]


REPEAT_COLUMNS = ("n_orders", "share_active", "n_before", "n_after")


def reported_columns(table: pd.DataFrame, assumed: LoyaltyConfig, struck: Mapping[str, str]) -> pd.DataFrame:
    """Return the columns of a table of people that may be described: none whose figure a check has struck.

    Parameters
    ----------
    table : DataFrame
        One row a person.
    assumed : LoyaltyConfig
        Whether the records are a sample of orders: then nothing of repeat purchase is described.
    struck : mapping of str to str
        Why a column's score is not reported; empty where it is.
    """
    repeat = dict.fromkeys(REPEAT_COLUMNS, why_repeat_not_reported(assumed))
    return table.drop(columns=[name for name, reason in {**repeat, **struck}.items() if reason], errors="ignore")


def order_sample_gates(assumed: LoyaltyConfig) -> list[Gate]:
    """Return the gate on records that are a sample of orders; none where the study says of no such sample."""
    reason = why_repeat_not_reported(assumed)
    return [Gate("orders of the same people", 1, 0, True, Level.STRIKE, f"{KINDS_CLAIM}, repeat purchase",
                 f"{reason[:1].upper()}{reason[1:]}: repeat purchase cannot be judged.")] if reason else []


SATISFACTION_SCALE, CURVE_CLAIM = "satisfaction score", "link of satisfaction and repurchase"


def satisfaction_scale(
    answers: ir.Table, known: pd.DataFrame, assumed: LoyaltyConfig, replicates: ReplicateWeights | None = None
) -> Reliability:
    """Return the reliability of the satisfaction that the repurchase curve rests on, by each person's latest answers.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    assumed : LoyaltyConfig
        Roles of its questions.
    replicates : ReplicateWeights, optional
        Of the survey weights, as page 02 has them.
    """
    items = satisfaction_items(known, assumed)
    latest = survey_scales.latest_by_person(survey_scales.answers_wide(answers, items), items).dropna()
    found = measure_reliability(latest.to_numpy())
    if replicates is None or np.isnan(found.raw.value):
        return found
    return weighted_reliability(found, latest.to_numpy(), survey_scales.weighted_sample(latest, replicates))


def satisfaction_items(known: pd.DataFrame, assumed: LoyaltyConfig) -> list[str]:
    """Return the questions on the satisfaction that the repurchase curve rests on."""
    return list(known.loc[known["role"].isin(assumed.satisfaction_roles), "item"])


def satisfaction_scale_gates(found: Reliability, items: Sequence[str]) -> list[Gate]:
    """Return the gate on the satisfaction score; that a single question has no reliability is noted."""
    return [alpha_quality_gate(SATISFACTION_SCALE, found, CURVE_CLAIM, items)] if items else []


def why_satisfaction_not_reported(found: Reliability) -> str:
    """Return why the satisfaction score is struck; empty where it stands."""
    alpha = alpha_estimate(SATISFACTION_SCALE, SATISFACTION_SCALE, found, found.raw).value
    return f"Cronbach's α of the satisfaction score {alpha:.3f} is under {RELIABILITY_STRIKE:.2f}" if (
        alpha < RELIABILITY_STRIKE) else ""


def _people_gate(people: pd.DataFrame, records: str) -> Gate:
    n = int(people["kind"].isin([*LOYALTY_KINDS, NOT_SEPARATED]).sum())
    limit, level = (LEAST_PEOPLE, Level.STRIKE) if n < LEAST_PEOPLE else (FEW_PEOPLE, Level.QUALIFY)
    named = {BEHAVIOUR_ONLY: f"{records} data only", ATTITUDE_ONLY: "answers only",
             ANSWERED_TOO_EARLY: "answered, began too recently", TOO_EARLY: "began too recently, did not answer"}
    lacking = {kind: int((people["kind"] == kind).sum()) for kind in UNCLASSIFIED_KINDS}
    rest = ", ".join(f"{' or '.join(named[kind] for kind in kinds)}: {people_text(count)}"
                     for kinds, count in unclassified_groups(lacking))
    return Gate(
        "people with survey and order data",
        n,
        limit,
        n < limit,
        level,
        KINDS_CLAIM,
        f"{people_text(n)} people have both survey and order data and began long enough ago to be judged"
        f"{f' ({rest})' if rest else ''}; at least {FEW_PEOPLE} are required.",
    )
