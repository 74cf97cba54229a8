"""Crash reports: an error that nothing else has caught becomes one sentence and a file with all that is known of it."""

import os
import platform
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from helpers.foundation import folders
from helpers.foundation.errors import one_line

EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h: an error of the program itself

FOLDER = "crashes"


def crashes_folder() -> Path:
    """Return the folder of crash reports."""
    return folders.home_folder() / "data" / FOLDER


def report_crash(error: BaseException) -> str:
    """Write down an error and where it arose; return the one sentence about it.

    The file is for its owner alone, since the texts of errors may show records. Where the home cannot be written, it
    is among the temporary files.

    Parameters
    ----------
    error : BaseException
        What was raised.
    """
    first = next(iter(str(error).strip().splitlines()), "nothing more was said")
    said = f"this is an error of the workbook itself ({type(error).__name__}: {one_line(first)[:200]})"
    text = "".join([f"Python {platform.python_version()} on {platform.platform()}\n", *_traceback(error)])
    for folder in (crashes_folder(), Path(tempfile.gettempdir())):
        try:
            return f"{said}; what is known of it stands in {_written(folder, text)}"
        except OSError:
            continue
    return said


def _traceback(error: BaseException) -> list[str]:
    """Return where an error arose; of one that is too deep to be told, its end."""
    try:
        return traceback.format_exception(error)
    except RecursionError:
        return traceback.format_exception(type(error), error, error.__traceback__, limit=-20, chain=False)


def _written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path
