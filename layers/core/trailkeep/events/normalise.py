"""One record → one :class:`Event`: the same fields whichever cloud or application wrote it.

What the clouds spell differently (``eventId`` and ``eventID``, ``"true"`` and true, ``"null"`` and nothing) becomes one
here. The original stays whole beside it: masked, otherwise byte for byte as it came.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from trailkeep.events.event import Event
from trailkeep.events.identity import event_uid
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.masking import mask
from trailkeep.events.principals import principal_of
from trailkeep.events.reasons import Reason, Rejected, Unreadable
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules, region_of
from trailkeep.events.resources import resources_of
from trailkeep.events.strict_json import parse_object
from trailkeep.events.timestamps import parse_micros
from trailkeep.events.values import (
    caller_class,
    first_text,
    identifier,
    present_text,
    read_or_write,
    service_of,
    text,
)

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


def normalise(record: Record, arrival: Arrival) -> tuple[Event, int] | Rejected:
    """The event of a record with the number of secrets masked in it, or why the record cannot be kept."""
    try:
        return _normalise(record.text, arrival)
    except Unreadable as refusal:
        return Rejected(record.index, refusal.reason, refusal.detail)


def _normalise(original: bytes, arrival: Arrival) -> tuple[Event, int]:
    fields = parse_object(original)
    original, fields = _without_envelope(original, fields)
    event_time = _event_time(fields, arrival.received_at)
    uid = event_uid(arrival.channel, _event_id(fields), event_time, fields)
    try:
        masked = mask(original)
        if masked.count:
            fields = msgspec.json.decode(masked.text)
    except Exception as error:
        raise Unreadable(Reason.MASKING_FAILED, f"the masker failed with {type(error).__name__}") from error
    insight = fields.get("insightDetails")
    insight = insight if isinstance(insight, dict) else {}
    event_name = first_text(fields, "eventName") or first_text(insight, "eventName", "insightType")
    if event_name is None:
        raise Unreadable(Reason.MISSING_EVENT_NAME, "eventName is missing or empty")
    who = principal_of(fields)
    resource_types, resource_names = resources_of(fields)
    source_ip_address = first_text(fields, "sourceIpAddress", "sourceIPAddress")
    category = first_text(fields, "eventCategory")
    return Event(
        uid=uid,
        event_time=event_time,
        region=region_of(fields, arrival.regions),
        channel=arrival.channel,
        event_id=_event_id(fields),
        event_name=event_name,
        event_source=first_text(fields, "eventSource"),
        service_name=service_of(fields),
        event_type=first_text(fields, "eventType"),
        event_category=category or ("Insight" if insight else "Management"),
        event_rw=read_or_write(fields, event_name),
        account_id=who.account_id,
        user_name=who.user_name,
        user_type=who.user_type,
        principal_id=who.principal_id,
        role_name=who.role_name,
        access_key_id=who.access_key_id,
        source_ip_address=source_ip_address,
        caller_class=caller_class(source_ip_address) if source_ip_address else None,
        user_agent=first_text(fields, "userAgent"),
        error_code=present_text(fields.get("errorCode")),
        error_message=present_text(fields.get("errorMessage")),
        request_id=first_text(fields, "requestId", "requestID"),
        resource_types=resource_types,
        resource_names=resource_names,
        shared_event_id=first_text(fields, "sharedEventId", "sharedEventID"),
        insight_type=first_text(insight, "insightType"),
        insight_object=first_text(insight, "insightObject", "sourceIpAddress"),
        insight_state=text(insight.get("state")),
        mask_version=MASK_VERSION,
        event=masked.text.decode(),
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


def _event_time(fields: dict[str, Any], received_at: int) -> int:
    value = fields.get("eventTime")
    if value is None or value == "":
        raise Unreadable(Reason.MISSING_EVENT_TIME, "eventTime is missing or empty")
    try:
        micros = parse_micros(value)
    except (ValueError, TypeError):
        raise Unreadable(Reason.INVALID_EVENT_TIME, "eventTime is not an RFC 3339 time with an offset") from None
    if not 0 <= micros <= received_at + _DAY:
        raise Unreadable(Reason.EVENT_TIME_OUT_OF_RANGE, "eventTime lies before 1970 or more than a day ahead")
    return micros
