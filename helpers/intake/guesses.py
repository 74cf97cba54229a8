"""Guesses about columns and tables of files that nobody has described: kinds, dates, keys, missing codes, meanings."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from helpers.intake.scopes import FALSE, TRUE

MISSING = ("NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "none", "NaN", "nan", "-", "--", "?", ".", " ",
           "missing", "unknown")
DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d", "%d/%m/%y",
        "%m/%d/%y")
CLOCKS = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S")
LIMIT = 2_000
GUESS = "# guess: "
MEANINGS = {  # in the order in which they are looked for; words as they stand in names, in several languages
    "order_id": r"(order|invoice|transaction|receipt|ticket|basket|bestell(ung)?|rechnung|commande|facture|pedido)",
    "customer_id": r"(customer|client|cust|user|member|loyalty|kunde|buyer|player|guest|household|person|"
                   r"account)",
    "amount": r"(amount|total|revenue|sales|turnover|betrag|umsatz|montant|paid|payment|spend|value|net|importe)",
    "quantity": r"(qty|quantity|menge|anzahl|units|quantite|cantidad)",
    "price": r"(unitprice|price|preis|prix|precio)",
    "product_id": r"(sku|product|article|artikel|stockcode|produit|item)",
    "category": r"(category|kategorie|group|department)",
    "discount": r"(discount|rabatt|remise|rebate)",
    "channel": r"(channel|kanal|store|shop|filiale)",
    "has_ended": r"(churn|exited|attrition|cancelled|canceled|left|ended)",
    "tenure_months": r"tenure",
    "monthly_fee": r"monthly",
    "variant": r"(variant|variante|treatment|arm|version|segment)",
}


@dataclass(frozen=True, slots=True)
class Column:
    """What one column seems to be.

    Parameters
    ----------
    name : str
        As landed.
    kind : str
        ``integer``, ``number``, ``decimal comma``, ``flag``, ``date``, ``time``, ``text`` or ``empty``.
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
    """

    name: str
    kind: str
    formats: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    is_unique: bool = False
    low: float = 0.0
    high: float = 0.0
    n_distinct: int = 0

    @property
    def quoted(self) -> str:
        """The column as an expression."""
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def is_scale(self) -> bool:
        """Whether it looks like answers on a scale."""
        return self.kind == "integer" and 3 <= self.n_distinct <= 11 and self.low >= 0 and self.high <= 10


@dataclass(frozen=True, slots=True)
class Drafted:
    """Lines of one or several tables, and whether they have dates."""

    lines: tuple[str, ...]
    has_dates: bool = False


def column(name: str, texts: Sequence[str | None]) -> Column:
    """Return what a column seems to be, from its texts."""
    given = [t for t in texts if t is not None]
    distinct = list(dict.fromkeys(given))
    missing = tuple(m for m in MISSING if m in distinct)
    left = [t for t in distinct if t not in missing]
    if not left:
        return Column(name, "empty", missing=missing)
    kind, formats = _kind(left)
    if kind == "text":  # a word such as "none" among other words is an answer
        missing, left = tuple(m for m in missing if m in MISSING[:4] or not m.strip()), left
    numbers = [float(t.replace(".", "").replace(",", ".") if kind == "decimal comma" else t) for t in left] \
        if kind in ("integer", "number", "decimal comma") else [0.0]
    return Column(name, kind, formats, missing, len(distinct) == len(texts) == len(given) and not missing,
                  min(numbers), max(numbers), len(left))


def _kind(left: list[str]) -> tuple[str, tuple[str, ...]]:
    if len(left) <= 2 and all(t.lower() in (*TRUE, *FALSE) for t in left):
        return "flag", ()
    found = [d + c for d in DAYS for c in CLOCKS if _fits(left[:LIMIT], d + c)]
    if found and not (found[0] == "%Y%m%d" and len({len(t) for t in left}) > 1):
        return ("time" if "%H" in found[0] else "date"), tuple(found[:2])
    if all(re.fullmatch(r"\s*[+-]?\d+(\.0+)?\s*", t) for t in left):
        return "integer", ()
    if all(re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", t) for t in left):
        return "number", ()
    if all(re.fullmatch(r"\s*[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?\s*", t) for t in left):
        return "decimal comma", ()
    return "text", ()


def _fits(texts: list[str], form: str) -> bool:
    if form == "%Y%m%d" and any(len(t) != 8 for t in texts):
        return False
    try:
        return all(datetime.strptime(t, form) for t in texts)
    except ValueError:
        return False


# --- tables ------------------------------------------------------------------------------------------------------


def tables(files: Sequence[tuple[str, Sequence[Column]]]) -> list[Drafted]:
    """Return drafted tables for each file: orders, contracts, an experiment, a survey, else customers."""
    return [_table(name, columns) for name, columns in files]


def _table(name: str, columns: Sequence[Column]) -> Drafted:
    known = _meanings(columns)
    dates = [c for c in columns if c.kind in ("date", "time")]
    scales = [c for c in columns if c.is_scale]
    if dates and ("amount" in known or {"quantity", "price"} <= known.keys()):
        return Drafted(tuple(_orders(name, columns, known, dates)), True)
    if "has_ended" in known:
        return Drafted(tuple(_contracts(name, columns, known)))
    if "variant" in known and len(scales) < 3:
        return Drafted(tuple(_experiment(name, columns, known)))
    if len(scales) >= 3 and len(scales) >= 0.3 * len(columns):
        return Drafted(tuple(_survey(name, columns, known, scales)))
    return Drafted(tuple(_people(name, columns, known, dates)), bool(dates))


def _meanings(columns: Sequence[Column]) -> dict[str, Column]:
    """Return the column that each meaning seems to have; a column has one meaning, a name that begins so goes first."""
    found: dict[str, Column] = {}
    numbers = ("integer", "number", "decimal comma")
    kinds = {"amount": numbers, "quantity": numbers, "price": numbers, "discount": numbers, "tenure_months": numbers,
             "monthly_fee": numbers, "has_ended": ("flag",)}
    for meaning, words in MEANINGS.items():
        fitting = [c for c in columns if c not in found.values() and c.kind in kinds.get(meaning, (c.kind,))
                   and (meaning in kinds or c.kind not in ("date", "time", "empty")) and not c.is_scale | (
                       meaning == "variant" and c.n_distinct > 6)]
        plain = [(c, re.sub(r"[\W_]", "", c.name.lower())) for c in fitting]
        ranked = [c for c, n in plain if re.match(words, n)] + [c for c, n in plain if re.search(words, n)]
        if meaning.endswith("_id"):  # an id is called so, or stands alone
            ends = [c for c in ranked if re.search(r"(id|no|nr|nummer|number|code|key)$", c.name.lower().strip())]
            ranked = ends or [c for c in ranked if re.fullmatch(words, re.sub(r"[\W_]", "", c.name.lower()))] or \
                (ranked if meaning == "product_id" else [])
        if ranked:
            found[meaning] = ranked[0]
    if "customer_id" not in found:
        alone = [c for c in columns if re.fullmatch(r"(id|.*[\W_]id)", c.name.lower()) and c not in found.values()]
        is_order = alone and alone[0].is_unique and "order_id" not in found and any(
            c.kind in ("date", "time") for c in columns)
        found |= {"order_id" if is_order else "customer_id": alone[0]} if alone else {}
    return found


def _line(column: str, made: str, why: str = "") -> str:
    quote = f"'{made}'" if "'" not in made and "\n" not in made else json.dumps(made, ensure_ascii=False)
    return f"{column} = {quote}" + (f" {GUESS}{why}" if why else "")


def _moment(name: str, found: Column) -> str:
    form = json.dumps(found.formats[0])
    other = f" {GUESS}or {found.formats[1]}, which fits as well" if len(found.formats) > 1 else f" {GUESS}when"
    return f"{name} = {{ from = {json.dumps(found.quoted, ensure_ascii=False)}, formats = [{form}] }}{other}"


def _rest(columns: Sequence[Column], used: Sequence[Column]) -> Iterator[str]:
    for c in columns:
        if c not in used:
            yield f"# not used: {json.dumps(c.name, ensure_ascii=False)} ({c.kind}, {c.n_distinct:,} different values)"


def _orders(name: str, columns: Sequence[Column], known: dict[str, Column], dates: list[Column]) -> Iterator[str]:
    yield from ("[tables.transactions]", f'from = "{name}"', "[tables.transactions.columns]")
    yield _line("order_id", known["order_id"].quoted if "order_id" in known else "record",
                "the order" if "order_id" in known else "no column names the order; each record is one")
    if "customer_id" in known:
        yield _line("customer_id", known["customer_id"].quoted, "who bought")
    yield _moment("ordered_at", dates[0])
    yield _line("kind", "'sale'" if _low(known) >= 0 else _refund(known), "what is below zero is a refund")
    made = known["amount"].quoted if "amount" in known else f"{known['quantity'].quoted} * {known['price'].quoted}"
    yield _line("amount", made, "money of the line")
    for meaning, target in (("quantity", "quantity"), ("price", "list_price"), ("product_id", "product_id"),
                            ("category", "category"), ("discount", "discount"), ("channel", "channel")):
        if meaning in known:
            yield _line(target, known[meaning].quoted, target.replace("_", " "))
    used = [known[m] for m in known if m in ("order_id", "customer_id", "amount", "quantity", "price", "product_id",
                                             "category", "discount", "channel")]
    yield from _rest(columns, [*used, dates[0]])


def _low(known: dict[str, Column]) -> float:
    return min(known[m].low for m in ("amount", "quantity") if m in known)


def _refund(known: dict[str, Column]) -> str:
    sign = known["amount"] if "amount" in known else known["quantity"]
    return f"case when {sign.quoted} < 0 then 'refund' else 'sale' end"


def _contracts(name: str, columns: Sequence[Column], known: dict[str, Column]) -> Iterator[str]:
    who = known["customer_id"].quoted if "customer_id" in known else "record"
    used = [known[m] for m in ("customer_id", "has_ended", "tenure_months", "monthly_fee") if m in known]
    yield from ("[tables.subscriptions]", f'from = "{name}"', "[tables.subscriptions.columns]")
    yield _line("subscription_id", who, "the contract")
    yield _line("customer_id", who, "who holds it")
    yield _line("has_ended", known["has_ended"].quoted, "whether it has ended")
    for meaning in ("tenure_months", "monthly_fee"):
        if meaning in known:
            yield _line(meaning, known[meaning].quoted, meaning.replace("_", " "))
    for c in columns:
        if c not in used and c.kind != "empty":
            yield _own("attribute_", c)


def _own(prefix: str, c: Column) -> str:
    """Return a line that keeps a column under a name of its own."""
    name = re.sub(r"\W+", "_", c.name.lower()).strip("_") or "column"
    name = name if name.isascii() else json.dumps(prefix + name, ensure_ascii=False)
    kind = {"integer": "number", "number": "number", "decimal comma": "number", "flag": "flag"}.get(c.kind, "text")
    key = name if name.startswith('"') else prefix + name
    return f'{key} = {{ from = {json.dumps(c.quoted, ensure_ascii=False)}, type = "{kind}" }}'


def _experiment(name: str, columns: Sequence[Column], known: dict[str, Column]) -> Iterator[str]:
    unit = known["customer_id"] if known.get("customer_id", Column("", "")).is_unique else None
    yield from ("[tables.assignments]", f'from = "{name}"', "[tables.assignments.columns]")
    yield _line("experiment", f"'{name}'", "what it is called")
    yield _line("unit_id", unit.quoted if unit else "record", "who was assigned")
    yield _line("variant", known["variant"].quoted, "the arm; one of them should be called control")
    for c in columns:
        if c not in (unit, known["variant"]) and c.kind in ("integer", "number", "flag", "decimal comma"):
            yield f"{_own('metric_', c)} {GUESS}an outcome; covariate_ where it was known before"


def _survey(
    name: str, columns: Sequence[Column], known: dict[str, Column], scales: list[Column]
) -> Iterator[str]:
    ident = next((c for c in columns if c.is_unique and c not in scales), None)
    who = ident.quoted if ident else "record"
    yield from ("[tables.respondents]", f'from = "{name}"', "[tables.respondents.columns]")
    yield _line("response_id", who, "the completed survey" if ident else "no column is unique; each record is one")
    for c in columns:
        if c not in (ident, *scales) and c.kind != "empty":
            yield _own("demographic_", c)
    asked = json.dumps([c.name for c in scales], ensure_ascii=False)
    yield from ("", "[tables.responses]", f'from = "{name}"',
                f"unpivot = {{ columns = {asked} }} {GUESS}the questions", "[tables.responses.columns]",
                _line("response_id", who), _line("item", "item"), _line("score", "answer"), "", "[tables.items]",
                "defaults = { is_reversed = false }", "rows = [")
    low, high = min(c.low for c in scales), max(c.high for c in scales)
    for c in scales:
        role = "satisfaction" if re.search("satisf|zufried", c.name.lower()) else "recommend" if re.search(
            "recommend|nps|empfehl", c.name.lower()) else "performance"
        text = json.dumps(c.name, ensure_ascii=False)
        yield f'  {{ item = {text}, role = "{role}", scale_low = {low:g}, scale_high = {high:g} }}, {GUESS}role, scale'
    yield "]"


def _people(name: str, columns: Sequence[Column], known: dict[str, Column], dates: list[Column]) -> Iterator[str]:
    key = next((c for c in (known.get("customer_id"), *columns) if c and c.is_unique), None)
    yield from ("[tables.customers]", f'from = "{name}"', "[tables.customers.columns]")
    yield _line("customer_id", key.quoted if key else "record", "the key" if key else "no column is unique")
    if dates:
        yield _moment("joined_on", dates[0])
    for c in columns:
        if c not in (key, *dates[:1]) and c.kind != "empty":
            yield _own("demographic_", c)
