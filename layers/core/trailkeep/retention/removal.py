"""Removing objects, many at once, each only if it still is the one that was listed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trailkeep.errors import StorageUnavailable
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.storage import Bucket

AT_ONCE = 1_000
"""Objects removed between two looks at the clock."""

MOST_FAILURES = 20
"""After so many objects or partitions that the store does not let go, it is the store, and not one of them."""


class Listed(Protocol):
    """An object as a listing or a record has it."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def etag(self) -> str: ...  # noqa: D102
    @property
    def size(self) -> int: ...  # noqa: D102


@dataclass(slots=True)
class Removed:
    """What was removed, whether all was tried, and by key what the store refused to remove, with its reason."""

    objects: int = 0
    bytes: int = 0
    finished: bool = False
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Removed") -> None:
        """Count in what else was removed; whether all is finished is for the caller to say."""
        self.objects += other.objects
        self.bytes += other.bytes
        self.failures |= other.failures


def remove(bucket: Bucket, objects: Sequence[Listed], out_of_time: Callable[[], bool] = lambda: False) -> Removed:
    """Remove objects; one that is another by now, or gone, is left. One that is refused holds up no other.

    Raises :class:`StorageUnavailable` once as many are refused as :data:`MOST_FAILURES`.
    """
    removed = Removed()

    def attempt(each: Listed) -> bool | StorageUnavailable:
        try:
            return bucket.delete(each.key, each.etag)
        except StorageUnavailable as error:
            return error

    for some in _in_batches(objects):
        if out_of_time():
            return removed
        for each, outcome in zip(some, in_parallel(attempt, some), strict=True):
            if isinstance(outcome, StorageUnavailable):
                removed.failures[each.key] = outcome.message
                if len(removed.failures) == MOST_FAILURES:
                    raise outcome
            elif outcome:
                removed.objects += 1
                removed.bytes += each.size
    removed.finished = True
    return removed


def _in_batches(objects: Sequence[Listed]) -> Iterator[Sequence[Listed]]:
    for start in range(0, len(objects), AT_ONCE):
        yield objects[start : start + AT_ONCE]
