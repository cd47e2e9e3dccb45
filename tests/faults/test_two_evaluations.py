"""Two runs that look at the same account at once, however their calls fall between each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from tests.faults.insights import ACCOUNT, NEW, counted
from tests.faults.turns import Turns
from tests.faults.world import World, world_of
from tests.functions.clock import START
from tests.functions.countings import count_all
from tests.functions.deployment import GLOBAL_REGION, HOME_REGION, LAKE, Deployment, deployed
from tests.functions.detections import insights, suspicious, told_by_bus, told_by_topic
from tests.functions.events import as_array
from tests.unit.insight_findings import DETECTORS
from trailkeep.events.regions import RegionRules
from trailkeep.insights.counting import baseline, tallies
from trailkeep.insights.settings import account_settings as settings
from trailkeep.insights.telling import evaluation, publication
from trailkeep.insights.telling.evaluation import Evaluation
from trailkeep.insights.telling.notification import notifiers
from trailkeep.lake.storage import Bucket

TODAY = date(2026, 3, 10)
WANTED = {(new, state): 1 for new in NEW for state in ("Start", "End")}
ALONE = 18
"""Calls of one run alone: it reads, writes its claim, stores four events, sends them twice, and notes that."""


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run makes its calls one after another, so that they can take turns."""
    for module in (baseline, evaluation, publication, settings, tallies):
        for name in ("in_parallel", "requests_in_parallel"):
            monkeypatch.setattr(module, name, lambda work, inputs: [work(each) for each in inputs], raising=False)


@pytest.fixture(scope="module")
def before() -> World:
    with deployed() as deployment:
        found = [event for new in NEW for event in suspicious(START - timedelta(hours=3), 10, new)]
        deployment.land_and_deliver("log", as_array(found))
        count_all(deployment)
        return world_of(deployment)


@pytest.fixture
def deployment(before: World) -> Iterator[Deployment]:
    with before.deployed() as standing:
        yield standing


def worker(deployment: Deployment) -> Callable[[], object]:
    """A process of its own that looks at the account."""
    rules = RegionRules(HOME_REGION, GLOBAL_REGION)
    run = Evaluation(Bucket(LAKE), rules, DETECTORS, notifiers(), deployment.clock.now)
    return lambda: run.evaluate(ACCOUNT, [TODAY])


def check(deployment: Deployment) -> None:
    assert counted(insights(deployment)) == WANTED
    assert counted(told_by_bus(deployment)) == WANTED
    assert counted(told_by_topic(deployment)) == WANTED


def test_one_run_alone_makes_as_many_calls_as_the_tests_here_rest_on(deployment: Deployment) -> None:
    turns = Turns([])

    turns.run({"first": worker(deployment)})

    assert turns.calls == {"first": ALONE}
    check(deployment)


@pytest.mark.parametrize("at", range(ALONE + 1))
def test_a_second_run_wholly_between_two_calls_of_the_first_tells_nothing_again(
    deployment: Deployment, at: int
) -> None:
    Turns(["first"] * at + ["second"] * 100).run({"first": worker(deployment), "second": worker(deployment)})

    check(deployment)


@pytest.mark.thorough
@pytest.mark.parametrize("at", range(1, ALONE + 1))
def test_two_runs_that_interrupt_each_other_tell_everything_once(before: World, at: int) -> None:
    """The first one pauses after so many calls, the second one after each number of them; the first one ends first."""
    for between in range(1, ALONE + 4):
        with before.deployed() as deployment:
            order = ["first"] * at + ["second"] * between + ["first"] * 100
            Turns(order).run({"first": worker(deployment), "second": worker(deployment)})
            check(deployment)


def test_two_runs_that_take_turns_tell_everything_once(before: World) -> None:
    for order in (["first", "second"] * 40, ["second", "first"] * 40, ["first", "first", "second"] * 40):
        with before.deployed() as deployment:
            Turns(order).run({"first": worker(deployment), "second": worker(deployment)})
            check(deployment)
