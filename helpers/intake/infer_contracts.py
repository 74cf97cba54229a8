"""Drafted contracts: who has left, and for each attribute when it was known, with the evidence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from helpers.foundation import canonical_schema
from helpers.intake import header_words, infer_semantics
from helpers.intake.expression_rules import TRUE
from helpers.intake.infer_keys import name_words
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import InferredColumn
from helpers.intake.profile_text import (
    attribute_line,
    column_in_words,
    column_line,
    column_name,
    date_line,
    sql_list,
    toml_text,
)

WHY_ENDED = (r"(churn|cancel|end|leav|exit|attrit|terminat|kündig|kuendig)\w*[\W_]*(reason|grund|why|cause|motiv)|"
             r"^(reason|grund|cause|motif|motivo)([\W_].*)?$")

ENDED = header_words.plain(
    r"(cancel|attrit|exited|closed|ended|terminat|inactiv|churn|left|lapsed|expired|gekündigt|gekuendigt|beendet|inaktiv|"
    r"résili|baja|anulad|abandon|disdett|cessat|inattiv|recess|inativ|encerrad|opgezegd|beëindigd|流失|解約|이탈|해지)")

TRAIT = (r"(gender|sex|geschlecht|birth|senior|educat|marital|married|partner|dependent|country|nation|region|province|"
         r"state|city|land|segment|acqui|source|enrol|channel|language|genre|sesso|genero|naiss|nacim|nascit|pays|pais|"
         r"paese|ville|ciudad|citta|cidade|estado|lingua|idioma|canal)")

INTERVAL = r"(interval|billing (period|cycle|frequency)|abrechnung|zahlweise|période|periodicidad)"

OF_CONTRACTS = {"tenure_months", "monthly_fee", "plan", "has_ended"}

TOLD_ALONE, GROWS, LEAST, MANY_LEVELS = 0.9, 0.8, 20, 0.2  # AUC, correlation, contracts, levels a contract

def is_contracts(view: FileView) -> bool:
    """Return whether a file, or one with the same key, says which contracts have ended."""
    return bool(_ended(view)[0])


def is_snapshot(view: FileView) -> bool:
    """Return whether each record is another customer's, with who has left and for how long or at what fee they stayed.

    Such a file is one of contracts though it has a total and a day; so is one of plans with a start and, for some, an
    end.
    """
    who, start, end = (view.known.get(m) for m in ("customer_id", "started_on", "ended_on"))
    if "plan" in view.known and start and end and start != end and 0 < end.n_given < start.n_given:
        return is_contracts(view)
    is_described = bool({"tenure_months", "monthly_fee", "plan"} & view.known.keys())
    return bool(who and who.is_unique and is_described and "has_ended" in view.known and is_contracts(view))


def _ended(view: FileView) -> tuple[str, list[InferredColumn]]:
    """Return the condition that a contract has ended, and the columns that tell it; both empty where nothing does."""
    is_described = bool({"tenure_months", "monthly_fee", "plan"} & view.known.keys()) or _is_left(view)
    if found := view.said("has_ended", "customer_id") if is_described else view.known.get("has_ended"):
        gone = [v for v in found.values.to_pylist() if re.match(ENDED, header_words.plain(v))]
        if found.kind == "flag" or gone:
            return (found.quoted if found.kind == "flag" else f"{found.quoted} in ({sql_list(gone)})"), [found]
    if not is_described:
        return "", []
    state, gone = view.texts("state", ENDED, "customer_id")
    if state:
        return f"{state.quoted} in ({sql_list(gone)})", [state]
    until = view.known.get("ended_on")
    if until is None or until == view.known.get("started_on"):
        return "", []
    return f"{until.quoted} is not null", [until]


def _attributes(
    view: FileView, rest: Sequence[InferredColumn], telling: Sequence[InferredColumn]
) -> Iterator[str]:
    """Yield the line of each further column as an attribute with a proposal when it was known, or why it is none."""
    again = infer_semantics.fitting_columns("has_ended", view.form.columns)
    ended, tenure = _ended_records(telling), view.known.get("tenure_months")
    for column in rest:
        is_key = column.is_unique and infer_semantics.is_called_key(column)
        if column in again:
            yield f"# not used: {column_in_words(column)} tells of the end as well"
        elif column.n_distinct == 1:
            yield f"# not used: {column_in_words(column)} is the same in every record"
        elif why := _why_none(column, ended):
            yield f"# not used: {column_in_words(column)} {why}"
        elif column.kind != "empty" and not is_key and not infer_semantics.is_personal(column):
            yield from _proposed_lines(view, column, tenure)


def _joined_columns(view: FileView, who: InferredColumn | None) -> list[InferredColumn]:
    """Return what other files that tell of contracts say of the same ones, a record each, and this one does not."""
    found: list[InferredColumn] = []
    named = {name_words(c.name) for c in view.form.columns}
    for link in (link for link, via in view.links if not via and link.column == who and link.column.is_unique):
        there = view.behind[link.other.name]
        again = [replace(c, via="") for meaning, c in there.items() if meaning in view.known]
        again += infer_semantics.fitting_columns("has_ended", link.other.columns)
        for c in link.other.columns if OF_CONTRACTS & there.keys() else ():
            is_new = c != link.key and c not in again and name_words(c.name) not in named
            is_told_before = not canonical_schema.tells_of_an_end(c.name)
            if is_new and is_told_before and c.n_distinct > 1 and c.kind != "empty" and not _why_none(c, None):
                found.append(replace(c, via=link.other.name))
                named.add(name_words(c.name))
    return [c for c in found if not infer_semantics.is_personal(c)]


def _why_none(column: InferredColumn, ended: np.ndarray | None) -> str:
    """Return why a column cannot have been known before the end, by the records; empty where nothing speaks for it."""
    if column.is_moment:
        return "is a date; an attribute is what somebody has or is"
    if column.kind == "text" and column.n_distinct > max(LEAST, MANY_LEVELS * column.n_given):
        return "has too many values for an attribute"
    if ended is None or len(ended) != len(column.sample) or min(ended.sum(), (~ended).sum()) < LEAST:
        return ""
    given = np.array([text is not None and text not in column.missing for text in column.sample.to_pylist()])
    if given[ended].any() and not given[~ended].any():
        return (f"is given for {given[ended].sum():,} of {ended.sum():,} that ended and none of {(~ended).sum():,} "
                "others: it was told after the end")
    numbers = _numbers(column)
    area = 0.5 if numbers is None else _area(numbers[np.isfinite(numbers)], ended[np.isfinite(numbers)])
    is_alone = area >= TOLD_ALONE
    return f"alone tells who has left (AUC {area:.2f}): it was worked out with the end known" if is_alone else ""


def _area(numbers: np.ndarray, ended: np.ndarray) -> float:
    """Return the area under the curve of numbers as a score of who has left, in either direction; 0.5 tells nothing."""
    n, n_others = ended.sum(), (~ended).sum()
    if min(n, n_others) < LEAST:
        return 0.5
    above = pd.Series(numbers).rank().to_numpy()[ended].sum() - n * (n + 1) / 2
    return float(max(above / (n * n_others), 1 - above / (n * n_others)))


def _proposed_lines(view: FileView, column: InferredColumn, tenure: InferredColumn | None) -> Iterator[str]:
    """Yield the line of an attribute with what is proposed: static, dated, or neither, and why."""
    line, words = attribute_line("attribute_", column), name_words(column.name)
    dated = next((m for m in view.moments if {*words} < {*name_words(m.name)}), None)
    growth = _correlation(column, tenure)
    if dated:
        name = column_name(dated)
        yield (f'{name} = {{ from = {toml_text(dated.quoted)}, formats = {toml_text(dated.formats)}, type = "date" }}')
        yield f'{line} # confirm known_at = "{name}": by its name that column dates it'
    elif canonical_schema.tells_of_an_end(column.name):
        yield f"{line} # propose neither: its name tells of an end or a verdict on it"
    elif abs(growth) >= GROWS:
        yield f"{line} # confirm static = true: it grows with tenure (r {growth:.2f}), so it is of the day of the file"
    elif any(re.match(TRAIT, header_words.plain(word)) for word in words):
        yield f"{line} # confirm static = true: by its name a trait, of {column.n_distinct:,} values"
    else:
        yield f"{line} # confirm static = true: has it the value that it had before the end?"


def _without_an_end(notice: InferredColumn, telling: Sequence[InferredColumn]) -> str:
    """Return how many records with a day of notice tell no end, by the column that tells it; empty where all do."""
    ended = _ended_records(telling)
    if ended is None or len(ended) != len(notice.sample):
        return ""
    given = np.array([text is not None and text not in notice.missing for text in notice.sample.to_pylist()])
    n = int((given & ~ended).sum())
    return f"; {n:,} of the {given.sum():,} given have no end: they run until one is told" if n else ""


def _is_of_another(view: FileView, meaning: str, date: InferredColumn) -> bool:
    """Return whether a date is called after another column and not after what it would be the day of."""
    named = infer_semantics.fitting_columns(meaning, view.form.columns)
    return date not in named and any({*name_words(c.name)} < {*name_words(date.name)} for c in view.form.columns)


def _ended_records(telling: Sequence[InferredColumn]) -> np.ndarray | None:
    """Return of each record looked at whether the contract has ended; None where no column of the file itself tells."""
    column = telling[0] if telling else None
    if column is None or column.via or not len(column.sample):
        return None
    texts = column.sample.to_pylist()
    if column.is_moment:
        return np.array([t is not None and t not in column.missing for t in texts])
    if column.kind == "flag":
        return np.array([(t or "").lower() in TRUE for t in texts])
    return np.array([re.search(ENDED, header_words.plain(t or "")) is not None for t in texts])


def _numbers(column: InferredColumn) -> np.ndarray | None:
    """Return the numbers of the records looked at; None where they are none, or not written with a point."""
    if column.kind not in ("integer", "number"):
        return None
    return pd.to_numeric(pd.Series(column.sample.to_pylist(), dtype=object), errors="coerce").to_numpy(float)


def _correlation(column: InferredColumn, other: InferredColumn | None) -> float:
    """Return the correlation of two columns over the records looked at; 0 where there are too few."""
    one, two = _numbers(column), None if other is None else _numbers(other)
    if one is None or two is None or len(one) != len(two):
        return 0.0
    both = np.isfinite(one) & np.isfinite(two)
    return float(np.corrcoef(one[both], two[both])[0, 1]) if both.sum() > LEAST else 0.0


def _is_left(view: FileView) -> bool:
    """Return whether each record is a customer's, with the day on which the customer came and the one of leaving."""
    who, came, left = (view.known.get(n) for n in ("customer_id", "started_on", "ended_on"))
    return bool(who and who.is_unique and came and left and came != left and re.match(ENDED, left.name.lower()))


