"""Inferred forms of numbers: signs before decimals and between thousands, currencies, per cent; and their rivals."""

from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from helpers.intake.exchange_rates import CURRENCIES, CURRENCY
from helpers.intake.number_formats import BETWEEN_THOUSANDS, BLANK

PER_CENT = "[%\uff05]"

SIGNS = ((".", ""), (",", "."), (".", ","), (",", ""), (",", " "), (".", " "), (".", "'"), (",", "'"))

MINUS = "[+\u2212\u2013-]"

LOOKED_AT, FITTING, FEWEST = 2_000, 0.95, 20  # values; their share that has to fit, and below how many all have to


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How a column's numbers are written.

    Parameters
    ----------
    kind : str
        ``integer``, ``number``, ``decimal comma``, ``grouped`` (1,234.50), ``money`` (with a currency's sign) or
        ``per cent``.
    decimal, thousands : str
        The signs before decimals and between thousands; empty where none was seen.
    rival : (str, str) or None
        Signs that read every number as well, but as others: 1.050 may be more than a thousand.
    currencies : dict of str to int
        Different values by the currency whose sign stands beside them.
    unread : tuple of str
        Values that are no numbers.
    """

    kind: str
    decimal: str = ""
    thousands: str = ""
    rival: tuple[str, str] | None = None
    currencies: tuple[tuple[str, int], ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """The one sign that stands inside numbers that can be read in two ways."""
        return self.decimal or self.thousands

    @property
    def turned(self) -> "NumberForm":
        """The other reading of numbers that can be read in two ways."""
        decimal, thousands = ("", self.sign) if self.decimal else (self.sign, "")
        kind = "decimal comma" if decimal == "," or thousands == "." else "grouped" if thousands else "number"
        marked = self.kind if self.kind in ("money", "per cent") else kind
        return replace(self, kind=marked, decimal=decimal, thousands=thousands, rival=(self.decimal, self.thousands))


def infer_numbers(values: pa.Array) -> NumberForm | None:
    """Return how the values of a column are written where they are numbers, or nearly all are; else None.

    Parameters
    ----------
    values : Array of string
        Different values.
    """
    first = values.slice(0, LOOKED_AT)
    for mark in (CURRENCY, PER_CENT):
        shares = {signs: _share(first, number_pattern(signs, mark)) for signs in SIGNS}
        best = max(shares.values())
        if best >= FITTING and (best == 1 or len(first) >= FEWEST):
            return _form(values, mark, [signs for signs in SIGNS if shares[signs] == best])
    return None


def number_pattern(signs: tuple[str, str], mark: str) -> str:
    """Return the regular expression of numbers with these signs, that may have a mark before or behind."""
    decimal, thousands = signs
    grouped = rf"\d{{1,3}}(?:{BETWEEN_THOUSANDS[thousands]}\d{{3}})+|" if thousands else ""
    grouped += r"\d{1,2}(?:,\d{2})+,\d{3}|" if thousands == "," else r"\d+[.]?\d*[eE][+-]?\d+|" if not thousands else ""
    body = rf"(?:(?:{grouped}\d+)(?:[{decimal}]\d*)?|[{decimal}]\d+)"
    marked = rf"(?:{mark}{BLANK}*{MINUS}?{BLANK}*{body}|{body}(?:{BLANK}*{mark})?)"
    return rf"^{BLANK}*[(]?{MINUS}?{BLANK}*{marked}{BLANK}*[-)]?{BLANK}*$"


def number_range(values: pa.Array, form: NumberForm) -> tuple[float, float]:
    """Return the smallest and the largest of numbers written as texts in a form."""
    sign = form.decimal or ("," if form.thousands == "." else ".")
    values = pc.replace_substring_regex(values, CURRENCY, "")
    is_negative = pc.match_substring_regex(values, r"^[^0-9]*[-\x{2212}\x{2013}(]|[0-9][^0-9]*-$")
    bare = pc.replace_substring_regex(values, rf"[^0-9{sign}eE+-]|^[+-]|-$", "")
    numbers = pa.array([_float(text.replace(sign, ".")) for text in bare.to_pylist()])
    signed = pc.if_else(is_negative, pc.negate(pc.abs(numbers)), numbers)
    ends = pc.min_max(signed).as_py()
    return ends["min"] or 0.0, ends["max"] or 0.0


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _share(values: pa.Array, pattern: str) -> float:
    return pc.mean(pc.match_substring_regex(values, pattern).cast(pa.float64())).as_py() or 0.0


def _form(values: pa.Array, mark: str, signs: list[tuple[str, str]]) -> NumberForm | None:
    """Return the form of numbers that several pairs of signs read, the likeliest of them."""
    has = {sign: pc.any(pc.match_substring_regex(values, rf"\d?{BETWEEN_THOUSANDS[sign]}\d")).as_py() for sign in ".,"}
    seen = [sign for sign in ".," if has[sign]]
    chosen, rival = signs[0], None
    if len(seen) == 1 and {(".", ""), (",", ".")} <= {*signs} and seen == ["."]:
        chosen, rival = (".", ""), (",", ".")
    elif seen == [","] and {(".", ","), (",", "")} <= {*signs}:
        chosen, rival = (".", ","), (",", "")
    pattern = number_pattern(chosen, mark)
    unread = tuple(values.filter(pc.invert(pc.match_substring_regex(values, pattern))).to_pylist())
    found = _currencies(values) if mark == CURRENCY else ()
    kind = _kind(values, chosen, mark, seen, is_money=bool(found))
    if unread and (len(unread) > (1 - FITTING) * len(values) or kind == "integer"):
        return None
    decimal = chosen[0] if chosen[0] in seen else ""
    thousands = chosen[1] if chosen[1] in seen or chosen[1] in (" ", "'") else ""
    return NumberForm(kind, decimal, thousands, rival, found, unread)


def _kind(values: pa.Array, signs: tuple[str, str], mark: str, seen: list[str], *, is_money: bool) -> str:
    if mark == PER_CENT:
        return "per cent"
    if is_money:
        return "money"
    if signs[0] == ",":
        return "decimal comma"
    if signs[1]:
        return "grouped"
    return "integer" if _share(values, rf"^{BLANK}*{MINUS}?\d+(?:[.]0+)?{BLANK}*$") >= FITTING else "number"


def _currencies(values: pa.Array) -> tuple[tuple[str, int], ...]:
    """Return the currencies whose signs stand beside values, and beside how many of them."""
    marked = pc.extract_regex(values, f"(?P<sign>{CURRENCY})").field("sign").drop_null()
    counts: dict[str, int] = {}
    for one in marked.value_counts().to_pylist():
        if one["values"]:
            code = CURRENCIES[one["values"]]
            counts[code] = counts.get(code, 0) + one["counts"]
    return tuple(sorted(counts.items(), key=lambda c: -c[1]))
