from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.customers.purchases import purchase_occasions
from helpers.foundation import canonical_schema
from helpers.foundation.results import Estimate, Level, Status, no_estimate
from helpers.loyalty import dick_basu, dick_basu_uncertainty, quality_gates, web_behaviour
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import classify_loyalty
from helpers.loyalty.loyalty_penalty import OLD_TO_NEW_PRICE
from helpers.reporting import loyalty_sections
from helpers.stats import confidence_intervals

CYCLE = {"true": (90, 0.8), "latent": (90, 0.1), "spurious": (40, 0.8), "none": (40, 0.1)}


@pytest.fixture
def company(said, bought, signed):
    """Return people and attitudes: so many of each kind, others known by one side only."""
    def make(counts, others=0, loading=1.5, n_items=4):
        rows = {f"{kind}{i:03}": CYCLE[kind] for kind, n in counts.items() for i in range(n)}
        attitudes = said({p: a for p, (a, _) in rows.items()}, loading, n_items)
        behaved = bought({**{p: b for p, (_, b) in rows.items()}, **{f"x{i:03}": 0.1 for i in range(others)}})
        return classify_loyalty(
            attitudes, behaved, signed(), LoyaltyConfig(), dick_basu_uncertainty.why_not_reported(attitudes)
        ), attitudes
    return make


def found(people, attitudes):
    return {e.quantity: e for e in dick_basu_uncertainty.dick_basu_estimates(people, attitudes)}


def test_shares_are_of_those_with_both_sides_and_carry_the_adjusted_wald_interval(company):
    table = found(*company({"true": 10, "latent": 20, "spurious": 30, "none": 40}, others=60))
    assert [table[q].value for q in dick_basu_uncertainty.KIND_SHARES] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert table["share latent"].high == pytest.approx(confidence_intervals.share_interval(0.2, 100).high)
    assert (table["share true"].n, table["people: behaviour only"].value, table["people: true"].value) == (100, 60, 10)


def test_nine_people_with_both_sides_are_insufficient_and_no_kind_is_zero(company):
    table = found(*company({"true": 9}))
    assert {table[q].status for q in dick_basu_uncertainty.KIND_SHARES} == {Status.INSUFFICIENT}
    assert dick_basu_uncertainty.attitude_behaviour_table(company({"true": 9})[0]).isna().all(axis=None)


def test_kinds_into_which_nobody_could_be_sorted_are_not_counted_as_zero(company):
    table = found(*company({}, others=40))
    assert {table[f"people: {kind}"].status for kind in dick_basu.LOYALTY_KINDS} == {Status.INSUFFICIENT}
    assert table["people: behaviour only"].value == 40


def test_a_cell_that_would_follow_from_the_others_is_empty_too(company):
    people, _ = company({"true": 11, "latent": 60, "spurious": 1, "none": 40})
    cells = dick_basu_uncertainty.attitude_behaviour_table(people)
    assert cells["repeats"].isna().all(), "eleven of the twelve who repeat would give away the one"
    assert cells["rarely or never repeats"].notna().all()


def test_an_unreliable_attitude_strikes_the_kinds_and_leaves_the_counts(company):
    people, attitudes = company({"true": 20, "none": 20}, loading=0.3)
    table = found(people, attitudes)
    assert {table[q].status for q in dick_basu_uncertainty.KIND_SHARES} == {Status.STRUCK}
    assert table["people: not told apart"].value == 40
    gates = {g.gate: g for g in quality_gates.dick_basu_gates(people, attitudes)}
    assert (gates["alpha of attitude"].level, gates["alpha of attitude"].is_crossed) == (Level.STRIKE, True)


def test_a_single_question_leaves_the_measurement_error_unknown_and_the_kinds_standing(company):
    table = found(*company({"true": 20, "none": 20}, n_items=1))
    assert table["share true"].value == 0.5
    assert table[dick_basu_uncertainty.SHARE_NEAR_CUT].reason == "the measurement error of attitude is not known"
    assert table["standard error of measurement of attitude"].reason == "a single question"


