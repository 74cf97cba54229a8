from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.actions.measured_response import UNMEASURED
from helpers.foundation.results import Estimate, Level, estimate_table
from helpers.reporting import kpis
from helpers.reporting.change_since_last_run import RunIdentity
from helpers.reporting.text import forecast_grades as forecast_grades_text
from helpers.reporting.text import forecast_tries as forecast_tries_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_decisions as decisions_text
from helpers.reporting.text import leadership_finance as leadership_finance_text
from helpers.reporting.text import leadership_planned as leadership_planned_text
from tests.reporting import leading

ON = pd.Timestamp("2026-03-31")


def row(unit, value=1.0, change=np.nan, low=np.nan, high=np.nan, **more):
    return {"name": "Figure", "quantity": "figure", "unit": unit, "value": value, "low": low, "high": high,
            "level": 0.95, "status": "ok",
            "change": change, "change_low": low, "change_high": high, "comparison": "", "previous_run": "a",
            "previous_as_of_on": ON, "is_beyond_noise": None, "table": "t"} | more


def key(*rows):
    frame = pd.DataFrame(list(rows) or [row("share")]).iloc[:len(rows)]
    worded = [leadership_text.change_text(r, "EUR") for r in frame.to_dict("records")]
    return frame.assign(change_words=pd.Series(worded, index=frame.index, dtype="str"),
                        is_beyond_noise=frame["is_beyond_noise"].astype("boolean"))


@pytest.mark.parametrize(("found", "text"), [
    (row("share", 0.265), "26.5 %"), (row("points", 72.5), "72.5 points"), (row("money", 1234.0), "€1,230"),
    (row("customers", 1243.4), "1,243 customers"), (row("customers", 1243.4, name="Customers lost"), "1,243"),
    (row("share", status="struck"), "not reported (failed check)"), (row("share", status="blocked"), "no verdict"),
    (row("share", status="insufficient"), "insufficient data"),
])
def test_a_figure_is_shown_with_its_unit_or_the_word_for_its_absence(found, text):
    assert leadership_text.value_text(found, "EUR") == text


@pytest.mark.parametrize(("found", "text"), [
    (row("points", low=70.0, high=75.0), "[70, 75]"), (row("share", low=0.1, high=0.2), "[10.0 %, 20.0 %]"),
    (row("share", low=0.1, high=0.2, level=0.9), "[10.0 %, 20.0 %] at 90.0 %"), (row("share"), ""),
])
def test_an_interval_names_its_level_only_where_it_is_not_the_usual_one(found, text):
    assert leadership_text.interval_text(found) == text


@pytest.mark.parametrize(("found", "text"), [
    (row("share", change=0.012, low=0.004, high=0.02), "up 1.2 percentage points, statistically significant"),
    (row("share", change=-0.012, low=-0.02, high=-0.004), "down 1.2 percentage points, statistically significant"),
    (row("points", change=1.0, low=-1.0, high=3.0), "no statistically significant change"),
    (row("money", change=-500.0), "down €500 since 31 March 2026"),
    (row("customers", change=12.0), "up 12 since 31 March 2026"),
    (row("money", change=0.0), "unchanged"),
    (row("share", comparison="no earlier run", previous_run=""), "no earlier comparable run"),
    (row("share", comparison="no run as of an earlier date", previous_run=""), "no earlier comparable run"),
    (row("share", comparison="not comparable, because the currency was USD and is EUR", previous_run=""),
     "not comparable, because the currency was USD and is EUR"),
    (row("share", comparison="no figure now: 9 customers"), "no figure now: 9 customers"),
])
def test_a_change_is_said_with_what_may_be_claimed_of_it(found, text):
    assert leadership_text.change_text(found, "EUR") == text


