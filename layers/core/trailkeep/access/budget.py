"""Scan budgets: how much the searches of a token may read in a day (UTC), kept as one small object for each of them."""

import secrets
import sys
from datetime import UTC, datetime

import msgspec

from trailkeep.access.principal import Principal
from trailkeep.errors import ObjectNotFound, ObjectUnreadable, ScanBudgetExceeded, StorageUnavailable
from trailkeep.lake.storage import Bucket

BUDGETS = "state/budgets/"
_TRIES = 20
_REMEMBERED = 100
"""Changes that a day's record knows by name: one whose answer was lost is not made twice, if it is among them."""


class _Day(msgspec.Struct, frozen=True):
    """What was spent, in bytes, and the names of the last changes."""

    bytes: int = 0
    changes: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(_Day)


def spend(lake: Bucket, who: Principal, size: int, now: datetime) -> None:
    """Take ``size`` bytes of what this token may still read today, before they are read.

    Raises :class:`ScanBudgetExceeded`, and takes nothing then. A token without a budget is not asked about.
    """
    if who.scan_budget is not None:
        _change(lake, who, who.scan_budget, size, now)


def give_back(lake: Bucket, who: Principal, size: int, now: datetime) -> None:
    """Return what was taken and not read in the end. ``now`` is the moment at which it was taken."""
    if who.scan_budget is not None and size > 0:
        _change(lake, who, who.scan_budget, -size, now)


def demand_some(lake: Bucket, who: Principal, now: datetime) -> None:
    """Raise :class:`ScanBudgetExceeded` where nothing is left of the budget: for what is only known once it is read."""
    if who.scan_budget is not None and not left(lake, who, now):
        raise ScanBudgetExceeded(f"the {who.scan_budget} bytes that the token may read in a day are read")


def charge(lake: Bucket, who: Principal, size: int, now: datetime) -> None:
    """Take ``size`` bytes that were read already, whatever was left."""
    if who.scan_budget is not None and size > 0:
        _change(lake, who, sys.maxsize, size, now)


def left(lake: Bucket, who: Principal, now: datetime) -> int | None:
    """Bytes that this token may still read today; None for any number."""
    if who.scan_budget is None:
        return None
    return max(who.scan_budget - _read(lake, _key(who, now))[0].bytes, 0)


def _change(lake: Bucket, who: Principal, budget: int, size: int, now: datetime) -> None:
    key, name = _key(who, now), secrets.token_hex(6)
    for _ in range(_TRIES):
        day, etag = _read(lake, key)
        if name in day.changes:
            return  # this call's own write, of which the answer was lost
        if size > 0 and day.bytes + size > budget:
            raise ScanBudgetExceeded(
                f"this would read up to {size} bytes, and of the {budget} that the token may read in a day "
                f"{max(budget - day.bytes, 0)} are left"
            )
        changed = _Day(max(day.bytes + size, 0), (*day.changes, name)[-_REMEMBERED:])
        body = msgspec.json.encode(changed)
        if lake.create(key, body) if etag is None else lake.replace(key, body, etag):
            return
    raise StorageUnavailable("the budget of this token is being spent by others all the time")


def _read(lake: Bucket, key: str) -> tuple[_Day, str | None]:
    try:
        with lake.open(key) as (stat, chunks):
            return _decoder.decode(b"".join(chunks)), stat.etag
    except ObjectNotFound:
        return _Day(), None
    except (ValueError, RecursionError) as error:
        raise ObjectUnreadable(
            f"{key} is damaged", hint="Delete it: what was spent that day is in it, no more."
        ) from error


def _key(who: Principal, now: datetime) -> str:
    return f"{BUDGETS}{now.astimezone(UTC):%Y-%m-%d}/{who.token_id}.json"
