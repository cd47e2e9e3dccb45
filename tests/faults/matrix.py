"""The crash matrix: a scenario, interrupted at every call that it makes, in every way that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.faults.invariants import Invariant, Violated, demand
from tests.faults.scenario import Scenario, everything
from tests.faults.world import World, world_of
from tests.functions.deployment import Deployment, deployed
from tests.functions.interruption import ENDS_THE_RUN, EVERY_CALL, Fault, Killed, interrupted
from trailkeep.errors import TrailkeepError

REPETITIONS = 4
"""Runs after an interrupted one: as often as the queue gives a message out before it is a dead letter."""

WEAKNESSES = frozenset({Fault.ANSWER_LOST, Fault.TIMED_OUT, Fault.BUSY_ONCE, Fault.ERROR_ONCE, Fault.CONFLICT_ONCE})
"""What passes by itself when a call is made again."""

_AT_EVERY_CALL = WEAKNESSES - {Fault.ANSWER_LOST}
"""Those that leave the store as it is: they may as well all happen in one run."""

_READS = frozenset({"GetObject", "HeadObject", "ListObjectsV2", "GetSecretValue"})


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A scenario without faults: the world before, the calls that it made, what it left."""

    before: World
    calls: tuple[str, ...]
    left: Any


def interrupt_everywhere(scenario: Scenario, fault: Fault) -> int:
    """Let the fault happen at each call in turn; gives how often it did. Raises :class:`Violated`."""
    undisturbed = observe(scenario)
    places = list(_places(undisturbed.calls, fault))
    for at in places:
        try:
            _interrupt(scenario, undisturbed, at, fault)
        except Violated as violated:
            where = "every call" if at == EVERY_CALL else f"call {at}"
            violated.add_note(f"{fault.name} at {where} of {', '.join(undisturbed.calls)}")
            raise
    return len(places)


def violations(scenario: Scenario, *faults: Fault) -> Iterator[Invariant]:
    """The invariants that do not hold where these faults happen, at whatever call."""
    undisturbed = observe.__wrapped__(scenario)
    for fault in faults:
        for at in _places(undisturbed.calls, fault):
            try:
                _interrupt(scenario, undisturbed, at, fault)
            except Violated as violated:
                yield violated.invariant


@lru_cache(maxsize=64)
def observe(scenario: Scenario) -> Undisturbed:
    """Do it without faults, which has to satisfy every demand at once."""
    with deployed() as deployment:
        scenario.prepare(deployment)
        deployment.restart()
        before = world_of(deployment)
    with before.deployed() as deployment:
        with interrupted(0, Fault.KILLED_BEFORE) as calls:
            demand(Invariant.ENDS, _run(scenario, deployment), "not even undisturbed")
        demand(Invariant.ENDS, len(calls) > 0, "it does nothing that could fail")
        left = scenario.stands(deployment)
        _demand_all(scenario, deployment, acknowledged_at_once=False)
    return Undisturbed(before, tuple(calls), left)


def _places(calls: tuple[str, ...], fault: Fault) -> Iterator[int]:
    """Where a fault makes a difference.

    A reading changes nothing: killed after it is killed before the next call, and an answer that was lost is one that
    never came.
    """
    concerned = [number for number, operation in enumerate(calls, 1) if fault.concerns(operation)]
    if fault in _AT_EVERY_CALL:
        yield from [EVERY_CALL] if concerned else []
        return
    for number in concerned:
        has_effect = calls[number - 1] not in _READS
        if has_effect or fault not in (Fault.KILLED_AFTER, Fault.ANSWER_LOST):
            yield number


def _interrupt(scenario: Scenario, undisturbed: Undisturbed, at: int, fault: Fault) -> None:
    with undisturbed.before.deployed() as deployment:
        with interrupted(at, fault) as calls:
            done = _run(scenario, deployment)
        demand(Invariant.ENDS, len(calls) >= at, f"it made {len(calls)} calls only: another world than before")
        demand(Invariant.ACKNOWLEDGED_IS_DONE, not (done and fault in ENDS_THE_RUN), "by one who was killed")
        if fault in WEAKNESSES - scenario.noticed:
            demand(Invariant.UNNOTICED, done, fault.name)
        runs = 1
        while not done or (scenario.comes_again and runs == 1):
            demand(Invariant.ENDS, runs <= REPETITIONS, f"not after {REPETITIONS} more runs")
            if fault in ENDS_THE_RUN:
                deployment.restart()  # who only failed goes on in the same process, with what it remembers
            done = _run(scenario, deployment)
            runs += 1
        left = scenario.stands(deployment)
        if left is not None and left == undisturbed.left:
            return  # where all that was demanded has been found to hold
        _demand_all(scenario, deployment, acknowledged_at_once=runs == 1)
        demand(Invariant.ONE_OUTCOME, left == undisturbed.left, _difference(left, undisturbed.left))


def _demand_all(scenario: Scenario, deployment: Deployment, *, acknowledged_at_once: bool) -> None:
    try:
        scenario.check(deployment)
    except Violated as violated:
        if acknowledged_at_once:  # nobody runs it again: what stands now is all that there will be
            raise Violated(Invariant.ACKNOWLEDGED_IS_DONE, violated) from violated
        raise
    if scenario.may_repeat:
        before = everything(deployment)
        deployment.restart()
        demand(Invariant.ENDS, _run(scenario, deployment), "done, it cannot be done once more")
        after = everything(deployment)
        demand(Invariant.QUIET, after == before, _difference(after, before))


def _run(scenario: Scenario, deployment: Deployment) -> bool:
    """Whether a run acknowledges its work. Errors of ours are how a function reports failure; others are not."""
    try:
        return scenario.run(deployment)
    except (Killed, TrailkeepError):
        return False
    except Violated:
        raise
    except Exception as error:
        raise Violated(Invariant.NAMED, repr(error)) from error


def _difference(one: Any, other: Any) -> str:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return f"{one}\n{other}"
    keys = sorted(key for key in one.keys() | other.keys() if one.get(key, ...) != other.get(key, ...))
    return "\n".join(f"{key}\n  {one.get(key, 'is not there')}\n  {other.get(key, 'was not there')}" for key in keys)
