"""Text on contracts whose ends have no day: bounds, and what is asked for."""

import pandas as pd
import pytest

from helpers.churn.churn_features import CONTRACT_AGE
from helpers.foundation.results import Estimate, estimate_table
from helpers.reporting.text import leadership_contracts, leadership_questions
from helpers.reporting.text import leadership_decisions as leadership_decisions_text
from tests.reporting import leading
from tests.reporting.text.test_leadership_questions_text import answer_of, known


def undated(is_crossed=True, **more):
    """Return 300 contracts that run with 15,000.50 a month, a quarter of 400 ended, 95 % kept over a quarter."""
    base = pd.concat([leading.contracts(), estimate_table([
        Estimate("contracts_kept_quarter", 0.95, 0.94, 0.96, "share", 300),
        Estimate("contract_margin_rate", 0.3, unit="share", n=300)])], ignore_index=True)
    held = leading.gates("04", leading.gate("dated ends", "contracts, churn rate", is_crossed=is_crossed))
    return leading.results("USD", customer_base=base, value_gates=held, churn_scores=leading.undated(), **more)


def ages(*rows):
    return estimate_table([Estimate("churn_rate", value, value - 0.01, value + 0.01, "share", n,
                                    f"{CONTRACT_AGE}: {name}") for name, value, n in rows])


@pytest.mark.parametrize(("rows", "said"), [
    ((("6 to 20", 0.2, 100), ("0 to 6", 0.5, 200)), "Of the 300 contracts that run 100 are at most 6 months old: no "
     "more than these are new, the others were held before."),
    ((("0 to 6", 0.97, 200),), ""), ((("young", 0.5, 200),), ""), ((), "")])
def test_no_more_contracts_are_new_than_the_youngest_that_run(rows, said):
    assert leadership_contracts.new_contracts(undated(churn_by_attribute=ages(*rows))) == said


def test_what_comes_and_what_is_at_risk_lie_between_both_readings_of_ends_without_a_day():
    ahead = answer_of(leadership_questions.next_quarter, known(undated()))
    assert ahead.startswith(
        "Of $15,000 of fees a month, $14,300 [$14,100, $14,400] are left after 3 months if the records keep all who "
        "ever left, and $5,150 if all that ended left within one month; new contracts are not in it. The simple "
        "rule, nobody leaves, says $15,000.")
    assert "Were nobody to leave it would be $54,000; had all that ended left within one month, $10,400, both" in ahead
    risk = leadership_questions.margin_at_risk(known(undated()))
    assert ("It can only be bounded: of $4,500 of margin a month (30.0 % of fees, assumed) $225 [$180, $270] are "
            "lost within 3 months if the records keep all who ever left, and $2,960 if all that ended left within "
            "one month.") in risk
    assert answer_of(leadership_questions.customer_retention, known(undated())).endswith(
        "Bounded: of the contracts that run 95.0 % [94.0 %, 96.0 %] are kept over 3 months if the records keep all who "
        "ever left, and 42.2 % if all that ended left within one month. The day on which each ended would tell.")
    assert "None of this report falls due" in answer_of(leadership_questions.forecast_accuracy, known(undated()))
    bare = leading.results(customer_base=leading.contracts())
    assert leadership_contracts.retention_bounds(bare) == ""
    assert leadership_contracts.quarter_bounds(bare) == leadership_contracts.margin_at_risk_bounds(bare) == ""
    assert leadership_contracts.year_bounds(bare) == ""


def test_the_first_decision_is_to_record_the_days_of_ends_and_a_list_pays_by_months_kept():
    listed = pd.DataFrame({"variant": ["treated"] * 12 + ["held out"] * 12, "risk": "high", "margin_at_risk": None,
                           "cost_expected": 64.0, "cost_worst": 1470 / 12})
    asked = {"decisions": pd.DataFrame([leading.decision(worst_case=1470.0)]), "actions": listed}
    rows = leadership_decisions_text.decision_rows(undated(**asked))
    assert rows["decision"].tolist()[0] == (
        "Record the day on which each contract ends, and ask billing for those of the past and whether the table keeps "
        "all who ever left")
    assert rows["decision"].tolist()[1].endswith(" (of all 24: 24 of high risk)")
    assert rows["expected_gain"].tolist()[1].startswith("not yet measured; it pays from 52 months kept over "
                                                        "all contracts together, at ")
    brief = leadership_decisions_text.brief_decision_rows(undated(**asked))
    assert brief["decision"].tolist()[0] == "Record the day each contract ends"
    assert [str(name) for name in brief.columns][-1] == "owner, until 28 September 2026"
    dated = leadership_decisions_text.decision_rows(undated(is_crossed=False, **asked))
    assert len(dated) == 1
    assert "months of a contract" not in dated["expected_gain"].iloc[0]


def test_risks_of_few_people_are_not_told():
    few = pd.DataFrame({"variant": ["treated"] * 30, "risk": ["high"] * 25 + ["medium"] * 5})
    for listed in (few, few.head(0)):
        assert leadership_contracts.with_listed_risks("Contact 30", listed) == "Contact 30"
