"""What every one-shot strategy has to do, whatever its method: one suite over all of them.

Run as a script it prints the logs of one run of each strategy: the same seed has to give the same log in another
process.
"""

from __future__ import annotations

import copy
import functools
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import nascore as nc
from nascore.errors import ResultsError, SettingError
from nascore.networks.choices import Choices
from nascore.networks.supernets.base import Supernet

ROOT = Path(__file__).resolve().parents[3]
oneshot = nc.search.oneshot
STRATEGIES = oneshot.available()
DENSE = ("DARTS", "NASP", "SNAS")
CHOICES = Choices(4, ("none", "skip", "conv"), zero=0)
STEPS = 12
VARIANTS = {
    "AdvantageNAS": [{"exact": True}],
    "DARTS": [{"order": 2}],
    "GDAS": [{"constants": False}],
    "NASP": [{"projection": "rescale", "init": 1.0}],
    "PARSEC": [{"sequential": True, "weighting": "loss"}, {"samples": 3, "scale": 50.0}],
    "ProxylessNAS": [{"mixing": "sum"}, {"mixing": "gate"}],
    "Reinforce": [{"baseline": 0}],
}
CASES = [(name, {}) for name in STRATEGIES] + [(name, options) for name, all_ in VARIANTS.items() for options in all_]
BAD = [
    (name, bad)
    for name in STRATEGIES
    for bad in (
        {"seed": -1},
        {"seed": 0.5},
        {"seed": True},
        {"learning_rate": 0},
        {"learning_rate": math.nan},
        {"learning_rate": "fast"},
        {"betas": 0.9},
        {"betas": (0.9, 1.0)},
        {"weight_decay": -1},
        {"floor": 0.5},
        {"floor": -0.1},
    )
]
BAD += [
    ("AdvantageNAS", {"exact": 1}),
    ("AdvantageNAS", {"rate": 0}),
    ("DARTS", {"order": 3}),
    ("DARTS", {"order": True}),
    ("GDAS", {"temperature": 10}),
    ("GDAS", {"temperature": (10, 0)}),
    ("GDAS", {"constants": "yes"}),
    ("NASP", {"projection": "sphere"}),
    ("NASP", {"init": 1.5}),
    ("PARSEC", {"samples": 1}),
    ("PARSEC", {"samples": 8.5}),
    ("PARSEC", {"scale": -1}),
    ("PARSEC", {"weighting": "x"}),
    ("PARSEC", {"sequential": 1}),
    ("ProxylessNAS", {"mixing": "mean"}),
    ("Reinforce", {"baseline": 1}),
    ("SNAS", {"min_temperature": 0}),
    ("SNAS", {"min_temperature": 2}),
]


@pytest.fixture(params=CASES, ids=lambda case: "-".join([case[0], *(f"{k}={v}" for k, v in case[1].items())]))
def case(request):
    return request.param


def build(case, seed=0, choices=CHOICES, **settings):
    name, options = case
    return getattr(oneshot, name)(choices, seed=seed, learning_rate=0.05, **options, **settings)


def loss_of(draw, step=0):
    """A differentiable loss in which edges interact, and with a little of its own at each step."""
    edges, ops = draw.weights.shape
    cost = torch.sin(torch.arange(edges * ops, dtype=torch.float32).reshape(edges, ops) * 1.7 + 0.1 * step)
    used = torch.zeros(edges, ops)
    for i, active in enumerate(draw.active):
        used[i, list(active)] = 1.0
    outputs = (draw.weights * cost * used).sum(1)
    if draw.constants:
        outputs = outputs + (draw.weights * (1 - used)).sum(1)
    return 2.0 + outputs.sum() + outputs.sum() ** 2 / 4


def one_step(strategy, step):
    """A weight step and an architecture step, as the loop takes them; what happened, as plain values."""
    seen = strategy.weight_draw()
    strategy.observe(float(loss_of(seen, step)))
    draws, losses = [strategy.draw() for _ in range(strategy.samples)], []
    for draw in draws:
        loss = loss_of(draw, step)
        if draw.weights.requires_grad:
            loss.backward()
        losses.append(float(loss.detach()))
    strategy.update(draws, losses, lambda other: float(loss_of(other, step)))
    return [
        seen.weights.tolist(),
        [[d.weights.tolist(), d.active] for d in draws],
        losses,
        strategy.theta.tolist(),
        strategy.derive(),
    ]


