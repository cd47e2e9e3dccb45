"""Deliveries with a mistake that others have made before: the matrix is worth what it says of these."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from trailkeep.delivery import Delivery
from trailkeep.errors import StorageUnavailable
from trailkeep.lake import commits, partitions
from trailkeep.lake.commits import COMMITS
from trailkeep.lake.partitions import EVENTS
from trailkeep.lake.plans import PLANS
from trailkeep.lake.storage import Bucket

PARTS = f"{EVENTS}/"


def random_keys(patch: pytest.MonkeyPatch) -> None:
    """Each try writes its parts under names of its own."""
    fresh_name = partitions.fresh_name
    patch.setattr("trailkeep.delivery.fresh_name", lambda delivery, *rest: fresh_name(uuid.uuid4().hex, *rest))
    patch.setattr(commits, "MAX_KEY", 0)  # its readers open the commits, in whose names there is no such thing


def standing_is_an_error(patch: pytest.MonkeyPatch) -> None:
    """What stands already is taken for a failure of the store, whoever wrote it."""
    create = Bucket.create

    def insist(bucket: Bucket, key: str, *arguments: Any) -> bool:
        created = create(bucket, key, *arguments)
        if not created and key.startswith((PARTS, COMMITS)):
            raise StorageUnavailable(f"{key} stands already")
        return created

    patch.setattr(Bucket, "create", insist)


def acknowledged_before_written(patch: pytest.MonkeyPatch) -> None:
    """The message is given back as done, whether the writes succeed or not."""
    deliver = Delivery.deliver

    def hope(*arguments: Any) -> Any:
        try:
            return deliver(*arguments)
        except StorageUnavailable:
            return None

    patch.setattr(Delivery, "deliver", hope)


def commit_before_parts(patch: pytest.MonkeyPatch) -> None:
    """The commit is written first, and the parts that it names behind it."""
    create = Bucket.create
    held: list[tuple[Any, ...]] = []

    def hold(bucket: Bucket, key: str, *arguments: Any) -> bool:
        if key.startswith(PLANS):
            held.clear()  # with the process that held them
        if key.startswith(PARTS):
            held.append((bucket, key, *arguments))
            return True
        created = create(bucket, key, *arguments)
        if key.startswith(COMMITS):
            for part in held:
                create(*part)
        return created

    patch.setattr(Bucket, "create", hold)
