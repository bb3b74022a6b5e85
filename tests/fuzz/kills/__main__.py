"""python -m tests.fuzz.kills --kills 50 --seed 1: what was lost, done twice, or lives on."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    from tests.fuzz.kills import reproducing, scenes

    reproduced = max(1, options.kills // 5)
    shots = max(1, (options.kills - reproduced) // 2)
    shares = {"oracle": options.kills - reproduced - shots, "one-shot": shots}
    begin, clean = time.perf_counter(), True
    with tempfile.TemporaryDirectory(prefix="nascore-kills-") as name:
        folder = Path(name)
        for scene, kills in shares.items():
            rng = random.Random(f"{options.seed}/{scene}")
            clean &= _say(scene, scenes.kill(scene, kills, rng, folder / scene), begin)
        clean &= _say("two Oracles on one log", scenes.two_oracles(folder / "two"), begin)
        rng = random.Random(f"{options.seed}/reproduce")
        clean &= _say("reproduce", reproducing.kill(reproduced, rng, folder / "reproduce"), begin)
        clean &= _say("two runners on one store", reproducing.two_runners(folder / "runners"), begin)
    return 0 if clean else 1


def _say(name: str, tally, begin: float) -> bool:
    print(
        f"{name:<26} {tally.kills:>3} kills: {tally.lost} lost, {tally.doubled} doubled, {tally.again} done again, "
        f"{tally.other} other ends, {tally.orphans} orphans ({time.perf_counter() - begin:.0f} s)",
        flush=True,
    )
    for note in tally.notes:
        print(f"  {note}", flush=True)
    return tally.clean


if __name__ == "__main__":
    sys.exit(main())
