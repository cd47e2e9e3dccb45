import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from trailkeep import errors

OfType = Callable[[str], dict[str, Any]]

ROUTES = {
    "POST /v1/events": "IngestEventsFunction",
    "GET /v1/events": "QueryEventsFunction",
    "GET /v1/events/{eventId}": "QueryEventsFunction",
    "GET /v1/histogram": "QueryEventsFunction",
    "GET /v1/insights": "QueryEventsFunction",
    "GET /v1/insights/settings": "ManageInsightsFunction",
    "PUT /v1/insights/settings": "ManageInsightsFunction",
    "GET /v1/insights/accounts": "ManageInsightsFunction",
    "POST /v1/insights/replay": "ManageInsightsFunction",
    "GET /v1/regions": "QueryEventsFunction",
    "GET /v1/me": "QueryEventsFunction",
    "GET /v1/health": "ReportHealthFunction",
    "GET /v1/retention": "ManageRetentionFunction",
    "PUT /v1/retention": "ManageRetentionFunction",
    "GET /v1/holds": "ManageRetentionFunction",
    "POST /v1/holds": "ManageRetentionFunction",
    "DELETE /v1/holds/{holdId}": "ManageRetentionFunction",
    "GET /v1/jobs": "ManageJobsFunction",
    "GET /v1/jobs/{jobId}": "ManageJobsFunction",
    "DELETE /v1/jobs/{jobId}": "ManageJobsFunction",
    "POST /v1/search": "SearchEventsFunction",
    "POST /v1/saved-queries/{queryId}/run": "SearchEventsFunction",
    "POST /v1/exports": "ExportEventsFunction",
    "GET /v1/saved-queries": "ManageSavedQueriesFunction",
    "POST /v1/saved-queries": "ManageSavedQueriesFunction",
    "GET /v1/saved-queries/fields": "ManageSavedQueriesFunction",
    "GET /v1/saved-queries/{queryId}": "ManageSavedQueriesFunction",
    "PUT /v1/saved-queries/{queryId}": "ManageSavedQueriesFunction",
    "DELETE /v1/saved-queries/{queryId}": "ManageSavedQueriesFunction",
    "GET /openapi.json": "DescribeApiFunction",
    "GET /docs": "DescribeApiFunction",
    "GET /docs/{asset}": "DescribeApiFunction",
}
OPEN = {"GET /v1/health", "GET /openapi.json", "GET /docs", "GET /docs/{asset}"}


@pytest.fixture(scope="module")
def definition(of_type: OfType) -> dict[str, Any]:
    """The API as OpenAPI."""
    (api,) = of_type("AWS::ApiGateway::RestApi").values()
    return api["Body"]


@pytest.fixture(scope="module")
def operations(definition: dict[str, Any]) -> dict[str, Any]:
    """What the API does, by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in definition["paths"].items()
        for method, operation in methods.items()
    }


def test_each_route_leads_to_its_function(operations: dict[str, Any]) -> None:
    leads = {}
    for route, operation in operations.items():
        integration = operation["x-amazon-apigateway-integration"]
        assert integration["type"] == "aws_proxy"
        (leads[route],) = re.findall(r"\$\{(\w+)\.Arn\}", integration["uri"]["Fn::Sub"])
    assert leads == ROUTES


def test_each_route_wants_a_token_but_the_open_ones(operations: dict[str, Any]) -> None:
    for route, operation in operations.items():
        expected = "NONE" if route in OPEN else "TokenAuthorizer"
        assert operation["security"] == [{expected: []}], route


def test_a_decision_about_a_token_is_never_reused(definition: dict[str, Any]) -> None:
    (scheme,) = definition["components"]["securitySchemes"].values()
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == "request"
    assert authorizer["identitySource"] == "method.request.header.Authorization"
    assert authorizer["authorizerResultTtlInSeconds"] == 0


def test_the_stage_throttles_traces_and_logs(of_type: OfType) -> None:
    (stage,) = of_type("AWS::ApiGateway::Stage").values()
    assert stage["TracingEnabled"] is True
    (settings,) = stage["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert settings["ThrottlingRateLimit"] == {"Ref": "ApiRateLimit"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ApiBurstLimit"}
    log = stage["AccessLogSetting"]
    assert log["DestinationArn"] == {"Fn::GetAtt": ["ApiLogs", "Arn"]}
    assert of_type("AWS::Logs::LogGroup")["ApiLogs"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    fields = json.loads(log["Format"])
    assert fields["requestId"] == "$context.requestId"
    assert not any("querystring" in value.lower() for value in fields.values())


def test_bodies_reach_the_functions_as_they_were_sent(of_type: OfType) -> None:
    (api,) = of_type("AWS::ApiGateway::RestApi").values()
    assert api["BinaryMediaTypes"] == api["Body"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_api_gateways_own_errors_have_our_shape(definition: dict[str, Any]) -> None:
    responses = definition["x-amazon-apigateway-gateway-responses"]
    assert {"UNAUTHORIZED", "ACCESS_DENIED", "REQUEST_TOO_LARGE", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(
        responses
    )
    for kind, response in responses.items():
        body = json.loads(response["responseTemplates"]["application/json"])
        assert body.keys() == {"code", "message", "hint", "requestId"}, kind
        assert body["requestId"] == "$context.requestId", kind
        assert all(body.values()), kind


def test_api_gateways_own_errors_mean_what_the_functions_mean(definition: dict[str, Any]) -> None:
    ours = {error.code: error.status for error in _errors(errors.TrailkeepError)}
    # UNSUPPORTED_MEDIA_TYPE is an unreadable body found earlier, with the status that HTTP has for it.
    finer = {("InvalidBody", 415)}
    known = 0
    for kind, response in definition["x-amazon-apigateway-gateway-responses"].items():
        code = json.loads(response["responseTemplates"]["application/json"])["code"]
        status = int(response.get("statusCode", 0))
        if status and code in ours and (code, status) not in finer:
            assert status == ours[code], kind
            known += 1
    assert known >= 5


def test_who_lacks_a_token_is_told_which_kind(definition: dict[str, Any]) -> None:
    response = definition["x-amazon-apigateway-gateway-responses"]["UNAUTHORIZED"]
    assert response["responseParameters"] == {"gatewayresponse.header.WWW-Authenticate": "'Bearer'"}


def _errors(root: type[errors.TrailkeepError]) -> list[type[errors.TrailkeepError]]:
    return [root, *(error for child in root.__subclasses__() for error in _errors(child))]
