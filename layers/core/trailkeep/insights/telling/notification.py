"""Notification: by which channels people and their programs are told of Insights."""

import os
from collections.abc import Mapping

from trailkeep.insights.telling.event_bus import EventBus
from trailkeep.insights.telling.publication import Notifier
from trailkeep.insights.telling.topic import Topic


def notifiers(environment: Mapping[str, str] = os.environ) -> list[Notifier]:
    """The channels of this deployment: an event bus, and a topic where there is one."""
    bus = EventBus(environment.get("INSIGHTS_EVENT_BUS") or "default")
    topic = environment.get("INSIGHTS_TOPIC_ARN")
    return [bus, Topic(topic)] if topic else [bus]
