"""Real data is taken from ../shared/data where that folder exists; downloads and built tables go to one temporary
folder for the whole session, shared by the workers of pytest-xdist."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
if "NASCORE_MIRROR" not in os.environ and _SHARED.is_dir():
    os.environ["NASCORE_MIRROR"] = str(_SHARED)
os.environ.setdefault("OMP_NUM_THREADS", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what it runs in the background deaf to Ctrl-C,
    signal.signal(signal.SIGINT, signal.default_int_handler)  # and so would be all that tests start and interrupt
os.environ["MPLBACKEND"] = "Agg"  # no screen, also in the processes that tests start


def pytest_configure(config: pytest.Config) -> None:
    if "NASCORE_CACHE" not in os.environ:  # xdist's workers inherit the folder from the process that starts them
        os.environ["NASCORE_CACHE"] = config._nascore_cache = tempfile.mkdtemp(prefix="nascore-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = getattr(config, "_nascore_cache", None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


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


@pytest.fixture(scope="module")
def mirror(real_data, tmp_path_factory):
    """The mirror's folder, used by a module with a cache of its own, so that its tables are built there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASCORE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NASCORE_MIRROR", str(real_data))
        yield real_data


@pytest.fixture()
def store_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NASCORE_FIGURES", str(tmp_path / "figures"))
    return tmp_path
