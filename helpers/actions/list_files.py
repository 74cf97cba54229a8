"""List files: one file of a list, its name, for whom it is, by which channel, and what it holds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from helpers.foundation.spreadsheets import CSV, EXCEL


@dataclass(frozen=True, slots=True)
class ListFile:
    """One file of a list: its name, for whom, by which channel, how many customers, what it holds.

    Parts of lists are not counted on the page: beside the whole they would tell of few.
    """

    file: str
    audience: str
    channel: str
    n_customers: int
    content: bytes
    is_counted: bool = True


def files_table(parts: Sequence[ListFile]) -> pd.DataFrame:
    """Return one row a list: file, csv (its twin for other programs, empty without), audience, channel, n_customers."""
    names = {part.file for part in parts}
    twins = {part.file: part.file.removesuffix(EXCEL) + CSV for part in parts if part.file.endswith(EXCEL)}
    rows = [(p.file, twins.get(p.file, ""), p.audience, p.channel, p.n_customers if p.is_counted else None)
            for p in parts if p.file not in set(twins.values()) & names]
    return pd.DataFrame(rows, columns=["file", "csv", "audience", "channel", "n_customers"])


def slug(text: str) -> str:
    """Return a text as part of a file's name.

    Examples
    --------
    >>> slug("Head of customer service"), slug("../E-Mail"), slug("***")
    ('head-of-customer-service', 'e-mail', 'unnamed')
    """
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-_")[:40] or "unnamed"


def free_name(name: str, taken: Sequence[str]) -> str:
    """Return a name for an Excel file that no other has, with a number behind it where it is taken."""
    n_like = sum(re.fullmatch(re.escape(name) + r"(-\d+)?\.xlsx", known) is not None for known in taken)
    return f"{name}-{n_like + 1}" if n_like else name
