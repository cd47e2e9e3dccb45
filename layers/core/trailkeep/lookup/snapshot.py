"""What a lookup starts from: the root of the index, and the parts that came after it was made, read at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.events.timestamps import from_micros, to_micros
from trailkeep.index.root import ROOT, TRUSTED, Root, decode_root
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.feed import OVERLAP, read_end
from trailkeep.lake.parallel import in_background
from trailkeep.lake.partitions import Part, parse_part
from trailkeep.lake.storage import Bucket

TAIL = TRUSTED + OVERLAP + timedelta(minutes=5)
"""How much of the feed is read along with the root, before that says how much is needed: seldom it is more."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The lake at one moment: ``root`` names the compacted objects, ``fresh`` are the parts that are not in them.

    The ``watermark`` is None before the first sweep.
    """

    root: Root
    fresh: tuple[Part, ...]
    watermark: datetime | None


def read_snapshot(lake: Bucket, as_of: datetime, now: datetime) -> Snapshot | None:
    """The lake as it stood at ``as_of``; None where the index cannot tell: missing, damaged, or too old.

    The feed is listed while the root is read. Where the root is older than that listing, the rest is listed as well.
    """
    since = now - TAIL
    tail = in_background(lambda: read_end(lake, since))
    root = _root(lake)
    try:
        end = tail.result()
        if root is None or now - from_micros(root.record.checked_at) > TRUSTED:
            return None
        begins = from_micros(root.record.until) - OVERLAP
        if begins < since:
            end = read_end(lake, begins)
    except (ObjectNotFound, ObjectUnreadable):
        return None  # a commit whose key could not name all its parts is damaged: listings do without it
    moment = to_micros(as_of)
    fresh = {each.key: part for each in root.fresh if each.by < moment and (part := parse_part(each.key))}
    for entry in end.entries:
        if entry.committed_at < as_of and not root.knows(entry.delivery):
            fresh |= {part.key: part for part in entry.parts}
    return Snapshot(root, tuple(fresh.values()), end.watermark)


def _root(lake: Bucket) -> Root | None:
    try:
        return decode_root(lake.get(ROOT))
    except (ObjectNotFound, Damaged):
        return None
