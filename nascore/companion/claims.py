"""Claims as data: what a paper says, where, and a small test on the stored rows that gives the verdict.

`data/claims/<paper>.toml` holds one `[[claim]]` per statement: `id`, `where`, `claim` (our words), `expected` (the
paper's value, in words), `section` (the tile row of the picture) and a `test`. The tests are described in
`nascore.companion.verdict_tests`, how an interval becomes a verdict in `nascore.companion.verdicts`. Nobody writes a
verdict by hand, except those for which no row can speak, each with a reason: "not in our copy", "not tested", and "by
construction", which keeps its test, so that a reader sees the numbers, and is lost where the test fails.

What was measured on a surrogate, on another benchmark or in a smaller setting (`scaled_down = true`) is never plain
"reproduced". Failure is softened as success is: `hardly_begun = "reason"` says that the setting is so small that a
search has hardly begun, and makes "inconclusive" of a failure.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nascore import paths
from nascore.benchmarks import kinds
from nascore.checks import shown, suggest, text
from nascore.companion import stored, verdict_schema
from nascore.companion.verdict_rows import Rows
from nascore.companion.verdict_tests import run_test
from nascore.companion.verdicts import VERDICTS as VERDICTS
from nascore.companion.verdicts import Outcome, label
from nascore.errors import NascoreError, ResultsError, SettingError
from nascore.studies.experiment import check_profile

FIELDS = ("id", "where", "section", "claim", "expected")
OPTIONAL = ("experiment", "test", "verdict", "reason", "scaled_down", "hardly_begun", "needs")
NEEDS = ("", "any", "true")
BY_HAND = ("not in our copy", "not tested", "by construction")
TRUE = "true"  # the kind of data that is the paper's own
HEAD = {"order": int, "short": str, "title": str, "planned": list}


@dataclass(frozen=True)
class Claim:
    """One statement of a paper and the test that judges it.

    `needs`: "true" (only the true table can test it), "any" (theory: a synthetic score table serves as well), or "".
    """

    id: str
    paper: str
    where: str
    section: str
    claim: str
    expected: str
    experiment: str = ""
    test: Mapping[str, Any] = field(default_factory=dict)
    verdict: str = ""
    reason: str = ""
    scaled_down: bool = False
    hardly_begun: str = ""
    needs: str = ""


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict and the evidence. `exceeds`: clearly beyond the paper's own number; `needed`: about how
    many runs a side would decide an inconclusive one."""

    claim: Claim
    verdict: str
    measured: str = ""
    interval: Any = None
    on: str = ""
    runs: int = 0
    reason: str = ""
    exceeds: bool = False
    needed: int | None = None

    @property
    def label(self) -> str:
        """The verdict as shown."""
        return label(self.verdict, self.exceeds)

    def as_dict(self) -> dict[str, Any]:
        """The record that `nascore scoreboard --json` prints."""
        c = self.claim
        return {
            "id": c.id,
            "paper": c.paper,
            "where": c.where,
            "section": c.section,
            "claim": c.claim,
            "expected": c.expected,
            "measured": self.measured,
            "interval": self.interval,
            "verdict": self.verdict,
            "exceeds": self.exceeds,
            "runs_needed": self.needed,
            "on": self.on,
            "runs": self.runs,
            "experiment": c.experiment,
            "reason": self.reason,
        }


def load(paper: str | None = None) -> list[Claim]:
    """All claims of one paper, or of every paper with a claims file, in the file's order."""
    files = paths.claim_files()
    if paper is not None:
        wanted, known = text("paper", paper), [file.stem for file in files]
        files = [file for file in files if file.stem == wanted]
        if not files:
            raise SettingError(f"no claims file for the paper {shown(paper)}{suggest(wanted, known)}")
    claims = [claim for file in files for claim in _read(file)]
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise ResultsError(f"the claim id {claim.id!r} is used twice")
        seen.add(claim.id)
    return claims


@dataclass(frozen=True)
class Paper:
    """A paper of the companion; `planned` names the chapters that are still to be written."""

    id: str
    short: str
    title: str
    planned: tuple[str, ...] = ()


def papers() -> list[Paper]:
    """All papers with a claims file, in the companion's order."""
    found = []
    for file in paths.claim_files():
        head = _sections(file).get("paper", {})
        for name, value in head.items():
            if name not in HEAD:
                raise ResultsError(f"{file}, [paper]: unknown {name!r}{suggest(name, HEAD)}")
            texts = isinstance(value, list) and all(isinstance(part, str) for part in value)
            if type(value) is not HEAD[name] or (HEAD[name] is list and not texts):
                what = {int: "a whole number", str: "text", list: "a list of texts"}[HEAD[name]]
                raise ResultsError(f"{file}, [paper]: {name}={shown(value)}: expected {what}")
        found.append((head.get("order", 99), file.stem, head))
    found.sort(key=lambda item: item[:2])
    return [
        Paper(name, head.get("short", name), head.get("title", name), tuple(head.get("planned", ())))
        for _, name, head in found
    ]


