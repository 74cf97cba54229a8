"""Redaction of a run's files: tables without a person's rows, notebooks and pages without their lines.

An id that could as well be a number or a word, such as 17, is looked for only where ids stand: in the columns of
people, and behind the word customer. Any other id is looked for everywhere.
"""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from helpers.foundation import parquet_files, spreadsheets

PEOPLE = ("customer_id", "unit_id", "from_customer", "to_customer")

SURVEY, NAMED, REJECTED = "response_id", "referred_by", "text"

GONE = "[erased]"

HEADINGS = {"customer id", "customer", "customers", "unit id", "unit", "from customer", "to customer", "referred by",
            *PEOPLE}

FIGURE = "<p>A figure stood here that showed somebody who was erased at request.</p>"

_ROW, _CELL = re.compile(r"<tr\b.*?</tr>", re.DOTALL), re.compile(r"<(t[hd])\b[^>]*>(.*?)</\1>", re.DOTALL)

_TABLE, _DRAWING = re.compile(r"<table\b.*?</table>", re.DOTALL), re.compile(r"<svg\b.*?</svg>", re.DOTALL)

_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is taken out.

    Parameters
    ----------
    ids : tuple of str
        As the canonical tables hold them.
    answers : tuple of str
        Surveys that the person answered, by ``response_id``.
    """

    ids: tuple[str, ...]
    answers: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """Ids that nothing else is likely to be called by."""
        return tuple(i for i in self.ids if is_identifying(i))

    @property
    def words(self) -> re.Pattern:
        """The ids in a sentence."""
        telling = [rf"(?<!\w){re.escape(form)}(?!\w)" for i in self.told for form in written_forms(i)]
        others = [rf"(?<=customer ){re.escape(i)}(?!\w)" for i in self.ids if i not in self.told]
        return re.compile("|".join([*telling, *others]))

    def stands_in(self, cell: str, heading: str) -> bool:
        """Return whether a cell of a table shows the person."""
        return cell in self.told or (cell in self.ids and heading.strip().lower() in HEADINGS)


def is_identifying(customer: str) -> bool:
    """Return whether an id can hardly be anything else, a count, a year or a word.

    Examples
    --------
    >>> [is_identifying(i) for i in ("17", "2011", "ann", "17850", "c17", "ann@example.org")]
    [False, False, False, True, True, True]
    """
    n_digits = sum(map(str.isdigit, customer))
    is_mixed = 0 < n_digits < len(customer) and len(customer) >= 3
    return is_mixed or n_digits >= 5 or "@" in customer


# --- tables ------------------------------------------------------------------------------------------------------


def table_without(path: Path, target: Path, person: Person) -> int | None:
    """Write a Parquet file without a person; return the rows taken out, None where it holds nothing of them.

    Rows of the person go; where others name the person, the name goes; of a rejected record only its place stays.
    """
    with pq.ParquetFile(path) as old:
        texts = [field.name for field in old.schema_arrow if _is_text(field.type)]
        if not any(_cleaned(batch, person) is not batch for batch in old.iter_batches(columns=texts)):
            return None
        with pq.ParquetWriter(target, old.schema_arrow, compression="zstd") as new:
            for batch in old.iter_batches():
                new.write_batch(_cleaned(batch, person))
        return old.metadata.num_rows - pq.read_metadata(target).num_rows


def survey_answers_of(path: Path, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the surveys that somebody answered, from a table that knows who did."""
    known = pq.read_schema(path).names
    if not {"customer_id", SURVEY} <= set(known):
        return ()
    found = parquet_files.load_table(path, ["customer_id", SURVEY])
    theirs = found.filter(pc.is_in(found["customer_id"], pa.array(ids, found.schema.field("customer_id").type)))
    return tuple(sorted({i for i in theirs[SURVEY].to_pylist() if i is not None}))


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _cleaned(batch: pa.RecordBatch, person: Person) -> pa.RecordBatch:
    """Return a batch without a person; the batch itself where it holds nothing of them."""
    gone = [pc.is_in(batch[c], pa.array(keys, batch[c].type)).fill_null(False)
            for c, keys in [*((c, person.ids) for c in PEOPLE), (SURVEY, person.answers)]
            if c in batch.schema.names and keys]
    for is_theirs in gone:
        if pc.any(is_theirs).as_py():
            both = gone[0]
            for other in gone[1:]:
                both = pc.or_(both, other)
            return _unnamed(batch.filter(pc.invert(both)), person)
    return _unnamed(batch, person)


def _unnamed(batch: pa.RecordBatch, person: Person) -> pa.RecordBatch:
    for name in batch.schema.names:
        column = batch[name]
        if not _is_text(column.type) or name in (*PEOPLE, SURVEY):
            continue
        if name == NAMED:
            is_named = pc.is_in(column, pa.array(person.ids, column.type)).fill_null(False)
            clean = pc.if_else(is_named, pa.scalar(None, column.type), column)
        elif name == REJECTED and {"reasons", "record"} <= set(batch.schema.names):
            is_named = _speaks_of(column, person)
            clean = pc.if_else(is_named, pa.scalar(None, column.type), column)
        else:
            is_named = pc.and_(_speaks_of(column, person), pc.match_substring_regex(column, r"\s").fill_null(False))
            clean = pa.array([text_without(t, person) if n else t for t, n in zip(
                column.to_pylist(), is_named.to_pylist(), strict=True)], column.type) if pc.any(is_named).as_py() \
                else column
        if pc.any(is_named).as_py():
            batch = batch.set_column(batch.schema.get_field_index(name), name, clean)
    return batch


