"""Controls: totals declared by whoever delivered the data, met exactly or the run stops."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.intake import expressions
from helpers.intake.expressions import MONEY, Scope
from helpers.intake.profiles import Control
from helpers.intake.readers import Landed


@dataclass(frozen=True, slots=True)
class Checked:
    """One control.

    Parameters
    ----------
    name : str
        What the total is.
    expected, found : Decimal
        As declared, and as it is in the data.
    """

    name: str
    expected: Decimal
    found: Decimal

    @property
    def is_met(self) -> bool:
        """Whether both are equal, to the last digit."""
        return self.found == self.expected


def checked(landed: Landed, tables: Mapping[str, ir.Table], engine: Engine) -> tuple[Checked, ...]:
    """Return every control of a source, with what was found.

    Parameters
    ----------
    landed : Landed
        The files, for controls of files.
    tables : mapping of str to lazy table
        Canonical tables without their folder, for controls of tables.
    engine : Engine
        Where it is computed.

    Raises
    ------
    InputError
        If an expression does not fit.
    """
    return tuple(_checked(control, _table(control, landed, tables, engine), engine)
                 for control in landed.profile.control)


def _table(control: Control, landed: Landed, tables: Mapping[str, ir.Table], engine: Engine) -> ir.Table:
    if control.file:
        return engine.stored(landed.tables[control.file])
    if control.table not in tables:
        raise InputError(f"control '{control.name}'", f"the table {control.table} was not made")
    return tables[control.table]


def _checked(control: Control, table: ir.Table, engine: Engine) -> Checked:
    where = f"control '{control.name}'"
    if control.where:
        table = table.filter(expressions.condition(control.where, Scope(dict(table_columns(table))), where))
    scope = Scope(dict(table_columns(table)), MONEY, has_aggregates=True)
    found = engine.first_row(table.aggregate(total=expressions.total(control.expression, scope, where)))["total"]
    return Checked(control.name, Decimal(control.expected), Decimal(str(found if found is not None else 0)))


def table_columns(table: ir.Table) -> list[tuple[str, ir.Value]]:
    """Return the columns of a lazy table by name."""
    return [(name, table[name]) for name in table.columns]
