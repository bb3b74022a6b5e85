"""The two ImageNet backbones as networks: published parameter counts, and the counts that build nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import ArchitectureError, SettingError
from nascore.networks import build, chain_costs, parameters
from nascore.networks.ops import Layer, operation

SPACES = {
    "efficientnet": nc.spaces.EfficientNetMacro(),
    "printed": nc.spaces.ProxylessNASMacro(),
    "gpu": nc.spaces.ProxylessNASMacro("gpu", identity=True),
    "mobile": nc.spaces.ProxylessNASMacro("mobile", identity=True),
}
# of the networks at 1,000 classes, as other implementations of them assert
PUBLISHED = [
    ("efficientnet", nc.spaces.EfficientNetMacro.B0, 5_288_548),
    ("gpu", nc.spaces.ProxylessNASMacro.GPU, 7_119_848),
    ("mobile", nc.spaces.ProxylessNASMacro.MOBILE, 4_080_512),
]


@pytest.mark.parametrize("name, arch, count", PUBLISHED, ids=[name for name, _, _ in PUBLISHED])
def test_published_counts(name, arch, count):
    assert parameters(SPACES[name], arch, classes=1000) == count
    assert chain_costs(SPACES[name], [arch])["params"].tolist() == [count]


def test_published_multiply_adds_of_efficientnet_b0():
    """0.39 billion at 224 pixels (Tan and Le, 2019, Table 2)."""
    assert round(chain_costs(SPACES["efficientnet"], [SPACES["efficientnet"].B0])["multiply_adds"][0] / 1e9, 2) == 0.39


@pytest.mark.parametrize("name", SPACES)
def test_counts_are_those_of_built_networks(name):
    space, rng = SPACES[name], np.random.default_rng(0)
    archs = [space.sample(rng) for _ in range(4)]
    for options in ({"classes": 7, "inputs": 1}, {}):
        counted = chain_costs(space, archs, **options)["params"].tolist()
        assert counted == [parameters(space, arch, **options) for arch in archs]


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("side", [32, 45])
def test_multiply_adds_are_those_of_the_layers(name, side):
    space = SPACES[name]
    arch = space.sample(np.random.default_rng(side))
    net, found = build(space, arch, classes=11).eval(), []

    def conv2d(x, weight, *rest, **options):
        out = real(x, weight, *rest, **options)
        found.append(weight.numel() * out.shape[2] * out.shape[3])
        return out

    real = torch.nn.functional.conv2d
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(torch.nn.functional, "conv2d", conv2d)
        net(torch.zeros(1, 3, side, side))
    expected = sum(found) + net.head.weight.numel()
    assert chain_costs(space, [arch], classes=11, side=side)["multiply_adds"].tolist() == [expected]


def test_many_at_once_are_each_alone():
    space = SPACES["efficientnet"]
    every = chain_costs(space, space.array())
    assert every["params"].dtype == np.int64 and len(every["params"]) == 279_936
    for index in (0, 12_345, 279_935):
        one = chain_costs(space, [space.at(index)])
        assert all(every[key][index] == one[key][0] for key in one)


@pytest.mark.parametrize("name", SPACES)
def test_images_to_logits_and_gradients(name):
    space = SPACES[name]
    net = build(space, space.sample(np.random.default_rng(3)), classes=5, seed=1)
    images = torch.randn(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    logits = net(images)
    assert logits.shape == (2, 5)
    logits.square().sum().backward()
    assert all(each.grad is not None and torch.isfinite(each.grad).all() for each in net.parameters())
    net.eval()
    with torch.no_grad():
        assert torch.allclose(net(images)[:1], net(images[:1]), atol=1e-5)


def test_a_seed_gives_one_network():
    space = SPACES["efficientnet"]
    first, same, other = (build(space, space.B0, classes=3, seed=seed).state_dict() for seed in (4, 4, 5))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["stem.0.weight"], other["stem.0.weight"])


@pytest.mark.parametrize("name", ["mb1_k3", "mb3_k7", "mb6_k5_se"])
def test_a_block_has_a_shortcut_where_it_keeps_the_shape(name):
    for inputs, outputs, stride, same in ((8, 8, 1, True), (8, 8, 2, False), (8, 12, 1, False)):
        block = operation(name).build(Layer(inputs, outputs, stride, generator=torch.Generator().manual_seed(0))).eval()
        x = torch.randn(2, inputs, 9, 9, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            last = block.body[-1]
            last.gain.zero_()  # what is left is the shortcut
            out = block(x)
        assert out.shape == (2, outputs, -(-9 // stride), -(-9 // stride))
        assert torch.equal(out, x if same else torch.zeros_like(out))


def test_identity_needs_the_same_shape():
    with pytest.raises(SettingError, match="8 to 12 channels"):
        operation("identity").build(Layer(8, 12))


@pytest.mark.parametrize("options", [{"classes": 1}, {"inputs": 0}, {"statistics": "none"}, {"seed": -1}, {"width": 3}])
def test_bad_options(options):
    space = SPACES["efficientnet"]
    with pytest.raises(SettingError, match=next(iter(options))):
        build(space, space.B0, **options)


@pytest.mark.parametrize("images", [None, torch.zeros(2, 1, 40, 40), torch.zeros(3, 40, 40), torch.zeros(1, 3, 32, 32)])
def test_bad_images(images):
    space = SPACES["efficientnet"]
    with pytest.raises(SettingError, match="image"):
        build(space, (0,) * 7, classes=2)(images)


@pytest.mark.parametrize("archs", [[(0,) * 6], [(9,) * 7], np.zeros((2, 6), int), np.full((2, 7), 6)])
def test_costs_of_what_is_no_architecture(archs):
    with pytest.raises(ArchitectureError):
        chain_costs(SPACES["efficientnet"], archs)


def test_costs_need_a_backbone():
    with pytest.raises(SettingError, match="EfficientNetMacro"):
        chain_costs(nc.spaces.NASBenchMacro(), [(0,) * 8])
