"""Campaigns: lists of service recovery, trust repair, win-back and customer club; redemption rates of those on record.

Each list has a control group of its own.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.actions import control_group, measured_response
from helpers.actions.config import ActionsConfig, Campaign
from helpers.actions.contact_lists import LINE
from helpers.actions.control_group import RankedCandidates
from helpers.actions.eligibility import ContactConsent, contact_barriers
from helpers.actions.planner import BEYOND_CAPACITY
from helpers.actions.schema import CAMPAIGN_LISTS, DECISIONS
from helpers.actions.working_days import WorkingDays
from helpers.customers.membership import is_among
from helpers.customers.random_assignment import (
    CAMPAIGNS,
    CONTROL_GROUP,
    SERVICE_RECOVERY,
    TREATMENT,
    Draw,
)
from helpers.foundation.engine import Engine
from helpers.foundation.study_config import Economics
from helpers.stats import confidence_intervals
from helpers.stats.disclosure_control import people_text

TOO_FEW = "not measured: too few for a control group that could tell"

NO_EFFECTS = pd.DataFrame()

SMALL_DIFFERENCE = 0.1  # of shares, for which it is told how many rounds would show it

NOT_FOR_THEM = "the offer is not for orders like theirs"


def plan_campaigns(
    audiences: Mapping[str, pd.DataFrame], customers: pd.DataFrame, assumptions: ActionsConfig, economics: Economics,
    draws: Mapping[str, Draw], permitted: ContactConsent,
) -> pd.DataFrame:
    """Return ``results/campaigns``: for everybody in an audience whether a campaign contacts them, or why not.

    A customer belongs to the first campaign whose audience holds him, in the order of `CAMPAIGNS`; so nobody is on two
    lists. Each list is ranked by value, cut so that the treated fill the capacity, and has a control group of its own,
    in proportion to the tier, if that could ever tell; whoever is in a draw that is open keeps that arm.

    Parameters
    ----------
    audiences : mapping of str to DataFrame
        `campaign_audiences.AUDIENCE` by campaign.
    customers : DataFrame
        As `eligibility.contact_candidates` gives them; who is not among them is left out.
    assumptions : ActionsConfig
        Campaigns, cap of contacts.
    economics : Economics
        Costs and assumed uptake.
    draws : mapping of str to Draw
        By campaign.
    permitted : ContactConsent
        Who consents to the purpose, by which channel.
    """
    declared, taken, parts = {one.kind: one for one in assumptions.campaigns}, pd.Series(dtype="str"), []
    for kind in (name for name in CAMPAIGNS if name in declared):
        rows = customers.merge(audiences[kind], on="customer_id")
        rows = rows[~is_among(rows["customer_id"], taken)].reset_index(drop=True)
        campaign = declared[kind]
        barrier = contact_barriers(rows, assumptions.max_contacts, assumptions.contact_days)
        reason = np.select(
            [barrier != "", ~permitted.allows(rows["customer_id"], campaign.channel),
             ~assumptions.may_get(campaign.offer, rows["last_channel"])],
            [barrier, permitted.missing(campaign.channel), NOT_FOR_THEM], "").astype(object)
        rows = rows.assign(campaign=kind, channel=campaign.channel or None, owner=campaign.owner or assumptions.owner,
                           reason=reason,
                           value=rows["value_of_asking"].fillna(rows["value_if_kept"]),
                           **dict(zip(("cost_expected", "cost_worst"), _costs(campaign, economics), strict=True)))
        parts.append(_with_arms(rows, campaign, draws[kind]))
        taken = pd.concat([taken, rows["customer_id"]])
    found = pd.concat(parts) if parts else pd.DataFrame(columns=list(CAMPAIGN_LISTS.names))
    return found.sort_values("customer_id", ignore_index=True)[list(CAMPAIGN_LISTS.names)]


def _costs(campaign: Campaign, economics: Economics) -> tuple[float, float]:
    """Return what a contact costs at the assumed uptake, and with the offer taken up [money]."""
    contact = economics.contact_cost if campaign.contact_cost is None else campaign.contact_cost
    offer = economics.offer_cost if campaign.offer_cost is None else campaign.offer_cost
    return contact + economics.offer_uptake * offer, contact + offer


def _with_arms(rows: pd.DataFrame, campaign: Campaign, draw: Draw) -> pd.DataFrame:
    """Return an audience with the ranks and arms of those whom the list reaches.

    Where the control group could never tell, nobody is held out for it: of those without an arm others or more are
    listed then; of those with one the same, so that no arm decides whom it lists.
    """
    ordered = rows[rows["reason"] == ""].sort_values(["value", "customer_id"], ascending=[False, True])
    unknown = np.full(len(ordered), np.nan)
    candidates = RankedCandidates(unknown, unknown, unknown, draw.kept_arms(ordered["customer_id"]))
    listed = candidates.listed(campaign.capacity, campaign.hold_out_share)
    drawn = _drawn(rows, ordered[listed], campaign.hold_out_share, draw)
    if control_group.can_tell(drawn):
        return drawn
    every = candidates.completed(listed & (candidates.kept_arm != ""), campaign.capacity, 0.0)
    return _drawn(rows, ordered[every], 0.0, draw)


def _drawn(rows: pd.DataFrame, listed: pd.DataFrame, share: float, draw: Draw) -> pd.DataFrame:
    """Return an audience with the ranks and arms of a list, of which a share is held out of those without an arm."""
    arms = draw.assign(listed["tier"].set_axis(listed["customer_id"]), share)
    arms = arms.rename(columns={"unit_id": "customer_id", "experiment": "draw"})
    ranks = pd.Series(np.arange(1, len(listed) + 1), index=listed.index).reindex(rows.index).astype("Int64")
    is_listed = ranks.notna()
    found = rows.assign(rank=ranks, reason=rows["reason"].mask(~is_listed & (rows["reason"] == ""), BEYOND_CAPACITY),
                        owner=rows["owner"].where(is_listed, None))
    found = found.merge(arms[["customer_id", "variant", "probability", "stratum", "draw"]].astype(
        {"variant": "object", "stratum": "object", "draw": "object"}), on="customer_id", how="left")
    texts = ["variant", "stratum", "draw", "owner", "channel"]
    return found.assign(**{c: found[c].astype("object").where(found[c].notna(), None) for c in texts})


def with_campaign(customers: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Return candidates with the campaign on whose list each is, so that the plan leaves them to it.

    Who has an unsettled complaint is marked, list or no list: nothing is offered before it is settled.
    """
    listed = lists[lists["variant"].notna()].set_index("customer_id")["campaign"]
    unsettled = lists.loc[lists["campaign"].eq(SERVICE_RECOVERY), "customer_id"]
    return customers.assign(campaign=customers["customer_id"].map(listed).astype("object").fillna(""),
                            is_unsettled=is_among(customers["customer_id"], unsettled))


