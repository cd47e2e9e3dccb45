"""The columns of an event in the groups that they are read in, and the row that they make.

Events repeat each other: the same calls by the same actors from the same places. Each group follows from a few members
of the record alone, so that what was read once need not be read again (:mod:`trailkeep.events.plain`).
"""

from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from trailkeep.events.event import Event
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.principals import Principal
from trailkeep.events.regions import RegionRules, region_of
from trailkeep.events.resources import resources_of
from trailkeep.events.values import caller_class, first_text, present_text, read_or_write, service_of, text


class Call(NamedTuple):
    """What was called, and where."""

    region: str
    channel: str
    event_name: str
    event_source: str | None
    service_name: str | None
    event_type: str | None
    event_category: str
    event_rw: str
    mask_version: int


class Origin(NamedTuple):
    """Where the call came from, and how it ended."""

    source_ip_address: str | None
    caller_class: str | None
    user_agent: str | None
    error_code: str | None
    error_message: str | None


class Target(NamedTuple):
    """What was acted on: types and names, position by position."""

    resource_types: tuple[str, ...]
    resource_names: tuple[str, ...]


class Insight(NamedTuple):
    """What an Insight found; all None for any other event."""

    insight_type: str | None = None
    insight_object: str | None = None
    insight_state: str | None = None


class Row(msgspec.Struct, frozen=True, gc=False):
    """One event as the lake keeps it; ``event`` is its masked text in UTF-8."""

    uid: bytes
    event_time: int
    event_id: str | None
    request_id: str | None
    shared_event_id: str | None
    call: Call
    actor: Principal
    origin: Origin
    target: Target
    insight: Insight
    event: bytes


_CALL, _ACTOR, _ORIGIN, _INSIGHT = (attrgetter(*group._fields) for group in (Call, Principal, Origin, Insight))


def row_of(event: Event) -> Row:
    """The row of an event."""
    return Row(
        uid=event.uid,
        event_time=event.event_time,
        event_id=event.event_id,
        request_id=event.request_id,
        shared_event_id=event.shared_event_id,
        call=Call(*_CALL(event)),
        actor=Principal(*_ACTOR(event)),
        origin=Origin(*_ORIGIN(event)),
        target=Target(tuple(event.resource_types), tuple(event.resource_names)),
        insight=Insight(*_INSIGHT(event)),
        event=event.event.encode(),
    )


def call_of(fields: dict[str, Any], channel: str, rules: RegionRules) -> Call | None:
    """What a record says was called; None where it does not name it."""
    insight = insight_details(fields)
    event_name = first_text(fields, "eventName") or first_text(insight, "eventName", "insightType")
    if event_name is None:
        return None
    return Call(
        region=region_of(fields, rules),
        channel=channel,
        event_name=event_name,
        event_source=first_text(fields, "eventSource"),
        service_name=service_of(fields),
        event_type=first_text(fields, "eventType"),
        event_category=first_text(fields, "eventCategory") or ("Insight" if insight else "Management"),
        event_rw=read_or_write(fields, event_name),
        mask_version=MASK_VERSION,
    )


def origin_of(fields: dict[str, Any]) -> Origin:
    """Where a record says the call came from, and how it ended."""
    address = first_text(fields, "sourceIpAddress", "sourceIPAddress")
    return Origin(
        source_ip_address=address,
        caller_class=caller_class(address) if address else None,
        user_agent=first_text(fields, "userAgent"),
        error_code=present_text(fields.get("errorCode")),
        error_message=present_text(fields.get("errorMessage")),
    )


def target_of(fields: dict[str, Any]) -> Target:
    """What a record says was acted on."""
    types, names = resources_of(fields)
    return Target(tuple(types), tuple(names))


def insight_of(fields: dict[str, Any]) -> Insight:
    """What a record says was found."""
    insight = insight_details(fields)
    return Insight(
        insight_type=first_text(insight, "insightType"),
        insight_object=first_text(insight, "insightObject", "sourceIpAddress"),
        insight_state=text(insight.get("state")),
    )


def insight_details(fields: dict[str, Any]) -> dict[str, Any]:
    """The details of an Insight; empty for any other event."""
    details = fields.get("insightDetails")
    return details if isinstance(details, dict) else {}
