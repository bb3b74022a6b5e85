"""What all notebooks together must keep: they are thin, and nothing is written twice."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(file for file in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in file.parts)


def sources(file: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"]


def test_the_median_notebook_is_short():
    lines = [sum(bool(line.strip()) for source in sources(file) for line in source.splitlines()) for file in FILES]
    assert len(lines) >= 21 and statistics.median(lines) < 90 and max(lines) <= 150


def test_no_function_is_defined_in_two_notebooks():
    where: dict[str, set[str]] = {}
    for file in FILES:
        for source in sources(file):
            for node in ast.parse(source).body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    where.setdefault(node.name, set()).add(file.name)
    assert {name: files for name, files in where.items() if len(files) > 1} == {}


def test_code_that_only_arranges_pictures_is_collapsed():
    """At least one cell of every notebook with a figure is hidden, as JupyterLab understands it."""
    for file in FILES:
        cells = [cell for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"]
        long = [cell for cell in cells if cell.source.count("\n") > 14 and "save_figure" in cell.source]
        if long:
            assert any(cell.metadata.get("jupyter", {}).get("source_hidden") for cell in cells), file