def campaign_summary(lists: pd.DataFrame, assumptions: ActionsConfig, effects: pd.DataFrame,
                     currency: str = "") -> pd.DataFrame:
    """Return one row a campaign, in their order.

    Parameters
    ----------
    lists : DataFrame
        ``results/campaigns``.
    assumptions : ActionsConfig
        Campaigns that are declared.
    effects : DataFrame
        ``results/experiment_effects``, for what earlier lists of the same campaign did; may be empty.
    currency : str
        Of the money.

    Returns
    -------
    DataFrame
        campaign, owner, n_audience, n_treated, n_held_out, value_of_asking (of the treated) [money], cost_expected and
        cost_worst of the treated [money], detectable_difference (of a share, whatever its level, found with 80 % power
        at the 5 % level; empty where no difference would be) [share], response (what earlier lists did, or why they do
        not tell it, in words).
    """
    rows = []
    for campaign in sorted(assumptions.campaigns, key=lambda one: CAMPAIGNS.index(one.kind)):
        own = lists[lists["campaign"] == campaign.kind]
        treated, held = own[own["variant"] == TREATMENT], own[own["variant"] == CONTROL_GROUP]
        is_measured = own.empty or control_group.can_tell(own)
        rows.append({
            "campaign": campaign.kind, "owner": campaign.owner or assumptions.owner, "n_audience": len(own),
            "n_treated": len(treated), "n_held_out": len(held),
            "value_of_asking": treated["value_of_asking"].sum(min_count=1),
            "cost_expected": treated["cost_expected"].sum(), "cost_worst": treated["cost_worst"].sum(),
            "detectable_difference": control_group.detectable_difference(own) if is_measured else np.nan,
            "response": _told(effects, currency, campaign.kind) if is_measured else TOO_FEW})
    return pd.DataFrame(rows, columns=list(SUMMARY))


SUMMARY = ("campaign", "owner", "n_audience", "n_treated", "n_held_out", "value_of_asking", "cost_expected",
           "cost_worst", "detectable_difference", "response")


