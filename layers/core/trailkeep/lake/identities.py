"""Which events a delivery has written already: what an object repeats far apart is one event nevertheless."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.lake.partitions import Partition

_UID = pa.binary(16)


@dataclass(frozen=True, slots=True)
class _Block:
    """The identities of one part, packed, and the times of its first and last event."""

    first: int
    last: int
    uids: bytes


@dataclass(slots=True)
class Identities:
    """The ``uid`` of each row written so far, by partition: 16 bytes an event, and no look at parts of other times."""

    _blocks: dict[Partition, list[_Block]] = field(default_factory=dict)

    def add(self, partition: Partition, first: int, last: int, uids: Sequence[bytes]) -> None:
        """Take in the rows of a part, the times of the first and last of them in microseconds."""
        self._blocks.setdefault(partition, []).append(_Block(first, last, b"".join(uids)))

    def known(self, partition: Partition, first: int, last: int, uids: Sequence[bytes]) -> set[bytes]:
        """Those among ``uids`` that were written before; their events lie between ``first`` and ``last``."""
        near = [block for block in self._blocks.get(partition, ()) if block.first <= last and block.last >= first]
        if not near:
            return set()
        asked = _array(b"".join(uids))
        found: set[bytes] = set()
        for block in near:
            written = _array(block.uids)
            found.update(written.filter(pc.is_in(written, value_set=asked)).to_pylist())
        return found


def _array(uids: bytes) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(_UID, len(uids) // 16, [None, pa.py_buffer(uids)])
