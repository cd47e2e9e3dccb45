"""Compaction of a partition: many small objects become few, each event stands once, and nothing is ever lost."""

from __future__ import annotations

from itertools import chain, pairwise, repeat

import pytest

from tests.unit.compaction_lake import CODE, CompactionLake, small_sizes
from tests.unit.memory_bucket import NOW
from tests.unit.strategies import MIDNIGHT, REGIONS, make_event
from trailkeep.compaction import rewriting
from trailkeep.compaction.merge import merged
from trailkeep.compaction.worker import Compaction
from trailkeep.errors import CompactionRaced, ObjectUnreadable, RowsNotConserved
from trailkeep.events.event import Event
from trailkeep.lake.manifest import Manifest, manifest_key, write_manifest
from trailkeep.lake.parquet import encode_table
from trailkeep.lake.partitions import EVENTS, Partition, Versions
from trailkeep.schema import EVENTS as EVENTS_SCHEMA

DAY = Partition(EVENTS, REGIONS[0], "2026-03-09")
SECOND = 1_000_000


def at(number: int, second: int, **fields: object) -> Event:
    return make_event(number, event_time=MIDNIGHT + second * SECOND, **fields)


@pytest.fixture
def lake() -> CompactionLake:
    return CompactionLake()


def deliver_many(lake: CompactionLake, count: int, start: int = 0, spread: int = 60) -> None:
    for number in range(start, start + count):
        lake.deliver([at(number, number * spread)])


