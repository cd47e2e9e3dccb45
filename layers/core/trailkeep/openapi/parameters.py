"""Parameters of operations, and those that several operations share: these stand in the document once, by name."""

from collections.abc import Iterable
from typing import Any

from trailkeep.openapi.shapes import Schema, choice, several, text, time, whole

Parameter = dict[str, Any]

MAX_VALUES = 100
REGION = r"^(\*|[a-z0-9]+(-[a-z0-9]+)*)$"


def in_query(name: str, about: str, schema: Schema, example: Any = None) -> Parameter:
    """A parameter of the query string; a list is repeated, value by value."""
    shown = {} if example is None else {"example": example}
    return {"name": name, "in": "query", "description": about, "schema": schema, **shown}


def in_path(name: str, about: str, example: str, **more: Any) -> Parameter:
    """A part of the path."""
    schema = text(minLength=1, **more)
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema, "example": example}


def in_header(name: str, about: str, schema: Schema, example: str) -> Parameter:
    """A header of the request."""
    return {"name": name, "in": "header", "description": about, "schema": schema, "example": example}


def repeated(name: str, about: str, values: Schema | None = None, example: str | None = None) -> Parameter:
    """A parameter that may be given several times."""
    shown = None if example is None else [example]
    return in_query(name, about, several(values or text(minLength=1), least=1, most=MAX_VALUES), shown)


def _ref(name: str) -> Parameter:
    return {"$ref": f"#/components/parameters/{name}"}


SHARED: dict[str, Parameter] = {
    "startTime": in_query(
        "startTime",
        "From when on. Seven days before `endTime` where it is not given.",
        time(),
        "2026-03-02T00:00:00Z",
    ),
    "endTime": in_query("endTime", "Until before when. Now where it is not given.", time(), "2026-03-03T00:00:00Z"),
    "region": repeated(
        "region",
        "Only events of this region; repeat it for more. All regions where it is not given, or `*`.",
        text(pattern=REGION),
        "cn-hangzhou",
    ),
    "direction": in_query(
        "direction",
        "The newest first, or the oldest.",
        choice(("BACKWARD", "FORWARD"), default="BACKWARD"),
        "BACKWARD",
    ),
    "maxResults": in_query("maxResults", "The most that a page may have.", whole(least=1, most=1000, default=50), 50),
    "nextToken": in_query("nextToken", "Of the page before, with all other parameters unchanged.", text(minLength=1)),
}

WINDOW = (_ref("startTime"), _ref("endTime"), _ref("region"))
PAGE = (_ref("maxResults"), _ref("nextToken"))
DIRECTION = _ref("direction")

_FILTERS = {
    "eventId": ("the event's own ID", "48deee2f-a38b-440b-aae4-168640afd6b8"),
    "serviceName": ("the service, or its host", "Ecs"),
    "eventName": ("what was called", "DeleteInstance"),
    "eventRW": ("`Read` or `Write`", "Write"),
    "eventType": ("the type of event", "ApiCall"),
    "user": ("the operator: user, role session, calling service, or `root`", "alice"),
    "roleName": ("the assumed role", "ops"),
    "accessKeyId": ("the AccessKey that signed the call", "LTAI5tExample"),
    "accountId": ("the account", "1000000000000001"),
    "resourceType": ("the type of a resource", "ACS::ECS::Instance"),
    "resourceName": ("the name, ID or ARN of a resource", "i-bp1example"),
    "sourceIpAddress": ("an address, a CIDR range, or a calling service", "192.0.2.0/24"),
    "sensitive": ("whether the operation is a sensitive one", "true"),
    "errorCode": ("the error that the call ended with", "NoPermission"),
}
_INSIGHT_FILTERS = {
    "insightType": ("the type of the Insight", "IpInsight"),
    "insightObject": ("what is unusual: the address, key, service …", "192.0.2.7"),
    "state": ("`Start`, `End` or `Withdrawn`", "Start"),
}
_VALUES: dict[str, Schema] = {"eventRW": choice(("Read", "Write")), "sensitive": choice(("true", "false"))}

for _name, (_about, _example) in {**_FILTERS, **_INSIGHT_FILTERS}.items():
    SHARED[_name] = repeated(
        _name, f"Only events with this value: {_about}. Exact; repeat it for more values.", _VALUES.get(_name), _example
    )
    SHARED[f"{_name}-not"] = repeated(f"{_name}!", f"No events with this value: {_about}.", _VALUES.get(_name))


def _filters(names: Iterable[str]) -> tuple[Parameter, ...]:
    return tuple(_ref(each) for name in names for each in (name, f"{name}-not"))


FILTER_NAMES = tuple(each for name in _FILTERS for each in (name, f"{name}!"))
FILTERS = _filters(_FILTERS)
INSIGHT_FILTERS = _filters([*_FILTERS, *_INSIGHT_FILTERS])
"""Different filters are ANDed, the values of one are ORed."""
