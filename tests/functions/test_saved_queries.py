"""manage_saved_queries: /v1/saved-queries as its users meet it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functions.answers import Answer, assert_error
from tests.functions.deployment import ALL_SCOPES, LAKE, Deployment
from tests.functions.interruption import Fault, interrupted
from trailkeep.saved_queries import store
from trailkeep.saved_queries.presets import presets

ALICE = {**ALL_SCOPES, "tokenId": "TokenOfAlice", "name": "alice", "scopes": "view"}
BOB = {**ALL_SCOPES, "tokenId": "TokenOfBob", "name": "bob", "scopes": "view"}
ADMIN = {**ALL_SCOPES, "scopes": "admin view"}
CUSTOM: dict[str, Any] = {
    "name": "What a key did",
    "description": "Every call that a key signed.",
    "query": "accessKeyId: {{key}} and not eventName: Describe*",
    "parameters": [{"name": "key", "description": "The AccessKey ID."}],
    "startTime": "-7d",
}
SIMPLE: dict[str, Any] = {
    "name": "Refused deletions",
    "conditions": [
        {"field": "eventName", "operator": "beginsWith", "value": "Delete"},
        {"field": "errorCode", "operator": "exists", "connective": "and"},
    ],
}
NOBODYS = "/20260310T120000-00000000"
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("POST", "", CUSTOM),
    ("GET", "/fields", None),
    ("GET", NOBODYS, None),
    ("PUT", NOBODYS, CUSTOM),
    ("DELETE", NOBODYS, None),
]
ids = [f"{method} {path}" for method, path, _ in ROUTES]


def save(deployment: Deployment, body: Any = CUSTOM, who: Any = ALICE) -> dict[str, Any]:
    answer = deployment.saved_queries("POST", body=body, who=who)
    assert answer.status == 201, answer.text
    saved: dict[str, Any] = answer.body
    return saved


def listed(deployment: Deployment, who: Any = ALICE, **parameters: str) -> list[dict[str, Any]]:
    """The saved queries that a token sees, presets aside, from all pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = deployment.saved_queries("GET", parameters=parameters, who=who)
        assert page.status == 200, page.text
        assert page.body["completeness"]["complete"]
        found += page.body["savedQueries"]
        if "nextToken" not in page.body:
            return [saved for saved in found if not saved["preset"]]
        parameters["nextToken"] = page.body["nextToken"]


# Who may


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=ids)
@pytest.mark.parametrize("scopes", ["", "admin", "ingest download", "VIEW"])
def test_each_route_needs_the_scope_view(
    deployment: Deployment, method: str, path: str, body: Any, scopes: str
) -> None:
    answer = deployment.saved_queries(method, path, body, who={**ALICE, "scopes": scopes})

    assert_error(answer, 403, "AccessDenied")
    assert deployment.keys() == []


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=ids)
@pytest.mark.parametrize("who", [None, {}, {"scopes": "view"}], ids=str)
def test_a_request_that_no_authorizer_saw_is_refused(
    deployment: Deployment, method: str, path: str, body: Any, who: Any
) -> None:
    assert_error(deployment.saved_queries(method, path, body, who=who), 401, "Unauthenticated")


def test_a_narrowed_token_saves_as_any_other(deployment: Deployment) -> None:
    narrowed = {**ALICE, "accounts": "1000000000000001", "regions": "cn-hangzhou"}

    saved = save(deployment, who=narrowed)

    assert listed(deployment, narrowed) == [saved]


# Saved, read, changed, deleted


