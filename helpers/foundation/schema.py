"""Schema of a table: grain, key, columns with type, unit and rules; validates before writing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from helpers.foundation.errors import InputError, count_of_total, spelling_hint
from helpers.foundation.money import MONEY

COLUMN_TYPES = {
    "text": "string",
    "integer": "int64",
    "number": "float64",
    "money": MONEY,
    "date": "date",
    "time": "timestamp(6)",
    "flag": "boolean",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a declared table.

    Parameters
    ----------
    name : str
        Carries its unit: ``_on`` a date, ``_at`` a time, ``is_``/``has_`` a flag, ``n_`` a count,
        ``share_`` in [0, 1], ``_days``, ``_weeks``, ``_months``.
    type : str
        ``text``, ``integer``, ``number``, ``money`` (decimal with four places), ``date``, ``time`` or ``flag``.
    meaning : str
        For the data dictionary; ends with the unit in square brackets where there is one.
    required : bool
        Whether it must be filled in every row. A column that is not required exists all the same, empty.
    allowed : tuple of str
        The only values it may have; empty: any.
    low, high : float, optional
        Bounds, both inclusive.
    may_be_absent : bool
        Whether a source may have nothing of the kind, though it is required: then it is empty in every row.
    """

    name: str
    type: str
    meaning: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    may_be_absent: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """What in a table describes groups of people, so that it is withheld for small ones before it is published.

    Parameters
    ----------
    counts : tuple of str
        Columns that count people.
    values : tuple of str
        Columns that describe them, which go with the count.
    by : tuple of str, optional
        Grouping columns: rows that share a value of one add up to a known total; empty: no rows add up. None: as the
        rows themselves show, by quantity and segment.
    within : str
        Column that counts the whole of which ``counts`` is a part in each row; empty: none does.
    """

    counts: tuple[str, ...]
    values: tuple[str, ...]
    by: tuple[str, ...] | None = None
    within: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The declaration of one table.

    Parameters
    ----------
    name : str
        Folder and name: ``canonical/transactions``, ``results/customer_value``, ``rejected/records``.
    grain : str
        What one row is.
    key : tuple of str
        Columns that are unique together; the table is sorted by them.
    columns : tuple of Column
        In order.
    prefixes : tuple of str
        Families of further columns, such as ``demographic_``.
    takes_extras : bool
        Whether further columns are kept (canonical tables keep what a profile names).
    cells : Cells, optional
        Of a table of groups of people: what is withheld for small ones. None: it holds records, or no people.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    prefixes: tuple[str, ...] = ()
    takes_extras: bool = False
    cells: Cells | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the declared columns, in order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        """Return the declaration of one column."""
        return self.columns[self.names.index(name)]

    def schema(self) -> ibis.Schema:
        """Return the declared columns as an engine schema."""
        return ibis.schema({c.name: COLUMN_TYPES[c.type] for c in self.columns})

    def empty(self) -> pa.Table:
        """Return the declared table without rows."""
        return self.schema().to_pyarrow().empty_table()

    def conformed(self, table: ir.Table) -> ir.Table:
        """Return the table with the declared columns in order and type, absent ones empty, extras behind.

        Raises
        ------
        InputError
            If a column is neither declared nor of a declared family.
        """
        extras = [c for c in table.columns if c not in self.names]
        for name in extras:
            if not (self.takes_extras or any(name.startswith(p) for p in self.prefixes)):
                raise InputError(f"{self.name}.{name}", "no such column is declared", spelling_hint(name, self.names))
        types = {c.name: COLUMN_TYPES[c.type] for c in self.columns}
        declared = {c: table[c].cast(kind) if c in table.columns else ibis.null(kind) for c, kind in types.items()}
        return table.select(**declared, **{name: table[name] for name in sorted(extras)})

    def order(self, conformed: ir.Table) -> list[str]:
        """Return the columns that a conformed table is sorted by: its key, else every column."""
        return list(self.key or conformed.columns)

    def counts(self, table: ir.Table, *, is_unique: bool = False) -> str:
        """Return the query, in DuckDB's dialect, for ``n_rows``, ``n_keys`` and the rows that break each rule.

        Parameters
        ----------
        table : Table
            Stored, kept or a view: it has a name in the engine.
        is_unique : bool
            Whether the key is known to be unique, so that keys need not be counted.
        """
        rules = [f"count_if({broken}) AS rule_{i}" for i, (_, broken, *_) in enumerate(self._rules())]
        n_keys = "count(*)"
        if self.key and not is_unique:
            key = ", ".join(map(sql_identifier, self.key))
            n_keys = f"(SELECT count(*) FROM (SELECT DISTINCT {key} FROM {table.get_name()}))"
        return f"SELECT {', '.join(['count(*) AS n_rows', f'{n_keys} AS n_keys', *rules])} FROM {table.get_name()}"

    def problems(self, counts: Mapping[str, int]) -> list[InputError]:
        """Return what breaks the declaration, from the row that the query of `counts` gives."""
        n_rows = counts["n_rows"]
        found = [
            InputError(column, f"{count_of_total(counts[f'rule_{i}'], n_rows)} {finding}", allowed)
            for i, (column, _, finding, allowed) in enumerate(self._rules())
            if counts[f"rule_{i}"]
        ]
        if counts["n_keys"] != n_rows:
            key = ", ".join(self.key)
            found.append(InputError("key", f"{count_of_total(n_rows - counts['n_keys'], n_rows)} repeat an earlier one",
                                    f"one row for each {key}"))
        return found

    def _rules(self) -> list[tuple[str, str, str, str]]:
        """Return column, condition in SQL that breaks the rule, what is found then and what is allowed."""
        rules = []
        for column in self.columns:
            value = sql_identifier(column.name)
            if (column.required and not column.may_be_absent) or column.name in self.key:
                rules.append((column.name, f"{value} IS NULL", "empty", "a value in every row"))
            if column.allowed:
                allowed = ", ".join(map(sql_text, column.allowed))
                rules.append((column.name, f"{value} NOT IN ({allowed})", "with another value",
                              ", ".join(column.allowed)))
            if column.low is not None:
                rules.append((column.name, f"{value} < {column.low!r}", "too low", f"{column.low:g} or more"))
            if column.high is not None:
                rules.append((column.name, f"{value} > {column.high!r}", "too high", f"{column.high:g} or less"))
        return rules


