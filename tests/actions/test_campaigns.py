from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import campaign_audiences, campaigns, contact_lists, eligibility, plan_summary, planner
from helpers.actions.config import ActionsConfig, Campaign
from helpers.actions.schema import DECISIONS
from helpers.actions.working_days import WorkingDays
from helpers.customers import random_assignment
from helpers.customers.random_assignment import CAMPAIGNS, REGISTRY_COLUMNS, Draw, experiment_name
from helpers.experiments import action_outcomes
from helpers.foundation.canonical_schema import ASSIGNMENTS, CASES, CONTACTS, EVENTS
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.study_config import Economics, Study
from helpers.simulation import company
from helpers.simulation.list_response import carried_out

AS_OF = date(2026, 6, 30)
DAYS = WorkingDays(AS_OF)
APART = pd.DataFrame({"customer_id": ["held"], "reason": ["in a random control group"], "not_by": "any",
                      "no_contact_until": pd.NaT})
ENGINE = Engine()
MONEY = Economics(contact_cost=1.0, offer_cost=10.0, offer_uptake=0.3)
NO_DRAW = pd.DataFrame(columns=REGISTRY_COLUMNS)
NO_ANSWERS = pd.DataFrame({"customer_id": pd.Series(dtype="str"), "responded_at": pd.Series(dtype="datetime64[us]"),
                           "satisfaction": pd.Series(dtype="float64")})
PERMITTED = planner.UNKNOWN_CONSENT


