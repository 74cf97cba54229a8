"""Inferred column types: kinds, date formats, keys, missing codes, number formats."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from helpers.intake import date_formats, infer_dates, infer_numbers
from helpers.intake.expression_rules import FALSE, TRUE
from helpers.intake.infer_dates import DateForms
from helpers.intake.infer_numbers import NumberForm

MISSING = ("NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "none", "NaN", "nan", "-", "--", "?", ".", " ",
           "missing", "unknown")

OTHER_DIGITS = re.compile(r"(?![0-9])\d")

GUESS = "# guess: "

NUMBERS = ("integer", "number", "decimal comma", "grouped", "money", "per cent")

MARKED = ("money", "per cent")

NOT_OF_NUMBERS = r"\p{L}+[.]?|[\p{Sc}%\x{ff05}]"

LIMIT, SAMPLED = 2_000, 20_000

POINT_ZERO = r"[.]0+$"

PARTS_OF_DATE = (r"(?P<year>year|jahr|année|annee|año|anno)|(?P<month>month|monat|mois|mes|mese)|"
                 r"(?P<day>day|tag|jour|día|giorno)")

PART_OF_DATE = rf"(?:.*[\W_])?(?:{PARTS_OF_DATE})(?:[\W_].*)?"

CODE = r"^[A-Z]{2}$"  # as countries and states have; NA is Namibia among them


@dataclass(frozen=True, slots=True)
class InferredColumn:
    """What one column seems to be.

    Parameters
    ----------
    name : str
        As landed.
    kind : str
        ``integer``, ``number``, ``decimal comma``, ``grouped`` (1,234.50), ``money`` (a number with a currency's sign),
        ``per cent``, ``flag``, ``date``, ``time``, ``text`` or ``empty``.
    formats : tuple of str
        The fewest forms of a date that read every value looked at.
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
    numbers : NumberForm, optional
        How its numbers are written.
    dates : DateForms, optional
        How its dates are written.
    n_given, n_unread : int
        Values looked at, repeated ones counted, and those among them that are not of the kind.
    emptied : tuple of str
        Missing codes that mean nothing here but something in another column of the file.
    has_point_zero : bool
        Whether its whole numbers end in ``.0``, as those of a spreadsheet with gaps do; its values are told without.
    is_swapped : bool
        Whether its decimals have another sign than those of the file.
    expression : str
        How it is made from several columns of the file; empty for one that stands there.
    wording : str
        What the file says that it is, such as the question of a survey; empty where it says nothing.
    labels : dict of str to str
        Code → label, where the file has any.
    commonest : str
        The value that most records have.
    sample : Array of string
        The first values in the order of the records, empty ones too; of several files those of the first.
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
    numbers: NumberForm | None = None
    dates: DateForms | None = None
    n_given: int = 0
    n_unread: int = 0
    emptied: tuple[str, ...] = ()
    has_point_zero: bool = False
    is_swapped: bool = False
    expression: str = ""
    wording: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    commonest: str = ""
    sample: pa.Array = field(default_factory=lambda: pa.array([], pa.string()), compare=False, repr=False)

    @property
    def plain(self) -> str:
        """The column's name as expressions write it, without its missing codes."""
        if self.expression:
            return self.expression
        own = '"' + self.name.replace('"', '""') + '"'
        own = f"{self.via}.{own}" if self.via.isidentifier() else f'"{self.via}".{own}' if self.via else own
        return reduce(lambda text, code: f"nullif({text}, {_sql_text(code)})", self.emptied, own)

    @property
    def quoted(self) -> str:
        """The column as an expression of text."""
        return f"regexp_replace({self.plain}, '{POINT_ZERO}', '')" if self.has_point_zero else self.plain

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers, however they are written."""
        return self.kind in NUMBERS

    @property
    def as_number(self) -> str:
        """The column as an expression that is a number: without the signs of currencies and of per cent."""
        bare = f"regexp_replace({self.plain}, '{NOT_OF_NUMBERS}', '')" if self.kind in MARKED else self.plain
        return f"replace({bare}, '.', ',')" if self.is_swapped else bare

    @property
    def evidence(self) -> str:
        """How many of the values looked at are of the kind, where not all are."""
        return f"{self.n_given - self.n_unread:,} of {self.n_given:,} values" if self.n_unread else ""

    @property
    def is_moment(self) -> bool:
        """Whether it holds dates or times."""
        return self.kind in ("date", "time")

    @property
    def is_scale(self) -> bool:
        """Whether it looks like answers on a scale."""
        return self.kind == "integer" and 3 <= self.n_distinct <= 11 and self.low >= 0 and self.high <= 10


def _sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def infer_column(name: str, texts: Sequence[str | None] | pa.Array) -> InferredColumn:
    """Return what a column seems to be, from its texts."""
    whole = pa.array(texts, pa.string())
    counted = whole.drop_null().value_counts()
    distinct, counts = counted.field("values"), counted.field("counts")
    missing = _missing(distinct)
    left = distinct.filter(pc.invert(pc.is_in(distinct, pa.array(missing, pa.string()))))
    if not len(left):
        return InferredColumn(name, "empty", missing=missing)
    found = _kind(name, left)
    if found.kind == "text":  # a word such as "none" among other words is an answer
        missing = tuple(m for m in missing if m in MISSING[:4] or not m.strip())
    is_unread = pc.is_in(distinct, pa.array(_unread(found), pa.string()))
    most = pc.max(counts.filter(pc.is_in(distinct, left)))
    commonest = distinct.filter(pc.and_(pc.equal(counts, most), pc.is_in(distinct, left)))[0].as_py()
    n_given = len(whole) - whole.null_count - _sum(counts.filter(pc.is_in(distinct, pa.array(missing, pa.string()))))
    return replace(found, missing=missing, is_unique=len(distinct) == len(whole) and not missing, n_distinct=len(left),
                   n_given=n_given, n_unread=_sum(counts.filter(is_unread)), commonest=commonest,
                   sample=whole.slice(0, SAMPLED))


def different_values(name: str, texts: pa.Array) -> InferredColumn:
    """Return a column of which nothing is known yet but its different values and whether it may be a key.

    Of many files with the same columns only all values together tell what a column is; see `infer_column`.
    """
    distinct = texts.drop_null().unique()
    return InferredColumn(name, "", is_unique=len(distinct) == len(texts), values=distinct)


def _missing(values: pa.Array) -> tuple[str, ...]:
    """Return the values that mean nothing was recorded; not NA among codes of two letters, where it is Namibia."""
    found = [m for m in MISSING if pc.any(pc.equal(values, m)).as_py()]
    others = values.filter(pc.invert(pc.is_in(values, pa.array(found, pa.string()))))
    has_codes = len(others) and pc.all(pc.match_substring_regex(others, CODE)).as_py()
    return tuple(m for m in found if not (m == "NA" and has_codes))


def _unread(found: InferredColumn) -> Sequence[str]:
    return found.numbers.unread if found.numbers else tuple(found.dates.unread) if found.dates else ()


def _sum(counts: pa.Array) -> int:
    return pc.sum(counts).as_py() or 0


def _kind(name: str, left: pa.Array) -> InferredColumn:
    """Return a column with its kind and what goes with it."""
    first = left.slice(0, LIMIT).to_pylist()
    if any(OTHER_DIGITS.search(t) for t in first):  # Python reads them; engines do not
        return InferredColumn(name, "text", values=left)
    if len(left) <= 2 and all(t.lower() in (*TRUE, *FALSE) for t in first):
        return InferredColumn(name, "flag", values=left)
    if dates := infer_dates.infer_dates(name, first):
        kind = "time" if dates.has_clock else "date"
        return InferredColumn(name, kind, dates.forms, values=left, dates=dates)
    numbers = infer_numbers.infer_numbers(left)
    if numbers is None:
        return InferredColumn(name, "text", values=left)
    read = left.filter(pc.invert(pc.is_in(left, pa.array(numbers.unread, pa.string()))))
    low, high = infer_numbers.number_range(read, numbers)
    has_point_zero = numbers.kind == "integer" and pc.any(pc.match_substring_regex(read, POINT_ZERO)).as_py()
    values = pc.replace_substring_regex(read, POINT_ZERO, "") if has_point_zero else left
    return InferredColumn(name, numbers.kind, low=low, high=high, values=values, numbers=numbers,
                          has_point_zero=has_point_zero)


# --- a date in several columns ---


def with_joined_dates(columns: Sequence[InferredColumn]) -> tuple[InferredColumn, ...]:
    """Return columns with a date for those of years, months and perhaps days that are named alike but for that.

    A month without a day is dated by its first day.

    Parameters
    ----------
    columns : sequence of InferredColumn
        Of one file.
    """
    parts: dict[str, dict[str, InferredColumn]] = {}
    for column in columns:
        if found := re.fullmatch(PART_OF_DATE, column.name.lower()):
            part = next(name for name, value in found.groupdict().items() if value)
            parts.setdefault(re.sub(PARTS_OF_DATE, "", column.name.lower()), {})[part] = column
    dates = {rest: told for rest, told in parts.items() if _is_date(told)}
    taken = [c for told in dates.values() for c in told.values()]
    return (*(c for c in columns if c not in taken), *(_joined_date(rest, told) for rest, told in dates.items()))


def _is_date(told: Mapping[str, InferredColumn]) -> bool:
    """Return whether a year and a month are there, with values that are such."""
    year, month, day = (told.get(part) for part in ("year", "month", "day"))
    if year is None or month is None or year.kind != "integer" or not 1900 <= year.low <= year.high <= 2100:
        return False
    is_named = month.kind == "text" and all(date_formats.plain_word(v) in date_formats.month_numbers()
                                            for v in month.values.to_pylist())
    is_month = is_named or (month.kind == "integer" and 1 <= month.low <= month.high <= 12)
    return is_month and (day is None or (day.kind == "integer" and 1 <= day.low <= day.high <= 31))


def _joined_date(rest: str, told: Mapping[str, InferredColumn]) -> InferredColumn:
    year, month, day = told["year"], told["month"], told.get("day")
    form = "%Y-%b-%d" if month.kind == "text" else "%Y-%m-%d"
    name = f"{rest.strip(' _-.')} date".strip()
    made = f"{year.quoted} || '-' || {month.quoted} || " + (f"'-' || {day.quoted}" if day else "'-1'")
    n = year.n_distinct * month.n_distinct * (day.n_distinct if day else 1)
    return InferredColumn(name, "date", (form,), n_distinct=n, n_given=year.n_given, expression=made)


# --- what one column tells of another ----------------------------------------------------------------------------


def settle_columns(columns: Sequence[InferredColumn], delimiter: str) -> list[InferredColumn]:
    """Return the columns of a file read alike: signs of numbers and the order of day and month are those of the file.

    Parameters
    ----------
    columns : sequence of InferredColumn
        All of one file.
    delimiter : str
        Between its fields.
    """
    decimal, _ = file_signs(columns, delimiter)
    shared = {m for c in columns for m in c.missing}
    held = {m for m in shared for c in columns if m not in c.missing and pc.any(pc.equal(c.values, m)).as_py()}
    return [_settled(c, columns, decimal, held) for c in columns]


def file_signs(columns: Sequence[InferredColumn], delimiter: str) -> tuple[str, str]:
    """Return the signs before decimals and between thousands of a file's numbers.

    What some column shows without doubt goes first. Where every number may be read in two ways, such as 1.050, days
    written 31.12.2024 or a semicolon between fields speak for the comma.
    """
    told = [c.numbers for c in columns if c.numbers]
    sure = [n for n in told if not n.rival]
    shown = {n.decimal for n in sure if n.kind != "integer"} | {_other(n.thousands) for n in sure}
    is_continental = delimiter == ";" or any("%d.%m" in form for c in columns for form in c.formats)
    has_doubt = len(sure) < len(told)
    decimal = "," if "," in shown or (has_doubt and is_continental and "." not in shown) else "."
    seen = [n.thousands for n in sure if n.thousands and n.thousands != decimal]
    seen += [n.sign for n in told if n.rival and n.sign != decimal]
    return decimal, next(iter(seen), "." if decimal == "," else "")


def _other(sign: str) -> str:
    return {".": ",", ",": "."}.get(sign, "")


def _settled(
    column: InferredColumn, columns: Sequence[InferredColumn], decimal: str, held: Collection[str]
) -> InferredColumn:
    emptied = tuple(m for m in column.missing if m in held)
    column = replace(column, emptied=emptied, missing=tuple(m for m in column.missing if m not in held))
    if column.dates:
        others = [c.dates for c in columns if c.dates and c.name != column.name]
        dates = infer_dates.with_order(column.dates, others)
        return replace(column, dates=dates, formats=dates.forms)
    numbers = column.numbers
    if numbers is None:
        return column
    if numbers.rival and (numbers.sign == decimal) != (numbers.sign == numbers.decimal):
        turned = numbers.turned
        low, high = infer_numbers.number_range(column.values, turned)
        return replace(column, kind=turned.kind, numbers=turned, low=low, high=high)
    is_swapped = decimal == "," and numbers.decimal == "." and column.kind != "integer"
    return replace(column, is_swapped=is_swapped)
