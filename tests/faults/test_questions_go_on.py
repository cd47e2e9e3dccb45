"""While log objects are delivered, compacted, indexed and expired, questions are answered: whole, and each event once.

The hour for which what was replaced still stands is some seconds here, so that readers meet deletions all the time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

import pytest

from tests.contract.stores import new_bucket, served
from trailkeep.compaction import cleaning
from trailkeep.compaction.worker import Compaction
from trailkeep.delivery import Delivery
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import parse_micros, to_micros
from trailkeep.index.publishing import publish_index
from trailkeep.lake.partitions import EVENTS, Partition
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.lookup import snapshot
from trailkeep.lookup.filters import FILTERS, make_filter
from trailkeep.lookup.page import read_page, visible_before
from trailkeep.lookup.question import Question
from trailkeep.retention import enforcement

pytestmark = [pytest.mark.thorough, pytest.mark.seaweed, pytest.mark.timeout(300)]

SECONDS = 25
STANDS, TRUSTED = timedelta(seconds=12), timedelta(seconds=6)
REGIONS = ("cn-hangzhou", "us-east-1")
DAYS = ("2026-03-08", "2026-03-09")
EXPIRED = "2019-05-01"


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Bucket, Bucket]]:
    """Landing bucket and lake, where time is short."""
    monkeypatch.setattr(cleaning, "GRACE", STANDS)
    monkeypatch.setattr(snapshot, "TRUSTED", TRUSTED)
    monkeypatch.setattr(enforcement, "date_has_expired", lambda day, *_: day == EXPIRED)
    monkeypatch.setattr(enforcement, "has_expired", lambda day, *_: day == EXPIRED)
    with served():
        yield new_bucket(), new_bucket()


class Upkeep:
    """What happens to the lake meanwhile, each in a thread of its own until it is stopped."""

    def __init__(self, landing: Bucket, lake: Bucket) -> None:
        self.landing, self.lake = landing, lake
        self.stopped = Event()
        self.delivered: dict[str, float] = {}
        """Events of the days that stay, and when their delivery had ended."""
        self.done = dict.fromkeys(("delivered", "compacted", "deleted", "published", "expired"), 0)
        self._lock = Lock()

    def jobs(self) -> list[Callable[[], None]]:
        return [self.deliver, self.compact, self.publish, self.expire]

    def deliver(self) -> None:
        delivery = Delivery(self.landing, self.lake, RegionRules(REGIONS[0], REGIONS[0]))
        number = 0
        while not self.stopped.is_set():
            batch = [record(number * 8 + place) for place in range(8)] + [record(number * 3)]
            self.landing.create(f"{number}.json", json.dumps(batch).encode())
            delivery.deliver(f"{number}.json", datetime.now(UTC))
            with self._lock:
                for each in batch:
                    if EXPIRED not in each["eventTime"]:
                        self.delivered.setdefault(each["eventId"], time.time())
            number += 1
            self.done["delivered"] += 1
            time.sleep(0.05)

    def compact(self) -> None:
        compaction = Compaction(self.lake, lambda: datetime.now(UTC))
        partitions = [Partition(EVENTS, region, day) for region in REGIONS for day in (*DAYS, EXPIRED)]
        while not self.stopped.is_set():
            for partition in partitions:
                outcome = compaction.compact(partition)
                self.done["compacted"] += outcome.tally.objects_written
                self.done["deleted"] += outcome.tally.objects_deleted

    def publish(self) -> None:
        while not self.stopped.is_set():
            self.done["published"] += publish_index(self.lake, datetime.now(UTC)).published
            time.sleep(0.5)

    def expire(self) -> None:
        while not self.stopped.is_set():
            run = enforcement.enforce(
                self.landing, self.lake, 90, f"run-{time.time_ns()}", lambda: datetime.now(UTC), lambda: False
            )
            self.done["expired"] += run.objects_deleted
            time.sleep(1)

    def ended_before(self, moment: float) -> set[str]:
        with self._lock:
            return {event_id for event_id, ended in self.delivered.items() if ended < moment}


def record(number: int) -> dict[str, str]:
    day = EXPIRED if number % 9 == 0 else DAYS[number % 2]
    second = number * 7 % 86_400
    return {
        "eventId": f"id-{number}",
        "eventName": f"Name{number % 5}",
        "eventTime": f"{day}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z",
        "acsRegion": REGIONS[number // 2 % 2],
    }


def ask(lake: Lake, question: Question) -> list[str]:
    """All pages of a question; each has to be whole."""
    now = datetime.now(UTC)
    as_of = visible_before(to_micros(now))
    found: list[str] = []
    behind = None
    while True:
        page = read_page(lake, EVENTS, question, behind, as_of, datetime.now(UTC))
        assert not page.reading.failures
        found += [json.loads(row.event)["eventId"] for row in page.rows]
        if page.ended_at is None:
            return found
        behind = page.ended_at


def test_every_answer_is_whole_and_has_each_event_once(buckets: tuple[Bucket, Bucket]) -> None:
    upkeep = Upkeep(*buckets)
    start, end = parse_micros("2019-01-01T00:00:00Z"), parse_micros("2026-04-01T00:00:00Z")
    one_name = (make_filter("eventName", ("Name3",), FILTERS),)
    questions = [
        Question(start, end, (), True, 997, ()),
        Question(start, end, (), False, 100, one_name),
        Question(parse_micros("2026-03-01T00:00:00Z"), end, (REGIONS[0],), True, 50, ()),
    ]
    answered = 0
    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(job) for job in upkeep.jobs()]
        try:
            stop = time.time() + SECONDS
            while time.time() < stop and not any(job.done() for job in running):
                for question in questions:
                    expected = upkeep.ended_before(time.time() - 2.5)
                    found = ask(Lake(upkeep.lake), question)
                    assert len(found) == len(set(found))
                    assert not {each for each in expected if asked_for(each, question)} - set(found)
                    answered += 1
        finally:
            upkeep.stopped.set()
        for job in running:
            job.result()

    assert answered >= 3
    assert all(upkeep.done.values()), upkeep.done


def asked_for(event_id: str, question: Question) -> bool:
    number = int(event_id.removeprefix("id-"))
    if question.filters and number % 5 != 3:
        return False
    return not question.regions or REGIONS[number // 2 % 2] in question.regions
