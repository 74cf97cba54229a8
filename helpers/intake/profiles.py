"""Source profiles: what a company's files are, and how they become canonical tables.

A profile is ``data/sources/<name>.toml``. Every key it may have:

At the top
    ``name``, ``title`` (one line for people), ``currency`` (ISO code; left out where no money is recorded),
    ``rates`` (``{ USD = 0.92 }``: what one unit of another currency is worth in it; without a rate, amounts of several
    currencies are refused),
    ``as_of`` (the date that the data speak for, needed where no table has a date, and where none records what happened
    on a day: contracts tell when they began, not when the file was drawn), ``max_age_days`` (the
    newest row of what happened may not be older than this against the run's date, else the run stops; without it a
    table's own rhythm is the limit, and figures are struck instead, see `helpers.intake.date_plausibility`).

``[simulation]`` — the files are made by the workbook itself where they are absent: ``customers``, ``seed``.

``[files.NAME]`` — files of one form. ``path`` is a file name or a pattern (``by-day/*.csv``); one that ends in ``.gz``
    is unpacked, and so is one that ends in ``.zip``: all files in it, but for what operating systems leave there, or
    those that ``member`` names (a name or a pattern). ``format`` is ``csv``, ``fixed``, ``jsonl`` (one JSON object a
    line), ``excel`` (``sheet``, the first where none is named), ``parquet``, ``spss`` and ``stata`` (codes, with the
    label of each in ``column.label``: `helpers.intake.labelled_files`), ``duckdb`` and ``sqlite`` (the file, and a
    ``query``: one ordered select) or ``postgresql`` (``query``; ``connection``, the environment variable that holds the
    address with its credentials), ``snowflake``, ``bigquery`` and ``flightsql`` (likewise, with their own drivers; the
    variable may hold a driver's options as a JSON object). ``path`` may be an address (``https://``, ``s3://``,
    ``gs://``), and of a file ``connection`` may name the variable that holds it, see `helpers.intake.remote_files`;
    fields inside a field are named ``outer.inner``. For text: ``delimiter``,
    ``encoding``, ``quote`` (``""``: none), ``header`` (whether the first line names the columns), ``columns``
    (their names where there is no header, or instead of it), for text and
    sheets ``skip`` (lines above the header, such as titles or ``sep=;``), ``header_rows`` (where several name the
    columns, see `helpers.intake.file_layout`), ``footer`` (lines below the last record) and ``fill_down`` (``{ columns
    = […], within = "column" }``: fields that are given on the first line of several records only, such as those of an
    order's head), ``widths`` (characters of each column of a fixed-width file), ``missing`` (texts that mean nothing
    was recorded), ``decimal`` and ``thousands`` (signs in its numbers, ``1.234,50``) and ``mask``: personal columns to
    ``drop``, to ``hash`` in place (keyed, so that they still join), or to hash together into ``person_key``, and
    ``free_text`` in which e-mail addresses, phone and card numbers are replaced, as they are in any column that becomes
    a ``comment``, a ``cause`` or an ``end_reason`` without being named. Landed columns are text. Beside them stand
    ``file``, ``record`` (1, 2, … within the file) and ``line``; a column of the file with such a name gets an
    underscore behind it, a repeated name gets ``_2``. Where several files are of one form, identifiers (``…_id`` and
    other parts of a key) that are made of ``record`` get the file in front: ``day-1.csv:17``.

``[tables.TABLE]`` — a canonical table, made from the records of one file; a file may feed several.
    ``from`` (a file's NAME), ``where`` (only these records), ``reject`` (a list of ``{ where, reason }``),
    ``duplicates`` (``keep`` or ``reject`` records that repeat another one exactly), ``missing`` (texts that mean
    nothing was recorded, in any column), ``columns``, ``lookup``, ``unpivot``. A small table, such as the items of a
    survey, is typed in the profile itself: ``rows``, a list of tables, with ``defaults`` for all of them, and no
    ``from``.

``[[tables.TABLE.parts]]`` — where several files become one table, such as the waves of a survey or two systems: each
    part has the keys of a table, with a ``from`` and columns of its own. Keys differ between parts (``'2024-' || id``);
    those that are made of ``record`` get the file in front.

``[tables.TABLE.columns]`` — ``column = "expression"`` or ``column = { from = "expression", … }`` with ``type`` (needed
    for columns that the canonical table does not declare; they are kept behind the others), ``formats`` (dates, such as
    ``["%d/%m/%Y"]``; ISO where none is given; with ``%z``, and in ISO, an offset such as ``+02:00`` or ``Z`` is
    applied: the time is told in the study's ``time_zone``; names of months, clocks, epochs and serial days of sheets as
    in `helpers.intake.date_formats`), ``currency`` (of money: an expression that tells each record's currency, by its
    code or by the sign beside the amount; amounts are converted by ``rates``), ``missing`` (texts), ``values`` (old
    text → new text; a text that is not listed cannot be read), and, for attributes of contracts, either ``static =
    true`` (it stays what it is from start to end) or ``known_at`` (a date column of the table, from which on the value
    was known): an attribute with neither is not used to foresee anything until the study vouches for it. One
    decision for all attributes is ``attributes = "static"`` in the table itself; it does not hold for a column whose
    name tells of an end.

``[tables.TABLE.lookup.NAME]`` — a second file joined on a key that must be unique there: ``file``, ``on`` (column
    there → expression here). Its columns are written ``NAME.column`` in this table's expressions.

``[tables.TABLE.unpivot]`` — one row for each of several ``columns`` (names, or patterns such as ``PERQ*`` where no
    column has that name) of a record; expressions then know ``item`` (the column's name) and ``answer`` (its text).
    ``not_applicable`` lists answers that mean "does not apply": they stay empty and are counted.

``[[control]]`` — a total declared by whoever delivered the data, met exactly or the run stops: ``name``, ``file`` or
    ``table``, ``expression`` (summed, unless it is itself an aggregate such as ``count(distinct id)``), ``where``,
    ``expected``.

Expressions are scalar SQL, see `helpers.intake.expressions`.
"""

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from helpers.foundation import canonical_schema, folders
from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.schema import Column, Table
from helpers.foundation.study_config import validate_model
from helpers.intake.profile_schema import Control, FileRule, ProfilePart, Simulation, TableRule

