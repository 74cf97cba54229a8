import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from helpers.foundation.results import Estimate, Gate, Level, Status, estimate_table, gate_table, no_estimate
from helpers.foundation.study_config import Economics
from helpers.reporting import display, formatting, html, leadership_page, plots
from tests.reporting.samples import EVIL


class Reader(HTMLParser):
    """Reads HTML as a browser would: which tags there are, and the text between them."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def read(exhibit):
    reader = Reader()
    reader.feed(exhibit.html)
    return reader


def rows(exhibit):
    """Return the texts of a table's cells, row by row."""
    found = re.findall(r"<tr>(.*?)</tr>", exhibit.html, re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", cell).replace("\xa0", " ") for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
            for row in found]


def evil_exhibits():
    frame = pd.DataFrame({EVIL: [EVIL], "n": [1]})
    long = estimate_table([no_estimate(EVIL, Status.STRUCK, EVIL, segment=EVIL, unit=EVIL)])
    return [
        display.answer_box(EVIL),
        display.paragraph([EVIL]),
        display.data_table(frame, {"n": lambda _: EVIL}, EVIL),
        display.data_table(frame, headings={"n": EVIL}),
        display.estimates_table(long, EVIL, EVIL),
        display.gates_table(gate_table(EVIL, [Gate(EVIL, 1, 1, True, Level.BLOCK, EVIL, EVIL)])),
        html.missing_exhibit(EVIL, EVIL),
        leadership_page.kpi_cards([leadership_page.KpiCard(EVIL, EVIL, EVIL, EVIL, alarm=EVIL, href=EVIL)]),
        leadership_page.finding_list([(EVIL, EVIL)]),
        leadership_page.finding_list([EVIL]),
        leadership_page.decision_table(frame),
        leadership_page.short_line_list({EVIL: EVIL}),
        leadership_page.question_list([(EVIL, EVIL)]),
    ]


@pytest.mark.parametrize("exhibit", evil_exhibits())
def test_text_from_data_is_never_markup(exhibit):
    reader = read(exhibit)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert "<script>alert(1)</script>" in " ".join(reader.texts)
    assert not [a for _, attrs in reader.tags for a in attrs if a.startswith("on") or a in {"quoted", "single"}]


def test_a_link_never_leaves_the_pages():
    outside = ["javascript:alert(1)", "https://example.org", "//example.org", " javascript:x", "\tx",
               "data:text/html,x", "\\\\x"]
    assert {html.safe_href(href) for href in outside} == {"#"}
    inside = ["05.html", "../latest/index.html", "a/b.html#when", "#doubt", "a.html?x=1:2"]
    assert [html.safe_href(href) for href in inside] == inside


def test_an_exhibit_shows_text_in_a_terminal_and_html_in_a_notebook():
    shown = display.paragraph("One.", ("Two.", ["Three."], ""))
    assert repr(shown) == str(shown) == "One. Two. Three."
    assert shown._repr_html_() == '<div class="exhibit finding"><p>One. Two. Three.</p></div>'


def test_an_answer_without_sentences_says_so():
    assert "Cannot say" in display.answer_box(()).text
    assert display.paragraph().text == ""


def test_numbers_and_their_sign_of_per_cent_are_not_torn_apart():
    assert "26.5\xa0%" in display.answer_box("26.5 % left.").html
    assert "+\u2060€5 and −\u2060£5 but + 5" in display.answer_box("+€5 and −£5 but + 5").html


def test_a_table_words_each_kind_of_value():
    frame = pd.DataFrame({
        "n_orders": [12345, 2], "share_kept": [0.265, np.nan], "net_sales": [Decimal("9747747.93"), None],
        "on": pd.to_datetime(["2026-06-30", None]), "at": pd.to_datetime(["2026-06-30 12:30", "2026-06-30 00:00"]),
        "day": [date(2026, 6, 30), None], "is_new": [True, False], "name": ["a", None], "mean": [1234.5, -0.01234]})
    shown = display.data_table(
        frame, {"share_kept": formatting.share, "net_sales": lambda x: formatting.money(x, "GBP")}, "Base"
    )
    head, first, second = rows(shown)
    assert head == ["Orders", "Share kept", "Net sales", "On", "At", "Day", "New", "Name", "Mean"]
    assert first == ["12,345", "26.5 %", "£9,750,000", "2026-06-30", "2026-06-30 12:30", "2026-06-30", "yes", "a",
                     "1,230"]
    assert second == ["2", "–", "–", "–", "2026-06-30", "–", "no", "–", "−0.0123"]
    assert shown.html.count('scope="col" class="right"') == 4


