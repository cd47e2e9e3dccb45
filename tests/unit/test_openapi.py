"""The API's document: sound in itself, and in its names and limits what the code is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import schemathesis

from tests.openapi_schemas import complaints, operations, resolved
from trailkeep import errors, ingest, named, request_body
from trailkeep.access.principal import SCOPES
from trailkeep.errors import TrailkeepError
from trailkeep.exports.formats import CONTENT_TYPES
from trailkeep.insights import insight, types
from trailkeep.insights.replay import request as replay_request
from trailkeep.insights.settings import request as settings_request
from trailkeep.jobs.job import State
from trailkeep.lookup import filters, histogram_question, question
from trailkeep.openapi import (
    access,
    events,
    exports,
    failures,
    insight_settings,
    insights,
    jobs,
    parameters,
    retention,
    saved_queries,
)
from trailkeep.openapi.document import document
from trailkeep.retention import hold_request, settings
from trailkeep.saved_queries import arguments, operators, request, saved_query
from trailkeep.search.language import MAX_LENGTH
from trailkeep.search.request import MAX_REGIONS

OPERATIONS = [pytest.param(operation, id=f"{method} {path}") for method, path, operation in operations()]


def every_error(root: type[TrailkeepError] = TrailkeepError) -> Iterator[type[TrailkeepError]]:
    yield root
    for error in root.__subclasses__():
        if error.__module__ == errors.__name__:
            yield from every_error(error)


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for each in node:
            yield from nodes(each)
    elif isinstance(node, dict):
        yield node
        for each in node.values():
            yield from nodes(each)


# Sound in itself


def test_it_is_openapi() -> None:
    schemathesis.openapi.from_dict(json.loads(json.dumps(document()))).validate()


def test_every_reference_leads_somewhere_and_nothing_stands_there_unused() -> None:
    used = {node["$ref"] for node in nodes(document()) if "$ref" in node}
    components = document()["components"]
    there = {
        f"#/components/{kind}/{name}" for kind in ("schemas", "parameters", "examples") for name in components[kind]
    }
    assert used == there


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_says_what_it_is(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"].endswith(".")
    assert operation["tags"][0] in {tag["name"] for tag in document()["tags"]}
    for parameter in map(resolved, operation.get("parameters", ())):
        assert parameter["description"].endswith("."), parameter["name"]
    for status, answer in operation["responses"].items():
        assert answer["description"].endswith((".", "again.")), status


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)


def test_what_stands_in_a_path_is_a_parameter() -> None:
    for method, path, operation in operations():
        named = {each["name"] for each in map(resolved, operation.get("parameters", ())) if each["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), (method, path)


# Examples


@pytest.mark.parametrize("operation", OPERATIONS)
def test_examples_of_parameters_are_sound(operation: dict[str, Any]) -> None:
    for parameter in map(resolved, operation.get("parameters", ())):
        if "example" in parameter:
            assert complaints(parameter["schema"], parameter["example"]) == [], parameter["name"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_examples_of_bodies_are_sound(operation: dict[str, Any]) -> None:
    bodies = operation.get("requestBody", {}).get("content", {})
    for kind, body in bodies.items():
        assert body["examples"], kind
        for name, example in body["examples"].items():
            assert complaints(body["schema"], example["value"]) == [], (kind, name)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_examples_of_answers_are_sound_and_whole(operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        for kind, body in answer.get("content", {}).items():
            examples = [resolved(each)["value"] for each in body.get("examples", {}).values()] or [body["example"]]
            for example in examples:
                assert complaints(body["schema"], example, strictly=True) == [], (status, kind)


# What goes wrong


@pytest.mark.parametrize("operation", OPERATIONS)
def test_errors_have_the_one_form_and_their_own_status(operation: dict[str, Any]) -> None:
    ours = {error.code: error.status for error in every_error()}
    finer = {("InvalidBody", 415)}
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            continue
        body = answer["content"]["application/json"]
        if body["schema"].get("$ref") == "#/components/schemas/NotReady":
            continue
        codes = body["schema"]["allOf"][1]["properties"]["code"]["enum"]
        assert codes == list(body["examples"])
        for code in codes:
            assert (code, int(status)) in finer or ours.get(code, int(status)) == int(status), code


def test_every_error_that_can_be_answered_is_documented() -> None:
    documented = {
        code
        for _, _, operation in operations()
        for status, answer in operation["responses"].items()
        if int(status) >= 400
        for code in answer["content"]["application/json"].get("examples", {})
    }
    assert {error.code for error in every_error()} - documented == {error.code for error in failures.NEVER_ANSWERED}


# What the code is


def test_filters_are_those_of_lookups() -> None:
    known = {*filters.FILTERS, filters.SENSITIVE}
    of_insights = {*known, *filters.INSIGHT_FILTERS}
    named = {name.removesuffix("!") for name in parameters.FILTER_NAMES}
    assert named == known
    for path, expected in {"/v1/events": known, "/v1/insights": of_insights, "/v1/histogram": known}.items():
        (operation,) = (each for method, at, each in operations() if (method, at) == ("GET", path))
        asked = {parameter["name"] for parameter in map(resolved, operation["parameters"])}
        assert {f"{name}{end}" for name in expected for end in ("", "!")} <= asked
        others = {name for name in asked if name.removesuffix("!") not in expected}
        assert others - {"view", "interval", "field"} == {
            "startTime",
            "endTime",
            "region",
            *(() if path == "/v1/histogram" else ("direction", "maxResults", "nextToken")),
        }


def test_limits_are_those_of_the_code() -> None:
    assert parameters.MAX_VALUES == question.MAX_VALUES
    pages = parameters.SHARED["maxResults"]["schema"]
    assert (pages["maximum"], pages["default"]) == (named.MAX_RESULTS, named.DEFAULT_RESULTS)
    assert events.MAX_POSTED == ingest.MAX_EVENTS
    assert events.SCHEMAS["PostedEvent"]["properties"]["eventId"]["maxLength"] == ingest.MAX_ID_LENGTH
    assert retention.MOST_DAYS == settings._MOST
    assert {"name": retention.MAX_NAME, "reason": retention.MAX_REASON} == hold_request._LENGTHS
    assert retention.MAX_VALUES == hold_request.MAX_VALUES
    assert (exports.MAX_QUERY, saved_queries.MAX_QUERY, request.MAX_QUERY) == (MAX_LENGTH,) * 3
    assert exports.MAX_REGIONS == MAX_REGIONS
    assert request_body.MAX_OBJECT_BYTES > 10 * MAX_LENGTH


def test_choices_are_those_of_the_code() -> None:
    assert access.SCOPES == SCOPES
    assert tuple(histogram_question.INTERVALS) == events.INTERVALS
    assert tuple(histogram_question.FIELDS) == events.COUNTED
    assert tuple(CONTENT_TYPES) == exports.FORMATS
    assert get_args(State) == jobs.STATES


def test_insights_are_as_the_code_has_them() -> None:
    assert insights.TYPES == types.INSIGHT_TYPES
    assert insights.SENSITIVITIES == types.SENSITIVITIES
    assert insights.STATES == (insight.START, insight.END, insight.WITHDRAWN)
    assert insights.MOST_DAYS == replay_request.MOST_DAYS
    assert insights.MAX_ACCOUNT == settings_request.MAX_ACCOUNT
    assert insight_settings.MAX_NETWORKS == settings_request.MAX_NETWORKS
    assert insight_settings.MAX_NOTE == settings_request.MAX_NOTE
    assert {f"/{settings_request.WIDEST[version]}" for version in (4, 6)} <= set(
        re.findall(r"/\d+", str(insight_settings.SCHEMAS["InsightSettingsChange"]))
    )


def test_saved_queries_are_as_the_code_has_them() -> None:
    for name in ("MAX_NAME", "MAX_DESCRIPTION", "MAX_QUERY", "MAX_FIELD", "MAX_CONDITIONS", "MAX_PARAMETERS"):
        assert getattr(saved_queries, name) == getattr(request, name), name
    assert saved_queries.MAX_VALUES == operators.MAX_VALUES
    assert saved_queries.MAX_ARGUMENT == arguments.MAX_LENGTH
    assert tuple(operators.OPERATORS) == saved_queries.OPERATORS
    assert get_args(operators.Wanted) == saved_queries.WANTED
    assert get_args(saved_query.Mode) == saved_queries.MODES
    assert get_args(saved_query.Kind) == saved_queries.KINDS
    assert get_args(saved_query.Connective) == saved_queries.CONNECTIVES
