"""Writes docs/notebook.ipynb from docs/python.md, and runs it: `python docs/build_notebook.py`."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HERE = Path(__file__).parent
PAGE, TARGET = HERE / "python.md", HERE / "notebook.ipynb"
START = "%cd -q ..\n# paths are relative to the root of the repository"


def main() -> None:
    """Write the notebook."""
    os.environ["PLOTLY_RENDERER"] = "plotly_mimetype"  # without a copy of plotly in the notebook
    notebook = build()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("docs", "configs"):
            Path(folder, name).mkdir()
        shutil.copy(HERE.parent / "configs" / "iris.csv", Path(folder, "configs"))
        options = {"kernel_name": "python3", "timeout": 300, "coalesce_streams": True}
        NotebookClient(notebook, resources={"metadata": {"path": f"{folder}/docs"}}, **options).execute()
    for cell in notebook.cells:
        cell.metadata = NotebookNode()  # when each cell was run
    nbformat.write(notebook, TARGET)


def build() -> NotebookNode:
    """The page as a notebook that has not run: its text, and its code without the printed results."""
    cells = [new_code_cell(START, id="cell-0")]
    for number, part in enumerate(parts_of(PAGE.read_text(encoding="utf-8")), 1):
        code = re.fullmatch(r"```python\n(.*?)\n```", part, re.DOTALL)
        make = new_code_cell if code else new_markdown_cell
        cells.append(make(code[1] if code else part, id=f"cell-{number}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def parts_of(text: str) -> list[str]:
    """The code blocks of a page and the text between them, without what the code prints."""
    text = re.sub(r"```text\n.*?\n```\n", "", text, flags=re.DOTALL).replace(
        " [notebook.ipynb](notebook.ipynb) is this page as a notebook.", ""
    )
    return [part.strip() for part in re.split(r"(```python\n.*?\n```)", text, flags=re.DOTALL) if part.strip()]


if __name__ == "__main__":
    main()
