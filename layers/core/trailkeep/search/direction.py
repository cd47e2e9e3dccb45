"""The order in which events are wanted: by time and identity, newest or oldest first."""

from dataclasses import dataclass

from trailkeep.events.identity import UID_BYTES
from trailkeep.lookup.cursor import Position


@dataclass(frozen=True, slots=True)
class Direction:
    """Which of two moments comes first; times are microseconds."""

    newest_first: bool

    @property
    def name(self) -> str:
        """As Arrow calls it."""
        return "descending" if self.newest_first else "ascending"

    def is_nearer(self, time: int, than: int) -> bool:
        """Whether what happened at a time comes before what happened at another."""
        return time > than if self.newest_first else time < than

    def start_of(self, start: int, end: int) -> int:
        """Where a window begins in this order."""
        return end if self.newest_first else start

    def before(self, time: int) -> Position:
        """The place in front of all events of a moment."""
        return Position(time, b"\xff" * (UID_BYTES + 1) if self.newest_first else b"")

    def remaining(self, start: int, end: int, behind: Position | None) -> tuple[int, int]:
        """What is left of a window behind a place; its own microsecond included, as events may share it."""
        if behind is None:
            return start, end
        return (start, min(end, behind.time + 1)) if self.newest_first else (max(start, behind.time), end)
