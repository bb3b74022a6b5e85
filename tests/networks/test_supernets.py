"""Cell supernets against one module per operation, and against single networks trained for digits201."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nascore.bench.naive_supernet import NaiveSupernet
from nascore.data.images import ImageData
from nascore.errors import SettingError
from nascore.networks.choices import Draw, one_hot
from nascore.networks.fleet import Fleet
from nascore.networks.ops.fused import average_pool
from nascore.networks.ops.registry import operation
from nascore.networks.supernets.cell import CellSupernet, digits201_supernet, nasbench201_supernet, without_none
from nascore.spaces import NASBench201
from nascore.spaces.cell import CellSpace

EDGES = 6


def batch(n=4, channels=3, size=8, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, channels, size, size, generator=g).double(), torch.randint(10, (n,), generator=g)


def small(**options):
    return nasbench201_supernet(4, 1, **options).double()


def draws(ops=5):
    """Dense, two-hot, and one-hot draws; with and without a gradient along the weights."""
    g = torch.Generator().manual_seed(1)
    dense = torch.softmax(torch.randn(EDGES, ops, generator=g), 1).double()
    two = torch.zeros(EDGES, ops).double()
    pairs = [(0, 3), (1, 2), (2, 4), (3, 4), (0, 1), (2, 3)]
    for edge, pair in enumerate(pairs):
        two[edge, list(pair)] = torch.tensor([0.3, 0.7]).double()
    for wants in (True, False):
        yield Draw(dense.clone().requires_grad_(wants), (tuple(range(ops)),) * EDGES)
        yield Draw(two.clone().requires_grad_(wants), tuple(pairs))
        for arch in ((3, 3, 3, 3, 3, 3), (0, 1, 2, 3, 4, 1), (1, 0, 0, 4, 2, 0)):
            sparse = one_hot(arch, ops)
            yield Draw(sparse.weights.double().requires_grad_(wants), sparse.active)


@pytest.mark.parametrize("number,draw", enumerate(draws()))
def test_equals_one_module_per_operation(number, draw):
    net = small()
    naive = NaiveSupernet(net)
    results = []
    for network in (net, naive):
        draw.weights.grad = None
        loss = network.loss(batch(), draw)
        loss.backward()
        results.append((loss.detach(), draw.weights.grad, network.stem[0].weight.grad))
    (a, da, wa), (b, db, wb) = results
    assert torch.allclose(a, b, atol=1e-12)
    assert torch.allclose(wa, wb, atol=1e-10) and wa.abs().max() > 1e-4
    if draw.weights.requires_grad:
        active = torch.zeros(EDGES, 5, dtype=torch.bool)
        for edge, ops in enumerate(draw.active):
            active[edge, list(ops)] = True
        assert torch.allclose(da, db, atol=1e-10) and not da[~active].any()
        dead = number in (4,)  # the last cell's only paths may be cut by "none"
        assert dead or da[active].abs().max() > 1e-4


def test_gradients_of_kernels_equal_the_naive_ones_and_others_have_none():
    net = small()
    naive = NaiveSupernet(net)
    draw = next(iter(draws()))
    sparse = one_hot((3, 2, 3, 1, 4, 2), 5)
    for chosen, many in ((draw, True), (Draw(sparse.weights.double(), sparse.active), False)):
        for network in (net, naive):
            network.zero_grad()
            network.loss(batch(), chosen).backward()
        seen = 0
        for ours, theirs in zip(net.stages, naive.stages, strict=True):
            for name, kernel in ours[0].kernels.items():
                edge, op = map(int, name.split("_"))
                expected = theirs[0].edges[edge][op][1].weight.grad
                if expected is None:
                    assert kernel.grad is None
                else:
                    seen += 1
                    assert torch.allclose(kernel.grad, expected, atol=1e-7)  # the loss is float32
        assert seen == (36 if many else 12)


def test_layout_changes_nothing():
    draw = next(iter(draws()))
    a, b = (small(channels_last=flag)(batch()[0], draw) for flag in (True, False))
    assert torch.allclose(a, b, atol=1e-12)


def test_bfloat16_is_close():
    net = nasbench201_supernet(8, 1)
    images, labels = batch(16)
    draw = Draw(torch.full((EDGES, 5), 0.2, requires_grad=True), (tuple(range(5)),) * EDGES)
    with torch.autocast("cpu", torch.bfloat16):
        loss = net.loss((images.float(), labels), draw)
    loss.backward()
    rough = draw.weights.grad.clone()
    draw.weights.grad = None
    exact = net.loss((images.float(), labels), draw)
    exact.backward()
    assert loss.dtype == torch.float32 and abs(float(loss.detach() - exact.detach())) < 0.05
    assert F.cosine_similarity(rough.flatten(), draw.weights.grad.flatten(), dim=0) > 0.95


def test_only_active_operations_are_computed():
    """Kernels that are not active may hold NaN."""
    net = small()
    arch = (3, 2, 1, 4, 0, 3)
    for stage in net.stages:
        for name, kernel in stage[0].kernels.items():
            edge, op = map(int, name.split("_"))
            if arch[edge] != op:
                kernel.data.fill_(torch.nan)
    draw = one_hot(arch, 5)
    assert torch.isfinite(net(batch()[0], Draw(draw.weights.double(), draw.active))).all()


def test_a_weight_of_zero_removes_an_edge():
    """Equation 6: (s_i, 0) is the cell with "none" on edge i."""
    net = small()
    arch = [3, 2, 1, 4, 3, 2]
    draw = one_hot(arch, 5)
    weights = draw.weights.double()
    weights[4] = 0
    arch[4] = 0
    none = one_hot(arch, 5)
    images = batch()[0]
    cut, removed = Draw(weights, draw.active), Draw(none.weights.double(), none.active)
    assert torch.allclose(net(images, cut), net(images, removed), atol=1e-12)


def test_constants_give_every_operation_a_derivative():
    net = small()
    arch = (3, 2, 1, 4, 0, 3)
    sparse = one_hot(arch, 5)
    weights = sparse.weights.double()
    plain = Draw(weights.clone().requires_grad_(), sparse.active)
    marked = Draw(weights.clone().requires_grad_(), sparse.active, constants=True)
    losses = []
    for draw in (plain, marked):
        loss = net.loss(batch(), draw)
        loss.backward()
        losses.append(float(loss.detach()))
    assert losses[0] == losses[1]
    chosen = weights.bool()
    assert torch.allclose(plain.weights.grad[chosen], marked.weights.grad[chosen])
    assert not plain.weights.grad[~chosen].any()
    others = marked.weights.grad[~chosen].view(EDGES, 4)
    assert (others == others[:, :1]).all() and torch.equal(others[3], others[5])  # both end in the last node
    assert others.abs().max() > 0


@pytest.mark.parametrize("kernel", [3, 5])
def test_average_pool_counts_pixels_inside_only(kernel):
    x = torch.randn(2, 3, 7, 6).double().requires_grad_()
    expected = F.avg_pool2d(x, kernel, 1, kernel // 2, count_include_pad=False)
    assert torch.allclose(average_pool(x, kernel), expected)
    assert torch.autograd.gradcheck(lambda y: average_pool(y, kernel), x[:1, :1, :4, :4])


def test_digits_supernet_is_the_network_the_table_was_trained_with():
    """With the fleet's weights and affine parameters at their start, one draw gives the fleet's logits."""
    arch = (3, 2, 4, 1, 3, 2)
    net, fleet = digits201_supernet((8, 16, 16), seed=3), Fleet([arch], (8, 16, 16), seed=5)
    with torch.no_grad():
        net.stem[0].weight.copy_(fleet.stem.weight)
        for ours, theirs in zip(net.reductions, fleet.reductions, strict=True):
            ours[2].weight.copy_(theirs.weight)
        for ours, theirs in zip(net.stages, fleet.stages, strict=True):
            for edge, op in enumerate(arch):
                if f"{edge}_{op}" in ours[0].kernels:
                    name = NASBench201().ops[op]
                    ours[0].kernels[f"{edge}_{op}"].copy_(theirs.convolutions[f"{edge}_{name}"].weight)
        net.head.weight.copy_(fleet.weight[0].T)
        images = torch.randn(6, 1, 10, 10)
        assert torch.allclose(net(images, one_hot(arch, 5)), fleet.train()(images)[:, 0], atol=1e-5)


def test_statistics():
    images, labels = batch(8)
    draw = Draw(torch.full((EDGES, 5), 0.2).double(), (tuple(range(5)),) * EDGES)
    by_batch, running = small(), small(statistics="running")
    assert torch.equal(by_batch.eval()(images, draw), by_batch.train()(images, draw))
    before = running.eval()(images, draw)
    for _ in range(40):
        trained = running.train()(images, draw)
    assert torch.allclose(trained, by_batch(images, draw))
    after = running.eval()(images, draw)
    assert not torch.allclose(before, after, atol=1e-2) and torch.allclose(after, trained, atol=0.5)
    # an operation that never ran keeps its statistics
    alone = small(statistics="running")
    sparse = one_hot((3,) * 6, 5)
    alone.train()(images, Draw(sparse.weights.double(), sparse.active))
    cell = alone.stages[0][0]
    assert cell.mean[0, 3].any() and not cell.mean[0, 2].any()
    found = alone.train().measures((images, labels), Draw(sparse.weights.double(), sparse.active))
    assert set(found) == {"loss", "accuracy"} and 0 <= found["accuracy"] <= 100 and alone.training


def test_choices_follow_the_space():
    net = nasbench201_supernet(4, 1, space=without_none())
    assert net.choices.ops == ("skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
    assert net.choices.zero is None
    assert nasbench201_supernet(4, 1).choices.zero == 0
    assert net.settings["statistics"] == "batch"
    a, b = (nasbench201_supernet(4, 1, seed=7) for _ in range(2))
    assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_further_operations_of_one_kind_have_weights_of_their_own():
    space = CellSpace(2, ("nor_conv_3x3", "nor_conv_3x3.2", "avg_pool_5x5"))
    net = CellSupernet(space, (4,), 1)
    images = torch.randn(3, 3, 6, 6)
    assert not torch.allclose(net(images, one_hot((0,), 3)), net(images, one_hot((1,), 3)), atol=1e-3)
    assert torch.isfinite(net(images, one_hot((2,), 3))).all()
    assert operation("nor_conv_5x5").kernel == 5 and operation("skip_connect").fused == "skip_connect"


@pytest.mark.parametrize(
    "make,word",
    [
        (lambda: operation("conv_4x4"), "conv_4x4"),
        (lambda: operation("nor_conv_4x4"), "odd"),
        (lambda: small(statistics="global"), "statistics='global'"),
        (lambda: small(seed=-1), "seed=-1"),
        (lambda: nasbench201_supernet(0), "channels=0"),
        (lambda: nasbench201_supernet(4, cells=1.5), "cells=1.5"),
        (lambda: CellSupernet(NASBench201(), (), 1), "widths is empty"),
        (lambda: CellSupernet(NASBench201(), (4,), 1, reduction="none"), "reduction"),
        (lambda: small()(batch()[0], one_hot((0, 1), 5)), "shape"),
        (lambda: ImageData((np.zeros((9, 8)), np.zeros(9)), (np.zeros((9, 8)), np.zeros(9))), "train"),
        (lambda: images_data(batch=0), "batch=0"),
        (lambda: images_data(batch=10), "batch=10"),
        (lambda: images_data(augment="flip"), "augment='flip'"),
    ],
)
def test_bad_settings_are_named(make, word):
    with pytest.raises(SettingError, match=word):
        make()


def images_data(train=9, val=5, **options):
    def pool(n, offset):
        images = np.zeros((n, 1, 6, 6), np.float32)
        images += np.arange(offset, offset + n)[:, None, None, None]
        return images, np.arange(n)

    return ImageData(pool(train, 1), pool(val, 100), **{"batch": 2, **options})


def test_batches_are_as_many_and_depend_on_seed_and_epoch():
    data = images_data()
    train, val = list(data.train(0)), list(data.val(0))
    assert len(train) == len(val) == len(data.train(0)) == 4
    values = [float(image[0, 0, 0]) for images, _ in train for image in images]
    assert len(set(values)) == 8 and all(images.shape == (2, 1, 6, 6) for images, _ in train)
    for images, labels in train:
        assert torch.equal(images[:, 0, 0, 0].long() - 1, labels)
    again, other, seeded = list(data.train(0)), list(data.train(1)), list(images_data(seed=1).train(0))
    assert all(torch.equal(a[1], b[1]) for a, b in zip(train, again, strict=True))
    assert not all(torch.equal(a[1], b[1]) for a, b in zip(train, other, strict=True))
    assert not all(torch.equal(a[1], b[1]) for a, b in zip(train, seeded, strict=True))
    seen = [int(label) for _, labels in val for label in labels]
    assert len(seen) == 8 and set(seen) == set(range(5))  # five images, all of them before any comes again


def test_crop_and_flip():
    image = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8) + 1
    pool = np.repeat(image, 64, 0), np.zeros(64, int)
    data = ImageData(pool, pool, batch=64, augment="crop-flip")
    (images,) = (images for images, _ in data.train(0))
    inside = (images > 0).flatten(1)
    assert (images - torch.from_numpy(image)).abs().flatten(1).sum(1).bool().sum() > 50  # nearly all moved
    steps = images[:, 0, 4, 4] - images[:, 0, 4, 3]
    assert {1.0, -1.0} <= set(steps.tolist())  # some flipped
    assert inside.sum(1).min() >= 16 and set(images.unique().tolist()) <= set(range(65))
    (kept,) = (images for images, _ in data.val(0))
    assert torch.equal(kept[0], torch.from_numpy(image[0]))
