"""What stands in both buckets, to be put into a fresh deployment: faster than to make it anew each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from tests.functions.clock import Clock
from tests.functions.deployment import LAKE, LANDING, Deployment, deployed


@dataclass(frozen=True, slots=True)
class Object:
    """An object as it was written."""

    bucket: str
    key: str
    body: bytes
    metadata: dict[str, str]
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class World:
    """Objects in the order in which they were written, and the time."""

    objects: tuple[Object, ...]
    time: datetime

    @contextmanager
    def deployed(self) -> Iterator[Deployment]:
        """A fresh deployment in which all of this stands."""
        clock = Clock()
        with deployed(clock) as deployment:
            for stood in self.objects:
                clock.time = stood.modified_at
                deployment.s3.put_object(Bucket=stood.bucket, Key=stood.key, Body=stood.body, Metadata=stood.metadata)
            clock.time = self.time
            yield deployment


def world_of(deployment: Deployment) -> World:
    """The world of a deployment, as it is."""
    objects = sorted(objects_of(deployment), key=lambda stood: stood.modified_at)
    return World(tuple(objects), deployment.clock.time)


def objects_of(deployment: Deployment) -> Iterator[Object]:
    """All objects of both buckets, as the emulation has them: asked through its API they take a matrix's most time."""
    for bucket in (LANDING, LAKE):
        for key in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[bucket].keys.values():
            metadata = {name.removeprefix("x-amz-meta-"): value for name, value in key.metadata.items()}
            yield Object(bucket, key.name, key.value, metadata, key.last_modified.replace(tzinfo=UTC))
