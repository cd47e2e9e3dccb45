"""Working on jobs: to the end in steps, after crashes, against other workers, or cancelled; never for ever."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.job_world import ADMIN, ALICE, FILES, JobWorld, Killed
from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import (
    InvalidQuery,
    JobNotFound,
    ObjectNotFound,
    QueryFailed,
    ScanBudgetExceeded,
    StorageUnavailable,
)
from trailkeep.jobs.job import Job
from trailkeep.jobs.lifecycle import LONGEST, MOST_ATTEMPTS
from trailkeep.jobs.runner import Progress, Unfinished, run
from trailkeep.jobs.store import OPEN

NAMES = [str(number) for number in range(FILES)]


@pytest.fixture
def world() -> JobWorld:
    return JobWorld()


def kind(world: JobWorld, work: Any) -> None:
    world.kinds["files"] = work


def raising(error: BaseException) -> Any:
    def work(job: Job, progress: Progress) -> dict[str, Any]:
        raise error

    return work


# To the end


def test_a_job_is_done_in_one_step(world: JobWorld) -> None:
    job = world.run(world.create())

    assert job == world.read(job)
    assert (job.state, job.result) == ("succeeded", {"files": [{"name": name} for name in NAMES], "rows": 40})
    assert (job.progress.fraction, job.progress.rows) == (1.0, 40)
    assert (job.started_at, job.ended_at, job.lease, job.checkpoint) == (world.now, world.now, None, None)
    assert world.results(job) == NAMES
    assert world.store.marked(OPEN) == []


def test_a_job_is_done_in_several_steps_each_from_where_the_one_before_ended(world: JobWorld) -> None:
    world.per_step = 1
    job, written = world.create(), []
    world.during = lambda job, number: written.append(number)

    for step in range(1, FILES):
        rest = world.run(job)
        assert (rest.state, rest.is_free, rest.checkpoint) == ("running", True, {"written": step})
        assert rest.progress.fraction == step / FILES
    assert world.run(job).state == "succeeded"
    assert written == list(range(FILES))


def test_a_step_may_end_with_a_checkpoint_that_was_not_reported(world: JobWorld) -> None:
    def work(job: Job, progress: Progress) -> dict[str, Any]:
        if job.checkpoint is None:
            raise Unfinished({"half": True})
        return {"was": job.checkpoint}

    kind(world, work)
    job = world.create()

    assert world.run(job).checkpoint == {"half": True}
    assert world.run(job).result == {"was": {"half": True}}


def test_an_ended_job_is_not_done_again(world: JobWorld) -> None:
    job = world.run(world.create())
    world.forward(hours=1)
    world.during = raising(AssertionError("again"))

    assert world.run(job) == job


def test_a_job_that_is_gone_is_not_done(world: JobWorld) -> None:
    with pytest.raises(JobNotFound):
        run(world.store, "x", world.kinds, world.clock)


def test_a_worker_does_what_the_creator_might(world: JobWorld) -> None:
    seen = []
    kind(world, lambda job, progress: {"seen": seen.append((job.principal, job.request))})

    world.run(world.create(ADMIN))

    assert seen == [(ADMIN, {"files": FILES})]


# Reports


def test_reports_are_kept_now_and_then_and_checkpoints_at_once(world: JobWorld) -> None:
    kept = []

    def work(job: Job, progress: Progress) -> dict[str, Any]:
        for second in range(1, 61):
            world.forward(seconds=1)
            progress.report(rows=second, checkpoint={"at": second} if second == 25 else None)
            if world.read(job).progress.rows == second:
                kept.append(second)
        return {}

    kind(world, work)
    world.run(world.create())

    assert kept == [10, 20, 25, 35, 45, 55]


def test_what_was_told_never_goes_back(world: JobWorld) -> None:
    told = []

    def work(job: Job, progress: Progress) -> dict[str, Any]:
        for rows, fraction in ((5, 0.5), (3, 0.2), (6, 0.1), (0, 7.0)):
            world.forward(seconds=10)
            progress.report(rows=rows, fraction=fraction)
            told.append(world.read(job).progress)
        return {}

    kind(world, work)
    world.run(world.create())

    assert [(each.rows, each.fraction) for each in told] == [(5, 0.5), (5, 0.5), (6, 0.5), (6, 1.0)]


def test_work_is_told_when_its_step_is_over(world: JobWorld) -> None:
    told = []

    def work(job: Job, progress: Progress) -> dict[str, Any]:
        told.append(progress.out_of_time())
        world.forward(minutes=9, seconds=59)
        told.append(progress.out_of_time())
        world.forward(seconds=1)
        told.append(progress.out_of_time())
        return {}

    kind(world, work)
    world.run(world.create())
    job = world.create()
    run(world.store, job.id, {"files": lambda job, progress: {"over": told.append(progress.out_of_time())}},
        world.clock, out_of_time=lambda: True)  # fmt: skip

    assert told == [False, False, True, True]


# Failures


@pytest.mark.parametrize("error", [InvalidQuery("no"), QueryFailed("too much"), ScanBudgetExceeded("spent")])
def test_what_is_the_requests_fault_fails_at_once_with_its_reason(world: JobWorld, error: Any) -> None:
    kind(world, raising(error))

    job = world.run(world.create())

    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.code, job.error.message, job.error.hint) == (error.code, error.message, error.hint)
    assert (world.results(job), world.store.marked(OPEN), world.unexpected) == ([], [], [])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageUnavailable("down"), "StorageUnavailable"),
        (ObjectNotFound("gone"), "ObjectNotFound"),
        (ValueError("secret"), "InternalError"),
        (MemoryError(), "InternalError"),
        (RecursionError(), "InternalError"),
    ],
    ids=repr,
)
def test_what_may_pass_is_tried_again_at_growing_intervals_and_then_fails(
    world: JobWorld, error: Exception, code: str
) -> None:
    kind(world, raising(error))
    job, began, tried = world.create(), world.now, []
    world.run(job)
    while not world.read(job).has_ended:
        attempts = world.read(job).attempts
        world.forward(seconds=30)
        world.look_after()
        while world.called:
            world.run(world.read(job))
            world.called.pop()
        if world.read(job).attempts != attempts:
            tried.append((world.now - began) / timedelta(minutes=1))

    failed = world.read(job)
    assert (failed.state, failed.attempts) == ("failed", MOST_ATTEMPTS)
    assert failed.error is not None
    assert failed.error.code == code
    assert "secret" not in str(failed)
    assert tried == [1, 3, 7, 15]
    assert len(world.unexpected) == (MOST_ATTEMPTS if code == "InternalError" else 0)


def test_a_moment_of_weakness_costs_a_minute(world: JobWorld) -> None:
    errors = iter([StorageUnavailable("down")])

    def once(job: Job, number: int) -> None:
        if number == 2:
            for error in errors:
                raise error

    world.during = once
    job = world.create()

    assert world.run(job).state == "running"
    assert world.run(job).checkpoint == {"written": 2}
    world.forward(minutes=1)
    assert world.run(job).state == "succeeded"
    assert world.results(job) == NAMES


def test_a_kind_that_this_version_does_not_know_may_be_known_to_the_next(world: JobWorld) -> None:
    job = world.create(kind="import")

    assert world.run(job).state == "running"
    world.kinds["import"] = lambda job, progress: {"done": True}
    world.forward(minutes=1)
    assert world.run(job).state == "succeeded"


# Crashes


def test_a_crashed_job_goes_on_from_its_checkpoint(world: JobWorld) -> None:
    job, written = world.create(), []

    def crash(job: Job, number: int) -> None:
        if number == 2 and 2 not in written:
            written.append(number)
            raise Killed
        written.append(number)

    world.during = crash
    with pytest.raises(Killed):
        world.run(job)
    assert not world.run(job).has_ended
    world.look_after()
    assert world.called == []

    world.forward(minutes=3)
    world.look_after()
    assert world.called == [job.id]
    assert world.run(job).state == "succeeded"
    assert written == [0, 1, 2, 2, 3]


def test_a_job_that_crashes_always_at_the_same_place_fails(world: JobWorld) -> None:
    job, crashes = world.create(), []

    def crash(job: Job, number: int) -> None:
        if number == 2:
            crashes.append(number)
            raise Killed

    world.during = crash
    for _ in range(20):
        with suppress(Killed):
            world.run(job)
        world.forward(minutes=3)

    failed = world.read(job)
    # The first one came to a checkpoint before its crash.
    assert (failed.state, len(crashes)) == ("failed", 1 + MOST_ATTEMPTS)
    assert failed.error is not None
    assert "broke off 5 times" in failed.error.message
    assert world.results(job) == []


def test_a_job_that_only_begins_again_fails(world: JobWorld) -> None:
    """Steps that end without anything to go on from are no progress either."""
    kind(world, raising(Unfinished()))
    job = world.create()
    for _ in range(20):
        world.run(job)

    assert world.read(job).state == "failed"


def test_a_job_with_ever_new_checkpoints_ends_after_a_day(world: JobWorld) -> None:
    def work(job: Job, progress: Progress) -> dict[str, Any]:
        world.forward(minutes=10)
        raise Unfinished({"at": str(world.now)})

    kind(world, work)
    job = world.create()
    began = world.now
    while not world.run(job).has_ended:
        pass

    assert world.read(job).state == "failed"
    assert world.now - began == LONGEST


class Weak(MemoryBucket):
    """Counts its calls; at one of them a fault happens, before it or after it."""

    def __init__(self, at: int, fault: BaseException | None, after: bool) -> None:
        super().__init__()
        self.calls, self.at, self.fault, self.after = 0, at, fault, after

    def _around(self, call: Any) -> Any:
        self.calls += 1
        hit = self.calls == self.at and self.fault is not None
        if hit and not self.after:
            raise self.fault  # type: ignore[misc]
        done = call()
        if hit:
            raise self.fault  # type: ignore[misc]
        return done

    def create(self, *arguments: Any) -> bool:
        return bool(self._around(lambda: super(Weak, self).create(*arguments)))

    def replace(self, *arguments: Any) -> bool:
        return bool(self._around(lambda: super(Weak, self).replace(*arguments)))

    def delete(self, *arguments: Any) -> bool:
        return bool(self._around(lambda: super(Weak, self).delete(*arguments)))

    def stat(self, *arguments: Any) -> Any:
        return self._around(lambda: super(Weak, self).stat(*arguments))

    def open(self, *arguments: Any) -> Any:
        return self._around(lambda: super(Weak, self).open(*arguments))

    def pages(self, *arguments: Any, **more: Any) -> Any:
        return self._around(lambda: super(Weak, self).pages(*arguments, **more))


def story(bucket: Weak) -> tuple[JobWorld, Job]:
    """A job of two steps is created, worked on and looked after; one worker after the other may be killed."""
    world = JobWorld(bucket)
    world.per_step = 3
    job = None
    while job is None:
        with suppress(Killed, StorageUnavailable):
            job = world.create()
    for _ in range(2):
        with suppress(Killed, StorageUnavailable):
            world.run(job)
    for _ in range(20):
        with suppress(Killed, StorageUnavailable):
            world.minute()
    return world, job


def calls_of_the_story() -> int:
    bucket = Weak(0, None, False)
    story(bucket)
    return bucket.calls


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fault", [Killed(), StorageUnavailable("no answer")], ids=["killed", "unavailable"])
def test_cut_off_at_any_call_a_job_ends_well_and_all_that_it_wrote_is_there_once(
    fault: BaseException, after: bool
) -> None:
    assert calls_of_the_story() > 20
    for at in range(1, calls_of_the_story() + 1):
        world, job = story(Weak(at, fault, after))
        ended = world.read(job)

        assert ended.state == "succeeded", at
        assert ended.result == {"files": [{"name": name} for name in NAMES], "rows": 40}, at
        assert world.results(job) == NAMES, at
        world.forward(hours=2)
        world.work_off()
        assert world.store.marked(OPEN) == [], at
        world.forward(days=9)
        world.look_after()
        assert not [key for key in world.lake.objects if "jobs/" in key], at


# Others


def test_two_workers_at_once_do_it_once(world: JobWorld) -> None:
    job, written = world.create(), []

    def during(job: Job, number: int) -> None:
        written.append(number)
        assert world.run(job).state == "running"

    world.during = during

    assert world.run(job).state == "succeeded"
    assert written == list(range(FILES))


@pytest.mark.parametrize("at", range(FILES))
def test_a_worker_that_was_too_slow_gives_way_to_the_next(world: JobWorld, at: int) -> None:
    job, written = world.create(), []

    def during(job: Job, number: int) -> None:
        written.append(number)
        if written.count(at) == 1 and number == at:
            world.forward(minutes=4)
            assert world.run(job).state == "succeeded"

    world.during = during
    outcome = world.run(job)

    # The slow one ends as soon as it reports, and spoils nothing.
    assert outcome == world.read(job)
    assert outcome.state == "succeeded"
    assert sorted(written) == sorted([*range(FILES), at])
    assert world.results(job) == NAMES


@pytest.mark.parametrize("at", range(FILES))
def test_a_job_that_is_cancelled_under_work_ends_at_the_next_report(world: JobWorld, at: int) -> None:
    job, written = world.create(), []

    def during(job: Job, number: int) -> None:
        written.append(number)
        if number == at:
            assert world.store.cancel(job.id, world.now).cancel_requested

    world.during = during

    assert world.run(job).state == "cancelled"
    assert written == list(range(at + 1))
    assert (world.results(job), world.read(job).result, world.store.marked(OPEN)) == ([], None, [])


@pytest.mark.parametrize("end", [QueryFailed("x"), StorageUnavailable("x"), ValueError(), Unfinished(), None], ids=repr)
def test_whatever_a_cancelled_job_comes_to_it_ends_as_cancelled(world: JobWorld, end: Exception | None) -> None:
    def work(job: Job, progress: Progress) -> dict[str, Any]:
        world.lake.put(f"{job.results}half", b"")
        world.store.cancel(job.id, world.now)
        if end is not None:
            raise end
        return {}

    kind(world, work)
    job = world.run(world.create())

    assert (job.state, job.error, world.results(job)) == ("cancelled", None, [])


def test_a_job_that_is_cancelled_between_two_steps_ends_at_once(world: JobWorld) -> None:
    world.per_step = 1
    job = world.run(world.create())

    assert world.store.cancel(job.id, world.now).state == "cancelled"
    assert world.run(job).state == "cancelled"
    assert world.results(job) == []


def test_the_result_is_kept_though_the_answer_to_that_is_lost(world: JobWorld) -> None:
    job, original = world.create(), world.lake.replace
    world.lake.replace = lambda *arguments: original(*arguments) and False  # type: ignore[method-assign]

    assert world.run(job).state == "succeeded"
    assert world.create(ALICE).id != job.id
