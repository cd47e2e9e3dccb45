"""An object announced more than once: late, over again, in any order, and overwritten in between."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from tests.faults.deliveries import BODY, DELIVERY, EVENTS, KEY, check_delivery
from tests.faults.lake import demand_answered_once
from tests.faults.matrix import observe
from tests.functions.deployment import Deployment, deployed
from tests.functions.events import as_lines
from tests.functions.interruption import Fault, Killed, interrupted


@pytest.mark.parametrize(("fault", "minutes"), [(Fault.KILLED_BEFORE, 1), (Fault.KILLED_AFTER, 30)], ids=str)
def test_killed_again_and_again_at_later_times_it_ends_with_one_delivery(fault: Fault, minutes: float) -> None:
    """Each try comes minutes after the last, in another process, and dies at the same call or behind it."""
    calls = len(observe(DELIVERY).calls)
    for first in range(1, calls + 1):
        with deployed() as deployment:
            deployment.land(KEY, BODY)
            for at in range(first, calls + 1):
                with interrupted(at, fault), suppress(Killed):
                    deployment.deliver(KEY)
                deployment.restart()
                deployment.clock.forward(minutes=minutes)
            assert deployment.deliver(KEY) == []
            check_delivery(deployment)


def test_an_object_overwritten_between_two_tries_keeps_both_contents(deployment: Deployment) -> None:
    deployment.land(KEY, as_lines(EVENTS[:5]))
    with interrupted(7, Fault.KILLED_BEFORE), pytest.raises(Killed):
        deployment.deliver(KEY)
    assert deployment.keys("events/"), "the first content was on its way"

    deployment.land(KEY, as_lines(EVENTS[3:]))
    assert deployment.deliver(KEY) == []

    demand_answered_once(deployment, (event["eventId"] for event in EVENTS))


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
            assert len(deployment.keys("state/commits/")) == len(objects)
    assert lakes[0] == lakes[1] == lakes[2]
