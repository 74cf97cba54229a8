"""The page's own script in a real browser, under the page's own security policy."""

import csv

import pandas as pd
import pytest

from helpers.reporting import display, pages, plots
from tests.reporting import samples

pytestmark = pytest.mark.browser

NAMES = ["b", "=1+1", "c", "+3 points", "a", "-cmd|'/c calc'!A0", "d", "e", "@x"]


@pytest.fixture
def window(browser, tmp_path):
    frame = pd.DataFrame({"name": NAMES, "amount": [10.0, -2.0, 300.5, 1000.0, 5.0, 6.0, 7.0, 8.0, 9.0]})
    bars = plots.bar_plot(frame.head(3), "name", "amount", "A figure", "EUR")
    table = display.data_table(frame, caption="T & U")
    cells = [samples.text("# 02 · Satisfaction\n\nA question"), samples.code(table), samples.code(bars)]
    path = tmp_path / "page.html"
    path.write_text(pages.notebook_page(samples.notebook(*cells), footing=samples.FOOTING), encoding="utf-8")
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    refused = []
    page.on("console", lambda told: refused.append(told.text) if told.type == "error" else None)
    page.goto(path.as_uri())
    yield page
    context.close()
    assert refused == []


def column(window, at):
    return window.locator(f"figure.table tbody tr:not([hidden]) > :nth-child({at})").all_text_contents()


def test_a_column_of_numbers_is_sorted_as_numbers_up_and_down(window):
    window.get_by_role("button", name="Amount").click()
    assert column(window, 2) == ["−2", "5", "6", "7", "8", "9", "10", "300", "1,000"]
    assert window.locator("th").nth(1).get_attribute("aria-sort") == "ascending"
    window.get_by_role("button", name="Amount").click()
    assert column(window, 2)[:2] == ["1,000", "300"]


def test_rows_are_filtered_by_what_is_typed(window):
    window.get_by_role("searchbox").fill("POINTS")
    assert column(window, 2) == ["1,000"]
    window.get_by_role("searchbox").fill("")
    assert len(column(window, 2)) == len(NAMES)


def test_a_table_is_saved_with_every_row_and_no_cell_that_a_spreadsheet_would_compute(window, tmp_path):
    window.get_by_role("searchbox").fill("points")
    with window.expect_download() as found:
        window.get_by_role("button", name="Save as CSV").click()
    assert found.value.suggested_filename == "T-U.csv"
    found.value.save_as(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["Name", "Amount"]
    assert [name for name, _ in rows[1:]] == [
        "b", "'=1+1", "c", "'+3 points", "a", "'-cmd|'/c calc'!A0", "d", "e", "'@x"]
    assert [amount for _, amount in rows[1:4]] == ["10", "−2", "300"]


def test_a_figure_opens_large_and_closes(window):
    window.locator("figure.figure").hover()
    window.get_by_role("button", name="Enlarge").click()
    dialog = window.get_by_role("dialog")
    assert dialog.locator("svg.plot").is_visible()
    dialog.get_by_role("button", name="Close").click()
    assert window.get_by_role("dialog").count() == 0
