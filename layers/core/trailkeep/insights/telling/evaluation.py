"""Evaluation: what is unusual in an account, told at once.

An account is looked at date by date: the last ones, and where calls of earlier ones have changed, all from there on. A
date of which nothing has changed, nor of its history, and that has nothing open, is not looked at again.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from trailkeep.errors import StorageUnavailable
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import EPOCH, to_micros, utc_date
from trailkeep.insights.counting.baseline import Baselines
from trailkeep.insights.finding import Finding
from trailkeep.insights.insight import MINUTE
from trailkeep.insights.scene import Scene, Tuning
from trailkeep.insights.settings.account_settings import read_settings
from trailkeep.insights.telling.publication import Notifier, Publication, claimed
from trailkeep.insights.telling.revision import CLOSING_MINUTES, revise
from trailkeep.insights.telling.settling import is_settling
from trailkeep.insights.telling.told_state import Standing, ToldDate, change_told, read_told
from trailkeep.insights.telling.view import View, list_around
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.storage import Bucket
from trailkeep.lake.watermark import read_watermark

Detectors = Mapping[str, Callable[[Scene], Iterable[Finding]]]
"""By type of Insight, the pure function that finds it."""

LATEST = 3
"""Dates that are always looked at: what began on the first of them has ended by the end of the second."""

LOOKED_BACK = 28
"""Days: calls that come later than that change what is usual, and no Insights any more."""

_TRIES = 5


@dataclass(slots=True)
class Evaluated:
    """What was done for an account: dates looked at, findings in them, Insight events stored, and notified.

    ``failures`` say why some were not sent: it has to be done again. ``later`` are changed dates that have to be looked
    at some minutes later, since more of their calls, or of those before them, seem to be on the way.
    """

    dates: int = 0
    found: int = 0
    stored: int = 0
    notified: int = 0
    failures: list[str] = field(default_factory=list)
    later: list[date] = field(default_factory=list)


class _Overtaken(Exception):
    """Another run has looked at the same date meanwhile, perhaps with calls that this one has not seen."""


class Evaluation:
    """Evaluates accounts. One for the life of a function."""

    def __init__(
        self,
        bucket: Bucket,
        regions: RegionRules,
        detectors: Detectors,
        notifiers: Sequence[Notifier],
        clock: Callable[[], datetime],
        patience: timedelta = timedelta(0),
    ) -> None:
        self._bucket = bucket
        self._detectors = detectors
        self._clock = clock
        self._patience = patience
        self._baselines = Baselines(bucket)
        self._publication = Publication(bucket, regions, notifiers)

    def evaluate(self, account: str, changed: Sequence[date] = (), *, waited: bool = False) -> Evaluated:
        """Look at an account, and tell what is found; ``changed`` are dates whose calls are others than before.

        Done again, or twice at once, it tells nothing twice. Raises :class:`StorageUnavailable`, after which it has to
        be done again, and :class:`ObjectUnreadable`. Nothing is put off where one has ``waited`` long enough.
        """
        now, run = self._clock(), secrets.token_hex(8)
        done = Evaluated()
        if not waited:
            done.later = self._unsettled(account, changed, now)
        days = _days(set(changed) - set(done.later), now)
        for _ in range(_TRIES):
            with suppress(_Overtaken):
                # First: so what is seen of the calls is never older than what was told of them.
                standing = in_parallel(lambda day: read_told(self._bucket, account, utc_date(day)), days)
                is_new = not any(stood.told.fingerprint for stood in standing)
                if is_new and not waited and self._is_settling(account, days[0], _day(now.date()) - 2, now):
                    return done  # as long as it is in use, it is looked at again with every run of the schedule
                view = self._view(account, days, now)
                for day, stood in zip(days, standing, strict=True):
                    self._evaluate(view, day, stood, run, now, done)
                return done
        raise StorageUnavailable("other runs evaluate the account all the time")

    def _unsettled(self, account: str, changed: Sequence[date], now: datetime) -> list[date]:
        """Those of the changed dates that are not of today or yesterday, where such calls still come in."""
        today = _day(now.date())
        old = sorted(each for each in changed if today - LOOKED_BACK - 1 <= _day(each) < today - 1)
        return old if old and self._is_settling(account, _day(old[0]), today - 2, now) else []

    def _is_settling(self, account: str, first: int, last: int, now: datetime) -> bool:
        return is_settling(self._bucket, account, first, last, now, self._patience)

    def _view(self, account: str, days: Sequence[int], now: datetime) -> View:
        # The watermark before the tallies: of what had arrived by then, they lack at most what is being counted.
        watermark = read_watermark(self._bucket) or EPOCH
        return View(
            bucket=self._bucket,
            account=account,
            settings=read_settings(self._bucket, account),
            until=_minute(now),
            closed=_minute(min(watermark, now)) - CLOSING_MINUTES,
            tallies=list_around(self._bucket, account, days[0], days[-1]),
            baselines=self._baselines,
        )

    def _evaluate(self, view: View, day: int, stood: Standing, run: str, now: datetime, done: Evaluated) -> None:
        """Look at a day, where that is due, and tell what no run has told yet."""
        fingerprint = view.fingerprint(day)
        if _is_due(view, day, stood.told, fingerprint):
            scene = view.scene(day)
            findings = self._findings(scene)
            done.dates += 1
            done.found += len(findings)
            holds_back = view.holds_back(day)

            def looked_at(told: ToldDate) -> ToldDate:
                if told.fingerprint not in (stood.told.fingerprint, fingerprint):
                    raise _Overtaken
                return claimed(revise(told, findings, scene, fingerprint, settled=not holds_back), run, now)

            told = change_told(self._bucket, stood, looked_at)
        else:
            told = change_told(self._bucket, stood, lambda told: claimed(told, run, now))
        published = self._publication.publish(told, run, now)
        done.stored += published.stored
        done.notified += published.notified
        done.failures += published.failures

    def _findings(self, scene: Scene) -> list[Finding]:
        """All that begins on the day of a scene, of the types that are enabled."""
        return [
            finding
            for insight_type, detect in self._detectors.items()
            if scene.tunings.get(insight_type, Tuning()).enabled
            for finding in detect(scene)
            if finding.start in scene.minutes
        ]


def _is_due(view: View, day: int, told: ToldDate, fingerprint: str) -> bool:
    if told.fingerprint == fingerprint:
        return not told.settled
    return view.has_calls(day) or bool(told.insights)


def _days(changed: Iterable[date], now: datetime) -> Sequence[int]:
    """The days, counted from 1970-01-01, to be looked at.

    What began a day before may have ended on a changed one, and to all that follow it belongs to what is usual.
    """
    today = _day(now.date())
    first = min((_day(each) - 1 for each in changed), default=today)
    return range(min(max(first, today - LOOKED_BACK), today - LATEST + 1), today + 1)


def _day(of: date) -> int:
    return (of - EPOCH.date()).days


def _minute(moment: datetime) -> int:
    return to_micros(moment) // MINUTE