def campaign_lines(
    lists: pd.DataFrame, assumptions: ActionsConfig, draws: Mapping[str, Draw], days: WorkingDays
) -> dict[str, pd.DataFrame]:
    """Return one line a listed customer, by the name of the draw, the first ranked first: as `contact_lines` gives it.

    Parameters
    ----------
    lists : DataFrame
        ``results/campaigns``.
    assumptions : ActionsConfig
        What is said, and within which time.
    draws : mapping of str to Draw
        By campaign.
    days : WorkingDays
        Working days after the plan.
    """
    found = {}
    for campaign in assumptions.campaigns:
        own = lists[lists["campaign"].eq(campaign.kind) & lists["variant"].notna()].sort_values("rank")
        due = pd.Series(pd.Timestamp(days.due(campaign.due_days)), own.index)
        found[draws[campaign.kind].experiment] = own.drop(columns="reason").rename(columns={"why": "reason"}).assign(
            action=campaign.kind, script=campaign.script, check="", offer=campaign.offer or None,
            churn_probability=np.nan, margin_at_risk=np.nan, do_by_on=due,
            contact_on=days.spread(own, due, assumptions.personal_channels), done_on="", outcome="")[
            LINE].reset_index(drop=True)
    return found


def _by_measured(lists: pd.DataFrame) -> tuple[list[tuple[str, pd.DataFrame]], list[tuple[str, pd.DataFrame]]]:
    """Return the campaigns that contact anybody: those whose control group can tell, and the others."""
    active = [(kind, own) for kind in CAMPAIGNS
              if (own := lists[lists["campaign"].eq(kind)])["variant"].eq(TREATMENT).any()]
    can_tell = [control_group.can_tell(own) for _, own in active]
    return ([one for one, tells in zip(active, can_tell, strict=True) if tells],
            [one for one, tells in zip(active, can_tell, strict=True) if not tells])


def _owners(treated: pd.DataFrame) -> str:
    """Return who carries out lists, who contacts most first."""
    return " and ".join(map(str, treated["owner"].value_counts().index))


REDEMPTION = "redemption"  # kind of event

NO_UPLIFT = "not measured: nobody was held out at random"


def redemption_rates(
    engine: Engine, contacts: ir.Table, events: ir.Table, assignments: ir.Table, as_of: date
) -> pd.DataFrame:
    """Return how many of those whom each campaign on record reached have redeemed its coupon or offer.

    Parameters
    ----------
    engine : Engine
        Where the records are.
    contacts : Table
        ``canonical/contacts``; who was reached by which campaign.
    events : Table
        ``canonical/events``; redemptions are those of kind `REDEMPTION`, with the campaign in a column of that name.
    assignments : Table
        ``canonical/assignments``; a campaign whose name is an experiment's is measured on page 06.
    as_of : date
        Last day that counts.

    Returns
    -------
    DataFrame
        One row a campaign with a contact, where any redemption is on record: campaign, n_reached, n_redeemed
        [customers, each once], rate, low, high [share], n_others (redeemed without being reached) [customers], uplift
        (in words).
    """
    empty = pd.DataFrame(columns=["campaign", "n_reached", "n_redeemed", "rate", "low", "high", "n_others", "uplift"])
    if "campaign" not in events.columns:
        return empty
    found = engine.frame(_reached_and_redeemed(contacts, events, as_of), "canonical/contacts")
    found = found[found["n_reached"] > 0].sort_values("campaign", ignore_index=True)
    if not (found["n_redeemed"] + found["n_others"]).sum():
        return empty
    drawn = engine.frame(assignments.select("experiment").distinct(), "canonical/assignments")["experiment"]
    shares = [confidence_intervals.share_interval(k / n, n) for k, n in zip(
        found["n_redeemed"], found["n_reached"], strict=True)]
    uplift = np.where(found["campaign"].isin(drawn), "page 06, as an experiment", NO_UPLIFT)
    return found.assign(rate=[s.value for s in shares], low=[s.low for s in shares], high=[s.high for s in shares],
                        uplift=uplift)[list(empty.columns)]


