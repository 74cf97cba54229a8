"""Generated documentation: data dictionary, README's step table, executed and stripped notebooks."""

import inspect
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from pydantic import BaseModel

from helpers.foundation import atomic_files, folders, study_config
from helpers.foundation.canonical_schema import CANONICAL_TABLES as CANONICAL
from helpers.foundation.errors import InputError
from helpers.foundation.schema import Column, Table
from helpers.pipeline import message_catalogues, registry
from helpers.pipeline.steps import STEPS, Step
from helpers.reporting import glossary

FOLDERS = {
    "canonical": "What any company's records become. A company may have any subset; an absent table reads as empty.",
    "rejected": "What was not accepted, with every reason.",
    "results": "What the notebooks find. An absent table reads as empty.",
}


def tables_text(declarations: Mapping[str, Table]) -> str:
    """Return the data dictionary of all declared tables as Markdown, one section for each folder and table."""
    parts = []
    for folder, about in FOLDERS.items():
        tables = [table for name, table in declarations.items() if name.startswith(f"{folder}/")]
        if tables:
            parts += [f"## {folder}", about, *(table_text(table) for table in tables)]
    return "\n\n".join(parts)


def table_text(table: Table) -> str:
    """Return one table's section: its grain, its key, and a row for each column."""
    rows = ["| column | type | meaning | rules |", "|---|---|---|---|",
            *(f"| `{c.name}` | {c.type} | {_cell(c.meaning)} | {_cell(_rules(c, table))} |" for c in table.columns)]
    families = ", ".join(f"`{prefix}…`" for prefix in table.prefixes)
    more = [f"Families of further columns: {families}."] if families else []
    key = ", ".join(f"`{name}`" for name in table.key)
    grain = f"One row is one {table.grain}. " + (f"Key: {key}." if key else "No key: equal rows may repeat.")
    return "\n\n".join([f"### `{table.name}`", grain, "\n".join(rows), *more])


def studies_text(sections: Mapping[str, type[study_config.Section]]) -> str:
    """Return what a study may say as Markdown: for each section its keys, their defaults and meanings."""
    about = "What a company assumes and wants, in `studies/<name>.toml`. What it does not say is the default."
    return "\n\n".join(["## studies", about, *(section_text(name, kind) for name, kind in sections.items())])


def section_text(name: str, kind: type[BaseModel]) -> str:
    """Return one section of a study, and after it the tables that may stand within it."""
    about = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("``", "`").replace("\n", " ")
    rows = ["| key | default | meaning |", "|---|---|---|",
            *(f"| `{key}` | {'required' if field.is_required() else _default(field.default)} | "
              f"{_cell(field.description or '')} |" for key, field in kind.model_fields.items())]
    inner = [section_text(f"{name}.{key}.<name>", part) for key, field in kind.model_fields.items()
             for part in study_config.nested_models(field.annotation)]
    named = re.search(r"`(\[[\w.]+<name>\]|\[\[[\w.]+\]\])`", about)  # where it stands, if it says so
    return "\n\n".join([f"### `{named.group(1) if named else f'[{name}]'}`", about, "\n".join(rows), *inner])


def step_table(steps: Iterable[Step] = STEPS) -> str:
    """Return the table of steps as Markdown: what each needs, what it uses if it is there, what it writes."""
    parts = [(step, map(_names, (step.reads, step.reads_if_present, step.writes))) for step in steps]
    rows = [f"| {step.name} {step.title} | {' | '.join(names)} |" for step, names in parts]
    return "\n".join(["| step | needs one of | uses if present | writes |", "|---|---|---|---|", *rows])


def fill_block(text: str, block: str, body: str) -> str:
    """Return a text with one marked block replaced.

    Parameters
    ----------
    text : str
        Holds the lines ``<!-- <block> -->`` and ``<!-- /<block> -->`` once.
    block : str
        Name of the block.
    body : str
        What stands between the marks.

    Raises
    ------
    InputError
        If the marks are not there exactly once.

    Examples
    --------
    >>> print(fill_block("<!-- a -->old<!-- /a -->", "a", "new"))
    <!-- a -->
    new
    <!-- /a -->
    """
    pattern = re.compile(rf"<!-- {block} -->.*?<!-- /{block} -->", re.DOTALL)
    n_blocks = len(pattern.findall(text))
    if n_blocks != 1:
        raise InputError(f"block '{block}'", f"found {n_blocks} times", "one pair of marks")
    return pattern.sub(lambda _: f"<!-- {block} -->\n{body}\n<!-- /{block} -->", text)


