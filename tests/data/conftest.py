"""A local HTTP server that can misbehave, and registry entries that point at it."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from nascore.data import download, upstream
from nascore.data.upstream import UpstreamFile


class Site:
    """Serves `pages` (path -> bytes); `faults` (path -> list) says how the next answers to a path go wrong."""

    def __init__(self):
        self.pages: dict[str, bytes] = {}
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                fault = site.faults[self.path].pop(0) if site.faults[self.path] else ""
                body = site.pages.get(self.path)
                if fault.isdigit() or body is None:
                    self.send_error(int(fault or 404))
                    return
                if fault == "wrong":
                    body = body[:-1] + bytes([body[-1] ^ 1])
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "WAIT", 0.01)
    found = Site()
    yield found
    found.close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder and no mirror."""
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NASCORE_MIRROR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def entry(site, cache):
    """A registered file of 20,000 bytes that the site serves."""
    body = np.random.default_rng(0).bytes(20_000)
    site.pages["/up/stream.bin"] = body
    return UpstreamFile(
        "nasbench-macro",
        "table",
        "owner+repo/12345678/stream.bin",
        site.url + "/up/stream.bin",
        len(body),
        hashlib.sha256(body).hexdigest(),
        "MIT",
    )


@pytest.fixture
def registered(monkeypatch):
    """Replace the registry: registered([UpstreamFile, ...])."""

    def replace(entries):
        monkeypatch.setattr(upstream, "registry", lambda: tuple(entries))

    return replace
