"""Declared result tables of intake."""

from dataclasses import replace

from helpers.foundation.schema import Column, Table, gates_schema, summary_schema

_C = Column

INTAKE_AUDIT = replace(summary_schema("results/intake_audit", "what arrived, by file, reason and table"), cells=None)

INTAKE_GATES = gates_schema("results/intake_gates")

REJECTED_RECORDS = Table("rejected/records", "record that feeds no table", ("file", "record"), (
    _C("file", "text", "path of the file below the source's folder", True),
    _C("record", "integer", "number of the record within the file, from 1", True),
    _C("line", "integer", "line of the file on which it starts, from 1"),
    _C("reasons", "text", "why it was rejected, every reason", True),
    _C("amount", "money", "what it would have been worth as an order line [money]"),
    _C("text", "text", "what stood in it, without personal columns"),
))

REJECTED_PARTS = Table("rejected/parts", "record × table (× item) left out though the record feeds a table", (), (
    _C("table", "text", "canonical table that it was left out of", True),
    _C("file", "text", "path of the file below the source's folder", True),
    _C("record", "integer", "number of the record within the file, from 1", True),
    _C("line", "integer", "line of the file on which it starts, from 1"),
    _C("item", "text", "survey item, where only one answer was left out"),
    _C("reasons", "text", "why, every reason", True),
))

TABLES: tuple[Table, ...] = (INTAKE_AUDIT, INTAKE_GATES, REJECTED_RECORDS, REJECTED_PARTS)
