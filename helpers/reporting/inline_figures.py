"""Figures that a cell leaves as they are, without a finding above them: what they show, and how they reach the page.

A kernel that makes pages is told once to say with every figure of matplotlib, hence of seaborn, what stands in it; a
picture by itself could not be read aloud.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape, unescape
from typing import TYPE_CHECKING

from helpers.reporting.html import Exhibit, missing_exhibit

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from nbformat import NotebookNode


DESCRIPTION = "text/x-figure-description"  # beside the picture in an executed notebook

PICTURES = ("image/png", "image/jpeg")

UNTITLED = "Figure without a title and without labels"

TOO_LARGE = "The page would be too heavy with this figure; it stands in the executed notebook."


def describe_figures() -> None:
    """Have the kernel at work say with every figure what it shows, and draw for screens of twice the usual density.

    Matplotlib is not imported by this.
    """
    from IPython import get_ipython
    from IPython.core.formatters import BaseFormatter

    get_ipython().config.InlineBackend.figure_formats = {"retina"}
    shown = get_ipython().display_formatter
    formatter = BaseFormatter(parent=shown, format_type=DESCRIPTION, print_method="_figure_description_")
    # of the base class, because matplotlib's own set-up forgets what is registered for figures themselves
    formatter.for_type_by_name("matplotlib.figure", "FigureBase", figure_description)
    shown.formatters[DESCRIPTION] = formatter


def figure_description(figure: "Figure") -> str | None:
    """Return what a figure shows: its titles, else the labels of its axes; None where it has neither."""
    by_axes = [(axes.get_title("left"), axes.get_title("center"), axes.get_title("right")) for axes in figure.axes]
    titles = [figure.get_suptitle(), *(title for titles in by_axes for title in titles)]
    labels = [" by ".join(filter(None, (axes.get_ylabel(), axes.get_xlabel()))) for axes in figure.axes]
    return _joined(titles) or _joined(labels) or None


def with_pictures(outputs: Sequence["NotebookNode"]) -> list["NotebookNode"]:
    """Return the outputs of a cell, plain figures as pictures with their description for a text.

    What a call returns besides a figure it drew, such as its axes, is for analysts and left out.
    """
    from nbformat import v4  # a kernel that only describes its figures does not wait for it

    if not any(map(_is_plain_figure, outputs)):
        return list(outputs)
    return [
        v4.new_output("display_data", {"text/html": picture(output).html}, metadata={"is_picture": True})
        if _is_plain_figure(output)
        else output
        for output in outputs
        if {*output.get("data", {})} != {"text/plain"}
    ]


def picture(output: "NotebookNode") -> Exhibit:
    """Return the picture of a plain figure, as wide as its kernel would show it and never wider than the page."""
    kind = next(kind for kind in PICTURES if kind in output.data)
    alt = output.data.get(DESCRIPTION) or UNTITLED
    width = output.metadata.get(kind, {}).get("width")
    size = f' width="{int(width)}"' if width else ""
    code = "".join(output.data[kind].split())
    return Exhibit(
        f'<figure class="exhibit figure"><img class="picture" alt="{escape(alt)}"{size} '
        f'src="data:{kind};base64,{code}"></figure>',
        alt,
    )


def without_largest(cells: Iterable["NotebookNode"], limit: int) -> None:
    """Take the largest plain figures out of cells that are made for a page, until they show no more than so many bytes.

    In the place of one that is taken out stands where it is to be found.
    """
    outputs = [output for cell in cells for output in cell.get("outputs", []) if "text/html" in output.get("data", {})]
    size = sum(len(output.data["text/html"].encode()) for output in outputs)
    pictures = [output for output in outputs if output.metadata.get("is_picture")]
    for output in sorted(pictures, key=lambda o: len(o.data["text/html"]), reverse=True):
        if size <= limit:
            return
        size -= len(output.data["text/html"])
        found = re.search(r'alt="([^"]*)"', output.data["text/html"])
        alt = unescape(found[1]) if found else ""
        output.data["text/html"] = missing_exhibit(alt, TOO_LARGE).html


def _is_plain_figure(output: "NotebookNode") -> bool:
    data = output.get("data", {})
    return "text/html" not in data and any(kind in data for kind in PICTURES)


def _joined(texts: list[str]) -> str:
    return "; ".join(dict.fromkeys(" ".join(text.split()) for text in texts if text.strip()))
