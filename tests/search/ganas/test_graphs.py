"""Cells as padded tensors, their batches, and the k-GNN on them."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from nascore.errors import SettingError
from nascore.search.ganas.encoder import Encoder, batch_cells, padded, pool
from nascore.search.ganas.topology import PAD, topology_of
from nascore.spaces import CellSpace, DARTSSpace, MacroSpace, NASBench101, NASBench201
from nascore.spaces.base import Space

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "space",
    [NASBench201(), CellSpace(3, ("a", "b")), MacroSpace(5, ("x", "y", "z")), NASBench101()],
    ids=lambda s: s.name,
)
def test_padded_tensors_hold_the_dag(space):
    topology = topology_of(space)
    archs = [space.sample(RNG) for _ in range(20)]
    label, adjacency = topology.dense(archs)
    for row, arch in enumerate(archs):
        dag = space.dag(arch)
        assert int((label[row] != PAD).sum()) == len(dag.labels)
        assert {tuple(edge) for edge in adjacency[row].nonzero().tolist()} == set(dag.edges)
        names = [*space.ops, "output", "input"]
        assert tuple(names[i] for i in label[row, : len(dag.labels)].tolist()) == dag.labels


def test_free_topology_gives_back_the_tuples():
    space = NASBench101()
    topology = topology_of(space)
    archs = [space.sample(RNG) for _ in range(50)]
    assert topology.archs(*topology.dense(archs)) == archs


@pytest.mark.parametrize("space", [DARTSSpace(), DARTSSpace("s1"), DARTSSpace("s3", none=True)], ids=lambda s: s.name)
def test_two_cells_are_places_with_an_operation_and_a_state(space):
    topology = topology_of(space)
    archs = [space.canonical(space.sample(RNG)) for _ in range(30)]
    label, adjacency = topology.dense(archs)
    found, rows = topology.finished(label, adjacency, torch.ones(30, dtype=torch.bool))
    assert found == archs and rows.tolist() == list(range(30))
    assert all(topology.allowed[place, label[0, place + 1]] for place in range(16))
    # what a place may read comes before it, in its own cell
    for place in range(16):
        sources = set(adjacency[0, :, place + 1].nonzero().flatten().tolist()) - {0}
        assert sources == {place // 8 * 8 + k + 1 for k in range(2 * (place % 8 // 2))}


def test_one_state_read_twice_is_no_architecture():
    space = DARTSSpace()
    topology = topology_of(space)
    label, adjacency = topology.dense([space.sample(RNG) for _ in range(3)])
    label[1, 2] = label[1, 1]
    found, rows = topology.finished(label, adjacency, torch.ones(3, dtype=torch.bool))
    assert rows.tolist() == [0, 2] and len(found) == 2


def test_a_space_without_decoder_is_refused():
    class Odd(Space):
        name, ops, size = "odd", ("a",), 1
        sample = mutate = neighbours = validate = dag = parse = format = lambda self, *a: None

    with pytest.raises(SettingError, match="no decoder"):
        topology_of(Odd())


@pytest.mark.parametrize("space", [NASBench201(), NASBench101()], ids=lambda s: s.name)
def test_batched_encoding_equals_one_graph_at_a_time(space):
    topology = topology_of(space)
    torch.manual_seed(0)
    encoder = Encoder(topology.labels, topology.nodes, 16, 3, positions=not topology.free)
    archs = [space.sample(RNG) for _ in range(12)]
    cells = batch_cells(*topology.dense(archs))
    together = pool(encoder(cells), cells)
    for arch, expected in zip(archs, together, strict=True):
        single = batch_cells(*topology.dense([arch]))
        assert torch.allclose(pool(encoder(single), single)[0], expected, atol=1e-6)
    # and equals PyTorch Geometric's own batching of one Data object per cell
    data = []
    for arch in archs:
        one = batch_cells(*topology.dense([arch]))
        data.append(Data(x=one.label, edge_index=one.edge_index, position=one.position))
    batch = Batch.from_data_list(data)
    x = encoder.label(batch.x) + (0 if encoder.position is None else encoder.position(batch.position))
    for along, against in zip(encoder.along, encoder.against, strict=True):
        x = torch.tanh(along(x, batch.edge_index) + against(x, batch.edge_index.flip(0)))
    means = torch.stack([x[batch.batch == i].mean(0) for i in range(len(archs))])
    assert torch.allclose(means, together, atol=1e-6)


def test_discriminator_encoding_of_nasbench101_ignores_the_vertex_order():
    space = NASBench101()
    topology = topology_of(space)
    encoder = Encoder(topology.labels, topology.nodes, 16, 3, positions=False)
    matrix = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    one = space.from_matrix(matrix, ["input", "conv3x3-bn-relu", "maxpool3x3", "output"])
    two = space.from_matrix(matrix, ["input", "maxpool3x3", "conv3x3-bn-relu", "output"])
    assert one != two and space.key(one) == space.key(two)
    cells = batch_cells(*topology.dense([one, two]))
    a, b = pool(encoder(cells), cells)
    assert torch.allclose(a, b, atol=1e-6)


def test_padded_puts_every_node_in_its_place():
    topology = topology_of(NASBench101())
    space = topology.space
    archs = [space.sample(RNG) for _ in range(5)]
    cells = batch_cells(*topology.dense(archs))
    x = torch.arange(len(cells.label), dtype=torch.float)[:, None]
    layout = padded(x, cells)
    assert layout.shape == (5, 7, 1)
    assert torch.equal(layout[cells.graph, cells.position], x)
