"""Axes that a notebook draws on itself: the house's look for whatever seaborn or matplotlib drew.

What stands along an axis is written for people (no underscores, thousands, per cent, round dates), the upright label
above its axis, long names of categories on several lines, the legend above the drawing: on desks and on phones.
"""

from typing import TYPE_CHECKING

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.reporting import axis_layout
from helpers.reporting.plot_style import LETTER, TEXT, escape_mathtext, text_width, whole_figure, wrap_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis


def custom_axes(width: float, height: float) -> "Axes":
    """Return empty axes in a figure of this size in SVG units, whose margins follow from what will stand in them."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=(width / 72, height / 72), layout=ConstrainedLayoutEngine(w_pad=8 / 72, h_pad=6 / 72))
    return figure.add_subplot()


def finish_custom(axes: "Axes", units: tuple[str, str]) -> None:
    """Write numbers, dates, categories, labels and legend in the house's way.

    Parameters
    ----------
    axes : Axes
        Already drawn on.
    units : pair of str
        Of the lower and the upright axis; ``share`` is written in per cent, an empty one leaves the label that stands
        there.
    """
    from matplotlib.dates import AutoDateLocator

    drawn = (axes.get_xlabel(), axes.get_ylabel())
    labels = [unit or readable_id(label) for unit, label in zip(units, drawn, strict=True)]
    for i, (axis, unit) in enumerate(zip((axes.xaxis, axes.yaxis), units, strict=True)):
        if _is_categorical(axis):
            _write_categories(axis)
        elif isinstance(axis.get_major_locator(), AutoDateLocator):
            _write_dates(axis)
            labels[i] = ""
        else:
            labels[i] += _write_numbers(axis, unit)
    _write_labels(axes, *labels)
    _write_legend(axes)


def _is_categorical(axis: "Axis") -> bool:
    from matplotlib.category import StrCategoryLocator
    from matplotlib.ticker import FixedLocator

    return isinstance(axis.get_major_locator(), (StrCategoryLocator, FixedLocator))


def _write_categories(axis: "Axis") -> None:
    """Write names along an axis on as many lines as their room asks for."""
    places = axis.get_ticklocs()
    names = [readable_id(label.get_text()) for label in axis.get_ticklabels()]
    if len(names) != len(places):  # names of a plain category axis are only known to its formatter
        names = [readable_id(text) for text in axis.get_major_formatter().format_ticks(list(places))]
    width = _width(axis.axes)
    if axis is axis.axes.yaxis:
        letters, lines = (14, 2) if axis_layout.is_narrow(width) else (24, 2)
    else:
        letters, lines = max(3, int((width - 70) / max(len(names), 1) / LETTER)), 3
    axis.set_ticks(places, [escape_mathtext(wrap_label(name, letters, lines)) for name in names])
    axis.grid(visible=False)


def _write_dates(axis: "Axis") -> None:
    from matplotlib.dates import date2num, num2date

    start, end = (pd.Timestamp(num2date(at)).tz_localize(None) for at in axis.get_view_interval())
    width = _width(axis.axes)
    ticks = axis_layout.day_ticks(start, end, 3 if axis_layout.is_narrow(width) else 6)
    axis.set_ticks(date2num(list(ticks.values())), list(ticks))
    axis.grid(visible=axis is axis.axes.yaxis)


def _write_numbers(axis: "Axis", unit: str) -> str:
    """Write numbers along an axis; return where it starts, for its label, empty where zero is on it."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_formatter(axis_layout.tick_format(unit))
    if axis.get_scale() != "linear":
        return ""
    width = _width(axis.axes)
    axis.set_major_locator(MaxNLocator(4 if axis_layout.is_narrow(width) else 6, steps=[1, 2, 2.5, 5, 10]))
    low, high = axis.get_view_interval()
    limits = axis_layout.near_zero((low, high))
    axis.axes.set(**{"ylim" if axis is axis.axes.yaxis else "xlim": limits})
    return axis_layout.axis_start(limits, unit)


def _width(axes: "Axes") -> float:
    """Return the width of the figure in SVG units."""
    return whole_figure(axes).get_figwidth() * 72


def _write_labels(axes: "Axes", lower: str, upright: str) -> None:
    axes.set_xlabel(axis_layout.fit_text(axes, lower, 80))
    axes.set_ylabel("")
    parts = [part for part in (axes.get_title("left"), upright) if part]
    axes.set_title("\n".join(axis_layout.fit_text(axes, part, 16) for part in parts), loc="left", color=TEXT)


def _write_legend(axes: "Axes") -> None:
    """Move the legend above the drawing, on as many columns as fit beside each other."""
    legend = axes.get_legend()
    if legend is None:
        return
    handles = [handle for handle in legend.legend_handles if handle is not None]
    names = [readable_id(text.get_text()) for text in legend.get_texts()]
    heading, width = readable_id(legend.get_title().get_text()), _width(axes)
    legend.remove()
    widest = max((text_width(name) for name in names), default=1) * LETTER + 44
    columns = min(len(names), max(1, int((width - 16) / widest))) or 1
    axes.figure.legend(
        handles,
        [escape_mathtext(name) for name in names],
        loc="outside upper left",
        ncols=columns,
        title=escape_mathtext(heading) or None,
        alignment="left",
    )
