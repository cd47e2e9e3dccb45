"""Working on a job: take it, do its work in a step of some minutes, keep what was done, and bring it to an end.

What is done in a step and not in a checkpoint is done again by the next one, and a worker that was taken for dead may
still write. So work never writes over what stands, and gives a checkpoint once all that it names is stored.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from trailkeep.errors import ObjectNotFound, TrailkeepError
from trailkeep.jobs.job import Job, Tally
from trailkeep.jobs.lifecycle import (
    Cancelled,
    LeaseLost,
    claimed,
    failed,
    failure_of,
    postponed,
    released,
    reported,
    stopped,
    succeeded,
)
from trailkeep.jobs.store import JobStore

STEP = timedelta(minutes=10)
"""The longest that one worker should work, before the next one goes on from its checkpoint."""

SAVED_EVERY = timedelta(seconds=10)
"""How often reports without a checkpoint are kept. A worker that reports each minute keeps its lease."""


class Unfinished(Exception):
    """Raised by work that wants to go on in another step, from ``checkpoint``; without one, from the last reported."""

    def __init__(self, checkpoint: dict[str, Any] | None = None) -> None:
        super().__init__("the rest is for another step")
        self.checkpoint = checkpoint


class Progress:
    """What work tells of itself while it works, and is told."""

    def __init__(
        self, store: JobStore, job: Job, owner: str, clock: Callable[[], datetime], out_of_time: Callable[[], bool]
    ) -> None:
        self._store = store
        self._job_id = job.id
        self._owner = owner
        self._clock = clock
        self._out_of_time = out_of_time
        self._began = self._saved_at = clock()
        self.tally = job.progress

    def report(
        self,
        *,
        rows: int = 0,
        bytes: int = 0,  # noqa: A002 - as the API calls it
        fraction: float = 0.0,
        checkpoint: dict[str, Any] | None = None,
    ) -> None:
        """Tell how far the whole job is, at least once a minute; often is cheap, since it is kept now and then.

        All are totals, of this step and those before; what is less than was told before is ignored. A ``checkpoint``
        (JSON) is kept at once, and is what ``job.checkpoint`` is for the next worker. Raises :class:`Cancelled` and
        :class:`LeaseLost`, which the work lets through; what it has written by then is cleared away.
        """
        self.tally = self.tally.raised(Tally(fraction, rows, bytes))
        now = self._clock()
        if checkpoint is None and now < self._saved_at + SAVED_EVERY:
            return
        self._store.change(self._job_id, lambda job: reported(job, self._owner, now, self.tally, checkpoint))
        self._saved_at = now

    def out_of_time(self) -> bool:
        """Whether the work should raise :class:`Unfinished`, as soon as it has something to go on from."""
        return self._out_of_time() or self._clock() >= self._began + STEP


Work = Callable[[Job, Progress], dict[str, Any]]
"""Does a job, or the rest of it, and gives its result (JSON).

An error of ours that is the request's fault (status below 500) ends the job as failed; any other is tried again.
"""


def _untold(_: Exception) -> None:
    """For those who do not want to know."""


def run(
    store: JobStore,
    job_id: str,
    kinds: Mapping[str, Work],
    clock: Callable[[], datetime],
    out_of_time: Callable[[], bool] = lambda: False,
    unexpected: Callable[[Exception], None] = _untold,
) -> Job:
    """Work on a job for one step, unless another does; gives it as it is then. ``kinds`` are the known works by name.

    ``out_of_time`` says when the function has to end; ``unexpected`` is told of errors that are not ours. Raises
    :class:`JobNotFound`, and :class:`StorageUnavailable` where the job stays as it is until its lease ends.
    """
    owner = secrets.token_hex(8)
    job = store.change(job_id, lambda job: claimed(job, owner, clock()))
    if not job.is_held_by(owner):
        return job
    progress = Progress(store, job, owner, clock, out_of_time)
    end = _attempt(job, progress, kinds, owner, clock, unexpected)
    try:
        try:
            return store.change(job_id, end)
        except Cancelled:
            return store.change(job_id, lambda job: stopped(job, owner, clock()))
    except LeaseLost:
        return store.read(job_id, clock())


def _attempt(
    job: Job,
    progress: Progress,
    kinds: Mapping[str, Work],
    owner: str,
    clock: Callable[[], datetime],
    unexpected: Callable[[Exception], None],
) -> Callable[[Job], Job]:
    """Do the work; gives what becomes of the job."""
    try:
        if job.kind not in kinds:
            raise TrailkeepError(f"this version of Trailkeep does no jobs of the kind {job.kind}")
        result = kinds[job.kind](job, progress)
        return lambda job: succeeded(job, owner, clock(), progress.tally, result)
    except Unfinished as rest:
        checkpoint = rest.checkpoint
        return lambda job: released(job, owner, clock(), progress.tally, checkpoint)
    except Cancelled:
        return lambda job: stopped(job, owner, clock())
    except LeaseLost:
        return lambda job: job
    except TrailkeepError as error:
        failure = failure_of(error)
        # An object that is gone was replaced while it was read: the next attempt finds what replaced it.
        if error.status < 500 and not isinstance(error, ObjectNotFound):
            return lambda job: failed(job, owner, clock(), failure)
        return lambda job: postponed(job, owner, clock(), failure)
    except Exception as error:  # noqa: BLE001 - told as one of ours, whose words cannot quote an event
        unexpected(error)
        failure = failure_of(TrailkeepError("something went wrong on our side"))
        return lambda job: postponed(job, owner, clock(), failure)
