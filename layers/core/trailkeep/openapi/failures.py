"""What goes wrong, as answers: the errors of :mod:`trailkeep.errors` and those that the gateway answers itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trailkeep import errors
from trailkeep.errors import TrailkeepError
from trailkeep.openapi.shapes import Schema, record, ref, text


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as a client meets it."""

    code: str
    status: int
    about: str
    hint: str


def failure_of(error: type[TrailkeepError]) -> Failure:
    """An error of ours as a client meets it."""
    about = " ".join((error.__doc__ or "").split())
    return Failure(error.code, error.status, about, error.hint)


GATEWAY = (
    Failure("InvalidRequest", 400, "The request cannot be understood.", "Check the method, path, headers and body."),
    Failure("TooManyRequests", 429, "There are more requests than the API takes.", "Try again in a second."),
    Failure(
        "Timeout", 504, "The answer took too long.", "Ask for less: a shorter time, fewer regions, a smaller page."
    ),
)
"""What the gateway answers in front of the functions. Its other answers have codes and statuses of our own errors."""

UNREADABLE_HEADERS = Failure(
    "InvalidBody", 415, "The body is not what its headers say.", "Content-Encoding may be gzip or absent."
)
"""As :class:`trailkeep.errors.InvalidBody`, found by the gateway, with the status that HTTP has for it."""

EVERYWHERE = (*GATEWAY, failure_of(TrailkeepError), failure_of(errors.StorageUnavailable))
WITH_TOKEN = (failure_of(errors.Unauthenticated), failure_of(errors.AccessDenied))
WITH_BODY = (failure_of(errors.InvalidBody), failure_of(errors.PayloadTooLarge), UNREADABLE_HEADERS)
WITH_PATH = (failure_of(errors.RouteNotFound),)
WHEN_WRITING = (failure_of(errors.StorageUnsafe),)

_REQUEST_ID = "6f1d2c3b-0000-4000-8000-00000000000a"
_TITLES = {
    400: "The request is wrong; the message says what of it.",
    401: "There is no token, or none that is known and valid.",
    403: "The token may not do this.",
    404: "There is no such thing, or none that this token may see.",
    409: "What stands already does not allow it.",
    413: "It is larger than a request may be.",
    415: "The body is not what its headers say.",
    422: "It was understood, and cannot be done.",
    429: "Too much at once.",
    500: "Something went wrong on our side.",
    502: "What the answer rests on is damaged.",
    503: "Something needed did not answer, or is not there; `hint` says whether to try again.",
    504: "The answer took too long.",
}

SCHEMAS: dict[str, Schema] = {
    "Error": record(
        {
            "code": text("What went wrong, as one of a closed list."),
            "message": text("What is wrong with this request."),
            "hint": text("What to do about it."),
            "requestId": text("By which the operators find the request in their logs."),
        }
    )
}


def failure_answers(failures: Iterable[Failure]) -> dict[str, Any]:
    """The answers of an operation for these failures, by status; each names the codes that it may have."""
    by_status: dict[int, list[Failure]] = {}
    for failure in failures:
        if failure not in by_status.setdefault(failure.status, []):
            by_status[failure.status].append(failure)
    return {str(status): _answer(status, some) for status, some in sorted(by_status.items())}


def _answer(status: int, failures: list[Failure]) -> dict[str, Any]:
    codes = [failure.code for failure in failures]
    schema = {"allOf": [ref("Error"), {"properties": {"code": {"enum": codes}}}]}
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    answer: dict[str, Any] = {
        "description": _TITLES[status],
        "content": {"application/json": {"schema": schema, "examples": examples}},
    }
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "example": "Bearer"}}
    return answer


def _example(failure: Failure) -> dict[str, Any]:
    body = {"code": failure.code, "message": failure.about, "hint": failure.hint, "requestId": _REQUEST_ID}
    return {"summary": failure.about, "value": body}


NEVER_ANSWERED = (
    # Of work that nobody waits for.
    errors.CompactionRaced,
    errors.DeliveryUnderWay,
    errors.RetentionRefused,
    errors.RowsNotConserved,
    # Of the store: who asked for something is told that this is not found.
    errors.ObjectNotFound,
)
_ANSWERED = [error for error in vars(errors).values() if isinstance(error, type) and error not in NEVER_ANSWERED]

EXAMPLES = {failure.code: _example(failure) for failure in (*GATEWAY, *map(failure_of, _ANSWERED))}
"""An answer with each of the errors, by its code."""
