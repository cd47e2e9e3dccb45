"""A store that ignores the conditions of writes is refused, and by which one it failed is said."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import StorageUnavailable, StorageUnsafe
from trailkeep.lake.capability import PROBE, require_conditional_writes


class Overwriting(MemoryBucket):
    """Ignores If-None-Match, as stores do that do not know it."""

    def create(self, key: str, body: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        self.put(key, body, metadata)
        return True


class Replacing(MemoryBucket):
    """Ignores If-Match."""

    def replace(self, key: str, body: bytes, etag: str) -> bool:
        self.put(key, body)
        return True


@pytest.mark.parametrize(("store", "condition"), [(Overwriting, "If-None-Match"), (Replacing, "If-Match:")])
def test_a_store_that_ignores_a_condition_is_refused_each_time(store: type[MemoryBucket], condition: str) -> None:
    lake = store()

    for _ in range(3):
        with pytest.raises(StorageUnsafe, match=condition):
            require_conditional_writes(lake)
    assert list(lake.objects) == [PROBE]


def test_a_store_that_keeps_its_promises_is_asked_once_by_each_process() -> None:
    lake, calls = MemoryBucket(), []
    lake.before_call = lambda operation, key: calls.append(operation)  # type: ignore[method-assign]

    for _ in range(3):
        require_conditional_writes(lake)
    assert calls == ["create", "create", "replace"]

    later = MemoryBucket()
    later.objects, later.before_call = lake.objects, lake.before_call  # type: ignore[method-assign]
    calls.clear()
    for _ in range(3):
        require_conditional_writes(later)
    assert calls == ["create", "replace"]
    assert list(lake.objects) == [PROBE]


def test_a_store_that_did_not_answer_is_asked_again() -> None:
    lake = MemoryBucket()

    def failing(operation: str, key: str) -> None:
        raise StorageUnavailable("the object store did not answer")

    lake.before_call = failing  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable):
        require_conditional_writes(lake)

    del lake.before_call
    require_conditional_writes(lake)
    assert list(lake.objects) == [PROBE]
