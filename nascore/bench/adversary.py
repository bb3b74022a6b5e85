"""Generator and discriminator of GA-NAS against the naive arrangement of the same work (bar E3)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from nascore.bench import naive
from nascore.bench.clock import faster, interleaved
from nascore.errors import ResultsError
from nascore.search.ganas.discriminator import PairwiseDiscriminator
from nascore.search.ganas.encoder import batch_cells
from nascore.search.ganas.generator import Episodes, Generator
from nascore.search.ganas.topology import topology_of
from nascore.search.ganas.training import Training
from nascore.spaces import NASBench101, NASBench201

PER_PAIR = "naive: both members of every pair encoded, PyG Batch.from_data_list in minibatches of 64"
TOLERANCE = 1e-5
SPACES = (("NB-201", NASBench201), ("NB-101", NASBench101))


class Setting:
    """Networks of the default width on one space, and random cells: `truth`, `fake` and `many` architectures."""

    def __init__(self, space, truth: int = 50, fake: int = 50, many: int = 128, seed: int = 0):
        rng = np.random.default_rng(seed)
        archs: dict = {}
        while len(archs) < truth + fake + many:
            arch = space.sample(rng)
            archs[space.key(arch)] = arch
        cells = list(archs.values())
        self.truth, self.fake, self.many = cells[:truth], cells[truth : truth + fake], cells[truth + fake :]
        self.topology = topology_of(space)
        training = Training()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.generator = Generator(self.topology, training.width, training.layers)
            self.discriminator = PairwiseDiscriminator(
                self.topology.labels,
                self.topology.nodes,
                training.width,
                training.layers,
                positions=not self.topology.free,
            )
        self.dense = {name: self.topology.dense(getattr(self, name)) for name in ("truth", "fake", "many")}
        self.graphs = {name: naive.graphs(self.topology, getattr(self, name)) for name in ("truth", "fake", "many")}

    # -- the batched code, as the search calls it; each call batches the cells anew, as the naive one does ---------
    def cells(self, name: str):
        return batch_cells(*self.dense[name])

    def epoch(self) -> torch.Tensor:
        self.discriminator.zero_grad(set_to_none=True)
        loss = self.discriminator.loss(self.cells("truth"), self.cells("fake"))
        loss.backward()
        return loss.detach()

    def reward(self) -> torch.Tensor:
        return self.discriminator.reward(self.cells("truth"), self.cells("many"))

    def generate(self, batch: int) -> Episodes:
        return self.generator.generate(batch, torch.Generator().manual_seed(0))

    # -- the naive code --------------------------------------------------------------------------------------------
    def naive_epoch(self, minibatch: int = 64) -> torch.Tensor:
        self.discriminator.zero_grad(set_to_none=True)
        return naive.epoch(self.discriminator, self.graphs["truth"], self.graphs["fake"], minibatch)

    def naive_reward(self) -> torch.Tensor:
        return naive.reward(self.discriminator, self.graphs["truth"], self.graphs["many"])

    def naive_generate(self, cells: int) -> None:
        rng = torch.Generator().manual_seed(0)
        for _ in range(cells):
            naive.generate(self.generator, rng)


@torch.no_grad()
def logits(setting: Setting) -> torch.Tensor:
    """Logits of all pairs by the batched code, in the order of `naive.all_pairs`."""
    truth, fake = (setting.discriminator.embed(setting.cells(name)) for name in ("truth", "fake"))
    positive = setting.discriminator.pairs(truth, truth)
    different = ~torch.eye(len(truth), dtype=torch.bool)
    return torch.cat([positive[different], setting.discriminator.pairs(truth, fake).reshape(-1)])


def scripts(episodes: Episodes) -> list[list[tuple[int, list[float]]]]:
    """The decisions (operation, edges) of every episode, and so what `naive.generate` needs to repeat it."""
    found: list[list] = [[] for _ in range(len(episodes.label))]
    for episode, op, edges in zip(
        episodes.episode.tolist(), episodes.steps.op.tolist(), episodes.steps.edges.tolist(), strict=True
    ):
        found[episode].append((op, edges))
    return found


def differences(setting: Setting, cells: int = 16) -> dict[str, float]:
    """Largest absolute difference between naive and batched: pair logits, gradients, rewards, log probabilities."""
    setting.epoch()
    gradients = [p.grad.clone() for p in setting.discriminator.parameters()]
    worst = {"logits": _gap(setting.naive_epoch(), logits(setting))}
    worst["gradients"] = max(
        _gap(p.grad, g) for p, g in zip(setting.discriminator.parameters(), gradients, strict=True)
    )
    worst["rewards"] = _gap(setting.naive_reward(), setting.reward())
    episodes = setting.generate(cells)
    gaps = []
    for i, script in enumerate(scripts(episodes)):
        label, adjacency, log_probs = naive.generate(setting.generator, torch.Generator(), script)
        if not (torch.equal(label, episodes.label[i]) and torch.equal(adjacency, episodes.adjacency[i])):
            raise ResultsError(f"cell {i} of the naive generator differs from the batched one")
        gaps.append(_gap(torch.tensor(log_probs), episodes.log_prob[episodes.episode == i]))
    return worst | {"log probabilities": max(gaps)}


def _gap(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max()) if a.shape == b.shape else float("inf")


def rows(quick: bool = False) -> Iterator[dict]:
    """D epoch, R_D and generation on both spaces. ResultsError if naive and batched numbers differ by 1e-5."""
    repeats = 1 if quick else 5
    sizes = {"truth": 5, "fake": 5, "many": 8} if quick else {}
    for label, space in SPACES:
        setting = Setting(space(), **sizes)
        for what, gap in differences(setting).items():
            if gap > TOLERANCE:
                raise ResultsError(f"{label}: naive and batched {what} differ by {gap:.2g}, more than {TOLERANCE:g}")
        yield from _ratios(setting, label, repeats, quick)


def _ratios(setting: Setting, label: str, repeats: int, quick: bool) -> Iterator[dict]:
    truth, fake, many = len(setting.truth), len(setting.fake), len(setting.many)
    pairs = truth * (truth - 1) + truth * fake
    slow, fast = interleaved(setting.naive_epoch, setting.epoch, repeats)
    yield faster(
        f"{label} D epoch",
        slow,
        fast,
        f"forward and backward over {pairs:,} pairs of {truth} truth and {fake} generated cells: each cell "
        "encoded once, pairs gathered",
        PER_PAIR,
        least=30,
    )
    # one graph at a time is slower still; a slice of its pairs is enough to know by how much
    some = setting.graphs["truth"][:8], setting.graphs["fake"][:8]
    share = (len(some[0]) * (len(some[0]) - 1) + len(some[0]) * len(some[1])) / pairs
    slow, fast = interleaved(lambda: naive.epoch(setting.discriminator, *some, minibatch=1), setting.epoch, repeats)
    yield faster(
        f"{label} D epoch, graphs alone",
        [s / share for s in slow],
        fast,
        "the same epoch",
        f"naive: every pair member encoded alone, extrapolated from {share:.1%} of the pairs",
    )
    slow, fast = interleaved(setting.naive_reward, setting.reward, repeats)
    yield faster(f"{label} reward", slow, fast, f"R_D of {many} cells against {truth} truths", PER_PAIR, least=30)
    alone, batch = (2, 16) if quick else (64, 512)
    slow, fast = interleaved(lambda: setting.naive_generate(alone), lambda: setting.generate(batch), repeats, 2)
    yield faster(
        f"{label} generation",
        [s / alone for s in slow],
        [f / batch for f in fast],
        f"one cell, of {batch} in lock-step",
        f"naive: one cell at a time as one PyG graph, {alone} cells",
        least=25,
    )
