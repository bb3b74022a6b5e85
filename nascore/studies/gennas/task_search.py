"""The search for a proxy task: regularised evolution over configurations (appendix, A.2.1 Algorithm 1 and A.2.2)."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nascore import checks, proxies
from nascore.errors import ResultsError, SettingError
from nascore.proxies.gennas import GenNAS, ImageTask
from nascore.proxies.gennas.task import Task
from nascore.spaces.base import Arch, Space

Fitness = Callable[[Task], float]


@dataclass(frozen=True)
class Evaluated:
    """One evaluation, in order: task as text, fitness (NaN: failed), and what it was mutated from (-1: drawn)."""

    number: int
    task: str
    fitness: float
    parent: int


class RankFitness:
    """|Spearman| between a task's losses and known accuracies of a few architectures (20 in the paper).

    images, network options: as for `nc.proxies.score`, of which each evaluation is one call. NaN where fewer than three
    architectures have a finite loss, or all have the same.
    """

    def __init__(
        self,
        space: Space,
        archs: Sequence[Arch],
        values: Sequence[float],
        images: Any,
        *,
        iterations: int = 100,
        batch: int = 16,
        seed: int = 0,
        workers: int = 1,
        **network: Any,
    ):
        self.space, self.archs = space, [space.validate(arch) for arch in archs]
        self.values = checks.numbers("values", list(values))
        if len(self.values) != len(self.archs) or len(set(map(space.format, self.archs))) < len(self.archs):
            raise SettingError(
                f"{len(self.archs)} architectures, {len(self.values)} values: expected as many, each once"
            )
        self.images, self.iterations, self.batch = images, iterations, batch
        self.seed, self.workers, self.network = seed, workers, network

    def __call__(self, task: Task) -> float:
        from scipy.stats import spearmanr

        proxy = GenNAS(task, self.iterations, self.batch)
        given = {"seeds": [self.seed], "workers": self.workers, "progress": False, **self.network}
        losses = proxies.score(self.space, self.archs, proxy, self.images, **given).score.to_numpy(float)
        good = np.isfinite(losses) & np.isfinite(self.values)
        if good.sum() < 3 or len(set(losses[good])) == 1 or len(set(self.values[good])) == 1:
            return math.nan
        return abs(float(spearmanr(losses[good], self.values[good]).statistic))


def search_tasks(
    fitness: Fitness,
    *,
    kind: type[Task] = ImageTask,
    seed: int = 0,
    population: int = 50,
    sample: int = 10,
    iterations: int = 400,
    file: str | Path | None = None,
) -> Iterator[Evaluated]:
    """Each evaluation as it is made: P = `population` random tasks, then T = `iterations` children, each of the best of
    S = `sample` members drawn without replacement; the oldest member goes. A failed task is the worst.

    `file`: one line per evaluation; the same call on it repeats none of them and goes on.
    """
    population, sample = checks.whole("population", population, 1), checks.whole("sample", sample, 1, population)
    iterations, rng = checks.whole("iterations", iterations, 0), np.random.default_rng(checks.seed(seed))
    known = [] if file is None else _read(checks.file("file", file))
    members: deque[tuple[Task, float, int]] = deque(maxlen=population)
    for number in range(population + iterations):
        if number < population:
            task, parent = kind.random(rng), -1
        else:
            drawn = [members[place] for place in rng.choice(population, sample, replace=False)]
            best, _, parent = max(drawn, key=lambda member: -math.inf if math.isnan(member[1]) else member[1])
            task = best.mutate(rng)
        if number < len(known):
            found = known[number]
            if (found.number, found.task, found.parent) != (number, task.text(), parent):
                raise ResultsError(f"{file}, line {number + 1}: another search's; expected {task.text()}")
        else:
            found = Evaluated(number, task.text(), float(fitness(task)), parent)
            if file is not None:
                with open(file, "a") as lines:
                    lines.write(json.dumps(asdict(found)) + "\n")
        members.append((task, found.fitness, number))
        yield found


def best_task(evaluated: Sequence[Evaluated], kind: type[Task] = ImageTask) -> Task:
    """The task of the best of all evaluations; SettingError where all failed."""
    good = [each for each in evaluated if not math.isnan(each.fitness)]
    if not good:
        raise SettingError(f"evaluated: {len(evaluated)} tasks, none with a fitness")
    return kind.parse(max(good, key=lambda each: each.fitness).task)


def _read(file: Path) -> list[Evaluated]:
    """What a file holds; a last line that was cut off by a kill is removed."""
    if not file.exists():
        return []
    lines = file.read_text().splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
        file.write_text("".join(lines))
    try:
        return [Evaluated(**json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise ResultsError(f"{file}: not a log of evaluated tasks ({error})") from error
