"""A lookup's question: what the query parameters of ``GET /v1/events`` ask for, checked parameter by parameter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trailkeep.errors import InvalidParameter, InvalidTimeRange
from trailkeep.events.regions import is_region
from trailkeep.events.timestamps import parse_micros, to_micros
from trailkeep.lookup.filters import FILTERS, INSIGHT_FILTERS, SENSITIVE, Filter, make_filter
from trailkeep.lookup.insight_filters import make_insight_filter
from trailkeep.named import max_results, refuse_unknown

BACKWARD, FORWARD = "BACKWARD", "FORWARD"
OPERATOR = "operator"
DEFAULT_WINDOW = timedelta(days=7)
MAX_VALUES = 100
"""Values of one filter in one request: a URL holds no more anyway, and each costs a comparison a row."""

_LAST = to_micros(datetime.max.replace(tzinfo=UTC))
"""With an offset, a time can lie behind the last one there is, as it can lie before the first."""

_CONTROLS = ("startTime", "endTime", "region", "direction", "maxResults", "nextToken")
_ONCE = frozenset({"startTime", "endTime", "direction", "maxResults", "nextToken", "view"})


@dataclass(frozen=True, slots=True)
class Question:
    """A lookup, complete: a half-open window in microseconds, regions (empty: all), filters that must all hold.

    ``asked_window`` is the window as it was asked for, None where a default stands: defaults move, so a cursor is
    bound to this and carries the window itself. How many events a page has and how they are shown may change between
    pages; with ``is_operator_view`` only what an operator's log has of each is shown.
    """

    start: int
    end: int
    regions: tuple[str, ...]
    newest_first: bool
    max_results: int
    filters: tuple[Filter, ...]
    asked_window: tuple[int | None, int | None] = (None, None)
    is_operator_view: bool = False


def parse_question(
    parameters: Mapping[str, Sequence[str]], now: datetime, *, insights: bool = False
) -> tuple[Question, str | None]:
    """The question in multi-valued query parameters, and the ``nextToken`` among them.

    Raises :class:`InvalidParameter`, which names the parameter (and the nearest known one for an unknown one), or
    :class:`InvalidTimeRange`.
    """
    known = {**FILTERS, **INSIGHT_FILTERS} if insights else FILTERS
    controls = _CONTROLS if insights else (*_CONTROLS, "view")
    filters = []
    for name, values in parameters.items():
        _check(name, values, controls, (*known, SENSITIVE))
        if name not in controls:
            filters.append(
                make_insight_filter(name, tuple(values)) if insights else make_filter(name, tuple(values), FILTERS)
            )
    asked = (_time(parameters, "startTime"), _time(parameters, "endTime"))
    end = to_micros(now) if asked[1] is None else asked[1]
    start = max(0, end - DEFAULT_WINDOW // timedelta(microseconds=1)) if asked[0] is None else asked[0]
    if start >= end:
        raise InvalidTimeRange("startTime must be before endTime")
    start, end = (min(max(moment, 0), _LAST) for moment in (start, end))
    regions = tuple(sorted(set(parameters.get("region", ()))))
    question = Question(
        start=start,
        end=end,
        regions=() if "*" in regions else regions,
        newest_first=_direction(parameters),
        max_results=max_results(parameters),
        filters=tuple(sorted(filters, key=lambda item: (item.parameter, item.excludes))),
        asked_window=asked,
        is_operator_view=_is_operator_view(parameters),
    )
    return question, next(iter(parameters.get("nextToken", ())), None)


def _check(name: str, values: Sequence[str], controls: Sequence[str], filters: Sequence[str]) -> None:
    if name not in controls and name.removesuffix("!") not in filters:
        refuse_unknown([name], (*controls, *filters), kind="parameter")
    if name in _ONCE and len(values) > 1:
        raise InvalidParameter(f"{name} may be given only once")
    if len(values) > MAX_VALUES:
        raise InvalidParameter(f"{name} may be given at most {MAX_VALUES} times")
    if any(not value for value in values):
        raise InvalidParameter(f"{name} is empty")
    if name == "region" and not all(value == "*" or is_region(value) for value in values):
        raise InvalidParameter("region must be a region such as cn-hangzhou, or *")


def _time(parameters: Mapping[str, Sequence[str]], name: str) -> int | None:
    values = parameters.get(name)
    if not values:
        return None
    try:
        return parse_micros(values[0])
    except ValueError:
        raise InvalidParameter(f"{name} must be an RFC 3339 time such as 2026-01-02T03:04:05Z") from None


def _direction(parameters: Mapping[str, Sequence[str]]) -> bool:
    value = next(iter(parameters.get("direction", ())), BACKWARD)
    if value not in (BACKWARD, FORWARD):
        raise InvalidParameter(f"direction must be {BACKWARD} or {FORWARD}")
    return value == BACKWARD


def _is_operator_view(parameters: Mapping[str, Sequence[str]]) -> bool:
    values = parameters.get("view", ())
    if values and values[0] != OPERATOR:
        raise InvalidParameter(f"view must be {OPERATOR}, or absent for the events as they are")
    return bool(values)
