"""Redaction of one file, whatever it is: by its kind, by its text where the kind is unknown, else refused by name.

A damaged table or an archive cannot be written anew without a person. It is never passed over in silence: who asks for
it is told, and no erasure is complete as long as such a file may show the person. What is packed is known by its first
bytes, not by its name.
"""

import bz2
import email
import gzip
import io
import lzma
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path

import pyarrow as pa

from helpers.erasure import redaction
from helpers.erasure.redaction import Person
from helpers.foundation import atomic_files, spreadsheets

TABLE, MAIL = ".parquet", ".eml"

TEXTS: dict[str, Callable[[str, Person], str]] = {
    ".ipynb": redaction.notebook_without, ".html": redaction.html_without, ".json": redaction.json_without,
    ".csv": redaction.csv_without}

PACKED: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ\0": lzma.decompress}  # by first bytes

OPAQUE = {b"%PDF": "a PDF", b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a RAR archive",
          b"\x28\xb5\x2f\xfd": "packed by zstd", b"\x04\x22\x4d\x18": "packed by LZ4",
          b"PAR1": "a table under another name", b"ARROW1": "an Arrow table", b"ORC": "an ORC table",
          b"Obj\x01": "an Avro table", b"\xd0\xcf\x11\xe0": "a file of an old Office"}

DUCKDB_AT, DUCKDB = 8, b"DUCK"  # a checksum stands before it

MAX_PACKED = 8  # archives in archives; nobody packs deeper but to be unpacked for ever

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")


class NotCleanedError(Exception):
    """A file that shows a person, or may show one, and cannot be written without them; the text says why."""


@dataclass(frozen=True, slots=True)
class FileRedactor:
    """Takes a person out of many files and remembers those that could not be cleaned.

    Parameters
    ----------
    person : Person
        Who is taken out.
    uncleaned : dict of Path to str
        Files that show the person or may do so, with the reason why they could not be cleaned.
    """

    person: Person
    uncleaned: dict[Path, str] = field(default_factory=dict)

    def write_anew(self, folder: Path, fresh: Path, beside: tuple[str, ...] = ()) -> Iterator[tuple[Path, int]]:
        """Write the files of a folder anew without the person; yield those that changed, with the rows taken out.

        Files that hold nothing of the person, and files that cannot be cleaned, are taken over as they are.

        Parameters
        ----------
        folder, fresh : Path
            Where the files are, and where they go.
        beside : tuple of str
            Names of files that are left out.
        """
        for path in sorted(p for p in folder.rglob("*") if p.name not in beside and (p.is_file() or p.is_symlink())):
            target = fresh / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():  # where it leads is cleaned there, or is not the workbook's
                target.symlink_to(path.readlink())
            elif (removed := self._written(path, target)) is None:
                atomic_files.link_or_copy(path, target)
            else:
                shutil.copystat(path, target)
                yield path, removed

    def clean_files(self, files: Iterable[Path]) -> None:
        """Write anew files that stand alone, without the person; what a writer that was killed has left goes."""
        for path in sorted(p for p in files if p.is_file() and not p.is_symlink()):
            if atomic_files.is_left_over(path):
                path.unlink()
                continue
            partial = path.with_name(f"{path.name}.{os.getpid()}")
            try:
                if self._written(path, partial) is not None:
                    shutil.copystat(path, partial)
                    partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)

    def uncleaned_below(self, home: Path) -> dict[str, str]:
        """Return the reasons by the places of the files below a folder, none of which names the person."""
        places = {path.relative_to(home) if path.is_relative_to(home) else path: why
                  for path, why in self.uncleaned.items()}
        return {redaction.text_without(path.as_posix(), self.person): redaction.text_without(why, self.person)
                for path, why in places.items()}

    def _written(self, path: Path, target: Path) -> int | None:
        if any(i in path.name for i in self.person.told):
            self.uncleaned[path] = "it is named after the customer"
        try:
            return file_without(path, target, self.person)
        except NotCleanedError as error:
            self.uncleaned[path] = str(error)
        except OSError as error:
            self.uncleaned[path] = str(error.strerror)
        return None


