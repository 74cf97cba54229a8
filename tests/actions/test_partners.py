from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.actions import partners
from helpers.actions.config import PartnersConfig
from helpers.actions.partners import OWN_SHOP
from helpers.foundation.canonical_schema import ASSIGNMENTS, TRANSACTIONS
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.results import estimate_table
from helpers.simulation import company
from helpers.simulation.planted_experiments import JOINT, joint_programme
from helpers.simulation.planted_truth import World

ENGINE = Engine()
AS_OF = date(2025, 12, 31)
TERMS = PartnersConfig(experiment=JOINT)


@pytest.fixture(scope="module")
def simulated():
    return company.simulate_company(customers=3000)


@pytest.fixture(scope="module")
def sets(simulated):
    lines = TRANSACTIONS.conformed(ENGINE.lazy(simulated.tables["canonical/transactions"]))
    return partners.customer_sets(ENGINE, lines, AS_OF, 365, 0.4)


def test_customers_and_margin_by_set_of_partners_are_those_of_the_lines(simulated, sets):
    lines = simulated.tables["canonical/transactions"]
    own = lines[lines["customer_id"].notna() & lines["kind"].isin(["sale", "refund"])
                & (lines["ordered_at"] >= pd.Timestamp("2025-01-01"))]
    own = own.assign(partner=own["partner_id"].astype("object").fillna(OWN_SHOP),
                     margin=own["amount"] - own["quantity"] * own["unit_cost"])
    by = own.groupby("customer_id").agg(partners=("partner", lambda p: tuple(sorted(set(p), key=lambda x: (
        x != OWN_SHOP, x)))), margin=("margin", "sum"))
    expected = by.groupby("partners")["margin"].agg(["size", "sum"])
    found = sets.assign(partners=[tuple(sorted(p, key=lambda x: (x != OWN_SHOP, x))) for p in sets["partners"]])
    found = found.set_index("partners")
    assert found["n_customers"].to_dict() == expected["size"].to_dict()
    assert found["margin"][expected.index].to_numpy() == pytest.approx(expected["sum"].to_numpy())
    assert len(found) > 10


def test_the_coverage_game_splits_each_margin_evenly_among_those_who_serve_the_customer(sets):
    game = partners.coverage_game(sets)
    found = {e.segment: e.value for e in game.shares()}
    for name in game.players:
        expected = sum(m / len(names) for names, m in zip(sets["partners"], sets["margin"], strict=True)
                       if name in names)
        assert found[name] == pytest.approx(expected)
    assert sum(found.values()) == pytest.approx(sets["margin"].sum())
    assert not game.is_measured


def test_the_result_table_holds_each_quantity_of_each_partner_once_and_no_count_under_ten(sets):
    arms = pd.DataFrame({"variant": ["none", "A", "B", "A + B"], "n": 100, "mean": [10.0, 12, 13, 20], "variance": 1.0})
    points = pd.DataFrame({"partner": [OWN_SHOP, "Atlas"], "issued": [100.0, 300.0], "redeemed": [150.0, 50.0]})
    terms = partners.programme_terms(points, partners.coverage_game(sets).shares(), TERMS)
    found = estimate_table(partners.partner_estimates(sets, partners.measured_game(arms, "none"), terms))
    assert not found.duplicated(["quantity", "segment"]).any()
    values = found.set_index(["quantity", "segment"])["value"]
    assert values["coalition value, measured", "A"] == pytest.approx(4.5)
    assert values["synergy, measured", "A + B"] == pytest.approx(5.0)
    assert values["terms: net", "Atlas"] == pytest.approx(terms.set_index("partner").loc["Atlas", "net"])
    assert values["coalition value, by whom each serves"].sum() == pytest.approx(sets["margin"].sum())
    assert (values["customers in common"] >= 10).all()
    assert partners.partner_estimates(sets.head(0), None, terms.head(0)) == []


def test_no_coalition_does_better_alone_where_no_margin_is_negative():
    rng = np.random.default_rng(4)
    for _ in range(20):
        names = ["a", "b", "c", OWN_SHOP]
        rows = [tuple(n for n, take in zip(names, rng.random(4) < 0.5, strict=True) if take) or ("a",)
                for _ in range(30)]
        sets = pd.DataFrame({"partners": rows, "n_customers": 1, "margin": rng.exponential(10, 30)}).assign(
            margin_squared=lambda t: t["margin"] ** 2)
        game = partners.coverage_game(sets)
        assert game.excesses()[0].value <= 1e-9
        assert game.least_excess() <= 1e-9


def test_customers_in_common_are_counted_once_for_each_pair(sets):
    common = partners.customers_in_common(sets)
    assert (common.to_numpy() == common.to_numpy().T).all()
    both = sum(n for names, n in zip(sets["partners"], sets["n_customers"], strict=True)
               if {"Atlas", "Borealis"} <= set(names))
    assert common.loc["Atlas", "Borealis"] == both > 0


