"""``/v1/events`` and ``/v1/histogram``: events in, events out, and how many there are."""

from typing import Any

from trailkeep.errors import (
    EventNotFound,
    IdempotencyConflict,
    InvalidBody,
    InvalidNextToken,
    InvalidParameter,
    InvalidTimeRange,
    PayloadTooLarge,
    QuestionTooLarge,
)
from trailkeep.openapi.lists import COMPLETE, list_answer
from trailkeep.openapi.operations import answer, operation
from trailkeep.openapi.parameters import DIRECTION, FILTERS, PAGE, WINDOW, in_header, in_path, in_query
from trailkeep.openapi.shapes import (
    Schema,
    anything,
    choice,
    mapping,
    or_null,
    record,
    ref,
    request,
    several,
    text,
    time,
    whole,
)

TAG = "Events"
EVENT = {
    "eventId": "48deee2f-a38b-440b-aae4-168640afd6b8",
    "eventVersion": 1,
    "eventName": "DeleteDeployment",
    "eventTime": "2026-03-02T06:08:21Z",
    "eventRW": "Write",
    "serviceName": "RealtimeCompute",
    "acsRegion": "cn-beijing",
    "sourceIpAddress": "192.0.2.19",
    "userIdentity": {"type": "ram-user", "accountId": "1000000000000001", "userName": "alice"},
}
_POSTED = {"eventName": "AddService", "serviceName": "gateway", "userIdentity": {"userName": "ops"}}

INTERVALS = ("1m", "5m", "15m", "1h", "6h", "1d")
COUNTED = (
    "serviceName",
    "eventName",
    "eventRW",
    "eventType",
    "user",
    "roleName",
    "accessKeyId",
    "accountId",
    "sourceIpAddress",
    "errorCode",
)
MAX_POSTED = 10_000

SCHEMAS: dict[str, Schema] = {
    "Event": anything(
        "An event as it was logged, but for masked secrets: ActionTrail's, CloudTrail's, or an application's own "
        "members. In the place of one that is larger than a page stands what names it, and `oversized` with a link.",
        properties={
            "oversized": record({"bytes": whole("How large it is."), "url": text("Where it is, for five minutes.")})
        },
    ),
    "OperatorRow": record(
        {
            "time": time("When it happened, in UTC."),
            "operator": or_null(text("Who did it.")),
            "event": or_null(text("What was done.")),
            "resourceId": or_null(text("To which resource, by its ID.")),
            "resourceName": or_null(text("And by its name.")),
            "sourceIpAddress": or_null(text("From where.")),
            "source": or_null(text("By what means: a dashboard, a command line, an application.")),
        },
        about="An event as an operator's log shows it.",
    ),
    "PostedEvent": anything(
        "An event of an application. It may have any other members.",
        required=["eventName"],
        properties={
            "eventName": text("What happened.", minLength=1),
            "eventTime": text("When it happened, as an RFC 3339 time; the time of the request where it is left out."),
            "eventId": text("Its identity; one is given where it is left out.", maxLength=256),
            "recipientAccountId": text("The account that it belongs to; the token's own where it is left out."),
        },
    ),
    "Accepted": record(
        {
            "accepted": whole("Events that are stored."),
            "eventIds": several(text(), "Their IDs, in their order."),
            "rejected": several(
                record(
                    {
                        "index": whole("Its place in the request, from 0."),
                        "reason": text("Why, as one of a closed list."),
                        "detail": text("Why, in words."),
                    }
                ),
                "Events that are not stored. The others are.",
            ),
        }
    ),
    "Bucket": record(
        {
            "startTime": time("From when on."),
            "endTime": time("Until before when."),
            "count": whole("Events in it."),
            "values": mapping(whole(), "Events by the values of `field`, the most frequent first."),
            "others": whole("Events with less frequent values, where there are more than 1,000 values."),
        },
        optional=("values", "others"),
    ),
}

_VIEW = in_query(
    "view",
    "`operator` for the seven columns of an operator's log instead of whole events.",
    choice(("operator",)),
    "operator",
)
_LOOKUP_ERRORS = (InvalidParameter, InvalidTimeRange, InvalidNextToken)

_LIST = operation(
    "listEvents",
    "Look events up",
    "A page of events, the newest first. Different filters are ANDed, a repeated one is ORed, and `name!` excludes. A "
    "page closes at `maxResults`, at 5 MB, or after 18 seconds: it may be short, and is the last one only where "
    "`nextToken` is missing.",
    tag=TAG,
    scope="view",
    parameters=(*WINDOW, DIRECTION, *PAGE, _VIEW, *FILTERS),
    answers={
        "200": list_answer(
            "Events, verbatim; or what a view shows of each.",
            "events",
            {"anyOf": [ref("Event"), ref("OperatorRow")]},
            [EVENT],
            of_lake=True,
        )
    },
    errors=_LOOKUP_ERRORS,
)

