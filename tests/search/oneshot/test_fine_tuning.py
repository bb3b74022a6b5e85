"""Fine-tuning on some architectures trains what they use, leaves the rest, and ends as the search was."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.networks.supernets.cell import digits201_supernet
from nascore.search import oneshot
from nascore.search.oneshot.fine_tuning import Among

CELL = (3, 1, 1, 1, 1, 2)


def data() -> nc.data.ImageData:
    rng = np.random.default_rng(0)
    images, labels = rng.standard_normal((24, 1, 6, 6)).astype(np.float32), np.arange(24) % 10
    return nc.data.ImageData((images, labels), (images, labels), batch=8)


def searched(seed: int = 0):
    net = digits201_supernet(widths=(2, 3), seed=seed)
    strategy = oneshot.RandomSharing(net.choices, seed=seed)
    return oneshot.search(net, strategy, data(), 1, freeze_epochs=1, weight_optimizer="adam", progress=False)


def weights(log) -> dict:
    return {name: part.clone() for name, part in log.supernet.state_dict().items()}


def test_it_trains_the_operations_of_the_architectures_only():
    log = searched()
    before, strategy = weights(log), log.strategy
    losses = oneshot.fine_tune(log.run, [CELL], 5, rate=0.01)
    changed = {name for name, part in weights(log).items() if not torch.equal(part, before[name])}
    assert len(losses) == 5 and np.isfinite(losses).all() and log.strategy is strategy
    of_edges = {name for name in changed if "kernels" in name}
    assert of_edges == {f"stages.{stage}.0.kernels.{kernel}" for stage in (0, 1) for kernel in ("0_3", "5_2")}
    reference = searched()  # the same steps by hand, under that one cell
    reference.run.strategy = Among(reference.supernet.choices, [CELL])
    reference.run.train_weights(5, rate=0.01)
    assert all(torch.equal(part, weights(reference)[name]) for name, part in weights(log).items())


def test_the_loss_falls():
    log = searched()
    losses = oneshot.fine_tune(log.run, [CELL], 60, rate=0.02)
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.1


def test_draws_are_uniform_and_seeded():
    net = digits201_supernet(widths=(2, 3))
    archs = [CELL, (0,) * 6, (4,) * 6]
    one, same, other = (Among(net.choices, archs, seed=seed) for seed in (0, 0, 1))
    first, second, third = ([each.draw().arch for _ in range(300)] for each in (one, same, other))
    assert first == second != third
    assert all(abs(first.count(arch) - 100) < 30 for arch in archs)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"archs": []}, "archs is empty"),
        ({"archs": [(1, 2)]}, "6 edges"),
        ({"archs": [(9,) * 6]}, "arch=9"),
        ({"archs": 3}, "archs=3"),
        ({"steps": 0}, "steps=0"),
        ({"rate": -1.0}, "rate=-1.0"),
        ({"run": None}, "run=None"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_what_is_wrong_is_said_at_the_door(given, words):
    log = searched()
    strategy, before = log.strategy, weights(log)
    with pytest.raises(SettingError, match=words):
        oneshot.fine_tune(**{"run": log.run, "archs": [CELL], "steps": 2, **given})
    assert log.strategy is strategy and all(torch.equal(part, before[name]) for name, part in weights(log).items())
