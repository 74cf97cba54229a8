"""Plot style: colours, fonts, figure sizes, and the way from a figure to the page.

Matplotlib is imported when something is drawn, because a notebook that draws nothing should not wait for it.
"""

import base64
import hashlib
import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from helpers.foundation.labels import readable_id
from helpers.reporting.html import Exhibit, escape_text
from helpers.reporting.translation import localised

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


INK, GRID, MUTED, TEXT = "#1f2933", "#e4e7eb", "#7b8794", "#52606d"

ACCENT, SECOND, GOOD, BAD = "#1f5fa8", "#d1672a", "#2b7a4b", "#b3352e"

CATEGORIES = (ACCENT, "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7")  # Okabe-Ito, its blue being the accent

WIDE, NARROW = 640, 380  # in SVG units, which a page shows as pixels or a little larger; narrow is for phones

LETTER = 8  # width of a usual letter at the text size, in the same units, in the widest font of those that may serve

BREADTH = dict.fromkeys("iIjlt.,:;'|! []()", 0.6) | dict.fromkeys("mwMW%@—…", 1.6)

SIZE = 13

MOST_POINTS = 2000  # above it a raster is smaller than a drawing

STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "loyalty-workbook", "font.size": SIZE, "font.family": "DejaVu Sans",
    "text.color": INK, "axes.edgecolor": MUTED, "axes.labelcolor": TEXT, "xtick.color": TEXT, "ytick.color": TEXT,
    "xtick.major.size": 0, "ytick.major.size": 0, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 1,
    "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.unicode_minus": True, "axes.labelsize": SIZE, "lines.linewidth": 2, "legend.frameon": False,
    "axes.titlesize": SIZE, "axes.titlecolor": TEXT, "axes.titlelocation": "left", "patch.edgecolor": "white",
}

BROAD = ("Noto Sans CJK KR", "Noto Sans CJK SC", "Noto Sans CJK TC", "Noto Sans CJK JP", "Noto Sans KR",
         "Noto Sans SC", "Source Han Sans", "Malgun Gothic", "Microsoft YaHei", "PingFang SC", "Apple SD Gothic Neo",
         "Hiragino Sans GB", "WenQuanYi Zen Hei", "NanumGothic", "Droid Sans Fallback")

LOST = ("Some letters could not be drawn: the machine that made this page has no font for them; install one for "
        "Chinese, Japanese and Korean, such as Noto Sans CJK.")

LOOK = ("stroke-linejoin: round; font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', "
        "'Noto Sans CJK SC', 'Noto Sans CJK KR', sans-serif")


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house's style whatever a notebook has set, and leave its settings as they were."""
    from matplotlib import style
    from matplotlib.rcsetup import cycler

    with style.context(["default", STYLE | {"axes.prop_cycle": cycler(color=CATEGORIES)}]), warnings.catch_warnings():
        # letters are measured in matplotlib's own font; the reader's browser has the ones that it lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_axes(size: tuple[float, float], left: float, right: float, bottom: float = 44, top: float = 12) -> "Axes":
    """Return empty axes in a figure of this width and height, with margins around them, all in SVG units."""
    from matplotlib.figure import Figure

    width, height = size
    figure = Figure(figsize=(width / 72, height / 72))
    box = (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
    return figure.add_axes(box)


def add_axes(axes: "Axes", sides: tuple[float, float], bottom: float, top: float) -> "Axes":
    """Return further axes in the figure of others, with margins from the figure's edges, all in SVG units."""
    figure = whole_figure(axes)
    width, height = (72 * inches for inches in figure.get_size_inches())
    return figure.add_axes((sides[0] / width, bottom / height, (width - sum(sides)) / width,
                            (height - bottom - top) / height))


def whole_figure(axes: "Axes") -> "Figure":
    """Return the figure that axes stand in; theirs may be a part of it."""
    found = axes.get_figure(root=True)
    if found is None:
        raise ValueError("the axes have been taken out of their figure")
    return found


def figure_exhibit(drawn: Callable[[float], "Axes"], title: str, note: str = "") -> Exhibit:
    """Return a figure under its finding, which is also what a screen reader hears.

    Parameters
    ----------
    drawn : callable
        Draws for a width in SVG units and returns the axes. It is called twice, for desks and for phones, and the page
        shows the one that fits; above `MOST_POINTS` points there is one raster instead of two inline drawings.
    title : str
        The finding.
    note : str
        What the figure leaves out; empty for nothing.
    """
    title = localised(readable_id(title))
    with house_style():
        wide = whole_figure(drawn(WIDE))
        if _n_points(wide) > MOST_POINTS:
            picture, lost = _raster(wide, title)
            note = " ".join(filter(None, (note, lost)))
        else:
            picture = _drawing(wide, title, "wide") + _drawing(whole_figure(drawn(NARROW)), title, "narrow")
    below = f'<p class="note">{escape_text(note)}</p>' if note else ""
    html = (f'<figure class="exhibit figure"><figcaption>{escape_text(title)}</figcaption>'
            f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(title)}">{picture}</div>'
            f"{below}</figure>")
    return Exhibit(html, " ".join(filter(None, (title, note))))


