"""Equal functions have equal keys and nothing else has: by brute force, and by networks that share their weights."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import ArchitectureError
from nascore.spaces.cell import CellSpace
from nascore.spaces.functions import function_form, function_key
from nascore.spaces.isomorphism import isomorphism_key
from nascore.spaces.nasbench201 import NASBench201
from tests.spaces.test_isomorphism import outputs, partition

SPACE = NASBench201()
# x + 2 pool(x) + conv(x): two poolings, or one pooling of a doubled input
ONE_WAY = "|avg_pool_3x3~0|+|nor_conv_3x3~0|skip_connect~1|+|skip_connect~0|skip_connect~1|skip_connect~2|"
OTHER_WAY = "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|nor_conv_3x3~1|avg_pool_3x3~2|"


@pytest.fixture(scope="module")
def keys() -> dict[tuple[int, ...], tuple]:
    return {arch: function_key(SPACE, arch) for arch in SPACE.enumerate()}


@pytest.mark.parametrize(
    "space",
    [CellSpace(3, SPACE.ops), CellSpace(4, ("skip_connect", "nor_conv_3x3", "avg_pool_3x3"))],
    ids=["3 nodes", "4 nodes"],
)
def test_a_key_is_a_function(space):
    """Brute force over the orders of the weights, with a matrix in place of the pooling."""
    least = np.round(outputs(space, space.array()).min(1), 8) + 0.0
    assert partition(least.tolist()) == partition([function_key(space, arch) for arch in space.enumerate()])


def test_nasbench201_has_its_number_of_functions_and_no_network_computes_two(keys):
    assert len(set(keys.values())) == 5044
    some = random.Random(0).sample(sorted(keys), 1500)
    functions: dict[tuple, set] = {}
    for arch in some:
        functions.setdefault(isomorphism_key(SPACE, arch), set()).add(keys[arch])
    assert all(len(found) == 1 for found in functions.values())


def test_the_sum_written_in_two_ways():
    one, other = SPACE.parse(ONE_WAY), SPACE.parse(OTHER_WAY)
    assert isomorphism_key(SPACE, one) != isomorphism_key(SPACE, other)
    assert function_key(SPACE, one) == function_key(SPACE, other)


def same_weights(one, other):
    """The second network's cells take the weights of the first one's, block by block as their forms name them."""
    (key, ours), (other_key, theirs) = function_form(SPACE, one.arch), function_form(SPACE, other.arch)
    assert key == other_key
    rest = {name: value for name, value in one.state_dict().items() if ".operations." not in name}
    other.load_state_dict(rest, strict=False)
    cells = [
        [module for module in network.modules() if type(module).__name__ == "SingleCell"] for network in (one, other)
    ]
    for a, b in zip(*cells, strict=True):
        for edge, place in zip(ours, theirs, strict=True):
            b.operations[str(place)].load_state_dict(a.operations[str(edge)].state_dict())


def test_equal_keys_are_equal_functions_of_real_networks(keys):
    """In float64, with weights, gains and shifts drawn anew: networks of one key agree, others do not."""
    groups: dict[tuple, dict] = {}
    for arch, key in keys.items():
        groups.setdefault(key, {}).setdefault(isomorphism_key(SPACE, arch), arch)
    several = [list(found.values()) for found in groups.values() if len(found) > 1]
    assert len(several) == 325
    images = torch.rand(4, 3, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for archs in [[SPACE.parse(ONE_WAY), SPACE.parse(OTHER_WAY)], *random.Random(1).sample(several, 20)]:
        answers = []
        first = None
        for arch in archs:
            network = nc.networks.build(SPACE, arch, widths=(4, 6), cells=1, seed=3, statistics="batch").double()
            if first is None:
                first = network
                generator = torch.Generator().manual_seed(5)
                with torch.no_grad():
                    for parameter in network.parameters():
                        parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
            else:
                same_weights(first, network)
            answers.append(network(images))
        for answer in answers[1:]:
            assert torch.allclose(answer, answers[0], rtol=1e-9, atol=1e-9), [SPACE.format(arch) for arch in archs]
        changed = SPACE.mutate(archs[0], random.Random(2))
        if keys[changed] != keys[archs[0]]:
            network = nc.networks.build(SPACE, changed, widths=(4, 6), cells=1, seed=3, statistics="batch").double()
            assert not torch.allclose(network(images), answers[0], atol=1e-6)


@pytest.mark.parametrize("bad", [(9,) * 6, (0,) * 5, "000000", None], ids=str)
@pytest.mark.parametrize("key", [function_key, isomorphism_key])
def test_only_architectures_have_a_key(key, bad):
    with pytest.raises(ArchitectureError, match="not an architecture of nasbench201"):
        key(SPACE, bad)
