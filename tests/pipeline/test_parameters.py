import nbformat
import pytest
from nbformat import v4

from helpers.foundation.errors import InputError
from helpers.pipeline import parameters
from helpers.pipeline.parameters import Parameter
from helpers.pipeline.steps import STEPS, WORKBOOK
from tests.pipeline import tiny

DAYS = Parameter("horizon_days", "int", 90, "outcome window [days]")


def notebook(path, source):
    cell = v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    nbformat.write(v4.new_notebook(cells=[cell], metadata={"kernelspec": {"name": "python3", "language": "python",
                                                                          "display_name": "Python 3"}}), path)
    return path


def test_parameters_are_read_with_type_default_and_meaning(book):
    known = parameters.notebook_parameters(book.path(tiny.STEPS[2]))
    assert known["width"] == Parameter("width", "float", 1.5, "width of the right [metres]")
    assert known["as_of"].default == ""


def test_a_type_that_cannot_be_checked_is_refused(tmp_path):
    path = notebook(tmp_path / "x.ipynb", "when: date = ''  # day [date]")
    with pytest.raises(InputError, match=r"x\.ipynb: when: its type is 'date'; allowed: str, int, float, bool"):
        parameters.notebook_parameters(path)


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(InputError, match=r"09_none\.ipynb: there is no such notebook"):
        parameters.notebook_parameters(tmp_path / "09_none.ipynb")


def test_a_broken_notebook_is_one_sentence(tmp_path):
    (tmp_path / "05.ipynb").write_text('{"cells": [')
    with pytest.raises(InputError, match=r"^05\.ipynb: it is no notebook"):
        parameters.notebook_parameters(tmp_path / "05.ipynb")


OTHER = Parameter("horizon_days", "int", 30, "outcome window [days]")


def disagreement(edited, **days):
    with pytest.raises(InputError) as raised:
        parameters.all_parameters(
            {name: {"horizon_days": parameter} for name, parameter in days.items()}, lambda: edited
        )
    return str(raised.value)


def test_where_two_notebooks_disagree_both_are_named_and_so_is_the_edited_one():
    assert disagreement({"05"}, **{"05": OTHER, "07": DAYS}) == (
        "notebooks: horizon_days: 05 declares int = 30, outcome window [days]; 07 declares int = 90, outcome window "
        "[days] (05 differs from what is committed); allowed: the same line in each of them; another value for one run "
        "is given by --set horizon_days=…; trials by hand are made in copies, which python -m helpers lab opens")
    assert "(07 differs from what is committed)" in disagreement({"07", "08"}, **{"05": OTHER, "07": DAYS})
    assert "committed" not in disagreement((), **{"05": OTHER, "07": DAYS})


def test_of_many_notebooks_the_odd_one_is_named_first():
    assert disagreement((), **{"02": DAYS, "03": DAYS, "05": OTHER, "07": DAYS}).startswith(
        "notebooks: horizon_days: 05 declares int = 30, outcome window [days]; 02, 03 and 07 declare int = 90")


def test_a_parameter_that_has_an_option_is_not_said_to_be_set():
    known = {name: {"source": Parameter("source", "str", name, "source profile [name]")} for name in ("a", "b")}
    with pytest.raises(InputError, match="the same line in each of them; trials by hand"):
        parameters.all_parameters(known)


@pytest.mark.parametrize(("kind", "text", "value"), [
    ("int", "90", 90), ("float", "1.5", 1.5), ("bool", "yes", True), ("bool", "False", False), ("str", "a b", "a b")])
def test_a_text_becomes_a_value_of_the_declared_type(kind, text, value):
    assert parameters.parse_value(text, Parameter("x", kind, "", "")) == value


@pytest.mark.parametrize(("kind", "text"), [
    ("int", "1.5"), ("int", "1_000"), ("int", "１２"), ("float", "much"), ("float", "1_0.5"), ("float", "nan"),
    ("float", "inf"), ("bool", "perhaps")])
def test_a_text_of_another_type_is_refused(kind, text):
    with pytest.raises(InputError, match=f"'{text}' is not of type {kind}"):
        parameters.parse_value(text, Parameter("x", kind, "", "a thing"))


def test_values_are_defaults_unless_they_are_set():
    notebooks = {"05": {"horizon_days": DAYS, "source": Parameter("source", "str", "simulated", "")}}
    assert parameters.parameter_values((), notebooks) == {"horizon_days": 90}
    assert parameters.parameter_values(("horizon_days=30",), notebooks) == {"horizon_days": 30}


def test_a_setting_that_one_notebook_alone_has_leads_to_its_page_and_others_do_not():
    account = Parameter("account", "str", "", "key account whose plan is shown [account]")
    books = {"05.ipynb": {"horizon_days": DAYS}, "07.ipynb": {"horizon_days": DAYS, "account": account}}
    values = {"as_of": "", "horizon_days": 30, "account": "Acme"}
    assert parameters.settings_of_one_notebook(values, books) == {"account": "07.ipynb"}
    assert parameters.settings_of_one_notebook(values | {"account": ""}, books) == {}


def test_all_notebooks_agree_on_their_parameters():
    known = parameters.all_parameters({s.notebook: parameters.notebook_parameters(WORKBOOK.path(s)) for s in STEPS})
    assert {"source", "run", "as_of", "seed", "raw", "horizon_days"} <= set(known)
