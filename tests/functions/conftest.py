"""A fresh deployment for each test."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients import forget_clients
from tests.functions.deployment import SETTINGS, Deployment, deployed
from trailkeep.lake import storage

# The logger and the metrics are made once a process, from what the environment says at their first import.
for name in ("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"):
    os.environ.setdefault(name, SETTINGS[name])


@pytest.fixture(scope="session", autouse=True)
def clients() -> Iterator[None]:
    """Clients of the emulated services for these tests, none left over from or to others: making one takes long."""
    forget_clients()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "obstore", None)  # the emulation is in this process, where only boto3 sees it
        yield
    forget_clients()


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as fresh:
        yield fresh


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the functions have logged since the test began."""
    from trailkeep.observability import logger

    written = io.StringIO()
    before = logger.registered_handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    if before is not None:
        logger.registered_handler.setStream(before)
