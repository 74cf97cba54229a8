import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers import simulation
from helpers.simulation import contacts_and_visits, customer_traits, questionnaire
from helpers.simulation.planted_truth import LAST_DAY
from tests.simulation.simulated import WORLD, logistic, orders, table, within


def test_the_dissatisfied_complain_more_in_the_time_they_stay(large):
    complaints = table(large, "cases").query("kind == 'complaint'").groupby("customer_id").size()
    truth = large.truth.customers.query("is_buyer").set_index("customer_id")
    joined = table(large, "customers").set_index("customer_id")["joined_on"][truth.index]
    stay = np.minimum(truth["life_weeks"], (pd.Timestamp(LAST_DAY) - joined) / pd.Timedelta(days=7))
    number = complaints.reindex(truth.index).fillna(0)
    is_low = truth["satisfaction"] < 0
    assert number[is_low].sum() / stay[is_low].sum() > 1.5 * number[~is_low].sum() / stay[~is_low].sum()


def difference(frame, metric):
    arms = frame.groupby("variant")[metric].agg(["mean", "var", "size"])
    error = np.sqrt((arms["var"] / arms["size"]).sum())
    return arms.loc["treatment", "mean"] - arms.loc["control", "mean"], error


@pytest.mark.parametrize(("experiment", "metric", "effect"), [
    ("one_page_checkout", "metric_ordered", WORLD.ordered_lift),
    ("one_page_checkout", "metric_margin", WORLD.ordered_lift * WORLD.margin_ordered),
    ("newsletter_subject", "metric_opened", 0.0),
    ("newsletter_subject", "metric_sales", 0.0),
])
def test_planted_effects_lie_within_their_intervals(default, experiment, metric, effect):
    units = table(default, "assignments").query("experiment == @experiment")
    found, error = difference(units, metric)
    assert within(found, effect, error, 1.96)
    assert stats.binomtest(int((units["variant"] == "control").sum()), len(units)).pvalue > 0.01


def test_planted_effect_is_found_by_most_companies():
    found = [
        difference(table(simulation.simulate_company(seed=seed), "assignments"), "metric_ordered") for seed in range(10)
    ]
    assert sum(d > 1.96 * e for d, e in found) >= 8


def test_covariates_foretell_their_metrics(default):
    units = table(default, "assignments")
    assert units["metric_margin"].corr(units["covariate_margin_before"]) > 0.25  # of an outcome of one visit in twelve
    assert units["metric_sales"].corr(units["covariate_sales_before"]) > 0.4


# --- what happened on a day ----------------------------------------------------------------------------------------


def test_complaints_burst_in_the_crisis_week_with_their_cause_and_only_then(large):
    complaints = table(large, "cases").query("kind == 'complaint'")
    weeks = complaints["opened_at"].dt.to_period("W-SUN").dt.start_time
    counts = weeks.value_counts().sort_index()
    crisis = pd.Timestamp(WORLD.turns.crisis_on)
    near = counts[(counts.index >= crisis - pd.Timedelta(weeks=26)) & (counts.index != crisis)]
    assert counts.idxmax() == crisis
    extra = complaints["case_id"].str.startswith("X")
    assert counts[crisis] - near.mean() == pytest.approx(extra.sum(), abs=4 * np.sqrt(near.mean()))
    assert (weeks[extra] == crisis).all()
    assert (complaints.loc[extra, "cause"] == "delivery").all()
    assert near.var() < 2.5 * near.mean()  # elsewhere no more than chance and growth
    there = large.truth.customers.set_index("customer_id")
    joined = table(large, "customers").set_index("customer_id")["joined_on"]
    at_risk = there["is_buyer"] & (joined < crisis) & (
        joined + pd.to_timedelta(np.minimum(7 * there["life_weeks"], 4000), unit="D") > crisis)
    assert within(extra.sum(), WORLD.turns.crisis_complaints * at_risk.sum(), np.sqrt(extra.sum()))


