"""Everything that a server can do wrong: each fetch ends, within its bytes and its time, with one clear error, and
leaves nothing behind."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import itertools
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

import pytest

from nascore.data import arriving, download, transfer
from nascore.data.upstream import UpstreamFile
from nascore.errors import DataError

BODY = bytes(range(256)) * 100
LIMIT = 2 * len(BODY) + (1 << 20)  # what Pace lets through
BUFFERS = 16 << 20  # what the two ends of a local socket hold besides


class Server:
    """Answers every connection with `answer(socket, request line)`; counts connections and the bytes it got rid of."""

    def __init__(self, answer):
        self.answer, self.connections, self.sent = answer, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/up/file.bin"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client):
        try:
            line = b""
            while not line.endswith(b"\r\n\r\n"):
                line += client.recv(4096)
            for part in self.answer(self, line.split()[1].decode()):
                if part is None:  # hang up hard
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                client.sendall(part)
                self.sent += len(part)
        except OSError:
            pass
        finally:
            client.close()


def head(*lines, status="200 OK"):
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def answer(*parts, status="200 OK", length=True):
    """The parts after a header with `length`, or with their own."""
    size = [f"Content-Length: {sum(map(len, parts)) if length is True else length}"] if length else []
    return lambda server, path: [head(*size, status=status), *parts]


def chunked(*parts):
    return lambda server, path: itertools.chain([head("Transfer-Encoding: chunked")], *parts)


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


def forever(start, part):
    return lambda server, path: itertools.chain([start], itertools.repeat(part))


def drip(start, byte=b"x"):
    def answer(server, path):
        yield start
        while True:
            time.sleep(0.002)
            yield byte

    return answer


def encoded(data, name="gzip"):
    return lambda server, path: [head(f"Content-Encoding: {name}", f"Content-Length: {len(data)}"), data]


def redirect(where, *body):
    return lambda server, path: itertools.chain([head(f"Location: {where}", status="302 Found")], *body)


def silence(server, path):
    time.sleep(2)
    return []


FLOOD = b"x" * 65536
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
FAULTS = {
    "truncated": (answer(BODY[:9000], length=len(BODY)), "failed after 4 attempts"),
    "truncated, no length": (answer(BODY[:9000], length=None), "9000 bytes where 25600 are expected"),
    "length too long": (answer(BODY, length=len(BODY) + 9), "other bytes"),
    "length much too long": (answer(BODY, length=10**15), "bytes announced"),
    "length too short": (answer(BODY, length=100), "100 bytes where 25600"),
    "length no number": (answer(BODY[:-1], length="many"), "25599 bytes where 25600"),
    "length negative": (answer(BODY[:-1], length=-5), "where 25600"),
    "one byte more": (answer(BODY + b"x"), "25601 bytes announced"),
    "one byte more, no length": (answer(BODY + b"x", length=None), "other bytes"),
    "one byte less": (answer(BODY[:-1]), "25599 bytes where 25600"),
    "wrong bytes": (answer(BODY[:-1] + b"x"), "sha256 is"),
    "empty": (answer(), "0 bytes where 25600"),
    "a page in its place": (answer(PAGE), "a web page"),
    "endless": (forever(head(), FLOOD), "no end"),
    "endless chunks": (forever(head("Transfer-Encoding: chunked"), chunk(FLOOD)), "no end"),
    "endless chunk length": (forever(head("Transfer-Encoding: chunked"), b"0" * 65536), ""),
    "endless status line": (forever(b"HTTP/1.1 200 ", FLOOD), "failed after 4 attempts"),
    "endless headers": (forever(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 1000), "failed after 4 attempts"),
    "endless informational": (forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), "no end"),
    "endless redirect": (redirect("/again", itertools.repeat(FLOOD)), "redirects"),
    "drip": (drip(head(f"Content-Length: {len(BODY)}")), "too slow"),
    "drip, no length": (drip(head()), "too slow"),
    "drip of chunks": (drip(head("Transfer-Encoding: chunked"), chunk(b"x")), "too slow"),
    "drip of headers": (drip(b"HTTP/1.1 200 OK\r\nA: "), "too slow"),
    "silence": (silence, "failed after 4 attempts"),
    "silence within": (lambda s, p: itertools.chain([head(), b"x"], silence(s, p)), ""),
    "reset at once": (lambda server, path: [None], "failed after 4 attempts"),
    "reset within": (
        lambda server, path: [head("Content-Length: 25600"), BODY[:9000], None],
        "failed after 4 attempts",
    ),
    "closed at once": (lambda server, path: [], "failed after 4 attempts"),
    "not HTTP": (lambda server, path: [b"SSH-2.0-OpenSSH_9.6\r\n"], "failed after 4 attempts"),
    "chunks cut": (chunked([chunk(BODY[:9000])]), "failed after 4 attempts"),
    "chunks without lengths": (chunked([b"zz\r\n", BODY]), "failed after 4 attempts"),
    "redirected in circles": (redirect("/again"), "redirects"),
    "redirected to a file": (redirect("file:///etc/passwd"), "expected http or https"),
    "redirected nowhere": (redirect("http://"), "failed after"),
    "redirect without address": (answer(status="302 Found"), "answered 302"),
    "no content": (answer(status="204 No Content"), "answered 204"),
    "a part only": (answer(BODY, status="206 Partial Content"), "answered 206"),
    "403": (answer(status="403 Forbidden"), "answered 403"),
    "404": (answer(PAGE, status="404 Not Found"), "answered 404"),
    "404, endless": (forever(head(status="404 Not Found"), FLOOD), "answered 404"),
    "429": (answer(status="429 Too Many Requests"), "answered 429 (4 times)"),
    "500": (answer(status="500 Internal Server Error"), "answered 500 (4 times)"),
    "gzip of other bytes": (encoded(gzip.compress(BODY[::-1])), "sha256 is"),
    "gzip that is none": (encoded(BODY), "gzip-encoded"),
    "gzip that is cut": (encoded(gzip.compress(BODY)[:-20]), "where 25600"),
    "gzip bomb": (encoded(gzip.compress(bytes(1 << 24))), "no end"),
}
SOUND = {
    "plain": answer(BODY),
    "no length": answer(BODY, length=None),
    "chunks": chunked([chunk(BODY[:9000]), chunk(BODY[9000:]), b"0\r\n\r\n"]),
    "gzip-encoded": encoded(gzip.compress(BODY)),
    "deflated": encoded(zlib.compress(BODY), "deflate"),
    "redirected": lambda server, path: (answer(BODY) if path == "/b" else redirect("/b"))(server, path),
    "redirected at length": lambda server, path: (
        answer(BODY) if path == "/b" else redirect("/b", itertools.repeat(FLOOD))
    )(server, path),
}


@pytest.fixture
def serve(cache, monkeypatch):
    """serve(answer) -> a server and the registered file that it should have; a read of the clock takes a second."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "WAIT", 0.0)
    monkeypatch.setattr(download, "clock", itertools.count().__next__)
    monkeypatch.setattr(transfer, "TIMEOUT", 0.25)
    servers = []

    def start(answer, name="file.bin"):
        server = Server(answer)
        servers.append(server)
        return server, UpstreamFile(
            "ptb", "a", f"site/{name}", server.url, len(BODY), hashlib.sha256(BODY).hexdigest(), "MIT"
        )

    yield start
    for server in servers:
        server.listener.close()


