"""Ingest: ``POST /v1/events`` → a landing object, stored before the answer; then delivered like any other."""

import base64
import binascii
import gzip
import re
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from trailkeep.access.principal import EVERYTHING, Principal
from trailkeep.errors import IdempotencyConflict, InvalidBody, InvalidParameter, PayloadTooLarge
from trailkeep.events.reasons import Rejected, Unreadable
from trailkeep.events.records import split
from trailkeep.events.strict_json import parse_object
from trailkeep.events.timestamps import format_time, parse_micros, to_micros
from trailkeep.lake.storage import Bucket
from trailkeep.landing import api_key

MAX_EVENTS = 10_000
MAX_TEXT_BYTES = 48 << 20
"""A request holds 6 MB; audit events inflate 10 to 30 times, and the text must fit in the function's memory twice."""
MAX_EVENT_BYTES = 1 << 20
MAX_ID_LENGTH = 256

_IDEMPOTENCY = "state/idempotency/"
_KEY_FORM = re.compile(r"[\x21-\x7e]{1,128}")
_ACCOUNT_FORM = re.compile(r"[0-9A-Za-z_-]{1,64}")
_DAY = 86_400_000_000
_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Request:
    """A request's body as the gateway hands it over, with the headers that say how to read it (names in lower case)."""

    body: str | None
    is_base64: bool
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ingest:
    """The capability: where events land, where idempotency keys are remembered, the account of this deployment."""

    landing: Bucket
    lake: Bucket
    home_account: str

    def accept(self, request: Request, who: Principal, now: datetime) -> dict[str, Any]:
        """Store the sound events of a request; gives ``accepted``, ``eventIds`` and ``rejected`` by index.

        Raises :class:`InvalidBody`, :class:`PayloadTooLarge`, :class:`IdempotencyConflict`; nothing is stored then.
        """
        text = _text(request)
        batch = self._batch_name(request, text, who)
        completion = _Completion(who, self.home_account, batch, now)
        lines: list[bytes] = []
        event_ids: list[str] = []
        rejected: list[dict[str, object]] = []
        for index, record in enumerate(_records(text)):
            if index >= MAX_EVENTS:
                raise PayloadTooLarge(f"a request holds at most {MAX_EVENTS} events")
            try:
                if isinstance(record, Unreadable):
                    raise record
                event_id, line = completion.complete(index, record)
            except Unreadable as refusal:
                rejected.append({"index": index, "reason": refusal.reason, "detail": refusal.detail})
            except InvalidParameter as refusal:
                rejected.append({"index": index, "reason": "invalid_event", "detail": refusal.message})
            else:
                event_ids.append(event_id)
                lines.append(line)
        if lines:
            self._store(completion.account, batch, b"\n".join(lines) + b"\n")
        elif not rejected:
            raise InvalidBody("the body holds no events")
        return {"accepted": len(lines), "eventIds": event_ids, "rejected": rejected}

    def _batch_name(self, request: Request, text: bytes, who: Principal) -> str:
        """A name for the landing object: the same for a repeated Idempotency-Key, else never seen before."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return uuid.uuid4().hex
        if not _KEY_FORM.fullmatch(key):
            raise InvalidParameter("Idempotency-Key must be 1 to 128 visible ASCII characters")
        name = sha256(f"{who.token_id}\0{key}".encode()).hexdigest()[:32]
        body = msgspec.json.encode({"sha256": sha256(text).hexdigest()})
        target = f"{_IDEMPOTENCY}{name}.json"
        if not self.lake.create(target, body) and self.lake.get(target) != body:
            raise IdempotencyConflict("this Idempotency-Key came before with another body")
        return name

    def _store(self, account: str, batch: str, text: bytes) -> None:
        """The landing object. Its name has no time in it, so that a repeated request finds the first one's."""
        packed = gzip.compress(text, compresslevel=6, mtime=0)
        self.landing.create(api_key(account, batch), packed)