def _speaks_of(texts: pa.Array, person: Person) -> pa.Array:
    quoted = "|".join(re.sub(r"([^\w])", r"\\\1", i) for i in person.ids)
    return pc.match_substring_regex(texts, rf"(^|[^\w])({quoted})($|[^\w])").fill_null(False)


# --- texts, pages, notebooks -------------------------------------------------------------------------------------


def text_without(text: str, person: Person) -> str:
    """Return a text in which the person is named no more."""
    return person.words.sub(GONE, text) if person.words.pattern else text


def lines_without(text: str, person: Person) -> str:
    """Return the text of tables, ``a | b``, without the lines of a person, and other text without the name."""
    kept, headings = [], []
    for line in text.split("\n"):
        cells = line.split(" | ")
        if len(cells) > 1 and len(cells) != len(headings):
            headings = cells
        if len(cells) > 1 and _shows(cells, headings, person):
            continue
        kept.append(line)
    return text_without("\n".join(kept), person)


def html_without(html: str, person: Person) -> str:
    """Return HTML without the rows of a person in its tables, figures that show one, and the name anywhere else."""
    html = _TABLE.sub(lambda m: _table_without(m.group(), person), html)
    if person.told:
        html = _DRAWING.sub(lambda m: FIGURE if person.words.search(m.group()) else m.group(), html)
    return text_without(html, person)


def notebook_without(text: str, person: Person) -> str:
    """Return an executed notebook, as JSON, whose cells and outputs do not name a person; a broken one as text."""
    try:
        notebook = json.loads(text)
    except ValueError:
        return text_without(text, person)
    before = json.dumps(notebook)
    for cell in notebook["cells"]:
        cell["source"] = _as_before(cell["source"], text_without, person)
    for output in (o for cell in notebook["cells"] for o in cell.get("outputs", [])):
        data = output.get("data", {})
        data.update({kind: _as_before(content, html_without if "html" in kind or "svg" in kind else lines_without,
                                      person) for kind, content in data.items()
                     if kind.startswith("text/") or "svg" in kind})
        for key in ("text", "evalue", "traceback"):
            if key in output:
                output[key] = _as_before(output[key], lines_without, person)
    return text if json.dumps(notebook) == before else json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def json_without(text: str, person: Person) -> str:
    """Return JSON whose texts do not name a person."""
    told = json.loads(text)
    clean = _told_without(told, person)
    return text if clean == told else json.dumps(clean, indent=1, ensure_ascii=False) + "\n"


def csv_without(text: str, person: Person) -> str:
    """Return a CSV file, which people fill in by hand, without the rows of a person."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        return text
    at = {name.strip("\ufeff"): i for i, name in enumerate(rows[0])}
    keys = [(at[c], known) for c, known in [*((c, person.ids) for c in PEOPLE), (SURVEY, person.answers)] if c in at]
    kept = [row for row in rows[1:] if not any(
        i < len(row) and {row[i], row[i].removeprefix("'")} & set(known) for i, known in keys)]
    clean = [[text_without(cell, person) for cell in row] for row in kept]
    if clean == rows[1:]:
        return text
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([rows[0], *clean])
    return written.getvalue()


def excel_without(path: Path, target: Path, person: Person) -> int | None:
    """Write one of the workbook's own Excel lists without a person; return the rows taken out, None where none is."""
    sheets, n_taken, has_changed = [], 0, False
    for sheet in spreadsheets.read_sheets(path):
        headings = [str(name) for name in sheet.rows.columns]
        cells = sheet.rows.astype("object").where(sheet.rows.notna(), "").astype("str")
        is_theirs = cells.apply(lambda row, names=headings: _shows(list(row), names, person), axis=1).astype("bool")
        kept = sheet.rows[~is_theirs] if len(cells) else sheet.rows
        clean = kept.map(lambda cell: text_without(cell, person) if isinstance(cell, str) else cell)
        n_taken += len(sheet.rows) - len(kept)
        has_changed = has_changed or not clean.equals(sheet.rows)
        sheets.append(replace(sheet, rows=clean))
    if not has_changed:
        return None
    target.write_bytes(spreadsheets.excel_file(sheets))
    return n_taken


def _told_without(told: Any, person: Person) -> Any:
    if isinstance(told, dict):
        return {key: _told_without(value, person) for key, value in told.items()}
    if isinstance(told, list):
        return [_told_without(value, person) for value in told]
    return text_without(told, person) if isinstance(told, str) else told


def _as_before(content: str | list[str], clean: Callable[[str, Person], str], person: Person) -> str | list[str]:
    """Return an output's content cleaned, as one text or as lines, whichever it was."""
    if isinstance(content, str):
        return clean(content, person)
    return clean("".join(content), person).splitlines(keepends=True)


def _table_without(table: str, person: Person) -> str:
    rows = _ROW.findall(table)
    headings = _texts(rows[0]) if rows else []
    theirs = {row for row in rows[1:] if _shows(_texts(row), headings, person)}
    return _ROW.sub(lambda m: "" if m.group() in theirs else m.group(), table) if theirs else table


def _texts(row: str) -> list[str]:
    return [_TAG.sub("", text).strip() for _, text in _CELL.findall(row)]


def _shows(cells: list[str], headings: list[str], person: Person) -> bool:
    named = headings if len(headings) == len(cells) else [""] * len(cells)
    forms = {form: i for i in person.ids for form in written_forms(i)}
    return any(person.stands_in(forms.get(cell.strip(), ""), name) for cell, name in zip(cells, named, strict=True))


def written_forms(customer: str) -> tuple[str, ...]:
    """Return an id as it stands in text, in HTML and in JSON."""
    return tuple(dict.fromkeys((customer, escape(customer), json.dumps(customer)[1:-1])))
