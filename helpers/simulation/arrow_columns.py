"""Numpy arrays as Arrow columns: ids, labels, days, times, money."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from helpers.simulation.planted_truth import FIRST_DAY

SPACING = 10_000_000


def id_column(prefix: str, block: int, numbers: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Return text ids such as ``O0000000012``; blocks are far enough apart that ids never meet."""
    known = None if valid is None else ~valid
    digits = pc.cast(pa.array(numbers + block * SPACING, mask=known), pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(digits, width=10, padding="0"), "")


def customer_ids(numbers: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Return customer ids such as ``C0000012``, numbered through all blocks."""
    known = None if valid is None else ~valid
    digits = pc.cast(pa.array(numbers + 1, mask=known), pa.string())
    return pc.binary_join_element_wise("C", pc.utf8_lpad(digits, width=7, padding="0"), "")


def label_column(names: Sequence[str], codes: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Return the name that each code stands for."""
    return pa.array(names, pa.string()).take(pa.array(codes, mask=None if valid is None else ~valid))


def constant_column(text: str, n: int) -> pa.Array:
    """Return one text, n times."""
    return pa.repeat(pa.scalar(text, pa.string()), n)


def day_column(offsets: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Return days from their offsets to the first day of the history."""
    values = FIRST_DAY + offsets.astype("int64").astype("timedelta64[D]")
    return pa.array(values, pa.date32(), mask=None if valid is None else ~valid)


def time_column(seconds: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Return times from their seconds since the first day's midnight."""
    values = FIRST_DAY.astype("datetime64[us]") + seconds.astype("int64").astype("timedelta64[s]")
    return pa.array(values, pa.timestamp("us"), mask=None if valid is None else ~valid)


def money_column(cents: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Return whole cents as money."""
    return pa.array(cents / 100.0, pa.float64(), mask=None if valid is None else ~valid)
