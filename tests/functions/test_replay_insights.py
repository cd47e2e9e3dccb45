"""manage_insights: what detection would have found, as people meet it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functions.answers import Answer, assert_error
from tests.functions.deployment import ALL_SCOPES, LAKE, Deployment
from tests.functions.insight_requests import calls, put, replay, sound, tally
from tests.unit.insight_findings import DETECTORS
from trailkeep.insights.settings.account_settings import SETTINGS
from trailkeep.insights.types import INSIGHT_TYPES


@pytest.fixture
def stack(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment with detectors as simple as can be."""
    monkeypatch.setattr(deployment.function("manage_insights"), "DETECTORS", DETECTORS)
    return deployment


def starts(answer: Answer) -> list[tuple[str, str]]:
    """What the Insights of a replay are about, and when they start."""
    return [
        (event["insightDetails"]["insightObject"], event["eventTime"])
        for event in sound(answer, "POST", "replay")["insights"]
        if event["insightDetails"]["state"] == "Start"
    ]


def test_what_would_have_been_found_is_told_and_nothing_is_written(stack: Deployment) -> None:
    tally("1", "2026-03-05", calls("203.0.113.7", 9))
    tally("1", "2026-03-06", [*calls("203.0.113.7", 9), *calls("203.0.113.9", 11, "alice")])
    tally("1", "2026-03-08", calls("203.0.113.8", 9))
    before = stack.objects()

    answer = replay(stack)

    assert starts(answer) == [("203.0.113.7", "2026-03-05T09:00:00Z"), ("203.0.113.7", "2026-03-06T09:00:00Z")]
    first, last = answer.body["insights"][:2]
    assert first["sharedEventId"] == last["sharedEventId"]
    assert [each["insightDetails"]["state"] for each in (first, last)] == ["Start", "End"]
    assert first["insightDetails"]["insightContext"]["events"][0] == "2026-03-05-09:00-mallory"
    assert answer.body["completeness"]["complete"] is True
    assert stack.objects() == before
    assert replay(stack).body == answer.body


def test_the_window_is_about_when_an_insight_starts(stack: Deployment) -> None:
    tally("1", "2026-03-06", calls("203.0.113.7", 9))

    def found(first: str, last: str) -> int:
        return len(starts(replay(stack, startTime=first, endTime=last)))

    assert found("2026-03-06T09:00:00Z", "2026-03-06T09:01:00Z") == 1
    assert found("2026-03-06T08:00:00Z", "2026-03-06T09:00:00Z") == 0
    assert found("2026-03-06T09:00:01Z", "2026-03-07T00:00:00Z") == 0


def test_settings_count_but_for_what_the_request_has_otherwise(stack: Deployment) -> None:
    tally("1", "2026-03-06", calls("203.0.113.7", 9))
    assert len(starts(replay(stack))) == 1

    put(stack, types={"IpInsight": {"enabled": False}})
    assert starts(replay(stack)) == []
    assert len(starts(replay(stack, insightTypes=["IpInsight"]))) == 1
    put(stack, types={"IpInsight": None}, allowedNetworks=[{"network": "203.0.113.7"}])
    assert len(starts(replay(stack, insightTypes=["AkInsight"]))) == 0


