"""Checkpoints: whole or refused, of this very search or refused, and nothing that was written is unreadable."""

from __future__ import annotations

import errno
import hashlib
import io
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from nascore.errors import ResultsError, SettingError
from nascore.search.oneshot import AdvantageNAS, Hook, RandomSharing, checkpoint, search, state
from nascore.testing.strategies import CHOICES, TinyData, TinySupernet


class Counting(Hook):
    """Keeps a number of whatever kind it is given."""

    def __init__(self, kept=0):
        self.kept = kept

    def after_epoch(self, run):
        return {"kept": self.kept} if run.epoch == 0 else None

    def state_dict(self):
        return {"kept": self.kept}

    def load_state_dict(self, state):
        self.kept = state["kept"]


def run(path=None, epochs=3, seed=0, net=None, strategy=None, data=None, **options):
    net = net or TinySupernet()
    strategy = strategy or AdvantageNAS(net.choices, seed=seed, learning_rate=0.1)
    return search(net, strategy, data or TinyData(), epochs, checkpoint=path, progress=False, **options)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "run.pt"
    run(path)
    return path.read_bytes()


def content(whole: bytes) -> dict:
    return torch.load(io.BytesIO(whole.partition(b"\n")[2]), weights_only=True)


def sealed(found) -> bytes:
    """A file with a right checksum, whatever it holds."""
    buffer = io.BytesIO()
    torch.save(found, buffer)
    return checkpoint.MARK + hashlib.sha256(buffer.getvalue()).hexdigest().encode() + b"\n" + buffer.getvalue()


