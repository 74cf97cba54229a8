"""Small sources: files written on the spot, a profile beside them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.foundation.engine import Engine
from helpers.intake import delivery, profiles, readers


@dataclass
class SmallSource:
    folder: Path
    engine: Engine

    def file(self, name: str, content: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def profile(self, **parts):
        whole = {"name": "small", "title": "A small source", "files": {"orders": {"path": "orders.csv"}},
                 "as_of": "2025-01-31", "tables": {"transactions": ORDERS}}
        return profiles.parse_profile(whole | parts)

    def landed(self, **parts):
        return readers.landed_files(self.profile(**parts), str(self.folder))

    def delivery(self, as_of: str = "", **parts):
        return delivery.read_delivery(self.profile(**parts), self.engine, str(self.folder), as_of)

    def rows(self, table, *columns):
        return self.engine.arrow(table.select(*columns) if columns else table).to_pylist()

    def rejected(self, delivery):
        rows = self.rows(delivery.outcome.rejected, "file", "record", "reasons")
        return sorted((r["file"], r["record"], r["reasons"]) for r in rows)


ORDERS = {"from": "orders", "columns": {"order_id": "id", "customer_id": "customer", "ordered_at": "day",
                                        "kind": "'sale'", "amount": "amount"}}


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture
def small(tmp_path, engine):
    return SmallSource(tmp_path, engine)
