"""What a notebook's first and last cells call: check the parameters, get the rows, show verdicts and provenance.

Everything returned here shows itself the same way on every machine (no dates or versions but those stored in the rows),
so that nbval can compare the published tables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from nascore import checks, paths
from nascore.checks import suggest
from nascore.companion import claims, compute, parameters, stored
from nascore.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd

    from nascore.companion.tables import HtmlTable

PACKAGES = ("python", "numpy", "torch", "torch_geometric")


@dataclass(frozen=True)
class Settings:
    """A notebook's checked parameters."""

    mode: str = "cached"
    profile: str = "laptop"
    workers: int = 1

    def _repr_html_(self) -> str:
        return f"<p>mode = <b>{escape(str(self.mode))}</b>, profile = <b>{escape(str(self.profile))}</b></p>"

    def results(self, name: str) -> pd.DataFrame:
        """Rows of one experiment under these settings, see `results`."""
        return results(name, mode=self.mode, profile=self.profile, workers=self.workers)

    def verdicts(self, ids: Iterable[str] | str) -> HtmlTable:
        """Verdicts of these claims under the profile, see `verdicts`."""
        return verdicts(ids, profile=self.profile)


def start(mode: str = "cached", profile: str = "laptop", workers: int = 1) -> Settings:
    """Check a notebook's parameters (papermill does not) and set the plot style.

    The cell's further parameters are checked too, by the ranges that their comments say (see `parameters`): a kernel
    knows the cells that it executed. Raises `SettingError` naming the value and what is allowed.
    """
    mode, profile, workers = check(mode, profile, workers)
    caller = sys._getframe(1).f_globals
    cells = caller.get("In")
    if isinstance(cells, list):
        parameters.check_cells([cell for cell in cells if isinstance(cell, str)], caller)
    from nascore.companion import plots

    plots.use_style()
    if profile == "smoke" and "NASCORE_FIGURES" not in os.environ:
        # a smoke run must not overwrite the published figures
        os.environ["NASCORE_FIGURES"] = str(paths.cache() / "figures" / "smoke")
    return Settings(mode, profile, workers)


def check(mode: Any, profile: Any, workers: Any) -> tuple[str, str, int]:
    """The three, checked; `SettingError` for a mode, profile or number of workers that is not allowed."""
    known = parameters.EVERYWHERE
    return known["mode"].check(mode), known["profile"].check(profile), known["workers"].check(workers)


def results(name: str, mode: str = "cached", profile: str = "laptop", workers: int = 1, **options: Any) -> pd.DataFrame:
    """Rows of one experiment (see `nascore.companion.stored.rows`).

    `mode="cached"` renders what is stored; `mode="recompute"` first runs the profile's missing units
    (`options`: backend, scheduler, progress).
    """
    mode, profile, workers = check(mode, profile, workers)
    if mode == "recompute":
        options.setdefault("progress", not os.environ.get("NASCORE_QUIET"))
        return compute.compute(name, profile, workers=workers, **options)
    return stored.rows(name, profile)


def verdicts(ids: Iterable[str] | str, profile: str = "laptop") -> HtmlTable:
    """Table of claims with expected value, measured value and verdict; ids as in the claims file.

    A prefix ending in `*` takes every claim that starts so: `"paper/table4-*"`.
    """
    from nascore.companion import tables

    known = {claim.id: claim for claim in claims.load()}
    chosen = []
    for name in [ids] if isinstance(ids, str) else checks.listed("ids", ids, "a list of claims' ids"):
        checks.text("claim", name)
        found = [key for key in known if key.startswith(name[:-1])] if name.endswith("*") else [name]
        if not found or found[0] not in known:
            raise SettingError(f"unknown claim {checks.shown(name)}{suggest(name, known)}")
        chosen += [key for key in found if key not in chosen]
    return tables.verdict_table(claims.judge([known[key] for key in chosen], profile))


@dataclass(frozen=True)
class Note:
    """Lines of text under a name each; shows itself as a small table."""

    lines: dict[str, str]

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align:left;padding:1px 10px;border:0"><b>{escape(key)}</b></td>'
            f'<td style="text-align:left;padding:1px 10px;border:0">{escape(value)}</td></tr>\n'
            for key, value in self.lines.items()
        )
        return f'<table style="border-collapse:collapse;font-size:90%"><tbody>{rows}</tbody></table>'

    def __str__(self) -> str:
        return "\n".join(f"{key}: {value}" for key, value in self.lines.items())


def provenance_note(*tables: pd.DataFrame) -> Note:
    """How the shown rows were made: seeds, data, budget, cost, hardware, versions, commit, and the command.

    Read from the stored rows only, so that the note does not change when the notebook is shown elsewhere.
    """
    import pandas as pd

    rows = pd.concat([table.drop(columns=["curve"], errors="ignore") for table in tables], ignore_index=True)
    names = list(dict.fromkeys(rows["experiment"]))
    profiles = list(dict.fromkeys(rows["profile"]))
    lines = {
        "experiments": ", ".join(f"{name} (version {_several(rows, name)})" for name in names),
        "runs": f"{len(rows)}, seeds {_ranges(sorted(set(rows['seed'])))}",
        "data": "; ".join(_short(label) for label in dict.fromkeys(rows["data"])),
    }
    if "queries" in rows:
        spent = pd.to_numeric(rows["queries"], errors="coerce").dropna()
        if len(spent):
            lines["queries a run"] = f"{spent.min():.0f} to {spent.max():.0f}"
    cpu, wall = rows["provenance.cpu_s"], rows["provenance.wall_s"]
    lines["cost"] = f"{cpu.sum() / 3600:.2f} CPU hours in all, {wall.median():.1f} s a run (median)"
    lines["hardware"] = "; ".join(dict.fromkeys(rows["provenance.machine"]))
    pairs = zip(rows["provenance.threads"], rows["provenance.device"])
    lines["threads, device"] = "; ".join(dict.fromkeys(f"{threads}, {device}" for threads, device in pairs))
    versions = {name: [v for v in dict.fromkeys(rows[f"provenance.{name}"]) if v] for name in PACKAGES}
    lines["versions"] = "; ".join(f"{name} {', '.join(found)}" for name, found in versions.items() if found)
    lines["commit"] = ", ".join(dict.fromkeys(rows["provenance.commit"]))
    lines["command"] = (
        f"nascore reproduce {' '.join(names)} --profile {'laptop' if 'laptop' in profiles else profiles[0]}"
    )
    return Note(lines)


def _several(rows: pd.DataFrame, name: str) -> str:
    return ", ".join(str(v) for v in dict.fromkeys(rows.loc[rows["experiment"] == name, "version"]))


def _short(label: str) -> str:
    name, _, checksum = label.partition(":")
    short = checksum if len(checksum) <= 16 else checksum[:12]
    return f"{name} ({short})" if checksum else name or "none"


def _ranges(numbers: list[int]) -> str:
    """Whole numbers as ranges: `0-19, 100`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
