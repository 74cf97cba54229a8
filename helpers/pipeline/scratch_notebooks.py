"""Copies of the notebooks for work by hand, in a folder that git ignores: no edit there reaches a scheduled run.

A copy that nobody has edited follows its notebook. An edited one is kept, and set aside where it is to be taken anew.
An edit is a change of cells; outputs, which come of running them, are none.
"""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from helpers.foundation import atomic_files, folders
from helpers.pipeline import forked_kernel
from helpers.pipeline.steps import WORKBOOK, Workbook

RECORD = ".copied.json"


@dataclass(frozen=True, slots=True)
class ScratchCopy:
    """What became of the copy of one notebook.

    Parameters
    ----------
    notebook : str
        Its file name.
    is_new : bool
        Whether it was copied now.
    is_edited : bool
        Whether somebody had edited the copy that was there.
    is_outdated : bool
        Whether the notebook has changed since the copy that was there was taken.
    aside : str
        File name under which an edited copy is kept now; empty where none was set aside.
    """

    notebook: str
    is_new: bool
    is_edited: bool = False
    is_outdated: bool = False
    aside: str = ""

    @property
    def line(self) -> str:
        """What became of it, for people; empty where it is as it was."""
        if self.aside:
            return f"{self.notebook}: copied anew; the edited copy is kept as {self.aside}"
        if self.is_new:
            return f"{self.notebook}: copied" + (" anew, because the notebook has changed" if self.is_outdated else "")
        if self.is_outdated:
            return (f"{self.notebook}: the edited copy is kept, although the notebook has changed since; "
                    "make lab FRESH=1 copies it anew and keeps the edited one beside it")
        return f"{self.notebook}: the edited copy is kept" if self.is_edited else ""


def copy_notebooks(workbook: Workbook = WORKBOOK, *, is_fresh: bool = False) -> list[ScratchCopy]:
    """Give every notebook its copy for work by hand; return what became of each, in their order.

    Parameters
    ----------
    workbook : Workbook
        Whose notebooks.
    is_fresh : bool
        Whether every copy is to be taken anew, edited ones being set aside.
    """
    workbook.scratch.mkdir(exist_ok=True)
    known = _record(workbook.scratch)
    found = [_copied(workbook.path(step), workbook.scratch / step.notebook, known, is_fresh) for step in workbook.steps]
    now = {copy.notebook: cells_checksum(workbook.path(step)) for copy, step in zip(found, workbook.steps, strict=True)
           if copy.is_new or not copy.is_edited}
    atomic_files.write_json(workbook.scratch / RECORD, known | now)
    return found


def open_jupyterlab(folder: Path) -> NoReturn:
    """Become JupyterLab in a folder; kernels find the home wherever they start, and work as those of a run do."""
    os.environ.update(forked_kernel.ONE_ALGEBRA_THREAD | os.environ)
    if os.environ.get(folders.HOME_VARIABLE):
        os.environ[folders.HOME_VARIABLE] = str(folders.home_folder().absolute())
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", str(folder)])


def cells_checksum(notebook: Path) -> str:
    """Return a checksum of the cells of a notebook as they were written, whatever came of running them."""
    content = notebook.read_bytes()
    try:
        told = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(content)["cells"]]
    except (ValueError, KeyError, TypeError):  # no notebook: every byte counts
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _copied(notebook: Path, copy: Path, known: dict[str, str], is_fresh: bool) -> ScratchCopy:
    if not copy.is_file():
        _take(notebook, copy)
        return ScratchCopy(copy.name, is_new=True)
    now, taken, there = cells_checksum(notebook), known.get(copy.name, ""), cells_checksum(copy)
    is_edited, is_outdated = there not in (taken, now), now not in (taken, there)
    if not (is_fresh or (is_outdated and not is_edited)):
        return ScratchCopy(copy.name, False, is_edited, is_outdated)
    aside = _aside(copy) if is_edited else ""
    _take(notebook, copy)
    return ScratchCopy(copy.name, True, is_edited, is_outdated, aside)


def _take(notebook: Path, copy: Path) -> None:
    with atomic_files.atomic_write(copy) as partial:
        shutil.copyfile(notebook, partial)


def _aside(copy: Path) -> str:
    """Rename an edited copy, to a name that is free; return it."""
    n = 1
    while (kept := copy.with_stem(f"{copy.stem}-edited-{n}")).exists():
        n += 1
    copy.rename(kept)
    return kept.name


def _record(folder: Path) -> dict[str, str]:
    """Return the checksums of the notebooks that copies were taken of; a copy without one counts as edited."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
