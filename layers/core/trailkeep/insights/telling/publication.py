"""Publication: what is to be told becomes events of the lake, and then notifications, each once.

A run claims what it tells. Whoever comes upon a claim leaves it alone until it has run out: its holder is at it, or has
died. So an event is sent a second time only where a run died between sending it and noting that.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from trailkeep.errors import StorageUnavailable
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Rejected
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import date_of, to_micros
from trailkeep.insights.telling.told_state import Claim, ToldDate, ToldEvent, change_told, read_told
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.partitions import INSIGHTS, Part, Partition
from trailkeep.lake.storage import Bucket

CHANNEL = "insights"
"""The channel by which these events come to the lake: nobody else can send any by it."""

LEASE = timedelta(minutes=5)
"""How long a claim holds. No run lives longer: whoever finds an older one may be sure that nobody acts on it."""


class Notifier(Protocol):
    """A channel that tells people, or their programs, of Insights."""

    name: str

    def send(self, events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Send Insight events, in their order; gives the IDs of those that it took, as it takes them.

        Raises :class:`StorageUnavailable` where nothing answers: what was given before holds.
        """


@dataclass(slots=True)
class Published:
    """What a run told: events newly stored, and those that every channel has taken; why some were not sent, if so."""

    stored: int = 0
    notified: int = 0
    failures: list[str] = field(default_factory=list)


def claimed(told: ToldDate, run: str, now: datetime) -> ToldDate:
    """The same with every event claimed by this run that is to be told, and that no other run is at."""

    def claim(event: ToldEvent) -> ToldEvent:
        if event.done or (event.claim is not None and event.claim.run != run and now < event.claim.until):
            return event
        return msgspec.structs.replace(event, claim=Claim(run, now + LEASE))

    return told.with_events(claim)


class Publication:
    """Tells what is to be told. One for the life of a function."""

    def __init__(self, bucket: Bucket, regions: RegionRules, notifiers: Sequence[Notifier]) -> None:
        self._bucket = bucket
        self._regions = regions
        self._notifiers = notifiers

    def publish(self, told: ToldDate, run: str, now: datetime) -> Published:
        """Store what this run has claimed, send it, and note that. What was not sent is left for the next run.

        Raises :class:`StorageUnavailable` where it could not be stored, or noted.
        """
        ours = [event for insight in told.insights for event in insight.events if _is_held(event, run)]
        published = Published()
        if not ours:
            return published
        sent = {event.event_id: set(event.sent) for event in ours}
        done: set[str] = set()
        try:
            # Encoded one after another: the masker has one scratch space.
            encoded = [self._encode(event.event, now) for event in ours]
            published.stored = sum(in_parallel(lambda part: self._bucket.create(*part), encoded))
            done = self._send(ours, sent, published.failures)
        finally:
            self._note(told, run, sent, done)
        published.notified = len(done)
        return published

    def _encode(self, event: Mapping[str, Any], now: datetime) -> tuple[str, bytes, Mapping[str, str]]:
        """An event as a part of its own: its key, which is always the same, its bytes and what is said of them."""
        result = normalise(Record(0, msgspec.json.encode(event)), Arrival(CHANNEL, to_micros(now), self._regions))
        if isinstance(result, Rejected):
            raise ValueError(f"an Insight event is no event: {result.detail}")
        row, _ = result
        encoded = encode_part([row], to_micros(now))
        partition = Partition(INSIGHTS, row.region, date_of(row.event_time))
        part = Part(partition, row.event_time, row.event_time, row.uid.hex())
        return part.key, encoded.body, {"rows": "1", "fingerprint": encoded.fingerprint}

    def _send(self, events: Sequence[ToldEvent], sent: Mapping[str, set[str]], failures: list[str]) -> set[str]:
        """Send to each channel what it has not taken yet; gives the IDs of what all have taken.

        A channel that does not answer holds up no other.
        """
        for notifier in self._notifiers:
            missing = [event.event for event in events if notifier.name not in sent[event.event_id]]
            taken: set[str] = set()
            try:
                taken.update(notifier.send(missing))
            except StorageUnavailable as error:
                failures.append(error.message)
            else:
                if len(taken) < len(missing):
                    failures.append(f"{notifier.name} refused {len(missing) - len(taken)} of {len(missing)} Insights")
            for event_id in taken:
                sent[event_id].add(notifier.name)
        wanted = {notifier.name for notifier in self._notifiers}
        return {event_id for event_id, channels in sent.items() if wanted <= channels}

    def _note(self, told: ToldDate, run: str, sent: Mapping[str, set[str]], done: Set[str]) -> None:
        """Note what was sent, and give up the claims."""

        def noted(event: ToldEvent) -> ToldEvent:
            if not _is_held(event, run):
                return event
            channels = tuple(sorted(sent.get(event.event_id, ())))
            return msgspec.structs.replace(event, done=event.event_id in done, sent=channels, claim=None)

        standing = read_told(self._bucket, told.account_id, told.date)
        change_told(self._bucket, standing, lambda told: told.with_events(noted))


def _is_held(event: ToldEvent, run: str) -> bool:
    return event.claim is not None and event.claim.run == run
