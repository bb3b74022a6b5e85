"""Many small networks with different cells trained as one: one kernel per operation instead of one per network.

The networks lie side by side along the channels, so that a 3x3 convolution of all networks that have one on an edge
is a single grouped convolution. Nothing is shared: each network has its own weights, drawn as if it were alone, and
the gradient of the summed loss splits into the gradients of the single losses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.image import parameters_text
from nascore.spaces.cell import CellSpace
from nascore.spaces.nasbench201 import NASBench201

BN_MOMENTUM, BN_EPS = 0.1, 1e-5


Runs = tuple[tuple[int, int], ...]  # half-open ranges of networks; None stands for all of them


def _runs(members: Sequence[int], networks: int) -> Runs | None:
    if len(members) == networks:
        return None
    starts = [m for m in members if m - 1 not in members]
    ends = [m + 1 for m in members if m + 1 not in members]
    return tuple(zip(starts, ends, strict=True))


def _take(x: torch.Tensor, runs: Runs | None) -> torch.Tensor:
    """The networks in `runs` of x (n, h, w, networks, c). Slices are copied several times faster than an index."""
    return x.view_as(x) if runs is None else torch.cat([x[:, :, :, a:b] for a, b in runs], 3)


def _add(total: torch.Tensor, runs: Runs | None, part: torch.Tensor) -> None:
    """total[runs] += part, in place."""
    if runs is None:
        total.add_(part)
        return
    place = 0
    for a, b in runs:
        total[:, :, :, a:b].add_(part[:, :, :, place : place + b - a])
        place += b - a


class _Fork(torch.autograd.Function):
    """What each operation behind a node reads: networks `which[k]` of x (n, h, w, networks, c), rectified or not.

    One backward pass for all readers: a gather of its own for each would fill and add a
    whole zero tensor every time.
    """

    @staticmethod
    def forward(context, x, which, rectify):
        context.which, context.rectify, context.networks = which, rectify, x.shape[3]
        positive = torch.relu(x) if any(rectify) else None
        context.save_for_backward(positive)
        source = [positive if each else x for each in rectify]
        return tuple(_take(y, runs) for runs, y in zip(which, source, strict=True))

    @staticmethod
    def backward(context, *grads):
        (positive,) = context.saved_tensors
        total = None
        for wanted in (True, False):  # the rectified readers first: their sum is masked once
            for runs, rectified, grad in zip(context.which, context.rectify, grads, strict=True):
                if rectified != wanted:
                    continue
                if total is None:
                    if runs is None:
                        total = grad.clone()
                        continue
                    total = grad.new_zeros(*grad.shape[:3], context.networks, grad.shape[4])
                _add(total, runs, grad)
            if wanted and total is not None:
                total.mul_(positive > 0)
        return total, None, None


class _Merge(torch.autograd.Function):
    """Sum of parts, each (n, h, w, its networks, c), into (n, h, w, networks, c)."""

    @staticmethod
    def forward(context, networks, which, *parts):
        context.which = which
        whole = [part for runs, part in zip(which, parts, strict=True) if runs is None]
        if whole:
            out = whole[0].clone() if len(whole) == 1 else whole[0] + whole[1]
            for part in whole[2:]:
                out += part
        else:
            shape = parts[0].shape
            out = parts[0].new_zeros(*shape[:3], networks, shape[4])
        for runs, part in zip(which, parts, strict=True):
            if runs is not None:
                _add(out, runs, part)
        return out

    @staticmethod
    def backward(context, grad):
        return (None, None, *(grad if runs is None else _take(grad, runs) for runs in context.which))


class _Pool(torch.autograd.Function):
    """3x3 average pooling, stride 1, over the pixels inside the image, as a depthwise convolution.

    On CPU that is up to twice as fast as avg_pool2d. The kernel is symmetric, so the backward pass is the same kernel.
    """

    @staticmethod
    def forward(context, x, ones, share):
        context.save_for_backward(ones, share)
        return F.conv2d(x, ones, padding=1, groups=len(ones)).mul_(share)

    @staticmethod
    def backward(context, grad):
        ones, share = context.saved_tensors
        return F.conv2d(grad * share, ones, padding=1, groups=len(ones)), None, None


def _share(height: int, width: int) -> torch.Tensor:
    """One over the number of pixels inside the image that each 3x3 window covers, (1, 1, height, width)."""
    ones = torch.ones(1, 1, height, width, dtype=torch.float64)
    return 1 / F.conv2d(ones, ones.new_ones(1, 1, 3, 3), padding=1)


def _split(x: torch.Tensor, networks: int) -> torch.Tensor:
    """(n, networks*c, h, w) with channels last in memory as (n, h, w, networks, c), without copying."""
    x = x.permute(0, 2, 3, 1)
    return x.reshape(*x.shape[:3], networks, x.shape[3] // networks)


def _join(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(*x.shape[:3], -1).permute(0, 3, 1, 2)


class _Fused(nn.Module):
    """Convolution without bias and batch normalisation for `count` networks side by side."""

    def __init__(self, count: int, inputs: int, outputs: int, kernel: int, shared_input: bool = False):
        super().__init__()
        self.count, self.kernel, self.groups = count, kernel, 1 if shared_input else count
        self.weight = nn.Parameter(torch.empty(count * outputs, inputs, kernel, kernel))
        self.gain = nn.Parameter(torch.ones(count * outputs))
        self.shift = nn.Parameter(torch.zeros(count * outputs))
        self.register_buffer("mean", torch.zeros(count * outputs))
        self.register_buffer("var", torch.ones(count * outputs))

    def reset(self, place: int, generator: torch.Generator) -> None:
        """Draw one network's weights: Kaiming normal, fan in."""
        outputs = len(self.weight) // self.count
        fan_in = self.weight[0].numel()
        drawn = torch.randn(outputs, *self.weight.shape[1:], generator=generator) * math.sqrt(2 / fan_in)
        with torch.no_grad():
            self.weight[place * outputs : (place + 1) * outputs] = drawn.to(self.weight)

    def forward(self, x):
        x = F.conv2d(x, self.weight.to(x.dtype), padding=self.kernel // 2, groups=self.groups)
        return F.batch_norm(x, self.mean, self.var, self.gain, self.shift, self.training, BN_MOMENTUM, BN_EPS)


class _Stage(nn.Module):
    """One cell per network, all of the same width."""

    def __init__(self, space: CellSpace, archs: Sequence[tuple[int, ...]], width: int):
        super().__init__()
        self.pairs, self.nodes, self.networks = space.pairs, space.nodes, len(archs)
        self.plan: list[list[tuple[str, tuple[int, ...], Runs | None]]] = []  # per edge: operation, its networks
        self.convolutions = nn.ModuleDict()
        for edge in range(len(space.pairs)):
            groups = []
            for number, op in enumerate(space.ops):
                members = [b for b, arch in enumerate(archs) if arch[edge] == number]
                if not members or op == "none":
                    continue
                name = f"{edge}_{op}"
                if op.startswith("nor_conv"):
                    self.convolutions[name] = _Fused(len(members), width, width, int(op[-1]))
                groups.append((op, tuple(members), _runs(members, len(archs))))
            self.plan.append(groups)

    def forward(self, x):
        share = None
        parts: list[list] = [[] for _ in range(self.nodes)]  # what flows into each node
        which: list[list] = [[] for _ in range(self.nodes)]
        for node in range(self.nodes):
            if node == 0:
                y = _split(x, self.networks)
            elif not parts[node]:
                continue
            else:
                y = _Merge.apply(self.networks, which[node], *parts[node])
            if node == self.nodes - 1:
                return _join(y)
            readers = [
                (edge, *group)
                for edge, groups in enumerate(self.plan)
                if self.pairs[edge][0] == node
                for group in groups
            ]
            if not readers:
                continue
            rectify = [op.startswith("nor_conv") for _, op, _, _ in readers]
            inputs = _Fork.apply(y, [runs for *_, runs in readers], rectify)
            for (edge, op, members, runs), z in zip(readers, inputs, strict=True):
                if op.startswith("nor_conv"):
                    z = _split(self.convolutions[f"{edge}_{op}"](_join(z)), len(members))
                elif op == "avg_pool_3x3":
                    z = _join(z)
                    share = _share(*z.shape[2:]).to(z) if share is None else share
                    z = _split(_Pool.apply(z, z.new_ones(z.shape[1], 1, 3, 3), share), len(members))
                target = self.pairs[edge][1]
                which[target].append(runs)
                parts[target].append(z)
        return torch.zeros_like(x)


class Fleet(nn.Module):
    """Networks of one skeleton and different cells: 1x1 stem, one cell per stage, average-pool and 1x1 reductions.

    Parameters
    ----------
    archs: cells of NAS-Bench-201's space (one network each). widths: channels per stage; each reduction halves
    the image. seed: of the weights; network b is initialised as it would be alone.
    Input (n, 1, h, w), the same images for all networks; output (n, networks, 10) logits.
    Stem and reductions are blind to space: only the cell can look around, which is what makes cells differ.
    """

    def __init__(
        self,
        archs: Sequence[tuple[int, ...]],
        widths: Sequence[int] = (8, 16),
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
        classes: int = 10,
        inputs: int = 1,
    ):
        super().__init__()
        space = NASBench201()
        archs = [space.validate(arch) for arch in checks.listed("archs", archs, "a list of cells")]
        if not archs:
            raise SettingError("archs is empty: expected at least one cell")
        widths = [checks.whole("widths", width, 1) for width in checks.listed("widths", widths, "(8, 16)")]
        if not widths:
            raise SettingError("widths is empty: expected the channels of each stage")
        seed, inputs = checks.seed(seed), checks.whole("inputs", inputs, 1)
        classes = checks.whole("classes", classes, 2)
        checks.one_of("dtype", dtype, (torch.float32, torch.float64, torch.bfloat16, torch.float16))
        self.archs, self.networks, self.dtype = archs, len(archs), dtype
        self.stem = _Fused(len(archs), inputs, widths[0], 1, shared_input=True)
        self.stages = nn.ModuleList(_Stage(space, archs, each) for each in widths)
        self.reductions = nn.ModuleList(_Fused(len(archs), a, b, 1) for a, b in zip(widths, widths[1:], strict=False))
        self.last = _Norm(len(archs) * widths[-1])
        self.weight = nn.Parameter(torch.zeros(len(archs), widths[-1], classes))
        self.bias = nn.Parameter(torch.zeros(len(archs), 1, classes))
        self._reset(seed)

    def __repr__(self) -> str:
        """One line; `str` and `print` show torch's tree of modules."""
        return f"<Fleet of {self.networks} networks, {parameters_text(self)}>"

    def __str__(self) -> str:
        return nn.Module.__repr__(self)

    def _reset(self, seed: int) -> None:
        for place in range(len(self.archs)):
            generator = torch.Generator().manual_seed(seed)
            for module in (self.stem, *self.reductions):
                module.reset(place, generator)
            drawn = torch.randn(self.weight.shape[1:], generator=generator) / math.sqrt(self.weight.shape[1])
            with torch.no_grad():
                self.weight[place] = drawn
            for stage in self.stages:  # each edge draws from a stream of its own: alike cells start alike
                for edge, groups in enumerate(stage.plan):
                    own = torch.Generator().manual_seed(seed * 1000 + edge + 100)
                    for op, members, _ in groups:
                        if op.startswith("nor_conv") and place in members:
                            stage.convolutions[f"{edge}_{op}"].reset(members.index(place), own)

    def forward(self, images):
        x = self.stem(images.contiguous(memory_format=torch.channels_last)).to(self.dtype)
        for number, stage in enumerate(self.stages):
            if number:
                x = self.reductions[number - 1](F.avg_pool2d(F.relu(x), 2, ceil_mode=True))
            x = stage(x)
        x = _split(F.relu(self.last(x)), self.networks).to(self.weight.dtype).mean((1, 2))  # (n, networks, c)
        return torch.baddbmm(self.bias, x.transpose(0, 1), self.weight).transpose(0, 1)


class _Norm(nn.Module):
    """Batch normalisation before the head, as in NAS-Bench-201."""

    def __init__(self, channels: int):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x):
        return F.batch_norm(x, self.mean, self.var, self.gain, self.shift, self.training, BN_MOMENTUM, BN_EPS)