def test_a_query_is_saved_read_changed_and_deleted(deployment: Deployment) -> None:
    saved = save(deployment)
    assert saved == {
        **CUSTOM,
        "id": saved["id"],
        "mode": "custom",
        "conditions": [],
        "parameters": [{"name": "key", "kind": "text", "default": None, "description": "The AccessKey ID."}],
        "endTime": None,
        "shared": False,
        "preset": False,
        "category": None,
        "createdAt": "2026-03-10T12:00:00Z",
        "createdBy": {"tokenId": "TokenOfAlice", "name": "alice"},
        "updatedAt": "2026-03-10T12:00:00Z",
        "updatedBy": {"tokenId": "TokenOfAlice", "name": "alice"},
    }
    place = f"/{saved['id']}"
    assert deployment.saved_queries("GET", place, who=ALICE).body == saved

    deployment.clock.forward(hours=1)
    changed = deployment.saved_queries("PUT", place, SIMPLE, who=ALICE)
    assert changed.status == 200
    assert changed.body == {
        "id": saved["id"],
        "name": "Refused deletions",
        "description": "",
        "mode": "simple",
        "query": "eventName: Delete* and errorCode: *",
        "conditions": [
            {"field": "eventName", "operator": "beginsWith", "value": "Delete", "connective": "and"},
            {"field": "errorCode", "operator": "exists", "value": None, "connective": "and"},
        ],
        "parameters": [],
        "startTime": None,
        "endTime": None,
        "shared": False,
        "preset": False,
        "category": None,
        "createdAt": "2026-03-10T12:00:00Z",
        "createdBy": {"tokenId": "TokenOfAlice", "name": "alice"},
        "updatedAt": "2026-03-10T13:00:00Z",
        "updatedBy": {"tokenId": "TokenOfAlice", "name": "alice"},
    }
    deployment.restart()
    assert listed(deployment) == [changed.body]

    assert deployment.saved_queries("DELETE", place, who=ALICE).body == changed.body
    assert listed(deployment) == []
    assert_error(deployment.saved_queries("GET", place, who=ALICE), 404, "SavedQueryNotFound")
    assert_error(deployment.saved_queries("DELETE", place, who=ALICE), 404, "SavedQueryNotFound")


def test_what_is_not_shared_is_its_owners_and_the_admins(deployment: Deployment) -> None:
    saved = save(deployment)
    place = f"/{saved['id']}"

    for method, body in (("GET", None), ("PUT", CUSTOM), ("DELETE", None)):
        assert_error(deployment.saved_queries(method, place, body, who=BOB), 404, "SavedQueryNotFound")
    assert listed(deployment, BOB) == []
    assert listed(deployment, ADMIN) == [saved]
    assert deployment.saved_queries("GET", place, who=ADMIN).body == saved


def test_what_is_shared_is_seen_by_all_and_changed_by_its_owner_and_admins(deployment: Deployment) -> None:
    saved = save(deployment, {**CUSTOM, "shared": True})
    place = f"/{saved['id']}"

    assert listed(deployment, BOB) == [saved]
    assert deployment.saved_queries("GET", place, who=BOB).body == saved
    for method, body in (("PUT", CUSTOM), ("DELETE", None)):
        assert_error(deployment.saved_queries(method, place, body, who=BOB), 403, "AccessDenied")

    changed = deployment.saved_queries("PUT", place, {**CUSTOM, "shared": True, "name": "x"}, who=ADMIN).body
    assert (changed["name"], changed["createdBy"]["name"], changed["updatedBy"]["name"]) == ("x", "alice", "admin")
    assert deployment.saved_queries("PUT", place, SIMPLE, who=ALICE).status == 200
    assert listed(deployment, BOB) == []
    assert deployment.saved_queries("DELETE", place, who=ADMIN).status == 200


def test_presets_are_there_for_all_and_stay(deployment: Deployment) -> None:
    page = deployment.saved_queries("GET", parameters={"maxResults": "1000"}, who=BOB).body
    assert [saved["id"] for saved in page["savedQueries"]] == sorted(presets())

    found = deployment.saved_queries("GET", "/preset-root-logins", who=BOB).body
    assert (found["name"], found["preset"], found["category"]) == ("Root logins", True, "identity")
    for who in (BOB, ADMIN):
        for method, body in (("PUT", CUSTOM), ("DELETE", None)):
            answer = deployment.saved_queries(method, "/preset-root-logins", body, who=who)
            assert_error(answer, 403, "AccessDenied")
    assert_error(deployment.saved_queries("GET", "/preset-none", who=BOB), 404, "SavedQueryNotFound")


def test_a_preset_may_be_saved_as_one_of_ones_own(deployment: Deployment) -> None:
    names = ("name", "description", "query", "parameters", "startTime")
    preset = deployment.saved_queries("GET", "/preset-key-usage", who=ALICE).body

    saved = save(deployment, {name: preset[name] for name in names})

    assert {name: saved[name] for name in names} == {name: preset[name] for name in names}


