"""What a one-shot search is given: one clear error for each wrong value, before the first step."""

from __future__ import annotations

import math
from collections import namedtuple

import numpy as np
import pytest
import torch

from nascore.errors import Diverged, ResultsError, SettingError
from nascore.networks.choices import Draw, one_hot
from nascore.search import oneshot
from nascore.search.oneshot import AdvantageNAS, Hook, Reinforce, SearchLog, search
from nascore.search.oneshot.candidates import Candidates
from nascore.search.oneshot.moving import on
from nascore.testing.strategies import CHOICES, TinyData, TinySupernet


def run(epochs=2, net=None, strategy=None, data=None, **options):
    net = net or TinySupernet()
    strategy = strategy or AdvantageNAS(CHOICES, seed=1, learning_rate=0.1)
    return search(net, strategy, data or TinyData(), epochs, progress=False, **options)


WRONG = [
    ({"hooks": 3}, "hooks=3"),
    ({"hooks": None}, "hooks=None"),
    ({"hooks": Hook}, "hooks="),
    ({"hooks": [Hook]}, "hooks="),
    ({"device": "meta"}, "device='meta'"),
    ({"device": None}, "device=None"),
    ({"device": []}, "device="),
    ({"steps_per_epoch": 10**9}, "steps_per_epoch=1000000000"),
    ({"weight_optimizer": [1]}, "weight_optimizer="),
    ({"weight_optimizer": lambda: None}, "weight_optimizer="),
    ({"weight_options": 3}, "weight_options=3"),
    ({"weight_options": [("lr", 1)]}, "weight_options="),
    ({"weight_options": {3: 1}}, "no option 3"),
    ({"weight_options": {"learning_rate": 1}}, "no option 'learning_rate'"),
    *(
        ({"weight_options": {name: value}}, f"weight_options\\['{name}'\\]=")
        for name, values in {
            "lr": (math.nan, math.inf, 1e39, True, "0.1", -1, None, torch.tensor(0.1)),
            "momentum": (2, 1, -0.1, "0.9", True, math.nan),
            "dampening": (2, "x"),
            "nesterov": ("yes", 1, None),
            "weight_decay": (-1, math.nan, False),
        }.items()
        for value in values
    ),
    ({"weight_options": {"momentum": 0.0}}, "Nesterov"),
    ({"weight_options": {"dampening": 0.5}}, "Nesterov"),
    *(
        ({"weight_optimizer": "adam", "weight_options": {name: value}}, f"weight_options\\['{name}'\\]=")
        for name, value in [("betas", (0.9, 1.0)), ("betas", 0.9), ("eps", -1), ("amsgrad", "no"), ("lr", math.nan)]
    ),
]


