"""One operation of the API: what is asked, what is answered, and what can go wrong, in OpenAPI's words."""

from collections.abc import Sequence
from typing import Any

from trailkeep.errors import TrailkeepError
from trailkeep.openapi.failures import (
    EVERYWHERE,
    WHEN_WRITING,
    WITH_BODY,
    WITH_PATH,
    WITH_TOKEN,
    failure_answers,
    failure_of,
)
from trailkeep.openapi.shapes import Schema

Operation = dict[str, Any]
JSON = "application/json"


def operation(
    name: str,
    title: str,
    about: str,
    *,
    tag: str,
    scope: str | None,
    answers: dict[str, Any],
    parameters: Sequence[dict[str, Any]] = (),
    body: dict[str, Any] | None = None,
    errors: Sequence[type[TrailkeepError]] = (),
    writes: bool = False,
) -> Operation:
    """An operation. ``scope`` is what its token needs, "any" for no scope at all, None where no token is needed.

    ``errors`` are those beside what every operation of its kind may answer.
    """
    failures = [
        *map(failure_of, errors),
        *(WITH_TOKEN if scope else ()),
        *(WITH_BODY if body else ()),
        *(WITH_PATH if any(parameter.get("in") == "path" for parameter in parameters) else ()),
        *(WHEN_WRITING if writes else ()),
        *EVERYWHERE,
    ]
    made: Operation = {"operationId": name, "summary": title, "description": about, "tags": [tag]}
    if parameters:
        made["parameters"] = list(parameters)
    if body:
        made["requestBody"] = body
    made["security"] = [{"token": [] if scope == "any" else [scope]}] if scope else []
    made["responses"] = dict(sorted({**failure_answers(failures), **answers}.items()))
    return made


def answer(about: str, schema: Schema, example: Any, *, kind: str = JSON, **more: Any) -> dict[str, Any]:
    """An answer with a body."""
    return {"description": about, "content": {kind: {"schema": schema, "example": example}}, **more}


def leads_to(operations: dict[str, str], place: str) -> dict[str, Any]:
    """Links from an answer: operations by name, each with the parameter that what stands at ``place`` is for."""
    found = f"$response.body#/{place}"
    return {name: {"operationId": name, "parameters": {parameter: found}} for name, parameter in operations.items()}


def json_body(schema: Schema, examples: dict[str, tuple[str, Any]]) -> dict[str, Any]:
    """A request's body as JSON; examples by name, each with what it is."""
    stated = {name: {"summary": about, "value": value} for name, (about, value) in examples.items()}
    return {"required": True, "content": {JSON: {"schema": schema, "examples": stated}}}
