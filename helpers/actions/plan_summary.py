"""Summary of the action plan: margin at risk, cost, break-even, draws to record, the decision asked for."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.actions import control_group, planner
from helpers.actions.config import ActionsConfig
from helpers.actions.measured_response import NO_MARGIN, UNMEASURED, ActionResponse, response_people
from helpers.actions.measured_response import response_sentence as told_response
from helpers.actions.schema import ASSIGNMENTS_DRAWN, CAMPAIGN_LISTS, DECISIONS
from helpers.customers.random_assignment import (
    ACTION_PLAN,
    ALERT,
    CAMPAIGNS,
    CONTROL_GROUP,
    GLOBAL_CONTROL,
    TREATMENT,
    experiment_name,
    is_global_control,
)
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import disclosure_control, forecast_evaluation
from helpers.stats.disclosure_control import LEAST_PEOPLE, people_text

NO_CAMPAIGNS = pd.DataFrame(columns=list(CAMPAIGN_LISTS.names))


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
        reason = control_group.why_no_sum(actions)
        return no_estimate("margin at risk", Status.INSUFFICIENT, reason, unit="money", segment=segment)
    columns = ("churn_probability", "no_order_if_kept", "value_if_kept", "value_if_kept_sd", "margin_at_risk")
    found = forecast_evaluation.ExpectedLosses(*(known[c].to_numpy("float64") for c in columns)).interval(off)
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
        action, n_treated, n_held_out, margin_at_risk (of the treated), cost_expected, cost_worst, assumed_gain (empty
        where no cut in churn is assumed), break_even_reduction (share of the risk to be taken away so that the margin
        kept equals the expected cost).
    """
    listed = actions[actions["variant"].notna()]
    treated = listed[listed["variant"] == TREATMENT]
    n = listed.groupby("action")["variant"].value_counts().unstack(fill_value=0).reindex(
        columns=[TREATMENT, CONTROL_GROUP], fill_value=0)
    money = treated.groupby("action")[["margin_at_risk", "cost_expected", "cost_worst", "assumed_gain"]].sum(
        min_count=1)
    table = n.set_axis(["n_treated", "n_held_out"], axis=1).join(money).reset_index()
    table["break_even_reduction"] = table["cost_expected"] / table["margin_at_risk"].where(table["margin_at_risk"] > 0)
    return table.sort_values(["margin_at_risk", "action"], ascending=[False, True], ignore_index=True)


