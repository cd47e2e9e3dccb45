"""``/v1/search``, and saved queries that are run: conditions on whole events, SQL over what meets them."""

from typing import Any

from trailkeep.errors import (
    EngineUnavailable,
    IdempotencyConflict,
    InvalidNextToken,
    InvalidParameter,
    InvalidQuery,
    InvalidTimeRange,
    JobNotFound,
    JobUnfinished,
    ObjectUnreadable,
    QueryFailed,
    SavedQueryNotFound,
    ScanBudgetExceeded,
    TooManyJobs,
)
from trailkeep.openapi.events import EVENT
from trailkeep.openapi.exports import IDEMPOTENCY_KEY, MAX_QUERY, MAX_REGIONS
from trailkeep.openapi.jobs import JOB, TO_JOB
from trailkeep.openapi.lists import COMPLETE
from trailkeep.openapi.operations import answer, json_body, operation
from trailkeep.openapi.parameters import REGION
from trailkeep.openapi.saved_queries import ID
from trailkeep.openapi.shapes import (
    Schema,
    anything,
    choice,
    flag,
    mapping,
    number,
    or_null,
    record,
    ref,
    request,
    several,
    text,
    time,
    whole,
)

TAG = "Search"
ENGINES = ("auto", "embedded", "athena")

_HOW: dict[str, Schema] = {
    "startTime": time("From when on. Seven days before `endTime` where it is not given."),
    "endTime": time("Until before when. Now where it is not given."),
    "regions": several(
        text(pattern=REGION), "Only events of these regions. All where none is given.", most=MAX_REGIONS
    ),
    "direction": choice(("BACKWARD", "FORWARD"), "The newest first, or the oldest.", default="BACKWARD"),
    "maxResults": whole("The most that a page may have: 50, or 1,000 rows of SQL, where it is not given.", 1, 1000),
    "engine": choice(ENGINES, "Who finds it; `auto` decides by how much there is to read.", default="auto"),
    "dryRun": flag("Whether only to tell what would be read.", default=False),
}
_NEXT_TOKEN = text("For the page behind this one; left out on the last one.")
_ROWS: dict[str, Schema] = {
    "job": text("The ID of the job that keeps the rows, where there are more than one page."),
    "engine": choice(ENGINES[1:], "Who found them."),
    "columns": several(
        record({"name": text(), "type": text("As SQL calls it: `varchar`, `bigint` …")}), "What the rows hold."
    ),
    "truncated": flag("Whether there are more rows than an answer may have: only the first are there."),
    "completeness": ref("Completeness"),
}

SCHEMAS: dict[str, Schema] = {
    "Search": request(
        {
            "query": text("The query: conditions, and SQL behind a `|`. `*` finds everything.", maxLength=MAX_QUERY),
            **_HOW,
            "nextToken": text("Of the page before, with all other members unchanged."),
        },
        required=("query",),
    ),
    "Run": request(
        {
            "arguments": mapping(
                {"type": ["string", "number", "null"]}, "What the query's parameters stand for, by their names."
            ),
            **_HOW,
        },
        about="Times go before those of the saved query.",
    ),
}

_FOUND: dict[str, dict[str, Schema]] = {
    "events": {"events": several(ref("Event"), "Verbatim."), "nextToken": _NEXT_TOKEN, **_ROWS},
    "rows": {"rows": several(anything("Values by the names of columns.")), "nextToken": _NEXT_TOKEN, **_ROWS},
    "cost": {
        "dryRun": flag(const=True),
        "engine": choice(ENGINES[1:], "Who would find it."),
        "runsAsJob": flag("Whether it would be answered with a job."),
        "partitions": whole("Days of regions to look at."),
        "objects": whole("Objects to read, at most."),
        "bytes": whole("Bytes to read, at most."),
        "estimatedPrice": record(
            {"amount": number(minimum=0), "currency": text()}, about="What Athena would take for that."
        ),
        "scanBudgetLeft": or_null(whole("Bytes that the token may still read today (UTC); null for no limit.")),
        "completeness": ref("Completeness"),
    },
}
_OPTIONAL = {"events": ("nextToken", *(name for name in _ROWS if name != "completeness")), "rows": ("nextToken", "job")}

