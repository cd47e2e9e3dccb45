"""The text of a log object → its records, each as the bytes it was written with.

A log object is a sequence of JSON texts. Each is a record, an array of records (ActionTrail's objects), or an object
that holds its records as ``Records`` (CloudTrail's). One after another, with or without newlines between them, they
also cover NDJSON and concatenated objects.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from trailkeep.events.exact import ExactReader
from trailkeep.events.reader import Reader
from trailkeep.events.reasons import Reason, Rejected, Unreadable
from trailkeep.events.runs import Run, Runs
from trailkeep.events.strict_json import parse_object

MAX_RECORD_BYTES = 16 << 20
"""Services cap an event at 256 KB to 1 MB; sixteen times that is no audit event and only costs memory."""

_OPEN_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = b"{[]"

Part = bytes | Unreadable
"""A record's bytes, or why something is none."""


@dataclass(frozen=True, slots=True)
class RecordRun:
    """Records one after another, of which ``index`` is the position of the first among all of their object."""

    index: int
    run: Run

    def __iter__(self) -> Iterator["Record"]:
        return (Record(index, text) for index, text in enumerate(self.run.records, self.index))


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its position among the records of its object, and its bytes."""

    index: int
    text: bytes


def split(pieces: Iterable[bytes]) -> Iterator[Record | Rejected]:
    """Yield every record of a log object's text, and each thing in it that cannot be read, in the object's order.

    ``pieces`` may raise :class:`Unreadable`; what came before it is still given. How the text is cut into pieces
    makes no difference.
    """
    for part in split_in_runs(pieces):
        if isinstance(part, RecordRun):
            yield from part
        else:
            yield part


def split_in_runs(pieces: Iterable[bytes]) -> Iterator[RecordRun | Record | Rejected]:
    """The same as :func:`split`, with those records together that were found together."""
    index = 0
    for part in _Splitter(Reader(iter(pieces))).parts():
        if isinstance(part, Run):
            yield RecordRun(index, part)
            index += len(part.records)
            continue
        yield Rejected(index, part.reason, part.detail) if isinstance(part, Unreadable) else Record(index, part)
        index += 1


class _Splitter:
    """Takes the text of one object apart, from where its reader stands."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._runs = Runs(reader, MAX_RECORD_BYTES)
        self._exact = ExactReader(reader, MAX_RECORD_BYTES)

    def parts(self) -> Iterator[Run | Part]:
        """Every record and every failure, the source's own last."""
        reader = self._reader
        if not reader.is_utf8():
            yield Unreadable(Reason.NOT_UTF8, "the text is UTF-16 or UTF-32; log objects are UTF-8")
            return
        if reader.peek() not in (_OPEN_OBJECT, _OPEN_ARRAY, None):
            yield Unreadable(Reason.NOT_JSON, "the text is neither an array, an object nor lines of objects")
            return
        yield from self._texts()
        if reader.failure:
            yield reader.failure
        elif reader.is_empty:
            yield Unreadable(Reason.EMPTY_OBJECT, "the object holds no text")

    def _texts(self) -> Iterator[Run | Part]:
        """The JSON texts, one after another."""
        reader = self._reader
        while (byte := reader.peek()) is not None:
            if byte == _OPEN_ARRAY:
                reader.at += 1
                yield from self._elements()
            elif byte != _OPEN_OBJECT:
                yield self._junk()
            elif reader.enter_records():
                yield from self._elements()
                yield from self._leave_envelope()
            elif lines := self._runs.lines():
                yield lines
                self._exact.model = lines.records[-1]
            else:
                yield from _open_document(self._exact.value())

    def _elements(self) -> Iterator[Run | Part]:
        """The records of an array, and of arrays in it, from behind its ``[`` to behind its ``]``."""
        reader = self._reader
        lists = 1
        torn = False
        while (byte := reader.peek()) is not None:
            if byte == _CLOSE_ARRAY:
                reader.at += 1
                lists -= 1
                if not lists:
                    return
            elif byte == _OPEN_ARRAY:
                while reader.peek() == _OPEN_ARRAY:
                    reader.at += 1
                    lists += 1
                yield _not_an_object()
            elif byte != _OPEN_OBJECT:
                yield self._junk()
            elif run := self._runs.elements():
                yield run
                self._exact.model = run.records[-1]
            else:
                value = self._exact.value()
                torn = isinstance(value, Unreadable) and value.reason is Reason.TRUNCATED
                yield value
        if not (torn or reader.failure):
            yield Unreadable(Reason.TRUNCATED, "the text ends inside an array of records")

    def _leave_envelope(self) -> Iterator[Part]:
        """From behind the list of records to behind the ``}`` of the object that holds it."""
        rest = self._exact.value(inside_object=True)
        if isinstance(rest, bytes) and b'"Records"' in rest:
            yield Unreadable(Reason.DUPLICATE_KEY, "an object holds Records twice; the second is not read")

    def _junk(self) -> Unreadable:
        self._reader.skip_junk()
        return _not_an_object()


class _Document(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")
    event_name: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="eventName")
    event_time: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="eventTime")


_document = msgspec.json.Decoder(_Document)


def _open_document(text: Part) -> Iterator[Part]:
    """A text that stands alone: a record, or an object that holds ``Records`` behind other keys."""
    records = _records_in(text) if isinstance(text, bytes) and b'"Records"' in text else None
    if records is None:
        yield text
    else:
        yield from (bytes(raw) for raw in records)


def _records_in(text: bytes) -> list[msgspec.Raw] | None:
    """The records of a document; None for one that merely mentions the word, or that its reader will refuse."""
    try:
        document = _document.decode(text)
        if text.count(b'"Records"') > 1:
            parse_object(text)  # two lists of them would be one too many, and only the last is seen here
    except (msgspec.DecodeError, RecursionError, Unreadable):
        return None
    is_event = not (document.event_name is document.event_time is msgspec.UNSET)
    return None if is_event else document.records


def _not_an_object() -> Unreadable:
    return Unreadable(Reason.NOT_AN_OBJECT, "a record must be a JSON object")
