"""The work on an export as a job: all rows in files, gone on with where it broke off, and told what is missing."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.memory_bucket import NOW, MemoryBucket
from tests.unit.strategies import make_event, store
from trailkeep.access.principal import Principal
from trailkeep.errors import StorageUnavailable
from trailkeep.events.event import Event
from trailkeep.events.timestamps import format_time, to_micros
from trailkeep.exports import course as course_module
from trailkeep.exports import files as files_module
from trailkeep.exports.columns import WHOLE
from trailkeep.exports.export import Selected, run_export
from trailkeep.jobs.job import Job
from trailkeep.jobs.lifecycle import MOST_ATTEMPTS
from trailkeep.jobs.runner import Progress, run
from trailkeep.jobs.store import JobStore
from trailkeep.lake.parts import Lake
from trailkeep.lookup.operator_view import operator_row
from trailkeep.search import merging
from trailkeep.sql.results import json_rows
from trailkeep.sql.statement import parse_statement

WHO = Principal("TokenOfAuditor", "auditor", frozenset({"download"}))
HOUR = 3_600_000_000
START = to_micros(NOW) - 24 * HOUR


def event(number: int, **fields: Any) -> Event:
    """Events a minute apart, from a day before on; their originals have line breaks, and what looks like a formula."""
    original = json.dumps({"eventId": f"id-{number}", "eventName": "x", "n": "=1\n"}, indent=1)
    return make_event(number, event_time=START + number * 60_000_000, event=original, **fields)


class Office:
    """A lake, a store of jobs, a clock, and workers that come when they are called.

    The events stand ``at_once`` in one part, and are given part by part.
    """

    def __init__(self, count: int, at_once: int = 7, selected: Selected | None = None) -> None:
        self.bucket = MemoryBucket()
        for start in range(0, count, at_once):
            self.stand([event(number) for number in range(start, min(count, start + at_once))], f"part-{start}")
        self.store = JobStore(self.bucket)
        self.selected = selected
        self.now = NOW

    def stand(self, events: list[Event], name: str, **dataset: str) -> None:
        """Let events stand in the lake, for an hour by now."""
        self.bucket.now = NOW - timedelta(hours=1)
        store(self.bucket, events, name, **dataset)
        self.bucket.now = NOW

    def asked(self, **body: Any) -> Job:
        request = {"lookup": {}, "format": "ndjson", **body}
        if "query" in body:
            del request["lookup"]
        return self.store.create("export", request, WHO, "download", self.now)

    def step(self, job: Job, out_of_time: Callable[[], bool] = lambda: False) -> Job:
        return run(self.store, job.id, {"export": self.work}, self.clock, out_of_time)

    def work(self, job: Job, progress: Progress) -> dict[str, Any]:
        return run_export(job, progress, Lake(self.bucket), self.now, select=self.select)

    def select(self, *_: Any) -> Selected:
        assert self.selected is not None, "no SQL was expected"
        return self.selected

    def clock(self) -> datetime:
        return self.now

    def finished(self, job: Job, out_of_time: Callable[[], bool] = lambda: False, most: int = 100) -> Job:
        for _ in range(most):
            job = self.step(job, out_of_time)
            if job.has_ended:
                return job
            self.now += timedelta(minutes=5)
        raise AssertionError("it does not end")

    def body(self, job: Job, file: dict[str, Any]) -> bytes:
        body = self.bucket.get(job.results + file["name"])
        assert (len(body), sha256(body).hexdigest()) == (file["bytes"], file["sha256"])
        return gzip.decompress(body) if file["name"].endswith(".gz") else body

    def ids(self, job: Job) -> list[str]:
        assert job.result is not None
        found = []
        for file in job.result["files"]:
            ids = [json.loads(line)["eventId"] for line in self.body(job, file).splitlines()]
            assert len(ids) == file["rows"]
            found += ids
        return found

    def manifest(self, job: Job) -> dict[str, Any]:
        assert job.result is not None
        document: dict[str, Any] = json.loads(self.body(job, job.result["manifest"]))
        return document

    @property
    def results(self) -> list[str]:
        return [stat.key.rpartition("/")[2] for stat in self.bucket.list("exports/").objects]


@pytest.fixture(autouse=True)
def _part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are given on as each part is read, and not some ten thousand at a time."""
    monkeypatch.setattr(merging, "_LEAST_ROWS", 1)


def newest_first(count: int) -> list[str]:
    return [f"id-{number}" for number in reversed(range(count))]


@contextmanager
def files_of(rows: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files_module, "FILE_ROWS", rows)
        yield