_SQL = "event_rw: Write | select user_name, count(*) as n from log group by user_name order by n desc"
_EVENTS = {"events": [EVENT], "completeness": COMPLETE}
_ROWS_FOUND = {
    "rows": [{"user_name": "alice", "n": 12}],
    "engine": "embedded",
    "columns": [{"name": "user_name", "type": "varchar"}, {"name": "n", "type": "bigint"}],
    "truncated": False,
    "completeness": COMPLETE,
}
_COST = {
    "dryRun": True,
    "engine": "embedded",
    "runsAsJob": False,
    "partitions": 8,
    "objects": 21,
    "bytes": 80422000,
    "estimatedPrice": {"amount": 0.000402, "currency": "USD"},
    "scanBudgetLeft": None,
    "completeness": COMPLETE,
}
_SEARCH_JOB = {**JOB, "kind": "search", "scope": "view", "request": {"query": _SQL, "engine": "embedded"}}
_ERRORS = (
    InvalidParameter,
    InvalidTimeRange,
    InvalidQuery,
    InvalidNextToken,
    JobNotFound,
    JobUnfinished,
    IdempotencyConflict,
    QueryFailed,
    ScanBudgetExceeded,
    TooManyJobs,
    ObjectUnreadable,
    EngineUnavailable,
)


def _answers(more: dict[str, Schema], example: dict[str, Any]) -> dict[str, Any]:
    """What a search is answered with, each with ``more`` members."""
    kinds = [record({**more, **members}, optional=_OPTIONAL.get(name, ())) for name, members in _FOUND.items()]
    examples = {
        "events": {"summary": "Events that meet the conditions", "value": {**example, **_EVENTS}},
        "rows": {"summary": "Rows of SQL", "value": {**example, **_ROWS_FOUND}},
        "cost": {"summary": "What it would read", "value": {**example, **_COST}},
    }
    return {
        "200": {
            "description": "Events, rows, or what it would read.",
            "content": {"application/json": {"schema": {"anyOf": kinds}, "examples": examples}},
        },
        "202": answer(
            "It takes longer: a job was started, and has the rows when it has ended.",
            record({**more, "job": ref("Job")}),
            {**example, "job": _SEARCH_JOB},
            links=TO_JOB,
        ),
    }


_SEARCH = operation(
    "search",
    "Search",
    "Finds the events and Insights that meet conditions on anything in them, and runs SQL over them. Ask with `dryRun` "
    "first to see what it would read. A page of events may be short; it is the last one only where `nextToken` is "
    "missing.",
    tag=TAG,
    scope="view",
    parameters=(IDEMPOTENCY_KEY,),
    body=json_body(
        ref("Search"),
        {
            "conditions": (
                "Deletions of a week from outside of a network",
                {"query": "event.eventName: Delete* and not sourceIpAddress: 10.0.0.0/8", "maxResults": 100},
            ),
            "words": ("Words anywhere in the event", {"query": '"access denied" and not Describe*'}),
            "sql": ("Who changes most", {"query": _SQL, "startTime": "2026-03-01T00:00:00Z"}),
            "dryRun": ("What that would read", {"query": _SQL, "dryRun": True}),
        },
    ),
    answers=_answers({}, {}),
    errors=_ERRORS,
    writes=True,
)
_RUN_BODY = {"arguments": {"network": "192.0.2.0/24"}, "startTime": "2026-03-01T00:00:00Z"}
_ASKED = {"query": "source_ip_address: 192.0.2.0/24", "startTime": "2026-03-01T00:00:00Z"}
_RUN = operation(
    "runSavedQuery",
    "Run a saved query",
    "Answers as a search, and tells which one it was: `search` is a body for `POST /v1/search`, which gives further "
    "pages.",
    tag=TAG,
    scope="view",
    parameters=({**ID, "example": "preset-address-activity"}, IDEMPOTENCY_KEY),
    body=json_body(ref("Run"), {"arguments": ("With an argument, from another time on", _RUN_BODY)}),
    answers=_answers({"search": ref("Search", "The search that was run.")}, {"search": _ASKED}),
    errors=(SavedQueryNotFound, *_ERRORS),
    writes=True,
)

PATHS: dict[str, Any] = {
    "/v1/search": {"post": _SEARCH},
    "/v1/saved-queries/{queryId}/run": {"post": _RUN},
}
