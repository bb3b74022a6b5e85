"""How many threads a one-shot search computes on: one unless asked otherwise, and the caller's number afterwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nascore.data import ImageData
from nascore.errors import SettingError
from nascore.networks import digits201_supernet
from nascore.search.oneshot import Hook, RandomSharing, search


class Watch(Hook):
    def __init__(self):
        self.seen = set()

    def after_step(self, run):
        self.seen.add(torch.get_num_threads())


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def run(**options):
    images = np.random.default_rng(0).normal(size=(8, 1, 6, 6)).astype("float32"), np.arange(8)
    net = digits201_supernet((4, 4))
    return search(net, RandomSharing(net.choices), ImageData(images, images, 4), 1, progress=False, **options)


@pytest.mark.parametrize(("asked", "found"), [({}, 1), ({"threads": 1}, 1), ({"threads": np.int64(3)}, 3)])
def test_threads_are_those_asked_for(two_threads, asked, found):
    watch = Watch()
    log = run(hooks=[watch], **asked)
    assert watch.seen == {found} and log.settings["threads"] == found
    assert torch.get_num_threads() == 2


def test_none_leaves_torchs_own_number(two_threads):
    watch = Watch()
    assert run(hooks=[watch], threads=None).settings["threads"] == 2 and watch.seen == {2}


@pytest.mark.parametrize("wrong", [0, -1, True, "2", 1.5, 10**9])
def test_other_numbers_are_refused(wrong):
    with pytest.raises(SettingError, match="threads="):
        run(threads=wrong)


def test_training_on_after_the_end_uses_as_many(two_threads, monkeypatch):
    log, seen = run(), set()
    step = log.run.weight_step
    monkeypatch.setattr(log.run, "weight_step", lambda batch: (seen.add(torch.get_num_threads()), step(batch))[1])
    log.run.train_weights(2)
    assert seen == {1} and torch.get_num_threads() == 2
