"""Query-based searches: settings, ask, tell, save, load, run; and compare."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import (
    ACCEPT,
    Anything,
    Archs,
    Choice,
    File,
    Flag,
    Float,
    Function,
    Instance,
    Int,
    Ints,
    Kind,
    Wrong,
)

OWNER, COMPARE = "search", "comparison"
SEED = P(Int(0, 2**63 - 1), "3")
SPACE = P(Instance(lambda v: False, extra=("TABLE", "type(CELL)")), "CELL")
BASELINES = {
    "RandomSearch": {},
    "RegularizedEvolution": {"population": P(Int(1, 10**6, soft=True), "12", called=("sample",)),
                             "sample": P(Int(1, 10**6, soft=True), "2", called=("population",))},
    "LocalSearch": {"eager": P(Flag(), "True")},
    "Reinforce": {"learning_rate": P(Float(above=0), "0.1"), "baseline_decay": P(Float(0, below=1), "0.5"),
                  "patience": P(Int(1), "20")},
    "TPE": {"startup": P(Int(1), "4")},
}
for name, settings in BASELINES.items():
    slow = {"weight": 0.3} if name == "TPE" else {}
    entry(name, OWNER, f"s = nc.search.{name}({{space}}, {{args}}); nc.run(s, oracle()); s", space=SPACE, seed=SEED,
          **settings, **slow)
for name, settings in {
    "GANAS": {
        "schedule": P(Instance(lambda v: False, none=True), "None"), "truth_set": P(Anything(), "None"),
        "discriminator": P(Choice("pairwise", "pointwise", soft=True), "'pairwise'"),
        "start": P(Archs(3, 3), "[ARCH]", called=("architecture",)), "evaluated": P(Anything(("{ARCH: 1.0}", "{(9,): 1}", "{ARCH: 'a'}")), "None", called=("value",)),
        "training": P(Instance(lambda v: False, none=True), "None"), "device": P(Choice("cpu", "auto", extra=("'meta'", "'cuda:9'", "'CPU'")), "'cpu'"),
        "initial": P(Int(2, cap=20), "4"), "base": P(Int(1, cap=20), "2"), "increment": P(Int(0, cap=9), "0"),
        "iterations": P(Int(1, cap=2, none=True), "1"), "truth": P(Int(1, cap=20, soft=True), "2"), "rounds": P(Int(1, cap=3, soft=True), "1"),
        "ppo": P(Anything(), "None"), "unknown": P(Wrong(), "1"),
    },
    "RLNAS": {"training": P(Instance(lambda v: False, none=True), "None"), "device": P(Choice("cpu", "auto"), "'cpu'"),
              "unknown": P(Wrong(), "1")},
}.items():
    entry(f"{name} settings", OWNER, f"nc.search.{name}(CELL, {{args}})", seed=SEED, weight=2, twin=False, **settings)
entry("Schedule", OWNER, "Schedule({args})", initial=P(Int(2, soft=True), "4", needed=True), base=P(Int(1, soft=True), "2", needed=True),
      increment=P(Int(0, soft=True), "0", needed=True), iterations=P(Int(1, none=True, soft=True), "1", needed=True),
      truth=P(Int(1, soft=True), "2", needed=True))

CHANGED = [f"nc.search.{name}(CELL, seed=1)" for name in BASELINES]
for make in CHANGED:
    name = make.split(".")[2].split("(")[0]
    entry(f"{name}.ask", OWNER, f"{make}.ask({{n}})", n=P(Int(1, 100_000, cap=50, none=True), "2"), weight=0.5)
    archs = P(Archs(3, 3, soft=True), "[ARCH]", called=("architecture",))

    class Answers(Kind):
        """One number, or a row of numbers, for the one architecture."""

        extra = ("[1.0]", "[float('nan')]", "[None]", "['5']", "[True]", "[1.0, 2.0]", "[(1.0, 2.0)]", "[()]", "1.0",
                 "np.array([1.0])", "[np.float32(1)]", "[10**400]", "{ARCH: 1.0}", "[[1.0]]", "[[[1.0]]]",
                 "torch.tensor([1.0])", "[torch.tensor(1.0)]", "[BadFloat()]", "[np.float64('nan')]")

        def _judge(self, value):
            if isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], (int, float)):
                return "refuse" if isinstance(value[0], bool) else ACCEPT
            if isinstance(value, (str, bytes, dict, set, type(None), int, float)) or callable(value):
                return "refuse"
            return "either"

        def twins(self, valid):
            return ("np.array([1.0])", "[np.float64(1.0)]", "[np.int64(1)]")

    entry(f"{name}.tell", OWNER, f"s = {make}; s.ask(2); s.tell({{archs}}, {{values}}); s", archs=archs, weight=0.5,
          values=P(Answers(), "[1.0]", called=("value", "tell of")))
    entry(f"{name}.save", OWNER, f"{make}.save({{path}})", path=P(File(), "'x.nas'", called=("saved", "path")), weight=0.3)
    entry(f"{name}.load", OWNER, f"{make}.load({{path}})", weight=0.3,
          path=P(Wrong(), "'none.nas'", called=("saved", "path")), twin=False)
    states = ("{}", "{'rng': 1}", "{'rng': {}}", f"{make}.state_dict() | {{'rng': None}}", "[('rng', 1)]")
    entry(f"{name}.load_state_dict", OWNER, f"{make}.load_state_dict({{state}})", weight=0.5, twin=False,
          state=P(Wrong(extra=states), f"{make}.state_dict()", called=("no state of",)))
entry(
    "run", OWNER, "nc.run({search}, {oracle}, {args})",
    search=P(Instance(lambda v: False, extra=("nc.search.RandomSearch", "nc.search.RandomSearch(CHAIN)")), "nc.search.RandomSearch(CELL)"),
    oracle=P(Instance(lambda v: False, extra=("TABLE", "nc.Oracle", "nc.Oracle(bench())")), "oracle()"),
    progress=P(Flag(), "False"), callback=P(Function(none=True), "None"),
)


class Strange(Kind):
    """What a user's `ask` may give."""

    extra = ("[ARCH]", "(ARCH,)", "[]", "ARCH", "[(9, 9, 9)]", "np.zeros((1, 3), int)", "iter([ARCH])", "{ARCH}", "[None]",
             "'abc'", "[nc.Query(ARCH, 3)]", "{ARCH: 1}")

    def _judge(self, value):
        return "either"


