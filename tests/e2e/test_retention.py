"""Retention through the gateway and under the template's roles: what is set counts, and a run may do what it has to."""

import uuid

import pytest

from tests.e2e.trail import events, found, ids, log_object, wait_for
from tests.local.stack import LocalStack


@pytest.fixture
def delivered(stack: LocalStack) -> str:
    """The user of some events that are in the lake."""
    user = f"user-{uuid.uuid4().hex[:12]}"
    stack.put_landing(f"{user}/log.json.gz", log_object(events(10, user)))
    assert wait_for(lambda: len(found(stack, user)) == 10)
    return user


def test_settings_and_holds_are_managed_and_a_run_deletes_nothing_that_is_young(
    stack: LocalStack, delivered: str
) -> None:
    before = ids(found(stack, delivered))
    changed = stack.api("PUT", "/v1/retention", token=stack.admin_token, body={"days": 365})
    assert changed.status == 200, changed.body
    made = stack.api(
        "POST",
        "/v1/holds",
        token=stack.admin_token,
        body={"name": "n", "reason": "r", "accounts": ["1000000000000001"]},
    )
    assert made.status == 201, made.body

    run = stack.invoke("EnforceRetentionFunction", {})

    assert (run["state"], run["ObjectsExpired"], run["LandingObjectsExpired"]) == ("succeeded", 0, 0)
    told = stack.api("GET", "/v1/retention", token=stack.admin_token).json
    assert (told["days"], told["lastRun"]["id"], told["lastRun"]["terms"]["days"]) == (365, run["run"], 365)
    assert ids(found(stack, delivered)) == before
    hold = made.json["id"]
    released = stack.api("DELETE", f"/v1/holds/{hold}", token=stack.admin_token)
    assert released.status == 200, released.body
    listed = stack.api("GET", "/v1/holds", token=stack.admin_token, query={"maxResults": 1000}).json["holds"]
    assert [each["id"] for each in listed if "releasedAt" in each] == [hold]


@pytest.mark.parametrize("path", ["/v1/retention", "/v1/holds"])
def test_nobody_manages_retention_without_a_token(stack: LocalStack, path: str) -> None:
    for method in ("GET", "PUT" if path.endswith("retention") else "POST"):
        assert stack.api(method, path, body={} if method != "GET" else None).status == 401