def after(calls: int) -> Callable[[], bool]:
    """Time that is up at the call with this number, once."""
    count = iter(range(1, 1_000_000))
    return lambda: next(count) == calls


def test_an_export_is_all_rows_in_the_order_of_the_query_with_a_manifest() -> None:
    office = Office(20)
    asked = office.asked(lookup={"startTime": "2026-03-09T00:00:00Z"}, gzip=True)

    with files_of(8):
        job = office.finished(asked)

    assert (job.state, job.error) == ("succeeded", None)
    assert office.ids(job) == newest_first(20)
    assert job.result is not None
    assert [(file["name"], file["rows"]) for file in job.result["files"]] == [
        ("part-00001.ndjson.gz", 8),
        ("part-00002.ndjson.gz", 8),
        ("part-00003.ndjson.gz", 4),
    ]
    assert (job.result["rows"], job.result["complete"], job.result["truncated"]) == (20, True, False)
    assert job.result["bytes"] == sum(file["bytes"] for file in job.result["files"])
    read = sum(stat.size for stat in office.bucket.list("events/").objects)
    assert (job.progress.fraction, job.progress.rows, job.progress.bytes) == (1.0, 20, read)
    assert office.manifest(job) == {
        "job": job.id,
        "request": asked.request,
        "createdBy": {"tokenId": "TokenOfAuditor", "name": "auditor"},
        "within": {"accounts": ["*"], "regions": ["*"]},
        "window": {"startTime": "2026-03-09T00:00:00Z", "endTime": "2026-03-10T12:00:00Z"},
        "asOf": "2026-03-10T11:59:59Z",
        "columns": ["event"],
        **{name: value for name, value in job.result.items() if name != "manifest"},
    }
    assert office.results == [
        "manifest.json",
        "part-00001.ndjson.gz",
        "part-00002.ndjson.gz",
        "part-00003.ndjson.gz",
    ]


def test_an_export_without_rows_is_one_file_and_a_manifest() -> None:
    office = Office(0)

    job = office.finished(office.asked(format="csv"))

    assert job.result is not None
    assert (job.result["rows"], job.result["complete"]) == (0, True)
    (file,) = job.result["files"]
    assert office.body(job, file).startswith(b'"region","dataset","uid"')


def test_the_rows_are_those_of_the_time_of_the_request_and_of_what_the_token_sees() -> None:
    office = Office(0)
    mine = [event(number) for number in range(4)]
    others = [event(10, account_id="2"), event(11, region="us-east-1"), event(12, user_name="bob")]
    office.stand([*mine, *others], "stood-already")
    who = Principal("t", "n", frozenset({"download"}), accounts=("1",), regions=("cn-hangzhou",))
    request = {"lookup": {"user": "alice", "direction": "FORWARD"}, "format": "ndjson"}
    job = office.store.create("export", request, who, "download", office.now)
    office.now += timedelta(hours=5)
    office.bucket.now = office.now
    store(office.bucket, [event(20)], "delivered-since")

    job = office.finished(job)

    assert office.ids(job) == [f"id-{number}" for number in range(4)]
    manifest = office.manifest(job)
    assert manifest["within"] == {"accounts": ["1"], "regions": ["cn-hangzhou"]}
    assert (manifest["window"]["endTime"], manifest["asOf"]) == ("2026-03-10T12:00:00Z", "2026-03-10T11:59:59Z")


def test_a_search_finds_insights_as_well() -> None:
    office = Office(5)
    office.stand([event(7, insight_type="IpInsight")], "insight", dataset="insights")

    job = office.finished(office.asked(query="event.eventName: x and not event.eventId: id-2"))

    assert office.ids(job) == ["id-7", "id-4", "id-3", "id-1", "id-0"]


@settings(max_examples=30)
@given(st.integers(0, 25), st.integers(1, 9), st.integers(1, 9), st.lists(st.integers(1, 12), max_size=6))
def test_in_however_many_steps_every_row_is_there_once(count: int, at_once: int, rows: int, stops: list[int]) -> None:
    office, remaining = Office(count, at_once), list(stops)

    with files_of(rows):
        job = office.asked()
        while not job.has_ended:
            job = office.step(job, after(remaining.pop()) if remaining else lambda: False)
            office.now += timedelta(minutes=5)

    assert office.ids(job) == newest_first(count)
    assert office.manifest(job)["rows"] == count
    assert office.bucket.uploads == {}
    assert len(office.results) == len(office.manifest(job)["files"]) + 1


