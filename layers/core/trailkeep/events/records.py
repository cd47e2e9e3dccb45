"""The text of a log object → its records, each as the bytes it was written with.

A log object is a sequence of JSON texts. Each is a record, an array of records (ActionTrail's objects), or an object
that holds its records as ``Records`` (CloudTrail's). One after another, with or without newlines between them, they
also cover NDJSON and concatenated objects.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from trailkeep.events.brackets import End, ValueScanner
from trailkeep.events.reader import Reader
from trailkeep.events.reasons import Reason, Rejected, Unreadable
from trailkeep.events.runs import run_of_elements, run_of_lines

MAX_RECORD_BYTES = 16 << 20
"""Services cap an event at 256 KB to 1 MB; sixteen times that is no audit event and only costs memory."""

_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = b"{}[]"

Part = bytes | Unreadable


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its position among the records of its object, and its bytes."""

    index: int
    text: bytes


def split(pieces: Iterable[bytes]) -> Iterator[Record | Rejected]:
    """Yield every record of a log object's text, and each thing in it that cannot be read, in the object's order.

    ``pieces`` may raise :class:`Unreadable`; what came before it is still given.
    """
    reader = Reader(iter(pieces))
    index = 0
    for part in _texts(reader):
        yield Rejected(index, part.reason, part.detail) if isinstance(part, Unreadable) else Record(index, part)
        index += 1
    if reader.failure:
        yield Rejected(index, reader.failure.reason, reader.failure.detail)
    elif reader.is_empty:
        yield Rejected(index, Reason.EMPTY_OBJECT, "the object holds no text")


def _texts(reader: Reader) -> Iterator[Part]:
    seen = False
    while (byte := reader.peek()) is not None:
        if byte == _OPEN_ARRAY:
            reader.at += 1
            yield from _elements(reader)
        elif byte == _OPEN_OBJECT:
            if reader.enter_records():
                yield from _elements(reader)
                _leave_envelope(reader)
            elif lines := run_of_lines(reader):
                yield from lines
            else:
                yield from _open_document(_value(reader))
        elif seen:
            yield _junk(reader)
        else:
            yield reader.why_not_json()
            return
        seen = True


def _elements(reader: Reader) -> Iterator[Part]:
    """The records of an array, from behind its ``[`` to behind its ``]``."""
    torn = False
    while (byte := reader.peek()) is not None:
        if byte == _CLOSE_ARRAY:
            reader.at += 1
            return
        if byte == _OPEN_OBJECT:
            if run := run_of_elements(reader):
                yield from run
            else:
                value = _value(reader)
                torn = isinstance(value, Unreadable) and value.reason is Reason.TRUNCATED
                yield value
        elif byte == _OPEN_ARRAY:
            value = _value(reader)
            yield value if isinstance(value, Unreadable) else _not_an_object()
        else:
            yield _junk(reader)
    if not (torn or reader.failure):
        yield Unreadable(Reason.TRUNCATED, "the text ends inside an array of records")


def _value(reader: Reader) -> Part:
    """One bracketed value, by the exact scanner; the reader then stands behind it."""
    scanner = ValueScanner()
    at = reader.at
    too_large = False
    while (scan := scanner.scan(reader.text, at, at_end=reader.ended)).end is End.NEEDS_MORE:
        if scan.at - reader.at > MAX_RECORD_BYTES:
            too_large = True
            reader.at = scan.at
        scanned = scan.at - reader.at
        reader.more()
        at = reader.at + scanned
    text = reader.text[reader.at : scan.at]
    reader.at = scan.at
    if too_large or len(text) > MAX_RECORD_BYTES:
        return Unreadable(Reason.RECORD_TOO_LARGE, f"a record is larger than {MAX_RECORD_BYTES} bytes")
    if scan.end is End.COMPLETE:
        return text
    if reader.ended and scan.at == len(reader.text):
        return Unreadable(Reason.TRUNCATED, "the text ends inside a record")
    return Unreadable(Reason.INVALID_JSON, "the brackets or quotes of a record do not match")


class _Document(msgspec.Struct):
    Records: list[msgspec.Raw]


_document = msgspec.json.Decoder(_Document)


def _open_document(text: Part) -> Iterator[Part]:
    """A text that stands alone: a record, or an object that holds ``Records`` behind other keys."""
    if isinstance(text, bytes) and b'"Records"' in text:
        try:
            records = _document.decode(text).Records
        except (msgspec.DecodeError, RecursionError):
            records = None  # a record that merely mentions the word, or one that its reader will refuse
        if records is not None:
            yield from (bytes(raw) for raw in records)
            return
    yield text


def _leave_envelope(reader: Reader) -> None:
    """From behind the list of records to behind the ``}`` of the object that holds it."""
    while (byte := reader.peek()) is not None and byte != _CLOSE_OBJECT:
        if byte in (_OPEN_OBJECT, _OPEN_ARRAY):
            if isinstance(_value(reader), Unreadable):
                return
        else:
            reader.skip_junk()
    reader.at += 1


def _junk(reader: Reader) -> Unreadable:
    reader.skip_junk()
    return _not_an_object()


def _not_an_object() -> Unreadable:
    return Unreadable(Reason.NOT_AN_OBJECT, "a record must be a JSON object")