def test_deliveries_are_late_more_often_from_the_planted_day_on(large):
    lines = table(large, "transactions").query("kind == 'sale'").dropna(subset=["delivered_on", "promised_on"])
    first = lines.drop_duplicates("order_id")
    is_late = first["delivered_on"] > first["promised_on"]
    after = first["ordered_at"] >= WORLD.turns.late_from
    for moment, mean in ((~after, WORLD.turns.days_before), (after, WORLD.turns.days_after)):
        found, planted = is_late[moment], stats.poisson.sf(2, mean)
        assert found.mean() == pytest.approx(planted, abs=4 * np.sqrt(0.25 / len(found)) + 0.01)
    months = is_late.groupby(first["ordered_at"].dt.to_period("M")).mean()
    assert months["2024-01":"2025-02"].max() < 0.2 < months["2025-04":"2025-10"].min()


@pytest.mark.parametrize("kind", ["inquiry", "suggestion", "repair"])
def test_no_other_kind_of_case_jumps(large, kind):
    weeks = table(large, "cases").query("kind == @kind")["opened_at"].dt.to_period("M").value_counts().sort_index()
    steady = weeks["2024-07":"2025-12"]
    assert (np.abs(steady - steady.rolling(5, center=True, min_periods=3).mean()) < 5 * np.sqrt(steady + 1)).all()


# --- consent, contacts, visits -------------------------------------------------------------------------------------


def test_nobody_is_contacted_without_consent(large):
    given = table(large, "consents").query("purpose == 'marketing'")
    sent = table(large, "contacts").merge(given, on=["customer_id", "channel"], how="left")
    assert (sent["from_on"] <= sent["sent_at"]).all()
    day = sent["sent_at"].dt.normalize()
    assert (sent["to_on"].isna() | (day <= sent["to_on"])).all()
    assert (table(large, "consents")["to_on"].dropna() >= table(large, "consents")["from_on"][
        table(large, "consents")["to_on"].notna()]).all()


def test_shares_of_consent_are_the_planted_ones(large):
    given = table(large, "consents").query("purpose == 'marketing'").groupby("channel").size() / len(
        table(large, "customers"))
    assert given[list(contacts_and_visits.MEANS)].to_numpy() == pytest.approx(contacts_and_visits.GIVEN, abs=0.012)
    tracked = table(large, "consents").query("purpose == 'analytics'")["customer_id"]
    assert set(table(large, "events")["customer_id"]) <= set(tracked)
    assert len(tracked) / len(table(large, "customers")) == pytest.approx(WORLD.share_tracked, abs=0.012)


def test_some_are_called_every_quarter_whatever_they_are_worth(large):
    calls = table(large, "contacts").query("channel == 'phone'").groupby("customer_id").size()
    courted = large.truth.customers.set_index("customer_id")["is_courted"]
    assert courted[calls.index].all()
    cost = table(large, "contacts").groupby("customer_id")["cost"].sum().reindex(courted.index).fillna(0)
    assert cost[courted].mean() > 10 * cost[~courted].mean()


def test_the_satisfied_choose_faster_and_time_to_choose_is_the_planted_one(large):
    seen = table(large, "events").query("kind == 'view'")
    made = orders(large).reset_index().sort_values(["customer_id", "at"])
    made = made[~(made.groupby("customer_id")["at"].diff() < pd.Timedelta(days=21))]  # views of one order only
    pairs = made.merge(seen, on="customer_id")
    near = pairs[(pairs["occurred_at"] <= pairs["at"]) & (pairs["occurred_at"] > pairs["at"] - pd.Timedelta(days=7))]
    first = near.groupby("order_id").agg(customer_id=("customer_id", "first"), at=("at", "first"),
                                         seen=("occurred_at", "min"))
    hours = (first["at"] - first["seen"]).dt.total_seconds() / 3600
    assert hours.median() == pytest.approx(WORLD.visits.hours, rel=0.15)
    satisfaction = large.truth.customers.set_index("customer_id")["satisfaction"][first["customer_id"]].to_numpy()
    slope = stats.linregress(satisfaction, np.log(hours)).slope
    assert slope == pytest.approx(WORLD.visits.satisfaction, abs=0.08)


# --- business customers, partners, brands --------------------------------------------------------------------------


