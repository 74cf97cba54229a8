"""Stages, inequality, ledgers, indices, retention economics, positioning and claims on planted cases."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.customers.windows import TimeWindow
from helpers.foundation import canonical_schema
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.value import (
    concentration,
    customer_indices,
    customer_profitability,
    ledgers,
    life_cycle,
    perceptual_map,
    retention_economics,
    textbook_claims,
)

END = date(2025, 12, 31)
COSTS = retention_economics.RetentionCosts(1.0, 10.0, 0.3)


def lazy(engine, columns):
    return engine.kept(engine.lazy(pd.DataFrame(columns)))


# --- stages ----------------------------------------------------------------------------------------------------------


def every(customer, step, first, last):
    days = range(0, (last - first).days + 1, step)
    return [{"customer_id": customer, "ordered_at": str(first + timedelta(d)), "amount": 10.0} for d in days]


@pytest.fixture
def staged(session_engine, transactions):
    rows = [r for i in range(30) for r in every(f"steady{i}", 30, date(2024, 1, 5), END)]
    rows += every("newcomer", 30, date(2025, 10, 1), END) + every("gone", 30, date(2024, 1, 1), date(2024, 6, 1))
    rows += every("silent", 30, date(2024, 1, 1), date(2025, 11, 25))
    rows += [{**r, "amount": 30.0} for r in every("grown", 30, date(2025, 7, 10), END)] + every(
        "grown", 30, date(2024, 12, 1), date(2025, 7, 1))
    rows += [{**r, "amount": 90.0} for r in every("shrunk", 30, date(2025, 1, 10), date(2025, 7, 1))] + every(
        "shrunk", 30, date(2025, 7, 10), END)
    table = transactions(rows)
    valued = lazy(session_engine, {"customer_id": ["grown", "silent"], "margin": [5.0, 7.0],
                                   "expected_value": [3.0, np.nan]})
    return life_cycle.life_cycle_stages(session_engine, table, valued, END, 180)


def test_records_shorter_than_two_windows_give_no_stages(session_engine, transactions):
    rows = [r for i in range(30) for r in every(f"c{i}", 30, date(2025, 2, 1), END)]
    valued = lazy(session_engine, {"customer_id": ["c1"], "margin": [5.0], "expected_value": [3.0]})
    found, now = life_cycle.life_cycle_stages(session_engine, transactions(rows), valued, END, 180)
    assert "growth is told from two windows of 180" in found.reason
    assert session_engine.arrow(now).num_rows == 0


def test_each_customer_is_in_the_stage_that_the_rules_say(session_engine, staged):
    found, now = staged
    where = dict(session_engine.arrow(now).to_pandas().to_numpy().tolist())
    assert found.silent_days == 30
    assert {c: where[c] for c in ("newcomer", "gone", "silent", "grown", "shrunk", "steady0")} == {
        "newcomer": "new", "gone": "lapsed", "silent": "dormant", "grown": "growing", "shrunk": "declining",
        "steady0": "mature"}


def test_flows_hold_everybody_and_worth_is_that_of_the_stage(staged):
    found, _ = staged
    assert found.flows.to_numpy().sum() == 35
    assert found.flows.loc[life_cycle.NOT_YET_CUSTOMER, "new"] == 1
    assert found.flows.loc["mature", "mature"] >= 29
    worth = found.worth.set_index("stage")
    assert (worth.loc["growing", "expected_value"], worth.loc["dormant", "margin"]) == (3.0, 7.0)
    assert found.moved("new", ("lapsed",)).status is Status.INSUFFICIENT
    assert found.moved("mature", ("mature",)).value == pytest.approx(1.0, abs=0.05)


# --- inequality ------------------------------------------------------------------------------------------------------


def gini_of(x):
    x = np.sort(x)
    return float((2 * np.arange(1, len(x) + 1) - len(x) - 1) @ x / (len(x) ** 2 * x.mean()))


def test_the_gini_and_its_interval_are_those_of_a_bootstrap(session_engine):
    rng = np.random.default_rng(1)
    x = rng.lognormal(3, 0.9, 1500)
    found = concentration.measure_concentration(session_engine, lazy(session_engine, {
        "customer_id": [f"{i:05}" for i in range(1500)], "margin": x}), "margin", "margin")
    again = [gini_of(rng.choice(x, 1500)) for _ in range(300)]
    assert found.gini.value == pytest.approx(gini_of(x))
    assert (found.gini.high - found.gini.low) / 2 / 1.96 == pytest.approx(np.std(again), rel=0.12)
    assert found.lorenz["share_held"].iloc[50] == pytest.approx(np.sort(x)[:750].sum() / x.sum())


def test_the_whale_curve_peaks_before_the_loss_makers(session_engine):
    x = np.concatenate([np.full(80, 10.0), np.full(20, -5.0)])
    found = concentration.measure_concentration(session_engine, lazy(session_engine, {
        "customer_id": [f"{i:03}" for i in range(100)], "profit": x}), "profit", "profit")
    assert found.peak.value == pytest.approx(800 / 700)
    assert found.share_unprofitable.value == pytest.approx(0.2)
    assert found.whale["share_of_profit"].max() == pytest.approx(800 / 700)
    assert found.whale["share_of_profit"].iloc[[0, -1]].tolist() == pytest.approx([0, 1])


@pytest.mark.parametrize(("x", "reason"), [([1.0] * 5, "fewer than 10 customers"), ([-1.0] * 20,
                                            "nothing is held in total")])
def test_too_few_customers_or_no_profit_have_no_gini(session_engine, x, reason):
    found = concentration.measure_concentration(session_engine, lazy(session_engine, {
        "customer_id": [str(i) for i in range(len(x))], "m": x}), "m", "m")
    assert found.table()["reason"].tolist() == [reason] * 3
    assert found.whale.empty


# --- ledgers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sources(session_engine, transactions):
    def make(rows, cases=(), contacts=(), points=()):
        made = [session_engine.kept(table.conformed(session_engine.lazy(pd.DataFrame(list(given)) if len(given) else
                                                                        table.empty())))
                for table, given in ((canonical_schema.CASES, cases), (canonical_schema.CONTACTS, contacts),
                                     (canonical_schema.POINTS, points))]
        return customer_profitability.CostToServeTables(transactions(rows), *made)
    return make


def at(day):
    return pd.Timestamp(day)


def test_what_is_put_in_and_comes_back_is_counted_within_the_window(session_engine, sources):
    given = sources(
        [{"customer_id": "a", "ordered_at": "2025-05-01", "amount": 90.0, "discount": 10.0, "quantity": 1.0,
          "unit_cost": 40.0, "promised_on": date(2025, 5, 3), "delivered_on": date(2025, 5, 5)},
         {"customer_id": "a", "ordered_at": "2023-05-01", "amount": 999.0}],
        [{"case_id": "1", "customer_id": "a", "kind": "complaint", "opened_at": at("2025-06-01"),
          "closed_at": at("2025-06-04"), "is_resolved": True, "cost": 7.0},
         {"case_id": "2", "customer_id": "b", "kind": "inquiry", "opened_at": at("2025-06-01")}],
        [{"contact_id": "1", "customer_id": "a", "sent_at": at("2025-07-01")}],
        [{"customer_id": "a", "entered_at": at("2025-08-01"), "kind": "redeem", "points": -100.0, "unit_cost": 0.01}])
    table = customer_profitability.cost_to_serve(
        session_engine, given, TimeWindow(date(2025, 1, 1), END), customer_profitability.UnitCosts(0.3, 0.5, 5.0)
    )
    found = session_engine.arrow(table).to_pandas().set_index("customer_id")
    a, money = found.loc["a"], ["net_sales", "margin", "discounts", "contact_cost", "case_cost", "reward_cost"]
    assert a[money].tolist() == pytest.approx([90, 50, 10, 0.5, 7, 1])
    assert (a["cost_to_serve"], a["profit"], a["handled_days"], a["n_late"]) == (8.5, 41.5, 3, 1)
    assert (found.loc["b", "case_cost"], found.loc["b", "net_sales"]) == (5.0, 0.0)


def test_points_whose_unit_cost_is_unknown_are_no_free_ones(session_engine, sources, served_and_known):
    redeemed = {"entered_at": at("2025-08-01"), "kind": "redeem"}
    given = sources([], [], [], [
        {"customer_id": "a", "points": -100.0, "unit_cost": 0.01, **redeemed},
        {"customer_id": "a", "points": -40.0, **redeemed}, {"customer_id": "b", "points": -60.0, **redeemed}])
    table = customer_profitability.cost_to_serve(
        session_engine, given, TimeWindow(date(2025, 1, 1), END), customer_profitability.UnitCosts(0.3, 0.5, 5.0)
    )
    found = session_engine.arrow(table).to_pandas().set_index("customer_id")
    columns = ["reward_cost", "points_redeemed", "points_without_cost"]
    assert found.loc["a", columns].tolist() == [1.0, 140.0, 40.0]
    assert found.loc["b", columns].tolist() == [0.0, 60.0, 60.0]
    served, known = served_and_known
    measured = customer_profitability.measure_profitability(
        session_engine, served.mutate(points_redeemed=3.0, points_without_cost=1.0), known)
    assert (measured.points_redeemed, measured.points_without_cost) == (600.0, 200.0)
    assert measured.table().set_index("quantity").loc["points_without_cost", "value"] == 200.0


@pytest.fixture
def served_and_known(session_engine):
    rng, n = np.random.default_rng(2), 200
    names, value = [f"c{i:03}" for i in range(n)], rng.gamma(2, 50, n)
    cost = 5 + 0.1 * value + rng.normal(0, 1, n)
    cost[:4] += 60
    served = pd.DataFrame({"customer_id": names, "cost_to_serve": cost, "net_sales": value, "margin": value / 2,
                           "profit": value / 2 - cost, "case_cost": cost} | dict.fromkeys(
        ("discounts", "contact_cost", "reward_cost", "n_occasions", "n_contacts", "n_replies", "n_cases",
         "n_complaints", "n_resolved", "n_fed_back", "handled_days", "n_handled", "n_promised", "n_late",
         "points_redeemed", "points_without_cost", "people_hours"), 0.0))
    known = pd.DataFrame({"customer_id": names, "tier": ["top"] * 20 + ["base"] * 180,
                          "tier_rank": [1] * 20 + [2] * 180, "margin": 999.0, "stage": ["mature"] * n,
                          "expected_value": value, "attitude": np.nan, "n_brought": 0, "age_days": 365})
    return session_engine.kept(session_engine.lazy(served)), session_engine.kept(session_engine.lazy(known))


def test_the_ledger_in_money_nets_and_who_costs_far_more_than_equals_is_found(session_engine, served_and_known):
    found = customer_profitability.measure_profitability(session_engine, *served_and_known)
    ledger = found.ledger(ledgers.TRANSACTIONAL).set_index("item")
    for tier in ("top", "base"):
        out = ledger.loc[["goods at cost", "service cases"], tier].sum()
        assert ledger.loc["sales at list price", tier] - out == pytest.approx(ledger.loc["profit", tier])
    assert list(ledger.columns) == ["side", "unit", "top", "base"]
    top = found.over.set_index("tier").loc["top"]
    assert top["n_over"] in {3, 4}
    assert found.over_served().value < 20
    assert not found.table().duplicated(["quantity", "segment"]).any()


def test_nobody_is_over_served_where_no_cost_is_recorded(session_engine, served_and_known):
    served, known = served_and_known
    found = customer_profitability.measure_profitability(session_engine, served.mutate(cost_to_serve=0.0), known)
    assert found.reason == "no cost of contacts, cases or rewards is recorded"
    assert found.over_served().status is Status.INSUFFICIENT
    assert found.over.empty


def test_people_have_time_by_contacts_of_a_person_and_by_cases(session_engine, sources):
    given = sources([], [{"case_id": "1", "customer_id": "a", "kind": "inquiry", "opened_at": at("2025-06-01")}],
                    [{"contact_id": str(i), "customer_id": "a", "sent_at": at("2025-07-01"), "channel": channel}
                     for i, channel in enumerate(("phone", "visit", "e-mail", None))])
    prices = customer_profitability.UnitCosts(0.3, 0.5, 5.0, contact_minutes=15.0, case_minutes=30.0)
    table = customer_profitability.cost_to_serve(session_engine, given, TimeWindow(date(2025, 1, 1), END), prices)
    assert session_engine.frame(table)[["people_hours", "n_contacts"]].to_numpy().tolist() == [[1.0, 4.0]]


def test_entries_have_the_interval_of_a_bootstrap_over_customers(session_engine, served_and_known):
    rng = np.random.default_rng(7)
    waits = rng.poisson(1.0, 200)
    days = waits * rng.gamma(2, 2, 200)
    served, known = served_and_known
    more = session_engine.kept(session_engine.lazy(pd.DataFrame({
        "customer_id": [f"c{i:03}" for i in range(200)], "n_handled": waits * 1.0, "handled_days": days,
        "n_cases": waits * 1.0})))
    served = served.drop("n_handled", "handled_days", "n_cases").inner_join(more, "customer_id")
    found = customer_profitability.measure_profitability(session_engine, served, known).entries
    row = found[(found["item"] == "wait until a case is done") & (found["segment"] == "base")].iloc[0]
    draws = rng.integers(20, 200, (2000, 180))
    again = days[draws].sum(axis=1) / waits[draws].sum(axis=1)
    assert row["value"] == pytest.approx(days[20:].sum() / waits[20:].sum())
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * again.std(), rel=0.1)


def tiers_with(item, best, lowest, half=0.5):
    ledger = next(of for of, name in ledgers.SERVICE_QUALITY if name == item)
    rows = [{"by": "tier", "segment": tier, "ledger": ledger, "side": ledgers.COST_SIDE, "item": item, "unit": "days",
             "value": value, "low": value - half, "high": value + half, "n": 50}
            for tier, value in (("top", best), ("base", lowest))]
    return pd.DataFrame(rows, columns=ledgers.ENTRY_COLUMNS)


@pytest.mark.parametrize(("item", "best", "lowest", "is_short"), [
    ("wait until a case is done", 5.0, 2.0, True), ("wait until a case is done", 2.0, 5.0, False),
    ("wait until a case is done", 2.3, 2.0, False), ("attitude", 2.0, 5.0, True), ("attitude", 5.0, 2.0, False)])
def test_the_best_are_short_changed_where_they_get_worse_beyond_the_interval(item, best, lowest, is_short):
    assert bool(ledgers.short_changed(tiers_with(item, best, lowest))) is is_short


def test_who_is_called_every_quarter_is_found_over_served_in_the_simulated_company(session_engine, large):
    tables = {name: session_engine.kept(canonical.conformed(session_engine.lazy(large.tables[name])))
              for canonical in (canonical_schema.TRANSACTIONS, canonical_schema.CASES, canonical_schema.CONTACTS,
                                canonical_schema.POINTS) for name in (canonical.name,)}
    served = customer_profitability.cost_to_serve(
        session_engine, customer_profitability.CostToServeTables.of(tables), TimeWindow(date(2025, 1, 1), END),
        customer_profitability.UnitCosts(0.4, 0.5, 5.0))
    known = session_engine.frame(served)
    is_courted = large.truth.customers.set_index("customer_id")["is_courted"][known["customer_id"]].to_numpy()
    hours = known["people_hours"].to_numpy()
    assert hours[is_courted].mean() > 4 * hours[~is_courted].mean()
    profile = session_engine.kept(session_engine.lazy(pd.DataFrame({
        "customer_id": known["customer_id"], "tier": "base", "tier_rank": 1, "stage": "mature",
        "expected_value": known["margin"], "attitude": np.nan, "n_brought": 0, "age_days": 365, "margin": 1.0})))
    over = customer_profitability.measure_profitability(session_engine, served, profile).over["n_over"].iloc[0]
    assert over == pytest.approx(is_courted.sum(), rel=0.35)


# --- indices ---------------------------------------------------------------------------------------------------------


def test_indices_are_means_of_the_segment_and_contribution_is_the_middle_rank(session_engine):
    n = 40
    profile = lazy(session_engine, {
        "customer_id": [f"c{i}" for i in range(n)], "tier": ["top"] * 8 + ["base"] * 32,
        "tier_rank": [1] * 8 + [2] * 32,
        "stage": ["new"] * n, "expected_value": np.arange(n, 0, -1.0), "margin": 1.0,
        "satisfaction": np.linspace(50, 89, n), "loyalty": np.nan, "recommend": np.linspace(89, 50, n)})
    found = customer_indices.index_scores(session_engine, profile)
    assert found.of("satisfaction").low < 69.5 < found.of("satisfaction").high
    assert found.of("contribution", "tier top").status is Status.INSUFFICIENT
    assert found.of("contribution", "tier base").value == pytest.approx(40.0)
    assert found.of("satisfaction").value == pytest.approx(69.5)
    assert found.of("loyalty") is None
    by = {e.segment: e.value for e in found.correlations}
    assert by["satisfaction with word of mouth"] == pytest.approx(-1)
    assert list(found.matrix().columns) == ["satisfaction", "contribution", "word of mouth"]


def test_an_index_that_is_fifty_by_construction_has_no_interval_and_that_of_a_tier_has_one(session_engine):
    n = 60
    profile = lazy(session_engine, {
        "customer_id": [f"c{i}" for i in range(n)], "tier": ["top"] * 20 + ["base"] * 40,
        "tier_rank": [1] * 20 + [2] * 40, "stage": ["new"] * n, "expected_value": np.arange(n, 0, -1.0), "margin": 1.0,
        "satisfaction": np.linspace(50, 89, n), "loyalty": np.nan, "recommend": np.nan})
    found = customer_indices.index_scores(session_engine, profile)
    everybody, best = found.of("contribution"), found.of("contribution", "tier top")
    assert everybody.value == pytest.approx(50)
    assert np.isnan([everybody.low, everybody.high]).all()
    assert best.low < best.value < best.high


def test_the_dissatisfied_among_the_best_are_counted_with_what_is_expected_of_them(session_engine):
    n = 200
    profile = lazy(session_engine, {
        "customer_id": [f"c{i:03}" for i in range(n)], "tier": "base", "tier_rank": 1, "stage": "new",
        "expected_value": np.arange(n) * 1.0, "margin": 1.0, "loyalty": np.nan, "recommend": np.nan,
        "satisfaction": np.where(np.arange(n) % 4 == 0, 30.0, 80.0)})
    best, others, gap, money = customer_indices.index_scores(session_engine, profile).dissatisfied
    assert (best.value, best.n, others.value, others.n) == (0.25, 40, 0.25, 160)
    assert gap.low < 0 < gap.high
    assert money.value == sum(range(160, 200, 4))


# --- retention economics ---------------------------------------------------------------------------------------------


def kept(value, half=0.02):
    return Estimate("retention", value, value - half, value + half, "share", 500)


def test_five_points_are_worth_what_the_geometric_series_says():
    found = retention_economics.retention_gain(kept(0.8), 100.0, 365, discount_rate=0.1, step=0.05, costs=COSTS)
    d = 1.1 ** (-365 / 365.25)
    old, new = (100 * sum((r * d) ** t for t in range(5)) for r in (0.8, 0.85))
    assert found.value(0.8, 5) == pytest.approx(old)
    gain = found.gain(5)
    assert gain.value == pytest.approx(new / old - 1)
    assert gain.low < gain.value < gain.high
    assert found.gain(1).value == pytest.approx(0)
    most = found.maximum_spend(5).value
    assert found.gain(5, most).value == pytest.approx(0)
    assert found.gain(5, COSTS.cost_per_customer).value < gain.value


@pytest.mark.parametrize(("base", "margin", "reason"), [
    (kept(0.8), -1.0, "customers bring no margin"), (kept(0.0), 9.0, "nobody was retained"),
    (kept(0.04), 9.0, "it is below 5 %, so that 5 more are out of reach"),
    (kept(1.0), 9.0, "everybody was retained"), (kept(0.8), float("nan"), "customers bring no margin"),
    (no_estimate("retention", Status.INSUFFICIENT, "too short"), 9.0, "too short")])
def test_where_nothing_can_be_gained_it_is_said(base, margin, reason):
    found = retention_economics.retention_gain(base, margin, 365, discount_rate=0.1, step=0.05, costs=COSTS)
    assert found.reason == reason
    assert found.reading().empty
    assert set(found.table()["status"]) == {"insufficient"}


# --- positioning -----------------------------------------------------------------------------------------------------


def asked(engine, shares, n=400, seed=3):
    """Return responses and items of n people: shares is attribute × brand."""
    rng = np.random.default_rng(seed)
    items = [{"item": f"{a}_{b}", "role": "brand_attribute", "construct": a, "subject": None if b == "us" else b,
              "scale_low": 0.0, "scale_high": 1.0} for a in shares.index for b in shares.columns]
    rows = [{"response_id": f"r{i:03}", "item": f"{a}_{b}", "score": float(rng.random() < shares.loc[a, b])}
            for i in range(n) for a in shares.index for b in shares.columns]
    return (engine.kept(canonical_schema.RESPONSES.conformed(engine.lazy(pd.DataFrame(rows)))),
            engine.kept(canonical_schema.ITEMS.conformed(engine.lazy(pd.DataFrame(items)))))


SHARES = pd.DataFrame({"us": [0.7, 0.2, 0.4], "Fast": [0.2, 0.7, 0.4], "Near": [0.65, 0.25, 0.4]},
                      index=["friendly", "cheap", "large"])


def test_the_map_shows_who_is_said_to_be_like_us_and_what_sets_us_apart(session_engine):
    found = perceptual_map.map_positioning(session_engine, *asked(session_engine, SHARES), seed=1)
    assert found.said.loc["friendly", "us"] == pytest.approx(0.7, abs=0.07)
    rivals = found.rivals()
    assert [name for name, _ in rivals] == ["Near", "Fast"]
    assert rivals[1][1]
    assert found.strengths()[0][0] == "friendly"
    assert found.strengths()[0][1].low > 0
    assert found.points()["kind"].tolist() == ["brand"] * 3 + ["attribute"] * 3
    assert not found.table().duplicated(["quantity", "segment"]).any()


def test_two_brands_have_shares_and_no_map_and_few_people_neither(session_engine):
    two = perceptual_map.map_positioning(session_engine, *asked(session_engine, SHARES[["us", "Fast"]]), seed=1)
    assert two.map is None
    assert two.strengths()[-1][0] == "cheap"
    few = perceptual_map.map_positioning(session_engine, *asked(session_engine, SHARES, n=12), seed=1)
    assert few.reason == "12 people answered, 30 are needed for a map"


# --- claims ----------------------------------------------------------------------------------------------------------


def test_claims_hold_or_not_by_the_own_figure_and_cannot_be_said_without_one(session_engine):
    equal = lazy(session_engine, {"customer_id": [f"{i:03}" for i in range(200)],
                                  "net_sales": np.linspace(90, 110, 200)})
    steep = lazy(session_engine, {"customer_id": [f"{i:04}" for i in range(2000)],
                                  "net_sales": np.random.default_rng(1).lognormal(0, 2.2, 2000)})
    gain = Estimate("gain", 0.4, 0.35, 0.45, "share", 9)
    none = no_estimate("saves", Status.INSUFFICIENT, "no costs", unit="share")
    for table, verdict in ((equal, "does not hold"), (steep, "holds")):
        found = textbook_claims.value_claims(
            textbook_claims.top_quintile_share(session_engine, table), gain, none, ("a", "b", "c")
        )
        assert [c.verdict for c in found] == [verdict, "holds", "cannot say"]
    assert textbook_claims.top_quintile_share(session_engine, equal.drop("net_sales")).status is Status.INSUFFICIENT


def test_referred_customers_who_cost_nothing_lower_the_mean_acquisition_cost_by_their_share(session_engine):
    people = canonical_schema.CUSTOMERS.conformed(session_engine.lazy(pd.DataFrame({
        "customer_id": [f"{i:03}" for i in range(400)], "referred_by": ["000", None, None, None] * 100,
        "acquisition_cost": [0.0, 9.0, 10.0, 11.0] * 100})))
    found = textbook_claims.acquisition_cost_saving(session_engine, people)
    assert found.value == pytest.approx(0.25)
    assert 0.2 < found.low < 0.25 < found.high < 0.3
    nobody = people.mutate(referred_by=people.referred_by.nullif("000"))
    assert textbook_claims.acquisition_cost_saving(session_engine, nobody).reason.startswith("fewer than 30 customers")
    free = people.mutate(acquisition_cost=people.acquisition_cost * 0)
    assert textbook_claims.acquisition_cost_saving(session_engine, free).reason == (
        "no customer acquisition cost is recorded")


def test_five_percent_more_old_customers_are_a_twentieth_of_those_kept():
    costs = retention_economics.RetentionCosts(0.0, 0.0, 0.0)
    economics = retention_economics.retention_gain(Estimate("kept", 0.4, 0.38, 0.42, "share", 500), 10.0, 365,
                                                   discount_rate=0.0, step=0.05, costs=costs)
    kept = [sum(r**t for t in range(5)) for r in (0.4, 0.42)]
    assert textbook_claims.gain_of_old_customers(economics).value == pytest.approx(kept[1] / kept[0] - 1)
