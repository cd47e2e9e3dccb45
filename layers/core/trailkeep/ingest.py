"""Ingest: ``POST /v1/events`` → a landing object, stored before the answer; then delivered like any other."""

import gzip
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from trailkeep.access.principal import EVERYTHING, Principal
from trailkeep.errors import AccessDenied, IdempotencyConflict, InvalidBody, InvalidParameter, PayloadTooLarge
from trailkeep.events.reasons import Unreadable
from trailkeep.events.strict_json import parse_object
from trailkeep.events.timestamps import format_time, parse_micros, to_micros
from trailkeep.lake.storage import Bucket
from trailkeep.landing import api_key
from trailkeep.request_body import Request, records_of, text_of

MAX_EVENTS = 10_000
MAX_EVENT_BYTES = 1 << 20
MAX_ID_LENGTH = 256

_IDEMPOTENCY = "state/idempotency/"
_KEY_FORM = re.compile(r"[\x21-\x7e]{1,128}")
_ACCOUNT_FORM = re.compile(r"[0-9A-Za-z_-]{1,64}")
_AHEAD = (86_400 - 60) * 1_000_000
"""Delivery allows a day ahead of the time that the store gives the object, by its own clock and in whole seconds."""
_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])


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
        if not who.accounts:
            raise AccessDenied("this token speaks for no account")
        text = text_of(request)
        key = _idempotency_key(request, who)
        batch = key or uuid.uuid4().hex
        completion = _Completion(who, self.home_account, batch, now)
        lines: list[bytes] = []
        event_ids: dict[str, None] = {}
        rejected: list[dict[str, object]] = []
        for index, record in enumerate(records_of(text)):
            if index >= MAX_EVENTS:
                raise PayloadTooLarge(f"a request holds at most {MAX_EVENTS} events")
            try:
                if isinstance(record, Unreadable):
                    raise record
                event_id, line = completion.complete(index, record)
                if event_id in event_ids:
                    raise InvalidParameter("eventId stands twice in this request")
            except Unreadable as refusal:
                rejected.append({"index": index, "reason": refusal.reason, "detail": refusal.detail})
            except InvalidParameter as refusal:
                rejected.append({"index": index, "reason": "invalid_event", "detail": refusal.message})
            else:
                event_ids[event_id] = None
                lines.append(line)
        if lines:
            if key:
                self._claim(key, text)
            self._store(completion.account, batch, b"\n".join(lines) + b"\n")
        elif not rejected:
            raise InvalidBody("the body holds no events")
        return {"accepted": len(lines), "eventIds": list(event_ids), "rejected": rejected}

    def _claim(self, key: str, text: bytes) -> None:
        """Bind a key to the text that it first came with. It comes last: a request that is refused uses up no key."""
        body = msgspec.json.encode({"sha256": sha256(text).hexdigest()})
        target = f"{_IDEMPOTENCY}{key}.json"
        if not self.lake.create(target, body) and self.lake.get(target) != body:
            raise IdempotencyConflict("this Idempotency-Key came before with another body")

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
        if "Records" in fields:
            raise InvalidParameter("Records is what a log file holds its events in, and can be no field of an event")
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
        if not 0 <= micros <= to_micros(self.now) + _AHEAD:
            raise InvalidParameter("eventTime lies before 1970 or more than a day ahead")

    def _check_account(self, fields: dict[str, Any], added: dict[str, str]) -> None:
        claimed = fields.get("recipientAccountId")
        if claimed is None or claimed == "":
            added["recipientAccountId"] = self.account
        elif self.who.accounts != EVERYTHING and claimed not in self.who.accounts:
            raise InvalidParameter("recipientAccountId is not an account of this token")


def _idempotency_key(request: Request, who: Principal) -> str | None:
    """The name of a request that can be repeated: its Idempotency-Key, which is its token's own."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY_FORM.fullmatch(key):
        raise InvalidParameter("Idempotency-Key must be 1 to 128 visible ASCII characters")
    return sha256(f"{who.token_id}\0{key}".encode()).hexdigest()[:32]


def _one_line(record: bytes) -> bytes:
    """A record as a line of NDJSON: outside of strings a newline is only layout, inside it cannot stand."""
    return record.replace(b"\r", b" ").replace(b"\n", b" ")
