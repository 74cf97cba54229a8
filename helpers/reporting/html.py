"""HTML building blocks: escaped text, links, tables, sparklines."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.reporting import decimal_places, formatting
from helpers.reporting.translation import localised, message

Sentences = str | Iterable["Sentences"]

SHORTEST = 20  # letters up to which a column is not broken into lines

FORMULA = re.compile(r"\s*(?:[=@]|[+\-].*[|!(])")

SPARK_WIDTH, SPARK_HEIGHT, SPARK_TEXT = 164, 28, 13  # the last: room for the ends of the axis


@dataclass(frozen=True, slots=True, repr=False)
class Exhibit:
    """Something to show: as HTML on a page and in a notebook, as text anywhere else.

    Parameters
    ----------
    html : str
        Escaped, self-contained.
    text : str
        What it says.
    """

    html: str
    text: str

    def __repr__(self) -> str:
        """Return the text, which is what a terminal shows."""
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def flatten(sentences: Sentences) -> list[str]:
    """Return sentences, however nested in tuples and lists, as one list without empty ones."""
    if isinstance(sentences, str):
        return [sentences] if sentences.strip() else []
    return [said for part in sentences for said in flatten(part)]


def escape_text(text: Any) -> str:
    r"""Return text escaped in the language in use, a number held together with its sign of per cent and with its own.

    Examples
    --------
    >>> escape_text("3 % of <b>")
    '3\xa0% of &lt;b&gt;'
    """
    held = re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", localised(str(text)))
    return escape(re.sub("([−+])(?=[£$€¥₩₹])", "\\1\N{WORD JOINER}", held))


def escape_formula(text: str) -> str:
    """Return text that no spreadsheet takes for a formula when a table is copied into one.

    Examples
    --------
    >>> escape_formula("=1+1") == "=1+1", escape_formula("-cmd|' /C calc'!A0")[0] == "-"
    (False, False)
    >>> escape_formula("-1.2"), escape_formula("+3 points")
    ('-1.2', '+3 points')
    """
    return f"\N{WORD JOINER}{text}" if FORMULA.match(text) else text


def paragraphs(said: Iterable[str]) -> str:
    """Return sentences as escaped paragraphs."""
    return "".join(f"<p>{escape_text(readable_id(sentence))}</p>" for sentence in said)


def missing_exhibit(title: str, *sentences: Sentences) -> Exhibit:
    """Return what stands in the place of a figure or table that cannot be shown, and why."""
    title, said = readable_id(title), flatten(sentences)
    caption = f'<p class="caption">{escape_text(title)}</p>' if title else ""
    html = f'<div class="exhibit missing">{caption}{paragraphs(said)}</div>'
    return Exhibit(html, " ".join([*([f"{title}:"] if title else []), *said]))


def safe_href(href: str) -> str:
    """Return a link that stays among the published pages; anything else leads nowhere.

    Examples
    --------
    >>> safe_href("05_churn_prediction.html#when"), safe_href("javascript:alert(1)"), safe_href("//elsewhere")
    ('05_churn_prediction.html#when', '#', '#')
    """
    is_outside = ":" in re.split(r"[/?#]", href)[0] or href.lstrip("\\/ \t\n") != href
    return "#" if is_outside else href


def link(label: str, href: str) -> str:
    """Return an escaped link."""
    return f'<a href="{escape(safe_href(href))}">{escape_text(label)}</a>'


def cell_text(value: Any, form: Callable | None = None) -> str:
    """Return one value as text, not yet escaped; a missing one as a dash."""
    if decimal_places.is_missing(value):
        return "–"
    if form is not None:
        return str(form(value))
    if str(value) in {"True", "False"}:
        return "yes" if value in {True, "True"} else "no"
    if isinstance(value, str):
        return readable_id(value)
    if isinstance(value, date):
        is_time = isinstance(value, datetime)
        return value.isoformat(" ", "minutes").removesuffix(" 00:00") if is_time else value.isoformat()
    return formatting.number(value) if _is_number(value) else str(value)


def is_numeric(column: pd.Series) -> bool:
    """Return whether a column holds numbers, so that it is right-aligned."""
    if pd.api.types.is_bool_dtype(column):
        return False
    known = column.dropna()
    return pd.api.types.is_numeric_dtype(column) or (len(known) > 0 and _is_number(known.iloc[0]))


def html_table(
    cells: Mapping[str, Sequence[str | Exhibit]],
    caption: str = "",
    note: str = "",
    right: Iterable[str] = (),
    css: str = "",
) -> Exhibit:
    """Return texts as a table that scrolls inside itself.

    Parameters
    ----------
    cells : mapping of str to sequence of str or Exhibit
        Heading to the texts of its column, all equally long; the first column heads its row. Texts are escaped.
    caption, note : str
        Above and below the table; empty for none.
    right : iterable of str
        Headings of the columns that are aligned to the right.
    css : str
        Further classes.
    """
    caption, note = readable_id(caption), readable_id(note)
    short = [name for name, texts in cells.items() if max((len(str(text)) for text in texts), default=0) <= SHORTEST]
    sides = {name: ' class="right"' if name in set(right) else ' class="short"' if name in short else ""
             for name in cells}
    head = "".join(f'<th scope="col"{side}>{escape_text(name)}</th>' for name, side in sides.items())
    rows = list(zip(*cells.values(), strict=True))
    body = "".join(f"<tr>{_row(row, list(sides.values()))}</tr>" for row in rows)
    label = escape_text(caption or message("Table of {columns}", columns=[name.lower() for name in list(cells)[:3]]))
    html = (
        f'<figure class="exhibit table {css}">'
        + (f"<figcaption>{escape_text(caption)}</figcaption>" if caption else "")
        + f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">'
        + f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        + (f'<p class="note">{escape_text(note)}</p>' if note else "")
        + "</figure>"
    )
    lines = [caption, " | ".join(cells), *(" | ".join(map(str, row)) for row in rows), note]
    return Exhibit(html, "\n".join(line for line in lines if line))


def sparkline(
    values: Sequence[float], band: tuple[float, float] | None = None, target: float | None = None,
    ends: tuple[str, str] = ("", ""),
) -> str:
    """Return a sparkline as inline SVG; empty below two values.

    The band lies behind, the target is dashed, a dot marks the present value; what both ends of the axis stand for is
    written below them.
    """
    known = [(i, float(v)) for i, v in enumerate(values) if not decimal_places.is_missing(v)]
    if len(known) < 2:
        return ""
    levels = [v for _, v in known] + [*(band or ()), *([target] if target is not None else [])]
    low, span = min(levels), (max(levels) - min(levels)) or 1.0
    step = (SPARK_WIDTH - 8) / (len(values) - 1)

    def height(value: float) -> str:
        return f"{SPARK_HEIGHT - 4 - (value - low) / span * (SPARK_HEIGHT - 8):.1f}"

    path = " ".join(f"{4 + i * step:.1f},{height(v)}" for i, v in known)
    shade = (f'<rect x="0" width="{SPARK_WIDTH}" y="{height(band[1])}" class="band" '
             f'height="{float(height(band[0])) - float(height(band[1])):.1f}"/>') if band else ""
    goal = (f'<line x1="0" x2="{SPARK_WIDTH}" y1="{height(target)}" y2="{height(target)}" class="target"/>'
            if target is not None else "")
    x, y = path.split(" ")[-1].split(",")
    said = message("{n} values, from {first} to {last}", n=len(known), first=formatting.number(known[0][1]),
                   last=formatting.number(known[-1][1]))
    said += message(", expected within {range}", range=formatting.interval(*band)) if band else ""
    said += message(", target {value}", value=formatting.number(target)) if target is not None else ""
    whole = SPARK_HEIGHT + (SPARK_TEXT if any(ends) else 0)
    return (f'<svg class="spark" viewBox="0 0 {SPARK_WIDTH} {whole}" width="{SPARK_WIDTH}" '
            f'height="{whole}" role="img" aria-label="{escape(said)}">{shade}{goal}'
            f'<polyline points="{path}"/><circle cx="{x}" cy="{y}" r="2.5"/>{_axis_ends(ends)}</svg>')


def _axis_ends(ends: tuple[str, str]) -> str:
    """Return what the ends of a sparkline's axis stand for, the first at the left, the last at the right."""
    at = SPARK_HEIGHT + SPARK_TEXT - 3
    places = ((f'x="0" y="{at}"', ends[0]), (f'x="{SPARK_WIDTH}" y="{at}" text-anchor="end"', ends[1]))
    return "".join(f"<text {place}>{escape_text(end)}</text>" for place, end in places if end)


def _row(row: Sequence[str | Exhibit], sides: Sequence[str]) -> str:
    texts = [text.html if isinstance(text, Exhibit) else escape_text(escape_formula(str(text))) for text in row]
    first = f'<th scope="row"{sides[0]}>{texts[0]}</th>'
    return first + "".join(f"<td{side}>{text}</td>" for text, side in zip(texts[1:], sides[1:], strict=True))


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, str | bool)
