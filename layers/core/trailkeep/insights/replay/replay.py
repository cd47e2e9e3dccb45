"""Replay: what detection would have found in a past window, by the events that are known now. Nothing is written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from trailkeep.access.principal import EVERYTHING, Principal
from trailkeep.errors import ObjectUnreadable
from trailkeep.events.timestamps import EPOCH, parse_micros, to_micros, utc_date
from trailkeep.insights.counting.baseline import Baselines
from trailkeep.insights.counting.keys import account_key
from trailkeep.insights.counting.uncounted import with_uncounted
from trailkeep.insights.finding import Finding
from trailkeep.insights.insight import MINUTE
from trailkeep.insights.replay.request import ReplayRequest
from trailkeep.insights.scene import Scene, Tuning
from trailkeep.insights.settings.account_settings import AccountSettings, read_settings, settings_key
from trailkeep.insights.settings.readiness import Learning, learning
from trailkeep.insights.telling.evaluation import Detectors
from trailkeep.insights.telling.revision import CLOSING_MINUTES, revise
from trailkeep.insights.telling.told_state import ToldDate, ToldInsight
from trailkeep.insights.telling.view import View, list_around
from trailkeep.lake.parts import Lake

PAGE_BYTES = 4 << 20
"""A page closes here: a function may answer 6 MB."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins: with the account of this key on this day, behind as many of its events."""

    key: str = ""
    day: int = 0
    given: int = 0


@dataclass(slots=True)
class Replayed:
    """A page: events of Insights, where the next one begins, what could not be read, and who is still being learned."""

    events: list[msgspec.Raw] = field(default_factory=list)
    next_place: Place | None = None
    failures: list[dict[str, str]] = field(default_factory=list)
    learning: list[Learning] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay as things stand at ``now``, for one who may see some of the regions."""

    lake: Lake
    detectors: Detectors
    request: ReplayRequest
    who: Principal
    now: datetime
    watermark: datetime | None

    def page(self, accounts: Iterable[str], place: Place, out_of_time: Callable[[], bool]) -> Replayed:
        """Accounts in the order of their keys, each in the order of time; at least one day of one of them."""
        page, size, has_looked = Replayed(), 0, False
        baselines = Baselines(self.lake.bucket, keep=False)
        days = self.request.days
        for key, account in ((account_key(account), account) for account in accounts):
            if key < place.key or (view := self._view(account, baselines, page)) is None:
                continue
            for day in days if key != place.key else range(place.day, days[-1] + 1):
                if has_looked and out_of_time():
                    page.next_place = Place(key, day)
                    return page
                has_looked = True
                given = place.given if (key, day) == (place.key, place.day) else 0
                if (scene := self._scene(view, day, page)) is None:
                    continue
                for number, event in enumerate(self._events(scene)):
                    if number < given:
                        continue
                    size += len(event) + 1
                    if page.events and size > PAGE_BYTES:
                        page.next_place = Place(key, day, number)
                        return page
                    page.events.append(msgspec.Raw(event))
                if day == days[0]:
                    page.learning += learning(scene)
        return page

    def _view(self, account: str, baselines: Baselines, page: Replayed) -> View | None:
        """What is seen of an account; None, and a failure, for one whose settings cannot be read."""
        bucket, days = self.lake.bucket, self.request.days
        try:
            settings = self._settings(read_settings(bucket, account))
        except ObjectUnreadable as error:
            page.failures.append({"object": settings_key(account), "reason": error.message})
            return None
        tallies = list_around(bucket, account, days[0], days[-1])
        return View(
            bucket=bucket,
            account=account,
            settings=settings,
            until=to_micros(self.now) // MINUTE,
            closed=to_micros(min(self.watermark or EPOCH, self.now)) // MINUTE - CLOSING_MINUTES,
            tallies=with_uncounted(self.lake, tallies, account, *self.request.dates_seen),
            baselines=baselines,
        )

    def _scene(self, view: View, day: int, page: Replayed) -> Scene | None:
        """The scene of a day; None, and a failure, for one that cannot be looked at."""
        try:
            return view.scene(day)
        except ObjectUnreadable as error:
            page.failures.append({"object": f"{utc_date(day)} of account {view.account}", "reason": error.message})
            return None

    def _settings(self, standing: AccountSettings) -> AccountSettings:
        """The settings, with what the request asks to be otherwise."""
        types, sensitivity = self.request.types, self.request.sensitivity
        tunings = {
            name: Tuning(tuning.enabled if types is None else name in types, sensitivity or tuning.sensitivity)
            for name, tuning in standing.tunings.items()
        }
        return AccountSettings(tunings, standing.allowed)

    def _events(self, scene: Scene) -> Iterator[bytes]:
        """The events of the Insights of a scene that start in the window, as they would be told."""
        told = revise(ToldDate(scene.account, utc_date(scene.day)), list(self._findings(scene)), scene, "")
        for insight in sorted(told.insights, key=_by_time):
            start = insight.events[0].event
            if self._is_asked(parse_micros(start["eventTime"])) and self._may_see(start["acsRegion"]):
                yield from (msgspec.json.encode(each.event) for each in insight.events)

    def _findings(self, scene: Scene) -> Iterator[Finding]:
        for name, detect in self.detectors.items():
            if scene.tunings[name].enabled:
                yield from (finding for finding in detect(scene) if finding.start in scene.minutes)

    def _is_asked(self, start: int) -> bool:
        return self.request.start <= start < self.request.end

    def _may_see(self, region: str) -> bool:
        return self.who.regions == EVERYTHING or region in self.who.regions


def _by_time(insight: ToldInsight) -> tuple[str, str, str, int]:
    return insight.events[0].event["eventTime"], insight.insight_type, insight.insight_object, insight.number
