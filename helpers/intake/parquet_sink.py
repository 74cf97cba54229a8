"""Parquet files of landed text, written in row groups of a good size while the next batch is read."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP, GROUP_BYTES = 500_000, 64 << 20  # whichever is reached first


class ParquetSink:
    """A Parquet file that is written in row groups of a good size, whatever the size of the batches."""

    def __init__(self, target: Path, names: list[str]) -> None:
        self.schema = pa.schema([*((n, pa.string()) for n in [*names, "file"]), ("record", pa.int64()),
                                 ("line", pa.int64())])
        self.writer = pq.ParquetWriter(target, self.schema, compression="lz4", write_statistics=False,
                                       use_dictionary=["file"])  # to look for repeats takes longer than to write them
        self.hand = ThreadPoolExecutor(1)  # writes a row group while the next one is read
        self.written: Future[None] | None = None
        self.waiting: list[pa.RecordBatch] = []
        self.n, self.n_bytes = 0, 0

    def __enter__(self) -> "ParquetSink":  # noqa: D105
        return self

    def __exit__(self, *error: Any) -> None:  # noqa: D105
        try:
            if not error[0]:
                self._flush()
                self._settle()
        finally:
            self.hand.shutdown()
            self.writer.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Take a batch; write once there is enough for a row group."""
        self.waiting.append(batch.select(self.schema.names))
        self.n, self.n_bytes = self.n + batch.num_rows, self.n_bytes + self.waiting[-1].nbytes
        if self.n >= ROW_GROUP or self.n_bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._settle()
        if self.n:
            group = pa.Table.from_batches(self.waiting, self.schema)
            self.written = self.hand.submit(self.writer.write_table, group)
        self.waiting, self.n, self.n_bytes = [], 0, 0

    def _settle(self) -> None:
        """Wait for the row group at hand; raise what went wrong with it."""
        if self.written is not None:
            self.written.result()
