"""The search loop on a supernet of two numbers, where every step can be computed by hand."""

from __future__ import annotations

import io
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import nascore as nc
from nascore.data.images import ImageData
from nascore.errors import Diverged, ResultsError, SettingError
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.networks.supernets.base import Supernet
from nascore.networks.supernets.cell import digits201_supernet
from nascore.search.oneshot import checkpoint, unrolled
from nascore.search.oneshot.loop import search
from nascore.search.oneshot.selections.argmax import Argmax
from nascore.search.oneshot.selections.base import Selection
from nascore.search.oneshot.selections.process_best import ProcessBest
from nascore.search.oneshot.strategies.advantagenas import AdvantageNAS
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.darts import DARTS


class Line(Supernet):
    """Edge i adds sum_j weights[i, j] * kernels[i, j] * x; the loss is the mean squared distance to y."""

    def __init__(self, trainable=True):
        super().__init__()
        self.choices = Choices(2, ("a", "b", "c"))
        self.kernels = nn.Parameter(torch.tensor([[0.5, -0.2, 0.9], [0.1, 0.4, -0.6]]), requires_grad=trainable)
        self.modes: list[bool] = []

    def loss(self, batch, draw):
        self.modes.append(self.training)
        x, y = batch
        total = sum(draw.weights[i, j] * self.kernels[i, j] for i, ops in enumerate(draw.active) for j in ops)
        return ((total * x - y) ** 2).mean()

    def measures(self, batch, draw):
        return {"loss": float(self.loss(batch, draw))}


class Points:
    """Ten points a batch; training points differ from validation points."""

    settings = {"kind": "points"}

    def __init__(self, batches=4, short=None):
        self.batches, self.short = batches, short

    def make(self, which, epoch):
        g = torch.Generator().manual_seed(100 * epoch + which)
        count = self.batches if self.short is None or epoch == 0 else self.short
        out = []
        for _ in range(count):
            x = torch.rand(10, generator=g) + 0.5
            out.append((x, (1.4 + 0.1 * which) * x))
        return out

    def train(self, epoch):
        return self.make(0, epoch)

    def val(self, epoch):
        return self.make(1, epoch)


class Recorder(Strategy):
    """Draws a fixed list of architectures and writes down what it is told."""

    samples = 2
    archs = ((0, 1), (2, 1), (1, 0), (0, 0))

    def __init__(self, choices, **options):
        super().__init__(choices, **options)
        self.told, self.heard, self.seen, self.drawn = [], [], [], 0

    def draw(self):
        self.seen.append(self.progress)
        self.drawn += 1
        return one_hot(self.archs[self.drawn % 4], 3, requires_grad=True)

    def update(self, draws, losses, evaluate):
        without = [evaluate(Draw(torch.zeros(2, 3), draw.active)) for draw in draws]
        gradients = [draw.weights.grad.clone() for draw in draws]
        archs = [draw.arch for draw in draws]
        self.told.append((list(zip(archs, gradients, without, strict=True)), list(losses)))

    def observe(self, loss):
        self.heard.append(loss)


def run(strategy=None, net=None, data=None, epochs=3, **options):
    net = net or Line()
    strategy = strategy or AdvantageNAS(net.choices, seed=1, learning_rate=0.1)
    return search(net, strategy, data or Points(), epochs, progress=False, **options), net, strategy


def same(a, b):
    left, right = (log.frame.drop(columns="seconds") for log in (a, b))
    return left.equals(right) and np.array_equal(a.probabilities, b.probabilities)


