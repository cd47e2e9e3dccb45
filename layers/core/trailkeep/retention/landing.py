"""Landing objects: deleted some days after their commit, never by age.

What the delivery of a landing object is called follows from its key and etag, so that listings tell everything and no
object is opened. One that was overwritten is another delivery, and stays until that is committed.
"""

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trailkeep.lake.commits import COMMITS, delivery_id, parse_commit_key
from trailkeep.lake.quarantine import QUARANTINE
from trailkeep.lake.storage import Bucket, Stat
from trailkeep.retention.removal import Removed, remove
from trailkeep.retention.settings import Terms

MOST_IN_MEMORY = 200_000
"""Landing objects that are held in memory; for each so many, the commits are listed once."""

_DELIVERY = re.compile(r"/([0-9a-f]{32})[.-][^/]*\Z", re.ASCII)


@dataclass(slots=True)
class Cleared(Removed):
    """What went of the landing bucket, and the deliveries that stood in it: all of them if it is finished."""

    standing: set[str] = field(default_factory=set)


def clear_landing(
    landing: Bucket, lake: Bucket, terms: Terms, *, holding: bool, now: datetime, out_of_time: Callable[[], bool]
) -> Cleared:
    """Delete the landing objects whose commit is old enough.

    The records in quarantine have their bytes nowhere else: those objects wait longer, and while there is any hold at
    all (``holding``) they stay, since nobody can say what is in them.
    """
    cleared = Cleared()
    for objects in _by_delivery(landing):
        cleared.standing.update(objects)
        removed = remove(landing, _deletable(lake, objects, terms, holding, now), out_of_time)
        cleared.add(removed)
        if not removed.finished or out_of_time():
            return cleared
    cleared.finished = True
    return cleared


def delivery_in(key: str) -> str | None:
    """The delivery that a plan, a commit or a quarantine object is of, by its key; None for any other key."""
    match = _DELIVERY.search(key)
    return match[1] if match else None


def _by_delivery(landing: Bucket) -> Iterator[dict[str, Stat]]:
    """The landing objects by the deliveries that they are, so many at a time."""
    objects: dict[str, Stat] = {}
    for page in landing.pages(""):
        objects.update((delivery_id(landing.name, stat.key, stat.etag), stat) for stat in page.objects)
        if len(objects) >= MOST_IN_MEMORY:
            yield objects
            objects = {}
    if objects:
        yield objects


def _deletable(lake: Bucket, objects: dict[str, Stat], terms: Terms, holding: bool, now: datetime) -> list[Stat]:
    """Of some landing objects, those whose commit is old enough.

    Quarantine is listed behind the commits: it is written before its commit, so none of those found is missed.
    """
    committed = _newest(lake, COMMITS, objects)
    landed_before = now - timedelta(days=terms.landing_days)
    due = {delivery: at for delivery, at in committed.items() if at < landed_before}
    if not due:
        return []
    rejects_before = min(landed_before, now - timedelta(days=terms.quarantine_days))
    rejects = _newest(lake, QUARANTINE, due)
    return [
        objects[delivery]
        for delivery, at in due.items()
        if delivery not in rejects or (at < rejects_before and not holding)
    ]


def _newest(lake: Bucket, prefix: str, wanted: Container[str]) -> dict[str, datetime]:
    """Of the wanted deliveries, when the newest object under ``prefix`` that is of them was written."""
    found: dict[str, datetime] = {}
    for page in lake.pages(prefix):
        for stat in page.objects:
            delivery = delivery_in(stat.key)
            if delivery is None or delivery not in wanted:
                continue
            if prefix == COMMITS and parse_commit_key(stat.key) is None:
                continue  # nothing less than a commit of ours is a reason to delete its source
            found[delivery] = max(stat.modified_at, found.get(delivery, stat.modified_at))
    return found
