"""What the data of a result is: the paper's own benchmark, a model of it, another task of ours, or invented numbers.

Rows name their data as "name:checksum"; the kind is read off that name. From the best kind to the worst:
"""

from __future__ import annotations

# kind -> what a result on it is, in words (as in "measured on ...")
KINDS = {
    "true": "the benchmark itself",
    "surrogate": "a surrogate of the benchmark, not its true table",
    "digits201": "digits201, our own small benchmark",
    "synthetic": "invented scores (theory, smoke runs)",
}
# kinds that stand in for another task than the claim's
STAND_INS = ("digits201",)
INVENTED = ("synthetic",)


def rank_of(label: str) -> int:
    """0 for true benchmark data, higher for worse kinds (the order of KINDS); read off the label's name."""
    name = label.split(":", 1)[0]
    kinds = list(KINDS)
    return next((rank for rank in range(len(kinds) - 1, 0, -1) if kinds[rank] in name), 0)


def kind_of(label: str) -> str:
    """One of KINDS: what the data label says the numbers were measured on."""
    return list(KINDS)[rank_of(label)]
