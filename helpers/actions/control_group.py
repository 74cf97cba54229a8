"""Control group of the action plan: its size by power from the break-even, and what size would tell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.power import normal_sample_size_one_tail

from helpers.actions.config import ActionsConfig
from helpers.actions.measured_response import UNMEASURED, ActionResponse
from helpers.customers.random_assignment import CONTROL_GROUP, TREATMENT, n_held_out
from helpers.stats import confidence_intervals
from helpers.stats.disclosure_control import LEAST_PEOPLE

SIGNIFICANCE_LEVEL, TARGET_POWER = 0.05, 0.80

Z_POWER_80 = 0.8416212335729143

LEAST_SHARE, EVEN_SHARE = 0.10, 0.50

MOST_DETECTABLE = 0.6  # difference of a share; what shows only larger ones is no control group worth having


@dataclass(frozen=True, slots=True)
class RankedCandidates:
    """Customers whom a rule contacts, the first ranked first; arrays of shape (n_candidates,).

    Parameters
    ----------
    churn_probability : ndarray
        Within the horizon [share].
    margin_at_risk, cost : ndarray
        Margin expected to be lost, and expected cost of the action [money].
    kept_arm : ndarray of str
        Arm of an open draw, which is kept; empty for who has none.
    """

    churn_probability: np.ndarray
    margin_at_risk: np.ndarray
    cost: np.ndarray
    kept_arm: np.ndarray

    def listed(self, capacity: int, share: float) -> np.ndarray:
        """Return who is on the list, so that at most the capacity is contacted; bool of shape (n_candidates,).

        Whoever has an arm counts as contacted whichever it is, since an arm that decided who is listed would bias what
        the list is measured by. Places that the held out of them leave over go on to those without an arm.
        """
        has_arm = self.kept_arm != ""
        is_first = np.cumsum(has_arm) + self._treated_without_arm(share) <= capacity
        return self.completed(has_arm & is_first, capacity, share)

    def completed(self, is_kept: np.ndarray, capacity: int, share: float) -> np.ndarray:
        """Return a list of some who have an arm and of as many without one as fit; bool of shape (n_candidates,)."""
        left = capacity - int((is_kept & (self.kept_arm == TREATMENT)).sum())
        return is_kept | ((self.kept_arm == "") & (self._treated_without_arm(share) <= left))

    def _treated_without_arm(self, share: float) -> np.ndarray:
        """Return how many without an arm a list that ends at each place contacts, shape (n_candidates,)."""
        n = np.cumsum(self.kept_arm == "")
        return n - np.maximum(np.rint(share * n), 1) * ((n > 1) & (share > 0))

    def blocks(self, listed: np.ndarray, share: float) -> list[tuple[int, int]]:
        """Return how many of a list are held out and treated: of those whose arm is kept, and of the others."""
        arms = self.kept_arm[listed]
        fresh = int((arms == "").sum())
        held = n_held_out(fresh, share)
        return [(int((arms == CONTROL_GROUP).sum()), int((arms == TREATMENT).sum())), (held, fresh - held)]

    def break_even(self, listed: np.ndarray) -> float:
        """Return the relative cut in churn at which contacting the list pays, NaN where no margin is known."""
        stake = float(np.nansum(self.margin_at_risk[listed]))
        return float(self.cost[listed].sum()) / stake if stake > 0 else math.nan


def control_group_share(
    candidates: RankedCandidates, assumptions: ActionsConfig, response: ActionResponse = UNMEASURED
) -> float:
    """Return the share of the list that is held out.

    The study's where it has one. Else a tenth once the response has been measured and pays; else the smallest share
    from a tenth on that shows the break-even with 80 % power; else a half, from which most is learnt where a test is
    all that can be had.

    Parameters
    ----------
    candidates : RankedCandidates
        Whom a rule contacts.
    assumptions : ActionsConfig
        Declared share, capacity.
    response : ActionResponse
        What contact did in earlier rounds.
    """
    if assumptions.hold_out_share is not None:
        return assumptions.hold_out_share
    gone = response.reduction
    if response.is_clear and gone.low > candidates.break_even(candidates.listed(assumptions.capacity, LEAST_SHARE)):
        return LEAST_SHARE
    shares = np.arange(100 * LEAST_SHARE, 100 * EVEN_SHARE).round() / 100
    return next((float(s) for s in shares if _shows_break_even(candidates, assumptions.capacity, s)), EVEN_SHARE)


def _shows_break_even(candidates: RankedCandidates, capacity: int, share: float) -> bool:
    listed = candidates.listed(capacity, share)
    risk = float(candidates.churn_probability[listed].mean()) if listed.any() else math.nan
    return detectable_reduction(candidates.blocks(listed, share), risk) <= candidates.break_even(listed)


def detectable_reduction(blocks: Sequence[tuple[int, int]], risk: float) -> float:
    """Return the smallest relative cut in churn that is found with 80 % power.

    Two shares compared at the 5 % level within blocks of one chance to be held out, all near one risk; NaN where no
    block has both arms.

    Parameters
    ----------
    blocks : sequence of (int, int)
        Held out and treated of each block [customers].
    risk : float
        Mean churn probability of the list [share].
    """
    both = [(held, treated) for held, treated in blocks if held and treated]
    if not both or not 0 < risk < 1:
        return math.nan
    n = sum(held + treated for held, treated in both)
    error = math.sqrt(sum(((h + t) / n) ** 2 * (1 / h + 1 / t) for h, t in both) * risk * (1 - risk))
    return (confidence_intervals.normal_quantile(1 - SIGNIFICANCE_LEVEL) + Z_POWER_80) * error / risk


def detectable_difference(lists: pd.DataFrame) -> float:
    """Return the smallest difference of a share near one half that the arms show within draws; NaN without both.

    Parameters
    ----------
    lists : DataFrame
        Rows of ``results/campaigns``: variant, draw.
    """
    blocks = [(int((g["variant"] == CONTROL_GROUP).sum()), int((g["variant"] == TREATMENT).sum()))
              for _, g in lists.groupby("draw")]
    return detectable_reduction(blocks, 0.5) / 2


def can_tell(lists: pd.DataFrame) -> bool:
    """Return whether the control group of a campaign is large enough ever to tell what the campaign does.

    Parameters
    ----------
    lists : DataFrame
        Rows of ``results/campaigns`` of one campaign.
    """
    n = lists["variant"].value_counts()
    return min(n.get(CONTROL_GROUP, 0), n.get(TREATMENT, 0)) >= LEAST_PEOPLE and (
        detectable_difference(lists) <= MOST_DETECTABLE)


def minimum_detectable_reduction(actions: pd.DataFrame) -> float:
    """Return the smallest relative cut in churn that the list's control group shows with 80 % power; NaN without one.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    """
    listed = actions[actions["variant"].notna()]
    arms = listed.groupby("draw")["variant"].value_counts().unstack(fill_value=0).reindex(
        columns=[CONTROL_GROUP, TREATMENT], fill_value=0)
    blocks = [(int(held), int(treated)) for held, treated in arms.itertuples(index=False)]
    return detectable_reduction(blocks, float(listed["churn_probability"].mean()) if len(listed) else math.nan)


def customers_needed(actions: pd.DataFrame, reduction: float) -> float:
    """Return how many customers, half of them held out, show a relative cut in churn with 80 % power; NaN if unknown.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``, for the risk of the list.
    reduction : float
        Relative cut in churn [share].
    """
    risk = float(actions.loc[actions["variant"].notna(), "churn_probability"].mean())
    if not (0 < risk < 1 and 0 < reduction <= 1):
        return math.nan
    spread = 2 * math.sqrt(risk * (1 - risk))  # of a difference of two halves, in units of the whole
    return float(normal_sample_size_one_tail(reduction * risk, TARGET_POWER, SIGNIFICANCE_LEVEL / 2, spread))


def why_no_sum(actions: pd.DataFrame) -> str:
    """Return why rows of ``results/actions`` of which none has a margin at risk have no sum of it, for a sentence."""
    is_ranked, is_valued = (bool(actions[c].notna().any()) for c in ("priority", "value_if_kept"))
    return ("the level of churn is not known well enough" if is_ranked and is_valued else
            "the risks have no date, so no sum falls within the horizon" if is_ranked else
            "no customer has both a risk and a value")
