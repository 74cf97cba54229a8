"""Lines of a drafted profile: heads of tables with their lookups, columns, dates, and what is left out."""

import json
import re
from collections.abc import Iterator, Sequence

from helpers.intake.guesses import GUESS, Column
from helpers.intake.links import Link


def text(value: object) -> str:
    """Return a value as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)


def key(name: str) -> str:
    """Return a name as a key of TOML, in quotes where it needs them."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else text(name)


def listed(values: Sequence[str]) -> str:
    """Return texts as an expression lists them."""
    return ", ".join("'" + v.replace("'", "''") + "'" for v in values)


def line(column: str, made: str, why: str = "") -> str:
    """Return the line that makes a column from an expression, marked as a guess where a reason is given."""
    quote = f"'{made}'" if "'" not in made and "\n" not in made else text(made)
    return f"{column} = {quote}" + (f" {GUESS}{why}" if why else "")


def moment(name: str, found: Column) -> str:
    """Return the line that makes a date or a time, with the form in which it is written."""
    other = f"or {found.formats[1]}, which fits as well" if len(found.formats) > 1 else "when"
    return f"{name} = {{ from = {text(found.quoted)}, formats = [{text(found.formats[0])}] }} {GUESS}{other}"


def own(prefix: str, column: Column) -> str:
    """Return the line that keeps a column under a name of its own."""
    name = re.sub(r"\W+", "_", column.name.lower()).strip("_") or "column"
    kind = "number" if column.is_number else "flag" if column.kind == "flag" else "text"
    made = column.as_number if column.is_number else column.quoted
    return f'{key(prefix + name)} = {{ from = {text(made)}, type = "{kind}" }}'


def rest(columns: Sequence[Column], used: Sequence[Column | None]) -> Iterator[str]:
    """Yield a remark for each column that nothing is made from."""
    for c in columns:
        if c not in used:
            yield f"# not used: {text(c.name)} ({c.kind}, {c.n_distinct:,} different values)"


def table(links: Sequence[tuple[Link, str]], file: str, name: str, used: Sequence[Column], where: str,
          rejected: Sequence[str]) -> Iterator[str]:
    """Yield the head of a table: its file, which records, what is rejected, and the lookups that its columns need."""
    yield from (f"[tables.{name}]", f"from = {text(file)}")
    if where:
        yield f"where = {text(where)} {GUESS}only these records"
    if rejected:
        said = ", ".join(f'{{ where = {text(r)}, reason = "called off" }}' for r in rejected)
        yield f"reject = [{said}] {GUESS}what did not come about"
    needed = {c.via for c in used if c.via}
    needed |= {via for link, via in links if link.other.name in needed and via}
    for link, via in links:
        if link.other.name in needed:
            there = f'{via}."{link.column.name}"' if via else link.column.quoted
            yield f"[tables.{name}.lookup.{key(link.other.name)}] {GUESS}values of the one are keys of the other"
            yield from (f"file = {text(link.other.name)}", f"on = {{ {key(link.key.name)} = {text(there)} }}")
    yield f"[tables.{name}.columns]"
