"""Cluttered digits: the right shapes, the same images every time, and no source image in two pools."""

from __future__ import annotations

import numpy as np
import pytest

from nascore.data import cluttered
from nascore.data.cluttered import SIZES, SOURCES, cluttered_digits
from nascore.errors import SettingError

PINNED_LABELS = [5, 8, 5, 1, 6, 4, 6, 4]
PINNED_PIXELS = [-0.82803, 2.41258, 1.9069, 1.60492, -0.82766]


def fresh(pool, size=None, seed=0):
    """Past the cache, so that a patched source is seen."""
    return cluttered._composed.__wrapped__(pool, SIZES[pool] if size is None else size, seed)


@pytest.fixture
def marked_sources(monkeypatch):
    """Source image i is the constant (i + 1) / 2000 with label i: each pixel tells where it comes from."""
    marks = (np.arange(1797) + 1) / 2000
    images = np.broadcast_to(marks[:, None, None], (1797, 8, 8)).astype(np.float32)
    monkeypatch.setattr(cluttered, "_sources", lambda: (images, np.arange(1797)))
    monkeypatch.setattr(cluttered, "NOISE", 0.0)


def sources_seen(pool) -> np.ndarray:
    """Which source image each pixel came from, -1 for the background."""
    return np.rint((pool.images * cluttered.STD + cluttered.MEAN) * 2000).astype(int)[:, 0] - 1


@pytest.mark.parametrize("name", SIZES)
def test_shapes_types_and_scale(name):
    pool = cluttered_digits(name)
    assert pool.images.shape == (SIZES[name], 1, 10, 10) and pool.images.dtype == np.float32
    assert pool.labels.shape == (len(pool),) == (SIZES[name],) and pool.labels.dtype == np.int64
    assert abs(pool.images.mean()) < 0.1 and abs(pool.images.std() - 1) < 0.1
    share = np.bincount(pool.labels, minlength=10) / len(pool)
    assert len(share) == 10 and 0.07 < share.min() and share.max() < 0.13


def test_same_seed_same_images_and_no_writing():
    first, again, other = fresh("val", 60), fresh("val", 60), fresh("val", 60, 1)
    assert np.array_equal(first.images, again.images) and np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.images, other.images)
    for array in (first.images, first.labels):
        with pytest.raises(ValueError):
            array[0] = 0
    # the images that digits201 was trained on; another generator or another order would show here
    assert first.labels[:8].tolist() == PINNED_LABELS
    assert np.allclose(first.images[0, 0, 4, :5], PINNED_PIXELS, atol=1e-4)


@pytest.mark.parametrize("name", SOURCES)
def test_digit_and_clutter_come_from_the_pools_own_sources(name, marked_sources):
    seen = sources_seen(fresh(name, 300))
    low, high = SOURCES[name]
    inside = (seen == -1) | ((seen >= low) & (seen < high))
    assert inside.all() and (seen >= 0).any((1, 2)).all()
    assert max(len(np.unique(image)) for image in seen) > 2  # clutter is there


def test_pools_share_no_source():
    spans = sorted(SOURCES.values())
    assert spans[0][0] == 0 and spans[-1][1] == 1797
    assert all(a[1] == b[0] for a, b in zip(spans, spans[1:], strict=False))


def test_labels_belong_to_the_digit_and_sources_are_used_evenly(marked_sources, monkeypatch):
    monkeypatch.setattr(cluttered, "FRAGMENTS", 0)
    pool = fresh("val", 1000)
    seen = sources_seen(pool)
    assert np.array_equal(seen.max((1, 2)), pool.labels)
    assert ((seen >= 0).sum((1, 2)) == 64).all()
    uses = np.bincount(pool.labels)[slice(*SOURCES["val"])]
    assert set(uses.tolist()) == {2, 3}
    corners = {tuple(np.argwhere(image >= 0)[0].tolist()) for image in seen}
    assert corners == {(top, left) for top in range(3) for left in range(3)}


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("valid",), "pool='valid'.*train, val, test"),
        (("val", 0), "size=0"),
        (("val", 2.5), "size=2.5"),
        (("val", True), "size=True"),
        (("val", 10, -1), "seed=-1"),
    ],
)
def test_bad_settings_are_named(arguments, said):
    with pytest.raises(SettingError, match=said):
        cluttered_digits(*arguments)
