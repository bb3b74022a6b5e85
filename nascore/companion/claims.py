"""Claims as data: what a paper says, where, and a small test on the stored rows that gives the verdict.

`data/claims/<paper>.toml` holds one `[[claim]]` per statement: `id`, `where`, `claim` (our words),
`expected` (the paper's value, in words), `section` (the tile row of the picture) and a `test`. The tests are
described in `nascore.companion.verdict_tests`. Nobody writes a verdict by hand, except the two that need no
rows: "not in our copy" and "not tested", each with a reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nascore import paths
from nascore.benchmarks import kinds
from nascore.checks import suggest
from nascore.companion import stored
from nascore.companion.verdict_tests import Outcome, run_test
from nascore.errors import NascoreError, ResultsError, SettingError
from nascore.studies.experiment import check_profile

VERDICTS = {
    "reproduced": "the measured rows pass the claim's test",
    "scaled down": "the test passes on a smaller stand-in for the paper's setting",
    "trend only": "the direction holds, the size or the certainty does not",
    "not reproduced": "the rows were measured and do not support the claim",
    "not tested": "needs data or hardware that is not here; the reason is given",
    "not in our copy": "our copy of the paper lacks the numbers",
    "not yet": "no rows are stored, or the chapter is not written",
}
SEVERITY = ("reproduced", "scaled down", "trend only", "not reproduced")
FIELDS = ("id", "where", "section", "claim", "expected")


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
    needs: str = ""


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict and the evidence."""

    claim: Claim
    verdict: str
    measured: str = ""
    interval: Any = None
    on: str = ""
    runs: int = 0
    reason: str = ""

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
            "on": self.on,
            "runs": self.runs,
            "experiment": c.experiment,
            "reason": self.reason,
        }


def load(paper: str | None = None) -> list[Claim]:
    """All claims of one paper, or of every paper with a claims file, in the file's order."""
    files = paths.claim_files()
    if paper is not None:
        files = [file for file in files if file.stem == paper]
        if not files:
            known = [file.stem for file in paths.claim_files()]
            raise SettingError(f"no claims file for the paper {paper!r}{suggest(paper, known)}")
    claims = [claim for file in files for claim in _read(file)]
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise ResultsError(f"the claim id {claim.id!r} is used twice")
        seen.add(claim.id)
    return claims


@dataclass(frozen=True)
class Paper:
    """A paper of the companion; `planned` names its chapters while it has no claims yet."""

    id: str
    short: str
    title: str
    planned: tuple[str, ...] = ()


def papers() -> list[Paper]:
    """All papers with a claims file, in the companion's order."""
    found = []
    for file in paths.claim_files():
        head = _toml(file).get("paper", {})
        found.append((head.get("order", 99), file.stem, head))
    found.sort(key=lambda item: item[:2])
    return [
        Paper(name, head.get("short", name), head.get("title", name), tuple(head.get("planned", ())))
        for _, name, head in found
    ]


def _toml(file) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ResultsError(f"{file}: not valid TOML ({error})") from None


def _read(file) -> list[Claim]:
    entries = _toml(file).get("claim", [])
    claims = []
    for number, entry in enumerate(entries, start=1):
        missing = [name for name in FIELDS if not entry.get(name)]
        if missing:
            raise ResultsError(f"{file}, claim {number} ({entry.get('id', '?')}): lacks {', '.join(missing)}")
        try:
            claim = Claim(paper=file.stem, **entry)
        except TypeError as error:
            raise ResultsError(f"{file}, claim {entry['id']}: {error}") from None
        fixed = claim.verdict in ("not in our copy", "not tested") and claim.reason
        if not fixed and not (claim.experiment and claim.test and not claim.verdict):
            raise ResultsError(
                f"{file}, claim {claim.id}: give either an experiment and a test, or the verdict "
                f'"not in our copy" or "not tested" with a reason'
            )
        claims.append(claim)
    return claims


def judge(claims: Iterable[Claim], profile: str = "laptop") -> list[Judged]:
    """Verdicts of claims from the rows stored for a profile; never computes anything."""
    check_profile(profile)
    tables: dict[str, Any] = {}
    return [_judge(claim, profile, tables) for claim in claims]


def _judge(claim: Claim, profile: str, tables: dict) -> Judged:
    if claim.verdict:
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


def _table(name: str, profile: str):
    """The rows of an experiment, or the reason why there are none."""
    try:
        return stored.rows(name, profile)
    except SettingError:
        return f"the experiment {name} does not exist yet"
    except stored.NoRows:
        return f"no rows of {name} are stored for profile {profile}"


def _verdict(claim: Claim, outcome: Outcome) -> Judged:
    if not outcome.runs:
        return Judged(claim, "not yet", reason=outcome.reason)
    evidence = {
        "measured": outcome.measured,
        "interval": outcome.interval,
        "on": outcome.on,
        "runs": outcome.runs,
        "reason": claim.reason,
    }
    measured_on = set(outcome.on.split("+"))
    if measured_on & set(kinds.INVENTED) and claim.needs != "any":
        evidence["reason"] = "measured on a synthetic stand-in only, which says nothing about the claim"
        return Judged(claim, "not tested", **evidence)
    other = measured_on & set(kinds.STAND_INS)
    if other and not claim.scaled_down and claim.needs != "any":
        evidence["reason"] = f"measured on {', '.join(sorted(other))} only, another task than the claim's"
        return Judged(claim, "not tested", **evidence)
    if claim.needs == "true" and outcome.on != "true":
        evidence["reason"] = f"needs the true table; measured on: {outcome.on}"
        return Judged(claim, "not tested", **evidence)
    verdict = outcome.verdict
    if claim.scaled_down and verdict == "reproduced":
        verdict = "scaled down"
    return Judged(claim, verdict, **evidence)