entry("run own search", OWNER, "class Own(nc.search.Search):\n"
      "    def ask(self, n=None): return returns({given})()\n"
      "    def tell(self, archs, values): pass\n"
      "nc.run(Own(CELL), oracle(stall=5))", given=P(Strange(), "[ARCH]", called=("ask()", "nothing", "epochs")))

# -- compare ---------------------------------------------------------------------------------------------------------
METHODS = ("{'': lambda s: nc.search.RandomSearch(CELL)}", "{'a': nc.search.RandomSearch}", "{'a': lambda: 1}",
           "{'a': lambda s, t: 1}", "{'a': fails}", "{1: lambda s: 1}", "{}", "{'a': 3}", "{'a': returns(None)}", "[]",
           "{'a': returns(oneshot_log())}", "{'a': lambda s: nc.search.RandomSearch(CHAIN)}")
entry(
    "compare", COMPARE, "nc.compare({methods}, {benchmark}, budget={budget}, {args})", weight=2, twin=False,
    methods=P(Wrong(extra=METHODS), "{'a': lambda s: nc.search.RandomSearch(CELL, seed=s)}", called=("method",)),
    benchmark=P(Instance(lambda v: False, extra=("CELL", "oracle()", "bench()")), "TABLE"), budget=P(Int(1, cap=50, none=True), "3"),
    unit=P(Choice("queries", "epochs", soft=True), "'queries'"), seeds=P(Ints(0, 2**63 - 1, cap=5, one=True), "2"),
    workers=P(Int(1, 4096, cap=1), "1"), store=P(File(none=True), "'c.jsonl'"), judge=P(Anything(("TABLE", "bench()")), "None"),
    progress=P(Flag(), "False"),
)
entry("compare one-shot", COMPARE, "nc.compare({methods}, judge={judge}, seeds=1, progress=False, {args})", weight=0.5,
      methods=P(Wrong(extra=METHODS[:9]), "{'a': returns(oneshot_log())}", called=("method",)),
      judge=P(Anything(("lambda a: 1.0", "lambda a: '5'", "lambda a: None", "lambda a: True", "bench()", "TABLE")), "returns(1.0)"),
      budget=P(Wrong(lambda v: v is None or (isinstance(v, int) and v > 0), ("-1", "'a'", "0")), "None"),
      unit=P(Choice("queries", "epochs", soft=True), "'queries'"), twin=False)
FOUND = "nc.compare({{'a': lambda s: nc.search.RandomSearch(CELL, seed=s)}}, TABLE, budget=3, seeds=1, progress=False)"
entry("Comparison.plot", COMPARE, FOUND.replace("{{", "{").replace("}}", "}") + ".plot({value})", weight=0.3,
      value=P(Choice("best", "rank"), "'best'", called=("value",)), twin=False)
