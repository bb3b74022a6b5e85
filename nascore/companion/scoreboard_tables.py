"""The scoreboard's tables in a notebook: what the verdicts mean, the claims by section, and the rows behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nascore.companion import claims, palette, scoreboard, stored
from nascore.companion.tables import NOTHING, HtmlTable, verdict_table
from nascore.errors import NascoreError, ResultsError

if TYPE_CHECKING:
    from nascore.companion.claims import Judged

COLOURS = {verdict: fill for verdict, (fill, _) in palette.VERDICT_STYLES.items()}


def written(entries: list[Judged]) -> list[Judged]:
    """The claims of papers that are written, without the planned parts of others."""
    return [item for item in entries if not scoreboard.is_planned(item.claim)]


def kinds(entries: list[Judged]) -> list[str]:
    """The kinds of data behind the verdicts, sorted."""
    return sorted({kind for item in written(entries) for kind in item.on.split("+") if kind})


def introduction(entries: list[Judged]) -> str:
    """How many claims of how many papers, on what kinds of data, and how many have no rows yet; Markdown."""
    found = written(entries)
    waiting = sum(item.verdict == "not yet" for item in found)
    papers = len({item.claim.paper for item in found})
    text = (
        f"**{len(found)} claims** of {papers} paper{'' if papers == 1 else 's'}; data behind the verdicts: "
        f"{', '.join(kinds(entries)) or 'none yet'}."
    )
    return text + (f" {waiting} claims wait for rows." if waiting else "")


def meanings(entries: list[Judged]) -> HtmlTable:
    """Every verdict with its sign, how many claims have it, and what it means."""
    import pandas as pd

    numbers = scoreboard.counts(written(entries))
    lines = [
        {
            "verdict": verdict,
            "sign": palette.VERDICT_STYLES[verdict][1],
            "claims": numbers.get(verdict, 0),
            "meaning": meaning,
        }
        for verdict, meaning in claims.VERDICTS.items()
    ]
    beyond = sum(item.exceeds for item in written(entries))
    note = f'"exceeds" (sign {palette.EXCEEDS}), {beyond} of the first two: the interval lies beyond the printed number'
    return HtmlTable(pd.DataFrame(lines), note=note, left=("verdict", "meaning"), colour=COLOURS)


def sections(entries: list[Judged]) -> Iterator[tuple[str, HtmlTable]]:
    """For each section of each written paper a heading with its counts (Markdown), and the table of its claims."""
    names = {paper.id: paper.short for paper in claims.papers()}
    found = written(entries)
    for paper, section in dict.fromkeys((item.claim.paper, item.claim.section) for item in found):
        part = [item for item in found if (item.claim.paper, item.claim.section) == (paper, section)]
        yield f"### {names[paper]}: {section}\n\n{scoreboard.counted(part)}", verdict_table(part)


def by_paper(entries: list[Judged]) -> str:
    """The verdicts of each written paper, counted, as a Markdown table (README shows it)."""
    names = {paper.id: paper.short for paper in claims.papers()}
    found = written(entries)
    verdicts = list(scoreboard.counts(found))
    lines = ["| | claims | " + " | ".join(verdicts) + " |", "|---|" + "---:|" * (len(verdicts) + 1)]
    for paper in dict.fromkeys(item.claim.paper for item in found):
        mine = [item for item in found if item.claim.paper == paper]
        numbers = scoreboard.counts(mine)
        cells = [str(numbers.get(verdict, 0)) for verdict in verdicts]
        lines.append(f"| {names[paper]} | {len(mine)} | " + " | ".join(cells) + " |")
    if beyond := sum(item.exceeds for item in found):
        is_one = beyond == 1
        lines.append(f"\n{beyond} of them {'is' if is_one else 'are'} clearly beyond the paper's own number (exceeds).")
    return "\n".join(lines)


def planned(entries: list[Judged]) -> HtmlTable:
    """The parts of papers that are still to be written."""
    import pandas as pd

    papers = {paper.id: paper for paper in claims.papers()}
    done = {item.claim.id for item in written(entries)}
    lines = [
        {
            "paper": papers[item.claim.paper].short,
            "title": papers[item.claim.paper].title,
            "part": item.claim.claim.split(": ", 1)[-1],
            "verdict": item.verdict,
        }
        for item in entries
        if item.claim.id not in done
    ]
    columns = ["paper", "title", "part", "verdict"]
    return HtmlTable(pd.DataFrame(lines, columns=columns), left=tuple(columns), colour=COLOURS)


def rows_behind(entries: list[Judged], profile: str) -> HtmlTable:
    """The experiments behind the verdicts: stored runs of the profile, their data, and what they cost."""
    import pandas as pd

    names = sorted({item.claim.experiment for item in written(entries) if item.claim.experiment})
    lines = [{"experiment": name} | _behind(name, profile) for name in names]
    return HtmlTable(pd.DataFrame(lines), left=("experiment", "data"))


def _behind(name: str, profile: str) -> dict[str, str]:
    try:
        rows = stored.rows(name, profile)
    except ResultsError:
        return {"runs": "0", "data": NOTHING, "CPU hours": NOTHING}
    except NascoreError as error:
        return {"runs": NOTHING, "data": str(error), "CPU hours": NOTHING}
    data = ", ".join(dict.fromkeys(label.split(":")[0] for label in rows["data"] if label))
    return {
        "runs": f"{len(rows)} of {len(rows) + rows.attrs['missing']}",
        "data": data or "none needed",
        "CPU hours": f"{rows['provenance.cpu_s'].sum() / 3600:.2f}",
    }
