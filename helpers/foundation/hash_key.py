"""The secret key of keyed hashes: from the environment, else the workbook's own, kept in a file.

Neither the secret nor anything it could be worked out from stands in a parameter, a manifest, a log or a page.
"""

import hmac
import os
import secrets
import stat
from pathlib import Path

from helpers.foundation import folders
from helpers.foundation.errors import InputError

HASH_KEY = "LOYALTY_HASH_KEY"

FILE = "hash.key"


def key_path() -> Path:
    """Return the file that holds the workbook's own secret."""
    return folders.home_folder() / "data" / FILE


def hash_secret() -> str:
    """Return the environment's secret, else the one in the file, which is made at first use for its owner alone.

    Raises
    ------
    InputError
        If others may read the file, or it is empty.
    """
    if given := os.environ.get(HASH_KEY, ""):
        return given
    file = key_path()
    if not file.is_file():
        _make(file)
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise InputError(f"data/{FILE}", "others may read the secret", "a file for its owner alone (chmod 600)")
    if not (kept := file.read_text(encoding="utf-8").strip()):
        raise InputError(f"data/{FILE}", "it is empty", f"the secret, or a variable {HASH_KEY} with it")
    return kept


def keyed_hash(text: str, key: str) -> str:
    """Return the keyed hash of a text (HMAC with SHA-256, RFC 2104), 32 hexadecimal digits.

    Examples
    --------
    >>> keyed_hash("ann@example.org", "a hash_secret") == keyed_hash("ann@example.org", "another")
    False
    """
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()[:32]


def _make(file: Path) -> None:
    """Make the file with a secret in it; of two who do so at once, one wins whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{os.getpid()}.{FILE}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as opened:
            opened.write(f"{secrets.token_hex(32)}\n")
        os.link(partial, file)
    except FileExistsError:
        pass
    finally:
        partial.unlink(missing_ok=True)
