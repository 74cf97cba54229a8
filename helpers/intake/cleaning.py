"""Cleaning: landed text becomes canonical tables; every record feeds at least one of them, or is rejected once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.tables import TYPES, Column
from helpers.intake import conversions, erasures, expressions, records
from helpers.intake.profiles import CANONICAL, Profile
from helpers.intake.readers import Landed
from helpers.intake.records import ANSWER, FILE, ITEM, RECORD, Source
from helpers.intake.scopes import Scope

TIMES = {
    "customers": "joined_on", "transactions": "ordered_at", "subscriptions": "started_on", "invitations": "sent_at",
    "respondents": "responded_at", "cases": "opened_at", "events": "occurred_at", "contacts": "sent_at",
    "consents": "from_on", "assignments": "assigned_at", "points": "entered_at", "memberships": "valid_from",
    "opportunities": "opened_on",
}
LINE, SPOKEN, WHY = "_line", "_spoken", "_why_"
BITS = 60
LATE = "after the as-of date"
REPEATED_RECORD = "repeats another record exactly"
WORDS = {"text": "a text", "integer": "a whole number", "number": "a number", "money": "money", "date": "a date",
         "time": "a time", "flag": "yes or no"}

Reasons = list[tuple[ir.BooleanValue, str]]


@dataclass(frozen=True, slots=True)
class Made:
    """One canonical table and what was left out of it.

    Parameters
    ----------
    name : str
        Without its folder.
    accepted : lazy table
        The typed columns behind the origin of each row: ``_file``, ``_record``, ``_item``.
    refused : lazy table
        Rows left out: ``table, file, record, line, item, is_spoken, is_anonymous, amount, reasons``.
    n_cells : int
        Rows a record: 1, or the number of unpivoted columns.
    cells : dict of str to int
        Survey answers by what became of them; empty where the table does not unpivot.
    unmatched : dict of str to int
        Records without a match, by lookup.
    erased : lazy table, optional
        Rows that are left out only because their people were erased at request; declared totals count them.
    """

    name: str
    accepted: ir.Table
    refused: ir.Table
    n_cells: int
    cells: dict[str, int]
    unmatched: dict[str, int]
    erased: ir.Table | None = None

    @property
    def table(self) -> ir.Table:
        """The canonical table."""
        return self.accepted.drop(FILE, RECORD, ITEM)

    @property
    def delivered(self) -> ir.Table:
        """The table as it was delivered, people included who were erased since."""
        if self.erased is None:
            return self.table
        columns = [c for c in self.table.columns if c in self.erased.columns]
        return self.table.select(columns).union(self.erased.select(columns))


def made(landed: Landed, engine: Engine, name: str, as_of: str = "") -> Made:
    """Return one canonical table of landed files.

    Parameters
    ----------
    landed : Landed
        Text Parquet of the files.
    engine : Engine
        Where it is computed.
    name : str
        The table, without its folder.
    as_of : str
        ISO date; rows after it are left out. ``""``: none are.

    Raises
    ------
    InputError
        Naming every expression that does not fit the file, and a lookup whose key is not unique.
    """
    source = records.source(landed, engine, name)
    values, reasons = typed(landed.profile, name, source)
    if as_of and TIMES.get(name) in values:
        reasons.append((values[TIMES[name]].cast("date") > ibis.literal(date.fromisoformat(as_of)), LATE))
    gone = erasures.suppressed(landed.profile.name)
    values, is_erased = erasures.left_out(gone, name, values, source.table, engine, _answered(landed, engine))
    if is_erased is not None:
        reasons.append((is_erased, erasures.ERASED))
    staged = _staged(source, values, [condition for condition, _ in reasons])
    is_numbered = name == "transactions" and "line" not in values
    staged = engine.kept(_numbered(staged) if is_numbered else staged)
    made_here = ["line"] if is_numbered else []
    accepted = staged.filter(~_is_refused(staged)).select(FILE, RECORD, ITEM, *values, *made_here)
    refused = engine.kept(_refused(name, staged, [reason for _, reason in reasons]))
    erased = None if is_erased is None else _only(staged, len(reasons) - 1).select(*values)
    if not is_numbered:
        accepted, refused = _without_repeats(name, source, accepted, refused, engine)
    return Made(name, accepted, refused, source.n_cells, _cells(source, refused, engine),
                records.unmatched(source, landed.profile.tables[name].lookup, engine), erased)


def typed(profile: Profile, name: str, source: Source) -> tuple[dict[str, ir.Value], Reasons]:
    """Return a table's columns as typed values, and every reason for which a record is left out.

    Raises
    ------
    InputError
        Naming every expression that does not fit.
    """
    rule, values, problems = profile.tables[name], {}, []
    reasons: Reasons = []
    for reject in rule.reject:
        try:
            where = expressions.condition(
                reject.where, Scope(source.columns, signs=source.signs), f"tables.{name}.reject")
            reasons.append((where, reject.reason))
        except InputError as error:
            problems.append(str(error))
    for column, column_rule in rule.columns.items():
        declared = profile.column(name, column)
        scope = Scope(source.columns, conversions.number_type(declared.type), signs=source.signs)
        try:
            found = expressions.value(column_rule.from_, scope, f"tables.{name}.{column}")
            read = conversions.typed(found, declared.type, column_rule, scope)
        except InputError as error:
            problems.append(str(error))
            continue
        values[column] = read.value
        reasons += _column_reasons(declared, read)
    if problems:
        raise InputError(profile.where, "; ".join(problems))
    return values, reasons + ([(source.is_repeated, REPEATED_RECORD)]
                              if rule.duplicates == "reject" else [])


def inline(profile: Profile, name: str) -> pa.Table:
    """Return a table whose rows are typed in the profile, in the declared types.

    Raises
    ------
    InputError
        If a value does not have its column's type.
    """
    rule = profile.tables[name]
    rows = [{**rule.defaults, **row} for row in rule.rows]
    given = list(dict.fromkeys(c for row in rows for c in row))
    schema = ibis.schema({c: TYPES[profile.column(name, c).type] for c in given}).to_pyarrow()
    try:
        return pa.table([pa.array([_plain(row.get(f.name), f.type) for row in rows], f.type) for f in schema],
                        schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError) as error:
        raise InputError(f"{profile.where} [tables.{name}]", f"a typed row does not fit ({error})") from None


def _plain(value: object, kind: pa.DataType) -> object:
    if value is None:
        return None
    if pa.types.is_floating(kind):
        return float(value)
    return str(value) if pa.types.is_string(kind) else value


def _origin(source: Source) -> dict[str, ir.Value]:
    item = source.columns.get("item", ibis.null("string")) if source.n_cells > 1 else ibis.null("string")
    return {FILE: source.table["file"], RECORD: source.table["record"], ITEM: item}


def _column_reasons(column: Column, found: conversions.Typed) -> Reasons:
    reasons: Reasons = []
    value, is_unread = found.value, found.is_unread
    if is_unread is not None:
        reasons.append((is_unread, f"{column.name} is not readable as {WORDS[column.type]}"))
    if column.required:
        # cast first: "not x is null" asked whether it is null is read as "not (x is null is null)", which is true
        is_empty = (value.cast("int64") if value.type().is_boolean() else value).isnull()
        reasons.append((is_empty if is_unread is None else is_empty & ~is_unread, f"{column.name} is empty"))
    if column.allowed:
        reasons.append((value.notin(column.allowed), f"{column.name} is none of {', '.join(column.allowed)}"))
    if column.low is not None:
        reasons.append((value < column.low, f"{column.name} is below {column.low:g}"))
    if column.high is not None:
        reasons.append((value > column.high, f"{column.name} is above {column.high:g}"))
    return reasons


def _staged(source: Source, values: dict[str, ir.Value], conditions: list[ir.BooleanValue]) -> ir.Table:
    """Return every record typed, with the conditions that hold for it packed as bits.

    Each condition is worked out once, beside the values that it shares its parts with, and not again for every use.
    """
    bits = {f"{WHY}{start}": sum((c.fill_null(False).ifelse(1 << i, 0).cast("int64")
                                  for i, c in enumerate(conditions[start:start + BITS])), ibis.literal(0, "int64"))
            for start in range(0, len(conditions), BITS)}
    return source.table.select(**_origin(source), **{LINE: source.table["line"], SPOKEN: source.is_spoken}, **values,
                               **bits)


def _is_refused(staged: ir.Table) -> ir.BooleanValue:
    return reduce(or_, [staged[c] != 0 for c in staged.columns if c.startswith(WHY)], ~staged[SPOKEN])


def _only(staged: ir.Table, reason: int) -> ir.Table:
    """Return the rows that are left out for one reason and no other."""
    column, bit = _mark(reason)
    return staged.filter(staged[SPOKEN], *(staged[c] == (bit if c == column else 0)
                                           for c in staged.columns if c.startswith(WHY)))


def _mark(reason: int) -> tuple[str, int]:
    """Return the column and the bit in it that stand for a reason."""
    return f"{WHY}{reason - reason % BITS}", 1 << reason % BITS


def _holds(staged: ir.Table, reason: int) -> ir.BooleanValue:
    column, bit = _mark(reason)
    return (staged[column] & bit) != 0


def _answered(landed: Landed, engine: Engine) -> Iterator[tuple[dict[str, ir.Value], ir.Table]]:
    """Yield the tables that know who answered which survey, as values and records."""
    for name in erasures.ANSWERED:
        if name in landed.profile.tables and not landed.profile.tables[name].rows:
            source = records.source(landed, engine, name)
            yield typed(landed.profile, name, source)[0], source.table


def _refused(name: str, staged: ir.Table, reasons: list[str]) -> ir.Table:
    said = [ibis.ifelse(_holds(staged, i), ibis.literal(reason), ibis.null("string"))
            for i, reason in enumerate(reasons)]
    columns = staged.columns
    return staged.filter(_is_refused(staged)).select(
        table=ibis.literal(name), file=FILE, record=RECORD, line=LINE, item=ITEM, is_spoken=SPOKEN,
        is_anonymous=staged["customer_id"].isnull() if "customer_id" in columns else ibis.literal(True),
        amount=_amount(staged, reasons), reasons=ibis.literal("; ").join(said) if said else ibis.literal(""))


def _amount(staged: ir.Table, reasons: list[str]) -> ir.Value:
    """Return what refused rows were worth, not of people who were erased."""
    amount = (staged["amount"] if "amount" in staged.columns else ibis.null()).cast(TYPES["money"])
    return _holds(staged, len(reasons) - 1).ifelse(None, amount) if erasures.ERASED in reasons else amount


def _numbered(staged: ir.Table) -> ir.Table:
    """Return rows with the lines of each order numbered in file order; equal lines are lines of their own."""
    groups = [staged["order_id"], _is_refused(staged)]
    number = ibis.row_number().over(group_by=groups, order_by=[FILE, RECORD]) + 1
    return staged.mutate(line=number.cast("int64"))


def _without_repeats(
    name: str, source: Source, accepted: ir.Table, refused: ir.Table, engine: Engine
) -> tuple[ir.Table, ir.Table]:
    """Keep the first row of each key; the others are left out with that reason."""
    key = [c for c in CANONICAL[name].key if c in accepted.columns]
    if not key:
        return accepted, refused
    counts = accepted.select(*key).distinct().aggregate(k=lambda t: t.count())
    if engine.first_row(counts)["k"] == engine.first_row(accepted.aggregate(n=accepted.count()))["n"]:
        return accepted, refused
    number = ibis.row_number().over(group_by=key, order_by=[FILE, RECORD, ITEM])
    ranked = engine.kept(accepted.mutate(_nth=number))
    again = ranked.filter(ranked["_nth"] > 0)
    where = source.table.select("file", "record", "line").distinct()
    again = again.join(where, [again[FILE] == where["file"], again[RECORD] == where["record"]])
    repeats = again.select(
        table=ibis.literal(name), file=FILE, record=RECORD, line="line", item=ITEM, is_spoken=ibis.literal(True),
        is_anonymous=again["customer_id"].isnull() if "customer_id" in accepted.columns else ibis.literal(True),
        amount=(again["amount"] if "amount" in accepted.columns else ibis.null()).cast(TYPES["money"]),
        reasons=ibis.literal(f"repeats the key {', '.join(key)}"))
    return engine.kept(ranked.filter(ranked["_nth"] == 0).drop("_nth")), engine.kept(refused.union(repeats))


def _cells(source: Source, refused: ir.Table, engine: Engine) -> dict[str, int]:
    """Return the number of survey answers by what became of them."""
    if source.n_cells == 1:
        return {}
    answer = source.table[ANSWER]
    counts = engine.first_row(source.table.aggregate(
        n=answer.isnull().count(), given=answer.count(),
        inapplicable=answer.isin(source.not_applicable).ifelse(1, 0).sum().fill_null(0)
        if source.not_applicable else ibis.literal(0)))
    left_out = engine.first_row(refused.aggregate(n=refused.count()))["n"]
    answered = counts["given"] - counts["inapplicable"] - left_out
    return {"answered": answered, "not given": counts["n"] - counts["given"],
            "not applicable": counts["inapplicable"], "left out": left_out}
