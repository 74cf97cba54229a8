import numpy as np
import pandas as pd
import pytest

from helpers.churn.explanations import Explanations
from helpers.customers.contract_status import ContractStatus
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.reporting.text import churn_alerts as churn_alerts_text
from helpers.stats.control_charts.spc_charts import ALARM_COLUMNS, ChartSet, ControlChart
from helpers.stats.control_charts.time_series import TimeSeries

NONE = Explanations(pd.DataFrame(), pd.DataFrame(), np.nan)
DAY = pd.Timestamp("2026-03-02")


def why(stability=0.7):
    table = pd.DataFrame({"feature_group": ["how often", "inactivity"],
                          "raises": ["less log_occasions", "more n_recent_cases"]})
    return Explanations(pd.DataFrame(), table, stability)


def test_reasons_name_levers_and_say_that_a_reason_is_no_cure():
    assert churn_alerts_text.churn_reasons(why())[0] == (
        "By the model churn risk depends most on how often (fewer purchases) and inactivity (more recent cases)."
    )
    assert "what would retain the customer" in churn_alerts_text.churn_reasons(why())[1]
    assert len(churn_alerts_text.churn_reasons(why(np.nan))) == 1
    assert churn_alerts_text.churn_reasons(NONE) == (
        "Why customers are at risk cannot be said: no model could be trained.",
    )
    assert churn_alerts_text.churn_reasons_title(why()) == "Churn risk depends most on how often"
    assert churn_alerts_text.churn_reasons_title(NONE) == "Main drivers of churn risk"


def test_levers_are_listed_in_words_and_few_people_hidden():
    table = pd.DataFrame({"feature_group": ["inactivity", "price"], "mean_abs_contribution": [0.5, 0.2],
                          "mean_abs_contribution_low": [0.4, 0.0],
                          "mean_abs_contribution_high": [0.6, 0.4], "share_first": [0.9, 0.1], "n_first": [90, 9],
                          "raises": ["more log_recency_days", "less share_promotion"]})
    found = churn_alerts_text.feature_group_table(Explanations(pd.DataFrame(), table, 0.7))
    assert found.loc[0].tolist() == ["inactivity", "0.5 [0.4, 0.6]", "more days since the last purchase", "some"]
    assert found.loc[1, ["higher_with", "first_reason_of"]].tolist() == ["lower share of orders on promotion", "some"]
    of_contracts = table.assign(raises=["less tenure_months", "attribute_internet_service = Fiber optic"])
    assert churn_alerts_text.feature_group_table(Explanations(pd.DataFrame(), of_contracts, 0.7))[
        "higher_with"
    ].tolist() == ["fewer months as a customer", "internet service is Fiber optic"]
    unused = table.assign(mean_abs_contribution=[0.5, 0.0], raises=["uneven log_age_days", "more share_promotion"])
    assert churn_alerts_text.feature_group_table(Explanations(pd.DataFrame(), unused, 0.7))["higher_with"].tolist() == [
        "days as a customer, in no steady direction", "–"]  # what adds nothing raises nothing
    assert churn_alerts_text.feature_group_table(NONE).empty


def groups(*rows):
    return pd.DataFrame(rows, columns=["group", "n_customers", "share_left", "low", "high", "hazard", "half_left_at"])


def test_survival_of_contracts_that_ended_on_no_known_day_rests_on_who_is_on_record():
    assert churn_alerts_text.undated_ends_sentence(ContractStatus(None)) == ""
    assert "if the records keep all who ever left" in churn_alerts_text.undated_ends_sentence(
        ContractStatus(None, n_ended_anytime=1_869))


def test_when_is_told_by_group_for_buyers_and_for_contracts():
    two = groups(("best", 50, 0.2, 0.1, 0.3, 0.01, 40), ("lowest", 50, 0.6, 0.5, 0.7, 0.01, np.nan))
    assert churn_alerts_text.churn_timing(two, 90, "days") == (
        "After 90 days 60.0 % [50.0 %, 70.0 %] of “lowest” have not come back, of “best” 20.0 % [10.0 %, 30.0 %].")
    assert churn_alerts_text.churn_timing(two, 12, "months").startswith(
        "After 12 months 20.0 % [10.0 %, 30.0 %] of “best” still run, of "
    )
    assert churn_alerts_text.churn_timing(two.head(1), 90, "days").endswith("of “best” have not come back.")
    assert "no group has 30 members" in churn_alerts_text.churn_timing(groups(), 90, "days")
    assert churn_alerts_text.churn_timing_title(two, "months") == "Contracts last longest in: lowest"
    close = pd.concat([two, two.tail(1).assign(group="middle")])
    assert churn_alerts_text.churn_timing_title(close, "months") == "Contracts end soonest in: best"
    assert churn_alerts_text.churn_timing_title(close, "days") == "Soonest back after a purchase: best"
    assert (
        churn_alerts_text.churn_timing_title(close.tail(2), "days") == "How long customers stay away after a purchase"
    )
    assert churn_alerts_text.churn_timing_title(two, "days") == "Slowest to come back after a purchase: lowest"
    assert churn_alerts_text.churn_timing_title(groups(), "months") == "How long contracts last"


