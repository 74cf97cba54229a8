"""Quality gates of the action plan: risks, tiers, churn gates, consent, control group."""

import math
from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from helpers.actions import control_group, eligibility, plan_summary, planner
from helpers.actions.eligibility import MAX_NAMED_PURPOSES, ContactConsent
from helpers.actions.measured_response import UNMEASURED, ActionResponse, response_people
from helpers.actions.measured_response import response_sentence as told_response
from helpers.customers.random_assignment import CONTROL_GROUP, conflicting_customers
from helpers.foundation.results import Gate, Level, Status
from helpers.stats.disclosure_control import people_text

ACTION_LIST_FIGURE = "the list of customers to contact"

RANKING_FIGURE = "margin at risk and the ranking by it"

GAIN = "any gain from the plan"

MAX_PLAUSIBLE_REDUCTION = 0.5  # share of the risk; above it most of those who would leave have to stay for the contact


def action_gates(
    actions: pd.DataFrame,
    scores: pd.DataFrame,
    churn_gates: pd.DataFrame,
    window: tuple[date, int],
    permitted: ContactConsent = planner.UNKNOWN_CONSENT,
    response: ActionResponse = UNMEASURED,
) -> tuple[Gate, ...]:
    """Return the gates of the plan.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    scores, churn_gates : DataFrame
        ``results/churn_scores`` and ``results/churn_gates``, on which the plan rests; may be empty.
    window : (date, int)
        Day of the plan, and the outcome window [days].
    permitted : ContactConsent
        Who consents to the purpose of the contacts.
    response : ActionResponse
        What contact did in earlier rounds.
    """
    n_scored = int((actions["risk"] != "not scored").sum())
    return (
        _risk_gate(n_scored, len(actions)), _tier_gate(actions), *_upstream_gates(churn_gates),
        *_horizon_gate(scores, window), *([_contract_gate(scores)] if len(scores) else []),
        _willing_gate(actions), _consent_gate(actions, permitted), *_response_gates(response),
        *_break_even_gates(actions, response), _hold_out_gate(actions),
    )


def trusted_scores(scores: pd.DataFrame, churn_gates: pd.DataFrame) -> pd.DataFrame:
    """Return the scores, or none of them where a gate of their own step strikes or blocks them."""
    return scores.head(0) if _crossed(churn_gates)["level"].isin(["strike", "block"]).any() else scores


def _crossed(churn_gates: pd.DataFrame) -> pd.DataFrame:
    return churn_gates[churn_gates["is_crossed"].astype(bool) & (churn_gates["level"] != "note")]


def _risk_gate(n_scored: int, n: int) -> Gate:
    sentence = (
        f"{people_text(n_scored, of=n)} of {n:,} customers have a risk; the others have churned already or are unknown"
        if n_scored
        else "nobody's churn probability is known, so nobody can be ranked"
    )
    return Gate("risk is known", n_scored, 1, n_scored < 1, Level.BLOCK, ACTION_LIST_FIGURE, sentence)


def _tier_gate(actions: pd.DataFrame) -> Gate:
    n = int((actions["tier"] != "no tier").sum())
    sentence = f"{people_text(n, of=len(actions))} of {len(actions):,} customers have a tier" if n else (
        "no tiers are known, so rules for tiers fit nobody" if len(actions) else "there are no customers")
    return Gate("tiers are known", n, 1, n < 1, Level.QUALIFY, "the rules by tier", sentence)


def _upstream_gates(churn_gates: pd.DataFrame) -> tuple[Gate, ...]:
    crossed = _crossed(churn_gates)
    hard = crossed["level"].isin(["strike", "block"]).any()
    said = "; ".join(str(s).rstrip(".") for s in crossed["sentence"])
    sentence = (f"the forecast of churn is not used: {said}" if hard else
                said or "no check of the churn forecast failed")
    return (Gate("forecast of churn", len(crossed), 0, len(crossed) > 0, Level.STRIKE if hard else Level.QUALIFY,
                 RANKING_FIGURE, sentence),) if len(churn_gates) else ()