@pytest.mark.parametrize(("options", "named"), WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("trainable", [True, False])
def test_wrong_values_are_named_before_the_first_step(options, named, trainable, monkeypatch):
    taken = []
    monkeypatch.setattr(TinySupernet, "loss", lambda *_: taken.append(1))
    net = TinySupernet().requires_grad_(trainable)
    if callable(options.get("weight_optimizer")) and not trainable:
        return  # an optimiser of nothing is not made
    with pytest.raises(SettingError, match=named):
        run(net=net, **options)
    assert not taken


@pytest.mark.parametrize(
    ("options", "recorded"),
    [
        ({"lr": np.float32(0.5), "momentum": np.float64(0), "nesterov": np.bool_(False)}, {"lr": 0.5, "momentum": 0.0}),
        ({"lr": 1, "weight_decay": np.int64(0)}, {"lr": 1.0, "weight_decay": 0.0}),
        ({}, {"lr": 0.025, "momentum": 0.9}),
    ],
)
def test_numpy_options_are_recorded_as_pythons(options, recorded):
    found = run(weight_options=options).settings["weight_options"]
    assert {name: found[name] for name in recorded} == recorded
    assert all(type(value) in (float, bool) for value in found.values())


@pytest.mark.parametrize("name", oneshot.available())
def test_an_unknown_setting_of_a_strategy_is_named(name):
    with pytest.raises(SettingError, match="zz=1"):
        getattr(oneshot, name)(CHOICES, zz=1)
    with pytest.raises(SettingError, match="did you mean learning_rate"):
        getattr(oneshot, name)(CHOICES, learningrate=1)


# -- states of strategies ---------------------------------------------------------------------------------------------
STATES = {
    "a number": lambda state: 3,
    "nothing": lambda state: {},
    "None": lambda state: None,
    "the identity alone": lambda state: {"identity": state["identity"]},
    "another seed's is fine, other settings are not": lambda state: AdvantageNAS(CHOICES, rate=0.5).state_dict(),
    "another learning rate": lambda state: AdvantageNAS(CHOICES, learning_rate=0.5).state_dict(),
    "another strategy": lambda state: Reinforce(CHOICES).state_dict(),
    "an identity of text": lambda state: {**state, "identity": "AdvantageNAS"},
    "a theta of another shape": lambda state: {**state, "theta": torch.zeros(1, 3)},
    "an extra of another shape": lambda state: {**state, "extra": {"expected": torch.zeros(7, 7)}},
}


@pytest.mark.parametrize("make", STATES.values(), ids=STATES)
def test_what_is_no_state_of_a_strategy_is_refused_whole(make):
    strategy = AdvantageNAS(CHOICES, seed=1)
    before = strategy.state_dict()
    with pytest.raises(ResultsError):
        strategy.load_state_dict(make(AdvantageNAS(CHOICES, seed=5).state_dict()))
    after = strategy.state_dict()
    assert torch.equal(before["theta"], after["theta"]) and torch.equal(before["generator"], after["generator"])
    assert torch.equal(before["extra"]["expected"].nan_to_num(), after["extra"]["expected"].nan_to_num())


# -- hooks ------------------------------------------------------------------------------------------------------------
class Says(Hook):
    def __init__(self, *said):
        self.said = said

    def after_epoch(self, run):
        return self.said[run.epoch]


@pytest.mark.parametrize("said", [3, "abc", ["a"], {3: 1}, {"": 1}, {("a",): 1}, {"a": 1j}, {"a": {1, 2}}], ids=repr)
def test_what_cannot_be_a_column_is_refused(said):
    with pytest.raises(SettingError, match=r"Says\.after_epoch"):
        run(hooks=[Says(said, None)])


def test_columns_of_any_epoch_are_kept():
    log = run(3, hooks=[Says({"first": 1}, {"second": 2}, None)])
    assert list(log.frame.columns[-2:]) == ["first", "second"]
    assert log.frame["first"].tolist()[0] == 1 and log.frame["second"].tolist()[1] == 2 and len(log) == 3


# -- batches ----------------------------------------------------------------------------------------------------------
Pair = namedtuple("Pair", ["x", "y"])


@pytest.mark.parametrize(
    "batch",
    [torch.ones(2), (torch.ones(2), 1), [torch.ones(2)], Pair(torch.ones(2), "y"), {"x": [torch.ones(2)], "y": 2}],
)
def test_batches_of_every_form_are_moved(batch):
    moved = on(batch, torch.device("meta"))
    assert type(moved) is type(batch)
    first = moved
    while not isinstance(first, torch.Tensor):
        first = first["x"] if isinstance(first, dict) else first[0]
    assert first.device.type == "meta"


def test_a_search_on_namedtuples():
    class Named(TinyData):
        def train(self, epoch):
            return [Pair(x, 0) for x in super().train(epoch)]

        val = train

    class Net(TinySupernet):
        def loss(self, batch, draw):
            return super().loss(batch.x, draw)

    assert len(run(net=Net(), data=Named())) == 2


# -- modes ------------------------------------------------------------------------------------------------------------
class Breaking(TinySupernet):
    """Fails in its architecture steps."""

    def loss(self, batch, draw):
        if not self.training:
            raise RuntimeError("broken")
        return super().loss(batch, draw)


@pytest.mark.parametrize("training", [True, False])
def test_the_supernet_has_its_mode_afterwards(training):
    net = TinySupernet().train(training)
    log = run(net=net)
    assert net.training is training
    net.train()
    log.run.evaluate(torch.tensor(1.0), one_hot((1, 1, 1, 1), 3))
    assert net.training
    broken = Breaking().train(training)
    with pytest.raises(RuntimeError, match="broken"):
        run(net=broken)
    assert broken.training is training


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_what_the_caller_is_in_does_not_matter(mode):
    net, strategy = TinySupernet(), AdvantageNAS(CHOICES, seed=1, learning_rate=0.1)
    with mode():
        log = run(net=net, strategy=strategy)
        log.run.train_weights(2)
    assert np.array_equal(log.probabilities, run().probabilities)
    with torch.inference_mode():
        net = TinySupernet()
    with pytest.raises(SettingError, match="inference_mode"):
        run(net=net)


# -- what is not finite -----------------------------------------------------------------------------------------------
class OwnWay(oneshot.Strategy):
    """Moves theta without the step of its base class."""

    properties = Reinforce.properties

    def draw(self):
        return one_hot(self.sample().tolist(), 3)

    def update(self, draws, losses):
        with torch.no_grad():
            self.theta += math.nan


def test_a_theta_that_is_moved_in_ones_own_way_is_watched():
    with pytest.raises(Diverged, match="theta, epoch 1, step 1"):
        run(strategy=OwnWay(CHOICES))


def test_weights_that_are_not_finite_at_the_end_are_seen():
    class Last(Hook):
        def after_step(self, run):
            if run.step == run.steps - 1:
                with torch.no_grad():
                    run.supernet.scale[3, 0] = math.inf  # an operation that is never computed

    with pytest.raises(Diverged, match="weights, epoch 1"):
        run(hooks=[Last()])


@pytest.mark.parametrize("name", oneshot.available())
def test_a_gradient_that_is_not_finite_reaches_no_theta(name):
    strategy = getattr(oneshot, name)(CHOICES, seed=0)
    draws = [strategy.draw() for _ in range(strategy.samples)]
    learns_from_weights = any(draw.weights.requires_grad for draw in draws)
    for draw in draws:
        if draw.weights.requires_grad:
            draw.weights.grad = torch.full_like(draw.weights, math.nan)
    if learns_from_weights:
        with pytest.raises(Diverged):
            strategy.update(draws, [1.0] * len(draws), lambda draw: 1.0)
        assert strategy.theta.isfinite().all()


# -- training on ------------------------------------------------------------------------------------------------------
class Written(TinyData):
    """Says which epoch it was asked for, and gives batches that can be told apart."""

    def __init__(self):
        self.asked = []

    def train(self, epoch):
        self.asked.append(epoch)
        return [torch.tensor(10.0 * epoch + i) for i in range(3)]


def test_training_on_goes_on_where_it_was(monkeypatch):
    class Stop(Hook):
        def after_epoch(self, run):
            run.stop("enough")

    data = Written()
    log = run(5, data=data, hooks=[Stop()])
    seen = []
    step = log.run.weight_step
    monkeypatch.setattr(log.run, "weight_step", lambda batch: (seen.append(float(batch)), step(batch))[1])
    rate = log.run.weights.optimizer.param_groups[0]["lr"]
    log.run.train_weights(2, rate=0.001)
    assert log.run.weights.optimizer.param_groups[0]["lr"] == rate
    log.run.train_weights(2)
    log.run.train_weights(3)
    assert seen == [10.0, 11.0, 12.0, 20.0, 21.0, 22.0, 30.0]
    log.run.train_weights(1, data=Written())
    assert seen[-1] == 10.0


@pytest.mark.parametrize("data", [3, TinyData, "train"])
def test_data_to_train_on_is_checked(data):
    with pytest.raises(SettingError, match="data="):
        run().run.train_weights(1, data=data)


@pytest.mark.parametrize("rate", [0, -1, 1e39, math.nan, True, "0.1"])
def test_a_wrong_rate_changes_nothing(rate):
    log = run()
    before = log.run.weights.optimizer.param_groups[0]["lr"]
    with pytest.raises(SettingError, match="rate="):
        log.run.train_weights(1, rate=rate)
    assert log.run.weights.optimizer.param_groups[0]["lr"] == before


def test_training_on_names_its_own_step():
    class Bad(TinyData):
        def train(self, epoch):
            return [torch.tensor(1.0), torch.tensor(math.nan)]

    log = run()
    with pytest.raises(Diverged, match="step 2 of training on"):
        log.run.train_weights(3, data=Bad())


# -- process best -----------------------------------------------------------------------------------------------------
def test_process_best_is_live():
    log = run(6, strategy=Reinforce(CHOICES, seed=2))
    best = log.derive("process_best")
    live = log.strategy.live
    live[0, best[0]] = False
    log.strategy.restrict(live)
    second = log.derive("process_best")
    assert second[0] != best[0] and log.run.best_val >= log.frame["best_val"].iloc[-1]
    live = torch.zeros(4, 3, dtype=torch.bool)
    live[torch.arange(4), torch.tensor(second)] = True
    log.strategy.restrict(live)
    assert log.derive("process_best") == second
    rows = SearchLog(log.frame.to_dict("records"), log.probabilities, log.settings)
    assert rows.derive("process_best") == best


@pytest.mark.parametrize("active", [((2,), (0,), (1,)), ((2, 0), (0,), (0, 1, 2))])
def test_candidates_are_decoded_from_the_scores_of_their_draw(active):
    draw = Draw(torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), active)
    found, decoded = Candidates(), []
    found.add(1.0, draw, lambda scores: decoded.append(scores) or (2, 0, 1))
    found.add(1.0, draw, lambda scores: decoded.append(scores) or (9, 9, 9))
    assert found.best() == (1.0, (2, 0, 1)) and len(decoded) == 1 and torch.equal(decoded[0], draw.scores)


