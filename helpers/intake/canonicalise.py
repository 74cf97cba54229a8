"""Landed text to canonical tables: every record feeds at least one table, or is rejected once."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from helpers.erasure import erasure_requests
from helpers.foundation import workspace
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.schema import Column
from helpers.intake import (
    date_formats,
    date_plausibility,
    exchange_rates,
    expressions,
    rejects,
    source_records,
    type_parsing,
)
from helpers.intake.canonical_tables import CanonicalTables
from helpers.intake.expression_rules import ExpressionScope
from helpers.intake.profile_schema import ColumnRule, TableRule
from helpers.intake.profiles import CANONICAL, Profile
from helpers.intake.readers import LandedFiles
from helpers.intake.source_records import ANSWER, FILE, ITEM, RECORD, SourceRecords
from helpers.intake.type_parsing import ParsedColumn

TIMES = {
    "customers": "joined_on", "transactions": "ordered_at", "subscriptions": "started_on", "invitations": "sent_at",
    "respondents": "responded_at", "cases": "opened_at", "events": "occurred_at", "contacts": "sent_at",
    "consents": "from_on", "assignments": "assigned_at", "points": "entered_at", "memberships": "valid_from",
    "opportunities": "opened_on", "experiment_aggregates": "period_ended_on",
}

VALUE, UNREAD = "_value.", "_unread."

DAY = "_day"

REPEATED_RECORD = "repeats another record exactly"

WORDS = {"text": "a text", "integer": "a whole number", "number": "a number", "money": "money", "date": "a date",
         "time": "a time", "flag": "yes or no"}

Reasons = list[tuple[ir.BooleanValue, str]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The records of one table, typed and kept, before their dates are judged beside those of other tables.

    Parameters
    ----------
    name : str
        The table, without its folder.
    rule : TableRule
        How the table is made from the files.
    source : SourceRecords
        The records as they were landed: what is counted of them is not typed again.
    staged : lazy table
        Typed values with the conditions that hold, see `rejects.stage_records`.
    values : tuple of str
        The table's columns.
    reasons : tuple of str
        Why a record is left out, in the order of the conditions.
    day : engine value, optional
        The day of each record; None where it has none.
    is_numbered : bool
        Whether the lines of orders are numbered here.
    """

    name: str
    rule: TableRule
    source: SourceRecords
    staged: ir.Table
    values: tuple[str, ...]
    reasons: tuple[str, ...]
    day: ir.DateValue | None
    is_numbered: bool

    def days(self, engine: Engine) -> date_plausibility.Days:
        """Return each day with records that nothing but a date can leave out, and their number."""
        if self.day is None:
            return ()
        return date_plausibility.days_with_records(
            self.staged.filter(~rejects.is_rejected(self.staged)), self.day, engine
        )


def build(landed: LandedFiles, engine: Engine, name: str, rule: TableRule) -> CanonicalTables:
    """Return one canonical table of landed files by a rule, whatever the dates of its rows.

    Parameters
    ----------
    landed : LandedFiles
        Text Parquet of the files.
    engine : Engine
        Where it is computed.
    name : str
        The table, without its folder.
    rule : TableRule
        How it is made; of a table with parts one of them.

    Raises
    ------
    InputError
        Naming every expression that does not fit the file, and a lookup whose key is not unique.
    """
    return finished(prepared(landed, engine, name, rule), engine)


def prepared(landed: LandedFiles, engine: Engine, name: str, rule: TableRule) -> Prepared:
    """Return the records of one table, typed, with everything that leaves them out but their dates; see `made`."""
    records = source_records.records_of_table(landed, engine, name, rule)
    source, values, reasons = typed_records(landed.profile, name, rule, records, engine)
    gone = erasure_requests.erased_people(landed.profile.name)
    values, is_erased = erasure_requests.without_erased(
        gone, name, values, source.table, engine, _answered(landed, engine)
    )
    if is_erased is not None:
        reasons.append((is_erased, erasure_requests.ERASED))
    files = [f.file for f in landed.files if f.name == rule.from_]
    alike = rejects.shared_columns(source, files, is_spoken=not rule.where)
    lent = _lent_day(landed.profile, name, rule, source, engine)
    staged = rejects.stage_records(source, values | lent, [condition for condition, _ in reasons], alike)
    is_numbered = name == "transactions" and "line" not in values
    staged = engine.kept(rejects.number_lines(staged) if is_numbered else staged).mutate(**alike)
    column = TIMES[name] if TIMES.get(name) in values else DAY if lent else ""
    return Prepared(name, rule, records, staged, tuple(values), tuple(reason for _, reason in reasons),
                    staged[column].cast("date") if column else None, is_numbered)