def test_more_partners_than_can_be_told_apart_and_those_of_few_customers_count_as_one():
    n, each = 240, 12
    lines = pd.DataFrame({"order_id": [f"o{i}" for i in range(n + 1)], "line": 1, "kind": "sale",
                          "customer_id": [f"c{i % each}" for i in range(n + 1)], "amount": 10.0,
                          "ordered_at": pd.Timestamp("2025-11-01"),
                          "partner_id": [*(f"p{i // each:02d}" for i in range(n)), "of one customer"]})
    found = partners.customer_sets(ENGINE, TRANSACTIONS.conformed(ENGINE.lazy(lines)), AS_OF, 365, 0.5)
    players = partners.coverage_game(found).players
    assert len(players) == partners.MAX_PARTNERS
    assert partners.OTHERS in players
    assert found["margin"].sum() == pytest.approx(5.0 * (n + 1))
    few = TRANSACTIONS.conformed(ENGINE.lazy(lines[lines["partner_id"].isin(["p00", "of one customer"])]))
    assert set(partners.coverage_game(partners.customer_sets(ENGINE, few, AS_OF, 365, 0.5)).players) == {
        "p00", partners.OTHERS}


def test_without_partners_there_are_no_sets():
    lines = pd.DataFrame({"order_id": ["o"], "line": 1, "kind": "sale", "customer_id": "c", "amount": 10.0,
                          "ordered_at": pd.Timestamp("2025-11-01")})
    assert partners.customer_sets(ENGINE, TRANSACTIONS.conformed(ENGINE.lazy(lines)), AS_OF, 365, 0.5).empty


@pytest.fixture(scope="module")
def block():
    return next(company.blocks(1200, 7)).block


def test_the_planted_synergy_of_two_partners_and_their_shares_are_recovered_as_often_as_stated(block):
    world = World()
    one, other, both = world.partner_gains
    true = {"Atlas": one + both / 2, "Borealis": other + both / 2, "Atlas + Borealis": both}
    inside = dict.fromkeys(true, 0)
    for seed in range(400):
        rows = joint_programme(world, np.random.default_rng(seed), block).to_pandas()
        arms = rows.groupby("variant")["metric_margin"].agg(n="size", mean="mean", variance="var").reset_index()
        game = partners.measured_game(arms, "none")
        for e in (*game.shares(), *game.synergies()):
            inside[e.segment] += e.low <= true[e.segment] <= e.high
    assert {name: n / 400 for name, n in inside.items()} == pytest.approx(
        dict.fromkeys(true, 0.95), abs=4 * np.sqrt(0.05 * 0.95 / 400))


def test_the_arms_of_the_experiment_are_read_from_the_records(simulated):
    rows = simulated.tables["canonical/assignments"]
    table = ASSIGNMENTS.conformed(ENGINE.lazy(rows))
    arms = partners.arm_means(ENGINE, table, TERMS)
    own = rows[rows["experiment"] == JOINT].groupby("variant")["metric_margin"]
    assert arms.set_index("variant")["mean"].to_dict() == pytest.approx(own.mean().to_dict())
    assert arms.set_index("variant")["variance"].to_dict() == pytest.approx(own.var().to_dict())
    assert partners.measured_game(arms, "none").is_measured
    assert partners.arm_means(ENGINE, table, PartnersConfig()).empty
    with pytest.raises(InputError, match="the records hold no experiment 'other'"):
        partners.arm_means(ENGINE, table, PartnersConfig(experiment="other"))
    assert partners.arm_means(ENGINE, table, PartnersConfig(experiment="other"), ["other"]).empty  # not begun
    with pytest.raises(InputError, match="have no column 'metric_none'"):
        partners.arm_means(ENGINE, table, PartnersConfig(experiment=JOINT, metric="metric_none"))


def test_a_coalition_without_an_arm_is_named():
    arms = pd.DataFrame({"variant": ["none", "a", "a + b"], "n": 10, "mean": 1.0, "variance": 1.0})
    with pytest.raises(InputError, match="these coalitions have no arm: b"):
        partners.measured_game(arms, "none")


def test_terms_of_a_joint_programme_add_up_and_a_balancing_price_leaves_nothing_over(sets):
    points = pd.DataFrame({"partner": [OWN_SHOP, "Atlas", "Borealis"], "issued": [900.0, 300.0, 300.0],
                           "redeemed": [300.0, 600.0, 100.0]})
    terms = PartnersConfig(price_issued=0.01, price_redeemed=0.02, running_cost=50.0)
    found = partners.programme_terms(points, partners.coverage_game(sets).shares(), terms)
    assert found["pays"].sum() == pytest.approx(15.0 + 50.0)
    assert found["receives"].sum() == pytest.approx(20.0)
    row = found.set_index("partner").loc[OWN_SHOP]
    assert row["break_even"] * row["coalition_value"] == pytest.approx(-row["net"])
    price = partners.balancing_price(points, terms)
    balanced = terms.model_copy(update={"price_redeemed": price, "running_cost": 0.0})
    left = partners.programme_terms(points, partners.coverage_game(sets).shares(), balanced)
    assert left["pays"].sum() == pytest.approx(left["receives"].sum())
    assert np.isnan(partners.balancing_price(points.assign(redeemed=0.0), terms))
