"""Folders: where the home has its runs, raw files, reports, profiles and studies.

Every command begins here, so nothing is imported that takes long.
"""

import os
from pathlib import Path

from helpers.foundation.atomic_files import safe_name
from helpers.foundation.manifest import read_manifest, run_order

HOME_VARIABLE = "LOYALTY_HOME"

CHECKOUT_FOLDER = Path(__file__).resolve().parents[2]

STEP_FOLDER_VARIABLE = "LOYALTY_STEP_FOLDER"

SCRATCH, EXPORTS = "scratch", "exports"


def home_folder() -> Path:
    """Return the folder that holds ``data`` and ``reports``: ``LOYALTY_HOME``, else this checkout."""
    return Path(os.environ.get(HOME_VARIABLE) or CHECKOUT_FOLDER)


def runs_folder(source: str) -> Path:
    """Return the folder of all runs of a source."""
    return home_folder() / "data" / "runs" / safe_name(source)


def raw_folder(source: str) -> Path:
    """Return the folder in which a source's files are looked for when no other is named."""
    return home_folder() / "data" / "raw" / safe_name(source)


def reports_folder() -> Path:
    """Return the folder of published pages."""
    return home_folder() / "reports"


def config_file(folder: str, name: str) -> Path | None:
    """Return ``data/<folder>/<name>.toml``: the home's own, else the shipped one, else None."""
    paths = [root / "data" / folder / f"{safe_name(name)}.toml" for root in (home_folder(), CHECKOUT_FOLDER)]
    return next((path for path in paths if path.is_file()), None)


def config_names(folder: str) -> list[str]:
    """Return the names of all profiles (``sources``) or studies (``studies``), sorted."""
    return sorted(
        {p.stem for root in (home_folder(), CHECKOUT_FOLDER) for p in (root / "data" / folder).glob("*.toml")}
    )


def run_folders(source: str, state: str = "finished") -> list[Path]:
    """Return a source's run folders in one state, oldest first: by their number, since a clock may have jumped."""
    folders = [(m, p.parent) for p in runs_folder(source).glob("*/manifest.json")
               if p.parent.name != SCRATCH and (m := read_manifest(p.parent)).get("state") == state]
    return [folder for m, folder in sorted(folders, key=lambda pair: run_order(*pair))]
