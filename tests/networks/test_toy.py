"""The toy supernet against one module per operation, its derivatives, and its batches."""

from __future__ import annotations

import pytest
import torch

from nascore.bench.naive_toy import NaiveToySupernet
from nascore.errors import SettingError
from nascore.networks.choices import Draw, one_hot
from nascore.networks.supernets.toy import ToyData, ToySupernet, random_loss

EDGES, OPS = 4, 5
GENERATOR = torch.Generator().manual_seed(3)
WEIGHTS = torch.rand(EDGES, OPS, generator=GENERATOR)
DRAWS = {
    "one": ((2,), (0,), (4,), (1,)),
    "two": ((2, 0), (0, 3), (4, 1), (1, 2)),
    "all": (tuple(range(OPS)),) * EDGES,
    "ragged": ((0, 1, 2), (3,), (), (4, 0)),
}


def nets(trainable=False):
    net = ToySupernet(EDGES, OPS, seed=1, trainable=trainable)
    with torch.no_grad():  # biases start at 0, where a forgotten one would not show
        net.bias.copy_(torch.randn(EDGES * OPS, generator=torch.Generator().manual_seed(2)))
    return net, NaiveToySupernet(net)


def derivatives(net, batch, active):
    draw = Draw(WEIGHTS.clone().requires_grad_(), active)
    loss = net.loss(batch, draw)
    return loss.detach(), torch.autograd.grad(loss, draw.weights)[0]


@pytest.mark.parametrize("kind", ["one", "two", "all"])
def test_the_same_as_one_module_per_operation(kind):
    net, naive = nets()
    batch = ToyData(net, seed=5).test(0)
    (loss, gradient), (wanted, expected) = (derivatives(each, batch, DRAWS[kind]) for each in (net, naive))
    torch.testing.assert_close(loss, wanted)
    torch.testing.assert_close(gradient, expected)
    assert float(gradient.abs().max()) > 0


def test_weights_of_operations_that_are_not_active_are_not_read():
    net, _ = nets()
    images = ToyData(net).test(0)[0]
    inside = torch.zeros(EDGES, OPS)
    for i, active in enumerate(DRAWS["ragged"]):
        inside[i, list(active)] = WEIGHTS[i, list(active)]
    everything = net(images, Draw(inside, DRAWS["all"]))
    torch.testing.assert_close(net(images, Draw(WEIGHTS, DRAWS["ragged"])), everything)


def test_weight_steps_give_the_same_gradients_and_leave_other_filters_alone():
    net, naive = nets(trainable=True)
    batch = ToyData(nets()[0], seed=5).test(0)
    draw = one_hot((2, 0, 4, 1), OPS)
    for each in (net, naive):
        each.loss(batch, draw).backward()
    rows = [i * OPS + op for i, op in enumerate(draw.arch)]
    for row, op in zip(rows, draw.arch, strict=True):
        expected = naive.filters[row // OPS][op]
        torch.testing.assert_close(net.filters.grad[row], expected.weight.grad.flatten())
        torch.testing.assert_close(net.bias.grad[row], expected.bias.grad[0])
    others = [row for row in range(EDGES * OPS) if row not in rows]
    assert not net.filters.grad[others].any() and net.filters.grad[rows].any(1).all()


def test_tanh_comes_after_mixing():
    net, _ = nets()
    images = ToyData(net).test(0)[0]
    half = net(images, Draw(0.5 * one_hot((0,) * EDGES, OPS).weights, DRAWS["all"]))
    assert not torch.allclose(half, 0.5 * net(images, one_hot((0,) * EDGES, OPS)), rtol=1e-2)


def test_constants_change_derivatives_only():
    net, _ = nets()
    batch = ToyData(net).test(0)
    plain, marked = (one_hot((2, 0, 4, 1), OPS, requires_grad=True) for _ in range(2))
    marked.constants = True
    losses = [net.loss(batch, draw) for draw in (plain, marked)]
    assert torch.equal(*losses)
    first, second = (torch.autograd.grad(loss, draw.weights)[0] for loss, draw in zip(losses, (plain, marked)))
    chosen = plain.weights.bool()
    torch.testing.assert_close(first[chosen], second[chosen])
    assert not first[~chosen].any() and second[~chosen].all()


def test_changed_images_are_seen():
    net, _ = nets()
    images, draw = torch.rand(3, 1, 13, 13), one_hot((2, 0, 4, 1), OPS)
    before = net(images, draw)
    images.mul_(0.5)
    assert not torch.allclose(net(images, draw), before)
    torch.testing.assert_close(net(images, draw), net(images.clone(), draw))


def test_the_teacher_has_no_loss_and_others_do():
    net, _ = nets()
    data = ToyData(net, seed=4)
    assert net.measures(data.test(0), data.draw)["loss"] == 0
    for i in range(EDGES):
        wrong = list(data.arch)
        wrong[i] = (wrong[i] + 1) % OPS
        assert net.measures(data.test(0), one_hot(wrong, OPS))["loss"] > 1e-4
    assert random_loss(data) > 1e-3


def test_batches_are_fresh_and_repeat_with_the_seed():
    net, _ = nets()
    data = ToyData(net, batch=7, steps=3, seed=4)
    images = [image for name in ("train", "val") for epoch in (0, 1) for image, _ in getattr(data, name)(epoch)]
    images.append(data.test(0)[0])
    assert len({image.sum().item() for image in images}) == 13 and len(data.val(0)) == 3
    assert all(image.shape == (7, 1, 13, 13) and -1 <= image.min() < -0.9 < 0.9 < image.max() <= 1 for image in images)
    again = ToyData(net, batch=7, steps=3, seed=4)
    assert all(torch.equal(a, b) for a, b in zip(next(iter(data.val(1))), next(iter(again.val(1))), strict=True))
    assert not torch.equal(ToyData(net, batch=7, seed=5).test(0)[0], data.test(0)[0])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: ToySupernet(0),
        lambda: ToySupernet(ops=1),
        lambda: ToySupernet(seed=-1),
        lambda: ToySupernet(trainable=1),
        lambda: ToyData(ToySupernet(trainable=True)),
        lambda: ToyData(ToySupernet(), (0,) * 9),
        lambda: ToyData(ToySupernet(), (10,) * 10),
        lambda: ToyData(ToySupernet(), batch=0),
        lambda: ToySupernet()(torch.zeros(2, 1, 12, 12), one_hot((0,) * 10, 10)),
        lambda: ToySupernet()(torch.zeros(2, 1, 13, 13), one_hot((0,) * 10, 9)),
    ],
)
def test_bad_input(wrong):
    with pytest.raises(SettingError):
        wrong()


def test_a_draw_without_any_operation_gives_nothing():
    net = ToySupernet(edges=3, ops=4)
    images = torch.ones(2, 1, 13, 13)
    assert not net(images, Draw(torch.ones(3, 4), ((), (), ()))).any()
