"""One thing that a function does which writes, and how to tell that it was done well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.invariants import Invariant, Violated
from tests.faults.world import objects_of
from tests.functions.answers import Answer
from tests.functions.deployment import Deployment, sample
from tests.functions.interruption import Fault


def everything(deployment: Deployment) -> dict[str, Any]:
    """All objects of both buckets, byte for byte."""
    return {f"{stood.bucket}/{stood.key}": (stood.body, stood.metadata) for stood in objects_of(deployment)}


def nothing(deployment: Deployment) -> None:
    """In the place of :func:`everything` where the outcome is another one each time, as with random names."""


@dataclass(frozen=True)
class Scenario:
    """What is interrupted at each of its calls in :mod:`tests.faults.matrix`.

    ``prepare`` makes the world before, undisturbed. ``run`` invokes the function once, as its trigger does, and gives
    whether that acknowledged the work; an error of ours that it lets through counts as not acknowledged, and so does a
    kill. What was not acknowledged is run again at the same time, after a kill in a new process. ``check`` demands the
    invariants of what stands then. ``stands`` is what must be the same as after an undisturbed run, and all that
    ``check`` looks at: where it is the same, the demands are fulfilled as they were there.
    """

    function: str
    about: str
    prepare: Callable[[Deployment], object]
    run: Callable[[Deployment], bool]
    check: Callable[[Deployment], None]
    stands: Callable[[Deployment], Any] = everything
    comes_again: bool = False
    """A schedule: the next run comes whatever became of this one, and may be what heals it."""
    may_repeat: bool = True
    """Whether doing it again changes nothing, as it must where a trigger may come twice."""
    noticed: frozenset[Fault] = frozenset()
    """Moments of weakness of a service that may be seen from outside, as a failure to be repeated."""

    def __str__(self) -> str:
        return f"{self.function}: {self.about}"


def scheduled(function: str, event: str = "") -> Callable[[Deployment], bool]:
    """Invoke a function as its schedule does."""

    def run(deployment: Deployment) -> bool:
        deployment.invoke(function, sample(event or f"{function}/schedule.json"))
        return True

    return run


def answered(answer: Answer) -> bool:
    """Whether a request was done, by its answer; where not, that it says so in the way that was promised."""
    if answer.status == 503 and answer.body["code"] == "StorageUnavailable":
        return False
    if answer.status >= 400:
        raise Violated(Invariant.NAMED, answer.text)
    return True