@functools.lru_cache(maxsize=64)
def _toml(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ResultsError(f"{file}: not valid TOML ({error})") from None


def _sections(file: Path) -> dict[str, Any]:
    """A claims file: a table `paper` and a list of tables `claim`, nothing else."""
    try:
        read = _toml(file.read_text(encoding="utf-8"), file)
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError(f"{file}: not readable ({error})") from None
    for name, value in read.items():
        if name not in ("paper", "claim"):
            raise ResultsError(f"{file}: unknown section {name!r}; expected [paper] and [[claim]]")
        good = isinstance(value, dict) if name == "paper" else isinstance(value, list)
        if not good or not all(isinstance(part, dict) for part in (value if name == "claim" else ())):
            raise ResultsError(f"{file}: expected [paper] and [[claim]], not {name} = {shown(value, 60)}")
    return read


def _read(file: Path) -> list[Claim]:
    return [_claim(file, number, entry) for number, entry in enumerate(_sections(file).get("claim", []), start=1)]


def _claim(file: Path, number: int, entry: Mapping[str, Any]) -> Claim:
    where = f"{file}, claim {number} ({entry.get('id', '?')})"
    missing = [name for name in FIELDS if not entry.get(name)]
    if missing:
        raise ResultsError(f"{where}: lacks {', '.join(missing)}")
    for name, value in entry.items():
        if name not in (*FIELDS, *OPTIONAL):
            raise ResultsError(f"{where}: unknown {name!r}{suggest(name, (*FIELDS, *OPTIONAL))}")
        if name not in ("test", "scaled_down") and not isinstance(value, str):
            raise ResultsError(f"{where}: {name}={shown(value)}: expected text")
    if not isinstance(entry.get("scaled_down", False), bool):
        raise ResultsError(f"{where}: scaled_down={shown(entry['scaled_down'])}: expected true or false")
    if entry.get("needs", "") not in NEEDS:
        raise ResultsError(f"{where}: needs={shown(entry['needs'])}: expected any or true, or nothing")
    claim = Claim(paper=file.stem, **entry)
    if not claim.id.startswith(f"{claim.paper}/"):
        raise ResultsError(f"{where}: expected an id that begins with {claim.paper}/")
    tested = bool(claim.experiment and claim.test)
    untested = not claim.experiment and not claim.test
    fixed = claim.verdict in BY_HAND and claim.reason and (untested or (tested and claim.verdict == "by construction"))
    if not fixed and not (tested and not claim.verdict):
        raise ResultsError(
            f"{where}: give either an experiment and a test, or a verdict with a reason: "
            f'"not in our copy" or "not tested", or "by construction" (which may keep its test)'
        )
    if claim.test:
        try:
            verdict_schema.check(claim.test, claim.paper)
        except ResultsError as error:
            raise ResultsError(f"{where}: {error}") from None
    return claim


def judge(claims: Iterable[Claim], profile: str = "laptop") -> list[Judged]:
    """Verdicts of claims from the rows stored for a profile; never computes anything."""
    check_profile(profile)
    tables: dict[str, Any] = {}
    return [_judge(claim, profile, tables) for claim in claims]


def _judge(claim: Claim, profile: str, tables: dict) -> Judged:
    if claim.verdict and not claim.test:
        return Judged(claim, claim.verdict, reason=claim.reason)
    name = claim.experiment
    if name not in tables:
        tables[name] = _table(name, profile)
    if isinstance(tables[name], str):
        return Judged(claim, "not yet", reason=tables[name])
    try:
        outcome = run_test(claim.test, tables[name], claim.paper)
    except NascoreError as error:
        raise type(error)(f"claim {claim.id}: {error}") from None
    return _verdict(claim, outcome)


def _table(name: str, profile: str) -> Rows | str:
    """The rows of an experiment, or the reason why there are none."""
    try:
        found = stored.records(name, profile)
    except SettingError:
        return f"the experiment {name} does not exist yet"
    return Rows.of(found) if found else f"no rows of {name} are stored for profile {profile}"


def _verdict(claim: Claim, outcome: Outcome) -> Judged:
    if not outcome.runs:
        return Judged(claim, "not yet", reason=outcome.reason)
    evidence = {
        "measured": outcome.measured,
        "interval": outcome.interval,
        "on": outcome.on,
        "runs": outcome.runs,
        "reason": claim.reason,
        "needed": outcome.needed,
    }
    measured_on = set(outcome.on.split("+"))
    if claim.verdict:  # by construction, and so it is
        failed = outcome.verdict == "not reproduced"
        return Judged(claim, outcome.verdict if failed else claim.verdict, **evidence)
    if measured_on & set(kinds.INVENTED) and claim.needs != "any":
        evidence["reason"] = "measured on a synthetic stand-in only, which says nothing about the claim"
        return Judged(claim, "not tested", **evidence)
    other = measured_on & set(kinds.STAND_INS)
    if other and not claim.scaled_down and claim.needs != "any":
        evidence["reason"] = f"measured on {', '.join(sorted(other))} only, another task than the claim's"
        return Judged(claim, "not tested", **evidence)
    if claim.needs == "true" and outcome.on != TRUE:
        evidence["reason"] = f"needs the true table; measured on: {outcome.on}"
        return Judged(claim, "not tested", **evidence)
    verdict = outcome.verdict
    if verdict == "reproduced":
        evidence["exceeds"] = outcome.exceeds
        if claim.scaled_down or (measured_on != {TRUE} and claim.needs != "any"):
            verdict = "on a stand-in"
    if verdict == "not reproduced" and claim.hardly_begun:
        verdict, evidence["reason"] = "inconclusive", claim.hardly_begun
    return Judged(claim, verdict, **evidence)
