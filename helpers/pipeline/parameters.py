"""Notebook parameters: one name, type, default and meaning; refused before a run starts if wrong."""

import ast
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from helpers.foundation import plain_numbers
from helpers.foundation.errors import InputError, spelling_hint
from helpers.pipeline.jupyter import nbformat, papermill

KINDS = {"str": str, "int": plain_numbers.integer, "float": plain_numbers.number, "bool": bool}

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
    default: Any
    meaning: str


def notebook_parameters(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters of a notebook as papermill sees them, by name.

    Raises
    ------
    InputError
        If the notebook is missing or broken, or declares a parameter without a type that can be checked.
    """
    if not notebook.is_file():
        raise InputError(str(notebook.name), "there is no such notebook")
    try:
        found = papermill.inspect_notebook(notebook)
    except nbformat.reader.NotJSONError:
        raise InputError(notebook.name, "it is no notebook (no JSON)", "the committed one, as git holds it") from None
    for name, told in found.items():
        kind = told["inferred_type_name"]
        if kind not in KINDS:
            raise InputError(f"{notebook.name}: {name}", f"its type is '{kind}'", ", ".join(KINDS))
    return {name: Parameter(name, told["inferred_type_name"], ast.literal_eval(told["default"]), told["help"])
            for name, told in found.items()}


def all_parameters(notebooks: Mapping[str, Mapping[str, Parameter]],
           edited: Callable[[], Collection[str]] = tuple) -> dict[str, Parameter]:
    """Return all parameters of all notebooks.

    Parameters
    ----------
    notebooks : mapping of str to mapping
        Parameters of every notebook, by its name.
    edited : callable
        Returns the names of the notebooks that differ from the committed ones; asked where two disagree.

    Raises
    ------
    InputError
        If a name has two types, defaults or meanings: which notebooks declare which, and which of them were edited.
    """
    forms: dict[str, dict[Parameter, list[str]]] = {}
    for notebook, parameters in notebooks.items():
        for name, parameter in parameters.items():
            forms.setdefault(name, {}).setdefault(parameter, []).append(notebook)
    for name, told in forms.items():
        if len(told) > 1:
            raise _disagreement(name, told, edited())
    return {name: next(iter(told)) for name, told in forms.items()}


def _disagreement(name: str, told: Mapping[Parameter, Sequence[str]], edited: Collection[str]) -> InputError:
    """Return what is wrong where notebooks declare one parameter in several forms; the rarest form comes first."""
    rarest = sorted(told, key=lambda form: len(told[form]))
    said = "; ".join(f"{_listed(told[form])} declare{'s' if len(told[form]) == 1 else ''} {_told(form)}"
                     for form in rarest)
    suspects = [notebook for form in rarest for notebook in told[form] if notebook in edited]
    if suspects:
        said += f" ({_listed(suspects)} differ{'s' if len(suspects) == 1 else ''} from what is committed)"
    one_run = "" if name in HAS_OPTION else f"; another value for one run is given by --set {name}=…"
    return InputError(f"notebooks: {name}", said, f"the same line in each of them{one_run}; trials by hand are made in "
                      "copies, which python -m helpers lab opens")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def parse_settings(settings: Sequence[str], known: Mapping[str, Parameter]) -> dict[str, Any]:
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
            raise InputError(f"--set {name}", "no notebook has this parameter", spelling_hint(name, list(_free(known))))
        values[name] = parse_value(text.strip(), known[name])
    return values


def parameter_values(settings: Sequence[str], notebooks: Mapping[str, Mapping[str, Parameter]],
           edited: Callable[[], Collection[str]] = tuple) -> dict[str, Any]:
    """Return every parameter that can be set by hand with its value, set or by default.

    Parameters
    ----------
    settings : sequence of str
        ``name=value`` texts.
    notebooks : mapping of str to mapping
        Parameters of every notebook.
    edited : callable
        Returns the names of the notebooks that differ from the committed ones.

    Raises
    ------
    InputError
        As `common` and `given` do.
    """
    known = all_parameters(notebooks, edited)
    return {name: known[name].default for name in _free(known)} | parse_settings(settings, known)


def settings_of_one_notebook(
    values: Mapping[str, Any], notebooks: Mapping[str, Mapping[str, Parameter]]
) -> dict[str, str]:
    """Return the parameters that one notebook alone has and that differ from their default, each with that notebook.

    Its page is where the answer to such a setting stands.

    Parameters
    ----------
    values : mapping of str to object
        Values of a run, by name.
    notebooks : mapping of str to mapping
        Parameters of every notebook.
    """
    owners = {name: [notebook for notebook, own in notebooks.items() if name in own] for name in _free(values)}
    return {name: held[0] for name, held in owners.items()
            if len(held) == 1 and values[name] != notebooks[held[0]][name].default}


def parse_value(text: str, parameter: Parameter) -> Any:
    """Return a text as a value of a parameter's type.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> parse_value("90", Parameter("horizon_days", "int", 30, "outcome window [days]"))
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