@dataclass(frozen=True, slots=True)
class _Completion:
    """Gives each event what it lacks: an ID, a time, and the account that its token speaks for."""

    who: Principal
    home_account: str
    batch: str
    now: datetime

    @property
    def account(self) -> str:
        account = self.home_account if self.who.accounts == EVERYTHING else self.who.accounts[0]
        return account if _ACCOUNT_FORM.fullmatch(account) else "unknown"

    def complete(self, index: int, record: bytes) -> tuple[str, bytes]:
        if len(record) > MAX_EVENT_BYTES:
            raise InvalidParameter(f"an event is larger than {MAX_EVENT_BYTES} bytes")
        fields = parse_object(record)
        if not isinstance(fields.get("eventName"), str) or not fields["eventName"]:
            raise InvalidParameter("eventName is required and must be a text")
        added: dict[str, str] = {}
        event_id = fields.get("eventId", fields.get("eventID"))
        if event_id is None or event_id == "":
            event_id = added["eventId"] = str(uuid.uuid5(uuid.UUID(self.batch), str(index)))
        elif not isinstance(event_id, str) or len(event_id) > MAX_ID_LENGTH:
            raise InvalidParameter(f"eventId must be a text of at most {MAX_ID_LENGTH} characters")
        self._check_time(fields, added)
        self._check_account(fields, added)
        if not added:
            return event_id, _one_line(record)
        kept = {name: value for name, value in _DECODER.decode(record).items() if name not in added}
        return event_id, _one_line(msgspec.json.encode({**added, **kept}))

    def _check_time(self, fields: dict[str, Any], added: dict[str, str]) -> None:
        value = fields.get("eventTime")
        if value is None or value == "":
            added["eventTime"] = format_time(self.now)
            return
        try:
            micros = parse_micros(value)
        except (ValueError, TypeError):
            raise InvalidParameter("eventTime must be an RFC 3339 time such as 2026-01-02T03:04:05Z") from None
        if not 0 <= micros <= to_micros(self.now) + _DAY:
            raise InvalidParameter("eventTime lies before 1970 or more than a day ahead")

    def _check_account(self, fields: dict[str, Any], added: dict[str, str]) -> None:
        claimed = fields.get("recipientAccountId")
        if claimed is None or claimed == "":
            added["recipientAccountId"] = self.account
        elif self.who.accounts != EVERYTHING and claimed not in self.who.accounts:
            raise InvalidParameter("recipientAccountId is not an account of this token")


def _one_line(record: bytes) -> bytes:
    """A record as a line of NDJSON: outside of strings a newline is only layout, inside it cannot stand."""
    return record.replace(b"\r", b" ").replace(b"\n", b" ")


def _text(request: Request) -> bytes:
    try:
        body = (request.body or "").encode()
        body = base64.b64decode(body, validate=True) if request.is_base64 else body
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidBody("the body is not valid base64 or UTF-8") from error
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding == "gzip":
        body = _gunzip(body)
    elif encoding not in ("identity", ""):
        raise InvalidBody("Content-Encoding must be gzip or absent")
    if not body.strip():
        raise InvalidBody("the body is empty")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise InvalidBody("the body is not UTF-8") from error
    return body


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
    events: list[msgspec.Raw]


_batch = msgspec.json.Decoder(_Batch)


def _records(text: bytes) -> list[bytes | Unreadable]:
    """The events of ``{"events": […]}`` or of NDJSON, place by place."""
    if text.lstrip().startswith(b"["):
        raise InvalidBody('the body must be {"events": […]} or one JSON object a line')
    try:
        return [bytes(raw) for raw in _batch.decode(text).events]
    except (msgspec.DecodeError, RecursionError):
        if b'"events"' in text[:64] and text.lstrip(b" \t\r\n{").startswith(b'"events"'):
            raise InvalidBody('the body is not valid JSON of the form {"events": […]}') from None
    records: list[bytes | Unreadable] = []
    for record in split([text]):
        records.append(Unreadable(record.reason, record.detail) if isinstance(record, Rejected) else record.text)
    if all(isinstance(record, Unreadable) for record in records):
        raise InvalidBody("the body is neither JSON nor lines of JSON")
    return records
