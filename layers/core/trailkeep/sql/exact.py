"""One event → the text at a path of it: the meaning of :mod:`trailkeep.sql.paths` as code."""

import re
from typing import Any

import msgspec

from trailkeep.events.reasons import Unreadable
from trailkeep.events.strict_json import parse_object


def fraction(text: str) -> msgspec.Raw:
    """A number that is not whole, as its source writes it."""
    return msgspec.Raw(text.encode())


_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any = msgspec.json.Decoder(float_hook=fraction).decode
_text = msgspec.json.Decoder(str).decode
_BLANKS = " \t\n\r"
_ESCAPE = re.compile(rb"\\(?:u[0-9a-f]{4}|.)")


def text_at(event: bytes | memoryview, path: tuple[str, ...]) -> str | None:
    """The text at a path; None for NULL. Raises what msgspec raises for an event that is not a JSON object."""
    value = _members(event).get(path[0])
    may_hop = True
    for name in path[1:]:
        if value is None:
            return None
        raw = bytes(value)
        if may_hop and raw.startswith(b'"'):
            raw, may_hop = _held_in(_text(raw)), False
        if not raw.startswith(b"{"):
            return None
        value = _members(raw).get(name)
    return None if value is None else _written(bytes(value))


def _written(value: bytes) -> str | None:
    """A value as text."""
    if value == b"null":
        return None
    if value.startswith(b'"'):
        return _text(value)
    if value.startswith((b"{", b"[")):
        return as_text(_any(value))
    return value.decode()


def as_text(value: Any) -> str:
    """A decoded value as JSON."""
    return _ESCAPE.sub(_in_capitals, msgspec.json.encode(value)).decode()


def _in_capitals(escape: re.Match[bytes]) -> bytes:
    r"""``\u001F``, where msgspec writes ``\u001f``: as Trino (Jackson) and DuckDB do, so that engines agree."""
    written = escape[0]
    return rb"\u" + written[2:].upper() if written.startswith(rb"\u") else written


def _held_in(text: str) -> bytes:
    """The JSON object that a text holds; empty where it holds none, or one that parsers would disagree about."""
    held = text.strip(_BLANKS).encode()
    if not held.startswith(b"{"):
        return b""
    try:
        parse_object(b'{"":%b}' % held)
    except Unreadable:
        return b""
    return held
