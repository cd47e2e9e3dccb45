"""``/v1/exports``: every row of a lookup or a search, as files."""

from typing import Any

from trailkeep.errors import (
    IdempotencyConflict,
    InvalidParameter,
    InvalidQuery,
    InvalidTimeRange,
    ObjectUnreadable,
    ScanBudgetExceeded,
    TooManyJobs,
)
from trailkeep.openapi.jobs import JOB, TO_JOB
from trailkeep.openapi.operations import answer, json_body, operation
from trailkeep.openapi.parameters import FILTER_NAMES, in_header
from trailkeep.openapi.shapes import Schema, choice, flag, record, ref, request, several, text, time

TAG = "Exports"
FORMATS = ("json", "ndjson", "csv", "parquet")
MAX_QUERY, MAX_REGIONS = 10_000, 100

_VALUES: Schema = {"anyOf": [text(minLength=1), several(text(minLength=1), least=1, most=100)]}
_FILES: dict[str, Schema] = {
    "format": choice(FORMATS, "What the files are."),
    "gzip": flag("Whether they are compressed; Parquet is compressed within.", default=False),
    "byteOrderMark": flag("Whether CSV begins so that Excel knows it to be UTF-8.", default=False),
    "view": {
        **choice(("operator",), "The seven columns of an operator's log, instead of whole events."),
        "type": ["string", "null"],
        "enum": ["operator", None],
    },
}

SCHEMAS: dict[str, Schema] = {
    "LookupExport": request(
        {
            "lookup": request(
                {
                    "startTime": time(),
                    "endTime": time(),
                    "direction": choice(("BACKWARD", "FORWARD")),
                    "view": choice(("operator",)),
                    **dict.fromkeys(("region", *FILTER_NAMES), _VALUES),
                },
                about="The parameters of `GET /v1/events`, as texts or lists of texts.",
            ),
            **_FILES,
        },
        required=("lookup", "format"),
    ),
    "SearchExport": request(
        {
            "query": text("A search, as in `POST /v1/search`; with SQL its rows are exported.", maxLength=MAX_QUERY),
            "startTime": time(),
            "endTime": time(),
            "regions": several(text(pattern=r"^(\*|[a-z0-9]+(-[a-z0-9]+)*)$"), most=MAX_REGIONS),
            "direction": choice(("BACKWARD", "FORWARD")),
            **_FILES,
        },
        required=("query", "format"),
    ),
}

IDEMPOTENCY_KEY = in_header(
    "Idempotency-Key",
    "A name for the request: one with the same name and body starts no second job.",
    text(pattern=r"^[\x21-\x7e]{1,128}$"),
    "audit-2026-03",
)

PATHS: dict[str, Any] = {
    "/v1/exports": {
        "post": operation(
            "createExport",
            "Export events",
            "Starts a job that writes every row of a lookup or a search into files, and a manifest that says what is "
            "in them. The rows are those that were in the lake a second before.",
            tag=TAG,
            scope="download",
            parameters=(IDEMPOTENCY_KEY,),
            body=json_body(
                {"oneOf": [ref("LookupExport"), ref("SearchExport")]},
                {
                    "lookup": (
                        "What somebody changed, as compressed CSV",
                        {"lookup": {"user": ["alice", "root"], "eventRW": "Write"}, "format": "csv", "gzip": True},
                    ),
                    "search": (
                        "What a search finds, one event a line",
                        {"query": "event.serviceName: Ecs and Delete*", "regions": ["cn-hangzhou"], "format": "ndjson"},
                    ),
                },
            ),
            answers={
                "202": answer("The job that was started.", record({"job": ref("Job")}), {"job": JOB}, links=TO_JOB)
            },
            errors=(
                InvalidParameter,
                InvalidTimeRange,
                InvalidQuery,
                IdempotencyConflict,
                ScanBudgetExceeded,
                TooManyJobs,
                ObjectUnreadable,
            ),
            writes=True,
        )
    }
}