CANONICAL = {table.name.removeprefix("canonical/"): table for table in canonical_schema.CANONICAL_TABLES}

NO_TEXT = "[\\x00\\ud800-\\udfff]"  # NUL and halves of characters

NUMBER_FAMILIES = ("metric_", "covariate_")


class Profile(ProfilePart):
    """A source profile; see the module's docstring for every key."""

    name: str = Field(description="name of the source, equal to the file's")
    title: str = Field(pattern=r"^[^\r\n]*$", description="one line for people")
    currency: str = Field("", pattern="^([A-Z]{3})?$", description="ISO code of the one currency")
    rates: dict[str, Decimal | int] = Field({}, description="what one unit of other currencies is worth in it")
    as_of: str = Field("", pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="date of a source in which no row tells it")
    max_age_days: int | None = Field(None, ge=0, description="age above which the data stop the run [days]")
    simulation: Simulation | None = Field(None, description="the source makes its own files")
    files: dict[str, FileRule] = Field(min_length=1, description="what arrives")
    tables: dict[str, TableRule] = Field(min_length=1, description="what it becomes")
    control: list[Control] = Field([], description="declared totals")

    @field_validator("as_of", mode="before")
    @classmethod
    def _written(cls, day: object) -> object:
        """Return a date that is written without quotes, as TOML has them, as its text."""
        return day.isoformat() if type(day) is date else day

    @field_validator("as_of")
    @classmethod
    def _day(cls, text: str) -> str:
        if text:
            date.fromisoformat(text)
        return text

    @field_validator("rates")
    @classmethod
    def _of_others(cls, rates: dict[str, Decimal | int], given: ValidationInfo) -> dict[str, Decimal | int]:
        if given.data.get("currency") in rates or any(rate <= 0 for rate in rates.values()):
            raise ValueError("rates are above 0, and of other currencies than the one of the profile")
        return rates

    @property
    def where(self) -> str:
        """The file, for error sentences."""
        return f"sources/{self.name}.toml"

    def column(self, table: str, name: str) -> Column:
        """Return the declaration of one column of a table, the profile's own where the canonical table has none."""
        declared = CANONICAL[table]
        if name in declared.names:
            return declared.column(name)
        family = "number" if name.startswith(NUMBER_FAMILIES) else "text"
        kinds = [rule.columns[name].type for rule in self.tables[table].rules if name in rule.columns]
        return Column(name, next(filter(None, kinds), family), "kept as the profile names it")

    @property
    def has_parts(self) -> bool:
        """Whether a table is made from several files, so that numbers of records start again within it."""
        return any(rule.parts for rule in self.tables.values())


def read_profile(name: str) -> Profile:
    """Return a source profile by name.

    Raises
    ------
    InputError
        If there is none of that name, or naming everything that is wrong with it.
    """
    return parse_profile(profile_content(name), f"sources/{name}.toml")


def profile_content(name: str) -> dict[str, Any]:
    """Return what a source profile's file says, unchecked; numbers with a point are exact.

    Raises
    ------
    InputError
        If there is no such file, or it is not TOML.
    """
    path = folders.config_file("sources", name)
    if path is None:
        raise InputError(f"sources/{name}.toml", "there is no such source profile",
                         spelling_hint(name, folders.config_names("sources")))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"sources/{name}.toml", f"not readable as TOML ({error})") from None


