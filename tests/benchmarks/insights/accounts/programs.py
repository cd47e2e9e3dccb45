"""Programs: what all have in common. They call with a role or a key, from machines, functions or vendors' networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from tests.benchmarks.insights.accounts.book import Caller, Operation
from tests.benchmarks.insights.accounts.places import Pool, host
from tests.benchmarks.insights.accounts.setting import Setting

_EPOCH = date(1970, 1, 1).toordinal()


def date_of(day: int) -> date:
    """The date of a day counted from 1970-01-01."""
    return date.fromordinal(_EPOCH + day)


@dataclass
class Program:
    """A program with an identity of its own: ``base`` is its caller without an address, which ``pool`` gives.

    With ``hosts`` 0 every call may come from another address of the pool. A role's session is the host's, or new.
    """

    setting: Setting
    kind: str
    base: Caller
    family: str
    pool: Pool | None
    hosts: int
    operations: Sequence[Operation]
    phase: int
    since: int | None = None
    moved: tuple[int, Pool] | None = None
    new_key: tuple[int, str] | None = None

    @property
    def name(self) -> str:
        """Whose calls these are."""
        return self.base.identity

    def caller(self, day: int, random: Random) -> Caller:
        """The caller as it is on a day, at one of its addresses."""
        caller = self.base
        if self.family:
            caller = caller._replace(agent=self.setting.cloud.agent(self.family, 10 + (day + self.phase) // 60))
        if self.new_key and day >= self.new_key[0]:
            caller = caller._replace(key=self.new_key[1])
        number = random.randrange(self.hosts) if self.hosts else random.randrange(10_000)
        if caller.principal and caller.principal.endswith(":"):
            caller = caller._replace(principal=f"{caller.principal}i-{self.phase:06x}{number:04x}")
        if self.pool is None:
            return caller
        pool = self.moved[1] if self.moved and day >= self.moved[0] else self.pool
        if not self.hosts:
            return caller._replace(address=pool.address(random))
        return caller._replace(address=host(pool.networks[0], Random(f"{pool.networks[0]} {number}")))

    def act(self, day: int, random: Random) -> None:
        """All calls of a day."""
        raise NotImplementedError

    def is_here(self, day: int) -> bool:
        """Whether it runs yet."""
        return self.since is None or day >= self.since

    def cause(self, day: int) -> str:
        """What its calls are for the report."""
        if self.since is not None and day < self.since + 7:
            return "new program"
        if self.moved and self.moved[0] <= day < self.moved[0] + 3:
            return "moved program"
        if self.new_key and day == self.new_key[0]:
            return "rotated key of a program"
        return self.kind
