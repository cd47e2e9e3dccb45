"""How far a scan has come: what work that is done in steps tells, and begins its next step from."""

import pyarrow as pa

from trailkeep.lookup.cursor import Position
from trailkeep.search.matching import Matching

Place = tuple[int, str]
"""A position as a checkpoint has it: the time in microseconds, and the identity as hexadecimal digits."""


def as_place(position: Position) -> Place:
    """What a checkpoint keeps of a position."""
    return position.time, position.uid.hex()


def position_at(place: Place | None) -> Position | None:
    """The position that a checkpoint kept; None where it kept none."""
    return Position(place[0], bytes.fromhex(place[1])) if place else None


def part_done(matching: Matching, time: int) -> float:
    """Which part of the window lies before a time, in the order in which events come: from 0 to 1."""
    passed = matching.end - time if matching.newest_first else time - matching.start
    return min(1.0, max(0.0, passed / (matching.end - matching.start)))


def last_of(rows: pa.Table) -> Position:
    """Where the last of some rows stands; there must be one."""
    last = rows.slice(rows.num_rows - 1)
    return Position(last.column("event_time").cast(pa.int64())[0].as_py(), last.column("uid")[0].as_py())
