"""Faults at any one call to AWS: the process dies, the answer is lost, the service fails, the body breaks off."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.endpoint import Endpoint
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.response import StreamingBody
from moto.core.botocore_stubber import MockRawResponse

SEND = "_do_get_response"
"""Where the client sends a request and reads its answer, once for each try."""


class Killed(BaseException):
    """The process ends here: nothing in the functions may catch it, as nothing catches a kill."""


class Fault(Enum):
    """What happens at the chosen call."""

    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    ANSWER_LOST = auto()
    """The call was done, its answer never came; the client asks again by itself."""
    TIMED_OUT = auto()
    """The call never arrived, and nobody says so; the client asks again by itself."""
    BUSY_ONCE = auto()
    ERROR_ONCE = auto()
    """500, as services answer when they do not know themselves."""
    CONFLICT_ONCE = auto()
    """409, as S3 answers one of two conditional writes at the same moment."""
    BODY_BROKEN = auto()
    """The connection breaks while the body of an answer is read."""
    BODY_SHORT = auto()
    """The body ends before the length that its answer announced."""
    BODY_SHORT_UNNOTICED = auto()
    """The same, where the client does not compare: only who knows the length can tell."""
    LISTING_BROKEN = auto()
    """The document of a listing ends in its middle."""
    ENTRIES_REFUSED = auto()
    """The queue, the topic or the bus answers that all is well, and that it took none of the messages."""
    UNAVAILABLE = auto()
    """From this call on nothing answers any more, however often it is asked."""

    def concerns(self, operation: str) -> bool:
        """Whether this can happen to an operation; at others it changes nothing."""
        return operation in _CONCERNED.get(self, (operation,))


EVERY_CALL = -1
"""In the place of a number: the fault happens at every call, once, and not when the call is made again."""

ENDS_THE_RUN = frozenset({Fault.KILLED_BEFORE, Fault.KILLED_AFTER})
_REFUSAL = {
    "Successful": [],
    "Failed": [{"Id": "0", "Code": "InternalError"}],
    "FailedEntryCount": 1,
    "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}],
}
"""As each of the services says it, in one."""
_BODIES = frozenset({Fault.BODY_BROKEN, Fault.BODY_SHORT, Fault.BODY_SHORT_UNNOTICED})
_CONCERNED = {
    Fault.CONFLICT_ONCE: ("PutObject", "DeleteObject"),
    **dict.fromkeys(_BODIES, ("GetObject",)),
    Fault.LISTING_BROKEN: ("ListObjectsV2",),
    Fault.ENTRIES_REFUSED: ("SendMessageBatch", "PublishBatch", "PutEvents"),
}


@contextmanager
def interrupted(at: int, fault: Fault) -> Iterator[list[str]]:
    """Let ``fault`` happen at the call with this number, from 1; gives the names of the calls made, as they come.

    Number 0 only counts, :data:`EVERY_CALL` spares none. Who was killed makes no calls any more, not even to tidy up.
    """
    calls: list[str] = []
    dead: list[bool] = []
    faulted: set[tuple[str, str]] = set()
    send = getattr(Endpoint, SEND)

    def faulty(endpoint: Endpoint, request: Any, operation: Any, context: Any) -> Any:
        if dead:
            raise Killed
        calls.append(operation.name)
        number = len(calls)
        chosen = number == at or (0 < at < number and fault is Fault.UNAVAILABLE)
        if at == EVERY_CALL:
            call = (operation.name, request.url)
            chosen = call not in faulted
            faulted.symmetric_difference_update([call])
        if not chosen or not fault.concerns(operation.name):
            return send(endpoint, request, operation, context)
        match fault:
            case Fault.KILLED_BEFORE:
                dead.append(True)
                raise Killed
            case Fault.UNAVAILABLE:
                return None, EndpointConnectionError(endpoint_url=request.url)
            case Fault.TIMED_OUT:
                return None, ReadTimeoutError(endpoint_url=request.url)
            case Fault.BUSY_ONCE:
                return _error(request, 503, "SlowDown"), None
            case Fault.ERROR_ONCE:
                return _error(request, 500, "InternalError"), None
            case Fault.CONFLICT_ONCE:
                return _error(request, 409, "ConditionalRequestConflict"), None
            case Fault.LISTING_BROKEN:
                raise ResponseParserError("Unable to parse response, invalid XML received")
            case Fault.ENTRIES_REFUSED:
                return _answer(request, 200, _REFUSAL), None
        answer, error = send(endpoint, request, operation, context)
        match fault:
            case Fault.KILLED_AFTER:
                dead.append(True)
                raise Killed
            case Fault.ANSWER_LOST:
                return None, ConnectionClosedError(endpoint_url=request.url)
        if fault in _BODIES and answer[0].status_code in (200, 206):
            answer[1]["Body"] = _damaged(answer[1]["Body"], fault)
        return answer, error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, SEND, faulty)
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
        # One client serves all tests, and would remember the faults of each: it retries less after many.
        patch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda quota, amount: True)
        yield calls


class _BrokenBody:
    """A body that ends in the middle with an error of the connection."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, *arguments: Any) -> bytes:
        raise ConnectionClosedError(endpoint_url="https://broken.example")

    def close(self) -> None:
        self._body.close()

    def iter_chunks(self, size: int = 1024) -> Iterator[bytes]:
        yield self._body.read(10)
        self.read()


def _damaged(body: Any, fault: Fault) -> Any:
    if fault is Fault.BODY_BROKEN:
        return _BrokenBody(body)
    whole = body.read()
    announced: Any = len(whole) if fault is Fault.BODY_SHORT else None
    return StreamingBody(io.BytesIO(whole[: len(whole) * 2 // 3]), announced)


def _error(request: Any, status: int, code: str) -> tuple[AWSResponse, dict[str, Any]]:
    return _answer(request, status, {"Error": {"Code": code, "Message": code}})


def _answer(request: Any, status: int, parsed: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
    described = {**parsed, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}}}
    return AWSResponse(request.url, status, HTTPHeaders(), MockRawResponse(b"")), described
