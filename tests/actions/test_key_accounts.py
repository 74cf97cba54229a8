from dataclasses import replace
from datetime import date

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.actions import campaigns, eligibility, key_accounts, planner, sales_pipeline
from helpers.actions.config import ActionsConfig
from helpers.actions.sales_pipeline import OPEN, WON, PipelineForecast
from helpers.actions.schema import DECISIONS
from helpers.actions.working_days import WorkingDays
from helpers.customers.random_assignment import CAMPAIGNS, Draw, draws_by_purpose, open_assignments
from helpers.foundation.canonical_schema import CUSTOMERS
from helpers.foundation.errors import InputError
from helpers.foundation.results import Status, no_estimate
from helpers.foundation.study_config import Economics
from helpers.simulation import arrow_columns, buying_centres, company
from helpers.simulation.planted_truth import World

AS_OF = date(2026, 6, 30)

NO_DEALS = pd.DataFrame({name: pd.Series(dtype="object") for name in ("account_id", "owner", "outcome", "value")})


def deals(n, seed=1, share_won=0.4, days=60.0, span=700):
    """Return opportunities that are decided after an exponential time, won by chance."""
    rng = np.random.default_rng(seed)
    opened = pd.Timestamp(AS_OF) - pd.to_timedelta(rng.integers(1, span, n), "D")
    closed = opened + pd.to_timedelta(np.ceil(rng.exponential(days, n)), "D")
    is_open = closed > pd.Timestamp(AS_OF)
    won = rng.random(n) < share_won
    return pd.DataFrame({
        "opportunity_id": [f"q{i:06d}" for i in range(n)], "account_id": [f"n{i % 20:03d}" for i in range(n)],
        "stage": np.where(is_open, "offer", np.where(won, "won", "lost")), "opened_on": opened,
        "closed_on": pd.Series(closed).where(~is_open), "value": np.where(won & ~is_open, 100.0, np.nan),
        "is_won": pd.Series(won, dtype="object").where(~is_open), "product": "p", "owner": "Ada"}), won, closed


@pytest.fixture(scope="module")
def crm(real_data):
    accounts = pd.read_csv(real_data / "crm_sales" / "accounts.csv")
    rows = pd.read_csv(real_data / "crm_sales" / "sales_pipeline.csv")
    days = {c: pd.to_datetime(rows[c], format="%d-%m-%Y") for c in ("engage_date", "close_date")}
    return accounts, sales_pipeline.with_outcome(pd.DataFrame({
        "opportunity_id": rows["opportunity_id"], "account_id": rows["account"], "stage": rows["deal_stage"],
        "opened_on": days["engage_date"], "closed_on": days["close_date"], "value": rows["close_value"],
        "is_won": rows["deal_stage"].map({"Won": True, "Lost": False}).astype("object"), "product": rows["product"],
        "owner": rows["sales_agent"]}), date(2017, 12, 31))


@pytest.mark.real_data
def test_the_pipeline_of_a_maker_of_computers_is_told_to_the_digit(crm):
    accounts, outcomes = crm
    totals = sales_pipeline.pipeline_totals(outcomes)
    assert (len(accounts), totals["n_accounts"], totals["n_opportunities"]) == (85, 85, 8800)
    assert (totals["n_won"], totals["n_lost"], totals["value_won"]) == (4238, 2473, 10_005_534)
    stages = sales_pipeline.open_by_stage(outcomes).set_index("stage")["n_open"]
    assert stages.to_dict() == {"Engaging": 1589, "Prospecting": 500}


@pytest.mark.real_data
def test_most_of_what_a_maker_of_computers_has_open_is_older_than_any_decision_ever_was(crm):
    _, outcomes = crm
    forecast = sales_pipeline.expected_closings(outcomes, 90)
    assert outcomes.loc[outcomes["outcome"].ne(OPEN), "days"].max() == 138
    assert (forecast.n_undated, forecast.n_beyond, len(forecast.by_opportunity)) == (500, 1301, 288)
    assert 0 < forecast.n_won.low < forecast.n_won.value < forecast.n_won.high < 288


def test_what_is_closed_after_the_day_is_still_open_on_it():
    rows, _, closed = deals(300)
    rows["is_won"], rows["closed_on"] = True, closed
    outcomes = sales_pipeline.with_outcome(rows, AS_OF)
    assert (outcomes["outcome"].eq(OPEN) == (pd.Series(closed) > pd.Timestamp(AS_OF))).all()