def finished(
    given: Prepared, engine: Engine, dating: date_plausibility.TableDates | None = None
) -> CanonicalTables:
    """Return one canonical table of typed records, without those whose dates leave them out; see `made`."""
    name, staged, said = given.name, given.staged, list(given.reasons)
    if dating is not None and given.day is not None and dating.is_cut:
        is_sound = ~rejects.is_rejected(staged)  # what has a fault today will have it later
        asked = [(condition & is_sound if reason == date_plausibility.LATE else condition, reason)
                 for condition, reason in dating.reasons(given.day)]
        staged = rejects.marked(staged, len(said), [condition for condition, _ in asked])
        staged = engine.kept(rejects.number_lines(staged) if given.is_numbered else staged)
        said += [reason for _, reason in asked]
    made_here = ["line"] if given.is_numbered else []
    accepted = engine.view(
        staged.filter(~rejects.is_rejected(staged)).select(FILE, RECORD, ITEM, *given.values, *made_here))
    refused = engine.kept(rejects.rejected_records(name, staged, said))
    asides = [i for i, reason in enumerate(said) if reason in (erasure_requests.ERASED, *date_plausibility.REASONS)]
    aside = rejects.rejected_only_for(staged, asides).select(*given.values) if asides else None
    if not given.is_numbered:
        accepted, refused = rejects.drop_repeated_keys(name, given.source, accepted, refused, engine)
    return CanonicalTables(name, accepted, refused, given.source.n_cells, _cells(given.source, refused, engine),
                source_records.unmatched_lookups(given.source, given.rule.lookup, engine), given.rule.from_, aside)


def _lent_day(
    profile: Profile, name: str, asked: TableRule, source: SourceRecords, engine: Engine) -> dict[str, ir.Value]:
    """Return the day of answers, which is the one of the respondents that the same file tells of; none if it is not."""
    people = profile.tables.get("respondents")
    rule = people.rule_of(asked.from_) if people else None
    told = rule.columns.get(TIMES["respondents"]) if rule else None
    if name != "responses" or rule is None or told is None or rule.from_ != asked.from_:
        return {}
    zone = _zone(profile, "respondents", rule, source, engine)
    scope = ExpressionScope(source.columns, signs=source.signs, zone=zone)
    with suppress(InputError):  # it takes a second file that only the respondents look up
        found = expressions.expression_value(told.from_, scope, "tables.respondents")
        return {DAY: type_parsing.parse_column(found, "time", told, scope).value.cast("date")}
    return {}


def typed_records(
    profile: Profile, name: str, rule: TableRule, source: SourceRecords, engine: Engine
) -> tuple[SourceRecords, dict[str, ir.Value], Reasons]:
    """Return records with a table's columns read, these as typed values, and every reason to leave a record out.

    What is read becomes a column, so that whatever refers to it does so by its name and not by how it was read.

    Raises
    ------
    InputError
        Naming every expression that does not fit.
    """
    read, problems = {}, []
    zone = _zone(profile, name, rule, source, engine)
    reasons: Reasons = []
    for reject in rule.reject:
        try:
            where = expressions.expression_condition(
                reject.where, ExpressionScope(source.columns, signs=source.signs), f"tables.{name}.reject")
            reasons.append((where, reject.reason))
        except InputError as error:
            problems.append(str(error))
    for column, column_rule in rule.columns.items():
        declared = profile.column(name, column)
        scope = ExpressionScope(source.columns, type_parsing.number_type(declared.type), signs=source.signs, zone=zone)
        try:
            is_told_apart = (len(source.files) > 1 or profile.has_parts) and is_identifier(name, column)
            found = _column_value(column_rule.from_, scope, f"tables.{name}.{column}", declared, source,
                                  is_told_apart=is_told_apart)
            read[column] = type_parsing.parse_column(found, declared.type, column_rule, scope)
            if column_rule.currency:
                read[column] = _in_own_currency(profile, column_rule, read[column], source, engine,
                                                f"tables.{name}.{column}")
            type_parsing.refuse_ambiguous(
                read[column], column_rule.formats, source.table, engine, f"tables.{name}.{column}")
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError(profile.where, "; ".join(problems))
    source, read = _kept_by_name(source, read)
    for column, found in read.items():
        reasons += _column_reasons(profile.column(name, column), found)
    reasons += [(source.is_repeated, REPEATED_RECORD)] if rule.duplicates == "reject" else []
    return source, {column: found.value for column, found in read.items()} | _applicability(name, source), reasons


def _applicability(name: str, source: SourceRecords) -> dict[str, ir.Value]:
    """Return whether each survey answer says that its item does not apply: its score is as empty as one not given."""
    if name != "responses" or not source.not_applicable:
        return {}
    return {"is_not_applicable": source.table[ANSWER].isin(source.not_applicable).fill_null(False)}


