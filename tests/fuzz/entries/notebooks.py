"""Every notebook's parameters, as the command line and papermill set them."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
import json

from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import REFUSE, Kind
from tests.fuzz.world import targets

OWNER = "notebooks"
# what is no value of any parameter, whatever its range; and, by name, what its range must leave out
NEVER = ("None", "[1]", "{'a': 1}", "[]", "{}", "nested(50)", "(1, 2)", "object()", "b'a'", "BadRepr()", "{1, 2}", "lambda: 1")
BY_TYPE = {
    int: ("True", "'3'", "1.5", "float('nan')", "''", "10**30", "-10**30"), float: ("True", "'a'", "float('nan')", "float('inf')", "-1e308"),
    str: ("1", "True", "'nobody'", "''", "'a' * 1000", "1.5"),
}
RANGES = {
    "shown_edges": ("99", "0", "-1"), "shown_seed": ("-1",), "last_iteration": ("10**9", "0", "-5"), "alpha_rank": ("0", "-3", "10**9"),
    "near": ("-3", "0"), "reference": ("'nobody'",), "table_seed": ("-1",), "seeds": ("0", "-1"), "seed": ("-1",), "queries": ("0", "-1"),
    "steps": ("0", "-1"), "tables": ("-1",), "workers": ("0", "-1", "5000"), "edges": ("0", "-1"), "operations": ("0", "1"),
    "delta": ("-1.0",), "rho": ("0.0", "-1.0", "2.0"), "split": ("'train'",), "dataset": ("'mnist'",), "profile": ("'small'",), "mode": ("'cache'",),
}


class Never(Kind):
    """Values that no parameter of this name and type may take."""

    only_extra = True

    def __init__(self, name, default):
        self.extra = (*NEVER, *BY_TYPE.get(type(default), ()), *RANGES.get(name, ()))

    def _judge(self, value):
        return REFUSE


def _declared(notebook):
    cells = json.loads(notebook.path.read_text(encoding="utf-8"))["cells"]
    source = next("".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", []))
    found: dict = {}
    exec(source, found)
    return {name: value for name, value in found.items() if not name.startswith("__") and type(value) in BY_TYPE}


for notebook in targets.notebooks().values():
    for name, default in _declared(notebook).items():
        entry(f"{notebook.name} parameter", OWNER, f"targets.check_parameters(targets.notebooks()[{notebook.name!r}], dict({name}={{value}}))",
              weight=0.04, twin=False, quick=notebook.name != "00_scoreboard", value=P(Never(name, default), repr(default), called=(name,)))