def test_closings_expected_of_what_is_open_hold_what_came_true_nineteen_times_in_twenty():
    hits = []
    for seed in range(120):
        rows, won, closed = deals(600, seed)
        forecast = sales_pipeline.expected_closings(sales_pipeline.with_outcome(rows, AS_OF), 60)
        is_in = (closed > pd.Timestamp(AS_OF)) & (closed <= pd.Timestamp(AS_OF) + pd.Timedelta(days=60))
        hits.append(forecast.n_won.low <= (won & is_in).sum() <= forecast.n_won.high)
    assert np.mean(hits) >= 0.88


def test_a_win_rate_has_the_interval_of_wilson_and_none_under_ten_decided():
    rows, _, _ = deals(400)
    outcomes = sales_pipeline.with_outcome(rows, AS_OF)
    rates = sales_pipeline.win_rates(outcomes, "account_id").set_index("account_id")
    few = sales_pipeline.win_rates(outcomes.groupby("account_id").head(5), "account_id")
    assert few[["win_rate", "low", "high"]].isna().all(axis=None)
    one = rates.iloc[0]
    n, p, z2 = one["n_decided"], one["win_rate"], 1.959964**2
    half = np.sqrt(z2) * np.sqrt(p * (1 - p) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    assert one["high"] - one["low"] == pytest.approx(2 * half, rel=1e-5)


def test_win_rates_of_many_groups_that_win_alike_seem_to_differ_one_time_in_twenty():
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        n = rng.integers(40, 200, 30)
        won = rng.binomial(n, 0.6)
        rates = pd.DataFrame({"n_decided": n, "n_won": won, "win_rate": won / n})
        found.append(sales_pipeline.win_rates_differ_p(rates))
    assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.09
    apart = pd.DataFrame({"n_decided": [300, 300], "n_won": [200, 120], "win_rate": [0.67, 0.4]})
    assert sales_pipeline.win_rates_differ_p(apart) < 0.001
    assert np.isnan(sales_pipeline.win_rates_differ_p(apart.head(1)))


def test_too_few_decisions_are_no_forecast():
    rows, _, _ = deals(400)
    outcomes = sales_pipeline.with_outcome(rows, AS_OF)
    few = outcomes[outcomes["outcome"].eq(OPEN)]
    assert sales_pipeline.expected_closings(few, 60).n_won.status is Status.INSUFFICIENT


def test_whitespace_is_what_others_bought_and_this_account_neither_has_nor_is_offered():
    rows, _, _ = deals(200)
    outcomes = sales_pipeline.with_outcome(rows.assign(product=np.resize(["p", "q", "r"], 200)), AS_OF)
    gaps = sales_pipeline.whitespace(outcomes)
    for account, product in gaps[["account_id", "product"]].itertuples(index=False):
        own = outcomes[outcomes["account_id"].eq(account) & outcomes["product"].eq(product)]
        assert not own["outcome"].isin([WON, OPEN]).any()
    pairs = outcomes[outcomes["outcome"].isin([WON, OPEN])].groupby(["account_id", "product"]).ngroups
    assert len(gaps) == 20 * 3 - pairs


def star(n, hub):
    people = pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "account_id": "a"})
    ties = pd.DataFrame([(f"c{hub}", f"c{i}", 1.0) for i in range(n) if i != hub],
                        columns=["from_customer", "to_customer", "strength"])
    return people, ties


def test_whoever_influences_all_others_has_most_influence_and_shares_add_up():
    people, ties = star(5, 3)
    shares = key_accounts.influence(people, ties)
    assert shares.argmax() == 3
    assert shares.sum() == pytest.approx(1)
    graph = nx.DiGraph()
    graph.add_nodes_from(people["customer_id"])
    graph.add_edges_from(zip(ties["to_customer"], ties["from_customer"], strict=True))
    rank = nx.pagerank(graph)
    assert shares == pytest.approx([rank[c] for c in people["customer_id"]])


def test_ties_between_accounts_and_accounts_without_ties_give_no_influence():
    people, ties = star(4, 0)
    apart = people.assign(account_id=["a", "b", "c", "d"])
    assert np.isnan(key_accounts.influence(apart, ties)).all()


@pytest.fixture(scope="module")
def simulated():
    return company.simulate_company(customers=6000)


