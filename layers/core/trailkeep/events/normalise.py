"""One record → one :class:`Event`: the same fields whichever cloud or application wrote it.

What the clouds spell differently (``eventId`` and ``eventID``, ``"true"`` and true, ``"null"`` and nothing) becomes one
here. The original stays whole beside it: masked, otherwise byte for byte as it came.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from trailkeep.events.columns import call_of, insight_of, origin_of
from trailkeep.events.event import Event
from trailkeep.events.identity import event_uid
from trailkeep.events.masking import mask
from trailkeep.events.principals import principal_of
from trailkeep.events.reasons import Reason, Rejected, Unreadable
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.events.resources import resources_of
from trailkeep.events.strict_json import parse_object
from trailkeep.events.timestamps import parse_micros
from trailkeep.events.values import first_text, identifier

NORMALISER_VERSION = 1
"""Raised when the same record would give other columns, another partition or another identity."""

_DAY = 86_400_000_000
_ENVELOPES = ("event", "detail")
"""Under these, log services and event buses wrap the record they carry."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How records came: by which channel, when (microseconds in UTC), and the region rules of this deployment."""

    channel: str
    received_at: int
    regions: RegionRules

    def allows(self, event_time: int) -> bool:
        """Whether an event that came so may have this time, in microseconds: from 1970 to a day ahead."""
        return 0 <= event_time <= self.received_at + _DAY


def normalise(record: Record, arrival: Arrival) -> tuple[Event, int] | Rejected:
    """The event of a record with the number of secrets masked in it, or why the record cannot be kept."""
    try:
        return _normalise(record.text, arrival)
    except Unreadable as refusal:
        return Rejected(record.index, refusal.reason, refusal.detail)


def _normalise(original: bytes, arrival: Arrival) -> tuple[Event, int]:
    fields = parse_object(original)
    original, fields = _without_envelope(original, fields)
    event_time = _event_time(fields, arrival)
    uid = event_uid(arrival.channel, _event_id(fields), event_time, fields)
    try:
        masked = mask(original)
        if masked.count:
            fields = msgspec.json.decode(masked.text)
    except Exception as error:
        raise Unreadable(Reason.MASKING_FAILED, f"the masker failed with {type(error).__name__}") from error
    call = call_of(fields, arrival.channel, arrival.regions)
    if call is None:
        raise Unreadable(Reason.MISSING_EVENT_NAME, "eventName is missing or empty")
    resource_types, resource_names = resources_of(fields)
    return Event(
        uid=uid,
        event_time=event_time,
        event_id=_event_id(fields),
        request_id=first_text(fields, "requestId", "requestID"),
        shared_event_id=first_text(fields, "sharedEventId", "sharedEventID"),
        resource_types=resource_types,
        resource_names=resource_names,
        event=masked.text.decode(),
        **call._asdict(),
        **principal_of(fields)._asdict(),
        **origin_of(fields)._asdict(),
        **insight_of(fields)._asdict(),
    ), masked.count


class _Enveloped(msgspec.Struct):
    event: msgspec.Raw = msgspec.Raw(b"")
    detail: msgspec.Raw = msgspec.Raw(b"")


_enveloped = msgspec.json.Decoder(_Enveloped)


def _without_envelope(original: bytes, fields: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    if "eventName" in fields or "eventTime" in fields:
        return original, fields
    for name in _ENVELOPES:
        inner = fields.get(name)
        if isinstance(inner, dict) and "eventTime" in inner:
            return bytes(getattr(_enveloped.decode(original), name)), inner
    return original, fields


def _event_id(fields: dict[str, Any]) -> str | None:
    return identifier(fields.get("eventId")) or identifier(fields.get("eventID"))


def _event_time(fields: dict[str, Any], arrival: Arrival) -> int:
    value = fields.get("eventTime")
    if value is None or value == "":
        raise Unreadable(Reason.MISSING_EVENT_TIME, "eventTime is missing or empty")
    try:
        micros = parse_micros(value)
    except (ValueError, TypeError):
        raise Unreadable(Reason.INVALID_EVENT_TIME, "eventTime is not an RFC 3339 time with an offset") from None
    if not arrival.allows(micros):
        raise Unreadable(Reason.EVENT_TIME_OUT_OF_RANGE, "eventTime lies before 1970 or more than a day ahead")
    return micros
