"""Reconciliation of records: each feeds a table or is rejected once with all its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError, count_of_total
from helpers.foundation.money import MONEY
from helpers.intake.canonical_tables import CanonicalTables
from helpers.intake.date_plausibility import LATE
from helpers.intake.readers import LandedFiles
from helpers.intake.source_records import FILE, RECORD

NOWHERE = "belongs to no table"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What became of every record.

    Parameters
    ----------
    rejected : lazy table
        One row a record that feeds no table: ``file, record, line, reasons, amount, text``.
    parts : lazy table
        One row a record × table (× survey item) that was left out of that table although the record feeds one:
        ``table, file, record, line, item, reasons``.
    by_file : pandas.DataFrame
        One row a file: ``name, file, n_bytes, sha256, n_records, n_accepted, n_rejected, n_not_yet, accepted_amount,
        rejected_amount, not_yet_amount``; accepted, rejected and not yet (dated after the as-of date, and nothing
        else the matter) are counted apart from each other, and add up to the records.
    """

    rejected: ir.Table
    parts: ir.Table
    by_file: pd.DataFrame


def reconcile(landed: LandedFiles, tables: Sequence[CanonicalTables], engine: Engine) -> Reconciliation:
    """Return what became of every record, proved to be complete.

    Raises
    ------
    InputError
        If accepted, rejected and not yet do not add up to the records of a file: a fault of the workbook itself.
    """
    broken = engine.stored(landed.broken).mutate(amount=ibis.null(MONEY))
    rejected, parts = [broken], []
    for name in landed.profile.files:
        fed = [m for m in tables if m.from_ == name]
        if fed:
            wholly, partly = _left_out(fed, engine)
            rejected.append(_with_text(wholly, landed, name, engine))
            parts.append(partly)
    columns = ["file", "record", "line", "reasons", "amount", "text"]
    whole = engine.kept(ibis.union(*(r.select(columns) for r in rejected))) if len(rejected) > 1 else broken
    some = engine.kept(ibis.union(*parts) if len(parts) > 1 else parts[0])
    by_file = _by_file(landed, tables, whole, engine)
    return Reconciliation(whole.filter(~_is_late(whole)) if by_file["n_not_yet"].any() else whole, some, by_file)


def _is_late(rejected: ir.Table) -> ir.BooleanValue:
    return rejected["reasons"] == LATE


def _left_out(fed: Sequence[CanonicalTables], engine: Engine) -> tuple[ir.Table, ir.Table]:
    """Return the records of one file that no table took, and those that only some table did not take."""
    if len(fed) == 1 and fed[0].n_cells == 1:
        return _alone(fed[0])
    n_cells: dict[str, int] = {}  # of a table that several parts are made of, rows a record in all of them
    for made in fed:
        n_cells[made.name] = n_cells.get(made.name, 0) + made.n_cells
    refused = [m.refused.mutate(n_cells=ibis.literal(n_cells[m.name], "int64")) for m in fed]
    cells = reduce(lambda a, b: a.union(b), refused)
    record = ["file", "record", "line"]
    by_table = cells.group_by("table", *record).aggregate(
        n=cells.count(), n_cells=cells["n_cells"].max(), amount=cells["amount"].max())
    by_table = by_table.filter(by_table["n"] == by_table["n_cells"])
    lost = by_table.group_by(record).aggregate(n_tables=by_table.count(), amount=by_table["amount"].max())
    lost = engine.kept(lost.filter(lost["n_tables"] == len(n_cells)).drop("n_tables"))
    said = cells.filter(cells["is_spoken"]).select(*record, "reasons").distinct()
    said = said.group_by(record).aggregate(
        reasons=said["reasons"].group_concat("; ", order_by=said["reasons"]))
    wholly = lost.left_join(said, record).select(*record, "amount", "reasons")
    wholly = wholly.mutate(reasons=wholly["reasons"].fill_null(NOWHERE))
    partly = cells.filter(cells["is_spoken"]).anti_join(lost, record)
    return wholly, partly.select("table", *record, "item", "reasons")


