"""Provenance: checksums of files, profile and study, versions and code revision."""

import hashlib
import json
import platform
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from helpers.foundation import folders
from helpers.foundation.errors import InputError
from helpers.intake import archives

PACKAGES = ("papermill", "nbclient", "ipykernel", "pandas", "numpy", "scipy", "statsmodels", "scikit-learn",
            "ibis-framework", "duckdb", "pyarrow", "matplotlib")

DISTRIBUTION = "loyalty-workbook"

CHUNK = 2**20


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_of(paths: Iterable[Path]) -> str:
    """Return one SHA-256 for many files, names and contents, in order."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.name} {checksum(path)}\n".encode())
    return whole.hexdigest()


def declared_checksum(folder: str, name: str) -> str:
    """Return the checksum of a profile (``sources``) or study (``studies``), empty where there is none."""
    path = folders.config_file(folder, name)
    return checksum(path) if path else ""


def currency(source: str) -> str:
    """Return the currency that a source profile states, empty where none."""
    return str(_profile(source).get("currency", ""))


def declared_day(source: str) -> str:
    """Return the ISO date that a source profile declares for records without dates, empty where none."""
    return str(_profile(source).get("as_of", ""))


def title(source: str) -> str:
    """Return the line for people that a source profile states, empty where none."""
    return str(_profile(source).get("title", ""))


def raw_file_paths(source: str, folder: Path) -> list[Path]:
    """Return the files in a folder that a source's profile reads, sorted."""
    files = _profile(source).get("files", {})
    patterns = {str(f["path"]) for f in files.values() if isinstance(f, dict) and f.get("path")}
    return sorted({found for pattern in patterns for found in archives.matching(folder, pattern) if found.is_file()})


def raw_checksums(source: str, raw: str = "") -> dict[str, dict[str, Any]]:
    """Return size [bytes] and checksum of every file that a source's profile reads, by name within their folder.

    Parameters
    ----------
    source : str
        Name of the source profile.
    raw : str
        The folder; ``""`` is the usual one.
    """
    folder = Path(raw) if raw else folders.raw_folder(source)
    return {path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": checksum(path)}
            for path in raw_file_paths(source, folder)}


def data_checksum(raw: Mapping[str, Any]) -> str:
    """Return one checksum for all raw files, empty where there are none."""
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest() if raw else ""


def code_checksum(notebooks: Path) -> str:
    """Return one checksum of all helpers and notebooks."""
    helpers = sorted((folders.CHECKOUT_FOLDER / "helpers").rglob("*.py"))
    return checksum_of([*helpers, *sorted(notebooks.glob("*.ipynb"))])


def revision(notebooks: Path) -> str:
    """Return the revision of the code; two runs with the same revision were made by the same code.

    The commit; where files differ from it, ``+`` and their checksum behind; without git the version in its place.
    """
    commit = _git("rev-parse", "HEAD")
    if commit and _git("status", "--porcelain", "--", "helpers", str(notebooks)) == "":
        return commit
    return f"{commit or package_version()}+{code_checksum(notebooks)[:12]}"


def edited(notebooks: Path) -> frozenset[str]:
    """Return the names of the notebooks that differ from the committed ones; none where git does not tell."""
    told = _git("diff", "--name-only", "HEAD", "--", str(notebooks)) or ""
    return frozenset(Path(name).name for name in told.splitlines())


def package_version() -> str:
    """Return the version of the workbook: the installed one, else the one that the checkout declares."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        declared = (folders.CHECKOUT_FOLDER / "pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(declared)["project"]["version"])


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def _profile(source: str) -> Mapping[str, Any]:
    path = folders.config_file("sources", source)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"sources/{source}.toml", f"not readable as TOML ({error})") from None


def _git(*arguments: str) -> str | None:
    try:
        told = subprocess.run(
            ["git", *arguments], cwd=folders.CHECKOUT_FOLDER, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() if told.returncode == 0 else None
