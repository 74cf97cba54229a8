"""Summary of the action plan: margin at risk, cost, break-even, minimum detectable reduction."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.actions import planner
from helpers.actions.config import ActionsConfig
from helpers.actions.measured_response import NAMED, UNMEASURED, ActionResponse, response_people
from helpers.actions.measured_response import response_sentence as told_response
from helpers.actions.planner import CONTROL_GROUP, TREATMENT
from helpers.actions.schema import ASSIGNMENTS_DRAWN, DECISIONS
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import confidence_intervals
from helpers.stats.disclosure_control import people_text

Z_POWER_80 = 0.8416212335729143


def list_margin_at_risk(actions: pd.DataFrame, segment: str, off: float = 0.0) -> Estimate:
    """Return the margin expected to be lost, with the range in which the loss falls.

    Each customer is lost or kept independently with the stated probability, and all probabilities may be off in level.

    Parameters
    ----------
    actions : DataFrame
        Rows of ``results/actions``.
    segment : str
        Whom the rows are.
    off : float
        Error in level of all probabilities that their forecast allows for [logits].
    """
    known = actions[actions["margin_at_risk"].notna()]
    if known.empty:
        is_undated = bool(actions["priority"].notna().any())
        reason = ("the risks have no date, so no sum falls within the horizon" if is_undated else
                  "no customer has both a risk and a value")
        return no_estimate("margin at risk", Status.INSUFFICIENT, reason, unit="money", segment=segment)
    p, kept, sd = (known[c].to_numpy("float64") for c in ("churn_probability", "value_if_kept", "value_if_kept_sd"))
    found = confidence_intervals.expected_loss_interval(p, kept, sd, off)
    return Estimate("margin at risk", found.value, found.low, found.high, "money", len(known), segment)


def summary_by_action(actions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per action on the list: customers, costs of the treated, and the break-even.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.

    Returns
    -------
    DataFrame
        action, n_treated, n_held_out, margin_at_risk (of the treated), cost_expected, cost_worst,
        break_even_reduction (share of the risk to be taken away so that the margin kept equals the expected cost).
    """
    listed = actions[actions["variant"].notna()]
    treated = listed[listed["variant"] == TREATMENT]
    n = listed.groupby("action")["variant"].value_counts().unstack(fill_value=0).reindex(
        columns=[TREATMENT, CONTROL_GROUP], fill_value=0)
    money = treated.groupby("action")[["margin_at_risk", "cost_expected", "cost_worst"]].sum(
        min_count=1)
    table = n.set_axis(["n_treated", "n_held_out"], axis=1).join(money).reset_index()
    table["break_even_reduction"] = table["cost_expected"] / table["margin_at_risk"].where(table["margin_at_risk"] > 0)
    return table.sort_values(["margin_at_risk", "action"], ascending=[False, True], ignore_index=True)


def reasons_not_contacted(actions: pd.DataFrame) -> pd.DataFrame:
    """Return why customers are not on the list: reason, n_customers, margin_at_risk; most customers first.

    Consents that are missing are counted over all channels, as the check on consent tells them: by channel a small
    group would follow from the rest.
    """
    left = actions[actions["variant"].isna()]
    reason = left["reason"].str.replace(f"^({planner.NO_CONSENT} .+) by .+$", r"\1", regex=True)
    rest = left.groupby(reason)["margin_at_risk"]
    table = pd.DataFrame({"n_customers": rest.size(), "margin_at_risk": rest.sum(min_count=1)}).reset_index()
    return table.sort_values(["n_customers", "reason"], ascending=[False, True], ignore_index=True)


def break_even_reduction(actions: pd.DataFrame) -> float:
    """Return the share of the risk that the whole plan has to take away to pay; NaN without a list."""
    at_stake = float(actions.loc[actions["variant"] == TREATMENT, "margin_at_risk"].sum())
    return planner.plan_costs(actions).expected / at_stake if at_stake > 0 else math.nan


def minimum_detectable_reduction(actions: pd.DataFrame) -> float:
    """Return the smallest share of the risk that, taken away, this control group shows with 80 % power.

    Two shares compared at the 5 % level, both near the mean probability of the list; NaN without a hold-out.
    """
    listed = actions[actions["variant"].notna()]
    n_held = int((listed["variant"] == CONTROL_GROUP).sum())
    n_treated = len(listed) - n_held
    p = float(listed["churn_probability"].mean()) if len(listed) else math.nan
    if not n_held or not n_treated or not 0 < p < 1:
        return math.nan
    errors = confidence_intervals.normal_quantile(0.95) + Z_POWER_80
    return errors * math.sqrt(p * (1 - p) * (1 / n_held + 1 / n_treated)) / p


