"""An account is looked at as often as its calls ask for, and told of each Insight once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.unit.insight_world import ACCOUNT, START, Inbox, World
from trailkeep.errors import ObjectUnreadable
from trailkeep.events.timestamps import utc_date
from trailkeep.insights.settings.account_settings import settings_key
from trailkeep.insights.telling.evaluation import Evaluation
from trailkeep.insights.telling.told_state import TOLD, told_key

TODAY = date(2026, 3, 10)
AT = START - timedelta(hours=2)


class Killed(BaseException):
    """The process of a run ends here."""


@pytest.fixture
def world() -> World:
    made = World()
    made.forward(minutes=0)
    return made


def calls_of(world: World, work: Any) -> list[tuple[str, str]]:
    """The operations on the bucket while something is done."""
    made: list[tuple[str, str]] = []
    world.bucket.before_call = lambda operation, key: made.append((operation, key))  # type: ignore[method-assign]
    work()
    world.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]
    return made


def test_an_account_without_calls_leaves_nothing(world: World) -> None:
    before = dict(world.bucket.objects)

    done = world.evaluate()

    assert (done.dates, done.found, done.stored, done.notified) == (0, 0, 0, 0)
    assert world.bucket.objects == before


def test_what_is_unusual_is_stored_and_then_notified(world: World) -> None:
    world.call(AT, 10)

    done = world.evaluate(TODAY)

    assert (done.dates, done.found, done.stored, done.notified) == (1, 1, 2, 2)
    assert world.states() == [["Start", "End"]]
    assert world.inbox.events == world.stored()
    assert [event["insightDetails"]["state"] for event in world.stored()] == ["Start", "End"]
    assert [event["eventTime"] for event in world.stored()] == ["2026-03-10T10:00:00Z", "2026-03-10T10:10:00Z"]


def test_it_is_told_while_it_goes_on_and_once(world: World) -> None:
    world.call(START - timedelta(minutes=6), 5)
    assert world.evaluate(TODAY).stored == 1
    for _ in range(3):
        world.forward(minutes=5)
        assert world.evaluate().stored == 0
    world.forward(minutes=60)
    assert world.evaluate().stored == 1
    for _ in range(3):
        world.forward(minutes=5)
        assert world.evaluate() == world.run().evaluate(ACCOUNT)

    assert world.notified() == ["Start", "End"]
    assert len(world.stored()) == 2


def test_a_date_of_which_nothing_changed_is_not_looked_at_again(world: World) -> None:
    """Not even its calls are read, and nothing is written."""
    world.call(AT, 10)
    world.call(AT - timedelta(days=3), 10, who="user/ana")
    world.evaluate(TODAY)
    world.forward(minutes=5)

    made = calls_of(world, world.evaluate)

    assert Counter(operation for operation, _ in made) == {"open": 5, "list": 2}
    assert not [key for operation, key in made if operation == "open" and "tallies" in key]


def test_it_is_looked_at_again_where_its_calls_its_history_or_its_settings_changed(world: World) -> None:
    world.call(AT, 10)
    world.evaluate(TODAY)
    assert world.evaluate().dates == 0

    world.call(AT + timedelta(hours=1), 1, who="user/ana")
    assert world.evaluate(TODAY).dates == 1
    assert world.evaluate().dates == 0
    world.call(AT - timedelta(days=20), 1, who="user/ana")
    assert world.evaluate().dates == 1
    assert world.evaluate().dates == 0
    world.bucket.put(settings_key(ACCOUNT), b'{"allowedNetworks": [{"network": "192.0.2.0/24"}]}')
    assert world.evaluate().dates == 1
    assert world.evaluate().dates == 0


def test_a_type_that_is_disabled_is_not_looked_for(world: World) -> None:
    world.bucket.put(settings_key(ACCOUNT), b'{"types": {"IpInsight": {"enabled": false}}}')
    world.call(AT, 10)

    assert world.evaluate(TODAY).found == 0
    assert world.stored() == []


def test_what_settings_allow_is_withdrawn(world: World) -> None:
    world.call(AT, 10)
    world.evaluate(TODAY)
    world.bucket.put(settings_key(ACCOUNT), b'{"allowedNetworks": [{"network": "203.0.113.77"}]}')

    world.evaluate()

    assert world.states() == [["Start", "End", "Withdrawn"]]
    assert world.notified() == ["Start", "End", "Withdrawn"]
    assert world.stored()[-1]["eventTime"] == "2026-03-10T12:00:00Z"


def test_calls_of_this_minute_are_looked_at_in_the_next(world: World) -> None:
    world.call(START - timedelta(minutes=4), 5)

    assert world.evaluate(TODAY).found == 0
    world.forward(minutes=1)

    assert world.evaluate().found == 1


def test_what_began_yesterday_ends_today(world: World) -> None:
    world.forward(hours=12)
    world.call(START + timedelta(hours=11, minutes=30), 50)
    world.evaluate(TODAY)
    assert world.states() == [["Start"]]
    world.forward(hours=2)

    world.evaluate(date(2026, 3, 11))

    assert world.states() == [["Start", "End"]]
    assert told_key(ACCOUNT, "2026-03-11") not in world.bucket.objects or not world.told("2026-03-11").insights


def test_what_goes_on_for_two_days_is_ended_all_the_same(world: World) -> None:
    world.call(START, 100, every=30)
    world.forward(hours=35, minutes=45)
    world.evaluate(TODAY)
    assert world.states() == [["Start"]]
    world.forward(hours=2)

    world.evaluate()

    assert world.states() == [["Start", "End"]]


def test_a_late_call_moves_no_id_and_tells_nothing_again(world: World) -> None:
    world.call(AT, 10)
    world.evaluate(TODAY)
    before = world.stored()
    world.forward(days=9)

    world.evaluate(*world.call(AT - timedelta(minutes=30), 2))

    assert world.stored() == before
    assert world.notified() == ["Start", "End"]


def test_what_came_late_is_told_when_it_comes(world: World) -> None:
    world.forward(days=9)
    changed = world.call(AT, 10)

    assert world.evaluate().stored == 0
    assert world.evaluate(*changed).stored == 2
    assert [event["eventTime"][:10] for event in world.stored()] == ["2026-03-10"] * 2


def test_what_comes_weeks_late_is_told_no_more(world: World) -> None:
    world.forward(days=29)

    assert world.evaluate(*world.call(AT, 10)).dates == 0


def test_calls_of_tomorrow_wait_until_it_is_today(world: World) -> None:
    changed = world.call(AT + timedelta(hours=20), 10)

    assert world.evaluate(*changed).found == 0
    world.forward(days=1)
    assert world.evaluate().found == 1


def test_what_is_found_no_more_is_withdrawn(world: World) -> None:
    world.call(AT, 10)
    world.evaluate(TODAY)
    world.forget("2026-03-10")

    world.evaluate(TODAY)

    assert world.states() == [["Start", "End", "Withdrawn"]]
    assert world.notified() == ["Start", "End", "Withdrawn"]
    assert len({event["sharedEventId"] for event in world.stored()}) == 1
    world.forward(hours=1)
    assert world.evaluate().stored == 0


def test_regions_are_looked_at_together(world: World) -> None:
    world.call(AT, 3)
    world.call(AT + timedelta(minutes=3), 3, region="eu-west-1")

    assert world.evaluate(TODAY).found == 1
    assert {event["acsRegion"] for event in world.stored()} == {"cn-hangzhou"}


def test_what_could_not_be_sent_is_sent_by_the_next_run_and_only_there(world: World) -> None:
    other = Inbox("other")
    evaluation = world.run(other)
    world.call(AT, 10)
    world.call(AT, 10, address="198.51.100.7")
    world.inbox.refuses = lambda event: event["insightDetails"]["insightObject"] == "198.51.100.7"

    assert evaluation.evaluate(ACCOUNT, [TODAY]).failures == ["inbox refused 2 of 4 Insights"]
    assert (len(world.inbox.events), len(other.events), len(world.stored())) == (2, 4, 4)
    world.inbox.refuses = lambda event: False
    done = evaluation.evaluate(ACCOUNT)

    assert (done.dates, done.stored, done.notified) == (0, 0, 2)
    assert (len(world.inbox.events), len(other.events), len(world.stored())) == (4, 4, 4)
    assert len({event["eventId"] for event in world.inbox.events}) == 4


def test_one_channel_that_does_not_answer_holds_up_no_other(world: World) -> None:
    other = Inbox("other")
    evaluation = world.run(other)
    world.call(AT, 10)
    world.inbox.is_out = True

    done = evaluation.evaluate(ACCOUNT, [TODAY])

    assert (done.stored, done.notified, done.failures) == (2, 0, ["nobody answers"])
    assert [event["insightDetails"]["state"] for event in other.events] == ["Start", "End"]


def kill_at(world: World, operation: str, prefix: str) -> None:
    """From this call on the process of a run is dead, and does not even tidy up."""
    dead: list[bool] = []

    def before_call(done: str, key: str) -> None:
        if dead or (done == operation and key.startswith(prefix)):
            dead.append(True)
            raise Killed

    world.bucket.before_call = before_call  # type: ignore[method-assign]
    with pytest.raises(Killed):
        world.evaluate(TODAY)
    world.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]


def test_what_a_dead_run_was_about_to_tell_is_told_in_its_words_when_its_claim_has_run_out(world: World) -> None:
    world.call(AT, 10)
    kill_at(world, "create", "insights/")

    # Whatever has come meanwhile.
    changed = world.call(AT - timedelta(minutes=20), 3)
    world.forward(minutes=4)
    assert world.run().evaluate(ACCOUNT, changed).notified == 0
    world.forward(minutes=1)
    assert world.run().evaluate(ACCOUNT).notified == 2

    assert world.stored() == world.inbox.events
    assert world.stored()[0]["eventTime"] == "2026-03-10T10:00:00Z"
    assert world.notified() == ["Start", "End"]


def test_who_died_between_sending_and_noting_that_is_all_that_tells_twice(world: World) -> None:
    """And then the very same: by its ID whoever acts on it knows it again."""
    world.call(AT, 10)
    kill_at(world, "replace", TOLD)
    world.forward(minutes=5)

    world.run().evaluate(ACCOUNT)

    assert world.notified() == ["Start", "End"] * 2
    assert world.inbox.events[:2] == world.inbox.events[2:] == world.stored()


def interrupted(at: int, interruption: Callable[[World, Evaluation], object]) -> World:
    """A run before whose call of this number something else happens, and then another run."""
    world = World()
    world.forward(minutes=0)
    changed = world.call(AT, 10)
    second = world.run()
    made: list[str] = []

    def before_call(operation: str, key: str) -> None:
        made.append(operation)
        if len(made) == at:
            interruption(world, second)

    world.bucket.before_call = before_call  # type: ignore[method-assign]
    world.evaluate(*changed)
    assert len(made) >= at
    world.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]
    world.evaluate(*changed)
    return world


CALLS = 14
"""Of one run alone that finds one Insight: what it reads, and then its claim, two parts and the note."""


def test_one_run_alone_makes_as_many_calls_as_the_tests_here_rest_on(world: World) -> None:
    world.call(AT, 10)

    assert len(calls_of(world, lambda: world.evaluate(TODAY))) == CALLS


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_two_runs_at_once_tell_everything_once(at: int) -> None:
    world = interrupted(at, lambda world, second: second.evaluate(ACCOUNT, [TODAY]))

    assert world.states() == [["Start", "End"]]
    assert world.notified() == ["Start", "End"]
    assert len(world.stored()) == 2


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_a_run_that_has_seen_less_than_another_takes_nothing_back(at: int) -> None:
    def interruption(world: World, second: Evaluation) -> None:
        world.call(AT - timedelta(minutes=20), 3)
        world.call(AT - timedelta(hours=3), 8)
        second.evaluate(ACCOUNT, [TODAY])

    world = interrupted(at, interruption)

    assert world.states() == [["Start", "End"], ["Start", "End"]]
    assert sorted(world.notified()) == ["End", "End", "Start", "Start"]
    assert len(world.stored()) == 4


def test_damage_is_told_and_nothing_is_told_again(world: World) -> None:
    world.call(AT, 10)
    world.evaluate(TODAY)
    world.bucket.put(told_key(ACCOUNT, "2026-03-10"), b"{")

    with pytest.raises(ObjectUnreadable, match="damaged") as raised:
        world.evaluate(TODAY)

    assert "earlier version" in raised.value.hint
    assert world.notified() == ["Start", "End"]


def test_what_a_run_asks_of_the_store_does_not_follow_the_history() -> None:
    """The same new calls of an account that is known for three days, and for three hundred."""
    asked = []
    for days in (3, 30, 300):
        world = World()
        world.forward(minutes=0)
        for back in range(days, 0, -1):
            world.facts[utc_date(world.day - back), "cn-hangzhou"] = []
        world.call(AT, 4)
        world.evaluate(TODAY)
        world.forward(minutes=5)
        changed = world.call(AT + timedelta(minutes=4), 4)
        fresh = world.run()
        made = calls_of(world, lambda run=fresh, dates=changed: run.evaluate(ACCOUNT, sorted(dates)))  # type: ignore[misc]
        assert len(world.stored()) == 2
        asked.append(Counter(operation for operation, _ in made))

    assert asked[0] == asked[1] == asked[2]


# A history that comes in

PATIENCE = timedelta(minutes=6)


def days_of(world: World, *back: int) -> list[date]:
    """Usual and unusual calls of some days; gives the dates that have changed."""
    changed = set()
    for each in back:
        changed |= world.call(AT - timedelta(days=each), 3, who="user/ana")
        changed |= world.call(AT - timedelta(days=each), 6)
    return sorted(changed)


def test_nothing_is_told_of_an_account_while_its_history_comes_in(world: World) -> None:
    """Compared with half of it, what is usual would be unusual. Then all of it is looked at in one go."""
    patient = world.run(patience=PATIENCE)
    first = days_of(world, 0, 9, 5)
    assert patient.evaluate(ACCOUNT, first).later == first[:2]
    world.forward(minutes=5)
    assert patient.evaluate(ACCOUNT).dates == 0
    second = days_of(world, 3, 12)
    assert patient.evaluate(ACCOUNT, second).later == second
    world.forward(minutes=5)
    assert patient.evaluate(ACCOUNT, first[:2]).later == first[:2]
    assert world.stored() == []
    world.forward(minutes=2)

    done = patient.evaluate(ACCOUNT, second)

    assert (done.later, done.dates, done.stored) == ([], 5, 10)
    assert patient.evaluate(ACCOUNT, first[:2]).dates == 0


def test_who_has_waited_often_enough_waits_no_more(world: World) -> None:
    changed = days_of(world, 0, 9, 5)

    done = world.run(patience=PATIENCE).evaluate(ACCOUNT, changed, waited=True)

    assert (done.later, done.dates) == ([], 3)


def test_what_happens_now_in_an_account_that_is_known_waits_for_nothing(world: World) -> None:
    patient = world.run(patience=PATIENCE)
    days_of(world, 1)
    world.evaluate(TODAY)
    world.forward(minutes=30)
    changed = days_of(world, 0, 4)

    done = patient.evaluate(ACCOUNT, changed)

    assert done.later == changed[:1]
    assert [event["eventTime"][:10] for event in world.stored()] == ["2026-03-09"] * 2 + ["2026-03-10"] * 2


def test_an_account_that_begins_to_be_used_waits_for_nothing(world: World) -> None:
    assert world.run(patience=PATIENCE).evaluate(ACCOUNT, days_of(world, 0, 1)).dates == 2


def test_where_earlier_calls_have_changed_all_that_follow_are_looked_at_again(world: World) -> None:
    world.evaluate(*days_of(world, 0, 2, 4, 6))
    before = world.stored()

    done = world.evaluate(*world.call(AT - timedelta(days=5), 1, who="user/ana"))

    assert done.dates == 5
    assert world.stored() == before


@pytest.mark.parametrize("account", ["1000000000000001", "acct/with:signs", "ü" * 100])
def test_any_account_has_a_key_of_its_own(account: str) -> None:
    key = told_key(account, "2026-03-10")

    assert key.startswith(TOLD)
    assert key.count("/") == 4
    assert len(key) < 120