@pytest.mark.parametrize("query_id", ["x", "..", "state", "20260310T120000-0000000", "preset-", "%2e%2e", "a/b"])
def test_what_is_no_id_is_not_found(deployment: Deployment, query_id: str) -> None:
    answer = deployment.saved_queries("GET", f"/{query_id}", who=ALICE)
    assert answer.status == 404
    assert answer.body["code"] in ("SavedQueryNotFound", "RouteNotFound")


def test_what_simple_mode_offers_is_told(deployment: Deployment) -> None:
    offered = deployment.saved_queries("GET", "/fields", who=ALICE).body

    assert offered["fields"][0]["field"] == "accessKeyId"
    assert {"name": "is", "label": "is", "wants": "text"} in offered["operators"]


# Lists


def test_a_list_is_paged_in_the_order_of_creation_presets_last(deployment: Deployment) -> None:
    for number in range(5):
        save(deployment, {**SIMPLE, "name": f"query {number}"}, who=ALICE if number != 2 else BOB)
        deployment.clock.forward(seconds=1)

    pages: list[list[str]] = []
    parameters = {"maxResults": "3"}
    while True:
        page = deployment.saved_queries("GET", parameters=parameters, who=ALICE).body
        pages.append([saved["name"] for saved in page["savedQueries"]])
        if "nextToken" not in page:
            break
        parameters["nextToken"] = page["nextToken"]

    assert pages[0] == ["query 0", "query 1", "query 3"]
    assert pages[1][0] == "query 4"
    assert [name for page in pages for name in page][4:] == [presets()[each].name for each in sorted(presets())]
    assert all(len(page) == 3 for page in pages[:-1])
    assert 0 < len(pages[-1]) <= 3


def test_a_list_is_filtered_by_name_in_any_case(deployment: Deployment) -> None:
    save(deployment, {**SIMPLE, "name": "Deletions by night"})
    save(deployment, {**SIMPLE, "name": "other"})

    found = deployment.saved_queries("GET", parameters={"name": "dELETions"}, who=ALICE).body["savedQueries"]

    names = [saved["name"] for saved in found]
    assert names[0] == "Deletions by night"
    assert "Refused deletions" not in names
    assert all("deletions" in name.lower() for name in names)


