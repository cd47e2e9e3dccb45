"""ingest_events: POST /v1/events is durable before its answer, and its events take the same way as all others."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, HOME_ACCOUNT, Deployment
from tests.functions.events import as_lines
from tests.functions.interruption import Fault, interrupted
from tests.functions.posts import ORDER, assert_nothing_stored, batch, deliver_all, landed, packed

NARROWED = {**ALL_SCOPES, "tokenId": "TokenOfTeamA", "accounts": "444455556666"}


@pytest.mark.parametrize(
    "request_of",
    [
        lambda events: {"body": batch(*events)},
        lambda events: {"body": json.dumps({"events": events}, indent=2)},
        lambda events: {"body": "\n".join(json.dumps(event) for event in events)},
        lambda events: {"body": as_lines(events).decode()},
        lambda events: {"body": as_lines(events).decode().replace("\n", "\r\n")},
        lambda events: packed(batch(*events)),
        lambda events: packed(as_lines(events)),
        lambda events: {**packed(as_lines(events)), "headers": {}},
        lambda events: {"body": batch(*events), "headers": {"Content-Encoding": "gzip"}},
        lambda events: {"body": base64.b64encode(as_lines(events)).decode(), "isBase64Encoded": True},
        lambda events: {"body": base64.b64encode(batch(*events).encode()).decode(), "isBase64Encoded": True},
    ],
    ids=[
        "json",
        "json with layout",
        "ndjson",
        "ndjson closed",
        "ndjson of windows",
        "gzip json",
        "gzip ndjson",
        "gzip that nobody announced",
        "gzip that the gateway unpacked",
        "base64 ndjson",
        "base64 json",
    ],
)
def test_events_are_accepted_in_every_form_and_found_by_their_ids(deployment: Deployment, request_of: Any) -> None:
    events = [{**ORDER, "eventId": f"mine-{n}", "eventTime": f"2026-03-09T10:00:0{n}Z"} for n in range(3)]

    answer = deployment.post(**request_of(events))

    assert (answer.status, answer.body) == (
        202,
        {"accepted": 3, "eventIds": ["mine-0", "mine-1", "mine-2"], "rejected": []},
    )
    deliver_all(deployment)
    for event in events:
        found = deployment.get(f"/v1/events/{event['eventId']}")
        assert found.body == {**event, "recipientAccountId": HOME_ACCOUNT}


def test_ids_and_times_are_assigned_and_the_event_is_found_by_them(deployment: Deployment) -> None:
    answer = deployment.post(
        batch(ORDER, {**ORDER, "eventId": ""}, {**ORDER, "eventTime": "2026-03-01T00:00:00.5+08:00"})
    )

    assert answer.body["accepted"] == len(set(answer.body["eventIds"])) == 3
    assert all(uuid.UUID(event_id) for event_id in answer.body["eventIds"])
    deliver_all(deployment)
    times = [deployment.get(f"/v1/events/{event_id}").body["eventTime"] for event_id in answer.body["eventIds"]]
    assert times == ["2026-03-10T12:00:00Z", "2026-03-10T12:00:00Z", "2026-03-01T00:00:00.5+08:00"]
    first = deployment.get(f"/v1/events/{answer.body['eventIds'][0]}").body
    assert first == {
        **ORDER,
        "eventId": answer.body["eventIds"][0],
        "eventTime": "2026-03-10T12:00:00Z",
        "recipientAccountId": HOME_ACCOUNT,
    }


def test_what_was_posted_comes_back_byte_for_byte(deployment: Deployment) -> None:
    time = '"eventTime":"2026-03-09T10:00:00.10Z"'
    text = f'{{ "eventId":"exact", "eventName" : "x",{time},"recipientAccountId":"1","n":1.50e2,"s":"\\u00fc\\/" }}'
    deployment.post(text)
    deliver_all(deployment)

    assert deployment.get("/v1/events/exact").text == text


def test_two_requests_without_a_key_are_two_events(deployment: Deployment) -> None:
    first, second = deployment.post(batch(ORDER)), deployment.post(batch(ORDER))

    assert first.body["eventIds"] != second.body["eventIds"]
    deliver_all(deployment)
    assert sorted(deployment.get("/v1/events").event_ids) == sorted(first.body["eventIds"] + second.body["eventIds"])


def test_an_event_with_an_id_and_a_time_may_be_sent_again(deployment: Deployment) -> None:
    event = {**ORDER, "eventId": "mine", "eventTime": "2026-03-09T10:00:00Z"}
    deployment.post(batch(event))
    deployment.clock.forward(minutes=1)
    deployment.post(batch(event))
    deliver_all(deployment)

    assert deployment.get("/v1/events").event_ids == ["mine"]


# Idempotency


def test_a_repeated_idempotency_key_gives_the_same_answer_and_stores_once(deployment: Deployment) -> None:
    headers = {"idempotency-KEY": "order-17"}
    first = deployment.post(batch(ORDER, {"eventTime": "no name"}), headers)
    deployment.clock.forward(hours=1)
    deployment.restart()
    second = deployment.post(batch(ORDER, {"eventTime": "no name"}), headers)

    assert (first.status, first.text) == (second.status, second.text) == (202, first.text)
    assert len(landed(deployment)) == 1
    deliver_all(deployment)
    assert deployment.get("/v1/events").event_ids == first.body["eventIds"]


def test_the_form_of_a_repeated_body_does_not_matter_but_its_text_does(deployment: Deployment) -> None:
    key = {"Idempotency-Key": "order-17"}
    first = deployment.post(batch(ORDER), key)
    zipped = packed(batch(ORDER))
    second = deployment.post(zipped["body"], {**key, **zipped["headers"]}, isBase64Encoded=True)
    third = deployment.post(batch({**ORDER, "more": 1}), key)

    assert first.text == second.text
    assert_error(third, 409, "IdempotencyConflict")
    assert len(landed(deployment)) == 1


def test_a_key_belongs_to_its_token(deployment: Deployment) -> None:
    headers = {"Idempotency-Key": "order-17"}
    deployment.post(batch(ORDER), headers)
    other = deployment.post(batch({**ORDER, "more": 1}), headers, who={**ALL_SCOPES, "tokenId": "AnotherToken"})

    assert other.status == 202
    assert len(landed(deployment)) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "schlüssel", "a\nb", "a\x00"])
def test_an_idempotency_key_that_is_none_is_refused(deployment: Deployment, key: str) -> None:
    assert_error(deployment.post(batch(ORDER), {"Idempotency-Key": key}), 400, "InvalidParameter")
    assert_nothing_stored(deployment)


@pytest.mark.parametrize("bad", ['{"events": []}', '{"events": [', "[]", batch({"no": "name"})])
def test_a_refused_body_does_not_use_up_its_key(deployment: Deployment, bad: str) -> None:
    headers = {"Idempotency-Key": "order-17"}
    deployment.post(bad, headers)
    assert_nothing_stored(deployment)

    assert deployment.post(batch(ORDER), headers).body["accepted"] == 1


# Durable before the answer


@pytest.mark.parametrize("key", [None, "order-17"])
def test_no_answer_says_accepted_unless_the_events_are_stored(deployment: Deployment, key: str | None) -> None:
    headers = {"Idempotency-Key": key} if key else {}
    deployment.post(batch(ORDER))  # the first request of a process also asks what the store can do
    with interrupted(0, Fault.UNAVAILABLE) as calls:
        deployment.post(batch(ORDER), headers)
    assert calls == ["PutObject"] * (2 if key else 1)

    for at in range(1, len(calls) + 1):
        headers = {"Idempotency-Key": f"{key}-{at}"} if key else {}
        before = landed(deployment)
        with interrupted(at, Fault.UNAVAILABLE):
            answer = deployment.post(batch(ORDER), headers)
        assert_error(answer, 503, "StorageUnavailable")
        assert landed(deployment) == before


@pytest.mark.parametrize(
    "fault", [Fault.ANSWER_LOST, Fault.BUSY_ONCE, Fault.CONFLICT_ONCE], ids=lambda fault: fault.name.lower()
)
@pytest.mark.parametrize("at", range(1, 5))
def test_a_call_that_the_client_repeats_by_itself_stores_once(deployment: Deployment, at: int, fault: Fault) -> None:
    with interrupted(at, fault):
        answer = deployment.post(batch(ORDER))

    assert answer.status == 202
    deliver_all(deployment)
    assert deployment.get("/v1/events").event_ids == answer.body["eventIds"]


# Accounts and scopes


def test_an_event_belongs_to_the_account_of_its_token(deployment: Deployment) -> None:
    answer = deployment.post(batch(ORDER, {**ORDER, "recipientAccountId": "444455556666"}), who=NARROWED)

    assert answer.body["accepted"] == 2
    assert [key.split("/")[:2] for key in landed(deployment)] == [["ingest", "account=444455556666"]]
    deliver_all(deployment)
    assert {event["recipientAccountId"] for event in deployment.all_events()} == {"444455556666"}


@pytest.mark.parametrize("claim", ["111122223333", 444455556666, "444455556666 ", ["444455556666"], {"a": 1}, False, 0])
def test_a_token_narrowed_to_an_account_cannot_claim_another(deployment: Deployment, claim: Any) -> None:
    spoofed = {**ORDER, "recipientAccountId": claim, "eventId": "spoofed"}
    answer = deployment.post(batch(spoofed, {**ORDER, "eventId": "own"}), who=NARROWED)

    assert answer.body["eventIds"] == ["own"]
    assert [(each["index"], each["reason"]) for each in answer.body["rejected"]] == [(0, "invalid_event")]
    deliver_all(deployment)
    assert deployment.get("/v1/events").event_ids == ["own"]


def test_accounts_do_not_share_identities(deployment: Deployment) -> None:
    """Whoever knows the ID of another's event cannot replace it or pass off an own one as it."""
    event = {**ORDER, "eventId": "same", "eventTime": "2026-03-09T10:00:00Z"}
    deployment.post(batch(event), who=NARROWED)
    deployment.post(batch({**event, "eventName": "other"}))
    deployment.land("cloud.ndjson", as_lines([{**event, "eventName": "third"}]))
    deliver_all(deployment)

    assert sorted(found["eventName"] for found in deployment.all_events()) == ["order.refunded", "other", "third"]


