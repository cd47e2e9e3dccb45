"""The events of a request's body come out as they went in; a body that cannot be read is one typed error."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.json_texts import Writer, objects, one_line, writers
from trailkeep import request_body
from trailkeep.errors import InvalidBody, PayloadTooLarge
from trailkeep.events.reasons import Reason, Unreadable
from trailkeep.request_body import Request, records_of, text_of

named = objects.map(lambda event: {"eventName": "x", **event})


def request(body: bytes, headers: Mapping[str, str] | None = None) -> Request:
    """As API Gateway hands a body over: binary ones in base64."""
    return Request(base64.b64encode(body).decode(), True, headers or {})


@given(st.lists(st.tuples(named, writers), max_size=5), st.sampled_from([b'{"events":[', b' {\n "events" : [ ']))
def test_a_batch_gives_its_events_byte_by_byte(events: list[tuple[dict[str, Any], Writer]], opening: bytes) -> None:
    written = [write(event) for event, write in events]

    assert records_of(opening + b" , ".join(written) + b"] }\n") == written


@given(st.lists(named, min_size=1, max_size=5), one_line)
def test_lines_give_their_events_byte_by_byte(events: list[dict[str, Any]], write: Writer) -> None:
    written = [write(event) for event in events]

    assert records_of(b"\n".join(written) + b"\n") == written


@given(st.text(min_size=1).filter(lambda text: text.strip() and "\0" not in text), st.booleans(), st.booleans())
def test_a_text_comes_as_it_was_sent(text: str, packed: bool, announced: bool) -> None:
    body = gzip.compress(text.encode()) if packed else text.encode()

    assert text_of(request(body, {"content-encoding": "gzip"} if announced else {})) == text.encode()
    assert text_of(Request(text, False, {})) == text.encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"\xff",
        b'{"a":"\xff"}',
        '{"eventName":"x"}'.encode("utf-16"),
        '{"eventName":"x"}'.encode("utf-16-le"),
        gzip.compress(b'{"eventName":"x"}', mtime=0)[:-1],
        gzip.compress(b'{"eventName":"x"}', mtime=0) + b"x",
        gzip.compress(b'{"eventName":"x"}', mtime=0) * 2,
        gzip.compress(b"", mtime=0),
        b"\x1f\x8b\x08damaged",
    ],
)
def test_a_body_that_is_no_text_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidBody):
        text_of(request(body))


@pytest.mark.parametrize(
    "wrong", [Request("no base64!", True, {}), Request("\ud800", False, {}), Request(None, False, {})]
)
def test_a_body_that_cannot_be_decoded_is_refused(wrong: Request) -> None:
    with pytest.raises(InvalidBody):
        text_of(wrong)


def test_another_encoding_is_refused() -> None:
    with pytest.raises(InvalidBody, match="gzip"):
        text_of(request(b"x", {"content-encoding": "br"}))


def test_a_bomb_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "MAX_TEXT_BYTES", 1000)

    assert len(text_of(request(gzip.compress(b"x" * 1000)))) == 1000
    with pytest.raises(PayloadTooLarge):
        text_of(request(gzip.compress(b"x" * 1001)))


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b'[{"eventName":"x"}]',
        b"hello",
        b'"text"',
        b"42",
        b'{"events":{}}',
        b'{"events":null}',
        b'{"events":[}',
        b'{"events":[{"eventName":"x"}]',
        b'{"events":[{"eventName":"x"}],"more":1}',
        b'{"more":1,"events":[{"eventName":"x"}]}',
        b'{"events":[{"eventName":"x"}],"events":[{"eventName":"y"}]}',
        b'{"events":[{"eventName":"x"}]}{"events":[]}',
        b'{"events":[' + b"[" * 100_000,
        b'{"eventName":"torn',
    ],
)
def test_a_body_of_no_form_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidBody):
        records_of(text)


def test_a_broken_line_costs_only_itself() -> None:
    lines = [b'{"eventName":"x"}', b'{"eventName":"torn', b'{"eventName":"y"}', b"42"]

    found = records_of(b"\n".join(lines))

    assert [record for record in found if isinstance(record, bytes)] == [lines[0], lines[2]]
    assert [record.reason for record in found if isinstance(record, Unreadable)] == [
        Reason.INVALID_JSON,
        Reason.NOT_AN_OBJECT,
    ]


@given(st.binary(max_size=60))
def test_any_text_gives_records_or_a_typed_error(text: bytes) -> None:
    for body in (text, b'{"events":[' + text + b"]}", b'{"eventName":"x"}\n' + text):
        try:
            records = records_of(text_of(request(body)))
        except (InvalidBody, PayloadTooLarge):
            continue
        assert all(isinstance(record, bytes | Unreadable) for record in records)