_GET = operation(
    "getEvent",
    "Get one event",
    "The event itself, as it was logged. Of several with this ID, the newest.",
    tag=TAG,
    scope="view",
    parameters=(in_path("eventId", "The event's ID.", str(EVENT["eventId"])),),
    answers={
        "200": answer("The event.", ref("Event"), EVENT),
        "303": {
            "description": "The event is larger than an answer may be: it is at the address in `Location`.",
            "headers": {
                "Location": {
                    "description": "A link that is good for five minutes.",
                    "required": True,
                    "schema": {"type": "string"},
                }
            },
        },
    },
    errors=(EventNotFound,),
)

_POST_BODY: dict[str, Any] = {
    "required": True,
    "description": "JSON or NDJSON, told by its content; compressed where `Content-Encoding: gzip` says so.",
    "content": {
        "application/json": {
            "schema": request({"events": several(ref("PostedEvent"), least=1, most=MAX_POSTED)}, required=("events",)),
            "examples": {"one": {"summary": "One event", "value": {"events": [_POSTED]}}},
        },
        "application/x-ndjson": {
            "schema": text("One event a line."),
            "examples": {
                "two": {"summary": "Two events", "value": '{"eventName": "AddService"}\n{"eventName": "DropService"}\n'}
            },
        },
    },
}

_POST = operation(
    "postEvents",
    "Send events",
    "Stores events of an application durably, before it answers. They are found some seconds later. Send the request "
    "again with the same `Idempotency-Key` if its answer was lost: nothing is stored twice.",
    tag=TAG,
    scope="ingest",
    parameters=(
        in_header(
            "Idempotency-Key",
            "A name for the request: one with the same name and body is the same request, for 30 days.",
            text(pattern=r"^[\x21-\x7e]{1,128}$"),
            "order-4711",
        ),
    ),
    body=_POST_BODY,
    answers={
        "202": answer(
            "The events are stored, but for those that are `rejected`.",
            ref("Accepted"),
            {"accepted": 1, "eventIds": ["0b6f1c7e-6a1f-5f0e-9d53-3c1b8f4f7f10"], "rejected": []},
        )
    },
    errors=(InvalidBody, InvalidParameter, IdempotencyConflict, PayloadTooLarge),
    writes=True,
)

_HISTOGRAM = operation(
    "countEvents",
    "Count events",
    "How many events there are, by time and by the values of a field, with the filters of a lookup.",
    tag=TAG,
    scope="view",
    parameters=(
        *WINDOW,
        in_query("interval", "Widths of the buckets; one for the whole window without it.", choice(INTERVALS), "1d"),
        in_query("field", "The field by whose values events are counted as well.", choice(COUNTED), "eventRW"),
        *FILTERS,
    ),
    answers={
        "200": answer(
            "Buckets in the order of time, those without events too.",
            record({"histogram": several(ref("Bucket")), "completeness": ref("Completeness")}),
            {
                "histogram": [
                    {
                        "startTime": "2026-03-02T00:00:00Z",
                        "endTime": "2026-03-03T00:00:00Z",
                        "count": 1204,
                        "values": {"Read": 1101, "Write": 103},
                    }
                ],
                "completeness": COMPLETE,
            },
        )
    },
    errors=(InvalidParameter, InvalidTimeRange, QuestionTooLarge),
)

_REGIONS = operation(
    "listRegions",
    "List regions",
    "The regions with events that the token may see, by name, with the times of their first and last event. All of "
    "them come at once.",
    tag=TAG,
    scope="view",
    answers={
        "200": list_answer(
            "Regions.",
            "regions",
            record(
                {
                    "region": text("The region."),
                    "firstEventTime": time("When its first event happened."),
                    "lastEventTime": time("When its last event happened."),
                }
            ),
            [
                {
                    "region": "cn-hangzhou",
                    "firstEventTime": "2025-09-03T00:00:07Z",
                    "lastEventTime": "2026-03-02T11:58:12Z",
                }
            ],
            of_lake=True,
            paged=False,
        )
    },
    errors=(InvalidParameter, QuestionTooLarge),
)

PATHS: dict[str, Any] = {
    "/v1/events": {"get": _LIST, "post": _POST},
    "/v1/events/{eventId}": {"get": _GET},
    "/v1/histogram": {"get": _HISTOGRAM},
    "/v1/regions": {"get": _REGIONS},
}
