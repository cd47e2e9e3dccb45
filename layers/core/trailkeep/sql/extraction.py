"""Original events → the texts at paths of them, as :mod:`trailkeep.sql.exact` says, many at once.

The decoder makes values of what is asked for and passes by the rest, and steps from object to object by itself. What it
finds is nearly always a text, which is then all there is to do. Anything else is left to the exact way, value by value.
"""

from collections.abc import Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa

from trailkeep.errors import ObjectUnreadable
from trailkeep.sql.exact import as_text, fraction, text_at

Path = tuple[str, ...]


class _Other:
    """Stands for a value that the decoder could not tell."""


_OTHER = _Other()
_PLAIN = frozenset({str, type(None)})


class Extractor:
    """Reads the same paths from any number of events."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        plain = [path for path in self._paths if _is_plain(path, self._paths)]
        self._attributes = {path: _attribute(plain, path) for path in plain}
        self._decode = msgspec.json.Decoder(_members(plain), float_hook=fraction).decode

    def read(self, events: pa.ChunkedArray) -> list[pa.ChunkedArray]:
        """For each path the texts at it, event by event.

        Raises :class:`ObjectUnreadable` for an event that is not a JSON object, which no undamaged lake has.
        """
        chunks = [self._chunk(_slices(chunk)) for chunk in events.chunks]
        return [pa.chunked_array([chunk[index] for chunk in chunks], pa.string()) for index in range(len(self._paths))]

    def _chunk(self, texts: Sequence[memoryview]) -> list[pa.Array]:
        try:
            try:
                records: list[Any] = list(map(self._decode, texts))
            except msgspec.ValidationError:
                records = list(map(self._record, texts))
            return [pa.array(self._column(records, texts, path), pa.string()) for path in self._paths]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ObjectUnreadable("the lake holds an event that is not a JSON object") from None

    def _record(self, text: memoryview) -> Any:
        try:
            return self._decode(text)
        except msgspec.ValidationError:
            return _OTHER

    def _column(self, records: Sequence[Any], texts: Sequence[memoryview], path: Path) -> list[str | None]:
        attribute = self._attributes.get(path)
        if attribute is None:
            return [text_at(text, path) for text in texts]
        try:
            values = list(map(attrgetter(attribute), records))
        except AttributeError:
            values = [_stepped(record, attribute) for record in records]
        if _PLAIN.issuperset(map(type, values)):
            return values
        return [_text(value, text, path) for value, text in zip(values, texts, strict=True)]


def _slices(events: pa.StringArray) -> list[memoryview]:
    """The bytes of each text, without copying them. An event is never null."""
    _, offsets, data = events.buffers()
    starts = memoryview(offsets).cast("i")[events.offset : events.offset + len(events) + 1]
    text = memoryview(data) if data is not None else memoryview(b"")
    return [text[start:end] for start, end in pairwise(starts)]


def _is_plain(path: Path, paths: Sequence[Path]) -> bool:
    """Whether a type can have a path: no name needs escapes, and no other path goes on behind it or ends before it."""
    if any(character in '"\\' or character < " " for name in path for character in name):
        return False
    return not any(other != path and (other[: len(path)] == path or path[: len(other)] == other) for other in paths)


def _firsts(paths: Sequence[Path]) -> list[str]:
    return list(dict.fromkeys(path[0] for path in paths))


def _below(paths: Sequence[Path], first: str) -> list[Path]:
    return [path[1:] for path in paths if path[0] == first and len(path) > 1]


def _members(paths: Sequence[Path]) -> type[msgspec.Struct]:
    """A type that has these paths: at their ends anything, on the way objects, or scalars, which may hold one."""
    fields = []
    for number, first in enumerate(_firsts(paths)):
        below = _below(paths, first)
        kind: Any = (_members(below) | str | int | float | bool | None) if below else Any
        fields.append((f"m{number}", kind, msgspec.field(name=first, default=None)))
    return msgspec.defstruct("Members", fields, gc=False)


def _attribute(paths: Sequence[Path], path: Path) -> str:
    """Where a path is in that type: ``m0.m2``."""
    own = f"m{_firsts(paths).index(path[0])}"
    return f"{own}.{_attribute(_below(paths, path[0]), path[1:])}" if len(path) > 1 else own


def _stepped(record: Any, attribute: str) -> Any:
    """What stands at an attribute, where not every step finds an object."""
    value = record
    for name in attribute.split("."):
        if not isinstance(value, msgspec.Struct):
            return _OTHER if value is _OTHER or (type(value) is str and "{" in value) else None
        value = getattr(value, name)
    return value


def _text(value: Any, event: memoryview, path: Path) -> str | None:
    """The text of a value that the decoder made."""
    kind = type(value)
    if kind is str or value is None:
        return value  # type: ignore[no-any-return]
    if value is _OTHER or value == 0:  # its source may say -0
        return text_at(event, path)
    return as_text(value)
