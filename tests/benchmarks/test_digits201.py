"""digits201's loader and card, on a made-up complete table in a temporary folder, and the committed table itself."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import nascore as nc
from nascore.benchmarks.packed_npz import read_npz, write_npz
from nascore.benchmarks.recipes.digits201 import build, card, noise, recipe, training
from nascore.benchmarks.recipes.digits201.recipe import RECIPE
from nascore.data.cluttered import SIZES
from nascore.errors import DataError, SettingError

SPACE = nc.spaces.NASBench201()
COMMITTED = recipe.folder()
EARLY, MIDDLE = RECIPE.steps_at[0], RECIPE.steps_at[3]
LAST, IMAGES = RECIPE.checkpoints - 1, SIZES["val"]  # of each pool after the last step
SHOWN = np.array([RECIPE.early_images] * LAST + [IMAGES])[:, None]


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """Made-up correct answers, int (class, seed, checkpoint, split)."""
    rng = np.random.default_rng(0)
    archs = np.array(training.classes()[0])
    level = 0.1 + 0.8 * (1 - np.exp(-0.5 * (archs == 3).sum(1) - 0.1 * (archs == 4).sum(1)))
    return rng.binomial(SHOWN, np.broadcast_to(level[:, None, None, None], (len(archs), 3, RECIPE.checkpoints, 2)))


@pytest.fixture(scope="module")
def folder(counts, tmp_path_factory):
    """A table built from made-up training files; the package looks there while this module runs."""
    where = tmp_path_factory.mktemp("digits201")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "folder", lambda: where)
        for seed in recipe.SEEDS:
            members = training.plan(seed, training.trained())
            for number, part in enumerate(np.array_split(members, 3)):
                training.chunk_file(seed, number).parent.mkdir(exist_ok=True)
                write_npz(
                    training.chunk_file(seed, number),
                    {
                        "classes": part.astype(np.int16),
                        "correct": counts[part, seed].astype(np.int16),
                        "seed": np.array(seed),
                        "seconds": np.array(3600.0),
                        "recipe": np.array(RECIPE.mark),
                    },
                )
        build.build()
        yield where


@pytest.fixture(scope="module")
def bench(folder):
    return nc.benchmarks.load("digits201")


def test_one_row_for_each_cell_in_lexicographic_order(bench):
    assert len(bench) == SPACE.size == 15_625 and bench.label == "" and "digits201" in nc.benchmarks.available()
    assert np.array_equal(np.array(bench.archs), SPACE.array())
    assert (bench.dataset, bench.split, bench.epochs, bench.seed) == ("digits", "test", RECIPE.steps, "mean")
    assert bench.array.dtype == np.float32 and not np.isnan(bench.array).any()
    assert f"{IMAGES:,}" in bench.about and str(RECIPE.early_images) in bench.select(epochs=EARLY).about


def test_values_are_the_counts_in_percent(bench, counts):
    members = training.classes()[1]
    for row in (0, 9, 4321, 15_624):
        own = counts[members[row]]
        one = nc.benchmarks.load("digits201", dataset="digits", split="val", seed=0)
        assert one.array[row] == pytest.approx(100 * own[0, LAST, 0] / IMAGES)
        early = nc.benchmarks.load("digits201", split="test", epochs=EARLY, seed=0)
        assert early.array[row] == pytest.approx(100 * own[0, 0, 1] / RECIPE.early_images)
        assert early.value(SPACE.parse(SPACE.format(bench.arch(row)))) == early.array[row]


def test_cells_of_one_function_share_their_value(bench):
    members = training.classes()[1]
    for array in (bench.array, bench.select(split="val", epochs=MIDDLE, seed=1).array):
        first = array[np.unique(members, return_index=True)[1]]
        assert np.array_equal(array, first[members], equal_nan=True)


def test_mean_is_over_the_trained_seeds_only(bench):
    seeds = np.stack([bench.select(seed=seed).array for seed in recipe.SEEDS])
    trained = (~np.isnan(seeds)).sum(0)
    assert set(trained.tolist()) == {1, 2, 3}  # one everywhere, two for the sample, three for the best
    assert np.allclose(bench.array, np.nanmean(seeds, 0), atol=1e-4)
    assert not np.isnan(seeds[0]).any()
    first = (bench.select(seed=0, split="val").array + seeds[0]) / 2
    assert (trained == 3).sum() >= training.BEST and trained[first >= np.sort(first)[-900]].min() == 3


@pytest.mark.parametrize(
    "question, said",
    [
        ({"dataset": "cifar10"}, "dataset='cifar10'.*'digits'"),
        ({"split": "valid"}, "split='valid'.*'val', 'test'"),
        ({"epochs": 7}, f"epochs=7.*{EARLY}, .*, {MIDDLE}"),
        ({"seed": 3}, "seed=3.*'mean', 0, 1, 2"),
        ({"epochs": True}, "epochs=True"),
    ],
)
def test_other_questions_are_refused(bench, question, said):
    with pytest.raises(SettingError, match=said):
        nc.benchmarks.load("digits201", **question)


def test_costs_are_those_of_the_networks_that_were_trained(bench):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from nascore.networks.fleet import Fleet

    for arch in [(0,) * 6, (1,) * 6, (3,) * 6, (2, 1, 3, 4, 1, 2), (4, 4, 2, 2, 3, 4)]:
        network = Fleet([arch], RECIPE.widths)
        assert bench.cost(arch, "params") == sum(p.numel() for p in network.parameters())
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(1, 1, 10, 10))
        sides = (10, 5, 3)[: len(RECIPE.widths)]
        share = 9 * sum(side**2 for side in sides) if 4 in arch else 0  # each window's pixels, once a batch
        assert bench.cost(arch, "flops") == counter.get_total_flops() / 2 - share


def test_the_same_files_give_the_same_bytes(folder):
    before = (folder / "digits201.npz").read_bytes()
    card = (folder / "README.md").read_text()
    build.build()
    assert (folder / "digits201.npz").read_bytes() == before and (folder / "README.md").read_text() == card
    assert len(before) < 3_000_000
    assert hashlib.sha256(before).hexdigest() in (folder / "SHA256SUMS").read_text()


def test_a_table_with_missing_trainings_is_not_built(folder, tmp_path, monkeypatch):
    shutil.copytree(folder / "chunks", tmp_path / "chunks")
    monkeypatch.setattr(recipe, "folder", lambda: tmp_path)
    training.chunk_file(2, 1).unlink()
    with pytest.raises(DataError, match="seed 2 lacks"):
        build.build()
    training.chunk_file(0, 1).unlink()
    with pytest.raises(DataError, match="seed 0 lacks.*recipes.digits201"):
        build.build()
    assert not (tmp_path / "digits201.npz").exists()


def test_trainings_of_another_recipe_are_not_mixed_in(folder, tmp_path, monkeypatch):
    shutil.copytree(folder / "chunks", tmp_path / "chunks")
    monkeypatch.setattr(recipe, "folder", lambda: tmp_path)
    file = training.chunk_file(1, 0)
    write_npz(file, read_npz(file) | {"recipe": np.array(replace(RECIPE, steps=RECIPE.steps + 1).mark)})
    with pytest.raises(DataError, match="seed1-000.npz: trained by another recipe"):
        training.trained()


def repeated(array):
    return np.concatenate([array[:1], array[:-1]])


def with_entry(array, value):
    array = array.copy()
    array.flat[0] = value
    return array


FIELD_DAMAGE = {  # field, what becomes of it, what is said
    "no classes": ("classes", None, "fields correct, recipe, seconds, seed, expected"),
    "no correct": ("correct", None, "fields classes, recipe, seconds, seed, expected"),
    "no recipe": ("recipe", None, "fields classes, correct, seconds, seed, expected"),
    "a field more": ("other", lambda _: np.array(1), "fields .*other"),
    "classes as floats": ("classes", lambda a: a.astype(float), "classes of shape .* and type float64"),
    "classes in two axes": ("classes", lambda a: a[:, None], "classes of shape"),
    "none of the classes": ("classes", lambda a: a[:0], "classes of shape"),
    "a class beyond": ("classes", lambda a: with_entry(a, 6000), "classes from .* to 6000, expected different ones"),
    "a class below": ("classes", lambda a: with_entry(a, -1), "classes from -1 to"),
    "a class twice": ("classes", repeated, "classes from .*expected different ones"),
    "fewer answers": ("correct", lambda a: a[1:], "correct of shape"),
    "answers as floats": ("correct", lambda a: a.astype(float), "correct of shape .* and type float64"),
    "answers below": ("correct", lambda a: with_entry(a, -1), "correct from -1"),
    "more answers than images": (
        "correct",
        lambda a: with_entry(a, 201),
        "correct from .*expected 0 to the number of images shown",
    ),
    "another seed": ("seed", lambda _: np.array(2), "seed 2 of type int64, expected that of the file's name"),
    "a seed that is none": ("seed", lambda _: np.array(9), "seed 9"),
    "a seed as text": ("seed", lambda _: np.array("1"), "seed 1 of type"),
    "a seed as truth": ("seed", lambda _: np.array(True), "seed True of type bool"),
    "seeds": ("seed", lambda _: np.array([1, 1]), "seed .1 1. of type"),
    "seconds below": ("seconds", lambda _: np.array(-1.0), "seconds -1.0"),
    "seconds nan": ("seconds", lambda _: np.array(np.nan), "seconds nan"),
    "seconds as text": ("seconds", lambda _: np.array("x"), "seconds x"),
    "a recipe as number": ("recipe", lambda _: np.array(1), "trained by another recipe"),
    "recipes": ("recipe", lambda a: np.array([str(a)] * 2), "trained by another recipe"),
}


@pytest.mark.parametrize("damage", FIELD_DAMAGE)
def test_a_damaged_field_of_a_training_file_is_named(folder, tmp_path, monkeypatch, damage):
    field, change, said = FIELD_DAMAGE[damage]
    source = folder / "chunks" / "seed1-000.npz"
    arrays = read_npz(source)
    arrays[field] = None if change is None else change(arrays.get(field))
    write_npz(tmp_path / "chunks" / source.name, {name: array for name, array in arrays.items() if array is not None})
    monkeypatch.setattr(recipe, "folder", lambda: tmp_path)
    with pytest.raises(DataError, match=f"seed1-000.npz: {said}"):
        training.trained()


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"\x93NUMPY" + b"\0" * 100, b"[" * 1000, b"\xff" * 500], ids=lambda c: str(c[:6])
)
def test_a_training_file_that_is_none(tmp_path, monkeypatch, content):
    (tmp_path / "chunks").mkdir()
    (tmp_path / "chunks" / "seed0-000.npz").write_bytes(content)
    monkeypatch.setattr(recipe, "folder", lambda: tmp_path)
    with pytest.raises(DataError, match="seed0-000.npz cannot be read") as refused:
        training.trained()
    assert "\n" not in str(refused.value)


def test_a_member_that_is_no_array(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "folder", lambda: tmp_path)
    file = tmp_path / "chunks" / "seed1-000.npz"
    file.parent.mkdir()
    shutil.copy(folder / "chunks" / file.name, file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("notes", "text")
    with pytest.raises(DataError, match="notes is no array"):
        training.trained()


def test_a_training_in_two_files_is_refused(folder, tmp_path, monkeypatch):
    (tmp_path / "chunks").mkdir()
    for number in (0, 1):
        shutil.copy(folder / "chunks" / "seed1-000.npz", tmp_path / "chunks" / f"seed1-00{number}.npz")
    monkeypatch.setattr(recipe, "folder", lambda: tmp_path)
    with pytest.raises(DataError, match="seed1-001.npz: some of its trainings stand in an earlier file too"):
        training.trained()


@pytest.mark.parametrize(
    "change",
    [
        {"correct": np.zeros((5425, 3, 8), np.int16)},
        {"correct": np.zeros((5425, 3, 8, 2))},
        {"classes": np.zeros(15_625, np.int16)},
        {"classes": np.arange(15_624, dtype=np.int16) % 5425},
        {"classes": None},
    ],
    ids=lambda change: "".join(f"{k} {getattr(v, 'shape', None)}" for k, v in change.items()),
)
def test_a_table_with_other_fields_is_refused_even_with_its_checksum(folder, tmp_path, monkeypatch, change):
    table = tmp_path / "digits201.npz"
    arrays = {**read_npz(folder / "digits201.npz"), **change}
    write_npz(table, {name: array for name, array in arrays.items() if array is not None})
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(table.read_bytes()).hexdigest()}  digits201.npz\n")
    monkeypatch.setattr(recipe, "folder", lambda: tmp_path)
    with pytest.raises(DataError, match="fields of another form"):
        nc.benchmarks.load("digits201")


@pytest.mark.parametrize("content", ["", "[" * 100_000, "{}", '{"trainings": 3}', "[]", "null"], ids=lambda c: c[:14])
def test_a_damaged_record_is_refused(folder, tmp_path, content):
    (tmp_path / "record.json").write_text(content)
    with pytest.raises(DataError, match="record.json.*restore it with git"):
        card._record(tmp_path / "record.json")
    with pytest.raises(DataError, match="record.json.*restore it with git"):
        card._record(tmp_path / "nowhere" / "record.json")


@pytest.mark.parametrize("damage", ["absent", "no sums", "one byte", "cut", "sums that are no text"])
def test_a_damaged_table_is_refused_in_one_line(folder, tmp_path, monkeypatch, damage):
    for name in ("digits201.npz", "SHA256SUMS"):
        shutil.copy(folder / name, tmp_path / name)
    table = tmp_path / "digits201.npz"
    if damage == "one byte":
        content = bytearray(table.read_bytes())
        content[len(content) // 2] ^= 1
        table.write_bytes(content)
    elif damage == "cut":
        table.write_bytes(table.read_bytes()[:1000])
    elif damage == "sums that are no text":
        (tmp_path / "SHA256SUMS").write_bytes(b"\xff\xfe" + (tmp_path / "SHA256SUMS").read_bytes())
    else:
        (table if damage == "absent" else tmp_path / "SHA256SUMS").unlink()
    monkeypatch.setattr(recipe, "folder", lambda: tmp_path)
    with pytest.raises(DataError, match="with git") as refused:
        nc.benchmarks.load("digits201")
    assert "\n" not in str(refused.value)


def test_reliability_sees_what_was_put_in():
    rng = np.random.default_rng(1)
    functions, noise = 5425, 1.0
    quality = np.linspace(30, 90, functions)
    percent = np.full((functions, 2, 1, 4), np.nan, np.float32)
    percent[..., 1:] = quality[:, None, None, None] + noise * rng.standard_normal((functions, 2, 1, 3))
    percent[:4400, ..., 3] = np.nan
    rows = card.reliability(percent, np.ones(functions, int))
    assert [row["functions"] for row in rows] == [training.SAMPLE, training.SAMPLE, 1025, 1025]
    assert all(row["sd"] == pytest.approx(noise, rel=0.15) for row in rows[::2])
    assert rows[0]["spearman"] > 0.99 and rows[0]["low"] <= rows[0]["spearman"] <= rows[0]["high"]
    assert rows[2]["spearman"] < rows[0]["spearman"]


def test_equal_functions_measure_the_noise_that_was_put_in():
    groups = noise.functions()
    assert len(groups) == 5044 and sorted(number for group in groups for number in group) == list(range(5425))
    rng, accuracy = np.random.default_rng(2), np.empty(5425)
    for group in groups:
        accuracy[group] = rng.uniform(30, 90) + 1.5 * rng.standard_normal(len(group))
    found = noise.seed_noise(accuracy)
    assert (found["functions"], found["networks"], found["differ"]) == (325, 706, 325)
    assert found["sd"] == pytest.approx(1.5, rel=0.1) and found["widest"] > 4
    lone = np.full(5425, np.nan)
    lone[next(group for group in groups if len(group) == 2)] = 50.0, 53.0
    assert noise.seed_noise(lone) == {"functions": 1, "networks": 2, "differ": 1, "widest": 3.0, "sd": 4.5**0.5}
    assert np.isnan(noise.seed_noise(np.full(5425, np.nan))["sd"])


def test_card_says_what_the_table_says(folder, bench):
    text = (folder / "README.md").read_text()
    record = json.loads((folder / "record.json").read_text())
    assert bench.space.format(bench.best()[0]) in text and f"{bench.best()[1]:.2f} %" in text
    assert bench.checksum in text and record["cpu_seconds"] == {"0": 10800.0, "1": 10800.0, "2": 10800.0}
    assert f"{int(record['trainings']['0']):,} | 3.00" in text
    assert "None" not in text and "nan" not in re.sub(r"NaN", "", text)


# ---------------------------------------------------------------- the committed table


@pytest.fixture
def committed(monkeypatch):
    if not (COMMITTED / "digits201.npz").exists():
        pytest.skip("the table is not built yet")
    monkeypatch.setattr(recipe, "folder", lambda: COMMITTED)
    return nc.benchmarks.load("digits201")


def test_committed_table_is_complete_and_worth_searching(committed):
    correct = read_npz(COMMITTED / "digits201.npz")["correct"]
    assert build.incomplete(correct) == "" and (COMMITTED / "digits201.npz").stat().st_size < 3_000_000
    assert ((correct == -1) | ((correct >= 0) & (correct <= SHOWN))).all()
    cut_off = committed.array[[SPACE.size * 0, int("100000", 5)]]
    assert np.allclose(cut_off, 10, atol=3)  # chance
    assert committed.best()[1] > 70 and len(np.unique(committed.array)) > 500
    assert np.array_equal(read_npz(COMMITTED / "digits201.npz")["classes"], training.classes()[1])


def test_committed_table_tells_cells_apart(committed):
    functions, cells, best_functions, best_cells = card.reliability(*card.functions(COMMITTED))
    assert min(functions["spearman"], cells["spearman"]) >= 0.95
    assert best_cells["spearman"] >= 0.5 and best_functions["functions"] > 900  # over functions: 0.489


def test_committed_noise_of_equal_functions(committed):
    percent, _ = card.functions(COMMITTED)
    found = noise.seed_noise(percent[:, 1, -1, 1])
    assert (found["functions"], found["networks"], found["differ"]) == (325, 706, 315)
    assert found["sd"] == pytest.approx(1.22, abs=0.005) and found["widest"] == pytest.approx(8.77, abs=0.005)


def test_committed_card_is_the_tables(committed):
    assert (COMMITTED / "README.md").read_text() == card.markdown(COMMITTED)
