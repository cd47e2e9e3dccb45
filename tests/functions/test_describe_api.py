"""describe_api: the document and its page; and every function answers as the document says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.functions.deployment import ALL_SCOPES, Deployment, sample
from tests.functions.events import as_array, make_event
from tests.functions.test_invocation_events import INVOCATIONS
from tests.openapi_schemas import complaints, operations, resolved
from trailkeep.access.principal import SCOPES
from trailkeep.openapi.document import document

OPERATIONS = {(method, path): operation for method, path, operation in operations()}
REQUESTS = {
    name: event
    for path in INVOCATIONS
    if "httpMethod" in (event := sample(name := f"{path.parent.name}/{path.name}"))
    and path.parent.name != "authorize_request"
}
"""The samples that are requests to the API, by their names."""


EVENTS = [make_event("one"), make_event("two", eventRW="Write", acsRegion="us-east-1")]


def ask(deployment: Deployment, name: str, **changes: Any) -> dict[str, Any]:
    """Send a sample to its function, with other values for some of its fields; None for the authorizer removes it."""
    event = json.loads(json.dumps(REQUESTS[name]))
    if "authorizer" in changes:
        who = changes.pop("authorizer")
        event["requestContext"].pop("authorizer", None)
        event["requestContext"] |= {"authorizer": who} if who is not None else {}
    answer: dict[str, Any] = deployment.invoke(name.partition("/")[0], event | changes)
    return answer


def headers(answer: dict[str, Any]) -> dict[str, str]:
    return {name: values[-1] for name, values in answer["multiValueHeaders"].items()}


def assert_as_described(name: str, answer: dict[str, Any]) -> None:
    """The answer to a sample is one that its operation names, with nothing in it that the document does not know."""
    event = REQUESTS[name]
    described = OPERATIONS[event["httpMethod"], event["resource"]]["responses"]
    assert str(answer["statusCode"]) in described, answer["body"]
    expected = described[str(answer["statusCode"])]
    sent = headers(answer)
    for header, about in expected.get("headers", {}).items():
        assert header in sent or not about.get("required"), header
    if "content" not in expected:
        assert not answer["body"]
        return
    kind = sent["Content-Type"].partition(";")[0]
    body = answer["body"] if kind != "application/json" else json.loads(answer["body"])
    assert complaints(expected["content"][kind]["schema"], body, strictly=True) == []


# The document and its page


def test_the_document_is_served_as_it_is(deployment: Deployment) -> None:
    answer = ask(deployment, "describe_api/get_document.json")

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == json.loads(json.dumps(document()))
    assert headers(answer)["Content-Type"] == "application/json"


@pytest.mark.parametrize("name", [name for name in REQUESTS if name.startswith("describe_api/")])
def test_what_is_known_already_is_not_sent_again(deployment: Deployment, name: str) -> None:
    first = ask(deployment, name)
    etag = headers(first)["ETag"]
    assert headers(first)["Cache-Control"] == "public, max-age=300"
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)

    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = ask(deployment, name, headers={"If-None-Match": known})
        assert (again["statusCode"], again["body"]) == (304, "")
        assert headers(again)["ETag"] == etag
    for known in ("", '"other"', etag.strip('"')):
        assert ask(deployment, name, headers={"If-None-Match": known})["statusCode"] == 200


class Links(HTMLParser):
    """What a page loads, and whether anything in it would run or be styled by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.loads += [str(found[name]) for name in ("src", "href") if name in found and tag != "a"]
        self.inline += [name for name in found if name.startswith("on") or name == "style"]
        self.inline += [tag] * (tag == "style" or (tag == "script" and "src" not in found))


def test_the_page_loads_nothing_but_its_own_files(deployment: Deployment) -> None:
    page = ask(deployment, "describe_api/get_docs.json")
    links = Links()
    links.feed(page["body"])

    assert links.inline == []
    own = [address for address in links.loads if not address.startswith("data:")]
    assert len(own) == 3
    for address in own:
        answer = ask(deployment, "describe_api/get_asset.json", path=f"/{address}")
        assert answer["statusCode"] == 200, address
        expected = "text/css" if address.endswith(".css") else "text/javascript"
        assert headers(answer)["Content-Type"] == f"{expected}; charset=utf-8"
        assert len(answer["body"]) < 5_000_000


def test_the_page_may_run_nothing_else_and_ask_nobody_else(deployment: Deployment) -> None:
    for name in ("describe_api/get_docs.json", "describe_api/get_asset.json"):
        sent = headers(ask(deployment, name))
        rules = dict(rule.split(" ", 1) for rule in sent["Content-Security-Policy"].split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
        assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
        assert "unsafe" not in sent["Content-Security-Policy"]
        assert sent["X-Content-Type-Options"] == "nosniff"
        assert sent["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", ["x", "swagger-ui", "docs.html", "..", "../init.js", "%2e%2e", "init.js.map"])
def test_what_is_no_file_of_the_page_is_not_found(deployment: Deployment, name: str) -> None:
    answer = ask(deployment, "describe_api/get_asset.json", path=f"/docs/{name}")

    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "RouteNotFound")


