"""``/v1/jobs``: what takes longer than an answer may."""

from typing import Any

from trailkeep.errors import InvalidNextToken, InvalidParameter, JobNotFound, ObjectUnreadable
from trailkeep.openapi.lists import list_answer
from trailkeep.openapi.operations import answer, leads_to, operation
from trailkeep.openapi.parameters import PAGE, in_path
from trailkeep.openapi.shapes import (
    Schema,
    anything,
    choice,
    flag,
    number,
    or_null,
    record,
    ref,
    several,
    text,
    time,
    whole,
)

TAG = "Jobs"
KINDS = ("search", "export")
STATES = ("queued", "running", "succeeded", "failed", "cancelled")

_JOB: dict[str, Schema] = {
    "id": text("The job's ID."),
    "kind": choice(KINDS, "What it does."),
    "state": choice(STATES, "How far it is, or how it ended."),
    "scope": text("What a token needs to have its result."),
    "createdBy": ref("Actor"),
    "request": anything("What was asked for."),
    "createdAt": time(),
    "startedAt": or_null(time()),
    "updatedAt": time("When it last told how far it is."),
    "endedAt": or_null(time()),
    "expiresAt": or_null(time("From when on it is gone, with its result; null before its end.")),
    "progress": record(
        {
            "fraction": number("The part that is done.", minimum=0, maximum=1),
            "rows": whole("Rows found."),
            "bytes": whole("Bytes read."),
        }
    ),
    "cancelRequested": flag("Whether it was asked to end before its time."),
    "error": or_null(
        record({"code": text(), "message": text(), "hint": text()}, about="Why it failed, as an answer would say it.")
    ),
}
_FILE: dict[str, Schema] = {
    "name": text("The file's name."),
    "bytes": whole("How large it is."),
    "sha256": text("Its hash, in hexadecimal digits.", pattern="^[0-9a-f]{64}$"),
    "url": text("Where it is, for five minutes."),
}

SCHEMAS: dict[str, Schema] = {
    "Job": record(_JOB),
    "JobWithResult": record(
        {
            **_JOB,
            "result": {
                "description": "What came out; null before its end.",
                "anyOf": [ref("ExportResult"), ref("SearchResult"), {"type": "null"}],
            },
            "resultWithheld": text("Why this token does not get the result, where it does not."),
        },
        optional=("resultWithheld",),
    ),
    "ExportResult": record(
        {
            "rows": whole("Rows in all files."),
            "bytes": whole("Bytes in all files."),
            "complete": flag("Whether these are all the rows that were asked for."),
            "truncated": flag("Whether SQL gave more rows than it may: only the first are there."),
            "failureCount": whole("Objects that could not be read."),
            "failures": several(record({"object": text(), "reason": text()}), "Which, or the first of them, and why."),
            "files": several(record({**_FILE, "rows": whole("Its rows.")}), "In the order of their rows."),
            "manifest": record(_FILE, about="A file that says all this as well."),
        },
        about="The files of an export.",
    ),
    "SearchResult": record(
        {
            "engine": choice(("embedded", "athena"), "Who found the rows."),
            "list": choice(("events", "rows"), "What they are: events, or rows of SQL."),
            "columns": several(record({"name": text(), "type": text()}), "What the rows of SQL hold."),
            "truncated": flag("Whether there are more rows than a result may have: only the first are there."),
            "completeness": ref("Completeness"),
            "rowCount": whole("Rows in all files."),
            "files": several(record({**_FILE, "rows": whole("Its rows, one JSON object a line.")}), "In their order."),
        },
        about="The rows of a search.",
    ),
}

JOB = {
    "id": "8227532799999-5f0e9d533c1b-8f4f7f100b6f1c7e6a1f5f0e9d533c1b",
    "kind": "export",
    "state": "queued",
    "scope": "download",
    "createdBy": {"tokenId": "4c7d1f0a9b2e", "name": "ops"},
    "request": {"lookup": {"user": "alice"}, "format": "csv", "gzip": True},
    "createdAt": "2026-03-02T12:00:00Z",
    "startedAt": None,
    "updatedAt": "2026-03-02T12:00:00Z",
    "endedAt": None,
    "expiresAt": None,
    "progress": {"fraction": 0.0, "rows": 0, "bytes": 0},
    "cancelRequested": False,
    "error": None,
}
_RUNNING = {
    **JOB,
    "state": "running",
    "startedAt": "2026-03-02T12:00:01Z",
    "updatedAt": "2026-03-02T12:00:31Z",
    "progress": {"fraction": 0.42, "rows": 51200, "bytes": 80422000},
}
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SUCCEEDED = {
    **_RUNNING,
    "state": "succeeded",
    "endedAt": "2026-03-02T12:01:10Z",
    "expiresAt": "2026-03-09T12:01:10Z",
    "progress": {"fraction": 1.0, "rows": 120431, "bytes": 190400122},
    "result": {
        "rows": 120431,
        "bytes": 18340012,
        "complete": True,
        "truncated": False,
        "failureCount": 0,
        "failures": [],
        "files": [
            {
                "name": "part-00001.csv.gz",
                "rows": 120431,
                "bytes": 18340012,
                "sha256": _HASH,
                "url": "https://lake.example/exports/jobs/…/part-00001.csv.gz?…",
            }
        ],
        "manifest": {
            "name": "manifest.json",
            "bytes": 1204,
            "sha256": _HASH,
            "url": "https://lake.example/exports/jobs/…/manifest.json?…",
        },
    },
}
_ID = in_path("jobId", "The job's ID.", str(JOB["id"]))
TO_JOB = leads_to({"getJob": "jobId", "deleteJob": "jobId"}, "job/id")
"""Links from an answer that holds a job."""

_SEEN = "A job is seen by the token that asked for it, and by admins who see the whole lake."

_LIST = operation(
    "listJobs",
    "List jobs",
    f"The newest first. {_SEEN} A page may be short; it is the last one only where `nextToken` is missing.",
    tag=TAG,
    scope="any",
    parameters=PAGE,
    answers={"200": list_answer("Jobs, without their results.", "jobs", ref("Job"), [_RUNNING])},
    errors=(InvalidParameter, InvalidNextToken),
)
_GET = operation(
    "getJob",
    "How far a job is, and what came out",
    f"{_SEEN} The result needs the scope that the request needed. Its links are made when the job is read.",
    tag=TAG,
    scope="any",
    parameters=(_ID,),
    answers={"200": answer("The job.", record({"job": ref("JobWithResult")}), {"job": _SUCCEEDED})},
    errors=(JobNotFound, ObjectUnreadable),
)
_DELETE = operation(
    "deleteJob",
    "Cancel a job, or delete one that has ended",
    "One that waits or runs is cancelled: at once, or as soon as its worker tells how far it is. One that has ended is "
    "deleted with its result.",
    tag=TAG,
    scope="any",
    parameters=(_ID,),
    answers={
        "200": answer(
            "It has ended.",
            record({"job": ref("Job")}),
            {"job": {**JOB, "state": "cancelled", "cancelRequested": True, "endedAt": "2026-03-02T12:00:40Z"}},
        ),
        "202": answer("It will end soon.", record({"job": ref("Job")}), {"job": {**_RUNNING, "cancelRequested": True}}),
    },
    errors=(JobNotFound, ObjectUnreadable),
    writes=True,
)

PATHS: dict[str, Any] = {
    "/v1/jobs": {"get": _LIST},
    "/v1/jobs/{jobId}": {"get": _GET, "delete": _DELETE},
}
