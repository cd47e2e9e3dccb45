"""Where jobs are kept: one object each, changed by conditional writes, and the marks of those that need looking after.

Every job that has not ended has a mark under :data:`OPEN`, made before the job and removed after its end, so that the
schedule finds it among however many others. A job that was deleted has one under :data:`DELETED`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec

from trailkeep.access.principal import Principal
from trailkeep.errors import (
    IdempotencyConflict,
    JobNotFound,
    ObjectNotFound,
    ObjectUnreadable,
    StorageUnavailable,
    TooManyJobs,
)
from trailkeep.jobs.idempotency import Idempotency, bind
from trailkeep.jobs.job import JOBS, Job, is_job_id, job_key, mark_in, mark_of, new_job_id, results_prefix
from trailkeep.jobs.lifecycle import cancelled, deleted
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.storage import Bucket, Stat

OPEN = f"{JOBS}open/"
DELETED = f"{JOBS}deleted/"

DEFAULT_RETENTION_DAYS = 7
"""How long a job and its result are there after its end, unless the deployment says otherwise."""

MOST_OPEN = 50
"""Jobs of one token that may wait or run at the same time: a function works on each of them."""

_TRIES = 8
_decoder = msgspec.json.Decoder(Job)


class JobStore:
    """The jobs of a lake. Every method raises :class:`StorageUnavailable` where the object store does not answer."""

    def __init__(self, lake: Bucket, retention: timedelta = timedelta(days=DEFAULT_RETENTION_DAYS)) -> None:
        self.lake = lake
        self.retention = retention

    def create(
        self,
        kind: str,
        request: dict[str, Any],
        who: Principal,
        scope: str,
        now: datetime,
        idempotency: Idempotency | None = None,
    ) -> Job:
        """A new job, to be started; or the one that this ``idempotency`` stands for, as it is by now.

        ``request`` is JSON, as the work of this ``kind`` will find it; ``scope`` is what the result needs. Raises
        :class:`TooManyJobs` and :class:`IdempotencyConflict`.
        """
        job_id = new_job_id(who.token_id, now)
        if idempotency is not None:
            bound = bind(self.lake, idempotency, who, job_id, now)
            job_id = bound.job_id
            standing = self.find(job_id)
            if self.is_gone(standing, now) if standing else not bound.is_fresh:
                raise IdempotencyConflict("the job that this Idempotency-Key stands for is there no more")
            if standing:
                return standing
        self._demand_room(who)
        self.mark(OPEN, job_id)
        context = who.context()
        job = Job(id=job_id, kind=kind, who=context, scope=scope, request=request, created_at=now, updated_at=now)
        body = msgspec.json.encode(job)
        if self.lake.create(job.key, body):
            return _decode(job_id, body)
        # This call wrote it and did not hear so, or the same request did at the same time.
        return self.read(job_id, now)

    def read(self, job_id: str, now: datetime) -> Job:
        """A job as it stands; :class:`JobNotFound` where there is none, or none any more."""
        job = self.find(job_id)
        if job is None or self.is_gone(job, now):
            raise JobNotFound("there is no such job")
        return job

    def read_for(self, job_id: str, who: Principal, now: datetime) -> Job:
        """A job that this token may see; for one that it may not see the same error as for none."""
        job = self.read(job_id, now)
        if not job.may_be_seen_by(who):
            raise JobNotFound("there is no such job")
        return job

    def cancel(self, job_id: str, now: datetime) -> Job:
        """End a job: at once where nobody works on it, else at its worker's next report. One that has ended stays."""
        return self.change(job_id, lambda job: cancelled(job, now))

    def delete(self, job_id: str, now: datetime) -> Job:
        """Let a job that has ended be gone from now on, with its result. One that has not stays."""
        self.mark(DELETED, job_id)
        job = self.change(job_id, lambda job: deleted(job, now))
        if job.deleted_at is not None:
            self.clear_results(job_id)
        return job

    def change(self, job_id: str, step: Callable[[Job], Job]) -> Job:
        """Take a job a step of :mod:`trailkeep.jobs.lifecycle` further, whatever others do meanwhile; gives it then.

        Also what comes with the end of a job is done. Raises what the step raises, and :class:`JobNotFound`.
        """
        written = b""
        for _ in range(_TRIES):
            body, etag = self._open(job_id)
            if body != written:  # else this call's own write stands, of which the answer was lost
                written = msgspec.json.encode(step(_decode(job_id, body)))
            if body == written or self.lake.replace(job_key(job_id), written, etag):
                return self.settle(_decode(job_id, written))
        raise StorageUnavailable("the job is being changed by others all the time")

    def settle(self, job: Job) -> Job:
        """Do what comes with the end of a job: what it wrote goes, unless that is a result, and then its mark."""
        if job.has_ended:
            if job.state != "succeeded":
                self.clear_results(job.id)
            self.unmark(OPEN, job.id)
        return job

    def find(self, job_id: str) -> Job | None:
        """A job, also one that is gone but stands; :class:`ObjectUnreadable` for a damaged one."""
        try:
            return _decode(job_id, self._open(job_id)[0])
        except JobNotFound:
            return None

    def find_all(self, job_ids: Sequence[str]) -> list[Job | ObjectUnreadable | None]:
        """As :meth:`find` for several at once; the error in the place of a damaged one."""

        def find(job_id: str) -> Job | ObjectUnreadable | None:
            try:
                return self.find(job_id)
            except ObjectUnreadable as error:
                return error

        return in_parallel(find, job_ids)

    def is_gone(self, job: Job, now: datetime) -> bool:
        """Whether a job has expired or is deleted: there for nobody."""
        expires_at = job.expires_at(self.retention)
        return expires_at is not None and expires_at <= now

    def clear_results(self, job_id: str) -> None:
        """Delete all that a job wrote."""
        for page in self.lake.pages(results_prefix(job_id)):
            in_parallel(lambda stat: self.lake.delete(stat.key, stat.etag), page.objects)

    def remove(self, job_id: str) -> None:
        """Delete a job with all that it wrote, and its marks last."""
        self.clear_results(job_id)
        self._delete(job_key(job_id))
        for kind in (OPEN, DELETED):
            self.unmark(kind, job_id)

    # Marks

    def mark(self, kind: str, job_id: str) -> None:
        """Have the schedule look after a job: :data:`OPEN` or :data:`DELETED`."""
        self.lake.create(f"{kind}{job_id}", b"")

    def unmark(self, kind: str, job_id: str) -> None:
        """Have the schedule look after a job no longer."""
        self._delete(f"{kind}{job_id}")

    def marked(self, kind: str) -> list[Stat]:
        """The marks of a kind; their keys end with the ID of a job."""
        return self.lake.list(kind).objects

    def _demand_room(self, who: Principal) -> None:
        mark = mark_of(who.token_id)
        own = [stat for stat in self.marked(OPEN) if is_job_id(name := stat.key[len(OPEN) :]) and mark_in(name) == mark]
        if len(own) >= MOST_OPEN:
            raise TooManyJobs(f"this token has {len(own)} jobs that have not ended")

    def _open(self, job_id: str) -> tuple[bytes, str]:
        if not is_job_id(job_id):
            raise JobNotFound("there is no such job")
        try:
            with self.lake.open(job_key(job_id)) as (stat, chunks):
                return b"".join(chunks), stat.etag
        except ObjectNotFound:
            raise JobNotFound("there is no such job") from None

    def _delete(self, key: str) -> None:
        with suppress(ObjectNotFound):
            self.lake.delete(key, self.lake.stat(key).etag)


def _decode(job_id: str, body: bytes) -> Job:
    try:
        return _decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise ObjectUnreadable(f"the job {job_id} is damaged", hint="Ask once more for what it was about.") from error
