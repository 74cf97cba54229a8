"""Samples to be coded by hand: CSV laid out once under data/audits, read back, safe in spreadsheets."""

import csv
from pathlib import Path

import pandas as pd

from helpers.foundation.atomic_files import atomic_write
from helpers.foundation.errors import InputError, refuse_repeated
from helpers.foundation.folders import home_folder

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")


def coded_samples_folder(source: str) -> Path:
    """Return the folder of a source's audits."""
    return home_folder() / "data" / "audits" / source


def read_coded_sample(source: str, name: str, sample: pd.DataFrame) -> pd.DataFrame:
    """Return a table that people fill in by hand, as text; laid out with the sample where there is none yet.

    Parameters
    ----------
    source : str
        Name of the source profile.
    name : str
        Of the file, ``data/audits/<source>/<name>.csv``. Delete it and a fresh sample is laid out.
    sample : DataFrame
        Rows and columns to be filled in; nothing is laid out without rows.

    Raises
    ------
    InputError
        If the file lacks one of the columns, or has one twice.
    """
    path = coded_samples_folder(source) / f"{name}.csv"
    if not path.is_file():
        _write_sample(path, sample)
        return sample.head(0).astype("str")
    found = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    refuse_repeated(f"data/audits/{source}/{path.name}", _header(path), "a name of its own for each column")
    lacking = [c for c in sample.columns if c not in found]
    if lacking:
        raise InputError(f"data/audits/{source}/{path.name}", f"there is no column '{lacking[0]}'",
                         ", ".join(sample.columns))
    return found[list(sample.columns)].map(unescape_spreadsheet_formula)


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        return next(csv.reader(text), [])


def _write_sample(path: Path, sample: pd.DataFrame) -> None:
    if sample.empty:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        sample.astype("str").map(escape_spreadsheet_formula).to_csv(partial, index=False)


def escape_spreadsheet_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> escape_spreadsheet_formula("=1+1"), escape_spreadsheet_formula("r1")
    ("'=1+1", 'r1')
    >>> unescape_spreadsheet_formula("'=1+1")
    '=1+1'
    """
    return f"'{text}" if text.startswith((*FORMULA_PREFIXES, "'")) else text


def unescape_spreadsheet_formula(text: str) -> str:
    """Return a text as it was before `guarded`."""
    return text[1:] if text.startswith("'") and text[1:].startswith((*FORMULA_PREFIXES, "'")) else text
