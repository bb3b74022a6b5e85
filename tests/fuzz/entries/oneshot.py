"""One-shot search: its settings, strategies, hooks, data and log."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import (
    Anything,
    Arch,
    Choice,
    File,
    Flag,
    Float,
    Floats,
    Instance,
    Int,
    Wrong,
)

OWNER = "search/oneshot"


class Row(Arch):
    """Operations of however many edges."""

    def _judge(self, value):
        found = super()._judge(value)
        return "either" if hasattr(value, "__len__") and len(value) not in (0, self.positions) else found


class Cpu(Choice):
    """The name of a device, or torch's own object."""

    def _judge(self, value):
        return "either" if type(value).__name__ == "device" or str(value).startswith("cpu:") else super()._judge(value)


OPTIONS = {
    "epochs": P(Int(1, cap=3), "1"), "steps_per_epoch": P(Int(1, 2, none=True), "1", called=("batches",)),
    "freeze_epochs": P(Int(0, cap=1), "1"),
    "weight_optimizer": P(Anything(("'sgd'", "'SGD'", "'adam'", "torch.optim.SGD", "lambda p: torch.optim.SGD(p, lr=0.1)",
                                          "lambda p: 3", "lambda p: torch.optim.Adam(p, lr=np.float64(0.1))", "fails")), "'sgd'", called=("optimiser",)),
    "weight_options": P(Anything(("{'lr': float('nan')}", "{'lr': True}", "{'lr': -1}", "{'lr': '1'}", "{'momentum': 2}",
                                  "{'nesterov': 'yes'}", "{'x': 1}", "{1: 2}", "[('lr', 1)]", "{'lr': np.float64(0.1)}",
                                  "{'lr': np.logspace(-2, 0, 3)[1]}", "{'momentum': 0}", "{'weight_decay': float('inf')}",
                                  "{'lr': BadRepr()}", "{'lr': [0.1]}", "{'lr': torch.tensor(0.1)}")), "{'lr': 0.1}"),
    "weight_schedule": P(Choice("cosine", "constant"), "'constant'"), "clip": P(Float(above=0, none=True), "1.0"),
    "precision": P(Choice("float32", "bfloat16"), "'float32'"), "checkpoint": P(File(none=True), "'c.pt'"),
    "progress": P(Flag(), "False"), "seed": P(Int(0, 2**63 - 1), "1"),
    "device": P(Cpu("cpu", extra=("'meta'", "'cuda:99'", "'CPU'", "torch.device('cpu')", "'cpu:0'"), soft=True), "'cpu'"),
    "hooks": P(Wrong(lambda v: isinstance(v, (list, tuple, dict, set, str)) or hasattr(v, "__iter__"),
                     ("3", "None", "Hooked", "[Hooked]", "[Hooked()]", "Hooked()", "[3]", "iter([Hooked()])")), "()", called=("hook",)),
    "threads": P(Int(1, 4096, cap=2, none=True), "1"),
}
SEARCH = "oneshot.search(net(), oneshot.AdvantageNAS(CHOICES), batches(), {args})"
entry("search", OWNER, SEARCH.replace("{args}", "progress=False, {args}"), weight=5,
      **{key: p for key, p in OPTIONS.items() if key != "progress"})
entry("search progress", OWNER, "oneshot.search(net(), oneshot.DARTS(CHOICES), batches(), 1, progress={progress})",
      progress=P(Flag(), "False"), weight=0.3)
entry(
    "search parts", OWNER, "oneshot.search({supernet}, {strategy}, {data}, 1, progress=False)", weight=2, twin=False,
    supernet=P(Instance(lambda v: hasattr(v, "decode") and not isinstance(v, type), extra=("ToySupernet", "net(trainable=False)", "ToySupernet(3, 3)", "CELL")), "net()"),
    strategy=P(Instance(lambda v: False, extra=("oneshot.DARTS", "oneshot.DARTS(nc.networks.Choices(3, ('a', 'b')))")), "oneshot.DARTS(CHOICES)"),
    data=P(Instance(lambda v: False, extra=("ToyData", "Given(None)", "Given(3)", "Given((1, 2, 3))", "Given(())", "Given('ab')",
                                            "Given({'x': 1})", "Given((torch.zeros(4, 1, 13, 13), torch.zeros(4)), 0)",
                                            "Given((torch.zeros(4, 1, 5, 5), torch.zeros(4)))", "Given((np.zeros((4, 1, 13, 13)), np.zeros(4)))",
                                            "Given((torch.full((4, 1, 13, 13), float('nan')), torch.zeros(4)))")), "batches()",
           called=("batch", "images", "epoch", "loss")),
)
COLUMNS = ("{'x': 1}", "{1: 2}", "{'epoch': 1}", "3", "'abc'", "[('x', 1)]", "{'x': np.float64(1)}", "{'x': np.array([1])}",
           "{'x': object()}", "{'x': BadRepr()}", "{'x': torch.tensor(1.0)}", "{'x': float('nan')}", "{'': 1}", "{'x': (1, 2)}",
           "{None: 1}", "{'x': nested(50)}", "{'x': lambda: 1}", "{'x': {1, 2}}")
HOOK = ("oneshot.search(net(), oneshot.DARTS(CHOICES), batches(), 1, progress=False, checkpoint='h.pt', "
        "hooks=[{hook}]); oneshot.search(net(), oneshot.DARTS(CHOICES), batches(), 1, progress=False, "
        "checkpoint='h.pt', hooks=[{hook}])")
