"""Keeps the committed notebooks as the house wants them: executed in order, stripped, hand-offs kept."""

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from helpers.foundation import workspace
from helpers.pipeline import dictionary
from helpers.pipeline.steps import STEPS

NOTEBOOKS = workspace.SHIPPED / "notebooks"
KEPT = "nbval-check-output"


def executed(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Return a copy of the notebook, run top to bottom in a fresh kernel that starts in `folder`."""
    return NotebookClient(nbformat.from_dict(notebook), timeout=600, kernel_name="python3", coalesce_streams=True,
                          resources={"metadata": {"path": str(folder)}}).execute()


def stripped(notebook: NotebookNode) -> NotebookNode:
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
        os.environ[workspace.HOME] = home
        for step in STEPS:
            path = NOTEBOOKS / step.notebook
            fresh = executed(nbformat.read(path, as_version=4), NOTEBOOKS)
            with workspace.replacing(path) as partial:
                nbformat.write(stripped(fresh), partial)
            print(f"{path.name}: executed and stripped")
    for path in dictionary.render(workspace.SHIPPED):
        print(f"{path.name}: rendered")


if __name__ == "__main__":
    main()
