"""What earlier lists brought in money: beside the control group, less what they cost."""

import pandas as pd

from helpers.foundation.results import Gate, Level
from helpers.reporting.text import action_results
from tests.reporting import leading

PLAN, WIN_BACK, OLD = "action plan of 2026-01-01", "win-back of 2026-01-01", "action plan of 2025-10-01"

MARGIN = {"metric": "margin", "is_primary": False, "unit": "money", "value": 10.0, "low": 2.0, "high": 18.0,
          "verdict": None, "reason": ""}


def answered(*rows, costs=None, **more):
    found = leading.results(experiment_effects=leading.lists(*rows), **more)
    return action_results.action_earnings(found, {} if costs is None else costs)


def test_without_a_measured_list_no_earning_is_claimed_and_what_was_tried_otherwise_is_said():
    for found in (leading.results(), leading.everything()):
        assert action_results.action_earnings(found, {})[0].startswith("Cannot say, because no action list")
    assert "Tried otherwise, with units assigned at random: checkout: ship new" in action_results.action_earnings(
        leading.everything(), {})[1]


def test_a_list_tells_its_margin_its_cost_and_what_is_left_with_their_ranges():
    said = answered({}, MARGIN, costs={PLAN: (500.0, 2500.0)})
    assert said == (
        "Of 1 list drawn on 1 January 2026 1 earned more than its control group, beyond chance. Action plan: €2,000 "
        "[€400, €3,600] of margin, €1,500 [−€100, €3,100] after planned cost.",
        "Action plan: 200 drawn for contact, 100 in the control group; planned cost €500: whether it paid is open. Had "
        "every offer been taken up, it cost €2,500, and net −€500 [−€2,100, €1,100] is left.",
        "Costs are those planned when the lists were drawn, at the uptake assumed then; what was paid is not on "
        "record.")


def test_each_list_of_the_latest_day_is_told_and_none_of_an_earlier_one():
    club = {"experiment": "customer club of 2026-01-01", "status": "insufficient", "value": None, "n_variant": 27,
            "n_control": 4, "reason": "few"}
    said = answered({}, MARGIN, {"experiment": WIN_BACK}, MARGIN | {"experiment": WIN_BACK, "low": -2.0}, club,
                    MARGIN | {"experiment": OLD}, costs={PLAN: (100.0, 100.0), WIN_BACK: (4000.0, 4000.0)})
    assert said[0] == ("Of 3 lists drawn on 1 January 2026 1 earned more than its control group, beyond chance; 1 "
                       "shows no difference beyond chance; 1 was too small to tell in money. Action plan: €2,000 "
                       "[€400, €3,600] of margin, €1,900 [€300, €3,500] after planned cost.")
    assert said[1].endswith("planned cost €100: at that cost it paid.")
    assert said[2].startswith("Win-back: 200 drawn for contact, 100 in the control group: margin €2,000 [−€400, "
                              "€3,600], no difference beyond chance")
    assert said[2].endswith("net −€2,000 [−€4,400, −€400]: at that cost it lost money.")
    assert said[3] == ("Too few to tell what they brought: customer club (27 drawn for contact, fewer than 10 in the "
                       "control group).")
    bounded = answered(club, {}, MARGIN, costs={club["experiment"]: (1.3, 9.0)})
    told = "in the control group). At worst they cost €9.00 for nothing."
    assert any(sentence.endswith(told) for sentence in bounded)
    dated = answered({"started_on": "2026-01-01", "stop_on": "2026-04-01"}, MARGIN, costs={PLAN: (500.0, 2500.0)})
    assert dated[2] == "Counted from the day after the draw to 1 April 2026."
    assert said[-1] == "Lists are not added up, since a customer may stand on two."


def test_before_the_first_result_it_is_said_when_one_can_be_had():
    planned = pd.DataFrame([leading.decision()])
    both = pd.DataFrame({"variant": ["treated", "held out"]})
    for listed, told in ((both, True), (both.head(1), False)):
        said = action_results.action_earnings(leading.results(decisions=planned, actions=listed), {})[0]
        assert said.endswith("is compared with its control group after 28 September 2026.") == told


