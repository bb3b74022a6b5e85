from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nascore.proxies.gennas import bases, task
from nascore.proxies.gennas.targets import image_problem, sequence_problem
from nascore.proxies.gennas.task import ImageTask, Noise, Part, Signal


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def amplitude_left(maps: torch.Tensor, frequency: float, axis: int) -> torch.Tensor:
    """What is left of each map after the best sine and cosine of this frequency along an axis."""
    pixels = torch.arange(1, maps.shape[axis] + 1, dtype=torch.float64) * 2 * math.pi * frequency
    basis = torch.stack([torch.sin(pixels), torch.cos(pixels)], 1)
    moved = maps.double().movedim(axis, -1)
    fit = moved @ basis @ torch.linalg.pinv(basis.T @ basis) @ basis.T
    return (moved - fit).abs().amax((-1, -2))


def test_sin1d_is_a_wave_along_one_direction():
    maps = bases.sin1d(seeded(), 40, (8, 8), (0.13,))
    left = torch.stack([amplitude_left(maps, 0.13, 1), amplitude_left(maps, 0.13, 2)])
    assert (left.amin(0) < 1e-5).all()
    constant = torch.stack([maps.std(1).amax(1), maps.std(2).amax(1)])  # along the other direction nothing changes
    assert (constant.amin(0) < 1e-6).all() and 5 < int((constant[0] < 1e-6).sum()) < 35


def test_sin2d_is_a_wave_along_both_and_half_of_them_are_flipped():
    maps = bases.sin2d(seeded(), 64, (8, 8), (0.1,))
    for axis in (1, 2):
        assert (amplitude_left(maps, 0.1, axis) < 1e-5).all()
    # the sum of both angles grows along one diagonal and stays along the other
    along = maps[:, 1:, :-1] - maps[:, :-1, 1:]
    across = maps[:, 1:, 1:] - maps[:, :-1, :-1]
    straight, flipped = (each.abs().amax((1, 2)) < 1e-5 for each in (along, across))
    assert (straight ^ flipped).all() and 15 < int(flipped.sum()) < 49


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.578125, 1.0])
def test_dots_are_as_many_as_asked_for(fraction):
    maps = bases.dot(seeded(), 30, (8, 8), fraction, smooth=False)
    assert (maps.abs().sum((1, 2)) == int(64 * fraction)).all() and set(maps.unique().tolist()) <= {-1.0, 0.0, 1.0}
    smooth = bases.dot(seeded(), 30, (8, 8), fraction, smooth=True)
    assert torch.isfinite(smooth).all()
    if fraction:
        assert torch.allclose(smooth.abs().amax((1, 2)), torch.ones(30))


def test_the_gaussian_filter_is_scipys():
    from scipy.ndimage import gaussian_filter

    for size in ((8, 8), (8, 48), (5, 5)):
        plain = bases.dot(seeded(3), 4, size, 0.5, smooth=False).numpy().astype(float)
        expected = np.stack([gaussian_filter(each, 1) for each in plain])
        expected /= np.abs(expected).max((1, 2), keepdims=True)
        found = bases.dot(seeded(3), 4, size, 0.5, smooth=True).numpy()
        assert np.abs(found - expected).max() < 1e-6


def test_resize_shows_the_images_at_the_nearest_pixels():
    images = torch.randn(3, 3, 32, 32, generator=seeded())
    maps = bases.resize(seeded(1), images, 20, (8, 8))
    small = images[:, :, ::4, ::4]
    scaled = (small - small.min()) / (small.max() - small.min()) * 2 - 1
    which = [[c for c in range(3) if torch.allclose(maps[:, k], scaled[:, c], atol=1e-6)] for k in range(20)]
    assert all(len(each) == 1 for each in which) and {each[0] for each in which} == {0, 1, 2}
    assert torch.isfinite(bases.resize(seeded(), torch.ones(2, 1, 10, 10), 4, (5, 5))).all()


@pytest.mark.parametrize("basis", ["sin1d", "sin2d", "dot", "dot_gaussian", "noise"])
@pytest.mark.parametrize("local", [True, False])
def test_local_signals_differ_from_sample_to_sample(basis, local):
    more = {"frequencies": (0.1, 0.2)} if basis.startswith("sin") else {"fraction": 0.5} if "dot" in basis else {}
    given = Signal(basis, 2.0, local=local, **more)
    maps = bases.signal(given, seeded(), 3, 5, (8, 8), torch.zeros(3, 3, 8, 8))
    assert maps.shape == (3, 5, 8, 8)
    assert torch.equal(maps[0], maps[1]) != local
    again = bases.signal(given, seeded(), 3, 5, (8, 8), torch.zeros(3, 3, 8, 8))
    assert torch.equal(maps, again)
    half = bases.signal(Signal(basis, 1.0, local=local, **more), seeded(), 3, 5, (8, 8), torch.zeros(3, 3, 8, 8))
    torch.testing.assert_close(maps, 2 * half)


def test_noise_of_both_kinds():
    like = torch.zeros(2000, dtype=torch.float64)
    uniform = bases.noise(Noise("uniform", 0.3), seeded(), like)
    gaussian = bases.noise(Noise("gaussian", 0.3), seeded(), like)
    assert uniform.dtype is torch.float64 and uniform.abs().max() <= 0.3 and abs(uniform.std() - 0.3 / 3**0.5) < 0.01
    assert abs(gaussian.std() - 0.3) < 0.02 and gaussian.abs().max() > 0.6


def test_a_problem_is_the_same_from_the_same_seed_and_its_noise_is_not():
    images = torch.randn(4, 3, 32, 32, generator=seeded())
    first, again, other = (image_problem(task("search-n"), images, 8, 3, seed) for seed in (1, 1, 2))
    assert [tuple(each.shape) for each in first.targets] == [(4, 64, 8, 8), (4, 48, 8, 8), (4, 16, 8, 8)]
    assert all(torch.equal(a, b) for a, b in zip(first.targets, again.targets, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first.targets, other.targets, strict=True))
    one, two = first.noisy(), first.noisy()
    assert not torch.equal(one, two) and torch.equal(one, again.noisy()) and (one - images).abs().max() <= 0.1 + 1e-6
    assert image_problem(task("combo"), images, 8, 3, 0).noisy() is images
    # a network of two stages gets the last two
    fewer = image_problem(task("search-n"), images, 5, 2, 1)
    assert [tuple(each.shape) for each in fewer.targets] == [(4, 48, 5, 5), (4, 16, 5, 5)]


def test_the_target_is_the_sum_of_the_signals():
    signals = (Signal("sin1d", 2.0, (0.2,)), Signal("dot", 0.5, fraction=0.5))
    both = image_problem(ImageTask((Part(signals, 4),) * 3), torch.zeros(2, 3, 32, 32), 8, 3, 0)
    alone = image_problem(ImageTask((Part(signals[:1], 4),) * 3), torch.zeros(2, 3, 32, 32), 8, 3, 0)
    rest = both.targets[2] - alone.targets[2]
    assert set(rest.mul(2).round(decimals=4).abs().unique().tolist()) == {0.0, 1.0}


def test_sequences_have_input_and_target():
    problem = sequence_problem(task("search-nlp"), 8, 16, 0)
    assert problem.inputs.shape == problem.targets[0].shape == (8, 16, 48)
    assert not torch.equal(problem.inputs, problem.targets[0])
    assert not torch.equal(problem.noisy(), problem.noisy())
