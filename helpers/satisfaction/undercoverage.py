"""Undercoverage: who was never invited, and in what respondents differ from all customers beside the weights.

References
----------
Groves et al. (2009), *Survey Methodology*, 2nd ed., chapter 3: people whom no invitation can reach are not in the
frame, and weights by what respondents and customers share need not make up for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.customers.membership import is_among
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.stats.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, is_hidden
from helpers.stats.survey_weights import ReplicateWeights

BOUGHT_DAYS, MAX_TRAIT_GAP, MAX_NAMED_TRAITS = 365, 0.05, 3

NEVER_INVITED, INVITED_BUYERS = "customers never invited", f"invitations within {BOUGHT_DAYS} days of a purchase"

ALL_BUT = "all but "

BOUGHT, CONTRACT, WITHOUT_ORDER = (
    f"bought in the {BOUGHT_DAYS} days before", "with a running contract", "without an order")


@dataclass(frozen=True, slots=True)
class CustomerRecords:
    """What is known of customers beside their answers.

    Parameters
    ----------
    customers, transactions, subscriptions, invitations : Table
        Canonical tables.
    """

    customers: ir.Table
    transactions: ir.Table
    subscriptions: ir.Table
    invitations: ir.Table


@dataclass(frozen=True, slots=True)
class TraitShares:
    """How many of the respondents and of all customers have a trait.

    Parameters
    ----------
    trait : str
        Which.
    respondents, customers : float
        Weighted share of the respondents, and share of the customers.
    n_with, n_respondents : int
        Respondents with the trait, and all of them.
    """

    trait: str
    respondents: float
    customers: float
    n_with: int
    n_respondents: int

    @property
    def bound(self) -> float:
        """The respondents' share; where it counts few people with or without the trait, that of ten."""
        few = LEAST_PEOPLE / self.n_respondents
        if is_hidden(self.n_with):
            return few
        return 1 - few if is_hidden(self.n_respondents - self.n_with) else self.respondents

    @property
    def gap(self) -> float:
        """How far the shares lie apart at least."""
        return abs(self.bound - self.customers)

    @property
    def text(self) -> str:
        """Both shares in words."""
        is_few, are_many = is_hidden(self.n_with), is_hidden(self.n_respondents - self.n_with)
        sign = "under " if is_few else "over " if are_many else ""
        return f"{self.trait} {sign}{100 * self.bound:.1f} % against {100 * self.customers:.1f} %"


def trait_shares(
    scores: pd.DataFrame, records: CustomerRecords, raked: Sequence[str], wave: str = "",
    replicas: ReplicateWeights | None = None,
) -> tuple[list[TraitShares], int]:
    """Return in what the respondents of a wave and the customers of its time can be compared; how many customers.

    Parameters
    ----------
    scores : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.
    records : CustomerRecords
        Of customers; without any there is nothing to compare with.
    raked : sequence of str
        Columns of customers that the weights meet: they are not compared.
    wave : str
        The wave; empty: everybody's latest answer.
    replicas : ReplicateWeights, optional
        Weights of the wave, where it has its own.

    Notes
    -----
    A respondent is looked at when invited, else when answering, a customer on the day of the wave's last answer. A
    trait of fewer than thirty customers, or of all but so few, is not compared.
    """
    rows = scores[scores["wave"] == wave] if wave else scores
    rows = rows.dropna(subset=["customer_id", "responded_at"]).sort_values(["responded_at", "response_id"])
    rows = rows.drop_duplicates("person", keep="last")
    if len(rows) < FEW_PEOPLE:
        return [], 0
    if replicas is not None and wave in replicas.waves:
        rows = rows.assign(weight=replicas.waves[wave].of(rows["person"].to_numpy())[0])
    last, everybody = pd.Timestamp(rows["responded_at"].max()), records.customers
    then = everybody.filter(everybody.joined_on.isnull() | (everybody.joined_on <= last.date()))
    whole = then.select("customer_id", at=ibis.literal(last.to_pydatetime(), "timestamp"))
    there = _with_traits(whole, records)
    sent = records.invitations.filter(records.invitations.response_id.notnull())
    asked = sent.group_by("response_id").aggregate(sent_at=sent.sent_at.min()).to_pyarrow().to_pandas()
    rows = rows.merge(asked, on="response_id", how="left")
    rows = rows.assign(at=rows["sent_at"].fillna(rows["responded_at"]))
    answered = ibis.memtable(rows[["customer_id", "at", "weight"]])
    here = _with_traits(answered.semi_join(then, "customer_id"), records)
    return _compared(here, there, "acquired_channel" not in raked), len(there)


def _with_traits(people: ir.Table, records: CustomerRecords) -> pd.DataFrame:
    """Return people, each as of a time ``at``, with what is known of them by then."""
    sold, contracts = records.transactions, records.subscriptions
    bought = sold.filter(sold.kind == "sale").inner_join(people, "customer_id")
    bought = bought.filter(bought.ordered_at <= bought["at"],
                           bought.ordered_at > bought["at"] - ibis.interval(days=BOUGHT_DAYS))
    held = contracts.inner_join(people, "customer_id")
    held = held.filter((held.started_on <= held["at"].date()).fill_null(True),
                       ~held.has_ended | (held.ended_on >= held["at"].date()).fill_null(False))
    channels = records.customers.select("customer_id", channel=records.customers.acquired_channel)
    frame, of_channel = (table.to_pyarrow().to_pandas() for table in (people, channels))
    ids = {name: table.select("customer_id").distinct().to_pyarrow().to_pandas()["customer_id"]
           for name, table in ((BOUGHT, bought), (CONTRACT, held))}
    return frame.assign(**{name: is_among(frame["customer_id"], of) for name, of in ids.items()}).merge(
        of_channel, on="customer_id", how="left")