def test_a_step_goes_on_behind_the_last_file_and_reads_nothing_before_it_again() -> None:
    office = Office(20, at_once=5)

    first = office.step(office.asked(), after(2))
    assert first.state == "running"
    (file,) = (first.checkpoint or {})["files"]
    assert 5 <= file["rows"] < 20
    read: list[str] = []
    office.bucket.before_call = lambda operation, key: read.append(key)  # type: ignore[method-assign]
    job = office.finished(first)
    del office.bucket.before_call

    assert office.ids(job) == newest_first(20)
    assert (job.result or {})["files"][0] == file
    assert len([key for key in read if key.endswith(".parquet")]) == (20 - file["rows"]) // 5


class Died(BaseException):
    """A worker that is gone: nothing of it is heard again."""


@contextmanager
def killed(bucket: MemoryBucket, at: int, *, behind: bool) -> Iterator[None]:
    """Let the worker die at its call with this number: before it, or behind it if that completes a file."""
    calls = iter(range(1, 1_000_000))
    complete, is_alive = bucket.complete_upload, True

    def before(operation: str, key: str) -> None:
        nonlocal is_alive
        is_alive = is_alive and (next(calls) != at or behind)
        if not is_alive:
            raise Died

    def completed(key: str, upload: str, etags: Sequence[str]) -> bool:
        nonlocal is_alive
        done = complete(key, upload, etags)
        is_alive = not behind or next(calls) <= at
        if not is_alive:
            raise Died
        return done

    with pytest.MonkeyPatch.context() as patch, suppress(Died):
        patch.setattr(bucket, "before_call", before)
        patch.setattr(bucket, "complete_upload", completed)
        yield


@pytest.mark.parametrize("at", range(1, 40))
@pytest.mark.parametrize("behind", [False, True])
def test_killed_at_any_call_to_the_store_it_ends_with_all_rows_once(at: int, behind: bool) -> None:
    office = Office(10, at_once=4)
    job = office.asked(gzip=True)

    with files_of(4):
        with killed(office.bucket, at, behind=behind):
            office.step(job)
        office.now += timedelta(minutes=5)
        job = office.finished(job)

    assert office.ids(job) == newest_first(10)
    assert [file["name"] for file in (job.result or {})["files"]] == [f"part-0000{n}.ndjson.gz" for n in (1, 2, 3)]
    assert len(office.results) == 4


def test_a_file_of_an_interrupted_run_with_other_rows_is_left_and_another_name_is_taken() -> None:
    """As where an object was damaged then and is whole now."""
    office = Office(10)
    job = office.asked()
    office.bucket.put(f"{job.results}part-00001.ndjson", b"other rows")

    job = office.finished(job)

    assert [file["name"] for file in (job.result or {})["files"]] == ["part-00001-2.ndjson"]
    assert office.ids(job) == newest_first(10)
    assert office.bucket.get(f"{job.results}part-00001.ndjson") == b"other rows"


def test_a_manifest_of_an_interrupted_run_is_replaced() -> None:
    office = Office(3)
    job = office.asked()
    office.bucket.put(f"{job.results}manifest.json", b"{}")

    assert office.manifest(office.finished(job))["rows"] == 3


# What could not be read


def damage(office: Office, name: str) -> str:
    """Make a part of the lake unreadable; gives its key."""
    (key,) = [stat.key for stat in office.bucket.list("events/").objects if stat.key.endswith(f"-{name}.parquet")]
    stat = office.bucket.stat(key)
    office.bucket.objects[key] = (b"no Parquet at all", stat)
    return key


def test_what_could_not_be_read_is_named_and_the_rest_is_there() -> None:
    office = Office(12, at_once=3)
    key = damage(office, "part-6")

    job = office.finished(office.asked(), after(2))

    assert office.ids(job) == [name for name in newest_first(12) if name not in ("id-6", "id-7", "id-8")]
    for told in (job.result or {}, office.manifest(job)):
        assert (told["complete"], told["failureCount"]) == (False, 1)
        assert [failure["object"] for failure in told["failures"]] == [key]


def test_of_very_many_failures_the_first_are_named_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course_module, "MOST_FAILURES", 3)
    office = Office(20, at_once=2)
    keys = {damage(office, f"part-{number}") for number in range(2, 20, 2)}

    told = office.manifest(office.finished(office.asked()))

    assert (told["rows"], told["complete"], told["failureCount"], len(told["failures"])) == (2, False, 9, 3)
    assert {failure["object"] for failure in told["failures"]} < keys