@pytest.mark.parametrize(("steps", "text"), [
    ({}, "As of 31 October 2026: tables put together by hand, not by a run."),
    ({"01": "finished"}, "As of 31 October 2026: 1 of 1 step before this page finished."),
    ({"01": "taken", "02": "finished", "06": "not_applicable", "07": "left_out"},
     "As of 31 October 2026: 2 of 4 steps before this page finished; 06 without their tables; 07 left out."),
    ({"01": "finished", "05": "failed", "07": "skipped"},
     "As of 31 October 2026: 1 of 3 steps before this page finished; 05 and 07 did not finish."),
])
def test_the_state_of_the_run_counts_its_steps(steps, text):
    assert leadership_text.run_state("2026-10-31", steps) == text


def test_the_page_opens_with_what_gates_struck_or_blocked():
    held = leading.gates(
        "06", leading.gate("a", "verdict on x", Level.BLOCK), leading.gate("b", "kinds", Level.STRIKE),
        leading.gate("c", "margin", Level.QUALIFY), leading.gate("d", "retention", Level.STRIKE, is_crossed=False))
    assert leadership_text.struck_findings(held) == (
        "No verdict (failed check): verdict on x — a was found.",
        "Not reported (failed check): kinds — b was found.",
    )


def test_more_than_two_struck_claims_are_counted():
    held = leading.gates("06", *(leading.gate(n, "x", Level.STRIKE) for n in "abcd"))
    assert leadership_text.struck_findings(held)[-1] == "2 more figures are not reported (failed checks), see below."
    assert leadership_text.struck_findings(held.head(3))[-1] == (
        "1 more figure is not reported (failed checks), see below.")


@pytest.mark.parametrize(("found", "said_first"), [
    ("the draw failed (9 in a, χ² 6.9, p .009)", "the draw failed."),
    ("MBG/NBD: nobody leaves.", "MBG/NBD: nobody leaves."),
    ("0 people (behaviour only: 9, attitude only: 0); 10 are asked for.",
     "0 people (behaviour only: 9, attitude only: 0); 10 are asked for.")])
def test_the_opening_leaves_figures_in_brackets_at_the_end_to_the_table(found, said_first):
    held = leading.gates("06", replace(leading.gate("a", "verdict", Level.BLOCK), sentence=found))
    assert leadership_text.struck_findings(held) == (f"No verdict (failed check): verdict — {said_first}",)


@pytest.mark.parametrize("statistic", [0.0, np.nan])
def test_a_claim_without_anybody_to_speak_of_is_not_called_struck(statistic):
    held = leading.gates("03", leading.gate("people", "kinds", Level.STRIKE, statistic=statistic))
    assert leadership_text.struck_findings(held) == ()


def test_a_block_is_said_whatever_its_statistic():
    held = leading.gates("06", leading.gate("sample ratio", "verdict", Level.BLOCK, statistic=0.0))
    assert leadership_text.struck_findings(held) == ("No verdict (failed check): verdict — sample ratio was found.",)


def test_trust_counts_gates_and_what_became_of_them():
    held = leading.gates("06", leading.gate("a", "x", Level.STRIKE), leading.gate("b", "y"), leading.gate("c", "z"),
                         leading.gate("d", "z", is_crossed=False))
    assert leadership_text.gate_counts(held) == (
        "4 checks were made, 3 found something: 1 took figures out of the report and 2 called for caution.")
    assert leadership_text.gate_counts(held.tail(1)) == "1 check was made and passed."
    assert leadership_text.gate_counts(held.head(0)) == "No check was made."


def test_what_changed_is_counted_beside_what_chance_would_change():
    moved = row("share", change=0.05, low=0.03, high=0.07, is_beyond_noise=True)
    still = row("share", change=0.0, low=-0.02, high=0.02, is_beyond_noise=False)
    assert leadership_text.significant_changes(key(moved, still)) == (
        "Since 31 March 2026 statistically significant changes in 1 of 2 figures with an interval (by chance alone "
        "about 0.1 would): "
        "Figure up 5 percentage points.")
    assert (
        leadership_text.significant_changes(key(still))
        == "Since 31 March 2026 none of 1 figure with an interval shows a statistically significant change."
    )


