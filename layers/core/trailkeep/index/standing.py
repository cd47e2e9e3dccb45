"""What a publisher goes on from: the root that stands, and the state beside it that lookups need not read."""

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.events.timestamps import from_micros
from trailkeep.index.frames import pack, unpack
from trailkeep.index.root import ROOT, Root, decode_root
from trailkeep.index.survey import Known
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.partitions import parse_part
from trailkeep.lake.storage import Bucket

STATES = "index/state/"


def encode_state(known: Known) -> bytes:
    """The state in its stored form: the etags of the manifests that were read."""
    return pack(msgspec.msgpack.encode(dict(sorted(known.etags.items()))), STATES)


def read_root(lake: Bucket) -> tuple[Root | None, str | None]:
    """The root and its etag; no root where it is damaged or of another version, to be replaced."""
    try:
        with lake.open(ROOT) as (stat, chunks):
            body = b"".join(chunks)
    except ObjectNotFound:
        return None, None
    try:
        return decode_root(body), stat.etag
    except Damaged:
        return None, stat.etag


def known_of(lake: Bucket, standing: Root | None) -> Known:
    """What a root and the state beside it know of the lake; without them, nothing."""
    if standing is None:
        return Known()
    record = standing.record
    try:
        etags = _state.decode(unpack(lake.get(record.state), STATES))
    except (ObjectNotFound, Damaged, msgspec.MsgspecError):
        etags = {}  # every manifest is read again
    known = Known(until=from_micros(record.until), deliveries=set(standing.known_deliveries), etags=etags)
    for each, part in zip(standing.objects, standing.parts, strict=True):
        known.compacted[part.partition] = (*known.compacted.get(part.partition, ()), each)
    for fresh in standing.fresh:
        if part_of_fresh := parse_part(fresh.key):
            known.fresh.setdefault(part_of_fresh.partition, {})[fresh.key] = fresh.by
    return known


_state = msgspec.msgpack.Decoder(dict[str, str])
