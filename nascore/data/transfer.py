"""One file over HTTP, bounded in bytes and in time, whatever the server does.

Every byte that comes from the socket is counted, also those of headers, of chunk lengths and of redirects: a server
that never ends is left as soon as it has sent too much, one that hardly sends anything after `WINDOW` seconds.
"""

from __future__ import annotations

import http.client
import io
import time
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

TIMEOUT = 30.0  # seconds without a single byte
WINDOW, SLOWEST = 60.0, 1024.0  # seconds, and the bytes a second that have to arrive in each such window
CHUNK = 1 << 16
HOPS = 10  # redirects
FAULTS = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
GZIP = 32 + zlib.MAX_WBITS  # gzip or zlib, by the header


class TooMuch(Exception):
    """More bytes than the file can have."""


class TooSlow(Exception):
    """Fewer bytes a second than SLOWEST."""


class Refused(Exception):
    """An answer other than the file: `status`, and the address that gave it."""

    def __init__(self, status: int, url: str):
        super().__init__(f"{url} answered {status}")
        self.status = status


class Pace:
    """Counts what arrives; TooMuch above `most` bytes, TooSlow where a window brings less than it has to."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic):
        self.most, self.clock = most, clock
        self.total, self.recent, self.start = 0, 0, clock()

    def arrived(self, count: int) -> None:
        self.total += count
        self.recent += count
        if self.total > self.most:
            raise TooMuch(f"{self.total} bytes and no end")
        passed = self.clock() - self.start
        if passed >= WINDOW:
            if self.recent < SLOWEST * passed:
                raise TooSlow(f"{self.recent} bytes in {passed:.0f} s")
            self.recent, self.start = 0, self.clock()


def pieces(url: str, most: int, clock: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """The body behind `url`, piece by piece; at most about `most` bytes, then TooMuch.

    Refused for every status but 200; one of FAULTS where the connection fails; TooSlow as Pace says. A body that was
    gzip-encoded for the way is decoded, unless the file itself is a gzip file: then the header speaks of the file.
    """
    pace = Pace(2 * most + (1 << 20), clock)  # with headers and the lengths of chunks
    adapter = _Counting(pace)
    try:
        response = _answer(adapter, url)
        if response.status_code != 200:
            raise Refused(response.status_code, response.url)
        encoding = response.headers.get("Content-Encoding", "").lower()
        encoded = encoding in ("gzip", "x-gzip", "deflate") and not urlsplit(url).path.endswith((".gz", ".tgz"))
        announced = response.headers.get("Content-Length", "")
        if not encoded and announced.isdecimal() and int(announced) > most:
            raise TooMuch(f"{announced} bytes announced")
        body = response.raw.stream(CHUNK, decode_content=False)
        count = 0
        for piece in _decoded(body) if encoded else body:
            count += len(piece)
            if count > most:
                raise TooMuch(f"{count} bytes and no end")
            yield piece
    finally:
        adapter.close()


def _answer(adapter: _Counting, url: str) -> requests.Response:
    """The answer behind all redirects; their bodies are not read."""
    with requests.Session() as session:
        for _ in range(HOPS + 1):
            if urlsplit(url).scheme.lower() not in ("http", "https"):
                raise requests.exceptions.InvalidSchema(f"redirected to {url}: expected http or https")
            request = session.prepare_request(requests.Request("GET", url, headers={"Accept-Encoding": "identity"}))
            settings = session.merge_environment_settings(url, {}, True, None, None)  # proxies and certificates
            response = adapter.send(request, timeout=TIMEOUT, **settings)
            if response.status_code not in (301, 302, 303, 307, 308) or "Location" not in response.headers:
                return response
            response.close()
            url = urljoin(url, response.headers["Location"])
    raise requests.TooManyRedirects(f"more than {HOPS} redirects")


def _decoded(body: Iterator[bytes]) -> Iterator[bytes]:
    """What a gzip-encoded body stands for, never more than CHUNK at once."""
    decoder = zlib.decompressobj(GZIP)
    try:
        for piece in body:
            while piece:
                yield decoder.decompress(piece, CHUNK)
                piece = decoder.unconsumed_tail
        yield decoder.flush()
    except zlib.error as error:
        raise requests.exceptions.ContentDecodingError(f"announced as gzip-encoded: {error}") from error


class _Counting(HTTPAdapter):
    """requests' way to a server, over connections whose every byte the pace counts."""

    def __init__(self, pace: Pace):
        self.pace = pace
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, proxy, **kwargs):
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools()
        return manager

    def _pools(self) -> dict:
        pace = self.pace

        class Response(http.client.HTTPResponse):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.fp = io.BufferedReader(_Reader(self.fp.detach(), pace))

        def counted(pool):
            connection = type("Connection", (pool.ConnectionCls,), {"response_class": Response})
            return type("Pool", (pool,), {"ConnectionCls": connection})

        return {"http": counted(HTTPConnectionPool), "https": counted(HTTPSConnectionPool)}


class _Reader(io.RawIOBase):
    """A socket's bytes, counted."""

    def __init__(self, raw, pace: Pace):
        self.raw, self.pace = raw, pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int | None:
        count = self.raw.readinto(buffer)
        self.pace.arrived(count or 0)
        return count

    def close(self) -> None:
        self.raw.close()
        super().close()