def warned(n=30, held=10, value=10.0):
    return pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "is_control": np.arange(n) < held,
                         "is_new": True, "margin_at_risk": value})


def test_alerts_tell_how_many_and_who_is_left_alone():
    assert churn_alerts_text.alert_counts(warned(), "EUR") == (
        "30 customers have an open alert, with €300 of margin at risk; 30 of them new.",
        "Random control group: 10 customers, whose alerts nobody answers, so that a later run can tell "
        "what being drawn for an alert changes.")
    assert (
        churn_alerts_text.alert_counts(warned(held=0, value=np.nan))[0]
        == "30 customers have an open alert; 30 of them new."
    )
    assert churn_alerts_text.alert_counts(warned(3, 1), "EUR") == (
        "Fewer than 10 customers have an open alert; fewer than 10 of them new.",
        "Random control group: fewer than 10 customers, whose alerts nobody answers, so that a later run can "
        "tell what being drawn for an alert changes.")
    assert "contaminated by action" in churn_alerts_text.alert_counts(warned(held=0))[1]
    both = pd.concat([warned(40, 20), warned(25, 9)], ignore_index=True)  # by two rules 20 and 9 in the control group
    assert churn_alerts_text.alert_counts(both, "EUR")[1].startswith("Random control group: some customers, whose")
    assert churn_alerts_text.alert_counts(both, "EUR")[0].startswith("40 customers have an open alert")
    assert churn_alerts_text.alert_counts(warned(0)) == ("No rule of the study warns of anybody today.",)


def grades(effect=(-0.1, -0.2, -0.02)):
    rows = [Estimate("alert_precision", 0.7, 0.6, 0.8, "share", 100, "2025-09-30-1: risk"),
            Estimate("alert_stated", 0.72, unit="share", n=100, segment="2025-09-30-1: risk"),
            Estimate("alert_effect", *effect, "share", 900, "2025-09-30-1: risk")]
    return estimate_table(rows)


@pytest.mark.parametrize(("effect", "expected"), [
    ((-0.1, -0.2, -0.02), "Being drawn for an alert lowered the churn rate against random control (−10 percentage "
     "points ["),
    ((0.1, 0.02, 0.2), "Being drawn for an alert raised the churn rate"),
    ((0.0, -0.1, 0.1), "Being drawn for an alert made no statistically significant difference (0 percentage points [")])
def test_grades_tell_precision_and_effect(effect, expected):
    said, meaning = churn_alerts_text.alert_accuracy(grades(effect))
    assert meaning == "Whoever was drawn counts, whether anybody answered the alert or not (intention to treat)."
    assert said.startswith("Alerts of 30 September 2025 (risk): in the random control group 70.0 % [60.0 %, 80.0 %] ")
    assert expected in said


def test_grades_without_a_hold_out_are_contaminated_and_none_are_said_to_be_none():
    reason = "contaminated by action: there was no random control group"
    struck = estimate_table([no_estimate(q, Status.STRUCK, reason, segment="2025-09-30-1: risk")
                      for q in ("alert_precision", "alert_effect")])
    assert churn_alerts_text.alert_accuracy(struck) == (
        f"Alerts of 30 September 2025 (risk) cannot be graded: {reason}.",)
    assert churn_alerts_text.alert_accuracy(struck.head(0)) == ("No alert of an earlier run is due yet.",)
    unread = grades().assign(status=["ok", "ok", "insufficient"], reason=["", "", "nobody was drawn"])
    assert len(churn_alerts_text.alert_accuracy(unread)) == 1
    assert churn_alerts_text.alert_accuracy(unread)[0].endswith(
        "What being drawn for an alert changed cannot be said: nobody was drawn."
    )


def chart(name, reason="", *alarms):
    course = TimeSeries(name, np.array(["2026-03-02"], "datetime64[us]"), np.array([1.0]), unit="share")
    return ControlChart(
        course, pd.DataFrame(), pd.DataFrame(list(alarms), columns=ALARM_COLUMNS), np.nan if reason else 0.5, reason
    )


