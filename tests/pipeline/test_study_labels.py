from helpers.customers import random_assignment
from helpers.foundation import labels
from helpers.foundation.study_config import Study
from helpers.pipeline import registry
from tests.pipeline import tiny

PLAN = {"hypothesis": "h", "control": "a", "primary_metric": "bought"}


def study(**sections):
    return Study(sections=sections)


def test_labels_are_those_of_the_study_and_of_its_plans():
    found = registry.study_labels(study(
        labels={"channels": {"mail": "E-mail"}, "items": {"q_1": "Overall satisfaction"}},
        experiments={"new_page": {**PLAN, "label": "New page", "metric_labels": {"bought": "Order rate"}}}))
    assert found == random_assignment.ARM_LABELS | {
        "mail": "E-mail", "q_1": "Overall satisfaction", "new_page": "New page", "bought": "Order rate"}


def test_a_metric_that_two_plans_call_differently_has_no_label():
    plans = {name: {**PLAN, "metric_labels": {"bought": label}} for name, label in (("x", "Orders"), ("y", "Sales"))}
    assert "bought" not in registry.study_labels(study(experiments=plans))


def test_a_workspace_makes_the_labels_of_its_source_known(home):
    folder = home / "data" / "studies"
    folder.mkdir(parents=True)
    (folder / "tiny.toml").write_text('[labels.tiers]\ntop_five = "Top five"\n', encoding="utf-8")
    tiny.declare(home)
    registry.open_workspace("tiny")
    assert labels.readable_id("top_five") == "Top five"
    registry.open_workspace("simulated")
    assert labels.readable_id("top_five") == "top five"
