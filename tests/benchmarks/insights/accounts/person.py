"""People: who they are, where they are on a day, and what they call with."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from tests.benchmarks.insights.accounts.book import Caller, Operation
from tests.benchmarks.insights.accounts.chance import Liking
from tests.benchmarks.insights.accounts.places import Pool, host
from tests.benchmarks.insights.accounts.setting import Setting, weekday


class Trip(NamedTuple):
    """Days in another place and time zone."""

    first_day: int
    last_day: int
    pool: Pool
    zone: int


class Place(NamedTuple):
    """Where a person calls from, and what that is to a report."""

    address: str
    cause: str


@dataclass
class Person:
    """Someone who works in the console and with tools."""

    setting: Setting
    name: str
    job: str
    identity: str
    principal: str
    key: str | None
    home: Pool
    office: Pool
    carrier: Pool
    console_agent: str
    tool: str
    reads: Liking[Operation]
    writes: Liking[Operation]
    others: Liking[Operation]
    """What people of other jobs read: looked at now and then."""
    begins: int
    """Minutes after midnight, local."""
    hours: float
    eagerness: float
    home_days: frozenset[int]
    console_share: float
    phase: int
    moves_after: int
    """Days after which the provider gives the home another address; 0 for a fixed line."""
    scripts: float = 0.0
    """How often a day a script runs that makes many calls."""
    on_call: bool = False
    shifts: tuple[int, ...] = ()
    """The local hours that shifts begin at, for those who work in shifts."""
    hired: int | None = None
    left: int | None = None
    absences: list[range] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    relocated: tuple[int, Pool] | None = None
    """From which day on another office."""
    new_tool: tuple[int, str] | None = None
    new_key: tuple[int, str] | None = None
    migration: int | None = None
    """The day of a script that is run once."""

    def is_here(self, day: int) -> bool:
        """Whether the person belongs to the account and is not ill or on vacation."""
        if (self.hired is not None and day < self.hired) or (self.left is not None and day >= self.left):
            return False
        return not any(day in absence for absence in self.absences)

    def is_new(self, day: int) -> bool:
        """Whether the person was hired in the last days."""
        return self.hired is not None and day < self.hired + 10

    def trip(self, day: int) -> Trip | None:
        """The journey of a day."""
        return next((trip for trip in self.trips if trip.first_day <= day <= trip.last_day), None)

    def zone(self, day: int) -> int:
        """The hours ahead of UTC where the person is."""
        trip = self.trip(day)
        return trip.zone if trip else self.setting.zone

    def place(self, day: int, is_late: bool = False) -> Place:
        """The place of a day's work, or of its evening and of a day off: home then, unless on a journey."""
        chance = Random(f"{self.setting.account} {self.name} {day} {is_late}")
        if trip := self.trip(day):
            return Place(host(trip.pool.networks[day % len(trip.pool.networks)], chance), "travel")
        if chance.random() < 0.012:
            return Place(self.setting.places.cafe(chance), "café or train")
        if is_late or weekday(day) in self.home_days or chance.random() < 0.05:
            if self.setting.gateway and chance.random() < 0.85:
                return Place(self._at(self.setting.gateway, 0), "people")
            turn = (day + self.phase) // self.moves_after if self.moves_after else 0
            return Place(self._at(self.home, turn), "home")
        if self.relocated and day >= self.relocated[0]:
            cause = "new office" if day < self.relocated[0] + 14 else "people"
            return Place(self._at(self.relocated[1], 0), cause)
        return Place(self._at(self.office, 0 if chance.random() < 0.93 else 1), "people")

    def caller(self, day: int, address: str, by_console: bool, random: Random) -> Caller:
        """The person at an address, with a browser or a tool as it is on that day."""
        setting = self.setting
        region = setting.regions[0] if random.random() < 0.85 else random.choice(setting.regions)
        if by_console:
            agent = self.console_agent.replace("{v}", str(118 + (day + self.phase) // 28 % 60))
            return Caller(self.identity, self.principal, "address", address, None, agent, region)
        tool = self.tool
        if self.new_tool and day >= self.new_tool[0] and random.random() < 0.5:
            tool = self.new_tool[1]
        agent = setting.cloud.agent(tool, 15 + (day + 2 * self.phase) // 45 % 60)
        return Caller(self.identity, self.principal, "address", address, self.key_on(day), agent, region)

    def key_on(self, day: int) -> str | None:
        """The key of a day, which is rotated now and then."""
        return self.new_key[1] if self.new_key and day >= self.new_key[0] else self.key

    def _at(self, pool: Pool, turn: int) -> str:
        """An address that stays while ``turn`` does; of a home, everyone's own."""
        own = Random(f"{pool.networks[0]} {turn} {self.phase if pool is self.home else 0}")
        return host(pool.networks[own.randrange(len(pool.networks))] if turn else pool.networks[0], own)
