import hashlib
import re
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest

from helpers.reporting import axis_layout, plot_style, plots
from tests.reporting.samples import EVIL, months

BANDS = pd.DataFrame({"band": ["high", "middle", "low"], "lost": [0.6, 0.3, 0.1], "low": [0.5, 0.25, 0.05],
                      "high": [0.7, 0.35, 0.15], "change": [120_000.0, -45_000.0, np.nan]})
MATRIX = pd.DataFrame([[0.2, np.nan], [0.5, 1.0]], index=pd.Index(["top", "small"], name="tier"), columns=["1", "2+"])


@cache
def every_kind():
    return {
        "intervals": plots.interval_plot(BANDS, "band", "lost", "low", "high", "High risks leave", "share of customers",
                                       0.2),
        "bars": plots.bar_plot(BANDS, "band", "change", "Losses outweigh gains", "money"),
        "lines": plots.line_plot(months(), "month", "active", "Retention holds", "share", ("low", "high")),
        "heat": plots.heat_map(MATRIX, "After two orders all stay", "share"),
    }


def texts(exhibit):
    return [re.sub(r"<[^>]+>", "", found) for found in re.findall(r"<text.*?</text>", exhibit.html, re.DOTALL)]


def numbers(svg, pattern):
    return [float(x) for x in re.findall(pattern, svg)]


@pytest.mark.parametrize("kind", ["intervals", "bars", "lines", "heat"])
def test_a_figure_is_drawn_for_desks_and_for_phones_with_its_finding_as_alt_text(kind):
    html = every_kind()[kind].html
    title = re.search(r"<figcaption>(.*?)</figcaption>", html)[1]
    assert html.count("<svg ") == html.count(f'role="img" aria-label="{title}"') == 2
    assert ['class="plot wide"' in html, 'class="plot narrow"' in html] == [True, True]
    assert re.findall(r'class="plot (\w+)" style="display: none; ', html) == ["narrow"]
    assert "font-family: 'DejaVu" not in html
    assert not re.search(r"<metadata|<style|<!--|<script|https?://(?!www\.w3\.org)", html)


def test_equal_data_give_equal_bytes_in_another_process():
    code = ("import hashlib; from tests.reporting.test_plots import every_kind; "
            "print(hashlib.sha256(''.join(e.html for e in every_kind().values()).encode()).hexdigest())")
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert there == hashlib.sha256("".join(e.html for e in every_kind().values()).encode()).hexdigest()


def test_ids_are_unique_over_figures_and_every_reference_has_its_own():
    html = "".join(e.html for e in every_kind().values()) + plots.bar_plot(BANDS, "band", "lost", "Other", "share").html
    names = re.findall(r' id="([^"]+)"', html)
    used = set(re.findall(r"url\(#([^)]+)\)", html)) | set(re.findall(r'href="#([^"]+)"', html))
    assert len(names) == len(set(names))
    assert used == set(names)


def test_bars_start_at_zero():
    assert "axis starts" not in " ".join(texts(plots.bar_plot(BANDS, "band", "lost", "t", "share")))
    frame = pd.DataFrame({"k": ["a", "b"], "v": [98.0, 99.0]})
    assert "0" in texts(plots.bar_plot(frame, "k", "v", "t", "points"))


def test_other_axes_say_where_they_start():
    said = " ".join(texts(plots.line_plot(months(), "month", "active", "t", "share of customers")))
    assert re.search(r"share of customers, axis starts at \d\d", said)
    zero = pd.DataFrame({"x": [1, 2, 3], "y": [-1.0, 0.0, 1.0]})
    assert "axis starts" not in " ".join(texts(plots.line_plot(zero, "x", "y", "t", "points")))


def test_intervals_say_value_and_interval_on_desks_and_the_value_on_phones():
    said = texts(plots.interval_plot(BANDS, "band", "lost", "low", "high", "t", "share"))
    assert "60.0 % [50.0 %, 70.0 %]" in said
    assert said.count("60.0 %") >= 1


