"""Ranges that lie near each other, read as one: a request costs more than some kilobytes that nobody asked for."""

from collections.abc import Iterable, Sequence

from trailkeep.lake.storage import Bucket, Range

GAP_BYTES = 128 << 10
"""What is read for nothing rather than asked for apart: a millisecond of transfer, against a request's twenty."""


def coalesce(wanted: Iterable[Range], gap: int = GAP_BYTES) -> list[Range]:
    """Ranges that cover all wanted ones, in the order of keys and starts."""
    covering: list[Range] = []
    for key, start, length in sorted(set(wanted)):
        last = covering[-1] if covering else None
        if last is not None and last.key == key and start - (last.start + last.length) <= gap:
            covering[-1] = Range(key, last.start, max(last.length, start + length - last.start))
        else:
            covering.append(Range(key, start, length))
    return covering


def read_ranges(bucket: Bucket, wanted: Sequence[Range], gap: int = GAP_BYTES) -> tuple[dict[Range, bytes], int, int]:
    """The bytes of each wanted range, the requests that it took, and the bytes that were read."""
    covering = coalesce(wanted, gap)
    bodies = bucket.ranges(covering)
    found: dict[Range, bytes] = {}
    place = 0
    for each in sorted(set(wanted)):
        while not _covers(covering[place], each):
            place += 1
        start = each.start - covering[place].start
        found[each] = bodies[place][start : start + each.length]
    return found, len(covering), sum(map(len, bodies))


def _covers(outer: Range, inner: Range) -> bool:
    return outer.key == inner.key and outer.start <= inner.start <= outer.start + outer.length - inner.length
