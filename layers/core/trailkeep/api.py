"""HTTP in, HTTP out: routes, principals, and the one place where errors become answers."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from trailkeep.access.principal import Principal, from_context
from trailkeep.errors import RouteNotFound, TrailkeepError
from trailkeep.observability import logger

JSON = "application/json"
ANSWER_SECONDS = 18.0
"""A page closes after this: API Gateway gives up at 29 seconds, clients often earlier."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def resolver() -> APIGatewayRestResolver:
    """A resolver whose routes answer errors of :mod:`trailkeep.errors` as ``{code, message, hint, requestId}``."""
    app = APIGatewayRestResolver()

    def told(error: TrailkeepError) -> Response[str]:
        if error.status >= 500:
            logger.error("request failed", code=error.code, reason=error.message)
        return failure(app, error)

    def unknown(_: NotFoundError) -> Response[str]:
        return failure(app, RouteNotFound("there is no such route"))

    def untold(error: Exception) -> Response[str]:
        logger.exception("unexpected error", kind=type(error).__name__)
        return failure(app, TrailkeepError("something went wrong on our side"))

    app.exception_handler(TrailkeepError)(told)
    app.exception_handler(Exception)(untold)
    app.not_found(unknown)

    return app


def failure(app: APIGatewayRestResolver, error: TrailkeepError) -> Response[str]:
    """The answer for an error."""
    request_id = getattr(app.current_event.request_context, "request_id", None) or ""
    body = {"code": error.code, "message": error.message, "hint": error.hint, "requestId": request_id}
    return answer(body, error.status)


def answer(body: object, status: int = 200) -> Response[str]:
    """A JSON answer; a text is taken to be JSON already."""
    text = body if isinstance(body, str) else encode(body)
    return Response(status_code=status, content_type=JSON, body=text, headers=_HEADERS)


def encode(body: object) -> str:
    """A value as JSON."""
    return msgspec.json.encode(body).decode()


def redirect(address: str) -> Response[str]:
    """An answer that is too large for us, at another address."""
    return Response(status_code=303, content_type=JSON, body="", headers={**_HEADERS, "Location": address})


def principal(app: APIGatewayRestResolver) -> Principal:
    """Who asks, as the authorizer found out."""
    return from_context(app.current_event.raw_event["requestContext"].get("authorizer"))


def parameters(event: APIGatewayProxyEvent) -> Mapping[str, list[str]]:
    """The query parameters, each with all its values."""
    several = event.raw_event.get("multiValueQueryStringParameters")
    if several:
        return {name: list(values) for name, values in several.items()}
    return {name: [value] for name, value in (event.raw_event.get("queryStringParameters") or {}).items()}


def headers(event: APIGatewayProxyEvent) -> dict[str, str]:
    """The request's headers, names in lower case."""
    return {name.lower(): value for name, value in (event.raw_event.get("headers") or {}).items()}


def deadline(seconds: float = ANSWER_SECONDS) -> Callable[[], bool]:
    """A clock that tells when an answer has to be closed."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def log_context(event: Mapping[str, Any]) -> None:
    """Join this request's log lines by the gateway's request ID."""
    logger.set_correlation_id(str((event.get("requestContext") or {}).get("requestId", "")))
