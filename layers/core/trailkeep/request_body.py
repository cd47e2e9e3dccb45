"""The body of a request: from what the gateway hands over to the records or the object in it. Nothing is stored."""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from trailkeep.errors import InvalidBody, PayloadTooLarge
from trailkeep.events.inflate import GZIP_MAGIC
from trailkeep.events.reasons import Rejected, Unreadable
from trailkeep.events.records import split
from trailkeep.events.strict_json import parse_object

MAX_TEXT_BYTES = 48 << 20
"""A request holds 6 MB; audit events inflate 10 to 30 times, and the text must fit in the function's memory twice."""

MAX_OBJECT_BYTES = 1 << 18
"""A body that is one object, such as settings, is small: a hundred names of each kind fit ten times."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request's body as the gateway hands it over, with the headers that say how to read it (names in lower case)."""

    body: str | None
    is_base64: bool
    headers: Mapping[str, str]


def text_of(request: Request) -> bytes:
    """The text of a body, decoded and unpacked; :class:`InvalidBody` or :class:`PayloadTooLarge` where it is none."""
    try:
        body = (request.body or "").encode()
        body = base64.b64decode(body, validate=True) if request.is_base64 else body
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidBody("the body is not valid base64 or UTF-8") from error
    if request.headers.get("content-encoding", "identity").lower() not in ("gzip", "identity", ""):
        raise InvalidBody("Content-Encoding must be gzip or absent")
    # Told by content: API Gateway unpacks a body that is announced as gzip and keeps the announcement.
    if body.startswith(GZIP_MAGIC):
        body = _gunzip(body)
    if not body.strip():
        raise InvalidBody("the body is empty")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise InvalidBody("the body is not UTF-8") from error
    if b"\0" in body:
        raise InvalidBody("the body is UTF-16, or no text")
    return body


def object_of(request: Request) -> dict[str, Any]:
    """The one JSON object of a small body. Raises :class:`InvalidBody` for anything else, a key twice included."""
    hint = "Send one JSON object."
    try:
        text = text_of(request)
        if len(text) > MAX_OBJECT_BYTES:
            raise PayloadTooLarge(f"the body holds more than {MAX_OBJECT_BYTES} bytes", hint=hint)
        return parse_object(text)
    except InvalidBody as error:
        raise InvalidBody(error.message, hint=hint) from error
    except Unreadable as refusal:
        raise InvalidBody(f"the body is no JSON object: {refusal.detail}", hint=hint) from refusal


def _gunzip(body: bytes) -> bytes:
    """One gzip member, whole and alone; at most :data:`MAX_TEXT_BYTES` of text."""
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = member.decompress(body, MAX_TEXT_BYTES + 1)
    except zlib.error as error:
        raise InvalidBody("the body is not valid gzip") from error
    if len(text) > MAX_TEXT_BYTES:
        raise PayloadTooLarge(f"the body inflates to more than {MAX_TEXT_BYTES} bytes")
    if not member.eof or member.unused_data:
        raise InvalidBody("the body must be one whole gzip stream")
    return text


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    events: msgspec.Raw


_OPENING = re.compile(rb'\s*\{\s*"events"\s*:\s*')
_batch = msgspec.json.Decoder(_Batch)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def records_of(text: bytes) -> list[bytes | Unreadable]:
    """The events of ``{"events": […]}`` or of NDJSON, place by place."""
    if text.lstrip().startswith(b"["):
        raise InvalidBody('the body must be {"events": […]} or one JSON object a line')
    if opening := _OPENING.match(text):
        return _records_of_batch(text, opening.end())
    records: list[bytes | Unreadable] = []
    for record in split([text]):
        records.append(Unreadable(record.reason, record.detail) if isinstance(record, Rejected) else record.text)
    if all(isinstance(record, Unreadable) for record in records):
        raise InvalidBody("the body is neither JSON nor lines of JSON")
    if len(records) == 1 and isinstance(records[0], bytes) and _is_batch(records[0]):
        raise InvalidBody('a body with "events" must hold nothing else')
    return records


def _records_of_batch(text: bytes, start: int) -> list[bytes | Unreadable]:
    """The elements of the list at ``start``, which must be all that the object holds: not even a second ``events``."""
    try:
        listed = bytes(_batch.decode(text).events)
        records: list[bytes | Unreadable] = [bytes(raw) for raw in _list.decode(listed)]
    except (msgspec.DecodeError, RecursionError):
        raise InvalidBody('the body is not valid JSON of the form {"events": […]}') from None
    if not text.startswith(listed, start) or text[start + len(listed) :].strip() != b"}":
        raise InvalidBody('"events" stands twice in the body')
    return records


def _is_batch(record: bytes) -> bool:
    try:
        names = _object.decode(record).keys()
    except (msgspec.DecodeError, RecursionError):
        return False
    return "events" in names and "eventName" not in names
