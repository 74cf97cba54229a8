"""Parameters: one name, one type, default and meaning in all notebooks; refused before anything starts if wrong."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from helpers.foundation import numerals
from helpers.foundation.errors import InputError, nearest
from helpers.pipeline.jupyter import papermill

KINDS = {"str": str, "int": numerals.integer, "float": numerals.number, "bool": bool}
HAS_OPTION = {"source": "SOURCE", "run": "nothing: a run reads its own tables", "as_of": "--as-of", "raw": "--raw"}
FLAGS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter.

    Parameters
    ----------
    name : str
        Its name.
    kind : str
        ``str``, ``int``, ``float`` or ``bool``.
    default : object
        Its value where none is given.
    meaning : str
        With the unit in square brackets.
    """

    name: str
    kind: str
    default: object
    meaning: str


def declared(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters of a notebook as papermill sees them, by name.

    Raises
    ------
    InputError
        If the notebook is missing, or declares a parameter without a type that can be checked.
    """
    if not notebook.is_file():
        raise InputError(str(notebook.name), "there is no such notebook")
    found = papermill.inspect_notebook(notebook)
    for name, told in found.items():
        kind = told["inferred_type_name"]
        if kind not in KINDS:
            raise InputError(f"{notebook.name}: {name}", f"its type is '{kind}'", ", ".join(KINDS))
    return {name: Parameter(name, told["inferred_type_name"], ast.literal_eval(told["default"]), told["help"])
            for name, told in found.items()}


def common(notebooks: Mapping[str, Mapping[str, Parameter]]) -> dict[str, Parameter]:
    """Return all parameters of all notebooks.

    Raises
    ------
    InputError
        If a name has two types, defaults or meanings.
    """
    known: dict[str, Parameter] = {}
    for notebook, parameters in notebooks.items():
        for name, parameter in parameters.items():
            if known.setdefault(name, parameter) != parameter:
                raise InputError(f"{notebook}: {name}", f"declared as {_told(parameter)}", _told(known[name]))
    return known


def given(settings: Sequence[str], known: Mapping[str, Parameter]) -> dict[str, object]:
    """Return ``name=value`` texts as typed values.

    Parameters
    ----------
    settings : sequence of str
        As written behind ``--set``.
    known : mapping of str to Parameter
        All parameters.

    Raises
    ------
    InputError
        If a name is unknown (with the nearest known one), has an option of its own, or a value is not of its type.
    """
    values = {}
    for setting in settings:
        name, sign, text = setting.partition("=")
        name = name.strip()
        if not sign:
            raise InputError("--set", f"'{setting}' has no value", "name=value")
        if name in HAS_OPTION:
            raise InputError(f"--set {name}", "this parameter is not set by hand", HAS_OPTION[name])
        if name not in known:
            raise InputError(f"--set {name}", "no notebook has this parameter", nearest(name, list(_free(known))))
        values[name] = typed(text.strip(), known[name])
    return values


def values(settings: Sequence[str], notebooks: Mapping[str, Mapping[str, Parameter]]) -> dict[str, object]:
    """Return every parameter that can be set by hand with its value, set or by default.

    Parameters
    ----------
    settings : sequence of str
        ``name=value`` texts.
    notebooks : mapping of str to mapping
        Parameters of every notebook.

    Raises
    ------
    InputError
        As `common` and `given` do.
    """
    known = common(notebooks)
    return {name: known[name].default for name in _free(known)} | given(settings, known)


def typed(text: str, parameter: Parameter) -> object:
    """Return a text as a value of a parameter's type.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> typed("90", Parameter("horizon_days", "int", 30, "outcome window [days]"))
    90
    """
    try:
        return FLAGS[text.lower()] if parameter.kind == "bool" else KINDS[parameter.kind](text)
    except (ValueError, KeyError):
        raise InputError(f"--set {parameter.name}", f"'{text}' is not of type {parameter.kind}",
                         f"{parameter.meaning}, for instance {parameter.default!r}") from None


def iso_date(text: str) -> str:
    """Return an ISO date unchanged, or the empty text.

    Raises
    ------
    InputError
        If it is neither.
    """
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise InputError("--as-of", f"'{text}' is not a date", "an ISO date such as 2026-11-21") from None


def _free(known: Iterable[str]) -> list[str]:
    return [name for name in known if name not in HAS_OPTION]


def _told(parameter: Parameter) -> str:
    return f"{parameter.kind} = {parameter.default!r}, {parameter.meaning}"
