"""The fast way and the exact one make the same of any record: the same row, or the same rejection."""

from __future__ import annotations

import gzip
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.local.history import landing_objects
from tests.unit.json_texts import compact, pieces_of, writers
from tests.unit.secrets import SHAPES, by_name, in_base64, in_text, secret_names, spelled
from trailkeep.events.batch import Batch, normalise_all, normalise_run
from trailkeep.events.columns import row_of
from trailkeep.events.inflate import inflate
from trailkeep.events.mask_keys import KeyKind, kind_of
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.plain import PlainReader
from trailkeep.events.plain_record import PlainRecord
from trailkeep.events.reasons import Reason
from trailkeep.events.records import Record, RecordRun, split
from trailkeep.events.regions import RegionRules
from trailkeep.events.runs import Run
from trailkeep.events.timestamps import parse_micros

LANDING = Path(__file__).parents[2] / "events" / "landing"
SAMPLES = os.environ.get("TRAILKEEP_SAMPLES", "")
ARRIVAL = Arrival("objects", parse_micros("2026-11-20T00:00:00Z"), RegionRules("cn-shanghai", "global"))


def records_in(body: bytes) -> list[bytes]:
    return [part.text for part in split(inflate([body])) if isinstance(part, Record)]


QUIRKS = records_in((LANDING / "quirks.ndjson").read_bytes())
HISTORY = [
    text
    for item in list(landing_objects(datetime(2026, 11, 16, 4, 3, tzinfo=UTC), days=2))[-8:]
    for text in records_in(item.body)
]


def one_by_one(texts: list[bytes]) -> Batch:
    """What the exact way makes of some records."""
    found = Batch()
    for index, text in enumerate(texts):
        found.take(normalise(Record(index, text), ARRIVAL))
    return found


def in_one_run(texts: list[bytes], between: bytes = b",") -> Batch:
    return normalise_run(RecordRun(0, Run(between.join(texts), texts)), ARRIVAL)


def is_plain(text: bytes) -> bool:
    return PlainReader("objects", ARRIVAL.regions).rows([text]) != [None]


# --- events as clouds write them


@pytest.mark.parametrize("texts", [QUIRKS, HISTORY], ids=["quirks", "history"])
def test_events_of_clouds_come_out_the_same(texts: list[bytes]) -> None:
    assert in_one_run(texts) == one_by_one(texts)
    assert in_one_run(texts, b",\n ") == one_by_one(texts)


def test_nearly_all_events_are_plain() -> None:
    assert sum(map(is_plain, HISTORY)) == len(HISTORY)
    assert sum(map(is_plain, QUIRKS)) > 30


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES, reason="TRAILKEEP_SAMPLES does not name a folder with real sample events")
def test_real_events_come_out_the_same() -> None:
    folder = Path(SAMPLES)
    texts = []
    for path in [*folder.rglob("*.gz"), *folder.rglob("*.json")]:
        body = path.read_bytes()
        texts += records_in(gzip.decompress(body) if path.suffix == ".gz" else body)

    assert len(texts) > 3_000
    assert in_one_run(texts) == one_by_one(texts)


def test_no_member_of_a_plain_record_says_anything_of_another() -> None:
    kinds = {kind_of(json.dumps(name).encode()) for name in PlainRecord.__struct_encode_fields__}

    assert kinds == {KeyKind.PLAIN}


# --- events that differ from those in one place or more