def test_accounts_win_by_the_attitude_that_decides(large):
    people = table(large, "customers").dropna(subset="account_id")
    assert people.groupby("account_id")["decision_weight"].sum().to_numpy() == pytest.approx(1, abs=0.001)
    support = (people["decision_weight"] * people["attitude"]).groupby(people["account_id"]).sum()
    truth = large.truth["accounts"].set_index("account_id")["support"]
    assert support.to_numpy() == pytest.approx(truth[support.index].to_numpy())
    decided = table(large, "opportunities").dropna(subset="is_won")
    x = np.column_stack([np.ones(len(decided)), support[decided["account_id"]]])
    beta, error, _ = logistic(x, decided["is_won"].to_numpy(float))
    assert within(beta, np.array([WORLD.centres.base, WORLD.centres.support]), error, 3.3).all()
    assert (decided["stage"].isin(["won", "lost"]) & (decided["closed_on"] > decided["opened_on"])).all()


def test_ties_stay_within_an_account_and_deciders_are_heard(large):
    people = table(large, "customers").set_index("customer_id")
    tie = table(large, "ties")
    assert (people["account_id"][tie["from_customer"]].to_numpy() == people["account_id"][tie["to_customer"]]).all()
    assert (tie["from_customer"] != tie["to_customer"]).all()
    heard = tie.groupby(people["role"][tie["from_customer"]].to_numpy())["strength"].mean()
    assert heard.idxmax() == "decider"


def test_partners_serve_the_customers_that_are_theirs(large):
    lines = table(large, "transactions").query("kind == 'sale'").dropna(subset="customer_id")
    bits = large.truth.customers.set_index("customer_id")["partners"][lines["customer_id"]].to_numpy()
    own = lines["partner_id"].isna().to_numpy()
    code = lines["partner_id"].map(customer_traits.PARTNERS.index, na_action="ignore").fillna(0).astype(int).to_numpy()
    assert ((bits >> code & 1)[~own] == 1).all()
    assert (~own[bits > 0]).mean() == pytest.approx(WORLD.share_partner, abs=0.01)
    assert (large.truth.customers["partners"] > 0).mean() == pytest.approx(sum(WORLD.partners[1:]), abs=0.015)


def test_brands_fit_what_was_planted(large):
    items = table(large, "items").query("role == 'brand_attribute'")
    scores = table(large, "responses").merge(items, on="item")
    assert (scores["score"].isin([0, 1])).all()
    share = scores.groupby(scores["subject"].fillna(""))[["construct", "score"]].apply(
        lambda g: g.groupby("construct")["score"].mean())
    found = share.loc[list(questionnaire.BRANDS), list(questionnaire.ATTRIBUTES.values())].to_numpy()
    planted = 1 / (1 + np.exp(-questionnaire.FITS))
    assert found[1:] == pytest.approx(planted[1:], abs=0.04)
    assert (
        np.argsort(found[0]) == np.argsort(questionnaire.FITS[0])
    ).all()  # ours moves with the satisfaction of who answers


# --- earlier plans -------------------------------------------------------------------------------------------------


def test_an_earlier_plan_earned_what_was_planted(large):
    units = table(large, "assignments").query("experiment == 'action plan of 2025-03-15'")
    means = units.groupby("variant")["metric_repurchased"].agg(["mean", "size"])
    assert means["size"]["held out"] / means["size"].sum() == pytest.approx(1 - WORLD.plan_share, abs=0.015)
    found = np.log(means["mean"]["treated"] / means["mean"]["held out"])
    assert within(found, np.log(WORLD.plan_ratio), np.sqrt((1 / means["mean"] / means["size"]).sum()))
    assert (units["probability"] == np.where(units["variant"] == "treated", 0.9, 0.1)).all()


def test_a_broken_draw_lost_the_planted_share_of_one_arm(large):
    arms = table(large, "assignments").query("experiment == 'app_banner'")["variant"].value_counts()
    assert arms["treatment"] / arms["control"] == pytest.approx(1 - WORLD.banner_lost, abs=0.03)


def test_the_letter_works_on_quiet_customers_only(large):
    units = table(large, "assignments").query("experiment == 'reminder_letter'")
    is_quiet = units["covariate_sales_before"] < WORLD.quiet_below
    for part, planted in ((units[is_quiet], WORLD.letter_lift), (units[~is_quiet], 0.0)):
        found, error = difference(part, "metric_ordered")
        assert within(found, planted, error, 3.3)