def test_a_table_says_how_many_rows_it_leaves_out():
    shown = display.data_table(pd.DataFrame({"a": range(2341)}), limit=3)
    assert len(rows(shown)) == 4
    assert "The first 3 of 2,341 rows." in shown.html
    assert "rows." not in display.data_table(pd.DataFrame({"a": range(3)}), limit=3).text


def test_columns_whose_headings_read_alike_keep_their_names():
    assert rows(display.data_table(pd.DataFrame({"n_orders": [1], "orders": [2]})))[0] == ["n_orders", "orders"]


def test_an_empty_table_says_what_is_missing():
    shown = display.data_table(pd.DataFrame({"a": []}), caption="Churn by tier")
    assert shown.text == "Churn by tier: There is nothing to show: the table has no rows."
    assert "nothing to show" in display.estimates_table(estimate_table([])).text


def test_a_table_scrolls_inside_itself_and_can_be_reached_by_keyboard():
    html = display.data_table(pd.DataFrame({"a": [1]}), caption='What "each" is worth').html
    assert '<div class="scroll" role="region" tabindex="0" aria-label="What &quot;each&quot; is worth">' in html
    assert 'aria-label="Table of a"' in display.data_table(pd.DataFrame({"a": [1]})).html


def test_estimates_stand_with_interval_unit_and_reason():
    frame = estimate_table([
        Estimate("kept", 0.7, 0.68, 0.72, unit="share", n=5292, segment="top"),
        Estimate("gap", 30.0, unit="days", n=40), no_estimate("AUC", Status.INSUFFICIENT, "12 customers", n=12)])
    assert rows(display.estimates_table(frame, "GBP", "Models")) == [
        ["Quantity", "Segment", "Value", "Interval", "Unit", "n", "Why"],
        ["kept", "top", "70.0 %", "[68.0 %, 72.0 %]", "", "5,292", ""],
        ["gap", "all", "30", "", "days", "40", ""],
        ["AUC", "all", "insufficient data", "", "", "12", "12 customers"]]


def test_columns_of_estimates_that_say_nothing_are_not_shown():
    assert rows(display.estimates_table(estimate_table([Estimate("kept", 0.7, unit="share")]))) == [
        ["Quantity", "Value"], ["kept", "70.0 %"]]


def test_a_description_tells_quartiles_but_neither_extremes_nor_anything_about_few_people():
    frame = pd.DataFrame({"n_orders": range(1, 13), "attitude": [50.0, 60.0, *[np.nan] * 10], "name": "a"})
    shown = display.describe(frame, "One row a customer")
    assert rows(shown) == [
        ["Column", "n", "Mean", "Standard deviation", "Lower quartile", "Median", "Upper quartile"],
        ["Orders", "12 (few)", "6.5", "3.61", "3.75", "6.5", "9.25"],
        ["Attitude", "under 10", "–", "–", "–", "–", "–"]]
    assert "One row a customer" in shown.html
    named = display.describe(frame, "One row a customer", {"attitude": "Attitude, points"})
    assert [row[0] for row in rows(named)] == ["Column", "Orders", "Attitude, points"]


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"name": ["a"]}),
                                   pd.DataFrame({"a": [np.nan, np.nan]})])
def test_a_description_of_no_numbers_says_that_there_are_none(frame):
    assert display.describe(frame, "Customers").text == "Customers: There is nothing to describe: no numbers."


def test_the_summary_of_a_model_holds_its_coefficients_with_intervals_and_its_fit():
    x = np.arange(20.0)
    frame = pd.DataFrame({"const": 1.0, "recency": x})
    shown = display.model_summary(sm.OLS(2 + 3 * x + np.cos(x), frame).fit(), "Least squares")
    assert shown.text.startswith("Least squares: n = 20, R² = ")
    head, const, recency = rows(shown)
    assert head == ["Term", "Coefficient", "Standard error", "Low", "High", "p"]
    assert const[0] == "intercept"
    assert recency[0] == "recency"
    assert recency[1] == "3"
    assert recency[5] == "&lt; .001"


def test_the_summary_of_a_logit_tells_its_pseudo_r_squared():
    x = np.arange(20.0)
    fit = sm.Logit((x % 3 > 0).astype(int), pd.DataFrame({"const": 1.0, "x": x})).fit(disp=False)
    assert f"pseudo-R² = {formatting.number(fit.prsquared)}" in display.model_summary(fit, "Logit").text


def test_a_model_that_was_not_fitted_says_why():
    assert display.model_summary(None, "Logit").text == "Logit: There are too few rows to fit the model to."
    assert display.model_summary(None, "Logit", "Nobody was asked.").text == "Logit: Nobody was asked."


