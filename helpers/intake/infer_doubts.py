"""What a draft does not know: what was not seen in the files, what can be read in two ways, what else would fit."""

from collections.abc import Iterable, Iterator, Sequence

from helpers.intake import infer_semantics, infer_transactions
from helpers.intake.infer_keys import FileForm
from helpers.intake.infer_transactions import DraftedTable
from helpers.intake.infer_types import InferredColumn
from helpers.intake.profile_text import column_in_words

NOT_KNOWN, CONFIRM = "# NOT KNOWN: ", "# TO CONFIRM: "

SOUGHT = {"customer": ("customer_id", "unit_id"), "date": (), "amount": ("amount", "value", "monthly_fee", "points")}

ASKED = {"customer": "nothing joins these records to anyone", "date": "what happened when cannot be told",
         "amount": "no money can be told"}

WITHOUT_AMOUNT = {"respondents", "responses", "items", "assignments", "experiment_aggregates", "cases"}

MOST = 6


def doubts(forms: Sequence[FileForm], tables: Sequence[DraftedTable]) -> Iterator[str]:
    """Yield a remark for the head of a profile for everything that a person has to look at before it is used.

    Parameters
    ----------
    forms : sequence of FileForm
        The files.
    tables : sequence of DraftedTable
        What they seem to feed.
    """
    if not tables:
        yield f"{NOT_KNOWN}what these files are; no table is drafted. Looked at: {_listed(forms)}"
    for subject in _unseen(tables):
        considered = _listed(forms, _may_be(subject))
        told = f"; looked at: {considered}" if considered else ""
        yield f"{NOT_KNOWN}no {subject} was seen, {ASKED[subject]}{told}"
    for form in forms:
        for column in form.columns:
            yield from (f'{CONFIRM}{form.name}."{column.name}": {said}' for said in column_doubts(column))
    yield from _rivals(forms, tables)


def column_doubts(column: InferredColumn) -> Iterator[str]:
    """Yield what is in doubt about the reading of one column, with the evidence."""
    numbers, dates = column.numbers, column.dates
    if column.n_unread:
        yield f"read as {column.kind}, which {column.evidence} are; the others will be rejected: {_unread(column)}"
    if numbers and numbers.rival:
        example = column.values[0].as_py()
        now, other = ("between thousands", "before decimals") if numbers.thousands else (
            "before decimals", "between thousands")
        yield f"'{numbers.sign}' is read as the sign {now} ({example}); it would fit {other} as well"
    if numbers and len(numbers.currencies) > 1:
        told = ", ".join(f"{code} ({n:,} different)" for code, n in numbers.currencies)
        yield f"several currencies stand in it: {told}"
    if dates and dates.n_ambiguous:
        yield (f"{dates.n_ambiguous:,} different dates fit both {' and '.join(dates.forms)} and mean another day in "
               "each; the intake stops until one is left")
    if dates and dates.rivals:
        yield f"read as {dates.forms[0]}; {dates.rivals[0]} fits every value as well"


def _unread(column: InferredColumn) -> str:
    found = column.numbers.unread if column.numbers else sorted(column.dates.unread) if column.dates else ()
    return ", ".join(repr(text) for text in found[:3]) + (" …" if len(found) > 3 else "")


def _unseen(tables: Sequence[DraftedTable]) -> Iterator[str]:
    """Yield what no drafted table has, of what most of the workbook needs."""
    made = {line.split(" = ")[0]: line for table in tables for line in table.lines if not line.startswith("#")}
    of_record = {name for name, line in made.items() if line.split(" = ")[-1].startswith("'record'")}
    there = {t.table for t in tables}
    needless = {"amount"} if there <= WITHOUT_AMOUNT else set()
    needless |= {"customer"} if there == {"experiment_aggregates"} else set()
    for subject, columns in SOUGHT.items():
        is_there = any(c in made and c not in of_record for c in columns)
        is_dated = subject == "date" and any(table.has_dates for table in tables)
        if tables and not is_there and not is_dated and subject not in needless:
            yield subject


def _may_be(subject: str) -> tuple[str, ...]:
    return {"date": ("text", "integer"), "amount": ("integer", "number", "decimal comma", "grouped", "money", "text"),
            "customer": ("text", "integer")}[subject]


def _listed(forms: Iterable[FileForm], kinds: Sequence[str] = ()) -> str:
    columns = [c for form in forms for c in form.columns]
    found = [column_in_words(c) for c in columns if not kinds or (c.kind in kinds and not c.is_scale)]
    return ", ".join(found[:MOST]) + (f" and {len(found) - MOST} more" if len(found) > MOST else "")


def _amount(orders: DraftedTable) -> str:
    line = next((text for text in orders.lines if text.startswith("amount = ")), "")
    return line.replace('\\"', '"')


def _rivals(forms: Sequence[FileForm], tables: Sequence[DraftedTable]) -> Iterator[str]:
    """Yield the other columns that fit what the main columns of orders were taken for."""
    orders = next((t for t in tables if t.table == "transactions"), None)
    form = next((f for f in forms if orders and orders.files and f.name == orders.files[0]), None)
    if orders is None or form is None:
        return
    if len(systems := [line.split('"')[1] for line in orders.lines if line.startswith("from = ")]) > 1:
        yield (f"{CONFIRM}orders of {', '.join(systems)} are taken for those of systems of their own and add up; where "
               "one repeats another's, leave it out")
    ident = next(iter(infer_semantics.fitting_columns("order_id", form.columns)), None)
    money = [c for c in form.columns if ident and f'"{c.name}"' in _amount(orders) and c != ident
             and infer_transactions.is_of_order(c, ident)]
    yield from (f"{CONFIRM}amount of the orders: {column_in_words(c)} is the same on all lines of an order, so that "
                "its sum counts an order once for each of its lines" for c in money[:1])
    for meaning in ("order_id", "customer_id", "ordered_at", "amount"):
        line = next((text for text in orders.lines if text.startswith(f"{meaning} = ")), "")
        fitting = infer_semantics.fitting_columns(meaning, form.columns)
        others = [c for c in fitting if f'"{c.name}"' not in line.replace('\\"', '"')]
        if line and others and len(others) < len(fitting):
            told = ", ".join(column_in_words(c) for c in others[:MOST])
            yield f"{CONFIRM}{meaning} of the orders; by name {told} would fit as well"
