import re

import numpy as np
import pandas as pd
import pytest
import seaborn as sns

from helpers.reporting import plot_style, plots
from tests.reporting.samples import EVIL, months
from tests.reporting.test_plots import texts

RNG = np.random.default_rng(3)
BANDS = pd.DataFrame(
    {"risk_band": ["very_high", "high", "low"], "share_lost": [0.62, 0.3, 0.1], "n_customers": [400, 300, 80]}
)
PEOPLE = pd.DataFrame({"tier": ["top"] * 40 + ["large"] * 60 + ["small"] * 4, "net_sales": RNG.lognormal(8, 1, 104)})


def bars(axes, rows):
    sns.barplot(rows, x="risk_band", y="share_lost", ax=axes)


def test_what_seaborn_draws_has_both_widths_and_the_finding_as_alt_text():
    html = plots.figure(bars, "High risks leave", BANDS).html
    assert re.findall(r'<svg role="img" aria-label="([^"]+)" class="plot (\w+)"', html) == [
        ("High risks leave", "wide"),
        ("High risks leave", "narrow"),
    ]
    assert "font-family: 'DejaVu" not in html
    assert plot_style.ACCENT in plots.figure(lambda axes: axes.plot([1, 2], [1, 3]), "Up").html


def test_names_and_numbers_along_axes_are_written_for_people():
    said = texts(plots.figure(bars, "t", BANDS, units=("", "share of customers lost")))
    assert {"very high", "risk band", "share of customers lost", "60 %"} <= set(said)
    assert not [text for text in said if "_" in text]
    money = texts(plots.figure(lambda axes, rows: sns.histplot(rows, x="net_sales", ax=axes), "t", PEOPLE))
    assert [text for text in money if re.fullmatch(r"\d{1,3},000", text)]


def test_dates_along_an_axis_are_round_and_an_axis_says_where_it_starts():
    def lines(axes, rows):
        sns.lineplot(rows, x="month", y="active", ax=axes)

    said = texts(plots.figure(lines, "t", months(), units=("", "share of customers")))
    assert [text for text in said if re.fullmatch(r"[A-Z][a-z]{2} 20\d\d", text)]
    assert [text for text in said if re.match(r"share of customers, axis starts at \d\d", text)]
    assert not [text for text in texts(plots.figure(bars, "t", BANDS)) if "axis starts" in text]


def reach(svg, name):
    """Return how far to the right texts with a name reach, as a share of the width of their drawing."""
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    starts = re.findall(rf'<text [^>]*?x="([\d.]+)"[^>]*>({name}[^<]*)', svg)
    return max(float(x) + plot_style.text_width(text) * plot_style.LETTER for x, text in starts) / width


def test_a_legend_stands_above_the_drawing_with_readable_names_and_fits_a_phone():
    frame = pd.concat([BANDS.assign(kind=f"a_rather_long_kind_{i}") for i in range(4)])
    drawn = plots.figure(
        lambda axes, rows: sns.barplot(rows, x="risk_band", y="share_lost", hue="kind", ax=axes), "t", frame
    )
    wide, narrow = re.findall(r"<svg.*?</svg>", drawn.html, re.DOTALL)
    for svg in (wide, narrow):
        assert svg.count("a rather long kind") == 4
        assert 0.3 < reach(svg, "a rather long kind") < 1


def test_groups_of_few_people_are_withheld_before_anything_is_drawn():
    seen = []
    counted = BANDS.assign(n_customers=[400, 30, 4])
    shown = plots.figure(lambda axes, rows: (seen.append(rows), bars(axes, rows)), "t", counted)
    assert [rows["risk_band"].tolist() for rows in seen] == [["very_high"]] * 2
    assert "high and low" in shown.text
    assert "30 %" not in texts(shown)


def test_groups_that_are_marked_as_withheld_are_named_without_the_mark():
    marked = BANDS.assign(is_withheld=[False, False, True])
    shown = plots.figure(bars, "t", marked)
    assert shown.text == "t Of fewer than ten people or beside such, and not shown: low."


def test_ticks_along_an_axis_are_round():
    said = texts(plots.figure(lambda axes: axes.hlines(0, 0, 0.47), "t", units=("share", "")))
    assert [text for text in said if text.endswith("%")] == [
        "0 %", "10 %", "20 %", "30 %", "40 %", "0 %", "20 %", "40 %"]


def test_people_are_counted_by_group_where_the_frame_has_a_row_for_each():
    seen = []

    def draw(axes, rows):
        seen.append(set(rows["tier"]))
        sns.stripplot(rows, x="net_sales", y="tier", ax=axes)

    shown = plots.figure(draw, "Spend differs", PEOPLE, by="tier")
    assert seen == [{"large"}] * 2
    assert "top and small" in shown.text or "small and top" in shown.text
    assert plots.figure(draw, "Spend differs", PEOPLE[PEOPLE["tier"] != "small"], by="tier").text == "Spend differs"


@pytest.mark.parametrize("frame", [BANDS.head(0), BANDS.assign(n_customers=[4, 3, 2])])
def test_without_rows_to_draw_a_figure_says_so_and_draws_nothing(frame):
    shown = plots.figure(lambda axes, rows: pytest.fail("drawn"), "Nothing", frame)
    assert shown.html.startswith('<div class="exhibit missing"><p class="caption">Nothing</p>')


def test_many_points_become_one_picture_whatever_drew_them():
    many = pd.DataFrame({"x": RNG.normal(size=2500), "y": RNG.normal(size=2500)})
    drawn = plots.figure(lambda axes, rows: sns.scatterplot(rows, x="x", y="y", ax=axes), "t", many)
    assert "<svg" not in drawn.html
    assert 'alt="t" src="data:image/png' in drawn.html


def test_text_from_data_is_no_markup_and_no_formula():
    frame = pd.DataFrame({EVIL: [EVIL, "$x^2$"], "v": [1.0, 2.0], "kind": [EVIL, "b"]})
    shown = plots.figure(lambda axes, rows: sns.barplot(rows, x=EVIL, y="v", hue="kind", ax=axes), EVIL, frame)
    assert "<script" not in shown.html
    assert "$x^2$" in texts(shown)


def test_what_a_notebook_has_set_neither_matters_nor_changes():
    import matplotlib as mpl

    before = plots.figure(bars, "t", BANDS).html
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert plots.figure(bars, "t", BANDS).html == before
        assert mpl.rcParams["font.size"] == 30
