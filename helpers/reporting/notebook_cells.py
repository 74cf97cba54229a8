"""Parts of a page: which cells of an executed notebook a page shows, and in which of its parts."""

from collections.abc import Sequence
from html import escape
from itertools import takewhile

from nbformat import NotebookNode, v4

from helpers.reporting import inline_figures, translation

ORDER = ("title", "answer", "trust", "evidence", "doubt", "appendix", "words", "glossary", "load")

BRIEFING_ORDER = ("title", "answer", "evidence", "trust", "doubt", "appendix", "words", "glossary", "load")

HIDDEN = frozenset({"parameters", "imports", "injected-parameters", "explore"})

MOST_BYTES = 570_000  # that cells may show; with what stands around them a page stays below 600,000

FORERUNNERS = frozenset({"trust", "answer", "doubt", "load", *HIDDEN})


def page_parts(notebook: NotebookNode) -> dict[str, list[NotebookNode]]:
    """Return the cells to be shown by part, streams gathered in the folded part about tables.

    Cells tagged ``explore`` are for work by hand: neither what they show nor what they print stands on a page.
    """
    parts: dict[str, list[NotebookNode]] = {name: [] for name in ORDER}
    streams: list[str] = []
    for i, (cell, role) in enumerate(zip(notebook.cells, _roles(notebook.cells), strict=True)):
        if cell.cell_type == "code":
            if role != "explore":
                streams += [output.text for output in cell.outputs if output.output_type == "stream"]
            shown = [output for output in cell.outputs if output.output_type != "stream" and not _is_nothing(output)]
            if shown and role not in HIDDEN:
                parts[role].append(v4.new_code_cell(outputs=inline_figures.with_pictures(shown)))
        elif cell.cell_type == "markdown" and _says(cell.source, role) and not _is_idle(notebook.cells[i + 1:]):
            shown, rest = _halves(cell.source) if role == "title" else (cell.source, "")
            parts[role].append(v4.new_markdown_cell(translation.localised_markdown(shown)))
            if rest:
                parts["words"].append(v4.new_markdown_cell(translation.localised_markdown(rest)))
    if any(text.strip() for text in streams):
        parts["load"].append(html_cell(_listed("".join(_ended(text) for text in streams))))
    inline_figures.without_largest([cell for part in parts.values() for cell in part], MOST_BYTES)
    return parts


def _halves(source: str) -> tuple[str, str]:
    """Return a title with its question, and what else the title cell says, which is for analysts."""
    blocks = source.strip().split("\n\n")
    return "\n\n".join(blocks[:2]), "\n\n".join(blocks[2:])


def _says(source: str, role: str) -> bool:
    """Return whether markdown is to be shown: a bare heading is not where the part has one of its own."""
    lines = [line for line in source.split("\n") if line.strip()]
    is_bare = all(line.startswith("#") for line in lines)
    return role not in HIDDEN and not (is_bare and role in {"answer", "words", "load"})


def _is_idle(following: Sequence[NotebookNode]) -> bool:
    """Return whether all that markdown introduces, up to the next markdown, are exhibits with nothing to show.

    What cells print is gathered elsewhere.
    """
    own = takewhile(lambda cell: cell.cell_type == "code", following)
    outputs = [output for cell in own for output in cell.get("outputs", []) if output.output_type != "stream"]
    return bool(outputs) and all(map(_is_nothing, outputs))


def _is_nothing(output: NotebookNode) -> bool:
    """Return whether an output is an exhibit with nothing to show, which would only leave a gap."""
    return output.get("data", {}).get("text/html") == ""


def _roles(cells: Sequence[NotebookNode]) -> list[str]:
    """Return the part of each cell: by its tag or id; markdown goes with the cell that it introduces."""
    roles: list[str] = []
    for cell in reversed(cells):
        own = _own_role(cell)
        introduces = cell.cell_type == "markdown" and roles and roles[-1] in FORERUNNERS
        roles.append(own or (roles[-1] if introduces else "evidence"))
    roles.reverse()
    if roles and cells[0].cell_type == "markdown":
        roles[0] = "title"
    return roles


def _own_role(cell: NotebookNode) -> str:
    known = (*ORDER, *HIDDEN)
    named = [*cell.metadata.get("tags", []), cell.get("id", "")]
    if "nbval-check-output" in named:
        return "load"
    return next((name for name in named if name in known), "")


def notebook_title(notebook: NotebookNode) -> str:
    """Return the first heading of a notebook."""
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.split("\n"))
    return next((line.lstrip("# ").strip() for line in lines if line.startswith("#")), "Loyalty Workbook")


def cell_html(cell: NotebookNode) -> list[str]:
    """Return the HTML that a cell shows."""
    return [output.data.get("text/html", "") for output in cell.get("outputs", []) if "data" in output]


def html_cell(html: str) -> NotebookNode:
    """Return a cell that shows this HTML."""
    output = v4.new_output("display_data", {"text/html": html}, metadata={"is_ours": True})
    return v4.new_code_cell(outputs=[output])


def _listed(text: str) -> str:
    return f'<pre class="exhibit">{escape(text.rstrip())}</pre>'


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
