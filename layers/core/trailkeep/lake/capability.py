"""What the lake demands of its store: that it honours the conditions of writes. Everything written rests on it."""

from weakref import WeakSet

from trailkeep.errors import StorageUnsafe
from trailkeep.lake.storage import Bucket

PROBE = "state/probe/conditional-writes"
_BODY = b"Two writes to this object must be refused: see trailkeep.lake.capability.\n"
_NO_ETAG = "0" * 32

_proven: WeakSet[Bucket] = WeakSet()


def require_conditional_writes(lake: Bucket) -> None:
    """Raise :class:`StorageUnsafe` for a store that would overwrite what it should not.

    Asks two things of the store, once in the life of ``lake``: to be called before a function's first write.
    """
    if lake in _proven:
        return
    # The first one ever creates the probe, and only then can see a creation refused.
    if lake.create(PROBE, _BODY) and lake.create(PROBE, _BODY):
        raise StorageUnsafe("the object store ignores If-None-Match: it creates objects over those that stand")
    if lake.replace(PROBE, _BODY, _NO_ETAG):
        raise StorageUnsafe("the object store ignores If-Match: it replaces objects that have changed")
    _proven.add(lake)
