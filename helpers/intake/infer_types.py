"""Inferred column types: kinds, date formats, keys, missing codes, number formats."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from helpers.intake.expression_rules import FALSE, TRUE

MISSING = ("NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "none", "NaN", "nan", "-", "--", "?", ".", " ",
           "missing", "unknown")

DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d", "%d/%m/%y",
        "%m/%d/%y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y")

CLOCKS = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M:%S%z", " %H:%M:%S%z", "T%H:%M%z", " %I:%M %p", " %I:%M:%S %p")

LIMIT = 2_000

OTHER_DIGITS = re.compile(r"(?![0-9])\d")

GUESS = "# guess: "

NUMBERS = ("integer", "number", "decimal comma", "grouped", "money")

CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₩": "KRW", "zł": "PLN", "R$": "BRL"} | {c: c for c in (
    "EUR", "USD", "GBP", "CHF", "JPY", "KRW", "CNY", "PLN", "SEK", "NOK", "DKK", "CZK", "HUF", "CAD", "AUD", "BRL",
    "INR", "TRY", "ZAR", "MXN", "SGD", "HKD", "NZD", "RON", "THB")}

SIGN = "(?:" + "|".join(re.escape(c) for c in sorted(CURRENCIES, key=len, reverse=True)) + ")"

PLAIN = r"-?(?:\d+|\d{1,3}(?:[.,]\d{3})+)(?:[.,]\d{1,4})?"

FORMS = {
    "decimal comma": r"\s*[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?\s*",
    "grouped": r"\s*[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?\s*",
    "money": rf"\s*(?:-?{SIGN}\s?{PLAIN}|{PLAIN}\s?{SIGN})\s*",
}


@dataclass(frozen=True, slots=True)
class InferredColumn:
    """What one column seems to be.

    Parameters
    ----------
    name : str
        As landed.
    kind : str
        ``integer``, ``number``, ``decimal comma``, ``grouped`` (1,234.50), ``money`` (a number with a currency's sign),
        ``flag``, ``date``, ``time``, ``text`` or ``empty``.
    formats : tuple of str
        Forms of a date that fit every value looked at; more than one where it cannot be told.
    missing : tuple of str
        Texts that seem to mean that nothing was recorded.
    is_unique : bool
        Whether no value is empty or repeated.
    low, high : float
        Of numbers.
    n_distinct : int
        Different values.
    values : Array of string
        The different values that were looked at; of a key all there are.
    via : str
        The second file that it stands in, as expressions call it; empty for a column of the file itself.
    """

    name: str
    kind: str
    formats: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    is_unique: bool = False
    low: float = 0.0
    high: float = 0.0
    n_distinct: int = 0
    values: pa.Array = field(default_factory=lambda: pa.array([], pa.string()), compare=False, repr=False)
    via: str = ""

    @property
    def quoted(self) -> str:
        """The column as an expression."""
        own = '"' + self.name.replace('"', '""') + '"'
        return f"{self.via}.{own}" if self.via.isidentifier() else f'"{self.via}".{own}' if self.via else own

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers, however they are written."""
        return self.kind in NUMBERS

    @property
    def as_number(self) -> str:
        """The column as an expression that is a number."""
        return f"regexp_replace({self.quoted}, '[^0-9.,-]', '')" if self.kind == "money" else self.quoted

    @property
    def is_moment(self) -> bool:
        """Whether it holds dates or times."""
        return self.kind in ("date", "time")

    @property
    def is_scale(self) -> bool:
        """Whether it looks like answers on a scale."""
        return self.kind == "integer" and 3 <= self.n_distinct <= 11 and self.low >= 0 and self.high <= 10


def infer_column(name: str, texts: Sequence[str | None]) -> InferredColumn:
    """Return what a column seems to be, from its texts."""
    given = [t for t in texts if t is not None]
    distinct = list(dict.fromkeys(given))
    missing = tuple(m for m in MISSING if m in distinct)
    left = [t for t in distinct if t not in missing]
    if not left:
        return InferredColumn(name, "empty", missing=missing)
    kind, formats = _kind(left)
    if kind == "text":  # a word such as "none" among other words is an answer
        missing, left = tuple(m for m in missing if m in MISSING[:4] or not m.strip()), left
    numbers = [_number(t, kind) for t in left] if kind in NUMBERS else [0.0]
    return InferredColumn(name, kind, formats, missing, len(distinct) == len(texts) == len(given) and not missing,
                  min(numbers), max(numbers), len(left), pa.array(left, pa.string()))


def _number(text: str, kind: str) -> float:
    bare = re.sub(r"[^0-9.,+eE-]", "", text) if kind == "money" else text
    if kind == "decimal comma" or (kind == "money" and re.search(r",\d\d?$", bare)):
        return float(bare.replace(".", "").replace(",", "."))
    return float(bare.replace(",", ""))


def _kind(left: list[str]) -> tuple[str, tuple[str, ...]]:
    if any(OTHER_DIGITS.search(t) for t in left):  # Python reads them; engines do not
        return "text", ()
    if len(left) <= 2 and all(t.lower() in (*TRUE, *FALSE) for t in left):
        return "flag", ()
    found = [d + c for d in DAYS for c in CLOCKS if _fits(left[:LIMIT], d + c)]
    if found and not (found[0] == "%Y%m%d" and len({len(t) for t in left}) > 1):
        return ("time" if "%M" in found[0] else "date"), tuple(found[:2])
    if all(re.fullmatch(r"\s*[+-]?\d+(\.0+)?\s*", t) for t in left):
        return "integer", ()
    if all(re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", t) for t in left):
        return "number", ()
    return next((kind for kind, form in FORMS.items() if all(re.fullmatch(form, t) for t in left)), "text"), ()


def _fits(texts: list[str], form: str) -> bool:
    if form == "%Y%m%d" and any(len(t) != 8 for t in texts):
        return False
    try:
        return all(datetime.strptime(t, form) for t in texts)
    except ValueError:
        return False