def run(strategy, first=0, last=STEPS):
    log = []
    for step in range(first, last):
        strategy.progress = step / STEPS
        log.append(one_step(strategy, step))
    return log


@functools.cache
def _reference(index, seed):
    return run(build(CASES[index], seed))


def reference(case, seed=0):
    return _reference(CASES.index(case), seed)


# -- draws ------------------------------------------------------------------------------------------------------------
def assert_valid(draw, name, options):
    edges, ops = CHOICES.edges, len(CHOICES.ops)
    assert draw.weights.shape == (edges, ops) and draw.weights.dtype == torch.float32
    assert torch.isfinite(draw.weights).all() and (draw.weights >= 0).all()
    assert len(draw.active) == edges
    for i, active in enumerate(draw.active):
        assert len(active) > 0 and len(set(active)) == len(active) and all(0 <= j < ops for j in active)
        assert all(type(j) is int for j in active)
        assert len(active) <= (ops if name in DENSE else 2 if name == "ProxylessNAS" else 1)
        outside = [j for j in range(ops) if j not in active]
        assert not draw.weights[i, outside].any(), "a weight that is not computed"
    total = 2.0 if options.get("mixing") == "sum" else 1.0
    assert torch.allclose(draw.weights.detach().sum(1), torch.full((edges,), total), atol=1e-5)  # below Equation 1


def test_draws_are_valid_all_along(case):
    strategy = build(case)
    for step in range(STEPS):
        strategy.progress = step / (STEPS - 1)  # the very end of every schedule included
        assert_valid(strategy.draw(), *case)
        weight_draw = strategy.weight_draw()
        assert_valid(weight_draw, *case)
        assert not weight_draw.weights.requires_grad
        one_step(strategy, step)
        assert torch.isfinite(strategy.theta).all()


def test_weights_are_leaves(case):
    draw = build(case).draw()
    assert draw.weights.is_leaf
    if draw.weights.requires_grad:
        loss_of(draw).backward()
        assert draw.weights.grad is not None and torch.isfinite(draw.weights.grad).all()


def test_probabilities_are_probabilities(case):
    strategy = build(case)
    for step in range(STEPS):
        p = strategy.probabilities()
        assert p.shape == (CHOICES.edges, len(CHOICES.ops)) and not p.requires_grad
        assert torch.allclose(p.sum(1), torch.ones(CHOICES.edges), atol=1e-6) and (p >= 0).all()
        assert 0 <= strategy.entropy() <= math.log(len(CHOICES.ops)) + 1e-6
        if step == 0:
            assert strategy.entropy() == pytest.approx(math.log(len(CHOICES.ops)))
        one_step(strategy, step)


def test_derive_is_an_architecture(case):
    strategy = build(case)
    for step in range(STEPS):
        arch = strategy.derive()
        assert type(arch) is tuple and len(arch) == CHOICES.edges
        assert all(type(j) is int and 0 <= j < len(CHOICES.ops) for j in arch)
        one_step(strategy, step)


# -- the same everywhere ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def other_process():
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711"}
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_same_seed_same_log_here_and_in_another_process(case, other_process):
    here = json.loads(json.dumps(reference(case)))
    assert json.loads(json.dumps(run(build(case)))) == here
    assert other_process["steps"][CASES.index(case)] == here


def test_a_different_seed_gives_other_draws(case):
    if case[0] in ("DARTS", "NASP"):  # the deterministic ones of Table 1
        assert reference(case, 0) == reference(case, 1)
    else:
        assert reference(case, 0) != reference(case, 1)


@pytest.mark.parametrize("cut", [1, 5])
def test_a_state_goes_on_where_it_was_taken(case, cut):
    first = build(case)
    run(first, 0, cut)
    state = first.state_dict()
    kept = copy.deepcopy(state)
    assert run(first, cut) == reference(case)[cut:]
    second = build(case, seed=9)
    run(second, 0, 2)
    second.load_state_dict(state)
    assert second.progress == (cut - 1) / STEPS and second.derive() == reference(case)[cut - 1][-1]
    assert run(second, cut) == reference(case)[cut:]
    third = build(case)  # neither run has changed the state
    third.load_state_dict(state)
    assert run(third, cut) == reference(case)[cut:] and str(state) == str(kept)