def test_axes_carry_their_unit():
    for kind, unit in {"intervals": "share of customers", "bars": "money", "lines": "share", "heat": "share"}.items():
        assert [text for text in texts(every_kind()[kind]) if unit in text]


def test_rows_without_a_value_are_named_below():
    shown = plots.bar_plot(BANDS, "band", "change", "t", "money")
    assert "Without a value, for lack of data: low." in shown.text
    many = pd.DataFrame({"k": list("abcdefgh"), "v": [np.nan] * 7 + [1.0]})
    assert "a, b, c, d and e (and 2 more)." in plots.bar_plot(many, "k", "v", "t", "money").text
    assert plots.bar_plot(many.head(7), "k", "v", "t", "money").html.startswith('<div class="exhibit missing">')


def test_at_most_twenty_rows_and_six_lines_are_drawn():
    many = pd.DataFrame({"k": [f"k{i}" for i in range(57)], "v": 1.0})
    assert "The first 20 of 57 rows." in plots.bar_plot(many, "k", "v", "t", "share").text
    eight = pd.concat([months().assign(tier=f"t{i}") for i in range(8)])
    assert "Not drawn: t6 and t7." in plots.line_plot(eight, "month", "active", "t", "share", series="tier").text


@pytest.mark.parametrize("exhibit", [
    plots.bar_plot(BANDS.head(0), "band", "lost", "Nothing", "share"),
    plots.interval_plot(BANDS.head(0), "band", "lost", "low", "high", "Nothing", "share"),
    plots.line_plot(months().head(1), "month", "active", "Nothing", "share"),
    plots.heat_map(MATRIX * np.nan, "Nothing", "share"), plots.heat_map(MATRIX.head(0), "Nothing", "share"),
    plots.heat_map(pd.DataFrame([[0.0, np.nan]]), "Nothing", "share", "Left out.")])
def test_an_empty_figure_says_what_is_missing(exhibit):
    assert exhibit.html.startswith('<div class="exhibit missing"><p class="caption">Nothing</p>')
    assert len(exhibit.text) > len("Nothing: ")


def test_many_points_become_one_raster_with_alt_text():
    frame = pd.DataFrame({"x": range(plot_style.MOST_POINTS + 1), "y": np.sin(np.arange(plot_style.MOST_POINTS + 1.0))})
    html = plots.line_plot(frame, "x", "y", 'A "wave" & more', "points").html
    assert html.count('<img class="plot" alt="A &quot;wave&quot; &amp; more" src="data:image/png;base64,') == 1
    assert "<svg" not in html
    assert "<img" not in plots.line_plot(frame.head(50), "x", "y", "t", "points").html


def test_crowded_cells_are_written_without_their_sign():
    wide = pd.DataFrame(np.full((2, 13), 0.265))
    said = texts(plots.heat_map(wide, "t", "share"))
    assert "26" in said
    assert [text for text in said if "share, in per cent" in text]
    counts = texts(plots.heat_map(pd.DataFrame(np.full((2, 13), 1234.0)), "t", "customers"))
    assert "1,200" in counts


def test_above_two_hundred_cells_a_scale_stands_beside_the_shades():
    html = plots.heat_map(pd.DataFrame(np.linspace(0, 1, 225).reshape(15, 15)), "t", "share").html
    assert html.count("<text") < 150


def test_text_from_data_is_never_markup_in_a_figure():
    frame = pd.DataFrame({EVIL: [EVIL, "$x^2$"], "v": [1.0, 2.0], "low": [0.5, 1.5], "high": [1.5, 2.5]})
    series = pd.DataFrame({"x": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, 4.0], EVIL: [EVIL, EVIL, "a", "a"]})
    shown = [
        plots.interval_plot(frame, EVIL, "v", "low", "high", EVIL, EVIL),
        plots.bar_plot(frame, EVIL, "v", EVIL, EVIL),
        plots.line_plot(series, "x", "y", EVIL, EVIL, series=EVIL),
        plots.heat_map(pd.DataFrame([[1.0, 2.0]], index=[EVIL], columns=[EVIL, "b"]), EVIL, EVIL),
    ]
    for exhibit in shown:
        assert "<script" not in exhibit.html
        assert "&lt;script&gt;" in exhibit.html
    assert "$x^2$" in texts(shown[1])


