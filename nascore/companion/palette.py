"""The companion's colours, defined once: verdicts, methods, and the neutral greys.

Okabe and Ito's palette, distinct under the common colour blindnesses; each verdict also has a sign, so that the picture
works in black-and-white print.
"""

from __future__ import annotations

INK = "#222222"
MUTED = "#6e6e6e"
GRID = "#e4e4e4"
PAPER = "#000000"  # a printed value drawn beside measured ones

BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE, YELLOW = (
    "#0072b2",
    "#56b4e9",
    "#009e73",
    "#e69f00",
    "#d55e00",
    "#cc79a7",
    "#f0e442",
)

# fill, sign
VERDICT_STYLES = {
    "reproduced": (BLUE, "✓"),
    "scaled down": (SKY, "✓"),
    "trend only": ("#f2c14e", "~"),
    "not reproduced": (VERMILLION, "✗"),
    "not tested": ("#d4d4d4", "–"),
    "not in our copy": ("#ececec", "?"),
    "not yet": ("#ffffff", "·"),
}

METHOD_COLOURS = {
    "GA-NAS": BLUE,
    "GA-NAS-fast": SKY,
    "GA-NAS-standard": ORANGE,
    "GA-NAS-uniform": PURPLE,
    "GA-NAS, seeded": ORANGE,
    "GA-NAS, setup 1": SKY,
    "GA-NAS, setup 2": BLUE,
    "RS": "#8c8c8c",
    "REA": VERMILLION,
    "LocalSearch": GREEN,
    "REINFORCE": ORANGE,
    "TPE": PURPLE,
    "RL-NAS-1": VERMILLION,
    "RL-NAS-2": ORANGE,
}
METHOD_DASHES = {"RS": (4, 2), "REA": (6, 2), "LocalSearch": (2, 1.5), "REINFORCE": (6, 2, 1.5, 2), "TPE": (1, 1.5)}
CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, "#8c8c8c")


def method_colour(name: str, position: int = 0) -> str:
    """The fixed colour of a known method, else the cycle's colour at ``position``."""
    return METHOD_COLOURS.get(name, CYCLE[position % len(CYCLE)])
