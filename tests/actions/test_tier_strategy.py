import math
from datetime import date
from itertools import product
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from helpers.actions import tier_strategy
from helpers.actions.config import ActionsConfig, Stage, TierStrategy
from helpers.actions.effort_allocation import FOR_TESTING, MEASURED, effort_or_plan, plan_effort
from helpers.actions.plan_summary import proposed_decisions
from helpers.actions.response_curves import POWER, ResponseCurves, no_curves
from helpers.actions.tier_strategy import COST_ABOVE_MARGIN, LITTLE_FOR_MARGIN
from helpers.foundation import spreadsheets
from helpers.reporting import tier_sections
from helpers.reporting.text import tier_allocation as text
from helpers.value.schema import LIFE_CYCLE_STAGES

UNMEASURED = no_curves("nobody has tried")

NO_POWER = pd.DataFrame(columns=POWER)


def value_of(n=40):
    return pd.DataFrame({"customer_id": [f"c{i:02d}" for i in range(n)], "tier": np.resize(["top", "base"], n),
                         "tier_rank": np.resize([1, 2], n), "stage": np.resize(["new", "mature", None], n)})


def served_of(n=40, cost=0.0, margin=10.0):
    money = dict.fromkeys(["contact_cost", "case_cost", "reward_cost"], 0.0)
    return pd.DataFrame({"customer_id": [f"c{i:02d}" for i in range(n)], "n_contacts": 1.0, "margin": margin,
                         "cost_to_serve": cost, **money}).assign(profit=lambda t: t["margin"] - t["cost_to_serve"])


def test_strategies_know_every_stage_of_the_life_cycle():
    assert get_args(Stage) == (*LIFE_CYCLE_STAGES, tier_strategy.NOT_KNOWN)


def test_every_tier_and_stage_has_a_strategy_by_default():
    cells = pd.DataFrame(product(range(1, 6), get_args(Stage)), columns=["tier_rank", "stage"])
    value = cells.assign(customer_id=cells.index.astype(str), tier="t")
    found = tier_strategy.with_strategy(value, served_of(0), ActionsConfig().strategies)
    assert (found["strategy"] != "").all()
    assert set(found["strategy"]) == {one.name for one in ActionsConfig().strategies}


def test_the_first_strategy_that_fits_is_a_customers_and_others_have_none():
    strategies = (TierStrategy(name="first", lowest_tier=1, stages=("new",)),
                  TierStrategy(name="second", stages=("new",)))
    found = tier_strategy.with_strategy(value_of(6), served_of(6), strategies)
    assert found["strategy"].tolist() == ["first", "", "", "second", "", ""]
    assert found["stage"].tolist()[2] == tier_strategy.NOT_KNOWN


def test_a_strategy_is_told_with_what_its_customers_cost_and_brought():
    served = served_of(40, cost=np.arange(40.0), margin=100.0)
    found = tier_strategy.with_strategy(value_of(), served, ActionsConfig().strategies)
    table = tier_strategy.strategy_table(found, ActionsConfig().strategies)
    assert table["n_customers"].sum() == 40
    assert (table["cost_to_serve"] * table["n_customers"]).sum() == pytest.approx(np.arange(40).sum())
    assert table["profit"].tolist() == pytest.approx((100 - table["cost_to_serve"]).tolist())


def balanced():
    cost, margin = np.full(40, 5.0), np.full(40, 20.0)
    cost[:12], margin[:12] = 50.0, 2.0
    cost[12:24], margin[12:24] = 0.0, 400.0
    customers = tier_strategy.with_strategy(value_of(), served_of(40, cost, margin), ActionsConfig().strategies)
    return tier_strategy.balance_of_service(customers)


def test_who_costs_more_than_they_bring_and_the_reverse_are_told_apart():
    found = balanced()
    assert set(found.loc[found["balance"] == COST_ABOVE_MARGIN, "customer_id"]) == {f"c{i:02d}" for i in range(12)}
    assert set(found.loc[found["balance"] == LITTLE_FOR_MARGIN, "customer_id"]) <= {f"c{i:02d}" for i in range(12, 24)}


def test_where_nothing_was_spent_nobody_is_called_either():
    customers = tier_strategy.with_strategy(value_of(), served_of(), ActionsConfig().strategies)
    assert tier_strategy.balance_of_service(customers).empty
    assert text.balance_sentences(tier_strategy.balance_of_service(customers)) == (text.NO_BALANCE,)


