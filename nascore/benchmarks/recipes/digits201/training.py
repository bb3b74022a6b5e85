"""How the table digits201 was made: every function of NAS-Bench-201's space trained by us on cluttered digits.

`python -m nascore.benchmarks.recipes.digits201 --workers 2` trains what is missing, one file per finished chunk under
data/benchmarks/digits201/chunks, and builds the table when all are there. Killed runs go on where they stopped.
One seed for every class, three for the classes of the best cells, two for a random sample and for classes of many
cells.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path

import numpy as np

from nascore.benchmarks.recipes.digits201 import recipe as made_by
from nascore.benchmarks.recipes.digits201.chunks import Chunk, read_chunk, write_chunk
from nascore.benchmarks.recipes.digits201.recipe import RECIPE, SEEDS, Recipe
from nascore.errors import DataError, SettingError
from nascore.spaces.base import Arch
from nascore.spaces.isomorphism import isomorphism_classes
from nascore.spaces.nasbench201 import NASBench201

CHUNK, FLEET = 64, 16  # trainings per file, networks trained side by side
BEST, SAMPLE = 1563, 128  # cells with three seeds, the best tenth; further classes with two,
COMMON = 10  # and those that at least so many cells compute: half of the cells belong to 143 of them


def train(archs: Sequence[Arch], seed: int, recipe: Recipe = RECIPE, device: str = "cpu") -> np.ndarray:
    """Correct answers, int64 (networks, checkpoints, 2): val and test, of networks trained side by side.

    Every network sees the same batches and starts from the weights that `seed` gives it; nothing else is shared.
    """
    import torch
    import torch.nn.functional as F

    from nascore.data.cluttered import cluttered_digits
    from nascore.networks.fleet import Fleet

    pools = {}
    for name in ("train", "val", "test"):
        pool = cluttered_digits(name)
        pools[name] = (torch.tensor(pool.images, device=device), torch.tensor(pool.labels, device=device))
    images, labels = pools["train"]
    fleet = Fleet(archs, recipe.widths, seed).to(device).train()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).to(device)
    if recipe.steps * recipe.batch > len(images):
        raise SettingError(f"steps={recipe.steps}: one pass over {len(images)} images is {len(images) // recipe.batch}")
    optimizer = torch.optim.SGD(
        fleet.parameters(),
        recipe.learning_rate,
        recipe.momentum,
        nesterov=True,
        weight_decay=recipe.weight_decay,
        foreach=True,
    )
    correct = np.zeros((len(archs), recipe.checkpoints, 2), np.int64)
    for step in range(recipe.steps):
        optimizer.param_groups[0]["lr"] = recipe.rate(step)
        batch = order[step * recipe.batch : (step + 1) * recipe.batch]
        logits = fleet(images[batch]).flatten(0, 1)
        loss = F.cross_entropy(logits, labels[batch].repeat_interleave(len(archs)), reduction="sum") / recipe.batch
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step + 1 in recipe.steps_at:
            checkpoint = recipe.steps_at.index(step + 1)
            for split, name in enumerate(("val", "test")):
                count = None if step + 1 == recipe.steps else recipe.early_images
                correct[:, checkpoint, split] = _correct(fleet, *(array[:count] for array in pools[name]))
    return correct


def _correct(fleet, images, labels, batch: int = 125) -> np.ndarray:
    import torch

    fleet.eval()
    with torch.no_grad():
        right = sum(
            (fleet(images[i : i + batch]).argmax(2) == labels[i : i + batch, None]).sum(0)
            for i in range(0, len(images), batch)
        )
    fleet.train()
    return right.cpu().numpy()


# -- the plan ---------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=1)
def classes() -> tuple[list[Arch], np.ndarray]:
    """Representatives of the classes, and the class of every cell in lexicographic order."""
    return isomorphism_classes(NASBench201())


def chunk_file(seed: int, number: int) -> Path:
    return made_by.folder() / "chunks" / f"seed{seed}-{number:03d}.npz"


def trained() -> np.ndarray:
    """Correct answers of all finished trainings, int32 (class, seed, checkpoint, split); -1 where there is none.

    DataError for a file of another recipe, for a damaged one, and where two files hold one training.
    """
    found = np.full((len(classes()[0]), len(SEEDS), RECIPE.checkpoints, 2), -1, np.int32)
    for file in sorted((made_by.folder() / "chunks").glob("seed*.npz")):
        chunk = read_chunk(file, len(found))
        if (found[chunk.classes, chunk.seed] >= 0).any():
            raise DataError(f"{file}: some of its trainings stand in an earlier file too; move one of them away")
        found[chunk.classes, chunk.seed] = chunk.correct
    return found


def sample() -> np.ndarray:
    """Numbers of the random classes that have a second training."""
    return np.random.default_rng(201).choice(len(classes()[0]), SAMPLE, replace=False)


def plan(seed: int, found: np.ndarray) -> np.ndarray:
    """Numbers of the classes that `seed` trains; for seeds 1 and 2 it needs the results of seed 0."""
    everything = np.arange(len(classes()[0]))
    if seed == 0:
        return everything
    first = found[:, 0, -1]
    if (first < 0).any():
        raise SettingError(
            f"seed {seed}: the best {BEST:,} cells are known when seed 0 is complete; it lacks "
            f"{int((first[:, 0] < 0).sum())} classes"
        )
    cell_class = classes()[1]
    best = cell_class[np.argsort(-first.sum(1)[cell_class], kind="stable")[:BEST]]
    wanted = set(best.tolist())
    if seed == 1:
        wanted |= set(sample().tolist())
        wanted |= set(np.flatnonzero(np.bincount(cell_class) >= COMMON).tolist())
    return np.array(sorted(wanted))


def run_chunk(seed: int, number: int, members: Sequence[int], device: str = "cpu") -> float:
    """Train one chunk and write its file; seconds of processor time."""
    import torch

    torch.set_num_threads(1)
    start, archs = time.process_time(), [classes()[0][i] for i in members]
    correct = np.concatenate([train(archs[i : i + FLEET], seed, device=device) for i in range(0, len(archs), FLEET)])
    seconds = time.process_time() - start
    write_chunk(chunk_file(seed, number), Chunk(np.asarray(members), correct, seed, seconds))
    return seconds


def train_all(workers: int, device: str = "cpu") -> None:
    """Train what is missing. Each seed in turn, because the later ones train the best cells of the first."""
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    for seed in SEEDS:
        found = trained()
        members = plan(seed, found)
        lacking = members[(found[members, seed] < 0).any((1, 2))].tolist()
        parts = [lacking[i : i + CHUNK] for i in range(0, len(lacking), CHUNK)]
        free = (n for n in count() if not chunk_file(seed, n).exists())
        missing = list(zip([next(free) for _ in parts], parts, strict=True))
        with tqdm(total=len(missing), unit="chunk", desc=f"seed {seed}", disable=not missing) as bar:
            for _ in Parallel(workers, return_as="generator_unordered", batch_size=1)(
                delayed(run_chunk)(seed, n, part, device) for n, part in missing
            ):
                bar.update()