def test_a_store_that_does_not_answer_is_tried_again_and_leaves_no_half_file() -> None:
    office, failing = Office(10, at_once=2), [True]

    def unreachable(operation: str, key: str) -> None:
        if operation == "complete_upload" and failing and failing.pop():
            raise StorageUnavailable("the object store did not answer")

    office.bucket.before_call = unreachable  # type: ignore[method-assign]
    first = office.step(office.asked())
    assert (first.state, office.results, office.bucket.uploads) == ("running", [], {})

    assert office.ids(office.finished(first)) == newest_first(10)


def test_a_store_that_never_answers_is_the_end_of_it() -> None:
    office = Office(10)

    def unreachable(operation: str, key: str) -> None:
        if operation == "upload_part":
            raise StorageUnavailable("the object store did not answer")

    office.bucket.before_call = unreachable  # type: ignore[method-assign]
    job = office.asked()
    for _ in range(4 * MOST_ATTEMPTS):
        office.now += timedelta(hours=1)
        job = office.step(job)

    assert (job.state, job.error and job.error.code) == ("failed", "StorageUnavailable")
    assert office.results == []


def test_a_cancelled_export_leaves_nothing() -> None:
    office = Office(30, at_once=3)
    job, calls = office.asked(), iter(range(1000))

    def cancel_at_10() -> bool:
        if next(calls) == 5:
            office.now += timedelta(minutes=1)
            office.store.cancel(job.id, office.now)
        return False

    with files_of(4):
        job = office.step(job, cancel_at_10)

    assert job.state == "cancelled"
    assert (office.results, office.bucket.uploads) == ([], {})


def test_who_lost_the_job_to_another_stops_and_does_not_touch_what_that_one_wrote() -> None:
    office = Office(30, at_once=3)
    job, calls = office.asked(), iter(range(1000))

    def overtaken() -> bool:
        if next(calls) == 5:
            office.now += timedelta(minutes=30)
            office.finished(job)
        return False

    with files_of(4):
        last = office.step(job, overtaken)

    assert last.state == "succeeded"
    assert office.ids(last) == newest_first(30)
    assert len(office.results) == len((last.result or {})["files"]) + 1


# Formats and views


def rows_of(office: Office) -> pa.Table:
    """What stands in the lake, the oldest first."""
    keys = [stat.key for stat in office.bucket.list("events/").objects]
    table = pa.concat_tables([pq.read_table(io.BytesIO(office.bucket.get(key))) for key in keys])
    placed = {"region": ["cn-hangzhou"] * len(table), "dataset": ["events"] * len(table)}
    columns = {name: table[name] for name in table.column_names}
    return pa.table({**placed, **columns}).cast(WHOLE).sort_by([("event_time", "ascending")])


def test_parquet_has_all_columns_and_where_the_event_stood() -> None:
    office = Office(5)

    job = office.finished(office.asked(format="parquet", lookup={"direction": "FORWARD"}))

    (file,) = (job.result or {})["files"]
    read = pq.read_table(io.BytesIO(office.body(job, file)))
    assert read.schema.equals(WHOLE)
    assert read.equals(rows_of(office))
    assert office.manifest(job)["columns"] == WHOLE.names


def test_csv_has_the_columns_of_parquet_and_the_original_in_the_last() -> None:
    office = Office(5)

    job = office.finished(office.asked(format="csv", lookup={"direction": "FORWARD"}))

    (file,) = (job.result or {})["files"]
    rows = list(csv.DictReader(io.StringIO(office.body(job, file).decode(), newline=""), strict=True))
    stood = rows_of(office).to_pylist()
    assert list(rows[0]) == WHOLE.names
    assert [row["event"] for row in rows] == [row["event"] for row in stood]
    assert [(row["region"], row["dataset"], row["user_name"]) for row in rows] == [
        ("cn-hangzhou", "events", "alice")
    ] * 5
    assert [row["uid"] for row in rows] == [row["uid"].hex() for row in stood]
    assert [row["event_time"] for row in rows] == [format_time(row["event_time"]) for row in stood]


def test_json_is_the_originals_verbatim() -> None:
    office = Office(5)

    job = office.finished(office.asked(format="json", lookup={"direction": "FORWARD"}))

    (file,) = (job.result or {})["files"]
    events = rows_of(office)["event"].to_pylist()
    assert office.body(job, file).decode() == "[\n" + ",\n".join(events) + "\n]\n"


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_the_view_of_an_operator_is_that_of_the_lookup(form: str) -> None:
    office = Office(4)

    job = office.finished(office.asked(format=form, view="operator", lookup={"direction": "FORWARD"}))

    (file,) = (job.result or {})["files"]
    body = office.body(job, file)
    found = json.loads(body) if form == "json" else [json.loads(line) for line in body.splitlines()]
    assert found == [
        msgspec.to_builtins(operator_row(to_micros(row["event_time"]), row["event"]))
        for row in rows_of(office).to_pylist()
    ]
    assert list(found[0]) == office.manifest(job)["columns"]


