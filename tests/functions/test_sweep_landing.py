"""sweep_landing: finds what no notification announced, and says up to when the lake is complete."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.functions.clock import START
from tests.functions.deployment import LANDING, Deployment, sample
from tests.functions.events import as_array, make_event
from trailkeep.announcements import announced_keys
from trailkeep.errors import StorageUnavailable
from trailkeep.lake.watermark import WATERMARKS


def sweep(deployment: Deployment) -> dict[str, Any]:
    answer: dict[str, Any] = deployment.invoke("sweep_landing", sample("sweep_landing/schedule.json"))
    return answer


def land(deployment: Deployment, *names: str) -> None:
    for name in names:
        deployment.land(name, as_array([make_event(name)]))


def messages(deployment: Deployment) -> list[str]:
    """The bodies of all messages in the queue, taken out of it."""
    bodies: list[str] = []
    while True:
        answer = deployment.sqs.receive_message(QueueUrl=deployment.queue_url, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return bodies
        for message in answer["Messages"]:
            bodies.append(message["Body"])
            deployment.sqs.delete_message(QueueUrl=deployment.queue_url, ReceiptHandle=message["ReceiptHandle"])


def announced(deployment: Deployment) -> list[str]:
    return [key for body in messages(deployment) for key in announced_keys(body, LANDING)]


def test_exactly_the_undelivered_objects_are_announced(deployment: Deployment) -> None:
    names = ["a+b.json", "a b.json", "a%2Fb.json", "日志/ü=1&2.json", "plain.json", "ingest/account=1/x.ndjson.gz"]
    land(deployment, *names, "delivered.json")
    assert deployment.deliver("delivered.json") == []
    deployment.clock.forward(minutes=10)

    seen = sweep(deployment)

    assert (seen["landed"], seen["undelivered"], seen["announced"]) == (7, 6, 6)
    assert sorted(announced(deployment)) == sorted(names)


def test_what_a_sweep_announces_is_what_deliver_understands(deployment: Deployment) -> None:
    """All notifications are lost: one sweep and its messages make the lake complete."""
    names = [f"log {n}+.json" for n in range(25)]
    land(deployment, *names)
    deployment.clock.forward(minutes=10)

    assert sweep(deployment)["announced"] == 25
    assert deployment.deliver_messages(messages(deployment)) == []
    deployment.settle()

    assert sorted(deployment.get("/v1/events").event_ids) == sorted(names)
    assert sweep(deployment) | {"watermark": ""} == {"landed": 25, "undelivered": 0, "announced": 0, "watermark": ""}


class Queue:
    """A queue that only keeps what it was sent: the emulated one takes a minute for a thousand messages."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        self.bodies += [entry["MessageBody"] for entry in request["Entries"]]
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}


