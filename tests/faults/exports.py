"""Exports, to be interrupted: an order is one job however often it is sent, and its files are there whole or not."""

from __future__ import annotations

import gzip
import json
from hashlib import sha256
from typing import Any

from tests.faults.invariants import Invariant, demand
from tests.faults.scenario import Scenario, answered, nothing
from tests.functions.deployment import Deployment, sample
from tests.functions.events import as_array, make_events
from tests.functions.job_works import work_off

_KEY = {"Idempotency-Key": "audit-2026-03"}
_LOOKUP = {"lookup": {"eventRW": "Write"}, "format": "csv", "gzip": True}


def _order(deployment: Deployment) -> bool:
    return answered(deployment.export(_LOOKUP, _KEY))


def _check_order(deployment: Deployment) -> None:
    jobs = deployment.documents("state/jobs/8")
    demand(Invariant.NOTHING_TWICE, len(jobs) == 1, jobs)
    demand(Invariant.ACKNOWLEDGED_IS_DONE, (jobs[0]["state"], jobs[0]["request"]) == ("queued", _LOOKUP), jobs)
    (mark,) = deployment.keys("state/jobs/open/")
    demand(Invariant.ENDS, mark.endswith(jobs[0]["id"]), f"the schedule does not know of it: {mark}")


ORDER = Scenario(
    function="export_events",
    about="the order of an export, with its Idempotency-Key",
    prepare=lambda deployment: None,
    run=_order,
    check=_check_order,
    stands=nothing,  # IDs are random
)


# The work on it


_EVENTS = make_events(5)


def _prepare_work(deployment: Deployment) -> None:
    deployment.land_and_deliver("log.json", as_array(_EVENTS))
    window = {"startTime": "2026-03-09T00:00:00Z", "direction": "FORWARD"}
    assert deployment.export({"lookup": window, "format": "json", "gzip": True}).status == 202


def _work(deployment: Deployment) -> bool:
    """By now whoever worked on it before, and broke off, has lost it."""
    deployment.clock.forward(minutes=5)
    found = deployment.invoke("run_job", sample("run_job/schedule.json"))
    states = [answer["state"] for answer in work_off(deployment)]
    return states[-1:] == ["succeeded"] or found["JobsOpen"] == found["JobsUnreadable"] == 0


def _check_work(deployment: Deployment) -> None:
    (job,) = deployment.documents("state/jobs/8")
    demand(Invariant.ACKNOWLEDGED_IS_DONE, job["state"] == "succeeded", job)
    stand = {key.rpartition("/")[2]: body for key, body in deployment.objects("exports/jobs/").items()}
    (file,) = job["result"]["files"]
    demand(Invariant.NOTHING_TWICE, sorted(stand) == ["manifest.json", file["name"]], sorted(stand))
    body = stand[file["name"]]
    demand(Invariant.COMMIT_IS_TRUE, (file["bytes"], file["sha256"]) == (len(body), sha256(body).hexdigest()), file)
    demand(Invariant.NOTHING_LOST, json.loads(gzip.decompress(body)) == _EVENTS, "other events than the lookup's")
    manifest = json.loads(stand["manifest.json"])
    demand(Invariant.COMMIT_IS_TRUE, (manifest["files"], manifest["complete"]) == ([file], True), manifest)


def _left_by_work(deployment: Deployment) -> dict[str, Any]:
    """All but the times, which are later where a step had to wait for the schedule."""
    (job,) = deployment.documents("state/jobs/8")
    told = {name: job[name] for name in ("state", "result", "error")}
    return {"job": told, "results": deployment.objects("exports/jobs/")}


WORK = Scenario(
    function="run_job",
    about="an export, from the schedule's call to its end",
    prepare=_prepare_work,
    run=_work,
    check=_check_work,
    stands=_left_by_work,
)
