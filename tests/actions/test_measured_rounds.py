import numpy as np
import pandas as pd
import pytest

from helpers.actions import measured_response, measured_rounds
from helpers.reporting.text import response_rounds as text

ROUND = {"variant": "treated", "control": "held out", "status": "ok", "reason": "", "level": 0.95, "unit": "share",
         "n_variant": 200, "n_control": 100, "mean_variant": 0.5, "mean_control": 0.4, "low": 0.0, "high": 0.2}


def effects(margin=4.0):
    means = {"2025-03-31": 0.45, "2025-06-30": 0.5}
    rows = [ROUND | {"experiment": f"action plan of {day}", "metric": "repurchased", "is_primary": True,
                     "value": mean - 0.4, "mean_variant": mean} for day, mean in means.items()]
    money = ROUND | {"experiment": "action plan of 2025-06-30", "metric": "margin", "is_primary": False,
                     "unit": "money", "value": margin, "low": margin - 3, "high": margin + 3}
    return pd.DataFrame([*rows, money])


PLAN = pd.DataFrame({"variant": ["treated"] * 50 + ["held out"] * 20, "margin_at_risk": 10.0})


def table(found):
    return measured_rounds.rounds_table(found, measured_response.pooled_response(found), PLAN)


def test_each_round_stands_beside_all_together_and_what_this_one_is_expected_to_keep():
    rows = table(effects()).set_index("round")
    assert list(rows.index) == ["action plan of 2025-03-31", "action plan of 2025-06-30", "all rounds together",
                                "this round, if contact does as well again"]
    assert rows["n_treated"].tolist() == [200, 200, 400, 50]
    assert rows["n_held_out"].tolist() == [100, 100, 200, 20]
    cut = rows["reduction"]
    assert cut.iloc[:2].tolist() == pytest.approx([1 - 0.55 / 0.6, 1 - 0.5 / 0.6])
    assert cut.iloc[3] == cut.iloc[2]
    assert rows["margin_in_all"].iloc[1] == pytest.approx(200 * 4.0)
    assert rows["margin_in_all"].iloc[3] == pytest.approx(cut.iloc[2] * 500)
    assert rows["margin"].iloc[3] == pytest.approx(cut.iloc[2] * 10)
    assert rows[["margin", "margin_in_all"]].iloc[[0, 2]].isna().all().all()  # not of every round


def test_both_bases_of_margin_are_told_in_one_sentence_and_no_small_count_is():
    said = text.bases_sentence(table(effects()), "EUR")
    first, second = said.split(". ")
    assert first == ("The margin of the action plan of 2025-06-30, €4.00 a customer and €800 of its 200, is all that "
                     "they brought above the control group")
    assert second.startswith("That of this round, €1.")
    assert second.endswith(" of its 50, counts customers whose churn it prevents alone.")
    without = effects().head(2)
    assert text.bases_sentence(table(without), "EUR") == ""
    shown = text.rounds_rows(table(effects()), "EUR")
    assert shown["margin"].notna().tolist() == [False, True, False, True]
    few = table(effects()).assign(n_held_out=4)
    assert text.rounds_rows(few)["control_group"].tolist() == ["fewer than 10"] * 4
    assert list(text.rounds_rows(few).columns) == ["round", "contacted", "control_group"]
    small = table(effects())
    assert text.bases_sentence(small.assign(n_treated=5)) == ""


def test_what_a_round_brought_stands_less_what_it_was_planned_to_cost_where_its_plan_is_known():
    found = effects()
    earlier = pd.DataFrame({"variant": ["treated", "treated", "held out"], "draw": "action plan of 2025-06-30",
                            "cost_expected": [1.0, 2.0, 9.0]})
    rows = measured_rounds.rounds_table(found, measured_response.pooled_response(found),
                                        PLAN.assign(draw="action plan of 2025-09-30", cost_expected=0.5), [earlier])
    last, now = rows.iloc[1], rows.iloc[3]
    assert last[["planned_cost", "net", "net_low", "net_high"]].tolist() == pytest.approx([300, 500, -100, 1100])
    assert now["planned_cost"] == 25.0
    assert now["net"] == pytest.approx(now["margin_in_all"] - 25)
    assert rows[["planned_cost", "net"]].iloc[[0, 2]].isna().all().all()
    shown = text.rounds_rows(rows, "EUR")
    assert shown["planned_cost"].iloc[1] == "€300"
    assert shown["net"].iloc[1] == "€500 [−€100, €1,100]"


def test_before_a_first_round_there_is_no_table_and_one_round_is_not_told_twice():
    assert table(effects().head(0)).empty
    assert len(table(effects().iloc[1:])) == 2
    assert np.isnan(table(effects().iloc[[0]])["margin"].iloc[0])
