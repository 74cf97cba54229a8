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
    known = parameters.declared(book.path(tiny.STEPS[2]))
    assert known["width"] == Parameter("width", "float", 1.5, "width of the right [metres]")
    assert known["as_of"].default == ""


def test_a_type_that_cannot_be_checked_is_refused(tmp_path):
    path = notebook(tmp_path / "x.ipynb", "when: date = ''  # day [date]")
    with pytest.raises(InputError, match=r"x\.ipynb: when: its type is 'date'; allowed: str, int, float, bool"):
        parameters.declared(path)


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(InputError, match=r"09_none\.ipynb: there is no such notebook"):
        parameters.declared(tmp_path / "09_none.ipynb")


def test_a_name_with_two_defaults_is_refused():
    other = Parameter("horizon_days", "int", 30, "outcome window [days]")
    with pytest.raises(InputError, match=r"07: horizon_days: declared as int = 30, outcome window \[days\]; allowed"):
        parameters.common({"05": {"horizon_days": DAYS}, "07": {"horizon_days": other}})


@pytest.mark.parametrize(("kind", "text", "value"), [
    ("int", "90", 90), ("float", "1.5", 1.5), ("bool", "yes", True), ("bool", "False", False), ("str", "a b", "a b")])
def test_a_text_becomes_a_value_of_the_declared_type(kind, text, value):
    assert parameters.typed(text, Parameter("x", kind, "", "")) == value


@pytest.mark.parametrize(("kind", "text"), [
    ("int", "1.5"), ("int", "1_000"), ("int", "１２"), ("float", "much"), ("float", "1_0.5"), ("float", "nan"),
    ("float", "inf"), ("bool", "perhaps")])
def test_a_text_of_another_type_is_refused(kind, text):
    with pytest.raises(InputError, match=f"'{text}' is not of type {kind}"):
        parameters.typed(text, Parameter("x", kind, "", "a thing"))


def test_values_are_defaults_unless_they_are_set():
    notebooks = {"05": {"horizon_days": DAYS, "source": Parameter("source", "str", "simulated", "")}}
    assert parameters.values((), notebooks) == {"horizon_days": 90}
    assert parameters.values(("horizon_days=30",), notebooks) == {"horizon_days": 30}


def test_all_notebooks_agree_on_their_parameters():
    known = parameters.common({s.notebook: parameters.declared(WORKBOOK.path(s)) for s in STEPS})
    assert {"source", "run", "as_of", "seed", "raw", "horizon_days"} <= set(known)
