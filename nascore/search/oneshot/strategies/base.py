"""What every one-shot strategy is: it draws mixing weights and learns from the loss."""

from __future__ import annotations

import copy
import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import torch

from nascore import checks
from nascore.errors import Diverged, ResultsError, SettingError
from nascore.networks.choices import Choices, Draw
from nascore.search.oneshot.plain import plain
from nascore.search.oneshot.strategies.properties import Properties
from nascore.spaces.base import Arch


class _UnknownSetting(SettingError, TypeError):  # also what Python raises for a parameter that is not there
    pass


Evaluate = Callable[[Draw], float]


class Strategy(ABC):
    """How the architecture parameters theta are drawn from and learned.

    The loop calls, per architecture step, `draws = [strategy.draw() for _ in range(strategy.samples)]`, computes
    each loss, and `draw.weights.grad` where the weights ask for a gradient, and then
    `strategy.update(draws, losses, evaluate)`. A weight step uses one `weight_draw` and never calls `update`; `observe`
    hears of its loss. Random numbers come from the strategy's own generator, so that the same seed gives the same
    draws. All tensors of a strategy live on the CPU: they are tiny. `settings`: what was chosen, by name.

    `live` says which operations are still in the race, bool (edges, ops): at first all that the choices allow;
    `restrict` takes some out. Draws, probabilities, entropy and `derive` know only live ones.

    `floor` mixes exploration into the draws: an operation is drawn as argmax_j log(p_j + floor) + g_j with standard
    Gumbel noise g whose uniform numbers are clipped to [floor, 1 - floor]. 0 draws from p itself, as the paper says;
    0.001 is what the authors' code does.
    """

    properties: Properties  # its row of Table 1; `properties.observed` checks it
    samples = 1  # draws per architecture step
    unrolled = False  # True: the loop differentiates through one weight step (second-order DARTS)

    def __init__(
        self,
        choices: Choices,
        seed: int = 0,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        floor: float = 0.0,
        **unknown,
    ):
        if unknown:
            known = sorted({*_defaults(type(self)), *_defaults(Strategy)})
            name = next(iter(unknown))
            raise _UnknownSetting(
                f"{name}={checks.shown(unknown[name])}: {type(self).__name__} has no such setting"
                f"{checks.suggest(name, known)}"
            )
        self.choices = checks.instance("choices", choices, Choices, "a supernet's choices, a Choices(edges, ops)")
        self.seed, self.floor = checks.seed(seed), checks.number("floor", floor, 0, below=0.5)
        betas = checks.pair("betas", betas, low=0, below=1)
        learning_rate = checks.number("learning_rate", learning_rate, above=0)
        weight_decay = checks.number("weight_decay", weight_decay, 0)
        self.settings = {
            "learning_rate": learning_rate,
            "betas": betas,
            "weight_decay": weight_decay,
            "floor": self.floor,
        }
        self.generator = torch.Generator().manual_seed(self.seed)
        self.theta = torch.zeros(choices.edges, len(choices.ops), requires_grad=True)
        self.optimizer = torch.optim.Adam([self.theta], learning_rate, betas, weight_decay=weight_decay)
        self.progress = 0.0  # share of the search that is over, 0 to 1; set by the loop, read by annealing strategies
        self._live = choices.mask()
        self._whole = bool(self._live.all())

    # -- which operations are in the race --------------------------------------------------------------------------
    @property
    def live(self) -> torch.Tensor:
        """Which operations can be drawn and derived, bool (edges, ops); change it by `restrict`."""
        return self._live.clone()

    def restrict(self, live: torch.Tensor) -> None:
        """Keep only the operations that `live`, bool (edges, ops), names; those that left before do not come back.

        SettingError for another shape or type, and for an edge that would keep nothing.
        """
        if not isinstance(live, torch.Tensor) or live.dtype is not torch.bool or live.shape != self._live.shape:
            raise SettingError(f"live={checks.shown(live)}: expected a bool tensor of shape {tuple(self._live.shape)}")
        left = self._live & live
        empty = (~left.any(1)).nonzero().flatten().tolist()
        if empty:
            raise SettingError(f"live={live.tolist()}: edge {empty[0]} would keep no operation")
        self._live, self._whole = left, bool(left.all())

    def keep(self, edge: int, op: int) -> None:
        """Decide an edge: of its operations only `op` stays; SettingError where it is not live there."""
        edge = checks.whole("edge", edge, 0, self.choices.edges - 1)
        op = checks.whole("op", op, 0, len(self.choices.ops) - 1)
        if not self._live[edge, op]:
            left = self._live[edge].nonzero().flatten().tolist()
            raise SettingError(f"op={op}: expected one that is live on edge {edge}, of {left}")
        live = self.live
        live[edge] = False
        live[edge, op] = True
        self.restrict(live)

    def masked(self, values: torch.Tensor, blank: float = -torch.inf) -> torch.Tensor:
        """`values` (edges, ops) with `blank` for operations that are not live."""
        return values if self._whole else values.masked_fill(~self._live, blank)

    def all_active(self) -> tuple[tuple[int, ...], ...]:
        """What dense strategies compute: every live operation."""
        return tuple(tuple(row.nonzero().flatten().tolist()) for row in self._live)

    # -- drawing and learning --------------------------------------------------------------------------------------
    @abstractmethod
    def draw(self) -> Draw:
        """Mixing weights for the forward pass of an architecture step."""

    @abstractmethod
    def update(self, draws: Sequence[Draw], losses: Sequence[float], evaluate: Evaluate) -> None:
        """Learn from the losses (to be minimised) and, where they were asked for, draws[k].weights.grad.

        `evaluate(draw)` gives the loss of any further draw on the same batch and with the same weights, without a
        gradient. A strategy that needs none may leave the third parameter out.
        """

    def weight_draw(self) -> Draw:
        """Mixing weights for a weight step: a `draw` that asks for no gradient, unless a strategy says otherwise."""
        return self.draw().detached()

    def observe(self, loss: float) -> None:
        """The loss of a weight step, for strategies that keep a baseline of all losses."""

    def step(self, gradient: torch.Tensor) -> None:
        """One optimiser step along d loss / d theta, (edges, ops); Diverged where gradient or theta is not finite."""
        gradient = self.masked(gradient.detach(), 0.0)
        if not finite(gradient):
            raise Diverged(f"the gradient of theta is not finite: {gradient.tolist()}")
        self.theta.grad = gradient.to(self.theta)
        self.optimizer.step()
        if not finite(self.theta):
            raise Diverged(f"theta is not finite after a step: {self.theta.tolist()}")

    # -- the distribution ------------------------------------------------------------------------------------------
    def logits(self) -> torch.Tensor:
        """theta where an operation is live, else -inf; differentiable in theta."""
        return self.masked(self.theta)

    def probabilities(self) -> torch.Tensor:
        """mu of Equation 2: the softmax of theta over the live operations of each edge, (edges, ops)."""
        return torch.softmax(self.logits().detach(), 1)

    def noisy(self) -> torch.Tensor:
        """log(p + floor) plus Gumbel noise, (edges, ops), differentiable in theta: its argmax is a draw from p."""
        log_p = torch.log_softmax(self.logits(), 1)
        if self.floor:
            log_p = self.masked(torch.log(log_p.exp() + self.floor))
        return log_p + gumbel(log_p.shape, self.generator, self.floor)

    def sample(self) -> torch.Tensor:
        """One operation per edge from `probabilities` (see `floor`), int64 (edges,)."""
        return self.noisy().detach().argmax(1)

    def score(self, draw: Draw) -> torch.Tensor:
        """a - mu, the gradient of log p(a) in theta for a one-hot draw a, (edges, ops)."""
        return draw.weights.detach() - self.probabilities()

    def pull_back(self, draw: Draw) -> torch.Tensor:
        """d loss / d theta, (edges, ops), from draw.weights.grad through the way the weights came from theta."""
        if draw.source is None:
            raise SettingError("this draw does not say how its weights came from theta (its `source`)")
        return torch.autograd.grad(draw.source, self.theta, weight_gradient(draw))[0]

    def mean_pull_back(self, draws: Sequence[Draw]) -> torch.Tensor:
        """The mean of `pull_back` over draws."""
        return torch.stack([self.pull_back(draw) for draw in draws]).sum(0) / len(draws)

    def scores(self) -> torch.Tensor:
        """What the final architecture is decoded from, (edges, ops): the probabilities; -inf where not live."""
        return self.masked(self.probabilities())

    def derive(self) -> Arch:
        """The best operation of each edge by `scores`; of equal ones the first. (A supernet may decode them
        otherwise.)"""
        return tuple(self.scores().argmax(1).tolist())

    def entropy(self) -> float:
        """Mean over edges of the entropy of the probabilities, nats."""
        p = self.probabilities()
        return max(0.0, float(-(p * p.clamp_min(1e-30).log()).sum(1).mean()))

    # -- state -----------------------------------------------------------------------------------------------------
    def extra_state(self) -> dict:
        """Tensors and numbers of a subclass that its `state_dict` has to carry."""
        return {}

    def load_extra_state(self, state: Mapping) -> None:
        """Undo `extra_state`."""

    def state_dict(self) -> dict:
        """Everything that the next draw and update depend on; later steps do not change what was returned."""
        # torch's optimisers and our tensors are updated in place, hence the copy
        return copy.deepcopy(
            {
                "identity": self.identity(),
                "theta": self.theta.detach(),
                "live": self._live,
                "progress": self.progress,
                "optimizer": self.optimizer.state_dict(),
                "generator": self.generator.get_state(),
                "extra": self.extra_state(),
            }
        )

    def identity(self) -> dict:
        """What a state must agree on before it can be loaded: the strategy, its settings and what it chooses among, in
        order. The seed is none of it: the state has the generator itself."""
        allowed = None if self.choices.allowed is None else [list(options) for options in self.choices.allowed]
        return {
            "name": type(self).__name__,
            "edges": self.choices.edges,
            "ops": list(self.choices.ops),
            "zero": self.choices.zero,
            "allowed": allowed,
            "settings": plain(f"the settings of {type(self).__name__}", self.settings),
        }

    def load_state_dict(self, state: Mapping) -> None:
        """Go on where `state_dict` was taken; ResultsError for the state of another strategy, of other settings or
        choices, and for what is no state: the strategy is then as it was."""
        name = type(self).__name__
        if not isinstance(state, Mapping):
            raise ResultsError(f"this is no state of {name}: {checks.shown(state)}")
        theirs, ours = state.get("identity"), self.identity()
        if theirs != ours and repr(theirs) != repr(ours):  # NaN is no equal of its own
            if not isinstance(theirs, Mapping):
                raise ResultsError(f"this is no state of {name}: it does not say of what it is")
            part = next(part for part in [*ours, *theirs] if theirs.get(part) != ours.get(part))
            raise ResultsError(
                f"this is a state of a strategy with {part}={checks.shown(theirs.get(part))}; this one has "
                f"{checks.shown(ours.get(part))}"
            )
        before = self.state_dict()
        try:
            self._load(copy.deepcopy(dict(state)))
        except Exception as error:  # whatever a forged state leads to, nothing of it stays
            self._load(before)
            why = f"it has no field {error}" if type(error) is KeyError else f"{error}"[:300]
            raise ResultsError(f"this is no state of {name}: {why}") from None

    def _load(self, state: dict) -> None:
        theta, live = state["theta"], state["live"]
        shape = self.theta.shape
        if theta.shape != shape or theta.dtype != self.theta.dtype or not theta.isfinite().all():
            raise SettingError(f"theta is not {tuple(shape)} finite numbers")
        if live.shape != shape or live.dtype is not torch.bool or not live.any(1).all():
            raise SettingError(f"live is not {tuple(shape)} of True and False with an operation for each edge")
        progress = checks.number("progress", state["progress"], 0, 1)
        self.optimizer.load_state_dict(state["optimizer"])
        for kept in self.optimizer.state.values():
            sizes = {value.shape for value in kept.values() if isinstance(value, torch.Tensor) and value.numel() != 1}
            if sizes - {shape}:
                raise SettingError(f"the optimiser's state has other shapes than {tuple(shape)}")
        self.generator.set_state(state["generator"])
        with torch.no_grad():
            self.theta.copy_(theta)
        self.progress, self._live, self._whole = progress, live, bool(live.all())
        self.load_extra_state(state["extra"])

    def __repr__(self) -> str:
        standard = {**_defaults(Strategy), **_defaults(type(self))}
        chosen = [f"{name}={value}" for name, value in self.settings.items() if standard.get(name, value) != value]
        left = "" if self._whole else f", {int(self._live.sum())} of them live"
        edges, ops = self.theta.shape
        return (
            f"<{type(self).__name__}: {edges} edges of {ops} operations{left}{''.join(f', {each}' for each in chosen)}>"
        )


