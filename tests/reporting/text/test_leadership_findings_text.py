import re
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Level, estimate_table
from helpers.reporting.schema import HISTORY
from helpers.reporting.text import churn_attributes as churn_attributes_text
from helpers.reporting.text import forecast_grades as forecast_grades_text
from helpers.reporting.text import leadership_contracts as leadership_contracts_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import leadership_retention as leadership_retention_text
from helpers.reporting.text import leadership_revenue as leadership_revenue_text
from helpers.stats.suppressed_tables import WITHHELD
from tests.reporting import leading


def test_headlines_are_one_of_each_wing_with_its_page():
    found = leadership_findings_text.headlines(leading.everything())
    assert found["step"].tolist() == ["02", "03", "04", "05", "06"]
    assert found["link"].iloc[3] == "05_churn_prediction.html"
    assert found["order"].tolist() == [1, 2, 3, 4, 5]


def test_without_results_there_are_no_headlines():
    assert leadership_findings_text.headlines(leading.results()).empty


def test_further_experiments_fill_the_room_of_absent_wings():
    rows = [{"experiment": name} for name in "abcdefg"]
    found = leadership_findings_text.headlines(leading.results(experiment_effects=leading.effects(*rows)))
    assert 2 <= len(found) <= 5
    assert set(found["step"]) == {"06"}


@pytest.mark.parametrize(("change", "new", "lost", "text"), [
    (-400.0, 100.0, -500.0,
     "Net sales of the last 365 days fell by €400 against those before: new customers +€100 and churned −€500."),
    (100.0, 100.0, 0.0, "Net sales of the last 365 days rose by €100 against those before: new customers +€100."),
    (0.0, 0.0, 0.0, "Net sales of the last 365 days did not change against those before."),
])
def test_revenue_is_said_by_the_customers_who_moved_it(change, new, lost, text):
    assert (
        leadership_findings_text.revenue_finding(leading.results(customer_base=leading.base(change, new, lost))) == text
    )


def test_a_class_of_fewer_than_ten_customers_is_not_named():
    few = leading.base()
    few.loc[few["segment"].isin(["new", "churned"]), "n"] = 9
    found = leadership_findings_text.revenue_finding(leading.results(customer_base=few))
    assert found.endswith("against those before: others −€400.")
    assert "new customers" not in found


def test_revenue_carries_its_caveat_and_gives_way_to_a_struck_claim():
    season = leading.gates("04", leading.gate("whole year", "change in revenue, retention"))
    assert leadership_findings_text.revenue_finding(leading.everything(value_gates=season)).endswith(
        "churned −€500 (caution: whole year was found).")
    struck = leading.gates("04", leading.gate("History", "change in revenue, retention", Level.STRIKE))
    assert leadership_findings_text.revenue_finding(leading.everything(value_gates=struck)) == (
        "What made revenue move cannot be said: history was found.")


def test_a_short_history_and_contracts_have_their_own_sentence():
    assert leadership_findings_text.revenue_finding(leading.results(customer_base=leading.short_base())) == (
        "What made revenue move cannot be said: the history has 1 day.")
    assert leadership_findings_text.revenue_finding(leading.results(customer_base=leading.contracts())) == (
        "Of 400 contracts 25.0 % [20.0 %, 30.0 %] have ended, with 30.0 % [25.0 %, 35.0 %] of monthly fees; contracts "
        "worth €15,000 a month run.")


def test_a_struck_change_in_revenue_is_said_beside_the_contracts():
    struck = leading.gates("04", leading.gate("History", "change in revenue, retention", Level.STRIKE))
    said = leadership_findings_text.revenue_finding(
        leading.results(customer_base=leading.contracts(), value_gates=struck)
    )
    assert said.startswith("What made revenue move cannot be said: history was found. Of 400 contracts")


def test_what_contracts_will_bring_is_said_only_where_its_horizon_is_known():
    base = leading.contracts()
    assert leadership_contracts_text.contracts_ahead(leading.results(customer_base=base)).startswith(
        "300 contracts that run are"
    )
    assert (
        leadership_contracts_text.contracts_ahead(
            leading.results(customer_base=base.query("quantity != 'contract_horizon'"))
        )
        == ""
    )
    free = leading.results(customer_base=base.query("quantity != 'contract_equity'"))
    assert (
        "80.0 % [78.0 %, 82.0 %] of them are expected to run still in 12 months"
        in leadership_contracts_text.contracts_ahead(free)
    )


