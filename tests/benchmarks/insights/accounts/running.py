"""Programs that run: around the clock, or as jobs at fixed times."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi
from random import Random

from tests.benchmarks.insights.accounts.book import Operation
from tests.benchmarks.insights.accounts.chance import count, spread
from tests.benchmarks.insights.accounts.programs import Program, date_of
from tests.benchmarks.insights.accounts.setting import weekday
from trailkeep.insights.facts import MINUTES_A_DAY


@dataclass
class Steady(Program):
    """Calls every ``period`` minutes, ``rate`` of the first operation, more by day, and more from week to week."""

    period: int = 15
    rate: float = 2.0
    by_day: float = 0.0
    """The share of its calls that the night is without."""
    by_week: float = 0.0
    """The share that days off are without."""
    growth: float = 0.0
    failing: float = 0.01
    broken: Operation | None = None
    """What it is not allowed to do, and tries every time."""
    campaigns: set[int] = field(default_factory=set)
    """Days on which customers come in crowds."""

    def act(self, day: int, random: Random) -> None:
        """All calls of a day."""
        if not self.is_here(day):
            return
        setting, book, cause = self.setting, self.setting.book, self.cause(day)
        level = self.rate * (1 + self.growth) ** ((day - setting.days.start) / 7) * spread(random, 0.12)
        if setting.is_free(day):
            level *= 1 - self.by_week
        if day in self.campaigns:
            level, cause = level * 1.8, "campaign"
        start = day * MINUTES_A_DAY
        caller = self.caller(day, random)
        shares = [1 / (number + 1) for number in range(len(self.operations))]
        for minute in range(start + self.phase % self.period, start + MINUTES_A_DAY, self.period):
            local = (minute + 60 * setting.zone) % MINUTES_A_DAY
            now = level * (1 - self.by_day * (0.5 + 0.5 * cos((local / 60 - 3) * pi / 12)))
            if not self.hosts or random.random() < 0.2:
                caller = self.caller(day, random)
            for operation, share in zip(self.operations, shares, strict=True):
                if calls := count(random, now * share):
                    failed = min(calls, count(random, calls * self.failing))
                    if failed:
                        cloud = setting.cloud
                        error = cloud.throttled if random.random() < 0.5 else random.choice(cloud.faults)
                        book.add(cause, minute, caller, operation, failed, error)
                    if calls > failed:
                        book.add(cause, minute, caller, operation, calls - failed)
            if self.broken:
                book.add(cause, minute, caller, self.broken, 1, setting.cloud.denied)

    def trouble(self, cause: str, day: int, times: float, error: str | None, random: Random) -> None:
        """More calls than usual for a while, all of which may fail: an outage, a load test, or a key that is gone."""
        start = self.setting.minute(day, random.uniform(0, 22) * 60)
        caller = self.caller(day, random)
        if cause == "old key in use":
            caller = caller._replace(key=self.base.key)
        # What is retried, is retried every minute.
        calls = max(2.0, self.rate / self.period * times)
        for passed in range(random.randrange(15, 80)):
            for operation in self.operations[:2]:
                if number := count(random, calls / 2):
                    self.setting.book.add(cause, start + passed, caller, operation, number, error)


@dataclass
class Batch(Program):
    """A job at a fixed time: nightly, weekly or at the month's end."""

    at: int = 120
    every: str = "night"
    calls: float = 800.0
    length: float = 30.0
    growth: float = 0.0

    def act(self, day: int, random: Random) -> None:
        """The run of a day, if there is one."""
        if self.is_here(day) and self._is_due(day):
            self.run(day, self.at + random.gauss(0, 2), self.cause(day), random)

    def run(self, day: int, local: float, cause: str, random: Random) -> None:
        """One run, at a local time."""
        setting, add = self.setting, self.setting.book.add
        factor = spread(random, 0.15) * (1 + self.growth) ** ((day - setting.days.start) / 7)
        length, total = max(3, int(self.length * factor)), self.calls * factor
        start, caller = setting.minute(day, local), self.caller(day, random)
        for passed in range(length):
            for operation in self.operations:
                if calls := count(random, total / length / len(self.operations)):
                    add(cause, start + passed, caller, operation, calls)
                    if random.random() < 0.03:
                        add(cause, start + passed, caller, operation, calls // 5 + 1, setting.cloud.throttled)

    def _is_due(self, day: int) -> bool:
        if self.every == "week":
            return weekday(day) == self.phase % 7
        if self.every == "month":
            return date_of(day + 1).day <= 2 or date_of(day).day <= 2
        return True
