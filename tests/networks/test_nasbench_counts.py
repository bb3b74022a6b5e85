"""Parameters and multiply-adds of NAS-Bench-101, -201, -Macro and NDS against their tables."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.data.nasbench201_raw import costs
from nascore.networks import build, flops, parameters, work
from nascore.spaces.nasbench101.cost import arch_costs
from nascore.spaces.nasbench101.graphs import edges

NB101, NB201, MACRO = nc.spaces.NASBench101(), nc.spaces.NASBench201(), nc.spaces.NASBenchMacro()


def table(folder, name, columns, count):
    import pandas as pd

    return pd.read_parquet(folder / "tables" / f"{name}.parquet", columns=columns).sample(count, random_state=0)


# -- NAS-Bench-101 ----------------------------------------------------------------------------------------------------
def test_nasbench101s_networks_are_its_arithmetic():
    """`spaces.nasbench101.cost` is what is compared with all 423,624 rows (tests/spaces)."""
    rng = np.random.default_rng(0)
    for arch in [(1,), *(NB101.sample(rng) for _ in range(25))]:
        params, multiply_adds = arch_costs(arch)
        assert parameters(NB101, arch) == params and flops(NB101, arch) == multiply_adds


def test_nasbench101s_networks_have_the_tables_parameters(real_data):
    rows = table(real_data, "nasbench101_graphs", ["vertices", "edge_bits", "ops", "params"], 12)
    for row in rows.itertuples():
        assert parameters(NB101, (row.edge_bits, *map(int, row.ops))) == row.params


def test_a_vertex_cell_computes_what_is_written():
    """Against the graph gone through vertex by vertex, with the cell's own weights."""
    rng = np.random.default_rng(3)
    x = torch.randn(2, 6, 8, 8, generator=torch.Generator().manual_seed(0))
    for _ in range(12):
        arch = NB101.sample(rng)
        cell = build(NB101, arch, channels=6, cells=1, statistics="batch").stages[0][0]
        last, pairs = len(arch), edges(arch[0], len(arch) + 1)
        values = {}
        for vertex in range(1, last):
            width = cell.operations[str(vertex)](torch.zeros(1, cell.widths[vertex], 8, 8)).shape[1]
            total = torch.zeros(2, width, 8, 8)
            for source, target in pairs:
                if target == vertex:
                    total = total + (cell.projections[str(vertex)](x) if not source else values[source][:, :width])
            values[vertex] = cell.operations[str(vertex)](total)
        joined = [values[v] for v in range(1, last) if (v, last) in pairs]
        out = torch.cat(joined, 1) if joined else torch.zeros(2, 6, 8, 8)
        if (0, last) in pairs:
            out = out + cell.projections[str(last)](x)
        assert out.shape == (2, 6, 8, 8) and torch.allclose(out, cell(x), atol=1e-5)


# -- NAS-Bench-201 ----------------------------------------------------------------------------------------------------
# what the table's tool counts beside what is explained: the same in every cell
UNEXPLAINED = 1_088


def reached(arch):
    """Whether every operation but "none" starts at a node that something reaches: others are not computed here."""
    nodes = {0}
    for (source, target), op in zip(NB201.pairs, arch, strict=True):
        if op and source in nodes:
            nodes.add(target)
    return all(op == 0 or source in nodes for (source, _), op in zip(NB201.pairs, arch, strict=True))


def test_nasbench201s_networks_have_the_tables_costs():
    """`costs` is what is compared with all 15,625 rows (tests/spaces). Its flops are the table's unit: convolutions,
    the linear layer, two per normalised value, one per value of a ReLU, windows of pooling and the mean over the last
    image. An operation on a node that nothing reaches is counted there: 3,420 cells have one."""
    every = NB201.array()
    assert sum(not reached(tuple(row)) for row in every.tolist()) == 3_420
    archs = [tuple(row) for row in every[np.random.default_rng(5).choice(len(every), 40, replace=False)].tolist()]
    found = costs(np.array(archs))
    for arch, params, millions in zip(archs, found["params"], found["flops"], strict=True):
        assert parameters(NB201, arch) == params
        done = work(NB201, arch)
        counted = sum(done) + done.normalised + 64 * 8 * 8 + UNEXPLAINED
        if reached(arch):
            assert counted == round(millions * 1e6)
        else:
            assert counted <= round(millions * 1e6)


# -- NAS-Bench-Macro --------------------------------------------------------------------------------------------------
def test_nasbench_macros_networks_have_the_tables_costs(real_data):
    rows = table(real_data, "nasbench_macro", ["arch", "params", "flops"], 40)
    for row in rows.itertuples():
        arch = MACRO.parse(row.arch)
        assert parameters(MACRO, arch) == row.params and flops(MACRO, arch) == row.flops


# -- NDS --------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def entries(real_data):
    import pandas as pd

    return pd.read_parquet(real_data / "tables" / "nds_subset.parquet", columns=["space", "net", "params", "flops"])


GROUPS = (
    "DARTS_in DARTS_lr-wd_in DARTS_fix-w-d_in Amoeba_in ENAS_in NASNet_in PNAS_in ResNeXt-A_in ResNeXt-B_in "
    "ResNet_lr-wd_in ResNet_reruns Vanilla_lr-wd_in Vanilla_reruns"
).split()


@pytest.mark.parametrize("group", GROUPS)
def test_ndss_networks_have_the_tables_parameters(entries, group):
    space = nc.spaces.nds_space(group)
    rows = entries[entries.space == group].drop_duplicates("net")
    for row in rows.sample(min(5, len(rows)), random_state=1).itertuples():
        assert parameters(space, space.from_net(row.net)) == row.params


@pytest.mark.parametrize("group", GROUPS)
def test_flops_of_ndss_networks_are_the_tables(entries, group):
    """Both kinds: convolutions and the linear layer as here, with its biases. Chains of blocks: five for each value
    that is normalised. Two cells: one for each value of a ReLU, pooling windows, the mean over the last image, and a
    dilated depthwise convolution counted as if its window were not."""
    space = nc.spaces.nds_space(group)
    rows = entries[entries.space == group].drop_duplicates("net")
    side, classes = (32, 10) if group.endswith("reruns") else (224, 1000)
    for row in rows.sample(2, random_state=2).itertuples():
        arch = space.from_net(row.net)
        done = work(space, arch, side=side)
        total = done.convolutions + done.linear + classes
        if isinstance(space, nc.spaces.ResNetSpace):
            total += 5 * done.normalised
        else:
            total += done.activated + done.pooled + 49 * done.linear // classes + undilated(space, arch)
        assert total == row.flops


def undilated(space, arch):
    """What dilated convolutions cost more where dilation 2 is overlooked: outputs of h + k - 1 pixels a side."""
    depth, width = space.scale(arch)
    extra, side = 0, 28
    for place in range(depth):
        reduction = place in (depth // 3, 2 * depth // 3)
        width, side = (2 * width, side // 2) if reduction else (width, side)
        for name, state in space.cell(arch, "reduce" if reduction else "normal"):
            if name.startswith("dil"):
                kernel, stride = int(name[-1]), 2 if reduction and state < 2 else 1
                for step in (stride, 1)[: 2 if "sep" in name else 1]:
                    grown = (side * step + kernel - 2) // step + 1
                    extra += width * kernel**2 * (grown**2 - side**2)
    return extra


def test_the_json_of_an_entry_builds_the_same_network(entries):
    row = entries[entries.space == "ENAS_in"].iloc[0]
    space = nc.spaces.NDSSpace("enas")
    assert parameters(space, space.from_net(json.loads(row.net))) == row.params
