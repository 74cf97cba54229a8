"""Keys that files share: a column of one whose values are the key of another, so that it can be looked up there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from helpers.intake.guesses import Column

CONTAINED = 0.9  # share of a column's values that have to be keys of the other file
LEAST_TEXTS, LEAST_NUMBERS, COVERED = 2, 20, 0.5  # where the names say nothing
IDS = ("id", "no", "nr", "number", "num", "code", "key", "ref", "uid", "nummer", "name")


@dataclass(frozen=True, slots=True)
class Form:
    """Files of one form: the profile's name for them and their columns."""

    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A column of one file that refers to the key of another.

    Parameters
    ----------
    form : Form
        The file that refers.
    column : Column
        Its column that does.
    other : Form
        The file that it refers to.
    key : Column
        Unique there.
    """

    form: Form
    column: Column
    other: Form
    key: Column


def found(form: Form, others: Sequence[Form]) -> list[Link]:
    """Return how a file refers to others, at most once to each, by what its values and names say.

    Parameters
    ----------
    form : Form
        The file that may refer to others.
    others : sequence of Form
        All files; the file itself is passed over.
    """
    best = (max(_candidates(form, other), key=lambda told: told[0], default=None) for other in others if other != form)
    return [told[1] for told in best if told]


def words(name: str) -> tuple[str, ...]:
    """Return the words of a column's name, in lower case.

    Examples
    --------
    >>> words("CustNo"), words("Kunden-Nr."), words("order_id")
    (('cust', 'no'), ('kunden', 'nr'), ('order', 'id'))
    """
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3 \2", name)
    return tuple(w for w in re.split(r"[\W_]+", parted.lower()) if w)


def _candidates(form: Form, other: Form) -> Iterator[tuple[tuple[float, ...], Link]]:
    for key in other.columns:
        if not key.is_unique or key.kind not in ("text", "integer"):
            continue
        for column in form.columns:
            if column.kind != key.kind or (column.is_scale and not column.is_unique):
                continue
            share = pc.mean(pc.is_in(column.values, value_set=key.values)).as_py() or 0.0
            likeness = _likeness((column.name, form.name), (key.name, other.name))
            if share >= CONTAINED and (likeness or _speaks(column, key)):
                yield (likeness, share, -form.columns.index(column)), Link(form, column, other, key)


def _likeness(here: tuple[str, str], there: tuple[str, str]) -> int:
    """Return how alike columns are called, each told as column and file: 2 the same, 1 alike but for words for ids."""
    if words(here[0]) == words(there[0]) and _stems(here[0]):
        return 2
    mine, theirs = (_stems(column) or _stems(file) for column, file in (here, there))
    return int(bool(mine & (theirs | _stems(there[1]))))


def _stems(name: str) -> set[str]:
    """Return what the words of a name begin with, but for those that only say that it is an id."""
    return {w[:4] for w in words(name) if w not in IDS}


def _speaks(column: Column, key: Column) -> bool:
    """Return whether values alone tell that a column refers to a key, which small whole numbers do not."""
    if column.kind == "text":
        return len(column.values) >= LEAST_TEXTS
    if not _stems(column.name) and column.is_unique:
        return False  # the key of its own file
    return len(column.values) >= max(LEAST_NUMBERS, COVERED * len(key.values))
