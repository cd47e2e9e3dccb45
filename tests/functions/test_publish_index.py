"""publish_index: what was compacted is found by the index, what was not is named by it, whenever the schedule comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.deployment import LAKE, Deployment, sample
from tests.functions.events import as_lines, make_event
from tests.unit.index_lake import SmallLake
from tests.unit.index_objects import rows_of
from trailkeep.errors import StorageUnavailable
from trailkeep.events.event import Event
from trailkeep.events.timestamps import to_micros
from trailkeep.index.derivable import derive_all
from trailkeep.index.root import ROOT
from trailkeep.index.tier import Place
from trailkeep.lake.pages import texts_in
from trailkeep.lake.storage import Bucket, Range


def publish(deployment: Deployment, event: str = "schedule") -> dict[str, int]:
    answer: dict[str, int] = deployment.invoke("publish_index", sample(f"publish_index/{event}.json"))
    return answer


def compact(deployment: Deployment) -> SmallLake:
    """Every part becomes a compacted object: one for each partition."""
    lake = SmallLake(Bucket(LAKE))
    partitions = {key.rpartition("/")[0]: [] for key in deployment.keys("events/")}  # type: dict[str, list[str]]
    for key in deployment.keys("events/"):
        partitions[key.rpartition("/")[0]].append(key)
    for prefix, keys in partitions.items():
        region = prefix.split("region=")[1].split("/")[0]
        rows: list[Event] = []
        for key in keys:
            for row in rows_of(deployment.body(key)):
                row.region = region
                rows.append(row)
        lake.compact(rows, keys)
    return lake


def deliver(deployment: Deployment, *names: str, **fields: Any) -> None:
    deployment.land_and_deliver(f"{'-'.join(names)}.json", as_lines([make_event(name, **fields) for name in names]))


def test_a_delivered_event_is_named_and_a_compacted_one_is_found(deployment: Deployment) -> None:
    deliver(deployment, "one", "two")
    assert publish(deployment) | {"root_bytes": 0} == publish_counts(fresh=1)
    lake = compact(deployment)
    deliver(deployment, "three")
    deployment.clock.forward(minutes=15)

    done = publish(deployment)

    assert (done["objects"], done["rows"], done["fresh"], done["tiers"]) == (1, 2, 1, 1)
    assert len(lake.find("one")) == 1
    assert lake.find("three") == []
    assert len(lake.root.fresh) == 1


def publish_counts(**counts: int) -> dict[str, int]:
    names = ("objects", "rows", "fresh", "scanned", "pending", "unreadable", "tiers", "tier_bytes", "root_bytes")
    return {**dict.fromkeys(names, 0), "published": 1, "deleted": 0, **counts}


def test_an_event_is_read_by_the_index_alone(deployment: Deployment) -> None:
    """Root, one bucket, one page: and all columns that a lookup needs follow from what is there."""
    names = [f"event-{n}" for n in range(300)]
    deliver(deployment, *names, userIdentity={"userName": "alice", "accessKeyId": "LTAI0001"}, password="mask-me")
    lake = compact(deployment)
    publish(deployment)

    root = lake.root
    (tier,) = root.tiers
    (place,) = tier.find_id(lake.bucket.ranges([tier.ids_range("event-77")])[0], "event-77")
    page = root.page_near(place)
    body = lake.bucket.ranges([Range(root.objects[place.object].key, page.start, page.length)])[0]
    text = texts_in(body, [place.row - page.first_row])[place.row - page.first_row]
    known = root.objects[place.object]
    assert known.is_derivable
    assert known.exceptions == ()
    assert known.channel == "objects"
    (event,) = derive_all([text], known.channel)
    assert event is not None
    stored = rows_of(lake.bucket.get(known.key))[place.row]
    assert (event.event_id, event.uid, event.event_time) == ("event-77", stored.uid, stored.event_time)
    assert b"mask-me" not in text
    (run,) = tier.find_value(lake.bucket.ranges([tier.postings_range("user_name", "alice")])[0], "user_name", "alice")
    assert (run.object, run.count, run.is_dense) == (place.object, 300, True)
    assert Place(place.object, 0) in root.recent["cn-hangzhou"].where()


def test_events_of_several_channels_are_not_taken_for_each_other(deployment: Deployment) -> None:
    """Without the row's channel its identity does not follow from the event: such an object is read by its columns."""
    deliver(deployment, "one")
    deployment.land_and_deliver("ingest/account=7/x.ndjson", as_lines([make_event("two")]))
    lake = compact(deployment)
    publish(deployment)

    (known,) = lake.root.objects
    assert known.channel is None
    assert not known.is_derivable


def test_the_schedule_comes_again_and_again(deployment: Deployment) -> None:
    deliver(deployment, "one")
    lake = compact(deployment)
    publish(deployment)
    checked = []
    for _ in range(8):
        deployment.clock.forward(minutes=15)
        publish(deployment)
        checked.append(to_micros(deployment.clock.now()) - lake.root.record.checked_at)

    assert max(checked) < 30 * 60_000_000


def test_the_index_is_rebuilt_by_a_command(deployment: Deployment) -> None:
    deliver(deployment, "one")
    lake = compact(deployment)
    publish(deployment)
    for key in deployment.keys("index/"):
        deployment.s3.put_object(Bucket=LAKE, Key=key, Body=b"broken")

    assert publish(deployment, "rebuild")["scanned"] == 1
    assert len(lake.find("one")) == 1


def test_time_that_runs_out_ends_a_run_and_the_next_one_goes_on(deployment: Deployment, monkeypatch: Any) -> None:
    monkeypatch.setattr("trailkeep.index.draft.BATCH_ROWS", 1)
    deliver(deployment, "one")
    deliver(deployment, "two", eventTime="2026-03-08T00:00:00Z")
    lake = compact(deployment)

    first = deployment.invoke("publish_index", {}, remaining_milliseconds=200_000)
    assert (first["scanned"], first["pending"]) == (1, 1)
    assert publish(deployment)["pending"] == 0
    assert len(lake.find("one")) == len(lake.find("two")) == 1


def test_what_was_done_is_counted(deployment: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(deployment, "one")
    compact(deployment)
    publish(deployment)

    told = capsys.readouterr().out
    assert '"ObjectsIndexed":[1' in told.replace(" ", "")
    assert '"ObjectsNotIndexed":[0' in told.replace(" ", "")


def test_an_outage_fails_the_run_and_leaves_the_index_as_it_was(
    deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    deliver(deployment, "one")
    compact(deployment)
    publish(deployment)
    before = deployment.body(ROOT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trailkeep.lake.storage.Bucket.pages", _fails)
        with pytest.raises(StorageUnavailable):
            publish(deployment)
    assert deployment.body(ROOT) == before


def _fails(*_: Any, **__: Any) -> Any:
    raise StorageUnavailable("no")
