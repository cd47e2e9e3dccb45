"""plan_compaction and compact_partition: small objects become few, and no answer changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from tests.functions.compactions import compact, compact_all, message, ordered, plan, quiet
from tests.functions.deployment import LAKE, Deployment
from tests.functions.events import as_array, make_event, make_events
from trailkeep.errors import InvalidBody
from trailkeep.lake.manifest import manifest_key, read_manifest
from trailkeep.lake.partitions import Partition
from trailkeep.lake.storage import Bucket

DAY = Partition("events", "cn-hangzhou", "2026-03-09")


def deliver(deployment: Deployment, count: int, prefix: str = "log") -> None:
    """So many log objects of an event each, delivered."""
    events = make_events(count, prefix)
    keys = [deployment.land(f"{prefix}-{number}", as_array([event])) for number, event in enumerate(events)]
    assert deployment.deliver(*keys) == []
    deployment.settle()


def compacted(deployment: Deployment) -> list[str]:
    standing = read_manifest(Bucket(LAKE), DAY)
    return [each.key for each in standing[0].compacted] if standing else []


def test_small_objects_become_one_and_answers_stay_the_same(deployment: Deployment) -> None:
    plan(deployment)
    deliver(deployment, 64)
    before = deployment.all_events()

    assert compact_all(deployment) == 1

    assert len(compacted(deployment)) == 1
    assert deployment.all_events() == before
    quiet(deployment)
    assert deployment.keys(DAY.prefix) == compacted(deployment)
    assert deployment.all_events() == before


def test_few_objects_wait_an_hour(deployment: Deployment) -> None:
    plan(deployment)
    deliver(deployment, 3)
    assert plan(deployment)["ordered"] == 0

    deployment.clock.forward(minutes=60)

    assert plan(deployment)["ordered"] == 1
    assert ordered(deployment) == [message(DAY.prefix)]


def test_when_it_is_worth_it_is_a_setting(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPACTION_MINIMUM_PARTS", "2")
    monkeypatch.setenv("COMPACTION_MAXIMUM_AGE_SECONDS", "99999")
    plan(deployment)
    deliver(deployment, 1)
    assert plan(deployment)["ordered"] == 0
    deliver(deployment, 1, "more")

    assert plan(deployment)["ordered"] == 1


def test_every_day_is_ordered_where_that_is_asked_for(deployment: Deployment) -> None:
    deliver(deployment, 2)
    deployment.land_and_deliver("other", as_array([make_event("x", acsRegion="eu-west-1")]))
    compact_all(deployment)
    deployment.clock.forward(minutes=10)

    assert plan(deployment, full=True) | {"watched": 0} == {"watched": 0, "due": 2, "ordered": 2, "full": True}


def test_an_event_delivered_in_two_objects_stands_once(deployment: Deployment, tmp_path: Path) -> None:
    """As any engine sees the folder when all is quiet."""
    event = make_event("twice")
    deployment.land_and_deliver("one", as_array([event]))
    quiet(deployment)
    deployment.land_and_deliver("two", as_array([event, make_event("other")]))
    quiet(deployment)

    folder = deployment.download("events/", tmp_path)
    rows = ds.dataset(folder / "events", partitioning="hive").to_table(columns=["event_id", "region", "date"])

    assert sorted(row["event_id"] for row in rows.to_pylist()) == ["other", "twice"]


def test_late_events_are_taken_in(deployment: Deployment) -> None:
    deliver(deployment, 3)
    quiet(deployment)
    deployment.clock.forward(days=5)
    deployment.land_and_deliver("late", as_array([make_event("late")]))
    quiet(deployment)

    assert len(deployment.keys(DAY.prefix)) == 1
    assert len(deployment.all_events()) == 4


def test_where_time_runs_out_the_rest_is_ordered_again(deployment: Deployment) -> None:
    deliver(deployment, 3)

    assert compact(deployment, message(DAY.prefix), remaining_milliseconds=200_000)

    assert compacted(deployment) == []
    assert ordered(deployment) == [message(DAY.prefix)]
    assert compact(deployment, message(DAY.prefix))
    assert ordered(deployment) == []
    assert len(compacted(deployment)) == 1


def test_rest_that_cannot_be_ordered_goes_back_to_the_queue(deployment: Deployment) -> None:
    deliver(deployment, 3)
    deployment.sqs.delete_queue(QueueUrl=deployment.compaction_queue_url)

    assert not compact(deployment, message(DAY.prefix), remaining_milliseconds=200_000)


def test_a_repeated_message_changes_nothing(deployment: Deployment) -> None:
    deliver(deployment, 3)
    assert compact(deployment, message(DAY.prefix))
    before = deployment.objects()

    assert compact(deployment, message(DAY.prefix))

    assert deployment.objects() == before


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"partition": 7}',
        '{"partition": "events/"}',
        message("insights/region=cn-hangzhou/date=2026-03-09/"),
        message("events/region=../date=2026-03-09/"),
        "[" * 100_000,
    ],
)
def test_a_message_that_names_no_partition_fails_and_says_so(
    deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]], body: str
) -> None:
    assert not compact(deployment, body)

    (line,) = [line for line in log_lines() if line["level"] == "ERROR"]
    assert line["kind"] == InvalidBody.__name__


def test_a_run_accounts_for_every_row(deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    deliver(deployment, 3)
    deployment.land_and_deliver("again", as_array(make_events(2, "log")))

    compact(deployment, message(DAY.prefix))

    (line,) = [line for line in log_lines() if line["message"] == "compacted"]
    assert line["partition"] == DAY.prefix
    assert (line["PartsCompacted"], line["RowsCompactedIn"], line["RowsCompactedOut"]) == (4, 5, 3)
    assert line["DuplicatesRemoved"] == 2


def test_a_lost_manifest_changes_no_answer(deployment: Deployment) -> None:
    deliver(deployment, 5)
    quiet(deployment)
    before = deployment.all_events()
    deployment.s3.delete_object(Bucket=LAKE, Key=manifest_key(DAY))

    deployment.land_and_deliver("more", as_array([make_event("more")]))
    quiet(deployment)

    assert len(deployment.all_events()) == len(before) + 1
    assert deployment.keys(DAY.prefix) == compacted(deployment)
