import shutil
from pathlib import Path

import pytest
from babel.messages import pofile

from helpers.pipeline import message_catalogues
from helpers.reporting import translation

ROOT = Path(__file__).resolve().parents[2]

LANGUAGES = translation.languages()[1:]


def entries(name, part, root=ROOT):
    path = root / "helpers" / "reporting" / "locale" / name / "LC_MESSAGES" / f"{part}.po"
    with path.open("rb") as file:
        return [entry for entry in pofile.read_po(file, locale=name) if entry.id]


def forms(text):
    return list(text) if isinstance(text, tuple | list) else [text]


@pytest.fixture
def copy(tmp_path):
    for folder in ("helpers", "notebooks", "data/sources", "data/studies"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "scratch"))
    return tmp_path


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_message_of_the_source_is_translated(name):
    known = {entry.id for entry in entries(name, "pages") if all(forms(entry.string))}
    assert [text for text in message_catalogues.source_messages(ROOT) if text not in known] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_catalogue_holds_a_message_that_the_source_has_no_more(name):
    said = set(message_catalogues.source_messages(ROOT))
    assert [entry.id for entry in entries(name, "pages") if entry.id not in said] == []
    assert message_catalogues.stale_templates(ROOT, name) == []


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("part", translation.CATALOGUES)
def test_a_translation_has_the_places_of_its_message_and_no_other(name, part):
    wrong = [entry.id for entry in entries(name, part) for string in forms(entry.string)
             if set(translation.PLACE.findall(string)) != set(translation.PLACE.findall(" ".join(forms(entry.id))))]
    assert wrong == []


def test_a_new_message_is_added_without_a_translation_and_one_that_is_gone_is_left_out(copy):
    module = copy / "helpers" / "reporting" / "text" / "forecast_grades.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace('message("Nothing due yet.")', 'message("Nothing has fallen due.")'),
                      encoding="utf-8")
    assert [path.name for path in message_catalogues.update_catalogues(copy)] == ["pages.po"] * len(LANGUAGES)
    for name in LANGUAGES:
        known = {entry.id: entry.string for entry in entries(name, "pages", copy)}
        assert known["Nothing has fallen due."] == ""
        assert "Nothing due yet." not in known
        assert known["This run"]
    assert message_catalogues.update_catalogues(copy) == []


def test_a_template_that_no_code_makes_is_called_stale(copy):
    path = copy / "helpers" / "reporting" / "locale" / LANGUAGES[0] / "LC_MESSAGES" / "tables.po"
    text = path.read_text(encoding="utf-8")
    path.write_text(f'{text}\nmsgid "{{n}} penguins waddle over purple glaciers"\nmsgstr "{{n}}"\n', encoding="utf-8")
    assert message_catalogues.stale_templates(copy, LANGUAGES[0]) == ["{n} penguins waddle over purple glaciers"]
