"""manage_insights: the settings of detection and how ready it is, as people meet them."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, LAKE, Deployment
from tests.functions.insight_requests import WINDOW, ask, calls, put, settings, sound, tally
from tests.functions.interruption import Fault, interrupted
from trailkeep.insights.settings.account_settings import FOR_ALL, SETTINGS
from trailkeep.insights.types import INSIGHT_TYPES

CHANGE = {"accountId": "1", "types": {"IpInsight": {"enabled": False}}}
MEDIUM = {"enabled": True, "sensitivity": "medium"}

# Who may

NEEDED = [
    ("GET", "settings", None, "admin"),
    ("PUT", "settings", CHANGE, "admin"),
    ("GET", "accounts", None, "view"),
    ("POST", "replay", WINDOW, "view"),
]


@pytest.mark.parametrize(("method", "route", "body", "needed"), NEEDED, ids=str)
def test_each_route_needs_its_scope(deployment: Deployment, method: str, route: str, body: Any, needed: str) -> None:
    others = {"admin", "download", "ingest", "view"} - {needed}
    for scopes in ("", " ".join(sorted(others)), needed.upper()):
        answer = ask(deployment, method, route, body, who={**ALL_SCOPES, "scopes": scopes})
        assert_error(answer, 403, "AccessDenied")
        assert needed in answer.body["message"]
    for who in (None, {}, {"scopes": needed}):
        assert_error(ask(deployment, method, route, body, who=who), 401, "Unauthenticated")
    assert deployment.keys() == []
    assert ask(deployment, method, route, body, who={**ALL_SCOPES, "scopes": needed}).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "settings"),
        ("PATCH", "settings"),
        ("GET", "replay"),
        ("POST", "accounts"),
        ("GET", "/v1/insights/settings/1"),
    ],
)
def test_what_is_no_route_is_told_so(deployment: Deployment, method: str, path: str) -> None:
    assert_error(ask(deployment, method, path, {}), 404, "RouteNotFound")


def test_a_token_for_some_accounts_sets_what_is_for_these(deployment: Deployment) -> None:
    who = {**ALL_SCOPES, "accounts": "1 3"}

    assert put(deployment, who, **CHANGE).status == 200
    assert settings(deployment, who, accountId="3").status == 200
    for answer in (
        put(deployment, who, **{**CHANGE, "accountId": "2"}),
        put(deployment, who, **{**CHANGE, "accountId": None}),
        settings(deployment, who, accountId="2"),
        settings(deployment, who),
    ):
        assert_error(answer, 403, "AccessDenied")
    assert deployment.keys() == [f"{SETTINGS}1.json"]


def test_a_token_for_some_regions_sets_nothing(deployment: Deployment) -> None:
    who = {**ALL_SCOPES, "regions": "cn-hangzhou"}

    assert_error(put(deployment, who, **CHANGE), 403, "AccessDenied")
    assert_error(settings(deployment, who, accountId="1"), 403, "AccessDenied")
    assert deployment.keys() == []


# Settings


def test_the_defaults_are_told(deployment: Deployment) -> None:
    assert sound(settings(deployment), "GET", "settings") == {
        "accountId": None,
        "version": 0,
        "types": {},
        "allowedNetworks": [],
        "inForce": {"types": dict.fromkeys(INSIGHT_TYPES, MEDIUM), "allowedNetworks": []},
        "readiness": None,
        "updatedAt": None,
        "updatedBy": None,
    }


def test_a_change_is_told_and_kept(deployment: Deployment) -> None:
    put(deployment, allowedNetworks=[{"network": "198.51.100.0/24"}], types={"AkInsight": {"sensitivity": "low"}})
    office = {"network": "192.0.2.0/24", "note": "the office"}
    changed = put(deployment, **CHANGE, allowedNetworks=[office])

    body = sound(changed, "PUT", "settings")
    assert (body["accountId"], body["version"], body["types"]) == ("1", 1, CHANGE["types"])
    assert body["allowedNetworks"] == [office]
    assert body["inForce"]["types"] == {
        **dict.fromkeys(INSIGHT_TYPES, MEDIUM),
        "IpInsight": {"enabled": False, "sensitivity": "medium"},
        "AkInsight": {"enabled": True, "sensitivity": "low"},
    }
    assert body["inForce"]["allowedNetworks"] == [office, {"network": "198.51.100.0/24", "note": ""}]
    assert (body["updatedAt"], body["updatedBy"]["name"]) == ("2026-03-10T12:00:00Z", "admin")
    deployment.restart()
    assert settings(deployment, accountId="1").body == body
    assert settings(deployment, accountId="2").body["inForce"]["types"]["IpInsight"] == MEDIUM


def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(deployment: Deployment) -> None:
    seen = settings(deployment).body["version"]
    assert put(deployment, version=seen, types={"AkInsight": {"enabled": False}}).status == 200

    refused = put(deployment, version=seen, types={"AkInsight": {"enabled": True}})

    assert_error(refused, 409, "Conflict")
    assert not settings(deployment).body["inForce"]["types"]["AkInsight"]["enabled"]


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, "InvalidBody", "nothing"),
        ("[]", "InvalidBody", ""),
        ("{", "InvalidBody", ""),
        ("", "InvalidBody", "empty"),
        ('{"types": {}, "types": {}}', "InvalidBody", "twice"),
        ({"types": {"Ip": {}}}, "InvalidParameter", "types.Ip"),
        ({"typs": {}}, "InvalidParameter", "typs"),
        ({"allowedNetworks": [{"network": "0.0.0.0/0"}]}, "InvalidParameter", "allowedNetworks[0]"),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_refused(deployment: Deployment, body: Any, code: str, named: str) -> None:
    answer = ask(deployment, "PUT", "settings", body)

    assert_error(answer, 400, code)
    assert named in answer.body["message"]
    assert deployment.keys(SETTINGS) == []


@pytest.mark.parametrize(
    "parameters", [{"account": "1"}, {"accountId": ""}, {"accountId": ["1", "2"]}, {"accountId": "x" * 257}], ids=str
)
def test_whose_settings_are_asked_for_has_to_be_said_soundly(
    deployment: Deployment, parameters: Mapping[str, Any]
) -> None:
    assert_error(ask(deployment, "GET", "settings", parameters=parameters), 400, "InvalidParameter")


def test_a_compressed_body_is_read(deployment: Deployment) -> None:
    body = base64.b64encode(gzip.compress(json.dumps(CHANGE).encode())).decode()

    assert ask(deployment, "PUT", "settings", body, is_base64=True).body["types"] == CHANGE["types"]


def test_damaged_settings_are_told_so(deployment: Deployment) -> None:
    deployment.s3.put_object(Bucket=LAKE, Key=FOR_ALL, Body=b"{")

    for answer in (settings(deployment), settings(deployment, accountId="1"), put(deployment, **CHANGE)):
        if answer.status != 200:
            assert_error(answer, 502, "ObjectUnreadable")
            assert FOR_ALL in answer.body["hint"]
    assert settings(deployment).status == 502
    assert deployment.body(FOR_ALL) == b"{"


def test_a_change_is_logged_with_who_made_it(deployment: Deployment, log_lines: Any) -> None:
    put(deployment, **CHANGE)

    (line,) = [line for line in log_lines() if line["message"] == "settings of insights changed"]
    assert (line["token_id"], line["account"], line["version"]) == ("TokenOfAdmin", "1", 1)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.CONFLICT_ONCE, Fault.BUSY_ONCE], ids=lambda f: f.name)
def test_a_change_stands_once_whatever_happens_on_the_way(deployment: Deployment, fault: Fault) -> None:
    put(deployment, **CHANGE)
    with interrupted(0, fault) as made:
        put(deployment, accountId="1", types={"AkInsight": {"enabled": False}})
    for at in range(1, len(made) + 1):
        version, wanted = settings(deployment, accountId="1").body["version"], at % 2 == 1
        with interrupted(at, fault):
            types = {"AkInsight": {"enabled": wanted}}
            answer = put(deployment, accountId="1", version=version, types=types)
        assert answer.status == 200, answer.text
        body = settings(deployment, accountId="1").body
        assert (body["version"], body["types"]) == (version + 1, {**CHANGE["types"], **types})


# How ready it is


def test_an_account_is_told_how_ready_each_type_is(deployment: Deployment) -> None:
    for day in (5, 6, 8):
        tally("1", f"2026-03-{day:02}", calls("192.0.2.1", 9, "alice"))
    put(deployment, types={"PolicyChangeInsight": {"enabled": False}})
    ready = {"ready": True, "reason": None}

    readiness = sound(settings(deployment, accountId="1"), "GET", "settings")["readiness"]
    assert readiness == {
        **dict.fromkeys(INSIGHT_TYPES, ready),
        "PolicyChangeInsight": {"ready": False, "reason": "disabled"},
    }
    deployment.clock.forward(days=-1)
    earlier = settings(deployment, accountId="1").body["readiness"]
    assert earlier["IpInsight"] == ready
    assert earlier["AkInsight"] == {"ready": False, "reason": "learning: 2 of 3 days seen"}
    unknown = settings(deployment, accountId="2").body["readiness"]
    assert unknown["IpInsight"]["reason"].startswith("no calls are known")


def test_all_accounts_are_told_page_by_page(deployment: Deployment) -> None:
    names = [*map(str, range(1, 7)), "an account/of its own", "default"]
    for name in names:
        tally(name, "2026-03-09", calls("192.0.2.1", 9, "alice"))

    found, token, pages = [], None, 0
    while pages == 0 or token:
        parameters = {"maxResults": "3", **({"nextToken": token} if token else {})}
        body = sound(ask(deployment, "GET", "accounts", parameters=parameters), "GET", "accounts")
        found += body["accounts"]
        token, pages = body.get("nextToken"), pages + 1

    assert pages == 3
    assert Counter(each["accountId"] for each in found) == Counter(names)
    assert {each["callsSince"] for each in found} == {"2026-03-09"}
    assert not any(each["readiness"]["IpInsight"]["ready"] for each in found)


def test_a_narrowed_token_is_told_of_its_accounts_alone(deployment: Deployment) -> None:
    tally("1", "2026-03-09", calls("192.0.2.1", 9, "alice"))
    tally("2", "2026-03-09", calls("192.0.2.1", 9, "alice"))
    tally("3", "2026-03-09", calls("192.0.2.1", 9, "alice"), "us-east-1")

    def seen(**limits: str) -> list[str]:
        answer = ask(deployment, "GET", "accounts", who={**ALL_SCOPES, **limits})
        return [each["accountId"] for each in answer.body["accounts"]]

    assert seen() == ["1", "2", "3"]
    assert seen(accounts="2 9") == ["2"]
    assert seen(regions="us-east-1 eu-west-1") == ["3"]
    assert seen(accounts="2", regions="us-east-1") == []


def test_an_account_with_damaged_settings_hides_no_other(deployment: Deployment) -> None:
    tally("1", "2026-03-09", calls("192.0.2.1", 9, "alice"))
    tally("2", "2026-03-09", calls("192.0.2.1", 9, "alice"))
    deployment.s3.put_object(Bucket=LAKE, Key=f"{SETTINGS}1.json", Body=b"{")

    body = sound(ask(deployment, "GET", "accounts"), "GET", "accounts")

    assert [each["accountId"] for each in body["accounts"]] == ["2"]
    assert body["completeness"]["complete"] is False
    assert [each["object"] for each in body["completeness"]["failures"]] == [f"{SETTINGS}1.json"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"maxResults": "0"}, "InvalidParameter"),
        ({"account": "1"}, "InvalidParameter"),
        ({"nextToken": "ä"}, "InvalidNextToken"),
        ({"nextToken": "x" * 65}, "InvalidNextToken"),
    ],
)
def test_pages_of_accounts_are_asked_for_soundly(deployment: Deployment, parameters: dict[str, str], code: str) -> None:
    assert_error(ask(deployment, "GET", "accounts", parameters=parameters), 400, code)