@pytest.mark.filterwarnings("ignore:Converting a tensor")
def test_algorithm_1_step_by_step():
    """One weight step on a training batch, then losses and gradients of the draws on a validation batch."""
    net, data = Line(), Points(1)
    strategy = Recorder(net.choices)
    w = nn.Parameter(net.kernels.detach().clone())
    log, *_ = run(
        strategy,
        net,
        data,
        1,
        weight_options={"lr": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
        weight_schedule="constant",
    )
    x, y = data.train(0)[0]
    loss = (((w[0, 2] + w[1, 1]) * x - y) ** 2).mean()  # the first draw
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    assert strategy.heard == [pytest.approx(float(loss.detach()))] == log.frame["train_loss"].tolist()
    assert torch.allclose(net.kernels, w)
    ((told, losses),) = strategy.told
    x, y = data.val(0)[0]
    for (arch, gradient, without), value, expected in zip(told, losses, ((1, 0), (0, 0)), strict=True):
        assert arch == expected
        total = w[0, arch[0]] + w[1, arch[1]]
        assert value == pytest.approx(float(((total * x - y) ** 2).mean()))
        common = (2 * (total * x - y) * x).mean()
        for edge in range(2):
            for op in range(3):
                wanted = common * w[edge, op] if op == arch[edge] else 0.0
                assert float(gradient[edge, op]) == pytest.approx(float(wanted), abs=1e-6)
        assert without == pytest.approx(float((y**2).mean()))
    assert log.frame["val_loss"].tolist() == [pytest.approx(sum(losses) / 2)]
    assert net.kernels.grad is None or torch.allclose(net.kernels.grad, w.grad)  # no gradient from the val batch
    assert net.modes == [True, False, False, False, False]


@pytest.mark.filterwarnings("ignore:Converting a tensor")
def test_process_best_is_the_lowest_minibatch_loss():
    strategy = Recorder(Line().choices)
    log, *_ = run(strategy)
    found = [(loss, arch) for told, losses in strategy.told for (arch, *_), loss in zip(told, losses, strict=True)]
    assert (log.frame["best_val"].iloc[-1], log.derive("process_best")) == min(found)
    assert log.frame["best_val"].is_monotonic_decreasing
    assert log.derive() == log.frame["arch"].iloc[-1] == strategy.derive()
    dense, *_ = run(DARTS(Line().choices))
    assert dense.frame["best_val"].isna().all()
    with pytest.raises(SettingError, match="process_best"):
        dense.derive("process_best")


@pytest.mark.filterwarnings("ignore:Converting a tensor")
def test_frozen_epochs_train_weights_only():
    strategy = Recorder(Line().choices)
    log, net, _ = run(strategy, epochs=4, freeze_epochs=2, steps_per_epoch=3)
    assert len(strategy.heard) == 12 and len(strategy.told) == 6
    assert log.frame["val_loss"].isna().tolist() == [True, True, False, False]
    assert log.frame["epoch"].tolist() == [1, 2, 3, 4]
    steps = strategy.seen[6:]  # one draw each in the frozen steps
    assert strategy.seen[:6] == [0.0] * 6
    assert steps == [pytest.approx(k / 6) for k in range(6) for _ in range(3)]


def test_theta_and_weights_learn():
    log, net, strategy = run(epochs=15, weight_options={"lr": 0.05})
    assert log.frame["train_loss"].iloc[-1] < 0.2 * log.frame["train_loss"].iloc[0]
    assert log.frame["entropy"].iloc[-1] < math.log(3)
    assert log.probabilities.shape == (15, 2, 3) and np.allclose(log.probabilities.sum(2), 1)
    assert np.allclose(log.probabilities[-1], strategy.probabilities())


def test_no_weight_steps_without_trainable_weights():
    data = Points()
    data.train = None  # not even asked for
    log, net, _ = run(net=Line(trainable=False), data=data)
    assert log.frame["train_loss"].isna().all() and log.frame["val_loss"].notna().all()
    assert not any(net.modes)


def test_second_order_equals_exact_differentiation():
    g = torch.Generator().manual_seed(0)
    w = torch.randn(2, 3, generator=g, dtype=torch.float64).requires_grad_()
    x, y = torch.randn(2, 7, generator=g, dtype=torch.float64)
    weights = torch.softmax(torch.randn(2, 3, generator=g, dtype=torch.float64), 1).requires_grad_()
    draw, rate = Draw(weights, ((0, 1, 2),) * 2), 0.3

    def training(kernels=w):
        return ((torch.tanh((weights * kernels).sum()) * x - y) ** 2).mean()

    def validation(kernels=w):
        return ((torch.sin((weights * kernels).sum()) * y - x) ** 2).mean() + (kernels**2).sum()

    (inner,) = torch.autograd.grad(training(), [w], create_graph=True)
    (exact,) = torch.autograd.grad(validation(w - rate * inner), [weights])
    (first,) = torch.autograd.grad(validation(), [weights])
    before = w.detach().clone()
    loss = unrolled.backward(training, validation, draw, [w], rate)
    assert torch.allclose(weights.grad, exact, atol=1e-5) and not torch.allclose(first, exact, atol=1e-2)
    assert torch.equal(w, before)
    assert loss == pytest.approx(float(validation((w - rate * inner).detach()).detach()))


def test_second_order_changes_theta_and_nothing_else():
    logs = {}
    for order in (1, 2):
        net = Line()
        logs[order], *_ = run(DARTS(net.choices, order=order, learning_rate=0.1), net, epochs=1, steps_per_epoch=1)
    assert logs[1].frame["train_loss"].equals(logs[2].frame["train_loss"])
    assert (
        not np.array_equal(logs[1].probabilities, logs[2].probabilities)
        or logs[1].frame["val_loss"][0] > logs[2].frame["val_loss"][0]
    )


@pytest.mark.parametrize("make", [AdvantageNAS, DARTS])
def test_a_resumed_search_ends_with_the_same_log(tmp_path, make, monkeypatch):
    def start(path, **options):
        net = Line()
        return run(make(net.choices, **({"seed": 5} | options)), net, epochs=5, checkpoint=path)

    whole, reference, strategy = start(tmp_path / "whole.pt")
    saved, calls = checkpoint.save, []

    def save(path, state):
        saved(path, state)
        calls.append(path)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save)
        with pytest.raises(KeyboardInterrupt):
            start(tmp_path / "cut.pt")
    again, net, resumed = start(tmp_path / "cut.pt")
    assert same(whole, again) and len(calls) == 2
    assert torch.equal(net.kernels, reference.kernels) and torch.equal(resumed.theta, strategy.theta)
    finished, *_ = start(tmp_path / "cut.pt")
    assert finished.frame.equals(again.frame)  # nothing left to do: even the seconds
    with pytest.raises(ResultsError, match="strategy"):
        start(tmp_path / "cut.pt", learning_rate=0.5)
    assert not [p for p in tmp_path.iterdir() if p.suffix != ".pt"]


