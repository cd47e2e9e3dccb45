"""ingest_events: every bad request has a typed answer, and nothing of what was refused is stored."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
import zlib
from datetime import timedelta
from typing import Any

import pytest

from tests.functions.answers import Answer, assert_error
from tests.functions.deployment import Deployment
from tests.functions.posts import ORDER, assert_nothing_stored, batch, deliver_all, landed, packed

GOOD = json.dumps({**ORDER, "eventId": "good", "eventTime": "2026-03-09T10:00:00Z"})


def binary(body: bytes, **headers: str) -> dict[str, Any]:
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True, "headers": headers}


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("no body", {"body": None}, 400, "InvalidBody"),
    ("empty", {"body": ""}, 400, "InvalidBody"),
    ("blank", {"body": " \r\n\t "}, 400, "InvalidBody"),
    ("words", {"body": "hello"}, 400, "InvalidBody"),
    ("text", {"body": '"events"'}, 400, "InvalidBody"),
    ("number", {"body": "17"}, 400, "InvalidBody"),
    ("null", {"body": "null"}, 400, "InvalidBody"),
    ("array", {"body": f"[{GOOD}]"}, 400, "InvalidBody"),
    ("no events", {"body": '{"events": []}'}, 400, "InvalidBody"),
    ("events are null", {"body": '{"events": null}'}, 400, "InvalidBody"),
    ("events are an object", {"body": f'{{"events": {GOOD}}}'}, 400, "InvalidBody"),
    ("events beside others", {"body": f'{{"events": [{GOOD}], "more": 1}}'}, 400, "InvalidBody"),
    ("events behind others", {"body": f'{{"source": "orders", "events": [{GOOD}]}}'}, 400, "InvalidBody"),
    ("events far behind others", {"body": f'{{"source": "{"x" * 200}", "events": [{GOOD}]}}'}, 400, "InvalidBody"),
    ("events twice", {"body": f'{{"events": [{GOOD}], "events": [{GOOD}]}}'}, 400, "InvalidBody"),
    ("events twice, escaped", {"body": f'{{"events": [{GOOD}], "\\u0065vents": [{GOOD}]}}'}, 400, "InvalidBody"),
    ("cut", {"body": f'{{"events": [{GOOD}'}, 400, "InvalidBody"),
    ("something behind", {"body": f'{{"events": [{GOOD}]}} [1]'}, 400, "InvalidBody"),
    ("two bodies", {"body": f'{{"events": [{GOOD}]}}\n{{"events": [{GOOD}]}}'}, 400, "InvalidBody"),
    ("not UTF-8", binary(b'{"events": [{"eventName": "\xff\xfe"}]}'), 400, "InvalidBody"),
    ("UTF-16", binary(batch(ORDER).encode("utf-16")), 400, "InvalidBody"),
    ("UTF-16 without mark", binary(batch(ORDER).encode("utf-16-le")), 400, "InvalidBody"),
    ("lone surrogate in the transport", {"body": '{"events": [{"eventName": "\ud800"}]}'}, 400, "InvalidBody"),
    ("not base64", {"body": "%%%", "isBase64Encoded": True}, 400, "InvalidBody"),
    ("plain said to be base64", {"body": GOOD, "isBase64Encoded": True}, 400, "InvalidBody"),
    ("base64 said to be plain", {"body": base64.b64encode(GOOD.encode()).decode()}, 400, "InvalidBody"),
    ("truncated gzip", binary(gzip.compress(GOOD.encode())[:-9], **{"Content-Encoding": "gzip"}), 400, "InvalidBody"),
    ("two gzip members", binary(gzip.compress(GOOD.encode()) * 2, **{"Content-Encoding": "gzip"}), 400, "InvalidBody"),
    (
        "gzip with a tail",
        binary(gzip.compress(GOOD.encode()) + b"tail", **{"Content-Encoding": "gzip"}),
        400,
        "InvalidBody",
    ),
    ("other encoding", {"body": GOOD, "headers": {"Content-Encoding": "br"}}, 400, "InvalidBody"),
    ("two encodings", {"body": GOOD, "headers": {"Content-Encoding": "gzip, gzip"}}, 400, "InvalidBody"),
    ("too many events", {"body": "\n".join(['{"eventName": "x"}'] * 10_001)}, 413, "PayloadTooLarge"),
    ("too many events in a list", {"body": batch(*[{"eventName": "x"}] * 10_001)}, 413, "PayloadTooLarge"),
    ("too many bad events", {"body": "{}\n" * 10_001}, 413, "PayloadTooLarge"),
]


@pytest.mark.parametrize(
    ("request_", "status", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_body_that_cannot_be_meant_is_refused_whole(
    deployment: Deployment, request_: dict[str, Any], status: int, code: str
) -> None:
    assert_error(deployment.post(**request_), status, code)
    assert_nothing_stored(deployment)


def test_a_gzip_bomb_is_refused_within_bounded_memory(deployment: Deployment) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([packer.compress(b"a" * (10 << 20)) for _ in range(40)] + [packer.flush()])
    deployment.function("ingest_events")

    tracemalloc.start()
    answer = deployment.post(**binary(bomb, **{"Content-Encoding": "gzip"}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert_error(answer, 413, "PayloadTooLarge")
    assert peak < 150 << 20
    assert_nothing_stored(deployment)


REJECTED: list[tuple[str, str, str]] = [
    ("no object", "17", "not_an_object"),
    ("null", "null", "not_an_object"),
    ("empty", "{}", "invalid_event"),
    ("empty name", '{"eventName": ""}', "invalid_event"),
    ("name of another type", '{"eventName": 5}', "invalid_event"),
    ("naive time", '{"eventName": "x", "eventTime": "2026-03-09T10:00:00"}', "invalid_event"),
    ("no such day", '{"eventName": "x", "eventTime": "2026-02-30T10:00:00Z"}', "invalid_event"),
    ("hour 24", '{"eventName": "x", "eventTime": "2026-03-09T24:00:00Z"}', "invalid_event"),
    ("offset 25", '{"eventName": "x", "eventTime": "2026-03-09T10:00:00+25:00"}', "invalid_event"),
    ("year 0", '{"eventName": "x", "eventTime": "0000-01-01T00:00:00Z"}', "invalid_event"),
    ("year 10000", '{"eventName": "x", "eventTime": "10000-01-01T00:00:00Z"}', "invalid_event"),
    ("ISO week", '{"eventName": "x", "eventTime": "2026-W01-1"}', "invalid_event"),
    ("epoch", '{"eventName": "x", "eventTime": 1773043200}', "invalid_event"),
    ("time in a list", '{"eventName": "x", "eventTime": ["2026-03-09T10:00:00Z"]}', "invalid_event"),
    ("time false", '{"eventName": "x", "eventTime": false}', "invalid_event"),
    ("ten years ahead", '{"eventName": "x", "eventTime": "2036-03-09T10:00:00Z"}', "invalid_event"),
    ("1969", '{"eventName": "x", "eventTime": "1969-12-31T23:59:59Z"}', "invalid_event"),
    ("long ID", json.dumps({"eventName": "x", "eventId": "i" * 257}), "invalid_event"),
    ("ID of another type", '{"eventName": "x", "eventId": 5}', "invalid_event"),
    ("ID that is taken", '{"eventName": "x", "eventId": "good"}', "invalid_event"),
    ("duplicate key", '{"eventName": "x", "password": "x", "password": 1}', "duplicate_key"),
    ("long number", f'{{"eventName": "x", "n": {"7" * 5000}}}', "number_out_of_range"),
    ("large exponent", '{"eventName": "x", "n": 1e999}', "number_out_of_range"),
    ("deep", '{"eventName": "x", "n": ' + "[" * 200 + "]" * 200 + "}", "too_deep"),
    ("a day ahead", '{"eventName": "x", "eventTime": "2026-03-11T12:00:00.500Z"}', "invalid_event"),
    ("large", json.dumps({"eventName": "x", "n": "y" * (1 << 20)}), "invalid_event"),
]
IN_A_LIST: list[tuple[str, str, str]] = [
    ("list", "[]", "not_an_object"),
    ("reads like a log file", '{"Records": [{"eventName": "inner"}], "eventName": "x"}', "invalid_event"),
]
"""On lines of their own these mean something: no records, and the records of a log file."""
IN_LINES: list[tuple[str, str, str]] = [
    ("NaN", '{"eventName": "x", "n": NaN}', "invalid_json"),
    ("lone surrogate", '{"eventName": "x", "n": "\\ud800"}', "invalid_json"),
    ("no JSON", '{"eventName": }', "invalid_json"),
    ("very deep", '{"eventName": "x", "n": ' + "[" * 100_000 + "]" * 100_000 + "}", "too_deep"),
]


@pytest.mark.parametrize(
    ("record", "reason"), [case[1:] for case in REJECTED + IN_A_LIST], ids=[case[0] for case in REJECTED + IN_A_LIST]
)
def test_a_bad_event_of_a_batch_is_rejected_by_its_index(deployment: Deployment, record: str, reason: str) -> None:
    other = json.dumps({**ORDER, "eventId": "other"})
    assert_only_the_middle_one_is_rejected(
        deployment, deployment.post(f'{{"events": [{GOOD}, {record}, {other}]}}'), reason
    )


@pytest.mark.parametrize(
    ("record", "reason"), [case[1:] for case in REJECTED + IN_LINES], ids=[case[0] for case in REJECTED + IN_LINES]
)
def test_a_bad_line_is_rejected_by_its_index(deployment: Deployment, record: str, reason: str) -> None:
    other = json.dumps({**ORDER, "eventId": "other"})
    assert_only_the_middle_one_is_rejected(deployment, deployment.post(f"{GOOD}\n{record}\n{other}\n"), reason)


def assert_only_the_middle_one_is_rejected(deployment: Deployment, answer: Answer, reason: str) -> None:
    assert answer.status == 202, answer.text
    assert (answer.body["accepted"], answer.body["eventIds"]) == (2, ["good", "other"])
    (rejected,) = answer.body["rejected"]
    assert (rejected["index"], rejected["reason"]) == (1, reason)
    deliver_all(deployment)
    assert sorted(deployment.get("/v1/events").event_ids) == ["good", "other"]
    assert deployment.keys("quarantine/") == []


@pytest.mark.parametrize(("name", "record", "reason"), IN_LINES, ids=[case[0] for case in IN_LINES])
def test_a_batch_that_is_no_json_is_refused_whole(deployment: Deployment, name: str, record: str, reason: str) -> None:
    answer = deployment.post(f'{{"events": [{GOOD}, {record}]}}')

    assert answer.status in (202, 400)
    if answer.status == 400:
        assert_error(answer, 400, "InvalidBody")
        assert_nothing_stored(deployment)
    else:
        assert [each["index"] for each in answer.body["rejected"]] == [1]


ODD: list[tuple[str, dict[str, Any]]] = [
    ("almost a day ahead", {"eventTime": "2026-03-11T11:58:00Z"}),
    ("a field like a log file's", {"requestParameters": {"Records": [{"eventName": "inner"}]}}),
    ("leap second", {"eventTime": "2016-12-31T23:59:60Z"}),
    ("lower case time", {"eventTime": "2026-03-09t10:00:00z"}),
    ("nanoseconds", {"eventTime": "2026-03-09T10:00:00.123456789Z"}),
    ("hostile region", {"acsRegion": "../../x"}),
    ("encoded region", {"acsRegion": "%2e%2e"}),
    ("no region at all", {"acsRegion": None}),
    ("address that is none", {"sourceIpAddress": "999.1.1.1"}),
    ("address in a list", {"sourceIpAddress": ["192.0.2.1"]}),
    ("address with a zone", {"sourceIpAddress": "fe80::1%eth0"}),
    ("hostile keys", {"__proto__": {"admin": True}, "constructor": 1, "": "", " ": None}),
    ("many keys", {"extra": {f"key-{n}": n for n in range(5_000)}}),
    ("long value", {"extra": "x" * 900_000}),
    ("NUL and friends", {"userAgent": "a\u0000b\r\n\u202e\u001b[31m"}),
    ("emoji", {"eventName": "🦉" * 100}),
    ("wide integer", {"extra": 2**63}),
    ("types that change", {"requestParameters": [1, "two", {}, None]}),
    ("identity that is none", {"userIdentity": "root"}),
    (
        "everything of another type",
        {"serviceName": 5, "eventSource": {}, "errorCode": [], "eventRW": 1, "resourceName": 7},
    ),
]


@pytest.mark.parametrize("extra", [case[1] for case in ODD], ids=[case[0] for case in ODD])
def test_odd_but_meant_values_are_kept_as_they_are(deployment: Deployment, extra: dict[str, Any]) -> None:
    event = {**ORDER, "eventId": "odd", "eventTime": "2026-03-09T10:00:00Z", "recipientAccountId": "1", **extra}

    assert deployment.post(json.dumps(event)).body["accepted"] == 1

    deliver_all(deployment)
    assert deployment.get("/v1/events/odd").body == event
    assert deployment.keys("quarantine/") == []
    stored = deployment.keys()
    assert not any(".." in key for key in stored)


def test_what_is_accepted_is_never_quarantined_for_its_time(deployment: Deployment) -> None:
    """The store dates an object in whole seconds, by a clock of its own."""
    deployment.clock.forward(milliseconds=900)
    for seconds in range(0, 180, 10):
        ahead = deployment.clock.time + timedelta(days=1) - timedelta(seconds=seconds)
        deployment.post(batch({**ORDER, "eventTime": ahead.isoformat()}))
    assert landed(deployment)
    deliver_all(deployment)

    assert deployment.keys("quarantine/") == []


def test_ten_thousand_events_are_accepted_at_once(deployment: Deployment) -> None:
    events = [{"eventName": "x", "eventId": f"e-{n}"} for n in range(10_000)]
    zipped = packed(batch(*events))

    assert deployment.post(**zipped).body["accepted"] == 10_000
    assert len(landed(deployment)) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/events"),
        ("POST", "/v1/events/"),
        ("POST", "/v1/Events"),
        ("POST", "//v1/events"),
        ("POST", "/v1%2Fevents"),
        ("GET", "/v1/events"),
    ],
)
def test_other_routes_are_not_found(deployment: Deployment, method: str, path: str) -> None:
    answer = deployment.post(batch(ORDER), httpMethod=method, path=path)

    if (method, path) == ("POST", "/v1/events/"):
        assert answer.status in (202, 404)
    else:
        assert_error(answer, 404, "RouteNotFound")
        assert_nothing_stored(deployment)
