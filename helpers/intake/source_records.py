"""Records that a canonical table is made from: landed columns, lookup joins, unpivoted columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import reduce
from itertools import accumulate
from operator import and_
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError, count_of_total, spelling_hint
from helpers.foundation.schema import COLUMN_TYPES
from helpers.intake import expressions
from helpers.intake.expression_rules import ExpressionScope
from helpers.intake.profile_schema import Lookup, TableRule, Unpivot
from helpers.intake.profiles import Profile
from helpers.intake.readers import LandedFiles

FILE, RECORD, ITEM, ANSWER, REPEATED = "_file", "_record", "_item", "_answer", "_repeated"


@dataclass(frozen=True, slots=True)
class SourceRecords:
    """Records of one file, ready for the expressions of one table.

    Parameters
    ----------
    table : lazy table
        Landed columns, ``file``, ``record``, ``line``, columns of lookups (``NAME.column``); one row a record, or a
        record × column where the table unpivots.
    columns : mapping of str to engine value
        What expressions may refer to.
    is_spoken : engine flag
        Whether the table is made from this record at all.
    is_repeated : engine flag
        Whether an earlier record is exactly the same.
    n_cells : int
        Rows a record: 1, or the number of unpivoted columns.
    not_applicable : tuple of str
        Answers that mean 'does not apply'.
    signs : (str, str)
        Before the decimals and between the thousands of the file's numbers.
    files : dict of str to int
        Records of each file of the form; the number of a record starts again in every one of them.
    """

    table: ir.Table
    columns: Mapping[str, ir.Value]
    is_spoken: ir.BooleanValue
    is_repeated: ir.BooleanValue
    n_cells: int
    not_applicable: tuple[str, ...]
    signs: tuple[str, str]
    files: Mapping[str, int] = field(default_factory=dict)

    @property
    def running(self) -> ir.IntegerValue:
        """The number of the record counted through all files of the form."""
        before = dict(zip(self.files, accumulate(self.files.values(), initial=0), strict=False))
        return self.columns["record"] + ibis.cases(*((self.columns["file"] == f, n) for f, n in before.items()))


def records_of_table(landed: LandedFiles, engine: Engine, name: str, rule: TableRule) -> SourceRecords:
    """Return the records that a table is made from by a rule.

    Raises
    ------
    InputError
        If an expression does not fit the file, or the key of a lookup is not unique.
    """
    table = engine.stored(landed.tables[rule.from_])
    own = landed.columns[rule.from_]
    if rule.duplicates == "reject":
        number = ibis.row_number().over(group_by=own, order_by=["file", "record"])
        table = table.mutate(**{REPEATED: number > 0})
    if rule.missing:
        table = table.mutate(**{c: table[c].isin(rule.missing).ifelse(ibis.null("string"), table[c]) for c in own})
    names = [*own, "file", "record", "line"]
    for alias, lookup in rule.lookup.items():
        table = _joined(table, names, alias, lookup, landed, engine, f"tables.{name}.lookup.{alias}")
        names += [f"{alias}.{c}" for c in landed.columns[lookup.file]]
    n_cells = 1
    if rule.unpivot:
        chosen = unpivot_columns(rule.unpivot, own, f"tables.{name}.unpivot")
        table, n_cells = table.pivot_longer(chosen, names_to=ITEM, values_to=ANSWER), len(chosen)
        names = [n for n in names if n not in chosen]
    if rule.duplicates == "reject" or rule.missing or rule.lookup or rule.unpivot:
        table = engine.view(table)
    file = landed.profile.files[rule.from_]
    found = _scoped(table, names, rule, n_cells, f"tables.{name}", (file.decimal, file.thousands))
    return replace(found, files={f.file: f.n_records for f in landed.files if f.name == rule.from_})


def unpivot_columns(unpivot: Unpivot, names: list[str], where: str) -> list[str]:
    """Return the columns that names and patterns choose, in the order of the file; what is a name is no pattern.

    Raises
    ------
    InputError
        If a name or pattern chooses nothing.
    """
    chosen: set[str] = set()
    for pattern in unpivot.columns:
        fitting = [pattern] if pattern in names else [n for n in names if fnmatchcase(n, pattern)]
        if not fitting:
            raise InputError(where, f"no column is named '{pattern}'", spelling_hint(pattern, names))
        chosen.update(fitting)
    return [n for n in names if n in chosen]


def unmatched_lookups(source: SourceRecords, lookup: Mapping[str, Lookup], engine: Engine) -> dict[str, int]:
    """Return the number of records without a match, for each lookup of a table."""
    if not lookup:
        return {}
    table = source.table
    missing = {alias: table[f"{alias}.file"].isnull().ifelse(1, 0).sum().fill_null(0) for alias in lookup}
    return engine.first_row(table.aggregate(**missing))


def _scoped(
    table: ir.Table, names: list[str], rule: TableRule, n_cells: int, where: str, signs: tuple[str, str]
) -> SourceRecords:
    columns = {n: table[n] for n in names}
    not_applicable = tuple(rule.unpivot.not_applicable) if rule.unpivot else ()
    if rule.unpivot:
        answer = table[ANSWER]
        columns |= {"item": table[ITEM], "answer": answer.isin(not_applicable).ifelse(ibis.null("string"), answer)
                    if not_applicable else answer}
    scope = ExpressionScope(columns, signs=signs)
    is_spoken = (
        expressions.expression_condition(rule.where, scope, f"{where}.where") if rule.where else ibis.literal(True)
    )
    is_repeated = table[REPEATED] if rule.duplicates == "reject" else ibis.literal(False)
    return SourceRecords(table, columns, is_spoken, is_repeated, n_cells, not_applicable, signs)


def _joined(
    table: ir.Table, names: list[str], alias: str, lookup: Lookup, landed: LandedFiles, engine: Engine, where: str
) -> ir.Table:
    """Join a second file whose key is proved unique, so that no record is multiplied or lost."""
    known = landed.columns[lookup.file]
    for key in lookup.on:
        if key not in known:
            raise InputError(f"{where}.on", f"'{lookup.file}' has no column '{key}'", spelling_hint(key, known))
    other = engine.stored(landed.tables[lookup.file])
    other = other.filter(reduce(and_, [other[k].notnull() for k in lookup.on]))
    _prove_unique(other, list(lookup.on), engine, where)
    other = other.select(**{f"{alias}.{c}": c for c in [*known, "file"]})
    scope = ExpressionScope({n: table[n] for n in names})
    here = {f"_on.{key}": expressions.expression_value(text, scope, f"{where}.on").cast("string")
            for key, text in lookup.on.items()}
    table = table.mutate(**here)
    pairs = [table[f"_on.{key}"] == other[f"{alias}.{key}"] for key in lookup.on]
    return table.left_join(other, pairs).drop(*here)


def _prove_unique(other: ir.Table, key: list[str], engine: Engine, where: str) -> None:
    counts = engine.first_row(other.aggregate(n=other.count()).cross_join(
        other.select(*key).distinct().aggregate(k=lambda t: t.count())))
    if counts["n"] != counts["k"]:
        raise InputError(
            where,
            f"{count_of_total(counts['n'] - counts['k'], counts['n'])} repeat the key {', '.join(key)}",
            "a key that is unique, so that no record is multiplied",
        )


def inline_table(profile: Profile, name: str) -> pa.Table:
    """Return a table whose rows are typed in the profile, in the declared types.

    Raises
    ------
    InputError
        If a value does not have its column's type.
    """
    rule = profile.tables[name]
    rows = [{**rule.defaults, **row} for row in rule.rows]
    given = list(dict.fromkeys(c for row in rows for c in row))
    schema = ibis.schema({c: COLUMN_TYPES[profile.column(name, c).type] for c in given}).to_pyarrow()
    try:
        return pa.table([pa.array([_plain(row.get(f.name), f.type) for row in rows], f.type) for f in schema],
                        schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError) as error:
        raise InputError(f"{profile.where} [tables.{name}]", f"a typed row does not fit ({error})") from None


def _plain(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_floating(kind):
        return float(value)
    return str(value) if pa.types.is_string(kind) else value
