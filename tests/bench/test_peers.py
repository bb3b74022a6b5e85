"""Our supernet of NAS-Bench-201 against its authors' own (xautodl), where `make bench-peers` has installed it."""

from __future__ import annotations

import pytest

from nascore.bench import peers
from nascore.errors import DataError

INSTALLED = (peers.folder() / "xautodl").is_dir()


@pytest.mark.skipif(not INSTALLED, reason="needs the peer xautodl: make bench-peers")
@pytest.mark.parametrize("kind", ["darts", "gdas"])
def test_parameters_and_outputs_are_the_peers(kind):
    ours, theirs = peers.supernets(16, 2, kind)
    assert peers.parameters(ours) == peers.parameters(theirs)
    assert peers.difference(kind) <= peers.TOLERANCE


@pytest.mark.skipif(not INSTALLED, reason="needs the peer xautodl: make bench-peers")
def test_rows():
    found = list(peers.rows(quick=True))
    assert [row["name"] for row in found] == ["DARTS step against the peer", "GDAS step against the peer"]
    assert all(row["value"] > 0 and "equal parameters" in row["reference"] for row in found)


def test_an_absent_peer_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "folder", lambda: tmp_path)
    with pytest.raises(DataError, match="make bench-peers"):
        peers.peer("search_model_darts")
