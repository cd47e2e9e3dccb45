"""Jobs, interrupted at every call, and by workers that do not know of each other: each comes to one end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.faults.jobs import WANTED, results
from tests.faults.matrix import interrupt_everywhere
from tests.faults.scenario import Scenario
from tests.faults.table import cases
from tests.faults.turns import Turns
from tests.functions.clock import START
from tests.functions.deployment import LAKE, Deployment, deployed
from tests.functions.interruption import Fault
from tests.functions.job_works import create, write_files
from trailkeep.jobs import store as store_module
from trailkeep.jobs.job import Job
from trailkeep.jobs.runner import run
from trailkeep.jobs.store import OPEN, JobStore
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket

pytestmark = pytest.mark.thorough

FUNCTIONS = ("run_job", "manage_jobs")


@pytest.mark.parametrize(("scenario", "fault"), cases(*FUNCTIONS), ids=str)
def test_interrupted_anywhere_and_repeated_nothing_is_lost_or_twice(scenario: Scenario, fault: Fault) -> None:
    interrupt_everywhere(scenario, fault)


# Two workers

ALONE = 23
"""Calls of one worker alone, in three steps: it claims the job, writes a file, reports it, and ends the step or job."""


def worker(job: Job, minutes: float = 0) -> Callable[[], object]:
    """A process that works on the job until it has ended or is another's, by a clock that is so much ahead."""
    store, lake, now = JobStore(Bucket(LAKE)), Lake(Bucket(LAKE)), START + timedelta(minutes=minutes)
    kinds = {"files": lambda job, progress: write_files(job, progress, lake, now)}

    def work() -> None:
        while run(store, job.id, kinds, lambda: now).is_free:
            pass

    return work


def check(deployment: Deployment, job: Job) -> None:
    """As after one worker alone; what the last step was too late for, a further one does."""
    worker(job, 60)()
    ended = JobStore(Bucket(LAKE)).read(job.id, START)
    assert ended.state == "succeeded"
    assert ended.progress.rows == len(WANTED)
    assert results(deployment) == WANTED
    assert deployment.keys(OPEN) == []


def test_one_worker_alone_makes_as_many_calls_as_the_tests_here_rest_on(deployment: Deployment) -> None:
    job = create(deployment)
    turns = Turns([])
    turns.run({"first": worker(job)})
    assert turns.calls == {"first": ALONE}


@pytest.mark.parametrize("minutes", [0, 5], ids=lambda minutes: f"{minutes} minutes later")
@pytest.mark.parametrize("before", range(ALONE + 1))
def test_a_second_worker_that_runs_wholly_between_two_calls_changes_nothing(before: int, minutes: float) -> None:
    """Also minutes later, when it takes the first one for dead although it is not."""
    with deployed() as deployment:
        job = create(deployment)
        order = ["first"] * before + ["second"] * 100
        Turns(order).run({"first": worker(job), "second": worker(job, minutes)})
        check(deployment, job)


@pytest.mark.parametrize("minutes", [0, 5], ids=lambda minutes: f"{minutes} minutes later")
@pytest.mark.parametrize("before", range(1, ALONE + 1, 2))
def test_two_workers_that_interrupt_each_other_do_it_once(before: int, minutes: float) -> None:
    """The first one pauses after so many calls, the second one after each number of them; the first one ends first."""
    for between in range(1, ALONE + 1, 2):
        with deployed() as deployment:
            job = create(deployment)
            order = ["first"] * before + ["second"] * between + ["first"] * 100
            Turns(order).run({"first": worker(job), "second": worker(job, minutes)})
            check(deployment, job)


def test_two_workers_that_take_turns_do_it_once() -> None:
    for minutes in (0, 5):
        for order in (["first", "second"] * 40, ["second", "first"] * 40, ["first", "first", "second"] * 40):
            with deployed() as deployment:
                job = create(deployment)
                Turns(order).run({"first": worker(job), "second": worker(job, minutes)})
                check(deployment, job)


@pytest.mark.parametrize("before", range(ALONE + 1))
def test_a_job_that_is_cancelled_between_any_two_calls_of_its_worker_has_no_result(
    before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Turns are of one thread for each worker.
    monkeypatch.setattr(store_module, "in_parallel", lambda work, inputs: [work(each) for each in inputs])
    with deployed() as deployment:
        job = create(deployment)
        store = JobStore(Bucket(LAKE))
        order = ["worker"] * before + ["user"] * 2
        Turns(order).run({"worker": worker(job), "user": lambda: store.cancel(job.id, START)})

        ended = store.read(job.id, START)
        if before < ALONE - 3:  # else its result was kept by then
            assert ended.state == "cancelled"
        assert (ended.state, results(deployment)) in (("cancelled", {}), ("succeeded", WANTED))
        assert deployment.keys(OPEN) == []
