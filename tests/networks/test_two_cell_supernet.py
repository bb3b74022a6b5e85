"""DARTS's search network against one module per operation; what it decodes; partial channels; its doors."""

from __future__ import annotations

import pytest
import torch

import nascore as nc
from nascore.bench.naive_two_cells import NaiveTwoCells
from nascore.errors import SettingError
from nascore.networks import TwoCellSupernet, build, darts_supernet
from nascore.networks.choices import Draw, one_hot
from nascore.spaces.two_cells import edge_index


def batch(n=4, channels=3, size=8, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, channels, size, size, generator=g).double(), torch.randint(10, (n,), generator=g)


def small(space="s5", **options):
    return darts_supernet(space, **{"channels": 4, "cells": 3, **options}).double()


def dense(net, seed=1, wants=True):
    scores = torch.randn(net.choices.edges, len(net.choices.ops), generator=torch.Generator().manual_seed(seed))
    mask = net.choices.mask()
    weights = torch.softmax(scores.masked_fill(~mask, -torch.inf), 1).double().requires_grad_(wants)
    return Draw(weights, tuple(tuple(row.nonzero().flatten().tolist()) for row in mask))


def sparse(net, seed=2, wants=True):
    rng, arch = torch.Generator().manual_seed(seed), []
    for row in net.choices.mask():
        allowed = row.nonzero().flatten().tolist()
        arch.append(allowed[int(torch.randint(len(allowed), (1,), generator=rng))])
    made = one_hot(tuple(arch), len(net.choices.ops))
    return Draw(made.weights.double().requires_grad_(wants), made.active)


def gradients(network, draw, of):
    draw.weights.grad = None
    for each in network.parameters():
        each.grad = None
    loss = network.loss(batch(), draw)
    loss.backward()
    return loss.detach(), draw.weights.grad, {name: each.grad for name, each in of(network)}


def kernels(network):
    cells = network.cells if isinstance(network, NaiveTwoCells) else [c for stage in network.stages for c in stage]
    for place, cell in enumerate(cells):
        for name, made in cell.operations.items():
            for number, each in enumerate(made.parameters()):
                yield (place, name, number), each


@pytest.mark.parametrize("kind", [dense, sparse])
@pytest.mark.parametrize("wants", [True, False])
@pytest.mark.parametrize(
    "options",
    [{}, {"space": "s1"}, {"space": "s2"}, {"channels": 24, "space": "s3"}, {"channels": 12}, {"partial": 2},
     {"channels_last": False}],
    ids=str,
)  # fmt: skip
def test_equals_one_module_per_operation(options, kind, wants):
    net = small(**options)
    naive, draw = NaiveTwoCells(net), kind(net, wants=wants)
    (a, da, wa), (b, db, wb) = (gradients(each, draw, kernels) for each in (net, naive))
    assert torch.allclose(a, b, atol=1e-10)
    assert wa.keys() == wb.keys()
    for key, found in wa.items():
        assert (found is None) == (wb[key] is None), key
        assert found is None or torch.allclose(found, wb[key], atol=1e-8), key
    if wants:
        assert torch.allclose(da, db, atol=1e-8) and da.abs().max() > 1e-4
    if kind is sparse:
        assert any(found is None for found in wa.values())  # what is not drawn does not learn


def test_odd_sides_and_one_colour():
    net = small("s2", inputs=1, cells=5)
    images, labels = batch(6, 1, 10)
    draw = dense(net)
    expected = NaiveTwoCells(net).loss((images, labels), draw)
    assert torch.allclose(net.loss((images, labels), draw), expected, atol=1e-10)


def test_noise_is_drawn_anew():
    net = small("s4")
    draw = dense(net, wants=False)
    torch.manual_seed(0)
    first, second = net.loss(batch(), draw), net.loss(batch(), draw)
    torch.manual_seed(0)
    assert first != second and first == net.loss(batch(), draw)


def test_second_derivatives_exist():
    net, draw = small("s1"), None
    draw = dense(net)
    (first,) = torch.autograd.grad(net.loss(batch(), draw), draw.weights, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), draw.weights)
    assert second.abs().max() > 0


def test_a_node_without_anything_is_nothing():
    net = small(space="s5")
    none = one_hot((net.choices.zero,) * net.choices.edges, len(net.choices.ops))
    logits = net(batch()[0], Draw(none.weights.double(), none.active))
    assert torch.allclose(logits, net.head.bias.expand_as(logits))


def test_constants_have_a_gradient_and_change_nothing():
    net = small("s2")
    draw = sparse(net)
    draw.constants = True
    loss = net.loss(batch(), draw)
    loss.backward()
    plain = sparse(net)
    assert torch.allclose(loss, net.loss(batch(), plain))
    assert (draw.weights.grad != 0).all()


# -- what scores stand for --------------------------------------------------------------------------------------------
def test_two_edges_of_a_node_by_their_best_operation_without_none():
    net = small()
    ops = net.choices.ops
    scores = torch.full((28, len(ops)), 0.01)
    scores[:, ops.index("none")] = 0.9  # never chosen
    for state, value in ((0, 0.2), (1, 0.5), (2, 0.3)):  # node 1 of the normal cell
        scores[edge_index(state, 1), ops.index("sep_conv_3x3")] = value
    scores[14 + edge_index(3, 2), ops.index("skip_connect")] = 0.4  # node 2 of the reduction cell
    arch = net.decode(scores)
    normal, reduce = (net.space.cell(arch, kind) for kind in ("normal", "reduce"))
    assert normal[2:4] == [("sep_conv_3x3", 1), ("sep_conv_3x3", 2)]
    assert reduce[4:6] == [("max_pool_3x3", 0), ("skip_connect", 3)]  # of equal ones the first
    assert "none" not in net.space.format(arch)
    assert build(net.space, arch, channels=4, cells=3)(batch()[0].float()).shape == (4, 10)


def test_a_searched_architecture_is_one_of_the_space():
    net = darts_supernet("s2", channels=4, cells=3)
    images, labels = batch(32)
    pool = images.float(), labels
    data = nc.networks.ImageData(pool, pool, batch=8, seed=0)
    one = nc.search.oneshot
    for strategy in (one.DARTS, one.GDAS, one.AdvantageNAS):
        log = one.search(net, strategy(net.choices, seed=0), data, epochs=1, steps_per_epoch=2, progress=False)
        assert log.derive() in net.space


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: darts_supernet("s9"), "s9"),
        (lambda: TwoCellSupernet(nc.spaces.NASBench201()), "space="),
        (lambda: TwoCellSupernet(nc.spaces.NDSSpace("enas")), "space=.*different states"),
        (lambda: darts_supernet("s2", cells=2), "cells=2"),
        (lambda: darts_supernet("s2", channels=8, partial=3), "partial=3"),
        (lambda: darts_supernet("s2", channels=4, partial=4), "partial=4"),
        (lambda: small().decode(torch.zeros(3, 3)), "scores of shape"),
        (lambda: small("s2")(batch()[0], one_hot((0,) * 14, 2)), "weights have shape"),
        (lambda: darts_supernet("s1")(batch()[0].float(), one_hot((0,) * 28, 6)), "where the space allows"),
        (lambda: small("s2").float()(batch()[0], dense(small("s2"))), "float64"),
    ],
    ids=range(10),
)
def test_wrong_input_is_named(make, words):
    with pytest.raises(SettingError, match=words):
        make()
