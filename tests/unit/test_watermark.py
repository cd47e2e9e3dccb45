"""The watermark never falls, whoever writes it at the same time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Condition, Thread, local

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from trailkeep.events.timestamps import format_time
from trailkeep.lake.watermark import WATERMARKS, raise_watermark, read_watermark, watermark_key

START = datetime(2026, 3, 10, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=1)).map(lambda later: START + later)


def test_before_the_first_sweep_there_is_none() -> None:
    assert read_watermark(MemoryBucket()) is None


def test_the_form_of_the_watermark() -> None:
    lake = MemoryBucket()
    raise_watermark(lake, START)

    (key,) = lake.objects
    assert key == f"{WATERMARKS}01773100800000000.json"
    assert msgspec.json.decode(lake.get(key)) == {"watermark": "2026-03-10T00:00:00Z"}


def test_what_is_behind_is_deleted() -> None:
    lake = MemoryBucket()
    for hour in (1, 0, 3, 2, 3):
        lake.create(watermark_key(START + timedelta(hours=hour)), b"{}")  # as sweeps that were interrupted leave them

    assert raise_watermark(lake, START + timedelta(hours=2)) == START + timedelta(hours=3)

    assert list(lake.objects) == [watermark_key(START + timedelta(hours=3))]


@given(st.lists(moments, min_size=1, max_size=10))
def test_one_writer_after_another(marks: list[datetime]) -> None:
    lake = MemoryBucket()

    for number, mark in enumerate(marks):
        assert raise_watermark(lake, mark) == max(marks[: number + 1])
        assert read_watermark(lake) == max(marks[: number + 1])


class Turns:
    """Lets writers on threads take their calls to a bucket in an order that a test chose."""

    def __init__(self, order: list[int], writers: int) -> None:
        self._order = order
        self._next = 0
        self._alive = set(range(writers))
        self._changed = Condition()
        self._me = local()

    def enter(self, writer: int) -> None:
        self._me.writer = writer

    def leave(self) -> None:
        with self._changed:
            self._alive.discard(self._me.writer)
            self._changed.notify_all()

    def wait(self) -> None:
        with self._changed:
            assert self._changed.wait_for(self._is_mine, timeout=30)
            self._next += 1
            self._changed.notify_all()

    def _is_mine(self) -> bool:
        while self._next < len(self._order) and self._order[self._next] not in self._alive:
            self._next += 1
        # Behind the chosen order, those still at work take turns by number.
        turn = self._order[self._next] if self._next < len(self._order) else min(self._alive)
        return bool(turn == self._me.writer)


def interleaved(lake: MemoryBucket, order: list[int], works: list[Callable[[], datetime]]) -> list[datetime]:
    """Run the works at once, their calls in the order of these numbers; gives what each returned."""
    turns = Turns(order, len(works))
    results: dict[int, datetime] = {}

    def run(number: int) -> None:
        turns.enter(number)
        try:
            results[number] = works[number]()
        finally:
            turns.leave()

    lake.before_call = lambda operation, key: turns.wait()  # type: ignore[method-assign]
    threads = [Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    del lake.before_call
    return [results[number] for number in range(len(works))]


@given(
    before=st.none() | moments,
    marks=st.lists(moments, min_size=2, max_size=2),
    order=st.lists(st.integers(0, 1), max_size=12),
)
@example(None, [START, START + timedelta(hours=1)], [0, 1, 0, 1, 0, 1])
@example(START, [START + timedelta(hours=2), START + timedelta(hours=1)], [0, 0, 1, 1, 0, 1])
@example(START, [START + timedelta(hours=1), START + timedelta(hours=2)], [0, 1, 0, 1, 1, 0])
def test_two_writers_at_once(before: datetime | None, marks: list[datetime], order: list[int]) -> None:
    lake = MemoryBucket()
    if before:
        raise_watermark(lake, before)

    told = interleaved(lake, order, [lambda mark=mark: raise_watermark(lake, mark) for mark in marks])  # type: ignore[misc]

    stands = read_watermark(lake)
    assert stands is not None
    assert stands == max([*marks, *([before] if before else [])])
    assert all(mark <= answer <= stands for mark, answer in zip(marks, told, strict=True))


@given(order=st.lists(st.integers(0, 4), max_size=40))
@example([0, 0, 1, 1, 1, 0, 0, 0, 2, 2, 2, 0, 0, 0, 3, 3, 3, 0])
def test_of_many_writers_none_tells_more_than_stands(order: list[int]) -> None:
    """One that lost every race gives what others wrote, not what it wished for."""
    lake = MemoryBucket()
    raise_watermark(lake, START)
    hours = [9, 1, 2, 3, 4]

    told = interleaved(
        lake,
        order,
        [lambda hour=hour: raise_watermark(lake, START + timedelta(hours=hour)) for hour in hours],  # type: ignore[misc]
    )

    stands = read_watermark(lake)
    assert stands is not None
    assert all(answer <= stands for answer in told)


def test_a_watermark_with_a_fraction_of_a_second_is_kept_whole() -> None:
    lake = MemoryBucket()
    mark = START + timedelta(microseconds=1)
    raise_watermark(lake, mark)

    assert read_watermark(lake) == mark
    assert format_time(mark).encode() in lake.get(watermark_key(mark))


@pytest.mark.parametrize("name", ["", "5.json", "x", "9" * 18 + ".json", "0" * 16 + ".json", "0" * 17 + ".json.gz"])
def test_what_no_sweep_wrote_says_nothing(name: str) -> None:
    lake = MemoryBucket()
    lake.put(WATERMARKS + name, b"")

    assert read_watermark(lake) is None
    assert raise_watermark(lake, START) == START
    assert read_watermark(lake) == START
