"""One delivery of a source's files, from raw files to canonical tables with everything that was found on the way."""

from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.workspace import Workspace, raw_folder
from helpers.intake import cleaning, conservation, controls, erasures, readers
from helpers.intake.cleaning import TIMES, Made
from helpers.intake.conservation import Outcome
from helpers.intake.controls import Checked
from helpers.intake.profiles import Profile
from helpers.intake.readers import Landed


@dataclass(frozen=True, slots=True)
class Delivery:
    """What arrived and what it became.

    Parameters
    ----------
    landed : Landed
        The files as text.
    made : tuple of Made
        Canonical tables made from files, with what was left out of each.
    tables : dict of str to lazy table
        All canonical tables by name (``canonical/transactions``), typed.
    outcome : Outcome
        What became of every record.
    controls : tuple of Checked
        Declared totals and what was found.
    spans : dict of str to (date, date)
        First and newest day of each table that has dates, by name without folder.
    counts : dict of str to int
        Rows of each table, by name without folder.
    as_of_on : date or None
        The date that the data speak for: as asked for, else the newest row, else as the profile declares; None only
        where no row was accepted.
    """

    landed: Landed
    made: tuple[Made, ...]
    tables: dict[str, ir.Table]
    outcome: Outcome
    controls: tuple[Checked, ...]
    spans: dict[str, tuple[date, date]]
    counts: dict[str, int]
    as_of_on: date | None

    @property
    def profile(self) -> Profile:
        """The source's profile."""
        return self.landed.profile

    @property
    def newest_on(self) -> date | None:
        """Day of the newest row of any table; None where no table has dates."""
        return max((newest for _, newest in self.spans.values()), default=None)

    def write(self, workspace: Workspace) -> list[str]:
        """Write every canonical table and what was rejected, settle the run's date; return what was written."""
        if self.as_of_on:
            workspace.settle(self.as_of_on)
        gone = erasures.suppressed(self.profile.name)
        tables = {**self.tables, "rejected/records": erasures.kept(self.outcome.rejected, gone, workspace.engine),
                  "rejected/parts": erasures.kept(self.outcome.parts, gone, workspace.engine)}
        proved = {f"canonical/{m.name}" for m in self.made}  # repeated keys were left out of these
        return [workspace.write(name, table, is_unique=name in proved) for name, table in tables.items()]


def delivery(profile: Profile, engine: Engine, raw: str = "", as_of: str = "") -> Delivery:
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
        ISO date; later rows are set aside. ``""`` is the newest row.

    Raises
    ------
    InputError
        Naming every file that cannot be landed, or every expression that does not fit the files.
    """
    simulate(profile, raw)
    landed = readers.landed(profile, raw)
    made = tuple(_all_made(landed, engine, as_of))
    typed = {m.name: m.table for m in made}
    typed |= {name: engine.lazy(cleaning.inline(profile, name)) for name, rule in profile.tables.items() if rule.rows}
    delivered = {**typed, **{m.name: m.delivered for m in made}}
    spans = {m.name: span for m in made if (span := _span(m, engine))}
    counts = {name: engine.first_row(table.aggregate(n=table.count()))["n"] for name, table in typed.items()}
    found = controls.checked(landed, delivered, engine)
    return Delivery(landed, made, {f"canonical/{n}": t for n, t in typed.items()},
                    conservation.outcome(landed, made, engine), found, spans, counts,
                    _settled(profile, spans, counts, as_of))


def _settled(
    profile: Profile, spans: dict[str, tuple[date, date]], counts: dict[str, int], as_of: str
) -> date | None:
    newest = max((newest for _, newest in spans.values()), default=None)
    settled = as_of or (newest.isoformat() if newest else profile.as_of)
    if not settled and any(counts[name] for name, rule in profile.tables.items() if not rule.rows):
        raise InputError(profile.where, "no table has a date", 'as_of = "YYYY-MM-DD" in the profile')
    return date.fromisoformat(settled) if settled else None


def simulate(profile: Profile, raw: str) -> None:
    """Let a simulated source make its files where they are absent or made by an older simulation."""
    told = profile.simulation
    if not told or raw:
        return
    from helpers.intake import simulation  # what it imports takes longer than most intakes

    if not simulation.is_current(raw_folder(profile.name)):
        simulation.write(raw_folder(profile.name), customers=told.customers, seed=told.seed)


def _all_made(landed: Landed, engine: Engine, as_of: str) -> list[Made]:
    made, problems = [], []
    for name, rule in landed.profile.tables.items():
        try:
            made += [] if rule.rows else [cleaning.made(landed, engine, name, as_of)]
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError(landed.profile.where, "; ".join(problems))
    return made


def _span(made: Made, engine: Engine) -> tuple[date, date] | None:
    column = TIMES.get(made.name)
    if column not in made.accepted.columns:
        return None
    day = made.accepted[column].cast("date")
    row = engine.first_row(made.accepted.aggregate(first_on=day.min(), newest_on=day.max()))
    return (row["first_on"], row["newest_on"]) if row["newest_on"] else None
