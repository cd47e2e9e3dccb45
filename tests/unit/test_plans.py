"""Plans keep workers of two versions off one object, and let whoever comes later find out what became of it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.memory_bucket import NOW, MemoryBucket
from tests.unit.test_commits import DELIVERY
from trailkeep.errors import DeliveryUnderWay
from trailkeep.lake.commits import COMMITS, Commit, is_committed, minute_of, write_commit
from trailkeep.lake.feed import OVERLAP
from trailkeep.lake.partitions import Versions
from trailkeep.lake.plans import ADOPTED, ALIVE, LONGEST, PLANS, pin

OLD, NEW = Versions(1, 1), Versions(2, 1)
KEY = f"{PLANS}{DELIVERY}.json"
MINUTE = timedelta(minutes=1)


def end(lake: MemoryBucket, minute: datetime, code: Versions = OLD) -> None:
    commit = Commit(DELIVERY, "landing", "key", "etag", 5, "", *code)
    write_commit(lake, commit, minute, NOW)


def test_the_first_worker_pins_its_minute_with_one_call() -> None:
    lake = MemoryBucket()
    calls: list[str] = []
    lake.before_call = lambda operation, key: calls.append(operation)  # type: ignore[method-assign]

    assert pin(lake, DELIVERY, OLD, NOW + timedelta(seconds=59)) == NOW
    assert calls == ["create"]
    assert msgspec.json.decode(lake.get(KEY)) == {
        "normaliser": 1,
        "mask": 1,
        "at": "2026-03-10T12:00:59Z",
        "minutes": ["2026-03-10T12:00:00Z"],
    }


@pytest.mark.parametrize(
    ("age", "minute"),
    [(timedelta(0), 0), (ADOPTED - timedelta(seconds=1), 0), (ADOPTED, 3), (ALIVE, 20), (timedelta(days=400), 576_000)],
)
def test_a_worker_of_the_same_code_adopts_a_young_plan_and_renews_an_older_one(age: timedelta, minute: int) -> None:
    lake = MemoryBucket()
    pin(lake, DELIVERY, OLD, NOW)

    assert pin(lake, DELIVERY, OLD, NOW + age) == NOW + minute * MINUTE


@pytest.mark.parametrize(("first", "second"), [(OLD, NEW), (NEW, OLD), (OLD, Versions(1, 2))])
def test_a_worker_of_other_code_waits_until_nobody_can_be_at_it(first: Versions, second: Versions) -> None:
    lake = MemoryBucket()
    pin(lake, DELIVERY, first, NOW)

    for age in (timedelta(0), ADOPTED, LONGEST, ALIVE - timedelta(microseconds=1)):
        with pytest.raises(DeliveryUnderWay):
            pin(lake, DELIVERY, second, NOW + age)
    assert pin(lake, DELIVERY, second, NOW + ALIVE) == NOW + ALIVE
    with pytest.raises(DeliveryUnderWay):
        pin(lake, DELIVERY, first, NOW + ALIVE + ADOPTED)


@pytest.mark.parametrize("code", [OLD, NEW])
@pytest.mark.parametrize("age", [timedelta(0), ADOPTED, ALIVE, timedelta(days=90)])
def test_what_has_ended_is_known_to_code_of_every_version_at_every_time(code: Versions, age: timedelta) -> None:
    lake = MemoryBucket()
    minute = pin(lake, DELIVERY, OLD, NOW)
    assert minute
    end(lake, minute)
    before = lake.get(KEY)

    assert pin(lake, DELIVERY, code, NOW + age) is None
    assert lake.get(KEY) == before


@pytest.mark.parametrize("code", [OLD, NEW])
def test_the_commit_of_a_worker_that_was_slower_than_the_next_one_is_found(code: Versions) -> None:
    """It pinned first, another one pinned a minute of its own and died, and only then it ended."""
    lake = MemoryBucket()
    assert pin(lake, DELIVERY, OLD, NOW) == NOW
    assert pin(lake, DELIVERY, OLD, NOW + 5 * MINUTE) == NOW + 5 * MINUTE
    end(lake, NOW)

    assert pin(lake, DELIVERY, code, NOW + timedelta(hours=1)) is None


def test_a_plan_does_not_grow_with_the_times_that_a_delivery_failed() -> None:
    lake = MemoryBucket()
    for number in range(300):
        assert pin(lake, DELIVERY, OLD, NOW + 5 * number * MINUTE) == NOW + 5 * number * MINUTE
    assert len(lake.get(KEY)) < 300


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"{}", b'{"normaliser": "later", "minutes": {}}', b"\xff"])
def test_a_plan_that_cannot_be_read_is_taken_for_one_of_other_code(body: bytes) -> None:
    lake = MemoryBucket()
    lake.put(KEY, body)

    with pytest.raises(DeliveryUnderWay):
        pin(lake, DELIVERY, OLD, NOW + ALIVE - MINUTE)
    assert pin(lake, DELIVERY, OLD, NOW + ALIVE) == NOW + ALIVE


def at_call(lake: MemoryBucket, number: int, work: Callable[[], object]) -> None:
    """Do ``work`` before the call with this number, from 1."""
    calls = iter(range(1, 100))

    def before(operation: str, key: str) -> None:
        if next(calls) == number:
            work()

    lake.before_call = before  # type: ignore[method-assign]


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("age", [timedelta(0), ADOPTED, ALIVE])
@pytest.mark.parametrize("stood", [True, False])
def test_of_two_workers_at_once_both_go_by_one_plan(number: int, age: timedelta, stood: bool) -> None:
    lake = MemoryBucket()
    if stood:
        pin(lake, DELIVERY, OLD, NOW)
    others: list[datetime | None] = []
    at_call(lake, number, lambda: others.append(pin(lake, DELIVERY, OLD, NOW + age)))

    mine = pin(lake, DELIVERY, OLD, NOW + age)

    assert [mine] * len(others) == others


@pytest.mark.parametrize("number", range(1, 5))
def test_of_two_workers_of_different_code_at_once_one_waits(number: int) -> None:
    lake = MemoryBucket()
    pin(lake, DELIVERY, OLD, NOW)
    later = NOW + ALIVE
    pinned: list[Versions] = []

    def work(code: Versions) -> None:
        try:
            pin(lake, DELIVERY, code, later)
        except DeliveryUnderWay:
            return
        pinned.append(code)

    at_call(lake, number, lambda: work(NEW))
    work(OLD)

    assert len(pinned) == 1


def test_a_plan_that_is_pinned_by_others_all_the_time_is_left_to_them() -> None:
    lake = MemoryBucket()
    pin(lake, DELIVERY, OLD, NOW)
    moments = iter(range(100))

    def before(operation: str, key: str) -> None:
        if operation == "replace":
            lake.put(KEY, lake.objects[KEY][0] + b" " * next(moments) + b" ")

    lake.before_call = before  # type: ignore[method-assign]

    with pytest.raises(DeliveryUnderWay):
        pin(lake, DELIVERY, OLD, NOW + ADOPTED)


def test_a_plan_that_is_removed_while_it_is_read_is_pinned_anew() -> None:
    lake = MemoryBucket()
    pin(lake, DELIVERY, NEW, NOW)
    at_call(lake, 2, lambda: lake.objects.pop(KEY))

    assert pin(lake, DELIVERY, OLD, NOW + MINUTE) == NOW + MINUTE


attempts = st.lists(
    st.tuples(
        st.integers(0, 90 * 60),
        st.sampled_from([OLD, NEW]),
        st.none() | st.integers(0, int(LONGEST.total_seconds())),
    ),
    min_size=1,
    max_size=14,
)


@given(attempts)
@example([(0, OLD, 900), (179, OLD, 900), (1200, NEW, 5)])
@example([(0, OLD, None), (1200, NEW, 900), (1300, OLD, 0), (2400, OLD, 1)])
def test_however_workers_come_and_go_one_code_commits_and_no_commit_is_overlooked(
    tries: list[tuple[int, Versions, int | None]],
) -> None:
    """Workers begin at some second with some code, and end so many seconds later with their commit, or never."""
    lake = MemoryBucket()
    ends: list[tuple[int, datetime, Versions]] = []
    committed: list[tuple[int, datetime, Versions]] = []
    last = 4 * 3600
    for start, code, lasts in [*sorted(tries, key=lambda attempt: attempt[0]), (last, NEW, 0)]:
        while ends and ends[0][0] <= start:
            committed.append(heapq.heappop(ends))
            end(lake, committed[-1][1], committed[-1][2])
        try:
            minute = pin(lake, DELIVERY, code, NOW + timedelta(seconds=start))
        except DeliveryUnderWay:
            assert start < last
            continue
        assert (minute is None) == bool(committed)
        if minute is not None and lasts is not None:
            heapq.heappush(ends, (start + lasts, minute, code))
    committed += ends

    assert len({code for *_, code in committed}) == 1
    for second, minute, _ in committed:
        # A follower that read just before goes on from OVERLAP earlier: that is not behind the commit's minute.
        assert minute_of(NOW + timedelta(seconds=second) - OVERLAP) <= minute
    for _, minute, code in committed:
        end(lake, minute, code)
        assert is_committed(lake, DELIVERY, minute)
    assert pin(lake, DELIVERY, OLD, NOW + timedelta(days=1)) is None
    assert all(key.startswith(COMMITS) or key == KEY for key in lake.objects)
