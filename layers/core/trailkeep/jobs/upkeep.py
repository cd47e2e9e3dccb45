"""What the schedule does for jobs: nobody's job waits for ever, and what has expired goes with its result."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from trailkeep.errors import ObjectUnreadable, StorageUnavailable
from trailkeep.jobs.job import JOBS, Job, counted_back, job_id_in, moment_in
from trailkeep.jobs.lifecycle import LONGEST, is_due
from trailkeep.jobs.store import DELETED, OPEN, JobStore
from trailkeep.lake.storage import Stat

KEPT = timedelta(minutes=20)
"""A job that is gone stands for so long: longer than a worker that was cut off from it lives, and may still write."""

FORGOTTEN = timedelta(hours=1)
"""A mark whose job is not there after this belongs to a creation that was cut off."""


MOST_FAILURES = 5
"""After so many it is the store that fails, or Lambda, and not one of the jobs."""

Found = Job | ObjectUnreadable | None
"""A job; or that it cannot be read, or is not there."""


@dataclass(slots=True)
class Upkeep:
    """What was found and done: jobs that have not ended, workers called, jobs removed, and what cannot be read."""

    open: int = 0
    started: int = 0
    removed: int = 0
    unreadable: int = 0

    def counts(self) -> dict[str, int]:
        """What is watched, by the names that it has as metrics."""
        names = {"open": "JobsOpen", "started": "JobsStarted", "removed": "JobsRemoved", "unreadable": "JobsUnreadable"}
        return {names[name]: count for name, count in asdict(self).items()}


def look_after_jobs(
    store: JobStore, start: Callable[[str], None], now: datetime, out_of_time: Callable[[], bool] = lambda: False
) -> Upkeep:
    """Call a worker for each job that has none, and remove what is gone. Safe to repeat, and to run twice at once.

    One that cannot be called for or removed holds up no other. Then, or after :data:`MOST_FAILURES`, it raises
    :class:`StorageUnavailable`; the next run does what this one did not.
    """
    done = Upkeep()
    failures: list[StorageUnavailable] = []

    def attempt(act: Callable[..., object], about: Job | str) -> bool:
        try:
            act(about)
        except StorageUnavailable as error:
            failures.append(error)
            if len(failures) == MOST_FAILURES:
                raise
            return False
        return True

    for stat, job_id, job in _marked(store, OPEN, done):
        if isinstance(job, ObjectUnreadable):
            continue  # until it expires, or somebody restores it
        if job is None:
            if stat.modified_at + FORGOTTEN <= now:
                store.unmark(OPEN, job_id)
        elif job.has_ended:
            attempt(store.settle, job)
        else:
            done.open += 1
            if is_due(job, now):
                done.started += attempt(start, job_id)
    for job_id in (*_deleted(store, now, done), *_expired(store, now, done)):
        if out_of_time():
            break
        done.removed += attempt(store.remove, job_id)
    if failures:
        raise failures[0]
    return done


def _deleted(store: JobStore, now: datetime, done: Upkeep) -> Iterator[str]:
    """The jobs that were deleted long enough ago."""
    for stat, job_id, job in _marked(store, DELETED, done):
        if isinstance(job, ObjectUnreadable):
            continue
        if job is not None and job.deleted_at is not None:
            if job.deleted_at + KEPT <= now:
                yield job_id
        elif stat.modified_at + FORGOTTEN <= now:
            store.unmark(DELETED, job_id)


def _expired(store: JobStore, now: datetime, done: Upkeep) -> Iterator[str]:
    """The jobs that have expired long enough ago: only those are looked at that were created before that time."""
    newest = counted_back(now - store.retention - KEPT)
    for page in store.lake.pages(JOBS, after=f"{JOBS}{newest}"):
        named = [(stat, job_id) for stat in page.objects if (job_id := job_id_in(stat.key))]
        for _, job_id, job in _found(store, named, done):
            latest = moment_in(job_id) + LONGEST + store.retention
            expires_at = job.expires_at(store.retention) if isinstance(job, Job) else latest
            if expires_at is not None and expires_at + KEPT <= now:
                yield job_id


def _marked(store: JobStore, kind: str, done: Upkeep) -> Iterator[tuple[Stat, str, Found]]:
    return _found(store, [(stat, stat.key.removeprefix(kind)) for stat in store.marked(kind)], done)


def _found(store: JobStore, named: list[tuple[Stat, str]], done: Upkeep) -> Iterator[tuple[Stat, str, Found]]:
    """What was listed, with the ID and the job; those that cannot be read are counted."""
    jobs = store.find_all([job_id for _, job_id in named])
    for (stat, job_id), job in zip(named, jobs, strict=True):
        done.unreadable += isinstance(job, ObjectUnreadable)
        yield stat, job_id, job
