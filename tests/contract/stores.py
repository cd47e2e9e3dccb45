"""The object stores that the contract is checked against, and a fresh bucket in each."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.utils import utcnow

from tests.clients import forget_clients
from tests.faults.seaweed import SeaweedFS, why_not
from trailkeep.lake import storage
from trailkeep.lake.storage import Bucket


@contextmanager
def connected(environment: Mapping[str, str], *, fast: bool = True) -> Iterator[None]:
    """Let buckets speak to the store that these variables name; not ``fast`` where only boto3 can see it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        if not fast:
            patch.setattr(storage, "obstore", None)
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers its first credentials
        forget_clients()
        try:
            yield
        finally:  # whatever happened meanwhile: tests that come later must not speak to this store
            forget_clients()


@contextmanager
def emulated() -> Iterator[None]:
    """Moto, in this process, answering one request at a time.

    By itself it looks at a condition and writes in two steps, between which another thread may write. What races prove
    of a store is proven by the server; here they show that nothing above it spoils its answers.
    """
    answer, lock = BotocoreStubber.process_request, Lock()

    def in_turn(stubber: BotocoreStubber, request: Any) -> Any:
        with lock:
            return answer(stubber, request)

    emulation = mock_aws(config={"core": {"reset_boto3_session": False}})
    with emulation, connected({}, fast=False), pytest.MonkeyPatch.context() as patch:
        patch.setattr(BotocoreStubber, "process_request", in_turn)
        patch.setattr("moto.s3.models.utcnow", utcnow)  # the tests of functions give it a clock of their own
        yield


@contextmanager
def served() -> Iterator[SeaweedFS]:
    """SeaweedFS, as a process of its own."""
    if reason := why_not():
        pytest.skip(reason)
    with SeaweedFS() as server, connected(server.environment):
        yield server


def new_bucket(*, versioned: bool = False) -> Bucket:
    """An empty bucket in the store that buckets speak to."""
    name = f"bucket-{secrets.token_hex(8)}"
    client = storage._client()
    client.create_bucket(Bucket=name)
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Bucket(name)