def test_the_support_of_each_account_is_what_was_planted_and_deciders_have_most_influence(simulated):
    tables = simulated.tables
    day = tables["canonical/opportunities"]["closed_on"].max().date()
    people = key_accounts.buying_centres(tables["canonical/customers"], tables["canonical/ties"], day)
    outcomes = sales_pipeline.with_outcome(tables["canonical/opportunities"], day)
    accounts = key_accounts.account_summary(people, outcomes, sales_pipeline.expected_closings(outcomes, 90))
    truth = simulated.truth["accounts"].set_index("account_id")["support"]
    found = accounts.set_index("account_id")["support"].dropna()
    assert found.to_numpy() == pytest.approx(truth[found.index].to_numpy(), abs=2e-3)
    by_role = people.groupby("role")["influence"].mean()
    assert by_role.idxmax() == "decider"
    assert by_role["decider"] > by_role["gatekeeper"] + 0.05


def test_influence_falls_with_the_planted_weight_of_the_role_in_every_world():
    world = replace(World(), centres=replace(World().centres, share=1.0))
    block = next(company.blocks(2000, 3)).block
    by_role = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        centres = buying_centres.simulate_buying_centres(world, rng, block)
        ties = buying_centres.influence_ties(world, rng, block, centres).to_pandas()
        people = pd.DataFrame({"customer_id": arrow_columns.customer_ids(block.first + centres.who).to_pandas(),
                               "account_id": centres.account})
        by_role.append(pd.Series(key_accounts.influence(people, ties)).groupby(centres.role).mean())
    decider, influencer, buyer, user, gatekeeper = np.array(by_role).T
    assert (decider > np.maximum(influencer, buyer)).mean() >= 0.9
    assert (np.minimum(influencer, buyer) > np.maximum(user, gatekeeper)).mean() >= 0.9


def test_an_account_hangs_on_one_thread_where_at_most_one_of_its_people_was_contacted_lately():
    customers = pd.DataFrame({
        "customer_id": list("abcd"), "account_id": ["n", "n", "m", "m"], "role": "user", "decision_weight": 0.5,
        "attitude": 0.0, "our_owner": ["Ada", None, "Ada", "Bo"],
        "last_contact_on": pd.to_datetime(["2026-06-01", None, "2026-06-01", "2026-05-01"])})
    ties = pd.DataFrame({"from_customer": [], "to_customer": [], "strength": []}, dtype="object")
    people = key_accounts.buying_centres(customers, ties, AS_OF, {"b": "has opted out"})
    assert people.set_index("customer_id")["not_to_contact"].dropna().to_dict() == {"b": "has opted out"}
    none = sales_pipeline.with_outcome(deals(0)[0], AS_OF)
    accounts = key_accounts.account_summary(people, none, sales_pipeline.expected_closings(none, 90))
    assert accounts.set_index("account_id")["is_single_threaded"].to_dict() == {"m": False, "n": True}
    assert accounts.set_index("account_id")["share_weight_covered"].to_dict() == {"m": 1.0, "n": 0.5}


def test_an_account_that_is_not_known_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'Acme'"):
        key_accounts.known_account("Acmee", pd.Series(["Acme", "Zoo"]))
    assert key_accounts.known_account("", pd.Series(["Acme"])) == ""


def test_what_is_open_longer_than_decisions_took_is_a_decision_asked_for():
    none = pd.DataFrame(columns=list(DECISIONS.names))
    unknown = no_estimate("won", Status.INSUFFICIENT, "few")
    waiting = PipelineForecast(pd.DataFrame(), unknown, unknown, 0, 3)
    outcomes = pd.DataFrame({"outcome": [WON, OPEN, OPEN, OPEN], "days": [30.0, 30.0, 40.0, 20.0], "product": "p",
                             "value": [100.0, np.nan, 400.0, 1000.0]})
    asked = sales_pipeline.with_pipeline_decision(
        none, waiting, outcomes, ActionsConfig(owner="Ada", account_days=7), WorkingDays(AS_OF), "EUR")
    assert "nothing, of the €500 that all would be worth if won" in asked["confidence"].iloc[0]
    assert asked[["decision", "owner", "worst_case"]].to_numpy().tolist() == [
        ["Ask about 3 open opportunities and close what nobody confirms", "Ada", 0.0]]
    assert asked["stop_on"].iloc[0] == pd.Timestamp(AS_OF) + pd.Timedelta(days=7)
    alone = sales_pipeline.with_pipeline_decision(none, waiting, outcomes, ActionsConfig(), WorkingDays(AS_OF))
    assert alone["owner"].tolist() == ["the owner of each opportunity"]
    nothing = replace(waiting, n_beyond=0)
    assert sales_pipeline.with_pipeline_decision(asked, nothing, outcomes, ActionsConfig(), WorkingDays(AS_OF)) is asked


