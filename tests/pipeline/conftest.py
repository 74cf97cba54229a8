import os
import shutil

import pytest

from helpers.foundation import folders
from helpers.pipeline import runner
from helpers.pipeline.runner import Request
from tests.pipeline import tiny


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    return tiny.workbook(tmp_path_factory.mktemp("notebooks"))


@pytest.fixture(scope="session")
def made(tmp_path_factory, book):
    """Return a home with one finished run of the tiny workbook."""
    home = tmp_path_factory.mktemp("made")
    tiny.declare(home)
    before = os.environ[folders.HOME_VARIABLE]
    os.environ[folders.HOME_VARIABLE] = str(home)
    assert runner.run(Request("tiny"), book, lambda _: None) == 0
    os.environ[folders.HOME_VARIABLE] = before
    return home


@pytest.fixture(autouse=True)
def revision(monkeypatch):
    """Let the code stay the same while somebody works on it."""
    monkeypatch.setattr(runner.provenance, "revision", lambda _: tiny.REVISION)


@pytest.fixture
def begun(made, home):
    """Give one test a home of its own, with one finished run."""
    shutil.copytree(made, home, dirs_exist_ok=True)
    (home / "02.pids").unlink()
    return home
