"""Which canonical tables files seem to feed: surveys, customers and, by other modules, the rest; no table twice."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from helpers.intake import (
    export_signatures,
    infer_aggregates,
    infer_experiments,
    infer_keys,
    infer_semantics,
    infer_transactions,
    profiles,
)
from helpers.intake.infer_keys import FileForm, JoinKey
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import GUESS, InferredColumn
from helpers.intake.profile_text import attribute_line, column_line, date_line, toml_text

RATED = r"(satisf|zufried|rating|review|stars|sterne|csat|nps|recommend|empfehl|bewertung|note$)"

NOT_RATED = r"(member|engagement|lead|credit|risk)\W?_?(rating|stars|score)"  # what a system says of people

ROLES = {"satisfaction": "satisf|zufried|rating|review|stars|sterne|csat|bewertung",
         "recommend": "recommend|nps|empfehl",
         "effort": "effort|aufwand|ces$", "intention": "intention|again|repurchase|wieder"}

LEAST_QUESTIONS = 3  # of a file that is a survey and nothing else

WRITTEN, MANY = r"(comment|message|kommentar|remark|verbatim|feedback)", 20

ENDS = ((1, 5), (1, 7), (1, 10), (0, 10))


def scale_columns(view: FileView, *, is_other: bool) -> list[InferredColumn]:
    """Return the columns that are answers on a scale; of a file that is something else only those that rate.

    Parameters
    ----------
    view : FileView
        The file.
    is_other : bool
        Whether it feeds another table already.
    """
    found = [c for c in view.form.columns if c.is_scale and c not in view.known.values()]
    if not is_other and len(found) >= 3 and len(found) >= 0.3 * len(view.form.columns):
        return found
    return [c for c in found if re.search(RATED, c.name.lower()) and not re.search(NOT_RATED, c.name.lower())]


def draft_survey(view: FileView, asked: list[InferredColumn], wave: str = "") -> Iterator[DraftedTable]:
    """Yield a survey's respondents, answers and items.

    Parameters
    ----------
    view : FileView
        The file.
    asked : list of InferredColumn
        Its questions.
    wave : str
        What it is called among other waves, whose numbers start again; empty where it is the only one.
    """
    keys = (c for c in view.form.columns if c.is_unique and c.kind in ("text", "integer"))
    ident = view.known.get("response_id") or next(keys, None)
    who = view.said("customer_id", "order_id")
    when = view.known.get("answered_at")
    key = (f"'{wave}-' || " if wave else "") + ident.quoted if ident else "record"
    who = None if who == ident and who and not infer_semantics.is_customer_named([who]) else who
    body = [
        column_line("response_id", key, "the completed survey" if ident else "no column is unique; each record is one")
    ]
    body += [column_line("customer_id", who.quoted, "who answered")] if who else []
    body += [column_line("wave", f"'{wave}'", "one file a wave")] if wave else []
    body += [date_line("responded_at", when)] if when else []
    used = [ident, who, when]
    kept = [c for c in view.form.columns if c not in used and c not in asked and c.kind != "empty" and not c.is_moment]
    kept = [] if len(asked) < 3 else kept
    yield draft_table(view, "respondents", [*body, *(attribute_line("demographic_", c) for c in kept)], used)
    said = next((c for c in view.form.columns if c.kind == "text" and re.search(WRITTEN, c.name.lower())
                 and len(asked) == 1 and c.n_distinct > MANY), None)
    head = (
        "[tables.responses]",
        f'from = "{view.form.name}"',
        f"unpivot = {{ columns = {toml_text([c.name for c in asked])} }} {GUESS}the questions",
        "[tables.responses.columns]",
        column_line("response_id", key),
        column_line("item", "item"),
        column_line("score", "answer"),
        *([column_line("comment", said.quoted, "what was written")] if said else ()),
    )
    yield DraftedTable("responses", head, (view.form.name,))
    yield DraftedTable("items", ("[tables.items]", "defaults = { is_reversed = false }", "rows = [",
                            *(_item(c, asked) for c in asked), "]"), ())


def _item(column: InferredColumn, asked: list[InferredColumn]) -> str:
    role = _role(column)
    alike = [c for c in asked if (_role(c) == "recommend") == (role == "recommend")]  # it has a scale of its own
    low, high = _ends(min(c.low for c in alike), max(c.high for c in alike))
    return (f'  {{ item = {toml_text(column.name)}, role = "{role}", scale_low = {low:g}, scale_high = {high:g} }}, '
            f"{GUESS}role, scale")


def _role(column: InferredColumn) -> str:
    return next((r for r, sought in ROLES.items() if re.search(sought, column.name.lower())), "performance")


def _ends(low: float, high: float) -> tuple[float, float]:
    """Return the ends of the usual scale that answers seem to lie on, or their own ends."""
    usual = next(((a, b) for a, b in ENDS if a <= low and high <= b and (a == 0) == (low == 0)), (low, high))
    return usual if high >= 0.8 * usual[1] else (low, high)


def draft_customers(view: FileView) -> DraftedTable:
    """Return the table of customers, with whatever is known of each, but for what only tells who somebody is."""
    known = view.known.get("customer_id")
    key = next((c for c in (known, *view.form.columns) if c and c.is_unique and c.kind in ("text", "integer")), None)
    joined = view.known.get("joined_on")
    body = [column_line("customer_id", key.quoted if key else "record", "the key" if key else "no column is unique")]
    body += [date_line("joined_on", joined)] if joined else []
    body += [
        attribute_line("demographic_", c)
        for c in view.form.columns
        if c not in (key, joined) and c.kind != "empty" and not infer_semantics.is_personal(c)
    ]
    return draft_table(view, "customers", body, [key, joined])


@dataclass(frozen=True, slots=True)
class TableDraft:
    """What files seem to feed.

    Parameters
    ----------
    tables : tuple of DraftedTable
        In the order in which they are written.
    unused : dict of str to str
        Files that no table is made from or looks anything up in, and why, where that is known.
    """

    tables: tuple[DraftedTable, ...]
    unused: dict[str, str]


def draft_tables(forms: Sequence[FileForm]) -> TableDraft:
    """Return drafted tables: orders, opportunities, contracts, cases, an experiment, a survey, else customers.

    Where one file refers to the key of another, what is only known there is looked up there; of two files that could
    both become the same table, the finer one does, such as lines of orders before orders.
    """
    are_named = any(infer_semantics.is_customer_named(form.columns) for form in forms)
    links = infer_keys.all_foreign_keys(forms, are_customers_named=are_named)
    views = [_view(form, links) for form in forms]
    if not are_named and not any(link.is_most_shared for found in links.values() for link in found):
        views = _with_shared_customer(views)
    drafted: dict[str, list[DraftedTable]] = {}
    waves = [v.form.name for v in views if _is_survey(v, views)]
    totals = {v.form.name: why for v in views if (why := infer_aggregates.aggregate_reason(v))}
    for view in sorted((v for v in views if v.form.name not in totals), key=lambda v: -len(v.links)):
        wave = _wave_name(view.form.name) if len(waves) > 1 and view.form.name in waves else ""
        for found in _drafts(view, views, wave):
            before = drafted.setdefault(found.table, [])
            is_part = found.table == "events" or view.form.name in waves
            before += [found] if is_part or not before else []
    merged = [_as_one(parts) for parts in drafted.values()]
    used = {f for d in merged for f in d.files}
    tables = sorted(merged, key=lambda d: list(profiles.CANONICAL).index(d.table))
    return TableDraft(tuple(tables), {f.name: totals.get(f.name, "") for f in forms if f.name not in used})


def _view(form: FileForm, links: Mapping[str, Sequence[JoinKey]]) -> FileView:
    """Return a file with what is known behind its references, and behind theirs."""
    found = links[form.name]
    reached: list[tuple[JoinKey, str]] = [(link, "") for link in found]
    for link in found:
        named = {form.name, *(taken.other.name for taken, _ in reached)}
        reached += [(further, link.other.name) for further in links[link.other.name]
                    if further.other.name not in named]
    known = _meanings(form, found)
    behind = {}
    for link, _ in reached:
        there = _meanings(link.other, links[link.other.name])
        behind[link.other.name] = {m: replace(c, via=link.other.name) for m, c in there.items()}
    return FileView(form, tuple(reached), known, behind)


def _meanings(form: FileForm, links: Sequence[JoinKey]) -> dict[str, InferredColumn]:
    return export_signatures.with_signature(form.columns, infer_semantics.infer_meanings(form.columns, links))


def _with_shared_customer(views: Sequence[FileView]) -> Sequence[FileView]:
    """Return files in which nothing is called a customer's with the key that most of them share taken for it."""
    told = {infer_keys.name_words(c.name) for v in views for m, c in v.known.items() if m != "customer_id"}
    shared = infer_keys.most_shared_name([v.form for v in views], told)
    if not shared:
        return views
    keys = [next((c for c in v.form.columns if infer_keys.name_words(c.name) == shared), None) for v in views]
    others = [{m: c for m, c in v.known.items() if m != "customer_id"} for v in views]
    return [replace(v, known=known | ({"customer_id": key} if key else {}))
            for v, known, key in zip(views, others, keys, strict=True)]