def test_people_of_key_accounts_are_on_no_list_and_their_owner_speaks_with_them(session_engine, value, scores, nobody):
    ids = value["customer_id"]
    records = CUSTOMERS.conformed(session_engine.lazy(pd.DataFrame({
        "customer_id": ids[:4], "account_id": ["N1", "N1", "N2", None], "role": ["decider", "user", "user", "user"],
        "our_owner": ["Di", None, None, "Ed"], "decision_weight": [0.6, 0.4, 1.0, None]})))
    leads = key_accounts.account_leads(key_accounts.people_on_record(session_engine, records), NO_DEALS, "Head")
    people = key_accounts.with_key_account(
        session_engine, eligibility.contact_candidates(value, scores, nobody), records, leads)
    assert people["key_account"].head(5).tolist() == ["N1: speak with Di"] * 2 + ["N2: speak with Head", "", ""]
    actions = planner.plan_actions(people, ActionsConfig(), Economics(), Draw("plan", 1, open_assignments([], AS_OF)))
    own = actions.set_index("customer_id").loc[ids[:2]]
    assert own["variant"].isna().all()
    assert own["reason"].tolist() == ["key account N1: speak with Di"] * 2
    audiences = {kind: pd.DataFrame({"customer_id": ids[:40], "why": "because", "value_of_asking": 1.0})
                 for kind in CAMPAIGNS}
    lists = campaigns.plan_campaigns(audiences, people, ActionsConfig(), Economics(), draws_by_purpose(
        AS_OF, 1, open_assignments([], AS_OF)), planner.UNKNOWN_CONSENT).set_index("customer_id")
    assert lists.loc[ids[:2], "variant"].isna().all()
    assert lists["variant"].notna().sum() == 37


def test_an_account_is_led_by_who_looks_after_most_of_the_decision():
    people = pd.DataFrame({"account_id": ["a", "a", "a", "b", "b", "b"],
                           "our_owner": ["Ed", "Ed", "Di", "Di", "Di", "Ed"],
                           "decision_weight": [0.2, 0.2, 0.6, None, None, None]})
    deals = pd.DataFrame({"account_id": ["a", "c", "c", "d", "d", "d"],
                          "owner": ["Ed", "Ed", "Di", "Di", "Di", "Ed"],
                          "outcome": [WON] * 3 + [OPEN] * 3,
                          "value": [9.0, 2.0, 1.0, None, None, None]})
    nobody = pd.DataFrame({"account_id": ["e"], "our_owner": [None], "decision_weight": [1.0]})
    found = key_accounts.account_leads(pd.concat([people, nobody]), deals, "Head")
    assert found == {"a": "Di", "b": "Di", "c": "Ed", "d": "Di", "e": "Head"}
    gone = pd.DataFrame({"account_id": ["f", "f", "g"], "owner": ["Gone", "Di", "Gone"], "outcome": WON,
                         "value": [9.0, 1.0, 5.0]})  # who has nothing open anywhere leads what nobody else has won
    found = key_accounts.account_leads(nobody, pd.concat([deals, gone]), "Head")
    assert (found["f"], found["g"]) == ("Di", "Gone")


def test_of_few_opportunities_the_limits_are_sums_that_can_come_about():
    p, worth = np.array([0.368, 0.282]), np.array([2471.73, 2455.22])
    n = sales_pipeline._sum_estimate("won", p, np.ones(2), "opportunities")
    value = sales_pipeline._sum_estimate("worth", p, worth, "money")
    assert (n.value, n.low, n.high) == (pytest.approx(0.65), 0.0, 2.0)
    assert (value.value, value.low, value.high) == (pytest.approx((p * worth).sum()), 0.0, pytest.approx(worth.sum()))
    many = sales_pipeline._sum_estimate("won", np.full(40, 0.3), np.ones(40), "opportunities")
    few = sales_pipeline._sum_estimate("won", np.full(12, 0.3), np.ones(12), "opportunities")
    assert (few.low, few.high) == tuple(stats.binom.ppf([0.025, 0.975], 12, 0.3))
    assert many.low == pytest.approx(12 - 1.96 * (40 * 0.21) ** 0.5, abs=0.01)