def _in_own_currency(
    profile: Profile, rule: ColumnRule, found: ParsedColumn, source: SourceRecords, engine: Engine, where: str
) -> ParsedColumn:
    """Return money in the profile's currency, whatever currency each record is in."""
    scope = ExpressionScope(source.columns, signs=source.signs)
    code = exchange_rates.currency_code(expressions.expression_value(rule.currency, scope, where).cast("string"))
    exchange_rates.refuse_unrated(code, profile.rates, profile.currency, source.table.filter(source.is_spoken),
                                   engine, where)
    return replace(found, value=exchange_rates.converted(found.value, code, profile.rates, profile.currency))


def is_identifier(name: str, column: str) -> bool:
    """Return whether a column of a table is one that records are known by, here or in another table."""
    return column in CANONICAL[name].key or column.endswith("_id") or column == "referred_by"


def _column_value(
    text: str, scope: ExpressionScope, where: str, declared: Column, source: SourceRecords, *, is_told_apart: bool
) -> ir.Value:
    """Return the value of a column's expression; what identifies a record is unique in all files of the form."""
    if is_told_apart:
        if declared.type == "text":
            return expressions.identifier(text, scope, where)
        if declared.type == "integer":
            scope = replace(scope, columns={**scope.columns, "record": source.running})
    return expressions.expression_value(text, scope, where)


def _zone(profile: Profile, name: str, table: TableRule, source: SourceRecords, engine: Engine) -> str:
    """Return the zone that times are told in; none where no time has an offset, so that none is looked for."""
    texts = []
    for column, rule in table.columns.items():
        if profile.column(name, column).type in ("date", "time"):
            with suppress(InputError):  # said where the column is read
                texts.append(
                    expressions.expression_value(
                        rule.from_, ExpressionScope(source.columns, signs=source.signs), column
                    )
                )
    if any(date_formats.has_zone(rule.formats) for rule in table.columns.values()):
        return workspace.study_of_source(profile.name).about.time_zone
    signs = [type_parsing.may_have_offset(text) for text in texts if text.type().is_string()]
    found = [engine.first_row(source.table.aggregate(n=reduce(or_, signs).ifelse(1, 0).max()))] if signs else []
    return workspace.study_of_source(profile.name).about.time_zone if found and found[0]["n"] else ""


def _kept_by_name(
    source: SourceRecords, read: dict[str, ParsedColumn]
) -> tuple[SourceRecords, dict[str, ParsedColumn]]:
    table = source.table.mutate(
        **{f"{VALUE}{c}": found.value for c, found in read.items()},
        **{f"{UNREAD}{c}": found.is_unread for c, found in read.items() if found.is_unread is not None})
    return replace(source, table=table), {
        c: ParsedColumn(table[f"{VALUE}{c}"], None if found.is_unread is None else table[f"{UNREAD}{c}"])
        for c, found in read.items()}


def _column_reasons(column: Column, found: ParsedColumn) -> Reasons:
    reasons: Reasons = []
    value, is_unread = found.value, found.is_unread
    if is_unread is not None:
        reasons.append((is_unread, f"{column.name} is not readable as {WORDS[column.type]}"))
    if column.required:
        # cast first: "not x is null" asked whether it is null is read as "not (x is null is null)", which is true
        is_empty = (value.cast("int64") if value.type().is_boolean() else value).isnull()
        reasons.append((is_empty if is_unread is None else is_empty & ~is_unread, f"{column.name} is empty"))
    if column.allowed:
        reasons.append((value.notin(column.allowed), f"{column.name} is none of {', '.join(column.allowed)}"))
    if column.low is not None:
        reasons.append((value < column.low, f"{column.name} is below {column.low:g}"))
    if column.high is not None:
        reasons.append((value > column.high, f"{column.name} is above {column.high:g}"))
    return reasons


def _answered(landed: LandedFiles, engine: Engine) -> Iterator[tuple[dict[str, ir.Value], ir.Table]]:
    """Yield the tables that know who answered which survey, as values and records."""
    for name in erasure_requests.ANSWERED:
        table = landed.profile.tables.get(name)
        for rule in table.rules if table and not table.rows else ():
            records = source_records.records_of_table(landed, engine, name, rule)
            source, values, _ = typed_records(landed.profile, name, rule, records, engine)
            yield values, source.table


def _cells(source: SourceRecords, refused: ir.Table, engine: Engine) -> dict[str, int]:
    """Return the number of survey answers by what became of them."""
    if source.n_cells == 1:
        return {}
    answer = source.table[ANSWER]
    counts = engine.first_row(source.table.aggregate(
        n=answer.isnull().count(), given=answer.count(),
        inapplicable=answer.isin(source.not_applicable).ifelse(1, 0).sum().fill_null(0)
        if source.not_applicable else ibis.literal(0)))
    left_out = engine.first_row(refused.aggregate(n=refused.count()))["n"]
    answered = counts["given"] - counts["inapplicable"] - left_out
    return {"answered": answered, "not given": counts["n"] - counts["given"],
            "not applicable": counts["inapplicable"], "left out": left_out}
