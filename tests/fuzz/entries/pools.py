"""Recurrent cells of NAS-Bench-NLP, pools of architectures, and what is read for them."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import Anything, Archs, Instance, Int, Text, Wrong

OWNER = "spaces"
NLP, RNN = "nc.spaces.NASBenchNLP()", "(1, 0, 2, 0, 1, 4, 1, 2, 3)"
RECIPE = '\'{"f": {"op": "linear", "input": ["x", "h_prev_0"]}, "h_new_0": {"op": "activation_tanh", "input": ["f"]}}\''
RECIPES = (
    "'{}'", "'[]'", "'null'", "'NaN'", "'{\"h_new_0\": 1}'", "'[' * 100_000", "'{\"h_new_0\":' * 100_000", "b'{}'", "Path('a')",
    "'{\"h_new_0\": {\"op\": 1, \"input\": [2]}}'", "'{\"h_new_0\": {\"op\": [], \"input\": {}}}'", "'{\"h_new_0\": {\"op\": \"linear\", \"input\": [\"h_new_0\"] * 2}}'",
    "'{\"h_new_0\": {\"op\": \"activation_tanh\", \"input\": [\"h_new_0\"]}}'", "'{\"h_new_٣\": {\"op\": \"linear\", \"input\": [\"x\", \"h_prev_0\"]}}'",
    "json.dumps({f'h_new_{i}': {'op': 'linear', 'input': ['x', 'h_prev_0']} for i in range(1000)})",
    "json.dumps({'h_new_' + '9' * 5000: {'op': 'linear', 'input': ['x']}})", "json.dumps({'x': {'op': 'linear', 'input': ['x']}})",
    "json.dumps({'h_new_0': {'op': 'linear', 'input': [['x'], None]}})", RECIPE.replace("linear", "blend"), RECIPE.replace('"x"', '"\\ud800"'),
)
entry("NASBenchNLP.parse", OWNER, f"{NLP}.parse({{text}})", text=P(Anything(RECIPES), RECIPE))
CELLS = Anything((
    "()", "(1,)", "(3, 0)", "(1, 0, 2, 0, 1, 4, 1, 2)", "(1, 0, 2, 0, 1, 4, 1, 2, 2)", "(1, 0, 2, 0, 9, 4, 1, 2, 3)", "(1, 0, 10**30, 0, 1, 4, 1, 2, 3)",
    "(10**30, 0, 2, 0, 1, 4, 1, 2, 3)", "(1, -1, 2, 0, 1, 4, 1, 2, 3)", "(1, 0, 2, -1, 1, 4, 1, 2, 3)", "(1, 0, -2, 0, 1, 4, 1, 2, 3)", "(1, 0, 2, 0, 1) + (4, 1, 2) * 10**5 + (3,)",
    "np.array([1, 0, 2, 0, 1, 4, 1, 2, 3])", "np.zeros(9)", "(True, 0, 2, 0, 1, 4, 1, 2, 3)", "(1.0, 0, 2, 0, 1, 4, 1, 2, 3)", "('1',) * 9", "(BadRepr(),) * 9", "(nested(100_000),) * 3",
    "torch.tensor([1, 0, 2, 0, 1, 4, 1, 2, 3])", "range(9)", "{1: 2}",
))
for method in ("validate", "neighbours", "dag", "format", "canonical", "view", "cell"):
    entry(f"NASBenchNLP.{method}", OWNER, f"{NLP}.{method}({{arch}})", arch=P(CELLS, RNN), weight=0.4)
entry("NASBenchNLP.mutate", OWNER, f"{NLP}.mutate({{arch}}, rng())", arch=P(CELLS, RNN), weight=0.4)
entry("build NLP", "networks", f"nc.networks.build({NLP}, {{arch}}, {{args}})", arch=P(CELLS, RNN), words=P(Int(1, cap=1000), "9", needed=True),
      units=P(Int(1, cap=50), "4", needed=True), embedding=P(Int(1, cap=50), "3", needed=True), layers=P(Int(1, cap=4), "1"), seed=P(Int(0, 2**63 - 1), "1"), zz=P(Wrong(), "1"))

POOL = "nc.spaces.PoolSpace(CELL, [(0, 1, 2), (1, 0, 2), (2, 2, 2)])"
FEATURES = ("np.zeros((3, 2))", "np.zeros((2, 2))", "np.zeros(3)", "np.zeros((3, 0))", "np.full((3, 1), np.nan)", "np.full((3, 1), np.inf)", "[['a']] * 3",
            "[[1.0], [2.0], [3.0]]", "np.zeros((3, 2), bool)", "np.zeros((3, 1), object)", "np.zeros((3, 1), complex)", "[[True]] * 3", "[[10**400]] * 3", "[[1], [2, 3], [4]]")
entry("PoolSpace", OWNER, "p = nc.spaces.PoolSpace({space}, {archs}, {args}); p.identity(); p.mutate(p.archs[0], rng()); p.neighbours(p.archs[0])", weight=1.5,
      space=P(Instance(lambda v: type(v).__name__ == "MacroSpace", extra=("CHAIN", "TABLE", "type(CELL)", "nb101()")), "CELL"), archs=P(Archs(3, 3, soft=True), "[(0, 1, 2), (1, 0, 2), (2, 2, 2)]"),
      features=P(Anything(FEATURES), "np.arange(6.0).reshape(3, 2)"), candidates=P(Int(1, cap=10_000), "2"), nearest=P(Int(1), "1"), name=P(Text(none=True), "'x'"),
      distance=P(Text(none=True), "'mine'"))
ONE = P(Anything(("(0, 0, 0)", "(9, 9, 9)", "(0, 1)", "np.array([0, 1, 2])", "[0, 1, 2]", "'abc'", "(True, 1, 2)", "(BadRepr(),) * 3", "(1.0, 0.0, 2.0)", "(nested(10**5),) * 3")), "(0, 1, 2)")
for method in ("validate", "neighbours", "dag", "format", "key", "view", "row"):
    entry(f"PoolSpace.{method}", OWNER, f"{POOL}.{method}({{arch}})", arch=ONE, weight=0.4)
SEEN = P(Anything(("[(0, 0, 0)]", "[(0, 1, 2)] * 9", "{(1, 0, 2)}", "3", "'abc'", "[None]", "np.zeros((1, 3), int)", "iter([(0, 1, 2)])")), "[(1, 0, 2)]")
entry("PoolSpace.closest", OWNER, f"{POOL}.closest({{arch}}, {{count}}, seen={{seen}})", arch=ONE, count=P(Int(0, none=True), "2"), seen=SEEN, weight=0.5)
entry("PoolSpace.mutate", OWNER, f"{POOL}.mutate({{arch}}, rng(), seen={{seen}})", arch=ONE, seen=SEEN, weight=0.5)
entry("published_scores", "data", "nc.data.published_scores({benchmark}, {dataset})", weight=0.5, twin=False,
      benchmark=P(Wrong(), "'nasbench101'"), dataset=P(Anything(), "'cifar10'"))
