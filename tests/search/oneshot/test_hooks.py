"""Hooks, callable optimisers, unequal batches, and training that goes on after the end."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.networks.choices import Draw
from nascore.testing.strategies import CHOICES, TinyData, TinySupernet

one = nc.search.oneshot


def run(epochs=3, net=None, strategy=None, data=None, **options):
    net = net or TinySupernet()
    strategy = strategy or one.DARTS(net.choices, seed=0, learning_rate=0.1)
    return one.search(net, strategy, data or TinyData(), epochs, progress=False, **options)


class Recorder(one.Hook):
    def __init__(self):
        self.seen = []

    def before_search(self, run):
        self.seen.append(("search", len(run.rows)))

    def before_epoch(self, run):
        self.seen.append(("epoch", run.epoch))

    def after_step(self, run):
        self.seen.append(("step", run.epoch, run.step))

    def after_epoch(self, run):
        return {"largest": float(run.strategy.theta.detach().max()), "steps": len(self.seen)}

    def state_dict(self):
        return {"seen": [list(each) for each in self.seen]}

    def load_state_dict(self, state):
        self.seen = [tuple(each) for each in state["seen"]]


def test_hooks_are_called_in_order_and_add_columns():
    hook = Recorder()
    log = run(2, hooks=[hook])
    steps = [("step", epoch, step) for epoch in range(2) for step in range(3)]
    assert hook.seen == [("search", 0), ("epoch", 0), *steps[:3], ("epoch", 1), *steps[3:]]
    assert list(log.frame.columns[-2:]) == ["largest", "steps"] and log.frame["steps"].tolist() == [5, 9]
    assert log.frame["largest"].iloc[-1] == pytest.approx(float(log.strategy.theta.detach().max()))
    assert log.settings["hooks"] == ["Recorder"]


def test_a_hook_changes_nothing_that_it_does_not_touch():
    plain, hooked = run(), run(hooks=[Recorder()])
    assert np.array_equal(plain.probabilities, hooked.probabilities)
    assert plain.frame["val_loss"].equals(hooked.frame["val_loss"])


def test_a_hook_can_end_the_search_also_across_a_checkpoint(tmp_path):
    class Stop(one.Hook):
        def after_epoch(self, run):
            if run.epoch == 1:
                run.stop("entropy")

    log = run(9, hooks=[Stop()], checkpoint=tmp_path / "run.pt")
    assert len(log) == 2 and log.stopped == "entropy"
    again = run(9, hooks=[Stop()], checkpoint=tmp_path / "run.pt")
    assert len(again) == 2 and again.stopped == "entropy" and run(2).stopped == ""


def test_a_hook_shrinks_the_choices():
    class Shrink(one.Hook):
        """After each epoch every edge loses its least probable live operation, down to one."""

        def after_epoch(self, run):
            live = run.strategy.live
            for edge, row in enumerate(run.strategy.probabilities()):
                alive = live[edge].nonzero().flatten().tolist()
                if len(alive) > 1:
                    live[edge, min(alive, key=lambda op: float(row[op]))] = False
            run.strategy.restrict(live)
            return {"alive": int(live.sum())}

    for name in one.available():
        strategy = getattr(one, name)(CHOICES, seed=0, learning_rate=0.1)
        log = run(4, strategy=strategy, hooks=[Shrink()])
        assert log.frame["alive"].tolist() == [8, 4, 4, 4], name
        assert strategy.entropy() == pytest.approx(0.0, abs=1e-6)
        left = tuple(row.nonzero().item() for row in strategy.live)
        assert log.derive() == strategy.derive() == left, name


def test_a_hooks_state_travels_with_the_checkpoint(tmp_path):
    class Killing(Recorder):
        def before_epoch(self, run):
            super().before_epoch(run)
            if run.epoch == 2:
                raise KeyboardInterrupt

    Killing.__name__ = "Recorder"
    with pytest.raises(KeyboardInterrupt):
        run(3, hooks=[Killing()], checkpoint=tmp_path / "run.pt")
    hook, whole = Recorder(), Recorder()
    log, reference = run(3, hooks=[hook], checkpoint=tmp_path / "run.pt"), run(3, hooks=[whole])
    assert [each for each in hook.seen if each[0] != "search"] == [each for each in whole.seen if each[0] != "search"]
    assert np.array_equal(log.probabilities, reference.probabilities)


@pytest.mark.parametrize("name", ["val_loss", "arch", "seconds", "epoch"])
def test_a_hook_may_not_take_the_name_of_a_column(name):
    class Clash(one.Hook):
        def after_epoch(self, run):
            return {name: 1}

    with pytest.raises(SettingError, match=f"'{name}' is taken"):
        run(hooks=[Clash()])


def test_what_is_no_hook_is_refused():
    with pytest.raises(SettingError, match="hooks="):
        run(hooks=[print])


# -- the weights' optimiser -------------------------------------------------------------------------------------------
def test_the_weight_optimiser_may_be_a_callable():
    made = []

    def optimiser(parameters):
        made.append(torch.optim.SGD(parameters, 0.025, 0.9, weight_decay=5e-4, nesterov=True))
        return made[-1]

    named, own = run(), run(weight_optimizer=optimiser)
    assert torch.equal(named.supernet.scale, own.supernet.scale) and len(made) == 1
    assert own.settings["weight_optimizer"] == "SGD" and own.settings["weight_options"]["lr"] == 0.025
    groups = run(
        weight_optimizer=lambda p: torch.optim.Adam([{"params": p, "lr": 0.5}], 0.1), weight_schedule="constant"
    )
    assert groups.run.weights.optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize(
    "options, word",
    [
        ({"weight_optimizer": lambda p: 3}, "weight_optimizer=3"),
        ({"weight_optimizer": lambda p: torch.optim.SGD(p, 0.1), "weight_options": {"lr": 1}}, "weight_options="),
        ({"weight_optimizer": 3}, "weight_optimizer=3"),
        ({"clip": True}, "clip=True"),
        ({"clip": -1.0}, "clip=-1"),
    ],
    ids=range(5),
)
def test_bad_optimisers_are_named(options, word):
    with pytest.raises(SettingError, match=word):
        run(**options)


def test_numpy_settings_can_be_read_again(tmp_path):
    options = {"lr": np.logspace(-2, 0, 3)[1], "momentum": np.float32(0.5), "nesterov": False}
    first = run(2, weight_options=options, checkpoint=tmp_path / "run.pt", clip=np.float64(3.0), seed=np.int64(4))
    again = run(2, weight_options=options, checkpoint=tmp_path / "run.pt", clip=np.float64(3.0), seed=np.int64(4))
    assert again.frame.equals(first.frame) and type(again.settings["weight_options"]["lr"]) is float


# -- data -------------------------------------------------------------------------------------------------------------
def test_batches_of_weights_and_architecture_may_differ():
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(60, 1, 10, 10, generator=generator), torch.randint(10, (60,), generator=generator)
    data = nc.data.ImageData((images, labels), (images, labels), batch=12, val_batch=30)
    train, val = list(data.train(0)), list(data.val(0))
    assert [len(x) for x, _ in train] == [12] * 5 and [len(x) for x, _ in val] == [30] * 5
    assert data.settings["val_batch"] == 30
    same = nc.data.ImageData((images, labels), (images, labels), batch=12)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(train, same.train(0), strict=True))
    with pytest.raises(SettingError, match="val_batch=61"):
        nc.data.ImageData((images, labels), (images, labels), batch=12, val_batch=61)
    supernet = nc.networks.digits201_supernet(seed=0)
    log = one.search(supernet, one.AdvantageNAS(supernet.choices, seed=0), data, 1, progress=False)
    assert math.isfinite(log.frame["val_loss"].iloc[-1])


# -- after the end ----------------------------------------------------------------------------------------------------
def test_training_goes_on_after_the_end():
    log = run()
    before = log.supernet.scale.detach().clone()
    losses = log.run.train_weights(5, rate=0.05)
    assert len(losses) == 5 and not torch.equal(log.supernet.scale, before)
    longer = one.search(log.supernet, log.strategy, TinyData(), 2, progress=False,
                        weight_optimizer=lambda parameters: log.run.weights.optimizer)  # fmt: skip
    assert len(longer) == 2 and longer.strategy is log.strategy
    for bad in (0, True, 2.5):
        with pytest.raises(SettingError, match="steps="):
            log.run.train_weights(bad)


def test_a_selection_may_train_on():
    class Tuned(one.Selection):
        """Drops, edge by edge, what hurts least, training a little in between: in the manner of DARTS-PT."""

        def select(self, log):
            strategy, search = log.strategy, log.run
            (batch, *_) = list(search.batches("val", 0))
            for edge in range(CHOICES.edges):
                losses = {}
                for op in range(len(CHOICES.ops)):
                    weights = strategy.draw().weights.detach().clone()
                    weights[edge, op] = 0.0
                    losses[op] = search.evaluate(batch, Draw(weights, strategy.all_active()))
                live = strategy.live
                live[edge] = torch.arange(3) == max(losses, key=losses.get)
                strategy.restrict(live)
                search.train_weights(2)
            return search.derived()

    log = run()
    arch = log.derive(Tuned())
    assert len(arch) == 4 and log.strategy.derive() == arch and log.strategy.entropy() == pytest.approx(0.0, abs=1e-6)


def test_a_log_of_rows_alone_has_no_supernet():
    log = run()
    rows = one.SearchLog(log.frame.to_dict("records"), log.probabilities, log.settings)
    assert rows.derive() == log.derive()
    with pytest.raises(SettingError, match="rows alone"):
        rows.supernet  # noqa: B018


# -- the gradient along the mixing weights ----------------------------------------------------------------------------
def test_the_mixing_gradient_can_be_differentiated_again():
    supernet = nc.networks.digits201_supernet(seed=0)
    strategy = one.DARTS(supernet.choices, seed=0)
    data = nc.data.digits(batch=8)
    log = one.search(supernet, strategy, data, 1, steps_per_epoch=2, progress=False)
    (batch, *_) = list(log.run.batches("val", 0))
    draw = strategy.draw()
    loss, gradient = log.run.mixing_gradient(batch, draw, create_graph=True)
    assert gradient.requires_grad and gradient.shape == draw.weights.shape
    (second,) = torch.autograd.grad(gradient.square().sum(), draw.weights)
    assert second.abs().sum() > 0
    plain_loss, plain = log.run.mixing_gradient(batch, draw)
    assert not plain.requires_grad and torch.allclose(plain, gradient) and float(plain_loss) == float(loss)


def test_an_update_evaluates_further_draws_on_its_batch():
    class Comparing(one.Strategy):
        properties = one.Reinforce.properties

        def draw(self):
            return nc.networks.one_hot(self.sample().tolist(), len(self.choices.ops))

        def update(self, draws, losses, evaluate):
            assert evaluate(draws[0]) == losses[0]
            self.asked = evaluate(nc.networks.one_hot((1, 1, 1, 1), 3))
            assert type(self.asked) is float

    class Short(Comparing):
        def update(self, draws, losses):
            self.asked = losses[0]

    for kind in (Comparing, Short):
        strategy = kind(CHOICES, seed=0)
        run(1, strategy=strategy)
        assert math.isfinite(strategy.asked)


def test_the_supernet_decodes():
    class Pairs(TinySupernet):
        """Two edges belong together: an architecture is the better operation of each pair, twice."""

        def decode(self, scores):
            best = (scores[0::2] + scores[1::2]).argmax(1)
            return tuple(int(op) for op in best for _ in range(2))

    log = run(2, net=Pairs(), strategy=one.Reinforce(CHOICES, seed=1, learning_rate=0.5))
    arch = log.derive()
    assert arch[0] == arch[1] and arch[2] == arch[3] and all(a[0] == a[1] for a in log.frame["arch"])
    best = log.derive("process_best")
    assert best[0] == best[1]
