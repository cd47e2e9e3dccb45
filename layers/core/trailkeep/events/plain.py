"""Plain records → rows, at speed: what was read once from a member is remembered for all records that repeat it.

Nothing is judged here. A record that is not plain in every respect is left to
:func:`trailkeep.events.normalise.normalise`, and of one that is, both say the same: the groups of columns come from the
same functions, and a test compares the rows. Many records are read at once, each step for all of them, because a step
that a compiled loop makes is ten times as fast as one of Python's own.
"""

from collections.abc import Callable, Sequence
from itertools import compress, repeat
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple

from trailkeep.events.columns import Call, Insight, Origin, Row, Target, call_of, origin_of, target_of
from trailkeep.events.identity import event_uids
from trailkeep.events.plain_record import PlainRecord, plain_member, plain_records
from trailkeep.events.principals import LOGIN_NAMES, Principal, principal_of
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import parse_micros

_AT_ONCE = 32
"""Records taken through all steps together: few, so that what is decoded of them stays in a processor's cache."""

_MOST = 4096
_LONGEST = 2048
"""Members remembered at once, and how long each may be: some megabytes at the most, whatever comes."""

_SHORTEST_ID = 5
"""Shorter ones may be words for nothing."""

_Member = str | bool | bytes | UnsetType | None
_Group = TypeVar("_Group")
_SECONDS = {f":{second:02}Z": second * 1_000_000 for second in range(60)}


def _members(*names: str) -> Callable[[tuple[Any, ...]], Any]:
    """Takes these members from a record's tuple."""
    return itemgetter(*map(PlainRecord.__struct_encode_fields__.index, names))


_NO_INSIGHT = Insight()
_CALL = (
    *("eventName", "eventSource", "serviceName", "eventType", "eventCategory", "eventRW", "readOnly"),
    *("isGlobal", "acsRegion", "awsRegion", "region"),
)
_ACTOR = ("userIdentity", "recipientAccountId", "additionalEventData")
_ORIGIN = ("sourceIpAddress", "sourceIPAddress", "userAgent", "errorCode", "errorMessage")
_TARGET = ("resourceType", "resourceName", "referencedResources", "resources")
_call, _actor, _origin, _target = (_members(*names) for names in (_CALL, _ACTOR, _ORIGIN, _TARGET))
_time = _members("eventTime")
_ids, _requests, _shared = (_members(f"{name}Id", f"{name}ID") for name in ("event", "request", "sharedEvent"))


class _Memory(dict[tuple[_Member, ...], _Group | None]):
    """What a function reads from the members of these names, each time that they are as they were.

    Members that are given as bytes are JSON, or absent where they are empty. None is what only the exact way can tell.
    """

    def __init__(self, read: Callable[[dict[str, Any]], _Group | None], names: Sequence[str]) -> None:
        self._read = read
        self._names = names

    def __missing__(self, members: tuple[_Member, ...]) -> _Group | None:
        fields: dict[str, Any] = {}
        for name, member in zip(self._names, members, strict=True):
            if isinstance(member, bytes | str) and len(member) > _LONGEST:
                return None
            if member is not UNSET and member != b"":
                fields[name] = member
        try:
            fields |= {name: plain_member(member) for name, member in fields.items() if isinstance(member, bytes)}
            group = self._read(fields)
        except ValueError:
            return None
        if len(self) >= _MOST:
            self.clear()
        self[members] = group
        return group


class PlainReader:
    """Reads plain records that come by one channel, under one deployment's region rules. Made once, it remembers."""

    def __init__(self, channel: str, rules: RegionRules) -> None:
        self._channel = channel
        self._minutes: _Memory[int] = _Memory(lambda fields: parse_micros(fields["minute"] + ":00Z"), ["minute"])
        self._calls: _Memory[Call] = _Memory(lambda fields: call_of(fields, channel, rules), _CALL)
        self._actors: _Memory[Principal] = _Memory(principal_of, _ACTOR)
        self._origins: _Memory[Origin] = _Memory(origin_of, _ORIGIN)
        self._targets: _Memory[Target] = _Memory(target_of, _TARGET)

    def rows(self, texts: Sequence[bytes]) -> list[Row | None]:
        """The row of each plain record, as if it held no secret; None for any other text."""
        rows: list[Row | None] = []
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            records = plain_records(some)
            found = iter(self._rows(list(map(astuple, filter(None, records))), list(compress(some, records))))
            rows += [next(found) if record else None for record in records]
        return rows

    def _rows(self, records: list[tuple[Any, ...]], texts: Sequence[bytes]) -> list[Row | None]:
        """The same, of the members of records that are plain as far as they stand alone."""
        ids = list(map(_event_id, map(_ids, records)))
        times = list(map(self._time, map(_time, records)))
        calls = list(map(self._calls.__getitem__, map(_call, records)))
        actors = list(map(self._actors.__getitem__, map(_who, map(_actor, records))))
        origins = list(map(self._origins.__getitem__, map(_origin, records)))
        targets = list(map(self._targets.__getitem__, map(_what, map(_target, records))))
        known = list(map(all, zip(ids, times, calls, actors, origins, targets, strict=True)))
        if not all(known):
            rows = iter(self._rows(list(compress(records, known)), list(compress(texts, known))))
            return [next(rows) if each else None for each in known]
        requests, shared = (
            [one or other or None for one, other in map(pair, records)] for pair in (_requests, _shared)
        )
        uids = event_uids(self._channel, ids, times)
        return list(
            map(Row, uids, times, ids, requests, shared, calls, actors, origins, targets, repeat(_NO_INSIGHT), texts)
        )

    def _time(self, text: str) -> int:
        """Microseconds of a time in whole seconds of UTC; 0 for any other."""
        minute, second = self._minutes[text[:-4],], _SECONDS.get(text[-4:])
        return 0 if minute is None or second is None else minute + second


def _event_id(ids: tuple[str, str]) -> str:
    """An event's own ID, whichever cloud wrote it; empty where it may be a word for nothing."""
    event_id = ids[0] or ids[1] or ""
    return event_id if len(event_id) >= _SHORTEST_ID else ""


def _who(members: tuple[Any, ...]) -> tuple[_Member, ...]:
    """The members that name an actor: of ``additionalEventData`` only what may."""
    identity, account, more = members
    if type(more) is dict and any(name in more for name in LOGIN_NAMES):
        return bytes(identity), account, msgspec.json.encode({name: more[name] for name in LOGIN_NAMES if name in more})
    return bytes(identity), account, UNSET


def _what(members: tuple[Any, ...]) -> tuple[_Member, ...]:
    """The members that name what was acted on."""
    kind, name, referenced, resources = members
    return kind, name, bytes(referenced), bytes(resources)
