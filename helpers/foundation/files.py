"""Files that are, at any moment, the old ones or the new ones."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import time

from helpers.foundation.errors import InputError


def plain(name: str) -> str:
    """Return the name of a source, study or run unchanged.

    Raises
    ------
    InputError
        If it could lead out of the folder that such names stand in.
    """
    if name.startswith(".") or {"/", "\\", "\0"} & set(name) or not name.strip():
        raise InputError(f"'{name}'", "it is no name but a path", "a name without slashes and without a point first")
    return name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a partial file to write that takes the place of `path` only if all goes well."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")  # no dot before it: Spark does not see such files
    try:
        yield partial
        if partial.is_dir() or path.is_dir():  # a table in parts; only a plain file takes another's place at once
            remove(path)
        partial.replace(path)
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """Remove a table, one file or a folder of parts, if it is there."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def replace_json(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON so that the file is, at any moment, the old one or the new one."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def age(path: Path) -> str:
    """Return how old a file is, in words."""
    seconds = time() - path.stat().st_mtime
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            n = int(seconds // size)
            return f"{n} {unit}{'s' if n > 1 else ''}"
    return "under a minute"