SHIFT = ("late", "shift", "above", DAY, DAY, 3, 0.3, 0.1)
SPIKE = ("late", "spike", "below", DAY, DAY, 0, 0.3, 0.1)


def test_the_board_tells_alarms_its_false_alarms_and_what_is_silent():
    said = churn_alerts_text.control_chart_sentence(
        ChartSet((chart("late", "", SHIFT), chart("spend", "23 periods with a figure")))
    )
    assert said[0] == ("1 figure is watched week by week; while nothing happens the control charts together "
                       "give 0.5 false alarms a year.")
    assert said[1] == "Not watched: spend (23 periods with a figure)."
    assert said[2] == ("1 alarm: late shifted to a higher level, against which later weeks are judged; it began "
                       "about 2 March 2026 and was told on 2 March 2026.")
    assert (
        "below its limits in one week"
        in churn_alerts_text.control_chart_sentence(ChartSet((chart("late", "", SPIKE),)))[-1]
    )
    assert (
        churn_alerts_text.control_chart_sentence(ChartSet((chart("late"),)))[-1]
        == "No alarm was raised in the time that is watched."
    )
    assert (
        churn_alerts_text.control_chart_sentence(ChartSet((chart("late", "short"),)))[0]
        == "No figure can raise an alarm at present."
    )
    assert churn_alerts_text.control_chart_sentence(ChartSet(()))[0].startswith("No figure can be watched")
    assert churn_alerts_text.control_chart_title(ChartSet((chart("late", "", SHIFT),))) == (
        "Last alarm, told on 2 March 2026: late above the limits")
    assert churn_alerts_text.control_chart_title(ChartSet(())) == "No figure went beyond its limits"
    assert (
        churn_alerts_text.chart_unit(ChartSet((chart("late", "", SHIFT),))),
        churn_alerts_text.chart_unit(ChartSet(())),
    ) == ("share", "share")


def test_profit_drift_and_stated_reasons_have_their_sentences():
    best = pd.Series({"profit": 500.0, "n_contacted": 40, "share_contacted": 0.4, "low": 400.0, "high": 600.0})
    within = pd.Series({"profit": 200.0, "n_contacted": 10})
    assert churn_alerts_text.profit_curve_sentence(best, best, "EUR").endswith(
        "would have earned most: €500 [€400, €600] from those tried."
    )
    assert churn_alerts_text.profit_curve_sentence(best, within, "EUR").endswith(
        "A capacity of 10 contacts leaves €200."
    )
    assert (
        churn_alerts_text.profit_curve_sentence(best * 0, None)
        == "Under the assumed costs and uptake contacting nobody pays best."
    )
    assert "no value of a customer is known" in churn_alerts_text.profit_curve_sentence(None, None)
    earned = pd.DataFrame({"series": ["m"], "profit": [5.0], "share_contacted": [0.4]})
    assert (
        churn_alerts_text.profit_curve_title(earned, "m")
        == "Contacting the likeliest 40.0 % earns most under the assumed uptake"
    )
    assert churn_alerts_text.profit_curve_title(earned, "x") == "Profit by share contacted"
    drifted = pd.DataFrame({"feature": ["age"], "psi": [0.67], "reading": ["drifted"]})
    assert (
        churn_alerts_text.drift_sentence(drifted)
        == "1 feature has drifted since what was learnt from, most age (stability index 0.67)."
    )
    assert churn_alerts_text.drift_sentence(drifted.assign(reading="stable")).startswith(
        "No feature of those scored has drifted"
    )
    assert churn_alerts_text.drift_sentence(drifted.head(0)).startswith("Drift cannot be told")
    stated = pd.DataFrame({"end_reason": ["price", "none stated"], "n_customers": [30, 10], "share": [0.75, 0.25]})
    assert churn_alerts_text.stated_churn_reasons(stated) == "Leavers themselves named most: price (75.0 %)."
    assert churn_alerts_text.stated_churn_reasons(stated.tail(1)).startswith("No reason was stated by 10")


@pytest.mark.parametrize(("n_given", "n_running", "said"), [
    (12, 300, "Of the 300 contracts that run notice has been given of 12: they run on until their end."),
    (3, 300, "Of the 300 contracts that run notice has been given of fewer than 10: they run on until their end."),
    (0, 300, "No notice is on record of the 300 contracts that run."), (0, 0, "")])
def test_it_is_told_of_how_many_running_contracts_notice_has_been_given(n_given, n_running, said):
    status = ContractStatus(pd.DataFrame(), n_notice_given=n_given)
    assert churn_alerts_text.notice_given_sentence(status, n_running) == said
