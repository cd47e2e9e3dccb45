"""What ``GET /v1/histogram`` asks for: a lookup's question, a field whose values are counted, and an interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trailkeep.errors import InvalidParameter
from trailkeep.lookup.filters import FILTERS
from trailkeep.lookup.question import Question, parse_question
from trailkeep.named import nearest

_SECOND = 1_000_000

INTERVALS = {
    "1m": 60 * _SECOND,
    "5m": 300 * _SECOND,
    "15m": 900 * _SECOND,
    "1h": 3_600 * _SECOND,
    "6h": 21_600 * _SECOND,
    "1d": 86_400 * _SECOND,
}
"""Widths of buckets in microseconds. They begin at multiples of themselves since 1970, in UTC."""

MOST_BUCKETS = 1_000

FIELDS = {
    name: FILTERS[name][0]
    for name in (
        "serviceName",
        "eventName",
        "eventRW",
        "eventType",
        "user",
        "roleName",
        "accessKeyId",
        "accountId",
        "sourceIpAddress",
        "errorCode",
    )
}
"""Fields that are counted by, and their columns."""

_OF_PAGES = ("direction", "maxResults", "nextToken", "view")


@dataclass(frozen=True, slots=True)
class HistogramQuestion:
    """A question to be counted: by the values of ``column`` and in buckets of ``width`` microseconds, if any."""

    question: Question
    column: str | None
    width: int | None

    @property
    def edges(self) -> list[int]:
        """Where the buckets begin, and where the last one ends: within the window, which may cut the outer ones."""
        start, end, width = self.question.start, self.question.end, self.width
        if width is None:
            return [start, end]
        return [start, *range((start // width + 1) * width, end, width), end]


def parse_histogram(parameters: Mapping[str, Sequence[str]], now: datetime) -> HistogramQuestion:
    """The question in multi-valued query parameters.

    Raises :class:`InvalidParameter`, which names the parameter, or :class:`InvalidTimeRange`.
    """
    for name in _OF_PAGES:
        if name in parameters:
            raise InvalidParameter(f"{name} is not for counts, which come whole")
    field = _one(parameters, "field", FIELDS)
    interval = _one(parameters, "interval", INTERVALS)
    rest = {name: values for name, values in parameters.items() if name not in ("field", "interval")}
    question, _ = parse_question(rest, now)
    asked = HistogramQuestion(question, FIELDS[field] if field else None, INTERVALS[interval] if interval else None)
    if asked.width and (question.end - question.start) // asked.width + 2 > MOST_BUCKETS:
        raise InvalidParameter(
            f"interval {interval} is too short for this window: at most {MOST_BUCKETS} buckets are counted",
            hint="Take a longer interval or a shorter window.",
        )
    return asked


def _one(parameters: Mapping[str, Sequence[str]], name: str, known: Mapping[str, object]) -> str | None:
    values = parameters.get(name, ())
    if not values:
        return None
    if len(values) > 1:
        raise InvalidParameter(f"{name} may be given only once")
    if values[0] not in known:
        raise InvalidParameter(f"{name} must be one of {', '.join(known)}", hint=nearest(values[0], known))
    return values[0]
