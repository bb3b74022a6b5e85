"""Data sets: batches, texts, the catalogue of downloads (never a download)."""

# a table: one entry per call, whatever its width
# ruff: noqa: E501
# fmt: off
from tests.fuzz.entry import P, entry
from tests.fuzz.kinds import Anything, Choice, Instance, Int, Wrong

OWNER = "data"
POOL = ("(pictures()[0], pictures()[1][:3])", "(pictures()[0][0], pictures()[1])", "(pictures()[0].long(), pictures()[1])",
        "(pictures()[0].half(), pictures()[1])", "(pictures()[0].double(), pictures()[1])", "(pictures()[0].numpy(), pictures()[1].numpy())",
        "(pictures()[0], pictures()[1].float())", "(pictures()[0], -pictures()[1])", "(pictures()[0], pictures()[1] + 0.5)",
        "(pictures()[0], pictures()[1] > 3)", "pictures()[0]", "pictures()", "(pictures(side=5)[0], pictures()[1])",
        "pictures(0)", "(pictures()[0] * float('nan'), pictures()[1])", "([[1.0]], [1])", "('ab', 'cd')", "(None, None)",
        "(np.array(['a']), np.array([1]))", "(np.zeros((8, 1, 8, 8), object), np.zeros(8))", "(pictures()[0], pictures()[1].tolist())",
        "(pictures(channels=3)[0], pictures()[1])", "(pictures()[0].to_sparse(), pictures()[1])")
entry("ImageData", OWNER, "d = nc.data.ImageData({train}, {val}, {args}); next(iter(d.train(0))); next(iter(d.val(0)))", weight=2,
      train=P(Instance(lambda v: False, extra=POOL), "pictures()", called=("image", "label", "pool")),
      val=P(Instance(lambda v: False, extra=POOL), "pictures()", called=("image", "label", "pool")),
      batch=P(Int(1, 8), "4", needed=True), seed=P(Int(0, 2**63 - 1), "1"), val_batch=P(Int(1, 8, none=True), "2"),
      augment=P(Choice("crop-flip", none=True), "'crop-flip'"))
entry("digits", OWNER, "nc.data.digits({args})", batch=P(Int(1, 3000), "4", needed=True), seed=P(Int(0, 2**63 - 1), "1"), weight=0.1,
      quick=False)
NAME = P(Wrong(extra=("'ptb '", "'PTB'", "'../ptb'", "['ptb']", "{'ptb'}")), "'ptb'", called=("data set",))
for function in ("fetch", "verify", "path"):
    wrong = NAME if function != "verify" else P(Wrong(lambda v: v is None, NAME.kind.extra), "'ptb'", called=NAME.called)
    entry(f"data.{function}", OWNER, f"nc.data.{function}({{name}})", name=wrong, weight=0.4, twin=False)
entry("markov_text", OWNER, "texts.markov_text({args})", words=P(Int(5, 10_000, cap=100), "9", needed=True),
      tokens=P(Int(100, 10_000_000, cap=1000), "200", needed=True), seed=P(Int(0, 2**63 - 1), "1"))
entry("penn_treebank", OWNER, "texts.penn_treebank({args})", words=P(Wrong(lambda v: v is None or isinstance(v, int)), "None", called=("ptb",)),
      tokens=P(Wrong(lambda v: v is None or isinstance(v, int)), "None", called=("ptb",)), weight=0.3, twin=False)
STREAM = ("np.zeros(9)", "np.zeros((3, 3), int)", "np.arange(3)", "np.zeros(0, int)", "[1, 2, 3, 4]", "np.array(['a'] * 9)")
entry("Stream", OWNER, "[s.inputs for s in texts.Stream({text}, {batch}, {length})]", text=P(Anything(STREAM), "np.arange(9)", called=("batch",)), batch=P(Int(1, 4), "2"),
      length=P(Int(1, 9), "2"), weight=0.7)
entry("AlternatingSegments", OWNER, "texts.AlternatingSegments({stream}).train(0)", weight=0.4,
      stream=P(Wrong(lambda v: False, ("texts.Stream(np.arange(3), 1, 3)", "texts.Stream")), "texts.Stream(np.arange(9), 2, 2)", called=("text",)), twin=False)
entry("cluttered_digits", OWNER, "cluttered.cluttered_digits({pool}, {args}).images", pool=P(Choice("train", "val", "test"), "'val'"),
      size=P(Int(1, cap=50, none=True, soft=True), "5", needed=True), seed=P(Int(0, 2**63 - 1), "1"), weight=0.5)
entry("cifar10.split", OWNER, "cifar10.split({how})", how=P(Choice("halves", extra=("'nasbench201'",), soft=True), "'halves'", called=("split",)), weight=0.3)
entry("cifar10.shrink", OWNER, "cifar10.shrink({images}, {side})", side=P(Int(1, 32, soft=True), "8"), weight=0.3,
      images=P(Anything(("np.zeros((2, 3, 32, 32))", "np.zeros((2, 3, 30, 30), np.uint8)", "np.zeros((3, 32, 32), np.uint8)")), "np.zeros((2, 3, 32, 32), np.uint8)"))
