"""The proxy passes bytes as they are and counts what an answer takes: requests, rounds, bytes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.benchmarks.http_frames import Frames
from tests.benchmarks.proxy import Proxy
from tests.benchmarks.traffic import rounds

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
SIZED = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


class _Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(f"{self.headers['Host']} {self.path}".encode())

    def do_HEAD(self) -> None:
        self._answer(b"x" * 1000)

    def do_PUT(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Proxy({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}"}) as running:
        yield running
    server.shutdown()
    server.server_close()


def connect(proxy: Proxy) -> HTTPConnection:
    return HTTPConnection(proxy.environment["AWS_ENDPOINT_URL"].removeprefix("http://"), timeout=20)


def call(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> bytes:
    connection.request(method, path, body)
    return connection.getresponse().read()


def test_requests_of_one_connection_are_each_counted_and_each_a_round(proxy: Proxy) -> None:
    proxy.reset(0.0)
    connection = connect(proxy)
    host = proxy.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
    assert call(connection, "GET", "/bucket/key") == f"{host} /bucket/key".encode()
    assert call(connection, "HEAD", "/bucket/key") == b""
    assert call(connection, "GET", "/bucket?list-type=2&prefix=a") == f"{host} /bucket?list-type=2&prefix=a".encode()
    assert call(connection, "PUT", "/bucket/key", b"body" * 50_000) == b"body" * 50_000
    traffic = proxy.traffic()
    assert (traffic.gets, traffic.lists, traffic.puts, traffic.rounds) == (2, 1, 1, 4)
    assert traffic.received > 200_000


def test_requests_at_once_are_one_round(proxy: Proxy) -> None:
    proxy.reset(0.5)
    connections = [connect(proxy) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda connection: call(connection, "GET", "/bucket/key"), connections))
    traffic = proxy.traffic()
    assert (traffic.requests, traffic.rounds) == (8, 1)


def test_counting_starts_anew(proxy: Proxy) -> None:
    call(connect(proxy), "GET", "/bucket/key")
    proxy.reset(0.0)
    assert proxy.traffic().requests == 0


def test_rounds_are_the_longest_chain() -> None:
    assert rounds([]) == 0
    assert rounds([(0, 3), (1, 2), (1.5, 4)]) == 1
    assert rounds([(0, 1), (0, 9), (2, 3), (2, 4), (8, 10)]) == 3


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_ends_of_answers_are_found_however_the_bytes_are_cut(size: int) -> None:
    stream = CHUNKED + SIZED + EMPTY + CHUNKED
    frames = Frames(is_answer=True)
    pieces = [piece for at in range(0, len(stream), size) for piece in frames.feed(stream[at : at + size])]
    assert b"".join(piece for piece, _ in pieces) == stream
    ended = b""
    messages = []
    for piece, ends in pieces:
        ended += piece
        if ends:
            messages.append(ended)
            ended = b""
    assert messages == [CHUNKED, SIZED, EMPTY, CHUNKED]
