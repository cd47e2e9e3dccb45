"""Baselines as they are stored: one object an account, with the digests of some weeks and what they were made of."""

from collections.abc import Iterable, Mapping

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.index.frames import pack, unpack
from trailkeep.insights.counting.keys import baseline_key
from trailkeep.insights.counting.tallies import Tally
from trailkeep.insights.digest import Digest
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.storage import Bucket

VERSION = 1
"""Raised when the same facts give other digests."""

_Row = tuple[str, str, dict[str, dict[int, int]]]
"""Of a digest: dimension, identity, and the values with their hours."""


class KnownDay(msgspec.Struct, frozen=True, array_like=True):
    """The digest of a day, and the etags of the tallies, by region, that it was made of."""

    etags: dict[str, str]
    rows: list[_Row]

    @property
    def is_lasting(self) -> bool:
        """Whether it was made of tallies alone: of what was counted from the lake nothing tells when it changes."""
        return "" not in self.etags.values()

    def is_of(self, tallies: Iterable[Tally]) -> bool:
        """Whether it is what these tallies come to."""
        return self.is_lasting and self.etags == {tally.region: tally.etag for tally in tallies}

    def digest(self) -> Digest:
        """The digest, as it is looked at."""
        return {(dimension, identity): values for dimension, identity, values in self.rows}


class _Kept(msgspec.Struct, frozen=True):
    version: int
    days: dict[int, KnownDay]


_decoder = msgspec.msgpack.Decoder(_Kept)


def read_baseline(bucket: Bucket, account: str) -> dict[int, KnownDay]:
    """What was kept, by day; nothing where that is missing or damaged."""
    key = baseline_key(account)
    try:
        kept = _decoder.decode(unpack(bucket.get(key), key))
    except (ObjectNotFound, Damaged, ValueError, RecursionError):
        return {}
    return kept.days if kept.version == VERSION else {}


def write_baseline(bucket: Bucket, account: str, days: Mapping[int, KnownDay]) -> None:
    """Keep what can be trusted later. Of two writers at once one does so in vain: what it knew is made again."""
    key = baseline_key(account)
    lasting = {day: known for day, known in days.items() if known.is_lasting}
    body = pack(msgspec.msgpack.encode(_Kept(VERSION, lasting)), key)
    try:
        standing = bucket.stat(key)
    except ObjectNotFound:
        bucket.create(key, body)
    else:
        bucket.replace(key, body, standing.etag)