# -- damage -----------------------------------------------------------------------------------------------------------
def test_no_changed_byte_and_no_cut_is_accepted(written, tmp_path):
    path, rng = tmp_path / "run.pt", np.random.default_rng(0)
    places = [*range(0, 90, 7), *rng.integers(0, len(written), 60).tolist(), len(written) - 1]
    damaged = [written[:at] + bytes([written[at] ^ (1 << at % 8)]) + written[at + 1 :] for at in places]
    damaged += [written[:at] for at in (1, 20, 95, len(written) // 2, len(written) - 1)] + [written + b"0", b"", b"\n"]
    for whole in damaged:
        path.write_bytes(whole)
        with pytest.raises(ResultsError, match=r"checkpoint='.*run\.pt'"):
            run(path)
        assert path.read_bytes() == whole


def test_a_file_of_before_the_checksum_is_named(written, tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(written.partition(b"\n")[2])
    with pytest.raises(ResultsError, match="earlier nascore"):
        run(path)


def test_nothing_in_a_sealed_file_is_executed(tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "executed",)

    path = tmp_path / "run.pt"
    for evil in (Evil(), {"settings": Evil()}, {"settings": {}, "rows": Evil()}):
        path.write_bytes(sealed(evil))
        with pytest.raises(ResultsError, match="not a checkpoint"):
            run(path)
    assert not (tmp_path / "executed").exists()


FORGED = {
    "nothing": lambda s: {},
    "a list": lambda s: [1],
    "no settings": lambda s: s.pop("settings"),
    "settings of text": lambda s: s.update(settings="x"),
    "no rows": lambda s: s.pop("rows"),
    "rows of text": lambda s: s.update(rows="abc"),
    "a row of nothing": lambda s: s.update(rows=[{}]),
    "an epoch twice": lambda s: s["rows"][1].update(epoch=1),
    "too many rows": lambda s: s["rows"].extend(dict(s["rows"][0], epoch=n) for n in range(4, 9)),
    "a loss of text": lambda s: s["rows"][0].update(val_loss="1.0"),
    "an infinite best": lambda s: s["rows"][0].update(best_val=math.inf),
    "another architecture": lambda s: s["rows"][0].update(arch=(9, 9, 9, 9)),
    "an architecture of text": lambda s: s["rows"][0].update(arch="skip"),
    "probabilities above 1": lambda s: s["probabilities"][0][0].__setitem__(0, 7.0),
    "fewer probabilities": lambda s: s["probabilities"].pop(),
    "no candidates": lambda s: s.pop("candidates"),
    "a candidate of text": lambda s: s["candidates"].append("x"),
    "a candidate outside": lambda s: s["candidates"].append([1.0, (7, 0, 0, 0), (7, 0, 0, 0)]),
    "stopped by a number": lambda s: s.update(stopped=3),
    "no supernet": lambda s: s.pop("supernet"),
    "another supernet": lambda s: s["supernet"].update(scale=torch.zeros(2, 2)),
    "a supernet of more": lambda s: s["supernet"].update(more=torch.zeros(1)),
    "no optimizer": lambda s: s.update(optimizer=None),
    "another optimizer": lambda s: s["optimizer"].update(param_groups=[]),
    "a momentum of another shape": lambda s: s["optimizer"]["state"][0].update(momentum_buffer=torch.zeros(5, 5)),
    "a momentum of text": lambda s: s["optimizer"]["param_groups"][0].update(momentum="much"),
    "a rate that is none": lambda s: s["optimizer"]["param_groups"][0].update(lr=math.nan),
    "no strategy": lambda s: s.pop("strategy"),
    "a theta to be broadcast": lambda s: s["strategy"].update(theta=torch.zeros(1, 3)),
    "a theta that is none": lambda s: s["strategy"]["theta"].fill_(math.nan),
    "a theta of text": lambda s: s["strategy"].update(theta="x"),
    "nothing live": lambda s: s["strategy"]["live"].fill_(False),
    "live numbers": lambda s: s["strategy"].update(live=torch.ones(4, 3)),
    "progress beyond": lambda s: s["strategy"].update(progress=3.0),
    "a generator of text": lambda s: s["strategy"].update(generator="x"),
    "an empty extra": lambda s: s["strategy"].update(extra={}),
    "an average of another shape": lambda s: s["strategy"]["optimizer"]["state"][0].update(exp_avg=torch.zeros(1, 3)),
    "hooks too many": lambda s: s.update(hooks=[{}, {}]),
    "hooks of numbers": lambda s: s.update(hooks=3),
    "a hook of nothing": lambda s: s.update(hooks=[{}]),
    "no generator": lambda s: s.pop("generator"),
    "a short generator": lambda s: s.update(generator=torch.zeros(3, dtype=torch.uint8)),
    "threads of text": lambda s: s["settings"].update(threads="two"),
    "earlier threads of text": lambda s: s["settings"].update(earlier_threads="two"),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_forged_fields_are_one_clear_error_and_leave_nothing(forge, tmp_path):
    path = tmp_path / "run.pt"
    run(path, hooks=[Counting(2)])
    found = content(path.read_bytes())
    changed = forge(found)
    path.write_bytes(sealed(changed if changed in ({}, [1]) else found))
    net = TinySupernet()
    strategy, hook = AdvantageNAS(net.choices, seed=0, learning_rate=0.1), Counting(2)
    before, scale = strategy.draw().weights.tolist(), net.scale.tolist()
    strategy = AdvantageNAS(net.choices, seed=0, learning_rate=0.1)
    with pytest.raises(ResultsError, match=r"run\.pt"):
        run(path, net=net, strategy=strategy, hooks=[hook])
    assert net.scale.tolist() == scale and not strategy.theta.any() and hook.kept == 2
    assert strategy.draw().weights.tolist() == before


# -- of another search ------------------------------------------------------------------------------------------------
def sgd(**group):
    return lambda p: torch.optim.SGD([{"params": p, **group}], 0.1)


def two_groups(rate):
    return lambda p: torch.optim.SGD([{"params": p}, {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate}], 0.1)


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ({"seed": 0}, {"seed": 1}, "strategy: seed=0"),
        ({}, {"clip": 2.0}, "clip=None"),
        ({}, {"weight_options": {"lr": 0.1}}, "weight_options: lr=0.025"),
        ({"weight_optimizer": sgd(momentum=0.5)}, {"weight_optimizer": sgd(momentum=0.9)}, "weight_options: momentum="),
        ({"weight_optimizer": sgd()}, {"weight_optimizer": sgd(lr=0.2)}, "weight_options: lr=0.1"),
        ({"weight_optimizer": two_groups(0.2)}, {"weight_optimizer": two_groups(0.3)}, "weight_options: groups="),
        ({}, {"hooks": [Counting()]}, "hooks="),
    ],
    ids=range(7),
)
def test_a_checkpoint_of_another_search_is_refused(tmp_path, first, second, named):
    run(tmp_path / "run.pt", **first)
    with pytest.raises(ResultsError, match=named):
        run(tmp_path / "run.pt", **second)
    assert len(run(tmp_path / "run.pt", **first)) == 3


# -- threads ----------------------------------------------------------------------------------------------------------
def test_another_number_of_threads_is_said(tmp_path):
    class Stop(Hook):
        def after_epoch(self, run):
            if run.epoch == 0 and stopping:
                raise KeyboardInterrupt

    def go(threads):
        return run(tmp_path / "run.pt", threads=threads, hooks=[Stop()])

    stopping = False
    go(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "earlier_threads" not in go(1).settings
    with pytest.warns(UserWarning, match="written with threads=1, it goes on with threads=2"):
        log = go(2)
    assert log.settings["threads"] == 2 and log.settings["earlier_threads"] == [1]


# -- every type that is written can be read ---------------------------------------------------------------------------
KINDS = [
    np.int64(3), np.float32(0.5), np.float64(2.0), np.bool_(True), np.str_("text"), np.array([1, 2]), np.array(3.5),
    torch.tensor(2), torch.tensor([1.0, 2.0]), torch.float32, torch.device("cpu"), Path("folder"), torch.Size([2, 3]),
    None, math.nan, True, (1, (2.5, "x")), {"a": {"b": [1]}}, {1: 2},
]  # fmt: skip


@pytest.mark.parametrize("value", KINDS, ids=repr)
@pytest.mark.parametrize("where", ["supernet", "strategy", "data"])
def test_settings_of_every_type_are_read_again(tmp_path, value, where):
    def go():
        net, data = TinySupernet(), TinyData()
        strategy = RandomSharing(net.choices)
        part = {"supernet": net, "strategy": strategy, "data": data}[where]
        part.settings = {**getattr(part, "settings", {}), "own": value}
        return run(tmp_path / "run.pt", 2, net=net, strategy=strategy, data=data)

    first, again = go(), go()
    assert again.frame.equals(first.frame)
    assert repr(again.settings[where]["own"]) == repr(first.settings[where]["own"])


@pytest.mark.parametrize("value", [1j, {1, 2}, b"bytes", np.datetime64("2020"), print])
def test_settings_that_cannot_be_written_are_named(value):
    data = TinyData()
    data.settings = {"own": value}
    with pytest.raises(SettingError, match=r"the data's settings\['own'\]"):
        run(data=data)


@pytest.mark.parametrize(
    "value",
    [np.float64(0.5), np.int32(2), np.bool_(False), torch.tensor(3), (1, 2), "text", None, [np.int64(1)]],
    ids=repr,
)
def test_what_hooks_report_and_keep_is_read_again(tmp_path, value):
    first = run(tmp_path / "run.pt", hooks=[Counting(value)])
    again = run(tmp_path / "run.pt", hooks=[Counting(value)])
    assert again.frame.equals(first.frame) and "kept" in first.frame
    for found in (first.run.rows[0]["kept"], again.run.rows[0]["kept"]):
        assert not isinstance(found, (np.generic, torch.Tensor)) and repr(found) == repr(first.run.rows[0]["kept"])


def test_a_hook_that_keeps_what_cannot_be_written_is_named(tmp_path):
    for value in (np.arange(3), object()):
        hook = Counting(value)
        hook.after_epoch = lambda run: None
        with pytest.raises(SettingError, match=r"Counting\.state_dict\['kept'\]"):
            run(tmp_path / "run.pt", hooks=[hook])
    assert not list(tmp_path.iterdir())


# -- places -----------------------------------------------------------------------------------------------------------
def test_places_that_cannot_be_written_are_named_before_the_first_step(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    taken = []
    monkeypatch.setattr(TinySupernet, "loss", lambda *_: taken.append(1))
    for path in (tmp_path, tmp_path / "file" / "run.pt", "/proc/nothing/run.pt", "a\0b"):
        with pytest.raises(ResultsError, match="checkpoint="):
            run(path)
    for path in (3, True, "", b"run.pt", [1]):
        with pytest.raises(SettingError, match="checkpoint="):
            run(path)
    assert not taken


def test_a_full_disk_is_one_clear_error(tmp_path, monkeypatch):
    run(tmp_path / "run.pt", 1)
    before = (tmp_path / "run.pt").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "atomic_write", full)
    with pytest.raises(ResultsError, match="No space left"):
        run(tmp_path / "other.pt")
    assert [each.name for each in tmp_path.iterdir()] == ["run.pt"] and (tmp_path / "run.pt").read_bytes() == before


# -- CUDA -------------------------------------------------------------------------------------------------------------
def test_the_random_state_of_a_cuda_device_is_kept(monkeypatch):
    log = run()
    assert state.capture(log.run, log.settings)["device_generator"] is None
    kept = []
    log.run.device = torch.device("cuda", 0)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: torch.arange(3, dtype=torch.uint8))
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda found, device: kept.append((found.tolist(), device)))
    state.restore(log.run, state.capture(log.run, log.settings))
    assert kept == [([0, 1, 2], torch.device("cuda", 0))]


def test_the_choices_are_those_of_the_tests():
    assert TinySupernet().choices == CHOICES
