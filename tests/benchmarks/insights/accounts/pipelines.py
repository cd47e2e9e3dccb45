"""Pipelines: builds on runners with ever new addresses, deployments in bursts, and Terraform."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.benchmarks.insights.accounts.book import Caller, Operation
from tests.benchmarks.insights.accounts.chance import Liking, count, spread
from tests.benchmarks.insights.accounts.programs import Program


def _irregular(random: Random, mean: float) -> list[float]:
    """Local minutes at which people start something in working hours, and seldom in the evening."""
    return [
        random.gauss(14 * 60, 130) if random.random() < 0.92 else random.uniform(18, 23) * 60
        for _ in range(count(random, mean))
    ]


@dataclass
class Builds(Program):
    """Builds: each on a runner of its own. A few run at night, by schedule."""

    a_day: float = 15.0

    def act(self, day: int, random: Random) -> None:
        """All builds of a day."""
        if not self.is_here(day):
            return
        mean = self.a_day * (0.12 if self.setting.is_free(day) else spread(random, 0.25))
        for local in [*_irregular(random, mean), 60.0 + self.phase % 200]:
            self._build(day, local, random)

    def _build(self, day: int, local: float, random: Random) -> None:
        caller = self.caller(day, random)._replace(address=self.setting.places.runner(random))
        start = self.setting.minute(day, local)
        length, total = random.randrange(3, 15), random.uniform(15, 110)
        for passed in range(length):
            for operation in random.sample(self.operations, 2):
                calls = count(random, total / length / 2)
                if calls:
                    error = self.setting.cloud.faults[0] if random.random() < 0.03 else None
                    self.setting.book.add("build", start + passed, caller, operation, calls, error)


@dataclass
class Deployments(Program):
    """Deployments: none, or several a day, 300 to 2,000 calls each, throttled when they hurry; parts by a service."""

    a_day: float = 1.5
    by_service: str | None = None
    cleans: float = 0.05
    """How often an old stack goes, and its log groups with it."""
    liked: Liking[Operation] | None = None

    def act(self, day: int, random: Random) -> None:
        """All deployments of a day."""
        busy = 0.1 if self.setting.is_free(day) else self.a_day * spread(random, 0.5)
        for local in _irregular(random, busy):
            self._deploy(day, local, random)

    def _deploy(self, day: int, local: float, random: Random) -> None:
        book, cloud = self.setting.book, self.setting.cloud
        caller = self.caller(day, random)
        if self.pool is None:
            caller = caller._replace(address=self.setting.places.runner(random), kind="address")
        inside = self._inside(caller)
        start = self.setting.minute(day, local)
        length, total = random.randrange(5, 30), min(2000.0, random.lognormvariate(6.5, 0.5) + 150)
        throttled = random.choice((0.0, 0.01, 0.03, 0.08))
        liked = self.liked or Liking(self.operations, random, 0.5)
        for passed in range(length):
            for operation in liked.take(random, 6):
                calls = count(random, total / length / 6)
                failed = min(calls, count(random, calls * throttled))
                who = inside if random.random() < 0.5 else caller
                if calls > failed:
                    book.add("deployment", start + passed, who, operation, calls - failed)
                if failed:
                    book.add("deployment", start + passed, who, operation, failed, cloud.throttled)
        if random.random() < 0.1:
            book.add("deployment", start + length, inside, cloud.policy[0], random.randrange(1, 4))
        if random.random() < self.cleans:
            book.add("deployment", start + length, inside, random.choice(cloud.cleaning), random.randrange(1, 6))

    def _inside(self, caller: Caller) -> Caller:
        """The calls that the cloud's own service makes on behalf of the role."""
        if self.by_service is None:
            return caller
        return caller._replace(kind="service", address=None, agent=self.by_service)


@dataclass
class Terraform(Program):
    """Plans read everything; some are applied, and change permissions among other things."""

    a_day: float = 2.5
    applies: float = 0.35

    def act(self, day: int, random: Random) -> None:
        """All plans of a day."""
        for local in _irregular(random, 0.1 if self.setting.is_free(day) else self.a_day):
            caller = self.caller(day, random)
            if self.pool is None:
                caller = caller._replace(address=self.setting.places.runner(random), kind="address")
            start, length = self.setting.minute(day, local), random.randrange(2, 7)
            self._plan(start, length, caller, random)
            if random.random() < self.applies:
                self._plan(start + length + 2, length, caller, random)
                self._apply(start + length + 3, caller, random)

    def _plan(self, start: int, length: int, caller: Caller, random: Random) -> None:
        total, cloud = random.uniform(200, 800), self.setting.cloud
        for passed in range(length):
            for operation in self.operations:
                if calls := count(random, total / length / len(self.operations)):
                    error = cloud.faults[-1] if random.random() < 0.05 else None
                    self.setting.book.add("terraform", start + passed, caller, operation, calls, error)

    def _apply(self, start: int, caller: Caller, random: Random) -> None:
        cloud, add = self.setting.cloud, self.setting.book.add
        for operation in random.sample(cloud.programs["terraform writes"], 3):
            add("terraform", start, caller, operation, random.randrange(1, 8))
        if random.random() < 0.5:
            for operation in random.sample(cloud.policy[:6], random.choice((1, 1, 2))):
                add("terraform", start + 1, caller, operation, random.randrange(1, 5))
        if random.random() < 0.05:
            add("terraform", start + 1, caller, random.choice(cloud.cleaning), random.randrange(1, 3))
        if random.random() < 0.002:
            add("trail maintenance", start + 1, caller, cloud.maintenance[0], 1)