def _contract_dates(view: FileView) -> dict[str, InferredColumn]:
    """Return the columns of a contract's start, its end, and the notice that comes before the end."""
    found = {n: c for n in ("started_on", "ended_on") if (c := view.known.get(n)) and not _is_of_another(view, n, c)}
    found = {} if len(found) == 2 and found["started_on"] == found["ended_on"] else found
    notice = next((c for c in view.moments if c not in found.values()
                   and re.search(header_words.NOTICE, header_words.plain(c.name))), None)
    return found | ({"notice_on": notice} if notice else {})


def _fee_by_interval(view: FileView) -> tuple[str, list[InferredColumn]]:
    """Return the fee of a month as an expression of an amount that is paid each month or year, and the columns used."""
    amount = view.known.get("amount")
    every = next((c for c in view.form.columns if re.search(INTERVAL, c.name.lower()) and 0 < c.n_distinct <= 2), None)
    texts = every.values.to_pylist() if every else []
    years = [v for v in texts if re.match(r"(year|annual|jahr|jährl|annuel|anual)", v.lower())]
    months = [v for v in texts if re.match(r"(month|monat|mens)", v.lower())]
    if amount is None or every is None or len(years) + len(months) < len(texts):
        return "", []
    money = amount.as_number
    fee = f"case when {every.quoted} in ({sql_list(years)}) then {money} / 12 else {money} end" if years else money
    return fee, [amount, every]


