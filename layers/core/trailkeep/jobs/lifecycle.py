"""What may happen to a job, and what becomes of it then: pure, from one state of it to the next.

A worker holds a job by a lease. It may be killed at any moment, and it may come back when another one has the job: so
each change that a worker makes asks first whether it is still the one. A job that was to be cancelled has no other end.
"""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from trailkeep.errors import QueryFailed, TrailkeepError
from trailkeep.jobs.job import Failure, Job, Lease, State, Tally

LEASE = timedelta(minutes=3)
"""After this without a report a worker counts as dead, and the next one goes on from the last checkpoint."""

MOST_ATTEMPTS = 5
"""Workers that may begin without any of them getting to a checkpoint: then the job has failed."""

LONGEST = timedelta(hours=24)
"""A job that has not ended so long after its creation has failed, whatever it got to."""

PAUSE = timedelta(minutes=1)
"""How long a job waits after its first attempt that failed; twice as long after each further one."""

ON_ITS_WAY = timedelta(minutes=1)
"""For so long a job that nobody works on is left to the worker that was called: it may be on its way."""


class Cancelled(Exception):
    """The job is to end here: somebody cancelled it."""


class LeaseLost(Exception):
    """The job is not this worker's any more: it took too long to report, or the job is gone."""


def failure_of(error: TrailkeepError) -> Failure:
    """An error as it is told to whoever asked for the job."""
    return Failure(error.code, error.message, error.hint, error.status)


def is_due(job: Job, now: datetime) -> bool:
    """Whether a worker has to be called: none works on it, and none is on its way."""
    if job.has_ended:
        return False
    waits_until = job.lease.until if job.lease else job.updated_at + ON_ITS_WAY
    return waits_until <= now


def claimed(job: Job, owner: str, now: datetime) -> Job:
    """The job with ``owner`` as its worker. Unchanged where it has ended or is held; ended where it had its chances."""
    if job.has_ended or job.is_held(now):
        return job
    if job.cancel_requested:
        return _ended(job, "cancelled", now)
    given_up = _why_give_up(job, now)
    if given_up is not None:
        return _ended(job, "failed", now, error=given_up)
    return replace(
        job,
        state="running",
        started_at=job.started_at or now,
        updated_at=now,
        lease=Lease(owner, now + LEASE),
        attempts=job.attempts + 1,
    )


def reported(job: Job, owner: str, now: datetime, tally: Tally, checkpoint: dict[str, Any] | None) -> Job:
    """The job with what was done since. ``checkpoint`` None: the one before still counts.

    Raises :class:`LeaseLost` and :class:`Cancelled`, as all that a worker does.
    """
    _demand_held(job, owner)
    is_further = checkpoint is not None and checkpoint != job.checkpoint
    return replace(
        job,
        updated_at=now,
        lease=Lease(owner, now + LEASE),
        progress=job.progress.raised(tally),
        checkpoint=checkpoint if is_further else job.checkpoint,
        attempts=0 if is_further else job.attempts,
    )


def released(job: Job, owner: str, now: datetime, tally: Tally, checkpoint: dict[str, Any] | None) -> Job:
    """As :func:`reported`, and the job is free for the next worker."""
    return replace(reported(job, owner, now, tally, checkpoint), lease=None)


def postponed(job: Job, owner: str, now: datetime, failure: Failure) -> Job:
    """The job after an attempt that failed by no fault of its own: it waits, or has failed if that was the last one."""
    _demand_held(job, owner)
    if job.attempts >= MOST_ATTEMPTS:
        return _ended(job, "failed", now, error=failure)
    pause = PAUSE * 2 ** max(job.attempts - 1, 0)
    return replace(job, updated_at=now, lease=Lease("", now + pause))


def succeeded(job: Job, owner: str, now: datetime, tally: Tally, result: dict[str, Any]) -> Job:
    """The job with its result."""
    _demand_held(job, owner)
    progress = job.progress.raised(tally).raised(Tally(fraction=1.0))
    return replace(_ended(job, "succeeded", now), progress=progress, result=result)


def failed(job: Job, owner: str, now: datetime, failure: Failure) -> Job:
    """The job that cannot be done, with the reason."""
    _demand_held(job, owner)
    return _ended(job, "failed", now, error=failure)


def stopped(job: Job, owner: str, now: datetime) -> Job:
    """The job that its worker has stopped, because it was to be cancelled. Raises :class:`LeaseLost`."""
    if not job.is_held_by(owner):
        raise LeaseLost
    return _ended(job, "cancelled", now)


def cancelled(job: Job, now: datetime) -> Job:
    """The job that somebody cancels: ended where nobody works on it, else to be stopped by who does."""
    if job.has_ended:
        return job
    if job.lease is not None and job.lease.owner and job.is_held(now):
        return replace(job, cancel_requested=True)
    return _ended(replace(job, cancel_requested=True), "cancelled", now)


def deleted(job: Job, now: datetime) -> Job:
    """The job that somebody deletes: gone, though it stands a little longer. One that has not ended stays."""
    return replace(job, deleted_at=now) if job.has_ended and job.deleted_at is None else job


def _why_give_up(job: Job, now: datetime) -> Failure | None:
    """Why nobody should begin to work on a job once more; None where somebody should."""
    if job.attempts >= MOST_ATTEMPTS:
        return failure_of(TrailkeepError(f"the work broke off {job.attempts} times without getting any further"))
    if job.created_at + LONGEST <= now:
        hours = LONGEST // timedelta(hours=1)
        return failure_of(QueryFailed(f"the job did not end within {hours} hours", hint="Ask for less at once."))
    return None


def _demand_held(job: Job, owner: str) -> None:
    if not job.is_held_by(owner):
        raise LeaseLost
    if job.cancel_requested:
        raise Cancelled


def _ended(job: Job, state: State, now: datetime, error: Failure | None = None) -> Job:
    """Without its checkpoint, which is of no use any more."""
    return replace(job, state=state, updated_at=now, ended_at=now, checkpoint=None, error=error, lease=None)
