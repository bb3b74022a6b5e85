"""What a comparison has found: rows, a table with intervals, curves with bands."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any

from nascore import checks
from nascore.errors import NascoreError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LEVEL = 0.95


class Comparison:
    """What `compare` found. `frame`: one row per method and seed (value, rank, queries, to_best, arch, ...).

    `table()`: per method the mean and the interquartile mean of the best value with 95 % bootstrap intervals, how
    likely it beats the first method, and the median of what was spent until the benchmark's best, in the budget's unit.
    `plot()`: curves with bands.
    """

    def __init__(self, rows: list[dict], question: dict, optimum: float | None):
        self.rows, self.question, self.optimum = rows, question, optimum

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(row["method"] for row in self.rows))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per method and seed."""
        import pandas as pd

        return pd.DataFrame(
            [{k: v for k, v in row.items() if k not in ("curve", "question", "digest")} for row in self.rows]
        )

    @property
    def curves(self) -> pd.DataFrame:
        """Improvement steps in long form: method, seed, query (epoch for one-shot searches), best."""
        import pandas as pd

        parts = [pd.DataFrame(row["curve"]).assign(method=row["method"], seed=row["seed"]) for row in self.rows]
        return pd.concat(parts, ignore_index=True)

    def table(self) -> pd.DataFrame:
        """One line per method, values as numbers: runs, mean, low, high, iqm, iqm_low, iqm_high, improvement (P that a
        run beats a run of the first method; one run says nothing of it), to_best (median, in the budget's unit;
        runs that never found it count as the budget), found."""
        import numpy as np
        import pandas as pd

        from nascore.companion import stats

        frame, lines = self.frame, []
        first = frame[frame["method"] == self.methods[0]]["value"].dropna().to_numpy(float)
        for name in self.methods:
            part = frame[frame["method"] == name]
            values = part["value"].dropna().to_numpy(float)
            line: dict[str, Any] = {"method": name, "runs": len(part), "failed": len(part) - len(values)}
            if len(values):
                statistics: dict[str, Any] = {"mean": np.mean, "iqm": stats.iqm}
                for key, statistic in statistics.items():
                    estimate = stats.bootstrap_ci(values, statistic, LEVEL)
                    low, high = (estimate.low, estimate.high) if len(values) > 1 else (np.nan, np.nan)
                    line |= {key: estimate.value, f"{key}_low": low, f"{key}_high": high}
                if min(len(first), len(values)) > 1:
                    line["improvement"] = stats.probability_of_improvement(values, first).value
            if "to_best" in part:
                asked = part[part["queries"].notna()]  # one-shot searches ask no queries
                spent = pd.to_numeric(asked["to_best"], errors="coerce")
                paid = asked["spent"] if self.question["budget"] is None else self.question["budget"]
                if len(asked):
                    line |= {"found": int(spent.notna().sum()), "to_best": float(spent.fillna(paid).median())}
            lines.append(line)
        return pd.DataFrame(lines)

    def plot(self, value: str = "best", ax=None) -> Figure:
        """Mean best value so far with its bootstrap band against queries (epochs where the budget is in epochs, and for
        one-shot searches)."""
        import pandas as pd
        from matplotlib.figure import Figure

        from nascore.companion import plots

        rows = pd.DataFrame([row for row in self.rows if row["curve"]["query"]])
        drawn = sorted({key for row in self.rows for key in row["curve"]} - {"query"})
        value = checks.one_of("value", value, drawn)
        ax = Figure(figsize=(5.6, 3.2), layout="constrained").subplots() if ax is None else ax
        plots.query_curves(rows, value, ax=ax, optimum=self.optimum if value == "best" else None)
        if "queries" not in rows or self.question["unit"] == "epochs":
            ax.set_xlabel("epochs")
        return ax.figure

    def __repr__(self) -> str:
        shown = [self._words(line) for line in self.table().to_dict("records")]
        width = {key: max(len(key), *(len(line[key]) for line in shown)) for key in shown[0]}
        head = "  ".join(key.ljust(width[key]) for key in width)
        body = ["  ".join(line[key].ljust(width[key]) for key in width).rstrip() for line in shown]
        return "\n".join([self._title(), head.rstrip(), *body])

    def _title(self) -> str:
        asked = self.question["benchmark"] or self.question["judge"]
        where = asked["benchmark"] if isinstance(asked, dict) else "a function"
        budget = "" if self.question["budget"] is None else f", {self.question['budget']} {self.question['unit']} a run"
        return f"Comparison on {where}{budget}"

    def _words(self, line: dict) -> dict[str, str]:
        """One line of the table as text; what few runs cannot say is left out."""

        def interval(key: str) -> str:
            if line.get(key) != line.get(key) or line.get(key) is None:
                return "–"
            if line[f"{key}_low"] != line[f"{key}_low"]:
                return f"{line[key]:.2f}"
            return f"{line[key]:.2f} [{line[f'{key}_low']:.2f}, {line[f'{key}_high']:.2f}]"

        runs = f"{line['runs']} ({line['failed']} failed)" if line["failed"] else str(line["runs"])
        words = {"method": line["method"], "runs": runs, "mean [95 %]": interval("mean")}
        words["IQM [95 %]"] = interval("iqm")
        better = line.get("improvement")
        known = better is not None and better == better and line["method"] != self.methods[0]
        words[f"P(better than {self.methods[0]})"] = f"{better:.2f}" if known else "–"
        if "to_best" in line:
            known = line["found"] == line["found"]
            words["found the best"] = f"{line['found']:.0f} of {line['runs']}" if known else "–"
            words[f"{self.question['unit']} to it (median)"] = f"{line['to_best']:.0f}" if known else "–"
        return words

    def _repr_html_(self) -> str:
        lines = [self._words(line) for line in self.table().to_dict("records")]
        head = "".join(f"<th style='text-align:left'>{escape(key)}</th>" for key in lines[0])
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{escape(text)}</td>" for text in line.values()) + "</tr>"
            for line in lines
        )
        picture = io.BytesIO()
        try:
            self.plot().savefig(picture, dpi=110)
            image = f"<img src='data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}'/>"
        except NascoreError:  # no run found anything: there is no curve to draw
            image = ""
        title = escape(self._title())
        return f"<div><b>{title}</b><br>{image}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
