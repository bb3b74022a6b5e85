"""Figure 1 and its task as pictures: what a network is asked to reproduce, and how its loss falls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nascore.studies.gennas.samples import SAMPLES, images

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nascore.proxies.gennas import ImageTask
    from nascore.spaces.base import Arch

SHOWN, SIDE = 6, 8  # maps of a stage, pixels of a side


def shown(task: ImageTask) -> str:
    """The configuration as Figure 1 prints it, one signal on a line; frequencies to three digits."""
    given = task.to_dict()
    lines = [f'"noise": {json.dumps(given.pop("noise"))}']
    for stage, part in given.items():
        signals = [
            f'    "{basis}": '
            + json.dumps({k: [round(f, 3) for f in v] if isinstance(v, list) else v for k, v in signal.items()})
            for basis, signal in part["signals"].items()
        ]
        lines.append(f'"{stage}": {{"channels": {part["channels"]}, "signals": {{\n' + ",\n".join(signals) + "}}")
    return "{" + ",\n ".join(lines) + "}"


def changed(before: ImageTask, after: ImageTask) -> pd.DataFrame:
    """What a mutation has drawn anew, a line per block."""
    import pandas as pd

    first, second = before.to_dict(), after.to_dict()
    lines = []
    if first["noise"] != second["noise"]:
        lines.append({"block": "noise", "before": _words(first["noise"]), "after": _words(second["noise"])})
    for stage in (name for name in first if name != "noise"):
        one, two = first[stage], second[stage]
        if one["channels"] != two["channels"]:
            lines.append({"block": f"{stage}: channels", "before": str(one["channels"]), "after": str(two["channels"])})
        for basis in dict.fromkeys([*one["signals"], *two["signals"]]):
            if one["signals"].get(basis) != two["signals"].get(basis):
                lines.append(
                    {
                        "block": f"{stage}: {basis}",
                        "before": _words(one["signals"].get(basis)),
                        "after": _words(two["signals"].get(basis)),
                    }
                )
    return pd.DataFrame(lines, columns=["block", "before", "after"])


def _words(signal: Mapping | None) -> str:
    if signal is None:
        return "absent"
    words = []
    for name, value in signal.items():
        if name == "range":
            words.append(f"frequencies {min(value):.2f} to {max(value):.2f}")
        else:
            words.append(f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {str(value).lower()}")
    return ", ".join(words)


def targets(task: ImageTask, seed: int = 0) -> tuple[Figure, pd.DataFrame]:
    """An image, and the first maps of each stage's target for it."""
    import matplotlib.pyplot as plt
    import pandas as pd

    from nascore.proxies.gennas.targets import image_problem

    pixels = images("digits")[0][:16]
    problem = image_problem(task, pixels, SIDE, len(task.parts), seed)
    fig, axes = plt.subplots(len(task.parts), SHOWN + 1, figsize=(7.2, 1.15 * len(task.parts)), layout="constrained")
    lines = []
    for number, (target, row) in enumerate(zip(problem.targets, axes, strict=True)):
        row[0].imshow(pixels[0, 0], cmap="gray_r")
        row[0].set_title("input" if not number else "", fontsize=8)
        row[0].set_ylabel(f"stage {number}", fontsize=8)
        for place, ax in enumerate(row[1:]):
            ax.imshow(target[0, place], cmap="RdBu_r", vmin=-2, vmax=2)
            ax.set_title(f"map {place}" if not number else "", fontsize=8)
        lines += [{"stage": number, "map": place, "mean": float(target[0, place].mean())} for place in range(SHOWN)]
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
    return fig, pd.DataFrame(lines)


def learning(task: str, cells: Mapping[str, Arch], iterations: int = 100) -> pd.DataFrame:
    """The regression of digits201's networks: method (the cell's name), iteration, loss."""
    import pandas as pd

    from nascore.networks import build
    from nascore.proxies.gennas import GenNAS

    sample, proxy = SAMPLES["digits201"], GenNAS(task, iterations=iterations)
    pixels = images("digits")[0][: proxy.batch]
    lines: list[dict] = []
    for name, arch in cells.items():
        curve: list[float] = []
        proxy.loss(
            build(sample.space, arch, **sample.network), pixels, 0, lambda _, loss, kept=curve: kept.append(loss)
        )
        lines += [{"method": name, "iteration": place + 1, "loss": loss} for place, loss in enumerate(curve)]
    return pd.DataFrame(lines)


def by_frequency(cells: Mapping[str, Arch], bases: Sequence[str], iterations: int = 100) -> pd.DataFrame:
    """How much of each signal a cell has learned: method, basis, learned (percent of the targets' variance that the
    final loss leaves out: 0 is no better than the best constant)."""
    import pandas as pd

    from nascore.networks import build
    from nascore.proxies.gennas import GenNAS, ImageTask, named, task
    from nascore.proxies.gennas.regression import WEIGHTS
    from nascore.proxies.gennas.targets import image_problem

    assert set(bases) <= {name.removeprefix("single-") for name in named()}
    sample, lines = SAMPLES["digits201"], []
    for basis in bases:
        proxy = GenNAS(f"single-{basis}", iterations=iterations)
        asked = task(f"single-{basis}")
        assert isinstance(asked, ImageTask)
        pixels = images("digits")[0][: proxy.batch]
        problem = image_problem(asked, pixels, 5, 2, 0)
        constant = sum(w * float(t.var(unbiased=False)) for w, t in zip(WEIGHTS[-2:], problem.targets, strict=True))
        for name, arch in cells.items():
            left = proxy.loss(build(sample.space, arch, **sample.network), pixels, 0) / constant
            lines.append({"method": name, "basis": basis, "learned": round(100 * (1 - left), 2)})
    return pd.DataFrame(lines)


def drawn(ax, data: pd.DataFrame, x: str, y: str, style: str = "-") -> None:
    """A line per method, or dots where `x` are names (style "o")."""
    for name, part in data.groupby("method", sort=False):
        ax.plot(part[x], part[y], style, label=name)


def examples() -> dict[str, Arch]:
    """Four cells of digits201, from its best to none at all."""
    bench = SAMPLES["digits201"].first
    values = bench.values(bench.archs)
    order = np.argsort(-values, kind="stable")
    places = {
        "best cell": order[0],
        "median cell": order[len(order) // 2],
        "cell at 90 %": order[int(0.9 * len(order))],
    }
    found = {f"{name} ({values[row]:.1f} %)": bench.archs[row] for name, row in places.items()}
    skips = (1,) * 6
    return found | {f"only skip-connections ({bench.value(skips):.1f} %)": skips}
