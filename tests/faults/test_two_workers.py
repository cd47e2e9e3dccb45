"""Two workers at the same object at once, however their calls fall between each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.faults.deliveries import BODY, KEY, check_delivery
from tests.faults.lake import demand_answered_once, demand_sound_commits
from tests.faults.turns import Turns
from tests.functions.clock import START
from tests.functions.deployment import GLOBAL_REGION, HOME_REGION, LAKE, LANDING, Deployment, deployed
from tests.functions.events import as_lines, make_events
from trailkeep.delivery import Delivery
from trailkeep.events.regions import RegionRules
from trailkeep.lake.storage import Bucket

ALONE = 7
"""Calls of one worker alone: it reads the object, writes the plan, three parts, the quarantine and the commit."""


def worker(key: str = KEY, minutes: float = 0) -> Callable[[], object]:
    """A process of its own that delivers, begun so many minutes after the other one."""
    rules = RegionRules(HOME_REGION, GLOBAL_REGION)
    delivery = Delivery(Bucket(LANDING), Bucket(LAKE), rules)
    return lambda: delivery.deliver(key, START + timedelta(minutes=minutes))


def test_one_worker_alone_makes_as_many_calls_as_the_tests_here_rest_on() -> None:
    with deployed() as deployment:
        deployment.land(KEY, BODY)
        turns = Turns([])
        turns.run({"first": worker()})
        assert turns.calls == {"first": ALONE}


@pytest.mark.parametrize("minutes", [0, 2, 10], ids=lambda minutes: f"{minutes} minutes later")
@pytest.mark.parametrize("before", range(ALONE + 1))
def test_a_second_worker_that_runs_wholly_between_two_calls_changes_nothing(before: int, minutes: float) -> None:
    """Also minutes after the first one began, when it takes the plan for abandoned although it is not."""
    with deployed() as deployment:
        deployment.land(KEY, BODY)
        order = ["first"] * before + ["second"] * 100
        Turns(order).run({"first": worker(), "second": worker(minutes=minutes)})
        check_delivery(deployment)


@pytest.mark.parametrize("before", range(1, ALONE + 1))
def test_two_workers_that_interrupt_each_other_leave_one_delivery(before: int) -> None:
    """The first one pauses after so many calls, the second one after each number of them; the first one ends first."""
    for between in range(1, ALONE + 4):
        with deployed() as deployment:
            deployment.land(KEY, BODY)
            order = ["first"] * before + ["second"] * between + ["first"] * 100
            Turns(order).run({"first": worker(), "second": worker()})
            check_delivery(deployment)


def test_two_workers_that_take_turns_leave_one_delivery() -> None:
    for order in (["first", "second"] * 20, ["second", "first"] * 20, ["first", "first", "second"] * 20):
        with deployed() as deployment:
            deployment.land(KEY, BODY)
            Turns(order).run({"first": worker(), "second": worker()})
            check_delivery(deployment)


def test_workers_at_different_objects_do_not_see_each_other(deployment: Deployment) -> None:
    events = {name: make_events(10, name) for name in ("first", "second", "third")}
    for name, landed in events.items():
        deployment.land(name, as_lines(landed))

    Turns(["first", "second", "third"] * 20).run({name: worker(name) for name in events})

    demand_sound_commits(deployment)
    demand_answered_once(deployment, (event["eventId"] for landed in events.values() for event in landed))
