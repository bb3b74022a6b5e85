from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from nascore.errors import SettingError
from nascore.proxies.gennas import ImageTask, Noise, Part, SequenceTask, Signal, named, task
from nascore.proxies.gennas.named import frequencies
from nascore.proxies.gennas.task import CHANNELS, LEVELS, NOISE_LEVELS

TABLE = Path(__file__).parents[4] / "shared/data/tables/gennas_searched_tasks.json"


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", [ImageTask, SequenceTask])
def test_random_tasks_have_one_text_and_the_published_ranges(kind):
    source = rng(1)
    for _ in range(50):
        made = kind.random(source)
        again = kind.parse(made.text())
        assert again == made and hash(again) == hash(made) and str(again) == str(made)
        assert made.noise.level in NOISE_LEVELS and made.asks()
        for part in made.parts:
            assert part.channels in CHANNELS
            for signal in part.signals:
                assert signal.level in LEVELS
                assert all(0 <= f <= 0.5 for f in signal.frequencies) and len(signal.frequencies) in (0, 10)
    assert kind.random(rng(3)) == kind.random(rng(3)) != kind.random(rng(4))


def test_shared_signals_are_for_images_only():
    signals = [s for seed in range(30) for part in SequenceTask.random(rng(seed)).parts for s in part.signals]
    assert all(signal.local for signal in signals)
    assert any(not s.local for seed in range(30) for part in ImageTask.random(rng(seed)).parts for s in part.signals)


def test_both_parts_of_a_sequence_have_one_dimension():
    made = SequenceTask.random(rng())
    for _ in range(40):
        made = made.mutate(rng(int(made.noise.level * 10) + made.parts[0].channels))
        assert len({part.channels for part in made.parts}) == 1


def blocks(made) -> list:
    signals = [next((s for s in part.signals if s.basis == basis), None) for part in made.parts for basis in made.bases]
    return [made.noise, *(part.channels for part in made.parts), *signals]


def test_mutation_draws_each_block_anew_with_its_probability():
    start = ImageTask.random(rng(5))
    assert start.mutate(rng(), 0.0) == start
    source, changed, trials = rng(6), np.zeros(19), 600
    for _ in range(trials):
        changed += [a != b for a, b in zip(blocks(start), blocks(start.mutate(source)), strict=True)]
    # a block drawn anew may be what it was: absent again (1 of 2), the same width (1 of 6)
    rates = changed / trials
    absent = np.array([block is None for block in blocks(start)])
    assert np.all(np.abs(rates[absent] - 0.1) < 0.05)
    assert np.all(np.abs(rates[~absent] - 0.2) < 0.06)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Signal("sine"), "basis='sine'"),
        (lambda: Signal("dot"), "fraction=None"),
        (lambda: Signal("dot", fraction=1.5), "fraction=1.5"),
        (lambda: Signal("sin1d"), "sin1d takes one frequency"),
        (lambda: Signal("sin1d", frequencies=(0.6,)), "frequencies=0.6"),
        (lambda: Signal("resize", frequencies=(0.1,)), "resize takes none"),
        (lambda: Signal("resize", fraction=0.1), "fraction=0.1"),
        (lambda: Signal("resize", local=False), "each sample's own"),
        (lambda: Signal("resize", level=float("nan")), "level=nan"),
        (lambda: Noise("pink"), "noise='pink'"),
        (lambda: Noise("gaussian", 2.0), "noise level=2.0"),
        (lambda: Part((Signal("resize"), Signal("resize"))), "at most once"),
        (lambda: Part((Signal("resize"),), 0), "channels=0"),
        (lambda: ImageTask((Part(()),)), "expected 3"),
        (lambda: SequenceTask((Part((Signal("resize"),)),) * 2), "'resize' of input"),
        (lambda: SequenceTask((Part((), 16), Part((), 32))), "expected the same"),
        (lambda: ImageTask.parse("{"), "not JSON"),
        (lambda: ImageTask.parse('{"stage3": {}}'), "'stage3': unknown"),
        (lambda: ImageTask.from_dict({"stage0": 3}), "stage0=3"),
        (lambda: task("search-m"), "did you mean search-"),
        (lambda: task(3), "task=3"),
        (lambda: task("combo").mutate(rng(), 2), "probability=2"),
    ],
)
def test_what_is_wrong_is_named(make, words):
    with pytest.raises(SettingError, match="(?s)" + words.replace("(", r"\(")):
        make()


def test_the_named_tasks():
    assert {"single", "combo", "search-n", "search-d", "search-r", "search-nlp", "combo-nlp"} <= set(named())
    assert task("combo") is task("COMBO") and task(task("combo")) is task("combo")
    assert frequencies("high")[0] == 0.375 and frequencies("high")[-1] == 0.4875
    assert frequencies("medium") == (0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.275, 0.3, 0.325, 0.35)
    assert [part.channels for part in task("search-n").parts] == [64, 48, 16]
    assert [[s.basis for s in part.signals] for part in task("combo").parts] == [
        ["sin1d", "sin2d", "dot"],
        ["sin1d", "sin2d", "resize"],
        ["sin1d", "dot", "resize"],
    ]


@pytest.mark.skipif(not TABLE.exists(), reason=f"{TABLE} is not here")
def test_the_searched_tasks_are_the_published_numbers():
    for name, given in json.loads(TABLE.read_text())["tasks"].items():
        made = task(name.lower())
        assert dataclasses.astuple(made.noise) == (given["noise"], given["noise_level"])
        key = "input_or_output" if "dimension" in given else "stage"
        found = [(k, s) for k, part in enumerate(made.parts) for s in part.signals]
        assert len(found) == len(given["components"])
        for each in given["components"]:
            (signal,) = (s for k, s in found if k == each[key] and s.basis == each["basis"])
            assert (signal.level, list(signal.frequencies)) == (each["level"], each.get("frequencies", []))
            assert (signal.fraction, signal.local) == (each.get("fraction"), each.get("per_sample", True))
