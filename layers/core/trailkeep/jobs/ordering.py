"""A job is asked for: it is kept, what it will read is paid for once, and somebody begins with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trailkeep.access.budget import give_back
from trailkeep.access.principal import Principal
from trailkeep.errors import StorageUnavailable, TrailkeepError
from trailkeep.jobs.idempotency import Idempotency
from trailkeep.jobs.job import Job
from trailkeep.jobs.starting import start
from trailkeep.jobs.store import JobStore
from trailkeep.observability import logger


def order(
    store: JobStore,
    kind: str,
    request: Mapping[str, Any],
    who: Principal,
    scope: str,
    now: datetime,
    *,
    paid: int,
    idempotency: Idempotency | None = None,
) -> Job:
    """A new job, as :meth:`JobStore.create` makes it, or the one that this ``idempotency`` stands for.

    ``paid`` bytes were taken of what the token may read, at ``now``: they are given back where there is no new job.
    """
    try:
        job = store.create(kind, dict(request), who, scope, now, idempotency)
    except TrailkeepError:
        give_back(store.lake, who, paid, now)
        raise
    if job.created_at != now:  # it was paid for when it was asked for first
        give_back(store.lake, who, paid, now)
    return job


def begin(job: Job) -> None:
    """Have a job worked on soon; where nobody can be called now, the schedule sees to it."""
    try:
        start(job.id)
    except StorageUnavailable as error:
        logger.warning("the job waits for the schedule", extra={"job": job.id, "reason": error.message})
