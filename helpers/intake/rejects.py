"""Rejected rows and their reasons: reasons packed as bits, lines numbered, repeated keys found."""

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from helpers.erasure import erasure_requests
from helpers.foundation.engine import Engine
from helpers.foundation.money import MONEY
from helpers.foundation.schema import sql_identifier
from helpers.intake.profiles import CANONICAL
from helpers.intake.source_records import FILE, ITEM, RECORD, SourceRecords

LINE, SPOKEN, WHY = "_line", "_spoken", "_why_"

BITS = 60

OBSERVATION = "observation"  # numbers the records that a table may have of one key


def shared_columns(source: SourceRecords, files: list[str], *, is_spoken: bool) -> dict[str, ir.Value]:
    """Return what all records of a table have in common, so that it need not be kept once for each of them."""
    found: dict[str, ir.Value] = {FILE: ibis.literal(files[0])} if len(files) == 1 else {}
    found |= {} if source.n_cells > 1 else {ITEM: ibis.null("string")}
    return found | ({SPOKEN: ibis.literal(True)} if is_spoken else {})


def stage_records(
    source: SourceRecords,
    values: dict[str, ir.Value],
    conditions: list[ir.BooleanValue],
    left_out: Mapping[str, ir.Value],
) -> ir.Table:
    """Return every record typed, with the conditions that hold for it packed as bits.

    Each condition is worked out once, beside the values that it shares its parts with, and not again for every use.
    """
    bits = {f"{WHY}{start}": sum((c.fill_null(False).ifelse(1 << i, 0).cast("int64")
                                  for i, c in enumerate(conditions[start:start + BITS])), ibis.literal(0, "int64"))
            for start in range(0, len(conditions), BITS)}
    origin = {FILE: source.table["file"], RECORD: source.table["record"], ITEM: source.columns.get("item"),
              LINE: source.table["line"], SPOKEN: source.is_spoken}
    return source.table.select(**{c: v for c, v in origin.items() if c not in left_out}, **values, **bits)


def marked(staged: ir.Table, n_before: int, conditions: list[ir.BooleanValue]) -> ir.Table:
    """Return staged records with further conditions packed behind those that they have already."""
    added: dict[str, ir.Value] = {}
    for number, condition in enumerate(conditions, n_before):
        column, bit = _mark(number)
        before = added.get(column, staged[column] if column in staged.columns else ibis.literal(0, "int64"))
        added[column] = before + condition.fill_null(False).ifelse(bit, 0).cast("int64")
    return staged.mutate(**added)


def is_rejected(staged: ir.Table) -> ir.BooleanValue:
    """Return whether a record is left out."""
    marks = [staged[c] != 0 for c in staged.columns if c.startswith(WHY)]
    return reduce(or_, marks, ~staged[SPOKEN] if SPOKEN in staged.columns else ibis.literal(False))


def rejected_only_for(staged: ir.Table, reasons: Collection[int]) -> ir.Table:
    """Return the rows that are left out for some of these reasons and for no other."""
    marks = [_mark(reason) for reason in reasons]
    allowed = {c: sum(bit for column, bit in marks if column == c) for c in staged.columns if c.startswith(WHY)}
    others = [staged[c] == (staged[c] & bits) for c, bits in allowed.items()]
    return staged.filter(staged[SPOKEN], is_rejected(staged), *others)


def _mark(reason: int) -> tuple[str, int]:
    """Return the column and the bit in it that stand for a reason."""
    return f"{WHY}{reason - reason % BITS}", 1 << reason % BITS


def _holds(staged: ir.Table, reason: int) -> ir.BooleanValue:
    column, bit = _mark(reason)
    return (staged[column] & bit) != 0


