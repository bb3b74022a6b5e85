"""The rows that a claim's test looks at: columns of plain values, and the numbers of those who need them.

A DataFrame would do, and is taken; but pandas alone needs longer to load than all claims take to judge.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nascore.errors import ResultsError


class Rows:
    """Some rows of a table, in its order. What a row does not say is None."""

    def __init__(self, columns: Mapping[str, Sequence[Any]], at: np.ndarray) -> None:
        self._columns, self._at = columns, at

    @classmethod
    def of(cls, table: Any) -> Rows:
        """From dicts, one per row, or from a DataFrame."""
        if isinstance(table, Rows):
            return table
        if hasattr(table, "columns"):
            columns: dict[str, Sequence[Any]] = {str(name): table[name].tolist() for name in table.columns}
        else:
            names = dict.fromkeys(name for row in table for name in row)
            columns = {name: [row.get(name) for row in table] for name in names}
        return cls(columns, np.arange(len(table)))

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> list[Any]:
        """Values of a column."""
        column = self._columns[name]
        return [column[i] for i in self._at]

    def numbers(self, name: str) -> np.ndarray:
        """A column as floats, NaN where nothing was measured; ResultsError where it holds no numbers."""
        values = self[name]
        if any(isinstance(value, str) for value in values):
            raise ResultsError(f"the column {name!r} holds no numbers")
        try:
            return np.array(values, dtype=float)  # None becomes NaN
        except (TypeError, ValueError):
            raise ResultsError(f"the column {name!r} holds no numbers") from None

    def empty(self, name: str) -> int:
        """How many rows have no value of a column."""
        return sum(value is None or value != value for value in self[name])

    def distinct(self, name: str) -> list[Any]:
        """Different values of a column, in the order in which they come."""
        found: list[Any] = []
        for value in self[name]:
            if value not in found:
                found.append(value)
        return found

    def among(self, name: str, wanted: Iterable[Any]) -> Rows:
        """The rows whose value of a column is one of `wanted`; a value that is a table is known by its JSON, keys in
        their order: `{"population": 20, "sample": 10}`."""
        wanted = list(wanted)
        values = [json.dumps(value) if isinstance(value, Mapping) else value for value in self[name]]
        return self.where(np.array([value in wanted for value in values], bool))

    def where(self, kept: np.ndarray) -> Rows:
        """The rows for which `kept` (bool, one per row) holds."""
        return Rows(self._columns, self._at[kept])

    def at(self, places: Sequence[int]) -> Rows:
        """The rows at these places, in this order."""
        return Rows(self._columns, self._at[np.asarray(places, dtype=int)])

    def with_column(self, name: str, values: Sequence[Any]) -> Rows:
        """These rows, renumbered, with a further column."""
        columns = {each: self[each] for each in self._columns}
        return Rows({**columns, name: list(values)}, np.arange(len(self)))