def test_the_crossing_has_attitude_in_rows_and_behaviour_in_columns(company):
    cells = dick_basu_uncertainty.attitude_behaviour_table(
        company({"true": 10, "latent": 20, "spurious": 30, "none": 40})[0]
    )
    assert cells.to_numpy().tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert (cells.index.name, cells.columns.name) == ("attitude", "behaviour")


def test_attitude_and_behaviour_that_go_together_are_seen_and_a_constant_is_not_zero(company):
    assert found(*company({"true": 30, "none": 30}))[
        dick_basu_uncertainty.ATTITUDE_BEHAVIOUR_CORRELATION
    ].value == pytest.approx(1)
    alike = found(*company({"true": 30}))[dick_basu_uncertainty.ATTITUDE_BEHAVIOUR_CORRELATION]
    assert (alike.status, alike.reason) == (Status.INSUFFICIENT, "attitude or behaviour is the same for everybody")


def test_those_who_answered_are_compared_with_those_who_did_not(company):
    table = found(*company({"true": 15, "latent": 15}, others=30))
    assert table[dick_basu_uncertainty.SURVEYED_DIFFERENCE].value == pytest.approx(100 * (0.45 - 0.1))
    assert table[dick_basu_uncertainty.SURVEYED_DIFFERENCE].low > 0
    assert table[dick_basu_uncertainty.SURVEYED_DIFFERENCE].unit == "percentage points"
    assert table[dick_basu_uncertainty.SURVEYED_DIFFERENCE].n == 60, "of both sides"
    assert (
        found(*company({"true": 15}))[dick_basu_uncertainty.SURVEYED_DIFFERENCE].reason
        == "in one of the groups nobody to speak of"
    )
    people, attitudes = company({"true": 15, "latent": 15}, others=30)
    never = people.assign(share_active=people["share_active"].where(people["attitude"].notna(), 0.0))
    assert found(never, attitudes)[dick_basu_uncertainty.SURVEYED_DIFFERENCE].reason == (
        "30 of one group all bought in no period")


@pytest.mark.parametrize(("attitude", "is_crossed"), [(71, True), (99, False)])
def test_more_than_a_quarter_near_the_cut_qualifies_the_kinds(said, bought, signed, attitude, is_crossed):
    ids = [f"c{i}" for i in range(40)]
    attitudes = said(dict.fromkeys(ids, attitude))
    people = classify_loyalty(attitudes, bought(dict.fromkeys(ids, 1.0)), signed(), LoyaltyConfig())
    gate = next(g for g in quality_gates.dick_basu_gates(people, attitudes) if g.gate ==
                "people near the loyalty threshold")
    assert (gate.is_crossed, gate.level) == (is_crossed, Level.QUALIFY)


def test_the_people_gate_counts_those_who_miss_a_side(company):
    gate = quality_gates.dick_basu_gates(*company({"true": 29}, others=13))[0]
    assert (gate.statistic, gate.threshold, gate.is_crossed, gate.level) == (29, 30, True, Level.QUALIFY)
    assert gate.sentence.startswith(
        "29 people have both survey and order data and began long enough ago to be judged (order or contract data "
        "only: 13")
    assert (
        "order or contract data only: fewer than 10"
        in quality_gates.dick_basu_gates(*company({"true": 29}, others=3))[0].sentence
    )
    assert "(membership data only: 13)" in quality_gates.dick_basu_gates(
        *company({"true": 29}, others=13), "membership")[0].sentence
    assert quality_gates.dick_basu_gates(*company({"true": 30}))[0].is_crossed is False
    assert quality_gates.dick_basu_gates(*company({}))[0].level is Level.STRIKE


