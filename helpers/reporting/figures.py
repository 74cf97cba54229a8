"""Figures whose title is the finding: intervals, bars, lines, heat, histogram. Each is an exhibit with alt text.

Columns are named by the caller; rows without a value are left out of the drawing and named below it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.reporting import words
from helpers.reporting.canvas import (
    ACCENT,
    CATEGORIES,
    INK,
    TEXT,
    blank,
    exhibit,
    house_style,
    plain,
    room,
    tick_form,
    wrapped,
)
from helpers.reporting.markup import Exhibit, missing

MOST_ROWS = 20
SHADE = "#84abd9"  # the deepest shade on which ink is still read
MOST_CELLS = 200


def intervals(
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
        return missing(title, note)
    form = words.form_of(unit)
    said = [_with_interval(v, a, b, form) for v, a, b in zip(rows[value], rows[low], rows[high], strict=True)]
    with house_style():
        figure, axes = _rows(rows[label], said)
        at = np.arange(len(rows))
        axes.hlines(at, rows[low], rows[high], color=ACCENT, linewidth=3, alpha=0.45)
        axes.plot(rows[value], at, "o", color=ACCENT, markersize=8)
        if reference is not None:
            axes.axvline(reference, color=INK, linewidth=1)
        axes.margins(x=0.06)
        _finish_rows(axes, unit, starts_at_zero=False)
        return exhibit(figure, title, note)


def bars(frame: pd.DataFrame, label: str, value: str, title: str, unit: str) -> Exhibit:
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
        return missing(title, note)
    form = words.form_of(unit)
    said = [form(v) for v in rows[value]]
    with house_style():
        figure, axes = _rows(rows[label], said)
        axes.barh(np.arange(len(rows)), rows[value], color=ACCENT, height=0.62)
        axes.axvline(0, color=INK, linewidth=1)
        _finish_rows(axes, unit, starts_at_zero=True)
        return exhibit(figure, title, note)


def lines(
    frame: pd.DataFrame,
    x: str,
    y: str,
    title: str,
    unit: str,
    band: tuple[str, str] | None = None,
    series: str | None = None,
) -> Exhibit:
    """Return values along time or another order, as lines that are labelled at their end.

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
    if len(points) < 2:
        return missing(title, "Fewer than two points: there is no line to draw yet.")
    names = [None] if series is None else list(dict.fromkeys(points[series].astype(str).sort_values()))
    parts = {name: points if name is None else points[points[series].astype(str) == name]
             for name in names[:len(CATEGORIES)]}
    note = f"{words.joined(names[len(CATEGORIES):])} not drawn." if len(names) > len(CATEGORIES) else ""
    ends = [wrapped(name or "", 18) for name in parts]
    with house_style():
        figure, axes = blank(320, 64, 16 + (room(ends) if series else 8), top=30)
        for (_, part), colour in zip(parts.items(), CATEGORIES, strict=False):
            axes.plot(part[x], part[y], color=colour, marker="o" if len(part) < 25 else "", markersize=5)
            if band:
                axes.fill_between(part[x], part[band[0]], part[band[1]], color=colour, alpha=0.16, linewidth=0)
        _finish_lines(axes, unit, heading=x)
        if series:
            _label_ends(axes, [float(part[y].iloc[-1]) for part in parts.values()], ends)
        return exhibit(figure, title, note, len(points))


