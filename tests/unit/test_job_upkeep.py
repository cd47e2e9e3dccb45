"""What the schedule does: jobs that nobody works on get a worker, what has expired goes, and the rest is left."""

from __future__ import annotations

import pytest

from tests.unit.job_world import JobWorld, Killed
from trailkeep.errors import JobNotFound, StorageUnavailable
from trailkeep.jobs.job import Job
from trailkeep.jobs.store import DELETED, OPEN
from trailkeep.jobs.upkeep import look_after_jobs


@pytest.fixture
def world() -> JobWorld:
    return JobWorld()


def test_a_job_whose_worker_was_never_called_gets_one_after_a_minute(world: JobWorld) -> None:
    job = world.create()

    assert world.look_after().started == 0
    world.forward(minutes=1)
    assert world.look_after().started == 1
    assert world.called == [job.id]


def test_a_job_between_two_steps_gets_a_worker_after_a_minute(world: JobWorld) -> None:
    world.per_step = 1
    world.run(world.create())

    assert world.look_after().started == 0
    world.forward(minutes=1)
    assert world.look_after().started == 1


def test_a_job_under_work_is_left_alone(world: JobWorld) -> None:
    def during(job: Job, number: int) -> None:
        world.forward(minutes=2)
        assert world.look_after().started == 0

    world.during = during
    assert world.run(world.create()).state == "succeeded"


def test_all_jobs_without_a_worker_get_one_however_many_others_there_are(world: JobWorld) -> None:
    ended = [world.run(world.create()) for _ in range(30)]
    waiting = [world.create() for _ in range(30)]
    world.forward(minutes=1)
    looked_at: list[str] = []
    world.lake.before_call = lambda operation, key: looked_at.append(key)  # type: ignore[method-assign]

    done = world.look_after()

    assert (done.open, done.started, done.removed) == (30, 30, 0)
    assert sorted(world.called) == sorted(job.id for job in waiting)
    assert not {job.key for job in ended} & set(looked_at)


def test_a_store_of_nothing_is_looked_at_with_few_requests(world: JobWorld) -> None:
    asked: list[str] = []
    world.lake.before_call = lambda operation, key: asked.append(operation)  # type: ignore[method-assign]

    world.look_after()

    assert asked == ["list"] * 3


def test_the_end_of_a_job_that_was_cut_off_is_done(world: JobWorld) -> None:
    job = world.create()
    original = world.lake.pages

    def killed(prefix: str, **more: str) -> object:
        if prefix == job.results:
            raise Killed
        return original(prefix, **more)

    world.lake.put(f"{job.results}half", b"")
    world.lake.pages = killed  # type: ignore[assignment, method-assign]
    with pytest.raises(Killed):
        world.store.cancel(job.id, world.now)
    world.lake.pages = original  # type: ignore[method-assign]
    assert world.results(job) == ["half"]

    world.look_after()

    assert sorted(world.lake.objects) == [job.key]


def test_the_mark_of_a_creation_that_was_cut_off_goes_after_an_hour(world: JobWorld) -> None:
    job = world.create()
    del world.lake.objects[job.key]

    world.forward(minutes=59)
    world.look_after()
    assert len(world.store.marked(OPEN)) == 1
    world.forward(minutes=1)
    world.look_after()
    assert world.lake.objects == {}


def test_what_has_expired_is_removed_with_its_result(world: JobWorld) -> None:
    old = world.run(world.create())
    world.forward(days=3)
    young = world.run(world.create())
    world.forward(days=4)

    assert world.look_after().removed == 0
    with pytest.raises(JobNotFound):
        world.read(old)
    world.forward(minutes=20)
    assert world.look_after().removed == 1
    assert (world.results(old), len(world.results(young))) == ([], 4)
    assert [key for key in world.lake.objects if key.startswith("state/")] == [young.key]
    assert world.look_after().removed == 0


def test_what_has_expired_stands_until_no_worker_of_its_can_live(world: JobWorld) -> None:
    job = world.create()
    world.forward(minutes=30)
    world.run(job)
    world.forward(days=7, minutes=19)

    assert world.look_after().removed == 0
    world.forward(minutes=1)
    assert world.look_after().removed == 1


def test_what_a_worker_wrote_that_was_cut_off_goes_with_the_job_that_was_deleted(world: JobWorld) -> None:
    job = world.run(world.create())
    world.store.delete(job.id, world.now)
    world.lake.put(f"{job.results}late", b"")

    world.forward(minutes=19)
    world.look_after()
    assert world.results(job) == ["late"]
    world.forward(minutes=1)
    assert world.look_after().removed == 1
    assert world.lake.objects == {}


