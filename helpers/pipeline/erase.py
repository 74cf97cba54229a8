"""Erases a person from every run, notebook and page, from published reports, and from every run to come.

First the person is put on the list of those whom the intake leaves out; then each folder that holds something of them
is written anew beside its place and changes places with the old one. Whatever ends the work between two of these
steps, every folder is the old or the new one, and the same command completes it. A file that cannot be cleaned, such
as a damaged table, stops nothing; it is named, and the erasure counts as not completed.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from helpers.erasure import erasure_requests, redaction
from helpers.erasure.file_redaction import FileRedactor
from helpers.erasure.redaction import Person
from helpers.foundation import atomic_files, folders, hash_key, manifest, parquet_files
from helpers.foundation.errors import InputError, spelling_hint
from helpers.intake import profiles, pseudonymise
from helpers.pipeline import publishing, runs
from helpers.pipeline.steps import WORKBOOK, Workbook

NOT_TOUCHED = ("raw", "runs", "sources", "studies", "erasures")  # delivered, declared, or cleaned run by run

KNOWN_BY = ("canonical/respondents", "canonical/invitations", "results/satisfaction_scores")


@dataclass(slots=True)
class ErasureRecord:
    """What was taken out of one source.

    Parameters
    ----------
    source : str
        Name of the source profile.
    runs : dict of str to int
        Rows taken out, by run; a run in which only the name stood has 0.
    reports : int
        Folders of published pages that were written anew.
    others : int
        Customers known by another id who share the person's key.
    uncleaned : dict of str to str
        Files that show the person or may do so, by their place, with the reason why they could not be cleaned.
    """

    source: str
    runs: dict[str, int] = field(default_factory=dict)
    reports: int = 0
    others: int = 0
    uncleaned: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """What was done, for people; the person is not named."""
        said = [f"{self.source}: {rows:,} row{'' if rows == 1 else 's'} taken out of run {run}"
                for run, rows in self.runs.items()]
        said += [f"{self.source}: {self.reports} published report{'' if self.reports == 1 else 's'} written anew"]
        if not self.runs:
            said = [f"{self.source}: no run holds anything of this customer"]
        said += [f"{self.source}: {self.others} more customer{'' if self.others == 1 else 's'} may be the same person "
                 "(they share a person_key): erase them too"] if self.others else []
        said += [f"{self.source}: NOT CLEANED: {place}: {reason}" for place, reason in sorted(self.uncleaned.items())]
        return [*said, f"{self.source}: later runs leave this customer out; the files as delivered are not touched"]


def erase_customer(customer: str, source: str = "", workbook: Workbook = WORKBOOK) -> list[ErasureRecord]:
    """Erase a customer from a source, or from every source that has runs; return what was done.

    Parameters
    ----------
    customer : str
        The id as the runs hold it; where the profile hashes ids, the id as delivered.
    source : str
        Name of the source profile; ``""``: every one that has runs.
    workbook : Workbook
        Whose pages are listed anew.

    Raises
    ------
    InputError
        If there is no such source, no id, or a run of the source is at work; nothing has changed then.
    """
    if not customer.strip():
        raise InputError("erase", "no customer is named", "an id as the runs hold it")
    names = [source] if source else sorted(p.name for p in folders.runs_folder("any").parent.glob("*") if p.is_dir())
    known = folders.config_names("sources")
    for name in names:
        if name not in known and not folders.runs_folder(name).is_dir():
            raise InputError(name, "there is no such source profile", spelling_hint(name, known))
    if not names:
        raise InputError("erase", "there is no run yet", "--source NAME, so that the customer stays out of its runs")
    found = [_erased(customer.strip(), name, workbook.scratch) for name in names]
    publishing.list_runs(workbook)
    return found


def source_folders(source: str) -> list[Path]:
    """Return the folders of all runs of a source, whatever their state and form, and of work by hand."""
    return sorted(p for p in folders.runs_folder(source).glob("*")
                  if p.is_dir() and not p.is_symlink() and p.name not in (runs.AT_WORK, atomic_files.PARKED))


def _erased(customer: str, source: str, by_hand: Path) -> ErasureRecord:
    with runs.source_lock(source):
        atomic_files.recover_parked(folders.runs_folder(source))
        runs.sweep_partials(source)
        with runs.working_folder(source) as room:
            ids, key = _forms(customer, source), hash_key.hash_secret()
            people = [erasure_requests.person_hash(source, i, key) for i in ids]
            _remember(source, people, key)
            done = ErasureRecord(source, others=_others(source, ids))
            redactor = FileRedactor(Person(ids, _answers(source, ids)))
            redactor.clean_files(_loose_files(source, by_hand))  # first: the answers are known from the runs
            for folder in source_folders(source):
                _rewritten(folder, room / folder.name, redactor, people)
            _count(done, people)
            with publishing.publishing_lock(folders.reports_folder()):
                done.reports = sum(_republished(place, redactor) for place in _published(source))
            done.uncleaned = redactor.uncleaned_below(folders.home_folder())
            _closed(source, people, done)
    return done


def _answers(source: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the surveys that somebody answered, as any run of the source knows them."""
    found: set[str] = set()
    for folder in source_folders(source):
        for part in (p for name in KNOWN_BY for p in parquet_files.table_parts(folder / f"{name}.parquet")):
            with suppress(pa.ArrowException, OSError, ValueError):  # a damaged one is named where it is to be cleaned
                found |= set(redaction.survey_answers_of(part, ids))
    return tuple(sorted(found))


