"""Measured rounds: what each earlier action list did, all together, and what this one is expected to keep."""

import numpy as np
import pandas as pd

from helpers.actions.measured_response import ActionResponse, action_rounds, pooled_response, pooled_rounds
from helpers.customers.random_assignment import CONTROL_GROUP, TREATMENT
from helpers.foundation.results import Estimate, Status

ALL_ROUNDS, THIS_ROUND = "all rounds together", "this round, if contact does as well again"

ROUNDS = ["round", "n_treated", "n_held_out", "reduction", "reduction_low", "reduction_high", "margin", "margin_low",
          "margin_high", "margin_in_all", "margin_in_all_low", "margin_in_all_high"]


def rounds_table(effects: pd.DataFrame, response: ActionResponse, actions: pd.DataFrame) -> pd.DataFrame:
    """Return one row a round that counts, one of all together and one of this plan; no row before the first.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    response : ActionResponse
        All rounds, as `measured_response.pooled_response` gives it.
    actions : DataFrame
        ``results/actions``: this round.

    Returns
    -------
    DataFrame
        round; n_treated, n_held_out [customers]; reduction with limits (relative cut in churn) [share]; margin with
        limits [money a customer contacted]; margin_in_all with limits, the same times who was contacted [money]. Of
        rounds the margin is all that those drawn for contact brought above the control group; of this round that of
        customers expected to churn alone, the cut times the margin at risk of those contacted.
    """
    if not response.is_measured:
        return pd.DataFrame(columns=ROUNDS)
    known = action_rounds(effects)
    names = pooled_rounds(known)[0]["experiment"]
    rows = [_round(str(name), pooled_response(known[known["experiment"].eq(name)])) for name in names]
    whole = {**_round(ALL_ROUNDS, response), **dict.fromkeys(ROUNDS[-6:], np.nan)}  # not every round tells its margin
    return pd.DataFrame([*rows, *([whole] if len(rows) > 1 else []), _this_round(response, actions)], columns=ROUNDS)


def _round(name: str, response: ActionResponse) -> dict[str, object]:
    margin = _limits(response.margin)
    return dict(zip(ROUNDS, [name, response.n_treated, response.n_held_out, *_limits(response.reduction), *margin,
                             *(response.n_treated * x for x in margin)], strict=True))


def _limits(estimate: Estimate) -> list[float]:
    is_known = estimate.status is Status.OK
    return [estimate.value, estimate.low, estimate.high] if is_known else [np.nan] * 3


def _this_round(response: ActionResponse, actions: pd.DataFrame) -> dict[str, object]:
    treated, cut = actions[actions["variant"].eq(TREATMENT)], _limits(response.reduction)
    saved = [share * float(treated["margin_at_risk"].sum()) for share in cut]
    each = [x / len(treated) if len(treated) else np.nan for x in saved]
    n_held = int(actions["variant"].eq(CONTROL_GROUP).sum())
    return dict(zip(ROUNDS, [THIS_ROUND, len(treated), n_held, *cut, *each, *saved], strict=True))