@pytest.mark.thorough
def test_a_thousand_objects_that_nobody_announced_are_delivered_once_by_sweeps_alone(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue also loses: of each sweep's messages some come twice, none in order, and some not at all."""
    names = [f"AWSLogs/log {n}.json" for n in range(1_000)]
    land(deployment, *names)
    queue = Queue()
    monkeypatch.setattr("trailkeep.announcements._queue", lambda: queue)
    chance = random.Random(20260310)
    sweeps = 0
    deployment.clock.forward(minutes=10)
    while sweep(deployment)["announced"]:
        sweeps += 1
        arriving = [body for body in queue.bodies for _ in range(chance.choice((0, 1, 1, 1, 2)))]
        queue.bodies.clear()
        chance.shuffle(arriving)
        for start in range(0, len(arriving), 10):
            assert deployment.deliver_messages(arriving[start : start + 10]) == []
        deployment.clock.forward(minutes=10)

    assert 1 < sweeps < 20
    assert len(deployment.keys("state/commits/")) == len(deployment.keys("events/")) == 1_000
    assert sorted(event["eventId"] for event in deployment.all_events()) == sorted(names)


def test_young_objects_are_left_to_their_own_notification(deployment: Deployment) -> None:
    land(deployment, "old.json")
    deployment.clock.forward(seconds=200)
    land(deployment, "young.json")
    deployment.clock.forward(seconds=150)

    assert sweep(deployment)["announced"] == 1
    assert announced(deployment) == ["old.json"]
    deployment.clock.forward(seconds=150)
    assert sweep(deployment)["announced"] == 2


def test_the_age_is_a_setting(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP_MINIMUM_AGE_SECONDS", "5")
    land(deployment, "log.json")

    assert sweep(deployment)["announced"] == 0
    deployment.clock.forward(seconds=5)
    assert sweep(deployment)["announced"] == 1


def test_an_object_overwritten_after_its_delivery_is_announced_again(deployment: Deployment) -> None:
    land(deployment, "log.json")
    assert deployment.deliver("log.json") == []
    deployment.land("log.json", as_array([make_event("other")]))
    deployment.clock.forward(minutes=10)

    assert sweep(deployment)["announced"] == 1


def test_a_sweep_pages_over_more_than_a_thousand_objects(deployment: Deployment) -> None:
    names = [f"log-{n:04}.json" for n in range(1_050)]
    old = names[::100] + names[-2:]
    for name in old:
        deployment.land(name, b"[]")
    deployment.clock.forward(minutes=10)
    for name in set(names) - set(old):
        deployment.land(name, b"[]")

    seen = sweep(deployment)

    assert (seen["landed"], seen["undelivered"], seen["announced"]) == (1_050, 1_050, 13)
    assert sorted(announced(deployment)) == old


def test_every_page_of_both_listings_counts(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a store that lists seven keys at a time: the deliveries, too, have many pages."""
    names = [f"log-{n:02}.json" for n in range(60)]
    for name in names:
        deployment.land(name, b"[]")
    undelivered = names[::9]
    assert deployment.deliver(*sorted(set(names) - set(undelivered))) == []
    deployment.clock.forward(minutes=10)
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "7")

    assert sweep(deployment)["announced"] == len(undelivered)
    assert sorted(announced(deployment)) == undelivered


def test_the_watermark_stays_at_the_oldest_undelivered_object(deployment: Deployment) -> None:
    land(deployment, "first.json")
    deployment.clock.forward(minutes=10)
    land(deployment, "second.json")
    deployment.clock.forward(minutes=10)
    land(deployment, "third.json")

    assert sweep(deployment)["watermark"] == "2026-03-10T12:00:00Z"
    assert deployment.deliver("second.json", "third.json") == []
    deployment.clock.forward(hours=5)
    assert sweep(deployment)["watermark"] == "2026-03-10T12:00:00Z"

    assert deployment.deliver("first.json") == []
    assert sweep(deployment)["watermark"] == "2026-03-10T17:19:00Z"
    completeness = deployment.get("/v1/events").body["completeness"]
    assert completeness["watermark"] == "2026-03-10T17:19:00Z"


def test_the_watermark_moves_to_the_next_undelivered_object(deployment: Deployment) -> None:
    land(deployment, "first.json")
    deployment.clock.forward(minutes=10)
    land(deployment, "second.json")
    deployment.clock.forward(minutes=10)
    assert sweep(deployment)["watermark"] == "2026-03-10T12:00:00Z"

    assert deployment.deliver("first.json") == []

    assert sweep(deployment)["watermark"] == "2026-03-10T12:10:00Z"


def test_the_watermark_only_rises(deployment: Deployment) -> None:
    assert sweep(deployment)["watermark"] == "2026-03-10T11:59:00Z"
    deployment.clock.forward(hours=1)
    assert sweep(deployment)["watermark"] == "2026-03-10T12:59:00Z"

    deployment.clock.time = START
    deployment.restart()
    assert sweep(deployment)["watermark"] == "2026-03-10T12:59:00Z"
    land(deployment, "late.json")
    deployment.clock.forward(hours=10)
    assert sweep(deployment)["watermark"] == "2026-03-10T12:59:00Z"

    assert deployment.documents(WATERMARKS) == [{"watermark": "2026-03-10T12:59:00Z"}]


def test_sweeping_an_empty_bucket_does_nothing_but_raise_the_watermark(deployment: Deployment) -> None:
    assert sweep(deployment) == {"landed": 0, "undelivered": 0, "announced": 0, "watermark": "2026-03-10T11:59:00Z"}
    assert deployment.keys() == []
    assert len(deployment.keys(WATERMARKS)) == 1
    assert messages(deployment) == []


def test_messages_the_queue_did_not_take_are_announced_by_the_next_sweep(
    deployment: Deployment,
) -> None:
    land(deployment, *[f"log-{n}.json" for n in range(12)])
    deployment.clock.forward(minutes=10)
    deployment.sqs.delete_queue(QueueUrl=deployment.queue_url)

    with pytest.raises(StorageUnavailable, match="queue"):
        sweep(deployment)

    deployment.sqs.create_queue(QueueName="trailkeep-delivery")
    assert sweep(deployment)["announced"] == 12
    assert len(messages(deployment)) == 12


def test_a_sweep_message_looks_like_one_of_the_store(deployment: Deployment) -> None:
    land(deployment, "a b.json")
    deployment.clock.forward(minutes=10)
    sweep(deployment)

    (body,) = messages(deployment)
    (record,) = json.loads(body)["Records"]
    assert record["s3"] == {"bucket": {"name": LANDING}, "object": {"key": "a+b.json"}}
