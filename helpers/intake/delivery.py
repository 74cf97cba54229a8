"""One delivery of a source: from raw files to canonical tables, with everything found on the way."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir

from helpers.erasure import erasure_requests
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.folders import raw_folder
from helpers.foundation.workspace import Workspace
from helpers.intake import (
    canonical_tables,
    canonicalise,
    control_totals,
    date_plausibility,
    readers,
    reconciliation,
    source_records,
)
from helpers.intake.canonical_tables import CanonicalTables
from helpers.intake.canonicalise import TIMES, Prepared
from helpers.intake.control_totals import ControlTotal
from helpers.intake.date_plausibility import NewestDay, TableDates
from helpers.intake.profiles import Profile
from helpers.intake.readers import LandedFiles
from helpers.intake.reconciliation import Reconciliation

UNDATED = ("no table has a date", 'as_of = "YYYY-MM-DD" in the profile')


@dataclass(frozen=True, slots=True)
class Delivery:
    """What arrived and what it became.

    Parameters
    ----------
    landed : LandedFiles
        The files as text.
    made : tuple of CanonicalTables
        Canonical tables made from files, with what was left out of each.
    tables : dict of str to lazy table
        All canonical tables by name (``canonical/transactions``), typed.
    outcome : Reconciliation
        What became of every record.
    controls : tuple of ControlTotal
        Declared totals and what was found.
    spans : dict of str to (date, date)
        First and newest day of each table that has dates, by name without folder.
    counts : dict of str to int
        Rows of each table, by name without folder.
    datings : dict of str to TableDates
        The dates of each dated table's rows, and which of them are left out, by name without folder.
    as_of_on : date or None
        The date that the data speak for: as asked for, else the newest row of what happened
        (`date_plausibility.judge_dates`), else as the profile declares; None only where no row was accepted.
    is_asked : bool
        Whether it was asked for.
    """

    landed: LandedFiles
    made: tuple[CanonicalTables, ...]
    tables: dict[str, ir.Table]
    outcome: Reconciliation
    controls: tuple[ControlTotal, ...]
    spans: dict[str, tuple[date, date]]
    counts: dict[str, int]
    datings: dict[str, TableDates]
    as_of_on: date | None
    is_asked: bool = False

    @property
    def profile(self) -> Profile:
        """The source's profile."""
        return self.landed.profile

    @property
    def newest_on(self) -> date | None:
        """Day of the newest row of what happened, else of any table; None where no table has dates."""
        happened = [self.spans[name] for name in date_plausibility.HAPPENED if name in self.spans]
        return max((newest for _, newest in happened or self.spans.values()), default=None)

    @property
    def endings(self) -> dict[str, NewestDay]:
        """How far the rows of each table reach that records what happened, by name without folder."""
        return date_plausibility.newest_days(self.datings, self.profile.max_age_days)

    def write(self, workspace: Workspace) -> list[str]:
        """Write every canonical table and what was rejected, settle the run's date; return what was written."""
        if self.as_of_on:
            workspace.settle(self.as_of_on, {n: e.newest_on for n, e in self.endings.items() if e.is_early})
        gone = erasure_requests.erased_people(self.profile.name)
        tables = {
            **self.tables,
            "rejected/records": erasure_requests.rejects_without_erased(self.outcome.rejected, gone, workspace.engine),
            "rejected/parts": erasure_requests.rejects_without_erased(self.outcome.parts, gone, workspace.engine),
        }
        proved = {f"canonical/{m.name}" for m in self.made}  # repeated keys were left out of these
        return [workspace.write(name, table, is_unique=name in proved) for name, table in tables.items()]