def rendered_files(root: Path) -> dict[Path, str]:
    """Return each file that holds a rendered block, with the text that it should have."""
    bodies = {
        root / "data" / "README.md": ("tables", "\n\n".join([glossary.glossary_text(),
                                                              tables_text(registry.declarations()),
                                                              studies_text(registry.SECTIONS)])),
        root / "README.md": ("steps", step_table()),
    }
    return {path: fill_block(path.read_text(encoding="utf-8"), *block) for path, block in bodies.items()}


def render_docs(root: Path) -> list[Path]:
    """Write every rendered block into its file; return the files that changed."""
    changed = [(path, text) for path, text in rendered_files(root).items() if path.read_text(encoding="utf-8") != text]
    for path, text in changed:
        path.write_text(text, encoding="utf-8")
    return [path for path, _ in changed]


def _rules(column: Column, table: Table) -> str:
    bounds = [f"≥ {column.low:g}" if column.low is not None else "",
              f"≤ {column.high:g}" if column.high is not None else ""]
    needed = "required, or empty in every row" if column.may_be_absent else "required"
    rules = [needed if column.required or column.name in table.key else "",
             "one of " + ", ".join(column.allowed) if column.allowed else "", *bounds]
    return "; ".join(rule for rule in rules if rule)


def _default(value: Any) -> str:
    """Return a default as it would be written in a study; of tables within it, their names."""
    if isinstance(value, Mapping) and any(isinstance(v, study_config.Section) for v in value.values()):
        return ", ".join(f"`{name}`" for name in value)
    value = list(value) if isinstance(value, tuple) else value
    if value is None or (isinstance(value, list) and any(isinstance(v, study_config.Section) for v in value)):
        return "as in the code" if value else ""
    text = str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
    return f"`{_cell(text)}`"


def _names(names: Iterable[str]) -> str:
    """Return names of tables; all canonical ones together; ``canonical/`` and ``results/`` go without saying."""
    known = list(names)
    every = {table.name for table in CANONICAL}
    together = ["every canonical table"] if every <= set(known) else []
    rest = [name for name in known if not (together and name in every)]
    return ", ".join([*together, *(f"`{name.removeprefix('results/').removeprefix('canonical/')}`" for name in rest)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


NOTEBOOKS = folders.CHECKOUT_FOLDER / "notebooks"

KEPT = "nbval-check-output"


def execute_notebook(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Return a copy of the notebook, run top to bottom in a fresh kernel that starts in `folder`."""
    return NotebookClient(nbformat.from_dict(notebook), timeout=600, kernel_name="python3", coalesce_streams=True,
                          resources={"metadata": {"path": str(folder)}}).execute()


def strip_notebook(notebook: NotebookNode) -> NotebookNode:
    """Return a copy with counts 1..n, no output but the hand-off's, and no trace of where it ran."""
    clean = nbformat.from_dict(notebook)
    clean.metadata = NotebookNode(kernelspec={"display_name": "Python 3 (ipykernel)", "language": "python",
                                              "name": "python3"}, language_info={"name": "python"})
    code = [cell for cell in clean.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
        if KEPT not in cell.metadata.get("tags", []):
            cell.outputs = []
    for cell in clean.cells:
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k == "tags"})
    return clean


def main() -> None:
    """Re-execute and strip every notebook on the default source, in a home of its own; render the dictionary."""
    with tempfile.TemporaryDirectory() as home:
        os.environ[folders.HOME_VARIABLE] = home
        for step in STEPS:
            path = NOTEBOOKS / step.notebook
            fresh = execute_notebook(nbformat.read(path, as_version=4), NOTEBOOKS)
            with atomic_files.atomic_write(path) as partial:
                nbformat.write(strip_notebook(fresh), partial)
            print(f"{path.name}: executed and stripped")
    root = folders.CHECKOUT_FOLDER
    for path in (*render_docs(root), *message_catalogues.update_catalogues(root)):
        print(f"{path.name}: rendered")


if __name__ == "__main__":
    main()