def file_without(path: Path, target: Path, person: Person) -> int | None:
    """Write a file without a person beside it; return the rows taken out of it, None where it holds nothing of them.

    Parameters
    ----------
    path, target : Path
        The file, and where it goes if it changes.
    person : Person
        Who is taken out.

    Raises
    ------
    NotCleanedError
        If the file shows the person, or cannot be read, and cannot be written anew.
    """
    if path.suffix == TABLE:
        try:
            return redaction.table_without(path, target, person)
        except (pa.ArrowException, OSError, ValueError) as error:
            target.unlink(missing_ok=True)
            raise NotCleanedError(f"it is no whole table ({str(error).splitlines()[0]})") from None
    if path.suffix == spreadsheets.EXCEL and spreadsheets.is_own_list(path):
        return redaction.excel_without(path, target, person)
    content = path.read_bytes()
    try:
        text = (mail_without(content, person) if path.suffix == MAIL else content).decode("utf-8")
    except UnicodeDecodeError:
        return _bytes_without(content, target, person)
    clean = text_of_kind_without(path.suffix, text, person).encode("utf-8")  # line ends stay as they are
    if clean == content:
        return None
    target.write_bytes(clean)
    return 0


def text_of_kind_without(suffix: str, text: str, person: Person) -> str:
    """Return the text of a file without a person: by its kind as far as it is of that kind, then wherever it stands."""
    with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):  # it is not what its name says
        text = TEXTS.get(suffix, redaction.text_without)(text, person)
    return redaction.text_without(text, person)


def mail_without(content: bytes, person: Person) -> bytes:
    """Return a mail whose texts and attached pages do not name a person, however they are encoded.

    Raises
    ------
    NotCleanedError
        If something is attached that shows the person, or cannot be looked into.
    """
    mail = email.message_from_bytes(content, policy=policy.default)
    has_changed = False
    for part in (part for part in mail.walk() if not part.is_multipart()):
        if part.get_content_maintype() == "text":
            has_changed |= _part_cleaned(part, person)
        elif isinstance(payload := part.get_payload(decode=True), bytes) and _shows(payload, person):
            raise NotCleanedError("something is attached that shows the customer and cannot be written anew")
    return mail.as_bytes() if has_changed else content


def _part_cleaned(part: EmailMessage, person: Person) -> bool:
    """Take a person out of a text in a mail; return whether it named them."""
    try:
        text = part.get_content()
    except (MessageError, LookupError, ValueError):
        raise NotCleanedError("a text of this mail cannot be read") from None
    clean = text_of_kind_without(f".{part.get_content_subtype()}", text, person)
    if clean != text:
        part.set_content(clean, subtype=part.get_content_subtype(), disposition=part.get_content_disposition(),
                         filename=part.get_filename())
    return clean != text


def _bytes_without(content: bytes, target: Path, person: Person) -> int | None:
    """Write a file that is no UTF-8 text without a person, where it is a text of one byte a sign."""
    if not _shows(content, person):
        return None
    if b"\0" in content or not any(needle in content for needle in _needles(person)):
        raise NotCleanedError("it shows the customer and is of a kind that cannot be written anew")
    target.write_bytes(redaction.text_without(content.decode("latin-1"), person).encode("latin-1"))
    return 0


def _shows(content: bytes, person: Person) -> bool:
    """Return whether bytes, or what is packed in them, show a person."""
    needles = _needles(person)
    return bool(needles) and any(needle in part for part in _unpacked(content) for needle in needles)


def _needles(person: Person) -> set[bytes]:
    return {form.encode(encoding, "backslashreplace") for i in person.told for form in redaction.written_forms(i)
            for encoding in ENCODINGS}


def _unpacked(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """Yield what is packed in bytes, archives in archives too; the bytes themselves where nothing is.

    Raises
    ------
    NotCleanedError
        If it cannot be unpacked, or is of a kind that hides its text.
    """
    if _is_text(content):
        yield content
        return
    if depth > MAX_PACKED:
        raise NotCleanedError("it is packed too often to be looked into")
    kind = next((kind for start, kind in OPAQUE.items() if content.startswith(start)), "")
    if kind or content[DUCKDB_AT:].startswith(DUCKDB):
        raise NotCleanedError(f"it is {kind or 'a DuckDB file'} and cannot be looked into")
    unpack = next((unpack for start, unpack in PACKED.items() if content.startswith(start)), None)
    try:
        if unpack is not None:
            yield from _unpacked(unpack(content), depth + 1)
        elif zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield from _unpacked(archive.read(name), depth + 1)
        else:
            yield content
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        raise NotCleanedError(f"it is packed and cannot be looked into ({error})") from None


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content
