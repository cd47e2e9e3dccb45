"""Whatever happens to jobs in whatever order: what was promised of them holds, and each comes to one end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.job_world import ALICE, BOB, JobWorld
from trailkeep.errors import IdempotencyConflict, InvalidQuery, JobNotFound, StorageUnavailable
from trailkeep.jobs.idempotency import Idempotency
from trailkeep.jobs.job import Job, State, Tally
from trailkeep.jobs.lifecycle import (
    LONGEST,
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
from trailkeep.jobs.store import DELETED, OPEN

ENDS: tuple[State, ...] = ("succeeded", "failed", "cancelled")


numbers = st.integers(0, 11)
spans = st.sampled_from(
    [timedelta(seconds=s) for s in (1, 5, 10, 20, 60, 120, 300)] + [timedelta(hours=9), timedelta(days=3)]
)


@dataclass
class Worker:
    """A process that has claimed a job; it may live long after it has lost it."""

    job_id: str
    owner: str
    wrote: int = 0


class Jobs(RuleBasedStateMachine):
    """Users, workers, the schedule and time, in any order; a worker dies when no rule comes for it any more."""

    def __init__(self) -> None:
        super().__init__()
        self.world = JobWorld()
        self.owners = 0
        self.workers: list[Worker] = []
        self.created: dict[str, Job] = {}
        self.by_key: dict[tuple[str, str], str] = {}
        self.seen: dict[str, Job] = {}
        """Each job as it was last seen."""
        self.cancelled: set[str] = set()

    def job(self, number: int) -> str:
        """One of the jobs, rather one of the last."""
        return list(self.created)[-1 - number % min(3, len(self.created))]

    def worker(self, number: int) -> Worker:
        """The last of the workers, seldom another."""
        return self.workers[-1 - max(number - 8, 0) % len(self.workers)]

    # Users

    @initialize()
    def begin(self) -> None:
        self.create(ALICE, None)
        self.claim(0)

    @rule(who=st.sampled_from([ALICE, BOB]), key=st.sampled_from([None, "one", "two"]))
    def create(self, who: Any, key: str | None) -> None:
        idempotency = None if key is None else Idempotency(key, b"body")
        known = self.by_key.get((who.token_id, key)) if key else None
        try:
            job = self.world.create(who, idempotency=idempotency)
        except IdempotencyConflict:
            assert known is not None
            assert self.is_gone(known)
            return
        if known is not None:
            assert job.id == known
            assert not self.is_gone(known)
        else:
            assert job.id not in self.created
        self.created.setdefault(job.id, job)
        if key:
            self.by_key[who.token_id, key] = job.id

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        job_id = self.job(number)
        with suppress(JobNotFound):
            before = self.world.store.read(job_id, self.world.now)
            after = self.world.store.cancel(job_id, self.world.now)
            if not before.has_ended:
                assert after.state == "cancelled" or after.cancel_requested
                self.cancelled.add(job_id)

    @rule(number=numbers)
    def delete(self, number: int) -> None:
        job_id = self.job(number)
        with suppress(JobNotFound):
            job = self.world.store.read(job_id, self.world.now)
            self.world.store.delete(job_id, self.world.now)
            assert self.is_gone(job_id) is job.has_ended

    # Workers

    @rule(number=numbers)
    def claim(self, number: int) -> None:
        job_id = self.job(number)
        if self.seen and all(job.has_ended for job in self.seen.values()):
            self.create(BOB, None)
            job_id = self.job(0)
        self.owners += 1
        owner = str(self.owners)
        with suppress(JobNotFound):
            before = self.world.store.find(job_id)
            job = self.world.store.change(job_id, lambda job: claimed(job, owner, self.world.now))
            if job.is_held_by(owner):
                assert before is not None
                assert not before.is_held(self.world.now)
                assert not before.has_ended
                self.workers.append(Worker(job_id, owner))

    @rule(number=numbers, rows=st.integers(0, 9), checkpoint=st.none() | st.integers(0, 9))
    def report(self, number: int, rows: int, checkpoint: int | None) -> None:
        worker, kept = self.worker(number), None if checkpoint is None else {"at": checkpoint}
        self.change(worker, lambda job: reported(job, worker.owner, self.world.now, Tally(rows=rows), kept))

    @rule(number=numbers, rows=st.integers(0, 9))
    def release(self, number: int, rows: int) -> None:
        worker = self.worker(number)
        self.change(worker, lambda job: released(job, worker.owner, self.world.now, Tally(rows=rows), None))

    @rule(number=numbers)
    def write(self, number: int) -> None:
        """Also one that has lost its job writes: it does not know yet."""
        worker = self.worker(number)
        if worker.wrote < 2:
            worker.wrote += 1
            self.world.lake.create(f"exports/jobs/{worker.job_id}/{worker.owner}-{worker.wrote}", b"")

    @rule(number=numbers)
    def succeed(self, number: int) -> None:
        worker = self.worker(number)
        result = {"by": worker.owner}
        job = self.change(worker, lambda job: succeeded(job, worker.owner, self.world.now, Tally(rows=9), result))
        assert job is None or job.result == result

    @rule(number=numbers, is_final=st.booleans())
    def fail(self, number: int, is_final: bool) -> None:
        worker, step = self.worker(number), failed if is_final else postponed
        failure = failure_of(InvalidQuery("no") if is_final else StorageUnavailable("down"))
        self.change(worker, lambda job: step(job, worker.owner, self.world.now, failure))

    def change(self, worker: Worker, step: Any) -> Job | None:
        """A worker's own change, in which it may find out that the job is not its own, or is cancelled."""
        try:
            return self.world.store.change(worker.job_id, step)
        except Cancelled:
            assert worker.job_id in self.cancelled
            self.world.store.change(worker.job_id, lambda job: stopped(job, worker.owner, self.world.now))
        except LeaseLost:
            found = self.world.store.find(worker.job_id)
            assert found is None or not found.is_held_by(worker.owner)
        except JobNotFound:
            assert self.is_gone(worker.job_id)
        return None

    # The schedule and time

    @rule()
    def look_after(self) -> None:
        self.world.look_after()
        for job_id in self.world.called:
            assert not self.world.store.read(job_id, self.world.now).has_ended
        self.world.called.clear()

    @rule(span=spans)
    def time_passes(self, span: timedelta) -> None:
        self.world.lake.now += span

    # What holds all the time

    @invariant()
    def each_job_goes_one_way(self) -> None:
        for job_id in self.created:
            job = self.world.store.find(job_id)
            before = self.seen.get(job_id)
            if job is None:
                assert self.is_gone(job_id)
                continue
            self.seen[job_id] = job
            assert job.has_ended is (job.ended_at is not None)
            assert (job.result is not None) is (job.state == "succeeded")
            assert (job.error is not None) is (job.state == "failed")
            assert job.lease is None or job.state == "running"
            assert not (job_id in self.cancelled and job.state in ("succeeded", "failed"))
            if before is None:
                continue
            assert job.progress.raised(before.progress) == job.progress
            if before.has_ended:
                # Nothing of it changes any more, but that it is deleted.
                assert (job.state, job.result, job.error) == (before.state, before.result, before.error)
                assert job.updated_at == before.updated_at
            assert before.state == "queued" or job.state != "queued"

    @invariant()
    def every_job_that_has_not_ended_is_looked_after(self) -> None:
        marked = {stat.key.removeprefix(OPEN) for stat in self.world.store.marked(OPEN)}
        for job_id, job in self.seen.items():
            if self.world.store.find(job_id) is not None and not job.has_ended:
                assert job_id in marked

    def is_gone(self, job_id: str) -> bool:
        try:
            self.world.store.read(job_id, self.world.now)
        except JobNotFound:
            return True
        return False

    # What holds in the end

    def teardown(self) -> None:
        """All workers die, and the schedule goes on alone: each job ends within a day, and expires after that."""
        for _ in self.minutes(LONGEST):
            self.world.look_after()
            for job_id in self.world.called:  # each of these dies at once
                self.world.store.change(job_id, lambda job: claimed(job, "short-lived", self.world.now))
            self.world.called.clear()
            if not self.world.store.marked(OPEN):
                break
        for job_id in self.created:
            job = self.world.store.find(job_id)
            assert job is None or job.state in ENDS
        assert self.world.store.marked(OPEN) == []
        self.world.forward(days=9)
        self.world.look_after()
        assert self.world.store.marked(DELETED) == []
        assert [key for key in self.world.lake.objects if "/jobs/" in key and self.is_ours(key)] == []

    def is_ours(self, key: str) -> bool:
        """Not what a worker wrote after its job was removed: no worker lives so long."""
        return not key.startswith("exports/jobs/")

    def minutes(self, most: timedelta) -> Iterator[None]:
        end = self.world.now + most + timedelta(hours=1)
        while self.world.now < end:
            yield
            self.world.forward(minutes=1)


TestJobs = Jobs.TestCase
TestJobs.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
