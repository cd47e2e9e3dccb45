"""Holds: what must stay however old it is. One object each; a released one is kept, with who released it and when."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import msgspec

from trailkeep.access.principal import Principal
from trailkeep.errors import (
    Conflict,
    HoldNotFound,
    InvalidNextToken,
    ObjectNotFound,
    ObjectUnreadable,
    StorageUnavailable,
)
from trailkeep.events.timestamps import format_time
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import Partition
from trailkeep.lake.storage import Bucket, Stat
from trailkeep.retention.settings import Actor, Moment

HOLDS = "state/holds/"
_ID = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}", re.ASCII)
_TRIES = 5


class Scope(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What a hold is about: all that is given must apply. Dates are days in UTC, both included."""

    regions: tuple[str, ...] = ()
    start_date: str | None = None
    end_date: str | None = None
    accounts: tuple[str, ...] = ()

    def touches(self, partition: Partition) -> bool:
        """Whether a partition lies within the regions and dates; of accounts its key says nothing."""
        return (
            (not self.regions or partition.region in self.regions)
            and (self.start_date is None or partition.date >= self.start_date)
            and (self.end_date is None or partition.date <= self.end_date)
        )


class Hold(Scope, frozen=True, rename="camel", kw_only=True):
    """A hold as it is stored, and as the API shows it."""

    id: str
    name: str
    reason: str
    created_at: Moment
    created_by: Actor
    released_at: Moment | None = None
    released_by: Actor | None = None


_decoder = msgspec.json.Decoder(Hold)


@dataclass(frozen=True, slots=True)
class HoldPage:
    """Some holds in the order of their creation, the token of the next page, and what could not be read."""

    holds: list[Hold]
    next_token: str | None
    failures: list[dict[str, str]]

    def as_json(self, now: datetime) -> dict[str, object]:
        """The answer of ``GET /v1/holds``."""
        completeness = {"complete": not self.failures, "asOf": format_time(now), "failures": self.failures}
        token = {"nextToken": self.next_token} if self.next_token else {}
        return {"holds": self.holds, **token, "completeness": completeness}


def create_hold(lake: Bucket, name: str, reason: str, scope: Scope, who: Principal, now: datetime) -> Hold:
    """Hold from now on what ``scope`` says. IDs begin with the time, so that listings are in order."""
    hold = Hold(
        id=f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        name=name,
        reason=reason,
        regions=scope.regions,
        start_date=scope.start_date,
        end_date=scope.end_date,
        accounts=scope.accounts,
        created_at=now,
        created_by=Actor(who.token_id, who.name),
    )
    body = msgspec.json.encode(hold)
    # Where it stands already, that is this call's own write whose answer was lost.
    if not lake.create(_key(hold.id), body) and lake.get(_key(hold.id)) != body:
        raise Conflict("a hold of this ID exists already", hint="Send the request again.")
    return hold


def release_hold(lake: Bucket, hold_id: str, who: Principal, now: datetime) -> Hold:
    """End a hold; one that is released already stays as it is. Raises :class:`HoldNotFound`."""
    if not _ID.fullmatch(hold_id):
        raise HoldNotFound("there is no such hold")
    for _ in range(_TRIES):
        try:
            with lake.open(_key(hold_id)) as (stat, chunks):
                hold = _decode(stat.key, b"".join(chunks))
        except ObjectNotFound:
            raise HoldNotFound(f"there is no hold {hold_id}") from None
        if hold.released_at is not None:
            return hold
        released = msgspec.structs.replace(hold, released_at=now, released_by=Actor(who.token_id, who.name))
        if lake.replace(stat.key, msgspec.json.encode(released), stat.etag):
            return released
    raise StorageUnavailable("the hold is being changed by others all the time")


def list_holds(lake: Bucket, most: int, next_token: str | None) -> HoldPage:
    """A page of holds, released ones included, the oldest first."""
    if next_token is not None and not _ID.fullmatch(next_token):
        raise InvalidNextToken("nextToken is damaged")

    def read(stat: Stat) -> Hold | dict[str, str]:
        try:
            return _decode(stat.key, lake.get(stat.key))
        except (ObjectUnreadable, ObjectNotFound) as error:
            return {"object": stat.key, "reason": error.message}

    after = _key(next_token) if next_token else ""
    stats = (stat for page in lake.pages(HOLDS, after=after) for stat in page.objects if _id_in(stat.key))
    some = list(islice(stats, most + 1))
    found = in_parallel(read, some[:most])
    return HoldPage(
        holds=[each for each in found if isinstance(each, Hold)],
        next_token=_id_in(some[most - 1].key) if len(some) > most else None,
        failures=[each for each in found if isinstance(each, dict)],
    )


class HoldBook:
    """The holds in force, as they stand each time they are asked for. What was read stays until it changes."""

    def __init__(self, lake: Bucket) -> None:
        self._lake = lake
        self._known: dict[tuple[str, str], Hold] = {}

    def in_force(self) -> list[Hold]:
        """Every hold that is not released. Raises where a single one cannot be read: it might hold anything."""
        known = {}
        for stat in self._lake.list(HOLDS).objects:
            identity = (stat.key, stat.etag)
            known[identity] = self._known.get(identity) or _decode(stat.key, self._lake.get(stat.key))
        self._known = known
        return [hold for hold in known.values() if hold.released_at is None]


def _key(hold_id: str) -> str:
    return f"{HOLDS}{hold_id}.json"


def _id_in(key: str) -> str | None:
    name = key.removeprefix(HOLDS).removesuffix(".json")
    return name if key == _key(name) and _ID.fullmatch(name) else None


def _decode(key: str, body: bytes) -> Hold:
    try:
        return _decoder.decode(body)
    except (ValueError, RecursionError) as error:
        hint = f"Restore an earlier version of {key} in the lake bucket."
        raise ObjectUnreadable(f"the hold {key} is damaged", hint=hint) from error
