"""Text on crises and win-back: every branch is read."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.churn.crisis_recovery import HIT, NOT_HIT, CrisisRecovery
from helpers.customers.windows import TimeWindow
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.reporting.text import crisis_and_winback as crisis_text

DAY = pd.Timestamp("2026-03-02")


def test_a_crisis_is_told_with_its_times():
    burst = pd.DataFrame({"began_on": [DAY], "n_complaints": [47], "expected": [5.2], "law": ["Poisson"]})
    repair = pd.DataFrame({"began_on": [DAY], "detect_days": [7], "respond_hours": [5.5], "usual_hours": [7.2],
                           "rebuild_weeks": [np.nan], "share_main_cause": [0.9], "main_cause": ["delivery"]})
    first, second = crisis_text.complaint_burst_sentence(burst, repair)
    assert first == "In the week from 2 March 2026 47 complaints came in where 5.2 were to be expected (Poisson)."
    assert "they are not back at their usual level yet; 90.0 % gave delivery as the cause." in second
    assert (
        "usual level after 1 week"
        in crisis_text.complaint_burst_sentence(burst, repair.assign(rebuild_weeks=1.0))[1]
    )
    assert crisis_text.complaint_burst_sentence(burst.head(0), repair)[0].startswith(
        "No week had far more complaints"
    )


def test_win_back_is_told_under_its_assumption():
    listed = pd.DataFrame({"value_of_asking": [5.0] * 10 + [-1.0] * 10, "break_even_uptake": [0.1] * 20})
    back = Estimate("share_returned", 0.04, 0.02, 0.06, "share", 300)
    said = crisis_text.winback_sentence(listed, back, "EUR")
    assert (
        said[0] == "Of 20 customers churned 10 would be worth a win-back offer under the assumed uptake, €50.00 in "
                   "all. Asking the first 10 breaks even from an uptake of 10.0 % on."
    )
    assert said[1].endswith("Of those who had churned a horizon ago 4.0 % [2.0 %, 6.0 %] came back unprompted.")
    none = no_estimate("share_returned", Status.INSUFFICIENT, "few")
    few = crisis_text.winback_sentence(listed.iloc[[0, 10]], none, "EUR")[0]
    assert few == (
        "Of fewer than 10 customers churned fewer than 10 would be worth a win-back offer under the assumed uptake."
    )
    assert crisis_text.winback_sentence(listed.tail(10), none)[0].startswith(
        "Of 10 customers churned nobody would be worth a win-back offer"
    )
    assert crisis_text.winback_sentence(listed.head(0), none) == (
        "No churned customer is known to be worth a win-back offer.",
    )


def recovered(ratio, before=1.0):
    def near(name, value, segment="all", unit="ratio"):
        return Estimate(name, value, value - 0.1, value + 0.1, unit, 400, segment)
    return CrisisRecovery(date(2025, 6, 16), None, TimeWindow(date(2025, 6, 23), date(2025, 12, 19)), (
        near("share_back", 0.4, HIT, "share"), near("share_back", 0.6, NOT_HIT, "share"),
        near("ratio_of_ratios", ratio), near("ratio_before", before)))


@pytest.mark.parametrize(("found", "said"), [
    (recovered(0.6),
     "those hit ordered less than the others: ratio of orders after to before 0.6 [0.5, 0.7] times theirs; before the "
     "crisis the groups moved alike (1 [0.9, 1.1]), and who complains was not drawn."),
    (recovered(1.4), "those hit ordered more than the others"),
    (recovered(1.0), "those hit do not differ with statistical significance from the others"),
    (recovered(0.6, 1.5), "but the groups moved apart before the crisis already (1.5 [1.4, 1.6]), so that this is not "
                          "read as its effect."),
    (CrisisRecovery(date(2025, 6, 16), reason="too few"),
     "Whether those hit by the crisis of 16 June 2025 came back cannot be said: too few.")])
def test_recovery_is_told_against_those_not_hit(found, said):
    told = crisis_text.crisis_recovery_sentence(found)
    assert said in told
    if not found.reason:
        assert told.startswith("Of the customers who complained in the crisis of 16 June 2025 40.0 % [30.0 %, 50.0 %] "
                               "ordered again within 180 days, of those who ordered in these weeks without a complaint "
                               "60.0 % [50.0 %, 70.0 %]. ")
