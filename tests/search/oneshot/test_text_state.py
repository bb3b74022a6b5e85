"""A text's state belongs to its stream: whatever a strategy evaluates besides, reading goes on where reading was."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nascore.data.text import AlternatingSegments, Stream, markov_text
from nascore.errors import SettingError
from nascore.networks.choices import Draw, one_hot
from nascore.networks.supernets.recurrent import RecurrentSupernet
from nascore.search.oneshot import DARTS, PARSEC, AdvantageNAS, Hook, Reinforce, search, unrolled

WORDS, UNITS, STEPS = 12, 5, 4
TEXT = markov_text(WORDS, 400, 1)
STRATEGIES = {
    "one draw": lambda choices: Reinforce(choices),
    "gradient": lambda choices: AdvantageNAS(choices),
    "counterfactuals": lambda choices: AdvantageNAS(choices, exact=True),
    "many draws": lambda choices: PARSEC(choices),
    "unrolled": lambda choices: DARTS(choices, order=2),
}


class Recording(RecurrentSupernet):
    """Keeps (training, stream, position, state before, state after) of every loss."""

    def __init__(self):
        super().__init__(WORDS, UNITS, dropout=0.0, seed=3)
        self.passes = []
        with torch.no_grad():
            for parameter in self.parameters():
                parameter *= 10  # so that states matter

    def _run(self, batch, state, draw):
        total, after = super()._run(batch, state, draw)
        self.passes.append((self.training, batch.stream, batch.position, state.clone(), after.detach().clone()))
        return total, after


class TwoStreams:
    """Training and validation text of their own, numbered alike."""

    def __init__(self):
        self.settings = {}
        self.streams = Stream(TEXT.train, 4, 6), Stream(TEXT.train[::-1].copy(), 4, 6)

    def train(self, epoch):
        return list(self.streams[0])

    def val(self, epoch):
        return list(self.streams[1])


def passes(strategy, data):
    net = Recording()
    search(net, STRATEGIES[strategy](net.choices), data, 1, steps_per_epoch=STEPS, progress=False, clip=0.25)
    return net.passes


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_two_streams_do_not_meet(strategy):
    data = TwoStreams()
    found = passes(strategy, data)
    ends = {}
    for training, stream, position, before, after in found:
        if position:
            assert torch.equal(before, ends[stream, position - 1])
        else:
            assert not before.any()
        if training or strategy == "many draws" or (stream, position) not in ends:  # of many draws the last one
            ends[stream, position] = after
    assert {stream for _, stream, *_ in found} == {each.number for each in data.streams}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_text_is_read_from_start_to_end(strategy):
    """Every pass over a segment starts from one state: the end of the segment before it, as it was read."""
    found = passes(strategy, AlternatingSegments(Stream(TEXT.train, 4, 6)))
    assert {position for _, _, position, *_ in found} == set(range(2 * STEPS))
    for position in range(1, 2 * STEPS):
        starts = [before for _, _, at, before, _ in found if at == position]
        ends = [after for training, _, at, _, after in found if at == position - 1 and (training or at % 2)]
        assert all(torch.equal(start, starts[0]) for start in starts) and starts[0].any()
        read = ends[-1] if strategy == "many draws" else ends[0]  # of many draws the last one
        assert torch.equal(starts[0], read)


def test_counterfactuals_are_not_what_was_read():
    found = passes("counterfactuals", AlternatingSegments(Stream(TEXT.train, 4, 6)))
    ends = [after for _, _, position, _, after in found if position == 1]
    assert len(ends) == 1 + 6 and not torch.equal(ends[0], ends[-1])


def test_the_second_order_is_that_of_the_carried_state():
    """The unrolled gradient against central differences of L_val(w - rate dL_train / dw), both from carried states."""
    net = Recording().double().eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter /= 2.5  # the finite difference inside is exact to first order only
    training, validation = Stream(TEXT.train, 4, 6), Stream(TEXT.train[::-1].copy(), 4, 6)
    start = one_hot((1, 3, 2, 0, 2, 1), 5)
    for stream in (training, validation):
        net.loss(stream[0], start)
        net.advance()
    parameters, rate = list(net.parameters()), 0.05
    mixing = torch.rand(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def draw(weights):
        return Draw(weights, (tuple(range(5)),) * 6)

    def unrolled_loss(weights):
        with torch.no_grad():
            kept = [p.clone() for p in parameters]
        gradients = torch.autograd.grad(net.loss(training[1], draw(weights)), parameters, allow_unused=True)
        with torch.no_grad():
            for p, g in zip(parameters, gradients, strict=True):
                p -= 0 if g is None else rate * g
            value = float(net.loss(validation[1], draw(weights)))
            for p, old in zip(parameters, kept, strict=True):
                p.copy_(old)
        return value

    asked = draw(mixing.clone().requires_grad_())
    unrolled.backward(
        lambda: net.loss(training[1], asked), lambda: net.loss(validation[1], asked), asked, parameters, rate
    )
    for edge, op in ((0, 1), (2, 3), (5, 0)):
        step = torch.zeros(6, 5, dtype=torch.float64)
        step[edge, op] = 1e-5
        expected = (unrolled_loss(mixing + step) - unrolled_loss(mixing - step)) / 2e-5
        assert float(asked.weights.grad[edge, op]) == pytest.approx(expected, rel=0.02, abs=1e-4)


def test_what_is_measured_leaves_no_state():
    net, stream = Recording(), Stream(TEXT.train, 4, 6)
    draw = one_hot((1, 3, 2, 0, 2, 1), 5)
    expected = [float(net.loss(segment, draw)) for segment in stream]
    found = []
    for segment in stream:
        net.measures(segment, draw)
        net.eval()
        net.loss(segment, one_hot((2,) * 6, 5))
        net.train()
        net.perplexity(stream, draw)
        found.append(float(net.loss(segment, draw)))
    assert found == expected


def test_the_mode_comes_back_after_an_error():
    net, stream = Recording(), Stream(TEXT.train, 4, 6)
    broken = one_hot((1, 3, 2, 0, 2, 1), 5)
    broken.weights = broken.weights[:2]
    for call in (lambda: net.measures(stream[0], broken), lambda: net.perplexity(stream, broken)):
        with pytest.raises(SettingError):
            call()
        assert net.training


class Watch(Hook):
    """A hook that evaluates what it likes."""

    def after_step(self, run):
        for batch in run.batches("train", run.epoch):
            run.evaluate(batch, one_hot((2,) * 6, 5))


def test_a_hook_that_evaluates_changes_nothing():
    def losses(hooks):
        net = RecurrentSupernet(WORDS, UNITS, dropout=0.0, seed=3)
        data = AlternatingSegments(Stream(TEXT.train, 4, 6))
        log = search(net, DARTS(net.choices), data, 2, steps_per_epoch=STEPS, progress=False, hooks=hooks)
        return log.frame[["train_loss", "val_loss"]].to_numpy()

    class InEvaluation(Watch):
        def after_step(self, run):
            run.supernet.eval()
            super().after_step(run)

    assert np.array_equal(losses([]), losses([InEvaluation()]))