def test_without_a_comparison_its_reason_is_said_once():
    first = row("share", comparison="no earlier run", previous_run="")
    trial = row("points", comparison="read within the experiment", previous_run="", table="")
    assert leadership_text.significant_changes(key(first, first, trial)) == "Cannot say: no earlier run."
    assert leadership_text.significant_changes(key(trial)) == "Cannot say: read within the experiment."
    assert leadership_text.significant_changes(key()) == "Cannot say: there is no key figure."


def grade(segment="all", actual=12.0, is_inside=True, low=9.0, high=15.0, due_on="2026-06-30", **more):
    return {"quantity": "customers_lost", "segment": segment, "model": "m", "due_on": pd.Timestamp(due_on),
            "value": 12.0, "low": low, "high": high, "unit": "customers", "actual": actual, "is_inside": is_inside,
            "has_action_list": False, "status": "ok", "reason": "", "run": "a"} | more


def grades(*rows):
    frame = pd.DataFrame(list(rows))
    return frame.assign(is_inside=frame["is_inside"].astype("boolean")) if len(frame) else frame


@pytest.mark.parametrize(
    ("rows", "sentences"),
    [
        ([], ("Nothing due yet.",)),
        (
            [grade(), grade("repeat buyers", is_inside=False)],
            (
                "The outcome for all customers fell inside the stated range.",
                "Churned customers, due 30 June 2026: 12 against 12 forecast, inside the interval [9, 15].",
            ),
        ),
        (
            [grade(is_inside=False, actual=20.0), grade(due_on="2026-03-31", is_inside=False)],
            (
                "None of 2 outcomes fell inside the stated range.",
                "Churned customers, due 30 June 2026: 20 against 12 forecast, outside the interval [9, 15].",
            ),
        ),
        (
            [grade("repeat buyers", low=np.nan, high=np.nan, is_inside=None)],
            ("Churned customers, repeat buyers, due 30 June 2026: 12 against 12 forecast, without an interval.",),
        ),
        (
            [grade(has_action_list=True)],
            (
                "The outcome fell inside the stated range.",
                "Churned customers, due 30 June 2026: 12 against 12 forecast, inside "
                "the interval [9, 15]; our last campaign may have changed it.",
            ),
        ),
        (
            [grade(status="not_applicable", reason="the currency was USD and is EUR", is_inside=None)],
            ("Nothing can be graded: the currency was USD and is EUR.",),
        ),
    ],
)
def test_forecasts_are_graded_for_everybody_first(rows, sentences):
    assert forecast_grades_text.forecast_accuracy(grades(*rows)) == sentences


def test_a_forecast_of_money_is_graded_in_its_currency():
    at_risk = grade(quantity="margin_at_risk", unit="money", value=24600.0, low=21800.0, high=27400.0, actual=25900.0)
    assert forecast_grades_text.forecast_accuracy(grades(at_risk), "EUR")[-1] == (
        "Margin at risk, due 30 June 2026: €25,900 against €24,600 forecast, inside the interval [€21,800, €27,400].")


def test_forecasts_for_a_part_of_the_customers_are_graded_apart():
    both = grades(grade(), grade("repeat buyers", is_inside=False), grade("one-time buyers"))
    assert forecast_grades_text.parts_graded(both) == (
        "1 of 2 outcomes for a part of the customers fell inside the stated range.")
    assert forecast_grades_text.parts_graded(grades(grade())) == forecast_grades_text.parts_graded(grades()) == ""


def test_finance_is_what_the_intake_counted():
    audit = estimate_table([Estimate("net sales", 9747747.934, unit="money"),
                     Estimate("customers with orders", 4372, unit="customers")])
    assert leadership_finance_text.finance_sentence(leading.results("GBP", intake_audit=audit)) == (
        "Whole history as counted: net sales £9,747,747.93 and 4,372 "
        "customers with orders.")
    assert leadership_finance_text.finance_sentence(leading.results()) == "No revenue and no customers are recorded."


def test_a_company_with_contracts_alone_has_revenue_to_tick():
    signed = leading.results("USD", customer_base=leading.contracts())
    assert leadership_finance_text.finance_sentence(signed) == (
        "As counted: 300 contracts that run with "
        "$15,000.50 of fees a month and 100 that have ended."
    )


