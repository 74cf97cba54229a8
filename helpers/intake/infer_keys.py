"""Inferred keys and foreign keys between files, so that one can be looked up in another."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from helpers.intake import header_words
from helpers.intake.infer_types import InferredColumn

CONTAINED = 0.9  # share of a column's values that have to be keys of the other file

LEAST_TEXTS, LEAST_NUMBERS, COVERED = 2, 20, 0.5  # where the names say nothing

IDS = ("id", "no", "nr", "number", "num", "code", "key", "ref", "uid", "nummer", "name", "numero", "número", "numéro",
       "cod", "codigo", "código", "codice", "clave", "chiave", "identifiant")


@dataclass(frozen=True, slots=True)
class FileForm:
    """Files of one form: the profile's name for them, their columns, records that exactly repeat others."""

    name: str
    columns: tuple[InferredColumn, ...]
    n_repeated: int = 0


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
    is_most_shared : bool
        Whether more files refer to no other key: the customer's is that, where no column is called so.
    """

    form: FileForm
    column: InferredColumn
    other: FileForm
    key: InferredColumn
    is_most_shared: bool = True


def all_foreign_keys(forms: Sequence[FileForm], *, are_customers_named: bool = False) -> dict[str, list[JoinKey]]:
    """Return how each file refers to the others, by the name of the file that refers.

    Parameters
    ----------
    forms : sequence of FileForm
        All files.
    are_customers_named : bool
        Whether some column is called a customer's key, so that no other one has to be taken for it.
    """
    found = {form.name: foreign_keys(form, forms) for form in forms}
    shared = Counter(link.other.name for links in found.values() for link in links)
    most = max(shared.values(), default=0)
    most = max(most, len(_holding(forms, most_shared_name(forms))) - 1)
    return {name: [replace(link, is_most_shared=not are_customers_named and shared[link.other.name] == most
                           and not is_coupon(link.key)) for link in links] for name, links in found.items()}


def most_shared_name(forms: Sequence[FileForm], passed_over: Collection[tuple[str, ...]] = ()) -> tuple[str, ...]:
    """Return the words of the name under which most files hold the same things, at least two; else no word.

    Parameters
    ----------
    forms : sequence of FileForm
        All files.
    passed_over : collection of tuple of str
        Names, as words, of which it is known what they are.
    """
    names = dict.fromkeys(name_words(c.name) for form in forms for c in form.columns if not is_coupon(c))
    held = {name: _holding(forms, name) for name in names if name not in passed_over}
    shared = {name: columns for name, columns in held.items() if len(columns) > 1 and all(
        pc.any(pc.is_in(c.values, value_set=columns[0].values)).as_py() for c in columns[1:])}
    return max(shared, key=lambda name: len(shared[name]), default=())


def is_coupon(column: InferredColumn) -> bool:
    """Return whether a column is called a coupon's or an offer's; whoever has one is called otherwise."""
    return any(re.match(header_words.COUPON, header_words.plain(word)) for word in name_words(column.name))


def _holding(forms: Sequence[FileForm], name: tuple[str, ...]) -> list[InferredColumn]:
    """Return the columns of a name that may tell many things apart, at most one of each file."""
    found = (next((c for c in form.columns if name_words(c.name) == name), None) for form in forms)
    return [c for c in found if c and c.kind in ("text", "integer") and c.n_distinct >= LEAST_NUMBERS]


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
            likeness = _likeness((column.name, form.name), (key.name, other.name))
            is_mark = column.is_scale and not column.is_unique and likeness < 2
            if column.kind != key.kind or is_mark:
                continue
            share = pc.mean(pc.is_in(column.values, value_set=key.values)).as_py() or 0.0
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