@pytest.fixture
def monthly(session_engine):
    """Return occasions of forty customers, of whom the first `n_often` buy every month and the others once."""
    def make(n_often):
        days = pd.date_range("2025-01-01", periods=12, freq="30D")
        rows = [(f"c{i:02}", on) for i in range(40) for on in (days if i < n_often else days[:1])]
        frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at"]).assign(kind="sale", amount=1.0, line=1)
        frame = frame.assign(order_id=[f"o{i}" for i in range(len(frame))])
        return purchase_occasions(canonical_schema.TRANSACTIONS.conformed(session_engine.lazy(frame)), date(2026, 1, 1))
    return make


def test_a_setting_with_a_kind_of_few_people_has_no_row_since_others_with_its_margins_would_tell_it(
        monthly, said, signed):
    attitudes = said({f"c{i:02}": 75 if i < 15 else 50 for i in range(40)})
    of_few, of_many = (dick_basu_uncertainty.cut_sensitivity(
        attitudes, monthly(n), signed(), date(2026, 1, 1), LoyaltyConfig())["setting"].to_list() for n in (3, 0))
    assert not of_few, "three who repeat are of one kind or another under every threshold"
    assert "as assumed" in of_many


def test_sensitivity_moves_one_thing_at_a_time_and_starts_as_assumed(monthly, said, signed):
    as_of, assumed, spent = date(2026, 1, 1), LoyaltyConfig(), monthly(20)
    attitudes = said({f"c{i:02}": 75 if i % 2 else 50 for i in range(40)})
    table = dick_basu_uncertainty.cut_sensitivity(attitudes, spent, signed(), as_of, assumed)
    assert table["setting"].to_list() == list(dick_basu_uncertainty.sensitivity_settings(assumed))
    assert [name for name in table["setting"] if name.startswith("purchase")] == [
        "purchase in 1/3 of periods", "purchase in 2/3 of periods"], "67 % would be another cut"
    assert table.loc[0, ["true", "latent", "spurious", "none"]].to_list() == [0.25] * 4
    assert table.set_index("setting").loc["attitude from 80", "true"] == 0
    assert np.allclose(table[["true", "latent", "spurious", "none"]].sum(axis=1), 1)
    whole = classify_loyalty(attitudes, dick_basu.repeat_purchase(spent, as_of, assumed), signed(), assumed)
    assert (whole["kind"] == "true").mean() == table.loc[0, "true"]


def test_sensitivity_of_too_few_people_has_no_rows(session_engine, said, signed):
    nothing = purchase_occasions(session_engine.lazy(canonical_schema.TRANSACTIONS.empty()), date(2026, 1, 1))
    assert dick_basu_uncertainty.cut_sensitivity(said({}), nothing, signed(), date(2026, 1, 1), LoyaltyConfig()).empty


@pytest.mark.parametrize(("second", "n_apart"), [("commit", 2), ("intend", 0)])
def test_kinds_that_mix_waves_with_other_questions_are_qualified(
        catalogued, surveyed, bought, signed, second, n_apart):
    known = catalogued({"item": "intend", "role": "intention"}, {"item": "commit", "role": "commitment"})
    who = [{"response_id": f"{w}{i}", "wave": w} for w in "ab" for i in range(12)]
    rows = [(r["response_id"], "intend" if r["wave"] == "a" else second, 4) for r in who]
    said = dick_basu.measure_attitudes(surveyed(known, rows, who), known, LoyaltyConfig())
    assert (said.waves.n_apart, said.waves.n) == (n_apart, 2)
    people = classify_loyalty(said, bought({}), signed(), LoyaltyConfig(), "")
    gate = next(g for g in quality_gates.dick_basu_gates(people, said) if "other questions" in g.gate)
    assert (gate.is_crossed, str(gate.level), gate.claims) == (n_apart > 0, "qualify", "types of loyalty")
    asked = next(
        e for e in dick_basu_uncertainty.dick_basu_estimates(people, said) if e.quantity == "question of share true"
    )
    assert asked.segment == "commit + intend"


