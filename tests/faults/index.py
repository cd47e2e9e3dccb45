"""The index, to be interrupted while it is published: lookups rest on what its root says, whatever became of a run."""

from __future__ import annotations

from typing import Any

from tests.faults.invariants import Invariant, demand
from tests.faults.lake import demand_answered_once
from tests.faults.scenario import Scenario, scheduled
from tests.functions.deployment import LAKE, Deployment, sample
from tests.functions.events import as_lines, make_event
from tests.unit.index_lake import SmallLake
from tests.unit.index_objects import rows_of
from trailkeep.lake.partitions import parse_part
from trailkeep.lake.storage import Bucket


def _prepare(deployment: Deployment) -> None:
    """One day is in a tier already, another was compacted since, a third is not."""
    _deliver(deployment, "old", "2026-03-07T00:00:00Z")
    _compact(deployment)
    deployment.invoke("publish_index", sample("publish_index/schedule.json"))
    deployment.clock.forward(minutes=40)
    _deliver(deployment, "new", "2026-03-08T00:00:00Z")
    _compact(deployment)
    _deliver(deployment, "fresh", "2026-03-09T00:00:00Z")


def _deliver(deployment: Deployment, name: str, time: str) -> None:
    deployment.land_and_deliver(name, as_lines([make_event(name, eventTime=time)]))


def _compact(deployment: Deployment) -> None:
    """Every part that is none yet becomes a compacted object."""
    lake = SmallLake(Bucket(LAKE))
    for key in deployment.keys("events/"):
        part = parse_part(key)
        assert part is not None
        if "compacted" not in part.name:
            rows = rows_of(deployment.body(key))
            for row in rows:
                row.region = part.partition.region
            lake.compact(rows, [key], deployment.clock.now())


def _check(deployment: Deployment) -> None:
    lake = SmallLake(Bucket(LAKE))
    root = lake.root
    for name in ("old", "new"):
        found: list[Any] = lake.find(name)
        demand(Invariant.NOTHING_LOST, len(found) >= 1, f"{name} is not in the index")
        demand(Invariant.NOTHING_TWICE, len(found) == 1, f"{name} is in it more than once")
    demand(Invariant.NOTHING_LOST, len(root.fresh) == 1, f"fresh: {root.fresh}")
    demand(Invariant.NOTHING_LOST, sum(each.rows for each in root.objects) == 2, "rows of manifests and root differ")
    demand_answered_once(deployment, ["old", "new", "fresh"])


PUBLISHING = Scenario(
    function="publish_index",
    about="a day that was compacted since, with one that is not",
    prepare=_prepare,
    run=scheduled("publish_index"),
    check=_check,
    comes_again=True,
)
