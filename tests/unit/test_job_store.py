"""Keeping jobs: created once, changed by one at a time, cancelled, deleted, seen by those who may."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.unit.job_world import ADMIN, ALICE, BOB, JobWorld, Killed
from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import (
    IdempotencyConflict,
    InvalidParameter,
    JobNotFound,
    ObjectUnreadable,
    StorageUnavailable,
    TooManyJobs,
)
from trailkeep.jobs.idempotency import Idempotency, idempotency_of
from trailkeep.jobs.job import Job, Tally
from trailkeep.jobs.lifecycle import Cancelled, LeaseLost, claimed, failure_of, postponed, reported, stopped, succeeded
from trailkeep.jobs.store import DELETED, MOST_OPEN, OPEN

KEY = Idempotency("once", b'{"query": "x"}')


@pytest.fixture
def world() -> JobWorld:
    return JobWorld()


def claim(world: JobWorld, job: Job, owner: str = "worker") -> Job:
    return world.store.change(job.id, lambda job: claimed(job, owner, world.now))


def report(world: JobWorld, job: Job, owner: str = "worker", **more: Any) -> Job:
    tally, checkpoint = more.get("tally", Tally()), more.get("checkpoint")
    return world.store.change(job.id, lambda job: reported(job, owner, world.now, tally, checkpoint))


def finish(world: JobWorld, job: Job, owner: str = "worker") -> Job:
    return world.store.change(job.id, lambda job: succeeded(job, owner, world.now, Tally(), {"rows": 1}))


# Creating


def test_a_new_job_waits_and_is_marked(world: JobWorld) -> None:
    job = world.create()

    assert world.read(job) == job
    assert (job.state, job.kind, job.scope, job.request) == ("queued", "files", "download", {"files": 4})
    assert (job.created_at, job.attempts, job.progress) == (world.now, 0, Tally())
    assert sorted(world.lake.objects) == [job.key, f"{OPEN}{job.id}"]


def test_a_token_has_only_so_many_jobs_at_once(world: JobWorld) -> None:
    jobs = [world.create() for _ in range(MOST_OPEN)]

    with pytest.raises(TooManyJobs, match=str(MOST_OPEN)):
        world.create()
    assert len(world.lake.objects) == 2 * MOST_OPEN
    world.create(BOB)
    world.store.cancel(jobs[0].id, world.now)
    world.create()


def test_the_same_request_again_is_the_same_job(world: JobWorld) -> None:
    job = world.create(idempotency=KEY)
    world.forward(hours=3)

    assert world.create(idempotency=KEY) == job
    assert finish(world, claim(world, job)).state == "succeeded"
    assert world.create(idempotency=KEY).state == "succeeded"
    assert world.create().id != world.create().id


def test_the_same_request_again_needs_no_room(world: JobWorld) -> None:
    jobs = [world.create(idempotency=Idempotency(str(number), b"")) for number in range(MOST_OPEN)]

    assert world.create(idempotency=Idempotency("7", b"")) == jobs[7]


def test_the_same_key_with_another_body_is_refused_and_the_first_job_stays(world: JobWorld) -> None:
    job = world.create(idempotency=KEY)

    with pytest.raises(IdempotencyConflict):
        world.create(idempotency=Idempotency(KEY.key, b"other"))
    assert world.read(job) == job
    assert world.create(BOB, idempotency=Idempotency(KEY.key, b"other")).id != job.id


@pytest.mark.parametrize("minutes", [0, 5, 30, 60 * 24 * 8])
def test_a_key_whose_job_was_deleted_starts_no_other(world: JobWorld, minutes: int) -> None:
    job = world.create(idempotency=KEY)
    world.store.cancel(job.id, world.now)
    world.store.delete(job.id, world.now)
    world.forward(minutes=minutes)
    world.look_after()

    with pytest.raises(IdempotencyConflict, match="no more"):
        world.create(idempotency=KEY)


def test_a_key_whose_job_was_never_created_is_refused_after_a_while(world: JobWorld) -> None:
    world.create(idempotency=KEY)
    for key in list(world.lake.objects):
        if key.startswith("state/jobs/"):
            del world.lake.objects[key]
    world.forward(minutes=9)
    assert world.create(idempotency=KEY)
    for key in list(world.lake.objects):
        if key.startswith("state/jobs/"):
            del world.lake.objects[key]
    world.forward(minutes=1)
    with pytest.raises(IdempotencyConflict):
        world.create(idempotency=KEY)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "ä", "a\n"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(InvalidParameter, match="Idempotency-Key"):
        idempotency_of({"idempotency-key": key}, b"")


def test_a_key_is_read_from_its_header() -> None:
    assert idempotency_of({"idempotency-key": "order-17"}, b"body") == Idempotency("order-17", b"body")
    assert idempotency_of({"content-type": "application/json"}, b"body") is None


def calls_of_creation() -> int:
    world, calls = JobWorld(), Counter[str]()
    world.lake.before_call = lambda operation, key: calls.update([operation])  # type: ignore[method-assign]
    world.create(idempotency=KEY)
    return calls.total()


@pytest.mark.parametrize("at", range(calls_of_creation()))
@pytest.mark.parametrize("fault", [Killed(), StorageUnavailable("no answer")], ids=["killed", "unavailable"])
def test_a_creation_that_breaks_off_anywhere_and_is_sent_again_makes_one_job(at: int, fault: BaseException) -> None:
    world = JobWorld()
    countdown = iter(range(at, -1, -1))

    def before(operation: str, key: str) -> None:
        if next(countdown, -1) == 0:
            raise fault

    world.lake.before_call = before  # type: ignore[method-assign]
    with pytest.raises(type(fault)):
        world.create(idempotency=KEY)
    job = world.create(idempotency=KEY)

    assert [key for key in world.lake.objects if key.startswith("state/jobs/8")] == [job.key]
    assert [stat.key for stat in world.store.marked(OPEN)] == [f"{OPEN}{job.id}"]
    world.work_off()
    assert world.read(job).state == "succeeded"


class Forgetful(MemoryBucket):
    """Does each of the first writes, and answers as if it had not: as a client sees it that tried twice."""

    def __init__(self, answers_lost: int) -> None:
        super().__init__()
        self.left = answers_lost

    def create(self, key: str, body: bytes, metadata: Any = None) -> bool:
        return self._heard(super().create(key, body, metadata))

    def replace(self, key: str, body: bytes, etag: str) -> bool:
        return self._heard(super().replace(key, body, etag))

    def _heard(self, done: bool) -> bool:
        self.left -= done
        return done and self.left < 0


def test_a_creation_whose_answers_are_lost_gives_the_one_job() -> None:
    world = JobWorld(Forgetful(10))

    job = world.create(idempotency=KEY)

    assert world.create(idempotency=KEY) == job == world.read(job)
    assert len(world.store.marked(OPEN)) == 1


def test_changes_whose_answers_are_lost_are_made_once() -> None:
    world = JobWorld(Forgetful(100))
    job = world.create()

    assert claim(world, job).attempts == 1
    assert report(world, job, checkpoint={"at": 1}).attempts == 0
    assert finish(world, job).state == "succeeded"
    assert world.read(job).result == {"rows": 1}


def test_what_others_change_meanwhile_is_not_lost(world: JobWorld) -> None:
    job = claim(world, world.create())
    world.forward(seconds=1)
    original, others = world.lake.replace, iter([lambda: world.store.cancel(job.id, world.now)])

    def replace(key: str, body: bytes, etag: str) -> bool:
        for other in others:
            other()
        return original(key, body, etag)

    world.lake.replace = replace  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        report(world, job)
    assert world.read(job).cancel_requested


def test_a_job_that_others_change_all_the_time_is_given_up(world: JobWorld) -> None:
    job = world.create()
    world.lake.replace = lambda *_: False  # type: ignore[method-assign]

    with pytest.raises(StorageUnavailable):
        claim(world, job)


# Holding


def test_a_job_has_one_worker_at_a_time(world: JobWorld) -> None:
    job = world.create()

    assert claim(world, job, "one").is_held_by("one")
    assert not claim(world, job, "other").is_held_by("other")
    with pytest.raises(LeaseLost):
        report(world, job, "other")
    world.forward(minutes=2, seconds=59)
    assert report(world, job, "one").is_held_by("one")
    world.forward(minutes=2, seconds=59)
    assert not claim(world, job, "other").is_held_by("other")
    world.forward(seconds=1)
    taken = claim(world, job, "other")
    assert taken.is_held_by("other")
    with pytest.raises(LeaseLost):
        report(world, job, "one")
    with pytest.raises(LeaseLost):
        finish(world, job, "one")
    assert world.read(job) == taken


def test_a_late_worker_whose_job_nobody_took_goes_on(world: JobWorld) -> None:
    job = claim(world, world.create())
    world.forward(hours=1)

    assert report(world, job).is_held_by("worker")


# Cancelling


def test_a_job_that_waits_is_cancelled_at_once(world: JobWorld) -> None:
    job = world.create()

    cancelled = world.store.cancel(job.id, world.now)

    assert (cancelled.state, cancelled.ended_at) == ("cancelled", world.now)
    assert world.store.marked(OPEN) == []
    assert claim(world, job).state == "cancelled"


def test_a_job_under_work_is_cancelled_by_its_worker(world: JobWorld) -> None:
    job = claim(world, world.create())
    world.lake.put(f"{job.results}half", b"")

    asked = world.store.cancel(job.id, world.now)

    assert (asked.state, asked.cancel_requested) == ("running", True)
    for attempt in (lambda: report(world, job), lambda: finish(world, job)):
        with pytest.raises(Cancelled):
            attempt()
    ended = world.store.change(job.id, lambda job: stopped(job, "worker", world.now))
    assert ended.state == "cancelled"
    assert sorted(world.lake.objects) == [job.key]


def test_a_job_whose_worker_is_lost_is_cancelled_at_once(world: JobWorld) -> None:
    job = claim(world, world.create())
    world.forward(minutes=3)

    assert world.store.cancel(job.id, world.now).state == "cancelled"
    with pytest.raises(LeaseLost):
        report(world, job)


def test_a_job_that_waits_for_another_attempt_is_cancelled_at_once(world: JobWorld) -> None:
    job = claim(world, world.create())
    failure = failure_of(StorageUnavailable("down"))
    world.store.change(job.id, lambda job: postponed(job, "worker", world.now, failure))

    assert world.store.cancel(job.id, world.now).state == "cancelled"


def test_what_has_ended_stays_as_it_ended(world: JobWorld) -> None:
    job = finish(world, claim(world, world.create()))
    world.forward(seconds=1)

    assert world.store.cancel(job.id, world.now) == job


# Deleting, and who sees what


def test_a_deleted_job_is_gone_at_once_with_its_result(world: JobWorld) -> None:
    job = finish(world, claim(world, world.create()))
    world.lake.put(f"{job.results}1", b"")

    world.store.delete(job.id, world.now)

    assert world.results(job) == []
    for attempt in (lambda: world.read(job), lambda: world.store.read_for(job.id, ADMIN, world.now)):
        with pytest.raises(JobNotFound):
            attempt()


def test_a_deletion_that_breaks_off_anywhere_leaves_the_job_whole_or_gone() -> None:
    for at in range(8):
        world = JobWorld()
        job = finish(world, claim(world, world.create()))
        world.lake.put(f"{job.results}1", b"")
        countdown = iter(range(at, -1, -1))

        def before(operation: str, key: str, countdown: Any = countdown) -> None:
            if next(countdown, -1) == 0:
                raise Killed

        world.lake.before_call = before  # type: ignore[method-assign]
        try:
            world.store.delete(job.id, world.now)
        except Killed:
            pass
        else:
            assert at > 4
        world.lake.before_call = lambda operation, key: None  # type: ignore[method-assign]
        try:
            assert world.read(job) == job
            assert world.results(job) == ["1"]
        except JobNotFound:
            world.forward(hours=2)
            world.look_after()
            assert world.lake.objects == {}


def test_a_job_that_has_not_ended_is_not_deleted(world: JobWorld) -> None:
    job = claim(world, world.create())

    assert world.store.delete(job.id, world.now).deleted_at is None
    assert world.read(job) == job
    world.forward(hours=1)
    world.look_after()
    assert world.store.marked(DELETED) == []


def test_a_job_expires_after_its_end(world: JobWorld) -> None:
    job = world.create()
    world.forward(days=8)
    world.store.cancel(job.id, world.now)
    world.forward(days=6, hours=23, minutes=59)
    assert world.read(job).state == "cancelled"

    world.forward(minutes=1)

    with pytest.raises(JobNotFound):
        world.read(job)


@pytest.mark.parametrize("job_id", ["", "x", "../tokens/x", "open/", "1" * 13 + "-" + "a" * 12 + "-" + "a" * 32])
def test_no_job_has_an_id_that_nobody_made(world: JobWorld, job_id: str) -> None:
    for attempt in (
        lambda: world.store.read(job_id, world.now),
        lambda: world.store.cancel(job_id, world.now),
        lambda: world.store.change(job_id, lambda job: job),
    ):
        with pytest.raises(JobNotFound):
            attempt()


def test_the_job_of_another_is_not_there(world: JobWorld) -> None:
    job = world.create(ALICE)
    none = f"{job.id[:-1]}{'0' if job.id[-1] != '0' else '1'}"

    told = []
    for job_id in (job.id, none):
        with pytest.raises(JobNotFound) as refusal:
            world.store.read_for(job_id, BOB, world.now)
        told.append((refusal.value.message, refusal.value.hint))
    assert told[0] == told[1]
    assert world.store.read_for(job.id, ALICE, world.now) == world.store.read_for(job.id, ADMIN, world.now) == job


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[" * 100_000, b"\xff", b'{"id": 5}'], ids=str)
def test_a_damaged_job_is_told_so(world: JobWorld, body: bytes) -> None:
    job = world.create()
    world.lake.put(job.key, body)

    with pytest.raises(ObjectUnreadable, match=job.id):
        world.read(job)


def test_a_job_keeps_its_bytes_where_nothing_changes(world: JobWorld) -> None:
    job = world.create(kind="files")
    before = world.lake.objects[job.key]

    assert world.store.change(job.id, lambda job: job) == job
    assert world.lake.objects[job.key] == before
    assert world.store.retention == timedelta(days=7)
    assert msgspec.json.decode(before[0], type=Job) == job
