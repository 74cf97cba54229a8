"""The whole workbook: from raw files to published pages."""

import csv
import os
import re
import subprocess
import sys
from html import unescape

import pandas as pd
import pytest

from helpers.foundation import folders
from helpers.foundation.manifest import read_manifest
from helpers.pipeline import registry
from helpers.pipeline.steps import STEPS
from helpers.reporting import glossary
from tests import pages

WHOLE = {
    "online_retail": ("online_retail", 541_909),
    "ecsi_mobi": ("ecsi_mobi", 250),
    "telco": ("telco", 7_043),
}
INTAKE = {
    "cdnow_master": ("cdnow", 69_659),
    "cdnow_sample": ("cdnow", 6_919),
    "cookie_cats": ("cookie_cats", 90_189),
    "hillstrom": ("hillstrom", 64_000),
}


def run(source, *options, home, **environment):
    """Run the command that schedulers call; return the finished process."""
    return subprocess.run([sys.executable, "-m", "helpers", "run", source, *map(str, options)], text=True, check=False,
                          capture_output=True, timeout=900,
                          env={**os.environ, folders.HOME_VARIABLE: str(home), **environment})


def newest(source, home, monkeypatch):
    monkeypatch.setenv(folders.HOME_VARIABLE, str(home))
    folder = folders.run_folders(source)[-1]
    return folder, read_manifest(folder)


def frames(source, folder):
    workspace = registry.open_workspace(source, folder.name)
    names = [f"{p.parent.name}/{p.stem}" for p in sorted(folder.glob("*/*.parquet"))]
    return {name: workspace.frame(name) for name in names}


def test_the_default_run_is_published_with_every_page(workbook):
    latest = workbook / "reports" / "latest"
    names = {step.notebook.removesuffix(".ipynb") + ".html" for step in STEPS if step.name != "08"} | {"index.html"}
    assert names <= {p.name for p in latest.iterdir()}
    assert (workbook / "reports" / "index.html").is_file()


def test_no_page_is_heavy_or_asks_for_anything_outside(workbook):
    every = list((workbook / "reports").rglob("*.html"))
    assert every
    for page in every:
        text = page.read_text(encoding="utf-8")
        assert len(text.encode()) <= 600_000, page.name
        assert not any(mark in text for mark in ('src="http', "src='http", "url(http", "@import", "<link ")), page.name


def published(workbook):
    return {p.name: p.read_text(encoding="utf-8") for p in (workbook / "reports" / "latest").glob("*.html")}


UNDERSCORED = re.compile(r"(?<![\w/.<'“])[A-Za-z0-9]+_\w+(?![\w/'”]|\.\w)")  # no path, file name or quoted column


def test_no_id_with_an_underscore_stands_in_a_text_of_a_page(workbook):
    found = {name: sorted({i for text in pages.page_texts(html) for i in UNDERSCORED.findall(text)})
             for name, html in published(workbook).items()}
    assert len(found) == len(STEPS)
    assert {name: ids for name, ids in found.items() if ids} == {}


def defined(html):
    if 'class="exhibit glossary"' not in html:
        return []
    part = html.split('class="exhibit glossary"')[1].split("</dl>")[0]
    return re.findall(r"<dt>([^<]+)</dt>", part)


ABBREVIATION = re.compile(r"(?<![\w/-])[A-Z][A-Z/]*[A-Z]{2}[A-Z/]*(?![\w/-])")
KNOWN_TO_READERS = {"A", "CJK", "CSV", "EUR", "GBP", "ID", "USD", "UTC"}


def test_every_abbreviation_and_class_of_customers_on_a_page_is_in_its_glossary(workbook):
    for name, html in published(workbook).items():
        texts = " ".join(pages.page_texts(html, {*pages.OF_ANALYSTS, "glossary"}))
        terms = defined(html)
        words = {w for term in glossary.TERMS if term.name in terms for w in (term.name, *term.also)}
        used = set(ABBREVIATION.findall(texts)) - KNOWN_TO_READERS
        assert sorted(used - words) == [], name
        for kind in ("active", "retained", "churned", "reactivated"):
            if re.search(rf"\b{kind}\b", texts):
                assert f"{kind} customer" in terms, (name, kind)


