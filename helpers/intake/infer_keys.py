"""Inferred keys and foreign keys between files, so that one can be looked up in another."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from helpers.intake.infer_types import InferredColumn

CONTAINED = 0.9  # share of a column's values that have to be keys of the other file

LEAST_TEXTS, LEAST_NUMBERS, COVERED = 2, 20, 0.5  # where the names say nothing

IDS = ("id", "no", "nr", "number", "num", "code", "key", "ref", "uid", "nummer", "name")


@dataclass(frozen=True, slots=True)
class FileForm:
    """Files of one form: the profile's name for them and their columns."""

    name: str
    columns: tuple[InferredColumn, ...]


@dataclass(frozen=True, slots=True)
class JoinKey:
    """A column of one file that refers to the key of another.

    Parameters
    ----------
    form : FileForm
        The file that refers.
    column : InferredColumn
        Its column that does.
    other : FileForm
        The file that it refers to.
    key : InferredColumn
        Unique there.
    """

    form: FileForm
    column: InferredColumn
    other: FileForm
    key: InferredColumn


def foreign_keys(form: FileForm, others: Sequence[FileForm]) -> list[JoinKey]:
    """Return how a file refers to others, at most once to each, by what its values and names say.

    Parameters
    ----------
    form : FileForm
        The file that may refer to others.
    others : sequence of FileForm
        All files; the file itself is passed over.
    """
    best = (max(_candidates(form, other), key=lambda told: told[0], default=None) for other in others if other != form)
    return [told[1] for told in best if told]


def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a column's name, in lower case.

    Examples
    --------
    >>> name_words("CustNo"), name_words("Kunden-Nr."), name_words("order_id")
    (('cust', 'no'), ('kunden', 'nr'), ('order', 'id'))
    """
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3 \2", name)
    return tuple(w for w in re.split(r"[\W_]+", parted.lower()) if w)


def _candidates(form: FileForm, other: FileForm) -> Iterator[tuple[tuple[float, ...], JoinKey]]:
    for key in other.columns:
        if not key.is_unique or key.kind not in ("text", "integer"):
            continue
        for column in form.columns:
            if column.kind != key.kind or (column.is_scale and not column.is_unique):
                continue
            share = pc.mean(pc.is_in(column.values, value_set=key.values)).as_py() or 0.0
            likeness = _likeness((column.name, form.name), (key.name, other.name))
            if share >= CONTAINED and (likeness or _speaks(column, key)):
                yield (likeness, share, -form.columns.index(column)), JoinKey(form, column, other, key)


def _likeness(here: tuple[str, str], there: tuple[str, str]) -> int:
    """Return how alike columns are called, each told as column and file: 2 the same, 1 alike but for words for ids."""
    if name_words(here[0]) == name_words(there[0]) and _stems(here[0]):
        return 2
    mine, theirs = (_stems(column) or _stems(file) for column, file in (here, there))
    return int(bool(mine & (theirs | _stems(there[1]))))


def _stems(name: str) -> set[str]:
    """Return what the words of a name begin with, but for those that only say that it is an id."""
    return {w[:4] for w in name_words(name) if w not in IDS}


def _speaks(column: InferredColumn, key: InferredColumn) -> bool:
    """Return whether values alone tell that a column refers to a key, which small whole numbers do not."""
    if column.kind == "text":
        return len(column.values) >= LEAST_TEXTS
    if not _stems(column.name) and column.is_unique:
        return False  # the key of its own file
    return len(column.values) >= max(LEAST_NUMBERS, COVERED * len(key.values))
