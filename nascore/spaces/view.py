"""A cell as a picture: SVG text made by hand, the same for the same cell on every machine."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from nascore.spaces.dag import DAG
from nascore.spaces.layout import EDGE_COLOUR, NODE_HEIGHT, NODE_WIDTH, Layout, layout, op_colours, op_name, text_colour

MARGIN, TITLE_HEIGHT, ARROW = 8.0, 20.0, 7.0
FONT = "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\""


class CellView:
    """Shows a node-labelled DAG in a notebook; `str(view)` is the SVG, `save(path)` writes it.

    `dag` has `labels` (one per node, topologically sorted) and `edges` (pairs source, target).
    """

    def __init__(self, dag: DAG, title: str = "", scale: float = 1.0):
        if not scale > 0:
            from nascore.errors import SettingError

            raise SettingError(f"scale must be above 0, not {scale!r}")
        self.dag, self.title, self.scale = dag, title, scale

    def _repr_svg_(self) -> str:
        return svg(self.dag, self.title, self.scale)

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x:auto">{self._repr_svg_()}</div>'

    def __str__(self) -> str:
        return self._repr_svg_()

    def __repr__(self) -> str:
        return f"CellView({self.title or ' '.join(self.dag.labels)})"

    def save(self, path) -> None:
        """Write the SVG to `path` in one piece."""
        from nascore import paths

        paths.atomic_write(path, self._repr_svg_())


def svg(dag: DAG, title: str = "", scale: float = 1.0) -> str:
    """The SVG text of one cell; nodes are rounded boxes coloured by operation, edges arrows from left to right."""
    labels = tuple(dag.labels)
    place = layout(len(labels), dag.edges)
    top = TITLE_HEIGHT if title else 0.0
    width = max(place.width, 6.4 * len(title) if title else 0.0) + 2 * MARGIN
    height = place.height + top + 2 * MARGIN
    colours = op_colours(labels)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale:.0f}" height="{height * scale:.0f}" '
            f'viewBox="0 0 {width:.1f} {height:.1f}" role="img" aria-label="{escape(_spoken(dag), quote=True)}" {FONT}>'
        )
    ]
    if title:
        parts.append(
            f'<text x="{MARGIN:.1f}" y="{MARGIN + 9:.1f}" font-size="11" fill="{EDGE_COLOUR}">{escape(title)}</text>'
        )
    parts.append(f'<g transform="translate({MARGIN:.1f} {MARGIN + top:.1f})">')
    parts += [_edge(points) for points in edge_curves(place)]
    parts += [_node(label, colours[label], *centre) for label, centre in zip(labels, place.nodes)]
    parts.append("</g></svg>")
    return "".join(parts)


def edge_curves(place: Layout) -> list[list[tuple[float, float]]]:
    """Bezier control points of every edge, box border to box border: a start, then three points per cubic piece."""
    ports = _ports(place)
    curves = []
    for edge, via in place.edges.items():
        start, end = ports[edge]
        knots = [start]
        for x, y in via[1:-1]:
            # a bend is a straight run as wide as a box, so that no curve cuts the boxes of its layer
            knots += [(x - NODE_WIDTH / 2, y), (x + NODE_WIDTH / 2, y)]
        knots.append(end)
        curve = [knots[0]]
        for (x0, y0), (x1, y1) in pairwise(knots):
            pull = (x1 - x0) * 0.5
            curve += [(x0 + pull, y0), (x1 - pull, y1), (x1, y1)]
        curves.append(curve)
    return curves


def _ports(place: Layout) -> dict[tuple[int, int], tuple[tuple[float, float], tuple[float, float]]]:
    """Where each edge leaves and enters its boxes: fanned out over the side, in the order of the other ends."""
    ports: dict[tuple[int, int], list] = {edge: [None, None] for edge in place.edges}
    for side in (0, 1):
        groups: dict[int, list[tuple[int, int]]] = {}
        for edge in place.edges:
            groups.setdefault(edge[side], []).append(edge)
        for node, group in groups.items():
            x, y = place.nodes[node]
            group.sort(key=lambda edge: place.edges[edge][1 if side == 0 else -2][1])
            spread = min(6.0, (NODE_HEIGHT - 12) / max(1, len(group) - 1))
            for i, edge in enumerate(group):
                shift = (i - (len(group) - 1) / 2) * spread
                ports[edge][side] = (x + (NODE_WIDTH / 2 if side == 0 else -NODE_WIDTH / 2), y + shift)
    return {edge: (both[0], both[1]) for edge, both in ports.items()}


def _edge(curve: list[tuple[float, float]]) -> str:
    tip_x, tip_y = curve[-1]
    points = [*curve[:-1], (tip_x - ARROW + 1, tip_y)]  # the line ends inside the arrow head
    text = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for i in range(1, len(points), 3):
        text += "C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in points[i : i + 3])
    head = (
        f"{tip_x:.1f},{tip_y:.1f} {tip_x - ARROW:.1f},{tip_y - ARROW * 0.45:.1f} "
        f"{tip_x - ARROW:.1f},{tip_y + ARROW * 0.45:.1f}"
    )
    return (
        f'<path d="{text}" fill="none" stroke="{EDGE_COLOUR}" stroke-width="1.5"/>'
        f'<polygon points="{head}" fill="{EDGE_COLOUR}"/>'
    )


def _node(label: str, fill: str, x: float, y: float) -> str:
    round_end = label in ("input", "output")
    radius = NODE_HEIGHT / 2 if round_end else 7
    dashed = ' stroke-dasharray="4 3"' if fill == "#ffffff" else ""
    name = op_name(label)
    size = 12.5 if len(name) <= 10 else 11
    return (
        f'<g><title>{escape(label)}</title><rect x="{x - NODE_WIDTH / 2:.1f}" y="{y - NODE_HEIGHT / 2:.1f}" '
        f'width="{NODE_WIDTH:.0f}" height="{NODE_HEIGHT:.0f}" rx="{radius:.0f}" fill="{fill}" '
        f'stroke="{shade(fill)}" stroke-width="1.2"{dashed}/>'
        f'<text x="{x:.1f}" y="{y + 4.3:.1f}" font-size="{size}" font-weight="600" text-anchor="middle" '
        f'fill="{text_colour(fill)}">{escape(name)}</text></g>'
    )


def shade(fill: str) -> str:
    """A darker border for a fill colour."""
    return "#" + "".join(f"{int(int(fill[i : i + 2], 16) * 0.68):02x}" for i in (1, 3, 5))


def _spoken(dag: DAG) -> str:
    """The cell in words, for screen readers."""
    edges = ", ".join(f"{source} to {target}" for source, target in dag.edges)
    return f"cell with nodes {', '.join(f'{i} {label}' for i, label in enumerate(dag.labels))}; edges {edges}"


__all__ = ["CellView", "edge_curves", "shade", "svg"]