# SQL


COUNTS = "* | select event_time as t, event_name as name, count(*) as n from log group by 1, 2"


def counts(*rows: tuple[int | None, str | None, int]) -> pa.Table:
    """Rows as running :data:`COUNTS` gives them."""
    kinds = {"t": pa.timestamp("us"), "name": pa.string(), "n": pa.int64()}
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return pa.table({name: pa.array(list(column), kinds[name]) for name, column in zip(kinds, columns, strict=True)})


def test_rows_of_sql_are_written_with_its_columns() -> None:
    office = Office(0, selected=Selected(counts((0, "=a", 1), (None, None, 2), (1, "b", 3)), False, []))

    with files_of(2):
        job = office.finished(office.asked(query=COUNTS, format="csv"))

    assert [office.body(job, file) for file in (job.result or {})["files"]] == [
        b'"t","name","n"\r\n"1970-01-01T00:00:00Z","\'=a",1\r\n,,2\r\n',
        b'"t","name","n"\r\n"1970-01-01T00:00:00.000001Z","b",3\r\n',
    ]
    told = office.manifest(job)
    assert (told["columns"], told["rows"], told["complete"]) == (["t", "name", "n"], 3, True)


def test_rows_of_sql_in_json_are_as_searches_answer_them() -> None:
    rows = counts((0, "=a", 2**60), (None, None, -1))
    expected = [{"t": "1970-01-01T00:00:00Z", "name": "=a", "n": 2**60}, {"t": None, "name": None, "n": -1}]
    office = Office(0, selected=Selected(rows, False, []))

    for form in ("json", "ndjson"):
        job = office.finished(office.asked(query=COUNTS, format=form))
        (file,) = (job.result or {})["files"]
        body = office.body(job, file)
        assert (json.loads(body) if form == "json" else list(map(json.loads, body.splitlines()))) == expected
    assert expected == [json.loads(row) for row in json_rows(parse_statement(COUNTS, COUNTS.index("|") + 1), rows)]


def test_rows_of_sql_in_parquet_have_its_types() -> None:
    office = Office(0, selected=Selected(counts((0, "a", 1)), False, []))

    job = office.finished(office.asked(query=COUNTS, format="parquet"))

    (file,) = (job.result or {})["files"]
    read = pq.read_table(io.BytesIO(office.body(job, file)))
    assert [(field.name, field.type) for field in read.schema] == [
        ("t", pa.timestamp("us", tz="UTC")),
        ("name", pa.string()),
        ("n", pa.int64()),
    ]


def test_sql_without_rows_is_a_file_without_rows() -> None:
    office = Office(0, selected=Selected(counts(), False, []))

    job = office.finished(office.asked(query=COUNTS, format="csv"))

    (file,) = (job.result or {})["files"]
    assert office.body(job, file) == b'"t","name","n"\r\n'


def test_sql_that_would_give_more_rows_is_visibly_incomplete() -> None:
    office = Office(0, selected=Selected(counts((0, "a", 1)), True, []))

    told = office.manifest(office.finished(office.asked(query=COUNTS, format="json")))

    assert (told["rows"], told["complete"], told["truncated"], told["failures"]) == (1, False, True, [])


def test_sql_over_objects_that_cannot_be_read_is_visibly_incomplete() -> None:
    failure = {"object": "events/x.parquet", "reason": "the object is damaged"}
    office = Office(0, selected=Selected(counts((0, "a", 1)), False, [failure, failure]))

    told = office.manifest(office.finished(office.asked(query=COUNTS, format="parquet")))

    assert (told["complete"], told["truncated"], told["failureCount"], told["failures"]) == (False, False, 1, [failure])


def test_other_rows_of_an_interrupted_run_of_sql_are_left_and_not_named() -> None:
    office = Office(0, selected=Selected(counts((0, "a", 1)), False, []))
    job = office.asked(query=COUNTS, format="csv")
    office.bucket.put(f"{job.results}part-00001.csv", b"other rows")

    job = office.finished(job)

    (file,) = (job.result or {})["files"]
    assert file["name"] == "part-00001-2.csv"
    assert office.body(job, file).endswith(b'"a",1\r\n')
