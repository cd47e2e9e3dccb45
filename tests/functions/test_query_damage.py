"""query_events: what cannot be read is named, and everything else is answered."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.functions.deployment import ALL_SCOPES, LAKE, Deployment
from tests.functions.events import as_array, make_event
from tests.functions.interruption import Fault, interrupted
from trailkeep.lake import parquet
from trailkeep.lake.storage import _client


@pytest.fixture
def lake(deployment: Deployment) -> Deployment:
    """Three sound parts in two partitions."""
    deployment.land_and_deliver("a.json", as_array([make_event("a")]))
    deployment.land_and_deliver("b.json", as_array([make_event("b", eventTime="2026-03-09T09:00:00Z")]))
    deployment.land_and_deliver("c.json", as_array([make_event("c", acsRegion="us-east-1")]))
    return deployment


def part_of(deployment: Deployment, event_id: str) -> str:
    for key in deployment.keys("events/"):
        if event_id in pq.read_table(io.BytesIO(deployment.body(key))).column("event_id").to_pylist():
            return key
    raise AssertionError(f"no part holds {event_id}")


def rewrite(change: Callable[[pa.Table], pa.Table]) -> Callable[[bytes], bytes]:
    def damage(body: bytes) -> bytes:
        sink = io.BytesIO()
        pq.write_table(change(pq.read_table(io.BytesIO(body))), sink)
        return sink.getvalue()

    return damage


def with_nulls(name: str) -> Callable[[bytes], bytes]:
    def change(table: pa.Table) -> pa.Table:
        place = table.column_names.index(name)
        return table.set_column(place, name, pa.nulls(len(table), table.column(name).type))

    return rewrite(change)


DAMAGES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("empty", lambda body: b""),
    ("words", lambda body: b"these are words"),
    ("magic alone", lambda body: b"PAR1PAR1"),
    ("no footer", lambda body: body[:-10]),
    ("half", lambda body: body[: len(body) // 2]),
    ("beginning lost", lambda body: body[100:]),
    ("footer of zeros", lambda body: body[:-200] + bytes(192) + body[-8:]),
    ("data of zeros", lambda body: body[:4] + bytes(len(body) // 2) + body[4 + len(body) // 2 :]),
    ("a column missing", rewrite(lambda table: table.drop_columns("uid"))),
    ("another table", rewrite(lambda table: pa.table({"x": [1, 2]}))),
    ("another type", rewrite(lambda table: table.set_column(0, "uid", pa.array(["x"] * len(table))))),
    ("times as text", rewrite(lambda table: table.set_column(1, "event_time", pa.array(["now"] * len(table))))),
    ("no identity", with_nulls("uid")),
    ("no time", with_nulls("event_time")),
    ("no event", with_nulls("event")),
]


@pytest.mark.parametrize("damage", [damage for _, damage in DAMAGES], ids=[name for name, _ in DAMAGES])
def test_a_damaged_part_is_named_and_the_rest_is_answered(lake: Deployment, damage: Callable[[bytes], bytes]) -> None:
    key = part_of(lake, "a")
    lake.s3.put_object(Bucket=LAKE, Key=key, Body=damage(lake.body(key)))
    lake.settle()

    answer = lake.get("/v1/events")

    assert (answer.status, answer.event_ids) == (200, ["b", "c"]), answer.text
    completeness = answer.body["completeness"]
    assert completeness["complete"] is False
    assert [failure["object"] for failure in completeness["failures"]] == [key]
    assert completeness["failures"][0]["reason"]
    assert lake.get("/v1/events/b").status == 200
    assert lake.get("/v1/events/a").body["code"] == "StorageUnavailable"


def test_a_part_that_would_fill_the_memory_is_named_and_not_read(
    lake: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a footer tells is looked at first: a few kilobytes may unpack to gigabytes."""
    key = part_of(lake, "a")
    sink = io.BytesIO()
    rows = pq.read_table(io.BytesIO(lake.body(key)))
    pq.write_table(pa.concat_tables([rows] * 2_000), sink, use_dictionary=False, compression="zstd")
    assert len(sink.getvalue()) < 100_000
    monkeypatch.setattr(parquet, "MOST_DECODED_BYTES", 100_000)
    lake.s3.put_object(Bucket=LAKE, Key=key, Body=sink.getvalue())
    lake.restart()
    lake.settle()

    answer = lake.get("/v1/events")

    assert sorted(answer.event_ids) == ["b", "c"]
    assert [failure["object"] for failure in answer.body["completeness"]["failures"]] == [key]
    assert not answer.body["completeness"]["complete"]


def test_an_empty_part_is_no_failure(lake: Deployment) -> None:
    key = part_of(lake, "a")
    lake.s3.put_object(Bucket=LAKE, Key=key, Body=rewrite(lambda table: table.slice(0, 0))(lake.body(key)))
    lake.settle()

    answer = lake.get("/v1/events", {"resourceName": "x", "resourceType!": "y", "sourceIpAddress!": "10.0.0.0/8"})
    assert answer.status == 200
    answer = lake.get("/v1/events")
    assert (answer.event_ids, answer.body["completeness"]["complete"]) == (["b", "c"], True)


