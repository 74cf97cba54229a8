import shutil

import pytest

from helpers.foundation.errors import InputError
from helpers.foundation.folders import CHECKOUT_FOLDER
from helpers.foundation.schema import Column, Table
from helpers.pipeline import docs, registry
from helpers.pipeline.steps import STEPS

PEOPLE = Table("canonical/people", "person", ("person_id",), (
    Column("person_id", "text", "the person"),
    Column("mood", "text", "good | bad", allowed=("good", "bad")),
    Column("age_years", "number", "age [years]", True, low=0, high=120),
), prefixes=("demographic_",))
FILES = ("README.md", "data/README.md")


@pytest.fixture
def copy(tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT_FOLDER / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_rendered_blocks_equal_the_declarations(name):
    path = CHECKOUT_FOLDER / name
    assert path.read_text(encoding="utf-8") == docs.rendered_files(CHECKOUT_FOLDER)[path], "run: make notebooks"


def test_every_declared_table_and_column_is_in_the_dictionary():
    text = docs.tables_text(registry.declarations())
    for table in registry.declarations().values():
        section = text.split(f"### `{table.name}`\n")[1].split("\n#")[0]
        assert all(f"\n| `{name}` |" in section for name in table.names)


def test_every_key_of_a_study_is_in_the_dictionary_with_its_default():
    text = docs.studies_text(registry.SECTIONS)
    for name, kind in registry.SECTIONS.items():
        section = text.split(f"### `[{name}]`\n")[1].split("\n#")[0]
        assert all(f"\n| `{key}` |" in section for key in kind.model_fields)
    assert "| `margin_rate` | `0.3` |" in text
    assert "### `[churn.rules.<name>]`" in text
    assert "### `[experiments.<name>]`" in text


def test_every_step_is_in_the_step_table():
    rows = docs.step_table().splitlines()[2:]
    assert [row.split("|")[1].strip() for row in rows] == [f"{step.name} {step.title}" for step in STEPS]
    assert "| every canonical table, `intake_audit`" in rows[0]
    assert "`transactions`" in rows[2]


def test_a_table_says_its_grain_key_rules_and_families():
    text = docs.table_text(PEOPLE)
    assert "One row is one person. Key: `person_id`." in text
    assert "| `person_id` | text | the person | required |" in text
    assert "| `mood` | text | good \\| bad | one of good, bad |" in text
    assert "| `age_years` | number | age [years] | required; ≥ 0; ≤ 120 |" in text
    assert text.endswith("Families of further columns: `demographic_…`.")


def test_a_table_without_a_key_says_that_rows_may_repeat():
    assert "No key: equal rows may repeat." in docs.table_text(Table("results/log", "entry", (), ()))


@pytest.mark.parametrize("text", ["nothing", "<!-- a --><!-- /a --><!-- a --><!-- /a -->", "<!-- a -->"])
def test_marks_that_are_missing_or_repeated_are_refused(text):
    with pytest.raises(InputError, match="one pair of marks"):
        docs.fill_block(text, "a", "body")


def test_rendering_repairs_an_edited_block_and_leaves_the_rest(copy):
    path = copy / "data" / "README.md"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("`canonical/customers`", "`canonical/clients`"), encoding="utf-8")
    assert docs.render_docs(copy) == [path]
    assert path.read_text(encoding="utf-8") == before
    assert docs.render_docs(copy) == []