NAMES = sorted({name for text in QUIRKS + HISTORY for name in json.loads(text)})
VALUES = (
    None, True, False, 0, 1, -1, 1.5, 1e300, 2**63 - 1, 2**63, -(2**63) - 1, 10**320, "", "x", "null", "NULL", "-",
    "true", "1", "success", "é", "日志", "ｐ", "😀", "\n", '"', "\\", "/", "password", "a=b", "token=x1", "eyJ",
    "https://u:p1@h/", "Bearer abcdefgh12345678", [], {}, [[]], {"a": {}}, {"token": "x1"}, {"name": "Cookie"},
    {"name": "pwd", "value": "x1"}, ["a", {"password": 1}], '{"password":"x1"}', {"Records": [1]}, {"": 0},
    {"loginAccount": "alice"}, {"UserName": "bob"}, {"loginAccount": 1, "UserName": ""}, {"userName": "carol"},
    {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/r/s"}, {"type": "Root"}, {"invokedBy": "x"},
    "2026-03-03T03:01:00Z", "2026-03-03T03:01:60Z", "2026-03-03t03:01:00z", "2026-03-03T03:01:00.5Z",
    "2026-03-03T03:01:00+08:00", "1969-12-31T23:59:59Z", "2099-01-01T00:00:00Z", "2026-03-03T03:01", "x" * 3000,
    "../x", "cn-beijing", "192.0.2.1", "a,b;c", "AssumedRole",
)  # fmt: skip
members = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), min_size=1, max_size=3)
dropped = st.sets(st.sampled_from(NAMES), max_size=2)
events = st.builds(
    lambda base, other, without: {k: v for k, v in {**json.loads(base), **other}.items() if k not in without},
    st.sampled_from(HISTORY[:50] + QUIRKS),
    members,
    dropped,
)


@settings(max_examples=300)
@given(st.lists(st.tuples(events, st.sampled_from([compact, compact, compact]) | writers), min_size=1, max_size=4))
def test_events_with_other_members_come_out_the_same(written: list[tuple[dict[str, Any], Any]]) -> None:
    texts = [write(event) for event, write in written]

    assert in_one_run(texts) == one_by_one(texts)


EDITS = (
    b'"a":1,', b'"a":1,"a":1,', b'"eventId":"x",', b'"\\u0061":1,', b" ", b"\n", b"\t", b"\\n", b"\\u0070", b"\\/",
    b"\\", b'\\"', b"1.0", b"1e5", b"-0", b"1E400", b"0" * 400, b"9" * 400, b"NaN", b"null", b"true", b"\xff",
    b"\xc3\xa9", b"\xe6\x97\xa5", b"\xef\xbd\x90", b"\xe3\x80\x80", b"\\ud800", b'"', b",", b":", b"{", b"}", b"[",
    b"]", b"{}", b"[]", b"token", b"to\\nken=x1", b"password:", b"s_e_c_r_e_t=x1", b"pa ss=x1",
    b"sec\xe6\x97\xa5ret=x1", b"\x00", b"\x7f", b"{" * 150, b'{"a":' * 90 + b"1" + b"}" * 90,
    b'{"a":' * 120 + b"1" + b"}" * 120, b"[" * 90 + b"]" * 90, b'{"a":[{"b":1,"b":2}]}',
    b'{"x":"\\":","b":1,"b":2}', b'{"a":1e5,"b":1,"b":1}',
)  # fmt: skip


@settings(max_examples=1000)
@given(st.sampled_from(HISTORY[:50] + QUIRKS), st.data())
def test_events_damaged_anywhere_come_out_the_same(text: bytes, data: st.DataObject) -> None:
    tokens = [match.start() for match in re.finditer(rb'[{}\[\]:,"]|(?<=")', text)]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from(tokens) | st.integers(0, len(text)))
        cut = data.draw(st.sampled_from([0, 0, 0, 1, 2, 9]))
        text = text[:at] + data.draw(st.sampled_from(EDITS)) + text[at + cut :]
    assume(text.startswith(b"{"))

    assert in_one_run([HISTORY[0], text, HISTORY[1]]) == one_by_one([HISTORY[0], text, HISTORY[1]])


