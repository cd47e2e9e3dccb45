"""What was told: the Insights of an account that began on one date, and what became of each of their events.

One object for each date, ``state/insights/told/<account>/<date>.json``, changed by conditional writes. It is the only
memory of notifications, and it is written before anything is told: what an interrupted run was about to tell is told by
the next one, in the very same words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec

from trailkeep.errors import ObjectNotFound, ObjectUnreadable, StorageUnavailable
from trailkeep.insights.counting.keys import account_key
from trailkeep.insights.insight import WITHDRAWN
from trailkeep.lake.storage import Bucket

TOLD = "state/insights/told/"

_TRIES = 8

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Claim(msgspec.Struct, frozen=True):
    """Which run is about to tell something, and until when nobody else does."""

    run: str
    until: Moment


class ToldEvent(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """An event of an Insight. It is to be told until it is ``done``: stored, and taken by every channel.

    ``sent`` are the channels that took it so far.
    """

    state: str
    event: dict[str, Any]
    done: bool = False
    sent: tuple[str, ...] = ()
    claim: Claim | None = None

    @property
    def event_id(self) -> str:
        """The ID of the event."""
        return str(self.event["eventId"])


class ToldInsight(msgspec.Struct, frozen=True, rename="camel"):
    """An Insight as it was told: the ``number`` of its type and object on its date.

    ``first`` and ``last`` are the minutes of the calls behind it, the last one excluded, as they were seen last. The
    first of its ``events`` is its start.
    """

    insight_type: str
    insight_object: str
    number: int
    first: int
    last: int
    events: tuple[ToldEvent, ...]

    def told(self, state: str) -> ToldEvent | None:
        """The event of a state; None where there is none yet."""
        return next((each for each in self.events if each.state == state), None)

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was taken back: what is found in its place is another Insight."""
        return self.told(WITHDRAWN) is not None


class ToldDate(msgspec.Struct, frozen=True, rename="camel"):
    """The Insights of an account that began on a date.

    ``fingerprint`` is that of all that was looked at last; where it is ``settled``, looking again at the same finds
    nothing else, whatever the time.
    """

    account_id: str
    date: str
    fingerprint: str = ""
    settled: bool = False
    insights: tuple[ToldInsight, ...] = ()

    @property
    def is_all_done(self) -> bool:
        """Whether every event was told."""
        return all(event.done for insight in self.insights for event in insight.events)

    def with_events(self, change: Callable[[ToldEvent], ToldEvent]) -> "ToldDate":
        """The same with each event changed."""
        replace = msgspec.structs.replace
        return replace(
            self,
            insights=tuple(
                replace(insight, events=tuple(change(event) for event in insight.events)) for insight in self.insights
            ),
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of a date, and its etag; None for a date of which nothing stands yet."""

    told: ToldDate
    etag: str | None


_decoder = msgspec.json.Decoder(ToldDate)


def told_key(account: str, date: str) -> str:
    """Where the Insights stand that began in an account on a date."""
    return f"{TOLD}{account_key(account)}/{date}.json"


def read_told(bucket: Bucket, account: str, date: str) -> Standing:
    """What was told of a date. Raises :class:`ObjectUnreadable` where that is damaged: all would be told again."""
    key = told_key(account, date)
    try:
        with bucket.open(key) as (stat, chunks):
            return Standing(_decoder.decode(b"".join(chunks)), stat.etag)
    except ObjectNotFound:
        return Standing(ToldDate(account, date), None)
    except (ValueError, RecursionError) as error:
        hint = f"Restore an earlier version of {key} in the lake bucket."
        raise ObjectUnreadable("what was told of Insights is damaged", hint=hint) from error


def change_told(bucket: Bucket, standing: Standing, change: Callable[[ToldDate], ToldDate]) -> ToldDate:
    """Change what was told of a date, whatever others change meanwhile; gives what stands then.

    ``standing`` is what was read last. A ``change`` that was made already must change nothing.
    """
    account, date = standing.told.account_id, standing.told.date
    key = told_key(account, date)
    for _ in range(_TRIES):
        changed = change(standing.told)
        if changed == standing.told:
            return changed
        body = msgspec.json.encode(changed)
        if bucket.create(key, body) if standing.etag is None else bucket.replace(key, body, standing.etag):
            return changed
        standing = read_told(bucket, account, date)
    raise StorageUnavailable("what was told is being changed by others all the time")