def test_a_company_without_revenue_says_what_was_counted_instead():
    tried = estimate_table([Estimate("rows", 64000, unit="rows", segment="assignments"),
                     Estimate("rows", 250, unit="rows", segment="respondents")])
    assert leadership_finance_text.finance_sentence(leading.results(intake_audit=tried)) == (
        "No revenue and no customers are recorded, but 250 completed surveys and 64,000 units in experiments.")


def test_control_totals_that_are_met_are_counted():
    met = [leading.gate(f"control: {name}", "everything", Level.BLOCK, is_crossed=False) for name in "ab"]
    few = leading.gate("few records are rejected", "totals", is_crossed=False)
    for held, sentence in ((met, "2 of 2 control totals declared for the files are met (page 01)."),
                           (met[:1], "1 of 1 control total declared for the files is met (page 01)."),
                           ([few], "The profile declares no control total that these could be held against.")):
        assert leadership_finance_text.controls(leading.results(intake_gates=leading.gates("01", *held))) == sentence
    assert leadership_finance_text.controls(leading.results()) == ""


def test_definitions_say_what_was_redefined_since_the_last_run():
    now = RunIdentity("b", "2026-06-30", "EUR", {"horizon_days": 90})
    assert leadership_text.redefinitions(now, None) == "No earlier run to compare definitions with."
    before = RunIdentity("a", "2026-03-31", "EUR", {"horizon_days": 60})
    assert leadership_text.redefinitions(now, before) == "Since 31 March 2026 horizon_days was 60 and is 90."
    assert leadership_text.redefinitions(now, now) == "No definition was changed since 30 June 2026."


def test_decisions_are_worded_with_the_worst_case_as_a_loss():
    found = decisions_text.decision_rows(leading.results(decisions=pd.DataFrame([leading.decision()]))).iloc[0]
    assert (found["cost"], found["worst_case"], found["stop_on"]) == ("€768", "−€1,470", "28 September 2026")
    assert decisions_text.decision_rows(leading.results()).empty


def test_verdicts_of_experiments_are_decisions_too_below_the_plan():
    planned = pd.DataFrame([leading.decision()])
    found = decisions_text.decision_rows(leading.results(decisions=planned, experiment_effects=leading.effects()))
    assert found["decision"].tolist()[1] == "Ship checkout"
    assert found["expected_gain"].tolist()[1] == "it raised ordered by 5 percentage points [1, 9]"
    assert found.loc[1, ["cost", "worst_case", "owner", "stop_on"]].tolist() == [
        "not recorded", "the worse end of that range", "nobody is named yet: name one today", "not recorded"]


def test_the_confidence_in_a_verdict_counts_the_gates_that_its_experiment_crossed():
    held = leading.gates("06", leading.gate("checkout: plan", "every verdict on checkout"))
    found = decisions_text.decision_rows(leading.results(experiment_effects=leading.effects(), experiment_gates=held))
    assert found["confidence"].tolist() == ["assigned at random, 1 check failed (checkout: plan)"]


@pytest.mark.parametrize(("verdicts", "sentence"), [
    ((), "No textbook claim could be held against these data."),
    (("holds",), "1 textbook claim: 1 holds."),
    (("cannot say", "holds", "does not hold", "cannot say"),
     "4 textbook claims: 1 holds, 1 does not and 2 cannot be judged.")])
def test_textbook_claims_are_counted_by_verdict(verdicts, sentence):
    assert leadership_text.textbook_claim_counts(pd.DataFrame({"verdict": list(verdicts)})) == sentence


def test_doubt_names_what_the_page_is_silent_on():
    found = leading.results(satisfaction_index=leading.survey())
    assert leadership_text.leadership_caveats(key(row("share")), found) == (
        "Without orders or contracts and experiments this page is silent on them, not reassuring.",
        "Nothing here shows what caused what, except where units were assigned at random.")
    compared = row("share", change=0.0, low=-0.02, high=0.02, is_beyond_noise=False)
    assert leadership_text.leadership_caveats(key(compared), leading.everything())[0].startswith(
        "Changes are judged as if"
    )


