"""Publishing: brings the index up to what the lake holds, and puts a root in the place of the one before.

Safe to repeat, to interrupt and to run twice at once: what a root names is written before it under names of its own,
and of two publishers only one replaces the root that both have read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from trailkeep.errors import ObjectNotFound, ObjectUnreadable, StorageUnavailable
from trailkeep.events.timestamps import from_micros, to_micros
from trailkeep.index.draft import Draft
from trailkeep.index.root import ROOT, VERSION, Root, RootRecord, encode_root
from trailkeep.index.scan import Scanned, scan
from trailkeep.index.standing import STATES, encode_state, known_of, read_root
from trailkeep.index.survey import Survey, fresh_parts, survey
from trailkeep.index.tier import Tier
from trailkeep.index.tier_writer import TIERS
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.storage import Bucket, Range, Stat

REFRESHED = timedelta(minutes=25)
"""A root that was checked longer ago is replaced although nothing is new: lookups trust it for some time only."""

KEPT = timedelta(days=1)
"""What no root names any more is deleted when it is older: a publisher may be about to name it, a lookup reading it."""

_NEWS = 500
"""So many new parts are worth a new root: until then lookups find them in the feed."""

_FETCH_BYTES = 8 << 20


@dataclass(slots=True)
class Publication:
    """What a run did. ``pending`` objects are in the root, but no tier covers them yet."""

    objects: int = 0
    rows: int = 0
    fresh: int = 0
    scanned: int = 0
    pending: int = 0
    unreadable: int = 0
    tiers: int = 0
    tier_bytes: int = 0
    root_bytes: int = 0
    published: int = 0
    deleted: int = 0

    def counts(self) -> dict[str, int]:
        """What is watched, by the names that it has as metrics."""
        return {
            "ObjectsIndexed": self.scanned,
            "ObjectsNotIndexed": self.pending,
            "IndexUnreadable": self.unreadable,
            "PartsNotCompacted": self.fresh,
        }


def publish_index(
    lake: Bucket, now: datetime, out_of_time: Callable[[], bool] = lambda: False, *, rebuild: bool = False
) -> Publication:
    """Bring the index up to date; with ``rebuild`` from nothing. Raises :class:`StorageUnavailable`.

    Where ``out_of_time`` says so it stops between two steps; the next run goes on.
    """
    standing, etag = read_root(lake)
    if rebuild:
        standing = None
    stored = {stat.key: stat for page in lake.pages(TIERS) for stat in page.objects}
    found = survey(lake, known_of(lake, standing), now)
    objects = [each for own in found.known.compacted.values() for each in own]
    draft = Draft.of(objects, standing, {key: stat.size for key, stat in stored.items()})
    publisher = _Publisher(lake, now, found, draft, etag, Publication())
    if standing is None or publisher.is_worth_it(standing):
        publisher.run(out_of_time)
    root = publisher.standing or standing
    if root is not None:
        publisher.delete_forgotten(root, stored)
    return publisher.report()


class _Publisher:
    def __init__(
        self, lake: Bucket, now: datetime, found: Survey, draft: Draft, etag: str | None, done: Publication
    ) -> None:
        self.lake = lake
        self.now = now
        self.found = found
        self.draft = draft
        self.etag = etag
        self.done = done
        self.standing: Root | None = None
        self._stamp = f"{now:%Y%m%dT%H%M%S}-"

    def is_worth_it(self, standing: Root) -> bool:
        """Whether a new root would say something that its readers need."""
        record = standing.record
        fresh = {part.key for part in fresh_parts(self.found.known.fresh)}
        return (
            self.now - from_micros(record.checked_at) >= REFRESHED
            or [each.key for each in self.draft.objects] != [each.key for each in standing.objects]
            or len(self.draft.tiers) != len(standing.tiers)
            or bool(self.draft.pending())
            or len(fresh ^ {part.key for part in record.fresh}) > _NEWS
        )

    def run(self, out_of_time: Callable[[], bool]) -> None:
        """Index what is not, batch by batch, with a root after each."""
        while True:
            batch = self.draft.next_batch()
            if batch or self.draft.wants_merge():
                self._index(self._scan(batch))
            if not self._put_root() or not self.draft.pending() or out_of_time():
                return

    def _scan(self, batch: list[int]) -> dict[int, Scanned]:
        scanned = {}
        for number in batch:
            each = self.draft.objects[number]
            try:
                found = scan(self.lake.get(each.key), each.normaliser_version)
                if found.object_rows != each.rows:
                    raise ObjectUnreadable(f"{each.key} has not as many rows as its manifest says")
                scanned[number] = found
            except (ObjectUnreadable, ObjectNotFound):
                self.draft.unreadable.add(each.key)
        self.done.scanned += len(scanned)
        return scanned

    def _index(self, scanned: dict[int, Scanned]) -> None:
        """One tier of what was scanned and of the tiers that are merged with it; damaged ones are given up."""
        last_read = ""

        def fetch(wanted: Range) -> bytes:
            nonlocal last_read
            last_read = wanted.key
            ends = range(wanted.start, wanted.start + wanted.length, _FETCH_BYTES)
            behind = wanted.start + wanted.length
            pieces = [Range(wanted.key, start, min(_FETCH_BYTES, behind - start)) for start in ends]
            try:
                return b"".join(self.lake.ranges(pieces))
            except ObjectUnreadable as error:
                # Its length was right when it was listed.
                raise StorageUnavailable(f"{wanted.key} did not arrive whole") from error

        while True:
            try:
                new = self.draft.add(scanned, fetch, self._stamp)
            except (Damaged, ObjectNotFound):
                if not self.draft.drop_tier(last_read):
                    raise
                continue
            if new is not None:
                self._store(new.directory.key, new.body)
            return

    def _store(self, key: str, body: bytes) -> None:
        """Write what a root is going to name; what stands there is the same, if it is not damaged."""
        while not self.lake.create(key, body):
            with self.lake.open(key) as (stat, chunks):
                if b"".join(chunks) == body or self.lake.replace(key, body, stat.etag):
                    return

    def _put_root(self) -> bool:
        """Put the root of the draft in the place of the one that was read; False where another was quicker."""
        known, now = self.found.known, to_micros(self.now)
        state = encode_state(known)
        state_key = f"{STATES}{self._stamp}{sha256(state).hexdigest()[:32]}"
        self._store(state_key, state)
        record = RootRecord(
            version=VERSION,
            checked_at=now,
            until=now,
            deliveries=b"".join(sorted(known.deliveries)),
            objects=tuple(self.draft.objects),
            fresh=fresh_parts(known.fresh),
            tiers=tuple(self.draft.tiers),
            recent=self.draft.recent,
            state=state_key,
        )
        body = encode_root(record)
        written = self.lake.replace(ROOT, body, self.etag) if self.etag else self.lake.create(ROOT, body)
        # Refused may also be what was written at the first try, of which the answer was lost.
        stands, self.etag = read_root(self.lake)
        if not written and (stands is None or stands.record != record):
            return False
        self.standing = Root(record)
        self.done.root_bytes = len(body)
        self.done.published += 1
        return True

    def delete_forgotten(self, root: Root, stored: Mapping[str, Stat]) -> None:
        """Delete what the root does not name, and no lookup can still be reading."""
        named = {*(tier.key for tier in root.tiers), root.record.state}
        states = [stat for page in self.lake.pages(STATES) for stat in page.objects]
        for stat in (*stored.values(), *states):
            if stat.key not in named and stat.modified_at < self.now - KEPT:
                self.done.deleted += self.lake.delete(stat.key, stat.etag)

    def report(self) -> Publication:
        """What was done, and what the draft came to."""
        done, draft = self.done, self.draft
        done.objects, done.rows = len(draft.objects), sum(each.rows for each in draft.objects)
        done.fresh = sum(map(len, self.found.known.fresh.values()))
        done.pending = len(draft.pending()) + len(draft.unreadable)
        done.unreadable = len(draft.unreadable) + len(self.found.unreadable)
        done.tiers = len(draft.tiers)
        done.tier_bytes = sum(Tier(directory).size for directory in draft.tiers)
        return done
