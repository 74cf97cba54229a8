"""Every test session works in a temporary home; kernels inherit it and find the helpers."""

import os
from pathlib import Path

import pytest

from helpers.foundation import workspace


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory):
    """Keep every run, page and raw file of the session in one temporary folder."""
    home = tmp_path_factory.mktemp("home")
    os.environ[workspace.HOME] = str(home)
    return home


@pytest.fixture(scope="session")
def workbook(session_home):
    """Run the whole workbook once on the simulated company; return the session's home that it is in."""
    from helpers.pipeline import runner

    before = os.environ[workspace.HOME]
    os.environ[workspace.HOME] = str(session_home)  # a test before may have a home of its own
    assert runner.run(runner.Request("simulated")) == runner.GOOD
    os.environ[workspace.HOME] = before
    return session_home


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give one test a home of its own."""
    monkeypatch.setenv(workspace.HOME, str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def real_data():
    """Return the folder of public data sets, or skip by name."""
    folder = os.environ.get("LOYALTY_REAL_DATA")
    if not folder:
        pytest.skip("LOYALTY_REAL_DATA does not point to the public data sets")
    return Path(folder)
