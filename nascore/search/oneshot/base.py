"""What every one-shot strategy is: it draws mixing weights and learns from the loss."""
from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...errors import SettingError
from ...networks.choices import Choices, Draw
from ...spaces.base import Arch
from .properties import Properties


@dataclass
class Relaxed(Draw):
    """A draw that remembers how its weights came from theta.

    `weights` is a leaf, so that the loop finds d loss / d weights in ``weights.grad``; `source` holds the weights, or
    what stands in for their derivative where they were made discrete, as a differentiable function of theta,
    (edges, ops). `constants`: each operation that is not active adds weights[i, j] * ones to the output of its edge,
    which leaves the output as it is (these weights are 0) and gives weights.grad an entry for every operation. A
    supernet that does not know about constants leaves those entries 0.
    """

    source: torch.Tensor | None = None
    constants: bool = False


class Strategy(ABC):
    """How the architecture parameters theta are drawn from and learned.

    The loop calls, per architecture step, ``draws = [strategy.draw() for _ in range(strategy.samples)]``, computes
    each loss, and ``draw.weights.grad`` where the weights ask for a gradient, and then
    ``strategy.update(draws, losses)``. Where `counterfactuals` names further draws, their losses on the same batch,
    computed without gradient, are put into ``draw.counterfactual_losses`` before. A weight step uses one
    `weight_draw` and never calls `update`; `observe` hears of its loss. Random numbers come from the strategy's own
    generator, so that the same seed gives the same draws. All tensors of a strategy live on the CPU: they are tiny.
    `settings`: what was chosen, by name.

    `floor` mixes exploration into the draws: an operation is drawn as argmax_j log(p_j + floor) + g_j with standard
    Gumbel noise g whose uniform numbers are clipped to [floor, 1 - floor]. 0 draws from p itself, as the paper says;
    0.001 is what the authors' code does.
    """

    properties: Properties  # its row of Table 1; `properties.observed` checks it
    samples = 1  # draws per architecture step
    unrolled = False  # True: the loop differentiates through one weight step (second-order DARTS)

    def __init__(self, choices: Choices, seed: int = 0, learning_rate: float = 1e-3,
                 betas: tuple[float, float] = (0.9, 0.999), weight_decay: float = 0.0, floor: float = 0.0):
        if not isinstance(choices, Choices):
            raise SettingError(f"choices={choices!r}: expected a supernet's choices, a Choices(edges, ops)")
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise SettingError(f"seed={seed!r}: expected a whole number of at least 0")
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise SettingError(f"betas={betas!r}: expected two numbers from 0 up to, not including, 1")
        betas = tuple(number("betas", beta, 0, below=1) for beta in betas)
        self.choices, self.seed, self.floor = choices, int(seed), number("floor", floor, 0, below=0.5)
        learning_rate = number("learning_rate", learning_rate, above=0)
        weight_decay = number("weight_decay", weight_decay, 0)
        self.settings = {"learning_rate": learning_rate, "betas": betas, "weight_decay": weight_decay,
                         "floor": self.floor}
        self.generator = torch.Generator().manual_seed(self.seed)
        self.theta = torch.zeros(choices.edges, len(choices.ops), requires_grad=True)
        self.optimizer = torch.optim.Adam([self.theta], learning_rate, betas, weight_decay=weight_decay)
        self.progress = 0.0  # share of the search that is over, 0 to 1; set by the loop, read by annealing strategies

    @abstractmethod
    def draw(self) -> Draw:
        """Mixing weights for the forward pass of an architecture step."""

    @abstractmethod
    def update(self, draws: Sequence[Draw], losses: Sequence[float]) -> None:
        """Learn from the losses (to be minimised) and, where they were asked for, draws[k].weights.grad."""

    def weight_draw(self) -> Draw:
        """Mixing weights for a weight step: a `draw` that asks for no gradient, unless a strategy says otherwise."""
        draw = self.draw()
        return Draw(draw.weights.detach(), draw.active)

    def counterfactuals(self, draw: Draw) -> list[Draw]:
        """Further draws whose losses on the batch of `draw` its `update` wants; none by default."""
        return []

    def observe(self, loss: float) -> None:
        """The loss of a weight step, for strategies that keep a baseline of all losses."""

    def step(self, gradient: torch.Tensor) -> None:
        """One optimiser step along d loss / d theta, (edges, ops)."""
        self.theta.grad = gradient.detach().to(self.theta)
        self.optimizer.step()

    def probabilities(self) -> torch.Tensor:
        """mu of Equation 2: the softmax of theta on each edge, (edges, ops)."""
        return torch.softmax(self.theta.detach(), 1)

    def noisy(self) -> torch.Tensor:
        """log(p + floor) plus Gumbel noise, (edges, ops), differentiable in theta: its argmax is a draw from p."""
        log_p = torch.log_softmax(self.theta, 1)
        if self.floor:
            log_p = torch.log(log_p.exp() + self.floor)
        return log_p + gumbel(log_p.shape, self.generator, self.floor)

    def sample(self) -> torch.Tensor:
        """One operation per edge from `probabilities` (see `floor`), int64 (edges,)."""
        return self.noisy().detach().argmax(1)

    def score(self, draw: Draw) -> torch.Tensor:
        """a - mu, the gradient of log p(a) in theta for a one-hot draw a, (edges, ops)."""
        return draw.weights.detach() - self.probabilities()

    def pull_back(self, draw: Relaxed) -> torch.Tensor:
        """d loss / d theta, (edges, ops), from draw.weights.grad through the way the weights came from theta."""
        return torch.autograd.grad(draw.source, self.theta, weight_gradient(draw))[0]

    def derive(self) -> Arch:
        """The most probable operation of each edge; of equal ones the first."""
        return tuple(self.probabilities().argmax(1).tolist())

    def entropy(self) -> float:
        """Mean over edges of the entropy of the probabilities, nats."""
        p = self.probabilities()
        return float(-(p * p.clamp_min(1e-30).log()).sum(1).mean())

    def all_active(self) -> tuple[tuple[int, ...], ...]:
        """What dense strategies compute: everything."""
        return (tuple(range(len(self.choices.ops))),) * self.choices.edges

    def extra_state(self) -> dict:
        """Tensors and numbers of a subclass that its `state_dict` has to carry."""
        return {}

    def load_extra_state(self, state: Mapping) -> None:
        """Undo `extra_state`."""

    def state_dict(self) -> dict:
        """Everything that the next draw and update depend on; later steps do not change what was returned."""
        # torch's optimisers and our tensors are updated in place, hence the copy
        return copy.deepcopy({"name": type(self).__name__, "theta": self.theta.detach(), "progress": self.progress,
                              "optimizer": self.optimizer.state_dict(), "generator": self.generator.get_state(),
                              "extra": self.extra_state()})

    def load_state_dict(self, state: Mapping) -> None:
        """Go on where `state_dict` was taken; SettingError for the state of another strategy or other choices."""
        if state.get("name") != type(self).__name__ or state["theta"].shape != self.theta.shape:
            raise SettingError(f"this is a state of {state.get('name')!r} with theta of shape "
                               f"{tuple(state['theta'].shape) if 'theta' in state else None}, not of "
                               f"{type(self).__name__!r} with {tuple(self.theta.shape)}")
        state = copy.deepcopy(dict(state))
        with torch.no_grad():
            self.theta.copy_(state["theta"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.progress = state["progress"]
        self.load_extra_state(state["extra"])


def weight_gradient(draw: Draw) -> torch.Tensor:
    """d loss / d weights of a draw, (edges, ops); 0 where the loss never read a weight."""
    return torch.zeros_like(draw.weights) if draw.weights.grad is None else draw.weights.grad


def gumbel(shape, generator: torch.Generator, clip: float = 0.0) -> torch.Tensor:
    """Standard Gumbel noise; `clip` > 0 keeps the uniform numbers behind it in [clip, 1 - clip]."""
    uniform = torch.rand(shape, generator=generator).clamp_(max(clip, 1e-20), 1 - max(clip, 1e-7))
    return -torch.log(-torch.log(uniform))


def number(name: str, value, low: float = -math.inf, high: float = math.inf, *, above: float = -math.inf,
           below: float = math.inf, kinds: tuple = (int, float, np.number)) -> float:
    """`value` as a finite float in [low, high] and strictly between `above` and `below`; SettingError otherwise."""
    if isinstance(value, bool) or not isinstance(value, kinds) or not (
            low <= value <= high and above < value < below):
        bounds = [f"{side} {bound:g}" for side, bound in (("at least", low), ("at most", high), ("above", above),
                                                          ("below", below)) if math.isfinite(bound)]
        word = "number" if float in kinds else "whole number"
        raise SettingError(f"{name}={value!r}: expected a {word} {' and '.join(bounds)}".rstrip())
    return float(value)


def one_of(name: str, value, allowed: Sequence):
    """`value` if it is one of `allowed`; SettingError otherwise."""
    if not any(type(value) is type(option) and value == option for option in allowed):
        raise SettingError(f"{name}={value!r}: expected one of {', '.join(map(repr, allowed))}")
    return value
