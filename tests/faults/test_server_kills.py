"""A real server, and the workers that deliver into it, killed: what was acknowledged stands, each event once."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from threading import Event, Thread

import pyarrow.parquet as pq
import pytest

from tests.contract.stores import new_bucket, served
from tests.faults.seaweed import SeaweedFS
from tests.faults.writer import EVENTS_EACH, INTERRUPTED, delivery_between, key_of, log_object
from tests.functions.deployment import REPOSITORY
from trailkeep.errors import StorageUnavailable
from trailkeep.lake.commits import read_commit
from trailkeep.lake.feed import read_feed
from trailkeep.lake.storage import Bucket

pytestmark = [pytest.mark.thorough, pytest.mark.seaweed]

OBJECTS = 240
WORKERS = 4
SERVER_DIES_AT = (30, 100, 170)
"""So many objects are delivered when the server is killed, and started again with its data."""

WORKERS_DIE_AT = (65, 135)
"""So many objects are delivered when a worker is killed; another one goes on with what was not acknowledged."""

PATIENCE_SECONDS = 60.0

GAVE_UP = "gave up"


@pytest.fixture
def server() -> Iterator[SeaweedFS]:
    with served() as server:
        yield server


class Worker:
    """A process that lands and delivers, and what it has acknowledged."""

    def __init__(self, landing: Bucket, lake: Bucket, numbers: list[int], heard: SimpleQueue[str]) -> None:
        self.waiting = numbers
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writer", landing.name, lake.name, *map(str, numbers)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "layers" / "core"), str(REPOSITORY)))},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._heard = heard
        self._killed = False
        self._ear = Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word = line.strip()
            if word != INTERRUPTED:
                self.waiting.remove(int(word))
            self._heard.put(word)
        if self.waiting and not self._killed:
            self._heard.put(GAVE_UP)

    def kill(self) -> list[int]:
        """Kill it; gives what it has not acknowledged."""
        self._killed = True
        self._process.kill()
        self._process.wait()
        self._ear.join()
        return self.waiting


class Reader:
    """Reads all the time: a part that can be listed can be read, and is whole."""

    def __init__(self, lake: Bucket) -> None:
        self._lake = lake
        self._over = Event()
        self.read = 0
        self.damaged: list[str] = []
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.1):  # so that it leaves the machine to the workers
            with suppress(StorageUnavailable):
                for stat in self._lake.list("events/").objects[self.read % 7 :: 7]:
                    said = (self._lake.stat(stat.key).metadata or {}).get("rows")
                    body = self._lake.get(stat.key)
                    self.read += 1
                    if str(rows_of(body)) != said:
                        self.damaged.append(stat.key)

    def stop(self) -> None:
        self._over.set()
        self._thread.join(PATIENCE_SECONDS)


def rows_of(body: bytes) -> int:
    try:
        return int(pq.read_table(io.BytesIO(body)).num_rows)
    except OSError:
        return -1


@pytest.mark.timeout(240)
def test_a_store_and_workers_killed_under_load_lose_and_double_no_event(server: SeaweedFS) -> None:
    landing, lake = new_bucket(), new_bucket()
    began = datetime.now(UTC)
    heard: SimpleQueue[str] = SimpleQueue()
    workers = [Worker(landing, lake, list(range(n, OBJECTS, WORKERS)), heard) for n in range(WORKERS)]
    reader = Reader(lake)
    done: set[int] = set()
    interruptions = 0
    try:
        while len(done) < OBJECTS:
            word = next_word(heard, len(done))
            if word == INTERRUPTED:
                interruptions += 1
                continue
            assert word != GAVE_UP, "a worker has ended with an error that nobody expected: see above"
            done.add(int(word))
            if len(done) in SERVER_DIES_AT:
                server.kill()
                server.start()
            if len(done) in WORKERS_DIE_AT:
                killed = max(workers, key=lambda worker: len(worker.waiting))
                workers[workers.index(killed)] = Worker(landing, lake, killed.kill(), heard)
    finally:
        reader.stop()
        for worker in workers:
            worker.kill()

    assert interruptions > 0, "no worker has noticed that the server was killed"
    assert reader.read > 0
    assert reader.damaged == []
    assert {stat.key for stat in landing.list("").objects} == {key_of(number) for number in range(OBJECTS)}
    assert all(landing.get(key_of(number)) == log_object(number) for number in range(0, OBJECTS, 10))
    again = delivery_between(landing, lake)
    assert [n for n in range(OBJECTS) if again.deliver(key_of(n), datetime.now(UTC)) is not None] == []
    assert stored_events(lake) == {f"{number}-{n}": 1 for number in range(OBJECTS) for n in range(EVENTS_EACH)}
    assert_commits_are_true(lake, began)


def next_word(heard: SimpleQueue[str], done: int) -> str:
    try:
        return heard.get(timeout=PATIENCE_SECONDS)
    except Empty:
        raise AssertionError(f"nothing happens any more, with {done} of {OBJECTS} delivered") from None


def stored_events(lake: Bucket) -> Counter[str]:
    """How often each event stands in the lake."""
    found: Counter[str] = Counter()
    for stat in lake.list("events/").objects:
        found.update(pq.read_table(io.BytesIO(lake.get(stat.key)), columns=["event_id"]).column("event_id").to_pylist())
    return found


def assert_commits_are_true(lake: Bucket, since: datetime) -> None:
    """Each delivery has one commit, which accounts for every record and names parts that stand, all of them."""
    entries = list(read_feed(lake, since))
    assert len({entry.delivery for entry in entries}) == len(entries) == OBJECTS
    for entry in entries:
        commit = read_commit(lake, entry.key)
        assert commit.is_conserved()
        assert (commit.records_in, commit.rows_out) == (EVENTS_EACH, EVENTS_EACH)
    named = sorted(part.key for entry in entries for part in entry.parts)
    assert named == sorted(stat.key for stat in lake.list("events/").objects)
