"""System errors in one sentence: full disk, memory limit, refused access; what ended a command, with its exit code."""

import errno
import re

from helpers.foundation import engine, folders
from helpers.foundation.errors import InputError
from helpers.pipeline import console, crash_report

STEP_FAILED, INTERRUPTED = 1, 130  # exit codes; the second is a shell's for Ctrl-C

DISK, MEMORY = "disk", "memory"

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)

MISPLACED = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EIO, errno.EMFILE)

_DISK = re.compile(r"No space left on device|Disk quota exceeded|File too large|max_temp_directory_size|\b[Ee]rrno "
                   rf"({'|'.join(map(str, FULL))})\b")

_MEMORY = re.compile(r"Out of Memory Error|[Mm]emory_?limit|malloc of size \d+ failed|realloc of size \d+ failed|"
                     r"[Uu]nable to allocate|Cannot allocate memory|bad_alloc|could not allocate|failed to allocate")

_SHORT = ("MemoryError", "ArrowMemoryError", "OutOfMemoryException")


def fault_kind(error: str, sentence: str) -> str:
    """Return which fault of the machine an error is: ``disk``, ``memory``, or none of them.

    Parameters
    ----------
    error, sentence : str
        Name and text of what was raised.

    Examples
    --------
    >>> fault_kind("OSError", "[Errno 28] No space left on device"), fault_kind("MemoryError", "")
    ('disk', 'memory')
    >>> fault_kind("KeyError", "'x'")
    ''
    """
    if error in _SHORT or _MEMORY.search(sentence):
        return MEMORY
    return DISK if _DISK.search(sentence) else ""


def fault_sentence(fault: str) -> str:
    """Return a fault in one sentence: what is short, and what helps."""
    if fault == DISK:
        return f"the disk that holds {folders.home_folder()} is full; free some room"
    return (f"the memory that a run may use ({engine.memory_mib():,} MiB) is not enough; allow more "
            f"({engine.MEMORY_VARIABLE}, in MiB) or let fewer steps run at a time (--jobs 1)")


def system_reason(error: OSError) -> str:
    """Return why the system let nothing be read or written, in one sentence; empty where the error is another one."""
    if error.filename == console.STDOUT:
        return f"{console.STDOUT} may not be written ({error.strerror})"
    if error.errno in FULL:
        return fault_sentence(DISK)
    if error.errno in REFUSED:
        return f"{error.filename or folders.home_folder()} may not be written ({error.strerror})"
    if error.errno in MISPLACED and error.filename:
        return f"{error.filename} cannot be used ({error.strerror})"
    return ""


def failure(error: Exception) -> tuple[str, int]:
    """Return one sentence about what ended a command, and the exit code.

    Parameters
    ----------
    error : Exception
        What was raised; one that is no bad input and no fault of the machine is written down in a crash report.
    """
    if isinstance(error, InputError):
        return str(error), error.exit_code
    if isinstance(error, OSError) and (sentence := system_reason(error)):
        return sentence, STEP_FAILED
    if fault_kind(type(error).__name__, str(error)) == MEMORY:
        return fault_sentence(MEMORY), STEP_FAILED
    return crash_report.report_crash(error), crash_report.EXIT_CODE
