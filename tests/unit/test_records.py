"""Records come out of a log object as they went in, whatever form it has and however its text is cut into pieces."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.json_texts import Writer, compact, flush_left, objects, one_line, pieces_of, pretty, writers
from trailkeep.events import reader, records, runs
from trailkeep.events.inflate import inflate
from trailkeep.events.reasons import Reason, Rejected, Unreadable
from trailkeep.events.records import Record, split

GARBAGE = [
    *(b'{ } [ ] " , : a 1 \\ {"a": "b" {"b":1} null {"Records":[ "Records" },{" {":{ '.split()),
    *(b" ", b"\n", b"\r\n", b"}\n{", b"\xef\xbb\xbf", b"\xff", b"\x00"),
]

named = objects.map(lambda event: {"eventName": "x", **event})
"""Events that stand alone: without a name, one with a field called Records would be an envelope."""


def read(text: bytes) -> list[Record | Rejected]:
    return list(split([text]))


def texts(parts: Iterable[Record | Rejected]) -> list[bytes]:
    """The texts of records, all of which must be sound."""
    found = []
    for part in parts:
        assert isinstance(part, Record), part
        found.append(part.text)
    return found


def reasons(parts: Iterable[Record | Rejected]) -> list[Reason]:
    return [part.reason for part in parts if isinstance(part, Rejected)]


@given(st.data(), st.lists(objects, max_size=6), st.lists(writers, min_size=6, max_size=6))
def test_an_array_gives_its_elements_byte_by_byte(
    data: st.DataObject, events: list[dict[str, Any]], written_by: list[Writer]
) -> None:
    written = [write(event) for write, event in zip(written_by, events, strict=False)]
    text = data.draw(st.sampled_from([b"[", b" [\n", b"\xef\xbb\xbf["])) + b",\n  ".join(written) + b"\n]\n"

    assert texts(split(data.draw(pieces_of(text)))) == written


@given(st.data(), st.lists(named, max_size=6), one_line)
def test_lines_give_their_objects_byte_by_byte(
    data: st.DataObject, events: list[dict[str, Any]], write: Writer
) -> None:
    written = [write(event) for event in events]
    newline = data.draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
    text = newline.join(written) + data.draw(st.sampled_from([b"", newline]))

    parts = list(split(data.draw(pieces_of(text))))

    assert texts(parts) == written if written else reasons(parts) == [Reason.EMPTY_OBJECT]


@given(st.data(), st.lists(objects, max_size=6), writers)
def test_an_envelope_gives_its_records(data: st.DataObject, events: list[dict[str, Any]], write: Writer) -> None:
    before = {"metadata": "of {", "count": 1} if data.draw(st.booleans()) else {}
    behind = {"note": "a}b{]", "more": {"x": []}} if data.draw(st.booleans()) else {}
    text = write({**before, "Records": events, **behind})

    found = texts(split(data.draw(pieces_of(text))))

    assert [json.loads(record) for record in found] == events
    assert all(record in text for record in found)


@given(st.data(), st.lists(st.tuples(named, writers), min_size=1, max_size=5))
def test_objects_one_after_another_are_read_with_or_without_blanks_between(
    data: st.DataObject, events: list[tuple[dict[str, Any], Writer]]
) -> None:
    written = [write(event) for event, write in events]
    text = data.draw(st.sampled_from([b"", b"\n", b" ", b"\n\n"])).join(written)

    assert texts(split(data.draw(pieces_of(text)))) == written


@given(st.data(), st.lists(st.lists(named, max_size=3), min_size=1, max_size=4))
def test_log_objects_of_any_form_may_be_joined(data: st.DataObject, batches: list[list[dict[str, Any]]]) -> None:
    def as_lines(events: list[dict[str, Any]]) -> bytes:
        return b"\n".join(map(compact, events)) + b"\n"

    forms = [compact, pretty, flush_left, as_lines, lambda events: compact({"Records": events})]
    joined = b"".join(data.draw(st.sampled_from(forms))(batch) for batch in batches)
    packed = b"".join(gzip.compress(part) for part in data.draw(pieces_of(joined)))

    found = [part for part in split(inflate(data.draw(pieces_of(packed)))) if not _is_empty(part)]

    assert [json.loads(record) for record in texts(found)] == [event for batch in batches for event in batch]


def _is_empty(part: Record | Rejected) -> bool:
    return isinstance(part, Rejected) and part.reason is Reason.EMPTY_OBJECT


@given(st.lists(st.sampled_from(GARBAGE), max_size=40).map(b"".join), st.data())
@settings(max_examples=300)
def test_how_a_text_is_cut_makes_no_difference_even_where_it_is_broken(text: bytes, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([b"", b'[{"a":', b'{"a":1}\n{', b'{"Records":[{', b'[{"a":1},{"b":2},']))
    limits = {
        (reader, "FETCH_BYTES"): data.draw(st.sampled_from([1, 10])),
        (runs, "_ENOUGH"): data.draw(st.sampled_from([1, 30])),
        (runs, "_STRETCH"): data.draw(st.sampled_from([1, 30])),
        (records, "MAX_RECORD_BYTES"): data.draw(st.sampled_from([12, 100])),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MAX_RECORD_BYTES", limits[records, "MAX_RECORD_BYTES"])
        whole = read(start + text)
        for (module, name), value in limits.items():
            patch.setattr(module, name, value)

        assert list(split(data.draw(pieces_of(start + text)))) == whole


@given(st.lists(st.sampled_from(GARBAGE), max_size=40).map(b"".join))
def test_the_fast_way_and_the_exact_one_agree_even_where_the_text_is_broken(text: bytes) -> None:
    fast = read(b'[{"a":1},{' + text), read(b'{"a":1}\n{' + text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs.Runs, "_next", lambda *_: [])

        assert (read(b'[{"a":1},{' + text), read(b'{"a":1}\n{' + text)) == fast


@given(st.lists(objects, min_size=1, max_size=5))
def test_positions_count_from_zero(events: list[dict[str, Any]]) -> None:
    assert [part.index for part in read(compact(events))] == list(range(len(events)))


@pytest.mark.parametrize("text", [b"", b" \n\t\r\n", b",", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_object_without_text_is_empty(text: bytes) -> None:
    assert reasons(read(text)) == [Reason.EMPTY_OBJECT]


@pytest.mark.parametrize("text", [b"[]", b" [ ] ", b'{"Records":[]}', b'{"Records": [ ]}\n', b"[][]"])
def test_a_list_without_records_is_not_empty_but_holds_nothing(text: bytes) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    "text", [b"hello", b"eventName,eventTime\na,b\n", b"<xml/>", b"42", b'"text"', b"null", b"\x1f\x8b", b"PAR1", b"}"]
)
def test_what_is_no_json_is_refused_as_a_whole(text: bytes) -> None:
    assert reasons(read(text)) == [Reason.NOT_JSON]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ['[{"eventName":"x"}]', '{"eventName":"x"}\n{"eventName":"y"}\n', '{"Records":[]}'])
def test_other_encodings_than_utf8_are_named(text: str, encoding: str) -> None:
    assert reasons(read(text.encode(encoding))) == [Reason.NOT_UTF8]


def test_byte_order_marks_where_files_were_joined_are_blanks() -> None:
    text = b'\xef\xbb\xbf{"a":1}\n\xef\xbb\xbf{"b":2}\n\xef\xbb\xbf[{"c":3}]'

    assert texts(read(text)) == [b'{"a":1}', b'{"b":2}', b'{"c":3}']


def test_a_record_that_mentions_records_is_no_envelope() -> None:
    lines = [b'{"eventName":"x","requestParameters":{"Records":[{"a":1}]}}', b'{"eventName":"\\"Records\\""}']

    assert texts(read(b"\n".join(lines))) == lines
    assert texts(read(b"[" + b",".join(lines) + b"]")) == lines


def test_an_event_with_a_field_called_records_is_an_event() -> None:
    for event in (b'{"eventName":"x","Records":[]}', b'{"eventTime":"x","Records":[{"a":1}],"eventName":"y"}'):
        assert texts(read(event)) == [event]
        assert texts(read(event + b"\n" + event)) == [event, event]


def test_records_that_are_no_list_are_a_field_like_any_other() -> None:
    assert texts(read(b'{"Records":null}')) == [b'{"Records":null}']
    assert texts(read(b'{"records":[{"a":1}]}')) == [b'{"records":[{"a":1}]}']


def test_two_lists_of_records_in_one_envelope_are_told() -> None:
    found = read(b'{"Records":[{"a":1}],"Records":[{"b":2}]}\n{"c":3}')

    assert [part.text for part in found if isinstance(part, Record)] == [b'{"a":1}', b'{"c":3}']
    assert reasons(found) == [Reason.DUPLICATE_KEY]


def test_two_lists_of_records_behind_other_keys_stay_one_record_to_be_refused() -> None:
    text = b'{"x":1,"Records":[{"a":1}],"Records":[{"b":2}]}'

    assert texts(read(text)) == [text]


def test_what_comes_before_a_failure_of_the_source_is_given() -> None:
    def source() -> Iterable[bytes]:
        yield b'{"a":1}\n{"b":2}\n{"c":'
        raise Unreadable(Reason.TRUNCATED_GZIP, "the gzip stream ends before its end mark")

    found = list(split(source()))

    assert [part.text for part in found if isinstance(part, Record)] == [b'{"a":1}', b'{"b":2}']
    assert reasons(found) == [Reason.TRUNCATED, Reason.TRUNCATED_GZIP]


def test_details_never_quote_the_input() -> None:
    secret = b"hunter2"
    for text in (secret, b"[" + secret, b'{"' + secret, b'[{"a":"' + secret + b"\n},1,2]", b'{"a":1}\n' + secret):
        assert all(secret.decode() not in part.detail for part in read(text) if isinstance(part, Rejected))
