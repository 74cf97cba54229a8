"""Which canonical tables files seem to feed: customers and, by other modules, the rest; no table twice."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from helpers.intake import (
    export_signatures,
    infer_aggregates,
    infer_contracts,
    infer_events,
    infer_experiments,
    infer_keys,
    infer_long_surveys,
    infer_opportunities,
    infer_semantics,
    infer_surveys,
    infer_transactions,
    profiles,
)
from helpers.intake.infer_keys import FileForm, JoinKey
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import InferredColumn
from helpers.intake.profile_text import attribute_line, column_in_words, column_line, date_line

REFERRAL, PARENT = r"refer|empfohlen|geworben", r"parent|subsidiary|belong|holding|mother|mutter|konzern|headquarter"


def draft_customers(view: FileView) -> DraftedTable:
    """Return the table of customers, with whatever is known of each, but for what only tells who somebody is."""
    known = view.known.get("customer_id")
    keys = (c for c in (known, *view.form.columns) if c and c.is_unique and c.kind in ("text", "integer"))
    key = known if view.has_repeated_people else next(keys, None)
    joined, referred = view.known.get("joined_on"), _own_reference(view.form, key, REFERRAL)
    body = [column_line("customer_id", key.quoted if key else "record", "the key" if key else "no column is unique")]
    body += [date_line("joined_on", joined)] if joined else []
    body += [column_line("referred_by", referred.quoted, "a customer, too")] if referred else []
    kept = [c for c in view.form.columns if c not in (key, joined, referred) and c.kind != "empty"
            and not infer_semantics.is_personal(c) and not (view.has_repeated_people and c.is_unique)]
    body += [attribute_line("demographic_", c) if c.n_distinct > 1 else
             f"# not used: {column_in_words(c)} is the same in every record" for c in kept]
    return draft_table(view, "customers", body, [key, joined])


def _own_reference(form: FileForm, key: InferredColumn | None, sought: str) -> InferredColumn | None:
    """Return the column of a file whose values are keys of the same file, and whose name says what it is."""
    if key is None:
        return None
    named = (c for c in form.columns if c != key and c.kind == key.kind and re.search(sought, c.name.lower()))
    return next((c for c in named if pc.all(pc.is_in(c.values, value_set=key.values)).as_py()), None)


def _draft_ties(view: FileView) -> Iterator[DraftedTable]:
    """Yield the table of ties where customers name another one that they belong to: it has a say in what they buy."""
    key = view.known.get("customer_id")
    parent = _own_reference(view.form, key, PARENT) if key and key.is_unique else None
    if key and parent:
        body = [column_line("from_customer", parent.quoted, "who has a say"),
                column_line("to_customer", key.quoted, "in what this one buys"), column_line("strength", "1")]
        yield draft_table(view, "ties", body, [parent, key], where=f"{parent.quoted} is not null")


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
    views = _with_people(views)
    systems, views = _order_systems(views)
    drafted: dict[str, list[DraftedTable]] = {}
    answers = infer_long_surveys.long_surveys(views)
    heads = {found.head.form.name for found in answers.values() if found.head}
    waves = [v.form.name for v in views if _is_survey(v, views)]
    totals = {v.form.name: why for v in views if (why := infer_aggregates.aggregate_reason(v))}
    unmade = {v.form.name: why for v in views if (why := infer_events.offers_reason(v))} | totals
    for view in sorted((v for v in views if v.form.name not in heads), key=lambda v: -len(v.links)):
        wave = _wave_name(view.form.name) if len(waves) > 1 and view.form.name in waves else ""
        long = answers.get(view.form.name)
        for found in infer_aggregates.draft_aggregates(view) if view.form.name in totals else (
                infer_long_surveys.draft_long_survey(long, view) if long else _drafts(view, views, wave)):
            before = drafted.setdefault(found.table, [])
            is_part = found.table in ("events", "experiment_aggregates") or view.form.name in (*waves, *systems)
            if before and not is_part:
                unmade.setdefault(view.form.name, f"{found.table} are made from {before[0].files[0]}")
            before += [found] if is_part or not before else []
    merged = [_as_one(parts) for parts in drafted.values()]
    used = {f for d in merged for f in d.files}
    tables = sorted(merged, key=lambda d: list(profiles.CANONICAL).index(d.table))
    return TableDraft(tuple(tables), {f.name: unmade.get(f.name, "") for f in forms if f.name not in used})


def _order_systems(views: Sequence[FileView]) -> tuple[set[str], Sequence[FileView]]:
    """Return the files of orders that are each of a system of its own, and all files, with keys that do not collide.

    Such files have orders, customers and days of their own, and none refers to another: equal numbers of orders are of
    other customers.
    """
    found = {v.form.name: v for v in views if infer_transactions.is_orders(v) and not infer_opportunities.is_pipeline(v)
             and {"order_id", "customer_id", "ordered_at"} <= v.known.keys() and v.known["order_id"].is_unique
             and not infer_events.is_payments(v) and not infer_contracts.is_snapshot(v)}
    links = [(v, found[link.other.name]) for v in found.values() for link, _ in v.links if link.other.name in found]
    if len(found) < 2 or not all(_are_others(*pair) for pair in links):
        return set(), views
    return {*found}, [_with_own_orders(v, found) if links and v.form.name in found else v for v in views]


def _are_others(one: FileView, other: FileView) -> bool:
    """Return whether orders of one number are of other customers in two files, in most of those looked at."""
    told = [dict(zip(v.known["order_id"].sample.to_pylist(), v.known["customer_id"].sample.to_pylist(), strict=False))
            for v in (one, other)]
    both = told[0].keys() & told[1].keys()
    return 2 * sum(told[0][number] == told[1][number] for number in both) < len(both)


def _with_own_orders(view: FileView, systems: Collection[str]) -> FileView:
    """Return a file of orders whose numbers have its name in front, and which refers to no other system."""
    ident = view.known["order_id"]
    return replace(view, links=tuple((link, via) for link, via in view.links if link.other.name not in systems),
                   known=view.known | {"order_id": replace(
                       ident, expression=f"'{view.form.name}-' || {ident.quoted}")})


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
        behind[link.other.name] = {m: replace(c, via=link.other.name) for m, c in there.items() if not c.expression}
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


def _with_people(views: Sequence[FileView]) -> Sequence[FileView]:
    """Return files with the person for the customer where every order has another customer, and people have orders.

    Some shops write a customer for each order; where the file of customers has a second key that is called a
    customer's and repeats, this one is the person.
    """
    people: dict[str, InferredColumn] = {}
    for link in (link for v in views for link, via in v.links if not via and v.known.get("customer_id") == link.column):
        others = infer_semantics.fitting_columns("customer_id", [c for c in link.other.columns if c != link.key])
        is_anew = link.column.is_unique and any(c.is_moment for c in link.form.columns)
        people |= {link.other.name: others[0]} if is_anew and others and not others[0].is_unique else {}
    return [_with_person(view, people) for view in views] if people else views


def _with_person(view: FileView, people: Mapping[str, InferredColumn]) -> FileView:
    """Return a file whose customer is the person that a file of customers tells, its own or one looked up."""
    if view.form.name in people:
        return replace(view, known=view.known | {"customer_id": people[view.form.name]}, has_repeated_people=True)
    there = next((link.other.name for link, _ in view.links if link.other.name in people), None)
    if there is None:
        return view
    person = replace(people[there], via=there)
    behind = {name: known | ({"customer_id": person} if "customer_id" in known else {})
              for name, known in view.behind.items()}
    own = {"customer_id": person} if "customer_id" in view.known else {}
    return replace(view, known=view.known | own, behind=behind)


def _is_survey(view: FileView, views: Sequence[FileView]) -> bool:
    """Return whether a file holds answers to several questions and nothing else."""
    asked = infer_surveys.scale_columns(view, is_other=False)
    return len(asked) >= infer_surveys.LEAST_QUESTIONS and not list(_traded(view, views))


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
    if scales := infer_surveys.scale_columns(view, is_other=bool(found)):
        found += infer_surveys.draft_survey(view, scales, wave)
    found += infer_events.draft_memberships(view)
    if found:
        yield from found
    elif not infer_events.is_offers(view) and _is_people(view, views):
        yield from (draft_customers(view), *_draft_ties(view))


def _traded(view: FileView, views: Sequence[FileView]) -> Iterator[DraftedTable]:
    """Yield the tables about trade and service, and experiments."""
    others = [v for v in views if v.form != view.form]
    tried = infer_experiments.experiment_columns(view)
    if tried and infer_experiments.outweighs_orders(tried):
        yield infer_experiments.draft_experiment(view, tried)
    elif infer_events.is_offers(view):
        yield from infer_events.draft_offers(view)
    elif infer_opportunities.is_pipeline(view):
        yield infer_opportunities.draft_opportunities(view)
        if infer_opportunities.won_stages(view) and not any(infer_transactions.is_orders(v) for v in others):
            yield infer_opportunities.draft_sales(view)
    elif infer_events.is_payments(view) and any(
            infer_transactions.is_orders(v) and not infer_events.is_payments(v) for v in others):
        yield infer_events.draft_payments(view)
    elif infer_transactions.is_orders(view) and not infer_contracts.is_snapshot(view):
        yield from (
            () if _refers(others, view, infer_transactions.is_orders) else (infer_transactions.draft_orders(view),)
        )
    elif infer_contracts.is_contracts(view):
        richer = [v for v in others if len(v.known) > len(view.known)]
        yield from (
            ()
            if _refers(richer, view, infer_contracts.is_contracts)
            else (infer_contracts.draft_contracts(view),)
        )
    elif tried:
        yield infer_experiments.draft_experiment(view, tried)
    elif case := infer_events.case_key(view):
        yield infer_events.draft_cases(view, case)
    elif infer_events.is_contacts(view):
        yield infer_events.draft_contacts(view)
    elif infer_transactions.is_orders_without_money(view) and not any(infer_transactions.is_orders(v) for v in others):
        yield infer_transactions.draft_orders(view)
    elif (infer_events.is_events(view) and not infer_surveys.scale_columns(view, is_other=False) and (
            infer_events.is_redeemed(view) or not _refers(others, view, infer_transactions.is_orders))):  # else heads
        yield infer_events.draft_events(view)
        yield from infer_events.draft_activity(view)


def _refers(others: Sequence[FileView], view: FileView, asked: Callable[[FileView], bool]) -> bool:
    """Return whether another file of the same sort refers to this one, so that it can be looked up from there."""
    return any(asked(v) and any(link.other == view.form for link, _ in v.links) for v in others)


def _is_people(view: FileView, views: Sequence[FileView]) -> bool:
    """Return whether a file holds customers: others refer to it as such, or nobody refers to it."""
    if infer_transactions.is_orders(view) or infer_contracts.is_contracts(view):  # which another file looks up
        return False
    referring = [
        infer_semantics.referenced_meaning(link)
        for v in views
        for link, via in v.links
        if link.other == view.form and not via
    ]
    keyed = {v.form.name: v.known["customer_id"].n_distinct for v in views
             if _is_keyed_by_customer(v) and not infer_events.is_events(v) and not infer_events.is_contacts(v)}
    if keyed and keyed.get(view.form.name) != max(keyed.values()):  # a part of them, or nobody
        return "customer_id" in referring
    if "order_id" in view.known:  # orders whose date or amount was not seen are no customers
        return "customer_id" in referring
    is_keyed = any(c.is_unique and c.kind in ("text", "integer") for c in view.form.columns)
    who = view.known.get("customer_id")
    is_dated = bool(view.moments) or "amount" in view.known
    is_other = who is not None and not who.is_unique and is_dated and not view.has_repeated_people  # what they did
    return "customer_id" in referring or (not referring and is_keyed and not is_other)


def _is_keyed_by_customer(view: FileView) -> bool:
    """Return whether each record of a file is another customer's."""
    return "customer_id" in view.known and view.known["customer_id"].is_unique