def _loose_files(source: str, by_hand: Path) -> Iterator[Path]:
    """Yield the files outside of runs and published reports that may show somebody of a source."""
    data, reports = folders.home_folder() / "data", folders.reports_folder()
    others = {*folders.config_names("sources"), *(p.name for p in (data / "runs").glob("*"))} - {source}
    yield from (p for own in (folders.runs_folder(source), reports / source) for p in own.glob("*")
                if p.is_file() and p.name != runs.LOCK)
    yield from by_hand.rglob("*")
    places = [p for top in (data, reports) for p in top.glob("*")]
    for place in (p for p in places if p.name not in (*NOT_TOUCHED, *others, source, "latest")):
        if place.is_dir():
            yield from (p for p in place.rglob("*") if not others & set(p.relative_to(place).parts))
        elif place.name not in (hash_key.FILE, runs.LOCK, "index.html"):
            yield place


def _forms(customer: str, source: str) -> tuple[str, ...]:
    """Return an id as given, and as it is hashed at the door where the profile hashes anything."""
    if folders.config_file("sources", source) is None:
        return (customer,)
    told = profiles.profile_content(source)  # what it says is enough; it need not be without fault
    is_hashed = any("hash" in file.get("mask", {}) for file in dict(told.get("files", {})).values())
    return (
        (customer, hash_key.keyed_hash(customer, pseudonymise.id_key(bool(told.get("simulation")))))
        if is_hashed
        else (customer,)
    )


# --- runs --------------------------------------------------------------------------------------------------------


def _rewritten(folder: Path, fresh: Path, redactor: FileRedactor, people: list[str]) -> None:
    """Write a run anew without a person and let both change places; nothing happens where it holds nothing of them."""
    changed: dict[str, int] = {}
    for path, removed in redactor.write_anew(folder, fresh, beside=(manifest.FILE,)):
        name = path.relative_to(folder).as_posix()
        table = name.removesuffix(".parquet") if path.parents[1] == folder else path.parent.relative_to(
            folder).as_posix().removesuffix(".parquet")
        changed[table if path.suffix == ".parquet" else name] = changed.get(table, 0) + removed
    told = _manifest_without(folder, redactor.person)
    if not changed and told is None:
        return
    fresh.mkdir(exist_ok=True)
    before, after = folder / manifest.FILE, fresh / manifest.FILE
    if before.is_file():
        known = manifest.read_manifest(folder) if told is None else told
        if isinstance(known, str) or known.get("state") == manifest.DAMAGED:
            after.write_bytes(known.encode() if isinstance(known, str) else before.read_bytes())
        else:
            atomic_files.write_json(after, _entered(known, changed, people))
        shutil.copystat(before, after)
    atomic_files.exchange_folders(fresh, folder)


def _manifest_without(folder: Path, person: Person) -> dict | str | None:
    """Return a run's manifest without a person, the text of a damaged one; None where it holds nothing of them."""
    path = folder / manifest.FILE
    if not path.is_file():
        return None
    told = manifest.read_manifest(folder)
    if told.get("state") == manifest.DAMAGED:
        text = path.read_bytes().decode("utf-8", "replace")
        clean = redaction.text_without(text, person)
        return clean if clean != text else None
    clean = json.loads(redaction.json_without(json.dumps(told), person))
    return clean if clean != told else None