def test_survey_weights_reach_the_shares_of_the_kinds_their_matrix_and_the_attitude(said, bought, signed):
    values = {f"c{i:02}": 90.0 if i < 30 else 20.0 for i in range(60)}
    attitudes = said(values)
    heavy = replace(attitudes, people=attitudes.people.assign(weight=[3.0] * 30 + [1.0] * 30))
    found = {}
    for name, each in (("even", attitudes), ("heavy", heavy)):
        people = classify_loyalty(each, bought(dict.fromkeys(values, 1.0)), signed(), LoyaltyConfig())
        rows = {e.quantity: e.value for e in dick_basu_uncertainty.dick_basu_estimates(people, each)}
        found[name] = rows["share true"], rows["attitude"], float(
            dick_basu_uncertainty.attitude_behaviour_table(people).loc["strong", "repeats"])
    assert found["even"] == pytest.approx((0.5, 55.0, 0.5))
    assert found["heavy"] == pytest.approx((0.75, 72.5, 0.75))


def test_one_to_nine_people_who_are_not_classified_stand_with_the_next_smallest():
    assert dick_basu.unclassified_groups({"behaviour only": 847, "attitude only": 4, "answered, too early": 42,
                                          "too early": 407}) == [
        (("behaviour only",), 847), (("too early",), 407), (("attitude only", "answered, too early"), 46)]
    assert dick_basu.unclassified_groups({"attitude only": 250}) == [(("attitude only",), 250)]
    assert dick_basu.unclassified_groups({}) == []


def test_a_sample_of_orders_tells_nothing_of_repeat_purchase():
    assert quality_gates.order_sample_gates(LoyaltyConfig()) == []
    sampled = LoyaltyConfig(is_order_sample=True)
    (gate,) = quality_gates.order_sample_gates(sampled)
    assert (gate.is_crossed, gate.level) == (True, Level.STRIKE)
    assert gate.sentence == ("The records are a sample of orders, and other orders of the same people are missing: "
                             "repeat purchase cannot be judged.")
    rows = [Estimate(q, 0.1, unit="share", n=100) for q in (
        "share true", "people: true", "customers who bought on a second day", "repeat purchase",
        web_behaviour.RETURN_AFTER_BROKEN_PROMISE, OLD_TO_NEW_PRICE, "attitude", "promises kept")]
    lacking = no_estimate(OLD_TO_NEW_PRICE, Status.INSUFFICIENT, "no product is on record")
    assert quality_gates.strike_repeat([lacking], sampled)[0].reason == quality_gates.ORDER_SAMPLE
    struck = [e.quantity for e in quality_gates.strike_repeat(rows, sampled) if e.status is Status.STRUCK]
    assert struck == [e.quantity for e in rows[:6]], "what was said, and what was delivered, stands"
    assert quality_gates.strike_repeat(rows, LoyaltyConfig()) == rows
    assert loyalty_sections.loyalty_by_tenure(pd.DataFrame(), pd.DataFrame(), sampled).html == ""


def test_a_struck_figure_is_in_no_description_of_a_table():
    people = pd.DataFrame({"attitude": [50.0], "n_orders": [1], "n_periods": [2], "share_active": [0.0]})
    sampled, whole = LoyaltyConfig(is_order_sample=True), LoyaltyConfig()
    assert list(quality_gates.reported_columns(people, sampled, {})) == ["attitude", "n_periods"]
    assert list(quality_gates.reported_columns(people, whole, {"attitude": "α is under .60"})) == [
        "n_orders", "n_periods", "share_active"]
    assert list(quality_gates.reported_columns(people, whole, {"attitude": ""})) == list(people)
    after = pd.DataFrame({"satisfaction": [50.0], "n_before": [1], "n_after": [0]})
    assert list(quality_gates.reported_columns(after, sampled, {"satisfaction": ""})) == ["satisfaction"]
