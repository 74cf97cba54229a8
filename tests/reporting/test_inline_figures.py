import base64
import re
from pathlib import Path

import nbformat
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbformat import v4

from helpers.reporting import inline_figures, pages
from tests.reporting.samples import FOOTING, LINKS, notebook, text

READY = "from helpers.reporting import inline_figures; inline_figures.describe_figures()"
SEABORN = """import pandas as pd
import seaborn as sns
tips = pd.DataFrame({"day": ["Sat", "Sun", "Mon"], "bill": [20.5, 21.4, 9.0]})"""


@pytest.fixture(scope="module")
def executed():
    """Return a notebook with plain figures, run in a kernel as a run of the workbook prepares it."""
    cells = [
        text("# T"),
        v4.new_code_cell(READY, metadata={"tags": ["imports"]}),
        v4.new_code_cell(SEABORN, metadata={"tags": ["imports"]}),
        v4.new_code_cell('sns.barplot(tips, x="day", y="bill").set_title("Weekends are \\"dear\\" & long");'),
        v4.new_code_cell('sns.barplot(tips, x="day", y="bill")'),
        v4.new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()"),
        text("## By hand"),
        v4.new_code_cell('print("tried"); sns.histplot(tips, x="bill")', metadata={"tags": ["explore"]}),
    ]
    return NotebookClient(
        notebook(*cells),
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(Path(__file__).parents[2])}},
    ).execute()


def page(executed):
    return pages.notebook_page(executed, footing=FOOTING, links=LINKS)


def test_a_plain_seaborn_figure_stands_on_the_page_with_its_title_else_its_labels_as_alt_text(executed):
    alts = re.findall(r'<img class="picture" alt="([^"]*)"', page(executed))
    assert alts == ["Weekends are &quot;dear&quot; &amp; long", "bill by day", inline_figures.UNTITLED]


def test_what_a_call_returns_besides_its_figure_is_not_on_the_page(executed):
    plain = [o.data["text/plain"] for cell in executed.cells for o in cell.get("outputs", []) if "data" in o]
    assert [said for said in plain if said.startswith("<Axes")]
    assert "&lt;Axes" not in page(executed)


def test_cells_for_work_by_hand_are_not_on_the_page(executed):
    html = page(executed)
    assert "tried" not in html
    assert "By hand" not in html
    assert html.count('class="picture"') == 3


def test_a_picture_is_sharp_and_as_wide_as_its_kernel_shows_it(executed):
    shown = re.search(r'alt="bill by day" width="(\d+)" src="data:image/png;base64,([^"]+)"', page(executed))
    width = int.from_bytes(base64.b64decode(shown[2])[16:20], "big")
    assert width == pytest.approx(2 * int(shown[1]), abs=2)


def test_a_page_with_plain_figures_keeps_its_limit_and_says_where_the_rest_is():
    def cell(name, size):
        output = v4.new_output("display_data", {"image/png": "A" * size, inline_figures.DESCRIPTION: name})
        return v4.new_code_cell(outputs=[output])

    html = page(notebook(text("# T"), cell("Small", 100_000), cell("Large", 400_000), cell("Middle", 200_000)))
    assert len(html.encode()) < 600_000
    assert re.findall(r'<img class="picture" alt="(\w+)"', html) == ["Small", "Middle"]
    assert f'<p class="caption">Large</p><p>{inline_figures.TOO_LARGE}</p>' in html


def test_a_notebook_with_plain_figures_is_not_changed_by_its_page(executed):
    before = nbformat.writes(executed)
    assert page(executed) == page(executed)
    assert nbformat.writes(executed) == before


def test_a_figure_is_described_by_all_its_titles_else_by_its_labels():
    figure = Figure()
    assert inline_figures.figure_description(figure) is None
    left, right = figure.subplots(1, 2)
    left.set(xlabel="tenure [days]", ylabel="orders")
    right.set(xlabel="tenure [days]")
    assert inline_figures.figure_description(figure) == "orders by tenure [days]; tenure [days]"
    left.set_title("Loyal\ncustomers")
    figure.suptitle("Orders")
    assert inline_figures.figure_description(figure) == "Orders; Loyal customers"
