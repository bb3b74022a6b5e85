"""Tables, curves, the Oracle and its results."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
import numpy as np

from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import (
    Anything,
    Arch,
    Archs,
    Choice,
    File,
    Flag,
    Float,
    Function,
    Instance,
    Int,
    Names,
    Text,
    Wrong,
)

is_table = lambda value: hasattr(value, "rank") and hasattr(value, "costs") and not isinstance(value, type)  # noqa: E731
TABLE, ORACLE = "benchmarks/table", "benchmarks/oracle"
LEVELS = (20, 40, 60, 80, 100, 120, 140, 160)
QUESTION = {
    "dataset": P(Choice("digits", none=True), "'digits'"),
    "split": P(Choice("val", "test"), "'val'"),
    "epochs": P(Choice(*LEVELS, none=True, extra=("np.int64(160)", "160.0", "161", "True")), "160"),
    "seed": P(Choice("mean", 0, 1, 2, extra=("np.int64(0)", "False", "0.0", "'0'"), soft=True), "0"),
}
entry("load", TABLE, "nc.benchmarks.load({name}, {args})", name=P(Choice("digits201"), "'digits201'", called=("benchmark",)), weight=0.5,
      **{**QUESTION, "split": P(Choice("val", "test", none=True, soft=True), "'val'")})
entry("load(unknown)", TABLE, "nc.benchmarks.load('digits201', **{question})", weight=0.3,
      question=P(Wrong(lambda value: value == {}, ("{'x': 1}", "{'space': 1}"), only_extra=True), "{}", called=("x", "space")))
entry("select", TABLE, "bench().select({args})", **{
    **QUESTION, "split": P(Choice("val", "test", none=True), "'val'"), "seed": P(Choice("mean", 0, 1, 2, none=True, soft=True), "0"),
})
entry("select.identity", TABLE, "json.dumps(bench().select({args}).identity())", twin=True, weight=0.5, **{
    **QUESTION, "split": P(Choice("val", "test", none=True), "'val'"), "seed": P(Choice("mean", 0, 1, 2, none=True, soft=True), "0"),
})

class Value(Float):
    """A number; infinities have a rank too."""

    def _judge(self, value):
        return "either" if isinstance(value, (float, np.floating)) and np.isinf(value) else super()._judge(value)


class Equal(Arch):
    """An architecture that is looked up as it is: (1.0, True) is Python's (1, 1), by millions a second."""

    def _judge(self, value):
        found = super()._judge(value)
        plain = isinstance(value, tuple) and all(isinstance(op, (bool, float, int, np.bool_)) and op == int(op) for op in value)
        return "either" if plain and super()._judge(tuple(map(int, value))) == "accept" and found != "accept" else found


DIGITS, SMALL = Arch(6, 5), Arch(3, 3)
for table, kind, arch in (("bench()", DIGITS, "FULL"), ("TABLE", SMALL, "ARCH")):
    entry(f"{table}.value", TABLE, f"{table}.value({{arch}})", arch=P(Equal(kind.positions, kind.ops), arch))
    for method in ("index", "curve"):
        entry(f"{table}.{method}", TABLE, f"{table}.{method}({{arch}})", arch=P(kind, arch))
    entry(f"{table}.rank", TABLE, f"{table}.rank({{value}})", value=P(Value(), "70.0"))
entry("cost", TABLE, "bench().cost({arch}, {name})", arch=P(DIGITS, "FULL"),
      name=P(Choice("params", "flops"), "'params'", called=("cost",)))
entry("arch", TABLE, "bench().arch({index})", index=P(Int(0, 15_624), "3"))
MANY = Archs(6, 5)
MANY.one = Equal(6, 5)
ROWS = ("np.array([1, 2])", "np.array([-1])", "np.array([10**6])", "np.array([1.5])", "np.array([True])",
        "np.array([2**64 - 1], np.uint64)", "np.zeros((2, 6), np.uint64)", "np.full((2, 6), 9)", "np.full((2, 6), -1)",
        "np.zeros((2, 5), int)", "np.zeros((0, 6), int)", "np.zeros((2, 6), object)", "np.full((1, 6), np.nan)")
MANY.extra = (*MANY.extra, *ROWS)
for method in ("values", "rows"):
    entry(f"{method}", TABLE, f"bench().{method}({{archs}})", archs=P(MANY, "[FULL, FULL]", called=("row", "array")), weight=1.5)

VALUES = ("1e39", "16777217.0", "10**400", "'5'", "True", "None", "[1]", "float('nan')", "float('inf')", "np.float32('nan')",
          "np.float32(1)", "np.int64(3)", "1j", "BadFloat()")


class Finite(Float):
    """A number, or NaN for a training that failed."""

    extra = VALUES

    def _judge(self, value):
        if isinstance(value, float) and value != value:
            return "accept"
        return super()._judge(value) if value == value else "either"


entry("from_table value", TABLE, "nc.benchmarks.from_table(CELL, {{ARCH: {value}, (0, 0, 0): 1.0}})"
      .replace("{{", "{").replace("}}", "}"), value=P(Finite(), "2.5"))
entry("from_table arch", TABLE, "nc.benchmarks.from_table(CELL, dict([({arch}, 1.0), ((0, 0, 0), 2.0)]))",
      arch=P(Arch(3, 3), "ARCH"), weight=0)
