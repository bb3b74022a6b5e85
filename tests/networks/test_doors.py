"""What networks and supernets are given: each wrong value is one clear error, and nothing is computed silently."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import nn

import nascore as nc
from nascore.data import cifar10
from nascore.errors import ArchitectureError, NascoreError, SettingError
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.networks.ops import Operation, operation, register
from nascore.networks.ops import registry as ops_registry
from nascore.networks.ops.fused import _window, average_pool
from nascore.networks.skeletons import StackedCells
from nascore.networks.supernets.cell import CellSupernet, digits201_supernet, nasbench201_supernet, without_none
from nascore.networks.supernets.recurrent import RecurrentSupernet
from nascore.networks.supernets.toy import ToyData, ToySupernet

SPACE = nc.spaces.NASBench201()
ARCH = (1, 2, 3, 4, 3, 2)


def images(n=4, inputs=1, side=10, **options):
    return torch.rand(n, inputs, side, side, generator=torch.Generator().manual_seed(0), **options)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Choices(2, "abc"),
        lambda: Choices(2, (1, 2)),
        lambda: Choices(2, ("a", "a")),
        lambda: Choices(2, ("a", "")),
        lambda: Choices(2, 3),
        lambda: Choices(2, {"a", "b"}),
        lambda: Choices(True, ("a", "b")),
        lambda: Choices(2, ("a", "b"), zero=2),
        lambda: Choices(2, ("a", "b"), zero=True),
        lambda: Choices(2, ("a", "b"), allowed=3),
        lambda: Choices(2, ("a", "b"), allowed=(1, 1)),
        lambda: Choices(2, ("a", "b"), allowed=((0, 1), ())),
        lambda: Choices(2, ("a", "b"), allowed=((0, 0), (1,))),
        lambda: Choices(2, ("a", "b"), allowed=((0, True), (1,))),
        lambda: Choices(2, ("a", "b"), allowed=((0, 2), (1,))),
        lambda: Choices(2, ("a", "b"), allowed=((0,),)),
        lambda: Choices(2, ("a", "b"), allowed="01"),
        lambda: Choices(2, ("a", "b"), allowed=np.array([[0, 2], [1, 0]])),
        lambda: one_hot((9,), 3),
        lambda: one_hot((-1,), 3),
        lambda: one_hot((True,), 3),
        lambda: one_hot((0.0,), 3),
        lambda: one_hot(3, 3),
        lambda: one_hot((0,), 3.0),
    ],
)
def test_choices_and_draws(call):
    with pytest.raises(SettingError):
        call()


def test_numpy_integers_are_choices_too():
    found = Choices(np.int64(2), ["a", "b"], np.int8(1), np.array([[0, 1], [1, 0]]))
    assert found == Choices(2, ("a", "b"), 1, ((0, 1), (1, 0))) and type(found.allowed[0][0]) is int
    assert torch.equal(one_hot(np.array([2, 0]), np.int64(3)).weights, one_hot((2, 0), 3).weights)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: nc.networks.build(SPACE, ARCH, widths=3), "widths=3"),
        (lambda: nc.networks.build(SPACE, ARCH, widths=(8.5,)), "8.5"),
        (lambda: nc.networks.build(SPACE, ARCH, widths=()), "widths"),
        (lambda: nc.networks.build(SPACE, ARCH, channels=8, widths=(8,)), "one of them"),
        (lambda: nc.networks.build(SPACE, ARCH, stem=2), "stem=2.*odd"),
        (lambda: nc.networks.build(SPACE, ARCH, zz=1), "zz=1.*unknown"),
        (lambda: nc.networks.build(SPACE, ARCH, reductoin="pooled"), "reduction"),
        (lambda: nc.networks.build(SPACE, ARCH, channels=True), "channels=True"),
        (lambda: nc.networks.build(3, ARCH), "space=3"),
        (lambda: nc.networks.build(SPACE, ARCH, seed=-1), "seed=-1"),
        (lambda: StackedCells(1, (8,), 1), "make_cell=1"),
        (lambda: digits201_supernet(zz=1), "zz=1.*unknown"),
        (lambda: digits201_supernet(stem=3), "stem=3.*unknown"),
        (lambda: nasbench201_supernet(widths=(8,)), "widths"),
        (lambda: nasbench201_supernet(4, 1, space=0), "space=0"),
        (lambda: digits201_supernet(space=0), "space=0"),
        (lambda: without_none(0), "space=0"),
        (lambda: operation(["a"]), "operation"),
        (lambda: operation("nor_conv_2x2"), "nor_conv_2x2"),
        (lambda: register("[", "x"), "regular expression"),
        (lambda: register(3, "x"), "pattern=3"),
        (lambda: register("x", 3), "form=3"),
        (lambda: register("x", "x")(3), "maker=3"),
        (lambda: Operation("x", nn.Identity, "skip"), "fused='skip'"),
        (lambda: Operation("x", nn.Identity, None), "fused=None"),
        (lambda: Operation("x", nn.Identity, "avg_pool", 2), "kernel=2.*odd"),
        (lambda: Operation("x", 3), "build=3"),
        (lambda: Operation(3, nn.Identity), "name=3"),
        (lambda: nc.networks.builds(3), "kind=3"),
    ],
)
def test_building(call, words):
    with pytest.raises(NascoreError, match=words):
        call()


def test_another_spaces_architecture():
    with pytest.raises(ArchitectureError):
        nc.networks.build(SPACE, (0, 1, 2))


# -- operations of one's own ----------------------------------------------------------------------------------------
class Narrow(nn.Module):
    def forward(self, x):
        return x[:, :1]


class InEvaluation(nn.Module):
    def forward(self, x):
        return x if self.training else x.mul_(2)


class Broken(nn.Module):
    def forward(self, x):
        raise ZeroDivisionError("my own")


class Gone(nn.Module):
    def forward(self, x):
        return None


class Half(nn.Module):
    def forward(self, x):
        return x[:, :, ::2]


OWN = {
    "inplace": (lambda layer: nn.ReLU(inplace=True), "writes into its input"),
    "inplace_in_evaluation": (lambda layer: InEvaluation(), "writes into its input"),
    "dropout": (lambda layer: nn.Dropout(0.5, inplace=True), "writes into its input"),
    "narrow": (lambda layer: Narrow(), r"\(2, 1, 16, 16\)"),
    "half": (lambda layer: Half(), r"\(2, 4, 8, 16\)"),
    "gone": (lambda layer: Gone(), "None"),
    "broken": (lambda layer: Broken(), "ZeroDivisionError: my own"),
    "nothing": (lambda layer: None, "gives None"),
    "number": (lambda layer: 3, "gives 3"),
    "unbuilt": (lambda layer: [][0], "cannot be made: IndexError"),
    "sound": (lambda layer: nn.Conv2d(layer.inputs, layer.outputs, 3, padding=1), ""),
}


@pytest.fixture
def own(monkeypatch):
    monkeypatch.setattr(ops_registry, "_makers", list(ops_registry._makers))
    register("own_(.+)", "own_NAME")(lambda name, match: Operation(name, OWN[match[1]][0]))
    yield lambda name: nc.spaces.CellSpace(3, ("none", f"own_{name}", "skip_connect"))
    ops_registry.operation.cache_clear()


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("where", ["network", "supernet"])
def test_an_operation_is_tried_where_it_is_made(own, name, where):
    def make():
        if where == "network":
            return nc.networks.build(own(name), (1, 1, 2), widths=(4, 8), cells=1, inputs=1)
        return CellSupernet(own(name), (4, 8), 1, inputs=1)

    if name == "sound":
        state = torch.get_rng_state()
        first, again = make(), make()
        pairs = zip(first.state_dict().values(), again.state_dict().values(), strict=True)
        assert [a.shape for a, _ in pairs]
        torch.set_rng_state(state)
        third = make()  # the trial is over: the global stream is used by the modules alone
        torch.set_rng_state(state)
        assert all(
            torch.equal(a, b) for a, b in zip(third.state_dict().values(), make().state_dict().values(), strict=True)
        )
        return
    with pytest.raises(SettingError, match=f"own_{name}.*{OWN[name][1]}"):
        make()


def test_a_trial_leaves_the_random_state_alone(own):
    torch.manual_seed(5)
    first = nc.networks.build(own("sound"), (1, 1, 2), widths=(4,), cells=1)  # with a trial
    torch.manual_seed(5)
    again = nc.networks.build(own("sound"), (1, 1, 2), widths=(4,), cells=1)  # without
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))


def test_a_maker_that_makes_no_operation(monkeypatch):
    monkeypatch.setattr(ops_registry, "_makers", list(ops_registry._makers))
    register("mine", "mine")(lambda name, match: None)
    with pytest.raises(SettingError, match="'mine'.*gives None"):
        operation("mine")
    ops_registry.operation.cache_clear()


# -- batches --------------------------------------------------------------------------------------------------------
LABELS = torch.tensor([0, 1, 2, 9])


@pytest.mark.parametrize(
    "batch, words",
    [
        ((images(dtype=torch.float64), LABELS), "torch.float64.*torch.float32"),
        (((images() * 255).to(torch.uint8), LABELS), "torch.uint8"),
        ((images(inputs=3), LABELS), r"\(4, 3, 10, 10\).*\(n, 1, h, w\)"),
        ((images()[0], LABELS), r"\(1, 10, 10\)"),
        ((images().numpy(), LABELS), "ndarray"),
        ((images(), LABELS + 1), "labels from 1 to 10.*0 to 9"),
        ((images(), LABELS - 1), "labels from -1 to 8"),
        ((images(), LABELS.int()), "torch.int32"),
        ((images(), LABELS.float()), "torch.float32"),
        ((images(), LABELS[:3]), r"\(3,\)"),
        ((images(), [0, 1, 2, 3]), "list"),
        (images(), "images and labels"),
        ((images(),), "images and labels"),
        (3, "images and labels"),
    ],
)
def test_wrong_batches(batch, words):
    supernet = digits201_supernet()
    for ask in (supernet.loss, supernet.measures):
        with pytest.raises(SettingError, match=words):
            ask(batch, one_hot(ARCH, 5))
        assert all(each.training for each in supernet.modules())
    if isinstance(batch, tuple) and "labels" not in words and batch[1] is LABELS:
        with pytest.raises(SettingError, match=words):
            nc.networks.build(SPACE, ARCH, widths=(4,), cells=1, inputs=1)(batch[0])


@pytest.mark.parametrize("active", [((5,),) * 6, ((1,),) * 5, ((1.5,),) * 6, (1,) * 6])
def test_wrong_draws(active):
    with pytest.raises(SettingError, match="active="):
        digits201_supernet().loss((images(), LABELS), Draw(torch.full((6, 5), 0.2), active))


def test_a_draw_with_an_operation_that_an_edge_may_not_hold():
    allowed = [["skip_connect", "nor_conv_3x3"], *[["avg_pool_3x3", "nor_conv_1x1"]] * 5]
    space = nc.spaces.CellSpace(4, SPACE.ops, "some", allowed)
    supernet = digits201_supernet(space=space)
    supernet.loss((images(), LABELS), one_hot((1, 4, 2, 2, 2, 2), 5))
    for arch in ((2, 4, 2, 2, 2, 2), (1, 1, 2, 2, 2, 2)):  # a convolution without weights, a fused skip
        with pytest.raises(SettingError, match=r"on edge \d, where the space allows"):
            supernet.loss((images(), LABELS), one_hot(arch, 5))


def test_without_none_keeps_what_each_edge_may_hold():
    allowed = [["none", "skip_connect"], ["nor_conv_3x3"], *[["avg_pool_3x3", "none", "nor_conv_1x1"]] * 4]
    space = nc.spaces.CellSpace(4, SPACE.ops, "some", allowed)
    found = without_none(space)
    assert found.ops == SPACE.ops[:0] + tuple(op for op in SPACE.ops if op != "none")
    assert [sorted(found.ops[op] for op in row) for row in found.allowed] == [
        sorted(set(row) - {"none"}) for row in allowed
    ]
    assert without_none().uniform and len(without_none().ops) == 4
    with pytest.raises(SettingError, match="edge 0 allows nothing but none"):
        without_none(nc.spaces.CellSpace(4, SPACE.ops, "some", [["none"], *allowed[1:]]))


@pytest.mark.parametrize("side", [1, 2, 3, 5, 6, 7, 15, 32])
@pytest.mark.parametrize("reduction", ["residual", "pooled"])
def test_images_of_every_size(side, reduction):
    network = nc.networks.build(SPACE, ARCH, channels=2, cells=1, reduction=reduction)
    assert network(images(4, 3, side)).shape == (4, 10)


def test_a_single_pixel_of_a_single_image():
    network = nc.networks.build(SPACE, ARCH, channels=2, cells=1)
    with pytest.raises(SettingError, match="a batch of one image"):
        network(images(1, 3, 4))
    assert network.eval()(images(1, 3, 4)).shape == (1, 10)


# -- state ----------------------------------------------------------------------------------------------------------
def test_caches_made_under_inference_mode_serve_training():
    _window.cache_clear()
    supernet, batch, draw = digits201_supernet(), (images(), LABELS), one_hot((4,) * 6, 5)
    with torch.inference_mode():
        supernet.measures(batch, draw)
        average_pool(images(2, 3, 7), 3)
    supernet.loss(batch, draw).backward()
    average_pool(images(2, 3, 7).requires_grad_(), 3).sum().backward()
    toy = ToySupernet(3, 4, trainable=True)
    data = ToyData(ToySupernet(3, 4, seed=1), batch=5)
    for made_under in (True, False):
        with torch.inference_mode(made_under):
            made, targets = data.test(0)
        with torch.inference_mode():
            toy.measures((made, targets), data.draw)
        if not made_under:
            toy.loss((made, targets), data.draw).backward()
            assert toy.filters.grad.abs().sum() > 0


def test_the_gradient_of_images_is_not_lost_by_the_cache():
    toy = ToySupernet(3, 4)
    made = torch.rand(5, 1, 13, 13, requires_grad=True)
    draw = one_hot((0, 1, 2), 4)
    with torch.no_grad():
        toy(made, draw)
    toy(made, draw).sum().backward()
    assert made.grad.abs().sum() > 0


def test_an_evaluation_that_fails_leaves_every_module_in_its_mode():
    supernet = digits201_supernet(statistics="running")
    supernet.last.eval()  # frozen
    with pytest.raises(SettingError):
        supernet.measures((images(), LABELS + 5), one_hot(ARCH, 5))
    with pytest.raises(SettingError):
        supernet.measures((images(inputs=2), LABELS), one_hot(ARCH, 5))
    supernet.measures((images(), LABELS), one_hot(ARCH, 5))
    assert [name for name, each in supernet.named_modules() if not each.training] == ["last"]


@pytest.mark.parametrize(
    "make, words",
    [
        (digits201_supernet, "CellSupernet: 6 edges, 5 operations on nasbench201"),
        (lambda: nasbench201_supernet(4, 1), r"\[4, 8, 16\]"),
        (lambda: nc.networks.build(SPACE, ARCH), r"CellNetwork of .*\|skip_connect~0\|"),
        (lambda: ToySupernet(3, 4), "ToySupernet: 3 edges, 4 operations"),
        (lambda: nc.networks.RecurrentSupernet(20, 8), "RecurrentSupernet: 6 edges"),
        (lambda: nc.networks.Fleet([ARCH]), "Fleet"),
    ],
)
def test_networks_show_themselves_in_a_line(make, words):
    network = make()
    assert re.search(words, repr(network)) and "\n" not in repr(network) and len(repr(network)) < 240
    assert str(network) == nn.Module.__repr__(network) and "parameters" in repr(network)


@pytest.mark.parametrize(
    "weights, active, word",
    [
        (torch.ones(2, 3), ((0, 1)), "active="),
        (torch.ones(2, 3), ((0,),), "active="),
        (torch.ones(2, 3), ((0,), (9,)), "active="),
        (torch.ones(2, 3), ((0,), (-1,)), "active="),
        (torch.ones(2, 3), ((0,), (True,)), "active="),
        (torch.ones(2, 3), [[0], [1]], "active="),
        (np.zeros((2, 3)), ((0,), (1,)), "weights="),
        (torch.ones(3), ((0,), (1,)), "weights="),
        (None, ((0,), (1,)), "weights="),
    ],
    ids=str,
)
def test_a_draw_is_of_edges_and_operations(weights, active, word):
    with pytest.raises(SettingError, match=word):
        Draw(weights, active)


@pytest.mark.parametrize("batch", [3, "ab", (), (1, 2), (torch.zeros(1, 1, 28, 28),), None], ids=str)
@pytest.mark.parametrize("supernet", [lambda: ToySupernet(2, 3), lambda: RecurrentSupernet(5, 2)], ids=["toy", "text"])
def test_what_is_no_batch(supernet, batch):
    made = supernet()
    draw = one_hot((0,) * made.choices.edges, len(made.choices.ops))
    for ask in (made.loss, made.measures):
        with pytest.raises(SettingError, match="a batch "):
            ask(batch, draw)


def test_sparse_images_and_images_of_no_cifar():
    images = torch.rand(4, 1, 6, 6)
    with pytest.raises(SettingError, match="sparse"):
        nc.data.ImageData((images.to_sparse(), torch.zeros(4).long()), (images, torch.zeros(4).long()), 2)
    for bad in (0.0, np.int32(0), np.zeros((2, 3, 30, 30), np.uint8), np.zeros((2, 3, 32, 32)), None):
        with pytest.raises(SettingError, match="images="):
            cifar10.shrink(bad, 8)


@pytest.mark.parametrize("order", [1, np.int64(2)])
def test_settings_of_a_strategy_are_plain(order):
    strategy = nc.search.oneshot.DARTS(digits201_supernet().choices, order=order)
    assert type(strategy.settings["order"]) is int
