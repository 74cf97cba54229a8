"""Text rendered from the declarations: the dictionary in ``data/README.md``, the step table in ``README.md``."""

import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from helpers.foundation import study as studies
from helpers.foundation.canonical import TABLES as CANONICAL
from helpers.foundation.errors import InputError
from helpers.foundation.tables import Column, Table
from helpers.pipeline import catalogue
from helpers.pipeline.steps import STEPS, Step

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


def studies_text(sections: Mapping[str, type[studies.Section]]) -> str:
    """Return what a study may say as Markdown: for each section its keys, their defaults and meanings."""
    about = "What a company assumes and wants, in `studies/<name>.toml`. What it does not say is the default."
    return "\n\n".join(["## studies", about, *(section_text(name, kind) for name, kind in sections.items())])


def section_text(name: str, kind: type[studies.Section]) -> str:
    """Return one section of a study, and after it the tables that may stand within it."""
    about = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("``", "`").replace("\n", " ")
    rows = ["| key | default | meaning |", "|---|---|---|",
            *(f"| `{key}` | {'required' if field.is_required() else _default(field.default)} | "
              f"{_cell(field.description or '')} |" for key, field in kind.model_fields.items())]
    inner = [section_text(f"{name}.{key}.<name>", part) for key, field in kind.model_fields.items()
             for part in studies.models(field.annotation)]
    named = re.search(r"`(\[[\w.]+<name>\]|\[\[[\w.]+\]\])`", about)  # where it stands, if it says so
    return "\n\n".join([f"### `{named.group(1) if named else f'[{name}]'}`", about, "\n".join(rows), *inner])


def step_table(steps: Iterable[Step] = STEPS) -> str:
    """Return the table of steps as Markdown: what each needs, what it uses if it is there, what it writes."""
    parts = [(step, map(_names, (step.reads, step.reads_if_present, step.writes))) for step in steps]
    rows = [f"| {step.name} {step.title} | {' | '.join(names)} |" for step, names in parts]
    return "\n".join(["| step | needs one of | uses if present | writes |", "|---|---|---|---|", *rows])


def filled(text: str, block: str, body: str) -> str:
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
    >>> print(filled("<!-- a -->old<!-- /a -->", "a", "new"))
    <!-- a -->
    new
    <!-- /a -->
    """
    pattern = re.compile(rf"<!-- {block} -->.*?<!-- /{block} -->", re.DOTALL)
    n_blocks = len(pattern.findall(text))
    if n_blocks != 1:
        raise InputError(f"block '{block}'", f"found {n_blocks} times", "one pair of marks")
    return pattern.sub(lambda _: f"<!-- {block} -->\n{body}\n<!-- /{block} -->", text)


def rendering(root: Path) -> dict[Path, str]:
    """Return each file that holds a rendered block, with the text that it should have."""
    bodies = {
        root / "data" / "README.md": ("tables", "\n\n".join([tables_text(catalogue.declarations()),
                                                              studies_text(catalogue.SECTIONS)])),
        root / "README.md": ("steps", step_table()),
    }
    return {path: filled(path.read_text(encoding="utf-8"), *block) for path, block in bodies.items()}


def render(root: Path) -> list[Path]:
    """Write every rendered block into its file; return the files that changed."""
    changed = [(path, text) for path, text in rendering(root).items() if path.read_text(encoding="utf-8") != text]
    for path, text in changed:
        path.write_text(text, encoding="utf-8")
    return [path for path, _ in changed]


def _rules(column: Column, table: Table) -> str:
    bounds = [f"≥ {column.low:g}" if column.low is not None else "",
              f"≤ {column.high:g}" if column.high is not None else ""]
    rules = ["required" if column.required or column.name in table.key else "",
             "one of " + ", ".join(column.allowed) if column.allowed else "", *bounds]
    return "; ".join(rule for rule in rules if rule)


def _default(value: object) -> str:
    """Return a default as it would be written in a study; of tables within it, their names."""
    if isinstance(value, Mapping) and any(isinstance(v, studies.Section) for v in value.values()):
        return ", ".join(f"`{name}`" for name in value)
    value = list(value) if isinstance(value, tuple) else value
    if value is None or (isinstance(value, list) and any(isinstance(v, studies.Section) for v in value)):
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