def charts(*alarms):
    weeks = pd.date_range("2025-06-02", periods=30, freq="7D")
    return pd.DataFrame([{"chart": name, "on": on, "is_live": i > 8, "alarm": kind if i == at else ""}
                         for name, at, kind in alarms for i, on in enumerate(weeks)])


def test_alarms_of_the_latest_quarter_are_said_older_ones_are_not():
    found = leadership_text.control_chart_alarms(
        charts(("late deliveries", 29, "shift"), ("refunds", 12, "spike"), ("spend", 40, ""))
    )
    assert found == ("Beyond control limits in the last 13 weeks: late deliveries (first on 22 December 2025).",)
    assert leadership_text.control_chart_alarms(charts(("refunds", 12, "spike"))) == (
        "No control chart alarmed in the last 13 weeks.",
    )


def test_without_live_charts_nothing_is_said_of_alarms():
    assert leadership_text.control_chart_alarms(pd.DataFrame()) == ()
    assert leadership_text.control_chart_alarms(charts(("refunds", 29, "spike")).assign(is_live=False)) == ()


def test_lines_of_the_first_screen_have_their_names():
    drawn = leading.results(churn_charts=charts(("late deliveries", 29, "shift")))
    assert list(leadership_text.short_lines(drawn, state="state", defined="rates")) == [
        "This run", "Control charts", "Retention and churn"]
    assert list(leadership_text.short_lines(leading.results(), state="state")) == ["This run"]


def test_numbers_are_handed_on_to_two_digits():
    found = kpis.available_kpis(leading.everything())
    held = leading.gates("03", leading.gate("alpha", "x"))
    assert leadership_text.leadership_headline(found, held) == (
        "key figures: 10; Satisfaction, 0 to 100: 70; True loyalty: 0.3; checks: 1, failed 1")


def test_the_running_calibration_counts_stated_ranges_of_several_reports_and_none_of_a_simple_rule():
    rule = grade(is_inside=False, quantity="quarter_orders_by_rule")
    told = grades(grade(run="a"), grade("repeat buyers", is_inside=False, run="b"), grade(is_inside=None, run="a"),
                  rule | {"run": "a"})
    assert forecast_grades_text.running_calibration(told) == (
        "Running calibration: of 2 stated ranges of 2 earlier reports 1 held, where about 1.9 should.")
    assert forecast_grades_text.running_calibration(told.assign(run="a")) == (  # nothing runs yet
        "All are of one earlier report, of which little can be concluded.")
    assert forecast_grades_text.running_calibration(grades()) == ""
    first, *_ = forecast_grades_text.forecast_accuracy(grades(grade(), rule))
    assert first == "The outcome fell inside the stated range."


def test_the_decision_on_the_list_tells_its_gain_in_money_and_how_the_worst_case_follows(monkeypatch):
    plan = pd.DataFrame([leading.decision()])
    listed = pd.DataFrame({"variant": ["treated"] * 20 + ["held out"] * 5, "margin_at_risk": 100.0,
                           "cost_worst": float(plan["worst_case"].iloc[0]) / 20})
    found = leading.results(decisions=plan, actions=listed)
    gone = Estimate("reduction of the risk", 0.15, -0.02, 0.3, "share", 500)
    measured = replace(UNMEASURED, n_rounds=1, reduction=gone)
    monkeypatch.setattr(leadership_planned_text.measured_response, "pooled_response", lambda _: measured)
    row = decisions_text.decision_rows(found).iloc[0]
    assert row["expected_gain"] == ("€300 [−€40.00, €600] of margin to 28 September 2026, before the cost: churn of "
                                    "the 20 contacted cut by 15.0 % [−2.0 %, 30.0 %], as measured; it pays from a cut "
                                    f"of {leading.decision()['cost'] / 20:.1f} %")
    assert row["net"] == "−€468 [−€808, −€168]"
    assert row["decision"].endswith(", as a test: the expected gain is below the cost")
    assert row["worst_case"].endswith(": every offer is taken up and nobody stays for it")
    brief = decisions_text.brief_decision_rows(found).iloc[0]
    assert brief[["decision", "net"]].tolist() == [
        "Test of the action plan: contact 20, fewer than 10 control", "−€468 [−€808, −€168]"]
    cheap = decisions_text.decision_rows(leading.results(decisions=plan.assign(cost=100.0), actions=listed)).iloc[0]
    assert (cheap["decision"], cheap["net"]) == (leading.decision()["decision"], "€200 [−€140, €500]")
    assert row["worst_case"].startswith(f"{brief['worst_case']}:")
    other = decisions_text.decision_rows(leading.results(decisions=plan, actions=listed.assign(cost_worst=1.0)))
    assert other["worst_case"].iloc[0].startswith("−€")
    assert "nobody stays" not in other["worst_case"].iloc[0]


