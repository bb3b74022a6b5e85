"""A benchmark as one array with named axes, and an index that finds an architecture's row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from nascore import checks
from nascore.benchmarks.curves import Training
from nascore.benchmarks.index import rows_by_key
from nascore.errors import MissingArchitecture, SettingError
from nascore.spaces.base import INTS, Arch, Space, whole_index
from nascore.spaces.choice import ChoiceSpace

AXES = ("dataset", "split", "epochs", "seed")


def _numbers(name: str, values, shape: tuple[int, ...], counts: bool = False) -> np.ndarray:
    """`values` as an array of floats: float32 stays so (published tables), everything else becomes float64, so that no
    number is rounded unasked; `counts`: integers stay integers. NaN is allowed, an infinity is not, also where the cast
    makes one."""
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "iuf":
            raise ValueError(f"of type {array.dtype}")
        if array.dtype != np.float32 and not (counts and array.dtype.kind in "iu"):
            array = array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise SettingError(f"{name}: expected an array of numbers, not {checks.shown(values)} ({error})") from None
    if array.shape != shape:
        raise SettingError(f"{name} of shape {array.shape} do not fit the axes {shape}")
    if np.isinf(array).any():
        raise SettingError(f"{name}: expected finite numbers (NaN where there is none), found an infinite one")
    return array


class TabularBenchmark:
    """What a table of trained architectures answers to "how good is this one?".

    One view answers for one `dataset`, `split`, `epochs` and `seed` ("mean" over the trainings, or a number);
    `select` gives another view of the same arrays. Accuracies are percent. `label` is "" for measured values,
    "surrogate" for predictions of a model, "synthetic" for invented ones; `about` says what the number is.

    Parameters
    ----------
    space: the search space. index: row of an architecture (callable; attribute `archs` lists them in row order).
    values: float32 array (architecture, dataset, split, epochs, seed), or float64 where the numbers are a user's own;
        NaN where the data has no value.
    axes: the names along each of the last four axes. costs: name -> array (architecture,), e.g. params, flops.
    resumable: whether the values after several numbers of epochs are checkpoints of one training (see `Training`).
    """

    direction = "max"
    # the question that this view answers
    dataset: str
    split: str
    epochs: int | str
    seed: int | str

    def __init__(
        self,
        *,
        space: Space,
        index,
        values: np.ndarray,
        axes: Mapping[str, Sequence],
        name: str,
        costs: Mapping[str, np.ndarray] | None = None,
        label: str = "",
        about: str | Mapping = "",
        checksum: str = "",
        dataset=None,
        split=None,
        epochs=None,
        seed="mean",
        resumable: bool = False,
    ):
        self.space = checks.instance("space", space, Space, "a space such as nc.spaces.CellSpace(...)")
        self.name, self.label, self._checksum = checks.text("name", name), checks.text("label", label), checksum
        if not self.name:
            raise SettingError("name='': expected a name")
        if not isinstance(axes, Mapping) or set(axes) != set(AXES):
            raise SettingError(f"axes={checks.shown(axes)}: expected a mapping with {', '.join(AXES)}")
        self.axes = {axis: tuple(axes[axis]) for axis in AXES}
        rows = len(index.archs)
        values = _numbers("values", values, (rows, *(len(self.axes[axis]) for axis in AXES)))
        self.costs = {
            each: _numbers(f"cost {each!r}", cost, (rows,), counts=True) for each, cost in dict(costs or {}).items()
        }
        self._index, self._values, self._about = index, values, about
        self.resumable = checks.flag("resumable", resumable)
        self._by_place: np.ndarray | None = None
        self._choose(dataset, split, epochs, seed)

    def _choose(self, *wanted) -> None:
        position: list[int] = []
        for axis, value in zip(AXES, wanted, strict=True):
            allowed = self.axes[axis]
            value = allowed[0] if value is None else value.item() if isinstance(value, np.generic) else value
            # of the same type too: neither True nor 160.0 is a number of epochs
            where = [i for i, own in enumerate(allowed) if type(own) is type(value) and own == value]
            if not where:
                raise SettingError(f"{axis}={checks.shown(value)}: {self.name} has {', '.join(map(repr, allowed))}")
            position.append(where[0])
            setattr(self, axis, allowed[where[0]])
        column = np.ascontiguousarray(self._values[:, position[0], position[1], position[2], position[3]])
        if np.isnan(column).all():
            raise SettingError(
                f"{self.name} has no values for dataset={self.dataset!r}, split={self.split!r}, "
                f"epochs={self.epochs!r}, seed={self.seed!r}; known: {self._known()}"
            )
        self._column: np.ndarray = column
        self._floats: list[float] | None = None
        self._sorted: np.ndarray | None = None

    def _known(self) -> str:
        filled = ~np.isnan(self._values).all(0)
        return "; ".join(
            "/".join(str(self.axes[axis][i]) for axis, i in zip(AXES, where, strict=True))
            for where in np.argwhere(filled)
        )

    def identity(self) -> dict:
        """All that an answer depends on, as JSON values: what a log of answers must agree on."""
        question = {axis: getattr(self, axis) for axis in AXES}
        return {"benchmark": self.name, "checksum": self.checksum, **question, **self.space.identity()}

    def select(self, *, dataset=None, split=None, epochs=None, seed=None) -> TabularBenchmark:
        """The same table asked another question; what is not named stays as it is."""
        other = object.__new__(TabularBenchmark)
        other.__dict__.update(self.__dict__)
        other._choose(
            self.dataset if dataset is None else dataset,
            self.split if split is None else split,
            self.epochs if epochs is None else epochs,
            self.seed if seed is None else seed,
        )
        return other

    def __len__(self) -> int:
        return len(self._column)

    @property
    def archs(self) -> Sequence[Arch]:
        """All architectures, in row order."""
        return self._index.archs

    @property
    def about(self) -> str:
        """What the number is: which training, which images."""
        if isinstance(self._about, str):
            return self._about
        return self._about.get((self.dataset, self.split, self.epochs), "")

    @property
    def checksum(self) -> str:
        """sha256 of the data: of its source files where they are known, else of the values themselves."""
        if not self._checksum:
            self._checksum = hashlib.sha256(np.ascontiguousarray(self._values).data).hexdigest()
        return self._checksum

    @property
    def array(self) -> np.ndarray:
        """All values of this view in row order, (architecture,). Do not write to it."""
        return self._column

    def index(self, arch: Arch) -> int:
        """Row of `arch`; ArchitectureError if it is not in the space, MissingArchitecture if the table lacks it."""
        try:
            if type(arch) is tuple and INTS.issuperset(map(type, arch)):
                return int(self._index(arch))
        except (KeyError, TypeError, IndexError, ValueError):
            pass
        arch = self.space.validate(arch)  # lists and numpy integers are welcome here
        try:
            return int(self._index(arch))
        except KeyError:
            raise MissingArchitecture(
                f"{arch!r} has no value in {self.name} ({len(self):,} of {self.space.size:,} architectures have)"
            ) from None

    def arch(self, index: int) -> Arch:
        """The architecture in row `index`."""
        row = whole_index(index, len(self))
        if row is None:
            raise SettingError(f"index {checks.shown(index)}: {self.name} has rows 0 to {len(self) - 1}")
        return self.archs[row]

    def value(self, arch: Arch) -> float:
        """The accuracy of one architecture, percent; a tuple is looked up as it is, by equality."""
        floats = self._floats
        if floats is None:
            floats = self._floats = self._column.tolist()
        try:
            return floats[self._index(arch)]
        except (KeyError, TypeError, IndexError, ValueError):
            return floats[self.index(arch)]

    def values(self, archs) -> np.ndarray:
        """Many accuracies, (n,) of the array's type: from a list of architectures, an integer array of rows (n,), or
        an integer array of architectures (n, positions)."""
        if isinstance(archs, np.ndarray) and archs.dtype.kind in "iu" and archs.ndim == 1:
            if archs.size and not (0 <= archs.min() and archs.max() < len(self)):
                raise SettingError(
                    f"row numbers from {archs.min()} to {archs.max()}: {self.name} has rows 0 to {len(self) - 1}"
                )
            return self._column.take(archs)
        return self._column.take(self.rows(archs))

    def rows(self, archs) -> np.ndarray:
        """Row numbers of many architectures, int64 (n,); rows of an array may be padded with -1 at the end."""
        if isinstance(archs, np.ndarray):
            if archs.ndim != 2 or archs.dtype.kind not in "iu":
                raise SettingError(
                    f"an array of shape {archs.shape} and type {archs.dtype}: expected integer row "
                    "numbers (n,) or integer architectures (n, positions)"
                )
            rows = self._rows_of_array(archs)
            if rows is not None:
                return rows
            padded = not isinstance(self.space, ChoiceSpace)
            archs = [tuple([x for x in row if x >= 0] if padded else row) for row in archs.tolist()]
        elif not isinstance(archs, (list, tuple)):
            archs = checks.listed("archs", archs, "a list of architectures, or an integer array")
        try:
            return self._index.many(archs)
        except (KeyError, TypeError, IndexError, ValueError):
            return np.array([self.index(arch) for arch in archs], np.int64)

    def _rows_of_array(self, archs: np.ndarray) -> np.ndarray | None:
        """Row numbers by the place in the space's lexicographic order; None where that does not apply."""
        space = self.space
        if not isinstance(space, ChoiceSpace) or space.size > 1 << 22:
            return None
        places = space.numbers(archs)
        if places is None:
            return None  # the slow way finds which row is wrong and says so
        if self._by_place is None:
            by_place = np.full(space.size, -1, np.int64)
            by_place[space.numbers(np.array(self.archs))] = np.arange(len(self))
            self._by_place = by_place
        rows = self._by_place.take(places)
        return None if rows.size and rows.min() < 0 else rows

    def cost(self, arch: Arch, name: str) -> float:
        """What an architecture costs, e.g. "params"; `costs` lists the names, `nascore.benchmarks.load` says what they
        count."""
        if not isinstance(name, str) or name not in self.costs:
            raise SettingError(f"cost {checks.shown(name)}: {self.name} has {', '.join(self.costs) or 'none'}")
        return float(self.costs[name][self.index(arch)])

    @property
    def training(self) -> Training:
        """After how many epochs this question has an answer, and what a training costs."""
        where = tuple(self.axes[axis].index(getattr(self, axis)) for axis in AXES)
        known = ~np.isnan(self._values[:, where[0], where[1], :, where[3]]).all(0)
        levels = [level for level, has in zip(self.axes["epochs"], known, strict=True) if has]
        whole = tuple(sorted(level for level in levels if isinstance(level, int) and level > 0))
        return Training(whole, self.resumable)

    def curve(self, arch: Arch) -> dict[int | str, float]:
        """Number of epochs -> accuracy of one architecture, for the dataset, split and seed of this view.

        Values of one training's checkpoints where `resumable`, of separate trainings otherwise.
        """
        where = tuple(self.axes[axis].index(getattr(self, axis)) for axis in AXES)
        values = self._values[self.index(arch), where[0], where[1], :, where[3]]
        return {level: float(v) for level, v in zip(self.axes["epochs"], values, strict=True) if v == v}

    def rank(self, value: float) -> int:
        """How many architectures are strictly better, plus 1."""
        known = self._sorted
        if known is None:
            known = self._sorted = np.sort(self._column[~np.isnan(self._column)])
        value = checks.number("value", value)
        with np.errstate(over="ignore"):  # beyond float32 it is above everything
            value = known.dtype.type(value)
        return int(len(known) - np.searchsorted(known, value, side="right")) + 1

    def best(self) -> tuple[Arch, float]:
        """The best architecture (the first of equals) and its accuracy."""
        row = int(np.nanargmax(self._column))
        return self.archs[row], float(self._column[row])

    def to_frame(self):
        """This view as a DataFrame: arch, value and the costs."""
        import pandas as pd

        return pd.DataFrame({"arch": list(self.archs), "value": self._column, **self.costs})

    def describe(self) -> str:
        """One line: name, question and label, as it should stand beside every number."""
        seeds = "mean over seeds" if self.seed == "mean" else f"seed {self.seed}"
        text = f"{self.name}: {self.dataset}, {self.split}, {self.epochs} epochs, {seeds}"
        return text + (f" [{self.label}]" if self.label else "")

    def __repr__(self) -> str:
        return f"<{self.describe()}; {len(self):,} architectures>"

    def _repr_html_(self) -> str:
        from html import escape

        arch, value = self.best()
        return (
            f"<div><b>{escape(self.describe())}</b><br>{len(self):,} architectures, "
            f"{np.nanmin(self._column):.2f} to {value:.2f}; costs: {escape(', '.join(self.costs) or 'none')}<br>"
            f"{escape(self.about)}<br>best: <code>{escape(self.space.format(arch))}</code></div>"
            + self.space.view(arch)._repr_svg_()
        )