def deliver_much(lake: CompactionLake, a_second: int = 1) -> None:
    """Many events in fifteen parts: with small sizes, several objects."""
    for start in range(0, 1_500, 100):
        lake.deliver([at(number, number // a_second) for number in range(start, start + 100)])


def quiet(lake: CompactionLake) -> None:
    """Compact until nothing is left to do, with the waiting in between."""
    lake.compact()
    for days in (0.2, 2, 0.2):
        lake.wait(days=days)
        lake.compact()


def test_many_small_objects_become_one(lake: CompactionLake) -> None:
    deliver_many(lake, 40)

    (outcome,) = lake.compact()

    assert outcome.done
    assert (outcome.tally.parts, outcome.tally.rows_in, outcome.tally.rows_out) == (40, 40, 40)
    assert len(lake.manifest(DAY).compacted) == 1
    lake.demand_nothing_lost()
    quiet(lake)
    lake.demand_each_once()


def test_an_event_that_came_twice_stands_once_with_its_first_delivery(lake: CompactionLake) -> None:
    lake.deliver([at(1, 10), at(2, 20)])
    lake.wait(seconds=90.4)
    lake.deliver([at(2, 20), at(3, 30)])

    (outcome,) = lake.compact()

    assert (outcome.tally.rows_in, outcome.tally.rows_out, outcome.tally.duplicates) == (4, 3, 1)
    quiet(lake)
    lake.demand_each_once()


def test_an_event_delivered_again_after_its_compaction_stands_once(lake: CompactionLake) -> None:
    lake.deliver([at(1, 10), at(2, 20)])
    lake.compact()
    lake.wait(days=3)
    lake.deliver([at(2, 20)])

    (outcome,) = lake.compact()

    assert outcome.tally.duplicates == 1
    quiet(lake)
    lake.demand_each_once()


def test_nothing_is_deleted_before_the_grace_time_and_all_of_it_after(lake: CompactionLake) -> None:
    deliver_many(lake, 5)
    before = {stat.key for stat in lake.listed(DAY)}
    lake.compact()
    lake.wait(minutes=59)
    lake.compact()

    assert before < {stat.key for stat in lake.listed(DAY)}

    lake.wait(minutes=2)
    lake.compact()

    assert not before & {stat.key for stat in lake.listed(DAY)}
    lake.demand_each_once()


def test_a_part_written_anew_under_the_key_of_a_retired_one_is_not_deleted(lake: CompactionLake) -> None:
    (key,) = lake.deliver([at(1, 10)])
    lake.compact()
    other = CompactionLake()
    (other_key,) = other.deliver([at(1, 10), at(7, 10)])
    lake.bucket.put(key, other.bucket.objects[other_key][0])
    lake.delivered |= dict.fromkeys(other.delivered, lake.delivered[at(1, 10).uid])
    lake.wait(hours=2)

    outcome = Compaction(lake.bucket, lambda: lake.now).compact(DAY, lambda: False)

    assert (outcome.done, outcome.tally.objects_deleted) == (False, 0)
    lake.demand_nothing_lost()
    lake.compact()
    assert set(lake.uids(each.key for each in lake.manifest(DAY).compacted)) == lake.delivered.keys()


def test_a_day_without_anything_new_is_left_alone(lake: CompactionLake) -> None:
    deliver_many(lake, 5)
    quiet(lake)
    before = dict(lake.bucket.objects)

    (outcome,) = lake.compact()

    assert outcome.done
    assert lake.bucket.objects == before


def test_a_partition_that_does_not_exist_is_nothing_to_do(lake: CompactionLake) -> None:
    assert lake.compact(Partition(EVENTS, "mars", "2026-01-01"))[0].done
    assert not lake.bucket.objects


def test_late_events_leave_objects_of_other_times_alone(lake: CompactionLake) -> None:
    with small_sizes():
        deliver_much(lake)
        quiet(lake)
        before = [each.key for each in lake.manifest(DAY).compacted]
        assert len(before) > 3
        lake.deliver([at(9_000, 31)])

        (outcome,) = lake.compact()

        after = [each.key for each in lake.manifest(DAY).compacted]
        assert outcome.tally.objects_replaced < 3
        assert after[3:] == before[3:]
        quiet(lake)
        lake.demand_each_once()


def test_objects_are_told_apart_by_their_times(lake: CompactionLake) -> None:
    """Two objects never share a time unless one would have to hold far too much."""
    with small_sizes():
        deliver_much(lake, a_second=10)
        quiet(lake)

        objects = lake.manifest(DAY).compacted

        assert len(objects) > 1
        assert all(one.last < other.first for one, other in pairwise(objects))
        lake.demand_each_once()


def test_a_moment_with_too_many_events_is_split_and_stays_right(lake: CompactionLake) -> None:
    with small_sizes(target=8_000):
        for start in range(0, 1_000, 100):
            lake.deliver([at(number, 5) for number in range(start, start + 100)])
            lake.compact()
        lake.deliver([at(number, 5) for number in range(0, 1_000, 3)])
        quiet(lake)

        assert len(lake.manifest(DAY).compacted) > 1
        lake.demand_each_once()


def test_time_may_run_out_after_any_piece_and_the_next_run_goes_on(lake: CompactionLake) -> None:
    with small_sizes():
        deliver_much(lake)
        for _ in range(60):
            outcome = Compaction(lake.bucket, lambda: lake.now).compact(DAY, chain([True], repeat(False)).__next__)
            lake.demand_nothing_lost()
            if outcome.done:
                break
        else:
            raise AssertionError("it never ends")
        quiet(lake)
        lake.demand_each_once()


def test_a_part_is_replaced_only_when_all_of_its_rows_are(lake: CompactionLake) -> None:
    """Its events fall into the first and the last object, which are two pieces; time runs out between them."""
    with small_sizes():
        deliver_much(lake)
        quiet(lake)
        (late,) = lake.deliver([at(9_001, 1), at(9_002, 1_499)])

        outcome = Compaction(lake.bucket, lambda: lake.now).compact(DAY, chain([True], repeat(False)).__next__)

        assert (outcome.done, outcome.tally.rounds) == (False, 1)
        assert late in {stat.key for stat in lake.manifest(DAY).fresh(lake.listed(DAY))}
        lake.demand_nothing_lost()
        quiet(lake)
        lake.demand_each_once()


def test_parts_of_deliveries_without_a_commit_wait_for_it(lake: CompactionLake) -> None:
    lake.deliver([at(1, 10)])
    (key,) = lake.deliver([at(2, 20)], committed=False)

    lake.compact()
    lake.wait(hours=3)
    lake.compact()

    assert lake.uids(each.key for each in lake.manifest(DAY).compacted) == [at(1, 10).uid]
    assert key in {stat.key for stat in lake.listed(DAY)}


def test_parts_that_code_of_another_version_left_behind_are_no_events(lake: CompactionLake) -> None:
    """An update in the middle of a delivery: the newer code reads the event otherwise, its identity included."""
    (key,) = lake.deliver([at(1, 10)], Versions(0, 1), committed=False)
    lake._deliveries -= 1
    lake.deliver([at(2, 10)], CODE)

    lake.compact()

    assert lake.uids(each.key for each in lake.manifest(DAY).compacted) == [at(2, 10).uid]
    lake.wait(hours=2)
    lake.compact()
    assert key not in {stat.key for stat in lake.listed(DAY)}


def test_old_parts_of_which_nobody_knows_a_delivery_are_taken_in(lake: CompactionLake) -> None:
    lake.deliver([at(1, 10)])
    for commit in [key for key in lake.bucket.objects if key.startswith("state/")]:
        del lake.bucket.objects[commit]
    lake.compact()
    assert not lake.manifest(DAY).compacted

    lake.wait(days=2)
    quiet(lake)

    lake.demand_each_once()


def test_a_damaged_part_stays_and_holds_up_no_other(lake: CompactionLake) -> None:
    deliver_many(lake, 3)
    (key,) = lake.deliver([at(9, 9)])
    body = lake.bucket.objects[key][0]
    lake.bucket.put(key, body[: len(body) // 2])

    (outcome,) = lake.compact()

    assert outcome.done
    assert outcome.unreadable == [key]
    assert outcome.tally.unreadable == 1
    assert len(lake.uids(each.key for each in lake.manifest(DAY).compacted)) == 3
    assert key in lake.bucket.objects


def test_objects_without_rows_are_set_aside(lake: CompactionLake) -> None:
    """Nobody writes such, but whoever puts one there must not keep compaction from ending."""
    (key,) = lake.deliver([at(1, 1)])
    lake.bucket.put(key.replace("-1-1-0.parquet", "-1-1-1.parquet"), encode_table(EVENTS_SCHEMA.empty_table()))
    lake.bucket.put(
        f"{DAY.prefix}{MIDNIGHT}-{MIDNIGHT}-compacted-{'0' * 24}-0.parquet", encode_table(EVENTS_SCHEMA.empty_table())
    )

    (outcome,) = lake.compact()

    assert outcome.done
    assert len(outcome.unreadable) == 1
    assert len(lake.manifest(DAY).compacted) == 1


def test_objects_of_others_in_the_folder_are_not_touched(lake: CompactionLake) -> None:
    deliver_many(lake, 3)
    lake.bucket.put(f"{DAY.prefix}_SUCCESS", b"")
    lake.bucket.put(f"{DAY.prefix}notes.parquet", b"PAR1")

    quiet(lake)

    assert f"{DAY.prefix}notes.parquet" in lake.bucket.objects
    assert len(lake.manifest(DAY).compacted) == 1


@pytest.mark.parametrize("damage", [None, b"", b'{"partition":'], ids=["gone", "empty", "cut"])
def test_a_lost_manifest_is_begun_anew_without_losing_an_event(lake: CompactionLake, damage: bytes | None) -> None:
    with small_sizes():
        deliver_many(lake, 60)
        lake.compact()
        lake.wait(hours=2)
        lake.compact()
        lake.deliver([at(1_000, 90)])
        if damage is None:
            del lake.bucket.objects[manifest_key(DAY)]
        else:
            lake.bucket.put(manifest_key(DAY), damage)

        lake.compact()
        assert sum(each.rows for each in lake.manifest(DAY).compacted) == 61
        quiet(lake)

        lake.demand_each_once()


def test_a_manifest_set_back_to_an_earlier_state_loses_no_event(lake: CompactionLake) -> None:
    deliver_many(lake, 5)
    lake.compact()
    earlier = lake.bucket.objects[manifest_key(DAY)][0]
    deliver_many(lake, 5, start=10)
    lake.compact()
    lake.wait(hours=2)
    lake.compact()
    lake.bucket.put(manifest_key(DAY), earlier)

    (outcome,) = lake.compact()

    assert len(outcome.missing) == 1
    lake.demand_nothing_lost()
    quiet(lake)
    lake.demand_each_once()


def test_an_object_that_a_lost_race_left_behind_goes_after_a_day(lake: CompactionLake) -> None:
    deliver_many(lake, 5)
    write = lake.bucket.before_call

    def another_is_quicker(operation: str, key: str) -> None:
        if operation == "create" and key == manifest_key(DAY):
            lake.bucket.before_call = write  # type: ignore[method-assign]
            deliver_many(lake, 1, start=50)
            lake.compact()

    lake.bucket.before_call = another_is_quicker  # type: ignore[method-assign]
    (outcome,) = lake.compact()

    assert outcome.done
    assert outcome.tally.races_lost == 1
    assert len(lake.listed(DAY)) > 6 + 1
    quiet(lake)
    lake.demand_each_once()


def test_who_never_wins_a_race_says_so(lake: CompactionLake) -> None:
    deliver_many(lake, 5)
    write_manifest(lake.bucket, Manifest(DAY, 1), None)

    def others(operation: str, key: str) -> None:
        if operation == "replace":
            lake.bucket.objects.pop(manifest_key(DAY))
            version = lake.bucket.objects.__len__()
            lake.wait(seconds=1)
            lake.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]
            write_manifest(lake.bucket, Manifest(DAY, version + int(lake.now.timestamp())), None)
            lake.bucket.before_call = others  # type: ignore[method-assign]

    lake.bucket.before_call = others  # type: ignore[method-assign]

    with pytest.raises(CompactionRaced):
        lake.compact()
    lake.demand_nothing_lost()


def test_a_row_less_is_noticed_and_nothing_changes(lake: CompactionLake, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver_many(lake, 5)
    monkeypatch.setattr(rewriting, "merged", lambda sources: ((table.slice(1), n) for table, n in merged(sources)))

    with pytest.raises(RowsNotConserved, match="read 5 rows and wrote 4"):
        lake.compact()

    assert not lake.manifest(DAY).compacted
    lake.demand_nothing_lost()


def test_a_damaged_compacted_object_is_an_error_and_nothing_changes(lake: CompactionLake) -> None:
    deliver_many(lake, 5)
    lake.compact()
    (standing,) = lake.manifest(DAY).compacted
    body = lake.bucket.objects[standing.key][0]
    lake.bucket.put(standing.key, b"\0" * 500 + body[500:])
    deliver_many(lake, 1, start=2)
    before = lake.manifest(DAY)

    with pytest.raises(ObjectUnreadable):
        lake.compact()

    assert lake.manifest(DAY) == before


def test_accounts_are_named_until_they_are_too_many(lake: CompactionLake) -> None:
    lake.deliver([at(1, 1, account_id="2"), at(2, 2, account_id="1"), at(3, 3, account_id=None)])
    lake.compact()
    assert lake.manifest(DAY).accounts == ("1", "2")

    lake.deliver([at(number, 9, account_id=str(number)) for number in range(10, 1_100)])
    lake.compact()
    assert lake.manifest(DAY).accounts is None


def test_delivery_times_are_those_of_the_store_in_whole_seconds(lake: CompactionLake) -> None:
    lake.wait(seconds=0.7)
    lake.deliver([at(1, 1)])
    lake.compact()

    (standing,) = lake.manifest(DAY).compacted
    assert standing.delivered_first == standing.delivered_last == int(NOW.timestamp()) * SECOND
