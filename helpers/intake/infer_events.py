"""Drafted tables about what customers did and asked for: service cases, points, events."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from helpers.intake import infer_semantics
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import GUESS, InferredColumn
from helpers.intake.profile_text import column_line, date_line, sql_list, toml_text, unused_remarks

OBJECT = r"(coupon|voucher|offer|campaign|product|item|page|object|gutschein)"

POINTS = r"(points|punkte|miles|meilen|stamps)"

PRICED, TAKEN = r"(cost|price|value|dollar|balance|kosten|wert)", r"(redeem|spent|used|burn|eingelöst|eingeloest)"


def is_cases(view: FileView) -> bool:
    """Return whether a file holds service cases."""
    return "case_id" in view.known and bool(view.moments)


def draft_cases(view: FileView) -> DraftedTable:
    """Return the table of service cases."""
    known, ident = view.known, view.known["case_id"]
    is_bad = re.search(r"compl|beschw|reclam", (view.form.name + ident.name).lower())
    opened, closed, who = known.get("opened_on") or view.moments[0], known.get("closed_on"), known.get("customer_id")
    body = [column_line("case_id", ident.quoted, "the case"),
            column_line("kind", "'complaint'" if is_bad else "'inquiry'", "complaint, inquiry, suggestion or repair"),
            date_line("opened_at", opened)]
    body += [column_line("customer_id", who.quoted, "whose case")] if who else []
    body += [date_line("closed_at", closed)] if closed and closed != opened else []
    used = [ident, opened, closed, who]
    return draft_table(view, "cases", [*body, *unused_remarks(view.form.columns, used)], used)


def is_events(view: FileView) -> bool:
    """Return whether a file has several dated records a customer."""
    who = view.known.get("customer_id")
    return who is not None and not who.is_unique and bool(view.moments)


def draft_events(view: FileView) -> DraftedTable:
    """Return the table of points where there are any, else of what happened."""
    who, when = view.known["customer_id"], view.known.get("ordered_at") or view.moments[0]
    body = [column_line("customer_id", who.quoted, "who")]
    if points := [c for c in view.form.columns if c.is_number and re.search(POINTS, c.name.lower())
                  and not re.search(PRICED, c.name.lower())]:
        return _draft_points(view, who, when, points)
    sort = view.known.get("sort") or next((c for c in _few(view) if c != who), None)
    body += [date_line("occurred_at", when),
             column_line("kind", sort.quoted if sort else f"'{view.form.name}'", "what happened")]
    others = [c for c in view.form.columns if c not in (who, when, sort)]
    about = next((c for c in others if re.match(OBJECT, c.name.lower())), None)
    body += [column_line("object_id", about.quoted, "with what")] if about else []
    used = [who, when, sort, about]
    return draft_table(view, "events", [*body, *unused_remarks(view.form.columns, used)], used)


def _draft_points(
    view: FileView, who: InferredColumn, when: InferredColumn, points: Sequence[InferredColumn]
) -> DraftedTable:
    """Return a ledger of points: signed in one column, or earned and redeemed in a column each."""
    used = [who, when, *points[:1]]
    taken = next((c for c in points if re.search(TAKEN, c.name.lower())), None)
    given = next((c for c in points if c != taken), None)
    body = [column_line("customer_id", who.quoted, "who"), date_line("entered_at", when)]
    if taken is None or given is None:
        signed = points[0].as_number
        body += [column_line("points", signed, "signed points"),
                 column_line("kind", f"case when {signed} < 0 then 'redeem' else 'earn' end", "what was booked")]
        return draft_table(view, "points", [*body, *unused_remarks(view.form.columns, used)], used)
    is_taken = f"case item when {sql_list([taken.name])} then "
    body += [column_line("points", f"{is_taken}-answer else answer end", "redeemed points are negative"),
             column_line("kind", f"{is_taken}'redeem' else 'earn' end", "what was booked")]
    used = [who, when, given, taken]
    drafted = draft_table(view, "points", [*body, *unused_remarks(view.form.columns, used)], used,
                          where="answer <> 0")
    asked = f"unpivot = {{ columns = {toml_text([given.name, taken.name])} }} {GUESS}an entry for each"
    return replace(drafted, lines=(*drafted.lines[:2], asked, *drafted.lines[2:]))


def _few(view: FileView) -> Iterator[InferredColumn]:
    yield from (c for c in view.form.columns if c.kind == "text" and c.n_distinct <= infer_semantics.FEW["sort"]
                and not infer_semantics.is_personal(c))
