"""Random assignment of customers: a registry of open draws, one arm a customer; stratified draws; global control group.

A customer whom one list leaves alone must not be reached by another, or neither list can be measured. So whoever was
drawn keeps the arm, for every purpose, until the outcome window of that draw has passed.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import numpy as np
import pandas as pd
from pydantic import Field

from helpers.customers.membership import is_among
from helpers.foundation.study_config import Section

TREATMENT, CONTROL_GROUP = "treated", "held out"

ARM_LABELS = {CONTROL_GROUP: "random control group", TREATMENT: "treatment"}

ALERT, ACTION_PLAN, GLOBAL_CONTROL = "alert", "action plan", "global control group"

CampaignKind = Literal["service recovery", "trust repair", "win-back", "customer club"]

CAMPAIGNS: tuple[CampaignKind, ...] = get_args(CampaignKind)  # in the order in which customers belong to one

SERVICE_RECOVERY, TRUST_REPAIR, WIN_BACK, CUSTOMER_CLUB = CAMPAIGNS

EXPERIMENT_PREFIXES = {ALERT: "churn alerts of ", ACTION_PLAN: "action plan of ",
                       GLOBAL_CONTROL: "global control group of ",
                       **{name: f"{name} of " for name in CAMPAIGNS}}  # begin the names of draws; the day follows

REGISTRY_COLUMNS = ["experiment", "purpose", "unit_id", "variant", "probability", "stratum", "assigned_on", "ends_on"]

UNKNOWN_WINDOW = pd.Timedelta(days=90)  # of draws recorded before their window was

HASH_BYTES = 8

DAY_LENGTH = len("2026-06-30")  # of the day that ends the name of a draw


class ControlGroupsConfig(Section):
    """What holds for the control groups of every list."""

    global_share: float = Field(
        0.0, ge=0, lt=0.5, description="share of all customers whom no alert and no plan reaches, the same ones in "
                                       "every run; 0 for none [share]")


def experiment_name(purpose: str, on: date) -> str:
    """Return the name of the experiment that a draw makes.

    Examples
    --------
    >>> experiment_name(ACTION_PLAN, date(2026, 6, 30))
    'action plan of 2026-06-30'
    """
    return f"{EXPERIMENT_PREFIXES[purpose]}{on.isoformat()}"


def recorded_assignments(lists: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return every draw on record, one row a draw and customer: `REGISTRY_COLUMNS`.

    Those of the global control group are left out: it binds by the customer's id, and does not bind who is treated.

    Parameters
    ----------
    lists : iterable of DataFrame
        ``results/assignments_drawn`` of earlier runs, oldest first; of a draw that several runs recorded the last
        record counts.
    """
    known = [one.reindex(columns=REGISTRY_COLUMNS) for one in lists if len(one)]
    if not known:
        return pd.DataFrame(columns=REGISTRY_COLUMNS)
    every = pd.concat(known).drop_duplicates(["experiment", "unit_id"], keep="last")
    every["ends_on"] = pd.to_datetime(every["ends_on"].fillna(every["assigned_on"] + UNKNOWN_WINDOW))
    every["purpose"] = every["purpose"].fillna(ACTION_PLAN)
    return every[every["purpose"].ne(GLOBAL_CONTROL)].reset_index(drop=True)


def open_assignments(lists: Iterable[pd.DataFrame], as_of: date) -> pd.DataFrame:
    """Return the draws of `recorded_assignments` that are still open on a day.

    Parameters
    ----------
    lists : iterable of DataFrame
        As `recorded_assignments` takes them.
    as_of : date
        The day. A draw is open from its day until the last day of its window, both included.
    """
    return _still_open(recorded_assignments(lists), as_of)


def _still_open(every: pd.DataFrame, as_of: date) -> pd.DataFrame:
    is_open = (every["assigned_on"] <= pd.Timestamp(as_of)) & (every["ends_on"] >= pd.Timestamp(as_of))
    return every[is_open].reset_index(drop=True)