def test_gates_of_churn_touch_contracts_without_dates_too():
    held = {level: leading.gates("05", leading.gate("trial", "every forecast of churn", level))
            for level in (Level.QUALIFY, Level.STRIKE)}
    said = {
        level: leadership_findings_text.churn_finding(
            leading.results(churn_scores=leading.undated(), churn_gates=gates)
        )
        for level, gates in held.items()
    }
    assert said[Level.QUALIFY].endswith("those who left (caution: trial was found).")
    assert said[Level.STRIKE] == "Who is leaving cannot be said: trial was found."


def test_loyalty_is_said_with_its_caveat():
    held = leading.gates("03", leading.gate("alpha", "types of loyalty"))
    assert leadership_findings_text.loyalty_finding(leading.everything(loyalty_gates=held)) == (
        "Of 100 customers with survey and order data 30.0 % [25.0 %, 35.0 %] show true loyalty and "
        "20.0 % [15.0 %, 25.0 %] spurious loyalty, repeat buying without attachment (caution: alpha was found).")


def test_churn_is_said_in_customers_and_money():
    text = leadership_findings_text.churn_finding(leading.everything())
    assert text.startswith("Expected churn, next 90 days (to 28 September 2026): 12 [9, 15] of 40 eligible customers")
    assert "Margin at risk until then: €60" in text
    struck = leading.gates("05", leading.gate("trial", "every forecast of churn", Level.STRIKE))
    assert leadership_findings_text.churn_finding(leading.everything(churn_gates=struck)) == (
        "Who is leaving cannot be said: trial was found.")
    assert leadership_findings_text.churn_finding(leading.results()) == ""
    assert leadership_findings_text.churn_finding(leading.results(churn_scores=leading.scores())).startswith(
        "Of 2 customers with a contract"
    )


@pytest.mark.parametrize(("change", "new", "lost", "said"), [
    (-400.0, 100.0, -500.0, "fell 16.7 % to €2,000 in 12 months, led by churned customers"),
    (400.0, 500.0, -100.0, "rose 25.0 % to €2,000 in 12 months, led by new customers"),
    (100.0, 100.0, 0.0, "rose 5.3 % to €2,000 in 12 months"),
    (0.0, 100.0, -100.0, "did not change in 12 months: €2,000")])
def test_the_page_opens_with_net_sales_with_who_stayed_and_with_how_much_is_asked(change, new, lost, said):
    found = leading.results(customer_base=leading.base(change, new, lost))
    assert leadership_findings_text.opening_sentence(found, 2) == (
        f"Net sales {said}; 50.0 % retained; 2 decisions.")


def test_a_struck_change_in_revenue_or_none_at_all_leaves_the_opening_to_the_first_finding():
    struck = leading.gates("04", leading.gate("History", "change in revenue, retention", Level.STRIKE))
    found = leading.everything(value_gates=struck)
    first = leadership_findings_text.headlines(found)["sentence"].iloc[0]
    assert leadership_findings_text.opening_sentence(found, 1) == f"{first} 1 decision."
    assert leadership_findings_text.opening_sentence(leading.results(), 0) == (
        "Nothing could be found from the tables at hand.")


@pytest.mark.parametrize(("tables", "opening"), [
    ({"customer_base": leading.contracts()}, "Of 400 contracts 25.0 % [20.0 %, 30.0 %] have ended"),
    ({"satisfaction_index": leading.survey()}, "Satisfaction stands at 70 points"),
    ({"experiment_effects": leading.effects()}, "Checkout: ship new")])
def test_what_cannot_be_said_never_opens_the_page_where_something_can(tables, opening):
    held = leading.gates("03", leading.gate("nobody in common", "types of loyalty", Level.STRIKE))
    found = leading.results(loyalty_matrix=leading.matrix(), loyalty_gates=held, **tables)
    said = leadership_findings_text.opening_sentence(found, 1)
    assert "cannot be said" in leadership_findings_text.headlines(found)["sentence"].str.cat()
    assert said.lower().startswith(opening.lower())
    assert "cannot" not in said


def test_struck_retention_is_not_in_the_opening():
    struck = leading.gates("04", leading.gate("Base", "retention", Level.STRIKE))
    found = leading.results(customer_base=leading.base(), value_gates=struck)
    assert "retained" not in leadership_findings_text.opening_sentence(found, 0)