def test_windows_of_the_glossary_are_those_of_the_run(workbook):
    text = unescape(published(workbook)["05_churn_prediction.html"])
    manifest = read_manifest(folders.run_folders("simulated")[-1])
    horizon, eligible = manifest["parameters"]["horizon_days"], manifest["study"]["churn"]["eligible_days"]
    assert f"active in the last {eligible} days, no purchase in the next {horizon} days" in text


def test_the_default_company_has_an_ok_status_in_every_step(workbook):
    manifest = read_manifest(folders.run_folders("simulated")[-1])
    assert manifest["state"] == "finished"
    assert {name: step["state"] for name, step in manifest["steps"].items()} == {s.name: "finished" for s in STEPS}


def test_equal_input_gives_equal_tables_whatever_jobs_and_threads(workbook, tmp_path, monkeypatch):
    first = folders.run_folders("simulated")[-1]
    expected = frames("simulated", first)
    done = run("simulated", "--jobs", 1, home=tmp_path, LOYALTY_THREADS="1")
    assert done.returncode == 0, done.stderr
    folder, _ = newest("simulated", tmp_path, monkeypatch)
    found = frames("simulated", folder)
    assert list(found) == list(expected)
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(found[name], frame, check_exact=False, rtol=1e-12, atol=1e-12, obj=name)


@pytest.fixture
def one_transaction(tmp_path):
    """A home with a source that has one transaction and nothing else."""
    raw = tmp_path / "data" / "raw" / "corner_shop"
    raw.mkdir(parents=True)
    with (raw / "orders.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["order", "customer", "day", "paid"], ["1", "ann", "2024-05-01", "12.50"]])
    sources = tmp_path / "data" / "sources"
    sources.mkdir()
    (sources / "corner_shop.toml").write_text(
        'name = "corner_shop"\ntitle = "One transaction and nothing else"\ncurrency = "EUR"\n'
        '[files.orders]\npath = "orders.csv"\n'
        '[tables.transactions]\nfrom = "orders"\n[tables.transactions.columns]\n'
        'order_id = "\\"order\\""\ncustomer_id = "customer"\nordered_at = "day"\nkind = "\'sale\'"\namount = "paid"\n')
    return tmp_path


def test_a_company_with_one_transaction_gets_eight_pages_that_say_what_is_missing(one_transaction, monkeypatch):
    done = run("corner_shop", home=one_transaction)
    assert done.returncode == 0, done.stderr
    folder, manifest = newest("corner_shop", one_transaction, monkeypatch)
    states = {name: step["state"] for name, step in manifest["steps"].items()}
    assert states["01"] == states["04"] == states["08"] == "finished"
    assert states["02"] == states["06"] == "not_applicable"
    made = {p.name: p.read_text(encoding="utf-8") for p in (folder / "pages").iterdir() if p.suffix == ".html"}
    assert len(made) == 8
    assert "insufficient" in made["05_churn_prediction.html"].lower()


@pytest.mark.real_data
@pytest.mark.parametrize("source", WHOLE)
def test_a_real_source_runs_whole(source, real_data, tmp_path, monkeypatch):
    folder, records = WHOLE[source]
    done = run(source, "--raw", real_data / folder, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_records(*newest(source, tmp_path, monkeypatch), source, records)


@pytest.mark.real_data
@pytest.mark.parametrize("source", INTAKE)
def test_the_intake_of_a_real_source_meets_its_controls(source, real_data, tmp_path, monkeypatch):
    folder, records = INTAKE[source]
    done = run(source, "--raw", real_data / folder, "--only", "01", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_records(*newest(source, tmp_path, monkeypatch), source, records)


def assert_records(folder, manifest, source, records):
    audit = registry.open_workspace(source, folder.name).frame("results/intake_audit")
    value = audit[audit["segment"] == "all"].set_index("quantity")["value"]
    assert value["records"] == records == value["accepted"] + value["rejected"] + value["not yet"]
    assert manifest["state"] == "finished"