def test_a_removal_that_breaks_off_anywhere_is_finished_by_the_next_run() -> None:
    for at in range(40):
        world = JobWorld()
        job = world.run(world.create())
        world.store.delete(job.id, world.now)
        world.lake.put(f"{job.results}late", b"")
        world.forward(minutes=20)
        countdown = iter(range(at, -1, -1))

        def before(operation: str, key: str, countdown: object = countdown) -> None:
            if next(countdown, -1) == 0:  # type: ignore[call-overload]
                raise Killed

        world.lake.before_call = before  # type: ignore[method-assign]
        try:
            world.look_after()
        except Killed:
            ended = False
        else:
            ended = True
        world.lake.before_call = lambda operation, key: None  # type: ignore[method-assign]
        world.look_after()
        assert world.results(job) == [], at
        world.forward(hours=1)
        world.look_after()
        assert world.lake.objects == {}, at
        if ended:
            return
    raise AssertionError("it never came to its end")


def test_a_shorter_retention_counts_for_all_jobs_at_once(world: JobWorld) -> None:
    job = world.run(world.create())
    world.forward(days=2)
    world.store.retention /= 7

    with pytest.raises(JobNotFound):
        world.read(job)
    assert world.look_after().removed == 1


def test_only_jobs_that_may_have_expired_are_read(world: JobWorld) -> None:
    jobs = [world.run(world.create()) for _ in range(20)]
    world.forward(days=1)
    read: list[str] = []
    world.lake.before_call = lambda operation, key: read.append(key)  # type: ignore[method-assign]

    world.look_after()

    assert not {job.key for job in jobs} & set(read)


def test_time_that_runs_out_leaves_the_rest_to_the_next_run(world: JobWorld) -> None:
    for _ in range(5):
        world.run(world.create())
    world.forward(days=8)
    looks = iter([False, False, True])

    assert look_after_jobs(world.store, world.called.append, world.now, lambda: next(looks)).removed == 2
    assert world.look_after().removed == 3


def test_a_damaged_job_is_counted_and_does_not_hold_up_the_others(world: JobWorld) -> None:
    damaged, waiting = world.create(), world.create()
    world.lake.put(damaged.key, b"{")
    world.forward(minutes=1)

    done = world.look_after()

    assert (done.unreadable, done.started, world.called) == (1, 1, [waiting.id])
    world.called.clear()
    world.store.cancel(waiting.id, world.now)
    world.forward(days=9)
    world.look_after()
    assert world.lake.objects == {}


def test_a_damaged_job_that_is_restored_goes_on(world: JobWorld) -> None:
    job = world.create()
    body, _ = world.lake.objects[job.key]
    world.lake.put(job.key, body[:-10])
    world.forward(hours=2)
    world.look_after()

    world.lake.put(job.key, body)
    world.work_off()

    assert world.read(job).state == "succeeded"


def test_what_others_put_there_is_left(world: JobWorld) -> None:
    alien = ("state/jobs/readme.txt", "state/jobs/00.json", f"{OPEN}x", f"{DELETED}x", "exports/jobs/x")
    for key in alien[:2]:
        world.lake.put(key, b"")

    world.forward(days=400)
    world.look_after()

    assert sorted(world.lake.objects) == sorted(alien[:2])


def test_a_job_that_cannot_be_helped_holds_up_no_other(world: JobWorld) -> None:
    jobs = [world.create() for _ in range(8)]
    world.forward(minutes=1)
    refused, called = {jobs[0].id, jobs[3].id}, []

    def start(job_id: str) -> None:
        if job_id in refused:
            raise StorageUnavailable(f"not {job_id}")
        called.append(job_id)

    with pytest.raises(StorageUnavailable):
        look_after_jobs(world.store, start, world.now)
    assert sorted(called) == sorted(job.id for job in jobs if job.id not in refused)


def test_a_store_that_is_down_is_not_asked_for_each_job(world: JobWorld) -> None:
    for _ in range(20):
        world.create()
    world.forward(minutes=1)
    asked = []

    def start(job_id: str) -> None:
        asked.append(job_id)
        raise StorageUnavailable("down")

    with pytest.raises(StorageUnavailable):
        look_after_jobs(world.store, start, world.now)
    assert len(asked) == 5


def test_a_worker_that_cannot_be_called_is_called_by_the_next_run(world: JobWorld) -> None:
    job = world.create()
    world.forward(minutes=1)

    def fail(job_id: str) -> None:
        raise StorageUnavailable("no answer")

    with pytest.raises(StorageUnavailable):
        look_after_jobs(world.store, fail, world.now)
    world.look_after()
    assert world.called == [job.id]
