"""What lands is found, once, however often it lands."""

import uuid

import pytest

from tests.e2e.trail import events, found, ids, log_object, wait_for
from tests.local.stack import LocalStack


@pytest.fixture
def user() -> str:
    return f"user-{uuid.uuid4().hex[:12]}"


@pytest.mark.parametrize("key", ["AWSLogs/plain.json.gz", "a key/with blanks + signs/и/日本.json.gz", "no-extension"])
def test_what_lands_is_found(stack: LocalStack, user: str, key: str) -> None:
    landed = events(120, user)
    stack.put_landing(f"{user}/{key}", log_object(landed))
    assert wait_for(lambda: len(found(stack, user)) >= 120)
    by_id = {row["eventId"]: row for row in found(stack, user)}
    assert by_id == {row["eventId"]: row for row in landed}


def test_landing_again_changes_nothing(stack: LocalStack, user: str) -> None:
    landed = events(30, user)
    body = log_object(landed)
    stack.put_landing(f"{user}/first.json.gz", body)
    assert wait_for(lambda: len(found(stack, user)) >= 30)
    stack.put_landing(f"{user}/first.json.gz", body)
    stack.put_landing(f"{user}/copy.json.gz", body)
    marker = f"{user}-after"
    stack.put_landing(f"{user}/after.json.gz", log_object(events(1, marker)))
    assert wait_for(lambda: len(found(stack, marker)) == 1)
    assert ids(found(stack, user)) == ids(landed)


def test_what_an_application_sends_is_found(stack: LocalStack, user: str) -> None:
    sent = {"eventName": "OrderPlaced", "userIdentity": {"userName": user}}
    answer = stack.api("POST", "/v1/events", token=stack.admin_token, body={"events": [sent]})
    assert answer.status == 202, answer.body
    assert answer.json["accepted"] == 1
    assert wait_for(lambda: len(found(stack, user)) == 1)
    assert found(stack, user)[0]["eventName"] == "OrderPlaced"


def test_health_knows_the_region(stack: LocalStack, user: str) -> None:
    stack.put_landing(f"{user}/health.json.gz", log_object(events(1, user)))
    assert wait_for(lambda: len(found(stack, user)) == 1)
    answer = stack.api("GET", "/v1/health")
    assert answer.status == 200, answer.body
    assert answer.json["ready"] is True
