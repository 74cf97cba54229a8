"""Errors on bad input in one form: where, what was found, how many, what is allowed."""

from collections.abc import Sequence
from difflib import get_close_matches


class InputError(ValueError):
    """Bad input, said in one sentence.

    Parameters
    ----------
    where : str
        The place a person would look: a file, ``table.column``, a parameter, a profile key.
    found : str
        What was found there, with its count where it can be counted.
    allowed : str
        What is allowed instead; empty where the finding says it.

    Examples
    --------
    >>> print(InputError("transactions.amount", "3 of 10 rows are empty", "a number"))
    transactions.amount: 3 of 10 rows are empty; allowed: a number
    """

    exit_code = 2

    def __init__(self, where: str, found: str, allowed: str = "") -> None:
        super().__init__(f"{where}: {found}" + (f"; allowed: {allowed}" if allowed else ""))


class GateError(InputError):
    """An intake gate that stops the run: nothing readable, a control not met, data too old."""

    exit_code = 3


class BusyError(InputError):
    """A source that another run holds; the same command succeeds later (EX_TEMPFAIL of sysexits.h)."""

    exit_code = 75


def refuse_repeated(where: str, names: Sequence[str], allowed: str) -> None:
    """Refuse columns of which two have one name, because a value could be meant by either.

    Parameters
    ----------
    where : str
        The file.
    names : sequence of str
        As its header gives them; white space around a name does not count, and an empty one is no name.
    allowed : str
        What is allowed instead.

    Raises
    ------
    InputError
        Naming every repeated name and the columns that bear it.
    """
    places: dict[str, list[str]] = {}
    for i, name in enumerate(names, start=1):
        places.setdefault(name.strip("\ufeff").strip(), []).append(f"{i:,}")
    repeated = {name: at for name, at in places.items() if name and len(at) > 1}
    if repeated:
        told = "; ".join(f"the name '{name}' is given to {len(at)} columns ({', '.join(at)})"
                         for name, at in list(repeated.items())[:5])
        raise InputError(where, told, allowed)


def one_line(text: str) -> str:
    r"""Return a text with its control characters and lone surrogates escaped, so that it stays one readable line.

    Examples
    --------
    >>> one_line("a\nb"), one_line("a\udcff")
    ('a\\nb', 'a\\udcff')
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def count_of_total(count: int, total: int) -> str:
    """Return ``count`` of ``total`` as words.

    Examples
    --------
    >>> count_of_total(14, 69659)
    '14 of 69,659 rows'
    """
    return f"{count:,} of {total:,} row{'' if total == 1 else 's'}"


def spelling_hint(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return a hint that names the known word nearest to a misspelt one, or lists the known ones.

    Examples
    --------
    >>> spelling_hint("currancy", ["currency", "title"])
    "did you mean 'currency'?"
    """
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else "known: " + ", ".join(sorted(known))
