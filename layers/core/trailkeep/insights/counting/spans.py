"""Spans: stretches of whole hours of one UTC date, the unit in which events are counted again."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

HOUR = 3_600_000_000
"""In microseconds."""

HOURS_A_DAY = 24


class Span(NamedTuple):
    """Hours of a date, counted from 1970: from ``start`` to before ``end``."""

    date: str
    start: int
    end: int

    @property
    def first(self) -> int:
        """Its first microsecond."""
        return self.start * HOUR

    @property
    def last(self) -> int:
        """Its last microsecond."""
        return self.end * HOUR - 1


def whole_date(date: str) -> Span:
    """All hours of a date. ValueError for what is no date."""
    midnight = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
    if midnight.date().isoformat() != date:
        raise ValueError("a date is written as 2026-03-09")
    start = int(midnight.timestamp()) // 3600
    return Span(date, start, start + HOURS_A_DAY)


def touched(date: str, first: int, last: int) -> Span:
    """The hours of a date between two of its microseconds, both included. ValueError for others than its own."""
    whole = whole_date(date)
    if not whole.first <= first <= last <= whole.last:
        raise ValueError("the times are not of the date")
    return Span(date, first // HOUR, last // HOUR + 1)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same hours in as few spans as can be, in their order."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and found[-1].date == span.date and span.start <= found[-1].end:
            found[-1] = Span(span.date, found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found
