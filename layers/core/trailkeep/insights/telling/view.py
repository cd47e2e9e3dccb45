"""What a run sees of an account: its tallies as they were listed, its settings, and how far the calls are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import msgspec

from trailkeep.events.timestamps import utc_date
from trailkeep.insights.counting.baseline import Baselines
from trailkeep.insights.counting.tallies import Tally, list_tallies, read_facts
from trailkeep.insights.facts import Fact
from trailkeep.insights.scene import HISTORY_DAYS, Scene
from trailkeep.insights.settings.account_settings import AccountSettings
from trailkeep.lake.storage import Bucket


@dataclass(frozen=True)
class View:
    """An account at one moment. Calls of the minute ``until`` and later are not looked at yet.

    None of those before the minute ``closed`` is on its way any more. What was read once is kept.
    """

    bucket: Bucket
    account: str
    settings: AccountSettings
    until: int
    closed: int
    tallies: Sequence[Tally]
    baselines: Baselines
    _facts: dict[str, Sequence[Fact]] = field(default_factory=dict)

    def has_calls(self, day: int) -> bool:
        """Whether there are calls of a day."""
        return utc_date(day) in self._by_date

    def fingerprint(self, day: int) -> str:
        """Another one wherever a scene of the day might be another, but for what time changes."""
        first, last = _dates(day - HISTORY_DAYS - 1, day + 1)
        seen = [(each.date, each.region, each.etag) for each in self.tallies if first <= each.date <= last]
        return sha256(msgspec.json.encode((self.settings.fingerprint, sorted(seen)))).hexdigest()[:32]

    def scene(self, day: int) -> Scene:
        """All that detectors may look at to find what began on a day."""
        return Scene(
            account=self.account,
            day=day,
            facts=[fact for fact in self._facts_around(day) if fact.minute < self.until],
            history=self.baselines.history(self.account, day, self.tallies),
            until=self.until,
            closed=self.closed,
            tunings=self.settings.tunings,
            allowed=self.settings.allowed,
        )

    def holds_back(self, day: int) -> bool:
        """Whether a scene of the day lacks calls that are known, and not to be looked at yet."""
        return any(fact.minute >= self.until for fact in self._facts_around(day))

    def _facts_around(self, day: int) -> list[Fact]:
        for date in [date for date in self._facts if date < utc_date(day - 1)]:
            del self._facts[date]  # days come in their order
        found: list[Fact] = []
        for each in range(day - 1, day + 2):
            date = utc_date(each)
            if date not in self._facts:
                self._facts[date] = read_facts(self.bucket, self._by_date.get(date, ()))
            found += self._facts[date]
        return found

    @cached_property
    def _by_date(self) -> Mapping[str, Sequence[Tally]]:
        found: dict[str, list[Tally]] = {}
        for tally in self.tallies:
            found.setdefault(tally.date, []).append(tally)
        return found


def list_around(bucket: Bucket, account: str, first: int, last: int) -> list[Tally]:
    """The tallies that scenes of the days from ``first`` to ``last`` need: one listing."""
    return list_tallies(bucket, account, *_dates(first - HISTORY_DAYS - 1, last + 1))


def _dates(first: int, last: int) -> tuple[str, str]:
    return utc_date(max(0, first)), utc_date(last)