def _shows(reduction: float) -> str:
    """Return what the hold-out can show, for a sentence; empty where that is not known."""
    if math.isnan(reduction):
        return ""
    cut = ("no cut in churn at all" if reduction > 1 else
           f"only a relative cut in churn of {100 * reduction:.2g} % or more")
    return f"; {cut} would show with 80 % power"


def assignments_to_record(actions: pd.DataFrame, as_of: date, seed: int) -> pd.DataFrame:
    """Return ``results/assignments_drawn``: the list as an experiment that a later run can read back.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    as_of : date
        Day of the draw; it names the experiment.
    seed : int
        Seed of the draw.
    """
    listed = actions[actions["variant"].notna()]
    is_held = (listed["variant"] == CONTROL_GROUP).to_numpy()
    chance = is_held.mean() if len(listed) else 0.0
    return pd.DataFrame({
        "experiment": f"{NAMED}{as_of.isoformat()}", "unit_id": listed["customer_id"].to_numpy(),
        "variant": listed["variant"].to_numpy(), "probability": np.where(is_held, chance, 1 - chance),
        "assigned_on": pd.Timestamp(as_of), "seed": seed}, columns=list(ASSIGNMENTS_DRAWN.names))


def pays(response: ActionResponse, needed: float) -> str:
    """Return whether the response measured is what the plan needs: it pays, does not, or that is open; else empty."""
    gone = response.reduction
    if gone.status is not Status.OK or math.isnan(needed):
        return ""
    return "so it pays" if gone.low > needed else "so it does not pay" if gone.high < needed else "so that is open"


def proposed_decisions(
    actions: pd.DataFrame,
    assumptions: ActionsConfig,
    as_of: date,
    horizon_days: int,
    response: ActionResponse = UNMEASURED,
) -> pd.DataFrame:
    """Return ``results/decisions``: the one decision that this plan asks for; no row where the list is empty.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    assumptions : ActionsConfig
        For the owner.
    as_of : date
        Day of the plan.
    horizon_days : int
        Outcome window, after which the effect is measured [days].
    response : ActionResponse
        What contact did in earlier rounds.
    """
    n_treated, n_held = (int((actions["variant"] == arm).sum()) for arm in (TREATMENT, CONTROL_GROUP))
    if not n_treated:
        return pd.DataFrame(columns=list(DECISIONS.names))
    who = people_text(n_treated, "customer", "customers")
    alone = f", keep {people_text(n_held)} as a random control group" if n_held else ""
    money, needed = planner.plan_costs(actions), break_even_reduction(actions)
    shows = (
        "" if math.isnan(needed) else _shows(minimum_detectable_reduction(actions))
    )  # without dates neither is known
    again = "measure again" if response.is_measured else "measure"
    return pd.DataFrame([{
        "decision": f"Contact {who}{alone} and {again} whether contact keeps them", "cost": money.expected,
        "gain": _gain(response, needed), "worst_case": money.worst_case,
        "confidence": f"{_confidence(response)}{shows}",
        "owner": assumptions.owner, "stop_on": pd.Timestamp(as_of + timedelta(days=horizon_days)),
        "status": "asked for"}], columns=list(DECISIONS.names))


def _gain(response: ActionResponse, needed: float) -> str:
    """Return the gain that can be expected: what was measured beside what pays."""
    is_known = not math.isnan(needed)
    if response.is_measured:
        from_where = f"the plan breaks even at {100 * needed:.2g} %" if is_known else "what would pay is not known"
        verdict = ", ".join(filter(None, (from_where, pays(response, needed))))
        return f"contact {told_response(response)}; {verdict}"
    from_where = f"breaks even at a relative cut in churn of {100 * needed:.2g} %" if is_known else (
        "what would pay is not known")
    return f"not yet measured; {from_where}"


def _confidence(response: ActionResponse) -> str:
    """Return how sure the gain is."""
    if not response.is_measured:
        return "none yet: the response has never been measured"
    worse = "a change for the worse" if response.difference.high < 0 else "not statistically significant"
    found = "statistically significant" if response.is_clear else worse
    return f"{response_people(response)}: {found}"
