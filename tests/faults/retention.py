"""Retention, to be interrupted: runs that delete, and the changes of what they go by."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.faults.invariants import Invariant, demand
from tests.faults.lake import demand_answered_once
from tests.faults.scenario import Scenario, answered, everything, nothing, scheduled
from tests.functions.deployment import LAKE, LANDING, Deployment
from tests.functions.events import as_lines, make_event
from trailkeep.lake.manifest import Compacted, Manifest, write_manifest
from trailkeep.lake.partitions import Part, Partition, parse_part
from trailkeep.lake.storage import Bucket
from trailkeep.retention.holds import HOLDS, Hold
from trailkeep.retention.settings import Actor

OLD = Partition("events", "cn-hangzhou", "2026-03-09")
LAST_RUN = f"{LAKE}/state/retention/last-run.json"


def _prepare_run(deployment: Deployment) -> None:
    """A partition with a compacted and a fresh object has expired; one is held, one is young."""
    deliver = deployment.land_and_deliver
    deliver("old", as_lines([make_event("old")]))
    _compact(deployment)
    deliver("late", as_lines([make_event("late")]))
    deliver("held", as_lines([make_event("held", acsRegion="us-east-1")]))
    scope = {"name": "case", "reason": "a letter", "regions": ["us-east-1"]}
    assert deployment.manage("POST", "/v1/holds", scope).status == 201
    deployment.clock.forward(days=200)
    deliver("young", as_lines([make_event("young", eventTime="2026-09-20T00:00:00Z")]))
    deployment.land("waiting", as_lines([make_event("waiting")]))


def _compact(deployment: Deployment) -> None:
    """The part becomes a compacted object with its manifest."""
    lake = Bucket(LAKE)
    (fresh,) = lake.list(OLD.prefix).objects
    part = parse_part(fresh.key)
    assert part is not None
    key = Part(OLD, part.first, part.last, f"compacted-{'a' * 24}-0").key
    lake.create(key, lake.get(fresh.key))
    at = int(fresh.modified_at.timestamp()) * 1_000_000
    compacted = Compacted(key, fresh.size, 1, part.first, part.last, at, at, 1, 1, "")
    assert write_manifest(lake, Manifest(OLD, 1, (compacted,), (), ("1",)), None)
    assert lake.delete(fresh.key, fresh.etag)


def _check_run(deployment: Deployment) -> None:
    demand_answered_once(deployment, ["held", "young"])
    gone = _recorded(deployment)
    demand(Invariant.NOTHING_LOST, len(gone) == 2, f"on record: {gone}")
    demand(Invariant.NOTHING_TWICE, len(set(gone)) == len(gone), f"on record twice: {gone}")
    demand(Invariant.NOTHING_LOST, not set(gone) & set(deployment.keys("events/")), "on record, and it stands")
    left = deployment.keys("state/retention/pending/") + deployment.keys("state/partitions/")
    demand(Invariant.ENDS, not left, left)
    landed = deployment.keys(bucket=LANDING)
    demand(Invariant.NOTHING_LOST, landed == ["waiting", "young"], landed)
    before = {key: body for key, body in _but_the_last_run(deployment).items() if "/state/" not in key}
    deployment.invoke("enforce_retention", {})
    after = {key: body for key, body in _but_the_last_run(deployment).items() if "/state/" not in key}
    demand(Invariant.QUIET, after == before, sorted(before.keys() - after.keys()))
    demand(Invariant.NOTHING_TWICE, _recorded(deployment) == gone, "another run recorded anew")


def _recorded(deployment: Deployment) -> list[str]:
    records: list[dict[str, Any]] = deployment.documents("state/retention/deletions/")
    return [each["key"] for record in records for each in record["objects"]]


def _but_the_last_run(deployment: Deployment) -> dict[str, Any]:
    return {key: body for key, body in everything(deployment).items() if key != LAST_RUN}


RUN = Scenario(
    function="enforce_retention",
    about="partitions, landing objects and documents that have expired",
    prepare=_prepare_run,
    run=scheduled("enforce_retention"),
    check=_check_run,
    # Documents go with the run behind the one that deleted their landing object, and the last run counts what it did.
    stands=lambda deployment: {
        key: body
        for key, body in _but_the_last_run(deployment).items()
        if not key.startswith((f"{LAKE}/state/commits/", f"{LAKE}/state/plans/"))
    },
    comes_again=True,
    may_repeat=False,
)


def _put(deployment: Deployment) -> bool:
    return answered(deployment.manage("PUT", "/v1/retention", {"days": 400, "landingDays": 3}))


def _check_settings(deployment: Deployment) -> None:
    told = deployment.manage("GET", "/v1/retention").body
    demand(Invariant.ACKNOWLEDGED_IS_DONE, (told["days"], told["landingDays"]) == (400, 3), told)
    demand(Invariant.NOTHING_LOST, told["quarantineDays"] == 60, "what another request had set")
    demand(Invariant.ONE_OUTCOME, told["inForce"]["landingDays"] == 7, "it was lowered a moment ago")


SETTINGS = Scenario(
    function="manage_retention",
    about="a change of some settings",
    prepare=lambda deployment: deployment.manage("PUT", "/v1/retention", {"quarantineDays": 60}),
    run=_put,
    check=_check_settings,
)


def _hold(deployment: Deployment) -> bool:
    return answered(deployment.manage("POST", "/v1/holds", {"name": "n", "reason": "r", "regions": ["cn-hangzhou"]}))


def _check_hold(deployment: Deployment) -> None:
    """One that was not answered may stand as well: asked again, there are two, which hold no more than one."""
    told = deployment.manage("GET", "/v1/holds").body
    demand(Invariant.ACKNOWLEDGED_IS_DONE, len(told["holds"]) >= 1 and told["completeness"]["complete"], told)


HOLD = Scenario(
    function="manage_retention",
    about="a new hold",
    prepare=lambda deployment: None,
    run=_hold,
    check=_check_hold,
    stands=nothing,
    may_repeat=False,
)


HOLD_ID = "20260310T120000-00000000"


def _prepare_release(deployment: Deployment) -> None:
    hold = Hold(
        id=HOLD_ID,
        name="n",
        reason="r",
        regions=("cn-hangzhou",),
        created_at=deployment.clock.time,
        created_by=Actor("TokenOfAdmin", "admin"),
    )
    deployment.s3.put_object(Bucket=LAKE, Key=f"{HOLDS}{HOLD_ID}.json", Body=msgspec.json.encode(hold))


def _release(deployment: Deployment) -> bool:
    return answered(deployment.manage("DELETE", f"/v1/holds/{HOLD_ID}"))


def _check_release(deployment: Deployment) -> None:
    (hold,) = deployment.manage("GET", "/v1/holds").body["holds"]
    demand(Invariant.ACKNOWLEDGED_IS_DONE, hold["releasedBy"]["tokenId"] == "TokenOfAdmin", hold)


RELEASE = Scenario(
    function="manage_retention",
    about="the release of a hold",
    prepare=_prepare_release,
    run=_release,
    check=_check_release,
)
