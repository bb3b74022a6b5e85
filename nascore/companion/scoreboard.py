"""The scoreboard: every claim of every paper with its verdict, as a table, as JSON, and as one picture."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from nascore.benchmarks.kinds import KINDS
from nascore.companion import claims as claims_module
from nascore.companion import palette
from nascore.companion.claims import VERDICTS, Claim, Judged

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


LEGEND_LINE = 0.75  # height of a line of the legend, in tiles


def judged(profile: str = "laptop") -> list[Judged]:
    """All claims with their verdicts, and one "not yet" entry for each part of a paper that is planned."""
    by_paper: dict[str, list[Judged]] = {}
    for item in claims_module.judge(claims_module.load(), profile):
        by_paper.setdefault(item.claim.paper, []).append(item)
    entries: list[Judged] = []
    for paper in claims_module.papers():
        entries += by_paper.get(paper.id, [])
        for number, part in enumerate(paper.planned, start=1):
            claim = Claim(
                f"{paper.id}/planned-{number}", paper.id, "whole part", part, f"{paper.short}: {part}", "not yet"
            )
            entries.append(Judged(claim, "not yet", reason="the notebooks of this part are not written yet"))
    return entries


def is_planned(claim: Claim) -> bool:
    """Whether this stands for a planned part, and is no claim."""
    return "/planned-" in claim.id


def as_json(profile: str = "laptop") -> dict[str, Any]:
    """`{"claims": [{"id", "paper", "where", "claim", "expected", "measured", "interval", "verdict", ...}]}`."""
    return {"claims": [item.as_dict() for item in judged(profile)]}


def table(profile: str = "laptop", paper: str | None = None) -> pd.DataFrame:
    """The scoreboard as a DataFrame, one line per claim, indexed by claim id."""
    import pandas as pd

    records = [item.as_dict() for item in judged(profile) if paper in (None, item.claim.paper)]
    return pd.DataFrame.from_records(records).set_index("id")


def counts(entries: list[Judged]) -> dict[str, int]:
    """How many claims have each verdict, in the fixed order of verdicts, zeros left out."""
    found = Counter(item.verdict for item in entries)
    return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}


def summary(entries: list[Judged]) -> str:
    """One line: `Paper: 41 reproduced (2 exceed), 6 trend only, ...` for each paper."""
    names = {paper.id: paper.short for paper in claims_module.papers()}
    lines = []
    for paper in dict.fromkeys(item.claim.paper for item in entries):
        mine = [item for item in entries if item.claim.paper == paper]
        lines.append(f"{names.get(paper, paper)}: {counted(mine)}")
    return "\n".join(lines)


def counted(entries: list[Judged]) -> str:
    """`41 reproduced (2 exceed), 6 trend only, ...`: the verdicts of some claims in words."""
    words = []
    for verdict, number in counts(entries).items():
        beyond = sum(item.exceeds for item in entries if item.verdict == verdict)
        words.append(f"{number} {verdict}" + (f" ({beyond} exceed{'s' * (beyond == 1)})" if beyond else ""))
    return ", ".join(words)


def text(entries: list[Judged], width: int = 118) -> str:
    """The scoreboard for a terminal: one line per claim, sections as headings, the summary last."""
    lines, heading = [], None
    for item in entries:
        if is_planned(item.claim):
            continue  # the summary says so
        if (item.claim.paper, item.claim.section) != heading:
            heading = (item.claim.paper, item.claim.section)
            lines.append(f"\n{item.claim.paper} · {item.claim.section}")
        sign = palette.VERDICT_STYLES[item.verdict][1]
        label = item.label + (f" ({item.on})" if item.on not in ("", "true") else "")
        evidence = item.measured or item.reason
        line = f"  {sign} {label:<32} {item.claim.id.split('/', 1)[1]:<34} {evidence}"
        lines.append(line if len(line) <= width else line[: width - 1] + "…")
    return "\n".join(lines).lstrip("\n") + "\n\n" + summary(entries)


def figure_data(entries: list[Judged]) -> pd.DataFrame:
    """What the picture shows: paper, section, position in the section, id, verdict, on, exceeds."""
    import pandas as pd

    order = {verdict: i for i, verdict in enumerate(VERDICTS)}
    records, position = [], Counter()
    for item in sorted(entries, key=lambda item: order[item.verdict]):  # stable: file order within a verdict
        key = (item.claim.paper, item.claim.section)
        records.append((*key, position[key], item.claim.id, item.verdict, item.on, item.exceeds))
        position[key] += 1
    data = pd.DataFrame(records, columns=["paper", "section", "position", "id", "verdict", "on", "exceeds"])
    rank = {key: i for i, key in enumerate(dict.fromkeys((e.claim.paper, e.claim.section) for e in entries))}
    data["row"] = [rank[key] for key in zip(data["paper"], data["section"])]
    return data.sort_values(["row", "position"], ignore_index=True)


def figure(entries: list[Judged] | None = None, profile: str = "laptop") -> tuple[Figure, pd.DataFrame]:
    """Draw the scoreboard: one tile per claim, one line per section, sorted by verdict. Returns figure and data."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyBboxPatch

    from nascore.companion import plots

    entries = judged(profile) if entries is None else entries
    data = figure_data(entries)
    papers = {paper.id: paper for paper in claims_module.papers()}
    done = [item for item in entries if not is_planned(item.claim)]
    sections = list(dict.fromkeys((item.claim.paper, item.claim.section) for item in done))
    written = list(dict.fromkeys(paper for paper, _ in sections))
    planned = [paper for paper in dict.fromkeys(data["paper"]) if papers[paper].planned]
    with plt.style.context(plots.STYLE):
        surrogate = bool((~data["on"].isin(["", "true"])).any())
        widest = max([18, *(int((data["row"] == row).sum()) for row in set(data["row"]))])
        more = LEGEND_LINE * (_legend_lines(counts(done)) - 1)
        height = (
            2.6
            + more
            + len(sections)
            + 0.85 * len(written)
            + (0.9 + 0.8 * len(planned) if planned else 0)
            + (1.0 if surrogate else 0.3)
        )
        fig = plt.figure(figsize=(8.6, 8.6 * height / (widest + 7.2)), layout="none")
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set(xlim=(-6.6, widest + 0.6), ylim=(height, 0))
        ax.axis("off")
        _header(ax, counts(done), widest)
        y = 2.75 + more
        for paper in written:
            name = ax.text(-6.2, y, papers[paper].short, fontsize=12, fontweight="bold", color=palette.INK, va="center")
            total = sum(item.claim.paper == paper for item in done)
            ax.annotate(
                f"{total} claims",
                (1, 0.5),
                xycoords=name,
                xytext=(7, 0),
                textcoords="offset points",
                fontsize=8.5,
                color=palette.MUTED,
                va="center",
            )
            y += 0.85
            for _, section in [key for key in sections if key[0] == paper]:
                part = data[(data["paper"] == paper) & (data["section"] == section)]
                ax.text(-6.2, y, section, fontsize=9.5, color=palette.INK, va="center")
                for _, tile in part.iterrows():
                    _tile(ax, FancyBboxPatch, tile["position"], y, tile["verdict"], tile["on"], tile["exceeds"])
                y += 1
        if planned:
            y += 0.35
            ax.plot([-6.2, widest], [y - 0.55, y - 0.55], color=palette.GRID, linewidth=1)
            for paper in planned:
                ax.text(-6.2, y, papers[paper].short.split(" (")[0], fontsize=9.5, color=palette.MUTED, va="center")
                for i, part in enumerate(papers[paper].planned):
                    _planned(ax, FancyBboxPatch, i, y, part, widest, len(papers[paper].planned))
                y += 0.8
        if surrogate:
            _note(ax, y + 0.1, set("+".join(data["on"]).split("+")))
    return fig, data.drop(columns="row")


