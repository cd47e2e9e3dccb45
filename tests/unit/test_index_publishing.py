"""Publishing: whatever happens to the lake or to the publisher, the root says what is there, and no less."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.unit.index_lake import SmallLake, events, partition_of
from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.errors import StorageUnavailable
from trailkeep.index import draft
from trailkeep.index.publishing import publish_index
from trailkeep.index.root import ROOT
from trailkeep.index.standing import STATES
from trailkeep.index.tier import GONE, Place
from trailkeep.lake.manifest import manifest_key, read_manifest, write_manifest

HOUR = timedelta(hours=1)


class MemoryLake(SmallLake):
    """A lake whose bucket is in memory, where a test may interfere."""

    bucket: MemoryBucket


@pytest.fixture
def lake() -> MemoryLake:
    return MemoryLake()


def check(lake: MemoryLake) -> None:
    """The index finds every row of every compacted object, and no other one."""
    root = lake.root
    rows = lake.compacted_rows()
    assert sum(each.rows for each in root.objects) == len(rows)
    for number in {int(row.event_id.removeprefix("id-")) for row in rows if row.event_id}:
        assert len(lake.find(f"id-{number}")) == sum(row.event_id == f"id-{number}" for row in rows)
    for user in {row.user_name for row in rows if row.user_name}:
        assert lake.rows_by_user(user) == sum(row.user_name == user for row in rows)
    for place in range(len(root.objects)):
        assert sum(tier.holds(place) for tier in root.tiers) == 1


def check_recent(lake: MemoryLake) -> None:
    """The newest rows are these, where they say they are."""
    rows = lake.compacted_rows()
    for region, recent in lake.root.recent.items():
        own = [row for row in rows if row.region in ("", region)]
        expected = sorted((row.event_time for row in own if row.event_time >= recent.since), reverse=True)
        assert recent.times() == expected


def test_an_empty_lake_has_a_root(lake: MemoryLake) -> None:
    done = publish_index(lake.bucket, NOW)

    assert (done.published, done.objects, done.tiers) == (1, 0, 0)
    assert lake.root.objects == ()
    assert lake.root.fresh == ()


def test_what_is_compacted_is_found_and_what_is_not_is_named(lake: MemoryLake) -> None:
    lake.compact(events(0, 300))
    lake.compact(events(0, 200, day=1))
    fresh = lake.deliver(events(1000, 5))

    done = publish_index(lake.bucket, NOW)

    assert (done.objects, done.rows, done.scanned, done.fresh) == (2, 500, 2, 1)
    assert [part.key for part in lake.root.fresh] == fresh
    check(lake)
    check_recent(lake)


def test_a_run_with_nothing_new_writes_nothing(lake: MemoryLake) -> None:
    lake.compact(events(0, 30))
    publish_index(lake.bucket, NOW)
    before = dict(lake.bucket.objects)

    done = publish_index(lake.bucket, NOW + timedelta(minutes=15))

    assert done.published == 0
    assert lake.bucket.objects == before


def test_a_root_is_renewed_before_lookups_stop_trusting_it(lake: MemoryLake) -> None:
    lake.compact(events(0, 30))
    publish_index(lake.bucket, NOW)
    tiers = [tier.key for tier in lake.root.tiers]

    assert publish_index(lake.bucket, NOW + timedelta(minutes=30)).published == 1
    assert [tier.key for tier in lake.root.tiers] == tiers


def test_new_objects_join_the_tier_that_stands(lake: MemoryLake) -> None:
    for day in range(5):
        lake.compact(events(100 * day, 60, day=day))
        done = publish_index(lake.bucket, NOW + day * HOUR)
        assert (done.scanned, done.tiers) == (1, 1)
        check(lake)
        check_recent(lake)


def test_an_object_in_the_place_of_another_takes_over(lake: MemoryLake) -> None:
    parts = lake.deliver(events(0, 20))
    old = lake.compact(events(0, 20), parts)
    lake.compact(events(100, 20, day=1))
    publish_index(lake.bucket, NOW)
    new = lake.compact(events(0, 30))

    publish_index(lake.bucket, NOW + HOUR)

    assert old not in {each.key for each in lake.root.objects}
    assert lake.find("id-3") == [new]
    check(lake)
    check_recent(lake)


def test_parts_that_were_compacted_are_no_longer_fresh(lake: MemoryLake) -> None:
    parts = lake.deliver(events(0, 20))
    others = lake.deliver(events(50, 5))
    publish_index(lake.bucket, NOW)
    assert {part.key for part in lake.root.fresh} == {*parts, *others}
    lake.compact(events(0, 20), parts)

    publish_index(lake.bucket, NOW + HOUR)

    assert {part.key for part in lake.root.fresh} == set(others)
    check(lake)


def test_a_part_that_was_compacted_and_deleted_long_ago_is_no_longer_fresh(lake: MemoryLake) -> None:
    """The publisher did not run for hours: the manifest no longer tells of the part."""
    (part,) = lake.deliver(events(0, 20))
    publish_index(lake.bucket, NOW)
    lake.compact(events(0, 20), [part])
    lake.compact(events(0, 20))
    del lake.bucket.objects[part]

    publish_index(lake.bucket, NOW + 5 * HOUR)

    assert lake.root.fresh == ()


def test_parts_that_came_in_between_are_found_by_the_feed(lake: MemoryLake) -> None:
    lake.compact(events(0, 20))
    publish_index(lake.bucket, NOW)
    later = NOW + timedelta(minutes=40)
    parts = lake.deliver([*events(100, 3), *events(200, 3, day=3, region="eu-west-1")], later)

    publish_index(lake.bucket, later + timedelta(minutes=1))

    assert {part.key for part in lake.root.fresh} == set(parts)


def test_a_delivery_is_either_known_or_still_to_be_met_in_the_feed(lake: MemoryLake) -> None:
    (known,) = lake.deliver(events(0, 3), NOW - timedelta(minutes=5))
    publish_index(lake.bucket, NOW)
    delivery = next(key for key in lake.bucket.objects if key.startswith("state/commits/")).split("/")[3][:32]

    assert [part.key for part in lake.root.fresh] == [known]
    assert lake.root.knows(delivery)
    assert not lake.root.knows("0" * 32)


def test_a_partition_that_retention_removed_is_gone_from_the_index(lake: MemoryLake) -> None:
    lake.compact(events(0, 20))
    lake.compact(events(100, 90, day=1))
    publish_index(lake.bucket, NOW)
    lake.expire(partition_of(events(0, 1)[0]))

    publish_index(lake.bucket, NOW + HOUR)

    assert len(lake.root.objects) == 1
    assert lake.find("id-3") == []
    check(lake)
    check_recent(lake)


def test_objects_that_are_gone_are_left_out_until_a_merge_drops_them(
    lake: MemoryLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(6):
        lake.compact(events(100 * day, 50, day=day))
    publish_index(lake.bucket, NOW)
    (before,) = lake.root.tiers
    lake.expire(partition_of(events(0, 1)[0]))
    publish_index(lake.bucket, NOW + HOUR)

    (tier,) = lake.root.tiers
    assert tier.key == before.key
    assert tier.directory.objects.count(GONE) == 1
    check(lake)

    lake.compact(events(1000, 5, day=9))
    publish_index(lake.bucket, NOW + 2 * HOUR)
    assert lake.root.tiers[0].is_whole
    check(lake)


def test_many_objects_are_taken_in_step_by_step(lake: MemoryLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is up after each step: every root that stands meanwhile is right, and the next run goes on."""
    monkeypatch.setattr(draft, "BATCH_ROWS", 25)
    for day in range(5):
        lake.compact(events(100 * day, 20, day=day))

    for left in (4, 3, 2, 1, 0):
        done = publish_index(lake.bucket, NOW, lambda: True)
        assert (done.pending, done.published) == (left, 1)
        covered = sum(tier.rows for tier in lake.root.tiers)
        assert covered == 100 - 20 * left
        check_recent_of_covered(lake)
    check(lake)