def files(cache):
    return {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(serve, cache, fault):
    answer, said = FAULTS[fault]
    server, file = serve(answer)
    file.local.parent.mkdir(parents=True)
    file.local.write_bytes(b"an older file")
    with pytest.raises(DataError) as caught:
        download.fetch_file(file)
    text = str(caught.value)
    assert said in text and server.url in text and str(file.local) in text and "\n" not in text and len(text) < 700
    assert files(cache) == {file.local: b"an older file"}
    assert server.connections <= 4 * (transfer.HOPS + 1)
    assert server.sent <= server.connections * (LIMIT + BUFFERS)


@pytest.mark.parametrize("way", SOUND)
def test_sound(serve, cache, way):
    _, file = serve(SOUND[way])
    assert files(cache) == {} and download.fetch_file(file) == file.local
    assert files(cache) == {file.local: BODY}


def test_a_gzip_file_that_is_announced_as_gzip_encoded(serve):
    """As some servers announce every .gz file; the bytes on the way are the file's own."""
    packed = gzip.compress(BODY, mtime=0)
    server, _ = serve(encoded(packed))
    file = UpstreamFile(
        "ptb",
        "a",
        "site/file.gz",
        server.url.replace(".bin", ".tar.gz"),
        len(packed),
        hashlib.sha256(packed).hexdigest(),
        "MIT",
    )
    assert download.fetch_file(file).read_bytes() == packed


def test_a_slow_but_sufficient_server_is_waited_for():
    seconds = itertools.count(0, 10).__next__
    pace = transfer.Pace(10**9, seconds)
    for _ in range(100):
        pace.arrived(int(transfer.SLOWEST) * 21)  # each count takes 10 s, and 10 more where a window ends
    with pytest.raises(transfer.TooSlow):
        for _ in range(100):
            pace.arrived(9)


def test_a_size_that_upstream_does_not_state_is_bounded_too(serve, monkeypatch):
    monkeypatch.setattr(download, "UNSTATED", len(BODY))
    server, file = serve(answer(BODY))
    file = UpstreamFile(file.dataset, file.key, file.path, file.url, None, file.sha256, file.licence)
    assert download.fetch_file(file).read_bytes() == BODY
    file.local.unlink()
    server.answer = forever(head(), FLOOD)
    with pytest.raises(DataError, match="no end"):
        download.fetch_file(file)


# -- what killed fetches leave --------------------------------------------------------------------------------------
CHILD = """
import sys, hashlib
from nascore.data import download, transfer, upstream
transfer.TIMEOUT = 10.0**6  # however slow the machine is, what hangs is ended by the test
file = upstream.UpstreamFile("ptb", "a", "site/file.bin", sys.argv[1], 25600, sys.argv[2], "MIT")
download.fetch_file(file)
"""


def fetching(server, file, cache):
    """A process that fetches from a server that has sent half of the file and waits."""
    environment = {**os.environ, "NASCORE_CACHE": str(cache), "NO_PROXY": "127.0.0.1"}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, server.url, file.sha256], env=environment, stderr=subprocess.PIPE
    )
    while not [path for path in cache.rglob("*.part") if path.stat().st_size or server.connections]:
        assert child.poll() is None, child.stderr.read()
        time.sleep(0.01)
    return child


