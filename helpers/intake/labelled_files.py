"""SPSS and Stata files: codes as numbers, their labels in a column beside, labels of variables as wording of items.

A code that the file declares missing is empty. Beside a column ``q1`` with labels stands ``q1.label``, which holds the
label of each code and is empty where a code has none.

References
----------
.. [1] Fajardo, O. (2018). Pyreadstat: reading SAS, SPSS and Stata files, on ReadStat by E. Miller.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from helpers.foundation.errors import InputError
from helpers.intake import formats
from helpers.intake.csv_stream import RecordNumbers
from helpers.intake.profile_schema import FileRule

BATCH = 50_000

LABEL = ".label"


@dataclass(frozen=True, slots=True)
class VariableLabel:
    """What a file says of one of its columns.

    Parameters
    ----------
    wording : str
        Label of the variable, mostly the question as it was asked; empty where there is none.
    values : dict of str to str
        Code as it lands → its label.
    """

    wording: str = ""
    values: dict[str, str] = field(default_factory=dict)


def labelled_names(path: Path, file: FileRule, label: str) -> list[str]:
    """Return the names of a file's columns, each with labels followed by the column of these.

    Raises
    ------
    InputError
        If the file cannot be read as such.
    """
    found = variable_labels(path, file, label)
    return [n for name, told in found.items() for n in ((name, name + LABEL) if told.values else (name,))]


def labelled_batches(path: Path, names: list[str], file: FileRule, rows: RecordNumbers) -> Iterator[pa.RecordBatch]:
    """Yield batches of a file's records as text, with the label of each code beside it."""
    told = variable_labels(path, file, rows.label)
    yield from formats.typed_batches(_arrow_batches(path, told, file), names, file, rows)


def variable_labels(path: Path, file: FileRule, label: str) -> dict[str, VariableLabel]:
    """Return what a file says of its columns, by their names in order.

    Raises
    ------
    InputError
        If the file cannot be read as such.
    """
    import pyreadstat

    try:
        _, about = _reader(file)(str(path), metadataonly=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError) as error:
        raise InputError(label, f"it cannot be read as {file.format.upper()} ({' '.join(str(error).split())})",
                         "a file that SPSS or Stata has written") from None
    labels = about.variable_value_labels
    return {name: VariableLabel(wording or "", {_code(c) or "": str(v) for c, v in labels.get(name, {}).items()})
            for name, wording in zip(about.column_names, about.column_labels, strict=True)}


def _reader(file: FileRule) -> Any:
    import pyreadstat  # only where a source has such a file

    return pyreadstat.read_dta if file.format == "stata" else pyreadstat.read_sav


def _arrow_batches(path: Path, told: dict[str, VariableLabel], file: FileRule) -> Iterator[pa.RecordBatch]:
    import pyreadstat

    for part, _ in pyreadstat.read_file_in_chunks(_reader(file), str(path), chunksize=BATCH):
        frame, columns = pd.DataFrame(part), dict[str, pa.Array]()
        for name, about in told.items():
            texts = [_code(v) for v in frame[name].tolist()]
            columns[name] = pa.array(texts, pa.string())
            if about.values:
                columns[name + LABEL] = pa.array([about.values.get(t or "") for t in texts], pa.string())
        yield pa.RecordBatch.from_pydict(columns)


def _code(value: Any) -> str | None:
    """Return a value as it lands: whole numbers without a point, nothing for what is missing."""
    return None if pd.isna(value) or value == "" else formats.text_of(value)
