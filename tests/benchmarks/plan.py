"""How large a lake is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.benchmarks.events import days_of


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a lake is: its events a day are shared by its regions; log objects hold ``object_events``.

    ``is_copied`` where the peers have a copy of their own; else they read the lake as it is.
    """

    name: str
    days: int
    events_per_day: int
    regions: tuple[str, ...]
    object_events: int = 5_000
    is_copied: bool = True

    @property
    def events(self) -> int:
        """Events in all."""
        return self.days * (self.events_per_day // len(self.regions)) * len(self.regions)

    def partitions(self) -> list[tuple[str, date]]:
        """Region and date of every partition."""
        return [(region, day) for day in days_of(self.days) for region in self.regions]
