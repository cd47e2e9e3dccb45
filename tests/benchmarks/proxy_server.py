"""The proxy's own process: `python -m tests.benchmarks.proxy_server <host> <port>`.

It prints its port, then takes lines on its input: ``reset <seconds>`` starts counting anew and sets what a request
waits, ``stats`` prints what was counted, ``trace`` every request with its times since then.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict

from tests.benchmarks.http_frames import Frames
from tests.benchmarks.traffic import Traffic, rounds


class _Counter:
    def __init__(self) -> None:
        self.delay = 0.0
        self.reset(0.0)

    def reset(self, delay: float) -> None:
        self.delay = delay
        self.kinds = {"gets": 0, "lists": 0, "puts": 0}
        self.spans: list[tuple[float, float]] = []
        self.told: list[str] = []
        self.since = time.monotonic()
        self.received = 0

    def began(self, head: bytes) -> None:
        method, target, _ = head.split(b" ", 2)
        if method not in (b"GET", b"HEAD"):
            self.kinds["puts"] += 1
        else:
            self.kinds["lists" if b"list-type=" in target or b"delimiter=" in target else "gets"] += 1

    def ended(self, started: float, head: bytes, ended: float) -> None:
        self.spans.append((started, ended))
        lines = head.decode("latin-1").split("\r\n")
        ranges = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("range:")]
        times = f"{(started - self.since) * 1000:7.1f} to {(ended - self.since) * 1000:7.1f} ms"
        self.told.append(" ".join([times, lines[0].removesuffix(" HTTP/1.1"), *ranges]))

    def stats(self) -> Traffic:
        return Traffic(**self.kinds, rounds=rounds(self.spans), received=self.received)


class _Upstream(asyncio.Protocol):
    def __init__(self, client: _Client) -> None:
        self.client = client
        self.frames = Frames(is_answer=True)

    def data_received(self, data: bytes) -> None:
        client = self.client
        client.counter.received += len(data)
        for piece, ends in self.frames.feed(data):
            client.transport.write(piece)
            if ends:
                client.answered()

    def connection_lost(self, exc: Exception | None) -> None:
        self.client.transport.close()

    def pause_writing(self) -> None:
        self.client.transport.pause_reading()

    def resume_writing(self) -> None:
        self.client.transport.resume_reading()


class _Client(asyncio.Protocol):
    """A connection from a client; its requests go one after another to a connection of its own behind the proxy."""

    transport: asyncio.Transport

    def __init__(self, counter: _Counter, host: str, port: int) -> None:
        self.counter = counter
        self.target = (host, port)
        self.frames = Frames(is_answer=False)
        self.started: list[tuple[float, bytes]] = []
        self.arrived: asyncio.Queue[tuple[bytes, bool, float | None] | None] = asyncio.Queue()
        self.behind: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.work = asyncio.ensure_future(self.forward())

    def data_received(self, data: bytes) -> None:
        for piece, _ends in self.frames.feed(data):
            begins = piece.endswith(b"\r\n\r\n") and b" HTTP/1.1\r\n" in piece
            self.arrived.put_nowait((piece, begins, time.monotonic()))

    def connection_lost(self, exc: Exception | None) -> None:
        self.arrived.put_nowait(None)

    def pause_writing(self) -> None:
        if self.behind:
            self.behind.pause_reading()

    def resume_writing(self) -> None:
        if self.behind:
            self.behind.resume_reading()

    def answered(self) -> None:
        if self.started:
            self.counter.ended(*self.started.pop(0), time.monotonic())

    async def forward(self) -> None:
        try:
            self.behind, upstream = await asyncio.get_running_loop().create_connection(
                lambda: _Upstream(self), *self.target
            )
            while (item := await self.arrived.get()) is not None:
                piece, begins, arrived = item
                if begins:
                    self.counter.began(piece)
                    self.started.append((arrived or 0.0, piece))
                    upstream.frames.bodiless = piece.startswith(b"HEAD ")
                    wait = (arrived or 0.0) + self.counter.delay - time.monotonic()
                    if wait > 0:
                        await asyncio.sleep(wait)
                self.behind.write(piece)
        except OSError:
            self.transport.close()
        finally:
            if self.behind:
                self.behind.close()


async def _serve(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    counter = _Counter()
    server = await loop.create_server(lambda: _Client(counter, host, port), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command, _, argument = line.strip().partition(" ")
        if command == "reset":
            counter.reset(float(argument))
            print("{}", flush=True)
        elif command == "trace":
            print(json.dumps(counter.told), flush=True)
        else:
            print(json.dumps(asdict(counter.stats())), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