@pytest.mark.parametrize("name", ["requestParameters", "userIdentity", "resources", "additionalEventData"])
@pytest.mark.parametrize(
    "value",
    [
        b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b'[{"a":[{"b":1,"c":2,"b":1}]}]', b'{"a":1,"\\u0061":2}',
        b'{"a":100000.0,"b":1,"b":2}', b'{"a":1e5,"b":1,"b":22}', b'{"a":"\\u0022:","b":1,"b":2}', b'{"a":NaN}',
        b'{"a":"\\ud800"}', b'{"a":1e400}', b'{"a":' + b"9" * 400 + b"}", b"[" * 99 + b"]" * 99,
        b"[" * 101 + b"]" * 101, b"[" * 940 + b"]" * 940, b'{"":' * 960 + b"1" + b"}" * 960,
        b'{"a":"\xff"}', b'{"a":"\\u0001","b":1}', b'{"a" :1}', b'{"a":-0}', b'{"a":"\x7f"}', b'"text"', b"null", b"[]",
    ],
)  # fmt: skip
def test_what_parsers_read_differently_is_left_to_the_exact_way(name: str, value: bytes) -> None:
    text = b'{"eventId":"e-00001","eventTime":"2026-03-03T03:01:00Z","eventName":"A","%s":%s}' % (name.encode(), value)

    assert in_one_run([text]) == one_by_one([text])


@settings(max_examples=300)
@given(st.data(), secret_names, st.sampled_from(HISTORY[:50]))
def test_no_secret_takes_the_fast_way(data: st.DataObject, name: str, text: bytes) -> None:
    plain = data.draw(st.booleans())
    written = data.draw(spelled(name, plain=plain))
    hidden = data.draw(
        st.sampled_from([*by_name(written, "hunter2canary"), *SHAPES, in_base64({name: "hunter2canary"})])
        | st.sampled_from(in_text(written if plain else name, "hunter2canary"))
    )
    member = data.draw(
        st.sampled_from(["requestParameters", "userAgent", "errorMessage", "userIdentity", "eventVersion"])
    )
    event = {**json.loads(text), member: hidden}

    found = in_one_run([text, data.draw(writers)(event), text])

    assert not any(b"hunter2canary" in row.event for row in found.rows)
    assert found == one_by_one([text, compact(event), text]) or found.masked


# --- runs


@given(st.data(), st.lists(st.sampled_from(HISTORY + QUIRKS), min_size=1, max_size=40))
def test_the_text_of_an_object_gives_its_records_however_it_is_cut(data: st.DataObject, texts: list[bytes]) -> None:
    text = data.draw(
        st.sampled_from(
            [b"[" + b",".join(texts) + b"]", b"\n".join(texts), b'{"Records":[' + b",\n".join(texts) + b"]}"]
        )
    )

    batches = list(normalise_all(data.draw(pieces_of(text)), ARRIVAL, 100))

    assert [row for batch in batches for row in batch.rows] == one_by_one(texts).rows


@given(st.integers(0, 12), st.lists(st.booleans(), min_size=1, max_size=20))
@example(0, [False])
@example(1, [False, True])
def test_with_too_many_rejections_the_rest_is_one_more(most: int, sound: list[bool]) -> None:
    texts = [HISTORY[0] if good else b'{"eventName":"A"}' for good in sound]
    limit = next((at for at in range(len(sound)) if sound[: at + 1].count(False) > most), None)

    batches = list(normalise_all([b"\n".join(texts)], ARRIVAL, most))

    rows = [row for batch in batches for row in batch.rows]
    rejected = [each for batch in batches for each in batch.rejected]
    given_up = [each.index for each in rejected if each.reason is Reason.GIVEN_UP]
    assert given_up == ([] if limit is None else [limit])
    assert len(rows) == sound[:limit].count(True)
    assert len(rejected) == sound[:limit].count(False) + len(given_up)


def test_what_is_remembered_is_bounded() -> None:
    reader = PlainReader("objects", ARRIVAL.regions)
    with patch("trailkeep.events.plain._MOST", 10):
        for number in range(100):
            assert reader.rows([HISTORY[0].replace(b'"eventName":"', b'"eventName":"%d' % number)]) != [None]
            assert len(reader._calls) <= 10


def test_a_rejection_says_where_it_stands() -> None:
    found = normalise_run(RecordRun(7, Run(b"", [HISTORY[0], b'{"eventName":"A"}'])), ARRIVAL)

    assert [(each.index, each.reason) for each in found.rejected] == [(8, Reason.MISSING_EVENT_TIME)]
    assert found.rows == [row_of(normalise(Record(0, HISTORY[0]), ARRIVAL)[0])]  # type: ignore[index]