def draft_contracts(view: FileView) -> DraftedTable:
    """Return the table of contracts, with whatever else is known of each as an attribute."""
    known, (ended, telling) = view.known, _ended(view)
    who = known.get("customer_id")
    ident = who if who is None or who.is_unique else next((c for c in view.form.columns if c.is_unique), None)
    dates = _contract_dates(view)
    plain = {n: known[n] for n in ("tenure_months", "monthly_fee", "plan") if n in known}
    fee, paid = _fee_by_interval(view)
    body = [column_line("subscription_id", ident.quoted if ident else "record", "the contract"),
            column_line("customer_id", who.quoted if who else "record", "who holds it"),
            column_line("has_ended", ended, "whether it has ended")]
    body += [date_line(n, c) + (_without_an_end(c, telling) if n == "notice_on" else "") for n, c in dates.items()]
    body += [column_line(n, c.as_number if c.is_number else c.quoted, n.replace("_", " ")) for n, c in plain.items()]
    body += [column_line("monthly_fee", fee, "by the interval")] if fee and "monthly_fee" not in plain else []
    why = next((c for c in view.form.columns if c.kind == "text" and re.search(WHY_ENDED, c.name.lower())), None)
    body += [column_line("end_reason", why.quoted, "reason stated")] if why else []
    used = [who, ident, *telling, *dates.values(), *plain.values(), why, *paid]
    body += list(_attributes(view, [c for c in view.form.columns if c not in used], telling))
    joined = _joined_columns(view, who)
    body += [f"{attribute_line('attribute_', c)} # confirm static = true: from {c.via}, a record for each contract, too"
             for c in joined]
    drafted = draft_table(view, "subscriptions", body, [*used, *joined])
    if not any(line.startswith("attribute_") for line in body):
        return drafted
    offered = '# attributes = "static" # confirm: they were known before the end; until then churn uses none of them'
    return replace(drafted, lines=(*drafted.lines[:2], offered, *drafted.lines[2:]))
