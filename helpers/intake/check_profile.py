"""Dry run of a source profile: every problem in one pass, nothing written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow.compute as pc
import pyarrow.parquet as pq

from helpers.foundation.engine import Engine
from helpers.foundation.engine_choice import open_engine
from helpers.foundation.errors import InputError, count_of_total
from helpers.intake import (
    audit_report,
    canonical_tables,
    canonicalise,
    check_summary,
    control_totals,
    date_plausibility,
    delivery,
    profiles,
    readers,
    reconciliation,
    record_identifiers,
    source_records,
    timeliness_gates,
)
from helpers.intake.canonical_tables import CanonicalTables
from helpers.intake.profiles import CANONICAL, Profile
from helpers.intake.readers import LandedFiles
from helpers.intake.reconciliation import Reconciliation

ADDRESS = r"^\s*[^@\s]+@[^@\s]+\.\pL{2,}\s*$"

LOOKED_AT = 1_000  # records


@dataclass(frozen=True, slots=True)
class ProfileCheck:
    """What a dry run found.

    Parameters
    ----------
    problems : tuple of str
        What stops a run: unknown keys and columns, files that cannot be landed, totals that are not met.
    remarks : tuple of str
        What a run would reject, with counts: records that cannot be parsed, values that cannot be read, required ones
        that are empty, repeated keys, rows of days on which nothing can have happened, and what the profile itself
        rejects. And columns of e-mail addresses that no mask names.
    warnings : tuple of str
        What makes the figures doubtful although a run would start: more than one record in twenty rejected, records
        told apart by a time or by their number.
    rows : mapping of str to int
        Rows of each canonical table that can be made, by name without folder.
    summary : tuple of str
        Lines that tell what becomes what: rows, customers, period, money and first rows of each table.
    """

    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    summary: tuple[str, ...] = field(default=(), compare=False)


def check_profile_files(source: str, raw: str = "") -> ProfileCheck:
    """Return everything that is wrong with a profile and its files, in one pass.

    Parameters
    ----------
    source : str
        Name of the source profile.
    raw : str
        Folder of the files; ``""`` is the source's own below ``data/raw``.
    """
    try:
        told = profiles.profile_content(source)
    except InputError as error:
        return ProfileCheck((str(error),))
    profile, found = profiles.examine_profile(told, f"sources/{source}.toml")
    if profile is None or any(name not in CANONICAL for name in profile.tables):
        return ProfileCheck(tuple(found))
    delivery.simulate_files(profile, raw)
    landed, unreadable = readers.landable_files(profile, raw)
    engine = open_engine()
    parts, misfits = _made(profile, landed, engine)
    made, repeats = _merged(profile, parts, engine)
    misfits += repeats
    dirt = (said for m in made.values() for said in _dirt(profile, m, engine))
    remarks = [*_broken(landed), *_personal(landed), *dirt, *_of_other_times(made, engine)]
    is_whole = bool(made) and not unreadable and not misfits
    warnings: tuple[str, ...] = ()
    if is_whole:
        reconciled = reconciliation.reconcile(landed, parts, engine)
        remarks += _homeless(reconciled, engine)
        warnings = (*_doubts(landed, reconciled, tuple(made.values()), engine), *_standing(profile, made))
    return ProfileCheck(
        (*found, *unreadable, *_empty(landed), *misfits, *_undated(profile, made), *_totals(landed, made, engine)),
        tuple(remarks),
        warnings,
        _rows(profile, made, engine),
        tuple(check_summary.table_summaries(profile, made, engine)),
    )


def _broken(landed: LandedFiles) -> Iterator[str]:
    for name in landed.tables:
        broken = sum(f.n_broken for f in landed.files if f.name == name)
        if broken:
            total = sum(f.n_records for f in landed.files if f.name == name)
            yield f"files.{name}: {count_of_total(broken, total)} cannot be split into the declared columns"


def _personal(landed: LandedFiles) -> Iterator[str]:
    """Yield the columns that hold addresses of people and are not masked, as the first records show."""
    for name, path in landed.tables.items():
        with pq.ParquetFile(path) as file:
            first = next(file.iter_batches(LOOKED_AT, columns=landed.columns[name]), None)
        if not first:
            continue
        for column in first.schema.names:
            n = pc.sum(pc.match_substring_regex(first[column], ADDRESS)).as_py() or 0
            if n:
                yield (
                    f"files.{name}: the column '{column}' holds e-mail addresses ({count_of_total(n, first.num_rows)} "
                    "looked at) and is stored as it is; the file's mask can drop or hash it"
                )


def _empty(landed: LandedFiles) -> Iterator[str]:
    for name in landed.tables:
        files = [f for f in landed.files if f.name == name]
        if not sum(f.n_records for f in files):
            is_empty = not sum(f.n_bytes for f in files)
            yield f"files.{name}: " + ("the file is empty" if is_empty else "there is no record in it")


def _undated(profile: Profile, made: Mapping[str, CanonicalTables]) -> Iterator[str]:
    """Yield that nothing says which day the data speak for, where that is so."""
    if made and not profile.as_of and not any(canonicalise.TIMES.get(n) in m.accepted.columns for n, m in made.items()):
        yield "; allowed: ".join(delivery.UNDATED)


def _standing(profile: Profile, made: Mapping[str, CanonicalTables]) -> Iterator[str]:
    """Yield that the day of the data is only guessed, where no table has a date but those of what began and holds."""
    dated = {n for n, m in made.items() if canonicalise.TIMES.get(n) in m.accepted.columns}
    if dated and dated <= set(date_plausibility.STANDING) and not profile.as_of:
        yield (f"only starts are dated ({', '.join(sorted(dated))}), and the newest one is taken for the day that the "
               'data speak for; allowed: as_of = "YYYY-MM-DD" in the profile, the day on which the files were drawn')


def _made(profile: Profile, landed: LandedFiles, engine: Engine) -> tuple[list[CanonicalTables], list[str]]:
    """Return every table, or part of one, that can be made, and a sentence for each misfit of the others."""
    made: list[CanonicalTables] = []
    misfits: list[str] = []
    for name, rule in ((name, rule) for name, table in profile.tables.items() for rule in table.rules):
        needed = {rule.from_, *(lookup.file for lookup in rule.lookup.values())}
        try:
            if rule.rows:
                misfits += _typed_rows(profile, name, engine)
            elif needed <= landed.tables.keys():
                made.append(canonicalise.build(landed, engine, name, rule))
        except InputError as error:
            misfits.append(str(error).removeprefix(f"{profile.where}: "))
    return made, misfits


def _merged(
    profile: Profile, parts: Sequence[CanonicalTables], engine: Engine
) -> tuple[dict[str, CanonicalTables], list[str]]:
    """Return the tables by name, and a sentence for each whose parts do not fit together."""
    made, misfits = {}, []
    for name in dict.fromkeys(p.name for p in parts):
        try:
            made[name] = canonical_tables.merged(profile, [p for p in parts if p.name == name], engine)
        except InputError as error:
            misfits.append(str(error).removeprefix(f"{profile.where}: "))
    return made, misfits


def _typed_rows(profile: Profile, name: str, engine: Engine) -> Iterator[str]:
    declaration = CANONICAL[name]
    table = declaration.conformed(engine.lazy(source_records.inline_table(profile, name)))
    for problem in declaration.problems(engine.row(declaration.counts(engine.view(table)))):
        yield f"tables.{name}.{problem}"


def _dirt(profile: Profile, made: CanonicalTables, engine: Engine) -> Iterator[str]:
    """Yield the reasons for which records are left out of a table, those that the profile declares among them."""
    spoken = made.refused.filter(made.refused["is_spoken"])
    said = engine.frame(spoken.group_by("reasons").aggregate(n=spoken.count()))
    counts: dict[str, int] = {}
    for reasons, n in zip(said["reasons"].fillna(""), said["n"], strict=True):
        for reason in set(reasons.split("; ")) - {""}:
            counts[reason] = counts.get(reason, 0) + int(n)
    own = {r.reason for rule in profile.tables[made.name].rules for r in rule.reject}
    for reason, n in sorted(counts.items()):
        declared = " (declared in the profile)" if reason in own else ""
        yield f"tables.{made.name}: {n:,} record{'' if n == 1 else 's'} rejected because {reason}{declared}"


def _homeless(reconciled: Reconciliation, engine: Engine) -> Iterator[str]:
    """Yield how many records are rejected although nothing is wrong with them: no table's condition takes them."""
    left_out = reconciled.rejected.filter(reconciled.rejected["reasons"] == reconciliation.NOWHERE)
    if n := engine.first_row(left_out.aggregate(n=left_out.count()))["n"]:
        who = "1 record rejected because it belongs" if n == 1 else f"{n:,} records rejected because they belong"
        yield f"{who} to no table: 'where' leaves them out of each"


