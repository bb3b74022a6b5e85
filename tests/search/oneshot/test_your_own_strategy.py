"""Bring your own strategy: the code of notebooks/advantagenas/07_your_own_strategy itself runs and keeps the
contract."""

from __future__ import annotations

import json

import torch

import nascore as nc
from nascore import paths
from nascore.networks import ImageData, digits201_supernet, one_hot

NOTEBOOK = paths.notebooks() / "advantagenas" / "07_your_own_strategy.ipynb"


def strategy_class():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    (source,) = ("".join(c["source"]) for c in cells if "strategy-in-30-lines" in c["metadata"].get("tags", []))
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 30
    scope = {"nc": nc, "torch": torch, "one_hot": one_hot}
    exec(source, scope)  # the notebook's own words are what is tested
    return scope["LossAverages"]


def test_it_prefers_the_cheap_operations_of_a_known_loss():
    cost = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    found = []
    for seed in range(5):
        strategy = strategy_class()(nc.networks.Choices(2, ("a", "b", "c")), seed=seed, sharpness=4.0)
        for _ in range(200):
            draw = strategy.draw()
            strategy.update([draw], [float((draw.weights * cost).sum())])
        found.append(strategy.derive())
    assert found == [(0, 1)] * 5


def test_it_searches_and_goes_on_from_its_state():
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.randn(32, 1, 6, 6, generator=generator), torch.randint(10, (32,), generator=generator)

    def run(epochs):
        supernet = digits201_supernet(widths=(4, 4), seed=0)
        return nc.search.oneshot.search(
            supernet,
            strategy_class()(supernet.choices, seed=0),
            ImageData((images, labels), (images, labels), batch=8),
            epochs=epochs,
            progress=False,
        )

    log = run(3)
    assert log.derive() in nc.spaces.NASBench201()
    saved = strategy_class()(nc.networks.Choices(3, ("a", "b")), seed=1)
    saved.update([saved.draw()], [1.0])
    other = strategy_class()(nc.networks.Choices(3, ("a", "b")), seed=2)
    other.load_state_dict(saved.state_dict())
    assert saved.draw().arch == other.draw().arch
    assert torch.equal(saved.average.nan_to_num(-1), other.average.nan_to_num(-1))
