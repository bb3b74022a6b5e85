"""Networks: built ones, supernets, operations."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import Anything, Arch, Choice, Flag, Float, Instance, Int, Ints, Wrong

OWNER = "networks"
SPACE = P(Instance(lambda v: False, extra=("CHAIN", "TABLE", "type(CELL)", "nb101()")), "CELL")
SKELETON = {
    "inputs": P(Int(1, cap=4), "3"), "classes": P(Int(2, cap=100), "10"),
    "reduction": P(Choice("residual", "pooled"), "'pooled'"), "statistics": P(Choice("batch", "running"), "'batch'"),
    "seed": P(Int(0, 2**63 - 1), "1"), "channels_last": P(Flag(), "False"),
}
STEM = {"stem": P(Int(1, cap=7, soft=True), "1")}
WIDTHS = P(Ints(1, cap=32), "(2, 4)", called=("channels",))
entry("build", OWNER, "nc.networks.build({space}, {arch}, {args})", weight=1.5, space=SPACE, arch=P(Arch(3, 3), "ARCH"),
      channels=P(Int(1, cap=16, soft=True), "2"), cells=P(Int(1, cap=3), "1", needed=True), widths=WIDTHS,
      unknown=P(Wrong(), "1"), **SKELETON, **STEM)
entry("parameters", OWNER, "nc.networks.parameters({space}, {arch}, {args})", space=SPACE, arch=P(Arch(3, 3), "ARCH"),
      channels=P(Int(1, cap=16), "2", needed=True), cells=P(Int(1, cap=3), "1", needed=True), weight=0.5)
RECURRENT = {"words": P(Int(1, cap=1000), "9", needed=True), "units": P(Int(1, cap=100), "4", needed=True),
             "dropout": P(Float(0, below=1), "0.1"), "seed": P(Int(0, 2**63 - 1), "1")}
entry("build recurrent", OWNER, "nc.networks.build(nc.spaces.RecurrentSpace(), {arch}, {args})", weight=0.7,
      arch=P(Arch(6, 5), "FULL"), **RECURRENT)
entry("RecurrentSupernet", OWNER, "RecurrentSupernet({args})", weight=0.7, **RECURRENT)
entry("CellSupernet", OWNER, "nc.networks.CellSupernet({space}, {widths}, {cells}, {args})", space=SPACE, widths=WIDTHS,
      cells=P(Int(1, cap=3), "1"), **SKELETON, **STEM)
entry("digits201_supernet", OWNER, "nc.networks.digits201_supernet({args})", widths=P(WIDTHS.kind, "(2, 4)", needed=True),
      space=P(SPACE.kind, "CELL", needed=True), zz=P(Wrong(), "1"))
entry("nasbench201_supernet", OWNER, "nc.networks.nasbench201_supernet({args})", channels=P(Int(1, cap=16), "2", needed=True),
      cells=P(Int(1, cap=3), "1", needed=True), classes=P(Int(2, cap=100), "10"), space=P(SPACE.kind, "CELL", needed=True),
      zz=P(Wrong(), "1"))
entry("without_none", OWNER, "nc.networks.without_none({space})", space=P(Anything(extra=(
    "LIMITED", "CHAIN", "nc.spaces.CellSpace(3, ('none', 'a'))", "nc.spaces.CellSpace(3, ('a', 'b'))",
    "nc.spaces.CellSpace(2, ('none', 'a', 'b'), 'x', [(0,)])")), "CELL", called=("ops",)), weight=0.5)
entry("ToySupernet", OWNER, "ToySupernet({args})", edges=P(Int(1, cap=10), "2"), ops=P(Int(2, cap=10), "3"),
      seed=P(Int(0, 2**63 - 1), "1"), trainable=P(Flag(), "True"))
entry("ToyData", OWNER, "b = ToyData({teacher}, {args}); next(iter(b.train(0)))", batch=P(Int(1, cap=100), "4"), steps=P(Int(1), "2"),
      teacher=P(Instance(lambda v: False, extra=("ToySupernet", "net()")), "ToySupernet(2, 3)"), seed=P(Int(0, 2**63 - 1), "1"),
      arch=P(Arch(2, 3), "(1, 2)"))
entry("Fleet", OWNER, "nc.networks.Fleet({archs}, {args})", archs=P(Wrong(lambda v: hasattr(v, "__iter__"), (
    "[(9,) * 6]", "[(0,) * 5]", "[]", "[None]", "['a']", "[FULL, 3]")), "[FULL]", called=("architecture",)),
      widths=P(Ints(1, cap=8), "(2, 2)", needed=True), seed=P(Int(0, 2**63 - 1), "1"), weight=0.7)
IMAGES = ("torch.rand(2, 3, 8, 8)", "torch.rand(2, 3, 7, 7)", "torch.rand(2, 3, 5, 3)", "torch.rand(2, 3, 2, 2)", "torch.rand(2, 3, 1, 1)",
          "torch.rand(2, 1, 8, 8)", "torch.rand(2, 3, 8)", "torch.rand(0, 3, 8, 8)", "torch.zeros(2, 3, 8, 8, dtype=torch.long)")
entry("network images", OWNER, "nc.networks.build(CELL, ARCH, channels=2, cells=1)({images})", weight=0.5, twin=False,
      images=P(Wrong(lambda v: hasattr(v, "shape") and v.dim() == 4 and v.shape[1] == 3 and v.dtype.is_floating_point, IMAGES, only_extra=True),
               IMAGES[0], called=("image", "shape", "channels")))
OPERATION = ("'nor_conv_3x3'", "'nor_conv_3x3.2'", "'nor_conv_0x0'", "'nor_conv_2x2'", "'nor_conv_3x5'", "'nor_conv_3x3.'",
             "'nor_conv_3x3.0'", "'nor_conv_999x999'", "'none.1.2'", "['a']", "'nor_conv_" + "9" * 5000 + "'", "'nor_conv_٣x٣'")
entry("operation", OWNER, "ops.operation({name})", weight=0.7,
      name=P(Wrong(lambda v: isinstance(v, str) and v.startswith(("nor_conv", "none", "skip", "avg")), OPERATION), "'none'", called=("operation",)))
entry("register", OWNER, "registered({pattern}, {form}, {maker}, 'fuzz_op')", weight=0.7, twin=False,
      pattern=P(Wrong(lambda v: isinstance(v, str) or type(v).__name__ == "Pattern", ("'['", "3", "None", "'('", "'(?P<a>'", "'fuzz_.*'")), "'fuzz_.*'", called=("operation", "pattern")),
      form=P(Wrong(lambda v: isinstance(v, str)), "'fuzz_X'"),
      maker=P(Instance(callable, none=True, extra=("3", "'a'", "returns(None)", "returns(3)", "lambda: 1")), "None", called=("operation", "maker")))
entry("Operation", OWNER, "n, o = 'fuzz_op', ops.Operation('fuzz_op', {build}, {args}); registered('fuzz_op', 'x', returns(o)); "
      "clean(lambda: (ops.register('fuzz_op', 'x')(returns(o)), nc.networks.build(nc.spaces.CellSpace(3, ('none', 'fuzz_op')), (1, 1, 1), channels=2, cells=1)"
      "(torch.rand(2, 3, 8, 8)))[1], lambda: (ops.registry._makers.pop(0), ops.registry.operation.cache_clear()))", weight=0.7, twin=False,
      build=P(Instance(callable, extra=("3", "returns(None)", "returns(torch.nn.ReLU())", "returns(torch.nn.ReLU(inplace=True))",
                                        "returns(torch.nn.Conv2d(2, 1, 1))", "returns(torch.nn.Conv2d(3, 2, 1))", "returns(lambda x: x)")), "returns(torch.nn.Identity())", called=("fuzz_op", "operation")),
      fused=P(Choice("", "none", "skip_connect", "nor_conv", "avg_pool", extra=("'max_pool'", "'skip'"), soft=True), "''"),
      kernel=P(Int(1, cap=9, soft=True, extra=("2", "4", "0", "3.0")), "1"))
