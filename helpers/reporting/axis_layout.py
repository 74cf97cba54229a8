"""Axis layout and labels, for desks and for phones: rows, ticks, names at line ends."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.reporting import formatting
from helpers.reporting.plot_style import (
    CATEGORIES,
    INK,
    LETTER,
    NARROW,
    TEXT,
    add_axes,
    escape_mathtext,
    label_width,
    new_axes,
    whole_figure,
    wrap_label,
)
from helpers.reporting.translation import localised

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_CELLS = 200

MOST_LINES = 3  # of a row's label

SHADE = "#84abd9"  # the deepest shade on which ink is still read

NEAR_ZERO = 0.1  # of the axis' end: an axis that starts so near to zero starts there

FAR_FROM_TICK = 0.25  # of the step between ticks: data that reach further beyond the outermost one get another


def near_zero(limits: tuple[float, float]) -> tuple[float, float]:
    """Return the limits of an axis, from zero where it would start near it.

    Examples
    --------
    >>> near_zero((0.002, 0.9)), near_zero((0.4, 0.9))
    ((0.0, 0.9), (0.4, 0.9))
    """
    low, high = limits
    return (0.0, high) if 0 < low < NEAR_ZERO * high else limits


def second_line_height(width: float) -> float:
    """Return the room for a second line of a unit, which only phones need."""
    return 16 if is_narrow(width) else 0


def fit_text(axes: "Axes", text: str, margin: float = 140) -> str:
    """Return a text cut to the figure's width less a margin in SVG units: one line on desks, two on phones."""
    width = whole_figure(axes).get_figwidth() * 72
    return escape_mathtext(wrap_label(text, int((width - margin) / LETTER), 2 if is_narrow(width) else 1))


def is_narrow(width: float) -> bool:
    """Return whether a drawing is for a phone."""
    return width < NARROW + 1


def axes_width(axes: "Axes") -> float:
    """Return the width of the axes in SVG units."""
    return axes.get_position().width * whole_figure(axes).get_figwidth() * 72


def tick_format(unit: str) -> Callable[[float, Any], str]:
    """Return how the numbers along an axis are written for a unit."""
    def written(x: float, _: Any = None) -> str:
        tidy = round(x, 10)
        return f"{formatting.number(100 * tidy)} %" if unit.startswith("share") else formatting.number(tidy)

    return written


def row_axes(labels: Sequence[Any], said: Sequence[str], width: float) -> "Axes":
    """Return axes with one line of room a row, labels at the left and values at the right."""
    return stacked_row_axes([labels], [said], width)[0]


def stacked_row_axes(labels: Sequence[Sequence[Any]], said: Sequence[Sequence[str]], width: float) -> list["Axes"]:
    """Return axes below each other in one figure, alike at both sides, each as `row_axes` gives them."""
    texts = [[escape_mathtext(wrap_label(str(label), 14 if is_narrow(width) else 24, MOST_LINES)) for label in part]
             for part in labels]
    below = 48 + second_line_height(width)
    sizes = [(30 + 12 * max((text.count("\n") for text in part), default=0)) * len(part) for part in texts]
    sides = max(map(label_width, texts)), max(map(label_width, said)) + 6
    total = sum(12 + below + size for size in sizes)
    stack, top = [], 6.0
    for part, values, size in zip(texts, said, sizes, strict=True):
        axes = (new_axes((width, total), *sides, bottom=total - top - size - 6, top=top) if not stack else
                add_axes(stack[0], sides, bottom=total - top - size - 6, top=top))
        _write_rows(axes, part, values, sides[1] - 6)
        stack.append(axes)
        top += 12 + below + size
    return stack


def _write_rows(axes: "Axes", texts: Sequence[str], said: Sequence[str], right: float) -> None:
    """Write labels at the left of axes and values at their right, one row each."""
    axes.set_yticks([])
    axes.set_ylim(len(texts) - 0.5, -0.5)
    for at, (text, value) in enumerate(zip(texts, said, strict=True)):
        _beside(axes, at, text)
        axes.annotate(
            escape_mathtext(localised(value)),
            (1, at),
            xycoords=("axes fraction", "data"),
            xytext=(right, 0),
            textcoords="offset points",
            va="center",
            ha="right",
            color=TEXT,
        )