def test_a_broken_checkpoint_is_named(tmp_path):
    path = tmp_path / "broken.pt"
    path.write_bytes(b"nothing")
    with pytest.raises(ResultsError, match="broken.pt"):
        run(checkpoint=path)


def test_a_checkpoint_runs_no_code(tmp_path):
    path, buffer = tmp_path / "evil.pt", io.BytesIO()
    torch.save({"settings": subprocess.Popen}, buffer)
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ResultsError, match="evil.pt"):
        run(checkpoint=path)


SCRIPT = """
import torch
from nascore.networks.supernets.cell import digits201_supernet
from nascore.data.images import ImageData
from nascore.search.oneshot.strategies.advantagenas import AdvantageNAS
from nascore.search.oneshot.loop import search
torch.set_num_threads(1)
g = torch.Generator().manual_seed(0)
pool = torch.randn(12, 1, 6, 6, generator=g).numpy(), torch.randint(10, (12,), generator=g).numpy()
net = digits201_supernet((4, 4))
log = search(net, AdvantageNAS(net.choices, seed=2), ImageData(pool, pool, 4), 2, clip=5.0, progress=False)
print(log.frame.drop(columns="seconds").to_json(double_precision=15))
"""


def test_same_seed_same_log_in_another_process(capsys):
    before = torch.get_num_threads()
    torch.rand(3)  # the global generator's state must not matter
    exec(SCRIPT, {})
    torch.set_num_threads(before)
    here = capsys.readouterr().out
    there = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout
    assert here == there and "val_loss" in here


def test_global_generator_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    run()
    assert torch.equal(torch.rand(1), expected)


def test_bfloat16_runs_on_a_real_supernet():
    g = torch.Generator().manual_seed(0)
    pool = torch.randn(8, 1, 6, 6, generator=g).numpy(), np.arange(8)
    net = digits201_supernet((4, 4))
    log, *_ = run(DARTS(net.choices), net, ImageData(pool, pool, 4), 1, precision="bfloat16")
    assert log.settings["precision"] == "bfloat16" and log.settings["supernet"]["statistics"] == "batch"
    assert math.isfinite(log.frame["val_loss"][0])
    assert net.stem[0].weight.dtype == torch.float32


def test_clip_limits_the_first_step():
    lengths = {}
    for clip in (None, 0.01):
        net = Line()
        before = net.kernels.detach().clone()
        run(
            None,
            net,
            Points(1),
            1,
            clip=clip,
            weight_options={"lr": 1.0, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0},
            weight_schedule="constant",
        )
        lengths[clip] = float((net.kernels.detach() - before).norm())
    assert lengths[0.01] == pytest.approx(0.01, rel=1e-3) and lengths[None] > 0.1


