"""query_events: the regions with data, from when to when, as far as the asker may see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, Deployment, deployed
from tests.functions.events import as_array, make_event

EVENTS = [
    ("cn-hangzhou", "a", "2026-03-01T08:00:00Z"),
    ("cn-hangzhou", "b", "2026-03-03T23:59:59.999999Z"),
    ("cn-hangzhou", "a", "2026-03-09T08:00:00Z"),
    ("us-east-1", "b", "1970-01-01T00:00:00Z"),
    ("eu-west-1", "a", "2026-03-08T00:00:00Z"),
    ("eu-west-1", "b", "2026-03-08T00:00:00.5Z"),
]


def region(name: str, first: str, last: str) -> dict[str, str]:
    return {"region": name, "firstEventTime": first, "lastEventTime": last}


HANGZHOU = region("cn-hangzhou", "2026-03-01T08:00:00Z", "2026-03-09T08:00:00Z")
EU_WEST = region("eu-west-1", "2026-03-08T00:00:00Z", "2026-03-08T00:00:00.500000Z")
US_EAST = region("us-east-1", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def lake() -> Iterator[Deployment]:
    with deployed() as deployment:
        for number, (name, account, time) in enumerate(EVENTS):
            event = make_event(f"e-{number}", acsRegion=name, recipientAccountId=account, eventTime=time)
            deployment.land_and_deliver(f"{number}.json", as_array([event]))
        yield deployment


def narrowed(**limits: str) -> dict[str, str]:
    return {**ALL_SCOPES, "tokenId": "NarrowedToken", **limits}


def test_each_region_is_given_with_its_first_and_last_event(lake: Deployment) -> None:
    answer = lake.get("/v1/regions")

    assert (answer.status, answer.body["regions"]) == (200, [HANGZHOU, EU_WEST, US_EAST])
    assert "nextToken" not in answer.body
    assert answer.body["completeness"]["complete"]
    assert answer.body["completeness"]["partitions"] == 4


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"regions": "us-east-1"}, [US_EAST]),
        ({"regions": "us-east-1 mars-west-1"}, [US_EAST]),
        ({"regions": "mars-west-1"}, []),
        ({"regions": ""}, []),
        (
            {"accounts": "a"},
            [HANGZHOU, region("eu-west-1", "2026-03-08T00:00:00Z", "2026-03-08T00:00:00Z")],
        ),
        (
            {"accounts": "b", "regions": "cn-hangzhou us-east-1"},
            [region("cn-hangzhou", "2026-03-03T23:59:59.999999Z", "2026-03-03T23:59:59.999999Z"), US_EAST],
        ),
        ({"accounts": "a b"}, [HANGZHOU, EU_WEST, US_EAST]),
        ({"accounts": "c"}, []),
        ({"accounts": ""}, []),
    ],
    ids=str,
)
def test_a_narrowed_token_sees_its_own_regions_and_times(
    lake: Deployment, limits: dict[str, str], expected: list[dict[str, str]]
) -> None:
    answer = lake.get("/v1/regions", who=narrowed(**limits))

    assert answer.body["regions"] == expected
    assert set(answer.body["completeness"]) == {"complete", "asOf", "watermark", "failures"}


@pytest.mark.parametrize("scopes", ["", "ingest", "admin download ingest"])
def test_it_needs_the_scope_view(lake: Deployment, scopes: str) -> None:
    assert_error(lake.get("/v1/regions", who=narrowed(scopes=scopes)), 403, "AccessDenied")


def test_it_takes_no_parameters(lake: Deployment) -> None:
    answer = lake.get("/v1/regions", {"region": "us-east-1"})

    assert_error(answer, 400, "InvalidParameter")
    assert "region" in answer.body["message"]
