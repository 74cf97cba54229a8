"""Figures of one purpose: a curve that turns at some places, known within bands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from helpers.reporting import layout
from helpers.reporting.canvas import ACCENT, INK, SECOND, blank, exhibit
from helpers.reporting.markup import Exhibit, missing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def turning(
    frame: pd.DataFrame,
    columns: tuple[str, str, str, str, str],
    places: Sequence[tuple[float, float, float]],
    title: str,
    units: tuple[str, str],
) -> Exhibit:
    """Return observed shares with their intervals, a curve through them, and the places where it turns as bands.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a point, rising along the lower axis.
    columns : tuple of str
        Of the lower axis, the observed share, its lower and upper limit, and the curve.
    places : sequence of tuple of float
        Value, lower and upper limit of each place, along the lower axis; empty for a curve that turns nowhere.
    title : str
        The finding.
    units : pair of str
        Of the lower and the upright axis; ``share`` is written in per cent.
    """
    x, y, low, high, fitted = columns
    points = frame.dropna(subset=[x, y])
    if len(points) < 2:
        return missing(title, "Fewer than two classes of satisfaction: there is no curve to draw.")

    def drawn(width: float) -> "Axes":
        more = layout.second_line(width)
        axes = blank((width, 340 + more), 60, 14, bottom=52 + more, top=32 + more)
        for value, left, right in places:
            axes.axvspan(left, right, color=SECOND, alpha=0.16, linewidth=0)
            axes.axvline(value, color=SECOND, linewidth=1.5)
        axes.vlines(points[x], points[low], points[high], color=INK, linewidth=2, alpha=0.35)
        axes.plot(points[x], points[y], "o", color=INK, markersize=5)
        axes.plot(points[x], points[fitted], color=ACCENT)
        axes.set_ylim(bottom=0)
        layout.finish_lines(axes, units[1], heading="")
        axes.set_xlabel(layout.fitted(axes, units[0]))
        return axes

    return exhibit(drawn, title)
