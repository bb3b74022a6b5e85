"""The toy regression of AdvantageNAS (Section 5.1): one filter of several per edge, a teacher of the same shape."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.networks.supernets.base import Supernet, pair
from nascore.spaces.base import Arch

SIZE, KERNEL, STRIDE, READOUT = 13, 7, 2, 4  # images 13x13 -> 7x7 filters at stride 2 -> 4x4 maps -> one number
STREAMS = {"train": 0, "val": 1, "test": 2}


class ToySupernet(Supernet):
    """One input node, one intermediate node per edge, one output node.

    Edge i mixes `ops` filters (7x7, stride 2, one channel, with bias), then tanh; a 4x4 filter without bias turns the
    map into one number, and the output is the mean over edges:

        phi_a(x) = mean_i  v_i . tanh(sum_j a_i^j (w_i^j * x + b_i^j)).

    A batch is (images (n, 1, 13, 13), targets (n,)); the loss is the mean squared error. Weights are normal with
    variance 1 / fan-in (LeCun), biases 0. `trainable=False` keeps them fixed, as the paper does to judge the
    architecture updates alone; a search then takes no weight steps.

    The filters run as one matrix product over the 16 patches of every image: of a sparse draw the drawn ones only, of
    a dense draw all. (Convolutions being linear, a dense draw could mix the filters instead of their outputs, at the
    cost of one; operations in general cannot, so this is not done here.)
    """

    def __init__(self, edges: int = 10, ops: int = 10, *, seed: int = 0, trainable: bool = False):
        super().__init__()
        edges, ops = checks.whole("edges", edges, 1), checks.whole("ops", ops, 2)
        seed, trainable = checks.seed(seed), checks.flag("trainable", trainable)
        self.choices = Choices(edges, tuple(f"filter{j}" for j in range(ops)))
        self.trainable = trainable
        self.settings = {"edges": edges, "ops": ops, "seed": seed, "trainable": trainable}
        generator = torch.Generator().manual_seed(seed)
        filters = torch.randn(edges * ops, KERNEL * KERNEL, generator=generator) / KERNEL
        readout = torch.randn(READOUT * READOUT, edges, generator=generator) / READOUT
        # rows of `filters`: edge by edge; `readout`: pixels of the map by edges, as the maps come out of the product
        self.filters = nn.Parameter(filters, requires_grad=trainable)
        self.bias = nn.Parameter(torch.zeros(edges * ops), requires_grad=trainable)
        self.readout = nn.Parameter(readout, requires_grad=trainable)
        pixels = torch.arange(SIZE * SIZE).view(SIZE, SIZE).unfold(0, KERNEL, STRIDE).unfold(1, KERNEL, STRIDE)
        self.register_buffer("pixels", pixels.reshape(-1), persistent=False)
        self._seen: tuple | None = None

    def forward(self, images: torch.Tensor, draw: Draw) -> torch.Tensor:
        """Predictions (n,)."""
        edges, ops = self.choices.edges, len(self.choices.ops)
        if tuple(draw.weights.shape) != (edges, ops):
            raise SettingError(f"the draw's weights have shape {tuple(draw.weights.shape)}: expected {(edges, ops)}")
        mixed = self._mixed(self._patches(images), draw)
        if draw.constants:  # weights of operations that were not computed: 0, but not their gradient
            mixed = mixed + (draw.weights * _idle(draw)).sum(1).to(mixed.device)
        maps = torch.tanh(mixed).reshape(len(images), -1)
        return maps @ (self.readout.view(-1) / edges)

    def _patches(self, images: torch.Tensor) -> torch.Tensor:
        """What the filters look at, (16 n, 49). Kept for the next call: a teacher and all draws of a step see the same
        images."""
        kept = not images.is_inference() and not images.requires_grad  # what has a version, and no gradient to lose
        if not kept or self._seen is None or self._seen[0] is not images or self._seen[1] != images._version:
            if images.shape[1:] != (1, SIZE, SIZE) or images.dtype != self.filters.dtype:
                raise SettingError(
                    f"images {tuple(images.shape)} of {images.dtype}: expected (n, 1, {SIZE}, {SIZE}) of "
                    f"{self.filters.dtype}"
                )
            # of the ways to copy windows the fastest on CPU: half the time of unfold, a fifth of im2col
            windows = images.reshape(-1, SIZE * SIZE).index_select(1, self.pixels).view(-1, KERNEL * KERNEL)
            if not kept or windows.is_inference():  # under inference_mode: of no use to a caller that trains
                return windows
            self._seen = images, images._version, windows
        return self._seen[2]

    def _mixed(self, patches: torch.Tensor, draw: Draw) -> torch.Tensor:
        """Sum over the active operations of weight times output, (patches, edges)."""
        edges, ops = self.choices.edges, len(self.choices.ops)
        counts = {len(active) for active in draw.active}
        weights = draw.weights.to(patches.device)
        if counts == {ops}:
            outputs = torch.addmm(self.bias, patches, self.filters.t())
            return torch.einsum("nej,ej->ne", outputs.view(-1, edges, ops), weights)
        if counts == {0}:
            return patches.new_zeros(len(patches), edges)
        rows = [i * ops + j for i, active in enumerate(draw.active) for j in active]
        rows = torch.tensor(rows, dtype=torch.long, device=patches.device)
        filters, bias = self.filters.index_select(0, rows), self.bias.index_select(0, rows)
        outputs = torch.addmm(bias, patches, filters.t()) * weights.reshape(-1).index_select(0, rows)
        if counts == {1}:
            return outputs
        if len(counts) == 1:
            return outputs.view(-1, edges, counts.pop()).sum(2)
        total = outputs.new_zeros(len(patches), edges)
        return total.index_add(1, rows // ops, outputs)

    def loss(self, batch, draw: Draw) -> torch.Tensor:
        images, targets = pair(batch)
        found = self(images, draw)
        if targets.shape != found.shape:  # they would be broadcast
            raise SettingError(f"targets {tuple(targets.shape)}: expected {tuple(found.shape)}")
        return (found - targets).square().mean()

    @torch.no_grad()
    def measures(self, batch, draw: Draw) -> dict[str, float]:
        """{"loss": mean squared error}."""
        return {"loss": float(self.loss(batch, draw))}


def _idle(draw: Draw) -> torch.Tensor:
    idle = torch.ones(draw.weights.shape)
    for i, active in enumerate(draw.active):
        idle[i, list(active)] = 0.0
    return idle


class ToyData:
    """Fresh batches for every step: images uniform in [-1, 1], targets from a teacher that has one filter per edge.

    `teacher`: a ToySupernet with fixed weights; the student may be the same object, as in the paper, where both share
    them. `arch`: the teacher's filters, drawn from `seed` by default. `batch`: images per batch; `steps`: batches per
    epoch. The same seed gives the same batches. `train`, `val` and `test` never give the same ones.
    """

    def __init__(
        self, teacher: ToySupernet, arch: Arch | None = None, *, batch: int = 100, steps: int = 10, seed: int = 0
    ):
        batch, steps, seed = checks.whole("batch", batch, 1), checks.whole("steps", steps, 1), checks.seed(seed)
        if not isinstance(teacher, ToySupernet) or teacher.trainable:
            raise SettingError(f"teacher={teacher!r}: expected a ToySupernet with trainable=False")
        edges, ops = teacher.choices.edges, len(teacher.choices.ops)
        if arch is None:
            arch = torch.randint(ops, (edges,), generator=torch.Generator().manual_seed(seed)).tolist()
        arch = [checks.whole("arch", op, 0, ops - 1) for op in checks.listed("arch", arch, f"{edges} numbers")]
        if len(arch) != edges:
            raise SettingError(f"arch={arch!r}: expected {edges} numbers from 0 to {ops - 1}")
        self.teacher, self.arch, self.batch, self.steps, self.seed = teacher, tuple(arch), batch, steps, seed
        self.draw = one_hot(self.arch, ops)
        self.settings = {
            "teacher": teacher.settings,
            "arch": list(self.arch),
            "batch": batch,
            "steps": steps,
            "seed": seed,
        }

    def __repr__(self) -> str:
        return f"<ToyData: {self.steps} batches of {self.batch} images, teacher's filters {list(self.arch)}>"

    def train(self, epoch: int) -> ToyBatches:
        return ToyBatches(self, "train", epoch, self.steps)

    def val(self, epoch: int) -> ToyBatches:
        return ToyBatches(self, "val", epoch, self.steps)

    def test(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """One batch on which nothing is learned."""
        return next(iter(ToyBatches(self, "test", number, 1)))


class ToyBatches:
    """The batches (images, targets) of one epoch; has a length and can be read again, with the same result."""

    def __init__(self, data: ToyData, name: str, epoch: int, steps: int):
        self.data, self.name, self.epoch, self.steps = data, name, epoch, steps

    def __len__(self) -> int:
        return self.steps

    @torch.no_grad()
    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        data = self.data
        stream = (data.seed * len(STREAMS) + STREAMS[self.name]) * 100_003 + self.epoch
        generator = torch.Generator().manual_seed(stream)
        for _ in range(self.steps):
            images = torch.rand(data.batch, 1, SIZE, SIZE, generator=generator).mul_(2).sub_(1)
            yield images, data.teacher(images, data.draw)


def random_loss(data: ToyData, archs: int = 100) -> float:
    """Mean test loss of architectures drawn uniformly at random, on one batch: the level from which a search starts."""
    edges, ops, archs = data.teacher.choices.edges, len(data.teacher.choices.ops), checks.whole("archs", archs, 1)
    generator = torch.Generator().manual_seed(data.seed + 1_000_003)  # not the stream of the teacher's own filters
    batch = data.test(0)
    drawn = torch.randint(ops, (archs, edges), generator=generator).tolist()
    return math.fsum(data.teacher.measures(batch, one_hot(arch, ops))["loss"] for arch in drawn) / archs
