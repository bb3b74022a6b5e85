"""What many verdicts come to: numbers, and one line for each kind of failure."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.fuzz.cases import FAILURES, FINE, Verdict


class Summary:
    """Counts verdicts, by owner too, and keeps those that failed by kind."""

    def __init__(self):
        self.total: Counter = Counter()
        self.owners: dict[str, Counter] = defaultdict(Counter)
        self.seconds: Counter = Counter()
        self.failed: dict[tuple[str, str, str], list[Verdict]] = defaultdict(list)

    def add(self, verdict: Verdict) -> None:
        self.total[verdict.what] += 1
        self.owners[verdict.owner][verdict.what] += 1
        self.seconds[verdict.entry] += verdict.seconds
        if verdict.what != FINE:
            self.failed[verdict.owner, verdict.what, verdict.kind].append(verdict)

    @property
    def failures(self) -> int:
        return sum(self.total[what] for what in FAILURES)

    def lines(self) -> list[str]:
        """The numbers, then the kinds of failures by owner, each with its shortest reproduction."""
        every = (f"{self.total[what]} {what}" for what in (FINE, *FAILURES))
        found = [f"{sum(self.total.values())} cases: {', '.join(every)}", ""]
        for owner, counts in sorted(self.owners.items()):
            found.append(f"{owner:<24}" + ", ".join(f"{count} {what}" for what, count in counts.most_common()))
        for owner in sorted({key[0] for key in self.failed}):
            found += ["", f"## {owner}", *self._kinds(owner)]
        return found

    def _kinds(self, owner: str) -> list[str]:
        keys = [key for key in self.failed if key[0] == owner]
        found = []
        for key in sorted(keys, key=lambda key: (FAILURES.index(key[1]), key[2])):
            verdicts = self.failed[key]
            short = min(verdicts, key=lambda each: len(each.code))
            head = f"- [{key[1]}, {len(verdicts)}x, case {short.number}] {key[2]}: "
            found.append(f"{head}`{short.code[:400]}` -> {short.why[:250]}")
        return found
