"""report_health: ready or not, how fresh, and nothing else."""

from __future__ import annotations

import pytest

from tests.functions.deployment import LAKE, Deployment
from tests.functions.events import as_array, make_event
from tests.functions.interruption import Fault, interrupted


def test_a_new_deployment_is_ready_and_knows_no_watermark(deployment: Deployment) -> None:
    answer = deployment.get("/v1/health", who=None)

    assert (answer.status, answer.body) == (200, {"ready": True, "watermark": None, "lagSeconds": None})


def test_the_lag_grows_while_an_object_waits_and_shrinks_after_its_delivery(deployment: Deployment) -> None:
    deployment.land("log.json", as_array([make_event()]))
    deployment.clock.forward(minutes=10)
    deployment.invoke("sweep_landing", {})
    waiting = deployment.get("/v1/health", who=None).body

    assert deployment.deliver("log.json") == []
    deployment.invoke("sweep_landing", {})
    delivered = deployment.get("/v1/health", who=None).body

    assert waiting == {"ready": True, "watermark": "2026-03-10T12:00:00Z", "lagSeconds": 600}
    assert delivered == {"ready": True, "watermark": "2026-03-10T12:09:00Z", "lagSeconds": 60}


def test_a_store_that_does_not_answer_is_not_ready(deployment: Deployment) -> None:
    with interrupted(1, Fault.UNAVAILABLE):
        answer = deployment.get("/v1/health", who=None)

    assert (answer.status, answer.body) == (503, {"ready": False, "reason": "StorageUnavailable"})


@pytest.mark.parametrize("name", ["", "x.json", "5.json", "9" * 18 + ".json", "0" * 17, "00000000000000005.json.gz"])
def test_a_damaged_watermark_is_no_reason_to_be_silent(deployment: Deployment, name: str) -> None:
    deployment.s3.put_object(Bucket=LAKE, Key=f"state/commits/watermark/{name}", Body=b"")
    deployment.land_and_deliver("log.json", as_array([make_event()]))

    assert deployment.get("/v1/events").event_ids == ["event-1"]
    assert deployment.get("/v1/health", who=None).status == 200
    assert deployment.invoke("sweep_landing", {})["watermark"] == "2026-03-10T11:59:03Z"
    assert deployment.get("/v1/health", who=None).body["watermark"] == "2026-03-10T11:59:03Z"


def test_health_is_open_to_tokens_too_and_tells_them_the_same(deployment: Deployment) -> None:
    assert deployment.get("/v1/health").body == deployment.get("/v1/health", who=None).body


def test_a_question_in_the_address_changes_nothing(deployment: Deployment) -> None:
    assert deployment.get("/v1/health", {"verbose": "1"}, who=None).status == 200
