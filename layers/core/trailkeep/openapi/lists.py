"""What list answers have in common: a name for the list, the token of the next page, and how complete it is."""

from typing import Any

from trailkeep.openapi.operations import answer
from trailkeep.openapi.shapes import Schema, flag, or_null, record, ref, several, text, time, whole

_FAILURES = several(
    record(
        {"object": text("The object that could not be read."), "reason": text("Why.")},
        about="Something that the answer should rest on, and does not.",
    ),
    "What could not be read. The rest is answered.",
)

SCHEMAS: dict[str, Schema] = {
    "Completeness": record(
        {
            "complete": flag("Whether everything could be read: an empty page never means a failure."),
            "asOf": time("What was delivered later is not in these pages."),
            "watermark": or_null(time("Everything that landed before it is in the lake; null before the first sweep.")),
            "partitions": whole("Days of regions that were looked at. Left out for a token that may not see them all."),
            "objectsRead": whole("Objects that were read. Left out likewise."),
            "bytesRead": whole("Bytes that were read. Left out likewise."),
            "failures": _FAILURES,
        },
        optional=("partitions", "objectsRead", "bytesRead"),
        about="What an answer rests on.",
    ),
    "ListCompleteness": record(
        {
            "complete": flag("Whether everything could be read: an empty page never means a failure."),
            "asOf": time("When the list was made."),
            "failures": _FAILURES,
        },
        about="What a list rests on.",
    ),
}

COMPLETE = {
    "complete": True,
    "asOf": "2026-03-02T12:00:00Z",
    "watermark": "2026-03-02T11:58:41Z",
    "partitions": 8,
    "objectsRead": 3,
    "bytesRead": 80422,
    "failures": [],
}
LIST_COMPLETE = {"complete": True, "asOf": "2026-03-02T12:00:00Z", "failures": []}


def list_answer(
    about: str, name: str, item: Schema, example: list[Any], *, of_lake: bool = False, paged: bool = True
) -> dict[str, Any]:
    """An answer that is a page of a list. ``of_lake`` where it reads events."""
    completeness, complete = ("Completeness", COMPLETE) if of_lake else ("ListCompleteness", LIST_COMPLETE)
    token = {"nextToken": text("For the page behind this one; left out on the last one.")} if paged else {}
    schema = record({name: several(item), **token, "completeness": ref(completeness)}, optional=("nextToken",))
    return answer(about, schema, {name: example, "completeness": complete})
