"""An entry of the fuzz: a line of Python, its parameters, and what each may be."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fuzz.kinds import Kind


@dataclass(frozen=True)
class P:
    """One parameter. `valid`: a valid value as Python text; `needed`: whether every call names it; `called`: further
    words by which an error may name it ("*": it names a part of the value)."""

    kind: Kind
    valid: str
    needed: bool = False
    called: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """`text`: statements whose last one is the call; `{args}` stands for the parameters as keywords, and `{name}` for
    the value of one. `owner`: whose files it tries. `weight`: how often it is drawn; `quick`: whether the small sample
    of `make test` may draw it. `twin`: whether the results of numpy's equivalents are compared."""

    name: str
    owner: str
    text: str
    params: dict[str, P] = field(default_factory=dict)
    weight: float = 1.0
    quick: bool = True
    twin: bool = True

    def code(self, given: dict[str, str]) -> str:
        """The call with the values in `given`, the others valid."""
        bare = [name for name in self.params if "{" + name + "}" in self.text]
        keywords = ", ".join(
            f"{name}={given.get(name, p.valid)}"
            for name, p in self.params.items()
            if name not in bare and (p.needed or name in given)
        )
        found = self.text.replace("{args}", keywords)
        for name in bare:
            found = found.replace("{" + name + "}", f"({given.get(name, self.params[name].valid)})")
        return found.replace("(, ", "(").replace(", )", ")").replace(", , ", ", ")


ENTRIES: list[Entry] = []


def entry(
    name: str, owner: str, text: str, /, *, weight: float = 1.0, quick: bool = True, twin: bool = True, **params: P
):
    """Add one to ENTRIES."""
    ENTRIES.append(Entry(name, owner, text, params, weight, quick, twin))
