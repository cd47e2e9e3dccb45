"""An Insight: something unusual, told as two events, its start and its end, in ActionTrail's shape."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trailkeep.events.timestamps import format_micros

MINUTE = 60_000_000
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
    """Something unusual in one account. ``first_seen`` (microseconds) is part of its identity, ``end`` may be open."""

    insight_type: str
    insight_object: str
    account_id: str
    region: str
    first_seen: int
    baseline_rate: float
    baseline_minutes: int
    start: Moment
    end: Moment | None
    details: Mapping[str, Any] = field(default_factory=dict)

    def events(self, shared_id: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """The start event and, once it is over, the end event, each with its state.

        The same Insight always gives the same IDs; ``shared_id`` is given where its start was told under another one,
        before a call that came late moved it.
        """
        identity = f"{self.insight_type}/{self.account_id}/{self.insight_object}/{self.first_seen}"
        shared = shared_id or str(uuid.uuid5(_NAMESPACE, identity))
        moments = [("Start", self.start)] + ([("End", self.end)] if self.end else [])
        return [(state, self._event(state, moment, shared)) for state, moment in moments]

    def _event(self, state: str, moment: Moment, shared: str) -> dict[str, Any]:
        return {
            "eventId": str(uuid.uuid5(_NAMESPACE, f"{shared}/{state}")),
            "eventVersion": "1",
            "eventType": "ActionTrailInsight",
            "eventCategory": "Insight",
            "eventName": self.insight_type,
            "eventRW": "Read",
            "eventTime": format_micros(moment.time),
            "acsRegion": self.region,
            "recipientAccountId": self.account_id,
            "sharedEventId": shared,
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
