"""The contract of every notebook: what the runner, nbval and a reader rely on. Nothing is executed here."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import papermill
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(file for file in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in file.parts)
ALLOWED = {"mode": ("cached", "recompute"), "profile": ("smoke", "laptop", "paper")}
# what a section of a paper must say, and how it may be said; the scoreboard and the guide to one's own data are no
# sections of a paper, and the record of our tuning tests no claim
SECTIONS = {
    "the paper's claim": r"^#+ .*what the paper says",
    "a verdict": r"^#+ .*verdict",
    "deviations": r"^(#+ .*|\*\*)deviations",
    "cost": r"^(#+ .*|\*\*)cost",
}
NO_PAPER_SECTION = re.compile(r"00_scoreboard|.*your_own.*")
NO_CLAIM = re.compile(r".*tuning.*")

# the tests that take `file` run on every notebook; those on all of them together stand in test_notebooks_together.py
pytestmark = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.relative_to(FOLDER).as_posix())


def load(file: Path) -> nbformat.NotebookNode:
    return nbformat.read(file, as_version=4)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def markdown(notebook) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def test_format_and_kernel(file):
    notebook = load(file)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_one_parameters_cell_with_known_names_and_values(file):
    cells = [cell for cell in load(file).cells if "parameters" in tags(cell)]
    assert len(cells) == 1 and cells[0].cell_type == "code"
    found = papermill.inspect_notebook(str(file))
    defaults = {name: ast.literal_eval(entry["default"]) for name, entry in found.items()}
    for name, allowed in ALLOWED.items():
        assert defaults.get(name) in allowed, f"{name} must be one of {allowed}"
    assert type(defaults.get("workers")) is int and defaults["workers"] >= 1
    # papermill's inspector misses some assignments (a second one on a line, for example): then -p would not be checked
    assigned = {
        target.id
        for node in ast.parse(cells[0].source).body
        for target in (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
    }
    assert assigned == set(found)
    assert all(isinstance(node, (ast.Assign, ast.AnnAssign)) for node in ast.parse(cells[0].source).body)


def test_the_published_notebook_renders_stored_results(file):
    found = papermill.inspect_notebook(str(file))
    assert ast.literal_eval(found["mode"]["default"]) == "cached"
    assert ast.literal_eval(found["profile"]["default"]) == "laptop"


def test_parameters_are_checked_first(file):
    """papermill lets any value through: a later cell must hand the three to notebook.start, which refuses bad ones."""
    assert any(
        re.search(r"\bstart\(\s*mode\s*,\s*profile\s*,\s*workers\s*\)", cell.source) for cell in code_cells(load(file))
    )


def test_executed_in_order_without_errors(file):
    cells = [cell for cell in code_cells(load(file)) if cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


def test_no_warnings_and_no_progress_bars_in_outputs(file):
    texts = [
        output.text
        for cell in code_cells(load(file))
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert texts == []


def test_some_checked_cell_has_output(file):
    checked = [cell for cell in code_cells(load(file)) if "nbval-check-output" in tags(cell)]
    assert checked and all(cell.outputs for cell in checked)


def test_no_stamps(file):
    """Stamps of an execution would make every run of a notebook a change: nbstripout takes them out."""
    notebook = load(file)
    assert "papermill" not in notebook.metadata and "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert not {"papermill", "execution"} & set(cell.metadata)
        assert not {"injected-parameters", "papermill-error-cell-tag"} & set(tags(cell))


def test_no_place_of_one_machine(file):
    text = file.read_text(encoding="utf-8")
    found = set(re.findall(r"(?:/work/|/tmp/|/root/|/home/)[\w./-]*", re.sub(r'"image/png": "[^"]*"', "", text)))
    assert found == set()


def test_title_and_sections(file):
    notebook = load(file)
    assert re.match(r"# \S", notebook.cells[0].source) and notebook.cells[0].cell_type == "markdown"
    assert len(re.findall(r"(?m)^# ", markdown(notebook))) == 1
    name = file.relative_to(FOLDER).with_suffix("").as_posix()
    if not NO_PAPER_SECTION.fullmatch(name):
        missing = [
            what
            for what, pattern in SECTIONS.items()
            if not (what == "a verdict" and NO_CLAIM.fullmatch(name))
            and not re.search(pattern, markdown(notebook), re.IGNORECASE | re.MULTILINE)
        ]
        assert missing == []


def test_says_how_to_recompute(file):
    notebook = load(file)
    everything = markdown(notebook) + "".join(cell.source for cell in code_cells(notebook))
    assert re.search(r"nascore reproduce|provenance_note|papermill notebooks/", everything)


def test_file_name(file):
    assert re.fullmatch(r"\d\d_[a-z0-9_]+", file.stem)


def lines_of(file: Path) -> int:
    return sum(bool(line.strip()) for cell in code_cells(load(file)) for line in cell.source.splitlines())


def test_thin(file):
    """Prose, one call, a picture, a verdict: what takes more code belongs to the package."""
    assert lines_of(file) <= 150


def test_says_which_experiments_it_shows(file):
    """The runner computes what the metadata names; the code asks for exactly these."""
    named = file and load(file).metadata.get("nascore", {}).get("experiments")
    assert isinstance(named, list), "metadata.nascore.experiments is missing"
    asked = []
    for cell in code_cells(load(file)):
        for node in ast.walk(ast.parse(cell.source)):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and name in ("results", "rows", "stored") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str) and "/" in first.value:
                    asked.append(first.value)
    assert sorted(set(asked)) == sorted(named)
