"""Fan plot: what happened, what had been forecast before, and what is ahead, in shades of 50, 80 and 95 %."""

from typing import TYPE_CHECKING

import pandas as pd

from helpers.reporting import axis_layout, formatting
from helpers.reporting.html import Exhibit, missing_exhibit
from helpers.reporting.plot_style import ACCENT, INK, SECOND, figure_exhibit, label_width, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


BANDS = ((0.025, 0.975), (0.1, 0.9), (0.25, 0.75))

LEAST_LEFT = 60  # room for the numbers of the axis [SVG units]

NOTE = ("Black: what happened. Dashed: what the same method would have forecast before each quarter. Shades: 95, 80 "
        "and 50 % of what may come.")


def fan_plot(happened: pd.DataFrame, earlier: pd.DataFrame, fan: pd.DataFrame, title: str, unit: str, *,
             note: str = NOTE, height: float = 320) -> Exhibit:
    """Return a line of what happened that opens into a fan.

    Parameters
    ----------
    happened : DataFrame
        Grain point in time: ``on``, ``value``.
    earlier : DataFrame
        Grain point in time: ``on``, ``value`` as forecast then, ``part`` (the line it belongs to).
    fan : DataFrame
        Grain point in time × quantile: ``on``, ``quantile`` (those of `BANDS`, and .5), ``value``.
    title : str
        The finding.
    unit : str
        Of the values.
    note : str
        How the figure is read.
    height : float
        In SVG units.
    """
    if fan.empty or len(happened) < 2:
        return missing_exhibit(title, "There is no forecast to draw.")
    ahead = fan.pivot(index="on", columns="quantile", values="value")
    highest = max(float(ahead.to_numpy().max()), float(happened["value"].max()))
    left = max(LEAST_LEFT, label_width([formatting.whole(1.1 * highest)]) + 8)

    def drawn(width: float) -> "Axes":
        more = axis_layout.second_line_height(width)
        axes = new_axes((width, height + more), left, 36, top=32 + more)
        axes.plot(happened["on"], happened["value"], color=INK, linewidth=1.6)
        for _, part in earlier.groupby("part"):
            axes.plot(part["on"], part["value"], color=SECOND, linewidth=1.6, linestyle=(0, (4, 2)))
        for low, high in BANDS:
            axes.fill_between(ahead.index, ahead[low], ahead[high], color=ACCENT, alpha=0.2, linewidth=0)
        axes.plot(ahead.index, ahead[0.5], color=ACCENT, linewidth=2)
        axes.set_ylim(bottom=min(0.0, float(ahead[BANDS[0][0]].min())))
        axis_layout.finish_lines(axes, unit, heading="")
        return axes

    return figure_exhibit(drawn, title, note)
