"""Real data is taken from ../shared/data where that folder exists; caches and results go to temporary folders."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
if "NASCORE_MIRROR" not in os.environ and _SHARED.is_dir():
    os.environ["NASCORE_MIRROR"] = str(_SHARED)
os.environ.setdefault("OMP_NUM_THREADS", "1")


def mirror_folder() -> Path | None:
    """The folder of real data, or None."""
    mirror = os.environ.get("NASCORE_MIRROR")
    return Path(mirror) if mirror and Path(mirror).is_dir() else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The mirror's folder; tests that ask for it say so and skip where it is absent."""
    folder = mirror_folder()
    if folder is None:
        pytest.skip("needs real data: set NASCORE_MIRROR to a folder with the upstream files")
    return folder