def test_labels_in_any_script_are_drawn_without_a_warning():
    frame = pd.DataFrame({"k": ["顧客満足度が高いお客様グループの一覧表です", "충성 고객", "clientèle fidèle"],
                          "v": [1.0, 2.0, 3.0]})
    assert "충성 고객" in texts(plots.bar_plot(frame, "k", "v", "顧客", "人"))


def test_a_notebook_s_own_settings_neither_matter_nor_change():
    import matplotlib as mpl

    before = plots.bar_plot(BANDS, "band", "lost", "t", "share").html
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert plots.bar_plot(BANDS, "band", "lost", "t", "share").html == before
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.parametrize(("start", "end", "most", "written"), [
    ("2026-01-01", "2026-01-05", 6, ["1 Jan", "2 Jan", "3 Jan", "4 Jan", "5 Jan"]),
    ("2026-01-10", "2026-06-20", 6, ["Feb 2026", "Mar 2026", "Apr 2026", "May 2026", "Jun 2026"]),
    ("2024-11-20", "2026-02-03", 3, ["Jan 2025", "Jul 2025", "Jan 2026"]),
    ("2010-03-01", "2026-02-03", 6, ["2015", "2020", "2025"]),
    ("1000-03-01", "2026-02-03", 3, [])])
def test_dates_along_an_axis_are_few_and_round(start, end, most, written):
    found = list(axis_layout.day_ticks(pd.Timestamp(start), pd.Timestamp(end), most))
    assert found == written if written else len(found) > 3


def test_a_few_hours_have_a_date():
    ticks = axis_layout.day_ticks(pd.Timestamp("2026-01-01 00:00"), pd.Timestamp("2026-01-01 23:00"), 3)
    assert list(ticks) == ["1 Jan"]


def test_labels_that_touch_are_moved_apart_and_keep_their_order():
    moved = axis_layout.spread_apart([30.0, 10.0, 12.0, 11.0], 10.0)
    assert sorted(moved) == [moved[i] for i in (1, 3, 2, 0)]
    assert np.diff(sorted(moved)).min() >= 10 - 1e-9
    assert axis_layout.spread_apart([], 10) == []


@pytest.mark.parametrize(("label", "lines"), [
    ("", [""]), ("short", ["short"]), ("a much longer label", ["a much", "longer…"]),
    ("from 0.425 %", ["from", "0.425 %"]),
    ("Donaudampfschiff", ["Donaudamp", "fschiff"]), ("満足度が高い", ["満足度が高", "い"])])
def test_labels_are_wrapped_by_the_width_of_their_letters(label, lines):
    assert plot_style.wrap_label(label, 10).split("\n") == lines


def test_nothing_is_imported_for_drawing_before_something_is_drawn():
    code = ("import sys; from helpers.reporting import display, plots; "
            "print({'matplotlib', 'seaborn'} & set(sys.modules))")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def korean_points():
    return pd.DataFrame({"x": np.arange(2500), "y": np.random.default_rng(1).normal(size=2500), "who": "만족도"})


def test_letters_in_a_drawing_stay_text_for_the_readers_own_fonts():
    html = plots.line_plot(korean_points().head(30), "x", "y", "제목", "점", series="who").html
    assert ">만족도<" in html
    assert "Noto Sans CJK KR" in html


def test_a_picture_whose_letters_no_font_has_says_so(monkeypatch):
    monkeypatch.setattr(plot_style, "cjk_fonts", list)
    assert "no font for them" in plots.line_plot(korean_points(), "x", "y", "제목", "점", series="who").text


def test_a_picture_takes_a_font_of_the_machine_that_has_the_letters():
    if not plot_style.cjk_fonts():
        pytest.skip("there is no font with Korean letters (Debian: fonts-noto-cjk)")
    shown = plots.line_plot(korean_points(), "x", "y", "제목", "점", series="who")
    assert shown.text == "제목"
    assert "data:image/png" in shown.html
