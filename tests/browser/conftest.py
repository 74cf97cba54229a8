"""A real browser, and the folders of pages that it reads: samples of every kind, and the pages of a whole run."""

import os
from pathlib import Path

import pytest

from tests.reporting import samples

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def browser():
    """Return Debian's Chromium, or skip by name."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session", params=["samples", "reports"])
def shelf(request, browser, tmp_path_factory):
    """Return a folder of pages: the samples, then those of a whole run, or where LOYALTY_REPORTS points."""
    if request.param == "samples":
        folder = tmp_path_factory.mktemp("samples")
        samples.written(folder)
        return folder
    given = os.environ.get("LOYALTY_REPORTS")
    return Path(given) if given else request.getfixturevalue("finished_run") / "reports" / "latest"