# Every function answers as the document says


def test_every_operation_has_a_sample() -> None:
    assert {(event["httpMethod"], event["resource"]) for event in REQUESTS.values()} == OPERATIONS.keys()


@pytest.mark.parametrize("name", REQUESTS)
def test_a_sample_is_answered_as_described(deployment: Deployment, name: str) -> None:
    deployment.land_and_deliver("log.json", as_array(EVENTS))
    unknown = {"queryStringParameters": {"unknown": "1"}, "multiValueQueryStringParameters": {"unknown": ["1"]}}
    event = REQUESTS[name]
    needed = OPERATIONS[event["httpMethod"], event["resource"]]["security"]

    assert_as_described(name, ask(deployment, name))
    assert_as_described(name, ask(deployment, name, **unknown))

    nobody = ask(deployment, name, authorizer=None)
    assert (nobody["statusCode"] == 401) is (needed != [])
    assert_as_described(name, nobody)
    for scope in needed[0]["token"] if needed else ():
        all_others = " ".join(each for each in SCOPES if each != scope)
        refused = ask(deployment, name, authorizer={**ALL_SCOPES, "scopes": all_others})
        assert refused["statusCode"] == 403
        assert_as_described(name, refused)
        assert ask(deployment, name, authorizer={**ALL_SCOPES, "scopes": scope})["statusCode"] != 403


TAKES_NOTHING = ("search_events/run_saved_query.json", "manage_insights/post_replay.json")
"""Samples of requests all of whose fields have a default."""


@pytest.mark.parametrize("name", [name for name, event in REQUESTS.items() if event["body"]])
def test_a_sample_with_a_body_that_is_none_is_answered_as_described(deployment: Deployment, name: str) -> None:
    for body in (None, "", "{", "[]", "{}", '{"unknown": 1}', "\ud800", "x" * 300_000):
        answer = ask(deployment, name, body=body, authorizer=ALL_SCOPES)

        # A line that is no event is rejected by itself; a saved query may be run with nothing, as may a replay.
        takes_more = name.startswith("ingest_events/") or (body == "{}" and name in TAKES_NOTHING)
        assert answer["statusCode"] in (400, 413) or takes_more, body
        assert_as_described(name, answer)


@pytest.mark.parametrize("shown", ["", "operator"])
def test_an_event_that_is_too_large_is_answered_as_described(deployment: Deployment, shown: str) -> None:
    huge = make_event("huge", requestParameters={"text": "x" * 5_100_000})
    deployment.land_and_deliver("huge.json", as_array([*EVENTS, huge]))
    answer = ask(deployment, "query_events/get_event.json", path="/v1/events/huge")
    asked = {"startTime": ["1970-01-01T00:00:00Z"], **({"view": [shown]} if shown else {})}
    page = ask(deployment, "query_events/lookup.json", multiValueQueryStringParameters=asked)

    assert answer["statusCode"] == 303
    assert_as_described("query_events/get_event.json", answer)
    assert len(json.loads(page["body"])["events"]) == 3
    assert_as_described("query_events/lookup.json", page)


def test_the_values_that_are_given_as_examples_are_taken(deployment: Deployment) -> None:
    deployment.land_and_deliver("log.json", as_array(EVENTS))
    for name, event in REQUESTS.items():
        operation = OPERATIONS[event["httpMethod"], event["resource"]]
        for parameter in map(resolved, operation.get("parameters", ())):
            if event["httpMethod"] == "GET" and parameter["in"] == "query" and "example" in parameter:
                given = parameter["example"]
                asked = {parameter["name"]: [str(each) for each in (given if isinstance(given, list) else [given])]}
                answer = ask(deployment, name, queryStringParameters=None, multiValueQueryStringParameters=asked)
                assert answer["statusCode"] == 200, (name, asked, answer["body"])


def test_the_bodies_that_are_given_as_examples_are_taken(deployment: Deployment) -> None:
    for name, event in REQUESTS.items():
        operation = OPERATIONS[event["httpMethod"], event["resource"]]
        path = event["resource"]
        for parameter in map(resolved, operation.get("parameters", ())):
            path = path.replace(f"{{{parameter['name']}}}", str(parameter.get("example")))
        contents = operation.get("requestBody", {}).get("content", {})
        for content in contents.values():
            for example in content["examples"].values():
                value = example["value"]
                body = value if isinstance(value, str) else json.dumps(value)
                changes = {"path": path, "body": body, "isBase64Encoded": False, "headers": {}}
                answer = ask(deployment, name, **changes, authorizer=ALL_SCOPES)
                assert answer["statusCode"] in (200, 201, 202, 404), (name, value, answer["body"])
