"""Writes the simulated company's raw files, and beside their folder the truth that tests read."""

import hashlib
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from helpers.foundation.atomic_files import file_lock, write_json
from helpers.foundation.errors import InputError
from helpers.foundation.manifest import read_manifest
from helpers.simulation import raw_files
from helpers.simulation.company import CUSTOMERS, SEED, Block, blocks
from helpers.simulation.list_response import carried_out
from helpers.simulation.planted_truth import World

MADE = "manifest.json"


def truth_folder(folder: Path) -> Path:
    """Return where the truth about the files in a folder stands: beside it, so that no intake reads it."""
    return folder.with_name(f"{folder.name}-truth")


def is_current(folder: Path) -> bool:
    """Return whether a folder's files were made by the simulation as it is now, in whatever size."""
    return folder.is_dir() and read_manifest(truth_folder(folder)).get("recipe") == simulation_checksum()


def write_files(
    folder: Path, *, customers: int = CUSTOMERS, seed: int = SEED, lists: pd.DataFrame | None = None
) -> dict[str, int]:
    """Write the company's files, unless they stand there already; return the records of each file.

    The folder appears whole or not at all. Two that write it at once do it once; files of another size or seed are
    replaced.

    Parameters
    ----------
    folder : Path
        The source's raw folder. The truth goes to its neighbour ``<folder>-truth``: ``manifest.json`` with planted
        parameters, records and dirt by kind, and the tables of `blocks.Truth` as Parquet.
    customers : int
        Registered customers.
    seed : int
        Seed of every draw.
    lists : DataFrame, optional
        Lists that runs drew and that the company carries out: experiment, unit_id, variant, assigned_on. The records
        up to the day of a draw are the same with it and without.

    Raises
    ------
    InputError
        If the folder holds files that the simulation did not make, or if there is not at least one customer.
    """
    wanted = {"customers": customers, "seed": seed, "lists": _lists_checksum(lists), "recipe": simulation_checksum()}
    with _locked(folder):
        there = read_manifest(truth_folder(folder))
        if folder.is_dir() and there.items() >= wanted.items():
            return there["records"]
        if not there and folder.is_dir() and any(folder.iterdir()):
            raise InputError(str(folder), "it holds files that the simulation did not make", "an empty folder")
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as room:
            made = _written(Path(room), blocks(customers, seed, lists=lists))
            write_json(Path(room) / "truth" / MADE, wanted | made)
            # the truth last: a folder without its own truth is made again
            _swap(Path(room) / "raw", folder, Path(room) / "old raw")
            _swap(Path(room) / "truth", truth_folder(folder), Path(room) / "old truth")
        return made["records"]


def simulation_checksum() -> str:
    """Return the checksum of the simulation's own code: other code makes other files."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _lists_checksum(lists: pd.DataFrame | None) -> str:
    return "" if lists is None else hashlib.sha256(carried_out(lists).to_csv(index=False).encode()).hexdigest()


def _written(room: Path, made: Iterable[Block]) -> dict[str, Any]:
    sums: dict[str, Counter] = defaultdict(Counter)
    with ExitStack() as stack:
        for found in _delivered(made, _Writers(room, stack)):
            for name, counts in found.items():
                sums[name].update(counts)
    totals = sums.pop("totals")
    return {"world": asdict(World()), **{name: dict(counts) for name, counts in sums.items()},
            "n_same_person": totals["same person"], "net_amount": totals["cents"] / 100}


def _delivered(made: Iterable[Block], writers: "_Writers") -> Iterator[dict[str, dict[str, int]]]:
    """Yield what was counted of each block; the next block is drawn while one is written."""
    with ThreadPoolExecutor(1) as beside:
        waiting = None
        for part in made:
            if waiting:
                yield waiting.result()
            waiting = beside.submit(_deliver, part, writers)
        if waiting:
            yield waiting.result()


def _deliver(part: Block, writers: "_Writers") -> dict[str, dict[str, int]]:
    delivered = raw_files.raw_delivery(part)
    writers.write(part, delivered)
    answers, whole = part.answers.scores.size + part.answers.fits.size, part.whole
    return {
        "records": {name: len(table) for name, table in delivered.files.items()},
        "rows": {name: len(table) for name, table in whole.items()} | {"canonical/responses": answers},
        "dirt": delivered.dirt,
        "totals": {"same person": delivered.n_same_person,
                   "cents": round(100 * pc.sum(whole["canonical/transactions"]["amount"]).as_py())},
    }


class _Writers:
    """Open files, one a name, that grow block by block."""

    def __init__(self, room: Path, stack: ExitStack) -> None:
        self.room, self.stack = room, stack
        self.files: dict[str, pacsv.CSVWriter | pq.ParquetWriter] = {}

    def write(self, part: Block, delivered: raw_files.RawDelivery) -> None:
        for name, table in delivered.files.items():
            self._file(f"raw/{name}", table.schema).write_table(table)
        for name, frame in part.truth.tables.items():
            self._append(f"truth/{name}.parquet", frame)

    def _append(self, name: str, frame: pd.DataFrame) -> None:
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
        self._file(name, table.schema).write_table(table)

    def _file(self, name: str, schema: pa.Schema) -> pacsv.CSVWriter | pq.ParquetWriter:
        if name not in self.files:
            path = self.room / name
            path.parent.mkdir(parents=True, exist_ok=True)
            made = pq.ParquetWriter(path, schema) if path.suffix == ".parquet" else _csv(path, schema)
            self.files[name] = self.stack.enter_context(made)
        return self.files[name]


def _csv(path: Path, schema: pa.Schema) -> pacsv.CSVWriter:
    # only the survey holds free text; the shop's own export uses semicolons
    quoting = "needed" if path.name == "survey.csv" else "none"
    delimiter = ";" if path.name == "customers.csv" else ","
    return pacsv.CSVWriter(path, schema, write_options=pacsv.WriteOptions(
        quoting_style=quoting, quoting_header=quoting, delimiter=delimiter))


def _swap(new: Path, target: Path, aside: Path) -> None:
    if target.is_dir():
        target.rename(aside)
    new.rename(target)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(folder.with_name(f".{folder.name}.lock")):
        for left in folder.parent.glob(f".{folder.name}-*"):
            shutil.rmtree(left)  # of a process that was killed: whoever holds the lock is alone
        yield
