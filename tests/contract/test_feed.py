"""The feed and the conditions that it rests on, on every store: its keys are long, and hold unusual characters."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.memory_bucket import NOW
from tests.unit.test_commits import commit_of, parts_in
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.commits import committed_deliveries, delivery_id, is_committed, minute_of, write_commit
from trailkeep.lake.feed import read_feed
from trailkeep.lake.partitions import Versions
from trailkeep.lake.plans import ADOPTED, pin
from trailkeep.lake.storage import Bucket

CODE = Versions(2, 1)


def test_the_store_honours_the_conditions_of_writes(bucket: Bucket) -> None:
    require_conditional_writes(bucket)
    require_conditional_writes(Bucket(bucket.name))


def test_commits_of_every_length_are_found_by_listings_alone(bucket: Bucket) -> None:
    ids = [delivery_id("b", str(number), "") for number in range(6)]
    for number, delivery in enumerate(ids):
        # From none to more parts than a key can name.
        parts = parts_in(delivery, CODE, [("r" * 32, time, time) for time in range(number * number)])
        assert not is_committed(bucket, delivery, NOW)
        write_commit(bucket, commit_of(delivery, *parts), NOW + timedelta(minutes=number), NOW)
        assert is_committed(bucket, delivery, NOW + timedelta(minutes=number))

    entries = list(read_feed(bucket, NOW + timedelta(minutes=1)))

    assert [entry.delivery for entry in entries] == ids[1:]
    assert [len(entry.parts) for entry in entries] == [1, 4, 9, 16, 25]
    assert [entry.key.endswith("+.json") for entry in entries] == [False, False, False, True, True]
    assert committed_deliveries(bucket) == set(map(bytes.fromhex, ids))


def test_a_plan_is_pinned_adopted_and_pinned_again(bucket: Bucket) -> None:
    delivery = delivery_id("b", "k", "")
    assert pin(bucket, delivery, CODE, NOW) == NOW
    assert pin(bucket, delivery, CODE, NOW + timedelta(seconds=1)) == NOW
    assert pin(bucket, delivery, CODE, NOW + ADOPTED) == minute_of(NOW + ADOPTED)
    write_commit(bucket, commit_of(delivery), NOW, NOW)
    assert pin(bucket, delivery, CODE, NOW + timedelta(hours=1)) is None
