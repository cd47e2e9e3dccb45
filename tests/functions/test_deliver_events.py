"""deliver_events: announced landing objects become rows of the lake, each once, however they are announced."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from botocore.endpoint import Endpoint

from tests.functions.deployment import LANDING, SAMPLES, Deployment, notification, sample
from tests.functions.events import Event, as_array, as_gzip, as_lines, make_event, make_events

CANARIES = (b"mask-me", b"5ec2e75ec2e7")
OBJECTS = sorted(path for path in (SAMPLES / "landing").rglob("*") if path.is_file())


def key_of(path: Path) -> str:
    return path.relative_to(SAMPLES / "landing").as_posix()


def events_in(path: Path) -> list[Event]:
    text = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    if path.name.endswith(".ndjson"):
        return [json.loads(line) for line in text.splitlines()]
    document = json.loads(text)
    events: list[Event] = document["Records"] if isinstance(document, dict) else document
    return events


# Real formats


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.name[:40])
def test_every_sample_object_lands_whole(deployment: Deployment, path: Path) -> None:
    deployment.land_and_deliver(key_of(path), path.read_bytes())

    originals = events_in(path)
    commit = deployment.commit_of(key_of(path))
    assert (commit["records_in"], commit["rows_out"]) == (len(originals), len(originals))
    assert deployment.keys("quarantine/") == []
    found = deployment.all_events()
    assert sorted(map(name_of, found)) == sorted(map(name_of, originals))
    assert commit["masked"] or sorted(map(json.dumps, found)) == sorted(map(json.dumps, originals))


def name_of(event: Event) -> str:
    return str(event.get("eventId") or event.get("eventID") or event["eventTime"])


def test_no_secret_reaches_the_lake_the_log_or_an_answer(
    deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    for path in OBJECTS:
        deployment.land_and_deliver(key_of(path), path.read_bytes())
    secrets = [path for path in OBJECTS if any(canary in path.read_bytes() for canary in CANARIES)]
    assert secrets

    answers = "".join(page.text for page in deployment.pages({"startTime": "1970-01-01T00:00:00Z"}))
    lake = deployment.objects()
    logged = str(log_lines())
    assert "delivered" in logged
    for canary in CANARIES:
        assert [key for key, body in lake.items() if canary in body or canary in key.encode()] == []
        assert canary.decode() not in answers + logged
    # Compressed pages hide text from a byte search, so each row is looked at too.
    for key in deployment.keys("events/"):
        rows = rows_of(deployment.body(key))
        assert not any(canary.decode() in str(row) for canary in CANARIES for row in rows)


def rows_of(parquet: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(parquet)).to_pylist()
    return rows


def test_the_lake_is_plain_hive_partitions_to_other_engines(deployment: Deployment, tmp_path: Path) -> None:
    for path in OBJECTS:
        deployment.land_and_deliver(key_of(path), path.read_bytes())
        deployment.deliver(key_of(path))
    total = sum(len(events_in(path)) for path in OBJECTS)

    lake = deployment.download("events/", tmp_path)

    query = f"from read_parquet('{lake}/events/**/*.parquet', hive_partitioning=true)"
    assert duckdb.sql(f"select count(*), count(distinct uid) {query}").fetchall() == [(total, total)]
    assert duckdb.sql(f"select count(*) {query} where strftime(event_time, '%Y-%m-%d') <> date::text").fetchall() == [
        (0,)
    ]
    flink = duckdb.sql(f"select region, date::text, user_name {query} where event_name = 'DeleteDeployment'").fetchall()
    assert ("cn-beijing", "2023-06-02", "25265763711933****") in flink
    table = ds.dataset(lake / "events", partitioning="hive").to_table()
    assert len(table) == len(set(table.column("uid").to_pylist())) == total
    assert {"region", "date", "event"} <= set(table.column_names)


# Keys and announcements


@pytest.mark.parametrize(
    "key",
    [
        "a+b.json",
        "a b c.json",
        "a%20b.json",
        "a%2Fb.json",
        "a%252Fb.json",
        "applications/team=orders+payments/part 0.json",
        "日志/事件 ü.json",
        "a&b=c;d,e:f@g!.json",
        "../../escape.json",
        "x" * 1000,
    ],
)
def test_keys_are_url_decoded_once(deployment: Deployment, key: str) -> None:
    deployment.land_and_deliver(key, as_array([make_event()]))

    assert deployment.commit_of(key)["rows_out"] == 1
    assert deployment.get("/v1/events").event_ids == ["event-1"]


@pytest.mark.parametrize("encoded", ["folder%2Fa+b.json", "folder/a%20b.json"])
def test_both_encodings_of_a_blank_and_a_slash_are_understood(deployment: Deployment, encoded: str) -> None:
    deployment.land("folder/a b.json", as_array([make_event()]))
    message = notification("placeholder").replace("placeholder", encoded)

    assert deployment.deliver_messages([message]) == []

    assert deployment.commit_of("folder/a b.json")["rows_out"] == 1


def test_the_same_object_notified_five_times_in_one_batch_lands_once(deployment: Deployment) -> None:
    deployment.land("log.json", as_array(make_events(3)))

    assert deployment.deliver(*["log.json"] * 5) == []
    deployment.settle()

    assert one_delivery_of_three(deployment)


def test_the_same_object_notified_in_five_batches_lands_once(deployment: Deployment) -> None:
    deployment.land("log.json", as_array(make_events(3)))

    for _ in range(5):
        assert deployment.deliver("log.json") == []
        deployment.restart()
        deployment.clock.forward(minutes=7)

    assert one_delivery_of_three(deployment)


def test_one_message_may_announce_several_objects(deployment: Deployment) -> None:
    first, second = (json.loads(notification(key)) for key in ("a.json", "b.json"))
    deployment.land("a.json", as_array([make_event("a")]))
    deployment.land("b.json", as_array([make_event("b")]))

    message = json.dumps({"Records": first["Records"] + second["Records"] + first["Records"]})
    assert deployment.deliver_messages([message]) == []
    deployment.settle()

    assert sorted(deployment.get("/v1/events").event_ids) == ["a", "b"]


def one_delivery_of_three(deployment: Deployment) -> bool:
    assert len(deployment.keys("events/")) == len(deployment.keys("state/commits/")) == 1
    return sorted(deployment.get("/v1/events").event_ids) == ["event-0", "event-1", "event-2"]


def test_put_again_with_the_same_content_changes_nothing(deployment: Deployment) -> None:
    body = as_gzip(make_events(3))
    deployment.land_and_deliver("log.gz", body)
    lake = deployment.objects()

    deployment.clock.forward(hours=1)
    deployment.land_and_deliver("log.gz", body)

    assert deployment.objects() == lake


def test_the_same_events_under_another_key_are_answered_once(deployment: Deployment) -> None:
    deployment.land_and_deliver("first.json", as_array(make_events(3)))
    deployment.land_and_deliver("second.json.gz", as_gzip(make_events(4)))

    assert len(deployment.keys("state/commits/")) == 2
    assert sorted(deployment.get("/v1/events").event_ids) == ["event-0", "event-1", "event-2", "event-3"]


def test_an_object_overwritten_with_other_content_is_delivered_again(deployment: Deployment) -> None:
    deployment.land_and_deliver("log.json", as_array(make_events(2)))
    deployment.land_and_deliver("log.json", as_array([*make_events(2), make_event("new")]))

    assert len(deployment.keys("state/commits/")) == 2
    assert sorted(deployment.get("/v1/events").event_ids) == ["event-0", "event-1", "new"]


def test_an_object_that_is_gone_is_no_failure_and_holds_nobody_up(deployment: Deployment) -> None:
    deployment.land("there.json", as_array([make_event()]))

    assert deployment.deliver("gone.json", "there.json", "gone too.json") == []
    deployment.settle()

    assert deployment.get("/v1/events").event_ids == ["event-1"]
    assert len(deployment.keys("state/commits/")) == 1


def test_a_message_goes_back_to_the_queue_where_too_little_time_is_left_for_it(deployment: Deployment) -> None:
    deployment.land("log.json", as_array([make_event()]))

    assert deployment.deliver_messages([notification("log.json")], remaining_milliseconds=60_000) == ["m-0"]
    assert deployment.keys() == []
    assert deployment.deliver("log.json") == []


def test_the_stores_test_event_is_ignored(deployment: Deployment) -> None:
    assert deployment.invoke("deliver_events", sample("deliver_events/sqs_test_event.json")) == {
        "batchItemFailures": []
    }
    assert deployment.keys() == []


def test_a_message_about_another_bucket_is_ignored(deployment: Deployment) -> None:
    deployment.land("log.json", as_array([make_event()]))

    assert (
        deployment.deliver_messages(
            [notification("log.json", "somebody-elses"), notification("log.json", "trailkeep-lake")]
        )
        == []
    )

    assert deployment.keys() == []


GARBAGE = [
    "",
    "no json",
    "[]",
    "null",
    "5",
    '"text"',
    "{}",
    '{"Records": null}',
    '{"Records": [{}]}',
    '{"Records": [null]}',
    '{"Records": [{"s3": {"bucket": {"name": "trailkeep-landing"}, "object": {"key": null}}}]}',
    "[" * 100_000,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: garbage[:30] or "empty")
def test_a_garbage_message_fails_alone(deployment: Deployment, garbage: str) -> None:
    deployment.land("a.json", as_array([make_event("a")]))
    deployment.land("b.json", as_array([make_event("b")]))

    failed = deployment.deliver_messages([notification("a.json"), garbage, notification("b.json")])
    deployment.settle()

    assert failed == ["m-1"]
    assert sorted(deployment.get("/v1/events").event_ids) == ["a", "b"]


def test_a_batch_of_nothing_but_garbage_reports_each_message(deployment: Deployment) -> None:
    assert deployment.deliver_messages(["garbage"] * 10) == [f"m-{n}" for n in range(10)]


def test_an_archived_object_fails_alone_and_stays_undelivered(deployment: Deployment) -> None:
    deployment.s3.put_object(Bucket=LANDING, Key="cold.json", Body=as_array([make_event()]), StorageClass="GLACIER")
    deployment.land("warm.json", as_array([make_event("warm")]))

    assert deployment.deliver("cold.json", "warm.json") == ["m-0"]

    assert [commit["key"] for commit in deployment.documents("state/commits/")] == ["warm.json"]


def test_a_failed_delivery_is_told_in_the_log_without_what_it_carried(
    deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    deployment.s3.put_object(Bucket=LANDING, Key="cold.json", Body=as_array([make_event()]), StorageClass="GLACIER")

    assert deployment.deliver_messages([notification("cold.json"), '{"password": "mask-me"}']) == ["m-0", "m-1"]

    lines = [line for line in log_lines() if line["level"] == "ERROR"]
    assert [(line["message_id"], line["kind"]) for line in lines] == [
        ("m-0", "ObjectUnreadable"),
        ("m-1", "InvalidBody"),
    ]
    assert "cold.json" in lines[0]["reason"]
    assert "mask-me" not in str(lines)


def test_a_foreign_object_in_the_place_of_a_part_is_reported_and_never_overwritten(deployment: Deployment) -> None:
    deployment.land("log.json", as_array([make_event()]))
    assert deployment.deliver("log.json") == []
    (part,) = deployment.keys("events/")
    for key in deployment.keys("state/"):
        deployment.s3.delete_object(Bucket="trailkeep-lake", Key=key)
    deployment.s3.put_object(Bucket="trailkeep-lake", Key=part, Body=b"foreign")

    assert deployment.deliver("log.json") == ["m-0"]

    assert deployment.body(part) == b"foreign"
    assert deployment.keys("state/commits/") == []


def test_what_an_object_repeats_far_apart_is_written_once_and_counted(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for some ten events at once: the object becomes many parts, and repeats what stands in earlier ones."""
    monkeypatch.setattr("trailkeep.delivery.BUFFER_BYTES", 12_000)
    events = make_events(50)
    deployment.land_and_deliver("log.ndjson", as_lines([*events, *events[::-1], *events[:7], make_event("new")]))

    commit = deployment.commit_of("log.ndjson")
    assert len(commit["parts"]) > 4
    assert (commit["records_in"], commit["rows_out"], commit["duplicates"]) == (108, 51, 57)
    assert sum(len(rows_of(deployment.body(part["key"]))) for part in commit["parts"]) == 51
    assert [part["rows"] for part in commit["parts"] if not part["rows"]] == []
    assert sorted(part["key"] for part in commit["parts"]) == deployment.keys("events/")
    assert len(deployment.all_events()) == 51


