"""Plots whose title is the finding: intervals, bars, lines, heat map, histogram, breakpoint curve; with alt text.

Columns are named by the caller; rows without a value are left out of the drawing and named below it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers.reporting import axis_layout, formatting
from helpers.reporting.html import Exhibit, missing_exhibit
from helpers.reporting.plot_style import (
    ACCENT,
    CATEGORIES,
    INK,
    LETTER,
    SECOND,
    escape_mathtext,
    figure_exhibit,
    label_width,
    new_axes,
    wrap_label,
)
from helpers.stats import disclosure_control

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_ROWS = 20

MOST_CELLS = 200

LAST_LABEL = 36  # half a month and year under the last point

SHADE = "#84abd9"  # the deepest shade on which ink is still read


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
    rows, note = _drawn(frame, label, value)
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


def bar_plot(frame: pd.DataFrame, label: str, value: str, title: str, unit: str) -> Exhibit:
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
    """
    rows, note = _drawn(frame, label, value)
    if rows.empty:
        return missing_exhibit(title, note)
    said = [formatting.unit_format(unit)(v) for v in rows[value]]

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
        axes = new_axes((width, 320 + more), 60, label_width(ends) + 12 if series else LAST_LABEL, top=32 + more)
        for part, colour in zip(parts, CATEGORIES, strict=False):
            axes.plot(part[x], part[y], color=colour, marker="o" if len(part) < 25 else "", markersize=5)
            if band:
                axes.fill_between(part[x], part[band[0]], part[band[1]], color=colour, alpha=0.16, linewidth=0)
        axis_layout.finish_lines(axes, unit, heading=x)
        if series:
            axis_layout.label_ends(axes, [float(part[y].iloc[-1]) for part in parts], ends)
        return axes

    return figure_exhibit(drawn, title, note, len(points))


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
    values = pd.DataFrame(frame.to_numpy(dtype="float64"), map(str, frame.index), map(str, frame.columns))
    names = (str(frame.index.name or ""), str(frame.columns.name or ""))
    below = note if values.isna().any(axis=None) else ""
    return figure_exhibit(lambda width: _shades(values, names, unit, width), title, below)


def histogram(values: Sequence[float] | pd.Series | np.ndarray, title: str, unit: str) -> Exhibit:
    """Return how values are spread: a count in each class, from zero.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        Missing ones are left out and counted below the figure, and so is a far tail.
    title : str
        The finding.
    unit : str
        Of the values.
    """
    given = pd.Series(np.asarray(values, dtype="float64"))
    known = given[np.isfinite(given)]
    if known.nunique() < 2:
        return missing_exhibit(title, "Fewer than two different values: there is no spread to show.")
    limit = float(known.quantile(0.99))
    kept = known[known <= limit] if known.max() > 3 * limit > 0 else known
    notes = [
        f"{formatting.whole(len(known) - len(kept))} above {formatting.number(limit)} not drawn."
        * (len(kept) < len(known)),
        f"{formatting.whole(len(given) - len(known))} without a value." * (len(known) < len(given)),
    ]

    def drawn(width: float) -> "Axes":
        from seaborn import histplot

        more = axis_layout.second_line_height(width)
        axes = new_axes((width, 300 + more), 60, 14, bottom=44 + more, top=32)
        histplot(x=kept, ax=axes, bins=min(40, max(8, int(len(kept) ** 0.5))), color=ACCENT, edgecolor="white",
                 linewidth=1, alpha=1)
        axis_layout.finish_lines(axes, "", heading="")
        axes.xaxis.set_major_formatter(axis_layout.tick_format(unit))
        axes.set(xlabel=axis_layout.fit_text(axes, unit), ylabel="")
        axis_layout.write_above(axes, "count")
        return axes

    return figure_exhibit(drawn, title, " ".join(filter(None, notes)))


# --- inside ------------------------------------------------------------------------------------------------------


