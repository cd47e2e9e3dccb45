"""What ``POST /v1/insights/replay`` asks for, checked field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trailkeep.errors import InvalidParameter, InvalidTimeRange, QuestionTooLarge
from trailkeep.events.timestamps import parse_micros, to_micros, utc_date
from trailkeep.insights.facts import MINUTES_A_DAY
from trailkeep.insights.insight import MINUTE
from trailkeep.insights.settings.readiness import first_date_seen
from trailkeep.insights.settings.request import account_in
from trailkeep.insights.types import INSIGHT_TYPES, SENSITIVITIES
from trailkeep.named import refuse_unknown

DEFAULT_WINDOW = timedelta(days=7)
MOST_DAYS = 31
"""Of a window: each day of each account is looked at as detection would."""

_KNOWN = ("startTime", "endTime", "accountId", "insightTypes", "sensitivity", "nextToken")
_MICROS = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """A replay: a half-open window in microseconds, and what is to be otherwise than it is set.

    ``account`` None is all accounts; ``types`` None those that are enabled, else these, enabled or not; ``asked`` is
    the window as it was asked for, which the pages of a replay share where defaults would move.
    """

    start: int
    end: int
    account: str | None
    types: tuple[str, ...] | None
    sensitivity: str | None
    asked: tuple[int | None, int | None]
    token: str | None

    @property
    def days(self) -> range:
        """The days, counted from 1970-01-01, that the window touches."""
        a_day = MINUTE * MINUTES_A_DAY
        return range(self.start // a_day, (self.end - 1) // a_day + 1)

    @property
    def dates_seen(self) -> tuple[str, str]:
        """The first and the last date that scenes of these days look at."""
        return first_date_seen(self.days[0]), utc_date(self.days[-1] + 1)


def parse_replay(fields: Mapping[str, Any], now: datetime) -> ReplayRequest:
    """The replay in a request's body; what is not to be known yet is not asked for.

    Raises :class:`InvalidParameter`, which names the field; :class:`InvalidTimeRange`; :class:`QuestionTooLarge`.
    """
    refuse_unknown(fields, _KNOWN)
    asked = (_time(fields, "startTime"), _time(fields, "endTime"))
    latest = to_micros(now) + MINUTE
    end = latest if asked[1] is None else min(asked[1], latest)
    start = max(0, end - DEFAULT_WINDOW // _MICROS) if asked[0] is None else max(0, asked[0])
    if start >= end:
        raise InvalidTimeRange("startTime must be before endTime and must not lie in the future")
    if end - start > (timedelta(days=MOST_DAYS) + timedelta(microseconds=MINUTE)) // _MICROS:
        raise QuestionTooLarge(f"the window is longer than {MOST_DAYS} days", hint="Replay a shorter window.")
    return ReplayRequest(
        start, end, account_in(fields), _types(fields), _sensitivity(fields), asked, _text(fields, "nextToken")
    )


def _time(fields: Mapping[str, Any], name: str) -> int | None:
    text = _text(fields, name)
    try:
        return None if text is None else parse_micros(text)
    except ValueError:
        raise InvalidParameter(f"{name} must be an RFC 3339 time such as 2026-01-02T03:04:05Z") from None


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if name in fields and (not isinstance(value, str) or not value):
        raise InvalidParameter(f"{name} must be a text")
    return value


def _types(fields: Mapping[str, Any]) -> tuple[str, ...] | None:
    if "insightTypes" not in fields:
        return None
    given = fields["insightTypes"]
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise InvalidParameter("insightTypes must be a list of types")
    refuse_unknown(given, INSIGHT_TYPES, kind="type", where="in insightTypes: ")
    return tuple(name for name in INSIGHT_TYPES if name in given)


def _sensitivity(fields: Mapping[str, Any]) -> str | None:
    given = _text(fields, "sensitivity")
    if given is not None and given not in SENSITIVITIES:
        raise InvalidParameter(f"sensitivity must be one of {', '.join(SENSITIVITIES)}")
    return given
