"""The book of an account: calls are put into it, facts of a day come out. It knows why each call was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from trailkeep.insights.facts import MINUTES_A_DAY, Fact

Operation = tuple[str, str]
"""Service and event name."""


class Caller(NamedTuple):
    """Who calls, from where and with what: what the calls of a session have in common."""

    identity: str
    principal: str | None
    kind: str
    address: str | None
    key: str | None
    agent: str | None
    region: str


@dataclass(slots=True)
class _Calls:
    """How many calls are alike, and why they were made."""

    number: int
    cause: str


_Alike = tuple[int, Caller, Operation, str | None]


class Book:
    """Calls by day. Calls of a minute that are alike become one fact, as they do when events are counted.

    ``causes`` tells for each fact, by the number that its event ID is, why it was made: ``developer``, ``travel``,
    ``deployment``… or that of an attack. Detectors cannot tell from the ID.
    """

    def __init__(self) -> None:
        self.causes: list[str] = []
        self._days: dict[int, dict[_Alike, _Calls]] = {}

    def add(
        self, cause: str, minute: int, caller: Caller, operation: Operation, calls: int = 1, error: str | None = None
    ) -> None:
        """Note calls. A minute has the cause of its first ones."""
        day = minute // MINUTES_A_DAY
        alike = self._days.setdefault(day, {})
        place = (minute, caller, operation, error)
        found = alike.get(place)
        if found is None:
            alike[place] = _Calls(calls, cause)
        else:
            found.number += calls

    def close(self, day: int) -> list[Fact]:
        """The facts of a day, in order of time; nothing is added to it any more."""
        facts = []
        rows = self._days.pop(day, {})
        for place in sorted(rows, key=_order):
            minute, caller, (service, event), error = place
            calls, cause = rows[place].number, rows[place].cause
            identity, principal, kind, address, key, agent, region = caller
            event_id = f"{len(self.causes):032x}"
            facts.append(
                Fact(
                    minute,
                    identity,
                    principal,
                    kind,
                    address,
                    key,
                    service,
                    event,
                    error,
                    agent,
                    calls,
                    event_id,
                    region,
                )
            )
            self.causes.append(cause)
        return facts

    def cause(self, fact: Fact) -> str:
        """Why the calls of a fact were made."""
        return self.causes[int(fact.event_id or "0", 16)]


def _order(place: _Alike) -> tuple[int, str, Operation]:
    return place[0], place[1].identity, place[2]
