"""A run of retention deletes the partitions that have expired, whole and on record, and no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.aged_lake import ADMIN, HANGZHOU, AgedLake
from trailkeep.errors import ObjectUnreadable, RetentionRefused, StorageUnavailable
from trailkeep.lake.manifest import Manifest, manifest_key, read_manifest, write_manifest
from trailkeep.lake.partitions import EVENTS, INSIGHTS, Partition
from trailkeep.retention.deletion import PENDING, RECORDS
from trailkeep.retention.holds import HOLDS, release_hold
from trailkeep.retention.runs import LAST_RUN, read_last_run
from trailkeep.retention.settings import SETTINGS


@pytest.fixture
def scene() -> AgedLake:
    return AgedLake()


def records(scene: AgedLake) -> list[dict[str, Any]]:
    return [msgspec.json.decode(scene.lake.objects[key][0]) for key in scene.keys(RECORDS)]


def manifest_of(scene: AgedLake, age: int, region: str = HANGZHOU) -> Partition:
    return Partition(EVENTS, region, scene.day(age))


ages = st.integers(150, 210)


@given(st.lists(st.tuples(ages, st.integers(0, 210), st.sampled_from([EVENTS, INSIGHTS])), max_size=8))
def test_exactly_the_partitions_go_whose_date_and_newest_delivery_are_old(
    parts: list[tuple[int, int, str]],
) -> None:
    scene = AgedLake()
    made: dict[str, list[tuple[str, int, int]]] = {}
    for number, (age, delivered, dataset) in enumerate(parts):
        key = scene.part(age, delivered=delivered, name=f"part-{number}", dataset=dataset)
        made.setdefault(key.rpartition("/")[0], []).append((key, age, delivered))

    run = scene.enforce()

    # A date is over at its end: at noon, that of 181 days ago was over 180 and a half days ago.
    kept = [group for group in made.values() if any(age <= 180 or delivered <= 180 for _, age, delivered in group)]
    assert scene.data() == sorted(key for group in kept for key, _, _ in group)
    assert run.partitions_deleted == len(made) - len(kept)
    assert run.state == "succeeded"
    assert len(records(scene)) == run.partitions_deleted


def test_what_goes_is_on_record(scene: AgedLake) -> None:
    scene.settings(days=200)
    old = [scene.compacted(300, delivered=250, accounts=("1", "2")), scene.part(300, delivered=299)]
    young = scene.part(100)

    run = scene.enforce(run="run-7")

    assert scene.data() == [young]
    assert scene.keys(PENDING) == scene.keys("state/partitions/") == []
    assert (run.partitions_deleted, run.objects_deleted) == (1, 2)
    (record,) = records(scene)
    (key,) = scene.keys(RECORDS)
    assert key.startswith(f"{RECORDS}2026-03-10/events/region=cn-hangzhou/date={scene.day(300)}-")
    assert record["record"] == key
    assert (record["run"], record["at"]) == ("run-7", "2026-03-10T12:00:00Z")
    assert record["partition"] == f"events/region=cn-hangzhou/date={scene.day(300)}/"
    assert record["terms"] == {"days": 200, "landingDays": 7, "quarantineDays": 30}
    assert record["newestDelivery"] == (scene.now - timedelta(days=250)).isoformat().replace("+00:00", "Z")
    assert [each["key"] for each in record["objects"]] == sorted(old)
    assert record["rows"] is None
    assert record["bytes"] == sum(each["bytes"] for each in record["objects"]) == run.bytes_deleted > 0
    assert [each.get("rows") for each in record["objects"]] == [None, 2]
    first = next(each for each in record["objects"] if "rows" not in each)["first"]
    assert first == f"{scene.day(300)}T01:00:00Z"


def test_the_rows_of_a_compacted_partition_are_counted(scene: AgedLake) -> None:
    scene.compacted(300, accounts=("1", "2", "3"))
    scene.enforce()

    assert records(scene)[0]["rows"] == 3


@pytest.mark.parametrize(("delivered", "stays"), [(100, True), (200, False)])
def test_compaction_makes_no_partition_young_nor_old(scene: AgedLake, delivered: int, stays: bool) -> None:
    made_now = scene.compacted(300, delivered=delivered, made=0)
    made_long_ago = scene.compacted(301, delivered=delivered, made=290)

    scene.enforce()

    assert scene.data() == (sorted([made_now, made_long_ago]) if stays else [])


@pytest.mark.parametrize(("delivered", "stays"), [(100, True), (200, False)])
def test_a_compacted_object_that_no_manifest_names_is_as_old_as_its_rows_say(
    scene: AgedLake, delivered: int, stays: bool
) -> None:
    key = scene.compacted(300, delivered=delivered, made=0)
    manifest = manifest_key(manifest_of(scene, 300))
    del scene.lake.objects[manifest]

    scene.enforce()

    assert scene.data() == ([key] if stays else [])


def test_one_that_cannot_be_read_counts_as_delivered_when_it_was_made(scene: AgedLake) -> None:
    keys = [scene.part(300, delivered=age, name=f"compacted-{'a' * 24}-{age}", delivered_at=299) for age in (200, 10)]
    for key, age in zip(keys, (200, 10), strict=True):
        with scene.ago(age):
            scene.lake.put(key, b"damaged")

    scene.enforce()
    assert scene.data() == sorted(keys)

    scene.forward(days=171)
    scene.enforce()
    assert scene.data() == []


def test_the_floor_keeps_what_the_settings_would_not(scene: AgedLake) -> None:
    scene.lake.put(SETTINGS, b'{"days":1}')
    kept, gone = scene.part(85), scene.part(95)

    scene.enforce()

    assert scene.data() == [kept]
    assert gone not in scene.data()


def test_a_lowered_number_of_days_deletes_nothing_for_a_day(scene: AgedLake) -> None:
    key = scene.part(150)
    scene.settings(age=0, days=100)

    scene.enforce()
    assert scene.data() == [key]

    scene.forward(hours=24)
    scene.enforce()
    assert scene.data() == []


def test_what_arrives_between_listing_and_deleting_stays(scene: AgedLake) -> None:
    """A late event of an old date, delivered while its partition goes: it is not among those that were listed."""
    old = scene.compacted(300)
    late: list[str] = []
    scene.on("create", PENDING, lambda: late.append(scene.part(300, delivered=0, name="late")))

    scene.enforce()

    assert scene.data() == late
    assert old not in late
    assert read_manifest(scene.lake, manifest_of(scene, 300)) is None


def test_an_object_that_was_replaced_after_the_listing_stays(scene: AgedLake) -> None:
    key = scene.part(300)
    scene.on("create", PENDING, lambda: scene.lake.put(key, b"another"))

    run = scene.enforce()

    assert scene.data() == [key]
    assert run.objects_deleted == 0


def test_a_manifest_that_compaction_changes_meanwhile_forgets_only_what_went(scene: AgedLake) -> None:
    old = scene.compacted(300)
    partition = manifest_of(scene, 300)

    def compact() -> None:
        read = read_manifest(scene.lake, partition)
        assert read is not None
        manifest, etag = read
        key = scene.part(300, delivered=0, name=f"compacted-{'b' * 24}-0")
        entry = msgspec.structs.replace(manifest.compacted[0], key=key)
        both = Manifest(partition, 2, (*manifest.compacted, entry), (), ("1",))
        assert write_manifest(scene.lake, both, etag)

    scene.on("delete", old, compact)
    scene.enforce()

    read = read_manifest(scene.lake, partition)
    assert read is not None
    assert [each.key for each in read[0].compacted] == scene.data()
    assert old not in scene.data()
    assert read[0].accounts is None


@pytest.mark.parametrize(
    "key",
    [
        "events/region=cn-hangzhou/date=2025-02-30/1700000000000000-1700000000000000-part.parquet",
        "events/region=cn-hangzhou/day=2020-01-01/1700000000000000-1700000000000000-part.parquet",
        "events/region=CN/date=2020-01-01/1700000000000000-1700000000000000-part.parquet",
        "events/tmp/x",
    ],
)
def test_keys_that_are_none_of_ours_are_left_alone_and_named(scene: AgedLake, key: str) -> None:
    with scene.ago(900):
        scene.lake.put(key, b"x")

    run = scene.enforce()

    assert key in scene.lake.objects
    assert run.partitions_left_alone == len(run.left_alone) == 1
    assert key.startswith(run.left_alone[0]["name"])
    assert run.state == "succeeded"


def test_a_partition_with_a_foreign_object_is_left_alone_whole(scene: AgedLake) -> None:
    key = scene.part(300)
    other = scene.part(301)
    foreign = key.rpartition("/")[0] + "/_SUCCESS"
    with scene.ago(300):
        scene.lake.put(foreign, b"")

    run = scene.enforce()

    assert scene.data() == [key]
    assert other not in scene.data()
    assert "_SUCCESS" in run.left_alone[0]["reason"]


# Holds


@pytest.mark.parametrize("dataset", [EVENTS, INSIGHTS])
def test_a_hold_keeps_what_it_touches_until_it_is_released(scene: AgedLake, dataset: str) -> None:
    held = scene.part(300, dataset=dataset)
    scene.part(300, dataset=dataset, region="us-east-1")
    scene.part(301, dataset=dataset)
    hold = scene.hold(regions=(HANGZHOU,), start_date=scene.day(300), end_date=scene.day(300))

    run = scene.enforce()
    assert scene.data() == [held]
    assert (run.partitions_held, run.partitions_deleted) == (1, 2)

    release_hold(scene.lake, hold.id, ADMIN, scene.now)
    scene.enforce()
    assert scene.data() == []


def test_a_hold_on_an_account_keeps_the_partitions_that_it_has_events_in(scene: AgedLake) -> None:
    scene.hold(accounts=("2",))
    kept = [
        scene.compacted(300, accounts=("1", "2")),
        scene.part(301, accounts=("1", "2")),
        # More accounts than the manifest names: the rows are read.
        scene.compacted(302, accounts=("1", "2"), named=None),
        # Compacted without it, but it came later.
        scene.compacted(303, accounts=("1",)),
        scene.part(303, accounts=("2", None), name="late"),
    ]
    scene.compacted(304, accounts=("1",))
    scene.part(305, accounts=("1", None))
    scene.compacted(306, accounts=("1", "3"), named=None)

    run = scene.enforce()

    assert scene.data() == sorted(kept)
    assert (run.partitions_held, run.partitions_deleted) == (4, 3)


def test_a_hold_on_an_account_and_a_region_wants_both(scene: AgedLake) -> None:
    scene.hold(accounts=("2",), regions=("us-east-1",))
    scene.part(300, accounts=("2",))
    kept = scene.part(300, accounts=("2",), region="us-east-1")
    scene.part(300, accounts=("1",), region="eu-west-1")

    scene.enforce()

    assert scene.data() == [kept]


def test_where_the_accounts_cannot_be_told_a_partition_stays(scene: AgedLake) -> None:
    scene.hold(accounts=("2",))
    damaged = scene.part(300, accounts=("1",))
    with scene.ago(300):
        scene.lake.put(damaged, b"damaged")
    scene.part(301, accounts=("1",))

    run = scene.enforce()

    assert scene.data() == [damaged]
    assert run.left_alone[0]["name"] == damaged.rpartition("/")[0] + "/"
    assert "no Parquet object" in run.left_alone[0]["reason"]


def test_only_one_column_is_read_to_tell_the_accounts(scene: AgedLake) -> None:
    scene.hold(accounts=("2",))
    key = scene.part(300, accounts=("1",))
    read: list[tuple[str, str]] = []
    scene.lake.before_call = lambda *call: read.append(call)  # type: ignore[method-assign]

    scene.enforce()

    assert ("range", key) in read
    assert ("get", key) not in read


def test_a_hold_that_comes_while_the_run_is_at_work_counts(scene: AgedLake) -> None:
    keys = [scene.part(age) for age in (300, 301)]
    scene.on("create", RECORDS, lambda: scene.hold(regions=(HANGZHOU,)))

    run = scene.enforce()

    # The first was on record already and went.
    assert len(scene.data()) == 1
    assert scene.data()[0] in keys
    assert (run.partitions_deleted, run.partitions_held) == (1, 1)


def test_a_hold_that_comes_after_the_announcement_is_in_time(scene: AgedLake) -> None:
    key = scene.part(300)
    scene.on("create", PENDING, lambda: scene.hold(regions=(HANGZHOU,)))

    scene.enforce()

    assert scene.data() == [key]
    assert records(scene) == scene.keys(PENDING) == []


def test_a_hold_between_two_halves_of_a_deletion_keeps_the_rest_and_says_so(scene: AgedLake) -> None:
    """The first run was cut off: what is left of the partition is held before the next one."""
    scene.compacted(300)
    late = scene.part(300, name="zz-late")
    scene.on("delete", late, lambda: (_ for _ in ()).throw(StorageUnavailable("gone away")))
    with pytest.raises(StorageUnavailable):
        scene.enforce()
    hold = scene.hold(regions=(HANGZHOU,))

    run = scene.enforce()

    assert scene.data() == [late]
    assert run.partitions_held == 2  # what is left of it is a partition that has expired, as any
    kept = [record for record in records(scene) if "kept" in record]
    assert [(record["reason"], record["kept"]) for record in kept] == [(f"hold {hold.id}", [late])]
    assert scene.keys(PENDING) == []
    assert read_manifest(scene.lake, manifest_of(scene, 300)) is None


def test_days_that_are_raised_between_two_halves_of_a_deletion_keep_the_rest(scene: AgedLake) -> None:
    for name in ("a", "b"):
        scene.part(300, name=name)
    scene.on("delete", scene.data()[-1], lambda: (_ for _ in ()).throw(StorageUnavailable("gone away")))
    with pytest.raises(StorageUnavailable):
        scene.enforce()
    left = scene.data()
    assert len(left) == 1
    scene.settings(age=0, days=3650)

    scene.enforce()

    assert scene.data() == left
    assert scene.keys(PENDING) == []
    assert [(record["reason"], record["kept"]) for record in records(scene) if "kept" in record] == [
        ("kept for 3650 days", left)
    ]


@pytest.mark.parametrize("field", ["objects", "record"])
def test_an_announcement_reaches_nothing_outside_of_its_partition(scene: AgedLake, field: str) -> None:
    old, young = scene.part(300), scene.part(3)
    scene.on("delete", old, lambda: (_ for _ in ()).throw(StorageUnavailable("gone away")))
    with pytest.raises(StorageUnavailable):
        scene.enforce()
    (pending,) = scene.keys(PENDING)
    announced = msgspec.json.decode(scene.lake.objects[pending][0])
    if field == "objects":
        announced["objects"][0] |= {"key": young, "etag": scene.lake.objects[young][1].etag}
    else:
        announced["record"] = "events/x"
    scene.lake.put(pending, msgspec.json.encode(announced))

    run = scene.enforce()

    assert scene.data() == sorted([old, young])
    assert {each["name"] for each in run.left_alone} == {old.rpartition("/")[0] + "/"}
    assert "events/x" not in scene.lake.objects


# Never by mistake


def refuse(scene: AgedLake, error: type[Exception] = RetentionRefused) -> None:
    """The run ends with an error, says why, and has deleted nothing."""
    before = {key for key in scene.lake.objects if key != LAST_RUN}, set(scene.landing.objects)
    with pytest.raises(error):
        scene.enforce()
    assert ({key for key in scene.lake.objects if key != LAST_RUN}, set(scene.landing.objects)) == before
    run = read_last_run(scene.lake)
    assert run is not None
    assert run.state == "refused"
    assert run.reason


def everything_old(scene: AgedLake) -> None:
    scene.part(300)
    scene.landed("log", committed=100)


@pytest.mark.parametrize("hours", [-2, 2, 24 * 365 * 10, -24 * 365 * 10])
def test_clocks_that_disagree_delete_nothing(scene: AgedLake, hours: int) -> None:
    everything_old(scene)
    scene.now += timedelta(hours=hours)

    refuse(scene)


def test_clocks_a_little_apart_are_clocks(scene: AgedLake) -> None:
    everything_old(scene)
    scene.now += timedelta(minutes=50)

    assert scene.enforce().partitions_deleted == 1


@pytest.mark.parametrize("key", [SETTINGS, f"{HOLDS}20260101T000000-00000000.json", f"{HOLDS}x"])
def test_settings_or_holds_that_cannot_be_read_delete_nothing(scene: AgedLake, key: str) -> None:
    everything_old(scene)
    scene.lake.put(key, b"damaged")

    refuse(scene, ObjectUnreadable)


def test_settings_that_were_there_and_are_gone_are_no_defaults(scene: AgedLake) -> None:
    """Someone removed the object that said to keep ten years."""
    key = scene.part(300)
    scene.settings(days=3650)
    scene.enforce()
    del scene.lake.objects[SETTINGS]

    for _ in range(2):
        refuse(scene)

    scene.settings(age=0, days=3650)
    scene.enforce()
    assert scene.data() == [key]


@pytest.mark.parametrize("prefix", [HOLDS, SETTINGS])
def test_a_store_that_does_not_give_what_decides_lets_nothing_be_deleted(scene: AgedLake, prefix: str) -> None:
    everything_old(scene)

    def fail(operation: str, key: str) -> None:
        if operation in ("list", "open") and key.startswith(prefix):
            raise StorageUnavailable("no answer")

    scene.lake.before_call = fail  # type: ignore[method-assign]
    refuse(scene, StorageUnavailable)


def test_a_listing_that_breaks_off_deletes_nothing_of_its_partition(scene: AgedLake) -> None:
    broken, whole = scene.part(301), scene.part(300)
    prefix = broken.rpartition("/")[0] + "/"

    def fail(operation: str, key: str) -> None:
        if (operation, key) == ("list", prefix):
            raise StorageUnavailable("no answer")

    scene.lake.before_call = fail  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable, match="could not be deleted: 1"):
        scene.enforce()

    assert scene.data() == [broken]
    assert whole not in scene.data()
    run = read_last_run(scene.lake)
    assert run is not None
    assert (run.state, run.failures, run.partitions_deleted) == ("failed", 1, 1)
    assert run.left_alone == [{"name": prefix, "reason": "no answer"}]


def test_a_run_without_time_says_that_more_is_to_do_and_the_next_one_does_it(scene: AgedLake) -> None:
    keys = [scene.part(age) for age in range(300, 310)]
    asked = iter(range(100))

    run = scene.enforce(out_of_time=lambda: next(asked) > 3)

    assert run.state == "unfinished"
    assert 0 < len(scene.data()) < len(keys)
    assert scene.enforce().state == "succeeded"
    assert scene.data() == []
    assert len(records(scene)) == len(keys)


def test_a_second_run_has_nothing_to_do(scene: AgedLake) -> None:
    everything_old(scene)
    scene.enforce()
    before = dict(scene.lake.objects)

    run = scene.enforce()

    assert (run.partitions_deleted, run.objects_deleted, run.landing_objects_deleted) == (0, 0, 0)
    assert {key for key in scene.lake.objects if key != LAST_RUN} == {key for key in before if key != LAST_RUN}


def test_two_runs_at_once_delete_once_and_record_once(scene: AgedLake) -> None:
    for age in (300, 301, 302):
        scene.compacted(age)
    inner: list[int] = []

    def interleave() -> None:
        inner.append(scene.enforce(run="second").partitions_deleted)

    scene.on("create", RECORDS, interleave)
    outer = scene.enforce(run="first")

    assert scene.data() == scene.keys(PENDING) == scene.keys("state/partitions/") == []
    deleted = [each["key"] for record in records(scene) for each in record["objects"]]
    assert len(deleted) == len(set(deleted)) == 3
    assert outer.objects_deleted + sum(inner) >= 3


def test_the_last_run_is_kept(scene: AgedLake) -> None:
    scene.part(300)
    run = scene.enforce(run="abc")

    assert read_last_run(scene.lake) == run
    assert (run.id, run.started_at, run.finished_at) == ("abc", scene.now, scene.now)
    assert run.terms is not None
    assert run.terms.days == 180


def test_a_damaged_last_run_is_written_anew(scene: AgedLake) -> None:
    scene.lake.put(LAST_RUN, b"damaged")

    assert scene.enforce().state == "succeeded"


def test_nothing_at_all_is_fine(scene: AgedLake) -> None:
    assert scene.enforce().counts() == dict.fromkeys(scene.enforce().counts(), 0)