def _drawn(frame: pd.DataFrame, label: str, value: str) -> tuple[pd.DataFrame, str]:
    """Return the rows that can be drawn, and a sentence about the others."""
    if frame.empty:
        return frame, "There is nothing to draw: the table has no rows."
    hidden = disclosure_control.suppressed_rows(frame)
    is_small = hidden.to_numpy()
    why = {disclosure_control.HIDDEN: "Of fewer than ten people, and not shown"}.get(
        disclosure_control.suppressed_mark(frame, hidden), "Of fewer than ten people or beside such, and not shown")
    is_known = np.isfinite(frame[value].astype("float64").to_numpy()) & ~is_small
    notes = [_left_out("Without a value, for lack of data", frame[label][~is_known & ~is_small]),
             _left_out(why, frame[label][is_small]),
             f"The first {MOST_ROWS} of {formatting.whole(is_known.sum())} rows." if is_known.sum() > MOST_ROWS else ""]
    return frame[is_known].head(MOST_ROWS), " ".join(filter(None, notes))


def _left_out(why: str, labels: pd.Series) -> str:
    names = [str(name) for name in labels]
    more = f" (and {len(names) - 5} more)" if len(names) > 5 else ""
    return f"{why}: {formatting.join_words(names[:5])}{more}." if names else ""


def _shades(values: pd.DataFrame, names: tuple[str, str], unit: str, width: float) -> "Axes":
    from seaborn import heatmap, light_palette

    letters = 14 if axis_layout.is_narrow(width) else 22
    rows = [escape_mathtext(wrap_label(name, letters)) for name in values.index]
    left = label_width(rows) + (22 if names[0] else 0)
    cell = (width - left - 8) / values.shape[1]
    says, is_tight = values.size <= MOST_CELLS, cell < 50
    form = _tight(unit) if is_tight else formatting.unit_format(unit)
    said = [["" if pd.isna(v) else form(v) for v in row] for row in values.to_numpy()]
    size = min(13, cell / 0.6 / max(len(text) for row in said for text in row))
    columns = [escape_mathtext(wrap_label(name, max(3, int(cell / LETTER)), 3)) for name in values.columns]
    top = 44 + axis_layout.second_line_height(width) + 16 * max(text.count("\n") + 1 for text in columns)
    height = 8 + top + max(24, min(42, 400 // len(rows))) * len(rows)
    axes = new_axes((width, height), left, 8, bottom=8, top=top)
    heatmap(values, ax=axes, annot=np.array(said, dtype=object) if says else False, fmt="", cbar=not says,
            cmap=light_palette(SHADE, as_cmap=True), linewidths=2, linecolor="white", xticklabels=columns,
            yticklabels=rows, annot_kws={"fontsize": size, "color": INK}, cbar_kws=None if says else {"label": unit})
    axes.grid(visible=False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    unit = f"{unit}, in per cent" if is_tight and unit.startswith("share") else unit
    axes.set_xlabel(axis_layout.fit_text(axes, " · ".join(filter(None, (names[1], unit)))), labelpad=8)
    axes.set_ylabel(escape_mathtext(names[0]), labelpad=8)
    axes.tick_params(axis="both", rotation=0)
    return axes


def _tight(unit: str) -> formatting.Form:
    """Return how values are written where cells are narrow: per cent without its sign, two digits."""
    return (lambda x: formatting.whole(100 * x)) if unit.startswith("share") else (lambda x: formatting.number(x, 2))


def breakpoint_plot(
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
        return missing_exhibit(title, "Fewer than two classes of satisfaction: there is no curve to draw.")

    def drawn(width: float) -> "Axes":
        more = axis_layout.second_line_height(width)
        axes = new_axes((width, 340 + more), 60, 14, bottom=52 + more, top=32 + more)
        for value, left, right in places:
            axes.axvspan(left, right, color=SECOND, alpha=0.16, linewidth=0)
            axes.axvline(value, color=SECOND, linewidth=1.5)
        axes.vlines(points[x], points[low], points[high], color=INK, linewidth=2, alpha=0.35)
        axes.plot(points[x], points[y], "o", color=INK, markersize=5)
        axes.plot(points[x], points[fitted], color=ACCENT)
        axes.set_ylim(bottom=0)
        axis_layout.finish_lines(axes, units[1], heading="")
        axes.set_xlabel(axis_layout.fit_text(axes, units[0]))
        return axes

    return figure_exhibit(drawn, title)
