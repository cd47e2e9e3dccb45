"""Compaction, to be interrupted: the orders of its schedule, and the work on one day."""

from __future__ import annotations

import io
from typing import Any

import pyarrow.parquet as pq

from tests.faults.invariants import Invariant, demand
from tests.faults.lake import demand_answered_once
from tests.faults.scenario import Scenario, scheduled
from tests.functions.compactions import compact, message, ordered, plan
from tests.functions.deployment import LAKE, Deployment
from tests.functions.events import as_lines, make_event
from trailkeep.lake.manifest import Manifest, read_manifest
from trailkeep.lake.partitions import Partition
from trailkeep.lake.storage import Bucket

DAY = Partition("events", "cn-hangzhou", "2026-03-09")
OTHER = Partition("events", "eu-west-1", "2026-03-09")


def _deliver(deployment: Deployment, name: str, *event_ids: str, **changes: Any) -> None:
    deployment.land_and_deliver(name, as_lines([make_event(event_id, **changes) for event_id in event_ids]))


def _prepare_orders(deployment: Deployment) -> None:
    """One day has waited long enough, another has been ordered and not been compacted, a third is too young."""
    plan(deployment)
    _deliver(deployment, "ordered", "ordered", acsRegion="us-east-1")
    deployment.clock.forward(hours=1.1)
    plan(deployment)
    _deliver(deployment, "one", "one")
    _deliver(deployment, "two", "two", acsRegion="eu-west-1")
    deployment.clock.forward(hours=1.1)
    _deliver(deployment, "young", "young", acsRegion="cn-beijing")
    ordered(deployment)


def _check_orders(deployment: Deployment) -> None:
    told = set(ordered(deployment))
    wanted = {message(DAY.prefix), message(OTHER.prefix)}
    demand(Invariant.NOTHING_LOST, told >= wanted, f"ordered: {told}")
    demand(Invariant.ONE_OUTCOME, told == wanted, f"ordered: {told}")


ORDERS = Scenario(
    function="plan_compaction",
    about="two days that have become worth it",
    prepare=_prepare_orders,
    run=scheduled("plan_compaction"),
    check=_check_orders,
    # What matters is in the queue, which has to be looked at.
    stands=lambda deployment: None,
    comes_again=True,
)


def _prepare_work(deployment: Deployment) -> None:
    """A compacted object, parts that it replaced long enough ago, and fresh ones, one event of which it holds."""
    _deliver(deployment, "first", "one", "two")
    _deliver(deployment, "second", "two", "three")
    assert compact(deployment, message(DAY.prefix))
    deployment.clock.forward(hours=2)
    _deliver(deployment, "third", "three", "four")
    _deliver(deployment, "fourth", "five")


def _manifest(deployment: Deployment) -> Manifest:
    standing = read_manifest(Bucket(LAKE), DAY)
    demand(Invariant.ENDS, standing is not None, "there is no manifest")
    assert standing is not None
    return standing[0]


def _check_work(deployment: Deployment) -> None:
    manifest = _manifest(deployment)
    uids = [
        uid
        for each in manifest.compacted
        for uid in pq.read_table(io.BytesIO(deployment.body(each.key)), columns=["uid"]).column("uid").to_pylist()
    ]
    demand(Invariant.NOTHING_LOST, len(set(uids)) == 5, f"compacted: {len(set(uids))} events")
    demand(Invariant.NOTHING_TWICE, len(uids) == 5, f"compacted: {len(uids)} rows")
    demand(Invariant.CONSERVED, sum(each.rows for each in manifest.compacted) == 5, manifest)
    demand_answered_once(deployment, ["one", "two", "three", "four", "five"])
    for _ in range(2):
        deployment.clock.forward(days=1.1)
        demand(Invariant.ENDS, compact(deployment, message(DAY.prefix)), "later")
    named = [each.key for each in _manifest(deployment).compacted]
    demand(Invariant.ENDS, deployment.keys(DAY.prefix) == named, "what was replaced, or left over, does not go")
    demand_answered_once(deployment, ["one", "two", "three", "four", "five"])


WORK = Scenario(
    function="compact_partition",
    about="fresh parts over a compacted object, with others to be deleted",
    prepare=_prepare_work,
    run=lambda deployment: compact(deployment, message(DAY.prefix)),
    check=_check_work,
    may_repeat=False,
)


def _prepare_rest(deployment: Deployment) -> None:
    _deliver(deployment, "first", "one")


def _check_rest(deployment: Deployment) -> None:
    told = ordered(deployment)
    demand(Invariant.NOTHING_LOST, bool(told), "the rest is ordered by nobody")
    demand(Invariant.ONE_OUTCOME, set(told) == {message(DAY.prefix)}, told)


REST = Scenario(
    function="compact_partition",
    about="time has run out",
    prepare=_prepare_rest,
    run=lambda deployment: compact(deployment, message(DAY.prefix), remaining_milliseconds=1_000),
    check=_check_rest,
    stands=lambda deployment: None,
)