def text_width(text: str) -> float:
    """Return the width of a text in letters; slim ones count half, broad ones more, Chinese and its like twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else BREADTH.get(letter, 1) for letter in text)


def wrap_label(text: str, width: int = 24, most: int = 2) -> str:
    r"""Return a label on at most so many lines of so many letters, with an ellipsis where it is cut.

    Of parts that `` · `` joins the last one has the last line, cut before its last word: labels that begin alike stay
    apart.

    Examples
    --------
    >>> wrap_label("customers who came back after a year of silence", 16)
    'customers who\ncame back after a…'
    >>> wrap_label("Newsletter subject line · Open rate", 16)
    'Newsletter…\nOpen rate'
    >>> wrap_label("One-page checkout · Margin per visit", 13)
    'One-page…\nMargin…visit'
    """
    text, lines = localised(readable_id(text)), [""]
    for word in re.findall(r"\S+(?: %)?\s*", text) or [text]:
        for piece in _pieces(word, width):
            if text_width((lines[-1] + piece).rstrip()) > width and lines[-1]:
                lines.append("")
            lines[-1] += piece
    head, _, tail = text.rpartition(" · ")
    if len(lines) > most > 1 and head:
        return "\n".join((wrap_label(head, width, most - 1), _cut_before_last_word(tail, width)))
    kept = [line.rstrip() for line in lines[:most]]
    return "\n".join(kept) + ("…" if len(lines) > most else "")


def _cut_before_last_word(text: str, width: int) -> str:
    """Return a text on one line, with an ellipsis before its last word where it is cut."""
    first, _, last = text.rpartition(" ")
    if text_width(text) <= width or not first or text_width(last) >= width:
        return wrap_label(text, width, 1)
    while first and text_width(f"{first}…{last}") > width:
        first = first[:-1].rstrip()
    return f"{first}…{last}"


def label_width(labels: Sequence[str]) -> float:
    """Return the width that the longest line of any label needs, in SVG units."""
    return max((text_width(line) for label in labels for line in label.split("\n")), default=0) * LETTER + 16


def escape_mathtext(text: str) -> str:
    """Return a text in which matplotlib reads no formula."""
    return text.replace("$", r"\$")


def _pieces(word: str, width: int) -> list[str]:
    """Return a word cut where it is longer than a line."""
    if text_width(word) <= width:
        return [word]
    pieces = [""]
    for letter in word:
        if text_width(pieces[-1] + letter) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _n_points(figure: "Figure") -> int:
    """Return how many points a figure's lines and scatters have, and how many patches there are."""
    return sum(sum(np.size(line.get_xdata()) for line in axes.lines) + len(axes.patches)
               + sum(np.shape(marks.get_offsets())[0] for marks in axes.collections) for axes in figure.axes)


def _drawing(figure: "Figure", title: str, css: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True,
                   metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg"):].rstrip()
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;\"]*; |(?<=px) 'DejaVu Sans'[^;\"]*|transform=\"rotate\(-0 [^)]*\)\"", "", svg)
    svg = _own_names(svg, "f" + hashlib.sha256((title + svg).encode()).hexdigest()[:8])
    hidden = "display: none; " if css == "narrow" else ""  # Lab has no style sheet of ours; a page may show it
    attributes = f'<svg role="img" aria-label="{escape(title)}" class="plot {css}" style="{hidden}{LOOK}" '
    return re.sub(r"\s*\n\s*", " ", svg.replace("<svg ", attributes, 1))


def _own_names(svg: str, prefix: str) -> str:
    """Return a drawing without idle ids, the others made its own, so that several stand on one page."""
    used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r"href=\"#([^\"]+)\"", svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", svg)
    return re.sub(r"(url\(#|href=\"#)", rf"\g<1>{prefix}-", svg)


def _raster(figure: "Figure", title: str) -> tuple[str, str]:
    """Return a picture whose letters are drawn here and now, and a sentence where a font lacks some of them."""
    from matplotlib.text import Text

    buffer = io.BytesIO()
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontfamily(["DejaVu Sans", *cjk_fonts()])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        figure.savefig(buffer, format="png", dpi=144, metadata={"Software": None})
    data = base64.b64encode(buffer.getvalue()).decode()
    is_lost = any("missing from font" in str(warning.message) for warning in told)
    return f'<img class="plot" alt="{escape(title)}" src="data:image/png;base64,{data}">', LOST if is_lost else ""


def cjk_fonts() -> list[str]:
    """Return the fonts of this machine with Chinese, Japanese and Korean letters, the first of `BROAD`; often none."""
    from matplotlib import font_manager

    here = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in BROAD if name in here][:1]
