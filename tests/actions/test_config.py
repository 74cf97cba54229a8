import pytest

from helpers.actions.config import ActionsConfig
from helpers.foundation.errors import InputError
from helpers.foundation.study_config import Study


def section(values):
    return Study(sections={"actions": values}, where="studies/shop.toml").section("actions", ActionsConfig)


def test_rules_are_read_in_their_order():
    read = section({"capacity": 20, "rules": [
        {"action": "call", "risks": ["high", "medium"], "lowest_tier": 1, "contact_cost": 6.0}, {"action": "mail"}]})
    assert [rule.action for rule in read.rules] == ["call", "mail"]
    assert read.rules[0].risks == ("high", "medium")
    assert read.capacity == 20


def test_a_misspelt_key_of_a_rule_is_refused_by_name():
    with pytest.raises(InputError, match="did you mean 'contact_cost'"):
        section({"rules": [{"action": "call", "contact_costs": 6.0}]})


def test_a_hold_out_of_everybody_is_refused():
    with pytest.raises(InputError, match="hold_out_share"):
        section({"hold_out_share": 1.0})


def test_the_table_shows_every_rule_in_words():
    shown = section({"rules": [{"action": "call", "lowest_tier": 2, "has_offer": True, "contact_cost": 6.0}]}).table()
    last = shown.set_index("assumption").loc["rule 1"]
    assert (last["value"], last["set_by"]) == ("call", "study")
    assert last["meaning"] == "for high risk in tiers 1 to 2; 6 a contact, with an offer [money]"
    assert "rules" not in set(shown["assumption"])
    assert (section({}).table()["set_by"] == "default").all()
