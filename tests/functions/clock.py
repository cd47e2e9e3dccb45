"""One clock for the functions and the emulated store: it stands still until a test puts it forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""Some days after the newest sample event."""


class Clock:
    """Stands in for ``datetime`` where only ``datetime.now`` is called, and for the store's own clock."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start

    def now(self, zone: tzinfo = UTC) -> datetime:
        return self.time.astimezone(zone)

    def utcnow(self) -> datetime:
        """As the emulated store asks for it: without a zone."""
        return self.time.astimezone(UTC).replace(tzinfo=None)

    def forward(self, **span: float) -> datetime:
        self.time += timedelta(**span)
        return self.time