def _header(ax, found: dict[str, int], widest: int) -> None:
    """One bar of all written claims, its parts labelled with count and verdict."""
    total = sum(found.values()) or 1
    left, right = -6.2, float(widest)
    x, spans = left, []
    for verdict, number in found.items():
        share = (right - left) * number / total
        fill, sign = palette.VERDICT_STYLES[verdict]
        ax.add_patch(_rect(x, 0.45, share - 0.08, 0.8, fill))
        _mark(ax, x + share / 2, 0.85, str(number), fill, 12)
        spans.append(verdict)
        x += share
    columns = max(4, -(-len(spans) // _legend_lines(found)))
    step = (right - left + 0.6) / columns
    for i, verdict in enumerate(spans):
        fill, sign = palette.VERDICT_STYLES[verdict]
        place, below = left + i % columns * step, i // columns * LEGEND_LINE
        ax.add_patch(_rect(place, 1.52 + below, 0.42, 0.42, fill))
        _mark(ax, place + 0.21, 1.74 + below, sign, fill, 7)
        ax.text(place + 0.6, 1.74 + below, verdict, fontsize=8, color=palette.INK, va="center")


def _legend_lines(found: dict[str, int]) -> int:
    """Lines of the legend below the bar: five verdicts have room beside each other."""
    return -(-len(found) // 5)


def _rect(x: float, y: float, width: float, height: float, fill: str):
    from matplotlib.patches import FancyBboxPatch

    edge = "#9a9a9a" if fill == "#ffffff" else fill
    return FancyBboxPatch(
        (x + 0.08, y + 0.08),
        max(width - 0.16, 0.02),
        height - 0.16,
        boxstyle="round,pad=0.08,rounding_size=0.12",
        facecolor=fill,
        edgecolor=edge,
        linewidth=0.8,
    )


def _mark(ax, x: float, y: float, sign: str, fill: str, size: float) -> None:
    from nascore.spaces.layout import text_colour

    ax.text(x, y, sign, fontsize=size, fontweight="bold", color=text_colour(fill), ha="center", va="center")


def _tile(ax, box, position: int, y: float, verdict: str, on: str, exceeds: bool) -> None:
    fill, sign = palette.VERDICT_STYLES[verdict]
    sign = palette.EXCEEDS if exceeds else sign
    edge = "#b5b5b5" if verdict in ("not yet", "not in our copy", "not tested") else fill
    style = (0, (2.5, 2)) if verdict == "not yet" else "-"
    ax.add_patch(
        box(
            (position + 0.12, y - 0.36),
            0.72,
            0.72,
            boxstyle="round,pad=0.04,rounding_size=0.14",
            facecolor=fill,
            edgecolor=edge,
            linewidth=0.9,
            linestyle=style,
        )
    )
    _mark(ax, position + 0.48, y, sign, fill, 10)
    if on not in ("", "true"):
        ax.plot(
            position + 0.76,
            y - 0.29,
            "o",
            markersize=4.2,
            color="#ffffff",
            markeredgecolor=palette.INK,
            markeredgewidth=0.9,
        )


def _planned(ax, box, position: int, y: float, part: str, widest: int, number: int) -> None:
    width = widest / number
    ax.add_patch(
        box(
            (position * width + 0.12, y - 0.26),
            width - 0.3,
            0.52,
            boxstyle="round,pad=0.03,rounding_size=0.12",
            facecolor="#ffffff",
            edgecolor="#b5b5b5",
            linewidth=0.9,
            linestyle=(0, (2.5, 2)),
        )
    )
    ax.text((position + 0.5) * width, y, part, fontsize=7.2, color=palette.MUTED, ha="center", va="center")


def _note(ax, y: float, kinds: set[str]) -> None:
    said = "measured on " + "; on ".join(words for kind, words in KINDS.items() if kind in kinds and kind != "true")
    ax.plot(-6.05, y, "o", markersize=4.2, color="#ffffff", markeredgecolor=palette.INK, markeredgewidth=0.9)
    ax.text(
        -5.75,
        y,
        said,
        fontsize=8,
        color=palette.MUTED,
        va="center",
    )
