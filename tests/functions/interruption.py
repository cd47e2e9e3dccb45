"""Faults at any one call to AWS: the process dies, the answer is lost, the service fails, the body breaks off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from moto.core.botocore_stubber import MockRawResponse


class Killed(BaseException):
    """The process ends here: nothing in the functions may catch it, as nothing catches a kill."""


class Fault(Enum):
    """What happens at the chosen call."""

    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    ANSWER_LOST = auto()
    """The call was done, its answer never came; the client asks again by itself."""
    BUSY_ONCE = auto()
    CONFLICT_ONCE = auto()
    """409, as S3 answers one of two conditional writes at the same moment."""
    BODY_BROKEN = auto()
    """The connection breaks while the body of an answer is read."""
    UNAVAILABLE = auto()
    """From this call on nothing answers any more, however often it is asked."""


ENDS_THE_RUN = frozenset({Fault.KILLED_BEFORE, Fault.KILLED_AFTER})


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


@contextmanager
def interrupted(at: int, fault: Fault) -> Iterator[list[str]]:
    """Let ``fault`` happen at the call with this number, from 1; gives the names of the calls made, as they come.

    Number 0 only counts.
    """
    calls: list[str] = []
    send = Endpoint._do_get_response

    def faulty(endpoint: Endpoint, request: Any, operation: Any, context: Any) -> Any:
        calls.append(operation.name)
        number = len(calls)
        if at == 0 or number < at or (number > at and fault is not Fault.UNAVAILABLE):
            return send(endpoint, request, operation, context)
        match fault:
            case Fault.KILLED_BEFORE:
                raise Killed
            case Fault.UNAVAILABLE:
                return None, EndpointConnectionError(endpoint_url=request.url)
            case Fault.BUSY_ONCE:
                return _error(request, 503, "SlowDown"), None
            case Fault.CONFLICT_ONCE if operation.name == "PutObject":
                return _error(request, 409, "ConditionalRequestConflict"), None
        answer, error = send(endpoint, request, operation, context)
        match fault:
            case Fault.KILLED_AFTER:
                raise Killed
            case Fault.ANSWER_LOST:
                return None, ConnectionClosedError(endpoint_url=request.url)
            case Fault.BODY_BROKEN if operation.name == "GetObject" and answer[0].status_code == 200:
                answer[1]["Body"] = _BrokenBody(answer[1]["Body"])
        return answer, error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "_do_get_response", faulty)
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
        # One client serves all tests, and would remember the faults of each: it retries less after many.
        patch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda quota, amount: True)
        yield calls


def _error(request: Any, status: int, code: str) -> tuple[AWSResponse, dict[str, Any]]:
    parsed = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
    }
    return AWSResponse(request.url, status, {}, MockRawResponse(b"")), parsed
