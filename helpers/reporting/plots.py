"""Plots whose title is the finding: intervals, bars, lines, heat map, any drawing; with alt text.

Columns are named by the caller; rows without a value are left out of the drawing and named below it. `figure` takes
whatever seaborn or matplotlib draws.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers.reporting import axis_layout, custom_axes, drawn_rows, formatting
from helpers.reporting.html import Exhibit, missing_exhibit
from helpers.reporting.plot_style import (
    ACCENT,
    CATEGORIES,
    INK,
    figure_exhibit,
    label_width,
    new_axes,
    wrap_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


LAST_LABEL = 36  # half a month and year under the last point


def interval_plot(
    frame: pd.DataFrame,
    label: str,
    value: str,
    low: str,
    high: str,
    title: str,
    unit: str,
    reference: float | None = None,
) -> Exhibit:
    """Return values with their intervals, one row each, in the frame's order.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a value; at most 20 are drawn.
    label, value, low, high : str
        Columns.
    title : str
        The finding.
    unit : str
        Of the axis; ``share`` is written in per cent.
    reference : float, optional
        A line to compare with, such as 0 or the control's value.
    """
    rows, note = drawn_rows.rows_with_value(frame, label, value)
    if rows.empty:
        return missing_exhibit(title, note)
    form = formatting.unit_format(unit)
    short = [form(v) for v in rows[value]]
    full = [
        f"{s} {formatting.interval(a, b, form)}".strip() for s, a, b in zip(short, rows[low], rows[high], strict=True)
    ]
    at = np.arange(len(rows))

    def drawn(width: float) -> "Axes":
        axes = axis_layout.row_axes(rows[label], short if axis_layout.is_narrow(width) else full, width)
        axes.hlines(at, rows[low], rows[high], color=ACCENT, linewidth=3, alpha=0.45)
        axes.plot(rows[value], at, "o", color=ACCENT, markersize=8)
        if reference is not None:
            axes.axvline(reference, color=INK, linewidth=1)
        axes.margins(x=0.06)
        axes.set_xlim(axis_layout.near_zero(axes.get_xlim()))
        axis_layout.finish_rows(axes, unit, starts_at_zero=False)
        return axes

    return figure_exhibit(drawn, title, note)


def interval_panels(panels: Sequence[tuple[str, pd.DataFrame]], title: str, currency: str = "") -> Exhibit:
    """Return values with their intervals beside zero, in a panel of its own for each unit.

    Parameters
    ----------
    panels : sequence of (str, DataFrame)
        Unit, as `formatting.unit_format` knows it, and its rows, none without a value: label, value, low, high, and
        heading, what is measured, which stands along the axis.
    title : str
        The finding.
    currency : str
        Of rows in money.
    """
    known = [(unit, rows) for unit, rows in panels if len(rows)]
    if not known:
        return missing_exhibit(title, "There is no value to draw.")
    told = [[f"{form(value)} {formatting.interval(low, high, form)}" for value, low, high in zip(
        rows["value"], rows["low"], rows["high"], strict=True)]
        for form, rows in ((formatting.unit_format(unit, currency), rows) for unit, rows in known)]

    def drawn(width: float) -> "Axes":
        said = [[text.partition(" [")[0] for text in texts] for texts in told] if axis_layout.is_narrow(width) else told
        stack = axis_layout.stacked_row_axes([rows["label"] for _, rows in known], said, width)
        for axes, (unit, rows) in zip(stack, known, strict=True):
            at = np.arange(len(rows))
            axes.hlines(at, rows["low"], rows["high"], color=ACCENT, linewidth=3, alpha=0.45)
            axes.plot(rows["value"], at, "o", color=ACCENT, markersize=8)
            axes.axvline(0, color=INK, linewidth=1)
            axes.margins(x=0.06)
            measured = ", ".join(rows["heading"].unique())
            axis_layout.finish_rows(axes, f"{measured} [{(currency or unit) if unit == 'money' else unit}]",
                                    starts_at_zero=True)
        return stack[0]

    return figure_exhibit(drawn, title)


def bar_plot(
    frame: pd.DataFrame, label: str, value: str, title: str, unit: str, told: Sequence[str] = ()
) -> Exhibit:
    """Return one bar a row, in the frame's order, from zero, with the value at its end.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a bar; at most 20 are drawn.
    label, value : str
        Columns.
    title : str
        The finding.
    unit : str
        Of the axis; ``share`` is written in per cent.
    told : sequence of str
        Values in words, one a row; by default in the unit.
    """
    worded = frame.assign(told=told or [formatting.unit_format(unit)(v) for v in frame[value]])
    rows, note = drawn_rows.rows_with_value(worded, label, value)
    if rows.empty:
        return missing_exhibit(title, note)
    said = list(rows["told"])

    def drawn(width: float) -> "Axes":
        axes = axis_layout.row_axes(rows[label], said, width)
        axes.barh(np.arange(len(rows)), rows[value], color=ACCENT, height=0.62)
        axes.axvline(0, color=INK, linewidth=1)
        axis_layout.finish_rows(axes, unit, starts_at_zero=True)
        return axes

    return figure_exhibit(drawn, title, note)


def line_plot(
    frame: pd.DataFrame,
    x: str,
    y: str,
    title: str,
    unit: str,
    band: tuple[str, str] | None = None,
    series: str | None = None,
    height: float = 320,
    *,
    starts_at_zero: bool = False,
) -> Exhibit:
    """Return values along time or another order, as lines that are named at their end.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a point, in any order.
    x, y : str
        Columns; x holds dates or numbers.
    title : str
        The finding.
    unit : str
        Of the values; ``share`` is written in per cent.
    band : pair of str, optional
        Columns of the interval around y.
    series : str, optional
        Column that names the line a point belongs to; at most six lines are drawn.
    height : float
        In SVG units.
    starts_at_zero : bool
        Whether the upright axis starts at zero however far the values are from it.
    """
    points = frame.dropna(subset=[x, y]).sort_values(x, kind="stable")
    if points[x].nunique() < 2:
        return missing_exhibit(title, "Fewer than two points: there is no line to draw yet.")
    names = sorted(points[series].astype(str).unique()) if series else [""]
    parts = [points[points[series].astype(str) == name] if series else points for name in names][:len(CATEGORIES)]
    note = f"Not drawn: {formatting.join_words(names[len(parts):])}." if len(names) > len(parts) else ""

    def drawn(width: float) -> "Axes":
        ends = [wrap_label(name, 9 if axis_layout.is_narrow(width) else 18) for name in names[:len(parts)]]
        more = axis_layout.second_line_height(width)
        left = label_width([axis_layout.tick_format(unit)(1.1 * float(points[y].abs().max()), None)]) + 8
        right = label_width(ends) + 12 if series else LAST_LABEL
        axes = new_axes((width, height + more), max(60, left), right, top=32 + more)
        for part, colour in zip(parts, CATEGORIES, strict=False):
            axes.plot(part[x], part[y], color=colour, marker="o" if len(part) < 25 else "", markersize=5)
            if band:
                axes.fill_between(part[x], part[band[0]], part[band[1]], color=colour, alpha=0.16, linewidth=0)
        if starts_at_zero:
            axes.set_ylim(bottom=0)
        axis_layout.finish_lines(axes, unit, heading=x)
        if series:
            axis_layout.label_ends(axes, [float(part[y].iloc[-1]) for part in parts], ends)
        return axes

    return figure_exhibit(drawn, title, note)


def heat_map(frame: pd.DataFrame, title: str, unit: str, note: str = "") -> Exhibit:
    """Return a matrix as a table of shades of one hue with the value in each cell.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows × columns of numbers, labelled by index and columns, whose names become the titles of the axes. Above 200
        cells a scale stands beside the shades instead of a value in each.
    title : str
        The finding.
    unit : str
        Of the values; ``share`` is written in per cent.
    note : str
        What the figure leaves out, said where a cell is empty.
    """
    if frame.empty or frame.isna().all(axis=None):
        return missing_exhibit(title, "No cell has a value.")
    if note and frame.fillna(0).eq(0).all(axis=None):  # whatever is not nothing is left out
        return missing_exhibit(title, note)
    values = pd.DataFrame(frame.to_numpy(dtype="float64"), map(str, frame.index), map(str, frame.columns))
    names = (str(frame.index.name or ""), str(frame.columns.name or ""))
    below = note if values.isna().any(axis=None) else ""
    return figure_exhibit(lambda width: axis_layout.draw_shades(values, names, unit, width), title, below)


def figure(
    draw: Callable[..., Any],
    title: str,
    frame: pd.DataFrame | None = None,
    by: str | Sequence[str] = (),
    units: tuple[str, str] = ("", ""),
    height: float = 320,
) -> Exhibit:
    """Return whatever is drawn on one pair of axes, by seaborn or matplotlib, in the house's look.

    Parameters
    ----------
    draw : callable
        Draws: ``draw(axes)``, or ``draw(axes, rows)`` where a frame is given. It is called for desks and for phones.
    title : str
        The finding.
    frame : pandas.DataFrame, optional
        What is drawn. Where it counts people in each row, those of groups of fewer than ten are withheld first, and
        those that would give them away.
    by : str or sequence of str
        Columns by which a frame with a row for each person is drawn in groups, of which small ones are withheld.
    units : pair of str
        Of the lower and the upright axis; ``share`` is written in per cent; empty: the label that the drawing gives it.
    height : float
        In SVG units; the width is that of the page or the phone.

    Examples
    --------
    >>> tiers = pd.DataFrame({"tier": ["top", "large", "small"], "n_customers": [40, 160, 3]})
    >>> figure(lambda axes, rows: axes.bar(rows["tier"], rows["n_customers"]), "Most are large", tiers)
    Most are large Of fewer than ten people or beside such, and not shown: top and small.
    """
    rows, note = (None, "") if frame is None else drawn_rows.rows_of_enough_people(frame, by)
    if rows is not None and rows.empty:
        return missing_exhibit(title, note)

    def drawn(width: float) -> "Axes":
        axes = custom_axes.custom_axes(width, height)
        draw(axes) if rows is None else draw(axes, rows)
        custom_axes.finish_custom(axes, units)
        return axes

    return figure_exhibit(drawn, title, note)