def _horizon_gate(scores: pd.DataFrame, window: tuple[date, int]) -> tuple[Gate, ...]:
    """Return whether risks look as far ahead as the plan; nothing where no risk has a date to compare."""
    as_of, horizon_days = window
    due = pd.to_datetime(scores["due_on"]).dropna() if len(scores) else pd.Series(dtype="datetime64[us]")
    if due.empty:
        return ()
    off = float((due - pd.Timestamp(as_of + timedelta(days=horizon_days))).dt.days.abs().max())
    sentence = (f"the risk looks {horizon_days} days ahead, as this plan does" if off == 0 else
                f"the risk ends {off:.0f} days off the {horizon_days} days of this plan")
    return (Gate("one horizon", off, 0, off > 0, Level.QUALIFY, RANKING_FIGURE, sentence),)


def _contract_gate(scores: pd.DataFrame) -> Gate:
    n = int((scores["due_on"].isna()).sum())
    sentence = (
        "every risk has a date by which it falls due"
        if not n
        else f"{people_text(n)} risks have no date: no margin at risk is summed, and the list is ranked by probability "
        "times fee"
    )
    return Gate("dated risk", n, 0, n > 0, Level.STRIKE, "margin at risk and break-even", sentence)


def _willing_gate(actions: pd.DataFrame) -> Gate:
    n = int((actions["reason"] == eligibility.OPTED_OUT).sum())
    sentence = f"{people_text(n)} whom a rule would contact had opted out and are not contacted" if n else (
        "nobody whom a rule would contact has opted out on record")
    return Gate("opted out", n, 0, n > 0, Level.NOTE, ACTION_LIST_FIGURE, sentence)


def _consent_gate(actions: pd.DataFrame, permitted: ContactConsent) -> Gate:
    n_refused = int(actions["reason"].fillna("").str.startswith(eligibility.NO_CONSENT).sum())
    n_asked = n_refused + int(actions["variant"].notna().sum())
    name, n_in_force = "consent", int(permitted.in_force["customer_id"].nunique())
    if not permitted.is_known:
        return Gate(name, math.nan, 1, n_asked > 0, Level.QUALIFY, ACTION_LIST_FIGURE,
                    "no consents are recorded" + (", so who may be contacted has to be checked before the list is used"
                                                  if n_asked else "; nobody is listed who would need one"))
    if n_asked and not n_in_force:
        return Gate(name, 0, 1, True, Level.BLOCK, ACTION_LIST_FIGURE,
                    f"nobody's consent to '{permitted.purpose}' is in force; recorded are consents to "
                    f"{_named(permitted.recorded)}")
    refused = f"{people_text(n_refused, of=n_asked)} of {n_asked:,} whom the plan would otherwise contact"
    sentence = (f"{refused} do not consent to {permitted.purpose} by its channel and are not "
                f"contacted" if n_refused else
                f"everybody whom a rule would contact consents to {permitted.purpose} by its channel")
    return Gate(name, n_refused, 0, n_refused > 0, Level.NOTE, ACTION_LIST_FIGURE, sentence)


def _named(purposes: tuple[str, ...]) -> str:
    more = len(purposes) - MAX_NAMED_PURPOSES
    return ", ".join(purposes[:MAX_NAMED_PURPOSES]) + (f" and {more:,} more" if more > 0 else "")


def _response_gates(response: ActionResponse) -> tuple[Gate, ...]:
    """Return whether the response to contact has been measured and, where it has, whether it is a gain."""
    name, n = "response is measured", response.n_rounds
    if not response.is_measured:
        return (Gate(name, n, 1, True, Level.QUALIFY, GAIN,
                     "what contact does to these customers has never been measured here: they are ranked for testing, "
                     f"and no gain is claimed{_idle(response)}"),)
    moved = response.difference
    fate = ("contact retained customers, statistically significant" if response.is_clear else
            "contact drove customers away, beyond chance" if moved.high < 0 else
            "the interval includes no effect, so no gain is claimed")
    return (
        Gate(
            name, n, 1, False, Level.QUALIFY, GAIN,
            f"contact {told_response(response)} ({response_people(response)}){_idle(response)}"
        ),
        Gate("response is significant", moved.low, 0, not response.is_clear, Level.QUALIFY, GAIN, fate),
    )