def heat(frame: pd.DataFrame, title: str, unit: str) -> Exhibit:
    """Return a matrix as a table of shades of one hue with the value in each cell.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows × columns of numbers, labelled by index and columns; names of both become the axes' titles.
    title : str
        The finding.
    unit : str
        Of the values; ``share`` is written in per cent.
    """
    if frame.empty or frame.isna().all(axis=None):
        return missing(title, "No cell has a value.")
    import seaborn

    is_tight = frame.shape[1] > 8
    form = _tight(unit) if is_tight else words.form_of(unit)
    unit = f"{unit}, in per cent" if is_tight and unit.startswith("share") else unit
    says = frame.size <= MOST_CELLS
    said = np.array([["" if pd.isna(v) else form(v) for v in row] for row in frame.to_numpy()], dtype=object)
    rows = [plain(wrapped(str(name), 22)) for name in frame.index]
    columns = [plain(wrapped(str(name), max(8, 72 // frame.shape[1]), 3)) for name in frame.columns]
    with house_style():
        height = 70 + 20 * max(c.count("\n") for c in columns) + max(24, min(42, 400 // len(rows))) * len(rows)
        figure, axes = blank(height, room(rows) + (22 if frame.index.name else 0), 8, bottom=8, top=62)
        seaborn.heatmap(
            frame.astype("float64").set_axis(rows).set_axis(columns, axis=1), ax=axes, annot=said if says else False,
            fmt="", cbar=not says, cmap=seaborn.light_palette(SHADE, as_cmap=True), linewidths=2, linecolor="white",
            annot_kws={"fontsize": 13, "color": INK}, cbar_kws={"label": unit} if not says else None)
        axes.grid(visible=False)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.set_xlabel(plain(_axis(frame.columns.name, unit)), labelpad=8)
        axes.set_ylabel(plain(str(frame.index.name or "")), labelpad=8)
        axes.tick_params(axis="both", rotation=0)
        return exhibit(figure, title, n_points=0 if says else frame.size)


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
    known = pd.Series(np.asarray(values, dtype="float64"))
    n_missing = int(known.isna().sum())
    known = known.dropna()
    if known.nunique() < 2:
        return missing(title, "Fewer than two different values: there is no spread to show.")
    import seaborn

    limit = float(known.quantile(0.99))
    tail = known[known > limit] if known.max() > 3 * abs(limit) and limit > 0 else known.iloc[:0]
    notes = [f"{words.whole(len(tail))} above {words.number(limit)} not drawn." if len(tail) else "",
             f"{words.whole(n_missing)} without a value." if n_missing else ""]
    with house_style():
        figure, axes = blank(300, 64, 16, top=30)
        seaborn.histplot(x=known.drop(tail.index), ax=axes, bins=min(40, max(8, int(len(known) ** 0.5))),
                         color=ACCENT, edgecolor="white", linewidth=1, alpha=1)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(plain(unit))
        axes.set_ylabel("")
        axes.xaxis.set_major_formatter(tick_form(unit))
        axes.yaxis.set_major_formatter(tick_form(""))
        _above(axes, "count")
        return exhibit(figure, title, " ".join(filter(None, notes)))


# --- inside ------------------------------------------------------------------------------------------------------


def _drawn(frame: pd.DataFrame, label: str, value: str) -> tuple[pd.DataFrame, str]:
    """Return the rows that can be drawn, and a sentence about the others."""
    if frame.empty:
        return frame, "There is nothing to draw: the table has no rows."
    known = frame[np.isfinite(frame[value].astype("float64"))]
    without = [str(name) for name in frame[label][~frame.index.isin(known.index)]]
    notes = []
    if without:
        notes.append(f"Without a value, for lack of data: {words.joined(without[:5])}"
                     + (f" (and {len(without) - 5} more)." if len(without) > 5 else "."))
    if len(known) > MOST_ROWS:
        notes.append(f"The first {MOST_ROWS} of {words.whole(len(known))} rows.")
    return known.head(MOST_ROWS), " ".join(notes)


def _rows(labels: pd.Series, said: list[str]) -> tuple:
    """Return a figure with one line of room a row, labels at its left and values at its right."""
    texts = [plain(wrapped(str(label))) for label in labels]
    step = 42 if any("\n" in text for text in texts) else 30
    figure, axes = blank(52 + step * len(texts) + 8, room(texts), room(said) + 6, bottom=48, top=6)
    axes.set_yticks([])
    axes.set_ylim(len(texts) - 0.5, -0.5)
    for at, text in enumerate(texts):
        _beside(axes, at, text)
    for at, text in enumerate(said):
        axes.annotate(plain(text), (1, at), xycoords=("axes fraction", "data"), xytext=(room(said), 0),
                      textcoords="offset points", va="center", ha="right", color=TEXT)
    return figure, axes


def _beside(axes, at: int, text: str) -> None:
    """Write a label left of its row, line by line, so that each line ends at the axis whatever the reader's font."""
    parts = text.split("\n")
    for i, part in enumerate(parts):
        axes.annotate(part, (0, at), xycoords=("axes fraction", "data"), textcoords="offset points",
                      xytext=(-10, 8 * (len(parts) - 1) - 16 * i), va="center", ha="right", color=INK)


def _finish_rows(axes, unit: str, *, starts_at_zero: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.grid(visible=False, axis="y")
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(tick_form(unit))
    low, high = axes.get_xlim()
    starts = "" if starts_at_zero or low <= 0 <= high else f", axis starts at {tick_form(unit)(low)}"
    axes.set_xlabel(plain(unit + starts))


def _finish_lines(axes, unit: str, heading: str) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter
    from matplotlib.ticker import MaxNLocator

    axes.grid(visible=False, axis="x")
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(tick_form(unit))
    low, high = axes.get_ylim()
    starts = "" if low <= 0 <= high else f", axis starts at {tick_form(unit)(low)}"
    _above(axes, unit + starts)
    axes.set_xlabel(plain(heading.removesuffix("_on").removesuffix("_at").replace("_", " ")))
    if isinstance(axes.xaxis.get_major_locator(), AutoDateLocator):
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=6))
        start, end = axes.get_xlim()
        axes.xaxis.set_major_formatter(DateFormatter("%b %Y" if end - start > 120 else "%d %b %Y"))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.xaxis.set_major_formatter(tick_form(""))


def _above(axes, text: str) -> None:
    """Write what the upright axis counts above it, where it is read without turning the head."""
    axes.annotate(plain(text), (0, 1), xycoords="axes fraction", xytext=(-56, 14), textcoords="offset points",
                  color=TEXT, ha="left", va="bottom")


def _label_ends(axes, ends: list[float], names: list[str]) -> None:
    """Write each line's name at its end, apart from the others."""
    low, high = axes.get_ylim()
    height = axes.get_position().height * axes.figure.get_figheight() * 72
    places = apart([(end - low) / (high - low) * height for end in ends], 17)
    for place, name, colour in zip(places, names, CATEGORIES, strict=False):
        axes.annotate(plain(name), (1, 0), xycoords="axes fraction", xytext=(10, place), textcoords="offset points",
                      color=INK, va="center", bbox={"boxstyle": "square,pad=0", "fc": "none", "ec": "none"})
        axes.annotate("■", (1, 0), xycoords="axes fraction", xytext=(0, place), textcoords="offset points",
                      color=colour, va="center", fontsize=9)


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Return places moved as little as needed so that any two are a gap apart, in the same order.

    Examples
    --------
    >>> apart([10, 12, 40], 10)
    [6.0, 16.0, 40.0]
    """
    order = np.argsort(places, kind="stable")
    groups: list[list[float]] = []  # mean and size of each run of labels that touch
    for place in np.asarray(places, dtype="float64")[order]:
        groups.append([place, 1])
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (mean, size), (other, more) = groups[-2], groups.pop()
            groups[-1] = [(mean * size + other * more) / (size + more), size + more]
    spread = [mean + gap * (i - (size - 1) / 2) for mean, size in groups for i in range(int(size))]
    moved = np.empty(len(places))
    moved[order] = spread
    return [float(place) for place in moved]


def _tight(unit: str) -> words.Form:
    """Return how values are written where cells are narrow: per cent without its sign, two digits."""
    return (lambda x: words.whole(100 * x)) if unit.startswith("share") else (lambda x: words.number(x, 2))


def _axis(name: object, unit: str) -> str:
    return " · ".join(filter(None, (str(name or ""), unit)))


def _with_interval(value: float, low: float, high: float, form) -> str:
    return f"{form(value)} {words.interval(low, high, form)}".strip()