def rejected_records(name: str, staged: ir.Table, reasons: list[str]) -> ir.Table:
    """Return the records that are left out, with what is said of them."""
    said = [ibis.ifelse(_holds(staged, i), ibis.literal(reason), ibis.null("string"))
            for i, reason in enumerate(reasons)]
    columns = staged.columns
    return staged.filter(is_rejected(staged)).select(
        table=ibis.literal(name), file=FILE, record=RECORD, line=LINE, item=ITEM, is_spoken=SPOKEN,
        is_anonymous=staged["customer_id"].isnull() if "customer_id" in columns else ibis.literal(True),
        amount=_amount(staged, reasons), reasons=ibis.literal("; ").join(said) if said else ibis.literal(""))


def _amount(staged: ir.Table, reasons: list[str]) -> ir.Value:
    """Return what refused rows were worth, not of people who were erased."""
    amount = (staged["amount"] if "amount" in staged.columns else ibis.null()).cast(MONEY)
    if erasure_requests.ERASED not in reasons:
        return amount
    return _holds(staged, reasons.index(erasure_requests.ERASED)).ifelse(None, amount)


def number_lines(staged: ir.Table) -> ir.Table:
    """Return rows with the lines of each order numbered in file order; equal lines are lines of their own."""
    groups = [staged["order_id"], is_rejected(staged)]
    origin = [c for c in (FILE, RECORD) if c in staged.columns]
    number = ibis.row_number().over(group_by=groups, order_by=origin) + 1
    return staged.mutate(line=number.cast("int64"))


def number_observations(name: str, accepted: ir.Table, engine: Engine) -> ir.Table:
    """Return rows with the records that share the rest of a key numbered from 1, in file order."""
    key = [c for c in CANONICAL[name].key if c != OBSERVATION]
    if _is_unique(accepted, key, engine):
        return engine.view(accepted.mutate(observation=ibis.literal(1, "int64")))
    number = ibis.row_number().over(group_by=key, order_by=[FILE, RECORD, ITEM]) + 1
    return engine.kept(accepted.mutate(observation=number.cast("int64")))


def _is_unique(accepted: ir.Table, key: list[str], engine: Engine) -> bool:
    n_rows, n_keys = count_keys(accepted, key, engine)
    return n_keys == n_rows


def count_keys(accepted: ir.Table, key: Sequence[str], engine: Engine) -> tuple[int, int]:
    """Return how many rows a view has, and how many different keys; without a key each row is one."""
    name, columns = accepted.get_name(), ", ".join(map(sql_identifier, key))
    n_keys = f"(SELECT count(*) FROM (SELECT DISTINCT {columns} FROM {name}))" if key else "count(*)"
    row = engine.row(f"SELECT count(*) AS n, {n_keys} AS k FROM {name}")
    return row["n"], row["k"]


def drop_repeated_keys(
    name: str, source: SourceRecords, accepted: ir.Table, refused: ir.Table, engine: Engine
) -> tuple[ir.Table, ir.Table]:
    """Keep the first row of each key; the others are left out with that reason, unless the key numbers observations."""
    if OBSERVATION in CANONICAL[name].key and OBSERVATION not in accepted.columns:
        return number_observations(name, accepted, engine), refused
    key = [c for c in CANONICAL[name].key if c in accepted.columns]
    if not key or _is_unique(accepted, key, engine):
        return accepted, refused
    number = ibis.row_number().over(group_by=key, order_by=[FILE, RECORD, ITEM])
    ranked = engine.kept(accepted.mutate(_nth=number))
    again = ranked.filter(ranked["_nth"] > 0)
    where = source.table.select("file", "record", "line").distinct()
    again = again.join(where, [again[FILE] == where["file"], again[RECORD] == where["record"]])
    repeats = again.select(
        table=ibis.literal(name), file=FILE, record=RECORD, line="line", item=ITEM, is_spoken=ibis.literal(True),
        is_anonymous=again["customer_id"].isnull() if "customer_id" in accepted.columns else ibis.literal(True),
        amount=(again["amount"] if "amount" in accepted.columns else ibis.null()).cast(MONEY),
        reasons=ibis.literal(f"repeats the key {', '.join(key)}"))
    return engine.kept(ranked.filter(ranked["_nth"] == 0).drop("_nth")), engine.kept(refused.union(repeats))
