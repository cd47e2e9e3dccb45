"""Deny by default: every route with the scope that it needs, walked with every other one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, REPOSITORY, Deployment
from tests.openapi_schemas import operations
from trailkeep.access.principal import SCOPES

ANY, NONE = "any", "none"
"""Any token will do, whatever its scopes; no token is needed."""

NEEDED = {
    "GET /v1/events": "view",
    "POST /v1/events": "ingest",
    "GET /v1/events/{eventId}": "view",
    "GET /v1/histogram": "view",
    "GET /v1/regions": "view",
    "GET /v1/insights": "view",
    "GET /v1/insights/accounts": "view",
    "POST /v1/insights/replay": "view",
    "GET /v1/insights/settings": "admin",
    "PUT /v1/insights/settings": "admin",
    "POST /v1/search": "view",
    "POST /v1/exports": "download",
    "GET /v1/saved-queries": "view",
    "POST /v1/saved-queries": "view",
    "GET /v1/saved-queries/fields": "view",
    "GET /v1/saved-queries/{queryId}": "view",
    "PUT /v1/saved-queries/{queryId}": "view",
    "DELETE /v1/saved-queries/{queryId}": "view",
    "POST /v1/saved-queries/{queryId}/run": "view",
    "GET /v1/jobs": ANY,
    "GET /v1/jobs/{jobId}": ANY,
    "DELETE /v1/jobs/{jobId}": ANY,
    "GET /v1/retention": "admin",
    "PUT /v1/retention": "admin",
    "GET /v1/holds": "admin",
    "POST /v1/holds": "admin",
    "DELETE /v1/holds/{holdId}": "admin",
    "GET /v1/me": ANY,
    "GET /v1/health": NONE,
    "GET /openapi.json": NONE,
    "GET /docs": NONE,
    "GET /docs/{asset}": NONE,
}


def routes() -> dict[str, str]:
    """Of the template: each route with the folder of its function."""
    found = {}
    for resource in yaml_parse((REPOSITORY / "template.yaml").read_text())["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = resource["Properties"]
            for event in properties.get("Events", {}).values():
                if event["Type"] == "Api":
                    about = event["Properties"]
                    folder = properties["CodeUri"].strip("/").split("/")[-1]
                    found[f"{about['Method'].upper()} {about['Path']}"] = folder
    return found


ROUTES = routes()


def ask(deployment: Deployment, route: str, who: Any) -> Any:
    method, path = route.split(" ")
    path = re.sub(r"\{\w+\}", "x", path)
    body = {"body": "{}", "isBase64Encoded": False}
    return deployment._request(ROUTES[route], method, path, None, who, None, body)


def test_the_table_has_every_route_as_it_is_described() -> None:
    described = {}
    for method, path, operation in operations():
        scopes = [scope for each in operation["security"] for scope in each["token"] or [ANY]]
        (described[f"{method} {path}"],) = scopes or [NONE]
    assert described == NEEDED
    assert set(ROUTES) == set(NEEDED)


@pytest.mark.parametrize("route", [route for route, needed in NEEDED.items() if needed != NONE])
def test_without_its_scope_a_route_does_nothing(deployment: Deployment, route: str) -> None:
    needed = NEEDED[route]
    for who in (None, {}, {"scopes": " ".join(SCOPES)}):
        assert_error(ask(deployment, route, who), 401, "Unauthenticated")
    without = [scope for scope in SCOPES if scope != needed]
    for scopes in ("", *without, " ".join(without), *(() if needed == ANY else (needed.upper(), f"{needed}s"))):
        answer = ask(deployment, route, {**ALL_SCOPES, "scopes": scopes})
        if needed == ANY:
            assert answer.status not in (401, 403), answer.text
        else:
            assert_error(answer, 403, "AccessDenied")
            assert needed in answer.body["message"]
    assert deployment.keys("state/") == []
    assert ask(deployment, route, {**ALL_SCOPES, "scopes": needed}).status not in (401, 403)