def test_a_state_survives_the_disk(case, tmp_path):
    first = build(case)
    run(first, 0, 5)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second = build(case)
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert run(second, 5) == reference(case)[5:]


def test_a_state_of_something_else_is_refused(case):
    strategy = build(case)
    other = "DARTS" if case[0] != "DARTS" else "SNAS"
    with pytest.raises(ResultsError, match=other):
        strategy.load_state_dict(build((other, {})).state_dict())
    for choices in (
        Choices(2, CHOICES.ops, 0),
        Choices(4, CHOICES.ops[::-1], 2),  # the same operations in another order
        Choices(4, CHOICES.ops, 0, ((0, 1), (0, 1, 2), (0, 1, 2), (0, 1, 2))),
    ):
        with pytest.raises(ResultsError, match="this strategy is"):
            strategy.load_state_dict(build(case, choices=choices).state_dict())


# -- settings ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name, bad", BAD, ids=str)
def test_bad_settings(name, bad):
    ((setting, value),) = bad.items()
    shown = value[-1] if isinstance(value, tuple) else value
    with pytest.raises(SettingError, match=rf"^{setting}=.*expected") as error:
        getattr(oneshot, name)(CHOICES, **bad)
    assert repr(shown) in str(error.value)


@pytest.mark.parametrize("name", STRATEGIES)
def test_choices_have_to_be_choices(name):
    with pytest.raises(SettingError, match="choices=5"):
        getattr(oneshot, name)(5)
    with pytest.raises(TypeError, match="colour"):
        getattr(oneshot, name)(CHOICES, colour=1)


def test_settings_say_what_was_chosen(case):
    settings = build(case, floor=0.001).settings
    assert settings["floor"] == 0.001 and settings["learning_rate"] == 0.05
    assert {name: settings[name] for name in case[1]} == case[1]


# -- the house --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", STRATEGIES)
def test_one_short_file_each(name):
    kind = getattr(oneshot, name)
    assert issubclass(kind, oneshot.Strategy) and kind.__doc__ and kind.__name__ == name
    path = Path(sys.modules[kind.__module__].__file__)
    assert path.parent == ROOT / "nascore" / "search" / "oneshot" / "strategies"
    assert len(path.read_text().splitlines()) <= 80


def test_names():
    assert set(STRATEGIES) < set(dir(oneshot)) and oneshot.Choices is Choices
    with pytest.raises(AttributeError, match="abacus"):
        oneshot.abacus  # noqa: B018


# -- a whole search ---------------------------------------------------------------------------------------------------
class TinySupernet(Supernet):
    """One scalar weight per operation; a batch is a target for the sum of the edges."""

    def __init__(self):
        super().__init__()
        self.choices = CHOICES
        self.scale = torch.nn.Parameter(torch.linspace(-1, 1, CHOICES.edges * 3).reshape(CHOICES.edges, 3))

    def loss(self, batch, draw):
        total = sum(draw.weights[i, j] * self.scale[i, j] for i, ops in enumerate(draw.active) for j in ops if j)
        return (torch.as_tensor(total) - batch) ** 2 + 0.0 * self.scale.sum()

    def measures(self, batch, draw):
        with torch.no_grad():
            return {"loss": float(self.loss(batch, draw))}


class TinyData:
    def train(self, epoch):
        return [torch.tensor(1.0 + epoch), torch.tensor(2.0), torch.tensor(3.0)]

    def val(self, epoch):
        return [torch.tensor(1.5 + epoch), torch.tensor(2.5), torch.tensor(3.5)]


def whole_search(case):
    log = oneshot.search(TinySupernet(), build(case), TinyData(), epochs=2, progress=False)
    frame = log.frame.drop(columns="seconds", errors="ignore")
    return [
        frame.astype(object).where(frame.notna(), None).to_dict("records"),
        log.probabilities.tolist(),
        log.derive(),
    ]


def test_a_search_runs_and_repeats_itself(case, other_process):
    here = whole_search(case)
    assert len(here[0]) == 2 and len(here[2]) == CHOICES.edges
    assert json.loads(json.dumps(here)) == other_process["search"][CASES.index(case)]


if __name__ == "__main__":
    print(json.dumps({"steps": [reference(case) for case in CASES], "search": [whole_search(case) for case in CASES]}))