def contact_rates(actions: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Return which share of each group is contacted and gets an offer.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    groups : DataFrame
        customer_id, and the columns of groups that the study names; the tier is compared too.

    Returns
    -------
    DataFrame
        group ("column: value"), n_customers, share_contacted, share_offered; a share is empty where it would tell of
        one to nine people, contacted or not, by itself or beside the others of its column.
    """
    people = actions.merge(groups, on="customer_id", how="left")
    is_treated = people["variant"].eq(TREATMENT)
    rates = people.assign(share_contacted=is_treated, share_offered=is_treated & people["offer"].notna())
    parts = []
    for column in ["tier", *(c for c in groups.columns if c != "customer_id")]:
        by = rates.groupby(rates[column].astype("object").fillna("not known").astype("str"))
        n, counts = by.size(), by[["share_contacted", "share_offered"]].sum()
        whole = disclosure_control.suppress_cells(n, [np.arange(len(n))])
        is_told = pd.DataFrame({name: ~whole & ~disclosure_control.suppress_two_way(
            pd.DataFrame({"yes": some, "no": n - some})).any(axis=1) for name, some in counts.items()})
        one = counts.div(n, axis=0).where(is_told).assign(n_customers=n.astype("float64").mask(whole))
        one = one.reset_index(names="value")
        parts.append(one.assign(group=f"{column.removeprefix('demographic_')}: " + one["value"]))
    return pd.concat(parts, ignore_index=True)[["group", "n_customers", "share_contacted", "share_offered"]]


def break_even_reduction(actions: pd.DataFrame) -> float:
    """Return the share of the risk that the whole plan has to take away to pay; NaN without a list."""
    at_stake = float(actions.loc[actions["variant"] == TREATMENT, "margin_at_risk"].sum())
    return planner.plan_costs(actions).expected / at_stake if at_stake > 0 else math.nan


def _shows(reduction: float) -> str:
    """Return what the hold-out can show, for a sentence; empty where that is not known."""
    if math.isnan(reduction):
        return ""
    cut = ("no cut in churn at all" if reduction > 1 else
           f"only a relative cut in churn of {100 * reduction:.2g} % or more")
    return f"; in this round alone {cut} would show with 80 % power"


def _shows_points(actions: pd.DataFrame) -> str:
    """Return what difference of shares the hold-out can show at any level, for a sentence; empty without one."""
    seen = control_group.detectable_difference(actions)
    return "" if math.isnan(seen) else (
        f"; a difference of {100 * seen:.2g} percentage points or more in who stays would show with 80 % power")


def assignments_to_record(
    actions: pd.DataFrame, assigned: pd.DataFrame, window: tuple[date, int], seed: int, global_share: float = 0.0,
    campaigns: pd.DataFrame = NO_CAMPAIGNS,
) -> pd.DataFrame:
    """Return ``results/assignments_drawn``: the draws of this run, which a later run keeps to and reads back.

    The alerts that this run drew for; the lists of the plan and of the campaigns, but for those whose arm was drawn
    on an earlier day; and the global control group against everybody else.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    assigned : DataFrame
        Open draws with the alerts of this run, as `random_assignment.with_alerts` gives them.
    window : (date, int)
        Day of the draw, which names the experiment, and the outcome window [days].
    seed : int
        Seed of the draw.
    global_share : float
        Share of all customers in the global control group.
    campaigns : DataFrame
        ``results/campaigns``.
    """
    as_of, days = window
    lists = [(ACTION_PLAN, actions), *((kind, _measured(campaigns[campaigns["campaign"] == kind]))
                                       for kind in CAMPAIGNS)]
    drawn = [_list_drawn(rows, assigned, purpose, as_of) for purpose, rows in lists]
    warned = assigned[assigned["experiment"].eq(experiment_name(ALERT, as_of))]
    parts = [part for part in (*drawn, warned, _global_draw(actions, as_of, global_share)) if len(part)]
    if not parts:
        return pd.DataFrame(columns=list(ASSIGNMENTS_DRAWN.names))
    found = pd.concat(parts).assign(ends_on=pd.Timestamp(as_of + timedelta(days=days)), seed=seed)
    columns = list(ASSIGNMENTS_DRAWN.names)
    return found.sort_values(["experiment", "unit_id"], ignore_index=True).reindex(columns=columns)


def _measured(own: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a campaign; where its control group cannot tell, without those whom other draws hold out."""
    return own if control_group.can_tell(own) else own[own["variant"].eq(TREATMENT)]


def _list_drawn(rows: pd.DataFrame, assigned: pd.DataFrame, purpose: str, as_of: date) -> pd.DataFrame:
    """Return who is on a list, as its draw records them, but for those whom an earlier draw for the same counts.

    Who keeps the arm of an earlier day is marked: what that arm has done since decides who is on the list by now, so
    that these are no random halves of it.
    """
    own = experiment_name(purpose, as_of)
    earlier = assigned[assigned["purpose"].eq(purpose) & assigned["experiment"].ne(own)]
    is_new = rows["variant"].notna() & ~rows["customer_id"].isin(earlier["unit_id"])
    new, of_earlier_days = rows[is_new], assigned.loc[assigned["assigned_on"] < pd.Timestamp(as_of), "unit_id"]
    return new.rename(columns={"customer_id": "unit_id"}).assign(
        experiment=own, purpose=purpose, assigned_on=pd.Timestamp(as_of),
        kept_from=new["draw"].where(new["customer_id"].isin(of_earlier_days), None))


def _global_draw(customers: pd.DataFrame, as_of: date, share: float) -> pd.DataFrame:
    """Return every customer as treated or held out by the global control group; nobody where there is none."""
    is_held = is_global_control(customers["customer_id"], share)
    return pd.DataFrame({
        "experiment": experiment_name(GLOBAL_CONTROL, as_of), "purpose": GLOBAL_CONTROL,
        "unit_id": customers["customer_id"], "variant": np.where(is_held, CONTROL_GROUP, TREATMENT),
        "probability": np.where(is_held, share, 1 - share), "stratum": "all",
        "assigned_on": pd.Timestamp(as_of)}).head(len(customers) if share else 0)


def pays(response: ActionResponse, needed: float) -> str:
    """Return whether the response measured is what the plan needs: it pays, does not, or by which end; else empty."""
    gone = response.reduction
    if gone.status is not Status.OK or math.isnan(needed):
        return ""
    if gone.low > needed:
        return "so it pays"
    if gone.high < needed:
        return "so it does not pay"
    return ("so it pays if contact does as well again, and does not at the low end of the interval"
            if gone.value > needed else
            "so it does not pay if contact does as little again, and does at the high end of the interval")


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
    shows = (_shows_points(actions) if math.isnan(needed) else
             _shows(control_group.minimum_detectable_reduction(actions)))  # without dates no cut in churn is known
    again = "measure again" if response.is_measured else "measure"
    return pd.DataFrame([{
        "decision": f"Contact {who}{alone} and {again} whether contact keeps them", "cost": money.expected,
        "gain": f"{_gain(response, needed, money.expected)}{_forgone(actions, response)}; over {horizon_days} days",
        "worst_case": money.worst_case,
        "confidence": f"{_confidence(response)}{shows}",
        "owner": assumptions.owner, "stop_on": pd.Timestamp(as_of + timedelta(days=horizon_days)),
        "status": "asked for"}], columns=list(DECISIONS.names))


def _gain(response: ActionResponse, needed: float, cost: float) -> str:
    """Return the gain that can be expected: what was measured beside what pays, and what it is in money.

    What earlier rounds did to margin a customer is not told beside it: that is of other customers, and no second gain.
    """
    is_known = not math.isnan(needed)
    if response.is_measured:
        from_where = f"the plan breaks even at {100 * needed:.2g} %" if is_known else "what would pay is not known"
        verdict = ", ".join(filter(None, (from_where, pays(response, needed))))
        told = told_response(replace(response, margin=NO_MARGIN))
        return f"contact {told}; {verdict}{_worth(response, needed, cost)}"
    from_where = f"breaks even at a relative cut in churn of {100 * needed:.2g} %" if is_known else (
        "what would pay is not known")
    return f"not yet measured; {from_where}"


def _worth(response: ActionResponse, needed: float, cost: float) -> str:
    """Return what the cut in churn measured is worth of the margin at risk, for a sentence; empty where not known."""
    gone = response.reduction
    if gone.status is not Status.OK or not needed > 0:
        return ""
    kept = [share * cost / needed for share in (gone.value, gone.low, gone.high)]
    value, low, high = map(response.money_text, kept)
    net, least, most = (response.money_text(x - cost) for x in kept)
    return f"; as much again keeps {value} [{low}, {high}] of margin, {net} [{least}, {most}] net of cost"


def control_group_forgoes(actions: pd.DataFrame, response: ActionResponse) -> float:
    """Return what holding out the control group is expected to forgo, net of what its contacts would cost [money].

    NaN where the response has not been measured, or no margin at risk is known.
    """
    held, gone = actions[actions["variant"].eq(CONTROL_GROUP)], response.reduction
    if gone.status is not Status.OK:
        return math.nan
    return float(gone.value * held["margin_at_risk"].sum(min_count=1) - held["cost_expected"].sum())


def _forgone(actions: pd.DataFrame, response: ActionResponse) -> str:
    """Return what the control group costs, for a sentence; empty where that is not known, or too few are held out."""
    forgone, n = control_group_forgoes(actions, response), int(actions["variant"].eq(CONTROL_GROUP).sum())
    if math.isnan(forgone) or forgone <= 0 or n < LEAST_PEOPLE:
        return ""
    return f"; leaving the control group alone forgoes {response.money_text(forgone).removeprefix('+')} net"


def _confidence(response: ActionResponse) -> str:
    """Return how sure the gain is."""
    if not response.is_measured:
        return "none yet: the response has never been measured"
    worse = "a change for the worse" if response.difference.high < 0 else "not statistically significant"
    found = "statistically significant" if response.is_clear else worse
    return f"{response_people(response)}: {found}"
