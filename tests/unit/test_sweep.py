"""The sweep announces what no delivery has committed, and nothing else; the watermark follows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.errors import StorageUnavailable
from trailkeep.lake.commits import Commit, delivery_id, is_committed, write_commit
from trailkeep.lake.storage import Stat
from trailkeep.lake.watermark import raise_watermark, read_watermark
from trailkeep.sweep import SETTLED, Sweep, sweep

MINIMUM_AGE = timedelta(minutes=5)


class Stack:
    """Both buckets, and the keys that were announced."""

    def __init__(self) -> None:
        self.landing, self.lake = MemoryBucket("landing"), MemoryBucket("lake")
        self.announced: list[str] = []

    def land(self, key: str, age: timedelta, body: bytes = b"[]") -> Stat:
        self.landing.now = NOW - age
        return self.landing.put(key, body)

    def deliver(self, stat: Stat) -> None:
        delivery = delivery_id("landing", stat.key, stat.etag)
        write_commit(self.lake, Commit(delivery, "landing", stat.key, stat.etag, stat.size, "", 1, 1), NOW, NOW)
        assert is_committed(self.lake, delivery, NOW)

    def announce(self, keys: Iterable[str]) -> int:
        before = len(self.announced)
        self.announced += keys
        return len(self.announced) - before

    def sweep(self) -> Sweep:
        return sweep(self.landing, self.lake, self.announce, NOW, MINIMUM_AGE)


def test_an_empty_landing_bucket_is_settled() -> None:
    stack = Stack()

    assert stack.sweep() == Sweep(0, 0, 0, NOW - SETTLED)
    assert stack.announced == []


def test_what_was_delivered_is_left_alone_and_what_was_not_is_announced() -> None:
    stack = Stack()
    stack.deliver(stack.land("done", timedelta(hours=2)))
    stack.land("lost", timedelta(hours=1))
    stack.land("young", timedelta(minutes=1))

    assert stack.sweep() == Sweep(3, 2, 1, NOW - timedelta(hours=1))
    assert stack.announced == ["lost"]


def test_an_object_that_was_overwritten_is_another_one() -> None:
    stack = Stack()
    stack.deliver(stack.land("key", timedelta(hours=2)))
    stack.land("key", timedelta(hours=1), b'[{"other": 1}]')

    assert stack.sweep().announced == 1


def test_the_delivery_of_another_key_or_bucket_does_not_count() -> None:
    stack = Stack()
    stat = stack.land("key", timedelta(hours=1))
    for bucket, key in (("other", "key"), ("landing", "other")):
        delivery = delivery_id(bucket, key, stat.etag)
        write_commit(stack.lake, Commit(delivery, bucket, key, stat.etag, 2, "", 1, 1), NOW, NOW)

    assert stack.sweep().announced == 1


@pytest.mark.parametrize(("age", "announced"), [(300, 1), (301, 1), (299, 0)])
def test_young_objects_are_left_to_their_own_notification(age: int, announced: int) -> None:
    stack = Stack()
    stack.land("key", timedelta(seconds=age))

    assert stack.sweep().announced == announced


def test_what_the_queue_did_not_take_is_announced_by_the_next_sweep() -> None:
    stack = Stack()
    stack.land("key", timedelta(hours=1))

    seen = sweep(stack.landing, stack.lake, lambda keys: 0, NOW, MINIMUM_AGE)

    assert (seen.undelivered, seen.announced) == (1, 0)
    assert stack.sweep().announced == 1


def test_a_queue_that_fails_leaves_the_watermark() -> None:
    stack = Stack()
    stack.land("key", timedelta(hours=1))

    def failing(keys: Iterable[str]) -> int:
        raise StorageUnavailable("the queue did not take messages")

    with pytest.raises(StorageUnavailable):
        sweep(stack.landing, stack.lake, failing, NOW, MINIMUM_AGE)
    assert read_watermark(stack.lake) is None


def test_the_watermark_of_a_later_sweep_stands() -> None:
    stack = Stack()
    stack.land("late", timedelta(hours=1))
    raise_watermark(stack.lake, NOW)

    assert stack.sweep().watermark == NOW


def test_what_is_committed_while_a_sweep_looks_is_at_worst_announced_again() -> None:
    """Deliveries are listed first: the other order would let an object of the time between go unseen."""
    stack = Stack()
    stat = stack.land("key", timedelta(hours=1))
    stack.landing.before_call = lambda operation, key: stack.deliver(stat)  # type: ignore[method-assign]

    assert stack.sweep().announced == 1


ages = st.integers(0, 7200).map(lambda seconds: timedelta(seconds=seconds))
objects = st.dictionaries(st.text(min_size=1, max_size=6), st.tuples(ages, st.booleans()), max_size=12)


@given(objects, st.integers(1, 4))
@example({"a": (timedelta(seconds=59), False)}, 1)
@example({"a": (timedelta(seconds=61), False)}, 1)
def test_any_landing_bucket(landed: dict[str, tuple[timedelta, bool]], page_size: int) -> None:
    stack = Stack()
    stack.landing.page_size = stack.lake.page_size = page_size
    for key, (age, delivered) in landed.items():
        stat = stack.land(key, age, key.encode())
        if delivered:
            stack.deliver(stat)

    seen = stack.sweep()

    waiting = {key: age for key, (age, delivered) in landed.items() if not delivered}
    assert sorted(stack.announced) == sorted(key for key, age in waiting.items() if age >= MINIMUM_AGE)
    assert seen == Sweep(
        landed=len(landed),
        undelivered=len(waiting),
        announced=len(stack.announced),
        watermark=NOW - max([SETTLED, *waiting.values()]),
    )
    assert read_watermark(stack.lake) == seen.watermark
    assert all(age <= NOW - seen.watermark for age in waiting.values())

    for key in waiting:
        stack.deliver(stack.landing.stat(key))
    assert stack.sweep() == Sweep(len(landed), 0, 0, NOW - SETTLED)