def parse_profile(told: Mapping[str, Any], where: str = "profile") -> Profile:
    """Return a profile from its plain content.

    Raises
    ------
    InputError
        One sentence for everything that is wrong.
    """
    found, problems = examine_profile(told, where)
    if problems or found is None:
        raise InputError(where, "; ".join(problems))
    return found


def examine_profile(told: Mapping[str, Any], where: str = "profile") -> tuple[Profile | None, list[str]]:
    """Return a profile without its unknown keys, None where that is none yet, and everything that is wrong."""
    problems = list(_unreadable_texts(told))
    if problems:
        return None, problems
    try:
        whole = validate_model(Profile, told, where)
    except InputError as error:
        problems = [str(error).removeprefix(f"{where}: ")]
        try:
            whole = validate_model(Profile, _known_only(told, where), where)
        except InputError:
            return None, problems
    problems += [p for name, rule in whole.tables.items() for p in _table_problems(whole, name, rule)]
    problems += [p for control in whole.control for p in _control_problems(whole, control)]
    return whole, problems


def _unreadable_texts(told: Any, place: str = "") -> Iterator[str]:
    """Yield what is wrong with each text, name or value, that holds what no file can."""
    if isinstance(told, str) and (sign := re.search(NO_TEXT, told)):
        yield f"{ascii(place)[1:-1]} holds the character U+{ord(sign[0]):04X}, which no text of a file has"
    elif isinstance(told, Mapping):
        for name, value in told.items():
            inner = f"{place}.{name}" if place else str(name)
            yield from _unreadable_texts(str(name), inner)
            yield from _unreadable_texts(value, inner)
    elif isinstance(told, list):
        for value in told:
            yield from _unreadable_texts(value, place)


def _known_only(told: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the content without the keys that no part of a profile knows."""
    kept: Any = copy.deepcopy(dict(told))
    try:
        Profile.model_validate(kept)
    except ValidationError as error:
        for unknown in [e["loc"] for e in error.errors() if e["type"] == "extra_forbidden"]:
            place = reduce(lambda inner, key: inner[key], unknown[:-1], kept)
            place.pop(unknown[-1])
    return kept


def _table_problems(whole: Profile, name: str, rule: TableRule) -> list[str]:
    if name not in CANONICAL:
        return [f"unknown table '{name}' ({spelling_hint(name, list(CANONICAL))})"]
    found = []
    if rule.parts:
        return [*_uneven_parts(name, rule), *(p for part in rule.parts for p in _table_problems(whole, name, part))]
    if bool(rule.from_) == bool(rule.rows):
        found.append(f"tables.{name} needs one of 'from', 'rows' and 'parts'")
    wanted = [rule.from_, *(lookup.file for lookup in rule.lookup.values())]
    found += [f"tables.{name}: no file '{f}' is declared ({spelling_hint(f, list(whole.files))})"
              for f in wanted if f and f not in whole.files]
    return found + _column_problems(CANONICAL[name], rule)


def _uneven_parts(name: str, rule: TableRule) -> list[str]:
    """Return a sentence for each required column that some parts of a table have and others are without."""
    absent = {c.name: [part.from_ for part in rule.parts if c.name not in part.columns]
              for c in CANONICAL[name].columns if c.may_be_absent}
    return [f"tables.{name}: the part from '{files[0]}' is without the column '{column}', which another part has; all "
            "parts have it, or none" for column, files in absent.items() if 0 < len(files) < len(rule.parts)]


def _column_problems(table: Table, rule: TableRule) -> list[str]:
    name = table.name.removeprefix("canonical/")
    given = set(rule.columns) | set(rule.defaults) | {c for row in rule.rows for c in row}
    found = [
        f"tables.{name}.{c} is no column of {name} ({spelling_hint(c, table.names)}); give it a type to keep it as "
        "its own"
        for c in sorted(given)
        if c not in table.names
        and not c.startswith(table.prefixes or ("\0",))
        and not (c in rule.columns and rule.columns[c].type)
    ]
    found += [f"tables.{name}.{c}: a name that begins with _ is the workbook's own" for c in sorted(given)
              if c.startswith("_")]
    needed = [c.name for c in table.columns if (c.required and not c.may_be_absent) or c.name in table.key]
    derived = {"transactions": {"line"}, "assignments": {"observation"}}.get(name, set())
    return found + [f"tables.{name}: the column '{c}' is required" for c in needed if c not in given | derived]


def _control_problems(whole: Profile, control: Control) -> list[str]:
    place, known = (control.file, whole.files) if control.file else (control.table, whole.tables)
    hint = spelling_hint(place, list(known))
    return [] if place in known else [f"control '{control.name}': nothing is named '{place}' ({hint})"]
