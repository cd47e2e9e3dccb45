"""manage_retention: /v1/retention and /v1/holds as an administrator meets them."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from tests.functions.answers import Answer, assert_error
from tests.functions.deployment import ALL_SCOPES, Deployment
from tests.functions.interruption import Fault, Killed, interrupted

HOLD = {"name": "case 7", "reason": "a letter of the court", "regions": ["cn-hangzhou"]}
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/v1/retention", None),
    ("PUT", "/v1/retention", {"days": 100}),
    ("GET", "/v1/holds", None),
    ("POST", "/v1/holds", HOLD),
    ("DELETE", "/v1/holds/20260310T120000-00000000", None),
]
ids = [f"{method} {path}" for method, path, _ in ROUTES]


def holds(deployment: Deployment, **parameters: str) -> Answer:
    return deployment.manage("GET", "/v1/holds", parameters=parameters)


# Who may


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=ids)
@pytest.mark.parametrize("scopes", ["", "view", "ingest", "download view ingest", "ADMIN", "administrator"])
def test_each_route_needs_the_scope_admin(
    deployment: Deployment, method: str, path: str, body: Any, scopes: str
) -> None:
    answer = deployment.manage(method, path, body, who={**ALL_SCOPES, "scopes": scopes})

    assert_error(answer, 403, "AccessDenied")
    assert "admin" in answer.body["message"]
    assert deployment.keys() == []


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=ids)
@pytest.mark.parametrize("limit", [{"accounts": "a"}, {"accounts": ""}, {"regions": "cn-hangzhou"}], ids=str)
def test_a_narrowed_token_does_not_decide_for_the_whole_lake(
    deployment: Deployment, method: str, path: str, body: Any, limit: dict[str, str]
) -> None:
    assert_error(deployment.manage(method, path, body, who={**ALL_SCOPES, **limit}), 403, "AccessDenied")
    assert deployment.keys() == []


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=ids)
@pytest.mark.parametrize("who", [None, {}, {"scopes": "admin"}], ids=str)
def test_a_request_that_no_authorizer_saw_is_refused(
    deployment: Deployment, method: str, path: str, body: Any, who: Any
) -> None:
    assert_error(deployment.manage(method, path, body, who=who), 401, "Unauthenticated")


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/v1/retention"), ("PATCH", "/v1/retention"), ("GET", "/v1/holds/x"), ("PUT", "/v1/holds")],
)
def test_what_is_no_route_is_told_so(deployment: Deployment, method: str, path: str) -> None:
    assert_error(deployment.manage(method, path), 404, "RouteNotFound")


# Settings


def test_the_defaults_are_told(deployment: Deployment) -> None:
    assert deployment.manage("GET", "/v1/retention").body == {
        "days": 180,
        "landingDays": 7,
        "quarantineDays": 30,
        "floorDays": 90,
        "inForce": {"days": 180, "landingDays": 7, "quarantineDays": 30},
        "effectiveFrom": None,
        "updatedAt": None,
        "updatedBy": None,
        "lastRun": None,
    }


def test_a_change_is_told_and_kept(deployment: Deployment) -> None:
    changed = deployment.manage("PUT", "/v1/retention", {"days": 400, "landingDays": 3})

    assert changed.status == 200
    assert changed.body | {"lastRun": None} == {
        "days": 400,
        "landingDays": 3,
        "quarantineDays": 30,
        "floorDays": 90,
        "inForce": {"days": 400, "landingDays": 7, "quarantineDays": 30},
        "effectiveFrom": "2026-03-11T12:00:00Z",
        "updatedAt": "2026-03-10T12:00:00Z",
        "updatedBy": {"tokenId": "TokenOfAdmin", "name": "admin"},
        "lastRun": None,
    }
    deployment.restart()
    assert deployment.manage("GET", "/v1/retention").body == changed.body
    deployment.clock.forward(days=1)
    later = deployment.manage("GET", "/v1/retention").body
    assert (later["inForce"]["landingDays"], later["effectiveFrom"]) == (3, None)


def test_the_floor_is_a_setting_of_the_deployment(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_FLOOR_DAYS", "365")

    answer = deployment.manage("GET", "/v1/retention").body
    assert (answer["floorDays"], answer["inForce"]["days"]) == (365, 365)
    assert_error(deployment.manage("PUT", "/v1/retention", {"days": 364}), 400, "InvalidParameter")
    assert deployment.manage("PUT", "/v1/retention", {"days": 365}).status == 200


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({"days": 89}, "InvalidParameter", "days must be a whole number from 90 to 36500"),
        ({"days": "180"}, "InvalidParameter", "days"),
        ({"days": 180.5}, "InvalidParameter", "days"),
        ({"days": True}, "InvalidParameter", "days"),
        ({"days": None}, "InvalidParameter", "days"),
        ({"days": 10**30}, "InvalidParameter", "days"),
        ({"landingDays": 0}, "InvalidParameter", "landingDays"),
        ({"quarantineDays": -1}, "InvalidParameter", "quarantineDays"),
        ({"days": 180, "retention": 1}, "InvalidParameter", "retention"),
        ({"floorDays": 1}, "InvalidParameter", "floorDays"),
        ({}, "InvalidBody", "changes nothing"),
        (None, "InvalidBody", "empty"),
        ("", "InvalidBody", "empty"),
        ("days=180", "InvalidBody", "JSON"),
        ("[]", "InvalidBody", "object"),
        ('"days"', "InvalidBody", "object"),
        ('{"days": 180, "days": 90}', "InvalidBody", "twice"),
        ('{"days": 180} {"days": 90}', "InvalidBody", "JSON"),
        ('{"days": NaN}', "InvalidBody", "JSON"),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_refused_by_name(deployment: Deployment, body: Any, code: str, named: str) -> None:
    answer = deployment.manage("PUT", "/v1/retention", body)

    assert_error(answer, 400, code)
    assert named in answer.body["message"]
    assert "events" not in answer.body["hint"]
    assert deployment.keys() == []


def test_a_body_may_be_packed_as_the_gateway_packs_it(deployment: Deployment) -> None:
    content = base64.b64encode(gzip.compress(b'{"days": 200}')).decode()

    answer = deployment.manage("PUT", "/v1/retention", content, is_base64=True, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.body["days"]) == (200, 200)

    large = base64.b64encode(gzip.compress(b'{"days": 200' + b" " * 1_000_000 + b"}")).decode()
    assert_error(deployment.manage("PUT", "/v1/retention", large, is_base64=True), 413, "PayloadTooLarge")


def test_damaged_settings_are_told_and_not_overwritten(deployment: Deployment) -> None:
    deployment.manage("PUT", "/v1/retention", {"days": 400})
    deployment.s3.put_object(Bucket="trailkeep-lake", Key="state/retention.json", Body=b"{")

    for answer in (
        deployment.manage("GET", "/v1/retention"),
        deployment.manage("PUT", "/v1/retention", {"days": 400}),
    ):
        assert_error(answer, 502, "ObjectUnreadable")
        assert "state/retention.json" in answer.body["hint"]
    assert deployment.body("state/retention.json") == b"{"


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.CONFLICT_ONCE, Fault.BUSY_ONCE], ids=lambda f: f.name)
def test_a_change_stands_once_whatever_happens_on_the_way(deployment: Deployment, fault: Fault) -> None:
    deployment.manage("PUT", "/v1/retention", {"days": 400})
    with interrupted(0, fault) as calls:
        deployment.manage("PUT", "/v1/retention", {"landingDays": 20})
    for at in range(1, len(calls) + 1):
        with interrupted(at, fault):
            answer = deployment.manage("PUT", "/v1/retention", {"landingDays": 20 + at})
        assert answer.status == 200, answer.text
        body = deployment.manage("GET", "/v1/retention").body
        assert (body["days"], body["landingDays"]) == (400, 20 + at)


# Holds


def test_a_hold_is_made_listed_and_released(deployment: Deployment) -> None:
    fields = {**HOLD, "startDate": "2026-01-01", "endDate": "2026-03-31", "accounts": ["1", "2"]}

    made = deployment.manage("POST", "/v1/holds", fields)

    assert made.status == 201
    assert made.body == {
        **fields,
        "id": made.body["id"],
        "createdAt": "2026-03-10T12:00:00Z",
        "createdBy": {"tokenId": "TokenOfAdmin", "name": "admin"},
    }
    assert holds(deployment).body == {
        "holds": [made.body],
        "completeness": {"complete": True, "asOf": "2026-03-10T12:00:00Z", "failures": []},
    }
    deployment.clock.forward(days=3)

    who = {**ALL_SCOPES, "tokenId": "Other", "name": "the other"}
    released = deployment.manage("DELETE", f"/v1/holds/{made.body['id']}", who=who)

    assert released.status == 200
    assert released.body == {
        **made.body,
        "releasedAt": "2026-03-13T12:00:00Z",
        "releasedBy": {"tokenId": "Other", "name": "the other"},
    }
    deployment.clock.forward(days=3)
    assert deployment.manage("DELETE", f"/v1/holds/{made.body['id']}").body == released.body
    assert holds(deployment).body["holds"] == [released.body]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"name": ...}, "name"),
        ({"reason": ...}, "reason"),
        ({"regions": ...}, "at least one of regions, startDate, endDate, accounts"),
        ({"regions": []}, "regions"),
        ({"regions": ["*"]}, "regions"),
        ({"regions": ["CN-HANGZHOU"]}, "regions"),
        ({"accounts": "1"}, "accounts"),
        ({"accounts": [1]}, "accounts"),
        ({"startDate": "2026-13-01"}, "startDate"),
        ({"startDate": "2026-03-02", "endDate": "2026-03-01"}, "startDate"),
        ({"endDate": 20260301}, "endDate"),
        ({"id": "mine"}, "id"),
        ({"releasedAt": None}, "releasedAt"),
    ],
    ids=str,
)
def test_what_cannot_be_held_is_refused_by_name(deployment: Deployment, change: dict[str, Any], named: str) -> None:
    body = {name: value for name, value in {**HOLD, **change}.items() if value is not ...}

    answer = deployment.manage("POST", "/v1/holds", body)

    assert_error(answer, 400, "InvalidParameter")
    assert named in answer.body["message"]
    assert holds(deployment).body["holds"] == []


@pytest.mark.parametrize("body", [None, "", "[]", "{", '{"name": "a", "name": "b"}'])
def test_a_body_that_is_no_object_is_refused(deployment: Deployment, body: Any) -> None:
    assert_error(deployment.manage("POST", "/v1/holds", body), 400, "InvalidBody")


@pytest.mark.parametrize("hold_id", ["20260310T120000-00000000", "x", "..", "%2e%2e%2fretention", "a b", "é"])
def test_a_hold_that_is_none_is_not_found(deployment: Deployment, hold_id: str) -> None:
    assert_error(deployment.manage("DELETE", f"/v1/holds/{hold_id}"), 404, "HoldNotFound")


def test_many_holds_come_in_pages(deployment: Deployment) -> None:
    made = []
    for _ in range(5):
        made.append(deployment.manage("POST", "/v1/holds", HOLD).body["id"])
        deployment.clock.forward(seconds=1)

    first = holds(deployment, maxResults="2").body
    second = holds(deployment, maxResults="2", nextToken=first["nextToken"]).body
    third = holds(deployment, maxResults="2", nextToken=second["nextToken"]).body

    assert [hold["id"] for page in (first, second, third) for hold in page["holds"]] == made
    assert "nextToken" not in third


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"maxResults": "0"}, "InvalidParameter"),
        ({"maxResults": "1001"}, "InvalidParameter"),
        ({"maxResults": "ten"}, "InvalidParameter"),
        ({"state": "active"}, "InvalidParameter"),
        ({"nextToken": "x"}, "InvalidNextToken"),
        ({"nextToken": "../retention"}, "InvalidNextToken"),
    ],
    ids=str,
)
def test_a_list_that_cannot_be_is_refused(deployment: Deployment, parameters: dict[str, str], code: str) -> None:
    assert_error(holds(deployment, **parameters), 400, code)


def test_a_damaged_hold_is_named_and_hides_no_other(deployment: Deployment) -> None:
    sound = deployment.manage("POST", "/v1/holds", HOLD).body
    damaged = "state/holds/20260101T000000-00000000.json"
    deployment.s3.put_object(Bucket="trailkeep-lake", Key=damaged, Body=b"{}")

    answer = holds(deployment).body

    assert answer["holds"] == [sound]
    assert answer["completeness"]["complete"] is False
    assert answer["completeness"]["failures"][0]["object"] == damaged


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.ANSWER_LOST], ids=lambda f: f.name)
def test_a_hold_that_was_answered_stands(deployment: Deployment, fault: Fault) -> None:
    for at in range(1, 6):
        answered = None
        with interrupted(at, fault) as calls:
            try:
                answered = deployment.manage("POST", "/v1/holds", HOLD)
            except Killed:
                deployment.restart()
        if answered is not None:
            assert answered.status == 201, answered.text
            assert answered.body in holds(deployment).body["holds"]
        if len(calls) < at:
            break


def test_changes_are_logged_with_who_made_them(deployment: Deployment, log_lines: Any) -> None:
    deployment.manage("PUT", "/v1/retention", {"days": 400})
    hold = deployment.manage("POST", "/v1/holds", HOLD).body["id"]
    deployment.manage("DELETE", f"/v1/holds/{hold}")

    told = {line["message"]: line for line in log_lines()}
    assert told["retention changed"]["change"] == {"days": 400}
    for message in ("retention changed", "hold created", "hold released"):
        assert told[message]["token_id"] == "TokenOfAdmin"
    assert HOLD["reason"] not in json.dumps(list(told.values()))