def finish_rows(axes: "Axes", unit: str, *, starts_at_zero: bool) -> None:
    """Write the numbers along the lower axis, their unit, and where the axis starts if not at zero."""
    from matplotlib.ticker import MaxNLocator

    axes.grid(visible=False, axis="y")
    axes.spines["bottom"].set_visible(False)
    room = axes_width(axes) / label_width([tick_format(unit)(max(axes.get_xlim(), key=abs), None)])
    axes.xaxis.set_major_locator(MaxNLocator(max(1, min(3 if axes_width(axes) < 240 else 5, int(room)))))
    axes.xaxis.set_major_formatter(tick_format(unit))
    axes.set_xlim(ends_at_ticks(axes.get_xlim(), axes.get_xticks().tolist()))
    axes.set_xlabel(fit_text(axes, unit + ("" if starts_at_zero else axis_start(axes.get_xlim(), unit))))


def ends_at_ticks(limits: tuple[float, float], ticks: Sequence[float]) -> tuple[float, float]:
    """Return the limits of an axis moved out to its ticks, where data reach far beyond the outermost ones.

    Parameters
    ----------
    limits : pair of float
        Of the axis.
    ticks : sequence of float
        Evenly spaced, those outside the limits among them.

    Examples
    --------
    >>> ends_at_ticks((-2, 57), [0, 20, 40, 60])
    (-2, 60)
    """
    low, high = limits
    inside = [tick for tick in ticks if low <= tick <= high]
    if len(inside) < 2:
        return limits
    step = inside[1] - inside[0]
    far = FAR_FROM_TICK * step
    return (inside[0] - step if inside[0] - low > far else low, inside[-1] + step if high - inside[-1] > far else high)


def finish_lines(axes: "Axes", unit: str, heading: str) -> None:
    """Write the numbers along both axes, the unit above the upright one, dates where the lower one has them."""
    from matplotlib.dates import AutoDateLocator, date2num, num2date
    from matplotlib.ticker import MaxNLocator

    axes.grid(visible=False, axis="x")
    axes.set_ylim(near_zero(axes.get_ylim()))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(tick_format(unit))
    write_above(axes, unit + axis_start(axes.get_ylim(), unit))
    if isinstance(axes.xaxis.get_major_locator(), AutoDateLocator):
        start, end = (pd.Timestamp(num2date(at)).tz_localize(None) for at in axes.get_xlim())
        ticks = day_ticks(start, end, 3 if axes_width(axes) < 320 else 6)
        axes.set_xticks(date2num(list(ticks.values())), [localised(day) for day in ticks])
    else:
        axes.set_xlabel(escape_mathtext(readable_id(heading)))
        axes.xaxis.set_major_locator(MaxNLocator(4 if axes_width(axes) < 320 else 7, integer=True))
        axes.xaxis.set_major_formatter(tick_format(""))


def day_ticks(start: pd.Timestamp, end: pd.Timestamp, most: int) -> dict[str, pd.Timestamp]:
    """Return at most so many dates within a range by how they are written: years, months, or days below three months.

    Examples
    --------
    >>> list(day_ticks(pd.Timestamp("2024-11-20"), pd.Timestamp("2026-02-03"), 3))
    ['Jan 2025', 'Jul 2025', 'Jan 2026']
    """
    if end - start < pd.Timedelta(days=92):
        days = pd.date_range(start.ceil("D"), end, periods=most).normalize()
        return {f"{day.day} {day:%b}": day for day in days if start <= day <= end}
    months = pd.date_range(start, end, freq="MS", normalize=True)
    for step in (1, 2, 3, 6, 12, 24, 60, 120, 240, 600):
        kept = [day for day in months if (12 * day.year + day.month - 1) % step == 0 and day >= start]
        if len(kept) <= most:
            break
    return {f"{day:%Y}" if step >= 12 else f"{day:%b %Y}": day for day in kept}


def write_above(axes: "Axes", text: str) -> None:
    """Write what the upright axis counts above it, where it is read without turning the head."""
    axes.annotate(fit_text(axes, text, 16), (0, 1), xycoords="axes fraction", xytext=(-52, 14),
                  textcoords="offset points", color=TEXT, ha="left", va="bottom")