def _is_survey(view: FileView, views: Sequence[FileView]) -> bool:
    """Return whether a file holds answers to several questions and nothing else."""
    return len(scale_columns(view, is_other=False)) >= LEAST_QUESTIONS and not list(_traded(view, views))


def _as_one(parts: Sequence[DraftedTable]) -> DraftedTable:
    """Return one table that several files feed: its parts below each other, of typed rows each once."""
    first, *others = parts
    if not others:
        return first
    if not first.files:  # rows that are typed in the profile, between a head of three lines and a bracket
        rows = dict.fromkeys(row for part in parts for row in part.lines[3:-1])
        return replace(first, lines=(*first.lines[:3], *rows, first.lines[-1]))
    head = f"[tables.{first.table}"
    lines = [f"[{head}.parts]]" if line == f"{head}]" else re.sub(rf"^{re.escape(head)}\.", f"{head}.parts.", line)
             for part in parts for line in part.lines]
    files = tuple(dict.fromkeys(f for part in parts for f in part.files))
    return replace(first, lines=tuple(lines), files=files, has_dates=any(part.has_dates for part in parts))


def _wave_name(file: str) -> str:
    """Return what a wave is called: its file's name without the word itself, which every page puts in front.

    Examples
    --------
    >>> _wave_name("wave_2023"), _wave_name("autumn"), _wave_name("wave")
    ('2023', 'autumn', 'wave')
    """
    return re.sub(r"^wave[\W_]*", "", file) or file


