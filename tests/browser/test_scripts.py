"""Chinese, Japanese and Korean in figures and tables: set right, no empty boxes, as seen by a browser's own eyes."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from helpers.reporting import display, pages, plots
from tests.reporting import samples

pytestmark = pytest.mark.browser

KOREAN = ["상담원을 부르는 버튼이 있다", "빠르게 결제할 수 있다", "화면이 크고 보기 쉽다", "개인정보를 지켜 준다"]
MOST = 12
OTHERS = ["网上订购很方便", "價格合理", "配達が早い"]
# a missing letter is drawn as the font's empty box: then other letters, and ones that no font has, look the same
SWAPPED = """([part, kind]) => { const broad = /[\\u3040-\\u30ff\\u3400-\\u9fff\\uac00-\\ud7a3]/g;
    const of = node => { for (const child of node.childNodes) {
    if (child.nodeType === 3) child.textContent = child.textContent.replace(broad,
        letter => kind === 'box' ? '\\u{10FFFD}' : String.fromCodePoint(letter.codePointAt(0) ^ 1)); else of(child) } };
    of(part) }"""


@pytest.fixture(scope="module")
def broad_font():
    """Skip by name where the machine has no font for these letters."""
    listed = subprocess.run(["fc-list", ":lang=ko", "family"], check=False, capture_output=True, text=True) if (
        shutil.which("fc-list")) else None
    if listed is None or not listed.stdout.strip():
        pytest.skip("there is no font with Korean letters (Debian: fonts-noto-cjk)")


def written(labels, folder):
    """Return a page with these labels in every kind of figure and in a table."""
    n = len(labels)
    frame = pd.DataFrame({"label": labels, "value": np.linspace(0.2, 0.8, n)})
    frame = frame.assign(low=frame["value"] - 0.1, high=frame["value"] + 0.1)
    days = pd.date_range("2026-01-01", periods=6)
    lines = pd.DataFrame({"on": np.tile(days, 2), "value": np.arange(12.0), "who": np.repeat(labels[:2], 6)})
    shown = [plots.interval_plot(frame, "label", "value", "low", "high", f"{labels[0]}: 20 %", "share"),
             plots.bar_plot(frame, "label", "value", labels[1], "share"),
             plots.line_plot(lines, "on", "value", labels[0], labels[1], series="who"),
             plots.heat_map(pd.DataFrame(np.eye(2), labels[:2], labels[-2:]), labels[0], "share"),
             display.data_table(frame, caption=labels[0])]
    cells = [samples.text("# 02 · Satisfaction\n\nA question"), *(samples.code(x) for x in shown)]
    path = folder / "page.html"
    page = pages.notebook_page(samples.notebook(*cells), footing=samples.FOOTING, links=samples.LINKS)
    path.write_text(page, encoding="utf-8")
    return path


def boxes(browser, path, width):
    """Return the texts whose letters look alike whatever they are; and how many texts were looked at."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    window = context.new_page()
    window.goto(path.as_uri())
    parts = [p for p in window.query_selector_all("svg.plot text, td, figcaption, caption, .caption")
             if p.is_visible() and any("\u3040" <= letter <= "\ud7a3" for letter in p.text_content())]
    found, parts = [], parts[::max(1, len(parts) // MOST)]
    for part in parts:
        said, kept = part.text_content(), part.evaluate("part => part.innerHTML")
        seen = []
        for kind in ("own", "other", "box"):
            part.evaluate("(part, html) => { part.innerHTML = html }", kept)
            if kind != "own":
                window.evaluate(SWAPPED, [part, kind])
            seen.append(part.screenshot())
        part.evaluate("(part, html) => { part.innerHTML = html }", kept)
        found += [said] if seen[0] in seen[1:] else []
    context.close()
    return found, len(parts)


def test_no_letter_is_an_empty_box(browser, broad_font, tmp_path):
    empty, n = boxes(browser, written([*KOREAN, *OTHERS], tmp_path), 390)
    assert n >= MOST
    assert not empty


def test_the_check_sees_empty_boxes(browser, broad_font, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<table><tr><td>\U0010fffd가</td></tr></table>", encoding="utf-8")
    assert boxes(browser, path, 390) == ([], 1)
    path.write_text(f"<style>@font-face {{ font-family: none; src: local('DejaVu Sans'); }} td {{ font-family: none; "
                    f"font-size: 0 }}</style><table><tr><td>{KOREAN[0]}</td></tr></table>", encoding="utf-8")
    assert boxes(browser, path, 390)[0] == [KOREAN[0]]  # letters that cannot be seen look alike too


@pytest.mark.real_data
def test_the_questions_of_the_kiosk_survey_are_set_right(browser, broad_font, real_data, tmp_path):
    header = pd.read_csv(real_data / "kiosk_servqual" / "kiosk.csv", encoding="cp949", nrows=0).columns
    questions = [c for c in header if any("가" <= letter <= "힣" for letter in c)][3:12]
    empty, n = boxes(browser, written(questions, tmp_path), 1440)
    assert n >= MOST
    assert not empty
