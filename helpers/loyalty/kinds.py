"""Four kinds of loyalty from attitude and behaviour, and those of whom only one is known."""

import numpy as np
import pandas as pd

from helpers.loyalty.assumptions import Assumptions
from helpers.loyalty.attitude import Attitudes
from helpers.methods.scales import TOLERANCE

KINDS = ("true", "latent", "spurious", "none")
BEHAVIOUR_ONLY, ATTITUDE_ONLY, TOO_EARLY, STRUCK = "behaviour only", "attitude only", "too early", "not told apart"
ALL_KINDS = (*KINDS, BEHAVIOUR_ONLY, ATTITUDE_ONLY, TOO_EARLY, STRUCK)


def kinds(said: Attitudes, bought: pd.DataFrame, signed: pd.DataFrame, assumed: Assumptions,
          struck: str = "") -> pd.DataFrame:
    """Return attitude, behaviour and kind of everybody who answered, bought or signed; grain person, sorted.

    Parameters
    ----------
    said : Attitudes
        From `helpers.loyalty.attitude.attitudes`.
    bought, signed : DataFrame
        From `helpers.loyalty.behaviour`: purchases and contracts.
    assumed : Assumptions
        The cuts.
    struck : str
        Why the kinds are struck; then those of whom both are known are *not told apart*.

    Returns
    -------
    DataFrame
        The columns of ``results/loyalty_customers`` and ``person``. True: strong attitude, repeating; latent: strong,
        not repeating; spurious: weak, repeating; none: neither. A running contract counts as repeating.

    References
    ----------
    Dick & Basu (1994), Customer loyalty: toward an integrated conceptual framework, *Journal of the Academy of
    Marketing Science* 22, 99–113, figure 2 (there attitude is relative to competitors; here it is the company's own).
    """
    behaved = bought.merge(signed, on="customer_id", how="outer")
    behaved = behaved.assign(person=behaved["customer_id"]).rename(columns={"customer_id": "behaved_id"})
    people = said.people.merge(behaved, on="person", how="outer")
    ids = people["customer_id"].where(people["customer_id"].notna(), people["behaved_id"])
    is_repeating = _repeating(people, assumed)
    people = people.assign(customer_id=ids, is_repeating=is_repeating, is_near_cut=_near(people, said, assumed),
                           kind=_kind(people["attitude"], is_repeating, assumed, struck))
    return people.drop(columns=["is_too_early", "behaved_id"]).sort_values("person", ignore_index=True)


def handed_on(people: pd.DataFrame) -> pd.DataFrame:
    """Return the rows and columns of ``results/loyalty_customers``: people who are customers, evidence left out.

    Parameters
    ----------
    people : DataFrame
        From `kinds`, with what later rooms have added.
    """
    left_out = ["person", "alternatives", "switching_cost", "price_tolerance", "category_spend", "recommend",
                "share_promotion", "share_redeemed", "share_contacted", "share_days_covered", "share_rewarded"]
    return people[people["customer_id"].notna()].drop(columns=left_out, errors="ignore")


def _repeating(people: pd.DataFrame, assumed: Assumptions) -> pd.Series:
    by_orders = (people["share_active"] >= assumed.share_active_cut - TOLERANCE).astype("boolean")
    by_orders = by_orders.mask(people["share_active"].isna())
    by_contract = people["has_contract"].astype("boolean").mask(people["is_too_early"].astype("boolean").fillna(False))
    return (by_orders.fillna(False) | by_contract.fillna(False)).mask(by_orders.isna() & by_contract.isna())


def _near(people: pd.DataFrame, said: Attitudes, assumed: Assumptions) -> pd.Series:
    distance = (people["attitude"] - assumed.attitude_cut).abs()
    is_near = (distance < said.reliability.measurement_error).astype("boolean")
    return is_near.mask(people["attitude"].isna() | np.isnan(said.reliability.measurement_error))


def _kind(attitude: pd.Series, is_repeating: pd.Series, assumed: Assumptions, struck: str) -> np.ndarray:
    is_strong = (attitude >= assumed.attitude_cut - TOLERANCE).to_numpy()
    repeats = is_repeating.fillna(False).to_numpy(bool)
    has_attitude, has_behaviour = attitude.notna().to_numpy(), is_repeating.notna().to_numpy()
    both = np.where(is_strong, np.where(repeats, "true", "latent"), np.where(repeats, "spurious", "none"))
    one = np.where(has_attitude, ATTITUDE_ONLY, np.where(has_behaviour, BEHAVIOUR_ONLY, TOO_EARLY))
    return np.where(has_attitude & has_behaviour, STRUCK if struck else both, one)