# -- how they show themselves -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", oneshot.available())
def test_strategies_show_themselves_in_a_line(name):
    strategy = getattr(oneshot, name)(CHOICES, learning_rate=0.05)
    assert repr(strategy) == f"<{name}: 4 edges of 3 operations, learning_rate=0.05>"
    live = strategy.live
    live[0, 0] = False
    strategy.restrict(live)
    assert "11 of them live" in repr(strategy)


def test_logs_and_runs_show_themselves_in_a_line():
    log = run()
    assert repr(log).startswith("<SearchLog of AdvantageNAS: 2 epochs, validation loss ") and len(repr(log)) < 120
    assert repr(log.run) == "<Run of AdvantageNAS on TinySupernet: 2 of 2 epochs of 3 steps>"
    assert "SearchLog" in repr(SearchLog(log.frame.to_dict("records"), log.probabilities, {}))


def test_progress_in_a_file_is_lines(monkeypatch, capsys):
    from nascore import bars

    monkeypatch.setattr(bars, "DELAY_S", 0.0)
    monkeypatch.setattr(bars, "LINES_S", 0.0)
    search(TinySupernet(), AdvantageNAS(CHOICES), TinyData(), 2)
    shown = capsys.readouterr().err
    assert "AdvantageNAS" in shown and "\r" not in shown
