"""Zip and gzip archives: their members become files in a temporary folder before they are read.

Nothing is ever written under a name that an archive chooses, and unpacking stops where a small archive grows without
measure.
"""

import errno
import gzip
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO

from helpers.foundation.errors import InputError, spelling_hint
from helpers.intake.profile_schema import FileRule

CHUNK = 4 << 20

SMALL = 64 << 20  # below this size nothing is a bomb [bytes]

GROWTH = 200  # text grows to some 20 times its packed size, seldom to 100

JUNK = ("__MACOSX",)

WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)  # faults of our own disk, not of the files

WHOLE = "an archive that is whole, without a password"


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """One file to be read: where its bytes are, and what it is called below the source's folder."""

    path: Path
    label: str


@contextmanager
def watch_files(folder: Path, file: FileRule, where: str) -> Iterator[None]:
    """Watch the files of one form while they are read.

    Raises
    ------
    InputError
        If one cannot be read, or is another one afterwards: it was still being written.
    """
    before = _states(folder, file)
    try:
        yield
    except OSError as error:
        if error.errno in WRITING:
            raise
        name = Path(os.fsdecode(error.filename)).name if error.filename else where
        raise InputError(name, f"it cannot be read ({error.strerror or error})",
                         "a file that is there and may be read") from None
    after = _states(folder, file)
    for label, (n_bytes, _) in before.items():
        if after.get(label) != before[label]:
            n_now = f"{after[label][0]:,}" if label in after else "no"
            raise InputError(label, f"it changed while it was read (from {n_bytes:,} to {n_now} bytes)",
                             "a file that is complete before the run starts")


def _states(folder: Path, file: FileRule) -> dict[str, tuple[int, int]]:
    """Return size and time of change of the files of one form, by name below their folder."""
    facts = {p.relative_to(folder).as_posix(): p.stat() for p in matching(folder, file.path) if p.is_file()}
    return {label: (fact.st_size, fact.st_mtime_ns) for label, fact in facts.items()}


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return what a folder holds under a name or pattern, sorted; a name that is there is no pattern."""
    named = folder / pattern
    return [named] if named.is_file() or named.is_symlink() else sorted(folder.glob(pattern))


def member_files(folder: Path, file: FileRule, where: str, room: Path) -> list[ArchiveMember]:
    """Return the files of one form, sorted by name, those in archives unpacked into the room.

    Raises
    ------
    InputError
        If there is none; if an archive is broken, holds no such member, has a member that points out of it, or grows
        without measure.
    """
    found: list[ArchiveMember] = []
    for path in matching_files(folder, file, where):
        label = path.relative_to(folder).as_posix()
        if path.suffix.lower() == ".zip":
            found += _members(path, label, file, room)
        elif path.suffix.lower() == ".gz":
            found.append(_unzipped(path, label, room))
        else:
            found.append(ArchiveMember(path, label))
    return found


def matching_files(folder: Path, file: FileRule, where: str) -> list[Path]:
    """Return the files of one form as delivered, sorted by name.

    Raises
    ------
    InputError
        If there is none.
    """
    found = sorted(p for p in matching(folder, file.path) if p.is_file())
    if not found and (odd := matching(folder, file.path)):
        what = "a folder" if odd[0].is_dir() else "a link that leads nowhere"
        raise InputError(odd[0].relative_to(folder).as_posix(), f"it is {what}", "a file")
    if not found:
        there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        said = f"what the folder holds ({', '.join(there[:5])})" if there else "a folder with the source's files"
        raise InputError(where, f"there is no file '{file.path}' in {folder}", said)
    for path in found:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise InputError(path.relative_to(folder).as_posix(), "it is a link that leads out of the folder",
                             "a file in the folder, or --raw with the folder that holds it")
    return found


def member_names(path: Path, label: str) -> list[str]:
    """Return the names of the files in an archive, without what operating systems leave in it.

    Raises
    ------
    InputError
        If it is no archive, or a name points out of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [i.filename for i in archive.infolist() if not i.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(label, f"it cannot be opened as a zip archive ({error})", WHOLE) from None
    for name in names:
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or ":" in pure.parts[0]:
            raise InputError(label, f"the member '{name}' points out of the archive", "names inside it")
    return sorted(n for n in names if not _is_junk(PurePosixPath(n)))


def refuse_growth(path: Path, label: str) -> None:
    """Refuse a workbook, an archive itself, that would grow without measure.

    Raises
    ------
    InputError
        If it would.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        n, n_packed = (sum(getattr(i, size) for i in archive.infolist()) for size in ("file_size", "compress_size"))
    if n > max(SMALL, GROWTH * n_packed):
        raise _grown(label, n_packed, max(SMALL, GROWTH * n_packed))


def _grown(label: str, n_packed: int, limit: int) -> InputError:
    return InputError(label, f"its {n_packed:,} bytes unpack to more than {limit:,}",
                      f"files that grow at most {GROWTH} times")


def _is_junk(name: PurePosixPath) -> bool:
    return any(part in JUNK for part in name.parts) or name.name.startswith(".") or name.name == "Thumbs.db"


def _members(path: Path, label: str, file: FileRule, room: Path) -> Iterator[ArchiveMember]:
    """Yield the members of an archive that the profile names, or all of them where it names none."""
    names = member_names(path, label)
    chosen = [n for n in names if n == file.member] or [
        n for n in names if not file.member or fnmatchcase(n, file.member)]
    if not chosen:
        wanted = f"no member '{file.member}'" if file.member else "no file"
        raise InputError(label, f"there is {wanted} in the archive", spelling_hint(file.member, names) if names else "")
    with zipfile.ZipFile(path) as archive:
        for name in chosen:
            inside = f"{label}/{name}"
            n_packed = archive.getinfo(name).compress_size
            try:
                with archive.open(name) as stream:
                    yield ArchiveMember(_copied(stream, inside, n_packed, room), inside)
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
                raise InputError(inside, f"it cannot be unpacked ({error})", WHOLE) from None


def _unzipped(path: Path, label: str, room: Path) -> ArchiveMember:
    try:
        with gzip.open(path) as stream:
            return ArchiveMember(_copied(stream, label, path.stat().st_size, room), label)
    except (OSError, zlib.error, EOFError) as error:
        raise InputError(label, f"it cannot be unpacked ({error})", "a gzip file that is whole") from None


def _copied(stream: IO[bytes] | gzip.GzipFile, label: str, n_packed: int, room: Path) -> Path:
    """Return a file of the room with what the stream holds; its name is ours."""
    descriptor, name = tempfile.mkstemp(".part", dir=room)
    os.close(descriptor)
    target = Path(name)
    limit, n = max(SMALL, GROWTH * n_packed), 0
    with target.open("wb") as unpacked:
        while chunk := stream.read(CHUNK):
            n += len(chunk)
            if n > limit:
                raise _grown(label, n_packed, limit)
            unpacked.write(chunk)
    return target
