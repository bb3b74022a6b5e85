"""NAS-Bench-101: matrices, hashes, pruning, sampling, mutation, neighbours and exact parameters."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nascore.errors import ArchitectureError
from nascore.spaces.nasbench101.cost import all_costs, arch_costs
from nascore.spaces.nasbench101.graphs import edges, pack, prune
from nascore.spaces.nasbench101.index import CellIndex
from nascore.spaces.nasbench101.space import OPS, NASBench101

SPACE = NASBench101()
C3, C1, POOL = OPS
# Four branches: 1x1, 3x3, 3x3 after 3x3, pooling (GA-NAS Table 6: 2.69 million parameters).
INCEPTION = (
    [
        [0, 1, 1, 1, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
    ],
    ["input", C1, C3, C3, C3, POOL, "output"],
)
# hashes stored in EC-NAS's tfrecords (official naming)
PUBLISHED = {
    "5529e1779433733d1145e20de5d8604e": (55, 1, 0),
    "3af5d23d803ef448b8539054d8c14213": (59, 2, 2),
    "d0a5ff67e269a1ac4f305c618a88ac85": (37, 1, 0),
    "97d0e4e2c6056628b5ccdaf94c0c77c6": (47, 1, 2),
}


@st.composite
def cells(draw):
    return SPACE.arch(draw(st.integers(0, SPACE.size - 1)))


def reordered(arch, rng):
    """The same cell with its interior vertices in another topological order."""
    vertices = len(arch) + 1
    pairs = edges(arch[0], vertices)
    while True:
        inner = list(range(1, vertices - 1))
        rng.shuffle(inner)
        place = dict(zip([0, *inner, vertices - 1], range(vertices)))
        if all(place[x] < place[y] for x, y in pairs):
            return (pack((place[x], place[y]) for x, y in pairs), *[arch[v] for v in inner])


@pytest.mark.parametrize("text", sorted(PUBLISHED))
def test_hash_of_published_cells(text):
    assert SPACE.hash(PUBLISHED[text]) == text


@settings(max_examples=150, deadline=None)
@given(cells(), st.randoms(use_true_random=False))
def test_identity_does_not_depend_on_vertex_order(arch, rng):
    other = reordered(arch, rng)
    assert SPACE.index(other) == SPACE.index(arch) == SPACE.key(arch)
    assert SPACE.hash(other) == SPACE.hash(arch)
    assert SPACE.canonical(other) == arch
    assert SPACE.neighbours(other) == SPACE.neighbours(arch)


@settings(max_examples=100, deadline=None)
@given(cells())
def test_text_and_matrix_round_trip(arch):
    assert SPACE.from_matrix(*SPACE.to_matrix(arch)) == arch
    assert SPACE.parse(SPACE.format(arch)) == arch
    matrix, ops = SPACE.to_matrix(arch)
    assert SPACE.from_matrix(matrix.tolist(), tuple(ops)) == SPACE.from_matrix(matrix.astype(float), ops) == arch
    dag = SPACE.dag(arch)
    assert dag.labels == tuple(ops) and set(dag.edges) == set(zip(*np.nonzero(matrix)))


@settings(max_examples=100, deadline=None)
@given(cells(), st.randoms(use_true_random=False))
def test_idle_vertices_are_pruned(arch, rng):
    matrix, ops = SPACE.to_matrix(arch)
    if len(ops) == 7:
        return
    at = rng.randint(1, len(ops) - 1)
    matrix = np.insert(np.insert(matrix, at, 0, axis=0), at, 0, axis=1)
    matrix[rng.randrange(at), at] = 1  # a dead end
    assert SPACE.from_matrix(matrix, [*ops[:at], C3, *ops[at:]]) == arch


def spread(matrix, ops, at, name, edge_from=0):
    """The cell with one more vertex `at` that leads nowhere."""
    wide = np.insert(np.insert(np.asarray(matrix), at, 0, axis=0), at, 0, axis=1)
    wide[edge_from, at] = 1
    return wide, [*ops[:at], name, *ops[at:]]


@pytest.mark.parametrize("name", [POOL, "conv5x5", "input", 7, None], ids=str)
def test_what_is_pruned_is_not_asked_for_its_number_or_its_operation(name):
    """As in the official library: pruned first, then 7 vertices, 9 edges and the three operations."""
    matrix, ops = SPACE.to_matrix((5, 0))
    for size in range(4, 14):
        matrix, ops = spread(matrix, ops, 1, name)
        assert len(ops) == size
        assert SPACE.from_matrix(matrix, ops) == SPACE.from_matrix(matrix.tolist(), tuple(ops)) == (5, 0)
    seven = SPACE.to_matrix(next(a for a in SPACE.enumerate() if len(a) == 6 and a[0].bit_count() == 9))
    assert SPACE.from_matrix(*spread(*seven, 3, name)) == SPACE.from_matrix(*seven)
    if isinstance(name, str):
        assert SPACE.parse(str([spread(*seven, 3, name)[0].tolist(), spread(*seven, 3, name)[1]]))


def test_eight_vertices_and_a_foreign_operation_on_a_path_are_refused():
    line = np.eye(8, k=1, dtype=int)
    with pytest.raises(ArchitectureError, match="8 vertices after pruning"):
        SPACE.from_matrix(line, ["input", *[C3] * 6, "output"])
    with pytest.raises(ArchitectureError, match="unknown operation 'conv5x5' of vertex 3"):
        SPACE.from_matrix(line[:5, :5], ["input", C3, C1, "conv5x5", "output"])


def test_ten_edges_are_allowed_when_pruning_leaves_nine():
    arch = next(a for a in SPACE.enumerate() if a[0].bit_count() == 9 and len(a) < 6)
    matrix, ops = SPACE.to_matrix(arch)
    n = len(ops)
    wide = np.zeros((n + 1, n + 1), dtype=int)
    wide[np.ix_([0, *range(2, n + 1)], [0, *range(2, n + 1)])] = matrix
    wide[0, 1] = 1
    assert wide.sum() == 10 and SPACE.from_matrix(wide, ["input", POOL, *ops[1:]]) == arch


def test_inception_parameters_are_those_of_table_6():
    assert arch_costs(SPACE.from_matrix(*INCEPTION))[0] == 2_694_282


def test_parameters_of_a_hand_counted_cell():
    # input -> conv3x3 -> output; per cell c_in -> c: projection (c_in c + 2 c) and conv3x3 (9 c c + 2 c)
    params, came = 27 * 128 + 256, 128
    for c in (128, 128, 128, 256, 256, 256, 512, 512, 512):
        params += came * c + 2 * c + 9 * c * c + 2 * c
        came = c
    assert arch_costs((5, 0))[0] == params + 512 * 10 + 10


BAD_MATRICES = [
    (([[0, 0], [0, 0]], ["input", "output"]), "no path"),
    (([[0, 2], [0, 0]], ["input", "output"]), "entry 2"),
    (([[0, -1], [0, 0]], ["input", "output"]), "entry -1"),
    (([[0, 1], [1, 0]], ["input", "output"]), "upper-triangular"),
    (([[1, 1], [0, 0]], ["input", "output"]), "upper-triangular"),
    (([[0, 1]], ["input", "output"]), "2 x 2"),
    (([[0, 1, 0], [0, 0, 1]], ["input", C3, "output"]), "3 x 3"),
    (([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["input", "conv5x5", "output"]), "conv5x5"),
    (([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["input", 7, "output"]), "unknown operation 7"),
    (([[0, 1], [0, 0]], ["in", "output"]), "first must be 'input'"),
    ((np.triu(np.ones((7, 7), int), 1), ["input", *[C3] * 5, "output"]), "21 edges"),
    ((np.triu(np.ones((8, 8), int), 1), ["input", *[C3] * 6, "output"]), "2 to 7 vertices"),
    ((3, ["input", "output"]), "matrix 3"),
    ((None, None), "operations None"),
    (([[0, "1"], [0, 0]], ["input", "output"]), "entry '1'"),
]


@pytest.mark.parametrize(("given", "words"), BAD_MATRICES)
def test_bad_matrices_are_refused_by_name(given, words):
    with pytest.raises(ArchitectureError, match=words):
        SPACE.from_matrix(*given)


@pytest.mark.parametrize(
    "bad",
    [
        "abc",
        "",
        (3, 3, 3),
        (1, 2),
        (1 << 25,),
        [],
        None,
        1.5,
        (1.5,),
        (7, 5),
        (-1,),
        (1, 0, 0, 0, 0, 0, 0),
        (0,),
        (float("nan"),),
    ],
)
def test_bad_tuples_are_refused(bad):
    with pytest.raises(ArchitectureError, match="not an architecture of nasbench101"):
        SPACE.validate(bad)
    assert bad not in SPACE


@pytest.mark.parametrize("text", ["", "nonsense", "[[0,1],[0,0]]", "[1, 2, 3]", "[[[0,1],[0,0]],['input']]", None])
def test_bad_text_is_refused(text):
    with pytest.raises(ArchitectureError):
        SPACE.parse(text)


def test_numbers_outside_the_space_are_refused():
    with pytest.raises(ArchitectureError, match="423623"):
        SPACE.arch(SPACE.size)
    with pytest.raises(ArchitectureError):
        SPACE.indices(np.array([[1 << 25, -1, -1, -1, -1, -1]]))


def test_lists_and_numpy_integers_are_welcome():
    assert SPACE.validate([np.int64(5), 0]) == (5, 0) and SPACE.index([5, 0]) == SPACE.index((5, 0))


def test_sampling_is_uniform_over_cells():
    rng = np.random.default_rng(7)
    drawn = np.array([SPACE.index(SPACE.sample(rng)) for _ in range(40_000)])
    counts = np.bincount(drawn * 20 // SPACE.size, minlength=20)
    chi2 = ((counts - 2000.0) ** 2 / 2000).sum()
    assert chi2 < 45.3  # 0.9994 quantile of chi2 with 19 degrees of freedom
    vertices = SPACE.graphs.vertices
    assert abs((vertices[drawn] == 7).mean() - (vertices == 7).mean()) < 0.008


@settings(max_examples=60, deadline=None)
@given(cells(), st.integers(0, 2**32 - 1))
def test_mutants_are_other_valid_cells(arch, seed):
    rng = random.Random(seed)
    mutant = SPACE.mutate(arch, rng)
    assert SPACE.validate(mutant) == mutant == SPACE.canonical(mutant)
    assert SPACE.index(mutant) != SPACE.index(arch)


def test_mutation_reaches_larger_cells_and_repeats_with_its_seed():
    grown = [SPACE.mutate((1,), np.random.default_rng(seed)) for seed in range(50)]
    assert max(map(len, grown)) >= 4
    assert grown == [SPACE.mutate((1,), np.random.default_rng(seed)) for seed in range(50)]


@settings(max_examples=40, deadline=None)
@given(cells())
def test_neighbours_are_distinct_other_cells(arch):
    around = SPACE.neighbours(arch)
    numbers = [SPACE.index(a) for a in around]
    assert around and len(set(numbers)) == len(numbers) and SPACE.index(arch) not in numbers
    assert all(SPACE.validate(a) == a and len(a) <= len(arch) + 1 for a in around)


@settings(max_examples=40, deadline=None)
@given(cells())
def test_neighbours_hold_every_single_change_of_the_matrix(arch):
    """Brute force: flip each entry above the diagonal, replace each operation."""
    matrix, ops = SPACE.to_matrix(arch)
    expected = set()
    for x, y in itertools.combinations(range(len(ops)), 2):
        flipped = matrix.copy()
        flipped[x, y] ^= 1
        expected.add((tuple(map(tuple, flipped.tolist())), tuple(ops)))
    for v in range(1, len(ops) - 1):
        expected |= {(tuple(map(tuple, matrix.tolist())), (*ops[:v], op, *ops[v + 1 :])) for op in OPS}
    found = set(SPACE.neighbours(arch))
    for rows, names in expected:
        try:
            cell = SPACE.canonical(SPACE.from_matrix([list(r) for r in rows], names))
        except ArchitectureError:
            continue
        assert cell in found or cell == SPACE.canonical(arch)


def test_one_operation_change_is_symmetric():
    rng = random.Random(3)
    for _ in range(20):
        arch = SPACE.sample(rng)
        for other in SPACE.neighbours(arch):
            if len(other) == len(arch):
                assert arch in SPACE.neighbours(other)


def test_index_answers_one_by_one_and_together():
    rng = random.Random(5)
    archs = [reordered(SPACE.sample(rng), rng) for _ in range(300)]
    one = [SPACE.index(a) for a in archs]
    padded = np.array([[*a, *[-1] * (6 - len(a))] for a in archs])
    index = CellIndex()
    assert one == SPACE.indices(archs).tolist() == SPACE.indices(padded).tolist() == index.many(archs).tolist()
    assert [index(a) for a in archs] == one and [index.archs[i] for i in one] == [SPACE.canonical(a) for a in archs]
    assert len(index.archs) == SPACE.size and index.archs[:3] == list(itertools.islice(SPACE.enumerate(), 3))


def test_prune_agrees_with_reachability():
    rng = random.Random(11)
    for _ in range(300):
        bits, ops = rng.getrandbits(21), tuple(rng.randrange(3) for _ in range(5))
        matrix = np.zeros((7, 7), dtype=int)
        for x, y in edges(bits, 7):
            matrix[x, y] = 1
        walks = np.linalg.matrix_power(np.eye(7, dtype=int) + matrix, 7) > 0
        keep = walks[0] & walks[:, 6]
        pruned = prune(bits, ops)
        assert (pruned is None) == (not walks[0, 6])
        if pruned is not None:
            small = matrix[np.ix_(keep, keep)]
            assert edges(pruned[0], len(pruned) + 1) == sorted(zip(*np.nonzero(small)), key=lambda e: (e[1], e[0]))
            assert pruned[1:] == tuple(np.array(ops)[keep[1:6]])


def test_all_costs_are_those_of_single_cells():
    params, macs = all_costs(SPACE.graphs)
    for i in random.Random(1).sample(range(SPACE.size), 100):
        assert arch_costs(SPACE.arch(i)) == (params[i], macs[i])


@pytest.mark.parametrize(
    "bad",
    [
        (5, 0.0),
        (5.0, 0),
        (5, True),
        (2, 0, 10**30),
        (10**30, 0),
        (-5, 0),
        (),
        [],
        {5, 0},
        np.array([5.0, 0.0]),
        "50",
        None,
    ],
    ids=str,
)
def test_every_method_refuses_what_is_no_cell(bad):
    for ask in (
        SPACE.validate,
        lambda cell: SPACE.mutate(cell, random.Random(0)),
        SPACE.neighbours,
        SPACE.dag,
        SPACE.format,
        SPACE.hash,
        SPACE.to_matrix,
    ):
        with pytest.raises(ArchitectureError, match="is not an architecture of nasbench101"):
            ask(bad)


@pytest.mark.parametrize("index", [-1, 1.0, True, "a", None, 10**30], ids=str)
def test_a_cell_number_is_a_whole_number(index):
    with pytest.raises(ArchitectureError, match="whole number from 0 to 423623"):
        SPACE.arch(index)