def cases(rows):
    """Return complaints from (customer, opened, closed, resolved)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "opened_at", "closed_at", "is_resolved"])
    frame["opened_at"], frame["closed_at"] = pd.to_datetime(frame["opened_at"]), pd.to_datetime(frame["closed_at"])
    frame["is_resolved"] = frame["is_resolved"].astype("object")
    return CASES.conformed(ENGINE.lazy(frame.assign(case_id=[f"k{i}" for i in range(len(frame))], kind="complaint")))


def draws(assigned=NO_DRAW, seed=1):
    return {kind: Draw(experiment_name(kind, AS_OF), seed, assigned) for kind in CAMPAIGNS}


def audiences(customers, **whom):
    """Return everybody's audience: the places of customers in it, by campaign in Python's spelling."""
    return {kind: pd.DataFrame({"customer_id": customers["customer_id"].iloc[list(whom.get(
        kind.replace(" ", "_").replace("-", "_"), []))], "why": "because", "value_of_asking": np.nan})
        for kind in CAMPAIGNS}


@pytest.fixture
def customers(value, scores, nobody):
    return eligibility.contact_candidates(value, scores, nobody)


def test_open_and_unresolved_complaints_of_the_last_days_call_for_service_recovery():
    rows = cases([
        ("open", "2026-06-01", None, None), ("closed later", "2026-06-02", "2026-07-15", True),
        ("unresolved", "2026-05-01", "2026-05-09", False), ("of the day", "2026-06-30", None, None),
        ("settled", "2026-05-01", "2026-05-09", True), ("long ago", "2025-06-01", None, None),
        ("unresolved long ago", "2025-06-01", "2025-06-09", False), ("after the day", "2026-07-01", None, None)])
    found = campaign_audiences.service_recovery_audience(campaign_audiences.complaints(ENGINE, rows, AS_OF, 180))
    assert found.set_index("customer_id")["why"].to_dict() == {
        "open": "complaint of 2026-06-01 still open", "closed later": "complaint of 2026-06-02 still open",
        "unresolved": "complaint of 2026-05-01 closed without being resolved",
        "of the day": "complaint of 2026-06-30 still open", "long ago": "complaint of 2025-06-01 still open"}


def test_two_complaints_or_a_steep_fall_to_below_the_middle_call_for_trust_repair():
    twice = cases([(c, "2026-05-01", "2026-05-02", True) for c in ("twice", "twice", "once")])
    answers = pd.DataFrame([
        ("fell", "2026-01-01", 80.0), ("fell", "2026-06-01", 35.0), ("fell to the middle", "2026-01-01", 90.0),
        ("fell to the middle", "2026-06-01", 55.0), ("was never high", "2026-01-01", 45.0),
        ("was never high", "2026-06-01", 40.0), ("fell long ago", "2024-01-01", 80.0),
        ("fell long ago", "2024-06-01", 20.0), ("rose again", "2026-01-01", 80.0), ("rose again", "2026-03-01", 20.0),
        ("rose again", "2026-06-01", 70.0)], columns=["customer_id", "responded_at", "satisfaction"])
    answers["responded_at"] = pd.to_datetime(answers["responded_at"])
    complained = campaign_audiences.complaints(ENGINE, twice, AS_OF, 180)
    found = campaign_audiences.trust_repair_audience(complained, answers, AS_OF, ActionsConfig())
    assert found.set_index("customer_id")["why"].to_dict() == {
        "twice": "2 complaints within 180 days", "fell": "satisfaction fell from 80 to 35 of 100"}


def test_where_nothing_is_on_record_no_campaign_is_for_anybody(customers):
    complained = campaign_audiences.complaints(ENGINE, cases([]), AS_OF, 180)
    loyalty = pd.DataFrame({"customer_id": [], "kind": [], "motive": [], "n_orders": []}, dtype="object")
    churned = pd.DataFrame({"customer_id": [], "away_days": [], "break_even_uptake": [], "value_of_asking": []},
                           dtype="object")
    fits = {"service recovery": campaign_audiences.service_recovery_audience(complained),
            "trust repair": campaign_audiences.trust_repair_audience(complained, NO_ANSWERS, AS_OF, ActionsConfig()),
            "win-back": campaign_audiences.win_back_audience(churned, customers),
            "customer club": campaign_audiences.customer_club_audience(loyalty, customers)}
    lists = campaigns.plan_campaigns(fits, customers, ActionsConfig(), MONEY, draws(), PERMITTED)
    assert lists.empty
    assert campaigns.campaign_summary(lists, ActionsConfig(), pd.DataFrame())["n_treated"].sum() == 0
    made = contact_lists.contact_lists(campaigns.campaign_lines(lists, ActionsConfig(), draws(), DAYS), APART.head(0),
                                       ActionsConfig())
    assert not made.contents


def test_nobody_is_asked_back_at_a_loss_or_while_still_a_customer(customers):
    here = customers.loc[customers["risk"] == "low", "customer_id"].iloc[0]
    churned = pd.DataFrame({"customer_id": ["a", "b", here], "away_days": [400, 500, 600],
                            "break_even_uptake": [0.12, np.nan, 0.1], "value_of_asking": [3.0, -1.0, 5.0]})
    found = campaign_audiences.win_back_audience(churned, customers).set_index("customer_id")["why"]
    assert found.to_dict() == {"a": "last purchase or contract 400 days ago; asking pays from an uptake of 12 %"}


def test_the_club_is_for_the_attached_whom_neither_price_nor_reward_holds_and_who_are_not_at_risk(customers):
    by_risk = customers.groupby("risk")["customer_id"].first()
    low, high = by_risk["low"], by_risk["high"]
    loyalty = pd.DataFrame({
        "customer_id": [low, high, "price", "incentive", "spurious"], "n_orders": 5,
        "kind": ["true", "true", "true", "true", "spurious"],
        "motive": ["trust", "trust", "price", "incentive", "trust"]})
    assert list(campaign_audiences.customer_club_audience(loyalty, customers)["customer_id"]) == [low]


def test_a_customer_is_in_the_first_campaign_that_fits_and_on_no_other_list(customers):
    fits = audiences(customers, service_recovery=range(0, 60), trust_repair=range(30, 90), win_back=range(60, 120))
    lists = campaigns.plan_campaigns(fits, customers, ActionsConfig(), MONEY, draws(), PERMITTED)
    assert lists["customer_id"].is_unique
    assert lists["campaign"].value_counts().to_dict() == {"service recovery": 60, "trust repair": 30, "win-back": 30}
    actions = planner.plan_actions(campaigns.with_campaign(customers, lists), ActionsConfig(), MONEY,
                                   Draw("plan", 1, NO_DRAW))
    on_both = set(lists.loc[lists["variant"].notna(), "customer_id"]) & set(
        actions.loc[actions["variant"].notna(), "customer_id"])
    assert not on_both
    assert "on the list of win-back" in set(actions["reason"])


@pytest.mark.parametrize("capacity", [1, 3, 20, 50])
def test_each_campaign_fills_its_capacity_and_leaves_its_own_share_alone(customers, capacity):
    assumed = ActionsConfig(campaigns=(Campaign(kind="win-back", capacity=capacity, hold_out_share=0.5),
                                       Campaign(kind="customer club", capacity=capacity, hold_out_share=0.2)))
    fits = audiences(customers, win_back=range(0, 110), customer_club=range(110, 220))
    lists = campaigns.plan_campaigns(fits, customers, assumed, MONEY, draws(), PERMITTED)
    arms = lists.groupby("campaign")["variant"].value_counts().unstack(fill_value=0).reindex(
        columns=["treated", "held out"], fill_value=0)
    assert (arms["treated"] == capacity).all()
    shares = (arms["held out"] / arms.sum(axis=1)).to_dict()  # nobody is held out where fewer than ten would be
    assert shares["win-back"] == pytest.approx(0.5 if capacity >= 10 else 0.0, abs=0.6 / capacity)
    assert shares["customer club"] == pytest.approx(0.2 if capacity >= 40 else 0.0, abs=0.6 / capacity)


def test_a_campaign_too_small_to_tell_serves_everybody_and_is_no_experiment(customers):
    fits = audiences(customers, trust_repair=range(0, 15), win_back=range(20, 80))
    lists = campaigns.plan_campaigns(fits, customers, ActionsConfig(), MONEY, draws(), PERMITTED)
    assert lists.groupby("campaign")["variant"].value_counts().to_dict() == {
        ("trust repair", "treated"): 15, ("win-back", "held out"): 30, ("win-back", "treated"): 30}
    told = campaigns.campaign_summary(lists, ActionsConfig(), pd.DataFrame()).set_index("campaign")
    assert told.loc["trust repair", "response"] == "not measured: too few for a control group that could tell"
    assert np.isnan(told.loc["trust repair", "detectable_difference"])
    nobody = pd.DataFrame(columns=list(DECISIONS.names))
    asked = campaigns.with_campaigns(nobody, lists, AS_OF, 90)
    assert asked["decision"].tolist() == [
        "Win-back: contact 30 customers, keep 30 as a random control group", "Trust repair: contact 15 customers"]
    assert asked["gain"].tolist() == ["not claimed over 90 days; its response has not been measured",
                                      "not claimed, and not measured over 90 days: owed to whom we failed"]
    assert "no control group" in asked["confidence"].iloc[1]
    assert asked["confidence"].iloc[0] == ("this round shows a difference of 36 percentage points or more with 80 % "
                                           "power; 10 percentage points in 14 rounds of this size")
    assert asked["cost"].sum() == pytest.approx(lists.loc[lists["variant"].eq("treated"), "cost_expected"].sum())
    kept = lists.assign(variant=lists["variant"].mask(lists["customer_id"].eq(lists.loc[
        lists["campaign"].eq("trust repair"), "customer_id"].iloc[0]), "held out"))  # by the draw of an alert
    asked = campaigns.with_campaigns(nobody, kept, AS_OF, 90)
    assert asked["decision"].iloc[1] == "Trust repair: contact 14 customers"
    assert campaigns.with_campaigns(nobody, lists.head(0), AS_OF, 90).empty
    actions = planner.plan_actions(customers, ActionsConfig(capacity=1), MONEY, Draw("plan", 1, NO_DRAW)).head(0)
    drawn = plan_summary.assignments_to_record(actions, NO_DRAW, (AS_OF, 90), 1, 0.0, lists)
    measured = action_outcomes.past_action_lists([drawn], date(2026, 12, 31))
    assert set(measured["experiment"]) == {"win-back of 2026-06-30"}
    carried = action_outcomes.past_action_lists([drawn], date(2026, 12, 31), is_whole=True)
    assert set(carried["experiment"]) == {"win-back of 2026-06-30", "trust repair of 2026-06-30"}


def test_no_campaign_contacts_whom_consent_opt_out_cap_or_the_global_control_group_protect(value, scores):
    ids = value["customer_id"]
    known = pd.DataFrame({"customer_id": ids, "our_owner": None, "n_recent_contacts": np.arange(len(ids)) % 4})
    consent = eligibility.ContactConsent("marketing", ("marketing",), pd.DataFrame(
        {"customer_id": ids[ids.index % 2 == 0], "channel": "phone"}))
    out = pd.DataFrame({"customer_id": ids[:40]})
    people = eligibility.contact_candidates(value, scores, out, 0.2, known)
    fits = audiences(people, service_recovery=range(len(ids)))
    assumed = ActionsConfig(max_contacts=3, campaigns=(
        Campaign(kind="service recovery", channel="phone", capacity=500),))
    lists = campaigns.plan_campaigns(fits, people, assumed, MONEY, draws(), consent).set_index("customer_id")
    on_list = people.set_index("customer_id").loc[lists.index[lists["variant"].notna()]]
    assert len(on_list) > 20
    assert not (on_list["is_unwilling"] | on_list["is_global_control"]).any()
    assert on_list["n_recent_contacts"].max() < 3
    assert on_list.index.isin(consent.in_force["customer_id"]).all()
    assert set(lists.loc[lists["variant"].isna(), "reason"]) == {
        "in the global control group", "has opted out", "contacted 3 times or more within 30 days",
        "no consent to marketing by phone"}


def test_whoever_is_in_an_open_draw_keeps_the_arm_in_every_campaign(customers):
    held = customers["customer_id"].iloc[:30]
    earlier = pd.DataFrame({
        "experiment": "churn alerts of 2026-06-30", "purpose": "alert", "unit_id": held, "variant": "held out",
        "probability": 0.1, "stratum": "all", "assigned_on": pd.Timestamp("2026-06-30"),
        "ends_on": pd.Timestamp("2026-09-28")})
    fits = audiences(customers, trust_repair=range(0, 60))
    lists = campaigns.plan_campaigns(fits, customers, ActionsConfig(), MONEY, draws(earlier), PERMITTED)
    own = lists.set_index("customer_id").loc[held]
    assert set(own["variant"].dropna()) == {"held out"}
    assert set(own["draw"].dropna()) == {"churn alerts of 2026-06-30"}


def test_the_registry_records_each_campaign_as_a_draw_of_its_own_that_binds_later_runs(customers):
    fits = audiences(customers, service_recovery=range(0, 60), customer_club=range(100, 160))
    lists = campaigns.plan_campaigns(fits, customers, ActionsConfig(), MONEY, draws(), PERMITTED)
    actions = planner.plan_actions(campaigns.with_campaign(customers, lists), ActionsConfig(), MONEY,
                                   Draw(experiment_name("action plan", AS_OF), 1, NO_DRAW))
    drawn = plan_summary.assignments_to_record(actions, NO_DRAW, (AS_OF, 90), 1, 0.0, lists)
    assert set(drawn["experiment"]) == {"action plan of 2026-06-30", "customer club of 2026-06-30",
                                        "service recovery of 2026-06-30"}
    assert drawn["unit_id"].is_unique
    listed = pd.concat([lists, actions])["variant"].notna().sum()
    assert len(drawn) == listed
    still = random_assignment.open_assignments([drawn], date(2026, 7, 30))
    again = campaigns.plan_campaigns(fits, customers, ActionsConfig(), MONEY, draws(still), PERMITTED)
    first = lists.dropna(subset="variant").set_index("customer_id")["variant"]
    later = again.dropna(subset="variant").set_index("customer_id")["variant"]
    both = first.index.intersection(later.index)
    assert len(both) > 50
    assert (first[both] == later[both]).all()


def test_each_campaign_has_files_of_its_own_and_one_file_holds_all_control_groups(customers):
    fits = audiences(customers, service_recovery=range(0, 30), win_back=range(30, 90))
    fits["win-back"]["value_of_asking"] = 5.0
    lists = campaigns.plan_campaigns(fits, customers, ActionsConfig(owner="Ada"), MONEY, draws(), PERMITTED)
    lines = campaigns.campaign_lines(lists, ActionsConfig(owner="Ada"), draws(), DAYS)
    made = contact_lists.contact_lists(lines, APART, ActionsConfig())
    assert {name for name in made.contents if name.endswith(".xlsx")} == {
        "service-recovery-ada-phone.xlsx", "win-back-ada-e-mail.xlsx", "do-not-contact.xlsx"}
    header = made.contents["win-back-ada-e-mail.csv"].decode("utf-8-sig").splitlines()[0]
    assert "expected value of asking" in header
    assert "churn probability" not in header
    assert "check before" not in header
    assert header.endswith("done on,outcome")
    held = lists.loc[lists["variant"].eq("held out"), "customer_id"]
    tools = made.contents["mailing-e-mail.csv"].decode()
    assert not any(customer in tools for customer in held)
    assert "win-back of 2026-06-30" in tools


def test_a_summary_tells_what_each_control_group_would_show_and_claims_nothing_unmeasured(customers):
    fits = audiences(customers, win_back=range(0, 200))
    assumed = ActionsConfig(campaigns=(Campaign(kind="win-back", capacity=100),))
    lists = campaigns.plan_campaigns(fits, customers, assumed, MONEY, draws(), PERMITTED)
    row = campaigns.campaign_summary(lists, assumed, pd.DataFrame()).iloc[0]
    assert (row["n_audience"], row["n_treated"], row["n_held_out"]) == (200, 100, 100)
    assert row["detectable_difference"] == pytest.approx((1.959964 + 0.8416212) * np.sqrt(0.25 * 2 / 100))
    assert row["response"] == "never measured: for testing"


def test_an_earlier_list_of_the_same_campaign_is_told_by_what_it_changed_and_no_other_is(customers):
    effects = pd.DataFrame([{
        "experiment": f"{kind} of 2026-03-31", "variant": "treated", "control": "held out", "metric": "repurchased",
        "is_primary": True, "status": "ok", "reason": "", "unit": "share", "value": value, "low": value - 0.04,
        "high": value + 0.04, "level": 0.95, "n_variant": 400, "n_control": 400, "mean_variant": 0.1 + value,
        "mean_control": 0.1, "is_randomised": True} for kind, value in (("win-back", 0.06), ("action plan", 0.2))])
    fits = audiences(customers, win_back=range(0, 200))
    lists = campaigns.plan_campaigns(fits, customers, ActionsConfig(), MONEY, draws(), PERMITTED)
    told = campaigns.campaign_summary(lists, ActionsConfig(), effects).set_index("campaign")["response"]
    assert told["win-back"] == "changed the share repurchased by 6.0 percentage points [2.0, 10.0] in 1 round"
    assert told["customer club"] == "never measured: for testing"
    nobody = pd.DataFrame(columns=list(DECISIONS.names))
    asked = campaigns.with_campaigns(nobody, lists, AS_OF, 90, effects, "EUR")["gain"].iloc[0]
    assert asked == ("not claimed over 90 days; contact changed the share repurchased by 6.0 percentage points "
                     "[2.0, 10.0] in 1 round")
    margin = effects.head(1).assign(metric="margin", is_primary=False, value=4.0, low=1.0, high=7.0)
    asked = campaigns.with_campaigns(nobody, lists, AS_OF, 90, margin, "EUR")["gain"].iloc[0]
    assert asked == ("not claimed over 90 days; the list of 2026-03-31 changed margin by +€4 [+€1, +€7] a customer "
                     "contacted")
    few = effects.head(1).assign(status="insufficient", reason="too few")
    assert campaigns.with_campaigns(nobody, lists, AS_OF, 90, few, "EUR")["gain"].iloc[0].endswith(
        "its last list could not tell")


def test_two_campaigns_of_a_kind_are_refused():
    with pytest.raises(InputError, match="different kinds"):
        Study(sections={"actions": {"campaigns": [{"kind": "win-back"}] * 2}}).section("actions", ActionsConfig)


def test_the_simulated_company_carries_campaigns_out_and_their_response_is_what_was_planted():
    customers, day = 6000, pd.Timestamp("2025-06-30")
    rng = np.random.default_rng(3)
    lists = pd.DataFrame({
        "experiment": "win-back of 2025-06-30", "unit_id": [f"C{i + 1:06d}" for i in range(customers)],
        "variant": rng.choice(["treated", "held out"], customers), "assigned_on": day})
    assert len(carried_out(lists)) == lists["variant"].eq("treated").sum()
    plain, asked = (company.simulate_company(customers=customers, lists=one) for one in (None, lists))
    before, after = (set(c.tables["canonical/transactions"]["order_id"]) for c in (plain, asked))
    sent = asked.tables["canonical/contacts"]["campaign"].eq("win-back of 2025-06-30").sum()
    share = len(after - before) / sent
    world = plain.truth.world
    assert share == pytest.approx(world.list_response, abs=4 * np.sqrt(0.2 * 0.8 / sent))


def redeemed(sent, done, drawn=()):
    """Return redemption rates from (customer, campaign, day) of contacts and of redemptions, and names of draws."""
    contacts = pd.DataFrame(sent, columns=["customer_id", "campaign", "sent_at"])
    contacts = contacts.assign(contact_id=[f"m{i}" for i in range(len(contacts))],
                               sent_at=pd.to_datetime(contacts["sent_at"]))
    events = pd.DataFrame(done, columns=["customer_id", "campaign", "occurred_at"]).assign(kind="redemption")
    events["occurred_at"] = pd.to_datetime(events["occurred_at"])
    table = EVENTS.conformed(ENGINE.lazy(events.drop(columns="campaign"))) if not len(events) else ENGINE.lazy(events)
    assigned = pd.DataFrame({"experiment": list(drawn), "unit_id": "u", "variant": "control"}).astype("str")
    return campaigns.redemption_rates(ENGINE, CONTACTS.conformed(ENGINE.lazy(contacts)), table,
                                      ASSIGNMENTS.conformed(ENGINE.lazy(assigned)), AS_OF)


def test_the_redemption_rate_counts_each_customer_of_a_campaign_once_and_no_other_campaigns_coupons():
    sent = [(f"c{i}", "spring", "2026-03-01") for i in range(200)]
    sent += [(f"c{i}", "summer", "2026-06-01") for i in range(50)]
    done = [(f"c{i}", "spring", "2026-03-09") for i in range(40)] + [("c0", "spring", "2026-03-10"),
            ("stranger", "spring", "2026-03-10"), ("c9", "summer", "2026-07-09")]
    found = redeemed([*sent, ("c0", "spring", "2026-03-02")], done).set_index("campaign")
    assert found[["n_reached", "n_redeemed", "n_others"]].loc[["spring", "summer"]].to_numpy().tolist() == [
        [200, 40, 1], [50, 0, 0]]
    low, high = found.loc["spring", ["low", "high"]]
    assert (found["rate"]["spring"], round(low, 3), round(high, 3)) == (0.2, 0.150, 0.261)  # Agresti and Coull
    assert found["rate"]["summer"] == 0  # a day after the last counts not
    assert 0 < found["high"]["summer"] < 0.09


def test_uplift_of_a_campaign_is_not_measured_unless_it_was_an_experiment():
    sent, done = [("a", "spring", "2026-03-01"), ("b", "summer", "2026-03-01")], [("a", "spring", "2026-03-01")]
    found = redeemed(sent, done, ["summer"]).set_index("campaign")["uplift"]
    assert found.to_dict() == {"spring": campaigns.NO_UPLIFT, "summer": "page 06, as an experiment"}


def test_without_a_redemption_on_record_no_rate_is_told_not_even_of_zero():
    assert redeemed([("a", "spring", "2026-03-01")], []).empty
    assert redeemed([("a", "spring", "2026-03-01")], [("a", "spring", "2026-09-01")]).empty


def test_the_own_arm_of_an_open_draw_does_not_decide_whom_a_campaign_lists(customers):
    warned, fits = customers["customer_id"].iloc[:60:2], audiences(customers, customer_club=range(60))
    assumed = ActionsConfig(campaigns=(Campaign(kind="customer club", capacity=12, hold_out_share=0.5),))
    listed = []
    for held in (0, 1):
        assigned = pd.DataFrame({"experiment": "alerts", "purpose": "alert", "unit_id": warned,
                                 "variant": np.where(np.arange(len(warned)) % 4 < 3 * held, "held out", "treated"),
                                 "probability": 0.5, "stratum": "all", "assigned_on": pd.Timestamp(AS_OF),
                                 "ends_on": pd.Timestamp("2026-09-28")})
        found = campaigns.plan_campaigns(fits, customers, assumed, MONEY, draws(assigned), PERMITTED)
        assert found["variant"].eq("treated").sum() <= 12
        listed.append(set(found.loc[found["variant"].notna() & found["customer_id"].isin(warned), "customer_id"]))
    assert listed[0] == listed[1]
    assert listed[0]