def test_gates_that_are_crossed_come_first_with_what_follows():
    held = [Gate("a", 1, 2, False, Level.BLOCK, "all", "1 of 2"),
            *(Gate(level.value, 3, 2, True, level, "x", "3 of 2") for level in Level)]
    shown = display.gates_table(gate_table("05", held))
    assert shown.text.startswith("5 checks: 2 failed, 1 with a caution, 1 noted, 1 passed")
    results = [row[1] for row in rows(shown)[1:]]
    assert results == ["▲ noted", "▲ caution", "▲ not reported (failed check)", "▲ no verdict", "✓ passed"]
    assert display.gates_table(gate_table("05", held[:1])).text.startswith("1 check: 1 passed")
    noted = [g for g in held if g.is_crossed and g.level is Level.NOTE]
    assert display.gates_table(gate_table("05", noted)).text.startswith("1 check: 1 noted"), "a note is no failure"
    assert "No check applies" in display.gates_table(gate_table("05", [])).text


def test_many_gates_that_passed_are_folded_and_the_crossed_are_not():
    passed = [Gate(f"g{i}", 1, 2, False, Level.NOTE, "all", "1 of 2") for i in range(16)]
    crossed = Gate("bad", 3, 2, True, Level.STRIKE, "all", "3 of 2")
    html = display.gates_table(gate_table("06", [*passed, crossed])).html
    assert html.index("17 checks: 1 failed, 16 passed") < html.index("bad") < html.index("<summary>16 passed</summary>")
    assert html.index("<summary>") < html.index("g0")
    assert "16 checks: 16 passed" in display.gates_table(gate_table("06", passed)).html


def test_what_is_folded_stands_under_its_summary_and_nothing_under_none():
    table = display.data_table(pd.DataFrame({"tier": ["top"], "n": [12]}))
    folded = display.fold("Money <by> tier", table)
    assert folded.html.startswith('<details class="exhibit fold"><summary>Money &lt;by&gt; tier</summary>')
    assert folded.text.startswith("Money <by> tier\n")
    assert display.fold("Money by tier", display.data_table(pd.DataFrame())).html == ""


def test_gates_of_several_steps_name_their_step():
    gate = Gate("a", 1, 2, False, Level.NOTE, "all", "1 of 2")
    both = pd.concat([gate_table("02", [gate]), gate_table("05", [gate])])
    assert rows(display.gates_table(both))[0][0] == "Step"


def test_assumptions_say_who_set_them():
    without = display.assumptions_table(Economics(margin_rate=0.4), ("discount_rate",))
    assert "Margin rate" in str(without.html)
    assert "Discount rate" not in str(without.html)
    shown = display.assumptions_table(Economics(margin_rate=0.4))
    by_name = {row[0]: row for row in rows(shown)}
    assert by_name["Margin rate"][1::2] == ["0.4", "study"]
    assert by_name["Discount rate"][3] == "default"


def test_stacked_exhibits_stand_below_each_other():
    both = display.concat(display.paragraph("One."), display.paragraph("Two."))
    assert both.text == "One.\n\nTwo."
    assert both.html.index("One.") < both.html.index("Two.")


def test_at_most_six_cards_and_every_finding_are_shown():
    assert (
        leadership_page.kpi_cards([{"name": f"k{i}", "value": "1"} for i in range(9)]).html.count('class="card"') == 6
    )
    assert leadership_page.finding_list([f"Finding {i}." for i in range(9)]).html.count("<li>") == 9
    assert "none yet" in leadership_page.kpi_cards([]).text
    nothing = leadership_page.finding_list([])
    below = leadership_page.second_screen(nothing, *[html.Exhibit("<p></p>", "x")] * 2, [], nothing)
    assert "<h2>Findings" not in below.html


def test_a_card_shows_its_alarm_as_a_word_and_a_mark():
    shown = leadership_page.kpi_cards(
        [leadership_page.KpiCard("Index", "72.5", "[70.9, 74.2]", "down", (75, 73), alarm="below its limit")]
    )
    assert '<p class="alarm">▲ below its limit</p>' in shown.html
    assert shown.text == "Index: 72.5 · [70.9, 74.2] · down · below its limit"
    assert "alarm" not in leadership_page.kpi_cards([leadership_page.KpiCard("Index", "72.5")]).html
    assert "worded" in leadership_page.kpi_cards([leadership_page.KpiCard("Index", "insufficient data")]).html


def test_a_sparkline_tells_its_ends_band_and_target():
    svg = html.sparkline((70.0, float("nan"), 75.0), (72.0, 78.0), 80.0)
    assert 'aria-label="2 values, from 70 to 75, expected within [72, 78], target 80"' in svg
    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", svg.split('points="')[1].split('"')[0])]
    assert heights[0] > heights[1]
    assert html.sparkline(()) == html.sparkline((1.0,)) == ""
    assert "nan" not in html.sparkline((2.0, 2.0))


