"""The clients of AWS that the library keeps for the life of a process, made from what the environment then says."""

from __future__ import annotations

from trailkeep import announcements
from trailkeep.athena import engine
from trailkeep.insights.telling import event_bus, topic
from trailkeep.jobs import starting
from trailkeep.lake import storage


def forget_clients() -> None:
    """Have each made anew: tests speak to emulations, servers and stacks, one after another in one process."""
    for made in (
        storage._client,
        storage._fast_store,
        announcements._queue,
        starting._functions,
        engine._client,
        event_bus._client,
        topic._client,
    ):
        made.cache_clear()
