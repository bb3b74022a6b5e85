"""Printed numbers and the files that they are in; what is no name of a paper, number, notebook or claim is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nascore.companion import claims, notebook, papers, targets
from nascore.errors import ResultsError, SettingError

WORDS = {"three": 3, "five": 5}  # numbers that a paper prints as words
PAPER_TEXTS = Path(__file__).resolve().parents[3] / "shared" / "papers"


def test_paper_values_have_a_place():
    value = papers.paper_value("ganas", "table2.setup1.rank")
    assert (value.value, value.where) == (2.9, "Table 2, row GA-NAS-Setup1")
    assert list(papers.paper_table("ganas", "table3")["best_rank"]) == [57079, 19552, 96939, 5386]
    for key in ("table2.setup9.rank", "table9.x.y", "rank", "table2.setup1.label"):
        with pytest.raises(SettingError):
            papers.paper_value("ganas", key)
    with pytest.raises(SettingError, match="nobody"):
        papers.paper_value("nobody", "a.b.c")


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: papers.paper_value([[1]], "table2.setup1.rank"), "paper"),
        (lambda: papers.paper_value("ganas", 2**31), "key=2147483648"),
        (lambda: papers.paper_table("ganas", ["table2"]), "name"),
        (lambda: claims.load(10**5000), "paper"),
        (lambda: targets.choose([[]]), "name"),
        (lambda: targets.choose("ganas"), "names='ganas'"),
        (lambda: targets.choose(["a" * 300 + ".ipynb"]), "unknown paper, notebook"),
        (lambda: notebook.verdicts(3), "ids=3"),
        (lambda: notebook.verdicts([3]), "claim=3"),
    ],
)
def test_what_is_no_name_is_refused(call, named):
    with pytest.raises(SettingError, match=named):
        call()


PRINTED = '[table1]\nwhere = "Table 1"\nwhat = "best"\n[table1.mine]\nlabel = "Mine"\nline = 1\nacc = 3.0\n'


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('where = "Table 1"', "", r"\[table1\]: where"),
        ('what = "best"', "what = 3", r"\[table1\]: what=3"),
        ('label = "Mine"', "", r"\[table1.mine\]: label"),
        ("line = 1", "", r"\[table1.mine\]: line"),
        ("line = 1", "line = true", r"\[table1.mine\]: line=True"),
        ("acc = 3.0", "acc = nan", r"\[table1.mine\]: acc=nan"),
        ("[table1.mine]", "", r"\[table1\]: label"),
        ("[table1]", "table2 = 3\n[table1]", "table2 = 3"),
    ],
)
def test_a_damaged_file_of_printed_numbers_is_refused_by_place(tmp_path, monkeypatch, old, new, named):
    monkeypatch.setenv("NASCORE_PAPERS", str(tmp_path))
    file = tmp_path / "data" / "papers" / "toypaper.toml"
    file.parent.mkdir(parents=True)
    file.write_text(PRINTED.replace(old, new))
    papers.read.cache_clear()
    for read in (lambda: papers.paper_value("toypaper", "table1.mine.acc"), lambda: papers.load("toypaper")):
        with pytest.raises(ResultsError, match=f"toypaper.toml.*{named}"):
            read()


@pytest.mark.parametrize("paper", ["advantagenas", "ganas", "gennas", "gibbsnas"])
def test_printed_numbers_stand_on_the_stated_line(paper):
    text = PAPER_TEXTS / Path(papers.load(paper)["paper"]["source"]).name
    if not text.exists():
        pytest.skip(f"needs {text}")
    lines = text.read_text(encoding="utf-8").splitlines()
    for name, part in papers.load(paper).items():
        for row in (value for value in part.values() if isinstance(value, dict)):
            if name == "table10":  # printed by column: rows of the table are columns here
                printed = "\n".join(lines[522:532])
            else:
                printed = lines[row["line"] - 1]
            numbers = {
                round(float(n), 9)
                for n in re.findall(
                    r"\d+(?:\.\d+)?(?:e-?\d+)?", re.sub(r"(?<=\d),(?=\d{3})| (?=e-)", "", printed).replace("−", "-")
                )
            }
            numbers |= {number for word, number in WORDS.items() if re.search(rf"\b{word}\b", printed)}
            cells = [re.sub("<sup>.*?</sup>", "", cell).strip() for cell in printed.split("\t")]
            if len(cells) == 1:  # a sentence, not a row of a table
                cells = re.findall(r"\w+", printed)
            for key, value in row.items():
                if isinstance(value, str) and key != "label":
                    assert value in cells, f"{paper} {name} {row['label']}: {key} = {value}"
                elif key not in ("label", "line", "table10"):
                    assert abs(value) in numbers or abs(value) * 1e3 in numbers, (
                        f"{paper} {name} {row['label']}: {key} = {value}"
                    )
