"""What a committed notebook may hold, and how it comes to hold it.

``python -m tests.notebooks`` runs every notebook and keeps the outputs of the cells that are checked, those on recorded
data. Everything else is measured anew wherever the notebook runs: its outputs stay out, as does widget state.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
CHECKED = "# NBVAL_CHECK_OUTPUT"
MOST_BYTES = 300_000


def every_notebook() -> list[Path]:
    """The notebooks of the project, in order."""
    return sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> Any:
    """Read a notebook, valid or an error."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def is_checked(cell: Any) -> bool:
    """Whether nbval compares the outputs of a cell."""
    return cell.cell_type == "code" and cell.source.startswith(CHECKED)


def tidy(notebook: Any) -> Any:
    """Take out what differs from run to run."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for place, cell in enumerate(code, start=1):
        # nbval takes outputs without a count for a mistake.
        cell.execution_count = place if is_checked(cell) else None
        cell.outputs = cell.outputs if is_checked(cell) else []
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = place
    for cell in notebook.cells:
        cell.metadata = {}
    notebook.metadata = {name: notebook.metadata[name] for name in ("kernelspec",) if name in notebook.metadata}
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main() -> None:
    """Run every notebook and write it back."""
    for path in every_notebook():
        notebook = read(path)
        NotebookClient(
            notebook, timeout=120, store_widget_state=False, resources={"metadata": {"path": FOLDER}}
        ).execute()
        nbformat.write(tidy(notebook), path)
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
