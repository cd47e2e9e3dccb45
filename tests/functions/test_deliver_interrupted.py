"""deliver_events, interrupted at every call: repeated, it leaves what an undisturbed delivery leaves."""

from __future__ import annotations

import io
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from botocore.endpoint import Endpoint

from tests.functions.deployment import Deployment, deployed
from tests.functions.events import as_lines, make_event, make_events
from tests.functions.interruption import ENDS_THE_RUN, Fault, Killed, interrupted

KEY = "AliyunLogs/log of two regions.ndjson"
EVENTS = [
    *make_events(20),
    make_event("elsewhere", acsRegion="us-east-1"),
    make_event("yesterday", eventTime="2026-03-08T23:59:59Z"),
]
BODY = as_lines(EVENTS) + b'{"eventName": "of no time"}\nnot an object\n' + as_lines(EVENTS[:3])
CALLS = ["GetObject", "HeadObject", "PutObject", "PutObject", "PutObject", "PutObject", "PutObject", "PutObject"]
"""Read it, look for its commit, write three parts, the quarantine, the commit, and the mark that says: delivered."""


def what_stands(deployment: Deployment) -> dict[str, Any]:
    """The lake, but for when it was delivered: that is when the part was first written."""
    stands: dict[str, Any] = {}
    for key, body in deployment.objects().items():
        stands[key] = rows(body) if key.startswith("events/") else json.loads(body)
    return stands


def rows(parquet: bytes) -> list[Any]:
    return pq.read_table(io.BytesIO(parquet)).drop_columns("delivered_at").to_pylist()


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    with deployed() as deployment:
        deployment.land(KEY, BODY)
        with interrupted(0, Fault.KILLED_BEFORE) as calls:
            assert deployment.deliver(KEY) == []
        assert calls == CALLS
        return what_stands(deployment)


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("at", range(1, len(CALLS) + 1), ids=[f"{n}-{name}" for n, name in enumerate(CALLS, 1)])
def test_a_delivery_interrupted_anywhere_and_repeated_leaves_the_same_lake(
    deployment: Deployment, undisturbed: dict[str, Any], at: int, fault: Fault
) -> None:
    deployment.land(KEY, BODY)

    with interrupted(at, fault) as calls:
        if fault in ENDS_THE_RUN:
            with pytest.raises(Killed):
                deployment.deliver(KEY)
        else:
            failed = deployment.deliver(KEY)
            assert failed == (["m-0"] if fault is Fault.UNAVAILABLE or broken(fault, at) else [])
    assert len(calls) >= at
    deployment.restart()
    assert deployment.deliver(KEY) == []

    stands = what_stands(deployment)
    for key, content in stands.items():
        # The bytes of a part, and so its hash, tell when it was delivered; here the clock stands still.
        assert content == undisturbed[key]
    assert stands.keys() == undisturbed.keys()
    assert_answered_once(deployment)


def broken(fault: Fault, at: int) -> bool:
    return fault is Fault.BODY_BROKEN and CALLS[at - 1] == "GetObject"


@pytest.mark.parametrize("at", range(1, len(CALLS) + 1))
@pytest.mark.parametrize("fault", sorted(ENDS_THE_RUN, key=str), ids=lambda fault: fault.name.lower())
def test_a_delivery_killed_again_and_again_at_later_times_ends_with_one_delivery(
    deployment: Deployment, at: int, fault: Fault
) -> None:
    """Each try comes minutes after the last, in another process, and dies at the same number of calls or behind it."""
    deployment.land(KEY, BODY)

    for number in range(at, len(CALLS) + 1):
        with interrupted(number, fault), suppress(Killed):
            deployment.deliver(KEY)
        deployment.restart()
        deployment.clock.forward(minutes=30)
    assert deployment.deliver(KEY) == []

    assert len(deployment.keys("state/deliveries/")) == len(deployment.keys("quarantine/")) == 1
    commits = deployment.documents("state/commits/")
    assert {commit["delivery"] for commit in commits} == {commits[0]["delivery"]}
    assert {json.dumps(commit["parts"]) for commit in commits} == {json.dumps(commits[0]["parts"])}
    assert sorted(part["key"] for part in commits[0]["parts"]) == deployment.keys("events/")
    assert_answered_once(deployment)


def assert_answered_once(deployment: Deployment) -> None:
    deployment.settle()
    found = deployment.all_events()
    assert sorted(event["eventId"] for event in found) == sorted(event["eventId"] for event in EVENTS)


def test_two_processes_that_deliver_the_same_object_at_once_leave_one_delivery(undisturbed: dict[str, Any]) -> None:
    """The second one runs whole in the middle of the first one, at each of its calls."""
    for at in range(1, len(CALLS) + 1):
        with deployed() as fresh, pytest.MonkeyPatch.context() as patch:
            fresh.land(KEY, BODY)
            send, count = Endpoint._do_get_response, iter(range(1, 100))

            def interleaved(
                *arguments: Any, at: int = at, count: Any = count, send: Any = send, fresh: Any = fresh
            ) -> Any:
                if next(count) == at:
                    assert fresh.deliver(KEY) == []
                return send(*arguments)

            patch.setattr(Endpoint, "_do_get_response", interleaved)
            assert fresh.deliver(KEY) == []
            assert what_stands(fresh) == undisturbed


def test_an_object_overwritten_between_two_tries_keeps_both_contents(deployment: Deployment) -> None:
    deployment.land(KEY, as_lines(EVENTS[:5]))
    with interrupted(4, Fault.KILLED_BEFORE), pytest.raises(Killed):
        deployment.deliver(KEY)

    deployment.land(KEY, as_lines(EVENTS[3:]))
    assert deployment.deliver(KEY) == []

    assert_answered_once(deployment)


def test_batches_in_any_order_and_repetition_give_the_same_rows(tmp_path: Path) -> None:
    """The lake follows from the landing objects alone, not from how they were announced."""
    objects = {f"log-{n}.ndjson": as_lines(EVENTS[n : n + 7]) for n in range(0, 21, 3)}
    lakes = []
    for seed in range(3):
        with deployed() as deployment:
            for key, body in objects.items():
                deployment.land(key, body)
            messages = [key for key in objects for _ in range(3)]
            random.Random(seed).shuffle(messages)
            for start in range(0, len(messages), 10):
                assert deployment.deliver(*messages[start : start + 10]) == []
            folder = deployment.download("events/", tmp_path / str(seed))
            table = ds.dataset(folder / "events", partitioning="hive").to_table().drop_columns("delivered_at")
            lakes.append(sorted(table.to_pylist(), key=lambda row: (row["event_time"], row["uid"], row["event"])))
            assert len(deployment.keys("state/deliveries/")) == len(objects)
    assert lakes[0] == lakes[1] == lakes[2]
