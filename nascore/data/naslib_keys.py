"""How NASLib's files name a NAS-Bench-101 cell: the text of 49 matrix entries and 7 operation codes, unpruned."""

from __future__ import annotations

from nascore import checks
from nascore.spaces.base import Arch
from nascore.spaces.nasbench101.space import NASBench101

OPS = ("input", "output", "maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu")


def nasbench101_arch(space: NASBench101, text: str) -> Arch:
    """The pruned cell of a key; ValueError where it is none."""
    numbers = [int(word) for word in text.strip("()").split(",")]
    if len(numbers) != 56 or not all(0 <= code < len(OPS) for code in numbers[49:]):
        raise ValueError(f"key {checks.shown(text)}: expected 49 matrix entries and 7 codes from 0 to {len(OPS) - 1}")
    return space.from_matrix([numbers[row : row + 7] for row in range(0, 49, 7)], [OPS[code] for code in numbers[49:]])
