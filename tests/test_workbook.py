"""The whole workbook: from raw files to published pages."""

import csv
import json
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import __main__
from helpers.foundation import engine, folders
from helpers.foundation.manifest import read_manifest
from helpers.intake import infer_profile
from helpers.pipeline import registry
from helpers.pipeline.steps import STEPS, WORKBOOK
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


@pytest.fixture
def whole_run(fork_server, home):
    """Return what the command for a run gives in a home of its own: the folder of the run and its manifest."""
    def make(source, *options):
        assert __main__.main(["run", source, *map(str, options)]) == 0
        folder = folders.run_folders(source)[-1]
        return folder, read_manifest(folder)
    return make


def frames(source, folder):
    workspace = registry.open_workspace(source, "" if folder.name == folders.SCRATCH else folder.name)
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


def test_no_count_that_a_plan_withholds_follows_from_the_others_of_its_table(workbook):
    plan = published(workbook)["07_action_plan.html"]
    assert "under 10" in plan or "fewer than 10" in plan or "withheld" in plan
    assert pages.withheld_alone(plan) == []
    table = ("<table><tr><th>Action</th><th>Held out</th></tr><tr><td>call</td><td>{}</td></tr>"
             "<tr><td>mail</td><td>14</td></tr>")
    assert pages.withheld_alone(table.format("under 10")) == [("Held out", ["under 10", "14"])]
    assert pages.withheld_alone(table.format("11")) == []


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


