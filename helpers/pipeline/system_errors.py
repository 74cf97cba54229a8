"""System errors in one sentence: full disk, memory limit, refused access."""

import errno
import re

from helpers.foundation import engine, workspace

DISK, MEMORY = "disk", "memory"

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)

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
        return f"the disk that holds {workspace.home_folder()} is full; free some room"
    return (f"the memory that a run may use ({engine.memory_mib():,} MiB) is not enough; allow more "
            f"({engine.MEMORY_VARIABLE}, in MiB) or let fewer steps run at a time (--jobs 1)")


def system_reason(error: OSError) -> str:
    """Return why the system let nothing be written, in one sentence; empty where the error is another one."""
    if error.errno in FULL:
        return fault_sentence(DISK)
    if error.errno in REFUSED:
        return f"{error.filename or workspace.home_folder()} may not be written ({error.strerror})"
    return ""