def test_a_part_with_more_columns_than_ours_is_read(lake: Deployment) -> None:
    """A later version may add columns; this one still answers."""
    key = part_of(lake, "a")
    more = rewrite(lambda table: table.append_column("more", pc.add(pa.array(range(len(table))), 1)))
    lake.s3.put_object(Bucket=LAKE, Key=key, Body=more(lake.body(key)))
    lake.settle()

    assert sorted(lake.get("/v1/events").event_ids) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "name",
    ["README.txt", "part-0001.parquet", "_SUCCESS", "1-2-x.parquet", "sub/1773043200000000-1773043200000000-x.parquet"],
)
def test_a_foreign_object_in_a_partition_is_named_and_the_rest_is_answered(lake: Deployment, name: str) -> None:
    key = f"events/region=cn-hangzhou/date=2026-03-09/{name}"
    lake.s3.put_object(Bucket=LAKE, Key=key, Body=b"foreign")
    lake.settle()

    answer = lake.get("/v1/events")

    assert sorted(answer.event_ids) == ["a", "b", "c"]
    assert answer.body["completeness"]["complete"] is False
    assert [failure["object"] for failure in answer.body["completeness"]["failures"]] == [key]


@pytest.mark.parametrize(
    "key",
    [
        "events/readme",
        "events/region=../x",
        "events/region=UP/date=2026-03-09/x",
        "events/region=cn-hangzhou/date=today/x.parquet",
        "events/other/x",
    ],
)
def test_foreign_prefixes_are_no_partitions(lake: Deployment, key: str) -> None:
    lake.s3.put_object(Bucket=LAKE, Key=key, Body=b"foreign")
    lake.settle()

    assert sorted(lake.get("/v1/events").event_ids) == ["a", "b", "c"]


def test_a_part_that_expires_while_it_is_asked_for_is_not_missed(lake: Deployment) -> None:
    key = part_of(lake, "a")
    seen_by_functions = _client().meta.events

    def vanish(parsed: dict[str, Any], **_: object) -> None:
        if key in [item["Key"] for item in parsed.get("Contents", [])]:
            lake.s3.delete_object(Bucket=LAKE, Key=key)

    seen_by_functions.register("after-call.s3.ListObjectsV2", vanish)
    try:
        answer = lake.get("/v1/events")
    finally:
        seen_by_functions.unregister("after-call.s3.ListObjectsV2", vanish)

    assert answer.event_ids == ["b", "c"]
    assert answer.body["completeness"]["complete"] is True


def test_copies_of_an_event_in_several_objects_are_answered_once(lake: Deployment) -> None:
    lake.land_and_deliver("again.json", as_array([make_event("a"), make_event("b", eventTime="2026-03-09T09:00:00Z")]))
    lake.land_and_deliver("again and again.json", as_array([make_event("a")]))

    for size in ("1", "2", "50"):
        found = [event_id for page in lake.pages({"maxResults": size}) for event_id in page.event_ids]
        assert sorted(found) == ["a", "b", "c"]


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.BODY_BROKEN], ids=lambda fault: fault.name.lower())
def test_a_store_that_fails_is_told_and_never_an_empty_page(lake: Deployment, fault: Fault) -> None:
    with interrupted(0, fault) as calls:
        lake.get("/v1/events")
    lake.restart()

    for at in range(1, len(calls) + 1):
        lake.restart()
        with interrupted(at, fault) as made:
            answer = lake.get("/v1/events")
        broke = fault is Fault.UNAVAILABLE or made[at - 1] == "GetObject"
        if answer.status == 200:
            complete = answer.body["completeness"]["complete"]
            assert complete is (sorted(answer.event_ids) == ["a", "b", "c"])
        else:
            assert broke
            assert (answer.status, answer.body["code"]) == (503, "StorageUnavailable")


def test_a_moment_of_weakness_of_the_store_is_not_seen(lake: Deployment) -> None:
    with interrupted(0, Fault.BUSY_ONCE) as calls:
        lake.get("/v1/events")

    for at in range(1, len(calls) + 1):
        for fault in (Fault.BUSY_ONCE, Fault.ANSWER_LOST):
            lake.restart()
            with interrupted(at, fault):
                assert sorted(lake.get("/v1/events").event_ids) == ["a", "b", "c"]


def test_a_narrowed_token_is_told_of_no_objects_that_it_may_not_see(lake: Deployment) -> None:
    lake.s3.put_object(Bucket=LAKE, Key=part_of(lake, "c"), Body=b"damaged")
    lake.settle()

    answer = lake.get("/v1/events", who={**ALL_SCOPES, "regions": "cn-hangzhou"})

    assert sorted(answer.event_ids) == ["a", "b"]
    assert answer.body["completeness"]["complete"] is True
    assert "us-east-1" not in answer.text