def test_contact_brings_as_much_margin_as_the_one_clear_list_measured():
    clear, open_still = ({}, MARGIN), ({}, MARGIN | {"low": -2.0})
    told = [action_results.margin_by_contact(leading.results(experiment_effects=leading.lists(*rows)))
            for rows in (clear, open_still)]
    assert told == [(2_000.0, 400.0, 3_600.0), None]
    assert action_results.margin_by_contact(leading.results()) is None


def test_a_list_whose_cost_is_not_recorded_has_no_net():
    assert answered({}, MARGIN)[1].endswith("; its cost is not recorded, so that the net is not known.")


def test_a_list_that_was_not_carried_out_says_so_beside_what_it_brought():
    name = "action plan of 1 January 2026"
    idle = leading.gates("06", Gate(f"{name}: carried out", 0.7, 0.9, True, Level.QUALIFY, f"every verdict on {name}",
                                    "both arms were contacted alike"))
    said = answered({}, MARGIN, experiment_gates=idle)[1]
    assert "(caution: both arms were contacted alike)" in said
    assert said.startswith("Action plan (70.0 % more contacted than of the control group): 200 drawn for contact")
    for share, told in ((0.0, "none"), (0.05, "5.0 %")):
        contacted = {"metric": "contacted", "is_primary": False, "mean_control": share, "mean_variant": 0.75}
        assert answered({}, MARGIN, contacted, experiment_gates=idle)[1].startswith(
            f"Action plan (75.0 % of those drawn were contacted, {told} of the control group): 200 drawn")


def test_a_single_list_that_cannot_be_judged_says_why():
    early = {"status": "insufficient", "reason": "3 of the rarer answer in one arm, 5 are asked for"}
    assert answered(early)[1] == ("The action plan of 1 January 2026 has no outcome in money that can be judged: 3 of "
                                  "the rarer answer in one arm, 5 are asked for.")


def test_a_list_that_tells_money_but_not_what_decides_is_counted_apart():
    unclear = {"status": "insufficient", "value": None, "metric_label": "the repurchase rate"}
    assert "; 1 was too small to tell in money. Action plan: " in answered(
        unclear, MARGIN, {"experiment": WIN_BACK, **unclear})[0]


def test_an_uneven_range_says_why():
    uneven = MARGIN | {"low": 1.0, "high": 14.0, "note": "8 values other than the commonest in the smaller arm"}
    assert "(caution: the range is uneven, since few of the control group have any margin)" in answered({}, uneven)[1]
    assert "uneven" not in answered({}, uneven | {"low": 6.0})[1]


def test_lists_too_small_to_tell_of_which_it_is_in_doubt_whether_all_were_contacted_are_named():
    name = "customer club of 1 January 2026"
    idle = leading.gates("06", Gate(f"{name}: carried out", 0.8, 0.9, True, Level.QUALIFY, f"every verdict on {name}",
                                    "80 % were contacted"))
    club = {"experiment": "customer club of 2026-01-01", "experiment_label": name, "status": "insufficient",
            "value": None, "n_variant": 27, "n_control": 14, "reason": "few"}
    told = "Not all that were drawn were contacted, or it is not recorded: customer club"
    assert f"{told} (80.0 % more contacted than of the control group)." in answered(
        {}, MARGIN, club, experiment_gates=idle)
    assert f"{told}." in answered({}, MARGIN, club, experiment_gates=idle.assign(statistic=float("nan")))
    assert not any(told in sentence for sentence in answered({}, MARGIN, club))


def test_a_list_whose_customers_were_hardly_contacted_earned_nothing_by_contact():
    name = "action plan of 1 January 2026"
    idle = leading.gates("06", Gate(f"{name}: carried out", 0.002, 0.9, True, Level.QUALIFY, f"every verdict on {name}",
                                    "0.2 % were contacted"))
    counted, told, *_ = answered({"experiment_label": name}, MARGIN | {"experiment_label": name},
                                 costs={PLAN: (100.0, 100.0)},
                                 experiment_gates=idle)
    assert counted == ("Of 1 list drawn on 1 January 2026 0 earned more than their control groups, beyond chance; 1 "
                       "was not carried out.")
    assert told == ("Action plan: not carried out as drawn. Of 200 drawn for contact only 0.2 % more were contacted "
                    "than of 100 in the control group, so it earned nothing, and no cost counts.")
