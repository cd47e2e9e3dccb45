"""An Insight: something unusual, told as events in ActionTrail's shape: its start, its end, perhaps its withdrawal."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from trailkeep.events.timestamps import format_micros

MINUTE = 60_000_000
START, END, WITHDRAWN = "Start", "End", "Withdrawn"
"""The states of an Insight. Withdrawn is one that later arrivals have made usual: it has no end any more."""

_NAMESPACE = uuid.UUID("6b1f5c1e-7d0b-5a57-9c4e-0a1d5f2f6c11")
"""Of all Insight IDs: a constant of this project, so that the same Insight has the same ID everywhere."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the calls had in common, by one dimension: calls a minute by value, in the Insight and in the baseline."""

    attribution: str
    insight: Sequence[tuple[str, float]]
    baseline: Sequence[tuple[str, float]]

    def as_json(self) -> dict[str, Any]:
        """As it stands in ``insightContext.attributions``."""

        def averages(values: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
            return [{"value": value, "average": round(average, 6)} for value, average in values]

        return {
            "attribution": self.attribution,
            "insight": averages(self.insight),
            "baseline": averages(self.baseline),
        }


@dataclass(frozen=True, slots=True)
class Moment:
    """An Insight's start or end: when, on which calls it rests, and what they show.

    ``time`` is in microseconds, ``minutes`` the length of what was looked at; ``events`` are IDs of events behind it.
    """

    time: int
    calls: int
    minutes: int
    attributions: Sequence[Attribution]
    events: Sequence[str]


@dataclass(frozen=True, slots=True)
class Insight:
    """Something unusual in one account; ``end`` is None while it may go on.

    It is the one with this ``number``, from 1, of its type and object that began on this ``date`` (UTC). That is its
    identity, and not the minute of its start, which a call that comes late may move.
    """

    insight_type: str
    insight_object: str
    account_id: str
    region: str
    date: str
    number: int
    baseline_rate: float
    baseline_minutes: int
    start: Moment
    end: Moment | None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shared_id(self) -> str:
        """What its events share: the same Insight always has the same."""
        identity = (self.insight_type, self.account_id, self.insight_object, self.date, self.number)
        return str(uuid.uuid5(_NAMESPACE, msgspec.json.encode(identity).decode()))

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """The start event and, once it is over, the end event, each with its state."""
        moments = [(START, self.start)] + ([(END, self.end)] if self.end else [])
        return [(state, self._event(state, moment)) for state, moment in moments]

    def _event(self, state: str, moment: Moment) -> dict[str, Any]:
        return {
            "eventId": event_id(self.shared_id, state),
            "eventVersion": "1",
            "eventType": "ActionTrailInsight",
            "eventCategory": "Insight",
            "eventName": self.insight_type,
            "eventRW": "Read",
            "eventTime": format_micros(moment.time),
            "acsRegion": self.region,
            "recipientAccountId": self.account_id,
            "sharedEventId": self.shared_id,
            "insightDetails": {
                "state": state,
                "insightType": self.insight_type,
                "insightObject": self.insight_object,
                "insightContext": {
                    "attributions": [attribution.as_json() for attribution in moment.attributions],
                    "statistics": {
                        "insight": round(moment.calls / max(1, moment.minutes), 6),
                        "insightDuration": moment.minutes,
                        "baseline": round(self.baseline_rate, 6),
                        "baselineDuration": self.baseline_minutes,
                        "insightCount": moment.calls,
                    },
                    "events": list(moment.events),
                    **self.details,
                },
            },
        }


def event_id(shared_id: str, state: str) -> str:
    """The ID of the event that tells this state of an Insight."""
    return str(uuid.uuid5(_NAMESPACE, f"{shared_id}/{state}"))


def withdrawal_of(start: Mapping[str, Any], time: int) -> dict[str, Any]:
    """The event that takes back an Insight at ``time``, in microseconds: all that its ``start`` said, but the state."""
    return {
        **start,
        "eventId": event_id(start["sharedEventId"], WITHDRAWN),
        "eventTime": format_micros(time),
        "insightDetails": {**start["insightDetails"], "state": WITHDRAWN},
    }
