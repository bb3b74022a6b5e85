"""The companion: statistics, tables, claims and their tests, stored rows, printed values, experiments."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import Anything, Choice, Float, Floats, Function, Int, Text, Wrong

OWNER = "companion"
VALUES = P(Floats(), "[1.0, 2.0, 4.0]", called=("number", "values"))
COMMON = {"level": P(Float(above=0, below=1), "0.9"), "seed": P(Int(0, 2**63 - 1), "1"), "n": P(Int(1, cap=500), "20", called=("resamples",))}
STATISTIC = P(Function(extra=("np.median", "stats.iqm", "np.sort", "lambda v, axis: v", "lambda v: 1")), "np.mean")
entry("bootstrap_ci", OWNER, "stats.bootstrap_ci({values}, {args})", values=VALUES, statistic=STATISTIC, **COMMON)
entry("difference", OWNER, "stats.difference({a}, {b}, {args})", a=VALUES, b=VALUES, statistic=STATISTIC, **COMMON)
entry("proportion", OWNER, "stats.proportion({successes}, {total}, {args})", successes=P(Int(0, 5), "2", called=("share",)),
      total=P(Int(2, soft=True), "5", called=("share", "of")), level=COMMON["level"], weight=0.5)
entry("probability_of_improvement", OWNER, "stats.probability_of_improvement({a}, {b}, {args})", **COMMON, a=P(
    Anything(("{'x': [1.0]}", "{}", "{'x': [], 'y': [1.0]}", "{1: [1.0], 'a': [2.0]}")), "[1.0, 2.0]"), b=VALUES)
entry("iqm", OWNER, "stats.iqm({values}, {args})", values=VALUES, axis=P(Int(0, 0, none=True, soft=True), "0"), weight=0.5)
entry("performance_profile", OWNER, "stats.performance_profile({values}, {thresholds}, {args})", values=VALUES,
      thresholds=P(Floats(), "[1.5]", called=("number",)), **COMMON)
CURVES = ("[{'query': [1], 'best': [1.0]}]", "[{}]", "[{'query': [2, 1], 'best': [1, 2]}]", "[{'query': [1, 2], 'best': [1]}]",
          "[{'query': 'a', 'best': 'b'}]", "[None]", "[{'query': [], 'best': []}]", "[{'query': [1], 'best': [None]}]")
entry("aggregate_curves", OWNER, "stats.aggregate_curves({curves}, {grid}, {args})", curves=P(Anything(CURVES), CURVES[0], called=("curve", "grid")), **COMMON,
      grid=P(Floats(), "[1.0, 2.0]"), value=P(Choice("best"), "'best'"), statistic=P(Choice("mean", "median"), "'mean'"),
      band=P(Choice("interval", "quartiles", "std"), "'std'"))
entry("curve_on_grid", OWNER, "stats.curve_on_grid({query}, {value}, {grid})", query=P(Floats(), "[1.0, 2.0]", called=("curve", "queries")),
      value=P(Floats(), "[1.0, 2.0]", called=("curve",)), grid=P(Floats(), "[1.0]"), weight=0.5)

# -- what notebooks call ---------------------------------------------------------------------------------------------
PROFILE = P(Choice("smoke", "laptop", "paper"), "'laptop'")
entry("notebook.start", OWNER, "notebook.start({args})", mode=P(Choice("cached", "recompute"), "'cached'"), profile=P(Choice("laptop", "paper"), "'laptop'"),
      workers=P(Int(1, 4096), "1"))
entry("notebook.results", OWNER, "notebook.results({name}, {args})", weight=0.5, twin=False,
      name=P(Wrong(extra=("'ganas/table99'", "'../x'", "['ganas/macro']", "'ganas'")), "'ganas/macro'", called=("experiment",)),
      mode=P(Choice("cached", extra=("'Cached'", "'recomputed'")), "'cached'"), profile=P(Choice("laptop", "paper", soft=True), "'laptop'"),
      workers=P(Int(1, 4096), "1"))
entry("notebook.verdicts", OWNER, "notebook.verdicts({ids}, {args})", quick=False, weight=0.3, twin=False,
      ids=P(Wrong(lambda v: (isinstance(v, (list, tuple, str)) and not v) or hasattr(v, "__next__"), ("'ganas/zz'", "['zz']", "'zz*'", "[3]", "3")), "'ganas/*'", called=("claim",)), profile=PROFILE)
entry("plots.query_curves", OWNER, "plots.query_curves({rows}, {args})", weight=0.4, twin=False,
      rows=P(Anything(("rows().drop(columns='curve')", "rows().iloc[:0]", "rows(1)")), "rows()"),
      value=P(Choice("best", "rank"), "'best'", needed=True), by=P(Choice("method", "seed", extra=("'zz'",), soft=True), "'method'"),
      statistic=P(Choice("mean", "median"), "'mean'"), band=P(Choice("interval", "quartiles", "std"), "'std'", needed=True))
entry("tables.compare", OWNER, "tables.compare({rows}, {columns}, paper='ganas', {args})", weight=0.4, twin=False,
      rows=P(Anything(("rows().iloc[:0]", "rows(1)")), "rows()"), columns=P(Anything(("{'zz': None}", "{'best': 'zz'}", "{}", "{'best': None}")), "{'best': None}", called=("column",)),
      by=P(Choice("method", extra=("'zz'",)), "'method'", called=("column",)), digits=P(Int(0, 9, soft=True), "2"))
entry("paper_value", OWNER, "papers.paper_value({paper}, {key})", paper=P(Choice("ganas", "advantagenas", extra=("'zz'", "'../ganas'")), "'ganas'"),
      key=P(Wrong(extra=("'table2'", "'table2.setup1'", "'table2.setup1.zz'", "'...'", "'paper.a.b'", "'table2.label.line'")), "'table2.setup1.rank'", called=("number",)), twin=False, weight=0.5)
entry("claims.load", OWNER, "claims.load({paper})", paper=P(Choice("ganas", "advantagenas", none=True, extra=("'zz'",)), "'ganas'"), weight=0.3, twin=False)
entry("claims.judge", OWNER, "claims.judge([], {profile})", profile=PROFILE, weight=0.3)
entry("store.path", OWNER, "store.path({experiment}, {profile})", weight=0.5, twin=False, profile=PROFILE, experiment=P(
    Wrong(lambda v: isinstance(v, str) and v.isidentifier(), ("'../../x'", "'/etc/x'", "'a/../../b'", "''", "'a\\\\b'", "'.hidden/x'", "'a//b'", "'a/'")), "'ganas/table1'"))
entry("store.plain", OWNER, "store.canonical({value})", value=P(Anything(), "{'a': 1}", called=("store",)), weight=0.5)
entry("registry.get", OWNER, "registry.get({name})", name=P(Wrong(extra=("'zz'", "['a']", "'ganas/table99'")), "'ganas/table1'", called=("experiment",)), weight=0.4, twin=False)
entry("registry.register", OWNER, "clean(lambda: registry.register({experiment}), lambda: registry._registered.pop('fuzz/x', None))", weight=0.4, twin=False,
      experiment=P(Wrong(), "Experiment('fuzz/x', 1, 't', list, dict)"))
entry("Experiment", OWNER, "Experiment({args})", weight=0.5, twin=False, id=P(Wrong(lambda v: isinstance(v, str) and bool(v) and v.isprintable(), (
    "'../x'", "'/x'", "'a/../b'", "''", "3")), "'fuzz/x'", needed=True), version=P(Int(0, soft=True), "1", needed=True), title=P(Text(), "'t'", needed=True),
      units=P(Function(), "list", needed=True), run=P(Function(), "dict", needed=True), data=P(Function(), "returns('')"), paper=P(Text(), "''"))
entry("targets.choose", OWNER, "targets.choose([{name}])", name=P(Wrong(extra=("'zz'", "'../ganas'", "'ganas/99'", "'.ipynb'", "''", "'/'")), "'ganas/table1'", called=("experiment", "notebook")), weight=0.4, twin=False)
entry("check_profile", OWNER, "check_profile({profile})", profile=PROFILE, weight=0.3)

# -- claims' tests: a malformed one never yields a verdict ------------------------------------------------------------
BAD = (
    "{'kind': 'share', 'column': 'rank', 'share': 0.5}", "{'kind': 'share', 'column': 'rank', 'equals': 1, 'share': -1}",
    "{'kind': 'share', 'column': 'rank', 'equals': 1, 'count': 0}", "{'kind': 'share', 'column': 'rank', 'equals': 1, 'share': 1.5}",
    "{'kind': 'share', 'column': 'rank', 'equals': 1, 'share': True}", "{'kind': 'share', 'column': 'rank', 'equals': 1, 'share': '0.5'}",
    "{'kind': 'share', 'column': 'rank', 'equals': 1, 'count': 1.5}", "{'kind': 'share', 'column': 'rank', 'equals': 1, 'count': -3}",
    "{'kind': 'share', 'column': 'rank', 'equals': 1, 'share': float('nan')}", "{'kind': 'share', 'column': 'rank', 'at_least': 'x', 'share': 0}",
    "{'kind': 'share', 'column': 'rank', 'equals': 1, 'share': 0.5, 'weaker': {}}", "{'kind': 'share', 'column': 'rank', 'equals': 1}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'need': 'directon'}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'lower': 'false'}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'lower': 1}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'margin': -1}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'margin': '1'}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'statistic': 'mode'}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}}", "{'kind': 'better', 'column': 'best', 'a': 'Mine', 'b': 'RS'}",
    "{'kind': 'better', 'column': 3, 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}}",
    "{'kind': 'mean', 'column': 'best'}", "{'kind': 'mean', 'column': 'best', 'at_least': '70'}", "{'kind': 'mean', 'column': 'best', 'at_least': True}",
    "{'kind': 'mean', 'column': 'best', 'at_least': float('nan')}", "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'plus': 'a'}",
    "{'kind': 'mean', 'column': 'best', 'at_least': [1]}", "{'kind': 'mean', 'column': 'best', 'at_leest': 1}",
    "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'weaker': {'at_lest': 1}}", "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'weaker': 3}",
    "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'select': 'Mine'}", "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'select': {'rank': {'atleast': 1}}}",
    "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'digits': 'two'}", "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'digits': -1}",
    "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'each': 3}", "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'each': 'method', 'of': 'Mine'}",
    "{'kind': 'mean', 'column': 'best', 'at_least': 80, 'at_most': 60}", "{'kind': 'mean', 'column': 'method', 'at_least': 1}",
    "{'kind': 'fact', 'column': 'rank'}", "{'kind': 'fact', 'column': 'rank', 'equals': [1]}", "{'kind': 'fact', 'column': 'rank', 'equals': float('nan')}",
    "{'kind': 'fact', 'column': ['rank'], 'equals': 1}", "{'kind': ['fact'], 'column': 'rank', 'equals': 1}", "{'kind': 'zz'}", "{}", "{'kind': None}",
    "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'statistic': 'max'}", "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'exact': 'true'}",
    "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'tolerance': -1}", "{'kind': 'mean', 'column': 'best', 'at_least': 1, 'printed': 'x'}",
    "{'kind': 'share', 'column': 'rank', 'equals': 1, 'share': 0.2, 'tolerance': 0.2}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'control': 'RS'}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'pair': 3}",
    "{'kind': 'better', 'column': 'best', 'a': {'method': 'Mine'}, 'b': {'method': 'RS'}, 'weaker': {'lead': 0.1}}",
    "{'kind': 'mean', 'column': 'best', 'at_least': '@zz'}", "{'kind': 'mean', 'column': 'best', 'at_least': 'table2.zz.rank'}",
)
MALFORMED = P(Wrong(extra=BAD, only_extra=True), "{'kind': 'fact', 'column': 'version', 'equals': 1}", called=("*",))
entry("run_test malformed", OWNER, "verdict_of({test})", weight=2, twin=False, test=MALFORMED)
entry("run_test", OWNER, "verdict_of({test})", test=P(Anything(), MALFORMED.valid), twin=False)

# -- what shows itself in a notebook escapes the names that users give -------------------------------------------------
EVIL_SPACE = "nc.spaces.MacroSpace(2, (EVIL, 'b'), EVIL)"
EVIL_TABLE = f"nc.benchmarks.from_table({EVIL_SPACE}, {{(0, 1): 1.0, (1, 1): 0.5}}, name=EVIL, label=EVIL)"
SHOWN = (
    EVIL_SPACE, EVIL_TABLE, f"{EVIL_SPACE}.view((0, 1))", f"nc.Oracle({EVIL_TABLE}, 2)",
    f"nc.run(nc.search.RandomSearch({EVIL_SPACE}), nc.Oracle({EVIL_TABLE}, 2))",
    "nc.compare({EVIL: lambda s: nc.search.RandomSearch(CELL, seed=s)}, TABLE, budget=2, seeds=1, progress=False)",
    "tables.compare(rows().assign(method=EVIL), {'best': None}, paper='ganas')", "notebook.provenance_note(rows().assign(data=EVIL))",
    "tables.plain([{EVIL: EVIL}], caption=EVIL, note=EVIL)",
)
entry("shown", "shown", "escaped({thing})", twin=False, weight=0.5, thing=P(Anything(SHOWN, only_extra=True), "TABLE", called=("*",)))

# -- papers of one's own: what is wrong with their modules is said, and is no fault of ours ----------------------------
BROKEN = ("'x = ('", "'import nothing_of_that_name'", "'raise ValueError(1)'", "'1 / 0'", "'\\udcff'", "'x = \\x00'")
LISTS = (
    *BROKEN, "''", "'EXPERIMENTS = 3'", "'EXPERIMENTS = None'", "'EXPERIMENTS = [3]'", "'EXPERIMENTS = [None]'", "'EXPERIMENTS = []'",
    "GOOD_PAPER + 'EXPERIMENTS = EXPERIMENTS * 2 + [Experiment(*vars(EXPERIMENTS[0]).values())]'",
    "GOOD_PAPER.replace('fuzzpaper/one', '../one')", "GOOD_PAPER.replace('[Unit({}, 0)]', '[3]')", "GOOD_PAPER.replace('[Unit({}, 0)]', '1 / 0')",
    "GOOD_PAPER.replace('Unit({}, 0)', 'Unit(3, 0)')",
    "GOOD_PAPER.replace('[Unit({}, 0)]', '[Unit({}, 0), Unit({}, 0)]')",
)
entry("paper's experiments", "studies", "paper_of({experiments})", weight=0.7, twin=False,
      experiments=P(Wrong(extra=LISTS, only_extra=True), "GOOD_PAPER", called=("fuzzpaper", "experiments", "experiment", "config", "seed")))
entry("paper's init", "studies", "paper_of(GOOD_PAPER, {init})", weight=0.3, twin=False,
      init=P(Wrong(extra=BROKEN, only_extra=True), "''", called=("fuzzpaper",)))
entry("paper's style", "studies", "paper_of(GOOD_PAPER, '', {style})", weight=0.3, twin=False,
      style=P(Wrong(extra=(*BROKEN, "''", "'METHODS = 3'", "'METHODS = [1]'"), only_extra=True), "'METHODS = {}'", called=("fuzzpaper",)))