def test_findings_come_from_a_frame_too():
    frame = pd.DataFrame({"sentence": ["One.", "Two."], "link": ["05.html", None]})
    html = leadership_page.finding_list(leadership_page.linked_sentences(frame)).html
    assert html.count("<a ") == 1
    unlinked = leadership_page.linked_sentences(frame[["sentence"]])
    assert leadership_page.finding_list(unlinked).html.count("<a ") == 0


def test_decisions_stand_with_their_terms_or_say_that_none_is_asked():
    frame = pd.DataFrame({"what": ["Ask back"], "cost": ["£10"], "worst_case": [None], "owner": [""]})
    shown = leadership_page.decision_list(frame)
    assert shown.text == "Ask back; Cost: £10; Worst case: –"
    assert "<dt>Worst case</dt><dd>–</dd>" in shown.html
    glance = leadership_page.decision_table(frame)
    assert glance.text == shown.text
    assert '<td data-term="Worst case">–</td>' in glance.html
    for exhibit in (leadership_page.decision_list, leadership_page.decision_table):
        assert "No decision is asked for today." in exhibit(frame.head(0)).text


def test_lines_and_questions_without_an_answer_cannot_say():
    assert leadership_page.short_line_list({"Finance": ()}).text == "Finance: Cannot say."
    assert leadership_page.question_list([("Why?", ())]).text == "1 Why? Cannot say."


def test_the_verdict_of_an_answer_stands_out_and_a_frame_within_it_is_a_table():
    rates = pd.DataFrame({"Rate": ["by count"], "latest": ["67 %"], "before": [None]})
    shown = leadership_page.question_list([("Why?", ("So & so.", rates, rates.head(0), "Thus."))])
    assert '<p class="verdict">So &amp; so.</p>' in shown.html
    assert shown.html.count('class="verdict"') == shown.html.count("<table>") == 1
    assert '<th scope="row" class="short">by count</th><td class="short">67' in shown.html
    assert shown.html.endswith("<p>Thus.</p></li></ol>")
    assert shown.text.endswith("by count | 67 % | – Thus.")


def test_the_parts_of_a_bundled_decision_stand_in_lines_of_their_own():
    frame = pd.DataFrame({"decision": ["Small tests: (a) one; (b) two"], "cost": ["€3 in all: (a) €1 (b); c; (b) €2"]})
    shown = leadership_page.decision_list(frame).html
    assert "Small tests<br>(a) one<br>(b) two" in shown
    assert "€3 in all<br>(a) €1 (b); c<br>(b) €2" in shown


def test_the_first_screen_holds_headline_cards_figures_and_decisions_and_below_it_stand_findings_and_lines():
    headline, cards = display.answer_box("h."), leadership_page.kpi_cards([leadership_page.KpiCard("a", "1")])
    asked = leadership_page.decision_table(pd.DataFrame({"w": ["c"]}))
    bar = plots.bar_plot(pd.DataFrame({"l": ["x"], "v": [1.0]}), "l", "v", "Bar", "")
    shown = leadership_page.first_screen(headline, cards, [bar], asked)
    places = [shown.html.index(part.html) for part in (headline, cards, bar, asked)]
    assert places == sorted(places)
    assert shown.text == "h.\n\na: 1\n\nBar\n\nc"
    assert "n.</p>" in leadership_page.first_screen(headline, cards, [bar], asked, "n.").html
    assert "trio" not in leadership_page.first_screen(headline, cards, [], asked).html
    lines = leadership_page.short_line_list({"d": "e"})
    ten = leadership_page.question_list([("Why?", "So.")])
    below = leadership_page.second_screen(leadership_page.finding_list(["b"]), asked, ten, [bar], lines)
    assert below.text == "b\n\nc\n\n1 Why? So.\n\nBar\n\nd: e"


def test_nothing_given_is_changed():
    frame = pd.DataFrame({"a": [2.0, 1.0]})
    gates = gate_table("05", [Gate("a", 1, 2, False, Level.NOTE, "", ""), Gate("b", 1, 2, True, Level.NOTE, "", "")])
    before = frame.copy(), gates.copy()
    display.data_table(frame)
    display.gates_table(gates)
    pd.testing.assert_frame_equal(frame, before[0])
    pd.testing.assert_frame_equal(gates, before[1])


def test_a_finding_stands_only_with_an_exhibit_that_bears_it():
    table = display.data_table(pd.DataFrame({"a": [1]}))
    empty = display.data_table(pd.DataFrame({"a": []}))
    assert "Found." in display.show_with_finding("Found.", empty, table).text
    assert display.show_with_finding("Found.", empty) == html.Exhibit("", "")
    assert display.paragraph("") == html.Exhibit("", "")