def test_the_cosine_ends_at_four_percent(monkeypatch):
    rates = []
    step = torch.optim.SGD.step
    monkeypatch.setattr(
        torch.optim.SGD, "step", lambda self, *a: (rates.append(self.param_groups[0]["lr"]), step(self, *a))[1]
    )
    run(epochs=50, weight_options={"lr": 0.1})
    assert rates[0] == 0.1 and rates[100] == pytest.approx(0.052) and 0.004 < rates[-1] < 0.0041
    assert all(a >= b for a, b in zip(rates, rates[1:], strict=False))


def test_a_selection_of_ones_own_sees_the_log_and_what_it_was_given():
    class Cheapest(Selection):
        """The architecture of the lowest loss on one batch, among those that were derived on the way."""

        def __init__(self, net, batch):
            self.net, self.batch = net, batch

        def select(self, log):
            return min(log.frame["arch"], key=lambda arch: self.net.measures(self.batch, one_hot(arch, 3))["loss"])

    log, net, *_ = run(epochs=6)
    batch = Points().val(0)[0]
    losses = [net.measures(batch, one_hot(arch, 3))["loss"] for arch in log.frame["arch"]]
    chosen = log.derive(Cheapest(net, batch))
    assert net.measures(batch, one_hot(chosen, 3))["loss"] == min(losses)
    assert log.derive(Argmax()) == log.derive() and log.derive(ProcessBest()) == log.derive("process_best")


@pytest.mark.parametrize(
    "name, value",
    [
        ("supernet", "nasbench201"),
        ("strategy", "AdvantageNAS"),
        ("strategy", AdvantageNAS),
        ("data", [1, 2]),
        ("data", None),
    ],
)
def test_what_is_no_part_of_a_search_is_refused_by_name(name, value):
    net = Line()
    parts = {"supernet": net, "strategy": AdvantageNAS(net.choices), "data": Points()} | {name: value}
    with pytest.raises(SettingError, match=f"^{name}=.*expected"):
        search(**parts, epochs=1)


def test_log_shows_itself():
    log, *_ = run()
    assert "AdvantageNAS" in repr(log) and len(log) == 3
    assert "<table" in log._repr_html_() and len(log._repr_html_()) < 5000
    with pytest.raises(SettingError, match="by='best'"):
        log.derive("best")


@pytest.mark.parametrize(
    "options,word",
    [
        ({"epochs": 0}, "epochs=0"),
        ({"epochs": 2.0}, "epochs=2.0"),
        ({"freeze_epochs": 4}, "freeze_epochs=4"),
        ({"steps_per_epoch": 0}, "steps_per_epoch=0"),
        ({"steps_per_epoch": 9}, "gave 4 pairs"),
        ({"weight_optimizer": "lbfgs"}, "sgd, adam"),
        ({"weight_schedule": "step"}, "cosine"),
        ({"precision": "float16"}, "bfloat16"),
        ({"clip": 0}, "clip=0"),
        ({"clip": math.nan}, "clip=nan"),
        ({"weight_options": {"speed": 1}}, "speed"),
        ({"seed": -1}, "seed=-1"),
        ({"device": "abacus"}, "abacus"),
        ({"data": Points(short=2)}, "gave 2 pairs"),
        ({"data": Points(0)}, "not one whole batch"),
        ({"strategy": AdvantageNAS(Choices(3, ("a", "b")))}, "edges=3"),
    ],
)
def test_bad_settings_are_named(options, word):
    with pytest.raises(SettingError, match=word):
        run(**options)


def test_divergence_is_no_bad_setting():
    with pytest.raises(Diverged, match="validation loss, epoch 1, step 1"):
        run(epochs=5, weight_options={"lr": 1e30})
    assert not issubclass(Diverged, SettingError)


@pytest.mark.parametrize("name", nc.search.oneshot.available())
def test_a_gradient_that_is_not_finite_ends_the_search(name):
    """A loss may be finite where its gradient is not: no architecture may come from NaN probabilities."""
    strategy = getattr(nc.search.oneshot, name)(Choices(2, ("a", "b", "c")))
    with pytest.raises(Diverged, match="gradient of theta"):
        strategy.step(torch.full((2, 3), math.nan))
    assert strategy.theta.isfinite().all()


def test_batches_without_a_length_need_steps():
    class Endless(Points):
        def train(self, epoch):
            return iter(super().train(epoch))

        def val(self, epoch):
            return iter(super().val(epoch))

    with pytest.raises(SettingError, match="no length"):
        run(data=Endless())
    assert len(run(data=Endless(), steps_per_epoch=4)[0]) == 3
