"""Dick & Basu loyalty matrix: attitude, repeat purchase, and true, latent, spurious or no loyalty."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, strike_all
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.loyalty_type_evidence import OBSERVED_EVIDENCE_COLUMNS, STATED_EVIDENCE_ROLES
from helpers.loyalty.schema import (
    ANSWERED_TOO_EARLY,
    ATTITUDE_ONLY,
    BEHAVIOUR_ONLY,
    LOYALTY_KINDS,
    NOT_SEPARATED,
    TOO_EARLY,
    UNCLASSIFIED_KINDS,
)
from helpers.stats import survey_scales
from helpers.stats.common_items import WaveItems, item_answers, wave_items
from helpers.stats.confidence_intervals import share_interval
from helpers.stats.disclosure_control import estimate_if_enough, is_hidden, suppress_cells
from helpers.stats.scale_reliability import Reliability, measure_reliability
from helpers.stats.survey_scales import SCALE_TOLERANCE

ATTACHMENT, INTENTION = "attachment", "intention"


@dataclass(frozen=True, slots=True)
class Attitudes:
    """Attitudes of the people who answered.

    Parameters
    ----------
    people : DataFrame
        Grain person, sorted: ``person, customer_id`` (empty where anonymous)``, responded_at, weight`` (survey
        weight)``, attitude`` [0–100]``, attachment`` (the attitude without recommendation)``, n_items``.
    items : tuple of str
        The questions, one column each in the reliability.
    reliability : Reliability
        Of the mean of the items.
    waves : WaveItems
        How many waves were not asked the same of these questions.
    asks_attachment : bool
        Whether any question asks for attachment; else the attitude is satisfaction alone, which is no loyalty.
    attachment_name : str
        What the attitude without recommendation is called: `INTENTION` where neither commitment nor trust was asked.
    """

    people: pd.DataFrame
    items: tuple[str, ...]
    reliability: Reliability
    waves: WaveItems = field(default_factory=WaveItems)
    asks_attachment: bool = True
    attachment_name: str = ATTACHMENT


def measure_attitudes(answers: ir.Table, known: pd.DataFrame, assumed: LoyaltyConfig) -> Attitudes:
    """Return each person's attitude by the latest response that has any of its questions.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    known : DataFrame
        From `helpers.stats.survey_scales.item_catalogue`.
    assumed : LoyaltyConfig
        Which roles make up the attitude.
    """
    items = tuple(known.loc[known["role"].isin(assumed.attitude_roles), "item"])
    wide = survey_scales.latest_by_person(survey_scales.answers_wide(answers, items), items)
    people = wide.index.to_frame(index=False)[["person", "customer_id", "responded_at", "weight"]]
    attached = [item for item in items if item not in set(known.loc[known["role"] == "recommend", "item"])]
    people = people.assign(attitude=wide.mean(axis=1).to_numpy(), n_items=wide.notna().sum(axis=1).to_numpy(),
                           attachment=wide[attached].mean(axis=1).to_numpy(float))
    is_felt = not {"commitment", "trust"}.isdisjoint(known.loc[known["item"].isin(items), "role"])
    return Attitudes(people, items, measure_reliability(wide.to_numpy()), _waves(answers, assumed),
                     assumed.asks_attachment, ATTACHMENT if is_felt else INTENTION)


def _waves(answers: ir.Table, assumed: LoyaltyConfig) -> WaveItems:
    given = answers.filter(answers.role.isin(assumed.attitude_roles), answers.percent.notnull())
    named = given.select("response_id", "wave").distinct().to_pyarrow().to_pandas().set_index("response_id")["wave"]
    return wave_items(item_answers(answers, assumed.attitude_roles, 0.0), named.sort_index())


BEHAVIOUR_RECORDS = "order or contract"

DAYS_PER_MONTH = 365.25 / 12

SECOND_ORDER_SHARE, SECOND_DAY_SHARE = "customers who placed a second order", "customers who bought on a second day"


def repeat_purchase(occasions: ir.Table, as_of_on: date, assumed: LoyaltyConfig) -> pd.DataFrame:
    """Return repeat purchase by customer, sorted.

    Parameters
    ----------
    occasions : Table
        From `helpers.customers.purchases.purchase_occasions`.
    as_of_on : date
        Last day that is seen.
    assumed : LoyaltyConfig
        Length of a period, and how many must have elapsed.

    Returns
    -------
    DataFrame
        ``customer_id, first_on, n_orders`` (purchase occasions)``, n_periods, n_active_periods, share_active`` (NaN
        where too few periods have elapsed). Period k of a customer is the days from (k − 1) · length + 1 to
        k · length after the first purchase; the day of the first purchase and the unfinished period do not count, so
        a newcomer is not held against an old customer.
    """
    occasions = occasions.select("customer_id", "on")
    firsts = occasions.group_by("customer_id").aggregate(first_on=occasions.on.min(), n_orders=occasions.count())
    elapsed = ibis.literal(as_of_on).delta(firsts.first_on, unit="day").cast("int64")
    firsts = firsts.mutate(n_periods=(elapsed / assumed.period_days).floor().cast("int64"))
    table = occasions.inner_join(firsts, "customer_id")
    offset = table.on.delta(table.first_on, unit="day").cast("int64")
    period = (offset / assumed.period_days).ceil().cast("int64")
    table = table.mutate(period=period)
    is_counted = (table.period >= 1) & (table.period <= table.n_periods)
    found = table.group_by("customer_id", "first_on", "n_orders", "n_periods").aggregate(
        n_active_periods=table.period.nunique(where=is_counted))
    frame = found.to_pyarrow().to_pandas().sort_values("customer_id", ignore_index=True)
    is_judged = frame["n_periods"] >= assumed.least_periods
    share = (frame["n_active_periods"] / frame["n_periods"].where(is_judged)).astype("float64")
    return frame.assign(first_on=pd.to_datetime(frame["first_on"]), share_active=share)


def running_contracts(subscriptions: ir.Table, as_of_on: date, assumed: LoyaltyConfig) -> pd.DataFrame:
    """Return whether a customer's contract runs, sorted by customer.

    Returns
    -------
    DataFrame
        ``customer_id, has_contract, is_too_early`` (it runs, but has not yet lasted as long as repeat purchase is
        given to show; a contract of unknown age is taken as old enough).
    """
    started = ibis.literal(as_of_on).delta(subscriptions.started_on, unit="day").cast("float64")
    age = ibis.coalesce(started, subscriptions.tenure_months * DAYS_PER_MONTH)
    runs = ~subscriptions.has_ended | (subscriptions.ended_on > ibis.literal(as_of_on))
    found = subscriptions.group_by("customer_id").aggregate(
        has_contract=runs.fill_null(False).any(), age_days=age.max(), is_dated=age.notnull().any())
    frame = found.to_pyarrow().to_pandas().sort_values("customer_id", ignore_index=True)
    least = assumed.least_periods * assumed.period_days
    is_early = frame["has_contract"].astype(bool) & (frame["age_days"] < least)
    return frame.assign(is_too_early=is_early)[["customer_id", "has_contract", "is_too_early"]]


def behaviour_records(engine: Engine, bought: pd.DataFrame, subscriptions: ir.Table, memberships: ir.Table) -> str:
    """Return what tells of behaviour, in words: order, contract, or membership where every contract is one.

    Parameters
    ----------
    engine : Engine
        Counts.
    bought : DataFrame
        From `repeat_purchase`.
    subscriptions, memberships : Table
        Canonical tables.
    """
    others = subscriptions.anti_join(memberships, [
        subscriptions.customer_id == memberships.customer_id, subscriptions.started_on == memberships.valid_from])
    n_contracts, n_others = (engine.first_row(t.aggregate(n=t.count()))["n"] for t in (subscriptions, others))
    named = [*(["order"] if len(bought) else []), *(["contract" if n_others else "membership"] if n_contracts else [])]
    return " or ".join(named) or BEHAVIOUR_RECORDS


def repeat_shares(engine: Engine, placed: ir.Table, bought: pd.DataFrame) -> list[Estimate]:
    """Return who came back at all: the share who placed a second order, and the share who bought on a second day.

    Parameters
    ----------
    engine : Engine
        Counts.
    placed : Table
        From `helpers.customers.purchases.count_orders`: orders of a day count singly, and so do cancelled ones.
    bought : DataFrame
        From `repeat_purchase`.

    Returns
    -------
    list of Estimate
        The first is struck where the two would tell a few people by the difference of their counts.
    """
    by_orders = engine.first_row(placed.aggregate(n=placed.count(), k=(placed.n_orders > 1).ifelse(1, 0).sum()))
    counts = {SECOND_ORDER_SHARE: (int(by_orders["n"]), int(by_orders["k"] or 0)),
              SECOND_DAY_SHARE: (len(bought), int((bought["n_orders"] > 1).sum()))}
    orders, days = [estimate_if_enough(q, share_interval(k / n if n else np.nan, n), n, unit="share")
                    for q, (n, k) in counts.items()]
    apart = [abs(a - b) for a, b in zip(*counts.values(), strict=True)]
    few = "the customers who bought on a second day would tell a few people by their difference"
    return [*strike_all([orders], few if any(map(is_hidden, apart)) else ""), days]


def unclassified_groups(counts: Mapping[str, float]) -> list[tuple[tuple[str, ...], float]]:
    """Return the kinds without attitude or behaviour, with their numbers; one to nine people with the next smallest.

    Alone they would follow from the number of everybody.
    """
    hidden = suppress_cells([counts.get(kind, 0) for kind in UNCLASSIFIED_KINDS], [range(len(UNCLASSIFIED_KINDS))])
    small = tuple(kind for kind, is_small in zip(UNCLASSIFIED_KINDS, hidden, strict=True) if is_small)
    rest = [((kind,), float(counts[kind])) for kind in UNCLASSIFIED_KINDS if counts.get(kind, 0) and kind not in small]
    return [*rest, *([(small, float(sum(counts[kind] for kind in small)))] if small else [])]


def classify_loyalty(said: Attitudes, bought: pd.DataFrame, signed: pd.DataFrame, assumed: LoyaltyConfig,
          struck: str = "") -> pd.DataFrame:
    """Return attitude, behaviour and kind of everybody who answered, bought or signed; grain person, sorted.

    Parameters
    ----------
    said : Attitudes
        From `helpers.loyalty.dick_basu.measure_attitudes`.
    bought, signed : DataFrame
        From `helpers.loyalty.dick_basu`: purchases and contracts.
    assumed : LoyaltyConfig
        The cuts.
    struck : str
        Why the kinds are struck; then those of whom both are known are *not told apart*.

    Returns
    -------
    DataFrame
        The columns of ``results/loyalty_customers`` and ``person``. True: strong attitude, repeating; latent: strong,
        not repeating; spurious: weak, repeating; none: neither. A running contract counts as repeating. Who bought or
        signed too recently to be judged is *too early*, with an answer or without.

    References
    ----------
    Dick & Basu (1994), Customer loyalty: toward an integrated conceptual framework, *Journal of the Academy of
    Marketing Science* 22, 99–113, figure 2 (there attitude is relative to competitors; here it is the company's own).
    """
    behaved = bought.merge(signed, on="customer_id", how="outer")
    behaved = behaved.assign(person=behaved["customer_id"]).rename(columns={"customer_id": "behaved_id"})
    people = said.people.merge(behaved, on="person", how="outer")
    ids = people["customer_id"].where(people["customer_id"].notna(), people["behaved_id"])
    is_repeating = _is_repeating(people, assumed)
    people = people.assign(customer_id=ids, is_repeating=is_repeating, is_near_cut=_is_near_cut(people, said, assumed),
                           kind=_loyalty_kind(people, is_repeating, assumed, struck))
    return people.drop(columns=["is_too_early", "behaved_id"]).sort_values("person", ignore_index=True)


def loyalty_customers_table(people: pd.DataFrame) -> pd.DataFrame:
    """Return the rows and columns of ``results/loyalty_customers``: people who are customers, evidence left out.

    Parameters
    ----------
    people : DataFrame
        From `classify_loyalty`, with what later rooms have added.
    """
    left_out = ["person", "weight", "attachment", "share_rewarded", *STATED_EVIDENCE_ROLES, *OBSERVED_EVIDENCE_COLUMNS]
    return people[people["customer_id"].notna()].drop(columns=left_out, errors="ignore")


def _is_repeating(people: pd.DataFrame, assumed: LoyaltyConfig) -> pd.Series:
    by_orders = (people["share_active"] >= assumed.share_active_cut - SCALE_TOLERANCE).astype("boolean")
    by_orders = by_orders.mask(people["share_active"].isna())
    by_contract = people["has_contract"].astype("boolean").mask(people["is_too_early"].astype("boolean").fillna(False))
    return (by_orders.fillna(False) | by_contract.fillna(False)).mask(by_orders.isna() & by_contract.isna())


def _is_near_cut(people: pd.DataFrame, said: Attitudes, assumed: LoyaltyConfig) -> pd.Series:
    distance = (people["attitude"] - assumed.attitude_cut).abs()
    is_near = (distance < said.reliability.measurement_error).astype("boolean")
    return is_near.mask(people["attitude"].isna() | np.isnan(said.reliability.measurement_error))


def _loyalty_kind(people: pd.DataFrame, is_repeating: pd.Series, assumed: LoyaltyConfig, struck: str) -> np.ndarray:
    attitude = people["attitude"]
    is_strong = (attitude >= assumed.attitude_cut - SCALE_TOLERANCE).to_numpy()
    repeats = is_repeating.fillna(False).to_numpy(bool)
    has_attitude, has_behaviour = attitude.notna().to_numpy(), is_repeating.notna().to_numpy()
    true, latent, spurious, none = LOYALTY_KINDS
    both = np.where(is_strong, np.where(repeats, true, latent), np.where(repeats, spurious, none))
    is_early = (people["n_orders"].notna() | people["has_contract"].notna()).to_numpy(bool)
    alone = np.where(is_early, ANSWERED_TOO_EARLY, ATTITUDE_ONLY)
    one = np.where(has_attitude, alone, np.where(has_behaviour, BEHAVIOUR_ONLY, TOO_EARLY))
    return np.where(has_attitude & has_behaviour, NOT_SEPARATED if struck else both, one)
