"""Axes with plain logarithmic numbers, and one legend below a figure."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pytest

from nascore.companion import plots
from nascore.errors import SettingError


@pytest.fixture()
def axes():
    fig, axes = plt.subplots(1, 2, layout="constrained")
    yield axes
    plt.close(fig)


def test_plain_log_writes_plain_numbers(axes):
    plots.plain_log(axes[0], "x", 0.02, 5_000)
    assert [tick.get_text() for tick in axes[0].get_xticklabels()] == ["0.1", "1", "10", "100", "1,000"]
    plots.plain_log(axes[0], "x", 3, 60, dense=True)
    assert [tick.get_text() for tick in axes[0].get_xticklabels()] == ["5", "10", "20", "50"]
    assert axes[0].get_xscale() == "log" and len(axes[0].get_xticks(minor=True)) == 0


def test_plain_log_turns_the_axis_when_the_larger_end_comes_first(axes):
    plots.plain_log(axes[0], "y", 100, 0.5)
    assert axes[0].get_ylim() == (100, 0.5)


@pytest.mark.parametrize("arguments", [("z", 1, 2), ("x", 0, 2), ("x", 2, 2)])
def test_plain_log_refuses(axes, arguments):
    with pytest.raises(SettingError, match="expected x or y"):
        plots.plain_log(axes[0], *arguments)


def test_legend_below_names_each_line_once(axes):
    for ax in axes:
        ax.plot([1, 2], label="A")
        ax.legend()
    axes[1].plot([2, 1], label="B")
    plots.legend_below(axes[0].figure)
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == ["A", "B"]
    assert all(ax.get_legend() is None for ax in axes)
