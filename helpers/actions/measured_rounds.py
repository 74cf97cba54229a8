"""Measured rounds: what each earlier action list did, all together, and what this one is expected to keep."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from helpers.actions.measured_response import ActionResponse, action_rounds, pooled_response, pooled_rounds
from helpers.customers.random_assignment import CONTROL_GROUP, TREATMENT
from helpers.foundation.results import Estimate, Status

ALL_ROUNDS, THIS_ROUND = "all rounds together", "this round, if contact does as well again"

ROUNDS = ["round", "n_treated", "n_held_out", "reduction", "reduction_low", "reduction_high", "margin", "margin_low",
          "margin_high", "margin_in_all", "margin_in_all_low", "margin_in_all_high", "planned_cost", "net", "net_low",
          "net_high"]

MONEY = ROUNDS[6:]


def rounds_table(
    effects: pd.DataFrame, response: ActionResponse, actions: pd.DataFrame, plans: Iterable[pd.DataFrame] = ()
) -> pd.DataFrame:
    """Return one row a round that counts, one of all together and one of this plan; no row before the first.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    response : ActionResponse
        All rounds, as `measured_response.pooled_response` gives it.
    actions : DataFrame
        ``results/actions``: this round.
    plans : iterable of DataFrame
        ``results/actions`` of earlier runs, oldest first, for what their rounds were planned to cost.

    Returns
    -------
    DataFrame
        round; n_treated, n_held_out [customers]; reduction with limits (relative cut in churn) [share]; margin with
        limits [money a customer contacted]; margin_in_all with limits, the same times who was contacted [money]. Of
        rounds the margin is all that those drawn for contact brought above the control group; of this round that of
        customers expected to churn alone, the cut times the margin at risk of those contacted. planned_cost of as many
        contacts, at the assumed uptake, and net with limits, margin_in_all less that cost [money]; empty where no plan
        tells it.
    """
    if not response.is_measured:
        return pd.DataFrame(columns=ROUNDS)
    known = action_rounds(effects)
    names = pooled_rounds(known)[0]["experiment"]
    each = planned_cost_by_draw([*plans, actions])
    rows = [_round(str(name), pooled_response(known[known["experiment"].eq(name)]), each.get(str(name), np.nan))
            for name in names]
    whole = {**_round(ALL_ROUNDS, response), **dict.fromkeys(MONEY, np.nan)}  # not every round tells its margin
    return pd.DataFrame([*rows, *([whole] if len(rows) > 1 else []), _this_round(response, actions)], columns=ROUNDS)


def planned_cost_by_draw(plans: Iterable[pd.DataFrame]) -> dict[str, float]:
    """Return what a contact of each draw was planned to cost, at the assumed uptake [money a customer contacted]."""
    treated = [rows.loc[rows["variant"].eq(TREATMENT), ["draw", "cost_expected"]] for rows in plans
               if {"draw", "cost_expected"} <= set(rows)]
    by = [rows.groupby("draw")["cost_expected"].mean() for rows in treated]
    return {str(draw): float(cost) for costs in reversed(by) for draw, cost in costs.items()}  # the plan that drew it


def _round(name: str, response: ActionResponse, cost_each: float = np.nan) -> dict[str, object]:
    margin, cost = _limits(response.margin), response.n_treated * cost_each
    in_all = [response.n_treated * x for x in margin]
    return dict(zip(ROUNDS, [name, response.n_treated, response.n_held_out, *_limits(response.reduction), *margin,
                             *in_all, cost, *(x - cost for x in in_all)], strict=True))


def _limits(estimate: Estimate) -> list[float]:
    is_known = estimate.status is Status.OK
    return [estimate.value, estimate.low, estimate.high] if is_known else [np.nan] * 3


def _this_round(response: ActionResponse, actions: pd.DataFrame) -> dict[str, object]:
    treated, cut = actions[actions["variant"].eq(TREATMENT)], _limits(response.reduction)
    saved = [share * float(treated["margin_at_risk"].sum()) for share in cut]
    each = [x / len(treated) if len(treated) else np.nan for x in saved]
    n_held = int(actions["variant"].eq(CONTROL_GROUP).sum())
    cost = float(treated["cost_expected"].sum()) if "cost_expected" in treated else np.nan
    return dict(zip(ROUNDS, [THIS_ROUND, len(treated), n_held, *cut, *each, *saved, cost, *(x - cost for x in saved)],
                    strict=True))

