"""Jobs, to be interrupted: each comes to one end, and what it wrote is there once or, where it has no result, not."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.invariants import Invariant, demand
from tests.faults.scenario import Scenario, answered, nothing
from tests.faults.world import objects_of
from tests.functions.deployment import ALL_SCOPES, Deployment, sample
from tests.functions.job_works import FILES, create, teach, work_off
from trailkeep.jobs.job import job_id_in

WANTED = {f"part-{number}": str(number).encode() for number in range(FILES)}


def _job_of(deployment: Deployment) -> dict[str, Any]:
    """The one job, as it is stored."""
    (job,) = deployment.documents("state/jobs/8")
    return job


def results(deployment: Deployment) -> dict[str, bytes]:
    """What stands under the names of results."""
    return {key.split("/")[-1]: body for key, body in deployment.objects("exports/jobs/").items()}


def _schedule(deployment: Deployment) -> None:
    """The schedule runs, and what it calls for is worked on, step by step."""
    teach(deployment)
    deployment.invoke("run_job", sample("run_job/schedule.json"))
    work_off(deployment)


# A job


def _work(deployment: Deployment) -> bool:
    """By now whoever worked on it before, and broke off, has lost it."""
    deployment.clock.forward(minutes=5)
    _schedule(deployment)
    # Not asked through the interface: that would be a call as well.
    (job,) = [json.loads(stood.body) for stood in objects_of(deployment) if job_id_in(stood.key)]
    return bool(job["state"] == "succeeded")


def _check_work(deployment: Deployment) -> None:
    job = _job_of(deployment)
    demand(Invariant.ACKNOWLEDGED_IS_DONE, job["state"] == "succeeded", job)
    demand(Invariant.CONSERVED, job["progress"]["rows"] == FILES, job)
    demand(Invariant.NOTHING_TWICE, results(deployment) == WANTED, sorted(results(deployment)))
    demand(Invariant.ENDS, not deployment.keys("state/jobs/open/"), "it is looked after for ever")
    told = deployment.job("GET", f"/v1/jobs/{job['id']}").body["job"]
    demand(Invariant.NOTHING_LOST, [file["name"] for file in told["result"]["files"]] == sorted(WANTED), told)


def _left_by_work(deployment: Deployment) -> dict[str, Any]:
    """All but the times, which are later where a step had to wait for the schedule."""
    job = _job_of(deployment)
    return {
        "job": {name: job[name] for name in ("state", "progress", "error", "checkpoint", "lease")},
        "results": results(deployment),
        "marks": deployment.keys("state/jobs/open/") + deployment.keys("state/jobs/deleted/"),
    }


WORK = Scenario(
    function="run_job",
    about="a job of several steps, from the schedule's call to its end",
    prepare=create,
    run=_work,
    check=_check_work,
    stands=_left_by_work,
)


# Its expiry


def _prepare_expiry(deployment: Deployment) -> None:
    """One has expired, one was deleted and a worker of its wrote on, one stays."""
    _prepare_ended(deployment)
    deployment.clock.forward(days=7)
    _prepare_ended(deployment)
    deployed = deployment.documents("state/jobs/8")[0]
    assert deployment.job("DELETE", f"/v1/jobs/{deployed['id']}").status == 200
    deployment.s3.put_object(Bucket="trailkeep-lake", Key=f"exports/jobs/{deployed['id']}/late", Body=b"")
    deployment.clock.forward(minutes=20)
    _prepare_ended(deployment)


def _expire(deployment: Deployment) -> bool:
    _schedule(deployment)
    return True


def _check_expiry(deployment: Deployment) -> None:
    job = _job_of(deployment)
    demand(Invariant.NOTHING_LOST, results(deployment) == WANTED, sorted(results(deployment)))
    demand(Invariant.ONE_OUTCOME, all(job["id"] in key for key in deployment.keys("exports/jobs/")), job["id"])
    deployment.clock.forward(hours=1)
    _schedule(deployment)
    demand(Invariant.ENDS, not deployment.keys("state/jobs/deleted/"), "it is looked after for ever")


EXPIRY = Scenario(
    function="run_job",
    about="jobs that have expired or were deleted, with their results",
    prepare=_prepare_expiry,
    run=_expire,
    check=_check_expiry,
    # The mark of a removal that was cut off at its end is removed an hour later.
    stands=lambda deployment: {
        key: body for key, body in deployment.objects().items() if not key.startswith("state/jobs/deleted/")
    },
    comes_again=True,
)


# Its end before its time


def _delete(deployment: Deployment) -> bool:
    """Asked again after an answer that did not come, it may be gone by then."""
    for stood in objects_of(deployment):
        if (job_id := job_id_in(stood.key)) is not None:
            answer = deployment.job("DELETE", f"/v1/jobs/{job_id}")
            return answer.status == 404 or answered(answer)
    return True


def _prepare_half_done(deployment: Deployment) -> None:
    """A step was done, and the next one was called for and did not come."""
    job = create(deployment)
    teach(deployment)
    assert deployment.invoke("run_job", {"job": job.id})["state"] == "running"
    deployment.called.clear()


def _check_cancelled(deployment: Deployment) -> None:
    _schedule(deployment)
    for job in deployment.documents("state/jobs/8"):
        demand(Invariant.ACKNOWLEDGED_IS_DONE, job["state"] == "cancelled", job)
    demand(Invariant.NOTHING_LOST, not results(deployment), "of a job without a result something stays")
    demand(Invariant.ENDS, not deployment.keys("state/jobs/open/"), "it is looked after for ever")


CANCELLING = Scenario(
    function="manage_jobs",
    about="a job between two steps that is cancelled",
    prepare=_prepare_half_done,
    run=_delete,
    check=_check_cancelled,
    stands=nothing,
    may_repeat=False,  # done, the same request deletes the job
)


def _prepare_ended(deployment: Deployment) -> None:
    job = create(deployment)
    teach(deployment)
    deployment.called.append({"job": job.id})
    assert work_off(deployment)[-1]["state"] == "succeeded"


def _check_deleted(deployment: Deployment) -> None:
    demand(Invariant.ACKNOWLEDGED_IS_DONE, deployment.job("GET", "/v1/jobs", ALL_SCOPES).body["jobs"] == [], "shown")
    deployment.clock.forward(hours=2)
    _schedule(deployment)
    left = deployment.keys("state/jobs/") + deployment.keys("exports/")
    demand(Invariant.ENDS, not left, left)


DELETION = Scenario(
    function="manage_jobs",
    about="a job that has ended and is deleted, with its result",
    prepare=_prepare_ended,
    run=_delete,
    check=_check_deleted,
    stands=nothing,
)