def hanging(release):
    def answer(server, path):
        yield head(f"Content-Length: {len(BODY)}") + BODY[:9000]
        release.wait()

    return answer


@pytest.fixture
def release():
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing(serve, cache, release, number):
    server, file = serve(hanging(release))
    child = fetching(server, file, cache)
    child.send_signal(number)
    child.communicate()
    assert child.returncode not in (0, None) and files(cache) == {}


def locked(path):
    """Whether a process holds it; between a file's making and its locking another fetch may take it for a leftover."""
    try:
        with open(path, "rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def test_leftovers_are_swept_and_running_fetches_are_not(serve, cache, release):
    server, file = serve(hanging(release))
    killed = fetching(server, file, cache)
    left = set(files(cache))
    killed.kill()
    killed.communicate()
    assert set(files(cache)) == left != set()  # nobody can clean up after kill -9 ...
    running = fetching(server, file, cache)
    while left & set(files(cache)):  # ... but the next fetch
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.01)
    while len(now := set(files(cache))) != 1 or not locked(*now):
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.01)
    server.answer = answer(BODY)
    old = cache / "raw" / "elsewhere" / "tmpabcd_123"  # of an earlier nascore, which had no locks
    fresh, foreign = old.with_name("tmpabcd_124"), old.with_name("tmp-notes.txt")
    table = cache / "built" / ".cifar10.npz.abcd_123"
    for path in (old, fresh, foreign, table):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    for path in (old, foreign, table):
        os.utime(path, (0, 0))
    assert download.fetch_file(file).read_bytes() == BODY
    assert set(files(cache)) == now | {file.local, fresh, foreign}
    running.kill()
    running.communicate()


def test_a_file_taken_for_a_leftover_before_its_lock_is_made_anew(tmp_path, monkeypatch):
    lock, taken = arriving._lock, []

    def late(stream, wait=False):
        if not taken:
            taken.append(next(tmp_path.glob(".*.part")))
            taken[0].unlink()
        return lock(stream, wait)

    monkeypatch.setattr(arriving, "_lock", late)
    with arriving.arriving(tmp_path / "file") as new:
        new.write(b"whole")
        assert new.path != taken[0] and new.keep().read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
