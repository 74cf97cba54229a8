import pytest

from helpers.experiments.config import ExperimentsConfig
from helpers.foundation.errors import InputError
from helpers.foundation.study_config import Study

PLAN = {"hypothesis": "a gift brings people back", "control": "none", "primary_metric": "spend"}


def section(values):
    return Study(sections={"experiments": values}, where="studies/shop.toml").section("experiments", ExperimentsConfig)


def test_a_table_inside_the_section_is_the_plan_of_the_experiment_of_that_name():
    read = section({"sample_ratio_p": 0.001, "gift": PLAN})
    assert read.sample_ratio_p == 0.001
    assert read.plans["gift"].primary_metric == "spend"
    assert read.plans["gift"].minimum_effect == 0


def test_an_absent_section_is_all_defaults():
    assert section({}) == ExperimentsConfig()
    assert ExperimentsConfig().sample_ratio_p == 0.01


def test_a_misspelt_key_of_a_plan_names_the_nearest_one():
    with pytest.raises(InputError, match=r"plans\.gift\.primary_metrc.*did you mean 'primary_metric'"):
        section({"gift": {**PLAN, "primary_metrc": "x"}})


def test_a_misspelt_key_of_the_section_names_the_nearest_one():
    with pytest.raises(InputError, match="did you mean 'sample_ratio_p'"):
        section({"sample_ratio": 0.01})


def test_planned_shares_that_do_not_add_up_are_refused():
    with pytest.raises(InputError, match="add up to 1"):
        section({"gift": {**PLAN, "shares": {"none": 0.5, "gift": 0.4}}})


def test_planned_shares_without_the_control_are_refused():
    with pytest.raises(InputError, match="no arm 'none'"):
        section({"gift": {**PLAN, "shares": {"red": 0.5, "gift": 0.5}}})


def test_the_table_of_assumptions_has_a_row_for_every_entry_of_a_plan():
    shown = section({"gift": PLAN}).table()
    assert "plans" not in set(shown["assumption"])
    assert shown.set_index("assumption").loc["gift: control", "value"] == "none"
    assert shown.set_index("assumption").loc["gift: minimum_effect", "set_by"] == "default"
    assert shown.set_index("assumption").loc["gift: shares", "value"] == "not declared"
    shared = section({"gift": {**PLAN, "shares": {"none": 0.5, "gift": 0.5}}}).table().set_index("assumption")
    assert shared.loc["gift: shares", "value"] == "none 0.5, gift 0.5"