@pytest.mark.parametrize(
    ("parameters", "code", "named"),
    [
        ({"maxResults": "0"}, "InvalidParameter", "maxResults"),
        ({"maxResults": "-1"}, "InvalidParameter", "maxResults"),
        ({"maxResults": "1001"}, "InvalidParameter", "maxResults"),
        ({"maxResults": "1.5"}, "InvalidParameter", "maxResults"),
        ({"maxResults": "１０"}, "InvalidParameter", "maxResults"),
        ({"maxResults": ["1", "2"]}, "InvalidParameter", "maxResults"),
        ({"name": ""}, "InvalidParameter", "name"),
        ({"names": "x"}, "InvalidParameter", "names"),
        ({"nextToken": "x"}, "InvalidNextToken", "nextToken"),
        ({"nextToken": "../tokens/x"}, "InvalidNextToken", "nextToken"),
        ({"nextToken": "x" * 100_000}, "InvalidNextToken", "nextToken"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_no_list_can_be_asked_for_is_refused(
    deployment: Deployment, parameters: dict[str, Any], code: str, named: str
) -> None:
    answer = deployment.saved_queries("GET", parameters=parameters, who=ALICE)
    assert_error(answer, 400, code)
    assert named in answer.body["message"]


def test_a_damaged_one_is_named_and_the_others_are_answered(deployment: Deployment) -> None:
    damaged, sound = save(deployment), save(deployment, SIMPLE)
    key = f"state/saved-queries/{damaged['id']}.json"
    deployment.s3.put_object(Bucket=LAKE, Key=key, Body=b'{"name": 1}')
    deployment.s3.put_object(Bucket=LAKE, Key="state/saved-queries/readme.txt", Body=b"by hand")

    page = deployment.saved_queries("GET", who=ALICE).body

    assert page["savedQueries"][0] == sound
    assert page["completeness"]["complete"] is False
    assert [failure["object"] for failure in page["completeness"]["failures"]] == [key]
    for method, body in (("GET", None), ("PUT", CUSTOM), ("DELETE", None)):
        answer = deployment.saved_queries(method, f"/{damaged['id']}", body, who=ALICE)
        assert_error(answer, 502, "ObjectUnreadable")
    assert deployment.body(key) == b'{"name": 1}'


def test_there_are_not_more_than_a_list_can_read(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 2)
    save(deployment)
    saved = save(deployment)

    assert_error(deployment.saved_queries("POST", body=CUSTOM, who=BOB), 409, "TooManySavedQueries")
    deployment.saved_queries("DELETE", f"/{saved['id']}", who=ALICE)
    save(deployment)


# What cannot be saved


def without(name: str) -> dict[str, Any]:
    return {each: value for each, value in CUSTOM.items() if each != name}


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        (None, "InvalidBody", "empty"),
        ("[]", "InvalidBody", "object"),
        ('{"name": "a", "name": "b"}', "InvalidBody", "twice"),
        (without("name"), "InvalidParameter", "name must be a text of 1 to 64 characters"),
        ({**CUSTOM, "name": " "}, "InvalidParameter", "name"),
        ({**CUSTOM, "name": "a" * 65}, "InvalidParameter", "name"),
        ({**CUSTOM, "name": "a\nb"}, "InvalidParameter", "name"),
        ({**CUSTOM, "name": 5}, "InvalidParameter", "name"),
        ({**CUSTOM, "description": "a" * 2001}, "InvalidParameter", "description"),
        ({**CUSTOM, "shared": "yes"}, "InvalidParameter", "shared must be true or false"),
        ({**CUSTOM, "share": True}, "InvalidParameter", "unknown field share"),
        ({**CUSTOM, "id": "x"}, "InvalidParameter", "unknown field id"),
        ({**CUSTOM, "mode": "other"}, "InvalidParameter", "mode must be one of simple, custom"),
        ({**CUSTOM, "mode": "simple"}, "InvalidParameter", "conditions must be given in simple mode"),
        (without("query"), "InvalidParameter", "query must be given, or conditions"),
        ({**CUSTOM, "query": 5}, "InvalidParameter", "query"),
        ({**CUSTOM, "query": "a " * 5001}, "InvalidParameter", "query"),
        ({**SIMPLE, "mode": "custom"}, "InvalidParameter", "conditions are for simple mode"),
        ({**SIMPLE, "query": "x"}, "InvalidParameter", "query is what the conditions make"),
        ({**CUSTOM, "query": "accessKeyId: {{key}} and"}, "InvalidQuery", "line 1, column 25"),
        ({**CUSTOM, "query": "acessKeyId: {{key}}"}, "InvalidQuery", "acessKeyId"),
        ({**CUSTOM, "query": "event.a > {{key}}"}, "InvalidQuery", "line 1, column 11"),
        ({**CUSTOM, "query": "accessKeyId: a{{key}}"}, "InvalidQuery", "blanks around {{key}}"),
        ({**CUSTOM, "query": "event.a: b"}, "InvalidParameter", "does not hold the parameter {{key}}"),
        ({**CUSTOM, "query": 'user: "{{key}}"'}, "InvalidParameter", "does not hold the parameter {{key}}"),
        ({**CUSTOM, "parameters": []}, "InvalidParameter", "parameters do not name it"),
        ({**CUSTOM, "parameters": [{"name": "key"}] * 2}, "InvalidParameter", "parameters name key twice"),
        ({**CUSTOM, "parameters": [{"name": "1"}]}, "InvalidParameter", "parameters[0].name"),
        ({**CUSTOM, "parameters": [{"name": "key", "kind": "any"}]}, "InvalidParameter", "parameters[0].kind"),
        ({**CUSTOM, "parameters": [{"name": "key", "default": []}]}, "InvalidParameter", "parameters[0].default"),
        (
            {**CUSTOM, "parameters": [{"name": "key", "kind": "number", "default": "x"}]},
            "InvalidParameter",
            "parameters[0].default must be a plain number",
        ),
        ({**CUSTOM, "parameters": [{"name": "key", "type": 1}]}, "InvalidParameter", "field parameters[0].type"),
        ({**CUSTOM, "parameters": {"key": "x"}}, "InvalidParameter", "parameters must be a list"),
        ({**CUSTOM, "parameters": [{"name": f"p{n}"} for n in range(21)]}, "InvalidParameter", "parameters"),
        ({**SIMPLE, "conditions": [{"operator": "is"}]}, "InvalidParameter", "conditions[0].field"),
        ({**SIMPLE, "conditions": [{"field": "user"}]}, "InvalidParameter", "conditions[0].operator"),
        (
            {**SIMPLE, "conditions": [{"field": "user", "operator": "equals", "value": "a"}]},
            "InvalidParameter",
            "conditions[0].operator must be one of",
        ),
        (
            {**SIMPLE, "conditions": [{"field": "user", "operator": "is", "value": {"a": 1}}]},
            "InvalidParameter",
            "conditions[0].value",
        ),
        (
            {**SIMPLE, "conditions": [{"field": "usr", "operator": "is", "value": "a"}]},
            "InvalidQuery",
            "usr",
        ),
        ({**SIMPLE, "conditions": [SIMPLE["conditions"][0]] * 51}, "InvalidParameter", "conditions"),
        ({**CUSTOM, "startTime": "yesterday"}, "InvalidParameter", "startTime"),
        ({**CUSTOM, "startTime": "-0d"}, "InvalidParameter", "startTime"),
        ({**CUSTOM, "startTime": 7}, "InvalidParameter", "startTime"),
        ({**CUSTOM, "endTime": "2026-03-01"}, "InvalidParameter", "endTime"),
        ({**CUSTOM, "startTime": "-1d", "endTime": "-2d"}, "InvalidTimeRange", "startTime must be before endTime"),
        ({**CUSTOM, "startTime": "2026-03-10T12:00:00Z"}, "InvalidTimeRange", "startTime must be before endTime"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else str(value),
)
def test_what_cannot_be_saved_is_refused_by_name(deployment: Deployment, body: Any, code: str, named: str) -> None:
    answer = deployment.saved_queries("POST", body=body, who=ALICE)

    assert_error(answer, 400, code)
    assert named in answer.body["message"]
    assert deployment.keys() == []


def test_a_misspelt_field_is_told_what_it_was_meant_to_be(deployment: Deployment) -> None:
    def hint(body: dict[str, Any]) -> str:
        found: str = deployment.saved_queries("POST", body=body, who=ALICE).body["hint"]
        return found

    assert hint({**CUSTOM, "desciption": "x"}) == "Did you mean description?"
    assert hint({**CUSTOM, "parameters": [{"name": "key", "defualt": "x"}]}) == "Did you mean default?"
    assert hint({**SIMPLE, "conditions": [{"field": "a", "operator": "beginWith"}]}) == "Did you mean beginsWith?"


@pytest.mark.parametrize(
    "query",
    [
        "*",
        "",
        "event.a in [{{low}} {{high}}] and event.b: {{low}}",
        "* | select count(*) as n from log having count(*) > {{low}} and count(*) < {{high}}",
        "* | select event_name from log limit {{low}}",
    ],
)
def test_parameters_may_stand_wherever_a_value_does(deployment: Deployment, query: str) -> None:
    names = [name for name in ("low", "high") if f"{{{{{name}}}}}" in query]
    body = {"name": "x", "query": query, "parameters": [{"name": name, "kind": "number"} for name in names]}

    assert save(deployment, body)["query"] == query


# On the way


def stands(deployment: Deployment) -> list[Any]:
    return deployment.documents("state/saved-queries/")


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.CONFLICT_ONCE, Fault.BUSY_ONCE], ids=lambda f: f.name)
def test_a_request_is_done_once_whatever_happens_on_the_way(deployment: Deployment, fault: Fault) -> None:
    with interrupted(0, fault) as calls:
        save(deployment)
    for at in range(1, len(calls) + 1):
        with interrupted(at, fault):
            saved = save(deployment)
        with interrupted(at, fault):
            changed = deployment.saved_queries("PUT", f"/{saved['id']}", SIMPLE, who=ALICE)
        assert changed.status == 200, changed.text
        before = len(stands(deployment))
        with interrupted(at, fault):
            deleted: Answer = deployment.saved_queries("DELETE", f"/{saved['id']}", who=ALICE)
        assert (deleted.status, len(stands(deployment))) == (200, before - 1), deleted.text
    assert len(stands(deployment)) == 1


def test_two_who_change_it_at_once_do_so_one_after_the_other(deployment: Deployment) -> None:
    saved = save(deployment)
    for number in range(3):
        deployment.saved_queries("PUT", f"/{saved['id']}", {**SIMPLE, "name": f"name {number}"}, who=ADMIN)

    assert [each["name"] for each in listed(deployment)] == ["name 2"]
    assert listed(deployment)[0]["createdBy"]["name"] == "alice"