def _doubts(
    landed: LandedFiles, reconciled: Reconciliation, tables: Sequence[CanonicalTables], engine: Engine
) -> Iterator[str]:
    """Yield what makes the figures doubtful although a run would start."""
    yield from (
        gate.sentence
        for gate in audit_report.rejections(reconciled, tables, engine)
        if gate.is_crossed
    )
    yield from (
        f"tables.{found.sentence}" for found in record_identifiers.weak_identifiers(landed.profile, tables, engine)
    )
    yield from record_identifiers.record_number_lookups(landed)


def _rows(profile: Profile, made: dict[str, CanonicalTables], engine: Engine) -> dict[str, int]:
    typed = {name: len(rule.rows) for name, rule in profile.tables.items() if rule.rows}
    return typed | {name: engine.first_row(m.accepted.aggregate(n=m.accepted.count()))["n"] for name, m in made.items()}


def _of_other_times(made: dict[str, CanonicalTables], engine: Engine) -> Iterator[str]:
    """Yield the rows that a run would set aside because nothing can have happened on their day."""
    days = {
        name: date_plausibility.days_with_records(m.accepted, m.accepted[canonicalise.TIMES[name]].cast("date"), engine)
        for name, m in made.items()
        if name in date_plausibility.HAPPENED and canonicalise.TIMES[name] in m.accepted.columns
    }
    for name, dating in date_plausibility.judge_dates(days, date_plausibility.newest_begun_day()).items():
        for reason in (date_plausibility.FUTURE, date_plausibility.ISOLATED):
            if found := dating.aside(reason):
                yield (
                    f"tables.{name}: {timeliness_gates.rows_text(found)} {reason} "
                    f"({timeliness_gates.dates_text(found)})"
                )


def _totals(landed: LandedFiles, made: dict[str, CanonicalTables], engine: Engine) -> Iterator[str]:
    tables = {name: m.table for name, m in made.items()}
    tables |= {name: engine.lazy(source_records.inline_table(landed.profile, name))
               for name, rule in landed.profile.tables.items() if rule.rows and name not in made}
    for control in landed.profile.control:
        if (control.file or control.table) not in {**landed.tables, **tables}:
            continue
        try:
            found = control_totals.check_total(control, landed, tables, engine)
        except InputError as error:
            yield str(error)
            continue
        if not found.is_met:
            yield found.sentence
