"""NAS-Bench-201's own notation."""

from __future__ import annotations

import pytest

from nascore.errors import ArchitectureError
from nascore.spaces import NASBench201


def test_the_space():
    space = NASBench201()
    assert space.name == "nasbench201" and space.size == 15_625 and space.positions == 6
    assert space.ops == ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
    assert space == NASBench201()


@pytest.mark.parametrize(
    "arch, text",
    [
        ((1, 0, 2, 3, 3, 3), "|skip_connect~0|+|none~0|nor_conv_1x1~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"),
        ((0, 1, 4, 1, 3, 3), "|none~0|+|skip_connect~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"),
        ((0,) * 6, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"),
    ],
)
def test_architecture_strings(arch, text):
    space = NASBench201()
    assert space.format(arch) == text and space.parse(text) == arch


def test_the_order_agrees_with_the_table_of_the_real_data(real_data):
    pandas = pytest.importorskip("pandas")
    path = real_data / "tables" / "nasbench201.parquet"
    if not path.is_file():
        pytest.skip(f"needs real data: {path} is not there")
    frame = pandas.read_parquet(path)
    space = NASBench201()
    columns = [f"op_{x}_{y}" for x, y in space.pairs]
    named = frame[columns].iloc[::37].values.tolist()
    for text, names in zip(frame["arch"].iloc[::37], named, strict=True):
        assert [space.ops[op] for op in space.parse(text)] == names
    assert len({space.parse(text) for text in frame["arch"]}) == 15_625


@pytest.mark.parametrize("bad", [(5, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0), (-1, 0, 0, 0, 0, 0), "333333"])
def test_bad_architectures(bad):
    with pytest.raises(ArchitectureError, match="6 integers, each from 0 to 4"):
        NASBench201().validate(bad)
