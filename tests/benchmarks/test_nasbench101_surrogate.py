"""The committed NAS-Bench-101 surrogate: table against model, card against stored predictions, files against damage."""

import json
import shutil

import numpy as np
import pytest

from nascore import benchmarks
from nascore.benchmarks import nasbench101_surrogate as surrogate
from nascore.benchmarks.handmade import TABLE6_MILLIONS, cells_with_weights, inception_cell, resnet_cell
from nascore.benchmarks.packed_npz import pack_fixed, read_npz, unpack_fixed, write_npz
from nascore.benchmarks.recipes.nasbench101_surrogate.card import calibration, held_out, joint_ranks, markdown, quality
from nascore.benchmarks.recipes.nasbench101_surrogate.features import SEQUENCES, describe
from nascore.benchmarks.recipes.nasbench101_surrogate.model import Ensemble, apply_curve, calibrate
from nascore.benchmarks.recipes.nasbench101_surrogate.time import TERMS, time_inputs
from nascore.errors import DataError, SettingError
from nascore.spaces.nasbench101.space import NASBench101

SPACE = NASBench101()


@pytest.fixture(scope="module")
def table():
    return benchmarks.load("nasbench101-surrogate")


@pytest.fixture(scope="module")
def card():
    return json.loads((surrogate.folder() / "card.json").read_text())


def test_table_covers_the_space_in_percent(table):
    assert len(table) == SPACE.size and table.label == "surrogate" and table.epochs == 108
    assert not np.isnan(table.array).any() and 50 < table.array.min() and table.array.max() < 95
    assert 89.5 < np.median(table.array) < 91.5
    assert set(table.costs) == {"params", "flops", "train_seconds"}
    _, ties = np.unique(table.array, return_counts=True)
    assert len(ties) > 280_000 and ties.max() < 60  # ranks mean something only without many ties


def test_table_is_what_the_model_predicts(table):
    pytest.importorskip("lightgbm")
    model = Ensemble.load(surrogate.folder())
    rows = np.random.default_rng(3).integers(0, SPACE.size, 200)
    graphs = SPACE.graphs
    predicted = model.predict(graphs.bits[rows], graphs.ops[rows])
    assert np.abs(predicted - table.values(rows)).max() < 1e-3


def test_other_questions_are_refused():
    assert len(benchmarks.load("nasbench101-surrogate", dataset="cifar10", split="test", epochs=108)) == SPACE.size
    with pytest.raises(SettingError, match="valid"):
        benchmarks.load("nasbench101-surrogate", split="valid")


def test_isomorphic_cells_have_one_value(table):
    a = SPACE.from_matrix(
        [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], ["input", "conv3x3-bn-relu", "maxpool3x3", "output"]
    )
    b = SPACE.from_matrix(
        [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], ["input", "maxpool3x3", "conv3x3-bn-relu", "output"]
    )
    assert a != b and table.value(a) == table.value(b) and table.index(a) == table.index(b)


def test_bars_hold_on_held_out_cells(card):
    found = card["held_out"]
    assert found["cells"] == 2000 and found["spearman"] >= 0.92 and found["kendall"] >= 0.76
    assert found["spearman_top10"] > 0.46
    assert all(abs(row["predicted"] - row["measured"]) < 0.6 for row in card["calibration"])


def test_joint_ranks_agree_with_the_card(card):
    joint = held_out(surrogate.folder())["joint"]
    assert joint.sum() == 2000 and (joint.sum(0) == 100).all() and (joint.sum(1) == 100).all()
    assert joint[:2, :2].sum() / 200 == pytest.approx(card["held_out"]["best_tenth_recalled"], abs=0.01)


def test_no_measured_accuracy_of_upstream_is_stored():
    assert set(held_out(surrogate.folder())) == {"cells", "predicted", "joint", "fold"}


def test_reported_partition_is_not_the_tuned_one(card):
    seeds = card["partition_seeds"]
    tuning = json.loads((surrogate.folder() / "tuning.json").read_text())
    assert seeds["settings"] == tuning["partition_seed"] != seeds["reported"]
    assert card["settings"] == tuning["chosen"]


def test_card_text_is_written_from_the_card(card):
    assert (surrogate.folder() / "MODEL_CARD.md").read_text() == markdown(card)


def test_files_are_small_and_hold_no_pickles():
    files = [f for f in surrogate.folder().iterdir() if f.is_file()]
    assert sum(f.stat().st_size for f in files) < 3_000_000
    assert {f.suffix for f in files} <= {".npz", ".gz", ".json", ".md"}
    for f in files:
        if f.suffix == ".npz":
            assert all(a.dtype != object for a in read_npz(f).values())


def test_held_out_numbers_agree_with_the_real_table(real_data, card):
    """The card's numbers, computed again from the stored predictions and the real accuracies."""
    pytest.importorskip("pyarrow")
    from nascore.benchmarks.recipes.nasbench101_surrogate.fit import read_random_sample

    path = real_data / "tables" / "nasbench101_partial.parquet"
    if not path.is_file():
        pytest.skip(f"needs real data: {path} is not there")
    cells, accuracy = read_random_sample(path)
    stored = held_out(surrogate.folder())
    assert np.array_equal(stored["cells"], cells)
    for name, value in quality(stored["predicted"], accuracy).items():
        assert card["held_out"][name] == pytest.approx(value, abs=1e-4), name
    for row, again in zip(card["calibration"], calibration(stored["predicted"], accuracy), strict=True):
        assert row == pytest.approx(again, abs=1e-4)
    assert np.array_equal(stored["joint"], joint_ranks(stored["predicted"], accuracy))