def _entered(record: dict, changed: dict[str, int], people: list[str]) -> dict:
    """Return a manifest that counts the rows as they are and says what was taken out, and when."""
    for told in record.get("steps", {}).values():
        rows = told.get("rows", {})
        rows.update({table: n - changed.get(table, 0) for table, n in rows.items()})
    entry = {"people": people, "on": _today(), "rows": sum(changed.values()),
             "changed": dict(sorted(changed.items()))}
    return {**record, "erasures": [*record.get("erasures", []), entry]}


def _count(done: ErasureRecord, people: list[str]) -> None:
    """Take the counts from the manifests, so that work that was cut short is counted too."""
    for folder in source_folders(done.source):
        entries = [e for e in manifest.read_manifest(folder).get("erasures", []) if set(e["people"]) & set(people)]
        if entries:
            done.runs[folder.name] = sum(e["rows"] for e in entries)


def _others(source: str, ids: tuple[str, ...]) -> int:
    """Return how many other customers share a person's key in the newest run that knows keys."""
    for folder in reversed(folders.run_folders(source)):
        for part in parquet_files.table_parts(folder / "canonical" / "customers.parquet"):
            with suppress(pa.ArrowException, OSError):  # a damaged table is named where it is to be cleaned
                if "person_key" not in pq.read_schema(part).names:
                    continue
                known = parquet_files.load_table(part, ["customer_id", "person_key"]).to_pylist()
                own = {r["person_key"] for r in known if r["customer_id"] in ids} - {None}
                return len({r["customer_id"] for r in known if r["person_key"] in own} - set(ids))
    return 0


# --- published pages ---------------------------------------------------------------------------------------------


def _published(source: str) -> Iterator[Path]:
    """Yield the folders of a source's published pages; what an interrupted publication left behind goes."""
    reports = folders.reports_folder()
    publishing.sweep(reports / source)
    yield from sorted(p for p in (reports / source).glob("*") if p.is_dir())
    if (reports / "latest").is_dir() and _source_of(reports / "latest") in (source, ""):
        yield reports / "latest"


def _source_of(folder: Path) -> str:
    """Return the source whose pages a folder holds, as its executed notebooks were told; empty where none says so."""
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):  # a damaged notebook
            return str(json.loads(path.read_bytes())["metadata"]["papermill"]["parameters"]["source"])
    return ""


def _republished(place: Path, redactor: FileRedactor) -> bool:
    """Write a folder of published pages anew without a person; return whether it held anything of them."""
    fresh = place.with_name(f".{place.name}")
    has_changed = bool(list(redactor.write_anew(place, fresh)))
    if has_changed:
        atomic_files.exchange_folders(fresh, place)
    shutil.rmtree(fresh, ignore_errors=True)
    return has_changed


# --- the list ----------------------------------------------------------------------------------------------------


def _remember(source: str, people: list[str], key: str) -> None:
    """Put a person on the list of those who stay out, once."""
    told = erasure_requests.erasures_record(source)
    if told["erased"] and told["key"] != erasure_requests.key_sign(key):
        raise InputError(f"data/erasures/{source}.json", "it was written under another secret",
                         f"the {hash_key.HASH_KEY} or data/{hash_key.FILE} of then")
    if not any(set(entry["people"]) & set(people) for entry in told["erased"]):
        told["erased"].append({"people": people, "asked_on": _today(), "completed_at": ""})
    _write(source, {**told, "key": erasure_requests.key_sign(key)})


def _closed(source: str, people: list[str], done: ErasureRecord) -> None:
    """Record what was done: the day, the runs and how many rows."""
    told = erasure_requests.erasures_record(source)
    for entry in told["erased"]:
        if set(entry["people"]) & set(people):
            entry.update(completed_at="" if done.uncleaned else runs.now(), runs=done.runs,
                         rows=sum(done.runs.values()), uncleaned=len(done.uncleaned),
                         reports=max(done.reports, entry.get("reports", 0)))
    _write(source, told)


def _write(source: str, told: dict[str, Any]) -> None:
    path = erasure_requests.erasures_path(source)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_files.write_json(path, told)
    path.chmod(0o600)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
