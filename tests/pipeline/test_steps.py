import nbformat
import pytest

from helpers.foundation import folders, manifest
from helpers.foundation.errors import InputError
from helpers.pipeline import registry
from helpers.pipeline.steps import STEPS, WORKBOOK, waiting_for

BY_NAME = {step.name: step for step in STEPS}


def test_there_are_eight_steps_each_with_its_notebook():
    assert [step.name for step in STEPS] == [f"{n:02}" for n in range(1, 9)]
    assert all(WORKBOOK.path(step).is_file() for step in STEPS)
    assert all(step.notebook.startswith(f"{step.name}_") for step in STEPS)


def test_every_declared_table_is_written_by_exactly_one_step():
    written = [table for step in STEPS for table in step.writes]
    assert sorted(written) == sorted(registry.declarations())


def test_every_table_that_a_step_reads_is_written_by_an_earlier_one():
    for i, step in enumerate(STEPS):
        earlier = {table for before in STEPS[:i] for table in before.writes}
        assert {*step.reads, *step.reads_if_present} <= earlier, step.name


def test_the_middle_runs_side_by_side_and_the_end_waits_for_all():
    assert {name: BY_NAME[name].after(STEPS) for name in ("02", "03", "05", "06")} == dict.fromkeys(
        ("02", "03", "05", "06"), ("01",))
    assert BY_NAME["04"].after(STEPS) == ("01", "02", "03")
    assert BY_NAME["07"].after(STEPS) == ("01", "02", "03", "04", "05", "06")
    assert BY_NAME["08"].after(STEPS) == ("01", "02", "03", "04", "05", "06", "07")
    assert waiting_for(BY_NAME["07"], STEPS, {"01", "02", "03", "04"}) == ("05", "06")


def test_the_action_plan_begins_on_values_and_scores_while_their_pages_are_still_made():
    assert {s.name: set(s.writes_early) <= set(s.writes) for s in STEPS if s.writes_early} == {"04": True, "05": True}
    assert waiting_for(BY_NAME["07"], STEPS, {"01", "02", "03", "06"}, WORKBOOK.early) == ()
    assert waiting_for(BY_NAME["08"], STEPS, {"01", "02", "03", "06", "07"}, WORKBOOK.early) == ("04", "05")


@pytest.mark.parametrize("step", [step for step in STEPS if step.writes_early], ids=lambda step: step.name)
def test_what_is_written_early_is_written_in_the_first_third_of_a_notebook_and_not_read_back(step):
    cells = [cell.source for cell in nbformat.read(WORKBOOK.path(step), as_version=4).cells]
    written = next(i for i, source in enumerate(cells) if "workspace.write(" in source)
    assert written < len(cells) / 3
    for table in step.writes_early:
        assert f'"{table.split("/")[1]}"' in cells[written] or f'"{table}"' in cells[written]
        assert not any(table in source for source in cells[written + 1:])


def test_steps_begin_in_the_order_that_keeps_least_waiting():
    assert [step.name for step in WORKBOOK.in_order(STEPS)] == ["01", "02", "03", "06", "05", "04", "07", "08"]


def test_beginning_and_end_work_alone_and_the_middle_does_not():
    assert [step.name for step in STEPS if WORKBOOK.is_alone(step)] == ["01", "08"]


@pytest.mark.parametrize(("first", "only", "names"), [
    ("", "", "01 02 03 04 05 06 07 08"), ("6", "", "06 07 08"), ("", "05", "05")])
def test_steps_are_selected_from_one_on_or_one_alone(first, only, names):
    assert [step.name for step in WORKBOOK.selected(first, only)] == names.split()


@pytest.mark.parametrize(("first", "only"), [("9", ""), ("", "x"), ("2", "3")])
def test_a_selection_that_makes_no_sense_is_refused(first, only):
    with pytest.raises(InputError):
        WORKBOOK.selected(first, only)


def test_the_graph_equals_what_the_workspace_saw(workbook):
    record = manifest.read_manifest(folders.run_folders("simulated")[-1])
    for step in STEPS:
        told = record["steps"][step.name]
        assert set(told["reads"]) == {*step.reads, *step.reads_if_present}, step.name
        assert set(told["rows"]) <= set(step.writes), step.name
        if step.name != "01":
            assert set(told["rows"]) == set(step.writes), step.name


def test_steps_that_could_run_on_some_tables_are_those_that_need_one_and_those_behind_them():
    possible = WORKBOOK.possible
    assert [s.name for s in possible(["canonical/subscriptions"])] == ["03", "04", "05", "07"]
    assert [s.name for s in possible(["canonical/assignments"])] == ["06"]
    assert possible(["canonical/customers", "canonical/offers"]) == []
