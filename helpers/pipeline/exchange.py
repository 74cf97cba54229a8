"""Two folders change places: at any moment there is the old one or the new one, whole."""

import ctypes
import os
import shutil
from pathlib import Path

PARKED = ".parked"
HERE, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


def exchanged(fresh: Path, place: Path) -> None:
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


def recovered(folder: Path) -> None:
    """Bring back what was parked when an exchange was cut short; what has been replaced since goes."""
    for parked in sorted((folder / PARKED).glob("*")):
        if (folder / parked.name).exists():
            shutil.rmtree(parked)
        else:
            parked.rename(folder / parked.name)


def copied(source: Path, target: Path) -> None:
    """Give a file a second place, by link where the disk allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _at_once(one: Path, other: Path) -> bool:
    """Return whether the system has let both change places in one step."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return rename is not None and rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0