def check_recent_of_covered(lake: MemoryLake) -> None:
    root = lake.root
    covered = {place for place in range(len(root.objects)) if any(tier.holds(place) for tier in root.tiers)}
    for recent in root.recent.values():
        assert {place.object for place in recent.where()} <= covered


@pytest.mark.parametrize("key", ["tier", "root", "state", "all"])
@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_what_is_lost_or_damaged_is_made_anew(lake: MemoryLake, key: str, how: str) -> None:
    lake.compact(events(0, 40))
    fresh = lake.deliver(events(70, 3))
    publish_index(lake.bucket, NOW)
    for name in list(lake.bucket.objects):
        kind = {"index/root": "root", "index/state": "state", "index/tiers": "tier"}.get("/".join(name.split("/")[:2]))
        if kind and key in (kind, "all"):
            body = lake.bucket.objects[name][0]
            del lake.bucket.objects[name]
            if how == "damaged":
                lake.bucket.put(name, body[: len(body) // 2] + b"\0" + body[len(body) // 2 + 1 :])
    lake.compact(events(100, 20, day=1))

    publish_index(lake.bucket, NOW + HOUR)

    check(lake)
    check_recent(lake)
    assert [part.key for part in lake.root.fresh] == fresh


def test_a_rebuild_starts_from_nothing(lake: MemoryLake) -> None:
    lake.compact(events(0, 40))
    fresh = lake.deliver(events(70, 3))
    publish_index(lake.bucket, NOW)

    done = publish_index(lake.bucket, NOW + HOUR, rebuild=True)

    assert (done.scanned, done.published) == (1, 1)
    assert [part.key for part in lake.root.fresh] == fresh
    check(lake)


def test_an_unreadable_object_stays_named_and_costs_the_others_nothing(lake: MemoryLake) -> None:
    broken = lake.compact(events(0, 40))
    lake.bucket.put(broken, b"PAR1 no more")
    lake.compact(events(100, 40, day=1))

    done = publish_index(lake.bucket, NOW)

    root = lake.root
    (place,) = (n for n, each in enumerate(root.objects) if each.key == broken)
    assert place not in root.tier_of
    assert (done.unreadable, done.pending, done.scanned) == (1, 1, 1)
    assert lake.find("id-120")


def test_a_damaged_manifest_makes_its_objects_fresh(lake: MemoryLake) -> None:
    """All rows stand in what is listed: a lookup reads that, and misses nothing."""
    key = lake.compact(events(0, 40))
    parts = lake.deliver(events(50, 3))
    lake.bucket.put(manifest_key(partition_of(events(0, 1)[0])), b"{")

    done = publish_index(lake.bucket, NOW)

    assert {part.key for part in lake.root.fresh} == {key, *parts}
    assert done.unreadable == 1


def test_a_manifest_that_names_a_foreign_object_costs_the_others_nothing(lake: MemoryLake) -> None:
    lake.compact(events(0, 40))
    partition = partition_of(events(0, 1)[0])
    standing = read_manifest(lake.bucket, partition)
    assert standing is not None
    manifest, etag = standing
    foreign = replace(manifest.compacted[0], key=f"{partition.prefix}other.parquet")
    assert write_manifest(lake.bucket, replace(manifest, compacted=(*manifest.compacted, foreign)), etag)

    done = publish_index(lake.bucket, NOW)

    assert (done.objects, done.unreadable) == (1, 1)
    check(lake)


def test_a_damaged_commit_stops_nothing(lake: MemoryLake) -> None:
    """Its parts are found by listing, and so is everything else."""
    lake.compact(events(0, 30))
    publish_index(lake.bucket, NOW)
    later = NOW + timedelta(minutes=30)
    (part,) = lake.deliver(events(50, 3), later)
    lake.bucket.put(f"state/commits/2026-03-10T12-30/{'0' * 32}.1-1.+.json", b"{")

    done = publish_index(lake.bucket, later)

    assert [fresh.key for fresh in lake.root.fresh] == [part]
    assert (done.unreadable, done.published) == (1, 1)
    check(lake)


class Interrupted(Exception):
    pass


def test_an_interruption_anywhere_leaves_a_root_that_is_right(lake: MemoryLake) -> None:
    """Killed before each of its calls in turn, then run again: at any time the root says no less than what is there."""
    lake.compact(events(0, 30))
    publish_index(lake.bucket, NOW)
    lake.compact(events(100, 30, day=1))
    lake.deliver(events(200, 3))
    start = dict(lake.bucket.objects)
    for at in range(1, 1000):
        lake.bucket.objects = dict(start)
        if not killed_at(lake.bucket, at):
            assert at > 8
            break
        check(lake)
        publish_index(lake.bucket, NOW + HOUR)
        check(lake)
        check_recent(lake)
        assert len(lake.root.objects) == 2


def killed_at(bucket: MemoryBucket, at: int) -> bool:
    calls = 0

    def count(operation: str, key: str) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Interrupted

    bucket.before_call = count  # type: ignore[method-assign]
    try:
        publish_index(bucket, NOW + HOUR)
    except Interrupted:
        return True
    finally:
        del bucket.before_call
    return False


def test_of_two_publishers_one_gives_way(lake: MemoryLake) -> None:
    lake.compact(events(0, 30))
    publish_index(lake.bucket, NOW)
    lake.compact(events(100, 30, day=1))
    others = []

    def interfere(operation: str, key: str) -> None:
        if operation == "replace" and key == ROOT and not others:
            others.append(key)
            lake.compact(events(200, 30, day=2))
            publish_index(lake.bucket, NOW + HOUR)

    lake.bucket.before_call = interfere  # type: ignore[method-assign]
    done = publish_index(lake.bucket, NOW + HOUR)
    del lake.bucket.before_call

    assert done.published == 0
    assert len(lake.root.objects) == 3
    check(lake)
    publish_index(lake.bucket, NOW + 2 * HOUR)
    check(lake)


def test_what_no_root_names_goes_after_a_day_and_not_before(lake: MemoryLake) -> None:
    lake.bucket.now = NOW
    lake.compact(events(0, 30))
    publish_index(lake.bucket, NOW)
    (old,) = (tier.key for tier in lake.root.tiers)
    lake.bucket.now = NOW + HOUR
    lake.compact(events(100, 30, day=1))
    publish_index(lake.bucket, NOW + HOUR)
    assert old in lake.bucket.objects

    lake.bucket.now = NOW + 26 * HOUR
    publish_index(lake.bucket, NOW + 26 * HOUR)

    assert old not in lake.bucket.objects
    assert len([key for key in lake.bucket.objects if key.startswith(STATES)]) <= 2
    check(lake)


def test_an_outage_is_an_error_and_changes_nothing(lake: MemoryLake) -> None:
    lake.compact(events(0, 30))

    def fail(operation: str, key: str) -> None:
        raise StorageUnavailable("no")

    lake.bucket.before_call = fail  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable):
        publish_index(lake.bucket, NOW)
    del lake.bucket.before_call
    assert ROOT not in lake.bucket.objects


def test_the_newest_rows_are_those_of_all_regions_and_bounded(
    lake: MemoryLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trailkeep.index.recent_rows.MOST_ROWS", 16)
    for region in ("cn-hangzhou", "eu-west-1"):
        for day in range(3):
            lake.compact(events(100 * day, 40, region, day))
    publish_index(lake.bucket, NOW)

    root = lake.root
    assert root.recent.keys() == {"cn-hangzhou", "eu-west-1"}
    for region, recent in root.recent.items():
        newest = sorted((row for row in events(200, 40, region, 2)), key=lambda row: -row.event_time)[:16]
        assert recent.times() == [row.event_time for row in newest]
        assert recent.texts("user_name") == [row.user_name for row in newest]
        assert recent.lists("resource_types") == [[]] * 16
        for place in recent.where():
            assert isinstance(place, Place)
            page = recent.page_of(place)
            assert page.first_row <= place.row < page.first_row + page.rows
            assert page == root.page_near(place)