def test_the_balance_asks_for_a_decision_that_claims_no_gain():
    nobody = pd.DataFrame({"variant": pd.Series(dtype="object")})
    none = proposed_decisions(nobody, ActionsConfig(), date(2026, 1, 1), 90)
    found = balanced()
    whole = pd.concat([found, found.assign(balance=LITTLE_FOR_MARGIN).head(10)])
    asked = tier_strategy.with_balance_decision(none, whole, ActionsConfig(), date(2026, 1, 1), 90, "EUR")
    assert len(asked) == 1
    assert asked["decision"].iloc[0] == "Serve 12 customers at lower cost (balance-of-service.xlsx)"
    assert asked["gain"].iloc[0].endswith("they cost €142 more than they bring in 90 days: at most that is freed, for "
                                          "those who bring much and get little")
    assert asked["worst_case"].iloc[0] == pytest.approx(24.0 * 90 / 365)  # to the day on which it stops
    assert "no control group" in asked["confidence"].iloc[0]
    few = whole.groupby("balance").head(5)
    assert tier_strategy.with_balance_decision(none, few, ActionsConfig(), date(2026, 1, 1), 90).empty


def test_the_file_of_both_groups_tells_how_to_serve_each_and_on_what_was_spent(tmp_path):
    found = balanced()
    content = tier_strategy.balance_file(found, ActionsConfig().strategies, "balance of 2026-01-01")
    (tmp_path / tier_strategy.BALANCE_FILE).write_bytes(content[tier_strategy.BALANCE_FILE])
    sheets = {sheet.name: sheet.rows for sheet in spreadsheets.read_sheets(tmp_path / tier_strategy.BALANCE_FILE)}
    rows = sheets[COST_ABOVE_MARGIN].set_index("customer id").astype("object").fillna("")
    assert {name: len(part) for name, part in sheets.items()} == found["balance"].value_counts().to_dict()
    assert {"contact cost", "case cost", "reward cost", "cost to serve"} <= set(rows.columns)
    assert set(rows["campaign"]) == {"balance of 2026-01-01"}
    served = {one.name: one.service for one in ActionsConfig().strategies}
    assert rows["serve by"].tolist() == [served[name] for name in rows["strategy"]]


def plan_of(n=40):
    return pd.DataFrame({"customer_id": [f"c{i:02d}" for i in range(n)], "tier": np.resize(["top", "base"], n),
                         "tier_rank": np.resize([1, 2], n), "margin_at_risk": np.resize([30.0, 10.0], n),
                         "variant": "treated", "cost_expected": 2.0, "channel": np.resize(["phone", "e-mail"], n)})


def effort_of(actions, curves, config=None, recent=None):
    config = config or ActionsConfig()
    today = effort_or_plan(pd.DataFrame() if recent is None else recent, actions, config.personal_channels)
    return plan_effort(actions, today, config, curves, 90)


def test_unmeasured_effort_goes_by_margin_at_risk_and_keeps_its_total():
    found = effort_of(plan_of(), UNMEASURED)
    assert (found.basis, found.today) == (FOR_TESTING, "this round's list")
    assert found.table["money_today"].tolist() == [40.0, 40.0]
    assert found.table["money_proposed"].tolist() == pytest.approx([60.0, 20.0])
    assert found.table["people_proposed"].sum() == pytest.approx(20.0)
    assert found.table["kept_proposed"].isna().all()
    said = text.allocation_sentences(found)[0]
    assert "nobody has tried" in said
    assert said.endswith("No gain is claimed.")


def test_where_margin_at_risk_is_not_known_either_no_effort_is_proposed():
    found = effort_of(plan_of().assign(margin_at_risk=np.nan), UNMEASURED)
    assert found.table["margin_at_risk"].isna().all()
    assert found.table[["money_proposed", "people_proposed"]].isna().all(axis=None)
    assert text.allocation_sentences(found)[0].endswith(
        "Nor is margin at risk known, so nothing else is proposed than today's 80.00 (this round's list).")
    shown = tier_sections.effort_overview(found, NO_POWER, math.nan, "", 90).text
    assert "Money by tier, today\n" in shown
    assert "proposed" not in shown.replace("nothing else is proposed", "")


