"""What an expression may refer to, and how it reads text as numbers and flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from helpers.foundation.money import MONEY
from helpers.foundation.tables import TYPES

NUMBER = TYPES["number"]
TRUE = ("true", "t", "yes", "y", "1", "vrai", "oui", "wahr", "ja", "vero", "sì", "verdadero", "sí", "verdadeiro", "sim",
        "waar", "prawda", "tak", "да", "是", "はい", "예")
FALSE = ("false", "f", "no", "n", "0", "faux", "non", "falsch", "nein", "falso", "não", "onwaar", "nee", "fałsz", "nie",
         "нет", "否", "いいえ", "아니요", "아니오")
UNREADABLE = "no number"
PLAIN = (".", "")


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may refer to, and how it reads numbers.

    Parameters
    ----------
    columns : mapping of str to engine value
        By name, those of a lookup as ``NAME.column``.
    number : str
        Engine type in which text is read where a number is needed: decimal for money, float for the rest.
    has_aggregates : bool
        Whether sums and counts are allowed (in controls only).
    unread : list of engine flags
        Filled while compiling: for each text read as a number, whether it could not be.
    signs : (str, str)
        Before the decimals and between the thousands of a number written as text.
    zone : str
        Time zone that times with an offset are told in; empty where none has one.
    """

    columns: Mapping[str, ir.Value]
    number: str = NUMBER
    has_aggregates: bool = False
    unread: list[ir.BooleanValue] = field(default_factory=list)
    signs: tuple[str, str] = PLAIN
    zone: str = ""


def number(found: ir.Value, scope: Scope) -> ir.NumericValue:
    """Return a value as a number, reading text; what cannot be read is empty and remembered in the scope."""
    kind = found.type()
    if kind.is_boolean():
        return found.ifelse(1, 0)
    if kind.is_string():
        read = plain(found, scope.signs).try_cast(scope.number)
        scope.unread.append(found.notnull() & read.isnull())
        return read
    if kind.is_floating() and scope.number == MONEY:
        return found.try_cast(MONEY)
    return found


def plain(found: ir.StringValue, signs: tuple[str, str]) -> ir.StringValue:
    """Return texts of numbers with a point before the decimals and nothing between the thousands.

    Thousands stand in groups of three; a text that is grouped otherwise, such as 1.5 where the point is their sign, is
    no number.
    """
    if signs == PLAIN:  # engines read 1_000 as programmers write it; in a file it is a key or a slip
        return found.contains("_").ifelse(ibis.literal(UNREADABLE), found)
    decimal, thousands = signs
    d, t = (f"[{sign}]" for sign in (decimal, thousands or "_"))
    whole = rf"(\d+|\d{{1,3}}({t}\d{{3}})+)" if thousands else r"\d+"
    is_number = found.re_search(rf"^\s*[+-]?({whole})?({d}\d*)?\s*$")
    bare = found.replace(thousands, "") if thousands else found
    return is_number.ifelse(bare.replace(decimal, "."), ibis.literal(UNREADABLE))


def flag(found: ir.Value) -> ir.BooleanValue:
    """Return a value as a flag, reading ``yes``/``no``, ``true``/``false``, ``1``/``0`` in any case."""
    if found.type().is_boolean():
        return found
    text = found.cast("string").lower()
    return ibis.cases((text.isin(TRUE), True), (text.isin(FALSE), False))
