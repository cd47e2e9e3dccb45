"""deliver_events: what cannot be read ends in quarantine with its reason and place, and stops nobody."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from tests.functions.deployment import Deployment, notification
from tests.functions.events import as_array, as_gzip, as_lines, make_event, make_events

GOOD = json.dumps(make_event("good"))
OTHER = json.dumps(make_event("other"))


def between(record: str) -> bytes:
    """One line among sound neighbours."""
    return f"{GOOD}\n{record}\n{OTHER}\n".encode()


def in_array(record: str) -> bytes:
    return f"[{GOOD},{record},{OTHER}]".encode()


def with_field(value: str) -> str:
    """A sound event but for one more field, written as given."""
    return json.dumps(make_event("bad"))[:-1] + f', "extra": {value}}}'


def test_after_any_input_the_counts_are_conserved(deployment: Deployment) -> None:
    """The cases of this module, in one bucket: each has one commit, none holds up its neighbours."""
    bodies = {f"bad/{name}": body for name, body, _ in WHOLE} | {
        f"bad/record/{name}": between(record) for name, record, _ in RECORDS
    }
    for key, body in bodies.items():
        deployment.land(key, body)
    deployment.land("good.json", as_array([make_event("the neighbour")]))

    for start in range(0, len(bodies), 9):
        batch = [notification(key) for key in [*bodies][start : start + 9]]
        assert deployment.deliver_messages([*batch, notification("good.json")]) == []
    deployment.settle()

    commits = deployment.documents("state/commits/")
    assert sorted(commit["key"] for commit in commits) == sorted([*bodies, "good.json"])
    for commit in commits:
        assert commit["records_in"] == commit["rows_out"] + commit["quarantined"] + commit["duplicates"], commit["key"]
    quarantined = {commit["key"]: commit["quarantined"] for commit in commits if commit["quarantined"]}
    assert {
        entry["object"]: sum(entry["counts"].values()) for entry in deployment.documents("quarantine/")
    } == quarantined
    assert deployment.get("/v1/events/the neighbour").status == 200


# Whole objects

PACKED = as_gzip(make_events(50))
WHOLE: list[tuple[str, bytes, dict[str, int]]] = [
    ("empty", b"", {"empty_object": 1}),
    ("blank", b" \n\t\r\n ", {"empty_object": 1}),
    ("empty gzip", gzip.compress(b""), {"empty_object": 1}),
    ("not json", b"<html><body>502 Bad Gateway</body></html>", {"not_json": 1}),
    ("csv", b"time,user\n2026-01-01,alice\n", {"not_json": 1}),
    ("not gzip", b"\x00\x01\x02\x03 binary", {"not_utf8": 1}),
    ("png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), {"not_json": 1}),
    ("gzip in name only.gz", b"\x1f\x8b this is no gzip", {"corrupt_gzip": 1}),
    ("utf-16", GOOD.encode("utf-16"), {"not_utf8": 1}),
    ("gzip of not json", gzip.compress(b"plain words"), {"not_json": 1}),
    ("scalar", b"42", {"not_json": 1}),
    ("text", b'"only a text"', {"not_json": 1}),
]


@pytest.mark.parametrize(("name", "body", "counts"), WHOLE, ids=[name for name, *_ in WHOLE])
def test_an_object_that_holds_no_records_is_quarantined_whole(
    deployment: Deployment, name: str, body: bytes, counts: dict[str, int]
) -> None:
    deployment.land_and_deliver(name, body)

    entry = deployment.quarantine_of(name)
    assert entry["counts"] == counts
    assert (entry["bucket"], entry["object"], entry["entries"][0]["index"]) == ("trailkeep-landing", name, 0)
    assert entry["entries"][0]["detail"]
    commit = deployment.commit_of(name)
    assert commit["quarantine_key"] in deployment.keys("quarantine/")
    assert (commit["records_in"], commit["rows_out"], commit["quarantined"]) == (1, 0, 1)
    assert deployment.keys("events/") == []


def test_a_folder_is_no_log_object(deployment: Deployment) -> None:
    deployment.land_and_deliver("logs/2026/", b"")
    deployment.land_and_deliver("logs/2026/with text/", as_array([make_event()]))

    commit = deployment.commit_of("logs/2026/")
    assert (commit["records_in"], commit["quarantined"]) == (0, 0)
    assert deployment.commit_of("logs/2026/with text/")["rows_out"] == 1
    assert deployment.keys("quarantine/") == []


def test_utf16_without_a_mark_gives_no_rows(deployment: Deployment) -> None:
    deployment.land_and_deliver("log", GOOD.encode("utf-16-le"))

    assert deployment.quarantine_of("log")["entries"]
    assert deployment.keys("events/") == []


def test_a_truncated_gzip_gives_what_came_before_the_cut(deployment: Deployment) -> None:
    deployment.land_and_deliver("cut.gz", PACKED[:-30])

    counts = deployment.quarantine_of("cut.gz")["counts"]
    commit = deployment.commit_of("cut.gz")
    assert "truncated_gzip" in counts
    assert 0 < commit["rows_out"] <= 50
    assert len(deployment.all_events()) == commit["rows_out"]


def test_a_gzip_without_its_end_mark_is_told_although_every_record_was_read(deployment: Deployment) -> None:
    deployment.land_and_deliver("cut.gz", PACKED[:-8])

    assert deployment.quarantine_of("cut.gz")["counts"] == {"truncated_gzip": 1}
    assert len(deployment.all_events()) == 50


def test_a_gzip_with_a_wrong_checksum_is_told(deployment: Deployment) -> None:
    deployment.land_and_deliver("damaged.gz", PACKED[:-8] + bytes(8))

    assert "corrupt_gzip" in deployment.quarantine_of("damaged.gz")["counts"]


def test_two_gzip_members_are_one_text(deployment: Deployment) -> None:
    both = gzip.compress(as_lines(make_events(2, "first"))) + gzip.compress(as_lines(make_events(2, "second")))
    deployment.land_and_deliver("two.gz", both)

    assert deployment.commit_of("two.gz")["rows_out"] == 4
    assert deployment.keys("quarantine/") == []


def test_something_behind_the_gzip_is_told_and_the_gzip_lands(deployment: Deployment) -> None:
    deployment.land_and_deliver("tail.gz", as_gzip(make_events(3)) + b"trailing words")

    assert deployment.quarantine_of("tail.gz")["counts"] == {"corrupt_gzip": 1}
    assert deployment.commit_of("tail.gz")["rows_out"] == 3


def test_a_gzip_bomb_ends_within_bounded_memory(deployment: Deployment) -> None:
    """280 MB of text from 280 KB: the rows before it land, the rest is not inflated to its end."""

    def bomb() -> Iterator[bytes]:
        yield f'[{GOOD},{{"eventName":"'.encode()
        yield from [b"a" * (4 << 20)] * 70

    deployment.land("bomb.gz", b"".join(compressed(bomb())))
    deployment.land("neighbour.json", as_array([make_event("neighbour")]))
    deployment.function("deliver_events")

    tracemalloc.start()
    assert deployment.deliver("bomb.gz", "neighbour.json") == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    deployment.settle()

    assert peak < 100 << 20
    assert "inflates_too_far" in deployment.quarantine_of("bomb.gz")["counts"]
    assert sorted(deployment.get("/v1/events").event_ids) == ["good", "neighbour"]


def compressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def test_a_text_that_ends_in_the_middle_gives_its_sound_records(deployment: Deployment) -> None:
    deployment.land_and_deliver("cut.json", as_array(make_events(5))[:-20])

    assert deployment.quarantine_of("cut.json")["counts"] == {"truncated": 1}
    assert deployment.quarantine_of("cut.json")["entries"][0]["index"] == 4
    assert len(deployment.all_events()) == 4


def test_records_that_are_null_are_no_object(deployment: Deployment) -> None:
    deployment.land_and_deliver("null.json", b'{"Records": null}')

    assert sum(deployment.quarantine_of("null.json")["counts"].values()) == 1


# Single records

DEEP = "[" * 100_000 + "]" * 100_000
RECORDS: list[tuple[str, str, str]] = [
    ("no json", "{this is no json}", "invalid_json"),
    ("NaN", with_field("NaN"), "invalid_json"),
    ("Infinity", with_field("-Infinity"), "invalid_json"),
    ("duplicate key", with_field('1, "extra": 2'), "duplicate_key"),
    ("duplicate key below", with_field('{"password": "x", "password": 1}'), "duplicate_key"),
    ("deep", with_field(DEEP), "too_deep"),
    ("deep objects", with_field('{"a":' * 100_000 + "1" + "}" * 100_000), "too_deep"),
    ("long number", with_field("7" * 5000), "number_out_of_range"),
    ("large exponent", with_field("1e999"), "number_out_of_range"),
    ("lone surrogate", with_field('"\\ud800"'), "invalid_json"),
    ("year 9999", json.dumps(make_event("bad", eventTime="9999-12-31T23:59:59Z")), "event_time_out_of_range"),
    ("year 1", json.dumps(make_event("bad", eventTime="0001-01-01T00:00:00Z")), "event_time_out_of_range"),
    ("1969", json.dumps(make_event("bad", eventTime="1969-12-31T23:59:59Z")), "event_time_out_of_range"),
    ("two days ahead", json.dumps(make_event("bad", eventTime="2026-03-12T12:00:00Z")), "event_time_out_of_range"),
    ("no time", json.dumps(make_event("bad", eventTime=...)), "missing_event_time"),
    ("empty time", json.dumps(make_event("bad", eventTime="")), "missing_event_time"),
    ("naive time", json.dumps(make_event("bad", eventTime="2026-03-09T08:00:00")), "invalid_event_time"),
    ("no such day", json.dumps(make_event("bad", eventTime="2026-02-30T08:00:00Z")), "invalid_event_time"),
    ("hour 24", json.dumps(make_event("bad", eventTime="2026-03-09T24:00:00Z")), "invalid_event_time"),
    ("offset 25", json.dumps(make_event("bad", eventTime="2026-03-09T08:00:00+25:00")), "invalid_event_time"),
    ("ISO week", json.dumps(make_event("bad", eventTime="2026-W01-1")), "invalid_event_time"),
    ("epoch", json.dumps(make_event("bad", eventTime=1773043200)), "invalid_event_time"),
    ("time in a list", json.dumps(make_event("bad", eventTime=["2026-03-09T08:00:00Z"])), "invalid_event_time"),
    ("no name", json.dumps(make_event("bad", eventName=...)), "missing_event_name"),
    ("empty name", json.dumps(make_event("bad", eventName="")), "missing_event_name"),
]


@pytest.mark.parametrize("shape", [between, in_array])
@pytest.mark.parametrize(("name", "record", "reason"), RECORDS, ids=[name for name, *_ in RECORDS])
def test_a_bad_record_is_quarantined_and_its_neighbours_land(
    deployment: Deployment, name: str, record: str, reason: str, shape: object
) -> None:
    assert callable(shape)
    deployment.land_and_deliver("log", shape(record))

    entry = deployment.quarantine_of("log")
    assert [(each["index"], each["reason"]) for each in entry["entries"]] == [(1, reason)]
    assert entry["entries"][0]["detail"]
    assert sorted(deployment.get("/v1/events").event_ids) == ["good", "other"]
    commit = deployment.commit_of("log")
    assert (commit["records_in"], commit["rows_out"], commit["quarantined"]) == (3, 2, 1)


def test_bytes_that_are_not_utf8_spoil_only_their_record(deployment: Deployment) -> None:
    bad = json.dumps(make_event("bad", userAgent="MARK")).encode().replace(b"MARK", b"\xff\xfe")
    deployment.land_and_deliver("log", GOOD.encode() + b"\n" + bad + b"\n" + OTHER.encode())

    assert [entry["reason"] for entry in deployment.quarantine_of("log")["entries"]] == ["not_utf8"]
    assert sorted(deployment.get("/v1/events").event_ids) == ["good", "other"]


def test_one_bad_record_among_ten_thousand_costs_only_itself(deployment: Deployment) -> None:
    lines = as_lines(make_events(10_000)).splitlines(keepends=True)
    lines[4_567] = b'{"eventName": "torn", "eventTime": "2026-\n'
    deployment.land_and_deliver("log.gz", gzip.compress(b"".join(lines), compresslevel=1))

    commit = deployment.commit_of("log.gz")
    assert (commit["records_in"], commit["rows_out"], commit["quarantined"]) == (10_000, 9_999, 1)
    assert [entry["index"] for entry in deployment.quarantine_of("log.gz")["entries"]] == [4_567]
    answered = deployment.get("/v1/events", {"eventId": ["event-4566", "event-4567", "event-4568"]})
    assert answered.event_ids == ["event-4568", "event-4566"]


def test_more_bad_records_than_are_listed_are_still_counted(deployment: Deployment) -> None:
    deployment.land_and_deliver("log", GOOD.encode() + b"\n" + b'{"eventName": "x"}\n' * 10_500)

    entry = deployment.quarantine_of("log")
    assert entry["counts"] == {"missing_event_time": 10_500}
    assert len(entry["entries"]) == 10_000
    assert deployment.commit_of("log")["quarantined"] == 10_500


def test_an_object_of_rejects_without_end_is_given_up_and_says_so(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trailkeep.delivery.MAX_REJECTS", 20)
    deployment.land_and_deliver("log", GOOD.encode() + b"\n" + b'{"eventName": "x"}\n' * 50)

    commit = deployment.commit_of("log")
    assert (commit["rows_out"], commit["quarantined"], commit["records_in"]) == (1, 21, 22)
    quarantined = deployment.quarantine_of("log")
    assert quarantined["counts"] == {"missing_event_time": 20, "given_up": 1}
    assert quarantined["entries"][-1]["reason"] == "given_up"


def test_no_bytes_of_a_bad_record_are_repeated_in_its_quarantine(deployment: Deployment) -> None:
    secret = "hunter2hunter2"
    bad = [
        with_field(f'NaN, "password": "{secret}"'),
        json.dumps(make_event("bad", eventTime=secret)),
        json.dumps(make_event("bad", eventTime=..., eventName=secret)),
        with_field(f'"{secret}", "extra": 1'),
    ]
    deployment.land_and_deliver("log", "\n".join(bad).encode())

    assert deployment.commit_of("log")["quarantined"] == len(bad)
    assert not any(secret.encode() in body for body in deployment.objects().values())


def test_numbers_beyond_a_double_and_mixed_types_come_back_as_written(deployment: Deployment) -> None:
    bodies = [
        with_field("9007199254740993").replace('"bad"', '"precise"'),
        with_field("18446744073709551616").replace('"bad"', '"wide"'),
        with_field("{}").replace('"bad"', '"empty"'),
        with_field('["mixed", 1, null, {}]').replace('"bad"', '"mixed"'),
        with_field("0.1000000000000000055511151231257827").replace('"bad"', '"digits"'),
    ]
    deployment.land_and_deliver("log", "\n".join(bodies).encode())

    answer = deployment.get("/v1/events", {"maxResults": "50"})
    assert sorted(answer.event_ids) == ["digits", "empty", "mixed", "precise", "wide"]
    assert all(body in answer.text for body in bodies)
