"""A stream is what a full scan in plain Python finds: in order, each event once, from any place to any other."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.living_lake import DAY, MIDNIGHT, REGIONS, SECOND, LivingLake, Record, make_record, records
from tests.unit.search_lake import Life, Told, asking, event_of, live, lives, matchings, settled_lake
from tests.unit.strategies import make_event, store
from trailkeep.errors import StorageUnavailable
from trailkeep.events.timestamps import to_micros
from trailkeep.lake import compacted, parquet
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lake.parts import Reading
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.page import visible_before
from trailkeep.schema import EVENTS as SCHEMA
from trailkeep.search import merging, reading_ahead
from trailkeep.search.matching import Matching
from trailkeep.search.stream import Stream

Row = tuple[int, bytes, str]
Clock = Callable[[], bool]


def never() -> bool:
    return False


def always() -> bool:
    return True


def as_of(lake: LivingLake) -> datetime:
    return visible_before(to_micros(lake.now))


def begin(
    lake: LivingLake,
    asked: Matching,
    reading: Reading,
    *,
    behind: Position | None = None,
    clock: Clock = never,
    columns: tuple[str, ...] = ("event",),
    is_indexed: bool = True,
    most: int | None = None,
    moment: datetime | None = None,
) -> Stream:
    now = lake.now if is_indexed else None
    return Stream(lake.lake, asked, moment or as_of(lake), behind, columns, reading, clock, now=now, most=most)


def rows_in(tables: Iterator[pa.Table]) -> list[Row]:
    found: list[Row] = []
    for table in tables:
        assert 0 < table.num_rows <= merging.MOST_ROWS
        times = table.column("event_time").cast(pa.int64()).to_pylist()
        found += zip(times, table.column("uid").to_pylist(), table.column("event").to_pylist(), strict=True)
    return found


def streamed(lake: LivingLake, asked: Matching, **how: object) -> list[Row]:
    """All rows, of a lake in which everything can be read."""
    reading = Reading()
    found = begin(lake, asked, reading, **how)  # type: ignore[arg-type]
    rows = rows_in(found)
    assert reading.failures == []
    assert found.stopped_at is None
    return rows


def small(rows: int = 3, held: int = 2) -> pytest.MonkeyPatch:
    """So that few events are many tables, and few stretches too many to be held at once."""
    patch = pytest.MonkeyPatch()
    patch.setattr(merging, "MOST_ROWS", rows)
    patch.setattr(merging, "_LEAST_ROWS", held)
    patch.setattr(reading_ahead, "AHEAD_BYTES", 1)
    return patch


@settings(max_examples=150, deadline=None)
@given(lives, st.lists(matchings(), min_size=1, max_size=4), st.booleans())
def test_any_question_after_any_life(life: Life, questions: list[Matching], is_indexed: bool) -> None:
    lake = LivingLake()
    told = live(lake, life)

    for asked in questions:
        assert streamed(lake, asked, is_indexed=is_indexed) == told.answer(asked)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(records(), min_size=1, max_size=60), min_size=1, max_size=3),
    st.lists(matchings(), min_size=1, max_size=5),
    st.integers(1, 9),
    st.integers(1, 40),
)
def test_any_question_of_a_lake_at_rest(
    batches: list[list[Record]], questions: list[Matching], rows: int, held: int
) -> None:
    lake, told = settled_lake(*batches)

    patch = small(rows, held)
    try:
        for asked in questions:
            assert streamed(lake, asked) == told.answer(asked)
    finally:
        patch.undo()


@settings(max_examples=80, deadline=None)
@given(lives, matchings(), st.integers(0, 6) | st.randoms(use_true_random=False), st.booleans())
def test_stopping_at_any_moment_and_going_on(
    life: Life, asked: Matching, moment: int | random.Random, is_indexed: bool
) -> None:
    """Streams may be short, or empty, but together they are whole, and there is an end."""
    lake = LivingLake()
    told = live(lake, life)
    expected = told.answer(asked)
    found: list[Row] = []
    behind: Position | None = None

    def clock() -> Clock:
        left = iter(range(moment.randint(0, 6) if isinstance(moment, random.Random) else moment))
        return lambda: next(left, None) is None

    patch = small()
    try:
        for _ in range(len(expected) + 5 * len(life) + 10):
            part = begin(lake, asked, Reading(), behind=behind, clock=clock(), is_indexed=is_indexed)
            found += rows_in(part)
            if part.stopped_at is None:
                break
            assert part.stopped_at != behind, "a stream that does not advance would be begun again for ever"
            nearer = [
                row for row in expected if row[0] != part.reached and asked.newest_first == (row[0] > part.reached)
            ]
            assert found[: len(nearer)] == nearer
            behind = part.stopped_at
        else:
            pytest.fail("there is no end")
    finally:
        patch.undo()

    assert found == expected


@settings(max_examples=80, deadline=None)
@given(lives, matchings(), st.data(), st.booleans())
def test_going_on_behind_any_event(life: Life, asked: Matching, data: st.DataObject, is_indexed: bool) -> None:
    lake = LivingLake()
    expected = live(lake, life).answer(asked)
    place = data.draw(st.integers(0, len(expected)))
    behind = Position(*expected[place - 1][:2]) if place else None
    most = data.draw(st.none() | st.integers(1, 5))

    part = begin(lake, asked, Reading(), behind=behind, is_indexed=is_indexed, most=most)

    rest = expected[place:]
    assert rows_in(part) == (rest if most is None else rest[:most])
    if most is not None and len(rest) >= most:
        assert part.stopped_at == Position(*rest[most - 1][:2])
    else:
        assert part.stopped_at is None


@settings(max_examples=40, deadline=None)
@given(st.lists(records(), min_size=1, max_size=40), st.lists(records(), max_size=5), matchings(), st.data())
def test_a_damaged_index_changes_nothing(
    batch: list[Record], late: list[Record], asked: Matching, data: st.DataObject
) -> None:
    lake, told = settled_lake(batch)
    if late:
        lake.deliver(late)
        told.records[EVENTS] += late
    for key in sorted(key for key in lake.bucket.objects if key.startswith("index/")):
        body = bytearray(lake.bucket.objects[key][0])
        how = data.draw(st.sampled_from(["whole", "flip", "cut", "gone"]))
        if how == "gone":
            del lake.bucket.objects[key]
        elif how != "whole":
            place = data.draw(st.integers(0, len(body) - 1))
            body[place] ^= 1
            lake.bucket.put(key, bytes(body) if how == "flip" else bytes(body[:place]))

    assert streamed(lake, asked) == told.answer(asked)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(records(), min_size=1, max_size=40),
    st.lists(st.lists(records(), min_size=1, max_size=8), max_size=3),
    st.lists(matchings(), min_size=1, max_size=3),
)
def test_an_index_that_names_what_is_gone_changes_nothing(
    batch: list[Record], late: list[list[Record]], questions: list[Matching]
) -> None:
    """By a clock that is behind, an old index is trusted, whose objects are replaced and deleted."""
    lake, told = settled_lake(batch)
    published = lake.now
    for each in late:
        lake.deliver(each)
        told.records[EVENTS] += each
    lake.compact()
    lake.wait(minutes=90)
    lake.compact()

    for asked in questions:
        found = Stream(lake.lake, asked, as_of(lake), None, ["event"], Reading(), now=published)
        assert rows_in(found) == told.answer(asked)


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_first_object_that_an_index_names_may_be_gone_as_any_other(newest_first: bool) -> None:
    """Which is seen before anything was read, when its footer is looked for."""
    lake, _ = settled_lake([make_record(1, MIDNIGHT)])
    published = lake.now
    lake.deliver([make_record(2, MIDNIGHT + SECOND)])
    lake.compact()
    lake.wait(minutes=90)
    lake.compact()

    asked = asking("*", start=MIDNIGHT, end=MIDNIGHT + SECOND, newest_first=newest_first)
    found = Stream(lake.lake, asked, as_of(lake), None, ["event"], Reading(), now=published)
    assert [time for time, _, _ in rows_in(found)] == [MIDNIGHT]


@settings(max_examples=40, deadline=None)
@given(lives, st.lists(records(), min_size=1, max_size=10), matchings(), st.booleans(), st.booleans())
def test_what_comes_later_is_not_seen(
    life: Life, late: list[Record], asked: Matching, is_indexed: bool, is_compacted: bool
) -> None:
    lake = LivingLake()
    expected = live(lake, life).answer(asked)
    moment = as_of(lake)
    lake.wait(seconds=2)
    lake.deliver(late)
    if is_compacted:
        lake.compact()

    found = begin(lake, asked, Reading(), moment=moment, is_indexed=is_indexed)

    assert rows_in(found) == expected


def test_tables_say_where_each_event_stands_and_what_else_was_asked_for() -> None:
    lake, told = settled_lake([make_record(number, MIDNIGHT + number) for number in range(40)])
    columns = ("event_name", "resource_names", "delivered_at", "region", "event_name")

    (table,) = begin(lake, asking("event.eventName: *"), Reading(), columns=columns)

    assert table.column_names == [
        "event_time", "uid", "region", "dataset", "event_name", "resource_names", "delivered_at"
    ]  # fmt: skip
    assert table.schema == begin(lake, asking("*"), Reading(), columns=columns).schema
    assert table.schema.field("resource_names").type == SCHEMA.field("resource_names").type
    events = {event.uid: event for event in map(event_of, told.records[EVENTS])}
    for row in table.to_pylist():
        event = events[row["uid"]]
        assert (row["region"], row["dataset"], row["event_name"]) == (event.region, EVENTS, event.event_name)
        assert row["resource_names"] == list(event.resource_names)


def test_tables_are_of_moderate_size_however_large_events_are() -> None:
    lake = LivingLake()
    for start in range(0, 30, 10):
        batch = [make_record(number, MIDNIGHT + number) for number in range(start, start + 10)]
        lake.deliver(
            [
                {**record, "requestParameters": {"long": "x" * 1_000 * (number % 3)}}
                for number, record in enumerate(batch)
            ]
        )
    patch = pytest.MonkeyPatch()
    patch.setattr(merging, "MOST_BYTES", 2_500)
    try:
        tables = list(begin(lake, asking("*"), Reading()))
    finally:
        patch.undo()

    assert sum(map(len, tables)) == 30
    assert all(len(table) == 1 or table.nbytes <= 2_500 for table in tables)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("query", ["*", "event.requestParameters.number > 100", "eventName: ListUsers"])
def test_objects_of_many_row_groups(newest_first: bool, query: str) -> None:
    """Some within the window, some across its edges; of one moment, more events than a row group has."""
    patch = pytest.MonkeyPatch()
    patch.setattr(compacted, "ROW_GROUP_ROWS", 128)
    try:
        times = [MIDNIGHT + max(0, number - 200) // 3 * SECOND for number in range(900)]
        batch = [make_record(number, time) for number, time in enumerate(times)]
        lake, told = settled_lake([{**record, "acsRegion": "cn-hangzhou"} for record in batch])
    finally:
        patch.undo()

    for start, end in ((0, 300), (50, 60), (0, 1), (232, 233)):
        asked = asking(query, newest_first=newest_first, start=MIDNIGHT + start * SECOND, end=MIDNIGHT + end * SECOND)
        assert streamed(lake, asked) == told.answer(asked)
        assert streamed(lake, asked, is_indexed=False) == told.answer(asked)


def three_days(*, is_compacted: bool) -> tuple[LivingLake, Told, str]:
    """A lake of three dates of one region, what of it is told without the middle one, and the key of that."""
    lake = LivingLake()
    batches = [
        [{**make_record(number, MIDNIGHT + day * DAY + number), "acsRegion": "cn-hangzhou"} for number in range(30)]
        for day in (-1, 0, 1)
    ]
    for batch in batches:
        lake.deliver(batch)
    if is_compacted:
        lake.wait(hours=2)
        lake.compact()
        lake.wait(hours=2)
        lake.compact()
    (key,) = [key for key in lake.bucket.objects if key.startswith("events/") and "date=2026-03-09" in key]
    return lake, Told({EVENTS: batches[0] + batches[2], INSIGHTS: []}), key


@pytest.mark.parametrize("query", ["*", "event.requestParameters.number > 7", "user: alice"])
@pytest.mark.parametrize("how", ["footer", "cut", "other"])
@pytest.mark.parametrize("is_compacted", [True, False])
def test_a_damaged_object_is_named_and_the_others_are_given(is_compacted: bool, how: str, query: str) -> None:
    lake, told, damaged = three_days(is_compacted=is_compacted)
    body = bytearray(lake.bucket.objects[damaged][0])
    body[-6] ^= 255  # of the length of the footer
    bodies = {"footer": bytes(body), "cut": bytes(body[: len(body) // 2]), "other": b"PAR1 no more"}
    lake.bucket.put(damaged, bodies[how])
    lake.wait(seconds=2)

    reading = Reading()
    rows = rows_in(begin(lake, asking(query), reading))

    assert [failure["object"] for failure in reading.failures] == [damaged]
    assert rows == told.answer(asking(query))


def test_a_damaged_page_of_originals_is_noticed() -> None:
    lake, told, damaged = three_days(is_compacted=True)
    body = bytearray(lake.bucket.objects[damaged][0])
    group = pq.read_metadata(io.BytesIO(body)).row_group(0)
    chunk = group.column(group.num_columns - 1)
    body[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 1
    lake.bucket.put(damaged, bytes(body))

    for query in ("event.requestParameters.number > 7", "user: alice"):
        reading = Reading()
        assert rows_in(begin(lake, asking(query), reading)) == told.answer(asking(query))
        assert [failure["object"] for failure in reading.failures] == [damaged]


@pytest.mark.parametrize("query", ["*", "event.requestParameters.number > 7", "user: alice"])
def test_an_object_that_would_take_too_much_memory_is_not_read(query: str) -> None:
    for is_compacted in (True, False):
        lake, _, _ = three_days(is_compacted=is_compacted)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parquet, "MOST_DECODED_BYTES", 100)
            reading = Reading()
            assert rows_in(begin(lake, asking(query), reading)) == []
        assert len(reading.failures) == 3


def test_an_object_of_which_several_stretches_cannot_be_read_is_named_once() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compacted, "ROW_GROUP_ROWS", 8)
        lake, _, damaged = three_days(is_compacted=True)
    assert pq.read_metadata(io.BytesIO(lake.bucket.objects[damaged][0])).num_row_groups > 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "MOST_DECODED_BYTES", 100)
        reading = Reading()
        rows_in(begin(lake, asking("*"), reading))
    assert len(reading.failures) == 3


def test_an_event_that_cannot_be_read_hides_no_other() -> None:
    lake = LivingLake()
    events = [make_event(number, event_time=MIDNIGHT + number) for number in range(5)]
    events[2] = make_event(2, event_time=MIDNIGHT + 2, event='{"eventId":"id-2"')
    (key,) = store(lake.bucket, events)
    lake.wait(seconds=2)

    reading = Reading()
    rows = rows_in(begin(lake, asking("event.eventId: id-*"), reading))

    assert [time - MIDNIGHT for time, _, _ in rows] == [4, 3, 1, 0]
    assert [failure["object"] for failure in reading.failures] == [key]


def test_a_part_that_expires_meanwhile_is_no_failure() -> None:
    lake = LivingLake()
    keys = [store(lake.bucket, [make_event(n, event_time=MIDNIGHT + n)], f"part-{n}")[0] for n in range(2)]
    lake.wait(seconds=2)
    lake.bucket.before_call = lambda operation, key: operation == "get" and lake.bucket.objects.pop(keys[0], None)  # type: ignore[method-assign,assignment,return-value]

    reading = Reading()
    rows = rows_in(begin(lake, asking("*"), reading, is_indexed=False))

    assert len(rows) == 1
    assert reading.failures == []


def test_no_more_originals_are_read_than_are_needed() -> None:
    dice = random.Random(7)
    batch = [
        {
            **make_record(number, MIDNIGHT + number * SECOND),
            "acsRegion": "cn-hangzhou",
            "more": dice.randbytes(2_000).hex(),
        }
        for number in range(1_500)
    ]
    lake, told = settled_lake(batch)
    size = sum(len(body) for key, (body, _) in lake.bucket.objects.items() if key.startswith("events/"))

    def read(query: str, columns: tuple[str, ...], most: int | None = None) -> int:
        reading = Reading()
        tables = list(begin(lake, asking(query), reading, columns=columns, most=most))
        assert sum(map(len, tables)) == len(told.answer(asking(query))[:most])
        return reading.bytes

    assert read("user: alice and not region: mars", ("user_name",)) < size / 10
    assert read("eventId: id-700", ("event",)) < size / 5
    assert read("*", ("event",), most=3) < size / 5
    assert read("event.more: none", ("event",)) > size / 2


def test_a_store_that_does_not_answer_is_no_end() -> None:
    lake, _ = settled_lake([make_record(number, MIDNIGHT + number) for number in range(30)])

    def fail(operation: str, key: str) -> None:
        if operation == "range":
            raise StorageUnavailable("the object store did not answer")

    lake.bucket.before_call = fail  # type: ignore[method-assign]
    for is_indexed in (True, False):
        with pytest.raises(StorageUnavailable):
            rows_in(begin(lake, asking("*"), Reading(), is_indexed=is_indexed))


def test_columns_that_are_none_are_refused() -> None:
    with pytest.raises(KeyError):
        begin(LivingLake(), asking("*"), Reading(), columns=("event", "nothing"))


def test_an_empty_window_and_an_empty_lake_have_nothing() -> None:
    lake = LivingLake()
    for asked in (
        asking("*"),
        asking("*", start=MIDNIGHT, end=MIDNIGHT),
        asking("*", start=MIDNIGHT, end=MIDNIGHT - 1),
    ):
        assert streamed(lake, asked) == []


def test_regions_that_a_token_may_not_see_are_not_looked_into() -> None:
    lake, _ = settled_lake([make_record(number, MIDNIGHT + number) for number in range(30)])
    reading = Reading()

    rows_in(begin(lake, asking("*", regions=(REGIONS[1],)), reading))

    assert all(f"region={REGIONS[1]}/" in prefix for prefix in reading.partitions)


def test_a_stream_that_is_closed_reads_nothing_more() -> None:
    lake = LivingLake()
    for number in range(40):
        lake.deliver([{**make_record(number, MIDNIGHT - number * SECOND), "acsRegion": "cn-hangzhou"}])
    patch = small(rows=1, held=1)
    try:
        with begin(lake, asking("*"), Reading(), is_indexed=False) as found:
            next(found)
        read: list[str] = []
        lake.bucket.before_call = lambda operation, key: read.append(key)  # type: ignore[method-assign]
        assert list(found) == []
    finally:
        patch.undo()
    assert read == []
