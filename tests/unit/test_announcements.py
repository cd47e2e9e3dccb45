"""Announcements: what S3 writes is read as S3 means it, and what the sweep writes is read the same way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from trailkeep import announcements
from trailkeep.announcements import announce, announced_keys
from trailkeep.errors import InvalidBody, StorageUnavailable


def message(*keys: object, bucket: object = "landing") -> str:
    return json.dumps({"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]})


class Queue:
    """Takes messages as SQS does, or all but those of some positions."""

    def __init__(self, refused: frozenset[str] = frozenset()) -> None:
        self.batches: list[list[str]] = []
        self._refused = refused

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "queue"
        assert 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        self.batches.append([entry["MessageBody"] for entry in Entries])
        taken = [{"Id": entry["Id"]} for entry in Entries if entry["Id"] not in self._refused]
        return {"Successful": taken} if taken else {}


def queue_of(monkeypatch: pytest.MonkeyPatch, queue: object) -> None:
    monkeypatch.setattr(announcements, "_queue", lambda: queue)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("plain/key.json.gz", "plain/key.json.gz"),
        ("a+b", "a b"),
        ("a%20b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%252Fb", "a%2Fb"),
        ("date%3D2026-03-10/x", "date=2026-03-10/x"),
        ("%E6%97%A5%E5%BF%97.json", "日志.json"),
        ("日志.json", "日志.json"),
        ("100%", "100%"),
        ("folder/", "folder/"),
        ("..%2F..%2Fx", "../../x"),
    ],
)
def test_keys_are_decoded_once(written: str, key: str) -> None:
    assert announced_keys(message(written), "landing") == [key]


def test_a_message_may_announce_several_objects_and_one_twice() -> None:
    assert announced_keys(message("a", "b", "a"), "landing") == ["a", "b", "a"]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "landing"}),
        message("a", bucket="other"),
        message("a", bucket="landing-2"),
        message(),
    ],
)
def test_nothing_is_announced(body: str) -> None:
    assert announced_keys(body, "landing") == []


def test_of_several_buckets_ours_counts() -> None:
    records = json.loads(message("mine"))["Records"] + json.loads(message("theirs", bucket="other"))["Records"]

    assert announced_keys(json.dumps({"Records": records}), "landing") == ["mine"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "1",
        "[]",
        '"text"',
        "{}",
        '{"Records": null}',
        '{"Records": {"s3": 1}}',
        '{"Records": [null]}',
        '{"Records": [{"s3": null}]}',
        '{"Records": [{"s3": {"bucket": {"name": "landing"}}}]}',
        '{"Records": [{"s3": {"object": {"key": "a"}}}]}',
        message(None),
        message(5),
        message(["a"]),
        message("a", 5),
        "[" * 100_000,
        '{"Records":' * 50_000,
    ],
    ids=lambda body: body[:40],
)
def test_garbage_is_refused_with_one_error(body: str) -> None:
    with pytest.raises(InvalidBody):
        announced_keys(body, "landing")


_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("landing")
_names = st.sampled_from(["Records", "s3", "bucket", "object", "name", "key", "Event"])
_shapes = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_names, inner, max_size=3))


@given(st.text() | _shapes.map(json.dumps))
def test_any_message_gives_keys_or_that_error(body: str) -> None:
    try:
        keys = announced_keys(body, "landing")
    except InvalidBody:
        return
    assert all(isinstance(key, str) for key in keys)


@given(keys=st.lists(st.text(min_size=1, max_size=20), max_size=25))
def test_what_is_announced_is_read_as_it_was(keys: list[str]) -> None:
    queue = Queue()
    with pytest.MonkeyPatch.context() as patch:
        queue_of(patch, queue)
        assert announce("queue", "landing", iter(keys)) == len(keys)

    assert [key for batch in queue.batches for body in batch for key in announced_keys(body, "landing")] == keys
    assert len(queue.batches) == -(-len(keys) // 10)


def test_messages_that_the_queue_refuses_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    queue_of(monkeypatch, Queue(refused=frozenset({"0", "3"})))

    assert announce("queue", "landing", [f"key-{n}" for n in range(12)]) == 12 - 3


@pytest.mark.parametrize(
    "error",
    [ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch"), EndpointConnectionError(endpoint_url="x")],
)
def test_a_queue_that_fails_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    class Failing:
        def send_message_batch(self, **_: object) -> None:
            raise error

    queue_of(monkeypatch, Failing())

    with pytest.raises(StorageUnavailable):
        announce("queue", "landing", ["key"])


@pytest.mark.parametrize(("seconds", "asked"), [(0, None), (360, 360)])
def test_a_message_may_be_kept_back(monkeypatch: pytest.MonkeyPatch, seconds: int, asked: int | None) -> None:
    sent: list[dict[str, Any]] = []

    class Delaying:
        def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            sent.extend(Entries)
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    queue_of(monkeypatch, Delaying())

    assert list(announcements.send("queue", ["a", "b"], delay_seconds=seconds)) == [True, True]
    assert [entry.get("DelaySeconds") for entry in sent] == [asked, asked]
