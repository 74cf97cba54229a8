import re

import pytest

from helpers.churn.config import ChurnConfig
from helpers.foundation.folders import CHECKOUT_FOLDER
from helpers.reporting import glossary, pages
from helpers.value.config import ValueConfig
from tests.reporting import samples

CLASSES = ("active customer", "new customer", "retained customer", "reactivated customer", "churned customer")
WINDOWS = glossary.run_windows({}, {"horizon_days": 90})


def test_a_term_has_one_definition_and_a_word_one_term():
    names = [name.lower() for term in glossary.TERMS for name in {term.name, *term.also}]
    assert [name for name in names if names.count(name) > 1] == []


def test_churn_and_retention_are_defined_once_each_as_parts_of_one_whole():
    formulas = {term.name: term.formula for term in glossary.TERMS}
    assert formulas["retention rate"].startswith("retained / (retained + churned);")
    assert formulas["churn rate"].endswith("= 1 − retention rate of the same windows")
    assert [name for name, formula in formulas.items() if "churned /" in formula or "retained /" in formula] == [
        "churn rate", "retention rate"]


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_of_customers_has_its_window(name):
    term = next(term for term in glossary.TERMS if term.name == name)
    assert "365 days" in term.text(WINDOWS)


def test_windows_come_from_the_study_and_the_parameters_of_the_run():
    study = {"value": {"period_days": 180}, "churn": {"eligible_days": 200}}
    text = next(t for t in glossary.TERMS if t.name == "churned customer").text(
        glossary.run_windows(study, {"horizon_days": 30}))
    assert all(f"{n} days" in text for n in (180, 200, 30))
    assert "365" not in text


def test_windows_that_a_study_does_not_say_are_the_defaults():
    assert WINDOWS["period"] == f"{ValueConfig().period_days} days"
    assert WINDOWS["eligible"] == f"{ChurnConfig().eligible_days} days"
    assert glossary.run_windows({}, {})["horizon"] == "days of the horizon"


@pytest.mark.parametrize(("text", "names"), [
    ("Retained customers and NPS", ["net promoter score", "retained customer"]),
    ("reauctioned AUCs, kanoe", ["AUC"]), ("nothing here", []),
    ("BG/NBD", ["BG/NBD, MBG/NBD, Pareto/NBD"]),
])
def test_terms_are_found_as_whole_words_in_either_case_and_number(text, names):
    assert [term.name for term in glossary.terms_on(text)] == names


def test_the_dictionary_of_the_data_holds_every_term_once():
    text = (CHECKOUT_FOLDER / "data" / "README.md").read_text(encoding="utf-8")
    assert glossary.glossary_text() in text
    assert all(text.count(f"| {term.name} | {term.meaning}") == 1 for term in glossary.TERMS)


def terms(html):
    return re.findall(r"<dt>([^<]+)</dt>", html.split('class="exhibit glossary"')[1].split("</dl>")[0])


def test_a_page_ends_with_the_terms_that_it_uses_and_no_others():
    page = pages.notebook_page(samples.notebook(samples.text("# Title"), samples.text("Churn by AUC")),
                               footing=samples.FOOTING)
    assert terms(page) == ["AUC", "churn rate"]
    assert '<details class="part" id="glossary">' in page


def test_a_page_without_terms_has_no_glossary():
    page = pages.notebook_page(samples.notebook(samples.text("# Title")), footing=samples.FOOTING)
    assert 'id="glossary"' not in page