def _idle(response: ActionResponse) -> str:
    """Return how many rounds were not carried out, for the end of a sentence; empty where all were."""
    n = response.n_not_carried_out
    return f"; {n:,} {'list was' if n == 1 else 'lists were'} not carried out, by the contacts on record" if n else ""


def _break_even_gates(actions: pd.DataFrame, response: ActionResponse) -> tuple[Gate, ...]:
    """Return whether the cut in churn from which the plan pays can be believed; nothing where none is known."""
    needed, gone = plan_summary.break_even_reduction(actions), response.reduction
    if math.isnan(needed):
        return ()
    is_measured = response.is_measured and gone.status is Status.OK
    most = max(gone.high, 0.0) if is_measured else MAX_PLAUSIBLE_REDUCTION
    pays = f"the plan pays only if contact cuts churn of those contacted by {100 * needed:.2g} %"
    beyond = (f"; at most {100 * most:.2g} % is what earlier rounds leave possible" if is_measured else
              ", so that not even retaining everybody pays" if needed > 1 else
              ", so that most of those who would leave have to stay because of it")
    is_crossed = needed > most
    return (Gate("break-even is plausible", needed, most, is_crossed, Level.QUALIFY, ACTION_LIST_FIGURE,
                 pays + beyond if is_crossed else pays),)


def _hold_out_gate(actions: pd.DataFrame) -> Gate:
    name, claims = "power of the control group", "the measurement of this round"
    seen, needed = control_group.minimum_detectable_reduction(actions), plan_summary.break_even_reduction(actions)
    if math.isnan(seen) or math.isnan(needed):
        is_listed = bool(actions["variant"].notna().any())
        sentence = "nobody is listed" if not is_listed else "there is no control group to compare with" if math.isnan(
            seen) else (f"a difference of {100 * control_group.detectable_difference(actions):.2g} percentage points "
                        "in who stays would show with 80 % power, whatever its level; from which cut the plan pays is "
                        f"not known, because {control_group.why_no_sum(actions)}")
        return Gate(name, math.nan, math.nan, is_listed, Level.QUALIFY, claims, sentence)
    cut = "no cut in churn at all" if seen > 1 else f"a relative cut in churn of {100 * seen:.2g} %"
    held = actions.loc[actions["variant"].notna(), "variant"].eq(CONTROL_GROUP).mean()
    sentence = (f"with {100 * held:.2g} % of the list in the control group {cut} can be shown with 80 % "
                f"power; the plan breaks even at {100 * needed:.2g} %{_size_that_tells(actions, seen, needed)}")
    return Gate(name, seen, needed, seen > needed, Level.QUALIFY, claims, sentence)


def _size_that_tells(actions: pd.DataFrame, seen: float, needed: float) -> str:
    """Return what size would show the break-even, empty where this one does."""
    size = control_group.customers_needed(actions, needed)
    if seen <= needed or math.isnan(size):
        return ""
    return f", which {size:,.0f} customers would show, half of them in the control group, in one round or several"


def one_arm_gate(lists: Sequence[pd.DataFrame], assigned: pd.DataFrame) -> Gate:
    """Return whether every customer is on one list and has one arm: nobody is both left alone and contacted.

    Parameters
    ----------
    lists : sequence of DataFrame
        Whom the plan and the campaigns list: customer_id, variant; rows without an arm do not count.
    assigned : DataFrame
        Open draws with the alerts of this run.
    """
    plan = pd.concat([rows.loc[rows["variant"].notna(), ["customer_id", "variant"]] for rows in lists]).rename(
        columns={"customer_id": "unit_id"})
    clash = conflicting_customers(pd.concat([assigned[["unit_id", "variant"]], plan]))
    n = len(set(clash) | set(plan.loc[plan["unit_id"].duplicated(), "unit_id"]))
    kept = int(plan["unit_id"].isin(assigned["unit_id"]).sum())
    sentence = (f"{people_text(n)} customers are on two lists, or in the control group of one and contacted by another"
                if n else "nobody is listed" if plan.empty else
                f"{people_text(kept, of=len(plan))} of {len(plan):,} customers on the lists have the arm that alerts "
                "or an earlier list drew, and nobody is on two lists or held out by one and contacted by another")
    return Gate("one arm a customer", n, 0, n > 0, Level.QUALIFY, "the measurement of this round", sentence)