def test_a_list_whose_response_is_not_measured_states_no_gain_in_money():
    plan = pd.DataFrame([leading.decision()])
    listed = pd.DataFrame({"variant": ["treated"] * 20, "margin_at_risk": 100.0,
                           "cost_worst": float(plan["worst_case"].iloc[0]) / 20})
    row = decisions_text.decision_rows(leading.results(decisions=plan, actions=listed)).iloc[0]
    assert row["expected_gain"] == leading.decision()["gain"]
    assert (row["decision"], row["net"]) == (f"{leading.decision()['decision']}, as a test", "not known")
    assert "nobody stays" in row["worst_case"]


MARGIN = {"metric": "margin", "unit": "money", "is_primary": False, "value": 2.0, "low": 0.5, "high": 3.5,
          "verdict": None}


def test_at_a_glance_shipping_is_told_by_its_gain_cost_and_net_in_money():
    tried = leading.effects({}, MARGIN).assign(treatment_cost=0.3)
    brief = decisions_text.brief_decision_rows(leading.results(experiment_effects=tried)).iloc[0]
    assert brief[["cost", "net", "worst_case"]].tolist() == [
        "€303", "€1,720 [€202, €3,230]", "−€303"]  # 1,010 units took part; nothing may come of it
    assert brief["decision"] == "Ship checkout"


def test_what_may_cost_more_than_it_brings_is_not_shipped_and_stands_behind_what_is():
    tried = leading.effects({}, MARGIN, {"experiment": "banner"}).assign(treatment_cost=[0.6, 0.6, 0.6])
    full = decisions_text.decision_rows(leading.results(experiment_effects=tried))
    assert full["decision"].tolist() == [
        "Ship banner", "Do not ship checkout yet: the cost may exceed the gain"]
    assert full["net"].tolist() == ["", "if shipped, €1,410 [−€101, €2,930]"]


def test_without_money_shipping_is_told_by_what_decides():
    brief = decisions_text.brief_decision_rows(leading.results(experiment_effects=leading.effects())).iloc[0]
    assert brief["net"] == "ordered 5 percentage points [1, 9]"


def test_at_a_glance_all_decisions_are_counted_those_of_a_known_gain_first_and_a_common_day_is_in_the_heading():
    plan = pd.DataFrame([leading.decision(decision=f"Call {x}", owner=x, cost=10.0) for x in "abcd"])
    brief = decisions_text.brief_decision_rows(leading.results(decisions=plan))
    assert brief.columns.tolist() == ["decision", "cost", "net", "worst_case", "owner, until 28 September 2026"]
    assert brief["decision"].tolist() == ["Test: call a", "Test: call b", "Test: call c", "Test: call d"]
    tried = leading.effects({}, MARGIN).assign(stop_on=pd.Timestamp("2026-09-28"))
    both = decisions_text.brief_decision_rows(leading.results(decisions=plan, experiment_effects=tried))
    assert both["decision"].tolist() == ["Ship checkout", "Small tests and duties"]
    assert both.iloc[-1][["cost", "worst_case", "owner, until 28 September 2026"]].tolist() == [
        "€40.00", "−€5,880", "several"]
    known = leading.effects(*({"experiment": name} for name in "pqrst")).assign(stop_on=pd.Timestamp("2026-09-28"))
    many = decisions_text.brief_decision_rows(leading.results(decisions=plan, experiment_effects=known))
    assert many["decision"].tolist() == ["Ship p", "Ship q", "Ship r", "3 others"]
    assert many.iloc[-1][["cost", "worst_case"]].tolist() == ["€40.00", "−€5,880"]
    mixed = plan[:3].assign(stop_on=[*plan["stop_on"][:2], pd.Timestamp("2026-12-31")])
    assert "stop_on" in decisions_text.brief_decision_rows(leading.results(decisions=mixed))


