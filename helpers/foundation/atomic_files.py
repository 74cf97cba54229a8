"""Atomic files and folders: at any moment the old one or the new one, whole; locks that go with their process."""

import ctypes
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import Any

import psutil
from filelock import FileLock

from helpers.foundation.errors import InputError

PARTIAL = re.compile(r".+\.\d+")  # what it is to become, and the process that wrote it

MAX_NAME_BYTES = 150  # a file system allows 255, and endings come behind


def safe_name(name: str) -> str:
    """Return the name of a source, study or run unchanged.

    Raises
    ------
    InputError
        If it could lead out of the folder that such names stand in, or could not be a file's name everywhere.
    """
    if name.startswith(".") or {"/", "\\", "\0"} & set(name) or not name.strip():
        raise InputError(f"'{name}'", "it is no name but a path", "a name without slashes and without a point first")
    if not name.isprintable():
        raise InputError(f"'{name}'", "it holds signs that cannot be printed", "a name of letters, digits, - and _")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InputError(f"'{name[:20]}…'", f"the name is {len(name.encode()):,} bytes long",
                         f"up to {MAX_NAME_BYTES:,} bytes")
    return name


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a partial file to write that takes the place of `path` only if all goes well."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")  # no dot before it: Spark does not see such files
    try:
        yield partial
        if partial.is_dir() or path.is_dir():  # a table in parts; only a plain file takes another's place at once
            remove_table(path)
        partial.replace(path)
    finally:
        remove_table(partial)


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for their owner alone, whatever the process allows."""
    for place in reversed([folder, *folder.parents]):
        if not place.exists():
            place.mkdir(mode=0o700, exist_ok=True)


def remove_partials(paths: Iterable[Path]) -> None:
    """Remove those of some paths that `atomic_write` has left half written; nobody writes beside them any more."""
    for path in sorted(p for p in paths if PARTIAL.fullmatch(p.name)):
        if path.is_symlink() or path.exists():  # its folder may have been one that is gone by now
            remove_table(path)


def is_left_over(path: Path) -> bool:
    """Return whether a file was left half written by a process that is gone."""
    return PARTIAL.fullmatch(path.name) is not None and not psutil.pid_exists(int(path.name.rpartition(".")[2]))


def file_lock(path: Path, *, seconds: float = -1) -> FileLock:
    """Return the operating system's lock on a file, to be held by ``with``; it goes with its process.

    Parameters
    ----------
    path : Path
        The file, made where it is not there; it stays.
    seconds : float
        How long to wait while somebody else holds it [seconds]; below zero without limit.

    Raises
    ------
    filelock.Timeout
        On entering, if somebody else holds it longer than that.
    """
    return FileLock(path, timeout=seconds, preserve_lock_file=True)


def remove_table(path: Path) -> None:
    """Remove a table, one file or a folder of parts, if it is there."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that the file is, at any moment, the old one or the new one."""
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def age_in_words(path: Path) -> str:
    """Return how old a file is, in words."""
    seconds = time() - path.stat().st_mtime
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            n = int(seconds // size)
            return f"{n} {unit}{'s' if n > 1 else ''}"
    return "under a minute"


PARKED = ".parked"

HERE, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


def exchange_folders(fresh: Path, place: Path) -> None:
    """Put a folder in another one's place, and the other one in its own.

    Where the system cannot do both at once, the old folder is parked for a moment; `recovered` brings it back if that
    moment was the last.
    """
    if _at_once(fresh, place):
        return
    parked = place.parent / PARKED / place.name
    parked.parent.mkdir(exist_ok=True)
    place.rename(parked)
    fresh.rename(place)
    parked.rename(fresh)


def recover_parked(folder: Path) -> None:
    """Bring back what was parked when an exchange was cut short; what has been replaced since goes."""
    for parked in sorted((folder / PARKED).glob("*")):
        if (folder / parked.name).exists():
            shutil.rmtree(parked)
        else:
            parked.rename(folder / parked.name)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second place, by link where the disk allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _at_once(one: Path, other: Path) -> bool:
    """Return whether the system has let both change places in one step."""
    if os.name != "posix":  # there is no such call, and no library without a name
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return rename is not None and rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0