def _compared(here: pd.DataFrame, there: pd.DataFrame, with_channels: bool) -> list[TraitShares]:
    is_with = {name: (here[name].to_numpy(), there[name].to_numpy()) for name in (BOUGHT, CONTRACT)}
    for channel in sorted(set(there["channel"].dropna())) if with_channels else ():
        is_with[f"won through {channel}"] = here["channel"].eq(channel).to_numpy(), there["channel"].eq(
            channel).to_numpy()
    return [TraitShares(name, float(np.average(mine, weights=here["weight"])), float(theirs.mean()), int(mine.sum()),
                        len(mine))
            for name, (mine, theirs) in is_with.items()
            if len(mine) >= FEW_PEOPLE and FEW_PEOPLE <= theirs.sum() <= len(theirs) - FEW_PEOPLE]


def trait_gates(
    found: tuple[Sequence[TraitShares], int], wave: str = "", *, is_weighted: bool = True
) -> list[Gate]:
    """Return the check on what weights do not meet; none where respondents and customers share nothing known.

    Parameters
    ----------
    found : tuple of sequence of TraitShares and int
        From `trait_shares`.
    wave : str
        Of which they are.
    is_weighted : bool
        Whether the respondents have weights.
    """
    traits, n = found
    if not traits:
        return []
    worst = sorted(traits, key=lambda trait: -trait.gap)
    apart = [trait for trait in worst if trait.gap > MAX_TRAIT_GAP]
    told = "; ".join(trait.text for trait in (apart or worst)[:MAX_NAMED_TRAITS])
    of = f"wave {wave}" if wave else "the survey"
    return [Gate("respondents and customers beside the weights", worst[0].gap, MAX_TRAIT_GAP, bool(apart), Level.NOTE,
                 "what the survey says of all customers", f"People of {of}{', weighted,' * is_weighted} against the "
                 f"{n:,} customers of its time: {told}. No weight meets these shares; the limit is "
                 f"{100 * MAX_TRAIT_GAP:g} percentage points.")]


def never_invited(records: CustomerRecords, as_of: pd.Timestamp) -> list[Estimate]:
    """Return how many customers were never invited, how many of whole groups of them, and who was invited.

    Parameters
    ----------
    records : CustomerRecords
        Of customers.
    as_of : Timestamp
        The day that contracts are looked at.

    Returns
    -------
    list of Estimate
        Empty without invitations or customers. Of groups: n is how many they are.
    """
    sent, customers = records.invitations, records.customers
    asked = sent.select("customer_id", at=sent.sent_at).to_pyarrow().to_pandas()
    whole = customers.select("customer_id", at=ibis.literal(pd.Timestamp(as_of).to_pydatetime(), "timestamp"))
    if asked.empty or (known := _with_traits(whole, records)).empty:
        return []
    buyers = records.transactions.filter(records.transactions.customer_id.notnull())
    ids = buyers.select("customer_id").distinct().to_pyarrow().to_pandas()["customer_id"]
    never = ~is_among(known["customer_id"], asked["customer_id"])
    groups = {"all": np.ones(len(known), bool), CONTRACT: known[CONTRACT].to_numpy(),
              **({WITHOUT_ORDER: ~is_among(known["customer_id"], ids)} if len(ids) else {})}
    made = [_count_never(never[is_in], segment) for segment, is_in in groups.items()
            if segment == "all" or is_in.sum() >= FEW_PEOPLE]
    if not len(ids):
        return made
    each = sent.select("invitation_id", "customer_id", at=sent.sent_at)
    sold = records.transactions.filter(records.transactions.kind == "sale").select("customer_id", "ordered_at")
    near = sold.inner_join(each, "customer_id")
    near = near.filter(near.ordered_at <= near["at"], near.ordered_at > near["at"] - ibis.interval(days=BOUGHT_DAYS))
    k = int(near.select("invitation_id").distinct().count().to_pyarrow().as_py())
    share = Estimate(INVITED_BUYERS, k / len(asked), unit="share", n=len(asked))
    return made if is_hidden(len(asked) - k) or is_hidden(k) else [*made, share]


def _count_never(never: np.ndarray, segment: str) -> Estimate:
    k = int(never.sum())
    if is_hidden(k) or is_hidden(len(never) - k):
        few = f"fewer than {LEAST_PEOPLE} people"
        return no_estimate(NEVER_INVITED, Status.INSUFFICIENT, few if is_hidden(k) else f"{ALL_BUT}{few}",
                           unit="customers", n=len(never), segment=segment)
    return Estimate(NEVER_INVITED, float(k), unit="customers", n=len(never), segment=segment)
