"""``/v1/retention`` and ``/v1/holds``: how long what is kept, and what has to stay beyond that."""

from typing import Any

from trailkeep.errors import Conflict, HoldNotFound, InvalidNextToken, InvalidParameter, ObjectUnreadable
from trailkeep.openapi.lists import list_answer
from trailkeep.openapi.operations import answer, json_body, leads_to, operation
from trailkeep.openapi.parameters import PAGE, in_path
from trailkeep.openapi.shapes import (
    Schema,
    choice,
    or_null,
    record,
    ref,
    request,
    several,
    text,
    time,
    whole,
)

TAG = "Retention"
MOST_DAYS = {"days": 36_500, "landingDays": 3_650, "quarantineDays": 3_650}
MAX_NAME, MAX_REASON, MAX_VALUES = 128, 2_000, 100

_ABOUT = {
    "days": "For how many days partitions are kept.",
    "landingDays": "For how many days landing objects are kept, after their commit.",
    "quarantineDays": "The same for those that left records in quarantine.",
}
_TERMS = {name: whole(about, 1, MOST_DAYS[name]) for name, about in _ABOUT.items()}
_COUNTS = (
    "partitionsDeleted",
    "objectsDeleted",
    "bytesDeleted",
    "partitionsHeld",
    "partitionsLeftAlone",
    "failures",
    "landingObjectsDeleted",
    "landingBytesDeleted",
    "documentsDeleted",
)
_DATE = text("A day in UTC, included.", format="date")
_SCOPE: dict[str, Schema] = {
    "regions": several(text(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$"), "Of these regions.", 1, MAX_VALUES),
    "startDate": _DATE,
    "endDate": _DATE,
    "accounts": several(text(minLength=1, maxLength=256), "With events of these accounts.", 1, MAX_VALUES),
}

SCHEMAS: dict[str, Schema] = {
    "RetentionTerms": record(_TERMS),
    "Retention": record(
        {
            **_TERMS,
            "floorDays": whole("The fewest `days` that this deployment allows.", 1),
            "inForce": ref("RetentionTerms", "What counts now: a lowered value waits for a day."),
            "effectiveFrom": or_null(time("When the last of the lowered values will count; null where all do.")),
            "updatedAt": or_null(time("When the settings were last set.")),
            "updatedBy": or_null(ref("Actor")),
            "lastRun": or_null(ref("RetentionRun")),
        }
    ),
    "RetentionChange": request(_TERMS, minProperties=1),
    "RetentionRun": record(
        {
            "id": text("The run's ID."),
            "startedAt": time(),
            "state": choice(
                ("refused", "failed", "unfinished", "succeeded"),
                "How it ended; `unfinished` where the next run goes on.",
            ),
            "reason": or_null(text("Why it refused or failed.")),
            "finishedAt": or_null(time()),
            "terms": or_null(ref("RetentionTerms")),
            "settingsUpdatedAt": or_null(time()),
            **{name: whole() for name in _COUNTS},
            "leftAlone": several(
                record({"name": text(), "reason": text()}), "What it could not understand or delete, and why."
            ),
        }
    ),
    "Hold": record(
        {
            "id": text(),
            "name": text(),
            "reason": text(),
            **_SCOPE,
            "createdAt": time(),
            "createdBy": ref("Actor"),
            "releasedAt": time(),
            "releasedBy": ref("Actor"),
        },
        optional=(*_SCOPE, "releasedAt", "releasedBy"),
    ),
    "NewHold": request(
        {
            "name": text("What the hold is called.", minLength=1, maxLength=MAX_NAME, pattern=r"\S"),
            "reason": text("Why it is.", minLength=1, maxLength=MAX_REASON, pattern=r"\S"),
            **_SCOPE,
        },
        required=("name", "reason"),
        anyOf=[{"required": [name]} for name in _SCOPE],
    ),
}

_RETENTION = {
    "days": 365,
    "landingDays": 7,
    "quarantineDays": 30,
    "floorDays": 90,
    "inForce": {"days": 365, "landingDays": 7, "quarantineDays": 30},
    "effectiveFrom": None,
    "updatedAt": "2026-03-02T12:00:00Z",
    "updatedBy": {"tokenId": "4c7d1f0a9b2e", "name": "ops"},
    "lastRun": None,
}
_NEW_HOLD = {
    "name": "inquiry 2026-031",
    "reason": "Letter of the supervisory authority of 2026-03-01",
    "regions": ["cn-hangzhou"],
    "startDate": "2026-01-01",
    "endDate": "2026-03-31",
}
_HOLD = {
    "id": "20260302T120000-5f0e9d53",
    **_NEW_HOLD,
    "createdAt": "2026-03-02T12:00:00Z",
    "createdBy": {"tokenId": "4c7d1f0a9b2e", "name": "ops"},
}
_NARROWED = "Needs a token that is not narrowed to some accounts or regions."

_GET_RETENTION = operation(
    "getRetention",
    "How long what is kept",
    f"The settings, what of them is in force already, and what the last run did. {_NARROWED}",
    tag=TAG,
    scope="admin",
    answers={"200": answer("The settings.", ref("Retention"), _RETENTION)},
    errors=(ObjectUnreadable,),
)
_PUT_RETENTION = operation(
    "putRetention",
    "Set how long what is kept",
    f"Changes the settings that are given. A lowered value counts from a day later, a raised one at once. {_NARROWED}",
    tag=TAG,
    scope="admin",
    body=json_body(ref("RetentionChange"), {"year": ("Keep events for a year", {"days": 365})}),
    answers={"200": answer("The settings as they stand now.", ref("Retention"), _RETENTION)},
    errors=(InvalidParameter, ObjectUnreadable),
    writes=True,
)
_LIST_HOLDS = operation(
    "listHolds",
    "List holds",
    f"Released ones too, the oldest first. {_NARROWED}",
    tag=TAG,
    scope="admin",
    parameters=PAGE,
    answers={"200": list_answer("Holds.", "holds", ref("Hold"), [_HOLD])},
    errors=(InvalidParameter, InvalidNextToken),
)
_POST_HOLD = operation(
    "createHold",
    "Hold",
    f"Keeps what lies within all that is given, however old it is, until it is released. {_NARROWED}",
    tag=TAG,
    scope="admin",
    body=json_body(ref("NewHold"), {"quarter": ("A quarter of one region", _NEW_HOLD)}),
    answers={"201": answer("The hold.", ref("Hold"), _HOLD, links=leads_to({"releaseHold": "holdId"}, "id"))},
    errors=(InvalidParameter, Conflict),
    writes=True,
)
_DELETE_HOLD = operation(
    "releaseHold",
    "Release a hold",
    f"It is kept, with who released it and when. {_NARROWED}",
    tag=TAG,
    scope="admin",
    parameters=(in_path("holdId", "The hold's ID.", "20260302T120000-5f0e9d53"),),
    answers={
        "200": answer(
            "The hold as it was released.",
            ref("Hold"),
            {**_HOLD, "releasedAt": "2026-04-01T08:00:00Z", "releasedBy": {"tokenId": "4c7d1f0a9b2e", "name": "ops"}},
        )
    },
    errors=(HoldNotFound, ObjectUnreadable),
    writes=True,
)

PATHS: dict[str, Any] = {
    "/v1/retention": {"get": _GET_RETENTION, "put": _PUT_RETENTION},
    "/v1/holds": {"get": _LIST_HOLDS, "post": _POST_HOLD},
    "/v1/holds/{holdId}": {"delete": _DELETE_HOLD},
}
