"""`score`: many architectures, several proxies, several seeds; one row each, resumable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from nascore import bars, checks
from nascore.errors import NascoreError, SettingError
from nascore.networks.initial import BIAS, WEIGHTS
from nascore.proxies.batch import Images, images_of
from nascore.proxies.registry import Proxy, get
from nascore.proxies.rows import Scored, ScoreFile
from nascore.proxies.work import OWN, Setting, Unit, running
from nascore.spaces.base import Arch, Space

if TYPE_CHECKING:
    import pandas as pd

MOST_WORKERS = 4096


def score(
    space: Space,
    archs: Sequence[Arch | str],
    names: Sequence[str | Proxy] | str | Proxy,
    images: Any,
    *,
    seeds: int | Sequence[int] = 1,
    workers: int = 1,
    file: str | Path | None = None,
    batch: int | None = None,
    weights: str = "default",
    bias: str = "default",
    device: str = "cpu",
    progress: bool = True,
    **network: Any,
) -> pd.DataFrame:
    """The scores of architectures before any training, one row per (architecture, proxy, seed).

    Parameters
    ----------
    archs: tuples of `space`, or their texts; one that is named twice gives one row.
    names: of `available()`, or Proxy objects.
    images: (images, labels), images alone where no proxy needs labels, or a set such as `nc.data.digits()`. A seed
        chooses each proxy's batch from them, the same for every architecture.
    seeds: 0 to seeds - 1, or a list. A seed gives the first weights, the batch, and every random number of a proxy.
    file: rows are appended as they are finished; asked again, only what is missing is computed. ResultsError where it
        holds scores of another space, other images, networks or settings.
    batch: images in a batch, for every proxy; by default each one's own (`Proxy.batch`), all where there are fewer.
    weights, bias: the first weights, see `nc.networks.initialise`; "own": those that the space's networks have.
    network: options of `nc.networks.build`, such as channels, cells, classes, statistics. Networks are in training
        mode: batch normalisation is by the batch whatever `statistics` says, except where a proxy evaluates (econas).

    Columns: arch (text), proxy, seed, score (as it is), good (turned so that higher is better), seconds (of the
    processor, one thread; a pass that proxies share counts for each), error ("", or why there is no score: a failed
    cell, or one whose score is not finite, is recorded and the others go on).
    """
    checks.instance("space", space, Space, "a nascore space such as nc.spaces.NASBench201()")
    known = _archs(space, archs)
    proxies = _proxies(names, batch)
    given = images_of(images)
    numbers = _seeds(seeds)
    if "seed" in network:
        raise SettingError(f"seed={checks.shown(network['seed'])}: give seeds=[...]")
    checks.one_of("weights", weights, (*WEIGHTS, OWN))
    checks.one_of("bias", bias, BIAS)
    checks.whole("workers", workers, 1, MOST_WORKERS)
    show = checks.flag("progress", progress)
    setting = Setting(space, weights, bias, _device(device), network)
    for each in proxies:
        if each.labels and given.labels is None:
            raise SettingError(f"{each.name} needs labels: give images=(images, labels)")
    found: dict[tuple[str, str, int], Scored] = {}
    stored = None
    if file is not None:
        stored = ScoreFile(file, _header(setting, given), {each.name: _plain(each.identity()) for each in proxies})
        found = stored.found
    units = _units(known, proxies, numbers, found)
    if units:
        _try_first(setting, units[0], proxies, given)
        total = sum(map(len, (asked for unit in units for asked in unit.asked)))
        bar = bars.bar(total=total, desc="scores", unit="score") if show else None
        try:
            with running(setting, proxies, given, workers) as run:
                for rows in run(units):
                    if stored is not None:
                        stored.add(rows)
                    found.update({row.key: row for row in rows})
                    if bar is not None:
                        bar.update(len(rows))
        finally:
            if bar is not None:
                bar.close()
    return _frame([found[text, each.name, seed] for _, text in known for each in proxies for seed in numbers], proxies)


def _archs(space: Space, archs: Any) -> list[tuple[Arch, str]]:
    found: dict[str, Arch] = {}
    for arch in checks.listed("archs", archs, "a list of architectures"):
        arch = space.parse(arch) if isinstance(arch, str) else space.validate(arch)
        found.setdefault(space.format(arch), arch)
    return [(arch, text) for text, arch in found.items()]


def _proxies(names: Any, batch: int | None) -> list[Proxy]:
    if isinstance(names, (str, Proxy)):
        names = [names]
    found = [get(each, batch=batch) for each in checks.listed("names", names, '["naswot", "synflow"]')]
    checks.distinct("names", tuple(each.name for each in found), 1)
    return found


def _seeds(seeds: Any) -> list[int]:
    if isinstance(seeds, (list, tuple, range)):
        found = [checks.seed(each, "seeds") for each in seeds]
        if not found or len(set(found)) < len(found):
            raise SettingError(f"seeds={checks.shown(seeds)}: expected a number, or different seeds")
        return found
    return list(range(checks.whole("seeds", seeds, 1)))


def _device(device: Any) -> str:
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingError(f"device={checks.shown(device)}: cannot be used here ({why})") from None
    return str(device)


def _units(known: list[tuple[Arch, str]], proxies: list[Proxy], seeds: list[int], found: dict) -> list[Unit]:
    """What is missing, so many architectures in a unit as a proxy takes side by side."""
    size, units = max(each.at_once for each in proxies), []
    for seed in seeds:
        missing = []
        for arch, text in known:
            asked = [place for place, each in enumerate(proxies) if (text, each.name, seed) not in found]
            if asked:
                missing.append(((arch, text), asked))
        for first in range(0, len(missing), size):
            part = missing[first : first + size]
            units.append(Unit(seed, [each for each, _ in part], [asked for _, asked in part]))
    return units


def _try_first(setting: Setting, unit: Unit, proxies: list[Proxy], images: Images) -> None:
    """The first network takes two of the images and tells enough classes apart: what is wrong for all is said before
    anything is computed."""
    network = setting.network(unit.archs[0][0], unit.seed)
    if images.images.dim() != 4:
        return
    few = images.draw(2, 0, setting.device).images
    with torch.no_grad():
        try:
            logits = network(few)
        except NascoreError:
            if len(few) == 1:  # a single image, which may be too little to normalise by
                return
            raise
        except Exception as error:
            raise SettingError(
                f"images of shape {tuple(few.shape[1:])}: the network cannot take them ({error})"
            ) from None
    if images.labels is not None and any(each.labels for each in proxies):
        most = int(images.labels.max())
        if most >= logits.shape[-1]:
            raise SettingError(f"labels to {most}, {logits.shape[-1]} classes: give classes={most + 1} or more")


def _header(setting: Setting, images: Images) -> dict[str, Any]:
    return {
        "space": _plain(setting.space.identity()),
        "images": images.digest(),
        "weights": setting.weights,
        "bias": setting.bias,
        "network": _plain(setting.options),
    }


def _plain(value: Any) -> Any:
    """`value` as JSON would give it back."""
    import json

    return json.loads(json.dumps(value, default=str, sort_keys=True))


def _frame(rows: list[Scored], proxies: list[Proxy]) -> pd.DataFrame:
    import pandas as pd

    turned = {each.name: each for each in proxies}
    frame = pd.DataFrame([row._asdict() for row in rows], columns=list(Scored._fields))
    good = [turned[row.proxy].good(row.score) for row in rows]
    frame.insert(list(Scored._fields).index("score") + 1, "good", good)
    return frame
