"""From text to typed values: each conversion says where a text is there but cannot be read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from helpers.foundation.errors import InputError
from helpers.foundation.money import MONEY
from helpers.foundation.tables import TYPES
from helpers.intake import zones
from helpers.intake.grammar import ColumnRule
from helpers.intake.scopes import NUMBER, Scope, flag, number, plain

ISO = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")
NUMBERS = ("number", "money", "integer")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DIRECTIVES = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{1,2}",
    "S": r"\d{1,2}", "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]+", "p": r"[AaPp][Mm]", "z": r"[Zz]|[+-]\d{2}(?::?\d{2})?",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed engine value.

    Parameters
    ----------
    value : engine value
        Empty where nothing was recorded or the text could not be read.
    is_unread : engine flag or None
        Whether there was a text that could not be read; None where that cannot happen.
    """

    value: ir.Value
    is_unread: ir.BooleanValue | None


def number_type(kind: str) -> str:
    """Return the engine type in which an expression for a column of this type reads numbers."""
    return MONEY if kind in ("money", "integer") else NUMBER


def typed(found: ir.Value, kind: str, rule: ColumnRule, scope: Scope) -> Typed:
    """Return a column's value in its declared type.

    Parameters
    ----------
    found : engine value
        Of the column's expression.
    kind : str
        The declared type.
    rule : ColumnRule
        Missing codes, map of values, date formats.
    scope : Scope
        The scope that the expression was compiled in; it knows which texts could not be read as numbers.

    Raises
    ------
    InputError
        For a date format with an unknown part.
    """
    is_unread = [] if not scope.unread else [reduce(or_, scope.unread) & found.isnull()]
    if rule.missing:
        found = found.cast("string")
        found = found.isin(rule.missing).ifelse(ibis.null("string"), found)
    if rule.values:
        mapped = found.cast("string").cases(*rule.values.items())
        is_unread.append(found.notnull() & mapped.isnull())
        found = mapped
    if kind in NUMBERS and found.type().is_string():
        found = plain(found, scope.signs)
    read, failed = READINGS[kind](found, rule, scope)
    return Typed(read, reduce(or_, [*is_unread, *([] if failed is None else [failed])]) if is_unread or
                 failed is not None else None)


Reading = tuple[ir.Value, ir.BooleanValue | None]


def _text(found: ir.Value, rule: ColumnRule, scope: Scope) -> Reading:
    return found.cast("string").nullif(""), None


def _number(kind: str) -> Reading:
    def reading(found: ir.Value, rule: ColumnRule, scope: Scope) -> Reading:
        own = Scope({}, kind)
        read = number(found, own).cast(kind)
        if kind == NUMBER:
            read = (read.isnan() | read.isinf()).ifelse(ibis.null(NUMBER), read)
        return read, found.notnull() & read.isnull() if own.unread else None
    return reading


def _integer(found: ir.Value, rule: ColumnRule, scope: Scope) -> Reading:
    if found.type().is_integer():
        return found.cast("int64"), None
    exact = number(found, Scope({}, MONEY))
    whole = (exact == exact.round()).ifelse(exact, ibis.null()).cast("int64")
    return whole, found.notnull() & whole.isnull()


def _flag(found: ir.Value, rule: ColumnRule, scope: Scope) -> Reading:
    read = flag(found)
    return read, None if found.type().is_boolean() else found.notnull() & read.isnull()


def _moment(kind: str) -> Reading:
    def reading(found: ir.Value, rule: ColumnRule, scope: Scope) -> Reading:
        if found.type().is_temporal():
            return found.cast(TYPES[kind]), None
        text = found.cast("string")
        forms = [(_reshaped(text, form), form) for form in rule.formats or ISO[:1]]
        read = ibis.coalesce(*(zones.read(f, scope.zone) if form in ISO or "%z" in form else f.try_cast(TYPES["time"])
                               for f, form in forms))
        return read.cast(TYPES[kind]), text.notnull() & read.isnull()
    return reading


READINGS = {
    "text": _text, "number": _number(NUMBER), "money": _number(MONEY), "integer": _integer, "flag": _flag,
    "date": _moment("date"), "time": _moment("time"),
}


# --- dates written otherwise than in ISO -------------------------------------------------------------------------


def _reshaped(text: ir.StringValue, form: str) -> ir.StringValue:
    """Return a date's text in ISO form, empty where it does not have the given form."""
    if form in ISO:  # engines also read other texts, such as 25-01-01 and infinity
        return text.like("____-%-%").ifelse(text, ibis.null("string"))
    parts, pattern = _pattern(form)
    piece = {p: text.re_extract(pattern, i) for i, p in enumerate(parts, start=1)}
    day = _year(piece) + "-" + _month(piece) + "-" + piece["d"].lpad(2, "0")
    clock = _hour(piece) + ":" + _padded(piece, "M") + ":" + _padded(piece, "S")
    whole = day + " " + clock + piece["z"] if "z" in piece else day + " " + clock
    return text.re_search(pattern).ifelse(whole, ibis.null("string"))


def _pattern(form: str) -> tuple[Sequence[str], str]:
    parts = re.findall(r"%(.)", form)
    unknown = [p for p in parts if p not in DIRECTIVES]
    if unknown or not {"d"} < {*parts} or not {"Y", "y"} & {*parts} or not {"m", "b", "B"} & {*parts}:
        raise InputError("formats", f"'{form}' cannot be used" + (f": %{unknown[0]} is unknown" if unknown else ""),
                         "a year (%Y, %y), a month (%m, %b, %B), a day (%d), and %H %I %M %S %p %z")
    tight = re.search(r"%\w%(?!z)", form) is not None
    known = {k: v.replace("{1,2}", "{2}") for k, v in DIRECTIVES.items()} if tight else DIRECTIVES
    pieces = re.split(r"%(.)", form)
    return parts, "^" + "".join(f"({known[p]})" if i % 2 else re.escape(p) for i, p in enumerate(pieces)) + "$"


def _year(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "Y" in piece:
        return piece["Y"]
    return ibis.ifelse(piece["y"] < "69", "20", "19") + piece["y"]


def _month(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "m" in piece:
        return piece["m"].lpad(2, "0")
    name = piece.get("b", piece.get("B")).lower().left(3)
    return name.cases(*((m, f"{i:02d}") for i, m in enumerate(MONTHS, start=1)))


def _hour(piece: dict[str, ir.StringValue]) -> ir.StringValue:
    if "I" not in piece or "p" not in piece:
        return _padded(piece, "I" if "I" in piece else "H")
    hour = piece["I"].try_cast("int64") % 12 + (piece["p"].lower() == "pm").ifelse(12, 0)
    return hour.cast("string").lpad(2, "0")


def _padded(piece: dict[str, ir.StringValue], part: str) -> ir.StringValue:
    return piece[part].lpad(2, "0") if part in piece else ibis.literal("00")