def test_an_envelope_does_not_carry_a_foreign_account_past_the_check(deployment: Deployment) -> None:
    inner = {**ORDER, "eventTime": "2026-03-09T10:00:00Z", "recipientAccountId": "111122223333"}
    deployment.post(batch({"eventName": "outer", "event": inner, "detail": inner}), who=NARROWED)
    deliver_all(deployment)

    assert [event["recipientAccountId"] for event in deployment.all_events()] == ["444455556666"]


@pytest.mark.parametrize("scopes", ["", "view", "admin", "view admin download", "ingestion"])
def test_ingest_needs_its_scope(deployment: Deployment, scopes: str) -> None:
    assert_error(deployment.post(batch(ORDER), who={**ALL_SCOPES, "scopes": scopes}), 403, "AccessDenied")
    assert_nothing_stored(deployment)


@pytest.mark.parametrize("who", [None, {}, {"scopes": "ingest"}, {"tokenId": "", "scopes": "ingest"}])
def test_a_request_that_no_authorizer_saw_is_refused(deployment: Deployment, who: Any) -> None:
    assert_error(deployment.post(batch(ORDER), who=who), 401, "Unauthenticated")
    assert_nothing_stored(deployment)


def test_a_token_narrowed_to_nothing_may_not_ingest(deployment: Deployment) -> None:
    assert_error(deployment.post(batch(ORDER), who={**ALL_SCOPES, "accounts": ""}), 403, "AccessDenied")
    assert_nothing_stored(deployment)
