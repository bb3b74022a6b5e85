"""Registering a proxy, finding one, and calling it directly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import nascore as nc
from nascore.errors import SettingError
from nascore.proxies import registry
from nascore.proxies.batch import images_of


@pytest.fixture(autouse=True)
def shelf():
    """What a test registers goes again."""
    before = dict(registry._proxies)
    yield
    registry._proxies.clear()
    registry._proxies.update(before)


@pytest.fixture
def network():
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 2))


def test_the_shelf():
    names = nc.proxies.available()
    assert names == sorted(names) and {"naswot", "synflow", "gennas-combo", "parameters"} <= set(names)
    assert nc.proxies.get("naswot").higher_is_better and not nc.proxies.get("gennas-combo").higher_is_better


def test_a_proxy_of_ones_own(network):
    @nc.proxies.proxy("spread", higher_is_better=False)
    def spread(network, batch, generator, *, power=1.0):
        return network(batch.images).std() ** power

    batch = nc.proxies.as_batch(torch.randn(5, 3, 2, 2))
    assert "spread" in nc.proxies.available()
    one, two = nc.proxies.get("spread")(network, batch), nc.proxies.get("spread", power=2.0)(network, batch)
    assert two == pytest.approx(one**2) and spread.good(one) == -one
    assert nc.proxies.get("spread", power=2.0).identity() == {
        "proxy": "spread",
        "batch": 64,
        "settings": {"power": 2.0},
    }


def test_other_batches():
    made = nc.proxies.get("naswot", batch=16)
    assert made.batch == 16 and nc.proxies.get("naswot").batch == 64
    assert nc.proxies.get(nc.proxies.get("gennas-combo"), batch=4).batch == 4


@pytest.mark.parametrize(
    "wrong, why",
    [
        (lambda: nc.proxies.get("nawot"), "did you mean naswot"),
        (lambda: nc.proxies.get("naswot", strength=1), "strength: unknown setting"),
        (lambda: nc.proxies.get("gennas-combo", steps=1), "where it is made: GenNAS"),
        (lambda: nc.proxies.get("naswot", batch=0), "batch=0"),
        (lambda: nc.proxies.get(3), "expected text"),
        (lambda: nc.proxies.proxy("a b", higher_is_better=True)(lambda n, b, g: 0.0), "without spaces"),
        (lambda: nc.proxies.proxy("x", higher_is_better=1), "higher_is_better=1"),
        (lambda: nc.proxies.proxy("x", higher_is_better=True)(lambda n: 0.0), "expected a function"),
        (lambda: nc.proxies.register("x"), "expected a Proxy"),
        (lambda: nc.proxies.get("naswot")("net", nc.proxies.as_batch(torch.randn(2, 3, 2, 2))), "network='net'"),
        (lambda: nc.proxies.get("naswot")(nn.Linear(1, 1), torch.randn(2, 3, 2, 2)), "expected a Batch"),
    ],
)
def test_wrong_calls_are_one_clear_error(wrong, why):
    with pytest.raises(SettingError, match=why):
        wrong()


def test_an_answer_that_is_no_number(network):
    @nc.proxies.proxy("words", higher_is_better=True)
    def words(network, batch, generator):
        return "good"

    with pytest.raises(SettingError, match="words gave 'good'"):
        words(network, nc.proxies.as_batch(torch.randn(2, 3, 2, 2)))


def test_a_proxy_that_fails_leaves_the_network_as_it_was(network):
    @nc.proxies.proxy("breaks", higher_is_better=True)
    def breaks(network, batch, generator):
        network.eval()
        network[1].weight.data = torch.zeros(1)
        network[1].register_forward_hook(lambda *_: None)
        raise RuntimeError("no")

    before = network[1].weight.clone()
    with pytest.raises(RuntimeError, match="no"):
        breaks(network, nc.proxies.as_batch(torch.randn(2, 3, 2, 2)))
    assert torch.equal(network[1].weight, before) and network.training and not network[1]._forward_hooks


FORMS = {
    "pair of arrays": lambda x, y: (x, y),
    "pair of tensors": lambda x, y: (torch.tensor(x), torch.tensor(y)),
    "list": lambda x, y: [x, y.astype(np.uint8)],
    "set": lambda x, y: nc.data.ImageData((x, y), (x, y), batch=4),
    "images of images": lambda x, y: images_of((x, y)),
    "a batch": lambda x, y: nc.proxies.as_batch(x, y),
}


@pytest.mark.parametrize("form", FORMS)
def test_images_come_in_many_forms(form):
    x, y = np.random.default_rng(0).normal(size=(6, 3, 2, 2)).astype(np.float32), np.arange(6)
    found = images_of(FORMS[form](x, y))
    assert np.array_equal(found.images.numpy(), x) and found.labels.tolist() == y.tolist()
    assert found.digest() == images_of((x, y)).digest() != images_of((x, y[::-1].copy())).digest()
    drawn = found.draw(4, 1)
    again = found.draw(4, 1)
    assert torch.equal(drawn.images, again.images) and len(set(drawn.labels.tolist())) == 4 == len(drawn)
    assert all(np.array_equal(image.numpy(), x[label]) for image, label in zip(drawn.images, drawn.labels, strict=True))
    assert not torch.equal(found.draw(4, 2).labels, drawn.labels)
    assert found.draw(99, 0).labels.tolist() == y.tolist()


def test_tokens_are_drawn_by_column():
    found = images_of((torch.arange(12).reshape(3, 4), torch.arange(12).reshape(3, 4) + 1))
    drawn = found.draw(2, 0)
    assert drawn.images.shape == (3, 2) and torch.equal(drawn.labels, drawn.images + 1) and len(drawn) == 2


@pytest.mark.parametrize(
    "images, why",
    [
        (None, "expected"),
        ("digits", "expected"),
        (np.zeros((2, 3, 4)), "expected"),
        (np.zeros((2, 3, 4, 4), np.uint8), "expected"),
        (np.full((2, 3, 4, 4), np.nan), "not finite"),
        (np.zeros((0, 3, 4, 4)), "none of them 0"),
        ((np.zeros((2, 3, 4, 4)), np.zeros(3, int)), "labels of shape"),
        ((np.zeros((2, 3, 4, 4)), np.zeros(2)), "whole numbers"),
        ((np.zeros((2, 3, 4, 4)), np.array([-1, 0])), "0 or more"),
        ((np.zeros((2, 3, 4, 4)), None), "expected"),
    ],
)
def test_what_are_no_images(images, why):
    with pytest.raises(SettingError, match=why):
        images_of(images)
