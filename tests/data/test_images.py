"""Images in memory: what is wrong with them is said where they are given, and equal shapes are not equal data."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.data.cluttered import cluttered_digits
from nascore.data.images import ImageData
from nascore.errors import SettingError

IMAGES = np.random.default_rng(0).random((8, 1, 6, 6), np.float32)
LABELS = np.arange(8) % 3
GOOD = (IMAGES, LABELS)


def bad(images=IMAGES, labels=LABELS):
    return images, labels


HOLE = IMAGES.copy()
HOLE[3, 0, 2, 2] = np.nan


@pytest.mark.parametrize(
    "pool, words",
    [
        (bad(labels=LABELS - 1), "labels from -1 to 1"),
        (bad(labels=LABELS.astype(float)), "torch.float64"),
        (bad(labels=LABELS > 0), "torch.bool"),
        (bad(labels=LABELS[:5]), r"\(5,\)"),
        (bad(labels=LABELS[:, None]), r"\(8, 1\)"),
        (bad(labels=["cat"] * 8), "expected images"),
        (bad(labels=None), "expected images"),
        (bad(images=(IMAGES * 255).astype(np.uint8)), "torch.uint8"),
        (bad(images=IMAGES[:, 0]), r"\(8, 6, 6\)"),
        (bad(images=IMAGES[:0], labels=LABELS[:0]), r"\(0, 1, 6, 6\)"),
        (bad(images=HOLE), "not finite"),
        (bad(images="images"), "expected images"),
        (bad(images=IMAGES.astype(np.float64)), "float64.*expected the same"),
        (bad(images=IMAGES[:, :, :5]), r"\(1, 5, 6\).*expected the same"),
        (bad(images=np.repeat(IMAGES, 3, 1)), r"\(3, 6, 6\).*expected the same"),
        (3, "expected \\(images, labels\\)"),
        ((IMAGES,), "expected \\(images, labels\\)"),
        (IMAGES, "expected \\(images, labels\\)"),
        ("ab", "expected \\(images, labels\\)"),
    ],
)
def test_wrong_pools(pool, words):
    for train, val in ((GOOD, pool), (pool, GOOD)):
        with pytest.raises(SettingError) as caught:
            ImageData(train, val, batch=2)
        assert re.search(words, str(caught.value).replace("train has", "")) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "labels", [LABELS.astype(np.uint8), torch.tensor(LABELS), LABELS.tolist(), LABELS.astype("i2")]
)
def test_whole_labels_of_every_kind(labels):
    data = ImageData((IMAGES, labels), (torch.tensor(IMAGES), labels), batch=2)
    batch = next(iter(data.train(0)))
    assert batch[1].dtype == torch.long and data.settings == ImageData(GOOD, GOOD, batch=2).settings


def test_other_images_of_one_shape_are_other_data():
    other = IMAGES.copy()
    other[0, 0, 0, 0] += 1
    found = [
        ImageData(train, val, batch=2).settings["content"]
        for train, val in (
            (GOOD, GOOD),
            ((other, LABELS), GOOD),
            (GOOD, (other, LABELS)),
            ((IMAGES, LABELS[::-1]), GOOD),
        )
    ]
    assert len(set(found)) == 4


def test_data_made_under_inference_mode_trains():
    with torch.inference_mode():
        data = nc.data.ImageData((torch.rand(8, 1, 6, 6), torch.tensor(LABELS)), GOOD, batch=2)
    net = nc.networks.digits201_supernet()
    net.loss(next(iter(data.train(0))), nc.networks.one_hot((1, 2, 3, 4, 3, 2), 5)).backward()


def test_they_show_themselves():
    assert repr(ImageData(GOOD, GOOD, batch=2)) == (
        "<ImageData: 8 training and 8 validation images 1x6x6, labels 0 to 2, batches of 2>"
    )
    assert "100 images 1x10x10" in repr(cluttered_digits("val", 100))


@pytest.mark.parametrize("values", [("tests",), (["val"],), ("val", True), ("val", 0), ("val", 9, -1), ("val", 9, [0])])
def test_wrong_cluttered_digits(values):
    cluttered_digits("val", 1)
    with pytest.raises(SettingError):
        cluttered_digits(*values)