def test_unmeasured_effort_says_by_tier_how_large_a_test_would_measure_it_and_measured_effort_does_not():
    power = pd.DataFrame([["top", 40.0, 10.0, 10.0, 50.0, 49.5, 393.0, 25.0],
                          ["base", np.nan, np.nan, 2.0, 6.0, np.nan, 142.0, np.nan]], columns=POWER)
    shown = tier_sections.effort_overview(effort_of(plan_of(), UNMEASURED), power, 4.0, "EUR", 90)
    assert "takes least in tier base: 142 customers in each arm." in shown.text
    assert "it takes at least 4 lists like this one to measure the curve of response to spending." in shown.text
    assert text.POWER_HEADINGS["needed_in_each_arm"] in shown.html
    larger = text.power_sentences(power.head(1), math.nan)
    assert larger[0].endswith("393 customers in each arm, 25 lists like this one.")
    assert "needs larger lists" in larger[1]
    curves = ResponseCurves(("top", "base"), np.array([40.0, 4.0]), 3.0, np.diag([4.0, 0.1, 0.01]), 10.0)
    measured = tier_sections.effort_overview(effort_of(plan_of(), curves), power, 4.0, "EUR", 90)
    assert text.POWER_HEADINGS["needed_in_each_arm"] not in measured.html


def test_nobody_is_proposed_more_contacts_than_the_cap():
    recent = pd.DataFrame({"customer_id": [f"c{i:02d}" for i in range(40)], "money": 9.0, "people": 3.0, "tools": 0.0})
    found = effort_of(plan_of(), UNMEASURED, ActionsConfig(max_contacts=1, contact_days=90), recent)
    assert found.table["people_proposed"].tolist() == pytest.approx([20.0, 20.0])


def test_measured_effort_leaves_more_than_todays_within_the_same_money_people_and_tools():
    curves = ResponseCurves(("top", "base"), np.array([40.0, 4.0]), 3.0, np.diag([4.0, 0.1, 0.01]), 10.0)
    found = effort_of(plan_of(), curves)
    assert found.basis == MEASURED
    net = {when: (found.table[f"kept_{when}"] - found.table[f"money_{when}"]).sum() for when in ("today", "proposed")}
    assert net["proposed"] > net["today"]
    for name in ("money", "people", "tools"):
        assert found.table[f"{name}_proposed"].sum() <= found.table[f"{name}_today"].sum() * (1 + 1e-6)
    assert found.table.set_index("tier").loc["top", "kept_proposed_low"] > 0
    amounts = found.amounts().set_index(["series", "tier"])
    assert list(dict.fromkeys(amounts.index.get_level_values("series"))) == [
        "money in, today", "money in, proposed", "margin kept, today", "margin kept, proposed"]
    assert amounts.loc[("margin kept, proposed", "top"), ["amount", "low", "high"]].tolist() == found.table.set_index(
        "tier").loc["top", ["kept_proposed", "kept_proposed_low", "kept_proposed_high"]].tolist()
    shown = tier_sections.effort_overview(found, NO_POWER, math.nan, "EUR", 90)
    assert "margin kept, proposed" in shown.html
    assert "<details" in shown.html
    assert text.allocation_sentences(found)[0].startswith("By the response that earlier lists measured")


def test_a_tier_whose_response_is_not_measured_keeps_its_money_beside_one_whose_is_and_has_no_bar_of_margin():
    curves = ResponseCurves(("base",), np.array([4.0]), 3.0, np.diag([0.1, 0.01]), 10.0)
    found = effort_of(plan_of(), curves)
    by = found.table.set_index("tier")
    assert by.loc["top", "money_proposed"] == by.loc["top", "money_today"] > 0
    assert by["money_proposed"].sum() <= by["money_today"].sum() * (1 + 1e-6)
    assert by["kept_proposed"].isna().to_dict() == {"top": True, "base": False}
    assert text.allocation_sentences(found)[1].startswith("Not measured is tier top: the money there stays as it is")
    assert found.amounts().query("series == 'margin kept, proposed'")["tier"].tolist() == ["base"]
    assert "margin kept, proposed" in tier_sections.effort_overview(found, NO_POWER, math.nan, "EUR", 90).html


def test_without_any_effort_one_sentence_says_so_and_nothing_is_drawn():
    found = effort_of(plan_of().assign(cost_expected=0.0), UNMEASURED)
    assert tier_sections.effort_overview(found, NO_POWER, math.nan, "EUR", 90).text == text.NO_EFFORT


def test_the_study_budget_caps_what_is_proposed():
    found = effort_of(plan_of(), UNMEASURED, ActionsConfig(budget=10.0))
    assert found.table["money_proposed"].sum() == pytest.approx(10.0)


def test_the_title_names_the_tier_whose_share_moves_most():
    assert text.allocation_title(effort_of(plan_of(), UNMEASURED)) == (
        "Tier top gets 50.0 % of the money today; by margin at risk, for testing it would get 75.0 %")