@pytest.mark.parametrize("damage", ["missing", "cut", "text"])
def test_damaged_predictions_are_named(tmp_path, monkeypatch, damage):
    shutil.copytree(surrogate.folder(), tmp_path / "copy")
    path = tmp_path / "copy" / "predictions.npz"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:5000] if damage == "cut" else b"not an archive")
    monkeypatch.setattr(surrogate, "folder", lambda: tmp_path / "copy")
    surrogate.predictions.cache_clear()
    try:
        with pytest.raises(DataError, match="predictions.npz"):
            surrogate.predictions()
    finally:
        surrogate.predictions.cache_clear()


def test_damaged_trees_are_named(tmp_path):
    pytest.importorskip("lightgbm")
    shutil.copytree(surrogate.folder(), tmp_path / "copy")
    (tmp_path / "copy" / "trees.txt.gz").write_bytes(b"x")
    with pytest.raises(DataError, match="trees.txt.gz"):
        Ensemble.load(tmp_path / "copy")


def test_table_6_cells_have_its_weights(table):
    resnet, inception = resnet_cell(), inception_cell()
    assert round(table.cost(resnet, "params") / 1e6, 2) == TABLE6_MILLIONS["resnet"]
    assert round(table.cost(inception, "params") / 1e6, 2) == TABLE6_MILLIONS["inception"]
    assert resnet in cells_with_weights(TABLE6_MILLIONS["resnet"])
    branches = ["conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3", "conv3x3-bn-relu conv3x3-bn-relu"]
    alike = [cell for cell in cells_with_weights(TABLE6_MILLIONS["inception"]) if _branches(cell) == sorted(branches)]
    assert alike == [inception]
    assert table.cost(resnet, "train_seconds") > table.cost(inception, "train_seconds")  # as in Table 6


def _branches(cell):
    """Operation sequences of all paths from input to output."""
    dag = SPACE.dag(cell)

    def walk(v):
        return (
            [""]
            if v == len(dag.labels) - 1
            else [f"{dag.labels[y]} {rest}".strip() for x, y in dag.edges if x == v for rest in walk(y)]
        )

    return sorted(path.removesuffix("output").strip() for path in walk(0))


def test_official_accuracy_of_the_resnet_cell(real_data):
    """EC-NAS republished the official means of all cells of at most 4 vertices; Table 6 has 93.18 for this one."""
    pytest.importorskip("pyarrow")
    from nascore.benchmarks.recipes.nasbench101_surrogate.fit import read_small_cells

    path = real_data / "tables" / "nasbench101_ecnas_tfrecords.parquet"
    if not path.is_file():
        pytest.skip(f"needs real data: {path} is not there")
    cells, accuracy = read_small_cells(path)
    assert round(float(accuracy[list(cells).index(SPACE.index(resnet_cell()))]), 2) == 93.18


def test_features_do_not_depend_on_vertex_order():
    """Skipping the channel remainder, which goes by vertex order: columns from widths may differ by a channel."""
    graphs = SPACE.graphs
    rng = np.random.default_rng(2)
    masks = graphs.masks[7]
    bits = masks[rng.integers(0, len(masks), 400)].astype(np.int64)
    ops = rng.integers(0, 3, (400, 5))
    first = graphs.numbers(7, bits, ops)
    a, paths_a = describe(bits, ops)
    b, paths_b = describe(graphs.bits[first], graphs.ops[first])
    assert np.array_equal(paths_a, paths_b)
    for name in a:
        assert np.abs(a[name] - b[name]).max() < 0.06, name


def test_path_counts_of_a_small_cell():
    columns, paths = describe(np.array([0b111]), np.array([[0, -1, -1, -1, -1]]))  # 0->1, 0->2, 1->2 with a conv3x3
    found = {SEQUENCES[i]: paths[0, i] for i in np.flatnonzero(paths[0])}
    assert found == {(): 1, (0,): 1}
    assert columns["paths"] == 2 and columns["path_max_c3"] == 1
    assert columns["vertices"] == 3 and columns["width_c3"] == 1


def test_time_terms_of_the_resnet_cell():
    graphs = SPACE.graphs
    row = SPACE.index(resnet_cell())
    terms = dict(zip(TERMS, time_inputs(graphs.bits[[row]], graphs.ops[[row]])[0]))
    assert terms["conv3x3"] == 2 and terms["conv3x3 arithmetic"] == 2 and terms["projection"] == 2
    assert terms["conv1x1"] == terms["maxpool3x3"] == terms["concatenation"] == 0 and terms["addition"] == 1


def test_time_model_ranks_held_out_cells(card):
    for part in ("random_folds", "larger_cells_left_out"):
        assert card["time_model"][part]["spearman"] > 0.98


def test_curve_is_strictly_increasing_also_beyond_its_ends():
    rng = np.random.default_rng(0)
    score = rng.normal(size=2000)
    curve = calibrate(score, 90 + 2 * np.tanh(score) + rng.normal(size=2000))
    line = np.linspace(-5, 5, 400)
    assert (np.diff(apply_curve(curve, line)) > 0).all()


def test_fixed_point_planes_keep_their_step(tmp_path):
    values = np.random.default_rng(1).uniform(60, 95, 1000)
    write_npz(tmp_path / "a.npz", pack_fixed(values, 1e-5))
    assert np.abs(unpack_fixed(read_npz(tmp_path / "a.npz")) - values).max() <= 0.51e-5
    again = (tmp_path / "a.npz").read_bytes()
    write_npz(tmp_path / "a.npz", pack_fixed(values, 1e-5))
    assert (tmp_path / "a.npz").read_bytes() == again
    with pytest.raises(ValueError, match="24 bits"):
        pack_fixed(np.array([0.0, 1e6]), 1e-5)
