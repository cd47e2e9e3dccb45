"""Events as an operator's log shows them: who did what to what, from where, by what means, and when."""

import re
from typing import Any

import msgspec

from trailkeep.events.columns import insight_details
from trailkeep.events.principals import principal_of
from trailkeep.events.resources import resources_of
from trailkeep.events.timestamps import format_micros
from trailkeep.events.values import first_text

_ARN = re.compile(r"(?:arn|acs):.*[:/]([^:/*]+)", re.DOTALL)


class OperatorRow(msgspec.Struct, frozen=True, rename="camel"):
    """The seven columns of an operator's log; None where the event does not say. ``time`` is RFC 3339 in UTC."""

    time: str
    operator: str | None
    event: str | None
    resource_id: str | None
    resource_name: str | None
    source_ip_address: str | None
    source: str | None


def operator_row(time: int, event: str) -> OperatorRow:
    """The row of an event as the lake keeps it: its time in microseconds, and its original."""
    fields: dict[str, Any] = msgspec.json.decode(event)
    resource_id, resource_name = _resource(fields)
    return OperatorRow(
        time=format_micros(time),
        operator=principal_of(fields).user_name,
        event=first_text(fields, "eventName") or first_text(insight_details(fields), "eventName", "insightType"),
        resource_id=resource_id,
        resource_name=resource_name,
        source_ip_address=first_text(fields, "sourceIpAddress", "sourceIPAddress"),
        source=_source(fields),
    )


def _resource(fields: dict[str, Any]) -> tuple[str | None, str | None]:
    """IDs and names of what was acted on, each joined with commas.

    Applications may say both. Clouds log one text for each resource: that is its ID, and its name unless it is an ARN,
    which ends with the name.
    """
    _, texts = resources_of(fields)
    own_id = first_text(fields, "resourceId", "resourceID")
    names = [match[1] if (match := _ARN.fullmatch(text)) else text for text in texts]
    return own_id or ",".join(texts) or None, ",".join(names) or None


def _source(fields: dict[str, Any]) -> str | None:
    """By what means: what an application calls the source (a dashboard, a command line), else the client's name."""
    extra = fields.get("additionalEventData")
    said = first_text(extra, "source", "Source") if isinstance(extra, dict) else None
    return said or first_text(fields, "source", "userAgent", "eventSource")
