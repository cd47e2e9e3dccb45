"""query_events: who may ask, and what each may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, Deployment, deployed
from tests.functions.events import as_array, make_event

ROUTES = ["/v1/events", "/v1/events/a-1", "/v1/histogram", "/v1/insights", "/v1/regions"]


def narrowed(**limits: str) -> dict[str, str]:
    return {**ALL_SCOPES, "tokenId": "NarrowedToken", **limits}


@pytest.fixture(scope="module")
def lake() -> Iterator[Deployment]:
    """Two events of two accounts in each of two regions."""
    with deployed() as deployment:
        events = [
            make_event(f"{account}-{place}", recipientAccountId=account, acsRegion=region)
            for place, region in enumerate(("cn-hangzhou", "us-east-1"), 1)
            for account in ("a", "b")
        ]
        deployment.land_and_deliver("log.json", as_array(events))
        yield deployment


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("scopes", ["", "ingest", "admin", "download", "admin download ingest", "VIEW", "viewer"])
def test_looking_needs_the_scope_view(lake: Deployment, path: str, scopes: str) -> None:
    answer = lake.get(path, who={**ALL_SCOPES, "scopes": scopes})

    assert_error(answer, 403, "AccessDenied")
    assert "view" in answer.body["message"]


@pytest.mark.parametrize("path", [*ROUTES, "/v1/me"])
@pytest.mark.parametrize("who", [None, {}, {"scopes": "view"}, {"tokenId": "", "scopes": "view"}, {"principalId": "x"}])
def test_a_request_that_no_authorizer_saw_is_refused(lake: Deployment, path: str, who: Any) -> None:
    assert_error(lake.get(path, who=who), 401, "Unauthenticated")


def test_permission_is_checked_before_parameters(lake: Deployment) -> None:
    assert_error(lake.get("/v1/events", {"nonsense": "x"}, who={**ALL_SCOPES, "scopes": ""}), 403, "AccessDenied")


def test_who_am_i_tells_the_bearer_what_it_may(lake: Deployment) -> None:
    assert lake.get("/v1/me", who=narrowed(scopes="view ingest", accounts="a b", regions="cn-hangzhou")).body == {
        "tokenId": "NarrowedToken",
        "name": "admin",
        "scopes": ["ingest", "view"],
        "accounts": ["a", "b"],
        "regions": ["cn-hangzhou"],
        "scanBytesPerDay": None,
    }
    assert lake.get("/v1/me", who={**ALL_SCOPES, "scopes": ""}).body["scopes"] == []


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"accounts": "a"}, ["a-1", "a-2"]),
        ({"accounts": "a b"}, ["a-1", "a-2", "b-1", "b-2"]),
        ({"accounts": "c"}, []),
        ({"accounts": ""}, []),
        ({"regions": "us-east-1"}, ["a-2", "b-2"]),
        ({"regions": "us-east-1 mars-west-1"}, ["a-2", "b-2"]),
        ({"regions": "mars-west-1"}, []),
        ({"regions": ""}, []),
        ({"accounts": "a", "regions": "us-east-1"}, ["a-2"]),
        ({"accounts": "* a"}, ["a-1", "a-2"]),
    ],
    ids=str,
)
def test_a_narrowed_token_sees_only_its_accounts_and_regions(
    lake: Deployment, limits: dict[str, str], expected: list[str]
) -> None:
    who = narrowed(**limits)

    assert sorted(lake.get("/v1/events", who=who).event_ids) == expected
    assert sorted(lake.get("/v1/events", {"region": "*"}, who=who).event_ids) == expected
    for event_id in ("a-1", "a-2", "b-1", "b-2"):
        assert lake.get(f"/v1/events/{event_id}", who=who).status == (200 if event_id in expected else 404)
        found = lake.get("/v1/events", {"eventId": event_id}, who=who).event_ids
        assert found == ([event_id] if event_id in expected else [])


@pytest.mark.parametrize(
    "parameters",
    [
        {"accountId": "b"},
        {"accountId!": "a"},
        {"accountId": ["a", "b"], "accountId!": "a"},
        {"region": "us-east-1"},
        {"region": ["us-east-1", "eu-west-1"]},
    ],
    ids=str,
)
def test_no_parameter_widens_what_a_token_may_see(lake: Deployment, parameters: dict[str, Any]) -> None:
    assert lake.get("/v1/events", parameters, who=narrowed(accounts="a", regions="cn-hangzhou")).event_ids == []


def test_a_narrowed_token_is_not_told_how_much_it_may_not_see(lake: Deployment) -> None:
    for limits in ({"accounts": "a"}, {"regions": "us-east-1"}):
        completeness = lake.get("/v1/events", who=narrowed(**limits)).body["completeness"]
        assert set(completeness) == {"complete", "asOf", "watermark", "failures"}


def test_a_narrowed_token_pages_through_its_own(lake: Deployment) -> None:
    who = narrowed(accounts="a")
    pages = list(lake.pages({"maxResults": "1"}, who=who))

    assert sorted(event_id for page in pages for event_id in page.event_ids) == ["a-1", "a-2"]


def test_a_cursor_does_not_carry_what_its_first_asker_may_see(lake: Deployment) -> None:
    token = lake.get("/v1/events", {"maxResults": "1"}, who=narrowed()).body["nextToken"]
    rest = lake.get("/v1/events", {"nextToken": token}, who=narrowed(accounts="a"))

    assert all(event_id.startswith("a") for event_id in rest.event_ids)


def test_reading_health_needs_nobody_and_tells_nothing_but_freshness(lake: Deployment) -> None:
    answer = lake.get("/v1/health", who=None)

    assert (answer.status, answer.body) == (200, {"ready": True, "watermark": None, "lagSeconds": None})
    lake.invoke("sweep_landing", {})
    lake.clock.forward(seconds=30)
    assert lake.get("/v1/health", who=None).body["lagSeconds"] == 90


@pytest.mark.parametrize(
    ("limits", "counts"),
    [
        ({}, {"a": 2, "b": 2}),
        ({"accounts": "a"}, {"a": 2}),
        ({"regions": "us-east-1"}, {"a": 1, "b": 1}),
        ({"accounts": "c"}, {}),
        ({"accounts": "b", "regions": "cn-hangzhou"}, {"b": 1}),
    ],
)
def test_counts_are_of_what_the_token_may_see(lake: Deployment, limits: dict[str, str], counts: dict[str, int]) -> None:
    parameters = {"field": "accountId", "startTime": "2026-03-01T00:00:00Z"}

    answer = lake.get("/v1/histogram", parameters, who=narrowed(**limits)).body

    (bucket,) = answer["histogram"]
    assert (bucket["count"], bucket["values"]) == (sum(counts.values()), counts)
    assert ("objectsRead" in answer["completeness"]) is (not limits)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [({"field": "colour"}, "field"), ({"interval": "1s"}, "interval"), ({"nextToken": "x"}, "nextToken")],
)
def test_a_wrong_histogram_names_the_parameter(lake: Deployment, parameters: dict[str, str], name: str) -> None:
    assert_error(answer := lake.get("/v1/histogram", parameters), 400, "InvalidParameter")
    assert name in answer.body["message"]