def _reached_and_redeemed(contacts: ir.Table, events: ir.Table, as_of: date) -> ir.Table:
    """Return customers by campaign: ``n_reached``, ``n_redeemed`` of them, ``n_others`` who redeemed all the same."""
    done = events.filter(events.kind == REDEMPTION, events.occurred_at.date() <= as_of, events.campaign.notnull())
    reached = contacts.filter(contacts.sent_at.date() <= as_of, contacts.campaign.notnull())
    both = reached.select("customer_id", "campaign").distinct().mutate(is_reached=1).outer_join(
        done.select("customer_id", "campaign").distinct().mutate(is_redeemed=1), ["customer_id", "campaign"])
    both = both.select(campaign=both.campaign.coalesce(both.campaign_right), is_reached=both.is_reached.fill_null(0),
                       is_redeemed=both.is_redeemed.fill_null(0))
    return both.group_by("campaign").aggregate(
        n_reached=both.is_reached.sum(), n_redeemed=(both.is_reached * both.is_redeemed).sum(),
        n_others=((1 - both.is_reached) * both.is_redeemed).sum())


def with_campaigns(
    decisions: pd.DataFrame, lists: pd.DataFrame, as_of: date, horizon_days: int,
    effects: pd.DataFrame = NO_EFFECTS, currency: str = "",
) -> pd.DataFrame:
    """Return ``results/decisions`` with a row a campaign that is measured, and one of the others together.

    Parameters
    ----------
    decisions : DataFrame
        As `plan_summary.proposed_decisions` gives it.
    lists : DataFrame
        ``results/campaigns``.
    as_of : date
        Day of the plan.
    horizon_days : int
        Outcome window, after which the effect is measured [days].
    effects : DataFrame, optional
        ``results/experiment_effects``, for what earlier lists of a campaign did.
    currency : str
        Of the money.
    """
    measured, others = _by_measured(lists)
    asked = [_decision([kind], own, int(own["variant"].eq(CONTROL_GROUP).sum()),
                       f"not claimed over {horizon_days} days; {_last_told(effects, currency, kind)}",
                       _power_text(own)) for kind, own in measured]
    if others:
        asked.append(_decision(
            [kind for kind, _ in others], pd.concat([own for _, own in others]), 0,
            f"not claimed, and not measured over {horizon_days} days: owed to whom we failed",
            "none: no control group, as the part that may be held out is too small to tell"))
    rows = pd.DataFrame(asked).assign(stop_on=pd.Timestamp(as_of + timedelta(days=horizon_days)), status="asked for")
    return pd.concat([part for part in (decisions, rows) if len(part)] or [decisions], ignore_index=True)[
        list(DECISIONS.names)]


def _decision(kinds: Sequence[str], own: pd.DataFrame, n_held: int, gain: str, confidence: str) -> dict[str, object]:
    """Return what is asked for one campaign, or for several together."""
    treated = own[own["variant"].eq(TREATMENT)]
    named = " and ".join(kinds)
    kept = f", keep {people_text(n_held)} as a random control group" if n_held else ""
    return {"decision": f"{named[0].upper()}{named[1:]}: contact {people_text(len(treated), 'customer', 'customers')}"
                        f"{kept}",
            "cost": float(treated["cost_expected"].sum()), "worst_case": float(treated["cost_worst"].sum()),
            "gain": gain, "confidence": confidence, "owner": _owners(treated)}


def _power_text(own: pd.DataFrame) -> str:
    """Return what difference a campaign's control group shows, and in how many rounds like it a small one would."""
    seen = control_group.detectable_difference(own)
    n = math.ceil((seen / SMALL_DIFFERENCE) ** 2)
    rounds = f"; {100 * SMALL_DIFFERENCE:.0f} percentage points in {n:,} rounds of this size" if n > 1 else ""
    return f"this round shows a difference of {100 * seen:.0f} percentage points or more with 80 % power{rounds}"


def _last_told(effects: pd.DataFrame, currency: str, kind: str) -> str:
    """Return what the newest list of a campaign did, to what decides or else to margin, for a decision."""
    response = measured_response.pooled_response(effects, currency, kind)
    if response.is_measured:
        return f"contact {measured_response.difference_sentence(response)}"
    return measured_response.last_margin_sentence(effects, currency, kind) or (
        "its last list could not tell" if measured_response.unmeasured_list_sentence(effects, currency, kind) else
        "its response has not been measured")


def _told(effects: pd.DataFrame, currency: str, kind: str) -> str:
    """Return what earlier lists of a campaign did, or why they do not tell it, in words."""
    response = measured_response.pooled_response(effects, currency, kind)
    return (measured_response.difference_sentence(response)
            or measured_response.unmeasured_list_sentence(effects, currency, kind) or "never measured: for testing")