def test_parts_of_the_change_in_revenue_sum_to_it_as_they_are_shown():
    base = leading.base(1_892_755.0, 1_136_592.0, -386_222.0)
    base.loc[base["segment"] == "retained", "value"] = 1_142_385.0
    said = leadership_findings_text.revenue_finding(leading.results(customer_base=base))
    whole, *parts = (int(re.sub(r"\D", "", amount)) * (-1 if "−" in amount else 1)
                     for amount in re.findall(r"[−+]?€[\d,]+", said))
    assert whole == sum(parts) == 1_893_000


def test_a_range_of_expected_churn_that_is_wider_than_chance_makes_it_is_explained():
    scores = leading.scores(churn_probability=[0.5, 0.5], due_on=pd.Timestamp("2026-03-31"))
    made = leading.forecasts()
    wide = made.assign(low=made["value"] - 50, high=made["value"] + 50)
    for n, said in ((1, "the forecast of the one past period that was tried was off in level; by chance"),
                    (4, "forecasts of the 4 past periods that were tried were off in level; by chance")):
        tried = estimate_table([Estimate("periods_tried", n, unit="periods", n=100)])
        found = leading.results(churn_scores=scores, forecasts=wide, churn_models=tried)
        assert said in forecast_grades_text.churn_range_reason(found)
    narrow = leading.results(churn_scores=scores, forecasts=made.assign(low=made["value"], high=made["value"] + 0.1))
    assert forecast_grades_text.churn_range_reason(narrow) == ""
    assert forecast_grades_text.churn_range_reason(leading.results(churn_scores=scores)) == ""


def test_the_retention_rate_is_told_from_expected_churn_where_a_page_has_both():
    made = leading.forecasts().assign(eligible_days=365)
    both = leading.results(customer_base=leading.base(), forecasts=made)
    said = leadership_retention_text.retention_beside_churn(both)
    assert "bought again in the last 12 months" in said
    assert "bought in the last 365 days" in said
    assert leadership_retention_text.retention_beside_churn(leading.results(customer_base=leading.base())) == ""
    assert leadership_retention_text.retention_beside_churn(leading.results(forecasts=made)) == ""


def test_parts_of_the_change_in_revenue_sum_to_it_with_withheld_classes_together():
    few = leading.base()
    few.loc[few["segment"].isin(["new", "churned"]), "n"] = 9
    assert leadership_findings_text.revenue_parts(leading.results(customer_base=few)) == [("others", -400.0)]
    parts = dict(leadership_findings_text.revenue_parts(leading.results(customer_base=leading.base(-300.0))))
    assert sum(parts.values()) == -300.0
    assert leadership_findings_text.revenue_parts(leading.results(customer_base=leading.short_base())) == []


def few_reactivated():
    """Return the base of which 800 are new or reactivated, fewer than ten of these reactivated, with a few refunds."""
    found = leading.base(1_100.0, new=float("nan"), lost=-500.0)
    is_new = found["segment"].eq("new")
    hidden = found[is_new].assign(status="insufficient", reason=WITHHELD)
    more = [hidden.assign(segment=segment) for segment in ("reactivated", "refunded only")]
    bound = estimate_table([Estimate("reactivated_below", 10, unit="customers", n=800)])
    return pd.concat([found[~is_new], hidden, *more, bound], ignore_index=True)


def test_few_reactivated_stand_with_the_new_in_one_amount_and_are_bounded():
    results = leading.results(customer_base=few_reactivated())
    assert leadership_findings_text.revenue_parts(results) == [("churned", -500.0), ("new and reactivated", 1_600.0)]
    assert leadership_findings_text.revenue_finding(results) == (
        "Net sales of the last 365 days rose by €1,100 against those before: churned −€500 and new and reactivated "
        "+€1,600.")
    assert ("Of the 800 new and reactivated fewer than 10 are on record as reactivated, at the mean spend at most "
            "€18.00; the 800 include customers whose purchases were all refunded."
            in leadership_revenue_text.revenue_answer(results, pd.DataFrame(columns=list(HISTORY.names)))[1])
    assert "led by new or returned customers" in leadership_findings_text.opening_sentence(results, 1)


def test_satisfaction_of_the_newest_wave_is_said_to_be_that():
    survey = leading.survey()
    newest = survey.assign(reason=["wave 1" if segment == "all" else "" for segment in survey["segment"]])
    said = leadership_findings_text.satisfaction_finding(leading.results(satisfaction_index=newest))
    assert said == (
        "Satisfaction stands at 70 points [68, 72] of 100 in wave 1, the newest wave with thirty people or more: the "
        "mean of 200 people.")


