"""deliver_events while one version of the code replaces another: whoever began an object ends it, alone.

The newer code differs as it may: it keeps some events under another region, and gives each of them another identity, so
that an event that both of them delivered would be answered twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from botocore.endpoint import Endpoint
from msgspec import structs

from tests.functions.deployment import LAKE, Deployment, notification
from tests.functions.events import as_lines, make_event, make_events
from tests.functions.interruption import ENDS_THE_RUN, Fault, Killed, interrupted
from trailkeep import delivery
from trailkeep.events.batch import Batch, normalise_all
from trailkeep.events.columns import Row
from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.lake.feed import read_feed, tell_apart
from trailkeep.lake.partitions import parse_part
from trailkeep.lake.storage import Bucket

KEY = "log.ndjson"
EVENTS = [*make_events(6), make_event("elsewhere", acsRegion="us-east-1")]
BODY = as_lines(EVENTS)
CALLS = ("look", "look", "look", "read", "plan", "part", "part", "commit")
"""What a delivery of this object asks of the store, from a cold start."""

OLDER, NEWER = "older", "newer"


@contextmanager
def code(which: str) -> Iterator[None]:
    """For the time of the block, this is the code that is deployed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "NORMALISER_VERSION", NORMALISER_VERSION + (which == NEWER))
        patch.setattr(delivery, "normalise_all", newer_normalise_all if which == NEWER else normalise_all)
        yield


def newer_normalise_all(*arguments: Any) -> Iterator[Batch]:
    for batch in normalise_all(*arguments):
        yield replace(batch, rows=list(map(newer, batch.rows)))


def newer(row: Row) -> Row:
    call = row.call._replace(region="eu-west-1") if row.event_id in ("event-1", "event-4") else row.call
    return structs.replace(row, uid=row.uid[::-1], call=call)


def deliver(deployment: Deployment, which: str) -> list[str]:
    deployment.restart()
    with code(which):
        return deployment.deliver(KEY)


def assert_one_delivery_of(deployment: Deployment, which: str) -> None:
    """One commit, of this code; each of its parts stands; what others left is told as such; nothing is lost."""
    commit = deployment.commit_of(KEY)
    assert commit["normaliser_version"] == NORMALISER_VERSION + (which == NEWER)
    assert (commit["records_in"], commit["rows_out"]) == (len(EVENTS), len(EVENTS))
    named = {part["key"] for part in commit["parts"]}
    stand = deployment.keys("events/")
    assert named <= set(stand)
    standing = tell_apart(
        [part for key in stand if (part := parse_part(key))],
        read_feed(Bucket(LAKE), deployment.clock.time.astimezone(UTC).replace(year=2020)),
    )
    assert {part.key for part in standing.committed} == named
    assert {part.key for part in standing.orphans} == set(stand) - named
    assert standing.in_flight == []
    # The orphans are deletable: with them gone, every event is answered once.
    for part in standing.orphans:
        deployment.s3.delete_object(Bucket=LAKE, Key=part.key)
    deployment.settle()
    assert sorted(event["eventId"] for event in deployment.all_events()) == sorted(event["eventId"] for event in EVENTS)


@pytest.mark.parametrize(("first", "second"), [(OLDER, NEWER), (NEWER, OLDER)])
def test_what_one_version_delivered_the_other_one_leaves_alone(deployment: Deployment, first: str, second: str) -> None:
    deployment.land(KEY, BODY)
    assert deliver(deployment, first) == []
    lake = deployment.objects()

    for _ in range(3):
        assert deliver(deployment, second) == []
        deployment.clock.forward(minutes=30)

    assert deployment.objects() == lake
    assert_one_delivery_of(deployment, first)


@pytest.mark.parametrize(("first", "second"), [(OLDER, NEWER), (NEWER, OLDER)])
@pytest.mark.parametrize("fault", sorted(ENDS_THE_RUN, key=str), ids=lambda fault: fault.name.lower())
@pytest.mark.parametrize("at", range(1, len(CALLS) + 1), ids=[f"{n}-{name}" for n, name in enumerate(CALLS, 1)])
def test_what_one_version_began_the_other_one_ends_when_nobody_can_be_at_it(
    deployment: Deployment, first: str, second: str, at: int, fault: Fault
) -> None:
    deployment.land(KEY, BODY)
    with code(first), interrupted(at, fault) as calls, pytest.raises(Killed):
        deployment.deliver(KEY)
    assert len(calls) == at
    pinned = deployment.keys("state/plans/") != []
    ended = deployment.keys("state/commits/") != []

    assert deliver(deployment, second) == (["m-0"] if pinned and not ended else [])
    deployment.clock.forward(minutes=20)
    assert deliver(deployment, second) == []
    assert deliver(deployment, first) == []

    assert_one_delivery_of(deployment, first if ended else second)


@pytest.mark.parametrize(("first", "second"), [(OLDER, NEWER), (NEWER, OLDER)])
@pytest.mark.parametrize("at", range(1, len(CALLS) + 1), ids=[f"{n}-{name}" for n, name in enumerate(CALLS, 1)])
def test_of_two_versions_at_once_one_delivers(deployment: Deployment, first: str, second: str, at: int) -> None:
    """The second one comes, in a process of its own, in the middle of the first one, at each of its calls."""
    deployment.land(KEY, BODY)
    came: list[list[str]] = []
    with code(first), before_call(at, lambda: came.append(deliver(deployment, second))):
        assert deployment.deliver(KEY) == []

    was_first = at <= CALLS.index("plan") + 1
    assert came == [[] if was_first else ["m-0"]]
    assert_one_delivery_of(deployment, second if was_first else first)


@contextmanager
def before_call(at: int, work: Callable[[], object]) -> Iterator[None]:
    """Do ``work`` before the call with this number, from 1."""
    send, numbers = Endpoint._do_get_response, iter(range(1, 1000))

    def interposed(*arguments: Any) -> Any:
        if next(numbers) == at:
            work()
        return send(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "_do_get_response", interposed)
        yield


def test_a_message_that_waits_for_another_worker_is_no_error(
    deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    deployment.land(KEY, BODY)
    deployment.land("other.ndjson", BODY)
    with interrupted(6, Fault.KILLED_BEFORE), pytest.raises(Killed):
        deployment.deliver(KEY)

    deployment.restart()
    with code(NEWER):
        failed = deployment.deliver_messages([notification(KEY), notification("other.ndjson")])

    assert failed == ["m-0"]
    lines = log_lines()
    assert [line["level"] for line in lines] == ["INFO", "INFO"]
    assert (lines[0]["message_id"], lines[0]["message"]) == ("m-0", "left to the worker that began")