def _drafts(view: FileView, views: Sequence[FileView], wave: str) -> Iterator[DraftedTable]:
    """Yield the tables that a file seems to feed."""
    found = list(_traded(view, views))
    if scales := scale_columns(view, is_other=bool(found)):
        found += draft_survey(view, scales, wave)
    yield from found or ([draft_customers(view)] if _is_people(view, views) else [])


def _traded(view: FileView, views: Sequence[FileView]) -> Iterator[DraftedTable]:
    """Yield the tables about trade and service, and experiments."""
    others = [v for v in views if v.form != view.form]
    tried = infer_experiments.experiment_columns(view)
    if tried and infer_experiments.outweighs_orders(tried):
        yield infer_experiments.draft_experiment(view, tried)
    elif infer_transactions.is_pipeline(view):
        yield infer_transactions.draft_opportunities(view)
        if infer_transactions.won_stages(view) and not any(infer_transactions.is_orders(v) for v in others):
            yield infer_transactions.draft_sales(view)
    elif infer_transactions.is_orders(view):
        yield from (
            () if _refers(others, view, infer_transactions.is_orders) else (infer_transactions.draft_orders(view),)
        )
    elif infer_transactions.is_contracts(view):
        richer = [v for v in others if len(v.known) > len(view.known)]
        yield from (
            ()
            if _refers(richer, view, infer_transactions.is_contracts)
            else (infer_transactions.draft_contracts(view),)
        )
    elif tried:
        yield infer_experiments.draft_experiment(view, tried)
    elif infer_transactions.is_cases(view):
        yield infer_transactions.draft_cases(view)
    elif infer_transactions.is_events(view) and not scale_columns(view, is_other=False):
        yield infer_transactions.draft_events(view)


def _refers(others: Sequence[FileView], view: FileView, asked: Callable[[FileView], bool]) -> bool:
    """Return whether another file of the same sort refers to this one, so that it can be looked up from there."""
    return any(asked(v) and any(link.other == view.form for link, _ in v.links) for v in others)


def _is_people(view: FileView, views: Sequence[FileView]) -> bool:
    """Return whether a file holds customers: others refer to it as such, or nobody refers to it."""
    if infer_transactions.is_orders(view) or infer_transactions.is_contracts(view):  # which another file looks up
        return False
    referring = [
        infer_semantics.referenced_meaning(link)
        for v in views
        for link, via in v.links
        if link.other == view.form and not via
    ]
    keyed = {v.form.name: v.known["customer_id"].n_distinct for v in views if _is_keyed_by_customer(v)}
    if keyed and keyed.get(view.form.name) != max(keyed.values()):  # a part of them, or nobody
        return "customer_id" in referring
    if "order_id" in view.known:  # orders whose date or amount was not seen are no customers
        return "customer_id" in referring
    is_keyed = any(c.is_unique and c.kind in ("text", "integer") for c in view.form.columns)
    return "customer_id" in referring or (not referring and (is_keyed or len(views) == 1))


def _is_keyed_by_customer(view: FileView) -> bool:
    """Return whether each record of a file is another customer's."""
    return "customer_id" in view.known and view.known["customer_id"].is_unique
