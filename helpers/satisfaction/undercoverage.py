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

from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.stats.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, is_hidden
from helpers.stats.survey_weights import ReplicateWeights

BOUGHT_DAYS, MAX_TRAIT_GAP, MAX_NAMED_TRAITS = 365, 0.05, 3

NEVER_INVITED, INVITED_BUYERS = "customers never invited", f"invitations within {BOUGHT_DAYS} days of a purchase"

ALL_BUT = "all but "

BOUGHT, CONTRACT, WITHOUT_ORDER = (
    f"bought in the {BOUGHT_DAYS} days before", "with a running contract", "without an order")

INVITED, ORDERED = "is_invited", "has_ordered"


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
        sign = "under " if is_few else "more than " if are_many else ""
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
    A respondent is looked at when invited, else when answering, a customer on the day of the wave's last answer, unless
    he joined later, or where that is not known, ordered first later. A trait of fewer than thirty customers, or of all
    but so few, is not compared.
    """
    rows = scores[scores["wave"] == wave] if wave else scores
    rows = rows.dropna(subset=["customer_id", "responded_at"]).sort_values(["responded_at", "response_id"])
    rows = rows.drop_duplicates("person", keep="last")
    if len(rows) < FEW_PEOPLE:
        return [], 0
    if replicas is not None and wave in replicas.waves:
        rows = rows.assign(weight=replicas.waves[wave].of(rows["person"].to_numpy())[0])
    last = pd.Timestamp(rows["responded_at"].max())
    then = _customers_by(last, records)
    whole = then.select("customer_id", at=ibis.literal(last.to_pydatetime(), "timestamp"))
    there = _with_traits(whole, records)
    counts = there.group_by("channel").aggregate(
        n=there.count(), **{name: there[name].sum() for name in (BOUGHT, CONTRACT)}).to_pyarrow().to_pandas()
    sent = records.invitations.semi_join(ibis.memtable(rows[["response_id"]]), "response_id")
    asked = sent.group_by("response_id").aggregate(sent_at=sent.sent_at.min()).to_pyarrow().to_pandas()
    rows = rows.merge(asked, on="response_id", how="left")
    rows = rows.assign(at=rows["sent_at"].fillna(rows["responded_at"]))
    answered = ibis.memtable(rows[["customer_id", "at", "weight"]])
    here = _with_traits(answered.semi_join(then, "customer_id"), records).to_pyarrow().to_pandas()
    return _compared(here.sort_values("customer_id"), counts, "acquired_channel" not in raked), int(counts["n"].sum())


def _customers_by(last: pd.Timestamp, records: CustomerRecords) -> ir.Table:
    """Return those who were customers by a day: since they joined, or where that is not known, since their first order.

    Of whom neither is known counts at any time.
    """
    everybody, sold = records.customers, records.transactions
    undated = sold.filter(sold.kind == "sale").semi_join(everybody.filter(everybody.joined_on.isnull()), "customer_id")
    first = undated.group_by("customer_id").aggregate(first_on=undated.ordered_at.min().date())
    later = first.filter(first.first_on > last.date())
    return everybody.filter((everybody.joined_on <= last.date()).fill_null(True)).anti_join(later, "customer_id")


def _marked(people: ir.Table, those: ir.Table, name: str) -> ir.Table:
    """Return people with a column that says who of them is among those."""
    marks = those.filter(those.customer_id.notnull()).select("customer_id").distinct().mutate(is_among=True)
    both = people.left_join(marks, "customer_id")
    return both.select(*people.columns, **{name: both.is_among.fill_null(False)})


def _with_traits(people: ir.Table, records: CustomerRecords) -> ir.Table:
    """Return people, each as of a time ``at``, with what is known of them by then."""
    sold, contracts = records.transactions, records.subscriptions
    bought = sold.filter(sold.kind == "sale").inner_join(people, "customer_id")
    bought = bought.filter(bought.ordered_at <= bought["at"],
                           bought.ordered_at > bought["at"] - ibis.interval(days=BOUGHT_DAYS))
    held = contracts.inner_join(people, "customer_id")
    held = held.filter((held.started_on <= held["at"].date()).fill_null(True),
                       ~held.has_ended | (held.ended_on >= held["at"].date()).fill_null(False))
    known = _marked(_marked(people, bought, BOUGHT), held, CONTRACT)
    channels = records.customers.select("customer_id", channel=records.customers.acquired_channel)
    both = known.left_join(channels, "customer_id")
    return both.select(*known.columns, "channel")


def _compared(here: pd.DataFrame, there: pd.DataFrame, with_channels: bool) -> list[TraitShares]:
    n, of_channel = int(there["n"].sum()), there.dropna(subset=["channel"]).set_index("channel")["n"].sort_index()
    is_with = {name: (here[name].to_numpy(), int(there[name].sum())) for name in (BOUGHT, CONTRACT)}
    if with_channels:
        is_with |= {f"won through {channel}": (here["channel"].eq(channel).to_numpy(), int(k))
                    for channel, k in of_channel.items()}
    return [TraitShares(name, float(np.average(mine, weights=here["weight"])), k / n, int(mine.sum()), len(mine))
            for name, (mine, k) in is_with.items() if len(mine) >= FEW_PEOPLE and FEW_PEOPLE <= k <= n - FEW_PEOPLE]


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
                 "what the survey says of all customers", f"People of {of}{', weighted,' * is_weighted} when "
                 f"asked, against the {n:,} known customers, as of its last answer: {told}. No weight meets these "
                 f"shares; the limit is {100 * MAX_TRAIT_GAP:g} percentage points.")]


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
    sent, sold = records.invitations, records.transactions
    n_sent = sent.count().to_pyarrow().as_py()
    people = records.customers.select(
        "customer_id", at=ibis.literal(pd.Timestamp(as_of).to_pydatetime(), "timestamp"))
    known = _marked(_marked(_with_traits(people, records), sent, INVITED), sold, ORDERED)
    groups = {"all": known.customer_id.notnull(), CONTRACT: known[CONTRACT], WITHOUT_ORDER: ~known[ORDERED]}
    [told] = known.aggregate(
        **{f"n {name}": is_in.sum() for name, is_in in groups.items()},
        **{f"never {name}": (is_in & ~known[INVITED]).sum() for name, is_in in groups.items()},
    ).to_pyarrow().to_pylist()
    if not n_sent or not told["n all"]:
        return []
    has_orders = sold.filter(sold.customer_id.notnull()).count().to_pyarrow().as_py() > 0
    made = [_count_never(told[f"never {name}"], told[f"n {name}"], name) for name in groups
            if name == "all" or (told[f"n {name}"] >= FEW_PEOPLE and (name != WITHOUT_ORDER or has_orders))]
    if not has_orders:
        return made
    each = sent.select("invitation_id", "customer_id", at=sent.sent_at)
    near = sold.filter(sold.kind == "sale").select("customer_id", "ordered_at").inner_join(each, "customer_id")
    near = near.filter(near.ordered_at <= near["at"], near.ordered_at > near["at"] - ibis.interval(days=BOUGHT_DAYS))
    k = int(near.select("invitation_id").distinct().count().to_pyarrow().as_py())
    share = Estimate(INVITED_BUYERS, k / n_sent, unit="share", n=n_sent)
    return made if is_hidden(n_sent - k) or is_hidden(k) else [*made, share]


def _count_never(k: int, n: int, segment: str) -> Estimate:
    if is_hidden(k) or is_hidden(n - k):
        few = f"fewer than {LEAST_PEOPLE} people"
        return no_estimate(NEVER_INVITED, Status.INSUFFICIENT, few if is_hidden(k) else f"{ALL_BUT}{few}",
                           unit="customers", n=n, segment=segment)
    return Estimate(NEVER_INVITED, float(k), unit="customers", n=n, segment=segment)