def with_alerts(assigned: pd.DataFrame, alerts: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return open draws together with the arms of ``results/alerts`` that are open, one row a draw and customer."""
    parts = [part for part in (assigned, _still_open(alert_assignments(alerts), as_of)) if len(part)]
    return pd.concat(parts, ignore_index=True).drop_duplicates(["experiment", "unit_id"]) if parts else assigned


def first_drawn(assignments: pd.DataFrame) -> pd.DataFrame:
    """Return one row a customer: the oldest draw decides the arm."""
    ordered = assignments.sort_values(["unit_id", "assigned_on", "experiment"], kind="stable")
    return ordered.drop_duplicates("unit_id", ignore_index=True)


def held_out_customers(lists: Iterable[pd.DataFrame], assigned: pd.DataFrame) -> set[str]:
    """Return whom a list of this round or an open draw holds out: nobody approaches them until the window has passed.

    Parameters
    ----------
    lists : iterable of DataFrame
        Whom the plan and the campaigns list: customer_id, variant.
    assigned : DataFrame
        Open draws: unit_id, variant.
    """
    parts = [*(rows.loc[rows["variant"].eq(CONTROL_GROUP), "customer_id"] for rows in lists),
             assigned.loc[assigned["variant"].eq(CONTROL_GROUP), "unit_id"]]
    return {str(customer) for part in parts for customer in part}


def held_out_until(lists: Iterable[pd.DataFrame], assigned: pd.DataFrame, ends_on: date) -> pd.Series:
    """Return until when each of `held_out_customers` is left alone, by customer, sorted.

    Parameters
    ----------
    lists, assigned
        As `held_out_customers` takes them.
    ends_on : date
        Last day of the window of this round's lists.
    """
    now = [rows.loc[rows["variant"].eq(CONTROL_GROUP), "customer_id"] for rows in lists]
    of_draws = assigned[assigned["variant"].eq(CONTROL_GROUP)]
    rows = pd.concat([pd.DataFrame({"unit_id": ids, "ends_on": pd.Timestamp(ends_on)}) for ids in now]
                     + [of_draws[["unit_id", "ends_on"]].astype({"ends_on": "datetime64[us]"})])
    return rows.astype({"unit_id": "str"}).groupby("unit_id")["ends_on"].max()


def conflicting_customers(assignments: pd.DataFrame) -> list[str]:
    """Return the customers who stand in both arms of the draws given, sorted."""
    n_arms = assignments.groupby("unit_id")["variant"].nunique()
    return sorted(n_arms.index[n_arms > 1].astype(str))


def alert_assignments(alerts: pd.DataFrame) -> pd.DataFrame:
    """Return the arms of ``results/alerts`` as `REGISTRY_COLUMNS`, one row a customer.

    The day of the draw ends its name; alerts of runs that recorded no draw are taken to have been drawn on the day that
    they were raised. The outcome window begins with the draw, however long the alert stays open.
    """
    raised, made, due = (pd.to_datetime(alerts[c]) for c in ("raised_on", "made_as_of_on", "outcome_due_on"))
    named = EXPERIMENT_PREFIXES[ALERT] + raised.dt.strftime("%Y-%m-%d").astype("object")
    draw = alerts["draw"].astype("object").fillna(named)
    drawn_on = pd.to_datetime(draw.astype("str").str[-DAY_LENGTH:])
    return first_drawn(pd.DataFrame({
        "experiment": draw, "purpose": ALERT, "unit_id": alerts["customer_id"],
        "variant": np.where(alerts["is_control"].astype("bool"), CONTROL_GROUP, TREATMENT),
        "probability": alerts["probability"].astype("float64"), "stratum": alerts["rule"],
        "assigned_on": drawn_on, "ends_on": drawn_on + (due - made)}))


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw of a control group.

    Parameters
    ----------
    experiment : str
        Its name.
    seed : int
        Of the draw, used with the name.
    assigned : DataFrame
        Draws that are open, as `open_assignments` gives them: who is in one keeps its arm, of several the oldest's.
    """

    experiment: str
    seed: int
    assigned: pd.DataFrame

    def kept_arms(self, customers: pd.Series) -> np.ndarray:
        """Return the arm that each customer brings from an open draw, empty for who has none, shape (n_customers,).

        Lists that an earlier run drew on the same day do not count: who is on them is chosen again as if nothing had
        been drawn, so that the list is the same again, and keeps the arm.
        """
        is_again = self.assigned["experiment"].astype("str").str[-DAY_LENGTH:].eq(self.experiment[-DAY_LENGTH:])
        before = self.assigned[~(is_again & self.assigned["purpose"].ne(ALERT))]
        arms = first_drawn(before).set_index("unit_id")["variant"].reindex(customers)
        return arms.astype("object").fillna("").to_numpy()

    def assign(self, strata: pd.Series, share: float) -> pd.DataFrame:
        """Return the arm of every customer of a list.

        Parameters
        ----------
        strata : Series of str
            Stratum by customer; the draw is proportional in each.
        share : float
            Share of those without an arm who are held out, as `assign_at_random` rounds it.

        Returns
        -------
        DataFrame
            unit_id, variant, probability of that arm, stratum, experiment (the draw that decided), one row a customer,
            sorted by id.
        """
        kept = first_drawn(self.assigned[is_among(self.assigned["unit_id"], strata.index)])
        fresh = strata[~is_among(strata.index, kept["unit_id"])]
        rng = np.random.default_rng([self.seed, *self.experiment.encode()])
        drawn = assign_at_random(fresh, share, rng).assign(experiment=self.experiment)
        kept = kept.assign(stratum=strata.reindex(kept["unit_id"]).to_numpy())
        parts = [part for part in (drawn, kept[list(drawn.columns)]) if len(part)]
        return pd.concat(parts).sort_values("unit_id", ignore_index=True) if parts else drawn


def draws_by_purpose(day: date, seed: int, assigned: pd.DataFrame) -> dict[str, Draw]:
    """Return the draws of a day: by purpose, all from one seed, all keeping to what is open.

    Parameters
    ----------
    day : date
        Day of the draws, which names them.
    seed : int
        Of the draws, used with their names.
    assigned : DataFrame
        As `open_assignments` gives it.
    """
    return {purpose: Draw(experiment_name(purpose, day), seed, assigned) for purpose in EXPERIMENT_PREFIXES}


def n_held_out(n: int, share: float) -> int:
    """Return how many of a list of ``n`` are held out: the share, rounded, and at least one of two or more.

    A share of 0 holds nobody out.
    """
    return max(round(share * n), 1) if n > 1 and share > 0 else 0


def assign_at_random(strata: pd.Series, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return a random split of a list, proportional in every stratum: unit_id, variant, probability, stratum.

    One row a customer, sorted by id; the order of the customers given does not matter. The number held out is that of
    `n_held_out`, and the probability is the one that this number makes true, the same in every stratum, so that arms
    can be compared as they are.

    Parameters
    ----------
    strata : Series of str
        Stratum by customer.
    share : float
        Share that is held out.
    rng : Generator
        Draws.

    References
    ----------
    Madow, W. G. (1949). On the theory of systematic sampling, II. Annals of Mathematical Statistics 20, 333–354:
    every so-many-th customer of the list, which is sorted by stratum and at random within, from a random start.

    Examples
    --------
    >>> split = assign_at_random(pd.Series("all", index=["b", "a"]), 0.1, np.random.default_rng(1))
    >>> sorted(split["variant"])
    ['held out', 'treated']
    """
    units = strata.rename_axis("unit_id").rename("stratum").reset_index().astype("str").sort_values(
        "unit_id", ignore_index=True)
    n, k = len(units), n_held_out(len(units), share)
    order = units.assign(place=rng.permutation(n)).sort_values(["stratum", "place"]).index.to_numpy()
    is_held = np.zeros(n, dtype=bool)
    steps = np.floor((np.arange(k) + rng.random()) * n / max(k, 1)).astype(int)
    is_held[order[np.minimum(steps, n - 1)]] = True
    chance = k / max(n, 1)
    return pd.DataFrame({"unit_id": units["unit_id"], "variant": np.where(is_held, CONTROL_GROUP, TREATMENT),
                         "probability": np.where(is_held, chance, 1 - chance), "stratum": units["stratum"]})


def is_global_control(customers: pd.Series, share: float) -> np.ndarray:
    """Return who belongs to the global control group, shape (n_customers,): a share that the id alone decides.

    No seed enters, so that every run and every list leaves the same customers alone.

    References
    ----------
    Ohlsson, E. (1995). Coordination of samples using permanent random numbers. In: Business Survey Methods, 153–169.
    """
    if not share:
        return np.zeros(len(customers), dtype=bool)
    digests = (hashlib.sha256(f"{GLOBAL_CONTROL}|{c}".encode()).digest()[:HASH_BYTES] for c in customers)
    return np.array([int.from_bytes(d) < share * 256**HASH_BYTES for d in digests], dtype=bool)
