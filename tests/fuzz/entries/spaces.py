"""Spaces: what they are made of, and their methods."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import EITHER, REFUSE, Anything, Arch, Int, Kind, Names, Text

OWNER = "spaces"
ALLOWED = Anything((
    "[(0,), (1,), (2,)]", "[(0, 0), (1,), (2,)]", "[(), (1,), (2,)]", "[(9,), (1,), (2,)]", "[('a',), ('b',), ('c',)]",
    "[('z',), ('b',), ('c',)]", "[(True,), (1,), (2,)]", "[(np.int64(1),), (1,), (2,)]", "[0, 1, 2]", "['abc'] * 3",
    "[[1.0], [1], [1]]", "{0: (1,)}", "[(0,)] * 2", "np.zeros((3, 1), int)", "[(BadRepr(),)] * 3", "[None] * 3",
))
OPS = P(Names(2, 10), "('a', 'b', 'c')", needed=True)
for name, call, size in (
    ("CellSpace", "nc.spaces.CellSpace({args})", {"nodes": P(Int(2, 12), "3", needed=True)}),
    ("MacroSpace", "nc.spaces.MacroSpace({args})", {"layers": P(Int(1, cap=60), "3", needed=True)}),
):
    more = {"allowed": P(ALLOWED, "None")} if name == "CellSpace" else {}
    entry(name, OWNER, call, **size, ops=OPS, name=P(Text(none=True), "'x'"), **more)
entry(
    "ChoiceSpace", OWNER, "Chain({args})", name=P(Text(empty=False), "'x'", needed=True),
    positions=P(Int(1, cap=100), "3", needed=True), ops=P(Names(1), "('a', 'b', 'c')", needed=True),
    allowed=P(ALLOWED, "None"),
)

TEXTS = (
    "'|a~0|+|b~0|c~1|'", "'|none~0|+|none~0|none~1|'", "'|none~1|+|none~0|none~1|'", "'|none~' + '9' * 5000 + '|'",
    "'|none~0|' * 10_000", "'+' * 1000", "'|'", "'012'", "'0' * 10**5", "'\\u0663\\u0664\\u0665'", "'²³¹'", "'-12'", "b'012'",
    "'|none~０|+|none~0|none~1|'", "'((1, 2), 3)'", "'[' * 100_000", "'0,1,2'", "Path('a')",
)


class Notation(Kind):
    """Text that is one architecture, or a few."""

    extra = TEXTS

    def __init__(self, good):
        self.good = good

    def _judge(self, value):
        return EITHER if isinstance(value, str) and str(value).strip() in self.good else REFUSE

    def twins(self, valid):
        return (f"np.str_({valid})",)


CELL = Notation({"|none~0|+|none~0|none~1|"})
entry("CellSpace.parse", OWNER, "CELL.parse({text})", text=P(CELL, "'|none~0|+|none~0|none~1|'"))
entry("MacroSpace.parse", OWNER, "CHAIN.parse({text})", text=P(Notation({"012"}), "'012'"))
entry("NASBench101.parse", OWNER, "nb101().parse({text})", text=P(Anything(TEXTS), "nb101().format(nb101().arch(9))"))

for space, arch, positions, ops in (("CELL", "ARCH", 3, 3), ("CHAIN", "(0, 1, 2)", 3, 3), ("LIMITED", "(0, 1, 2)", 3, 3),
                                    ("bench().space", "FULL", 6, 5)):
    one = P(Arch(positions, ops, soft=space == "LIMITED"), arch)
    for method in ("validate", "neighbours", "dag", "format", "canonical", "view"):
        if method != "canonical":  # of what has been validated
            entry(f"{space}.{method}", OWNER, f"{space}.{method}({{arch}})", arch=one, weight=0.5)
    entry(f"{space}.mutate", OWNER, f"{space}.mutate({{arch}}, rng())", arch=one)
    entry(f"{space}.in", OWNER, f"{{arch}} in {space}", arch=P(Anything(Arch(positions, ops).extra), arch))
    entry(f"{space}.at", OWNER, f"{space}.at({{index}})", index=P(Int(0, 26), "1", called=("index",)))
entry("Space.==", OWNER, "CELL == {other}", other=P(Anything(("CHAIN", "LIMITED", "type(CELL)")), "CELL"))
entry("isomorphism_key", OWNER, "isomorphism_key(bench().space, {arch})", arch=P(Arch(6, 5), "FULL"))

MATRIX = (
    "np.zeros((3, 3))", "np.triu(np.ones((3, 3)), 1)", "np.ones((3, 3))", "np.zeros((0, 0))", "np.zeros((2, 3))",
    "[[0, 1], [0]]", "[[0, 2, 0], [0, 0, 1], [0, 0, 0]]", "[[0, float('nan')], [0, 0]]", "[['a', 'b'], ['c', 'd']]",
    "np.triu(np.ones((50, 50)), 1)", "np.triu(np.ones((9, 9), bool), 1)", "[[0, 1, 0], [0, 0, 1], [0, 0, 0]]",
    "np.zeros((3, 3), object)", "[[0, 10**30, 0], [0, 0, 1], [0, 0, 0]]", "[[None] * 3] * 3", "'abc'",
)
WORDS = (
    "['input', 'conv3x3-bn-relu', 'output']", "['input', 'output']", "['output'] * 3", "['input', 'x', 'output']",
    "['input', 1, 'output']", "['input', ['a'], 'output']", "'abc'", "['input'] + ['conv3x3-bn-relu'] * 48 + ['output']",
)
entry(
    "NASBench101.from_matrix", OWNER, "nb101().from_matrix({matrix}, {ops})",
    matrix=P(Anything(MATRIX), "[[0, 1, 0], [0, 0, 1], [0, 0, 0]]"),
    ops=P(Anything(WORDS), "['input', 'conv3x3-bn-relu', 'output']"),
)
ARCH101 = Anything((*Arch(3, 3).extra, "(1,)", "(1, 2)", "(10**30, 1)", "(2**21, 0, 0, 0, 0, 0)", "(-1, 0)", "(3, 0, 9)"))
for method in ("validate", "neighbours", "dag", "format", "canonical", "hash", "index", "to_matrix"):
    entry(f"NASBench101.{method}", OWNER, f"nb101().{method}({{arch}})", arch=P(ARCH101, "nb101().arch(9)"), weight=0.4)
entry("NASBench101.mutate", OWNER, "nb101().mutate({arch}, rng())", arch=P(ARCH101, "nb101().arch(9)"), weight=0.4)
entry("NASBench101.arch", OWNER, "nb101().arch({index})", index=P(Int(0, 423_623), "9"))
DAG = ("(('a', 'b'), ((0, 1),))", "((0, 1),)", "((0, 9),)", "((1, 0),)", "((-1, 0),)", "('a',)", "((0, 0),)")
entry("DAG", OWNER, "nc.spaces.DAG({labels}, {edges})", labels=P(Anything(DAG), "('a', 'b')"),
      edges=P(Anything(DAG), "((0, 1),)"), weight=0.3)