entry("hook after_epoch", OWNER, HOOK.replace("{hook}", "Hooked({columns})"), columns=P(Anything(COLUMNS), "None", called=("hook", "Hooked")), weight=1.5)
entry("hook state", OWNER, HOOK.replace("{hook}", "Hooked(None, {state})"), state=P(Anything(COLUMNS), "{}", called=("hook", "Hooked")), weight=1.5)
entry("hook stop", OWNER, "class Stop(oneshot.Hook):\n    def after_step(self, run): run.stop({reason})\n"
      "oneshot.search(net(), oneshot.DARTS(CHOICES), batches(), 2, progress=False, hooks=[Stop()])",
      reason=P(Wrong(lambda v: isinstance(v, str)), "'enough'"), weight=0.5)

COMMON = {
    "seed": P(Int(0, 2**63 - 1), "1"), "learning_rate": P(Float(above=0), "0.1"),
    "betas": P(Floats(2, low=0, below=1), "(0.5, 0.9)"), "weight_decay": P(Float(0), "0.1"), "floor": P(Float(0, below=0.5), "0.1"),
}
STRATEGIES = {
    "AdvantageNAS": {}, "DARTS": {"order": P(Choice(1, 2), "2")}, "GDAS": {"temperature": P(Floats(2, above=0), "(2.0, 1.0)"), "constants": P(Flag(), "False")},
    "NASP": {"projection": P(Choice("clip", "rescale"), "'clip'"), "init": P(Float(0, 1), "0.5")},
    "PARSEC": {"samples": P(Int(2, cap=50), "3"), "scale": P(Float(above=0), "1.0"), "weighting": P(Choice("likelihood", "loss"), "'loss'"),
               "sequential": P(Flag(), "True")},
    "ProxylessNAS": {"mixing": P(Choice("softmax", "sum", "gate"), "'gate'")}, "RandomSharing": {},
    "Reinforce": {"baseline": P(Float(0, below=1), "0.5")}, "SNAS": {"min_temperature": P(Float(above=0, high=1), "0.5")},
}
WRONG_CHOICES = P(Instance(lambda v: False, extra=("nc.networks.Choices", "CELL", "net()")), "CHOICES")
for name, settings in STRATEGIES.items():
    entry(name, OWNER, f"s = oneshot.{name}({{choices}}, {{args}}); s.draw(); s", choices=WRONG_CHOICES, weight=0.7,
          **COMMON, **settings, zz=P(Wrong(), "1"))
    entry(f"{name}.load_state_dict", OWNER, f"oneshot.{name}(CHOICES).load_state_dict({{state}})", weight=0.4, twin=False,
          state=P(Wrong(extra=("{}", "{'theta': 1}", "{'theta': torch.zeros(9, 9)}", f"oneshot.{name}(CHOICES).state_dict() | {{'theta': None}}",
                               f"oneshot.{name}(nc.networks.Choices(3, ('a', 'b'))).state_dict()")),
                  f"oneshot.{name}(CHOICES).state_dict()", called=("state",)))
entry("Strategy.restrict", OWNER, "oneshot.DARTS(CHOICES).restrict({live})", weight=0.5, twin=False,
      live=P(Wrong(extra=("torch.zeros(2, 3, dtype=torch.bool)", "torch.ones(2, 3)", "torch.ones(3, 3, dtype=torch.bool)", "[[True] * 3] * 2")),
             "torch.ones(2, 3, dtype=torch.bool)"))
entry("log.derive", OWNER, "oneshot_log().derive({by})", weight=0.5,
      by=P(Choice("argmax", extra=("'process_best'", "oneshot.Argmax"), soft=True), "'argmax'"))
entry("run.train_weights", OWNER, "oneshot_log().run.train_weights({steps}, {args})", steps=P(Int(1, cap=5), "2"),
      data=P(Instance(lambda v: False, none=True, extra=("Given(3)", "Given(None)", "Given((1, 2), 0)")), "None", called=("batch",)),
      rate=P(Float(above=0, none=True), "0.1"), twin=True)
CHOICE = "nc.networks.Choices({args})"
entry("Choices", "networks/choices", CHOICE, edges=P(Int(1, cap=100), "2", needed=True),
      ops=P(Anything(("'abc'", "(1, 2)", "('a', 'a')", "3", "['a', 'b']", "('a', '')", "{'a', 'b'}", "[np.str_('a'), 'b']")), "('a', 'b')", needed=True),
      zero=P(Int(0, 1, none=True), "0"),
      allowed=P(Anything(("3", "(1, 1)", "np.zeros((2, 1), int)", "((0, 0), (1,))", "((0,), (9,))", "((0,), ())", "((0,),)",
                          "((True,), (1,))", "((0.0,), (1,))", "[[0], [np.int64(1)]]", "('ab', 'cd')", "{0: 1, 1: 2}")), "None"))
entry("Choices.ops", "networks/choices", CHOICE.replace("{args}", "2, {ops}"), weight=0.5,
      ops=P(Wrong(extra=("'abc'", "(1, 2)", "('a', 'a')", "3", "('a', '')", "('a',)"), only_extra=True), "('a', 'b')"), twin=False)
entry("one_hot", "networks/choices", "nc.networks.one_hot({arch}, {ops})", arch=P(Row(2, 3), "(0, 1)", called=("arch", "ops")),
      ops=P(Int(1, cap=1000), "3", called=("arch",)), weight=0.7)
DRAW = ("net().loss(next(iter(batches().train(0))), {draw})")
entry("Draw", "networks/choices", DRAW.replace("{draw}", "nc.networks.Draw({weights}, {active})"), weight=0.5, twin=False,
      weights=P(Anything(("torch.zeros(2, 3)", "torch.zeros(3, 3)", "torch.zeros(2)", "np.zeros((2, 3))"), True), "torch.ones(2, 3)"),
      active=P(Anything(("((0,), (9,))", "((0,),)", "((-1,), (0,))", "((), ())", "(0, 1)", "((True,), (0,))"), True), "((0,), (1,))", called=("draw", "active", "operation")))
