"""Every test of the contract runs against every store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.stores import emulated, new_bucket, served
from trailkeep.lake.storage import Bucket


@pytest.fixture(scope="module", params=["moto", pytest.param("seaweed", marks=pytest.mark.seaweed)])
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    with emulated() if request.param == "moto" else served():
        yield request.param


@pytest.fixture
def bucket(store: str) -> Bucket:
    return new_bucket()


@pytest.fixture
def versioned(store: str) -> Bucket:
    """A bucket that keeps what is overwritten and deleted, as the template's lake bucket does."""
    return new_bucket(versioned=True)
