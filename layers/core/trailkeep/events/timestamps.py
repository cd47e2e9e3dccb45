"""Event times: RFC 3339 text ↔ microseconds since 1970 in UTC, the unit of the lake."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


@lru_cache(maxsize=4096)
def parse_micros(text: str) -> int:
    """Microseconds since 1970 of an RFC 3339 time; digits beyond microseconds are cut off.

    Raises ValueError for anything else, times without an offset included: whose midnight they mean is not known.
    A leap second (``:60``) is the last microsecond of its minute. An offset may put the result before year 1 or behind
    year 9999, where :func:`from_micros` cannot follow.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time with an offset")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    micros = int((match[7] or "").ljust(6, "0")[:6])
    if second == 60:
        second, micros = 59, 999_999
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    offset = 0
    if match[8]:
        hours, minutes = int(match[9]), int(match[10])
        if hours > 23 or minutes > 59:
            raise ValueError("an offset is at most 23:59")
        offset = (hours * 60 + minutes) * (60 if match[8] == "+" else -60)
    return (moment - EPOCH) // _MICROSECOND + micros - offset * 1_000_000


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware datetime, in UTC, of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


def format_micros(micros: int) -> str:
    """RFC 3339 in UTC with ``Z``; a fraction only where there is one."""
    return format_time(from_micros(micros))


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z`` of an aware datetime; a fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def utc_date(day: int) -> str:
    """The date ``YYYY-MM-DD`` of a day counted from 1970-01-01."""
    return (EPOCH + timedelta(days=day)).date().isoformat()


def date_of(micros: int) -> str:
    """The UTC date ``YYYY-MM-DD`` of microseconds since 1970."""
    return utc_date(micros // 86_400_000_000)
