"""The companion's colours, defined once: verdicts, methods, and the neutral greys.

Okabe and Ito's palette, distinct under the common colour blindnesses; each verdict also has a sign, so that the picture
works in black-and-white print.
"""

from __future__ import annotations

from nascore.studies import registry

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
    "on a stand-in": (SKY, "✓"),
    "trend only": ("#f2c14e", "~"),
    "inconclusive": ("#b8a9c9", "="),
    "not reproduced": (VERMILLION, "✗"),
    "by construction": ("#a9c9bd", "≡"),
    "not tested": ("#d4d4d4", "–"),
    "not in our copy": ("#ececec", "?"),
    "not yet": ("#ffffff", "·"),
}

EXCEEDS = "+"  # in the place of the sign: clearly beyond the paper's own number

GREY = "#8c8c8c"
COLOURS = {
    "blue": BLUE,
    "sky": SKY,
    "green": GREEN,
    "orange": ORANGE,
    "vermillion": VERMILLION,
    "purple": PURPLE,
    "yellow": YELLOW,
    "grey": GREY,
    "ink": INK,
}
CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, GREY)


def method_colour(name: str, position: int = 0) -> str:
    """The fixed colour of a method that some paper's style names, else the cycle's colour at `position`."""
    known = registry.styles().get(name)
    return CYCLE[position % len(CYCLE)] if known is None else COLOURS[known[0]]


def method_dashes(name: str) -> tuple:
    """The fixed dashes of a method, (None, None) for a whole line."""
    known = registry.styles().get(name)
    return (None, None) if known is None or known[1] is None else known[1]