def test_forecasts_are_held_against_the_simple_rule_that_was_made_with_them():
    rows = [("quarter_orders", 100.0, 110.0), ("quarter_orders_by_rule", 60.0, 110.0),
            ("quarter_margin", 100.0, 50.0), ("quarter_margin_by_rule", 60.0, 50.0), ("customers lost", 5.0, 5.0)]
    graded = pd.DataFrame(rows, columns=["quantity", "value", "actual"]).assign(
        segment="all", due_on=pd.Timestamp("2025-12-31"), status="ok", run="a")
    graded = graded.assign(unit="orders", low=lambda g: g["value"] - 10, high=lambda g: g["value"] + 10)
    assert forecast_grades_text.nearer_than_rule(graded) == (
        "Of 2 forecasts with a simple rule beside them 1 came nearer than the rule, not those of margin of the "
        "quarter.", "The rule was nearer for margin of the quarter (rule 60, forecast 100, came 50).")
    assert forecast_grades_text.nearer_than_rule(graded.head(2)) == (
        "The 1 forecast with a simple rule beside it was 1 times nearer than the rule.", "")
    other = graded.replace({"quantity": {"quarter_orders_by_rule": "quarter_orders_by_other_rule"}})
    assert forecast_grades_text.nearer_than_rule(other.head(2)) == ("", "")
    alike = graded.head(2).assign(value=[100.0, 99.5])
    assert forecast_grades_text.nearer_than_rule(alike) == (
        "The 1 forecast with a simple rule beside it was 0 times nearer than the rule, not those of orders of the "
        "quarter.", "The rule was as near for orders of the quarter (rule 100, forecast 100, came 110).")
    assert forecast_grades_text.nearer_than_rule(graded.tail(1)) == ("", "")
    parts = pd.concat([graded, graded.assign(segment="repeat buyers")], ignore_index=True)
    assert forecast_grades_text.nearer_than_rule(parts)[1].endswith(
        "Of 2 forecasts for a part of the customers 1 came nearer than the rule.")


def test_a_forecast_that_missed_is_named_with_what_came_and_what_its_error_means_for_the_next():
    off = grades(grade(is_inside=False, value=20.0, low=18.0, high=22.0, actual=16.0),
                 grade("repeat buyers", is_inside=False))
    assert forecast_grades_text.missed(off) == (
        "Missed: churned customers, 16 came where 20 [18, 22] were forecast.")
    assert forecast_grades_text.last_time(off, "customers_lost") == (
        "The last such forecast, due 30 June 2026, was too high (20 [18, 22] against 16 that came); this one may be "
        "too high as well.")
    low = grades(grade(value=8.0, actual=10.0))
    assert "was too low (8 [" in forecast_grades_text.last_time(low, "customers_lost")
    for none in (grades(), grades(grade(value=10.0, actual=10.0)), off.tail(1)):
        assert forecast_grades_text.last_time(none, "customers_lost") == ""
    assert forecast_grades_text.missed(grades()) == forecast_grades_text.missed(low) == ""


@pytest.mark.parametrize(("low", "high", "how"), [(0.01, 0.03, "better"), (-0.03, -0.01, "worse"),
                                                  (-0.01, 0.03, "no better")])
