import hashlib
import subprocess

import pytest

from helpers.foundation import folders
from helpers.foundation.errors import InputError
from helpers.pipeline import provenance, registry

REVISION = provenance.revision


@pytest.fixture
def source(home):
    folder = home / "data" / "sources"
    folder.mkdir(parents=True)
    (folder / "shop.toml").write_text(
        'name = "shop"\ntitle = "A shop"\ncurrency = "EUR"\nas_of = "2021-01-01"\n'
        '[files.lines]\npath = "by-day/*.csv"\n')
    raw = home / "data" / "raw" / "shop" / "by-day"
    raw.mkdir(parents=True)
    (raw / "2.csv").write_text("b")
    (raw / "1.csv").write_text("a")
    (raw / "notes.txt").write_text("not read")
    return home


def test_the_files_that_a_profile_reads_are_checksummed(source):
    found = provenance.raw_checksums("shop")
    assert list(found) == ["by-day/1.csv", "by-day/2.csv"]
    assert found["by-day/1.csv"] == {"bytes": 1, "sha256": hashlib.sha256(b"a").hexdigest()}
    assert provenance.data_checksum(found)
    assert provenance.data_checksum({}) == ""


def test_title_and_currency_come_from_the_profile(source):
    assert (provenance.title("shop"), provenance.currency("shop"), provenance.declared_day("shop")) == (
        "A shop", "EUR", "2021-01-01")
    assert (provenance.title("none"), provenance.currency("none"), provenance.declared_day("none")) == ("", "", "")


def test_a_profile_that_is_no_toml_is_said(source):
    (source / "data" / "sources" / "shop.toml").write_text("name = ")
    with pytest.raises(InputError, match=r"sources/shop\.toml: not readable as TOML"):
        provenance.title("shop")


def test_the_revision_is_the_commit_or_a_checksum_that_follows_the_notebooks(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "revision", REVISION)
    told = {"rev-parse": "abc", "status": ""}
    monkeypatch.setattr(provenance, "_git", lambda *arguments: told[arguments[0]])
    assert provenance.revision(tmp_path) == "abc"
    told["status"] = " M helpers/x.py"
    first = provenance.revision(tmp_path)
    (tmp_path / "01.ipynb").write_text("{}")
    assert first.startswith("abc+")
    assert provenance.revision(tmp_path) != first
    told["rev-parse"] = None
    assert provenance.revision(tmp_path).startswith("0.1.0+")


def test_git_that_is_missing_or_fails_is_no_error(monkeypatch):
    assert provenance._git("no-such-command") is None

    def absent(*_, **__):
        raise OSError

    monkeypatch.setattr(subprocess, "run", absent)
    assert provenance._git("status") is None


def test_git_tells_which_notebooks_were_edited(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "_git", lambda *_: "notebooks/05_churn.ipynb\nnotebooks/07_plan.ipynb")
    assert provenance.edited(tmp_path) == {"05_churn.ipynb", "07_plan.ipynb"}
    monkeypatch.setattr(provenance, "_git", lambda *_: None)
    assert provenance.edited(tmp_path) == frozenset()


def test_versions_name_python_and_the_packages_that_results_depend_on():
    assert {"python", "duckdb", "pandas", "papermill"} <= set(provenance.versions())


def test_every_problem_of_a_study_is_named_in_one_pass(home):
    folder = home / "data" / "studies"
    folder.mkdir(parents=True)
    (folder / "shop.toml").write_text("[chrun]\nx = 1\n[churn]\neligable_days = 3\n[economics]\nmargin_rate = 7.0\n")
    with pytest.raises(InputError) as refused:
        registry.read_study("shop")
    for part in ("there is no section [chrun] (did you mean 'churn'?)", "did you mean 'eligible_days'?",
                 "margin_rate = 7.0"):
        assert part in str(refused.value)


def test_every_section_has_a_default_and_a_described_meaning_for_each_key():
    for name, kind in registry.SECTIONS.items():
        assert all(info.description for info in kind.model_fields.values()), name
        assert isinstance(kind(), kind)


def test_shipped_studies_are_right():
    for name in folders.config_names("studies"):
        registry.read_study(name)
