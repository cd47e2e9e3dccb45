"""When a saved query looks: at RFC 3339 times, or relative to when it is run, such as ``-7d``."""

import re
from datetime import datetime, timedelta

from trailkeep.errors import InvalidParameter, InvalidTimeRange
from trailkeep.events.timestamps import format_micros, parse_micros, to_micros
from trailkeep.saved_queries.saved_query import Definition

_RELATIVE = re.compile(r"-([1-9][0-9]{0,5})([mhdw])", re.ASCII)
_MICROS = {
    unit: length // timedelta(microseconds=1)
    for unit, length in {
        "m": timedelta(minutes=1),
        "h": timedelta(hours=1),
        "d": timedelta(days=1),
        "w": timedelta(weeks=1),
    }.items()
}
_LAST = parse_micros("9999-12-31T23:59:59Z")
"""With an offset, a time can lie behind the last one that can be written."""


def check_window(start_time: str | None, end_time: str | None, now: datetime) -> None:
    """Raise :class:`InvalidParameter` for what is no time, :class:`InvalidTimeRange` for an end before its start."""
    for name, value in (("startTime", start_time), ("endTime", end_time)):
        if value is not None and not _is_moment(value):
            raise InvalidParameter(f"{name} must be an RFC 3339 time such as 2026-01-02T03:04:05Z, or -15m, -24h, -7d")
    start, end = _micros(start_time, now), _micros(end_time, now)
    if start is not None and start >= (to_micros(now) if end is None else end):
        raise InvalidTimeRange("startTime must be before endTime")


def window_of(saved: Definition, now: datetime) -> tuple[str | None, str | None]:
    """Start and end of a run that begins ``now``, as RFC 3339 texts in UTC; None where the query does not say."""
    start, end = (_micros(text, now) for text in (saved.start_time, saved.end_time))
    return None if start is None else format_micros(start), None if end is None else format_micros(end)


def _is_moment(text: str) -> bool:
    if _RELATIVE.fullmatch(text):
        return True
    try:
        parse_micros(text)
    except ValueError:
        return False
    return True


def _micros(text: str | None, now: datetime) -> int | None:
    if text is None:
        return None
    relative = _RELATIVE.fullmatch(text)
    micros = to_micros(now) - int(relative[1]) * _MICROS[relative[2]] if relative else parse_micros(text)
    return min(max(micros, 0), _LAST)