def read_delivery(
    profile: Profile, engine: Engine, raw: str = "", as_of: str = "", *, today: date | None = None
) -> Delivery:
    """Return a delivery, cleaned.

    Parameters
    ----------
    profile : Profile
        What the files are and become.
    engine : Engine
        Where it is computed.
    raw : str
        Folder of the files; ``""`` is the source's own below ``data/raw``, which a simulated source fills itself.
    as_of : str
        ISO date; later rows are not yet. ``""`` is the newest row.
    today : date, optional
        Newest day on which something can have happened; the newest that has begun where none is given.

    Raises
    ------
    InputError
        Naming every file that cannot be landed, or every expression that does not fit the files.
    """
    simulate_files(profile, raw)
    landed = readers.landed_files(profile, raw)
    ready = _all_prepared(landed, engine)
    asked = date.fromisoformat(as_of) if as_of else None
    declared = date.fromisoformat(profile.as_of) if profile.as_of else None
    datings = date_plausibility.judge_dates(
        _days(ready, engine), today or date_plausibility.newest_begun_day(), asked, declared)
    parts = tuple(canonicalise.finished(p, engine, datings.get(p.name)) for p in ready)
    made = tuple(canonical_tables.merged(profile, [p for p in parts if p.name == name], engine)
                 for name in dict.fromkeys(p.name for p in parts))
    typed = {m.name: engine.view(m.table) for m in made}
    typed |= {
        name: engine.lazy(source_records.inline_table(profile, name))
        for name, rule in profile.tables.items()
        if rule.rows
    }
    totalled = {control.table for control in profile.control}
    delivered = {**typed, **{m.name: engine.view(m.delivered) for m in made if m.name in totalled}}
    spans = {m.name: span for m in made if (span := _span(m, engine))}
    counts = {name: engine.first_row(table.aggregate(n=table.count()))["n"] for name, table in typed.items()}
    found = control_totals.check_totals(landed, delivered, engine)
    return Delivery(landed, made, {f"canonical/{n}": t for n, t in typed.items()},
                    reconciliation.reconcile(landed, parts, engine), found, spans, counts, datings,
                    _settled(profile, datings, counts, asked), asked is not None)


def _settled(
    profile: Profile, datings: dict[str, TableDates], counts: dict[str, int], asked: date | None
) -> date | None:
    found = asked or next((d.as_of_on for d in datings.values() if d.as_of_on), None)
    if found or profile.as_of:
        return found or date.fromisoformat(profile.as_of)
    if any(counts[name] for name, rule in profile.tables.items() if not rule.rows):
        raise InputError(profile.where, *UNDATED)
    return None


def _days(ready: list[Prepared], engine: Engine) -> dict[str, date_plausibility.Days]:
    """Return the days with rows of each dated table; answers have those that respondents lend them."""
    days: dict[str, Counter[date]] = {}
    for p in ready:
        if found := p.days(engine):
            days[p.name] = days.get(p.name, Counter()) + Counter(dict(found))
    return {name: tuple(sorted(found.items())) for name, found in days.items()}


def simulate_files(profile: Profile, raw: str) -> None:
    """Let a simulated source make its files where they are absent or made by an older simulation."""
    told = profile.simulation
    if not told or raw:
        return
    from helpers import simulation  # what it imports takes longer than most intakes

    if not simulation.is_current(raw_folder(profile.name)):
        simulation.write_files(raw_folder(profile.name), customers=told.customers, seed=told.seed)


def _all_prepared(landed: LandedFiles, engine: Engine) -> list[Prepared]:
    ready, problems = [], []
    for name, rule in landed.profile.tables.items():
        for part in () if rule.rows else rule.rules:
            try:
                ready.append(canonicalise.prepared(landed, engine, name, part))
            except InputError as error:
                problems.append(str(error))
    if problems:
        raise InputError(landed.profile.where, "; ".join(problems))
    return ready


def _span(made: CanonicalTables, engine: Engine) -> tuple[date, date] | None:
    column = TIMES.get(made.name)
    if column not in made.accepted.columns:
        return None
    day = made.accepted[column].cast("date")
    row = engine.first_row(made.accepted.aggregate(first_on=day.min(), newest_on=day.max()))
    return (row["first_on"], row["newest_on"]) if row["newest_on"] else None