def label_ends(axes: "Axes", ends: Sequence[float], names: Sequence[str]) -> None:
    """Write each line's name at its end, apart from the others."""
    low, high = axes.get_ylim()
    height = axes.get_position().height * whole_figure(axes).get_figheight() * 72
    gap = 17 * max(name.count("\n") + 1 for name in names)
    places = spread_apart([(end - low) / (high - low) * height for end in ends], gap)
    for place, name, colour in zip(places, names, CATEGORIES, strict=False):
        axes.annotate(
            escape_mathtext(name),
            (1, 0),
            xycoords="axes fraction",
            xytext=(12, place),
            textcoords="offset points",
            color=INK,
            va="center",
        )
        axes.annotate("■", (1, 0), xycoords="axes fraction", xytext=(1, place), textcoords="offset points",
                      color=colour, va="center", fontsize=9)


def spread_apart(places: Sequence[float], gap: float) -> list[float]:
    """Return places moved as little as needed so that any two are a gap apart, in the same order.

    Examples
    --------
    >>> spread_apart([10, 12, 40], 10)
    [6.0, 16.0, 40.0]
    """
    order = np.argsort(places, kind="stable")
    groups: list[tuple[float, int]] = []  # mean and size of each run of labels that touch
    for place in np.asarray(places, dtype="float64")[order]:
        groups.append((place, 1))
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (other, more), (mean, size) = groups.pop(), groups.pop()
            groups.append(((mean * size + other * more) / (size + more), size + more))
    moved = np.empty(len(places))
    moved[order] = [mean + gap * (i - (size - 1) / 2) for mean, size in groups for i in range(size)]
    return [float(place) for place in moved]


def draw_shades(values: pd.DataFrame, names: tuple[str, str], unit: str, width: float) -> "Axes":
    """Return a matrix drawn as a table of shades with its values, the names of its axes above and at the left."""
    from seaborn import heatmap, light_palette

    letters = 14 if is_narrow(width) else 22
    rows = [escape_mathtext(wrap_label(name, letters)) for name in values.index]
    left = label_width(rows) + (22 if names[0] else 0)
    cell = (width - left - 8) / values.shape[1]
    says, is_tight = values.size <= MOST_CELLS, cell < 50
    form = _tight(unit) if is_tight else formatting.unit_format(unit)
    said = [["" if pd.isna(v) else form(v) for v in row] for row in values.to_numpy()]
    size = min(13, cell / 0.6 / max(len(text) for row in said for text in row))
    columns = [escape_mathtext(wrap_label(name, max(3, int(cell / LETTER)), 3)) for name in values.columns]
    top = 44 + second_line_height(width) + 16 * max(text.count("\n") + 1 for text in columns)
    height = 8 + top + max(24, min(42, 400 // len(rows))) * len(rows)
    axes = new_axes((width, height), left, 8, bottom=8, top=top)
    heatmap(values, ax=axes, annot=np.array(said, dtype=object) if says else False, fmt="", cbar=not says,
            cmap=light_palette(SHADE, as_cmap=True), linewidths=2, linecolor="white", xticklabels=columns,
            yticklabels=rows, annot_kws={"fontsize": size, "color": INK}, cbar_kws=None if says else {"label": unit})
    axes.grid(visible=False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    unit = f"{unit}, in per cent" if is_tight and unit.startswith("share") else unit
    axes.set_xlabel(fit_text(axes, " · ".join(filter(None, (names[1], unit)))), labelpad=8)
    axes.set_ylabel(escape_mathtext(localised(names[0])), labelpad=8)
    axes.tick_params(axis="both", rotation=0)
    return axes


def axis_start(limits: tuple[float, float], unit: str) -> str:
    """Return where an axis starts, to stand behind its unit; empty where zero is on it."""
    low, high = limits
    return "" if low <= 0 <= high else f", axis starts at {tick_format(unit)(low, None)}"


def _beside(axes: "Axes", at: int, text: str) -> None:
    """Write a label left of its row, line by line, so that each line ends at the axis whatever the reader's font."""
    parts = text.split("\n")
    for i, part in enumerate(parts):
        axes.annotate(part, (0, at), xycoords=("axes fraction", "data"), textcoords="offset points",
                      xytext=(-10, 8 * (len(parts) - 1) - 16 * i), va="center", ha="right", color=INK)


def _tight(unit: str) -> formatting.Form:
    """Return how values are written where cells are narrow: per cent without its sign, two digits."""
    return (lambda x: formatting.whole(100 * x)) if unit.startswith("share") else (lambda x: formatting.number(x, 2))