def test_every_cell_runs_by_hand_and_equal_input_gives_the_tables_of_a_run_whatever_threads(workbook, tmp_path):
    """nbval runs all cells one after the other in kernels of its own, a run leaves some out and has two at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(folders.HOME_VARIABLE, str(tmp_path))
        patch.setenv(engine.THREADS_VARIABLE, "3")
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax",
                               "--nbval-cell-timeout=600", *sorted(map(str, WORKBOOK.folder.glob("*.ipynb")))],
                              cwd=folders.CHECKOUT_FOLDER, capture_output=True, text=True, check=False, timeout=1800)
        assert done.returncode == 0, done.stdout + done.stderr
        found = frames("simulated", folders.runs_folder("simulated") / folders.SCRATCH)
    expected = frames("simulated", folders.run_folders("simulated")[-1])
    assert list(found) == list(expected)
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(found[name], frame, check_exact=False, rtol=1e-12, atol=1e-12, obj=name)


@pytest.fixture
def one_transaction(home):
    """A home with a source that has one transaction and nothing else."""
    raw = home / "data" / "raw" / "corner_shop"
    raw.mkdir(parents=True)
    with (raw / "orders.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["order", "customer", "day", "paid"], ["1", "ann", "2024-05-01", "12.50"]])
    sources = home / "data" / "sources"
    sources.mkdir()
    (sources / "corner_shop.toml").write_text(
        'name = "corner_shop"\ntitle = "One transaction and nothing else"\ncurrency = "EUR"\n'
        '[files.orders]\npath = "orders.csv"\n'
        '[tables.transactions]\nfrom = "orders"\n[tables.transactions.columns]\n'
        'order_id = "\\"order\\""\ncustomer_id = "customer"\nordered_at = "day"\nkind = "\'sale\'"\namount = "paid"\n')
    return home


def test_a_company_with_one_transaction_gets_eight_pages_that_say_what_is_missing(one_transaction, whole_run):
    folder, manifest = whole_run("corner_shop")
    states = {name: step["state"] for name, step in manifest["steps"].items()}
    assert states["01"] == states["04"] == states["08"] == "finished"
    assert states["02"] == states["06"] == "not_applicable"
    made = {p.name: p.read_text(encoding="utf-8") for p in (folder / "pages").iterdir() if p.suffix == ".html"}
    assert len(made) == 8
    assert "insufficient" in made["05_churn_prediction.html"].lower()


def orders_without_money(n_customers=500):
    """Return the lines of a log of orders: who, when and what, of people who order at rates of their own."""
    rng = np.random.default_rng(3)
    days = []
    for who, rate in enumerate(rng.gamma(2, 1 / 60, n_customers)):
        since_first = np.append(0, rng.exponential(1 / rate, 60).cumsum())
        on = rng.uniform(0, 900) + since_first[since_first < rng.exponential(300)]
        days += [(int(day), who) for day in on[on < 1000]]
    return [f"B{7000 + i}|KD{who:04}|{date(2024, 1, 1) + timedelta(day):%d.%m.%Y}|ART-{i % 30:02}|{i % 3 + 1}"
            for i, (day, who) in enumerate(sorted(days))]


def test_a_company_whose_orders_have_no_money_has_its_orders_counted_and_no_money_claimed(home, whole_run):
    raw, sources = home / "data" / "raw" / "log", home / "data" / "sources"
    raw.mkdir(parents=True)
    sources.mkdir()
    lines = orders_without_money()
    (raw / "orders.txt").write_text("\n".join(["Bestellnr|Kunde|Bestelldatum|Artikel|Menge", *lines]) + "\n")
    (sources / "log.toml").write_text(infer_profile.draft_profile([raw / "orders.txt"]), encoding="utf-8")
    folder, manifest = whole_run("log")
    assert {step["state"] for step in manifest["steps"].values()} <= {"finished", "not_applicable"}
    assert [manifest["steps"][name]["state"] for name in ("01", "04", "05", "07", "08")] == ["finished"] * 5
    told = frames("log", folder)
    assert len(told["canonical/transactions"]) == len(lines)
    summaries = [frame for frame in told.values() if {"unit", "value"} <= set(frame.columns)]
    money = pd.concat([frame.loc[frame["unit"] == "money", "value"] for frame in summaries])
    assert money.isna().all()
    ahead = told["results/value_forecasts"].set_index("quantity")["value"]
    assert ahead["orders_ahead"] > ahead["quarter_orders"] > 0
    for page in (folder / "pages").glob("*.html"):
        assert "EUR" not in page.read_text(encoding="utf-8"), page.name


@pytest.mark.real_data
@pytest.mark.parametrize("source", WHOLE)
def test_a_real_source_runs_whole(source, real_data, whole_run):
    folder, records = WHOLE[source]
    assert_records(*whole_run(source, "--raw", real_data / folder), source, records)


@pytest.mark.real_data
@pytest.mark.parametrize("source", INTAKE)
def test_the_intake_of_a_real_source_meets_its_controls(source, real_data, whole_run):
    folder, records = INTAKE[source]
    assert_records(*whole_run(source, "--raw", real_data / folder, "--only", "01"), source, records)


def assert_records(folder, manifest, source, records):
    audit = registry.open_workspace(source, folder.name).frame("results/intake_audit")
    value = audit[audit["segment"] == "all"].set_index("quantity")["value"]
    assert value["records"] == records == value["accepted"] + value["rejected"] + value["not yet"]
    assert manifest["state"] == "finished"


ENGLISH = re.compile(r"[A-Za-z]{2,}(?:[ ,]+[A-Za-z]{2,}){2,}")  # three words in a row


def test_no_text_of_the_leadership_page_in_another_language_keeps_three_english_words_in_a_row(
    workbook, fork_server, tmp_path, monkeypatch,
):
    home = tmp_path / "home"
    shutil.copytree(workbook, home)
    study = home / "data" / "studies" / "simulated.toml"
    study.parent.mkdir(parents=True, exist_ok=True)
    shipped = Path(__file__).parents[1] / "data" / "studies" / "simulated.toml"
    study.write_text(f'{shipped.read_text(encoding="utf-8")}\n[report]\nlanguage = "zh_CN"\n', encoding="utf-8")
    monkeypatch.setenv(folders.HOME_VARIABLE, str(home))
    manifest = folders.run_folders("simulated")[-1] / "manifest.json"  # no other step asks for the language
    record = json.loads(manifest.read_text(encoding="utf-8"))
    record["study"]["report"] = {"language": "zh_CN"}
    manifest.write_text(json.dumps(record), encoding="utf-8")
    assert __main__.main(["run", "simulated", "--only", "08"]) == 0
    texts = pages.page_texts((home / "reports" / "latest" / "index.html").read_text(encoding="utf-8"))
    assert "今天需要批准哪些决定" in " ".join(texts)
    assert [text for text in texts if ENGLISH.search(text)] == []