entry(
    "from_table", TABLE, "nc.benchmarks.from_table({space}, {table}, {args})",
    space=P(Instance(lambda v: False), "CELL"),
    table=P(Wrong(extra=("{}", "[]", "{ARCH: {}}", "{'abc': 1.0}", "{(9, 9, 9): 1.0}", "{ARCH: float('nan')}",
                         "{None: 1.0}", "{(0.0, 1, 1): 1.0}", "{(True, 1, 1): 1.0}", "{frozenset({0, 1, 2}): 1.0}")),
            "{ARCH: 1.0}", called=("value of", "{", "table")),
    name=P(Text(empty=False), "'x'"), label=P(Text(), "'x'"),
)

# -- the Oracle ------------------------------------------------------------------------------------------------------
OPTIONS = {
    "budget": P(Int(1, none=True), "5"),
    "unit": P(Choice("queries", "epochs"), "'queries'"),
    "stall": P(Int(1), "9"),
    "costs": P(Names(soft=True), "()", called=("cost",)),
    "feasible": P(Function(none=True), "None"),
    "log": P(File(none=True), "'x.log'"),
    "space": P(Anything(extra=("CHAIN", "bench().space")), "CELL"),
}
entry("Oracle", ORACLE, "nc.Oracle(TABLE, {args}).evaluate([ARCH])", weight=2,
      **{**OPTIONS, "unit": P(Choice("queries", "epochs", soft=True), "'queries'"),
         "epochs": P(Wrong(lambda v: v is None), "None"), "resumable": P(Wrong(lambda v: v is False or str(v) == "False"), "False")})
entry("Oracle(callable)", ORACLE, "nc.Oracle({evaluate}, {args}).evaluate([ARCH])", weight=2,
      evaluate=P(Anything(("lambda a: 1.0", "lambda a, b, c: 1.0", "lambda: 1.0", "TABLE", "fails")), "returns(1.0)"),
      **{**OPTIONS, "space": P(Anything(("CHAIN", "None")), "CELL", needed=True),
         "unit": P(Choice("queries", "epochs", soft=True), "'queries'"), "epochs": P(Int(1, none=True), "3"),
         "resumable": P(Flag(), "True")})


ANSWERS = Anything(("'0.5'", "True", "None", "(1.0, 2.0)", "[1.0]", "'12'", "1e39", "10**400", "np.float32(1)",
                    "torch.tensor(1.0)", "np.array([1.0])", "{1: 2}", "BadFloat()", "BadRepr()"))
entry("Oracle answer", ORACLE, "nc.Oracle(returns({answer}), space=CELL).evaluate([ARCH])", answer=P(ANSWERS, "1.0", called=("evaluation", "evaluate")))
entry("Oracle answer with costs", ORACLE, "nc.Oracle(returns({answer}), space=CELL, costs=('c',)).evaluate([ARCH])",
      answer=P(ANSWERS, "(1.0, 2.0)", called=("evaluation", "evaluate")))
entry("Oracle answer logged", ORACLE, "nc.Oracle(returns({answer}), space=CELL, log='a.log').evaluate([ARCH]); "
      "nc.Oracle(returns(5.0), space=CELL, log='a.log').evaluate([ARCH])", answer=P(ANSWERS, "1.0", called=("evaluation", "evaluate")))
entry("Oracle feasible", ORACLE, "nc.Oracle(TABLE, feasible=returns({answer})); oracle(feasible=returns({answer}))"
      ".evaluate([ARCH])", answer=P(Anything(), "True", called=("feasible",)))
entry("Oracle feasible best", ORACLE, "o = oracle(feasible=returns({answer})); o.evaluate([ARCH]); o.best(); o.history",
      answer=P(Anything(), "True", called=("feasible",)))
LEVEL = P(Choice(*LEVELS, none=True, extra=("np.int64(20)", "20.0", "21")), "20")
entry("Oracle.evaluate", ORACLE, "nc.Oracle(bench(), 5).evaluate({archs}, {args})", weight=2,
      archs=P(Archs(6, 5), "[FULL]"), epochs=LEVEL)
entry("Oracle.evaluate logged", ORACLE, "o = nc.Oracle(TABLE, 5, log='b.log'); o.evaluate({archs}); "
      "nc.Oracle(TABLE, 5, log='b.log')", archs=P(Archs(3, 3), "[ARCH]"))
entry("Oracle()", ORACLE, "oracle()({arch})", arch=P(SMALL, "ARCH"))
entry("Query", ORACLE, "nc.Oracle(bench(), 5).evaluate([nc.Query({arch}, {epochs})])", arch=P(DIGITS, "FULL"),
      epochs=P(Choice(*LEVELS), "20"))
entry("Training", ORACLE, "nc.benchmarks.Training({args})", levels=P(Anything(("(1, 2)", "(2, 1)", "(0,)", "('a',)")), "(1,)"),
      resumable=P(Flag(), "True"), weight=0.5)

# -- results ---------------------------------------------------------------------------------------------------------
entry("Result.rank", "search/result", "finished().rank({benchmark})", weight=0.5,
      benchmark=P(Instance(is_table, none=True, extra=("bench()", "CELL")), "TABLE"))  # fmt: skip
entry("Result.curve", "search/result", "finished().curve({benchmark})", weight=0.5,
      benchmark=P(Instance(is_table, none=True, extra=("bench()",)), "TABLE"))
entry("Result.queries_to", "search/result", "finished().queries_to({value})", value=P(Float(), "51.0"), weight=0.5)