def _defaults(kind: type) -> dict:
    """The settings that a strategy's constructor names, by their standard values."""
    named = inspect.signature(kind).parameters.values()
    return {each.name: each.default for each in named if each.default is not inspect.Parameter.empty}


def weight_gradient(draw: Draw) -> torch.Tensor:
    """d loss / d weights of a draw, (edges, ops); 0 where the loss never read a weight. Diverged where it is not
    finite."""
    if draw.weights.grad is None:
        return torch.zeros_like(draw.weights)
    if not finite(draw.weights.grad):
        raise Diverged(f"the gradient of the mixing weights is not finite: {draw.weights.grad.tolist()}")
    return draw.weights.grad


def finite(values: torch.Tensor) -> bool:
    """Whether all values are finite numbers; one sum in the usual case, as this is asked several times a step."""
    return math.isfinite(float(values.detach().sum())) or bool(values.isfinite().all())


def gumbel(shape, generator: torch.Generator, clip: float = 0.0) -> torch.Tensor:
    """Standard Gumbel noise; `clip` > 0 keeps the uniform numbers behind it in [clip, 1 - clip]."""
    uniform = torch.rand(shape, generator=generator).clamp_(max(clip, 1e-20), 1 - max(clip, 1e-7))
    return -torch.log(-torch.log(uniform))
