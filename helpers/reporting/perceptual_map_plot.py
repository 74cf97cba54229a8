"""Perceptual map: brands and attributes with their confidence ellipses."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers.reporting import axis_layout
from helpers.reporting.html import Exhibit, missing_exhibit
from helpers.reporting.plot_style import (
    ACCENT,
    GRID,
    INK,
    LETTER,
    SECOND,
    TEXT,
    escape_mathtext,
    figure_exhibit,
    new_axes,
    text_width,
    wrap_label,
)
from helpers.stats.correspondence_analysis import confidence_ellipse

if TYPE_CHECKING:
    from matplotlib.axes import Axes


FIRST, OTHER = "brand", "attribute"


def plot_perceptual_map(frame: pd.DataFrame, title: str, axes_said: tuple[str, str]) -> Exhibit:
    """Return points of two kinds on a map, each with its 95 % ellipse, at equal scales.

    Parameters
    ----------
    frame : DataFrame
        Grain point: ``label``, ``kind`` (brand, attribute), ``x``, ``y``, and its covariance ``xx``, ``xy``, ``yy``.
    title : str
        The finding.
    axes_said : pair of str
        What stands beside the two axes.
    """
    if frame.empty:
        return missing_exhibit(title, "There is no map to draw: it needs three brands and three attributes.")
    return figure_exhibit(lambda width: _drawn(frame, axes_said, width), title)


def _drawn(frame: pd.DataFrame, axes_said: tuple[str, str], width: float) -> "Axes":
    narrow = axis_layout.is_narrow(width)
    more = axis_layout.second_line_height(width)
    axes = new_axes((width, (430 if not narrow else 400) + more), 60, 14, bottom=44 + more, top=32)
    for row in frame.to_dict("records"):
        at, colour = np.array([row["x"], row["y"]]), ACCENT if row["kind"] == FIRST else SECOND
        outline = confidence_ellipse(at, np.array([[row["xx"], row["xy"]], [row["xy"], row["yy"]]]))
        axes.fill(*outline.T, color=colour, alpha=0.14, linewidth=0)
        axes.plot(*at, "o" if row["kind"] == FIRST else "^", color=colour, markersize=8 if row["kind"] == FIRST else 6)
    axes.axhline(0, color=GRID, linewidth=1.5)
    axes.axvline(0, color=GRID, linewidth=1.5)
    axes.margins(0.12)
    axes.set_aspect("equal", adjustable="datalim")
    axes.figure.canvas.draw()
    limits = axes.get_xlim(), axes.get_ylim()
    axes.set_aspect("auto")  # the limits now make both scales equal, and nothing may move them
    axis_layout.finish_lines(axes, "", heading="")
    axes.set(xlim=limits[0], ylim=limits[1])
    axes.xaxis.set_major_formatter(axis_layout.tick_format(""))
    axes.set_xlabel(axis_layout.fit_text(axes, axes_said[0]))
    axis_layout.write_above(axes, axes_said[1])
    _named(axes, frame, narrow)
    return axes


def _named(axes: "Axes", frame: pd.DataFrame, narrow: bool) -> None:
    """Write each point's name above or below it, where it covers no other name."""
    names = [escape_mathtext(wrap_label(str(name), 12 if narrow else 20, 1)) for name in frame["label"]]
    points = frame[["x", "y"]].to_numpy(float)
    places = axes.transData.transform(points) * 72 / axes.figure.dpi
    taken: list[tuple[float, float, float, float]] = []  # middle, half of the width, and of the height
    marks = [(u, v, 5, 11) for u, v in places]
    left, right = (axes.transAxes.transform((edge, 0))[0] * 72 / axes.figure.dpi for edge in (0, 1))
    for name, point, (x, y), kind in zip(names, points, places, frame["kind"], strict=True):
        half = text_width(name) * LETTER / 2
        middle = min(max(x, left + half), max(right - half, left + half))
        offset = next((o for o in (13, -14, 28, -29, 43, -44) if not any(
            abs(y + o - v) < high and abs(middle - u) < half + w for u, v, w, high in (*taken, *marks))), 13)
        taken.append((middle, y + offset, half, 15))
        axes.annotate(name, tuple(point), xycoords="data", xytext=(middle - x, offset), textcoords="offset points",
                      ha="center", va="center", color=INK if kind == FIRST else TEXT,
                      fontweight="bold" if kind == FIRST else "normal")
