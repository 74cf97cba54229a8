"""Lines of a drafted profile as TOML: table heads, lookups, columns, dates, what is left out."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from helpers.intake.infer_keys import JoinKey
from helpers.intake.infer_types import GUESS, InferredColumn


def toml_text(value: Any) -> str:
    """Return a value as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)


def toml_key(name: str) -> str:
    """Return a name as a key of TOML, in quotes where it needs them."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_text(name)


def sql_list(values: Sequence[str]) -> str:
    """Return texts as an expression lists them."""
    return ", ".join("'" + v.replace("'", "''") + "'" for v in values)


def column_line(column: str, made: str, why: str = "") -> str:
    """Return the line that makes a column from an expression, marked as a guess where a reason is given."""
    quote = f"'{made}'" if "'" not in made and "\n" not in made else toml_text(made)
    return f"{column} = {quote}" + (f" {GUESS}{why}" if why else "")


def money_line(column: str, made: str, told_by: InferredColumn | None, why: str = "") -> str:
    """Return the line that makes money from an expression; where a column tells each record's currency, with it."""
    if told_by is None:
        return column_line(column, made, why)
    return (f"{column} = {{ from = {toml_text(made)}, currency = {toml_text(told_by.plain)} }} {GUESS}{why}; several "
            "currencies, converted by rates")


def date_line(name: str, found: InferredColumn) -> str:
    """Return the line that makes a date or a time, with the form in which it is written."""
    rivals = found.dates.rivals if found.dates else ()
    why = "; ".join(["when", *([found.evidence] if found.evidence else []),
                     *([f"or {rivals[0]}, which fits as well"] if rivals else [])])
    return f"{name} = {{ from = {toml_text(found.quoted)}, formats = {toml_text(found.formats)} }} {GUESS}{why}"


def column_name(column: InferredColumn) -> str:
    """Return a name of letters, digits and underscores for a column that is kept."""
    return re.sub(r"\W+", "_", column.name.lower()).strip("_") or "column"


def attribute_line(prefix: str, column: InferredColumn) -> str:
    """Return the line that keeps a column under a name of its own."""
    kind = "number" if column.is_number else "flag" if column.kind == "flag" else "text"
    made = column.as_number if column.is_number else column.quoted
    return f'{toml_key(prefix + column_name(column))} = {{ from = {toml_text(made)}, type = "{kind}" }}'


def column_in_words(column: InferredColumn) -> str:
    """Return what a column is, for people."""
    values = "one value" if column.n_distinct == 1 else f"{column.n_distinct:,} different values"
    return f"{toml_text(column.name)} ({column.kind}, {values})"


def unused_remarks(columns: Sequence[InferredColumn], used: Sequence[InferredColumn | None]) -> Iterator[str]:
    """Yield a remark for each column that nothing is made from."""
    for c in columns:
        if c not in used:
            yield f"# not used: {column_in_words(c)}"


def reject_lines(rejected: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the line of the records that do not count: conditions with their reasons; nothing where there are none."""
    if rejected:
        said = ", ".join(f"{{ where = {toml_text(where)}, reason = {toml_text(why)} }}" for where, why in rejected)
        yield f"reject = [{said}] {GUESS}what does not count"


def table_head(links: Sequence[tuple[JoinKey, str]], file: str, name: str, used: Sequence[InferredColumn], where: str,
          rejected: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the head of a table: its file, which records, what is rejected, and the lookups that its columns need."""
    yield from (f"[tables.{name}]", f"from = {toml_text(file)}")
    if where:
        yield f"where = {toml_text(where)} {GUESS}only these records"
    yield from reject_lines(rejected)
    needed = {c.via for c in used if c.via}
    needed |= {via for link, via in links if link.other.name in needed and via}
    for link, via in links:
        if link.other.name in needed:
            there = f'{via}."{link.column.name}"' if via else link.column.quoted
            yield f"[tables.{name}.lookup.{toml_key(link.other.name)}] {GUESS}values of the one are keys of the other"
            yield from (
                f"file = {toml_text(link.other.name)}",
                f"on = {{ {toml_key(link.key.name)} = {toml_text(there)} }}",
            )
    yield f"[tables.{name}.columns]"
