"""Summary of what a profile makes of its files: rows, customers, period, money and first rows of each table."""

from collections.abc import Iterator, Mapping

from helpers.foundation.engine import Engine
from helpers.intake import canonicalise
from helpers.intake.canonical_tables import CanonicalTables
from helpers.intake.profiles import CANONICAL, Profile

MONEY = {"transactions": "amount", "opportunities": "value", "subscriptions": "monthly_fee"}

FIRST_ROWS, MOST_COLUMNS, WIDEST = 3, 8, 24


def table_summaries(profile: Profile, made: Mapping[str, CanonicalTables], engine: Engine) -> Iterator[str]:
    """Yield the lines that tell what becomes what, so that nonsense that is formally valid is seen at a glance.

    Parameters
    ----------
    profile : Profile
        The source profile; its currency stands behind sums of money.
    made : mapping of str to CanonicalTables
        The tables, by name without folder.
    engine : Engine
        Where they are counted.
    """
    for name, found in made.items():
        rule = profile.tables[name]
        yield f"{name} (from {rule.from_ or ', '.join(part.from_ for part in rule.parts)}): " + ", ".join(
            _facts(name, found, profile.currency, engine))
        yield from _first_rows(name, found, engine)


def _facts(name: str, found: CanonicalTables, currency: str, engine: Engine) -> Iterator[str]:
    table, when, money = found.table, canonicalise.TIMES.get(name, ""), MONEY.get(name, "")
    asked = {"n": table.count()}
    asked |= {"who": table["customer_id"].nunique()} if "customer_id" in table.columns else {}
    asked |= {"first": table[when].cast("date").min(), "last": table[when].cast("date").max()} \
        if when in table.columns else {}
    asked |= {"sum": table[money].sum()} if money in table.columns else {}
    row = engine.first_row(table.aggregate(**asked))
    yield f"{row['n']:,} row{'' if row['n'] == 1 else 's'}"
    if "who" in row:
        yield f"{row['who']:,} customer{'' if row['who'] == 1 else 's'}"
    if row.get("last"):
        yield f"{row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}"
    if row.get("sum") is not None:
        yield f"{money} {row['sum']:,.2f} {currency}".rstrip()


def _first_rows(name: str, found: CanonicalTables, engine: Engine) -> Iterator[str]:
    """Yield the first rows of a table as lines of equal columns, under their names."""
    known = [c for c in CANONICAL[name].names if c in found.table.columns]
    columns = [*known, *(c for c in found.table.columns if c not in known)][:MOST_COLUMNS]
    order = [found.accepted[c] for c in ("_file", "_record") if c in found.accepted.columns]
    first = found.accepted.order_by(*order).limit(FIRST_ROWS) if order else found.accepted.limit(FIRST_ROWS)
    rows = engine.arrow(first.select(**{c: first[c].cast("string") for c in columns})).to_pylist()
    if not rows:
        return
    cells = [columns, *([_short(row[c]) for c in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    yield from ("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
                for line in cells)


def _short(text: str | None) -> str:
    plain = " ".join((text or "").split())
    return plain if len(plain) <= WIDEST else plain[: WIDEST - 1] + "…"
