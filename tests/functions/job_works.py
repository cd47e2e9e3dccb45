"""A kind of job that is easy to follow, for the function that works on jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.functions.deployment import ALL_SCOPES, LAKE, Deployment
from trailkeep.access.principal import from_context
from trailkeep.jobs.job import Job
from trailkeep.jobs.runner import Progress, Unfinished
from trailkeep.jobs.store import JobStore
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket

FILES = 3


def create(deployment: Deployment, who: Any = ALL_SCOPES, kind: str = "files", scope: str = "download") -> Job:
    """A new job, as the functions create them that are asked for one."""
    request = {"files": FILES}
    return JobStore(Bucket(LAKE)).create(kind, request, from_context(who), scope, deployment.clock.now())


def write_files(job: Job, progress: Progress, lake: Lake, now: datetime) -> dict[str, Any]:
    """One file in each step, and a checkpoint after it."""
    number = (job.checkpoint or {"written": 0})["written"]
    if number < job.request["files"]:
        Bucket(LAKE).create(f"{job.results}part-{number}", str(number).encode())
        progress.report(rows=number + 1, fraction=(number + 1) / FILES, checkpoint={"written": number + 1})
        if number + 1 < job.request["files"]:
            raise Unfinished
    return {"files": [{"name": f"part-{each}"} for each in range(FILES)], "at": str(now)}


def teach(deployment: Deployment, work: Any = write_files) -> None:
    """Let the function know the kind ``files``."""
    deployment.function("run_job").KINDS["files"] = work


def work_off(deployment: Deployment) -> list[dict[str, Any]]:
    """Invoke what was called, until nothing is called any more; gives the answers."""
    answers = []
    while deployment.called:
        answers.append(deployment.invoke("run_job", deployment.called.pop(0)))
    return answers
