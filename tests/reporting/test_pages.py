import base64
import copy
import hashlib
import re
import time

import pandas as pd
import pytest
from nbformat import v4
from statsmodels.regression.linear_model import OLS

from helpers.reporting import display, pages
from tests.reporting import samples
from tests.reporting.samples import FOOTING, LINKS, code, notebook, text
from tests.reporting.test_display import Reader


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return every sample page by name."""
    folder = tmp_path_factory.mktemp("pages")
    return {name: (folder / name).read_text(encoding="utf-8") for name in samples.written(folder)}


def page(*cells):
    return pages.notebook_page(notebook(*cells), footing=FOOTING, links=LINKS)


def body(html):
    return html[html.index("<body"):]


def test_the_answer_comes_first_then_trust_evidence_doubt_and_what_is_folded(made):
    html = body(made["05.html"])
    marks = ["<h1", *(f'id="{part}"' for part in ("answer", "trust", "evidence", "doubt", "appendix", "words", "load",
                                                  "footing"))]
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)
    assert [html.count(mark) for mark in marks] == [1] * len(marks)


def test_each_cell_stands_in_its_part(made):
    html = body(made["05.html"])
    parts = dict(re.findall(r'<(?:section|details) (?:class="part" )?id="(\w+)"[^>]*>(.*?)</(?:section|details)>', html,
                            re.DOTALL))
    assert "26.5\xa0% [25.0\xa0%" in parts["answer"]
    assert "calibration slope" in parts["trust"]
    assert "Risk bands are only useful" in parts["evidence"]
    assert "A hold-out of 10" in parts["doubt"]
    assert "A wide table" in parts["appendix"]
    assert "no order within 90 days" in parts["words"]
    assert "results/customer_value: absent, read as empty\nresults/churn_scores: 5,292 × 8" in parts["load"]


def test_what_a_title_says_to_analysts_is_folded():
    html = body(page(text("# T\n\n**Question** Who?\n\nReads a, writes b."), code(display.paragraph("E."))))
    assert html.index("Who?") < html.index("<main>") < html.index("E.") < html.index("<details") < html.index("Reads a")


def test_code_and_prompts_are_not_shown():
    html = page(text("# T"), code(display.paragraph("Found."), source="secret_call()"))
    assert "secret_call" not in html
    assert "In [" not in html
    assert "Out[" not in html
    assert html.count("Found.") == 1


def test_a_page_asks_nothing_from_outside_and_holds_no_script_but_its_own(made):
    for html in made.values():
        reader = Reader()
        reader.feed(html)
        assert [tag for tag, _ in reader.tags].count("script") == 1
        own = re.search(r"<script data-words=\"[^\"]*\">(.*?)</script>", html, re.DOTALL)[1]
        allowed = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        assert f"script-src 'sha256-{allowed}'\">" in html
        addresses = [attrs.get(a, "") or "" for tag, attrs in reader.tags for a in ("src", "srcset", "data", "action")]
        links = [attrs["href"] for tag, attrs in reader.tags if tag in {"a", "link"} and "href" in attrs]
        assert not [a for a in addresses if a and not a.startswith("data:")]
        assert not [a for a in links if ":" in a or a.startswith("//")]
        assert "@import" not in html
        assert not re.search(r"url\((?!#|data:)", html)
        assert "default-src 'none'" in html


def test_a_page_with_ten_figures_is_small_and_quick():
    executed = samples.churn()
    html = pages.notebook_page(executed, footing=FOOTING, links=LINKS)
    assert len(html.encode()) < 600_000
    took = []
    for _ in range(5):
        start = time.perf_counter()
        pages.notebook_page(executed, footing=FOOTING, links=LINKS)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.5  # a tenth of a second on an idle machine, which a machine that runs tests is not


def test_the_notebook_is_not_changed():
    executed = samples.churn()
    before = copy.deepcopy(executed)
    first = pages.notebook_page(executed, footing=FOOTING, links=LINKS)
    assert executed == before
    assert pages.notebook_page(executed, footing=FOOTING, links=LINKS) == first


def test_the_head_says_what_the_page_speaks_for(made):
    html = made["05.html"]
    assert "<title>05 · Churn prediction · Simulated company</title>" in html
    assert ('<span class="state finished">✓ finished</span> · as of 30 June 2026 · Simulated company</p>'
            in html)
    assert '<a href="05.html" aria-current="page">05 Churn</a>' in html
    assert html.count("aria-current") == 1 + html.count("[aria-current]")


def test_a_day_that_is_only_declared_is_not_told_as_if_it_were_known():
    footing = pages.Footing("tiny", as_of="2021-01-01", is_declared_day=True)
    html = pages.notebook_page(notebook(text("# T")), footing=footing)
    assert "records without dates, 1 January 2021 declared for them" in html
    assert "Declared day" in html
    assert "as of 1 January 2021" not in html


def test_the_footing_names_everything_that_is_known(made):
    html = made["05.html"][made["05.html"].index('id="footing"'):]
    said = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html))
    assert said == {
        "Source": "simulated", "As of": "30 June 2026", "Run": "2026-06-30-1", "State": "finished",
        "Rows read": "152,340 rows", "Parameters": "source = simulated, seed = 20261121, horizon_days = 90",
        "Data checksum": "9f2c" * 4, "Revision": "c9f7599", "Time taken": "4.2 s",
        "For analysts": '<a href="notebooks/05_churn_prediction.ipynb">executed notebook</a>'}


def test_a_footing_that_knows_little_says_little():
    html = pages.notebook_page(notebook(text("# T")), footing=pages.Footing("tiny"))
    said = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html))
    assert said == {"Source": "tiny", "As of": "no date", "Time taken": "not known"}
    assert "<nav" not in html


def test_a_notebook_without_a_title_or_any_output_is_still_a_page():
    assert "<h1>Loyalty Workbook</h1>" in pages.notebook_page(notebook(code()), footing=FOOTING)
    html = page(text("# Only a title"))
    assert "Only a title" in html
    assert "<main>" in html
    assert pages.notebook_page(v4.new_notebook(), footing=FOOTING).count("</main>") == 1


def test_markdown_goes_with_the_cell_that_it_introduces():
    html = body(page(text("# T"), text("## Why trust"), code(display.paragraph("Gate."), "trust"), text("Evidence"),
                     code(display.paragraph("E."))))
    assert html.index('id="trust"') < html.index("Why trust") < html.index("Gate.") < html.index('id="evidence"')
    assert html.count("Can we trust it?") == 1  # its label only: the part has a heading of its own
    bare = body(page(text("# T"), code(display.paragraph("Gate."), "trust")))
    assert "<h2>Can we trust it?</h2>" in bare


def test_a_heading_over_nothing_is_left_out_with_what_it_introduces():
    nothing, something = display.show(), display.paragraph("Found.")
    html = body(page(text("# T"), text("## Gone\n\nWhy."), code(nothing), code(nothing), text("## Kept"), code(nothing),
                     code(something), text("## Words alone")))
    assert "Gone" not in html
    assert "Why." not in html
    assert all(name in html for name in ("Kept", "Found.", "Words alone"))


def test_a_heading_whose_cells_print_and_show_nothing_goes_too():
    html = page(text("# T"), text("## Gone"), code(stream="canonical/x: absent"), code(display.show()), text("## Kept"),
                code(display.paragraph("Found.")))
    assert "Gone" not in html
    assert "canonical/x: absent" in html


def test_an_exhibit_of_nothing_leaves_no_gap():
    alone, beside = (body(page(text("# T"), text("## Kept"), *cells)) for cells in (
        [code(display.paragraph("Found."))], [code(display.show()), code(display.paragraph("Found."))]))
    assert alone == beside


def test_roles_are_taken_from_ids_where_there_is_no_tag():
    cell = code(display.paragraph("Doubt."))
    cell["id"] = "doubt"
    assert 'id="doubt" class="part"' in page(text("# T"), cell)


def test_streams_of_any_cell_are_gathered_in_the_folded_part():
    html = body(page(text("# T"), code(display.paragraph("E."), stream="canonical/items: absent")))
    assert html.index("<details") < html.index("canonical/items: absent")


def test_a_cell_that_failed_says_so_without_its_traceback():
    failed = v4.new_code_cell("x", outputs=[v4.new_output("error", ename="ValueError", evalue="<b>bad</b>",
                                                          traceback=["secret path"])])
    html = page(text("# T"), failed)
    assert "This part could not be worked out." in html
    assert "ValueError: &lt;b&gt;bad&lt;/b&gt;" in html
    assert "secret path" not in html


def test_a_table_that_is_not_ours_scrolls_inside_itself():
    frame = pd.DataFrame({"a": ["<script>alert(1)</script>"]})
    output = v4.new_output("execute_result", {"text/html": frame.to_html(), "text/plain": "x"}, execution_count=1)
    html = page(text("# T"), v4.new_code_cell(outputs=[output]))
    assert '<div class="scroll foreign" role="region" tabindex="0"' in html
    assert html.count("<script") == 1  # the page's own


def test_a_summary_of_a_model_is_shown_with_the_names_of_the_data_as_text():
    arm = pd.Categorical(["a", samples.EVIL] * 2, ["a", samples.EVIL])
    frame = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "arm": arm})
    summary = OLS.from_formula("y ~ arm", frame).fit().summary(slim=True).as_html()
    assert "<script" in summary
    output = v4.new_output("execute_result", {"text/html": summary, "text/plain": "x"}, execution_count=1)
    html = page(text("# T"), v4.new_code_cell(outputs=[output]))
    assert html.count("<script") == 1  # the page's own
    assert "arm[T.&lt;script&gt;" in html
    assert "<th>Intercept</th>" in html


def test_markup_that_only_looks_like_ours_is_inert():
    output = v4.new_output("display_data", {"text/html": '<b onclick="x()">class="exhibit</b><script>x()</script>'})
    html = page(text("# T"), v4.new_code_cell(outputs=[output]))
    assert html.count("<script") == 1  # the page's own
    assert "onclick" not in html


def test_text_from_data_is_never_markup_on_a_page():
    evil = samples.EVIL
    footing = pages.Footing(evil, evil, "2026-06-30", evil, evil, 1, {evil: evil}, evil, evil, 1.0, evil)
    links = [pages.Link(evil, evil)]
    run = pages.Run(evil, evil, evil, evil, evil, 1.0, evil, evil)
    for html in (pages.notebook_page(samples.evil(), footing=footing, links=links), pages.runs_index_page([run], links),
                 pages.notice_page(evil, evil, evil, footing=footing, links=links)):
        reader = Reader()
        reader.feed(html)
        assert [tag for tag, _ in reader.tags].count("script") == 1  # the page's own
        assert not [a for _, attrs in reader.tags for a in attrs if a.startswith("on") or a == "quoted"]
        assert "<script>alert(1)</script>" in " ".join(reader.texts)


def test_the_leadership_page_has_its_links_below_the_first_screen(made):
    html = body(made["08.html"])
    assert html.startswith('<body class="leadership">')
    assert html.index('class="exhibit briefing"') < html.index("<nav") < html.index('id="trust"')
    assert body(made["05.html"]).index("<nav") < body(made["05.html"]).index("<h1")


@pytest.mark.parametrize(("kind", "mark"), [
    ("not applicable", "Not applicable"), ("failed", "▲ Failed"), ("not reached", "Not reached")])
def test_a_notice_says_what_happened_in_plain_words(kind, mark):
    html = pages.notice_page(kind, "06 · A/B", ("It is missing.", ("It would tell.",)), footing=FOOTING, links=LINKS)
    assert f'<p class="kind">{mark}</p><p>It is missing.</p><p>It would tell.</p>' in html
    assert "<h1>06 · A/B</h1>" in html
    assert 'id="footing"' in html


def test_the_list_of_runs_has_every_run_the_newest_first(made):
    html = made["runs.html"]
    assert "2 runs, 1 failed" in html
    assert html.index("online_retail") < html.index("simulated")
    assert '<a href="failed/index.html">2011-12-09-1</a>' in html
    assert "▲ failed" in html
    assert "05 stopped: a cell hung" in html
    assert "42 s" in html


def test_a_list_without_runs_says_so():
    assert "No run yet." in pages.runs_index_page([])
    assert "1 run, none failed" in pages.runs_index_page(samples.RUNS[:1])
    assert "not known" in pages.runs_index_page([pages.Run("s", "r", "", "2026-01-01T00:00:00", "running")])
