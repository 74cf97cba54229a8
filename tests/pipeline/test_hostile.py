"""A whole run of a company whose every text carries scripts, formulas and personal data: none of it gets anywhere."""

import json
import re
from html.parser import HTMLParser

import pyarrow.parquet as pq
import pytest

from helpers import __main__
from helpers.foundation import folders
from helpers.reporting.headings import heading
from helpers.stats import suppressed_tables
from tests.pipeline import hostile
from tests.pipeline.test_published_cells import few_told, published

PERSONAL = re.compile(r"@example\.org|\+49 170|170 12345")
OWN_SCRIPT = (folders.CHECKOUT_FOLDER / "helpers/reporting/template/page.js").read_text(encoding="utf-8")
COUNTS = {heading(column) for column in (*suppressed_tables.PEOPLE, "n")}


def called(home, *arguments):
    """Return the exit code of a command for a home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(folders.HOME_VARIABLE, str(home))
        return __main__.main([str(argument) for argument in arguments])


class Page(HTMLParser):
    """What a browser would do with a page: elements, attributes and cells of tables by heading."""

    def __init__(self, text):
        super().__init__()
        self.does, self.tables, self.cell, self.script = [], [], None, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.script = "" if tag == "script" else self.script
        self.does += [tag] if tag in ("iframe", "object", "embed", "form", "base") else []
        self.does += [f"{tag} {name}" for name in given if name.startswith("on")]
        self.does += [f"{tag} {name}={value}" for name, value in given.items()
                      if name in ("href", "src", "xlink:href", "action") and re.match(r"\s*(\w+:|//)", value)
                      and not value.startswith("data:image/")]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self.tables[-1][-1].append("")
            self.cell = self.tables[-1][-1]

    def handle_endtag(self, tag):
        self.cell = None if tag in ("td", "th") else self.cell
        self.does += ["script"] if tag == "script" and self.script != OWN_SCRIPT else []

    def handle_data(self, data):
        self.script += data
        if self.cell is not None:
            self.cell[-1] += data


@pytest.fixture(scope="module")
def company(tmp_path_factory, fork_server):
    """Return a home with a whole run, and the folder of raw files beside it."""
    home = tmp_path_factory.mktemp("hostile")
    raw = hostile.declare(home)
    assert called(home, "run", "hostile", "--raw", raw) == 0
    return home, raw


@pytest.fixture(scope="module")
def pages(company):
    home, _ = company
    return {p.relative_to(home).as_posix(): Page(p.read_text(encoding="utf-8")) for p in home.rglob("*.html")}


def texts(home):
    """Yield every file under a home with what stands in it, tables as JSON."""
    for path in sorted(p for p in home.rglob("*") if p.is_file() and "sources" not in p.parts):
        yield path, json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False) \
            if path.suffix == ".parquet" else path.read_text(encoding="utf-8", errors="replace")


def test_no_page_executes_anything_that_stood_in_the_data(company, pages):
    assert len(pages) > 20
    assert {name: page.does for name, page in pages.items() if page.does} == {}


def test_the_tricks_are_shown_as_what_they_are(company):
    home, _ = company
    shown = (home / "reports" / "latest" / "01_data_intake.html").read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=window.pwned=1&gt;" in shown
    assert "&lt;script&gt;window.pwned=1&lt;/script&gt; &amp; Sons" in shown


def test_no_cell_of_a_table_is_a_formula(pages):
    cells = [cell for page in pages.values() for table in page.tables for row in table for cell in row]
    assert any("=cmd" in cell for cell in cells)
    assert [cell for cell in cells if cell.lstrip(" \n")[:1] in ("=", "@")] == []


def test_nothing_personal_reaches_a_table_a_page_a_notebook_or_a_log(company):
    home, _ = company
    found = [str(path.relative_to(home)) for path, text in texts(home) if PERSONAL.search(text)]
    assert found == []
    assert any("[phone], [e-mail]" in text for _, text in texts(home))


def test_no_table_of_any_page_shows_a_cell_of_one_to_nine_people(pages):
    small = []
    for name, page in pages.items():
        for first, *rows in (table for table in page.tables if table):
            at = [i for i, head in enumerate(first) if head in COUNTS]
            everybody = [i for i, head in enumerate(first) if head == "Segment"]
            other = [i for i, head in enumerate(first) if head == "Unit"]
            for row in rows:
                is_cell = not any(row[i] in suppressed_tables.EVERYBODY for i in everybody) and not any(
                    row[i] in suppressed_tables.OTHER_UNITS for i in other)
                if is_cell and (everybody or "Segment" not in first):
                    small += [(name, row) for i in at if row[i].isdigit() and 0 < int(row[i]) < 10
                              and (everybody or first[i] != "n")]
    assert small == []
    withheld = {suppressed_tables.HIDDEN, suppressed_tables.KEPT_BACK}
    assert any(cell in withheld for page in pages.values() for table in page.tables for row in table for cell in row)


def test_no_sentence_and_no_result_table_tells_a_cell_of_one_to_nine_people(company):
    home, _ = company
    run = next((home / "data" / "runs" / "hostile").glob("*/manifest.json")).parent
    assert len(published(run)) > 10
    assert few_told(run, sorted((home / "reports" / "latest").glob("*.html"))) == []


def test_an_erased_person_is_nowhere_and_does_not_return_with_the_same_files(company):
    home, raw = company
    listed = (home / "reports" / "latest" / "07_action_plan.html").read_text(encoding="utf-8")
    found = re.findall(r"kunde-\d{5}-x", listed)
    who = found[0] if found else hostile.customer(0)
    before = [path for path, text in texts(home) if who in text]
    assert len(before) > 5
    assert called(home, "erase", who, "--source", "hostile") == 0
    assert [path for path, text in texts(home) if who in text] == []
    assert called(home, "run", "hostile", "--raw", raw, "--only", "01") == 0
    assert [path for path, text in texts(home) if who in text] == []
    newest = sorted((home / "data" / "runs" / "hostile").glob("*/results/intake_audit.parquet"))[-1]
    audit = pq.read_table(newest).to_pandas().set_index(["quantity", "segment"])["value"]
    assert audit["rejected because", "erased at request"] > 1