def test_a_store_that_ignores_conditions_is_refused_before_anything_is_written(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """As a gateway in front of a store does that drops headers it does not know."""
    send = Endpoint._do_get_response

    def forgetful(endpoint: Endpoint, request: Any, *more: Any) -> Any:
        del request.headers["If-None-Match"]
        return send(endpoint, request, *more)

    deployment.land("log.json", as_array([make_event()]))
    with monkeypatch.context() as patch:
        patch.setattr(Endpoint, "_do_get_response", forgetful)
        assert deployment.deliver("log.json", "log.json") == ["m-0", "m-1"]

    assert deployment.keys() == []
    assert {(line["kind"], "If-None-Match" in line["reason"]) for line in log_lines()} == {("StorageUnsafe", True)}
    assert deployment.deliver("log.json") == []


# Where events go


@pytest.mark.parametrize(
    ("changes", "partition"),
    [
        ({}, "region=cn-hangzhou/date=2026-03-09/"),
        ({"isGlobal": "true"}, "region=ap-southeast-1/date=2026-03-09/"),
        ({"acsRegion": ..., "awsRegion": "us-east-1"}, "region=us-east-1/date=2026-03-09/"),
        ({"acsRegion": ..., "eventSource": "rds.cn-shenzhen.aliyuncs.com"}, "region=cn-shenzhen/date=2026-03-09/"),
        ({"acsRegion": ..., "eventSource": "orders"}, "region=cn-hangzhou/date=2026-03-09/"),
        ({"acsRegion": "../../x"}, "region=unknown/date=2026-03-09/"),
        ({"acsRegion": "a/b"}, "region=unknown/date=2026-03-09/"),
        ({"acsRegion": "a=b"}, "region=unknown/date=2026-03-09/"),
        ({"acsRegion": "us-east-1\n"}, "region=unknown/date=2026-03-09/"),
        ({"acsRegion": "us–east–1"}, "region=unknown/date=2026-03-09/"),
        ({"acsRegion": "r" * 300}, "region=unknown/date=2026-03-09/"),
        ({"acsRegion": ["cn-hangzhou"]}, "region=unknown/date=2026-03-09/"),
        ({"acsRegion": "__HIVE_DEFAULT_PARTITION__"}, "region=unknown/date=2026-03-09/"),
        ({"eventTime": "1970-01-01T00:00:00Z"}, "region=cn-hangzhou/date=1970-01-01/"),
        ({"eventTime": "2026-03-09T23:59:59.999999Z"}, "region=cn-hangzhou/date=2026-03-09/"),
        ({"eventTime": "2026-03-09T00:30:00+08:00"}, "region=cn-hangzhou/date=2026-03-08/"),
        ({"eventTime": "2026-03-11T11:59:59Z"}, "region=cn-hangzhou/date=2026-03-11/"),
    ],
    ids=str,
)
def test_events_go_to_the_partition_of_their_region_and_date(
    deployment: Deployment, changes: dict[str, Any], partition: str
) -> None:
    event = make_event(**changes)
    deployment.land_and_deliver("log.json", as_array([event]))

    (part,) = deployment.keys("events/")
    assert part.startswith(f"events/{partition}")
    assert deployment.get("/v1/events/event-1").body == event


def test_records_of_many_regions_and_days_in_one_object_are_conserved(deployment: Deployment) -> None:
    events = [
        make_event(f"{region}-{day}", acsRegion=region, eventTime=f"2026-03-{day:02}T10:00:00Z")
        for region in ("cn-beijing", "eu-central-1", "us-west-1")
        for day in range(1, 10)
    ]
    deployment.land_and_deliver("log.ndjson", as_lines([*events, events[0]]))

    commit = deployment.commit_of("log.ndjson")
    assert len(commit["parts"]) == len(deployment.keys("events/")) == 27
    assert (commit["records_in"], commit["rows_out"], commit["duplicates"]) == (28, 27, 1)
    assert sorted(part["key"] for part in commit["parts"]) == deployment.keys("events/")
    assert sum(part["rows"] for part in commit["parts"]) == 27


def test_the_unicode_of_events_comes_back_as_it_went_in(deployment: Deployment) -> None:
    event = make_event(
        userAgent="张伟 🦉 \u0000 \u202e \r\n", requestParameters={" charset": "UTF-8", "quoted": quote("ü/+ ")}
    )
    deployment.land_and_deliver("log.json", as_array([event]))

    assert deployment.all_events() == [event]
