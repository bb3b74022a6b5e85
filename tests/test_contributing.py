"""CONTRIBUTING's templates work as shown: each runs, and passes the suite that it names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_templates_pass_their_suites(tmp_path):
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", TEXT)
    assert len(blocks) == 4, "a space, a search, a strategy, and the suites"
    file = tmp_path / "test_mine.py"
    file.write_text("\n\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(file)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    for name in ("TestRing", "TestClimb", "TestGreedy"):
        assert name in file.read_text()
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed > 60


def test_what_it_names_exists():
    for place in re.findall(r"`((?:nascore|tests|notebooks|data)/[\w/.-]*)`", TEXT):
        assert (ROOT / place).exists() or "<" in place or "/_" in place, place
    rows = re.findall(r"(?m)^\| `(\w+)/`", TEXT)
    assert {"studies", "search", "proxies", "benchmarks", "networks", "data", "spaces"} <= set(rows)
    assert all((ROOT / "nascore" / row).is_dir() for row in rows)