def test_the_sensitivity_is_that_of_the_request(stack: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    detectors = {"IpInsight": lambda scene: asked.append(scene.sensitivity("IpInsight")) or ()}
    monkeypatch.setattr(stack.function("manage_insights"), "DETECTORS", detectors)
    tally("1", "2026-03-06", calls("203.0.113.7", 9))
    put(stack, types={"IpInsight": {"sensitivity": "low"}})

    replay(stack)
    replay(stack, sensitivity="high")

    assert asked == ["low"] * 3 + ["high"] * 3


def test_why_nothing_could_be_found_is_stated(stack: Deployment) -> None:
    for day in range(4, 8):
        tally("1", f"2026-03-{day:02}", calls("192.0.2.1", 9, "alice"))

    learning = {each["readyFrom"]: each["insightTypes"] for each in sound(replay(stack), "POST", "replay")["learning"]}

    assert learning["2026-03-06"] == [
        "IpInsight", "PolicyChangeInsight", "PasswordChangeInsight", "TrailConcealmentInsight"
    ]  # fmt: skip
    assert learning["2026-03-08"] == ["AkInsight", "ApiCallRateInsight", "ApiErrorRateInsight"]
    assert sound(replay(stack, startTime="2026-03-07T12:00:00Z"), "POST", "replay")["learning"][0]["insightTypes"] == [
        "AkInsight", "ApiCallRateInsight", "ApiErrorRateInsight"
    ]  # fmt: skip
    assert replay(stack, startTime="2026-03-08T00:00:00Z", endTime="2026-03-09T00:00:00Z").body["learning"] == []
    assert replay(stack, accountId="nobody").body["learning"][0]["insightTypes"] == list(INSIGHT_TYPES)


def test_pages_together_are_the_whole(stack: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for account in ("1", "2", "an account/of its own"):
        for day in (5, 6, 7):
            tally(account, f"2026-03-{day:02}", [*calls("203.0.113.7", 9), *calls("203.0.113.8", 12)])
    whole = replay(stack).body
    assert len(whole["insights"]) == 3 * 3 * 2 * 2
    assert "nextToken" not in whole

    def paged(**fields: Any) -> list[Any]:
        found, learning, token = [], [], None
        for _ in range(100):
            body = sound(replay(stack, **fields, **({"nextToken": token} if token else {})), "POST", "replay")
            found += body["insights"]
            learning += body["learning"]
            token = body.get("nextToken")
            if token is None:
                assert learning == whole["learning"]
                return found
            stack.clock.forward(minutes=1)  # what the first page saw holds for all
        raise AssertionError("paging does not end")

    monkeypatch.setattr("trailkeep.insights.replay.replay.PAGE_BYTES", 2_000)
    assert paged() == whole["insights"]
    monkeypatch.undo()
    monkeypatch.setattr(stack.function("manage_insights"), "DETECTORS", DETECTORS)
    monkeypatch.setattr("trailkeep.api.deadline", lambda: lambda: True)
    assert paged() == whole["insights"]


def test_a_token_is_of_its_question_and_its_asker(stack: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in (5, 6, 7):
        tally("1", f"2026-03-{day:02}", calls("203.0.113.7", 9))
    monkeypatch.setattr("trailkeep.insights.replay.replay.PAGE_BYTES", 1)
    token = replay(stack).body["nextToken"]

    assert replay(stack, nextToken=token).status == 200
    for fields in (
        {"sensitivity": "high"},
        {"insightTypes": ["IpInsight"]},
        {"accountId": "1"},
        {"endTime": "2026-03-07T00:00:00Z"},
    ):
        assert_error(replay(stack, nextToken=token, **fields), 400, "InvalidNextToken")
    others = {**ALL_SCOPES, "tokenId": "another"}
    assert_error(replay(stack, others, nextToken=token), 400, "InvalidNextToken")
    assert_error(replay(stack, {**ALL_SCOPES, "accounts": "1"}, nextToken=token), 400, "InvalidNextToken")
    for damaged in ("x", token[:-2], f"{token}A", "ä" * 9):
        assert_error(replay(stack, nextToken=damaged), 400, "InvalidNextToken")


def test_a_narrowed_token_sees_its_accounts_and_regions_alone(stack: Deployment) -> None:
    tally("1", "2026-03-06", calls("203.0.113.1", 9))
    tally("2", "2026-03-06", calls("203.0.113.2", 9))
    tally("2", "2026-03-07", calls("203.0.113.3", 9), "us-east-1")

    def seen(account: str | None = None, **limits: str) -> list[str]:
        fields = {} if account is None else {"accountId": account}
        return [subject for subject, _ in starts(replay(stack, {**ALL_SCOPES, **limits}, **fields))]

    assert seen() == ["203.0.113.1", "203.0.113.2", "203.0.113.3"]
    assert seen(accounts="2") == ["203.0.113.2", "203.0.113.3"]
    assert seen(accounts="2 1 9", regions="us-east-1") == ["203.0.113.3"]
    assert seen("2", regions="cn-hangzhou") == ["203.0.113.2"]
    assert_error(replay(stack, {**ALL_SCOPES, "accounts": "2"}, accountId="1"), 403, "AccessDenied")


def test_what_cannot_be_read_is_told_and_hides_nothing_else(stack: Deployment) -> None:
    tally("1", "2026-03-05", calls("203.0.113.5", 9))
    tally("1", "2026-03-07", calls("203.0.113.6", 9))
    tally("2", "2026-03-07", calls("203.0.113.7", 9))
    tally("3", "2026-03-07", calls("203.0.113.8", 9))
    stack.s3.put_object(Bucket=LAKE, Key="state/insights/tallies/1/2026-03-07/cn-hangzhou.parquet", Body=b"?")
    stack.s3.put_object(Bucket=LAKE, Key=f"{SETTINGS}3.json", Body=b"{")

    answer = replay(stack)

    assert starts(answer) == [("203.0.113.5", "2026-03-05T09:00:00Z"), ("203.0.113.7", "2026-03-07T09:00:00Z")]
    assert answer.body["completeness"]["complete"] is False
    assert [each["object"] for each in answer.body["completeness"]["failures"]] == [
        "2026-03-06 of account 1",
        "2026-03-07 of account 1",
        f"{SETTINGS}3.json",
    ]


def test_dates_that_were_never_counted_are_counted_for_an_account_that_is_named(
    stack: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [
        {
            "eventId": f"e-{number}",
            "eventTime": f"2026-03-06T09:{number:02}:00Z",
            "eventName": "DescribeInstances",
            "serviceName": "Ecs",
            "acsRegion": "cn-hangzhou",
            "sourceIpAddress": "203.0.113.7",
            "recipientAccountId": "1",
            "userIdentity": {"type": "ram-user", "userName": "mallory", "accountId": "1"},
        }
        for number in range(6)
    ]
    stack.land_and_deliver("log.json", json.dumps(events))

    named, unnamed = replay(stack, accountId="1"), replay(stack)

    assert starts(named) == [("203.0.113.7", "2026-03-06T09:00:00Z")]
    assert named.body["completeness"]["complete"] is True
    assert starts(unnamed) == []
    assert unnamed.body["completeness"]["complete"] is False
    assert "2026-03-06" in unnamed.body["completeness"]["failures"][0]["reason"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"startTime": "2026-03-08T00:00:00Z"}, 400, "InvalidTimeRange"),
        ({"startTime": "2026-01-01T00:00:00Z"}, 422, "QuestionTooLarge"),
        ({"insightTypes": ["ApiInsight"]}, 400, "InvalidParameter"),
        ({"sensitivity": "max"}, 400, "InvalidParameter"),
        ({"region": "cn-hangzhou"}, 400, "InvalidParameter"),
    ],
    ids=str,
)
def test_what_cannot_be_replayed_is_refused(stack: Deployment, fields: dict[str, Any], status: int, code: str) -> None:
    assert_error(replay(stack, **fields), status, code)