def _alone(made: CanonicalTables) -> tuple[ir.Table, ir.Table]:
    """Return the same where a record is one row of one table: what is left out of it is lost."""
    refused = made.refused
    reasons = refused["reasons"].nullif("").fill_null(NOWHERE)
    wholly = refused.select("file", "record", "line", "amount", reasons=reasons)
    return wholly, refused.filter(ibis.literal(False)).select("table", "file", "record", "line", "item", "reasons")


def _with_text(wholly: ir.Table, landed: LandedFiles, name: str, engine: Engine) -> ir.Table:
    """Return rejected records with what stood in them, as ``column=value`` of every filled column."""
    own = landed.columns[name]
    found = wholly.join(engine.stored(landed.tables[name]).select("file", "record", **{f"={c}": c for c in own}),
                        ["file", "record"])
    said = [(ibis.literal(f"{c}=") + found[f"={c}"]) for c in own]
    return found.select("file", "record", "line", "reasons", "amount", text=ibis.literal(" | ").join(said))


def _by_file(
    landed: LandedFiles, tables: Sequence[CanonicalTables], rejected: ir.Table, engine: Engine
) -> pd.DataFrame:
    files = pd.DataFrame([{"name": f.name, "file": f.file, "n_bytes": f.n_bytes, "sha256": f.sha256,
                           "n_records": f.n_records} for f in landed.files])
    accepted = pd.concat([_accepted(landed, [m for m in tables if m.from_ == name], name,
                                    engine) for name in landed.profile.files])
    left = rejected.group_by("file").aggregate(
        n=rejected.count(), n_not_yet=_is_late(rejected).ifelse(1, 0).sum(),
        not_yet_amount=_is_late(rejected).ifelse(rejected["amount"], None).sum(),
        rejected_amount=_is_late(rejected).ifelse(None, rejected["amount"]).sum())
    whole = files.merge(accepted, how="left", on=["name", "file"]).merge(
        engine.frame(left, "rejected"), how="left", on="file")
    counts = ["n_accepted", "n", "n_not_yet"]
    whole[counts] = whole[counts].fillna(0).astype("int64")
    whole["n_rejected"] = whole.pop("n") - whole["n_not_yet"]
    told = whole["n_accepted"] + whole["n_rejected"] + whole["n_not_yet"]
    odd = whole[whole["n_records"] != told]
    if len(odd):
        first = odd.iloc[0]
        raise InputError(
            first["file"],
            f"{count_of_total(int(told[odd.index[0]]), first['n_records'])} are accounted for",
            "every record accepted, rejected or not yet, once",
        )
    return whole


def _accepted(landed: LandedFiles, fed: Sequence[CanonicalTables], name: str, engine: Engine) -> pd.DataFrame:
    """Return accepted records and their money by file, counted from the finished tables."""
    if not fed:
        looked_up = engine.stored(landed.tables[name])
        counts = looked_up.group_by("file").aggregate(n_accepted=looked_up.count())
        return engine.frame(counts, name).assign(name=name, accepted_amount=float("nan"))
    origins = [m.accepted.select(FILE, RECORD) for m in fed]
    if len(fed) > 1 or fed[0].n_cells > 1:
        origins = [reduce(lambda a, b: a.union(b), origins).distinct()]
    counts = origins[0].group_by(file=FILE).aggregate(n_accepted=origins[0].count())
    found = engine.frame(counts, name).assign(name=name)
    paid = next((m.accepted for m in fed if m.name == "transactions" and "amount" in m.accepted.columns), None)
    if paid is None:
        return found.assign(accepted_amount=float("nan"))
    money = paid.group_by(file=FILE).aggregate(accepted_amount=paid["amount"].sum())
    return found.merge(engine.frame(money, name), how="left", on="file")
