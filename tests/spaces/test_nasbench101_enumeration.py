"""The enumeration of NAS-Bench-101 against its known counts, its hashes and the published list of cells."""

import os

import numpy as np
import pytest

from nascore.spaces.nasbench101.cost import all_costs
from nascore.spaces.nasbench101.graphs import NUM_CELLS, NUM_LABELLED, LabelledGraphs
from nascore.spaces.nasbench101.hash import all_hashes, module_hash
from nascore.spaces.nasbench101.space import NASBench101

SPACE = NASBench101()


@pytest.fixture(scope="module")
def published(real_data):
    table = real_data / "tables" / "nasbench101_graphs.parquet"
    if not table.is_file():
        pytest.skip(f"needs real data: {table} is not there")
    pd = pytest.importorskip("pandas")
    frame = pd.read_parquet(table)
    text = frame["ops"].astype(str).str.ljust(5, "-")
    ops = np.array([[-1 if c == "-" else int(c) for c in word] for word in text])
    return frame, np.column_stack([frame["edge_bits"].to_numpy(), ops])


def test_counts_of_cells_and_labelled_graphs():
    graphs = LabelledGraphs()
    assert len(graphs) == NUM_CELLS == 423_624
    assert len(graphs.class_of) == NUM_LABELLED == 1_293_208
    assert np.array_equal(np.unique(graphs.class_of), np.arange(NUM_CELLS))
    assert graphs.nbytes < 12e6


def test_representatives_are_the_first_of_their_class():
    graphs = SPACE.graphs
    _, first = np.unique(graphs.class_of, return_index=True)
    assert (np.diff(first) > 0).all()  # class numbers rise with the place of their first graph
    for i in np.random.default_rng(0).integers(0, NUM_CELLS, 200):
        assert graphs.number(graphs.arch(int(i))) == i


def test_sampled_hashes_name_one_class_each():
    """Every 97th labelled graph: equal hash and equal class number go together."""
    seen = all_hashes(every=97)
    assert max(map(len, seen.values())) == 1
    assert len({next(iter(c)) for c in seen.values()}) == len(seen)


def test_hashes_equal_the_published_ones(published):
    frame, arrays = published
    numbers = SPACE.indices(arrays)
    assert len(frame) == NUM_CELLS and np.array_equal(np.sort(numbers), np.arange(NUM_CELLS))
    digests = frame["hash"].to_numpy()
    for row in np.random.default_rng(1).integers(0, NUM_CELLS, 2000):
        assert module_hash(SPACE.arch(int(numbers[row]))) == digests[row].hex()


def test_parameters_equal_the_published_ones(published):
    frame, arrays = published
    params, _ = all_costs(SPACE.graphs)
    assert np.array_equal(params[SPACE.indices(arrays)], frame["params"].to_numpy())


@pytest.mark.skipif(not os.environ.get("NASCORE_SLOW"), reason="two CPU minutes: set NASCORE_SLOW=1")
def test_every_hash_equals_the_published_one(published):
    frame, _ = published
    seen = all_hashes()
    assert max(map(len, seen.values())) == 1
    assert set(seen) == {digest.hex() for digest in frame["hash"]}
