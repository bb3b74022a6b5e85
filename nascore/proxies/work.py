"""One unit of `score`: a few architectures, one seed, all proxies that are still to be asked; here or in a worker."""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nascore import threads
from nascore.errors import ResultsError
from nascore.networks.building import build
from nascore.networks.initial import initialise
from nascore.proxies.batch import Images
from nascore.proxies.registry import Proxy
from nascore.proxies.rows import Scored
from nascore.spaces.base import Arch, Space

OWN = "own"  # the first weights that the network's builder gives


@dataclass(frozen=True)
class Setting:
    """How the networks of all units are made."""

    space: Space
    weights: str = "default"
    bias: str = "default"
    device: str = "cpu"
    options: dict[str, Any] = field(default_factory=dict)

    def network(self, arch: Arch, seed: int) -> nn.Module:
        """The network of `arch` with the first weights of `seed`, in training mode. A builder that takes no `seed`
        draws from torch's random numbers, which are left as they were."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            try:
                network = build(self.space, arch, **self.options, seed=seed)
            except Exception:
                torch.manual_seed(seed)
                network = build(self.space, arch, **self.options)
        if self.weights != OWN:
            initialise(network, self.weights, self.bias, seed)
        return network.to(self.device).train()


@dataclass(frozen=True)
class Unit:
    """`archs`: (architecture, its text); `asked`: for each, the proxies by their places in the list of all."""

    seed: int
    archs: list[tuple[Arch, str]]
    asked: list[list[int]]


def rows_of(unit: Unit, setting: Setting, proxies: Sequence[Proxy], images: Images) -> Iterator[Scored]:
    """The unit's scores, each as soon as it is there; what fails is a row that says why."""
    networks: dict[int, nn.Module] = {}
    for place, (arch, text) in enumerate(unit.archs):
        start = time.perf_counter()
        try:
            networks[place] = setting.network(arch, unit.seed)
        except Exception as error:
            seconds = (time.perf_counter() - start) / len(unit.asked[place])
            for number in unit.asked[place]:
                yield Scored(text, proxies[number].name, unit.seed, math.nan, seconds, _line(error))
    batches: dict = {}

    def batch_of(size: int | None, place: int):
        if size not in batches:
            batches[size] = images.draw(size, unit.seed, setting.device)
        if (size, place) not in batches:
            batches[size, place] = batches[size].remembering()
        return batches[size, place]

    for number, proxy in enumerate(proxies):
        places = [place for place in networks if number in unit.asked[place]]
        for first in range(0, len(places), proxy.at_once):
            group = places[first : first + proxy.at_once]
            batch = batch_of(proxy.batch, group[0])
            found = _group([networks[place] for place in group], proxy, batch, unit.seed)
            for place, scored in zip(group, found, strict=True):
                yield Scored(unit.archs[place][1], proxy.name, unit.seed, *scored)


def _group(networks: list[nn.Module], proxy: Proxy, batch, seed: int) -> list[tuple[float, float, str]]:
    """(score, seconds, error) of networks side by side; where that fails, of each alone."""
    start = batch.clock()
    generators = [torch.Generator(batch.device).manual_seed(seed) for _ in networks]
    try:
        found = proxy.all(networks, batch, generators)
    except Exception as error:
        if len(networks) == 1:
            return [(math.nan, batch.clock() - start, _line(error))]
        return [_group([network], proxy, batch, seed)[0] for network in networks]
    seconds = (batch.clock() - start + batch.saved()) / len(networks)
    return [(x, seconds, "") if math.isfinite(x) else (math.nan, seconds, f"the score is {x}") for x in found]


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    return (f"{name}: {text}" if text else name)[:300]


# -- in other processes ------------------------------------------------------------------------------------------------
@lru_cache(maxsize=1)
def _images(path: str) -> Images:
    parts = torch.load(path, weights_only=True)
    return Images(parts["images"], parts["labels"])


def _in_worker(unit: Unit, setting: Setting, proxies: Sequence[Proxy], path: str) -> list[Scored]:
    with threads.one_thread():
        return list(rows_of(unit, setting, proxies, _images(path)))


@contextlib.contextmanager
def running(
    setting: Setting, proxies: Sequence[Proxy], images: Images, workers: int
) -> Iterator[Callable[[list[Unit]], Iterator[list[Scored]]]]:
    """Yields a function from units to lists of their scores, in the order in which they are done."""
    if workers == 1:

        def here(units: list[Unit]) -> Iterator[list[Scored]]:
            for unit in units:
                for row in rows_of(unit, setting, proxies, images):
                    yield [row]

        with threads.limited(1 if setting.device == "cpu" else None):
            yield here
        return
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    with tempfile.TemporaryDirectory(prefix="nascore-scores-") as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
        path = str(Path(folder) / "images.pt")  # once for all workers, not with every unit
        torch.save({"images": images.images, "labels": images.labels}, path)

        def there(units: list[Unit]) -> Iterator[list[Scored]]:
            pool = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
            yield from pool(delayed(_in_worker)(unit, setting, proxies, path) for unit in units)

        try:
            with parallel_config(backend="loky", inner_max_num_threads=1):
                yield there
        except KeyboardInterrupt:
            get_reusable_executor().shutdown(wait=True, kill_workers=True)
            raise
        except BrokenProcessPool:
            get_reusable_executor().shutdown(wait=True, kill_workers=True)
            raise ResultsError(
                "a worker process died (out of memory?); finished scores are in the file, if there is one; ask again, "
                "perhaps with fewer workers"
            ) from None
