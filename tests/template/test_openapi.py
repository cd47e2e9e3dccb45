"""The API's document is about the routes of the template, each with its kind of token, and its gateway's answers."""

import json
from typing import Any

from tests.openapi_schemas import operations

Routes = dict[tuple[str, str], dict[str, Any]]


def routes(functions: dict[str, Any]) -> Routes:
    """The events that lead from the API to functions, by method and path."""
    events = [event for function in functions.values() for event in function.get("Events", {}).values()]
    made = [event["Properties"] for event in events if event["Type"] == "Api"]
    found = {(route["Method"].upper(), route["Path"]): route for route in made}
    assert len(found) == len(made)
    return found


def test_every_route_is_described_and_nothing_else(functions: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations()} == routes(functions).keys()


def test_who_needs_no_token_is_told_so_and_nobody_else(functions: dict[str, Any]) -> None:
    found = routes(functions)
    for method, path, operation in operations():
        is_open = found[method, path].get("Auth", {}).get("Authorizer") == "NONE"
        assert (operation["security"] == []) is is_open, (method, path)


def test_what_the_gateway_answers_is_described(template: dict[str, Any]) -> None:
    answers = template["Resources"]["Api"]["Properties"]["GatewayResponses"]
    for kind, answer in answers.items():
        body = json.loads(answer["ResponseTemplates"]["application/json"])
        status = {"DEFAULT_4XX": 400, "DEFAULT_5XX": 500}.get(kind) or answer["StatusCode"]
        for method, path, operation in operations():
            if concerns(kind, operation, path):
                content = operation["responses"][str(status)]["content"]["application/json"]
                assert body["code"] in content["schema"]["allOf"][1]["properties"]["code"]["enum"], (kind, method, path)


def concerns(kind: str, operation: dict[str, Any], path: str) -> bool:
    """Whether the gateway may answer so to a request of this operation."""
    if kind in ("UNAUTHORIZED", "ACCESS_DENIED", "AUTHORIZER_FAILURE"):
        return operation["security"] != []
    if kind in ("REQUEST_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"):
        return "requestBody" in operation
    if kind in ("MISSING_AUTHENTICATION_TOKEN", "RESOURCE_NOT_FOUND"):
        return "{" in path
    return True
