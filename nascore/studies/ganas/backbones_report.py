"""The page of the two backbones as data: printed rows beside the blocks built here, counts, and the search by task."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nascore.spaces.backbones import BackboneSpace, EfficientNetMacro, ProxylessNASMacro

TASKS = {"printed": "weights of EfficientNet-B0 (printed)", "tight": "four fifths of them (ours)"}
# (line, key of the counts, published parameters): as other implementations of these networks state them
PUBLISHED = (
    ("EfficientNet-B0", "b0", "5,288,548"),
    ("ProxylessNAS-GPU", "proxyless_gpu", "7,119,848"),
    ("ProxylessNAS-Mobile", "proxyless_mobile", "4,080,512"),
)
ENDS = (
    ("Table 13, e3-k3 everywhere", "table13_lightest"),
    ("Table 13, e6-k7 everywhere", "table13_heaviest"),
)


def backbone_lines(name: str, printed: Mapping, space: BackboneSpace) -> list[dict[str, str]]:
    """The searched rows of a printed table and what stands there here."""
    side, found = 112, []
    for position, stage in enumerate(space.backbone.stages):
        row = printed[f"tbs{position + 1}"]
        line = {
            "resolution": str(row["resolution"]),
            "channels": str(row["channels"]),
            "layers, printed": str(row.get("layers", "blank")) if name == "table12" else str(row["identity"])[:1],
        }
        blocks = list(space.stage(position, 0))
        keeps = blocks[0].stride == 1 and blocks[0].inputs == blocks[0].outputs
        line["layers, here"] = str(stage.layers) if name == "table12" else "Y" if keeps else "N"
        assert (side, stage.outputs) == (row["resolution"], row["channels"]), (name, position)
        side //= stage.stride
        found.append(line)
    return found


def printed_beside_here(table12: Mapping, table13: Mapping) -> list[dict[str, str]]:
    """Where the printed tables (`papers.table`) and the networks here differ, or the print is blank."""
    layers = backbone_lines("table12", table12, EfficientNetMacro())
    shortcuts = backbone_lines("table13", table13, ProxylessNASMacro())
    yes = {"Y": "Yes"}
    return [
        *_differing("12", layers, "layers", str, "the published EfficientNet-B0"),
        *_differing(
            "13", shortcuts, "identity", lambda mark: yes.get(mark, "No"), "192 channels come in: nothing can be added"
        ),
    ]


def _differing(table: str, lines: list, what: str, word: Callable, why: str) -> list[dict[str, str]]:
    """The positions whose printed entry is not the one here."""
    return [
        {
            "table": table,
            "position": f"{number}: {line['resolution']} pixels, {line['channels']} channels",
            "printed": f"{what}: {word(line['layers, printed'])}",
            "here": f"{what}: {word(line['layers, here'])}",
            "why": why,
        }
        for number, line in enumerate(lines, 1)
        if line["layers, printed"] != line["layers, here"]
    ]


def count_lines(counts: dict) -> list[dict[str, str]]:
    """Networks with their parameters: counted, published, and printed in Table 7 (which our copy lacks)."""
    every = [*PUBLISHED, *((name, key, "") for name, key in ENDS)]
    return [
        {
            "network": name,
            "parameters": f"{counts[f'{key}_params']:,.0f}",
            "published": published or "–",
            "Table 7": "not in our copy" if key in ("b0", "proxyless_gpu") else "–",
            "multiply-adds (million)": f"{counts[f'{key}_madds_M']:,.1f}",
        }
        for name, key, published in every
    ]


def limit_lines(counts: dict) -> list[dict[str, str]]:
    """What each limit leaves of the EfficientNet space."""
    return [
        {
            "limit": name,
            "networks allowed": f"{counts[f'{task}_allowed']:,.0f}",
            "of all": f"{100 * counts[f'{task}_allowed'] / counts['networks']:.1f} %",
            "most multiply-adds (million)": f"{counts[f'{task}_optimum_M']:.1f}",
        }
        for task, name in TASKS.items()
    ]