def sql_identifier(name: str) -> str:
    """Return a name as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def sql_text(text: str) -> str:
    """Return a text as SQL quotes it."""
    return "'" + text.replace("'", "''") + "'"


SUMMARY_CELLS = Cells(("n",), ("value", "low", "high"))


def summary_schema(name: str, grain: str) -> Table:
    """Return the declaration of a long summary table: one quantity for one segment a row."""
    return Table(name, grain, ("quantity", "segment"), (
        Column("quantity", "text", "what is measured"),
        Column("segment", "text", "for whom; 'all' for everybody"),
        Column("value", "number", "the value, in `unit`; empty where status is not ok"),
        Column("low", "number", "lower limit of the interval"),
        Column("high", "number", "upper limit of the interval"),
        Column("level", "number", "level of the interval", low=0, high=1),
        Column("unit", "text", "unit of value, low and high"),
        Column("n", "integer", "observations behind the value; empty where it is withheld", low=0),
        Column("status", "text", "how far it may be relied on", required=True,
               allowed=("ok", "insufficient", "not_applicable", "struck", "blocked")),
        Column("reason", "text", "why the status is not ok"),
    ), cells=SUMMARY_CELLS)


def forecasts_schema(name: str, *more: Column, quantity: str, segment: str, n: str) -> Table:
    """Return the declaration of a table of forecasts that can be graded once their day has come.

    Parameters
    ----------
    name : str
        Of the table.
    *more : Column
        What grading needs besides.
    quantity, segment, n : str
        What these columns mean there.
    """
    return Table(name, "quantity × segment × due date", ("quantity", "segment", "due_on"), (
        Column("quantity", "text", quantity, True),
        Column("segment", "text", segment, True),
        Column("made_as_of_on", "date", "last day that was seen", True),
        Column("due_on", "date", "day on which it can be graded", True),
        Column("value", "number", "expected value", True),
        Column("low", "number", "lower predictive limit", True),
        Column("high", "number", "upper predictive limit", True),
        Column("level", "number", "level of the predictive interval", True, low=0, high=1),
        Column("model", "text", "model that made it", True),
        Column("unit", "text", "unit of value, low and high", True),
        Column("n", "integer", n, True, low=0),
        *more,
    ), cells=Cells(("n",), ("value", "low", "high"), ("quantity",)))


def gates_schema(name: str, grain: str = "gate") -> Table:
    """Return the declaration of a table of gates."""
    return Table(name, grain, ("step", "gate"), (
        Column("step", "text", "step that holds the gate"),
        Column("gate", "text", "name of the gate"),
        Column("statistic", "number", "what was measured"),
        Column("threshold", "number", "limit it is held against"),
        Column("is_crossed", "flag", "whether the limit is crossed", required=True),
        Column("level", "text", "what follows when it is", required=True,
               allowed=("note", "qualify", "strike", "block")),
        Column("claims", "text", "claims it touches"),
        Column("sentence", "text", "what was found, for people"),
    ))


def claims_schema(name: str, grain: str = "textbook claim") -> Table:
    """Return the declaration of a table of textbook claims held against own data."""
    return Table(name, grain, ("step", "claim"), (
        Column("step", "text", "step that tested it"),
        Column("claim", "text", "what textbooks say"),
        Column("value", "number", "own figure, in `unit`; empty where there is none"),
        Column("low", "number", "lower limit of its interval"),
        Column("high", "number", "upper limit of its interval"),
        Column("unit", "text", "unit of value, low and high"),
        Column("n", "integer", "observations behind the value", low=0),
        Column("verdict", "text", "whether the claim holds here", required=True,
               allowed=("holds", "does not hold", "cannot say")),
        Column("sentence", "text", "the own figure, or why there is none, for people", required=True),
        Column("operationalisation", "text", "how the statement is measured here, and when it holds"),
        Column("source", "text", "who says it"),
    ), cells=Cells(("n",), ("value", "low", "high"), by=()))


def schemas_by_name(tables: Iterable[Table]) -> dict[str, Table]:
    """Return declarations by name.

    Raises
    ------
    InputError
        If two have the same name.
    """
    named: dict[str, Table] = {}
    for table in tables:
        if table.name in named:
            raise InputError(table.name, "the table is declared twice", "one declaration")
        named[table.name] = table
    return named