def test_the_churn_model_is_held_against_the_simple_rule_without_a_methods_name(low, high, how):
    found = Estimate("auc_difference", (low + high) / 2, low, high)
    levels = (Estimate("auc", 0.8 + (low + high) / 2), Estimate("auc", 0.8))
    said = forecast_grades_text.simple_rule_verdict(found, "recency rule", *levels)
    assert said.startswith(f"The churn model tells who leaves {how} than days since the last purchase alone: of 100")
    assert not {"AUC", "Brier"} & set(said.replace("(", "").split())
    assert "the age of the contract alone" in forecast_grades_text.simple_rule_verdict(
        found, "tenure rule", *levels)
    assert f"puts {80 + 50 * (low + high):g} in the right order, the rule 80, a difference of " in said


def test_what_qualifies_the_list_stands_in_the_decision_on_it():
    plan = pd.DataFrame([leading.decision()])
    listed = pd.DataFrame({"variant": ["treated"] * 20, "margin_at_risk": 100.0,
                           "cost_worst": float(plan["worst_case"].iloc[0]) / 20})
    held = leading.gates("07", leading.gate("consent", "the list of customers to contact"))
    row = decisions_text.decision_rows(leading.results(decisions=plan, actions=listed, action_gates=held)).iloc[0]
    assert row["confidence"] == "none yet; consent was found"


def test_what_is_owed_is_neither_a_test_nor_a_trial():
    plan = pd.DataFrame([leading.decision(decision="Service recovery: contact 20 customers",
                                          confidence="no control group", gain="not claimed: owed to whom we failed")])
    found = leading.results(decisions=plan)
    assert decisions_text.decision_rows(found)["decision"].tolist() == ["Service recovery: contact 20 customers"]
    assert decisions_text.brief_decision_rows(found)["decision"].tolist() == ["Service recovery"]


def test_past_quarters_are_held_against_both_simple_rules_the_nearer_first():
    rows = {"net_sales by BG/NBD": 0.07, "net_sales by seasonal-naive rule": 0.85,
            "net_sales by last-quarter rule": 0.09, "orders by BG/NBD": 0.5}
    holdout = pd.DataFrame({"quantity": "quarter_error", "status": "ok", "segment": list(rows), "value": rows.values()})
    holdout.loc[len(holdout)] = {"quantity": "quarters_tried", "status": "ok", "segment": "all", "value": 6}
    assert forecast_tries_text.past_quarters(holdout) == (
        "Net sales of 6 past quarters, each forecast from what was known before it, were missed by 7.0 % of what was "
        "forecast (root mean square), by simple rules: the last quarter again (9.0 %) and the same quarter a year "
        "before (85.0 %).")
    assert forecast_tries_text.past_quarters(holdout.head(1)) == ""
    same = holdout.assign(value=[0.08999, 0.85, 0.09, 0.5, 1])
    assert forecast_tries_text.past_quarters(same).startswith("Net sales of the 1 past quarter that could be tried")
    for table, said in ((same, "was no better than a simple rule for net sales of a quarter."),
                        (holdout, "was better than a simple rule for net sales of a quarter.")):
        assert forecast_tries_text.tried_verdict(leading.results(value_holdout=table)) == (
            f"Tried on the past, the forecast {said}")
    assert forecast_tries_text.tried_verdict(leading.results()) == ""


def test_a_decision_without_a_control_group_is_a_trial_and_no_test():
    plan = pd.DataFrame([leading.decision(confidence="none yet; no control group, since nobody is approached")])
    assert decisions_text.decision_rows(leading.results(decisions=plan))["decision"].iloc[0].endswith(
        ", on trial without a control group")
    assert decisions_text.brief_decision_rows(leading.results(decisions=plan))["decision"].iloc[0].startswith("Trial: ")


def test_owners_of_the_other_decisions_are_counted_as_people():
    owners = ["a", "b", "c", "d", "d and e"]
    plan = pd.DataFrame([leading.decision(decision=f"Call {x}", owner=x) for x in owners])
    brief = decisions_text.brief_decision_rows(leading.results(decisions=plan))
    assert brief["owner, until 28 September 2026"].iloc[-1] == "several"
