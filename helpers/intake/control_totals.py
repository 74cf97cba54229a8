"""Control totals declared by whoever delivered the data: met exactly, or the run stops."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.money import MONEY
from helpers.intake import expressions
from helpers.intake.expression_rules import ExpressionScope
from helpers.intake.number_formats import PLAIN
from helpers.intake.profile_schema import Control
from helpers.intake.readers import LandedFiles


@dataclass(frozen=True, slots=True)
class ControlTotal:
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

    @property
    def sentence(self) -> str:
        """What was declared and what was found."""
        said = "met" if self.is_met else "not met"
        return f"control '{self.name}' is {said}: found {_plain(self.found)}, declared {_plain(self.expected)}"


def check_totals(landed: LandedFiles, tables: Mapping[str, ir.Table], engine: Engine) -> tuple[ControlTotal, ...]:
    """Return every control of a source, with what was found.

    Parameters
    ----------
    landed : LandedFiles
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
    return tuple(check_total(control, landed, tables, engine) for control in landed.profile.control)


def check_total(control: Control, landed: LandedFiles, tables: Mapping[str, ir.Table], engine: Engine) -> ControlTotal:
    """Return one control with what was found.

    Raises
    ------
    InputError
        If an expression does not fit, or the file or table that it is a total of could not be made.
    """
    where = f"control '{control.name}'"
    if (control.file or control.table) not in (landed.tables if control.file else tables):
        raise InputError(where, f"nothing was made of '{control.file or control.table}'", "a total of what is made")
    table = engine.stored(landed.tables[control.file]) if control.file else tables[control.table]
    signs = _sign_patterns(landed, control)
    if control.where:
        table = table.filter(
            expressions.expression_condition(control.where, ExpressionScope(_columns(table), signs=signs), where)
        )
    scope = ExpressionScope(_columns(table), MONEY, has_aggregates=True, signs=signs)
    found = engine.first_row(table.aggregate(total=expressions.expression_total(control.expression, scope, where)))[
        "total"
    ]
    return ControlTotal(control.name, Decimal(control.expected), Decimal(str(found if found is not None else 0)))


def _sign_patterns(landed: LandedFiles, control: Control) -> tuple[str, str]:
    if not control.file:
        return PLAIN
    file = landed.profile.files[control.file]
    return file.decimal, file.thousands


def _columns(table: ir.Table) -> dict[str, ir.Value]:
    return {name: table[name] for name in table.columns}


def _plain(number: Decimal) -> str:
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