def from_table(space: Space, table, *, name: str = "my-table", label: str = "") -> TabularBenchmark:
    """A benchmark from your own numbers: a mapping architecture -> value (higher is better; NaN = training failed).

    Numbers stay as precise as they are given (float64). Architectures are checked against the space; the table may be
    partial. Raises ArchitectureError or SettingError.
    """
    checks.instance("space", space, Space, "a space such as nc.spaces.CellSpace(...)")
    if not isinstance(table, Mapping):
        raise SettingError(f"a table of type {type(table).__name__}: expected a mapping {{architecture: value}}")
    if not table:
        raise SettingError("the table is empty: expected at least one {architecture: value}")
    archs, numbers = [], []
    for arch, number in table.items():
        archs.append(space.validate(arch))
        if isinstance(number, (float, np.floating)) and number != number:
            numbers.append(float("nan"))  # a failed training
        else:
            numbers.append(checks.number(f"value of {checks.shown(arch)}", number))
    index = rows_by_key(space, archs)
    values = np.array(numbers, np.float64).reshape(-1, 1, 1, 1, 1)
    if np.isnan(values).all():
        raise SettingError("every value of the table is NaN: expected at least one number")
    axes = {"dataset": ("table",), "split": ("given",), "epochs": (0,), "seed": ("mean",)}
    return TabularBenchmark(
        space=space, index=index, values=values, axes=axes, name=name, label=label, about="values given by the user"
    )