def test_customers_behind_each_class_are_counted_and_who_came_back_from_before_the_records_is_named():
    found = leading.results(customer_base=leading.base(), value_gates=leading.gates(
        "04", leading.gate("earlier history", "new and reactivated customers", Level.NOTE)))
    assert leadership_revenue_text.revenue_people(found) == (
        "By customers: new customers 50, retained 50 and churned 50.")
    assert leadership_revenue_text.earlier_history(found) == (
        "Who of the new was a customer before cannot be told without earlier records.")
    counted = estimate_table([Estimate("history", 365, unit="days", segment="transactions")])
    dated = replace(found, as_of=date(2026, 6, 30), tables=found.tables | {"results/intake_audit": counted})
    assert leadership_revenue_text.earlier_history(dated) == (
        "Who of the new was a customer before 1 July 2025 only earlier records would tell.")
    assert leadership_revenue_text.revenue_people(leading.results()) == ""
    assert leadership_revenue_text.earlier_history(leading.everything()) == ""


def test_growth_led_by_new_customers_may_be_by_returned_ones_where_records_begin_late():
    rising = leading.base(400.0, new=700.0, lost=-300.0)
    late = leading.gates("04", leading.gate("earlier history", "new and reactivated customers", Level.NOTE))
    for gates, led in (({"value_gates": late}, "new or returned customers"), ({}, "new customers")):
        assert leadership_findings_text.opening_sentence(
            leading.results(customer_base=rising, **gates), 0).split(", led by ")[1].startswith(led)


def test_sales_that_are_not_in_the_change_in_revenue_are_named_beside_it_with_what_the_checks_doubt():
    counted = estimate_table([Estimate("anonymous money", 25.0, unit="money", segment="rejected")])
    doubted = leading.gates("04", leading.gate("season", "change in revenue"))
    verdict, behind = leadership_revenue_text.revenue_answer(
        leading.everything(intake_audit=counted, value_gates=doubted), pd.DataFrame(columns=list(HISTORY.names)))
    assert verdict.endswith("Sales without a customer (€25.00 in all) are not in it.")
    assert behind.endswith("Caution: season was found.")


def test_contracts_that_ended_without_a_day_say_so_wherever_their_share_and_what_comes_of_them_is_told():
    undated = leading.results(customer_base=leading.contracts(), value_gates=leading.gates(
        "04", leading.gate(leadership_findings_text.UNDATED, "contracts, churn rate")))
    assert leadership_findings_text.contracts(undated).startswith(
        "Of 400 contracts 25.0 % [20.0 %, 30.0 %] have ended, over a time that is not known, with")
    assert leadership_contracts_text.contracts_ahead(undated).endswith("contracts end sooner and less will come.")
    dated = leading.results(customer_base=leading.contracts())
    assert "not known" not in leadership_findings_text.contracts(dated)
    assert "sooner" not in leadership_contracts_text.contracts_ahead(dated)


def test_an_opening_over_less_than_a_year_says_that_season_is_in_it():
    short = leading.base().assign(value=lambda b: b["value"].where(b["quantity"].ne("period_length"), 187.0))
    assert "187 days, season included" in leadership_findings_text.opening_sentence(
        leading.results(customer_base=short), 0)
    assert "season" not in leadership_findings_text.opening_sentence(leading.everything(), 0)


def ended(*rows):
    return estimate_table([Estimate("churn_rate", value, value - 0.02, value + 0.02, "share", 500, segment)
                           for segment, value in rows])


def test_contracts_without_orders_are_told_first_by_who_leaves_most():
    rates = ended(("plan: One year", 0.1), ("plan: Monthly", 0.5), ("internet service: No", 0.3),
                  ("internet service: DSL", 0.2))
    base = leading.contracts()
    base = base[base["quantity"] != "net_sales_change"]
    found = leadership_findings_text.headlines(leading.results(customer_base=base, churn_by_attribute=rates))
    assert found["sentence"].iloc[0] == (
        "Contracts have ended most often among: plan Monthly (50.0 % [48.0 %, 52.0 %]) and no internet service (30.0 % "
        "[28.0 %, 32.0 %]).")
    with_orders = leading.results(customer_base=pd.concat([base, leading.base()]), churn_by_attribute=rates)
    assert churn_attributes_text.ended_finding(with_orders) == ""


def test_what_cannot_be_said_of_loyalty_comes_last():
    few = leading.gates("03", leading.gate("people", "types of loyalty", level=Level.STRIKE))
    found = leadership_findings_text.headlines(leading.everything(loyalty_gates=few))
    assert found["step"].iloc[-1] == "03"
    assert leadership_findings_text.headlines(leading.everything())["step"].tolist()[:2] == ["02", "03"]
