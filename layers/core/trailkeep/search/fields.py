"""Fields: the names that conditions may look at, and what those that do not exist were probably meant to be."""

import difflib
import re

import pyarrow as pa

from trailkeep.lookup.filters import FILTERS, INSIGHT_FILTERS
from trailkeep.schema import EVENTS
from trailkeep.search.conditions import Field

ORIGINAL = "event"
"""What the names of an event's own fields begin with."""

MEMBERS = (
    "acsRegion", "additionalEventData", "apiVersion", "awsRegion", "errorCode", "errorMessage", "eventAttributes",
    "eventCategory", "eventId", "eventID", "eventName", "eventRW", "eventSource", "eventTime", "eventType",
    "eventVersion", "insightDetails", "isGlobal", "managementEvent", "readOnly", "recipientAccountId",
    "referencedResources", "requestId", "requestID", "requestParameterJson", "requestParameters", "resourceName",
    "resourceType", "resources", "responseElements", "serviceEventDetails", "serviceName", "sharedEventId",
    "sharedEventID", "sourceIpAddress", "sourceIPAddress", "tlsDetails", "userAgent", "userIdentity", "vpcEndpointId",
    "vpcId",
)  # fmt: skip
"""What the two clouds call the members of their events: to guess by only, events may have any others."""

_TEXTS = (pa.string(), pa.list_(pa.field("element", pa.string())))
_NOT_SEARCHED = (ORIGINAL,)

COLUMNS: dict[str, tuple[str, ...]] = {
    **{column.name: (column.name,) for column in EVENTS if column.type in _TEXTS and column.name not in _NOT_SEARCHED},
    "region": ("region",),
    **FILTERS,
    **INSIGHT_FILTERS,
}
"""Names that are answered by columns of the lake, of which one must do: the columns of text and lookup's parameters."""

_PLAIN_SEGMENT = re.compile(r"[\w-]+")


def field_of(segments: tuple[str, ...]) -> Field | None:
    """The field that a name means, by what stands between its dots; None where there is no such field."""
    if segments[0] == ORIGINAL and len(segments) > 1:
        return Field(path_name(segments[1:]), path=segments[1:])
    columns = COLUMNS.get(segments[0]) if len(segments) == 1 else None
    return Field(segments[0], columns=columns) if columns else None


def path_name(path: tuple[str, ...]) -> str:
    """A path into the original as queries write it: ``event.requestParameters."a.b"``."""
    return ".".join((ORIGINAL, *(name if _PLAIN_SEGMENT.fullmatch(name) else quoted(name) for name in path)))


def quoted(text: str) -> str:
    """A text as queries write it where each of its characters stands for itself."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def nearest(segments: tuple[str, ...]) -> str:
    """The known name that one which is not known was probably meant to be."""
    first, *rest = segments
    if segments == (ORIGINAL,):
        return path_name(("eventName",))
    if rest and difflib.get_close_matches(first.lower(), (ORIGINAL,), cutoff=0.6):
        return path_name(tuple(rest))
    known = {name.lower(): name for name in MEMBERS} | ({} if rest else {name.lower(): name for name in COLUMNS})
    close = difflib.get_close_matches(first.lower(), known, n=1, cutoff=0.7)
    name = known[close[0]] if close else first
    return name if name in COLUMNS and not rest else path_name((name, *rest))
