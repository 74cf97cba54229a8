"""Files at an address: over http(s), in S3 or Google Cloud Storage; copied first, within limits of size and time.

Credentials never stand in a profile: those of buckets come from the environment as their own tools have it
(``AWS_ACCESS_KEY_ID``, ``GOOGLE_APPLICATION_CREDENTIALS`` …), and a link that is itself a secret stands in the
environment variable that ``connection`` names.
"""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from helpers.foundation.errors import InputError
from helpers.intake.profile_schema import REMOTE, FileRule

WEB = ("http", "https")

MOST_BYTES, MOST_SECONDS, WAIT_SECONDS, CHUNK = 8 << 30, 900, 30, 4 << 20

REACHABLE = "an address that can be reached from here, with the rights to read it"


def local_copy(file: FileRule, where: str, room: Path) -> FileRule | None:
    """Return the declaration of a copy in a folder of what stands at an address; None where a file is no such.

    Parameters
    ----------
    file : FileRule
        Whose ``path``, or the environment variable of whose ``connection``, may be an address.
    where : str
        For error sentences, which never repeat the address of a connection.
    room : Path
        The folder.

    Raises
    ------
    InputError
        If the environment names no address, it cannot be read, or it is larger or slower than the limits.
    """
    address = _address(file, where)
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme in WEB and parts.username:
        raise InputError(where, "the address holds a user", "credentials in the environment, and no others")
    name = PurePosixPath(unquote(parts.path)).name or "delivery"
    with _opened(address, where) as stream, (room / name).open("wb") as target:
        _copy(stream, target, where)
    return file.model_copy(update={"path": name, "connection": ""})


def _address(file: FileRule, where: str) -> str:
    if not file.connection:
        return file.path if file.path.startswith(REMOTE) else ""
    address = os.environ.get(file.connection, "")
    if not address.startswith(REMOTE):
        raise InputError(where, f"the environment variable {file.connection} holds no address",
                         "one that begins with " + ", ".join(REMOTE))
    return address


@contextmanager
def _opened(address: str, where: str) -> Iterator[BinaryIO]:
    """Give the bytes at an address; what the other side says against it is told, without the address."""
    try:
        if address.startswith(tuple(f"{scheme}://" for scheme in WEB)):
            with urllib.request.urlopen(address, timeout=WAIT_SECONDS) as stream:
                yield stream
        else:
            place, path = fs.FileSystem.from_uri(address)
            with place.open_input_stream(path) as stream:
                yield stream
    except urllib.error.HTTPError as error:
        raise InputError(where, f"the server answered {error.code} ({error.reason})", REACHABLE) from None
    except (OSError, ValueError, pa.ArrowException) as error:
        said = " ".join(str(getattr(error, "reason", error)).replace(address, "the address").split())
        raise InputError(where, f"the file cannot be fetched ({said})", REACHABLE) from None


def _copy(stream: BinaryIO, target: BinaryIO, where: str) -> None:
    n, until = 0, time.monotonic() + MOST_SECONDS
    while chunk := stream.read(CHUNK):
        n += len(chunk)
        if n > MOST_BYTES:
            raise InputError(where, f"it is larger than {MOST_BYTES:,} bytes", "a smaller file, or a copy in the "
                             "source's folder")
        if time.monotonic() > until:
            raise InputError(where, f"it had not arrived after {MOST_SECONDS:,} seconds ({n:,} bytes had)",
                             "a faster line, or a copy in the source's folder")
        target.write(chunk)
